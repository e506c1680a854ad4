"""What a person allowed and refused: nothing on record is not yes, and a no stays a no."""

import pickle
from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY
from leadlib import limits
from leadlib.errors import InvalidValue, LeadlibError, LimitExceeded, UnknownName
from leadlib.model import (
    Basis,
    Consent,
    OptOut,
    Permission,
    PermissionReason,
    Purpose,
    SoftOptIn,
    permission,
)

NOW = MONDAY + 30 * DAY


def a_yes(day=0, **changes):
    """The person's own express consent to marketing by mail."""
    parts = {"at": MONDAY + day * DAY, "basis": "express", "channel": "mail", "by_person": True}
    return Consent(**parts | changes)


def a_no(day=0, **changes):
    return OptOut(at=MONDAY + day * DAY, **changes)


def why(records, *, channel="mail", at=NOW, **asked):
    return permission(records, channel=channel, at=at, **asked).why


class TestNothing:
    @pytest.mark.rule("law-3")
    def test_is_not_yes(self):
        answer = permission([], channel="mail", at=NOW)

        assert not answer.is_allowed
        assert answer.why is PermissionReason.NOTHING_KNOWN

    def test_is_enough_where_no_consent_is_needed(self):
        answer = permission([], channel="mail", at=NOW, needs_consent=False)

        assert answer.is_allowed
        assert answer.why is PermissionReason.NOT_NEEDED
        assert why([a_no()], needs_consent=False) is PermissionReason.OPTED_OUT

    def test_never_ends_what_needs_no_consent(self):
        asked = Consent(at=MONDAY, basis="inquiry", channel="mail")
        answer = permission([asked], channel="mail", at=NOW, needs_consent=False)

        assert (answer.consent, answer.until) == (asked, None)
        assert permission([asked], channel="mail", at=NOW).until == asked.ends

    def test_known_of_another_channel_topic_or_purpose_is_nothing(self):
        records = [a_yes(topic="fairs")]

        assert why(records, topic="fairs") is PermissionReason.CONSENT
        for other in ({"channel": "phone"}, {"topic": "news"}, {}, {"purpose": "profiling"}):
            assert why(records, **{"topic": "fairs"} | other) is (
                PermissionReason.NOTHING_KNOWN if other else PermissionReason.CONSENT
            )
        assert why(records) is PermissionReason.NOTHING_KNOWN

    def test_consent_without_a_topic_is_for_all(self):
        assert why([a_yes()], topic="fairs") is PermissionReason.CONSENT
        assert why([a_yes(channel=None)], channel="sms") is PermissionReason.CONSENT


class TestExpiry:
    @pytest.mark.rule("L2")
    @pytest.mark.parametrize(
        ("basis", "given_on", "ends_on"),
        [
            ("inquiry", (2026, 8, 31), (2027, 2, 28)),
            ("purchase", (2024, 2, 29), (2026, 2, 28)),
        ],
    )
    def test_is_computed_by_the_rule_of_its_ground(self, basis, given_on, ends_on):
        """Section 4, CASL; to the minute: the last minute counts, the instant itself does not."""
        consent = Consent(at=datetime(*given_on, 9, 30, tzinfo=UTC), basis=basis, channel="mail")
        end = datetime(*ends_on, 9, 30, tzinfo=UTC)

        assert consent.ends == end
        assert permission([consent], channel="mail", at=end - timedelta(minutes=1)).until == end
        assert permission([consent], channel="mail", at=end) == Permission(
            why=PermissionReason.EXPIRED, since=end
        )

    def test_is_the_earlier_of_the_rule_and_what_was_said(self):
        asked = Consent(at=MONDAY, basis="inquiry", channel="mail", expires=MONDAY + DAY)
        later = attrs.evolve(asked, expires=MONDAY + 1_000 * DAY)

        assert asked.ends == MONDAY + DAY
        assert later.ends == datetime(2026, 9, 2, 9, tzinfo=UTC)

    def test_of_an_express_consent_is_open(self):
        assert a_yes().ends is None
        assert permission([a_yes()], channel="mail", at=NOW + 10_000 * DAY).is_allowed

    def test_the_ground_that_lasts_longest_counts(self):
        inquiry = Consent(at=MONDAY, basis="inquiry", channel="mail")
        purchase = Consent(at=MONDAY, basis="purchase", channel="mail")

        assert permission([inquiry, purchase], channel="mail", at=NOW).consent == purchase
        assert permission([inquiry, a_yes()], channel="mail", at=NOW).until is None


