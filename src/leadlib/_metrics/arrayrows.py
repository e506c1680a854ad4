"""The rows of a frame as arrays: its engine gives numbers for names; here they come in order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leadlib._frames import eager, narwhals, numbered, numpy
from leadlib._metrics.arrays import Array, Arrays, backwards, last_rows, side_by_side
from leadlib._metrics.engines import FAR, coded
from leadlib.errors import ConflictError

__all__ = ["arrays_of"]

_GAPS = 2**16  # numbers of leads may have some, which take less memory than to number them anew

_GROUP = "code by"

FrameLog = Any  # the class is above this room
Columns = Mapping[str, Array]


def arrays_of(log: FrameLog) -> Arrays | None:
    """The events of a log in a frame as arrays; None if its leads have numbers beyond 64 bits."""
    nw, rows = narwhals(), log.before(log.latest)
    kind = rows.collect_schema()["lead"]
    if kind in (nw.UInt64, nw.Int128, nw.UInt128):
        return None
    lead = nw.col("lead").cast(nw.Int64) if kind.is_integer() else nw.col("lead")
    seqs = ["seq"] if log.seqs and log.seqs[0] < log.seqs[1] else []
    names = {"stage": log.stages} | {key: log.labels[name] for name, key in log.columns.items()}
    codes = [_codes(key, log.codes[key], own) for key, own in names.items()]
    table = eager(rows.select(lead, "at", *seqs, *codes))
    if len(table) and int(table["code stage"].min()) < 0:
        expected, got = "the stages that the log was made of", "another: the rows have changed"
        raise ConflictError(expected=expected, got=got, where="log")
    columns = {"lead": _numbers_of(table["lead"], is_whole=kind.is_integer())}

    def copy(name: str) -> None:
        columns[name] = table[name].to_numpy()

    side_by_side(copy, [[name] for name in table.columns if name != "lead"])
    return _ordered(columns)


def _codes(key: str, names: Mapping[Any, str], places: Sequence[str]) -> Any:
    """The place of the name of each value; -1 of none."""
    nw, place = narwhals(), {name: place for place, name in enumerate(places)}
    codes = coded(key, {value: place[name] for value, name in names.items()})
    return codes.cast(nw.Int16).alias(f"code {key}")


def _numbers_of(column: Any, *, is_whole: bool) -> Array:
    """The number of the lead of each row: from 0 on, and with few gaps."""
    np = numpy()
    numbers = np.asarray(column.to_numpy()) if is_whole else numbered(column)
    if not len(numbers):
        return numbers.astype(np.int32)
    low, high = int(numbers.min()), int(numbers.max())
    if high - low <= 4 * len(numbers) + _GAPS:
        return np.subtract(numbers, np.int64(low), dtype=np.int32, casting="unsafe")
    return np.unique(numbers, return_inverse=True)[1].astype(np.int32)


def _ordered(columns: Columns) -> Arrays:
    """The rows in their order, those that repeat others left out."""
    np = numpy()
    moment = [columns[name] for name in ("seq", "at") if name in columns]
    if _falls(moment):
        order = np.lexsort(moment)
        columns = {name: column[order] for name, column in columns.items()}
    same = _same(columns, [name for name in ("seq", "at") if name in columns])
    ties = runs = np.zeros(0, np.int64)
    if same.any():
        columns, ties, runs = _settled(columns, same)
    lead, last = _without_gaps(columns["lead"])
    at, groups = columns["at"], [name for name in columns if name.startswith(_GROUP)]
    return Arrays(
        last=last,
        lead=lead,
        stage=columns["code stage"],
        at=at,
        ties=ties,
        runs=runs,
        labels={
            name.removeprefix("code "): _labels(len(last), lead, columns[name], at)
            for name in groups
        },
    )


def _without_gaps(lead: Array) -> tuple[Array, Array]:
    """The leads numbered one by one, and the last row of each."""
    np = numpy()
    last = last_rows(lead, int(lead.max(initial=-1)) + 1)
    there = last >= 0
    if there.all():
        return lead, last
    return (np.cumsum(there, dtype=np.int32) - 1)[lead], last[there]


def _falls(moment: Sequence[Array]) -> bool:
    """Whether some row comes before the one above it."""
    np, at = numpy(), moment[-1]
    falls = at[1:] < at[:-1]
    if moment[1:]:
        falls |= (at[1:] == at[:-1]) & (moment[0][1:] < moment[0][:-1])
    return bool(np.any(falls))


def _same(columns: Mapping[str, Array], names: Iterable[str]) -> Array:
    """Whether each row but the first has the same values as the one above it."""
    np = numpy()
    return np.logical_and.reduce([columns[name][1:] == columns[name][:-1] for name in names])


def _settled(columns: Columns, same: Array) -> tuple[Columns, Array, Array]:
    """What happened at one moment in the order of leads and stages, repeated rows left out."""
    np = numpy()
    rows = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    moments = np.cumsum(~np.insert(same, 0, False))[rows]
    few: Columns = {name: column[rows] for name, column in columns.items()}
    order = np.lexsort((few["code stage"], few["lead"], moments))
    few = {name: column[order] for name, column in few.items()} | {"moment": moments[order]}
    begins = np.insert(~_same(few, ["moment", "lead"]), 0, True)  # of what ties
    again = np.insert(_same(few, ["moment", "lead", "code stage"]), 0, False)
    few = _with_first_groups(few, begins)
    kept = np.ones(len(same) + 1, bool)
    kept[rows[again]] = False
    settled = {name: _put(column, rows, few[name])[kept] for name, column in columns.items()}
    run = np.cumsum(begins) - 1
    is_tied = (np.bincount(run[~again])[run] > 1) & ~again
    places = (np.cumsum(kept) - 1)[rows]  # where the rows are when the others are gone
    return settled, places[is_tied], places[begins][run][is_tied]


def _put(column: Array, rows: Array, values: Array) -> Array:
    column = column.copy()
    column[rows] = values
    return column


def _with_first_groups(few: Columns, begins: Array) -> Columns:
    """All that ties in the group that comes first; what is missing, -1, comes last of all."""
    np, found, begin = numpy(), {**few}, numpy().flatnonzero(begins)
    for name in [name for name in few if name.startswith(_GROUP)]:
        least = np.minimum.reduceat(few[name].astype(np.uint16), begin)
        found[name] = least.astype(np.int16)[np.cumsum(begins) - 1]
    return found


def _labels(leads: int, lead: Array, codes: Array, at: Array) -> tuple[Array, Array]:
    """The group that the earliest event of each lead names, and when that was."""
    np = numpy()
    row = np.full(leads, -1, np.int32)
    for part in backwards(len(lead)):
        own, known = lead[part].astype(np.intp), np.arange(part.start, part.stop, dtype=np.int32)
        if codes[part].min() < 0:
            is_known = codes[part] >= 0
            own, known = own[is_known], known[is_known]
        row[own[::-1]] = known[::-1]
    is_known = row >= 0
    return np.where(is_known, codes[row], -1), np.where(is_known, at[row], FAR)
