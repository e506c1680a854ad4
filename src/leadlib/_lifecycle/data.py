"""Events as plain data, in and out: any store can keep them, and a replay reads them back."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, get_args, get_type_hints

import attrs

from leadlib import _instants, _text
from leadlib._lifecycle import events
from leadlib._lifecycle.events import LeadEvent
from leadlib.errors import InvalidValue, UnknownName
from leadlib.model import Certificate

__all__ = ["STANDARD_KINDS", "event_from_dict", "event_to_dict"]

STANDARD_KINDS = tuple(
    kind
    for kind in vars(events).values()
    if isinstance(kind, type) and issubclass(kind, LeadEvent) and kind is not LeadEvent
)
_LONGEST_AMOUNT = 64


def event_to_dict(event: LeadEvent) -> dict[str, Any]:
    """
    Give an event as plain data that JSON knows; what was not said is left out.

    Notes and names of people are part of it: it is meant for your store, not for a log.

    Raises:
        InvalidValue: An event of your own holds what is neither text, a number, yes/no, a date nor
            an instant.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.lifecycle import HandedBack
        >>> friday = datetime(2026, 3, 6, tzinfo=UTC)
        >>> event_to_dict(HandedBack(lead="i-1", at=friday, reason="timing"))
        {'event': 'HandedBack', 'lead': 'i-1', 'at': '2026-03-06T00:00:00+00:00', 'seq': 0, \
'reason': 'timing'}
    """
    return {"event": type(event).__name__, **_parts(event)}


def _parts(value: Any) -> dict[str, Any]:
    parts = {field.name: getattr(value, field.name) for field in attrs.fields(type(value))}
    return {name: _plain(part, name) for name, part in parts.items() if part is not None}


def _plain(value: Any, name: str) -> Any:
    match value:
        case date():  # instants are dates, too
            return value.isoformat()
        case StrEnum():
            return value.value
        case Decimal():
            return str(value)
        case Certificate():
            return _parts(value)
        case str() | int() | float():
            return value
        case tuple() if all(isinstance(part, str) for part in value):
            return list(value)
    expected = "text, a number, yes/no, a date or an instant"
    raise InvalidValue(expected=expected, got=_text.kind_of(value), where=f"$.{name}")


def event_from_dict(plain: object, *, kinds: Iterable[type[LeadEvent]] = ()) -> LeadEvent:
    """
    Read an event back, whole or not at all: ``event_from_dict(event_to_dict(e)) == e``.

    Args:
        plain: As :func:`event_to_dict` gave it.
        kinds: Events of your own that may come besides the standard ones, of which one of the same
            name goes before: ``lifecycle.kinds`` are all that a lifecycle knows.

    Raises:
        UnknownName: No such event, or a key that it does not have.
        InvalidValue: A part is missing or of another form.
        NotCertifiable: A certificate does not prove what it is there for.
    """
    if not isinstance(plain, Mapping):
        raise InvalidValue(expected="a mapping", got=_text.kind_of(plain), where="$")
    known = {kind.__name__: kind for kind in (*STANDARD_KINDS, *kinds)}
    name = plain.get("event")
    if not isinstance(name, str) or name not in known:
        got = repr(name)[:64] if isinstance(name, str) else _text.kind_of(name)
        raise UnknownName(expected="an event", got=got, where="$.event", legal=known)
    parts = {key: part for key, part in plain.items() if key != "event"}
    event: LeadEvent = _built(known[name], parts, "$")
    return event


def _built(kind: type, plain: Mapping[str, Any], where: str) -> Any:
    fields = {field.name: field for field in attrs.fields(kind)}
    for key in plain:
        if key not in fields:
            got = repr(key)[:64]
            raise UnknownName(expected="a part of the event", got=got, where=where, legal=fields)
    for name, field in fields.items():
        if field.default is attrs.NOTHING and plain.get(name) is None:
            raise InvalidValue(expected="a value", got="nothing", where=f"{where}.{name}")
    parts = {
        key: _read(get_type_hints(kind)[key], part, f"{where}.{key}") for key, part in plain.items()
    }
    return kind(**parts)


def _day(plain: str, where: str) -> date:
    try:
        if len(plain) == len("2026-03-02"):
            return date.fromisoformat(plain)
    except ValueError:
        pass
    raise InvalidValue(expected="a date such as 2026-03-02", got="other text", where=where)


def _read(kind: Any, plain: Any, where: str) -> Any:
    """Only what JSON cannot say needs reading; the event itself checks the rest."""
    kinds = get_args(kind) or (kind,)  # one kind, or that kind or nothing
    if datetime in kinds and isinstance(plain, str):
        try:
            return _instants.instant(plain)
        except InvalidValue as fault:
            raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None
    if date in kinds and isinstance(plain, str):
        return _day(plain, where)
    if Decimal in kinds and isinstance(plain, str) and len(plain) <= _LONGEST_AMOUNT:
        try:
            return Decimal(plain)
        except InvalidOperation:
            raise InvalidValue(expected="a number", got="other text", where=where) from None
    if Certificate in kinds and isinstance(plain, Mapping):
        return _built(Certificate, plain, where)
    return plain
