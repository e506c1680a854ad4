"""
What is asked of the engine of a frame: counting, and the few operations that all of them share.

Whole numbers and bare aggregations only: engines disagree about nulls, NaN, medians, remainders and
conditions inside an aggregation, and some answer wrongly without a word.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from math import prod
from operator import add, mul
from typing import Any

import attrs

from leadlib._frames import narwhals

__all__ = [
    "FAR",
    "coded",
    "column_lists",
    "following",
    "kept",
    "largest",
    "period_of",
    "quotient",
    "ranked",
    "smallest",
    "table_of",
    "tally",
]

FAR = 2**63 - 1  # stands for never: no engine knows another null in a column of whole numbers
_CHAIN = 32  # conditions in a row; with more names a look-up is faster, and no parser gives up
_LEVELS = ((2**32, 2**23), (2**37, 2**28), (2**42, 2**33), (2**47, 2**38), (FAR, 2**43))
_LEVEL = 2**14
_HALF = 2**30
_BINS = len(_LEVELS) * _LEVEL

Frame = Any
Expression = Any
Group = tuple[int | None, ...]
Ranks = Callable[[int], Sequence[int]]


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


def column_lists(frame: Frame, names: Sequence[str] | None = None) -> list[list[Any]]:
    """Columns of a frame as lists; all rows come into Python."""
    nw = narwhals()
    frame = frame if names is None else frame.select(*names)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect() if frame.implementation.is_polars() else frame.collect("pyarrow")
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


def quotient(number: Expression, size: int) -> Expression:
    """
    The whole quotient of a number that takes more than 53 bits.

    Spark divides as floats, so the number is taken apart: what the first step rounds away, the rest
    makes up for.
    """
    high = number // _HALF
    whole = high // size
    rest = (high - whole * size) * _HALF + number - high * _HALF
    return whole * _HALF + rest // size


def period_of(at: Expression, edges: Sequence[int]) -> Expression:
    """In which period an instant lies: 0 from the first edge on, -1 before."""
    nw = narwhals()
    passed = [(at >= edge).cast(nw.Int64) for edge in edges]
    return reduce(add, passed, at - at - 1)  # a literal alone would be a row even of no rows


def ranked(
    frame: Frame,
    value: str,
    keys: Sequence[str],
    ranks: Ranks,
    groups: Callable[[tuple[int, ...]], Sequence[Group]] = lambda row: [row],
    sizes: Sequence[int] = (),
) -> dict[Group, list[int]]:
    """
    The values at some ranks of each group, exactly, in two questions.

    The first counts the values in bins that grow with them; the second counts the values of those
    bins that hold a rank.  No engine sorts, and none is asked for a median: they disagree.

    Args:
        frame: Whole numbers; values from 0 on.
        value: The column that is ranked.
        keys: The columns that make a group.
        ranks: Of a number of values the ranks that are wanted, from 0 on.
        groups: The groups that a row of keys counts for, if not only for its own.
        sizes: How many values each of *keys* may have: of many groups each has few values, and
            needs few bins.
    """
    nw = narwhals()
    coarser = max(prod(sizes).bit_length() - 4, 0) // 2
    binned = frame.with_columns(_bin(value, coarser).alias("bin"))
    bins = _by_row(tally(binned, *keys, "bin"))
    members = {row: groups(row) for row in bins}
    wanted = {group: _located(own, ranks) for group, own in _added_up(bins, members).items()}
    places = {group: {place for place, _ in own} for group, own in wanted.items()}
    pack = _Packed.of(keys, bins)
    cells = [
        pack.number(row, place)
        for row, own in bins.items()
        for place in own.keys() & set[int]().union(*(places[group] for group in members[row]))
    ]
    if not cells:
        return {}
    narrow = binned.filter(pack.column.is_in(cells)).select(*keys, "bin", nw.col(value).alias("v"))
    values = _by_row(tally(narrow, *keys, "bin", "v"))
    inside = {
        (*row, place): [(*group, place) for group in members[*row,]] for *row, place in values
    }
    found = _added_up(values, inside)
    return {
        group: [_at_rank(found[*group, place], rank) for place, rank in own]
        for group, own in wanted.items()
    }


def _by_row(counts: Mapping[tuple[int, ...], int]) -> dict[tuple[int, ...], dict[int, int]]:
    """The counts of each row of keys by the last of them."""
    found: dict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
    for key, count in counts.items():
        found[key[:-1]][key[-1]] = count
    return found


def _added_up(
    counts: Mapping[tuple[int, ...], Mapping[int, int]],
    members: Mapping[tuple[int, ...], Sequence[Group]],
) -> dict[Group, Counter[int]]:
    """The counts of each group, which are those of its rows."""
    found: dict[Group, Counter[int]] = defaultdict(Counter)
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
    def of(cls, keys: Sequence[str], rows: Iterable[tuple[int, ...]]) -> "_Packed":
        columns = [*zip(*rows, strict=True)] or [(0,)] * len(keys)
        return cls(keys, [max(column) + 2 for column in columns])

    def number(self, row: Sequence[int], place: int) -> int:
        number = 0
        for own, size in zip(row, self.sizes, strict=True):
            number = number * size + own + 1
        return number * _BINS + place

    @property
    def column(self) -> Expression:
        nw = narwhals()
        number = nw.col("bin") * 0
        for key, size in zip(self.keys, self.sizes, strict=True):
            number = number * size + nw.col(key) + 1
        return number * _BINS + nw.col("bin")


def _bin(value: str, coarser: int) -> Expression:
    """Bins of 8 s below an hour, of 4 minutes below a day, and so on: monotone."""
    nw, column = narwhals(), narwhals().col(value)
    widths = [width << coarser for _, width in _LEVELS]
    bins = [column // width + level * _LEVEL for level, width in enumerate(widths)]
    place = bins[-1]
    for (bound, _), own in reversed([*zip(_LEVELS, bins, strict=True)][:-1]):
        place = nw.when(column < bound).then(own).otherwise(place)
    return place.cast(nw.Int64)


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
    if isinstance(rows, nw.LazyFrame):
        rows = rows.collect()
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
