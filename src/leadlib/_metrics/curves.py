"""What curves of shares over time have in common: units, steps, intervals, and their tables."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import exp, log
from statistics import NormalDist
from typing import Any, TypeVar

from leadlib import _text
from leadlib._metrics.durations import micros
from leadlib.errors import InvalidValue

__all__ = [
    "DAY",
    "ONE",
    "UNITS",
    "amount",
    "check_share",
    "days",
    "first_with",
    "in_days",
    "interval_of",
    "percent",
    "span",
    "step_at",
    "table",
    "unit_of",
]

_Z = NormalDist().inv_cdf(0.975)  # two-sided 95 %
_Time = TypeVar("_Time")
ONE = 2**53  # shares are whole multiples of 2**-53: floats that add up without rounding
_SHOWN = 24  # rows of a printed table
DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
UNITS = {"days": DAY, "hours": _HOUR, "minutes": _MINUTE}


def interval_of(survival: float, error: float | None) -> tuple[float, float] | None:
    """The 95 % interval of a survival by the log-log transformation; None where it says nothing."""
    if not error or not 0 < survival < 1:
        return None
    wide = _Z * error / (survival * -log(survival))
    return survival ** exp(wide), survival ** exp(-wide)


def step_at(steps: Sequence[Any], time: Any) -> Any:
    """The last step at or before *time*; None before the first."""
    micros(time, "time")
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if steps[middle].time <= time else (low, middle)
    return steps[low - 1] if low else None


def first_with(shares: Iterable[tuple[_Time, float]], wanted: float) -> _Time | None:
    """The first time with at least that share; each step may have rounded by one unit."""
    for number, (time, share) in enumerate(shares, start=1):
        if share + number / ONE >= wanted:
            return time
    return None


def check_share(share: Any) -> None:
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        got = f"{share}" if isinstance(share, int | float) else _text.kind_of(share)
        raise InvalidValue(expected="a share above 0, up to 1", got=got, where="share")


def unit_of(steps: Sequence[Any]) -> str:
    """Days, or hours if the last step comes within three of them, or minutes likewise."""
    longest = steps[-1].time if steps else timedelta(0)
    return "days" if longest > 3 * DAY else "hours" if longest > 3 * _HOUR else "minutes"


def span(steps: Sequence[Any]) -> dict[str, Any]:
    """The axis of time, as pictures take it."""
    unit = unit_of(steps)
    return {
        "until": steps[-1].time / DAY if steps else 0.0,
        "unit": unit,
        "per": DAY / UNITS[unit],
    }


def amount(count: float) -> str:
    return f"{count:,.2f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def days(time: timedelta) -> str:
    return f"{time / DAY:,.1f} days"


def in_days(time: timedelta | None) -> float | None:
    return None if time is None else time / DAY


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """All rows, or some of them evenly chosen, first and last included, and how many there are."""
    last = len(rows) - 1
    if last < _SHOWN:
        return _text.text_table(head, rows, left=0)
    shown = [rows[last * i // (_SHOWN - 1)] for i in range(_SHOWN)]
    return f"{_text.text_table(head, shown, left=0)}\n{_SHOWN} of {len(rows):,} steps"
