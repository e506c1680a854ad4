"""The papers of the agreement: its text, its changes, its schema, its files, and the verdict."""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from builders import BUDGET, COMPETITOR, DAY, MONDAY, NEED, STAFF, a_definition, an_inquiry, signed
from leadlib.errors import (
    DefinitionError,
    InvalidValue,
    LeadlibError,
    MissingExtra,
    NotCertifiable,
)
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
    Field,
    LeadDefinition,
    Points,
    ScoreCard,
    presets,
)
from strategies import definitions, fixed_conditions, relative_conditions

ROOT = Path(__file__).resolve().parent.parent
TITLE = Field("title", str)
SURE = Field("budget", int, unit="EUR", said_by="phone")
DECIDER = TITLE.has_word("head", "chief", case=Case.IGNORED).named(
    "decider", why="nobody else can sign", heard_from=["sales", "customers"]
)
every_definition = definitions(fixed_conditions | relative_conditions)


def a_full_definition():
    """Everything that a definition can hold, once."""
    return LeadDefinition(
        "sales-ready",
        NEED.is_one_of("churn", "growth")
        & ((SURE >= 10_000) | (STAFF >= 50))
        & DECIDER
        & ~(Field("since", date) < date(2020, 1, 1))
        & AtLeast(
            count=1, parts=[STAFF.between(5, 900), Field("seen", date).within_last("90 days")]
        )
        & (Event("download", within="30 days") >= 2),
        disqualify=COMPETITOR.is_true(),
        evidence=["phone"],
        fit=ScoreCard(
            [Points(20, STAFF >= 60, group="size"), Points(Decimal("0.5"), DECIDER)],
            at_least=10,
            most=40,
            least=-5,
            caps={"size": 30},
        ),
        engagement=[Points(15, Event("visit", within="1 year"), half_life="14 days")],
        version=3,
        effective=date(2026, 1, 1),
        expires=date(2027, 1, 1),
        review_by=date(2026, 7, 5),
        stakeholders=["eve"],
    )


# -- the text --


