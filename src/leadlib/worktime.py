"""
Working time: clocks that run only while somebody is there to act.

A :class:`WorkCalendar` knows the opening hours of a team in its own zone; all arithmetic is on real
instants, so that a day on which the clocks change has 23 or 25 hours.  "24 hours" is a clock of its
own: elapsed time, nights and Sundays included.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from types import UnionType
from typing import Any

import attrs

from leadlib import _instants, _text
from leadlib._fields import FrozenDict
from leadlib._openings import Openings
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = ["Clock", "Span", "WorkCalendar", "days", "hours", "working_days", "working_hours"]

Window = tuple[time, time]
_NINE_TO_FIVE: Mapping[int, tuple[Window, ...]] = {day: ((time(9), time(17)),) for day in range(5)}
_ONE_DAY = timedelta(days=1)
_ONE_HOUR = timedelta(hours=1)
_MIDNIGHT = time(0)
_SEARCHED = 3_660  # days: ten years without an open hour is no calendar
_SEARCHED_MICROS = _SEARCHED * 86_400 * 1_000_000
_FIRST_YEAR, _LAST_YEAR = 1969, 2211  # ten years beyond the last instant


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


_WORKING_HOURS = Clock.WORKING_HOURS  # a member is looked up more slowly than a name


@attrs.frozen
class Span:
    """
    A length of time on a clock; made by :func:`hours`, :func:`days`, :func:`working_hours`,
    :func:`working_days`.

    Raises:
        InvalidValue: Not above zero, or working days that are not whole.
        LimitExceeded: More than ten years.

    Example:
        >>> print(hours(24), "or", working_days(2))
        24 hours or 2 working days
    """

    length: timedelta
    clock: Clock = Clock.ELAPSED
    _micros: int = attrs.field(init=False, repr=False, eq=False)

    @_micros.default
    def _counted(self) -> int:
        return self.length // _instants.MICROSECOND

    def __attrs_post_init__(self) -> None:
        if self.length <= timedelta(0):
            raise InvalidValue(expected="a span above zero", got=str(self.length))
        if self.length > _SEARCHED * _ONE_DAY:
            raise LimitExceeded(expected=_TEN_YEARS, got="a longer one")
        if self.clock is Clock.WORKING_DAYS and self.length % _ONE_DAY:
            raise InvalidValue(expected=_WHOLE_DAYS, got=str(self.length))

    def __str__(self) -> str:
        in_days = self.length % _ONE_DAY == timedelta(0) and self.length > _ONE_DAY
        if self.clock is Clock.WORKING_DAYS or (in_days and self.clock is Clock.ELAPSED):
            count, unit = self.length / _ONE_DAY, "days"
        else:
            count, unit = self.length / _ONE_HOUR, "hours"
        working = "" if self.clock is Clock.ELAPSED else "working "
        return f"{count:g} {working}{unit if count != 1 else unit[:-1]}"


_TEN_YEARS = "a span of at most ten years"
_WHOLE_DAYS = "a whole number of working days from 1 on"


def hours(count: float) -> Span:
    """Elapsed hours, day and night."""
    return Span(_length(count, _ONE_HOUR))


def days(count: float) -> Span:
    """Elapsed days of 24 hours."""
    return Span(_length(count, _ONE_DAY))


def working_hours(count: float) -> Span:
    """Hours of an open calendar."""
    return Span(_length(count, _ONE_HOUR), Clock.WORKING_HOURS)


def working_days(count: int) -> Span:
    """Open days of a calendar: the same time of day, that many open days later."""
    return Span(_length(count, _ONE_DAY, kinds=int, expected=_WHOLE_DAYS), Clock.WORKING_DAYS)


def _length(
    count: Any,
    unit: timedelta,
    *,
    kinds: type | UnionType = int | float,
    expected: str = "a number above zero",
) -> timedelta:
    """So many units; what is no length of time is refused before any arithmetic."""
    is_number = isinstance(count, kinds) and not isinstance(count, bool)
    if not is_number:
        raise InvalidValue(expected=expected, got=_text.kind_of(count), where="count")
    if not count > 0:  # NaN is neither above zero nor below
        raise InvalidValue(expected=expected, got="one that is not", where="count")
    if count > _SEARCHED * _ONE_DAY / unit:
        raise LimitExceeded(expected=_TEN_YEARS, got="a longer one", where="count")
    length: timedelta = unit * count
    return length


def _as_zone(zone: tzinfo | str) -> tzinfo:
    return _instants.zone_named(zone) if isinstance(zone, str) else _checked_zone(zone)


def _checked_zone(zone: object) -> tzinfo:
    if not isinstance(zone, tzinfo):
        expected = "a time zone or its IANA name"
        raise InvalidValue(expected=expected, got=_text.kind_of(zone), where="zone")
    return zone


def _as_hours(hours_of: Mapping[int, Iterable[Window]]) -> FrozenDict[int, tuple[Window, ...]]:
    """The week, checked; frozen, because a calendar that changes would move deadlines."""
    week = {day: _as_windows(day, windows) for day, windows in _items(hours_of)}
    if not any(week.values()):
        raise InvalidValue(expected="at least one open window", got="none", where="hours")
    return FrozenDict(week)


def _items(hours_of: object) -> Iterable[tuple[Any, Any]]:
    if not isinstance(hours_of, Mapping):
        raise InvalidValue(expected=_WEEK, got=_text.kind_of(hours_of), where="hours")
    return hours_of.items()


def _as_windows(day: object, windows: object) -> tuple[Window, ...]:
    if isinstance(windows, Iterable) and isinstance(day, int) and day in range(7):
        taken = tuple(windows)
        if all(map(_is_window, taken)):
            ordered = tuple(sorted((opens, closes) for opens, closes in taken))
            if _in_order(ordered):
                return ordered
    raise InvalidValue(expected=_WEEK, got=f"weekday {day!r}", where="hours")


_WEEK = "weekdays 0 to 6 with windows that open before they close and do not overlap"


def _is_window(window: object) -> bool:
    """Two local times; the zone is that of the calendar."""
    return (
        isinstance(window, tuple | list)
        and len(window) == 2  # noqa: PLR2004  # from and to
        and all(isinstance(moment, time) and moment.tzinfo is None for moment in window)
    )


def _in_order(windows: Iterable[Window]) -> bool:
    """Whether windows open before they close and do not overlap; they may adjoin."""
    spans = [((False, opens), (closes == _MIDNIGHT, closes)) for opens, closes in windows]
    forward = all(opens < closes for opens, closes in spans)
    return forward and all(before[1] <= after[0] for before, after in pairwise(spans))


def _as_holidays(closed: Iterable[date]) -> frozenset[date]:
    return frozenset(map(_as_day, _each(closed)))


def _each(closed: object) -> Iterable[object]:
    if not isinstance(closed, Iterable):
        raise _no_dates(closed)
    return closed


def _as_day(day: object) -> date:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise _no_dates(day)
    return day


def _no_dates(got: object) -> InvalidValue:
    return InvalidValue(expected=_DATES, got=_text.kind_of(got), where="holidays")


_DATES = "plain dates, without time"


@attrs.frozen(kw_only=True, slots=False)
class WorkCalendar:
    """
    The opening hours of a team.

    Args:
        zone: Where the team works: a time zone, or its name such as ``Europe/Berlin``.
        hours: Weekday (0 is Monday) to windows of local time; nine to five on weekdays by default.
            Windows may adjoin.  Midnight as a closing time is the end of the day, so that
            ``(time(0), time(0))`` is the whole of it.
        holidays: Closed dates; any collection of plain dates will do.  Objects that fill themselves
            only when asked for a date, as those of the library *holidays* do, are empty until then:
            expand them over their years first (``holidays.Germany(years=range(2026, 2030))``).

    Raises:
        InvalidValue: No such hours, or holidays that are no plain dates: text would be ignored.
        UnknownName: No zone of that name.

    Example:
        >>> from datetime import datetime
        >>> from zoneinfo import ZoneInfo
        >>> berlin = ZoneInfo("Europe/Berlin")
        >>> office = WorkCalendar(zone=berlin)
        >>> friday = datetime(2026, 1, 23, 16, tzinfo=berlin)
        >>> office.after(friday, working_hours(8)).astimezone(berlin).isoformat()
        '2026-01-26T16:00:00+01:00'
    """

    zone: tzinfo = attrs.field(default=UTC, converter=_as_zone)
    hours: Mapping[int, tuple[Window, ...]] = attrs.field(
        default=_NINE_TO_FIVE, converter=_as_hours, eq=lambda week: sorted(week.items()), hash=False
    )
    holidays: frozenset[date] = attrs.field(default=frozenset(), converter=_as_holidays)

    def after(self, start: datetime, span: Span) -> datetime:
        """
        The earliest instant at which the span has passed since *start*, in UTC.

        Raises:
            LimitExceeded: The calendar does not open that long within ten years.
        """
        start = _instants.aware(start, where="start")
        if span.clock is _WORKING_HOURS:
            return self._after_work(start, span._micros)  # noqa: SLF001  # of this module
        if span.clock is Clock.ELAPSED:
            return start + span.length
        return self._after_days(start, span.length // _ONE_DAY)

    def _after_work(self, start: datetime, amount: int) -> datetime:
        begin = _instants.micros(start)
        end = self._openings.end_of(begin, amount)
        if end is None or end - begin > _SEARCHED_MICROS:
            raise self._closed()
        return _instants.from_micros(end)

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
        if end <= start:
            return timedelta(0)
        between = self._openings.between(_instants.micros(start), _instants.micros(end))
        return between * _instants.MICROSECOND

    def is_open(self, day: date) -> bool:
        """Whether the team works at all on that local date."""
        return day not in self.holidays and bool(self.hours.get(day.weekday()))

    @cached_property
    def _openings(self) -> Openings:
        return Openings(windows_of=self._windows, first=_FIRST_YEAR, last=_LAST_YEAR)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def _windows(self, year: int) -> Iterator[tuple[int, int]]:
        """Open windows of a local year as real instants."""
        day, end = date(year, 1, 1), date(year + 1, 1, 1)
        while day < end:
            if self.is_open(day):
                for opens, closes in self.hours[day.weekday()]:
                    closing = day + _ONE_DAY if closes == _MIDNIGHT else day
                    yield self._micros(day, opens), self._micros(closing, closes)
            day += _ONE_DAY

    def _micros(self, day: date, moment: time) -> int:
        return _instants.micros(self._instant(day, moment))

    def _instant(self, day: date, moment: time) -> datetime:
        return _instants.placed(datetime.combine(day, moment), self.zone)

    def _closed(self) -> LimitExceeded:
        return LimitExceeded(expected="the span within ten years", got="a calendar closed too long")
