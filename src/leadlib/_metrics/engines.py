"""
What is asked of the engine of a frame: counting, and the few operations that all of them share.

Whole numbers and bare aggregations only: engines disagree about nulls, NaN, medians, remainders and
conditions inside an aggregation, and some answer wrongly without a word.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import accumulate
from operator import add
from typing import Any

from leadlib._frames import narwhals

__all__ = [
    "FAR",
    "coded",
    "column_lists",
    "kept",
    "largest",
    "period_of",
    "ranked",
    "smallest",
    "table_of",
    "tally",
]

FAR = 2**63 - 1  # stands for never: no engine knows another null in a column of whole numbers
_CHAIN = 32  # conditions in a row; with more names a look-up is faster, and no parser gives up
_LEVELS = ((2**32, 2**20), (2**37, 2**25), (2**42, 2**30), (2**47, 2**35), (FAR, 2**40))
_LEVEL = 2**14

Frame = Any
Expression = Any
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
    return frame.collect()


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


def period_of(at: Expression, edges: Sequence[int]) -> Expression:
    """In which period an instant lies: 0 from the first edge on."""
    nw = narwhals()
    passed = [(at >= edge).cast(nw.Int64) for edge in edges[1:]]
    return reduce(add, passed, at - at)  # a literal alone would be a row even of no rows


def ranked(
    frame: Frame, value: str, keys: Sequence[str], ranks: Ranks
) -> dict[tuple[int, ...], list[int]]:
    """
    The values at some ranks of each group, exactly, in two questions.

    The first counts the values in bins that grow with them; the second counts the values of those
    bins that hold a rank.  No engine sorts, and none is asked for a median: they disagree.

    Args:
        frame: Whole numbers; values from 0 on.
        value: The column that is ranked.
        keys: The columns that make a group.
        ranks: Of a number of values the ranks that are wanted, from 0 on.
    """
    binned = frame.with_columns(_bin(value).alias("bin"))
    counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for (*group, place), count in tally(binned, *keys, "bin").items():
        counts[(*group,)][place] = count
    wanted = {group: _located(own, ranks) for group, own in counts.items()}
    places = sorted({place for own in wanted.values() for place, _ in own})
    if not places:
        return {}
    found: dict[tuple[tuple[int, ...], int], Counter[int]] = defaultdict(Counter)
    narrow = binned.filter(narwhals().col("bin").is_in(places))
    for (*group, place, own), count in tally(narrow, *keys, "bin", value).items():
        found[(*group,), place][own] = count
    return {
        group: [_at_rank(found[group, place], rank) for place, rank in own]
        for group, own in wanted.items()
    }


def _bin(value: str) -> Expression:
    """Bins of a second below an hour, of half a minute below a day, and so on: monotone."""
    nw, column = narwhals(), narwhals().col(value)
    bins = [column // width + level * _LEVEL for level, (_, width) in enumerate(_LEVELS)]
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
