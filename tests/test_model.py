"""Inquiries, facts, leads and certificates."""

import copy
import pickle
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate, an_inquiry
from leadlib.errors import InvalidInquiry, InvalidValue, LeadlibError, NotCertifiable
from leadlib.model import Certificate, Fact, Inquiry, Lead, Team

PERSONAL = {
    "mail": "ada.lovelace@canary.example",
    "phone": "+44 20 7946 0958",
    "name": "Ada Canary",
}


class TestInquiry:
    @pytest.mark.rule("003-17")
    def test_is_another_type_than_a_lead(self):
        assert not isinstance(an_inquiry(), Lead)

    @pytest.mark.rule("002-16")
    @pytest.mark.parametrize("kind", ["download", "call", "event badge", "reply"])
    def test_takes_every_kind_of_response(self, kind):
        assert an_inquiry(kind=kind).kind == kind

    @pytest.mark.rule("004-03", part="a way to reach the person")
    def test_needs_a_way_to_reach_the_person(self):
        with pytest.raises(InvalidValue, match="a mail address or a phone number, got neither"):
            Inquiry(id="i", at=MONDAY, source="web")

    def test_keeps_instants_in_utc(self):
        berlin = datetime.fromisoformat("2026-03-02T10:00:00+01:00")

        assert an_inquiry(at=berlin).at.tzinfo is UTC
        assert an_inquiry(at=berlin) == an_inquiry(at=MONDAY)

    def test_refuses_naive_instants(self):
        with pytest.raises(InvalidValue, match=r"a datetime with a time zone.*@ \$\.at"):
            an_inquiry(at=datetime(2026, 3, 2))

    def test_names_the_argument_that_is_wrong(self):
        with pytest.raises(InvalidValue, match=r"@ \$\.source"):
            an_inquiry(source="x" * 256)

    def test_what_was_not_said_is_no_fact(self):
        assert dict(an_inquiry(facts={"need": None, "staff": 0}).facts) == {"staff": 0}

    @pytest.mark.parametrize(
        "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("1e1000000")]
    )
    def test_refuses_numbers_that_are_none(self, value):
        with pytest.raises(InvalidValue, match="number"):
            an_inquiry(facts={"budget": value})

    def test_takes_facts_within_facts_apart(self):
        nested = {"company": {"size": 40, "seat": {"town": "Ulm"}}, "need": "churn"}

        assert dict(an_inquiry(facts=nested).facts) == {
            "company.size": 40,
            "company.seat.town": "Ulm",
            "need": "churn",
        }

    def test_refuses_facts_that_are_said_twice_or_lie_too_deep(self):
        deep = {}
        for _ in range(5_000):
            deep = {"x": deep}
        for facts in ({"a": {"b": 1}, "a.b": 2}, deep):
            with pytest.raises(InvalidValue, match=r"\$\.facts"):
                an_inquiry(facts=facts)

    @pytest.mark.parametrize("value", ["x" * 10_001, "a\0b", "\ud800", ["list"], {1, 2}, b"raw"])
    def test_refuses_values_that_are_no_facts(self, value):
        with pytest.raises(InvalidValue, match=r"facts"):
            an_inquiry(facts={"note": value})

    def test_yes_is_not_one(self):
        assert an_inquiry(facts={"x": True}) != an_inquiry(facts={"x": 1})
        assert an_inquiry(facts={"x": 1}) == an_inquiry(facts={"x": Decimal("1.0")})

    def test_numbers_are_exact_whoever_made_them(self):
        facts = an_inquiry(facts={"a": 0.3, "b": np.float64(1.5), "c": 7}).facts

        assert facts == {"a": Decimal("0.3"), "b": Decimal("1.5"), "c": 7}

    @pytest.mark.parametrize(
        "facts",
        [
            {"a": 10**5_000},
            {"a": np.array([1, 2])},
            {"a": 1, " a": 2},
            {f"f{n}": "x" * 10_000 for n in range(11)},
            {str(n): n for n in range(1_001)},
            ["a"],
        ],
    )
    def test_refuses_more_than_anybody_says(self, facts):
        with pytest.raises(InvalidValue, match=r"\$\.facts"):
            an_inquiry(facts=facts)

    def test_interests_are_bounded(self):
        with pytest.raises(InvalidValue, match=r"\$\.interests"):
            an_inquiry(interests=["x"] * 1_001)

    def test_facts_cannot_be_changed(self):
        with pytest.raises(TypeError):
            an_inquiry(facts={"staff": 1}).facts["staff"] = 2

    def test_takes_text_as_nfc(self):
        assert an_inquiry(name="Zoe\u0308").name == "Zo\u00eb"


