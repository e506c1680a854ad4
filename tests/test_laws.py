"""The rules of countries as data, and the strictest of several: section 4 of the requirements."""

import pickle
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import attrs
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_lead, an_inquiry
from leadlib.errors import InvalidValue, LeadlibError, LimitExceeded, UnknownName
from leadlib.lifecycle import Erased, Inquired, OptedOut
from leadlib.model import Basis, Consent, OptOut, PermissionReason, Purpose, SoftOptIn, permission
from leadlib.nurture import (
    ANYWHERE,
    BULK_SENDERS,
    CAN_SPAM,
    CASL,
    CCPA,
    CNIL,
    EPRIVACY,
    FLORIDA,
    GDPR,
    LAWS,
    OKLAHOMA,
    PECR,
    SPAM_ACT,
    TCPA,
    TCPA_REVOCATION,
    TSR,
    UK_GDPR,
    UWG,
    WASHINGTON,
    CallHours,
    ConsentRule,
    Law,
    Laws,
    LegalCap,
    MessagePart,
    Response,
    ResponseKind,
    Subscriber,
    SuppressionList,
    laws_for,
    opt_outs,
    strictest,
    with_responses,
)
from leadlib.worktime import WorkCalendar, hours, working_hours

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")
SYDNEY = ZoneInfo("Australia/Sydney")
PROOF = {"how": "web form", "wording": "v3", "source": "i-1"}


def a_yes(basis="express", channel="mail", at=MONDAY, **changes):
    return Consent(at=at, basis=basis, channel=channel, by_person=True, **PROOF | changes)


def asked(laws, records, *, channel="mail", at=MONDAY + DAY, **more):
    return laws.permission(records, channel=channel, at=at, **more)


def office(zone, *holidays):
    return WorkCalendar(zone=zone, holidays=holidays)


def eastern(text):
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


class TestOptOutLatest:
    @pytest.mark.rule("L1")
    @pytest.mark.parametrize(
        ("said", "holidays", "latest"),
        [
            ("2026-07-02", [date(2026, 7, 3)], date(2026, 7, 17)),
            ("2026-07-02", [], date(2026, 7, 16)),
            ("2026-11-25", [date(2026, 11, 26)], date(2026, 12, 10)),
            ("2026-11-25", [], date(2026, 12, 9)),
        ],
    )
    @pytest.mark.parametrize("moment", ["00:00", "12:00", "23:59"])
    @pytest.mark.parametrize("law", [CAN_SPAM, TCPA_REVOCATION, CASL])
    def test_is_ten_business_days_on(self, said, holidays, latest, moment, law):
        """Whatever the hour: what is said in the evening gains no day."""
        at = eastern(f"{said} {moment}")

        assert strictest(law).opt_out_latest(at, office(NEW_YORK, *holidays)) == latest

    @pytest.mark.rule("L12")
    @pytest.mark.parametrize(
        ("holidays", "latest"),
        [([date(2026, 1, 26)], date(2026, 2, 2)), ([], date(2026, 1, 30))],
    )
    @pytest.mark.parametrize("hour", [0, 16, 23])
    def test_is_five_working_days_on_in_australia(self, holidays, latest, hour):
        at = datetime(2026, 1, 23, hour, tzinfo=SYDNEY)

        assert strictest(SPAM_ACT).opt_out_latest(at, office(SYDNEY, *holidays)) == latest

    @pytest.mark.rule("L3", part="one month")
    def test_is_one_month_on_in_europe(self):
        at = datetime(2026, 1, 31, 9, tzinfo=BERLIN)

        assert strictest(GDPR).opt_out_latest(at, office(BERLIN)) == date(2026, 2, 28)

    @pytest.mark.rule("L13", part="two days")
    def test_is_two_days_on_for_mailbox_providers(self):
        at = datetime(2026, 1, 23, 9, tzinfo=BERLIN)  # a Friday: these days are not working days

        assert strictest(BULK_SENDERS).opt_out_latest(at, office(BERLIN)) == date(2026, 1, 25)

    def test_is_the_earliest_of_several(self):
        at = datetime(2026, 1, 23, 9, tzinfo=SYDNEY)
        several = strictest(CAN_SPAM, SPAM_ACT, GDPR)

        assert several.opt_out_latest(at, office(SYDNEY)) == date(2026, 1, 30)

    def test_is_nothing_where_no_law_says(self):
        assert strictest(UWG).opt_out_latest(MONDAY, office(BERLIN)) is None

    def test_ends_with_a_calendar_that_never_opens(self):
        mondays = [MONDAY.date() + 7 * n * DAY for n in range(600)]
        shut = WorkCalendar(hours={0: [(time(9), time(17))]}, holidays=mondays)

        with pytest.raises(LimitExceeded):
            strictest(CASL).opt_out_latest(MONDAY, shut)


