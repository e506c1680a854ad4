"""When somebody may be called whose zone is one of several: in all of them it must be day."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta, tzinfo

from leadlib import _instants

__all__ = ["day_in_all", "next_in_all"]

_ONE_DAY = timedelta(days=1)
_SEARCHED = 4 * _ONE_DAY


def next_in_all(
    at: datetime, opens: time, closes: time, zones: Iterable[tzinfo]
) -> datetime | None:
    """The earliest instant from *at* on in the hours of every zone; None if there is no such."""
    everywhere, moment = tuple(zones), at
    while everywhere and moment - at <= _SEARCHED:
        later = max(_next(moment, opens, closes, zone) for zone in everywhere)
        if later == moment:
            return moment
        moment = later
    return None


def _next(at: datetime, opens: time, closes: time, zone: tzinfo) -> datetime:
    day = at.astimezone(zone).date()
    begin, end = day_in_zone(day, opens, closes, zone)
    if at < end:
        return max(at, begin)
    return day_in_zone(day + _ONE_DAY, opens, closes, zone)[0]


def day_in_zone(day: date, opens: time, closes: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """The hours of one local day, as instants."""
    begin = _instants.placed(datetime.combine(day, opens), zone)
    return begin, _instants.placed(datetime.combine(day, closes), zone)


def day_in_all(
    day: date, opens: time, closes: time, zones: Sequence[tzinfo]
) -> tuple[datetime, datetime] | None:
    """What the hours of one date have in common in all zones."""
    if not zones:
        return None
    hours = [day_in_zone(day, opens, closes, zone) for zone in zones]
    begin, end = max(begin for begin, _ in hours), min(end for _, end in hours)
    return (begin, end) if begin < end else None
