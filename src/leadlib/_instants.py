"""
Instants: one strict reading of ISO 8601, always aware, always within the calendar of business.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from leadlib.errors import InvalidValue, UnknownName

__all__ = [
    "EARLIEST",
    "LATEST",
    "MICROSECOND",
    "aware",
    "from_micros",
    "instant",
    "micros",
    "placed",
    "zone_named",
]

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_FIRST, _BEYOND = EARLIEST.year, LATEST.year
EXPECTED = "an ISO 8601 instant with offset, such as 2026-03-02T09:00:00+01:00"
EXPECTED_LOCAL = "an ISO 8601 date or date-time, such as 2026-03-02 09:00:00"

# datetime.fromisoformat takes other forms in other versions (2026-W09-7 from 3.11 on, 24:00 from
# 3.13 on), so the form is checked first.  ASCII digits only: \d would take any script's.
_FORM = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?P<time>[T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(?P<offset>Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
_LONGEST = 40
_YEARS = "a year from 1970 to 2199"
MICROSECOND = timedelta(microseconds=1)


def instant(text: str, *, zone: tzinfo | None = None) -> datetime:
    """
    Read an instant from text; a time without offset needs *zone*, a date is the start of its day.

    In the hour that a zone skips, the instant is the end of the gap; in the hour that comes twice,
    the first.  Fractions are taken to the microsecond.
    """
    form = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    expected = EXPECTED if zone is None else EXPECTED_LOCAL
    if form is None:
        raise InvalidValue(expected=expected, got=_described(text))
    if zone is None and not form["offset"]:
        got = "a time without offset" if form["time"] else "a date without time and offset"
        raise InvalidValue(expected=expected, got=got)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValue(expected=expected, got="a date or time that does not exist") from None
    _check_year(read)
    return _within(read if read.tzinfo else placed(read, zone))


def _described(text: str) -> str:
    return "nothing" if not text.strip() else f"text of {len(text)} characters in another form"


def placed(local: datetime, zone: tzinfo | None) -> datetime:
    """Put a local time into its zone: the first of two, and the end of a gap."""
    read = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if read.astimezone(zone).replace(tzinfo=None) == local:
        return read
    # The gap lies between both readings of the skipped time: where the offset changes.
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), read
    before = _offset(low, zone)
    while high - low > MICROSECOND:
        middle = low + (high - low) / 2
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def _offset(at: datetime, zone: tzinfo | None) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _within(at: datetime) -> datetime:
    """To UTC, inside the calendar."""
    _check_year(at)
    at = at.astimezone(UTC)
    if not EARLIEST <= at < LATEST:
        raise InvalidValue(expected=_YEARS, got=f"the year {at.year}")
    return at


def _check_year(at: datetime) -> None:
    """Offsets near the ends of time would overflow, so the year is looked at before any zone."""
    if not EARLIEST.year - 1 <= at.year <= LATEST.year:
        raise InvalidValue(expected=_YEARS, got=f"the year {at.year}")


def aware(value: object, *, where: str | None = None) -> datetime:
    """Take a datetime with a zone, as UTC; refuse naive ones instead of guessing their zone."""
    if type(value) is datetime and value.tzinfo is UTC and _FIRST <= value.year < _BEYOND:
        return value  # most are: they went through here before
    if not isinstance(value, datetime):
        got = f"a {type(value).__name__}"
        raise InvalidValue(expected="a datetime with a time zone", got=got, where=where)
    if value.tzinfo is None or value.utcoffset() is None:
        got = "a datetime without one"
        raise InvalidValue(expected="a datetime with a time zone", got=got, where=where)
    try:
        at = _within(value)
    except InvalidValue as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None
    return at if type(at) is datetime else _plain(at)


def _plain(at: datetime) -> datetime:
    """A time stamp of another library, which may keep nanoseconds, as a datetime."""
    parts = (at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond)
    return datetime(*parts, tzinfo=UTC)


def micros(at: datetime) -> int:
    """Microseconds since 1970, exact (``timestamp()`` is a float)."""
    return (at - EARLIEST) // MICROSECOND


def from_micros(count: int) -> datetime:
    """The instant *count* microseconds after 1970."""
    return EARLIEST + MICROSECOND * count  # a third of the time of timedelta(microseconds=count)


def zone_named(name: str) -> tzinfo:
    """The time zone of that IANA name; whatever is wrong with the name, one error."""
    if name == "UTC":
        return UTC
    expected = "an IANA time zone such as Europe/Berlin"
    if not re.fullmatch(r"[A-Za-z0-9_+\-]{1,32}(/[A-Za-z0-9_+\-]{1,32}){0,2}", name):
        raise UnknownName(expected=expected, got="text that is no zone name")
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):
        raise UnknownName(expected=expected, got=repr(name)) from None
