"""
What a definition says: an assessment, which all with the same answers share; a verdict on one lead.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._markup import html_list, in_markdown
from leadlib._periods import Period
from leadlib._qualification import questions
from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    answer,
    children,
    conditions_of,
    describe,
    named_in,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.grades import Grade, grade
from leadlib._qualification.scoring import Score, ScoreCard
from leadlib._qualification.values import fits
from leadlib.errors import ConflictError, InvalidValue, NotCertifiable, UnknownName
from leadlib.model import Certificate, Fact, Lead, Team

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition

__all__ = ["Assessment", "Outcome", "Verdict"]


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


@attrs.frozen(kw_only=True, repr=False, slots=False, eq=False)
class Assessment:
    """
    The answers to every condition of a definition, and the outcome that follows from them.

    It names nobody, so that all leads with the same answers share one: a million verdicts are a
    few hundred assessments.

    Args:
        definition: The definition that was asked.
        outcome: Qualified, not qualified, disqualified or undecided.
        given: One answer for each of ``definition.conditions``, in their order.
    """

    definition: "LeadDefinition"
    outcome: Outcome
    given: tuple[Answer, ...]

    def __repr__(self) -> str:
        marks = " ".join(answer.mark for answer in self.given)
        return f"<Assessment {self.outcome} ({self.definition.title}): {marks}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Assessment):
            return NotImplemented
        return self.given == other.given and self.definition == other.definition

    def __hash__(self) -> int:
        return hash((self.given, self.definition.name, self.definition.version))

    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (self.definition, self.given)

    @cached_property
    def answers(self) -> Mapping[Condition, Answer]:
        """The answer of every condition."""
        return _fields.FrozenDict(zip(self.definition.conditions, self.given, strict=True))

    @property
    def code(self) -> int:
        """The answers as one number: two bits each, 0 no, 1 unknown, 2 yes, the first lowest."""
        return sum((given + 1) << 2 * i for i, given in enumerate(self.given))

    def answer(self, criterion: Criterion | str) -> Answer:
        """
        The answer to a criterion of the definition, or to the one of that name.

        Raises:
            UnknownName: No criterion has this name.
        """
        if isinstance(criterion, str):
            asked = [self.definition.requirement, self.definition.disqualify]
            named = names_in(part for part in asked if part is not None)
            if criterion not in named:
                got = repr(criterion)[:64]
                raise UnknownName(expected="a named criterion", got=got, legal=named)
            criterion = named[criterion]
        return answer(criterion, self.answers)

    @cached_property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions of *qualify* answered with no."""
        asked = dict.fromkeys(conditions_of(self.definition.requirement))
        return tuple(c for c in asked if self.answers[c] is Answer.NO)

    @cached_property
    def held(self) -> tuple[Criterion, ...]:
        """The conditions of *qualify* that are fulfilled; below a *not*, their opposites."""
        return tuple(dict.fromkeys(_fulfilled(self.definition.requirement, self.answers)))

    @cached_property
    def unknown(self) -> tuple[str, ...]:
        """What has no usable answer, in reading order (003-22)."""
        missing = [c.field.key for c, given in self.answers.items() if given is Answer.UNKNOWN]
        return tuple(dict.fromkeys(missing))

    @property
    def completeness(self) -> float:
        """The share of subjects with a usable answer, from 0 to 1."""
        return 1 - len(self.unknown) / len(self.definition.subjects)

    @cached_property
    def ask_next(self) -> tuple[str, ...]:
        """
        What may still change the outcome, most telling first; empty once it is decided.

        Ranked with even odds and equal costs; :meth:`questions` takes others.
        """
        return tuple(question.key for question in self.questions())

    def questions(
        self,
        *,
        costs: Mapping[str, float | Decimal] | None = None,
        odds: Mapping[str, float] | None = None,
    ) -> "tuple[questions.Question, ...]":
        """
        The open questions, by how likely the answer decides per cost of asking (004-27).

        Args:
            costs: What a question costs, in any unit; 1 for those not named.
            odds: How likely the answer is a yes, from 0 to 1; one half for those not named.

        Source:
            Birnbaum's importance of a component: the probability that this one answer decides.
        """
        if self.outcome is not Outcome.UNDECIDED:
            return ()
        definition = self.definition
        return questions.ranked(
            definition.requirement,
            definition.disqualify,
            self.answers,
            costs=costs or {},
            odds=odds or {},
        )

    @cached_property
    def steps(self) -> Mapping[str, Answer]:
        """The named criteria to fulfil, in reading order, with their answers (003-23)."""
        named = names_in([self.definition.requirement])
        return _fields.FrozenDict({name: answer(c, self.answers) for name, c in named.items()})

    @property
    def next_step(self) -> str | None:
        """The first named criterion that is not fulfilled yet; None if all are."""
        return next((name for name, given in self.steps.items() if given is not Answer.YES), None)


