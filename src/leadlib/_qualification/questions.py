"""What to ask next: the questions that can still change the outcome, per cost of asking."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import accumulate
from math import erfc, prod, sqrt
from operator import mul

import attrs

from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    Reaches,
    answer,
    children,
)
from leadlib._qualification.totals import Total
from leadlib.errors import InvalidValue, UnknownName

__all__ = ["Question", "ranked"]

Answers = Mapping[Condition, Answer]


@attrs.frozen(kw_only=True)
class Question:
    """
    One open question and what its answer is worth.

    Args:
        key: The field, event or evidence that is not known.
        influence: The probability that this answer alone decides.
        cost: What asking costs.
    """

    key: str
    influence: float
    cost: float

    @property
    def worth(self) -> float:
        """Influence per cost: what the ranking is by."""
        return self.influence / self.cost

    def __str__(self) -> str:
        return f"{self.key}: decides with probability {self.influence:.2f}, costs {self.cost:g}"


def ranked(
    requirement: Criterion,
    veto: Criterion | None,
    answers: Answers,
    *,
    costs: Mapping[str, float | Decimal],
    odds: Mapping[str, float],
) -> tuple[Question, ...]:
    """The questions behind an undecided outcome, the one worth most first, then in order."""
    _check(costs, odds, [condition.field.key for condition in answers])
    weigh = _Weigher(answers=answers, odds=odds)
    free = 1.0 if veto is None else 1 - weigh.chance(veto)
    weigh.spread(requirement, free)
    if veto is not None:
        weigh.spread(veto, weigh.chance(requirement))
    questions = [
        Question(key=key, influence=min(share, 1.0), cost=float(costs.get(key, 1)))
        for key, share in weigh.influence.items()
    ]
    return tuple(sorted(questions, key=lambda question: -question.worth))


def _check(
    costs: Mapping[str, float | Decimal], odds: Mapping[str, float], keys: Sequence[str]
) -> None:
    for name, given in (("costs", costs), ("odds", odds)):
        for key, number in given.items():
            if key not in keys:
                legal, got = dict.fromkeys(keys), repr(key)[:64]
                raise UnknownName(
                    expected="something that is asked", got=got, where=name, legal=legal
                )
            _check_number(number, f"{name}.{key}", least=0 if name == "odds" else None)


def _check_number(number: object, where: str, *, least: int | None) -> None:
    """Odds go from 0 to 1, costs are above 0."""
    is_number = isinstance(number, int | float | Decimal) and not isinstance(number, bool)
    if least is None and not (is_number and 0 < number < float("inf")):  # type: ignore[operator]
        raise InvalidValue(expected="a cost above 0", got="another", where=where)
    if least is not None and not (is_number and 0 <= number <= 1):  # type: ignore[operator]
        raise InvalidValue(expected="odds from 0 to 1", got="others", where=where)


@attrs.define(kw_only=True)
class _Weigher:
    """Spreads the weight of a decision over the open questions below it."""

    answers: Answers
    odds: Mapping[str, float]
    influence: dict[str, float] = attrs.field(factory=lambda: defaultdict(float))
    _known: dict[int, float] = attrs.field(factory=dict)

    def chance(self, criterion: Criterion) -> float:
        """How likely a yes is, if every open question is answered by a toss of its own coin."""
        key = id(criterion)  # the tree lives as long as this
        if key not in self._known:
            self._known[key] = self._chance(criterion)
        return self._known[key]

    def _chance(self, criterion: Criterion) -> float:
        match criterion:
            case Condition():
                given = self.answers[criterion]
                return (given + 1) / 2 if given else self.odds.get(criterion.field.key, 0.5)
            case Not(part=part):
                return 1 - self.chance(part)
            case Named(part=part):
                return self.chance(part)
            case AllOf(parts=parts):
                return prod(self.chance(part) for part in parts)
            case AnyOf(parts=parts):
                return 1 - prod(1 - self.chance(part) for part in parts)
            case AtLeast(count=count, parts=parts):
                return _at_least(count, [self.chance(part) for part in parts])
        return (answer(criterion, self.answers) + 1) / 2

    def spread(self, criterion: Criterion, weight: float) -> None:
        """Give each open question below its share; what is decided asks nothing more."""
        if answer(criterion, self.answers) is not Answer.UNKNOWN:
            return
        parts = children(criterion)
        if isinstance(criterion, Condition):
            if not isinstance(criterion.field, Total):
                self.influence[criterion.field.key] += weight
                return
            parts = criterion.field.card.parts
        for part, share in zip(parts, self._pivotal(criterion, parts), strict=True):
            if share or not isinstance(criterion, Reaches | Condition):  # no points, no question
                self.spread(part, weight * share)

    def _pivotal(self, criterion: Criterion, parts: Sequence[Criterion]) -> list[float]:
        """For each part, how likely the others leave the decision to it."""
        chances = [self.chance(part) for part in parts]
        match criterion:
            case AllOf():
                return _products_of_others(chances)
            case AnyOf():
                return _products_of_others([1 - chance for chance in chances])
            case AtLeast(count=count) if len(parts) <= _EXACT:
                return [
                    _spread_of(chances[:i] + chances[i + 1 :])[count - 1] for i in range(len(parts))
                ]
            case Reaches(card=card) | Condition(field=Total(card=card)):
                return card.weights()
        return [1 / len(parts)] * len(parts)  # the only part, or one of too many to tell apart


_EXACT = 64


def _products_of_others(factors: Sequence[float]) -> list[float]:
    """For each place, the product of all others: from the left times from the right."""
    left = list(accumulate(factors[:-1], mul, initial=1.0))
    right = list(accumulate(factors[:0:-1], mul, initial=1.0))
    return [a * b for a, b in zip(left, reversed(right), strict=True)]


def _at_least(count: int, chances: Sequence[float]) -> float:
    """The probability of so many; of many parts by the normal curve, which is near enough."""
    if len(chances) <= _EXACT:
        return sum(_spread_of(chances)[count:])
    mean, variance = sum(chances), sum(chance * (1 - chance) for chance in chances)
    if not variance:
        return float(mean >= count)
    return erfc((count - 0.5 - mean) / sqrt(2 * variance)) / 2


def _spread_of(chances: Sequence[float]) -> list[float]:
    """The distribution of how many of independent events happen."""
    spread = [1.0]
    for chance in chances:
        missed = [p * (1 - chance) for p in spread]
        hit = [p * chance for p in spread]
        spread = [a + b for a, b in zip([*missed, 0.0], [0.0, *hit], strict=True)]
    return spread
