"""
Each touch once, and none lost: when the zone of a contact is learned late, when leads are merged,
when a step waits while others go out, and when several cadences share one person.
"""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import attrs
import pytest
from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, MO, MONTHLY, TU, WEEKLY, rrule
from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, a_certificate, a_lead, an_inquiry
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import Attempted, Deferred, Erased, HandedBack, HandedOff, Merged, OptedOut
from leadlib.model import Consent, Lead
from leadlib.nurture import (
    Cadence,
    Cap,
    ContactPolicy,
    Enrolment,
    NotEnrolled,
    NotEnrolledReason,
    SentTouch,
    Step,
    TouchReason,
    TouchState,
    dry_run,
    due_together,
    enrol,
    laws_for,
    plan_together,
    schedule_callback,
)
from leadlib.worktime import WorkCalendar

EVERY_DAY = WorkCalendar(hours={day: [(time(9), time(17))] for day in range(7)})
ANY_HOUR = {day: [(time(0), time(0))] for day in range(7)}
LATE_EVENING = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)  # in Tokyo it is the day after
LONG_AGO = an_inquiry(at=datetime(1999, 1, 1, tzinfo=UTC))


def a_step(send="a", days=0, **more):
    return Step(send=send, after=relativedelta(days=days), **more)


def a_cadence(*steps, name="c", **more):
    return Cadence(name, steps=steps, **{"calendar": EVERY_DAY} | more)


def away(begin, end):
    proof = a_certificate("i-1", at=begin)
    gone = HandedOff(lead="i-1", at=begin, certificate=proof, to="sam", brief="b")
    return [gone, HandedBack(lead="i-1", at=end, reason="timing")]


def worked(ask, instants):
    """What a worker sends that asks at these instants, and when."""
    sent = []
    for now in instants:
        due = ask(now=now, sent=sent)
        sent += [touch.sent(at=now) for touch in due]
    return sent


def hourly(begin, hours):
    return [begin + n * HOUR for n in range(hours)]


class TestTheZoneIsLearnedLate:
    rhythms = st.sampled_from(
        [
            relativedelta(days=1),
            relativedelta(days=7),
            relativedelta(months=1),
            rrule(DAILY, interval=2),
            rrule(WEEKLY),
            rrule(WEEKLY, byweekday=[MO, TU]),
            rrule(WEEKLY, interval=2, byweekday=TU),
            rrule(MONTHLY, byweekday=TU(1)),
            rrule(MONTHLY, bymonthday=[2, 16]),
        ]
    )
    zones = st.sampled_from(["UTC", "Asia/Tokyo", "Pacific/Apia", "America/New_York", None])

    @pytest.mark.rule("000-24", part="a zone that is learned late")
    def test_news_of_a_week_goes_out_once_a_week(self):
        news = a_cadence(a_step("news", every=relativedelta(days=7)))

        def ask(now, sent):
            zone = None if now < datetime(2026, 3, 8, 12, tzinfo=UTC) else "Asia/Tokyo"
            return news.due(
                Lead(id="i-1", inquiries=[LONG_AGO]),
                enrolled=LATE_EVENING,
                now=now,
                zone=zone,
                sent=sent,
            )

        sent = worked(ask, hourly(datetime(2026, 3, 2, tzinfo=UTC), 20 * 24))

        assert [f"{each.at:%d %H}" for each in sent] == ["02 10", "08 10", "16 01"]

    @given(rhythms, zones, zones, st.integers(0, 23), st.integers(1, 30))
    def test_the_ids_of_a_rhythm_do_not_depend_on_the_zone(self, every, one, other, hour, days):
        """What stands in an outbox under its id is known there when the zone changes."""
        news = a_cadence(a_step("news", days, every=every))
        enrolled = LATE_EVENING + hour * HOUR
        plans = [
            news.plan(a_lead(), enrolled=enrolled, zone=zone, until=enrolled + 200 * DAY)
            for zone in (one, other)
        ]
        days = [{t.id: t.at.date().toordinal() for t in plan} for plan in plans]
        both = days[0].keys() & days[1].keys()

        assert len(both) >= min(map(len, days)) - 1
        assert all(abs(days[0][id_] - days[1][id_]) <= 14 for id_ in both)

    @settings(deadline=None)
    @example(rrule(MONTHLY, bymonthday=[2, 16]), "Asia/Tokyo", "UTC", 23, 193)  # caught up late
    @given(rhythms, zones, zones, st.integers(0, 23), st.integers(1, 60 * 24))
    def test_no_time_comes_twice_and_at_most_one_is_left_out(
        self, every, one, other, hour, learned
    ):
        news = a_cadence(a_step("news", every=every))
        enrolled = LATE_EVENING + hour * HOUR
        lead = Lead(id="i-1", inquiries=[LONG_AGO])
        learned_at = enrolled + learned * HOUR

        def ask(now, sent):
            zone = one if now < learned_at else other
            return news.due(lead, enrolled=enrolled, now=now, zone=zone, sent=sent)

        asked = [enrolled + n * 12 * HOUR for n in range(60 * 2)]
        sent = worked(ask, asked)
        alone = worked(
            lambda now, sent: news.due(lead, enrolled=enrolled, now=now, zone=other, sent=sent),
            asked,
        )

        assert abs(len(sent) - len(alone)) <= 1
        caught_up = next(at for at in [*asked, learned_at] if at >= learned_at)
        gaps = [b.at - a.at for a, b in pairwise(sent) if a.at != caught_up]
        usual = [b.at - a.at for a, b in pairwise(alone)]
        if "INTERVAL=2;BYDAY" not in str(every):  # which week that is depends on the first day
            assert all(gap >= min(usual) / 2 - DAY for gap in gaps if usual)
        assert len({each.id for each in sent}) == len(sent)

    def test_an_instant_that_a_store_has_rounded_is_the_same_enrolment(self):
        welcome = a_cadence(a_step("thanks"), a_step("news", 1, every=relativedelta(days=7)))
        exact = MONDAY + timedelta(microseconds=1)
        sent = [t.sent(at=t.at) for t in welcome.plan(a_lead(), enrolled=exact, until=exact + DAY)]
        again = welcome.plan(a_lead(), enrolled=MONDAY, sent=sent, until=MONDAY + 10 * DAY)

        assert [t.state for t in again] == [TouchState.SENT, TouchState.PLANNED, TouchState.PLANNED]


