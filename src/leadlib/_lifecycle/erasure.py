"""Erasure: what was said about a person goes, what counts stays."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TypeVar

import attrs

from leadlib import _fields
from leadlib._lifecycle.events import Erased, LeadEvent
from leadlib.errors import InvalidValue

__all__ = ["forgotten"]

_Event = TypeVar("_Event", bound=LeadEvent)
_GONE = "erased"


def forgotten(events: Iterable[LeadEvent], *, at: datetime, seq: int = 0) -> tuple[LeadEvent, ...]:
    """
    Give the events of a lead as they may stay after an erasure, and the erasure itself at the end.

    Every text that an event does not show in its ``repr`` goes: names, notes, reasons in free
    words.  Kinds, instants, coded reasons, amounts and ids stay, so that no number changes.  Write
    these over the old ones, and drop the inquiries, which leadlib keeps nowhere.

    Args:
        events: Of one lead, in order; after an erasure nothing changes any more.
        at, seq: When it was carried out, and its order.

    Raises:
        InvalidValue: No events, or of several leads.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import Inquired, Parked
        >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
        >>> said = Parked(lead="i-1", at=friday, by="sam", reason="on maternity leave")
        >>> kept = forgotten([Inquired(lead="i-1", at=monday), said], at=friday, seq=1)
        >>> kept[1].reason, kept[1].by, kept[2]
        ('erased', None, Erased(lead='i-1', at=datetime.datetime(2026, 3, 6, 0, 0, \
tzinfo=datetime.timezone.utc), seq=1))
    """
    taken = tuple(events)
    if not taken:
        raise InvalidValue(expected="at least one event", got="none", where="events")
    for event in taken:
        _fields.check_type(event, LeadEvent, "events")
        if event.lead != taken[0].lead:
            got = f"one of lead {event.lead!r}"
            raise InvalidValue(expected=f"events of lead {taken[0].lead!r}", got=got)
    if isinstance(taken[-1], Erased):
        return taken
    return (*map(_without_words, taken), Erased(lead=taken[0].lead, at=at, seq=seq))


def _without_words(event: _Event) -> _Event:
    gone: dict[str, Any] = {
        field.name: None if field.default is None else _GONE
        for field in attrs.fields(type(event))
        if field.repr is False and isinstance(getattr(event, field.name), str)
    }
    return attrs.evolve(event, **gone)
