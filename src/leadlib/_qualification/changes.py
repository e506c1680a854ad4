"""What changed between two versions of a definition, one line a change, for those who must sign."""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from leadlib._markup import visible
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    Subject,
    children,
    conditions_of,
    describe,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.scoring import Points, ScoreCard
from leadlib._qualification.writing import TYPE_NAMES, criterion_to_data, plain_value

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition

__all__ = ["Change", "Changes", "changes_between"]

T = TypeVar("T")


@attrs.frozen(repr=False)
class Change:
    """
    One difference: what stood at a place before, and what stands there after.

    Args:
        place: Where, in plain words.
        before: None if it was added.
        after: None if it was removed.
    """

    place: str
    before: str | None
    after: str | None

    def __repr__(self) -> str:
        return f"<Change of {self.place}>"  # what stands there may be the name of a signer

    def __str__(self) -> str:
        """One line, whatever a reason holds: it must not pass for a change of its own."""
        if self.before is None:
            return visible(f"{self.place}: added {self.after}")
        if self.after is None:
            return visible(f"{self.place}: removed {self.before}")
        return visible(f"{self.place}: {self.before} -> {self.after}")

    def to_dict(self) -> dict[str, str | None]:
        """Give the change as plain data."""
        return {"place": self.place, "before": self.before, "after": self.after}


@attrs.frozen(kw_only=True, repr=False)
class Changes:
    """
    All differences of two definitions; false if there are none.

    There are none exactly if both have one content hash: signatures are not content.

    Args:
        before: Name and version of the one.
        after: Name and version of the other.
        listed: The changes, in the order of reading.

    Example:
        >>> from leadlib import Field, LeadDefinition
        >>> staff, budget = Field("staff", int), Field("budget", int, unit="EUR")
        >>> first = LeadDefinition("d", (budget >= 10_000) & (staff >= 50))
        >>> print(first.changes_to(first.revised(qualify=(budget >= 20_000) & (staff >= 50))))
        version: 1 -> 2
        who is a lead: budget >= 10000 EUR -> budget >= 20000 EUR
    """

    before: str
    after: str
    listed: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.listed)

    def __len__(self) -> int:
        return len(self.listed)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.listed)

    def __repr__(self) -> str:
        return f"<Changes from {self.before} to {self.after}: {len(self.listed)}>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.listed)) or "no changes"

    def to_dict(self) -> dict[str, Any]:
        """Give the changes as plain data."""
        listed = [change.to_dict() for change in self.listed]
        return {"before": self.before, "after": self.after, "changes": listed}


def changes_between(old: "LeadDefinition", new: "LeadDefinition") -> Changes:
    """What *new* says otherwise than *old*."""
    return Changes(before=old.title, after=new.title, listed=tuple(_changes(old, new)))


def _changes(old: "LeadDefinition", new: "LeadDefinition") -> Iterator[Change]:
    for name in ("name", "version", "effective", "expires", "review_by"):
        yield from _single(name.replace("_", " "), getattr(old, name), getattr(new, name))
    yield from _names("evidence", old.evidence, new.evidence)
    yield from _names("stakeholders", old.stakeholders, new.stakeholders)
    yield from _fields_of(old, new)
    yield from _criteria(old.qualify, new.qualify, "who is a lead")
    yield from _optional(old.disqualify, new.disqualify, "who is ruled out", _criteria, describe)
    for name, named in old.named.items():
        if name in new.named:
            yield from _named(named, new.named[name])
    for name in ("fit", "engagement"):
        yield from _optional(getattr(old, name), getattr(new, name), name, _card, _card_text)


# -- values, names and fields --


def _single(place: str, old: object, new: object) -> Iterator[Change]:
    if old != new:
        yield Change(place, *(None if value is None else str(value) for value in (old, new)))


def _names(place: str, old: Iterable[str], new: Iterable[str]) -> Iterator[Change]:
    old, new = tuple(old), tuple(new)
    yield from (Change(place, name, None) for name in old if name not in new)
    yield from (Change(place, None, name) for name in new if name not in old)


def _optional(
    old: T | None,
    new: T | None,
    place: str,
    inner: Callable[[T, T, str], Iterator[Change]],
    text: Callable[[T], str],
) -> Iterator[Change]:
    if old is not None and new is not None:
        yield from inner(old, new, place)
    elif old is not None or new is not None:
        yield Change(place, *(None if part is None else text(part) for part in (old, new)))


