"""
Competing ends: which share has had which outcome by which time.

Whoever ended otherwise will not reach the goal, so they may not be treated as still on the way.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from itertools import accumulate
from math import sqrt
from typing import Any

import attrs

from leadlib import _fields, limits
from leadlib._instants import MICROSECOND
from leadlib._metrics import pictures
from leadlib._metrics.curves import (
    DAY,
    ONE,
    UNITS,
    amount,
    check_share,
    first_with,
    in_days,
    interval_of,
    percent,
    span,
    step_at,
    table,
    unit_of,
)
from leadlib._metrics.durations import Durations, RiskSet, check_cause, risk_sets
from leadlib._results import Result
from leadlib.errors import LimitExceeded

__all__ = ["CumulativeIncidence", "IncidenceStep", "cumulative_incidence"]


def _as_frozen(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    return _fields.FrozenDict(mapping)


@attrs.frozen(kw_only=True)
class IncidenceStep:
    """
    One time of a cumulative incidence.

    Args:
        time: Since the start.
        at_risk: How many were under observation, and without any outcome, just before.
        events: How many had which outcome at this time, by cause.
        censored: How many were last seen at this time; they are at risk at it.
        shares: The share that has had each outcome by now, by cause.
        errors: The standard error of each share.
        open: The share without any outcome; with *shares* it sums to 1 exactly.
    """

    time: timedelta
    at_risk: int
    events: Mapping[str, int] = attrs.field(converter=_as_frozen)
    censored: int
    shares: Mapping[str, float] = attrs.field(converter=_as_frozen)
    errors: Mapping[str, float] = attrs.field(converter=_as_frozen)
    open: float

    def interval(self, cause: str) -> tuple[float, float] | None:
        """
        The 95 % interval of the share of *cause*; None if nobody has had it, or all have.

        It is that of :func:`kaplan_meier`, turned over, if there is one cause only.

        Raises:
            UnknownName: No such cause.
        """
        check_cause(cause, tuple(self.shares))
        bounds = interval_of(1 - self.shares[cause], self.errors[cause])
        return None if bounds is None else (1 - bounds[1], 1 - bounds[0])

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each cause; the time in days of 24 h."""
        return [
            {
                "days": self.time / DAY,
                "cause": cause,
                "at_risk": self.at_risk,
                "events": self.events.get(cause, 0),
                "censored": self.censored,
                "share": share,
                "error": self.errors[cause],
                "low": (self.interval(cause) or (None, None))[0],
                "high": (self.interval(cause) or (None, None))[1],
                "open": self.open,
            }
            for cause, share in self.shares.items()
        ]


