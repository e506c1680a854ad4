"""A log only grows: what was written once stays as it was, so that everybody can be held to it."""

from collections.abc import Iterable, Mapping

from leadlib import _fields
from leadlib._lifecycle.erasure import without_words
from leadlib._lifecycle.events import Erased, LeadEvent
from leadlib._lifecycle.folding import order
from leadlib.errors import ConflictError

__all__ = ["check_appended"]

_Key = tuple[object, ...]


def check_appended(
    before: Iterable[LeadEvent], after: Iterable[LeadEvent]
) -> tuple[LeadEvent, ...]:
    """
    Refuse a log that is not the old one with additions: no event was edited or taken away.

    An addition may be older than what is there, as of a system that was late.  The events of a lead
    that was erased may have lost their words, as :func:`forgotten` writes them over the old ones.

    Args:
        before: What was stored, of any number of leads and in any order.
        after: What is to be stored.

    Returns:
        The additions, by instant, seq and lead; an event that was delivered again is none.

    Raises:
        ConflictError: An event is gone, or has another content; its lead, instant and seq are
            named, not what it said.
        InvalidValue: Something is no event.

    Source:
        Seed 002: without numbers that nobody can change, everybody hides behind excuses.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import Attempted
        >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
        >>> call = Attempted(lead="i-1", at=monday)
        >>> check_appended([call], [call, Attempted(lead="i-1", at=friday)])[0].at == friday
        True
        >>> check_appended([call], [Attempted(lead="i-1", at=monday, reached=True)])
        Traceback (most recent call last):
            ...
        leadlib.errors.ConflictError: expected every event as it was, got another content @ \
lead 'i-1', 2026-03-02T00:00:00+00:00, seq 0
    """
    old, new = _by_key(before, "before"), _by_key(after, "after")
    erased = {event.lead for event in new.values() if isinstance(event, Erased)}
    for key, event in old.items():
        _check_kept(event, new.get(key), is_erased=event.lead in erased)
    added = (event for key, event in new.items() if key not in old)
    return tuple(sorted(added, key=lambda event: (*order(event), event.lead)))


def _by_key(events: Iterable[LeadEvent], where: str) -> Mapping[_Key, LeadEvent]:
    found: dict[_Key, LeadEvent] = {}
    for event in events:
        _fields.check_type(event, LeadEvent, where)
        known = found.setdefault((event.lead, *order(event)), event)
        if known != event:
            raise _conflict(event, "two different ones")
    return found


def _check_kept(event: LeadEvent, now: LeadEvent | None, *, is_erased: bool) -> None:
    if now is None:
        raise _conflict(event, "one that is gone")
    if now != event and not (is_erased and now == without_words(event)):
        raise _conflict(event, "another content")


def _conflict(event: LeadEvent, got: str) -> ConflictError:
    where = f"lead {event.lead!r}, {event.at.isoformat()}, seq {event.seq}"
    return ConflictError(expected="every event as it was", got=got, where=where)