class TestMerged:
    LOSER = Lead(id="i-2", inquiries=[an_inquiry(id="i-2")])
    SURVIVOR = Lead(id="i-1", inquiries=[an_inquiry(), an_inquiry(id="i-2")])
    MERGED = Merged(lead="i-2", at=MONDAY + 3 * HOUR, into="i-1")

    def sent(self, cadence, until=2 * HOUR):
        plan = cadence.plan(self.LOSER, enrolled=MONDAY, until=MONDAY + until)
        return [touch.sent(at=touch.at) for touch in plan.planned]

    @pytest.mark.rule("000-25", part="merged")
    def test_what_went_out_to_the_loser_does_not_go_again(self):
        cadence = a_cadence(a_step("a"), a_step("b", 1))
        sent = self.sent(cadence)
        moved = [attrs.evolve(each, lead="i-1") for each in sent]
        asked = {"enrolled": MONDAY, "now": MONDAY + 3 * HOUR}

        assert len(sent) == 1
        assert cadence.due(self.SURVIVOR, sent=moved, **asked) == ()
        assert cadence.due(self.SURVIVOR, sent=sent, history=[self.MERGED], **asked) == ()
        [later] = cadence.due(self.SURVIVOR, sent=moved, enrolled=MONDAY, now=MONDAY + 2 * DAY)
        assert later.send == "b"

    def test_nor_the_time_of_a_track(self):
        track = a_cadence(a_step("news", every=relativedelta(days=7)))
        moved = [attrs.evolve(each, lead="i-1") for each in self.sent(track, 10 * DAY)]
        plan = track.plan(self.SURVIVOR, enrolled=MONDAY, sent=moved, until=MONDAY + 20 * DAY)

        assert [touch.state.value for touch in plan] == ["sent", "sent", "planned"]

    def test_what_went_out_under_another_id_keeps_it_and_takes_room_once(self):
        high = a_cadence(a_step("high"), name="high", priority=1)
        low = a_cadence(a_step("low"), name="low")
        made = [
            Enrolment(lead=self.SURVIVOR, cadence=each, at=MONDAY, zone=UTC) for each in (high, low)
        ]
        policy = ContactPolicy(hours=ANY_HOUR, caps=[Cap(2, relativedelta(days=7))])
        [record] = [attrs.evolve(each, lead="i-1") for each in self.sent(high)]
        first, second = plan_together(made, policy=policy, sent=[record])

        assert (first.id, first.state) == (record.id, TouchState.SENT)
        assert second.at == record.at

    def test_the_person_opted_out_whichever_lead_it_was_then(self):
        cadence = a_cadence(a_step("a"))
        out = OptedOut(lead="i-2", at=MONDAY + HOUR)
        [touch] = cadence.plan(self.SURVIVOR, enrolled=MONDAY, history=[out, self.MERGED])
        [apart] = cadence.plan(self.SURVIVOR, enrolled=MONDAY, history=[out])
        [lawful] = cadence.plan(
            self.SURVIVOR,
            enrolled=MONDAY,
            history=[out, self.MERGED],
            consents=[Consent(at=MONDAY, basis="express", channel="mail", by_person=True)],
        )

        assert touch.reasons == lawful.reasons == (TouchReason.OPT_OUT,)
        assert apart.state is TouchState.PLANNED
        erased = Erased(lead="i-2", at=MONDAY + HOUR)
        [gone] = cadence.plan(self.SURVIVOR, enrolled=MONDAY, history=[erased, self.MERGED])
        assert gone.reasons == (TouchReason.ERASED,)

    def test_what_the_loser_got_counts_in_the_caps(self):
        policy = ContactPolicy(hours=ANY_HOUR, caps=[Cap(1, relativedelta(days=7))])
        tried = Attempted(lead="i-2", at=MONDAY + 5 * HOUR)
        [other] = self.sent(a_cadence(a_step("x"), name="d"))
        asked = {"enrolled": MONDAY, "policy": policy, "zone": UTC}
        [one] = a_cadence(a_step("a")).plan(self.SURVIVOR, history=[tried, self.MERGED], **asked)
        [two] = a_cadence(a_step("a")).plan(
            self.SURVIVOR, sent=[other], history=[self.MERGED], **asked
        )

        assert [f"{touch.at:%d %H}" for touch in (one, two)] == ["09 14", "09 10"]

    def test_leads_may_be_merged_one_after_the_other(self):
        then = Merged(lead="i-3", at=MONDAY + HOUR, into="i-2")
        out = OptedOut(lead="i-3", at=MONDAY)
        [touch] = a_cadence(a_step("a")).plan(
            self.SURVIVOR, enrolled=MONDAY, history=[then, out, self.MERGED]
        )

        assert touch.reasons == (TouchReason.OPT_OUT,)

    @pytest.mark.parametrize("history", [[], [MERGED]])
    def test_nobody_starts_the_cadence_again(self, history):
        cadence = a_cadence(a_step("a"), a_step("b", 30))
        old = Enrolment(lead=self.LOSER, cadence=cadence, at=MONDAY)
        told = [attrs.evolve(self.SURVIVOR, inquiries=[an_inquiry()]), self.SURVIVOR][not history :]
        found = [
            enrol(lead, cadence, at=MONDAY + DAY, enrolments=[old], history=history)
            for lead in told
        ]

        assert all(isinstance(each, NotEnrolled) for each in found)

    def test_somebody_else_may(self):
        cadence = a_cadence(a_step("a"), a_step("b", 30))
        old = Enrolment(lead=self.LOSER, cadence=cadence, at=MONDAY)

        assert isinstance(enrol(a_lead(), cadence, at=MONDAY + DAY, enrolments=[old]), Enrolment)


