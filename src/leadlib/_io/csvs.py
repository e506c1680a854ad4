"""CSV: comma, semicolon, tab or bar; strict about quotes, because a lenient reader loses rows."""

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain

import attrs

from leadlib import limits
from leadlib._io.rows import WHOLE_ROW, Cells, Problem, Table, header
from leadlib._io.texts import Text, unquoted_delimiter
from leadlib.errors import RefusedFile

__all__ = ["table"]


def table(source: Text) -> Table:
    """The rows of a CSV file; its first line names the columns."""
    lines = source.lines()
    first = next(lines, "")
    if not first.strip():
        raise RefusedFile(expected="a header line", got="nothing", line=1)
    if "\0" in first:
        raise RefusedFile(expected="UTF-8 text", got="text with NULs, as in UTF-16", line=1)
    delimiter = unquoted_delimiter(first)
    records = _records(_Feed(lines=chain([first], lines)), delimiter)
    _, names = next(records)
    if isinstance(names, Problem):
        raise names.refusal()
    columns = header([name.strip() for name in names])
    return Table(columns=columns, rows=lambda wanted: _rows(records, columns, wanted))


def _rows(
    records: Iterator[tuple[int, list[str] | Problem]],
    columns: Sequence[str],
    wanted: Sequence[str],
) -> Iterator[tuple[int, Cells]]:
    places = [columns.index(name) for name in wanted]
    width = len(columns)
    for line, cells in records:
        if isinstance(cells, Problem):
            yield line, _named(cells, columns)
        elif len(cells) == width:
            yield line, [cells[place] for place in places]
        elif len(cells) > 1 or "".join(cells).strip():  # an empty line is no row
            yield line, _ragged(line, cells, columns)


@attrs.define(kw_only=True)
class _Feed:
    """
    Hands lines to the CSV reader, and bounds the record that it builds of them.

    The bound of the standard library is one setting for the whole process, so not ours to set.
    """

    lines: Iterator[str]
    line: str = ""
    characters: int = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.line = next(self.lines)
        self.characters += len(self.line)
        if self.characters > limits.LINE_CHARACTERS:
            raise _TooLongError
        return self.line


class _TooLongError(Exception):
    """A record that goes on and on: a quote was never closed."""


def _records(feed: _Feed, delimiter: str) -> Iterator[tuple[int, list[str] | Problem]]:
    """
    Records with the line they begin on.

    A fault within one line costs that row.  A fault further down means that the quotes are out of
    step, and nobody knows how many rows the record has swallowed: the file is refused.
    """
    reader = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        line, feed.characters = reader.line_num + 1, 0
        try:
            record = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError) as fault:
            lost = isinstance(fault, _TooLongError) or "end of data" in str(fault)
            if lost or reader.line_num > line:
                got = "a quote that is never closed, or closed in the wrong place"
                raise RefusedFile(expected="a closing quote", got=got, line=line) from None
            yield line, _fault(line, feed.line, delimiter, too_long="limit" in str(fault))
        else:
            yield line, record


def _fault(line: int, text: str, delimiter: str, *, too_long: bool) -> Problem:
    """The problem of one line; the column is its number until the header gives it a name."""
    if too_long:
        expected = f"cells of at most {csv.field_size_limit():,} characters"
        return Problem(line=line, column=WHOLE_ROW, expected=expected, got="a longer one")
    mark = re.escape(delimiter)
    cell = re.compile(rf' *(?:"[^"]*(?:""[^"]*)*"|[^"{mark}][^{mark}]*)?{mark}')
    number, position = 1, 0
    while whole := cell.match(text, position):
        number, position = number + 1, whole.end()
    expected = "a quote only around a whole cell, doubled inside it"
    return Problem(line=line, column=f"{number}", expected=expected, got="a stray quote")


def _named(problem: Problem, columns: Sequence[str]) -> Problem:
    number = int(problem.column) if problem.column.isdigit() else 0
    name = columns[number - 1] if 0 < number <= len(columns) else ""
    return attrs.evolve(problem, column=name or problem.column)


def _ragged(line: int, cells: Sequence[str], columns: Sequence[str]) -> Problem:
    width, got = len(columns), len(cells)
    column = (columns[got] if got < width else "") or f"{min(width, got) + 1}"
    return Problem(line=line, column=column, expected=f"{width} cells", got=f"{got}")
