"""
The paths of all leads of a log that stays in its frame: counted there, and worked out here.

Every count is a sum over leads, and so is every bin of times: what the parts of a log say adds up,
and a part that was replaced is taken off again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property

import attrs

from leadlib._metrics.arrayways import ArraySpread, ArrayWay
from leadlib._metrics.counting import Counting
from leadlib._metrics.engines import (
    Counts,
    Ranks,
    Row,
    around,
    coarser,
    ranked,
    summed,
)
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.leadtables import lead_table
from leadlib._metrics.tables import MISSING, Fate, Journeys, PathTable, Question, Window
from leadlib._metrics.ways import FrameWay, Near, Values, Way, values_of
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = ["FramePaths"]

_MOST = 100  # stages, each with a column of its own
_AROUND = 0.03  # of the values around a rank: new events seldom move it further
_LEADS, _BACK, _ENTERED = range(3)  # what is counted of each stop; the last one stage by stage


@attrs.define(kw_only=True, slots=False)
class FramePaths:
    """
    The leads of a frame on one way.

    Args:
        log: Where the rows are.
        question: What is asked.
    """

    log: FrameLog
    question: Question

    @classmethod
    def read(cls, log: FrameLog, question: Question) -> "FramePaths":
        is_simple = question.counting in (Counting.AT_LEAST, Counting.ANY_ORDER)
        if not is_simple and (log.parts or log.arrays is None):
            expected = "a log in Python for this way of counting: log.collect()"
            raise InvalidValue(expected=expected, got="a frame", where="counting")
        if len({*question.waterfall, *question.places}) > _MOST:
            expected = f"at most {_MOST} stages of a frame: log.collect() takes more"
            raise LimitExceeded(expected=expected, got="more", where="stages")
        return cls(log=log, question=question)

    @cached_property
    def closed(self) -> frozenset[str]:
        seen = self.log.seen.items()
        entered = {name for name, (_, first, _) in seen if first <= self.question.cut}
        outside = frozenset(entered - self.question.index.keys())
        if self.question.closed is not None:  # declared: no row need be read
            return outside & self.question.closed
        if self.question.only:
            return FramePaths(log=self.log, question=attrs.evolve(self.question, only=None)).closed
        returned = self.counted(("returned",), lambda way: way.returned(), now=True)
        return outside - {name for (name,), count in returned.items() if count}

    @property
    def closed_by(self) -> str:
        return "nobody came back" if self.question.closed is None else self.question.closed_by

    def groups(self, by: str) -> Mapping[str, "FramePaths"]:
        labels = [*self.log.labels[by], MISSING]
        asked = {label: attrs.evolve(self.question, only=(by, label)) for label in labels}
        return {label: FramePaths(log=self.log, question=own) for label, own in asked.items()}

    def tables(
        self, by: str | None, *, times: bool = True
    ) -> tuple[PathTable, Mapping[str, PathTable]]:
        counts = self.counted(("stops", by), lambda way: way.stops(by), now=True)
        found = _groups(counts, len(self.question.waterfall))
        waited, gaps = (self._waited(by), self._gaps(by)) if times else ({}, {})
        tables = {label: own.table(waited, gaps, label) for label, own in found.items()}
        return tables[None], {name: own for name, own in tables.items() if name is not None}

    def _waited(self, by: str | None) -> Mapping[Row, float]:
        """By group, reach and stage the median time since the last event."""
        sizes = len(self.question.waterfall), len(self.question.places)
        doubled = coarser([self._size(by), *sizes])
        # Since an instant that new events do not move: what was counted before them serves again.
        origin = min(self.question.cut, self.log.origin)
        found = self._ranks(
            ("waited", by, origin, doubled),
            lambda way: way.waits(by, origin, doubled),
            _middle,
            _groups_by(by),
            now=True,
        )
        return {row: _median(own, self.question.cut - origin) for row, own in found.items()}

    def _gaps(self, by: str | None) -> Mapping[Row, float]:
        """By group and stage the median time to the first later one."""
        doubled, groups = coarser([self._size(by)]), _groups_by(by)
        starts = range(self.question.goal)
        # An engine takes longer to begin than to do, but SQL takes longest to plan many in one.
        is_each = bool(self._in_arrays) or self.log.backend_is_sql
        together = [starts] if starts and not is_each else [[i] for i in starts]
        gaps: dict[Row, float] = {}
        for some in together:
            key = ("gaps", by, doubled, *some)
            found = self._ranks(key, _gaps_of(by, doubled, some), _middle, groups)
            gaps |= {row: _median(own) for row, own in found.items()}
        return gaps

    def _size(self, by: str | None) -> int:
        return 1 if by is None else len(self.log.labels[by]) + 1

    def span(self) -> tuple[int, int] | None:
        first = self._end("entry or goal", lambda way: way.begun, last=False)
        last = self._end("entry and goal", lambda way: way.latest, last=True)
        return None if first is None or last is None else (first, last)

    def journeys(self, edges: Sequence[int]) -> Journeys:
        cut, counted = self.question.cut, self.counted
        fates = Counter[Fate]()
        key = ("fates", *edges)
        for row, count in counted(key, lambda way: way.fates(edges), ended=True).items():
            now, period, arrived = row
            fates[period, bool(arrived), now in self.closed] += count
        ripe = self._ranks(("took",), lambda way: way.took, lambda n: [-(-9 * n // 10) - 1])
        since = self._end("goal", lambda way: way.arrived, last=False)
        early: Counts = {}
        late: Counts = {}
        if since is not None:
            early = counted(("early", since), lambda way: way.early(since))
            late = counted(("late", since, cut), lambda way: way.late(since, cut))
        return Journeys(
            fates=fates,
            ripe=ripe[()][0] if ripe else None,
            since=since,
            early={hours: count for (hours,), count in early.items()},
            late={(hours, bool(arrived)): count for (hours, arrived), count in late.items()},
        )

    def arrivals(self, edges: Sequence[int]) -> Mapping[int, int]:
        counts = self.counted(("arrivals", *edges), lambda way: way.arrivals(edges))
        return {period: count for (period,), count in counts.items()}

    def in_time(self, edges: Sequence[int], window: Window) -> Mapping[Fate, int]:
        cut, ends = self.question.cut, (window.length, *(window.ends or ()))
        key = ("in time", cut, ends, *edges)
        counts = self.counted(key, lambda way: way.in_time(edges, window, cut))
        return {(place, bool(w), bool(a)): count for (place, w, a), count in counts.items()}

    def _end(self, what: str, values: Callable[[Way], Values], *, last: bool) -> int | None:
        """The first or the last of the instants that leads have in a column."""
        found, is_certain = self.outermost(what, values, last=last)
        if is_certain:
            return found
        ranks = self._ranks(
            (what,),
            values,
            lambda n: [n - 1 if last else 0],
        )
        return ranks[()][0] if ranks else None

    def outermost(
        self, what: str, values: Callable[[Way], Values], *, last: bool
    ) -> tuple[int | None, bool]:
        """The same of the parts, and whether it is certain that it was not taken off."""
        if not self.log.parts:
            ends = self.counted((what, "end"), lambda way: _end_of(values(way), last=last))
            return next((end for (end,) in ends), None), True
        outer = max if last else min
        kept: list[int] = []
        gone: list[int] = []
        certain = True
        for sign, paths in self._parts:
            end, is_certain = paths.outermost(what, values, last=last)
            certain &= is_certain
            if end is not None:
                (kept if sign > 0 else gone).append(end)
        if not kept:
            return None, certain
        end = outer(kept)
        return end, certain and end not in gone and outer([end, *gone]) == end

    def _ranks(
        self,
        key: Row,
        spread: Callable[[Way], Values],
        ranks: Ranks,
        groups: Callable[[Row], Sequence[Row]] = lambda row: [row],
        *,
        now: bool = False,
    ) -> Mapping[Row, list[int]]:
        if self._in_arrays and isinstance(own := spread(self._in_arrays), ArraySpread):
            return own.ranked(ranks, groups)  # at hand, so they need no bins
        bins = self.counted((*key, "bins"), lambda way: spread(way).bins(), now=now)
        near = None if self.log.parts else Near(bins, around(bins, ranks, groups, _AROUND))

        def values(cells: Collection[Row]) -> Counts:
            return self.counted(
                (*key, cells),
                lambda way: values_of(way, key, spread(way), cells, near),
                now=now,
                keep=False,
            )

        return ranked(bins, values, ranks, groups)

    def _way(self, *, now: bool = False, ended: bool = False) -> Way:
        """The leads in arrays, if they fit there, or in the engine."""
        if self._in_arrays:
            return self._in_arrays
        table = lead_table(self.log, self.question, now=now, ended=ended)
        return FrameWay(log=self.log, question=self.question, table=table)

    @cached_property
    def _in_arrays(self) -> ArrayWay | None:
        return ArrayWay.read(self.log, self.question)

    @property
    def _parts(self) -> list[tuple[int, "FramePaths"]]:
        """The same question of each part, and whether it is added or taken off."""
        asked = self.question
        return [
            (sign, FramePaths(log=part, question=asked.of_part(part.stages)))
            for sign, part in self.log.parts
        ]

    def counted(
        self,
        key: Row,
        count: Callable[[Way], Counts],
        *,
        now: bool = False,
        ended: bool = False,
        keep: bool = True,
    ) -> Counts:
        """
        The counts of all parts, those of replaced ones taken off; what was asked before is kept.

        Args:
            key: What is counted; of the same leads equal keys have equal counts.
            count: Asks the engine for the leads of one part.
            now, ended: What the table of leads has to know, as for :meth:`LeadTable.serves`.
            keep: Whether to keep it for the next question.
        """
        asked, log = self.question, self.log
        visible = min(asked.cut, log.latest)
        way = (asked.waterfall, asked.closed, asked.counting, asked.only)
        key = (*way, visible, now, ended, key)
        if key in log.counts:
            return log.counts[key]
        if not log.parts:
            found = count(self._way(now=now, ended=ended))
        else:
            found = summed(
                (sign, paths.counted(key[-1], count, now=now, ended=ended, keep=False))
                for sign, paths in self._parts
            )
        if keep:
            log.counts.put(key, found)
        return found


def _end_of(values: Values, *, last: bool) -> Counts:
    end = values.end(last=last)
    return {} if end is None else {(end,): 1}


def _gaps_of(by: str | None, doubled: int, starts: Sequence[int]) -> Callable[[Way], Values]:
    return lambda way: way.gaps(by, doubled, starts)


def _groups_by(by: str | None) -> Callable[[Row], Sequence[Row]]:
    """The groups that a row counts for: its own, and the whole, which has no label."""
    if by is None:
        return lambda row: [(None, *row)]
    return lambda row: [row, (None, *row[1:])]


def _middle(n: int) -> list[int]:
    return [(n - 1) // 2, n // 2]


def _median(middle: Sequence[int], later: int = 0) -> float:
    low, high = (value + later for value in middle)
    return low if low == high else (low + high) / 2


@attrs.define
class _Group:
    """The counts of one group, as they come in."""

    size: int
    stopped: Counter[tuple[int, str]] = attrs.field(factory=Counter, init=False)
    entered: list[int] = attrs.field(init=False)
    backwards: int = attrs.field(default=0, init=False)
    outside: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.entered = [0] * self.size

    def add(self, reach: int, now: str, kind: int, count: int) -> None:
        if reach < 0:
            self.outside += count if kind == _LEADS else 0
        elif kind == _LEADS:
            self.stopped[reach, now] += count
        elif kind == _BACK:
            self.backwards += count
        else:
            self.entered[kind - _ENTERED] += count

    def table(
        self, waited: Mapping[Row, float], gaps: Mapping[Row, float], label: str | None
    ) -> PathTable:
        return PathTable(
            stopped=self.stopped,
            waited={stop: waited[label, *stop] for stop in self.stopped if waited},
            entered=self.entered,
            gaps=[gaps.get((label, i)) for i in range(self.size)],
            backwards=self.backwards,
            outside=self.outside,
        )


def _groups(counts: Counts, size: int) -> Mapping[str | None, _Group]:
    """The counts of each group by its label, and those of the whole, which has none."""
    found: dict[str | None, _Group] = {None: _Group(size)}
    for row, count in counts.items():
        *label, reach, now, kind = row
        for group in {None, *label}:
            found.setdefault(group, _Group(size)).add(reach, now, kind, count)
    return {label: own for label, own in found.items() if label is None or own.stopped}