class TestTwoKindsOfContacts:
    """Marketing, and what the person asked for: neither waits for the other or takes its room."""

    def test_a_held_marketing_step_is_not_passed_over_by_a_service_message(self):
        cadence = a_cadence(
            a_step("m1", 1), a_step("receipt", 2, purpose="service"), a_step("m2", 9)
        )
        history = away(MONDAY + HOUR, MONDAY + 5 * DAY)

        def ask(now, sent):
            known = [event for event in history if event.at <= now]
            return cadence.due(a_lead(), enrolled=MONDAY, now=now, sent=sent, history=known)

        sent = worked(ask, hourly(MONDAY, 24 * 30))

        assert [each.send for each in sent] == ["receipt", "m1", "m2"]

    def test_an_answer_does_not_wait_behind_marketing_that_a_cap_has_moved(self):
        cadence = a_cadence(a_step("m0"), a_step("m1"), a_step("answer", purpose="requested"))
        policy = ContactPolicy(hours=ANY_HOUR, caps=[Cap(1, relativedelta(days=30))])
        asked = {"enrolled": MONDAY, "policy": policy, "zone": UTC}
        plan = cadence.plan(a_lead(), **asked)
        sent = worked(
            lambda now, sent: cadence.due(a_lead(), now=now, sent=sent, **asked),
            hourly(MONDAY, 24 * 32),
        )

        assert [f"{touch.at:%m-%d}" for touch in plan] == ["03-02", "04-01", "03-02"]
        assert [(each.send, f"{each.at:%m-%d %H}") for each in sent] == [
            ("m0", "03-02 10"),
            ("answer", "03-02 11"),
            ("m1", "04-01 10"),
        ]

    def test_what_was_asked_for_takes_no_room_of_the_caps(self):
        cadence = a_cadence(a_step("answer", purpose="requested"), a_step("m1"))
        policy = ContactPolicy(hours=ANY_HOUR, caps=[Cap(1, relativedelta(days=30))])
        plan = cadence.plan(a_lead(), enrolled=MONDAY, policy=policy, zone=UTC)

        assert [f"{touch.at:%m-%d}" for touch in plan] == ["03-02", "03-02"]

    def test_answers_stay_in_their_order(self):
        asked = [a_step(f"{n}", n, purpose="requested") for n in range(3)]
        plan = a_cadence(*asked).plan(a_lead(), enrolled=MONDAY, now=MONDAY + 5 * DAY)
        [due] = a_cadence(*asked).due(a_lead(), enrolled=MONDAY, now=MONDAY + 5 * DAY + HOUR)

        assert [t.at for t in plan] == sorted(t.at for t in plan)
        assert due.send == "0"


