"""
Opening hours as running totals: how much work lies before an instant, and where an amount ends.

Both questions are one bisection, however long the span is; walking from day to day takes a hundred
times as long over forty hours.  Instants are whole microseconds since 1970, so sums are exact.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import chain, islice
from operator import add

import attrs

from leadlib import _instants

__all__ = ["Always", "Openings", "merged"]

Window = tuple[int, int]


@attrs.define
class Openings:
    """
    The open windows of some years, extended by whole years where a question asks for more.

    Args:
        windows_of: Gives the windows that open in one local year as instants, in order.
        first, last: The years that are never left.
    """

    windows_of: Callable[[int], Iterable[Window]]
    first: int
    last: int
    _known: "_Years" = attrs.field(init=False, factory=lambda: _Years.of(0, 0, ()))

    def end_of(self, start: int, work: int) -> int | None:
        """The earliest instant at which that much open time has passed; None if it never does."""
        known = self._known
        if known.since <= start < known.until:  # most questions are about a year or two
            end = known.end_of(start, work)
            if end is not None:
                return end
        tables = (self._around(start, ahead=years) for years in _AHEAD)
        ends = (table.end_of(start, work) for table in tables)
        return next((end for end in ends if end is not None), None)

    def between(self, start: int, end: int) -> int:
        """How much open time lies between two instants, the second not before the first."""
        known = self._known
        if not (known.since <= start and end < known.until):
            known = self._around(start, ahead=_year(end) - _year(start))
        return known.work_before(end) - known.work_before(start)

    def _around(self, start: int, *, ahead: int) -> "_Years":
        """The totals of that year, its neighbours, and as many years ahead."""
        year, known = _year(start), self._known
        begin, end = max(year - 1, self.first), min(year + 1 + ahead, self.last)
        if known.begin <= begin and end <= known.end:
            return known
        if known.begin:
            years = self._extended(known, begin, end)
        else:
            years = _Years.of(begin, end, self._windows(begin, end))
        self._known = years
        return years

    def _extended(self, known: "_Years", begin: int, end: int) -> "_Years":
        """One table for all that was asked so far."""
        begin, end = min(begin, known.begin), max(end, known.end)
        earlier, later = self._windows(begin, known.begin - 1), self._windows(known.end + 1, end)
        return _Years.of(begin, end, chain(earlier, known.windows(), later))

    def _windows(self, first: int, last: int) -> Iterator[Window]:
        return chain.from_iterable(map(self.windows_of, range(first, last + 1)))


_AHEAD = (0, 2, 5, 11)  # years to look at, more only if the work is not done before


def _year(instant: int) -> int:
    return _instants.from_micros(instant).year


@attrs.frozen
class _Years:
    """
    Running totals over the windows of some years.

    A question is answered from *since* to *until* only: the neighbours of the first and of the last
    year are not known, and a local year is not that of UTC.
    """

    begin: int
    end: int
    since: int
    until: int
    opens: list[int]
    idle: list[int]  # what an instant in the window is ahead of the work before it
    done: list[int]  # the work up to the end of the window

    @classmethod
    def of(cls, begin: int, end: int, windows: Iterable[Window]) -> "_Years":
        opens, idle, done = [_LONG_AGO], [_LONG_AGO], [0]  # every instant has a window before it
        total = 0
        for opening, closing in merged(windows):
            opens.append(opening)
            idle.append(opening - total)
            total += closing - opening
            done.append(total)
        return cls(begin, end, _new_year(begin + 1), _new_year(end), opens, idle, done)

    def windows(self) -> Iterator[Window]:
        """The windows, as far as they do not touch."""
        ends = map(add, self.idle, self.done)
        return islice(zip(self.opens, ends, strict=True), 1, None)

    def work_before(self, instant: int) -> int:
        """How much of the open time lies before an instant."""
        place = bisect_right(self.opens, instant) - 1
        return min(instant - self.idle[place], self.done[place])

    def end_of(self, start: int, work: int) -> int | None:
        """The earliest instant at which that much open time has passed; None if it never does."""
        idle, done = self.idle, self.done
        place = bisect_right(self.opens, start) - 1
        before, most = start - idle[place], done[place]
        target = work + (before if before < most else most)  # noqa: FURB136  # min() is a call
        place = bisect_left(done, target, place)
        return idle[place] + target if place < len(done) else None


_LONG_AGO = -(2**63)


def _new_year(year: int) -> int:
    return _instants.micros(datetime(year, 1, 1, tzinfo=UTC)) if year > 1 else 0


class Always:
    """The clock that never stands still, asked in the same way."""

    @staticmethod
    def between(start: int, end: int) -> int:
        """All the time between two instants."""
        return end - start

    @staticmethod
    def end_of(start: int, work: int) -> int:
        """The instant at which that much time has passed."""
        return start + work


def merged(windows: Iterable[Window]) -> Iterator[Window]:
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
