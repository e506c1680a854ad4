"""What the events of one lead tell the next hand-off."""

from collections.abc import Iterable, Mapping
from typing import Any

from leadlib import _fields, _text
from leadlib.errors import ConflictError, InvalidValue
from leadlib.lifecycle import (
    Accepted,
    HandedBack,
    HandedOff,
    LeadEvent,
    Overridden,
    PassedOn,
    Reassigned,
    Rejected,
    ReturnReason,
    Standing,
)

__all__ = ["History", "events_of", "previous_rep"]

History = Standing | Iterable[LeadEvent]


def events_of(lead: str, history: History) -> tuple[LeadEvent, ...]:
    """
    The events of a lead in order.

    Raises:
        ConflictError: One is of another lead.
    """
    events = _all_of(history)
    for event in events:
        if event.lead != lead:
            got = f"one of lead {event.lead!r}"
            raise ConflictError(expected=f"events of lead {lead!r}", got=got, where="history")
    return tuple(sorted(dict.fromkeys(events), key=lambda event: (event.at, event.seq)))


def _all_of(history: Any) -> tuple[LeadEvent, ...]:
    """The events of a standing, or those given, as they come."""
    events = history.events if isinstance(history, Standing) else history
    if isinstance(events, str | bytes | Mapping) or not isinstance(events, Iterable):
        expected, got = "events or a standing", _text.kind_of(events)
        raise InvalidValue(expected=expected, got=got, where="history")
    taken = tuple(events)
    for event in taken:
        _fields.check_type(event, LeadEvent, "history")
    return taken


def previous_rep(history: History) -> str | None:
    """
    Who followed up last, to give to :func:`route`: whoever accepted, or got the lead.

    Args:
        history: The events of one lead, or its standing.

    Returns:
        None if nobody did, or if the lead came back since as one of another territory: then the
        rep was the wrong one.

    Raises:
        ConflictError: The events are of several leads.

    Example:
        >>> from datetime import UTC, datetime
        >>> previous_rep([Accepted(lead="i-1", at=datetime(2026, 3, 2, tzinfo=UTC), by="sam")])
        'sam'
    """
    events = _all_of(history)
    rep: str | None = None
    for event in events_of(events[0].lead, events) if events else ():
        match event:
            case HandedOff() | PassedOn() | Overridden() | Reassigned():
                rep = event.to
            case Accepted():
                rep = event.by or rep
            case (
                HandedBack(reason=ReturnReason.WRONG_TERRITORY)
                | Rejected(reason=ReturnReason.WRONG_TERRITORY)
            ):
                rep = None
    return rep
