"""The agreement: richer criteria, evidence, names and reasons, dates, and who must sign."""

import json
import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import BUDGET, COMPETITOR, DAY, MONDAY, NEED, STAFF, a_definition, a_lead, an_inquiry
from builders import signed as signed_by_both
from leadlib import consolidate
from leadlib._qualification.criteria import answer
from leadlib.errors import (
    ConflictError,
    DefinitionError,
    InvalidValue,
    LeadlibError,
    LimitExceeded,
    NotCertifiable,
    UnknownName,
)
from leadlib.metrics import Rate
from leadlib.model import Lead, Team
from leadlib.qualification import (
    Answer,
    AtLeast,
    Case,
    Event,
    Evidence,
    Field,
    LeadDefinition,
    Not,
    Outcome,
    Points,
    ScoreCard,
    Voice,
)
from strategies import definitions, fixed_conditions, relative_conditions

NO, UNKNOWN, YES = Answer.NO, Answer.UNKNOWN, Answer.YES
TITLE = Field("title", str)
LEAF = {"field": "n", "at_least": 1}
PLAIN = {"name": "d", "fields": {"n": {"type": "integer"}}, "qualify": LEAF}


def said(criterion, now=None, **facts):
    """The answer to one criterion."""
    definition = LeadDefinition("d", criterion)
    assess = definition.assess if now is None else definition.at(now)
    return assess(facts).answer(criterion)


class TestText:
    @pytest.mark.parametrize(
        ("criterion", "text", "expected"),
        [
            (TITLE.has_word("vp"), "vp", YES),
            (TITLE.has_word("vp"), "Senior vp, Sales", YES),
            (TITLE.has_word("vp"), "mvp", NO),
            (TITLE.has_word("vp"), "vps", NO),
            (TITLE.has_word("vp"), "vp2", NO),
            (TITLE.has_word("vp"), "vp/cto", YES),
            (TITLE.has_word("vp"), "CTO – vp", YES),
            (TITLE.has_word("vp"), "évp", NO),
            (TITLE.has_word("vp"), "VP", NO),
            (TITLE.has_word("vp", case=Case.IGNORED), "VP Sales", YES),
            (TITLE.has_word("head of"), "head of sales", YES),
            (TITLE.has_word("a.b"), "axb", NO),
            (TITLE.has_word("c++"), "c++ lead", YES),
            (TITLE.starts_with_any("head", "chief"), "head of sales", YES),
            (TITLE.starts_with_any("head"), "ahead", NO),
            (TITLE.starts_with_any("HEAD", case=Case.IGNORED), "Head", YES),
            (TITLE.contains_any("CHIEF", case=Case.IGNORED), "the chief", YES),
            (TITLE.contains_any("i", case=Case.IGNORED), "İ", NO),
            (TITLE.is_one_of("CEO", case=Case.IGNORED), "ceo", YES),
            (TITLE.is_one_of("STRASSE", case=Case.IGNORED), "straße", NO),
            (TITLE.is_one_of("É", case=Case.IGNORED), "é", NO),
            (TITLE.is_one_of("x", "K", case=Case.IGNORED), "\u212a", NO),  # the Kelvin sign
            (TITLE.contains_any("l", "S", case=Case.IGNORED), "\u017f", NO),  # the long s
            (TITLE.has_word("vp"), 5, UNKNOWN),
        ],
    )
    def test_follows_the_stated_rules(self, criterion, text, expected):
        assert said(criterion, title=text) is expected

    @pytest.mark.parametrize(
        "make",
        [
            lambda: STAFF.has_word("x"),
            lambda: STAFF.is_one_of(5, case=Case.IGNORED),
            TITLE.has_word,
            lambda: TITLE.has_word(""),
            lambda: TITLE.starts_with_any(3),
        ],
    )
    def test_is_asked_of_text_only(self, make):
        with pytest.raises(InvalidValue):
            make()


