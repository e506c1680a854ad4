"""
Stays: how long leads were where, and with whom; and how many are where now.

A stay ends when the next begins, so every second of a lead's life has one stage and one owner
(seed 004): there is no gap between the clocks of marketing and sales.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.offers import seen
from leadlib._metrics.origin import Measured, Origin, told
from leadlib.lifecycle import Qualified, Stage, Standing
from leadlib.model import Team

__all__ = ["Census", "DwellTimes", "LeadTime", "StageTime", "census", "dwell_times"]

_DAY = timedelta(days=1)
_NONE = timedelta(0)


def _as_times(times: Mapping[Any, timedelta]) -> Mapping[Any, timedelta]:
    return _fields.FrozenDict(times)


@attrs.frozen(kw_only=True)
class LeadTime:
    """
    Where the time of one lead went.

    Args:
        lead: Its id.
        forward: Since its first event, until now or until its story ended.
        reset: The same since it was last called qualified; None if it never was.
        stages: The time in each stage by its name, summed over all visits, until now.
        owners: The time with each owner; None is nobody, as of a lead that was merged.

    The times of *stages* sum to the whole life, and so do those of *owners*.
    """

    lead: str
    forward: timedelta
    reset: timedelta | None
    stages: Mapping[str, timedelta] = attrs.field(converter=_as_times)
    owners: Mapping[Team | None, timedelta] = attrs.field(converter=_as_times)


@attrs.frozen(kw_only=True)
class StageTime:
    """
    The time that all leads spent in one stage.

    Args:
        stage: Where.
        leads: How many were there at any time.
        visits: How often one came.
        lasting: How many of these visits last; their time is so far.
        total: The time of all visits.
    """

    stage: Stage
    leads: int
    visits: int
    lasting: int
    total: timedelta

    @property
    def mean(self) -> timedelta:
        """For each lead, over all its visits; too short while visits last."""
        return self.total / self.leads


@attrs.frozen(kw_only=True)
class DwellTimes(Measured):
    """
    How long leads were where; made by :func:`dwell_times`.

    Args:
        as_of: Until when lasting stays are counted.
        stages: One for each stage that was visited, the longest total first.
        leads: One for each lead, by id.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "stages"
    _named = ("stage", "count")

    as_of: datetime
    stages: tuple[StageTime, ...]
    leads: tuple[LeadTime, ...] = attrs.field(repr=lambda leads: str(len(leads)))
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def owners(self) -> Mapping[Team | None, timedelta]:
        """The time with each owner over all leads; None is nobody."""
        total: dict[Team | None, timedelta] = defaultdict(timedelta)
        for lead in self.leads:
            for owner, time in lead.owners.items():
                total[owner] += time
        return _fields.FrozenDict(total)

    def __str__(self) -> str:
        rows = [
            (
                time.stage.name,
                str(time.stage.owner or "-"),
                f"{time.leads:,}",
                f"{time.visits:,}",
                f"{time.lasting:,}",
                f"{time.mean / _DAY:,.1f}",
                f"{time.total / _DAY:,.1f}",
            )
            for time in self.stages
        ]
        return _text.text_table(_HEAD, rows, left=2)

    def to_dict(self) -> dict[str, Any]:
        """The totals as plain data; times in days of 24 h."""
        stages = {
            time.stage.name: {
                "leads": time.leads,
                "visits": time.visits,
                "lasting": time.lasting,
                "days": time.total / _DAY,
            }
            for time in self.stages
        }
        owners = {str(owner or "nobody"): time / _DAY for owner, time in self.owners.items()}
        return {
            "as_of": self.as_of.isoformat(),
            "stages": stages,
            "owner_days": owners,
        } | self._said()


_HEAD = ("stage", "owner", "leads", "visits", "lasting", "mean days", "total days")


