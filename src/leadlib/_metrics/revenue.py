"""Revenue: what was won, by whom and from where; the first measure of sales (seed 000)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.campaigns import Group, as_group, group_order
from leadlib._metrics.offers import seen
from leadlib._metrics.origin import Measured, Origin, told
from leadlib.errors import InvalidValue
from leadlib.lifecycle import OpportunityOpened, Standing, Won

__all__ = ["Revenue", "RevenueGroup", "revenue_by"]

Labels = Mapping[str, Any] | Callable[[Standing], Any]
_EXACTLY = Context(prec=80)  # 18 + 36 digits of any amount, and of their sum


@attrs.frozen(kw_only=True)
class RevenueGroup:
    """
    What one rep, campaign or source won; made by :func:`revenue_by`.

    Args:
        label: The rep, campaign or source; None if it is not known.
        wins: How many deals were won in the currency.
        amount: What they are worth all together.
        unpriced: How many more were won without an amount.
        elsewhere: How many more were won in other currencies.
    """

    label: Group
    wins: int
    amount: Decimal
    unpriced: int
    elsewhere: int


@attrs.frozen(kw_only=True)
class Revenue(Measured):
    """
    What was won in one currency, in groups; made by :func:`revenue_by`.

    Args:
        as_of: The last visible instant.
        currency: Of all amounts; None if nothing was won that has one.
        groups: The largest amount first; no win is in two.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "groups"

    as_of: datetime
    currency: str | None
    groups: tuple[RevenueGroup, ...]
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def total(self) -> Decimal:
        """The revenue of all groups."""
        return _sum(group.amount for group in self.groups)

    @property
    def wins(self) -> int:
        """The wins that the total is of."""
        return sum(group.wins for group in self.groups)

    @property
    def unpriced(self) -> int:
        """The wins without an amount: the total lacks what they are worth."""
        return sum(group.unpriced for group in self.groups)

    @property
    def elsewhere(self) -> int:
        """The wins in other currencies."""
        return sum(group.elsewhere for group in self.groups)

    @property
    def amounts(self) -> Mapping[Group, Decimal]:
        """The revenue of each label; they sum to the total."""
        return _fields.FrozenDict({group.label: group.amount for group in self.groups})

    def __str__(self) -> str:
        head = ("group", "wins", "revenue", "share", "no amount")
        table = _text.text_table(head, [_cells(group, self.total) for group in self.groups])
        money = f"{self.total:,.2f} {self.currency or ''}".rstrip()
        missing = f"{self.unpriced:,} without an amount, {self.elsewhere:,} in other currencies"
        return f"{table}\ntotal {money} of {_text.plural(self.wins, 'win')}; {missing}"

    def to_dict(self) -> dict[str, Any]:
        """The revenue as plain data; money as text, for it is exact."""
        return {
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "total": str(self.total),
            "wins": self.wins,
            "unpriced": self.unpriced,
            "elsewhere": self.elsewhere,
            "groups": [_plain_group(group, self.total) for group in self.groups],
            **self._said(),
        }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum, whatever decimal context the caller has set."""
    return reduce(_EXACTLY.add, amounts, Decimal(0))


def _share(group: RevenueGroup, total: Decimal) -> float | None:
    return float(Fraction(group.amount) / Fraction(total)) if total else None


def _cells(group: RevenueGroup, total: Decimal) -> tuple[str, ...]:
    share = _share(group, total)
    shown = "-" if share is None else f"{100 * share:.1f} %"
    label = "not known" if group.label is None else str(group.label)
    return label, f"{group.wins:,}", f"{group.amount:,.2f}", shown, f"{group.unpriced:,}"


def _plain_group(group: RevenueGroup, total: Decimal) -> dict[str, Any]:
    exact = {"amount": str(group.amount), "share": _share(group, total)}
    return attrs.asdict(group) | exact


@told("revenue", "by", "currency")
def revenue_by(
    standings: Iterable[Standing], by: Labels, *, now: datetime, currency: str | None = None
) -> Revenue:
    """
    Add up what was won, by rep, campaign, source or whatever else you know of the leads.

    Args:
        standings: The leads, each once.
        by: The label of each lead by its id; or a function that gives the label of a standing, such
            as ``lambda standing: standing.rep``.  It is asked of the lead as it stood when it was
            won, so that revenue stays with who won it; of one without a win, as it stood at *now*.
            A label is text or a whole number.
        now: The last visible instant.
        currency: The one to add up; needed only if deals were won in several.

    Returns:
        A group for each label, those without a win included, and the group None for leads without a
        label.  A win is worth what its last opportunity says, and an opportunity is of one win; a
        win without any counts as unpriced.  Open and lost opportunities are no revenue.  A customer
        that was won again is two wins; what was won before a churn, a merge or an erasure stays.

    Raises:
        InvalidValue: Deals in several currencies and none is named, no standing, no time zone, or a
            label of another kind.
        ConflictError: Two standings of one lead.

    Source:
        Seed 000: revenue is the primary measure of sales.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import lifecycle as of
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> def won(lead, amount):
        ...     return of.STANDARD.replay([
        ...         of.Inquired(lead=lead, at=day(2)), of.Banded(lead=lead, at=day(3)),
        ...         of.PassedOn(lead=lead, at=day(4), account="Acme", to="sam", brief="b-1"),
        ...         of.Accepted(lead=lead, at=day(5)), of.Attempted(lead=lead, at=day(6)),
        ...         of.SalesQualified(lead=lead, at=day(7)),
        ...         of.OpportunityOpened(lead=lead, at=day(8), amount=amount, currency="EUR"),
        ...         of.Won(lead=lead, at=day(9))])
        >>> deals = [won("i-1", Decimal(40_000)), won("i-2", Decimal(25_000))]
        >>> print(revenue_by(deals, {"i-1": "fair", "i-2": "web"}, now=day(9)))
        group  wins    revenue   share  no amount
        ─────  ────  ─────────  ──────  ─────────
        fair      1  40,000.00  61.5 %          0
        web       1  25,000.00  38.5 %          0
        total 65,000.00 EUR of 2 wins; 0 without an amount, 0 in other currencies
    """
    label_of, leads = _as_function(by), seen(standings, now)
    deals: dict[Group, list[OpportunityOpened | None]] = defaultdict(list)
    for standing in leads:
        found = [*_deals(standing)]
        for then, opened in found:
            deals[as_group(label_of(then))].append(opened)
        if not found:
            deals[as_group(label_of(standing))] += []
    chosen = _currency(deals.values(), currency)
    groups = [_group(label, of, chosen) for label, of in deals.items()]
    ranked = sorted(groups, key=lambda group: (-Fraction(group.amount), group_order(group.label)))
    return Revenue(as_of=_instants.aware(now), currency=chosen, groups=tuple(ranked))


def _as_function(by: Any) -> Callable[[Standing], Any]:
    if isinstance(by, Mapping):
        return lambda standing: by.get(standing.lead)
    if callable(by):
        return by  # type: ignore[no-any-return]
    expected = "labels of leads, or a function of a standing"
    raise InvalidValue(expected=expected, got=_text.kind_of(by), where="by")


def _deals(standing: Standing) -> Iterator[tuple[Standing, OpportunityOpened | None]]:
    """Each win of a lead: the lead as it stood then, and the opportunity that was won."""
    opened = None
    for count, event in enumerate(standing.events, 1):
        if isinstance(event, OpportunityOpened):
            opened = event
        elif isinstance(event, Won):
            yield Standing(standing.events[:count], standing.stages[:count]), opened
            opened = None


def _currency(deals: Iterable[Iterable[OpportunityOpened | None]], named: str | None) -> str | None:
    """The currency that was named, or the only one there is."""
    if named is not None:
        code: str = _fields.named("currency", _fields.identifier)(named)
        return code
    found = sorted({deal.currency for group in deals for deal in group if deal is not None})
    if len(found) > 1:
        expected, got = "the name of one currency", f"deals in {len(found)}"
        raise InvalidValue(expected=expected, got=got, where="currency", legal=found)
    return found[0] if found else None


def _group(
    label: Group, deals: Iterable[OpportunityOpened | None], currency: str | None
) -> RevenueGroup:
    priced = [deal for deal in deals if deal is not None]
    amounts = [deal.amount for deal in priced if deal.currency == currency]
    return RevenueGroup(
        label=label,
        wins=len(amounts),
        amount=_sum(amounts),
        unpriced=sum(deal is None for deal in deals),
        elsewhere=len(priced) - len(amounts),
    )
