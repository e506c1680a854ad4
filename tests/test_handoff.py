"""What sales gets with a lead."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import (
    COMPETITOR,
    DAY,
    MONDAY,
    NEED,
    STAFF,
    a_certificate,
    a_definition,
    a_history,
    an_inquiry,
    signed,
)
from leadlib.errors import (
    BriefIncomplete,
    ConflictError,
    IllegalTransition,
    InvalidValue,
    NotCertifiable,
    UnknownName,
)
from leadlib.handoff import Brief, event_after, warmth_at_handoff
from leadlib.lifecycle import (
    HANDED_OFF,
    NURTURE,
    STANDARD,
    Accepted,
    Banded,
    Deferred,
    Disqualified,
    DisqualifyReason,
    HandedBack,
    HandedOff,
    Inquired,
    Qualified,
    Rejected,
    ReturnReason,
    Triaged,
    with_override,
)
from leadlib.model import Campaign, Lead
from leadlib.qualification import Event, Field, LeadDefinition, Outcome, Points, Temperature

FACTS = {"need": "churn", "staff": 60, "competitor": False}
TOPICS = ["aseptic filling", "CIP", "aseptic filling"]


def a_passed_lead(interests=TOPICS):
    lead = Lead(id="L", inquiries=[an_inquiry(interests=interests, facts=FACTS)])
    return lead, signed(a_definition()).judge(lead)


class TestBrief:
    @pytest.mark.rule("000-17")
    def test_counts_the_interests(self):
        brief = Brief.of(*a_passed_lead(), guidance="ask about downtime")

        assert dict(brief.interests) == {"aseptic filling": 2, "CIP": 1}
        assert list(brief.interests) == ["aseptic filling", "CIP"]
        assert brief.missing == ()

    @pytest.mark.rule("000-17", "001-15")
    def test_names_what_is_missing(self):
        assert Brief.of(*a_passed_lead(interests=[])).missing == ("interests", "guidance")

    def test_shows_what_is_known_and_what_is_not(self):
        brief = Brief.of(*a_passed_lead(), guidance="call early")

        assert brief.unknown == ("budget",)
        assert "staff >= 50 people (60, said in i-1 on 2026-03-02)" in str(brief)
        assert "interests: aseptic filling ×2, CIP ×1" in str(brief)
        assert repr(brief) == "<Brief of lead L: 2 interests>"

    def test_is_not_written_from_another_leads_verdict(self):
        lead, _ = a_passed_lead()
        other = Lead(id="M", inquiries=lead.inquiries)
        with pytest.raises(ConflictError, match="a verdict of lead 'M', got one of lead 'L'"):
            Brief.of(other, a_passed_lead()[1])

    def test_another_content_has_another_fingerprint(self):
        one, other = (Brief.of(*a_passed_lead(), guidance=text) for text in ("a", "b"))

        assert one.fingerprint != other.fingerprint
        assert one.fingerprint == Brief.of(*a_passed_lead(), guidance="a").fingerprint

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"lead": ""}, r"\$\.lead"),
            ({"interests": ["CIP"]}, r"\$\.interests"),
            ({"interests": {"CIP": 0}}, r"\$\.interests"),
            ({"interests": {"CIP": True}}, r"\$\.interests"),
            ({"interests": {5: 1}}, r"\$\.interests"),
            ({"held": "need"}, r"\$\.held"),
            ({"unknown": [None]}, r"\$\.unknown"),
            ({"asked": ["i-1"]}, r"\$\.asked"),
            ({"said": 5}, r"\$\.said"),
            ({"returned": [Inquired(lead="L", at=MONDAY)]}, r"\$\.returned"),
        ],
    )
    def test_refuses_parts_that_cannot_be(self, wrong, place):
        parts = {"lead": "L", "interests": {}, "held": (), "unknown": (), "guidance": ""}
        with pytest.raises(InvalidValue, match=place):
            Brief(**parts | wrong)

    @pytest.mark.rule("000-17")
    def test_ranks_equal_interests_by_name(self):
        brief = Brief.of(*a_passed_lead(interests=["b", "a", "c", "c"]))

        assert [*brief.interests.items()] == [("c", 2), ("a", 1), ("b", 1)]


class TestEvidence:
    def test_says_who_it_is_and_how_to_reach_them(self):
        """The latest first, each once, however it was written."""
        lead = Lead(
            id="L",
            inquiries=[
                an_inquiry(name="Ada King", facts=FACTS),
                an_inquiry(id="i-2", at=MONDAY + DAY, mail="ADA@example.com", phone="030 123456"),
                an_inquiry(id="i-3", at=MONDAY + 2 * DAY, mail="ada@home.example", name="Ada L."),
            ],
        )
        brief = Brief.of(lead, a_definition().judge(lead))

        assert brief.names == ("Ada L.", "Ada King")
        assert brief.reach == ("ada@home.example", "ADA@example.com", "030 123456")

    def test_says_what_was_asked_in_the_order_of_time(self):
        lead = Lead(
            id="L",
            inquiries=[
                an_inquiry(id="i-2", at=MONDAY + DAY, source="trade fair", kind="event badge"),
                an_inquiry(interests=["CIP"], facts=FACTS),
            ],
        )
        page = str(Brief.of(lead, a_definition().judge(lead)))

        assert "asked:\n  2026-03-02 inquiry by web form: CIP\n" in page
        assert "\n  2026-03-03 event badge by trade fair\n" in page

    def test_says_each_fact_once(self):
        """Need and staff stand behind a criterion; that she is no competitor does not."""
        brief = Brief.of(*a_passed_lead())

        assert [fact.name for fact in brief.said] == ["competitor"]
        assert brief.held == (
            "need is one of 'churn', 'growth' ('churn', said in i-1 on 2026-03-02)",
            "staff >= 50 people (60, said in i-1 on 2026-03-02)",
        )

    def test_does_not_praise_what_a_veto_asks_for(self):
        lead = Lead(id="L", inquiries=[an_inquiry(facts={"staff": 60, "competitor": True})])
        veto = COMPETITOR.is_true() & NEED.equals("espionage")
        verdict = LeadDefinition("d", STAFF >= 50, disqualify=veto).judge(lead)

        assert Brief.of(lead, verdict).held == (
            "staff >= 50 people (60, said in i-1 on 2026-03-02)",
        )

    def test_asks_first_what_can_still_decide(self):
        """Of an undecided lead; what can change nothing is unknown all the same."""
        lead = Lead(id="L", inquiries=[an_inquiry(facts={"need": "churn", "staff": 60})])
        brief = Brief.of(lead, a_definition().judge(lead))

        assert brief.ask_first == ("competitor",)
        assert brief.unknown == ("budget", "competitor")
        assert "ask first: competitor\nalso unknown: budget\n" in str(brief)

    @pytest.mark.rule("000-17", "001-15")
    def test_shows_gaps_and_is_complete_with_them(self):
        """Scenario B4: budget and timeline are open, the hand-off goes out."""
        definition = signed(
            LeadDefinition(
                "d",
                (STAFF >= 50) | (Field("budget", int) >= 1) | Field("timeline", str).equals("x"),
            )
        )
        lead = Lead(id="L", inquiries=[an_inquiry(interests=TOPICS, facts={"staff": 60})])
        verdict = definition.judge(lead)
        brief = Brief.of(lead, verdict, guidance="ask for the bottleneck")
        proof = verdict.certify(by="ana", at=MONDAY)

        assert brief.missing == ()
        assert "ask first: budget, timeline\n" in str(brief)
        assert brief.hand_off(certificate=proof, to="sam", at=MONDAY).to == "sam"

    @pytest.mark.rule("001-15")
    def test_takes_the_guidance_of_the_campaign(self):
        plan = Campaign(name="C1", guidance="offer the audit")
        brief = Brief.of(*a_passed_lead(), campaign=plan)

        assert (brief.campaign, brief.guidance, brief.missing) == ("C1", "offer the audit", ())
        assert Brief.of(*a_passed_lead(), campaign=Campaign(name="C1")).missing == ("guidance",)

    def test_prefers_the_guidance_for_this_very_lead(self):
        plan = Campaign(name="C1", guidance="offer the audit")

        assert Brief.of(*a_passed_lead(), campaign=plan, guidance="call early").guidance == (
            "call early"
        )

    def test_knows_the_campaign_that_the_inquiries_name(self):
        lead = Lead(id="L", inquiries=[an_inquiry(campaign="spring", facts=FACTS)])
        verdict = a_definition().judge(lead)

        assert Brief.of(lead, verdict).campaign == "spring"
        assert Brief.of(lead, verdict, campaign="autumn").campaign == "autumn"

    def test_says_why_it_failed_before(self):
        proof = a_certificate()
        events = [
            HandedBack(lead="L", at=MONDAY + 3 * DAY, reason=ReturnReason.TIMING, note="summer"),
            HandedOff(lead="L", at=MONDAY, certificate=proof, to="sam", brief="b"),
            Rejected(lead="L", at=MONDAY + DAY, reason=ReturnReason.WRONG_TERRITORY),
            HandedOff(lead="L", at=MONDAY + 2 * DAY, certificate=proof, to="eva", brief="b"),
        ]
        brief = Brief.of(*a_passed_lead(), history=events)

        assert brief.earlier_passes == 2
        assert (
            "earlier passes: 2\n"
            "came back:\n"
            "  2026-03-03 rejected: wrong territory\n"
            "  2026-03-05 handed back: timing (summer)\n"
        ) in str(brief)

    def test_reads_a_standing_as_well(self):
        standing = STANDARD.replay(a_history())
        brief = Brief.of(*a_passed_lead(), history=standing)

        assert brief.earlier_passes == 1
        assert [event.reason for event in brief.returned] == [ReturnReason.TIMING]

    @pytest.mark.parametrize("told", [0, 2])
    def test_takes_no_other_number_of_passes_than_the_history(self, told):
        with pytest.raises(ConflictError, match=f"expected 1 earlier passes.*got {told}"):
            Brief.of(*a_passed_lead(), history=a_history(), earlier_passes=told)

    def test_is_not_written_from_another_leads_history(self):
        with pytest.raises(ConflictError, match="events of lead 'L', got one of lead 'M'"):
            Brief.of(*a_passed_lead(), history=a_history("M"))

    def test_says_what_not_to_do(self):
        brief = Brief.of(*a_passed_lead(), avoid=["no calls before ten"])

        assert "avoid: no calls before ten\n" in str(brief)

    @pytest.mark.parametrize(
        ("wrong", "place"),
        [
            ({"avoid": "no calls"}, "avoid"),
            ({"avoid": [5]}, "avoid"),
            ({"guidance": 5}, "guidance"),
            ({"earlier_passes": -1}, "earlier_passes"),
            ({"campaign": 5}, "campaign"),
            ({"history": [5]}, "history"),
            ({"history": 5}, "history"),
        ],
    )
    def test_refuses_what_cannot_be_meant(self, wrong, place):
        with pytest.raises(InvalidValue, match=place):
            Brief.of(*a_passed_lead(), **wrong)

    def test_stays_a_page(self):
        """The latest 20 responses are shown, and that there were more; the value has them all."""
        many = [an_inquiry(id=f"i-{n:02}", at=MONDAY + n * DAY) for n in range(25)]
        lead = Lead(id="L", inquiries=many)
        brief = Brief.of(lead, a_definition().judge(lead))

        assert len(brief.asked) == 25
        assert "asked:\n  5 earlier\n  2026-03-07 inquiry by web form\n" in str(brief)


HOSTILE = "<script>*alert*</script> | [x](y)\n# `head`"


class TestForms:
    def brief(self, **changes):
        lead = Lead(id="L", inquiries=[an_inquiry(name="Ada King", interests=["CIP"], facts=FACTS)])
        return Brief.of(
            lead, signed(a_definition()).judge(lead), **{"guidance": "call early"} | changes
        )

    def test_are_text_markdown_and_html(self):
        brief = self.brief()

        assert f"{brief}" == f"{brief:text}" == str(brief)
        assert f"{brief:md}".startswith("**Brief of lead L**\n\n- who: Ada King\n- reach: ada@")
        assert f"{brief:html}".startswith("<p><b>Brief of lead L</b></p><ul><li>who: Ada King</li>")
        with pytest.raises(InvalidValue, match="legal: text, md, html"):
            f"{brief:pdf}"

    def test_let_no_text_escape_its_line(self):
        brief = self.brief(guidance=HOSTILE, avoid=[HOSTILE], campaign="<b>")
        page, paper = f"{brief:html}", f"{brief:md}"

        assert "<script>" not in page + paper
        assert "<b>" not in page.removeprefix("<p><b>")
        assert "\\*alert\\*" in paper
        assert "\\[x\\](y) \\# \\`head\\`" in paper
        assert all(line.strip().startswith("- ") for line in paper.splitlines()[2:])

    @given(st.text(max_size=40))
    def test_keep_any_text_as_text(self, text):
        """Each form has as many lines, or parts, as that of a harmless page."""
        try:
            brief = self.brief(avoid=[text])
        except InvalidValue:
            return

        harmless = self.brief(avoid=["x"])
        assert len(f"{brief:text}".splitlines()) == len(f"{harmless:text}".splitlines())
        assert len(f"{brief:md}".splitlines()) == len(f"{harmless:md}".splitlines())
        assert f"{brief:html}".count("<") == f"{harmless:html}".count("<")

    def test_break_no_line_in_text(self):
        """A topic cannot fake a heading of the page."""
        lead = Lead(id="L", inquiries=[an_inquiry(interests=["CIP\nguidance: none"])])
        page = str(Brief.of(lead, a_definition().judge(lead)))

        assert "\ninterests: CIP guidance: none ×1\n" in page

    def test_show_guidance_line_by_line(self):
        assert "guidance:\n  call early\n  ask for Bo\n" in str(
            self.brief(guidance="call early\n\nask for Bo")
        )

    def test_name_what_is_missing(self):
        assert str(self.brief(guidance="")).endswith("\nmissing: guidance")

    def test_show_no_personal_data_where_it_is_not_meant_for_the_rep(self):
        """A notebook is shared, a repr is logged."""
        brief = self.brief(history=a_history(), avoid=["do not name Bo"])
        shared = brief._repr_html_() + repr(brief)

        assert "interests: CIP ×1" in shared
        assert "fulfils: 2, not shown here" in shared
        for secret in ("Ada", "ada@", "churn", "60", "call early", "Bo"):
            assert secret not in shared

    def test_are_plain_data_as_well(self):
        facts = FACTS | {"since": date(2026, 1, 2), "share": Decimal("0.5")}
        lead = Lead(id="L", inquiries=[an_inquiry(interests=["CIP"], facts=facts)])
        brief = Brief.of(lead, a_definition().judge(lead), history=a_history())
        plain = json.loads(json.dumps(brief.to_dict()))

        assert plain["interests"] == {"CIP": 1}
        assert plain["missing"] == ["guidance"]
        assert plain["unknown"] == ["budget"]
        assert {fact["name"]: fact["value"] for fact in plain["said"]} == {
            "competitor": False,
            "since": "2026-01-02",
            "share": "0.5",
        }
        assert plain["asked"][0]["at"] == "2026-03-02T09:00:00+00:00"
        assert [part["reason"] for part in plain["returned"]] == ["timing"]

    @pytest.mark.parametrize(
        "other",
        [
            {"guidance": "x"},
            {"campaign": "x"},
            {"avoid": ["x"]},
            {"history": a_history()},
            {"earlier_passes": 1},
        ],
    )
    def test_have_the_fingerprint_of_their_content(self, other):
        assert self.brief(**other).fingerprint != self.brief().fingerprint
        assert self.brief(**other).fingerprint == self.brief(**other).fingerprint

    def test_are_equal_and_hash_as_their_content(self):
        assert self.brief() == self.brief()
        assert len({self.brief(), self.brief(), self.brief(guidance="x")}) == 2


class TestHandOff:
    @pytest.mark.rule("000-17", "001-15")
    def test_is_refused_without_a_complete_brief(self):
        lead, verdict = a_passed_lead(interests=[])
        proof = verdict.certify(by="ana", at=MONDAY)
        with pytest.raises(BriefIncomplete, match="without interests, guidance") as caught:
            Brief.of(lead, verdict).hand_off(certificate=proof, to="sam", at=MONDAY)

        assert caught.value.missing == ("interests", "guidance")

    @pytest.mark.rule("003-33")
    def test_is_refused_once_the_certificate_has_expired(self):
        lead, verdict = a_passed_lead()
        proof = verdict.certify(by="ana", at=MONDAY)
        with pytest.raises(NotCertifiable):
            Brief.of(lead, verdict, guidance="x").hand_off(
                certificate=proof, to="sam", at=MONDAY + 31 * DAY
            )

    def test_moves_the_lead_and_says_which_brief_went_out(self):
        lead, verdict = a_passed_lead()
        proof = verdict.certify(by="ana", at=MONDAY)
        brief = Brief.of(lead, verdict, guidance="x")
        event = brief.hand_off(certificate=proof, to="sam", at=MONDAY, seq=4)
        standing = STANDARD.replay(
            [
                Inquired(lead="L", at=MONDAY, seq=1),
                Triaged(lead="L", at=MONDAY, seq=2),
                Qualified(lead="L", at=MONDAY, seq=3, certificate=proof),
                event,
            ]
        )

        assert standing.stage is HANDED_OFF
        assert event.brief == brief.fingerprint


class TestEventAfter:
    @pytest.mark.rule("003-34")
    def test_leaves_nobody_without_a_next_stage(self):
        """100 in, 12 certified, 8 disqualified: 80 into nurture, none unassigned."""
        qualified, veto = FACTS, FACTS | {"competitor": True}
        no, open_ = FACTS | {"need": "none"}, {"need": "churn"}
        said = [qualified] * 12 + [veto] * 8 + [no] * 50 + [open_] * 30
        definition = signed(a_definition())
        stages = []
        for number, facts in enumerate(said):
            lead = Lead(id=f"i-{number}", inquiries=[an_inquiry(id=f"i-{number}", facts=facts)])
            verdict = definition.judge(lead)
            passed = verdict.outcome is Outcome.QUALIFIED
            event = event_after(
                verdict,
                at=MONDAY,
                seq=3,
                certificate=verdict.certify(by="ana", at=MONDAY) if passed else None,
                reason=DisqualifyReason.COMPETITOR,
            )
            begun = [Inquired(lead=lead.id, at=MONDAY), Triaged(lead=lead.id, at=MONDAY, seq=1)]
            stages.append(STANDARD.replay([*begun, event]).stage.name)

        assert {stage: stages.count(stage) for stage in stages} == {
            "qualified": 12,
            "disqualified": 8,
            NURTURE.name: 80,
        }

    def test_is_of_the_kind_that_the_verdict_says(self):
        no = a_definition().judge(Lead(id="L", inquiries=[an_inquiry(facts={"need": "none"})]))

        assert event_after(no, at=MONDAY, seq=2, by="ana") == Deferred(
            lead="L", at=MONDAY, seq=2, by="ana"
        )

    def test_needs_the_certificate_of_a_qualified_lead(self):
        _, verdict = a_passed_lead()
        with pytest.raises(NotCertifiable, match="got none @ lead 'L'"):
            event_after(verdict, at=MONDAY)
        with pytest.raises(NotCertifiable, match="one of lead 'M'"):
            event_after(verdict, at=MONDAY, certificate=a_certificate("M"))

    @pytest.mark.parametrize("reason", [None, "", "because", 5])
    def test_needs_the_reason_of_a_disqualified_lead(self, reason):
        lead = Lead(id="L", inquiries=[an_inquiry(facts={"competitor": True})])
        verdict = a_definition().judge(lead)
        with pytest.raises(InvalidValue, match="the reason of a disqualified lead"):
            event_after(verdict, at=MONDAY, reason=reason)

        event = event_after(verdict, at=MONDAY, reason="competitor")
        assert event == Disqualified(lead="L", at=MONDAY, reason=DisqualifyReason.COMPETITOR)


ENGAGED = LeadDefinition(
    "d", STAFF >= 1, engagement=[Points(80, Event("pricing page"), half_life="7 days")]
)


def a_visit(lead="L", at=MONDAY):
    return Lead(id=lead, inquiries=[an_inquiry(id=lead, at=at, kind="pricing page")])


def handed_off(lead="L", days=0):
    proof = a_certificate(lead, days=60)
    return HandedOff(lead=lead, at=MONDAY + days * DAY, certificate=proof, to="sam", brief="b")


class TestWarmthAtHandOff:
    @pytest.mark.rule("001-08")
    def test_is_the_share_that_was_hot_at_its_instant(self):
        """
        80 points, half after 7 days: 53.84 after 4 days are hot, 48.76 after 5 days are warm.
        """
        names = [f"L{number}" for number in range(40)]
        leads = [a_visit(name) for name in names]
        events = [handed_off(name, 4 if number < 30 else 5) for number, name in enumerate(names)]
        warmth = warmth_at_handoff(events, leads, definition=ENGAGED)

        assert "warm  10  25.0 %" in str(warmth)
        assert (warmth.hot.k, warmth.hot.n, warmth.hot.value) == (30, 40, 0.75)
        assert warmth.to_dict() == {"hot": 30, "warm": 10, "cold": 0}
        assert warmth.rate(Temperature.WARM).value == 0.25
        assert repr(warmth) == "<WarmthAtHandOff of 40 hand-offs: 75.0 % hot>"

    def test_does_not_see_what_came_later(self):
        """Cold after five weeks (2.5 points), however often she came back after the hand-off."""
        later = an_inquiry(id="i-9", at=MONDAY + 36 * DAY, kind="pricing page")
        lead = Lead(id="L", inquiries=[*a_visit().inquiries, later])
        warmth = warmth_at_handoff([handed_off(days=35)], [lead], definition=ENGAGED)

        assert warmth.counts[Temperature.COLD] == 1

    def test_counts_each_pass_and_nothing_but_hand_offs(self):
        events = [handed_off(), Accepted(lead="L", at=MONDAY + DAY), handed_off(days=14)]
        warmth = warmth_at_handoff(events, [a_visit()], definition=ENGAGED)

        assert warmth.to_dict() == {"hot": 1, "warm": 1, "cold": 0}

    def test_of_nothing_is_no_rate(self):
        assert warmth_at_handoff([], [], definition=ENGAGED).hot.value is None

    def test_takes_other_thresholds(self):
        warmth = warmth_at_handoff(
            [handed_off(days=7)], [a_visit()], definition=ENGAGED, hot=40, warm=10
        )

        assert warmth.hot.k == 1

    def test_needs_every_lead_and_a_score(self):
        with pytest.raises(UnknownName, match="'L'"):
            warmth_at_handoff([handed_off()], [], definition=ENGAGED)
        with pytest.raises(InvalidValue, match="score of engagement"):
            warmth_at_handoff([handed_off()], [a_visit()], definition=a_definition())
        with pytest.raises(InvalidValue, match="each lead once"):
            warmth_at_handoff([], [a_visit(), a_visit(at=MONDAY + DAY)], definition=ENGAGED)
        late = a_visit(at=datetime(2026, 5, 1, tzinfo=UTC))
        with pytest.raises(InvalidValue, match="a lead known by"):
            warmth_at_handoff([handed_off()], [late], definition=ENGAGED)


class TestPassOn:
    def test_offers_a_named_account_that_nobody_certified(self):
        brief = Brief.of(*a_passed_lead(), guidance="ask the plant manager")
        offer = brief.pass_on(account="The Coca-Cola Company", to="sam", at=MONDAY + 2 * DAY)
        log = [Inquired(lead="L", at=MONDAY), Banded(lead="L", at=MONDAY + DAY), offer]

        standing = STANDARD.replay(log)
        assert (standing.stage, standing.rep, standing.is_lead) == (HANDED_OFF, "sam", False)
        assert offer.brief == brief.fingerprint
        assert "Coca" not in repr(offer)

    def test_is_refused_without_a_complete_brief(self):
        brief = Brief.of(*a_passed_lead())
        with pytest.raises(BriefIncomplete, match="guidance"):
            brief.pass_on(account="a", to="sam", at=MONDAY)

    @pytest.mark.rule("003-21")
    def test_an_override_needs_a_reason_and_an_approver_and_a_lifecycle_that_knows_it(self):
        brief = Brief.of(*a_passed_lead(), guidance="g")
        with pytest.raises(InvalidValue, match=r"\$\.reason"):
            brief.override(reason=" ", approver="ana", to="sam", at=MONDAY + DAY)
        offer = brief.override(reason="fair", approver="ana", to="sam", at=MONDAY + DAY)
        log = [Inquired(lead="L", at=MONDAY), offer]

        with pytest.raises(IllegalTransition, match="the event Overridden"):
            STANDARD.replay(log)
        assert with_override().replay(log).stage is HANDED_OFF
        with pytest.raises(BriefIncomplete):
            Brief.of(*a_passed_lead()).override(reason="r", approver="a", to="s", at=MONDAY)
