"""Call-backs: a promise to call at a date, with an owner and a grace (seed 004)."""

from datetime import date, datetime, time, timedelta
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants
from leadlib._nurture.hours import as_hour
from leadlib._nurture.steps import as_whole_days
from leadlib._nurture.touches import Touch, TouchReason, touch_id
from leadlib._week import passes_midnight
from leadlib.errors import InvalidValue
from leadlib.lifecycle import CallbackScheduled
from leadlib.model import Purpose, Team
from leadlib.worktime import Clock, Span, WorkCalendar, working_days

__all__ = ["Callback", "schedule_callback"]

_CALL_BACK = "call-back"
_GRACE = working_days(2)
_ONE_DAY = timedelta(days=1)


@attrs.frozen(kw_only=True)
class Callback:
    """
    A promise to call; made by :func:`schedule_callback`.

    Args:
        lead: Whom.
        asked: When it was promised.
        wanted: The day that was asked for.
        at: When to call: on that day, or on the first open one after it.
        due: The end of that day: from then on it is late.
        latest: The end of the grace: from then on the promise is broken.
        owner: Which team calls.
        is_moved: Whether the day that was asked for is closed.
    """

    lead: str
    asked: datetime
    wanted: date
    at: datetime
    due: datetime
    latest: datetime
    owner: Team
    is_moved: bool = False

    @property
    def touch(self) -> Touch:
        """
        The call as a touch that was asked for: an opt-out of marketing does not break the promise.
        """
        return Touch(
            id=touch_id(self.lead, _CALL_BACK, "call", self.asked, self.wanted.isoformat()),
            lead=self.lead,
            cadence=_CALL_BACK,
            send="call",
            channel="phone",
            purpose=Purpose.REQUESTED,
            at=self.at,
            reasons=(TouchReason.CLOSED,) if self.is_moved else (),
            why=f"moved from {self.wanted}: {TouchReason.CLOSED}" if self.is_moved else "",
            owner=self.owner.value,
        )

    def event(self) -> CallbackScheduled:
        """What to append to the log of the lead; the clocks of the lifecycle do the rest."""
        return CallbackScheduled(lead=self.lead, at=self.asked, due=self.due)

    def is_late(self, now: datetime) -> bool:
        """Whether the day has passed."""
        return _instants.aware(now, where="now") > self.due

    def is_missed(self, now: datetime) -> bool:
        """Whether the grace has passed, too: marketing gets the lead back."""
        return _instants.aware(now, where="now") > self.latest


def schedule_callback(
    lead: str,
    *,
    asked: datetime,
    after: relativedelta,
    calendar: WorkCalendar,
    owner: Team | str = Team.SALES,
    grace: Span = _GRACE,
    at: time = time(10),
) -> Callback:
    """
    Promise a call in a predetermined time.

    Args:
        lead: The id of the lead.
        asked: When they asked for it.
        after: How long after, by the calendar.
        calendar: The days and hours of those who call.
        owner: Which team calls: that is policy.
        grace: In working days; after it sales hands back.
        at: The local time of the call, if they work then: else when they begin to, or when their
            last hours of the day begin if *at* is after those.

    Returns:
        The promise; a closed day gives way to the next open one.

    Raises:
        InvalidValue: No delay ahead, or a grace that is not in working days.

    Source:
        Seed 004: leads ask to be called back in a predetermined time, and sales calls or passes
        them back.

    Example:
        >>> from datetime import UTC, datetime
        >>> friday = datetime(2026, 3, 6, 10, tzinfo=UTC)
        >>> in_june = schedule_callback("i-1", asked=friday, after=relativedelta(months=3),
        ...                             calendar=WorkCalendar())
        >>> print(in_june.touch)
        'call' by phone, planned 2026-06-08 10:00 UTC (moved from 2026-06-06: closed)
        >>> print(in_june.latest)
        2026-06-10 17:00:00+00:00
    """
    _fields.check_type(calendar, WorkCalendar, "calendar")
    asked = _instants.aware(asked, where="asked")
    first = asked.astimezone(calendar.zone).date()
    wanted = first + _named("after", as_whole_days, after)
    if wanted <= first:
        raise InvalidValue(expected="a delay of at least a day", got="none", where="after")
    _fields.check_type(grace, Span, "grace")
    if grace.clock is not Clock.WORKING_DAYS:
        got = grace.clock.value
        raise InvalidValue(expected="a grace of working days", got=got, where="grace")
    due, hour = calendar.closing(wanted), _named("at", as_hour, at)
    day = wanted
    while not calendar.is_open(day):  # there is one, since it closes
        day += _ONE_DAY
    return Callback(
        lead=_named("lead", _fields.identifier, lead),
        asked=asked,
        wanted=wanted,
        at=_instants.placed(datetime.combine(day, _worked(calendar, day, hour)), calendar.zone),
        due=due,
        latest=calendar.after(due, grace),
        owner=_fields.member(Team, owner, expected="a team", where="owner"),
        is_moved=day != wanted,
    )


def _worked(calendar: WorkCalendar, day: date, hour: time) -> time:
    """The first time from one on at which they work on a date; at the latest in its last window."""
    windows = calendar.windows_on(day)
    for window in windows:
        if hour < window[1] or passes_midnight(window):
            return max(hour, window[0])
    return windows[-1][0] if windows else hour


def _named(where: str, convert: Any, value: object) -> Any:
    return _fields.named(where, convert)(value)
