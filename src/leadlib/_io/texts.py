"""Lines of text out of bytes of unknown kind, each checked for its length before it is used."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NoReturn

import attrs

from leadlib import limits
from leadlib._io.rows import Progress
from leadlib.errors import RefusedFile

__all__ = ["Text", "unquoted_delimiter"]

_STEP = 2**18  # characters between two looks at how far we are
_UNPACKED_AT_ONCE = 2**24
_MOST_PACKED = 200  # honest logs pack to a tenth or a thirtieth; a bomb to a thousandth


@attrs.define(kw_only=True)
class Text:
    """
    The lines of a file.

    Args:
        raw: The open file.
        packed: Whether it is a gzip file.
        progress: Called with the number of bytes read since the last call.
        line: The number of the last line given.
    """

    raw: BinaryIO
    packed: bool = False
    progress: Progress | None = None
    line: int = 0
    _told: int = attrs.field(default=0, init=False)

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends; whatever is wrong with the bytes refuses the file."""
        try:
            yield from self._lines()
        except UnicodeDecodeError:
            self._refuse_bytes()
        except (gzip.BadGzipFile, zlib.error, EOFError):
            self._refuse("a gzip file", "one that is damaged or cut off", line=self.line + 1)
        except OSError:
            self._refuse("a readable file", "one that cannot be read", line=self.line + 1)

    def _lines(self) -> Iterator[str]:
        total, due = 0, _STEP
        with self._open() as text:
            while line := text.readline(limits.LINE_CHARACTERS + 1):
                self.line += 1
                total += len(line)
                if len(line) > limits.LINE_CHARACTERS:
                    expected = f"lines of at most {limits.LINE_CHARACTERS:,} characters"
                    self._refuse(expected, "a longer one", line=self.line)
                if total >= due:
                    due = total + _STEP
                    self._check_size(total)
                    self._tell()
                yield line
        self._tell()

    def _check_size(self, total: int) -> None:
        """Bound what comes out of a file, and stop early where a small one unpacks without end."""
        if total > limits.FILE_BYTES:
            expected = f"at most {limits.FILE_BYTES:,} characters"
            self._refuse(expected, "more", line=self.line)
        if self.packed and total > max(_UNPACKED_AT_ONCE, _MOST_PACKED * self.raw.tell()):
            expected = f"a gzip file that unpacks to at most {_MOST_PACKED} times its size"
            self._refuse(expected, "more", line=self.line)

    def _tell(self) -> None:
        if self.progress and not self.raw.closed and self.raw.seekable():
            position = self.raw.tell()
            self.progress(position - self._told)
            self._told = position

    @contextmanager
    def _open(self, errors: str = "strict") -> Iterator[io.TextIOWrapper]:
        """The file as text; newline="" leaves line ends as they are, also inside quotes."""
        source: Any = gzip.GzipFile(fileobj=self.raw) if self.packed else self.raw
        text = io.TextIOWrapper(source, encoding="utf-8-sig", errors=errors, newline="")
        try:
            yield text
        finally:
            with suppress(ValueError):  # a reader that stopped early may come after the file closed
                text.detach()

    def _refuse_bytes(self) -> NoReturn:
        """Name the place of the first byte that is not UTF-8: read again, marking such bytes."""
        header, line = "", ""
        try:
            self.raw.seek(0)
            self.line = 0
            with self._open(errors="surrogateescape") as text:
                while line := text.readline(limits.LINE_CHARACTERS):
                    self.line += 1
                    header = header or line
                    if _bad_at(line) is not None:
                        break
        except (OSError, zlib.error, EOFError):  # a pipe, or damaged further on: the line must do
            self._refuse("UTF-8 text", "bytes of another encoding", line=self.line + 1)
        got = "UTF-16 text" if header.startswith(_UTF_16) else "bytes of another encoding"
        column = _column(header, line[: _bad_at(line)], first=self.line == 1)
        self._refuse("UTF-8 text", got, line=self.line, column=column)

    def _refuse(
        self, expected: str, got: str, *, line: int | None, column: str | None = None
    ) -> NoReturn:
        raise RefusedFile(expected=expected, got=got, line=line, column=column) from None


_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")


def _bad_at(line: str) -> int | None:
    """Where in a line the first byte stands that is no text."""
    if line.isascii():
        return None
    return next((i for i, letter in enumerate(line) if "\udc80" <= letter <= "\udcff"), None)


def _column(header: str, before: str, *, first: bool) -> str:
    """The name of the column that *before* leads to, or its number where there is no name."""
    delimiter = unquoted_delimiter(header)
    number = before.count(delimiter)
    names = [name.strip(' "') for name in header.strip().split(delimiter)]
    if first or number >= len(names) or not names[number] or _bad_at(names[number]) is not None:
        return f"{number + 1}"
    return names[number]


def unquoted_delimiter(header: str) -> str:
    """The mark that splits the header most often; the comma wins ties."""
    names = "".join(header.split('"')[::2])  # what stands between quotes is a name
    return max(",;\t|", key=names.count)
