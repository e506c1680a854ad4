"""One definition, three answers, and the reason for each."""

import copy
import itertools
import json
import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    BUDGET,
    COMPETITOR,
    DAY,
    MONDAY,
    NEED,
    STAFF,
    a_definition,
    a_lead,
    an_inquiry,
    signed,
)
from leadlib.consolidation import consolidate
from leadlib.errors import (
    AmbiguousTruth,
    ConflictError,
    DefinitionError,
    InvalidValue,
    LeadlibError,
    LimitExceeded,
    NotCertifiable,
)
from leadlib.model import Team
from leadlib.qualification import (
    AllOf,
    Answer,
    AnyOf,
    Condition,
    Field,
    LeadDefinition,
    Not,
    Operator,
    Outcome,
    Verdict,
    value_from_text,
)

NO, UNKNOWN, YES = Answer.NO, Answer.UNKNOWN, Answer.YES
GOOD = {"need": "churn", "budget": 20_000, "competitor": False}


def judged(criterion, **facts):
    """The answer to one criterion."""
    [answer] = {
        Outcome.QUALIFIED: YES,
        Outcome.UNDECIDED: UNKNOWN,
        Outcome.NOT_QUALIFIED: NO,
    }.items() & {(LeadDefinition("d", criterion).judge(a_lead(**facts)).outcome, a) for a in Answer}
    return answer[1]


class TestAnswers:
    @pytest.mark.rule("law-3")
    @pytest.mark.parametrize(("one", "other"), [*itertools.product(Answer, Answer)])
    def test_combine_by_kleenes_rules(self, one, other):
        """Against the truth table: an unknown counts only where it could change the answer."""
        p, q = Field("p", bool), Field("q", bool)
        said = {NO: False, YES: True, UNKNOWN: None}
        facts = {"p": said[one], "q": said[other]}
        worlds = [(a, b) for a in possible(one) for b in possible(other)]

        assert judged(p.is_true() & q.is_true(), **facts) is agreed({a and b for a, b in worlds})
        assert judged(p.is_true() | q.is_true(), **facts) is agreed({a or b for a, b in worlds})
        assert judged(~p.is_true(), **facts) is agreed({not a for a, _ in worlds})

    def test_twice_not_is_nothing(self):
        assert ~~(STAFF >= 50) == (STAFF >= 50)

    @pytest.mark.parametrize(
        ("criterion", "value", "expected"),
        [
            (STAFF >= 50, 50, YES),
            (STAFF >= 50, 49, NO),
            (STAFF <= 50, 50, YES),
            (STAFF <= 50, 51, NO),
            (STAFF > 50, 50, NO),
            (STAFF > 50, 51, YES),
            (STAFF < 50, 50, NO),
            (STAFF < 50, 49, YES),
            (STAFF.between(50, 60), 60, YES),
            (STAFF.between(50, 60), 61, NO),
            (STAFF.equals(0), 0, YES),
            (STAFF >= 50, 50.5, YES),
            (STAFF >= 50, Decimal("49.9"), NO),
            (STAFF >= 50, None, UNKNOWN),
            (STAFF >= 50, "60", UNKNOWN),
            (STAFF >= 50, True, UNKNOWN),
            (STAFF >= 50, date(2026, 1, 1), UNKNOWN),
        ],
    )
    def test_numbers(self, criterion, value, expected):
        assert judged(criterion, staff=value) is expected

    @pytest.mark.parametrize(
        ("criterion", "value", "expected"),
        [
            (NEED.is_one_of("churn", "growth"), "growth", YES),
            (NEED.is_one_of("churn", "growth"), "Churn", NO),
            (NEED.contains_any("churn", "loss"), "less churn, please", YES),
            (NEED.contains_any("churn", "loss"), "more sales", NO),
            (NEED.contains_any("churn"), 7, UNKNOWN),
            (NEED.equals("churn"), None, UNKNOWN),
        ],
    )
    def test_text(self, criterion, value, expected):
        assert judged(criterion, need=value) is expected

    def test_dates_and_instants_are_not_mixed(self):
        since, seen = Field("since", date), Field("seen", datetime)

        assert judged(since >= date(2026, 1, 1), since=date(2026, 1, 1)) is YES
        assert judged(since >= date(2026, 1, 1), since=MONDAY) is UNKNOWN
        assert judged(seen <= MONDAY, seen=MONDAY) is YES

    def test_no_is_an_answer_to_yes_or_no(self):
        assert judged(COMPETITOR.is_false(), competitor=False) is YES
        assert judged(COMPETITOR.is_true(), competitor=False) is NO