class TestTime:
    SINCE, SEEN = Field("since", date), Field("seen", datetime)
    NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("criterion", "value", "expected"),
        [
            (SEEN.within_last("30 days"), NOON - 30 * DAY, YES),
            (SEEN.within_last("30 days"), NOON - 30 * DAY - timedelta(microseconds=1), NO),
            (SEEN.within_last("30 days"), NOON, YES),
            (SEEN.within_last("30 days"), NOON + timedelta(microseconds=1), NO),
            (SEEN.within_next("1 day"), NOON + DAY, YES),
            (SEEN.within_next("1 day"), NOON - timedelta(microseconds=1), NO),
            (SEEN.older_than("30 days"), NOON - 30 * DAY, NO),
            (SEEN.older_than("30 days"), NOON - 31 * DAY, YES),
            (SEEN.within_last("1 month"), datetime(2026, 2, 28, 12, tzinfo=UTC), YES),
            (SEEN.within_last("1 month"), datetime(2026, 2, 28, 11, tzinfo=UTC), NO),
            (SEEN.within_last("30 days"), None, UNKNOWN),
            (SINCE.within_last("1 month"), date(2026, 2, 28), YES),
            (SINCE.within_last("1 month"), date(2026, 2, 27), NO),
            (SINCE.within_next("6 months"), date(2026, 9, 30), YES),
            (SINCE.within_next("6 months"), date(2026, 10, 1), NO),
        ],
    )
    def test_is_asked_relative_to_now(self, criterion, value, expected):
        assert said(criterion, now=self.NOON, **{criterion.field.name: value}) is expected

    def test_a_date_is_asked_in_the_zone_of_now(self):
        """At 23:30 in New York it is the next day in UTC."""
        now = datetime(2026, 1, 31, 23, 30, tzinfo=ZoneInfo("America/New_York"))
        soon = self.SINCE.within_next("1 day")

        assert said(soon, now=now, since=date(2026, 1, 31)) is YES
        assert said(soon, now=now.astimezone(UTC), since=date(2026, 1, 31)) is NO

    def test_an_hour_that_comes_twice_holds_two_instants(self):
        """02:30 of 25 October comes twice in Berlin; Python says neither equals itself in UTC."""
        second = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)
        asked = self.SEEN.is_one_of(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))

        assert said(asked, seen=second) is YES
        assert said(asked, seen=second.replace(fold=0)) is NO
        assert said(self.SEEN >= MONDAY, seen=datetime.max.replace(tzinfo=UTC)) is YES

    def test_later_inquiries_are_not_seen(self):
        first = an_inquiry(facts={"staff": 5})
        lead = Lead(
            id="i-1", inquiries=[first, an_inquiry(id="i-2", at=MONDAY + DAY, facts={"staff": 60})]
        )
        definition = LeadDefinition("d", STAFF >= 50)

        assert definition.judge(lead).outcome is Outcome.QUALIFIED
        assert definition.judge(lead, now=MONDAY).outcome is Outcome.NOT_QUALIFIED
        with pytest.raises(InvalidValue, match="one that came later @ lead 'i-1'"):
            definition.judge(lead, now=MONDAY - DAY)

    @pytest.mark.parametrize(
        "span", ["30", "0 days", "1.5 days", "999999 years", "5 days 3 hours", 5]
    )
    def test_spans_are_one_number_and_one_unit(self, span):
        with pytest.raises(InvalidValue, match="a period"):
            self.SEEN.within_last(span)

    def test_now_has_a_zone(self):
        with pytest.raises(InvalidValue, match="a datetime with a time zone"):
            LeadDefinition("d", self.SEEN.within_last("1 day")).judge(
                a_lead(), now=datetime(2026, 1, 1)
            )


class TestAtLeast:
    FOUR = tuple(Field(name, bool).is_true() for name in "BANT")

    @pytest.mark.rule("000-07")
    @pytest.mark.parametrize(
        ("facts", "expected"),
        [
            ({"B": True, "A": True, "N": True}, YES),
            ({"B": True, "A": True}, UNKNOWN),
            ({"B": True, "A": True, "N": False, "T": False}, NO),
            ({"B": False, "A": False}, NO),
            ({"B": False, "A": True}, UNKNOWN),
        ],
    )
    def test_counts_yes_and_waits_for_the_unknown(self, facts, expected):
        """Three of the four of BANT suffice."""
        assert said(AtLeast(count=3, parts=self.FOUR), **facts) is expected

    @given(st.lists(st.sampled_from(Answer), min_size=1, max_size=6), st.data())
    def test_of_all_is_and_of_one_is_or(self, given_, data):
        fields = [Field(f"f{i}", bool) for i in range(len(given_))]
        parts = [field.is_true() for field in fields]
        answers = dict(zip(parts, given_, strict=True))
        count = data.draw(st.integers(1, len(parts)))

        assert answer(AtLeast(count=len(parts), parts=parts), answers) is min(given_)
        assert answer(AtLeast(count=1, parts=parts), answers) is max(given_)
        opposite = AtLeast(count=len(parts) - count + 1, parts=[~part for part in parts])
        assert answer(AtLeast(count=count, parts=parts), answers) is answer(
            Not(part=opposite), answers
        )

    def test_wants_as_many_parts(self):
        for count in (0, 5, True, 1.5):
            with pytest.raises(InvalidValue, match="a count from 1 to 4"):
                AtLeast(count=count, parts=self.FOUR)


