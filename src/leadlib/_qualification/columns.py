"""
Columns of a frame: which one answers a subject, whether it can, and how a condition asks it.

A question is a test and the rows on which it means anything.  The tests are written once, on what
expressions and series of narwhals have in common.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from operator import or_
from sys import float_info
from typing import Any

import attrs

from leadlib import _frames, _instants
from leadlib._qualification.algebra import balanced
from leadlib._qualification.bounds import Between, Binary, Calendar, OneOf, Steps, Ticks, passing
from leadlib._qualification.criteria import Condition, Subject
from leadlib._qualification.operators import Case, Operator, holds, text_pattern
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["Column", "Question", "columns_of", "question"]

_EXPECTED: dict[type, str] = {
    str: "text",
    bool: "yes/no",
    int: "numbers",
    Decimal: "numbers",
    date: "dates",
    datetime: "instants with a time zone",
}
_SEARCHED = 8  # more parts than this are searched by one expression, in DuckDB, too
_EARLIEST_NANO = datetime(1677, 9, 22)  # noqa: DTZ001  # nanoseconds in 64 bits reach no further
_LATEST_NANO = datetime(2262, 4, 11)  # noqa: DTZ001
_DIGITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_MOST_TICKS = 2**63 - 1  # the lowest number of 64 bits stands for no instant
# What some engine takes for the end of a line, so that $ stands before it.
_LINE_ENDS = "[\\x0a-\\x0d\u0085\u2028\u2029]$"


@attrs.frozen(kw_only=True)
class Column:
    """
    The column that answers a subject.

    Args:
        name: Its name.
        path: The fields within, if it holds structures.
        kind: The type of the subject.
        dtype: What narwhals says of it; None if its values are looked at one by one.
        is_empty: It has no type because it has no values.
        is_view: It is text of a kind that PyArrow keeps, but does not search.
        engine: The library of the frame.
    """

    name: str
    path: tuple[str, ...]
    kind: type
    dtype: Any
    is_empty: bool
    is_view: bool
    engine: str

    @property
    def expression(self) -> Any:
        """The column in an expression of narwhals."""
        column = _frames.narwhals().col(self.name)
        for part in self.path:
            column = column.struct.field(part)
        return column


@attrs.frozen
class Question:
    """
    A test of a column; *valid* says where it means anything, None wherever there is a value.

    A test that comes out the same for every value is that bool.
    """

    test: Any
    valid: Any = None


def columns_of(
    subjects: Sequence[Subject], names: Mapping[str, str], table: Any, schema: Mapping[str, Any]
) -> dict[str, Column]:
    """
    Find the column of each subject, by its key.

    Raises:
        UnknownName: Some are not there; all of them are named.
        InvalidValue: One cannot hold values of the type of its subject.
    """
    nw = _frames.narwhals()
    found = {subject.key: _found(names[subject.key], schema, nw) for subject in subjects}
    missing = [*dict.fromkeys(names[key] for key, place in found.items() if place is None)]
    if missing:
        what = "a column of the frame" if len(missing) == 1 else "columns of the frame"
        expected = f"{what}, or other names in columns="
        raise UnknownName(expected=expected, got=" and ".join(map(repr, missing)), legal=schema)
    return {s.key: _column_of(s, place, table) for s in subjects if (place := found[s.key])}


_Place = tuple[str, tuple[str, ...], Any]  # a column, the fields within, and the type there


def _column_of(subject: Subject, place: _Place, table: Any) -> Column:
    nw = _frames.narwhals()
    name, path, dtype = place
    engine = "pandas" if table.implementation.is_pandas_like() else table.implementation.value
    is_told = engine in {"pandas", "pyarrow"} or dtype == nw.Unknown
    kind = _kind_of(table.to_native(), engine, name) if is_told else ""
    by_value = engine == "pandas" and kind in {"object", "category"}
    is_empty = dtype == nw.Unknown and not path and kind in _EMPTY
    is_view = "string_view" in kind
    is_strange = is_view and engine == "pandas"  # which cannot even print it
    if not by_value and not is_empty and (is_strange or not _holds(dtype, subject.kind, nw)):
        expected = f"a column of {_EXPECTED[subject.kind]} for {subject.key!r}"
        got = f"one of type {kind if is_strange else dtype}"
        raise InvalidValue(expected=expected, got=got, where=f"column {'.'.join((name, *path))!r}")
    return Column(
        name=name,
        path=path,
        kind=subject.kind,
        dtype=None if by_value else dtype,
        is_empty=is_empty,
        is_view=is_view,
        engine=engine,
    )


def _found(named: str, schema: Mapping[str, Any], nw: Any) -> _Place | None:
    """A column of that name, or the field of a structure that its dots lead to."""
    if named in schema:
        return named, (), schema[named]
    parts = named.split(".")
    for length in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:length])
        if name in schema:
            dtype, path = schema[name], tuple(parts[length:])
            for part in path:
                fields = dtype.fields if dtype == nw.Struct else ()
                dtype = next((field.dtype for field in fields if field.name == part), None)
            if dtype is not None or schema[name] == nw.Object:
                return name, path, nw.Object() if dtype is None else dtype
    return None


_EMPTY = {"null", "void", "null[pyarrow]"}  # what libraries call the type of no values


def _kind_of(native: Any, engine: str, name: str) -> str:
    """What the library of the frame itself calls the type of a column."""
    kind: Any
    match engine:
        case "polars":
            kind = native.collect_schema()[name]
        case "pyarrow":
            kind = native.schema.field(name).type
        case "duckdb":
            kind = dict(zip(native.columns, native.types, strict=True))[name]
        case "pyspark":
            kind = native.schema[name].dataType.typeName()
        case _:
            kind = native[name].dtype
    return str(kind).strip('"').lower()


def _holds(dtype: Any, kind: type, nw: Any) -> bool:
    if kind is str:
        return any(dtype == text for text in (nw.String, nw.Categorical, nw.Enum))
    if kind is bool:
        return bool(dtype == nw.Boolean)
    if kind in {int, Decimal}:
        return bool(dtype.is_numeric())
    if dtype == nw.Datetime:
        return (dtype.time_zone is None) == (kind is date)
    return kind is date and bool(dtype == nw.Date)


def question(column: Column, value: Any, condition: Condition) -> Question:
    """Ask a condition of an expression or a series, whose dtype can hold the field's type."""
    if column.is_empty:
        return Question(test=False)
    if column.kind is str:
        return _of_text(column, value, condition)
    if column.kind is bool:
        wanted: Any = condition.operand
        both = len(set(wanted)) > 1
        return Question(True if both else value if wanted[0] else ~value)
    if column.kind in {int, Decimal}:
        return _of_number(column, value, condition)
    return _of_time(column, value, condition)


