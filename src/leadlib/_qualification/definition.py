"""The lead definition: one standard both teams have signed, and the verdict it gives."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._qualification import data
from leadlib._qualification.criteria import (
    AllOf,
    Answer,
    AnyOf,
    Condition,
    Criterion,
    Field,
    Not,
    answer,
    children,
    conditions_of,
    describe,
    fits,
)
from leadlib.errors import ConflictError, InvalidValue, NotCertifiable, UnknownName
from leadlib.model import Certificate, Fact, Lead, Team

__all__ = ["LeadDefinition", "Outcome", "Signature", "Verdict"]


class Outcome(StrEnum):
    """
    What a definition says of a lead.

    ``NOT_QUALIFIED`` goes to nurture and may pass another day; ``DISQUALIFIED`` hit a veto;
    ``UNDECIDED`` needs more answers.

    Example:
        >>> print(Outcome.UNDECIDED)
        undecided
    """

    QUALIFIED = "qualified"
    NOT_QUALIFIED = "not qualified"
    DISQUALIFIED = "disqualified"
    UNDECIDED = "undecided"


def _instant(value: object) -> datetime:
    return _instants.aware(value, where="at")


def _as_team(value: object) -> Team:
    for team in (Team.MARKETING, Team.SALES):
        if value == team:
            return team
    got = repr(value) if isinstance(value, str) else _text.kind_of(value)
    legal = [Team.MARKETING.value, Team.SALES.value]
    raise UnknownName(expected="a team that signs", got=got, legal=legal)


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Signature:
    """One team's consent to exactly one content of a definition."""

    team: Team = attrs.field(converter=_as_team)
    by: str = attrs.field(converter=_fields.identifier, repr=False)
    at: datetime = attrs.field(converter=_instant)
    content_hash: str = attrs.field(converter=_fields.identifier)


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


def _as_signatures(signatures: Iterable[Signature]) -> tuple[Signature, ...]:
    return tuple(signatures)