class TestCapsOfHours:
    def test_a_daily_step_that_is_sent_late_loses_no_day(self):
        policy = ContactPolicy(hours=ANY_HOUR, caps=[Cap(1, timedelta(hours=24))])
        news = a_cadence(a_step("news", every=relativedelta(days=1)))

        def ask(now, sent):
            asked = {"policy": policy, "zone": UTC}
            return news.due(a_lead(), enrolled=MONDAY, now=now, sent=sent, **asked)

        late = timedelta(minutes=5)
        sent = worked(ask, [MONDAY + late + n * 10 * timedelta(minutes=1) for n in range(6 * 144)])

        assert [each.at.day for each in sent] == [2, 3, 4, 5, 6, 7]
        assert all(b.at - a.at >= 24 * HOUR for a, b in pairwise(sent))

    @pytest.mark.parametrize("late", [timedelta(minutes=5), 3 * HOUR])
    def test_a_worker_that_is_late_by_minutes_costs_no_day(self, late):
        policy = ContactPolicy(hours=ANY_HOUR, caps=[Cap(1, relativedelta(days=7))])
        weekly = a_cadence(a_step("a"), a_step("b", 7), a_step("c", 9))

        def ask(now, sent):
            return weekly.due(
                a_lead(), enrolled=MONDAY, now=now, sent=sent, policy=policy, zone=UTC
            )

        quarters = [MONDAY + late + n * timedelta(minutes=15) for n in range(4 * 24 * 25)]
        sent = worked(ask, quarters)

        assert [each.at.day for each in sent] == [2, 9, 16]
        assert all(b.at - a.at >= 7 * DAY for a, b in pairwise(sent))