class TestDoubleOptIn:
    @pytest.mark.rule("L6", part="a pending opt-in sends nothing but the confirmation")
    def test_permits_nothing_but_the_confirmation(self):
        records = [a_yes(is_pending=True)]

        assert why(records) is PermissionReason.PENDING
        assert why(records, needs_consent=False) is PermissionReason.PENDING
        assert why(records, purpose="confirmation") is PermissionReason.CONSENT
        assert why(records, purpose="confirmation", channel="sms") is PermissionReason.NOTHING_KNOWN

    def test_once_confirmed_needs_no_confirmation(self):
        records = [a_yes(is_pending=True), a_yes(1)]

        assert why(records) is PermissionReason.CONSENT
        assert why(records, purpose="confirmation") is PermissionReason.NOTHING_KNOWN

    def test_may_expire(self):
        records = [a_yes(is_pending=True, expires=MONDAY + 2 * DAY)]

        assert why(records, purpose="confirmation", at=MONDAY + DAY) is PermissionReason.CONSENT
        assert why(records, purpose="confirmation") is PermissionReason.EXPIRED

    def test_of_somebody_else_asks_nobody(self):
        """An import cannot make us ask for consent: that would be advertising, too."""
        records = [a_yes(is_pending=True, by_person=False)]

        assert why(records, purpose="confirmation") is PermissionReason.NOTHING_KNOWN

    def test_does_not_undo_an_earlier_consent(self):
        assert why([a_yes(), a_yes(1, is_pending=True)]) is PermissionReason.CONSENT

    def test_is_no_way_round_an_opt_out(self):
        records = [a_yes(), a_no(1), a_yes(2, is_pending=True)]

        assert why(records) is PermissionReason.OPTED_OUT
        assert why(records, purpose="confirmation") is PermissionReason.CONSENT
        assert why([*records, a_no(3)], purpose="confirmation") is PermissionReason.NOTHING_KNOWN
        assert why([*records, a_yes(3)]) is PermissionReason.CONSENT


class TestOptOut:
    @pytest.mark.rule("L3", part="an objection is absolute")
    @pytest.mark.parametrize(
        "later",
        [
            a_yes(2, by_person=False),  # an import
            a_yes(2, basis="inquiry"),
            a_yes(2, basis="purchase"),
            a_yes(2, basis="legitimate interest"),
            a_yes(2, is_pending=True),
            a_yes(2, channel="sms"),
            a_yes(2, topic="fairs"),
            a_yes(2, purpose="service"),
            a_yes(1),  # of the same instant: the no counts
        ],
    )
    def test_is_cleared_by_nothing_else(self, later):
        records = [a_yes(), a_no(1), later]

        assert permission(records, channel="mail", at=NOW) == Permission(
            why=PermissionReason.OPTED_OUT, since=MONDAY + DAY
        )

    def test_is_cleared_by_the_persons_own_new_opt_in(self):
        assert why([a_yes(), a_no(1), a_yes(2)]) is PermissionReason.CONSENT
        assert why([a_yes(), a_no(1), a_yes(2), a_no(3)]) is PermissionReason.OPTED_OUT

    def test_what_came_before_it_never_counts_again(self):
        records = [a_yes(), a_no(1), a_yes(2, expires=MONDAY + 3 * DAY)]

        assert why(records, at=MONDAY + 2 * DAY) is PermissionReason.CONSENT
        assert why(records) is PermissionReason.EXPIRED

    def test_takes_effect_at_its_instant(self):
        records = [a_yes(), a_no(1)]
        before = MONDAY + DAY - timedelta(microseconds=1)

        assert why(records, at=before) is PermissionReason.CONSENT
        assert why(records, at=MONDAY + DAY) is PermissionReason.OPTED_OUT

    def test_of_one_topic_leaves_the_others(self):
        records = [a_yes(), a_no(1, topic="fairs")]

        assert why(records, topic="fairs") is PermissionReason.OPTED_OUT
        assert why(records, topic="news") is PermissionReason.CONSENT

    def test_of_one_topic_holds_back_what_may_be_about_it(self):
        assert why([a_yes(), a_no(1, topic="fairs")]) is PermissionReason.OPTED_OUT

    def test_of_one_channel_leaves_the_others(self):
        records = [a_yes(), a_yes(channel="phone"), a_no(1, channel="mail")]

        assert why(records) is PermissionReason.OPTED_OUT
        assert why(records, channel="phone") is PermissionReason.CONSENT

    @pytest.mark.rule("L3", part="an objection ends scoring")
    def test_of_marketing_ends_scoring_for_it(self):
        """An objection stops touches and scoring."""
        scored = a_yes(channel=None, purpose="profiling", basis="legitimate interest")

        assert why([scored], channel=None, purpose="profiling") is PermissionReason.CONSENT
        for refused, expected in (
            (a_no(1), PermissionReason.OPTED_OUT),
            (a_no(1, channel="mail"), PermissionReason.CONSENT),
            (a_no(1, topic="fairs"), PermissionReason.CONSENT),
            (a_no(1, purpose="profiling"), PermissionReason.OPTED_OUT),
        ):
            assert why([scored, refused], channel=None, purpose="profiling") is expected

    def test_of_marketing_leaves_what_was_asked_for(self):
        """Section 4: it does not cancel a call-back that the prospect asked for."""
        asked = Consent(at=MONDAY, basis="request", channel="phone", purpose="requested")
        ask = {"channel": "phone", "purpose": Purpose.REQUESTED}

        assert why([asked, a_no(1)], **ask) is PermissionReason.CONSENT
        assert why([asked, a_no(1, purpose=None)], **ask) is PermissionReason.OPTED_OUT