@attrs.frozen(slots=False)
class LeadDefinition:
    """
    What a lead is: criteria, a version, and the signatures of both teams over their content.

    Args:
        name: Such as ``sales-ready``.
        qualify: What a lead must fulfil.
        version: Counts from 1; a changed content is a new version.
        disqualify: What rules a lead out, whatever else holds.
        signatures: Made by :meth:`sign`; those over another content do not count.

    The definition holds for leads of every source (seed 003): it cannot ask where they came from.

    Example:
        >>> need, staff = Field("need", str), Field("staff", int, unit="people")
        >>> LeadDefinition("sales-ready", need.is_one_of("churn") & (staff >= 50))
        <LeadDefinition sales-ready v1: need is 'churn' and staff >= 50 people>
    """

    name: str = attrs.field(converter=_as_name)
    qualify: Criterion
    version: int = attrs.field(default=1, validator=_is_version, kw_only=True)
    disqualify: Criterion | None = attrs.field(default=None, kw_only=True)
    signatures: tuple[Signature, ...] = attrs.field(
        default=(), kw_only=True, converter=_as_signatures
    )

    def __attrs_post_init__(self) -> None:
        _ = self.fields  # a definition whose fields contradict each other is refused at once

    def __repr__(self) -> str:
        veto = f", unless {self.disqualify}" if self.disqualify is not None else ""
        return f"<LeadDefinition {self.title}: {self.qualify}{veto}>"

    @property
    def title(self) -> str:
        """Name and version: ``sales-ready v3``."""
        return f"{self.name} v{self.version}"

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every distinct condition, in reading order."""
        veto = () if self.disqualify is None else conditions_of(self.disqualify)
        return tuple(dict.fromkeys([*conditions_of(self.qualify), *veto]))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field asked, in reading order; one name has one type and one unit."""
        known: dict[str, Field] = {}
        for condition in self.conditions:
            if known.setdefault(condition.field.name, condition.field) != condition.field:
                raise ConflictError(
                    expected="one type and unit for each field",
                    got="two",
                    where=f"$.fields.{condition.field.name}",
                )
        return tuple(known.values())

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over name, version and criteria; signatures are not part of it."""
        content = {key: part for key, part in self.to_dict().items() if key != "signatures"}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def sign(self, *, team: Team, by: str, at: datetime) -> Self:
        """Give the definition with this team's signature over its present content."""
        signature = Signature(team=team, by=by, at=at, content_hash=self.content_hash)
        return attrs.evolve(self, signatures=(*self.signatures, signature))

    @property
    def unsigned(self) -> tuple[Team, ...]:
        """The teams whose signature over this very content is missing."""
        signed = {s.team for s in self.signatures if s.content_hash == self.content_hash}
        return tuple(team for team in (Team.MARKETING, Team.SALES) if team not in signed)

    @property
    def is_agreed(self) -> bool:
        """Whether both teams signed this very content (seed 003: universally agreed)."""
        return not self.unsigned

    @property
    def agreed_since(self) -> datetime | None:
        """When the second team signed this very content; None before that."""
        signed: dict[Team, datetime] = {}
        for signature in self.signatures:
            if signature.content_hash == self.content_hash:
                at = signed.get(signature.team, signature.at)
                signed[signature.team] = min(at, signature.at)
        return max(signed.values()) if len(signed) > 1 else None

    def judge(self, lead: Lead) -> "Verdict":
        """
        Judge one lead; pure and three-valued.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib import Inquiry, consolidate
            >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
            >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com",
            ...                facts={"need": "churn"})
            >>> [ada] = consolidate([form])
            >>> need, staff = Field("need", str), Field("staff", int, unit="people")
            >>> sales_ready = LeadDefinition("sales-ready", need.equals("churn") & (staff >= 50))
            >>> verdict = sales_ready.judge(ada)
            >>> print(verdict)
            i-1: undecided (sales-ready v1)
              ?   all of
                yes need is 'churn'  -- 'churn', said in i-1 on 2026-03-02
                ?   staff >= 50 people  -- not asked yet
            >>> verdict.ask_next
            ('staff',)
        """
        _fields.check_type(lead, Lead, "lead")
        values = lead.values
        answers = {
            condition: condition.answer(values.get(condition.field.name))
            for condition in self.conditions
        }
        outcome = self._outcome(answers)
        frozen = _fields.FrozenDict(answers)
        return Verdict(lead=lead, definition=self, outcome=outcome, answers=frozen)

    def _outcome(self, answers: Mapping[Condition, Answer]) -> Outcome:
        veto = Answer.NO if self.disqualify is None else answer(self.disqualify, answers)
        if veto is Answer.YES:
            return Outcome.DISQUALIFIED
        return _OUTCOMES[min(answer(self.qualify, answers), Answer(-veto))]

    def to_dict(self) -> dict[str, Any]:
        """Give the definition as plain data; :meth:`from_dict` gives the same definition back."""
        plain: dict[str, Any] = {"name": self.name, "version": self.version}
        plain["fields"] = {field.name: data.field_to_data(field) for field in self.fields}
        plain["qualify"] = data.criterion_to_data(self.qualify)
        if self.disqualify is not None:
            plain["disqualify"] = data.criterion_to_data(self.disqualify)
        if self.signatures:
            plain["signatures"] = [
                {
                    "team": s.team.value,
                    "by": s.by,
                    "at": s.at.isoformat(),
                    "content_hash": s.content_hash,
                }
                for s in self.signatures
            ]
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """
        Read a definition from plain data, such as TOML or JSON gives, whole or not at all.

        Raises:
            DefinitionError: With every fault of *plain*: its path, what was expected, what is
                legal.

        Example:
            >>> LeadDefinition.from_dict({
            ...     "name": "sales-ready",
            ...     "fields": {"staff": {"type": "integer", "unit": "people"}},
            ...     "qualify": {"field": "staff", "at_leest": 50},
            ... })
            Traceback (most recent call last):
                ...
            leadlib.errors.DefinitionError: expected a condition, got 'at_leest' @ $.qualify; did \
you mean 'at_least'?
        """
        parts = data.definition_from_data(plain)
        signatures = tuple(Signature(**signature) for signature in parts.pop("signatures"))
        return cls(**parts, signatures=signatures)


_OUTCOMES = {
    Answer.YES: Outcome.QUALIFIED,
    Answer.UNKNOWN: Outcome.UNDECIDED,
    Answer.NO: Outcome.NOT_QUALIFIED,
}


