"""Erasure: what was said about a person goes, what counts stays."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from leadlib._lifecycle.events import Erased, LeadEvent
from leadlib._lifecycle.folding import in_order, order
from leadlib.errors import InvalidValue

__all__ = ["forgotten", "without_words"]

_GONE = "erased"


def forgotten(
    events: Iterable[LeadEvent], *, at: datetime, seq: int | None = None
) -> tuple[LeadEvent, ...]:
    """
    Give the events of a lead as they may stay after an erasure, and the erasure itself at the end.

    Every text that an event, or the certificate within, does not show in its ``repr`` goes: names,
    notes, reasons in free words.  So give parts of events of your own that hold such texts
    ``attrs.field(repr=False)``.  Kinds, instants, coded reasons, amounts and ids stay, so that no
    number changes.  Write these over the old ones, and drop the inquiries, which leadlib keeps
    nowhere.

    Args:
        events: Of one lead; after an erasure nothing changes any more.
        at: When it was carried out; not before the last event.
        seq: Its order; that after the last event unless given.

    Raises:
        InvalidValue: No events, of several leads, or later than *at*.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import Inquired, Parked
        >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
        >>> said = Parked(lead="i-1", at=friday, by="sam", reason="on maternity leave")
        >>> kept = forgotten([Inquired(lead="i-1", at=monday), said], at=friday)
        >>> kept[1].reason, kept[1].by, kept[2]
        ('erased', None, Erased(lead='i-1', at=datetime.datetime(2026, 3, 6, 0, 0, \
tzinfo=datetime.timezone.utc), seq=1))
    """
    taken = in_order([*events])
    if not taken:
        raise InvalidValue(expected="at least one event", got="none", where="events")
    last = taken[-1]
    if any(isinstance(event, Erased) for event in taken):
        return tuple(taken)
    erased = Erased(lead=last.lead, at=at, seq=last.seq + 1 if seq is None else seq)
    if order(erased) <= order(last):
        expected = f"an erasure after {last.at.isoformat()}, seq {last.seq}"
        raise InvalidValue(expected=expected, got="one before", where="at")
    return (*map(without_words, taken), erased)


def without_words(value: Any) -> Any:
    """An event, or the certificate within, without what its repr does not show."""
    gone: dict[str, Any] = {}
    for field in attrs.fields(type(value)):
        part = getattr(value, field.name)
        if attrs.has(type(part)):
            gone[field.alias] = without_words(part)
        elif field.repr is False and isinstance(part, str):
            gone[field.alias] = None if field.default is None else _GONE
        elif field.repr is False and isinstance(part, tuple):
            gone[field.alias] = ()
    return attrs.evolve(value, **gone)
