"""
The events of a lead: what happened, in past participles.

What a move requires sits in its event: a hand-back cannot be built without a reason, a lead cannot
be called qualified without a certificate.  Do not subclass the concrete events; derive from
:class:`LeadEvent` for moves of your own.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

import attrs

from leadlib import _fields, _text
from leadlib.errors import InvalidValue, NotCertifiable
from leadlib.model import Certificate

__all__ = [
    "Accepted",
    "Attempted",
    "Deferred",
    "Disqualified",
    "DisqualifyReason",
    "HandedBack",
    "HandedOff",
    "Inquired",
    "LeadEvent",
    "Lost",
    "OpportunityOpened",
    "Qualified",
    "Quoted",
    "Rejected",
    "Reopened",
    "ReturnReason",
    "SalesQualified",
    "Triaged",
    "Won",
]


class ReturnReason(StrEnum):
    """
    Why sales rejects a lead or hands it back.

    Example:
        >>> ReturnReason("timing").name
        'TIMING'
    """

    NOT_QUALIFIED = "not qualified"
    WRONG_PERSON = "wrong person"
    BAD_DATA = "bad data"
    DUPLICATE = "duplicate"
    TIMING = "timing"
    NO_BUDGET = "no budget"
    NO_CONTACT = "no contact"
    NO_FOLLOW_UP = "no follow-up"
    CALLBACK_MISSED = "callback missed"
    WRONG_TERRITORY = "wrong territory"
    CAPACITY = "capacity"


class DisqualifyReason(StrEnum):
    """
    Why a lead is ruled out for good.

    Example:
        >>> DisqualifyReason("competitor").name
        'COMPETITOR'
    """

    NO_NEED = "no need"
    OUT_OF_ICP = "out of ideal customer profile"
    COMPETITOR = "competitor"
    STUDENT_OR_JOB_SEEKER = "student or job seeker"
    SPAM = "spam"
    EXISTING_CUSTOMER = "existing customer"
    NOT_SERVED = "not served"
    OPT_OUT_ALL = "opted out of everything"


_Reason = TypeVar("_Reason", bound=StrEnum)


def _return_reason(value: object) -> ReturnReason:
    return _reason(ReturnReason, value)


def _disqualify_reason(value: object) -> DisqualifyReason:
    return _reason(DisqualifyReason, value)


def _reason(kind: type[_Reason], value: object) -> _Reason:
    for reason in kind:
        if value == reason:
            return reason
    legal = [reason.value for reason in kind]
    got = _text.kind_of(value)
    raise InvalidValue(expected="a reason", got=got, legal=legal)


def _is_count(_: object, __: object, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise InvalidValue(expected="a whole number", got=_text.kind_of(value), where="$.seq")


_LARGEST = 2**53


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class LeadEvent:
    """
    Something that happened to one lead.

    Args:
        lead: The id of the lead.
        at: When it happened; aware, kept in UTC.
        seq: The order among events of one instant; your store gives it.
        by: Who did it.
    """

    lead: str = attrs.field(converter=_fields.identifier)
    at: datetime = attrs.field(converter=_fields.instant)
    seq: int = attrs.field(default=0, validator=_is_count)
    by: str | None = attrs.field(default=None, converter=_fields.words, repr=False)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Inquired(LeadEvent):
    """A response was captured; it is an inquiry, not a lead."""

    inquiry: str | None = attrs.field(default=None, converter=_fields.words)


class Triaged(LeadEvent):
    """Marketing began to qualify."""

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
    if not certificate.is_valid(event.at):
        valid = f"{certificate.at.isoformat()} to {certificate.expires.isoformat()}"
        got = f"one valid from {valid}"
        expected = f"a certificate that holds at {event.at.isoformat()}"
        raise NotCertifiable(expected=expected, got=got, where="$.certificate")


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Qualified(LeadEvent):
    """The lead passed the agreed definition; the certificate proves it."""

    certificate: Certificate = attrs.field(validator=_proves)


class Deferred(LeadEvent):
    """Not ready yet: into nurture."""

    __slots__ = ()


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class HandedOff(LeadEvent):
    """Marketing offered a certified lead to sales, with a brief."""

    certificate: Certificate = attrs.field(validator=_proves)
    to: str = attrs.field(converter=_fields.identifier, repr=False)
    brief: str = attrs.field(converter=_fields.identifier)


class Accepted(LeadEvent):
    """Sales took the lead."""

    __slots__ = ()


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Rejected(LeadEvent):
    """Sales refused the lead, and says why."""

    reason: ReturnReason = attrs.field(converter=_return_reason)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class HandedBack(LeadEvent):
    """Sales returned the lead to marketing, and says why."""

    reason: ReturnReason = attrs.field(converter=_return_reason)
    note: str | None = attrs.field(default=None, converter=_fields.words, repr=False)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Attempted(LeadEvent):
    """A human tried to reach the lead; automatic mail does not count."""

    channel: str = attrs.field(default="phone", converter=_fields.identifier)


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


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class OpportunityOpened(LeadEvent):
    """There is a deal with an amount."""

    amount: Decimal = attrs.field(validator=_is_amount)
    currency: str = attrs.field(converter=_fields.identifier)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Quoted(LeadEvent):
    """A priced offer went out."""

    quote: str = attrs.field(converter=_fields.identifier)


class Won(LeadEvent):
    """The lead became a customer."""

    __slots__ = ()


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Lost(LeadEvent):
    """The deal was lost, and sales says why."""

    reason: str = attrs.field(converter=_fields.identifier, repr=False)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Disqualified(LeadEvent):
    """Ruled out with a reason: as valuable as ruling in (seed 004)."""

    reason: DisqualifyReason = attrs.field(converter=_disqualify_reason)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Reopened(LeadEvent):
    """New evidence revived a disqualified lead."""

    evidence: str = attrs.field(converter=_fields.identifier, repr=False)
