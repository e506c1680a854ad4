"""What the arguments of our values go through: converters, and the place in their errors."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

import attrs

from leadlib import _instants, _text, limits
from leadlib.errors import InvalidValue

__all__ = ["identifier", "instant", "label", "placed", "words"]


def identifier(value: object) -> str:
    """An id or a name: clean text of at most 255 characters."""
    return _text.clean(value, limit=limits.ID_CHARACTERS)


def label(value: object) -> str | None:
    """A name, or nothing."""
    return None if value is None else identifier(value)


def words(value: object) -> str | None:
    """Free text, or nothing."""
    return None if value is None else _text.clean(value)


def instant(value: object) -> datetime:
    """An aware datetime, in UTC."""
    return _instants.aware(value)


def placed(_: type, fields: list["attrs.Attribute[Any]"]) -> list["attrs.Attribute[Any]"]:
    """
    Let every error of a converter name its argument; give it to ``field_transformer``.

    A converter cannot know which argument it serves, and an error without a place helps nobody.
    """
    converters: list[Any] = [field.converter for field in fields]
    return [
        field.evolve(converter=_naming(f"$.{field.name}", convert))
        if convert and not getattr(field, "inherited", False)  # the parent has named it
        else field
        for field, convert in zip(fields, converters, strict=True)
    ]


def _naming(place: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @wraps(convert)
    def converted(value: object) -> object:
        try:
            return convert(value)
        except InvalidValue as fault:
            raise InvalidValue(
                expected=fault.expected,
                got=fault.got,
                where=fault.where or place,
                legal=fault.legal,
            ) from None

    return converted
