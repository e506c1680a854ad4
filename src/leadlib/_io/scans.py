"""
Stage logs from large files, counted by an engine that is installed: the same log, or none.

An engine reads a file that has no peculiarity, and only what every cell says without doubt.  A row
that would be rejected, a cell that two readers could take in two ways: then there is no log here,
and the reader that goes row by row has the word.
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import attrs

from leadlib import _instants, limits
from leadlib._frames import narwhals
from leadlib._io.clocks import read_instants
from leadlib._io.counts import RowCounts
from leadlib._io.engines import AUTO, Engine, Frame, engine_named
from leadlib._io.logs import spoken_ends
from leadlib._io.regular import RegularFile, TypedFile
from leadlib._io.rows import Problem
from leadlib.errors import LeadlibError
from leadlib.metrics import FrameLog, LongTable, TableShape, WideTable

__all__ = ["LARGE", "LogScan", "scan_log"]

LARGE = 5_000_000  # bytes; smaller files are read row by row before an engine has started
_MANY = 100_000  # rows of a file that is packed
_PARQUET = {".parquet", ".pq"}
_FAR = 2**49  # whole numbers of at most 15 digits, as single cells
_SPACES = " \t\r"  # other blanks around a name leave it in doubt
_FOREIGN = 100_000  # names beyond ASCII that are looked at one by one


@attrs.frozen(kw_only=True)
class LogScan:
    """
    A log that an engine holds, and how it was read.

    Args:
        log: The stage log.
        rows: What became of the rows: none was rejected.
    """

    log: FrameLog
    rows: RowCounts

    @property
    def problems(self) -> tuple[Problem, ...]:
        """None: a file with a row that has one is read row by row."""
        return ()


def scan_log(
    path: str | Path,
    *,
    shape: TableShape,
    zone: tzinfo | str | None = None,
    as_of: datetime | None = None,
    engine: str = AUTO,
) -> LogScan | None:
    """
    Let an engine read a large file of CSV or Parquet, if that can be without any doubt.

    Args:
        path: The file.
        shape: Which column holds what: a :class:`LongTable <leadlib.metrics.LongTable>`, or a
            :class:`WideTable <leadlib.metrics.WideTable>` with one row for each lead.
        zone: Where times without offset were noted, a time zone or its IANA name.
        as_of: The words of later events say nothing about where a story ends.
        engine: ``polars`` or ``duckdb``; ``auto`` takes the first that is installed, for CSV files
            of 5 MB and more, and Parquet files of 100,000 rows and more; ``python`` none.

    Returns:
        The log that :func:`read_log` would give, in the engine; None if it is for
            :func:`read_log` to read: the file is small, of another form or shape, or has a row or a
            cell that not all readers take alike.

    Raises:
        UnknownName: There is no such engine, or no such zone.
        MissingExtra: The engine that was asked for is not installed.

    Example:
        >>> from leadlib.metrics import LongTable
        >>> scan_log("examples/sample_log.csv", shape=LongTable()) is None  # it is small
        True
        >>> scan_log("examples/sample_log.csv", shape=LongTable(), engine="polars").log
        <FrameLog: 3,016 rows in 14 stages>
    """
    path, made = Path(path), engine_named(engine)
    zone = _instants.zone_named(zone) if isinstance(zone, str) else zone
    if made is None or not isinstance(shape, LongTable | WideTable) or shape.wanted:
        return None
    file = _file(path, sizes=engine == AUTO)
    if file is None or not {*shape.always, *shape.dated.values(), *shape.by} <= {*file.columns}:
        return None
    foreign = narwhals().exceptions.NarwhalsError
    in_doubt: tuple[type[BaseException], ...] = (LeadlibError, _InDoubt, foreign, *made.errors)
    try:
        return _Scan(file=file, shape=shape, zone=zone, engine=made).read(as_of)
    except in_doubt:
        return None


def _file(path: Path, *, sizes: bool) -> RegularFile | TypedFile | None:
    """The file, if an engine can read it, and will sooner than Python."""
    try:
        size = path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError):
        return None
    if not 0 < size <= limits.FILE_BYTES:
        return None
    if path.suffix.lower() in _PARQUET:
        typed = TypedFile.of(path)
        return typed if typed and typed.rows >= (_MANY if sizes else 1) else None
    return RegularFile.of(path) if size >= (LARGE if sizes else 1) else None


class _InDoubt(Exception):
    """A cell is for the reader of cells to judge."""


def _is_plain(name: str) -> bool:
    return "\0" not in name and name == name.strip() == unicodedata.normalize("NFC", name)


@attrs.frozen(kw_only=True)
class _Scan:
    """One reading of a file; whatever is in doubt is raised, and nobody hears of it."""

    file: RegularFile | TypedFile
    shape: LongTable | WideTable
    zone: tzinfo | None
    engine: Engine

    def read(self, as_of: datetime | None) -> LogScan:
        keys = ["lead", "stage", "at", *(key for key in self._keys if key[:3] in ("seq", "by "))]
        if self.file.kinds[self._keys.get("at", self.shape.lead)] == "instant":
            rows = self._clean_cells()
        else:  # nobody else holds the cells: their memory is free then
            rows = read_instants(self._entries(self._clean_cells()), self.engine, self.zone)
            rows = self.engine.instants(rows, "at")
        kept = self.engine.kept(rows.select(*keys))
        log = FrameLog.from_frame(
            kept.to_native(),
            lead="lead",
            stage="stage",
            at="at",
            seq="seq" if "seq" in keys else None,
            by=[key for key in keys if key.startswith("by ")],
        )
        return self._scanned(log, as_of)

    @property
    def _keys(self) -> Mapping[str, str]:
        """Our names of the columns that are read, and theirs."""
        shape, keys = self.shape, {"lead": self.shape.lead}
        if isinstance(shape, LongTable):
            keys |= {"stage": shape.stage, "at": shape.at}
        keys |= {f"at {place}": name for place, name in enumerate(shape.dated.values())}
        if shape.seq is not None:
            keys["seq"] = shape.seq
        return keys | {f"by {place}": name for place, name in enumerate(shape.by)}

    def _kind(self, key: str) -> str:
        return self.file.kinds[self._keys[key]]

    def _clean_cells(self) -> Frame:
        nw, rows = narwhals(), self.engine.kept(self._cells())
        if not self._are_clean(rows):
            raise _InDoubt
        return rows if self.shape.seq is None else rows.with_columns(nw.col("seq").cast(nw.Int64))

    def _cells(self) -> Frame:
        """The cells without what stands around them; text that is missing is empty."""
        cells, places = self.engine.read(self.file), self.file.columns.index
        return cells.select(
            *(self._cell(key, f"{places(name)}") for key, name in self._keys.items())
        )

    def _cell(self, key: str, column: str) -> Any:
        nw, kind = narwhals(), self._kind(key)
        expected = {"at": {"text", "instant"}, "at ": {"text"}}
        if kind not in expected.get(key[:3], {"text", "whole"}):
            raise _InDoubt
        cell = nw.col(column)
        if kind == "instant" or (kind == "whole" and key == "seq"):
            return cell.alias(key)
        return cell.cast(nw.String).fill_null("").str.strip_chars(_SPACES).alias(key)

    def _are_clean(self, rows: Frame) -> bool:
        """Whether every lead and every seq is what the reader of cells would take it for."""
        nw, lead = narwhals(), narwhals().col("lead")
        doubts = [lead.str.len_chars() > limits.ID_CHARACTERS, lead == ""]
        if self.shape.seq is not None:
            doubts.append(self._doubt_of_seq())
        if dates := [nw.col(f"at {place}") == "" for place in range(len(self.shape.dated))]:
            doubts.append(nw.all_horizontal(*dates, ignore_nulls=False))
        flags = [own.cast(nw.Int64).alias(f"{i}") for i, own in enumerate(doubts)]
        names = [f"{i}" for i in range(len(doubts))]
        counted = rows.select(*flags).select(*(nw.col(name).sum() for name in names))
        counted = self.engine.kept(counted)
        # Of a file without rows there is no sum.
        return all(self.engine.values(counted, name) == [0] for name in names) and self._are_plain(
            rows
        )

    def _doubt_of_seq(self) -> Any:
        seq = narwhals().col("seq")
        if self._kind("seq") == "text":
            return ~seq.str.contains("^-?[0-9]{1,15}$")
        return (seq >= _FAR) | (seq <= -_FAR) | seq.is_null()

    def _are_plain(self, rows: Frame) -> bool:
        """Whether leads that are not plain ASCII are already in the form that a log keeps."""
        lead = narwhals().col("lead")
        foreign = rows.filter(lead.str.contains("[^ -~]")).select("lead").unique()
        names = self.engine.values(foreign.head(_FOREIGN + 1), "lead")
        return len(names) <= _FOREIGN and all(map(_is_plain, names))

    def _entries(self, rows: Frame) -> Frame:
        """One row for each entry, of a table with one for each lead."""
        nw = narwhals()
        if not self.shape.dated:
            return rows
        if self._count(rows.select("lead").unique()) < self._count(rows):
            raise _InDoubt
        common = [key for key in self._keys if not key.startswith("at ")]
        parts = [
            rows.filter(nw.col(f"at {place}") != "").select(
                *common, nw.lit(stage).alias("stage"), nw.col(f"at {place}").alias("at")
            )
            for place, stage in enumerate(self.shape.dated)
        ]
        return nw.concat(parts, how="vertical")

    def _count(self, rows: Frame) -> int:
        counted = self.engine.kept(rows.select(narwhals().len().alias("n")))
        return int(self.engine.values(counted, "n")[0])

    def _scanned(self, log: FrameLog, as_of: datetime | None) -> LogScan:
        ends = spoken_ends(self.shape, log.stages_until(log.cut(as_of)), None)
        labels = dict(zip(self.shape.by, log.labels.values(), strict=True))
        log = attrs.evolve(log, labels=labels, few=0, exact=True, **ends)
        if self.shape.dated:  # one row for each lead, and each has a date
            rows, again = self._count(log.rows.select("lead").unique()), 0
        else:
            rows, again = len(log), log.duplicates
        counts = RowCounts(read=rows, accepted=rows - again, rejected=0, duplicates=again)
        return LogScan(log=log, rows=counts)
