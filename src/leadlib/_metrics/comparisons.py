"""
Comparisons: several rates at once, one rate against its own past, and how many leads a test needs.

Who compares many pairs finds a difference by chance alone sooner or later: of ten campaigns that
are all the same, about two of 45 pairs "differ" at 5 %.  So the p of each pair is adjusted.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

import attrs

from leadlib import _fields, _text, limits
from leadlib._metrics.offers import plain
from leadlib._metrics.tables import MISSING, NO_LABEL
from leadlib._rates import (
    LEVEL,
    Benchmark,
    Comparison,
    Defined,
    Rate,
    check_defined,
    check_range,
    compare,
    rate_of,
    shown_chance,
    shown_points,
)
from leadlib._results import Result
from leadlib._tails import chi_square_tail
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = [
    "Adjustment",
    "ComparedPair",
    "Comparisons",
    "Drift",
    "DriftState",
    "compare_all",
    "drift",
    "sample_size",
]

_FEWEST = 2
_SMALL_CELL = 5
_LARGEST = 10**18


class Adjustment(StrEnum):
    """
    How the p of each pair pays for the number of pairs.

    ``HOLM`` keeps the chance of even one false difference among all pairs at 5 %, ``BH`` (Benjamini
    and Hochberg) the expected share of false ones among those that are called different.

    Example:
        >>> print(Adjustment.HOLM)
        holm
    """

    HOLM = "holm"
    BH = "bh"


def _holm(ps: Sequence[float]) -> list[float]:
    """Ascending p, each times the number of those that are left, and never falling."""
    adjusted: list[float] = []
    for number, p in enumerate(ps):
        adjusted.append(max([min((len(ps) - number) * p, 1.0), *adjusted[-1:]]))
    return adjusted


def _benjamini_hochberg(ps: Sequence[float]) -> list[float]:
    """Ascending p, each times all by its place, and never above a later one."""
    adjusted: list[float] = []
    for place, p in reversed([*enumerate(ps, start=1)]):
        adjusted.append(min([p * (len(ps) / place), 1.0, *adjusted[-1:]]))
    return adjusted[::-1]


_ADJUST: Mapping[Adjustment, Callable[[Sequence[float]], list[float]]] = {
    Adjustment.HOLM: _holm,
    Adjustment.BH: _benjamini_hochberg,
}


@attrs.frozen(kw_only=True)
class ComparedPair:
    """
    Two of several rates.

    Args:
        a: The name of the first; leads without a label are under the empty text.
        b: The name of the second, likewise.
        comparison: The first against the second; its own p is not adjusted, nor is its interval.
        p: The adjusted p; None if either rate is of nothing.
    """

    a: str
    b: str
    comparison: Comparison
    p: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the adjusted p is below 5 %."""
        return self.p is not None and self.p < LEVEL

    def to_dict(self) -> dict[str, Any]:
        """The pair as plain data."""
        return {
            "a": self.a or None,
            "b": self.b or None,
            "difference": self.comparison.difference,
            "interval": list(self.comparison.interval) if self.comparison.interval else None,
            "test": self.comparison.test,
            "p": self.comparison.p_value,
            "p_adjusted": self.p,
            "significant": self.is_significant,
        }


def _as_rate(value: Any) -> Rate:
    rate = rate_of(value)
    if not isinstance(rate, Rate):
        raise InvalidValue(expected="a Rate", got=_text.kind_of(rate), where="rates")
    return rate


def _by_group(rates: Mapping[Any, Any]) -> Mapping[str, Rate]:
    return _fields.by_name(rates, _as_rate, _group_of)


def _group_of(name: Any) -> str:
    """A group of leads without a label is one, too: a funnel has it under the empty text."""
    return MISSING if name == MISSING or _text.is_missing(name) else _fields.identifier(name)