@attrs.frozen(kw_only=True, repr=False)
class CumulativeIncidence(Result):
    """
    Which share has had which outcome by which time; made by :func:`cumulative_incidence`.

    Prints as a table, and as a picture where pages are shown.

    Args:
        causes: The outcomes that compete.
        steps: One for each time at which somebody had an outcome or was last seen.
        leads: How many were observed.
        late: How many of them came under observation only after the start.
    """

    causes: tuple[str, ...]
    steps: tuple[IncidenceStep, ...]
    leads: int
    late: int = 0

    def share(self, cause: str, at: timedelta | None = None) -> float | None:
        """
        The share that has had *cause* by *at*; None beyond the last observation, and of nobody.

        Args:
            cause: One of *causes*.
            at: Since the start; None asks for the last observation.

        Raises:
            UnknownName: No such cause.
            InvalidValue: No timedelta from 0 on.
        """
        check_cause(cause, self.causes)
        return None if (step := self._state(at)) is None else step.shares[cause]

    def interval(self, cause: str, at: timedelta | None = None) -> tuple[float, float] | None:
        """
        The 95 % interval of :meth:`share`; None where that is None, 0 or 1.

        Raises:
            UnknownName: No such cause.
            InvalidValue: No timedelta from 0 on.
        """
        check_cause(cause, self.causes)
        return None if (step := self._state(at)) is None else step.interval(cause)

    def open(self, at: timedelta | None = None) -> float | None:
        """The share without any outcome by *at*; with all others it sums to 1 exactly."""
        return None if (step := self._state(at)) is None else step.open

    def _state(self, at: timedelta | None) -> IncidenceStep | None:
        """What holds at that time; None if nobody was observed for so long."""
        step = step_at(self.steps, timedelta(0) if at is None else at)
        if not self.steps:
            return None
        last = self.steps[-1]
        if at is None or step is last:
            return None if at is not None and at > last.time and last.open else last
        none_yet = dict.fromkeys(self.causes, 0.0)
        return step or attrs.evolve(self.steps[0], shares=none_yet, open=1.0)

    def quantile(self, cause: str, share: float) -> timedelta | None:
        """
        The first time by which at least *share* of all have had *cause*; None if they never did.

        Raises:
            UnknownName: No such cause.
            InvalidValue: No share above 0, up to 1.
        """
        check_cause(cause, self.causes)
        check_share(share)
        shares = ((step.time, step.shares[cause]) for step in self.steps if step.events)
        return first_with(shares, share)

    def __repr__(self) -> str:
        return f"<CumulativeIncidence of {self.leads:,}: {', '.join(self.causes) or 'nothing yet'}>"

    def __str__(self) -> str:
        unit = unit_of(self.steps)
        head = (unit, "at risk", *self.causes, "open")
        return table(head, [self._cells(step, UNITS[unit]) for step in self.steps])

    def _cells(self, step: IncidenceStep, unit: timedelta) -> tuple[str, ...]:
        shares = [percent(step.shares[cause]) for cause in self.causes]
        return (amount(step.time / unit), f"{step.at_risk:,}", *shares, percent(step.open))

    def _picture(self) -> str:
        curves = {
            cause: [(step.time / DAY, step.shares[cause]) for step in self.steps if step.events]
            for cause in self.causes
        }
        title = f"Outcomes of {self.leads:,}"
        return pictures.steps(title, curves, start=0, **span(self.steps))

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each time and cause; times in days of 24 h."""
        return [record for step in self.steps for record in step.to_records()]

    def to_dict(self) -> dict[str, Any]:
        """The incidences as plain data; times in days of 24 h."""
        return {
            "leads": self.leads,
            "late": self.late,
            "shares": {cause: self.share(cause) for cause in self.causes},
            "open": self.open(),
            "median_days": {cause: in_days(self.quantile(cause, 0.5)) for cause in self.causes},
            "steps": self.to_records(),
        }


def cumulative_incidence(
    durations: Durations, *, causes: Iterable[str] = ()
) -> CumulativeIncidence:
    """
    Estimate which share has had which of several outcomes by which time.

    Args:
        durations: The table.
        causes: Outcomes that may occur, in this order; others of the table follow, sorted.

    Returns:
        The share of every cause and of those still open: they sum to 1 exactly, as floats, in any
        order.  With standard errors by the delta method.

    Raises:
        InvalidValue: No table, or one with more ends than entries at some time.
        LimitExceeded: More different causes than a report has stages.

    Source:
        Aalen and Johansen, Scand. J. Stat. 5 (1978) 141; Putter, Fiocco, Geskus, Statist. Med. 26
        (2007) 2389.  One minus the Kaplan-Meier curve of a single cause is too high.

    Example:
        >>> from datetime import timedelta
        >>> days = [(3, "won"), (5, "won"), (7, "won"), (10, "lost"), (12, None)]
        >>> print(cumulative_incidence(
        ...     Durations.from_rows((timedelta(days=time), cause) for time, cause in days)))
        days  at risk    lost     won    open
        ────  ───────  ──────  ──────  ──────
           3        5   0.0 %  20.0 %  80.0 %
           5        4   0.0 %  40.0 %  60.0 %
           7        3   0.0 %  60.0 %  40.0 %
          10        2  20.0 %  60.0 %  20.0 %
          12        1  20.0 %  60.0 %  20.0 %
    """
    sets = list(risk_sets(durations))
    names = tuple(dict.fromkeys([*causes, *durations.causes]))
    if len(names) > limits.STAGES:
        expected = f"at most {limits.STAGES} different causes"
        raise LimitExceeded(expected=expected, got=f"{len(names)}")
    sums, steps = _Shares(names), []
    for found in sets:
        sums.add(found)
        steps.append(sums.step(found))
    late = sum(durations.entries.values())
    return CumulativeIncidence(causes=names, steps=tuple(steps), leads=len(durations), late=late)


class _Shares:
    """The running sums of Aalen and Johansen, in units of 2**-53, and of their variances."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        self.left = ONE
        self.had = dict.fromkeys(names, 0)
        self.sums = {name: _DeltaSums() for name in names}

    def add(self, found: RiskSet) -> None:
        """
        Divide what is left among the causes and those who stay.

        The cuts are floors of running totals: nothing is lost, and nothing is left once all died.
        """
        before, died = self.left, found.died
        if not died:
            return
        totals = accumulate((found.events.get(name, 0) for name in self.names), initial=0)
        cuts = [before * total // found.at_risk for total in totals]
        self.left -= cuts[-1]
        for name, low, high in zip(self.names, cuts, cuts[1:], strict=False):
            self.had[name] += high - low
            share, own = self.had[name] / ONE, found.events.get(name, 0)
            self.sums[name].add(before / ONE, share, n=found.at_risk, died=died, own=own)

    def step(self, found: RiskSet) -> IncidenceStep:
        shares = {name: had / ONE for name, had in self.had.items()}
        return IncidenceStep(
            time=MICROSECOND * found.time,
            at_risk=found.at_risk,
            events=found.events,
            censored=found.censored,
            shares=shares,
            errors={name: self.sums[name].error(share) for name, share in shares.items()},
            open=self.left / ONE,
        )


class _DeltaSums:
    """
    The variance of one incidence F(t) by the delta method, in one pass.

    Σ (F(t) - F(tᵢ))² gᵢ + Σ S(tᵢ⁻)² dₖ (n - dₖ) / n³ - 2 Σ (F(t) - F(tᵢ)) S(tᵢ⁻) dₖ / n² with
    Greenwood's gᵢ = d / (n (n - d)), expanded into powers of F(t).
    """

    def __init__(self) -> None:
        self.g0 = self.g1 = self.g2 = self.h0 = self.h1 = self.own = 0.0

    def add(self, before: float, share: float, *, n: int, died: int, own: int) -> None:
        g = died / (n * (n - died)) if n > died else 0.0  # once all died, F stands still
        h = before * own / (n * n)
        self.g0, self.g1, self.g2 = self.g0 + g, self.g1 + g * share, self.g2 + g * share * share
        self.h0, self.h1 = self.h0 + h, self.h1 + h * share
        self.own += before * before * own * (n - own) / n**3

    def error(self, share: float) -> float:
        spread = self.g2 + share * (share * self.g0 - 2 * self.g1)
        variance = spread + self.own - 2 * (share * self.h0 - self.h1)
        return sqrt(variance) if variance > _NOISE else 0.0


_NOISE = 1e-18  # what rounding leaves of a variance that is 0
