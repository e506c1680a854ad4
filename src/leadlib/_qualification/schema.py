"""
The form of a stored definition as JSON Schema, for editors and for services that check early.

It is made of the words that the reader knows.  What a schema cannot say (names that are declared,
values of the type of their field, low before high) the reader checks alone.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from leadlib import limits
from leadlib._qualification.criteria import Voice
from leadlib._qualification.operators import Case, Operator
from leadlib._qualification.reading import KEYS
from leadlib._qualification.writing import TYPE_NAMES
from leadlib.model import Team

__all__ = ["definition_schema"]

Schema = dict[str, Any]


def definition_schema() -> Schema:
    """
    Give the JSON Schema (2020-12) of what ``LeadDefinition.from_dict`` reads.

    Whatever is read is valid; what is valid is of the right form, and the reader may still refuse
    it for its content.

    Example:
        >>> definition_schema()["required"]
        ['name', 'qualify']
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lead definition",
        "description": "What a lead is, as leadlib reads it; kept in TOML or JSON.",
        **_table("definition", _DEFINITION, required=("name", "qualify")),
        "$defs": {
            "name": _NAME,
            "span": {"type": "string", "pattern": _SPAN},
            "day": {"type": "string", "pattern": f"^{_DAY}$"},
            "value": {**_TEXT, "type": ["string", "number", "boolean"]},
            "number": {"type": ["string", "number"], "maxLength": 64},  # days and instants, too
            "field": _table("field", _FIELD, required=("type",)),
            "criterion": _criterion({}),
            "named criterion": _criterion(_NAMED),
            "score": _table("score", _SCORE, required=("rules",)),
            "rule": _table("rule", _RULE, required=("points", "when")),
            "signature": _table("signature", _SIGNATURE, required=KEYS["signature"]),
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list_of(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _tables_of(items: Schema) -> Schema:
    return {"type": "object", "propertyNames": _ref("name"), "additionalProperties": items}


def _one_of(names: Iterable[str]) -> Schema:
    return {"enum": list(names)}


def _table(kind: str, properties: Schema, *, required: Sequence[str]) -> Schema:
    """The keys in the order of the reader, and no others: a key that is missing here is a fault."""
    return _closed({key: properties[key] for key in KEYS[kind]}, required)


def _closed(properties: Schema, required: Sequence[str]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_NAME: Schema = {"type": "string", "maxLength": limits.ID_CHARACTERS, "pattern": r"\S"}
_SPAN = "^[0-9]{1,6} (minute|hour|day|week|month|year)s?$"
_TEXT: Schema = {"type": "string", "maxLength": limits.TEXT_CHARACTERS, "pattern": r"\S"}
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_SOME = {"minItems": 1}

_DEFINITION: Schema = {
    "name": {**_NAME, "maxLength": limits.ID_CHARACTERS - 24},
    "version": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10**9},
    "fields": _tables_of(_ref("field")),
    "criteria": _tables_of(_ref("named criterion")),
    "qualify": _ref("criterion"),
    "disqualify": _ref("criterion"),
    "evidence": _list_of(_ref("name")),
    "fit": _ref("score"),
    "engagement": _ref("score"),
    "effective": _ref("day"),
    "expires": _ref("day"),
    "review_by": _ref("day"),
    "stakeholders": _list_of(_ref("name")),
    "signatures": _list_of(_ref("signature")),
}
_FIELD: Schema = {"type": _one_of(TYPE_NAMES.values()), "unit": _ref("name")}
_NAMED: Schema = {
    "why": {**_TEXT, "type": ["string", "null"]},
    "heard_from": _list_of(_one_of(voice.value for voice in Voice)),
}
_SCORE: Schema = {
    "rules": _list_of(_ref("rule"), minItems=1, maxItems=limits.SCORE_RULES),
    "caps": _tables_of(_ref("number")),
    "most": _ref("number"),
    "least": _ref("number"),
    "at_least": _ref("number"),
}
_EVENT: Schema = {"event": _ref("name"), "within": _ref("span")}
_RULE: Schema = {
    "points": _ref("number"),
    "when": {"oneOf": [_ref("criterion"), _closed(_EVENT, ["event"])]},
    "half_life": _ref("span"),
    "group": {**_NAME, "type": ["string", "null"]},
}
_SIGNATURE: Schema = {
    "team": _one_of([Team.MARKETING.value, Team.SALES.value]),
    "by": _ref("name"),
    "at": {"type": "string", "pattern": f"^{_DAY}[T ].+(Z|[+-][0-9:]+)$"},
    "content_hash": _ref("name"),
}


def _criterion(more: Schema) -> Schema:
    """One of the forms of a criterion; *more* are the keys that a named one may have besides."""
    return {"oneOf": [_form(key, more) for key in KEYS["criterion"]]}


def _form(key: str, more: Schema) -> Schema:
    parts = _list_of(_ref("criterion"), **_SOME)
    match key:
        case "all" | "any":
            return _closed({key: parts, **more}, [key])
        case "not":
            return _closed({key: _ref("criterion"), **more}, [key])
        case "of":
            count = {"type": "integer", "minimum": 1}
            return _closed({"at_least": count, key: parts, **more}, ["at_least", key])
        case "field":
            asked = {"said_by": _ref("name"), "case": _one_of(case.value for case in Case)}
            return _asked({key: _ref("name"), **asked, **more}, key, Operator)
        case "event":
            return _asked({**_EVENT, **more}, key, _ON_COUNTS)
    return _closed({key: _ref("name"), **more}, [key])  # evidence and named criteria


_ON_COUNTS = tuple(o for o in Operator if not o.is_on_text and not o.is_relative)


def _asked(properties: Schema, key: str, operators: Iterable[Operator]) -> Schema:
    """A subject with exactly one condition."""
    conditions = {operator.value: _operand(operator) for operator in operators}
    one = [{"required": [name]} for name in conditions]
    return {**_closed({**properties, **conditions}, [key]), "oneOf": one}


def _operand(operator: Operator) -> Schema:
    if operator.is_relative:
        return _ref("span")
    if operator is Operator.BETWEEN:
        return _list_of(_ref("number"), minItems=2, maxItems=2)
    if operator.is_on_text:
        return _list_of(_TEXT, **_SOME)
    return _list_of(_ref("value"), **_SOME) if operator.takes_many else _ref("number")
