"""
Criteria: typed fields, conditions on them, and their combination, all inert data.

Answers are Kleene's three values as -1, 0, 1: *and* is the minimum, *or* the maximum, *not* the
sign. A criterion knows no engine; functions over the tree judge, describe and store it.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, Never

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib.errors import AmbiguousTruth, InvalidValue, LimitExceeded
from leadlib.model import FactValue

__all__ = [
    "AllOf",
    "Answer",
    "AnyOf",
    "Criterion",
    "Field",
    "Not",
    "Operator",
    "Condition",
    "answer",
    "describe",
    "fits",
    "conditions_of",
]


class Answer(IntEnum):
    """
    Yes, no, or not known; the order makes *and* a minimum and *or* a maximum.

    Example:
        >>> min(Answer.YES, Answer.UNKNOWN), max(Answer.YES, Answer.UNKNOWN)
        (<Answer.UNKNOWN: 0>, <Answer.YES: 1>)
    """

    NO = -1
    UNKNOWN = 0
    YES = 1

    @property
    def mark(self) -> str:
        """The answer as it stands in a printed verdict."""
        return {1: "yes", 0: "?", -1: "no"}[self]


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
    IS_ONE_OF = "is_one_of"
    CONTAINS_ANY = "contains_any"

    @property
    def sign(self) -> str:
        """How it prints."""
        return _SIGNS[self]

    @property
    def takes_many(self) -> bool:
        """Whether its operand is a tuple of values."""
        return self in {Operator.IS_ONE_OF, Operator.CONTAINS_ANY}


_SIGNS = {
    Operator.AT_LEAST: ">=",
    Operator.AT_MOST: "<=",
    Operator.MORE_THAN: ">",
    Operator.LESS_THAN: "<",
    Operator.IS_ONE_OF: "is one of",
    Operator.CONTAINS_ANY: "contains any of",
}
_SIGN_OF_ONE = {Operator.IS_ONE_OF: "is", Operator.CONTAINS_ANY: "contains"}
_HOLDS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.AT_LEAST: lambda value, bound: value >= bound,
    Operator.AT_MOST: lambda value, bound: value <= bound,
    Operator.MORE_THAN: lambda value, bound: value > bound,
    Operator.LESS_THAN: lambda value, bound: value < bound,
    Operator.IS_ONE_OF: lambda value, options: value in options,
    Operator.CONTAINS_ANY: lambda value, parts: any(part in value for part in parts),
}


def fits(kind: type, value: object) -> bool:
    """Say whether a value is of a field's type; yes/no is no number, and an instant is no date."""
    if kind in {int, float, Decimal}:
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if kind is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, kind)


def canonical(kind: type, value: object, *, where: str) -> FactValue:
    """
    A value as definitions keep it: what means the same is the same, and hashes the same.

    Text is clean, instants are in UTC, numbers are exact and in the type of their field.
    """
    try:
        if fits(kind, value):
            if isinstance(value, str):
                return _text.clean(value)
            if isinstance(value, datetime):
                return _instants.aware(value)
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
                return _number(kind, value)
            if isinstance(value, bool | date):
                return value
    except InvalidValue as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None
    expected = f"a value of type {kind.__name__}"
    raise InvalidValue(expected=expected, got=_text.kind_of(value), where=where)


def _number(kind: type, value: float | Decimal) -> int | Decimal:
    number = _fields.finite(value)
    if kind is not int:
        return Decimal(number)
    if number != int(number):
        raise InvalidValue(expected="a whole number", got="one with a fraction")
    return int(number)


class Criterion:
    """
    What a lead is asked for: a condition or a combination; combine with ``&``, ``|`` and ``~``.

    Example:
        >>> staff, budget = Field("staff", int), Field("budget", int, unit="EUR")
        >>> print((staff >= 50) | (budget >= 10_000))
        staff >= 50 or budget >= 10000 EUR
        >>> staff >= 50 and budget >= 10_000
        Traceback (most recent call last):
            ...
        leadlib.errors.AmbiguousTruth: expected a lead to judge, got the truth of 'staff >= 50'; \
legal: & | ~ instead of and, or, not, field.between(a, b) instead of a <= field <= b
    """

    __slots__ = ()

    def __and__(self, other: "Criterion") -> "Criterion":
        return AllOf(parts=(*_parts(self, AllOf), *_parts(other, AllOf)))

    def __or__(self, other: "Criterion") -> "Criterion":
        return AnyOf(parts=(*_parts(self, AnyOf), *_parts(other, AnyOf)))

    def __invert__(self) -> "Criterion":
        return self.part if isinstance(self, Not) else Not(part=self)

    def __bool__(self) -> Never:
        raise AmbiguousTruth(
            expected="a lead to judge",
            got=f"the truth of {describe(self)!r}",
            legal=(
                "& | ~ instead of and, or, not",
                "field.between(a, b) instead of a <= field <= b",
            ),
        )

    def __str__(self) -> str:
        return describe(self)