class TestParse:
    RAW = {
        "id": "i-1",
        "at": "2026-03-02T09:00:00Z",
        "source": "web form",
        "mail": "ada@example.com",
    }

    def test_gives_the_inquiry(self):
        assert Inquiry.parse(self.RAW) == an_inquiry()

    def test_blank_text_is_not_said(self):
        assert Inquiry.parse(self.RAW | {"phone": "  ", "campaign": ""}).phone is None

    def test_names_every_fault_at_once(self):
        with pytest.raises(InvalidInquiry) as caught:
            Inquiry.parse({"id": "", "at": "yesterday", "mail": "ada", "colour": "red"})

        places = {fault.where for fault in caught.value.faults}
        assert places == {"$.id", "$.at", "$.mail", "$.source", "$"}

    @pytest.mark.parametrize("raw", [None, [1], "id", 7])
    def test_refuses_what_is_no_mapping(self, raw):
        with pytest.raises(InvalidInquiry, match="a mapping"):
            Inquiry.parse(raw)

    def test_does_not_repeat_keys_that_are_no_names(self):
        with pytest.raises(InvalidInquiry) as caught:
            Inquiry.parse(self.RAW | {"ada@canary.example": 1})

        assert "canary" not in str(caught.value)

    def test_names_the_nearest_key(self):
        with pytest.raises(InvalidInquiry, match="did you mean 'campaign'"):
            Inquiry.parse(self.RAW | {"campain": "x"})

    @pytest.mark.parametrize(
        "at", ["2026-03-02T09:00:00", "2026-03-02", "2026-02-30T09:00Z", 17, None]
    )
    def test_refuses_instants_that_are_none(self, at):
        with pytest.raises(InvalidInquiry, match=r"@ \$\.at"):
            Inquiry.parse(self.RAW | {"at": at})

    @pytest.mark.rule("002-13")
    def test_round_trip_is_the_identity(self):
        inquiry = an_inquiry(**PERSONAL, interests=["CIP"], facts={"since": date(2020, 1, 1)})

        assert Inquiry(**inquiry.to_dict()) == inquiry
        assert pickle.loads(pickle.dumps(inquiry)) == inquiry
        assert copy.deepcopy(inquiry) == inquiry

    @given(
        st.dictionaries(
            st.sampled_from(
                ["id", "at", "source", "mail", "phone", "name", "facts", "interests", "x"]
            ),
            st.none() | st.text() | st.integers() | st.lists(st.text()) | st.binary(),
        )
    )
    def test_takes_whole_or_refuses_with_its_own_error(self, raw):
        try:
            assert isinstance(Inquiry.parse(raw), Inquiry)
        except LeadlibError as fault:
            assert isinstance(fault, InvalidInquiry)


class TestPersonalData:
    @pytest.mark.rule("law-9")
    def test_shows_in_no_repr(self):
        inquiry = an_inquiry(**PERSONAL)
        lead = Lead(id="i-1", inquiries=[inquiry])
        shown = repr([inquiry, lead]) + str(inquiry) + str(lead)

        assert not [value for value in PERSONAL.values() if value in shown]

    @pytest.mark.rule("law-9")
    @pytest.mark.parametrize("part", ["mail", "phone", "name", "id", "at", "source"])
    def test_shows_in_no_error(self, part):
        secret = "canary-person \0 <ada@canary"
        with pytest.raises(InvalidInquiry) as caught:
            Inquiry.parse(TestParse.RAW | {part: secret})

        assert "canary" not in str(caught.value)
        assert "canary" not in repr(caught.value)


class TestLead:
    def test_keeps_its_inquiries_in_order_of_time(self):
        late, early = an_inquiry("i-2", MONDAY + DAY), an_inquiry("i-1")

        assert Lead(id="i-1", inquiries=[late, early]).inquiries == (early, late)

    def test_the_latest_word_counts_and_says_who_said_it(self):
        form = an_inquiry("i-1", facts={"staff": 40, "need": "churn"})
        call = an_inquiry("i-2", MONDAY + DAY, facts={"staff": 60, "need": None})
        lead = Lead(id="i-1", inquiries=[call, form])

        assert lead.fact("staff") == Fact(name="staff", value=60, said_in="i-2", at=call.at)
        assert str(lead.fact("need")) == "'churn', said in i-1 on 2026-03-02"
        assert lead.fact("budget") is None
        assert dict(lead.values) == {"staff": 60, "need": "churn"}

    def test_was_found_by_its_first_source_and_campaign(self):
        web = an_inquiry("i-1", source="web")
        fair = an_inquiry("i-2", MONDAY + DAY, source="fair", campaign="spring")
        lead = Lead(id="i-1", inquiries=[fair, web])

        assert (lead.source, lead.campaign) == ("web", "spring")

    def test_is_known_as_it_was(self):
        lead = Lead(id="i-1", inquiries=[an_inquiry("i-1"), an_inquiry("i-2", MONDAY + DAY)])

        assert len(lead.known_by(MONDAY).inquiries) == 1
        assert lead.known_by(MONDAY - DAY) is None

    def test_survives_pickling_after_it_was_read(self):
        lead = Lead(id="i-1", inquiries=[an_inquiry(facts={"staff": 1})])
        assert lead.values["staff"] == 1

        assert pickle.loads(pickle.dumps(lead)) == lead

    @pytest.mark.parametrize("at", [datetime(2026, 3, 2), "2026-03-02", None])
    def test_is_asked_with_real_instants(self, at):
        lead = Lead(id="i-1", inquiries=[an_inquiry()])
        for ask in (lead.known_by, a_certificate().is_valid):
            with pytest.raises(InvalidValue, match="time zone"):
                ask(at)

    def test_has_an_inquiry(self):
        with pytest.raises(InvalidValue, match="at least one inquiry"):
            Lead(id="i-1", inquiries=[])


class TestCertificate:
    @pytest.mark.rule("003-33")
    def test_holds_until_it_expires(self):
        proof = a_certificate(days=30)

        assert proof.is_valid(MONDAY)
        assert proof.is_valid(MONDAY + 30 * DAY - DAY / 2)
        assert not proof.is_valid(MONDAY + 30 * DAY)

    def test_cannot_expire_before_it_begins(self):
        with pytest.raises(NotCertifiable):
            a_certificate(days=-1)

    def test_does_not_show_who_certified(self):
        assert "ana" not in repr(a_certificate())
        assert isinstance(a_certificate(), Certificate)


def test_teams_are_spelled_as_the_trade_spells_them():
    assert [team.value for team in Team] == ["marketing", "sales", "both"]