class TestEvidence:
    SURE = Field("budget", int, unit="EUR", said_by="phone")

    def lead(self, *said):
        inquiries = [
            an_inquiry(id=f"i-{n}", at=MONDAY + n * DAY, kind=kind, facts=facts)
            for n, (kind, facts) in enumerate(said)
        ]
        return Lead(id="i-0", inquiries=inquiries)

    @pytest.mark.rule("003-24")
    def test_what_a_form_says_is_no_evidence(self):
        definition = LeadDefinition("d", self.SURE >= 10_000)
        form = ("inquiry", {"budget": 50_000})

        assert definition.judge(self.lead(form)).outcome is Outcome.UNDECIDED
        called = self.lead(form, ("phone", {"budget": 20_000}))
        assert definition.judge(called).outcome is Outcome.QUALIFIED
        assert "20000, said in i-1" in str(definition.judge(called))
        denied = self.lead(("phone", {"budget": 5_000}), form)
        assert definition.judge(denied).outcome is Outcome.NOT_QUALIFIED

    @pytest.mark.rule("003-24")
    def test_of_a_call_is_asked_for_by_name(self):
        definition = LeadDefinition("d", STAFF >= 1, evidence={"phone"})
        verdict = definition.judge(a_lead(staff=5))

        assert verdict.outcome is Outcome.UNDECIDED
        assert verdict.ask_next == ("phone evidence",)
        assert "phone evidence is yes  -- not given yet" in str(verdict)

    def test_missing_never_makes_a_no(self):
        definition = LeadDefinition("d", Evidence("phone").is_given())

        assert definition.judge(a_lead()).outcome is Outcome.UNDECIDED

    @pytest.mark.rule("003-33")
    def test_goes_into_the_certificate(self):
        """Who, when, which version, on what evidence, until when."""
        definition = signed_by_both(LeadDefinition("d", STAFF >= 1, evidence={"phone"}))
        lead = self.lead(("inquiry", {"staff": 5}), ("reply", {}), ("phone", {}))
        proof = definition.judge(lead).certify(by="ana", at=MONDAY + 2 * DAY)

        assert proof.evidence == ("i-0", "i-2")
        assert (proof.by, proof.definition) == ("ana", "d v1")
        assert proof.is_valid(MONDAY + 31 * DAY)
        assert not proof.is_valid(MONDAY + 32 * DAY)


class TestNamed:
    DECIDER = TITLE.has_word("chief", "head").named(
        "decider", why="others cannot sign", heard_from=["customers", "sales"]
    )

    def test_answers_as_its_part_does(self):
        definition = LeadDefinition("d", self.DECIDER & (STAFF >= 1))

        assert definition.assess({"title": "chief"}).answer("decider") is YES
        assert definition.decide({"title": "clerk", "staff": 5}) is Outcome.NOT_QUALIFIED
        with pytest.raises(UnknownName, match="did you mean 'decider'"):
            definition.assess({}).answer("decidr")

    @pytest.mark.rule("004-25")
    def test_knows_whom_it_was_learnt_from(self):
        """Evidence from two of the five groups: 40 % covered."""
        definition = LeadDefinition("d", self.DECIDER)

        assert definition.named["decider"].heard_from == (Voice.SALES, Voice.CUSTOMERS)
        assert definition.heard_from == Rate(2, 5)
        assert definition.heard_from.value == 0.4

    @pytest.mark.parametrize("heard", ["sales", ["boss"], [5], 5, {"sales": 1}])
    def test_is_learnt_from_the_five_groups_only(self, heard):
        with pytest.raises(LeadlibError):
            TITLE.has_word("x").named("n", heard_from=heard)

    def test_has_a_name_of_its_own(self):
        one, other = (STAFF >= 1).named("big"), (STAFF >= 2).named("big")
        with pytest.raises(ConflictError, match=r"\$\.criteria\.big"):
            LeadDefinition("d", one & other)

    @pytest.mark.rule("003-23")
    def test_are_the_steps_and_the_first_open_one_is_next(self):
        """Three of five done: the next step is the phone interview."""
        steps = ["identified", "reachable", "interested", "phone_interview", "certified"]
        fields = [Field(f"is {step}", bool) for step in steps]
        parts = [f.is_true().named(step) for f, step in zip(fields, steps, strict=True)]
        definition = LeadDefinition("d", AtLeast(count=5, parts=parts))
        done = {field.name: True for field in fields[:3]}
        verdict = definition.judge(a_lead(**done))

        assert verdict.next_step == "phone_interview"
        assert [*verdict.assessment.steps.values()] == [YES, YES, YES, UNKNOWN, UNKNOWN]
        everything = {field.name: True for field in fields}
        with_more = attrs.evolve(
            definition,
            disqualify=COMPETITOR.is_true().named("rival"),
            fit=[Points(1, (STAFF >= 1).named("big"))],
        )
        more = with_more.judge(a_lead(**everything, competitor=False))
        assert more.next_step is None  # neither a veto nor a rule of a score is a step
        assert more.assessment.answer("rival") is NO
        assert "rival" not in more.to_dict()["steps"]
        assert definition.judge(a_lead(**everything)).next_step is None


