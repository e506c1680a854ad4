"""
Definitions as plain data, in and out.

What comes in may come from strangers: sizes are checked before anything is walked, every fault is
collected with its path, and no text of the input is ever looked up, formatted or run as code.
"""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    Condition,
    Criterion,
    Field,
    Not,
    Operator,
    canonical,
    fits,
)
from leadlib.errors import DefinitionError, InvalidValue, LeadlibError, LimitExceeded, UnknownName
from leadlib.model import FactValue, Team

__all__ = ["criterion_to_data", "definition_from_data", "field_to_data", "value_from_text"]

_TYPES: dict[str, type] = {
    "text": str,
    "yes/no": bool,
    "integer": int,
    "number": Decimal,
    "date": date,
    "instant": datetime,
}
_TYPE_NAMES = {kind: name for name, kind in _TYPES.items()}
_KEYS = ("name", "version", "fields", "qualify", "disqualify", "signatures")
_GROUPS = ("all", "any", "not")


def field_to_data(field: Field) -> dict[str, str]:
    """A field as ``{"type": "integer", "unit": "people"}``."""
    unit = {"unit": field.unit} if field.unit else {}
    return {"type": _TYPE_NAMES[field.kind], **unit}


def criterion_to_data(criterion: Criterion) -> dict[str, Any]:
    """A criterion as nested ``all``, ``any``, ``not`` and conditions."""
    match criterion:
        case Condition(field=field, operator=operator, operand=operand):
            if isinstance(operand, tuple):
                return {"field": field.name, operator.value: [_plain(value) for value in operand]}
            return {"field": field.name, operator.value: _plain(operand)}
        case AllOf(parts=parts):
            return {"all": [criterion_to_data(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [criterion_to_data(part) for part in parts]}
        case Not(part=part):
            return {"not": criterion_to_data(part)}
    raise InvalidValue(expected="a criterion made of fields", got=_text.kind_of(criterion))


def _plain(value: Any) -> str | int | bool:
    """JSON has neither dates nor exact decimals: both travel as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):  # canonical: 10, 10.0 and 1E+1 are written alike
        text = f"{value:f}"  # no arithmetic: that would round to the precision of the context
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value  # type: ignore[no-any-return]  # text, yes/no or an integer


def definition_from_data(plain: object) -> dict[str, Any]:
    """The parts of a definition, or every fault of the data in one error."""
    _check_size(plain)
    faults: list[LeadlibError] = []
    if not isinstance(plain, Mapping):
        got = _text.kind_of(plain)
        raise DefinitionError([InvalidValue(expected="a table of keys", got=got, where="$")])
    parts = _Reader(faults=faults).read(plain)
    if faults:
        raise DefinitionError(faults)
    return parts


def _check_size(plain: object) -> None:
    stack, count = [(plain, 1)], 0
    while stack:
        node, depth = stack.pop()
        count += 1
        if count > limits.DEFINITION_NODES or depth > 2 * limits.DEFINITION_DEPTH + 2:
            expected = (
                f"{limits.DEFINITION_NODES} nodes and {limits.DEFINITION_DEPTH} levels at most"
            )
            raise DefinitionError([LimitExceeded(expected=expected, got="more", where="$")])
        if isinstance(node, Mapping):
            stack += [(part, depth + 1) for part in node.values()]
        elif isinstance(node, list | tuple):
            stack += [(part, depth + 1) for part in node]


@attrs.define
class _Reader:
    """Reads one definition; a fault is noted and reading goes on, so that all are named at once."""

    faults: list[LeadlibError]
    fields: dict[str, Field] = attrs.field(factory=dict)

    def read(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        self._known(plain, _KEYS, "$", "a part of a definition")
        self._read_fields(plain.get("fields"))
        parts = {
            "name": self._text(plain.get("name"), "$.name", limits.ID_CHARACTERS - 24),
            "version": self._version(plain.get("version", 1)),
            "qualify": self._criterion(plain.get("qualify"), "$.qualify", 1),
            "signatures": self._signatures(plain.get("signatures", [])),
        }
        if "disqualify" in plain:
            parts["disqualify"] = self._criterion(plain["disqualify"], "$.disqualify", 1)
        return parts

    def _fault(self, expected: str, value: object, where: str) -> None:
        self.faults.append(InvalidValue(expected=expected, got=_text.kind_of(value), where=where))

    def _known(self, plain: Mapping[str, Any], legal: Any, where: str, what: str) -> None:
        for key in plain:
            if key not in legal:
                self.faults.append(
                    UnknownName(expected=what, got=_quoted(key), where=where, legal=legal)
                )

    def _text(self, value: object, where: str, limit: int = limits.ID_CHARACTERS) -> str:
        """An identifier; a fault is noted and leaves the empty text."""
        try:
            text = _fields.identifier(value)
        except InvalidValue as fault:
            self.faults.append(InvalidValue(expected=fault.expected, got=fault.got, where=where))
            return ""
        if len(text) > limit:
            expected = f"at most {limit} characters"
            self.faults.append(InvalidValue(expected=expected, got=f"{len(text)}", where=where))
        return text

    def _version(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
            return value
        self._fault("a version from 1 on", value, "$.version")
        return 1

    def _read_fields(self, fields: object) -> None:
        if not isinstance(fields, Mapping):
            self._fault("a table of fields", fields, "$.fields")
            return
        for name, plain in fields.items():
            where = f"$.fields.{_path(name)}"
            key = self._text(name, where)
            if not isinstance(plain, Mapping):
                self._fault("a table with type and unit", plain, where)
                continue
            self._known(plain, ("type", "unit"), where, "a part of a field")
            unit = self._text(plain["unit"], f"{where}.unit") or None if "unit" in plain else None
            kind = self._type(plain.get("type"), f"{where}.type")
            if key in self.fields:
                self._fault("each field once", name, where)
            elif key:
                self.fields[key] = Field(key, kind, unit=unit)

    def _type(self, value: object, where: str) -> type:
        if isinstance(value, str) and value in _TYPES:
            return _TYPES[value]
        got = _quoted(value) if isinstance(value, str) else _text.kind_of(value)
        self.faults.append(
            UnknownName(expected="a type of fact", got=got, where=where, legal=_TYPES)
        )
        return str

    def _criterion(self, plain: object, where: str, depth: int) -> Criterion | None:
        if not isinstance(plain, Mapping):
            self._fault("a criterion: all, any, not, or a field with a condition", plain, where)
            return None
        if depth > limits.DEFINITION_DEPTH:
            expected = f"{limits.DEFINITION_DEPTH} levels at most"
            self.faults.append(LimitExceeded(expected=expected, got="more", where=where))
            return None
        if "field" in plain:
            return self._condition(plain, where)
        return self._group(plain, where, depth)

    def _group(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:
        self._known(plain, (*_GROUPS, "field"), where, "a criterion")
        named = [key for key in _GROUPS if key in plain]
        if len(named) != 1:
            got = "none of them" if not named else f"{len(named)} of them"
            expected = "one of all, any, not, or a field with a condition"
            self.faults.append(InvalidValue(expected=expected, got=got, where=where))
            return None
        key, inner = named[0], plain[named[0]]
        if key == "not":
            part = self._criterion(inner, f"{where}.not", depth + 1)
            return None if part is None else Not(part=part)
        return self._many(key, inner, f"{where}.{key}", depth)

    def _many(self, key: str, inner: object, where: str, depth: int) -> Criterion | None:
        if not isinstance(inner, list | tuple) or not inner:
            self._fault("a list of at least one criterion", inner, where)
            return None
        read = [self._criterion(part, f"{where}[{i}]", depth + 1) for i, part in enumerate(inner)]
        parts = tuple(part for part in read if part is not None)
        if not parts:
            return None  # each of them is a fault already
        return AllOf(parts=parts) if key == "all" else AnyOf(parts=parts)

    def _condition(self, plain: Mapping[str, Any], where: str) -> Criterion | None:
        legal = tuple(operator.value for operator in Operator)
        self._known({key: 0 for key in plain if key != "field"}, legal, where, "a condition")
        field = self._field(plain["field"], where)
        named = [operator for operator in Operator if operator.value in plain]
        if len(named) != 1 or field is None:
            if len(named) > 1 or len(plain) == 1:
                got = f"{len(named)} of them"
                expected = f"one condition: {', '.join(legal)}"
                self.faults.append(InvalidValue(expected=expected, got=got, where=where))
            return None
        operator = named[0]
        return self._operand(field, operator, plain[operator.value], f"{where}.{operator.value}")

    def _field(self, name: object, where: str) -> Field | None:
        key = (
            unicodedata.normalize("NFC", name[: limits.ID_CHARACTERS]).strip()
            if isinstance(name, str)
            else ""
        )
        if key in self.fields:
            return self.fields[key]
        got = _quoted(name) if isinstance(name, str) else _text.kind_of(name)
        self.faults.append(
            UnknownName(
                expected="a field of this definition",
                got=got,
                where=f"{where}.field",
                legal=self.fields,
            )
        )
        return None

    def _operand(
        self, field: Field, operator: Operator, plain: object, where: str
    ) -> Criterion | None:
        try:
            if not operator.takes_many:
                value = _value(plain, field.kind, where)
                _needs_order(field, where)
                return Condition(field=field, operator=operator, operand=value)
            if operator is Operator.CONTAINS_ANY and field.kind is not str:
                raise InvalidValue(expected="a field of text", got=f"{field.name}", where=where)
            if not isinstance(plain, list | tuple) or not plain:
                expected = "a list of at least one value"
                raise InvalidValue(expected=expected, got=_text.kind_of(plain), where=where)
            many = tuple(_value(p, field.kind, f"{where}[{i}]") for i, p in enumerate(plain))
            return Condition(field=field, operator=operator, operand=many)
        except LeadlibError as fault:
            self.faults.append(fault)
            return None

    def _signatures(self, plain: object) -> list[dict[str, Any]]:
        if not isinstance(plain, list | tuple):
            self._fault("a list of signatures", plain, "$.signatures")
            return []
        return [self._signature(s, f"$.signatures[{i}]") for i, s in enumerate(plain)]

    def _signature(self, plain: object, where: str) -> dict[str, Any]:
        keys = ("team", "by", "at", "content_hash")
        if not isinstance(plain, Mapping):
            self._fault("a signature", plain, where)
            return {}
        self._known(plain, keys, where, "a part of a signature")
        teams = [Team.MARKETING.value, Team.SALES.value]
        if plain.get("team") not in teams:
            got = _quoted(plain.get("team"))
            self.faults.append(
                UnknownName(expected="a team", got=got, where=f"{where}.team", legal=teams)
            )
        read = {key: self._text(plain.get(key), f"{where}.{key}") for key in keys if key != "at"}
        try:
            at = _value(plain.get("at"), datetime, f"{where}.at")
        except LeadlibError as fault:
            self.faults.append(fault)
            at = None
        return {**read, "at": at}


def _needs_order(field: Field, where: str) -> None:
    if field.kind in {str, bool}:
        got = f"a field of {_TYPE_NAMES[field.kind]}"
        expected = "a field of numbers, dates or instants"
        raise InvalidValue(expected=expected, got=got, where=where)


def _quoted(value: object) -> str:
    """Show a name of the definition, but no essay."""
    return (
        repr(value) if isinstance(value, str) and len(value) <= _SHOWABLE else _text.kind_of(value)
    )


_SHOWABLE = 64


def _path(name: object) -> str:
    return name if isinstance(name, str) and name.isidentifier() else "[…]"


def _value(plain: Any, kind: type, where: str) -> FactValue:
    """A value of a definition in its field's type; text where JSON knows no other form."""
    if isinstance(plain, str) and kind in {Decimal, date, datetime}:
        return value_from_text(plain, Field("value", kind), where=where)
    if not fits(kind, plain):
        expected = f"a value of type {_TYPE_NAMES[kind]}"
        raise InvalidValue(expected=expected, got=_text.kind_of(plain), where=where)
    return canonical(kind, plain, where=where)


def value_from_text(text: str, field: Field, *, where: str | None = None) -> FactValue:
    """
    Read one answer as its field wants it: ``40``, ``12.50``, ``yes``, ``2026-03-02``.

    Raises:
        InvalidValue: The text is not of the field's type; it is described, never shown.
    """
    kind = field.kind
    expected = f"a value of type {_TYPE_NAMES[kind]}"
    got = f"text of {len(text)} characters in another form"
    try:
        if kind is str:
            return _text.clean(text, where=where or field.name)
        if kind is datetime:
            return _instants.instant(text)
        if kind is date:
            return _day(text)
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


def _day(text: str) -> date:
    if len(text) != len("2026-03-02") or "W" in text:
        raise ValueError
    return date.fromisoformat(text)
