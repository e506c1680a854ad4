"""The compiled forms say what the plain walk over the tree says, and hold no text of a stranger."""

import re
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import BUDGET, COMPETITOR, MONDAY, NEED, STAFF, a_definition, a_lead, an_inquiry
from leadlib._qualification import plan, source
from leadlib._qualification.criteria import resolved
from leadlib.errors import InvalidValue
from leadlib.model import Lead
from leadlib.qualification import (
    AllOf,
    Answer,
    Case,
    Field,
    LeadDefinition,
    Outcome,
    Points,
    ScoreCard,
)
from strategies import (
    NOW,
    cards,
    definitions,
    fixed_conditions,
    odd_rows,
    relative_conditions,
    rows,
)


def walked(definition, row, now=None):
    """The assessment by the interpreter, one condition after the other."""
    given_ = (resolved(c, now).answer(row.get(c.field.key)) for c in definition.conditions)
    return definition.assessment(tuple(given_))


class TestAssess:
    @given(definitions(), rows)
    def test_says_what_the_walk_says(self, definition, row):
        assert definition.assess(row) == walked(definition, row)
        assert definition.decide(row) is walked(definition, row).outcome

    @given(definitions(), odd_rows)
    def test_takes_whatever_comes_and_crashes_on_nothing(self, definition, row):
        assert definition.assess(row) == walked(definition, row)
        assert definition.decide(row) is walked(definition, row).outcome
        assert [*definition.assess_many([row])] == [walked(definition, row)]

    @given(definitions(), st.lists(rows | odd_rows, max_size=20))
    def test_of_many_is_that_of_each(self, definition, many):
        assert [*definition.assess_many(many)] == [definition.assess(row) for row in many]

    @given(definitions(relative_conditions | fixed_conditions), rows)
    def test_at_an_instant_says_what_the_walk_says(self, definition, row):
        assert definition.at(NOW)(row) == walked(definition, row, NOW)
        assert [*definition.assess_many([row], now=NOW)] == [walked(definition, row, NOW)]

    def test_is_shared_by_all_with_the_same_answers(self):
        assess = a_definition().assess

        assert assess({"need": "churn"}) is assess({"need": "growth", "name": "other"})

    def test_knows_the_same_lead_by_its_facts_and_by_itself(self):
        definition, lead = a_definition(), a_lead(need="churn", budget=20_000)

        assert definition.judge(lead).assessment == definition.assess(lead.values)

    def test_needs_now_for_conditions_on_time(self):
        recent = LeadDefinition("d", Field("seen", datetime).within_last("30 days"))
        for ask in (lambda: recent.assess, lambda: recent.decide, lambda: recent.judge(a_lead())):
            with pytest.raises(InvalidValue, match=r"expected an instant.* @ now"):
                ask()

    @pytest.mark.parametrize("count", [9, 10, 60, 500])
    def test_holds_any_number_of_conditions(self, count):
        parts = [Field(f"f{i}", int) >= 1 for i in range(count)]
        definition = LeadDefinition("d", AllOf(parts=parts))
        good = dict.fromkeys((f"f{i}" for i in range(count)), 1)

        assert definition.assess(good).outcome is Outcome.QUALIFIED
        assert definition.decide(good) is Outcome.QUALIFIED
        assert definition.assess(good | {"f8": None}).unknown == ("f8",)
        assert definition.decide(good | {"f8": 0}) is Outcome.NOT_QUALIFIED

    def test_forgets_assessments_before_they_fill_the_memory(self, monkeypatch):
        monkeypatch.setattr(plan, "_KEPT", 5)
        parts = [Field(f"f{i}", bool).is_true() for i in range(12)]
        definition = LeadDefinition("d", AllOf(parts=parts))
        for number in range(40):
            row = {f"f{i}": bool(number >> i & 1) for i in range(12)}
            assert definition.assess(row) == walked(definition, row)

        assert len(definition._shared.table) <= 5

    def test_its_code_numbers_the_answers(self):
        assessment = LeadDefinition("d", (STAFF >= 50) & NEED.equals("x")).assess({"staff": 50})

        assert assessment.given == (Answer.YES, Answer.UNKNOWN)
        assert assessment.code == 0b01_10


