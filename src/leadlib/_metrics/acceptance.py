"""
Acceptance: what sales took of what it was offered, why the rest came back, and what became of that.

Offers with a certificate, of named accounts and by override are three kinds of things: a figure is
of the kinds that were asked for, and says so.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.offers import (
    CONVERSATIONS,
    FollowedOffer,
    is_merged,
    offers,
    plain,
    seen,
    state_of,
)
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._rates import Rate
from leadlib.errors import InvalidValue
from leadlib.lifecycle import (
    HAND_OFFS,
    Accepted,
    Attempted,
    Disqualified,
    HandedBack,
    HandedOff,
    LeadEvent,
    Rejected,
    ReturnReason,
    Stage,
    Standing,
    Won,
)
from leadlib.model import Team

__all__ = [
    "Acceptance",
    "AcceptanceTrend",
    "Offer",
    "OfferState",
    "OwnedRate",
    "RecycleYield",
    "acceptance",
    "acceptance_trend",
    "recycle_yield",
]

Kinds = Collection[type[LeadEvent]]
_CERTIFIED = (HandedOff,)
_TAKEN = (Accepted, Attempted, *CONVERSATIONS)
_MATURE = timedelta(days=90)
_FEWEST = 2  # points of a line


class OfferState(StrEnum):
    """
    What sales answered to an offer.

    ``REFUSED`` was rejected or handed back before it was accepted, ``RULED_OUT`` disqualified
    before, ``PENDING`` waits for an answer, and ``WITHDRAWN`` never got one: merged, erased,
    offered anew, or taken back by marketing.

    Example:
        >>> print(OfferState.RULED_OUT)
        ruled out
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    RULED_OUT = "ruled out"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"


@attrs.frozen(kw_only=True)
class Offer:
    """
    One offer of a lead to sales, and the answer.

    Args:
        lead: Its id.
        kind: The event that offered it.
        at: When.
        state: What sales answered.
        came_back: When sales gave it back, before or after it had accepted; None if it did not.
        reason: Why it came back.
        is_won: Whether it became a customer by this offer.
        is_open: Whether sales has it in hand.
    """

    lead: str
    kind: type[LeadEvent]
    at: datetime
    state: OfferState
    came_back: datetime | None
    reason: ReturnReason | None
    is_won: bool
    is_open: bool


@attrs.frozen(kw_only=True)
class OwnedRate:
    """A figure with the team that can change it."""

    name: str
    owner: Team
    rate: Rate

    def __str__(self) -> str:
        return f"{self.name} ({self.owner}): {self.rate}"


