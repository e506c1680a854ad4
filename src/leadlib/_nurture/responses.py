"""Responses: what came back to a touch, told apart from what a mail program did by itself."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import attrs

from leadlib import _fields
from leadlib.lifecycle import Erased, LeadEvent, OptedOut
from leadlib.model import Inquiry, OptOut

__all__ = ["Response", "ResponseKind", "is_own_contact", "opt_outs"]


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


def is_own_contact(contact: Inquiry | Response) -> bool:
    """Whether a contact came from the person: an inquiry, a click, a reply; never an open."""
    if isinstance(contact, Response):
        return contact.is_interest
    return contact.kind.lower() not in _PASSIVE


def opt_outs(events: Iterable[LeadEvent]) -> tuple[OptOut, ...]:
    """
    Give the opt-outs that the log of a lead knows of, for :func:`leadlib.model.permission`.

    Whoever opted out gets no more marketing; who was erased gets nothing at all.

    Args:
        events: Of one lead, in any order.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import OptedOut
        >>> said = OptedOut(lead="i-1", at=datetime(2026, 3, 5, tzinfo=UTC), channel="mail")
        >>> opt_outs([said])
        (<OptOut from marketing by mail, 2026-03-05>,)
    """
    found: list[OptOut] = []
    for event in events:
        _fields.check_type(event, LeadEvent, "events")
        if isinstance(event, OptedOut):
            found.append(OptOut(at=event.at, channel=event.channel))
        elif isinstance(event, Erased):
            found.append(OptOut(at=event.at, purpose=None))
    return tuple(found)
