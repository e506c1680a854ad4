"""Private rooms of :mod:`leadlib.io`."""
