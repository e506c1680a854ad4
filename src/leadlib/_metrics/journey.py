"""
The journey of one lead, from its first inquiry to the end of its life as a customer.

One identity: what was merged into a lead is that lead, and its journey began with the earliest.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.durations import Durations
from leadlib._metrics.incidence import CumulativeIncidence, cumulative_incidence
from leadlib._metrics.offers import seen
from leadlib._metrics.origin import Measured, Origin, told
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Qualified, Standing, Won, survivor_of
from leadlib.model import Team

__all__ = ["Journey", "SalesReady", "journey", "time_to_sales_ready"]

_DAY = timedelta(days=1)
_NONE = timedelta(0)
_READY = "sales-ready"


def _as_times(times: Mapping[Team, timedelta]) -> Mapping[Team, timedelta]:
    return _fields.FrozenDict(times)


@attrs.frozen(kw_only=True)
class Journey(Measured):
    """
    Where the time of one lead went: marketing, sales, and as a customer; made by :func:`journey`.

    Args:
        lead: The id of the lead that goes on.
        merged: The ids of those that were found to be the same, in order.
        as_of: The last visible instant.
        first: When the first of them came.
        since: When the lead itself came; the times begin here.
        owners: The time with each owner while the lead was open.
        customer: The time as a customer, from *Won* until now or until it ended; None if it never
            was one.
        closed: The time in which the story had ended otherwise: lost, ruled out, churned.
        origin: What the numbers mean, and what they were read from; None if they were given.

    *owners*, *customer* and *closed* sum to the time from *since* to *as_of*.
    """

    lead: str
    merged: tuple[str, ...]
    as_of: datetime
    first: datetime
    since: datetime
    owners: Mapping[Team, timedelta] = attrs.field(converter=_as_times)
    customer: timedelta | None
    closed: timedelta
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def in_funnel(self) -> timedelta:
        """The time with all owners while the lead was open."""
        return sum(self.owners.values(), _NONE)

    def __str__(self) -> str:
        customer = [] if self.customer is None else [("as a customer", self.customer)]
        rows = [
            *((f"with {team}", time) for team, time in self.owners.items()),
            ("in the funnel", self.in_funnel),
            *customer,
            *([("closed", self.closed)] if self.closed else []),
        ]
        shown = [(name, f"{time / _DAY:,.1f}") for name, time in rows]
        return _text.text_table((f"lead {self.lead}", "days"), shown)

    def to_dict(self) -> dict[str, Any]:
        """The times as plain data, in days of 24 h."""
        return {
            "lead": self.lead,
            "merged": [*self.merged],
            "as_of": self.as_of.isoformat(),
            "first": self.first.isoformat(),
            "since": self.since.isoformat(),
            "owner_days": {team.value: time / _DAY for team, time in self.owners.items()},
            "customer_days": None if self.customer is None else self.customer / _DAY,
            "closed_days": self.closed / _DAY,
            **self._said(),
        }


@told("journey", "lead")
def journey(lead: str, standings: Iterable[Standing], *, now: datetime) -> Journey:
    """
    Follow one lead through the funnel of marketing, that of sales, and its life as a customer.

    Args:
        lead: Its id; that of a merged lead leads to the one that goes on for it.
        standings: The leads, each once, with those that this one was merged into.
        now: The last visible instant; a merge after it is not known yet.

    Returns:
        The journey of the lead that goes on.  What happened to the others before they were merged
        is theirs: it counts for *first* only, so that no day counts twice.

    Raises:
        InvalidValue: No such lead by then, no standing, or no time zone.
        ConflictError: Two standings of one lead, or merges in a circle.

    Source:
        Seed 001: track leads through the marketing funnel, the sales funnel and the customer's
        lifetime.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Inquired, Triaged
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay(
        ...     [Inquired(lead="L", at=day(2)), Triaged(lead="L", at=day(6))])
        >>> print(journey("L", [standing], now=day(7)))
        lead L          days
        ──────────────  ────
        with marketing   5.0
        in the funnel    5.0
    """
    by_lead = {standing.lead: standing for standing in seen(standings, now)}
    same = _identities(by_lead)
    survivor = by_lead.get(survivor_of(_fields.identifier(lead), by_lead))
    if survivor is None:
        got = "one that is not among them"
        raise InvalidValue(expected="a lead of the standings by then", got=got, where="lead")
    return _journey(survivor, same[survivor.lead], _instants.aware(now))


def _identities(by_lead: Mapping[str, Standing]) -> Mapping[str, tuple[Standing, ...]]:
    """All standings that are one lead, by the id of the one that goes on."""
    found: dict[str, list[Standing]] = defaultdict(list)
    for lead, standing in by_lead.items():
        found[survivor_of(lead, by_lead)].append(standing)
    return {lead: tuple(same) for lead, same in found.items()}


def _first(same: Iterable[Standing]) -> datetime:
    return min(standing.events[0].at for standing in same)


def _journey(standing: Standing, same: Iterable[Standing], now: datetime) -> Journey:
    owners: dict[Team, timedelta] = defaultdict(timedelta)
    customer: timedelta | None = None
    closed = _NONE
    entries = [event for event, _ in standing.visits()]
    for event, stay in zip(entries, standing.stays, strict=True):
        time = (stay.until or now) - stay.since
        if isinstance(event, Won):
            customer = (customer or _NONE) + time
        elif stay.stage.closed or stay.stage.owner is None:
            closed += time
        else:
            owners[stay.stage.owner] += time
    return Journey(
        lead=standing.lead,
        merged=tuple(sorted(other.lead for other in same if other is not standing)),
        as_of=now,
        first=_first(same),
        since=standing.events[0].at,
        owners={team: owners[team] for team in Team if team in owners},
        customer=customer,
        closed=closed,
    )


def _as_leads(leads: Mapping[str, timedelta]) -> Mapping[str, timedelta]:
    return _fields.FrozenDict(leads)


@attrs.frozen(kw_only=True)
class SalesReady(Measured):
    """
    How long leads took to be certified; made by :func:`time_to_sales_ready`.

    Args:
        as_of: The last visible instant.
        leads: The time of each lead that was, by its id.
        durations: Those of all leads: open ones are censored, and stages in which a story ends
            compete.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "days"
    _named = ("lead", "days")

    as_of: datetime
    leads: Mapping[str, timedelta] = attrs.field(
        converter=_as_leads, repr=lambda leads: f"{len(leads)} leads"
    )
    durations: Durations
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def incidence(self) -> CumulativeIncidence:
        """The share that was certified, or ended otherwise, by any time."""
        return cumulative_incidence(self.durations)

    @property
    def median(self) -> timedelta | None:
        """The time by which half of all were certified; None if half never were, or not yet."""
        return self.incidence.quantile(_READY, 0.5) if self.leads else None

    def __str__(self) -> str:
        certified = f"{len(self.leads):,} of {_text.plural(len(self.durations), 'lead')}"
        median = "-" if self.median is None else f"{self.median / _DAY:,.1f} days"
        return f"{certified} sales-ready, half of all after {median}"

    def to_dict(self) -> dict[str, Any]:
        """The times as plain data, in days of 24 h."""
        return {
            "as_of": self.as_of.isoformat(),
            "median_days": None if self.median is None else self.median / _DAY,
            "days": {lead: time / _DAY for lead, time in self.leads.items()},
            "durations": self.durations.to_dict(),
            **self._said(),
        }


