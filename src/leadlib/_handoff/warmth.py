"""How warm leads were at the instant they were handed off (seed 001: pass on while still hot)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._rates import Rate
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import HAND_OFFS, LeadEvent
from leadlib.model import Lead
from leadlib.qualification import LeadDefinition, Temperature, temperature

__all__ = ["WarmthAtHandOff", "warmth_at_handoff"]


@attrs.frozen(kw_only=True, repr=False)
class WarmthAtHandOff:
    """
    How many hand-offs were hot, warm and cold; made by :func:`warmth_at_handoff`.

    Args:
        counts: Every temperature, the hottest first, with its number of hand-offs.
    """

    counts: Mapping[Temperature, int] = attrs.field(hash=False)

    @property
    def hot(self) -> Rate:
        """Those that were hot, of all."""
        return self.rate(Temperature.HOT)

    def rate(self, temperature: Temperature) -> Rate:
        """Those of one temperature, of all."""
        return Rate(self.counts[Temperature(temperature)], sum(self.counts.values()))

    def __repr__(self) -> str:
        total = _text.plural(sum(self.counts.values()), "hand-off")
        return f"<WarmthAtHandOff of {total}: {self.hot.percent} hot>"

    def __str__(self) -> str:
        return "\n".join(
            f"{name:<4}  {count:,}  {self.rate(name)}" for name, count in self.counts.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {name.value: count for name, count in self.counts.items()}


def warmth_at_handoff(
    events: Iterable[LeadEvent],
    leads: Iterable[Lead],
    *,
    definition: LeadDefinition,
    hot: float = 50,
    warm: float = 20,
) -> WarmthAtHandOff:
    """
    Say how warm the leads were when they were handed off, each by what was known at that instant.

    Args:
        events: The log; of it, every hand-off counts, so a lead on its second pass counts twice.
        leads: Those of the log, each once; others may be among them.
        definition: The one whose score of engagement is asked; its points fade.
        hot, warm: From which points on a lead is hot, or warm: see
            :func:`leadlib.qualification.temperature`.

    Raises:
        InvalidValue: The definition has no score of engagement, or a lead was handed off before
            its first inquiry.
        UnknownName: A lead of the log is not among *leads*.

    Source:
        Seed 001; requirement 001-08.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from leadlib import Event, Field, Inquiry, Points
        >>> from leadlib.lifecycle import HandedOff
        >>> from leadlib.model import Certificate
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> friday, april = monday + timedelta(days=4), monday + timedelta(days=30)
        >>> visit = Inquiry(id="i-1", at=monday, source="web", kind="pricing page",
        ...                 mail="ada@example.com")
        >>> definition = LeadDefinition("d", Field("staff", int) >= 50, engagement=[
        ...     Points(80, Event("pricing page"), half_life="7 days")])
        >>> proof = Certificate(lead="i-1", definition="d v1", content_hash="5d41", by="ana",
        ...                     at=monday, expires=april)
        >>> handed = HandedOff(lead="i-1", at=friday, certificate=proof, to="sam", brief="b-1")
        >>> print(warmth_at_handoff([handed], [Lead(id="i-1", inquiries=[visit])],
        ...                         definition=definition))
        hot   1  100.0 % [20.7, 100.0]
        warm  0  0.0 % [0.0, 79.3]
        cold  0  0.0 % [0.0, 79.3]
    """
    _fields.check_type(definition, LeadDefinition, "definition")
    by_id = _by_id(leads)
    found = Counter(
        temperature(points, hot=hot, warm=warm) for points in _points(events, by_id, definition)
    )
    return WarmthAtHandOff(counts=_fields.FrozenDict({name: found[name] for name in Temperature}))


def _by_id(leads: Iterable[Lead]) -> dict[str, Lead]:
    by_id: dict[str, Lead] = {}
    for lead in leads:
        _fields.check_type(lead, Lead, "leads")
        if by_id.setdefault(lead.id, lead) != lead:
            where = f"lead {lead.id!r}"
            raise InvalidValue(expected="each lead once", got="two of one id", where=where)
    return by_id


def _points(
    events: Iterable[LeadEvent], leads: Mapping[str, Lead], definition: LeadDefinition
) -> Iterator[Any]:
    seen = set()
    for event in events:
        _fields.check_type(event, LeadEvent, "events")
        if isinstance(event, HAND_OFFS) and event not in seen:
            seen.add(event)
            if event.lead not in leads:
                got = repr(event.lead)
                raise UnknownName(expected="a lead of *leads*", got=got, where="events")
            yield _engagement(leads[event.lead], event, definition)


def _engagement(lead: Lead, event: LeadEvent, definition: LeadDefinition) -> Any:
    """The points by what was known when it was handed off."""
    score = definition.judge(lead, now=event.at).engagement
    if score is None:
        expected = "a definition with a score of engagement"
        raise InvalidValue(expected=expected, got="one without", where="definition")
    return score.points