def _fields_of(old: "LeadDefinition", new: "LeadDefinition") -> Iterator[Change]:
    """Type and unit; which fields are asked for, the criteria show."""
    known = {field.name: _kind(field) for field in old.fields}
    for name, kind in {field.name: _kind(field) for field in new.fields}.items():
        yield from _single(f"field {name}", known.get(name, kind), kind)


def _kind(field: Field) -> str:
    return TYPE_NAMES[field.kind] + (f" in {field.unit}" if field.unit else "")


def _named(old: Named, new: Named) -> Iterator[Change]:
    place = f"criterion {old.name}"
    yield from _criteria(old.part, new.part, place)
    yield from _single(f"{place}, why", old.why, new.why)
    yield from _names(f"{place}, heard from", old.heard_from, new.heard_from)


# -- criteria --


def _criteria(old: Criterion, new: Criterion, place: str) -> Iterator[Change]:
    if _key(old) == _key(new):
        return
    if isinstance(old, Not) and isinstance(new, Not):
        yield from _criteria(old.part, new.part, f"{place}, not")
        return
    for kind in (AllOf, AnyOf, AtLeast):
        if isinstance(old, kind) or isinstance(new, kind):
            found = _paired(_view(old, kind), _view(new, kind), *_WAYS)
            if found[0]:
                yield from _combination(old, new, place, found)
                return
    yield Change(place, *_told_apart(old, new))


def _view(criterion: Criterion, kind: type[Criterion]) -> tuple[Criterion, ...]:
    """One criterion is a combination of one, so that what joins it is seen as added."""
    return children(criterion) if isinstance(criterion, kind) else (criterion,)


Pairs = tuple[list[tuple[Any, Any]], list[Any], list[Any]]


def _combination(old: Criterion, new: Criterion, place: str, found: Pairs) -> Iterator[Change]:
    pairs, gone, come = found
    inner = _inner_place(old if isinstance(old, type(new)) else new, place)
    changes = [change for before, after in pairs for change in _criteria(before, after, inner)]
    changes += [Change(inner, describe(part), None) for part in gone]
    changes += [Change(inner, None, describe(part)) for part in come]
    counts = [_count(criterion) for criterion in (old, new)]
    if counts[0] != counts[1]:
        changes.insert(0, Change(place, *counts))
    yield from changes or [Change(place, *_told_apart(old, new))]  # another order or grouping


def _count(criterion: Criterion) -> str | None:
    if isinstance(criterion, AtLeast):
        return f"at least {criterion.count} of {len(criterion.parts)}"
    return None


def _inner_place(criterion: Criterion, place: str) -> str:
    if isinstance(criterion, AllOf) and "," not in place:
        return place
    names = list(dict.fromkeys(c.field.key for c in conditions_of(criterion)))
    more = ", ..." if len(names) > _NAMES_SHOWN else ""
    return f"{place}, {_head(criterion)} ({', '.join(names[:_NAMES_SHOWN])}{more})"


_NAMES_SHOWN = 3


def _head(criterion: Criterion) -> str:
    match criterion:
        case AllOf():
            return "all of"
        case AnyOf():
            return "any of"
        case AtLeast(count=count):
            return f"at least {count} of"
    return "not"


def _key(criterion: Criterion) -> Hashable:
    """What a criterion says, names taken for what they stand for, units and types left out."""
    match criterion:
        case Condition(operand=operand):
            values = operand if isinstance(operand, tuple) else (operand,)
            said = tuple(str(plain_value(value)) for value in values)
            return _subject(criterion.field), criterion.operator, said, criterion.case
        case Named(name=name):
            return "named", name
    return type(criterion).__name__, _count(criterion), tuple(map(_key, children(criterion)))


def _subject(subject: Subject) -> tuple[str, ...]:
    match subject:
        case Field(name=name, said_by=said_by):
            return "field", name, said_by or ""
        case Event(kind_of=kind, within=within):
            return "event", kind, str(within or "")
    return "evidence", subject.kind_of if isinstance(subject, Evidence) else subject.key


