"""The columns of a frame, checked by one question to its engine: what is no log is refused."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs

from leadlib import _instants, _text, limits
from leadlib._frames import MICROS, micros_of, narwhals, opened
from leadlib._metrics.engines import column_lists, streamed, table_of
from leadlib._metrics.log import SEQ, group_name, stage_name
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName

__all__ = ["Found", "check_blank", "labels_of", "rows_of"]

T = TypeVar("T")

_MOST = 4 * limits.GROUPS  # several spellings may be one name


def rows_of(frame: Any, columns: Mapping[str, str]) -> Any:
    """The columns under names of ours, instants as microseconds since 1970."""
    nw, table = narwhals(), opened(frame)
    schema = table.collect_schema()
    for name in columns.values():
        if name not in schema:
            raise UnknownName(
                expected="a column of the frame", got=repr(name), legal=[*schema.names()]
            )
    if len({*columns.values()}) < len(columns):
        raise InvalidValue(expected="columns that differ", got="one of them twice", where="columns")
    _check_types(schema, columns)
    _check_instants_are_there(table, columns["at"])
    rows = micros_of(table, columns["at"]).select(
        *(nw.col(MICROS if key == "at" else name).alias(key) for key, name in columns.items())
    )
    rows = rows.lazy() if rows.implementation.is_polars() else _joinable(rows)
    if "seq" in columns:
        return rows.with_columns(nw.col("seq").cast(nw.Int64))
    return rows


def _joinable(rows: Any) -> Any:
    """
    Text as text, where an engine cannot do with another form what it is asked for.

    PyArrow compares and joins no views of text, and its dictionaries may differ from chunk to chunk
    and hold a text twice; pandas sorts no dictionaries of PyArrow.
    """
    nw, native = narwhals(), rows.to_native()
    if rows.implementation.is_pandas_like():
        is_coded = rows.collect_schema()["lead"] == nw.Categorical
        return rows.with_columns(nw.col("lead").cast(nw.String)) if is_coded else rows
    if not rows.implementation.is_pyarrow():
        return rows
    for place, field in enumerate(native.schema):
        kind = str(field.type)
        if kind.startswith("dictionary"):
            own = native[field.name].cast(field.type.value_type)
            native = native.set_column(place, field.name, own)
        elif kind == "string_view":
            native = native.set_column(place, field.name, native[field.name].cast("string"))
    return nw.from_native(native)


def _check_types(schema: Any, columns: Mapping[str, str]) -> None:
    nw = narwhals()
    named = (nw.String, nw.Categorical, nw.Enum)
    wide = (nw.UInt64, nw.Int128, nw.UInt128)  # pandas would wrap them round without a word
    legal: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "lead": ("text or whole numbers", lambda kind: kind.is_integer() or kind in named),
        "stage": ("text or whole numbers", lambda kind: kind.is_integer() or kind in named),
        "seq": (
            "whole numbers of 64 bits with a sign",
            lambda kind: kind.is_integer() and kind not in wide,
        ),
        "at": (
            "instants with a time zone",
            lambda kind: isinstance(kind, nw.Datetime) and kind.time_zone is not None,
        ),
    }
    by = ("text, numbers or yes/no", lambda kind: not _is_no_group(kind))
    for key, name in columns.items():
        expected, is_legal = legal.get(key, by)
        if not is_legal(schema[name]):
            where, got = f"column {name!r}", str(schema[name])
            if key == "at" and schema[name] == nw.Object:  # only pandas has it
                got = (
                    "values of several kinds (pandas.to_datetime(..., utc=True) makes one of them)"
                )
            raise InvalidValue(expected=expected, got=got, where=where)


def _is_no_group(kind: Any) -> bool:
    return bool(
        kind.is_temporal() or kind.is_nested() or kind.is_decimal() or kind == narwhals().Binary
    )


def _check_instants_are_there(table: Any, name: str) -> None:
    """The whole numbers of pandas cannot miss a value, so theirs are looked for first."""
    if table.implementation.is_pandas_like():
        _check_missing([table[name].is_null().sum()], [name])


@attrs.frozen(kw_only=True)
class Found:
    """
    What one question to the engine says of all rows.

    Args:
        low: How many leads may be blank: blanks are sorted before all that can be seen.
    """

    names: Mapping[Any, str]
    seen: Mapping[str, tuple[int, int, int]]
    seqs: tuple[int, int]
    low: int

    @classmethod
    def of(cls, rows: Any, columns: Mapping[str, str]) -> "Found":
        nw = narwhals()
        given = [key for key in columns if key != "stage"]
        is_text = rows.collect_schema()["lead"] == nw.String
        low = nw.col("lead") < "!" if is_text else nw.col("lead").is_null()
        flags = [nw.col(key).is_null().cast(nw.Int64).alias(f"no {key}") for key in given]
        flags.append(low.cast(nw.Int64).fill_null(0).alias("low"))
        numbers = [key for key in ("at", "seq") if key in columns]
        ends = [
            end
            for key in numbers
            for end in (nw.col(key).min().alias(f"{key} 0"), nw.col(key).max().alias(f"{key} 1"))
        ]
        sums = [nw.col(f"no {key}").sum() for key in given]
        found = (
            rows.with_columns(*flags)
            .group_by("stage")
            .agg(nw.len().alias("rows"), *ends, *sums, nw.col("low").sum())
            .select("stage", "rows", "low", *(f"no {key}" for key in given), *_pairs(numbers))
        )
        names: dict[Any, str] = {}
        seen: dict[str, tuple[int, int, int]] = {}
        seqs = []
        counted = table_of(streamed(found))
        without = [count for stage, count, *_ in counted if _text.is_missing(stage)]
        missing = [sum(row[3 + place] for row in counted) for place in range(len(given))]
        _check_missing(
            [*missing, sum(without)], [*(columns[key] for key in given), columns["stage"]]
        )
        for stage, count, _, *rest in counted:
            first, last, *own = map(int, rest[len(given) :])
            _check_instants((first, last), columns["at"])
            name = names[stage] = _name_in(columns["stage"], stage_name, stage)
            before = seen.get(name, (0, first, last))
            seen[name] = (before[0] + int(count), min(before[1], first), max(before[2], last))
            seqs += own
        if len(names) > limits.STAGES:
            expected = f"at most {limits.STAGES} different stages"
            raise LimitExceeded(expected=expected, got="more: is this the stage column?")
        span = (min(seqs, default=0), max(seqs, default=0))
        if max(map(abs, span)) > SEQ or span[1] - span[0] > SEQ:
            where = f"column {columns['seq']!r}"
            raise LimitExceeded(
                expected=f"numbers within {SEQ:,} of 0 and of each other", got="others", where=where
            )
        return cls(names=names, seen=seen, seqs=span, low=sum(row[2] for row in counted))


def _name_in(column: str, name: Callable[[Any], T], value: Any) -> T:
    """The name of a value; what is wrong with it is said of its column."""
    try:
        return name(value)
    except InvalidValue as fault:
        where = f"column {column!r}"
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


def check_blank(rows: Any, name: str) -> None:
    """Who has no id is not one lead with all others who have none."""
    nw, own = narwhals(), narwhals().col("lead")
    first = rows.filter(own < "!").select("lead")
    blank = first.filter(own.str.strip_chars() == "").select(nw.len().alias("n"))
    _check_missing(table_of(blank)[0], [name])


def _pairs(numbers: Iterable[str]) -> Iterator[str]:
    for key in numbers:
        yield f"{key} 0"
        yield f"{key} 1"


def _check_missing(missing: Sequence[int], names: Sequence[str]) -> None:
    for count, name in zip(missing, names, strict=True):
        if count:
            got = f"{_text.plural(int(count), 'row')} without"
            raise InvalidValue(expected="a value in every row", got=got, where=f"column {name!r}")


def _check_instants(ends: Iterable[int], name: str) -> None:
    bounds = _instants.micros(_instants.EARLIEST), _instants.micros(_instants.LATEST)
    if not all(bounds[0] <= at < bounds[1] for at in ends):
        expected = "a year from 1970 to 2199"
        raise InvalidValue(expected=expected, got="another", where=f"column {name!r}")


def labels_of(rows: Any, key: str, name: str) -> dict[Any, str]:
    """The name of each value of a column that is grouped by; what is missing has none."""
    nw, found = narwhals(), rows.select(key)
    if isinstance(rows, nw.LazyFrame):  # SQL has no quick unique()
        found = found.group_by(key).agg(nw.len().alias("n rows")).select(key)
    else:
        found = found.unique()
    values = column_lists(streamed(found).head(_MOST))[0]
    known = [value for value in values if not _text.is_missing(value)]
    names = {value: _name_in(name, group_name, value) for value in known}
    labels = {value: label for value, label in names.items() if label is not None}
    if len({*labels.values()}) > limits.GROUPS or len(values) == _MOST:
        expected = f"at most {limits.GROUPS} different groups in column {name!r}"
        raise LimitExceeded(expected=expected, got="more")
    return labels
