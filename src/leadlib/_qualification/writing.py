"""Definitions as plain data, on the way out: what JSON and TOML can hold, and nothing lost."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from leadlib import _text
from leadlib._periods import Period
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.operators import Case
from leadlib._qualification.scoring import Points, ScoreCard
from leadlib.errors import InvalidValue

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition, Signature

__all__ = ["TYPE_NAMES", "criterion_to_data", "definition_to_data", "plain_value"]

T = TypeVar("T")
TYPE_NAMES: dict[type, str] = {
    str: "text",
    bool: "yes/no",
    int: "integer",
    Decimal: "number",
    date: "date",
    datetime: "instant",
}


def definition_to_data(definition: "LeadDefinition") -> dict[str, Any]:
    """The whole definition; parts that are not there have no key."""
    parts: dict[str, Any] = {
        "name": definition.name,
        "version": definition.version,
        "fields": {field.name: _field(field) for field in definition.fields},
        "criteria": {name: _named(named) for name, named in definition.named.items()},
        "qualify": criterion_to_data(definition.qualify),
        "disqualify": _optional(criterion_to_data, definition.disqualify),
        "evidence": list(definition.evidence),
        "fit": _optional(_card, definition.fit),
        "engagement": _optional(_card, definition.engagement),
        "effective": _optional(date.isoformat, definition.effective),
        "expires": _optional(date.isoformat, definition.expires),
        "review_by": _optional(date.isoformat, definition.review_by),
        "stakeholders": list(definition.stakeholders),
        "signatures": [_signature(signature) for signature in definition.signatures],
    }
    return {key: part for key, part in parts.items() if part or key == "fields"}


def _optional(write: Callable[[T], Any], part: T | None) -> Any:
    return None if part is None else write(part)


def _field(field: Field) -> dict[str, str]:
    """A field as ``{"type": "integer", "unit": "people"}``."""
    unit = {"unit": field.unit} if field.unit else {}
    return {"type": TYPE_NAMES[field.kind], **unit}


def _named(named: Named) -> dict[str, Any]:
    plain = criterion_to_data(named.part)
    if named.why:
        plain["why"] = named.why
    if named.heard_from:
        plain["heard_from"] = [voice.value for voice in named.heard_from]
    return plain


def criterion_to_data(criterion: Criterion) -> dict[str, Any]:
    """A criterion as nested ``all``, ``any``, ``not``, ``of`` and conditions."""
    match criterion:
        case Condition():
            return _condition(criterion)
        case AllOf(parts=parts):
            return {"all": [criterion_to_data(part) for part in parts]}
        case AnyOf(parts=parts):
            return {"any": [criterion_to_data(part) for part in parts]}
        case AtLeast(count=count, parts=parts):
            return {"at_least": count, "of": [criterion_to_data(part) for part in parts]}
        case Not(part=part):
            return {"not": criterion_to_data(part)}
        case Named(name=name):
            return {"criterion": name}
    raise InvalidValue(expected="a criterion made of fields", got=_text.kind_of(criterion))


def _condition(condition: Condition) -> dict[str, Any]:
    operand = condition.operand
    value = list(map(plain_value, operand)) if isinstance(operand, tuple) else plain_value(operand)
    case = {} if condition.case is Case.EXACT else {"case": condition.case.value}
    match condition.field:
        case Field(name=name, said_by=said_by):
            by = {"said_by": said_by} if said_by else {}
            return {"field": name, **by, condition.operator.value: value, **case}
        case Event() as event:
            return {**_event(event), condition.operator.value: value}
        case Evidence(kind_of=kind):
            return {"evidence": kind}
    got = _text.kind_of(condition.field)
    raise InvalidValue(expected="a criterion made of fields", got=got)


def _event(event: Event) -> dict[str, Any]:
    return {"event": event.kind_of, **({"within": str(event.within)} if event.within else {})}


def _card(card: ScoreCard) -> dict[str, Any]:
    parts: dict[str, Any] = {"rules": [_rule(rule) for rule in card.rules]}
    if card.caps:
        parts["caps"] = {group: plain_value(cap) for group, cap in card.caps.items()}
    for name in ("most", "least", "at_least"):
        if getattr(card, name) is not None:
            parts[name] = plain_value(getattr(card, name))
    return parts


def _rule(rule: Points) -> dict[str, Any]:
    when = _event(rule.when) if isinstance(rule.when, Event) else criterion_to_data(rule.when)
    plain: dict[str, Any] = {"points": plain_value(rule.points), "when": when}
    if rule.half_life:
        plain["half_life"] = str(rule.half_life)
    if rule.group:
        plain["group"] = rule.group
    return plain


def _signature(signature: "Signature") -> Mapping[str, str]:
    return {
        "team": signature.team.value,
        "by": signature.by,
        "at": signature.at.isoformat(),
        "content_hash": signature.content_hash,
    }


def plain_value(value: Any) -> str | int | bool:
    """JSON has neither dates nor exact decimals: both travel as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):  # canonical: 10, 10.0 and 1E+1 are written alike
        text = f"{value:f}"  # no arithmetic: that would round to the precision of the context
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value) if isinstance(value, Period) else value