def _of_number(column: Column, value: Any, condition: Condition) -> Question:
    nw, dtype = _frames.narwhals(), column.dtype
    if dtype.is_float():
        value = value if dtype == nw.Float64 else value.cast(nw.Float64)
        test = passing(condition, Binary())
        return Question(_within(value, test), value.abs() <= float_info.max)  # no NaN, no infinity
    if dtype.is_decimal():
        most = Decimal((0, (9,) * dtype.precision, -dtype.scale))
        return Question(
            _within(value, passing(condition, Steps(scale=dtype.scale, low=-most, high=most)))
        )
    low, high = _reach(dtype, nw)
    test = passing(condition, Steps(low=low, high=high))
    if dtype == nw.UInt64 and column.engine == "pyarrow":  # it would make Int64 of both sides
        test = _unsigned(test, nw)
    return Question(_within(value, test))


def _reach(dtype: Any, nw: Any) -> tuple[int | None, int | None]:
    sizes = {nw.Int8: 7, nw.Int16: 15, nw.Int32: 31, nw.Int64: 63}
    for kind, bits in sizes.items():
        if dtype == kind:
            return -(2**bits), 2**bits - 1
    sizes = {nw.UInt8: 8, nw.UInt16: 16, nw.UInt32: 32, nw.UInt64: 64}
    for kind, bits in sizes.items():
        if dtype == kind:
            return 0, 2**bits - 1
    return (0 if dtype == nw.UInt128 else None), None


