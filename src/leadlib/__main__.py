"""``python -m leadlib`` is the command ``leadlib``."""

import sys

from leadlib.cli import main

if __name__ == "__main__":
    sys.exit(main())
