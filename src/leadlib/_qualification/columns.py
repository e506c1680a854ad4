"""
Columns of a frame: which one answers a subject, whether it can, and how a condition asks it.

A question is a test and the rows on which it means anything.  The tests are written once, on what
expressions and series of narwhals have in common.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from operator import or_
from sys import float_info
from typing import Any

import attrs

from leadlib import _frames
from leadlib._qualification.algebra import balanced
from leadlib._qualification.bounds import Between, Binary, Calendar, OneOf, Steps, passing
from leadlib._qualification.criteria import Condition, Subject
from leadlib._qualification.operators import Case, Operator, holds, text_pattern
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["Column", "Question", "column_of", "question"]

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
        engine: The library of the frame.
    """

    name: str
    path: tuple[str, ...]
    kind: type
    dtype: Any
    is_empty: bool
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


def column_of(subject: Subject, named: str, table: Any, schema: Mapping[str, Any]) -> Column:
    """
    Find the column of a subject.

    Raises:
        UnknownName: There is none.
        InvalidValue: It cannot hold values of the type of the subject.
    """
    nw = _frames.narwhals()
    name, path, dtype = _found(named, schema, nw)
    engine = "pandas" if table.implementation.is_pandas_like() else table.implementation.value
    native = table.to_native()
    by_value = engine == "pandas" and str(native[name].dtype) in {"object", "category"}
    is_empty = dtype == nw.Unknown and not path and _is_empty(native, engine, name)
    if not by_value and not is_empty and not _holds(dtype, subject.kind, nw):
        expected = f"a column of {_EXPECTED[subject.kind]} for {subject.key!r}"
        place = ".".join((name, *path))
        got = f"one of type {dtype}"
        raise InvalidValue(expected=expected, got=got, where=f"column {place!r}")
    return Column(
        name=name,
        path=path,
        kind=subject.kind,
        dtype=None if by_value else dtype,
        is_empty=is_empty,
        engine=engine,
    )


def _found(named: str, schema: Mapping[str, Any], nw: Any) -> tuple[str, tuple[str, ...], Any]:
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
    raise UnknownName(expected="a column of the frame", got=repr(named), legal=schema)


def _is_empty(native: Any, engine: str, name: str) -> bool:
    """Whether the column has the type that libraries give to one without values."""
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
    return str(kind).strip('"').lower() in {"null", "void", "null[pyarrow]"}


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
    def typed(value: Any) -> Any:
        return None if value is None else nw.lit(value, nw.UInt64)

    if isinstance(test, Between):
        return Between(typed(test.low), typed(test.high))
    return OneOf(tuple(map(typed, test.options)))


def _of_time(column: Column, value: Any, condition: Condition) -> Question:
    nw = _frames.narwhals()
    is_day = column.kind is date
    valid = None
    if column.dtype == nw.Date:
        return Question(_within(value, passing(condition, Calendar())))
    low, high = (_EARLIEST_NANO, _LATEST_NANO) if column.dtype.time_unit == "ns" else (None, None)
    if is_day:  # a library without dates keeps them as midnights
        valid = value == value.dt.truncate("1d")
        grid = Calendar(low=low and low.date(), high=high and high.date())
        return Question(_within(value, _midnights(passing(condition, grid))), valid)
    if column.engine == "polars":  # it compares instants of one zone only; the values stay
        value = value.dt.convert_time_zone("UTC")
    grid = Calendar(low=low and low.replace(tzinfo=UTC), high=high and high.replace(tzinfo=UTC))
    return Question(_within(value, passing(condition, grid)), valid)


def _midnights(test: Between | OneOf) -> Between | OneOf:
    def midnight(day: date | None) -> datetime | None:
        return None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001

    if isinstance(test, Between):
        return Between(midnight(test.low), midnight(test.high))
    return OneOf(tuple(map(midnight, test.options)))


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
    if column.dtype != nw.String:
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
