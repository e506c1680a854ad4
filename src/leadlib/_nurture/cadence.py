"""The cadence: a rhythm of contacts, who is let in, and what ends it."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time, tzinfo
from functools import cached_property
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text, limits
from leadlib._nurture.flaws import Flaw, flaws_of
from leadlib._nurture.given import Given, by_id, events_until, ids_of, laws_of, own_events
from leadlib._nurture.hours import as_hour
from leadlib._nurture.laws import Subscriber
from leadlib._nurture.permits import permit_of
from leadlib._nurture.plan import Plan
from leadlib._nurture.planner import Planner
from leadlib._nurture.policy import ContactPolicy, as_zone
from leadlib._nurture.steps import ANCHOR, Step, as_whole_days
from leadlib._nurture.touches import SentTouch, Touch
from leadlib._nurture.walk import Case
from leadlib.errors import InvalidValue
from leadlib.lifecycle import (
    HAND_OFFS,
    Deferred,
    Disqualified,
    HandedBack,
    LeadEvent,
    Merged,
    Parked,
    Rejected,
    Won,
)
from leadlib.model import ConsentRecord, Lead
from leadlib.qualification import Criterion
from leadlib.worktime import Span, WorkCalendar

__all__ = ["Cadence", "case_of", "plan_of", "planner_of"]

Kinds = tuple[type[LeadEvent], ...]
_MOST_PLANNERS = 100
_ENDS: Kinds = (Disqualified, Won, Merged)
_RESUMES: Kinds = (HandedBack, Rejected, Deferred, Parked)


def _as_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    if not isinstance(steps, Iterable):
        raise InvalidValue(expected="steps", got=_text.kind_of(steps))
    taken = tuple(steps)
    for number, step in enumerate(taken):
        given: object = step
        if not isinstance(given, Step):
            where = f"$.steps[{number}]"
            raise InvalidValue(expected="steps", got=_text.kind_of(given), where=where)
    if not 0 < len(taken) <= limits.TOUCHES:
        got = str(len(taken))
        raise InvalidValue(expected=f"1 to {limits.TOUCHES} steps", got=got)
    return taken


def _as_kinds(kinds: Any) -> Kinds:
    single = isinstance(kinds, type) or not isinstance(kinds, Iterable)
    taken = (kinds,) if single else tuple(kinds)
    for kind in taken:
        if not isinstance(kind, type) or not issubclass(kind, LeadEvent):
            raise InvalidValue(expected="kinds of events", got=_text.kind_of(kind))
    return taken


def _as_entry(value: object) -> Criterion | None:
    if value is None or isinstance(value, Criterion):
        return value
    raise InvalidValue(expected="a criterion", got=_text.kind_of(value))


def _as_again(value: object) -> relativedelta | None:
    return None if value is None else as_whole_days(value)


def _as_priority(value: object) -> int:
    if _fields.is_whole(value) and isinstance(value, int):
        return value
    raise InvalidValue(expected="a whole number", got=_text.kind_of(value))


@attrs.frozen(slots=False, field_transformer=_fields.placed)
class Cadence:
    """
    A rhythm of contacts: steps, the local hour they go out, and the events that pause and end it.

    A step that falls on a closed day goes out on the next open one, at the same hour, so several
    steps may land on the same day: Saturday's, Sunday's and Monday's after a weekend.  The caps of
    a :class:`ContactPolicy` space them.  Steps refer to nothing but happenings, so there are no
    rings.  An opt-out or an erasure stops every cadence, whatever it listens to.

    Args:
        name: Such as ``welcome``; part of every touch id.
        steps: Each anchored on the day of enrolment, so that no delay drifts.
        calendar: The days on which anything is sent at all, and the zone where none is given; its
            hours are not asked.
        at: The local time of sending.
        goal: Events after which it has done its work, and ends.
        ends_on: Events after which nothing more is sent.
        pauses_on: Events after which sales has the lead, and marketing is quiet.
        resumes_on: Events that give it back: the steps that are left go on where they stood.
        entry: Who is let in; see :func:`enrol`.
        again: How long after an enrolment the same lead may be enrolled again; never unless given.
        theme: One cadence of a theme at a time is enough for a person; its name unless given.
        priority: Of several cadences of one person, the higher goes first.
        owner: Who answers for it.

    Raises:
        InvalidValue: Steps go back in time, two are alike, or there are none; an event that
            resumes it also pauses or ends it.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import Inquiry, consolidate
        >>> monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com")
        >>> [ada] = consolidate([form])
        >>> welcome = Cadence("welcome", steps=[
        ...     Step(send="thank-you", after=relativedelta()),
        ...     Step(send="case study", after=relativedelta(days=5)),
        ... ])
        >>> for touch in welcome.plan(ada, enrolled=monday):
        ...     print(touch)
        'thank-you' by mail, planned 2026-03-02 10:00 UTC
        'case study' by mail, planned 2026-03-09 10:00 UTC (moved from 2026-03-07: closed)
    """

    name: str = attrs.field(converter=_fields.identifier)
    steps: tuple[Step, ...] = attrs.field(kw_only=True, converter=_as_steps)
    calendar: WorkCalendar = attrs.field(
        kw_only=True,
        factory=WorkCalendar,
        validator=_fields.is_a(WorkCalendar),
    )
    at: time = attrs.field(kw_only=True, default=time(10), converter=as_hour)
    goal: Kinds = attrs.field(kw_only=True, default=(), converter=_as_kinds)
    ends_on: Kinds = attrs.field(kw_only=True, default=_ENDS, converter=_as_kinds)
    pauses_on: Kinds = attrs.field(kw_only=True, default=HAND_OFFS, converter=_as_kinds)
    resumes_on: Kinds = attrs.field(kw_only=True, default=_RESUMES, converter=_as_kinds)
    entry: Criterion | None = attrs.field(kw_only=True, default=None, converter=_as_entry)
    again: relativedelta | None = attrs.field(kw_only=True, default=None, converter=_as_again)
    theme: str = attrs.field(kw_only=True, converter=_fields.identifier)
    priority: int = attrs.field(kw_only=True, default=0, converter=_as_priority)
    owner: str | None = attrs.field(kw_only=True, default=None, converter=_fields.label)

    @theme.default
    def _own_theme(self) -> str:
        return self.name

    def __attrs_post_init__(self) -> None:
        if len({step.send for step in self.steps}) != len(self.steps):
            expected = "steps that differ in what they send"
            raise InvalidValue(expected=expected, got="two alike", where="$.steps")
        if {*self.resumes_on} & {*self.pauses_on, *self.ends_on, *self.goal}:
            expected = "other events than those that pause or end it"
            raise InvalidValue(expected=expected, got="one of them", where="$.resumes_on")
        for kind in (relativedelta, Span):
            self._check_order([step for step in self.steps if isinstance(step.after, kind)])

    def _check_order(self, steps: Iterable[Step]) -> None:
        """Within one kind of delay: between working days and days the calendar decides."""
        single = [_reach(step) for step in steps if step.every is None]
        if single != sorted(single) or min(map(_reach, steps), default=0) < 0:
            raise InvalidValue(
                expected="steps in order of time", got="one that goes back", where="$.steps"
            )

    @property
    def is_endless(self) -> bool:
        """Whether a step comes again without an end."""
        return any(step.is_endless for step in self.steps)

    def plan(
        self,
        lead: Lead,
        *,
        enrolled: datetime,
        zone: tzinfo | str | None = None,
        policy: ContactPolicy | None = None,
        history: Iterable[LeadEvent] = (),
        sent: Iterable[SentTouch | str] = (),
        consents: Iterable[ConsentRecord] | None = None,
        subscriber: Subscriber | str = Subscriber.UNKNOWN,
        now: datetime | None = None,
        until: datetime | None = None,
    ) -> Plan:
        """
        Plan every touch for one lead.

        Args:
            lead: Conditions of steps are asked of what is known about it.
            enrolled: When the lead came in; no touch is earlier.
            zone: The contact's own; the hours are those of this zone.  Unless given, those of the
                calendar, within what the policy allows wherever the contact may be.
            policy: At which hours and how often anybody is contacted.
            history: What has happened to the lead.
            sent: What the lead got, of this cadence and of others; or the bare ids, which then went
                out as planned.
            consents: What the person allowed and refused; with them, or with laws in the policy,
                each touch needs a permission, and without a record of it there is none.
            subscriber: Who has the address, for the laws.
            now: What should have gone out before and did not goes out from now on.
            until: Where the plan ends, itself not included.

        Returns:
            One touch for each step, and for each time of a step that comes again, with the reasons
            why it was moved, held or cancelled.

        Raises:
            InvalidValue: An instant without zone, or no end for a cadence that has none.
            LimitExceeded: More touches than a plan may have.
            UnknownName: No zone of that name.
        """
        given = Given.of(history, sent, consents, subscriber)
        case = case_of(lead, enrolled, zone=zone, policy=policy, given=given)
        return plan_of(self, case, policy, now=now, until=until)

    def touches(
        self,
        lead: Lead,
        *,
        enrolled: datetime,
        zone: tzinfo | str | None = None,
        policy: ContactPolicy | None = None,
        history: Iterable[LeadEvent] = (),
        sent: Iterable[SentTouch | str] = (),
        consents: Iterable[ConsentRecord] | None = None,
        subscriber: Subscriber | str = Subscriber.UNKNOWN,
    ) -> Iterator[Touch]:
        """
        Give the touches of a plan one by one, for cadences without an end.

        Args:
            lead, enrolled, zone, policy, history, sent, consents, subscriber: As for :meth:`plan`.
        """
        given = Given.of(history, sent, consents, subscriber)
        case = case_of(lead, enrolled, zone=zone, policy=policy, given=given)
        return planner_of(self, policy).touches(case)

    def due(
        self,
        lead: Lead,
        *,
        enrolled: datetime,
        now: datetime,
        zone: tzinfo | str | None = None,
        policy: ContactPolicy | None = None,
        history: Iterable[LeadEvent] = (),
        sent: Iterable[SentTouch | str] = (),
        consents: Iterable[ConsentRecord] | None = None,
        subscriber: Subscriber | str = Subscriber.UNKNOWN,
    ) -> tuple[Touch, ...]:
        """
        Give the touch to send now: its time has come, and everything was asked again.

        Args:
            lead, enrolled, zone, policy, history, sent, consents, subscriber: As for :meth:`plan`;
                what is after *now* is not known.
            now: The instant of sending.

        Returns:
            The first touch that is not confirmed, or nothing: no touch is due before the one before
            it is in *sent*.  What is late goes out at the next allowed hour, one a day, and of a
            step that comes again only the latest time does.
        """
        now = _instants.aware(now, where="now")
        _fields.check_type(lead, Lead, "lead")
        events, known = events_until(history, now), lead.known_by(now)
        if known is None:
            return ()
        given = Given.of(events, sent, consents, subscriber)
        case = case_of(known, enrolled, zone=zone, policy=policy, given=given)
        touch = planner_of(self, policy).due(case, now)
        return () if touch is None else (touch,)

    def flaws(self, policy: ContactPolicy | None = None) -> tuple[Flaw, ...]:
        """
        Find what is missing or weak in the design of the cadence: the linter.

        Args:
            policy: Also look at whether the hour of sending is ever allowed by it.
        """
        laws_of(policy)  # which checks it
        return flaws_of(self, policy)

    @cached_property
    def _planners(self) -> dict[ContactPolicy | None, Planner]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}


def _reach(step: Step) -> int:
    if isinstance(step.after, Span):
        return step.after.length.days
    return (ANCHOR + step.after - ANCHOR).days


def planner_of(cadence: Cadence, policy: ContactPolicy | None) -> Planner:
    """The tables of a cadence for a policy; made once."""
    known = cadence._planners  # noqa: SLF001  # of this room
    if policy not in known:
        if len(known) >= _MOST_PLANNERS:  # a bounded memory: the next ask makes them anew
            known.clear()
        known[policy] = Planner(cadence, policy)
    return known[policy]


def plan_of(
    cadence: Cadence,
    case: Case,
    policy: ContactPolicy | None,
    *,
    now: datetime | None = None,
    until: datetime | None = None,
) -> Plan:
    """Plan a case that has been checked."""
    if until is None and cadence.is_endless:
        got = "none, and a step comes again for ever"
        raise InvalidValue(expected="where the plan ends", got=got, where="until")
    now = None if now is None else _instants.aware(now, where="now")
    until = None if until is None else _instants.aware(until, where="until")
    touches = planner_of(cadence, policy).touches(case, now=now, until=until)
    return Plan(touches=touches, zone=case.zone or cadence.calendar.zone)


def case_of(
    lead: Lead,
    enrolled: datetime,
    *,
    zone: tzinfo | str | None,
    policy: ContactPolicy | None,
    given: Given,
) -> Case:
    """What a plan depends on, checked."""
    _fields.check_type(lead, Lead, "lead")
    laws, ids = laws_of(policy), ids_of(given.history, lead.id)
    events = own_events(given.history, lead.id, ids)
    return Case(
        lead=lead,
        enrolled=_instants.aware(enrolled, where="enrolled"),
        zone=None if zone is None else as_zone(zone),
        history=events,
        sent=by_id(given.sent, ids),
        permit=permit_of(laws, given.consents, events, given.subscriber),
    )