@attrs.frozen(kw_only=True)
class Acceptance(Measured):
    """
    What sales took of what it was offered; made by :func:`acceptance`.

    Args:
        as_of: The last visible instant.
        kinds: The names of the kinds of offers that were counted.
        offers: Each of them, by date and lead.
        left_out: How many offers of other kinds there were.
        origin: What the numbers mean, and what they were read from; None if they were given.

    Shares are of the answered offers: accepted, refused and ruled out.
    """

    as_of: datetime
    kinds: tuple[str, ...]
    offers: tuple[Offer, ...] = attrs.field(repr=lambda offers: str(len(offers)))
    left_out: int
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def count(self, state: OfferState) -> int:
        """How many offers are in one state."""
        wanted = state_of(OfferState, state)
        return sum(offer.state is wanted for offer in self.offers)

    @property
    def answered(self) -> int:
        """How many offers were accepted, refused or ruled out."""
        return sum(map(self.count, _ANSWERED))

    @property
    def rate(self) -> Rate:
        """Accepted of answered; an attempt, or any move to a stage of sales, accepts."""
        return Rate(self.count(OfferState.ACCEPTED), self.answered)

    @property
    def refused(self) -> Rate:
        """Rejected or handed back before acceptance, of answered."""
        return Rate(self.count(OfferState.REFUSED), self.answered)

    @property
    def handed_back(self) -> Rate:
        """Given back at all, before or after acceptance, of answered."""
        return Rate(sum(offer.came_back is not None for offer in self.offers), self.answered)

    @property
    def reasons(self) -> Mapping[ReturnReason, Rate]:
        """Why offers came back, each of answered; the most frequent first."""
        why = Counter(offer.reason for offer in self.offers if offer.reason is not None)
        ordered = sorted(why.items(), key=lambda item: (-item[1], item[0]))
        return _fields.FrozenDict({reason: Rate(count, self.answered) for reason, count in ordered})

    @property
    def win(self) -> Rate:
        """Won of accepted: a lower bound while :attr:`open` are."""
        won = sum(offer.is_won for offer in self._accepted)
        return Rate(won, len(self._accepted))

    @property
    def open(self) -> int:
        """How many of the accepted are still with sales."""
        return sum(offer.is_open for offer in self._accepted)

    @property
    def _accepted(self) -> tuple[Offer, ...]:
        return tuple(offer for offer in self.offers if offer.state is OfferState.ACCEPTED)

    @property
    def two_way(self) -> tuple[OwnedRate, OwnedRate]:
        """What sales doubts, and what marketing doubts; each with the team that can change it."""
        return (
            OwnedRate(name="acceptance", owner=Team.MARKETING, rate=self.rate),
            OwnedRate(name="win of accepted", owner=Team.SALES, rate=self.win),
        )

    def __str__(self) -> str:
        pending, withdrawn = map(self.count, (OfferState.PENDING, OfferState.WITHDRAWN))
        lines = [
            f"{_text.plural(len(self.offers), 'offer')} by {' and '.join(self.kinds)}",
            f"  accepted     {self.rate}",
            f"  refused      {self.refused}",
            f"  handed back  {self.handed_back}",
            *(f"    {reason}: {rate}" for reason, rate in self.reasons.items()),
            f"  pending {pending:,}, withdrawn {withdrawn:,}, of other kinds {self.left_out:,}",
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """The counts and rates as plain data."""
        return {
            "as_of": self.as_of.isoformat(),
            "kinds": [*self.kinds],
            "offers": len(self.offers),
            "left_out": self.left_out,
            "states": {state.value: self.count(state) for state in OfferState},
            "accepted": plain(self.rate),
            "refused": plain(self.refused),
            "handed_back": plain(self.handed_back),
            "reasons": {reason.value: rate.k for reason, rate in self.reasons.items()},
            "won_of_accepted": plain(self.win),
            "open": self.open,
            **self._said(),
        }


_ANSWERED = (OfferState.ACCEPTED, OfferState.REFUSED, OfferState.RULED_OUT)


@told("acceptance", "kinds", "since", "until")
def acceptance(
    standings: Iterable[Standing],
    *,
    now: datetime,
    kinds: Kinds = _CERTIFIED,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Acceptance:
    """
    Count what sales answered to its offers.

    Args:
        standings: The leads, each once; a lead that was offered twice brings two offers.
        now: The last visible instant.
        kinds: The kinds of offers to count, of ``HAND_OFFS``; the certified ones by default.  To
            compare two kinds, count each and use :func:`compare`.
        since: Only offers made then or later.
        until: Only offers made before.

    Raises:
        InvalidValue: No standing, no time zone, or no kinds of offers.
        ConflictError: Two standings of one lead.

    Source:
        Seed 000: sales doubts the leads, marketing doubts the follow-up; both can be counted.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Accepted, Banded, Inquired, PassedOn
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay([
        ...     Inquired(lead="L", at=day(2)), Banded(lead="L", at=day(3)),
        ...     PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1"),
        ...     Accepted(lead="L", at=day(5))])
        >>> print(acceptance([standing], now=day(9), kinds=[PassedOn]).rate)
        100.0 % [20.7, 100.0]
    """
    now, counted = _instants.aware(now, where="now"), _as_kinds(kinds)
    low = _instants.EARLIEST if since is None else _instants.aware(since, where="since")
    high = _instants.LATEST if until is None else _instants.aware(until, where="until")
    made = [
        _answered(offer)
        for standing in seen(standings, now)
        for offer in offers(standing)
        if low <= offer.event.at < high
    ]
    return _acceptance(made, now, counted)


def _as_kinds(kinds: object) -> Kinds:
    legal = [kind.__name__ for kind in HAND_OFFS]
    if isinstance(kinds, Collection) and kinds and all(kind in HAND_OFFS for kind in kinds):
        return tuple(kind for kind in HAND_OFFS if kind in kinds)
    raise InvalidValue(expected="kinds of offers", got="others", where="kinds", legal=legal)


def _acceptance(made: Iterable[Offer], now: datetime, kinds: Kinds) -> Acceptance:
    every = sorted(made, key=lambda offer: (offer.at, offer.lead))
    counted = tuple(offer for offer in every if offer.kind in kinds)
    return Acceptance(
        as_of=now,
        kinds=tuple(kind.__name__ for kind in kinds),
        offers=counted,
        left_out=len(every) - len(counted),
    )


def _answered(offer: FollowedOffer) -> Offer:
    state = _state(offer)
    back = next((event for event in offer.events if isinstance(event, HandedBack | Rejected)), None)
    return Offer(
        lead=offer.lead,
        kind=type(offer.event),
        at=offer.event.at,
        state=state,
        came_back=None if back is None else back.at,
        reason=None if back is None else back.reason,
        is_won=any(isinstance(event, Won) for event in offer.events),
        is_open=offer.is_open,
    )


def _state(offer: FollowedOffer) -> OfferState:
    for event, before, stage in offer.moves:
        if isinstance(event, HandedBack | Rejected):
            return OfferState.REFUSED
        if isinstance(event, _TAKEN) or _is_taken(before, stage):
            return OfferState.ACCEPTED
        if isinstance(event, Disqualified):
            return OfferState.RULED_OUT
    return OfferState.PENDING if offer.is_open else OfferState.WITHDRAWN


def _is_taken(before: Stage, stage: Stage) -> bool:
    """Whether a move brought the lead to a stage that sales alone answers for."""
    return before != stage and stage.owner is Team.SALES


@attrs.frozen(kw_only=True)
class RecycleYield(Measured):
    """
    What the way back was worth; made by :func:`recycle_yield`.

    Args:
        as_of: The last visible instant.
        mature: For how long a lead must have been back to be counted.
        rate: Leads that sales accepted after all, of those that came back long enough ago.
        young: How many leads came back less long ago; they are not counted, accepted or not.
        merged: How many were merged into another lead, which goes on.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    as_of: datetime
    mature: timedelta
    rate: Rate
    young: int
    merged: int
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def __str__(self) -> str:
        return f"recycled and accepted later: {self.rate}; {self.young:,} came back too recently"

    def to_dict(self) -> dict[str, Any]:
        """The yield as plain data."""
        days = self.mature / timedelta(days=1)
        counts = {"mature_days": days, "young": self.young, "merged": self.merged}
        return {
            "as_of": self.as_of.isoformat(),
            "accepted_later": plain(self.rate),
            **counts,
        } | self._said()


@told("recycle yield", "mature", "kinds")
def recycle_yield(
    standings: Iterable[Standing],
    *,
    now: datetime,
    mature: timedelta = _MATURE,
    kinds: Kinds = _CERTIFIED,
) -> RecycleYield:
    """
    Count how many of the leads that came back from sales were accepted later.

    Args:
        standings: The leads, each once.
        now: The last visible instant.
        mature: Only leads that first came back at least this long ago: the others have not had
            their chance, and those among them that were quick would flatter the figure.
        kinds: The kinds of offers that came back; the later offer may be of any kind.

    Raises:
        InvalidValue: No standing, no time zone, no kinds of offers, or a time below zero.
        ConflictError: Two standings of one lead.

    Source:
        Seed 003: leads go back to marketing, are nurtured, and come again.
    """
    _fields.check_type(mature, timedelta, "mature")
    if mature < timedelta(0):
        raise InvalidValue(expected="a time from 0 on", got="one below", where="mature")
    now, counted = _instants.aware(now, where="now"), _as_kinds(kinds)
    leads = [(standing, _recycled(standing, counted)) for standing in seen(standings, now)]
    back = [(is_merged(standing), *found) for standing, found in leads if found is not None]
    ripe = [later for merged, at, later in back if not merged and at + mature <= now]
    merged = sum(merged for merged, _, _ in back)
    return RecycleYield(
        as_of=now,
        mature=mature,
        rate=Rate(sum(ripe), len(ripe)),
        young=len(back) - len(ripe) - merged,
        merged=merged,
    )


def _recycled(standing: Standing, kinds: Kinds) -> tuple[datetime, bool] | None:
    """When the lead first came back, and whether sales accepted it by an offer after that."""
    answers = [_answered(offer) for offer in offers(standing)]
    for number, answer in enumerate(answers, start=1):
        if answer.came_back is not None and answer.kind in kinds:
            later = answers[number:]
            return answer.came_back, any(o.state is OfferState.ACCEPTED for o in later)
    return None


def _as_months(months: Mapping[date, Acceptance]) -> Mapping[date, Acceptance]:
    return _fields.FrozenDict(months)


@attrs.frozen(kw_only=True)
class AcceptanceTrend(Measured):
    """
    The acceptance of each month's offers; made by :func:`acceptance_trend`.

    Args:
        months: By the first day of the month; months without an offer are left out.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "months"
    _named = ("month", "count")

    months: Mapping[date, Acceptance] = attrs.field(converter=_as_months)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def slope(self) -> float | None:
        """
        By how much the share rises in a month, from 0.11 for 11 points; None of fewer than two.

        The least-squares line through the months with answered offers, each with the same weight.
        """
        points = [
            (12 * month.year + month.month, Fraction(of.rate.k, of.rate.n))
            for month, of in self.months.items()
            if of.rate.n
        ]
        if len(points) < _FEWEST:
            return None
        middle = Fraction(sum(x for x, _ in points), len(points))
        rise = sum((x - middle) * y for x, y in points)
        return float(rise / sum((x - middle) ** 2 for x, _ in points))

    def __str__(self) -> str:
        lines = [f"{month:%Y-%m}  {of.rate}" for month, of in self.months.items()]
        slope = "-" if self.slope is None else f"{100 * self.slope:+.1f} points a month"
        return "\n".join([*lines, slope])

    def to_dict(self) -> dict[str, Any]:
        """The months and the slope as plain data."""
        months = {f"{month:%Y-%m}": of.to_dict() for month, of in self.months.items()}
        return {"months": months, "slope": self.slope, **self._said()}


@told("acceptance trend", "zone", "kinds")
def acceptance_trend(
    standings: Iterable[Standing],
    *,
    now: datetime,
    zone: tzinfo = UTC,
    kinds: Kinds = _CERTIFIED,
) -> AcceptanceTrend:
    """
    Follow the acceptance of offers month by month: does sales come to trust the leads?

    Args:
        standings: The leads, each once.
        now: The last visible instant.
        zone: Where months begin.
        kinds: As for :func:`acceptance`.

    Raises:
        InvalidValue: As for :func:`acceptance`, or no zone.

    Source:
        Seed 001: sales must trust that the leads are good.
    """
    _fields.check_type(zone, tzinfo, "zone")
    whole = acceptance(standings, now=now, kinds=HAND_OFFS)
    by_month: dict[date, list[Offer]] = defaultdict(list)
    for month, offer in _dated(whole.offers, zone):
        by_month[month].append(offer)
    counted = _as_kinds(kinds)
    months = {month: _acceptance(made, whole.as_of, counted) for month, made in by_month.items()}
    return AcceptanceTrend(months={month: of for month, of in months.items() if of.offers})


def _dated(made: Iterable[Offer], zone: tzinfo) -> Iterator[tuple[date, Offer]]:
    for offer in made:
        yield offer.at.astimezone(zone).date().replace(day=1), offer
