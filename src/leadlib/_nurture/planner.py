"""
The planner: a cadence under a policy, with the tables that it needs.

A touch starts on the day that its step asks for and only ever goes later: to the next open day, to
the next allowed hour, behind the step before it, behind a pause, to where the caps have room, to
where the person may be contacted.  What went out stays where it was, and what is not yet sent
follows it; so a plan made again from the middle goes on as the first one did.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _instants
from leadlib._nurture.hours import DAY, Pattern
from leadlib._nurture.lanes import Lane
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import Touch
from leadlib._nurture.walk import Case, Walk

if TYPE_CHECKING:
    from leadlib._nurture.cadence import Cadence

__all__ = ["Planner"]

_SEARCHED = 3_660  # days


@attrs.define
class Planner:
    """A cadence under a policy, with the tables that it needs; kept by the cadence."""

    cadence: "Cadence"
    policy: ContactPolicy | None
    _lanes: dict[tuple[tzinfo | None, str], Lane] = attrs.field(init=False, factory=dict)
    _days: dict[tuple[int, int], Sequence[bool]] = attrs.field(init=False, factory=dict)

    def touches(self, case: Case, *, now: datetime | None = None) -> Iterator[Touch]:
        """Every touch in order, as long as they are asked for."""
        return iter(Walk.of(self, case, now=now))

    def due(self, case: Case, now: datetime) -> Touch | None:
        """
        The touch to send now: the first that is not confirmed, if it may go out at this instant.

        Of a step that comes again and again only the latest time is sent: nobody gets the news of
        three months at once.
        """
        walk = Walk.of(self, case)
        first = walk.first_until(_instants.micros(now))
        return first if first is not None and walk.may_go(first, now) else None

    def lane(self, zone: tzinfo | None, channel: str) -> Lane:
        """The table for a channel and the zone of a contact, or for all where it may be."""
        key = (zone, channel)
        if key not in self._lanes:
            self._lanes[key] = self._made(zone, channel)
        return self._lanes[key]

    def _made(self, zone: tzinfo | None, channel: str) -> Lane:
        home, policy = zone or self.cadence.calendar.zone, self.policy
        zones: tuple[tzinfo, ...] = (home,)
        pattern = _ALWAYS
        if policy is not None and zone is not None:
            pattern = policy.pattern(channel)
        elif policy is not None:
            zones, pattern = policy.anywhere(channel)
        return Lane(
            zones=zones,
            home=home,
            hour=self.cadence.at,
            pattern=pattern,
            open_days=self._open_days,
        )

    def is_open(self, day: date) -> bool:
        """Whether anything is sent on a local day at all."""
        shut = self.policy is not None and day in self.policy.holidays
        return not shut and self.cadence.calendar.is_open(day)

    def is_holiday(self, day: date) -> bool:
        """Whether a day is closed because it is a holiday."""
        own = self.policy.holidays if self.policy is not None else frozenset()
        return day in own or day in self.cadence.calendar.holidays

    def _open_days(self, first: int, last: int) -> Sequence[bool]:
        """All zones ask for the same years."""
        if (first, last) not in self._days:
            days = map(date.fromordinal, range(first, last))
            self._days[first, last] = [*map(self.is_open, days)]
        return self._days[first, last]

    def wanted_day(self, step: Step, enrolled: int) -> int | None:
        """The day on which a step is wanted for the first time; None if there is none."""
        day = date.fromordinal(enrolled)
        if isinstance(step.after, relativedelta):
            return (day + step.after).toordinal()
        return self._working_day(enrolled, step.after.length.days)

    def _working_day(self, enrolled: int, count: int) -> int | None:
        """That many open days later; what begins on a closed day begins on the next open one."""
        is_open = self.cadence.calendar.is_open
        count += not is_open(date.fromordinal(enrolled))
        for day in range(enrolled + 1, enrolled + _SEARCHED):
            count -= is_open(date.fromordinal(day))
            if not count:
                return day
        return None


_ALWAYS: Pattern = (((0, DAY),),) * 7
