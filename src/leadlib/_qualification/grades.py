"""What scores are called: how warm a lead is, and its cell in the grid of fit and engagement."""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any

import attrs

from leadlib._qualification.scoring import Number, as_number
from leadlib.errors import InvalidValue

__all__ = ["Cuts", "Grade", "Temperature", "grade", "temperature"]


class Temperature(StrEnum):
    """How warm a lead is: what is left of its engagement (seed 001: follow up while it is hot)."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


def temperature(points: float | Decimal, *, hot: float = 50, warm: float = 20) -> Temperature:
    """
    How warm a score is; at the threshold it still counts (M-33).

    Example:
        >>> print(temperature(53.84), temperature(48.76), temperature(20), temperature(19.9))
        hot warm warm cold
    """
    if not hot >= warm or points != points:  # noqa: PLR0124  # NaN
        raise InvalidValue(expected="points, and hot >= warm", got="others")
    if points >= hot:
        return Temperature.HOT
    return Temperature.WARM if points >= warm else Temperature.COLD


def _as_cuts(cuts: Iterable[Any]) -> tuple[Number, ...]:
    taken = tuple(as_number(cut) for cut in cuts)
    falling = all(a > b for a, b in pairwise(taken))
    if not 0 < len(taken) < _LETTERS or not falling or taken[-1] <= 0 or taken[0] > 1:
        raise InvalidValue(expected="falling shares from 1 to 0, such as .75, .5, .25", got="other")
    return taken


_LETTERS = 26


@attrs.frozen
class Cuts:
    """The shares from which on a better letter or digit begins; the share itself counts."""

    shares: tuple[Number, ...] = attrs.field(
        default=(Decimal("0.75"), Decimal("0.5"), Decimal("0.25")), converter=_as_cuts
    )

    def place(self, share: float) -> int:
        """From 0, the best, on."""
        return sum(share < cut for cut in self.shares)


@attrs.frozen(kw_only=True)
class Grade:
    """
    A cell of the grid of fit and engagement: a letter for who they are, a digit for what they do.
    """

    letter: str
    digit: int

    def __str__(self) -> str:
        return f"{self.letter}{self.digit}"


def grade(
    fit: float,
    engagement: float,
    *,
    fit_cuts: Cuts | None = None,
    engagement_cuts: Cuts | None = None,
) -> Grade:
    """
    The grade of a lead by the shares of its two scores, A1 being the best (000-14).

    Example:
        >>> print(grade(0.82, 0.30))
        A3
    """
    for share, where in ((fit, "fit"), (engagement, "engagement")):
        if not share >= 0:
            raise InvalidValue(expected="a share from 0 on", got="another", where=where)
    letter = chr(ord("A") + (fit_cuts or Cuts()).place(fit))
    return Grade(letter=letter, digit=1 + (engagement_cuts or Cuts()).place(engagement))