class TestTogether:
    WEEKLY = ContactPolicy(hours=ANY_HOUR, caps=[Cap(1, relativedelta(days=7))])

    def made(self, *cadences):
        return [Enrolment(lead=a_lead(), cadence=each, at=MONDAY, zone=UTC) for each in cadences]

    def test_the_lower_does_not_take_the_room_that_the_higher_needs_tomorrow(self):
        high = a_cadence(a_step("high", 1), name="high", priority=1)
        low = a_cadence(a_step("low"), name="low")
        made = self.made(high, low)
        sent = worked(
            lambda now, sent: due_together(made, now=now, policy=self.WEEKLY, sent=sent),
            hourly(MONDAY, 24 * 12),
        )

        planned = plan_together(made, policy=self.WEEKLY).planned
        assert [(each.send, each.at) for each in sent] == [(t.send, t.at) for t in planned]
        assert [(each.send, each.at.day) for each in sent] == [("high", 3), ("low", 10)]

    @settings(deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.lists(st.integers(0, 20), min_size=1, max_size=4).map(sorted),
                st.integers(0, 2),
                st.sampled_from(["mail", "phone"]),
                st.sampled_from(["marketing", "service"]),
            ),
            min_size=1,
            max_size=4,
        ),
        st.lists(
            st.builds(
                Cap,
                st.integers(1, 2),
                st.sampled_from(
                    [relativedelta(days=1), relativedelta(days=7), timedelta(hours=30)]
                ),
                st.sampled_from([None, "mail"]),
            ),
            max_size=2,
        ),
        st.integers(0, 20 * 24),
        st.booleans(),
    )
    @pytest.mark.rule("000-22", part="several cadences at the moment of sending")
    def test_a_punctual_worker_sends_what_the_joint_plan_says(self, drawn, caps, later, track):
        cadences = [
            a_cadence(
                *[
                    a_step(f"{n} {m}", day, channel=channel, purpose=purpose)
                    for m, day in enumerate(days)
                ],
                *([a_step("news", every=relativedelta(days=5))] if track and not n else []),
                name=f"{n}",
                priority=rank,
            )
            for n, (days, rank, channel, purpose) in enumerate(drawn)
        ]
        made = self.made(*cadences)
        asked = {
            "policy": ContactPolicy(hours={d: [(time(8), time(20))] for d in range(5)}, caps=caps)
        }
        now = MONDAY + later * HOUR
        plan = plan_together(made, now=now, until=now + 40 * DAY, **asked)
        sent = []
        for touch in sorted(plan.planned, key=lambda touch: touch.at):
            if touch.id in {each.id for each in sent}:
                continue
            due = due_together(made, now=touch.at, sent=sent, **asked)
            assert touch.id in {each.id for each in due}
            sent += [each.sent(at=touch.at) for each in due]

        assert [(t.id, t.at) for t in sorted(plan.planned, key=lambda t: (t.at, t.id))] == [
            (each.id, each.at) for each in sorted(sent, key=lambda each: (each.at, each.id))
        ]

    def test_a_joint_plan_may_be_made_from_now_on(self):
        made = self.made(a_cadence(a_step("a"), a_step("b", 1)))
        plan = plan_together(made, now=MONDAY + 3 * DAY)

        assert [t.at.day for t in plan] == [5, 6]
        with pytest.raises(InvalidValue):
            plan_together(made, now=datetime(2026, 3, 5))


class TestOneProgrammeOfATheme:
    def test_who_opted_in_again_is_still_in_the_first(self):
        first = a_cadence(a_step("a"), a_step("b", 20))
        old = enrol(a_lead(), first, at=MONDAY)
        history = [OptedOut(lead="i-1", at=MONDAY + DAY)]
        consents = [Consent(at=MONDAY + 2 * DAY, basis="express", channel="mail", by_person=True)]
        other = a_cadence(a_step("a2"), name="d", theme="c")
        asked = {"at": MONDAY + 3 * DAY, "enrolments": [old], "history": history}
        found = enrol(a_lead(), other, consents=consents, **asked)

        assert found.reason is NotEnrolledReason.ALREADY_ENROLLED
        told = {"history": history, "consents": consents}
        assert old.is_running(MONDAY + 3 * DAY, **told)
        assert not old.is_running(MONDAY + 3 * DAY, history=history)
        assert not old.is_running(MONDAY + 3 * DAY, history=history, consents=[])

    def test_a_track_that_was_opted_out_of_runs_again_with_a_new_opt_in(self):
        track = a_cadence(a_step("news", every=relativedelta(days=7)))
        old = Enrolment(lead=a_lead(), cadence=track, at=MONDAY)
        history = [OptedOut(lead="i-1", at=MONDAY + DAY)]
        yes = Consent(at=MONDAY + 2 * DAY, basis="express", channel="mail", by_person=True)
        later = MONDAY + 3 * DAY

        assert not old.is_running(later, history=history, consents=[])
        assert old.is_running(later, history=history, consents=[yes])


