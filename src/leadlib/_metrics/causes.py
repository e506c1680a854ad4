"""
Why leads leaked: exactly one cause for each lead that was lost before it became an opportunity.

Several causes may apply to one lead; the first of :class:`LeakCause` that does is counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.leakage import Leakage
from leadlib._metrics.offers import (
    FollowedOffer,
    is_merged,
    last_offer,
    refuted,
    ruled_out,
    seen,
    state_of,
)
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._rates import Rate, whole_number
from leadlib.errors import InvalidValue
from leadlib.lifecycle import (
    Erased,
    HandedBack,
    OpportunityOpened,
    Quoted,
    Rejected,
    ReturnReason,
    Standing,
    Won,
)

__all__ = ["LeakCause", "LeakCauses", "leak_causes"]

_LEAST = 6
_GOAL = (OpportunityOpened, Quoted, Won)
_UNFIT = frozenset(
    [ReturnReason.NOT_QUALIFIED, ReturnReason.WRONG_PERSON, ReturnReason.BAD_DATA],
)


class LeakCause(StrEnum):
    """
    Why a lead was lost; if several apply, the first.

    ``POOR_QUALIFICATION``: what sales got was never properly qualified; ``LIMITED_FOLLOW_UP``:
    sales made fewer attempts than agreed, and no contact; ``WENT_COLD``: it grew too old;
    ``NO_CONTACT``: sales tried often enough and reached nobody; ``OTHER``: none of these.

    Example:
        >>> print(LeakCause.LIMITED_FOLLOW_UP)
        limited follow-up
    """

    POOR_QUALIFICATION = "poor qualification"
    LIMITED_FOLLOW_UP = "limited follow-up"
    WENT_COLD = "went cold"
    NO_CONTACT = "no contact"
    OTHER = "other"


def _as_causes(causes: Mapping[str, LeakCause]) -> Mapping[str, LeakCause]:
    return _fields.FrozenDict(causes)


@attrs.frozen(kw_only=True)
class LeakCauses(Measured):
    """
    The cause of each leak; made by :func:`leak_causes`.

    Args:
        as_of: The last visible instant.
        least: So many attempts are to be made before giving up.
        arrived: How many leads became opportunities, whatever came later.
        open: How many may still become one.
        ruled_out: How many were qualified out by marketing, opted out of everything, or were
            erased: they are no leak.
        merged: How many more were found to be another lead, which is counted for both.
        causes: The cause of each lost lead by its id; :func:`leakage` takes it as *causes*.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    as_of: datetime
    least: int
    arrived: int
    open: int
    ruled_out: int
    merged: int
    causes: Mapping[str, LeakCause] = attrs.field(
        converter=_as_causes, repr=lambda causes: f"{len(causes)} leads"
    )
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def counts(self) -> Mapping[LeakCause, int]:
        """How many leads were lost to each cause, those with none included; they sum to all."""
        counted = Counter(self.causes.values())
        return _fields.FrozenDict({cause: counted[cause] for cause in LeakCause})

    def share(self, cause: LeakCause) -> Rate:
        """The leads that were lost to one cause, of all that were lost."""
        return Rate(self.counts[state_of(LeakCause, cause)], len(self.causes))

    @property
    def leakage(self) -> Leakage:
        """The same leads in the buckets of a :class:`Leakage`, which has the rates."""
        return Leakage(
            arrived=self.arrived,
            open=self.open,
            lost=len(self.causes),
            ruled_out=self.ruled_out,
            causes={cause.value: count for cause, count in self.counts.items() if count},
        )

    def __str__(self) -> str:
        return str(self.leakage)

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each rate, and one for each cause."""
        return self.leakage.to_records()

    def to_dict(self) -> dict[str, Any]:
        """The buckets, rates and causes as plain data."""
        return {
            "as_of": self.as_of.isoformat(),
            "least": self.least,
            "merged": self.merged,
            "leakage": self.leakage.to_dict(),
            "leads": {lead: cause.value for lead, cause in self.causes.items()},
            **self._said(),
        }


@told("leak causes", "least", "cold", "returned_as_lost")
def leak_causes(
    standings: Iterable[Standing],
    *,
    now: datetime,
    least: int = _LEAST,
    cold: Iterable[str] = (),
    returned_as_lost: bool = False,
) -> LeakCauses:
    """
    Find the one cause of each lead that was lost before it became an opportunity.

    Args:
        standings: The leads, each once; their order does not matter.
        now: The last visible instant.
        least: So many attempts are to be made before giving up, as for :func:`persistence`.
        cold: The ids of the leads that are known to have gone cold, such as by their temperature:
            they are lost wherever they stand.
        returned_as_lost: Whether a lead that sales gave back, and that was not offered again, is
            lost; unless asked for it is open, for marketing may develop it.

    Returns:
        The cause of each lost lead: closed, cold or, if asked for, returned.  By the last offer to
        sales, the first that applies: *poor qualification* if sales ruled the lead out or returned
        it as not qualified, the wrong person or bad data, or if no certificate ever called it a
        lead; *limited follow-up* if there was no contact and fewer attempts than *least*; *went
        cold* if it did; *no contact* if there was none; else *other*.  A lead that was never
        offered to sales went cold, or is *other*.

    Raises:
        InvalidValue: No standing, no time zone, no such *least*, or one id instead of several.
        ConflictError: Two standings of one lead.

    Source:
        Seed 000: poor qualification, time in the funnel and limited follow-up make a funnel leak.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import lifecycle as of
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = of.STANDARD.replay([
        ...     of.Inquired(lead="L", at=day(2)), of.Banded(lead="L", at=day(3)),
        ...     of.PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1"),
        ...     of.Disqualified(lead="L", at=day(7), reason="no need")])
        >>> print(leak_causes([standing], now=day(9)).causes["L"])
        poor qualification
    """
    least, gone = _from_one(least), _ids(cold)
    taken = seen(standings, now)
    found = [standing for standing in taken if not is_merged(standing)]
    open_ended = [standing for standing in found if not _has_arrived(standing)]
    leaks = [standing for standing in open_ended if not _is_out(standing)]
    lost = [s for s in leaks if _is_lost(s, gone, returned_as_lost=returned_as_lost)]
    return LeakCauses(
        as_of=_instants.aware(now),
        least=least,
        arrived=len(found) - len(open_ended),
        open=len(leaks) - len(lost),
        ruled_out=len(open_ended) - len(leaks),
        merged=len(taken) - len(found),
        causes={standing.lead: _cause(standing, least, gone) for standing in lost},
    )


def _from_one(least: int) -> int:
    number = whole_number(least)
    if number < 1:
        raise InvalidValue(expected="a number of attempts from 1 on", got="less", where="least")
    return number


def _ids(cold: Iterable[str]) -> frozenset[str]:
    if isinstance(cold, str) or not isinstance(cold, Iterable):
        raise InvalidValue(expected="ids of leads", got=_text.kind_of(cold), where="cold")
    return frozenset(cold)


def _has_arrived(standing: Standing) -> bool:
    return any(isinstance(event, _GOAL) for event in standing.events)


def _is_out(standing: Standing) -> bool:
    """Qualified out, and not by sales."""
    is_erased = standing.last(Erased) is not None
    return is_erased or (ruled_out(standing) is not None and not refuted(standing))


def _is_lost(standing: Standing, cold: frozenset[str], *, returned_as_lost: bool) -> bool:
    if standing.stage.closed or standing.lead in cold:
        return True
    offer = last_offer(standing)
    return returned_as_lost and offer is not None and offer.ended is not None


def _cause(standing: Standing, least: int, cold: frozenset[str]) -> LeakCause:
    offer, is_cold = last_offer(standing), standing.lead in cold
    if offer is None:
        return LeakCause.WENT_COLD if is_cold else LeakCause.OTHER
    if _is_unfit(standing, offer):
        return LeakCause.POOR_QUALIFICATION
    if offer.contact is None and offer.attempts < least:
        return LeakCause.LIMITED_FOLLOW_UP
    if is_cold:
        return LeakCause.WENT_COLD
    return LeakCause.NO_CONTACT if offer.contact is None else LeakCause.OTHER


def _is_unfit(standing: Standing, offer: FollowedOffer) -> bool:
    """Whether what sales got was never properly qualified."""
    said = (event.reason for event in offer.events if isinstance(event, HandedBack | Rejected))
    return refuted(standing) or not standing.is_lead or not _UNFIT.isdisjoint(said)
