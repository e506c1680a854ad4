"""
Follow-up: which of the leads offered to sales nobody tried to reach, and what became of the rest.

Qualified leads that nobody called are the commonest way for a good programme to fail (seed 002).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import StrEnum
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.offers import FollowedOffer, is_merged, last_offer, plain, seen, state_of
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._rates import Rate, whole_number
from leadlib.errors import InvalidValue
from leadlib.lifecycle import (
    Attempted,
    CallbackScheduled,
    Disqualified,
    Erased,
    HandedBack,
    HandedOff,
    LeadEvent,
    Lost,
    Merged,
    OpportunityOpened,
    Quoted,
    Rejected,
    SalesQualified,
    Stage,
    Standing,
    Won,
)

__all__ = [
    "AgeBucket",
    "FollowUp",
    "FollowUpState",
    "Untouched",
    "UntouchedLead",
    "follow_up",
    "untouched",
]

_DAY = timedelta(days=1)
_EDGES = (1 * _DAY, 3 * _DAY, 7 * _DAY, 14 * _DAY)
_EXACT = 80  # digits, whatever decimal context the caller has set
_SHOWN = 20  # a page stays readable; all of them are in the value


@attrs.frozen(kw_only=True)
class UntouchedLead:
    """
    A lead that was offered to sales and that nobody tried to reach.

    Args:
        lead: Its id.
        rep: To whom it was given last, if to anybody.
        stage: Where it is now.
        since: When it was offered last.
        age: How long it has been in the hands of sales; or was, if it no longer is.
        is_waiting: Whether sales still has it in hand: somebody can call today.
        is_certified: Whether the offer rested on a certificate.
    """

    lead: str
    rep: str | None = attrs.field(repr=False)
    stage: Stage
    since: datetime
    age: timedelta
    is_waiting: bool
    is_certified: bool

    def to_dict(self) -> dict[str, Any]:
        """The lead as plain data, without its rep; the age in days of 24 h."""
        return {
            "lead": self.lead,
            "stage": self.stage.name,
            "since": self.since.isoformat(),
            "age_days": self.age / _DAY,
            "waiting": self.is_waiting,
            "certified": self.is_certified,
        }


@attrs.frozen(kw_only=True)
class AgeBucket:
    """
    Leads of about one age.

    Args:
        over: They are older than this; None for no lower edge.
        up_to: At most as old as this; None for no upper edge.
        leads: How many.
    """

    over: timedelta | None
    up_to: timedelta | None
    leads: int

    def __str__(self) -> str:
        return f"{self.name}: {self.leads:,}"

    @property
    def name(self) -> str:
        """Such as ``up to 3 days``."""
        if self.up_to is not None:
            return f"up to {_in_days(self.up_to)}"
        return "any age" if self.over is None else f"over {_in_days(self.over)}"


def _in_days(age: timedelta) -> str:
    count = age / _DAY
    return f"{count:g} day{'' if count == 1 else 's'}"


@attrs.frozen(kw_only=True)
class Untouched(Measured):
    """
    The leads that were offered to sales and that nobody tried to reach; made by :func:`untouched`.

    Args:
        as_of: The last visible instant.
        offered: How many leads were offered to sales by then, but for those that were merged.
        merged: How many more were offered and then merged into another lead, which goes on.
        leads: Those that nobody tried to reach, the oldest offer first.
        edges: The upper edges of the age buckets.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "leads"

    as_of: datetime
    offered: int
    merged: int
    leads: tuple[UntouchedLead, ...] = attrs.field(repr=lambda leads: str(len(leads)))
    edges: tuple[timedelta, ...] = attrs.field(repr=False)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def rate(self) -> Rate:
        """The untouched of all that were offered, in the hands of sales or no longer."""
        return Rate(len(self.leads), self.offered)

    @property
    def waiting(self) -> tuple[UntouchedLead, ...]:
        """Those that sales still has in hand."""
        return tuple(lead for lead in self.leads if lead.is_waiting)

    @property
    def ages(self) -> tuple[AgeBucket, ...]:
        """How long they wait, those that do; an age exactly at an edge is below it."""
        ages = [lead.age for lead in self.waiting]
        lows, highs = (None, *self.edges), (*self.edges, None)
        return tuple(
            AgeBucket(over=low, up_to=high, leads=sum(_is_within(age, low, high) for age in ages))
            for low, high in zip(lows, highs, strict=True)
        )

    def exceeds(self, limit: int) -> bool:
        """
        Whether more leads are untouched than *limit*, in plain numbers; exactly as many are not.

        Raises:
            InvalidValue: *limit* is no whole number from 0 on.
        """
        if whole_number(limit) < 0:
            raise InvalidValue(expected="a number of leads from 0 on", got="less", where="limit")
        return len(self.leads) > limit

    def wasted(self, *, cold: Iterable[str] | None = None) -> tuple[UntouchedLead, ...]:
        """
        The good leads that were wasted: certified, and untouched until they went cold.

        Args:
            cold: The ids of the leads that are known to have gone cold; others are not counted.
                None takes all that are untouched as lost.

        Raises:
            InvalidValue: *cold* is one id instead of several.
        """
        if isinstance(cold, str):
            raise InvalidValue(expected="ids of leads", got="text", where="cold")
        those = None if cold is None else frozenset(cold)
        good = (lead for lead in self.leads if lead.is_certified)
        return tuple(lead for lead in good if those is None or lead.lead in those)

    def cost(self, each: int | Decimal, *, cold: Iterable[str] | None = None) -> Decimal:
        """
        What the wasted leads had cost.

        Args:
            each: What one qualified lead costs, from 0 on; the result is of the same currency.
            cold: As for :meth:`wasted`.

        Raises:
            InvalidValue: No amount, or one below zero.
        """
        if isinstance(each, bool) or not isinstance(each, int | Decimal):
            got = _text.kind_of(each)
            raise InvalidValue(expected="a whole number or a Decimal", got=got, where="each")
        amount = Decimal(_fields.finite(each))
        if amount < 0:
            raise InvalidValue(expected="money from 0 on", got="less", where="each")
        return Context(prec=_EXACT).multiply(amount, Decimal(len(self.wasted(cold=cold))))

    def __str__(self) -> str:
        lines = [
            f"untouched of {_text.plural(self.offered, 'lead')} offered to sales: {self.rate}",
            f"{len(self.waiting):,} still with sales",
            *(f"  {bucket}" for bucket in self.ages if bucket.leads),
            *(_described(lead) for lead in self.waiting[:_SHOWN]),
        ]
        more = len(self.waiting) - _SHOWN
        return "\n".join(lines + [f"and {more:,} more"] * (more > 0))

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "as_of": self.as_of.isoformat(),
            "untouched": plain(self.rate),
            "waiting": len(self.waiting),
            "merged": self.merged,
            "ages": {bucket.name: bucket.leads for bucket in self.ages},
            "leads": [lead.to_dict() for lead in self.leads],
            **self._said(),
        }


