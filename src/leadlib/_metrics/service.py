"""
The service level: was what had been promised done in time, by both teams?

Marketing promises leads and sales promises to follow them up (seed 001); one without the other is
half an agreement.  What is not due yet is neither met nor missed.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.offers import offers, plain, seen, state_of
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._rates import Benchmark, Rate, whole_number
from leadlib._results import Result
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Deadline, HandedOff, Run, Standing
from leadlib.model import Team
from leadlib.worktime import WorkCalendar

__all__ = [
    "Cause",
    "Diagnosis",
    "ServiceLevel",
    "ServiceState",
    "Supply",
    "TwoSides",
    "diagnose",
    "service_level",
    "two_sides",
]

Calendars = WorkCalendar | Mapping[Team, WorkCalendar]


class ServiceState(StrEnum):
    """
    What came of one run of a clock.

    ``LATE`` was done after its time, ``OVERDUE`` was not done although the time is over,
    ``PENDING`` is not due yet, and ``WITHDRAWN`` went away before it was due: handed back, merged,
    put off.

    Example:
        >>> print(ServiceState.OVERDUE)
        overdue
    """

    MET = "met"
    LATE = "late"
    OVERDUE = "overdue"
    PENDING = "pending"
    WITHDRAWN = "withdrawn"


_DUE = (ServiceState.MET, ServiceState.LATE, ServiceState.OVERDUE)


@attrs.frozen(kw_only=True)
class ServiceLevel(Measured):
    """
    How often a clock was met; made by :func:`service_level`.

    Args:
        clock: The clock: what was due within which time, and whose it was.
        as_of: The last visible instant.
        runs: Every run of it and what came of it, by start and lead.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    clock: Deadline
    as_of: datetime
    runs: tuple[tuple[Run, ServiceState], ...] = attrs.field(repr=lambda runs: str(len(runs)))
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def count(self, state: ServiceState) -> int:
        """How many runs are in one state."""
        wanted = state_of(ServiceState, state)
        return sum(of is wanted for _, of in self.runs)

    @property
    def rate(self) -> Rate:
        """Met of all that were due: met, late and overdue; pending and withdrawn are left out."""
        return Rate(self.count(ServiceState.MET), sum(map(self.count, _DUE)))

    @property
    def breaches(self) -> tuple[Run, ...]:
        """The runs that are late or overdue; *clock.owner* answers for them."""
        return tuple(run for run, state in self.runs if state in _DUE[1:])

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(state):,} {state}" for state in ServiceState)
        return f"{self.clock} ({self.clock.owner}): {self.rate}; {counts}"

    def to_dict(self) -> dict[str, Any]:
        """The counts and the breaches as plain data."""
        return {
            "clock": str(self.clock),
            "owner": self.clock.owner.value,
            "as_of": self.as_of.isoformat(),
            "met": plain(self.rate),
            "states": {state.value: self.count(state) for state in ServiceState},
            "breaches": [_plain_run(run) for run in self.breaches],
            **self._said(),
        }


def _plain_run(run: Run) -> dict[str, Any]:
    ended = run.ended.isoformat() if run.ended and run.is_done else None
    return {
        "lead": run.lead,
        "since": run.since.isoformat(),
        "until": run.at.isoformat(),
        "done": ended,
    }


