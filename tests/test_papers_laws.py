"""Laws of the papers over definitions that hold everything, under names nobody would choose."""

import json
import re
from datetime import date
from decimal import Decimal

import attrs
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from builders import DAY, MONDAY, an_inquiry
from leadlib.errors import LeadlibError
from leadlib.io import (
    definition_from_json,
    definition_from_toml,
    definition_schema,
    definition_to_json,
    definition_to_toml,
)
from leadlib.model import Lead, Team
from leadlib.qualification import (
    AllOf,
    AnyOf,
    AtLeast,
    Case,
    Event,
    Evidence,
    Field,
    LeadDefinition,
    Not,
    Points,
    ScoreCard,
    Voice,
)
from test_papers import Page, rendered

VALIDATOR = Draft202012Validator(definition_schema())

NAMES = (
    "<script>alert(1)</script>",
    "a|b",
    "`code`",
    'it\'s "so"',
    "[x](javascript:alert(1))",
    "&lt;b&gt;",
    "# heading",
    "1. first",
    "- point",
    "company.size",
    "'''",
    '"""',
    "\\",
    "{{ 7 * 7 }} %s",
    "a" * 200,
    "staff (by phone)",
    "phone evidence",
    "criteria",
    "straße 日本",
)
TEXTS = (*NAMES, "a\nb", "cr\r\nx", "x\u2028y", "z\x85w", "\u202eturned", "\x1b[31m", "\x7f")
names, texts = st.sampled_from(NAMES), st.sampled_from(TEXTS)
TEXT, OTHER = Field(NAMES[0], str), Field(NAMES[1], str, said_by=NAMES[2])
STAFF, PRICE = Field(NAMES[3], int, unit=NAMES[4]), Field(NAMES[5], Decimal, unit="EUR")
SINCE, SEEN, RIVAL = (Field(NAMES[6], date), Field("seen", type(MONDAY)), Field(NAMES[7], bool))
numbers = st.integers(-(10**17), 10**17)
prices = st.decimals(-(10**6), 10**6, allow_nan=False, places=4)
days, moments = st.dates(date(1971, 1, 1), date(2199, 1, 1)), st.integers(0, 10**6)
spans = st.sampled_from(["1 day", "30 days", "2 months", "1 year"])


def some(values):
    return st.lists(values, min_size=1, max_size=3)


def _on_text(field):
    made = st.sampled_from(
        [field.is_one_of, field.contains_any, field.starts_with_any, field.has_word]
    )
    return st.builds(lambda make, say, case: make(*say, case=case), made, some(texts), cases)


def _on_order(field, values):
    compare = st.sampled_from(["__ge__", "__le__", "__gt__", "__lt__"])
    return (
        st.builds(lambda name, bound: getattr(field, name)(bound), compare, values)
        | st.tuples(values, values).map(lambda pair: field.between(*sorted(pair)))
        | some(values).map(lambda options: field.is_one_of(*options))
    )


cases = st.sampled_from(Case)
conditions = st.one_of(
    _on_text(TEXT),
    _on_text(OTHER),
    _on_order(STAFF, numbers),
    _on_order(attrs.evolve(STAFF, said_by="phone"), numbers),
    _on_order(PRICE, prices),
    _on_order(SINCE, days),
    _on_order(SEEN, moments.map(lambda n: MONDAY + n * (DAY / 10**5))),
    st.sampled_from([RIVAL.is_true(), RIVAL.is_false()]),
    spans.map(SINCE.within_last) | spans.map(SEEN.within_next) | spans.map(SINCE.older_than),
    st.builds(lambda kind, within: Event(kind, within=within) >= 2, names, st.none() | spans),
    names.map(lambda kind: Evidence(kind).is_given()),
)


def trees(leaves, size):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            some(inner).map(lambda parts: AllOf(parts=parts)),
            some(inner).map(lambda parts: AnyOf(parts=parts)),
            inner.map(lambda part: Not(part=part)),
            st.builds(
                lambda parts, count: AtLeast(count=min(count, len(parts)), parts=parts),
                some(inner),
                st.integers(1, 3),
            ),
        ),
        max_leaves=size,
    )


