"""
The loop closed: what history says the next version of a definition should change (004-43).
"""

from collections.abc import Iterable
from functools import reduce
from html import escape
from math import floor
from operator import and_
from typing import Any

import attrs

from leadlib._qualification.criteria import AllOf, describe
from leadlib._qualification.definition import LeadDefinition
from leadlib._qualification.flips import Flips, compare_definitions
from leadlib._qualification.past import PastLead, assessed, in_order, values_of
from leadlib._qualification.scoring import Number, ScoreCard
from leadlib._qualification.verdict import Outcome
from leadlib.model import Lead

__all__ = ["Refinement", "propose_refinement"]


@attrs.frozen(kw_only=True, repr=False)
class Refinement:
    """
    The next version of a definition, as history proposes it: unsigned, for people to decide.

    It was found on the same leads that it is measured on, so it looks better than it will do; try
    it on leads that came later, too.

    Args:
        change: What is new, in one line.
        flips: The evidence: both versions on the same history.
    """

    change: str
    flips: Flips

    @property
    def definition(self) -> LeadDefinition:
        """The next version; nobody has signed it."""
        return self.flips.new.definition

    def __repr__(self) -> str:
        return f"<Refinement {self.definition.title}: {self.change}>"

    def __str__(self) -> str:
        missing = " and ".join(self.definition.unsigned)
        return f"{self.definition.title}: {self.change}; {missing} must sign\n\n{self.flips}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The change, the definition and the evidence, as plain data."""
        return {
            "change": self.change,
            "definition": self.definition.to_dict(),
            "evidence": self.flips.to_dict(),
        }


def propose_refinement(definition: LeadDefinition, past: Iterable[PastLead]) -> Refinement | None:
    """
    Propose the next version, if history knows one that gains something and costs nothing (004-43).

    Two kinds of change are tried, in this order: a higher threshold of *fit* that hands off fewer
    lost leads and every win; and *qualify* without one of its parts, if that part kept out wins
    and not one lost lead.  Open leads decide nothing.

    Args:
        definition: The version in force.
        past: See :func:`back_test`.

    Returns:
        The next version, unsigned, with its evidence; None if neither change does.

    Example:
        >>> from leadlib import Field, Points, ScoreCard
        >>> staff, need = Field("staff", int), Field("need", bool)
        >>> fit = ScoreCard([Points(60, staff >= 50), Points(10, need.is_true())], at_least=60)
        >>> history = [
        ...     PastLead(id="a", values={"staff": 60, "need": False}, won=False),
        ...     PastLead(id="b", values={"staff": 90, "need": True}, won=True),
        ... ]
        >>> propose_refinement(LeadDefinition("d", staff >= 50, fit=fit), history)
        <Refinement d v2: fit at least 70 instead of 60>
    """
    leads = in_order(past)
    return _with_threshold(definition, leads) or _without_part(definition, leads)


def _with_threshold(definition: LeadDefinition, leads: tuple[PastLead, ...]) -> Refinement | None:
    card = definition.fit
    if card is None or card.at_least is None:
        return None
    bound = _all_wins_reach(definition, card, leads)
    if bound is None or bound <= card.at_least:
        return None
    flips = _flips_to(definition, leads, fit=attrs.evolve(card, at_least=bound))
    if flips.dropped.won or not flips.dropped.lost:
        return None
    return Refinement(change=f"fit at least {bound} instead of {card.at_least}", flips=flips)


def _all_wins_reach(
    definition: LeadDefinition, card: ScoreCard, leads: tuple[PastLead, ...]
) -> Number | None:
    """The highest threshold that every win still reaches for certain, whatever is unknown."""
    qualified = zip(leads, assessed(definition, leads), strict=True)
    wins = [p for p, a in qualified if p.won and a.outcome is Outcome.QUALIFIED]
    least = min((_certain(definition, card, lead) for lead in wins), default=None)
    return floor(least) if isinstance(least, float) else least


def _certain(definition: LeadDefinition, card: ScoreCard, past: PastLead) -> Number | float:
    known = past.known()
    lead = known if isinstance(known, Lead) else None
    return card.score(values_of(definition, past), lead=lead, now=past.at).lowest


def _without_part(definition: LeadDefinition, leads: tuple[PastLead, ...]) -> Refinement | None:
    if not isinstance(definition.qualify, AllOf):
        return None
    parts, found = definition.qualify.parts, []
    for i, part in enumerate(parts):
        rest = [*parts[:i], *parts[i + 1 :]]
        flips = _flips_to(definition, leads, qualify=reduce(and_, rest)) if rest else None
        if flips is not None and flips.added.won and not flips.added.lost:
            found.append(Refinement(change=f"without {describe(part)!r}", flips=flips))
    return max(found, key=lambda refinement: refinement.flips.added.won, default=None)


def _flips_to(definition: LeadDefinition, leads: tuple[PastLead, ...], **changes: Any) -> Flips:
    return compare_definitions(definition, definition.revised(**changes), leads)
