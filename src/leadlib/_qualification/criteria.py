"""
Criteria: conditions and their combination, all inert data.

A criterion knows no engine; functions over the tree judge, describe, compile and store it.  *And*
is the minimum of Kleene's values, *or* the maximum, *not* the sign.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Never, Protocol

import attrs

from leadlib import _fields, _text, limits
from leadlib._periods import Period
from leadlib._qualification.answers import Answer, at_least
from leadlib._qualification.operators import Case, Operator, holds
from leadlib._qualification.values import canonical, is_number, shown, usable
from leadlib.errors import AmbiguousTruth, InvalidValue, LimitExceeded, UnknownName
from leadlib.model import FactValue

__all__ = [
    "AllOf",
    "AnyOf",
    "AtLeast",
    "Condition",
    "Criterion",
    "Named",
    "Not",
    "Reaches",
    "Subject",
    "Voice",
    "answer",
    "as_criterion",
    "check_sizes",
    "children",
    "conditions_of",
    "describe",
    "named_in",
    "resolved",
]

Operand = FactValue | Period | tuple[FactValue, ...]


class Criterion:
    """
    What a lead is asked for: a condition or a combination; combine with ``&``, ``|`` and ``~``.

    Example:
        >>> from leadlib import Field
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

    def named(
        self, name: str, *, why: str | None = None, heard_from: "Iterable[Voice | str]" = ()
    ) -> "Criterion":
        """
        Give the criterion a name, the reason for it, and whom it was learnt from (004-25).

        Example:
            >>> from leadlib import Field
            >>> decider = Field("title", str).has_word("chief", "head").named(
            ...     "decider", why="others cannot sign", heard_from=["sales", "customers"])
            >>> print(decider)
            decider (title has a word of 'chief', 'head')
        """
        return Named(name=name, part=self, why=why, heard_from=heard_from)


def _parts(criterion: object, kind: type["AllOf | AnyOf"]) -> tuple[Criterion, ...]:
    """A chain of one operator is one wide node: long chains stay flat."""
    _check_criterion(criterion)
    return criterion.parts if isinstance(criterion, kind) else (criterion,)  # type: ignore[return-value]


def as_criterion(value: Any) -> Criterion:
    """A criterion, or an error that says what was probably meant."""
    _check_criterion(value)
    return value  # type: ignore[no-any-return]  # as just checked


def _check_criterion(value: object) -> None:
    if not isinstance(value, Criterion):
        hint: tuple[str, ...] = ()
        if isinstance(value, bool):
            hint = ("field.equals(value) instead of ==",)
        elif isinstance(value, Subject):
            hint = ("field.is_true()", "field >= 1")
        raise InvalidValue(expected="a criterion", got=_text.kind_of(value), legal=hint)


class Subject:
    """
    What a condition is about: a field that people are asked for, or what the inquiries show.

    *key* names its value wherever it is looked up: in the facts of a lead, in a column of a frame.
    """

    __slots__ = ()

    @property
    def key(self) -> str:
        """What its value is found by."""
        raise NotImplementedError

    @property
    def kind(self) -> type:
        """The type of its value."""
        raise NotImplementedError

    @property
    def unit(self) -> str | None:
        """What a number counts."""
        raise NotImplementedError

    @property
    def is_only_given(self) -> bool:
        """Whether it is yes or unknown, and never no."""
        return False


@attrs.frozen(kw_only=True, cache_hash=True)
class Condition(Criterion):
    """One question to one field; :class:`Field` makes it by its operators."""

    field: Subject
    operator: Operator
    operand: Operand
    case: Case = Case.EXACT

    __str__ = Criterion.__str__
    depth = size = 1

    def __attrs_post_init__(self) -> None:
        check_condition(self)

    def answer(self, value: FactValue | None) -> Answer:
        """
        Judge one value; what was not said, or said in another type, is unknown.

        A condition on time before or after *now* is resolved first: :func:`resolved`.
        """
        value = usable(self.field.kind, value)
        if value is None:
            return Answer.UNKNOWN
        return Answer.YES if holds(self.operator, value, self.operand, self.case) else Answer.NO