def possible(answer):
    return {NO: [False], YES: [True], UNKNOWN: [False, True]}[answer]


def agreed(values):
    return UNKNOWN if len(values) == 2 else YES if values == {True} else NO


class TestCriteria:
    def test_a_criterion_has_no_truth_before_a_lead_is_judged(self):
        with pytest.raises(AmbiguousTruth, match=r"& \| ~ instead of and"):
            bool(STAFF >= 50)

    def test_equality_stays_equality(self):
        assert (STAFF >= 50) == (STAFF >= 50)
        assert (STAFF >= 50) != (STAFF >= 51)
        assert Field("staff", int) != STAFF
        assert len({STAFF >= 50, STAFF >= 50}) == 1

    def test_long_chains_stay_flat(self):
        chain = STAFF >= 0
        for bound in range(1, 1_000):
            chain &= bound <= STAFF

        assert isinstance(chain, AllOf)
        assert len(chain.parts) == 1_000

    def test_too_deep_trees_are_refused_without_recursion(self):
        def deeper(tree, levels):
            for _ in range(levels):
                tree = Not(part=tree & (BUDGET >= 1))
            return tree

        assert deeper(STAFF >= 1, 15).depth == 31
        with pytest.raises(LimitExceeded, match="at most 32 levels"):
            deeper(STAFF >= 1, 3_000)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: STAFF >= "fifty",
            lambda: Field("rate", float).between(0, float("nan")),
            lambda: STAFF >= True,
            lambda: NEED >= "a",
            NEED.is_one_of,
            lambda: NEED.is_one_of(3),
            NEED.is_true,
            lambda: STAFF.contains_any("1"),
            lambda: Field("x", list),
            lambda: Field("", str),
            lambda: Field("seen", datetime) >= datetime(2026, 1, 1),
            lambda: (STAFF >= 1) & True,
        ],
    )
    def test_what_cannot_be_meant_is_refused_when_it_is_written(self, make):
        with pytest.raises(InvalidValue):
            make()

    def test_equality_by_mistake_gets_a_hint(self):
        with pytest.raises(InvalidValue, match=r"field\.equals\(value\) instead of =="):
            (STAFF >= 1) & (STAFF == 50)

    def test_a_combination_has_parts(self):
        with pytest.raises(InvalidValue, match="at least one criterion"):
            AllOf(parts=())

    def test_what_means_the_same_is_the_same(self):
        price = Field("price", Decimal)
        numbers = [10, 10.0, Decimal(10), Decimal("10.00"), Decimal("1E+1")]

        assert len({LeadDefinition("d", price >= n).content_hash for n in numbers}) == 1
        assert NEED.equals(" cafe\u0301") == NEED.equals("caf\u00e9")
        assert Field("rate", float) == Field("rate", Decimal)
        assert judged(price.equals(0.1), price=Decimal("0.1")) is YES
        assert judged(price >= Decimal("0.3"), price=0.3) is YES

    def test_one_name_has_one_type(self):
        with pytest.raises(ConflictError, match=r"\$\.fields\.staff"):
            LeadDefinition("d", (STAFF >= 1) & Field("staff", str).equals("1"))

    def test_reads_aloud(self):
        assert str(a_definition().qualify) == (
            "need is one of 'churn', 'growth' and (budget >= 10000 EUR or staff >= 50 people)"
        )
        assert (
            str(~((STAFF >= 1) | COMPETITOR.is_true()))
            == "not (staff >= 1 people or competitor is yes)"
        )

    def test_the_words_of_the_tree_are_public(self):
        test = STAFF >= 50
        assert isinstance(test, Condition)
        assert test.operator is Operator.AT_LEAST
        assert isinstance(test | test, AnyOf)


