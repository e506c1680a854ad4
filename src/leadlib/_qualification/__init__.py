"""Private rooms of :mod:`leadlib.qualification`."""