class TestRequestDue:
    @pytest.mark.rule("L3", part="answers within a month")
    @pytest.mark.parametrize(
        ("day", "due"),
        [
            ((2026, 1, 31), (2026, 2, 28)),
            ((2026, 3, 2), (2026, 4, 2)),
            ((2024, 1, 31), (2024, 2, 29)),
        ],
    )
    def test_is_one_month_on(self, day, due):
        at = datetime(*day, 23, 59, tzinfo=BERLIN)

        assert strictest(GDPR).request_due(at, zone="Europe/Berlin") == date(*due)

    def test_is_counted_where_it_came_in(self):
        at = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)

        assert strictest(GDPR).request_due(at, zone="UTC") == date(2026, 2, 28)
        assert strictest(GDPR).request_due(at, zone=BERLIN) == date(2026, 3, 1)
        assert strictest(CAN_SPAM).request_due(at, zone=BERLIN) is None


class TestRetention:
    @pytest.mark.rule("L7")
    def test_is_three_years_from_the_last_contact_of_the_prospect(self):
        paris = ZoneInfo("Europe/Paris")
        click = Response(
            touch="t", lead="i-1", kind="clicked", at=datetime(2024, 2, 29, 9, 30, tzinfo=paris)
        )

        assert strictest(CNIL).kept_until([click]) == datetime(2027, 2, 28, 9, 30, tzinfo=paris)

    @pytest.mark.rule("L7")
    @pytest.mark.parametrize("kind", ResponseKind)
    def test_ignores_what_is_no_act_of_the_person(self, kind):
        """An open changes nothing, and who leaves is not kept longer for it."""
        later = Response(touch="t", lead="i-1", kind=kind, at=MONDAY + 300 * DAY)
        kept = strictest(CNIL).kept_until([an_inquiry(), later])
        first = MONDAY + relativedelta(years=3)

        assert (kept > first) == (kind in {"clicked", "replied"})
        assert kept >= first

    def test_ignores_an_open_that_is_told_as_an_inquiry(self):
        assert strictest(CNIL).kept_until([an_inquiry(kind="Opened")]) is None

    def test_begins_with_the_day_in_france(self):
        """At 23:30 UTC it is the 29th in Paris: a day more by UTC would be a day too long."""
        click = Response(
            touch="t", lead="i", kind="clicked", at=datetime(2024, 2, 28, 23, 30, tzinfo=UTC)
        )

        assert strictest(CNIL).kept_until([click]) == datetime(2027, 2, 27, 23, 30, tzinfo=UTC)

    def test_is_nothing_without_a_law_or_a_contact(self):
        assert strictest(CNIL).kept_until([]) is None
        assert strictest(GDPR).kept_until([an_inquiry()]) is None


class TestQuietHours:
    @pytest.mark.rule("L8")
    @pytest.mark.parametrize("channel", ["phone", "sms", "auto call"])
    @pytest.mark.parametrize(
        ("wish", "open_at"),
        [
            ("2026-01-21 21:30", "2026-01-22 08:00"),
            ("2026-01-21 21:00", "2026-01-22 08:00"),
            ("2026-01-21 20:59", "2026-01-21 20:59"),
            ("2026-01-21 07:59", "2026-01-21 08:00"),
            ("2026-01-21 08:00", "2026-01-21 08:00"),
            ("2026-03-07 21:30", "2026-03-08 08:00"),  # the clocks change in that night
            ("2026-10-31 21:30", "2026-11-01 08:00"),
        ],
    )
    def test_are_those_of_the_zone_of_the_person(self, wish, open_at, channel):
        found = strictest(TCPA).next_open(eastern(wish), channel=channel, zone="America/New_York")

        assert found == eastern(open_at)

    @pytest.mark.rule("L8")
    @pytest.mark.parametrize(
        ("day", "opens", "closes"),
        [("2026-01-21", "13:00", "21:00"), ("2026-07-15", "14:00", "21:00")],
    )
    def test_of_an_unknown_zone_are_those_of_new_york_and_honolulu(self, day, opens, closes):
        laws, begin, end = strictest(TCPA), eastern(f"{day} {opens}"), eastern(f"{day} {closes}")
        minute = timedelta(minutes=1)

        assert laws.open_on(begin.date(), channel="phone", zone=None) == (begin, end)
        assert laws.next_open(eastern(f"{day} 06:00"), channel="phone", zone=None) == begin
        assert laws.next_open(end - minute, channel="phone", zone=None) == end - minute
        assert laws.next_open(end, channel="phone", zone=None) == begin + DAY

    @pytest.mark.rule("L10", part="eight to eight")
    @pytest.mark.parametrize(
        ("place", "zone"),
        [
            ("US-FL", "America/New_York"),
            ("US-OK", "America/Chicago"),
            ("US-WA", "America/Los_Angeles"),
        ],
    )
    def test_of_a_stricter_state_win(self, place, zone):
        laws, here = laws_for(place), ZoneInfo(zone)
        evening = datetime(2026, 1, 21, 20, tzinfo=here)

        assert laws.hours("phone") == (time(8), time(20))
        assert laws.next_open(evening, channel="phone", zone=here) == datetime(
            2026, 1, 22, 8, tzinfo=here
        )
        assert laws_for("US-NY").next_open(evening, channel="phone", zone=here) == evening

    def test_of_an_unknown_state_are_those_of_the_strictest(self):
        assert laws_for("US").hours("phone") == (time(8), time(20))
        assert laws_for("US").open_on(date(2026, 1, 21), channel="phone", zone=None) == (
            eastern("2026-01-21 13:00"),
            eastern("2026-01-21 20:00"),
        )

    def test_of_somebody_who_may_live_anywhere_never_end(self):
        laws = laws_for(None)

        for month in range(1, 13):
            at = datetime(2026, month, 1, tzinfo=UTC)
            assert laws.next_open(at, channel="phone", zone=None) is None
            assert laws.open_on(at.date(), channel="phone", zone=None) is None
        assert laws.next_open(MONDAY, channel="phone", zone="UTC") == MONDAY

    def test_of_a_law_that_names_no_zones_never_end(self):
        laws = strictest(attrs.evolve(TCPA, zones=()))

        assert laws.next_open(MONDAY, channel="phone", zone=None) is None
        assert laws.open_on(MONDAY.date(), channel="phone", zone=None) is None

    def test_of_several_laws_are_those_of_all_their_zones(self):
        assert strictest(TCPA).zones == (NEW_YORK, ZoneInfo("Pacific/Honolulu"))
        assert set(laws_for("US-FL").zones) == set(strictest(TCPA).zones)
        assert strictest(GDPR).zones == ()

    def test_do_not_hold_for_mail(self):
        night = eastern("2026-01-21 03:00")

        assert laws_for(None).hours("mail") is None
        assert laws_for(None).next_open(night, channel="mail", zone=None) == night
        assert laws_for(None).open_on(night.date(), channel="mail", zone=None) is None

    @given(
        st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31), timezones=st.just(UTC)),
        st.sampled_from(sorted(available_timezones())),
    )
    def test_end_at_an_hour_of_day_in_every_zone(self, at, zone):
        found = laws_for("US-FL").next_open(at, channel="phone", zone=zone)

        assert at <= found <= at + 2 * DAY
        assert time(8) <= found.astimezone(ZoneInfo(zone)).time() < time(20)
        assert laws_for("US-FL").next_open(found, channel="phone", zone=zone) == found


