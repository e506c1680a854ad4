"""
The compiled forms of a definition: straight code instead of a walk over the tree.

Measured against a function that a person writes by hand, the walk takes 3.3 times as long and the
straight code less than once (``make bench ONLY=qualification``).  The source is made of the names
and whole numbers that stand in this file; fields, operands and outcomes are bound as constants, so
that no text of a definition is ever compiled.  Whatever does not have the plain type of its field
goes to the interpreter in :mod:`criteria`, which is the oracle of both forms in the tests.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any

import attrs

from leadlib._qualification.answers import Answer, at_least
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    Reaches,
    Subject,
    answer,
    children,
)
from leadlib._qualification.operators import ASCII_LOWER, Case, Operator, holds, text_pattern

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition
    from leadlib._qualification.scoring import ScoreCard
    from leadlib._qualification.verdict import Assessment, Outcome

__all__ = ["Shared", "assessor", "decider", "scorer"]

_TABLE = 9  # up to 3**9 = 19,683 assessments lie in a list, more in a dict
_KEPT = 100_000  # then a dict is emptied: memory stays bounded whatever the leads answer
_MEMORISED = 10_000  # texts that a batch remembers for one condition
_LONGEST = 400  # more conditions than this are walked, not compiled
_SIGNS = {
    Operator.AT_LEAST: "v >= {0}",
    Operator.AT_MOST: "v <= {0}",
    Operator.MORE_THAN: "v > {0}",
    Operator.LESS_THAN: "v < {0}",
    Operator.BETWEEN: "{0} <= v <= {1}",
}
_DATED = (Decimal, date, datetime)
_PLAIN = {
    str: "type(v) is str",
    int: "type(v) is int",
    Decimal: "type(v) is int or type(v) is Decimal and v.is_finite()",
    date: "type(v) is date",
    datetime: "type(v) is datetime",
}


_NAMES: dict[str, Any] = {kind.__name__: kind for kind in (bool, int, str, type, *_DATED)}
_NAMES |= {"T": TypeError, "faults": (TypeError, LookupError, ArithmeticError), "__builtins__": {}}


@attrs.define
class _Source:
    """Lines of a function, and the constants that they name."""

    lines: list[str] = attrs.field(factory=list)
    names: dict[str, Any] = attrs.field(factory=lambda: dict(_NAMES))

    def constant(self, value: object) -> str:
        """Bind a value to a new name."""
        name = f"c{len(self.names) - len(_NAMES)}"
        self.names[name] = value
        return name

    def add(self, depth: int, *lines: str) -> None:
        """Add lines at that depth."""
        indent = " " * depth
        self.lines += [indent + line for line in lines]

    def function(self, argument: str, *, is_loop: bool = False) -> Callable[..., Any]:
        """
        Compile the lines into a function of one argument.

        In a loop, constants that are local names are worth handing over as defaults.
        """
        names = [name for name in self.names if name != "__builtins__"] if is_loop else []
        head = ", ".join([argument, *(f"{name}={name}" for name in names)])
        self.lines.insert(0, f"def made({head}):")
        exec(_compiled("\n".join(self.lines)), self.names)  # noqa: S102  # our own lines only
        made: Callable[..., Any] = self.names["made"]
        return made


@lru_cache(maxsize=64)
def _compiled(text: str) -> CodeType:
    """Definitions of one shape share their code: they differ in constants only."""
    return compile(text, "<leadlib plan>", "exec")


def _test(source: _Source, condition: Condition) -> str:
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
    return f"{source.constant(_search(condition))}(v) is not None"


def _branches(
    source: _Source, depth: int, condition: Condition, unknown: str, yes: str | None, no: str | None
) -> None:
    """
    Look up one value and do one of three things; a fault leaves the rest to the walk.

    What is most often the case is asked first: a value is there, and it has the type of its field.
    """
    kind = condition.field.kind
    source.add(depth, f"v = get({source.constant(condition.field.key)})")
    if kind is bool:
        source.add(depth, "if type(v) is bool:")
        source.add(depth + 1, *_either("v", *_by_truth(condition, yes, no)))
        _otherwise(source, depth, unknown)
        return
    test = _test(source, condition)
    if kind is str and test.startswith("v in "):  # nothing else equals a text: no look at its type
        if yes is None:
            source.add(depth, f"if not {test}:", " if type(v) is str:", f"  {no or 'pass'}")
            _otherwise(source, depth + 1, unknown)
            return
        source.add(depth, f"if {test}:", f" {yes}", "elif type(v) is str:", f" {no or 'pass'}")
        _otherwise(source, depth, unknown)
        return
    source.add(depth, f"if {_PLAIN[kind]}:")
    source.add(depth + 1, *_either(test, yes, no))
    _otherwise(source, depth, unknown)


def _otherwise(source: _Source, depth: int, unknown: str) -> None:
    """Where nothing is known; a sum is looked up, which is less to compile than a comparison."""
    var, plus, worth = unknown.partition(" += ")
    if plus:
        only = source.constant({None: int(worth)})
        source.add(depth, "else:", f" {var} += {only}[v]")
    else:
        source.add(depth, "elif v is None:", f" {unknown}", "else:", " raise T")


def _by_truth(
    condition: Condition, yes: str | None, no: str | None
) -> tuple[str | None, str | None]:
    """What a yes/no condition does where the value is yes, and where it is no."""
    passing = [
        holds(condition.operator, value, condition.operand, condition.case)
        for value in (True, False)
    ]
    return (yes if passing[0] else no), (yes if passing[1] else no)


def _either(test: str, yes: str | None, no: str | None) -> list[str]:
    if yes is None:
        return [f"if not ({test}):", f" {no or 'pass'}"]
    return [f"if {test}:", f" {yes}", *([] if no is None else ["else:", f" {no}"])]


def walked(conditions: Sequence[Condition], values: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The answers by the plain interpreter."""
    return tuple(c.answer(values.get(c.field.key)) for c in conditions)