@attrs.frozen(kw_only=True, repr=False, slots=False)
class Verdict:
    """
    What a definition says of a lead, and why; ``print`` shows the tree with facts and sources.

    Args:
        lead: The lead as it was judged.
        definition: The definition that judged it.
        outcome: Qualified, not qualified, disqualified or undecided.
        answers: The answer of every condition.
    """

    lead: Lead
    definition: LeadDefinition
    outcome: Outcome
    answers: Mapping[Condition, Answer] = attrs.field(hash=False)

    def __repr__(self) -> str:
        return f"<Verdict {self.lead.id}: {self.outcome} ({self.definition.title})>"

    def __str__(self) -> str:
        lines = [f"{self.lead.id}: {self.outcome} ({self.definition.title})"]
        lines += self._tree(self.definition.qualify, 1)
        if self.definition.disqualify is not None:
            lines.append("  disqualified if")
            lines += self._tree(self.definition.disqualify, 2)
        return "\n".join(lines)

    def _tree(self, criterion: Criterion, depth: int) -> Iterator[str]:
        head = f"{'  ' * depth}{answer(criterion, self.answers).mark:<3} "
        match criterion:
            case Condition():
                yield f"{head}{describe(criterion)}  -- {self._said(criterion)}"
            case AllOf():
                yield f"{head}all of"
            case AnyOf():
                yield f"{head}any of"
            case Not():
                yield f"{head}not"
        for part in children(criterion):
            yield from self._tree(part, depth + 1)

    def _said(self, condition: Condition) -> str:
        fact = self.lead.fact(condition.field.name)
        if fact is None:
            return "not asked yet"
        if not fits(condition.field.kind, fact.value):
            return f"said in {fact.said_in}, but as {_text.kind_of(fact.value)}"
        return str(fact)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What was said on each field of the definition, and by whom."""
        found = {field.name: self.lead.fact(field.name) for field in self.definition.fields}
        return {name: fact for name, fact in found.items() if fact is not None}

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions of *qualify* answered with no."""
        asked = dict.fromkeys(conditions_of(self.definition.qualify))
        return tuple(condition for condition in asked if self.answers[condition] is Answer.NO)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The fields without a usable answer, in reading order (003-22)."""
        missing = [t.field.name for t, given in self.answers.items() if given is Answer.UNKNOWN]
        return tuple(dict.fromkeys(missing))

    @property
    def completeness(self) -> float:
        """The share of fields with a usable answer, from 0 to 1."""
        return 1 - len(self.unknown) / len(self.definition.fields)

    @property
    def ask_next(self) -> tuple[str, ...]:
        """
        The fields whose answer may still change the verdict, most telling first.

        Ranked by Birnbaum's importance with even odds for every open answer: the probability that
        this one answer decides.  Empty once the verdict is decided.
        """
        if self.outcome is not Outcome.UNDECIDED:
            return ()
        weights: dict[str, float] = defaultdict(float)
        qualify, veto = self.definition.qualify, self.definition.disqualify
        free = 1.0 if veto is None else 1 - _odds(veto, self.answers)
        self._weigh(qualify, free, weights)
        if veto is not None:
            self._weigh(veto, _odds(qualify, self.answers), weights)
        return tuple(sorted(weights, key=lambda name: -weights[name]))

    def _weigh(self, criterion: Criterion, weight: float, weights: dict[str, float]) -> None:
        if answer(criterion, self.answers) is not Answer.UNKNOWN:
            return  # what is decided asks nothing more
        if isinstance(criterion, Condition):
            weights[criterion.field.name] += weight
            return
        parts = children(criterion)
        odds = [_odds(part, self.answers) for part in parts]
        neutral = odds if isinstance(criterion, AllOf) else [1 - odd for odd in odds]
        for i, part in enumerate(parts):
            others = weight
            for odd in neutral[:i] + neutral[i + 1 :]:
                others *= odd
            self._weigh(part, others, weights)

    def certify(
        self, *, by: str, at: datetime, valid_for: timedelta = timedelta(days=30)
    ) -> Certificate:
        """
        Give the proof that the lead passed the agreed definition.

        Args:
            by: Who vouches for it.
            at: When.
            valid_for: How long the proof holds; 30 days unless said otherwise.

        Raises:
            NotCertifiable: The verdict is not *qualified*, or the definition lacks a signature.
        """
        where = f"lead {self.lead.id!r}"
        if self.outcome is not Outcome.QUALIFIED:
            raise NotCertifiable(expected="a qualified lead", got=str(self.outcome), where=where)
        if not self.definition.is_agreed:
            missing = " and ".join(self.definition.unsigned)
            expected = "a definition that both teams signed"
            got = f"one that {missing} did not sign"
            raise NotCertifiable(expected=expected, got=got, where=where)
        self._check_known(_instant(at), where)
        return Certificate(
            lead=self.lead.id,
            definition=self.definition.title,
            content_hash=self.definition.content_hash,
            by=by,
            at=at,
            expires=_expiry(_instant(at), valid_for, where),
        )

    def _check_known(self, at: datetime, where: str) -> None:
        """Nobody can vouch for what was signed or said later."""
        signed = self.definition.agreed_since
        said = self.lead.inquiries[-1].at
        first = said if signed is None else max(signed, said)
        if at < first:
            expected = f"an instant from {first.isoformat()} on"
            raise NotCertifiable(expected=expected, got=at.isoformat(), where=where)

    def to_dict(self) -> dict[str, Any]:
        """Give the verdict as plain data, the facts of the lead not included."""
        return {
            "lead": self.lead.id,
            "definition": self.definition.title,
            "content_hash": self.definition.content_hash,
            "outcome": self.outcome.value,
            "answers": {
                describe(condition): given.mark for condition, given in self.answers.items()
            },
            "completeness": self.completeness,
            "ask_next": list(self.ask_next),
        }


def _expiry(at: datetime, valid_for: timedelta, where: str) -> datetime:
    try:
        return _instants.aware(at + valid_for)
    except (TypeError, OverflowError, InvalidValue):
        expected = "a validity that ends before 2200"
        raise NotCertifiable(expected=expected, got="another", where=where) from None


def _odds(criterion: Criterion, answers: Mapping[Condition, Answer]) -> float:
    """The probability of a yes if every open answer is the toss of a coin of its own."""
    match criterion:
        case Condition():
            return (answers[criterion] + 1) / 2
        case Not(part=part):
            return 1 - _odds(part, answers)
        case AnyOf(parts=parts):
            none = 1.0
            for part in parts:
                none *= 1 - _odds(part, answers)
            return 1 - none
    every = 1.0
    for part in children(criterion):
        every *= _odds(part, answers)
    return every
