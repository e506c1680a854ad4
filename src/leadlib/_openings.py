"""
Opening hours as running totals: how much work lies before an instant, and where an amount ends.

Both questions are one bisection, however long the span is; walking from day to day takes a hundred
times as long over forty hours.  Instants are whole microseconds since 1970, so sums are exact.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator

import attrs

__all__ = ["Openings"]

Window = tuple[int, int]


@attrs.define
class Openings:
    """
    The open windows of some years, extended by whole years where a question asks for more.

    Args:
        windows_of: Gives the open windows of one local year as instants, in order.
        first, last: The years that are never left.
    """

    windows_of: Callable[[int], Iterable[Window]]
    first: int
    last: int
    _known: "_Years | None" = attrs.field(init=False, default=None)

    def around(self, year: int, *, ahead: int = 0) -> "_Years":
        """The totals of that year, its neighbours, and as many years ahead."""
        begin, end = max(year - 1, self.first), min(year + 1 + ahead, self.last)
        known = self._known
        if known is not None and known.begin <= begin and end <= known.end:
            return known
        if known is not None:  # one table for all that was asked so far
            begin, end = min(begin, known.begin), max(end, known.end)
        years = range(begin, end + 1)
        windows = [window for y in years for window in self.windows_of(y)]
        self._known = _Years.of(begin, end, windows)
        return self._known


@attrs.frozen
class _Years:
    """Running totals over the windows of some years."""

    begin: int
    end: int
    opens: list[int]
    before: list[int]
    after: list[int]

    @classmethod
    def of(cls, begin: int, end: int, windows: list[Window]) -> "_Years":
        opens, before, after = [], [], []
        total = 0
        for opening, closing in _merged(windows):
            opens.append(opening)
            before.append(total)
            total += closing - opening
            after.append(total)
        return cls(begin, end, opens, before, after)

    def work_before(self, instant: int) -> int:
        """How much of the open time lies before an instant."""
        place = bisect_right(self.opens, instant) - 1
        if place < 0:
            return 0
        return min(self.before[place] + instant - self.opens[place], self.after[place])

    def end_of(self, work: int) -> int | None:
        """The earliest instant before which that much open time lies; None if it never does."""
        place = bisect_left(self.after, work)
        if place == len(self.after):
            return None
        return self.opens[place] + work - self.before[place]


def _merged(windows: Iterable[Window]) -> Iterator[Window]:
    """Windows that adjoin or overlap are one: no midnight stops a clock that never closes."""
    current: Window | None = None
    for opening, closing in windows:
        if closing <= opening:
            continue  # a window that the change of clocks has swallowed
        if current is not None and opening <= current[1]:
            current = (current[0], max(current[1], closing))
            continue
        if current is not None:
            yield current
        current = (opening, closing)
    if current is not None:
        yield current
