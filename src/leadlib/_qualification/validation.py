"""How well a score foretells who is won: measured on deals that it was not made from (M-36)."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from html import escape
from math import ceil, fsum, isfinite, log
from operator import index
from typing import Any

import attrs

from leadlib import _text
from leadlib._qualification.groups import (
    lift,
)
from leadlib._rates import Rate
from leadlib.errors import InvalidValue

__all__ = ["Ends", "Reliability", "Validation", "auc", "share_of", "tallied"]

_ROUNDS, _STEP, _SHRINK = 8, 0.5, 3
_PARTS = 20  # of the numbers of one field, at most
_DOUBLING = 20  # points that double the odds
_UNIT = log(2) / _DOUBLING
_LEARN_FROM = Fraction(3, 4)  # of the earlier deals; the others calibrate
_GROUPS = 10


def auc(scores: Iterable[float], outcomes: Iterable[bool | None]) -> float | None:
    """
    How often a won lead scores above a lost one; equal scores count half (M-36, 004-04).

    Args:
        scores: Finite numbers; None only where the outcome is open.
        outcomes: For each score, True for won, False for lost, None while it is open: open leads do
            not count.

    Returns:
        From 0 to 1, 1/2 for lots drawn; None unless some were won and some lost.

    Raises:
        InvalidValue: No such number or outcome, or unequally many of them.

    Source:
        The Mann-Whitney statistic over the number of pairs; exact until the last division.

    Example:
        >>> won = [True, True, False, True, False, False, True, False]
        >>> auc([90, 80, 70, 60, 50, 40, 30, 20], won)
        0.75
    """
    return _auc(tallied(scores, outcomes))


Ends = tuple[int, int]  # lost, won


def tallied(scores: Iterable[Any], outcomes: Iterable[Any]) -> list[tuple[Any, Ends]]:
    """The lost and the won of each score, the lowest score first."""
    taken, ends = list(scores), list(outcomes)
    if len(taken) != len(ends):
        got = f"{len(taken)} scores and {len(ends)} outcomes"
        raise InvalidValue(expected="an outcome for each score", got=got)
    tally: dict[Any, list[int]] = {}
    for score, won in zip(taken, ends, strict=True):
        if won is not None:
            tally.setdefault(_score(score), [0, 0])[_won(won)] += 1
    return [(score, (tally[score][0], tally[score][1])) for score in sorted(tally)]


def _score(value: Any) -> float | Decimal:
    """A number of any library, as it is: an int may be huge, a probability tiny."""
    if isinstance(value, float) and isfinite(value):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        return value
    if hasattr(value, "__index__") and not isinstance(value, bool):
        return index(value)
    raise InvalidValue(expected="a finite number", got=_text.kind_of(value), where="scores")


def _won(value: Any) -> bool:
    if not isinstance(value, bool):
        expected = "True for won, False for lost, None while it is open"
        raise InvalidValue(expected=expected, got=_text.kind_of(value), where="outcomes")
    return value


def _auc(tally: Sequence[tuple[Any, Ends]]) -> float | None:
    twice = below = wins = 0
    for _, (lost, won) in tally:
        twice += won * (2 * below + lost)
        below, wins = below + lost, wins + won
    return twice / (2 * below * wins) if below and wins else None


@attrs.frozen(kw_only=True)
class Reliability:
    """
    One group of leads with about the same probability.

    Args:
        foretold: The mean of what was foretold.
        rate: What came.
    """

    foretold: float
    rate: Rate


@attrs.frozen(kw_only=True, repr=False)
class Validation:
    """
    How well points foretold what they had not seen; made by :func:`learn`.

    Args:
        groups: For each number of points, the lowest first: the points, the probability foretold,
            the lost and the won.
    """

    groups: tuple[tuple[int, float, int, int], ...]

    @property
    def base(self) -> Rate:
        """The won of all that were tried."""
        return self._rate(self.groups)

    @property
    def auc(self) -> float | None:
        """See :func:`auc`."""
        return _auc([(points, (lost, won)) for points, _, lost, won in self.groups])

    @property
    def brier(self) -> float | None:
        """The mean squared error of the probability, from 0; None of nothing."""
        errors = (lost * p * p + won * (1 - p) ** 2 for _, p, lost, won in self.groups)
        return fsum(errors) / self.base.n if self.base.n else None

    def top(self, share: float) -> Rate:
        """
        The win rate of the best *share* of the leads; who is level with the last goes along.

        Raises:
            InvalidValue: *share* is not above 0 and at most 1.
        """
        places, taken = ceil(share_of(share) * self.base.n), 0
        for i in range(len(self.groups) - 1, -1, -1):
            taken += self.groups[i][2] + self.groups[i][3]
            if taken >= places:
                return self._rate(self.groups[i:])
        return Rate(0, 0)

    def lift_at(self, share: float) -> float | None:
        """How many times as often the best *share* were won as all; None if none was won."""
        return lift(self.top(share), self.base)

    @property
    def reliability(self) -> tuple[Reliability, ...]:
        """What was foretold against what came, in at most ten groups of about equal size."""
        rows: list[Reliability] = []
        start = seen = 0
        for i, (_, _, lost, won) in enumerate(self.groups):
            seen += lost + won
            if seen * _GROUPS >= (len(rows) + 1) * self.base.n:
                rows.append(self._reliability(self.groups[start : i + 1]))
                start = i + 1
        return tuple(rows)

    def _reliability(self, groups: Sequence[tuple[int, float, int, int]]) -> Reliability:
        rate = self._rate(groups)
        foretold = fsum(p * (lost + won) for _, p, lost, won in groups) / rate.n
        return Reliability(foretold=foretold, rate=rate)

    @staticmethod
    def _rate(groups: Iterable[tuple[int, float, int, int]]) -> Rate:
        ends = [(lost, won) for _, _, lost, won in groups]
        return Rate(sum(won for _, won in ends), sum(lost + won for lost, won in ends))

    def __repr__(self) -> str:
        return f"<Validation on {_text.plural(self.base.n, 'lead')}>"

    def __str__(self) -> str:
        lifted = self.lift_at(0.1)
        rows = [
            ("win rate", str(self.base)),
            ("AUC", _shown(self.auc)),
            ("Brier score", _shown(self.brier)),
            ("best tenth", str(self.top(0.1))),
            ("lift of it", "-" if lifted is None else f"{lifted:.2f}"),
        ]
        figures = _text.text_table((f"{_text.plural(self.base.n, 'lead')}", ""), rows)
        table = [(f"{100 * row.foretold:.1f} %", str(row.rate)) for row in self.reliability]
        return f"{figures}\n\n{_text.text_table(('foretold', 'came'), table)}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return {
            "won": self.base.k,
            "closed": self.base.n,
            "auc": self.auc,
            "brier": self.brier,
            "lift_at_tenth": self.lift_at(0.1),
            "reliability": [
                {"foretold": row.foretold, "k": row.rate.k, "n": row.rate.n}
                for row in self.reliability
            ],
        }


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def share_of(value: Any) -> Fraction:
    """A share as it is written: 0.1 is one tenth."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise InvalidValue(expected="a share above 0, at most 1", got=_text.kind_of(value))
    return Fraction(repr(float(value)))  # a float of NumPy does not print as a number alone
