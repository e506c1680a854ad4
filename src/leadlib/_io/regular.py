"""
Files without any peculiarity, which every reader reads alike: in CSV every line is a whole row.

What is left out is no fault of a file: quotes over several lines, empty lines, control characters.
The reader that goes row by row takes them; an engine is asked only where it cannot misunderstand.
"""

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import attrs

from leadlib import limits
from leadlib._io import csvs
from leadlib._io.tables import typed_columns
from leadlib._io.texts import Text, unquoted_delimiter
from leadlib.errors import LeadlibError, RefusedFile

__all__ = ["RegularFile", "TypedFile"]

_PIECE = 2**22
_WINDOW = 2**16  # no line is longer than two of them, so no cell meets the bound of a reader
_MARK = b"\xef\xbb\xbf"
_CSV = {".csv", ".tsv", ".txt", ".tab"}


@attrs.frozen(kw_only=True)
class RegularFile:
    """
    A CSV file that was looked through.

    Args:
        path: Where it is.
        columns: The names in its header.
        delimiter: What stands between two cells.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str

    @property
    def kinds(self) -> Mapping[str, str]:
        """What the columns hold: text."""
        return dict.fromkeys(self.columns, "text")

    @classmethod
    def of(cls, path: Path) -> "RegularFile | None":
        """Look through a file; None if it has any peculiarity, or cannot be read."""
        if path.suffix.lower() not in _CSV or not _is_one_file(path):
            return None
        try:
            with path.open("rb") as file:
                return cls._looked_through(path, file)
        except (OSError, ValueError, RefusedFile):  # whoever reads it row by row will say why
            return None

    @classmethod
    def _looked_through(cls, path: Path, file: BinaryIO) -> "RegularFile | None":
        head = file.readline(limits.LINE_CHARACTERS)
        columns = csvs.table(Text(raw=io.BytesIO(head))).columns
        delimiter = unquoted_delimiter(head.decode())
        line = _line(delimiter, len(columns))
        if len(columns) < _FEWEST or line.fullmatch(head.removeprefix(_MARK)) is None:
            return None
        for piece in _pieces(file):
            if _has_long_line(piece) or line.fullmatch(piece) is None:
                return None
            if not piece.isascii():
                piece.decode()
        return cls(path=path, columns=columns, delimiter=delimiter)


@attrs.frozen(kw_only=True)
class TypedFile:
    """
    A Parquet file, whose columns have types.

    Args:
        path: Where it is.
        rows: How many it has.
        kinds: What each column holds: text, whole, instant, or other.
    """

    path: Path
    rows: int
    kinds: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(self.kinds)

    @classmethod
    def of(cls, path: Path) -> "TypedFile | None":
        """Look at a file; None if it cannot be taken, or engines would not know its columns."""
        try:
            rows, kinds = typed_columns(path)
        except (OSError, LeadlibError):  # whoever reads it row by row will say why
            return None
        alike = len({name.lower() for name in kinds}) < len(kinds)
        return None if alike or not _is_one_file(path) else cls(path=path, rows=rows, kinds=kinds)


def _is_one_file(path: Path) -> bool:
    """Whether engines take the name for that of one file, and for no pattern."""
    return not {*"*?["} & {*str(path)}


_FEWEST = 2  # a row of one cell may be an empty line


def _line(delimiter: str, width: int) -> "re.Pattern[bytes]":
    """Lines of so many cells, each without quotes or in quotes as a whole."""
    mark = re.escape(delimiter).encode()
    plain = rb"[^\x00-\x1f\x7f\"" + mark + rb"]*+"
    quoted = rb"\"[^\x00-\x1f\x7f\"]*+(?:\"\"[^\x00-\x1f\x7f\"]*+)*+\""
    cell = b"(?:%b|%b)" % (quoted, plain)
    return re.compile(b"(?:%b(?:%b%b){%d}\r?\n)*+" % (cell, mark, cell, width - 1))


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Some megabytes of whole lines at a time; the last line may lack its end."""
    while piece := file.read(_PIECE):
        whole = piece + file.readline(limits.LINE_CHARACTERS)
        yield whole if whole.endswith(b"\n") else whole + b"\n"


def _has_long_line(piece: bytes) -> bool:
    """Whether a line is so long that readers differ in what they take."""
    starts = range(0, len(piece) - _WINDOW, _WINDOW)
    return any(piece.find(b"\n", start, start + _WINDOW) < 0 for start in starts)
