"""Mix: what a whole is made of, and how much hangs on one part."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.offers import plain
from leadlib._rates import Rate, whole_number
from leadlib._results import Result
from leadlib.errors import InvalidValue

__all__ = ["Mix"]


def _as_parts(counts: Mapping[str, int]) -> Mapping[str, int]:
    parts = _fields.by_name(counts, whole_number)
    if min(parts.values(), default=0) < 0:
        raise InvalidValue(expected="counts from 0 on", got="less")
    return parts


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Mix(Result):
    """
    The parts of a whole: leads by source, by team or by channel, activities by phase.

    Args:
        counts: How many belong to each part, in your order; nothing belongs to two.

    Raises:
        InvalidValue: Less than nothing, or no whole numbers.

    Source:
        Seed 002: marketing generates half of the leads that are needed, sales the other half; seed
        003: how much attention goes to which phase.

    Example:
        >>> print(Mix(counts={"marketing": 57, "sales": 43}))
        part       count   share  95 % interval
        ─────────  ─────  ──────  ─────────────
        marketing     57  57.0 %   [47.2, 66.3]
        sales         43  43.0 %   [33.7, 52.8]
        concentration 0.510
    """

    _table = "shares"
    _named = ("part", "count")

    counts: Mapping[str, int] = attrs.field(converter=_as_parts)

    @property
    def total(self) -> int:
        """The whole."""
        return sum(self.counts.values())

    @property
    def shares(self) -> Mapping[str, Rate]:
        """Each part of the whole; they sum to it."""
        total = self.total
        return _fields.FrozenDict({name: Rate(n, total) for name, n in self.counts.items()})

    @property
    def concentration(self) -> float | None:
        """
        The sum of the squared shares, from 1 / parts (all equal) to 1 (one part is all).

        None of nothing.

        Source:
            The Herfindahl-Hirschman index; Hirschman, Am. Econ. Rev. 54 (1964) 761.
        """
        squares = sum(count * count for count in self.counts.values())
        return float(Fraction(squares, self.total**2)) if self.total else None

    def __str__(self) -> str:
        rows = [
            (name, f"{rate.k:,}", rate.percent, rate.bounds) for name, rate in self.shares.items()
        ]
        index = "-" if self.concentration is None else f"{self.concentration:.3f}"
        table = _text.text_table(("part", "count", "share", "95 % interval"), rows)
        return f"{table}\nconcentration {index}"

    def to_dict(self) -> dict[str, Any]:
        """The shares and their concentration as plain data."""
        shares = {name: plain(rate) for name, rate in self.shares.items()}
        return {"shares": shares, "concentration": self.concentration}
