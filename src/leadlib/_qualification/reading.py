"""
Definitions from plain data, whole or not at all.

No text of the input is ever looked up, formatted or run as code.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import attrs

from leadlib import _text, limits
from leadlib._periods import Period
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    named_in,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.operators import Case, Operator
from leadlib._qualification.scoring import Points, ScoreCard
from leadlib._qualification.texts import plain_to_value
from leadlib._qualification.writing import TYPE_NAMES
from leadlib._reading import Reader, as_key, path, quoted, read_whole
from leadlib.errors import DefinitionError, InvalidValue, LimitExceeded
from leadlib.model import FactValue, Team

__all__ = ["KEYS", "definition_from_data"]

T = TypeVar("T")
_TYPES = {name: kind for kind, name in TYPE_NAMES.items()}
KEYS: dict[str, tuple[str, ...]] = {
    "definition": (
        "name",
        "version",
        "fields",
        "criteria",
        "qualify",
        "disqualify",
        "evidence",
        "fit",
        "engagement",
        "effective",
        "expires",
        "review_by",
        "stakeholders",
        "signatures",
    ),
    "criterion": ("all", "any", "not", "of", "field", "event", "evidence", "criterion"),
    "field": ("type", "unit"),
    "score": ("rules", "caps", "most", "least", "at_least"),
    "rule": ("points", "when", "half_life", "group"),
    "signature": ("team", "by", "at", "content_hash"),
}
_FIELD_OPERATORS = tuple(operator.value for operator in Operator)
_COUNT_OPERATORS = tuple(o.value for o in Operator if not o.is_on_text and not o.is_relative)


def definition_from_data(plain: object, make: Callable[[Mapping[str, Any]], T]) -> T:
    """What *make* makes of the parts, or every fault of the data in one error."""
    return read_whole(plain, _DefinitionReader(), make, DefinitionError)


@attrs.define
class _DefinitionReader(Reader):
    """Reads one definition."""

    fields: dict[str, Field | None] = attrs.field(factory=dict)  # None: its type is a fault
    named: Mapping[str, Any] = attrs.field(factory=dict)
    read_named: dict[str, Criterion | None] = attrs.field(factory=dict)

    def read(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        self._known(plain, KEYS["definition"], "$", "a part of a definition")
        self._read_fields(plain.get("fields", {}))
        self._read_named(plain.get("criteria", {}))
        parts: dict[str, Any] = {
            "name": self._text(plain.get("name"), "$.name", limits.ID_CHARACTERS - 24),
            "version": self._version(plain.get("version", 1)),
            "qualify": self._criterion(plain.get("qualify"), "$.qualify", 1),
            "evidence": self._names(plain.get("evidence", []), "$.evidence"),
            "stakeholders": self._names(plain.get("stakeholders", []), "$.stakeholders"),
            "signatures": self._each(plain.get("signatures", []), "$.signatures", self._signature),
        }
        if "disqualify" in plain:
            parts["disqualify"] = self._criterion(plain["disqualify"], "$.disqualify", 1)
        for name in ("fit", "engagement"):
            if name in plain:
                parts[name] = self._card(plain[name], f"$.{name}")
        for name in ("effective", "expires", "review_by"):
            if name in plain:
                parts[name] = self._value(plain[name], date, f"$.{name}")
        if not self.faults:
            self._check_used(parts)
        return parts

    # -- small parts --

    def _version(self, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9:
            return value
        self._fault("a version from 1 on", value, "$.version")
        return 1

    def _value(self, plain: Any, kind: type, where: str) -> Any:
        return self._taken(where, lambda: plain_to_value(plain, kind, where))

    def _span(self, plain: object, where: str) -> Period | None:
        if not isinstance(plain, str):
            self._fault("a period such as '30 days'", plain, where)
            return None
        return self._taken(where, lambda: Period.of(plain))

    # -- fields and names --

    def _read_fields(self, fields: object) -> None:
        if not isinstance(fields, Mapping):
            self._fault("a table of fields", fields, "$.fields")
            return
        for name, plain in fields.items():
            where = f"$.fields.{path(name)}"
            key = self._text(name, where)
            table = self._table(plain, where, "a field", KEYS["field"])
            if table is None:
                continue
            unit = self._text(table["unit"], f"{where}.unit") or None if "unit" in table else None
            kind = self._type(table.get("type"), f"{where}.type")
            if key in self.fields:
                self._fault("each field once", name, where)
            elif key:
                self.fields[key] = None if kind is None else Field(key, kind, unit=unit)

    def _type(self, value: object, where: str) -> type | None:
        if isinstance(value, str) and value in _TYPES:
            return _TYPES[value]
        self._unknown("a type of fact", value, where, _TYPES)
        return None

    def _read_named(self, criteria: object) -> None:
        if not isinstance(criteria, Mapping):
            self._fault("a table of criteria", criteria, "$.criteria")
            return
        named = {}
        for name, plain in criteria.items():
            key = self._text(name, f"$.criteria.{path(name)}")
            if key in named:
                self._fault("each criterion once", name, f"$.criteria.{path(name)}")
            named[key] = plain
        self.named = named
        for name in named:
            self._by_name(name, f"$.criteria.{path(name)}", 1)

    def _check_used(self, parts: Mapping[str, Any]) -> None:
        """A name that nothing asks for is forgotten on the way out, so it is a fault."""
        cards = [card for card in (parts.get("fit"), parts.get("engagement")) if card]
        criteria = [parts["qualify"], parts.get("disqualify"), *(p for c in cards for p in c.parts)]
        used = {named.name for c in criteria if c is not None for named in named_in(c)}
        for name in self.named:
            if name not in used:
                expected, got = "a criterion that is used", "one that is not"
                where = f"$.criteria.{path(name)}"
                self._note(InvalidValue(expected=expected, got=got, where=where))

    def _by_name(self, name: str, where: str, depth: int) -> Criterion | None:
        """A named criterion, read once; one that holds itself has no meaning."""
        if name in self.read_named:
            if self.read_named[name] is _BEING_READ:
                expected = "a criterion that does not hold itself"
                self._note(InvalidValue(expected=expected, got=quoted(name), where=where))
                return None
            return self.read_named[name]
        self.read_named[name] = _BEING_READ
        self.read_named[name] = self._named(name, f"$.criteria.{path(name)}", depth)
        return self.read_named[name]

    def _named(self, name: str, where: str, depth: int) -> Criterion | None:
        plain = self.named[name]
        if not isinstance(plain, Mapping):
            self._fault("a criterion", plain, where)
            return None
        inner = {key: part for key, part in plain.items() if key not in {"why", "heard_from"}}
        part = self._criterion(inner, where, depth)
        why, heard = plain.get("why"), plain.get("heard_from", ())
        if part is None or not name:
            return None
        return self._taken(where, lambda: Named(name=name, part=part, why=why, heard_from=heard))

    # -- criteria --

    def _criterion(self, plain: object, where: str, depth: int) -> Criterion | None:
        if not isinstance(plain, Mapping):
            self._fault("a criterion: all, any, not, or a field with a condition", plain, where)
            return None
        if depth > limits.DEFINITION_DEPTH:
            expected = f"{limits.DEFINITION_DEPTH} levels at most"
            self._note(LimitExceeded(expected=expected, got="more", where=where))
            return None
        found = [key for key in KEYS["criterion"] if key in plain]
        if len(found) != 1:
            self._known(plain, (*KEYS["criterion"], *_FIELD_OPERATORS), where, "a criterion")
            got = "none of them" if not found else f"{len(found)} of them"
            expected = "one of all, any, not, of, or a field, event or evidence with a condition"
            self._note(InvalidValue(expected=expected, got=got, where=where))
            return None
        return self._taken(where, lambda: _READERS[found[0]](self, plain, where, depth))

    def read_all(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:
        parts = self._parts(plain, "all", where, depth)
        return AllOf(parts=parts) if parts else None

    def read_any(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:
        parts = self._parts(plain, "any", where, depth)
        return AnyOf(parts=parts) if parts else None

    def read_of(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:
        parts = self._parts(plain, "of", where, depth, "at_least")
        listed = plain["of"]
        if parts is None or len(parts) != len(listed):
            return None
        return AtLeast(count=plain.get("at_least"), parts=parts)  # type: ignore[arg-type]

    def read_not(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:
        self._known(plain, ("not",), where, "a criterion")
        part = self._criterion(plain["not"], f"{where}.not", depth + 1)
        return None if part is None else Not(part=part)

    def _parts(
        self, plain: Mapping[str, Any], key: str, where: str, depth: int, *more: str
    ) -> tuple[Criterion, ...] | None:
        self._known(plain, (key, *more), where, "a criterion")
        inner, where = plain[key], f"{where}.{key}"
        if not isinstance(inner, list | tuple) or not inner:
            self._fault("a list of at least one criterion", inner, where)
            return None
        read = [self._criterion(part, f"{where}[{i}]", depth + 1) for i, part in enumerate(inner)]
        return tuple(part for part in read if part is not None) or None  # faults are noted already

    def read_reference(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:
        self._known(plain, ("criterion",), where, "a criterion")
        name = as_key(plain["criterion"])
        if name is None or name not in self.named:
            place = f"{where}.criterion"
            self._unknown("a named criterion", plain["criterion"], place, self.named)
            return None
        return self._by_name(name, where, depth + 1)

    def read_evidence(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:  # noqa: ARG002
        self._known(plain, ("evidence",), where, "a condition")
        kind = self._text(plain["evidence"], f"{where}.evidence")
        return Evidence(kind).is_given() if kind else None

    def read_event(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:  # noqa: ARG002
        operator = self._operator(plain, where, ("event", "within"), _COUNT_OPERATORS)
        event = self._event_of(plain, where)
        if operator is None or event is None:
            return None
        return self._made(event, operator, plain[operator.value], f"{where}.{operator.value}")

    def _event_of(self, plain: Mapping[str, Any], where: str) -> Event | None:
        kind = self._text(plain["event"], f"{where}.event")
        within = self._span(plain["within"], f"{where}.within") if "within" in plain else None
        return Event(kind, within=within) if kind else None

    def read_condition(self, plain: Mapping[str, Any], where: str, depth: int) -> Criterion | None:  # noqa: ARG002
        field = self._field(plain["field"], where)
        operator = self._operator(plain, where, ("field", "said_by", "case"), _FIELD_OPERATORS)
        if "said_by" in plain and field is not None:
            said_by = self._text(plain["said_by"], f"{where}.said_by")
            field = attrs.evolve(field, said_by=said_by or None)
        case = self._case(plain, where)
        if operator is None or field is None:
            return None
        place = f"{where}.{operator.value}"
        return self._made(field, operator, plain[operator.value], place, case)

    def _case(self, plain: Mapping[str, Any], where: str) -> Case:
        value = plain.get("case", Case.EXACT.value)
        legal = [case.value for case in Case]
        if not isinstance(value, str) or value not in legal:
            self._unknown("exact or ignored", value, f"{where}.case", legal)
            return Case.EXACT
        return Case(value)

    def _operator(
        self, plain: Mapping[str, Any], where: str, others: Sequence[str], legal: Sequence[str]
    ) -> Operator | None:
        unknown = [key for key in plain if key not in others and key not in legal]
        for key in unknown:
            self._unknown("a condition", key, where, legal)
        named = [operator for operator in legal if operator in plain]
        if len(named) == 1:
            return Operator(named[0])
        if named or not unknown:
            expected, got = f"one condition: {', '.join(legal)}", f"{len(named)} of them"
            self._note(InvalidValue(expected=expected, got=got, where=where))
        return None

    def _field(self, name: object, where: str) -> Field | None:
        key = as_key(name)
        if key in self.fields:
            return self.fields[key]
        self._unknown("a field of this definition", name, f"{where}.field", self.fields)
        return None

    def _made(
        self,
        subject: Any,
        operator: Operator,
        plain: Any,
        where: str,
        case: Case = Case.EXACT,
    ) -> Criterion:
        """The condition, made as its author would make it, with the same checks."""
        if case is not Case.EXACT and subject.kind is not str:
            raise InvalidValue(expected="case on text only", got=operator.value, where=where)
        if operator.is_relative:
            span = self._span(plain, where)
            return _RELATIVE[operator](subject, span or Period(1, "days"))
        if operator is Operator.BETWEEN:
            low, high = self._bounds(plain, subject, where)
            return subject.between(low, high)  # type: ignore[no-any-return]
        if operator.takes_many:
            return self._choice(subject, operator, plain, where, case)
        _needs_order(subject, where)
        value = plain_to_value(plain, subject.kind, where)
        return Condition(field=subject, operator=operator, operand=value)

    def _bounds(self, plain: Any, subject: Any, where: str) -> tuple[FactValue, FactValue]:
        _needs_order(subject, where)
        if not isinstance(plain, list | tuple) or len(plain) != 2:  # noqa: PLR2004
            raise InvalidValue(expected="a list of two", got=_text.kind_of(plain), where=where)
        low, high = (plain_to_value(p, subject.kind, f"{where}[{i}]") for i, p in enumerate(plain))
        return low, high

    def _choice(
        self, subject: Any, operator: Operator, plain: Any, where: str, case: Case
    ) -> Criterion:
        if subject.kind is not str and (operator.is_on_text or case is not Case.EXACT):
            raise InvalidValue(expected="a field of text", got=f"{subject.key}", where=where)
        if not isinstance(plain, list | tuple) or not plain:
            expected = "a list of at least one value"
            raise InvalidValue(expected=expected, got=_text.kind_of(plain), where=where)
        many = tuple(plain_to_value(p, subject.kind, f"{where}[{i}]") for i, p in enumerate(plain))
        return Condition(field=subject, operator=operator, operand=many, case=case)

    # -- scores and signatures --

    def _card(self, plain: object, where: str) -> ScoreCard | None:
        table = self._table(plain, where, "a score", KEYS["score"])
        if table is None:
            return None
        rules = self._each(table.get("rules"), f"{where}.rules", self._rule)
        numbers = {
            name: self._value(table[name], Decimal, f"{where}.{name}")
            for name in ("most", "least", "at_least")
            if name in table
        }
        caps = self._table(table.get("caps", {}), f"{where}.caps", "caps", table.get("caps", ()))
        read = {
            group: self._value(cap, Decimal, f"{where}.caps.{path(group)}")
            for group, cap in (caps or {}).items()
        }
        if self.faults:
            return None
        whole = [rule for rule in rules if rule is not None]
        return self._taken(where, lambda: ScoreCard(whole, caps=read, **numbers))

    def _rule(self, plain: object, where: str) -> Points | None:
        table = self._table(plain, where, "a rule", KEYS["rule"])
        if table is None:
            return None
        points = self._value(table.get("points"), Decimal, f"{where}.points")
        when = self._when(table.get("when"), f"{where}.when")
        half = (
            self._span(table["half_life"], f"{where}.half_life") if "half_life" in table else None
        )
        if points is None or when is None:
            return None
        group = table.get("group")
        return self._taken(where, lambda: Points(points, when, half_life=half, group=group))

    def _when(self, plain: object, where: str) -> Criterion | Event | None:
        if isinstance(plain, Mapping) and "event" in plain and plain.keys() <= {"event", "within"}:
            return self._event_of(plain, where)
        return self._criterion(plain, where, 1)

    def _signature(self, plain: object, where: str) -> dict[str, Any]:
        table = self._table(plain, where, "a signature", KEYS["signature"])
        if table is None:
            return {}
        teams = [Team.MARKETING.value, Team.SALES.value]
        if table.get("team") not in teams:
            self._unknown("a team", table.get("team"), f"{where}.team", teams)
        read = {
            key: self._text(table.get(key), f"{where}.{key}")
            for key in KEYS["signature"]
            if key != "at"
        }
        return {**read, "at": self._value(table.get("at"), datetime, f"{where}.at")}


_BEING_READ = Not(part=Evidence("being read").is_given())  # a mark, compared by identity
_READERS: dict[
    str, Callable[[_DefinitionReader, Mapping[str, Any], str, int], Criterion | None]
] = {
    "all": _DefinitionReader.read_all,
    "any": _DefinitionReader.read_any,
    "not": _DefinitionReader.read_not,
    "of": _DefinitionReader.read_of,
    "field": _DefinitionReader.read_condition,
    "event": _DefinitionReader.read_event,
    "evidence": _DefinitionReader.read_evidence,
    "criterion": _DefinitionReader.read_reference,
}
_RELATIVE = {
    Operator.WITHIN_LAST: Field.within_last,
    Operator.WITHIN_NEXT: Field.within_next,
    Operator.OLDER_THAN: Field.older_than,
}


def _needs_order(subject: Any, where: str) -> None:
    if subject.kind in {str, bool}:
        got = f"a field of {TYPE_NAMES[subject.kind]}"
        expected = "a field of numbers, dates or instants"
        raise InvalidValue(expected=expected, got=got, where=where)
