"""
The compiled forms of a definition: straight code instead of a walk over the tree.

Measured against a function that a person writes by hand, the walk takes 3.3 times as long and the
straight code about once (``make bench ONLY=qualification``).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
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
    children,
)
from leadlib._qualification.source import LONGEST, Source, branches, recall, test_of, walked, worth

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition
    from leadlib._qualification.verdict import Assessment, Outcome

__all__ = ["Shared", "Tree", "assessor", "batch_assessor", "decider"]

_TABLE = 9  # up to 3**9 = 19,683 assessments lie in lists, more in a dict
_LARGE = 2 * LONGEST  # nodes
_LOW = 5  # 3**5 - 1 = 242 is among the numbers that Python keeps
_KEPT = 1_000_000  # answers; then a dict is emptied: memory stays bounded whatever leads say


def assessor(
    shared: "Shared", conditions: Sequence[Condition]
) -> Callable[[Mapping[str, Any]], "Assessment"]:
    """
    The function from values to the shared assessment.

    The answers are the digits of two numbers in base 3, which find the assessment; the tree is
    looked at only when they come for the first time.  The answer that speaks for the lead is the
    digit 0, since adding nothing costs nothing, and the first number stays so small that Python
    keeps one of it.
    """

    def walk(values: Mapping[str, Any]) -> "Assessment":
        return shared.of(walked(conditions, values))

    if len(conditions) > LONGEST:
        return walk
    source = Source()
    source.names.update(table=shared.table, first=shared.first, walk=walk)
    source.add(0, " try:", "  get = values.get")
    _sums(source, 2, shared, conditions)
    source.add(1, "except faults:", " return walk(values)")
    source.add(1, f"return {shared.look_up} or first(low, high)")
    return source.maker("values")()


def _sums(
    source: Source,
    depth: int,
    shared: "Shared",
    conditions: Sequence[Condition],
    skipped: Sequence[bool] = (),
) -> None:
    """The two numbers, as sums of what each answer is worth."""
    digits = [
        "0" if any(skipped[i : i + 1]) else worth(source, condition, **_worths(i, shared.wanted[i]))
        for i, condition in enumerate(conditions)
    ]
    source.add(depth, f"low = {' + '.join(digits[:_LOW])}")
    source.add(depth, f"high = {' + '.join(digits[_LOW:]) or 0}")


def _worths(place: int, wanted: Answer) -> dict[str, int]:
    """The digit of each answer at its place: the first five make one number, the others another."""
    one = 3 ** (place if place < _LOW else place - _LOW)
    return {"unknown": one, "yes": one * (1 - wanted), "no": one * (1 + wanted)}


def batch_assessor(
    shared: "Shared", conditions: Sequence[Condition], one: Callable[[Any], "Assessment"]
) -> Callable[[Any], Callable[[Iterable[Any]], Iterator["Assessment"]]]:
    """
    Give what judges all rows of a batch that begins with a certain row, as they come.

    A batch remembers what it found in a text, for titles and the like recur.  If the first row has
    every key, the keys are taken for granted, and a row without one is left to *one*.
    """
    if len(conditions) > LONGEST:
        return lambda _: partial(map, one)
    makers = {
        whole: _batch(shared, conditions, one, whole=whole).maker("rows") for whole in (False, True)
    }
    keys = {condition.field.key for condition in conditions}
    return lambda first: makers[type(first) is dict and keys <= first.keys()]()


def _batch(
    shared: "Shared",
    conditions: Sequence[Condition],
    one: Callable[[Any], "Assessment"],
    *,
    whole: bool,
) -> Source:
    source = Source(look_up="values[{0}]" if whole else "get({0})")
    source.names.update(table=shared.table, first=shared.first, walk=one)
    source.add(0, " for values in rows:", "  try:", *([] if whole else ["   get = values.get"]))
    texts = [condition.operator.is_on_text for condition in conditions]
    _sums(source, 3, shared, conditions, skipped=texts)
    for place, condition in enumerate(conditions):
        if texts[place]:
            worths = _worths(place, shared.wanted[place])
            source.load(3, condition.field.key)
            test = (test_of(source, condition), worths["yes"], worths["no"])
            var = "low" if place < _LOW else "high"
            recall(source, 3, var, f"{var} += {worths['unknown']}", [test])
    source.add(2, "except faults:", " found = walk(values)", "else:")
    source.add(3, f"found = {shared.look_up} or first(low, high)")
    source.add(2, "yield found")
    return source


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
    return tuple(found.get(condition, Answer.YES) for condition in definition.conditions)


@attrs.define
class Shared:
    """The assessments met so far, by the numbers of their answers."""

    definition: "LeadDefinition"
    wanted: tuple[Answer, ...] = attrs.field(init=False)
    table: Any = attrs.field(init=False)
    empty: list[None] = attrs.field(init=False, factory=lambda: [None] * 3**_LOW)

    def __attrs_post_init__(self) -> None:
        self.wanted = _wanted(self.definition)
        count = len(self.wanted)
        if count > _TABLE:
            self.table = {}
        else:
            self.table = [self.empty] * 3 ** max(count - _LOW, 0)

    @property
    def look_up(self) -> str:
        """How the code finds an assessment."""
        return "table[high][low]" if isinstance(self.table, list) else "table.get((low, high))"

    def of(self, given: Sequence[Answer]) -> "Assessment":
        """The assessment of these answers."""
        digits = [1 - answer * wanted for answer, wanted in zip(given, self.wanted, strict=True)]
        low = sum(digit * 3**i for i, digit in enumerate(digits[:_LOW]))
        high = sum(digit * 3**i for i, digit in enumerate(digits[_LOW:]))
        if isinstance(self.table, list):
            return self.table[high][low] or self.first(low, high)
        return self.table.get((low, high)) or self.first(low, high)

    def first(self, low: int, high: int) -> "Assessment":
        """Make and keep an assessment that nobody has met before."""
        rest, given = low + high * 3**_LOW, []
        for wanted in self.wanted:
            rest, digit = divmod(rest, 3)
            given.append(Answer((1 - digit) * wanted))
        made = self.definition.assessment(tuple(given))
        if isinstance(self.table, list):
            if self.table[high] is self.empty:  # all rows are one until they are needed
                self.table[high] = self.empty.copy()
            self.table[high][low] = made
        else:
            if len(self.table) * len(self.wanted) >= _KEPT:
                self.table.clear()
            self.table[low, high] = made
        return made


def decider(
    definition: "LeadDefinition", conditions: Sequence[Condition]
) -> Callable[[Mapping[str, Any]], "Outcome"]:
    """
    The function from values to the outcome alone; a *no* ends it, and cheap questions come first.
    """

    def walk(values: Mapping[str, Any]) -> "Outcome":
        return definition.assessment(walked(conditions, values)).outcome

    if _is_large(definition.requirement, definition.disqualify):
        return walk
    outcomes = type(definition.assessment((Answer.UNKNOWN,) * len(conditions)).outcome)
    source = Source()
    source.names.update(walk=walk, **{outcome.name: outcome for outcome in outcomes})
    tree = Tree(source=source, now=dict(zip(definition.conditions, conditions, strict=True)))
    source.add(0, " try:", "  get = values.get", "  u = QUALIFIED")
    if definition.disqualify is not None:
        tree.emit(2, definition.disqualify, "r")
        source.add(2, "if r > 0:", " return DISQUALIFIED", "if r == 0:", " u = UNDECIDED")
    for part in sorted(_conjuncts(definition.requirement), key=_cost):
        tree.require(2, part)
    source.add(1, "except faults:", " return walk(values)", "return u")
    return source.maker("values")()


def _is_large(*criteria: Criterion | None) -> bool:
    """Whether a tree is walked, not written out: it may name few conditions many times."""
    return sum(getattr(criterion, "size", 0) for criterion in criteria) > _LARGE


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
class Tree:
    """Straight code for a tree: each node leaves -1, 0 or 1 in a variable of its own."""

    source: Source
    now: Mapping[Condition, Condition]
    count: int = 0

    def require(self, depth: int, criterion: Criterion) -> None:
        """Return where the criterion says no."""
        unknown, no = "u = UNDECIDED", "return NOT_QUALIFIED"
        part = criterion.part if isinstance(criterion, Not) else criterion
        if isinstance(part, Condition):
            ends = (None, no) if part is criterion else (no, None)
            branches(self.source, depth, self.now[part], unknown, *ends)
            return
        self.emit(depth, criterion, "r")
        self.source.add(depth, "if r < 0:", f" {no}", "if r == 0:", f" {unknown}")

    def emit(self, depth: int, criterion: Criterion, var: str) -> None:
        match criterion:
            case Condition():
                acts = (f"{var} = 0", f"{var} = 1", f"{var} = -1")
                branches(self.source, depth, self.now[criterion], *acts)
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
        combine = self.source.called(_combiner(criterion))
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
