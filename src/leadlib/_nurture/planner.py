"""
The planner: a cadence under a policy, with the tables that it needs.

A touch starts on the day that its step asks for and only ever goes later: to the next open day, to
the next allowed hour, behind the step before it, behind a pause, to where the caps have room, to
where the person may be contacted.  What went out stays where it was, and what is not yet sent
follows it; so a plan made again from the middle goes on as the first one did.
"""

from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import TYPE_CHECKING

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _instants
from leadlib._nurture.hours import DAY, Pattern
from leadlib._nurture.lanes import Days, Lane
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import Touch
from leadlib._nurture.walk import Case, Walk

if TYPE_CHECKING:
    from leadlib._nurture.cadence import Cadence

__all__ = ["Planner"]

_SEARCHED = 3_660  # days
_MOST_LANES = 1_000


@attrs.define
class Planner:
    """A cadence under a policy, with the tables that it needs; kept by the cadence."""

    cadence: "Cadence"
    policy: ContactPolicy | None
    _lanes: dict[tuple[tzinfo | None, Pattern], Lane] = attrs.field(init=False, factory=dict)
    _days: Days = attrs.field(init=False)
    _workdays: dict[int, bool] = attrs.field(init=False, factory=dict)

    @_days.default
    def _own_days(self) -> Days:
        return Days(self.is_open)

    def touches(
        self, case: Case, *, now: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Touch]:
        """Every touch in order, as long as they are asked for."""
        end = None if until is None else _instants.micros(until)
        return Walk.of(self, case, now=now).touches(end)

    def due(self, case: Case, now: datetime) -> Touch | None:
        """
        The touch to send now: the first of the plan that is made now, if its instant is now.

        Of a step that comes again and again only the latest time is sent: nobody gets the news of
        three months at once.
        """
        return Walk.of(self, case, now=now).due(_instants.micros(now))

    def lane(self, zone: tzinfo | None, channel: str) -> Lane:
        """
        The table for a channel and the zone of a contact, or for all where it may be; channels with
        the same hours share one.
        """
        home, policy = zone or self.cadence.calendar.zone, self.policy
        zones: tuple[tzinfo, ...] = (home,)
        pattern = _ALWAYS
        if policy is not None and zone is not None:
            pattern = policy.pattern(channel)
        elif policy is not None:
            zones, pattern = policy.anywhere(channel)
        key = (zone, pattern)
        if key not in self._lanes:
            if len(self._lanes) >= _MOST_LANES:  # a bounded memory: the next ask makes them anew
                self._lanes.clear()
            self._lanes[key] = Lane(zones, home, self.cadence.at, pattern, self._days)
        return self._lanes[key]

    def is_open(self, day: date) -> bool:
        """Whether anything is sent on a local day at all."""
        shut = self.policy is not None and day in self.policy.holidays
        return not shut and self.cadence.calendar.is_open(day)

    def is_holiday(self, day: date) -> bool:
        """Whether a day is closed because it is a holiday."""
        own = self.policy.holidays if self.policy is not None else frozenset()
        return day in own or day in self.cadence.calendar.holidays

    def wanted_day(self, step: Step, enrolled: int) -> int | None:
        """The day on which a step is wanted for the first time; None if there is none."""
        after = step.after
        if not isinstance(after, relativedelta):
            return self._working_day(enrolled, after.length.days)
        if not (after.months or after.years):  # most have none, and a date costs ten times as much
            return enrolled + after.days
        return (date.fromordinal(enrolled) + after).toordinal()

    def _working_day(self, enrolled: int, count: int) -> int | None:
        """That many open days later; what begins on a closed day begins on the next open one."""
        count += not self._works(enrolled)
        for day in range(enrolled + 1, enrolled + _SEARCHED):
            count -= self._works(day)
            if not count:
                return day
        return None

    def _works(self, day: int) -> bool:
        if day not in self._workdays:
            self._workdays[day] = self.cadence.calendar.is_open(date.fromordinal(day))
        return self._workdays[day]


_ALWAYS: Pattern = (((0, DAY),),) * 7