class TestText:
    @pytest.mark.rule("004-23")
    def test_says_to_both_teams_who_is_a_lead(self):
        text = f"{a_full_definition():text}"

        for line in (
            "sales-ready, version 3",
            "- need is 'churn' or 'growth'",
            "- at least one of these:",
            "  - budget is at least 10000 EUR, as said by phone",
            "  - staff is at least 50 people",
            "- decider: title has the word 'head' or 'chief', in capitals or not",
            "- not this:",
            "  - since is before 2020-01-01",
            "- at least 1 of these 2:",
            "  - staff is from 5 to 900 people",
            "  - seen is within the last 90 days",
            "- the number of download within the last 30 days is at least 2",
            "- we have heard the lead by phone",
            "- the fit score reaches 10 points",
            "- competitor is yes",
        ):
            assert line in text.split("\n")

    @pytest.mark.rule("004-23")
    def test_says_what_is_scored_confirmed_and_why(self):
        text = f"{a_full_definition():text}"

        for line in (
            "- by phone: we must have heard the lead that way at all",
            "- budget: only what was said by phone counts",
            "- fit: who they are; a lead needs at least 10 points",
            "  - +20 points if staff is at least 60 people (group size)",
            "  - the group size gives at most 30 points",
            "  - the whole score is at most 40",
            "  - the whole score is at least -5",
            "- engagement: what they do; no threshold, so it decides nothing",
            "  - +15 points for each visit of the last 1 year; half of it is left after 14 days",
            "- decider: nobody else can sign; learnt from sales and customers",
        ):
            assert line in text.split("\n")
        assert "Heard were 2 of the 5 groups to ask" in text
        assert "not yet: channels, analysts and non-customers" in text
        assert "Unknown is not no." in text

    def test_says_version_dates_review_and_the_number_of_the_content_short_and_whole(self):
        definition = a_full_definition()
        text = f"{definition:text}"

        assert "It holds from 2026-01-01 until 2027-01-01, that day not included." in text
        assert "It is reviewed by 2026-07-05 at the latest." in text
        assert f"The number of this content is {definition.content_hash[:12]};" in text
        assert f"SHA-256: {definition.content_hash}\n" in text

    def test_says_who_signed_when_and_who_is_missing(self):
        half = a_full_definition().sign(team=Team.SALES, by="sam", at=MONDAY)
        text = f"{half:text}"

        assert "- sales: signed by sam on 2026-03-02" in text
        assert "- marketing has not signed yet" in text
        assert "- eve, a stakeholder, has not signed yet" in text
        assert "It is not agreed yet." in text

    @pytest.mark.rule("003-31")
    def test_counts_no_signature_over_another_content(self):
        edited = attrs.evolve(signed(a_definition(qualify=STAFF >= 60)), qualify=STAFF >= 65)
        text = f"{edited:text}"

        assert "2 signatures over another content: none count." in text
        assert "signed by" not in text
        assert "It is not agreed yet." in text

    def test_says_when_all_have_signed(self):
        assert "All who must sign have signed." in f"{signed(a_definition()):text}"

    def test_leaves_out_what_is_not_there(self):
        text = f"{LeadDefinition('d', STAFF >= 50):text}"

        assert "It always holds." in text
        for heading in ("Who is none", "What must be heard", "Scores", "Why we ask"):
            assert heading not in text

    def test_knows_an_engagement_threshold_and_a_criterion_within_a_criterion(self):
        inner = (STAFF >= 3).named("staffed")
        definition = LeadDefinition(
            "d",
            (inner & (BUDGET <= 9)).named("fits").named("again"),
            engagement=ScoreCard([Points(5, Event("visit"))], at_least=10),
        )
        lines = f"{definition:text}".split("\n")

        assert "- again, fits: all of this:" in lines
        assert "  - staffed: staff is at least 3 people" in lines
        assert "- the engagement points reach 10" in lines

    def test_in_markdown_holds_the_same_words(self):
        definition = a_full_definition()
        text, markdown = f"{definition:text}", f"{definition:md}"

        assert rendered(markdown).words() == words_of(text)

    def test_in_html_is_what_the_markdown_would_be(self):
        definition = a_full_definition()
        page, drawn = Page(f"{definition:html}"), rendered(f"{definition:md}")

        assert page.tags == drawn.tags
        assert "".join(page.words()) == "".join(drawn.words())
        assert page.strong == drawn.strong
        assert page.open == []

    def test_in_markdown_nests_lists_and_names_stand_out(self):
        page = rendered(f"{a_full_definition():md}")

        assert page.tags.count("h1") == 1
        assert page.deepest == 2
        assert {"fit", "engagement", "decider"} <= set(page.strong)

    def test_without_a_form_is_the_repr(self):
        definition = a_full_definition()

        assert f"{definition}" == repr(definition)

    @pytest.mark.parametrize("form", ["pdf", "MD", ">10", "\x00", "x" * 10_000])
    def test_in_an_unknown_form_is_refused_with_the_known_ones(self, form):
        with pytest.raises(InvalidValue, match="legal: html, md, text") as refused:
            format(a_definition(), form)

        assert len(str(refused.value)) < 200

    @given(every_definition)
    def test_can_be_written_of_every_definition(self, definition):
        text, markdown = f"{definition:text}", f"{definition:md}"

        assert all(field.name in text for field in definition.fields)
        assert rendered(markdown).words() == words_of(text)


