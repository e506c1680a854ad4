"""The lead definition: one standard that both teams have signed."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

import attrs

from leadlib import _fields, _instants, _text
from leadlib._qualification import plan, reading, writing
from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import (
    Condition,
    Subject,
    answer,
    resolved,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.terms import Terms
from leadlib._qualification.totals import Total
from leadlib._qualification.verdict import Assessment, Outcome, Verdict, fact_of
from leadlib._rates import Rate
from leadlib.errors import InvalidValue, UnknownName
from leadlib.model import FactValue, Lead, Team

if TYPE_CHECKING:
    from leadlib._qualification.changes import Changes
    from leadlib._qualification.dialects import Dialect

__all__ = ["LeadDefinition", "Signature"]

Values = Mapping[str, FactValue | None]


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
    at: datetime = attrs.field(converter=_fields.instant)
    content_hash: str = attrs.field(converter=_fields.identifier)


def _as_signatures(signatures: Iterable[Signature]) -> tuple[Signature, ...]:
    return tuple(signatures)


@attrs.frozen(slots=False, repr=False, field_transformer=_fields.placed)
class LeadDefinition(Terms):
    """
    What a lead is: criteria, a version, and the signatures of both teams over their content.

    Args:
        name: Such as ``sales-ready``.
        qualify: What a lead must fulfil.
        version: Counts from 1; a changed content is a new version.
        disqualify: What rules a lead out, whatever else holds and however high it scores.
        evidence: Kinds of inquiries in which the lead must have been heard, such as ``phone``
            (003-24); until then the verdict is undecided.
        fit: The score of who they are: a :class:`ScoreCard`, or its rules; with ``at_least``, it
            must be reached.
        engagement: The score of what they do, likewise.
        effective: The first day it holds; always unless given.
        expires: The day from which on it holds no more.
        review_by: The last day of its present wording without another look (004-41).
        stakeholders: Who must sign besides one person of each team, by name.
        signatures: Made by :meth:`sign`; those over another content do not count.

    The definition holds for leads of every source (seed 003): it cannot ask where they came from.

    Example:
        >>> need, staff = Field("need", str), Field("staff", int, unit="people")
        >>> LeadDefinition("sales-ready", need.is_one_of("churn") & (staff >= 50))
        <LeadDefinition sales-ready v1: need is 'churn' and staff >= 50 people>
    """

    signatures: tuple[Signature, ...] = attrs.field(
        default=(), kw_only=True, converter=_as_signatures
    )

    def __repr__(self) -> str:
        veto = f", unless {self.disqualify}" if self.disqualify is not None else ""
        return f"<LeadDefinition {self.title}: {self.requirement}{veto}>"

    # -- agreement --

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over everything but the signatures."""
        content = {key: part for key, part in self.to_dict().items() if key != "signatures"}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def sign(self, *, team: Team, by: str, at: datetime) -> Self:
        """Give the definition with this team's signature over its present content."""
        signature = Signature(team=team, by=by, at=at, content_hash=self.content_hash)
        return attrs.evolve(self, signatures=(*self.signatures, signature))

    @cached_property
    def _valid(self) -> tuple[Signature, ...]:
        return tuple(s for s in self.signatures if s.content_hash == self.content_hash)

    @property
    def _counted(self) -> tuple[Signature, ...]:
        """One signature of each person: nobody agrees with themselves for both teams."""
        first: dict[str, Signature] = {}
        for signature in sorted(self._valid, key=lambda s: s.at):
            first.setdefault(signature.by, signature)
        return tuple(first.values())

    @property
    def unsigned(self) -> tuple[str, ...]:
        """The teams and stakeholders whose signature over this very content is missing."""
        teams = {signature.team for signature in self._counted}
        people = {signature.by for signature in self._valid}
        missing: list[str] = [t for t in (Team.MARKETING, Team.SALES) if t not in teams]
        return (*missing, *(name for name in self.stakeholders if name not in people))

    @property
    def signed(self) -> Rate:
        """How many of those who must have signed: the stakeholders, or one of each team."""
        asked = self.stakeholders or (Team.MARKETING, Team.SALES)
        return Rate(sum(who not in self.unsigned for who in asked), len(asked))

    @property
    def is_agreed(self) -> bool:
        """Whether all who must have signed this very content (seed 003: universally agreed)."""
        return not self.unsigned

    @property
    def agreed_since(self) -> datetime | None:
        """When the last needed signature was given; None before that."""
        if not self.is_agreed:
            return None
        first: dict[str, datetime] = {}
        for signature in sorted(self._counted, key=lambda s: s.at):
            first.setdefault(signature.team, signature.at)
            first.setdefault(f"by {signature.by}", signature.at)
        asked = [Team.MARKETING, Team.SALES, *(f"by {name}" for name in self.stakeholders)]
        return max(first[who] for who in asked)

    def revised(self, **changes: Any) -> Self:
        """
        Give the next version with these changes, unsigned (003-31).

        Example:
            >>> staff = Field("staff", int)
            >>> LeadDefinition("d", staff >= 60).revised(qualify=staff >= 65)
            <LeadDefinition d v2: staff >= 65>
        """
        return attrs.evolve(self, version=self.version + 1, signatures=(), **changes)

    def changes_to(self, other: "LeadDefinition") -> "Changes":
        """
        Say what *other* defines otherwise, for those who must sign it; signatures do not count.

        Example:
            >>> staff = Field("staff", int, unit="people")
            >>> first = LeadDefinition("d", staff >= 60)
            >>> print(first.changes_to(first.revised(qualify=staff >= 65)))
            version: 1 -> 2
            who is a lead: staff >= 60 people -> staff >= 65 people
        """
        from leadlib._qualification import changes  # noqa: PLC0415  # for those who revise

        _fields.check_type(other, LeadDefinition, "other")
        return changes.changes_between(self, other)

    def __format__(self, form: str) -> str:
        """
        Give the definition as a text for both teams: ``text``, ``md`` (Markdown) or ``html``.

        Raises:
            InvalidValue: There is no such form.
        """
        from leadlib._qualification import prose  # noqa: PLC0415  # for those who read on paper

        return prose.written(self, form) if form else repr(self)

    # -- judging --

    def judge(self, lead: Lead, *, now: datetime | None = None) -> Verdict:
        """
        Judge one lead; pure and three-valued.

        Args:
            lead: What was said later than *now* is not seen.
            now: The instant of judging, aware; conditions such as ``within_last`` need it.

        Raises:
            InvalidValue: The definition depends on *now*, and it is not given.

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
        return self._verdict(lead, self._ready(now), now)

    def judge_many(
        self, leads: Iterable[Lead], *, now: datetime | None = None
    ) -> Iterator[Verdict]:
        """
        Judge leads one after another, as they come.

        Args:
            leads: In any number.
            now: See :meth:`judge`.
        """
        assess = self._ready(now)
        return (self._verdict(lead, assess, now) for lead in leads)

    def _ready(self, now: datetime | None) -> Callable[[Values], Assessment]:
        """What assesses at that instant; it is needed where a verdict depends on it."""
        if now is None and self.is_relative:
            got = f"none, and {self.title!r} depends on it"
            raise InvalidValue(expected="an instant", got=got, where="now")
        return self._assessor(now)

    def _verdict(
        self, lead: Lead, assess: Callable[[Values], Assessment], now: datetime | None
    ) -> Verdict:
        _fields.check_type(lead, Lead, "lead")
        if now is not None and lead.inquiries[-1].at > _instants.aware(now, where="now"):
            lead = _known(lead, _instants.aware(now, where="now"))
        values = self.values_of(lead, now=now) if self._derived else lead.values
        return Verdict(lead=lead, assessment=assess(values), now=now)

    @cached_property
    def assess(self) -> Callable[[Values], Assessment]:
        """
        Judge plain facts by name, such as a row or :meth:`values_of` a lead: the fastest way.

        It gives the :class:`Assessment` that all with the same answers share; it names nobody and
        shows no fact.  A definition that depends on *now* is bound to it first: :meth:`at`.

        Example:
            >>> staff = Field("staff", int)
            >>> LeadDefinition("d", staff >= 50).assess({"staff": 60}).outcome
            <Outcome.QUALIFIED: 'qualified'>
        """
        return plan.assessor(self._shared, self._at(None))

    def assess_many(
        self, rows: Iterable[Values], *, now: datetime | None = None
    ) -> Iterator[Assessment]:
        """
        Judge many rows of plain facts, as they come; texts that recur are searched once.

        Args:
            rows: Facts by name, such as :meth:`values_of` gives of a lead.
            now: See :meth:`judge`.
        """
        moves = now is not None and self._moves
        begin = (
            plan.batch_assessor(self._shared, self._at(now), self._assessor(now))
            if moves
            else self._fixed_batch
        )
        rows = iter(rows)
        for first in rows:
            return begin(first)(chain([first], rows))
        return iter(())

    @cached_property
    def decide(self) -> Callable[[Values], Outcome]:
        """
        Give the outcome alone; it looks no further than it must.

        Example:
            >>> staff = Field("staff", int)
            >>> LeadDefinition("d", staff >= 50).decide({})
            <Outcome.UNDECIDED: 'undecided'>
        """
        return plan.decider(self, self._at(None))

    def at(self, now: datetime) -> Callable[[Values], Assessment]:
        """Give :attr:`assess` for one instant; a date is asked in the zone of *now*."""
        return self._assessor(now)

    def _assessor(self, now: datetime | None) -> Callable[[Values], Assessment]:
        if now is None or not self._moves:
            return self.assess
        return plan.assessor(self._shared, self._at(now))

    @cached_property
    def _fixed_batch(self) -> Callable[[Any], Callable[[Iterable[Any]], Iterator[Assessment]]]:
        return plan.batch_assessor(self._shared, self._at(None), self.assess)

    @cached_property
    def _shared(self) -> plan.Shared:
        return plan.Shared(definition=self)

    def _at(self, now: datetime | None) -> tuple[Condition, ...]:
        """The conditions with *now* put in."""
        if now is not None:
            _instants.aware(now, where="now")
        return tuple(resolved(condition, now) for condition in self.conditions)

    def assessment(self, given: tuple[Answer, ...]) -> Assessment:
        """The assessment that follows from one answer for each of :attr:`conditions`."""
        answers = dict(zip(self.conditions, given, strict=True))
        return Assessment(definition=self, outcome=self._outcome(answers), given=tuple(given))

    def _outcome(self, answers: Mapping[Condition, Answer]) -> Outcome:
        veto = Answer.NO if self.disqualify is None else answer(self.disqualify, answers)
        if veto is Answer.YES:
            return Outcome.DISQUALIFIED
        return _OUTCOMES[min(answer(self.requirement, answers), Answer(-veto))]

    @cached_property
    def _derived(self) -> tuple[Subject, ...]:
        """What no fact answers as it stands: events, evidence, and who said something."""
        cards = [card for card in (self.fit, self.engagement) if card is not None]
        asked = dict.fromkeys([*self.subjects, *(s for card in cards for s in card.subjects)])
        return tuple(s for s in asked if not isinstance(s, Field) or s.said_by)

    def values_of(self, lead: Lead, *, now: datetime | None = None) -> Values:
        """
        What the definition looks at, by key: the facts, and what the inquiries show besides.

        These are also the columns that :meth:`judge_frame` reads.
        """
        if now is not None and lead.inquiries[-1].at > _instants.aware(now, where="now"):
            lead = _known(lead, _instants.aware(now, where="now"))
        values: dict[str, FactValue | None] = dict(lead.values)
        totals = [subject for subject in self._derived if isinstance(subject, Total)]
        for subject in self._derived:  # whatever a form calls its facts, these are ours to say
            values[subject.key] = None if subject in totals else _value_of(subject, lead, now)
        for total in totals:
            values[total.key] = total.value(values, lead, now)
        return values

    # -- elsewhere --

    def judge_frame(
        self,
        frame: Any,
        *,
        now: datetime | None = None,
        columns: Mapping[str, str] | None = None,
        outcome: str = "outcome",
        answers: str | None = None,
    ) -> Any:
        """
        Judge the rows of a data frame, with the verdicts of :attr:`assess`; its engine works.

        Args:
            frame: Of pandas, Polars, PyArrow, DuckDB or PySpark; a lazy one stays lazy.
            now: See :meth:`judge`.
            columns: The column of a subject by its key, where it is named otherwise; a dotted name
                such as ``company.size`` also finds the field of a structure.
            outcome: The new column, with the values of :class:`Outcome` as text.
            answers: Another new column, with :attr:`Assessment.code`; of at most 31 conditions.

        Returns:
            A frame of the same kind, with the new columns.

        Raises:
            UnknownName: There is no such column, or no such subject.
            InvalidValue: A column holds another type than its field; or *now* is missing.
            ConflictError: A new column has the name of one that is there.
            LimitExceeded: There are too many conditions for *answers*.
            MissingExtra: narwhals is not installed: ``leadlib[frames]``.

        Example:
            >>> import polars
            >>> definition = LeadDefinition("d", Field("staff", int) >= 50)
            >>> definition.judge_frame(polars.DataFrame({"staff": [60, None]}))["outcome"].to_list()
            ['qualified', 'undecided']
        """
        from leadlib._qualification import frames  # noqa: PLC0415  # for those who have frames

        return frames.judge(self, frame, now=now, columns=columns, outcome=outcome, answers=answers)

    def to_sql(
        self,
        dialect: "Dialect | str",
        *,
        columns: Mapping[str, str] | None = None,
        now: datetime | None = None,
    ) -> str:
        """
        Give the definition as one SQL expression, whose value is the outcome as text.

        Args:
            dialect: Of which database; it says how values must be stored there.
            columns: See :meth:`judge_frame`; structures are not looked into.
            now: See :meth:`judge`.

        Raises:
            UnknownName: There is no such dialect, or no such subject.
            InvalidValue: The dialect cannot say it; or *now* is missing.
            LimitExceeded: The expression would be longer than databases take.

        Example:
            >>> print(LeadDefinition("d", Field("need", str).equals("churn")).to_sql("sqlite"))
            CASE ((CASE WHEN typeof(`need`) = 'text' THEN `need` COLLATE BINARY IN ('churn') END)) \