def _unsigned(test: Between | OneOf, nw: Any) -> Between | OneOf:
    return _made(test, lambda value: nw.lit(value, nw.UInt64))


def _of_time(column: Column, value: Any, condition: Condition) -> Question:
    nw, dtype = _frames.narwhals(), column.dtype
    if dtype == nw.Date:
        return Question(_within(value, passing(condition, Calendar())))
    if column.kind is date:  # a library without dates keeps them as midnights
        is_nano = dtype.time_unit == "ns"
        low, high = (_EARLIEST_NANO.date(), _LATEST_NANO.date()) if is_nano else (None, None)
        test = _made(passing(condition, Calendar(low=low, high=high)), _midnight)
        return Question(_within(value, test), value == value.dt.truncate("1d"))
    grid = Ticks(digits=_DIGITS[dtype.time_unit], low=-_MOST_TICKS, high=_MOST_TICKS)
    test = _made(passing(condition, grid), lambda count: _instant(column, value, count))
    return Question(_within(value, test))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def _instant(column: Column, value: Any, count: int) -> Any:
    """So many units since 1970, in the type of the column: nothing of either side is cut."""
    nw, unit = _frames.narwhals(), column.dtype.time_unit
    if column.engine in {"polars", "pyarrow"}:
        return nw.lit(count, nw.Int64).cast(column.dtype)
    if column.engine == "pandas":
        return nw.get_native_namespace(value).Timestamp(count, unit=unit, tz="UTC")
    return _instants.from_micros(count * 10**6 // 10 ** _DIGITS[unit])


def _made(test: Between | OneOf, make: Callable[[Any], Any]) -> Between | OneOf:
    """The same test of what is made of its values."""
    if isinstance(test, OneOf):
        return OneOf(tuple(map(make, test.options)))
    low, high = (None if bound is None else make(bound) for bound in (test.low, test.high))
    return Between(low, high)


def _within(value: Any, test: Between | OneOf) -> Any:
    if isinstance(test, OneOf):
        if not test.options:
            return False
        return balanced(or_, [value == option for option in test.options])
    if test.low is None:
        return True if test.high is None else value <= test.high
    if test.high is None:
        return value >= test.low
    return (value >= test.low) & (value <= test.high)


def _of_text(column: Column, value: Any, condition: Condition) -> Question:
    nw = _frames.narwhals()
    operator, case = condition.operator, condition.case
    parts: Any = condition.operand
    if column.dtype == nw.Enum and column.engine == "polars":  # each text of the list once
        known = column.dtype.categories
        options = [text for text in known if holds(operator, text, parts, case)]
        return Question(value.cast(nw.String).is_in(options) if options else False)
    if column.dtype != nw.String or column.is_view:
        value = value.cast(nw.String)
    if operator is Operator.IS_ONE_OF:
        return Question(_one_of(column, value, parts, case))
    exact = case is Case.EXACT
    if exact and operator is Operator.STARTS_WITH_ANY:
        return Question(balanced(or_, [value.str.starts_with(part) for part in parts]))
    few = len(parts) == 1 or (column.engine == "duckdb" and len(parts) <= _SEARCHED)
    if exact and operator is Operator.CONTAINS_ANY and few:
        return Question(balanced(or_, [value.str.contains(part, literal=True) for part in parts]))
    return Question(value.str.contains(_pattern(column, operator, parts, case)))


def _one_of(column: Column, value: Any, parts: Sequence[str], case: Case) -> Any:
    """
    Exactly one of these.

    No engine but Python folds the letters A to Z and no others, so that an expression has to do it;
    ``$`` stands before a line end in some, and no text of a definition ends with one.
    """
    if case is Case.EXACT:
        return value == parts[0] if len(parts) == 1 else value.is_in(parts)
    pattern = f"{_pattern(column, Operator.STARTS_WITH_ANY, parts, case)}$"
    return value.str.contains(pattern) & ~value.str.contains(_LINE_ENDS)


def _pattern(column: Column, operator: Operator, parts: Sequence[str], case: Case) -> str:
    pattern = text_pattern(operator, parts, case)
    return f"(?d){pattern}" if column.engine == "pyspark" else pattern  # $ knows \n alone in Java
