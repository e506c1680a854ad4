"""
Rates that never travel without their count, base and interval, and what two of them say together.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import combinations
from math import copysign, exp, fsum, hypot, sqrt
from operator import index
from typing import Any, Protocol

import attrs

from leadlib import _text
from leadlib._results import Result
from leadlib._tails import chi_square_tail
from leadlib.errors import DefinitionMismatch, InvalidValue, LimitExceeded

__all__ = [
    "LEVEL",
    "Benchmark",
    "Comparison",
    "Defined",
    "Rate",
    "check_defined",
    "check_range",
    "compare",
    "rate_of",
    "shown_chance",
    "shown_points",
    "whole_number",
    "wilson_interval",
]

_Z = 1.959963984540054  # two-sided 95 %
_MANY = 1_000
_LARGEST = 10**18  # as for every number of leadlib
LEVEL = 0.05
_SMALL_CELL = 5  # Cochran's rule: below it the z test is too bold
_WIDEST = 25_000  # standard deviations of Fisher's table, in leads: about a second of work
_TIE = 1 + 1e-7  # tables as probable as ours, but for rounding


def wilson_interval(k: int, n: int) -> tuple[float, float]:
    """
    The 95 % score interval of *k* among *n*.

    Args:
        k: Successes, from 0 to n.
        n: Trials, at least 1.

    Returns:
        Lower and upper bound in [0, 1].

    Source:
        Wilson's interval without continuity correction; Newcombe, Statist. Med. 17 (1998) 857,
        method 3.

    Example:
        >>> low, high = wilson_interval(60, 400)
        >>> print(f"{low:.6f} {high:.6f}")
        0.118345 0.188314
    """
    if not 0 <= k <= n or n == 0:
        raise InvalidValue(expected="0 <= k <= n and n > 0", got=f"k = {k}, n = {n}")
    p, z2 = k / n, _Z * _Z
    middle = p + z2 / (2 * n)
    half = _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return 0.0 if k == 0 else max(low, 0.0), 1.0 if k == n else min(high, 1.0)


def whole_number(value: Any) -> int:
    """A whole number of any library; yes and no are none."""
    try:
        number = index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise InvalidValue(expected="a whole number", got=_text.kind_of(value))
    if number >= _LARGEST:
        raise InvalidValue(expected="a number below 1e18", got="one far beyond")
    return number


class Benchmark(StrEnum):
    """
    Where a rate stands against a usual range; said by its interval, never by its point.

    Example:
        >>> print(Rate(12, 300).against(0.05, 0.15))
        inconclusive
    """

    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"
    INCONCLUSIVE = "inconclusive"


@attrs.frozen(order=False)
class Rate(Result):
    """
    A share with what it is a share of.

    Args:
        k: How many.
        n: Of how many.

    Raises:
        InvalidValue: More than all, fewer than none, or no whole numbers.

    Example:
        >>> print(Rate(842, 8000))
        10.525 % [9.871, 11.217]
        >>> print(Rate(0, 0))
        -
    """

    k: int = attrs.field(converter=whole_number)
    n: int = attrs.field(converter=whole_number)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.k <= self.n:
            raise InvalidValue(expected="0 <= k <= n", got=f"k = {self.k}, n = {self.n}")

    @property
    def value(self) -> float | None:
        """The share from 0 to 1; None of nothing."""
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval; None of nothing."""
        return wilson_interval(self.k, self.n) if self.n else None

    @property
    def percent(self) -> str:
        """
        The share for people: one digit after the point, three once a thousand stand behind it.
        """
        return "-" if self.value is None else f"{self._shown(self.value)} %"

    @property
    def bounds(self) -> str:
        """The interval for people, in percent."""
        if self.interval is None:
            return "-"
        low, high = self.interval
        return f"[{self._shown(low)}, {self._shown(high)}]"

    def against(self, low: float, high: float) -> Benchmark:
        """
        Say where the rate stands against the range from *low* to *high*, both included.

        ``WITHIN`` if the whole 95 % interval lies in the range, ``ABOVE`` or ``BELOW`` if the whole
        interval lies outside on that side.  If the interval holds an end of the range, more leads
        could still show either side, and the answer is ``INCONCLUSIVE``; so it is of nothing.

        Args:
            low: A share from 0 to 1, not a percentage.
            high: A share from *low* to 1.

        Raises:
            InvalidValue: No such range.

        Example:
            >>> for k in (30, 60, 12):
            ...     print(Rate(k, 300), Rate(k, 300).against(0.05, 0.15))
            10.0 % [7.1, 13.9] within
            20.0 % [15.9, 24.9] above
            4.0 % [2.3, 6.9] inconclusive
        """
        check_range(low, high)
        if self.interval is None:
            return Benchmark.INCONCLUSIVE
        least, most = self.interval
        if least > high:
            return Benchmark.ABOVE
        if most < low:
            return Benchmark.BELOW
        return Benchmark.WITHIN if low <= least and most <= high else Benchmark.INCONCLUSIVE

    def to_dict(self) -> dict[str, Any]:
        """The rate as plain data; *rate* and *interval* are None of nothing."""
        interval = list(self.interval) if self.interval else None
        return {"k": self.k, "n": self.n, "rate": self.value, "interval": interval}

    def _shown(self, share: float) -> str:
        return f"{100 * share:.{3 if self.n >= _MANY else 1}f}"

    def __str__(self) -> str:
        return f"{self.percent} {self.bounds}" if self.n else "-"