def _as_rates(rates: Mapping[str, Any]) -> Mapping[str, Rate]:
    named: Mapping[str, Rate] = _fields.named("rates", _by_group)(rates)
    if len(named) < _FEWEST:
        got = _text.plural(len(named), "rate")
        raise InvalidValue(expected="at least two rates", got=got, where="rates")
    if len(named) > limits.RATES:
        expected = f"at most {limits.RATES} rates"
        raise LimitExceeded(expected=expected, got=str(len(named)), where="rates")
    return named


@attrs.frozen(kw_only=True)
class Comparisons(Result):
    """
    Several rates of different leads, compared all at once and pair by pair.

    Made by :func:`compare_all`; prints as a table.

    Args:
        rates: By name.
        adjust: How the p of each pair is adjusted.
        pairs: All pairs, in the order of the rates.
    """

    _table = "pairs"

    rates: Mapping[str, Rate] = attrs.field(converter=_as_rates)
    adjust: Adjustment
    pairs: tuple[ComparedPair, ...]

    @property
    def df(self) -> int:
        """Degrees of freedom: the rates that are of something, but for one."""
        return max(len(self._known) - 1, 0)

    @property
    def chi2(self) -> float | None:
        """Pearson's χ² of homogeneity; None if all did, or nobody, or there are no two rates."""
        did, total = self._totals
        if not self.df or not 0 < did < total:
            return None
        parts = (
            Fraction((rate.k * total - rate.n * did) ** 2, rate.n * did * (total - did))
            for rate in self._known
        )
        return float(sum(parts, Fraction(0)))

    @property
    def p(self) -> float | None:
        """The chance of such a *chi2* if all rates were the same; None as for *chi2*."""
        return None if self.chi2 is None else chi_square_tail(self.chi2, self.df)

    @property
    def is_significant(self) -> bool:
        """Whether *p* is below 5 %: the rates are not all the same."""
        return self.p is not None and self.p < LEVEL

    @property
    def is_small(self) -> bool:
        """Whether some cell expects fewer than 5 leads, so that *p* is only rough (Cochran)."""
        did, total = self._totals
        least = min((rate.n for rate in self._known), default=0) * min(did, total - did)
        return least < _SMALL_CELL * total

    @property
    def _known(self) -> tuple[Rate, ...]:
        return tuple(rate for rate in self.rates.values() if rate.n)

    @property
    def _totals(self) -> tuple[int, int]:
        return sum(rate.k for rate in self._known), sum(rate.n for rate in self._known)

    def __str__(self) -> str:
        return "\n".join([self._summary, "", _text.text_table(_HEAD, self._rows, left=2)])

    @property
    def _summary(self) -> str:
        names = _text.plural(len(self.rates), "rate")
        if self.chi2 is None or self.p is None:
            return f"{names}: nothing to compare"
        word = "not all the same" if self.is_significant else "no difference shown"
        rough = "; some cells expect fewer than 5" if self.is_small else ""
        return f"{names}: {word}, χ² {self.chi2:.2f}, df {self.df}, {shown_chance(self.p)}{rough}"

    @property
    def _rows(self) -> list[tuple[str, ...]]:
        return [_cells(pair) for pair in self.pairs]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "rates": {name: plain(rate) for name, rate in self.rates.items()},
            "chi2": self.chi2,
            "df": self.df,
            "p": self.p,
            "small": self.is_small,
            "adjust": self.adjust.value,
            "pairs": [pair.to_dict() for pair in self.pairs],
        }


_HEAD = ("a", "b", "points", "95 % interval", "p", "adjusted", "differ")


def _cells(pair: ComparedPair) -> tuple[str, ...]:
    names = (pair.a or NO_LABEL, pair.b or NO_LABEL)
    compared, p = pair.comparison, pair.comparison.p_value
    if compared.difference is None or compared.interval is None or p is None or pair.p is None:
        return (*names, *["-"] * 5)
    low, high = map(shown_points, compared.interval)
    chances = (shown_chance(value).removeprefix("p ") for value in (p, pair.p))
    differ = "yes" if pair.is_significant else "not shown"
    return (*names, shown_points(compared.difference), f"[{low}, {high}]", *chances, differ)