class TestScoreMany:
    @given(cards(fixed_conditions), st.lists(rows | odd_rows, max_size=10))
    def test_is_the_score_of_each(self, card, many):
        scores = card.score_many(many)

        assert [*scores] == [card.score(row) for row in many]
        assert scores.points == [score.points for score in scores]

    def test_of_events_needs_leads(self):
        from leadlib.qualification import Event

        with pytest.raises(InvalidValue, match="leads, whose events count"):
            ScoreCard([Points(5, Event("download"))]).score_many([{}])

    def test_is_a_sequence(self):
        scores = ScoreCard([Points(5, STAFF >= 50)]).score_many([{"staff": 60}, {}, {"staff": 1}])

        assert len(scores) == 3
        assert [s.points for s in scores[:2]] == [5, 0]
        assert scores[1].highest == 5


WORDS = """
def made values rows held unknown hold miss append low high try except faults return walk
get table or first found if elif else not in is None True False raise T UTC tzinfo
is_finite type str yield
int bool date datetime Decimal and pass for v w u h f translate startswith QUALIFIED
UNDECIDED DISQUALIFIED NOT_QUALIFIED
"""
TOKENS = re.compile(rf"[][ \n:()=,.<>|+\"-]|\b(?:c\d+|r\d*|\d+|{'|'.join(WORDS.split())})\b")


class TestSource:
    @settings(max_examples=50)
    @given(definitions(), cards(fixed_conditions))
    def test_is_made_of_our_own_words_and_numbers(self, definition, card):
        sources = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(source, "_compiled", lambda text: sources.append(text) or COMPILED)
            for compile_ in (lambda: definition.assess, lambda: definition.decide):
                compile_()
            [*definition.assess_many([{}])]
            card.score_many([])

        assert len(sources) == 5
        assert [TOKENS.sub("", text) for text in sources] == [""] * 5

    def test_holds_no_word_of_a_hostile_definition(self):
        evil = "__import__('os').system('true')"
        field = Field(evil, str)
        definition = LeadDefinition(
            evil,
            field.is_one_of(evil) & field.contains_any(evil, case=Case.IGNORED),
            disqualify=field.has_word(evil).named(evil),
        )
        seen = []
        sys.addaudithook(lambda event, _: seen.append(event) if WATCHING else None)
        definition.assess({evil: "x"}), definition.decide({evil: "x"})
        WATCHING.append(True)
        try:
            outcome = definition.assess({evil: evil}).outcome
            definition.decide({evil: "y"})
        finally:
            WATCHING.clear()

        assert outcome is Outcome.DISQUALIFIED
        assert set(seen) & {"compile", "exec", "import", "open", "socket.connect"} == set()


WATCHING = []
COMPILED = compile("def made(*_): return [], []", "made", "exec").co_consts[0]


class TestValues:
    def test_of_a_definition_are_facts_and_what_the_inquiries_show(self):
        from leadlib.qualification import Event, Evidence

        call = an_inquiry(id="i-2", kind="phone", facts={"budget": 5})
        lead = Lead(id="i-1", inquiries=[an_inquiry(facts={"budget": 20_000}), call])
        sure = Field("budget", int, unit="EUR", said_by="phone")
        definition = LeadDefinition(
            "d", (sure >= 1) & (Event("phone") >= 1) & Evidence("phone").is_given()
        )

        assert dict(definition.values_of(lead)) == {
            "budget": 5,
            "budget (by phone)": 5,
            "phone events": 1,
            "phone evidence": True,
        }
        assert definition.judge(lead).outcome is Outcome.QUALIFIED


def test_money_is_exact_in_compiled_code():
    price = Field("price", Decimal)
    definition = LeadDefinition("d", price >= Decimal("0.3"))

    assert definition.assess({"price": 0.3}).outcome is Outcome.QUALIFIED
    assert definition.assess({"price": Decimal("0.29")}).outcome is Outcome.NOT_QUALIFIED
    assert (
        LeadDefinition("d", (BUDGET >= 1) & COMPETITOR.is_false()).decide({"budget": True})
        is Outcome.UNDECIDED
    )
    assert MONDAY.tzinfo is UTC
