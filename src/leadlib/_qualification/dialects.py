"""
How three databases are asked one condition, so that all give the answer of the interpreter.

No ``LIKE`` (SQLite ignores case in it), no ``lower`` where it folds more than A to Z, no comparison
in the collation of a column, no number that the database would round as it reads it.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

from leadlib._qualification.bounds import Binary, Calendar, Steps, passing
from leadlib._qualification.criteria import Condition
from leadlib._qualification.literals import (
    any_of,
    folded_parts,
    literal_of,
    quoted,
    truth_of,
    within,
)
from leadlib._qualification.operators import (
    ASCII_LOWER,
    Case,
    Operator,
    text_pattern,
)
from leadlib._qualification.sqlite import Sqlite
from leadlib.errors import InvalidValue

__all__ = ["Dialect", "Writer", "writer_of"]


class Dialect(StrEnum):
    """
    The databases whose SQL :meth:`LeadDefinition.to_sql` writes.

    A value of another type than its field is not known, as everywhere; PostgreSQL refuses some of
    them instead.  ``SQLITE`` keeps yes/no as 1 and 0, numbers as integers and reals, dates as
    ``2026-03-02`` and instants as ``2026-03-02T09:00:00+01:00``: with ``T`` or a blank, an offset
    or ``Z``, and no fraction or one of six digits; that is what ``isoformat`` of Python gives.

    Example:
        >>> print(*Dialect)
        sqlite duckdb postgresql
    """

    SQLITE = "sqlite"
    DUCKDB = "duckdb"
    POSTGRESQL = "postgresql"


class Writer(Protocol):
    """One dialect."""

    smaller: str
    larger: str

    def name(self, name: str) -> str:
        """A column."""

    def condition(self, name: str, condition: Condition) -> str:
        """True, false or NULL."""


def writer_of(dialect: Dialect) -> Writer:
    """Give the writer of a dialect."""
    return _WRITERS[dialect]


_MOST_DIGITS = 38


class _Typed:
    """What databases share in which a column has one type."""

    smaller, larger = "least", "greatest"
    kinds: ClassVar[dict[str, str]]
    floats: str
    decimals: str
    integers: str

    def name(self, name: str) -> str:
        return quoted(name, '"')

    def condition(self, name: str, condition: Condition) -> str:
        kind = condition.field.kind
        if kind is str:
            return self.when(self.kinds["text"], name, self._text(name, condition))
        if kind is bool:
            truth = truth_of(f"CAST({name} AS BOOLEAN)", condition)
            return self.when(self.kinds["truth"], name, truth)
        if kind in {date, datetime}:
            return self._time(name, condition)
        return self._number(name, condition)

    def when(self, kind: str, name: str, test: str) -> str:
        return f"CASE WHEN {name} IS NOT NULL AND {kind.format(name)} THEN {test} END"

    def _time(self, name: str, condition: Condition) -> str:
        is_day = condition.field.kind is date
        type_name = "DATE" if is_day else "TIMESTAMPTZ"
        value = f"CAST({name} AS {type_name})"

        def literal(at: datetime) -> str:
            return f"{type_name} '{at.isoformat() if is_day else at.isoformat(' ')}'"

        kind = self.kinds["day" if is_day else "instant"]
        test = within(value, passing(condition, Calendar()), literal)
        return self.when(kind, name, f"CASE WHEN isfinite({value}) THEN {test} END")

    def _number(self, name: str, condition: Condition) -> str:
        value = f"CAST({name} AS DOUBLE PRECISION)"
        real = within(value, passing(condition, Binary()), self.float)
        exact = _as_it_stands(name, condition)
        whole = within(name, passing(condition, Steps()), str)
        return (
            f"CASE WHEN {name} IS NULL THEN NULL WHEN {self.integers.format(name)} THEN {whole}"
            f" WHEN {self.floats.format(name)} THEN"
            f" CASE WHEN {self.finite(value)} THEN {real} END"
            f" WHEN {self.decimals.format(name)} THEN"
            f" CASE WHEN {self.finite(name)} THEN {exact} END END"
        )

    def _text(self, name: str, condition: Condition) -> str:
        value = self.letters(name)
        if condition.case is Case.IGNORED:
            upper = "".join(map(chr, ASCII_LOWER))
            value = f"translate({value}, '{upper}', '{upper.lower()}')"
        parts = folded_parts(condition)
        match condition.operator:
            case Operator.IS_ONE_OF:
                return f"{value} IN ({', '.join(map(self.text, parts))})"
            case Operator.CONTAINS_ANY:
                return any_of([f"strpos({value}, {self.text(part)}) > 0" for part in parts])
            case Operator.STARTS_WITH_ANY:
                return any_of([f"starts_with({value}, {self.text(part)})" for part in parts])
        return self.matches(value, text_pattern(Operator.HAS_WORD, parts, Case.EXACT))

    def text(self, text: str) -> str:
        return literal_of(text)

    def letters(self, name: str) -> str:
        raise NotImplementedError

    def float(self, value: float) -> str:
        raise NotImplementedError

    def finite(self, value: str) -> str:
        raise NotImplementedError

    def matches(self, value: str, pattern: str) -> str:
        raise NotImplementedError


_SIGNS = {
    Operator.AT_LEAST: ">=",
    Operator.AT_MOST: "<=",
    Operator.MORE_THAN: ">",
    Operator.LESS_THAN: "<",
}


def _as_it_stands(value: str, condition: Condition) -> str:
    """A comparison of decimals, which databases do exactly whatever their digits."""
    operand: Any = condition.operand
    if condition.operator in _SIGNS:
        return f"{value} {_SIGNS[condition.operator]} {_digits(operand)}"
    if condition.operator is Operator.BETWEEN:
        return f"{value} BETWEEN {_digits(operand[0])} AND {_digits(operand[1])}"
    return f"{value} IN ({', '.join(map(_digits, operand))})"


def _digits(number: int | Decimal) -> str:
    text = f"{number:f}" if isinstance(number, Decimal) else str(number)
    if sum(map(str.isdigit, text)) > _MOST_DIGITS:
        raise InvalidValue(expected=f"numbers of at most {_MOST_DIGITS} digits", got="a longer one")
    return text


class _DuckDb(_Typed):
    kinds: ClassVar[dict[str, str]] = {
        "text": "(typeof({0}) = 'VARCHAR' OR starts_with(typeof({0}), 'ENUM'))",
        "truth": "typeof({0}) = 'BOOLEAN'",
        "day": "typeof({0}) = 'DATE'",
        "instant": "typeof({0}) = 'TIMESTAMP WITH TIME ZONE'",
    }
    floats = "typeof({0}) IN ('FLOAT', 'DOUBLE')"
    decimals = "starts_with(typeof({0}), 'DECIMAL')"
    integers = "regexp_full_match(typeof({0}), 'U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER')"

    def letters(self, name: str) -> str:
        return f"CAST({name} AS VARCHAR) COLLATE C"

    def float(self, value: float) -> str:
        return f"{value!r}" if "e" in repr(value) else f"{value!r}e0"  # without, it is a decimal

    def finite(self, value: str) -> str:
        return f"isfinite(CAST({value} AS DOUBLE))"

    def matches(self, value: str, pattern: str) -> str:
        return f"regexp_matches({value}, {self.text(pattern)})"


class _PostgreSql(_Typed):
    kinds: ClassVar[dict[str, str]] = {
        "text": "pg_typeof({0}) IN ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype)",
        "truth": "pg_typeof({0}) = 'boolean'::regtype",
        "day": "pg_typeof({0}) = 'date'::regtype",
        "instant": "pg_typeof({0}) = 'timestamptz'::regtype",
    }
    floats = "pg_typeof({0}) IN ('real'::regtype, 'float8'::regtype)"
    decimals = "pg_typeof({0}) = 'numeric'::regtype"
    integers = "pg_typeof({0}) IN ('smallint'::regtype, 'integer'::regtype, 'bigint'::regtype)"

    def letters(self, name: str) -> str:
        return f'CAST({name} AS text) COLLATE "C"'

    def text(self, text: str) -> str:
        """A backslash is a sign or none there, by a setting; with E it always is one."""
        if "\\" not in text:
            return literal_of(text)
        return "E" + literal_of(text.replace("\\", "\\\\"))

    def float(self, value: float) -> str:
        return f"CAST('{value!r}' AS DOUBLE PRECISION)"

    def finite(self, value: str) -> str:
        return f"CAST({value} AS text) NOT IN ('NaN', 'Infinity', '-Infinity')"

    def matches(self, value: str, pattern: str) -> str:
        escapes = re.sub(r"\\x([0-9a-f]{2})", r"\\u00\1", pattern)  # \x takes any digits there
        return f"{value} ~ {self.text(escapes)}"


_WRITERS: dict[Dialect, Writer] = {
    Dialect.SQLITE: Sqlite(),
    Dialect.DUCKDB: _DuckDb(),
    Dialect.POSTGRESQL: _PostgreSql(),
}