def _is_within(age: timedelta, low: timedelta | None, high: timedelta | None) -> bool:
    return (low is None or age > low) and (high is None or age <= high)


def _described(lead: UntouchedLead) -> str:
    return f"{lead.lead}: {lead.stage}, for {_in_days(round(lead.age / _DAY, 1) * _DAY)}"


@told("untouched", "edges")
def untouched(
    standings: Iterable[Standing], *, now: datetime, edges: Sequence[timedelta] = _EDGES
) -> Untouched:
    """
    Find the leads that were offered to sales and that nobody has tried to reach.

    Args:
        standings: The leads, each once; their order does not matter.
        now: The last visible instant.
        edges: The upper edges of the age buckets, ascending.

    Returns:
        The leads without an attempt since their last offer.  Only a human counts: an
        :class:`Attempted`, or what sales can only have from the prospect: a call-back, a
        confirmation, an opportunity, a quote, a win.  Automatic mail does not, nor does accepting.
        A lead that left the hands of sales untouched was untouched, too, whether it was handed
        back, refused, ruled out or erased; it does not wait any more.

    Raises:
        InvalidValue: No standing, no time zone, or edges that do not ascend.
        ConflictError: Two standings of one lead.

    Source:
        Seed 002: "reps do not follow up".

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Banded, Inquired, PassedOn
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay([
        ...     Inquired(lead="L", at=day(2)), Banded(lead="L", at=day(3)),
        ...     PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1")])
        >>> print(untouched([standing], now=day(9)))
        untouched of 1 lead offered to sales: 100.0 % [20.7, 100.0]
        1 still with sales
          up to 7 days: 1
        L: handed_off, for 5 days
    """
    leads = seen(standings, now)
    last = [(standing, offer) for standing in leads if (offer := last_offer(standing))]
    kept = [(standing, offer) for standing, offer in last if not is_merged(standing)]
    found = [_untouched(*pair, now) for pair in kept if not pair[1].is_touched]
    return Untouched(
        as_of=_instants.aware(now),
        offered=len(kept),
        merged=len(last) - len(kept),
        leads=tuple(sorted(found, key=lambda lead: (lead.since, lead.lead))),
        edges=_ascending(edges),
    )


def _ascending(edges: Sequence[timedelta]) -> tuple[timedelta, ...]:
    _fields.check_type(edges, Sequence, "edges")
    for edge in edges:
        _fields.check_type(edge, timedelta, "edges")
    if list(edges) != sorted(set(edges)):
        raise InvalidValue(expected="edges that ascend", got="others", where="edges")
    return tuple(edges)


def _untouched(standing: Standing, offer: FollowedOffer, now: datetime) -> UntouchedLead:
    return UntouchedLead(
        lead=standing.lead,
        rep=standing.rep,
        stage=standing.stage,
        since=offer.event.at,
        age=(offer.ended or now) - offer.event.at,
        is_waiting=offer.is_open,
        is_certified=isinstance(offer.event, HandedOff),
    )


