"""Enrolment: who is let into a cadence, and how the cadences of one person get along."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

import attrs

from leadlib import _fields, _instants
from leadlib._nurture.cadence import Cadence, case_of, plan_of
from leadlib._nurture.given import (
    as_events,
    as_records,
    as_sent,
    events_until,
    laws_of,
    merged_into,
    own_events,
)
from leadlib._nurture.happened import Happened, happened
from leadlib._nurture.laws import Subscriber
from leadlib._nurture.permits import Permit, permit_of
from leadlib._nurture.plan import Plan
from leadlib._nurture.policy import ContactPolicy, as_zone
from leadlib._nurture.touches import SentTouch, Touch, TouchReason, TouchState
from leadlib.errors import InvalidValue
from leadlib.lifecycle import LeadEvent
from leadlib.model import ConsentRecord, Lead
from leadlib.qualification import LeadDefinition, Outcome

__all__ = [
    "Enrolment",
    "NotEnrolled",
    "NotEnrolledReason",
    "checked",
    "due_together",
    "enrol",
    "of_one_lead",
    "plan_together",
]


_DAY = timedelta(days=1)
_LAST = _instants.LATEST - _instants.MICROSECOND


def _as_own_zone(value: object) -> tzinfo | None:
    return None if value is None else as_zone(value)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Enrolment:
    """
    One lead in one cadence; made by :func:`enrol`.

    Args:
        lead: Who.
        cadence: Into what.
        at: Since when.
        zone: The contact's own, if it is known.
    """

    lead: Lead = attrs.field(validator=_fields.is_a(Lead))
    cadence: Cadence = attrs.field(validator=_fields.is_a(Cadence))
    at: datetime = attrs.field(converter=_fields.instant)
    zone: tzinfo | None = attrs.field(default=None, converter=_as_own_zone)

    def __repr__(self) -> str:
        return f"<Enrolment of {self.lead.id} in {self.cadence.name!r}, {self.at:%Y-%m-%d}>"

    def is_running(
        self,
        at: datetime,
        *,
        history: Iterable[LeadEvent] = (),
        policy: ContactPolicy | None = None,
        consents: Iterable[ConsentRecord] | None = None,
    ) -> bool:
        """
        Whether it still has something to send at an instant, permitted or not yet.

        Args:
            at: The instant; what happened later is not known.
            history: The events of the lead, any of which may have ended or paused it.
            policy: At which hours and how often anybody is contacted, which may make it last.
            consents: What the person allowed and refused; an opt-in may have cleared an opt-out.
        """
        at = _instants.aware(at, where="at")
        known, laws = events_until(history, at), laws_of(policy)
        own = own_events(known, self.lead.id)
        seen = _seen(self, own)
        if at < self.at or seen.erased or seen.ended or _is_out(self, seen, own, consents, at):
            return False
        if self.cadence.is_endless:
            return True
        caps = policy if policy is None or laws is None else attrs.evolve(policy, laws=None)
        plan = self.cadence.plan(
            self.lead,
            enrolled=self.at,
            zone=self.zone,
            policy=caps,
            history=known,
            consents=consents,
        )
        return any(_is_open(touch, at) for touch in plan)


def _is_out(
    enrolment: Enrolment,
    seen: Happened,
    own: Sequence[LeadEvent],
    consents: Iterable[ConsentRecord] | None,
    at: datetime,
) -> bool:
    """Whether the person has said no to every step, and not taken it back."""
    permit = permit_of(None, consents, own, Subscriber.UNKNOWN)
    if permit is None:
        return seen.opted_out.get(None) is not None
    refusals = [permit(step, at) for step in enrolment.cadence.steps]
    return all(each is not None and each.state is TouchState.CANCELLED for each in refusals)


def _seen(enrolment: Enrolment, own: Sequence[LeadEvent]) -> Happened:
    cadence = enrolment.cadence
    return happened(cadence, enrolment.lead, own, cadence.steps, enrolment.at)


def _is_open(touch: Touch, at: datetime) -> bool:
    """Whether it is to come; a permission that is missing keeps no programme alive by itself."""
    if touch.state is TouchState.HELD and touch.reasons != (TouchReason.CONSENT,):
        return True
    return touch.state in {TouchState.PLANNED, TouchState.HELD} and touch.at >= at


class NotEnrolledReason(StrEnum):
    """
    Why a lead was not let into a cadence.

    Example:
        >>> print(NotEnrolledReason.ALREADY_ENROLLED)
        a cadence of this theme is running
    """

    ALREADY_ENROLLED = "a cadence of this theme is running"
    NOT_LET_IN = "not known to fulfil the entry"
    SEEN_BEFORE = "went through it before"
    TOO_SOON = "went through it not long ago"
    NO_CHANNEL = "may not be contacted by any channel"
    ENDED = "opted out or erased"


@attrs.frozen(kw_only=True)
class NotEnrolled:
    """
    A lead that was not let in: a value, for it is no mistake.

    Args:
        lead, cadence: Who, and into what.
        reason: Why not.
        why: The same in words.
        until: From when on it would be let in, if it is a matter of time.
    """

    lead: str
    cadence: str
    reason: NotEnrolledReason
    why: str
    until: datetime | None = None

    def __str__(self) -> str:
        return f"{self.lead} not enrolled in {self.cadence!r}: {self.why}"


def enrol(
    lead: Lead,
    cadence: Cadence,
    *,
    at: datetime,
    zone: tzinfo | str | None = None,
    enrolments: Iterable[Enrolment] = (),
    history: Iterable[LeadEvent] = (),
    policy: ContactPolicy | None = None,
    consents: Iterable[ConsentRecord] | None = None,
    subscriber: Subscriber | str = Subscriber.UNKNOWN,
) -> Enrolment | NotEnrolled:
    """
    Let a lead into a cadence, unless something speaks against it.

    Args:
        lead: Who.
        cadence: Into what.
        at: Now.
        zone: The contact's own, if it is known.
        enrolments: All that there were of this lead: one cadence of a theme runs at a time, and
            what was seen before comes again only if the cadence says when.
        history: The events of the lead.
        policy, consents, subscriber: As for :meth:`Cadence.plan`; with laws or consents, at least
            one step must be permitted now.

    Returns:
        The enrolment, or why there is none; those that run are left as they are.

    Source:
        Seed 000: a consistent way; row 000-22 of the requirements.

    Example:
        >>> from datetime import UTC, datetime
        >>> from dateutil.relativedelta import relativedelta
        >>> from leadlib import Inquiry, Step, consolidate
        >>> monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> [ada] = consolidate([Inquiry(id="i-1", at=monday, source="web", mail="a@example.com")])
        >>> welcome = Cadence("welcome", steps=[
        ...     Step(send="thank-you", after=relativedelta()),
        ...     Step(send="case study", after=relativedelta(days=7)),
        ... ])
        >>> first = enrol(ada, welcome, at=monday)
        >>> print(enrol(ada, welcome, at=monday + relativedelta(days=1), enrolments=[first]))
        i-1 not enrolled in 'welcome': a cadence of this theme is running since 2026-03-02
    """
    at = _instants.aware(at, where="at")
    made = Enrolment(lead=lead, cadence=cadence, at=at, zone=zone)
    events, records = events_until(history, at), as_records(consents)
    merged, said = merged_into(events, lead.id), own_events(events, lead.id)
    own = [each for each in checked(enrolments) if each.at <= at and _is_of(each, lead, merged)]
    permit = permit_of(laws_of(policy), records, said, subscriber)

    def is_running(old: Enrolment) -> bool:
        return old.is_running(at, history=events, policy=policy, consents=records)

    refused = (
        _ended(made, said, permit)
        or _not_let_in(made)
        or _already(made, own, is_running)
        or _seen_before(made, own)
    )
    return refused or made


def _is_of(old: Enrolment, lead: Lead, merged: Collection[str]) -> bool:
    """Of this lead, or of one that has been merged into it."""
    if old.lead.id == lead.id or old.lead.id in merged:
        return True
    return not {form.id for form in old.lead.inquiries}.isdisjoint(f.id for f in lead.inquiries)


def checked(enrolments: Iterable[Enrolment]) -> Sequence[Enrolment]:
    """Enrolments and nothing else."""
    return _fields.all_of(Enrolment, enrolments, "enrolments", "enrolments")


def _refused(
    made: Enrolment, reason: NotEnrolledReason, more: str = "", until: datetime | None = None
) -> NotEnrolled:
    why = f"{reason}{more}"
    name = made.cadence.name
    return NotEnrolled(lead=made.lead.id, cadence=name, reason=reason, why=why, until=until)


def _ended(made: Enrolment, said: Sequence[LeadEvent], permit: Permit | None) -> NotEnrolled | None:
    """With a permit, it says what an opt-out still means."""
    seen = _seen(made, said)
    end = seen.erased or (None if permit is not None else seen.opted_out.get(None))
    if end is not None:
        return _refused(made, NotEnrolledReason.ENDED, f" ({end.why})")
    if permit is None:
        return None
    refusals = [permit(step, made.at) for step in made.cadence.steps]
    found = [refusal for refusal in refusals if refusal is not None]
    if len(found) < len(refusals):
        return None
    return _refused(made, NotEnrolledReason.NO_CHANNEL, f": {found[0].why}")


def _not_let_in(made: Enrolment) -> NotEnrolled | None:
    entry = made.cadence.entry
    if entry is None:
        return None
    verdict = LeadDefinition("entry", entry).judge(made.lead, now=made.at)
    if verdict.outcome is Outcome.QUALIFIED:
        return None
    return _refused(made, NotEnrolledReason.NOT_LET_IN, f": {entry}")


def _already(
    made: Enrolment, own: Iterable[Enrolment], is_running: Callable[[Enrolment], bool]
) -> NotEnrolled | None:
    for old in own:
        if old.cadence.theme == made.cadence.theme and is_running(old):
            since = f" since {old.at:%Y-%m-%d}"
            return _refused(made, NotEnrolledReason.ALREADY_ENROLLED, since)
    return None


def _seen_before(made: Enrolment, own: Iterable[Enrolment]) -> NotEnrolled | None:
    times = [old.at for old in own if old.cadence.name == made.cadence.name]
    if not times:
        return None
    last, again = max(times), made.cadence.again
    if again is None:
        return _refused(made, NotEnrolledReason.SEEN_BEFORE, f", on {last:%Y-%m-%d}")
    until = last + again
    if until <= made.at:
        return None
    return _refused(made, NotEnrolledReason.TOO_SOON, f", again from {until:%Y-%m-%d}", until)


def of_one_lead(enrolments: Iterable[Enrolment]) -> Sequence[Enrolment]:
    """The enrolments of one person: who goes first comes first."""
    taken = checked(enrolments)
    if len({each.lead.id for each in taken}) > 1:
        got = "those of several"
        raise InvalidValue(expected="enrolments of one lead", got=got, where="enrolments")
    return sorted(taken, key=lambda each: (-each.cadence.priority, each.at, each.cadence.name))


def plan_together(
    enrolments: Iterable[Enrolment],
    *,
    policy: ContactPolicy | None = None,
    history: Iterable[LeadEvent] = (),
    sent: Iterable[SentTouch | str] = (),
    consents: Iterable[ConsentRecord] | None = None,
    subscriber: Subscriber | str = Subscriber.UNKNOWN,
    now: datetime | None = None,
    until: datetime | None = None,
) -> Plan:
    """
    Plan all cadences of one person under one policy.

    The cadence of the highest priority, then the one that began first, is planned as if it were
    alone; the others take the room that the caps leave, and say that they gave way.

    Args:
        enrolments: Of one lead.
        policy: At which hours and how often anybody is contacted.
        history, sent, consents, subscriber, now, until: As for :meth:`Cadence.plan`.

    Returns:
        One plan, by time.

    Raises:
        InvalidValue: Enrolments of several leads, or no end where a cadence has none.

    Example:
        >>> from datetime import UTC, datetime
        >>> from dateutil.relativedelta import relativedelta
        >>> from leadlib import Inquiry, Step, consolidate
        >>> from leadlib.nurture import Cap
        >>> monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> [ada] = consolidate([Inquiry(id="i-1", at=monday, source="web", mail="a@example.com")])
        >>> made = [
        ...     Enrolment(lead=ada, at=monday, zone=UTC, cadence=Cadence(
        ...         name, priority=rank, steps=[Step(send=name, after=relativedelta())]))
        ...     for name, rank in (("news", 0), ("trial", 1))
        ... ]
        >>> a_day = ContactPolicy(caps=[Cap(1, per=relativedelta(days=1))])
        >>> for touch in plan_together(made, policy=a_day):
        ...     print(touch.send, f"{touch.at:%d %B}", touch.why or "as wanted")
        trial 02 March as wanted
        news 03 March moved from 2026-03-02: another cadence goes first: at most 1 contact in 1 day
    """
    given = _Given.of(history, sent, consents, subscriber)
    until = None if until is None else _instants.aware(until, where="until")
    plans = [*_joint(of_one_lead(enrolments), policy, given, now=now, until=until)]
    touches = sorted((touch for plan in plans for touch in plan), key=lambda touch: touch.at)
    return Plan(touches=touches, zone=plans[0].zone) if plans else Plan(touches=touches)


@attrs.frozen
class _Given:
    """What is known of one person, checked."""

    history: tuple[LeadEvent, ...]
    sent: tuple[SentTouch | str, ...]
    consents: tuple[ConsentRecord, ...] | None
    subscriber: Subscriber | str

    @classmethod
    def of(
        cls,
        history: Iterable[LeadEvent],
        sent: Iterable[SentTouch | str],
        consents: Iterable[ConsentRecord] | None,
        subscriber: Subscriber | str,
    ) -> "_Given":
        return cls(as_events(history), as_sent(sent), as_records(consents), subscriber)


def _joint(
    enrolments: Sequence[Enrolment],
    policy: ContactPolicy | None,
    given: _Given,
    *,
    now: datetime | None,
    until: datetime | None,
) -> Iterator[Plan]:
    """
    The plan of each cadence, in the room that those before it leave.

    What is planned beyond the end takes room before it, too: so those that go first are planned
    further, by the longest period of a cap for each that follows.
    """
    known = {touch.id for touch in given.sent if isinstance(touch, SentTouch)}
    taken: tuple[Touch, ...] = ()
    for behind, each in zip(range(len(enrolments) - 1, -1, -1), enrolments, strict=True):
        case = case_of(
            each.lead,
            each.at,
            zone=each.zone,
            policy=policy,
            history=given.history,
            sent=given.sent,
            consents=given.consents,
            subscriber=given.subscriber,
        )
        case = attrs.evolve(case, taken=taken)
        further = None if until is None else min(until + behind * _longest(policy), _LAST)
        plan = plan_of(each.cadence, case, policy, now=now, until=further)
        yield attrs.evolve(plan, touches=[t for t in plan if until is None or t.at < until])
        taken += tuple(touch for touch in plan if _takes_room(touch, known))


def _takes_room(touch: Touch, known: Collection[str]) -> bool:
    """What is planned, and what went out but is not known as a contact with its instant."""
    unrecorded = touch.state is TouchState.SENT and touch.id not in known
    return touch.state is TouchState.PLANNED or unrecorded


def due_together(
    enrolments: Iterable[Enrolment],
    *,
    now: datetime,
    policy: ContactPolicy | None = None,
    history: Iterable[LeadEvent] = (),
    sent: Iterable[SentTouch | str] = (),
    consents: Iterable[ConsentRecord] | None = None,
    subscriber: Subscriber | str = Subscriber.UNKNOWN,
) -> tuple[Touch, ...]:
    """
    Give what to send to one person now, over all its cadences, within the caps.

    Args:
        enrolments: Of one lead; the highest priority is asked first.
        now: The instant of sending.
        policy: At which hours and how often anybody is contacted.
        history, sent, consents, subscriber: As for :meth:`Cadence.due`.

    Returns:
        Of each cadence what is planned for now by :func:`plan_together`, in the order of sending;
        one touch of a cadence at a time.
    """
    now, _ = _instants.aware(now, where="now"), laws_of(policy)  # which checks it
    given = _Given.of(events_until(history, now), sent, consents, subscriber)
    present = [each for old in of_one_lead(enrolments) if (each := _known_by(old, now)) is not None]
    until = min(now, _LAST) + _instants.MICROSECOND  # itself included
    due: list[Touch] = []
    for plan in _joint(present, policy, given, now=now, until=until):
        due += plan.planned[:1]
    return tuple(due)


def _known_by(enrolment: Enrolment, now: datetime) -> Enrolment | None:
    """With what was known of the lead by then; None if that is nothing."""
    known = enrolment.lead.known_by(now)
    return None if known is None else attrs.evolve(enrolment, lead=known)


def _longest(policy: ContactPolicy | None) -> timedelta:
    """The longest period of a cap, and a day for the clocks."""
    caps = () if policy is None else policy.all_caps
    return max((cap.micros for cap in caps), default=0) * _instants.MICROSECOND + _DAY
