"""
Scores: points for what holds, beside the definition and never instead of it.

Fit says who they are, engagement what they do; they are kept apart (seed 000).  A rule that nobody
can answer yet gives a range instead of a number.  Points for events fade by halves, so that a score
is a function of time and can say when a lead turns cold.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Any, overload

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._periods import Period
from leadlib._qualification import tally
from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import (
    Condition,
    Criterion,
    Subject,
    answer,
    check_sizes,
    conditions_of,
    describe,
    resolved,
)
from leadlib._qualification.fields import Event
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.model import FactValue, Lead

__all__ = ["Number", "Points", "Score", "ScoreCard", "Scores", "as_number"]

Number = int | Decimal
_CENTURIES = timedelta(days=365 * 200)


def as_number(value: Any) -> Number:
    """A number of points, whole if it can be."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValue(expected="a number", got=_text.kind_of(value))
    number = _fields.finite(value)
    if not -_MOST_POINTS <= number <= _MOST_POINTS:
        raise InvalidValue(expected=f"at most {_MOST_POINTS:,} points", got="more")
    return int(number) if number == int(number) else number


_MOST_POINTS = 1_000_000


def _as_optional_number(value: Any) -> Number | None:
    return None if value is None else as_number(value)


def _as_half_life(value: Any) -> Period | None:
    span = None if value is None else Period.of(value)
    if span is not None and span.seconds is None:
        raise InvalidValue(expected="a half-life in days, hours or minutes", got=str(span))
    return span


@attrs.frozen(field_transformer=_fields.placed)
class Points:
    """
    One rule of a score: so many points if something holds, or each time something happened.

    Args:
        points: How many; negative ones count against the lead.
        when: A criterion, or an :class:`Event`: then each occurrence gives the points.
        half_life: Points for events fade: after this long, half is left.
        group: Rules of one group may be capped together.

    Example:
        >>> from leadlib import Field
        >>> print(Points(20, Field("staff", int) >= 50))
        +20 if staff >= 50
        >>> print(Points(15, Event("pricing page"), half_life="14 days"))
        +15 for each pricing page, half after 14 days
    """

    points: Number = attrs.field(converter=as_number)
    when: Criterion | Event = attrs.field()
    half_life: Period | None = attrs.field(default=None, converter=_as_half_life, kw_only=True)
    group: str | None = attrs.field(default=None, converter=_fields.label, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.when, Criterion | Event):
            raise InvalidValue(expected="a criterion or an event", got=_text.kind_of(self.when))
        if self.half_life and not isinstance(self.when, Event):
            raise InvalidValue(expected="an event: only events fade", got="a criterion")
        passes = self.half_life or (isinstance(self.when, Event) and self.when.within)
        if passes and self.points < 0:
            expected = "points from 0 on: what counts against a lead does not fade by itself"
            raise InvalidValue(expected=expected, got="negative ones")

    def __str__(self) -> str:
        fades = f", half after {self.half_life}" if self.half_life else ""
        if isinstance(self.when, Event):
            span = f" of the last {self.when.within}" if self.when.within else ""
            return f"{self.points:+} for each {self.when.kind_of}{span}{fades}"
        return f"{self.points:+} if {describe(self.when)}"


def _as_rules(rules: Iterable[Points]) -> tuple[Points, ...]:
    taken = tuple(rules)
    for rule in taken:
        _fields.check_type(rule, Points, "rules")
    if not 0 < len(taken) <= limits.SCORE_RULES:
        expected = f"from 1 to {limits.SCORE_RULES} rules"
        raise LimitExceeded(expected=expected, got=f"{len(taken)}", where="$.rules")
    return taken


def _as_caps(caps: Mapping[str, Any]) -> "_fields.FrozenDict[str, Number]":
    return _fields.FrozenDict({_fields.identifier(k): as_number(v) for k, v in caps.items()})


