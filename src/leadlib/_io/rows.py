"""
What every table is to its readers, whatever its form: columns, rows, and the problems of rows.

A file is taken or refused; a row is taken or rejected with its line and column.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs

from leadlib import limits
from leadlib.errors import RefusedFile

__all__ = ["WHOLE_ROW", "Cells", "Problem", "Progress", "Table", "header", "refused_column"]

Progress = Callable[[int], object]


@attrs.frozen(kw_only=True)
class Problem:
    """
    Why one row was not taken; it names the place and never shows the value.

    Args:
        line: The physical line on which the row begins, from 1; for Parquet the row.
        column: The column; ``-`` if the row as a whole is wrong.
        expected: What would have been right.
        got: What came, described.
        file: The file, if several were read.

    Example:
        >>> print(Problem(line=3, column="at", expected="an instant", got="nothing"))
        line 3, column at: expected an instant, got nothing
    """

    line: int
    column: str
    expected: str
    got: str
    file: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.file else f"line {self.line}"
        column = "" if self.column == WHOLE_ROW else f", column {self.column}"
        return f"{place}{column}: expected {self.expected}, got {self.got}"

    def to_dict(self) -> dict[str, Any]:
        """The problem as plain data."""
        plain = {"line": self.line, "column": self.column, "expected": self.expected}
        return plain | ({"file": self.file} if self.file else {})

    def refusal(self, *, more: str = "") -> RefusedFile:
        """The same problem as that of the whole file."""
        column = None if self.column == WHOLE_ROW else self.column
        got = f"{self.got}{more}"
        return RefusedFile(expected=self.expected, got=got, line=self.line, column=column)


WHOLE_ROW = "-"
Cells = Sequence[Any] | Problem


@attrs.define(kw_only=True)
class Table:
    """
    An open table.

    Args:
        columns: Its column names; for JSON lines those of the first row.
        rows: Call with the columns wanted; yields line and cells, or the problem of a row.
        fixed: Whether a column that is not in *columns* cannot come later.
        found: The columns met so far; while rows are read, JSON lines may add to it.
    """

    columns: tuple[str, ...]
    rows: Callable[[Sequence[str]], Iterator[tuple[int, Cells]]]
    fixed: bool = True
    found: set[str] = attrs.field(
        default=attrs.Factory(lambda self: set(self.columns), takes_self=True)
    )

    def require(self, names: Iterable[str]) -> None:
        """Refuse the file if it lacks a column."""
        for name in names:
            if name not in self.columns:
                raise refused_column(name, self.columns)

    def may_have(self, names: Iterable[str]) -> list[str]:
        """Those of the names that the rows can be asked for."""
        return [name for name in names if name in self.columns or not self.fixed]


def refused_column(name: str, columns: Iterable[str]) -> RefusedFile:
    """
    A column that is not there; the names that are there help, unless the header is a row of data.

    A file without a header line would otherwise show its first person in the message.
    """
    legal = [column for column in columns if column]
    if any(map(_looks_like_data, legal)):
        got = f"no {name!r}, but what looks like a row of data"
        return RefusedFile(expected="a header line with column names", got=got, line=1, column=name)
    return RefusedFile(
        expected="a column that the file has", got=repr(name), line=1, column=name, legal=legal
    )


def _looks_like_data(name: str) -> bool:
    digits = sum(letter.isdigit() for letter in name)
    return "@" in name or digits > _DIGITS_OF_A_NAME or len(name) > _LONGEST_NAME


_DIGITS_OF_A_NAME = 6  # 2026-03 may head a column; a phone number or a date-time does not
_LONGEST_NAME = 64


def header(names: Sequence[str]) -> tuple[str, ...]:
    """The column names of a file, each once; an unnamed column cannot be asked for."""
    if len(names) > limits.COLUMNS:
        expected = f"at most {limits.COLUMNS} columns"
        raise RefusedFile(expected=expected, got=f"{len(names)}", line=1)
    seen: set[str] = set()
    for number, name in enumerate(names, start=1):
        if name and name in seen:
            column = f"{number}" if _looks_like_data(name) else name
            got = "a second one of that name"
            raise RefusedFile(expected="each column once", got=got, line=1, column=column)
        seen.add(name)
    return tuple(names)
