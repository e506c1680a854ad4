"""
Consent: may this person be contacted by this channel, for this purpose, at this instant?

What a person allowed and what they refused are records, never flags: each says when, how and by
which words.  One fold over the records answers the question.  Nothing on record is not yes, and a
refusal holds until the person's own new opt-in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text, limits
from leadlib._channels import as_channel_or_none
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = [
    "Basis",
    "Consent",
    "ConsentRecord",
    "OptOut",
    "Permission",
    "PermissionReason",
    "Purpose",
    "SoftOptIn",
    "permission",
]


class Purpose(StrEnum):
    """
    What a contact is for.

    ``MARKETING`` is every message that advertises, nurture among them; ``PROFILING`` is scoring
    for it, which needs no channel; ``CONFIRMATION`` asks to confirm an opt-in; ``REQUESTED`` is
    what the person asked for, such as a call-back; ``SERVICE`` belongs to a contract.

    Example:
        >>> print(Purpose.REQUESTED)
        requested
    """

    MARKETING = "marketing"
    PROFILING = "profiling"
    CONFIRMATION = "confirmation"
    REQUESTED = "requested"
    SERVICE = "service"


class Basis(StrEnum):
    """
    The lawful basis of a contact, implied ones by their ground.

    ``NOT_LISTED`` is a number that was looked up in the public registers of those who want no calls
    and is in none of them; its instant is that of the look-up.

    Which of them is enough, by which channel and for whom, is said by the law that applies: see
    :func:`leadlib.nurture.laws_for`.

    Example:
        >>> print(Basis.SOFT_OPT_IN)
        soft opt-in
    """

    EXPRESS = "express"
    INQUIRY = "inquiry"
    PURCHASE = "purchase"
    PUBLISHED = "published address"
    PRESUMED = "presumed"
    SOFT_OPT_IN = "soft opt-in"
    LEGITIMATE_INTEREST = "legitimate interest"
    CONTRACT = "contract"
    REQUEST = "request"
    NOT_LISTED = "not on a register"


class SoftOptIn(StrEnum):
    """
    The four conditions of a soft opt-in, all of which must be met.

    Source:
        Directive 2002/58/EC, Article 13(2); § 7(3) UWG.

    Example:
        >>> print(", ".join(SoftOptIn))
        address from a sale, own similar offers, could refuse at collection, can refuse every time
    """

    FROM_A_SALE = "address from a sale"
    OWN_SIMILAR_OFFERS = "own similar offers"
    COULD_REFUSE = "could refuse at collection"
    CAN_REFUSE = "can refuse every time"


_LASTS: Mapping[Basis, relativedelta] = {
    Basis.INQUIRY: relativedelta(months=6),
    Basis.PURCHASE: relativedelta(years=2),
}


def _as_purpose(value: object) -> Purpose:
    return _fields.member(Purpose, value, expected="a purpose", where="$.purpose")


def _as_any_purpose(value: object) -> Purpose | None:
    return None if value is None else _as_purpose(value)


def _as_basis(value: object) -> Basis:
    return _fields.member(Basis, value, expected="a lawful basis", where="$.basis")


def _as_conditions(values: Iterable[SoftOptIn]) -> frozenset[SoftOptIn]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidValue(expected="conditions of a soft opt-in", got=_text.kind_of(values))
    expected = "a condition of a soft opt-in"
    return frozenset(
        _fields.member(SoftOptIn, value, expected=expected, where="$.conditions")
        for value in values
    )


def _as_instant(value: object) -> datetime | None:
    return None if value is None else _fields.instant(value)


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class Consent:
    """
    A ground to contact one person, as it was recorded.

    Args:
        at: When it was given, or when its ground came to be: the inquiry, the purchase.
        basis: The lawful basis.
        channel: ``mail``, ``phone``, ``sms``, ``auto call``, ``post``, also as ``email``,
            ``telephone``, ``text``, or one of your own; None is every channel.
        purpose: What it allows.
        topic: The one topic it is for; None is every topic.
        how, wording, source: The evidence: by which way (``web form``), to which version of which
            text, and where the proof lies, such as the id of an inquiry.
        by_person: Whether the person did it, in a form or on the phone.  An import, or a note that
            somebody took down later, is none of the person's own acts and clears no opt-out.
        is_pending: Whether a double opt-in still waits for its confirmation; the confirmed one is
            a record of its own.
        conditions: What is met of the four conditions of a soft opt-in.
        expires: The instant from which it holds no more, if the ground does not end before.

    Raises:
        InvalidValue: A value has the wrong form, or it expires before it begins.
        UnknownName: No such basis, purpose or condition.

    Example:
        >>> from datetime import UTC, datetime
        >>> asked = Consent(at=datetime(2026, 8, 31, tzinfo=UTC), basis="inquiry", channel="mail")
        >>> asked
        <Consent inquiry: mail for marketing, 2026-08-31>
        >>> print(asked.ends)
        2027-02-28 00:00:00+00:00
    """

    at: datetime = attrs.field(converter=_fields.instant)
    basis: Basis = attrs.field(converter=_as_basis)
    channel: str | None = attrs.field(converter=as_channel_or_none)
    purpose: Purpose = attrs.field(default=Purpose.MARKETING, converter=_as_purpose)
    topic: str | None = attrs.field(default=None, converter=_fields.label)
    how: str | None = attrs.field(default=None, converter=_fields.words)
    wording: str | None = attrs.field(default=None, converter=_fields.words)
    source: str | None = attrs.field(default=None, converter=_fields.words)
    by_person: bool = attrs.field(default=False, converter=_fields.yes_or_no)
    is_pending: bool = attrs.field(default=False, converter=_fields.yes_or_no)
    conditions: frozenset[SoftOptIn] = attrs.field(default=frozenset(), converter=_as_conditions)
    expires: datetime | None = attrs.field(default=None, converter=_as_instant)
    _ends: datetime | None = attrs.field(init=False, eq=False)  # asked at every touch

    @_ends.default
    def _earlier_end(self) -> datetime | None:
        rule = _LASTS.get(self.basis)
        known = [self.expires, None if rule is None else self.at + rule]
        return min((end for end in known if end is not None), default=None)

    def __attrs_post_init__(self) -> None:
        if self.expires is not None and self.expires <= self.at:
            expected = "an expiry after the consent"
            raise InvalidValue(expected=expected, got="one before", where="$.expires")

    @property
    def ends(self) -> datetime | None:
        """
        The instant from which it holds no more: *expires*, or the rule of its ground if earlier.

        An inquiry carries six months, a purchase or a contract two years, counted in UTC by the
        calendar; the other grounds last until the person says otherwise.

        Source:
            Canada's Anti-Spam Legislation, S.C. 2010, c. 23, section 10(9) and (10).
        """
        return self._ends

    @property
    def missing(self) -> tuple[SoftOptIn, ...]:
        """The conditions that a soft opt-in lacks; it allows nothing before all are met."""
        if self.basis is not Basis.SOFT_OPT_IN:
            return ()  # most
        return tuple(condition for condition in SoftOptIn if condition not in self.conditions)

    @property
    def is_proven(self) -> bool:
        """Whether the evidence is whole: how, to which words, and where the proof lies."""
        return None not in (self.how, self.wording, self.source)

    @property
    def is_opt_in(self) -> bool:
        """Whether it is the person's own express and confirmed yes, which clears an opt-out."""
        return self.by_person and self.basis is Basis.EXPRESS and not self.is_pending

    def to_dict(self) -> dict[str, Any]:
        """Give the arguments back, evidence included: ``Consent(**c.to_dict()) == c``."""
        return _arguments(self)

    def __repr__(self) -> str:
        pending = ", pending" if self.is_pending else ""
        way = self.channel or "any channel"
        return f"<Consent {self.basis}: {way} for {self.purpose}, {self.at:%Y-%m-%d}{pending}>"


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class OptOut:
    """
    A refusal: an unsubscription, an objection, a revocation, a complaint.

    It takes effect at its instant, whatever time the law leaves to carry it out.

    Args:
        at: When it was said.
        channel: By which channel there is to be nothing more; None is every channel.
        topic: About which topic; None is every topic.
        purpose: What it ends; None is everything, what was asked for and service included.
        how, source: The evidence.

    Example:
        >>> from datetime import UTC, datetime
        >>> OptOut(at=datetime(2026, 3, 5, tzinfo=UTC))
        <OptOut from marketing by any channel, 2026-03-05>
    """

    at: datetime = attrs.field(converter=_fields.instant)
    channel: str | None = attrs.field(default=None, converter=as_channel_or_none)
    topic: str | None = attrs.field(default=None, converter=_fields.label)
    purpose: Purpose | None = attrs.field(default=Purpose.MARKETING, converter=_as_any_purpose)
    how: str | None = attrs.field(default=None, converter=_fields.words)
    source: str | None = attrs.field(default=None, converter=_fields.words)

    def to_dict(self) -> dict[str, Any]:
        """Give the arguments back, evidence included: ``OptOut(**o.to_dict()) == o``."""
        return _arguments(self)

    def __repr__(self) -> str:
        what, way = self.purpose or "everything", self.channel or "any channel"
        return f"<OptOut from {what} by {way}, {self.at:%Y-%m-%d}>"