class TestVerdict:
    def test_is_a_value(self):
        assert isinstance(a_definition().judge(a_lead()), Verdict)

    def test_qualified(self):
        assert a_definition().judge(a_lead(**GOOD)).outcome is Outcome.QUALIFIED

    @pytest.mark.rule("000-07")
    def test_three_yes_and_one_unknown_is_neither_qualified_nor_not(self):
        budget, authority, need, timeline = (Field(n, bool).is_true() for n in "BANT")
        verdict = LeadDefinition("BANT", budget & authority & need & timeline).judge(
            a_lead(B=True, A=True, N=True)
        )

        assert verdict.outcome is Outcome.UNDECIDED
        assert verdict.completeness == 0.75
        assert verdict.ask_next == ("T",)

    @pytest.mark.rule("law-3")
    def test_an_unknown_is_never_a_no(self):
        verdict = a_definition().judge(a_lead(need="churn", competitor=False))

        assert verdict.outcome is Outcome.UNDECIDED
        assert verdict.failed == ()
        assert verdict.completeness == 0.5

    @pytest.mark.rule("003-22")
    def test_names_what_is_not_known(self):
        assert a_definition().judge(a_lead(need="churn")).unknown == (
            "budget",
            "staff",
            "competitor",
        )

    @pytest.mark.rule("004-29", part="the veto")
    def test_a_disqualifier_beats_everything_else(self):
        verdict = a_definition().judge(a_lead(**GOOD | {"competitor": True}))

        assert verdict.outcome is Outcome.DISQUALIFIED

    @pytest.mark.rule("law-3")
    def test_an_unknown_disqualifier_keeps_the_verdict_open(self):
        verdict = a_definition().judge(a_lead(need="churn", budget=20_000))

        assert verdict.outcome is Outcome.UNDECIDED
        assert verdict.ask_next == ("competitor",)

    @pytest.mark.rule("003-34", part="not qualified is not disqualified")
    def test_not_qualified_is_not_disqualified(self):
        verdict = a_definition().judge(a_lead(need="other"))

        assert verdict.outcome is Outcome.NOT_QUALIFIED
        assert verdict.ask_next == ()
        assert [str(test) for test in verdict.failed] == ["need is one of 'churn', 'growth'"]

    def test_names_what_holds_and_takes_the_opposite_below_a_not(self):
        """A veto is nothing to be proud of, and what is not so may be what was asked for."""
        criterion = (NEED.equals("churn") | (STAFF >= 50)) & ~COMPETITOR.is_true()
        definition = LeadDefinition("d", criterion, disqualify=BUDGET < 1)
        verdict = definition.judge(a_lead(need="churn", staff=10, competitor=False, budget=0))

        assert [str(test) for test in verdict.held] == [
            "need is 'churn'",
            "not (competitor is yes)",
        ]
        assert LeadDefinition("d", ~COMPETITOR.is_true()).judge(a_lead(competitor=True)).held == ()

    @pytest.mark.rule("004-27", part="ranked by what can still decide")
    def test_asks_first_what_tells_most(self):
        """The need decides alone, so it comes before two that stand in for each other."""
        verdict = a_definition(disqualify=None).judge(a_lead())

        assert verdict.ask_next == ("need", "budget", "staff")

    def test_asks_at_the_deepest_level_that_is_legal(self):
        tree = NEED.equals("x")
        for n in range(31):
            tree = Not(part=tree) if n % 2 else AllOf(parts=(tree,))
        verdict = a_definition(qualify=tree).judge(a_lead())

        assert set(verdict.ask_next) == {"need", "competitor"}

    def test_asks_nothing_that_cannot_matter_any_more(self):
        verdict = a_definition(disqualify=None).judge(a_lead(staff=60))

        assert verdict.ask_next == ("need",)

    def test_prints_every_answer_with_the_fact_and_who_said_it(self):
        assert str(a_definition().judge(a_lead(need="churn", staff="many"))) == (
            "i-1: undecided (sales-ready v1)\n"
            "  ?   all of\n"
            "    yes need is one of 'churn', 'growth'  -- 'churn', said in i-1 on 2026-03-02\n"
            "    ?   any of\n"
            "      ?   budget >= 10000 EUR  -- not asked yet\n"
            "      ?   staff >= 50 people  -- said in i-1, but as a str\n"
            "  disqualified if\n"
            "    ?   competitor is yes  -- not asked yet"
        )

    @pytest.mark.rule("law-9")
    def test_its_repr_and_dict_show_no_facts(self):
        verdict = a_definition().judge(a_lead(need="canary"))

        assert "canary" not in repr(verdict)
        assert "canary" not in json.dumps(verdict.to_dict())

    @pytest.mark.rule("003-29")
    def test_is_the_same_for_every_source(self):
        sources = ["teleprospecting", "web", "inbound call", "direct mail", "event"]
        leads = [consolidate([an_inquiry(source=source, facts=GOOD)])[0] for source in sources]

        assert {a_definition().judge(lead).outcome for lead in leads} == {Outcome.QUALIFIED}

    def test_cannot_be_changed_and_survives_pickling(self):
        lead = a_lead(need="churn")
        verdict = a_definition().judge(lead)
        with pytest.raises(TypeError, match="frozen value"):
            verdict.answers[NEED.equals("x")] = YES

        assert pickle.loads(pickle.dumps(verdict)) == verdict
        assert copy.deepcopy(lead) == lead

    def test_judges_leads_only(self):
        with pytest.raises(InvalidValue, match="a value of type Lead, got an Inquiry"):
            a_definition().judge(an_inquiry())

    def test_is_a_pure_function(self):
        lead = a_lead(need="churn")

        assert a_definition().judge(lead) == a_definition().judge(lead)


