"""
Hand-off: what goes to sales, to whom, and whether it arrives (seeds 000, 001, 003, 004).

A :class:`Brief` gathers who it is, what was asked and said, what the definition knows and does not
know, and how to follow up; it names what is missing, and a lead cannot be handed off with an
incomplete one.  :func:`route` says who gets the lead, and why; :func:`reconcile` finds what got
lost between two systems::

    assignment = route(lead, routing, at=now)
    brief = Brief.of(lead, verdict, campaign=plan, history=events)
    event = brief.hand_off(certificate=proof, to=assignment.to, at=now)
"""

from leadlib._handoff.brief import Brief
from leadlib._handoff.history import previous_rep
from leadlib._handoff.outcomes import event_after
from leadlib._handoff.reconciliation import HandOver, Reconciliation, reconcile
from leadlib._handoff.reps import Rep, Skipped
from leadlib._handoff.routing import (
    Assignment,
    Method,
    Routing,
    RoutingRule,
    route,
    route_many,
)
from leadlib._handoff.warmth import WarmthAtHandOff, warmth_at_handoff

__all__ = [
    "Assignment",
    "Brief",
    "HandOver",
    "Method",
    "Reconciliation",
    "Rep",
    "Routing",
    "RoutingRule",
    "Skipped",
    "WarmthAtHandOff",
    "event_after",
    "previous_rep",
    "reconcile",
    "route",
    "route_many",
    "warmth_at_handoff",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
