"""
Tables of strangers: CSV, JSON lines and Parquet, row by row, in bounded memory.

Lengths are checked before anything is parsed, and no setting of the process is touched.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from leadlib import limits
from leadlib._io import csvs, jsons
from leadlib._io.rows import Cells, Progress, Table, header
from leadlib._io.texts import Text
from leadlib.errors import MissingExtra, RefusedFile

__all__ = ["open_table", "typed_columns"]


@contextmanager
def open_table(
    path: Path, progress: Progress | None = None, *, exact: bool = False
) -> Iterator[Table]:
    """
    Open a table; the name says the form: ``.jsonl``, ``.parquet``, or CSV; texts may be ``.gz``.

    Args:
        path: The file.
        progress: Called with the number of bytes read since the last call.
        exact: Whether JSON numbers with a point are decimals, as they are written.

    Raises:
        RefusedFile: Not there, not readable, not of that form, or beyond the limits; a note names
            the file.
    """
    try:
        with _opened(path) as raw:
            source = Text(raw=raw, progress=progress)
            yield _table(source, [suffix.lower() for suffix in path.suffixes], exact=exact)
    except RefusedFile as fault:
        fault.add_note(path.name[-limits.ID_CHARACTERS :])  # longer ones no file has
        raise


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as fault:  # ValueError: a name that no file can have
        got = "none" if isinstance(fault, FileNotFoundError) else "one that cannot be read"
        raise RefusedFile(expected="a readable file", got=got) from None


def _table(source: Text, suffixes: list[str], *, exact: bool) -> Table:
    if suffixes[-1:] in ([".parquet"], [".pq"]):
        return _parquet(source.raw, source.progress)
    source.packed = suffixes[-1:] == [".gz"]
    if _begins(source.raw).startswith(_ZIPPED):
        expected = "CSV, JSON lines or Parquet: save a workbook as CSV first"
        raise RefusedFile(expected=expected, got="a zip archive, such as a workbook")
    form = (suffixes[:-1] if source.packed else suffixes)[-1:]
    return jsons.table(source, exact=exact) if form in _JSON_LINES else csvs.table(source)


_ZIPPED = b"PK\x03\x04"


def _begins(raw: BinaryIO) -> bytes:
    """The first bytes, without taking them: a pipe cannot be wound back."""
    with suppress(OSError):  # whoever reads on will meet it again, and say so
        return raw.peek() if isinstance(raw, io.BufferedReader) else b""
    return b""


_JSON_LINES = ([".jsonl"], [".ndjson"], [".json"])


def _parquet(raw: BinaryIO, progress: Progress | None) -> Table:
    """The rows of a Parquet file; repeated text is kept once, as the file does."""
    try:
        from pyarrow import parquet  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        expected = "leadlib[parquet], which reads Parquet files"
        raise MissingExtra(expected=expected, got="no pyarrow") from None
    with _damage(line=None):
        schema = parquet.ParquetFile(raw).schema_arrow
        columns = header(list(schema.names))
        file = parquet.ParquetFile(raw, read_dictionary=_texts(schema))
        count, size = file.metadata.num_rows, raw.seek(0, io.SEEK_END)
        largest = _largest_part(file.metadata)
    if count > limits.ROWS:
        raise RefusedFile(expected=f"at most {limits.ROWS:,} rows", got=f"{count:,}")
    if largest > _PART_BYTES:
        expected = f"parts of a column that unpack to at most {_PART_BYTES:,} bytes"
        raise RefusedFile(expected=expected, got=f"{largest:,}")

    def rows(wanted: Sequence[str]) -> Iterator[tuple[int, Cells]]:
        line = 0
        batches = file.iter_batches(batch_size=_BATCH, columns=list(dict.fromkeys(wanted)))
        while True:
            with _damage(line=line + 1):
                batch = next(batches, None)
                cells = [] if batch is None else [_values(batch.column(name)) for name in wanted]
            if batch is None:
                return
            for row in zip(*cells, strict=True):
                line += 1
                yield line, row
            if progress:
                progress(size * batch.num_rows // count)

    return Table(columns=columns, rows=rows)


_BATCH = 65_536
_PART_BYTES = 2**29  # writers cut at a million rows; only a bomb packs more into one piece


def _largest_part(metadata: Any) -> int:
    """The largest piece that has to be unpacked at once, in bytes."""
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    columns = range(metadata.num_columns)
    sizes = (group.column(i).total_uncompressed_size for group in groups for i in columns)
    return max(sizes, default=0)


@contextmanager
def _damage(line: int | None) -> Iterator[None]:
    """Whatever a foreign reader says of bytes it cannot make sense of is one error of ours."""
    try:
        yield
    except (RefusedFile, MemoryError):
        raise
    except Exception:  # noqa: BLE001  # the reader of Parquet raises a dozen kinds
        got = "bytes of another form" if line is None else "one that is damaged"
        raise RefusedFile(expected="a Parquet file", got=got, line=line) from None


def _texts(schema: Any) -> list[str]:
    from pyarrow import types  # noqa: PLC0415  # an extra is imported where it is used

    texts = (types.is_string, types.is_large_string)
    return [field.name for field in schema if any(is_text(field.type) for is_text in texts)]


def _values(column: Any) -> list[Any]:
    """Python values: instants to the microsecond, and text looked up instead of copied."""
    from pyarrow import types  # noqa: PLC0415  # an extra is imported where it is used

    kind = column.type
    if types.is_dictionary(kind):
        known = [*_values(column.dictionary), None]
        return [known[-1 if code is None else code] for code in column.indices.to_pylist()]
    if types.is_timestamp(kind):
        aware = kind.tz is not None
        return _counted(column, "int64", lambda n: _instant(n, _PER_SECOND[kind.unit], aware=aware))
    if types.is_date(kind):
        days = 1 if types.is_date32(kind) else 86_400_000
        return _counted(
            column, "int32" if types.is_date32(kind) else "int64", lambda n: _day(n // days)
        )
    values: list[Any] = column.to_pylist()
    return values


def typed_columns(path: Path) -> tuple[int, dict[str, str]]:
    """
    How many rows a Parquet file has, and what its columns hold: text, whole, instant, or other.

    Raises:
        RefusedFile: It cannot be taken.
        MissingExtra: pyarrow is not installed.
    """
    with open_table(path):  # everything that is checked of a file before its rows are read
        from pyarrow import parquet  # noqa: PLC0415  # an extra is imported where it is used

        file = parquet.ParquetFile(path)
        return file.metadata.num_rows, {own.name: _kind(own.type) for own in file.schema_arrow}


def _kind(kind: Any) -> str:
    from pyarrow import types  # noqa: PLC0415  # an extra is imported where it is used

    if types.is_dictionary(kind):
        return _kind(kind.value_type) if types.is_string(kind.value_type) else "other"
    if types.is_string(kind) or types.is_large_string(kind):
        return "text"
    if types.is_timestamp(kind) and kind.tz is not None:
        return "instant"
    return "whole" if types.is_integer(kind) and not types.is_uint64(kind) else "other"


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # a column without zone has local times


def _counted(column: Any, kind: str, make: Callable[[int], Any]) -> list[Any]:
    """
    Values by their number of units since 1970.

    The library's own way fails on years that Python does not know, and on zones of other names.
    """
    return [None if n is None else make(n) for n in column.cast(kind).to_pylist()]


def _instant(count: int, per_second: int, *, aware: bool) -> datetime:
    try:
        local = _EPOCH + timedelta(microseconds=count * 10**6 // per_second)
    except OverflowError:
        local = datetime.max  # noqa: DTZ901  # as far beyond as it was, and refused for it
    return local.replace(tzinfo=UTC) if aware else local


def _day(count: int) -> date:
    try:
        return _EPOCH.date() + timedelta(days=count)
    except OverflowError:
        return date.max