class TestPauses:
    def test_five_pauses_of_two_minutes_cost_no_day(self):
        minute = timedelta(minutes=1)
        midnights = [datetime(2026, 3, 3 + n, tzinfo=UTC) for n in range(5)]
        history = [e for m in midnights for e in away(m - minute, m + minute)]
        [touch] = a_cadence(a_step("a", 10)).plan(a_lead(), enrolled=MONDAY, history=history)

        assert touch.at.day == 12

    def test_a_pause_costs_as_many_days_as_it_is_long(self):
        history = away(MONDAY + 2 * DAY, MONDAY + 7 * DAY + 2 * HOUR)
        [touch] = a_cadence(a_step("a", 10)).plan(a_lead(), enrolled=MONDAY, history=history)

        assert touch.at.day == 17


class TestOptOutWords:
    @pytest.mark.parametrize(
        "text",
        [
            "STOP",
            "stop.",
            "opt-out",
            "Opt\N{NON-BREAKING HYPHEN}out",
            "OPTOUT",
            "(stop)",
            "STOP ALL",
            "stopall",
            "opt out please",
            "Please stop!",
            "«Unsubscribe»",
            "end\n",
            "Stop, thanks",
        ],
    )
    def test_are_known_however_they_are_written(self, text):
        assert laws_for("US-NY").is_opt_out(text)

    @pytest.mark.parametrize(
        "text", ["stop by on monday", "the end", "no", "", "all", "please", "tell me all", "call"]
    )
    def test_other_replies_are_for_people_to_read(self, text):
        assert not laws_for("US-NY").is_opt_out(text)


class TestErrors:
    @pytest.mark.rule("law-9", part="words of a list")
    def test_what_is_no_word_of_a_list_is_not_shown(self):
        with pytest.raises(UnknownName) as caught:
            a_cadence(a_step()).plan(
                a_lead(), enrolled=MONDAY, consents=[], subscriber="ada.secret@example.com"
            )

        assert "ada" not in str(caught.value)
        assert caught.value.where == "subscriber"

    def test_but_a_slip_is(self):
        with pytest.raises(UnknownName, match="individal"):
            a_cadence(a_step()).plan(a_lead(), enrolled=MONDAY, consents=[], subscriber="individal")


class TestContradictions:
    @pytest.mark.parametrize("which", ["ends_on", "goal"])
    def test_what_ends_a_cadence_resumes_nothing(self, which):
        with pytest.raises(InvalidValue) as caught:
            a_cadence(a_step(), **{which: [HandedBack]})

        assert caught.value.where == "$.resumes_on"

    def test_what_ends_a_cadence_may_be_what_pauses_others(self):
        assert a_cadence(a_step(), goal=[HandedOff]).goal == (HandedOff,)


class TestCallBacks:
    def test_a_call_is_within_the_hours_of_those_who_call(self):
        late = WorkCalendar(hours={day: [(time(13), time(17))] for day in range(5)})
        promise = schedule_callback("i-1", asked=MONDAY, after=relativedelta(days=1), calendar=late)
        assert promise.at == datetime(2026, 3, 3, 13, tzinfo=UTC)

    def test_between_two_windows_it_waits_for_the_second(self):
        split = WorkCalendar(
            hours={d: [(time(9), time(12)), (time(14), time(17))] for d in range(5)}
        )
        promise = schedule_callback(
            "i-1", asked=MONDAY, after=relativedelta(days=1), calendar=split, at=time(12)
        )
        assert promise.at == datetime(2026, 3, 3, 14, tzinfo=UTC)

    def test_after_the_last_it_is_when_that_begins_and_so_never_late(self):
        promise = schedule_callback(
            "i-1", asked=MONDAY, after=relativedelta(days=1), calendar=WorkCalendar(), at=time(22)
        )
        assert promise.at == datetime(2026, 3, 3, 9, tzinfo=UTC)
        assert not promise.is_late(promise.at)


