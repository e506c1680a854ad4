"""
Campaigns: which to continue and which to change, by what became of their inquiries.

A mere count of leads ranks noise first (seed 004), and figures under different definitions are not
comparable at all (seed 003): the one is warned of, the other refused.
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Context, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._rates import Comparison, Rate, compare, whole_number
from leadlib._results import Result
from leadlib.errors import CountRanking, DefinitionMismatch, InvalidValue, UnknownName

__all__ = [
    "CampaignDecision",
    "CampaignResult",
    "Decision",
    "Group",
    "as_group",
    "as_spend",
    "check_comparable",
    "decide",
    "group_order",
    "rank",
    "rates_by",
]

Group = str | int | None


def _as_count(value: object) -> int | None:
    return None if value is None else whole_number(value)


def _as_money(value: object) -> Decimal | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValue(expected="an amount of money", got=_text.kind_of(value))
    return Decimal(_fields.finite(value))


def as_spend(value: object) -> Decimal | None:
    """Money that was spent, or nothing."""
    spend = _as_money(value)
    if spend is not None and spend < 0:
        raise InvalidValue(expected="money spent, from 0 on", got="less")
    return spend


def _as_currency(value: object) -> str | None:
    if value is None:
        return None
    code = _text.clean(value)
    if not _CURRENCY.fullmatch(code):
        expected, got = "a currency code such as EUR", f"text of {len(code)} characters"
        raise InvalidValue(expected=expected, got=got)
    return code


_CURRENCY = re.compile("[A-Z]{3}")  # ISO 4217


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class CampaignResult:
    """
    What became of the inquiries that a campaign brought.

    Args:
        name: The campaign.
        inquiries: How many it brought.
        accepted: How many of them sales accepted as leads, or the definition qualified.
        quoted: How many of them got a quote; None if not known.
        wins: How many of them became customers; None if nobody knows yet.
        spend: What it cost.
        currency: The ISO 4217 code of *spend* and *value*; needed with either.
        value: What all its customers are worth: margin or lifetime value; None if not known.
        definition: The title or content hash of the definition that judged what is *accepted*; the
            same form in all results that are compared.

    Raises:
        InvalidValue: More of a part than of the whole, or money without its currency.

    Example:
        >>> fair = CampaignResult(name="fair", inquiries=500, accepted=40, spend=10_000,
        ...                       currency="EUR")
        >>> print(fair.acceptance, fair.cost_per_accepted, fair.wasted_budget)
        8.0 % [5.9, 10.7] 250 9200
        >>> sold = attrs.evolve(fair, wins=4, value=4 * 9_000)
        >>> print(sold.cost_per_win, sold.value_per_win, sold.return_on_spend, sold.value_to_cost)
        2500 9000 2.6 3.6
    """

    name: str = attrs.field(converter=_fields.identifier)
    inquiries: int = attrs.field(converter=whole_number)
    accepted: int = attrs.field(converter=whole_number)
    quoted: int | None = attrs.field(default=None, converter=_as_count)
    wins: int | None = attrs.field(default=None, converter=_as_count)
    spend: Decimal | None = attrs.field(default=None, converter=as_spend)
    currency: str | None = attrs.field(default=None, converter=_as_currency)
    value: Decimal | None = attrs.field(default=None, converter=_as_money)
    definition: str | None = attrs.field(default=None, converter=_fields.label)

    def __attrs_post_init__(self) -> None:
        for part in ("inquiries", "accepted", "quoted", "wins"):
            count = getattr(self, part)
            if count is not None and not 0 <= count <= self.inquiries:
                expected = f"a number from 0 to the {max(self.inquiries, 0)} inquiries"
                raise InvalidValue(expected=expected, got=str(count), where=f"$.{part}")
        if self.currency is None and (self.spend, self.value) != (None, None):
            expected = "the currency of the money"
            raise InvalidValue(expected=expected, got="nothing", where="$.currency")

    @property
    def acceptance(self) -> Rate:
        """Accepted of all inquiries."""
        return Rate(self.accepted, self.inquiries)

    @property
    def conversion(self) -> Rate | None:
        """Wins of all inquiries; None while nobody knows them."""
        return None if self.wins is None else Rate(self.wins, self.inquiries)

    @property
    def cost_per_inquiry(self) -> Decimal | None:
        """The spend for each inquiry, not rounded to cents; None of none."""
        return _part(self.spend, 1, self.inquiries)

    @property
    def cost_per_accepted(self) -> Decimal | None:
        """The spend for each accepted lead; None if none was, for no lead was had for nothing."""
        return _part(self.spend, 1, self.accepted)

    @property
    def cost_per_quoted(self) -> Decimal | None:
        """The spend for each lead that got a quote; None if none did."""
        return _part(self.spend, 1, self.quoted)

    @property
    def cost_per_win(self) -> Decimal | None:
        """The spend for each customer, the cost of acquisition; None if there is none."""
        return _part(self.spend, 1, self.wins)

    @property
    def value_per_win(self) -> Decimal | None:
        """What a customer is worth; None if there is none."""
        return _part(self.value, 1, self.wins)

    @property
    def return_on_spend(self) -> Decimal | None:
        """
        What came back beyond the spend, in spends: (value - spend) / spend.

        0 is break-even, and -1 is all lost: that nobody became a customer is an outcome, too.  None
        if nothing was spent, or the value is not known.
        """
        if self.value is None or not self.spend:
            return None
        return _part(_EXACTLY.subtract(self.value, self.spend), 1, self.spend)

    @property
    def value_to_cost(self) -> Decimal | None:
        """How many times what it cost a customer is worth; None if there is none, or no spend."""
        return _part(self.value, 1, self.spend) if self.wins else None

    @property
    def value_per_inquiry(self) -> Decimal | None:
        """
        What an inquiry turned out to be worth, its lifetime value if *value* is of that kind.

        Seed 001: the true measure of a campaign.
        """
        return _part(self.value, 1, self.inquiries)

    @property
    def wasted_budget(self) -> Decimal | None:
        """The part of the spend that went to inquiries that were not accepted (seed 003)."""
        return _part(self.spend, self.inquiries - self.accepted, self.inquiries)


def _part(amount: Decimal | None, part: int, whole: int | Decimal | None) -> Decimal | None:
    """The amount times part by whole, whatever decimal context the caller has set."""
    if amount is None or not whole:
        return None
    return _ROUNDED.divide(_EXACTLY.multiply(amount, Decimal(part)), Decimal(whole))


_EXACTLY = Context(prec=80)  # 18 + 36 digits of any amount times 18 of any count
_ROUNDED = Context(prec=28)


class Decision(StrEnum):
    """
    What to do with a campaign that is measured against another.

    Example:
        >>> print(Decision.KEEP_TESTING)
        keep testing
    """

    CONTINUE = "continue"
    CHANGE = "change"
    KEEP_TESTING = "keep testing"


@attrs.frozen(kw_only=True)
class CampaignDecision(Result):
    """
    What to do with the challenger, and the evidence; made by :func:`decide`.

    Args:
        challenger: The campaign in question.
        baseline: The campaign it is measured against.
        decision: Continue, change or keep testing.
        evidence: The acceptance of the challenger against that of the baseline.
    """

    challenger: str
    baseline: str
    decision: Decision
    evidence: Comparison

    def __str__(self) -> str:
        return f"{self.challenger}: {self.decision}; against {self.baseline}: {self.evidence}"


def decide(challenger: CampaignResult, baseline: CampaignResult) -> CampaignDecision:
    """
    Decide on a campaign by the share of its inquiries that were accepted.

    Args:
        challenger: The campaign in question.
        baseline: What it is measured against: the running campaign, or the one before.

    Returns:
        ``CONTINUE`` with the challenger if its acceptance is significantly higher, ``CHANGE`` it if
        significantly lower, else ``KEEP_TESTING``: no difference was shown, which is not the same
        as none.

    Raises:
        DefinitionMismatch: The two were judged under different definitions, or only one of them
            says which.

    Source:
        :func:`compare`; two-sided at 5 %.  Looking again after every lead and stopping at the first
        significant answer is not a test at 5 %.

    Example:
        >>> new = CampaignResult(name="webinar", inquiries=400, accepted=30)
        >>> old = CampaignResult(name="fair", inquiries=420, accepted=18)
        >>> decide(new, old).decision
        <Decision.KEEP_TESTING: 'keep testing'>
    """
    check_comparable([challenger, baseline])
    evidence = compare(challenger.acceptance, baseline.acceptance)
    decision = Decision.KEEP_TESTING
    if evidence.is_significant:
        is_better = evidence.difference is not None and evidence.difference > 0
        decision = Decision.CONTINUE if is_better else Decision.CHANGE
    return CampaignDecision(
        challenger=challenger.name, baseline=baseline.name, decision=decision, evidence=evidence
    )


def check_comparable(results: Sequence[CampaignResult]) -> None:
    """Refuse results that were judged under different definitions."""
    for result in results:
        _fields.check_type(result, CampaignResult, "results")
        if result.definition != results[0].definition:
            expected = f"{_judged(results[0])}, as campaign {results[0].name!r}"
            where = f"campaign {result.name!r}"
            raise DefinitionMismatch(expected=expected, got=_judged(result), where=where)


def _judged(result: CampaignResult) -> str:
    return "no definition" if result.definition is None else f"definition {result.definition!r}"


def rank(results: Iterable[CampaignResult], *, by: str = "value") -> tuple[CampaignResult, ...]:
    """
    Rank campaigns, best first.

    Args:
        results: One for each campaign.
        by: ``value``: what an inquiry turned out to be worth; ``wins`` or ``acceptance``: the share
            of inquiries; ``cost_per_win`` or ``cost_per_accepted``: the cheapest first; ``count``:
            the mere number of inquiries, with a warning.

    Returns:
        The results; ties by name.  By a cost, whoever has nothing for its spend comes after all who
        have; campaigns without any inquiry last.

    Raises:
        DefinitionMismatch: Not all were judged under one definition.
        InvalidValue: A figure to rank by is not known, money in two currencies, or a name twice.
        UnknownName: No such *by*.

    Warns:
        CountRanking: By ``count``.

    Source:
        Seeds 001 (value) and 004 (the number of leads alone is part of the problem).

    Example:
        >>> few = CampaignResult(name="few", inquiries=5, accepted=5, wins=5)
        >>> many = CampaignResult(name="many", inquiries=100, accepted=60, wins=0)
        >>> [campaign.name for campaign in rank([many, few], by="wins")]
        ['few', 'many']
    """
    _fields.check_type(by, str, "by")
    if by not in _FIGURES:
        expected = "a figure to rank by"
        raise UnknownName(expected=expected, got=repr(by), where="by", legal=_FIGURES)
    _fields.check_several(results, "results of campaigns", "results")
    ranked = tuple(results)
    check_comparable(ranked)
    _check_names(ranked)
    _check_known(ranked, by)
    if by == "count":
        warnings.warn(CountRanking(_COUNTED), stacklevel=2)
    return tuple(sorted(ranked, key=lambda result: _place(result, by)))


_COUNTED = "ranked by the number of inquiries, which says nothing of their quality; by 'value' does"
_Number = Callable[[CampaignResult], int | Decimal | None]


@attrs.frozen(kw_only=True)
class _Figure:
    """What campaigns are ranked by: an amount by a number, the highest first unless it costs."""

    amount: _Number
    by: _Number
    is_money: bool = False
    is_cost: bool = False


def _inquiries(result: CampaignResult) -> int:
    return result.inquiries


def _spend_by(number: _Number) -> _Figure:
    return _Figure(amount=lambda result: result.spend, by=number, is_money=True, is_cost=True)


_FIGURES = {
    "value": _Figure(amount=lambda result: result.value, by=_inquiries, is_money=True),
    "wins": _Figure(amount=lambda result: result.wins, by=_inquiries),
    "acceptance": _Figure(amount=lambda result: result.accepted, by=_inquiries),
    "cost_per_win": _spend_by(lambda result: result.wins),
    "cost_per_accepted": _spend_by(lambda result: result.accepted),
    "count": _Figure(amount=_inquiries, by=lambda _: 1),
}


def _check_names(results: Sequence[CampaignResult]) -> None:
    for name, count in Counter(result.name for result in results).items():
        if count > 1:
            where = f"campaign {name!r}"
            raise InvalidValue(expected="each campaign once", got=f"{count} results", where=where)


def _check_known(results: Sequence[CampaignResult], by: str) -> None:
    figure = _FIGURES[by]
    for result in results:
        if figure.amount(result) is None or figure.by(result) is None:
            expected, where = f"a figure for {by!r}", f"campaign {result.name!r}"
            raise InvalidValue(expected=expected, got="nothing", where=where)
    currencies = sorted({result.currency or "" for result in results})
    if figure.is_money and len(currencies) > 1:
        raise InvalidValue(expected="one currency", got=" and ".join(currencies), where="results")


def _place(result: CampaignResult, by: str) -> tuple[bool, bool, Fraction, str]:
    """Where a result sorts to; in exact numbers, so that equal shares are ties."""
    figure = _FIGURES[by]
    amount, number = Fraction(figure.amount(result) or 0), Fraction(figure.by(result) or 0)
    share = amount / number if number else Fraction(0)
    return not result.inquiries, not number, share if figure.is_cost else -share, result.name


def rates_by(groups: Mapping[str, Group], leads: Iterable[str]) -> dict[Group, Rate]:
    """
    Count in each group how many of its leads are among *leads*.

    Args:
        groups: The group of each lead: text or a whole number, such as its grade or source.  A lead
            without one (None, NaN) is in the group None.
        leads: Those that were followed up, answered, bought ...; one named twice counts once.

    Returns:
        One rate for each group: numbers first, then text, each in order, then None.

    Raises:
        InvalidValue: A group of another kind, or a lead that *groups* does not know.

    Example:
        >>> followed_up = rates_by({"i-1": "A", "i-2": "D", "i-3": "D"}, ["i-1", "i-3"])
        >>> for grade, rate in followed_up.items():
        ...     print(grade, rate)
        A 100.0 % [20.7, 100.0]
        D 50.0 % [9.5, 90.5]
    """
    if not isinstance(groups, Mapping):
        raise InvalidValue(expected=_GROUPED, got=_text.kind_of(groups), where="groups")
    if isinstance(leads, str) or not isinstance(leads, Iterable):
        raise InvalidValue(expected="leads", got=_text.kind_of(leads), where="leads")
    found = set(leads)
    strange = len(found - groups.keys())
    if strange:
        got = f"{_text.plural(strange, 'lead')} without"
        raise InvalidValue(expected=_GROUPED, got=got, where="leads")
    group_of = {lead: as_group(group) for lead, group in groups.items()}
    every, those = Counter(group_of.values()), Counter(group_of[lead] for lead in found)
    return {group: Rate(those[group], every[group]) for group in sorted(every, key=group_order)}


_GROUPED = "leads with their group"


def as_group(group: Any) -> Group:
    """A group as such; what is missing in any library is None."""
    if _text.is_missing(group):
        return None
    if not isinstance(group, str | int):
        raise InvalidValue(expected=_A_GROUP, got=_text.kind_of(group), where="groups")
    return group


_A_GROUP = "text, a whole number or nothing"


def group_order(group: Group) -> tuple[int, int, str]:
    """Where a group sorts to: numbers first, then text, then None."""
    if isinstance(group, int):
        return 0, group, ""
    return (1, 0, group) if isinstance(group, str) else (2, 0, "")
