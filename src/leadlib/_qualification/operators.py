"""
The closed set of tests on a value; the interpreter of each is the oracle of every engine.

Text is compared letter by letter.  *Ignored* case means the letters A to Z and nothing else: what
``lower()`` makes of other letters differs between engines.  A word ends where a separator stands,
and separators are a fixed list, because engines differ in what they hold for a letter.
"""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

__all__ = ["ASCII_LOWER", "SEPARATORS", "Case", "Operator", "holds", "text_pattern"]

ASCII_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
# Everything of ASCII but letters and digits, and the marks that stand between words elsewhere.
SEPARATORS = (
    "".join(chr(code) for code in range(1, 128) if not chr(code).isalnum())
    + "\u0085\u00a0\u00ab\u00b7\u00bb\u2013\u2014\u2018\u2019\u201c\u201d\u2022\u2026"
    + "\u2028\u2029\u3000\u3001\u3002"
)


class Case(StrEnum):
    """
    Whether upper and lower case are told apart.

    Example:
        >>> from leadlib import Field
        >>> print(Field("title", str).contains_any("chief", case=Case.IGNORED))
        title contains 'chief' in any case
    """

    EXACT = "exact"
    IGNORED = "ignored"


class Operator(StrEnum):
    """
    The closed set of conditions: the value names it in stored definitions.

    Example:
        >>> Operator("at_least").sign
        '>='
    """

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    BETWEEN = "between"
    IS_ONE_OF = "is_one_of"
    CONTAINS_ANY = "contains_any"
    STARTS_WITH_ANY = "starts_with_any"
    HAS_WORD = "has_word"
    WITHIN_LAST = "within_last"
    WITHIN_NEXT = "within_next"
    OLDER_THAN = "older_than"

    @property
    def sign(self) -> str:
        """How it prints."""
        return _SIGNS[self]

    @property
    def takes_many(self) -> bool:
        """Whether its operand is a list of values."""
        return self in {Operator.IS_ONE_OF, *_ON_TEXT}

    @property
    def is_on_text(self) -> bool:
        """Whether it looks into a text."""
        return self in _ON_TEXT

    @property
    def is_relative(self) -> bool:
        """Whether its operand is a period before or after *now*."""
        return self in {Operator.WITHIN_LAST, Operator.WITHIN_NEXT, Operator.OLDER_THAN}


_ON_TEXT = (Operator.CONTAINS_ANY, Operator.STARTS_WITH_ANY, Operator.HAS_WORD)
_SIGNS = {
    Operator.AT_LEAST: ">=",
    Operator.AT_MOST: "<=",
    Operator.MORE_THAN: ">",
    Operator.LESS_THAN: "<",
    Operator.BETWEEN: "from",
    Operator.IS_ONE_OF: "is one of",
    Operator.CONTAINS_ANY: "contains any of",
    Operator.STARTS_WITH_ANY: "starts with any of",
    Operator.HAS_WORD: "has a word of",
    Operator.WITHIN_LAST: "within the last",
    Operator.WITHIN_NEXT: "within the next",
    Operator.OLDER_THAN: "more than",
}
_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.AT_LEAST: lambda value, bound: value >= bound,
    Operator.AT_MOST: lambda value, bound: value <= bound,
    Operator.MORE_THAN: lambda value, bound: value > bound,
    Operator.LESS_THAN: lambda value, bound: value < bound,
    Operator.BETWEEN: lambda value, bounds: bounds[0] <= value <= bounds[1],
    Operator.IS_ONE_OF: lambda value, options: value in options,
    Operator.CONTAINS_ANY: lambda value, parts: any(part in value for part in parts),
    Operator.STARTS_WITH_ANY: lambda value, parts: value.startswith(parts),
}


def holds(operator: Operator, value: Any, operand: Any, case: Case) -> bool:
    """Say whether a usable value passes; relative operators are resolved before."""
    if operator is Operator.HAS_WORD:
        return _words(operand, case).search(value) is not None
    if case is Case.IGNORED:
        value = value.translate(ASCII_LOWER)
        operand = tuple(part.translate(ASCII_LOWER) for part in operand)
    return _HOLDS[operator](value, operand)


@lru_cache(maxsize=256)
def _words(words: tuple[str, ...], case: Case) -> re.Pattern[str]:
    return re.compile(text_pattern(Operator.HAS_WORD, words, case))


def text_pattern(operator: Operator, parts: Sequence[str], case: Case) -> str:
    """
    The test as a regular expression that Python, RE2, Rust and Java read alike.

    It is made of literals, one class of separators and no repetition, so that it runs in linear
    time.  ``IS_ONE_OF`` has no pattern: ``$`` differs between engines.
    """
    choice = "|".join(_literal(part, case) for part in parts)
    if operator is Operator.CONTAINS_ANY:
        return f"(?:{choice})"
    if operator is Operator.STARTS_WITH_ANY:
        return f"^(?:{choice})"
    gap = "".join(_escaped(letter) for letter in SEPARATORS)
    return f"(?:^|[{gap}])(?:{choice})(?:[{gap}]|$)"


def _literal(part: str, case: Case) -> str:
    return "".join(_letter(letter, case) for letter in part)


def _letter(letter: str, case: Case) -> str:
    if case is Case.IGNORED and letter.isascii() and letter.isalpha():
        low, high = letter.lower(), letter.upper()
        # RE2 folds a class of k or s among others also onto the Kelvin sign and the long s
        return f"(?:{low}|{high})" if low in "ks" else f"[{low}{high}]"
    return letter if letter.isascii() and letter.isalnum() else _escaped(letter)


def _escaped(letter: str) -> str:
    """A letter that no engine takes for a sign."""
    return f"\\x{ord(letter):02x}" if letter.isascii() else letter