def compare_all(
    rates: Mapping[str, Rate | Defined],
    *,
    adjust: Adjustment | str = Adjustment.HOLM,
    across: bool = False,
) -> Comparisons:
    """
    Compare several rates of different leads: are they all the same, and if not, which differ?

    Args:
        rates: By name, such as one for each campaign; at most 100.  Results with a definition must
            share it, as for :func:`compare`.  The group of a funnel without a label, whose name is
            empty, prints as ``(missing)``.
        adjust: How the p of each pair pays for the number of pairs: ``holm`` or ``bh``.
        across: Whether to compare all the same what would be refused.

    Returns:
        χ² of homogeneity over all, and each pair with the p of :attr:`Comparison.p_value`,
        adjusted.  A rate of nothing takes no part, and the pairs with it do not count.

    Raises:
        InvalidValue: Fewer than two rates, or something that is none.
        DefinitionMismatch: They do not mean the same, as for :func:`compare`.
        UnknownName: No such *adjust*.
        LimitExceeded: More than 100 rates.

    Note:
        The work grows with the square of the number of rates.

    Source:
        Pearson (1900); Holm, Scand. J. Statist. 6 (1979) 65; Benjamini, Hochberg, J. R. Statist.
        Soc. B 57 (1995) 289.

    Example:
        >>> print(compare_all({"fair": Rate(30, 400), "mail": Rate(18, 420), "web": Rate(45, 400)}))
        3 rates: not all the same, χ² 14.12, df 2, p 0.0009
        <BLANKLINE>
        a     b     points    95 % interval       p  adjusted     differ
        ────  ────  ──────  ───────────────  ──────  ────────  ─────────
        fair  mail   +3.21   [-0.03, +6.60]  0.0500    0.1000  not shown
        fair  web    -3.75   [-7.86, +0.31]  0.0688    0.1000  not shown
        mail  web    -6.96  [-10.77, -3.33]  0.0002    0.0005        yes
    """
    way = _fields.member(Adjustment, adjust, expected="a way to adjust", where="adjust")
    named = _as_rates(rates)
    shown = (name or NO_LABEL for name in named)
    check_defined(dict(zip(shown, rates.values(), strict=True)), across=across)
    names = [*combinations(named, 2)]
    compared = [compare(named[a], named[b]) for a, b in names]
    adjusted = _adjusted([comparison.p_value for comparison in compared], way)
    pairs = tuple(
        ComparedPair(a=a, b=b, comparison=comparison, p=p)
        for (a, b), comparison, p in zip(names, compared, adjusted, strict=True)
    )
    return Comparisons(rates=named, adjust=way, pairs=pairs)


def _adjusted(ps: Sequence[float | None], way: Adjustment) -> list[float | None]:
    """The p of each place, adjusted for all that there are; None stays None."""
    known = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    found = _ADJUST[way]([p for p, _ in known])
    adjusted: list[float | None] = [None] * len(ps)
    for (_, place), p in zip(known, found, strict=True):
        adjusted[place] = p
    return adjusted