class Page(HTMLParser):
    """What a browser would make of a page: its tags, its text, and how deep its lists are."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts, self.strong = [], [], [], []
        self.open, self.deepest = [], 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)
        self.deepest = max(self.deepest, self.open.count("ul"))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)
        if "strong" in self.open:
            self.strong.append(data)

    def words(self):
        return "".join(self.texts).split()


def rendered(markdown):
    return Page(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


def words_of(text):
    """The words of a paper in plain text, without what draws lists and headings."""
    lines = [line.strip() for line in text.split("\n")]
    kept = [line.removeprefix("- ") for line in lines if line.strip("=-")]
    return " ".join(kept).split()


# -- changes --


class TestChanges:
    def test_name_a_changed_condition_by_its_field(self):
        old = LeadDefinition("d", (BUDGET >= 10_000) & (STAFF >= 50))
        new = LeadDefinition("d", (BUDGET >= 20_000) & (STAFF >= 50))

        assert lines(old, new) == ["who is a lead: budget >= 10000 EUR -> budget >= 20000 EUR"]

    @pytest.mark.rule("003-31")
    def test_of_a_threshold_are_the_new_version_and_the_new_threshold(self):
        old = signed(LeadDefinition("d", STAFF >= 60))
        new = old.revised(qualify=STAFF >= 65)

        assert lines(old, new) == [
            "version: 1 -> 2",
            "who is a lead: staff >= 60 people -> staff >= 65 people",
        ]
        assert new.signatures == ()

    def test_name_what_was_added_and_removed(self):
        old = LeadDefinition("d", (BUDGET >= 1) & (STAFF >= 50))
        new = LeadDefinition("d", (BUDGET >= 1) & NEED.equals("churn"))

        assert lines(old, new) == [
            "who is a lead: removed staff >= 50 people",
            "who is a lead: added need is 'churn'",
        ]

    def test_see_one_criterion_that_became_one_of_two(self):
        old, new = LeadDefinition("d", BUDGET >= 1), LeadDefinition("d", (BUDGET >= 1) | DECIDER)

        [line] = lines(old, new)
        assert line.startswith("who is a lead, any of (budget, title): added decider")

    def test_say_where_within_the_tree(self):
        old = LeadDefinition("d", NEED.equals("x") & ((BUDGET >= 1) | (STAFF >= 5)))
        new = LeadDefinition("d", NEED.equals("x") & ((BUDGET >= 1) | (STAFF >= 6)))

        assert lines(old, new) == [
            "who is a lead, any of (budget, staff): staff >= 5 people -> staff >= 6 people"
        ]

    def test_name_how_many_of_a_checklist_must_hold(self):
        assert lines(presets.bant(), presets.bant(min_yes=3)) == [
            "who is a lead: at least 4 of 4 -> at least 3 of 4"
        ]

    def test_name_unit_and_type_once_for_all_conditions(self):
        dollars = Field("budget", Decimal, unit="USD")
        old = LeadDefinition("d", (BUDGET >= 1) | (BUDGET <= 0))
        new = LeadDefinition("d", (dollars >= 1) | (dollars <= 0))

        assert lines(old, new) == ["field budget: integer in EUR -> number in USD"]

    def test_name_the_parts_beside_the_criteria(self):
        old = a_full_definition()
        new = attrs.evolve(
            old,
            name="other",
            disqualify=None,
            evidence=["visit"],
            expires=None,
            review_by=date(2026, 8, 5),
            stakeholders=["eve", "max"],
        )

        assert lines(old, new) == [
            "name: sales-ready -> other",
            "expires: removed 2027-01-01",
            "review by: 2026-07-05 -> 2026-08-05",
            "evidence: removed phone",
            "evidence: added visit",
            "stakeholders: added max",
            "who is ruled out: removed competitor is yes",
        ]

    def test_name_the_parts_of_scores(self):
        def scored(**how):
            rules = [Points(how.pop("points", 20), STAFF >= 50, group="a"), Points(5, BUDGET >= 1)]
            return LeadDefinition("d", STAFF >= 1, fit=ScoreCard(rules, **how))

        old = scored(at_least=10, caps={"a": 30})
        assert lines(old, scored(points=25, at_least=15, most=90)) == [
            "fit, threshold: 10 -> 15",
            "fit, at most: added 90",
            "fit, cap of a: removed 30",
            f"fit, rules: +20 if {STAFF >= 50}, in group a -> +25 if {STAFF >= 50}, in group a",
        ]
        assert lines(old, LeadDefinition("d", STAFF >= 1))[0].startswith("fit: removed at least 10")

    def test_name_reason_and_voices_of_a_criterion_once(self):
        part = TITLE.has_word("head")
        names = [
            part.named("decider", why="they sign", heard_from=["sales"]),
            part.named("decider", why="they pay", heard_from=["customers"]),
        ]
        old, new = (LeadDefinition("d", name & ((STAFF >= 5) | name)) for name in names)

        assert lines(old, new) == [
            "criterion decider, why: they sign -> they pay",
            "criterion decider, heard from: removed sales",
            "criterion decider, heard from: added customers",
        ]

    def test_stay_on_a_line_each_whatever_a_reason_holds(self):
        """No reason passes for a change of its own, and none for the one it replaces."""
        whys = ["so\nversion: 1 -> 9", "so version: 1 -> 9", "so\u2028\x1b[1m"]
        a, b, c = (LeadDefinition("d", (STAFF >= 1).named("n", why=why)) for why in whys)

        assert lines(a, b) == [
            "criterion n, why: so\\nversion: 1 -> 9 -> so version: 1 -> 9",
        ]
        assert lines(b, c) == ["criterion n, why: so version: 1 -> 9 -> so\\u2028\\x1b[1m"]

    def test_see_another_order_and_another_grouping(self):
        a, b = BUDGET >= 1, STAFF >= 1
        flat, turned = LeadDefinition("d", a & b), LeadDefinition("d", b & a)
        grouped = LeadDefinition("d", AllOf(parts=[AllOf(parts=[a]), b]))

        assert len(lines(flat, turned)) == len(lines(flat, grouped)) == 1

    def test_are_false_and_say_so_if_there_are_none(self):
        definition = a_full_definition()
        changes = definition.changes_to(signed(definition))

        assert not changes
        assert (str(changes), len(changes), list(changes)) == ("no changes", 0, [])

    def test_are_plain_data(self):
        changes = LeadDefinition("d", STAFF >= 1).changes_to(LeadDefinition("e", STAFF >= 1))

        assert json.loads(json.dumps(changes.to_dict())) == {
            "before": "d v1",
            "after": "e v1",
            "changes": [{"place": "name", "before": "d", "after": "e"}],
        }

    def test_show_no_signer_in_their_repr(self):
        old = a_definition(stakeholders=["Zacharias Quill"])
        changes = old.changes_to(a_definition())

        assert "Zacharias Quill" in str(changes)
        assert "Quill" not in repr(changes) + repr([*changes])

    @pytest.mark.parametrize("other", [None, "d", {}, 1])
    def test_to_something_else_are_refused(self, other):
        with pytest.raises(InvalidValue):
            a_definition().changes_to(other)

    @given(st.data())
    def test_are_none_exactly_if_the_content_is_the_same(self, data):
        old, new = data.draw(similar), data.draw(similar)
        changes = old.changes_to(new)

        assert bool(changes) == (old.content_hash != new.content_hash)
        assert all(change.before != change.after for change in changes)

    @given(every_definition, every_definition)
    def test_of_any_two_definitions_obey_the_same_law(self, old, new):
        changes = old.changes_to(new)

        assert bool(changes) == (old.content_hash != new.content_hash)
        assert all(change.before != change.after for change in changes)
        assert not old.changes_to(signed(LeadDefinition.from_dict(old.to_dict())))

    @given(st.data())
    def test_back_are_as_many_and_turned_round(self, data):
        old, new = data.draw(similar), data.draw(similar)
        there = {(change.before, change.after) for change in old.changes_to(new)}
        back = {(change.after, change.before) for change in new.changes_to(old)}

        assert bool(there) == bool(back)

    def test_of_a_large_definition_take_no_time_to_speak_of(self):
        rows = [Field(f"f{i}", int) >= 1 for i in range(1_500)]
        old = LeadDefinition("d", AllOf(parts=rows))
        new = LeadDefinition("d", AllOf(parts=[*rows[1:], STAFF >= 1]))

        assert lines(old, new) == [
            "who is a lead: removed f0 >= 1",
            f"who is a lead: added {STAFF >= 1}",
        ]


def lines(old, new):
    return [str(change) for change in old.changes_to(new)]


def _similar():
    """Definitions so alike that two of them are often the same, or nearly so."""
    twin = Field("staff (by phone)", int)
    budget = Field("budget", Decimal, unit="EUR")
    leaf = st.sampled_from(
        [
            STAFF >= 1,
            STAFF >= 2,
            attrs.evolve(STAFF, said_by="phone") >= 1,
            twin >= 1,
            budget >= 1,
            NEED.is_one_of("a", "b"),
            NEED.is_one_of("a', 'b"),
            (STAFF >= 1).named("staffed"),
            Event("staff") >= 1,
        ]
    )
    tree = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: AllOf(parts=parts)),
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: AnyOf(parts=parts)),
            st.lists(inner, min_size=1, max_size=2).map(lambda p: AtLeast(count=1, parts=p)),
            inner.map(lambda part: ~part),
        ),
        max_leaves=3,
    )
    points = st.builds(Points, st.sampled_from([1, 2]), tree, group=st.none() | st.just("g"))
    card = st.lists(points, min_size=1, max_size=2).map(ScoreCard)
    made = st.tuples(tree, st.none() | tree, st.none() | card)
    return made.map(_made).filter(lambda definition: definition is not None)


def _made(drawn):
    try:
        return LeadDefinition("d", drawn[0], disqualify=drawn[1], fit=drawn[2])
    except LeadlibError:  # two subjects with one key
        return None


similar = _similar()


# -- schema --

SCHEMA_FILE = ROOT / "docs" / "reference" / "lead-definition.schema.json"
VALIDATOR = Draft202012Validator(definition_schema())
STAFF_DATA = {"field": "staff", "at_least": 50}
SOUND = {"name": "d", "fields": {"staff": {"type": "integer"}}, "qualify": STAFF_DATA}


class TestSchema:
    def test_is_a_schema(self):
        Draft202012Validator.check_schema(definition_schema())

    def test_is_published_as_it_is(self):
        """To write it anew: python tests/test_papers.py."""
        published = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))

        assert published == definition_schema(), "write it anew: python tests/test_papers.py"

    def test_is_a_new_one_each_time(self):
        definition_schema()["properties"].clear()

        assert definition_schema()["properties"]

    @given(every_definition)
    def test_takes_every_definition(self, definition):
        VALIDATOR.validate(definition.to_dict())

    @pytest.mark.parametrize(
        "definition",
        [signed(a_full_definition()), *(getattr(presets, name)() for name in presets.__all__)],
        ids=lambda definition: definition.name,
    )
    def test_takes_definitions_with_all_that_they_can_hold(self, definition):
        VALIDATOR.validate(definition.to_dict())

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": None},
            {"name": ""},
            {"name": " "},
            {"name": 7},
            {"name": "x" * 232},
            {"nme": "d"},
            {"version": 0},
            {"version": 10**9},
            {"version": "1"},
            {"version": True},
            {"version": 1.5},
            {"fields": []},
            {"fields": {"staff": {}}},
            {"fields": {"staff": {"type": "integr"}}},
            {"fields": {"staff": {"type": "integer", "unit": ""}}},
            {"fields": {"staff": {"type": "integer", "size": 3}}},
            {"fields": {"staff": {"type": "integer"}, " ": {"type": "text"}}},
            {"qualify": None},
            {"qualify": []},
            {"qualify": {}},
            {"qualify": {"field": "staff"}},
            {"qualify": {"at_least": 50}},
            {"qualify": {**STAFF_DATA, "at_most": 60}},
            {"qualify": {**STAFF_DATA, "why": "only named criteria have a reason"}},
            {"qualify": {**STAFF_DATA, "all": [STAFF_DATA]}},
            {"qualify": {"field": "staff", "at_leest": 50}},
            {"qualify": {"field": "staff", "at_least": [50]}},
            {"qualify": {"field": "staff", "at_least": None}},
            {"qualify": {"field": "staff", "between": [1]}},
            {"qualify": {"field": "staff", "between": [1, 2, 3]}},
            {"qualify": {"field": "staff", "is_one_of": []}},
            {"qualify": {"field": "staff", "is_one_of": 50}},
            {"qualify": {"field": "staff", "at_least": 50, "case": "upper"}},
            {"qualify": {"field": "staff", "at_least": 50, "said_by": ""}},
            {"qualify": {"field": "staff", "within_last": 30}},
            {"qualify": {"field": "staff", "within_last": "30 fortnights"}},
            {"qualify": {"all": []}},
            {"qualify": {"all": STAFF_DATA}},
            {"qualify": {"any": [STAFF_DATA, 5]}},
            {"qualify": {"not": [STAFF_DATA]}},
            {"qualify": {"of": [STAFF_DATA]}},
            {"qualify": {"of": [STAFF_DATA], "at_least": 0}},
            {"qualify": {"of": [STAFF_DATA], "at_least": "1"}},
            {"qualify": {"criterion": ""}},
            {"qualify": {"evidence": 5}},
            {"qualify": {"evidence": "phone", "at_least": 1}},
            {"qualify": {"event": "download"}},
            {"qualify": {"event": "download", "contains_any": ["x"]}},
            {"qualify": {"event": "download", "at_least": 2, "within": "soon"}},
            {"qualify": {"event": "download", "at_least": 2, "said_by": "phone"}},
            {"disqualify": None},
            {"criteria": {"big": {**STAFF_DATA, "why": 5}}, "qualify": {"criterion": "big"}},
            {"criteria": {"big": {**STAFF_DATA, "heard_from": ["all"]}},
             "qualify": {"criterion": "big"}},
            {"criteria": []},
            {"evidence": "phone"},
            {"evidence": [""]},
            {"stakeholders": [5]},
            {"effective": "soon"},
            {"expires": 2026},
            {"review_by": "2026-1-1"},
            {"fit": []},
            {"fit": {"rules": []}},
            {"fit": {"rules": [{"points": 5}]}},
            {"fit": {"rules": [{"when": STAFF_DATA}]}},
            {"fit": {"rules": [{"points": 5, "when": STAFF_DATA, "half": "1 day"}]}},
            {"fit": {"rules": [{"points": True, "when": STAFF_DATA}]}},
            {"fit": {"rules": [{"points": 5, "when": STAFF_DATA}], "at_lest": 3}},
            {"fit": {"rules": [{"points": 5, "when": STAFF_DATA}], "at_least": [3]}},
            {"engagement": {"rules": [{"points": 5, "when": {"event": "x"}, "half_life": 3}]}},
            {"signatures": [{"team": "sales"}]},
            {"signatures": [{"team": "board", "by": "x", "at": "2026-03-02T09:00:00Z",
                             "content_hash": "0"}]},
            {"signatures": [{"team": "sales", "by": "x", "at": "2026-03-02",
                             "content_hash": "0"}]},
            {"signatures": {}},
            {"qualify": {"field": "staff", "at_least": "9" * 65}},
            {"qualify": {"field": "staff", "is_one_of": [""]}},
        ],
        ids=lambda changes: json.dumps(changes)[:60],
    )  # fmt: skip
    def test_refuses_what_the_reader_refuses(self, changes):
        plain = {**SOUND, **changes}

        assert not VALIDATOR.is_valid(plain)
        with pytest.raises(DefinitionError):
            LeadDefinition.from_dict(plain)

    def test_takes_the_sound_one_that_the_others_spoil(self):
        VALIDATOR.validate(SOUND)
        LeadDefinition.from_dict(SOUND)

    @given(every_definition, st.data())
    def test_takes_whatever_the_reader_takes(self, definition, data):
        """A key is dropped or doubled at random: what is still read is still valid."""
        plain = definition.to_dict()
        spoil(plain, data)
        try:
            LeadDefinition.from_dict(plain)
        except DefinitionError:
            return
        VALIDATOR.validate(plain)


def spoil(plain, data):
    tables = [table for table in tables_in(plain) if table]
    table = data.draw(st.sampled_from(tables))
    key = data.draw(st.sampled_from(sorted(table)))
    value = table.pop(key)
    if data.draw(st.booleans()):
        table[key] = data.draw(st.sampled_from([None, "", "x", 1, -1, True, [], [value], {}]))


def tables_in(plain):
    if isinstance(plain, dict):
        yield plain
    inner = plain.values() if isinstance(plain, dict) else plain if isinstance(plain, list) else ()
    for part in inner:
        yield from tables_in(part)


# -- files --


class TestFiles:
    @given(every_definition)
    def test_in_toml_and_json_give_back_every_definition(self, definition):
        assert definition_from_toml(definition_to_toml(definition)) == definition
        assert definition_from_json(definition_to_json(definition)) == definition

    @pytest.mark.parametrize("write", [definition_to_toml, definition_to_json])
    def test_keep_signatures_and_all_other_parts(self, write):
        read = definition_from_toml if write is definition_to_toml else definition_from_json
        definition = signed(a_full_definition())

        assert read(write(definition)) == definition
        assert read(write(definition)).unsigned == ("eve",)

    @pytest.mark.parametrize("write", [definition_to_toml, definition_to_json])
    @pytest.mark.parametrize(
        "name",
        ["a.b", 'a"b', "a'b", "a\\b", "é|`", "[x]", "{x}", "#", "=", "a b", "1", "ß", "a" * 200],
    )
    def test_keep_names_with_any_sign(self, write, name):
        read = definition_from_toml if write is definition_to_toml else definition_from_json
        field = Field(name, str, unit=name)
        criterion = field.is_one_of(name, f"{name}\n\t{name}").named(name, why=f"{name}\r\n{name}")
        card = ScoreCard([Points(1, criterion, group=name)], caps={name: 2})
        definition = LeadDefinition(name, criterion, fit=card, evidence=[name])

        assert read(write(definition)) == definition

    def test_can_be_read_by_people(self):
        text = definition_to_toml(a_definition(qualify=(BUDGET >= 10_000) | (STAFF >= 50)))

        assert '{ field = "budget", at_least = 10000 },' in text
        assert "[disqualify]\n" in text

    @pytest.mark.parametrize("write", [definition_to_toml, definition_to_json])
    def test_that_could_not_be_read_again_are_not_written(self, write):
        many = AnyOf(parts=[NEED.is_one_of("x" * 9_000, f"{i}") for i in range(40)])

        with pytest.raises(DefinitionError):
            write(LeadDefinition("d", many))

    def test_in_toml_need_their_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tomli_w", None)

        with pytest.raises(MissingExtra, match=r"leadlib\[toml\]"):
            definition_to_toml(a_definition())

    def test_load_the_extra_only_when_they_are_written(self):
        code = "import sys, leadlib.io; print('tomli_w' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

        assert done.stdout.strip() == b"False"


# -- the verdict --

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "a|b|c",
    "`code` ``more``",
    "**bold** _it_ ~~gone~~",
    "[link](javascript:alert(1))",
    "![x](http://x.example/y.png)",
    "# heading",
    "> quote",
    "&lt;b&gt; &amp; <!-- -->",
    "<https://x.example>",
    "\\<b>\\",
    "{{ 7 * 7 }} ${7*7} {0}",
    "- point",
    "+ point",
    "1. point",
    "2) point",
    "---",
    "- - -",
    "closing #",
)


def a_hostile_definition(text):
    field = Field(text, str, unit=text)
    criterion = field.is_one_of(text, "other").named(text, why=text, heard_from=["sales"])
    return LeadDefinition(
        text,
        criterion & (Field("staff", int, unit=text) >= 3),
        disqualify=field.contains_any(f"{text}!"),
        evidence=[text],
        fit=ScoreCard([Points(5, criterion, group=text)], caps={text: 9}, at_least=1),
        engagement=[Points(5, Event(text))],
        stakeholders=[text],
    ).sign(team=Team.SALES, by=text, at=MONDAY)


@pytest.mark.parametrize("text", HOSTILE)
class TestHostileNames:
    def test_are_text_in_every_html(self, text):
        lead = Lead(id=text, inquiries=[an_inquiry(id=text, facts={text: text, "staff": 5})])
        verdict = a_hostile_definition(text).judge(lead)

        for html in (verdict.to_html(), verdict._repr_html_()):
            page = Page(html)
            assert set(page.tags) == {"p", "b", "ul", "li"}
            assert page.attributes == []
            assert page.open == []
            assert text in "".join(page.texts)

    def test_are_text_in_the_markdown_of_a_verdict(self, text):
        lead = Lead(id=text, inquiries=[an_inquiry(id=text, facts={text: text, "staff": 5})])
        page = rendered(a_hostile_definition(text).judge(lead).to_markdown())

        assert set(page.tags) == {"p", "strong", "ul", "li"}
        assert page.attributes == []
        assert text in "".join(page.texts)

    def test_are_text_in_the_markdown_of_a_definition(self, text):
        page = rendered(f"{a_hostile_definition(text):md}")

        assert set(page.tags) == {"h1", "h2", "p", "strong", "ul", "li"}
        assert page.attributes == []
        assert page.tags.count("h1") == 1
        assert text in "".join(page.texts)

    def test_are_text_in_the_html_of_a_definition(self, text):
        page = Page(f"{a_hostile_definition(text):html}")

        assert set(page.tags) == {"h1", "h2", "p", "strong", "ul", "li"}
        assert page.attributes == []
        assert page.open == []
        assert page.tags.count("h1") == 1
        assert text in "".join(page.texts)

    def test_are_one_line_in_the_text_of_a_definition(self, text):
        plain = f"{LeadDefinition('d', (STAFF >= 1).named('n', why=f'{text}{chr(10)}# x')):text}"

        assert [line for line in plain.split("\n") if text in line and "# x" in line]


class TestVerdict:
    def test_in_html_is_a_list_within_a_list(self):
        definition = LeadDefinition("d", (STAFF >= 50) & ((BUDGET >= 1) | NEED.equals("churn")))
        html = definition.judge(
            Lead(id="i-1", inquiries=[an_inquiry(facts={"staff": 60})])
        ).to_html()

        assert html == (
            "<p><b>i-1: undecided (d v1)</b></p>"
            "<ul><li>?   all of"
            "<ul><li>yes staff &gt;= 50 people  -- 60, said in i-1 on 2026-03-02</li>"
            "<li>?   any of"
            "<ul><li>?   budget &gt;= 1 EUR  -- not asked yet</li>"
            "<li>?   need is &#x27;churn&#x27;  -- not asked yet</li></ul></li></ul></li></ul>"
        )

    def test_in_a_notebook_shows_the_same_tree_without_the_facts(self):
        definition = LeadDefinition("d", (STAFF >= 50) & (BUDGET >= 1))
        verdict = definition.judge(Lead(id="i-1", inquiries=[an_inquiry(facts={"staff": 61})]))

        assert verdict._repr_html_() == (
            "<p><b>i-1: undecided (d v1)</b></p>"
            "<ul><li>?   all of<ul><li>yes staff &gt;= 50 people</li>"
            "<li>?   budget &gt;= 1 EUR</li></ul></li></ul>"
        )

    @given(every_definition)
    def test_in_html_closes_what_it_opens(self, definition):
        verdict = definition.judge(Lead(id="i", inquiries=[an_inquiry()]), now=MONDAY + DAY)

        for html in (verdict.to_html(), verdict._repr_html_()):
            page = Page(html)
            assert page.open == []
            assert page.tags.count("li") == html.count("</li>")


CANARIES = [
    *(f"Zanzibar{i} Quillfeather{i}" for i in range(15)),
    *(f"canary.{i}@quill.example" for i in range(10)),
    *(f"+49 30 90181{i:04d}" for i in range(10)),
    *(f"Feathermoor{i} Works" for i in range(15)),
]


class TestNamesOfSigners:
    def test_stay_out_of_the_error_that_misses_them(self):
        """The paper names them; an error, which may be logged anywhere, counts them."""
        definition = LeadDefinition("d", STAFF >= 1, stakeholders=["Zacharias Quill", "Ada Quill"])
        half = definition.sign(team=Team.SALES, by="Ada Quill", at=MONDAY)
        lead = Lead(id="i-1", inquiries=[an_inquiry(facts={"staff": 5})])
        messages = []
        for unsigned in (definition, half):
            with pytest.raises(NotCertifiable) as refused:
                unsigned.judge(lead).certify(by="sam", at=MONDAY + DAY)
            messages.append(str(refused.value))

        assert "marketing and sales and 2 stakeholders did not sign" in messages[0]
        assert "marketing and 1 stakeholder did not sign" in messages[1]
        assert "Quill" not in "".join(messages)


class TestPersonalData:
    """What somebody said of themselves is in no repr, no error, no notebook and no plain data."""

    def test_there_are_fifty_canaries(self):
        assert len(set(CANARIES)) == 50

    @pytest.mark.parametrize("canary", CANARIES)
    def test_stays_inside(self, canary):
        verdict = full_verdict(canary)
        shown = [
            repr(verdict),
            repr(verdict.assessment),
            repr(verdict.fit),
            repr(verdict.engagement),
            repr(verdict.definition),
            repr(verdict.facts),
            repr(verdict.answers),
            repr(verdict.assessment.questions()),
            verdict._repr_html_(),
            json.dumps(verdict.to_dict()),
            json.dumps(verdict.fit.to_dict()),
            json.dumps(verdict.engagement.to_dict()),
            *errors_about(verdict, canary),
        ]

        assert [text for text in shown if canary in text] == []

    @pytest.mark.parametrize("canary", CANARIES[::10])
    def test_is_shown_where_one_asks_for_the_facts(self, canary):
        """So the rule above does not hold for want of facts."""
        verdict = full_verdict(canary)

        assert canary in str(verdict)
        assert canary in verdict.to_html()


def full_verdict(canary):
    """A verdict on a lead that said the canary wherever it could."""
    facts = {"need": canary, "title": canary, "company": canary, "staff": canary, "budget": 5}
    who = {"mail": canary} if "@" in canary else {"name": canary}
    if canary.startswith("+"):
        who = {"phone": canary}
    inquiry = an_inquiry(facts=facts, kind="download", interests=[canary], **who)
    company = Field("company", str)
    definition = LeadDefinition(
        "d",
        (NEED.equals("churn") | (STAFF >= 5)) & company.contains_any("x", "y") & DECIDER,
        disqualify=Field("company.size", int) < 3,
        fit=[Points(5, NEED.equals("churn")), Points(6, BUDGET >= 1)],
        engagement=[Points(5, Event("download"), half_life="7 days")],
    )
    return definition.judge(Lead(id="i-1", inquiries=[inquiry]), now=MONDAY + DAY)


def errors_about(verdict, canary):
    """The texts of the errors that calls with personal values end in."""
    definition, lead = verdict.definition, verdict.lead
    for call in (
        lambda: verdict.certify(by=canary, at=MONDAY + DAY),
        lambda: definition.judge(lead, now=MONDAY - DAY),
        lambda: definition.judge(canary),
        lambda: definition.fit.score({"need": canary}, now=canary),
        lambda: definition.engagement.score({"need": canary}),
        lambda: definition.changes_to(canary),
        lambda: format(definition, canary),
        lambda: STAFF.between(canary, canary),
        lambda: LeadDefinition.from_dict({"name": "d", "qualify": canary}),
        lambda: definition_from_json(f'{{"name": "{canary}"'),
        lambda: definition_from_toml(f'name = "{canary}'),
    ):
        with pytest.raises((LeadlibError, TypeError, ValueError)) as refused:
            call()
        yield str(refused.value)


if __name__ == "__main__":
    text = json.dumps(definition_schema(), indent=2) + "\n"
    SCHEMA_FILE.write_text(text, encoding="utf-8")
