"""What every result can do: plain data, rows, frames of any library, and a page in notebooks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Any, ClassVar

import attrs

from leadlib._frames import narwhals
from leadlib._markup import html_table
from leadlib.errors import MissingExtra, UnknownName

__all__ = ["Result", "labelled", "plain_data", "records", "shown_as"]

_BACKENDS = ("pandas", "polars", "pyarrow")
_ABOUT = frozenset({"definition", "fingerprint"})
_DAY = timedelta(days=1)
_SHOWN = 24  # rows of a page; all of them are in the records


class Result:
    """
    A figure, or several: prints, and gives itself as plain data, as rows, and as a frame.

    A number that there is none of, such as the share of nobody, is None and prints as ``-``.

    Example:
        >>> from leadlib.metrics import Rate
        >>> Rate(0, 0).to_records()
        [{'k': 0, 'n': 0, 'rate': None, 'low': None, 'high': None}]
    """

    __slots__ = ()

    _table: ClassVar[str | None] = None  # the part of the plain data that is a table
    _named: ClassVar[tuple[str, str]] = ("name", "count")  # its columns, if it is one by name

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data: JSON knows it."""
        fields = attrs.fields(type(self))  # type: ignore[arg-type]  # every result is one of attrs
        return {field.name: plain_data(getattr(self, field.name)) for field in fields}

    def to_records(self) -> list[dict[str, Any]]:
        """
        The rows of its table, each with the same columns and with plain values only.

        An interval becomes two columns, *low* and *high*; what has no table is one row.  What the
        numbers mean stands in :meth:`to_dict`.
        """
        plain = {key: part for key, part in self.to_dict().items() if key not in _ABOUT}
        if self._table is None:
            return records([plain])
        table = plain[self._table]
        return records(_by_name(table, self._named) if isinstance(table, Mapping) else table)

    def to_frame(self, backend: str) -> Any:
        """
        The rows as a data frame of another library; needs ``leadlib[frames]``.

        Args:
            backend: ``pandas``, ``polars`` or ``pyarrow``.

        Raises:
            UnknownName: No such library.
            MissingExtra: It is not installed, or narwhals is not.
        """
        if backend not in _BACKENDS:
            expected = "a library of data frames"
            raise UnknownName(
                expected=expected, got=repr(backend), where="backend", legal=_BACKENDS
            )
        rows = self.to_records()
        columns = {name: _of_one_kind([row[name] for row in rows]) for name in _names(rows)}
        nw = narwhals()
        try:
            return nw.from_dict(columns, backend=backend).to_native()
        except ImportError:
            raise MissingExtra(expected=backend, got="none that can be imported") from None

    def _repr_html_(self) -> str:
        """A picture where one says more, and the table, for notebooks: nothing to load."""
        rows = self.to_records()
        shown = [[shown_as(value) for value in row.values()] for row in rows[:_SHOWN]]
        more = [f"and {len(rows) - _SHOWN:,} more"] if len(rows) > _SHOWN else []
        table = html_table(_names(rows), shown, below=[*more, *self._remarks()])
        return f"<div>{self._picture()}{table}</div>"

    def _picture(self) -> str:
        return ""

    def _remarks(self) -> Sequence[str]:
        """What a reader must know."""
        return ()


def plain_data(value: Any) -> Any:
    """The value as JSON knows it; lengths of time in days of 24 h."""
    match value:
        case None | bool() | int() | float() | str() if not isinstance(value, Enum):
            return value
        case Result():
            return value.to_dict()
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case timedelta():
            return value / _DAY
        case Mapping():
            return {str(plain_data(key)): plain_data(part) for key, part in value.items()}
        case tuple() | list():
            return [plain_data(part) for part in value]
        case set() | frozenset():
            return sorted((plain_data(part) for part in value), key=str)
    if attrs.has(type(value)):
        fields = attrs.fields(type(value))
        return {field.name: plain_data(getattr(value, field.name)) for field in fields}
    return str(value)


def records(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of plain data as flat rows that all have the same columns."""
    flat = [_flat(row) for row in rows]
    names = dict.fromkeys(name for row in flat for name in row)
    return [{name: row.get(name) for name in names} for row in flat]


def labelled(
    column: str, groups: Mapping[str, Iterable[Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    """
    The rows of several groups with their label; a missing one is None.

    Its column has the name of the label column, unless the rows have one of that name: then it is
    ``group``.
    """
    rows = [(label, row) for label, own in groups.items() for row in own]
    name = "group" if any(column in row for _, row in rows) else column
    return records({name: label or None, **row} for label, row in rows)


def _by_name(table: Mapping[str, Any], named: tuple[str, str]) -> Iterator[dict[str, Any]]:
    name, value = named
    for key, part in table.items():
        yield {name: key, **(part if isinstance(part, Mapping) else {value: part})}


def _flat(plain: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """One row: parts of parts side by side; a table within it has a row of its own elsewhere."""
    row: dict[str, Any] = {}
    for key, value in plain.items():
        name = f"{before}{key}"
        if name.endswith("interval"):
            stem = name.removesuffix("interval")
            row[f"{stem}low"], row[f"{stem}high"] = value or (None, None)
        elif isinstance(value, Mapping):
            row |= _flat(value, f"{name}_")
        elif not isinstance(value, list):
            row[name] = value
        elif not any(isinstance(part, list | Mapping) for part in value):
            row[name] = ", ".join(map(shown_as, value))
    return row


def _names(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [*records[0]] if records else []


def _of_one_kind(column: Iterable[Any]) -> list[Any]:
    """Some libraries take no column of text and numbers: beside text, all is text."""
    values = list(column)
    if not any(isinstance(value, str) for value in values):
        return values
    return [None if value is None else str(value) for value in values]


def shown_as(value: Any) -> str:
    """A plain value for people."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4g}" if abs(value) < _DIGITS else f"{value:,.0f}"
    return str(value)


_DIGITS = 10_000