class TestSoftOptIn:
    @pytest.mark.rule("L4")
    @pytest.mark.parametrize("lacking", SoftOptIn)
    def test_needs_all_four_conditions(self, lacking):
        met = set(SoftOptIn) - {lacking}
        answer = permission([a_yes(basis="soft opt-in", conditions=met)], channel="mail", at=NOW)

        assert answer.why is PermissionReason.INCOMPLETE
        assert answer.detail == f"lacks {lacking}"

    def test_with_them_is_a_ground(self):
        assert why([a_yes(basis="soft opt-in", conditions=SoftOptIn)]) is PermissionReason.CONSENT


class TestEvidence:
    def test_is_whole_with_how_which_words_and_where(self):
        proof = {"how": "web form", "wording": "v3", "source": "i-1"}

        assert a_yes(**proof).is_proven
        for part in proof:
            assert not a_yes(**proof | {part: None}).is_proven

    @pytest.mark.rule("law-9")
    def test_never_shows(self):
        secret = "ada@example.com"
        records = [
            a_yes(how=secret, wording=secret, source=secret),
            a_no(1, how=secret, source=secret),
        ]
        answer = permission(records[:1], channel="mail", at=NOW)

        assert secret not in f"{records!r}{records[0]}{records[1]}{answer!r}{answer}"
        assert repr(records) == (
            "[<Consent express: mail for marketing, 2026-03-02>,"
            " <OptOut from marketing by any channel, 2026-03-03>]"
        )


class TestRecords:
    @pytest.mark.parametrize(
        "record", [a_yes(basis="inquiry", topic="fairs", source="i-1"), a_no(1, channel="mail")]
    )
    def test_are_plain_data_and_travel(self, record):
        assert type(record)(**record.to_dict()) == record
        assert pickle.loads(pickle.dumps(record)) == record
        assert attrs.evolve(record) == record
        assert len({record, attrs.evolve(record)}) == 1

    def test_end_anew_if_they_change(self):
        inquiry = a_yes(basis="inquiry")

        assert attrs.evolve(inquiry, basis="express").ends is None
        assert attrs.evolve(inquiry, at=MONDAY + DAY).ends == inquiry.ends + DAY


class TestPermission:
    def test_is_true_only_if_allowed(self):
        assert permission([a_yes()], channel="mail", at=NOW)
        assert not permission([], channel="mail", at=NOW)

    def test_prints_what_holds_from_when_until_when(self):
        asked = Consent(at=MONDAY, basis="inquiry", channel="mail")
        answers = [permission([asked], channel="mail", at=at) for at in (NOW, NOW + 365 * DAY)]

        assert [*map(str, answers)] == [
            "allowed: consent since 2026-03-02 until 2026-09-02",
            "not allowed: expired since 2026-09-02",
        ]
        assert repr(answers[0]) == f"<Permission: {answers[0]}>"

    def test_survives_a_pickle(self):
        answer = permission([a_yes()], channel="mail", at=NOW)

        assert pickle.loads(pickle.dumps(answer)) == answer
        assert type(answer).__module__ == "leadlib.model"


