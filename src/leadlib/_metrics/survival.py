"""
Time to event: how long it takes when not everybody is there yet.

Who is still on the way is censored: known to have taken at least so long.  Leaving them out makes
everything look fast, counting them as lost makes it look hopeless; here they stay at risk until
they are last seen.  All formulas work on one small table of counts, and tables add up.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property
from itertools import chain
from math import erfc, fsum, sqrt
from typing import Any, NamedTuple

import attrs

from leadlib import _fields
from leadlib._instants import MICROSECOND
from leadlib._metrics import pictures
from leadlib._metrics.curves import (
    DAY,
    ONE,
    UNITS,
    amount,
    check_share,
    days,
    first_with,
    in_days,
    interval_of,
    percent,
    span,
    step_at,
    table,
    unit_of,
)
from leadlib._metrics.durations import Durations, RiskSet, risk_sets
from leadlib._results import Result, records

__all__ = [
    "LogRank",
    "SurvivalCurve",
    "SurvivalStep",
    "kaplan_meier",
    "log_rank",
]


@attrs.frozen(kw_only=True)
class SurvivalStep:
    """
    One time of a survival curve.

    Args:
        time: Since the start.
        at_risk: How many were under observation, and without the event, just before.
        events: How many had it at this time.
        censored: How many were last seen at this time; they are at risk at it.
        survival: The share that is without the event just after.
        error: The standard error of *survival*; None once it is 0.
    """

    time: timedelta
    at_risk: int
    events: int
    censored: int
    survival: float
    error: float | None

    @property
    def interval(self) -> tuple[float, float] | None:
        """
        The 95 % interval of *survival*; None before the first event and once it is 0.

        Source:
            The log-log transformation: Kalbfleisch and Prentice, The Statistical Analysis of
            Failure Time Data (1980).
        """
        return interval_of(self.survival, self.error)

    def to_dict(self) -> dict[str, Any]:
        """The step as plain data; the time in days of 24 h."""
        low, high = self.interval or (None, None)
        plain = attrs.asdict(self) | {"low": low, "high": high}
        return {"days": plain.pop("time") / DAY} | plain


class _Row(NamedTuple):
    """A step as whole numbers: a curve has thousands of them, and few are ever looked at."""

    time: int  # microseconds
    at_risk: int
    events: int
    censored: int
    left: int  # of ONE
    spread: float  # of the variance, by Greenwood

    def step(self) -> SurvivalStep:
        return SurvivalStep(
            time=MICROSECOND * self.time,
            at_risk=self.at_risk,
            events=self.events,
            censored=self.censored,
            survival=self.left / ONE,
            error=self.left / ONE * sqrt(self.spread) if self.left else None,
        )


@attrs.frozen(kw_only=True, repr=False, slots=False)
class SurvivalCurve(Result):
    """
    Which share is still without the event after which time; made by :func:`kaplan_meier`.

    Prints as a table, and as a picture where pages are shown.

    Args:
        rows: The steps as whole numbers.
        leads: How many were observed.
        late: How many of them came under observation only after the start.
    """

    rows: tuple[_Row, ...]
    leads: int
    late: int = 0

    @cached_property
    def steps(self) -> tuple[SurvivalStep, ...]:
        """One for each time at which somebody had the event or was last seen."""
        return tuple(row.step() for row in self.rows)

    @property
    def events(self) -> int:
        """How many had the event."""
        return sum(row.events for row in self.rows)

    @property
    def censored(self) -> int:
        """How many were last seen without it."""
        return self.leads - self.events

    @property
    def median(self) -> timedelta | None:
        """The first time at which no more than half are without the event; None if never."""
        return self.quantile(0.5)

    @property
    def median_interval(self) -> tuple[timedelta | None, timedelta | None]:
        """
        The 95 % interval of the median; an end that was not reached is None.

        Source:
            Brookmeyer and Crowley, Biometrics 38 (1982) 29, with log-log intervals.
        """
        bounds = [(step.time, step.interval) for step in self.steps if step.interval]
        low = (time for time, (least, _) in bounds if least <= 1 / 2)
        high = (time for time, (_, most) in bounds if most <= 1 / 2)
        return next(low, None), next(high, self._end)

    @property
    def _end(self) -> timedelta | None:
        return self.steps[-1].time if self.steps and self.steps[-1].survival == 0 else None

    def at(self, time: timedelta) -> float | None:
        """
        The share without the event after *time*; None beyond the last observation.

        Raises:
            InvalidValue: No timedelta from 0 on.
        """
        step = step_at(self.steps, time)
        if step is None:
            return 1.0 if self.steps and time <= self.steps[-1].time else None
        is_beyond = step is self.steps[-1] and time > step.time
        return None if is_beyond and step.survival else step.survival

    def quantile(self, share: float) -> timedelta | None:
        """
        The first time by which at least *share* of all had the event; None if they never did.

        A survival that is equal to ``1 - share`` but for rounding counts as equal.

        Args:
            share: Above 0, up to 1; 0.5 asks for the median.

        Raises:
            InvalidValue: No such share.
        """
        check_share(share)
        shares = ((row.time, 1 - row.left / ONE) for row in self.rows if row.events)
        time = first_with(shares, share)
        return None if time is None else MICROSECOND * time

    def restricted_mean(self, until: timedelta) -> timedelta | None:
        """
        The mean time without the event within *until*: the area below the curve.

        None if nobody was observed for so long.

        Raises:
            InvalidValue: No timedelta from 0 on.
        """
        if self.at(until) is None:
            return None
        inside = [step for step in self.steps if step.time < until]
        times = [timedelta(0), *(step.time for step in inside), until]
        heights = [1.0, *(step.survival for step in inside)]
        spans = zip(heights, times, times[1:], strict=False)
        return timedelta(seconds=fsum(high * (b - a).total_seconds() for high, a, b in spans))

    def __repr__(self) -> str:
        return f"<SurvivalCurve of {self.leads:,}: {self.events:,} events>"

    def __str__(self) -> str:
        unit = unit_of(self.steps)
        head = (unit, "at risk", "events", "censored", "survival", "error", "95 % interval")
        return table(head, [_survival_cells(step, UNITS[unit]) for step in self.steps])

    def _picture(self) -> str:
        points = [(step.time / DAY, step.survival) for step in self.steps if step.events]
        half = (
            "not half of them had it"
            if self.median is None
            else f"half of them by {days(self.median)}"
        )
        title = f"Without the event, of {self.leads:,}: {half}"
        return pictures.steps(title, {"without the event": points}, start=1, **span(self.steps))

    def to_records(self) -> list[dict[str, Any]]:
        """The steps as rows of a table; times in days of 24 h."""
        return [step.to_dict() for step in self.steps]

    def to_dict(self) -> dict[str, Any]:
        """The curve as plain data; times in days of 24 h."""
        low, high = self.median_interval
        return {
            "leads": self.leads,
            "late": self.late,
            "events": self.events,
            "censored": self.censored,
            "median_days": in_days(self.median),
            "median_interval": [in_days(low), in_days(high)],
            "steps": self.to_records(),
        }


def _survival_cells(step: SurvivalStep, unit: timedelta) -> tuple[str, ...]:
    counts = [f"{count:,}" for count in (step.at_risk, step.events, step.censored)]
    error = "-" if step.error is None else f"{step.error:.4f}"
    bounds = "-"
    if step.interval:
        bounds = f"[{100 * step.interval[0]:.1f}, {100 * step.interval[1]:.1f}]"
    return (amount(step.time / unit), *counts, percent(step.survival), error, bounds)


def kaplan_meier(durations: Durations) -> SurvivalCurve:
    """
    Estimate which share is still without an event after which time; open cases are censored.

    Args:
        durations: The table; each cause is the event, see :meth:`Durations.only` for one of them.

    Returns:
        The curve, with Greenwood's standard error and log-log intervals.  Who is censored at a time
        is at risk at it; who enters late is at risk after the entry only.  Shares are whole
        multiples of 2⁻⁵³ and at most one of these for each step above the exact one.  Linear in the
        number of different times, after they are sorted.

    Note:
        If entries are late, those at risk early may be few; once all of them have had the event,
        the curve is 0 and stays there, whoever enters later.

    Raises:
        InvalidValue: No table, or one with more ends than entries at some time.

    Source:
        Kaplan and Meier, J. Am. Stat. Assoc. 53 (1958) 457; Greenwood (1926).

    Example:
        >>> from datetime import timedelta
        >>> hours = [(1, "reached"), (2, "reached"), (3, None), (4, "reached"), (9, None)]
        >>> curve = kaplan_meier(
        ...     Durations.from_rows((timedelta(hours=time), cause) for time, cause in hours))
        >>> print(curve)
        hours  at risk  events  censored  survival   error  95 % interval
        ─────  ───────  ──────  ────────  ────────  ──────  ─────────────
            1        5       1         0    80.0 %  0.1789   [20.4, 96.9]
            2        4       1         0    60.0 %  0.2191   [12.6, 88.2]
            3        3       0         1    60.0 %  0.2191   [12.6, 88.2]
            4        2       1         0    30.0 %  0.2387    [1.2, 71.9]
            9        1       0         1    30.0 %  0.2387    [1.2, 71.9]
        >>> print(curve.median)
        4:00:00
    """
    left, spread, rows = ONE, 0.0, []
    for time, n, _, died, censored in risk_sets(durations):
        if died:
            left -= left * died // n
            spread += died / (n * (n - died)) if n > died else 0.0
        rows.append(_Row(time, n, died, censored, left, spread))
    late = sum(durations.entries.values())
    return SurvivalCurve(rows=tuple(rows), leads=len(durations), late=late)


@attrs.frozen(kw_only=True)
class LogRank(Result):
    """
    Whether two curves differ; made by :func:`log_rank`.

    Args:
        observed: The events of both.
        expected: Those that each would have had if they did not differ.
        variance: Of the difference between observed and expected.
    """

    observed: tuple[int, int]
    expected: tuple[float, float]
    variance: float

    @property
    def chi2(self) -> float | None:
        """The statistic, with one degree of freedom; None if there was nothing to compare."""
        if not self.variance:
            return None
        return (self.observed[0] - self.expected[0]) ** 2 / self.variance

    @property
    def p(self) -> float | None:
        """The chance of a larger statistic if they do not differ."""
        return None if self.chi2 is None else erfc(sqrt(self.chi2 / 2))

    def __str__(self) -> str:
        if self.chi2 is None or self.p is None:
            return "-"
        pairs = zip(self.observed, self.expected, strict=True)
        seen = " against ".join(f"{count:,} events ({mean:,.1f} expected)" for count, mean in pairs)
        chance = f"p {self.p:.4f}" if self.p >= 1e-4 else "p < 0.0001"  # noqa: PLR2004
        return f"{seen}: chi-square {self.chi2:.3f}, {chance}"

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each of the two groups."""
        pairs = zip("ab", self.observed, self.expected, strict=True)
        test = {"chi2": self.chi2, "p": self.p}
        return records(
            {"group": g, "observed": n, "expected": mean, **test} for g, n, mean in pairs
        )

    def to_dict(self) -> dict[str, Any]:
        """The test as plain data."""
        plain = attrs.asdict(self) | {"chi2": self.chi2, "p": self.p}
        return plain | {"observed": list(self.observed), "expected": list(self.expected)}


