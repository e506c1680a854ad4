"""
CSV files without any peculiarity: every line is a whole row, and every reader reads it alike.

What is left out is no fault of a file: quotes over several lines, empty lines, control characters.
The reader that goes row by row takes them; an engine is asked only where it cannot misunderstand.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import attrs

from leadlib import limits
from leadlib._io import csvs
from leadlib._io.texts import Text, unquoted_delimiter
from leadlib.errors import RefusedFile

__all__ = ["RegularFile"]

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
        is_ascii: Whether all of it is.
    """

    path: Path
    columns: tuple[str, ...]
    delimiter: str
    is_ascii: bool

    @classmethod
    def of(cls, path: Path) -> "RegularFile | None":
        """Look through a file; None if it has any peculiarity, or cannot be read."""
        if path.suffix.lower() not in _CSV or set("*?[") & set(str(path)):  # a pattern to engines
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
        is_ascii = True
        for piece in _pieces(file):
            if _has_long_line(piece) or line.fullmatch(piece) is None:
                return None
            if not piece.isascii():
                piece.decode()
                is_ascii = False
        return cls(path=path, columns=columns, delimiter=delimiter, is_ascii=is_ascii)


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
