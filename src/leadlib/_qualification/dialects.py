"""
How three databases are asked one condition, so that all give the answer of the interpreter.

No ``LIKE`` (SQLite ignores case in it), no ``lower`` where it folds more than A to Z, no comparison
in the collation of a column, no number that the database would round as it reads it.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Any, Protocol

from leadlib import _instants
from leadlib._qualification.algebra import balanced
from leadlib._qualification.bounds import (
    Between,
    Binary,
    Calendar,
    OneOf,
    Steps,
    passing,
)
from leadlib._qualification.criteria import Condition
from leadlib._qualification.operators import (
    ASCII_LOWER,
    SEPARATORS,
    Case,
    Operator,
    text_pattern,
)
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
Literal = Callable[[Any], str]


def _unquotable(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _quoted(text: str, mark: str) -> str:
    """Text between quotes, which are doubled within: the only sign that standard SQL knows."""
    if not text or _unquotable(text):
        raise InvalidValue(expected="text that SQL can hold", got="nothing, NUL or half a letter")
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"


def _literal(text: str) -> str:
    return _quoted(text, "'")


def _within(value: str, test: Between | OneOf, literal: Literal) -> str:
    if isinstance(test, OneOf):
        options = ", ".join(map(literal, test.options))
        return f"{value} IN ({options})" if options else "FALSE"
    bounds = [(">=", test.low), ("<=", test.high)]
    sides = [f"{value} {sign} {literal(b)}" for sign, b in bounds if b is not None]
    return " AND ".join(sides) or "TRUE"


def _any(tests: Sequence[str]) -> str:
    return balanced(lambda a, b: f"({a} OR {b})", tests)


def _folded(condition: Condition) -> tuple[str, ...]:
    parts: Any = condition.operand
    if condition.case is Case.EXACT:
        return tuple(parts)
    return tuple(part.translate(ASCII_LOWER) for part in parts)


def _truth(value: str, condition: Condition) -> str:
    wanted: Any = condition.operand
    if len(set(wanted)) > 1:
        return "TRUE"
    return value if wanted[0] else f"NOT {value}"


class _Sqlite:
    """Any column can hold any type there, so each value is asked for its own."""

    smaller, larger = "min", "max"

    def name(self, name: str) -> str:
        """In backticks: a column in double quotes that is not there would be taken as a text."""
        return _quoted(name, "`")

    def condition(self, name: str, condition: Condition) -> str:
        kind = condition.field.kind
        if kind is str:
            return self._text(name, condition)
        if kind is bool:
            truth = _truth(f"({name} = 1)", condition)
            return f"CASE WHEN typeof({name}) = 'integer' AND {name} IN (0, 1) THEN {truth} END"
        if kind is date:
            return self._day(name, condition)
        return self._instant(name, condition) if kind is datetime else self._number(name, condition)

    def _number(self, name: str, condition: Condition) -> str:
        whole = _within(name, passing(condition, Steps()), str)
        real = _within(name, passing(condition, Binary()), _exact)
        return (  # an infinite number times 0 is none
            f"CASE typeof({name}) WHEN 'integer' THEN {whole}"
            f" WHEN 'real' THEN CASE WHEN {name} * 0 = 0 THEN {real} END END"
        )

    def _text(self, name: str, condition: Condition) -> str:
        # lower() folds A to Z alone there, and what a function gives has no collation of its own
        value = name if condition.case is Case.EXACT else f"lower({name})"
        parts = _folded(condition)
        where = f"typeof({name}) = 'text'"
        match condition.operator:
            case Operator.IS_ONE_OF:
                test = f"{value} COLLATE BINARY IN ({', '.join(map(_literal, parts))})"
            case Operator.CONTAINS_ANY:
                test = _any([f"instr({value}, {_literal(part)}) > 0" for part in parts])
            case Operator.STARTS_WITH_ANY:
                test = _any([
                    f"substr({value}, 1, {len(part)}) = {_literal(part)}" for part in parts
                ])
            case _:
                where += f" AND instr({name}, char(0)) = 0"  # GLOB would see no further
                test = _any([f"(' ' || {value} || ' ') GLOB {_glob(part)}" for part in parts])
        return f"CASE WHEN {where} THEN {test} END"

    def _day(self, name: str, condition: Condition) -> str:
        form = f"typeof({name}) = 'text' AND {name} GLOB '{_DAY}' AND date({name}, '+0 days') = {name}"
        test = _within(f"{name} COLLATE BINARY", passing(condition, Calendar()), _iso)
        return f"CASE WHEN {form} THEN {test} END"

    def _instant(self, name: str, condition: Condition) -> str:
        """As microseconds since 1970: whole seconds by SQLite, whose fractions are coarser."""
        rest, day, time = f"substr({name}, 20)", f"substr({name}, 1, 10)", f"substr({name}, 12, 8)"
        ends = [f"{rest} GLOB '{form}'" for form in _ENDS]
        form = (
            f"typeof({name}) = 'text' AND {name} GLOB '{_DAY}[T ]{_TIME}*' AND {_any(ends)}"
            f" AND date({day}, '+0 days') = {day} AND time({time}, '+0 days') = {time}"
        )
        offset = f"CASE WHEN {name} GLOB '*Z' THEN '' ELSE substr({name}, -6) END"
        seconds = f"CAST(strftime('%s', substr({name}, 1, 19) || {offset}) AS INTEGER)"
        fraction = f"CASE WHEN {rest} GLOB '.*' THEN CAST(substr({name}, 21, 6) AS INTEGER) ELSE 0"
        value = f"({seconds} * 1000000 + {fraction} END)"
        test = _within(value, passing(condition, Calendar()), lambda at: str(_instants.micros(at)))
        return f"CASE WHEN {form} THEN {test} END"


_D = "[0-9]"
_DAY = f"{_D * 4}-{_D * 2}-{_D * 2}"
_TIME = f"{_D * 2}:{_D * 2}:{_D * 2}"
_ENDS = [
    f"{fraction}{offset}"
    for fraction in ("", f".{_D * 6}")
    for offset in ("Z", f"[+-]{_D * 2}:{_D * 2}")
]


def _exact(value: float) -> str:
    """A float by whole numbers: SQLite may read the last digit of a decimal wrongly."""
    top, bottom = value.as_integer_ratio()
    if bottom == 1:
        return str(top)
    text = f"CAST({top} AS REAL)"
    while bottom > 1:
        text, bottom = f"{text} / {min(bottom, 2**62)}", bottom // min(bottom, 2**62)
    return f"({text})"


def _iso(day: date) -> str:
    return f"'{day.isoformat()}'"


def _glob(word: str) -> str:
    """A word between separators, in the patterns of SQLite, which tell upper and lower case."""
    escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in word)
    return f"'*' || {_GAP} || {_literal(escaped)} || {_GAP} || '*'"


def _gap() -> str:
    """The separators as runs of codes; the first is no sign of a pattern."""
    codes = sorted(map(ord, SEPARATORS))
    ends = [b for a, b in pairwise([0, *codes]) if b != a + 1 or a == 0]
    lasts = [a for a, b in pairwise([*codes, 0]) if b != a + 1]
    runs = zip(ends, lasts, strict=True)
    inner = ", ".join(f"{a}, 45, {b}" if b > a else f"{a}" for a, b in runs)
    return f"'[' || char({inner}) || ']'"


_GAP = _gap()


class _Typed:
    """What databases share in which a column has one type."""

    smaller, larger = "least", "greatest"
    kinds: dict[str, str]
    floats: str
    decimals: str
    integers: str

    def name(self, name: str) -> str:
        return _quoted(name, '"')

    def condition(self, name: str, condition: Condition) -> str:
        kind = condition.field.kind
        if kind is str:
            return self.when(self.kinds["text"], name, self._text(name, condition))
        if kind is bool:
            truth = _truth(f"CAST({name} AS BOOLEAN)", condition)
            return self.when(self.kinds["truth"], name, truth)
        if kind in {date, datetime}:
            return self._time(name, condition)
        return self._number(name, condition)

    def when(self, kind: str, name: str, test: str) -> str:
        return f"CASE WHEN {kind.format(name)} THEN {test} END"

    def _time(self, name: str, condition: Condition) -> str:
        is_day = condition.field.kind is date
        type_name = "DATE" if is_day else "TIMESTAMPTZ"
        value = f"CAST({name} AS {type_name})"

        def literal(at: datetime) -> str:
            return f"{type_name} '{at.isoformat() if is_day else at.isoformat(' ')}'"

        kind = self.kinds["day" if is_day else "instant"]
        test = _within(value, passing(condition, Calendar()), literal)
        return self.when(kind, name, f"CASE WHEN isfinite({value}) THEN {test} END")

    def _number(self, name: str, condition: Condition) -> str:
        value = f"CAST({name} AS DOUBLE PRECISION)"
        real = _within(value, passing(condition, Binary()), self.float)
        exact = _as_it_stands(name, condition)
        whole = _within(name, passing(condition, Steps()), str)
        return (
            f"CASE WHEN {self.integers.format(name)} THEN {whole}"
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
        parts = _folded(condition)
        match condition.operator:
            case Operator.IS_ONE_OF:
                return f"{value} IN ({', '.join(map(self.text, parts))})"
            case Operator.CONTAINS_ANY:
                return _any([f"strpos({value}, {self.text(part)}) > 0" for part in parts])
            case Operator.STARTS_WITH_ANY:
                return _any([f"starts_with({value}, {self.text(part)})" for part in parts])
        return self.matches(value, text_pattern(Operator.HAS_WORD, parts, Case.EXACT))

    def text(self, text: str) -> str:
        return _literal(text)

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
    kinds = {
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
    kinds = {
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
            return _literal(text)
        return "E" + _literal(text.replace("\\", "\\\\"))

    def float(self, value: float) -> str:
        return f"CAST('{value!r}' AS DOUBLE PRECISION)"

    def finite(self, value: str) -> str:
        return f"CAST({value} AS text) NOT IN ('NaN', 'Infinity', '-Infinity')"

    def matches(self, value: str, pattern: str) -> str:
        escapes = re.sub(r"\\x([0-9a-f]{2})", r"\\u00\1", pattern)  # \x takes any digits there
        return f"{value} ~ {self.text(escapes)}"


_WRITERS: dict[Dialect, Writer] = {
    Dialect.SQLITE: _Sqlite(),
    Dialect.DUCKDB: _DuckDb(),
    Dialect.POSTGRESQL: _PostgreSql(),
}
