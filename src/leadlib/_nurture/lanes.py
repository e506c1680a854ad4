"""
Lanes: when a cadence can send by one channel into one zone, one instant for each open day.

The days are a table that is made once and grows by whole years; a touch is then a place in it, and
to move a touch is to go to a later place.  Everything is whole microseconds since 1970.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import date, time, tzinfo

import attrs

from leadlib import _instants
from leadlib._nurture.hours import Interval, Pattern, micros_of
from leadlib._nurture.zones import Offsets, Spans, allowed, apart, first_in, on_the_wall, shared

__all__ = ["Lane", "Slots"]

_EPOCH_DAY = _instants.EARLIEST.toordinal()
_DAY = 86_400_000_000
_LAST = _instants.LATEST.toordinal() - 3
_FIRST = _instants.EARLIEST.toordinal() - 2
_SEARCHED = 3_660  # days: ten years without an open one
_MORE = 400  # days beyond, so that the next search need not make the table anew


@attrs.frozen
class Slots:
    """
    The days of some years.

    Args:
        first, last: Ordinals of local days, the last not included.
        following: For each day the place of the first slot on it or after it.
        at: The instant of each slot.
        wall: The same as the clock on the contact's wall shows it.
        offsets: Of the zone by which days are counted.
        opens, closes: When anything may be sent.
    """

    first: int
    last: int
    following: Sequence[int]
    at: Sequence[int]
    wall: Sequence[int]
    offsets: Offsets
    opens: Sequence[int]
    closes: Sequence[int]


@attrs.define
class Days:
    """
    The local days on which anything is sent at all; all zones ask for the same years.

    Args:
        is_open: Says so of one day.
    """

    is_open: Callable[[date], bool]
    _open: dict[tuple[int, int], Sequence[bool]] = attrs.field(init=False, factory=dict)
    _walls: dict[tuple[int, int, Pattern], Spans] = attrs.field(init=False, factory=dict)

    def open_days(self, first: int, last: int) -> Sequence[bool]:
        """For each day from one on, the last not included."""
        key = (first, last)
        if key not in self._open:
            self._open = {key: [*map(self.is_open, map(date.fromordinal, range(first, last)))]}
        return self._open[key]

    def on_the_wall(self, first: int, last: int, week: Pattern) -> Spans:
        """The windows of these days as the clock on the wall shows them."""
        key = (first, last, week)
        if key not in self._walls:
            days = zip(range(first, last), self.open_days(first, last), strict=True)
            windows = [week[(day - 1) % 7] if is_open else () for day, is_open in days]
            self._walls = {key: on_the_wall(first, windows)}
        return self._walls[key]


@attrs.define
class Lane:
    """
    One channel into one zone, or into several of which one is the contact's.

    Args:
        zones: Where the contact is, or may be.
        home: The zone by which days are counted.
        hour: The local time of sending.
        pattern: The windows of each weekday.
        days: On which local days anything is sent at all.
    """

    zones: tuple[tzinfo, ...]
    home: tzinfo
    hour: time
    pattern: Pattern
    days: Days
    slots: Slots = attrs.field(init=False)

    @slots.default
    def _none(self) -> Slots:
        return Slots(0, 0, (), (), (), Offsets((0,), (0,), 0), (), ())

    def around(self, day: int) -> Slots:
        """The slots of the years around a local day."""
        slots = self.slots
        if not slots.first <= day < slots.last - 1:
            year = date.fromordinal(min(max(day, _FIRST), _LAST)).year
            known = slots.last - slots.first  # as much again, so that to grow is cheap in the end
            slots = self._grown(_new_year(year), max(_new_year(year + 2), min(day + known, _LAST)))
        return slots

    def covering(self, first: int, last: int) -> Slots:
        """The slots of these local days at least."""
        slots = self.slots
        if not (slots.first <= first and last < slots.last):
            slots = self._grown(first, last + 1)
        return slots

    def place(self, day: int, floor: int) -> tuple[Slots, int] | None:
        """
        The first slot on that local day or after it that is not before *floor*; None if there is
        none within ten years.
        """
        begin = max(day, floor // _DAY + _EPOCH_DAY - 1, _FIRST + 2)
        slots, until = self.around(begin), min(begin + _SEARCHED, _LAST)
        while True:
            if slots.first <= begin < slots.last:
                place = slots.following[max(day - slots.first, 0)]
                place = bisect_left(slots.at, floor, place)
                if place < len(slots.at) and slots.at[place] < (until - _EPOCH_DAY + 1) * _DAY:
                    return slots, place
            if slots.last >= until:
                return None
            ahead = min(2 * slots.last - slots.first, until + _MORE)
            slots = self._grown(slots.first, ahead)

    def local_day(self, at: int) -> int:
        """The local day of an instant, as an ordinal."""
        return self.day_at(self.wall(at))

    @staticmethod
    def day_at(wall: int) -> int:
        """The local day of a time on the wall, as an ordinal."""
        return wall // _DAY + _EPOCH_DAY

    def wall(self, at: int) -> int:
        """What the clock on the wall shows at an instant."""
        return self.around(at // _DAY + _EPOCH_DAY).offsets.wall(at)

    def wanted(self, day: int) -> int:
        """The instant of the sending hour on a local day, open or not."""
        wall = (day - _EPOCH_DAY) * _DAY + micros_of(self.hour)
        return self.around(day).offsets.placed(wall)

    def soonest(self, at: int) -> int | None:
        """The first instant from one on at which anything may be sent, at its hour or not."""
        found = self.place(_FIRST, at)
        return None if found is None else first_in(found[0].opens, found[0].closes, at)

    def _grown(self, first: int, last: int) -> Slots:
        """One table for all that was asked so far."""
        known = self.slots
        if known.last:
            first, last = min(first, known.first), max(last, known.last)
        self.slots = self._made(max(first, _FIRST), min(last, _LAST + 2))
        return self.slots

    def _made(self, first: int, last: int) -> Slots:
        offsets = Offsets.of(self.home, first, last)
        opens, closes = self._allowed(first, last, offsets)
        is_open = self.days.open_days(first, last)
        hour = micros_of(self.hour) - _EPOCH_DAY * _DAY
        wanted = offsets.placed_in_order([day * _DAY + hour for day in range(first, last)])
        slots: list[int] = []
        following = []
        place = 0
        for at, is_day in zip(wanted, is_open, strict=True):
            following.append(len(slots))
            if is_day:
                while place < len(closes) and closes[place] <= at:
                    place += 1
                if place == len(closes):  # it lies beyond the table, as do those of all later days
                    break
                slots.append(max(at, opens[place]))
        following += [len(slots)] * (last - first - len(following))
        wall = [offsets.wall(at) for at in slots]
        return Slots(first, last, following, slots, wall, offsets, opens, closes)

    def _allowed(self, first: int, last: int, home: Offsets) -> Spans:
        """When anything may be sent: in all of the zones at once."""
        wall = self.days.on_the_wall(first - _AROUND, last + _AROUND, self.pattern)
        common: list[Interval] | None = None
        for zone in self.zones:
            offsets = home if zone is self.home else Offsets.of(zone, first, last)
            own = allowed(offsets, wall)
            common = [*own] if common is None else [*shared(common, [*own])]
        return apart(common or ())


_AROUND = 3  # days beyond the table at both ends, for other zones and for nights


def _new_year(year: int) -> int:
    return date(min(max(year, 1970), 2200), 1, 1).toordinal()