class TestCaps:
    @pytest.mark.rule("L10", part="three calls in 24 hours")
    @pytest.mark.parametrize("place", ["US-FL", "US-OK", "US", None])
    def test_defer_the_fourth_call_in_a_day(self, place):
        [cap] = laws_for(place).caps("phone")
        calls = [MONDAY, MONDAY + timedelta(hours=1), MONDAY + timedelta(hours=2)]
        fourth = MONDAY + timedelta(hours=3)

        assert cap.next_allowed(fourth, calls[:2]) == fourth
        assert cap.next_allowed(fourth, calls) == MONDAY + DAY
        assert cap.next_allowed(MONDAY + DAY, calls) == MONDAY + DAY
        assert cap.per_topic

    def test_are_none_elsewhere(self):
        assert laws_for("US-NY").caps("phone") == laws_for("US-FL").caps("mail") == ()

    @given(st.lists(st.integers(0, 72), max_size=12), st.integers(0, 72), st.integers(1, 4))
    def test_are_never_exceeded(self, calls, wish, count):
        cap = LegalCap(channels=["phone"], count=count, within=hours(24))
        calls = [MONDAY + timedelta(hours=hour) for hour in calls]
        wish = MONDAY + timedelta(hours=wish)
        found = cap.next_allowed(wish, calls)
        counted = [call for call in calls if found - DAY < call <= found]

        assert found >= wish
        assert len(counted) < count


