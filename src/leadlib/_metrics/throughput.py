"""
Throughput: how many leads come per period, how evenly, and what is left to do.

Sales cannot staff for an average: a week without leads and a week with twice as many cost more than
two weeks in the middle (seed 004).
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import zip_longest
from math import sqrt
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text
from leadlib._metrics.log import AnyStage, Log
from leadlib._metrics.origin import Origin, of_group, origin_of
from leadlib._metrics.reading import read_paths
from leadlib._metrics.splits import Split, as_groups, split
from leadlib._metrics.tables import LeadPaths, Question, check_column
from leadlib._periods import Period
from leadlib._rates import whole_number
from leadlib._results import Result, records
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = ["Pace", "Throughput", "ThroughputPlan", "in_process", "throughput"]

_FEWEST = 2  # counts that can differ
_UNEVEN = 0.5
_MOST = 10_000  # periods


class Pace(StrEnum):
    """
    Whether leads come evenly.

    Example:
        >>> print(Pace.INCONSISTENT)
        inconsistent
    """

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    NOT_KNOWN = "not known"


def _as_counts(counts: Iterable[int]) -> tuple[int, ...]:
    if isinstance(counts, str | bytes) or not isinstance(counts, Iterable):
        raise InvalidValue(expected="counts", got=_text.kind_of(counts))
    numbers = tuple(whole_number(count) for count in counts)
    if min(numbers, default=0) < 0:
        raise InvalidValue(expected="counts from 0 on", got="less")
    return numbers


def _as_starts(starts: Iterable[datetime]) -> tuple[datetime, ...]:
    """As they are given, so that a day reads as that day in its own zone."""
    given = tuple(starts)
    for start in given:
        _instants.aware(start)
    return given


@attrs.frozen(kw_only=True)
class ThroughputPlan(Result):
    """
    What a target asks of the periods that are left; made by :meth:`Throughput.against`.

    Args:
        target: How many leads are wanted, all together.
        periods: Within how many periods.
        gone: How many of them are over.
        done: How many leads came in those.
    """

    target: int
    periods: int
    gone: int
    done: int

    @property
    def planned(self) -> float:
        """How many should have come by now, were they to come evenly."""
        return float(Fraction(self.target * min(self.gone, self.periods), self.periods))

    @property
    def left(self) -> int:
        """How many are still to come; 0 once the target is met."""
        return max(self.target - self.done, 0)

    @property
    def per_period(self) -> float | None:
        """How many must come in each period that is left; None if none is left."""
        rest = self.periods - self.gone
        return float(Fraction(self.left, rest)) if rest > 0 else None

    def __str__(self) -> str:
        each = "-" if self.per_period is None else f"{self.per_period:,.1f}"
        return (
            f"{self.done:,} of {self.target:,} in {self.gone:,} of {self.periods:,} periods, "
            f"planned {self.planned:,.1f}; {self.left:,} left, {each} a period"
        )

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data."""
        computed = {"planned": self.planned, "left": self.left, "per_period": self.per_period}
        return attrs.asdict(self) | computed


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Throughput(Split):
    """
    How many leads came in each of several periods of one length, those with none included.

    Counted by :func:`throughput`, or given.

    Args:
        counts: One for each period, the first one first.
        starts: When each period began, if that is known.
        by: The label column of *groups*.
        groups: The same of each group; leads without a label are under the empty text.
        origin: What the numbers mean, and what they were read from; None if they were given.

    Raises:
        InvalidValue: Less than nothing, no whole numbers, or not as many starts as counts.

    Example:
        >>> weeks = Throughput(counts=[20, 22, 18, 0, 40, 20])
        >>> print(weeks)
        6 periods, mean 20.0, CV 0.636: inconsistent
        >>> print(weeks.against(260, periods=13))
        120 of 260 in 6 of 13 periods, planned 120.0; 140 left, 20.0 a period
    """

    counts: tuple[int, ...] = attrs.field(converter=_as_counts)
    starts: tuple[datetime, ...] = attrs.field(default=(), converter=_as_starts)
    by: str | None = None
    groups: Mapping[str, "Throughput"] = attrs.field(factory=dict, converter=as_groups, repr=False)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.starts and len(self.starts) != len(self.counts):
            expected, got = f"{len(self.counts)} starts", str(len(self.starts))
            raise InvalidValue(expected=expected, got=got, where="$.starts")

    @property
    def total(self) -> int:
        """All leads."""
        return sum(self.counts)

    @property
    def mean(self) -> float | None:
        """Leads a period; None of no period."""
        return float(Fraction(self.total, len(self.counts))) if self.counts else None

    @property
    def cv(self) -> float | None:
        """
        The coefficient of variation: the sample standard deviation in means.

        None of fewer than two periods, or without any lead.
        """
        n, total = len(self.counts), self.total
        if n < _FEWEST or not total:
            return None
        squares = sum((n * count - total) ** 2 for count in self.counts)  # n² times as large
        return sqrt(Fraction(squares, (n - 1) * total * total))

    @property
    def cv_by_chance(self) -> float | None:
        """
        The CV that chance alone would give, if leads came independently at an even pace (Poisson).

        With 4 leads a period that is 0.5: few leads never come evenly.
        """
        return sqrt(Fraction(len(self.counts), self.total)) if self.total else None

    def pace(self, most: float = _UNEVEN) -> Pace:
        """
        Say whether leads come evenly: ``CONSISTENT`` up to a CV of *most*, a rule of the house.

        Raises:
            InvalidValue: *most* is no number from 0 on.
        """
        limit = _amount(most, "most")
        if self.cv is None:
            return Pace.NOT_KNOWN
        return Pace.CONSISTENT if self.cv <= limit else Pace.INCONSISTENT

    def against(self, target: int, *, periods: int) -> ThroughputPlan:
        """
        Set what came against a plan, and plan anew for the rest.

        Args:
            target: How many leads are wanted, all together.
            periods: Within how many periods, those that are over included.

        Raises:
            InvalidValue: No whole numbers, a target below 0, or no period.
        """
        if (wanted := whole_number(target)) < 0:
            raise InvalidValue(expected="a target from 0 on", got="less", where="target")
        if (count := whole_number(periods)) < 1:
            raise InvalidValue(expected="at least one period", got="none", where="periods")
        return ThroughputPlan(target=wanted, periods=count, gone=len(self.counts), done=self.total)

    def _words(self) -> str:
        mean = "-" if self.mean is None else f"{self.mean:,.1f}"
        cv = "-" if self.cv is None else f"{self.cv:.3f}"
        line = f"{_text.plural(len(self.counts), 'period')}, mean {mean}, CV {cv}: {self.pace()}"
        rows = [
            (f"{start:%Y-%m-%d}", f"{count:,}")
            for start, count in zip(self.starts, self.counts, strict=False)
        ]
        return "\n".join([line, _text.text_table(("from", "leads"), rows)] if rows else [line])

    def _rows(self) -> list[dict[str, Any]]:
        """One row for each period; *start* is None if it is not known."""
        pairs = zip_longest((start.isoformat() for start in self.starts), self.counts)
        return records({"start": start, "leads": count} for start, count in pairs)

    def to_dict(self) -> dict[str, Any]:
        """The counts and figures as plain data."""
        return {
            "counts": [*self.counts],
            "starts": [start.isoformat() for start in self.starts],
            "mean": self.mean,
            "cv": self.cv,
            "cv_by_chance": self.cv_by_chance,
            "pace": self.pace().value,
            **self._said(),
        }


