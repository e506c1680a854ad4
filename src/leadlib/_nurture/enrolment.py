"""Enrolment: who is let into a cadence."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import partial
from typing import Any

import attrs

from leadlib import _fields, _instants
from leadlib._nurture.cadence import Cadence
from leadlib._nurture.given import (
    as_records,
    as_sent,
    events_until,
    ids_of,
    laws_of,
    own_events,
)
from leadlib._nurture.happened import Happened, happened
from leadlib._nurture.laws import Subscriber
from leadlib._nurture.permits import Permit, permit_of
from leadlib._nurture.policy import ContactPolicy, as_zone
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import SentTouch, Touch, TouchReason, TouchState
from leadlib.lifecycle import LeadEvent
from leadlib.model import ConsentRecord, Lead
from leadlib.qualification import LeadDefinition, Outcome

__all__ = [
    "Enrolment",
    "NotEnrolled",
    "NotEnrolledReason",
    "checked",
    "enrol",
]


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
        sent: Iterable[SentTouch | str] | None = None,
        consents: Iterable[ConsentRecord] | None = None,
    ) -> bool:
        """
        Whether it still has something to send at an instant, permitted or not yet.

        Args:
            at: The instant; what happened later is not known.
            history: The events of the lead, any of which may have ended or paused it.
            policy: At which hours and how often anybody is contacted, which may make it last.
            sent: What the lead got; unless given, all that was planned for before.
            consents: What the person allowed and refused; an opt-in may have cleared an opt-out.
        """
        at = _instants.aware(at, where="at")
        known, laws = events_until(history, at), laws_of(policy)
        own = own_events(known, self.lead.id, ids_of(known, self.lead.id))
        records = as_records(consents)
        seen = _seen(self, own)
        permit = permit_of(None, records, own, Subscriber.UNKNOWN)
        if at < self.at or seen.erased or seen.ended or self._is_out(seen, permit, at):
            return False
        if self.cadence.is_endless:
            return True
        caps = policy if policy is None or laws is None else attrs.evolve(policy, laws=None)
        given: dict[str, Any] = {"history": known, "consents": records, "policy": caps}
        plan = partial(self.cadence.plan, self.lead, enrolled=self.at, zone=self.zone, **given)
        if sent is None:
            sent = [touch.id for touch in plan().planned if touch.at < at]
        return any(_is_open(touch, at) for touch in plan(sent=sent, now=at))

    def _is_out(self, seen: Happened, permit: Permit | None, at: datetime) -> bool:
        """Whether the person has said no to every step, and not taken it back."""

        def is_refused(step: Step) -> bool:
            if permit is None:
                end = seen.end_for(step)
                return end is not None and end.at <= _instants.micros(at)
            refusal = permit(step, at)
            return refusal is not None and refusal.state is TouchState.CANCELLED

        return all(map(is_refused, self.cadence.steps))


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
    A lead that was not let in: a value, for it is no mistake, and a false one.

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

    def __bool__(self) -> bool:
        return False

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
    sent: Iterable[SentTouch | str] | None = None,
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
        sent: What the lead got; unless given, all that was planned for before.
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
    got = None if sent is None else as_sent(sent)
    ids = ids_of(events, lead.id)
    said = own_events(events, lead.id, ids)
    own = [each for each in checked(enrolments) if each.at <= at and _is_of(each, lead, ids)]
    permit = permit_of(laws_of(policy), records, said, subscriber)

    def is_running(old: Enrolment) -> bool:
        return old.is_running(at, history=events, policy=policy, sent=got, consents=records)

    checks: tuple[Callable[[], NotEnrolled | None], ...] = (
        lambda: _ended(made, said, permit),
        lambda: _not_let_in(made),
        lambda: _already(made, own, is_running),
        lambda: _seen_before(made, own),
    )
    refused = (refusal for check in checks if (refusal := check()) is not None)
    return next(refused, made)


def _is_of(old: Enrolment, lead: Lead, ids: Collection[str]) -> bool:
    """Of this lead, or of one that has been merged into it."""
    forms, others = ({form.id for form in each.inquiries} for each in (old.lead, lead))
    return old.lead.id in ids or bool(forms & others)


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
