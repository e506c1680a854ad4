"""Stage logs from files: every row accepted, rejected with its place, or counted as a duplicate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import attrs

from leadlib import _instants, _text, limits
from leadlib._io.counts import RowCounts, Tally
from leadlib._io.rows import Problem, Table, refused_column
from leadlib._io.tables import open_table
from leadlib.errors import InvalidValue, LimitExceeded, RefusedFile
from leadlib.lifecycle import STANDARD
from leadlib.metrics import LogBuilder, LongTable, StageLog, TableShape, WideTable

__all__ = ["LogRead", "read_log", "spoken_ends"]


@attrs.frozen(kw_only=True)
class LogRead:
    """
    A log and how it was read.

    Args:
        log: The stage log.
        rows: What became of the rows.
        problems: Why rows were rejected, the first 1,000 of them.
    """

    log: StageLog
    rows: RowCounts
    problems: tuple[Problem, ...]


def read_log(
    *paths: str | Path,
    lead: str = "lead",
    stage: str = "stage",
    at: str | Mapping[str, str] = "at",
    seq: str | None = None,
    by: Sequence[str] = (),
    shape: TableShape | None = None,
    zone: tzinfo | str | None = None,
    closed: Iterable[str] | None = None,
    as_of: datetime | None = None,
    progress: Callable[[int], object] | None = None,
) -> LogRead:
    """
    Read a stage log from CSV, JSON lines or Parquet files.

    What the file holds in another shape is read by that *shape*: one row for each lead, one for
    each opportunity, or one for each change of any property.

    Args:
        paths: One file or several, read as one log.
        lead, stage, seq: Column names; without *seq* events of one instant follow the stage order.
        at: The column of instants; or, for tables with one row per lead, stage name to column name.
        by: Columns to group by.
        shape: Which column holds what, instead of naming columns one by one: for tables of
            opportunities, say, or the history of one property among others.
        zone: Where times without offset were noted, a time zone or its IANA name; without it they
            are refused.
        closed: The stages in which a story ends.  Unless given, a log that speaks the words of the
            standard lifecycle has those of the lifecycle.
        as_of: The words of later events say nothing about that; the events stay in the log.
        progress: Called with the number of bytes read since the last call.

    Returns:
        The log, the row counts, and the problems of rejected rows.

    Raises:
        InvalidValue: No file or no column of instants was named, or columns beside a shape.
        RefusedFile: The file cannot be taken: unreadable, a column is missing, or no row is right.
        LimitExceeded: More groups than a report can show.
        MissingExtra: Parquet needs ``leadlib[parquet]``.
    """
    if not paths:
        raise InvalidValue(expected="at least one file", got="none", where="paths")
    if shape is None:
        shape = _shape(lead=lead, stage=stage, at=at, seq=seq, by=by)
    elif (lead, stage, at, seq, *by) != ("lead", "stage", "at", None):
        expected, got = "a shape, or columns one by one", "both"
        raise InvalidValue(expected=expected, got=got, where="shape")
    zone = _instants.zone_named(zone) if isinstance(zone, str) else zone
    reader = _LogReader(shape=shape, zone=zone, many=len(paths) > 1)
    found: set[str] = set()
    try:
        for path in map(Path, paths):
            with open_table(path, progress) as table:
                reader.read(table, path)
                found |= table.found
        if found:  # without any, the problem of the first row says more
            _check_columns(shape, found)
        reader.check()
        reader.tally.refuse_if_empty(Path(paths[0]))
        return reader.result(None if closed is None else frozenset(map(_stage, closed)), as_of)
    except MemoryError:
        got = f"more of it after {_text.plural(reader.tally.read, 'row')}"
        raise RefusedFile(expected="a log that fits into the memory", got=got) from None


def _stage(name: object) -> str:
    """A stage as the log will have it."""
    return _text.clean(str(name), where="stages", limit=limits.ID_CHARACTERS)


def _shape(
    *, lead: str, stage: str, at: str | Mapping[str, str], seq: str | None, by: Sequence[str]
) -> TableShape:
    """The long form, or the wide one where each stage has a column of its own."""
    if not at:
        raise InvalidValue(expected="a column of instants", got="none", where="at")
    if isinstance(at, Mapping):
        return WideTable(lead=lead, at=at, seq=seq, by=by)
    return LongTable(lead=lead, stage=stage, at=at, seq=seq, by=by)


def _check_columns(shape: TableShape, found: set[str]) -> None:
    """Refuse names that none of the files has."""
    for name in (*shape.always, *shape.dated.values(), *shape.by):
        if name not in found:
            raise refused_column(name, sorted(found))


@attrs.define(kw_only=True)
class _LogReader:
    """Takes rows into a builder, and counts what became of them."""

    shape: TableShape
    zone: tzinfo | None
    many: bool
    builder: LogBuilder = attrs.field(
        default=attrs.Factory(lambda self: LogBuilder(by=self.shape.by), takes_self=True)
    )
    tally: Tally = attrs.field(factory=Tally)
    slip: tuple[str, str] | None = None
    taken: int = 0

    def read(self, table: Table, path: Path) -> None:
        """Take all rows of one file; dates and groups may be spread over files."""
        shape = self.shape
        if table.fixed:
            table.require(shape.always)
        dated = table.may_have(shape.dated.values())
        if shape.dated and not dated:
            raise refused_column(next(iter(shape.dated.values())), table.columns)
        columns = [*shape.always, *dated, *table.may_have(shape.by)]
        place = {name: i for i, name in enumerate(columns)}
        own = shape.taker(self.builder, place, self.zone)
        wanted = shape.filter(place)
        rows = table.rows(columns)
        if shape.wanted:
            rows = (pair for pair in rows if isinstance(pair[1], Problem) or wanted.takes(pair[1]))
        file = path.name if self.many else None
        line = 0
        try:
            for line, row in rows:
                self.tally.count(line, row, lambda _, cells: own(cells), file=file)
        except LimitExceeded as fault:
            raise RefusedFile(
                expected=fault.expected, got=fault.got, line=line, column=shape.stage_column
            ) from None
        self.taken += wanted.taken
        self.slip = self.slip or wanted.slip

    def check(self) -> None:
        """Refuse files without any row of the log, if all their rows are of something else."""
        if self.slip and not self.taken:
            column, value = self.slip
            expected = "a value that some row has"
            raise RefusedFile(expected=expected, got=repr(value), column=column)

    def result(self, closed: frozenset[str] | None, as_of: datetime | None) -> LogRead:
        """The log and the counts."""
        log = StageLog(**self.builder.columns())
        spoken = log.stages_until(log.cut(as_of))
        return LogRead(
            log=attrs.evolve(log, **spoken_ends(self.shape, spoken, closed)),
            rows=self.tally.rows,
            problems=tuple(self.tally.problems),
        )


def spoken_ends(
    shape: TableShape, spoken: set[str], closed: frozenset[str] | None
) -> dict[str, Any]:
    """Where a story ends, and which stages may be asked for, by the stages that a log speaks of."""
    closed = shape.closed_stages if closed is None else closed
    standard = {stage.name for stage in STANDARD.stages}
    if closed is None and spoken and standard.issuperset(spoken):
        # The log speaks our words: the standard lifecycle says where a story ends.
        closed = frozenset(stage.name for stage in STANDARD.stages if stage.closed)
        return {"closed": closed, "closed_by": "lifecycle", "known": shape.stages | standard}
    return {"closed": closed, "known": shape.stages}