@told("service level", "clock", "calendar", "since")
def service_level(
    standings: Iterable[Standing],
    clock: Deadline,
    *,
    now: datetime,
    calendar: Calendars,
    since: datetime | None = None,
) -> ServiceLevel:
    """
    Measure how often what a clock asks for was done in time.

    Args:
        standings: The leads, each once; their order does not matter.
        clock: One of a lifecycle, such as ``STANDARD.deadline(HANDED_OFF, "first attempt")``, or
            another that you want to try on the same leads.
        now: The last visible instant.
        calendar: The opening hours that working clocks run on: one for both teams, or one for each.
        since: Only runs that started then or later; None takes all.

    Returns:
        Every start of the clock by *now* with what came of it; what counts as a start and as done,
        :meth:`Deadline.runs` says.  Exactly at the limit is met.  What ended undone after its time
        is overdue for good; what ended undone before it is withdrawn.

    Raises:
        InvalidValue: No clock, no standing, no calendar or no time zone.
        ConflictError: Two standings of one lead.

    Source:
        Seed 001: follow-up within 24 hours.  Counting the touched leads alone flatters: those that
        nobody touched are the breach.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import WorkCalendar
        >>> from leadlib.lifecycle import INQUIRY, STANDARD, Inquired, Triaged
        >>> hour = lambda n: datetime(2026, 3, 2, n, tzinfo=UTC)
        >>> standing = STANDARD.replay(
        ...     [Inquired(lead="L", at=hour(9)), Triaged(lead="L", at=hour(10))])
        >>> clock = STANDARD.deadline(INQUIRY, "triage")
        >>> print(service_level([standing], clock, now=hour(12), calendar=WorkCalendar()))
        triage within 1 working day (marketing): 100.0 % [20.7, 100.0]; 1 met, 0 late, 0 overdue, \
0 pending, 0 withdrawn
    """
    _fields.check_type(clock, Deadline, "clock")
    start = None if since is None else _instants.aware(since, where="since")
    now = _instants.aware(now, where="now")
    runs = [
        (run, _state(run, now))
        for standing in seen(standings, now)
        for run in clock.runs(standing, calendar=calendar)
        if start is None or run.since >= start
    ]
    runs.sort(key=lambda found: (found[0].since, found[0].lead))
    return ServiceLevel(clock=clock, as_of=now, runs=tuple(runs))


def _state(run: Run, now: datetime) -> ServiceState:
    is_over = (run.ended or now) > run.at
    if run.is_done:
        return ServiceState.LATE if is_over else ServiceState.MET
    if is_over:
        return ServiceState.OVERDUE
    return ServiceState.PENDING if run.ended is None else ServiceState.WITHDRAWN


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Supply:
    """
    What was delivered against what was promised; it may be more, so it is no share.

    Args:
        delivered: How many leads.
        promised: Of how many, from 1 on.

    Raises:
        InvalidValue: Other numbers.

    Example:
        >>> print(Supply(delivered=130, promised=100))
        130 of 100 promised (130.0 %)
    """

    delivered: int = attrs.field(converter=whole_number)
    promised: int = attrs.field(converter=whole_number)

    def __attrs_post_init__(self) -> None:
        if self.delivered < 0 or self.promised < 1:
            expected = "0 or more delivered of 1 or more promised"
            raise InvalidValue(expected=expected, got=f"{self.delivered} of {self.promised}")

    @property
    def value(self) -> float:
        """Delivered by promised: 1.3 is 130 %."""
        return self.delivered / self.promised

    def __str__(self) -> str:
        return f"{self.delivered:,} of {self.promised:,} promised ({100 * self.value:.1f} %)"


@attrs.frozen(kw_only=True)
class TwoSides(Measured):
    """
    Both sides of the agreement; made by :func:`two_sides`.

    Args:
        supply: Marketing's: certified leads handed to sales, against those promised.
        certified: Also marketing's: offers with a certificate, of all offers.
        follow_up: The side of sales: how often its clock was met.
        origin: What the numbers mean, and what they were read from; None if they were given.

    Each offer has its brief by construction, so the completeness of briefs is no figure.
    """

    supply: Supply
    certified: Rate
    follow_up: ServiceLevel
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    def __str__(self) -> str:
        clock, done = self.follow_up.clock, self.follow_up.rate
        given = f"marketing: {self.supply}; certified {self.certified}"
        return f"{given}\n{clock.owner}: {clock.action} in time {done}"

    def to_dict(self) -> dict[str, Any]:
        """Both sides as plain data."""
        supply = attrs.asdict(self.supply) | {"value": self.supply.value}
        follow_up = self.follow_up.to_dict()
        return {
            "supply": supply,
            "certified": plain(self.certified),
            "follow_up": follow_up,
        } | self._said()


