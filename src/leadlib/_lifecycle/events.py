"""
The events of a lead: what happened, in past participles.

What a move requires sits in its event: a hand-back cannot be built without a reason, a lead cannot
be called qualified without a certificate.  Do not subclass the concrete events; derive from
:class:`LeadEvent` for moves of your own.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._channels import as_channel, as_channel_or_none
from leadlib._lifecycle.reasons import (
    DisqualifyReason,
    ReturnReason,
    disqualify_reason,
    return_reason,
)
from leadlib.errors import InvalidValue, NotCertifiable
from leadlib.model import Certificate

if TYPE_CHECKING:
    from leadlib._lifecycle.standing import Standing

__all__ = [
    "HAND_OFFS",
    "Accepted",
    "Attempted",
    "Banded",
    "CallbackScheduled",
    "Churned",
    "Deferred",
    "Disqualified",
    "Erased",
    "Escalated",
    "Expired",
    "HandedBack",
    "HandedOff",
    "Inquired",
    "LeadEvent",
    "Lost",
    "Merged",
    "OpportunityOpened",
    "OptedOut",
    "Overridden",
    "Parked",
    "PassedOn",
    "Qualified",
    "Quoted",
    "Reassigned",
    "Rejected",
    "Reopened",
    "Reviewed",
    "SalesQualified",
    "Triaged",
    "Won",
]

_LARGEST = 2**53
_LONGEST_CALL = 24 * 60  # minutes


def _whole(where: str, *, least: int, most: int) -> Any:
    """A validator: a whole number within bounds."""

    def check(_: object, __: object, value: object) -> None:
        if type(value) is int and least <= value <= most:
            return
        got = "one out of range" if type(value) is int else _text.kind_of(value)
        raise InvalidValue(expected="a whole number", got=got, where=where)

    return check


def _lead(value: object) -> str:
    """An id, without the call that would name the place of a fault that most do not have."""
    if _fields.is_plain(value):
        return value
    lead: str = _any_lead(value)
    return lead


def _at(value: Any) -> datetime:
    """Most are in UTC already, and events are made by the million."""
    if type(value) is datetime and value.tzinfo is UTC and _FIRST <= value.year <= _LAST:
        return value
    at: datetime = _any_at(value)
    return at


def _by(value: object) -> str | None:
    return None if value is None else _any_by(value)


_FIRST, _LAST = _instants.EARLIEST.year, _instants.LATEST.year - 1
_any_lead: Any = _fields.named("$.lead", _fields.identifier)
_any_at: Any = _fields.named("$.at", _fields.instant)
_any_by: Any = _fields.named("$.by", _fields.words)
_is_seq = _whole("$.seq", least=-_LARGEST, most=_LARGEST)


@attrs.frozen(kw_only=True, weakref_slot=False)
class LeadEvent:
    """
    Something that happened to one lead.

    Args:
        lead: The id of the lead.
        at: When it happened; aware, kept in UTC.
        seq: The order among events of one instant; your store gives it.
        by: Who did it.
    """

    lead: str = attrs.field(converter=_lead)
    at: datetime = attrs.field(converter=_at)
    seq: int = attrs.field(default=0, validator=_is_seq)
    by: str | None = attrs.field(default=None, converter=_by, repr=False)

    def objection(self, standing: "Standing") -> str | None:  # noqa: ARG002
        """
        Say what would be expected instead, if this cannot follow on what came before although the
        table knows the move.

        None if it can, which is the rule.  Events of your own may look at the standing: a pure
        function of it, in a few words without personal data, such as ``"a trial that has begun"``.
        """
        return None


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Inquired(LeadEvent):
    """A response was captured; it is an inquiry, not a lead."""

    inquiry: str | None = attrs.field(default=None, converter=_fields.words)


class Triaged(LeadEvent):
    """Marketing began to qualify."""

    __slots__ = ()


class Banded(LeadEvent):
    """The lead is in the band next to the best: close, and watched (seed 001)."""

    __slots__ = ()


def _proves(event: Any, _: object, certificate: Certificate) -> None:
    """A certificate must be of this lead and hold at this instant."""
    proof: object = certificate
    if not isinstance(proof, Certificate):
        got = _text.kind_of(proof)
        raise NotCertifiable(expected="a certificate", got=got, where="$.certificate")
    if certificate.lead != event.lead:
        got = f"one of lead {certificate.lead!r}"
        expected = f"a certificate of lead {event.lead!r}"
        raise NotCertifiable(expected=expected, got=got, where="$.certificate")
    if not certificate.at <= event.at < certificate.expires:
        valid = f"{certificate.at.isoformat()} to {certificate.expires.isoformat()}"
        got = f"one valid from {valid}"
        expected = f"a certificate that holds at {event.at.isoformat()}"
        raise NotCertifiable(expected=expected, got=got, where="$.certificate")


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Qualified(LeadEvent):
    """The lead passed the agreed definition; the certificate proves it."""

    certificate: Certificate = attrs.field(validator=_proves)

    @property
    def expires(self) -> datetime:
        """When the certificate ends."""
        return self.certificate.expires


class Expired(LeadEvent):
    """The certificate ran out before sales got the lead."""

    __slots__ = ()


def _optional_instant(value: object) -> datetime | None:
    return None if value is None else _fields.instant(value)


def _is_later(name: str) -> Any:
    """A validator: an instant after the event, or none."""

    def check(event: Any, _: object, value: datetime | None) -> None:
        if value is not None and value <= event.at:
            got, where = f"one at or before {event.at.isoformat()}", f"$.{name}"
            raise InvalidValue(expected="an instant after the event", got=got, where=where)

    return check


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Deferred(LeadEvent):
    """
    Not ready yet: into nurture.

    Args:
        not_before: When they want to hear from us again, if they said so.
    """

    not_before: datetime | None = attrs.field(
        default=None, converter=_optional_instant, validator=_is_later("not_before")
    )


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Parked(LeadEvent):
    """
    Not ready for long: into the pool that is kept informed, and says why (seed 004).

    Args:
        reason: Why.
        not_before: When they want to hear from us again, if they said so.
    """

    reason: str = attrs.field(converter=_fields.identifier, repr=False)
    not_before: datetime | None = attrs.field(
        default=None, converter=_optional_instant, validator=_is_later("not_before")
    )


class Reviewed(LeadEvent):
    """Somebody looked at a lead that waits, and left it where it is."""

    __slots__ = ()


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class HandedOff(LeadEvent):
    """Marketing offered a certified lead to sales, with a brief."""

    certificate: Certificate = attrs.field(validator=_proves)
    to: str = attrs.field(converter=_fields.identifier, repr=False)
    brief: str = attrs.field(converter=_fields.identifier)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class PassedOn(LeadEvent):
    """Marketing offered a named account to sales before it was certified (seed 001: marquee)."""

    account: str = attrs.field(converter=_fields.identifier, repr=False)
    to: str = attrs.field(converter=_fields.identifier, repr=False)
    brief: str = attrs.field(converter=_fields.identifier)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Overridden(LeadEvent):
    """Somebody let a lead pass that is not certified, and answers for it."""

    reason: str = attrs.field(converter=_fields.identifier, repr=False)
    approver: str = attrs.field(converter=_fields.identifier, repr=False)
    to: str = attrs.field(converter=_fields.identifier, repr=False)
    brief: str = attrs.field(converter=_fields.identifier)


HAND_OFFS = (HandedOff, PassedOn, Overridden)


class Accepted(LeadEvent):
    """Sales took the lead."""

    __slots__ = ()


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Rejected(LeadEvent):
    """Sales refused the lead, and says why."""

    reason: ReturnReason = attrs.field(converter=return_reason)
    note: str | None = attrs.field(default=None, converter=_fields.words, repr=False)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class HandedBack(LeadEvent):
    """
    Sales returned the lead to marketing, and says why.

    Args:
        reason: One of :class:`ReturnReason`.
        note: What marketing should know.
        not_before: The earliest instant at which sales wants it again: a wish, which the clocks of
            marketing keep, and no bar.
    """

    reason: ReturnReason = attrs.field(converter=return_reason)
    note: str | None = attrs.field(default=None, converter=_fields.words, repr=False)
    not_before: datetime | None = attrs.field(
        default=None, converter=_optional_instant, validator=_is_later("not_before")
    )


def _is_yes_no(_: object, __: object, value: object) -> None:
    if not isinstance(value, bool):
        got = _text.kind_of(value)
        raise InvalidValue(expected="yes or no", got=got, where="$.reached")


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Attempted(LeadEvent):
    """
    A human tried to reach the lead; automatic mail does not count.

    Args:
        channel: By what.
        reached: Whether it became a conversation: a contact, not only a touch.
        minutes: How long it took.
    """

    channel: str = attrs.field(default="phone", converter=as_channel)
    reached: bool = attrs.field(default=False, validator=_is_yes_no)
    minutes: int = attrs.field(
        default=0, validator=_whole("$.minutes", least=0, most=_LONGEST_CALL)
    )


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class CallbackScheduled(LeadEvent):
    """The prospect asked to be called at a later date (seed 004)."""

    due: datetime = attrs.field(converter=_fields.instant, validator=_is_later("due"))


class SalesQualified(LeadEvent):
    """Sales confirmed need, authority and timing in a conversation."""

    __slots__ = ()


def _is_amount(_: object, __: object, amount: Decimal) -> None:
    value: object = amount
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 < value < _LARGEST:
        got = _text.kind_of(value) if not isinstance(value, Decimal) else "one out of range"
        raise InvalidValue(expected="a Decimal above zero", got=got, where="$.amount")
    try:
        _fields.finite(value)
    except InvalidValue as fault:
        where = "$.amount"
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class OpportunityOpened(LeadEvent):
    """There is a deal with an amount."""

    amount: Decimal = attrs.field(validator=_is_amount)
    currency: str = attrs.field(converter=_fields.identifier)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Quoted(LeadEvent):
    """A priced offer went out."""

    quote: str = attrs.field(converter=_fields.identifier)


class Won(LeadEvent):
    """The lead became a customer."""

    __slots__ = ()


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Lost(LeadEvent):
    """The deal was lost, and sales says why."""

    reason: str = attrs.field(converter=_fields.identifier, repr=False)


class Churned(LeadEvent):
    """The customer ended it."""

    __slots__ = ()


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Disqualified(LeadEvent):
    """Ruled out with a reason: as valuable as ruling in (seed 004)."""

    reason: DisqualifyReason = attrs.field(converter=disqualify_reason)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Reopened(LeadEvent):
    """New evidence revived a disqualified lead."""

    evidence: str = attrs.field(converter=_fields.identifier, repr=False)

    def objection(self, standing: "Standing") -> str | None:
        """Whoever opted out of everything stays out, whatever the evidence."""
        ended = standing.last(Disqualified)
        for_good = ended is not None and ended.reason is DisqualifyReason.OPT_OUT_ALL
        outs = [event for event in standing.events if isinstance(event, OptedOut)]
        if for_good or any(event.channel is None for event in outs):
            return "one that did not opt out of everything"
        return None


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Reassigned(LeadEvent):
    """Another rep or queue has the lead; no clock starts anew."""

    to: str = attrs.field(converter=_fields.identifier, repr=False)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Escalated(LeadEvent):
    """
    A breach was put before somebody who can end it; no clock starts anew.

    Args:
        reason: Why.
        action: What was due, as the clock calls it: the queue then knows that it was told.
        to: To whom.
    """

    reason: str = attrs.field(converter=_fields.identifier, repr=False)
    action: str | None = attrs.field(default=None, converter=_fields.label)
    to: str | None = attrs.field(default=None, converter=_fields.label, repr=False)


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class OptedOut(LeadEvent):
    """The person wants no more messages of a channel, or of any."""

    channel: str | None = attrs.field(default=None, converter=as_channel_or_none)


def _is_other(event: Any, _: object, survivor: str) -> None:
    if survivor == event.lead:
        raise InvalidValue(expected="another lead", got="the same", where="$.into")


@attrs.frozen(kw_only=True, weakref_slot=False, field_transformer=_fields.placed)
class Merged(LeadEvent):
    """The lead was found to be another one, which goes on for both."""

    into: str = attrs.field(converter=_fields.identifier, validator=_is_other)


class Erased(LeadEvent):
    """The person asked to be forgotten; only what counts stays."""

    __slots__ = ()
