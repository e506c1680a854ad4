"""Periods of time as people say them: ``30 days``, ``3 months``; one number and one unit."""

import re
from datetime import datetime, timedelta
from typing import Self

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _text
from leadlib.errors import InvalidValue

__all__ = ["Period"]

_SECONDS = {"minutes": 60, "hours": 3_600, "days": 86_400}
_ABOUT = {**_SECONDS, "months": 30 * 86_400, "years": 365 * 86_400}
_LARGER = {"minutes": (60, "hours"), "hours": (24, "days"), "months": (12, "years")}
_FORM = re.compile(r"([0-9]{1,6}) (minute|hour|day|week|month|year)s?")
_LONGEST = 36_525 * 86_400  # a hundred years
_EXPECTED = (
    "a period such as 30 days: a whole number of minutes, hours, days, weeks, months or years"
)


@attrs.frozen
class Period:
    """
    A length of time in one unit; months and years follow the calendar.

    Args:
        count: How many, from 1 on.
        unit: ``minutes``, ``hours``, ``days``, ``months`` or ``years``.

    What is as long is the same: :meth:`of` takes 2 weeks as 14 days and 24 hours as 1 day.

    Example:
        >>> from datetime import UTC, datetime
        >>> print(Period(1, "months"), Period(1, "months").after(datetime(2026, 1, 31, tzinfo=UTC)))
        1 month 2026-02-28 00:00:00+00:00
    """

    count: int
    unit: str

    def __attrs_post_init__(self) -> None:
        if not _is_whole(self.count) or self.unit not in _ABOUT or self.count < 1:
            raise InvalidValue(expected=_EXPECTED, got="another")
        if self.count * _ABOUT[self.unit] > _LONGEST:
            raise InvalidValue(expected="a period of at most 100 years", got="a longer one")

    @classmethod
    def of(cls, value: object) -> Self:
        """
        Take a period from a timedelta, a relativedelta or text.

        Raises:
            InvalidValue: It is not one whole number of one unit.
        """
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls._read(value)
        if isinstance(value, timedelta):
            return cls._of_seconds(value)
        if isinstance(value, relativedelta):
            return cls._of_delta(value)
        raise InvalidValue(expected=_EXPECTED, got=_text.kind_of(value))

    @classmethod
    def _read(cls, text: str) -> Self:
        form = _FORM.fullmatch(text)
        if form is None:
            raise InvalidValue(expected=_EXPECTED, got=f"text of {len(text)} characters")
        count, unit = int(form[1]), f"{form[2]}s"
        return cls._simplest(7 * count, "days") if unit == "weeks" else cls._simplest(count, unit)

    @classmethod
    def _of_seconds(cls, value: timedelta) -> Self:
        count, rest = divmod(value, timedelta(minutes=1))
        if rest:
            raise InvalidValue(expected=_EXPECTED, got="one with seconds")
        return cls._simplest(count, "minutes")

    @classmethod
    def _simplest(cls, count: int, unit: str) -> Self:
        """In the largest unit that makes it a whole number."""
        while unit in _LARGER and count % _LARGER[unit][0] == 0:
            count, unit = count // _LARGER[unit][0], _LARGER[unit][1]
        return cls(count, unit)

    @classmethod
    def _of_delta(cls, value: relativedelta) -> Self:
        months = 12 * int(value.years) + int(value.months)
        fixed = timedelta(
            days=value.days,
            hours=value.hours,
            minutes=value.minutes,
            seconds=value.seconds,
            microseconds=value.microseconds,
        )
        seconds, micros = divmod(fixed // timedelta(microseconds=1), 1_000_000)
        absolute = relativedelta(months=months, seconds=seconds, microseconds=micros)
        if (months and fixed) or absolute.normalized() != value.normalized():
            raise InvalidValue(expected=_EXPECTED, got="a relativedelta of several parts")
        return cls._simplest(months, "months") if months else cls._of_seconds(fixed)

    @property
    def seconds(self) -> int | None:
        """Its fixed length; None for months and years, which have none."""
        return self.count * _SECONDS[self.unit] if self.unit in _SECONDS else None

    def after(self, at: datetime) -> datetime:
        """The instant that much later; months end where the month ends."""
        if self.seconds is not None:
            return at + timedelta(seconds=self.seconds)
        return at + relativedelta(**{self.unit: self.count})  # type: ignore[arg-type]

    def before(self, at: datetime) -> datetime:
        """The instant that much earlier."""
        if self.seconds is not None:
            return at - timedelta(seconds=self.seconds)
        return at - relativedelta(**{self.unit: self.count})  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"{self.count} {self.unit[:-1] if self.count == 1 else self.unit}"


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