@told("two sides", "clock", "promised", "calendar", "since")
def two_sides(
    standings: Iterable[Standing],
    clock: Deadline,
    *,
    promised: int,
    now: datetime,
    calendar: Calendars,
    since: datetime | None = None,
) -> TwoSides:
    """
    Put what marketing promised beside what sales promised.

    Args:
        standings: The leads, each once.
        clock: What sales promised, such as the first attempt within 24 hours.
        promised: How many certified leads marketing promised, from *since* to *now*.
        now: The last visible instant.
        calendar: As for :func:`service_level`.
        since: When the agreement began; None takes all that is visible.

    Returns:
        Supply and follow-up.  A lead that is handed off again is delivered once, and followed up
        each time.

    Raises:
        InvalidValue: As :func:`service_level`, or nothing was promised.

    Source:
        Seed 001: sales sees too few leads, marketing sees no follow-up.
    """
    taken = seen(standings, now)
    level = service_level(taken, clock, now=now, calendar=calendar, since=since)
    start = None if since is None else _instants.aware(since, where="since")
    given = [
        offer
        for standing in taken
        for offer in offers(standing)
        if start is None or offer.event.at >= start
    ]
    good = [offer.lead for offer in given if isinstance(offer.event, HandedOff)]
    return TwoSides(
        supply=Supply(delivered=len(set(good)), promised=promised),
        certified=Rate(len(good), len(given)),
        follow_up=level,
    )


class Cause(StrEnum):
    """
    Why a lead programme does not give what it should.

    Example:
        >>> print(Cause.FOLLOW_UP)
        follow-up
    """

    QUALITY = "quality"
    QUANTITY = "quantity"
    FOLLOW_UP = "follow-up"


@attrs.frozen(kw_only=True)
class Diagnosis(Result):
    """
    What is wrong with a lead programme; made by :func:`diagnose`.

    Args:
        causes: What is shown to be below its threshold.
        unclear: What may be: the interval holds the threshold, or nothing was measured.
    """

    causes: tuple[Cause, ...]
    unclear: tuple[Cause, ...]

    @property
    def is_at_risk(self) -> bool:
        """Whether a cause was shown; the unclear is not shown."""
        return bool(self.causes)

    def __str__(self) -> str:
        return "; ".join(self._said()) or "nothing wrong was found"

    def _said(self) -> Iterator[str]:
        if self.causes:
            yield f"at risk by {' and '.join(self.causes)}"
        if self.unclear:
            yield f"unclear: {' and '.join(self.unclear)}"


def diagnose(
    *,
    quality: Rate,
    quantity: Supply | None,
    follow_up: Rate,
    least_quality: float = 0.9,
    least_quantity: float = 1.0,
    least_follow_up: float = 0.8,
) -> Diagnosis:
    """
    Tell quality, quantity and follow-up apart: which of them makes a programme fail?

    Args:
        quality: Leads that met the definition, such as :attr:`HandOffAudit.conforming`.
        quantity: What was delivered against what was promised; None if nobody promised.
        follow_up: Leads that were followed up, or the rate of a :class:`ServiceLevel`.
        least_quality, least_follow_up: From 0 to 1; a rate is a cause if its whole 95 % interval
            lies below.
        least_quantity: 1 is all that was promised; a count has no interval, so it is a cause if it
            is below.

    Returns:
        The causes, and what is unclear.  The thresholds are defaults of ours: no seed gives any.

    Raises:
        InvalidValue: No such thresholds or figures.

    Source:
        Seeds 001 and 002: the leads were right and more than enough, and nobody followed up.

    Example:
        >>> found = diagnose(quality=Rate(130, 130), quantity=Supply(delivered=130, promised=100),
        ...                  follow_up=Rate(28, 130))
        >>> print(found)
        at risk by follow-up
    """
    found = {
        Cause.QUALITY: _is_enough(quality, least_quality),
        Cause.QUANTITY: _is_supplied(quantity, _threshold(least_quantity)),
        Cause.FOLLOW_UP: _is_enough(follow_up, least_follow_up),
    }
    return Diagnosis(
        causes=tuple(cause for cause, enough in found.items() if enough is False),
        unclear=tuple(cause for cause, enough in found.items() if enough is None),
    )


def _is_enough(rate: Rate, least: float) -> bool | None:
    _fields.check_type(rate, Rate, "rate")
    return {Benchmark.BELOW: False, Benchmark.WITHIN: True}.get(rate.against(least, 1.0))


def _is_supplied(supply: Supply | None, least: float) -> bool | None:
    if supply is None:
        return None
    _fields.check_type(supply, Supply, "quantity")
    return supply.value >= least


def _threshold(least: Any) -> float:
    if isinstance(least, bool) or not isinstance(least, int | float):
        got = _text.kind_of(least)
        raise InvalidValue(expected="a number from 0 on", got=got, where="least_quantity")
    if not 0 <= least < float("inf"):
        raise InvalidValue(expected="a number from 0 on", got="another", where="least_quantity")
    return float(least)
