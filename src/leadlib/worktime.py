"""
Working time: clocks that run only while somebody is there to act.

A :class:`WorkCalendar` knows the opening hours of a team in its own zone; all arithmetic is on real
instants, so that a day on which the clocks change has 23 or 25 hours.  "24 hours" is a clock of its
own: elapsed time, nights and Sundays included.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from functools import cached_property
from types import UnionType
from typing import Any, Self, overload

import attrs

from leadlib import _fields, _instants, _pauses, _text, _week
from leadlib._openings import Always, Openings
from leadlib._pauses import Pause
from leadlib._week import Window
from leadlib.errors import InvalidValue, LimitExceeded, MissingExtra, UnknownName

__all__ = [
    "Clock",
    "Span",
    "WorkCalendar",
    "days",
    "hours",
    "national_holidays",
    "working_days",
    "working_hours",
]

_NINE_TO_FIVE: Mapping[int, tuple[Window, ...]] = {day: ((time(9), time(17)),) for day in range(5)}
_ONE_DAY = timedelta(days=1)
_ONE_HOUR = timedelta(hours=1)
_SEARCHED = 3_660  # days: ten years without an open hour is no calendar
_SEARCHED_MICROS = _SEARCHED * 86_400 * 1_000_000
_FIRST_YEAR, _LAST_YEAR = 1969, 2211  # ten years beyond the last instant
_NO_PAUSES: tuple[Pause, ...] = ()
_NO_DAYS: Mapping[date, tuple[Window, ...]] = {}
_ALWAYS = Always()


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


def _as_length(length: object) -> timedelta:
    if not isinstance(length, timedelta):
        got = _text.kind_of(length)
        raise InvalidValue(expected="a timedelta", got=got, where="length")
    return length


def _as_clock(clock: object) -> Clock:
    return _fields.member(Clock, clock, expected="a clock", where="clock")


@attrs.frozen
class Span:
    """
    A length of time on a clock; made by :func:`hours`, :func:`days`, :func:`working_hours`,
    :func:`working_days`.

    As text it is exact: in hours or days, or in minutes or seconds where hours would be rounded.

    Raises:
        InvalidValue: Not above zero, or working days that are not whole.
        LimitExceeded: More than ten years.

    Example:
        >>> print(hours(24), "or", working_days(2), "or", hours(1 / 3))
        24 hours or 2 working days or 20 minutes
    """

    length: timedelta = attrs.field(converter=_as_length)
    clock: Clock = attrs.field(default=Clock.ELAPSED, converter=_as_clock)
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

    @classmethod
    def parse(cls, text: str) -> Self:
        """
        Read a span as it prints: a number, ``working`` or not, and days, hours, minutes or seconds.

        Raises:
            InvalidValue: Any other form, nothing, working days that are not whole, or parts of a
                microsecond.
            LimitExceeded: More than ten years.

        Example:
            >>> Span.parse("8 working hours") == working_hours(8)
            True
            >>> print(Span.parse("1.5 hours"))
            1.5 hours
        """
        if not isinstance(text, str):
            raise InvalidValue(expected=_SPAN, got=_text.kind_of(text))
        form = _FORM.fullmatch(text)
        length = _whole_micros(form["count"], form["unit"]) if form else None
        if form is None or length is None:
            raise InvalidValue(
                expected=_SPAN, got=f"text of {len(text)} characters in another form"
            )
        return cls(_instants.MICROSECOND * length, _clock_named(form["working"], form["unit"]))

    def __str__(self) -> str:
        count, unit = self._count()
        working = "" if self.clock is Clock.ELAPSED else "working "
        return f"{count} {working}{unit if count == '1' else f'{unit}s'}"

    def _count(self) -> tuple[str, str]:
        """A number of at most six digits if it is exact in days, hours or minutes, or seconds."""
        for unit in self._units():
            count = f"{self._micros / _MICROS_IN[unit]:g}"
            if "e" not in count and _whole_micros(count, unit) == self._micros:
                return count, unit
        seconds, micros = divmod(self._micros, _MICROS_IN["second"])
        return f"{seconds}.{micros:06}".rstrip("0").rstrip("."), "second"

    def _units(self) -> tuple[str, ...]:
        whole_days = self.length % _ONE_DAY == timedelta(0) and self.length > _ONE_DAY
        if self.clock is Clock.WORKING_DAYS or (whole_days and self.clock is Clock.ELAPSED):
            return ("day",)
        return ("hour", "minute")


def _whole_micros(count: str, unit: str) -> int | None:
    """So many units; None if the last digit is less than a microsecond.  No float is asked."""
    whole, _, part = count.partition(".")
    micros, rest = divmod(int(whole + part) * _MICROS_IN[unit], 10 ** len(part))
    return None if rest else micros


def _clock_named(working: str | None, unit: str) -> Clock:
    if not working:
        return Clock.ELAPSED
    return Clock.WORKING_DAYS if unit == "day" else Clock.WORKING_HOURS


# Nine digits are more than ten years of seconds; ASCII ones only.
_FORM = re.compile(
    r"(?P<count>[0-9]{1,9}(\.[0-9]{1,9})?) (?P<working>working )?(?P<unit>day|hour|minute|second)s?"
)
_SPAN = "a span such as 24 hours, 1.5 hours, 14 days, 8 working hours or 2 working days"
_MICROS_IN = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
}
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
    """
    Open days of a calendar: the same time of day, that many open days later.

    What begins while the calendar is closed counts from when it opens next.
    """
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
    if hasattr(zone, "localize"):  # of pytz: it gives other hours unless asked in its own way
        return _instants.zone_named(str(zone))
    return zone


@attrs.frozen(kw_only=True, slots=False)
class WorkCalendar:
    """
    The opening hours of a team.

    Args:
        zone: Where the team works: a time zone, or its name such as ``Europe/Berlin``.
        hours: Weekday (0 is Monday) to windows of local time; nine to five on weekdays by default.
            Windows may adjoin.  Midnight as a closing time is the end of the day, so that
            ``(time(0), time(0))`` is the whole of it.  A window that closes earlier than it opens,
            such as ``(time(22), time(6))``, is a night shift: it closes on the next day, but
            belongs to the day on which it begins, and what it shares with the next day counts once.
        holidays: Closed dates; any collection of plain dates will do.  Objects that fill themselves
            only when asked for a date, as those of the library *holidays* do, are empty until then:
            expand them over their years first, as :func:`national_holidays` does.
        special: The hours of single dates, whatever the week and the holidays say: half a
            Christmas Eve, a Saturday at the fair.  No window at all is a closed day.

    Raises:
        InvalidValue: No such hours, or holidays that are no plain dates: text would be ignored.
        UnknownName: No zone of that name.

    Example:
        >>> from datetime import UTC, date, datetime, time
        >>> from zoneinfo import ZoneInfo
        >>> berlin = ZoneInfo("Europe/Berlin")
        >>> office = WorkCalendar(zone=berlin)
        >>> friday = datetime(2026, 1, 23, 16, tzinfo=berlin)
        >>> office.after(friday, working_hours(8)).astimezone(berlin).isoformat()
        '2026-01-26T16:00:00+01:00'
        >>> half = WorkCalendar(special={date(2026, 12, 24): [(time(9), time(12))]})
        >>> print(half.after(datetime(2026, 12, 24, 10, tzinfo=UTC), working_hours(3)))
        2026-12-25 10:00:00+00:00
    """

    zone: tzinfo = attrs.field(default=UTC, converter=_as_zone)
    hours: Mapping[int, tuple[Window, ...]] = attrs.field(
        default=_NINE_TO_FIVE,
        converter=_week.as_week,
        eq=lambda week: sorted(week.items()),
        hash=False,
    )
    holidays: frozenset[date] = attrs.field(default=frozenset(), converter=_week.as_holidays)
    special: Mapping[date, tuple[Window, ...]] = attrs.field(
        default=_NO_DAYS, converter=_week.as_special, hash=False
    )

    @overload
    def after(self, start: datetime, span: Span) -> datetime: ...

    @overload
    def after(self, start: datetime, span: Span, *, pauses: Iterable[Pause]) -> datetime | None: ...

    def after(
        self, start: datetime, span: Span, *, pauses: Iterable[Pause] = _NO_PAUSES
    ) -> datetime | None:
        """
        The earliest instant at which the span has passed since *start*, in UTC; to be done then is
        to be in time.

        Args:
            pauses: When the clock stands still, such as waiting for the customer: pairs of begin
                and end, in any order.  Where they overlap they count once; one that lasts has None
                as its end, and a clock that it stops before the span has passed has no deadline
                yet: None.

        Raises:
            InvalidValue: An instant without zone, a pause that is none, or pauses with working
                days, which are counted whole.
            LimitExceeded: The calendar does not open that long within ten years of *start*, or of
                the last pause before the end; or too many pauses.

        Example:
            >>> from datetime import UTC, datetime
            >>> monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
            >>> waiting = (monday.replace(hour=10), monday.replace(hour=12))
            >>> print(WorkCalendar().after(monday, working_hours(4), pauses=[waiting]))
            2026-03-02 15:00:00+00:00
            >>> print(WorkCalendar().after(monday, hours(24), pauses=[(monday, None)]))
            None
        """
        start = _instants.aware(start, where="start")
        if pauses is not _NO_PAUSES:
            return self._after_pauses(start, span, _pauses.read(pauses))
        if span.clock is _WORKING_HOURS:
            return self._end(self._openings, _instants.micros(start), span._micros)  # noqa: SLF001  # of this module
        if span.clock is Clock.ELAPSED:
            return start + span.length
        return self._after_days(start, span.length // _ONE_DAY)

    def _end(self, clock: Openings | Always, start: int, amount: int) -> datetime:
        end = clock.end_of(start, amount)
        if end is None or end - start > _SEARCHED_MICROS:
            raise self._closed()
        return _instants.from_micros(end)

    def _after_pauses(
        self, start: datetime, span: Span, pauses: Sequence[tuple[int, int]]
    ) -> datetime | None:
        if not pauses:
            return self.after(start, span)
        clock = self._clock(span.clock, where="span")
        amount = span._micros  # noqa: SLF001  # of this module
        run = _pauses.last_run(clock, _instants.micros(start), amount, pauses)
        return None if run is None else self._end(clock, *run)

    def _after_days(self, start: datetime, count: int) -> datetime:
        begun, moment = self._working_day(start.astimezone(self.zone).replace(tzinfo=None))
        day = begun
        for _ in range(_SEARCHED):
            count -= self.is_open(day := day + _ONE_DAY)
            if not count:
                return _instants.placed(moment + (day - begun), self.zone)
        raise self._closed()

    def _working_day(self, local: datetime) -> tuple[date, datetime]:
        """
        The working day that a local time is in, and the time; else the next one, as it begins.

        A break at noon is in the day, and so is the instant it closes; after midnight a night shift
        goes on.
        """
        for day in (local.date() - _ONE_DAY, local.date()):
            hours = self._span_of(day)
            if hours is not None and hours[0] <= local <= hours[1]:
                return day, local
        day = local.date()
        for _ in range(_SEARCHED):
            hours = self._span_of(day)
            if hours is not None and local < hours[0]:
                return day, hours[0]
            day += _ONE_DAY
        raise self._closed()

    def _span_of(self, day: date) -> tuple[datetime, datetime] | None:
        """From when to when the team is there on a local date, breaks included."""
        windows = self.windows_on(day)
        if not windows:
            return None
        closes = day + _ONE_DAY if _week.passes_midnight(windows[-1]) else day
        begin, end = windows[0][0], windows[-1][1]
        return datetime.combine(day, begin), datetime.combine(closes, end)

    def elapsed(
        self,
        start: datetime,
        end: datetime,
        *,
        clock: Clock = _WORKING_HOURS,
        pauses: Iterable[Pause] = _NO_PAUSES,
    ) -> timedelta:
        """
        The time on a clock between two instants; zero if *end* is not after *start*.

        It undoes :meth:`after` with the same pauses: at the deadline, exactly the span has passed.

        Args:
            clock: Working hours, or elapsed time.
            pauses: When the clock stands still, as in :meth:`after`.

        Raises:
            InvalidValue: An instant without zone, a pause that is none, or a clock of working days.
            LimitExceeded: Too many pauses.

        Example:
            >>> from datetime import UTC, datetime
            >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
            >>> print(WorkCalendar().elapsed(monday, friday))
            1 day, 8:00:00
        """
        start, end = _instants.aware(start, where="start"), _instants.aware(end, where="end")
        runs = self._clock(clock, where="clock")
        breaks = () if pauses is _NO_PAUSES else _pauses.read(pauses)
        if end <= start:
            return timedelta(0)
        since, until = _instants.micros(start), _instants.micros(end)
        ran = runs.between(since, until)
        if breaks:
            ran -= _pauses.stood(runs, since, until, breaks)
        return _instants.MICROSECOND * ran

    def _clock(self, clock: Clock, *, where: str) -> Openings | Always:
        if clock == _WORKING_HOURS:
            return self._openings
        if clock == Clock.ELAPSED:
            return _ALWAYS
        expected = f"a clock that can stand still: {Clock.ELAPSED} or {_WORKING_HOURS}"
        got = clock if clock == Clock.WORKING_DAYS else _text.kind_of(clock)
        raise InvalidValue(expected=expected, got=got, where=where)

    def is_open(self, day: date) -> bool:
        """Whether the team begins to work at all on that local date."""
        return bool(self.windows_on(day))

    def closing(self, day: date) -> datetime:
        """
        When the team closes on a date, or on the first open one after it: the end of a promise.

        Raises:
            InvalidValue: *day* is no plain date.
            LimitExceeded: The calendar does not open within ten years.

        Example:
            >>> from datetime import date
            >>> print(WorkCalendar().closing(date(2026, 6, 6)))  # a Saturday
            2026-06-08 17:00:00+00:00
        """
        given: object = day
        if not isinstance(given, date) or isinstance(given, datetime):
            raise InvalidValue(expected="a plain date", got=_text.kind_of(given), where="day")
        if not _FIRST_YEAR <= day.year < _LAST_YEAR:
            expected = f"a year from {_FIRST_YEAR} to {_LAST_YEAR - 1}"
            raise InvalidValue(expected=expected, got=f"the year {day.year}", where="day")
        for _ in range(_SEARCHED):
            hours = self._span_of(day)
            if hours is not None:
                return _instants.placed(hours[1], self.zone)
            day += _ONE_DAY
        raise self._closed()

    def windows_on(self, day: date) -> tuple[Window, ...]:
        """
        Give the local hours of a date, in order; those of a night end on the day after.

        Example:
            >>> from datetime import date
            >>> for opens, closes in WorkCalendar().windows_on(date(2026, 6, 8)):
            ...     print(opens, closes)
            09:00:00 17:00:00
        """
        if day in self.special:
            return self.special[day]
        return () if day in self.holidays else self.hours.get(day.weekday(), ())

    @cached_property
    def _openings(self) -> Openings:
        return Openings(windows_of=self._windows, first=_FIRST_YEAR, last=_LAST_YEAR)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def _windows(self, year: int) -> Iterator[tuple[int, int]]:
        """Windows that open in a local year, as real instants."""
        day, end = date(year, 1, 1), date(year + 1, 1, 1)
        while day < end:
            for window in self.windows_on(day):
                closing = day + _ONE_DAY if _week.passes_midnight(window) else day
                yield self._micros(day, window[0]), self._micros(closing, window[1])
            day += _ONE_DAY

    def _micros(self, day: date, moment: time) -> int:
        return _instants.micros(_instants.placed(datetime.combine(day, moment), self.zone))

    def _closed(self) -> LimitExceeded:
        return LimitExceeded(expected="the span within ten years", got="a calendar closed too long")


def national_holidays(
    country: str, *, years: Collection[int], subdivision: str | None = None
) -> frozenset[date]:
    """
    The public holidays of a country in some years, for :class:`WorkCalendar`; needs
    ``leadlib[holidays]``.

    Ask once for all the years that deadlines may reach: a year that was not asked for has none.

    Args:
        country: Its ISO code, such as ``DE``.
        years: Such as ``range(2026, 2029)``; from 1970 to 2199.
        subdivision: A state, canton or province, by the code that the library *holidays* has for
            it, such as ``BE`` for Berlin; without it, only what is closed in the whole country.

    Raises:
        InvalidValue: No years, or others.
        UnknownName: No such country or subdivision.
        MissingExtra: The library *holidays* is not installed.
    """
    wanted = _checked_years(years)
    library = _holidays_library()
    known = library.list_supported_countries()
    _check_code(country, known, expected="a country such as DE", where="country")
    if subdivision is not None:
        expected = f"a subdivision of {country}"
        _check_code(subdivision, known[country], expected=expected, where="subdivision")
    return frozenset(library.country_holidays(country, subdiv=subdivision, years=wanted))


def _checked_years(years: object) -> list[int]:
    legal = range(_instants.EARLIEST.year, _instants.LATEST.year)
    if isinstance(years, Collection) and years and all(year in legal for year in years):
        return sorted(set(years))
    expected = "years from 1970 to 2199, such as range(2026, 2029)"
    empty = isinstance(years, Collection) and not years
    got = "none" if empty else "others" if isinstance(years, Collection) else _text.kind_of(years)
    raise InvalidValue(expected=expected, got=got, where="years")


def _holidays_library() -> Any:
    try:
        import holidays  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        raise MissingExtra(
            expected="leadlib[holidays], which knows the holidays of countries", got="no holidays"
        ) from None
    return holidays


def _check_code(code: object, legal: Iterable[str], *, expected: str, where: str) -> None:
    if not isinstance(code, str) or code not in legal:
        got = repr(code[:16]) if isinstance(code, str) else _text.kind_of(code)
        raise UnknownName(expected=expected, got=got, where=where, legal=legal)
