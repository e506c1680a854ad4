"""
The events of a log as arrays of numbers, which is the fastest way to count what fits into memory.

An engine groups rows by hashing its keys.  Once the leads are numbered, a lead is a place in an
array, and what comes first or last of a lead is what was written there last: no hash, and no sort.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import Any

import attrs

from leadlib._frames import numpy
from leadlib._metrics.engines import FAR, Row

__all__ = [
    "Array",
    "Arrays",
    "Seen",
    "backwards",
    "last_rows",
    "side_by_side",
    "sorted_by",
    "tallied",
]

_KEPT = 2  # instants: each may have 8 bytes for every lead and stage
_SLICE = 2**16  # rows whose places are worked out at a time, so that they stay in the cache
_BINS = 2**24  # so many places are counted in; more are sorted
_BITS = 16
_WORKERS = 4

Array = Any  # of numpy


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Arrays:
    """
    Events, each once, in the order of at, seq, lead and stage.

    Args:
        last: The last row of each lead; leads are numbered from 0 on.
        lead, stage, at: One entry for each event.
        ties: The rows that share lead, at and seq, so that only their stages can order them.
        runs: Of each of these the first row that it shares them with.
        labels: By column, of each lead the code of its group, and since when it is known.
    """

    last: Array
    lead: Array
    stage: Array
    at: Array
    ties: Array
    runs: Array
    labels: Mapping[str, tuple[Array, Array]]
    kept: list["Seen"] = attrs.field(factory=list, init=False)
    order: list[Array] = attrs.field(factory=list, init=False)

    def __len__(self) -> int:
        return len(self.at)

    @property
    def leads(self) -> int:
        """How many leads there are."""
        return len(self.last)

    def until(self, cut: int) -> int:
        """How many events had happened."""
        return int(numpy().searchsorted(self.at, cut, side="right"))

    def histories(self, cut: int) -> int:
        """How many leads had entered two stages until then."""
        np, end, there = numpy(), self.until(cut), numpy().zeros(self.leads, bool)
        last, lead = self.stage[last_rows(self.lead[:end], self.leads)], self.lead[:end]
        there[lead[self.stage[:end] != last[lead]]] = True
        return int(np.count_nonzero(there))

    def seen(self, cut: int) -> "Seen":
        """What is known of the leads until then."""
        end = self.until(cut)
        for own in [*self.kept]:
            if own.end == end:
                return own
        found = Seen.until(self, end)
        self.kept[:] = [*self.kept, found][-_KEPT:]
        return found

    def stays(self, cut: int) -> tuple[Array, Array, Array]:
        """
        Of each event the stage, the one that follows, and how long it lasted; lead by lead.

        What still lasts is followed by -1, and lasts until the cut.
        """
        np, blocks = numpy(), [*self._blocks(self.until(cut))]
        begins = [*accumulate(map(len, blocks), initial=0)]
        stage, to = np.empty((2, begins[-1]), np.int16)
        time = np.empty(begins[-1], np.int64)

        def fill(begin: int, rows: Array) -> None:
            lead = self.lead[rows].astype(np.uint16)  # enough to tell apart those of one block
            order = np.argsort(lead, kind="stable")
            lead, own, at = lead[order], self.stage[rows][order], self.at[rows][order]
            last = np.append(np.flatnonzero(lead[1:] != lead[:-1]), len(lead) - 1)
            part = slice(begin, begin + len(rows))
            stage[part], to[part], time[part] = own, np.roll(own, -1), np.roll(at, -1) - at
            to[part][last], time[part][last] = -1, cut - at[last]

        side_by_side(fill, zip(begins, blocks, strict=False))
        return stage, to, time

    def _blocks(self, end: int) -> Iterator[Array]:
        """The rows up to an end by leads: so many in one block that they fit into a cache."""
        np = numpy()
        if not self.order:
            block = (self.lead >> _BITS).astype(np.uint16)
            self.order[:] = [np.argsort(block, kind="stable").astype(np.int32), np.bincount(block)]
        order, sizes = self.order
        for stop, size in zip(np.cumsum(sizes).tolist(), sizes.tolist(), strict=True):
            rows = order[stop - size : stop]
            rows = rows[: np.searchsorted(rows, end)]
            if len(rows):
                yield rows

    def sums(self, cut: int) -> Mapping[Row, int]:
        """By stage the number of events, and the sums of their seconds and of what these leave."""
        end, found = self.until(cut), {}
        stage, at = self.stage[:end], self.at[:end]
        for code in range(int(stage.max(initial=-1)) + 1):
            seconds, rest = numpy().divmod(at[stage == code], 1_000_000)
            for kind, n in enumerate((len(rest), int(seconds.sum()), int(rest.sum()))):
                found[code, kind] = n
        return {row: n for row, n in found.items() if n}

    def ranked(self, end: int, places: Array) -> tuple[Array, Array]:
        """The places of the stages of tied rows, in their order, and the rows."""
        rows = self.ties[self.ties < end]
        own = places[self.stage[rows]]
        return own[numpy().lexsort((own, self.runs[: len(rows)]))], rows


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)
class Seen:
    """
    What is known of the leads until some instant.

    Args:
        arrays: The events.
        end: How many of them had happened.
        leads: The leads that had any.
        last: Of each of these the row of the last one.
        whole: If these are some of other leads, what is known of those, and which of them.
    """

    arrays: Arrays
    end: int
    leads: Array
    last: Array
    whole: "tuple[Seen, Array] | None" = None
    firsts: dict[int, Array] = attrs.field(factory=dict, init=False)

    @classmethod
    def until(cls, arrays: Arrays, end: int) -> "Seen":
        is_all = end == len(arrays)
        last = arrays.last if is_all else last_rows(arrays.lead[:end], arrays.leads)
        leads = slice(None) if is_all else numpy().flatnonzero(last >= 0)
        return cls(arrays=arrays, end=end, leads=leads, last=last[leads])

    def only(self, some: Array) -> "Seen":
        """What is known of some of these leads."""
        numbers = numpy().flatnonzero(some) if isinstance(self.leads, slice) else self.leads[some]
        return attrs.evolve(self, leads=numbers, last=self.last[some], whole=(self, some))

    @cached_property
    def at(self) -> Array:
        """When the last event of each lead was."""
        return self.arrays.at[self.last]

    @cached_property
    def _stage(self) -> Array:
        return self.arrays.stage[self.last]

    def now(self, places: Array) -> Array:
        """Where each lead is: the place of its last stage; ties go by the place."""
        np, arrays = numpy(), self.arrays
        now = places[self._stage]
        own, rows = arrays.ranked(self.end, places)
        if len(rows):
            highest = np.full(self.end, -1, places.dtype)
            highest[rows] = own  # of the last row of a tie the highest place
            now = np.maximum(now, highest[self.last])
        return now

    def first(self, stage: int) -> Array:
        """When each lead entered a stage for the first time; FAR if it never did."""
        self.read([stage])
        return self.firsts[stage]

    def read(self, stages: Iterable[int]) -> None:
        """Find the first entries into several stages in one pass."""
        wanted = [stage for stage in stages if stage not in self.firsts]
        if wanted and self.whole:
            seen, some = self.whole
            seen.read(wanted)
            self.firsts.update({stage: seen.firsts[stage][some] for stage in wanted})
        elif wanted:
            self.firsts.update(self._entries(wanted))

    def _entries(self, stages: Sequence[int]) -> Mapping[int, Array]:
        np, own = numpy(), self.arrays
        rows = np.full(max(int(own.stage.max(initial=0)), *stages, 0) + 1, len(stages), np.int64)
        rows[[*stages]] = np.arange(len(stages))
        rows *= own.leads
        table = np.full((len(stages) + 1) * own.leads, FAR, np.int64)
        for part in backwards(self.end):
            place = rows[own.stage[part]] + own.lead[part]
            table[place[::-1]] = own.at[part][::-1]
        entries = table.reshape(len(stages) + 1, own.leads)
        return {stage: entries[i][self.leads] for i, stage in enumerate(stages)}

    def _places(self, places: Array) -> Array:
        """The place of the stage of each event; what ties stands in their order."""
        found = places[self.arrays.stage[: self.end]]
        own, rows = self.arrays.ranked(self.end, places)
        found[rows] = own
        return found

    def in_order(self, places: Array, way: Sequence[int]) -> list[Array]:
        """When each lead entered the stages of a way one after the other, whatever lay between."""
        np, own, there = numpy(), self.arrays, self._places(places)
        before, firsts = np.full(own.leads, -1, np.int32), []
        for place in way:
            rows = np.flatnonzero(there == place)
            rows = rows[rows > before[own.lead[rows]]][::-1]
            before = np.full(own.leads, self.end, np.int32)  # nothing is after that
            before[own.lead[rows]] = rows  # backwards: the first one stays
            firsts.append(_at(own.at, before, self.end)[self.leads])
        return firsts

    def strict(self, places: Array, way: Sequence[int]) -> list[Array]:
        """
        When each lead entered the stages of a way with nothing between: in its longest run.

        A run begins with the first stage of the way; of equal ones the first counts.
        """
        np, (lead, there, at) = numpy(), self._visits(places)
        steps = np.full(len(places) + 1, -1)
        steps[[*way]] = np.arange(len(way))
        step, row = steps[there], np.arange(len(there))
        follows = _after_first((lead[1:] == lead[:-1]) & (step[1:] == step[:-1] + 1), len(row))
        begin = np.maximum.accumulate(np.where(step == 0, row, -1))
        broken = np.maximum.accumulate(np.where((step < 0) | (step > 0) & ~follows, row, -1))
        in_run = begin > broken
        best, first = np.full((2, self.arrays.leads), -1)
        np.maximum.at(best, lead[in_run], step[in_run])
        found = np.flatnonzero(in_run & (step == best[lead]))[::-1]
        first[lead[found]] = begin[found]  # backwards: the first one stays
        rows = (np.where(best >= i, first + i, len(at)) for i in range(len(way)))
        return [_at(at, own, len(at))[self.leads] for own in rows]

    def _visits(self, places: Array) -> tuple[Array, Array, Array]:
        """Lead by lead the place of each visit, and when it began; to stay is no visit."""
        own, there = self.arrays, self._places(places)
        order = sorted_by(own.lead[: self.end], own.leads)
        lead, there, at = own.lead[order], there[order], own.at[order]
        stays = _after_first((lead[1:] == lead[:-1]) & (there[1:] == there[:-1]), self.end)
        return lead[~stays], there[~stays], at[~stays]

    def returned(self, stage: int, inside: Array) -> int:
        """How many leads came back from a stage to one of those *inside*."""
        np, own = numpy(), self.arrays
        order = np.arange(self.end, dtype=np.int32)
        tied = own.ties[own.ties < self.end]
        order[tied] = own.runs[: len(tied)]  # nothing is later than what happens with it
        there = np.flatnonzero(own.stage[: self.end] == stage)[::-1]
        back = np.flatnonzero(inside[own.stage[: self.end]])
        first = np.full(own.leads, self.end, np.int32)
        last = np.full(own.leads, -1, np.int32)
        first[own.lead[there]], last[own.lead[back]] = order[there], order[back]
        return int(np.count_nonzero(first < last))

    def group(self, column: str) -> Array:
        """The group of each lead, as far as it is known; -1 is missing."""
        np, (codes, since) = numpy(), self.arrays.labels[column]
        last = self.arrays.at[self.end - 1] if self.end else -1
        return np.where(since <= last, codes, -1)[self.leads]


def _at(at: Array, rows: Array, end: int) -> Array:
    """The instants of rows; FAR of those from the end on."""
    found, there = numpy().full(len(rows), FAR, numpy().int64), rows < end
    found[there] = at[rows[there]]
    return found


def _after_first(flags: Array, size: int) -> Array:
    """Flags of all rows but the first, of which nothing is said."""
    return numpy().append([False], flags)[:size]


def tallied(*columns: Array) -> dict[Row, int]:
    """How often each row of several columns of whole numbers occurs."""
    np = numpy()
    if not len(columns[0]):
        return {}
    lows = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    if prod(sizes) >= FAR:
        rows, counts = np.unique(np.stack(columns), axis=1, return_counts=True)
        return dict(zip(zip(*rows.tolist(), strict=True), counts.tolist(), strict=True))
    key = np.zeros(len(columns[0]), np.int64)
    for column, low, size in zip(columns, lows, sizes, strict=True):
        key *= size
        key += column
        key -= low
    keys, counts = _counted(key, prod(sizes))
    found: list[list[int]] = []
    for low, size in zip(reversed(lows), reversed(sizes), strict=True):
        keys, own = np.divmod(keys, size)
        found.append((own + low).tolist())
    return dict(zip(zip(*reversed(found), strict=True), counts.tolist(), strict=True))


def _counted(keys: Array, size: int) -> Sequence[Array]:
    """The keys that occur, and how often."""
    np = numpy()
    if size > _BINS:
        return np.unique(keys, return_counts=True)  # type: ignore[no-any-return]  # two arrays
    counts = np.bincount(keys)
    there = np.flatnonzero(counts)
    return there, counts[there]


def last_rows(lead: Array, leads: int) -> Array:
    """Of each lead its last row, or -1: that which is written last."""
    np = numpy()
    last = np.full(leads, -1, np.int32)
    for begin in range(0, len(lead), _SLICE):
        own = lead[begin : begin + _SLICE].astype(np.intp)  # numpy would do it more slowly
        last[own] = np.arange(begin, begin + len(own), dtype=np.int32)
    return last


def backwards(end: int) -> Iterator[slice]:
    """All rows in slices, the last ones first: what comes first of a lead is written last."""
    for stop in range(end, 0, -_SLICE):
        yield slice(max(stop - _SLICE, 0), stop)


def sorted_by(number: Array, size: int) -> Array:
    """The rows by a number below *size*, those of one in their order; no number is compared."""
    np = numpy()
    order = np.argsort(number.astype(np.uint16), kind="stable")  # by its lower half
    if size > 1 << _BITS:
        order = order[np.argsort((number >> _BITS).astype(np.uint16)[order], kind="stable")]
    return order


def side_by_side(work: Callable[..., None], parts: Iterable[Sequence[Any]]) -> None:
    """Work on all parts, several at a time; numpy lets others run while it counts."""
    todo = [*parts]
    done = _with_help(work, todo) if todo[1:] else 0
    for own in todo[done:]:
        work(*own)


def _with_help(work: Callable[..., None], parts: Sequence[Sequence[Any]]) -> int:
    """Work on parts in threads, and say on how many: Python starts none any more when it ends."""
    begun: list[Future[None]] = []
    with ThreadPoolExecutor(_WORKERS) as pool, suppress(RuntimeError):
        begun.extend(pool.submit(work, *own) for own in parts)
    for one in begun:
        one.result()  # so that what goes wrong is raised
    return len(begun)
