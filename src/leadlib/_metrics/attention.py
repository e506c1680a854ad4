"""
Attention to the leads on hand: are those that are not ready nurtured, and do more come than are
worked?
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import zip_longest
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.offers import plain
from leadlib._metrics.throughput import Throughput
from leadlib._rates import Benchmark, Rate
from leadlib._results import Result, records
from leadlib.errors import InvalidValue

__all__ = [
    "Backlog",
    "BacklogState",
    "CoverageState",
    "NurtureCoverage",
    "backlog",
    "nurture_coverage",
]


class CoverageState(StrEnum):
    """
    How far leads that are not ready are nurtured.

    Example:
        >>> print(CoverageState.NO_NURTURE)
        no nurture
    """

    FULL = "full"
    PARTIAL = "partial"
    NO_NURTURE = "no nurture"
    NOTHING_TO_NURTURE = "nothing to nurture"


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class NurtureCoverage(Result):
    """
    How many of the leads that are not ready are in a programme; made by :func:`nurture_coverage`.

    Args:
        rate: Those enrolled of those not ready.
        left_out: The ids of the others.
    """

    rate: Rate = attrs.field(validator=_fields.is_a(Rate))
    left_out: tuple[str, ...] = attrs.field(converter=_fields.identifiers)

    @property
    def state(self) -> CoverageState:
        """Whether there is any nurture, and whether it leaves anybody out."""
        if not self.rate.n:
            return CoverageState.NOTHING_TO_NURTURE
        if not self.rate.k:
            return CoverageState.NO_NURTURE
        return CoverageState.PARTIAL if self.left_out else CoverageState.FULL

    def __str__(self) -> str:
        return f"{self.state}: {self.rate.k:,} of {self.rate.n:,} enrolled, {self.rate.percent}"

    def to_dict(self) -> dict[str, Any]:
        """The coverage as plain data."""
        left_out = [*self.left_out]
        return {"rate": plain(self.rate), "left_out": left_out, "state": self.state.value}

    def to_records(self) -> list[dict[str, Any]]:
        """One row; *left_out* is how many."""
        return records([self.to_dict() | {"left_out": len(self.left_out)}])


def nurture_coverage(not_ready: Iterable[str], enrolled: Iterable[str]) -> NurtureCoverage:
    """
    Count how many of the leads that are not ready are in a nurture programme.

    Args:
        not_ready: The ids of those whom nobody is to sell to yet; an id counts once.
        enrolled: The ids of those in a programme; others than those not ready do not count.

    Raises:
        InvalidValue: No lists of ids.

    Source:
        Seed 003: a lead nurturing program has not been implemented.

    Example:
        >>> print(nurture_coverage(["a", "b", "c"], ["a", "b", "x"]))
        partial: 2 of 3 enrolled, 66.7 %
    """
    waiting = dict.fromkeys(_fields.named("not_ready", _fields.identifiers)(not_ready))
    known = {*_fields.named("enrolled", _fields.identifiers)(enrolled)}
    left_out = tuple(lead for lead in waiting if lead not in known)
    return NurtureCoverage(rate=Rate(len(waiting) - len(left_out), len(waiting)), left_out=left_out)


class BacklogState(StrEnum):
    """
    Whether more leads come than are worked.

    Example:
        >>> print(BacklogState.GROWING)
        growing
    """

    GROWING = "growing"
    SHRINKING = "shrinking"
    NOT_DISTINGUISHABLE = "not distinguishable"


@attrs.frozen(kw_only=True)
class Backlog(Result):
    """
    Leads that came and leads that were worked in the same periods; made by :func:`backlog`.

    Args:
        new: How many came, period by period.
        worked: How many were worked.

    Raises:
        InvalidValue: Not the same periods, or none.
    """

    new: Throughput = attrs.field(validator=_fields.is_a(Throughput))
    worked: Throughput = attrs.field(validator=_fields.is_a(Throughput))

    def __attrs_post_init__(self) -> None:
        if len(self.new.counts) != len(self.worked.counts) or not self.new.counts:
            raise InvalidValue(expected="as many periods of each", got="others", where="$.worked")
        if self.new.starts and self.worked.starts and self.new.starts != self.worked.starts:
            raise InvalidValue(expected="the same periods", got="others", where="$.worked")

    @property
    def growth(self) -> float:
        """By how many leads a period the backlog grows; below zero it shrinks."""
        return (sum(self.new.counts) - sum(self.worked.counts)) / len(self.new.counts)

    @property
    def state(self) -> BacklogState:
        """
        ``GROWING`` or ``SHRINKING`` if chance alone does not explain it at 5 %.

        Were as many worked as come, half of both together would be new: the 95 % interval of that
        share decides.
        """
        new, worked = sum(self.new.counts), sum(self.worked.counts)
        found = Rate(new, new + worked).against(0.5, 0.5)
        states = {Benchmark.ABOVE: BacklogState.GROWING, Benchmark.BELOW: BacklogState.SHRINKING}
        return states.get(found, BacklogState.NOT_DISTINGUISHABLE)

    def __str__(self) -> str:
        new, worked = sum(self.new.counts), sum(self.worked.counts)
        periods = _text.plural(len(self.new.counts), "period")
        return (
            f"{self.state}: {new:,} new, {worked:,} worked in {periods}, "
            f"{self.growth:+,.1f} a period"
        )

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each period; *start* is None if it is not known."""
        starts = [start.isoformat() for start in self.new.starts or self.worked.starts]
        rows = zip_longest(starts, self.new.counts, self.worked.counts)
        return records({"start": start, "new": new, "worked": done} for start, new, done in rows)

    def to_dict(self) -> dict[str, Any]:
        """The backlog as plain data."""
        return {
            "new": [*self.new.counts],
            "worked": [*self.worked.counts],
            "growth": self.growth,
            "state": self.state.value,
        }


def backlog(new: Throughput, worked: Throughput) -> Backlog:
    """
    Say whether more leads are sought than are managed.

    Args:
        new: How many leads came in each period; see :func:`throughput`.
        worked: How many were worked in the same periods: qualified, nurtured or ruled out.

    Raises:
        InvalidValue: Not the same periods, or none.

    Source:
        Seed 003: more leads are sought without managing those on hand.

    Example:
        >>> print(backlog(Throughput(counts=[200]), Throughput(counts=[100])))
        growing: 200 new, 100 worked in 1 period, +100.0 a period
    """
    return Backlog(new=new, worked=worked)