class TestQuestions:
    @pytest.mark.rule("004-27")
    def test_are_ranked_by_what_they_decide_per_cost(self):
        """Size and region are unknown and stand in for each other: ask what is cheaper."""
        size, region = Field("size", int), Field("region", str)
        assessment = LeadDefinition("d", (size >= 50) | region.is_one_of("DACH")).assess({})

        assert assessment.ask_next == ("size", "region")
        first, second = assessment.questions(costs={"size": 4, "region": 1})
        assert (first.key, second.key) == ("region", "size")
        assert first.influence == second.influence == 0.5
        assert (first.worth, second.worth) == (0.5, 0.125)

    @pytest.mark.rule("004-27")
    def test_know_how_likely_an_answer_is(self):
        """If nearly all are in the region, the size hardly matters any more."""
        size, region = Field("size", int), Field("region", str)
        assessment = LeadDefinition("d", (size >= 50) | region.is_one_of("DACH")).assess({})
        questions = {q.key: q.influence for q in assessment.questions(odds={"region": 0.9})}

        assert questions == pytest.approx({"size": 0.1, "region": 0.5})

    def test_of_a_count_are_weighed_by_what_is_missing(self):
        """Two of three, one yes: each of the two others decides if the other says no."""
        parts = [Field(name, bool).is_true() for name in "abc"]
        assessment = LeadDefinition("d", AtLeast(count=2, parts=parts)).assess({"a": True})

        assert [q.influence for q in assessment.questions()] == [0.5, 0.5]

    def test_have_a_price_and_odds_that_can_be(self):
        assessment = a_definition().assess({})
        for wrong in (
            {"costs": {"need": 0}},
            {"costs": {"need": float("nan")}},
            {"odds": {"need": 2}},
        ):
            with pytest.raises(InvalidValue, match="need"):
                assessment.questions(**wrong)

    def test_end_with_the_decision(self):
        assert a_definition().assess({"need": "other"}).questions() == ()

    def test_of_a_large_definition_take_no_time(self):
        parts = [Field(f"f{i}", bool).is_true() for i in range(1_500)]
        for tree in (AtLeast(count=700, parts=parts), AtLeast(count=1_500, parts=parts)):
            assert len(LeadDefinition("d", tree).assess({}).ask_next) == 1_500

    @given(definitions())
    def test_name_only_what_is_unknown(self, definition):
        assessment = definition.assess({})

        assert bool(assessment.questions()) is (assessment.outcome is Outcome.UNDECIDED)
        assert {q.key for q in assessment.questions()} <= set(assessment.unknown)


