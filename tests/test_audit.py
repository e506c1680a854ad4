"""What was handed to sales, measured by the definition both teams signed."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import COMPETITOR, MONDAY, STAFF, an_inquiry
from leadlib.errors import DefinitionMismatch, InvalidValue, LimitExceeded
from leadlib.metrics import Override, Rate, audit_handoffs
from leadlib.model import Lead
from leadlib.qualification import LeadDefinition, Outcome

DEFINITION = LeadDefinition("sales-ready", STAFF >= 50, disqualify=COMPETITOR.is_true())
GOOD = {"staff": 60, "competitor": False}
SMALL = {"staff": 10, "competitor": False}
RAW = {}


def a_verdict(lead="i-1", facts=GOOD, definition=DEFINITION):
    return definition.judge(Lead(id=lead, inquiries=[an_inquiry(id=lead, facts=facts)]))


def verdicts(*batches):
    """Give so many verdicts of leads with such facts, batch after batch: ids i-000, i-001 ..."""
    said = [facts for count, facts in batches for _ in range(count)]
    return [a_verdict(f"i-{number:03}", facts) for number, facts in enumerate(said)]


def an_override(lead="i-1", reason="met at the fair", approver="sam"):
    return Override(lead=lead, reason=reason, approver=approver)


class TestAudit:
    @pytest.mark.rule("002-02")
    def test_finds_that_all_leads_met_what_sales_had_asked_for(self):
        """Criteria learnt from sales and signed by sales; 130 of 130 leads met them."""
        large = (STAFF >= 50).named("large", heard_from=["sales"])
        asked = LeadDefinition("sales-ready", large).sign(team="sales", by="sam", at=MONDAY)
        given_ = [a_verdict(f"i-{number:03}", GOOD, asked) for number in range(130)]
        audit = audit_handoffs(given_)

        assert asked.named["large"].heard_from == ("sales",)
        assert "sales" not in asked.unsigned
        assert audit.conforming == Rate(130, 130)
        assert audit.conforming.bounds == "[97.1, 100.0]"
        assert audit.below == ()

    @pytest.mark.rule("001-04")
    def test_lists_who_was_sent_below_the_definition_and_who_answers_for_it(self):
        given = [an_override(f"i-{number:03}", approver="sam") for number in (60, 61)]
        audit = audit_handoffs(verdicts((60, GOOD), (20, SMALL)), given)

        assert audit.unqualified == Rate(20, 80)
        assert audit.unqualified.percent == "25.0 %"
        assert [lead.lead for lead in audit.below] == [f"i-{i:03}" for i in range(60, 80)]
        assert [lead.override.approver for lead in audit.below if lead.override] == ["sam", "sam"]
        assert {lead.outcome for lead in audit.below} == {Outcome.NOT_QUALIFIED}

    @pytest.mark.rule("003-06", part="detected in history")
    def test_finds_inquiries_that_were_handed_off_unqualified(self):
        """What nobody has asked is not shown to be a lead: undecided leads are below, too."""
        competitor = GOOD | {"competitor": True}
        audit = audit_handoffs(verdicts((65, GOOD), (30, RAW), (3, SMALL), (2, competitor)))

        assert audit.unqualified == Rate(35, 100)
        assert audit.unqualified.interval == pytest.approx((0.26364, 0.44746), abs=5e-6)
        assert Counter(lead.outcome for lead in audit.below) == {
            Outcome.UNDECIDED: 30,
            Outcome.NOT_QUALIFIED: 3,
            Outcome.DISQUALIFIED: 2,
        }

    @pytest.mark.rule("003-21")
    def test_counts_the_overrides(self):
        given = [an_override(f"i-{number:03}") for number in range(95, 100)]
        audit = audit_handoffs(verdicts((95, GOOD), (5, RAW)), given)

        assert (audit.overridden, audit.overridden.percent) == (Rate(5, 100), "5.0 %")
        assert [lead.override for lead in audit.below] == given

    def test_counts_an_override_that_was_not_needed(self):
        audit = audit_handoffs([a_verdict("i-1")], [an_override("i-1")])

        assert (audit.overridden, audit.unqualified) == (Rate(1, 1), Rate(0, 1))
        assert audit.overrides == (an_override("i-1"),)

    @pytest.mark.rule("003-20")
    def test_adds_up_the_time_that_raw_inquiries_cost(self):
        audit = audit_handoffs(verdicts((60, GOOD), (40, RAW)))

        assert audit.time_wasted(timedelta(minutes=30)) == timedelta(hours=20)

    @pytest.mark.parametrize("each", [30, None, timedelta(minutes=-1)])
    def test_takes_a_length_of_time_for_each(self, each):
        with pytest.raises(InvalidValue):
            audit_handoffs(verdicts((1, RAW))).time_wasted(each)

    def test_does_not_count_beyond_all_time(self):
        with pytest.raises(LimitExceeded):
            audit_handoffs(verdicts((2, RAW))).time_wasted(timedelta.max)

    @pytest.mark.rule("law-6")
    def test_of_nothing_says_nothing(self):
        audit = audit_handoffs([])

        assert {str(r) for r in (audit.conforming, audit.unqualified, audit.overridden)} == {"-"}
        assert audit.time_wasted(timedelta(hours=1)) == timedelta(0)
        assert (str(audit), audit.definition) == ("no hand-offs", None)

    @given(st.lists(st.sampled_from([GOOD, SMALL, RAW]), max_size=12), st.data())
    def test_counts_every_lead_once_in_any_order(self, said, data):
        judged = [a_verdict(f"i-{i}", facts) for i, facts in enumerate(said)]
        audit = audit_handoffs(judged)
        shuffled = audit_handoffs(data.draw(st.permutations(judged)))

        assert audit.conforming.k + audit.unqualified.k == audit.handed_off == len(said)
        assert audit.conforming.k == said.count(GOOD)
        assert shuffled == audit

    def test_prints_the_rates_and_who_was_below(self):
        audit = audit_handoffs(verdicts((2, GOOD), (1, SMALL), (1, RAW)), [an_override("i-003")])

        assert str(audit).splitlines() == [
            "4 hand-offs under sales-ready v1",
            "  met it      50.0 % [15.0, 85.0]",
            "  did not     50.0 % [15.0, 85.0]",
            "  overridden  25.0 % [4.6, 69.9]",
            "    i-002: not qualified, no override",
            "    i-003: undecided, override",
        ]

    def test_prints_at_most_twenty_leads(self):
        lines = str(audit_handoffs(verdicts((23, RAW)))).splitlines()

        assert lines[-2:] == ["    i-019: undecided, no override", "    and 3 more"]

    def test_shows_no_person(self):
        audit = audit_handoffs(verdicts((1, RAW)), [an_override("i-000", "knows Ada", "sam")])

        for secret in ("ada@example.com", "Ada", "sam"):
            assert secret not in repr(audit)
            assert secret not in str(audit)


class TestOverride:
    @pytest.mark.rule("003-21")
    @pytest.mark.parametrize("part", ["lead", "reason", "approver"])
    @pytest.mark.parametrize("missing", ["", "  ", None, 7])
    def test_needs_its_lead_a_reason_and_an_approver(self, part, missing):
        parts = {"lead": "i-1", "reason": "met at the fair", "approver": "sam"}

        with pytest.raises(InvalidValue, match=rf"@ \$\.{part}"):
            Override(**parts | {part: missing})
        with pytest.raises(TypeError, match=part):
            Override(**{name: value for name, value in parts.items() if name != part})

    def test_of_a_lead_that_was_not_handed_off_is_refused(self):
        with pytest.raises(InvalidValue, match=r"handed off.*lead 'i-2'"):
            audit_handoffs([a_verdict("i-1")], [an_override("i-2")])

    def test_is_given_once(self):
        twice = [an_override("i-1"), an_override("i-1", reason="again")]

        with pytest.raises(InvalidValue, match=r"each lead once.*lead 'i-1'"):
            audit_handoffs([a_verdict("i-1", RAW)], twice)


class TestVerdicts:
    def test_are_one_for_each_lead(self):
        verdict = a_verdict("i-1")

        for second in (verdict, a_verdict("i-1", RAW)):
            with pytest.raises(InvalidValue, match=r"each lead once.*lead 'i-1'"):
                audit_handoffs([verdict, second])

    @pytest.mark.rule("003-30")
    def test_are_all_of_one_definition(self):
        second = LeadDefinition("sales-ready", STAFF >= 10, version=2)
        mixed = [a_verdict("i-1"), a_verdict("i-2", definition=second)]

        with pytest.raises(DefinitionMismatch, match=r"v1.*v2.*lead 'i-2'"):
            audit_handoffs(mixed)

    def test_are_of_one_content_whatever_it_is_called(self):
        changed = LeadDefinition("sales-ready", STAFF >= 51)

        with pytest.raises(DefinitionMismatch, match="another content of sales-ready v1"):
            audit_handoffs([a_verdict("i-1"), a_verdict("i-2", definition=changed)])

    @pytest.mark.parametrize("thing", [None, "qualified", Outcome.QUALIFIED, {"lead": "i-1"}])
    def test_are_verdicts(self, thing):
        with pytest.raises(InvalidValue):
            audit_handoffs([thing])
        with pytest.raises(InvalidValue):
            audit_handoffs([a_verdict("i-1")], [thing])


class TestFalseOuts:
    @pytest.mark.rule("004-29", part="the audit of leads ruled out by mistake")
    def test_are_a_rate(self):
        """Of 50 leads that were ruled out and looked at again, 2 turned out to be good."""
        ruled_out = verdicts((48, SMALL), (2, GOOD))
        good = sum(verdict.outcome is Outcome.QUALIFIED for verdict in ruled_out)

        assert str(Rate(good, len(ruled_out))) == "4.0 % [1.1, 13.5]"
