"""Scorecard: the number of leads never without their quality and value (seed 000)."""

from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.campaigns import CampaignResult, check_comparable
from leadlib._metrics.offers import plain
from leadlib._rates import Comparison, compare
from leadlib._results import Result, records
from leadlib.errors import InvalidValue

__all__ = ["Divergence", "Scorecard", "scorecard"]


class Divergence(StrEnum):
    """
    Volume and quality went apart.

    Example:
        >>> print(Divergence.VOLUME_UP_QUALITY_DOWN)
        volume up, quality down
    """

    VOLUME_UP_QUALITY_DOWN = "volume up, quality down"
    VOLUME_DOWN_QUALITY_UP = "volume down, quality up"


@attrs.frozen(kw_only=True)
class Scorecard(Result):
    """
    What came in during one period and during the one before; made by :func:`scorecard`.

    Args:
        now: The period in question.
        before: The period that it is measured against.
    """

    now: CampaignResult = attrs.field(validator=_fields.is_a(CampaignResult))
    before: CampaignResult = attrs.field(validator=_fields.is_a(CampaignResult))

    def __attrs_post_init__(self) -> None:
        check_comparable([self.before, self.now])
        money = {one.currency for one in (self.now, self.before) if one.value is not None}
        if len(money) > 1:
            raise InvalidValue(expected="one currency", got="two", where="$.now.currency")

    @property
    def volume(self) -> float | None:
        """By how much more inquiries came: 1 is twice as many; None if none came before."""
        return _change(self.now.inquiries, self.before.inquiries)

    @property
    def quality(self) -> Comparison:
        """The acceptance now against that before."""
        return compare(self.now.acceptance, self.before.acceptance)

    @property
    def value(self) -> float | None:
        """By how much more an inquiry is worth; None if that is not known of both."""
        now, before = self.now.value_per_inquiry, self.before.value_per_inquiry
        return None if now is None or before is None else _change(now, before)

    @property
    def divergence(self) -> Divergence | None:
        """
        Whether volume and quality went apart; None if they did not, or it was not shown.

        The volume is a plain count; the quality went up or down if :func:`compare` says so.
        """
        apart = self.quality.difference
        if apart is None or not self.quality.is_significant:
            return None
        if self.now.inquiries > self.before.inquiries and apart < 0:
            return Divergence.VOLUME_UP_QUALITY_DOWN
        if self.now.inquiries < self.before.inquiries and apart > 0:
            return Divergence.VOLUME_DOWN_QUALITY_UP
        return None

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each period, the earlier one first."""
        return records(self.to_dict()["periods"])

    def __str__(self) -> str:
        head = ("period", "inquiries", "accepted", "acceptance", "95 % interval", "value each")
        table = _text.text_table(head, [_cells(self.before), _cells(self.now)])
        flag = f": {self.divergence}" if self.divergence else ""
        changes = f"volume {_shown(self.volume)}, value {_shown(self.value)}{flag}"
        return "\n".join([table, changes, f"quality: {self.quality}"])

    def to_dict(self) -> dict[str, Any]:
        """The scorecard as plain data; money as text, for it is exact."""
        return {
            "periods": [_plain_result(self.before), _plain_result(self.now)],
            "volume_change": self.volume,
            "value_change": self.value,
            "acceptance_change": self.quality.difference,
            "p": self.quality.p_value,
            "divergence": self.divergence.value if self.divergence else None,
        }


def _change(now: Any, before: Any) -> float | None:
    return float(Fraction(now) / Fraction(before) - 1) if before else None


def _shown(change: float | None) -> str:
    return "-" if change is None else f"{100 * change:+z.1f} %"


def _cells(result: CampaignResult) -> tuple[str, ...]:
    rate, value = result.acceptance, result.value_per_inquiry
    each = "-" if value is None else f"{value:,.2f} {result.currency}"
    counts = (f"{result.inquiries:,}", f"{result.accepted:,}")
    return (result.name, *counts, rate.percent, rate.bounds, each)


def _plain_result(result: CampaignResult) -> dict[str, Any]:
    value = result.value_per_inquiry
    return {
        "name": result.name,
        "inquiries": result.inquiries,
        "acceptance": plain(result.acceptance),
        "value_per_inquiry": None if value is None else str(value),
        "currency": result.currency,
    }


def scorecard(now: CampaignResult, before: CampaignResult) -> Scorecard:
    """
    Set volume, quality and value of one period beside those of the period before.

    A team that is measured by its number of leads will bring more of them, whatever they are worth:
    so here no number stands alone, and it is said when they go apart.

    Args:
        now: The period in question, named after it, such as ``2026-02``.
        before: The period that it is measured against.

    Raises:
        DefinitionMismatch: The two were judged under different definitions, or only one of them
            says which.
        InvalidValue: No results, or money in two currencies.

    Source:
        Seed 000: the number of leads as marketing's metric pushes volume.

    Example:
        >>> january = CampaignResult(name="2026-01", inquiries=100, accepted=20)
        >>> february = CampaignResult(name="2026-02", inquiries=200, accepted=20)
        >>> print(scorecard(february, january).divergence)
        volume up, quality down
    """
    return Scorecard(now=now, before=before)
