"""
The small tables between a log and a formula: whole numbers, a few rows, the same from any engine.

A log in Python and a log in a data frame both give them; what is said about leads is worked out
from them once, and knows nothing of where the log is.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self, cast

import attrs

from leadlib import _fields, _text
from leadlib._metrics.counting import Counting
from leadlib._metrics.log import AnyStage, Log, check_log
from leadlib.errors import InvalidValue, UnknownName

__all__ = [
    "DAY",
    "Fate",
    "HOUR",
    "MISSING",
    "NO_LABEL",
    "Journeys",
    "LeadPaths",
    "PathTable",
    "Question",
    "Window",
    "check_column",
]

HOUR = 3_600_000_000  # microseconds
DAY = 24 * HOUR
MISSING = ""  # the group of leads without a label: no label is empty
NO_LABEL = "(missing)"  # and how it is printed

Fate = tuple[int, bool, bool]  # a period, and two answers
Stopped = tuple[int, str]  # the furthest index in the waterfall, the stage a lead is in


@attrs.frozen(kw_only=True)
class Question:
    """
    What is asked of a log, with the stages that it has.

    Args:
        waterfall: The stages of the way, first stage first.
        cut: The last visible microsecond.
        closed: The stages in which a story ends; None if nobody said so.
        closed_by: Who says so.
        counting: When a lead counts for a stage.
        index: The place of each stage of the log in the waterfall; the others have none.
        places: All stages of the log, in the order that breaks ties of one instant: along the
            waterfall, then outside, then closed.
        only: A label column, and the group in it that is asked about; None for all leads.
    """

    waterfall: tuple[str, ...]
    cut: int
    closed: frozenset[str] | None
    closed_by: str
    counting: Counting
    index: Mapping[str, int]
    places: tuple[str, ...]
    only: tuple[str, str] | None = None

    @classmethod
    def of(
        cls,
        log: Log,
        stages: Iterable[AnyStage],
        *,
        as_of: datetime | None = None,
        closed: Iterable[AnyStage] | None = None,
        counting: Counting | str = Counting.AT_LEAST,
    ) -> "Question":
        check_log(log)
        waterfall = log.named(stages)
        if not waterfall or len(set(waterfall)) != len(waterfall):
            got = "one of them twice" if waterfall else "none"
            raise InvalidValue(expected="stages that differ", got=got, where="stages")
        ended = log.closed if closed is None else frozenset(log.named(closed))
        index = {name: i for i, name in enumerate(waterfall) if name in log.stages}
        outside, last = len(waterfall), ended or frozenset()
        return cls(
            waterfall=waterfall,
            cut=log.cut(as_of),
            closed=ended,
            closed_by="given" if closed is not None else log.closed_by,
            counting=_fields.member(
                Counting, counting, expected="a way of counting", where="counting"
            ),
            index=index,
            places=tuple(
                sorted(log.stages, key=lambda name: (index.get(name, outside), name in last, name))
            ),
        )

    @property
    def goal(self) -> int:
        """The index of the last stage of the way."""
        return len(self.waterfall) - 1

    def of_part(self, stages: Collection[str]) -> "Question":
        """The same question of a part of the log, which has only some of its stages."""
        return attrs.evolve(
            self,
            index={name: i for name, i in self.index.items() if name in stages},
            places=tuple(name for name in self.places if name in stages),
        )

    def ranks(self, stages: Iterable[str]) -> list[int]:
        """The place of each of these stages."""
        place = {name: rank for rank, name in enumerate(self.places)}
        return [place[name] for name in stages]


@attrs.frozen(kw_only=True)
class PathTable:
    """
    The leads of one group: how far they got, where they are, and the middle of their times.

    Args:
        stopped: How many got how far and are in which stage now.
        waited: For the same, the median time since their last event, in microseconds.
        entered: How many entered each stage of the way themselves.
        gaps: For each stage the median time to the first later one, over those that entered both.
        backwards: How many entered a later stage before an earlier one.
        outside: How many entered no stage of the way.
    """

    stopped: Mapping[Stopped, int]
    waited: Mapping[Stopped, float]
    entered: Sequence[int]
    gaps: Sequence[float | None]
    backwards: int
    outside: int

    def reached(self) -> list[int]:
        """How many got to each stage, those included who got further; 0 behind the last one."""
        reached = [0] * (len(self.entered) + 1)
        for (furthest, _), leads in self.stopped.items():
            reached[furthest] += leads
        for i in reversed(range(len(self.entered))):
            reached[i] += reached[i + 1]
        return reached

    def left(self, closed: Iterable[str]) -> Counter[int]:
        """How many got to each stage and no further, and are in a closed one now."""
        left, ended = Counter[int](), {*closed}
        for (furthest, now), leads in self.stopped.items():
            left[furthest] += leads if now in ended else 0
        return left


@attrs.frozen(kw_only=True)
class Journeys:
    """
    The leads of a log from their entry to the goal of the way.

    Args:
        fates: By period of entry, whether they arrived, and whether their story has ended.
        ripe: The time that nine of ten arrivals did not exceed; None without any.
        since: The first arrival; None without any.
        early: The ages at it, in whole hours, of those that had entered before.
        late: Of the others the time to their arrival or the cut, in whole hours, and whether they
            arrived.
    """

    fates: Mapping[Fate, int]
    ripe: int | None
    since: int | None
    early: Mapping[int, int]
    late: Mapping[tuple[int, bool], int]


@attrs.frozen(kw_only=True)
class Window:
    """
    How long a lead is watched.

    Args:
        after: The last instant of the window that begins with an entry.
        length: The same as a fixed length, if it has one.
        ends: Or the last instant by the period of entry, if it depends on that only.
    """

    after: Callable[[int], int]
    length: int | None = None
    ends: Sequence[int] | None = None


class LeadPaths(Protocol):
    """What is known of the leads of a log on one way; times in microseconds."""

    @property
    def question(self) -> Question: ...

    @property
    def closed(self) -> frozenset[str]:
        """The stages outside the waterfall in which a story has ended."""
        ...

    @property
    def closed_by(self) -> str: ...

    def groups(self, by: str) -> Mapping[str, Self]:
        """The leads of each group by its label; in which stages a story ends, all of them say."""
        ...

    def tables(
        self, by: str | None, *, times: bool = True
    ) -> tuple[PathTable, Mapping[str, PathTable]]:
        """The table of all leads, and one for each group by its label; *times* may be left out."""
        ...

    def span(self) -> tuple[int, int] | None:
        """The first and the last entry or arrival of a lead; None without any."""
        ...

    def journeys(self, edges: Sequence[int]) -> Journeys:
        """The leads by the period of their entry; a period begins at each edge."""
        ...

    def arrivals(self, edges: Sequence[int]) -> Mapping[int, int]:
        """How many leads arrived in each period."""
        ...

    def in_time(self, edges: Sequence[int], window: Window) -> Mapping[Fate, int]:
        """By period of entry: whether watched for the whole window, and whether arrived in it."""
        ...


def check_column(log: Log, by: str | None) -> None:
    """Refuse a column that the log did not take."""
    check_log(log)
    if isinstance(given := cast("object", by), list | tuple | set):  # as by= of a log would take it
        expected = "the name of one label column"
        raise InvalidValue(expected=expected, got=_text.kind_of(given), where="by")
    if by is not None and by not in log.labels:
        expected = "a label column of the log, which takes those named in by= when it is made"
        raise UnknownName(expected=expected, got=repr(by), where="by", legal=log.labels)
