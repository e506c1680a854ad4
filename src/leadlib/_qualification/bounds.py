"""
Which values pass a condition, in the steps of the column that holds them.

An engine compares an operand with a column only after it has made one type of both, and each does
so in its own way.  So the operand is moved to the nearest value that the column can hold, exactly,
and nothing is left to convert.  A float is the decimal that it prints as, here as everywhere.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, inf, nextafter
from typing import Any, Protocol

import attrs

from leadlib import _instants
from leadlib._qualification.criteria import Condition
from leadlib._qualification.operators import Operator

__all__ = ["Between", "Binary", "Calendar", "Grid", "OneOf", "Steps", "Ticks", "passing"]


_MICRO = 6


@attrs.frozen
class Between:
    """The values from *low* to *high*, both included; None has no bound."""

    low: Any
    high: Any


@attrs.frozen
class OneOf:
    """These values and no other."""

    options: tuple[Any, ...]


class Grid(Protocol):
    """The values that a column can hold, in order."""

    @property
    def low(self) -> Any: ...

    @property
    def high(self) -> Any: ...

    def up(self, bound: Any, *, strictly: bool) -> Any:
        """The first value from the bound on."""

    def down(self, bound: Any, *, strictly: bool) -> Any:
        """The last value up to the bound."""

    def same(self, bound: Any) -> Any:
        """The value that equals the bound, or None."""


@attrs.frozen(kw_only=True)
class Steps:
    """Decimals with so many digits after the point; whole numbers with none."""

    scale: int = 0
    low: Any = None
    high: Any = None

    def _value(self, steps: int) -> int | Decimal:
        if self.scale <= 0:
            return steps * int(10**-self.scale)
        digits = tuple(map(int, str(abs(steps))))
        return Decimal((int(steps < 0), digits, -self.scale))

    def _place(self, bound: Any) -> Fraction:
        return Fraction(bound) * Fraction(10) ** self.scale

    def up(self, bound: Any, *, strictly: bool) -> Any:
        place = self._place(bound)
        return self._value(floor(place) + 1 if strictly else ceil(place))

    def down(self, bound: Any, *, strictly: bool) -> Any:
        place = self._place(bound)
        return self._value(ceil(place) - 1 if strictly else floor(place))

    def same(self, bound: Any) -> Any:
        place = self._place(bound)
        return self._value(int(place)) if place.denominator == 1 else None


@attrs.frozen(kw_only=True)
class Ticks(Steps):
    """Instants as whole counts of a unit since 1970, of so many digits of a second."""

    digits: int

    def _place(self, bound: Any) -> Fraction:
        return Fraction(_instants.micros(bound)) * Fraction(10) ** (self.digits - _MICRO)


@attrs.frozen
class Binary:
    """Floats of 64 bits, each the decimal that it prints as."""

    low: Any = None
    high: Any = None

    def up(self, bound: Any, *, strictly: bool) -> Any:
        value = float(bound)
        printed = Decimal(repr(value))
        return (
            nextafter(value, inf) if printed < bound or (strictly and printed == bound) else value
        )

    def down(self, bound: Any, *, strictly: bool) -> Any:
        value = float(bound)
        printed = Decimal(repr(value))
        return (
            nextafter(value, -inf) if printed > bound or (strictly and printed == bound) else value
        )

    def same(self, bound: Any) -> Any:
        value = float(bound)
        return value if Decimal(repr(value)) == bound else None


@attrs.frozen
class Calendar:
    """Days, or instants to the microsecond, in UTC."""

    low: Any = None
    high: Any = None

    def _step(self, bound: Any, count: int) -> Any:
        day = isinstance(bound, date) and not isinstance(bound, datetime)
        step = (date.resolution if day else datetime.resolution) * count
        try:
            return self.same(bound) + step
        except OverflowError:  # beyond the last day, or before the first: nothing is there
            return None

    def up(self, bound: Any, *, strictly: bool) -> Any:
        return self._step(bound, 1) if strictly else self.same(bound)

    def down(self, bound: Any, *, strictly: bool) -> Any:
        return self._step(bound, -1) if strictly else self.same(bound)

    def same(self, bound: Any) -> Any:
        return bound.astimezone(UTC) if isinstance(bound, datetime) else bound


def passing(condition: Condition, grid: Grid) -> Between | OneOf:
    """The values of the grid that pass a condition on a number, a date or an instant."""
    operand: Any = condition.operand
    match condition.operator:
        case Operator.IS_ONE_OF:
            same = (grid.same(option) for option in operand)
            return OneOf(tuple(dict.fromkeys(_within(grid, same))))
        case Operator.AT_LEAST | Operator.MORE_THAN as operator:
            low = grid.up(operand, strictly=operator is Operator.MORE_THAN)
            return OneOf(()) if low is None else _clamped(grid, low, None)
        case Operator.AT_MOST | Operator.LESS_THAN as operator:
            high = grid.down(operand, strictly=operator is Operator.LESS_THAN)
            return OneOf(()) if high is None else _clamped(grid, None, high)
        case _:
            low, high = grid.up(operand[0], strictly=False), grid.down(operand[1], strictly=False)
            return _clamped(grid, low, high)


def _within(grid: Grid, values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if value is None or (grid.low is not None and value < grid.low):
            continue
        if grid.high is None or value <= grid.high:
            yield value


def _clamped(grid: Grid, low: Any, high: Any) -> Between | OneOf:
    """Leave out bounds that the column cannot hold, and what lies between none."""
    if low is not None and grid.low is not None and low <= grid.low:
        low = None
    if high is not None and grid.high is not None and high >= grid.high:
        high = None
    too_high = low is not None and grid.high is not None and low > grid.high
    too_low = high is not None and grid.low is not None and high < grid.low
    if too_high or too_low or (low is not None and high is not None and low > high):
        return OneOf(())
    return Between(low, high)
