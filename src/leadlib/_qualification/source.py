"""
Straight code for conditions: lines of our own words and numbers, and the constants they name.

Fields, operands and outcomes are bound as constants, so that no text of a definition is ever
compiled.  What does not have the plain type of its field raises a fault, which leaves the row to
the interpreter in :mod:`criteria`: the oracle of all compiled forms in the tests.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, TypeVar

import attrs

from leadlib import _fields
from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import Condition
from leadlib._qualification.operators import ASCII_LOWER, Case, Operator, holds, text_pattern

__all__ = [
    "LONGEST",
    "PLAIN",
    "Source",
    "branches",
    "either",
    "forget",
    "otherwise",
    "plus",
    "recall",
    "test_of",
    "walked",
    "worth",
]

T = TypeVar("T")
LONGEST = 400  # more conditions than this are walked, not compiled
_MEMORISED = 10_000  # texts that a batch remembers for one field
_SIGNS = {
    Operator.AT_LEAST: "v >= {0}",
    Operator.AT_MOST: "v <= {0}",
    Operator.MORE_THAN: "v > {0}",
    Operator.LESS_THAN: "v < {0}",
    Operator.BETWEEN: "{0} <= v <= {1}",
}
_DATED = (Decimal, date, datetime)
PLAIN = {
    str: "type(v) is str",
    int: "type(v) is int",
    Decimal: "type(v) is int or type(v) is Decimal and v.is_finite()",
    date: "type(v) is date",
    datetime: "type(v) is datetime and v.tzinfo is UTC",
}


_NAMES: dict[str, Any] = {kind.__name__: kind for kind in (bool, int, str, type, *_DATED)}
_NAMES |= {
    "UTC": UTC,
    "T": TypeError,
    "faults": (AttributeError, TypeError, LookupError, ArithmeticError),
    "__builtins__": {},
}


@attrs.define
class Source:
    """
    Lines of a function, and the constants that they name.

    A constant stands in the lines as a text of ours, which is exchanged for its value in the
    compiled code: reading it costs nothing there.

    Args:
        look_up: How a value is looked up by its key.
    """

    look_up: str = "get({0})"
    lines: list[str] = attrs.field(factory=list)
    names: dict[str, Any] = attrs.field(factory=lambda: dict(_NAMES))
    memos: list[tuple[str, str, str]] = attrs.field(factory=list)

    def constant(self, value: object) -> str:
        """Bind a value; give it as it stands in the lines."""
        return f'"{self.called(value)}"'

    def called(self, value: object) -> str:
        """Bind something that is called, which no constant can be."""
        name = f"c{len(self.names) - len(_NAMES)}"
        self.names[name] = value
        return name

    def memo(self) -> tuple[str, str, str]:
        """Names for getting, keeping and counting what was remembered."""
        names = (self.called(None), self.called(None), self.called(None))
        self.memos.append(names)
        return names

    def add(self, depth: int, *lines: str) -> None:
        """Add lines at that depth."""
        indent = " " * depth
        self.lines += [indent + line for line in lines]

    def loaded(self, key: str) -> str:
        """The look-up of one value."""
        return self.look_up.format(self.constant(key))

    def load(self, depth: int, key: str) -> None:
        """Look one value up."""
        self.add(depth, f"v = {self.loaded(key)}")

    def maker(self, argument: str) -> Callable[[], Callable[..., Any]]:
        """Compile the lines; each call then makes a function that remembers nothing yet."""
        code = _compiled("\n".join([f"def made({argument}):", *self.lines]))
        values = (self.names.get(c, c) if isinstance(c, str) else c for c in code.co_consts)
        bound = code.replace(co_consts=tuple(values))
        return lambda: FunctionType(bound, self.names | self._forgetful())

    def _forgetful(self) -> dict[str, Any]:
        """Fresh memories under the names of the memos."""
        fresh: dict[str, Any] = {}
        for memo in self.memos:
            known: dict[str, int] = {}
            kept = (known.get, known.__setitem__, known.__len__)
            fresh.update(zip(memo, kept, strict=True))
        return fresh


@lru_cache(maxsize=64)
def _compiled(text: str) -> CodeType:
    """Definitions of one shape share their code: they differ in constants only."""
    module = compile(text, "<leadlib plan>", "exec")
    return next(code for code in module.co_consts if isinstance(code, CodeType))


def forget() -> None:
    """Drop the code of known shapes, so that compiling can be measured."""
    _compiled.cache_clear()


def test_of(source: Source, condition: Condition) -> str:
    """The condition as an expression of ``v``, which has the plain type of the field."""
    operator, operand = condition.operator, condition.operand
    if operator in _SIGNS:
        bounds = operand if isinstance(operand, tuple) else (operand,)
        return _SIGNS[operator].format(*map(source.constant, bounds))
    exact = condition.case is Case.EXACT
    parts: tuple[Any, ...] = operand if isinstance(operand, tuple) else ()
    if operator is Operator.IS_ONE_OF:
        if exact:
            return f"v in {source.constant(frozenset(parts))}"
        low = frozenset(part.translate(ASCII_LOWER) for part in parts)
        return f"v.translate({source.constant(ASCII_LOWER)}) in {source.constant(low)}"
    if exact and operator is Operator.CONTAINS_ANY:
        return " or ".join(f"{source.constant(part)} in v" for part in parts)
    if exact and operator is Operator.STARTS_WITH_ANY:
        return f"v.startswith({source.constant(parts)})"
    if operator is not Operator.HAS_WORD:
        return _folded(source, operator, [part.translate(ASCII_LOWER) for part in parts])
    return f"{source.called(_search(condition))}(v) is not None"


def _folded(source: Source, operator: Operator, parts: Sequence[str]) -> str:
    """Text and parts in small letters, and then as if case mattered."""
    fold = f"v.translate({source.constant(ASCII_LOWER)})"
    if operator is Operator.STARTS_WITH_ANY:
        return f"{fold}.startswith({source.constant(tuple(parts))})"
    first, *others = map(source.constant, parts)
    return " or ".join([f"{first} in (f := {fold})", *(f"{part} in f" for part in others)])


def worth(source: Source, condition: Condition, *, yes: int, unknown: int, no: int) -> str:
    """
    One look at a value as an expression that is worth one of three numbers.

    What is most often the case is asked first: a value is there, and it has the type of its field.
    What is neither that nor None is in no table, and the fault leaves the row to the walk.
    """
    kind, load = condition.field.kind, source.loaded(condition.field.key)
    otherwise_ = f"{source.constant({None: unknown})}[v]"
    if kind is bool:
        if_true, if_false = _by_truth(condition, yes, no)
        return (
            f"({if_true} if (v := {load}) is True else {if_false} if v is False else {otherwise_})"
        )
    test = test_of(source, condition)
    if kind is str and test.startswith("v in "):  # nothing else equals a text: no look at its type
        found = test.replace("v in", f"(v := {load}) in", 1)
        return f"({yes} if {found} else {no} if type(v) is str else {otherwise_})"
    plain = PLAIN[kind].replace("type(v)", f"type(v := {load})", 1)
    return f"(({yes} if {test} else {no}) if {plain} else {otherwise_})"


def branches(
    source: Source, depth: int, condition: Condition, unknown: str, yes: str | None, no: str | None
) -> None:
    """
    Look up one value and do one of three things; a fault leaves the rest to the walk.

    What is most often the case is asked first: a value is there, and it has the type of its field.
    """
    kind = condition.field.kind
    source.load(depth, condition.field.key)
    if kind is bool:
        for value, act in zip((True, False), _by_truth(condition, yes, no), strict=True):
            source.add(depth, f"{'if' if value else 'elif'} v is {value}:", f" {act or 'pass'}")
        otherwise(source, depth, unknown)
        return
    test = test_of(source, condition)
    if kind is str and test.startswith("v in "):  # nothing else equals a text: no look at its type
        if yes is None:
            source.add(depth, f"if not {test}:", " if type(v) is str:", f"  {no or 'pass'}")
            otherwise(source, depth + 1, unknown)
            return
        source.add(depth, f"if {test}:", f" {yes}", "elif type(v) is str:", f" {no or 'pass'}")
        otherwise(source, depth, unknown)
        return
    source.add(depth, f"if {PLAIN[kind]}:")
    source.add(depth + 1, *either(test, yes, no))
    otherwise(source, depth, unknown)


def otherwise(source: Source, depth: int, unknown: str) -> None:
    """What remains is unknown, or foreign to its field."""
    source.add(depth, "elif v is None:", f" {unknown}", "else:", " raise T")


def _by_truth(condition: Condition, yes: T, no: T) -> tuple[T, T]:
    """What a yes/no condition does where the value is yes, and where it is no."""
    passing = [
        holds(condition.operator, value, condition.operand, condition.case)
        for value in (True, False)
    ]
    return (yes if passing[0] else no), (yes if passing[1] else no)


def either(test: str, yes: str | None, no: str | None) -> list[str]:
    if yes is None:
        return [f"if not ({test}):", f" {no or 'pass'}"]
    return [f"if {test}:", f" {yes}", *([] if no is None else ["else:", f" {no}"])]


def walked(conditions: Sequence[Condition], values: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The answers by the plain interpreter."""
    _fields.check_type(values, Mapping, "values")
    return tuple(c.answer(values.get(c.field.key)) for c in conditions)


def recall(
    source: Source, depth: int, var: str, unknown: str, tests: Sequence[tuple[str, int, int]]
) -> None:
    """
    Search a text once and remember what that was worth: titles and the like recur in a batch.

    Each test is worth one number if it holds and another if not.
    """
    get, keep, size = source.memo()
    source.add(depth, f"w = {get}(v)", "if w is not None:", f" {var} += w", "elif type(v) is str:")
    source.add(depth + 1, "w = 0")
    for test, yes, no in tests:
        source.add(depth + 1, *either(test, plus("w", yes), plus("w", no)))
    source.add(depth + 1, f"if {size}() < {_MEMORISED}:", f" {keep}(v, w)", f"{var} += w")
    otherwise(source, depth, unknown)


def plus(var: str, worth: int) -> str | None:
    return f"{var} += {worth}" if worth else None


def _search(condition: Condition) -> Callable[[str], object]:
    """The search in a text as one call."""
    parts: Any = condition.operand
    return re.compile(text_pattern(condition.operator, parts, condition.case)).search