ConsentRecord = Consent | OptOut


def _arguments(record: ConsentRecord) -> dict[str, Any]:
    given = (field.name for field in attrs.fields(type(record)) if field.init)
    return {name: getattr(record, name) for name in given}


class PermissionReason(StrEnum):
    """
    Why a contact is allowed, or is not.

    Example:
        >>> print(PermissionReason.OPTED_OUT)
        opted out
    """

    CONSENT = "consent"
    NOT_NEEDED = "no consent needed"
    NOTHING_KNOWN = "no consent on record"
    OPTED_OUT = "opted out"
    PENDING = "opt-in not confirmed"
    EXPIRED = "expired"
    INCOMPLETE = "conditions not met"
    NOT_ENOUGH = "basis not enough"


_ALLOWED = (PermissionReason.CONSENT, PermissionReason.NOT_NEEDED)


@attrs.frozen(kw_only=True, repr=False)
class Permission:
    """
    The answer to one question; made by :func:`permission`.  It is true only if allowed.

    Args:
        why: The reason.
        since: Since when that is so, if it is known.
        until: When an allowed contact ends to be allowed; None as far as is known.
        consent: The record that it rests on.
        detail: What is missing, in words.
    """

    why: PermissionReason
    since: datetime | None = None
    until: datetime | None = None
    consent: Consent | None = None
    detail: str = ""

    @property
    def is_allowed(self) -> bool:
        """Whether the person may be contacted."""
        return self.why in _ALLOWED

    def __bool__(self) -> bool:
        return self.is_allowed

    def __repr__(self) -> str:
        return f"<Permission: {self}>"

    def __str__(self) -> str:
        said = f"{'allowed' if self.is_allowed else 'not allowed'}: {self.why}"
        since = f" since {self.since:%Y-%m-%d}" if self.since else ""
        until = f" until {self.until:%Y-%m-%d}" if self.until else ""
        return f"{said}{since}{until}{f' ({self.detail})' if self.detail else ''}"


