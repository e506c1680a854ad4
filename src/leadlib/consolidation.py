"""
Consolidation: every inquiry, wherever from, in exactly one lead (seed 003).

Two inquiries belong together if they share a mail address or a phone number, directly or through
others.  The answer depends on the set of inquiries only, never on their order.  A number that
serves many addresses is a switchboard, not a person, and joins nobody.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from leadlib._text import kind_of
from leadlib.errors import ConflictError, InvalidValue, MissingExtra, UnknownName
from leadlib.model import Inquiry, Lead

__all__ = ["consolidate", "mail_key", "phone_key"]

_SHARED_ABOVE = 3  # a number of more than three addresses: measured on contacts with known truth


def consolidate(inquiries: Iterable[Inquiry], *, region: str | None = None) -> tuple[Lead, ...]:
    """
    Gather inquiries into leads, one for each person, by normalised mail address or phone number.

    Args:
        inquiries: In any order; the same inquiry delivered twice counts once.
        region: Where national phone numbers are dialled, ``DE`` or ``US``: then ``030 123456`` and
            ``+49 30 123456`` are one number (needs ``leadlib[phone]``).  Without it, national
            numbers match national numbers only.

    Returns:
        Leads in the order of their first inquiry, whose id they take.

    Raises:
        ConflictError: Two different inquiries carry the same id.

    Source:
        Seed 003; requirement 003-32.  Runs in nearly linear time (union by pointers).

    Example:
        >>> from datetime import UTC, datetime
        >>> monday = datetime(2026, 3, 2, 9, tzinfo=UTC)
        >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com")
        >>> call = Inquiry(id="i-2", at=monday, source="fair", mail=" ADA@Example.com ")
        >>> consolidate([call, form])
        (<Lead i-1: 2 inquiries since 2026-03-02>,)
    """
    known = _by_id(inquiries)
    keys = _personal_keys(known, region)
    groups: dict[str, list[Inquiry]] = defaultdict(list)
    for inquiry, root in zip(known.values(), _roots(known, keys), strict=True):
        groups[root].append(inquiry)
    leads = (Lead(id=min(group, key=_first).id, inquiries=group) for group in groups.values())
    return tuple(sorted(leads, key=lambda lead: _first(lead.inquiries[0])))


def _first(inquiry: Inquiry) -> tuple[object, str]:
    return inquiry.at, inquiry.id


def _by_id(inquiries: Iterable[object]) -> dict[str, Inquiry]:
    known: dict[str, Inquiry] = {}
    for inquiry in inquiries:
        if not isinstance(inquiry, Inquiry):
            got = kind_of(inquiry)
            raise InvalidValue(expected="inquiries", got=got, where="inquiries")
        same = known.setdefault(inquiry.id, inquiry)
        if same is not inquiry and same != inquiry:
            raise ConflictError(
                expected="equal inquiries under one id", got="different ones", where=inquiry.id
            )
    return known


def _personal_keys(known: Mapping[str, Inquiry], region: str | None) -> dict[str, tuple[str, ...]]:
    """The mail and phone keys of each inquiry, without the numbers that belong to many."""
    numbers: dict[str, str] = {}
    addresses: dict[str, set[str]] = defaultdict(set)
    for inquiry in known.values():
        if inquiry.phone is not None:
            number = numbers[inquiry.id] = phone_key(inquiry.phone, region=region)
            if inquiry.mail is not None:
                addresses[number].add(mail_key(inquiry.mail))
    shared = {number for number, mails in addresses.items() if len(mails) > _SHARED_ABOVE}
    return {
        key: tuple(
            ([mail_key(inquiry.mail)] if inquiry.mail is not None else [])
            + ([numbers[key]] if key in numbers and numbers[key] not in shared else [])
        )
        for key, inquiry in known.items()
    }


def _roots(known: Iterable[str], keys: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The representative of each inquiry's group: disjoint sets with path halving."""
    above: dict[str, str] = {}

    def top(node: str) -> str:
        while above.setdefault(node, node) != node:
            above[node] = above[above[node]]
            node = above[node]
        return node

    nodes = [f"id:{key}" for key in known]
    for node, found in zip(nodes, keys.values(), strict=True):
        for key in found:
            above[top(node)] = top(key)
    return [top(node) for node in nodes]


def mail_key(mail: str) -> str:
    """
    The identity key of a mail address: trimmed and in ASCII lower case, nothing cleverer.

    Dots and plus signs stay: what a provider does with them is its secret, and a wrong merge is
    worse than a missed one.  Letters beyond ASCII keep their case, so that look-alikes never merge.

    Example:
        >>> mail_key(" JANE.DOE@ACME.example")
        'mail:jane.doe@acme.example'
    """
    mail = _checked(mail, "mail").strip()
    return f"mail:{mail.lower() if mail.isascii() else mail.translate(_ASCII_LOWER)}"


def _checked(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidValue(expected="text", got=kind_of(value), where=where)
    return value


_ASCII_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
_NO_DIGIT = re.compile(r"[^0-9]+")


def phone_key(phone: str, *, region: str | None = None) -> str:
    """
    The identity key of a phone number: its digits, international if they say so.

    Args:
        phone: As people write it: ``+49 (0)30 / 123456``, ``0049 30 123456``, ``030-123456``.
        region: A two-letter country for national numbers; needs ``leadlib[phone]``.  An extension
            is then part of the key: behind one number sit many people.

    Raises:
        InvalidValue: The number is not text.
        UnknownName: No such region.
        MissingExtra: A region was given and phonenumberslite is not installed.

    Example:
        >>> phone_key("+49 30 123456") == phone_key("0049 (0)30 123456")
        True
        >>> phone_key("030 123456")
        'phone:030123456'
    """
    phone = _checked(phone, "phone")
    return f"phone:{_digits(phone) if region is None else _with_region(phone, region)}"


def _digits(phone: str) -> str:
    digits = _NO_DIGIT.sub("", phone.replace("(0)", ""))
    if phone.lstrip(" (").startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def _with_region(phone: str, region: str) -> str:
    try:
        import phonenumbers  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        raise MissingExtra(
            expected="leadlib[phone], which reads national numbers", got="no phonenumbers"
        ) from None
    if not _is_text(region) or region not in phonenumbers.SUPPORTED_REGIONS:
        raise UnknownName(expected="a region such as DE", got=repr(region)[:16], where="region")
    try:
        number = phonenumbers.parse(phone, region)
    except phonenumbers.NumberParseException:
        return _digits(phone)
    plain = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else str(plain)


def _is_text(value: object) -> bool:
    """Asked of an argument that says so: callers without a type checker may say otherwise."""
    return isinstance(value, str)
