"""
A definition as a paper for both teams: what a sales manager reads before signing.

The paper is made of lines that know what they are; a form only draws them.  So no name can escape
its line, whatever it holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING

import attrs

from leadlib import _text
from leadlib._markup import html_list, in_html, in_markdown, on_one_line
from leadlib._periods import Period
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    Voice,
    children,
    describe,
)
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.operators import Case, Operator
from leadlib._qualification.scoring import Points, ScoreCard
from leadlib._qualification.values import is_number, shown
from leadlib.errors import InvalidValue
from leadlib.model import Team

if TYPE_CHECKING:
    from leadlib._qualification.definition import LeadDefinition

__all__ = ["condition_in_words", "written"]


@attrs.frozen
class _Line:
    """A heading has a level, a part of a list a depth; a name stands first and stands out."""

    text: str
    depth: int = attrs.field(default=0, kw_only=True)
    level: int = attrs.field(default=0, kw_only=True)
    name: str | None = attrs.field(default=None, kw_only=True)


Lines = Iterator[_Line]


def written(definition: "LeadDefinition", form: str) -> str:
    """The paper in one of the forms."""
    if form not in _FORMS:
        got = f"text of {len(form)} characters"
        raise InvalidValue(expected="a form of the paper", got=got, where="form", legal=_FORMS)
    return _FORMS[form]([line for part in _PARTS for line in part(definition)])


# -- the parts of the paper --


def _head(definition: "LeadDefinition") -> Lines:
    yield _Line(f"{definition.name}, version {definition.version}", level=1)
    yield _Line(f"What marketing and sales mean by a lead. {_dates(definition)}")
    number = definition.content_hash[:12]
    yield _Line(f"The number of this content is {number}; any change makes another number.")


def _dates(definition: "LeadDefinition") -> str:
    period = definition.period
    holds = "It always holds." if period == "always" else f"It holds {period}."
    if definition.expires:
        holds = f"{holds[:-1]}, that day not included."
    review = definition.review_by
    return f"{holds} It is reviewed by {review} at the latest." if review else holds


def _who(definition: "LeadDefinition") -> Lines:
    yield _Line("Who is a lead", level=2)
    asked = definition.requirement
    yield _Line("Somebody of whom we know all of this:" if isinstance(asked, AllOf) else _OF_WHOM)
    for part in children(asked) if isinstance(asked, AllOf) else (asked,):
        yield from _criterion(part, 1)


_OF_WHOM = "Somebody of whom we know this:"


def _veto(definition: "LeadDefinition") -> Lines:
    if definition.disqualify is not None:
        yield _Line("Who is none, whatever else holds", level=2)
        yield _Line("However high the scores, this rules a lead out:")
        yield from _criterion(definition.disqualify, 1)


def _confirmed(definition: "LeadDefinition") -> Lines:
    """What counts only if it was said in a certain kind of inquiry."""
    said = [field for field in definition.fields if field.said_by]
    if said or definition.evidence:
        yield _Line("What must be heard, and how", level=2)
        yield _Line("A form claims, a call confirms.")
    for kind in definition.evidence:
        yield _Line(f"by {kind}: we must have heard the lead that way at all", depth=1)
    for field in said:
        yield _Line(f"{field.name}: only what was said by {field.said_by} counts", depth=1)


def _scores(definition: "LeadDefinition") -> Lines:
    cards = [("fit", _FIT, definition.fit), ("engagement", _DOES, definition.engagement)]
    if definition.fit or definition.engagement:
        yield _Line("Scores", level=2)
        yield _Line("Points say who comes first. All rules that hold are added up.")
    for name, meaning, card in cards:
        if card is not None:
            yield _Line(f"{meaning}; {_threshold(card)}", depth=1, name=name)
            yield from (_Line(text, depth=2) for text in _rules(card))


_FIT, _DOES = "who they are", "what they do"


def _threshold(card: ScoreCard) -> str:
    if card.at_least is None:
        return "no threshold, so it decides nothing"
    return f"a lead needs at least {card.at_least} points"


def _rules(card: ScoreCard) -> Iterator[str]:
    yield from map(_rule, card.rules)
    for group, cap in card.caps.items():
        yield f"the group {group} gives at most {cap} points"
    if card.most is not None:
        yield f"the whole score is at most {card.most}"
    if card.least is not None:
        yield f"the whole score is at least {card.least}"


def _rule(rule: Points) -> str:
    group = f" (group {rule.group})" if rule.group else ""
    if isinstance(rule.when, Event):
        span = f" of the last {rule.when.within}" if rule.when.within else ""
        fades = f"; half of it is left after {rule.half_life}" if rule.half_life else ""
        return f"{rule.points:+} points for each {rule.when.kind_of}{span}{fades}{group}"
    return f"{rule.points:+} points if {_in_one_line(rule.when)}{group}"


def _reasons(definition: "LeadDefinition") -> Lines:
    if not definition.named:
        return
    yield _Line("Why we ask", level=2)
    for named in definition.named.values():
        why = named.why or "nobody wrote down why"
        heard = f"learnt from {_listed(named.heard_from)}" if named.heard_from else _UNHEARD
        yield _Line(f"{why}; {heard}", depth=1, name=named.name)
    heard_at_all = {voice for named in definition.named.values() for voice in named.heard_from}
    silent = [voice for voice in Voice if voice not in heard_at_all]
    asked = f"Heard were {len(heard_at_all)} of the {len(Voice)} groups to ask"
    yield _Line(f"{asked}; not yet: {_listed(silent)}." if silent else f"{asked}.")


_UNHEARD = "nobody was heard on it"


def _unknown(_: "LeadDefinition") -> Lines:
    yield _Line("What nobody has said yet", level=2)
    yield _Line(
        "Unknown is not no. If the answer may still decide, the verdict is undecided, and the lead"
        " is asked. Only a known no makes somebody not qualified, and that may change another day."
    )


def _signed(definition: "LeadDefinition") -> Lines:
    yield _Line("Who has agreed", level=2)
    valid = [s for s in definition.signatures if s.content_hash == definition.content_hash]
    for signature in sorted(valid, key=lambda s: s.at):
        text = f"signed by {signature.by} on {signature.at.date()}"
        yield _Line(text, depth=1, name=signature.team.value)
    for who in definition.unsigned:
        kind = "" if who in {Team.MARKETING, Team.SALES} else ", a stakeholder,"
        yield _Line(f"{who}{kind} has not signed yet", depth=1)
    void = len(definition.signatures) - len(valid)
    if void:
        counted = "counts" if void == 1 else "count"
        yield _Line(f"{_text.plural(void, 'signature')} over another content: none {counted}.")
    agreed = "All who must sign have signed." if definition.is_agreed else "It is not agreed yet."
    yield _Line(agreed)
    yield _Line(
        f"A signature counts over this content alone, by its SHA-256: {definition.content_hash}"
    )


_PARTS: tuple[Callable[["LeadDefinition"], Lines], ...] = (
    _head,
    _who,
    _veto,
    _confirmed,
    _scores,
    _reasons,
    _unknown,
    _signed,
)


# -- criteria in words --


def _criterion(criterion: Criterion, depth: int, name: str | None = None) -> Lines:
    if isinstance(criterion, Named):
        both = f"{name}, {criterion.name}" if name else criterion.name
        yield from _criterion(criterion.part, depth, both)
    elif isinstance(criterion, AllOf | AnyOf | AtLeast | Not):
        yield _Line(f"{_combination(criterion)}:", depth=depth, name=name)
        for part in children(criterion):
            yield from _criterion(part, depth + 1)
    else:
        yield _Line(_in_one_line(criterion), depth=depth, name=name)


def _combination(criterion: AllOf | AnyOf | AtLeast | Not) -> str:
    match criterion:
        case AllOf():
            return "all of this"
        case AnyOf():
            return "at least one of these"
        case AtLeast(count=count, parts=parts):
            return f"at least {count} of these {len(parts)}"
    return "not this"


def _in_one_line(criterion: Criterion) -> str:
    match criterion:
        case Condition(field=Field() | Event() | Evidence()):
            return condition_in_words(criterion)
        case Condition(field=total):
            return f"the {total.key} reach {shown(criterion.operand)}"
        case Named(name=name, part=part):
            return f"{name} ({_in_one_line(part)})"
        case AllOf(parts=parts):
            return " and ".join(map(_in_brackets, parts))
        case AnyOf(parts=parts):
            return " or ".join(map(_in_brackets, parts))
        case AtLeast(count=count, parts=parts):
            return f"at least {count} of ({', '.join(map(_in_one_line, parts))})"
        case Not(part=part):
            return f"not {_in_brackets(part)}"
    name, _, bound = describe(criterion).rpartition(" >= ")
    return f"the {name} score reaches {bound}"


def _in_brackets(criterion: Criterion) -> str:
    text = _in_one_line(criterion)
    return f"({text})" if isinstance(criterion, AllOf | AnyOf) else text


def condition_in_words(condition: Condition) -> str:
    """One condition without signs: ``staff is at least 50 people``."""
    subject = condition.field
    if isinstance(subject, Evidence):
        return f"we have heard the lead by {subject.kind_of}"
    asked = _asked(condition)
    if isinstance(subject, Event):
        span = f" within the last {subject.within}" if subject.within else ""
        return f"the number of {subject.kind_of}{span} {asked}"
    if isinstance(subject, Field) and subject.said_by:
        return f"{subject.name} {asked}, as said by {subject.said_by}"
    return f"{subject.key} {asked}"


def _asked(condition: Condition) -> str:
    operator, operand, kind = condition.operator, condition.operand, condition.field.kind
    if isinstance(operand, Period):
        return f"{_RELATIVE[operator]} {operand}{_ago(operator)}"
    counted = isinstance(condition.field, Field) and is_number(kind) and condition.field.unit
    unit = f" {counted}" if counted else ""
    case = ", in capitals or not" if condition.case is Case.IGNORED else ""
    words = _ON_DATES if kind in {date, datetime} else _WORDS
    verb = words.get(operator, _WORDS[operator])
    if not isinstance(operand, tuple):
        return f"{verb} {shown(operand)}{unit}"
    if operator is Operator.BETWEEN:
        return f"{verb} {shown(operand[0])} to {shown(operand[1])}{unit}"
    return f"{verb} {_listed(map(shown, operand), 'or')}{unit}{case}"


def _ago(operator: Operator) -> str:
    return " ago" if operator is Operator.OLDER_THAN else ""


_RELATIVE = {
    Operator.WITHIN_LAST: "is within the last",
    Operator.WITHIN_NEXT: "is within the next",
    Operator.OLDER_THAN: "is more than",
}
_WORDS = {
    Operator.AT_LEAST: "is at least",
    Operator.AT_MOST: "is at most",
    Operator.MORE_THAN: "is more than",
    Operator.LESS_THAN: "is less than",
    Operator.BETWEEN: "is from",
    Operator.IS_ONE_OF: "is",
    Operator.CONTAINS_ANY: "contains",
    Operator.STARTS_WITH_ANY: "starts with",
    Operator.HAS_WORD: "has the word",
}
_ON_DATES = {
    Operator.AT_LEAST: "is not before",
    Operator.AT_MOST: "is not after",
    Operator.MORE_THAN: "is after",
    Operator.LESS_THAN: "is before",
}


def _listed(items: Iterable[str], last: str = "and") -> str:
    *first, final = items
    return f"{', '.join(first)} {last} {final}" if first else final


# -- the forms --


def _markdown(lines: Sequence[_Line]) -> str:
    return _in_blocks(lines, [_as_markdown(line) for line in lines])


def _text_alone(lines: Sequence[_Line]) -> str:
    return _in_blocks(lines, [_as_text(line) for line in lines])


def _html(lines: Sequence[_Line]) -> str:
    """Headings, sentences and nested lists, without style and script; for a page of your own."""
    page = ""
    for listed, some in groupby(lines, key=lambda line: bool(line.depth)):
        if listed:
            page += html_list((line.depth, _as_html(line)) for line in some) + "\n"
        else:
            tags = ((f"h{line.level}" if line.level else "p", _as_html(line)) for line in some)
            page += "".join(f"<{tag}>{text}</{tag}>\n" for tag, text in tags)
    return page


def _in_blocks(lines: Sequence[_Line], blocks: Sequence[str]) -> str:
    """The parts of a list one below the other, all else apart."""
    text = blocks[0]
    for before, line, block in zip(lines, lines[1:], blocks[1:], strict=False):
        text += ("\n" if before.depth and line.depth else "\n\n") + block
    return text + "\n"


def _as_html(line: _Line) -> str:
    text = in_html(line.text)
    return f"<strong>{in_html(line.name)}</strong>: {text}" if line.name else text


def _as_markdown(line: _Line) -> str:
    text = in_markdown(line.text)
    if line.level:
        return f"{'#' * line.level} {text}"
    named = f"**{in_markdown(line.name)}**: {text}" if line.name else text
    return f"{'  ' * (line.depth - 1)}- {named}" if line.depth else named


def _as_text(line: _Line) -> str:
    text = on_one_line(line.text)
    if line.level:
        return f"{text}\n{'=-'[line.level - 1] * len(text)}"
    named = f"{on_one_line(line.name)}: {text}" if line.name else text
    return f"{'  ' * (line.depth - 1)}- {named}" if line.depth else named


_FORMS: dict[str, Callable[[Sequence[_Line]], str]] = {
    "html": _html,
    "md": _markdown,
    "text": _text_alone,
}
