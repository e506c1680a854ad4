"""
Windows: the same leads seen through a window of fixed length, and the ratio that is no conversion.

A rate that grows with the age of its leads compares nothing but ages.  So either all get the same
time and only those count that have had it, or the figure must not be called a conversion rate.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text
from leadlib._metrics.cohorts import Cohort, cohorts_of, month_begins, month_of, months_between
from leadlib._metrics.log import AnyStage, Log
from leadlib._metrics.offers import plain
from leadlib._metrics.origin import Origin, origin_of_paths
from leadlib._metrics.reading import read_paths
from leadlib._metrics.splits import Split, as_groups, split
from leadlib._metrics.tables import LeadPaths, Question, Window, check_column
from leadlib._periods import Period
from leadlib._rates import Rate
from leadlib.errors import InvalidValue

__all__ = [
    "PeriodRatio",
    "PeriodRatios",
    "WindowedCohort",
    "WindowedConversion",
    "converted_within",
    "period_ratios",
]

_LONGEST = 1_200  # months


@attrs.frozen(kw_only=True)
class WindowedCohort:
    """
    The leads that came in during one month, seen through a window.

    Args:
        month: Its first day.
        entered: How many leads.
        observed: How many of them were observed for the whole window.
        arrived: How many of those arrived within it.
    """

    month: date
    entered: int
    observed: int
    arrived: int

    @property
    def rate(self) -> Rate:
        """Arrived of observed; of nothing while the whole month is too young."""
        return Rate(self.arrived, self.observed)


@attrs.frozen(kw_only=True)
class WindowedConversion(Split):
    """
    How many leads arrived within a fixed time; made by :func:`converted_within`.

    Args:
        goal: The stage they are followed to.
        within: The window, in words.
        as_of: The last visible instant.
        months: One cohort for each month in which leads came in.
        by: The label column of *groups*.
        groups: The same of each group; leads without a label are under the empty text.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "months"

    goal: str
    within: str
    as_of: datetime
    months: tuple[WindowedCohort, ...]
    by: str | None = None
    groups: Mapping[str, "WindowedConversion"] = attrs.field(
        factory=dict, converter=as_groups, repr=False
    )
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def rate(self) -> Rate:
        """Arrived in time of all that were observed for the whole window."""
        arrived = sum(month.arrived for month in self.months)
        return Rate(arrived, sum(month.observed for month in self.months))

    @property
    def young(self) -> int:
        """How many leads were not yet observed long enough; they are in no rate."""
        return sum(month.entered - month.observed for month in self.months)

    def _words(self) -> str:
        head = ("month", "entered", "observed", "in time", "rate", "95 % interval")
        table = _text.text_table(head, [_cells(month) for month in self.months])
        title = f"{self.goal} within {self.within}: {self.rate}; {self.young:,} too young"
        return f"{title}\n{table}"

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "goal": self.goal,
            "within": self.within,
            "as_of": self.as_of.isoformat(),
            "converted": plain(self.rate),
            "young": self.young,
            "months": [
                {
                    "month": f"{month.month:%Y-%m}",
                    "entered": month.entered,
                    "converted": plain(month.rate),
                }
                for month in self.months
            ],
            **self._said(),
        }


def _cells(cohort: WindowedCohort) -> tuple[str, ...]:
    counts = [f"{n:,}" for n in (cohort.entered, cohort.observed, cohort.arrived)]
    return (f"{cohort.month:%Y-%m}", *counts, cohort.rate.percent, cohort.rate.bounds)