def _fulfilled(
    criterion: Criterion, answers: Mapping[Condition, Answer], wanted: Answer = Answer.YES
) -> Iterator[Criterion]:
    if isinstance(criterion, Condition) and answers[criterion] is wanted:
        yield criterion if wanted is Answer.YES else Not(part=criterion)
    below = Answer(-wanted) if isinstance(criterion, Not) else wanted
    for part in children(criterion):
        yield from _fulfilled(part, answers, below)


def _revive(definition: "LeadDefinition", given: tuple[Answer, ...]) -> Assessment:
    return definition.assessment(given)


@attrs.frozen(kw_only=True, repr=False)
class Verdict:
    """
    What a definition says of a lead, and why; ``print`` shows the tree with facts and sources.

    Args:
        lead: The lead as it was judged.
        assessment: The answers and the outcome.
        now: The instant for which it was judged, if one was given.
    """

    lead: Lead
    assessment: Assessment
    now: datetime | None = None

    @property
    def definition(self) -> "LeadDefinition":
        """The definition that judged."""
        return self.assessment.definition

    @property
    def outcome(self) -> Outcome:
        """Qualified, not qualified, disqualified or undecided."""
        return self.assessment.outcome

    @property
    def answers(self) -> Mapping[Condition, Answer]:
        """The answer of every condition."""
        return self.assessment.answers

    @property
    def failed(self) -> tuple[Condition, ...]:
        """The conditions of *qualify* answered with no."""
        return self.assessment.failed

    @property
    def held(self) -> tuple[Criterion, ...]:
        """The conditions of *qualify* that are fulfilled; below a *not*, their opposites."""
        return self.assessment.held

    @property
    def unknown(self) -> tuple[str, ...]:
        """What has no usable answer, in reading order (003-22)."""
        return self.assessment.unknown

    @property
    def completeness(self) -> float:
        """The share of subjects with a usable answer, from 0 to 1."""
        return self.assessment.completeness

    @property
    def ask_next(self) -> tuple[str, ...]:
        """What may still change the outcome, most telling first."""
        return self.assessment.ask_next

    def questions(
        self,
        *,
        costs: Mapping[str, float | Decimal] | None = None,
        odds: Mapping[str, float] | None = None,
    ) -> "tuple[questions.Question, ...]":
        """The open questions by worth: see :meth:`Assessment.questions`."""
        return self.assessment.questions(costs=costs, odds=odds)

    def answer(self, criterion: Criterion | str) -> Answer:
        """The answer to a criterion, or to the one of that name."""
        return self.assessment.answer(criterion)

    @property
    def steps(self) -> Mapping[str, Answer]:
        """The named criteria to fulfil, with their answers (003-23)."""
        return self.assessment.steps

    @property
    def next_step(self) -> str | None:
        """The first named criterion that is not fulfilled yet (003-23)."""
        return self.assessment.next_step

    @property
    def fit(self) -> Score | None:
        """The score of who they are; None if the definition has none."""
        return self._score(self.definition.fit)

    @property
    def engagement(self) -> Score | None:
        """The score of what they do; None if the definition has none."""
        return self._score(self.definition.engagement)

    def _score(self, card: ScoreCard | None) -> Score | None:
        if card is None:
            return None
        values = self.definition.values_of(self.lead, now=self.now)
        return card.score(values, lead=self.lead, now=self.now)

    @property
    def grade(self) -> Grade | None:
        """The cell of both scores (000-14); None unless both are there and bounded."""
        fit, engagement = self.fit, self.engagement
        if fit is None or engagement is None or fit.share is None or engagement.share is None:
            return None
        return grade(fit.share, engagement.share)

    def __repr__(self) -> str:
        return f"<Verdict {self.lead.id}: {self.outcome} ({self.definition.title})>"

    def __str__(self) -> str:
        return "\n".join(f"{'  ' * depth}{text}" for depth, text in self._lines())

    def _lines(self, *, with_facts: bool = True) -> Iterator[tuple[int, str]]:
        definition = self.definition
        yield 0, f"{self.lead.id}: {self.outcome} ({definition.title})"
        yield from self._tree(definition.requirement, 1, with_facts=with_facts)
        if definition.disqualify is not None:
            yield 1, "disqualified if"
            yield from self._tree(definition.disqualify, 2, with_facts=with_facts)
        if with_facts:
            yield from self._score_lines()

    def _score_lines(self) -> Iterator[tuple[int, str]]:
        for name, score in (("fit", self.fit), ("engagement", self.engagement)):
            if score is not None:
                head, *rules = str(score).split("\n")
                yield 1, f"{name}: {head}"
                yield from ((2, rule.strip()) for rule in rules)

    def _tree(
        self, criterion: Criterion, depth: int, *, with_facts: bool
    ) -> Iterator[tuple[int, str]]:
        said = ""
        if with_facts and isinstance(criterion, Condition):
            said = f"  -- {self._said(criterion)}"
        mark = answer(criterion, self.answers).mark
        yield depth, f"{mark:<3} {self._node(criterion)}{said}"
        for part in children(criterion):
            yield from self._tree(part, depth + 1, with_facts=with_facts)

    def _node(self, criterion: Criterion) -> str:
        match criterion:
            case AllOf():
                return "all of"
            case AnyOf():
                return "any of"
            case AtLeast(count=count):
                return f"at least {count} of"
            case Not():
                return "not"
            case Named(name=name):
                return name
        return describe(criterion)

    def _said(self, condition: Condition) -> str:
        subject = condition.field
        if isinstance(subject, Event):
            return "counted over the inquiries"
        if isinstance(subject, Evidence):
            known = self.answers[condition] is Answer.YES
            return "given" if known else "not given yet"
        if not isinstance(subject, Field):
            return "see the score"
        fact = fact_of(self.lead, subject)
        if fact is None:
            return "not asked yet" if subject.said_by is None else f"no {subject.said_by} said it"
        if not fits(subject.kind, fact.value):
            return f"said in {fact.said_in}, but as {_text.kind_of(fact.value)}"
        return str(fact)

    @property
    def facts(self) -> Mapping[str, Fact]:
        """What was said on each field of the definition, and by whom."""
        fields = self.definition.fields
        found = {field.key: fact_of(self.lead, field) for field in fields}
        return {name: fact for name, fact in found.items() if fact is not None}

    def certify(
        self, *, by: str, at: datetime, valid_for: timedelta | str = timedelta(days=30)
    ) -> Certificate:
        """
        Give the proof that the lead passed the agreed definition.

        Args:
            by: Who vouches for it.
            at: When.
            valid_for: How long the proof holds, such as ``"60 days"``; 30 days unless given.

        Raises:
            NotCertifiable: The verdict is not *qualified*, or the definition lacks a signature or
                is not in force.
        """
        where = f"lead {self.lead.id!r}"
        day, at = at, _instants.aware(at, where="at")
        if self.outcome is not Outcome.QUALIFIED:
            raise NotCertifiable(expected="a qualified lead", got=str(self.outcome), where=where)
        if not self.definition.is_agreed:
            missing = _without_names(self.definition.unsigned)
            expected = "a definition that both teams signed"
            got = f"one that {missing} did not sign"
            raise NotCertifiable(expected=expected, got=got, where=where)
        if not self.definition.is_in_force(day):
            expected = "a definition in force that day"
            raise NotCertifiable(expected=expected, got=self.definition.period, where=where)
        self._check_known(at, where)
        return Certificate(
            lead=self.lead.id,
            definition=self.definition.title,
            content_hash=self.definition.content_hash,
            by=by,
            at=at,
            expires=self._expiry(at, valid_for, where),
            evidence=self._evidence(),
        )

    def _evidence(self) -> tuple[str, ...]:
        """The inquiries that the verdict rests on."""
        kinds = {e.kind_of for e in self.definition.subjects if isinstance(e, Evidence)}
        said = {fact.said_in for fact in self.facts.values()}
        heard = {inquiry.id for inquiry in self.lead.inquiries if inquiry.kind in kinds}
        return tuple(i.id for i in self.lead.inquiries if i.id in said | heard)

    def _check_known(self, at: datetime, where: str) -> None:
        """Nobody can vouch for what was signed or said later."""
        signed = self.definition.agreed_since
        said = self.lead.inquiries[-1].at
        first = max(filter(None, [signed, said, self.now]))
        if at < first:
            expected = f"an instant from {first.isoformat()} on"
            raise NotCertifiable(expected=expected, got=at.isoformat(), where=where)
        if self.definition.is_relative and self.now and at - self.now > _FRESH:
            got = f"one for {self.now.isoformat()}"
            expected = "a verdict of at most a day ago, since it depends on the time"
            raise NotCertifiable(expected=expected, got=got, where=where)

    def _expiry(self, at: datetime, valid_for: timedelta | str, where: str) -> datetime:
        """No certificate outlives its definition."""
        end, expires = self.definition.expires, _expiry(at, valid_for, where)
        if end is None:
            return expires
        return min(expires, datetime.combine(end, time(0), at.tzinfo))

    def to_dict(self) -> dict[str, Any]:
        """Give the verdict as plain data, the facts of the lead not included."""
        plain: dict[str, Any] = {
            "lead": self.lead.id,
            "definition": self.definition.title,
            "content_hash": self.definition.content_hash,
            "outcome": self.outcome.value,
            "answers": {describe(c): given.mark for c, given in self.answers.items()},
            "steps": {name: given.mark for name, given in self.assessment.steps.items()},
            "completeness": self.completeness,
            "ask_next": list(self.ask_next),
        }
        for name, score in (("fit", self.fit), ("engagement", self.engagement)):
            if score is not None:
                plain[name] = score.to_dict()
        return plain

    def to_markdown(self) -> str:
        """The tree as a Markdown list, with the facts: personal data, mind where it goes."""
        (_, head), *lines = self._lines()
        listed = [f"{'  ' * (depth - 1)}- {in_markdown(text)}" for depth, text in lines]
        return "\n".join([f"**{in_markdown(head)}**", "", *listed])

    def _repr_html_(self) -> str:
        """The tree without the facts, for notebooks: what is shared with a notebook is shared."""
        return _html(self._lines(with_facts=False))

    def to_html(self) -> str:
        """The tree as nested HTML lists, with the facts: personal data, mind where it goes."""
        return _html(self._lines())