class TestRecordsOfOtherIds:
    """A record stands for the last time that was wanted when it went out, and for no other."""

    NEWS = staticmethod(lambda days: a_step("news", every=relativedelta(days=days)))

    def test_the_touches_of_two_merged_leads_take_no_time_that_is_still_to_come(self):
        cadence = a_cadence(a_step("offer", 32), self.NEWS(7))
        both = Lead(id="i-1", inquiries=[an_inquiry(), an_inquiry(id="i-2")])
        loser = Lead(id="i-2", inquiries=[an_inquiry(id="i-2")])
        end = MONDAY + 32 * DAY
        sent = [
            touch.sent(at=touch.at)
            for lead, since in ((a_lead(), MONDAY), (loser, MONDAY + 3 * DAY))
            for touch in cadence.plan(lead, enrolled=since, until=end).planned
        ]
        merged = Merged(lead="i-2", at=end, into="i-1")
        plan = cadence.plan(
            both, enrolled=MONDAY, sent=sent, history=[merged], now=end, until=end + 12 * DAY
        )

        assert [f"{t.send} {t.at:%m-%d}" for t in plan.planned] == [
            "offer 04-03",
            "news 04-06",
            "news 04-13",
        ]

    def test_news_that_was_sent_late_is_not_that_of_the_next_time(self):
        track = a_cadence(self.NEWS(30))
        late = MONDAY + 20 * DAY + HOUR
        [due] = track.due(a_lead(), enrolled=MONDAY, now=late)
        plans = [
            track.plan(a_lead(), enrolled=since, sent=[due.sent(at=late)], until=MONDAY + 50 * DAY)
            for since in (MONDAY, MONDAY - timedelta(microseconds=1))
        ]

        for plan in plans:
            assert [(t.state.value, f"{t.at:%m-%d}") for t in plan] == [
                ("sent", "03-22"),
                ("planned", "04-01"),
            ]

    @settings(deadline=None)
    @given(
        st.lists(st.integers(0, 20), max_size=3).map(sorted),
        st.integers(1, 20),
        st.lists(st.integers(1, 200), min_size=1, max_size=30),
        st.integers(0, 29),
    )
    def test_a_store_that_rounds_the_enrolment_sends_nothing_twice(self, delays, every, waits, cut):
        steps = [a_step(f"{n}", delay) for n, delay in enumerate(delays)]
        cadence = a_cadence(*steps, self.NEWS(every))
        exact = MONDAY + timedelta(microseconds=999)
        instants = [MONDAY + sum(waits[: n + 1]) * HOUR for n in range(len(waits))]

        def worker(rounded_from):
            sent = []
            for number, now in enumerate(instants):
                since = MONDAY if number >= rounded_from else exact
                due = cadence.due(a_lead(), enrolled=since, now=now, sent=sent)
                sent += [touch.sent(at=now) for touch in due]
            return [(each.send, each.at) for each in sent]

        rounded, unchanged = worker(cut), worker(len(instants))
        assert {*rounded} <= {*unchanged}  # nothing twice, and at most one time is left out
        assert len(rounded) >= len(unchanged) - 1


class TestMergedSegments:
    @pytest.mark.rule("000-25", part="merged, in a dry run")
    def test_a_dry_run_knows_what_the_loser_said_and_got(self):
        lead = TestMerged.SURVIVOR
        one = Enrolment(lead=lead, cadence=a_cadence(a_step("a"), a_step("b", 3)), at=MONDAY)
        chain = [
            Merged(lead="i-3", at=MONDAY, into="i-2"),
            Merged(lead="i-2", at=MONDAY + HOUR, into="i-1"),
        ]
        out = OptedOut(lead="i-3", at=MONDAY - DAY)
        got = SentTouch(id="x", lead="i-2", cadence="c", send="a", channel="mail", at=MONDAY)

        assert [*dry_run([one], history=[*chain, out]).stopped] == [TouchReason.OPT_OUT]
        run = dry_run([one], history=chain, sent=[got])
        assert run.plan("i-1") == plan_together([one], history=chain, sent=[got])
        assert [touch.state.value for touch in run.plan("i-1")] == ["sent", "planned"]

    def test_merges_in_a_circle_end(self):
        one = Enrolment(lead=a_lead(), cadence=a_cadence(a_step("a")), at=MONDAY)
        circle = [
            Merged(lead="i-1", at=MONDAY + DAY, into="i-2"),
            Merged(lead="i-2", at=MONDAY + DAY, into="i-1"),
        ]

        assert dry_run([one], history=circle).leads == 1

    def test_a_wish_of_the_loser_is_one_of_the_person(self):
        wish = Deferred(lead="i-2", at=MONDAY, not_before=MONDAY + 90 * DAY)
        merged = Merged(lead="i-2", at=MONDAY + HOUR, into="i-1")
        [touch] = a_cadence(a_step("a", 2)).plan(
            TestMerged.SURVIVOR, enrolled=MONDAY, history=[wish, merged]
        )

        assert f"{touch.at:%m-%d}" == "06-02"

    def test_and_gives_nobody_back_who_sales_has(self):
        taken = away(MONDAY, MONDAY + DAY)[0]
        wish = Deferred(lead="i-2", at=MONDAY + HOUR, not_before=MONDAY + 2 * DAY)
        merged = Merged(lead="i-2", at=MONDAY + 2 * HOUR, into="i-1")
        [touch] = a_cadence(a_step("a", 5)).plan(
            TestMerged.SURVIVOR, enrolled=MONDAY, history=[taken, wish, merged]
        )

        assert touch.reasons == (TouchReason.HAND_OFF,)