def permission(
    records: Iterable[ConsentRecord],
    *,
    channel: str | None,
    at: datetime,
    purpose: Purpose | str = Purpose.MARKETING,
    topic: str | None = None,
    needs_consent: bool = True,
) -> Permission:
    """
    Say whether one person may be contacted by a channel, for a purpose, at an instant.

    Records are taken by their time, whatever their order; a record later than *at* is not known
    yet, and doubles change nothing.  So the records of merged leads are simply put together.  An
    opt-out ends whatever was recorded up to its instant; afterwards only the person's own, express
    and confirmed opt-in counts, and what follows it.  An opt-in that waits for its confirmation
    permits the confirmation and nothing else.

    Args:
        records: Of one person.
        channel: As records name it; None only for profiling, which uses none.
        at: The instant of the contact.
        purpose: What the contact is for.  An opt-out from all marketing ends profiling, too.
        topic: What it is about.  Without one it may be about any topic, so that an opt-out from
            one topic holds it back.
        needs_consent: Whether some ground must be on record; not where the law asks only that
            nobody has opted out.

    Raises:
        InvalidValue: Something is no record, or a contact without a channel.
        LimitExceeded: Too many records.

    Source:
        Regulation (EU) 2016/679, Articles 7(3) and 21(2) and (3).

    Example:
        >>> from datetime import UTC, datetime
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> form = Consent(at=day(2), basis="express", channel="mail", by_person=True)
        >>> refused = OptOut(at=day(5), channel="mail")
        >>> print(permission([form, refused], channel="mail", at=day(4)))
        allowed: consent since 2026-03-02
        >>> print(permission([form, refused], channel="mail", at=day(6)))
        not allowed: opted out since 2026-03-05
        >>> print(permission([form, refused], channel="phone", at=day(6)))
        not allowed: no consent on record
    """
    at = _instants.aware(at, where="at")
    asked = _Question.of(channel, purpose, topic)
    held = _folded(record for record in _in_order(records, at) if asked.is_met_by(record))
    return _answer(asked, held, at, needs_consent=needs_consent)


