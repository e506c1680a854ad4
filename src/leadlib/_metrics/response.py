"""Response: how soon sales answered an offer, and whether those who were soon got through."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.offers import FollowedOffer, is_merged, offers, plain, seen
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._rates import Rate
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Standing

__all__ = ["ContactRates", "ResponseBucket", "contact_rates"]

_HOUR = timedelta(hours=1)
_EDGES = (1 * _HOUR, 24 * _HOUR)


@attrs.frozen(kw_only=True)
class ResponseBucket:
    """
    Offers that were answered about equally soon.

    Args:
        over: It took longer than this; None for no lower edge.
        up_to: At most so long; None for no upper edge.
        is_touched: Whether anybody tried at all.
        rate: Those that became a contact, of all.
    """

    over: timedelta | None
    up_to: timedelta | None
    is_touched: bool = True
    rate: Rate

    @property
    def name(self) -> str:
        """Such as ``up to 1 h``."""
        if not self.is_touched:
            return "untouched"
        if self.up_to is not None:
            return f"up to {_in_hours(self.up_to)}"
        return "any time" if self.over is None else f"over {_in_hours(self.over)}"

    def __str__(self) -> str:
        return f"{self.name}: {self.rate}"


def _in_hours(time: timedelta) -> str:
    return f"{time / _HOUR:g} h"


@attrs.frozen(kw_only=True)
class ContactRates(Measured):
    """
    How often sales got through, by how soon it tried; made by :func:`contact_rates`.

    Args:
        as_of: The last visible instant.
        buckets: The soonest first, the untouched last; each offer is in one.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "buckets"
    _named = ("bucket", "count")

    as_of: datetime
    buckets: tuple[ResponseBucket, ...]
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def rate(self) -> Rate:
        """Those that became a contact, of all offers."""
        rates = [bucket.rate for bucket in self.buckets]
        return Rate(sum(rate.k for rate in rates), sum(rate.n for rate in rates))

    def __str__(self) -> str:
        rows = [_cells(bucket.name, bucket.rate) for bucket in self.buckets]
        head = ("first attempt", "contact", "offers", "rate", "95 % interval")
        return _text.text_table(head, [*rows, _cells("all", self.rate)])

    def to_dict(self) -> dict[str, Any]:
        """The rates as plain data."""
        buckets = {bucket.name: plain(bucket.rate) for bucket in self.buckets}
        return {
            "as_of": self.as_of.isoformat(),
            "buckets": buckets,
            "all": plain(self.rate),
        } | self._said()


def _cells(name: str, rate: Rate) -> tuple[str, ...]:
    return (name, f"{rate.k:,}", f"{rate.n:,}", rate.percent, rate.bounds)


@told("contact rates", "edges")
def contact_rates(
    standings: Iterable[Standing], *, now: datetime, edges: Sequence[timedelta] = _EDGES
) -> ContactRates:
    """
    Count how often sales got through, by the time from the offer to the first attempt.

    Args:
        standings: The leads, each once; a lead that was offered twice was answered twice, and those
            that were merged are left out.
        now: The last visible instant.
        edges: The upper edges of the buckets, ascending and above zero; exactly at an edge is below
            it.

    Returns:
        A rate for each bucket, and one for the untouched, which nobody can have reached.  A contact
        is an attempt that *reached* somebody, at once or later, or what sales can only have from
        the prospect, as for :func:`persistence`.  The time is by the clock on the wall.  Rates of
        leads that are open may still rise; and that the soon ones got through more often does not
        show that it was for being soon.

    Raises:
        InvalidValue: No standing, no time zone, or edges that do not ascend.
        ConflictError: Two standings of one lead.

    Source:
        Seed 004: analytics on the success of follow-up.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import lifecycle as of
        >>> hour = lambda n: datetime(2026, 3, 2, n, tzinfo=UTC)
        >>> standing = of.STANDARD.replay([
        ...     of.Inquired(lead="L", at=hour(7)), of.Banded(lead="L", at=hour(8)),
        ...     of.PassedOn(lead="L", at=hour(9), account="Acme", to="sam", brief="b-1"),
        ...     of.Attempted(lead="L", at=hour(10), reached=True)])
        >>> print(contact_rates([standing], now=hour(12)))
        first attempt  contact  offers     rate  95 % interval
        ─────────────  ───────  ──────  ───────  ─────────────
        up to 1 h            1       1  100.0 %  [20.7, 100.0]
        up to 24 h           0       0        -              -
        over 24 h            0       0        -              -
        untouched            0       0        -              -
        all                  1       1  100.0 %  [20.7, 100.0]
    """
    ends = _ascending(edges)
    made = [offer for s in seen(standings, now) if not is_merged(s) for offer in offers(s)]
    touched = [(time, offer) for offer in made if (time := _response(offer)) is not None]
    buckets = [_bucket(touched, low, high) for low, high in _pairs(ends)]
    untouched = Rate(0, len(made) - len(touched))
    last = ResponseBucket(over=None, up_to=None, is_touched=False, rate=untouched)
    return ContactRates(as_of=_instants.aware(now), buckets=(*buckets, last))


_Edge = timedelta | None


def _ascending(edges: Sequence[timedelta]) -> tuple[timedelta, ...]:
    _fields.check_type(edges, Sequence, "edges")
    for edge in edges:
        _fields.check_type(edge, timedelta, "edges")
    if [*edges] != sorted({*edges}) or any(edge <= timedelta(0) for edge in edges):
        raise InvalidValue(expected="times above zero that ascend", got="others", where="edges")
    return tuple(edges)


def _pairs(ends: Sequence[timedelta]) -> Iterable[tuple[_Edge, _Edge]]:
    return zip((None, *ends), (*ends, None), strict=True)


def _response(offer: FollowedOffer) -> timedelta | None:
    """From the offer to the first touch; None if there was none."""
    touch = offer.first_touch
    return None if touch is None else touch.at - offer.event.at


def _bucket(
    touched: Iterable[tuple[timedelta, FollowedOffer]], low: _Edge, high: _Edge
) -> ResponseBucket:
    own = [
        offer
        for time, offer in touched
        if (low is None or time > low) and (high is None or time <= high)
    ]
    reached = sum(offer.contact is not None for offer in own)
    return ResponseBucket(over=low, up_to=high, rate=Rate(reached, len(own)))