@told("dwell times")
def dwell_times(standings: Iterable[Standing], *, now: datetime) -> DwellTimes:
    """
    Measure how long leads were in each stage and with each owner.

    It asks standings of a lifecycle.  Of a stage log, :func:`stay_durations` with
    :func:`kaplan_meier` takes all stays, and the median days of :func:`funnel` those that ended
    with a later stage.

    Args:
        standings: The leads, each once.
        now: The last visible instant; stays that last are counted until then.

    Returns:
        The times by stage, and for each lead by stage and owner, with two clocks of its own: one
        since it came, one since it was last called qualified.

    Raises:
        InvalidValue: No standing, or no time zone.
        ConflictError: Two standings of one lead.

    Source:
        Seed 004: connectivity and accountability, without a gap.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Inquired, Triaged
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = STANDARD.replay(
        ...     [Inquired(lead="L", at=day(2)), Triaged(lead="L", at=day(6))])
        >>> print(dwell_times([standing], now=day(7)))
        stage       owner      leads  visits  lasting  mean days  total days
        ──────────  ─────────  ─────  ──────  ───────  ─────────  ──────────
        inquiry     marketing      1       1        0        4.0         4.0
        qualifying  marketing      1       1        1        1.0         1.0
    """
    taken = seen(standings, now)
    now = _instants.aware(now)
    return DwellTimes(
        as_of=now,
        stages=tuple(_stage_times(taken, now)),
        leads=tuple(_lead_time(standing, now) for standing in taken),
    )


def _stage_times(standings: Iterable[Standing], now: datetime) -> Iterator[StageTime]:
    leads: dict[Stage, set[str]] = defaultdict(set)
    visits, lasting = Counter[Stage](), Counter[Stage]()
    total: dict[Stage, timedelta] = defaultdict(timedelta)
    for standing in standings:
        for stay in standing.stays:
            leads[stay.stage].add(standing.lead)
            visits[stay.stage] += 1
            lasting[stay.stage] += stay.until is None
            total[stay.stage] += (stay.until or now) - stay.since
    for stage in sorted(total, key=lambda stage: (-total[stage], stage.name)):
        yield StageTime(
            stage=stage,
            leads=len(leads[stage]),
            visits=visits[stage],
            lasting=lasting[stage],
            total=total[stage],
        )


def _lead_time(standing: Standing, now: datetime) -> LeadTime:
    stages: dict[str, timedelta] = defaultdict(timedelta)
    owners: dict[Team | None, timedelta] = defaultdict(timedelta)
    for stay in standing.stays:
        time = (stay.until or now) - stay.since
        stages[stay.stage.name] += time
        owners[stay.stage.owner] += time
    qualified, end = standing.last(Qualified), _ended(standing) or now
    return LeadTime(
        lead=standing.lead,
        forward=end - standing.events[0].at,
        reset=None if qualified is None else end - qualified.at,
        stages=stages,
        owners=owners,
    )


def _ended(standing: Standing) -> datetime | None:
    """When the story ended: with the first of the closed stages that the lead has not left."""
    end = None
    for stay in reversed(standing.stays):
        if not stay.stage.closed:
            break
        end = stay.since
    return end


def _as_counts(counts: Mapping[str, int]) -> Mapping[str, int]:
    return _fields.FrozenDict(counts)


@attrs.frozen(kw_only=True)
class Census(Measured):
    """
    How many leads are where; made by :func:`census`.

    Args:
        as_of: When.
        counts: By the name of the stage, in order; merged and erased leads are in stages of their
            own, so that all leads are in one.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "stages"
    _named = ("stage", "leads")

    as_of: datetime
    counts: Mapping[str, int] = attrs.field(converter=_as_counts)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def leads(self) -> int:
        """All leads that were captured by then."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        rows = [(stage, f"{count:,}") for stage, count in self.counts.items()]
        return _text.text_table(("stage", "leads"), [*rows, ("all", f"{self.leads:,}")])

    def to_dict(self) -> dict[str, Any]:
        """The counts as plain data."""
        return {
            "as_of": self.as_of.isoformat(),
            "leads": self.leads,
            "stages": {**self.counts},
        } | self._said()


@told("census")
def census(standings: Iterable[Standing], *, now: datetime) -> Census:
    """
    Count how many leads are in each stage: every lead that was captured is in exactly one.

    Args:
        standings: The leads, each once.
        now: The last visible instant.

    Raises:
        InvalidValue: No standing, or no time zone.
        ConflictError: Two standings of one lead.

    Source:
        Seed 004: the whole process from cradle to grave; nothing may vanish from it.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import STANDARD, Inquired
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> events = [Inquired(lead=lead, at=monday) for lead in "ABC"]
        >>> print(census(STANDARD.replay_all(events).values(), now=monday))
        stage    leads
        ───────  ─────
        inquiry      3
        all          3
    """
    counts = Counter(standing.stage.name for standing in seen(standings, now))
    return Census(as_of=_instants.aware(now), counts=dict(sorted(counts.items())))