@attrs.frozen(slots=False, repr=False, field_transformer=_fields.placed)
class ScoreCard:
    """
    The rules of one score, what they may give at most, and where it is high enough.

    Args:
        rules: In any number; all that hold are added up.
        caps: The most that the rules of a group may give together.
        most: The most, and *least* the least, that the whole score may be.
        at_least: The threshold; a definition with this card asks for it.

    Example:
        >>> from leadlib import Field
        >>> staff = Field("staff", int)
        >>> card = ScoreCard([Points(20, staff >= 50), Points(30, staff >= 500)], at_least=40)
        >>> print(card.score({"staff": 60}))
        20 points, 20 below the threshold of 40
          +20 staff >= 50
    """

    rules: tuple[Points, ...] = attrs.field(converter=_as_rules)
    caps: Mapping[str, Number] = attrs.field(
        factory=dict, converter=_as_caps, kw_only=True, hash=False
    )
    most: Number | None = attrs.field(default=None, converter=_as_optional_number, kw_only=True)
    least: Number | None = attrs.field(default=None, converter=_as_optional_number, kw_only=True)
    at_least: Number | None = attrs.field(default=None, converter=_as_optional_number, kw_only=True)

    def __attrs_post_init__(self) -> None:
        groups = {rule.group for rule in self.rules}
        for group, cap in self.caps.items():
            if cap < 0:
                expected = "caps from 0 on: nothing said is worth nothing"
                raise InvalidValue(expected=expected, got="one below", where="$.caps")
            if group not in groups:
                got = f"a cap for {group!r}"
                raise InvalidValue(expected="caps for groups of rules", got=got, where="$.caps")
        check_sizes(self.parts)
        if self.most is not None and self.least is not None and self.most < self.least:
            raise InvalidValue(expected="least <= most", got="the reverse", where="$.least")

    def __repr__(self) -> str:
        asked = "" if self.at_least is None else f", at least {self.at_least}"
        return f"<ScoreCard of {_text.plural(len(self.rules), 'rule')}{asked}>"

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    @cached_property
    def criteria(self) -> tuple[tuple[Points, Criterion], ...]:
        """The rules about facts."""
        return tuple((r, r.when) for r in self.rules if isinstance(r.when, Criterion))

    @cached_property
    def parts(self) -> tuple[Criterion, ...]:
        """The criteria of the rules about facts."""
        return tuple(criterion for _, criterion in self.criteria)

    def reached(self, given: Sequence[Answer]) -> Answer:
        """Whether these answers to its parts reach the threshold, events left out."""
        nothing: tuple[tuple[datetime, ...], ...] = ((),) * len(self.events)
        return Score(card=self, answers=tuple(given), seen=nothing, now=None).reached

    def weights(self) -> list[float]:
        """What each part can move, as a share of what all can."""
        total = sum(abs(float(rule.points)) for rule, _ in self.criteria) or 1.0
        return [abs(float(rule.points)) / total for rule, _ in self.criteria]

    @cached_property
    def events(self) -> tuple[tuple[Points, Event], ...]:
        """The rules about events; they need the lead itself, not only its facts."""
        return tuple((r, r.when) for r in self.rules if isinstance(r.when, Event))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every distinct condition, in reading order."""
        found = [c for criterion in self.parts for c in conditions_of(criterion)]
        return tuple(dict.fromkeys(found))

    @cached_property
    def is_relative(self) -> bool:
        """Whether a score depends on *now*."""
        fades = any(rule.half_life or event.within for rule, event in self.events)
        return fades or any(isinstance(c.operand, Period) for c in self.conditions)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What the rules ask for."""
        return tuple(dict.fromkeys(condition.field for condition in self.conditions))

    def score(
        self,
        values: Mapping[str, FactValue | None],
        *,
        lead: Lead | None = None,
        now: datetime | None = None,
    ) -> "Score":
        """
        Score what is known.

        Args:
            values: Facts by name, such as ``lead.values``.
            lead: Whose events count; rules about events need it.
            now: The instant of the score; fading points and relative dates need it.

        Raises:
            InvalidValue: A rule needs the lead or the instant.
        """
        given, now = now, None if now is None else _instants.aware(now, where="now")
        answers = {
            condition: resolved(condition, given).answer(values.get(condition.field.key))
            for condition in self.conditions
        }
        return Score(
            card=self,
            answers=tuple(answer(criterion, answers) for criterion in self.parts),
            seen=tuple(self._seen(event, lead, now) for _, event in self.events),
            now=now,
        )

    def score_many(
        self, rows: Iterable[Mapping[str, FactValue | None]], *, now: datetime | None = None
    ) -> "Scores":
        """
        Score many rows of plain facts; rules about events need leads and are refused.

        Example:
            >>> from leadlib import Field
            >>> card = ScoreCard([Points(20, Field("staff", int) >= 50)])
            >>> card.score_many([{"staff": 60}, {}]).points
            [20, 0]
        """
        if self.events:
            got = "facts alone"
            raise InvalidValue(expected="leads, whose events count", got=got, where="rows")
        _ = now is None or _instants.aware(now, where="now")
        held, unknown = self._scorer(now)()(rows)
        return Scores(card=self, held=held, unknown=unknown, now=now)

    def _scorer(self, now: datetime | None) -> Any:
        moves = any(isinstance(condition.operand, Period) for condition in self.conditions)
        if moves and now is not None:
            return tally.scorer(self, [resolved(c, now) for c in self.conditions])
        return self._fixed_scorer

    @cached_property
    def _fixed_scorer(self) -> Any:
        return tally.scorer(self, [resolved(c, None) for c in self.conditions])

    @cached_property
    def scale(self) -> int:
        """The smallest number that makes the points of every rule whole."""
        return lcm(*(Fraction(rule.points).denominator for rule, _ in self.criteria))

    @cached_property
    def worths(self) -> tuple[int, ...]:
        """For each part, its points above one bit for each part; its own is set."""
        count = len(self.parts)
        return tuple(
            int(rule.points * self.scale) << count | 1 << i
            for i, (rule, _) in enumerate(self.criteria)
        )

    def _seen(self, event: Event, lead: Lead | None, now: datetime | None) -> tuple[datetime, ...]:
        if lead is None:
            expected = f"the lead, whose {event.kind_of!r} counts"
            raise InvalidValue(expected=expected, got="facts alone", where="lead")
        return event.occurrences(lead, now)

    @cached_property
    def highest(self) -> Number | None:
        """The most it can give; None if events can add up without end."""
        if self.events and not self._bounded_events():
            return self.most
        given = [(rule, Fraction(max(rule.points, 0))) for rule, _ in self.criteria]
        capped = [(r, Fraction(self.caps[r.group])) for r, _ in self.events if r.group]
        total = _number_of(self._sum([*given, *capped]))
        return total if isinstance(total, int | Decimal) else None

    def _bounded_events(self) -> bool:
        return all(rule.group in self.caps for rule, _ in self.events if float(rule.points) > 0)

    def _sum(self, given: Iterable[tuple[Points, Any]]) -> Any:
        """Add up, group by group, and keep within the bounds."""
        groups: dict[str | None, Any] = {}
        for rule, points in given:
            groups[rule.group] = groups.get(rule.group, 0) + points
        total: Any = sum(
            min(points, Fraction(self.caps[group])) if group and group in self.caps else points
            for group, points in groups.items()
        )
        total = total if self.most is None else min(total, Fraction(self.most))
        return total if self.least is None else max(total, Fraction(self.least))


