"""A touch goes out only where the person may be contacted, at that instant, for that purpose."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, a_lead, an_inquiry
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import Attempted, Erased, OptedOut
from leadlib.model import Consent, Lead, OptOut, Purpose
from leadlib.nurture import (
    CAN_SPAM,
    CASL,
    GDPR,
    TCPA,
    UWG,
    Cadence,
    ContactPolicy,
    Enrolment,
    NotEnrolledReason,
    Response,
    Step,
    SuppressionList,
    TouchReason,
    TouchState,
    dry_run,
    due_together,
    enrol,
    laws_for,
    opt_outs,
    plan_together,
    strictest,
    with_responses,
)
from leadlib.worktime import WorkCalendar

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
EVERY_DAY = WorkCalendar(hours={day: [(time(9), time(17))] for day in range(7)})
KEY = b"thirty-two bytes kept elsewhere."
PROOF = {"how": "form", "wording": "v1", "source": "web"}


def a_cadence(*delays, channel="mail", at=time(10), **more):
    steps = [
        Step(send=f"m{n}", after=delay, channel=channel, **more) for n, delay in enumerate(delays)
    ]
    return Cadence("drip", steps=steps, calendar=EVERY_DAY, at=at)


def days(*counts):
    return [relativedelta(days=count) for count in counts]


def by_law(*laws, **more):
    return ContactPolicy(laws=strictest(*laws), **more)


def express(at=MONDAY, **more):
    return Consent(at=at, basis="express", channel="mail", by_person=True, **PROOF, **more)


def states(plan):
    return [touch.state.value for touch in plan]


class TestResponses:
    @pytest.mark.rule("000-20", part="what came back to a touch")
    @pytest.mark.parametrize("kind", ["opted out", "complained"])
    def test_who_opts_out_or_complains_by_a_response_gets_no_more(self, kind):
        said = Response(touch="t-1", lead="i-1", at=MONDAY + DAY, kind=kind)
        click = Response(touch="t-1", lead="i-1", at=MONDAY + DAY, kind="clicked")
        cadence = a_cadence(*days(0, 5))
        asked = {"enrolled": MONDAY, "policy": by_law(CAN_SPAM), "zone": UTC}

        assert states(cadence.plan(a_lead(), consents=opt_outs([click]), **asked)) == [
            "planned",
            "planned",
        ]
        plan = cadence.plan(a_lead(), consents=opt_outs([click, said]), **asked)
        assert states(plan) == ["planned", "cancelled"]
        assert plan[1].reasons == (TouchReason.OPT_OUT,)

    def test_what_the_docs_wait_for_is_what_responses_say(self):
        steps = [
            Step(send="call", after=relativedelta(days=3), unless="replied"),
            Step(send="visit", after=relativedelta(days=4), only_after="clicked"),
        ]
        back = [
            Response(touch="t-1", lead="i-1", at=MONDAY + DAY, kind=kind)
            for kind in ("replied", "clicked")
        ]
        told = with_responses(a_lead(), back)
        plan = Cadence("c", steps=steps, calendar=EVERY_DAY).plan(told, enrolled=MONDAY)

        assert states(plan) == ["cancelled", "planned"]


class TestLaws:
    @pytest.mark.rule("000-24", part="consent expires")
    def test_steps_beyond_the_expiry_of_an_implied_consent_are_held(self):
        """CASL: an inquiry of 31 August 2026 carries until 28 February 2027."""
        asked = datetime(2026, 8, 31, 9, tzinfo=UTC)
        cadence = a_cadence(*days(0, 90, 180), relativedelta(months=6), relativedelta(months=7))
        given = {"enrolled": asked, "zone": "America/Toronto", "policy": by_law(CASL)}
        inquiry = Consent(at=asked, basis="inquiry", channel="mail", by_person=True)
        plan = cadence.plan(a_lead(), consents=[inquiry], **given)
        later = Consent(
            at=asked + 100 * DAY, basis="express", channel="mail", by_person=True, **PROOF
        )

        assert states(plan) == ["planned"] * 3 + ["held"] * 2
        assert plan[3].reasons == (TouchReason.CONSENT,)
        assert "expired" in plan[3].why
        assert states(cadence.plan(a_lead(), consents=[inquiry, later], **given)) == ["planned"] * 5

    def test_where_consent_is_needed_nothing_goes_out_without(self):
        given = {"enrolled": MONDAY, "zone": BERLIN, "policy": by_law(GDPR, UWG)}
        cadence = a_cadence(*days(0, 1))

        assert states(cadence.plan(a_lead(), **given)) == ["held"] * 2
        assert cadence.due(a_lead(), now=MONDAY + 2 * HOUR, **given) == ()
        assert states(cadence.plan(a_lead(), consents=[express()], **given)) == ["planned"] * 2

    def test_where_it_is_not_an_opt_out_is_enough(self):
        given = {"enrolled": MONDAY, "zone": NEW_YORK, "policy": by_law(CAN_SPAM)}
        out = OptedOut(lead="i-1", at=MONDAY + DAY)
        plan = a_cadence(*days(0, 1, 2)).plan(a_lead(), history=[out], **given)

        assert states(plan) == ["planned", "cancelled", "cancelled"]
        assert plan[1].reasons == (TouchReason.OPT_OUT,)

    def test_only_the_own_opt_in_of_the_person_clears_an_opt_out(self):
        given = {"enrolled": MONDAY, "zone": NEW_YORK, "policy": by_law(CAN_SPAM)}
        out = OptedOut(lead="i-1", at=MONDAY + DAY)
        imported = Consent(at=MONDAY + 2 * DAY, basis="express", channel="mail", **PROOF)
        own = express(at=MONDAY + 2 * DAY)
        cadence = a_cadence(*days(0, 1, 3))

        for record, last in ((imported, "cancelled"), (own, "planned")):
            plan = cadence.plan(a_lead(), history=[out], consents=[record], **given)
            assert states(plan) == ["planned", "cancelled", last]

    def test_of_calls_set_the_hours(self):
        """TCPA: half past nine in the evening becomes eight the next day."""
        cadence = a_cadence(*days(0), channel="phone", at=time(21, 30))
        enrolled = datetime(2026, 1, 21, 9, tzinfo=NEW_YORK)
        consent = Consent(at=enrolled, basis="express", channel="phone", by_person=True, **PROOF)
        given = {"enrolled": enrolled, "policy": by_law(TCPA), "consents": [consent]}
        [touch] = cadence.plan(a_lead(), zone=NEW_YORK, **given)

        assert touch.at == datetime(2026, 1, 22, 8, tzinfo=NEW_YORK)
        assert touch.reasons == (TouchReason.QUIET,)

    @pytest.mark.rule("000-24", part="an unknown zone")
    @pytest.mark.parametrize(("month", "day", "opens"), [(1, 21, 13), (7, 15, 14)])
    def test_of_calls_into_an_unknown_zone_take_what_all_zones_have(self, month, day, opens):
        """From eight in Honolulu to nine in the evening in New York."""
        known = Lead(id="i-1", inquiries=[an_inquiry(at=datetime(2020, 1, 1, tzinfo=UTC))])
        morning = datetime(2026, month, day, 9, tzinfo=NEW_YORK)
        calendar = WorkCalendar(zone=NEW_YORK, hours=EVERY_DAY.hours)
        step = Step(send="call", after=relativedelta(), channel="phone")
        cadence = Cadence("calls", steps=[step], calendar=calendar)
        consent = Consent(
            at=morning - 30 * DAY, basis="express", channel="phone", by_person=True, **PROOF
        )
        asked = {"policy": by_law(TCPA), "consents": [consent]}
        [touch] = cadence.plan(known, enrolled=morning, **asked)
        late = morning.replace(hour=20, minute=59)

        assert touch.at == morning.replace(hour=opens)
        assert len(cadence.due(known, enrolled=morning, now=late, **asked)) == 1
        assert cadence.due(known, enrolled=morning, now=late + timedelta(minutes=1), **asked) == ()

    @pytest.mark.rule("L10", part="in a plan")
    def test_of_florida_let_the_fourth_call_in_a_day_wait(self):
        florida = ContactPolicy(laws=laws_for("US-FL"))
        calls = [Attempted(lead="i-1", at=MONDAY + n * HOUR) for n in (5, 6, 7)]
        consent = Consent(at=MONDAY, basis="express", channel="phone", by_person=True, **PROOF)
        cadence = a_cadence(*days(0), channel="phone", at=time(15))
        [touch] = cadence.plan(
            a_lead(),
            enrolled=MONDAY,
            zone=NEW_YORK,
            policy=florida,
            history=calls,
            consents=[consent],
        )

        assert touch.at == datetime(2026, 3, 3, 15, tzinfo=NEW_YORK)
        assert "at most 3 contacts by " in touch.why
        assert touch.why.endswith("in 24 hours by law")

    def test_of_an_unknown_place_the_strictest_of_all_count(self):
        nowhere = ContactPolicy(laws=laws_for(None))
        call = a_cadence(*days(0), channel="phone").plan(
            a_lead(), enrolled=MONDAY, policy=nowhere, consents=[]
        )
        mail = a_cadence(*days(0)).plan(
            a_lead(), enrolled=MONDAY, policy=nowhere, consents=[express()]
        )

        assert [touch.reasons for touch in call] == [(TouchReason.NO_DAY,)]
        assert states(mail) == ["planned"]

    def test_contradict_hours_of_the_house_that_they_never_allow(self):
        night = {day: [(time(22), time(23))] for day in range(7)}
        with pytest.raises(InvalidValue, match="quiet at all hours by ") as caught:
            by_law(TCPA, hours=night)

        assert caught.value.where == "$.quiet"
        with pytest.raises(InvalidValue):
            ContactPolicy(laws="US")

    def test_are_named_with_the_policy(self):
        assert str(by_law(CAN_SPAM, CASL)) == "Mon-Sun at all hours; CASL, CAN-SPAM"


class TestRecords:
    def test_without_laws_any_ground_is_asked_for(self):
        cadence = a_cadence(*days(0, 2))
        inquiry = Consent(at=MONDAY, basis="inquiry", channel="mail", by_person=True)
        given = {"enrolled": MONDAY, "consents": [inquiry]}

        assert states(cadence.plan(a_lead(), **given)) == ["planned"] * 2
        assert states(cadence.plan(a_lead(), enrolled=MONDAY, consents=[])) == ["held"] * 2

    def test_an_opt_in_that_waits_lets_the_confirmation_out_and_nothing_else(self):
        steps = [
            Step(send="please confirm", after=relativedelta(), purpose=Purpose.CONFIRMATION),
            Step(send="welcome", after=relativedelta(days=1)),
        ]
        cadence = Cadence("double opt-in", steps=steps, calendar=EVERY_DAY)
        waiting = express(is_pending=True)
        given = {"enrolled": MONDAY, "zone": BERLIN, "policy": by_law(GDPR, UWG)}
        plan = cadence.plan(a_lead(), consents=[waiting], **given)
        confirmed = cadence.plan(a_lead(), consents=[waiting, express(at=MONDAY + HOUR)], **given)

        assert states(plan) == ["planned", "held"]
        assert "not confirmed" in plan[1].why
        assert states(confirmed) == ["planned", "planned"]

    def test_an_opt_out_of_one_topic_holds_back_what_may_be_about_it(self):
        about = [
            Step(send=f"{topic}", after=relativedelta(), topic=topic)
            for topic in ("filling", "cleaning", None)
        ]
        cadence = Cadence("topics", steps=about, calendar=EVERY_DAY)
        records = [express(), OptOut(at=MONDAY + HOUR / 2, channel="mail", topic="filling")]
        plan = cadence.plan(a_lead(), enrolled=MONDAY, consents=records)

        assert states(plan) == ["cancelled", "planned", "cancelled"]

    @pytest.mark.rule("6.1", part="A13, suppression")
    def test_whoever_is_on_the_suppression_list_stays_out_after_a_new_import(self):
        bob = a_lead()
        listed = SuppressionList.start(KEY).add([bob], at=MONDAY, key=KEY)
        again = Lead(id="new", inquiries=[an_inquiry(id="new", at=MONDAY + 30 * DAY)])
        records = [express(at=MONDAY - DAY), *listed.opt_outs(again, key=KEY)]
        plan = a_cadence(*days(0)).plan(again, enrolled=MONDAY + 30 * DAY, consents=records)

        assert [touch.reasons for touch in plan] == [(TouchReason.SUPPRESSED,)]
        assert states(plan) == ["cancelled"]

    def test_an_erasure_ends_what_was_asked_for_too(self):
        step = Step(send="receipt", after=relativedelta(), purpose="service")
        cadence = Cadence("service", steps=[step], calendar=EVERY_DAY)
        ground = Consent(at=MONDAY, basis="contract", channel="mail", purpose="service")
        gone = Erased(lead="i-1", at=MONDAY + HOUR / 2)
        given = {"enrolled": MONDAY, "consents": [ground]}

        assert states(cadence.plan(a_lead(), **given)) == ["planned"]
        assert states(cadence.plan(a_lead(), history=[gone], **given)) == ["cancelled"]

    def test_are_asked_again_at_the_moment_of_sending(self):
        cadence = a_cadence(*days(0))
        ends = express(expires=MONDAY + 2 * DAY)
        given = {"enrolled": MONDAY, "consents": [ends]}

        assert len(cadence.due(a_lead(), now=MONDAY + DAY, **given)) == 1
        assert cadence.due(a_lead(), now=MONDAY + 2 * DAY, **given) == ()

    def test_what_waited_for_them_goes_out_once_they_are_given(self):
        cadence = a_cadence(*days(0, 1, 5))
        given = express(at=MONDAY + 2 * DAY)
        asked = {"enrolled": MONDAY, "consents": [given]}
        held, _, _ = cadence.plan(a_lead(), **asked)
        before, after = (
            cadence.due(a_lead(), now=given.at + minute, **asked)
            for minute in (-timedelta(minutes=1), timedelta(minutes=1))
        )
        [first] = after

        assert (before, first.id) == ((), held.id)
        assert first.why == "moved from 2026-03-02: not sent in time"

    def test_what_may_not_go_out_does_not_hold_up_what_may(self):
        steps = [
            Step(send="mail", after=relativedelta()),
            Step(send="letter", after=relativedelta(days=1), channel="post"),
        ]
        cadence = Cadence("c", steps=steps, calendar=EVERY_DAY)
        letters = Consent(at=MONDAY, basis="express", channel="post", by_person=True, **PROOF)
        records = [express(expires=MONDAY + 3 * HOUR), letters]
        [touch] = cadence.due(a_lead(), enrolled=MONDAY, now=MONDAY + 2 * DAY, consents=records)

        assert touch.send == "letter"

    def test_reach_all_cadences_of_a_person_and_whole_segments(self):
        one = Enrolment(lead=a_lead(), cadence=a_cadence(*days(0, 5)), at=MONDAY, zone=UTC)
        refused = {"i-1": [express(), OptOut(at=MONDAY + DAY, channel="mail")]}
        run = dry_run([one], consents=refused)

        assert states(plan_together([one], consents=refused["i-1"])) == ["planned", "cancelled"]
        assert due_together([one], now=MONDAY + 2 * DAY, consents=refused["i-1"]) == ()
        assert len(due_together([one], now=MONDAY + 2 * HOUR, consents=refused["i-1"])) == 1
        assert (run.planned, run.stopped) == (1, {TouchReason.OPT_OUT: 1})
        assert dry_run([one], consents={}).planned == 0
        assert dry_run([one], policy=by_law(GDPR)).planned == 0

    def test_nobody_is_let_in_who_may_not_be_contacted_at_all(self):
        cadence = a_cadence(*days(0))
        out = OptedOut(lead="i-1", at=MONDAY - DAY)
        waiting = express(at=MONDAY - 2 * DAY)
        back = express(at=MONDAY - HOUR)
        given = {"at": MONDAY, "history": [out]}

        assert enrol(a_lead(), cadence, **given).reason is NotEnrolledReason.ENDED
        refused = enrol(a_lead(), cadence, consents=[waiting], **given)
        assert refused.reason is NotEnrolledReason.NO_CHANNEL
        assert refused.why.endswith("not allowed: opted out since 2026-03-01")
        assert isinstance(enrol(a_lead(), cadence, consents=[back], **given), Enrolment)
        strict = enrol(a_lead(), cadence, at=MONDAY, policy=by_law(GDPR))
        assert strict.reason is NotEnrolledReason.NO_CHANNEL

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            ({"consents": 3}, InvalidValue),
            ({"consents": ["yes"]}, InvalidValue),
            ({"consents": [], "subscriber": "nobody"}, UnknownName),
            ({"policy": "strict"}, InvalidValue),
        ],
    )
    def test_refuse_what_is_none(self, given, error):
        with pytest.raises(error):
            a_cadence(*days(0)).plan(a_lead(), enrolled=MONDAY, **given)


class TestLaw:
    hours_later = st.integers(-5 * 24, 60 * 24)
    records = st.lists(
        st.one_of(
            st.builds(
                lambda n, basis, own, days: Consent(
                    at=MONDAY + n * HOUR,
                    basis=basis,
                    channel="mail",
                    by_person=own,
                    expires=MONDAY + n * HOUR + days * DAY,
                    **PROOF,
                ),
                hours_later,
                st.sampled_from(["express", "inquiry", "purchase"]),
                st.booleans(),
                st.integers(1, 60),
            ),
            st.builds(lambda n: OptOut(at=MONDAY + n * HOUR), hours_later),
        ),
        max_size=5,
    )

    @pytest.mark.rule("000-24", part="consent at every touch")
    @given(
        records, st.sampled_from([CAN_SPAM, CASL, GDPR]), st.lists(st.integers(0, 60), min_size=1)
    )
    def test_no_touch_without_a_permission_at_its_instant(self, records, law, delays):
        laws = strictest(law)
        plan = a_cadence(*days(*sorted(delays))).plan(
            a_lead(), enrolled=MONDAY, zone=UTC, policy=ContactPolicy(laws=laws), consents=records
        )

        for touch in plan:
            allowed = bool(laws.permission(records, channel="mail", at=touch.at))
            assert allowed is (touch.state is TouchState.PLANNED)
