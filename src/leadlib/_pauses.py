"""
Pauses: the intervals in which a clock stands still, such as waiting for the customer.

They are read once, as whole microseconds since 1970, in order and without overlap; a clock is then
asked only for the time between them.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Protocol

from leadlib import _instants, _text
from leadlib._openings import merged
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.limits import PAUSES

__all__ = ["Pause", "last_run", "read", "stood"]

Pause = tuple[datetime, datetime | None]
_Interval = tuple[int, int]
_NEVER = 2**63
_PAUSE = "a pause: its begin and its end, which is None while it lasts"


class _Clock(Protocol):
    """What runs between two instants, and when so much has run."""

    def between(self, start: int, end: int) -> int: ...


def read(pauses: Iterable[Pause]) -> tuple[_Interval, ...]:
    """Pauses in order; those that overlap are one."""
    if not isinstance(pauses, Iterable):
        raise InvalidValue(expected="pauses", got=_text.kind_of(pauses), where="pauses")
    taken = tuple(islice(pauses, PAUSES + 1))
    if len(taken) > PAUSES:
        raise LimitExceeded(expected=f"at most {PAUSES:,} pauses", got="more", where="pauses")
    intervals = (_interval(pause, f"pauses[{place}]") for place, pause in enumerate(taken))
    return tuple(merged(sorted(intervals)))


def _interval(pause: object, where: str) -> _Interval:
    if not isinstance(pause, tuple | list) or len(pause) != 2:  # noqa: PLR2004  # begin and end
        raise InvalidValue(expected=_PAUSE, got=_text.kind_of(pause), where=where)
    begin = _micros(pause[0], f"{where}[0]")
    end = _NEVER if pause[1] is None else _micros(pause[1], f"{where}[1]")
    if end < begin:
        raise InvalidValue(expected=_PAUSE, got="one that ends before it begins", where=where)
    return begin, end


def _micros(at: object, where: str) -> int:
    return _instants.micros(_instants.aware(at, where=where))


def stood(clock: _Clock, start: int, end: int, pauses: Iterable[_Interval]) -> int:
    """What would have run between two instants during the pauses."""
    within = ((max(begin, start), min(until, end)) for begin, until in pauses)
    return sum(clock.between(begin, until) for begin, until in within if begin < until)


def last_run(
    clock: _Clock, start: int, amount: int, pauses: Iterable[_Interval]
) -> tuple[int, int] | None:
    """When the clock starts for the last time and what is left by then; None if it stands still."""
    for begin, end in pauses:
        if end <= start:
            continue
        ran = clock.between(start, begin) if begin > start else 0
        if ran >= amount:
            break
        if end == _NEVER:
            return None
        start, amount = end, amount - ran
    return start, amount