def _number_of(total: Any) -> Number | float:
    """Exact points as a whole number or a decimal; what has faded is a float anyway."""
    exact = Fraction(total)
    if exact.denominator == 1:
        return int(exact)
    if _DECIMAL % exact.denominator:  # not written in 18 digits after the point: it has faded
        return float(exact)
    return Decimal(exact.numerator) / Decimal(exact.denominator)


_DECIMAL = 10**18


@attrs.frozen(kw_only=True, repr=False, slots=False)
class Score:
    """
    What a card gives one lead, from what, and how far it may still change.

    Args:
        card: The card that scored.
        answers: Whether each rule about facts holds, in the order of the card.
        seen: When each rule about events was met.
        now: The instant of the score.
    """

    card: ScoreCard
    answers: tuple[Answer, ...]
    seen: tuple[tuple[datetime, ...], ...]
    now: datetime | None

    @property
    def fired(self) -> tuple[Points, ...]:
        """The rules that hold."""
        facts = zip(self.card.criteria, self.answers, strict=True)
        events = zip(self.card.events, self.seen, strict=True)
        held = {id(rule) for (rule, _), given in facts if given is Answer.YES}
        held |= {id(rule) for (rule, _), at in events if at}
        return tuple(rule for rule in self.card.rules if id(rule) in held)

    @property
    def unknown(self) -> tuple[Points, ...]:
        """The rules that nobody can answer yet."""
        facts = zip(self.card.criteria, self.answers, strict=True)
        return tuple(rule for (rule, _), given in facts if given is Answer.UNKNOWN)

    @property
    def points(self) -> Number | float:
        """The points of the rules that hold."""
        return _number_of(self._at(self.now, lambda _: 0))

    @property
    def lowest(self) -> Number | float:
        """The points if everything unknown turns out badly."""
        return _number_of(self._at(self.now, lambda rule: min(rule.points, 0)))

    @property
    def highest(self) -> Number | float:
        """The points if everything unknown turns out well."""
        return _number_of(self._at(self.now, lambda rule: max(rule.points, 0)))

    def at(self, instant: datetime) -> Number | float:
        """
        The points at another instant, if nothing happens until then; events fade.

        Raises:
            InvalidValue: The card asks for dates relative to now: score anew instead.
        """
        self._check_fading()
        return _number_of(self._at(_instants.aware(instant, where="instant"), lambda _: 0))

    def _at(self, instant: datetime | None, guess: Any) -> Any:
        return self.card._sum([*self._facts(guess), *self._events(instant)])  # noqa: SLF001

    def _facts(self, guess: Any) -> Iterator[tuple[Points, Any]]:
        for (rule, _), given in zip(self.card.criteria, self.answers, strict=True):
            if given is not Answer.NO:
                points = rule.points if given is Answer.YES else guess(rule)
                yield rule, Fraction(points)

    def _events(self, instant: datetime | None) -> Iterator[tuple[Points, Any]]:
        for (rule, event), seen in zip(self.card.events, self.seen, strict=True):
            for at in seen:
                yield rule, _left(rule, event, at, instant)

    def when_below(self, threshold: float | Decimal) -> datetime | None:
        """
        The first instant from which on the score is below, if nothing happens until then.

        Returns:
            *now* if it is below already; None if it never falls below, as far as 200 years go.

        Raises:
            InvalidValue: The score was made without *now*, or from dates relative to it.

        Example:
            >>> from datetime import UTC, datetime
            >>> from leadlib import Inquiry, Lead
            >>> visit = Inquiry(id="i-1", at=datetime(2026, 3, 2, tzinfo=UTC), source="web",
            ...                 kind="pricing page", mail="ada@example.com")
            >>> ada = Lead(id="i-1", inquiries=[visit])
            >>> card = ScoreCard([Points(80, Event("pricing page"), half_life="7 days")])
            >>> score = card.score(ada.values, lead=ada, now=visit.at)
            >>> print(score.when_below(20))
            2026-03-16 00:00:00.000001+00:00
        """
        if self.now is None:
            raise InvalidValue(expected="a score made at an instant", got="none", where="now")
        self._check_fading()
        bound = Fraction(as_number(threshold))
        begin = _instants.micros(self.now)
        steps = range(min(_CENTURIES, _instants.LATEST - self.now) // _instants.MICROSECOND)

        def is_below(step: int) -> bool:
            return bool(self._at(_instants.from_micros(begin + step), lambda _: 0) < bound)

        first = bisect_left(steps, True, key=is_below)  # noqa: FBT003
        return None if first == len(steps) else _instants.from_micros(begin + first)

    def _check_fading(self) -> None:
        if any(isinstance(condition.operand, Period) for condition in self.card.conditions):
            expected = "a card without dates relative to now: score anew at the other instant"
            raise InvalidValue(expected=expected, got="one with them")

    @property
    def reached(self) -> Answer:
        """Whether the threshold of the card is met, whatever the unknown turns out to be."""
        if self.card.at_least is None or self.lowest >= self.card.at_least:
            return Answer.YES
        return Answer.UNKNOWN if self.highest >= self.card.at_least else Answer.NO

    @property
    def margin(self) -> Number | float | None:
        """Points above the threshold, negative below it; None without one (003-27)."""
        bound = self.card.at_least
        return (
            None if bound is None else _number_of(self._at(self.now, lambda _: 0) - Fraction(bound))
        )

    @property
    def ratio(self) -> float | None:
        """Points as a multiple of the threshold; None without one (003-27)."""
        return float(self.points) / float(self.card.at_least) if self.card.at_least else None

    @property
    def share(self) -> float | None:
        """Points as a share of the most that the card gives; None if that has no bound."""
        most = self.card.highest
        return max(float(self.points) / float(most), 0.0) if most else None

    def __repr__(self) -> str:
        return f"<Score {_shown(self.points)}{self._range()}>"

    def _range(self) -> str:
        low, high = self.lowest, self.highest
        return "" if low == high else f" (from {_shown(low)} to {_shown(high)})"

    def __str__(self) -> str:
        where = "" if self.margin is None else f", {_beside(self.margin, self.card.at_least)}"
        lines = [f"{_shown(self.points)} points{self._range()}{where}"]
        lines += [f"  {self._given(rule)} {_of(rule)}" for rule in self.fired]
        lines += [f"  ? {rule.points:+} {_of(rule)}" for rule in self.unknown]
        return "\n".join(lines)

    def _given(self, rule: Points) -> str:
        """What a rule that holds gives now: events add up, and fade."""
        points = [p for held, p in self._events(self.now) if held is rule]
        total = _number_of(sum(points, Fraction(0))) if points else rule.points
        return f"{total:+.2f}" if isinstance(total, float) else f"{total:+}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data: points, range, and the rules that hold or are open."""
        return {
            "points": float(self.points),
            "lowest": float(self.lowest),
            "highest": float(self.highest),
            "at_least": None if self.card.at_least is None else float(self.card.at_least),
            "fired": [str(rule) for rule in self.fired],
            "unknown": [str(rule) for rule in self.unknown],
        }


@attrs.frozen(kw_only=True, repr=False)
class Scores(Sequence[Score]):
    """
    The scores of many rows, two numbers each; a :class:`Score` is made when one asks for it.

    Args:
        card: The card that scored.
        held: Bits of the rules that hold, the first lowest, and the points above them.
        unknown: Bits of the rules that nobody can answer yet.
        now: The instant of the scores.
    """

    card: ScoreCard
    _held: Sequence[int]
    _unknown: Sequence[int]
    now: datetime | None

    def __len__(self) -> int:
        return len(self._held)

    @overload
    def __getitem__(self, index: int) -> Score: ...

    @overload
    def __getitem__(self, index: slice) -> "Scores": ...

    def __getitem__(self, index: int | slice) -> "Score | Scores":
        if isinstance(index, slice):
            return attrs.evolve(self, held=self._held[index], unknown=self._unknown[index])
        held, unknown = self._held[index], self._unknown[index]
        answers = (
            Answer.YES if held >> i & 1 else Answer.UNKNOWN if unknown >> i & 1 else Answer.NO
            for i in range(len(self.card.parts))
        )
        return Score(card=self.card, answers=tuple(answers), seen=(), now=self.now)

    @property
    def points(self) -> list[Number | float]:
        """The points of each row."""
        if self.card.caps or self.card.most is not None or self.card.least is not None:
            return [score.points for score in self]
        count, scale = len(self.card.parts), self.card.scale
        if scale == 1:
            return [held >> count for held in self._held]
        return [_number_of(Fraction(held >> count, scale)) for held in self._held]

    def __repr__(self) -> str:
        return f"<Scores of {_text.plural(len(self), 'row')}>"


def _left(rule: Points, event: Event, at: datetime, instant: datetime | None) -> Any:
    """What is left of the points for one event: halves in closed form."""
    if instant is not None and event.within is not None and at < event.within.before(instant):
        return 0
    if rule.half_life is None:
        return Fraction(rule.points)
    if instant is None:
        got = f"none, and {str(rule)!r} depends on it"
        raise InvalidValue(expected="an instant", got=got, where="now")
    age = (instant - at) / timedelta(seconds=rule.half_life.seconds or 1)
    return float(rule.points) * 2.0 ** -max(age, 0.0)


def _of(rule: Points) -> str:
    return rule.when.kind_of if isinstance(rule.when, Event) else describe(rule.when)


def _shown(points: float | Decimal) -> str:
    return f"{points:.2f}" if isinstance(points, float) else f"{points}"


def _beside(margin: Number | float, bound: Number | None) -> str:
    below = margin < 0
    side = "below" if below else "above"
    return f"{_shown(-margin if below else margin)} {side} the threshold of {bound}"
