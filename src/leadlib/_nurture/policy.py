"""The contact policy: at which hours, on which days and how often anybody is contacted at all."""

from collections.abc import Iterable, Mapping
from datetime import date, time, tzinfo
from functools import cached_property
from typing import Any, TypeVar

import attrs

from leadlib import _fields, _instants, _text, _week, limits
from leadlib._channels import as_channel_or_none
from leadlib._nurture.caps import AnyCap, ByLaw, Cap
from leadlib._nurture.hours import DAY, Pattern, week_of
from leadlib._nurture.strictest import Laws
from leadlib._nurture.zones import never_together
from leadlib._week import Window
from leadlib.errors import InvalidValue

__all__ = ["ContactPolicy", "QuietHours"]

_Part = TypeVar("_Part")
_ALL_DAY: Mapping[int, tuple[Window, ...]] = {day: ((time(0), time(0)),) for day in range(7)}
_WORLD = ("Etc/GMT+12", "Etc/GMT-14")  # the last and the first to see a day
_WHOLE_DAY = ((0, DAY),)
_HOURS = "local times that differ, such as time(21) and time(8)"


def _as_hour(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    raise InvalidValue(expected=_HOURS, got=_text.kind_of(value))


@attrs.frozen(field_transformer=_fields.placed)
class QuietHours:
    """
    Local times between which nobody is contacted, such as from nine in the evening to eight.

    Args:
        begin: From then on.
        end: Until then; on the next day, if it is not after *begin*.
        channel: For this channel only; for all unless given.

    Example:
        >>> print(QuietHours(time(21), time(8), "phone"))
        quiet from 21:00 to 08:00 by phone
    """

    begin: time = attrs.field(converter=_as_hour)
    end: time = attrs.field(converter=_as_hour)
    channel: str | None = attrs.field(default=None, converter=as_channel_or_none)

    def __attrs_post_init__(self) -> None:
        if self.begin == self.end:
            raise InvalidValue(expected=_HOURS, got="one twice", where="$.end")

    def __str__(self) -> str:
        by = f" by {self.channel}" if self.channel else ""
        return f"quiet from {self.begin:%H:%M} to {self.end:%H:%M}{by}"


def _as_quiet(value: object) -> tuple[QuietHours, ...]:
    return _all_of(QuietHours, value, "quiet hours")


def _as_caps(value: object) -> tuple[Cap, ...]:
    return _all_of(Cap, value, "caps on contacts")


def _all_of(kind: type[_Part], value: object, expected: str) -> tuple[_Part, ...]:
    """Several of a kind, and not too many."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidValue(expected=expected, got=_text.kind_of(value))
    parts = tuple(value)
    for part in parts:
        if not isinstance(part, kind):
            raise InvalidValue(expected=expected, got=_text.kind_of(part))
    if len(parts) > limits.CAPS:
        raise InvalidValue(expected=f"at most {limits.CAPS} of them", got=f"{len(parts):,}")
    return parts


def _as_zones(value: object) -> tuple[tzinfo, ...]:
    if isinstance(value, str | tzinfo) or not isinstance(value, Iterable):
        raise InvalidValue(expected="zones in which a contact may be", got=_text.kind_of(value))
    zones = tuple(map(as_zone, value))
    if len(zones) > limits.ZONES:
        raise InvalidValue(expected=f"at most {limits.ZONES} zones", got=str(len(zones)))
    return zones


def as_zone(value: object) -> tzinfo:
    """A time zone, given as such or by its name."""
    if isinstance(value, str):
        return _instants.zone_named(value)
    if isinstance(value, tzinfo):  # those of pytz give other hours unless asked in their own way
        return _instants.zone_named(str(value)) if hasattr(value, "localize") else value
    expected = "a time zone or its IANA name"
    raise InvalidValue(expected=expected, got=_text.kind_of(value))


def _as_week(value: Any) -> Mapping[int, tuple[Window, ...]]:
    try:
        return _week.as_week(value)
    except InvalidValue as fault:
        place = (fault.where or "").removeprefix("hours")
        where = f"$.hours{place}"
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


@attrs.frozen(kw_only=True, slots=False, field_transformer=_fields.placed)
class ContactPolicy:
    """
    What holds for every contact, whatever cadence it is of; all times are those of the contact.

    Args:
        hours: Weekday (0 is Monday) to the windows in which anything is sent, as for
            :class:`~leadlib.worktime.WorkCalendar`; at all hours unless given.
        quiet: Hours that are taken out of them, for all channels or for one.
        holidays: Days on which nothing is sent.
        caps: How many contacts at most.
        laws: Those of the place of the contact, see :func:`laws_for`: their hours and caps hold
            besides, and a touch needs the permission that they ask for.
        zones: Where somebody may be whose own zone is not known: a touch must then be allowed in
            all of these.  Unless given, the outermost zones that the laws name, or the whole world:
            then only days without any quiet hour are left, for it is always night somewhere.

    Raises:
        InvalidValue: Hours that never come, for one channel or in all zones together; or parts of
            another kind.
        UnknownName: No zone of that name.

    Example:
        >>> from dateutil.relativedelta import relativedelta
        >>> policy = ContactPolicy(
        ...     hours={day: [(time(9), time(18))] for day in range(5)},
        ...     quiet=[QuietHours(time(12), time(13), "phone")],
        ...     caps=[Cap(2, per=relativedelta(days=7))],
        ... )
        >>> print(policy)
        Mon-Fri 09:00-18:00; quiet from 12:00 to 13:00 by phone; at most 2 contacts in 7 days
    """

    hours: Mapping[int, tuple[Window, ...]] = attrs.field(
        default=_ALL_DAY, converter=_as_week, eq=lambda week: sorted(week.items()), hash=False
    )
    quiet: tuple[QuietHours, ...] = attrs.field(default=(), converter=_as_quiet)
    holidays: frozenset[date] = attrs.field(default=frozenset(), converter=_week.as_holidays)
    caps: tuple[Cap, ...] = attrs.field(default=(), converter=_as_caps)
    laws: Laws | None = None
    zones: tuple[tzinfo, ...] = attrs.field(default=(), converter=_as_zones)

    def __attrs_post_init__(self) -> None:
        if self.laws is not None:
            _fields.check_type(self.laws, Laws, "$.laws")
        for channel in {None, *(quiet.channel for quiet in self.quiet), *self._called_by_law()}:
            if not any(self.pattern(channel)):
                got = f"quiet at all hours{f' by {channel}' if channel else ''}"
                raise InvalidValue(expected="hours that open", got=got, where="$.quiet")
        if self.zones and never_together(self.zones, self.pattern(None)):
            got = "hours that never come in all of them at once"
            raise InvalidValue(expected="zones with hours in common", got=got, where="$.zones")

    def pattern(self, channel: str | None) -> Pattern:
        """The windows of each weekday by a channel, in microseconds since midnight."""
        if channel not in self._patterns:
            own = [q for q in self.quiet if q.channel is None or q.channel == channel]
            silences = [(q.begin, q.end) for q in own]
            if self.laws is not None and channel is not None:
                legal = self.laws.hours(channel)
                silences += [] if legal is None else [(legal[1], legal[0])]
            self._patterns[channel] = week_of(self.hours, silences)
        return self._patterns[channel]

    def anywhere(self, channel: str | None) -> tuple[tuple[tzinfo, ...], Pattern]:
        """The zones and the windows for somebody whose zone is not known."""
        week = self.pattern(channel)
        if zones := self.zones or self._zones_of_laws():
            return zones, week
        world = tuple(map(_instants.zone_named, _WORLD))
        return world, tuple(day if day == _WHOLE_DAY else () for day in week)

    def _called_by_law(self) -> Iterable[str]:
        return {c for law in self.laws or () for hours in law.hours for c in hours.channels}

    def _zones_of_laws(self) -> tuple[tzinfo, ...]:
        names = dict.fromkeys(name for law in self.laws or () for name in law.zones)
        return tuple(map(_instants.zone_named, names))

    @cached_property
    def all_caps(self) -> tuple[AnyCap, ...]:
        """Those of the house and those of the laws."""
        legal = dict.fromkeys(cap for law in self.laws or () for cap in law.caps)
        return (*self.caps, *map(ByLaw.of, legal))

    @cached_property
    def _patterns(self) -> dict[str | None, Pattern]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def __str__(self) -> str:
        hours = _in_words(self.pattern_without_quiet)
        laws = () if self.laws is None else (str(self.laws),)
        return "; ".join((hours, *map(str, (*self.quiet, *self.caps)), *laws))

    @property
    def pattern_without_quiet(self) -> Pattern:
        """The windows of each weekday before any quiet hours."""
        return week_of(self.hours, [])


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def _in_words(week: Pattern) -> str:
    """Weekdays that follow each other with the same windows are said once."""
    runs: list[tuple[int, int]] = []
    for day in range(7):
        if runs and week[runs[-1][0]] == week[day]:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    said = [f"{_run(first, last)} {_spans(week[first])}" for first, last in runs if week[first]]
    return ", ".join(said)


def _run(first: int, last: int) -> str:
    return _DAYS[first] if first == last else f"{_DAYS[first]}-{_DAYS[last]}"


def _spans(windows: Iterable[tuple[int, int]]) -> str:
    spans = [(begin, end) for begin, end in windows]
    if spans == [(0, DAY)]:
        return "at all hours"
    return " and ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in spans)


def _clock(micros: int) -> str:
    hours, minutes = divmod(micros // 60_000_000, 60)
    return f"{hours if hours == 24 else hours % 24:02}:{minutes:02}"  # noqa: PLR2004  # the end of a day
