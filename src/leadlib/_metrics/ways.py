"""
What the engine of a frame is asked of the leads on a way: counts, and the bins of times.

Each of these is a sum over leads, so what the frames of several parts answer adds up.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol, Self

import attrs

from leadlib._frames import narwhals
from leadlib._metrics.counting import Counting
from leadlib._metrics.engines import (
    FAR,
    Counts,
    Row,
    Spread,
    coded,
    largest,
    named,
    period_of,
    smallest,
    table_of,
    tally,
)
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.leadtables import LeadTable, first_entry
from leadlib._metrics.tables import HOUR, MISSING, Question, Window
from leadlib.errors import InvalidValue

__all__ = ["FrameWay", "Near", "Values", "Way", "other_window", "values_of"]

_WINDOWS = 64


class Values(Protocol):
    """Values by group, wherever they are; see :class:`Spread`."""

    def bins(self) -> Counts: ...

    def values(self, cells: Collection[Row]) -> Counts: ...

    def narrowed(self, cells: Collection[Row]) -> Self: ...

    def end(self, *, last: bool) -> int | None: ...


@attrs.frozen
class Near:
    """The bins that have values, and those around the ranks that were asked for."""

    bins: Counts
    cells: frozenset[Row]


class Way(Protocol):
    """The leads of a log on the way, and what is asked of them; each answer is a sum over them."""

    @property
    def log(self) -> FrameLog: ...

    @property
    def question(self) -> Question: ...

    @property
    def upto(self) -> int:
        """The last microsecond that is known of them."""
        ...

    def returned(self) -> Counts:
        """By stage off the way: how many leads came back from it."""
        ...

    def stops(self, by: str | None) -> Counts:
        """By group, furthest stage and stage now: how many leads, and what else is counted."""
        ...

    def waits(self, by: str | None, origin: int, doubled: int) -> Values:
        """By group, furthest stage and stage now: the times from the last event to *origin*."""
        ...

    def gaps(self, by: str | None, doubled: int, starts: Sequence[int]) -> Values:
        """By group and stage, of some stages, the times to the first later one."""
        ...

    def fates(self, edges: Sequence[int]) -> Counts:
        """By stage now and period of entry: whether leads arrived."""
        ...

    @property
    def took(self) -> Values:
        """The times from entry to goal."""
        ...

    @property
    def begun(self) -> Values:
        """When leads entered or arrived, whichever was first."""
        ...

    @property
    def latest(self) -> Values:
        """When leads entered or arrived, whichever was last."""
        ...

    @property
    def arrived(self) -> Values:
        """When leads arrived."""
        ...

    def early(self, since: int) -> Counts:
        """The ages of leads at an instant, in hours."""
        ...

    def late(self, since: int, cut: int) -> Counts:
        """How long other leads took, or have been on the way, in hours; whether they arrived."""
        ...

    def arrivals(self, edges: Sequence[int]) -> Counts:
        """How many leads arrived in each period."""
        ...

    def in_time(self, edges: Sequence[int], window: Window, cut: int) -> Counts:
        """By period of entry: whether watched for the whole window, and whether arrived in it."""
        ...


def values_of(
    way: Way, key: Row, spread: Values, cells: Collection[Row], near: Near | None
) -> Counts:
    """
    How often each value occurs in some bins: of those that were looked at before, if they do.

    Args:
        way: The leads.
        key: What is counted.
        spread: The values.
        cells: The bins.
        near: What to look at for this question, and for others when events were added.
    """
    asked, windows = way.question, way.log.windows
    key = (asked.waterfall, asked.closed, asked.counting, asked.only, way.upto, key)
    if near:
        windows[key] = near, spread.narrowed(near.cells)
        if len(windows) > _WINDOWS:
            del windows[next(iter(windows))]
    if key not in windows:
        return spread.values(cells)
    seen, narrow = windows[key]
    wanted = [cell for cell in cells if cell in seen.bins]  # in others is nothing
    return (narrow if seen.cells.issuperset(wanted) else spread).values(wanted)


@attrs.frozen(kw_only=True)
class FrameWay:
    """The leads of a table that an engine has made of them."""

    log: FrameLog
    question: Question
    table: LeadTable

    @property
    def upto(self) -> int:
        return self.table.upto

    @property
    def _leads(self) -> Any:
        """With the columns of this way: the first entries in the order of its stages."""
        nw, way = narwhals(), self.table.question.waterfall
        columns = [nw.col(first_entry(way.index(stage))) for stage in self.question.waterfall]
        if self.question.counting is Counting.ANY_ORDER:
            columns = [largest(*columns[: i + 1]) for i in range(len(columns))]
        firsts = [column.alias(first_entry(i)) for i, column in enumerate(columns)]
        leads = self.table.frame
        if self.question.only:
            by, label = self.question.only
            leads = leads.filter(nw.col(self.log.column(by)) == self.log.code(by, label))
        return leads.select("now", "at", *self.log.columns.values(), *firsts)

    @property
    def _entered(self) -> Any:
        """The leads on the way, and when each entered its first stage that it has a date for."""
        nw, entry = narwhals(), self._goal
        for i in reversed(range(self.question.goal)):
            entry = nw.when(_col(i) < FAR).then(_col(i)).otherwise(entry)
        leads = self._leads.with_columns(entry.alias("entry"), self._goal.alias("goal"))
        return leads.filter(nw.col("entry") < FAR)

    @property
    def _goal(self) -> Any:
        return _col(self.question.goal)

    @property
    def _indices(self) -> range:
        return range(len(self.question.waterfall))

    @property
    def _reach(self) -> Any:
        """The furthest index that a lead entered, -1 for none."""
        nw = narwhals()
        steps = (nw.when(_col(i) < FAR).then(i).otherwise(-1) for i in self._indices)
        return largest(*(step.cast(nw.Int64) for step in steps))

    def _later(self, i: int) -> Any:
        """The first entry into any later stage."""
        return smallest(*(_col(j) for j in self._indices if j > i))

    def _group(self, by: str | None) -> Mapping[str, Sequence[Any]]:
        """The column of the groups, and their names; without one all are in one."""
        return {} if by is None else {self.log.column(by): [*self.log.labels[by], MISSING]}

    @property
    def _stops(self) -> Mapping[str, Sequence[Any]]:
        """How far a lead got, and where it is now."""
        places = self.table.question.places
        return {"reach": [*self._indices, -1], "now": [*places, MISSING]}

    def returned(self) -> Counts:
        return {(name,): count for name, count in self.table.returned.items()}

    def stops(self, by: str | None) -> Counts:
        nw, keys = narwhals(), {**self._group(by), **self._stops}
        flags = [(_col(i) < FAR).cast(nw.Int64).alias(f"was {i}") for i in self._indices]
        sums = [nw.col(f"was {i}").sum() for i in self._indices]
        own = [key for key in keys if key != "reach"]
        leads = self._leads.select(
            *own, self._reach.alias("reach"), self._backwards.alias("back"), *flags
        )
        counted = leads.group_by(*keys).agg(nw.len().alias("n"), nw.col("back").sum(), *sums)
        rows = {
            (*map(int, row[: len(keys)]), kind): int(count)
            for row in table_of(counted)
            for kind, count in enumerate(row[len(keys) :])
        }
        return named(rows, keys)

    @property
    def _backwards(self) -> Any:
        """1 if a lead entered a later stage before an earlier one."""
        nw = narwhals()
        flags = [
            ((_col(i) < FAR) & (self._later(i) < _col(i))).cast(nw.Int64)
            for i in self._indices[:-1]
        ]
        return largest(*flags) if flags else nw.lit(0).cast(nw.Int64)

    def waits(self, by: str | None, origin: int, doubled: int) -> Values:
        nw, keys = narwhals(), {**self._group(by), **self._stops}
        own = [key for key in keys if key != "reach"]
        waits = (origin - nw.col("at")).alias("v")
        leads = self._leads.select(*own, self._reach.alias("reach"), waits)
        leads = leads.filter(nw.col("reach") >= 0)
        return Spread(frame=leads, value="v", keys=keys, coarser=doubled)

    def gaps(self, by: str | None, doubled: int, starts: Sequence[int]) -> Values:
        nw, leads, parts = narwhals(), self._leads, []
        keys = {**self._group(by), "from": [*self._indices, -1]}
        for i in starts:
            later = self._later(i)
            gap = largest(later - _col(i), nw.lit(0)).alias("v")
            start = (_col(i) - _col(i) + i).alias("from")
            both = leads.filter((_col(i) < FAR) & (later < FAR))
            parts.append(both.select(*self._group(by), start, gap))
        frame = nw.concat(parts) if parts[1:] else parts[0]
        return Spread(frame=frame, value="v", keys=keys, coarser=doubled)

    def fates(self, edges: Sequence[int]) -> Counts:
        leads = self._entered.select(
            "now",
            period_of(narwhals().col("entry"), edges).alias("period"),
            _is_arrived().alias("arrived"),
        )
        keys = {"now": self._stops["now"]}
        return named(tally(leads, "now", "period", "arrived"), keys)

    @property
    def took(self) -> Values:
        nw = narwhals()
        arrived = self._entered.filter(nw.col("goal") < FAR)
        took = largest(nw.col("goal") - nw.col("entry"), nw.lit(0))
        return Spread(frame=arrived.select(took.alias("v")), value="v", keys={})

    @property
    def begun(self) -> Values:
        nw = narwhals()
        return self._instants(self._entered, smallest(nw.col("entry"), nw.col("goal")))

    @property
    def latest(self) -> Values:
        nw, goal = narwhals(), narwhals().col("goal")
        arrival = nw.when(goal < FAR).then(goal).otherwise(-1)
        return self._instants(self._entered, largest(nw.col("entry"), arrival))

    @property
    def arrived(self) -> Values:
        goal = narwhals().col("goal")
        return self._instants(self._entered.filter(goal < FAR), goal)

    def _instants(self, leads: Any, at: Any) -> Values:
        return Spread(frame=leads.select(at.alias("v")), value="v", keys={}, width=HOUR)

    def early(self, since: int) -> Counts:
        nw = narwhals()
        early = self._entered.filter(nw.col("entry") < since)
        return tally(early.select(((since - nw.col("entry")) // HOUR).alias("hours")), "hours")

    def late(self, since: int, cut: int) -> Counts:
        nw, goal = narwhals(), narwhals().col("goal")
        late = self._entered.filter(nw.col("entry") >= since)
        end = nw.when(goal < FAR).then(goal).otherwise(cut)
        took = largest(end - nw.col("entry"), nw.lit(0)) // HOUR
        rows = late.select(took.alias("hours"), _is_arrived().alias("arrived"))
        return tally(rows, "hours", "arrived")

    def arrivals(self, edges: Sequence[int]) -> Counts:
        nw = narwhals()
        arrived = self._entered.filter(nw.col("goal") < FAR)
        return tally(arrived.select(period_of(nw.col("goal"), edges).alias("period")), "period")

    def in_time(self, edges: Sequence[int], window: Window, cut: int) -> Counts:
        nw, entry = narwhals(), narwhals().col("entry")
        leads = self._entered.select(period_of(entry, edges).alias("period"), "entry", "goal")
        end = _end(window)
        leads = leads.with_columns(
            (end <= cut).cast(nw.Int64).alias("watched"),
            (nw.col("goal") <= end).cast(nw.Int64).alias("arrived"),
        )
        return tally(leads, "period", "watched", "arrived")


def _col(i: int) -> Any:
    return narwhals().col(first_entry(i))


def _is_arrived() -> Any:
    nw = narwhals()
    return (nw.col("goal") < FAR).cast(nw.Int64)


def _end(window: Window) -> Any:
    nw = narwhals()
    if window.length is not None:
        return nw.col("entry") + window.length
    if window.ends is not None:
        return coded("period", dict(enumerate(window.ends)))
    raise other_window()


def other_window() -> InvalidValue:
    """What is said of a window that only a log in Python can take."""
    expected = "a window of days, or of whole months after that of entry, or log.collect()"
    return InvalidValue(expected=expected, got="another, of a frame", where="within")
