"""The terms of a definition: what is asked, how it scores, and when it holds."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

import attrs

from leadlib import _fields, _text, limits
from leadlib._periods import Period
from leadlib._qualification.criteria import (
    AllOf,
    Condition,
    Criterion,
    Named,
    Reaches,
    Subject,
    Voice,
    as_criterion,
    check_sizes,
    conditions_of,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.scoring import ScoreCard
from leadlib._qualification.totals import Total
from leadlib._qualification.verdict import names_in
from leadlib._rates import Rate
from leadlib.errors import ConflictError, InvalidValue, LimitExceeded

__all__ = ["Terms"]


def _as_name(value: object) -> str:
    name = _fields.identifier(value)
    if len(name) > limits.ID_CHARACTERS - _VERSION_CHARACTERS:
        expected = f"at most {limits.ID_CHARACTERS - _VERSION_CHARACTERS} characters"
        raise InvalidValue(expected=expected, got=f"{len(name)}", where="$.name")
    return name


def _is_version(_: object, __: object, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _VERSIONS:
        got = _text.kind_of(value)
        raise InvalidValue(expected="a version from 1 on", got=got, where="$.version")


_VERSIONS = 10**9
_VERSION_CHARACTERS = 24  # a certificate names definition and version in one identifier


def _as_names(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise InvalidValue(expected="several names", got="one text")
    return tuple(sorted({_fields.identifier(name) for name in names}))


def _as_card(card: ScoreCard | Iterable[Any] | None) -> ScoreCard | None:
    return card if card is None or isinstance(card, ScoreCard) else ScoreCard(card)


def _as_day(value: object) -> date | None:
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise InvalidValue(expected="a date", got=_text.kind_of(value))


@attrs.frozen(slots=False, repr=False, field_transformer=_fields.placed)
class Terms:
    """The content of a definition, which signatures are over; see :class:`LeadDefinition`."""

    name: str = attrs.field(converter=_as_name)
    qualify: Criterion = attrs.field(converter=as_criterion)
    version: int = attrs.field(default=1, validator=_is_version, kw_only=True)
    disqualify: Criterion | None = attrs.field(
        default=None, kw_only=True, converter=attrs.converters.optional(as_criterion)
    )
    evidence: tuple[str, ...] = attrs.field(default=(), kw_only=True, converter=_as_names)
    fit: ScoreCard | None = attrs.field(default=None, kw_only=True, converter=_as_card)
    engagement: ScoreCard | None = attrs.field(default=None, kw_only=True, converter=_as_card)
    effective: date | None = attrs.field(default=None, kw_only=True, converter=_as_day)
    expires: date | None = attrs.field(default=None, kw_only=True, converter=_as_day)
    review_by: date | None = attrs.field(default=None, kw_only=True, converter=_as_day)
    stakeholders: tuple[str, ...] = attrs.field(
        default=(), kw_only=True, converter=_as_names, repr=False
    )

    def __attrs_post_init__(self) -> None:
        if self.effective and self.expires and self.expires <= self.effective:
            got = "one before that"
            raise InvalidValue(expected="an end after the start", got=got, where="$.expires")
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        criteria = [c for c in (self.qualify, self.disqualify) if c is not None]
        check_sizes([*criteria, *(part for card in cards for part in card.parts)])
        self._check_searches()
        _ = self.subjects, self.named  # contradictions are refused at once

    def _check_searches(self) -> None:
        """Bound what every text is searched for: a search takes time for each letter of both."""
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        asked = [*self.conditions, *(c for card in cards for c in card.conditions)]
        sought = sum(
            len(part)
            for condition in dict.fromkeys(asked)
            if condition.operator.is_on_text and isinstance(condition.operand, tuple)
            for part in condition.operand
            if isinstance(part, str)
        )
        if sought > limits.SEARCH_CHARACTERS:
            expected = f"at most {limits.SEARCH_CHARACTERS:,} characters to look for in texts"
            raise LimitExceeded(expected=expected, got=f"{sought:,}")

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    @property
    def title(self) -> str:
        """Name and version: ``sales-ready v3``."""
        return f"{self.name} v{self.version}"

    @cached_property
    def requirement(self) -> Criterion:
        """All that a lead must fulfil: *qualify*, the evidence, and the thresholds of scores."""
        more = [Evidence(kind).is_given() for kind in self.evidence]
        for name, card in (("fit", self.fit), ("engagement", self.engagement)):
            if card is not None and card.at_least is not None:
                total = Total(name, card=card)
                more.append(total.reached() if card.events else Reaches(name=name, card=card))
        if not more:
            return self.qualify
        parts = self.qualify.parts if isinstance(self.qualify, AllOf) else (self.qualify,)
        return AllOf(parts=(*parts, *more))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every distinct condition, in reading order."""
        asked = list(conditions_of(self.requirement))
        totals = [c.field for c in asked if isinstance(c.field, Total)]
        asked += [condition for total in totals for condition in total.card.conditions]
        asked += () if self.disqualify is None else conditions_of(self.disqualify)
        return tuple(dict.fromkeys(asked))

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """Every subject asked about, in reading order; one name has one type and one unit."""
        known: dict[str, Subject] = {}
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        asked = [condition.field for condition in self.conditions]
        for subject in [*asked, *(subject for card in cards for subject in card.subjects)]:
            if known.setdefault(subject.key, subject) != subject:
                raise _two_of(f"$.fields.{subject.key}")
        self._check_units(known.values())
        return tuple(dict.fromkeys(asked))

    def _check_units(self, subjects: Iterable[Subject]) -> None:
        kinds: dict[str, tuple[type, str | None]] = {}
        for subject in subjects:
            if isinstance(subject, Field):
                kind = (subject.kind, subject.unit)
                if kinds.setdefault(subject.name, kind) != kind:
                    raise _two_of(f"$.fields.{subject.name}")

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field that people are asked for, in reading order, those of scores included."""
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        all_asked = [*self.subjects, *(s for card in cards for s in card.subjects)]
        return tuple(dict.fromkeys(s for s in all_asked if isinstance(s, Field)))

    @cached_property
    def named(self) -> Mapping[str, Named]:
        """The criteria with a name of their own, in reading order."""
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        criteria = [c for c in (self.requirement, self.disqualify) if c is not None]
        criteria += [part for card in cards for part in card.parts]
        return _fields.FrozenDict(names_in(criteria))

    @cached_property
    def heard_from(self) -> Rate:
        """How many of the five groups to interview the criteria were learnt from (004-25)."""
        heard = {voice for named in self.named.values() for voice in named.heard_from}
        return Rate(len(heard), len(Voice))

    @cached_property
    def _moves(self) -> bool:
        """Whether a condition looks back or ahead from *now*."""
        return any(isinstance(condition.operand, Period) for condition in self.conditions)

    @cached_property
    def is_relative(self) -> bool:
        """Whether a verdict depends on *now*: by a condition, a window or fading points."""
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        windows = any(isinstance(s, Event) and s.within for s in self.subjects)
        return self._moves or windows or any(card.is_relative for card in cards)

    def is_in_force(self, on: date) -> bool:
        """Whether it holds on that day."""
        on = on.date() if isinstance(on, datetime) else on
        begun = self.effective is None or self.effective <= on
        return begun and (self.expires is None or on < self.expires)

    @property
    def period(self) -> str:
        """When it holds, for people."""
        begin = f"from {self.effective}" if self.effective else ""
        end = f"until {self.expires}" if self.expires else ""
        return " ".join(filter(None, [begin, end])) or "always"

    def is_due_for_review(self, on: date) -> bool:
        """
        Whether its last day without another look has passed (004-41).

        Example:
            >>> from datetime import date
            >>> from leadlib import Field, LeadDefinition
            >>> staff = Field("staff", int)
            >>> definition = LeadDefinition("d", staff >= 50, review_by=date(2026, 7, 5))
            >>> definition.is_due_for_review(date(2026, 7, 5))
            False
            >>> definition.is_due_for_review(date(2026, 7, 6))
            True
        """
        on = on.date() if isinstance(on, datetime) else on
        return self.review_by is not None and on > self.review_by


def _two_of(where: str) -> ConflictError:
    return ConflictError(expected="one type and unit for each field", got="two", where=where)
