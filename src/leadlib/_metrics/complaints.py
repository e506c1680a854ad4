"""Complaints: how many recipients call a message spam, and when to stop before others stop us."""

from enum import StrEnum
from typing import Any

import attrs

from leadlib import _fields
from leadlib._metrics.offers import plain
from leadlib._rates import Benchmark, Rate, check_range
from leadlib._results import Result
from leadlib.errors import InvalidValue

__all__ = ["ComplaintState", "Complaints", "complaints"]

_STOP_AT = 0.003


class ComplaintState(StrEnum):
    """
    Whether to go on sending.

    Example:
        >>> print(ComplaintState.STOP)
        stop
    """

    CLEAR = "clear"
    UNCLEAR = "unclear"
    STOP = "stop"


def _as_threshold(value: float) -> float:
    check_range(0, value)
    if not value:
        raise InvalidValue(expected="a share above zero", got="zero")
    return float(value)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Complaints(Result):
    """
    A complaint rate against its threshold; made by :func:`complaints`.

    Args:
        rate: Complaints of messages that were delivered.
        stop_at: The share from which on nothing more is sent.
    """

    rate: Rate = attrs.field(validator=_fields.is_a(Rate))
    stop_at: float = attrs.field(default=_STOP_AT, converter=_as_threshold)

    @property
    def state(self) -> ComplaintState:
        """
        ``STOP`` if the rate has come up to the threshold: the provider counts the rate itself, and
        asks for no interval.  ``CLEAR`` if the whole 95 % interval lies below it; between them, and
        of nothing, ``UNCLEAR``: more messages may yet show either.
        """
        if self.rate.value is not None and self.rate.value >= self.stop_at:
            return ComplaintState.STOP
        if self.rate.against(self.stop_at, 1) is Benchmark.BELOW:
            return ComplaintState.CLEAR
        return ComplaintState.UNCLEAR

    def __str__(self) -> str:
        return f"{self.state}: {self.rate} complain, to stop at {100 * self.stop_at:g} %"

    def to_dict(self) -> dict[str, Any]:
        """The rate and what follows from it as plain data."""
        return {"rate": plain(self.rate), "stop_at": self.stop_at, "state": self.state.value}


def complaints(rate: Rate, *, stop_at: float = _STOP_AT) -> Complaints:
    """
    Say whether so many people call the messages spam that sending has to stop.

    Args:
        rate: Complaints of messages that were delivered, over the days that the provider looks at.
        stop_at: The share from which on nothing more is sent; 0.3 % unless given.

    Raises:
        InvalidValue: No rate, or no share above zero.

    Source:
        Gmail sender guidelines: a spam rate below 0.3 %.

    Example:
        >>> for k in (2, 24, 30):
        ...     print(complaints(Rate(k, 10_000)))
        clear: 0.020 % [0.005, 0.073] complain, to stop at 0.3 %
        unclear: 0.240 % [0.161, 0.357] complain, to stop at 0.3 %
        stop: 0.300 % [0.210, 0.428] complain, to stop at 0.3 %
    """
    return Complaints(rate=rate, stop_at=stop_at)