def _recall(
    source: _Source, depth: int, var: str, unknown: str, tests: Sequence[tuple[str, int, int]]
) -> None:
    """
    Search a text once and remember what that was worth: titles and the like recur in a batch.

    Each test is worth one number if it holds and another if not.
    """
    known: dict[str, int] = {}
    get, keep, size = map(source.constant, (known.get, known.__setitem__, known.__len__))
    source.add(depth, f"w = {get}(v)", "if w is not None:", f" {var} += w", "elif type(v) is str:")
    source.add(depth + 1, "w = 0")
    for test, yes, no in tests:
        source.add(depth + 1, *_either(test, _plus("w", yes), _plus("w", no)))
    source.add(depth + 1, f"if {size}() < {_MEMORISED}:", f" {keep}(v, w)", f"{var} += w")
    _otherwise(source, depth, unknown)


def _plus(var: str, worth: int) -> str | None:
    return f"{var} += {worth}" if worth else None


def assessor(
    shared: "Shared", conditions: Sequence[Condition], *, batch: bool = False
) -> Callable[[Mapping[str, Any]], "Assessment"]:
    """
    The function from values to the shared assessment.

    The answers are the digits of a number in base 3, which finds the assessment; the tree is looked
    at only when a number comes for the first time.  The answer that speaks for the lead is the
    digit 0, since adding nothing costs nothing.
    """

    def walk(values: Mapping[str, Any]) -> "Assessment":
        return shared.of(walked(conditions, values))

    if len(conditions) > _LONGEST:
        return walk
    source = _Source()
    source.names.update(table=shared.table, first=shared.first, walk=walk)
    source.add(0, " try:", "  get = values.get", "  code = 0")
    for i, (condition, wanted) in enumerate(zip(conditions, shared.wanted, strict=True)):
        acts = {wanted: None, Answer(-wanted): f"code += {2 * 3**i}"}
        unknown = f"code += {3**i}"
        if batch and condition.operator.is_on_text:
            worth = {wanted: 0, Answer(-wanted): 2 * 3**i}
            source.add(2, f"v = get({source.constant(condition.field.key)})")
            test = (_test(source, condition), worth[Answer.YES], worth[Answer.NO])
            _recall(source, 2, "code", unknown, [test])
            continue
        _branches(source, 2, condition, unknown, acts[Answer.YES], acts[Answer.NO])
    source.add(1, "except faults:", " return walk(values)")
    source.add(1, f"return {shared.look_up} or first(code)")
    return source.function("values")


def _search(condition: Condition) -> Callable[[str], object]:
    """The search in a text as one call."""
    parts: Any = condition.operand
    return re.compile(text_pattern(condition.operator, parts, condition.case)).search


