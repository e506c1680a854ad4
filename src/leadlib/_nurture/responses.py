"""Responses: what came back to a touch, told apart from what a mail program did by itself."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import attrs

from leadlib import _fields, limits
from leadlib.errors import ConflictError
from leadlib.lifecycle import Erased, LeadEvent, OptedOut
from leadlib.model import Inquiry, Lead, OptOut

__all__ = ["Response", "ResponseKind", "is_own_contact", "opt_outs", "with_responses"]


class ResponseKind(StrEnum):
    """
    What came back.

    An opened mail is no act of the person: programs open mails by themselves.

    Example:
        >>> print(ResponseKind.CLICKED)
        clicked
    """

    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    OPTED_OUT = "opted out"


def _as_kind(value: object) -> ResponseKind:
    return _fields.member(ResponseKind, value, expected="a kind of response", where="$.kind")


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Response:
    """
    What came back to one touch.

    Args:
        touch: The id of the touch.
        lead: The id of the lead.
        at: When.
        kind: What.
        topic: The topic that was clicked or asked about.

    Raises:
        InvalidValue: A value has the wrong form.
        UnknownName: No such kind.
    """

    touch: str = attrs.field(converter=_fields.identifier)
    lead: str = attrs.field(converter=_fields.identifier)
    at: datetime = attrs.field(converter=_fields.instant)
    kind: ResponseKind = attrs.field(converter=_as_kind)
    topic: str | None = attrs.field(default=None, converter=_fields.label)

    @property
    def is_interest(self) -> bool:
        """Whether it shows interest: a click or a reply."""
        return self.kind in {ResponseKind.CLICKED, ResponseKind.REPLIED}


_PASSIVE = ("open", "opened")
_REFUSALS = {ResponseKind.OPTED_OUT, ResponseKind.COMPLAINED}


def is_own_contact(contact: Inquiry | Response) -> bool:
    """Whether a contact came from the person: an inquiry, a click, a reply; never an open."""
    if isinstance(contact, Response):
        return contact.is_interest
    return contact.kind.lower() not in _PASSIVE


def opt_outs(events: Iterable[LeadEvent | Response]) -> tuple[OptOut, ...]:
    """
    Give the opt-outs that the log and the responses of a lead know of, as records of consent.

    Whoever opted out, or complained, gets no more marketing; who was erased gets nothing at all.
    A plan reads those of its history by itself; those of responses are given with the consents.

    Args:
        events: Of one lead, in any order: what happened to it, what came back from it, or both.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import OptedOut
        >>> said = OptedOut(lead="i-1", at=datetime(2026, 3, 5, tzinfo=UTC), channel="mail")
        >>> opt_outs([said])
        (<OptOut from marketing by mail, 2026-03-05>,)
    """
    found: list[OptOut] = []
    for event in _fields.all_of(LeadEvent | Response, events, "events or responses", "events"):
        if isinstance(event, Response):
            if event.kind in _REFUSALS:
                found.append(OptOut(at=event.at, how=event.kind.value))
        elif isinstance(event, OptedOut):
            found.append(OptOut(at=event.at, channel=event.channel))
        elif isinstance(event, Erased):
            found.append(OptOut(at=event.at, purpose=None))
    return tuple(found)


def with_responses(lead: Lead, responses: Iterable[Response]) -> Lead:
    """
    Give a lead that knows what its responses to touches say, so that the next brief shows it.

    Each click and each reply becomes an inquiry of its own, of the kind ``clicked`` or ``replied``,
    with the topic as its interest; opens, bounces and complaints say nothing about interests.
    Taken in twice, they count once.  See :func:`opt_outs` for what they say about consent.

    Args:
        lead: As it is.
        responses: Its own, in any order.

    Raises:
        ConflictError: One is of another lead.
        InvalidValue: Something is no response.

    Source:
        Seed 000: drip marketing collects the information that sales needs.

    Example:
        >>> from datetime import UTC, datetime
        >>> monday, friday = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 6, tzinfo=UTC)
        >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com")
        >>> ada = Lead(id="i-1", inquiries=[form])
        >>> click = Response(touch="t-2", lead="i-1", at=friday, kind="clicked", topic="CIP")
        >>> with_responses(ada, [click]).inquiries[-1]
        <Inquiry t-2 clicked 2026-03-06T00:00:00+00:00 CIP: clicked by nurture, 2026-03-06>
    """
    _fields.check_type(lead, Lead, "lead")
    known = {inquiry.id: inquiry for inquiry in lead.inquiries}
    for response in _fields.all_of(Response, responses, "responses", "responses"):
        _check_own(response, lead)
        if response.is_interest:
            told = _told(response, lead)
            known.setdefault(told.id, told)
    return attrs.evolve(lead, inquiries=known.values())


def _check_own(response: Response, lead: Lead) -> None:
    if response.lead != lead.id:
        expected, got = f"responses of lead {lead.id!r}", f"one of lead {response.lead!r}"
        raise ConflictError(expected=expected, got=got, where="responses")


def _told(response: Response, lead: Lead) -> Inquiry:
    """The inquiry that a response is; its id says which, so that it is known again."""
    name = f"{response.touch} {response.kind} {response.at.isoformat()}"
    topic = f" {response.topic}" if response.topic else ""
    if len(name + topic) > limits.ID_CHARACTERS:
        name, topic = sha256(f"{name}{topic}".encode()).hexdigest(), ""
    last = lead.inquiries[-1]
    return Inquiry(
        id=f"{name}{topic}",
        at=response.at,
        source="nurture",
        kind=response.kind.value,
        mail=last.mail,
        phone=last.phone,
        interests=(response.topic,) if response.topic else (),
    )
