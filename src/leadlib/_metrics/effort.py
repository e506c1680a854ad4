"""
Effort: how long sales keeps trying, and where its minutes go.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from leadlib import _instants
from leadlib._metrics.offers import FollowedOffer, offers, plain, ruled_out, seen, state_of
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._rates import Rate, whole_number
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Attempted, Standing

__all__ = ["Ending", "Persistence", "SellingTime", "persistence", "selling_time"]

_LEAST = 6


class Ending(StrEnum):
    """
    How the attempts to reach a lead ended.

    ``CONTACT``: it was reached, or must have been; ``CLOSED``: it left the hands of sales without;
    ``OPEN``: sales may still try; ``GONE``: it was merged, erased or offered anew before.

    Example:
        >>> print(Ending.CONTACT)
        contact
    """

    CONTACT = "contact"
    CLOSED = "closed"
    OPEN = "open"
    GONE = "gone"


@attrs.frozen(kw_only=True)
class Persistence(Measured):
    """
    How often sales tried; made by :func:`persistence`.

    Args:
        as_of: The last visible instant.
        least: So many attempts are to be made before giving up.
        series: For each offer the number of attempts, up to the first contact if there was one, and
            how they ended.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    as_of: datetime
    least: int
    series: tuple[tuple[int, Ending], ...] = attrs.field(repr=lambda series: str(len(series)))
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def count(self, ending: Ending) -> int:
        """How many series of attempts ended so."""
        wanted = state_of(Ending, ending)
        return sum(of is wanted for _, of in self.series)

    @property
    def attempts(self) -> tuple[int, ...]:
        """The attempts of each series that has ended, by contact or closed without."""
        return tuple(n for n, of in self.series if of in {Ending.CONTACT, Ending.CLOSED})

    @property
    def mean(self) -> float | None:
        """Attempts for each offer, those without any included; None of nothing."""
        return _mean(self.attempts)

    @property
    def mean_touched(self) -> float | None:
        """Attempts for each offer that had at least one; None of nothing."""
        return _mean([count for count in self.attempts if count])

    @property
    def gave_up_early(self) -> Rate:
        """Closed after fewer attempts than *least*, of those closed without contact."""
        closed = [count for count, ending in self.series if ending is Ending.CLOSED]
        return Rate(sum(count < self.least for count in closed), len(closed))

    @property
    def reached(self) -> Rate:
        """Contact of all that ended."""
        return Rate(self.count(Ending.CONTACT), len(self.attempts))

    def __str__(self) -> str:
        if self.mean is None:
            return "no attempts have ended"
        touched = "-" if self.mean_touched is None else f"{self.mean_touched:.2f}"
        return "\n".join(
            [
                f"attempts: {self.mean:.2f} on average, {touched} where there were any",
                f"reached: {self.reached}",
                f"closed without contact before {self.least} attempts: {self.gave_up_early}",
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return {
            "as_of": self.as_of.isoformat(),
            "least": self.least,
            "endings": {ending.value: self.count(ending) for ending in Ending},
            "mean": self.mean,
            "mean_touched": self.mean_touched,
            "reached": plain(self.reached),
            "gave_up_early": plain(self.gave_up_early),
            **self._said(),
        }


def _mean(counts: Iterable[int]) -> float | None:
    taken = [*counts]
    return sum(taken) / len(taken) if taken else None


@told("persistence", "least")
def persistence(
    standings: Iterable[Standing], *, now: datetime, least: int = _LEAST
) -> Persistence:
    """
    Count the attempts until the first contact, or until sales gave up.

    Args:
        standings: The leads, each once; a lead that was offered twice is tried twice.
        now: The last visible instant.
        least: So many attempts are to be made before giving up.

    Returns:
        A series for each offer.  A contact is an attempt that *reached* somebody, or what sales can
        only have from the prospect.  Open series are kept apart: they may still go on.

    Raises:
        InvalidValue: No standing, no time zone, or no such *least*.
        ConflictError: Two standings of one lead.

    Source:
        The least of six: Velocify (2012) reached 93 % of the leads that converted by the sixth
        call.  A vendor's figure that differs between editions, so take your own.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import lifecycle as of
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = of.STANDARD.replay([
        ...     of.Inquired(lead="L", at=day(2)), of.Banded(lead="L", at=day(3)),
        ...     of.PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1"),
        ...     of.Attempted(lead="L", at=day(5)), of.Attempted(lead="L", at=day(6)),
        ...     of.HandedBack(lead="L", at=day(7), reason="no contact")])
        >>> print(persistence([standing], now=day(9)))
        attempts: 2.00 on average, 2.00 where there were any
        reached: 0.0 % [0.0, 79.3]
        closed without contact before 6 attempts: 100.0 % [20.7, 100.0]
    """
    least = whole_number(least)
    if least < 1:
        raise InvalidValue(expected="a number of attempts from 1 on", got="less", where="least")
    found = [_series(offer) for standing in seen(standings, now) for offer in offers(standing)]
    return Persistence(as_of=_instants.aware(now), least=least, series=tuple(sorted(found)))


def _series(offer: FollowedOffer) -> tuple[int, Ending]:
    if offer.contact is not None:
        return offer.attempts, Ending.CONTACT
    if offer.is_open:
        return offer.attempts, Ending.OPEN
    is_closed = offer.ended is not None and not offer.stage.is_final
    return offer.attempts, Ending.CLOSED if is_closed else Ending.GONE


@attrs.frozen(kw_only=True)
class SellingTime(Measured):
    """
    Where the minutes of sales went; made by :func:`selling_time`.

    Args:
        as_of: The last visible instant.
        minutes: How many were logged with attempts, while sales had the leads in hand.
        ruled_out: How many of them on leads that turned out to be disqualified.
        unlogged: How many attempts say nothing of their time.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    as_of: datetime
    minutes: int
    ruled_out: int
    unlogged: int
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def selling(self) -> Rate:
        """
        Minutes on leads that are open or ended otherwise, of all minutes.

        The interval takes every minute for itself, so it is too narrow: minutes come in calls.
        """
        return Rate(self.minutes - self.ruled_out, self.minutes)

    @property
    def qualifying_out(self) -> Rate:
        """Minutes on leads that were ruled out, of all minutes; the interval as for *selling*."""
        return Rate(self.ruled_out, self.minutes)

    def __str__(self) -> str:
        return (
            f"{self.minutes:,} minutes logged: selling {self.selling.percent}, "
            f"qualifying out {self.qualifying_out.percent}; {self.unlogged:,} attempts without time"
        )

    def to_dict(self) -> dict[str, Any]:
        """The minutes as plain data."""
        shares = {"selling": plain(self.selling), "qualifying_out": plain(self.qualifying_out)}
        return {
            "as_of": self.as_of.isoformat(),
            "unlogged": self.unlogged,
            **shares,
            **self._said(),
        }


@told("selling time")
def selling_time(standings: Iterable[Standing], *, now: datetime) -> SellingTime:
    """
    Add up the minutes of sales, and those that went to leads which were ruled out in the end.

    Args:
        standings: The leads, each once.
        now: The last visible instant; a lead that is open by then may still be ruled out.

    Returns:
        The minutes of attempts while sales had the leads in hand; those of marketing are not
        selling.  A lead that was ruled out and reopened is not ruled out.

    Raises:
        InvalidValue: No standing, or no time zone.
        ConflictError: Two standings of one lead.

    Source:
        Seeds 003 (more selling time) and 004 (qualifying out is marketing's work).

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Attempted, Banded, Inquired, PassedOn
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay([
        ...     Inquired(lead="L", at=day(2)), Banded(lead="L", at=day(3)),
        ...     PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1"),
        ...     Attempted(lead="L", at=day(5), minutes=20)])
        >>> print(selling_time([standing], now=day(9)))
        20 minutes logged: selling 100.0 %, qualifying out 0.0 %; 0 attempts without time
    """
    logged = [
        (event.minutes, ruled_out(standing) is not None)
        for standing in seen(standings, now)
        for offer in offers(standing)
        for event in offer.events
        if isinstance(event, Attempted)
    ]
    return SellingTime(
        as_of=_instants.aware(now),
        minutes=sum(minutes for minutes, _ in logged),
        ruled_out=sum(minutes for minutes, out in logged if out),
        unlogged=sum(not minutes for minutes, _ in logged),
    )
