"""The compiled form of a score: which rules hold, which are unknown, and the points, row by row."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from leadlib import _fields
from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import (
    Condition,
    Criterion,
    Named,
    Not,
    Subject,
    answer,
)
from leadlib._qualification.operators import Case, Operator
from leadlib._qualification.plan import Tree
from leadlib._qualification.source import (
    LONGEST,
    PLAIN,
    Source,
    otherwise,
    plus,
    recall,
    test_of,
)

if TYPE_CHECKING:
    from leadlib._qualification.scoring import ScoreCard

__all__ = ["scorer"]


def scorer(
    card: "ScoreCard", conditions: Sequence[Condition]
) -> Callable[[], Callable[[Iterable[Mapping[str, Any]]], tuple[list[int], list[int]]]]:
    """
    What makes, for each batch, the function from rows to what holds and what is unknown in each.

    Both are bits of a number.

    One look at a field serves all its rules.  The points are added up above the bits, one for each
    rule, of what holds: see :class:`Scores`.
    """
    rules = [_Rule.of(i, part) for i, part in enumerate(card.parts)]
    now = dict(zip(card.conditions, conditions, strict=True))

    def walk(values: Mapping[str, Any]) -> tuple[int, int]:
        _fields.check_type(values, Mapping, "rows")
        answers = {c: now[c].answer(values.get(c.field.key)) for c in card.conditions}
        given = [answer(part, answers) for part in card.parts]
        held = sum(worth for worth, a in zip(card.worths, given, strict=True) if a is Answer.YES)
        return held, sum(1 << i for i, a in enumerate(given) if a is Answer.UNKNOWN)

    if sum(getattr(part, "size", 0) for part in card.parts) > 2 * LONGEST:
        return lambda: lambda rows: _columns(map(walk, rows))
    source = Source()
    source.names["walk"] = walk
    source.add(0, " held, unknown = [], []", " hold = held.append")
    source.add(1, "miss = unknown.append", "for values in rows:", " try:")
    source.add(3, "get = values.get", "h = u = 0")
    tree = Tree(source=source, now=now)
    for subject in card.subjects:
        _score_field(source, [rule for rule in rules if rule.subject == subject], now, card.worths)
    for rule in rules:
        if rule.subject is None:
            tree.emit(3, card.parts[rule.number], "r")
            source.add(3, "if r > 0:", f" h += {card.worths[rule.number]}")
            source.add(3, "elif r == 0:", f" u += {1 << rule.number}")
    source.add(2, "except faults:", " h, u = walk(values)", "hold(h)", "miss(u)")
    source.add(1, "return held, unknown")
    return source.maker("rows")


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
    source: Source,
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
    source.load(3, asked[0][0].field.key)
    if kind is bool:
        for value in (True, False):
            act = plus("h", _worth_of(value, asked))
            source.add(3, f"{'if' if value else 'elif'} v is {value}:", f" {act or 'pass'}")
        otherwise(source, 3, unknown)
    elif kind is not str:
        source.add(3, f"if {PLAIN[kind]}:", *(f" {line}" for line in _ladder(source, asked)))
        otherwise(source, 3, unknown)
    elif all(_is_choice(condition) and wanted is Answer.YES for condition, wanted, _ in asked):
        options = {option for condition, _, _ in asked for option in condition.operand}  # type: ignore[union-attr]
        worth_of = source.called({option: _worth_of(option, asked) for option in options}.get)
        source.add(3, f"w = {worth_of}(v)", "if w is not None:", " h += w", "elif type(v) is str:")
        source.add(4, "pass")
        otherwise(source, 3, unknown)
    else:
        tests = [
            (test_of(source, condition), *((worth, 0) if wanted is Answer.YES else (0, worth)))
            for condition, wanted, worth in asked
        ]
        recall(source, 3, "h", unknown, tests)


_Asked = Sequence[tuple[Condition, Answer, int]]


def _is_choice(condition: Condition) -> bool:
    return condition.operator is Operator.IS_ONE_OF and condition.case is Case.EXACT


def _worth_of(value: Any, asked: _Asked) -> int:
    return sum(worth for condition, wanted, worth in asked if condition.answer(value) is wanted)


def _ladder(source: Source, asked: _Asked) -> list[str]:
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
                f" {plus('h', worths[step]) or 'pass'}",
            ]
    if not lines:
        return [plus("h", worths[0]) or "pass"]
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