def _wanted(definition: "LeadDefinition") -> tuple[Answer, ...]:
    """For each condition, the answer that speaks for the lead."""
    found: dict[Condition, Answer] = {}
    stack = [(definition.requirement, Answer.YES)]
    if definition.disqualify is not None:
        stack.append((definition.disqualify, Answer.NO))
    while stack:
        node, wanted = stack.pop()
        if isinstance(node, Condition):
            found.setdefault(node, wanted)
        turned = Answer(-wanted) if isinstance(node, Not) else wanted
        stack += [(part, turned) for part in children(node)]
    return tuple(found[condition] for condition in definition.conditions)


@attrs.define
class Shared:
    """The assessments met so far, by the number of their answers."""

    definition: "LeadDefinition"
    wanted: tuple[Answer, ...] = attrs.field(init=False)
    table: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.wanted = _wanted(self.definition)
        count = len(self.wanted)
        self.table = [None] * 3**count if count <= _TABLE else {}

    @property
    def look_up(self) -> str:
        return "table[code]" if isinstance(self.table, list) else "table.get(code)"

    def of(self, given: Sequence[Answer]) -> "Assessment":
        digits = (1 - answer * wanted for answer, wanted in zip(given, self.wanted, strict=True))
        code = sum(digit * 3**i for i, digit in enumerate(digits))
        return (
            self.table[code] if isinstance(self.table, list) else self.table.get(code)
        ) or self.first(code)

    def first(self, code: int) -> "Assessment":
        rest, given = code, []
        for wanted in self.wanted:
            rest, digit = divmod(rest, 3)
            given.append(Answer((1 - digit) * wanted))
        if isinstance(self.table, dict) and len(self.table) >= _KEPT:
            self.table.clear()
        made = self.table[code] = self.definition.assessment(tuple(given))
        return made


def decider(
    definition: "LeadDefinition", conditions: Sequence[Condition]
) -> Callable[[Mapping[str, Any]], "Outcome"]:
    """
    The function from values to the outcome alone; a *no* ends it, and cheap questions come first.
    """

    def walk(values: Mapping[str, Any]) -> "Outcome":
        return definition.assessment(walked(conditions, values)).outcome

    if len(conditions) > _LONGEST:
        return walk
    outcomes = type(definition.assessment((Answer.UNKNOWN,) * len(conditions)).outcome)
    source = _Source()
    source.names.update(walk=walk, **{outcome.name: outcome for outcome in outcomes})
    tree = _Tree(source=source, now=dict(zip(definition.conditions, conditions, strict=True)))
    source.add(0, " try:", "  get = values.get", "  u = QUALIFIED")
    if definition.disqualify is not None:
        tree.emit(2, definition.disqualify, "r")
        source.add(2, "if r > 0:", " return DISQUALIFIED", "if r == 0:", " u = UNDECIDED")
    for part in sorted(_conjuncts(definition.requirement), key=_cost):
        tree.require(2, part)
    source.add(1, "except faults:", " return walk(values)", "return u")
    return source.function("values")


def _conjuncts(criterion: Criterion) -> tuple[Criterion, ...]:
    return criterion.parts if isinstance(criterion, AllOf) else (criterion,)


def _cost(criterion: Criterion) -> int:
    """Yes/no before numbers and sets, these before a search in a text."""
    if not isinstance(criterion, Condition):
        return sum(map(_cost, children(criterion)))
    if criterion.field.kind is bool:
        return 1
    return 6 if criterion.operator.is_on_text else 2