class TestRunning:
    def test_what_waits_for_ever_does_not_keep_a_programme_alive_that_has_gone_on(self):
        waits = a_step("thanks", 3, only_after="clicked")
        made = Enrolment(
            lead=a_lead(),
            cadence=a_cadence(a_step("offer"), waits, a_step("reminder", 7)),
            at=MONDAY,
        )

        assert made.is_running(MONDAY + 6 * DAY)
        assert not made.is_running(MONDAY + 365 * DAY)

    def test_a_track_of_one_channel_that_was_opted_out_of_has_ended(self):
        track = a_cadence(a_step("news", every=relativedelta(days=7)))
        made = Enrolment(lead=a_lead(), cadence=track, at=MONDAY)
        out = [OptedOut(lead="i-1", at=MONDAY + DAY, channel="mail")]

        assert not made.is_running(MONDAY + 2 * DAY, history=out)
        assert made.is_running(MONDAY + 2 * DAY, history=[attrs.evolve(out[0], channel="phone")])

    def test_what_was_not_sent_is_still_to_come(self):
        made = Enrolment(lead=a_lead(), cadence=a_cadence(a_step("a"), a_step("b", 1)), at=MONDAY)
        sent = [touch.sent(at=touch.at) for touch in made.cadence.plan(a_lead(), enrolled=MONDAY)]
        asked = {"at": MONDAY + 3 * DAY, "enrolments": [made]}
        other = a_cadence(a_step("x"), name="d", theme="c")

        assert not made.is_running(MONDAY + 3 * DAY)
        assert made.is_running(MONDAY + 3 * DAY, sent=[])
        assert made.is_running(MONDAY + 3 * DAY, sent=sent[:1])
        assert not made.is_running(MONDAY + 3 * DAY, sent=sent)
        assert not enrol(a_lead(), other, sent=[], **asked)
        assert enrol(a_lead(), other, sent=sent, **asked)


class TestCallBacksOfTheNight:
    @pytest.mark.parametrize(
        ("window", "hour"),
        [((time(9), time(0)), 10), ((time(0), time(0)), 10), ((time(22), time(6)), 22)],
    )
    def test_are_on_the_day_that_was_asked_for(self, window, hour):
        calendar = WorkCalendar(hours={day: [window] for day in range(7)})
        promise = schedule_callback(
            "i-1", asked=MONDAY, after=relativedelta(days=1), calendar=calendar
        )

        assert promise.at == datetime(2026, 3, 3, hour, tzinfo=UTC)
        assert not promise.is_late(promise.at)
        assert not promise.is_moved


class TestTheSameRule:
    def test_is_equal_whenever_it_was_written_down(self):
        rules = [rrule(MONTHLY, byweekday=TU(1), dtstart=datetime(2026, 1, day)) for day in (1, 2)]
        one, two = (a_step("news", every=rule) for rule in rules)

        assert one == two
        assert one != a_step("news", every=rrule(MONTHLY, byweekday=TU(2)))
        assert hash(one) == hash(two)
