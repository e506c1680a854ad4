"""Private rooms of :mod:`leadlib.lifecycle`."""
