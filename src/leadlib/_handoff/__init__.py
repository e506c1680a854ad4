"""Private rooms of :mod:`leadlib.handoff`."""
