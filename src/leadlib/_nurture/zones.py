"""
Zones as tables of whole microseconds: the offsets of some years, and the hours that are allowed.

A zone is asked once for each day, never once for each touch.  An instant is allowed if the clock on
the wall of its zone is then within a window: so an hour that comes twice is judged twice, and one
that is skipped has no instant.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import attrs

from leadlib import _instants
from leadlib._nurture.hours import DAY, Interval, Pattern
from leadlib._openings import merged

__all__ = ["Offsets", "allowed", "first_in", "never_together", "shared"]

_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_MICRO = _instants.MICROSECOND
_ONE_DAY = timedelta(days=1)
_SAMPLE = (
    datetime(2026, 1, 1, tzinfo=UTC).toordinal(),
    datetime(2027, 1, 1, tzinfo=UTC).toordinal(),
)


@attrs.frozen
class Offsets:
    """
    How far a zone is ahead of UTC, from one change of the clocks to the next.

    Args:
        starts: Instants from which an offset holds; the first is that of the table.
        offsets: Microseconds ahead of UTC.
        until: Where the table ends.
    """

    starts: Sequence[int]
    offsets: Sequence[int]
    until: int

    @classmethod
    def of(cls, zone: tzinfo, first: int, last: int) -> "Offsets":
        """The table for local days, given as ordinals, *last* not included."""
        begin, end = first - _EPOCH_DAY - 2, last - _EPOCH_DAY + 2
        day = _instants.EARLIEST + begin * _ONE_DAY
        starts, offsets = [begin * DAY], [_offset(zone, day)]
        for number in range(begin + 1, end + 1):
            day += _ONE_DAY
            if (offset := _offset(zone, day)) != offsets[-1]:
                starts.append(_changed(zone, number, offset))
                offsets.append(offset)
        return cls(starts, offsets, end * DAY)

    def wall(self, at: int) -> int:
        """What the clock on the wall shows, as microseconds since its 1970."""
        return at + self.offsets[bisect_right(self.starts, at) - 1]

    def placed(self, wall: int) -> int:
        """The instant of a time on the wall: the first of two, and the end of a gap."""
        place = max(bisect_right(self.starts, wall - max(self.offsets)) - 1, 0)
        for number in range(place, len(self.starts)):
            at = wall - self.offsets[number]
            if at < self.starts[number]:
                return self.starts[number]  # it was skipped
            if number + 1 == len(self.starts) or at < self.starts[number + 1]:
                return at
        return wall - self.offsets[-1]

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """From when to when which offset holds."""
        ends = (*self.starts[1:], self.until)
        return zip(self.starts, ends, self.offsets, strict=True)


def _offset(zone: tzinfo, at: datetime) -> int:
    ahead = at.astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // _MICRO


def _changed(zone: tzinfo, day: int, offset: int) -> int:
    """The instant within the day before at which an offset began to hold."""
    low, high = (day - 1) * DAY, day * DAY
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, _instants.from_micros(middle)) == offset:
            high = middle
        else:
            low = middle
    return high


def allowed(
    offsets: Offsets, first: int, last: int, windows: Callable[[int], Iterable[Interval]]
) -> Iterator[Interval]:
    """The instants at which the clock on the wall is within the windows of those local days."""

    def pieces() -> Iterator[Interval]:
        for begin, end, ahead in offsets.stretches():
            since = max(first, (begin + ahead) // DAY + _EPOCH_DAY - 1)
            until = min(last, (end + ahead) // DAY + _EPOCH_DAY + 1)
            for day in range(since, until):
                midnight = (day - _EPOCH_DAY) * DAY - ahead
                for opens, closes in windows(day):
                    yield max(midnight + opens, begin), min(midnight + closes, end)

    return merged(pieces())


def shared(one: Iterable[Interval], other: Iterable[Interval]) -> Iterator[Interval]:
    """What two lists of intervals have in common; both in order and without overlap."""
    ahead = iter(other)
    current = next(ahead, None)
    for begin, end in one:
        while current is not None and current[1] <= begin:
            current = next(ahead, None)
        while current is not None and current[0] < end:
            yield max(begin, current[0]), min(end, current[1])
            if current[1] > end:
                break
            current = next(ahead, None)


def first_in(opens: Sequence[int], closes: Sequence[int], at: int) -> int | None:
    """The first instant from *at* on that lies in an interval; None if there is none."""
    place = bisect_right(opens, at) - 1
    if place >= 0 and at < closes[place]:
        return at
    return opens[place + 1] if place + 1 < len(opens) else None


def never_together(zones: Iterable[tzinfo], week: Pattern) -> bool:
    """Whether in a whole year no instant is within the windows of all zones."""
    first, last = _SAMPLE
    common: Iterable[Interval] | None = None
    for zone in zones:
        own = allowed(Offsets.of(zone, first, last), first, last, lambda day: week[(day - 1) % 7])
        common = own if common is None else shared(common, [*own])
    return next(iter(common or ()), None) is None