class TestAgreement:
    PANEL = ("ana", "ben", "cleo", "dan", "eve")

    def test_of_named_people_needs_all_of_them(self):
        definition = a_definition(stakeholders=self.PANEL)
        for team, by in zip((Team.MARKETING, *[Team.SALES] * 3), self.PANEL, strict=False):
            definition = definition.sign(team=team, by=by, at=MONDAY)

        assert definition.unsigned == ("eve",)
        assert not definition.is_agreed
        assert definition.agreed_since is None
        late = definition.sign(team=Team.SALES, by="eve", at=MONDAY + DAY)
        assert late.is_agreed
        assert late.agreed_since == MONDAY + DAY

    @pytest.mark.rule("003-25")
    def test_is_written_but_not_unanimous_with_four_of_five(self):
        definition = a_definition(stakeholders=self.PANEL)
        for by, team in zip(self.PANEL[:4], [Team.MARKETING, *[Team.SALES] * 3], strict=True):
            definition = definition.sign(team=team, by=by, at=MONDAY)

        assert definition.signed == Rate(4, 5)
        assert definition.signed.value == 0.8
        assert not definition.is_agreed

    @pytest.mark.rule("000-12")
    def test_lacks_sales_until_sales_signs(self):
        half = a_definition().sign(team=Team.MARKETING, by="ana", at=MONDAY)
        good = {"need": "churn", "budget": 20_000, "competitor": False}
        with pytest.raises(NotCertifiable, match="sales did not sign"):
            half.judge(a_lead(**good)).certify(by="ana", at=MONDAY)
        both = half.sign(team=Team.SALES, by="sam", at=MONDAY)
        assert both.judge(a_lead(**good)).certify(by="ana", at=MONDAY).lead == "i-1"

    @pytest.mark.rule("003-31", "004-43")
    def test_of_an_edited_threshold_starts_anew(self):
        """60 becomes 65: version 2, unsigned."""
        card = ScoreCard([Points(80, STAFF >= 1)], at_least=60)
        agreed_on = signed_by_both(LeadDefinition("d", STAFF >= 1, fit=card))
        edited = agreed_on.revised(fit=attrs.evolve(card, at_least=65))

        assert (edited.version, edited.is_agreed, edited.signatures) == (2, False, ())
        forged = attrs.evolve(edited, signatures=agreed_on.signatures)
        assert forged.unsigned == (Team.MARKETING, Team.SALES)

    @pytest.mark.rule("004-41")
    def test_is_due_for_review_after_its_day(self):
        definition = a_definition(review_by=date(2026, 7, 5))

        assert not definition.is_due_for_review(date(2026, 7, 5))
        assert definition.is_due_for_review(date(2026, 7, 6))
        assert not a_definition().is_due_for_review(date(2199, 1, 1))

    def test_holds_from_its_first_day_to_its_last(self):
        definition = a_definition(effective=date(2026, 3, 3), expires=date(2026, 4, 1))

        days = [date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 31), date(2026, 4, 1)]
        assert [definition.is_in_force(day) for day in days] == [False, True, True, False]
        assert definition.period == "from 2026-03-03 until 2026-04-01"
        good = {"need": "churn", "budget": 20_000, "competitor": False}
        with pytest.raises(NotCertifiable, match="in force that day, got from 2026-03-03"):
            signed_by_both(definition).judge(a_lead(**good)).certify(by="ana", at=MONDAY)
        with pytest.raises(InvalidValue, match=r"\$\.expires"):
            a_definition(effective=date(2026, 3, 3), expires=date(2026, 3, 3))

    @pytest.mark.parametrize(
        "change",
        [
            {"evidence": ["phone"]},
            {"review_by": date(2026, 7, 5)},
            {"effective": date(2026, 1, 1)},
            {"expires": date(2027, 1, 1)},
            {"stakeholders": ["ana"]},
            {"fit": [Points(1, STAFF >= 1)]},
            {"engagement": [Points(1, Event("x"))]},
            {"disqualify": None},
            {"name": "other"},
            {"qualify": (STAFF >= 1).named("big")},
        ],
    )
    @pytest.mark.rule("003-31")
    def test_covers_every_part(self, change):
        assert not attrs.evolve(signed_by_both(a_definition()), **change).is_agreed

    def test_does_not_depend_on_the_order_of_names(self):
        one, other = (a_definition(stakeholders=names) for names in (["a", "b"], ["b", "a"]))

        assert one.content_hash == other.content_hash


