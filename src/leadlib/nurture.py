"""
Nurture: a drip is a plan, and a plan is data.

A :class:`Cadence` says what follows when; :meth:`Cadence.plan` turns it into touches for one lead,
with stable ids and real instants, and :meth:`Cadence.due` asks again at the moment of sending.
Sending, and the content, is the application's.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from enum import StrEnum

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _instants, _text, limits
from leadlib._nurture.experiments import HOLDOUT, Experiment
from leadlib._nurture.laws import (
    CallHours,
    ConsentRule,
    Law,
    LegalCap,
    MessagePart,
    Subscriber,
)
from leadlib._nurture.packs import (
    ANYWHERE,
    BULK_SENDERS,
    CAN_SPAM,
    CASL,
    CCPA,
    CNIL,
    EPRIVACY,
    FLORIDA,
    GDPR,
    LAWS,
    OKLAHOMA,
    PECR,
    SPAM_ACT,
    TCPA,
    TCPA_REVOCATION,
    TSR,
    UK_GDPR,
    UWG,
    WASHINGTON,
    laws_for,
)
from leadlib._nurture.responses import Response, ResponseKind, opt_outs, with_responses
from leadlib._nurture.strictest import Laws, strictest
from leadlib._nurture.suppression import SuppressionList
from leadlib._nurture.templates import Filled, MessageForm, Template, merge_values
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.lifecycle import HAND_OFFS, Disqualified, Erased, LeadEvent, Merged, OptedOut, Won
from leadlib.model import Lead
from leadlib.qualification import Criterion, LeadDefinition, Outcome
from leadlib.worktime import WorkCalendar

__all__ = [
    "ANYWHERE",
    "BULK_SENDERS",
    "CAN_SPAM",
    "CASL",
    "CCPA",
    "CNIL",
    "Cadence",
    "CallHours",
    "ConsentRule",
    "EPRIVACY",
    "Experiment",
    "FLORIDA",
    "Filled",
    "GDPR",
    "HOLDOUT",
    "LAWS",
    "Law",
    "Laws",
    "LegalCap",
    "MessageForm",
    "MessagePart",
    "OKLAHOMA",
    "PECR",
    "Response",
    "ResponseKind",
    "SPAM_ACT",
    "Step",
    "Subscriber",
    "SuppressionList",
    "TCPA",
    "TCPA_REVOCATION",
    "TSR",
    "Template",
    "Touch",
    "TouchState",
    "UK_GDPR",
    "UWG",
    "WASHINGTON",
    "laws_for",
    "merge_values",
    "opt_outs",
    "strictest",
    "with_responses",
]

_ONE_DAY = timedelta(days=1)
_ENDS = (*HAND_OFFS, Disqualified, Won, OptedOut, Merged, Erased)
_SEARCHED = 3_660
_ANCHOR = date(2026, 1, 1)  # only to compare calendar delays
_LONGEST = relativedelta(years=10)
_MOST_DAYS, _MOST_MONTHS = 3_660, 120


def _as_name(value: object) -> str:
    return _text.clean(value, where="name", limit=limits.ID_CHARACTERS)


def _as_delay(value: object) -> relativedelta:
    """
    Whole days, months and years only.

    With hours in it a day becomes a date-time, which no holiday equals; an absolute part such as
    ``weekday`` is a date and no delay.
    """
    if not isinstance(value, relativedelta):
        raise InvalidValue(expected=_DELAY, got=_text.kind_of(value), where="after")
    days: object = value.days  # a float is let in by dateutil
    if not isinstance(days, int) or value != relativedelta(
        years=value.years, months=value.months, days=days
    ):
        raise InvalidValue(expected=_DELAY, got="one with other parts", where="after")
    months = 12 * value.years + value.months
    far = abs(days) > _MOST_DAYS or abs(months) > _MOST_MONTHS  # beyond the years of any date
    if far or _ANCHOR + value > _ANCHOR + _LONGEST:
        raise InvalidValue(expected="a delay of at most ten years", got="a longer", where="after")
    return value


_DELAY = "a relativedelta of whole days, weeks, months and years"


@attrs.frozen(kw_only=True)
class Step:
    """
    One contact of a cadence.

    Args:
        send: What to send; leadlib does not look inside.
        after: How long after the enrolment, by the calendar: a month after 31 January is 28
            February.  Days, weeks, months and years, at most ten of them; the hour is that of the
            cadence.
        channel: ``mail``, ``phone``, ``post``, ``invitation``.
        only_if: Sent only to leads of which this is known to hold.

    Raises:
        InvalidValue: The delay has hours or absolute parts, or is beyond ten years.
    """

    send: str = attrs.field(converter=_as_name)
    after: relativedelta = attrs.field(converter=_as_delay)
    channel: str = attrs.field(default="mail", converter=_as_name)
    only_if: Criterion | None = None


class TouchState(StrEnum):
    """
    What becomes of a planned touch.

    Example:
        >>> print(TouchState.HELD)
        held
    """

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


@attrs.frozen(kw_only=True, repr=False)
class Touch:
    """
    One contact with one lead, planned.

    Args:
        id: The same for the same lead, cadence, step and enrolment, for ever: send each id once.
        lead, cadence, send, channel: To whom, from what, what, how.
        at: When, in UTC.
        state: Planned; held while a condition is not met; cancelled by an event.
        why: The reason, wherever a touch was moved, held or cancelled.
    """

    id: str
    lead: str
    cadence: str
    send: str
    channel: str
    at: datetime
    state: TouchState = TouchState.PLANNED
    why: str = ""

    def __repr__(self) -> str:
        return f"<Touch {self.send!r} to {self.lead}, {self.state} {self.at:%Y-%m-%d %H:%M} UTC>"

    def __str__(self) -> str:
        moment = f"{self.send!r} by {self.channel}, {self.state} {self.at:%Y-%m-%d %H:%M} UTC"
        return f"{moment} ({self.why})" if self.why else moment


def _as_steps(steps: Iterable[Step]) -> tuple[Step, ...]:
    taken = tuple(steps)
    for step in taken:
        _check_step(step)
    if not 0 < len(taken) <= limits.TOUCHES:
        got = str(len(taken))
        raise InvalidValue(expected=f"1 to {limits.TOUCHES} steps", got=got, where="steps")
    return taken


def _check_step(step: object) -> None:
    if not isinstance(step, Step):
        raise InvalidValue(expected="steps", got=_text.kind_of(step), where="steps")


@attrs.frozen
class Cadence:
    """
    A rhythm of contacts: steps, the local hour they go out, and the events that end it.

    A step that falls on a closed day goes out on the next open one, so several steps may land on
    the same day: Saturday's, Sunday's and Monday's after a weekend.  Spacing them is the job of
    caps on contacts, which a later version brings.

    Args:
        name: Such as ``welcome``; part of every touch id.
        steps: Each anchored on the day of enrolment, so that no delay drifts.
        calendar: The days on which anything is sent at all, and the zone.
        at: The local time of sending.
        ends_on: Events after which nothing more is sent: once sales has the lead, marketing is
            quiet, and whoever opted out gets nothing more.

    Raises:
        InvalidValue: Steps go back in time, two are alike, or there are none.

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

    name: str = attrs.field(converter=_as_name)
    steps: tuple[Step, ...] = attrs.field(kw_only=True, converter=_as_steps)
    calendar: WorkCalendar = attrs.field(kw_only=True, factory=WorkCalendar)
    at: time = attrs.field(kw_only=True, default=time(10))
    ends_on: tuple[type[LeadEvent], ...] = attrs.field(kw_only=True, default=_ENDS, converter=tuple)

    def __attrs_post_init__(self) -> None:
        if len({step.send for step in self.steps}) != len(self.steps):
            raise InvalidValue(expected="steps that differ in what they send", got="two alike")
        delays = [_ANCHOR + step.after for step in self.steps]
        if delays != sorted(delays) or delays[0] < _ANCHOR:
            raise InvalidValue(expected="steps in order of time", got="one that goes back")

    def plan(
        self, lead: Lead, *, enrolled: datetime, history: Iterable[LeadEvent] = ()
    ) -> tuple[Touch, ...]:
        """
        Plan every touch for one lead.

        Args:
            lead: Conditions of steps are asked of what is known about it.
            enrolled: When the lead came in; no touch is earlier.
            history: What has happened to the lead; an ending event cancels what would come after.

        Returns:
            One touch for each step, none before the one before it, with the reason where it was
            moved, held or cancelled.
        """
        enrolled = _instants.aware(enrolled, where="enrolled")
        ended = self._ended(lead, enrolled, history)
        return tuple(
            self._touch(step, lead, enrolled, moment, ended)
            for step, moment in zip(self.steps, self._moments(enrolled), strict=True)
        )

    def due(
        self,
        lead: Lead,
        *,
        enrolled: datetime,
        now: datetime,
        history: Iterable[LeadEvent] = (),
        sent: Iterable[str] = (),
    ) -> tuple[Touch, ...]:
        """
        Give the touches to send now: planned, their time has come, and not sent yet.

        Args:
            lead, enrolled, history: As for :meth:`plan`.
            now: The instant of sending.
            sent: The ids of touches that went out.
        """
        now, done = _instants.aware(now, where="now"), set(sent)
        happened = [event for event in history if event.at <= now]
        return tuple(
            touch
            for touch in self.plan(lead, enrolled=enrolled, history=happened)
            if touch.state is TouchState.PLANNED and touch.at <= now and touch.id not in done
        )

    def _ended(
        self, lead: Lead, enrolled: datetime, history: Iterable[LeadEvent]
    ) -> LeadEvent | None:
        """The first event after the enrolment that ends the cadence for this lead."""
        ends = [
            event
            for event in history
            if event.lead == lead.id and event.at >= enrolled and self._is_end(event)
        ]
        return min(ends, key=lambda event: (event.at, event.seq), default=None)

    def _is_end(self, event: LeadEvent) -> bool:
        """An opt-out of a channel that no step goes by ends nothing."""
        if isinstance(event, OptedOut) and event.channel is not None:
            return OptedOut in self.ends_on and event.channel in {s.channel for s in self.steps}
        return isinstance(event, self.ends_on)

    def _touch(
        self,
        step: Step,
        lead: Lead,
        enrolled: datetime,
        moment: tuple[datetime, str],
        ended: LeadEvent | None,
    ) -> Touch:
        (at, why), state = moment, TouchState.PLANNED
        if step.only_if is not None and not _holds(step.only_if, lead):
            state, why = TouchState.HELD, f"not known to hold: {step.only_if}"
        if ended is not None and at >= ended.at:
            state, why = TouchState.CANCELLED, f"{type(ended).__name__} on {ended.at:%Y-%m-%d}"
        key = f"{lead.id}\0{self.name}\0{step.send}\0{enrolled.isoformat()}"
        return Touch(
            id=hashlib.sha256(key.encode()).hexdigest()[:24],
            lead=lead.id,
            cadence=self.name,
            send=step.send,
            channel=step.channel,
            at=at,
            state=state,
            why=why,
        )

    def _moments(self, enrolled: datetime) -> Iterator[tuple[datetime, str]]:
        """
        When each step goes out, and why then.

        A month may be shorter than 30 days, so delays in order do not mean days in order: a step
        waits for the one before it.
        """
        before = enrolled
        for step in self.steps:
            wanted = enrolled.astimezone(self.calendar.zone).date() + step.after
            at, why = self._moment(step, wanted, enrolled)
            if at < before:
                at, why = before, f"moved from {wanted}: not before the step before it"
            yield at, why
            before = at

    def _moment(self, step: Step, wanted: date, enrolled: datetime) -> tuple[datetime, str]:
        """
        The first open day from the wanted one on whose sending hour is not before the enrolment.
        """
        day, zone = wanted, self.calendar.zone
        for _ in range(_SEARCHED):
            at = _instants.placed(datetime.combine(day, self.at), zone)
            if self.calendar.is_open(day) and at >= enrolled:
                return at, "" if day == wanted else f"moved from {wanted}: {self._shut(wanted)}"
            day += _ONE_DAY
        raise LimitExceeded(expected="an open day within ten years", got="none", where=step.send)

    def _shut(self, day: date) -> str:
        return "hour had passed" if self.calendar.is_open(day) else "closed"


def _holds(condition: Criterion, lead: Lead) -> bool:
    """Only what is known to hold lets a step out: unknown is not yes, either."""
    return LeadDefinition("condition", condition).judge(lead).outcome is Outcome.QUALIFIED


for _room in (
    CallHours,
    ConsentRule,
    Experiment,
    Filled,
    Law,
    Laws,
    LegalCap,
    MessageForm,
    MessagePart,
    Response,
    ResponseKind,
    Subscriber,
    SuppressionList,
    Template,
    laws_for,
    merge_values,
    opt_outs,
    strictest,
    with_responses,
):
    _room.__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _room