class TestAgreement:
    @pytest.mark.rule("000-12")
    def test_holds_only_with_both_signatures(self):
        one = a_definition().sign(team=Team.MARKETING, by="ana", at=MONDAY)

        assert not one.is_agreed
        assert one.unsigned == (Team.SALES,)
        assert signed(a_definition()).is_agreed

    @pytest.mark.rule("003-31")
    def test_any_edit_voids_the_signatures(self):
        agreed_on = signed(a_definition())
        edited = LeadDefinition(
            agreed_on.name,
            agreed_on.qualify & (STAFF >= 1),
            version=2,
            disqualify=agreed_on.disqualify,
            signatures=agreed_on.signatures,
        )

        assert not edited.is_agreed
        assert edited.unsigned == (Team.MARKETING, Team.SALES)

    def test_signing_changes_no_content(self):
        assert signed(a_definition()).content_hash == a_definition().content_hash

    @pytest.mark.rule("000-12", "law-2")
    def test_an_unsigned_definition_certifies_nobody(self):
        with pytest.raises(NotCertifiable, match="marketing and sales did not sign"):
            a_definition().judge(a_lead(**GOOD)).certify(by="ana", at=MONDAY)

    @pytest.mark.rule("003-18", "law-2")
    @pytest.mark.parametrize("facts", [{}, {"need": "other"}, GOOD | {"competitor": True}])
    def test_only_a_passed_lead_is_certified(self, facts):
        with pytest.raises(NotCertifiable, match="a qualified lead"):
            signed(a_definition()).judge(a_lead(**facts)).certify(by="ana", at=MONDAY)

    def test_nobody_vouches_for_what_was_signed_or_said_later(self):
        verdict = signed(a_definition()).judge(a_lead(**GOOD))
        with pytest.raises(NotCertifiable, match="an instant from 2026-03-02"):
            verdict.certify(by="ana", at=MONDAY - DAY)

    @pytest.mark.parametrize(
        "wrong", [{"team": Team.BOTH}, {"team": "hr"}, {"by": ""}, {"by": None}]
    )
    def test_a_signature_is_of_one_of_the_two_teams_and_of_somebody(self, wrong):
        with pytest.raises(LeadlibError):
            a_definition().sign(**{"team": Team.SALES, "by": "sam", "at": MONDAY} | wrong)

    @pytest.mark.rule("003-33")
    def test_the_certificate_says_what_was_passed_and_until_when_it_holds(self):
        definition = signed(a_definition(version=3))
        proof = definition.judge(a_lead(**GOOD)).certify(by="ana", at=MONDAY)

        assert proof.definition == "sales-ready v3"
        assert proof.content_hash == definition.content_hash
        assert proof.expires == MONDAY + timedelta(days=30)


