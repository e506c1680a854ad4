"""
Accountability: what was not done in time, and whose it was; and whether both teams see the same.

Without numbers everyone hides behind excuses (seed 002): each breach names its lead, its action,
its instant and one team.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.campaigns import Group, rates_by
from leadlib._metrics.offers import is_merged, last_offer, plain, refuted, seen
from leadlib._metrics.origin import Measured, Origin, told
from leadlib._metrics.service import Calendars, ServiceLevel, service_level
from leadlib._rates import Benchmark, Comparison, Rate, check_range, compare
from leadlib._results import Result
from leadlib.lifecycle import Lifecycle, Run, Stage, Standing
from leadlib.model import Team

__all__ = [
    "Alignment",
    "Breach",
    "Breaches",
    "RuledOutBy",
    "alignment",
    "breaches",
    "ruled_out_by",
]

_SHOWN = 20  # a page stays readable; all of them are in the value


@attrs.frozen(kw_only=True)
class Breach:
    """
    What one team did not do in time for one lead.

    Args:
        lead: Its id.
        stage: Where the clock started.
        action: What was due.
        owner: Whose it was.
        since: When the clock started.
        until: When its time was over.
        done: When it was done all the same; None if it was not.
    """

    lead: str
    stage: Stage
    action: str
    owner: Team
    since: datetime
    until: datetime
    done: datetime | None

    def __str__(self) -> str:
        what = f"{self.lead}: {self.action} ({self.owner}) until {self.until.isoformat()}"
        return f"{what}, {'late' if self.done else 'overdue'}"

    def to_dict(self) -> dict[str, Any]:
        """The breach as plain data."""
        return {
            "lead": self.lead,
            "stage": self.stage.name,
            "action": self.action,
            "owner": self.owner.value,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "done": self.done.isoformat() if self.done else None,
        }


@attrs.frozen(kw_only=True)
class Breaches(Measured):
    """
    What was not done in time, of all clocks of a lifecycle; made by :func:`breaches`.

    Args:
        as_of: The last visible instant.
        levels: How often each clock was met, in the order of the lifecycle.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "breaches"

    as_of: datetime
    levels: tuple[ServiceLevel, ...] = attrs.field(repr=lambda levels: f"{len(levels)} clocks")
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def breaches(self) -> tuple[Breach, ...]:
        """Each run that is late or overdue, by the instant at which its time was over."""
        found = [_breach(level, run) for level in self.levels for run in level.breaches]
        return tuple(sorted(found, key=lambda breach: (breach.until, breach.lead, breach.action)))

    @property
    def counts(self) -> Mapping[Team, int]:
        """How many breaches each team answers for, those with none included."""
        counted = Counter(level.clock.owner for level in self.levels for _ in level.breaches)
        return _fields.FrozenDict({team: counted[team] for team in self._owners})

    def rate(self, team: Team | str) -> Rate:
        """
        The breaches of one team, of all that was due from it; pending and withdrawn left out.

        Raises:
            UnknownName: No team.
        """
        of = _fields.member(Team, team, expected="a team", where="team")
        return _missed([level for level in self.levels if level.clock.owner is of])

    @property
    def _owners(self) -> tuple[Team, ...]:
        owners = {level.clock.owner for level in self.levels} | {Team.MARKETING, Team.SALES}
        return tuple(team for team in Team if team in owners)

    def __str__(self) -> str:
        rows = [_cells(str(team), self.rate(team)) for team in self._owners]
        found = self.breaches
        more = len(found) - _SHOWN
        lines = [_text.text_table(_HEAD, rows), *map(str, found[:_SHOWN])]
        return "\n".join(lines + [f"and {more:,} more"] * (more > 0))

    def to_dict(self) -> dict[str, Any]:
        """The rates and the breaches as plain data."""
        return {
            "as_of": self.as_of.isoformat(),
            "teams": {team.value: plain(self.rate(team)) for team in self._owners},
            "breaches": [breach.to_dict() for breach in self.breaches],
            **self._said(),
        }


_HEAD = ("team", "breaches", "due", "rate", "95 % interval")


def _cells(name: str, rate: Rate) -> tuple[str, ...]:
    return (name, f"{rate.k:,}", f"{rate.n:,}", rate.percent, rate.bounds)


def _missed(levels: Iterable[ServiceLevel]) -> Rate:
    met = [level.rate for level in levels]
    return Rate(sum(rate.n - rate.k for rate in met), sum(rate.n for rate in met))