@attrs.define
class _Tree:
    """Straight code for a tree: each node leaves -1, 0 or 1 in a variable of its own."""

    source: _Source
    now: Mapping[Condition, Condition]
    count: int = 0

    def require(self, depth: int, criterion: Criterion) -> None:
        """Return where the criterion says no."""
        unknown, no = "u = UNDECIDED", "return NOT_QUALIFIED"
        part = criterion.part if isinstance(criterion, Not) else criterion
        if isinstance(part, Condition):
            ends = (None, no) if part is criterion else (no, None)
            _branches(self.source, depth, self.now[part], unknown, *ends)
            return
        self.emit(depth, criterion, "r")
        self.source.add(depth, "if r < 0:", f" {no}", "if r == 0:", f" {unknown}")

    def emit(self, depth: int, criterion: Criterion, var: str) -> None:
        match criterion:
            case Condition():
                acts = (f"{var} = 0", f"{var} = 1", f"{var} = -1")
                _branches(self.source, depth, self.now[criterion], *acts)
            case Not(part=part):
                self.emit(depth, part, var)
                self.source.add(depth, f"{var} = -{var}")
            case Named(part=part):
                self.emit(depth, part, var)
            case AllOf(parts=parts):
                self._chain(depth, parts, var, go_on="> -1", better="<")
            case AnyOf(parts=parts):
                self._chain(depth, parts, var, go_on="< 1", better=">")
            case _:
                self._counted(depth, criterion, var)

    def _chain(
        self, depth: int, parts: Sequence[Criterion], var: str, *, go_on: str, better: str
    ) -> None:
        self.emit(depth, parts[0], var)
        other = self._variable()
        for part in parts[1:]:
            self.source.add(depth, f"if {var} {go_on}:")
            self.emit(depth + 1, part, other)
            self.source.add(depth + 1, f"if {other} {better} {var}:", f" {var} = {other}")

    def _counted(self, depth: int, criterion: Criterion, var: str) -> None:
        """Where all parts count: at least so many, or enough points."""
        given = []
        for part in children(criterion):
            given.append(self._variable())
            self.emit(depth, part, given[-1])
        combine = self.source.constant(_combiner(criterion))
        self.source.add(depth, f"{var} = {combine}(({', '.join(given)},))")

    def _variable(self) -> str:
        self.count += 1
        return f"r{self.count}"


def _combiner(criterion: Criterion) -> Callable[[tuple[int, ...]], int]:
    match criterion:
        case AtLeast(count=count):
            return lambda given: at_least(count, map(Answer, given))
        case Reaches(card=card):
            return lambda given: card.reached(tuple(map(Answer, given)))
    raise TypeError(criterion)


def scorer(
    card: "ScoreCard", conditions: Sequence[Condition]
) -> Callable[[Iterable[Mapping[str, Any]]], tuple[list[int], list[int]]]:
    """
    The function from rows to what holds and what is unknown in each, as bits of two numbers.

    One look at a field serves all its rules.  The points are added up above the bits, one for each
    rule, of what holds: see :class:`Scores`.
    """
    rules = [_Rule.of(i, part) for i, part in enumerate(card.parts)]
    now = dict(zip(card.conditions, conditions, strict=True))

    def walk(values: Mapping[str, Any]) -> tuple[int, int]:
        answers = {c: now[c].answer(values.get(c.field.key)) for c in card.conditions}
        given = [answer(part, answers) for part in card.parts]
        held = sum(worth for worth, a in zip(card.worths, given, strict=True) if a is Answer.YES)
        return held, sum(1 << i for i, a in enumerate(given) if a is Answer.UNKNOWN)

    if len(conditions) > _LONGEST:
        return lambda rows: _columns(map(walk, rows))
    source = _Source()
    source.names["walk"] = walk
    source.add(0, " held, unknown = [], []", " hold = held.append")
    source.add(1, "miss = unknown.append", "for values in rows:", " try:")
    source.add(3, "get = values.get", "h = u = 0")
    tree = _Tree(source=source, now=now)
    for subject in card.subjects:
        _score_field(source, [rule for rule in rules if rule.subject == subject], now, card.worths)
    for rule in rules:
        if rule.subject is None:
            tree.emit(3, card.parts[rule.number], "r")
            source.add(3, "if r > 0:", f" h += {card.worths[rule.number]}")
            source.add(3, "elif r == 0:", f" u += {1 << rule.number}")
    source.add(2, "except faults:", " h, u = walk(values)", "hold(h)", "miss(u)")
    source.add(1, "return held, unknown")
    return source.function("rows", is_loop=True)


def _columns(pairs: Iterable[tuple[int, int]]) -> tuple[list[int], list[int]]:
    both = list(pairs)
    return [held for held, _ in both], [unknown for _, unknown in both]