class TestConsent:
    @pytest.mark.rule("L1", part="an opt-out regime, businesses included")
    @pytest.mark.parametrize("subscriber", Subscriber)
    def test_is_not_needed_for_mail_in_the_united_states(self, subscriber):
        laws = laws_for("US-NY")

        assert asked(laws, [], subscriber=subscriber).why is PermissionReason.NOT_NEEDED
        assert not asked(laws, [OptOut(at=MONDAY)], subscriber=subscriber)

    @pytest.mark.rule("L2")
    @pytest.mark.parametrize(
        ("basis", "given_on", "ends_on"),
        [("inquiry", (2026, 8, 31), (2027, 2, 28)), ("purchase", (2024, 2, 29), (2026, 2, 28))],
    )
    def test_implied_ends_in_canada(self, basis, given_on, ends_on):
        laws = laws_for("CA")
        implied = a_yes(basis, at=datetime(*given_on, 9, 30, tzinfo=UTC))
        end = datetime(*ends_on, 9, 30, tzinfo=UTC)
        last = end - timedelta(minutes=1)

        assert asked(laws, [implied], at=last).until == end
        assert asked(laws, [implied], at=end).why is PermissionReason.EXPIRED
        express = a_yes(at=implied.at)
        assert asked(laws, [implied, express], at=end + 1_000 * DAY).consent == express

    @pytest.mark.rule("L2", part="never beyond the local day")
    @pytest.mark.parametrize("hour", range(0, 24, 3))
    @pytest.mark.parametrize("zone", ["America/St_Johns", "America/Vancouver"])
    def test_implied_ends_no_later_than_the_day_of_the_person(self, hour, zone):
        """Days are counted in UTC: west of it that is never a day too long."""
        here = ZoneInfo(zone)
        for day in (datetime(2026, 8, 30), datetime(2026, 8, 31), datetime(2026, 9, 1)):
            implied = a_yes("inquiry", at=day.replace(hour=hour, tzinfo=here))
            last = day.date() + relativedelta(months=6)

            assert implied.ends.astimezone(here).date() <= last

    @pytest.mark.rule("L8", part="the relationship exemption, not verified")
    @pytest.mark.parametrize(
        ("basis", "given_on", "ends_on"),
        [("inquiry", (2026, 11, 30), (2027, 2, 28)), ("purchase", (2026, 8, 31), (2028, 2, 29))],
    )
    def test_by_a_relationship_ends_for_calls(self, basis, given_on, ends_on):
        laws = laws_for("US-NY")
        known = a_yes(basis, "phone", at=datetime(*given_on, 12, tzinfo=NEW_YORK))
        end = datetime(*ends_on, 12, tzinfo=NEW_YORK)

        assert asked(laws, [known], channel="phone", at=end - timedelta(minutes=1)).until == end
        assert asked(laws, [known], channel="phone", at=end).why is PermissionReason.EXPIRED

    @pytest.mark.rule("L5")
    @pytest.mark.parametrize(
        ("subscriber", "allowed"),
        [("corporate", True), ("individual", False), ("unknown", False)],
    )
    def test_in_britain_depends_on_the_subscriber(self, subscriber, allowed):
        laws, interest = laws_for("GB"), [a_yes("legitimate interest")]

        assert asked(laws, interest, subscriber=subscriber).is_allowed is allowed
        assert asked(laws, [a_yes()], subscriber=subscriber)
        assert not asked(laws, [], subscriber=subscriber)  # the UK GDPR still applies
        assert not asked(laws, [*interest, OptOut(at=MONDAY)], subscriber=subscriber)
        assert PECR.registers == ("TPS", "CTPS")

    @pytest.mark.rule("L5", part="calls are screened")
    def test_in_britain_is_screened_for_calls(self):
        """Each law by its own ground: what the UK GDPR asks for, and that no register has it."""
        laws = laws_for("GB")
        interest, screened = (
            a_yes(basis, "phone") for basis in ("legitimate interest", "not on a register")
        )
        ask = {"channel": "phone", "subscriber": "corporate"}

        assert asked(laws, [interest], **ask).detail == "PECR: enough is express, not on a register"
        assert asked(laws, [screened], **ask).why is PermissionReason.NOT_ENOUGH
        both = asked(laws, [interest, screened], **ask)
        assert both.until == datetime(2026, 3, 30, 9, tzinfo=ZoneInfo("Europe/London"))
        assert both.consent == screened
        assert asked(laws, [interest, screened], at=both.until, **ask).why is (
            PermissionReason.EXPIRED
        )
        assert asked(laws, [a_yes(channel="phone")], at=both.until, **ask)
        assert not asked(laws, [interest, screened, OptOut(at=MONDAY)], **ask)

    @pytest.mark.rule("L8", part="the register is at most 31 days old, not verified")
    def test_by_a_register_lasts_31_days(self):
        laws, screened = laws_for("US-NY"), a_yes("not on a register", "phone")
        end = datetime(2026, 4, 2, 9, tzinfo=UTC) - timedelta(hours=1)  # the clocks changed

        assert not asked(laws, [], channel="phone")
        assert asked(laws, [screened], channel="phone", at=end - timedelta(minutes=1)).until == end
        assert asked(laws, [screened], channel="phone", at=end).why is PermissionReason.EXPIRED

    def test_is_shown_as_it_was_recorded(self):
        known = a_yes("purchase", "phone")

        assert asked(laws_for("US-NY"), [known], channel="phone").consent is known

    @pytest.mark.rule("L6")
    @pytest.mark.parametrize(
        ("channel", "subscriber", "basis", "allowed"),
        [
            ("mail", "corporate", "express", True),
            ("mail", "corporate", "legitimate interest", False),
            ("mail", "corporate", "presumed", False),
            ("phone", "corporate", "presumed", True),
            ("phone", "individual", "presumed", False),
            ("phone", "unknown", "presumed", False),
            ("phone", "individual", "express", True),
            ("auto call", "corporate", "presumed", False),
        ],
    )
    def test_in_germany(self, channel, subscriber, basis, allowed):
        answer = asked(
            laws_for("DE"), [a_yes(basis, channel)], channel=channel, subscriber=subscriber
        )

        assert answer.is_allowed is allowed
        if not allowed:
            assert answer.why is PermissionReason.NOT_ENOUGH
            assert answer.detail.startswith("UWG: enough is express")

    @pytest.mark.rule("L6")
    def test_pending_sends_nothing_but_the_confirmation(self):
        laws, pending = laws_for("DE"), [a_yes(is_pending=True)]

        assert asked(laws, pending).why is PermissionReason.PENDING
        assert asked(laws, pending, purpose=Purpose.CONFIRMATION)

    @pytest.mark.rule("L4")
    @pytest.mark.parametrize("place", ["DE", "FR", "IT", "GB"])
    def test_of_customers_needs_four_conditions(self, place):
        whole = a_yes("soft opt-in", conditions=SoftOptIn)
        lacking = attrs.evolve(whole, conditions={*SoftOptIn} - {SoftOptIn.CAN_REFUSE})

        assert asked(laws_for(place), [whole])
        assert asked(laws_for(place), [lacking]).why is PermissionReason.INCOMPLETE
        assert not asked(laws_for(place), [attrs.evolve(whole, channel="auto call")])

    @pytest.mark.rule("L4", part="legal persons are left to the member states")
    def test_of_companies_is_for_each_country_to_say(self):
        interest = [a_yes("legitimate interest")]
        allowed = [
            place
            for place in ("DE", "FR", "IT", "SE")
            if asked(laws_for(place), interest, subscriber="corporate")
        ]

        assert allowed == ["FR"]

    @pytest.mark.rule("L3", part="consent is proven")
    @pytest.mark.parametrize("gone", PROOF)
    def test_counts_in_europe_only_if_it_is_proven(self, gone):
        unproven = a_yes(**{gone: None})

        answer = asked(laws_for("DE"), [unproven])
        assert answer.why is PermissionReason.NOT_ENOUGH
        assert answer.detail == "GDPR: no proof of the consent"
        assert asked(laws_for("CA"), [unproven])

    def test_without_proof_clears_no_opt_out(self):
        records = [a_yes(), OptOut(at=MONDAY), a_yes(at=MONDAY + DAY / 2, source=None)]

        assert asked(laws_for("DE"), records).why is PermissionReason.OPTED_OUT

    @pytest.mark.rule("L12", part="express or inferred")
    def test_in_australia_may_be_inferred(self):
        for basis in ("express", "inquiry", "purchase", "published address", "presumed"):
            assert asked(laws_for("AU"), [a_yes(basis)])
        assert not asked(laws_for("AU"), [a_yes("legitimate interest")])

    @pytest.mark.rule("L3", part="an objection ends scoring")
    def test_for_scoring_ends_with_an_objection(self):
        scored = a_yes("legitimate interest", None, purpose="profiling")
        ask = {"channel": None, "purpose": "profiling"}

        assert asked(laws_for("DE"), [scored], **ask)
        assert not asked(laws_for("DE"), [scored, OptOut(at=MONDAY)], **ask)

    def test_for_a_call_that_was_asked_for_is_a_class_of_its_own(self):
        wish = Consent(at=MONDAY, basis="request", channel="phone", purpose="requested")

        for place in ("DE", "US", None):
            assert asked(laws_for(place), [wish], channel="phone", purpose="requested")
            assert not asked(laws_for(place), [wish], channel="phone")

    def test_where_no_law_speaks_is_any_ground(self):
        laws = laws_for("CA")

        assert not asked(laws, [], channel="post")
        assert asked(laws, [a_yes("legitimate interest", "post")], channel="post")

    @pytest.mark.parametrize("place", ["DE", "US", None])
    @pytest.mark.parametrize("records", [None, [None], "yes"])
    def test_takes_records_only(self, place, records):
        with pytest.raises(LeadlibError):
            asked(laws_for(place), records)

    def test_takes_no_endless_records(self):
        def endless():
            while True:
                yield a_yes()

        with pytest.raises(LimitExceeded):
            asked(laws_for("DE"), endless())


