"""
Budget: what moving money between campaigns would do.

Talk of budget comes after making the most of what there is, and armed with facts (seed 004).
"""

from decimal import Decimal
from fractions import Fraction
from math import hypot
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.campaigns import CampaignResult, as_spend, check_comparable
from leadlib._metrics.offers import plain
from leadlib._rates import Rate
from leadlib._results import Result, records
from leadlib.errors import InvalidValue

__all__ = ["BudgetMove", "MovedBudget", "move_budget"]

_CAVEAT = (
    "Assumes constant returns: that more or less money buys inquiries at the same cost, "
    "as good as those before. The next ones often are not."
)


@attrs.frozen(kw_only=True)
class MovedBudget:
    """
    What a change of its spend would do to one campaign; made by :func:`move_budget`.

    Args:
        campaign: What became of its spend so far.
        amount: The change of its spend; below 0 for the one that gives.
    """

    campaign: CampaignResult
    amount: Decimal

    @property
    def rate(self) -> Rate:
        """The wins of its inquiries so far."""
        return Rate(self.campaign.wins, self.campaign.inquiries)

    @property
    def inquiries(self) -> float:
        """How many more inquiries it would bring, at the cost of those before."""
        return float(_inquiries(self))

    @property
    def wins(self) -> float:
        """How many more wins it would bring, at the rate of those before."""
        return float(_wins(self))

    @property
    def interval(self) -> tuple[float, float]:
        """
        The wins at either end of the 95 % interval of the rate, the lower first.

        The cost of an inquiry is taken as fixed.
        """
        low, high = sorted(self.inquiries * bound for bound in self.rate.interval or (0.0, 1.0))
        return low, high


def _inquiries(part: MovedBudget) -> Fraction:
    return Fraction(part.amount) * part.campaign.inquiries / Fraction(part.campaign.spend or 1)


def _wins(part: MovedBudget) -> Fraction:
    return _inquiries(part) * part.rate.k / part.rate.n


@attrs.frozen(kw_only=True)
class BudgetMove(Result):
    """
    What moving money from one campaign to another would do; made by :func:`move_budget`.

    Args:
        giver: The one that gets less.
        taker: The one that gets more.
    """

    giver: MovedBudget
    taker: MovedBudget

    @property
    def wins(self) -> float:
        """How many more wins both would bring."""
        return float(_wins(self.giver) + _wins(self.taker))

    @property
    def interval(self) -> tuple[float, float]:
        """
        The 95 % interval of *wins*, from that of each rate; if it holds 0, no gain was shown.

        Source:
            Zou and Donner, Statist. Med. 27 (2008) 1693: the variance is recovered from the limits.
        """
        below = hypot(*(part.wins - part.interval[0] for part in (self.giver, self.taker)))
        above = hypot(*(part.interval[1] - part.wins for part in (self.giver, self.taker)))
        return self.wins - below, self.wins + above

    @property
    def caveat(self) -> str:
        """What the numbers take for granted."""
        return _CAVEAT

    def __str__(self) -> str:
        head = ("campaign", "spend", "cost per win", "rate", "of rate", "wins", "95 % interval")
        both = ("together", "", "", "", "", f"{self.wins:+z,.2f}", _bounds(self.interval))
        table = _text.text_table(head, [_cells(self.giver), _cells(self.taker), both])
        return f"{table}\n{_CAVEAT}"

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each of the two campaigns."""
        return records([_plain_part(self.giver), _plain_part(self.taker)])

    def _remarks(self) -> tuple[str, ...]:
        return (_CAVEAT,)

    def to_dict(self) -> dict[str, Any]:
        """The move as plain data; money as text, for it is exact."""
        return {
            "giver": _plain_part(self.giver),
            "taker": _plain_part(self.taker),
            "currency": self.giver.campaign.currency,
            "wins": self.wins,
            "interval": [*self.interval],
            "caveat": _CAVEAT,
        }


def _bounds(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"[{low:+z,.2f}, {high:+z,.2f}]"


def _cells(part: MovedBudget) -> tuple[str, ...]:
    cost, rate = part.campaign.cost_per_win, part.rate
    each = "-" if cost is None else f"{cost:,.2f}"
    spend = f"{part.amount:+,.2f} {part.campaign.currency}"
    wins = (f"{part.wins:+z,.2f}", _bounds(part.interval))
    return (part.campaign.name, spend, each, rate.percent, rate.bounds, *wins)


def _plain_part(part: MovedBudget) -> dict[str, Any]:
    cost = part.campaign.cost_per_win
    return {
        "name": part.campaign.name,
        "amount": str(part.amount),
        "cost_per_win": None if cost is None else str(cost),
        "conversion": plain(part.rate),
        "inquiries": part.inquiries,
        "wins": part.wins,
        "interval": [*part.interval],
    }


def move_budget(
    amount: float | Decimal, *, giver: CampaignResult, taker: CampaignResult
) -> BudgetMove:
    """
    Say how many wins it would cost and bring to move money from one campaign to another.

    Args:
        amount: How much, in the currency of both.
        giver: The campaign that gets less; not more than it spent.
        taker: The one that gets more.

    Returns:
        The wins lost and gained with their intervals, and what these numbers take for granted.

    Raises:
        DefinitionMismatch: The two were judged under different definitions.
        InvalidValue: No amount above 0, more than the giver spent, one campaign twice, two
            currencies, or a campaign whose inquiries, wins or spend are not known.

    Source:
        Seed 004: first make the most of what there is; then talk about budget, with facts.

    Example:
        >>> a = CampaignResult(name="A", inquiries=500, accepted=40, wins=4, spend=10_000,
        ...                    currency="EUR")
        >>> b = CampaignResult(name="B", inquiries=100, accepted=30, wins=6, spend=8_000,
        ...                    currency="EUR")
        >>> move = move_budget(2_000, giver=a, taker=b)
        >>> print(move.giver.wins, move.taker.wins, move.wins)
        -0.8 1.5 0.7
    """
    check_comparable([giver, taker])
    for campaign in (giver, taker):
        _check_known(campaign)
    _check_pair(giver, taker)
    moved = _as_part(amount, giver)
    return BudgetMove(
        giver=MovedBudget(campaign=giver, amount=moved.copy_negate()),
        taker=MovedBudget(campaign=taker, amount=moved),
    )


def _check_known(campaign: CampaignResult) -> None:
    where = f"campaign {campaign.name!r}"
    if campaign.wins is None or not campaign.inquiries:
        raise InvalidValue(expected="inquiries and their wins", got="nothing", where=where)
    if not campaign.spend:
        raise InvalidValue(expected="a spend above 0", got="nothing", where=where)


def _check_pair(giver: CampaignResult, taker: CampaignResult) -> None:
    if giver.name == taker.name:
        raise InvalidValue(expected="another campaign", got="the giver", where="taker")
    if giver.currency != taker.currency:
        got = f"{giver.currency} and {taker.currency}"
        raise InvalidValue(expected="one currency", got=got, where="taker")


def _as_part(amount: float | Decimal, giver: CampaignResult) -> Decimal:
    moved: Decimal | None = _fields.named("amount", as_spend)(amount)
    if not moved or moved > (giver.spend or 0):
        expected = f"money above 0, up to the {giver.spend} that {giver.name!r} spent"
        got = "more" if moved else "nothing"
        raise InvalidValue(expected=expected, got=got, where="amount")
    return moved