class TestBadInput:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"at": datetime(2026, 3, 2)}, InvalidValue),
            ({"basis": "implied"}, UnknownName),
            ({"purpose": "spam"}, UnknownName),
            ({"channel": 7}, InvalidValue),
            ({"by_person": "yes"}, InvalidValue),
            ({"is_pending": 1}, InvalidValue),
            ({"conditions": "all"}, InvalidValue),
            ({"conditions": ["all"]}, UnknownName),
            ({"expires": MONDAY}, InvalidValue),
        ],
    )
    def test_is_refused_by_its_place(self, changes, error):
        with pytest.raises(error) as caught:
            a_yes(**changes)

        assert caught.value.where == f"$.{next(iter(changes))}"

    @pytest.mark.parametrize("records", [None, "yes", [None], [True], [Basis.EXPRESS]])
    def test_of_records_is_refused(self, records):
        with pytest.raises(LeadlibError):
            permission(records, channel="mail", at=NOW)

    @pytest.mark.parametrize(
        "asked",
        [{"channel": None}, {"at": datetime(2026, 3, 2)}, {"purpose": "x"}, {"channel": ""}],
    )
    def test_of_a_question_is_refused(self, asked):
        with pytest.raises(LeadlibError):
            permission([], **{"channel": "mail", "at": NOW} | asked)

    def test_of_endless_records_ends(self):
        def endless():
            while True:
                yield a_no()

        with pytest.raises(LimitExceeded):
            permission(endless(), channel="mail", at=NOW)
        assert limits.CONSENTS == 10_000


channels = st.sampled_from([None, "mail", "phone"])
topics = st.sampled_from([None, "fairs", "news"])
instants = st.integers(0, 9).map(lambda n: MONDAY + n * DAY)
consents = st.builds(
    Consent,
    at=instants,
    basis=st.sampled_from(Basis),
    channel=channels,
    purpose=st.sampled_from(Purpose),
    topic=topics,
    by_person=st.booleans(),
    is_pending=st.booleans(),
)
opt_outs = st.builds(
    OptOut,
    at=instants,
    channel=channels,
    topic=topics,
    purpose=st.none() | st.sampled_from(Purpose),
)
all_records = st.lists(consents | opt_outs, max_size=8)
questions = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["mail", "phone"]),
        "at": instants,
        "purpose": st.sampled_from(Purpose),
        "topic": topics,
        "needs_consent": st.booleans(),
    }
)


class TestLaws:
    @given(all_records, questions, st.randoms(use_true_random=False))
    def test_order_and_doubles_change_nothing(self, records, asked, chance):
        mixed = records * 2
        chance.shuffle(mixed)

        assert permission(mixed, **asked).why is permission(records, **asked).why

    @given(all_records, consents | opt_outs, questions)
    def test_the_future_is_not_known(self, records, later, asked):
        later = attrs.evolve(later, at=asked["at"] + DAY, **_unexpired(later))

        assert permission([*records, later], **asked) == permission(records, **asked)

    @given(all_records, questions)
    def test_an_opt_out_from_everything_ends_everything(self, records, asked):
        records = [*records, OptOut(at=asked["at"], purpose=None)]

        assert not permission(records, **asked).is_allowed

    @given(all_records, all_records, questions)
    def test_an_opt_out_survives_a_merge(self, mine, yours, asked):
        """Without a newer opt-in of the person, what was refused before is refused after."""
        before = permission(mine, **asked)
        theirs = [record for record in yours if not getattr(record, "is_opt_in", False)]

        if before.why is PermissionReason.OPTED_OUT:
            assert permission([*mine, *theirs], **asked).why is PermissionReason.OPTED_OUT

    @given(all_records, opt_outs, questions)
    def test_one_more_opt_out_never_allows(self, records, refusal, asked):
        if not permission(records, **asked).is_allowed:
            assert not permission([*records, refusal], **asked).is_allowed

    @given(all_records, questions)
    def test_what_allows_is_on_record(self, records, asked):
        answer = permission(records, **asked)

        if answer.why is PermissionReason.CONSENT:
            assert answer.consent in records
            assert answer.consent.at <= asked["at"]
            assert answer.until is None or answer.until > asked["at"]


def _unexpired(record):
    return {"expires": None} if isinstance(record, Consent) else {}