class TestRevocation:
    @pytest.mark.rule("L8", part="revocation")
    @pytest.mark.parametrize(
        ("said", "ends_all"), [("2027-01-30 23:59", False), ("2027-01-31 00:00", True)]
    )
    def test_of_one_topic_is_one_of_all_from_the_end_of_the_waiver(self, said, ends_all):
        refused = OptOut(at=eastern(said), topic="fairs")
        records = [a_yes(channel="sms"), refused]
        ask = {"channel": "sms", "at": refused.at + DAY}

        assert not asked(laws_for("US-NY"), records, topic="fairs", **ask)
        assert asked(laws_for("US-NY"), records, topic="news", **ask).is_allowed is not ends_all

    def test_of_a_topic_by_mail_stays_one(self):
        refused = OptOut(at=eastern("2027-02-01 09:00"), topic="fairs")

        assert asked(laws_for("US-NY"), [refused], topic="news", at=refused.at + DAY)

    @pytest.mark.rule("L8", part="revocation")
    @pytest.mark.parametrize(
        "word", ["STOP", "quit", " End ", "revoke", "Opt out", "cancel", "unsubscribe", "Stop!"]
    )
    def test_is_any_of_the_words(self, word):
        assert laws_for("US").is_opt_out(word)

    @pytest.mark.parametrize("text", ["", "yes", "do not stop", "endless"])
    def test_is_not_read_into_other_words(self, text):
        assert not laws_for("US").is_opt_out(text)

    @pytest.mark.rule("L8", part="revocation")
    def test_is_confirmed_once_within_five_minutes(self):
        assert TCPA_REVOCATION.confirm_within.length == timedelta(minutes=5)


