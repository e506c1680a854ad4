"""
Hand-off: what goes to sales, to whom, and whether it arrives (seeds 000, 001, 003, 004).

A :class:`Brief` gathers who it is, what was asked and said, what the definition knows and does not
know, and how to follow up; it names what is missing, and a lead cannot be handed off with an
incomplete one.
"""

from leadlib._handoff.brief import Brief
from leadlib._handoff.outcomes import event_after
from leadlib._handoff.warmth import WarmthAtHandOff, warmth_at_handoff

__all__ = ["Brief", "WarmthAtHandOff", "event_after", "warmth_at_handoff"]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