@told("time to sales-ready")
def time_to_sales_ready(standings: Iterable[Standing], *, now: datetime) -> SalesReady:
    """
    Measure the pipeline of marketing: from the first contact of a lead until it was certified.

    Args:
        standings: The leads, each once.
        now: The last visible instant.

    Returns:
        The time of each lead from its first inquiry to its first certificate, and the durations of
        all of them.  Who is open has waited so long, and is censored; who was ruled out or got to
        another end before is not waited for any more, as for :func:`time_to_stage`.  Merged leads
        count as the one that goes on, from the earliest inquiry on.

    Raises:
        InvalidValue: No standing, or no time zone.
        ConflictError: Two standings of one lead, or merges in a circle.

    Source:
        Seed 003: the marketing pipeline goes from the first contact to a viable opportunity.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Inquired
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay([Inquired(lead="L", at=day(2))])
        >>> print(time_to_sales_ready([standing], now=day(4)))
        0 of 1 lead sales-ready, half of all after -
    """
    by_lead = {standing.lead: standing for standing in seen(standings, now)}
    now = _instants.aware(now)
    ended = {
        lead: _ended(by_lead[lead], _first(same), now)
        for lead, same in _identities(by_lead).items()
        if lead in by_lead
    }
    ready = {lead: time for lead, (time, outcome) in ended.items() if outcome == _READY}
    return SalesReady(as_of=now, leads=ready, durations=Durations.from_rows(ended.values()))


def _ended(standing: Standing, first: datetime, now: datetime) -> tuple[timedelta, str | None]:
    """How long until the first certificate or another end, and which; None is still open."""
    for event, stage in zip(standing.events, standing.stages, strict=True):
        if isinstance(event, Qualified):
            return event.at - first, _READY
        if stage.closed:
            return event.at - first, stage.name
    return now - first, None
