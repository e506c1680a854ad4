"""Why sales gives a lead back, and why a lead is ruled out: codes, so that they can be counted."""

from enum import StrEnum
from typing import TypeVar

from leadlib import _text
from leadlib.errors import InvalidValue

__all__ = ["DisqualifyReason", "ReturnReason", "disqualify_reason", "return_reason"]


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


def return_reason(value: object) -> ReturnReason:
    return _reason(ReturnReason, value)


def disqualify_reason(value: object) -> DisqualifyReason:
    return _reason(DisqualifyReason, value)


def _reason(kind: type[_Reason], value: object) -> _Reason:
    for reason in kind:
        if value == reason:
            return reason
    legal = [reason.value for reason in kind]
    got = _text.kind_of(value)
    raise InvalidValue(expected="a reason", got=got, legal=legal)
