"""What the arguments of our values go through: converters, and the place in their errors."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from functools import wraps
from typing import Any, NoReturn, TypeGuard, TypeVar

import attrs

from leadlib import _instants, _text, limits
from leadlib.errors import InvalidValue, UnknownName

__all__ = [
    "FrozenDict",
    "by_name",
    "check_type",
    "finite",
    "identifier",
    "instant",
    "is_plain",
    "is_whole",
    "label",
    "member",
    "named",
    "placed",
    "words",
    "yes_or_no",
]


_K = TypeVar("_K")
_V = TypeVar("_V")
_Word = TypeVar("_Word", bound=StrEnum)
_LARGEST = 10**18
_FINEST = 18
_SHOWN = 64  # characters
_NEARLY = 0.8


def identifier(value: object) -> str:
    """An id or a name: clean text of at most 255 characters, on one line."""
    if is_plain(value):
        return value
    text = _text.clean(value, limit=limits.ID_CHARACTERS)
    if not text.isprintable():
        raise InvalidValue(expected="text on one line", got="text with control characters")
    return text


def identifiers(values: object) -> tuple[str, ...]:
    """Ids or names in their order; one text would fall into its letters."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidValue(expected="a list of ids", got=_text.kind_of(values))
    return tuple(identifier(each) for each in values)


def all_of(kind: Any, values: Any, expected: str, where: str) -> tuple[Any, ...]:
    """Values of one kind, or of one of several; a text would fall into its letters."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InvalidValue(expected=expected, got=_text.kind_of(values), where=where)
    taken = tuple(values)
    for value in taken:
        if not isinstance(value, kind):
            raise InvalidValue(expected=expected, got=_text.kind_of(value), where=where)
    return taken


def is_plain(value: object) -> TypeGuard[str]:
    """Whether it is an id as most are, with nothing to clean; events are made by the million."""
    if type(value) is not str or not 0 < len(value) <= limits.ID_CHARACTERS:
        return False
    return value.isascii() and value.isprintable() and " " not in value


def finite(value: float | Decimal) -> int | Decimal:
    """
    A number that anybody counts with, exact: a float is taken as the decimal that it prints as.

    So 0.3 is 0.3 wherever it came from.  Ranges are looked at before any arithmetic: expanding
    ``Decimal("1e1000000")`` takes half a minute.
    """
    if isinstance(value, int):
        if abs(value) < _LARGEST:
            return value
        raise InvalidValue(expected=_NUMBERS, got="one far beyond")
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not number.is_finite():
        raise InvalidValue(expected=_NUMBERS, got=str(number))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -2 * _FINEST:
        raise InvalidValue(expected=_NUMBERS, got="one with too many digits")
    if number and not -_FINEST <= number.adjusted() < _FINEST:
        raise InvalidValue(expected=_NUMBERS, got="one far beyond")
    return number or Decimal(0)


_NUMBERS = "a finite number from 1e-18 to 1e18, with at most 36 digits after the point"


def label(value: object) -> str | None:
    """A name, or nothing."""
    return None if value is None else identifier(value)


def words(value: object) -> str | None:
    """Free text, or nothing."""
    return None if value is None else _text.clean(value)


def yes_or_no(value: object) -> bool:
    """A yes or a no, and nothing that is merely true or false."""
    if isinstance(value, bool):
        return value
    raise InvalidValue(expected="yes or no", got=_text.kind_of(value))


def instant(value: object) -> datetime:
    """An aware datetime, in UTC."""
    return _instants.aware(value)


def is_whole(value: object) -> bool:
    """Whether it is a whole number; yes/no is none, although Python says so."""
    return isinstance(value, int) and not isinstance(value, bool)


def member(kind: type[_Word], value: object, *, expected: str, where: str | None) -> _Word:
    """The member of a list of words, given as such or by its word."""
    for word in kind:
        if value == word:
            return word
    legal = [word.value for word in kind]
    raise UnknownName(expected=expected, got=_slip(value, legal), where=where, legal=legal)


def _slip(value: object, legal: Iterable[str]) -> str:
    """A word that is nearly one of a list; anything else may be about a person and is not shown."""
    if not isinstance(value, str) or len(value) > _SHOWN:
        return _text.kind_of(value)
    near = get_close_matches(value.lower(), map(str.lower, legal), n=1, cutoff=_NEARLY)
    is_slip = bool(near) and abs(len(near[0]) - len(value)) <= 1
    return repr(value) if is_slip else _text.kind_of(value)


def check_type(value: object, kind: type, where: str) -> None:
    """Refuse a value of another type with an error of ours, before anything is asked of it."""
    if not isinstance(value, kind):
        expected = f"a value of type {kind.__name__}"
        raise InvalidValue(expected=expected, got=_text.kind_of(value), where=where)


def check_several(values: object, expected: str, where: str) -> None:
    """Refuse what holds no values in a row with an error of ours; a mapping would give its keys."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidValue(expected=expected, got=_text.kind_of(values), where=where)


def is_a(kind: type) -> Callable[[object, "attrs.Attribute[Any]", object], None]:
    """A validator of fields: a value of that type."""

    def check(_: object, field: "attrs.Attribute[Any]", value: object) -> None:
        check_type(value, kind, f"$.{field.name}")

    return check


def placed(_: type, fields: list["attrs.Attribute[Any]"]) -> list["attrs.Attribute[Any]"]:
    """
    Let every error of a converter name its argument; give it to ``field_transformer``.

    A converter cannot know which argument it serves, and an error without a place helps nobody.
    """
    converters: list[Any] = [field.converter for field in fields]
    return [
        field.evolve(converter=named(f"$.{field.name}", convert))
        if convert and not getattr(field, "inherited", False)  # the parent has named it
        else field
        for field, convert in zip(fields, converters, strict=True)
    ]


def named(place: str, convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The converter, with errors that name the place."""

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


class FrozenDict(dict[_K, _V]):
    """
    A mapping nobody changes: a frozen value with a dict inside would be frozen by name only.

    It is a dict, so that it compares, prints, copies and pickles as one.
    """

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this mapping belongs to a frozen value: make a new one")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


def by_name(
    values: Mapping[Any, Any],
    convert: Callable[[Any], _V],
    name_of: Callable[[Any], str] = identifier,
) -> FrozenDict[str, _V]:
    """Values by clean names, in their order; two names that become one are refused."""
    if not isinstance(values, Mapping):
        raise InvalidValue(expected="values by name", got=_text.kind_of(values))
    named = FrozenDict({name_of(name): convert(value) for name, value in values.items()})
    if len(named) < len(values):
        raise InvalidValue(expected="names that differ", got="one of them twice")
    return named
