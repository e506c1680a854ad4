"""
Time to event: how long it takes when not everybody is there yet.

Who is still on the way is censored: known to have taken at least so long.  Leaving them out makes
everything look fast, counting them as lost makes it look hopeless; here they stay at risk until
they are last seen.  All formulas work on one small table of counts, and tables add up.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import accumulate, chain
from math import erfc, exp, fsum, log, sqrt
from statistics import NormalDist
from typing import Any, Self

import attrs

from leadlib import _fields, _text, limits
from leadlib._instants import MICROSECOND
from leadlib._metrics import pictures
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName

__all__ = [
    "CumulativeIncidence",
    "Durations",
    "IncidenceStep",
    "LogRank",
    "SurvivalCurve",
    "SurvivalStep",
    "cumulative_incidence",
    "kaplan_meier",
    "log_rank",
]

_Z = NormalDist().inv_cdf(0.975)  # two-sided 95 %
_ONE = 2**53  # shares are whole multiples of 2**-53: floats that add up without rounding
_SHOWN = 24  # rows of a printed table
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def _counts(value: Any, is_key: Callable[[Any], bool]) -> Mapping[Any, int]:
    """A table of counts without its zeros, so that equal tables are equal."""
    if not isinstance(value, Mapping):
        raise InvalidValue(expected="a table of counts", got=_text.kind_of(value))
    if not all(is_key(key) and _is_count(count) for key, count in value.items()):
        raise InvalidValue(expected="whole numbers from 0 on, by time", got="others")
    return _fields.FrozenDict({key: count for key, count in value.items() if count})


def _is_count(value: Any) -> bool:
    return _fields.is_whole(value) and value >= 0


def _is_outcome(key: Any) -> bool:
    match key:
        case (time, str()):
            return _is_count(time)
    return False


def _as_events(value: Any) -> Mapping[tuple[int, str], int]:
    return _counts(value, _is_outcome)


def _as_censored(value: Any) -> Mapping[int, int]:
    return _counts(value, _is_count)


def _as_entries(value: Any) -> Mapping[int, int]:
    return _counts(value, lambda time: _is_count(time) and time > 0)


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class Durations:
    """
    How long it took, as a table of counts; tables of parts add up to that of the whole.

    Make one with :meth:`from_rows`, or let :func:`time_to_stage` read it from a log.

    Args:
        events: How many had which outcome after how many whole microseconds: (time, cause).
        censored: How many were last seen, without any outcome, after so many.
        entries: How many came under observation only after so many; all others at 0.

    Raises:
        InvalidValue: A count or a time is no whole number from 0 on.

    Example:
        >>> from datetime import timedelta
        >>> hour = timedelta(hours=1)
        >>> table = Durations.from_rows([(2 * hour, "reached"), (6 * hour, None)])
        >>> table + table
        <Durations of 4: 2 reached, 2 censored>
    """

    events: Mapping[tuple[int, str], int] = attrs.field(factory=dict, converter=_as_events)
    censored: Mapping[int, int] = attrs.field(factory=dict, converter=_as_censored)
    entries: Mapping[int, int] = attrs.field(factory=dict, converter=_as_entries)

    @classmethod
    def from_rows(cls, rows: Iterable[Sequence[Any]]) -> Self:
        """
        Count rows of (duration, cause), or (duration, cause, entry).

        Args:
            rows: In any order.  *duration* and *entry* are timedeltas from 0 on, to the
                microsecond; *cause* is text, None is censored; *entry* says after which time it
                came under observation, and lies before *duration* unless it is 0.

        Raises:
            InvalidValue: A row has another form; its number is named.
        """
        events, censored, entries = Counter[Any](), Counter[int](), Counter[int]()
        for number, row in enumerate(rows, start=1):
            time, cause, entry = _row(row, f"row {number}")
            if cause is None:
                censored[time] += 1
            else:
                events[time, cause] += 1
            if entry:
                entries[entry] += 1
        return cls(events=events, censored=censored, entries=entries)

    def __add__(self, other: "Durations") -> "Durations":
        if not isinstance(other, Durations):
            return NotImplemented
        return Durations(
            events=Counter(self.events) + Counter(other.events),
            censored=Counter(self.censored) + Counter(other.censored),
            entries=Counter(self.entries) + Counter(other.entries),
        )

    def __len__(self) -> int:
        return sum(self.events.values()) + sum(self.censored.values())

    @property
    def causes(self) -> tuple[str, ...]:
        """The outcomes that occurred, sorted."""
        return tuple(sorted({cause for _, cause in self.events}))

    def count(self, cause: str | None) -> int:
        """How many had that outcome; None counts the censored."""
        if cause is None:
            return sum(self.censored.values())
        return sum(count for (_, own), count in self.events.items() if own == cause)

    def only(self, *causes: str) -> "Durations":
        """
        The same table with every other outcome censored: for the hazard of these causes.

        One minus :func:`kaplan_meier` of it overstates what will have happened, since it lets those
        with another outcome go on; :func:`cumulative_incidence` does not.

        Raises:
            UnknownName: A cause did not occur.
        """
        for cause in causes:
            _check_cause(cause, self.causes)
        others = Counter(self.censored)
        for (time, cause), count in self.events.items():
            others[time] += 0 if cause in causes else count
        own = {key: count for key, count in self.events.items() if key[1] in causes}
        return attrs.evolve(self, events=own, censored=others)

    def __repr__(self) -> str:
        parts = [f"{self.count(cause):,} {cause}" for cause in self.causes]
        return (
            f"<Durations of {len(self):,}: {', '.join([*parts, f'{self.count(None):,} censored'])}>"
        )

    def to_dict(self) -> dict[str, Any]:
        """The table as plain data; times in whole microseconds."""
        return {
            "events": [
                [time, cause, self.events[time, cause]] for time, cause in sorted(self.events)
            ],
            "censored": [list(pair) for pair in sorted(self.censored.items())],
            "entries": [list(pair) for pair in sorted(self.entries.items())],
        }


def _row(row: Any, where: str) -> tuple[int, str | None, int]:
    if not isinstance(row, Sequence) or isinstance(row, str) or len(row) not in (2, 3):
        expected = "(duration, cause) or (duration, cause, entry)"
        raise InvalidValue(expected=expected, got=_text.kind_of(row), where=where)
    time, cause, *rest = row
    time, entry = _micros(time, where), _micros(rest[0], where) if rest else 0
    if entry >= time and entry:
        expected = "an entry before the end"
        raise InvalidValue(expected=expected, got="one at the end or after it", where=where)
    if cause is not None:
        cause = _text.clean(cause, where=where, limit=limits.ID_CHARACTERS)
    return time, cause, entry


def _micros(value: Any, where: str) -> int:
    if not isinstance(value, timedelta) or value < timedelta(0):
        got = "a negative one" if isinstance(value, timedelta) else _text.kind_of(value)
        raise InvalidValue(expected="a timedelta from 0 on", got=got, where=where)
    return value // MICROSECOND


def _check_cause(cause: Any, legal: Sequence[str]) -> None:
    if cause not in legal:
        got = repr(cause) if isinstance(cause, str) else _text.kind_of(cause)
        raise UnknownName(expected="an outcome that is counted", got=got, legal=legal)


@attrs.frozen
class _RiskSet:
    """Who could have an outcome at one time, and who had it."""

    time: int
    at_risk: int
    events: Mapping[str, int]
    censored: int

    @property
    def died(self) -> int:
        return sum(self.events.values())


def _risk_sets(durations: Durations, times: Iterable[int] = ()) -> Iterator[_RiskSet]:
    """At every time at which something happens, or that is asked for; the earliest first."""
    _fields.check_type(durations, Durations, "durations")
    events: dict[int, dict[str, int]] = {}
    for (time, cause), count in durations.events.items():
        events.setdefault(time, {})[cause] = count
    waiting = sorted(durations.entries, reverse=True)
    at_risk = len(durations) - sum(durations.entries.values())
    for time in sorted({*events, *durations.censored, *times}):
        while waiting and waiting[-1] < time:  # who enters at a time is at risk just after it
            at_risk += durations.entries[waiting.pop()]
        found = _RiskSet(time, at_risk, events.get(time, {}), durations.censored.get(time, 0))
        at_risk -= found.died + found.censored  # the censored of a time are still at risk at it
        if at_risk < 0:
            raise InvalidValue(expected="entries before the ends", got="more ends than entries")
        yield found


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
        return _interval(self.survival, self.error)

    def to_dict(self) -> dict[str, Any]:
        """The step as plain data; the time in days of 24 h."""
        low, high = self.interval or (None, None)
        plain = attrs.asdict(self) | {"low": low, "high": high}
        return {"days": plain.pop("time") / _DAY} | plain


def _interval(survival: float, error: float | None) -> tuple[float, float] | None:
    if not error or not 0 < survival < 1:
        return None
    wide = _Z * error / (survival * -log(survival))
    return survival ** exp(wide), survival ** exp(-wide)


@attrs.frozen(kw_only=True, repr=False)
class SurvivalCurve:
    """
    Which share is still without the event after which time; made by :func:`kaplan_meier`.

    Prints as a table, and as a picture where pages are shown.

    Args:
        steps: One for each time at which somebody had the event or was last seen.
        leads: How many were observed.
        late: How many of them came under observation only after the start.
    """

    steps: tuple[SurvivalStep, ...]
    leads: int
    late: int = 0

    @property
    def events(self) -> int:
        """How many had the event."""
        return sum(step.events for step in self.steps)

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
        step = _step_at(self.steps, time)
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
        _check_share(share)
        shares = ((step.time, 1 - step.survival) for step in self.steps if step.events)
        return _first(shares, share)

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
        unit = _unit_of(self.steps)
        head = (unit, "at risk", "events", "censored", "survival", "error", "95 % interval")
        return _table(head, [_survival_cells(step, _UNITS[unit]) for step in self.steps])

    def _repr_html_(self) -> str:
        points = [(step.time / _DAY, step.survival) for step in self.steps if step.events]
        half = (
            "not half of them had it"
            if self.median is None
            else f"half of them by {_days(self.median)}"
        )
        title = f"Without the event, of {self.leads:,}: {half}"
        return pictures.steps(title, {"without the event": points}, start=1, **_span(self.steps))

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
            "median_days": _in_days(self.median),
            "median_interval": [_in_days(low), _in_days(high)],
            "steps": self.to_records(),
        }


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
    left, spread, steps = _ONE, 0.0, []
    for found in _risk_sets(durations):
        n, died = found.at_risk, found.died
        left -= left * died // n
        spread += died / (n * (n - died)) if n > died else 0.0
        steps.append(
            SurvivalStep(
                time=MICROSECOND * found.time,
                at_risk=n,
                events=died,
                censored=found.censored,
                survival=left / _ONE,
                error=left / _ONE * sqrt(spread) if left else None,
            )
        )
    late = sum(durations.entries.values())
    return SurvivalCurve(steps=tuple(steps), leads=len(durations), late=late)


@attrs.frozen(kw_only=True)
class LogRank:
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
    for table in (a, b):
        _fields.check_type(table, Durations, "durations")
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


def _sets_at(durations: Durations, times: set[int]) -> Iterator[_RiskSet]:
    return (found for found in _risk_sets(durations, times) if found.time in times)


def _expected(own: _RiskSet, other: _RiskSet) -> float:
    return (own.died + other.died) * own.at_risk / (own.at_risk + other.at_risk)


def _variance(own: _RiskSet, other: _RiskSet) -> float:
    n, died = own.at_risk + other.at_risk, own.died + other.died
    if n == 1:
        return 0.0
    return own.at_risk * other.at_risk * died * (n - died) / (n * n * (n - 1))


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
        _check_cause(cause, tuple(self.shares))
        bounds = _interval(1 - self.shares[cause], self.errors[cause])
        return None if bounds is None else (1 - bounds[1], 1 - bounds[0])

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each cause; the time in days of 24 h."""
        return [
            {
                "days": self.time / _DAY,
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
class CumulativeIncidence:
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
        _check_cause(cause, self.causes)
        return None if (step := self._state(at)) is None else step.shares[cause]

    def interval(self, cause: str, at: timedelta | None = None) -> tuple[float, float] | None:
        """
        The 95 % interval of :meth:`share`; None where that is None, 0 or 1.

        Raises:
            UnknownName: No such cause.
            InvalidValue: No timedelta from 0 on.
        """
        _check_cause(cause, self.causes)
        return None if (step := self._state(at)) is None else step.interval(cause)

    def open(self, at: timedelta | None = None) -> float | None:
        """The share without any outcome by *at*; with all others it sums to 1 exactly."""
        return None if (step := self._state(at)) is None else step.open

    def _state(self, at: timedelta | None) -> IncidenceStep | None:
        """What holds at that time; None if nobody was observed for so long."""
        step = _step_at(self.steps, timedelta(0) if at is None else at)
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
        _check_cause(cause, self.causes)
        _check_share(share)
        shares = ((step.time, step.shares[cause]) for step in self.steps if step.events)
        return _first(shares, share)

    def __repr__(self) -> str:
        return f"<CumulativeIncidence of {self.leads:,}: {', '.join(self.causes) or 'nothing yet'}>"

    def __str__(self) -> str:
        unit = _unit_of(self.steps)
        head = (unit, "at risk", *self.causes, "open")
        return _table(head, [self._cells(step, _UNITS[unit]) for step in self.steps])

    def _cells(self, step: IncidenceStep, unit: timedelta) -> tuple[str, ...]:
        shares = [_percent(step.shares[cause]) for cause in self.causes]
        return (_amount(step.time / unit), f"{step.at_risk:,}", *shares, _percent(step.open))

    def _repr_html_(self) -> str:
        curves = {
            cause: [(step.time / _DAY, step.shares[cause]) for step in self.steps if step.events]
            for cause in self.causes
        }
        title = f"Outcomes of {self.leads:,}"
        return pictures.steps(title, curves, start=0, **_span(self.steps))

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
            "median_days": {cause: _in_days(self.quantile(cause, 0.5)) for cause in self.causes},
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
    sets = list(_risk_sets(durations))
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
        self.left = _ONE
        self.had = dict.fromkeys(names, 0)
        self.sums = {name: _DeltaSums() for name in names}

    def add(self, found: _RiskSet) -> None:
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
            share, own = self.had[name] / _ONE, found.events.get(name, 0)
            self.sums[name].add(before / _ONE, share, n=found.at_risk, died=died, own=own)

    def step(self, found: _RiskSet) -> IncidenceStep:
        shares = {name: had / _ONE for name, had in self.had.items()}
        return IncidenceStep(
            time=MICROSECOND * found.time,
            at_risk=found.at_risk,
            events=found.events,
            censored=found.censored,
            shares=shares,
            errors={name: self.sums[name].error(share) for name, share in shares.items()},
            open=self.left / _ONE,
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


def _step_at(steps: Sequence[Any], time: Any) -> Any:
    """The last step at or before *time*; None before the first."""
    _micros(time, "time")
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if steps[middle].time <= time else (low, middle)
    return steps[low - 1] if low else None


def _first(shares: Iterable[tuple[timedelta, float]], wanted: float) -> timedelta | None:
    """The first time with at least that share; each step may have rounded by one unit."""
    for number, (time, share) in enumerate(shares, start=1):
        if share + number / _ONE >= wanted:
            return time
    return None


def _check_share(share: Any) -> None:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        got = f"{share}" if isinstance(share, int | float) else _text.kind_of(share)
        raise InvalidValue(expected="a share above 0, up to 1", got=got, where="share")


_UNITS = {"days": _DAY, "hours": _HOUR, "minutes": _MINUTE}


def _unit_of(steps: Sequence[Any]) -> str:
    """Days, or hours if the last step comes within three of them, or minutes likewise."""
    longest = steps[-1].time if steps else timedelta(0)
    return "days" if longest > 3 * _DAY else "hours" if longest > 3 * _HOUR else "minutes"


def _span(steps: Sequence[Any]) -> dict[str, Any]:
    unit = _unit_of(steps)
    return {
        "until": steps[-1].time / _DAY if steps else 0.0,
        "unit": unit,
        "per": _DAY / _UNITS[unit],
    }


def _amount(count: float) -> str:
    return f"{count:,.2f}".rstrip("0").rstrip(".")


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _days(time: timedelta) -> str:
    return f"{time / _DAY:,.1f} days"


def _in_days(time: timedelta | None) -> float | None:
    return None if time is None else time / _DAY


def _survival_cells(step: SurvivalStep, unit: timedelta) -> tuple[str, ...]:
    counts = [f"{count:,}" for count in (step.at_risk, step.events, step.censored)]
    error = "-" if step.error is None else f"{step.error:.4f}"
    bounds = "-"
    if step.interval:
        bounds = f"[{100 * step.interval[0]:.1f}, {100 * step.interval[1]:.1f}]"
    return (_amount(step.time / unit), *counts, _percent(step.survival), error, bounds)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """All rows, or some of them evenly chosen, first and last included, and how many there are."""
    last = len(rows) - 1
    if last < _SHOWN:
        return _text.text_table(head, rows, left=0)
    shown = [rows[last * i // (_SHOWN - 1)] for i in range(_SHOWN)]
    return f"{_text.text_table(head, shown, left=0)}\n{_SHOWN} of {len(rows):,} steps"