def log_rank(a: Durations, b: Durations) -> LogRank:
    """
    Test whether two groups have their events at different paces.

    Args:
        a: One group; each cause is the event, see :meth:`Durations.only` for one of them.
        b: The other one.

    Raises:
        InvalidValue: Either is no table, or has more ends than entries at some time.

    Source:
        Mantel, Cancer Chemother. Rep. 50 (1966) 163; Peto and Peto, J. R. Stat. Soc. A 135 (1972)
        185; ties by the hypergeometric variance.

    Example:
        >>> from datetime import timedelta
        >>> fast, slow = (Durations.from_rows((timedelta(days=day), "won") for day in days)
        ...               for days in ([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]))
        >>> print(log_rank(fast, slow))
        6 events (2.1 expected) against 6 events (9.9 expected): chi-square 12.094, p 0.0005
    """
    for group in (a, b):
        _fields.check_type(group, Durations, "durations")
    times = {time for time, _ in chain(a.events, b.events)}
    pairs = [
        (own, other)
        for own, other in zip(_sets_at(a, times), _sets_at(b, times), strict=True)
        if own.at_risk + other.at_risk
    ]
    expected = fsum(_expected(own, other) for own, other in pairs)
    died = (sum(own.died for own, _ in pairs), sum(other.died for _, other in pairs))
    return LogRank(
        observed=died,
        expected=(expected, sum(died) - expected),
        variance=fsum(_variance(own, other) for own, other in pairs),
    )


def _sets_at(durations: Durations, times: set[int]) -> Iterator[RiskSet]:
    return (found for found in risk_sets(durations, times) if found.time in times)


def _expected(own: RiskSet, other: RiskSet) -> float:
    return (own.died + other.died) * own.at_risk / (own.at_risk + other.at_risk)


def _variance(own: RiskSet, other: RiskSet) -> float:
    n, died = own.at_risk + other.at_risk, own.died + other.died
    if n == 1:
        return 0.0
    return own.at_risk * other.at_risk * died * (n - died) / (n * n * (n - 1))
