"""
Several laws at once: whoever keeps the strictest of them keeps them all.

Laws are a set: their order, and the same one twice, change nothing, and what each adds can only
make the answer stricter.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, tzinfo
from itertools import islice

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._channels import as_channel
from leadlib._nurture import calling, grounds
from leadlib._nurture.laws import Law, LegalCap, MessagePart, Subscriber, as_subscriber, within
from leadlib._nurture.responses import Response, is_own_contact
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.model import (
    Basis,
    ConsentRecord,
    Inquiry,
    Permission,
    Purpose,
    permission,
)
from leadlib.worktime import WorkCalendar

__all__ = ["Laws", "bounded", "readings_of", "strictest"]

_POLITE = {"PLEASE", "ALL", "NOW", "THANKS", "THANK", "YOU"}


def _as_laws(laws: Iterable[Law]) -> tuple[Law, ...]:
    if not isinstance(laws, Iterable):
        raise InvalidValue(expected="laws", got=_text.kind_of(laws), where="laws")
    taken = tuple(laws)
    for law in taken:
        _fields.check_type(law, Law, "laws")
    if not taken:
        raise InvalidValue(expected="at least one law", got="none", where="laws")
    distinct = [law for place, law in enumerate(taken) if law not in taken[:place]]
    return tuple(sorted(distinct, key=lambda law: (law.jurisdiction, law.name, law.effective)))


@attrs.frozen(repr=False)
class Laws:
    """
    All laws that apply to a contact; made by :func:`strictest` or :func:`laws_for`.

    Args:
        laws: At least one; kept by jurisdiction and name, each once.
    """

    laws: tuple[Law, ...] = attrs.field(converter=_as_laws)

    def __iter__(self) -> Iterator[Law]:
        return iter(self.laws)

    def __repr__(self) -> str:
        return f"<Laws {self}>"

    def __str__(self) -> str:
        return ", ".join(law.name for law in self.laws)

    # -- may this person be contacted? --

    def enough(
        self, channel: str, subscriber: Subscriber | str = Subscriber.UNKNOWN
    ) -> frozenset[Basis] | None:
        """
        The grounds of which one alone is enough to advertise by a channel, for all of the laws.

        None if it is enough that nobody has opted out.  Where no law speaks of the channel, some
        ground is asked for, whichever it is.
        """
        who, channel = as_subscriber(subscriber), _channel(channel)
        rules = [rule for law in self.laws if (rule := law.rule(channel, who)) is not None]
        asked = [rule.enough for rule in rules if rule.enough is not None]
        if rules and not asked:
            return None
        return frozenset(Basis).intersection(*asked)

    def permission(
        self,
        records: Iterable[ConsentRecord],
        *,
        channel: str,
        at: datetime,
        subscriber: Subscriber | str = Subscriber.UNKNOWN,
        purpose: Purpose | str = Purpose.MARKETING,
        topic: str | None = None,
    ) -> Permission:
        """
        Say whether one person may be contacted, as :func:`leadlib.model.permission` does, by law.

        Marketing needs, for every law, a ground that is enough for it, proven where it asks for
        proof and within the time it gives; one ground may be enough for all of them.  Contacts for
        other purposes are a class of their own and need a record of that purpose.

        Args:
            records: Of one person.
            channel, at, purpose, topic: As for :func:`leadlib.model.permission`.
            subscriber: Who has the address; unknown counts as an individual.

        Raises:
            InvalidValue: As :func:`leadlib.model.permission`.
            UnknownName: No such purpose or kind of subscriber.
            LimitExceeded: Too many records.
        """
        taken = bounded(records)
        who, at = as_subscriber(subscriber), _instants.aware(at, where="at")
        if purpose != Purpose.MARKETING:
            return permission(taken, channel=channel, at=at, purpose=purpose, topic=topic)
        channel = _channel(channel)
        readings = readings_of(self, taken, channel, who)
        return grounds.by_all(readings, channel=channel, at=at, topic=topic)

    # -- when, and how often? --

    def hours(self, channel: str) -> tuple[time, time] | None:
        """
        From when to when somebody may be contacted by a channel, in their local time; None if at
        any hour.
        """
        channel = _channel(channel)
        given = [each for law in self.laws for each in law.hours if channel in each.channels]
        if not given:
            return None
        return max(each.opens for each in given), min(each.closes for each in given)

    def next_open(
        self, at: datetime, *, channel: str, zone: tzinfo | str | None
    ) -> datetime | None:
        """
        The earliest instant from *at* on at which the quiet hours of the person are over.

        Args:
            at: *at* itself, if it is not in them.
            channel: By which channel.
            zone: That of the person.  None is unknown: then it must be day in all outermost zones
                of the countries.

        Returns:
            None if there is no such instant: somebody who may live anywhere on earth.
        """
        at, hours = _instants.aware(at, where="at"), self.hours(channel)
        if hours is None:
            return at
        return calling.next_in_all(at, *hours, self._zones(zone))

    def open_on(
        self, day: date, *, channel: str, zone: tzinfo | str | None
    ) -> tuple[datetime, datetime] | None:
        """
        From when to when, exclusive, somebody may be contacted on a date; None if not at all, or if
        no law sets hours.

        Args:
            day: The date, in each of the zones.
            channel, zone: As for :meth:`next_open`.
        """
        hours = self.hours(channel)
        _fields.check_type(day, date, "day")
        return None if hours is None else calling.day_in_all(day, *hours, self._zones(zone))

    @property
    def zones(self) -> tuple[tzinfo, ...]:
        """Where somebody may be whose zone is not known: the outermost zones of all laws."""
        names = dict.fromkeys(name for law in self.laws for name in law.zones)
        return tuple(map(_instants.zone_named, names))

    def _zones(self, zone: tzinfo | str | None) -> tuple[tzinfo, ...]:
        return self.zones if zone is None else (_zone(zone),)

    def caps(self, channel: str) -> tuple[LegalCap, ...]:
        """How often somebody may be contacted by a channel; each of them holds."""
        channel = _channel(channel)
        found = (cap for law in self.laws for cap in law.caps if channel in cap.channels)
        return tuple(dict.fromkeys(found))

    # -- what must a message carry? --

    def parts(self, channel: str, *, is_first: bool = False) -> frozenset[MessagePart]:
        """What a message by a channel carries, the first one to a person besides."""
        none: frozenset[MessagePart] = frozenset()
        channel = _channel(channel)
        every = none.union(*(law.parts.get(channel, none) for law in self.laws))
        return every.union(*(law.first_parts for law in self.laws)) if is_first else every

    def missing_parts(
        self, carried: Iterable[MessagePart | str], *, channel: str, is_first: bool = False
    ) -> tuple[MessagePart, ...]:
        """What a message lacks of its parts, in the order of :class:`MessagePart`."""
        expected = "a part of a message"
        has = {
            _fields.member(MessagePart, each, expected=expected, where="carried")
            for each in _fields.all_of(str, carried, "parts of a message", "carried")
        }
        asked = self.parts(channel, is_first=is_first)
        return tuple(part for part in MessagePart if part in asked - has)

    # -- until when? --

    def opt_out_latest(self, at: datetime, calendar: WorkCalendar) -> date | None:
        """
        The last day on which an opt-out is carried out in time, by the shortest of the laws.

        It takes effect at once all the same; this is the promise that can be broken.

        Args:
            at: When it was said.
            calendar: The open days, holidays left out, and the zone in which days are counted.

        Raises:
            LimitExceeded: The calendar does not open often enough within ten years.

        Example:
            >>> from datetime import date, datetime
            >>> from zoneinfo import ZoneInfo
            >>> from leadlib.nurture import CAN_SPAM, strictest
            >>> from leadlib.worktime import WorkCalendar
            >>> new_york = ZoneInfo("America/New_York")
            >>> office = WorkCalendar(zone=new_york, holidays=[date(2026, 7, 3)])
            >>> asked = datetime(2026, 7, 2, 15, tzinfo=new_york)
            >>> print(strictest(CAN_SPAM).opt_out_latest(asked, office))
            2026-07-17
        """
        _fields.check_type(calendar, WorkCalendar, "calendar")
        day = _instants.aware(at, where="at").astimezone(calendar.zone).date()
        delays = [law.opt_out_within for law in self.laws if law.opt_out_within is not None]
        return min((within(day, delay, calendar.is_open) for delay in delays), default=None)

    def request_due(self, at: datetime, *, zone: tzinfo | str) -> date | None:
        """
        The last day for the answer to a request of the person, such as access or erasure.

        Args:
            at: When it came in.
            zone: Where that day is counted.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib.nurture import GDPR, strictest
            >>> print(strictest(GDPR).request_due(datetime(2026, 1, 31, 9, tzinfo=UTC), zone="UTC"))
            2026-02-28
        """
        day = _instants.aware(at, where="at").astimezone(_zone(zone)).date()
        delays = [law.answer_within for law in self.laws if law.answer_within is not None]
        return min((day + delay for delay in delays), default=None)

    def kept_until(self, contacts: Iterable[Inquiry | Response]) -> datetime | None:
        """
        The instant from which a prospect is no longer kept; None if no law says, or nothing came.

        Args:
            contacts: The inquiries of the person, and the responses to touches.  What the person
                did counts, an opened mail does not.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib.nurture import CNIL, Response, strictest
            >>> clicked = datetime(2024, 2, 29, 9, tzinfo=UTC)
            >>> click = Response(touch="t-1", lead="i-1", at=clicked, kind="clicked")
            >>> print(strictest(CNIL).kept_until([click]))
            2027-02-28 09:00:00+00:00
        """
        given = _fields.all_of(Inquiry | Response, contacts, "inquiries and responses", "contacts")
        own = [contact.at for contact in given if is_own_contact(contact)]
        if not own:
            return None
        ends = (
            grounds.later(law, max(own), law.keeps) for law in self.laws if law.keeps is not None
        )
        return min(ends, default=None)

    def is_opt_out(self, text: str) -> bool:
        """
        Whether a reply is one of the words that are an opt-out by law, however it is written.

        Any other reply may be one, too: "no" to this question is not "go on".
        """
        said = _plain(_text.clean(text, empty=True))
        words = {_plain(word) for law in self.laws for word in law.opt_out_words}
        return bool(said) and said in words


def readings_of(
    laws: Laws, records: Sequence[ConsentRecord], channel: str, who: Subscriber
) -> grounds.Readings:
    """What each law reads in records that were checked, for marketing by a channel at any time."""
    rules = [(law, law.rule(channel, who)) for law in laws]
    return grounds.read_by([(law, rule) for law, rule in rules if rule is not None], records)


def strictest(*laws: Law | Laws) -> Laws:
    """
    All of some laws, of which the strictest counts at each question.

    Example:
        >>> from leadlib.nurture import CAN_SPAM, CASL, strictest
        >>> both = strictest(CAN_SPAM, CASL)
        >>> both
        <Laws CASL, CAN-SPAM>
        >>> print(", ".join(sorted(both.enough("mail"))))
        express, inquiry, published address, purchase
    """
    return Laws([law for each in laws for law in (each if isinstance(each, Laws) else [each])])


def _plain(text: str) -> str:
    """The letters of a reply in one word, without signs and politeness: Opt-out, please!"""
    letters = "".join(each if each.isalnum() else " " for each in text.upper())
    words = [word for word in letters.split() if word not in _POLITE]
    return "".join(words).removesuffix("ALL")


def _zone(zone: tzinfo | str) -> tzinfo:
    if isinstance(zone, str):
        return _instants.zone_named(zone)
    _fields.check_type(zone, tzinfo, "zone")
    return zone


def _channel(value: str) -> str:
    """Hours and caps of no channel at all would be none."""
    named: str = _fields.named("channel", as_channel)(value)
    return named


def bounded(records: Iterable[ConsentRecord]) -> tuple[ConsentRecord, ...]:
    """The records of one person: no more than anybody has."""
    if not isinstance(records, Iterable):
        raise InvalidValue(expected="records", got=_text.kind_of(records), where="records")
    taken = tuple(islice(records, limits.CONSENTS + 1))
    if len(taken) > limits.CONSENTS:
        expected = f"at most {limits.CONSENTS:,} records of one person"
        raise LimitExceeded(expected=expected, got="more", where="records")
    for record in taken:
        _check_record(record)
    return taken


def _check_record(record: object) -> None:
    if not isinstance(record, ConsentRecord):
        expected = "records of consent and opt-outs"
        raise InvalidValue(expected=expected, got=_text.kind_of(record), where="records")
