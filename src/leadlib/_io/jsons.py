"""JSON lines: one object on each line, each key once, numbers that JSON itself knows."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from itertools import chain
from typing import Any, NoReturn

from leadlib import _text
from leadlib._io.rows import WHOLE_ROW, Cells, Problem, Table
from leadlib._io.texts import Text
from leadlib.errors import RefusedFile

__all__ = ["table"]

_Numbered = Iterator[tuple[int, str]]


_Read = Callable[[int, str], dict[str, Any] | Problem]


def table(source: Text, *, exact: bool = False) -> Table:
    """
    The rows of a JSON lines file; the first row says which columns to expect.

    Args:
        source: The lines.
        exact: Whether numbers with a point are decimals: 0.3 is then what a CSV file says with it.
    """
    read = partial(_object, real=_decimal if exact else float)
    lines = ((number, line) for number, line in enumerate(source.lines(), start=1) if line.strip())
    first = next(lines, None)
    if first is None:
        raise RefusedFile(expected="at least one JSON object", got="nothing", line=1)
    begin = read(*first)
    columns = () if isinstance(begin, Problem) else tuple(begin)
    found = set(columns)
    return Table(
        columns=columns,
        rows=lambda wanted: _rows(chain([first], lines), wanted, found, read),
        fixed=False,
        found=found,
    )


def _rows(
    lines: _Numbered, wanted: Sequence[str], found: set[str], read: _Read
) -> Iterator[tuple[int, Cells]]:
    missing = set(wanted) - found
    for number, line in lines:
        row = read(number, line)
        if isinstance(row, Problem):
            yield number, row
            continue
        if missing and (met := missing & row.keys()):
            found |= met
            missing -= met
        yield number, [row.get(name) for name in wanted]


class _Refused(ValueError):
    """What a strict reader does not take, described."""


def _object(number: int, line: str, *, real: Callable[[str], Any]) -> dict[str, Any] | Problem:
    try:
        _check_depth(line)
        row = json.loads(
            line,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=real,
        )
    except _Refused as fault:
        got = str(fault)
    except (ValueError, RecursionError):
        got = "text that is no JSON"
    else:
        if isinstance(row, dict):
            return row
        got = _text.kind_of(row)
    expected = "one JSON object on each line"
    return Problem(line=number, column=WHOLE_ROW, expected=expected, got=got)


_NESTED = 64
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?')


def _check_depth(line: str) -> None:
    """Spare the reader what it would have to call itself too often for; text is not counted."""
    if line.count("[") + line.count("{") <= _NESTED:
        return
    depth = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", line)):
        depth = depth + 1 if mark in "[{" else max(depth - 1, 0)
        if depth > _NESTED:
            raise _Refused("one that is nested too deep")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        raise _Refused("one with a key twice")  # readers disagree on which one counts
    return row


def _no_constant(_: str) -> NoReturn:
    raise _Refused("one with NaN or Infinity, which are no JSON")


def _integer(text: str) -> int:
    """An integer, if it is one that anybody counts with; thousands of digits take minutes."""
    if len(text) > _LONGEST_NUMBER:
        raise _Refused("one with a number of too many digits")
    return int(text)


_LONGEST_NUMBER = 64


def _decimal(text: str) -> Decimal:
    """A number with a point or an exponent, just as it is written, if it has a usual length."""
    if len(text) > _LONGEST_NUMBER:
        raise _Refused("one with a number of too many digits")
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent of twenty digits
        raise _Refused("one with a number far beyond") from None
