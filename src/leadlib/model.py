"""
The nouns: who asked what, and what is known about them.

An :class:`Inquiry` is what arrived, never changed.  A :class:`Lead` gathers all inquiries of one
person; it counts as a qualified lead only once a certificate says so (seed 003: "a lead isn't a
lead until it's been qualified").  A :class:`Fact` is a value with the inquiry that said it, a
:class:`Consent` a ground to contact the person, an :class:`OptOut` their no.

Values are frozen, instants are aware and kept in UTC, personal data never shows in a ``repr``.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._model.consent import (
    Basis,
    Consent,
    ConsentRecord,
    OptOut,
    Permission,
    PermissionReason,
    Purpose,
    SoftOptIn,
    permission,
)
from leadlib.errors import InvalidInquiry, InvalidValue, LeadlibError, NotCertifiable, UnknownName

__all__ = [
    "Basis",
    "Campaign",
    "Certificate",
    "Consent",
    "ConsentRecord",
    "Fact",
    "FactValue",
    "Inquiry",
    "Lead",
    "OptOut",
    "Permission",
    "PermissionReason",
    "Purpose",
    "SoftOptIn",
    "Team",
    "active_campaigns",
    "permission",
]

FactValue = str | bool | int | float | Decimal | date  # floats are kept as decimals
_ROUTES = ("mail", "phone")


class Team(StrEnum):
    """
    Who is accountable.

    Example:
        >>> Team("sales") is Team.SALES
        True
    """

    MARKETING = "marketing"
    SALES = "sales"
    BOTH = "both"


def _as_mail(value: object) -> str | None:
    if value is None:
        return None
    text = _text.clean(value, limit=254)  # RFC 5321: a path is 256 with its <>
    name, at, domain = text.rpartition("@")
    if not (name and at and domain) or any(mark in text for mark in " \t\r\n,;<>"):
        got = f"text of {len(text)} characters in another form"
        raise InvalidValue(expected="a mail address", got=got)
    return text


def _as_phone(value: object) -> str | None:
    if value is None:
        return None
    text = _text.clean(value, limit=64)
    if sum(letter in "0123456789" for letter in text) < _SHORTEST_PHONE:
        got = f"text of {len(text)} characters in another form"
        raise InvalidValue(expected="a phone number", got=got)
    return text


_SHORTEST_PHONE = 4


def _unreachable() -> InvalidValue:
    return InvalidValue(expected="a mail address or a phone number", got="neither", where="$.mail")


def _as_facts(facts: object) -> "_fields.FrozenDict[str, FactValue]":
    if not isinstance(facts, Mapping):
        raise InvalidValue(expected="a mapping", got=_text.kind_of(facts))
    flat = _flat(facts)
    _check_amount(len(flat), [value for _, value in flat if isinstance(value, str)])
    taken: dict[str, FactValue] = {}
    for name, value in flat:
        key = _fields.identifier(name)
        if key in taken:
            raise InvalidValue(expected="each fact once", got=f"{key!r} in two spellings")
        if value is not None:
            taken[key] = _fact_value(value, key)
    return _fields.FrozenDict(taken)


def _flat(facts: Mapping[Any, Any]) -> list[tuple[object, object]]:
    """
    Facts within facts under one name: ``{"company": {"size": 40}}`` is ``company.size``.
    """
    flat: list[tuple[object, object]] = []
    stack = [(name, value, 1) for name, value in [*facts.items()][::-1]]
    while stack:
        name, value, depth = stack.pop()
        if len(flat) > limits.FACTS:
            break
        if not isinstance(value, Mapping):
            flat.append((name, value))
        elif depth >= limits.FACT_DEPTH:
            expected = f"at most {limits.FACT_DEPTH} levels of facts"
            raise InvalidValue(expected=expected, got="more")
        else:
            inner = ((f"{name}.{key}", part) for key, part in [*value.items()][::-1])
            stack += [(key, part, depth + 1) for key, part in inner]
    return flat


def _check_amount(count: int, texts: Iterable[str]) -> None:
    """Bound what one inquiry can bring before any of it is normalised."""
    if count > limits.FACTS:
        raise InvalidValue(expected=f"at most {limits.FACTS}", got=f"{count}")
    if sum(map(len, texts)) > limits.INQUIRY_CHARACTERS:
        expected = f"at most {limits.INQUIRY_CHARACTERS:,} characters together"
        raise InvalidValue(expected=expected, got="more")


def _fact_value(value: object, name: str) -> FactValue:
    where = f"$.facts.{name}"
    try:
        if isinstance(value, str):
            return _text.clean(value)
        if isinstance(value, datetime):
            return _instants.aware(value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float | Decimal):
            return _fields.finite(value)
    except InvalidValue as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None
    if isinstance(value, date):
        return value
    expected = "text, a number, yes/no, a date or an instant"
    raise InvalidValue(expected=expected, got=_text.kind_of(value), where=where)


def _kept_apart(value: FactValue) -> tuple[bool, FactValue]:
    """A value to compare: yes is not 1, although Python says so."""
    return isinstance(value, bool), value


def _typed(facts: Mapping[str, FactValue]) -> dict[str, tuple[bool, FactValue]]:
    return {name: _kept_apart(value) for name, value in facts.items()}


def _as_interests(interests: object) -> tuple[str, ...]:
    if isinstance(interests, str) or not isinstance(interests, Iterable):
        raise InvalidValue(expected="a list of texts", got=_text.kind_of(interests))
    topics = list(interests)
    _check_amount(len(topics), [topic for topic in topics if isinstance(topic, str)])
    return tuple(_text.clean(topic) for topic in topics)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Inquiry:
    """
    One response of an interested party, as it arrived: a form, a call, a badge scan, a reply.

    Args:
        id: The id that your system gave it; two inquiries with one id must be equal.
        at: When it arrived; aware, kept in UTC.
        source: Where it came from: ``web form``, ``trade fair``, ``phone``.
        mail, phone, name: How to reach whom; at least a mail address or a phone number.
        kind: What they did: ``inquiry``, ``download``, ``call``, ``event badge``, ``reply``.
        campaign: The campaign that invoked it.
        interests: The topics they asked or read about, for the brief (seed 000).
        facts: What they said about themselves: field name to value; ``None`` means not said.  A
            mapping within is taken apart: its *size* within *company* is ``company.size``.

    Raises:
        InvalidValue: A value has the wrong form; the message names the argument, never the value.

    Example:
        >>> from datetime import UTC, datetime
        >>> Inquiry(id="i-1", at=datetime(2026, 3, 2, 9, tzinfo=UTC), source="web form",
        ...         mail="ada@example.com", facts={"need": "churn"})
        <Inquiry i-1: inquiry by web form, 2026-03-02>
    """

    id: str = attrs.field(converter=_fields.identifier)
    at: datetime = attrs.field(converter=_fields.instant)
    source: str = attrs.field(converter=_fields.identifier)
    mail: str | None = attrs.field(default=None, converter=_as_mail)
    phone: str | None = attrs.field(default=None, converter=_as_phone)
    name: str | None = attrs.field(default=None, converter=_fields.words)
    kind: str = attrs.field(default="inquiry", converter=_fields.identifier)
    campaign: str | None = attrs.field(
        default=None,
        converter=_fields.label,
    )
    interests: tuple[str, ...] = attrs.field(default=(), converter=_as_interests)
    facts: Mapping[str, FactValue] = attrs.field(
        factory=dict, converter=_as_facts, eq=_typed, hash=False
    )

    def __attrs_post_init__(self) -> None:
        if self.mail is None and self.phone is None:
            raise _unreachable()

    def __repr__(self) -> str:
        return f"<Inquiry {self.id}: {self.kind} by {self.source}, {self.at:%Y-%m-%d}>"

    @classmethod
    def parse(cls, raw: object) -> Self:
        """
        Take a raw mapping, such as a form or a row, whole or not at all.

        Instants may be ISO 8601 text with offset; blank text means not said.  Keys that are no
        argument of :class:`Inquiry` are refused: put what was asked under ``facts``.

        Raises:
            InvalidInquiry: With every fault of *raw*, each with its path.

        Example:
            >>> Inquiry.parse({"id": "i-3", "source": "fair", "mail": "ada", "at": "2026-03-02"})
            Traceback (most recent call last):
                ...
            leadlib.errors.InvalidInquiry: 2 faults in this inquiry:
            expected an ISO 8601 instant with offset, such as 2026-03-02T09:00:00+01:00, got a \