def _parts(criterion: object, kind: type["AllOf | AnyOf"]) -> tuple[Criterion, ...]:
    """A chain of one operator is one wide node: long chains stay flat."""
    if not isinstance(criterion, Criterion):
        hint = ("field.equals(value) instead of ==",) if isinstance(criterion, bool) else ()
        raise InvalidValue(expected="a criterion", got=_text.kind_of(criterion), legal=hint)
    return criterion.parts if isinstance(criterion, kind) else (criterion,)


@attrs.frozen(kw_only=True, cache_hash=True)
class Condition(Criterion):
    """One question to one field; :class:`Field` makes it by its operators."""

    field: "Field"
    operator: Operator
    operand: FactValue | tuple[FactValue, ...]

    __str__ = Criterion.__str__

    def answer(self, value: FactValue | None) -> Answer:
        """Judge one value; what was not said, or said in another type, is unknown."""
        if value is None or not fits(self.field.kind, value):
            return Answer.UNKNOWN
        return Answer.YES if _HOLDS[self.operator](value, self.operand) else Answer.NO


def _some(_: object, __: object, parts: tuple[Criterion, ...]) -> None:
    if not parts:
        raise InvalidValue(expected="at least one criterion", got="none")


def _depth(node: "AllOf | AnyOf | Not") -> int:
    """How deep a tree is, known as it grows, so that nothing ever has to climb too deep."""
    parts = (node.part,) if isinstance(node, Not) else node.parts
    depth = 1 + max((getattr(part, "depth", 1) for part in parts), default=0)
    if depth > limits.DEFINITION_DEPTH:
        expected = f"at most {limits.DEFINITION_DEPTH} levels"
        raise LimitExceeded(expected=expected, got="more")
    return depth


_DEPTH_OF_PARTS: Any = attrs.Factory(_depth, takes_self=True)


@attrs.frozen(kw_only=True)
class AllOf(Criterion):
    """Yes if all parts are; made by ``&``."""

    parts: tuple[Criterion, ...] = attrs.field(validator=_some)
    depth: int = attrs.field(init=False, repr=False, eq=False, default=_DEPTH_OF_PARTS)
    __str__ = Criterion.__str__


@attrs.frozen(kw_only=True)
class AnyOf(Criterion):
    """Yes if any part is; made by ``|``."""

    parts: tuple[Criterion, ...] = attrs.field(validator=_some)
    depth: int = attrs.field(init=False, repr=False, eq=False, default=_DEPTH_OF_PARTS)
    __str__ = Criterion.__str__


@attrs.frozen(kw_only=True)
class Not(Criterion):
    """The opposite, and unknown where the part is; made by ``~``."""

    part: Criterion
    depth: int = attrs.field(init=False, repr=False, eq=False, default=_DEPTH_OF_PARTS)
    __str__ = Criterion.__str__


_TYPES = (str, bool, int, Decimal, date, datetime)  # and float, which is kept as Decimal


def _known_type(_: object, __: object, value: type) -> None:
    if value not in _TYPES:
        legal = [kind.__name__ for kind in _TYPES]
        got = getattr(value, "__name__", _text.kind_of(value))
        raise InvalidValue(expected="a type of fact", got=repr(got), legal=legal)


def _as_kind(kind: type) -> type:
    return Decimal if kind is float else kind  # one exact kind of number: 0.3 is 0.3


def _as_name(value: object) -> str:
    try:
        return _fields.identifier(value)
    except InvalidValue as fault:
        where = "field name"
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