class TestOptOutsOfTheLog:
    def test_are_records(self):
        events = [
            Inquired(lead="i-1", at=MONDAY),
            OptedOut(lead="i-1", at=MONDAY + DAY, channel="mail"),
            OptedOut(lead="i-1", at=MONDAY + 2 * DAY),
        ]

        assert opt_outs(events) == (
            OptOut(at=MONDAY + DAY, channel="mail"),
            OptOut(at=MONDAY + 2 * DAY),
        )

    def test_of_an_erased_person_end_everything(self):
        wish = Consent(at=MONDAY, basis="request", channel="phone", purpose="requested")
        records = [a_yes(), wish, *opt_outs([Erased(lead="i-1", at=MONDAY + DAY)])]

        assert not asked(laws_for("US-NY"), records, at=MONDAY + DAY)
        assert not asked(
            laws_for("US-NY"), records, at=MONDAY + DAY, channel="phone", purpose="requested"
        )

    def test_are_of_events(self):
        with pytest.raises(InvalidValue):
            opt_outs([None])


class TestMessage:
    @pytest.mark.rule("L1", part="parts of a message")
    def test_carries_what_each_law_asks(self):
        assert laws_for("US-NY").missing_parts([], channel="mail") == (
            MessagePart.POSTAL_ADDRESS,
            MessagePart.OPT_OUT,
        )
        assert laws_for("US-NY").missing_parts(["postal address", "opt-out"], channel="mail") == ()

    @pytest.mark.rule("L13", part="one-click")
    def test_of_bulk_senders_has_one_click(self):
        laws = laws_for("US-NY", also=[BULK_SENDERS])

        assert MessagePart.ONE_CLICK in laws.parts("mail")
        assert MessagePart.ONE_CLICK not in laws.parts("phone")

    @pytest.mark.rule("L3", part="told at the first communication")
    def test_that_is_the_first_tells_of_the_right_to_object(self):
        laws = laws_for("DE")

        assert MessagePart.RIGHT_TO_OBJECT in laws.parts("mail", is_first=True)
        assert MessagePart.RIGHT_TO_OBJECT not in laws.parts("mail")

    @pytest.mark.parametrize(("law", "days"), [(CAN_SPAM, 30), (CASL, 60), (SPAM_ACT, 30)])
    def test_has_a_way_out_that_works_for_so_long(self, law, days):
        assert law.opt_out_works == relativedelta(days=days)


class TestStrictest:
    def test_ignores_order_and_doubles(self):
        one = strictest(CAN_SPAM, CASL, GDPR)

        assert strictest(GDPR, CASL, strictest(CAN_SPAM, GDPR)) == one
        assert strictest(one, one) == one
        assert hash(strictest(one)) == hash(one)

    @pytest.mark.rule("L5", part="unknown is an individual")
    def test_takes_the_unknown_subscriber_for_an_individual(self):
        for law in LAWS:
            for channel in ("mail", "phone", "sms", "auto call", "post"):
                unknown, single = (
                    strictest(law).enough(channel, who) for who in ("unknown", "individual")
                )
                assert unknown == single

    def test_of_an_unknown_country_is_express_consent(self):
        for place in (None, "XX", "BR", "MX"):
            assert laws_for(place).enough("mail") == {Basis.EXPRESS}
            assert set(LAWS) < set(laws_for(place))

    _laws = st.lists(st.sampled_from([*LAWS, BULK_SENDERS, ANYWHERE]), min_size=1, max_size=5)
    _records = st.lists(
        st.builds(
            Consent,
            at=st.integers(0, 3).map(lambda n: MONDAY + n * DAY),
            basis=st.sampled_from(Basis),
            channel=st.sampled_from(["mail", "phone"]),
            conditions=st.just(frozenset(SoftOptIn)),
            how=st.none() | st.just("form"),
            wording=st.just("v1"),
            source=st.just("i"),
        )
        | st.builds(
            OptOut,
            at=st.integers(0, 3).map(lambda n: MONDAY + n * DAY),
            topic=st.none() | st.just("fairs"),
        ),
        max_size=4,
    )

    @given(_laws, st.sampled_from(LAWS), _records, st.sampled_from(Subscriber))
    def test_one_more_law_never_allows_what_others_forbid(self, laws, more, records, subscriber):
        """But for a law that says no consent is needed, where the others say nothing at all."""
        few, many = strictest(*laws), strictest(*laws, more)
        speaks = any(law.rule("mail", subscriber) for law in laws)
        ask = {"subscriber": subscriber, "at": MONDAY + 9 * DAY}

        if speaks and not asked(few, records, **ask):
            assert not asked(many, records, **ask)

    @given(_laws, _records, st.sampled_from(["mail", "phone"]))
    def test_no_law_undoes_an_opt_out(self, laws, records, channel):
        before = permission(records, channel=channel, at=MONDAY + 9 * DAY)

        if before.why is PermissionReason.OPTED_OUT:
            assert not asked(strictest(*laws), records, channel=channel, at=MONDAY + 9 * DAY)

    @given(_laws, _laws)
    def test_promises_are_the_shortest(self, some, others):
        def latest(laws):
            return strictest(*laws).opt_out_latest(MONDAY, WorkCalendar())

        apart = [day for day in (latest(some), latest(others)) if day is not None]
        assert latest([*some, *others]) == min(apart, default=None)


