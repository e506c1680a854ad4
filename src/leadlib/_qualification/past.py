"""
History: past leads, what was known of each at its instant, and how it ended.

Open leads have not ended: they are counted beside the others and never among the lost.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any, Self

import attrs

from leadlib import _fields, _instants, _text
from leadlib._qualification.definition import LeadDefinition, Values
from leadlib._qualification.verdict import Assessment, Outcome
from leadlib._rates import Rate
from leadlib.errors import ConflictError, InvalidValue
from leadlib.model import Lead

__all__ = ["Ends", "JudgedLead", "PastLead", "assessed", "fingerprint_of", "in_order", "values_of"]


def _as_values(values: object) -> Lead | Values:
    if isinstance(values, Lead):
        return values
    if not isinstance(values, Mapping):
        raise InvalidValue(expected="facts by name, or a lead", got=_text.kind_of(values))
    for name in values:
        _fields.check_type(name, str, "$.values")
    return _fields.FrozenDict(values)


def _as_optional_instant(at: object) -> datetime | None:
    return None if at is None else _instants.aware(at)


def _as_won(won: object) -> bool | None:
    if won is None or isinstance(won, bool):
        return won
    expected = "True for won, False for lost, None while it is open"
    raise InvalidValue(expected=expected, got=_text.kind_of(won))


@attrs.frozen(kw_only=True, repr=False, field_transformer=_fields.placed)
class PastLead:
    """
    A lead of the past: what was known when it could be judged, and how it ended.

    Args:
        id: One for each lead of a history.
        values: Facts by name, only such as were known then; or the lead itself: what it said later
            than *at* is not seen.
        at: When it would have been judged, and handed off; None if nobody knows.
        won: True for won, False for lost, None while it is still open.

    Example:
        >>> PastLead(id="o-1", values={"staff": 60}, won=True)
        <PastLead o-1: won>
    """

    id: str = attrs.field(converter=_fields.identifier)
    values: Lead | Values = attrs.field(converter=_as_values, hash=False)
    at: datetime | None = attrs.field(default=None, converter=_as_optional_instant)
    won: bool | None = attrs.field(converter=_as_won)

    @classmethod
    def of(cls, lead: Lead, *, won: bool | None, at: datetime | None = None) -> Self:
        """Take a lead with its inquiries; what it said after *at* is not seen."""
        _fields.check_type(lead, Lead, "lead")
        return cls(id=lead.id, values=lead, at=at, won=won)

    def __repr__(self) -> str:
        return f"<PastLead {self.id}: {_ENDS[self.won]}>"

    def known(self) -> Lead | Values:
        """
        The facts, or the lead as it was then.

        Raises:
            InvalidValue: All that the lead ever said came later.
        """
        if not isinstance(self.values, Lead) or self.at is None:
            return self.values
        lead = self.values.known_by(self.at)
        if lead is None:
            expected = f"a lead known by {self.at.isoformat()}"
            got, where = "one that came later", f"lead {self.id!r}"
            raise InvalidValue(expected=expected, got=got, where=where)
        return lead


_ENDS = {True: "won", False: "lost", None: "open"}


@attrs.frozen(kw_only=True)
class JudgedLead:
    """What a definition says of a past lead, beside how it ended; without its facts."""

    id: str
    outcome: Outcome
    won: bool | None
    at: datetime | None


@attrs.frozen
class Ends:
    """
    How leads ended.

    Example:
        >>> print(Ends(won=6, lost=34, open=3).rate)
        15.0 % [7.1, 29.1]
    """

    won: int = 0
    lost: int = 0
    open: int = 0

    @classmethod
    def of(cls, leads: Iterable[PastLead | JudgedLead]) -> Self:
        """Count how these ended."""
        counts = Counter(_ENDS[lead.won] for lead in leads)
        return cls(won=counts["won"], lost=counts["lost"], open=counts["open"])

    @property
    def closed(self) -> int:
        """Those that have ended."""
        return self.won + self.lost

    @property
    def leads(self) -> int:
        """All, the open ones included."""
        return self.closed + self.open

    @property
    def rate(self) -> Rate:
        """The won of the closed ones."""
        return Rate(self.won, self.closed)

    def __str__(self) -> str:
        return f"{self.won:,} won, {self.lost:,} lost, {self.open:,} open"


def in_order(past: Iterable[PastLead]) -> tuple[PastLead, ...]:
    """Past leads by id, each once."""
    taken = tuple(past)
    for lead in taken:
        _fields.check_type(lead, PastLead, "past")
    leads = tuple(sorted(taken, key=lambda lead: lead.id))
    for lead, following in pairwise(leads):
        if lead.id == following.id:
            where = f"lead {lead.id!r}"
            raise ConflictError(expected="each past lead once", got="two of one id", where=where)
    return leads


def values_of(definition: LeadDefinition, past: PastLead) -> Values:
    """What the definition looks at, as far as it was known then."""
    known = past.known()
    return definition.values_of(known, now=past.at) if isinstance(known, Lead) else known


def assessed(definition: LeadDefinition, leads: Iterable[PastLead]) -> Iterator[Assessment]:
    """Judge each lead as of its instant."""

    @lru_cache(maxsize=64)
    def judge(at: datetime | None) -> Any:
        return definition.assess if at is None else definition.at(at)

    return (judge(lead.at)(values_of(definition, lead)) for lead in leads)


def fingerprint_of(leads: Iterable[PastLead]) -> str:
    """SHA-256 over what was known, when, and how it ended."""
    digest = hashlib.sha256()
    for lead in leads:
        at = None if lead.at is None else _instants.micros(lead.at)
        row = [lead.id, at, lead.won, _content(lead.known())]
        digest.update(json.dumps(row, separators=(",", ":")).encode())
    return digest.hexdigest()


def _content(known: Lead | Values) -> list[Any]:
    """What can decide, in one form; how to reach people is no part of it."""
    if isinstance(known, Lead):
        return [[i.id, _instants.micros(i.at), i.kind, _content(i.facts)] for i in known.inquiries]
    pairs = ((name, _canonical(value)) for name, value in known.items())
    return sorted([name, text] for name, text in pairs if text is not None)


def _canonical(value: object) -> str | None:
    """One text for each value that answers a question; None for what answers none."""
    match value:
        case bool():
            return f"yes/no {value}"
        case str():
            return f"text {value}"
        case datetime():
            return None if value.utcoffset() is None else f"instant {_instants.micros(value)}"
        case date():
            return f"date {value.isoformat()}"
        case int() | float() | Decimal():
            return _number(value)
    return None


def _number(value: float | Decimal) -> str | None:
    try:
        return f"number {Fraction(_fields.finite(value))}"
    except InvalidValue:
        return None
