"""
Working time: clocks that run only while somebody is there to act.

A :class:`WorkCalendar` knows the opening hours of a team in its own zone; all arithmetic is on real
instants, so that a day on which the clocks change has 23 or 25 hours.  "24 hours" is a clock of its
own: elapsed time, nights and Sundays included.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

import attrs

from leadlib import _instants
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = ["Clock", "Span", "WorkCalendar", "days", "hours", "working_days", "working_hours"]

Window = tuple[time, time]
_NINE_TO_FIVE: Mapping[int, tuple[Window, ...]] = {day: ((time(9), time(17)),) for day in range(5)}
_ONE_DAY = timedelta(days=1)
_SEARCHED = 3_660  # days: ten years without an open hour is no calendar


class Clock(StrEnum):
    """
    What a span counts.

    Example:
        >>> print(working_hours(8).clock)
        working hours
    """

    ELAPSED = "elapsed"
    WORKING_HOURS = "working hours"
    WORKING_DAYS = "working days"


@attrs.frozen
class Span:
    """
    A length of time on a clock; made by :func:`hours`, :func:`days`, :func:`working_hours`,
    :func:`working_days`.

    Example:
        >>> print(hours(24), "or", working_days(2))
        24 hours or 2 working days
    """

    length: timedelta
    clock: Clock = Clock.ELAPSED

    def __attrs_post_init__(self) -> None:
        if self.length <= timedelta(0):
            raise InvalidValue(expected="a span above zero", got=str(self.length))

    def __str__(self) -> str:
        in_days = self.length % _ONE_DAY == timedelta(0) and self.length > _ONE_DAY
        if self.clock is Clock.WORKING_DAYS or (in_days and self.clock is Clock.ELAPSED):
            count, unit = self.length / _ONE_DAY, "days"
        else:
            count, unit = self.length / timedelta(hours=1), "hours"
        working = "" if self.clock is Clock.ELAPSED else "working "
        return f"{count:g} {working}{unit if count != 1 else unit[:-1]}"


def hours(count: float) -> Span:
    """Elapsed hours, day and night."""
    return Span(timedelta(hours=count))


def days(count: float) -> Span:
    """Elapsed days of 24 hours."""
    return Span(timedelta(days=count))


def working_hours(count: float) -> Span:
    """Hours of an open calendar."""
    return Span(timedelta(hours=count), Clock.WORKING_HOURS)


def working_days(count: int) -> Span:
    """Open days of a calendar: the same time of day, that many open days later."""
    return Span(timedelta(days=count), Clock.WORKING_DAYS)


def _as_hours(hours_of: Mapping[int, Iterable[Window]]) -> dict[int, tuple[Window, ...]]:
    week = {day: tuple(sorted(windows)) for day, windows in hours_of.items()}
    for day, windows in week.items():
        ends = [moment for window in windows for moment in window]
        if day not in range(7) or ends != sorted(set(ends)):
            expected = "weekdays 0 to 6 with windows that open before they close and do not overlap"
            raise InvalidValue(expected=expected, got=f"weekday {day!r}", where="hours")
    if not any(week.values()):
        raise InvalidValue(expected="at least one open window", got="none", where="hours")
    return week


@attrs.frozen(kw_only=True)
class WorkCalendar:
    """
    The opening hours of a team.

    Args:
        zone: Where the team works.
        hours: Weekday (0 is Monday) to windows of local time; nine to five on weekdays by default.
        holidays: Closed dates; any set of dates will do.

    Example:
        >>> from datetime import datetime
        >>> from zoneinfo import ZoneInfo
        >>> berlin = ZoneInfo("Europe/Berlin")
        >>> office = WorkCalendar(zone=berlin)
        >>> friday = datetime(2026, 1, 23, 16, tzinfo=berlin)
        >>> office.after(friday, working_hours(8)).astimezone(berlin).isoformat()
        '2026-01-26T16:00:00+01:00'
    """

    zone: tzinfo = UTC
    hours: Mapping[int, tuple[Window, ...]] = attrs.field(
        default=_NINE_TO_FIVE, converter=_as_hours, eq=lambda week: sorted(week.items()), hash=False
    )
    holidays: frozenset[date] = attrs.field(default=frozenset(), converter=frozenset)

    def after(self, start: datetime, span: Span) -> datetime:
        """
        The earliest instant at which the span has passed since *start*, in UTC.

        Raises:
            LimitExceeded: The calendar does not open that long within ten years.
        """
        start = _instants.aware(start, where="start")
        match span.clock:
            case Clock.ELAPSED:
                return start + span.length
            case Clock.WORKING_HOURS:
                return self._after_work(start, span.length)
            case Clock.WORKING_DAYS:
                return self._after_days(start, span.length // _ONE_DAY)

    def _after_work(self, start: datetime, work: timedelta) -> datetime:
        for opens, closes in self._windows(start):
            begins = max(opens, start)
            if work <= closes - begins:
                return begins + work
            work -= max(closes - begins, timedelta(0))
        raise self._closed()

    def _after_days(self, start: datetime, count: int) -> datetime:
        local = start.astimezone(self.zone)
        day = local.date()
        for _ in range(_SEARCHED):
            count -= self.is_open(day := day + _ONE_DAY)
            if not count:
                return _instants.placed(datetime.combine(day, local.time()), self.zone)
        raise self._closed()

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Working time between two instants; zero if *end* is not after *start*."""
        start, end = _instants.aware(start, where="start"), _instants.aware(end, where="end")
        total = timedelta(0)
        for opens, closes in self._windows(start, until=end):
            total += max(min(closes, end) - max(opens, start), timedelta(0))
        return total

    def is_open(self, day: date) -> bool:
        """Whether the team works at all on that local date."""
        return day not in self.holidays and bool(self.hours.get(day.weekday()))

    def _windows(
        self, start: datetime, *, until: datetime | None = None
    ) -> Iterator[tuple[datetime, datetime]]:
        """Open windows as real instants, from the local day of *start* on."""
        day = start.astimezone(self.zone).date()
        last = until.astimezone(self.zone).date() if until else day + _SEARCHED * _ONE_DAY
        while day <= last:
            if self.is_open(day):
                for opens, closes in self.hours[day.weekday()]:
                    yield self._instant(day, opens), self._instant(day, closes)
            day += _ONE_DAY

    def _instant(self, day: date, moment: time) -> datetime:
        return _instants.placed(datetime.combine(day, moment), self.zone)

    def _closed(self) -> LimitExceeded:
        return LimitExceeded(expected="the span within ten years", got="a calendar closed too long")