class TestPlaces:
    @pytest.mark.parametrize(
        ("place", "laws"),
        [
            ("CA", [CASL]),
            ("ca", [CASL]),
            ("DE", [GDPR, UWG]),
            ("FR", [GDPR, CNIL]),
            ("IT", [GDPR, EPRIVACY]),
            ("GB", [UK_GDPR, PECR]),
            ("AU", [SPAM_ACT]),
            ("US-NY", [CAN_SPAM, TCPA, TCPA_REVOCATION, TSR]),
            ("US-FL", [CAN_SPAM, TCPA, TCPA_REVOCATION, TSR, FLORIDA]),
            ("US-CA", [CAN_SPAM, TCPA, TCPA_REVOCATION, TSR, CCPA]),
            ("US", [CAN_SPAM, TCPA, TCPA_REVOCATION, TSR, FLORIDA, OKLAHOMA, WASHINGTON, CCPA]),
            ("US-XX", [CAN_SPAM, TCPA, TCPA_REVOCATION, TSR, FLORIDA, OKLAHOMA, WASHINGTON, CCPA]),
            (None, [*LAWS, ANYWHERE]),
        ],
    )
    def test_have_their_laws(self, place, laws):
        assert laws_for(place) == strictest(*laws)

    def test_britain_is_known_by_both_codes(self):
        assert laws_for("uk") == laws_for("GB")

    @pytest.mark.parametrize("place", ["Germany", "Deutschland", "D", "USA", "US-", "US-Florida"])
    def test_no_code_is_refused_and_does_not_hold_back_everything(self, place):
        with pytest.raises(UnknownName, match="such as DE") as caught:
            laws_for(place)

        assert caught.value.where == "place"

    def test_may_be_asked_for_a_day(self):
        assert FLORIDA not in laws_for("US-FL", on=date(2021, 6, 30))
        assert FLORIDA in laws_for("US-FL", on=date(2021, 7, 1))
        assert TCPA_REVOCATION not in laws_for("US", on=date(2025, 4, 10))
        assert TCPA in laws_for("US", on=date(2025, 4, 10))
        assert TCPA_REVOCATION in laws_for("US", on=date(2025, 4, 11))
        with pytest.raises(InvalidValue):
            laws_for("CA", on=date(2014, 6, 30))
        with pytest.raises(InvalidValue):
            laws_for("CA", on=MONDAY)

    @pytest.mark.parametrize("place", ["", 7, "x" * 300])
    def test_are_text(self, place):
        with pytest.raises(InvalidValue):
            laws_for(place)


class TestPacks:
    @pytest.mark.rule("L11")
    def test_are_dated_and_sourced(self):
        for law in (*LAWS, BULK_SENDERS):
            assert law.source
            assert law.about.endswith(".")
            assert date(2000, 1, 1) < law.effective < date(2026, 1, 1)
        assert CCPA.effective == date(2023, 1, 1)
        assert CCPA in laws_for("US-CA")

    def test_say_what_was_not_verified(self):
        """The two facts that section 4 marks with a star."""
        assert TCPA.unverified == ("lasts", "register_age")
        assert TCPA.register_age.length == timedelta(days=31)

    @pytest.mark.rule("L9")
    def test_say_what_is_kept_of_each_call(self):
        assert {"calling number", "called number", "date", "time"} <= set(TSR.call_log)
        assert not asked(
            laws_for("US-NY"), [OptOut(at=MONDAY)], channel="phone", subscriber="corporate"
        )

    def test_print_and_travel(self):
        assert repr(CASL) == "<Law CASL: CA, since 2014-07-01>"
        assert str(CASL) == "CASL (CA, since 2014-07-01): S.C. 2010, c. 23, sections 6, 10, 11"
        assert repr(laws_for("DE")) == "<Laws UWG, GDPR>"
        for law in (*LAWS, ANYWHERE):
            assert pickle.loads(pickle.dumps(law)) == law
            assert hash(law) == hash(attrs.evolve(law))