def _breach(level: ServiceLevel, run: Run) -> Breach:
    clock = level.clock
    return Breach(
        lead=run.lead,
        stage=clock.stage,
        action=clock.action,
        owner=clock.owner,
        since=run.since,
        until=run.at,
        done=run.ended if run.is_done else None,
    )


@told("breaches", "lifecycle", "calendar", "since")
def breaches(
    standings: Iterable[Standing],
    lifecycle: Lifecycle,
    *,
    now: datetime,
    calendar: Calendars,
    since: datetime | None = None,
) -> Breaches:
    """
    Find what was not done in time by any clock of a lifecycle, and which team answers for it.

    Args:
        standings: The leads, each once; their order does not matter.
        lifecycle: Whose clocks run, such as ``STANDARD``.
        now: The last visible instant.
        calendar: As for :func:`service_level`.
        since: Only clocks that started then or later; None takes all.

    Returns:
        The breaches, each with one lead, action, instant and team.  A lead that waits can breach
        several clocks at once: to be accepted, and to be called.

    Raises:
        InvalidValue: No standing, no lifecycle, no calendar or no time zone.
        ConflictError: Two standings of one lead.

    Note:
        Each clock looks at each lead.

    Source:
        Seed 002: no numbers, so everyone hides behind excuses.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import WorkCalendar
        >>> from leadlib.lifecycle import STANDARD, Inquired
        >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
        >>> standing = STANDARD.replay([Inquired(lead="L", at=monday)])
        >>> print(breaches([standing], STANDARD, now=friday, calendar=WorkCalendar()))
        team       breaches  due     rate  95 % interval
        ─────────  ────────  ───  ───────  ─────────────
        marketing         1    1  100.0 %  [20.7, 100.0]
        sales             0    0        -              -
        L: triage (marketing) until 2026-03-03T09:00:00+00:00, overdue
    """
    _fields.check_type(lifecycle, Lifecycle, "lifecycle")
    taken = seen(standings, now)
    levels = [
        service_level(taken, clock, now=now, calendar=calendar, since=since)
        for clock in lifecycle.deadlines
    ]
    return Breaches(as_of=_instants.aware(now), levels=tuple(levels))


@attrs.frozen(kw_only=True)
class Alignment(Result):
    """
    How the two teams see the same leads; made by :func:`alignment`.

    Args:
        conforming: Marketing's view: the share that meets the definition.
        accepted: The view of sales: the share that it took.
    """

    conforming: Rate = attrs.field(validator=_fields.is_a(Rate))
    accepted: Rate = attrs.field(validator=_fields.is_a(Rate))

    @property
    def gap(self) -> Comparison:
        """Marketing's share minus that of sales, with its interval."""
        return compare(self.conforming, self.accepted)

    @property
    def is_aligned(self) -> bool | None:
        """Whether no gap was shown, either way; None if a team said nothing."""
        return None if self.gap.difference is None else not self.gap.is_significant

    def __str__(self) -> str:
        said = {True: "aligned", False: "not aligned", None: "not known"}[self.is_aligned]
        lines = [f"marketing: {self.conforming} conform", f"sales: {self.accepted} accepted"]
        return "\n".join([*lines, f"gap: {_points(self.gap)}, {said}"])

    def to_dict(self) -> dict[str, Any]:
        """Both views and their gap as plain data; shares from 0 to 1."""
        interval = self.gap.interval
        return {
            "conforming": plain(self.conforming),
            "accepted": plain(self.accepted),
            "gap": self.gap.difference,
            "interval": list(interval) if interval else None,
            "aligned": self.is_aligned,
        }


def _points(gap: Comparison) -> str:
    if gap.difference is None or gap.interval is None:
        return "-"
    low, high = gap.interval
    return f"{100 * gap.difference:+.1f} points [{100 * low:+.1f}, {100 * high:+.1f}]"


