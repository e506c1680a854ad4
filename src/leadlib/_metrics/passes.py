"""
Passes: a lead that comes back gets another chance, and then one rate becomes three.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

import attrs

from leadlib import _instants, _text
from leadlib._metrics.log import AnyStage, StageLog, one_or_several
from leadlib._metrics.offers import plain
from leadlib._metrics.origin import Measured, Origin, origin_of
from leadlib._metrics.reading import check_in_python
from leadlib._rates import Rate
from leadlib._results import records
from leadlib.errors import InvalidValue

__all__ = ["Passes", "passes"]


@attrs.frozen(kw_only=True)
class Passes(Measured):
    """
    What became of leads that may enter a stage more than once; made by :func:`passes`.

    Args:
        start: The stage; each entry into it begins a pass.
        goals: The stages that a pass is for.
        as_of: The last visible instant.
        leads: How many leads entered *start*.
        passes: How often they did, all together.
        arrived_first: How many leads arrived at their first pass.
        arrived_ever: How many leads arrived at all.
        arrived: How many passes arrived.
        waiting: How many leads are still in *start*: their pass may yet arrive.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    start: str
    goals: tuple[str, ...]
    as_of: datetime
    leads: int
    passes: int
    arrived_first: int
    arrived_ever: int
    arrived: int
    waiting: int
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def first_pass(self) -> Rate:
        """Leads that arrived at their first pass, of all leads."""
        return Rate(self.arrived_first, self.leads)

    @property
    def eventual(self) -> Rate:
        """Leads that arrived at any pass, of all leads: a lower bound, for they may come again."""
        return Rate(self.arrived_ever, self.leads)

    @property
    def per_pass(self) -> Rate:
        """
        Passes that arrived, of all passes.

        The passes of one lead resemble each other, so the interval is somewhat too narrow.
        """
        return Rate(self.arrived, self.passes)

    @property
    def _rates(self) -> tuple[tuple[str, Rate], ...]:
        rates = (self.first_pass, self.eventual, self.per_pass)
        return tuple(zip(("first pass", "eventual", "per pass"), rates, strict=True))

    def __str__(self) -> str:
        head = (self.start, "arrived", "of", "rate", "95 % interval")
        rows = [
            (name, f"{rate.k:,}", f"{rate.n:,}", rate.percent, rate.bounds)
            for name, rate in self._rates
        ]
        return "\n".join([_text.text_table(head, rows), f"{self.waiting:,} still wait there"])

    def to_records(self) -> list[dict[str, Any]]:
        """One row for each of the three rates."""
        return records({"rate of": name, **plain(rate)} for name, rate in self._rates)

    def to_dict(self) -> dict[str, Any]:
        """The three rates as plain data."""
        return {
            "start": self.start,
            "goals": [*self.goals],
            "as_of": self.as_of.isoformat(),
            **{name.replace(" ", "_"): plain(rate) for name, rate in self._rates},
            "waiting": self.waiting,
            **self._said(),
        }


def passes(
    log: StageLog,
    *,
    start: AnyStage,
    goal: AnyStage | Iterable[AnyStage],
    as_of: datetime | None = None,
) -> Passes:
    """
    Tell apart how many arrive at their first pass, how many ever, and how many of all passes do.

    Args:
        log: The stage log.
        start: Each entry into this stage begins a pass, which lasts until the next one.
        goal: The stage that a pass is for; or several, each of which will do, for those that
            skipped one.
        as_of: The last visible instant; the last event unless given.

    Returns:
        The three rates.  Two entries into *start* with no other stage between are one: to stay
        where one is, is no pass.  Within one instant it goes by *seq*, then *start* comes before
        *goal* and *goal* before the others.

    Raises:
        UnknownName: A stage is not in the log.
        InvalidValue: No goal, or one that is *start*.

    Source:
        Seed 003: leads go back to marketing, and come again.

    Example:
        >>> from datetime import UTC, datetime
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "handed off", day(2)), ("a", "handed back", day(4)),
        ...     ("a", "handed off", day(9)), ("a", "accepted", day(10)),
        ...     ("b", "handed off", day(9)), ("b", "accepted", day(9))])
        >>> print(passes(log, start="handed off", goal="accepted"))
        handed off  arrived  of     rate  95 % interval
        ──────────  ───────  ──  ───────  ─────────────
        first pass        1   2   50.0 %    [9.5, 90.5]
        eventual          2   2  100.0 %  [34.2, 100.0]
        per pass          2   3   66.7 %   [20.8, 93.9]
        0 still wait there
    """
    check_in_python(log)
    [name] = log.named([start])
    goals = log.named(one_or_several(goal))
    if not goals or name in goals:
        raise InvalidValue(expected="stages other than the start", got="others", where="goal")
    cut = log.cut(as_of)
    found = [(own, still) for own, still in _stories(log, name, goals, cut) if own]
    return Passes(
        start=name,
        goals=goals,
        as_of=_instants.from_micros(cut),
        leads=len(found),
        passes=sum(len(own) for own, _ in found),
        arrived_first=sum(own[0] for own, _ in found),
        arrived_ever=sum(any(own) for own, _ in found),
        arrived=sum(sum(own) for own, _ in found),
        waiting=sum(still for _, still in found),
        origin=origin_of(log, cut, metric="passes", start=name, goals=[*goals]),
    )


def _stories(
    log: StageLog, start: str, goals: Sequence[str], cut: int
) -> Iterator[tuple[list[bool], bool]]:
    """For each lead whether each of its passes arrived, and whether it is still in *start*."""
    kinds = [_START if name == start else _GOAL if name in goals else _OTHER for name in log.stages]
    order = sorted(range(len(kinds)), key=lambda stage: (kinds[stage], stage))
    place = {stage: place for place, stage in enumerate(order)}
    for story in log.stories(cut, [place[stage] for stage in range(len(kinds))]):
        visits = [kinds[order[own]] for own, _ in groupby(story, key=itemgetter(1))]
        if visits:
            yield _arrivals(visits), visits[-1] == _START


_START, _GOAL, _OTHER = range(3)


def _arrivals(visits: Iterable[int]) -> list[bool]:
    arrivals: list[bool] = []
    for kind in visits:
        if kind == _START:
            arrivals.append(False)
        elif kind == _GOAL and arrivals:
            arrivals[-1] = True
    return arrivals