def converted_within(
    log: Log,
    *,
    stages: Sequence[AnyStage],
    within: Period | timedelta | relativedelta | str,
    by: str | None = None,
    as_of: datetime | None = None,
    zone: tzinfo = UTC,
) -> WindowedConversion:
    """
    Count how many leads reached the last of *stages* within a fixed time of their entry.

    Args:
        log: The stage log.
        stages: The waterfall; a lead enters with the first of them it has a date for.
        within: The window, such as ``30 days``, the end included; or in calendar months, whatever
            the day of entry: ``the month of entry``, ``1 month after that of entry``.
        by: A label column of the log: one more result for each group with a lead on the way.
        as_of: The last visible instant; the last event unless given.
        zone: Where months begin.

    Returns:
        Only leads that were observed for the whole window are in a rate, arrived or not: those
        among the young that were quick would flatter it.  Arrivals after the window do not count.

    Raises:
        UnknownName: A stage or column is not in the log.
        InvalidValue: No stages, one of them twice, or no window: a number has no unit.

    Source:
        Conversion within a fixed window: what survival analysis takes if all are observed so long.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import StageLog
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "lead", day(2)), ("b", "lead", day(2)), ("c", "lead", day(20)),
        ...     ("a", "won", day(9)), ("c", "won", day(21))])
        >>> print(converted_within(log, stages=["lead", "won"], within="7 days").rate)
        50.0 % [9.5, 90.5]
    """
    _fields.check_type(zone, tzinfo, "zone")
    check_column(log, by)
    paths = read_paths(log, Question.of(log, stages, as_of=as_of, closed=()))
    return split(paths, by, lambda own: _in_time(log, own, within, zone))


def _in_time(log: Log, paths: LeadPaths, within: object, zone: tzinfo) -> WindowedConversion:
    months = months_between(paths.span(), zone)
    words, window = _window(within, zone, months)
    counts = paths.in_time([month_begins(month, zone) for month in months], window)
    return WindowedConversion(
        goal=paths.question.waterfall[-1],
        within=words,
        as_of=_instants.from_micros(paths.question.cut),
        months=tuple(_cohorts(months, counts)),
        origin=origin_of_paths(log, paths, "converted within", within=words, zone=str(zone)),
    )


def _window(within: object, zone: tzinfo, months: Sequence[date]) -> tuple[str, Window]:
    later = _months_later(within)
    if later is None:
        period = _period(within)
        length = None if period.seconds is None else period.seconds * 1_000_000
        return str(period), Window(after=lambda at: _after(at, period, zone), length=length)
    if later > _LONGEST:
        expected = f"a number of months from 0 to {_LONGEST:,}"
        raise InvalidValue(expected=expected, got="another", where="within")
    beyond = relativedelta(months=later + 1)
    words = f"{_text.plural(later, 'month')} after that of entry" if later else _SAME_MONTH
    ends = {month: month_begins(month + beyond, zone) - 1 for month in months}
    return words, Window(after=lambda at: ends[month_of(at, zone)], ends=[*ends.values()])


_SAME_MONTH = "the month of entry"
_LATER = re.compile(r"([0-9]{1,6}) months? after that of entry")


def _months_later(within: object) -> int | None:
    """How many calendar months after that of entry count, too; None if it says another length."""
    if within == _SAME_MONTH:
        return 0
    form = _LATER.fullmatch(within) if isinstance(within, str) else None
    return int(form[1]) if form else None


def _period(within: object) -> Period:
    try:
        return Period.of(within)
    except InvalidValue as fault:
        got = fault.got
        if isinstance(within, int | float) and not isinstance(within, bool):
            got = "a number without a unit"
        raise InvalidValue(expected=fault.expected, got=got, where="within") from None


def _after(entry: int, period: Period, zone: tzinfo) -> int:
    if period.seconds is not None:
        return entry + period.seconds * 1_000_000
    local = _instants.from_micros(entry).astimezone(zone).replace(tzinfo=None)
    return _instants.micros(_instants.placed(period.after(local), zone))


def _cohorts(
    months: Sequence[date], counts: Mapping[tuple[int, bool, bool], int]
) -> Iterator[WindowedCohort]:
    for place, month in enumerate(months):
        in_time, late = (counts.get((place, True, arrived), 0) for arrived in (True, False))
        young = sum(counts.get((place, False, arrived), 0) for arrived in (True, False))
        if in_time + late + young:
            yield WindowedCohort(
                month=month,
                entered=in_time + late + young,
                observed=in_time + late,
                arrived=in_time,
            )


