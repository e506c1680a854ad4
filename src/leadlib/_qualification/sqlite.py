"""The dialect of SQLite, where any column can hold any type, so each value is asked for its own."""

from datetime import date, datetime
from itertools import pairwise

from leadlib import _instants
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
from leadlib._qualification.operators import SEPARATORS, Case, Operator

__all__ = ["Sqlite"]


class Sqlite:
    """Conditions in the SQL of SQLite."""

    smaller, larger = "min", "max"

    def name(self, name: str) -> str:
        """In backticks: a column in double quotes that is not there would be taken as a text."""
        return quoted(name, "`")

    def condition(self, name: str, condition: Condition) -> str:
        kind = condition.field.kind
        if kind is str:
            return self._text(name, condition)
        if kind is bool:
            truth = truth_of(f"({name} = 1)", condition)
            return f"CASE WHEN typeof({name}) = 'integer' AND {name} IN (0, 1) THEN {truth} END"
        if kind is date:
            return self._day(name, condition)
        return self._instant(name, condition) if kind is datetime else self._number(name, condition)

    def _number(self, name: str, condition: Condition) -> str:
        whole = within(name, passing(condition, Steps()), str)
        real = within(name, passing(condition, Binary()), _exact)
        return (  # an infinite number times 0 is none
            f"CASE typeof({name}) WHEN 'integer' THEN {whole}"
            f" WHEN 'real' THEN CASE WHEN {name} * 0 = 0 THEN {real} END END"
        )

    def _text(self, name: str, condition: Condition) -> str:
        # lower() folds A to Z alone there, and what a function gives has no collation of its own
        value = name if condition.case is Case.EXACT else f"lower({name})"
        parts = folded_parts(condition)
        where = f"typeof({name}) = 'text'"
        match condition.operator:
            case Operator.IS_ONE_OF:
                test = f"{value} COLLATE BINARY IN ({', '.join(map(literal_of, parts))})"
            case Operator.CONTAINS_ANY:
                test = any_of([f"instr({value}, {literal_of(part)}) > 0" for part in parts])
            case Operator.STARTS_WITH_ANY:
                test = any_of(
                    [f"substr({value}, 1, {len(part)}) = {literal_of(part)}" for part in parts]
                )
            case _:
                where += f" AND instr({name}, char(0)) = 0"  # GLOB would see no further
                test = any_of([f"(' ' || {value} || ' ') GLOB {_glob(part)}" for part in parts])
        return f"CASE WHEN {where} THEN {test} END"

    def _day(self, name: str, condition: Condition) -> str:
        form = (
            f"typeof({name}) = 'text' AND {name} GLOB '{_DAY}' AND date({name}, '+0 days') = {name}"
        )
        test = within(f"{name} COLLATE BINARY", passing(condition, Calendar()), _iso)
        return f"CASE WHEN {form} THEN {test} END"

    def _instant(self, name: str, condition: Condition) -> str:
        """As microseconds since 1970: whole seconds by SQLite, whose fractions are coarser."""
        rest, day, time = f"substr({name}, 20)", f"substr({name}, 1, 10)", f"substr({name}, 12, 8)"
        ends = [f"{rest} GLOB '{form}'" for form in _ENDS]
        form = (
            f"typeof({name}) = 'text' AND {name} GLOB '{_DAY}[T ]{_TIME}*' AND {any_of(ends)}"
            f" AND date({day}, '+0 days') = {day} AND time({time}, '+0 days') = {time}"
        )
        offset = f"CASE WHEN {name} GLOB '*Z' THEN '' ELSE substr({name}, -6) END"
        seconds = f"CAST(strftime('%s', substr({name}, 1, 19) || {offset}) AS INTEGER)"
        fraction = f"CASE WHEN {rest} GLOB '.*' THEN CAST(substr({name}, 21, 6) AS INTEGER) ELSE 0"
        value = f"({seconds} * 1000000 + {fraction} END)"
        test = within(value, passing(condition, Calendar()), lambda at: str(_instants.micros(at)))
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
    return f"'*' || {_GAP} || {literal_of(escaped)} || {_GAP} || '*'"


def _gap() -> str:
    """The separators as runs of codes; the first is no sign of a pattern."""
    codes = sorted(map(ord, SEPARATORS))
    ends = [b for a, b in pairwise([0, *codes]) if b != a + 1 or a == 0]
    lasts = [a for a, b in pairwise([*codes, 0]) if b != a + 1]
    runs = zip(ends, lasts, strict=True)
    inner = ", ".join(f"{a}, 45, {b}" if b > a else f"{a}" for a, b in runs)
    return f"'[' || char({inner}) || ']'"


_GAP = _gap()
