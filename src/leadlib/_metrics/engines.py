"""
What is asked of the engine of a frame: counting, and the few operations that all of them share.

Whole numbers and bare aggregations only: engines disagree about nulls, NaN, medians, remainders and
conditions inside an aggregation, and some answer wrongly without a word.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from math import prod
from operator import add, mul
from typing import Any, TypeVar

import attrs

from leadlib import _text
from leadlib._frames import eager, narwhals, numbered

__all__ = [
    "BINS",
    "FAR",
    "Counts",
    "CountsKept",
    "Ranks",
    "Row",
    "Spread",
    "around",
    "bin_of",
    "coarser",
    "coded",
    "column_lists",
    "following",
    "kept",
    "largest",
    "length_of",
    "named",
    "period_of",
    "quotient",
    "ranked",
    "smallest",
    "streamed",
    "summed",
    "table_of",
    "tally",
]

FAR = 2**63 - 1  # stands for never: no engine knows another null in a column of whole numbers
_CHAIN = 32  # conditions in a row; with more names a look-up is faster, and no parser gives up
_LEVELS = ((2**32, 2**23), (2**37, 2**28), (2**42, 2**33), (2**47, 2**38), (FAR, 2**43))
_LEVEL = 2**14
_HALF = 2**30
_ROWS = 200_000  # of counts that are kept, 200 bytes each
_BELOW = 2**39  # bins of 6 days below 0: no year is further away than 2**14 of them
BINS = (len(_LEVELS) + 1) * _LEVEL

K = TypeVar("K")
V = TypeVar("V")
Frame = Any
Expression = Any
Row = tuple[Any, ...]  # names and whole numbers
Counts = Mapping[Row, int]
Ranks = Callable[[int], Sequence[int]]


@attrs.define
class CountsKept:
    """Counts that were asked for, by what they count; the oldest go when there are too many."""

    found: dict[Row, Counts] = attrs.field(factory=dict, init=False, repr=False)

    def __contains__(self, key: Row) -> bool:
        return key in self.found

    def __getitem__(self, key: Row) -> Counts:
        return self.found[key]

    def put(self, key: Row, counts: Counts) -> None:
        """Keep more of them."""
        self.found[key] = counts
        while len(self.found) > 1 and sum(map(len, self.found.values())) > _ROWS:
            del self.found[next(iter(self.found))]


def kept(frame: Frame) -> Frame:
    """The frame worked out once and held by its engine."""
    nw = narwhals()
    if not isinstance(frame, nw.LazyFrame):
        return frame
    engine, native = frame.implementation, frame.to_native()
    if engine.is_duckdb():
        # Before version 2 a relation kept its own result.
        return nw.from_native(
            native.materialize() if hasattr(native, "materialize") else native.execute()
        )
    if engine.is_spark_like():
        return nw.from_native(native.cache())
    return frame.collect().lazy()


def summed(parts: Iterable[tuple[int, Mapping[K, int]]]) -> dict[K, int]:
    """Counts of parts, each added or taken off by its sign; what comes to nothing is left out."""
    found = Counter[K]()
    for sign, counts in parts:
        for row, count in counts.items():
            found[row] += sign * count
    return {row: count for row, count in found.items() if count}


def length_of(frame: Frame) -> int:
    """How many rows a frame has."""
    return int(table_of(frame.select(narwhals().len().alias("n")))[0][0])


def streamed(frame: Frame) -> Frame:
    """The same of rows that are read once; Polars then holds a few of them at a time."""
    if not (isinstance(frame, narwhals().LazyFrame) and frame.implementation.is_polars()):
        return kept(frame)
    try:
        return frame.collect(engine="streaming").lazy()
    except (TypeError, ValueError):  # an older Polars
        return kept(frame)


def column_lists(frame: Frame, names: Sequence[str] | None = None) -> list[list[Any]]:
    """Columns of a frame as lists; all rows come into Python."""
    frame = eager(frame if names is None else frame.select(*names))
    return [frame[name].to_list() for name in frame.columns]


def table_of(frame: Frame) -> list[tuple[Any, ...]]:
    """The rows of a small frame."""
    return [*zip(*column_lists(frame), strict=True)]


def tally(frame: Frame, *keys: str) -> dict[tuple[Any, ...], int]:
    """How many rows there are of each combination of keys."""
    nw = narwhals()
    rows = table_of(frame.select(*keys).group_by(*keys).agg(nw.len().alias("n rows")))
    return {(*map(int, own),): int(count) for *own, count in rows}


def smallest(*parts: Expression) -> Expression:
    """The smallest of several columns."""
    return parts[0] if len(parts) == 1 else narwhals().min_horizontal(*parts)


def largest(*parts: Expression) -> Expression:
    """The largest of several columns."""
    return parts[0] if len(parts) == 1 else narwhals().max_horizontal(*parts)


def coded(column: str, codes: Mapping[Any, int]) -> Expression:
    """The code of each value of a column; -1 for all others and what is missing."""
    nw = narwhals()
    if len(codes) > _CHAIN:
        values, numbers = [*codes], [*codes.values()]
        found = nw.col(column).replace_strict(values, numbers, default=-1, return_dtype=nw.Int64)
        return found.cast(nw.Int64)
    code = nw.lit(-1)
    for value, number in codes.items():
        code = nw.when(nw.col(column) == value).then(nw.lit(number)).otherwise(code)
    return code.cast(nw.Int64)


def quotient(number: Expression, size: int, *, floats: bool = True) -> Expression:
    """
    The whole quotient of a number that takes more than 53 bits.

    Spark divides as *floats*, so the number is taken apart: what the first step rounds away, the
    rest makes up for.  For others that is an expression which takes longer to plan than to do.
    """
    if not floats:
        return number // size
    high = number // _HALF
    whole = high // size
    rest = (high - whole * size) * _HALF + number - high * _HALF
    return whole * _HALF + rest // size


def period_of(at: Expression, edges: Sequence[int]) -> Expression:
    """In which period an instant lies: 0 from the first edge on, -1 before."""
    nw = narwhals()
    parts = [at - at - 1, *((at >= edge).cast(nw.Int64) for edge in edges)]
    while parts[1:]:  # two by two: a long chain of them is too deep for some
        parts = [reduce(add, parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]  # a literal alone would be a row even of no rows


@attrs.frozen(kw_only=True)
class Spread:
    """
    The values of a column in bins that grow with them, by group.

    Args:
        frame: Its rows.
        value: The column of whole numbers.
        keys: The columns that make a group, and the names that their codes stand for; the last one
            is that of -1.
        width: The width of all bins; unless given, they grow with the values.
        coarser: How often their width is doubled: of many groups each has few values, and needs few
            bins.
    """

    frame: Frame
    value: str
    keys: Mapping[str, Sequence[Any]]
    width: int | None = None
    coarser: int = 0

    def bins(self) -> Counts:
        """How many values there are in each bin of each group."""
        return named(tally(self._binned, *self.keys, "bin"), self.keys)

    def values(self, cells: Collection[Row]) -> Counts:
        """How often each value occurs in some bins of some groups."""
        narrow = self._within(cells)
        if narrow is None:
            return {}
        return named(tally(narrow, *self.keys, "bin", self.value), self.keys)

    def narrowed(self, cells: Collection[Row]) -> "Spread":
        """The values in some bins of some groups, held by the engine."""
        narrow = self._within(cells)
        return self if narrow is None else attrs.evolve(self, frame=kept(narrow))

    def _within(self, cells: Collection[Row]) -> Frame | None:
        codes = [_codes(names) for names in self.keys.values()]
        rows = [
            (*(own.get(name, FAR) for own, name in zip(codes, cell, strict=False)), cell[-1])
            for cell in cells
        ]
        rows = [row for row in rows if FAR not in row]  # a group that is not in this frame
        if not rows:
            return None
        pack = _Packed.of([*self.keys], rows)
        return self._binned.filter(pack.column.is_in([*map(pack.number, rows)]))

    def end(self, *, last: bool) -> int | None:
        """The first or the last of the values."""
        column = narwhals().col(self.value)
        [(end,)] = table_of(self.frame.select(column.max() if last else column.min()))
        return None if _text.is_missing(end) else int(end)

    @property
    def _binned(self) -> Frame:
        nw = narwhals()
        place = bin_of(nw.col(self.value), self.width, self.coarser, _where)
        return self.frame.select(*self.keys, self.value, place.cast(nw.Int64).alias("bin"))


def _where(condition: Expression, one: Expression, other: Expression) -> Expression:
    return narwhals().when(condition).then(one).otherwise(other)


def bin_of(value: V, width: int | None, coarser: int, where: Callable[[Any, V, V], V]) -> V:
    """
    The bin of a value: of 8 s below an hour, of 4 minutes below a day, and so on; monotone.

    Args:
        value: A column, or an array.
        width: That of all bins, if they do not grow.
        coarser: How often to double them.
        where: Chooses between two, value by value.
    """
    own: Any = value
    if width:
        return own // width  # type: ignore[no-any-return]  # as it came in
    widths = [width << coarser for _, width in _LEVELS]
    bins = [own // width + level * _LEVEL for level, width in enumerate(widths, start=1)]
    place = bins[-1]
    for (bound, _), below in reversed([*zip(_LEVELS, bins, strict=True)][:-1]):
        place = where(own < bound, below, place)
    return where(own < 0, own // _BELOW + _LEVEL, place)


def _codes(names: Sequence[Any]) -> Mapping[Any, int]:
    return dict(zip(names, [*range(len(names) - 1), -1], strict=True))


def coarser(sizes: Iterable[int]) -> int:
    """How often to double the bins of groups by several keys, each of which has so many values."""
    return max(prod(sizes).bit_length() - 4, 0) // 2


def named(counts: Mapping[Row, int], keys: Mapping[str, Sequence[Any]]) -> Counts:
    """Counts by names in place of the codes that rows begin with; the last name is that of -1."""
    names = [*keys.values()]
    return {
        (*(own[code] for own, code in zip(names, row, strict=False)), *row[len(names) :]): count
        for row, count in counts.items()
    }


def ranked(
    bins: Counts,
    values: Callable[[Collection[Row]], Counts],
    ranks: Ranks,
    groups: Callable[[Row], Sequence[Row]] = lambda row: [row],
) -> dict[Row, list[int]]:
    """
    The values at some ranks of each group, exactly, in two questions.

    The first counted the values in bins; the second counts the values of those bins that hold a
    rank.  No engine sorts, and none is asked for a median: they disagree.

    Args:
        bins: How many values there are by group and bin; bins in the order of their values.
        values: Counts, by group, bin and value, those of some groups and bins.
        ranks: Of a number of values the ranks that are wanted, from 0 on.
        groups: The groups that a row of keys counts for, if not only for its own.
    """
    by_row = _by_row(bins)
    members = {row: groups(row) for row in by_row}
    wanted = {group: _located(own, ranks) for group, own in _added_up(by_row, members).items()}
    places = {group: {place for place, _ in own} for group, own in wanted.items()}
    cells = _cells(by_row, members, places)
    counted = _by_row(values(cells)) if cells else {}
    inside = {cell: [(*group, cell[-1]) for group in members[cell[:-1]]] for cell in counted}
    found = _added_up(counted, inside)
    return {
        group: [_at_rank(found[*group, place], rank) for place, rank in own]
        for group, own in wanted.items()
    }


def around(
    bins: Counts, ranks: Ranks, groups: Callable[[Row], Sequence[Row]], share: float
) -> frozenset[Row]:
    """The bins that hold some ranks, and those next to them: a *share* of the values each way."""
    by_row = _by_row(bins)
    members = {row: groups(row) for row in by_row}

    def wide(n: int) -> list[int]:
        wanted, more = ranks(n), int(n * share) + 1
        return [max(wanted[0] - more, 0), min(wanted[-1] + more, n - 1)]

    places = {}
    for group, own in _added_up(by_row, members).items():
        (low, _), (high, _) = _located(own, wide)
        places[group] = {place for place in own if low <= place <= high}
    return _cells(by_row, members, places)


def _cells(
    by_row: Mapping[Row, Mapping[int, int]],
    members: Mapping[Row, Sequence[Row]],
    places: Mapping[Row, set[int]],
) -> frozenset[Row]:
    """The bins of rows that hold the places of a group which they count for."""
    return frozenset(
        (*row, place)
        for row, own in by_row.items()
        for place in own.keys() & set[int]().union(*(places[group] for group in members[row]))
    )


def _by_row(counts: Counts) -> dict[Row, dict[int, int]]:
    """The counts of each row of keys by the last of them."""
    found: dict[Row, dict[int, int]] = defaultdict(dict)
    for key, count in counts.items():
        found[key[:-1]][key[-1]] = count
    return found


def _added_up(
    counts: Mapping[Row, Mapping[int, int]], members: Mapping[Row, Sequence[Row]]
) -> dict[Row, Counter[int]]:
    """The counts of each group, which are those of its rows."""
    found: dict[Row, Counter[int]] = defaultdict(Counter)
    for row, own in counts.items():
        for group in members[row]:
            found[group].update(own)
    return found


@attrs.frozen
class _Packed:
    """Keys and a bin as one number, so that one look-up finds a cell."""

    keys: Sequence[str]
    sizes: Sequence[int]

    @classmethod
    def of(cls, keys: Sequence[str], cells: Iterable[Row]) -> "_Packed":
        *columns, _ = zip(*cells, strict=True)
        return cls(keys, [max(column) + 2 for column in columns])

    def number(self, cell: Row) -> int:
        number = 0
        for own, size in zip(cell, self.sizes, strict=False):
            number = number * size + own + 1
        place: int = cell[-1]
        return number * BINS + place

    @property
    def column(self) -> Expression:
        nw = narwhals()
        number = nw.col("bin") * 0
        for key, size in zip(self.keys, self.sizes, strict=True):
            number = number * size + nw.col(key) + 1
        return number * BINS + nw.col("bin")


def _located(counts: Mapping[int, int], ranks: Ranks) -> list[tuple[int, int]]:
    """For each rank the bin that holds it, and the rank within it."""
    places = sorted(counts)
    upto = [*accumulate(counts[place] for place in places)]
    found = []
    for rank in ranks(upto[-1]):
        i = bisect_right(upto, rank)
        found.append((places[i], rank - (upto[i - 1] if i else 0)))
    return found


def _at_rank(counts: Mapping[int, int], rank: int) -> int:
    values = sorted(counts)
    upto = [*accumulate(counts[own] for own in values)]
    return values[bisect_right(upto, rank)]


def following(rows: Frame, *, has_seq: bool) -> Frame:
    """
    Each event with the code and the instant of the next one of its lead; -1 without any.

    Events are in the order of at, seq and code; an event that is repeated counts once.  Where the
    rows already stand in this order, engines that keep it sort by lead only.

    Args:
        rows: lead, at, seq if *has_seq*, and code.
        has_seq: Whether there is a seq.
    """
    nw, engine = narwhals(), rows.implementation
    order = ["at", "seq", "code"] if has_seq else ["at", "code"]
    if isinstance(rows, nw.LazyFrame) and not engine.is_polars():
        nexts = [nw.col(name).shift(-1).over("lead", order_by=order) for name in order]
        return _visits(rows.with_columns(*_next_columns(nexts, order)), order)
    rows = rows.collect() if isinstance(rows, nw.LazyFrame) else rows
    if engine.is_pandas_like():  # it shifts whole numbers as floats, which are alike beyond 53 bits
        rows = nw.from_native(rows.to_native().assign(lead=numbered(rows["lead"])))
    ordered = _by_lead(rows, order)
    same = nw.col("lead").shift(-1) == nw.col("lead")
    nexts = [nw.when(same).then(nw.col(name).shift(-1)) for name in order]
    return _visits(ordered.with_columns(*_next_columns(nexts, order)), order)


def _by_lead(rows: Frame, order: Sequence[str]) -> Frame:
    """Sorted by lead, then as *order* says."""
    nw = narwhals()
    if rows.implementation.is_polars() and _is_ordered(rows, order):
        return nw.from_native(rows.to_native().sort("lead", maintain_order=True))
    if rows.implementation.is_pandas_like() and _is_ordered(rows, order):
        return nw.from_native(rows.to_native().sort_values("lead", kind="stable"))
    return rows.sort("lead", *order)


def _is_ordered(rows: Frame, order: Sequence[str]) -> bool:
    """Whether the rows already stand in their order."""
    nw = narwhals()
    falls = nw.lit(value=False)
    for name in reversed(order):
        column, before = nw.col(name), nw.col(name).shift(1)
        falls = (column < before) | ((column == before) & falls)
    falls = falls.cast(nw.Int64).fill_null(0).alias("falls")
    return not table_of(rows.select(falls).select(nw.col("falls").sum()))[0][0]


def _next_columns(nexts: Sequence[Expression], order: Sequence[str]) -> list[Expression]:
    nw = narwhals()
    return [
        own.fill_null(-1).cast(nw.Int64).alias(f"next {name}")
        for own, name in zip(nexts, order, strict=True)
    ]


def _visits(rows: Frame, order: Sequence[str]) -> Frame:
    """Without the events that come again at once."""
    nw = narwhals()
    again = [(nw.col(name) == nw.col(f"next {name}")).cast(nw.Int64) for name in order]
    kept_rows = rows.filter(reduce(mul, again) == 0)
    return kept_rows.select(
        "code", "at", nw.col("next code").alias("next"), nw.col("next at").alias("until")
    )
