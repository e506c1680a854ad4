"""
Passages: how long leads take from one stage to another, read from a log.

Three ends are kept apart: the goal, a stage that competes with it, and none yet.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text
from leadlib._instants import MICROSECOND
from leadlib._metrics.durations import Durations, micros
from leadlib._metrics.incidence import CumulativeIncidence, cumulative_incidence
from leadlib._metrics.log import AnyStage, Log, StageLog, check_log, one_or_several
from leadlib._metrics.origin import Defines, Origin, origin_of
from leadlib._metrics.reading import check_in_python
from leadlib._metrics.splits import as_groups, by_label
from leadlib._metrics.tables import MISSING, check_column
from leadlib._metrics.visits import ANY, counted_visits
from leadlib._periods import Period
from leadlib._results import Result, plain_data
from leadlib.errors import InvalidValue

__all__ = ["PassageDefinition", "Per", "TimeToStage", "stay_durations", "time_to_stage"]


class Per(StrEnum):
    """
    What has a clock of its own.

    ``LEAD``: the clock starts with the first entry and is never reset; a lead that was recycled is
    still on its way.  ``PASS``: it starts anew with every entry into the start, and being recycled
    is an end, as others are.

    Example:
        >>> print(Per.PASS)
        pass
    """

    LEAD = "lead"
    PASS = "pass"  # noqa: S105  # one way through the funnel


@attrs.frozen(kw_only=True)
class PassageDefinition(Defines):
    """
    What a :class:`TimeToStage` means; under another definition it is another number.

    Args:
        goal: The stages that are waited for; the first names the outcome.
        start: The stage whose entry starts the clock; None is the first event of a lead.
        competing: The stages that end the wait otherwise.
        competing_by: Who says so: ``given``, ``lifecycle``, or ``nobody``.
        merged: The stages of leads that were found to be another one.
        per: See :class:`Per`.
        ties: How events of one instant are ordered.
    """

    goal: tuple[str, ...]
    start: str | None
    competing: tuple[str, ...]
    competing_by: str
    merged: tuple[str, ...]
    per: str
    ties: str = "seq, then start, goal, others, competing"


@attrs.frozen(kw_only=True, repr=False, slots=False)
class TimeToStage(Result):
    """
    How long it takes to get to a stage; made by :func:`time_to_stage`, prints as a table.

    Args:
        definition: What the numbers mean.
        as_of: The last visible instant; who is on the way then is censored.
        durations: The table that everything else is worked out from; those of parts add up.
        leads: How many visible leads have entered the start.
        outside: How many have not.
        merged: How many were found to be another lead; they are in none of these counts.
        before: How many of *leads* had been at the goal before they came to the start; they are
            not in the table.
        unobserved: How many passages were over when their record began; they are not in the table.
        by: The label column of *groups*.
        label: The group that this is of; None for the whole.
        groups: One for each group; leads without a label are under the empty text.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    definition: PassageDefinition
    as_of: datetime
    durations: Durations
    leads: int
    outside: int
    merged: int
    before: int
    unobserved: int
    by: str | None = None
    label: str | None = None
    groups: Mapping[str, "TimeToStage"] = attrs.field(factory=dict, converter=as_groups)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def goal(self) -> str:
        """The outcome that is waited for."""
        return self.definition.goal[0]

    @cached_property
    def incidence(self) -> CumulativeIncidence:
        """
        The share that got to the goal, and to every competing stage, by any time.

        Of the closed stages that nobody gave, those are left out in which nothing ended.
        """
        shown = {self.goal, *self.durations.causes}
        if self.definition.competing_by == "given":
            shown.update(self.definition.competing)
        ends = [cause for cause in self.definition.competing if cause in shown]
        return cumulative_incidence(self.durations, causes=[self.goal, *ends])

    @property
    def median(self) -> timedelta | None:
        """The time by which half of all got to the goal; None if half never did, or not yet."""
        return self.incidence.quantile(self.goal, 0.5)

    def share(self, at: timedelta | None = None) -> float | None:
        """
        The share that got to the goal by *at*; None beyond the last observation, and of nobody.

        Args:
            at: Since the start; None asks for the last observation.

        Raises:
            InvalidValue: No timedelta from 0 on.
        """
        return self.incidence.share(self.goal, at)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        if self.merged:
            merged = _text.plural(self.merged, "lead")
            yield f"{merged} found to be another: counted as that one only."
        if self.before:
            yield f"{_text.plural(self.before, 'lead')} had been there before: not counted."
        if self.unobserved:
            ended = _text.plural(self.unobserved, "passage")
            yield f"{ended} ended before the record began: not counted."
        if self.definition.per == Per.PASS and len(self.durations) > self.leads:
            yield (
                f"{len(self.durations):,} passes of {_text.plural(self.leads, 'lead')}: those of "
                "one lead are not independent, and the intervals take them to be."
            )

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 over definition, *as_of* and visible events: equal input, equal print."""
        return self.origin.fingerprint if self.origin else None

    def __repr__(self) -> str:
        return f"<TimeToStage {self.goal!r}: {self.durations!r}>"

    def __str__(self) -> str:
        return "\n".join([str(self.incidence), *self.notes])

    def _picture(self) -> str:
        return self.incidence._picture()  # noqa: SLF001  # a result of ours, too

    def _remarks(self) -> tuple[str, ...]:
        return self.notes

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each time and outcome, of every group if there are any."""
        if not self.groups:
            return self.incidence.to_records()
        return [
            {"group": label, **record}
            for label, group in self.groups.items()
            for record in group.to_records()
        ]

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data: JSON knows all of it; times in days of 24 h."""
        plain: dict[str, Any] = {
            "definition": plain_data(self.definition),
            "as_of": self.as_of.isoformat(),
            "fingerprint": self.fingerprint,
            "leads": self.leads,
            "outside": self.outside,
            "merged": self.merged,
            "before": self.before,
            "unobserved": self.unobserved,
            "durations": self.durations.to_dict(),
            "incidence": self.incidence.to_dict(),
        }
        if self.by is not None:
            plain["by"] = {label: group.to_dict() for label, group in self.groups.items()}
        return plain


_Since = datetime | Mapping[str, datetime] | None


def time_to_stage(
    log: StageLog,
    goal: AnyStage | Iterable[AnyStage],
    *,
    start: AnyStage | None = None,
    competing: Iterable[AnyStage] | None = None,
    merged: Iterable[AnyStage] = (),
    per: Per | str = Per.LEAD,
    recorded_since: datetime | Mapping[str, datetime] | None = None,
    as_of: datetime | None = None,
    by: str | None = None,
) -> TimeToStage:
    """
    Measure how long leads take to a stage; who is on the way is censored, not left out.

    Args:
        log: Rows in any order; ties of one instant are broken by *seq*, then by stage.
        goal: The stage that is waited for, or several any of which will do: later ones that are
            entered without it, say.  The first names the outcome.
        start: The stage whose first entry starts the clock; the first event of a lead unless given.
        competing: The stages whose entry ends the wait, even if the lead comes back.  Unless given,
            those that the log knows as closed; name those from which leads come back yourself.
        merged: The stages of leads that were found to be another one, such as ``[MERGED]``: what
            counts is the journey of the other, and these are left out.
        per: One clock for each lead, or a new one for each pass; a pass also ends when the next one
            starts.
        recorded_since: Since when the record was kept, of all leads or of each lead by its id:
            what was imported later is at risk only from then on (left truncation).
        as_of: The last visible instant; the last event unless given.
        by: A label column of the log: one more result for each group.

    Returns:
        The table of durations, with the share that got to each outcome by any time.

    Raises:
        UnknownName: A stage or column is not in the log, or there is no such *per*.
        InvalidValue: A stage has two parts, a pass has no start, or a lead of *recorded_since* is
            not in the log.

    Note:
        Linear in events.

    Source:
        Putter, Fiocco, Geskus, Statist. Med. 26 (2007) 2389.

    Example:
        >>> from datetime import UTC, datetime
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "offered", day(1)), ("a", "accepted", day(4)),
        ...     ("b", "offered", day(1)), ("b", "lost", day(11)),
        ...     ("c", "offered", day(1)), ("d", "offered", day(1)), ("d", "accepted", day(6))])
        >>> print(time_to_stage(log, "accepted", start="offered", competing=["lost"]))
        days  at risk  accepted    lost    open
        ────  ───────  ────────  ──────  ──────
           3        4    25.0 %   0.0 %  75.0 %
           5        3    50.0 %   0.0 %  50.0 %
          10        2    50.0 %  25.0 %  25.0 %
    """
    check_in_python(log)
    check_column(log, by)
    definition = _definition(log, goal, start=start, competing=competing, merged=merged, per=per)
    cut = log.cut(as_of)
    journeys = _Journeys(
        log=log, definition=definition, cut=cut, since=_recorded_since(log, recorded_since)
    )
    tallies = journeys.tallies(by)
    origin = attrs.evolve(origin_of(log, cut, **attrs.asdict(definition)), by=by)
    whole = attrs.evolve(_result(tallies.values(), definition, cut), origin=origin)
    if by is None:
        return whole
    groups = {
        label: attrs.evolve(
            _result([tally], definition, cut), origin=attrs.evolve(origin, label=label)
        )
        for label, tally in tallies.items()
    }
    split = {
        label: attrs.evolve(groups[label], by=by, label=label)
        for label in sorted(groups, key=by_label)
    }
    return attrs.evolve(whole, by=by, groups=split)


def _definition(
    log: StageLog,
    goal: AnyStage | Iterable[AnyStage],
    *,
    start: AnyStage | None,
    competing: Iterable[AnyStage] | None,
    merged: Iterable[AnyStage],
    per: Per | str,
) -> PassageDefinition:
    goals = log.named(one_or_several(goal))
    starts = () if start is None else log.named([start])
    others = log.named(merged)
    if competing is None:
        ends = tuple(sorted((log.closed or frozenset()) - {*goals, *starts, *others}))
        by = log.closed_by if log.closed is not None else "nobody"
    else:
        ends, by = log.named(competing), "given"
    parts = [*goals, *starts, *ends, *others]
    if not goals or len(set(parts)) != len(parts):
        got = "one of them twice" if goals else "no goal"
        raise InvalidValue(expected="stages that differ", got=got, where="stages")
    way = _fields.member(Per, per, expected="what has a clock", where="per")
    if way is Per.PASS and not starts:
        raise InvalidValue(expected="the stage that starts a pass", got="nothing", where="start")
    return PassageDefinition(
        goal=goals,
        start=starts[0] if starts else None,
        competing=ends,
        competing_by=by,
        merged=others,
        per=way.value,
    )


def _recorded_since(log: StageLog, since: _Since) -> Mapping[int, int]:
    """When the record of each lead begins, if it is known."""
    if since is None:
        return {}
    if not isinstance(since, Mapping):
        at = _instants.micros(_instants.aware(since, where="recorded_since"))
        return dict.fromkeys(range(len(log.leads)), at)
    codes = {name: code for code, name in enumerate(log.leads)}
    if strangers := sum(name not in codes for name in since):
        got = _text.plural(strangers, "other")
        raise InvalidValue(expected="ids of leads in the log", got=got, where="recorded_since")
    return {
        codes[name]: _instants.micros(_instants.aware(at, where="recorded_since"))
        for name, at in since.items()
    }


_START, _GOAL, _OTHER, _END, _MERGED = range(5)  # their order is that of ties
_Moment = tuple[int, int, int, int]  # at, seq, what it is, stage code


@attrs.frozen(kw_only=True)
class _Journeys:
    """The moments of each lead that matter, and what follows from them."""

    log: StageLog
    definition: PassageDefinition
    cut: int
    since: Mapping[int, int]

    def tallies(self, by: str | None) -> dict[str, "_Tally"]:
        """What came of the leads, by group; one that nobody has seen yet is in none."""
        labels = None if by is None else self.log.labels[by]
        codes = [] if labels is None else labels.at(self.cut)
        tallies: dict[str, _Tally] = defaultdict(_Tally)
        for lead, own in self._moments().items():
            label = labels.names[codes[lead]] if labels and codes[lead] >= 0 else MISSING
            self._add(tallies[label], lead, sorted(own))
        return tallies

    def _moments(self) -> dict[int, list[_Moment]]:
        kinds = self._kinds()
        found: dict[int, list[_Moment]] = defaultdict(list)
        for lead, stage, at, seq in self.log.events(self.cut):
            found[lead].append((at, seq, kinds[stage], stage))
        return found

    def _kinds(self) -> list[int]:
        parts = self.definition
        kinds = dict.fromkeys(parts.goal, _GOAL) | dict.fromkeys(parts.competing, _END)
        kinds |= dict.fromkeys(parts.merged, _MERGED)
        if parts.start is not None:
            kinds[parts.start] = _START
        return [kinds.get(name, _OTHER) for name in self.log.stages]

    def _add(self, tally: "_Tally", lead: int, own: list[_Moment]) -> None:
        if any(kind == _MERGED for _, _, kind, _ in own):
            tally.merged += 1
            return
        begin = self._begin(own)
        if begin is None:
            tally.outside += 1
            return
        tally.leads += 1
        is_late = any(kind == _GOAL for _, _, kind, _ in own[:begin])
        if is_late and self.definition.per == Per.LEAD:
            tally.before += 1
            return
        for since, until, outcome in self._passages(own[begin:]):
            entry = self.since.get(lead, since) - since
            tally.add(until - since, outcome, max(entry, 0))

    def _begin(self, own: list[_Moment]) -> int | None:
        """Where in its moments the first clock of a lead starts."""
        if self.definition.start is None:
            return 0
        return next((i for i, (_, _, kind, _) in enumerate(own) if kind == _START), None)

    def _passages(self, own: list[_Moment]) -> Iterator[tuple[int, int, str | None]]:
        """From when to when each passage went, and how it ended; the first moment starts one."""
        per_pass = self.definition.per == Per.PASS
        begin: int | None = own[0][0]
        rest = own if self.definition.start is None else own[1:]
        for at, _, kind, stage in rest:
            if begin is not None and (kind in (_GOAL, _END) or (per_pass and kind == _START)):
                yield begin, at, self._outcome(kind, stage)
                begin = None
                if not per_pass:
                    return
            if per_pass and kind == _START:
                begin = at
        if begin is not None:
            yield begin, self.cut, None

    def _outcome(self, kind: int, stage: int) -> str:
        if kind == _GOAL:
            return self.definition.goal[0]
        name = self.log.stages[stage]
        return f"{name} again" if kind == _START else name


@attrs.define
class _Tally:
    """Counts of one group."""

    leads: int = 0
    outside: int = 0
    merged: int = 0
    before: int = 0
    unobserved: int = 0
    events: Counter[tuple[int, str]] = attrs.field(factory=Counter)
    censored: Counter[int] = attrs.field(factory=Counter)
    entries: Counter[int] = attrs.field(factory=Counter)

    def add(self, time: int, outcome: str | None, entry: int) -> None:
        if entry and entry >= time:
            self.unobserved += 1
            return
        if entry:
            self.entries[entry] += 1
        if outcome is None:
            self.censored[time] += 1
        else:
            self.events[time, outcome] += 1

    def durations(self) -> Durations:
        return Durations(events=self.events, censored=self.censored, entries=self.entries)


def _result(tallies: Iterable[_Tally], definition: PassageDefinition, cut: int) -> TimeToStage:
    parts = list(tallies)
    return TimeToStage(
        definition=definition,
        as_of=_instants.from_micros(cut),
        durations=sum((tally.durations() for tally in parts), Durations()),
        leads=sum(tally.leads for tally in parts),
        outside=sum(tally.outside for tally in parts),
        merged=sum(tally.merged for tally in parts),
        before=sum(tally.before for tally in parts),
        unobserved=sum(tally.unobserved for tally in parts),
    )


def _grain(grain: object) -> int:
    """A length above 0, in microseconds."""
    if isinstance(grain, timedelta):
        width = micros(grain, "grain")
        if not width:
            raise InvalidValue(expected="a grain above 0", got="0", where="grain")
        return width
    period = Period.of(grain)
    if period.seconds is None:
        expected = "a period of one length"
        raise InvalidValue(expected=expected, got=period.unit, where="grain")
    return period.seconds * 1_000_000


def stay_durations(
    log: Log,
    *,
    as_of: datetime | None = None,
    grain: Period | timedelta | relativedelta | str = MICROSECOND,
) -> Mapping[str, Durations]:
    """
    Count how long every visit to every stage lasted, with the stage entered next as its outcome.

    Visits that last are censored at *as_of*, so that :func:`kaplan_meier` gives a median dwell that
    young visits do not pull down, and :func:`cumulative_incidence` says where they lead.

    Args:
        log: Rows in any order; ties of one instant are broken by *seq*, then by the stage's name.
        as_of: The last visible instant; the last event unless given.
        grain: Times are cut down to multiples of it, such as ``1 hour``; months have no length.  Of
            millions of visits an hour keeps the tables small.

    Returns:
        One table for each stage that was visited, by name.  A stage in which stories end lasts for
        ever: it has no event.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import kaplan_meier
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "new", day(1)), ("a", "won", day(4)), ("b", "new", day(2)),
        ...     ("b", "won", day(9)), ("c", "new", day(7))])
        >>> stays = stay_durations(log)
        >>> stays["new"]
        <Durations of 3: 2 won, 1 censored>
        >>> print(kaplan_meier(stays["new"]).median)
        3 days, 0:00:00
    """
    check_log(log)
    width = min(_grain(grain), ANY)  # all of them are in one bin then
    events: dict[str, dict[tuple[int, str], int]] = defaultdict(dict)
    censored: dict[str, dict[int, int]] = defaultdict(dict)
    for (stage, to, time), visits in counted_visits(log, log.cut(as_of), width).items():
        if to is None:
            censored[stage][time] = visits
        else:
            events[stage][time, to] = visits
    tables = {
        stage: Durations(events=events[stage], censored=censored[stage])
        for stage in sorted({*events, *censored})
    }
    return _fields.FrozenDict(tables)
