"""
The lifecycle: a table of stages and moves, and everything that follows from it.

Theory of operation: the table alone decides what may happen, and the event brings what its move
requires.  A standing is the checked fold of a lead's events over the table.  The fold is written
twice: a short one for events that are in order and legal, as nearly all are, and a careful one
that sorts, drops duplicates and says what is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Self

import attrs

from leadlib import _fields, _instants, _text
from leadlib._lifecycle import changes, drawing, linter, reading, writing
from leadlib._lifecycle.acknowledgements import Acknowledgement, ProcessCoverage, coverage_of
from leadlib._lifecycle.clocks import Clocks, Due, Orphan
from leadlib._lifecycle.deadlines import Deadline, as_kind, for_each_team
from leadlib._lifecycle.events import LeadEvent, Parked
from leadlib._lifecycle.folding import (
    LogReading,
    Steps,
    by_lead,
    folded,
    in_order,
    order,
    read_log,
)
from leadlib._lifecycle.roles import Responsibility, responsibilities_of
from leadlib._lifecycle.standing import Stage, Standing, as_team
from leadlib.errors import (
    ConflictError,
    IllegalTransition,
    InvalidValue,
    NotPermitted,
    UnknownName,
)
from leadlib.model import Team
from leadlib.worktime import WorkCalendar

__all__ = ["Lifecycle"]

Kind = type[LeadEvent]
Row = Mapping[Kind, Stage]
Table = Mapping[Stage, Row]
Calendars = WorkCalendar | Mapping[Team, WorkCalendar]
Standings = Iterable[Standing] | Mapping[str, Standing]
_FORMS = {
    "dot": drawing.dot,
    "md": drawing.markdown,
    "mermaid": drawing.mermaid,
    "raci": drawing.raci,
}
_SOON = timedelta(hours=4)
_SKEW = timedelta(minutes=5)
_MANY = 10**9


def _as_table(table: Table) -> Table:
    _fields.check_type(table, Mapping, "$.table")
    return _fields.FrozenDict({stage: _fields.FrozenDict(row) for stage, row in table.items()})


def _as_deadlines(deadlines: Iterable[Deadline]) -> tuple[Deadline, ...]:
    return tuple(deadlines)


def _as_anywhere(events: Mapping[Kind, Stage | None]) -> Mapping[Kind, Stage | None]:
    _fields.check_type(events, Mapping, "$.anywhere")
    return _fields.FrozenDict(events)


def _as_actors(actors: Mapping[Kind, Iterable[Team]]) -> Mapping[Kind, tuple[Team, ...]]:
    return _fields.FrozenDict({kind: _both_or_one(teams) for kind, teams in actors.items()})


_TEAMS = (Team.MARKETING, Team.SALES)


def _both_or_one(teams: Iterable[Team]) -> tuple[Team, ...]:
    asked = {as_team(team) for team in ([teams] if isinstance(teams, str) else teams)}
    return tuple(team for team in _TEAMS if team in asked or Team.BOTH in asked)


def _is_passes(_: object, __: object, value: Any) -> None:
    if value is not None and not (_fields.is_whole(value) and 0 < value < _MANY):
        got = _text.kind_of(value)
        raise InvalidValue(expected="a whole number from 1 on", got=got, where="$.passes")


def _is_day(_: object, __: object, value: Any) -> None:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        got = _text.kind_of(value)
        raise InvalidValue(expected="a day without a time", got=got, where="$.review_by")


@attrs.frozen(slots=False, repr=False)
class Lifecycle:
    """
    A table one reads aloud: from each stage, which event leads where.

    Args:
        name: Such as ``standard``.
        start: The stage of a first event.
        opening: The event that begins a life.
        table: Every stage to its moves; a closed stage may have none.
        anywhere: The events that may happen in every stage that is not final, and the stage that
            each leads to; None if it changes nothing.
        deadlines: The clocks beside the table.
        actors: Which teams may make a move, by its event; what is not listed belongs to the owner
            of the stage that it leaves.
        passes: After so many offers to sales a lead that came back is to be parked.
        review_by: The day by which both teams look at the process again (004-41).

    Raises:
        InvalidValue: No passes, or a review at an instant instead of a day.
        UnknownName: A move or a clock names a stage that is not in the table.
        ConflictError: Two stages share a name, or an event is both in *anywhere* and in a row of a
            stage that is not final.

    ``f"{lifecycle:mermaid}"`` and ``f"{lifecycle:dot}"`` draw the flow chart, ``f"{lifecycle:md}"``
    the table, ``f"{lifecycle:raci}"`` who answers for each move; all come from the table and cannot
    drift.
    """

    name: str = attrs.field(converter=_fields.identifier)
    start: Stage = attrs.field(kw_only=True)
    opening: Kind = attrs.field(kw_only=True)
    table: Table = attrs.field(kw_only=True, converter=_as_table, hash=False)
    anywhere: Mapping[Kind, Stage | None] = attrs.field(
        factory=dict, kw_only=True, converter=_as_anywhere, hash=False
    )
    deadlines: tuple[Deadline, ...] = attrs.field(default=(), kw_only=True, converter=_as_deadlines)
    actors: Mapping[Kind, tuple[Team, ...]] = attrs.field(
        factory=dict, kw_only=True, converter=_as_actors, hash=False
    )
    passes: int | None = attrs.field(default=None, kw_only=True, validator=_is_passes)
    review_by: date | None = attrs.field(default=None, kw_only=True, validator=_is_day)
    _steps: "Mapping[int, Steps]" = attrs.field(init=False, eq=False)

    def __attrs_post_init__(self) -> None:
        self._check_types()
        names = [stage.name for stage in self.table]
        if len(set(names)) != len(names):
            raise ConflictError(expected="one stage for each name", got="two", where=self.name)
        named = [to for row in (*self.table.values(), self.anywhere) for to in row.values() if to]
        for stage in [self.start, *named, *(deadline.stage for deadline in self.deadlines)]:
            if stage not in self.table:
                raise UnknownName(
                    expected="a stage of the table", got=repr(stage.name), legal=names
                )
        rows = [row for stage, row in self.table.items() if not stage.is_final]
        twice = {kind for row in rows for kind in row}.intersection(self.anywhere)
        if twice:
            got = " and ".join(sorted(kind.__name__ for kind in twice))
            raise ConflictError(expected="other events than in rows", got=got, where="anywhere")
        object.__setattr__(self, "_steps", self._stepwise())

    def _check_types(self) -> None:
        """Before anything is asked of them: names are easily taken for stages."""
        rows = [*self.table.values(), self.anywhere]
        to = [stage for row in rows for stage in row.values() if stage is not None]
        for stage in (self.start, *self.table, *to):
            _fields.check_type(stage, Stage, "$.table")
        for kind in (self.opening, *(kind for row in rows for kind in row), *self.actors):
            as_kind(kind, where="$.table")
        for deadline in self.deadlines:
            _fields.check_type(deadline, Deadline, "$.deadlines")

    def __repr__(self) -> str:
        return f"<Lifecycle {self.name}: {len(self.table)} stages>"

    def __getstate__(self) -> dict[str, Any]:
        fields = attrs.fields(type(self))
        return {field.name: getattr(self, field.name) for field in fields if field.init}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        object.__setattr__(self, "_steps", self._stepwise())  # identities are of a process

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

    def legal(self, stage: Stage | str, *, team: Team | None = None) -> tuple[Kind, ...]:
        """
        The events that may happen to a lead in *stage*, the moves first.

        Args:
            stage: The stage, or its name, as everywhere.
            team: Only those that this team may make: its buttons.
        """
        row = self._row(stage)
        if team is None:
            return tuple(row)
        asked = as_team(team)
        return tuple(k for k in row if asked in (may := self.may(stage, k)) or _both(asked, may))

    def next(self, stage: Stage | str, event: Kind) -> Stage:
        """
        The stage that *event* leads to from *stage*.

        Raises:
            IllegalTransition: The table has no such move; the message names those it has.
        """
        row = self._row(stage)
        if event not in row:
            raise self._illegal(self._known(stage), event)
        return row[event]

    def _known(self, stage: Stage | str) -> Stage:
        """The stage of the table, given as such or by its name."""
        if isinstance(stage, str):
            return self.stage(stage)
        if stage not in self.table:
            legal = [known.name for known in self.table]
            got = repr(getattr(stage, "name", stage))[:64]
            expected = f"a stage of {self.name!r}"
            if getattr(stage, "name", None) in legal:  # an older one: say so, and no "did you mean"
                expected, got, legal = f"{expected} as it is now", f"another {got}", []
            raise UnknownName(expected=expected, got=got, legal=legal)
        return stage

    def _row(self, stage: Stage | str) -> Row:
        stage = self._known(stage)
        if stage.is_final:
            return self.table[stage]
        return {**self.table[stage], **{kind: to or stage for kind, to in self.anywhere.items()}}

    @property
    def moves(self) -> Iterator[tuple[Stage, Kind, Stage]]:
        """All moves that change the stage: from where, by which event, to where."""
        for stage in self.table:
            for kind, to in self._row(stage).items():
                if to != stage:
                    yield stage, kind, to

    def may(self, stage: Stage | str, event: Kind) -> tuple[Team, ...]:
        """
        The teams that may make a move: as listed, else who has the lead in hand.

        That is the owner of the stage; sales where both own it and it is open.  None may make a
        move that there is not.
        """
        stage = self._known(stage)
        if event not in self._row(stage):
            return ()
        if event in self.actors:
            return self.actors[event]
        if stage.is_with_sales:
            return (Team.SALES,)
        return _TEAMS if stage.owner in {Team.BOTH, None} else (stage.owner,)

    def accountable(self, stage: Stage | str, event: Kind) -> Team:
        """
        The one team that answers for a move (004-40).

        Who alone may make it; else who owns the stage; where both do, sales, which has the lead in
        hand.
        """
        stage, may = self._known(stage), self.may(stage, event)
        if len(may) == 1:
            return may[0]
        return Team.MARKETING if stage.owner is Team.MARKETING else Team.SALES

    def _illegal(
        self, stage: Stage, kind: Kind, event: LeadEvent | None = None
    ) -> IllegalTransition:
        """What was tried, and what would be legal; with lead and instant, if there is an event."""
        return IllegalTransition(
            expected=f"a move from {stage.name!r}",
            got=f"the event {kind.__name__}",
            where=None if event is None else _where(event),
            legal=[legal.__name__ for legal in self._row(stage)] or ["nothing"],
        )

    def _stepwise(self) -> "Mapping[int, Steps]":
        """
        For each stage, by its identity, event to what follows: a table without a Python hash.

        Events that object to some histories are left to the careful way.
        """
        steps: dict[Stage, Steps] = {stage: {} for stage in self.table}
        for stage, row in steps.items():
            for kind, to in self._row(stage).items():
                if kind.objection is LeadEvent.objection:
                    row[kind] = (to, steps[to])
        return {id(stage): row for stage, row in steps.items()}

    def move(
        self, standing: Standing | None, event: LeadEvent, *, team: Team | str | None = None
    ) -> Standing:
        """
        Give the standing after one event; the old standing stays as it was.

        Args:
            standing: Where the lead stands; None before its first event.
            event: Not earlier than the last one.
            team: On whose behalf; it must be permitted to make this move.  None is your own
                automation, which may do what the table allows.

        Raises:
            IllegalTransition: The table, the clock or the lead speaks against it.
            NotPermitted: The move is another team's.
        """
        if team is not None:
            self._check_permission(standing, event, as_team(team))
        if standing is None:
            return self._opened(event)
        try:  # the short way, which nearly all events go
            events, stages = standing.events, standing.stages
            last, to = events[-1], self._steps[id(stages[-1])][type(event)][0]
            if event.at > last.at and event.lead == last.lead:
                return Standing(events + (event,), stages + (to,))  # noqa: RUF005  # half the time
        except (AttributeError, KeyError):
            pass  # the careful one says why
        return self._moved(standing, event)

    def _opened(self, event: LeadEvent) -> Standing:
        _fields.check_type(event, LeadEvent, "event")
        if type(event) is not self.opening:
            raise IllegalTransition(
                expected=f"{self.opening.__name__} first",
                got=f"the event {type(event).__name__}",
                where=_where(event),
            )
        return Standing((event,), (self.start,))

    def _moved(self, standing: Standing, event: LeadEvent) -> Standing:
        """The careful way: what is not in order says so."""
        _fields.check_type(standing, Standing, "standing")
        _fields.check_type(event, LeadEvent, "event")
        last = standing.events[-1]
        if event.lead != last.lead:
            raise IllegalTransition(
                expected=f"an event of lead {last.lead!r}", got=f"one of lead {event.lead!r}"
            )
        if order(event) <= order(last):
            raise IllegalTransition(
                expected=f"an event after {last.at.isoformat()}, seq {last.seq}",
                got=f"one at {event.at.isoformat()}, seq {event.seq}",
                where=f"lead {event.lead!r}",
            )
        stage = self._row(standing.stage).get(type(event))
        if stage is None:
            raise self._illegal(standing.stage, type(event), event)
        objection = event.objection(standing)
        if objection is not None:
            got = f"the event {type(event).__name__}"
            raise IllegalTransition(expected=objection, got=got, where=_where(event))
        return Standing((*standing.events, event), (*standing.stages, stage))

    def _check_permission(self, standing: Standing | None, event: LeadEvent, team: Team) -> None:
        _fields.check_type(event, LeadEvent, "event")
        stage = self.start if standing is None else standing.stage
        may = self.may(stage, type(event))
        if standing is None:  # what begins a life need not be a move of the table
            may = self.actors.get(self.opening, _TEAMS if stage.owner is None else may)
        is_move = standing is None or type(event) in self._row(stage)
        if is_move and team not in may and not _both(team, may):
            raise NotPermitted(
                expected=f"a team that may make the move {type(event).__name__}",
                got=f"{team.value!r}",
                where=_where(event),
                legal=[team.value for team in may] or ["nobody"],
            )

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
        taken = tuple(events)
        if standing is not None:
            taken = (*standing.events, *taken)
        return self._quick(taken) or self._careful(in_order(taken))

    def _quick(self, events: tuple[LeadEvent, ...]) -> Standing | None:
        """The standing of what is in order and legal, as nearly all is."""
        if not events or type(events[0]) is not self.opening:
            return None
        stages = folded(events, *self._begin)
        return None if stages is None else Standing(events, stages)

    def _careful(self, ordered: Sequence[LeadEvent]) -> Standing:
        """The standing of events that were put in order; what is wrong with them says so."""
        if not ordered:
            raise InvalidValue(expected="at least one event", got="none")
        standing = self._quick(tuple(ordered))
        if standing is None:
            for event in ordered:
                standing = self.move(standing, event)
        return standing  # type: ignore[return-value]  # there was at least one event

    @cached_property
    def _begin(self) -> "tuple[Stage, Steps]":
        """The start as it stands in the table, the very one, and what follows on it."""
        start = next(stage for stage in self.table if stage == self.start)
        return start, self._steps[id(start)]

    def replay_all(self, events: Iterable[LeadEvent]) -> dict[str, Standing]:
        """
        Replay the events of many leads: the standing of each, by lead id.

        Raises:
            IllegalTransition, ConflictError: As :meth:`replay`, for the first lead that is wrong;
                :meth:`read` goes on with the others.
        """
        return {lead: self.replay(own) for lead, own in sorted(by_lead(events).items())}

    def read(
        self,
        events: Iterable[LeadEvent],
        *,
        now: datetime | None = None,
        skew: timedelta = _SKEW,
    ) -> LogReading:
        """
        Replay a log as it comes, and say what was wrong with it: no lead stops another.

        Args:
            events: Of many leads, in any order, delivered any number of times.
            now: Later events are not looked at, and named; None looks at all.
            skew: So far may the clocks of your machines be apart.
        """
        return read_log(self, events, now=now, skew=skew)

    @cached_property
    def _clocks(self) -> Clocks:
        parking = [stage for stage in self.table if Parked in self._row(stage)]
        return Clocks.of(self.deadlines, passes=self.passes, parking=parking)

    def due(
        self,
        standings: Standings,
        *,
        now: datetime,
        calendar: Calendars,
        soon: timedelta = _SOON,
        rank: Mapping[str, float] | None = None,
    ) -> tuple[Due, ...]:
        """
        List what has to happen next: overdue first, then the highest rank, then the earliest.

        Args:
            standings: The leads, or what :meth:`replay_all` gave; closed ones rarely have anything
                due.
            now: The instant that counts; exactly at the limit is still met.
            calendar: The opening hours that working clocks run on: one for both teams, or one for
                each, by the team that owns the clock.
            soon: What is due within this time is at risk.
            rank: By lead, what comes first among what is equally urgent: the points of a
                temperature (001-11), or an expected value (003-15); a lead without comes last.
        """
        _fields.check_type(soon, timedelta, "soon")
        return self._clocks.queue(
            _each(self, standings),
            now=_instants.aware(now, where="now"),
            calendars=for_each_team(calendar),
            soon=soon,
            rank=rank,
        )

    def consequences(
        self,
        standings: Standings,
        *,
        now: datetime,
        calendar: Calendars,
        by: str | None = None,
    ) -> tuple[LeadEvent, ...]:
        """
        Give the events that follow from what is overdue: append them, each night or each hour.

        Of one lead either the move that follows from its earliest breach, such as a hand-back, or
        an escalation of each breach that nobody was told of since its clock started; so a run that
        was repeated gives nothing more.  What the table does not know is left out; :meth:`leaks`
        finds it.  They are numbered after the last event of their lead.

        Args:
            standings, now, calendar: As for :meth:`due`; no event of these leads is later than
                *now*.
            by: Who wrote them, such as the name of your worker.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib import WorkCalendar
            >>> from leadlib.lifecycle import STANDARD, Inquired
            >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
            >>> standing = STANDARD.replay([Inquired(lead="i-1", at=monday)])
            >>> [told] = STANDARD.consequences([standing], now=friday, calendar=WorkCalendar())
            >>> type(told).__name__, told.reason
            ('Escalated', 'triage: overdue')
            >>> again = STANDARD.move(standing, told)
            >>> STANDARD.consequences([again], now=friday, calendar=WorkCalendar())
            ()
        """
        now, calendars = _instants.aware(now, where="now"), for_each_team(calendar)
        return tuple(
            event
            for standing in _each(self, standings)
            for event in self._clocks.consequences(
                standing, now=now, calendars=calendars, legal=self.legal(standing.stage), by=by
            )
        )

    def orphans(self, standings: Standings, *, calendar: Calendars) -> tuple[Orphan, ...]:
        """The open leads that could be forgotten: no owner, or no next action with a date."""
        return self._clocks.orphans(_each(self, standings), for_each_team(calendar))

    def is_due_for_review(self, day: date) -> bool:
        """Whether the process should have been looked at by that day (004-41)."""
        _is_day(self, None, day)
        return self.review_by is not None and day > self.review_by

    def with_move(self, stage: Stage, event: Kind, to: Stage) -> Self:
        """
        Give a lifecycle with one more move, and its stages if they are new.

        Raises:
            ConflictError: The event leads elsewhere already; take that move away first.
        """
        table = {known: dict(row) for known, row in self.table.items()}
        if table.setdefault(stage, {}).setdefault(event, to) != to:
            got = f"one to {table[stage][event].name!r}"
            where = f"{stage}, {event.__name__}"
            raise ConflictError(expected=f"no move, or one to {to.name!r}", got=got, where=where)
        table.setdefault(to, {})
        return attrs.evolve(self, table=table)

    def without_move(self, stage: Stage | str, event: Kind) -> Self:
        """Give a lifecycle that lacks one move."""
        stage = self._known(stage)
        self.next(stage, event)
        table = {known: dict(row) for known, row in self.table.items()}
        if event not in table[stage]:
            raise self._illegal(stage, event)
        del table[stage][event]
        return attrs.evolve(self, table=table)

    def deadline(self, stage: Stage | str, action: str) -> Deadline:
        """
        The clock of that action on a stage.

        Raises:
            UnknownName: There is none; the message names those of the stage.

        Example:
            >>> from leadlib.lifecycle import HANDED_OFF, STANDARD
            >>> print(STANDARD.deadline(HANDED_OFF, "first attempt"))
            first attempt within 24 hours
        """
        stage = self._known(stage)
        clocks = [deadline for deadline in self.deadlines if deadline.stage == stage]
        for deadline in clocks:
            if deadline.action == action:
                return deadline
        legal = [deadline.action for deadline in clocks]
        raise UnknownName(expected=f"a clock on {stage.name!r}", got=repr(action), legal=legal)

    def with_deadline(self, deadline: Deadline) -> Self:
        """Give a lifecycle with one more clock; it replaces one of its stage and action."""
        _fields.check_type(deadline, Deadline, "deadline")
        named = (deadline.stage, deadline.action)
        kept = [d for d in self.deadlines if (d.stage, d.action) != named]
        return attrs.evolve(self, deadlines=(*kept, deadline))

    def without_deadline(self, stage: Stage | str, action: str) -> Self:
        """
        Give a lifecycle that lacks one clock.

        Raises:
            UnknownName: There is none of that stage and action.
        """
        gone = self.deadline(stage, action)
        return attrs.evolve(self, deadlines=[d for d in self.deadlines if d != gone])

    def without_stage(self, stage: Stage | str) -> Self:
        """Give a lifecycle that lacks one stage, the moves that lead there, and its clocks."""
        gone = self._known(stage)
        table = {
            known: {kind: to for kind, to in row.items() if to != gone}
            for known, row in self.table.items()
            if known != gone
        }
        anywhere = {kind: to for kind, to in self.anywhere.items() if to != gone}
        clocks = [deadline for deadline in self.deadlines if deadline.stage != gone]
        return attrs.evolve(self, table=table, anywhere=anywhere, deadlines=clocks)

    def with_actors(self, event: Kind, *teams: Team) -> Self:
        """Give a lifecycle in which only these teams may make the moves of an event."""
        return attrs.evolve(self, actors={**self.actors, event: teams})

    def changes_to(self, other: "Lifecycle") -> tuple[str, ...]:
        """
        Say what *other* has otherwise, one line a difference; none if they are equal.

        Example:
            >>> from leadlib.lifecycle import INQUIRY, NURTURE, STANDARD, Deferred
            >>> STANDARD.changes_to(STANDARD.without_move(INQUIRY, Deferred))
            ('stage inquiry, Deferred: removed nurture',)
        """
        _fields.check_type(other, Lifecycle, "other")
        return changes.changes_between(self.to_dict(), other.to_dict())

    # -- agreement --

    def responsibilities(self) -> tuple[Responsibility, ...]:
        """
        Who makes each move of the table, who answers for it, and who is told (004-40).

        Example:
            >>> from leadlib.lifecycle import SIMPLE
            >>> first = SIMPLE.responsibilities()[0]
            >>> print(first.stage, first.event.__name__, first.to, *first.responsible)
            inquiry Qualified qualified marketing
        """
        return responsibilities_of(self)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over everything that :meth:`to_dict` gives."""
        return writing.content_hash(self.to_dict())

    @cached_property
    def step_hashes(self) -> Mapping[str, str]:
        """
        For each stage by name, SHA-256 over what one must know of it.

        That is its name, owner, meaning and kind, its moves and who may make them, and its clocks.
        """
        steps = {stage.name: writing.step_to_data(self, stage) for stage in self.table}
        return _fields.FrozenDict({n: writing.content_hash(step) for n, step in steps.items()})

    def acknowledge(self, stage: Stage, *, by: str, team: Team, at: datetime) -> Acknowledgement:
        """
        Give somebody's word that they have read how *stage* works now; keep it in your store.

        Raises:
            UnknownName: No such stage.
        """
        self._row(stage)
        present = self.step_hashes[stage.name]
        return Acknowledgement(stage=stage.name, by=by, team=team, at=at, content_hash=present)

    def coverage(
        self, acknowledgements: Iterable[Acknowledgement], *, stakeholders: Iterable[str]
    ) -> ProcessCoverage:
        """
        Count the stages that are documented, and those that everybody has acknowledged (003-01).

        Args:
            acknowledgements: Those of another wording of a stage do not count: a stage that has
                changed is to be acknowledged again.
            stakeholders: Everybody who must, by name.

        Raises:
            InvalidValue: No stakeholder at all.

        Example:
            >>> from leadlib.lifecycle import SIMPLE
            >>> print(SIMPLE.coverage([], stakeholders=["mia", "sam"]))
            8 steps: 8 documented (100.0 %), 0 acknowledged by all (0.0 %)
        """
        return coverage_of(self, acknowledgements, stakeholders)

    # -- as data --

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """
        The events that it knows: moves, what may happen anywhere, and what clocks ask about.

        Raises:
            ConflictError: Two of them share a name.
        """
        return tuple(writing.kinds_of(self).values())

    def to_dict(self) -> dict[str, Any]:
        """
        Give the lifecycle as plain data; :meth:`from_dict` gives the same lifecycle back.

        Raises:
            ConflictError: Two events share a name.
        """
        return writing.lifecycle_to_data(self)

    @classmethod
    def from_dict(cls, plain: object, *, kinds: Iterable[Kind] = ()) -> Self:
        """
        Read a lifecycle from plain data, such as TOML or JSON gives, whole or not at all.

        Args:
            plain: As :meth:`to_dict` gives it.
            kinds: Events of your own that it may name, beside the standard ones.

        Raises:
            LifecycleError: With every fault of *plain*: its path, what was expected, what is
                legal.

        Example:
            >>> from leadlib.lifecycle import SIMPLE
            >>> Lifecycle.from_dict(SIMPLE.to_dict() | {"start": "enquiry"})
            Traceback (most recent call last):
                ...
            leadlib.errors.LifecycleError: expected a stage of this lifecycle, got 'enquiry' @ \
$.start; did you mean 'inquiry'?
        """
        return reading.lifecycle_from_data(plain, lambda parts: cls(**parts), kinds)

    # -- review --

    def leaks(self) -> tuple[linter.Leak, ...]:
        """
        Lint the table: every stage where leads could vanish, with the defect.

        Example:
            >>> from leadlib.lifecycle import OPPORTUNITY, STANDARD, Quoted
            >>> [str(leak) for leak in STANDARD.without_move(OPPORTUNITY, Quoted).leaks()]
            ['quoted: no move leads here']
        """
        return linter.leaks_of(self)

    def __format__(self, form: str) -> str:
        if not form:
            return repr(self)
        if form not in _FORMS:
            raise InvalidValue(expected="a format", got=repr(form), legal=[*_FORMS])
        return _FORMS[form](self)


def _each(lifecycle: Lifecycle, standings: Standings) -> Iterator[Standing]:
    """The standings, whether they come with their ids or without; none of another lifecycle."""
    given = standings.values() if isinstance(standings, Mapping) else standings
    for standing in given:
        _fields.check_type(standing, Standing, "standings")
        lifecycle._known(standing.stage)  # noqa: SLF001  # of this module
        yield standing


def _both(team: Team, may: Sequence[Team]) -> bool:
    """Both teams together may do what either may."""
    return team is Team.BOTH and bool(may)


def _where(event: LeadEvent) -> str:
    return f"lead {event.lead!r}, {event.at.isoformat()}"