def check_condition(condition: "Condition") -> None:
    """
    Refuse a condition that no reader would take, however it was made: signatures are over meaning.
    """
    field, operator, operand = condition.field, condition.operator, condition.operand
    _fields.check_type(field, Subject, "field")
    _fields.check_type(operator, Operator, "operator")
    _fields.check_type(condition.case, Case, "case")
    kinds = _KINDS_OF.get(operator, (str,))
    if operator is not Operator.IS_ONE_OF and field.kind not in kinds:
        expected = f"a field for {operator.value!r}"
        raise InvalidValue(expected=expected, got=field.kind.__name__, where=field.key)
    if condition.case is not Case.EXACT and not (field.kind is str and operator.takes_many):
        raise InvalidValue(expected="case on text only", got=operator.value, where=field.key)
    if operator.is_relative:
        _fields.check_type(operand, Period, field.key)
        return
    many = operator.takes_many or operator is Operator.BETWEEN
    values = operand if many and isinstance(operand, tuple) and operand else (operand,)
    kept = [canonical(field.kind, value, where=field.key) for value in values]
    same = [*map(_told_apart, kept)] == [*map(_told_apart, values)]
    if not same or many is not isinstance(operand, tuple):
        raise InvalidValue(expected="canonical values", got="others", where=field.key)
    if operator.is_on_text and any(len(str(v)) > limits.ID_CHARACTERS for v in values):
        expected = f"at most {limits.ID_CHARACTERS} characters to look for"
        raise LimitExceeded(expected=expected, got="more", where=field.key)
    if operator is Operator.BETWEEN and not (len(values) == 2 and values[0] <= values[1]):  # type: ignore[operator]  # noqa: PLR2004
        raise InvalidValue(expected="low <= high", got="another", where=field.key)
    if field.is_only_given and operand != (True,):
        raise InvalidValue(expected="evidence that is given", got="another", where=field.key)


def _told_apart(value: object) -> tuple[type, object]:
    return type(value), value


_ORDERED = (int, Decimal, date, datetime)
_KINDS_OF: dict[Operator, tuple[type, ...]] = {
    **dict.fromkeys(
        (
            Operator.AT_LEAST,
            Operator.AT_MOST,
            Operator.MORE_THAN,
            Operator.LESS_THAN,
            Operator.BETWEEN,
        ),
        _ORDERED,
    ),
    **dict.fromkeys(
        (Operator.WITHIN_LAST, Operator.WITHIN_NEXT, Operator.OLDER_THAN), (date, datetime)
    ),
}


def _some(_: object, __: object, parts: tuple[Criterion, ...]) -> None:
    if not parts:
        raise InvalidValue(expected="at least one criterion", got="none")


def _as_parts(parts: Iterable[Criterion]) -> tuple[Criterion, ...]:
    parts = tuple(parts)
    for part in parts:
        _check_criterion(part)
    return parts


def _depth(node: Any) -> int:
    """How deep a tree is, known as it grows, so that nothing ever has to climb too deep."""
    depth: int = 1 + max((part.depth for part in _inner(node)), default=0)
    if depth > limits.DEFINITION_DEPTH:
        expected = f"at most {limits.DEFINITION_DEPTH} levels"
        raise LimitExceeded(expected=expected, got="more")
    return depth


def _size(node: Any) -> int:
    """How many nodes a walk meets: parts used twice count twice, or they would multiply unseen."""
    size: int = 1 + sum(part.size for part in _inner(node))
    if size > limits.DEFINITION_NODES:
        raise LimitExceeded(expected=f"at most {limits.DEFINITION_NODES} nodes", got="more")
    return size


def check_sizes(criteria: Iterable[Any]) -> None:
    """Refuse more nodes than a definition may have, in all its criteria together."""
    if sum(criterion.size for criterion in criteria) > limits.DEFINITION_NODES:
        raise LimitExceeded(expected=f"at most {limits.DEFINITION_NODES} nodes", got="more")


def _inner(node: Any) -> tuple[Any, ...]:
    return node.parts if hasattr(node, "parts") else (node.part,)


def _grown(measure: Any) -> Any:
    default = attrs.Factory(measure, takes_self=True)
    return attrs.field(init=False, repr=False, eq=False, default=default)


@attrs.frozen(kw_only=True)
class AllOf(Criterion):
    """Yes if all parts are; made by ``&``."""

    parts: tuple[Criterion, ...] = attrs.field(converter=_as_parts, validator=_some)
    depth: int = _grown(_depth)
    size: int = _grown(_size)
    __str__ = Criterion.__str__


