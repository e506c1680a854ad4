"""The border to data frames of other libraries, by narwhals."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from leadlib import _text
from leadlib._text import is_missing
from leadlib.errors import InvalidValue, MissingExtra, UnknownName

__all__ = [
    "MICROS",
    "SHARE",
    "columns_of",
    "eager",
    "has_numpy",
    "micros_of",
    "narwhals",
    "numbered",
    "numpy",
    "opened",
    "share_of",
]

MICROS = "microseconds since 1970, of leadlib"  # columns that nobody has
SHARE = "share by hash, of leadlib"
_CATEGORIES = "ids, of leadlib"


def narwhals() -> Any:
    """
    The interface of narwhals that stays as it is.

    Raises:
        MissingExtra: narwhals is not installed.
    """
    try:
        import narwhals.stable.v2 as nw  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        raise MissingExtra(
            expected="leadlib[frames], which reads data frames", got="no narwhals"
        ) from None
    return nw


def has_numpy() -> bool:
    """Whether numpy is there, with which what fits into memory is counted faster."""
    return find_spec("numpy") is not None


def numpy() -> Any:
    """The interface of numpy; see :func:`has_numpy`."""
    import numpy as np  # noqa: PLC0415  # imported where it is used

    return np


def eager(table: Any) -> Any:
    """The frame in memory."""
    if not isinstance(table, narwhals().LazyFrame):
        return table
    return table.collect() if table.implementation.is_polars() else table.collect("pyarrow")


def numbered(column: Any) -> Any:
    """An array with a whole number for each value of a column that misses none."""
    native = column.to_native()
    if column.implementation.is_polars():
        pl = narwhals().get_native_namespace(column)
        if native.dtype not in (pl.Categorical, pl.Enum):
            # Of our own: those that all share are kept as long as anybody has one.
            own = pl.Categories(_CATEGORIES) if hasattr(pl, "Categories") else None
            native = native.cast(pl.Categorical(own) if own else pl.Categorical)
        return native.to_physical().to_numpy()
    return _codes_of(column)


def opened(frame: Any) -> Any:
    """
    The frame as narwhals sees it, eager or lazy.

    Raises:
        InvalidValue: It is no frame, or one whose columns have not one name each.
        MissingExtra: narwhals is not installed.
    """
    nw = narwhals()
    try:
        table = nw.from_native(frame)
        names = table.collect_schema().names()
    except (TypeError, nw.exceptions.DuplicateError):
        expected = "a data frame of pandas, Polars, PyArrow, DuckDB or PySpark, with distinct names"
        raise InvalidValue(expected=expected, got=_text.kind_of(frame), where="frame") from None
    if not all(isinstance(name, str) for name in names):
        expected = "columns that are named by text"
        raise InvalidValue(expected=expected, got="other names", where="frame")
    return table


def columns_of(frame: Any, names: Sequence[str]) -> list[list[Any]]:
    """
    The values of some columns of an eager frame; what is missing in any engine is None.

    Raises:
        UnknownName: A column is not there.
        MissingExtra: narwhals is not installed.
    """
    table = narwhals().from_native(frame, eager_only=True)
    for name in names:
        if name not in table.columns:
            raise UnknownName(expected="a column of the frame", got=repr(name), legal=table.columns)
    columns = (table[name].to_list() for name in names)
    return [[None if is_missing(value) else value for value in column] for column in columns]


def micros_of(table: Any, name: str) -> Any:
    """The frame with a column more: an instant as whole microseconds; the engines' own business."""
    nw, engine = narwhals(), table.implementation
    if engine.is_duckdb():
        column = name.replace('"', '""')
        return nw.from_native(table.to_native().project(f'*, epoch_us("{column}") AS "{MICROS}"'))
    if engine.is_spark_like():
        column = name.replace("`", "``")
        made = table.to_native().selectExpr("*", f"unix_micros(`{column}`) AS `{MICROS}`")
        return nw.from_native(made)
    return table.with_columns(nw.col(name).dt.timestamp("us").cast(nw.Int64).alias(MICROS))


def share_of(table: Any, name: str, count: int, number: int) -> Any:
    """
    The rows whose value belongs to one of *count* shares of about the same size.

    Equal values are in one share.  By the engine's own hash, which is no other engine's, and by a
    condition that it can apply while it reads.
    """
    nw, engine, native = narwhals(), table.implementation, table.to_native()
    quoted = name.replace('"', '""')
    if engine.is_duckdb():
        return nw.from_native(native.filter(f'hash("{quoted}") % {count} = {number}'))
    if engine.is_spark_like():
        return nw.from_native(native.filter(f"pmod(xxhash64(`{name}`), {count}) = {number}"))
    if engine.is_polars():
        hashed = nw.get_native_namespace(table).col(name).hash()
        return nw.from_native(native.filter(hashed % count == number))
    codes = nw.col(SHARE)
    return _coded(table, name).filter(codes - codes // count * count == number).drop(SHARE)


def _coded(table: Any, name: str) -> Any:
    """The frame with a column more: a whole number for each value."""
    nw, native, codes = narwhals(), table.to_native(), _codes_of(table[name])
    if table.implementation.is_pyarrow():
        return nw.from_native(native.append_column(SHARE, [codes]))
    return nw.from_native(native.assign(**{SHARE: codes}))


def _codes_of(column: Any) -> Any:
    """The same for pandas and PyArrow."""
    native = column.to_native()
    if column.implementation.is_pyarrow():
        if str(native.type).startswith("dictionary"):  # a dictionary, which may hold a value twice
            native = native.cast(native.type.value_type)
        return native.combine_chunks().dictionary_encode().indices.to_numpy().astype("int64")
    codes, _ = narwhals().get_native_namespace(column).factorize(native)
    return codes.astype("int64")
