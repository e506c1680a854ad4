"""Hours of the day as whole microseconds: the windows of a week, less those that are quiet."""

from collections.abc import Iterable, Mapping
from datetime import time

from leadlib import _text
from leadlib._week import Window, passes_midnight
from leadlib.errors import InvalidValue

__all__ = ["DAY", "Pattern", "as_hour", "micros_of", "week_of"]

DAY = 86_400_000_000

Interval = tuple[int, int]
Pattern = tuple[tuple[Interval, ...], ...]


def micros_of(moment: time) -> int:
    """Microseconds since midnight on the clock on the wall."""
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return seconds * 1_000_000 + moment.microsecond


def week_of(hours: Mapping[int, Iterable[Window]], quiet: Iterable[Window]) -> Pattern:
    """
    For each weekday the windows that begin on it; one that passes midnight ends after a day.
    """
    silences = [_interval(window) for window in quiet]
    return tuple(tuple(_without(map(_interval, hours.get(day, ())), silences)) for day in range(7))


def _interval(window: Window) -> Interval:
    begin, end = map(micros_of, window)
    return (begin, end + DAY) if passes_midnight(window) else (begin, end)


def _without(windows: Iterable[Interval], silences: Iterable[Interval]) -> list[Interval]:
    """What is left of the windows of a day; the quiet hours come every day."""
    left = [*windows]
    for begin, end in silences:
        for day in (-1, 0, 1):
            quiet = (begin + day * DAY, end + day * DAY)
            left = [piece for window in left for piece in _cut(window, quiet)]
    return left


def _cut(window: Interval, quiet: Interval) -> list[Interval]:
    pieces = [(window[0], min(window[1], quiet[0])), (max(window[0], quiet[1]), window[1])]
    return [piece for piece in pieces if piece[0] < piece[1]]


def as_hour(value: object) -> time:
    """A time of a local clock."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    raise InvalidValue(expected="a local time such as time(10)", got=_text.kind_of(value))
