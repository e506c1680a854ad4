"""What sales gets with a lead."""

import pytest

from builders import DAY, MONDAY, a_definition, an_inquiry, signed
from leadlib.errors import BriefIncomplete, ConflictError, NotCertifiable
from leadlib.handoff import Brief
from leadlib.lifecycle import HANDED_OFF, STANDARD, Inquired, Qualified, Triaged
from leadlib.model import Lead

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