date without time and offset @ $.at
            expected a mail address, got text of 3 characters in another form @ $.mail
        """
        if not isinstance(raw, Mapping):
            got = _text.kind_of(raw)
            raise InvalidInquiry([InvalidValue(expected="a mapping", got=got, where="$")])
        faults: list[LeadlibError] = []
        said = dict(_named(raw, faults))
        taken = {}
        for field in attrs.fields(cls):
            if field.name in said or field.default is attrs.NOTHING:
                try:
                    taken[field.name] = _parsed(field, said.get(field.name))
                except LeadlibError as fault:
                    faults.append(fault)
        if not {"mail", "phone"} & said.keys():
            faults.append(_unreachable())
        if not faults:
            try:
                return cls(**taken)
            except LeadlibError as fault:
                faults.append(fault)
        raise InvalidInquiry(faults)

    def fact(self, name: str) -> "Fact | None":
        """What this inquiry said of *name*, or None if it said nothing."""
        if name not in self.facts:
            return None
        return Fact(name=name, value=self.facts[name], said_in=self.id, at=self.at)

    def to_dict(self) -> dict[str, Any]:
        """Give the arguments back, personal data included: ``Inquiry(**i.to_dict()) == i``."""
        return attrs.asdict(self, recurse=False) | {"facts": dict(self.facts)}


def _named(raw: Mapping[Any, object], faults: list[LeadlibError]) -> Iterator[tuple[str, object]]:
    """Yield what was said under names that an inquiry knows; the others are faults."""
    legal = [field.name for field in attrs.fields(Inquiry)]
    for name, value in raw.items():
        if name not in legal:
            shown = isinstance(name, str) and name.isidentifier() and len(name) < _SHOWABLE
            got = repr(name) if shown else "another name"
            faults.append(
                UnknownName(expected="a part of an inquiry", got=got, where="$", legal=legal)
            )
        elif value is not None and not (isinstance(value, str) and not value.strip()):
            yield name, value


_SHOWABLE = 64


def _parsed(field: "attrs.Attribute[Any]", value: object) -> object:
    if field.name == "at" and isinstance(value, str):
        try:
            return _instants.instant(value.strip())
        except InvalidValue as fault:
            raise InvalidValue(expected=fault.expected, got=fault.got, where="$.at") from None
    if value is None:
        expected = _instants.EXPECTED if field.name == "at" else "text"
        raise InvalidValue(expected=expected, got="nothing", where=f"$.{field.name}")
    converter: Any = field.converter
    return converter(value)


@attrs.frozen(kw_only=True, repr=False)
class Fact:
    """
    A value, who said it, and when.

    Example:
        >>> from datetime import UTC, datetime
        >>> print(Fact(name="staff", value=40, said_in="i-2", at=datetime(2026, 3, 6, tzinfo=UTC)))
        40, said in i-2 on 2026-03-06
    """

    name: str
    value: FactValue = attrs.field(eq=_kept_apart)
    said_in: str
    at: datetime

    def __repr__(self) -> str:
        return f"<Fact {self.name}, said in {self.said_in} on {self.at:%Y-%m-%d}>"

    def _shown(self) -> str:
        match self.value:
            case bool():
                return "yes" if self.value else "no"
            case str():
                return repr(self.value)
            case Decimal():
                return f"{self.value:f}"
            case date():
                return self.value.isoformat()
        return str(self.value)

    def __str__(self) -> str:
        return f"{self._shown()}, said in {self.said_in} on {self.at:%Y-%m-%d}"


def _in_order(inquiries: Iterable[Inquiry]) -> tuple[Inquiry, ...]:
    inquiries = tuple(inquiries)
    for inquiry in inquiries:
        _fields.check_type(inquiry, Inquiry, "inquiries")
    taken = tuple(sorted(inquiries, key=lambda inquiry: (inquiry.at, inquiry.id)))
    if not taken:
        raise InvalidValue(expected="at least one inquiry", got="none", where="inquiries")
    return taken


@attrs.frozen(kw_only=True, repr=False, slots=False, field_transformer=_fields.placed)
class Lead:
    """
    One person with all their inquiries; :func:`leadlib.consolidate` makes it.

    Args:
        id: The id of the lead; ``consolidate`` takes that of the first inquiry.
        inquiries: At least one, in any order; kept by time.

    A lead here is a candidate until it is certified: ask ``Standing.is_lead``.

    Example:
        >>> from datetime import UTC, datetime
        >>> form = Inquiry(id="i-1", at=datetime(2026, 3, 2, tzinfo=UTC), source="web form",
        ...                mail="ada@example.com", facts={"staff": 40})
        >>> Lead(id="i-1", inquiries=[form])
        <Lead i-1: 1 inquiry since 2026-03-02>
    """

    id: str = attrs.field(converter=_fields.identifier)
    inquiries: tuple[Inquiry, ...] = attrs.field(converter=_in_order)

    def __repr__(self) -> str:
        count = _text.plural(len(self.inquiries), "inquiry")
        return f"<Lead {self.id}: {count} since {self.inquiries[0].at:%Y-%m-%d}>"

    def __hash__(self) -> int:
        return hash(self.id)

    @cached_property
    def values(self) -> Mapping[str, FactValue]:
        """What is known now: field name to value; the latest inquiry that said it counts."""
        known: dict[str, FactValue] = {}
        for inquiry in self.inquiries:
            known.update(inquiry.facts)
        return _fields.FrozenDict(known)

    def __getstate__(self) -> dict[str, Any]:
        return {"id": self.id, "inquiries": self.inquiries}  # what can be made again stays out

    def fact(self, name: str) -> Fact | None:
        """The latest word on *name* with its provenance, or None if nobody has said it."""
        said = (inquiry.fact(name) for inquiry in reversed(self.inquiries))
        return next((fact for fact in said if fact is not None), None)

    @property
    def source(self) -> str:
        """The source of the first inquiry: who found this person."""
        return self.inquiries[0].source

    @property
    def campaign(self) -> str | None:
        """The first campaign that any inquiry names."""
        named = (inquiry.campaign for inquiry in self.inquiries if inquiry.campaign)
        return next(named, None)

    def known_by(self, at: datetime) -> Self | None:
        """
        The lead as it was at an instant: later inquiries are invisible; None before the first.
        """
        at = _instants.aware(at, where="at")
        earlier = [inquiry for inquiry in self.inquiries if inquiry.at <= at]
        return attrs.evolve(self, inquiries=earlier) if earlier else None


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Certificate:
    """
    The proof that a lead passed the agreed definition; ``Verdict.certify`` makes it.

    Args:
        lead: The id of the lead.
        definition: Name and version of the definition, ``sales-ready v3``.
        content_hash: The hash of the definition that both teams signed.
        by: Who certified.
        at: When; the certificate holds until *expires* (exclusive).
        evidence: The ids of the inquiries that it rests on.

    Example:
        >>> from datetime import UTC, datetime
        >>> march, april = datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)
        >>> proof = Certificate(lead="i-1", definition="sales-ready v1", content_hash="5d41",
        ...                     by="ana", at=march, expires=april)
        >>> proof.is_valid(april)
        False
    """

    lead: str = attrs.field(converter=_fields.identifier)
    definition: str = attrs.field(converter=_fields.identifier)
    content_hash: str = attrs.field(converter=_fields.identifier)
    by: str = attrs.field(converter=_fields.identifier, repr=False)
    at: datetime = attrs.field(converter=_fields.instant)
    expires: datetime = attrs.field(converter=_fields.instant)
    evidence: tuple[str, ...] = attrs.field(default=(), converter=_fields.identifiers)

    def __attrs_post_init__(self) -> None:
        if self.expires <= self.at:
            raise NotCertifiable(expected="an expiry after the certification", got="one before")

    def is_valid(self, at: datetime) -> bool:
        """Say whether the certificate holds at that instant."""
        return self.at <= _instants.aware(at, where="at") < self.expires


def _as_target(value: object) -> int | None:
    if value is None or (_fields.is_whole(value) and isinstance(value, int) and value > 0):
        return value
    raise InvalidValue(expected="a number of leads from 1 on", got=_text.kind_of(value))


def _as_instant(value: object) -> datetime | None:
    return None if value is None else _fields.instant(value)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Campaign:
    """
    The plan of a campaign: for whom, with what, by which definition, and how to follow up.

    Args:
        name: As inquiries name it.
        audience: Whom it addresses.
        offer: What it offers them.
        definition: Name and version of the lead definition that its leads are judged by.
        target: How many qualified leads it is to bring.
        guidance: How sales is to follow up (seed 001); the brief carries it.
        starts: The instant it begins.
        ends: The instant it is over; it is no longer active then.

    Example:
        >>> plan = Campaign(name="spring fair", audience="plant managers", offer="line audit",
        ...                 definition="sales-ready v3", target=100)
        >>> plan.missing
        ('guidance', 'starts', 'ends')
    """

    name: str = attrs.field(converter=_fields.identifier)
    audience: str | None = attrs.field(default=None, converter=_fields.words)
    offer: str | None = attrs.field(default=None, converter=_fields.words)
    definition: str | None = attrs.field(default=None, converter=_fields.label)
    target: int | None = attrs.field(default=None, converter=_as_target)
    guidance: str | None = attrs.field(default=None, converter=_fields.words)
    starts: datetime | None = attrs.field(default=None, converter=_as_instant)
    ends: datetime | None = attrs.field(default=None, converter=_as_instant)

    def __attrs_post_init__(self) -> None:
        if self.starts and self.ends and self.ends <= self.starts:
            raise InvalidValue(expected="an end after the start", got="another", where="$.ends")

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts of the plan that are not there yet (001-06)."""
        parts = (field.name for field in attrs.fields(type(self)))
        return tuple(name for name in parts if getattr(self, name) is None)

    def is_active(self, at: datetime) -> bool:
        """Whether it runs at that instant; without a start or an end it is open on that side."""
        at = _instants.aware(at, where="at")
        begun = self.starts is None or self.starts <= at
        return begun and (self.ends is None or at < self.ends)


def active_campaigns(campaigns: Iterable[Campaign], at: datetime) -> tuple[Campaign, ...]:
    """
    The campaigns that run at an instant, for marketing to tell sales (001-14).

    Args:
        campaigns: In any order.
        at: The instant; a campaign that ends then is over.

    Returns:
        By start, those without one first; then by name.

    Example:
        >>> from datetime import UTC, datetime
        >>> first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
        >>> plans = [Campaign(name="spring", starts=second),
        ...          Campaign(name="winter", starts=first, ends=second)]
        >>> [plan.name for plan in active_campaigns(plans, second)]
        ['spring']
    """
    at = _instants.aware(at, where="at")
    plans = tuple(campaigns)
    for plan in plans:
        _fields.check_type(plan, Campaign, "campaigns")
    active = (plan for plan in plans if plan.is_active(at))
    return tuple(sorted(active, key=lambda plan: (plan.starts or _instants.EARLIEST, plan.name)))


for _room in (Basis, Consent, OptOut, Permission, PermissionReason, Purpose, SoftOptIn, permission):
    _room.__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _room