@attrs.frozen(kw_only=True)
class PeriodRatio:
    """
    What came in and what arrived in one month: not the same leads, so no conversion rate.

    Args:
        month: Its first day.
        entered: How many leads came in during the month.
        arrived: How many leads arrived during the month, whenever they had come in.
        cohort: The leads that came in during the month, and what became of them; None if none did.
    """

    month: date
    entered: int
    arrived: int
    cohort: Cohort | None

    @property
    def ratio(self) -> float | None:
        """Arrived for each that entered; may be above 1, and is None if nobody entered."""
        return self.arrived / self.entered if self.entered else None

    def to_dict(self) -> dict[str, Any]:
        """The month as plain data."""
        return {
            "month": f"{self.month:%Y-%m}",
            "entered": self.entered,
            "arrived": self.arrived,
            "period_ratio": self.ratio,
            "cohort": self.cohort.to_dict() if self.cohort else None,
        }


@attrs.frozen(kw_only=True)
class PeriodRatios(Split):
    """
    The period ratio of each month beside its cohort; made by :func:`period_ratios`.

    Args:
        goal: The stage in which leads arrive.
        months: One for each month in which leads came in or arrived.
        by: The label column of *groups*.
        groups: The same of each group; leads without a label are under the empty text.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "months"

    goal: str
    months: tuple[PeriodRatio, ...]
    by: str | None = None
    groups: Mapping[str, "PeriodRatios"] = attrs.field(
        factory=dict, converter=as_groups, repr=False
    )
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def _words(self) -> str:
        head = ("month", "entered", self.goal, "per 100 entered", "of its own leads")
        table = _text.text_table(head, [_ratio_cells(month) for month in self.months])
        return f"{table}\n{_NOTE}"

    def to_dict(self) -> dict[str, Any]:
        """All months as plain data."""
        months = [month.to_dict() for month in self.months]
        return {"goal": self.goal, "months": months, **self._said()}


_NOTE = (
    "'Per 100 entered' is no conversion rate: who arrives in a month may have come in long before."
)


def _ratio_cells(month: PeriodRatio) -> tuple[str, ...]:
    ratio = "-" if month.ratio is None else f"{100 * month.ratio:.1f}"
    share = month.cohort.share if month.cohort else "-"
    return (f"{month.month:%Y-%m}", f"{month.entered:,}", f"{month.arrived:,}", ratio, share)


def period_ratios(
    log: Log,
    *,
    stages: Sequence[AnyStage],
    by: str | None = None,
    as_of: datetime | None = None,
    closed: Iterable[AnyStage] | None = None,
    zone: tzinfo = UTC,
) -> PeriodRatios:
    """
    Set the arrivals of each month against its entries, beside what :func:`cohorts` says of it.

    A month of few entries after a month of many looks brilliant by this ratio, and it is the ratio
    that most reports call a conversion rate.  Use it for the load of teams, not to judge leads.

    Args:
        log: The stage log.
        stages: The waterfall; a lead enters with the first of them it has a date for and arrives
            with the last.
        by: A label column of the log: one more result for each group with a lead on the way.
        as_of: The last visible instant; the last event unless given.
        closed: The stages in which a story ends, as for :func:`funnel`.
        zone: Where months begin.

    Raises:
        UnknownName: A stage or column is not in the log.
        InvalidValue: No stages, or one of them twice.

    Source:
        The same artefact as in :func:`cohorts`: leads of different ages are mixed.
    """
    _fields.check_type(zone, tzinfo, "zone")
    check_column(log, by)
    paths = read_paths(log, Question.of(log, stages, as_of=as_of, closed=closed))
    return split(paths, by, lambda own: _ratios(log, own, zone))


def _ratios(log: Log, paths: LeadPaths, zone: tzinfo) -> PeriodRatios:
    found = cohorts_of(log, paths, zone)
    firsts = months_between(paths.span(), zone)
    counts = paths.arrivals([month_begins(month, zone) for month in firsts])
    arrived = Counter({firsts[place]: count for place, count in counts.items()})
    own = {cohort.month: cohort for cohort in found.months}
    months = (
        PeriodRatio(
            month=month,
            entered=own[month].entered if month in own else 0,
            arrived=arrived[month],
            cohort=own.get(month),
        )
        for month in sorted({*own, *arrived})
    )
    origin = origin_of_paths(log, paths, "period ratios", zone=str(zone))
    return PeriodRatios(goal=found.goal, months=tuple(months), origin=origin)