class TestFirstUse:
    """What somebody new tried, and what the error has to say then."""

    @pytest.mark.parametrize(
        ("make", "hint"),
        [
            (lambda: (STAFF >= 50) & STAFF, "a criterion, got a Field; legal: field.is_true"),
            (lambda: COMPETITOR & (STAFF >= 1), r"\(a >= 1\) & \(b >= 2\), field.is_true"),
            (lambda: ~COMPETITOR, "field.is_true"),
            (lambda: 50 & STAFF, "'staff' alone"),
            (lambda: LeadDefinition("d", STAFF == 5), "field.equals"),
            (lambda: LeadDefinition("d", COMPETITOR), "field.is_true"),
            (lambda: Field("n", "int"), "a type of fact, not its name, got 'int'.*'int'"),
            (lambda: TITLE.contains_any("a", case=False), "exact or ignored, got a bool"),
            (lambda: TITLE.contains_any("a", case="ignore"), "did you mean 'ignored'"),
            (lambda: a_definition().assess(None), "values"),
            (lambda: a_definition().assess("text"), "type Mapping, got a str"),
            (lambda: [*a_definition().assess_many(["text"])], "type Mapping, got a str"),
            (lambda: ScoreCard([Points(1, STAFF >= 1)]).score_many(["x"]), "Mapping"),
            (lambda: a_definition().assess({}).questions(costs={"ned": 1}), "mean 'need'"),
            (lambda: a_definition().assess({}).questions(costs={"need": "5"}), "a cost above 0"),
            (lambda: a_definition().assess({}).questions(odds={"need": None}), "from 0 to 1"),
        ],
    )
    def test_is_told_what_was_meant(self, make, hint):
        with pytest.raises(LeadlibError, match=hint):
            make()

    def test_cells_of_frames_are_the_values_they_stand_for(self):
        numpy = pytest.importorskip("numpy")
        since = Field("since", date)
        day = datetime(2026, 3, 2)

        assert said(STAFF >= 5, staff=numpy.int64(9)) is YES
        assert said(COMPETITOR.is_true(), competitor=numpy.bool_(True)) is YES
        assert said(Field("rate", float) >= 0.5, rate=numpy.float32(0.25)) is NO
        assert said(STAFF >= 5, staff=numpy.float64("nan")) is UNKNOWN
        assert said(STAFF >= 5, staff=numpy.array([1, 2])) is UNKNOWN
        assert said(since >= day.date(), since=day) is YES
        assert said(since >= day.date(), since=day.replace(hour=9)) is UNKNOWN

    def test_a_path_shows_names_that_stay_within_it(self):
        named = {"big enough": {"field": "m", "at_least": 1}, "a\nb": {}}
        with pytest.raises(DefinitionError) as caught:
            LeadDefinition.from_dict(PLAIN | {"criteria": named})

        places = [fault.where for fault in caught.value.faults]
        assert '$.criteria."big enough".field' in places
        assert not any("\n" in place for place in places)

    def test_a_wrong_type_is_one_fault(self):
        plain = PLAIN | {"fields": {"n": {"type": "int"}}}
        with pytest.raises(DefinitionError, match="did you mean 'integer'") as caught:
            LeadDefinition.from_dict(plain)

        assert len(caught.value.faults) == 1

    def test_a_verdict_tells_what_its_assessment_tells(self):
        verdict = LeadDefinition("d", (STAFF >= 1).named("big")).judge(a_lead())

        assert verdict.questions(costs={"staff": 3})[0].cost == 3
        assert verdict.answer("big") is UNKNOWN
        assert dict(verdict.steps) == {"big": UNKNOWN}

    def test_a_certificate_holds_as_long_as_one_says(self):
        definition = signed_by_both(LeadDefinition("d", STAFF >= 1))
        verdict = definition.judge(a_lead(staff=5))

        assert verdict.certify(by="ana", at=MONDAY, valid_for="60 days").expires == (
            MONDAY + 60 * DAY
        )
        with pytest.raises(InvalidValue, match="a period such as 30 days"):
            verdict.certify(by="ana", at=MONDAY, valid_for="soon")

    def test_nobody_agrees_with_themselves(self):
        alone = a_definition()
        for team in (Team.MARKETING, Team.SALES):
            alone = alone.sign(team=team, by="ana", at=MONDAY)

        assert alone.unsigned == (Team.SALES,)
        assert alone.sign(team=Team.SALES, by="sam", at=MONDAY).is_agreed


class TestInquiriesAndLeads:
    @pytest.mark.rule("003-17")
    def test_three_inquiries_are_no_lead_yet(self):
        inquiries = [an_inquiry(id=f"i-{n}", mail=f"p{n}@example.com") for n in range(3)]
        judged = [signed_by_both(a_definition()).judge(lead) for lead in consolidate(inquiries)]

        assert len(inquiries) == 3
        assert [v for v in judged if v.outcome is Outcome.QUALIFIED] == []


