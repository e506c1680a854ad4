"""Touches: one contact with one lead, planned, and what went out."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import attrs

from leadlib import _fields
from leadlib._channels import as_channel
from leadlib.model import Purpose

__all__ = [
    "SentTouch",
    "Touch",
    "TouchReason",
    "TouchState",
    "as_purpose",
    "is_marketing",
    "touch_id",
]


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
    SENT = "sent"


class TouchReason(StrEnum):
    """
    Why a touch was moved, held or cancelled.

    Example:
        >>> print(TouchReason.CAP)
        enough contacts already
    """

    HOUR_PASSED = "hour had passed"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    QUIET = "quiet hours"
    LATE = "not sent in time"
    ORDER = "not before the step before it"
    CAP = "enough contacts already"
    PRIORITY = "another cadence goes first"
    RESUMED = "sales had the lead"
    WISH = "asked to hear later"
    CONDITION = "not known to hold"
    WAITS = "has not happened yet"
    WAITED = "happened later"
    ANSWERED = "has happened already"
    HAND_OFF = "sales has the lead"
    OPT_OUT = "opted out"
    ERASED = "erased"
    GOAL = "goal reached"
    EXIT = "the cadence has ended"
    CONSENT = "no consent"
    SUPPRESSED = "suppressed"
    PASSED_OVER = "a later one takes its place"
    NO_DAY = "no allowed day"


_Reasons = tuple[TouchReason, ...]


@attrs.frozen(kw_only=True, repr=False)
class Touch:
    """
    One contact with one lead, planned.

    Args:
        id: The same for the same lead, cadence, step and enrolment, for ever: send each id once.
        lead, cadence, send, channel, purpose: To whom, from what, what, how, what for.
        at: When, in UTC; of a sent one, when it went out.
        state: Planned; held while something is missing; cancelled for good; sent.
        reasons: Why it was moved, held or cancelled, in the order in which they came up.
        why: The same in words.
        owner: Who does it, where a person does.
    """

    id: str
    lead: str
    cadence: str
    send: str
    channel: str
    at: datetime
    state: TouchState = TouchState.PLANNED
    reasons: _Reasons = ()
    why: str = ""
    purpose: Purpose = Purpose.MARKETING
    owner: str | None = None

    def __repr__(self) -> str:
        return f"<Touch {self.send!r} to {self.lead}, {self.state} {self.at:%Y-%m-%d %H:%M} UTC>"

    def __str__(self) -> str:
        moment = f"{self.send!r} by {self.channel}, {self.state} {self.at:%Y-%m-%d %H:%M} UTC"
        return f"{moment} ({self.why})" if self.why else moment

    @property
    def is_moved(self) -> bool:
        """Whether it is planned for another instant than its step asked for."""
        return self.state is TouchState.PLANNED and bool(self.reasons)

    def sent(self, *, at: datetime) -> "SentTouch":
        """Give what to remember once it went out: the answer to every later plan."""
        return SentTouch(id=self.id, lead=self.lead, at=at, **_what(self))

    def to_dict(self) -> dict[str, Any]:
        """The touch as plain data."""
        return {
            "id": self.id,
            "lead": self.lead,
            **_what(self),
            "purpose": self.purpose.value,
            "at": self.at.isoformat(),
            "state": self.state.value,
            "reasons": [reason.name.lower() for reason in self.reasons],
            "why": self.why,
            "owner": self.owner,
        }


def _what(touch: Touch) -> dict[str, Any]:
    return {name: getattr(touch, name) for name in ("cadence", "send", "channel", "purpose")}


def as_purpose(value: object) -> Purpose:
    """What a contact is for, given as such or by its word."""
    return _fields.member(Purpose, value, expected="a purpose", where="$.purpose")


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class SentTouch:
    """
    A touch that went out; your store keeps it beside the events of the lead.

    Args:
        id: The id of the touch.
        lead, cadence, send, channel, purpose: As of the touch; after a merge, the lead is the one
            that goes on.
        at: When it went out.

    Example:
        >>> from datetime import UTC, datetime
        >>> SentTouch(id="t-1", lead="i-1", cadence="welcome", send="case study", channel="mail",
        ...           at=datetime(2026, 3, 2, 10, tzinfo=UTC)).purpose.value
        'marketing'
    """

    id: str = attrs.field(converter=_fields.identifier)
    lead: str = attrs.field(converter=_fields.identifier)
    cadence: str = attrs.field(converter=_fields.identifier)
    send: str = attrs.field(converter=_fields.identifier)
    channel: str = attrs.field(converter=as_channel)
    at: datetime = attrs.field(converter=_fields.instant)
    purpose: Purpose = attrs.field(default=Purpose.MARKETING, converter=as_purpose)


class _Contact(Protocol):
    @property
    def purpose(self) -> Purpose: ...


def is_marketing(contact: _Contact) -> bool:
    """Or else what the person asked for, a confirmation, or service: another kind of contact."""
    return contact.purpose is Purpose.MARKETING


def touch_id(lead: str, cadence: str, send: str, enrolled: datetime, time: str | None) -> str:
    """
    The id of a touch, out of what it means; *time* tells the times of a recurring step apart.
    """
    key = f"{lead}\0{cadence}\0{send}\0{enrolled.isoformat()}"
    key = key if time is None else f"{key}\0{time}"
    return hashlib.sha256(key.encode()).hexdigest()[:24]
