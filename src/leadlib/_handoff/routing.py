"""
Routing: which rep gets which lead, and why.

Theory of operation: a pure function over ordered rules.  Nothing is remembered between two calls:
the caller says how many leads each rep has open (``Rep.open_load``) and how many they got so far
(``turns``), so that the same question always has the same answer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Any

import attrs

from leadlib import _fields, _instants, _text, limits
from leadlib._handoff.reps import Rep, Skipped, as_names
from leadlib._markup import on_one_line
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.model import Lead
from leadlib.qualification import Criterion, LeadDefinition, Outcome, Verdict

__all__ = [
    "Assignment",
    "Method",
    "Routing",
    "RoutingRule",
    "route",
    "route_many",
]

SAME_REP = "same rep"


class Method(StrEnum):
    """
    How a rule picks one of the reps that can take the lead.

    ``ROUND_ROBIN``: whoever got the fewest so far.  ``WEIGHTED``: the same by weight, so that a
    weight of 2 gets twice as many.  ``LEAST_LOADED``: whoever has the fewest open leads.  Of equal
    ones, the one named first.

    Example:
        >>> print(Method.ROUND_ROBIN)
        round robin
    """

    ROUND_ROBIN = "round robin"
    WEIGHTED = "weighted"
    LEAST_LOADED = "least loaded"


def _as_method(value: object) -> Method:
    return _fields.member(Method, value, expected="a way to pick a rep", where="$.method")


def _as_criterion(value: object) -> Criterion | None:
    if value is None or isinstance(value, Criterion):
        return value
    raise InvalidValue(expected="a criterion", got=_text.kind_of(value))


@attrs.frozen(kw_only=True, slots=False, repr=False, field_transformer=_fields.placed)
class RoutingRule:
    """
    One rule: if this holds of a lead, it goes there.

    A territory is a rule, too: its criterion asks for the country or the size.

    Args:
        name: As assignments name it.
        to: The queue of the team.  A rule that no rep works for leaves the lead in the queue.
        when: What must hold, in the language of lead definitions; None holds always.  What is
            unknown does not hold.
        reps: Who may get the lead, by name; unless given, everybody who has *to* among their teams.
        skills: What whoever gets it must have, all of them.
        method: How one of them is picked.

    Example:
        >>> from leadlib import Field
        >>> RoutingRule(name="mid-market", to="DACH-MM", when=Field("staff", int) >= 250)
        <RoutingRule mid-market: to DACH-MM if staff >= 250>
    """

    name: str = attrs.field(converter=_fields.identifier)
    to: str = attrs.field(converter=_fields.identifier)
    when: Criterion | None = attrs.field(default=None, converter=_as_criterion)
    reps: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    skills: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    method: Method = attrs.field(default=Method.ROUND_ROBIN, converter=_as_method)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def __repr__(self) -> str:
        condition = "always" if self.when is None else f"if {self.when}"
        return f"<RoutingRule {self.name}: to {self.to} {condition}>"

    @cached_property
    def _question(self) -> LeadDefinition | None:
        return None if self.when is None else LeadDefinition("rule", self.when)

    def ask(self, lead: Lead, at: datetime) -> Verdict | None:
        """What is known of the criterion at that instant; None if there is none to ask."""
        return None if self._question is None else self._question.judge(lead, now=at)


def _as_rules(rules: Iterable[RoutingRule]) -> tuple[RoutingRule, ...]:
    return _each_of(rules, RoutingRule, limits.ROUTING_RULES)


def _as_reps(reps: Iterable[Rep]) -> tuple[Rep, ...]:
    return _each_of(reps, Rep, limits.REPS)


def _as_yes_or_no(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise InvalidValue(expected="yes or no", got=_text.kind_of(value))


def _each_of(values: Any, kind: type, most: int) -> tuple[Any, ...]:
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidValue(expected=f"a list of {kind.__name__}", got=_text.kind_of(values))
    taken = tuple(values)
    if len(taken) > most:
        raise LimitExceeded(expected=f"at most {most:,} of {kind.__name__}", got=f"{len(taken):,}")
    for number, value in enumerate(taken):
        if not isinstance(value, kind):
            got = f"{_text.kind_of(value)} at {number}"
            raise InvalidValue(expected=f"values of {kind.__name__}", got=got)
    return taken


@attrs.frozen(kw_only=True, slots=False, repr=False, field_transformer=_fields.placed)
class Routing:
    """
    Who follows up what: the rules in their order, the reps, and where a lead waits otherwise.

    Args:
        rules: The first one that holds and has a rep to spare decides.
        reps: Everybody who follows up.
        default: The queue for leads that no rule places; whoever lands there raises an alert.
        same_rep: Whether a lead that comes back goes first to the rep who knows it (003-09).

    Raises:
        InvalidValue: Two reps or two rules of one name, or a value of another form.
        UnknownName: A rule names a rep that is not there.

    Example:
        >>> Routing(rules=[RoutingRule(name="all", to="inside")], reps=[Rep(name="sam")],
        ...         default="DEFAULT")
        <Routing by 1 rule to 1 rep, DEFAULT otherwise>
    """

    rules: tuple[RoutingRule, ...] = attrs.field(converter=_as_rules)
    reps: tuple[Rep, ...] = attrs.field(converter=_as_reps)
    default: str = attrs.field(converter=_fields.identifier)
    same_rep: bool = attrs.field(default=True, converter=_as_yes_or_no)

    def __attrs_post_init__(self) -> None:
        _check_once([rep.name for rep in self.reps], "$.reps")
        _check_once([rule.name for rule in self.rules], "$.rules")
        for number, rule in enumerate(self.rules):
            where = f"$.rules[{number}]"
            if rule.name == SAME_REP:
                got = "the name of the rule that comes first anyway"
                raise InvalidValue(expected="another name", got=got, where=where)
            if any(name not in self._by_name for name in rule.reps):
                got, where = "one who is not among the reps", f"{where}.reps"
                raise UnknownName(expected="reps of this routing", got=got, where=where)

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}

    def __repr__(self) -> str:
        rules, reps = _text.plural(len(self.rules), "rule"), _text.plural(len(self.reps), "rep")
        return f"<Routing by {rules} to {reps}, {self.default} otherwise>"

    @cached_property
    def _by_name(self) -> Mapping[str, Rep]:
        return {rep.name: rep for rep in self.reps}

    def rep(self, name: str) -> Rep | None:
        """The rep of that name; None if they are no longer here."""
        return self._by_name.get(name)

    def team(self, rule: RoutingRule) -> tuple[Rep, ...]:
        """Whom a rule chooses from, present or not, in the order named."""
        return self._teams[rule.name]

    @cached_property
    def _teams(self) -> Mapping[str, tuple[Rep, ...]]:
        return {rule.name: tuple(self._members(rule)) for rule in self.rules}

    def _members(self, rule: RoutingRule) -> Iterator[Rep]:
        if rule.reps:
            return (self._by_name[name] for name in rule.reps)
        return (rep for rep in self.reps if rule.to in rep.teams)


def _check_once(names: list[str], where: str) -> None:
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            place = f"{where}[{number}].name"
            raise InvalidValue(expected="each name once", got="one twice", where=place)
        seen.add(name)


@attrs.frozen(kw_only=True, repr=False)
class Assignment:
    """
    Where a lead goes, and why; made by :func:`route`.

    Args:
        lead: The id of the lead.
        queue: The queue of the team.
        rep: Who gets it; None if it waits in the queue.
        rule: The name of the rule that decided, ``same rep`` for the rep who knows the lead; None
            if no rule did.
        why: Step by step, in words.
        alert: Whether somebody must look: no rule placed the lead.
        skipped: Who was passed over, with the last reason.
    """

    lead: str
    queue: str
    rep: str | None
    rule: str | None
    why: tuple[str, ...]
    alert: bool = False
    skipped: Mapping[str, Skipped] = attrs.field(factory=dict, hash=False)

    @property
    def to(self) -> str:
        """The rep, or the queue if there is none: what ``Brief.hand_off`` asks for."""
        return self.queue if self.rep is None else self.rep

    def __repr__(self) -> str:
        by = "no rule" if self.rule is None else self.rule
        alert = ", alert" if self.alert else ""
        return f"<Assignment of lead {self.lead}: {self.queue} by {by}{alert}>"

    def __str__(self) -> str:
        alert = " (alert)" if self.alert else ""
        rep = "" if self.rep is None else f", {self.rep}"
        head = f"{self.lead}: {self.queue}{rep}{alert}"
        return "\n".join([on_one_line(head), *(f"  {on_one_line(step)}" for step in self.why)])

    def to_dict(self) -> dict[str, Any]:
        """Plain data; it names the reps."""
        plain = attrs.asdict(self, recurse=False)
        skipped = {name: reason.value for name, reason in self.skipped.items()}
        return plain | {"why": list(self.why), "skipped": skipped}


@attrs.define
class _Desk:
    """What counts while leads are routed: the instant, the loads, and who got how many."""

    routing: Routing
    given: datetime  # in the zone of the caller: a rule may ask for a date
    at: datetime
    loads: Counter[str]
    turns: Counter[str]

    @classmethod
    def of(cls, routing: Routing, at: datetime, turns: Mapping[str, int] | None) -> "_Desk":
        _fields.check_type(routing, Routing, "routing")
        loads = Counter({rep.name: rep.open_load for rep in routing.reps})
        aware = _instants.aware(at, where="at")
        return cls(routing, at, aware, loads, Counter(_as_turns(turns)))

    def hindrance(self, rep: Rep, skills: Iterable[str] = ()) -> Skipped | None:
        """Why this rep cannot take one more lead."""
        if rep.is_absent(self.at):
            return Skipped.ABSENT
        if any(skill not in rep.skills for skill in skills):
            return Skipped.LACKS_SKILL
        if rep.capacity is not None and self.loads[rep.name] >= rep.capacity:
            return Skipped.OVERLOADED
        return None

    def described(self, rep: Rep, reason: Skipped) -> str:
        if reason is not Skipped.OVERLOADED:
            return f"{rep.name} ({reason})"
        return f"{rep.name} ({reason}: {self.loads[rep.name]:,} open, at most {rep.capacity:,})"

    def rank(self, rep: Rep, method: Method) -> Fraction | int:
        match method:
            case Method.LEAST_LOADED:
                return self.loads[rep.name]
            case Method.ROUND_ROBIN:
                return self.turns[rep.name]
        # Webster's method of apportionment (Sainte-Laguë): smooth, and of no bias to the heavy
        return Fraction(2 * self.turns[rep.name] + 1) / rep.weight

    def count(self, assignment: Assignment) -> Assignment:
        """Let the next lead see what this one took."""
        if assignment.rep is not None:
            self.loads[assignment.rep] += 1
            self.turns[assignment.rep] += 1
        return assignment


def _as_turns(turns: object) -> dict[str, int]:
    if turns is None:
        return {}
    if not isinstance(turns, Mapping):
        raise InvalidValue(expected="reps with counts", got=_text.kind_of(turns), where="turns")
    for count in turns.values():
        if not _fields.is_whole(count) or count < 0:
            raise InvalidValue(expected="counts from 0 on", got="another", where="turns")
    return dict(turns)


def route(
    lead: Lead,
    routing: Routing,
    *,
    at: datetime,
    turns: Mapping[str, int] | None = None,
    previous: str | None = None,
) -> Assignment:
    """
    Say which rep or queue a lead goes to, and why.

    First comes the rep who knows the lead, then the rules in their order.  A rule whose criterion
    is unknown does not hold, and the assignment says so.  Of a rule that holds, reps who are
    absent, lack a skill or have as many open leads as they can are skipped; if nobody is left, the
    next rule that holds is tried.  A lead that no rule places waits in the default queue, with an
    alert.

    Args:
        lead: What it said later than *at* is not seen.
        routing: The rules and the reps.
        at: The instant; who is absent then gets nothing.
        turns: How many leads each rep got so far, in whatever span is to be fair: this week, this
            month; nobody has got any unless given.  Start anew when a rep joins, who otherwise
            gets everything until they have caught up.
        previous: Who had the lead before: see :func:`previous_rep`.

    Raises:
        InvalidValue: The lead came later than *at*, or an argument is of another form.

    Source:
        Seed 004 (leads are passed to the relevant sales teams), seed 003 (for further work on
        behalf of sales: the rep stays the same), seed 001 (all the leads sales can handle).

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import Field, Inquiry, Lead
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com",
        ...                facts={"country": "DE", "staff": 500})
        >>> mid = Field("country", str).is_one_of("DE", "AT") & (Field("staff", int) >= 250)
        >>> routing = Routing(
        ...     rules=[RoutingRule(name="mid-market", to="DACH-MM", when=mid)],
        ...     reps=[Rep(name="sam", teams=["DACH-MM"], capacity=30, open_load=45),
        ...           Rep(name="eva", teams=["DACH-MM"])],
        ...     default="DEFAULT")
        >>> print(route(Lead(id="i-1", inquiries=[form]), routing, at=monday))
        i-1: DACH-MM, eva
          mid-market holds: country is one of 'DE', 'AT' and staff >= 250
          skipped: sam (overloaded: 45 open, at most 30)
          eva by round robin
    """
    return _routed(lead, _Desk.of(routing, at, turns), previous)


def route_many(
    leads: Iterable[Lead],
    routing: Routing,
    *,
    at: datetime,
    turns: Mapping[str, int] | None = None,
    previous: Mapping[str, str] | None = None,
) -> tuple[Assignment, ...]:
    """
    Route leads one after another; each sees the load that the ones before it made.

    Args:
        leads: The most urgent first: capacity goes to whoever comes first.
        routing, at, turns: See :func:`route`.
        previous: The rep who had it before, by id of the lead.

    Returns:
        One assignment for each lead, in their order.

    Raises:
        InvalidValue: A lead twice; otherwise see :func:`route`.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import Inquiry, Lead
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com")
        >>> routing = Routing(rules=[RoutingRule(name="all", to="inside", reps=["sam", "eva"])],
        ...                   reps=[Rep(name="sam"), Rep(name="eva")], default="DEFAULT")
        >>> leads = [Lead(id=id_, inquiries=[form]) for id_ in ("L1", "L2", "L3")]
        >>> [assignment.to for assignment in route_many(leads, routing, at=monday)]
        ['sam', 'eva', 'sam']
    """
    desk, before = _Desk.of(routing, at, turns), previous or {}
    seen: set[str] = set()
    assignments = []
    for lead in leads:
        _fields.check_type(lead, Lead, "leads")
        if lead.id in seen:
            where = f"lead {lead.id!r}"
            raise InvalidValue(expected="each lead once", got="one twice", where=where)
        seen.add(lead.id)
        assignments.append(desk.count(_routed(lead, desk, before.get(lead.id))))
    return tuple(assignments)


@attrs.define
class _Trail:
    """What was tried for one lead."""

    lead: str
    why: list[str] = attrs.field(factory=list)
    skipped: dict[str, Skipped] = attrs.field(factory=dict)

    def ends(self, queue: str, rep: str | None, rule: str | None) -> Assignment:
        return Assignment(
            lead=self.lead,
            queue=queue,
            rep=rep,
            rule=rule,
            why=tuple(self.why),
            alert=rule is None,
            skipped=_fields.FrozenDict(self.skipped),
        )


def _routed(lead: Lead, desk: _Desk, previous: str | None) -> Assignment:
    _fields.check_type(lead, Lead, "lead")
    trail = _Trail(lead.id)
    known = _to_same_rep(desk, previous, trail)
    if known is not None:
        return known
    for rule in desk.routing.rules:
        placed = _by_rule(rule, lead, desk, trail)
        if placed is not None:
            return placed
    trail.why.append("no rule placed it: somebody must look")
    return trail.ends(desk.routing.default, None, None)


def _to_same_rep(desk: _Desk, previous: str | None, trail: _Trail) -> Assignment | None:
    if previous is None or not desk.routing.same_rep:
        return None
    rep = desk.routing.rep(previous)
    if rep is None:
        trail.why.append("who had it before is no longer here")
        return None
    reason = desk.hindrance(rep)
    if reason is not None:
        trail.skipped[rep.name] = reason
        trail.why.append(f"had it before, but is skipped: {desk.described(rep, reason)}")
        return None
    trail.why.append(f"{rep.name} had it before")
    return trail.ends((*rep.teams, desk.routing.default)[0], rep.name, SAME_REP)


def _by_rule(rule: RoutingRule, lead: Lead, desk: _Desk, trail: _Trail) -> Assignment | None:
    if not _holds(rule, lead, desk, trail):
        return None
    team = desk.routing.team(rule)
    if not team:
        trail.why.append(f"waits in {rule.to}, for whoever works it")
        return trail.ends(rule.to, None, rule.name)
    able = _able(rule, team, desk, trail)
    if not able:
        trail.why.append(f"nobody of {rule.to} can take it")
        return None
    rep = min(able, key=lambda rep: desk.rank(rep, rule.method))
    trail.why.append(f"{rep.name} by {rule.method}")
    return trail.ends(rule.to, rep.name, rule.name)


def _holds(rule: RoutingRule, lead: Lead, desk: _Desk, trail: _Trail) -> bool:
    verdict = rule.ask(lead, desk.given)
    if verdict is None or verdict.outcome is Outcome.QUALIFIED:
        trail.why.append(f"{rule.name} holds: {'always' if rule.when is None else rule.when}")
        return True
    if verdict.outcome is Outcome.UNDECIDED:
        unknown = ", ".join(verdict.ask_next)
        trail.why.append(f"{rule.name} is open, and unknown is not yes: ask {unknown}")
    else:
        trail.why.append(f"{rule.name} does not hold")
    return False


def _able(rule: RoutingRule, team: Iterable[Rep], desk: _Desk, trail: _Trail) -> list[Rep]:
    able, told = [], []
    for rep in team:
        reason = desk.hindrance(rep, rule.skills)
        if reason is None:
            able.append(rep)
        else:
            trail.skipped[rep.name] = reason
            told.append(desk.described(rep, reason))
    if told:
        more = f" and {len(told) - _SHOWN:,} more" if len(told) > _SHOWN else ""
        trail.why.append(f"skipped: {', '.join(told[:_SHOWN])}{more}")
    return able


_SHOWN = 20  # a reason stays readable; all of them are in *skipped*
