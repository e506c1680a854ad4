"""The values of facts: their types, one canonical form of each, and how they print."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite

from leadlib import _fields, _instants, _text
from leadlib.errors import InvalidValue
from leadlib.model import FactValue

__all__ = ["KINDS", "canonical", "fits", "is_number", "shown", "usable"]

KINDS: tuple[type, ...] = (str, bool, int, Decimal, date, datetime)  # float is kept as Decimal


def is_number(kind: type) -> bool:
    """Whether values of this type are counted with; yes/no is no number."""
    return kind in {int, float, Decimal}


def fits(kind: type, value: object) -> bool:
    """Say whether a value is of a field's type; yes/no is no number, and an instant is no date."""
    if is_number(kind):
        return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    if kind is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    if isinstance(value, datetime):
        return kind is datetime and value.tzinfo is not None
    return isinstance(value, kind)


def usable(kind: type, value: object) -> FactValue | None:
    """A value as it can be judged, or None: nobody said it, or nobody can count with it."""
    if type(value).__module__ == "numpy":  # a cell of a frame: the value it stands for
        value = value.item() if getattr(value, "ndim", 1) == 0 else None  # type: ignore[attr-defined]
    if kind is date and isinstance(value, datetime):
        return _as_midnight(value)
    if value is None or not fits(kind, value):
        return None
    if isinstance(value, float):
        return Decimal(repr(float(value))) if isfinite(value) else None
    if isinstance(value, Decimal) and not value.is_finite():
        return None
    if isinstance(value, datetime):
        return _in_utc(value)
    return value  # type: ignore[return-value]  # of the field's type, as just checked


def _as_midnight(at: datetime) -> date | None:
    """Frames without dates hold them as the midnight of no zone."""
    is_midnight = at.tzinfo is None and at.time() == time(0) and not getattr(at, "nanosecond", 0)
    return at.date() if is_midnight else None


def _in_utc(at: datetime) -> datetime | None:
    """The same instant in UTC: in an hour that comes twice, Python holds equals for unequal."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return None


def canonical(kind: type, value: object, *, where: str) -> FactValue:
    """
    A value as definitions keep it: what means the same is the same, and hashes the same.

    Text is clean, instants are in UTC, numbers are exact and in the type of their field.
    """
    try:
        if isinstance(value, datetime) and kind is datetime:
            return _instants.aware(value)
        if fits(kind, value):
            if isinstance(value, str):
                return _text.clean(value)
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


def shown(value: object) -> str:
    """A value of a definition as people read it."""
    if value is True or value is False:
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return repr(value) if isinstance(value, str) else str(value)
