"""
The words in which a rule of a country is written down: as dated data with its source.

A law says what it asks and nothing of what other laws ask; :mod:`leadlib._nurture.strictest` takes
several together.  What was not read again in its source is named in *unverified*.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text
from leadlib._channels import as_channel
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.model import Basis
from leadlib.worktime import Clock, Span

__all__ = ["CallHours", "ConsentRule", "Law", "LegalCap", "MessagePart", "Subscriber", "within"]

Delay = Span | relativedelta
_Word = TypeVar("_Word", bound=StrEnum)
_NEVER: Mapping[Basis, relativedelta] = {}


class Subscriber(StrEnum):
    """
    Who has the mail box or the telephone line; unknown counts as an individual.

    Sole traders and some partnerships are individuals.

    Example:
        >>> print(Subscriber.CORPORATE)
        corporate
    """

    CORPORATE = "corporate"
    INDIVIDUAL = "individual"
    UNKNOWN = "unknown"


class MessagePart(StrEnum):
    """
    What a message must carry.

    Example:
        >>> print(MessagePart.POSTAL_ADDRESS)
        postal address
    """

    SENDER = "sender"
    POSTAL_ADDRESS = "postal address"
    OPT_OUT = "opt-out"
    ONE_CLICK = "one-click opt-out"
    RIGHT_TO_OBJECT = "right to object"


def _as_channels(channels: Any) -> frozenset[str]:
    if isinstance(channels, str) or not isinstance(channels, Iterable):
        raise InvalidValue(expected="a list of channels", got=_text.kind_of(channels))
    return frozenset(map(as_channel, channels))


def _as_words(words: Any) -> frozenset[str]:
    return frozenset(_fields.identifiers(words))


def _as_bases(values: Iterable[Basis]) -> frozenset[Basis]:
    return frozenset(_members(values, Basis, "a lawful basis"))


def _as_parts(values: Iterable[MessagePart]) -> frozenset[MessagePart]:
    return frozenset(_members(values, MessagePart, "a part of a message"))


def _members(values: Any, kind: type[_Word], expected: str) -> list[_Word]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InvalidValue(expected=f"a list, each {expected}", got=_text.kind_of(values))
    return [_fields.member(kind, value, expected=expected, where=None) for value in values]


def _as_enough(bases: Any) -> frozenset[Basis] | None:
    return None if bases is None else _as_bases(bases)


def as_subscriber(value: object) -> Subscriber:
    """Who has an address, given as such or by the word."""
    return _fields.member(Subscriber, value, expected="a kind of subscriber", where="subscriber")


def _as_subscriber_or_none(value: object) -> Subscriber | None:
    return None if value is None else as_subscriber(value)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class ConsentRule:
    """
    Which grounds are enough to advertise by some channels.

    Args:
        enough: Any one of these bases; None if it is enough that nobody has opted out.
        channels: For which channels; empty is every channel.
        subscriber: For whom; None is everybody.

    Example:
        >>> rule = ConsentRule(channels=["mail"], subscriber="individual", enough=["express"])
        >>> rule.covers("mail", Subscriber.UNKNOWN)
        True
    """

    enough: frozenset[Basis] | None = attrs.field(converter=_as_enough)
    channels: frozenset[str] = attrs.field(default=frozenset(), converter=_as_channels)
    subscriber: Subscriber | None = attrs.field(default=None, converter=_as_subscriber_or_none)

    def covers(self, channel: str, subscriber: Subscriber) -> bool:
        """Whether the rule speaks of this channel and this kind of subscriber."""
        corporate = subscriber is Subscriber.CORPORATE
        speaks_of = (
            self.subscriber is None or (self.subscriber is Subscriber.CORPORATE) == corporate
        )
        return speaks_of and (not self.channels or channel in self.channels)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class CallHours:
    """
    From when to when somebody may be called, in their own local time.

    Args:
        channels: By which channels.
        opens: The first moment of the day.
        closes: The moment from which no call begins.

    Raises:
        InvalidValue: Hours that never open.
    """

    channels: frozenset[str] = attrs.field(converter=_as_channels)
    opens: time
    closes: time

    def __attrs_post_init__(self) -> None:
        moments: tuple[object, object] = (self.opens, self.closes)
        plain = [m for m in moments if isinstance(m, time) and m.tzinfo is None]
        if len(plain) < len(moments) or self.opens >= self.closes:
            expected = "two local times, the first before the second"
            raise InvalidValue(expected=expected, got="others", where="$.opens")


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class LegalCap:
    """
    How many contacts a law allows in a rolling time.

    Args:
        channels: Contacts by these channels count together.
        count: How many.
        within: In how much elapsed time.
        per_topic: Whether only contacts on the same subject count together.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.worktime import hours
        >>> cap = LegalCap(channels=["phone"], count=3, within=hours(24))
        >>> calls = [datetime(2026, 3, 2, hour, tzinfo=UTC) for hour in (14, 15, 16)]
        >>> print(cap.next_allowed(datetime(2026, 3, 2, 17, tzinfo=UTC), calls))
        2026-03-03 14:00:00+00:00
    """

    channels: frozenset[str] = attrs.field(converter=_as_channels)
    count: int
    within: Span
    per_topic: bool = True

    def __attrs_post_init__(self) -> None:
        if not _fields.is_whole(self.count) or self.count < 1:
            raise InvalidValue(expected="a count from 1 on", got="another", where="$.count")
        _fields.check_type(self.within, Span, "$.within")
        if self.within.clock is not Clock.ELAPSED:
            raise InvalidValue(expected="elapsed time", got=self.within.clock, where="$.within")

    def next_allowed(self, at: datetime, earlier: Iterable[datetime]) -> datetime:
        """
        The earliest instant from *at* on at which one more contact is within the cap.

        A contact counts for the time after its instant, up to the end of that time exclusive.
        """
        moment = _instants.aware(at, where="at")
        given = _fields.all_of(datetime, earlier, "instants", "earlier")
        known = sorted(_instants.aware(each, where="earlier") for each in given)
        while True:
            counted = [each for each in known if moment - self.within.length < each <= moment]
            if len(counted) < self.count:
                return moment
            moment = counted[-self.count] + self.within.length


def _as_lasts(lasts: Mapping[Basis, relativedelta]) -> Mapping[Basis, relativedelta]:
    if not isinstance(lasts, Mapping):
        raise InvalidValue(expected="delays by basis", got=_text.kind_of(lasts))
    expected = "a lawful basis"
    return _fields.FrozenDict(
        {
            _fields.member(Basis, basis, expected=expected, where="$.lasts"): _as_delay(delay)
            for basis, delay in lasts.items()
        }
    )


def _as_delay(value: relativedelta) -> relativedelta:
    _fields.check_type(value, relativedelta, "$.lasts")
    _check_delay(value, "$.lasts")
    return value


def _as_date(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValue(expected="a plain date", got=_text.kind_of(value))
    return value


def _as_rules(values: Iterable[ConsentRule]) -> tuple[ConsentRule, ...]:
    return _each(values, ConsentRule)


def _as_hours(values: Iterable[CallHours]) -> tuple[CallHours, ...]:
    return _each(values, CallHours)


def _as_caps(values: Iterable[LegalCap]) -> tuple[LegalCap, ...]:
    return _each(values, LegalCap)


def _as_names(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_fields.identifier, _each(values, str)))


def _each(values: Any, kind: type) -> tuple[Any, ...]:
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        raise InvalidValue(expected="a list", got=_text.kind_of(values))
    taken = tuple(values)
    for value in taken:
        if not isinstance(value, kind):
            expected = f"values of {kind.__name__}"
            raise InvalidValue(expected=expected, got=_text.kind_of(value))
    return taken


def _as_zones(zones: Iterable[str]) -> tuple[str, ...]:
    names = _as_names(zones)
    for name in names:
        _instants.zone_named(name)
    return names


def _as_parts_by_channel(
    parts: Mapping[str, Iterable[MessagePart]],
) -> Mapping[str, frozenset[MessagePart]]:
    return _fields.by_name(parts, _as_parts)


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class Law:
    """
    What one law, or one body of rules, asks of those who advertise.

    Data, no legal advice: have your packs read by somebody who answers for them, and write your own
    where ours are silent.  Whatever is not given, the law does not speak of.

    Args:
        name: As people call it.
        jurisdiction: ISO 3166: ``CA``, ``US-FL``; ``EU``; ``*`` is everywhere.
        effective: From which day on it holds as written here.
        source: Where it is written.
        about: What it is about, in one sentence.
        consent: Which grounds are enough; of several rules that cover a contact, the first counts.
        lasts: How long a ground lasts by this law, counted in *zone*.
        needs_proof: Whether an express consent counts only with its evidence.
        hours: When somebody may be called.
        caps: How often.
        parts: What every message by a channel carries.
        first_parts: What the first message carries besides, by any channel.
        opt_out_within: How long carrying out an opt-out may take at the latest, counted from the
            day after; :func:`leadlib.model.permission` lets it take effect at once.
        opt_out_works: How long after sending the way to opt out must work.
        all_topics_from: From which day on an opt-out from one topic is one from all.
        opt_out_words: Replies that are an opt-out, whatever else is said elsewhere.
        confirm_within: In what time an opt-out may be confirmed by one message.
        registers: The public lists that numbers are looked up in before a call.
        register_age: How old such a list may be.
        call_log: What is kept of each call.
        answer_within: How long the answer to a request of the person may take.
        keeps: How long a person is kept after their last own contact.
        zone: Where its days are counted.
        zones: The outermost zones of the country: who may live anywhere in it is called when it is
            day in all of them.
        unverified: The arguments whose content was not read again in the source.
    """

    name: str = attrs.field(converter=_fields.identifier)
    jurisdiction: str = attrs.field(converter=_fields.identifier)
    effective: date = attrs.field(converter=_as_date)
    source: str = attrs.field(converter=_fields.words)
    about: str = attrs.field(converter=_fields.words)
    consent: tuple[ConsentRule, ...] = attrs.field(default=(), converter=_as_rules)
    lasts: Mapping[Basis, relativedelta] = attrs.field(
        default=_NEVER, converter=_as_lasts, hash=False
    )
    needs_proof: bool = attrs.field(default=False, converter=_fields.yes_or_no)
    hours: tuple[CallHours, ...] = attrs.field(default=(), converter=_as_hours)
    caps: tuple[LegalCap, ...] = attrs.field(default=(), converter=_as_caps)
    parts: Mapping[str, frozenset[MessagePart]] = attrs.field(
        factory=dict, converter=_as_parts_by_channel, hash=False
    )
    first_parts: frozenset[MessagePart] = attrs.field(default=frozenset(), converter=_as_parts)
    opt_out_within: Delay | None = None
    opt_out_works: relativedelta | None = None
    all_topics_from: date | None = None
    opt_out_words: frozenset[str] = attrs.field(default=frozenset(), converter=_as_words)
    confirm_within: Span | None = None
    registers: tuple[str, ...] = attrs.field(default=(), converter=_as_names)
    register_age: Span | None = None
    call_log: tuple[str, ...] = attrs.field(default=(), converter=_as_names)
    answer_within: relativedelta | None = None
    keeps: relativedelta | None = None
    zone: str = attrs.field(default="UTC", converter=_fields.identifier)
    zones: tuple[str, ...] = attrs.field(default=(), converter=_as_zones)
    unverified: tuple[str, ...] = attrs.field(default=(), converter=_as_names)

    def __attrs_post_init__(self) -> None:
        _instants.zone_named(self.zone)
        for name in _DELAYS:
            _check_delay(getattr(self, name), f"$.{name}")
        for name in ("confirm_within", "register_age"):
            if getattr(self, name) is not None:
                _fields.check_type(getattr(self, name), Span, f"$.{name}")
        if self.all_topics_from is not None:
            _as_date(self.all_topics_from)
        names = {field.name for field in attrs.fields(type(self))}
        if not set(self.unverified) <= names:
            raise InvalidValue(expected="names of arguments", got="others", where="$.unverified")

    def __repr__(self) -> str:
        return f"<Law {self.name}: {self.jurisdiction}, since {self.effective}>"

    def __str__(self) -> str:
        return f"{self.name} ({self.jurisdiction}, since {self.effective}): {self.source}"

    def rule(self, channel: str, subscriber: Subscriber) -> ConsentRule | None:
        """The rule for a channel and a kind of subscriber; None if it does not speak of it."""
        covering = (rule for rule in self.consent if rule.covers(channel, subscriber))
        return next(covering, None)


_DELAYS = ("opt_out_within", "opt_out_works", "answer_within", "keeps")
_ANY_DAY = date(2026, 1, 1)
_ONE_DAY = timedelta(days=1)


def _check_delay(delay: object, where: str) -> None:
    """Some time, and none that an end would lie before its beginning by."""
    if delay is None or (isinstance(delay, Span) and where == "$.opt_out_within"):
        return
    if not isinstance(delay, relativedelta):
        raise InvalidValue(expected=_DELAY, got=_text.kind_of(delay), where=where)
    whole = relativedelta(years=delay.years, months=delay.months, days=delay.days)
    if delay != whole or not _ANY_DAY + delay > _ANY_DAY:
        raise InvalidValue(expected=_DELAY, got="another", where=where)


_DELAY = "a relativedelta of days, months and years, above zero"


def within(day: date, delay: Delay, is_open: Any) -> date:
    """
    The last day on which something is in time that was asked for on *day*.

    Working days are counted from the day after, whatever the hour: what comes in the evening has no
    longer time than what comes in the morning.
    """
    if isinstance(delay, relativedelta):
        return day + delay
    count = -(-delay.length // _ONE_DAY)
    if delay.clock is not Clock.WORKING_DAYS:
        return day + count * _ONE_DAY
    for _ in range(_SEARCHED):
        day += _ONE_DAY
        count -= is_open(day)
        if not count:
            return day
    raise LimitExceeded(expected="open days within ten years", got="a calendar closed too long")


_SEARCHED = 3_660
