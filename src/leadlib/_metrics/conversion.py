"""
Conversion between two stages, however far apart, and what it would be if its parts were better.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.offers import plain
from leadlib._metrics.origin import Measured, Origin
from leadlib._rates import Rate
from leadlib.errors import InvalidValue

__all__ = ["Conversion", "what_if"]


@attrs.frozen(kw_only=True)
class Conversion(Measured):
    """
    How many leads got from one stage to a later one; made by :meth:`Funnel.conversion`.

    Args:
        start: The stage that they come from.
        goal: The stage that they go to.
        entered: How many leads reached *start*.
        arrived: How many of them reached *goal*; each once, however often it entered.
        left: How many did not, and their story has ended elsewhere.
        is_young: Whether they are a month of :func:`cohorts` that has not had the time to arrive.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    start: str
    goal: str
    entered: int
    arrived: int
    left: int
    is_young: bool = False
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def open(self) -> int:
        """How many are still on the way."""
        return self.entered - self.arrived - self.left

    @property
    def rate(self) -> Rate:
        """Arrived of entered: a lower bound while leads are open."""
        return Rate(self.arrived, self.entered)

    @property
    def rate_of_closed(self) -> Rate | None:
        """
        Arrived of those whose fate is known, as in the win rate: open leads kept apart.

        None where nobody is known to have left: if losses are not on record, only winners are
            known.
        """
        return Rate(self.arrived, self.arrived + self.left) if self.left else None

    def __str__(self) -> str:
        closed = self.rate_of_closed or Rate(0, 0)
        return (
            f"{self.start} to {self.goal}: {self.rate}; of closed {closed}; "
            f"{self.left:,} left, {self.open:,} open"
        )

    def to_dict(self) -> dict[str, Any]:
        """The conversion as plain data; *of_closed* is None where losses are not on record."""
        return {
            "start": self.start,
            "goal": self.goal,
            "left": self.left,
            "open": self.open,
            "conversion": plain(self.rate),
            "of_closed": plain(self.rate_of_closed) if self.rate_of_closed else None,
            **self._said(),
        }


def what_if(
    steps: Sequence[Rate],
    *,
    volume: float | Decimal = 0,
    lifts: Sequence[float | Decimal] = (),
) -> float | None:
    """
    Say how many leads would get through all steps if more came in, or if more went on.

    Args:
        steps: The conversion of each step, the first one first; its base is what comes in.
        volume: By how much more comes in: 0.2 for 20 % more, below 0 for less.
        lifts: By how much the rate of each step is higher than it was: 0.2 turns 15 % into 18 %.
            Steps without a lift stay as they are.

    Returns:
        The expected number, exact until it becomes a float; None if a step is of nothing.

    Raises:
        InvalidValue: No steps, more lifts than steps, less than nothing, or more than all.

    Note:
        It multiplies and foretells nothing: that more inquiries of the same quality can be had, or
        more of the same be made ready, is the assumption.

    Source:
        Seed 003: a bigger and a better marketing funnel make a bigger sales funnel.

    Example:
        >>> marketing, sales = Rate(60, 400), Rate(6, 60)
        >>> what_if([marketing, sales], volume=0.2), what_if([marketing, sales], lifts=[0.2])
        (7.2, 7.2)
        >>> what_if([marketing, sales], volume=0.2, lifts=[0.2])
        8.64
    """
    rates = _as_steps(steps)
    factors = [_factor(lift, f"lifts[{place}]") for place, lift in enumerate(lifts)]
    if len(factors) > len(rates):
        got = f"{len(factors)} for {len(rates)}"
        raise InvalidValue(expected="at most one lift for each step", got=got, where="lifts")
    through = _factor(volume, "volume") * rates[0].n
    factors += [Fraction(1)] * (len(rates) - len(factors))
    for place, (rate, factor) in enumerate(zip(rates, factors, strict=True)):
        if not rate.n:
            return None
        through *= _share(Fraction(rate.k, rate.n) * factor, f"lifts[{place}]")
    return float(through)


def _as_steps(steps: Sequence[Rate]) -> tuple[Rate, ...]:
    _fields.check_type(steps, Sequence, "steps")
    for place, rate in enumerate(steps):
        _fields.check_type(rate, Rate, f"steps[{place}]")
    if not steps:
        raise InvalidValue(expected="at least one step", got="none", where="steps")
    return tuple(steps)


def _factor(change: Any, where: str) -> Fraction:
    if isinstance(change, bool) or not isinstance(change, int | float | Decimal):
        raise InvalidValue(expected="a change such as 0.2", got=_text.kind_of(change), where=where)
    factor = 1 + Fraction(_fields.finite(change))
    if factor < 0:
        raise InvalidValue(expected="a change from -1 on", got="a lower one", where=where)
    return factor


def _share(share: Fraction, where: str) -> Fraction:
    if share > 1:
        got = f"{float(100 * share):.4g} %"
        raise InvalidValue(expected="a rate of at most 100 %", got=got, where=where)
    return share