@attrs.frozen(order=False, cache_hash=True)
class Field:
    """
    A question with a typed answer; its operators make criteria.

    Args:
        name: The name of the fact.
        kind: ``str``, ``bool``, ``int``, ``float``, ``Decimal``, ``date`` or ``datetime``.
        unit: What a number counts; it prints and is part of the definition.

    ``==`` compares fields, as it does everywhere; ask with :meth:`equals` or :meth:`is_one_of`.

    Example:
        >>> print(Field("staff", int, unit="people").between(50, 500))
        staff >= 50 people and staff <= 500 people
    """

    name: str = attrs.field(converter=_as_name)
    kind: type = attrs.field(converter=_as_kind, validator=_known_type)
    unit: str | None = attrs.field(default=None, converter=_fields.label)

    def __ge__(self, bound: FactValue) -> Criterion:
        return self._bounded(Operator.AT_LEAST, bound)

    def __le__(self, bound: FactValue) -> Criterion:
        return self._bounded(Operator.AT_MOST, bound)

    def __gt__(self, bound: FactValue) -> Criterion:
        return self._bounded(Operator.MORE_THAN, bound)

    def __lt__(self, bound: FactValue) -> Criterion:
        return self._bounded(Operator.LESS_THAN, bound)

    def between(self, low: FactValue, high: FactValue) -> Criterion:
        """Both ends included."""
        return (self >= low) & (self <= high)

    def equals(self, value: FactValue) -> Criterion:
        """Exactly this value; text is compared with its case."""
        return self.is_one_of(value)

    def is_one_of(self, *options: FactValue) -> Criterion:
        """One of these values; text is compared with its case."""
        return Condition(field=self, operator=Operator.IS_ONE_OF, operand=self._many(options))

    def contains_any(self, *parts: str) -> Criterion:
        """Text that contains at least one of these, with its case."""
        self._needs("text", {str})
        return Condition(field=self, operator=Operator.CONTAINS_ANY, operand=self._many(parts))

    def is_true(self) -> Criterion:
        """A yes/no question answered with yes."""
        self._needs("yes/no", {bool})
        return self.is_one_of(True)  # noqa: FBT003  # the value asked for, not a switch

    def is_false(self) -> Criterion:
        """A yes/no question answered with no."""
        self._needs("yes/no", {bool})
        return self.is_one_of(False)  # noqa: FBT003  # the value asked for, not a switch

    def _bounded(self, operator: Operator, bound: FactValue) -> Criterion:
        self._needs("a number, a date or an instant", {int, float, Decimal, date, datetime})
        return Condition(field=self, operator=operator, operand=self._value(bound))

    def _many(self, values: tuple[FactValue, ...]) -> tuple[FactValue, ...]:
        if not values:
            raise InvalidValue(expected="at least one value", got="none", where=self.name)
        return tuple(self._value(value) for value in values)

    def _value(self, value: FactValue) -> FactValue:
        return canonical(self.kind, value, where=self.name)

    def _needs(self, expected: str, kinds: Collection[object]) -> None:
        if self.kind not in kinds:
            got = f"a field of type {self.kind.__name__}"
            raise InvalidValue(expected=f"a field of {expected}", got=got, where=self.name)


def answer(criterion: Criterion, answers: Mapping[Condition, Answer]) -> Answer:
    """Combine the answers of the conditions by Kleene's rules."""
    match criterion:
        case Condition():
            return answers[criterion]
        case AllOf(parts=parts):
            return min(answer(part, answers) for part in parts)
        case AnyOf(parts=parts):
            return max(answer(part, answers) for part in parts)
        case Not(part=part):
            return Answer(-answer(part, answers))
    raise _foreign(criterion)


def describe(criterion: Criterion) -> str:
    """The criterion in one line of plain words."""
    match criterion:
        case Condition(field=field, operator=operator, operand=operand):
            return _one_condition(field, operator, operand)
        case AllOf(parts=parts):
            return " and ".join(_in_brackets(part, AnyOf) for part in parts)
        case AnyOf(parts=parts):
            return " or ".join(_in_brackets(part, AllOf) for part in parts)
        case Not(part=part):
            return f"not ({describe(part)})"
    raise _foreign(criterion)


def _in_brackets(part: Criterion, kind: type[Criterion]) -> str:
    return f"({describe(part)})" if isinstance(part, kind) else describe(part)


def _one_condition(field: Field, operator: Operator, operand: object) -> str:
    unit = f" {field.unit}" if field.unit else ""
    if not isinstance(operand, tuple):
        return f"{field.name} {operator.sign} {_shown(operand)}{unit}"
    options = ", ".join(_shown(option) for option in operand)
    sign = operator.sign if len(operand) > 1 else _SIGN_OF_ONE[operator]
    return f"{field.name} {sign} {options}{unit}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return repr(value) if isinstance(value, str) else str(value)


def conditions_of(criterion: Criterion) -> Iterator[Condition]:
    """
    Yield the conditions from left to right, iteratively, and refuse trees beyond the limits.

    Raises:
        LimitExceeded: More than 5,000 nodes or 32 levels.
    """
    stack, count = [(criterion, 1)], 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > limits.DEFINITION_NODES or depth > limits.DEFINITION_DEPTH:
            expected = (
                f"{limits.DEFINITION_NODES} nodes and {limits.DEFINITION_DEPTH} levels at most"
            )
            raise LimitExceeded(expected=expected, got="more", where="$")
        if isinstance(node, Condition):
            yield node
        else:
            stack += [(part, depth + 1) for part in reversed(children(node))]


def children(criterion: Criterion) -> tuple[Criterion, ...]:
    """The parts of a node; a condition has none."""
    match criterion:
        case AllOf(parts=parts) | AnyOf(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case Condition():
            return ()
    raise _foreign(criterion)


def _foreign(criterion: object) -> InvalidValue:
    return InvalidValue(expected="a criterion made of fields", got=_text.kind_of(criterion))
