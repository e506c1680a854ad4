"""What can be asked about: fields people answer, events their inquiries show, evidence of them."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NoReturn

import attrs

from leadlib import _fields, _text
from leadlib._periods import Period
from leadlib._qualification.criteria import Condition, Criterion, Subject
from leadlib._qualification.operators import Case, Operator
from leadlib._qualification.values import KINDS, canonical
from leadlib.errors import AmbiguousTruth, InvalidValue, UnknownName
from leadlib.model import FactValue, Lead

__all__ = ["Event", "Evidence", "Field"]

Length = Period | timedelta | str


class _Ordered(Subject):
    """The operators of what is counted or dated."""

    __slots__ = ()

    def _asked_nothing(self, *_: object) -> NoReturn:
        """Refuse to combine a subject before it was asked about: brackets were forgotten."""
        legal = ("(a >= 1) & (b >= 2)", "field.is_true()")
        raise AmbiguousTruth(expected="a criterion", got=f"{self.key!r} alone", legal=legal)

    __and__ = __rand__ = __or__ = __ror__ = __invert__ = _asked_nothing

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
        self._needs(_ORDERED, _WITH_ORDER)
        bounds: Any = (self._value(low), self._value(high))
        if bounds[0] > bounds[1]:
            raise InvalidValue(expected="low <= high", got="the reverse", where=self.key)
        return Condition(field=self, operator=Operator.BETWEEN, operand=bounds)

    def _bounded(self, operator: Operator, bound: FactValue) -> Criterion:
        self._needs(_ORDERED, _WITH_ORDER)
        return Condition(field=self, operator=operator, operand=self._value(bound))

    def _value(self, value: FactValue) -> FactValue:
        return canonical(self.kind, value, where=self.key)

    def _needs(self, expected: str, kinds: Collection[object]) -> None:
        if self.kind not in kinds:
            got = f"a field of type {self.kind.__name__}"
            raise InvalidValue(expected=f"a field of {expected}", got=got, where=self.key)


_ORDERED = "a number, a date or an instant"
_WITH_ORDER = (int, Decimal, date, datetime)


def _known_type(_: object, __: object, value: Any) -> None:
    if value not in KINDS:
        legal = [*(kind.__name__ for kind in KINDS), "float"]
        got = value if isinstance(value, str) else getattr(value, "__name__", _text.kind_of(value))
        raise InvalidValue(expected="a type of fact, not its name", got=repr(got), legal=legal)


def _as_kind(kind: type) -> type:
    return Decimal if kind is float else kind  # one exact kind of number: 0.3 is 0.3


def _as_name(value: object) -> str:
    try:
        return _fields.identifier(value)
    except InvalidValue as fault:
        where = "field name"
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


def _as_case(case: object) -> Case:
    legal = [known.value for known in Case]
    if isinstance(case, str) and case in legal:
        return Case(case)
    got = repr(case)[:64] if isinstance(case, str) else _text.kind_of(case)
    raise UnknownName(expected="exact or ignored", got=got, where="case", legal=legal)


def _as_span(value: Length | None) -> Period | None:
    return None if value is None else Period.of(value)


@attrs.frozen(order=False, cache_hash=True)
class Field(_Ordered):
    """
    A question with a typed answer; its operators make criteria.

    Args:
        name: The name of the fact; ``company.size`` is the *size* within *company*.
        kind: ``str``, ``bool``, ``int``, ``float``, ``Decimal``, ``date`` or ``datetime``.
        unit: What a number counts; it prints and is part of the definition.
        said_by: Only answers given in an inquiry of this kind count, such as ``phone``: what a form
            says of a budget is a claim, what a call has confirmed is evidence (seed 003).

    ``==`` compares fields, as it does everywhere; ask with :meth:`equals` or :meth:`is_one_of`.

    Example:
        >>> print(Field("staff", int, unit="people").between(50, 500))
        staff from 50 to 500 people
    """

    name: str = attrs.field(converter=_as_name)
    kind: type = attrs.field(converter=_as_kind, validator=_known_type)
    unit: str | None = attrs.field(default=None, converter=_fields.label)
    said_by: str | None = attrs.field(default=None, converter=_fields.label, kw_only=True)

    @property
    def key(self) -> str:
        """The name of its value: its own, and by whom it must have been said."""
        return f"{self.name} (by {self.said_by})" if self.said_by else self.name

    def equals(self, value: FactValue, *, case: Case = Case.EXACT) -> Criterion:
        """Exactly this value; text letter by letter."""
        return self.is_one_of(value, case=case)

    def is_one_of(self, *options: FactValue, case: Case = Case.EXACT) -> Criterion:
        """One of these values; text letter by letter."""
        if case is not Case.EXACT:
            self._needs("text", {str})
        return self._many(Operator.IS_ONE_OF, options, case)

    def contains_any(self, *parts: str, case: Case = Case.EXACT) -> Criterion:
        """Text that contains at least one of these."""
        return self._text(Operator.CONTAINS_ANY, parts, case)

    def starts_with_any(self, *parts: str, case: Case = Case.EXACT) -> Criterion:
        """Text that starts with one of these."""
        return self._text(Operator.STARTS_WITH_ANY, parts, case)

    def has_word(self, *words: str, case: Case = Case.EXACT) -> Criterion:
        """Text in which one of these stands as a word: ``vp``, but not within ``mvp``."""
        return self._text(Operator.HAS_WORD, words, case)

    def is_true(self) -> Criterion:
        """A yes/no question answered with yes."""
        self._needs("yes/no", {bool})
        return self.is_one_of(True)  # noqa: FBT003  # the value asked for, not a switch

    def is_false(self) -> Criterion:
        """A yes/no question answered with no."""
        self._needs("yes/no", {bool})
        return self.is_one_of(False)  # noqa: FBT003  # the value asked for, not a switch

    def within_last(self, span: Length) -> Criterion:
        """A date or an instant from that long before now until now, both ends included."""
        return self._relative(Operator.WITHIN_LAST, span)

    def within_next(self, span: Length) -> Criterion:
        """A date or an instant from now until that long after, both ends included."""
        return self._relative(Operator.WITHIN_NEXT, span)

    def older_than(self, span: Length) -> Criterion:
        """A date or an instant more than that long before now."""
        return self._relative(Operator.OLDER_THAN, span)

    def _relative(self, operator: Operator, span: Length) -> Criterion:
        self._needs("a date or an instant", {date, datetime})
        length = Period.of(span)
        if self.kind is date and length.unit in {"minutes", "hours"}:
            raise InvalidValue(expected="whole days for a date", got=length.unit, where=self.key)
        return Condition(field=self, operator=operator, operand=length)

    def _text(self, operator: Operator, parts: tuple[str, ...], case: Case) -> Criterion:
        self._needs("text", {str})
        return self._many(operator, parts, case)

    def _many(self, operator: Operator, values: tuple[FactValue, ...], case: Case) -> Criterion:
        if not values:
            raise InvalidValue(expected="at least one value", got="none", where=self.key)
        operand = tuple(self._value(value) for value in values)
        return Condition(field=self, operator=operator, operand=operand, case=_as_case(case))


@attrs.frozen(order=False, cache_hash=True)
class Event(_Ordered):
    """
    How often a lead did something: the count of its inquiries of one kind.

    Args:
        kind_of: The kind, as in ``Inquiry.kind``: ``download``, ``pricing page``.
        within: Only those of this long before now; all unless given.

    What no inquiry shows did not happen, so a count is never unknown.

    Example:
        >>> print(Event("download", within="30 days") >= 2)
        download within 30 days >= 2 times
    """

    kind_of: str = attrs.field(converter=_as_name)
    within: Period | None = attrs.field(default=None, converter=_as_span)

    @property
    def key(self) -> str:
        """The name of the count."""
        return f"{self.kind_of} within {self.within}" if self.within else f"{self.kind_of} events"

    @property
    def kind(self) -> type:
        """A count is a whole number."""
        return int

    @property
    def unit(self) -> str:
        """What it counts."""
        return "times"

    def occurrences(self, lead: Lead, now: datetime | None) -> tuple[datetime, ...]:
        """
        When a lead did it: within the period before *now*, and never after.

        Raises:
            InvalidValue: The event has a period, and *now* is not given.
        """
        if self.within is not None and now is None:
            got = f"none, and {self.key!r} depends on it"
            raise InvalidValue(expected="an instant", got=got, where="now")
        did = (inquiry.at for inquiry in lead.inquiries if inquiry.kind == self.kind_of)
        since = self.within.before(now) if self.within is not None and now is not None else None
        return tuple(
            at for at in did if (since is None or since <= at) and (now is None or at <= now)
        )


@attrs.frozen(order=False, cache_hash=True)
class Evidence(Subject):
    """
    Whether the lead was heard in an inquiry of this kind: yes, or not known yet, never no.

    Example:
        >>> print(Evidence("phone").is_given())
        phone evidence is yes
    """

    kind_of: str = attrs.field(converter=_as_name)

    @property
    def key(self) -> str:
        """The name of the answer."""
        return f"{self.kind_of} evidence"

    @property
    def kind(self) -> type:
        """Given or not known."""
        return bool

    @property
    def unit(self) -> None:
        """None: it is not counted."""
        return

    @property
    def is_only_given(self) -> bool:
        """What is not there may come."""
        return True

    def is_given(self) -> Criterion:
        """The criterion that it is there."""
        return Condition(field=self, operator=Operator.IS_ONE_OF, operand=(True,))
