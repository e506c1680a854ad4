"""Who can take a lead: reps with their weight, their load and their absences."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib.errors import InvalidValue

__all__ = ["Rep", "Skipped", "as_names"]

Absence = tuple[datetime, datetime]


class Skipped(StrEnum):
    """
    Why a rep did not get a lead.

    Example:
        >>> print(Skipped.OVERLOADED)
        overloaded
    """

    ABSENT = "absent"
    OVERLOADED = "overloaded"
    LACKS_SKILL = "lacks a skill"


def as_names(names: Any) -> tuple[str, ...]:
    """Names in their order, each once; one text would fall into its letters."""
    if isinstance(names, str | bytes | Mapping) or not isinstance(names, Iterable):
        raise InvalidValue(expected="a list of names", got=_text.kind_of(names))
    taken = tuple(_fields.identifier(name) for name in names)
    if len(set(taken)) != len(taken):
        raise InvalidValue(expected="each name once", got="one twice")
    return taken


def _as_weight(value: Any) -> Fraction:
    """Exact, so that fairness does not hang on the last digit of a float."""
    if isinstance(value, Fraction):
        weight = value
    elif isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValue(expected="a number", got=_text.kind_of(value))
    else:
        weight = Fraction(_fields.finite(value))
    if weight <= 0:
        raise InvalidValue(expected="a weight above zero", got="another")
    return weight


def _as_load(value: object) -> int:
    if isinstance(value, int) and _fields.is_whole(value) and value >= 0:
        return value
    raise InvalidValue(expected="a number of leads from 0 on", got=_text.kind_of(value))


def _as_capacity(value: object) -> int | None:
    return None if value is None else _as_load(value)


def _as_absences(periods: Any) -> tuple[Absence, ...]:
    if isinstance(periods, str | bytes | Mapping) or not isinstance(periods, Iterable):
        raise InvalidValue(expected="a list of periods", got=_text.kind_of(periods))
    return tuple(sorted(_as_absence(period) for period in periods))


def _as_absence(period: Any) -> Absence:
    if not isinstance(period, tuple | list) or len(period) != _ENDS:
        raise InvalidValue(expected="pairs of start and end", got=_text.kind_of(period))
    start, end = (_fields.instant(each) for each in period)
    if end <= start:
        raise InvalidValue(expected="an end after the start", got="another")
    return start, end


_ENDS = 2


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class Rep:
    """
    One of those who follow up, as far as routing asks.

    Args:
        name: As hand-offs name them; it shows in no repr and no error.
        teams: The queues that they work, such as ``DACH-MM``.
        skills: What they can besides, such as ``aseptic``.
        weight: Their share among others, above zero: 2 gets twice as many as 1.
        capacity: How many open leads they can have at most; None for no bound.
        open_load: How many open leads they have now.
        absent: Pairs of start and end; at the end they are back.

    Raises:
        InvalidValue: The error names the argument, never the rep.

    Example:
        >>> Rep(name="sam", capacity=30, open_load=45)
        <Rep with 45 open leads of at most 30>
        >>> Rep(name="sam", capacity=30, open_load=45).is_overloaded
        True
    """

    name: str = attrs.field(converter=_fields.identifier)
    teams: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    skills: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    weight: Fraction = attrs.field(default=Fraction(1), converter=_as_weight)
    capacity: int | None = attrs.field(default=None, converter=_as_capacity)
    open_load: int = attrs.field(default=0, converter=_as_load)
    absent: tuple[Absence, ...] = attrs.field(default=(), converter=_as_absences)

    @property
    def is_overloaded(self) -> bool:
        """Whether there is no room for one more: at the capacity there is none."""
        return self.capacity is not None and self.open_load >= self.capacity

    def is_absent(self, at: datetime) -> bool:
        """Whether they are away at that instant."""
        at = _instants.aware(at, where="at")
        return any(start <= at < end for start, end in self.absent)

    def __repr__(self) -> str:
        most = "" if self.capacity is None else f" of at most {self.capacity:,}"
        return f"<Rep with {_text.plural(self.open_load, 'open lead')}{most}>"