class TestData:
    @given(definitions(fixed_conditions | relative_conditions))
    def test_goes_out_and_in_unchanged(self, definition):
        again = LeadDefinition.from_dict(json.loads(json.dumps(definition.to_dict())))

        assert again == definition
        assert again.content_hash == definition.content_hash
        assert pickle.loads(pickle.dumps(definition)) == definition

    def test_of_everything_goes_out_and_in_unchanged(self):
        decider = TestNamed.DECIDER
        definition = signed_by_both(
            LeadDefinition(
                "all",
                decider
                & (TestEvidence.SURE >= 1)
                & ~(decider & (Event("x", within="1 month") < 3)),
                version=3,
                disqualify=COMPETITOR.is_true() | Evidence("fax").is_given(),
                evidence=["phone", "meeting"],
                fit=ScoreCard(
                    [Points(5, decider, group="a"), Points(Decimal("0.5"), NEED.equals("x"))],
                    caps={"a": 4},
                    most=50,
                    least=-5,
                    at_least=Decimal("2.5"),
                ),
                engagement=[Points(15, Event("pricing page"), half_life="14 days")],
                effective=date(2026, 1, 1),
                expires=date(2027, 1, 1),
                review_by=date(2026, 7, 5),
                stakeholders=["ana", "sam"],
            )
        )
        plain = json.loads(json.dumps(definition.to_dict()))

        assert plain["criteria"]["decider"]["why"] == "others cannot sign"
        assert LeadDefinition.from_dict(plain) == definition
        assert pickle.loads(pickle.dumps(definition)).content_hash == definition.content_hash

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"criteria": {"a": {"criterion": "a"}}}, r"hold itself, got 'a' @ \$\.criteria\.a"),
            (
                {"criteria": {"a": {"criterion": "b"}, "b": {"not": {"criterion": "a"}}}},
                r"hold itself, got 'a' @ \$\.criteria\.b\.not",
            ),
            ({"criteria": {"a": LEAF}}, r"is used, got one that is not @ \$\.criteria\.a"),
            ({"qualify": {"criterion": "a"}}, r"a named criterion, got 'a' @ \$\.qualify\.crit"),
            ({"qualify": LEAF | {"case": "ignored"}}, r"case on text only.*\$\.qualify\.at_least"),
            ({"qualify": LEAF | {"case": "lower"}}, r"exact or ignored, got 'lower'"),
            (
                {"qualify": {"field": "n", "between": [1, 2], "case": "ignored"}},
                r"case on text only.*\$\.qualify\.between",
            ),
            ({"qualify": LEAF | {"said_by": 5}}, r"text, got an int @ \$\.qualify\.said_by"),
            ({"qualify": {"field": "n", "between": [5, 1]}}, r"low <= high.*\$\.qualify"),
            ({"qualify": {"field": "n", "between": [5]}}, r"a list of two.*\$\.qualify\.between"),
            ({"qualify": {"field": "n", "within_last": "5 days"}}, r"a date or an instant"),
            ({"qualify": {"field": "n", "within_last": 5}}, r"a period.*\$\.qualify\.within_last"),
            ({"qualify": {"at_least": 2, "of": [LEAF]}}, r"a count from 1 to 1.*\$\.qualify"),
            ({"qualify": {"at_least": True, "of": [LEAF]}}, r"a count from 1 to 1.*\$\.qualify"),
            ({"qualify": {"of": [LEAF]}}, r"a count from 1 to 1.*\$\.qualify"),
            (
                {"qualify": {"event": "x", "contains_any": ["a"]}},
                r"a condition, got 'contains_any'",
            ),
            (
                {"qualify": {"event": "x", "within": "5 eons", "at_least": 1}},
                r"\$\.qualify\.within",
            ),
            ({"qualify": {"evidence": "x", "at_least": 1}}, r"a condition, got 'at_least'"),
            ({"evidence": "phone"}, r"a list, got a str @ \$\.evidence"),
            ({"stakeholders": [5]}, r"text, got an int @ \$\.stakeholders\[0\]"),
            ({"effective": "2026-02-30"}, r"type date.*\$\.effective"),
            ({"review_by": 5}, r"type date.*\$\.review_by"),
            ({"fit": 5}, r"a score, got an int @ \$\.fit"),
            ({"fit": {"rules": []}}, r"from 1 to 1000 rules.*\$\.fit\.rules"),
            ({"fit": {"rules": [{"points": 1, "when": LEAF}], "caps": {"x": 1}}}, r"\$\.fit\.caps"),
            ({"fit": {"rules": [{"points": True, "when": LEAF}]}}, r"\$\.fit\.rules\[0\]\.points"),
            ({"fit": {"rules": [{"points": "1e1000000", "when": LEAF}]}}, r"rules\[0\]\.points"),
            ({"fit": {"rules": [{"points": 1, "when": {}}]}}, r"\$\.fit\.rules\[0\]\.when"),
            ({"fit": {"rules": [{"point": 1, "when": LEAF}]}}, r"did you mean 'points'"),
        ],
    )
    def test_with_a_fault_is_refused_with_its_place(self, change, place):
        with pytest.raises(DefinitionError, match=place):
            LeadDefinition.from_dict(PLAIN | change)

    def test_names_the_reason_of_a_criterion_by_its_path(self):
        named = {"a": LEAF | {"why": 5, "heard_from": []}}
        with pytest.raises(DefinitionError, match=r"text, got an int @ \$\.criteria\.a\.why"):
            LeadDefinition.from_dict(PLAIN | {"criteria": named, "qualify": {"criterion": "a"}})

    def test_refuses_names_that_multiply_and_chains_without_end(self):
        """Sixty names that each ask twice for the next stand for 2**60 conditions."""
        bomb = {f"c{i}": {"all": [{"criterion": f"c{i + 1}"}] * 2} for i in range(60)}
        doubles = {f"c{i}": {"any": [{"criterion": f"c{i + 1}"}] * 2} for i in range(13)}
        chain = {f"c{i}": {"criterion": f"c{i + 1}"} for i in range(1_500)}
        for criteria in (bomb | {"c60": LEAF}, doubles | {"c13": LEAF}, chain | {"c1500": LEAF}):
            with pytest.raises(DefinitionError, match="at most"):
                LeadDefinition.from_dict(
                    PLAIN | {"criteria": criteria, "qualify": {"criterion": "c0"}}
                )

    def test_refuses_bombs_that_are_built_by_hand(self):
        def doubled(times):
            bomb = STAFF >= 1
            for _ in range(times):
                bomb = AtLeast(count=1, parts=[bomb, bomb])
            return bomb

        assert doubled(11).size == 4_095
        with pytest.raises(LimitExceeded, match="at most 5000 nodes"):
            doubled(30)

    def test_stops_counting_at_twenty_faults(self):
        wrong = {f"name{i}": {"type": "integr"} for i in range(1_000)}
        with pytest.raises(DefinitionError) as caught:
            LeadDefinition.from_dict(PLAIN | {"fields": wrong})

        assert len(caught.value.faults) == 20
        assert not caught.value.complete
        assert str(caught.value).endswith("reading stopped here: there may be more")
        assert not pickle.loads(pickle.dumps(caught.value)).complete

    def test_keys_that_mean_two_things_are_refused(self):
        events = Field("x events", int)
        with pytest.raises(ConflictError, match="x events"):
            LeadDefinition("d", (events >= 1) & (Event("x") >= 1))
        with pytest.raises(ConflictError, match="staff"):
            LeadDefinition("d", (STAFF >= 1) & (Field("staff", int, said_by="phone") >= 1))
        with pytest.raises(ConflictError, match="staff"):
            LeadDefinition(
                "d",
                NEED.equals("x"),
                fit=[Points(1, STAFF >= 1), Points(1, Field("staff", str).equals("a"))],
            )


def test_a_verdict_shows_scores_and_says_what_it_rests_on():
    definition = LeadDefinition(
        "d",
        NEED.equals("churn").named("need is known"),
        fit=ScoreCard([Points(20, STAFF >= 50), Points(5, BUDGET >= 1)], at_least=10),
    )

    assert str(definition.judge(a_lead(need="churn", staff=60))) == (
        "i-1: qualified (d v1)\n"
        "  yes all of\n"
        "    yes need is known\n"
        "      yes need is 'churn'  -- 'churn', said in i-1 on 2026-03-02\n"
        "    yes fit >= 10 points\n"
        "      yes staff >= 50 people  -- 60, said in i-1 on 2026-03-02\n"
        "      ?   budget >= 1 EUR  -- not asked yet\n"
        "  fit: 20 points (from 20 to 25), 10 above the threshold of 10\n"
        "    +20 staff >= 50 people\n"
        "    ? +5 budget >= 1 EUR"
    )
