"""
The engines that may read a file: what of each is its own business, and no other engine's.

All cells are text; what they mean is not for an engine to guess.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import attrs

from leadlib._frames import narwhals
from leadlib._io.regular import RegularFile, TypedFile
from leadlib.errors import MissingExtra, UnknownName

__all__ = ["AUTO", "ENGINES", "PYTHON", "Engine", "engine_named"]

AUTO, PYTHON = "auto", "python"
Frame = Any


class Engine(Protocol):
    """What is asked of an engine; frames are lazy, and as narwhals sees them."""

    @property
    def errors(self) -> tuple[type[BaseException], ...]:
        """What it raises in its own words."""
        ...

    def read(self, file: RegularFile | TypedFile) -> Frame:
        """The cells of a file, of CSV as text, in columns that are called by their numbers."""
        ...

    def table(self, columns: Mapping[str, Sequence[Any]]) -> Frame:
        """A small table to look things up in: a column of text, and others of whole numbers."""
        ...

    def kept(self, frame: Frame) -> Frame:
        """The frame worked out once and held in memory."""
        ...

    def values(self, frame: Frame, name: str) -> list[Any]:
        """The values of a column."""
        ...

    def instants(self, frame: Frame, name: str) -> Frame:
        """The frame with a column of microseconds since 1970 as instants."""
        ...


class _Polars:
    @property
    def errors(self) -> tuple[type[BaseException], ...]:
        from polars import exceptions  # noqa: PLC0415  # an engine is imported where it is used

        return (exceptions.PolarsError, exceptions.PanicException)

    def read(self, file: RegularFile | TypedFile) -> Frame:
        import polars as pl  # noqa: PLC0415  # an engine is imported where it is used

        if isinstance(file, TypedFile):
            numbered = [pl.col(name).alias(f"{i}") for i, name in enumerate(file.columns)]
            typed = pl.scan_parquet(file.path, glob=False).select(numbered)
            return narwhals().from_native(typed)
        cells = pl.scan_csv(
            file.path,
            has_header=False,
            skip_rows=1,
            separator=file.delimiter,
            schema={f"{i}": pl.String for i in range(len(file.columns))},
            glob=False,
        )
        return narwhals().from_native(cells)

    def table(self, columns: Mapping[str, Sequence[Any]]) -> Frame:
        import polars as pl  # noqa: PLC0415  # an engine is imported where it is used

        key, *numbers = columns
        schema = {key: pl.String} | dict.fromkeys(numbers, pl.Int64)
        return narwhals().from_native(pl.LazyFrame(dict(columns), schema=schema))

    def kept(self, frame: Frame) -> Frame:
        return frame.collect().lazy()

    def values(self, frame: Frame, name: str) -> list[Any]:
        found: list[Any] = frame.select(name).collect()[name].to_list()
        return found

    def instants(self, frame: Frame, name: str) -> Frame:
        import polars as pl  # noqa: PLC0415  # an engine is imported where it is used

        made = pl.col(name).cast(pl.Datetime("us", "UTC"))
        return narwhals().from_native(frame.to_native().with_columns(made))


@attrs.frozen
class _DuckDB:
    base: Any
    errors: tuple[type[BaseException], ...]

    @classmethod
    def opened(cls) -> "_DuckDB":
        import duckdb  # noqa: PLC0415  # an engine is imported where it is used

        return cls(duckdb.connect(":memory:"), (duckdb.Error,))

    def read(self, file: RegularFile | TypedFile) -> Frame:
        if isinstance(file, TypedFile):
            named = ", ".join(f'{_named(name)} AS "{i}"' for i, name in enumerate(file.columns))
            query = f"SELECT {named} FROM read_parquet({_quoted(str(file.path))})"  # noqa: S608  # quoted
            return narwhals().from_native(self.base.sql(query))
        kinds = ", ".join(f"'{i}': 'VARCHAR'" for i in range(len(file.columns)))
        options = {
            "header": "false",
            "skip": "1",
            "auto_detect": "false",
            "delim": _quoted(file.delimiter),
            "quote": "'\"'",
            "escape": "'\"'",
            "columns": f"{{{kinds}}}",
        }
        given = ", ".join(f"{name} = {value}" for name, value in options.items())
        query = f"SELECT * FROM read_csv({_quoted(str(file.path))}, {given})"  # noqa: S608  # quoted
        return narwhals().from_native(self.base.sql(query))

    def table(self, columns: Mapping[str, Sequence[Any]]) -> Frame:
        key, *_ = columns
        kinds = {name: "VARCHAR" if name == key else "BIGINT" for name in columns}
        parts = ", ".join(f'unnest(?::{kind}[]) AS "{name}"' for name, kind in kinds.items())
        found = self.base.sql(f"SELECT {parts}", params=[*map(list, columns.values())])
        return self.kept(narwhals().from_native(found))

    def kept(self, frame: Frame) -> Frame:
        native = frame.to_native()
        # Before version 2 a relation kept its own result.
        done = native.materialize() if hasattr(native, "materialize") else native.execute()
        return narwhals().from_native(done)

    def values(self, frame: Frame, name: str) -> list[Any]:
        return [value for (value,) in frame.select(name).to_native().fetchall()]

    def instants(self, frame: Frame, name: str) -> Frame:
        made = f'* REPLACE (make_timestamptz("{name}") AS "{name}")'
        return narwhals().from_native(frame.to_native().project(made))


def _named(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_MAKERS: Mapping[str, Callable[[], Engine]] = {"polars": _Polars, "duckdb": _DuckDB.opened}
_NEEDS = {"polars": ["polars", "narwhals"], "duckdb": ["duckdb", "pyarrow", "narwhals"]}
ENGINES = (AUTO, PYTHON, *_MAKERS)


def engine_named(name: str) -> Engine | None:
    """
    The engine of that name, or the first one that is installed; None for Python.

    Raises:
        UnknownName: There is no such engine.
        MissingExtra: It is not installed, or what it needs.
    """
    if name not in ENGINES:
        raise UnknownName(expected="an engine", got=repr(name), legal=ENGINES)
    wanted = [*_MAKERS] if name == AUTO else [own for own in _MAKERS if own == name]
    found = [own for own in wanted if all(map(find_spec, _NEEDS[own]))]
    if not found and name not in (AUTO, PYTHON):
        expected = f"{', '.join(_NEEDS[name])}, which count large files"
        raise MissingExtra(expected=expected, got="not all of them")
    return _MAKERS[found[0]]() if found else None
