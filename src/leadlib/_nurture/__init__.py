"""Private rooms of :mod:`leadlib.nurture`."""
