"""The leads on a way, counted in arrays: what :mod:`leadlib._metrics.ways` asks of an engine."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import attrs

from leadlib._frames import numpy
from leadlib._metrics.arrays import Array, Seen, side_by_side, sorted_by, tallied
from leadlib._metrics.counting import Counting
from leadlib._metrics.engines import BINS, FAR, Counts, Ranks, Row, bin_of, named
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.tables import HOUR, MISSING, Question, Window
from leadlib._metrics.ways import other_window

__all__ = ["ArraySpread", "ArrayWay"]

_LEADS = 2**15


@attrs.frozen(kw_only=True, eq=False)
class ArraySpread:
    """
    Values by group, as a :class:`Spread` of an engine has them.

    Args:
        value: The values.
        keys: For each value the codes of its group.
        names: What the codes of each key stand for; the last name is that of -1.
        width, coarser: Of the bins, as there.
    """

    value: Array
    keys: Sequence[Array] = ()
    names: Mapping[str, Sequence[Any]] = attrs.field(factory=dict)
    width: int | None = None
    coarser: int = 0

    def ranked(
        self, ranks: Ranks, groups: Callable[[Row], Sequence[Row]]
    ) -> Mapping[Row, list[int]]:
        """The values at some ranks of each group; as :func:`ranked` finds them in bins."""
        members: dict[Row, list[Array]] = defaultdict(list)
        for row, own in self._by_row():
            for group in groups(row):
                members[group].append(own)
        return {group: _at_ranks(parts, ranks) for group, parts in members.items()}

    def bins(self) -> Counts:
        """How many values there are in each bin of each group."""
        return named(tallied(*self.keys, self.places), self.names)

    def values(self, cells: Collection[Row]) -> Counts:
        """How often each value occurs in some bins of some groups."""
        near = self.narrowed(cells)
        return named(tallied(*near.keys, near.places, near.value), near.names)

    def narrowed(self, cells: Collection[Row]) -> Self:
        """The values in some bins of some groups."""
        np, known = numpy(), [*self.names.values()]
        codes = [{name: code for code, name in enumerate(own)} for own in known]
        wanted = [0]  # one at least: what is in it by chance is not asked for
        for *row, place in cells:
            number = 0
            for own, name in zip(codes, row, strict=True):
                number = number * len(own) + own.get(name, FAR)
            wanted += [number * BINS + place] if number < FAR else []
        found = np.sort(np.array(wanted, np.int64))
        cell = self._row.astype(np.int64) * BINS + self.places
        near = found[np.searchsorted(found, cell, side="right") - 1] == cell
        return attrs.evolve(self, value=self.value[near], keys=[own[near] for own in self.keys])

    def end(self, *, last: bool) -> int | None:
        """The first or the last of the values."""
        if not len(self.value):
            return None
        return int(self.value.max() if last else self.value.min())

    @property
    def places(self) -> Array:
        """The bin of each value."""
        return bin_of(self.value, self.width, self.coarser, numpy().where)

    @property
    def _row(self) -> Array:
        return packed(self.keys, self.names) if self.keys else self.value * 0

    def _by_row(self) -> Iterator[tuple[Row, Array]]:
        np, number, value = numpy(), self._row, self.value
        if not len(number):
            return
        if number.min() < (size := int(number.max())):
            order = sorted_by(number, size + 1)
            number, value = number[order], value[order]
        ends = [0, *(np.flatnonzero(number[1:] != number[:-1]) + 1).tolist(), len(number)]
        for begin, end in pairwise(ends):
            yield unpacked(int(number[begin]), self.names), value[begin:end]


def packed(keys: Sequence[Array], names: Mapping[str, Sequence[Any]]) -> Array:
    """Several codes as one number; -1 is the last one of its key."""
    np = numpy()
    row = np.zeros(len(keys[0]), np.int32)  # of a thousand groups and stages, and a hundred steps
    for own, known in zip(keys, names.values(), strict=True):
        row *= len(known)
        row += own
        row[own < 0] += len(known)
    return row


def unpacked(number: int, names: Mapping[str, Sequence[Any]]) -> Row:
    """The names of the codes in a number."""
    row: Row = ()
    for known in reversed([*names.values()]):
        number, code = divmod(number, len(known))
        row = (known[code], *row)
    return row


def _at_ranks(parts: Sequence[Array], ranks: Ranks) -> list[int]:
    np = numpy()
    own = np.concatenate(parts) if parts[1:] else parts[0]
    wanted = ranks(len(own))
    return [int(value) for value in np.partition(own, wanted)[wanted]]


@attrs.frozen(eq=False)
class _Walked:
    """
    What a walk from the last stage of the way to the first finds of each lead.

    Args:
        reach: The furthest index that it entered, -1 for none.
        backwards: Whether it entered a later stage before an earlier one.
        gaps: Slice by slice, and stage by stage, who entered a later one, and after what time.
    """

    reach: Array
    backwards: Array
    gaps: list[list[tuple[Array, Array]]]

    @classmethod
    def of(cls, leads: int, slices: int, stages: int) -> "_Walked":
        np = numpy()
        gaps = [[(np.zeros(0, np.int32), np.zeros(0, np.int64))] * stages for _ in range(slices)]
        return cls(np.full(leads, -1, np.int16), np.zeros(leads, bool), gaps)

    def walk(self, place: int, part: slice, firsts: Sequence[Array]) -> None:
        """Fill in what is known of some leads."""
        np, later = numpy(), numpy().full(part.stop - part.start, FAR, numpy().int64)
        reach, backwards = self.reach[part], self.backwards[part]
        for i, first in reversed([*enumerate(firsts)]):
            own = first[part]
            there = own < FAR
            reach[there & (reach < 0)] = i
            backwards |= there & (later < own)
            both = np.flatnonzero(there & (later < FAR))
            gap = np.maximum(later[both] - own[both], 0)
            self.gaps[place][i] = (both + part.start).astype(np.int32), gap
            later = np.minimum(later, own)

    def gap(self, i: int) -> tuple[Array, Array]:
        """The leads that entered a stage and a later one, and the times between."""
        np, none = numpy(), [(numpy().zeros(0, numpy().int32), numpy().zeros(0, numpy().int64))]
        leads, gaps = zip(*([own[i] for own in self.gaps] or none), strict=True)
        return np.concatenate(leads), np.concatenate(gaps)


@attrs.frozen(kw_only=True, slots=False, eq=False)
class ArrayWay:
    """The leads that arrays know."""

    log: FrameLog
    question: Question
    seen: Seen

    @classmethod
    def read(cls, log: FrameLog, question: Question) -> "ArrayWay | None":
        """The leads of a log, if it is in arrays."""
        arrays = None if log.parts else log.arrays
        if arrays is None:
            return None
        seen = arrays.seen(question.cut)
        if question.only:
            by, label = question.only
            seen = seen.only(seen.group(log.column(by)) == log.code(by, label))
        return cls(log=log, question=question, seen=seen)

    @property
    def upto(self) -> int:
        return min(self.question.cut, self.log.latest)

    @cached_property
    def _firsts(self) -> list[Array]:
        """Of each stage of the way the first entries; FAR where there is none."""
        if self.question.counting in (Counting.IN_ORDER, Counting.STRICT):
            return self._chained
        np, codes = numpy(), [self._codes.get(name, -1) for name in self.question.waterfall]
        self.seen.read(code for code in codes if code >= 0)
        nobody = np.full(len(self.seen.last), FAR, np.int64)
        firsts = [self.seen.first(code) if code >= 0 else nobody for code in codes]
        if self.question.counting is Counting.ANY_ORDER:
            for i, own in enumerate(firsts[1:], start=1):
                firsts[i] = np.maximum(firsts[i - 1], own)
        return firsts

    @property
    def _chained(self) -> list[Array]:
        """The same, where what comes first of all decides when what follows counts."""
        place = {name: place for place, name in enumerate(self.question.places)}
        way = [place.get(name, len(place)) for name in self.question.waterfall]
        is_strict = self.question.counting is Counting.STRICT
        walk = self.seen.strict if is_strict else self.seen.in_order
        return walk(self._places, way)

    @property
    def _codes(self) -> Mapping[str, int]:
        return {name: code for code, name in enumerate(self.log.stages)}

    @property
    def _places(self) -> Array:
        """By the code of each stage its place."""
        return numpy().array(self.question.ranks(self.log.stages), numpy().int16)

    @cached_property
    def _now(self) -> Array:
        return self.seen.now(self._places)

    @property
    def _reach(self) -> Array:
        """The furthest index that each lead entered, -1 for none."""
        return self._walked.reach

    @cached_property
    def _walked(self) -> "_Walked":
        slices, firsts = self._slices, self._firsts
        walked = _Walked.of(len(self.seen.last), len(slices), len(firsts))
        side_by_side(lambda place, own: walked.walk(place, own, firsts), enumerate(slices))
        return walked

    @cached_property
    def _entered(self) -> tuple[Array, Array, Array]:
        """
        Which leads are on the way, when they entered it, and when they arrived.

        A lead enters with the first stage that it has a date for.
        """
        np, goal = numpy(), self._firsts[-1]
        entry = np.empty_like(goal)

        def fill(part: slice) -> None:
            entry[part] = goal[part]
            for own in reversed(self._firsts[:-1]):
                np.copyto(entry[part], own[part], where=own[part] < FAR)

        side_by_side(fill, [(part,) for part in self._slices])
        there = entry < FAR
        return there, entry[there], goal[there]

    @property
    def _slices(self) -> list[slice]:
        """So many leads at a time that they stay in the cache."""
        size = len(self.seen.last)
        return [slice(i, min(i + _LEADS, size)) for i in range(0, size, _LEADS)]

    def _stops(self, by: str | None) -> tuple[list[Array], Mapping[str, Sequence[Any]]]:
        """The group, the reach and the place of each lead, and the names of these."""
        keys, names = self._group(by)
        steps = [*range(len(self.question.waterfall)), -1]
        places = [*self.question.places, MISSING]
        return [*keys, self._reach, self._now], {**names, "reach": steps, "now": places}

    def _group(self, by: str | None) -> tuple[list[Array], Mapping[str, Sequence[Any]]]:
        if by is None:
            return [], {}
        column = self.log.column(by)
        return [self.seen.group(column)], {column: [*self.log.labels[by], MISSING]}

    def returned(self) -> Counts:
        places = self.question.places
        inside = self._places < len(self.question.index)
        outside = places[len(self.question.index) :]
        return {(name,): self.seen.returned(self._codes[name], inside) for name in outside}

    def stops(self, by: str | None) -> Counts:
        keys, names = self._stops(by)
        row = packed(keys, names)
        kinds = [slice(None), self._walked.backwards, *(own < FAR for own in self._firsts)]
        return {
            (*unpacked(number, names), kind): count
            for kind, there in enumerate(kinds)
            for (number,), count in tallied(row[there]).items()
        }

    def waits(self, by: str | None, origin: int, doubled: int) -> ArraySpread:
        keys, names = self._stops(by)
        there = self._reach >= 0
        waits = (origin - self.seen.at)[there]
        keys = [own[there] for own in keys]
        return ArraySpread(value=waits, keys=keys, names=names, coarser=doubled)

    def gaps(self, by: str | None, doubled: int, starts: Sequence[int]) -> ArraySpread:
        np, (group, names) = numpy(), self._group(by)
        found = [self._walked.gap(i) for i in starts]
        origin = [np.full(len(gap), i, np.int16) for i, (_, gap) in zip(starts, found, strict=True)]
        keys = [np.concatenate([own[leads] for leads, _ in found]) for own in group]
        return ArraySpread(
            value=np.concatenate([gap for _, gap in found]),
            keys=[*keys, np.concatenate(origin)],
            names={**names, "from": [*range(len(self._firsts)), -1]},
            coarser=doubled,
        )

    def fates(self, edges: Sequence[int]) -> Counts:
        there, entry, goal = self._entered
        found = tallied(self._now[there], _period(entry, edges), goal < FAR)
        return named(found, {"now": [*self.question.places, MISSING]})

    @property
    def took(self) -> ArraySpread:
        _, entry, goal = self._entered
        there = goal < FAR
        return ArraySpread(value=numpy().maximum(goal[there] - entry[there], 0))

    @property
    def begun(self) -> ArraySpread:
        _, entry, goal = self._entered
        return ArraySpread(value=numpy().minimum(entry, goal), width=HOUR)

    @property
    def latest(self) -> ArraySpread:
        np, (_, entry, goal) = numpy(), self._entered
        arrival = np.where(goal < FAR, goal, -1)
        return ArraySpread(value=np.maximum(entry, arrival), width=HOUR)

    @property
    def arrived(self) -> ArraySpread:
        goal = self._entered[-1]
        return ArraySpread(value=goal[goal < FAR], width=HOUR)

    def early(self, since: int) -> Counts:
        entry = self._entered[1]
        return tallied((since - entry[entry < since]) // HOUR)

    def late(self, since: int, cut: int) -> Counts:
        np, (_, entry, goal) = numpy(), self._entered
        there = entry >= since
        entry, goal = entry[there], goal[there]
        took = np.maximum(np.where(goal < FAR, goal, cut) - entry, 0)
        return tallied(took // HOUR, goal < FAR)

    def arrivals(self, edges: Sequence[int]) -> Counts:
        goal = self._entered[-1]
        return tallied(_period(goal[goal < FAR], edges))

    def in_time(self, edges: Sequence[int], window: Window, cut: int) -> Counts:
        np, (_, entry, goal) = numpy(), self._entered
        period = _period(entry, edges)
        if window.length is None and window.ends is None:
            raise other_window()
        if window.length is None:
            end = np.array([*(window.ends or ()), 0], np.int64)[period]
        else:
            end = entry + window.length
        return tallied(period, end <= cut, goal <= end)


def _period(at: Array, edges: Sequence[int]) -> Array:
    """In which period an instant lies: 0 from the first edge on, -1 before."""
    np = numpy()
    return np.searchsorted(np.array(edges, np.int64), at, side="right") - 1
