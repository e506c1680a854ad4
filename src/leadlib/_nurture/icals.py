"""A plan as a calendar file: what a rep or a marketer sees beside the other appointments."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from leadlib import _fields, _instants
from leadlib._nurture.touches import Touch, TouchState
from leadlib.errors import InvalidValue, MissingExtra

__all__ = ["to_ical"]

_QUARTER = timedelta(minutes=15)
_STATUS = {
    TouchState.PLANNED: "CONFIRMED",
    TouchState.SENT: "CONFIRMED",
    TouchState.HELD: "TENTATIVE",
    TouchState.CANCELLED: "CANCELLED",
}

_LONGEST = timedelta(days=1)


def to_ical(
    touches: Iterable[Touch], *, now: datetime, lasting: timedelta = _QUARTER, domain: str
) -> str:
    """
    Give touches as an iCalendar file; needs ``leadlib[ical]``.

    Each touch is an event whose UID is the id of the touch, so that a calendar that takes in the
    file of a later plan moves its events and makes no new ones.  Names of persons are not in it:
    the lead is named by its id.

    Args:
        touches: Such as a :class:`Plan`, or the touches of several.
        now: The instant that the file is made at.
        lasting: How long an event takes up in the calendar.
        domain: What makes the ids yours, such as ``example.com``.

    Returns:
        The text of the file, as RFC 5545 has it.

    Raises:
        MissingExtra: The library *icalendar* is not installed.
        InvalidValue: Something is no touch, or takes no time.

    Source:
        RFC 5545, Internet Calendaring and Scheduling Core Object Specification.
    """
    _fields.check_type(lasting, timedelta, "lasting")
    if not timedelta(0) < lasting <= _LONGEST:
        expected = "a time above zero, of at most a day"
        raise InvalidValue(expected=expected, got="another", where="lasting")
    made_at = _instants.aware(now, where="now")
    owner = _fields.named("domain", _fields.identifier)(domain)
    library = _library()
    calendar = library.Calendar()
    calendar.add("prodid", "-//leadlib//nurture//EN")
    calendar.add("version", "2.0")
    for touch in _fields.all_of(Touch, touches, "touches", "touches"):
        calendar.add_component(_event(library, touch, made_at, lasting, owner))
    text: str = calendar.to_ical().decode()
    return text


def _event(library: Any, touch: Touch, made_at: datetime, lasting: timedelta, domain: str) -> Any:
    event = library.Event()
    event.add("uid", f"{touch.id}@{domain}")
    event.add("dtstamp", made_at)
    event.add("dtstart", touch.at)
    event.add("dtend", touch.at + lasting)
    event.add("summary", f"{touch.send} by {touch.channel} to {touch.lead}")
    event.add("status", _STATUS[touch.state])
    event.add("categories", [touch.cadence])
    if touch.why:
        event.add("description", touch.why)
    return event


def _library() -> Any:
    try:
        import icalendar  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        raise MissingExtra(
            expected="leadlib[ical], which writes calendar files", got="no icalendar"
        ) from None
    return icalendar