def _html(lines: Iterable[tuple[int, str]]) -> str:
    (_, head), *rest = lines
    listed = html_list((depth, escape(text)) for depth, text in rest)
    return f"<p><b>{escape(head)}</b></p>{listed}"


def fact_of(lead: Lead, field: Field) -> Fact | None:
    """The latest word on a field, said by whoever must have said it."""
    if field.said_by is None:
        return lead.fact(field.name)
    heard = (i for i in reversed(lead.inquiries) if i.kind == field.said_by)
    return next((fact for i in heard if (fact := i.fact(field.name)) is not None), None)


def _without_names(unsigned: Iterable[str]) -> str:
    """Who is missing, as an error may say it: teams by name, people by number."""
    missing = list(unsigned)
    teams = [str(who) for who in missing if isinstance(who, Team)]
    people = len(missing) - len(teams)
    return " and ".join([*teams, *([_text.plural(people, "stakeholder")] if people else [])])


_FRESH = timedelta(days=1)


def _expiry(at: datetime, valid_for: timedelta | str, where: str) -> datetime:
    if isinstance(valid_for, str):
        return _instants.aware(Period.of(valid_for).after(at))
    try:
        return _instants.aware(at + valid_for)
    except (TypeError, OverflowError, InvalidValue):
        expected = "a validity that ends before 2200"
        raise NotCertifiable(expected=expected, got="another", where=where) from None


def names_in(criteria: Iterable[Criterion]) -> dict[str, Named]:
    """
    Named criteria by name, in reading order.

    Raises:
        ConflictError: One name for two criteria.
    """
    found: dict[str, Named] = {}
    for named in (named for criterion in criteria for named in named_in(criterion)):
        if found.setdefault(named.name, named) != named:
            where = f"$.criteria.{named.name}"
            raise ConflictError(expected="one criterion for each name", got="two", where=where)
    return found