@attrs.frozen(kw_only=True)
class AnyOf(Criterion):
    """Yes if any part is; made by ``|``."""

    parts: tuple[Criterion, ...] = attrs.field(converter=_as_parts, validator=_some)
    depth: int = _grown(_depth)
    size: int = _grown(_size)
    __str__ = Criterion.__str__


@attrs.frozen(kw_only=True)
class AtLeast(Criterion):
    """
    Yes if at least *count* of the parts are: three of the four of BANT.

    Example:
        >>> from leadlib import Field
        >>> said = [Field(name, bool).is_true() for name in ("budget", "need", "timeline")]
        >>> print(AtLeast(count=2, parts=said))
        at least 2 of (budget is yes, need is yes, timeline is yes)
    """

    count: int = attrs.field()
    parts: tuple[Criterion, ...] = attrs.field(converter=_as_parts, validator=_some)
    depth: int = _grown(_depth)
    size: int = _grown(_size)
    __str__ = Criterion.__str__

    def __attrs_post_init__(self) -> None:
        if not _fields.is_whole(self.count) or not 1 <= self.count <= len(self.parts):
            expected = f"a count from 1 to {len(self.parts)}, as many as there are parts"
            raise InvalidValue(expected=expected, got="another")


@attrs.frozen(kw_only=True)
class Not(Criterion):
    """The opposite, and unknown where the part is; made by ``~``."""

    part: Criterion = attrs.field(converter=as_criterion)
    depth: int = _grown(_depth)
    size: int = _grown(_size)
    __str__ = Criterion.__str__


class Voice(StrEnum):
    """
    Whom a criterion was learnt from: the five groups to interview (seed 004).

    Example:
        >>> len(Voice)
        5
    """

    SALES = "sales"
    CHANNELS = "channels"
    ANALYSTS = "analysts"
    CUSTOMERS = "customers"
    NON_CUSTOMERS = "non-customers"


def _as_voices(voices: object) -> tuple[Voice, ...]:
    if isinstance(voices, str | Mapping) or not isinstance(voices, Iterable):
        raise InvalidValue(expected="a list of those heard", got=_text.kind_of(voices))
    taken = {_as_voice(voice) for voice in voices}
    return tuple(voice for voice in Voice if voice in taken)


def _as_voice(voice: object) -> Voice:
    legal = [known.value for known in Voice]
    if not isinstance(voice, str) or voice not in legal:
        got = repr(voice)[:64] if isinstance(voice, str) else _text.kind_of(voice)
        raise UnknownName(expected="somebody to be heard", got=got, legal=legal)
    return Voice(voice)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Named(Criterion):
    """A criterion with a name of its own; it answers as its part does.  Made by ``named``."""

    name: str = attrs.field(converter=_fields.identifier)
    part: Criterion = attrs.field(converter=as_criterion)
    why: str | None = attrs.field(default=None, converter=_fields.words)
    heard_from: tuple[Voice, ...] = attrs.field(default=(), converter=_as_voices)
    depth: int = _grown(_depth)
    size: int = _grown(_size)
    __str__ = Criterion.__str__


class Card(Protocol):
    """What a criterion must know of a score: its parts, and whether answers to them suffice."""

    @property
    def parts(self) -> tuple[Criterion, ...]: ...

    @property
    def at_least(self) -> Any: ...

    def reached(self, given: Sequence[Answer]) -> Answer: ...

    def weights(self) -> list[float]: ...


@attrs.frozen(kw_only=True)
class Reaches(Criterion):
    """Yes if a score reaches its threshold, whatever is still unknown; a definition makes it."""

    name: str
    card: Card
    depth: int = _grown(_depth)
    size: int = _grown(_size)
    __str__ = Criterion.__str__

    @property
    def parts(self) -> tuple[Criterion, ...]:
        """The criteria of the rules."""
        return self.card.parts


def answer(criterion: Criterion, answers: Mapping[Condition, Answer]) -> Answer:
    """Combine the answers of the conditions by Kleene's rules: the plain form of every engine."""
    match criterion:
        case Condition():
            return answers[criterion]
        case AllOf(parts=parts):
            return min(answer(part, answers) for part in parts)
        case AnyOf(parts=parts):
            return max(answer(part, answers) for part in parts)
        case AtLeast(count=count, parts=parts):
            return at_least(count, (answer(part, answers) for part in parts))
        case Not(part=part):
            return Answer(-answer(part, answers))
        case Named(part=part):
            return answer(part, answers)
        case Reaches(card=card):
            return card.reached([answer(part, answers) for part in card.parts])
    raise _foreign(criterion)