def sample_size(before: float, after: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """
    Say how many leads each of two ways needs, so that a test will probably show the difference.

    Args:
        before: The share that the old way has, from 0 to 1.
        after: The share of the new way that is worth finding, higher or lower.
        alpha: The chance of a false alarm that is taken, two-sided.
        power: The chance of finding the difference if it is there, above *alpha*.

    Returns:
        The number of leads in each of the two, rounded up.

    Raises:
        InvalidValue: No shares, no difference between them, or no such *alpha* and *power*.
        LimitExceeded: 1e18 leads or more.

    Source:
        The pooled-null formula; Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions
        (2003), chapter 4, without continuity correction.

    Example:
        >>> sample_size(0.05, 0.07)
        2213
    """
    for share in (before, after):
        check_range(0, share)
    check_range(alpha, power)
    if before == after:
        raise InvalidValue(expected="two shares that differ", got="the same", where="after")
    if not 0 < alpha < power < 1:
        raise InvalidValue(expected="0 < alpha < power < 1", got="others", where="power")
    size = _size(before, after, alpha, power)
    if size >= _LARGEST:
        raise LimitExceeded(expected="fewer than 1e18 leads", got="more: nearly the same shares")
    return ceil(size)


def _size(p: float, q: float, alpha: float, power: float) -> float:
    middle, normal = (p + q) / 2, NormalDist()
    same = normal.inv_cdf(1 - alpha / 2) * sqrt(2 * middle * (1 - middle))
    apart = normal.inv_cdf(power) * sqrt(p * (1 - p) + q * (1 - q))
    return min((same + apart) / abs(p - q), float(_LARGEST)) ** 2


class DriftState(StrEnum):
    """
    Whether a rate has moved away from its own past.

    Example:
        >>> print(DriftState.NOT_DISTINGUISHABLE)
        not distinguishable
    """

    UP = "drift up"
    DOWN = "drift down"
    NOT_DISTINGUISHABLE = "not distinguishable"


def _as_baseline(value: Any) -> Rate | float:
    if isinstance(value, Rate):
        return value
    check_range(value, value)
    return float(value)


@attrs.frozen(kw_only=True)
class Drift(Result):
    """
    A rate against its own past; made by :func:`drift`.

    Args:
        now: The rate of late.
        before: What it was before: a rate, or a share that is taken as known.
    """

    now: Rate = attrs.field(validator=_fields.is_a(Rate))
    before: Rate | float = attrs.field(converter=_as_baseline)

    @property
    def comparison(self) -> Comparison | None:
        """Now against before; None against a share that is taken as known."""
        return compare(self.now, self.before) if isinstance(self.before, Rate) else None

    @property
    def difference(self) -> float | None:
        """The share now minus the share before; None of nothing."""
        if isinstance(self.before, Rate):
            return compare(self.now, self.before).difference
        return None if self.now.value is None else self.now.value - self.before

    @property
    def state(self) -> DriftState:
        """``UP`` or ``DOWN`` if chance alone does not explain it at 5 %."""
        if not self._is_shown or self.difference is None:
            return DriftState.NOT_DISTINGUISHABLE
        return DriftState.UP if self.difference > 0 else DriftState.DOWN

    @property
    def is_drift(self) -> bool:
        """Whether the rate has moved, either way."""
        return self.state is not DriftState.NOT_DISTINGUISHABLE

    @property
    def _is_shown(self) -> bool:
        if isinstance(self.before, Rate):
            return compare(self.now, self.before).is_significant
        return self.now.against(self.before, self.before) in {Benchmark.ABOVE, Benchmark.BELOW}

    def __str__(self) -> str:
        if isinstance(self.before, Rate):
            return f"{self.state}: {compare(self.now, self.before)}"
        return f"{self.state}: {self.now} against {100 * self.before:g} %"

    def to_dict(self) -> dict[str, Any]:
        """The drift as plain data."""
        return {
            "now": plain(self.now),
            "before": plain(self.before) if isinstance(self.before, Rate) else self.before,
            "difference": self.difference,
            "state": self.state.value,
        }


def drift(now: Rate, before: Rate | float) -> Drift:
    """
    Say whether a rate has moved away from its own past: what worked before need not work again.

    Args:
        now: The rate of late.
        before: The rate before, of other leads; or a share from 0 to 1 that is taken as known, such
            as a baseline of many years.

    Returns:
        Against a rate, the test of :func:`compare` decides; against a share, the 95 % interval of
        *now*.  ``NOT_DISTINGUISHABLE`` is not the same as no drift: more leads may yet show one.

    Raises:
        InvalidValue: No rate, or no share.

    Source:
        Seed 004: is it another "me too", and does still work what worked before?

    Example:
        >>> print(drift(Rate(9, 1_000), 0.015))
        not distinguishable: 0.900 % [0.474, 1.702] against 1.5 %
        >>> drift(Rate(15, 300), Rate(30, 300)).state
        <DriftState.DOWN: 'drift down'>
    """
    return Drift(now=now, before=before)