class FollowUpState(StrEnum):
    """
    What became of a lead that was offered to sales: exactly one for each.

    Example:
        >>> print(FollowUpState.HANDED_BACK)
        handed back
    """

    UNTOUCHED = "untouched"
    WORKING = "working"
    CALLBACK = "callback"
    OPPORTUNITY = "opportunity"
    QUOTED = "quoted"
    WON = "won"
    LOST = "lost"
    HANDED_BACK = "handed back"
    DISQUALIFIED = "disqualified"
    MERGED = "merged"
    ERASED = "erased"
    OTHER = "other"


_STATES: Mapping[type[LeadEvent], FollowUpState] = {
    Attempted: FollowUpState.WORKING,
    SalesQualified: FollowUpState.WORKING,
    CallbackScheduled: FollowUpState.CALLBACK,
    OpportunityOpened: FollowUpState.OPPORTUNITY,
    Quoted: FollowUpState.QUOTED,
    Won: FollowUpState.WON,
    Lost: FollowUpState.LOST,
    HandedBack: FollowUpState.HANDED_BACK,
    Rejected: FollowUpState.HANDED_BACK,
    Disqualified: FollowUpState.DISQUALIFIED,
    Merged: FollowUpState.MERGED,
    Erased: FollowUpState.ERASED,
}
_OPEN = frozenset([*FollowUpState][:5])


def _as_states(states: Mapping[str, FollowUpState]) -> Mapping[str, FollowUpState]:
    return _fields.FrozenDict(states)


@attrs.frozen(kw_only=True)
class FollowUp(Measured):
    """
    What became of everything that marketing handed to sales; made by :func:`follow_up`.

    Args:
        as_of: The last visible instant.
        states: The state of each lead that was offered to sales, by its id.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "states"
    _named = ("state", "leads")

    as_of: datetime
    states: Mapping[str, FollowUpState] = attrs.field(
        converter=_as_states, repr=lambda states: f"{len(states)} leads"
    )
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def counts(self) -> Mapping[FollowUpState, int]:
        """How many leads are in each state, those with none included; they sum to all."""
        counted = Counter(self.states.values())
        return _fields.FrozenDict({state: counted[state] for state in FollowUpState})

    def share(self, state: FollowUpState) -> Rate:
        """The leads in one state, of all."""
        return Rate(self.counts[state_of(FollowUpState, state)], len(self.states))

    def __str__(self) -> str:
        rows = [
            (str(state), f"{count:,}", self.share(state).percent, self.share(state).bounds)
            for state, count in self.counts.items()
            if count
        ]
        whole = ("all", f"{len(self.states):,}", "", "")
        return _text.text_table(
            ("handed to sales", "leads", "share", "95 % interval"), [*rows, whole]
        )

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain data."""
        counts = {state.value: count for state, count in self.counts.items()}
        return {
            "as_of": self.as_of.isoformat(),
            "leads": len(self.states),
            "states": counts,
        } | self._said()


_HEAD = ("handed to sales", "leads", "share", "95 % interval")


@told("follow-up")
def follow_up(standings: Iterable[Standing], *, now: datetime) -> FollowUp:
    """
    Show marketing what became of everything that it handed to sales.

    Args:
        standings: The leads, each once; those that were never offered to sales are left out.
        now: The last visible instant.

    Returns:
        One state for each lead, by what happened since its last offer for as long as sales had it:
        the last of call-back, opportunity, quote, win, loss, hand-back and so on.  An attempt makes
        a lead worked, unless it is further already.  What was lost and then went to nurture stays
        lost; what left the hands of sales in no such way is *other*.

    Raises:
        InvalidValue: No standing, or no time zone.
        ConflictError: Two standings of one lead.

    Source:
        Seed 004: marketing must see the follow-up.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Attempted, Banded, Inquired, PassedOn
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay([
        ...     Inquired(lead="L", at=day(2)), Banded(lead="L", at=day(3)),
        ...     PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1"),
        ...     Attempted(lead="L", at=day(5))])
        >>> print(follow_up([standing], now=day(9)))
        handed to sales  leads    share  95 % interval
        ───────────────  ─────  ───────  ─────────────
        working              1  100.0 %  [20.7, 100.0]
        all                  1
    """
    leads = seen(standings, now)
    last = [(standing, offer) for standing in leads if (offer := last_offer(standing))]
    states = {standing.lead: _state(standing, offer) for standing, offer in last}
    return FollowUp(as_of=_instants.aware(now), states=states)


def _state(standing: Standing, offer: FollowedOffer) -> FollowUpState:
    if is_merged(standing):
        return FollowUpState.MERGED
    if standing.last(Erased) is not None:
        return FollowUpState.ERASED
    state = FollowUpState.UNTOUCHED
    for event, before, stage in offer.moves:
        state = _next_state(state, event, is_move=before != stage)
    return FollowUpState.OTHER if state in _OPEN and not offer.is_open else state


def _next_state(state: FollowUpState, event: LeadEvent, *, is_move: bool) -> FollowUpState:
    """An attempt within a stage, such as one that follows up a quote, takes nothing back."""
    if isinstance(event, Attempted) and not is_move and state is not FollowUpState.UNTOUCHED:
        return state
    return _STATES.get(type(event), state)
