"""
What a lifecycle declares about moves: which there are, and what any other move means beside them.

Lifecycles run in circles, since sales can hand back: from almost every stage some way leads to
almost every other.  So *ahead* is not mere reachability.  A stage lies ahead of another if declared
moves lead there without coming again through a stage that every lead must have been in before: a
way that goes back to the start of the circle first is no way ahead.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from functools import cached_property

import attrs

from leadlib.lifecycle import Lifecycle, Stage
from leadlib.model import Team

__all__ = ["Declared", "MoveKind"]


class MoveKind(StrEnum):
    """
    What a move is beside the lifecycle; every move is of exactly one kind, the first that fits.

    ``FOREIGN``: the lifecycle does not know one of the two stages.  ``DECLARED``: some event leads
    there.  ``SKIP``: the target lies ahead, further than one declared move.  ``BACK``: the source
    lies ahead of the target.  ``ASIDE``: neither lies ahead of the other.

    Example:
        >>> print(MoveKind.SKIP)
        skip
    """

    DECLARED = "declared"
    SKIP = "skip"
    BACK = "back"
    ASIDE = "aside"
    FOREIGN = "foreign"


_Moves = Mapping[str, tuple[str, ...]]


@attrs.frozen(slots=False)
class Declared:
    """The stages and moves of a lifecycle by name; loops within a stage are no moves."""

    start: str
    stages: Mapping[str, Stage]
    moves: _Moves

    @classmethod
    def of(cls, lifecycle: Lifecycle) -> "Declared":
        moves: dict[str, dict[str, None]] = {stage.name: {} for stage in lifecycle.stages}
        for stage, _, to in lifecycle.moves:
            moves[stage.name][to.name] = None
        return cls(
            start=lifecycle.start.name,
            stages={stage.name: stage for stage in lifecycle.stages},
            moves={name: tuple(targets) for name, targets in moves.items()},
        )

    def kind(self, source: str, target: str) -> MoveKind:
        if source not in self.stages or target not in self.stages:
            return MoveKind.FOREIGN
        if target in self.moves[source]:
            return MoveKind.DECLARED
        if target in self.ahead(source):
            return MoveKind.SKIP
        return MoveKind.BACK if source in self.ahead(target) else MoveKind.ASIDE

    def ahead(self, stage: str) -> Mapping[str, tuple[str, ...]]:
        """The stages ahead of *stage*, each with those between on the shortest way."""
        if stage not in self._ahead:
            self._ahead[stage] = _ways(self.moves, stage, self._passed(stage))
        return self._ahead[stage]

    @cached_property
    def _ahead(self) -> dict[str, Mapping[str, tuple[str, ...]]]:
        return {}

    def _passed(self, stage: str) -> set[str]:
        """The stages, it included, that every declared way from the start to *stage* passes."""
        if stage not in self._reached(()):
            return set()
        return {name for name in self.stages if stage not in self._reached_without[name]}

    @cached_property
    def _reached_without(self) -> Mapping[str, set[str]]:
        return {name: self._reached({name}) for name in self.stages}

    def _reached(self, barred: Collection[str]) -> set[str]:
        """What can be reached from the start, itself included, if some stages are barred."""
        if self.start in barred:
            return set()
        return {self.start, *_ways(self.moves, self.start, barred)}

    def is_with_sales(self, name: str) -> bool:
        """Owned by sales, or by both and still open; what both have closed is with nobody."""
        stage = self.stages.get(name)
        if stage is None or stage.owner is Team.MARKETING:
            return False
        return stage.owner is Team.SALES or not stage.closed

    def is_hand_back(self, source: str, target: str) -> bool:
        """From the hands of sales to an open stage of marketing; ruling out is not giving back."""
        to = self.stages.get(target)
        returns = to is not None and to.owner is Team.MARKETING and not to.closed
        return returns and self.is_with_sales(source)

    def is_closed(self, name: str) -> bool:
        return name in self.stages and self.stages[name].closed

    @property
    def of_sales(self) -> tuple[str, ...]:
        """The open stages that are with sales."""
        return tuple(
            name for name in self.stages if self.is_with_sales(name) and not self.is_closed(name)
        )

    @property
    def without_way_back(self) -> tuple[str, ...]:
        """The open stages of sales that no declared move leaves as a hand-back."""
        return tuple(
            name
            for name in self.of_sales
            if not any(self.is_hand_back(name, target) for target in self.moves[name])
        )


def _ways(moves: _Moves, source: str, barred: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Every stage that can be reached, with those between on the shortest way; breadth first."""
    seen = {source, *barred}
    ways: dict[str, tuple[str, ...]] = {}
    todo: list[tuple[str, tuple[str, ...]]] = [(source, ())]
    for stage, between in todo:  # grows while it is read
        for target in moves[stage]:
            if target not in seen:
                seen.add(target)
                ways[target] = between
                todo.append((target, (*between, target)))
    return ways