def children(criterion: Criterion) -> tuple[Criterion, ...]:
    """The parts of a node; a condition has none."""
    match criterion:
        case AllOf() | AnyOf() | AtLeast() | Reaches():
            return criterion.parts
        case Not(part=part) | Named(part=part):
            return (part,)
        case Condition():
            return ()
    raise _foreign(criterion)


def conditions_of(criterion: Criterion) -> Iterator[Condition]:
    """Yield the conditions from left to right."""
    if isinstance(criterion, Condition):
        yield criterion
    for part in children(criterion):
        yield from conditions_of(part)


def named_in(criterion: Criterion) -> Iterator[Named]:
    """Yield the named criteria, inner ones after the one that holds them."""
    if isinstance(criterion, Named):
        yield criterion
    for part in children(criterion):
        yield from named_in(part)


def resolved(condition: Condition, now: datetime | None) -> Condition:
    """
    A condition without *now*: ``within the last 30 days`` becomes a range of instants.

    Raises:
        InvalidValue: The condition is about now, and nobody said when that is.
    """
    if not isinstance(condition.operand, Period):
        return condition
    if now is None:
        got = f"none, and {describe(condition)!r} depends on it"
        raise InvalidValue(expected="an instant", got=got, where="now")
    span = condition.operand
    match condition.operator:
        case Operator.WITHIN_LAST:
            bounds = (span.before(now), now)
        case Operator.WITHIN_NEXT:
            bounds = (now, span.after(now))
        case _:
            bound = _bound(span.before(now), condition.field.kind)
            return attrs.evolve(condition, operator=Operator.LESS_THAN, operand=bound)
    operand = tuple(_bound(bound, condition.field.kind) for bound in bounds)
    return attrs.evolve(condition, operator=Operator.BETWEEN, operand=operand)


def _bound(at: datetime, kind: type) -> FactValue:
    """A date is asked in the zone that *now* was given in."""
    return at.astimezone(UTC) if kind is datetime else at.date()


def describe(criterion: Criterion) -> str:
    """The criterion in one line of plain words."""
    match criterion:
        case Condition():
            return _one_condition(criterion)
        case AllOf(parts=parts):
            return " and ".join(_in_brackets(part, AnyOf) for part in parts)
        case AnyOf(parts=parts):
            return " or ".join(_in_brackets(part, AllOf) for part in parts)
        case AtLeast(count=count, parts=parts):
            return f"at least {count} of ({', '.join(map(describe, parts))})"
        case Not(part=part):
            return f"not ({describe(part)})"
        case Named(name=name, part=part):
            return f"{name} ({describe(part)})"
        case Reaches(name=name, card=card):
            return f"{name} >= {card.at_least} points"
    raise _foreign(criterion)


def _in_brackets(part: Criterion, kind: type[Criterion]) -> str:
    return f"({describe(part)})" if isinstance(part, kind) else describe(part)


_SIGN_OF_ONE = {
    Operator.IS_ONE_OF: "is",
    Operator.CONTAINS_ANY: "contains",
    Operator.STARTS_WITH_ANY: "starts with",
    Operator.HAS_WORD: "has the word",
}


def _one_condition(condition: Condition) -> str:
    field, operator, operand = condition.field, condition.operator, condition.operand
    unit = f" {field.unit}" if field.unit and is_number(field.kind) else ""
    case = " in any case" if condition.case is Case.IGNORED else ""
    if isinstance(operand, Period):
        ago = " ago" if operator is Operator.OLDER_THAN else ""
        return f"{field.key} {operator.sign} {operand}{ago}"
    if not isinstance(operand, tuple):
        return f"{field.key} {operator.sign} {shown(operand)}{unit}"
    if operator is Operator.BETWEEN:
        return f"{field.key} {operator.sign} {shown(operand[0])} to {shown(operand[1])}{unit}"
    options = ", ".join(map(shown, operand))
    sign = operator.sign if len(operand) > 1 else _SIGN_OF_ONE[operator]
    return f"{field.key} {sign} {options}{unit}{case}"


def _foreign(criterion: object) -> InvalidValue:
    return InvalidValue(expected="a criterion made of fields", got=_text.kind_of(criterion))
