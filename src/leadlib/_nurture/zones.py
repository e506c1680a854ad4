"""
Zones as tables of whole microseconds: the offsets of some years, and the hours that are allowed.

A zone is asked once for each day, never once for each touch.  An instant is allowed if the clock on
the wall of its zone is then within a window: so an hour that comes twice is judged twice, and one
that is skipped has no instant.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, tzinfo

import attrs

from leadlib import _instants
from leadlib._nurture.hours import DAY, Interval, Pattern
from leadlib._openings import merged

__all__ = [
    "Offsets",
    "Spans",
    "allowed",
    "apart",
    "first_in",
    "never_together",
    "on_the_wall",
    "shared",
]

_EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC).toordinal()
_MICRO = _instants.MICROSECOND
_NEVER = 2**63
_STRIDE = 3  # days: no zone has ever changed its clocks twice within a week
_SAMPLE = (
    datetime(2026, 1, 1, tzinfo=UTC).toordinal(),
    datetime(2027, 1, 1, tzinfo=UTC).toordinal(),
)

Spans = tuple[Sequence[int], Sequence[int]]


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
        begin, end = first - _EPOCH_DAY - 2, last - _EPOCH_DAY + 2 + _STRIDE
        starts, offsets = [begin * DAY], [_offset(zone, begin * DAY)]
        for day in range(begin + _STRIDE, end, _STRIDE):
            if (offset := _offset(zone, day * DAY)) != offsets[-1]:
                starts.append(_changed(zone, day, offset))
                offsets.append(offset)
        return cls(starts, offsets, (end - _STRIDE) * DAY)

    def wall(self, at: int) -> int:
        """What the clock on the wall shows, as microseconds since its 1970."""
        return at + self.offsets[bisect_right(self.starts, at) - 1]

    def placed(self, wall: int) -> int:
        """The instant of a time on the wall: the first of two, and the end of a gap."""
        starts, offsets = self.starts, self.offsets
        place = max(bisect_right(starts, wall - DAY) - 1, 0)  # no zone is a day ahead
        while place + 1 < len(starts) and wall - offsets[place] >= starts[place + 1]:
            place += 1
        return max(wall - offsets[place], starts[place])

    def placed_in_order(self, walls: Iterable[int]) -> Iterator[int]:
        """The same for many, which only ever go on."""
        stretches = iter([*self.stretches()])
        begin, end, ahead = next(stretches)
        for wall in walls:
            while wall - ahead >= end:
                begin, end, ahead = next(stretches, (begin, _NEVER, ahead))
            yield max(wall - ahead, begin)

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """From when to when which offset holds."""
        ends = (*self.starts[1:], self.until)
        return zip(self.starts, ends, self.offsets, strict=True)


def _offset(zone: tzinfo, at: int) -> int:
    ahead = _instants.from_micros(at).astimezone(zone).utcoffset()
    return 0 if ahead is None else ahead // _MICRO


def _changed(zone: tzinfo, day: int, offset: int) -> int:
    """The instant within the stride before at which an offset began to hold."""
    low, high = (day - _STRIDE) * DAY, day * DAY
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == offset:
            high = middle
        else:
            low = middle
    return high


def on_the_wall(first: int, windows: Sequence[Iterable[Interval]]) -> Spans:
    """The windows of local days from one on, as the clock on the wall shows them."""
    midnights = range((first - _EPOCH_DAY) * DAY, (first - _EPOCH_DAY + len(windows)) * DAY, DAY)
    pairs = zip(midnights, windows, strict=True)
    spans = [(day + opens, day + closes) for day, own in pairs for opens, closes in own]
    return apart(merged(spans))


def apart(spans: Iterable[Interval]) -> Spans:
    """Where intervals begin, and where they end."""
    taken = [*spans]
    return [opens for opens, _ in taken], [closes for _, closes in taken]


def allowed(offsets: Offsets, wall: Spans) -> Iterator[Interval]:
    """The instants at which the clock on the wall is within those windows."""
    opens, closes = wall

    def pieces() -> Iterator[Interval]:
        for begin, end, ahead in offsets.stretches():
            first = bisect_right(closes, begin + ahead)
            last = bisect_left(opens, end + ahead)
            for place in range(first, last):
                opening, closing = opens[place] - ahead, closes[place] - ahead
                if place in {first, last - 1}:  # only those may reach over a change of the clocks
                    opening, closing = max(opening, begin), min(closing, end)
                yield opening, closing

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
        wall = on_the_wall(first, [week[(day - 1) % 7] for day in range(first, last)])
        own = allowed(Offsets.of(zone, first, last), wall)
        common = own if common is None else shared(common, [*own])
    return next(iter(common or ()), None) is None
