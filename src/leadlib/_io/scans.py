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

import attrs

from leadlib import _instants, limits
from leadlib._frames import narwhals
from leadlib._io.clocks import read_instants
from leadlib._io.counts import RowCounts
from leadlib._io.engines import AUTO, Engine, Frame, engine_named
from leadlib._io.logs import spoken_ends
from leadlib._io.regular import RegularFile
from leadlib._io.rows import Problem
from leadlib.errors import LeadlibError
from leadlib.metrics import FrameLog, LongTable, TableShape

__all__ = ["LARGE", "LogScan", "scan_log"]

LARGE = 5_000_000  # bytes; smaller files are read row by row before an engine has started
_SPACES = " \t\r"  # no other blank is in a regular file that is ASCII
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
    Let an engine read a large CSV file, if it can be read so without any doubt.

    Args:
        path: The file.
        shape: Which column holds what: a :class:`LongTable <leadlib.metrics.LongTable>`.
        zone: Where times without offset were noted, a time zone or its IANA name.
        as_of: The words of later events say nothing about where a story ends.
        engine: ``polars`` or ``duckdb``; ``auto`` takes the first that is installed, for files of
            5 MB and more; ``python`` none.

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
    if made is None or type(shape) is not LongTable or shape.only or not _has_size(path, engine):
        return None
    file = RegularFile.of(path)
    if file is None or not {*shape.always, *shape.by} <= {*file.columns}:
        return None
    in_doubt: tuple[type[Exception], ...] = (LeadlibError, _InDoubt, *made.errors)
    try:
        return _Scan(file=file, shape=shape, zone=zone, engine=made).read(as_of)
    except in_doubt:
        return None


def _has_size(path: Path, engine: str) -> bool:
    try:
        size = path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError):
        return False
    return (LARGE if engine == AUTO else 1) <= size <= limits.FILE_BYTES


class _InDoubt(Exception):
    """A cell is for the reader of cells to judge."""


def _is_plain(name: str) -> bool:
    return name == name.strip() == unicodedata.normalize("NFC", name)


@attrs.frozen(kw_only=True)
class _Scan:
    """One reading of a file; whatever is in doubt is raised, and nobody hears of it."""

    file: RegularFile
    shape: LongTable
    zone: tzinfo | None
    engine: Engine

    def read(self, as_of: datetime | None) -> LogScan:
        keys = self._keys
        rows = read_instants(self._clean_cells(), self.engine, self.zone).select(*keys)
        kept = self.engine.kept(self.engine.instants(rows, "at"))
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
        shape = self.shape
        keys = {"lead": shape.lead, "stage": shape.stage, "at": shape.at}
        if shape.seq is not None:
            keys["seq"] = shape.seq
        return keys | {f"by {place}": name for place, name in enumerate(shape.by)}

    def _clean_cells(self) -> Frame:
        nw, rows = narwhals(), self.engine.kept(self._cells())
        if not self._are_clean(rows):
            raise _InDoubt
        return rows if self.shape.seq is None else rows.with_columns(nw.col("seq").cast(nw.Int64))

    def _cells(self) -> Frame:
        """The cells without what stands around them; what is missing is empty."""
        nw, places = narwhals(), self.file.columns.index
        cells = self.engine.read(self.file)
        return cells.select(
            *(
                nw.col(f"{places(name)}").fill_null("").str.strip_chars(_SPACES).alias(key)
                for key, name in self._keys.items()
            )
        )

    def _are_clean(self, rows: Frame) -> bool:
        """Whether every lead and every seq is what the reader of cells would take it for."""
        nw, lead = narwhals(), narwhals().col("lead")
        doubts = [lead.str.len_chars() > limits.ID_CHARACTERS, lead == ""]
        if self.shape.seq is not None:
            doubts.append(~nw.col("seq").str.contains("^-?[0-9]{1,15}$"))
        flags = [own.cast(nw.Int64).alias(f"{i}") for i, own in enumerate(doubts)]
        names = [f"{i}" for i in range(len(doubts))]
        counted = rows.select(*flags).select(*(nw.col(name).sum() for name in names))
        counted = self.engine.kept(counted)
        # Of a file without rows there is no sum.
        if any(self.engine.values(counted, name) != [0] for name in names):
            return False
        return self.file.is_ascii or self._are_plain(rows)

    def _are_plain(self, rows: Frame) -> bool:
        """Whether leads that are not ASCII are already in the form that a log keeps."""
        lead = narwhals().col("lead")
        foreign = rows.filter(lead.str.contains("[^\\x00-\\x7f]")).select("lead").unique()
        names = self.engine.values(foreign.head(_FOREIGN + 1), "lead")
        return len(names) <= _FOREIGN and all(map(_is_plain, names))

    def _scanned(self, log: FrameLog, as_of: datetime | None) -> LogScan:
        ends = spoken_ends(self.shape, log.stages_until(log.cut(as_of)), None)
        labels = dict(zip(self.shape.by, log.labels.values(), strict=True))
        log = attrs.evolve(log, labels=labels, few=0, exact=True, **ends)
        rows, again = len(log), log.duplicates
        counts = RowCounts(read=rows, accepted=rows - again, rejected=0, duplicates=again)
        return LogScan(log=log, rows=counts)