@attrs.frozen
class _Question:
    channel: str | None
    purpose: Purpose
    topic: str | None

    @classmethod
    def of(cls, channel: str | None, purpose: Purpose | str, topic: str | None) -> "_Question":
        what = _fields.member(Purpose, purpose, expected="a purpose", where="purpose")
        if channel is None and what is not Purpose.PROFILING:
            raise InvalidValue(expected="a channel", got="nothing", where="channel")
        return cls(
            _fields.named("channel", as_channel_or_none)(channel), what, _fields.label(topic)
        )

    def is_met_by(self, record: ConsentRecord) -> bool:
        """Whether a record says anything about this question."""
        if isinstance(record, OptOut):
            return self._is_refused_by(record)
        return (
            (self.purpose in {record.purpose, Purpose.CONFIRMATION})
            and record.channel in {None, self.channel}
            and record.topic in {None, self.topic}
        )

    def _is_refused_by(self, record: OptOut) -> bool:
        if self.purpose is Purpose.PROFILING and record.purpose is Purpose.MARKETING:
            return record.channel is record.topic is None  # Article 21(2): profiling included
        is_of_channel = record.channel in {None, self.channel}
        is_of_topic = self.topic is None or record.topic in {None, self.topic}
        is_of_purpose = record.purpose in {None, self.purpose} or (
            self.purpose is Purpose.CONFIRMATION and record.purpose is Purpose.MARKETING
        )
        return is_of_channel and is_of_topic and is_of_purpose


def _in_order(records: Iterable[ConsentRecord], at: datetime) -> Iterator[ConsentRecord]:
    """What is known at an instant, by time; of one instant, the refusal comes last."""
    if not isinstance(records, Iterable):
        raise InvalidValue(expected="records", got=_text.kind_of(records), where="records")
    taken = tuple(islice(records, limits.CONSENTS + 1))
    if len(taken) > limits.CONSENTS:
        expected = f"at most {limits.CONSENTS:,} records of one person"
        raise LimitExceeded(expected=expected, got="more", where="records")
    for record in taken:
        _check_record(record)
    known = (record for record in taken if record.at <= at)
    return iter(sorted(known, key=lambda record: (record.at, isinstance(record, OptOut))))


def _check_record(record: object) -> None:
    if not isinstance(record, ConsentRecord):
        expected = "records of consent and opt-outs"
        raise InvalidValue(expected=expected, got=_text.kind_of(record), where="records")


@attrs.frozen
class _Held:
    """What holds at an instant: the refusal, the grounds after it, the opt-ins that wait."""

    refused: OptOut | None
    grounds: Sequence[Consent]
    pending: Sequence[Consent]


def _folded(records: Iterable[ConsentRecord]) -> _Held:
    """In one pass, for the records may be many."""
    refused: OptOut | None = None
    grounds: list[Consent] = []
    pending: list[Consent] = []
    for record in records:
        if isinstance(record, OptOut):
            refused, grounds, pending = record, [], []
        elif record.is_opt_in:
            refused, pending = None, []
            grounds.append(record)
        elif record.is_pending:
            pending += [record] if record.by_person else []
        elif refused is None:
            grounds.append(record)
    return _Held(refused, grounds, pending)


def _answer(asked: _Question, held: _Held, at: datetime, *, needs_consent: bool) -> Permission:
    refused, grounds, pending = held.refused, held.grounds, held.pending
    if asked.purpose is Purpose.CONFIRMATION:
        return _by_grounds(pending, at)
    if refused is not None:
        return Permission(why=PermissionReason.OPTED_OUT, since=refused.at)
    found = _by_grounds(grounds, at)
    if found.is_allowed:
        return found if needs_consent else attrs.evolve(found, until=None)
    if pending:
        return Permission(why=PermissionReason.PENDING, since=pending[-1].at)
    return found if needs_consent else Permission(why=PermissionReason.NOT_NEEDED)


def _by_grounds(grounds: Iterable[Consent], at: datetime) -> Permission:
    """Of several grounds, the one that lasts longest; if none does, what became of them."""
    whole = [each for each in grounds if not each.missing]
    valid = [each for each in whole if _end(each) > at]
    if valid:
        best = max(valid, key=_end)
        return Permission(
            why=PermissionReason.CONSENT, since=best.at, until=best.ends, consent=best
        )
    if whole:
        return Permission(why=PermissionReason.EXPIRED, since=max(map(_end, whole)))
    lacking = [each for each in grounds if each.missing]
    if lacking:
        detail = f"lacks {', '.join(lacking[-1].missing)}"
        return Permission(why=PermissionReason.INCOMPLETE, since=lacking[-1].at, detail=detail)
    return Permission(why=PermissionReason.NOTHING_KNOWN)


def _end(consent: Consent) -> datetime:
    return consent.ends or _instants.LATEST
