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
from leadlib._nurture.zones import Offsets, allowed, first_in, shared

__all__ = ["Lane", "Slots"]

_EPOCH_DAY = _instants.EARLIEST.toordinal()
_DAY = 86_400_000_000
_LAST = _instants.LATEST.toordinal() - 3
_FIRST = _instants.EARLIEST.toordinal() - 2
_SEARCHED = 3_660  # days: ten years without an open one
_Patterns = Sequence[Sequence[Interval]]


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
class Lane:
    """
    One channel into one zone, or into several of which one is the contact's.

    Args:
        zones: Where the contact is, or may be.
        home: The zone by which days are counted.
        hour: The local time of sending.
        pattern: The windows of each weekday.
        open_days: Says of local days whether anything is sent on them at all.
    """

    zones: tuple[tzinfo, ...]
    home: tzinfo
    hour: time
    pattern: Pattern
    open_days: Callable[[int, int], Sequence[bool]]
    slots: Slots = attrs.field(init=False)

    @slots.default
    def _none(self) -> Slots:
        return Slots(0, 0, (), (), (), Offsets((0,), (0,), 0), (), ())

    def around(self, day: int) -> Slots:
        """The slots of the years around a local day."""
        slots = self.slots
        if not slots.first <= day < slots.last - 1:
            year = date.fromordinal(min(max(day, _FIRST), _LAST)).year
            slots = self._grown(_new_year(year), _new_year(year + 2))
        return slots

    def place(self, day: int, floor: int) -> tuple[Slots, int] | None:
        """
        The first slot on that local day or after it that is not before *floor*; None if there is
        none within ten years.
        """
        day = max(day, floor // _DAY + _EPOCH_DAY - 1, _FIRST + 2)
        slots, until = self.around(day), min(day + _SEARCHED, _LAST)
        while True:
            if slots.first <= day < slots.last:
                place = slots.following[day - slots.first]
                place = bisect_left(slots.at, floor, place)
                if place < len(slots.at):
                    return slots, place
            if slots.last >= until:
                return None
            slots = self._grown(slots.first, min(2 * slots.last - slots.first, until + 1))

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

    def allows(self, at: int) -> bool:
        """Whether anything may be sent at this very instant."""
        slots = self.around(at // _DAY + _EPOCH_DAY)
        return first_in(slots.opens, slots.closes, at) == at

    def _grown(self, first: int, last: int) -> Slots:
        """One table for all that was asked so far."""
        known = self.slots
        if known.last:
            first, last = min(first, known.first), max(last, known.last)
        self.slots = self._made(max(first, _FIRST), min(last, _LAST + 2))
        return self.slots

    def _made(self, first: int, last: int) -> Slots:
        opens, closes = self._allowed(first, last)
        offsets = Offsets.of(self.home, first, last)
        slots: list[int] = []
        following = []
        hour = micros_of(self.hour)
        open_days = self.open_days(first, last)
        for day in range(first, last):
            following.append(len(slots))
            if open_days[day - first]:
                wanted = offsets.placed((day - _EPOCH_DAY) * _DAY + hour)
                at = first_in(opens, closes, wanted)
                if at is None:  # it lies beyond the table, as do those of all later days
                    following += [len(slots)] * (last - day - 1)
                    break
                slots.append(at)
        wall = [offsets.wall(at) for at in slots]
        return Slots(first, last, following, slots, wall, offsets, opens, closes)

    def _allowed(self, first: int, last: int) -> tuple[list[int], list[int]]:
        """When anything may be sent: in all of the zones at once."""
        begin, end = first - _AROUND, last + _AROUND
        is_open = self.open_days(begin, end)
        pattern: _Patterns = self.pattern

        def windows(day: int) -> Sequence[Interval]:
            return pattern[(day - 1) % 7] if is_open[day - begin] else ()

        common: list[Interval] | None = None
        for zone in self.zones:
            offsets = Offsets.of(zone, first, last)
            own = allowed(offsets, begin, end, windows)
            common = [*own] if common is None else [*shared(common, [*own])]
        common = common or []
        return [opens for opens, _ in common], [closes for _, closes in common]


_AROUND = 3  # days beyond the table at both ends, for other zones and for nights


def _new_year(year: int) -> int:
    return date(min(max(year, 1970), 2200), 1, 1).toordinal()
