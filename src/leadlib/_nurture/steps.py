"""Steps: one contact of a cadence, its delay, its conditions, and the days that it falls on."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _text
from leadlib._channels import as_channel
from leadlib._nurture.touches import as_purpose
from leadlib.errors import InvalidValue
from leadlib.lifecycle import LeadEvent
from leadlib.model import Purpose
from leadlib.qualification import Criterion
from leadlib.worktime import Clock, Span

if TYPE_CHECKING:
    from dateutil.rrule import rrule  # three milliseconds, for those who use it

__all__ = ["ANCHOR", "Happening", "Step", "as_happenings", "as_whole_days"]

Happening = str | type[LeadEvent]

ANCHOR = date(2026, 1, 1)  # only to compare calendar delays
_LONGEST = relativedelta(years=10)
_MOST_DAYS, _MOST_MONTHS = 3_660, 120
_DELAY = "a relativedelta of whole days, weeks, months and years, or working_days(n)"
_ONE_DAY = timedelta(days=1)
# Weekdays and leap years come round after 28 years; past 9999 the library stops by itself.
_LATE = datetime(9971, 1, 1)  # noqa: DTZ001  # local days have no zone
_RULE = "a rule of dateutil that falls on days: DAILY, WEEKLY, MONTHLY or YEARLY, without hours"


def as_whole_days(value: object) -> relativedelta:
    """
    Whole days, months and years only.

    With hours in it a day becomes a date-time, which no holiday equals; an absolute part such as
    ``weekday`` is a date and no delay.
    """
    if not isinstance(value, relativedelta):
        raise InvalidValue(expected=_DELAY, got=_text.kind_of(value))
    days: object = value.days  # a float is let in by dateutil
    if not isinstance(days, int) or value != relativedelta(
        years=value.years, months=value.months, days=days
    ):
        raise InvalidValue(expected=_DELAY, got="one with other parts")
    months = 12 * value.years + value.months
    far = abs(days) > _MOST_DAYS or abs(months) > _MOST_MONTHS  # beyond the years of any date
    if far or ANCHOR + value > ANCHOR + _LONGEST:
        raise InvalidValue(expected="a delay of at most ten years", got="a longer")
    return value


def _as_delay(value: object) -> relativedelta | Span:
    if isinstance(value, Span):
        if value.clock is Clock.WORKING_DAYS:
            return value
        raise InvalidValue(expected=_DELAY, got="a span of another clock")
    return as_whole_days(value)


def _as_rhythm(value: Any) -> Any:
    """A delay that is repeated, or a rule that has been seen to fall on some day."""
    if value is None:
        return None
    if isinstance(value, relativedelta):
        return _ahead(as_whole_days(value))
    from dateutil.rrule import rrule  # noqa: PLC0415  # loaded where it is used

    if not isinstance(value, rrule):
        raise InvalidValue(expected=f"{_RULE}, or a relativedelta", got=_text.kind_of(value))
    parts = _parts(value)
    if parts["FREQ"] not in _BY_DAYS or parts.keys() & _HOURS:
        raise InvalidValue(expected=_RULE, got="one of hours, or of Easter")
    if next(iter(_anchored(value, _LATE, until=None)), None) is None:
        raise InvalidValue(expected="a rule that falls on some day", got="one that never does")
    return value


_BY_DAYS = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_HOURS = {"BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER"}
_FIXED = {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}


def _parts(rule: "rrule") -> dict[str, str]:
    """The parts of a rule, by the names that RFC 5545 gives them."""
    lines = dict(line.split(":", 1) for line in str(rule).splitlines())
    return dict(part.split("=", 1) for part in lines["RRULE"].split(";"))


def _rule(every: Any) -> str:
    """What two rules are told apart by: not the day on which they were written down."""
    return str(every if every is None or isinstance(every, relativedelta) else _parts(every))


def _ahead(delay: relativedelta) -> relativedelta:
    if ANCHOR + delay <= ANCHOR:
        raise InvalidValue(expected="a delay of at least a day", got="none, or one back")
    return delay


def _anchored(rule: "rrule", begin: datetime, *, until: str | None) -> "rrule":
    """The rule from a day on; its own beginning was whatever day it was written on."""
    end = None if until is None else datetime.combine(date.fromisoformat(until[:8]), time())
    return rule.replace(dtstart=begin, until=end, cache=False)


def as_happenings(value: Any) -> tuple[Happening, ...]:
    """Kinds of inquiries, by name, and kinds of events: one, several or none."""
    if value is None:
        return ()
    single = isinstance(value, str | type) or not isinstance(value, Iterable)
    return tuple(map(_as_happening, [value] if single else value))


def _as_happening(value: object) -> Happening:
    if isinstance(value, str):
        return _fields.identifier(value)
    if isinstance(value, type) and issubclass(value, LeadEvent) and value is not LeadEvent:
        return value
    got = f"the class {value.__name__}" if isinstance(value, type) else _text.kind_of(value)
    raise InvalidValue(expected="a kind of inquiry such as 'reply', or of event", got=got)


def _as_condition(value: object) -> Criterion | None:
    if value is None or isinstance(value, Criterion):
        return value
    raise InvalidValue(expected="a criterion", got=_text.kind_of(value))


def _as_times(value: object) -> int | None:
    if value is None or (_fields.is_whole(value) and isinstance(value, int) and value > 0):
        return value
    raise InvalidValue(expected="a number of times from 1 on", got=_text.kind_of(value))


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Step:
    """
    One contact of a cadence.

    Args:
        send: What to send; leadlib does not look inside.
        after: How long after the enrolment: by the calendar, so that a month after 31 January is
            28 February, or in open days of the cadence, as ``working_days(2)``.  At most ten
            years; the hour is that of the cadence.
        channel: ``mail``, ``phone``, ``sms``, ``auto call``, ``post``, ``invitation``, also as
            ``email``, ``telephone``, ``text``, or one of your own that no law knows.
        purpose: What for; consent is asked about it, and an opt-out is one of marketing.
        topic: What about; an opt-out of one topic holds back what may be about any.
        only_if: Sent only to leads of which this is known to hold.
        only_after: Sent only once one of these has happened since the enrolment: kinds of
            inquiries, such as ``"clicked"``, or of events, such as ``Reviewed``.
        unless: Not sent any more once one of these has happened since the enrolment.
        every: Sent again and again, after the first time: so much later each time, anchored on the
            enrolment so that no month drifts, or on the days of a rule of ``dateutil.rrule``.
        times: How often at most; endless unless given, if *every* is.
        at_once: As soon as it may be sent, not at the hour of the cadence: what somebody waits for,
            such as a confirmation.  Only without a delay, once.

    Raises:
        InvalidValue: A delay with hours or absolute parts, or beyond ten years; a rule that never
            falls on a day; conditions that contradict each other.

    Example:
        >>> from dateutil.rrule import MONTHLY, TU, rrule
        >>> news = Step(send="news", after=relativedelta(), every=rrule(MONTHLY, byweekday=TU(1)))
        >>> end_of_january = date(2026, 1, 31)
        >>> [day.isoformat() for _, day in zip(range(2), news.days(end_of_january, end_of_january))]
        ['2026-02-03', '2026-03-03']
    """

    send: str = attrs.field(converter=_fields.identifier)
    after: relativedelta | Span = attrs.field(converter=_as_delay)
    channel: str = attrs.field(default="mail", converter=as_channel)
    purpose: Purpose = attrs.field(default=Purpose.MARKETING, converter=as_purpose)
    topic: str | None = attrs.field(default=None, converter=_fields.label)
    only_if: Criterion | None = attrs.field(default=None, converter=_as_condition)
    only_after: tuple[Happening, ...] = attrs.field(default=(), converter=as_happenings)
    unless: tuple[Happening, ...] = attrs.field(default=(), converter=as_happenings)
    every: "relativedelta | rrule | None" = attrs.field(
        default=None, converter=_as_rhythm, eq=_rule, hash=False
    )
    times: int | None = attrs.field(default=None, converter=_as_times)
    at_once: bool = attrs.field(default=False, converter=_fields.yes_or_no)

    def __attrs_post_init__(self) -> None:
        if {*self.only_after} & {*self.unless}:
            expected = "other happenings than those it waits for"
            raise InvalidValue(expected=expected, got="one of them", where="$.unless")
        if self.times is not None and self.every is None:
            got = "times without a rhythm"
            raise InvalidValue(expected="how often together with every", got=got, where="$.times")
        if self.at_once and (self.every is not None or self.after != relativedelta()):
            got = "a delay or a rhythm"
            raise InvalidValue(expected="neither, to go at once", got=got, where="$.at_once")

    @property
    def is_endless(self) -> bool:
        """Whether it is sent again and again without an end."""
        if self.every is None or self.times is not None:
            return False
        if isinstance(self.every, relativedelta):
            return True
        return not _parts(self.every).keys() & {"COUNT", "UNTIL"}

    @property
    def falls_on_dates(self) -> bool:
        """Whether it comes on the same dates whichever day it is counted from."""
        if self.every is None or isinstance(self.every, relativedelta):
            return False
        parts = _parts(self.every)
        is_each = parts.get("INTERVAL", "1") == "1"
        return is_each and (parts["FREQ"] == "DAILY" or bool(parts.keys() & _FIXED))

    def days(self, enrolled: date, first: date) -> Iterator[date]:
        """The days that it is wanted on, given those of the enrolment and of the first time."""
        if self.every is None:
            yield first
            return
        for number, day in enumerate(self._all_days(enrolled, first)):
            if self.times is not None and number >= self.times:
                return
            yield day

    def _all_days(self, enrolled: date, first: date) -> Iterator[date]:
        every: Any = self.every
        if not isinstance(every, relativedelta):
            begin = datetime.combine(first, time())
            rule = _anchored(every, begin, until=_parts(every).get("UNTIL"))
            yield from (at.date() for at in rule)
            return
        day, number, after = first, 0, self.after
        while day.year < _BEYOND:
            yield day
            number += 1
            if isinstance(after, relativedelta):
                day = enrolled + (after + every * number)  # so that no month drifts
            else:
                day = first + every * number


_BEYOND = 2201
