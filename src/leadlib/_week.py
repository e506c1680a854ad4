"""
Opening hours as people give them: windows of local time, by weekday or by date, checked.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from itertools import pairwise
from typing import Any, TypeVar

from leadlib import _text
from leadlib._fields import FrozenDict
from leadlib.errors import InvalidValue

__all__ = ["Window", "as_holidays", "as_special", "as_week", "passes_midnight"]

Window = tuple[time, time]
_K = TypeVar("_K")

_MIDNIGHT = time(0)
_WINDOWS = (
    "windows such as (time(9), time(17)), of local time, that do not overlap and are not empty"
)
_WEEK = f"weekdays 0 to 6 with {_WINDOWS}"
_SPECIAL = f"plain dates, without time, with {_WINDOWS}"
_DATES = "plain dates, without time"


def as_week(hours_of: Mapping[int, Iterable[Window]]) -> FrozenDict[int, tuple[Window, ...]]:
    """The week, checked; frozen, because a calendar that changes would move deadlines."""
    week = _by_day(hours_of, _is_weekday, expected=_WEEK, where="hours")
    if not any(week.values()):
        raise InvalidValue(expected="at least one open window", got="none", where="hours")
    return week


def as_special(hours_of: Mapping[date, Iterable[Window]]) -> FrozenDict[date, tuple[Window, ...]]:
    """The hours of single days, checked; none at all is a closed day."""
    return _by_day(hours_of, _is_date, expected=_SPECIAL, where="special")


def _by_day(
    hours_of: Mapping[_K, Any], is_day: Callable[[object], bool], *, expected: str, where: str
) -> FrozenDict[_K, tuple[Window, ...]]:
    if not isinstance(hours_of, Mapping):
        raise InvalidValue(expected=expected, got=_text.kind_of(hours_of), where=where)

    def checked(day: object, windows: object) -> tuple[Window, ...]:
        if not is_day(day):
            raise InvalidValue(expected=expected, got=f"{day!r:.40}", where=where)
        ordered = _in_order(windows)
        if ordered is None:
            got, place = "others", f"{where}[{day!s}]"
            raise InvalidValue(expected=f"a list of {_WINDOWS}", got=got, where=place)
        return ordered

    return FrozenDict({day: checked(day, windows) for day, windows in hours_of.items()})


def _is_weekday(day: object) -> bool:
    return isinstance(day, int) and day in range(7)


def _is_date(day: object) -> bool:
    return isinstance(day, date) and not isinstance(day, datetime)


def _in_order(windows: object) -> tuple[Window, ...] | None:
    """The windows of one day as they follow each other; None if they cannot."""
    taken = tuple(windows) if isinstance(windows, Iterable) else (None,)
    if not all(map(_is_window, taken)):
        return None
    ordered = tuple(sorted((opens, closes) for opens, closes in taken))
    return ordered if _apart(ordered) else None


def _is_window(window: object) -> bool:
    """Two local times; the zone is that of the calendar."""
    return (
        isinstance(window, tuple | list)
        and len(window) == 2  # noqa: PLR2004  # from and to
        and all(isinstance(moment, time) and moment.tzinfo is None for moment in window)
        and (window[0] != window[1] or window[0] == _MIDNIGHT)  # nothing, or a day and a night?
    )


def _apart(windows: Iterable[Window]) -> bool:
    """Whether windows of a day do not overlap; they may adjoin, and the last may be a night."""
    spans = [((False, window[0]), (passes_midnight(window), window[1])) for window in windows]
    return all(before[1] <= after[0] for before, after in pairwise(spans))


def passes_midnight(window: Window) -> bool:
    """Whether a window closes on the next day; midnight itself is the end of its day."""
    opens, closes = window
    return closes <= opens


def as_holidays(closed: Iterable[date]) -> frozenset[date]:
    """Closed days, each a plain date."""
    if not isinstance(closed, Iterable):
        raise _no_dates(closed)
    return frozenset(map(_as_day, closed))


def _as_day(day: object) -> date:
    if not isinstance(day, date) or isinstance(day, datetime):
        raise _no_dates(day)
    return day


def _no_dates(got: object) -> InvalidValue:
    return InvalidValue(expected=_DATES, got=_text.kind_of(got), where="holidays")
