"""
The lifecycle: a table of stages and moves, and everything that follows from it.

Theory of operation: the table alone decides what may happen.  A standing is the checked fold of a
lead's events over it; clocks sit beside the table and are asked with ``now``, never saved as a
flag.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Self

import attrs

from leadlib import _fields, _instants, _text
from leadlib._lifecycle.events import Disqualified, LeadEvent, Qualified
from leadlib.errors import ConflictError, IllegalTransition, InvalidValue, UnknownName
from leadlib.model import Team
from leadlib.worktime import Span, WorkCalendar

__all__ = ["Deadline", "Due", "Leak", "LeakKind", "Lifecycle", "Stage", "Standing"]

Table = Mapping["Stage", Mapping[type[LeadEvent], "Stage"]]


def _as_team(value: object) -> Team:
    for team in Team:
        if value == team:
            return team
    got = _text.kind_of(value)
    raise UnknownName(expected="an owner", got=got, where="owner", legal=list(Team))


@attrs.frozen(cache_hash=True, repr=False)
class Stage:
    """
    Where a lead can be, who answers for it there, and whether its story has ended.

    Example:
        >>> from leadlib import Team
        >>> print(Stage("handed_back", Team.MARKETING, "returned by sales with a reason"))
        handed_back
    """

    name: str = attrs.field(converter=_fields.identifier)
    owner: Team = attrs.field(converter=_as_team)
    meaning: str = ""
    closed: bool = attrs.field(default=False, kw_only=True)

    def __repr__(self) -> str:
        return f"<Stage {self.name}>"

    def __str__(self) -> str:
        return self.name


@attrs.frozen(kw_only=True)
class Deadline:
    """
    A clock on a stage: it starts when the stage is entered and stops when it is left.

    Args:
        stage: Where the clock starts.
        within: How long; exactly at the limit counts as met.
        owner: Who is answerable.
        action: What has to happen.
        first: The events that stop the clock instead: it runs on through the stages of sales, and
            nothing but them or leaving the hands of sales ends it.
        again: The events within the stage that start it anew, such as another attempt.
    """

    stage: Stage
    within: Span
    owner: Team
    action: str
    first: tuple[type[LeadEvent], ...] = ()
    again: tuple[type[LeadEvent], ...] = ()


@attrs.frozen(kw_only=True)
class Standing:
    """
    Where one lead stands: its events, checked, and the stage after each.

    Args:
        lead: The id of the lead.
        events: In order, each once.
        stages: The stage after each event.
    """

    lead: str
    events: tuple[LeadEvent, ...] = attrs.field(repr=lambda events: str(len(events)))
    stages: tuple[Stage, ...] = attrs.field(repr=lambda stages: str(stages[-1]))

    @property
    def stage(self) -> Stage:
        """The present stage."""
        return self.stages[-1]

    @property
    def owner(self) -> Team:
        """Who answers for the lead now."""
        return self.stage.owner

    @property
    def since(self) -> datetime:
        """When the lead entered its present stage."""
        return self.events[self.entered(self.stage)].at

    @property
    def is_lead(self) -> bool:
        """
        Whether a certificate ever called this a lead; before that it is an inquiry (seed 003).
        """
        return any(isinstance(event, Qualified) for event in self.events)

    @property
    def pass_no(self) -> int:
        """How often the lead has been certified: 2 after the first recycling."""
        return sum(isinstance(event, Qualified) for event in self.events)

    def visits(self) -> Iterable[tuple[LeadEvent, Stage]]:
        """Yield the events that entered a stage, with the stage; loops within one are left out."""
        before = (None, *self.stages)
        for event, stage, last in zip(self.events, self.stages, before, strict=False):
            if stage != last:
                yield event, stage

    def entered(self, stage: Stage) -> int:
        """The index of the event that began the last visit to *stage*."""
        index = len(self.stages) - 1 - self.stages[::-1].index(stage)
        while index and self.stages[index - 1] == stage:
            index -= 1
        return index


@attrs.frozen(kw_only=True)
class Due:
    """One entry of the queue: what has to happen to a lead, by whom, until when."""

    lead: str
    stage: Stage
    owner: Team
    action: str
    at: datetime
    overdue: bool

    def __str__(self) -> str:
        state = "overdue since" if self.overdue else "due"
        return f"{self.lead}: {self.action} ({self.owner}), {state} {self.at:%Y-%m-%d %H:%M} UTC"


class LeakKind(StrEnum):
    """
    What can be wrong with a lifecycle.

    Example:
        >>> print(LeakKind.NO_WAY_BACK)
        sales cannot hand the lead back
    """

    UNREACHABLE = "no move leads here"
    DEAD_END = "open, but no move leads on"
    NO_DEADLINE = "open, but no clock runs"
    NO_WAY_BACK = "sales cannot hand the lead back"


@attrs.frozen
class Leak:
    """A finding of the linter: a stage where leads can vanish."""

    kind: LeakKind
    stage: Stage

    def __str__(self) -> str:
        return f"{self.stage}: {self.kind}"


def _as_table(table: Table) -> Table:
    return _fields.FrozenDict({stage: _fields.FrozenDict(row) for stage, row in table.items()})


def _as_deadlines(deadlines: Iterable[Deadline]) -> tuple[Deadline, ...]:
    return tuple(deadlines)


@attrs.frozen
class Lifecycle:
    """
    A table one reads aloud: from each stage, which event leads where.

    Args:
        name: Such as ``standard``.
        start: The stage of a first event.
        opening: The event that begins a life.
        table: Every stage to its moves; a closed stage may have none.
        deadlines: The clocks beside the table.

    Raises:
        UnknownName: A move or a clock names a stage that is not in the table.
        ConflictError: Two stages share a name.

    ``f"{lifecycle:mermaid}"`` draws the flow chart, ``f"{lifecycle:md}"`` the table; both come from
    the table and cannot drift.
    """

    name: str
    start: Stage = attrs.field(kw_only=True)
    opening: type[LeadEvent] = attrs.field(kw_only=True)
    table: Table = attrs.field(kw_only=True, converter=_as_table, hash=False, repr=False)
    deadlines: tuple[Deadline, ...] = attrs.field(
        default=(), kw_only=True, repr=False, converter=_as_deadlines
    )

    def __attrs_post_init__(self) -> None:
        names = [stage.name for stage in self.table]
        if len(set(names)) != len(names):
            raise ConflictError(expected="one stage for each name", got="two", where=self.name)
        named = [to for row in self.table.values() for to in row.values()]
        for stage in [self.start, *named, *(deadline.stage for deadline in self.deadlines)]:
            if stage not in self.table:
                raise UnknownName(
                    expected="a stage of the table", got=repr(stage.name), legal=names
                )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages, in the order of the table."""
        return tuple(self.table)

    def stage(self, name: str) -> Stage:
        """
        The stage of that name.

        Raises:
            UnknownName: There is none; the message names the nearest.
        """
        for stage in self.table:
            if stage.name == name:
                return stage
        legal = [stage.name for stage in self.table]
        raise UnknownName(expected=f"a stage of {self.name!r}", got=repr(name), legal=legal)

    def legal(self, stage: Stage) -> tuple[type[LeadEvent], ...]:
        """The events that may happen to a lead in *stage*."""
        return tuple(self._row(stage))

    def _row(self, stage: Stage) -> Mapping[type[LeadEvent], Stage]:
        if stage not in self.table:
            legal = [known.name for known in self.table]
            got = repr(getattr(stage, "name", stage))[:64]
            raise UnknownName(expected=f"a stage of {self.name!r}", got=got, legal=legal)
        return self.table[stage]

    def next(self, stage: Stage, event: type[LeadEvent]) -> Stage:
        """
        The stage that *event* leads to from *stage*.

        Raises:
            IllegalTransition: The table has no such move; the message names those it has.
        """
        row = self._row(stage)
        if event not in row:
            raise self._illegal(stage, event)
        return row[event]

    def _illegal(
        self, stage: Stage, kind: type[LeadEvent], event: LeadEvent | None = None
    ) -> IllegalTransition:
        """What was tried, and what would be legal; with lead and instant, if there is an event."""
        return IllegalTransition(
            expected=f"a move from {stage.name!r}",
            got=f"the event {kind.__name__}",
            where=f"lead {event.lead!r}, {event.at.isoformat()}" if event is not None else None,
            legal=[legal.__name__ for legal in self.table[stage]] or ["nothing"],
        )

    def move(self, standing: Standing | None, event: LeadEvent) -> Standing:
        """
        Give the standing after one event; the old standing stays as it was.

        Args:
            standing: Where the lead stands; None before its first event.
            event: Not earlier than the last one.

        Raises:
            IllegalTransition: The table, the clock or the lead speaks against it.
        """
        _fields.check_type(event, LeadEvent, "event")
        if standing is None:
            if type(event) is not self.opening:
                raise IllegalTransition(
                    expected=f"{self.opening.__name__} first",
                    got=f"the event {type(event).__name__}",
                    where=f"lead {event.lead!r}, {event.at.isoformat()}",
                )
            return Standing(lead=event.lead, events=(event,), stages=(self.start,))
        if event.lead != standing.lead:
            raise IllegalTransition(
                expected=f"an event of lead {standing.lead!r}", got=f"one of lead {event.lead!r}"
            )
        if _order(event) <= _order(standing.events[-1]):
            raise IllegalTransition(
                expected=f"an event after {standing.events[-1].at.isoformat()}",
                got=f"one at {event.at.isoformat()}, seq {event.seq}",
                where=f"lead {event.lead!r}",
            )
        stage = self._row(standing.stage).get(type(event))
        if stage is None:
            raise self._illegal(standing.stage, type(event), event)
        events, stages = (*standing.events, event), (*standing.stages, stage)
        return Standing(lead=event.lead, events=events, stages=stages)

    def replay(self, events: Iterable[LeadEvent], *, standing: Standing | None = None) -> Standing:
        """
        Fold the events of one lead into its standing, every move checked.

        The order of arrival and duplicates change nothing: events are ordered by (at, seq), an
        equal event counts once.

        Raises:
            IllegalTransition: A move is not in the table; nothing was changed.
            ConflictError: Two different events share instant and seq.
            InvalidValue: No events at all, or not events of one lead.
        """
        ordered = _ordered(events)
        if standing is not None:
            seen = set(standing.events)
            ordered = [event for event in ordered if event not in seen]
        if standing is None:
            if not ordered:
                raise InvalidValue(expected="at least one event", got="none")
            standing, ordered = self.move(None, ordered[0]), ordered[1:]
        return self._folded(standing, ordered)

    def _folded(self, standing: Standing, ordered: Sequence[LeadEvent]) -> Standing:
        if not ordered:
            return standing
        standing = self.move(standing, ordered[0])
        lead, stage, stages = standing.lead, standing.stage, list(standing.stages)
        for event in ordered[1:]:
            if event.lead != lead:
                got = f"one of lead {event.lead!r}"
                raise InvalidValue(expected=f"events of lead {lead!r}", got=got)
            following = self.table[stage].get(type(event))
            if following is None:
                raise self._illegal(stage, type(event), event)
            stages.append(stage := following)
        events = (*standing.events, *ordered[1:])
        return Standing(lead=lead, events=events, stages=tuple(stages))

    def replay_all(self, events: Iterable[LeadEvent]) -> dict[str, Standing]:
        """Replay the events of many leads: the standing of each, by lead id."""
        by_lead: dict[str, list[LeadEvent]] = defaultdict(list)
        for event in events:
            _fields.check_type(event, LeadEvent, "events")
            by_lead[event.lead].append(event)
        return {lead: self.replay(own) for lead, own in sorted(by_lead.items())}

    def due(
        self,
        standings: Iterable[Standing],
        *,
        now: datetime,
        calendar: WorkCalendar | Mapping[Team, WorkCalendar],
    ) -> tuple[Due, ...]:
        """
        List what has to happen next for every open lead: overdue first, then by due date.

        Args:
            standings: The leads; closed ones have nothing due.
            now: The instant that counts; exactly at the limit is still met.
            calendar: The opening hours that working clocks run on: one for both teams, or one for
                each, by the team that owns the clock.
        """
        now = _instants.aware(now, where="now")
        calendars = _for_each_team(calendar)
        entries = [
            Due(
                lead=standing.lead,
                stage=standing.stage,
                owner=deadline.owner,
                action=deadline.action,
                at=(at := calendars[deadline.owner].after(start, deadline.within)),
                overdue=now > at,
            )
            for standing in standings
            for deadline, start in self._running(standing)
        ]
        return tuple(sorted(entries, key=lambda due: (not due.overdue, due.at, due.lead)))

    def _running(self, standing: Standing) -> Iterable[tuple[Deadline, datetime]]:
        """The clocks that run for a lead, each with the instant it started."""
        for deadline in self.deadlines:
            if deadline.stage not in standing.stages:
                continue
            entered = standing.entered(deadline.stage)
            if _runs_through(deadline, standing, entered):
                yield deadline, _started(deadline, standing.events[entered:])

    def with_move(self, stage: Stage, event: type[LeadEvent], to: Stage) -> Self:
        """Give a lifecycle with one more move, and its stages if they are new."""
        table = {known: dict(row) for known, row in self.table.items()}
        table.setdefault(stage, {})[event] = to
        table.setdefault(to, {})
        return attrs.evolve(self, table=table)

    def without_move(self, stage: Stage, event: type[LeadEvent]) -> Self:
        """Give a lifecycle that lacks one move."""
        self.next(stage, event)
        table = {known: dict(row) for known, row in self.table.items()}
        del table[stage][event]
        return attrs.evolve(self, table=table)

    def with_deadline(self, deadline: Deadline) -> Self:
        """Give a lifecycle with one more clock."""
        return attrs.evolve(self, deadlines=(*self.deadlines, deadline))

    def leaks(self) -> tuple[Leak, ...]:
        """
        Lint the table: every stage where leads could vanish, with the defect.

        Example:
            >>> from leadlib.lifecycle import OPPORTUNITY, STANDARD, Quoted
            >>> [str(leak) for leak in STANDARD.without_move(OPPORTUNITY, Quoted).leaks()]
            ['quoted: no move leads here']
        """
        reached = self._reached()
        return tuple(
            Leak(kind, stage)
            for stage, row in self.table.items()
            for kind, found in (
                (LeakKind.UNREACHABLE, stage not in reached),
                (LeakKind.DEAD_END, not stage.closed and not set(row.values()) - {stage}),
                (LeakKind.NO_DEADLINE, not stage.closed and not self._clocked(stage)),
                (LeakKind.NO_WAY_BACK, self._stuck_in_sales(stage)),
            )
            if found
        )

    def _reached(self) -> set[Stage]:
        reached, todo = {self.start}, [self.start]
        while todo:
            for stage in self.table[todo.pop()].values():
                if stage not in reached:
                    reached.add(stage)
                    todo.append(stage)
        return reached

    def _clocked(self, stage: Stage) -> bool:
        return any(deadline.stage == stage and not deadline.first for deadline in self.deadlines)

    def _stuck_in_sales(self, stage: Stage) -> bool:
        """Sales must be able to give a lead back in one move; ruling it out is not giving back."""
        if stage.closed or stage.owner is Team.MARKETING:
            return False
        moves = self.table[stage].items()
        return not any(
            to.owner is Team.MARKETING for event, to in moves if event is not Disqualified
        )

    def __format__(self, form: str) -> str:
        match form:
            case "mermaid":
                return self._mermaid()
            case "md":
                return self._markdown()
            case "":
                return repr(self)
        raise InvalidValue(expected="a format", got=repr(form), legal=("md", "mermaid"))

    def _mermaid(self) -> str:
        """Ids are numbered and labels entity-coded: no name can break out of its box."""
        ids = {stage: f"s{i}" for i, stage in enumerate(self.table)}
        lines = ["flowchart LR"]
        lines += [
            f'  {ids[stage]}{"([" if stage.closed else "["}"{_label(stage.name)}"'
            f"{'])' if stage.closed else ']'}:::{stage.owner.value}"
            for stage in self.table
        ]
        for stage, row in self.table.items():
            for to in dict.fromkeys(row.values()):
                events = [event for event, goal in row.items() if goal == to]
                names = ", ".join(e.__name__ for e in events if (e, to) != (self.opening, stage))
                if names:  # that a further inquiry changes nothing needs no arrow
                    lines.append(f'  {ids[stage]} -->|"{_label(names)}"| {ids[to]}')
        colours = {Team.MARKETING: "#dbeafe", Team.SALES: "#dcfce7", Team.BOTH: "#fef9c3"}
        lines += [f"  classDef {team.value} fill:{fill}" for team, fill in colours.items()]
        return "\n".join(lines)

    def _markdown(self) -> str:
        rows = [
            (
                stage.name,
                stage.owner.value,
                stage.meaning,
                "; ".join(f"{d.action} within {d.within}" for d in self._clocks(stage)) or "-",
                ", ".join(f"{event.__name__} → {to}" for event, to in row.items()) or "-",
            )
            for stage, row in self.table.items()
        ]
        head = ("stage", "owner", "meaning", "clock", "moves")
        return _text.markdown_table(head, rows, left=len(head))

    def _clocks(self, stage: Stage) -> list[Deadline]:
        return [deadline for deadline in self.deadlines if deadline.stage == stage]