class TestData:
    EVERYTHING = (
        NEED.contains_any("a", "b")
        & STAFF.between(1, 9)
        & ~(Field("rate", float) > 0.5)
        & (Field("since", date) < date(2026, 1, 1))
        & (Field("seen", datetime) <= MONDAY)
        & (Field("price", Decimal) >= Decimal("12.50"))
        & (COMPETITOR.is_false() | NEED.equals("x"))
    )

    def test_goes_out_and_in_unchanged(self):
        definition = signed(a_definition(version=4))

        assert LeadDefinition.from_dict(definition.to_dict()) == definition
        assert LeadDefinition.from_dict(json.loads(json.dumps(definition.to_dict()))) == definition
        assert pickle.loads(pickle.dumps(definition)) == definition

    @given(
        st.one_of(
            st.tuples(st.just(Decimal), st.decimals(-(10**9), 10**9, places=4)),
            st.tuples(st.just(float), st.floats(-(10**9), 10**9)),
            st.tuples(st.just(int), st.integers(-(10**17), 10**17)),
            st.tuples(st.just(Decimal), st.integers(-(10**9), 10**9)),
            st.tuples(st.just(date), st.dates(date(1970, 1, 1), date(2199, 1, 1))),
        )
    )
    def test_signatures_survive_being_stored(self, drawn):
        kind, operand = drawn
        try:
            criterion = Field("x", kind, unit="EUR") >= operand
        except InvalidValue:  # a float of more digits than anybody counts with
            return
        definition = signed(LeadDefinition("d", criterion))
        again = LeadDefinition.from_dict(json.loads(json.dumps(definition.to_dict())))

        assert again == definition
        assert again.content_hash == definition.content_hash
        assert again.is_agreed

    def test_no_digit_is_lost(self):
        price = Field("price", Decimal)
        long = Decimal("123456789012345678.123456789012345678")
        one, other = (LeadDefinition("d", price >= n) for n in (long, long + Decimal("1e-9")))

        assert one.content_hash == LeadDefinition.from_dict(one.to_dict()).content_hash
        assert LeadDefinition.from_dict(one.to_dict()) == one
        with pytest.raises(InvalidValue, match="at most 36 digits"):
            _ = price >= Decimal("0." + "1" * 50)
        assert isinstance(other, LeadDefinition)

    def test_units_and_names_are_on_one_line(self):
        for unit in ("", 5, "a\nb", "x" * 300):
            plain = {"name": "d", "fields": {"n": {"type": "integer", "unit": unit}}}
            with pytest.raises(DefinitionError, match=r"\$\.fields\.n\.unit"):
                LeadDefinition.from_dict(plain | {"qualify": {"field": "n", "at_least": 1}})
        for make in (lambda: LeadDefinition("a\nb", STAFF >= 1), lambda: Field("a\nb", int)):
            with pytest.raises(InvalidValue, match="control characters"):
                make()

    def test_field_names_are_found_in_either_spelling_and_never_twice(self):
        plain = {
            "name": "d",
            "fields": {"cafe\u0301": {"type": "integer"}},
            "qualify": {"field": "cafe\u0301", "at_least": 1},
        }
        assert LeadDefinition.from_dict(plain).fields[0].name == "caf\u00e9"

        plain["fields"]["caf\u00e9"] = {"type": "text"}
        with pytest.raises(DefinitionError, match="each field once"):
            LeadDefinition.from_dict(plain)

    def test_every_operator_and_type_survives_json(self):
        definition = LeadDefinition("all", self.EVERYTHING)
        again = LeadDefinition.from_dict(json.loads(json.dumps(definition.to_dict())))

        assert again.to_dict() == definition.to_dict()
        assert again.content_hash == definition.content_hash

    def test_the_hash_is_the_same_on_every_machine_and_version(self):
        """A golden value: signatures of today must hold tomorrow."""
        assert a_definition().content_hash == (
            "20807a3e3a275191ade02053d2815d4f0a0addabfe74b31edf096f0108c4ea05"
        )

    def test_names_all_faults_at_once_with_path_and_nearest_name(self):
        with pytest.raises(DefinitionError) as caught:
            LeadDefinition.from_dict(
                {
                    "nam": "x",
                    "version": True,
                    "fields": {"staff": {"type": "integr"}},
                    "qualify": {"any": [{"field": "stuff", "at_least": 1}, {"al": []}, 3]},
                }
            )
        places = [fault.where for fault in caught.value.faults]

        assert places == [
            "$",
            "$.fields.staff.type",
            "$.name",
            "$.version",
            "$.qualify.any[0].field",
            "$.qualify.any[1]",
            "$.qualify.any[1]",
            "$.qualify.any[2]",
        ]
        assert "did you mean 'staff'?" in str(caught.value)

    @pytest.mark.parametrize(
        "operand",
        [
            True,
            "50",
            None,
            [50],
            float("nan"),
            float("inf"),
            10**400,
            Decimal("1e1000000"),
            "__class__",
        ],
    )
    def test_refuses_operands_of_another_type(self, operand):
        plain = {"name": "d", "fields": {"n": {"type": "integer"}}}
        with pytest.raises(DefinitionError, match=r"\$\.qualify\.at_least"):
            LeadDefinition.from_dict(plain | {"qualify": {"field": "n", "at_least": operand}})

    def test_refuses_bombs_before_walking_them(self):
        deep = {"field": "n", "at_least": 1}
        for _ in range(10_000):
            deep = {"not": deep}
        wide = {"all": [{"field": "n", "at_least": 1}] * 6_000}
        for bomb in (deep, wide):
            with pytest.raises(DefinitionError, match="nodes"):
                LeadDefinition.from_dict(
                    {"name": "d", "fields": {"n": {"type": "integer"}}, "qualify": bomb}
                )

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["name", "fields", "qualify", "all", "any", "not", "field", "type", "n"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        )
    )
    def test_takes_whole_or_refuses_with_its_own_error(self, plain):
        try:
            assert isinstance(LeadDefinition.from_dict(plain), LeadDefinition)
        except LeadlibError as fault:
            assert isinstance(fault, DefinitionError)


