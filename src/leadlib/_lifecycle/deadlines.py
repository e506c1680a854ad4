"""
A clock on a stage: when it starts, when its time is over, and every run of it in a lead's life.

Exactly at the limit is met.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from types import NoneType
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._lifecycle.events import Attempted, Escalated, LeadEvent
from leadlib._lifecycle.standing import Stage, Standing, as_team
from leadlib.errors import InvalidValue
from leadlib.model import Team
from leadlib.worktime import Span, WorkCalendar

__all__ = [
    "Deadline",
    "Run",
    "as_kind",
    "ends",
    "follow_up",
    "for_each_team",
    "is_through",
    "runs_through",
    "since_start",
    "started",
]

_MANY = 10**9
_SHOWN = 200  # characters of an action within a reason


def as_kind(kind: Any, *, where: str) -> type[LeadEvent]:
    """A class of events; an event itself, or a name, is easily taken for one."""
    if isinstance(kind, type) and issubclass(kind, LeadEvent):
        return kind
    raise InvalidValue(expected="a kind of LeadEvent", got=_text.kind_of(kind), where=where)


def _as_kind(kind: Any) -> type[LeadEvent]:
    return as_kind(kind, where="$.otherwise")


def _as_kinds(kinds: Iterable[type[LeadEvent]]) -> tuple[type[LeadEvent], ...]:
    given: Any = kinds
    if isinstance(given, type):  # one kind is as good as a list of one
        given = (given,)
    return tuple(as_kind(kind, where="$.first, $.again or $.starts") for kind in given)


def _is_a(*kinds: type) -> Any:
    """A validator: a value of one of these types."""

    def check(_: object, field: Any, value: object) -> None:
        if not isinstance(value, kinds):
            got, where = _text.kind_of(value), f"$.{field.name}"
            raise InvalidValue(expected=f"a {kinds[0].__name__}", got=got, where=where)

    return check


def _is_count(_: object, __: object, value: int | None) -> None:
    if value is not None and not (_fields.is_whole(value) and 0 < value < _MANY):
        expected = "a number of attempts from 1 on"
        raise InvalidValue(expected=expected, got=_text.kind_of(value), where="$.attempts")


@attrs.frozen(kw_only=True)
class Deadline:
    """
    A clock on a stage: it starts when the stage is entered and stops when it is left.

    Args:
        stage: Where the clock starts.
        within: How long; None only with *since*: that very instant.
        owner: Who is answerable.
        action: What has to happen.
        first: The events that stop the clock instead: it runs on through the stages of sales, and
            nothing but them or leaving the hands of sales ends it.
        again: The events within the stage that start it anew, such as another attempt.
        starts: The events within the stage that start it, where entering does not; those of *first*
            then stop it.
        since: The clock starts at a date that its event carries, by the name of that part: ``due``
            of a call-back, ``expires`` of a certificate.
        attempts: So many attempts within the stage end the time, too.
        otherwise: The event that follows a breach; by default somebody is told.
        reason: The reason that this event gives, if it needs one.
        to_closing: Whether there is time until the team closes on the last day.

    Raises:
        InvalidValue: Neither *within* nor *since*, no number of attempts, or an event that cannot
            follow: it needs more than a reason, or another one.
        UnknownName: No team.

    Example:
        >>> from leadlib.lifecycle import WORKING
        >>> from leadlib.worktime import days
        >>> Deadline(stage=WORKING, within=days(14), owner="sales", action="next attempt").owner
        <Team.SALES: 'sales'>
    """

    stage: Stage = attrs.field(validator=_is_a(Stage))
    within: Span | None = attrs.field(default=None, validator=_is_a(Span, NoneType))
    owner: Team = attrs.field(converter=as_team)
    action: str = attrs.field(converter=_fields.identifier)
    first: tuple[type[LeadEvent], ...] = attrs.field(default=(), converter=_as_kinds)
    again: tuple[type[LeadEvent], ...] = attrs.field(default=(), converter=_as_kinds)
    starts: tuple[type[LeadEvent], ...] = attrs.field(default=(), converter=_as_kinds)
    since: str | None = attrs.field(default=None, converter=_fields.label)
    attempts: int | None = attrs.field(default=None, validator=_is_count)
    otherwise: type[LeadEvent] = attrs.field(default=Escalated, converter=_as_kind)
    reason: str | None = attrs.field(default=None, converter=_fields.label)
    to_closing: bool = attrs.field(default=False, validator=_is_a(bool))

    def __attrs_post_init__(self) -> None:
        if self.within is None and self.since is None:
            raise InvalidValue(expected="a span or a date", got="neither", where="$.within")
        follow_up(self.otherwise, self.reason, self.action, lead="-", at=_instants.EARLIEST)

    def runs(
        self, standing: Standing, *, calendar: WorkCalendar | Mapping[Team, WorkCalendar]
    ) -> tuple["Run", ...]:
        """
        Every run of this clock in the life of a lead, in order: what was due, and what came of it.

        Each visit to the stage is a run.  With *first*, one of these events is what was due;
        leaving the hands of sales before, or being offered anew, ends the run and leaves it undone.
        Without, leaving the stage is what was due, unless the lead was merged or erased.  An event
        of *again* does what was due and begins the next run; with *since* it brings another date
        instead, and the run of the old one is left undone.

        Args:
            standing: The lead; :meth:`Standing.as_of` gives it as it stood before.
            calendar: As for :meth:`Lifecycle.due`.
        """
        return tuple(_runs(self, standing, for_each_team(calendar)))

    def __str__(self) -> str:
        sooner = f" or {self.attempts} attempts" if self.attempts else ""
        if self.within is None:
            return f"{self.action} until {self.since}{sooner}"
        after = f" of {self.since}" if self.since else ""
        return f"{self.action} within {self.within}{after}{sooner}"


def follow_up(kind: type[LeadEvent], reason: str | None, action: str, **common: Any) -> LeadEvent:
    """
    The event that follows a breach: it gets a reason, and no more.

    Raises:
        InvalidValue: It needs more, or another reason.
    """
    more: dict[str, Any] = {} if reason is None else {"reason": reason}
    if kind is Escalated:
        more = {"reason": reason or f"{action[:_SHOWN]}: overdue", "action": action}
    try:
        return kind(**common, **more)
    except InvalidValue:
        raise
    except (TypeError, ValueError):
        expected = "an event that needs no more than the reason that is given"
        got = f"{kind.__name__} with {'a reason' if reason else 'none'}"
        raise InvalidValue(expected=expected, got=got, where="$.otherwise") from None


@attrs.frozen(kw_only=True)
class Run:
    """
    One run of a clock of one lead; made by :meth:`Deadline.runs`.

    Args:
        lead: Its id.
        since: When the clock started; it may be a date ahead.
        at: Until when; exactly then is still met.
        ended: When the clock stopped; None if it runs.
        is_done: Whether what was due is what stopped it.
    """

    lead: str
    since: datetime
    at: datetime
    ended: datetime | None
    is_done: bool


def since_start(deadline: Deadline, visit: Sequence[LeadEvent]) -> Sequence[LeadEvent]:
    """The events of a visit from the one that started the clock; none if it does not run."""
    if not deadline.starts:
        return visit
    begun: int | None = None
    for number, event in enumerate(visit):
        if isinstance(event, deadline.starts):
            begun = number if begun is None else begun  # the first that nobody has answered
        elif isinstance(event, deadline.first):
            begun = None
    return () if begun is None else visit[begun:]


def started(deadline: Deadline, events: Sequence[LeadEvent]) -> datetime | None:
    """
    When the clock started: with the first of these events, or the last that starts it anew.

    None if it starts at a date that the event does not carry: then it does not run.
    """
    anew = [event for event in events[1:] if isinstance(event, deadline.again)]
    event = anew[-1] if anew else events[0]
    date = getattr(event, deadline.since, None) if deadline.since else event.at
    return date if isinstance(date, datetime) else None


def ends(
    deadline: Deadline,
    start: datetime,
    events: Sequence[LeadEvent],
    standing: Standing,
    calendars: Mapping[Team, WorkCalendar],
) -> datetime:
    """When the time is over: the span, or so many attempts, or the date that was named."""
    calendar = calendars[deadline.owner]
    at = start if deadline.within is None else calendar.after(start, deadline.within)
    if deadline.to_closing:
        at = max(at, calendar.closing(at.astimezone(calendar.zone).date()))
    if deadline.attempts:
        tried = [event.at for event in events if isinstance(event, Attempted)]
        if len(tried) >= deadline.attempts:
            at = min(at, tried[deadline.attempts - 1])
    wish = standing.not_before if deadline.stage.nurture and not deadline.starts else None
    if wish is None:
        return at
    return wish if getattr(events[0], "not_before", None) == wish else max(at, wish)


def runs_through(deadline: Deadline, standing: Standing, entered: int) -> bool:
    """Whether a clock that started with the event *entered* still runs."""
    stages, events = standing.stages[entered:], standing.events[entered:]
    in_hand = all(stage.is_with_sales for stage in stages)
    return in_hand and not any(isinstance(event, deadline.first) for event in events)


def _runs(
    deadline: Deadline, standing: Standing, calendars: Mapping[Team, WorkCalendar]
) -> Iterator[Run]:
    for entered in _visits(deadline, standing):
        for begin, end, is_done in _stretches(deadline, standing, entered):
            then = Standing(standing.events[:end], standing.stages[:end])
            events = then.events[begin:]
            since = started(deadline, events)
            if since is None:
                continue
            yield Run(
                lead=standing.lead,
                since=since,
                at=ends(deadline, since, events, then, calendars),
                ended=standing.events[end].at if end < len(standing.events) else None,
                is_done=is_done,
            )


_Stretch = tuple[int, int, bool]  # the events that start and stop a clock; whether that was due


def _visits(deadline: Deadline, standing: Standing) -> Iterator[int]:
    """The events that entered the stage of a clock; one with *first* runs in stages of sales."""
    if not is_through(deadline) or deadline.stage.is_with_sales:
        for index, (last, stage) in enumerate(pairwise((None, *standing.stages))):
            if stage == deadline.stage != last:
                yield index


def _stretches(deadline: Deadline, standing: Standing, entered: int) -> Iterator[_Stretch]:
    """The runs within one visit."""
    begins, events = [entered], standing.events
    stop, is_done = _stop(deadline, standing, entered)
    if deadline.starts:
        begins = [*_begun(deadline, events, range(entered, stop))]
    for begin, end in pairwise([*begins, stop]):
        yield from _stretch(deadline, events, (begin, end, is_done and end == stop))


def _begun(deadline: Deadline, events: Sequence[LeadEvent], visit: Iterable[int]) -> Iterator[int]:
    """The events that start a clock: while it runs, another of them changes nothing."""
    runs = False
    for index in visit:
        if isinstance(events[index], deadline.starts):
            if not runs:
                yield index
            runs = True
        elif isinstance(events[index], deadline.first):
            runs = False


def _stretch(
    deadline: Deadline, events: Sequence[LeadEvent], whole: _Stretch
) -> Iterator[_Stretch]:
    """One run, or several if it starts anew; with *starts*, what is due may come before its end."""
    begin, end, is_done = whole
    for index in range(begin + 1, end):
        if deadline.starts and isinstance(events[index], deadline.first):
            yield begin, index, True
            return
        if isinstance(events[index], deadline.again):
            yield begin, index, deadline.since is None
    yield begin, end, is_done


def _stop(deadline: Deadline, standing: Standing, entered: int) -> tuple[int, bool]:
    """The event that ends one visit of a clock; one beyond the last if it lasts."""
    for index in range(entered + 1, len(standing.events)):
        last, stage = standing.stages[index - 1 : index + 1]
        if is_through(deadline):
            if isinstance(standing.events[index], deadline.first):
                return index, True
            if not stage.is_with_sales or stage == deadline.stage != last:
                return index, False
        elif stage != deadline.stage:
            return index, not stage.is_final
    return len(standing.events), False


def is_through(deadline: Deadline) -> bool:
    """Whether a clock runs on through the stages of sales."""
    return bool(deadline.first) and not deadline.starts


def for_each_team(
    calendar: WorkCalendar | Mapping[Team, WorkCalendar],
) -> Mapping[Team, WorkCalendar]:
    """One calendar for each team; one that is given for all counts for each."""
    if isinstance(calendar, WorkCalendar):
        return dict.fromkeys(Team, calendar)
    _fields.check_type(calendar, Mapping, "calendar")
    for team in (Team.MARKETING, Team.SALES):
        _fields.check_type(calendar.get(team), WorkCalendar, f"calendar[{team.value!r}]")
    return {Team.BOTH: calendar[Team.SALES]} | dict(calendar)
