"""
The loop closed: what history says the next version of a definition should change (004-43).
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from html import escape
from math import floor
from operator import and_
from typing import Any

import attrs

from leadlib._qualification.answers import Answer
from leadlib._qualification.backtest import BackTest, back_test
from leadlib._qualification.criteria import AllOf, Criterion, answer, describe
from leadlib._qualification.definition import LeadDefinition
from leadlib._qualification.flips import Flips
from leadlib._qualification.past import Ends, PastLead, assessed, in_order, values_of
from leadlib._qualification.scoring import Number, ScoreCard
from leadlib._qualification.verdict import Assessment, Outcome
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
    history = _History(definition=definition, leads=in_order(past))
    return _with_threshold(history) or _without_part(history)


@attrs.frozen(kw_only=True, slots=False)
class _History:
    """Past leads, and what the version in force says of them: judged once, and only if needed."""

    definition: LeadDefinition
    leads: tuple[PastLead, ...]

    @cached_property
    def assessments(self) -> tuple[Assessment, ...]:
        return tuple(assessed(self.definition, self.leads))

    @property
    def pairs(self) -> Iterator[tuple[PastLead, Assessment]]:
        return zip(self.leads, self.assessments, strict=True)

    @cached_property
    def tried(self) -> BackTest:
        return back_test(self.definition, self.leads)

    def flips_to(self, new: LeadDefinition) -> Flips:
        return Flips(old=self.tried, new=back_test(new, self.leads))


def _with_threshold(history: _History) -> Refinement | None:
    definition, card = history.definition, history.definition.fit
    if card is None or card.at_least is None:
        return None
    bound = _all_wins_reach(history, card)
    if bound is None or bound <= card.at_least:
        return None
    flips = history.flips_to(definition.revised(fit=attrs.evolve(card, at_least=bound)))
    if flips.dropped.won or not flips.dropped.lost:
        return None
    return Refinement(change=f"fit at least {bound} instead of {card.at_least}", flips=flips)


def _all_wins_reach(history: _History, card: ScoreCard) -> Number | None:
    """The highest threshold that every win still reaches for certain, whatever is unknown."""
    wins = [p for p, a in history.pairs if p.won and a.outcome is Outcome.QUALIFIED]
    least = min((_certain(history.definition, card, lead) for lead in wins), default=None)
    return floor(least) if isinstance(least, float) else least


def _certain(definition: LeadDefinition, card: ScoreCard, past: PastLead) -> Number | float:
    known = past.known()
    lead = known if isinstance(known, Lead) else None
    return card.score(values_of(definition, past), lead=lead, now=past.at).lowest


def _without_part(history: _History) -> Refinement | None:
    """The part that kept out most wins and no lost lead, the first of several."""
    qualify = history.definition.qualify
    if not isinstance(qualify, AllOf) or len(qualify.parts) == 1:
        return None
    kept_out = _kept_out(history, qualify.parts)
    free = [place for place, ends in kept_out.items() if ends.won and not ends.lost]
    if not free:
        return None
    best = min(free, key=lambda place: (-kept_out[place].won, place))
    flips = history.flips_to(_lacking(history.definition, qualify.parts, best))
    return Refinement(change=f"without {describe(qualify.parts[best])!r}", flips=flips)


def _kept_out(history: _History, parts: Sequence[Criterion]) -> dict[int, Ends]:
    """Whom each part alone keeps out, as the answers tell: nobody is judged again for it."""
    alone: dict[int, list[tuple[PastLead, Assessment]]] = {}
    for past, old in history.pairs:
        missing = [i for i, part in enumerate(parts) if answer(part, old.answers) < Answer.YES]
        if len(missing) == 1:
            alone.setdefault(missing[0], []).append((past, old))
    return {
        place: Ends.of(_let_in(_lacking(history.definition, parts, place), kept_out))
        for place, kept_out in alone.items()
    }


def _let_in(
    new: LeadDefinition, kept_out: Iterable[tuple[PastLead, Assessment]]
) -> Iterator[PastLead]:
    for past, old in kept_out:
        given = tuple(old.answers[condition] for condition in new.conditions)
        if new.assessment(given).outcome is Outcome.QUALIFIED:
            yield past


def _lacking(definition: LeadDefinition, parts: Sequence[Criterion], place: int) -> LeadDefinition:
    """The next version, without the part at that place."""
    return definition.revised(qualify=reduce(and_, [*parts[:place], *parts[place + 1 :]]))