def _about(criterion: Criterion) -> frozenset[str]:
    return frozenset(_subject(condition.field)[1] for condition in conditions_of(criterion))


def _kind_and_about(criterion: Criterion) -> Hashable:
    return type(criterion).__name__, _about(criterion)


def _kind_alone(criterion: Criterion) -> Hashable:
    return None if isinstance(criterion, Condition | Named) else type(criterion).__name__


_WAYS: tuple[Callable[[Any], Hashable], ...] = (_key, _kind_and_about, _about, _kind_alone)


def _paired(old: Sequence[T], new: Sequence[T], *ways: Callable[[T], Hashable]) -> Pairs:
    """Who stands for whom: the same, else the likest; the pairs, the gone and the new ones."""
    left, right = dict(enumerate(old)), dict(enumerate(new))
    pairs: dict[int, tuple[T, T]] = {}
    for way in ways:
        waiting: dict[Hashable, deque[int]] = defaultdict(deque)
        for i, part in left.items():
            waiting[way(part)].append(i)
        waiting.pop(None, None)
        for j, part in tuple(right.items()):
            key = way(part)
            if waiting.get(key):
                pairs[j] = (left.pop(waiting[key].popleft()), right.pop(j))
    return [pairs[j] for j in sorted(pairs)], [*left.values()], [*right.values()]


def _told_apart(old: Criterion, new: Criterion) -> tuple[str, str]:
    """Two criteria in the plainest words that differ."""
    for text in (describe, _grouped):
        texts = text(old), text(new)
        if texts[0] != texts[1]:
            return texts
    return _exact(old), _exact(new)


def _grouped(criterion: Criterion) -> str:
    match criterion:
        case Condition() | Named():
            return describe(criterion)
        case _:
            return f"{_head(criterion)} ({', '.join(map(_grouped, children(criterion)))})"


def _exact(criterion: Criterion) -> str:
    return json.dumps(criterion_to_data(criterion), ensure_ascii=False)


# -- scores --


def _card(old: ScoreCard, new: ScoreCard, place: str) -> Iterator[Change]:
    for name, words in (("at_least", "threshold"), ("most", "at most"), ("least", "no less than")):
        yield from _single(f"{place}, {words}", getattr(old, name), getattr(new, name))
    for group in sorted({*old.caps, *new.caps}):
        yield from _single(f"{place}, cap of {group}", old.caps.get(group), new.caps.get(group))
    yield from _rules(old.rules, new.rules, f"{place}, rules")


def _rules(old: tuple[Points, ...], new: tuple[Points, ...], place: str) -> Iterator[Change]:
    keys = [[*map(_rule_key, rules)] for rules in (old, new)]
    if keys[0] == keys[1]:
        return
    pairs, gone, come = _paired(old, new, _rule_key, _when_key, _rule_about)
    changed = [(a, b) for a, b in pairs if _rule_key(a) != _rule_key(b)]
    yield from (Change(place, *_rules_apart(a, b)) for a, b in changed)
    yield from (Change(place, _rule_text(rule), None) for rule in gone)
    yield from (Change(place, None, _rule_text(rule)) for rule in come)
    if not (changed or gone or come):
        yield Change(f"{place}, order", *("; ".join(map(_rule_text, part)) for part in (old, new)))


def _rule_key(rule: Points) -> Hashable:
    return rule.points, _when_key(rule), rule.half_life, rule.group


def _when_key(rule: Points) -> Hashable:
    return _subject(rule.when) if isinstance(rule.when, Event) else _key(rule.when)


def _rule_about(rule: Points) -> Hashable:
    return rule.when.kind_of if isinstance(rule.when, Event) else _about(rule.when)


def _rule_text(rule: Points) -> str:
    return f"{rule}, in group {rule.group}" if rule.group else str(rule)


def _rules_apart(old: Points, new: Points) -> tuple[str, str]:
    texts = _rule_text(old), _rule_text(new)
    if texts[0] == texts[1] and isinstance(old.when, Criterion) and isinstance(new.when, Criterion):
        return _told_apart(old.when, new.when)
    return texts


def _card_text(card: ScoreCard) -> str:
    bound = "" if card.at_least is None else f"at least {card.at_least} points: "
    return bound + "; ".join(map(_rule_text, card.rules))