def _for_each_team(
    calendar: WorkCalendar | Mapping[Team, WorkCalendar],
) -> Mapping[Team, WorkCalendar]:
    if isinstance(calendar, WorkCalendar):
        return dict.fromkeys(Team, calendar)
    _fields.check_type(calendar, Mapping, "calendar")
    for team in (Team.MARKETING, Team.SALES):
        _fields.check_type(calendar.get(team), WorkCalendar, f"calendar[{team.value!r}]")
    return {Team.BOTH: calendar[Team.SALES]} | dict(calendar)


def _runs_through(deadline: Deadline, standing: Standing, entered: int) -> bool:
    """Whether a clock that started with the event *entered* still runs."""
    if not deadline.first:
        return standing.stage == deadline.stage
    stages, events = standing.stages[entered:], standing.events[entered:]
    in_hand = all(stage.owner is not Team.MARKETING and not stage.closed for stage in stages)
    return in_hand and not any(isinstance(event, deadline.first) for event in events)


def _started(deadline: Deadline, events: Sequence[LeadEvent]) -> datetime:
    """When the clock started: with the first of these events, or the last that starts it anew."""
    anew = [event.at for event in events[1:] if isinstance(event, deadline.again)]
    return anew[-1] if anew else events[0].at


_order = attrgetter("at", "seq")


def _ordered(events: Iterable[LeadEvent]) -> list[LeadEvent]:
    """By (at, seq), equal events once; what has no order is refused, not guessed."""
    taken = list(events)
    for event in taken:
        _fields.check_type(event, LeadEvent, "events")
        if event.lead != taken[0].lead:
            got = f"one of lead {event.lead!r}"
            raise InvalidValue(expected=f"events of lead {taken[0].lead!r}", got=got)
    ordered: list[LeadEvent] = []
    for event in sorted(taken, key=_order):
        if ordered and _order(event) == _order(ordered[-1]):
            if event == ordered[-1]:
                continue
            raise ConflictError(
                expected="a seq of its own for each event of one instant",
                got=f"two different events at {event.at.isoformat()}, seq {event.seq}",
                where=f"lead {event.lead!r}",
            )
        ordered.append(event)
    return ordered


def _label(text: str) -> str:
    """Any text as a harmless Mermaid label: letters and digits stay, the rest is entity-coded."""
    return "".join(c if c.isalnum() or c in " ,_-" else f"#{ord(c)};" for c in text)