def alignment(conforming: Rate, accepted: Rate) -> Alignment:
    """
    Set what marketing says of its leads beside what sales says of them.

    Many leads that marketing calls good and sales calls bad are no matter of either: the two mean
    different things by a lead.

    Args:
        conforming: Such as :attr:`HandOffAudit.conforming`.
        accepted: Such as :attr:`Acceptance.rate`, of the same offers.

    Returns:
        Both views and the gap.  Its interval takes them to be of different leads; of the same leads
        the two hang together as a rule, and it is then wider than need be.

    Raises:
        InvalidValue: Either is no rate.

    Source:
        Seed 004: many but bad leads are a sign of functions that are not aligned.

    Example:
        >>> print(alignment(Rate(90, 100), Rate(50, 100)))
        marketing: 90.0 % [82.6, 94.5] conform
        sales: 50.0 % [40.4, 59.6] accepted
        gap: +40.0 points [+27.8, +50.6], not aligned
    """
    return Alignment(conforming=conforming, accepted=accepted)


@attrs.frozen(kw_only=True)
class RuledOutBy(Measured):
    """
    What sales ruled out after the hand-off, by campaign; made by :func:`ruled_out_by`.

    Args:
        as_of: The last visible instant.
        above: The share above which a campaign missed its purpose.
        rates: By campaign, ruled out of all that were handed off; None is no campaign.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "campaigns"
    _named = ("campaign", "count")

    as_of: datetime
    above: float
    rates: Mapping[Group, Rate] = attrs.field(repr=lambda rates: f"{len(rates)} campaigns")
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def flagged(self) -> tuple[Group, ...]:
        """The campaigns whose whole 95 % interval lies above the threshold."""
        return tuple(name for name in self.rates if self._state(name) is Benchmark.ABOVE)

    def _state(self, name: Group) -> Benchmark:
        return self.rates[name].against(0, self.above)

    def __str__(self) -> str:
        rows = [
            (*_cells(_named(name), rate), _VERDICTS.get(self._state(name), "unclear"))
            for name, rate in self.rates.items()
        ]
        return _text.text_table(_BY, rows)

    def to_dict(self) -> dict[str, Any]:
        """The rates as plain data."""
        rates = {_named(name): plain(rate) for name, rate in self.rates.items()}
        flagged = [_named(name) for name in self.flagged]
        about = {"as_of": self.as_of.isoformat(), "above": self.above}
        return {**about, "campaigns": rates, "flagged": flagged, **self._said()}


_BY = ("campaign", "ruled out", "of", "rate", "95 % interval", "verdict")
_VERDICTS = {Benchmark.ABOVE: "flagged", Benchmark.WITHIN: "within"}


def _named(name: Group) -> str:
    return "-" if name is None else str(name)


@told("ruled out", "campaigns", "above")
def ruled_out_by(
    standings: Iterable[Standing],
    campaigns: Mapping[str, Group],
    *,
    above: float,
    now: datetime,
) -> RuledOutBy:
    """
    Count for each campaign what sales ruled out of the leads that it was handed.

    Args:
        standings: The leads, each once; those that were never offered to sales, and those that were
            merged, are left out.
        campaigns: The campaign of each lead; a lead without one is in the group None, and other
            leads may be named.
        above: The share, from 0 to 1, above which a campaign is flagged: it missed its purpose.
        now: The last visible instant.

    Returns:
        The rates: lower bounds while leads are open.  Ruled out is what sales disqualified while it
        had the lead in hand, unless it was reopened; who opted out of everything does not count.

    Raises:
        InvalidValue: No standing, no campaigns, no such share, or no time zone.
        ConflictError: Two standings of one lead.

    Source:
        Seed 004: many bad leads are a sign that the campaign missed its purpose.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import lifecycle as of
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> standing = of.STANDARD.replay([
        ...     of.Inquired(lead="L", at=day(2)), of.Banded(lead="L", at=day(3)),
        ...     of.PassedOn(lead="L", at=day(4), account="Acme", to="sam", brief="b-1"),
        ...     of.Disqualified(lead="L", at=day(7), reason="no need")])
        >>> print(ruled_out_by([standing], {"L": "fair"}, above=0.5, now=day(9)))
        campaign  ruled out  of     rate  95 % interval  verdict
        ────────  ─────────  ──  ───────  ─────────────  ───────
        fair              1   1  100.0 %  [20.7, 100.0]  unclear
    """
    check_range(0, above)
    _fields.check_type(campaigns, Mapping, "campaigns")
    given = [s for s in seen(standings, now) if last_offer(s) and not is_merged(s)]
    groups = {standing.lead: campaigns.get(standing.lead) for standing in given}
    rates = rates_by(groups, [standing.lead for standing in given if refuted(standing)])
    return RuledOutBy(as_of=_instants.aware(now), above=above, rates=_fields.FrozenDict(rates))
