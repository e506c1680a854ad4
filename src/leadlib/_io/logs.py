"""Stage logs from files: every row accepted, rejected with its place, or counted as a duplicate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import attrs

from leadlib import _instants, _text, limits
from leadlib._io import cells
from leadlib._io.counts import RowCounts, Tally
from leadlib._io.rows import Problem, Table, refused_column
from leadlib._io.tables import open_table
from leadlib.errors import InvalidValue, LimitExceeded, RefusedFile
from leadlib.lifecycle import STANDARD
from leadlib.metrics import LogBuilder, StageLog

__all__ = ["LogRead", "read_log"]


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
    zone: tzinfo | str | None = None,
    closed: Iterable[str] | None = None,
    as_of: datetime | None = None,
    progress: Callable[[int], object] | None = None,
) -> LogRead:
    """
    Read a stage log from CSV, JSON lines or Parquet files.

    Args:
        paths: One file or several, read as one log.
        lead, stage, seq: Column names; without *seq* events of one instant follow the stage order.
        at: The column of instants; or, for tables with one row per lead, stage name to column name.
        by: Columns to group by.
        zone: Where times without offset were noted, a time zone or its IANA name; without it they
            are refused.
        closed: The stages in which a story ends.  Unless given, a log that speaks the words of the
            standard lifecycle has those of the lifecycle.
        as_of: The words of later events say nothing about that; the events stay in the log.
        progress: Called with the number of bytes read since the last call.

    Returns:
        The log, the row counts, and the problems of rejected rows.

    Raises:
        InvalidValue: No file or no column of instants was named.
        RefusedFile: The file cannot be taken: unreadable, a column is missing, or no row is right.
        LimitExceeded: More groups than a report can show.
        MissingExtra: Parquet needs ``leadlib[parquet]``.
    """
    if not paths:
        raise InvalidValue(expected="at least one file", got="none", where="paths")
    if not at:
        raise InvalidValue(expected="a column of instants", got="none", where="at")
    wide = (
        {_stage(name): column for name, column in at.items()} if isinstance(at, Mapping) else None
    )
    asked = _Columns(
        lead=lead, stage=None if wide else stage, at=wide or {"": str(at)}, seq=seq, by=tuple(by)
    )
    asked.check_names()
    zone = _instants.zone_named(zone) if isinstance(zone, str) else zone
    reader = _LogReader(columns=asked, zone=zone, many=len(paths) > 1)
    found: set[str] = set()
    try:
        for path in map(Path, paths):
            with open_table(path, progress) as table:
                reader.read(table, path)
                found |= table.found
        if found:  # without any, the problem of the first row says more
            asked.check(found)
        reader.tally.refuse_if_empty(Path(paths[0]))
        return reader.result(None if closed is None else frozenset(map(_stage, closed)), as_of)
    except MemoryError:
        got = f"more of it after {_text.plural(reader.tally.read, 'row')}"
        raise RefusedFile(expected="a log that fits into the memory", got=got) from None


def _stage(name: object) -> str:
    """A stage as the log will have it."""
    return _text.clean(str(name), where="stages", limit=limits.ID_CHARACTERS)


@attrs.frozen(kw_only=True)
class _Columns:
    """The columns asked for; *stage* is None where each stage has a column of its own."""

    lead: str
    stage: str | None
    at: Mapping[str, str]
    seq: str | None
    by: tuple[str, ...]

    @property
    def always(self) -> list[str]:
        """The columns every file must have; dates and groups may be spread over files."""
        long = [self.stage, self.at[""]] if self.stage is not None else []
        return [name for name in (self.lead, *long, self.seq) if name is not None]

    @property
    def all(self) -> list[str]:
        """Every column asked for."""
        return [*self.always, *self.at.values(), *self.by]

    @property
    def stages(self) -> frozenset[str]:
        """The stages that have columns of their own: asked for, whether or not they have dates."""
        return frozenset(self.at) if self.stage is None else frozenset()

    def check_names(self) -> None:
        """Refuse what is no text: a JSON key may be half a letter, which nobody can print."""
        for name in self.all:
            _text.clean(name, where="columns", empty=True)

    def check(self, found: set[str]) -> None:
        """Refuse names that none of the files has."""
        for name in self.all:
            if name not in found:
                raise refused_column(name, sorted(found))


_Take = Callable[[int, Sequence[Any]], bool]


@attrs.define(kw_only=True)
class _LogReader:
    """Takes rows into a builder, and counts what became of them."""

    columns: _Columns
    zone: tzinfo | None
    many: bool
    builder: LogBuilder = attrs.field(
        default=attrs.Factory(lambda self: LogBuilder(by=self.columns.by), takes_self=True)
    )
    tally: Tally = attrs.field(factory=Tally)

    def read(self, table: Table, path: Path) -> None:
        """Take all rows of one file."""
        columns = self.columns
        if table.fixed:
            table.require(columns.always)
        dated = table.may_have(columns.at.values())
        if not dated:
            raise refused_column(next(iter(columns.at.values())), table.columns)
        groups = table.may_have(columns.by)
        spread = {stage: name for stage, name in columns.at.items() if name in dated}
        wanted = [*columns.always, *dated, *groups]
        take = self._taker(wanted, spread, groups)
        file = path.name if self.many else None
        line = 0
        try:
            for line, row in table.rows(wanted):
                self.tally.count(line, row, take, file=file)
        except LimitExceeded as fault:
            raise RefusedFile(
                expected=fault.expected, got=fault.got, line=line, column=columns.stage
            ) from None

    def _taker(
        self, wanted: Sequence[str], spread: Mapping[str, str], groups: Sequence[str]
    ) -> _Take:
        """A function that takes the cells of one row and says whether they were new."""
        place = {name: i for i, name in enumerate(wanted)}
        columns, zone, add = self.columns, self.zone, self.builder.add
        lead_at = place[columns.lead]
        seq_at = None if columns.seq is None else place[columns.seq]
        labelled = [place[name] if name in groups else None for name in columns.by]

        def common(row: Sequence[Any]) -> tuple[str, int, list[str | None]]:
            lead = cells.name(row[lead_at], columns.lead)
            seq = 0 if seq_at is None else cells.whole(row[seq_at], columns.seq or "")
            labels = [
                None if at is None else cells.label(row[at], name)
                for at, name in zip(labelled, columns.by, strict=True)
            ]
            return lead, seq, labels

        def entry(row: Sequence[Any], name: str) -> int:
            return _instants.micros(cells.moment(row[place[name]], name, zone))

        def long(_: int, row: Sequence[Any]) -> bool:
            lead, seq, labels = common(row)
            stage = cells.name(row[place[stage_name]], stage_name)
            return add(lead, stage, entry(row, columns.at[""]), seq, labels)

        def wide(_: int, row: Sequence[Any]) -> bool:
            lead, seq, labels = common(row)
            entries = [
                (stage, entry(row, name))
                for stage, name in spread.items()
                if not cells.is_blank(row[place[name]])
            ]
            if not entries:
                raise cells.Rejected(next(iter(spread.values())), "at least one date", "none")
            new = [add(lead, stage, at, seq, labels) for stage, at in entries]
            return any(new)

        stage_name = columns.stage or ""
        return wide if columns.stage is None else long

    def result(self, closed: frozenset[str] | None, as_of: datetime | None) -> LogRead:
        """The log and the counts."""
        columns = self.builder.columns() | {"known": self.columns.stages}
        standard = {stage.name for stage in STANDARD.stages}
        spoken = _stages_until(columns, as_of)
        if closed is None and spoken and standard.issuperset(spoken):
            # The log speaks our words: the standard lifecycle says where a story ends.
            closed = frozenset(stage.name for stage in STANDARD.stages if stage.closed)
            known = self.columns.stages | standard
            columns |= {"known": known, "closed_by": "lifecycle"}
        return LogRead(
            log=StageLog(**columns, closed=closed),
            rows=self.tally.rows,
            problems=tuple(self.tally.problems),
        )


def _stages_until(columns: Mapping[str, Any], as_of: datetime | None) -> set[str]:
    """The stages entered up to an instant: a result must not change with what comes after it."""
    names: Sequence[str] = columns["stages"]
    if as_of is None:
        return set(names)
    cut = _instants.micros(_instants.aware(as_of, where="as_of"))
    entries = zip(columns["stage"], columns["at"], strict=True)
    return {names[code] for code in {stage for stage, at in entries if at <= cut}}