def throughput(
    log: Log,
    stage: AnyStage,
    *,
    since: datetime,
    every: Period | relativedelta | str,
    by: str | None = None,
    as_of: datetime | None = None,
) -> Throughput:
    """
    Count the leads that entered a stage, period by period.

    Args:
        log: The stage log.
        stage: The stage; a lead counts once, when it first entered it.
        since: When the first period begins; in its time zone the others begin, too, so that a week
            is a week when the clocks change.
        every: The length of a period in days, weeks, months or years, such as ``1 week``.
        by: A label column of the log: one more result for each group with a lead in the stage.
        as_of: The last visible instant; the last event unless given.

    Returns:
        One count for each whole period by *as_of*, zeros included; a period that is not over is
        left out, for it would look like a collapse.

    Raises:
        UnknownName: The log has no such stage or column.
        InvalidValue: No time zone, or periods of hours.
        LimitExceeded: More than 10,000 periods.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import StageLog
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "ready", day(2)), ("b", "ready", day(5)), ("c", "ready", day(16))])
        >>> throughput(log, "ready", since=day(2), every="1 week", as_of=day(23)).counts
        (2, 0, 1)
    """
    check_column(log, by)
    question = Question.of(log, [stage], as_of=as_of, closed=())
    starts = _starts(since, every, question.cut)
    edges = [_instants.micros(_instants.aware(start)) for start in starts]
    [name] = question.waterfall
    asked = {"since": _instants.aware(starts[0]).isoformat(), "every": str(Period.of(every))}
    origin = origin_of(log, question.cut, metric="throughput", stage=name, **asked)

    def count(paths: LeadPaths) -> Throughput:
        counted, only = paths.arrivals(edges), paths.question.only
        counts = [counted.get(place, 0) for place in range(len(edges) - 1)]
        own = of_group(origin, *only) if only else origin
        return Throughput(counts=counts, starts=starts[:-1], origin=own)

    return split(read_paths(log, question), by, count)


def _starts(since: datetime, every: object, cut: int) -> list[datetime]:
    """The start of every period that is over at *cut*, and of the next one."""
    starts, length = [_instants.aware(since, where="since")], _as_days(every)
    zone, unseen = since.tzinfo, _instants.from_micros(cut) + _instants.MICROSECOND
    local = starts[0].astimezone(zone).replace(tzinfo=None)
    while (following := _instants.placed(local + len(starts) * length, zone)) <= unseen:
        if len(starts) > _MOST:
            raise LimitExceeded(expected=f"at most {_MOST:,} periods", got="more", where="every")
        starts.append(following)
    return [start.astimezone(zone) for start in starts]


def _as_days(every: object) -> relativedelta:
    period = Period.of(every)
    if period.unit not in _CALENDAR:
        expected = "days, weeks, months or years"
        raise InvalidValue(expected=expected, got=period.unit, where="every")
    return relativedelta(**{period.unit: period.count})  # type: ignore[arg-type]


_CALENDAR = frozenset({"days", "months", "years"})


def in_process(rate: float | Decimal, time: float | Decimal) -> float:
    """
    Say how many leads are in process on average, by Little's law.

    Args:
        rate: How many come per unit of time, from 0 on.
        time: How long each stays, in the same unit, from 0 on.

    Raises:
        InvalidValue: No such number.

    Note:
        It holds for long-run averages of a process that neither grows nor drains, whatever the
        distribution of either.

    Source:
        Little, Operations Research 9 (1961) 383: L = λW.

    Example:
        >>> in_process(12, time=15)
        180.0
    """
    return float(_amount(rate, "rate") * _amount(time, "time"))


def _amount(value: Any, where: str) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValue(expected="a number from 0 on", got=_text.kind_of(value), where=where)
    amount = Fraction(_fields.finite(value))
    if amount < 0:
        raise InvalidValue(expected="a number from 0 on", got="less", where=where)
    return amount