WHEN TRUE THEN 'qualified' WHEN FALSE THEN 'not qualified' ELSE 'undecided' END
        """
        from leadlib._qualification import sql  # noqa: PLC0415  # for those who have a database

        return sql.expression(self, dialect, columns=columns, now=now)

    # -- data --

    def to_dict(self) -> dict[str, Any]:
        """Give the definition as plain data; :meth:`from_dict` gives the same definition back."""
        return writing.definition_to_data(self)

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
        return reading.definition_from_data(plain, cls.from_parts)

    @classmethod
    def from_parts(cls, parts: Mapping[str, Any]) -> Self:
        """Put read parts together; signatures and scores are still tables."""
        signatures = [Signature(**signature) for signature in parts.get("signatures", ())]
        return cls(**{**parts, "signatures": signatures})


_OUTCOMES = {
    Answer.YES: Outcome.QUALIFIED,
    Answer.UNKNOWN: Outcome.UNDECIDED,
    Answer.NO: Outcome.NOT_QUALIFIED,
}


def _known(lead: Lead, now: datetime) -> Lead:
    known = lead.known_by(now)
    if known is None:
        expected = f"a lead known by {now.isoformat()}"
        raise InvalidValue(expected=expected, got="one that came later", where=f"lead {lead.id!r}")
    return known


def _value_of(subject: Subject, lead: Lead, now: datetime | None) -> FactValue | None:
    match subject:
        case Event():
            return len(subject.occurrences(lead, now))
        case Evidence(kind_of=kind):
            return True if any(inquiry.kind == kind for inquiry in lead.inquiries) else None
        case Field():
            fact = fact_of(lead, subject)
            return None if fact is None else fact.value
    raise InvalidValue(expected="a subject of ours", got=_text.kind_of(subject))