@attrs.frozen
class _Rule:
    """A rule by its number; one that asks a single condition knows its subject."""

    number: int
    condition: Condition | None
    wanted: Answer = Answer.YES

    @classmethod
    def of(cls, number: int, part: Criterion) -> "_Rule":
        wanted = Answer.YES
        while isinstance(part, Not | Named):
            wanted = Answer(-wanted) if isinstance(part, Not) else wanted
            part = part.part
        return cls(number, part if isinstance(part, Condition) else None, wanted)

    @property
    def subject(self) -> Subject | None:
        return None if self.condition is None else self.condition.field


def _score_field(
    source: _Source,
    rules: Sequence[_Rule],
    now: Mapping[Condition, Condition],
    worths: Sequence[int],
) -> None:
    """All rules of one field after one look at its value, and one addition for all of them."""
    if not rules:
        return
    kind = rules[0].condition.field.kind  # type: ignore[union-attr]  # these rules have one
    asked = [(now[rule.condition], rule.wanted, worths[rule.number]) for rule in rules]  # type: ignore[index]
    unknown = f"u += {sum(1 << rule.number for rule in rules)}"
    source.add(3, f"v = get({source.constant(asked[0][0].field.key)})")
    if kind is bool:
        worths_of = (_plus("h", _worth_of(value, asked)) for value in (True, False))
        source.add(3, "if type(v) is bool:", *(f" {line}" for line in _either("v", *worths_of)))
        _otherwise(source, 3, unknown)
    elif kind is not str:
        source.add(3, f"if {_PLAIN[kind]}:", *(f" {line}" for line in _ladder(source, asked)))
        _otherwise(source, 3, unknown)
    elif all(_is_choice(condition) and wanted is Answer.YES for condition, wanted, _ in asked):
        options = {option for condition, _, _ in asked for option in condition.operand}  # type: ignore[union-attr]
        worth_of = source.constant({option: _worth_of(option, asked) for option in options}.get)
        source.add(3, f"w = {worth_of}(v)", "if w is not None:", " h += w", "elif type(v) is str:")
        source.add(4, "pass")
        _otherwise(source, 3, unknown)
    else:
        tests = [
            (_test(source, condition), *((worth, 0) if wanted is Answer.YES else (0, worth)))
            for condition, wanted, worth in asked
        ]
        _recall(source, 3, "h", unknown, tests)


_Asked = Sequence[tuple[Condition, Answer, int]]


def _is_choice(condition: Condition) -> bool:
    return condition.operator is Operator.IS_ONE_OF and condition.case is Case.EXACT


def _worth_of(value: Any, asked: _Asked) -> int:
    return sum(worth for condition, wanted, worth in asked if condition.answer(value) is wanted)


def _ladder(source: _Source, asked: _Asked) -> list[str]:
    """
    What rules on an ordered value are worth together, from the highest step down.

    Steps are numbered: the bounds in their order are odd, the gaps between them even.
    """
    bounds = sorted({bound for condition, _, _ in asked for bound in _bounds(condition)})
    place = {bound: 2 * i + 1 for i, bound in enumerate(bounds)}
    worths = [
        sum(
            w
            for condition, wanted, w in asked
            if _on(condition, step, place) is (wanted is Answer.YES)
        )
        for step in range(2 * len(bounds) + 1)
    ]
    lines: list[str] = []
    for step in range(2 * len(bounds), 0, -1):
        if worths[step] != worths[step - 1]:
            sign = ">=" if step % 2 else ">"
            name = source.constant(bounds[(step - 1) // 2])
            lines += [
                f"{'elif' if lines else 'if'} v {sign} {name}:",
                f" {_plus('h', worths[step]) or 'pass'}",
            ]
    if not lines:
        return [_plus("h", worths[0]) or "pass"]
    return [*lines, "else:", f" h += {worths[0]}"] if worths[0] else lines


def _bounds(condition: Condition) -> tuple[Any, ...]:
    operand = condition.operand
    return operand if isinstance(operand, tuple) else (operand,)


def _on(condition: Condition, step: int, place: Mapping[Any, int]) -> bool:
    """Whether the condition holds on a step."""
    places = [place[bound] for bound in _bounds(condition)]
    match condition.operator:
        case Operator.AT_LEAST:
            return step >= places[0]
        case Operator.AT_MOST:
            return step <= places[0]
        case Operator.MORE_THAN:
            return step > places[0]
        case Operator.LESS_THAN:
            return step < places[0]
        case Operator.BETWEEN:
            return places[0] <= step <= places[1]
    return step in places