def check_range(low: Any, high: Any) -> None:
    """Refuse what is no range of shares from *low* to *high*."""
    for bound in (low, high):
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise InvalidValue(expected="a share from 0 to 1", got=_text.kind_of(bound))
    if not 0 <= low <= high <= 1:
        raise InvalidValue(expected="0 <= low <= high <= 1", got=f"low = {low}, high = {high}")


def _is_rate(_: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if not isinstance(value, Rate):
        expected, where = "a Rate", f"$.{field.name}"
        raise InvalidValue(expected=expected, got=_text.kind_of(value), where=where)


@attrs.frozen(order=False)
class Comparison(Result):
    """
    Two rates of different leads, and whether they differ by more than chance would make them.

    Made by :func:`compare`; everything is worked out when it is asked for.  If either rate is of
    nothing, nothing was compared: every number is None, and the comparison prints as ``-``.

    Args:
        a: The rate in question.
        b: The rate it is measured against.
    """

    a: Rate = attrs.field(validator=_is_rate)
    b: Rate = attrs.field(validator=_is_rate)

    @property
    def difference(self) -> float | None:
        """The share of *a* minus that of *b*."""
        return self._apart / (self.a.n * self.b.n) if self._is_made else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """
        The 95 % interval of the difference.

        Source:
            Newcombe, Statist. Med. 17 (1998) 873, method 10: the hybrid score interval.
        """
        a, b, apart = self.a, self.b, self.difference
        if apart is None:
            return None
        p, (p_low, p_high) = a.k / a.n, wilson_interval(a.k, a.n)
        q, (q_low, q_high) = b.k / b.n, wilson_interval(b.k, b.n)
        low, high = apart - hypot(p - p_low, q_high - q), apart + hypot(p_high - p, q - q_low)
        return max(low, -1.0), min(high, 1.0)

    @property
    def chi2(self) -> float | None:
        """Pearson's statistic with one degree of freedom; None if all did, or nobody."""
        return self._total * self._apart**2 / self._margins if self._margins else None

    @property
    def z(self) -> float | None:
        """The pooled z statistic, above zero if *a* is higher; None as for *chi2*."""
        return None if self.chi2 is None else copysign(sqrt(self.chi2), self._apart)

    @property
    def p(self) -> float | None:
        """The two-sided p of *z*, which is also that of *chi2*."""
        return None if self.chi2 is None else chi_square_tail(self.chi2, 1)

    @property
    def p_yates(self) -> float | None:
        """The p of *chi2* with Yates's continuity correction."""
        if not self._margins:
            return None
        apart = max(2 * abs(self._apart) - self._total, 0)
        return chi_square_tail(self._total * apart**2 / (4 * self._margins), 1)

    @property
    def p_fisher(self) -> float | None:
        """
        The two-sided p of Fisher's exact test: all tables that are no more probable than this one.

        The work grows with the spread of the table: some 10 ms for a million leads.  A p below
        1e-300 is 0.

        Raises:
            LimitExceeded: Thousands of millions of leads; there *p* says the same at once.
        """
        return _fisher(self.a, self.b) if self._is_made else None

    @property
    def risk_ratio(self) -> float | None:
        """How many times as high *a* is; None if *b* is zero."""
        return self.a.k * self.b.n / (self.a.n * self.b.k) if self.b.k and self.a.n else None

    @property
    def risk_ratio_interval(self) -> tuple[float, float] | None:
        """
        The 95 % interval of the risk ratio, by the log method.

        None where the method says nothing: if either rate is zero, or both are whole.
        """
        a, b, ratio = self.a, self.b, self.risk_ratio
        if not ratio or self._margins == 0:
            return None
        half = _Z * sqrt((a.n - a.k) / (a.n * a.k) + (b.n - b.k) / (b.n * b.k))
        return ratio * exp(-half), ratio * exp(half)

    @property
    def test(self) -> str | None:
        """The test that *p_value* is of: Fisher's where a cell expects fewer than 5, else z."""
        return (_FISHER if self._is_small else _Z_TEST) if self._is_made else None

    @property
    def p_value(self) -> float | None:
        """The two-sided p of *test*."""
        return self.p_fisher if self._is_small else self.p

    @property
    def is_significant(self) -> bool:
        """
        Whether *p_value* is below 5 %.

        The interval comes by another method: at the very edge the two may disagree, and the test
        decides.
        """
        return self.p_value is not None and self.p_value < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """Both rates and what they say together, as plain data."""
        return {
            "a": self.a.to_dict(),
            "b": self.b.to_dict(),
            "difference": self.difference,
            "interval": list(self.interval) if self.interval else None,
            "test": self.test,
            "p": self.p_value,
            "significant": self.is_significant,
        }

    @property
    def _is_made(self) -> bool:
        return bool(self.a.n and self.b.n)

    @property
    def _total(self) -> int:
        return self.a.n + self.b.n

    @property
    def _apart(self) -> int:
        """The difference in whole numbers: the determinant of the table."""
        return self.a.k * self.b.n - self.b.k * self.a.n

    @property
    def _margins(self) -> int:
        did = self.a.k + self.b.k
        return self.a.n * self.b.n * did * (self._total - did)

    @property
    def _is_small(self) -> bool:
        did = self.a.k + self.b.k
        least = min(self.a.n, self.b.n) * min(did, self._total - did)
        return least < _SMALL_CELL * self._total

    def __str__(self) -> str:
        if self.difference is None or self.interval is None:
            return "-"
        low, high = map(shown_points, self.interval)
        word = "significant" if self.is_significant else "not significant"
        return (
            f"{_counted(self.a)} against {_counted(self.b)}: {shown_points(self.difference)} "
            f"points [{low}, {high}], {shown_chance(self.p_value)} ({self.test}), {word}"
        )


_FISHER = "Fisher's exact test"
_Z_TEST = "z test"
_SHOWN = 0.0001


def _counted(rate: Rate) -> str:
    return f"{rate.k:,} of {rate.n:,} ({rate.percent})"


def shown_points(share: float) -> str:
    """A difference of shares for people, in percentage points."""
    return f"{100 * share:+z.2f}"


def shown_chance(p: float | None) -> str:
    """A p for people."""
    return f"p {p:.4f}" if p is not None and p >= _SHOWN else f"p < {_SHOWN}"


def _fisher(a: Rate, b: Rate) -> float:
    likeliest = (a.n + 1) * (a.k + b.k + 1) // (a.n + b.n + 2)
    _check_spread(a, b)
    weights = dict([*_above(a, b, likeliest), *_below(a, b, likeliest)])
    seen = weights.get(a.k, 0.0) * _TIE
    return fsum(weight for weight in weights.values() if weight <= seen) / fsum(weights.values())


def _check_spread(a: Rate, b: Rate) -> None:
    total, did = a.n + b.n, a.k + b.k
    spread = sqrt(a.n * b.n * did * (total - did) / (total * total * (total - 1)))
    if spread > _WIDEST:
        expected = f"a table that spreads over at most {_WIDEST:,} leads"
        raise LimitExceeded(expected=expected, got=f"one over {spread:,.0f}")


# The count among *a* of all tables with the same margins, each with its weight against the
# likeliest: there is no factorial that could overflow.  Floats smaller than the least of them
# would stop falling.
def _above(a: Rate, b: Rate, count: int) -> Iterator[tuple[int, float]]:
    did, weight = a.k + b.k, 1.0
    while weight > _LEAST:
        yield count, weight
        weight *= (a.n - count) * (did - count) / ((count + 1) * (b.n - did + count + 1))
        count += 1


def _below(a: Rate, b: Rate, count: int) -> Iterator[tuple[int, float]]:
    did, weight = a.k + b.k, 1.0
    while weight > _LEAST:
        yield count, weight
        weight *= count * (b.n - did + count) / ((a.n - count + 1) * (did - count + 1))
        count -= 1


_LEAST = 1e-300


class Defined(Protocol):
    """A rate that knows what it means, such as a conversion between two stages of a funnel."""

    @property
    def rate(self) -> Rate:
        """The rate."""

    @property
    def definition(self) -> Any:
        """What it means, as plain data."""


def compare(a: "Rate | Defined", b: "Rate | Defined", *, across: bool = False) -> Comparison:
    """
    Compare two rates of different leads.

    Args:
        a: The rate in question: the new way, the challenger, after.  A result with a definition,
            such as :meth:`Funnel.conversion`, is compared with one of the same definition only.
        b: The rate it is measured against: the old way, the baseline, before.
        across: Whether to compare all the same what would be refused.

    Returns:
        The difference *a* minus *b* with its 95 % interval, and the test of it.

    Raises:
        InvalidValue: Either is no rate.
        DefinitionMismatch: They do not mean the same, or only one of them says what it means; they
            are as of two instants; a month is too young to be compared; or one is a group of the
            other, or of another column, so that both count the same leads.

    Source:
        Newcombe's hybrid score interval (1998); pooled z; Fisher's exact test where a cell of the
        table expects fewer than 5 (Cochran).

    Example:
        >>> print(compare(Rate(30, 400), Rate(18, 420)))
        30 of 400 (7.5 %) against 18 of 420 (4.3 %): +3.21 points [-0.03, +6.60], p 0.0500 \
(z test), not significant
    """
    check_defined({"a": a, "b": b}, across=across)
    return Comparison(rate_of(a), rate_of(b))


def rate_of(value: Any) -> Any:
    """The rate of a result that has a definition; anything else as it is, and checked later."""
    return getattr(value, "rate", value) if hasattr(value, "definition") else value


def check_defined(rates: Mapping[str, Any], *, across: bool) -> None:
    """Refuse rates that do not mean the same of different leads, unless somebody asks for it."""
    if across:
        return
    (first, own), *others = rates.items()
    for name, rate in others:
        apart = next((found for find in _DIFFER if (found := find(own, rate))), None)
        if apart:
            expected, got = apart
            where = f"{name} against {first}"
            raise DefinitionMismatch(expected=expected, got=got, where=where)
    for name, rate in rates.items():
        if getattr(rate, "is_young", False):
            expected = "leads that have all had the time to arrive"
            got = "those of a young month (converted_within gives all of them the same time)"
            raise DefinitionMismatch(expected=expected, got=got, where=name)
    _check_parts(rates)


def _other_meaning(a: Any, b: Any) -> tuple[str, str] | None:
    own, other = (getattr(rate, "definition", None) for rate in (a, b))
    return None if own == other else _apart(own, other)


def _other_time(a: Any, b: Any) -> tuple[str, str] | None:
    """Leads seen later have had more time, so their rate is higher for that alone."""
    own, other = (getattr(rate, "as_of", None) for rate in (a, b))
    return None if own == other else (f"as of {own}", f"as of {other}")


_DIFFER = (_other_meaning, _other_time)


def _check_parts(rates: Mapping[str, Any]) -> None:
    """Refuse a whole beside a part of itself: a test of two rates takes their leads as others."""
    origins = [(name, getattr(rate, "origin", None)) for name, rate in rates.items()]
    for (first, own), (name, origin) in combinations(origins, 2):
        if own and origin and own.overlaps(origin):
            expected = "rates of different leads, such as the groups of one column"
            got = "some leads that are in both"
            raise DefinitionMismatch(expected=expected, got=got, where=f"{name} against {first}")


def _apart(a: Any, b: Any) -> tuple[str, str]:
    """What two definitions do not share, in words."""
    if not (a and b):
        return ("a definition" if a else "no definition", "a definition" if b else "none")
    names = [name for name in {**a, **b} if a.get(name) != b.get(name)]
    pair = [", ".join(f"{name} {own.get(name)}" for name in names) for own in (a, b)]
    return pair[0], pair[1]
