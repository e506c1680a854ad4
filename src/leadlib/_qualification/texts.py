"""Values as people and files write them, read as their field wants them."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from leadlib import _fields, _instants, _text
from leadlib._qualification.fields import Field
from leadlib._qualification.values import canonical, fits
from leadlib._qualification.writing import TYPE_NAMES
from leadlib._reading import day
from leadlib.errors import InvalidValue
from leadlib.model import FactValue

__all__ = ["plain_to_value", "value_from_text"]


def plain_to_value(plain: Any, kind: type, where: str) -> FactValue:
    """A value of a definition in its field's type; text where JSON knows no other form."""
    if isinstance(plain, str) and kind in {Decimal, date, datetime}:
        return value_from_text(plain, Field("value", kind), where=where)
    if not fits(kind, plain) and not (kind is datetime and isinstance(plain, datetime)):
        expected = f"a value of type {TYPE_NAMES[kind]}"
        raise InvalidValue(expected=expected, got=_text.kind_of(plain), where=where)
    return canonical(kind, plain, where=where)


def value_from_text(text: str, field: Field, *, where: str | None = None) -> FactValue:
    """
    Read one answer as its field wants it: ``40``, ``12.50``, ``yes``, ``2026-03-02``.

    Raises:
        InvalidValue: The text is not of the field's type; it is described, never shown.
    """
    kind = field.kind
    expected = f"a value of type {TYPE_NAMES[kind]}"
    got = f"text of {len(text)} characters in another form"
    try:
        if kind is str:
            return _text.clean(text, where=where or field.name)
        if kind is datetime:
            return _instants.instant(text)
        if kind is date:
            return day(text)
        if kind is bool:
            return _YES_NO[text.lower()]
        return _number(text, kind)
    except (ValueError, KeyError, InvalidOperation) as fault:
        if isinstance(fault, InvalidValue):
            expected, got = fault.expected, fault.got
        raise InvalidValue(expected=expected, got=got, where=where) from None


_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_LONGEST_NUMBER = 64


def _number(text: str, kind: type) -> int | Decimal:
    if len(text) > _LONGEST_NUMBER or not text.isascii() or "_" in text:
        raise ValueError
    number = _fields.finite(Decimal(text))
    return int(text) if kind is int else Decimal(number)
