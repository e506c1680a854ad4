"""
What the figures of follow-up share: the leads as they stood, and each offer with what came of it.

An offer is followed for as long as the lead is in the hands of sales: what marketing does after a
hand-back is no follow-up, and neither is what sales did before.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeVar

import attrs

from leadlib import _fields, _instants
from leadlib._rates import Rate
from leadlib.errors import ConflictError
from leadlib.lifecycle import (
    HAND_OFFS,
    Attempted,
    CallbackScheduled,
    Disqualified,
    DisqualifyReason,
    LeadEvent,
    Merged,
    OpportunityOpened,
    Quoted,
    Reopened,
    SalesQualified,
    Stage,
    Standing,
    Won,
)

__all__ = [
    "CONVERSATIONS",
    "FollowedOffer",
    "is_merged",
    "last_offer",
    "offers",
    "plain",
    "refuted",
    "ruled_out",
    "seen",
    "state_of",
]

_State = TypeVar("_State", bound=StrEnum)

CONVERSATIONS = (CallbackScheduled, SalesQualified, OpportunityOpened, Quoted, Won)
"""What sales can only have from the prospect: it was no less touched for want of a note."""


def seen(standings: Iterable[Standing], now: datetime) -> tuple[Standing, ...]:
    """The leads as they stood at *now*, by id; those that came later are not there yet."""
    now = _instants.aware(now, where="now")
    by_lead: dict[str, Standing] = {}
    for standing in standings:
        _fields.check_type(standing, Standing, "standings")
        known = by_lead.setdefault(standing.lead, standing)
        if known is not standing and known != standing:
            where = f"lead {standing.lead!r}"
            raise ConflictError(expected="one standing for each lead", got="two", where=where)
    then = (standing.as_of(now) for _, standing in sorted(by_lead.items()))
    return tuple(standing for standing in then if standing is not None)


@attrs.frozen(kw_only=True)
class FollowedOffer:
    """
    One offer of a lead to sales, and what happened while sales had the lead in hand.

    Args:
        lead: Its id.
        event: The offer.
        moves: The events after it, each with the stage before and after; the last one may be that
            which took the lead out of the hands of sales.
        stage: Where the lead was then.
        is_last: Whether no other offer followed.
    """

    lead: str
    event: LeadEvent
    moves: tuple[tuple[LeadEvent, Stage, Stage], ...]
    stage: Stage
    is_last: bool

    @property
    def is_open(self) -> bool:
        """Whether sales has the lead in hand by this offer."""
        return self.is_last and self.stage.is_with_sales

    @property
    def events(self) -> tuple[LeadEvent, ...]:
        """What happened, without the stages."""
        return tuple(event for event, _, _ in self.moves)

    @property
    def is_touched(self) -> bool:
        """Whether a human tried to reach the lead, or must have."""
        return self.first_touch is not None

    @property
    def first_touch(self) -> LeadEvent | None:
        """The first attempt of a human, or what shows that there must have been one."""
        touches = (event for event in self.events if isinstance(event, (Attempted, *CONVERSATIONS)))
        return next(touches, None)

    @property
    def contact(self) -> LeadEvent | None:
        """The first attempt that reached somebody, or what shows that one must have."""
        return next((event for event in self.events if _is_contact(event)), None)

    @property
    def attempts(self) -> int:
        """How many attempts were made, up to the first contact if there was one."""
        count = 0
        for event in self.events:
            count += isinstance(event, Attempted)
            if _is_contact(event):
                break
        return count

    @property
    def ended(self) -> datetime | None:
        """When the lead left the hands of sales; None if it did not, or was offered anew before."""
        left = None
        for event, _, stage in reversed(self.moves):
            if stage.is_with_sales:
                break
            left = event.at  # what followed within a closed stage was only noted there
        return left


def _is_contact(event: LeadEvent) -> bool:
    return event.reached if isinstance(event, Attempted) else isinstance(event, CONVERSATIONS)


def offers(standing: Standing) -> Iterator[FollowedOffer]:
    """All offers of a lead, in order."""
    events = standing.events
    starts = [index for index, event in enumerate(events) if isinstance(event, HAND_OFFS)]
    for start, end in pairwise([*starts, len(events)]):
        moves = tuple(_in_hand(standing, start, end))
        yield FollowedOffer(
            lead=standing.lead,
            event=events[start],
            moves=moves,
            stage=moves[-1][2] if moves else standing.stages[start],
            is_last=end == len(events),
        )


def _in_hand(standing: Standing, start: int, end: int) -> Iterator[tuple[LeadEvent, Stage, Stage]]:
    for index in range(start + 1, end):
        before, stage = standing.stages[index - 1 : index + 1]
        yield standing.events[index], before, stage
        if stage.is_with_marketing or stage.is_final:
            return


def last_offer(standing: Standing) -> FollowedOffer | None:
    """The last offer of a lead, or None."""
    return next(reversed([*offers(standing)]), None)


def ruled_out(standing: Standing) -> Disqualified | None:
    """What ruled the lead out, if that was the last word; what was noted later changes nothing."""
    words = [event for event in standing.events if isinstance(event, Disqualified | Reopened)]
    return words[-1] if words and isinstance(words[-1], Disqualified) else None


def refuted(standing: Standing) -> bool:
    """
    Whether sales ruled out what it had been offered as a lead.

    Whoever opted out of everything was one, perhaps, and wants to hear no more.
    """
    word, offer = ruled_out(standing), last_offer(standing)
    if word is None or offer is None or word.reason is DisqualifyReason.OPT_OUT_ALL:
        return False
    return any(event is word and stage.is_with_sales for event, stage, _ in offer.moves)


def is_merged(standing: Standing) -> bool:
    """Whether another lead goes on for this one; only that one is counted."""
    return standing.last(Merged) is not None


def state_of(kind: type[_State], value: object) -> _State:
    """A state by itself or by its word."""
    return _fields.member(kind, value, expected=f"a {kind.__name__}", where="state")


def plain(rate: Rate) -> dict[str, Any]:
    """A rate as plain data."""
    return rate.to_dict()
