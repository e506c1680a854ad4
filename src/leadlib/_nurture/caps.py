"""Caps: how many contacts one person gets at most, in any period of a length."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _fields, _instants, _text
from leadlib._channels import as_channel_or_none
from leadlib._nurture.laws import LegalCap
from leadlib.errors import InvalidValue

__all__ = ["AnyCap", "ByLaw", "Cap", "Full", "Ledger"]

_DAY = 86_400_000_000
_LONGEST = 366 * _DAY
_PER = "a relativedelta of days, or a timedelta, of at most a year"


def _as_most(value: object) -> int:
    if _fields.is_whole(value) and isinstance(value, int) and value > 0:
        return value
    got = "one below" if _fields.is_whole(value) else _text.kind_of(value)
    raise InvalidValue(expected="a number of contacts from 1 on", got=got)


def _as_per(value: Any) -> relativedelta | timedelta:
    if isinstance(value, timedelta) and 0 < value // _instants.MICROSECOND <= _LONGEST:
        return value
    if isinstance(value, relativedelta):
        days: object = value.days
        if isinstance(days, int) and value == relativedelta(days=days) and 0 < days <= 366:  # noqa: PLR2004  # a year
            return value
    got = "another" if isinstance(value, timedelta | relativedelta) else _text.kind_of(value)
    raise InvalidValue(expected=_PER, got=got)


@attrs.frozen(field_transformer=_fields.placed)
class Cap:
    """
    So many contacts at most in any period of a length: after a contact, those of the period
    up to it, itself included, are counted.

    Args:
        most: How many.
        per: The period: ``relativedelta(days=7)`` counts days of the contact's calendar, so that a
            touch of the same hour fits in whatever the clocks do; ``timedelta(hours=24)`` is
            elapsed time.  It is open at its beginning: exactly a period later there is room.
        channel: Of this channel only; of all together unless given.

    Raises:
        InvalidValue: No contacts at all, or another period.

    Example:
        >>> print(Cap(2, per=relativedelta(days=7)), "and", Cap(1, timedelta(hours=24), "phone"))
        at most 2 contacts in 7 days and at most 1 contact by phone in 24 hours
    """

    most: int = attrs.field(converter=_as_most)
    per: relativedelta | timedelta = attrs.field(converter=_as_per)
    channel: str | None = attrs.field(default=None, converter=as_channel_or_none)

    def __str__(self) -> str:
        by = f" by {self.channel}" if self.channel else ""
        return f"at most {_text.plural(self.most, 'contact')}{by} in {self._length()}"

    def _length(self) -> str:
        if isinstance(self.per, relativedelta):
            return _text.plural(self.per.days, "day")
        whole, rest = divmod(self.per, timedelta(hours=1))
        return str(self.per) if rest else _text.plural(whole, "hour")

    @property
    def is_of_the_calendar(self) -> bool:
        """Whether days of the contact are counted, not elapsed time."""
        return isinstance(self.per, relativedelta)

    @property
    def micros(self) -> int:
        """The length of the period."""
        if isinstance(self.per, relativedelta):
            return self.per.days * _DAY
        return self.per // _instants.MICROSECOND

    def covers(self, channel: str) -> bool:
        """Whether contacts by a channel are counted."""
        return self.channel is None or self.channel == channel


@attrs.frozen
class ByLaw:
    """
    The cap of a law, in the same terms; contacts on all subjects count together, which is stricter
    than by subject.
    """

    most: int
    micros: int
    channels: frozenset[str]

    @classmethod
    def of(cls, cap: LegalCap) -> "ByLaw":
        """The cap as a law has it."""
        return cls(cap.count, cap.within.length // _instants.MICROSECOND, cap.channels)

    @property
    def is_of_the_calendar(self) -> bool:
        """It is elapsed time."""
        return False

    def covers(self, channel: str) -> bool:
        """Whether contacts by a channel are counted."""
        return channel in self.channels

    def __str__(self) -> str:
        hours = self.micros // 3_600_000_000
        by = " or ".join(sorted(self.channels))
        contacts = _text.plural(self.most, "contact")
        return f"at most {contacts} by {by} in {_text.plural(hours, 'hour')} by law"


AnyCap = Cap | ByLaw


@attrs.frozen
class Full:
    """There is no room: which cap, and from when on there may be."""

    cap: AnyCap
    until: int


@attrs.define
class Ledger:
    """
    The contacts that one person has had and is to have, against the caps.

    Instants are given twice: as such, and as the clock on the contact's wall shows them.
    """

    caps: tuple[AnyCap, ...]
    _times: list[list[int]] = attrs.field(init=False)

    @_times.default
    def _empty(self) -> list[list[int]]:
        return [[] for _ in self.caps]

    def add(self, at: int, wall: int, channel: str) -> None:
        """Count one contact."""
        for cap, times in zip(self.caps, self._times, strict=True):
            if cap.covers(channel):
                insort(times, wall if cap.is_of_the_calendar else at)

    def full(self, at: int, wall: int, channel: str) -> Full | None:
        """The first cap that one more contact would break; None if there is room."""
        for cap, times in zip(self.caps, self._times, strict=True):
            if cap.covers(channel):
                until = _blocked(times, wall if cap.is_of_the_calendar else at, cap)
                if until is not None:
                    return Full(cap, until)
        return None

    def copy(self) -> "Ledger":
        """The same contacts, to try others with."""
        made = Ledger(self.caps)
        made._times = [[*times] for times in self._times]  # of this class
        return made


def _blocked(times: list[int], at: int, cap: AnyCap) -> int | None:
    """From when on there may be room; None if there is now, also for those that come later."""
    length, most = cap.micros, cap.most
    first, last = bisect_right(times, at - length), bisect_right(times, at)
    if last - first < most and _leaves_room(times, at, last, cap):
        return None
    leaving: Iterable[int] = times[first : bisect_left(times, at + length)]
    return min(time + length for time in leaving)


def _leaves_room(times: list[int], at: int, place: int, cap: AnyCap) -> bool:
    """Whether no later contact, already there, would be one too many."""
    length, most = cap.micros, cap.most
    for later in range(place, bisect_left(times, at + length)):
        if later + 1 - bisect_right(times, times[later] - length) >= most:
            return False
    return True
