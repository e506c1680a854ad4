"""What every dialect writes alike: names and texts in quotes, and tests of them."""

from collections.abc import Callable, Sequence
from typing import Any

from leadlib._qualification.algebra import balanced
from leadlib._qualification.bounds import Between, OneOf
from leadlib._qualification.criteria import Condition
from leadlib._qualification.operators import ASCII_LOWER, Case
from leadlib.errors import InvalidValue

__all__ = ["any_of", "folded_parts", "literal_of", "quoted", "truth_of", "within"]

Literal = Callable[[Any], str]


def _unquotable(text: str) -> bool:
    return "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def quoted(text: str, mark: str) -> str:
    """Text between quotes, which are doubled within: the only sign that standard SQL knows."""
    if not text or _unquotable(text):
        raise InvalidValue(expected="text that SQL can hold", got="nothing, NUL or half a letter")
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"


def literal_of(text: str) -> str:
    """A text."""
    return quoted(text, "'")


def within(value: str, test: Between | OneOf, literal: Literal) -> str:
    """Whether a value is among those that pass."""
    if isinstance(test, OneOf):
        options = ", ".join(map(literal, test.options))
        return f"{value} IN ({options})" if options else "FALSE"
    bounds = [(">=", test.low), ("<=", test.high)]
    sides = [f"{value} {sign} {literal(b)}" for sign, b in bounds if b is not None]
    return " AND ".join(sides) or "TRUE"


def any_of(tests: Sequence[str]) -> str:
    """Whether one of the tests holds."""
    return balanced(lambda a, b: f"({a} OR {b})", tests)


def folded_parts(condition: Condition) -> tuple[str, ...]:
    """The texts to look for, in lower case from A to Z if case is ignored."""
    parts: Any = condition.operand
    if condition.case is Case.EXACT:
        return tuple(parts)
    return tuple(part.translate(ASCII_LOWER) for part in parts)


def truth_of(value: str, condition: Condition) -> str:
    """Whether a yes or no is the one asked for."""
    wanted: Any = condition.operand
    if len(set(wanted)) > 1:
        return "TRUE"
    return value if wanted[0] else f"NOT {value}"
