"""Together: how the cadences of one person get along, planned and at the moment of sending."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import attrs

from leadlib import _instants
from leadlib._nurture.cadence import case_of, plan_of
from leadlib._nurture.enrolment import Enrolment, checked
from leadlib._nurture.given import Given, events_until, laws_of
from leadlib._nurture.laws import Subscriber
from leadlib._nurture.plan import Plan
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.touches import SentTouch, Touch, TouchState
from leadlib.errors import InvalidValue
from leadlib.lifecycle import LeadEvent
from leadlib.model import ConsentRecord

__all__ = ["due_together", "plan_together"]

_DAY = timedelta(days=1)
_LAST = _instants.LATEST - _instants.MICROSECOND


def _of_one_lead(enrolments: Iterable[Enrolment]) -> Sequence[Enrolment]:
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
        >>> from leadlib import Cadence, Inquiry, Step, consolidate
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
    given = Given.of(history, sent, consents, subscriber)
    until = None if until is None else _instants.aware(until, where="until")
    plans = [*_joint(_of_one_lead(enrolments), policy, given, now=now, until=until)]
    touches = sorted((touch for plan in plans for touch in plan), key=lambda touch: touch.at)
    return Plan(touches=touches, zone=plans[0].zone) if plans else Plan(touches=touches)


def _joint(
    enrolments: Sequence[Enrolment],
    policy: ContactPolicy | None,
    given: Given,
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
        case = case_of(each.lead, each.at, zone=each.zone, policy=policy, given=given)
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
    given = Given.of(events_until(history, now), sent, consents, subscriber)
    present = [
        each for old in _of_one_lead(enrolments) if (each := _known_by(old, now)) is not None
    ]
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