named = st.builds(
    lambda part, name, why, heard: part.named(name, why=why, heard_from=heard),
    trees(conditions, 3),
    names,
    st.none() | texts,
    st.lists(st.sampled_from(Voice), max_size=2),
)
tree = trees(conditions | named, 5)
rules = st.builds(Points, st.integers(-9, 99) | prices, tree, group=st.none() | names) | st.builds(
    Points,
    st.integers(0, 99),
    st.builds(Event, names, within=st.none() | spans),
    half_life=st.sampled_from([None, "7 days", "90 minutes"]),
    group=st.none() | names,
)
cards = st.builds(
    lambda given, cap, at_least: ScoreCard(
        given, caps={r.group: cap for r in given if r.group}, at_least=at_least, most=99, least=-9
    ),
    some(rules),
    st.integers(0, 30),
    st.none() | st.integers(-9, 50),
)


def _made(name, qualify, signers, **parts):
    """A definition; None if it is one that nobody can write, such as two criteria of one name."""
    try:
        definition = LeadDefinition(name, qualify, **parts)
    except LeadlibError:
        return None
    for team, by in signers:
        definition = definition.sign(team=team, by=by, at=MONDAY)
    return definition


every_definition = st.builds(
    _made,
    names,
    tree,
    st.lists(st.tuples(st.sampled_from([Team.MARKETING, Team.SALES]), names), max_size=2),
    version=st.integers(1, 99),
    disqualify=st.none() | tree,
    evidence=st.lists(names, max_size=2),
    fit=st.none() | cards,
    engagement=st.none() | cards,
    effective=st.sampled_from([None, date(2026, 1, 1)]),
    expires=st.sampled_from([None, date(2027, 1, 1)]),
    review_by=st.none() | days,
    stakeholders=st.lists(names, max_size=2),
).filter(bool)


class TestFiles:
    @given(every_definition)
    def test_give_back_every_definition_and_are_valid(self, definition):
        assert definition_from_toml(definition_to_toml(definition)) == definition
        assert definition_from_json(definition_to_json(definition)) == definition
        VALIDATOR.validate(json.loads(definition_to_json(definition)))


class TestText:
    @given(every_definition)
    def test_has_the_same_words_in_every_form_and_no_letter_that_moves_others(self, definition):
        text, page = f"{definition:text}", Page(f"{definition:html}")
        drawn = rendered(f"{definition:md}")

        assert all(line.isprintable() for line in text.split("\n"))
        assert letters("".join(drawn.texts)) == letters(text)
        assert page.tags == drawn.tags
        assert page.attributes == drawn.attributes == page.open == []


def letters(text):
    """All but blanks and what underlines headings and begins points in plain text."""
    return re.sub(r"[\s=-]", "", text)


class TestChanges:
    @given(every_definition, every_definition)
    def test_are_none_exactly_if_the_content_is_the_same(self, old, new):
        changes = old.changes_to(new)
        again = definition_from_json(definition_to_json(old))

        assert bool(changes) == (old.content_hash != new.content_hash)
        assert not old.changes_to(again.sign(team=Team.SALES, by="sam", at=MONDAY))

    @given(every_definition, st.data())
    def test_see_the_smallest_edit_and_say_it_in_a_line(self, old, data):
        plain = json.loads(definition_to_json(old))
        edit(plain, data)
        try:
            new = LeadDefinition.from_dict(plain)
        except LeadlibError:
            assume(False)
        for changes in (old.changes_to(new), new.changes_to(old)):
            assert bool(changes) == (old.content_hash != new.content_hash)
            assert len(str(changes).splitlines()) == (len(changes) or 1)
            assert all(change.before != change.after for change in changes)


def edit(plain, data):
    """Turn, shorten or double a list, or change one value."""
    plain.pop("signatures", None)
    table, key, value = data.draw(st.sampled_from([*places(plain)]))
    if isinstance(value, list):
        edits = st.permutations(value) | st.sampled_from([value[1:], [*value, value[0]]])
        table[key] = data.draw(edits)
    elif isinstance(value, bool):
        table[key] = not value
    else:
        table[key] = value + (1 if isinstance(value, int) else "0")


def places(plain):
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain)
    for key, value in inner:
        if value and not isinstance(value, dict):
            yield plain, key, value
        if isinstance(value, dict | list):
            yield from places(value)


class TestVerdict:
    @given(every_definition, st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, texts)))
    def test_stays_a_list_whatever_was_said(self, definition, facts):
        facts = {name: value for name, value in facts.items() if "." not in name}
        lead = Lead(id="i-1", inquiries=[an_inquiry(facts=facts, kind="- point")])
        verdict = definition.judge(lead, now=MONDAY + DAY)

        for page in (Page(verdict.to_html()), Page(verdict._repr_html_())):
            assert set(page.tags) <= {"p", "b", "ul", "li"}
            assert page.attributes == page.open == []
        assert set(rendered(verdict.to_markdown()).tags) <= {"p", "strong", "ul", "li"}
