"""
One walk over the tree of criteria for every engine; each says what its answers are made of.

*At least so many of* and *enough points* are one and the same: a sum of whole numbers that is
certain to reach a bound, may still reach it, or cannot.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from math import lcm
from typing import Any, Protocol, TypeVar

import attrs

from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    Reaches,
)
from leadlib.errors import LimitExceeded

__all__ = ["Algebra", "Arithmetic", "Tally", "balanced", "bounds_of", "folded"]

T = TypeVar("T")
_LARGEST = 2**62


@attrs.frozen(kw_only=True)
class Tally:
    """A threshold in whole numbers: the points of each part, their caps, and the bound."""

    points: tuple[int, ...]
    groups: tuple[str | None, ...]
    caps: dict[str, int]
    most: int | None
    least: int | None
    at_least: int

    @classmethod
    def of(cls, criterion: AtLeast | Reaches) -> "Tally":
        """The tally of a node that counts."""
        if isinstance(criterion, AtLeast):
            count = len(criterion.parts)
            return cls(
                points=(1,) * count,
                groups=(None,) * count,
                caps={},
                most=None,
                least=None,
                at_least=criterion.count,
            )
        return cls._of_card(criterion.card)

    @classmethod
    def _of_card(cls, card: Any) -> "Tally":
        rules = [rule for rule, _ in card.criteria]
        numbers = [*(rule.points for rule in rules), *card.caps.values()]
        numbers += [n for n in (card.most, card.least, card.at_least) if n is not None]
        scale = lcm(*(Fraction(number).denominator for number in numbers))
        if scale * sum(abs(Fraction(number)) for number in numbers) > _LARGEST:
            expected = "points whose sum is exact in 62 bits"
            raise LimitExceeded(expected=expected, got="finer or larger ones", where="score")

        def whole(number: Any) -> Any:
            return None if number is None else int(Fraction(number) * scale)

        return cls(
            points=tuple(whole(rule.points) for rule in rules),
            groups=tuple(rule.group if rule.group in card.caps else None for rule in rules),
            caps={group: whole(cap) for group, cap in card.caps.items()},
            most=whole(card.most),
            least=whole(card.least),
            at_least=whole(card.at_least),
        )


class Arithmetic(Protocol[T]):
    """What an engine must do with numbers."""

    def weigh(self, given: Any, yes: int, unknown: int, no: int) -> T:
        """One of three numbers, by the answer."""

    def total(self, numbers: Sequence[T]) -> T:
        """The sum; 0 of none."""

    def at_most(self, number: T, cap: int) -> T:
        """The smaller of both."""

    def at_least(self, number: T, floor: int) -> T:
        """The larger of both."""

    def where_any(self, count: T, number: T) -> T:
        """The number where the count is above 0, otherwise 0."""


class Algebra(Protocol[T]):
    """What an engine must do with answers."""

    def condition(self, condition: Condition) -> T:
        """The answers to one condition."""

    def all_of(self, parts: Sequence[T]) -> T:
        """Kleene's *and*."""

    def any_of(self, parts: Sequence[T]) -> T:
        """Kleene's *or*."""

    def negated(self, part: T) -> T:
        """Kleene's *not*."""

    def counted(self, tally: Tally, parts: Sequence[T]) -> T:
        """Whether the bound of the tally is reached."""


def folded(criterion: Criterion, algebra: Algebra[T]) -> T:
    """The answers to a criterion, put together by an engine."""
    match criterion:
        case Condition():
            return algebra.condition(criterion)
        case Not(part=part):
            return algebra.negated(folded(part, algebra))
        case Named(part=part):
            return folded(part, algebra)
        case AllOf(parts=parts):
            return algebra.all_of([folded(part, algebra) for part in parts])
        case AnyOf(parts=parts):
            return algebra.any_of([folded(part, algebra) for part in parts])
        case AtLeast(parts=parts) | Reaches(parts=parts):
            return algebra.counted(Tally.of(criterion), [folded(part, algebra) for part in parts])
    raise TypeError(criterion)


def balanced(combine: Callable[[T, T], T], parts: Sequence[T]) -> T:
    """Combine in pairs: a chain of a thousand would be a thousand deep, and engines have limits."""
    while len(parts) > 1:
        parts = [reduce(combine, parts[i : i + 2]) for i in range(0, len(parts), 2)]
    return parts[0]


def bounds_of(tally: Tally, parts: Sequence[Any], engine: Arithmetic[T]) -> tuple[T, T]:
    """The least and the most that it can come to, whatever the unknown turns out to be."""
    return _bound(tally, parts, engine, min), _bound(tally, parts, engine, max)


def _bound(
    tally: Tally, parts: Sequence[Any], engine: Arithmetic[T], guess: Callable[[int, int], int]
) -> T:
    groups: dict[str | None, list[T]] = {}
    given: dict[str | None, list[T]] = {}
    for points, group, part in zip(tally.points, tally.groups, parts, strict=True):
        number = engine.weigh(part, points, guess(points, 0), 0)
        groups.setdefault(group, []).append(number)
        if group is not None and tally.caps[group] < 0:  # caps only what is there
            given.setdefault(group, []).append(engine.weigh(part, 1, 1, 0))
    numbers = []
    for group, found in groups.items():
        number = engine.total(found)
        if group is not None:
            number = engine.at_most(number, tally.caps[group])
        if group in given:
            number = engine.where_any(engine.total(given[group]), number)
        numbers.append(number)
    number = engine.total(numbers)
    if tally.most is not None:
        number = engine.at_most(number, tally.most)
    return number if tally.least is None else engine.at_least(number, tally.least)