class TestBadInput:
    def a_law(self, **changes):
        parts = {"name": "ours", "jurisdiction": "XX", "effective": date(2026, 1, 1)}
        return Law(**parts | {"source": "a paper", "about": "All."} | changes)

    @pytest.mark.parametrize(
        ("part", "value"),
        [
            ("effective", MONDAY),
            ("effective", "2026"),
            ("consent", "all"),
            ("consent", [None]),
            ("lasts", {"express": 7}),
            ("lasts", []),
            ("hours", [(8, 9)]),
            ("caps", 3),
            ("parts", {"mail": "all"}),
            ("parts", {"mail": ["all"]}),
            ("zones", ["Europe/Atlantis"]),
            ("zone", "Atlantis"),
            ("unverified", ["all of it"]),
            ("needs_proof", "yes"),
            ("lasts", {"purchase": relativedelta(months=-1)}),
            ("lasts", {"purchase": None}),
            ("keeps", 3),
            ("keeps", relativedelta(hours=3)),
            ("answer_within", relativedelta(0)),
            ("answer_within", working_hours(8)),
            ("opt_out_within", 10),
            ("opt_out_works", relativedelta(day=31)),
            ("confirm_within", 5),
            ("register_age", relativedelta(days=31)),
            ("all_topics_from", MONDAY),
        ],
    )
    def test_in_a_law_is_refused(self, part, value):
        with pytest.raises(LeadlibError):
            self.a_law(**{part: value})

    def test_in_a_rule_is_refused(self):
        with pytest.raises(UnknownName):
            ConsentRule(enough=["implied"])
        with pytest.raises(UnknownName):
            ConsentRule(enough=None, subscriber="company")
        with pytest.raises(InvalidValue):
            ConsentRule(enough=None, channels="mail")

    @pytest.mark.parametrize(
        ("opens", "closes"), [(time(9), time(9)), (time(21), time(8)), (9, 17), (time(9), None)]
    )
    def test_in_hours_is_refused(self, opens, closes):
        with pytest.raises(InvalidValue):
            CallHours(channels=["phone"], opens=opens, closes=closes)

    @pytest.mark.parametrize(
        ("count", "within"), [(0, hours(1)), (True, hours(1)), (1, 24), (1, working_hours(8))]
    )
    def test_in_a_cap_is_refused(self, count, within):
        with pytest.raises(InvalidValue):
            LegalCap(channels=["phone"], count=count, within=within)

    @pytest.mark.parametrize("laws", [[], [None], ["CASL"]])
    def test_in_a_set_of_laws_is_refused(self, laws):
        with pytest.raises(InvalidValue):
            strictest(*laws)
        with pytest.raises(InvalidValue):
            Laws(None)

    def test_in_a_question_is_refused(self):
        laws = laws_for("US")
        for ask in (
            lambda: asked(laws, [], subscriber="company"),
            lambda: laws.next_open(datetime(2026, 3, 2), channel="phone", zone="UTC"),
            lambda: laws.next_open(MONDAY, channel="phone", zone="Atlantis"),
            lambda: laws.next_open(MONDAY, channel="phone", zone=-5),
            lambda: laws_for("DE").request_due(MONDAY, zone=None),
            lambda: laws.missing_parts(["address"], channel="mail"),
            lambda: laws.opt_out_latest(MONDAY, "UTC"),
            lambda: laws.kept_until([MONDAY]),
            lambda: Response(touch="t", lead="i", at=MONDAY, kind="seen"),
        ):
            with pytest.raises(LeadlibError):
                ask()


class TestHostileQuestions:
    """No answer may be had by asking wrongly: hours of no channel would be all hours."""

    FLORIDA = laws_for("US-FL")

    @pytest.mark.parametrize(
        "bad", [None, 3, "", [3], {}, float("nan"), object()], ids=lambda bad: type(bad).__name__
    )
    def test_about_no_channel_are_refused(self, bad):
        for ask in (
            lambda: self.FLORIDA.hours(bad),
            lambda: self.FLORIDA.caps(bad),
            lambda: self.FLORIDA.parts(bad),
            lambda: self.FLORIDA.enough(bad),
            lambda: self.FLORIDA.next_open(MONDAY, channel=bad, zone=None),
            lambda: self.FLORIDA.open_on(MONDAY.date(), channel=bad, zone=None),
            lambda: self.FLORIDA.permission([], channel=bad, at=MONDAY),
        ):
            with pytest.raises(InvalidValue) as caught:
                ask()
            assert caught.value.where == "channel"

    @pytest.mark.parametrize(
        "bad", [3, "x", None, [3], object()], ids=lambda bad: type(bad).__name__
    )
    def test_with_no_lists_are_refused_by_name(self, bad):
        [cap] = self.FLORIDA.caps("phone")
        key = b"kept in a vault, 32 bytes of it."
        empty = SuppressionList.start(key)
        for place, ask in (
            ("earlier", lambda: cap.next_allowed(MONDAY, bad)),
            ("contacts", lambda: self.FLORIDA.kept_until(bad)),
            ("carried", lambda: self.FLORIDA.missing_parts(bad, channel="mail")),
            ("also", lambda: laws_for("DE", also=bad)),
            ("events", lambda: opt_outs(bad)),
            ("responses", lambda: with_responses(a_lead(), bad)),
            ("people", lambda: empty.add(bad, at=MONDAY, key=key)),
            ("day", lambda: self.FLORIDA.open_on(bad, channel="phone", zone=None)),
        ):
            with pytest.raises(InvalidValue) as caught:
                ask()
            assert caught.value.where == place
