"""Private rooms of :mod:`leadlib.metrics`."""