class TestValuesFromText:
    @pytest.mark.parametrize(
        ("kind", "text", "value"),
        [
            (int, "40", 40),
            (Decimal, "12.50", Decimal("12.50")),
            (bool, "Yes", True),
            (bool, "0", False),
            (date, "2026-03-02", date(2026, 3, 2)),
            (datetime, "2026-03-02T09:00:00Z", MONDAY),
            (str, " churn ", "churn"),
        ],
    )
    def test_are_of_the_fields_type(self, kind, text, value):
        assert value_from_text(text, Field("x", kind)) == value

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            (int, "4O"),
            (int, "1_000"),
            (int, "٣"),
            (int, "4.5"),
            (int, "9" * 41),
            (Decimal, "nan"),
            (Decimal, "1e1000000"),
            (Decimal, "1.234,56"),
            (bool, "maybe"),
            (date, "2026-W10-1"),
            (date, "2026-02-30"),
            (datetime, "2026-03-02"),
        ],
    )
    def test_another_form_is_refused_and_not_shown(self, kind, text):
        with pytest.raises(InvalidValue) as caught:
            value_from_text(text, Field("x", kind), where="line 2")

        assert text not in caught.value.got
        assert caught.value.where == "line 2"


class TestLaws:
    tree = st.recursive(
        st.sampled_from([STAFF >= 50, BUDGET >= 10, NEED.equals("a"), COMPETITOR.is_true()]),
        lambda inner: (
            st.tuples(inner, inner).map(lambda p: p[0] & p[1])
            | st.tuples(inner, inner).map(lambda p: p[0] | p[1])
            | inner.map(lambda part: Not(part=part))
        ),
        max_leaves=8,
    )
    facts = st.fixed_dictionaries(
        {
            "staff": st.sampled_from([None, 1, 60]),
            "budget": st.sampled_from([None, 1, 60]),
            "need": st.sampled_from([None, "a", "b"]),
            "competitor": st.sampled_from([None, True, False]),
        }
    )

    @pytest.mark.rule("law-3")
    @given(tree, facts, facts)
    def test_filling_an_unknown_never_undoes_a_decision(self, tree, known, more):
        before = judged(tree, **known)
        filled = {name: more[name] if value is None else value for name, value in known.items()}

        assert before is UNKNOWN or judged(tree, **filled) is before

    @given(tree, facts)
    def test_not_not_judges_alike(self, tree, known):
        assert judged(Not(part=Not(part=tree)), **known) is judged(tree, **known)

    @given(tree, facts)
    def test_asks_whenever_it_is_undecided_and_only_then(self, tree, known):
        verdict = LeadDefinition("d", tree).judge(a_lead(**known))

        assert bool(verdict.ask_next) is (verdict.outcome is Outcome.UNDECIDED)
        assert all(known[name] is None for name in verdict.ask_next)

    @given(tree)
    def test_data_round_trip_is_the_identity(self, tree):
        definition = LeadDefinition("d", tree)

        assert (
            LeadDefinition.from_dict(definition.to_dict()).content_hash == definition.content_hash
        )


def test_times_of_signatures_are_kept_in_utc():
    assert all(s.at.tzinfo is UTC for s in signed(a_definition()).signatures)
    assert signed(a_definition()).signatures[0].at == MONDAY + 0 * DAY
