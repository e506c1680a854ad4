"""Programmes: who is let in, branches, tracks, several cadences of one person, and their design."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, HOURLY, MONTHLY, TU, WEEKLY, YEARLY, rrule

from builders import DAY, HOUR, MONDAY, NEED, a_certificate, a_lead, an_inquiry
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.lifecycle import (
    STANDARD,
    WATERFALL,
    CallbackScheduled,
    Deferred,
    Erased,
    HandedBack,
    HandedOff,
    Inquired,
    OptedOut,
    Parked,
    Qualified,
    ReturnReason,
    Reviewed,
    Triaged,
    Won,
)
from leadlib.metrics import StageLog, funnel
from leadlib.model import Lead, Team
from leadlib.nurture import (
    Cadence,
    Cap,
    ChangeKind,
    ContactPolicy,
    Enrolment,
    FlawKind,
    NotEnrolledReason,
    Plan,
    SentTouch,
    Step,
    Template,
    TouchReason,
    TouchState,
    activities,
    channel_mix,
    dry_run,
    due_together,
    enrol,
    plan_together,
    schedule_callback,
)
from leadlib.qualification import Event
from leadlib.worktime import WorkCalendar, hours, working_days

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkCalendar(zone=BERLIN)
EVERY_DAY = WorkCalendar(hours={day: [(time(9), time(17))] for day in range(7)})
ONE_A_DAY = ContactPolicy(caps=[Cap(1, relativedelta(days=1))])
TODAY = relativedelta()


def a_step(send="a", days=0, **more):
    return Step(send=send, after=relativedelta(days=days), **more)


def a_cadence(*steps, name="c", **more):
    return Cadence(name, steps=steps or [a_step()], **{"calendar": EVERY_DAY} | more)


def a_hand_off(at):
    proof = a_certificate("i-1", at=at)
    return HandedOff(lead="i-1", at=at, certificate=proof, to="sam", brief="b")


def saying(*kinds, at=MONDAY + HOUR):
    answers = [an_inquiry(id=f"r-{kind}", at=at, kind=kind) for kind in kinds]
    return Lead(id="i-1", inquiries=[an_inquiry(), *answers])


class TestBranches:
    CADENCE = a_cadence(
        a_step("offer"),
        a_step("thanks", 3, only_after="click"),
        a_step("reminder", 3, unless=("click", Reviewed)),
    )

    def states(self, lead, history=()):
        plan = self.CADENCE.plan(lead, enrolled=MONDAY, history=history)
        return {touch.send: (touch.state.value, *touch.reasons) for touch in plan}

    @pytest.mark.rule("000-18", part="an event and a no-event branch")
    def test_without_an_answer_the_reminder_goes_out(self):
        assert self.states(a_lead()) == {
            "offer": ("planned",),
            "thanks": ("held", TouchReason.WAITS),
            "reminder": ("planned",),
        }

    @pytest.mark.rule("000-18", part="an event and a no-event branch")
    def test_with_an_answer_the_thanks_do(self):
        assert self.states(saying("click")) == {
            "offer": ("planned",),
            "thanks": ("planned",),
            "reminder": ("cancelled", TouchReason.ANSWERED),
        }

    def test_events_of_the_log_are_answers_too(self):
        history = [Reviewed(lead="i-1", at=MONDAY + DAY)]

        assert self.states(a_lead(), history)["reminder"][0] == "cancelled"

    def test_what_was_before_the_enrolment_is_no_answer(self):
        lead = saying("click", at=MONDAY - DAY)
        history = [Reviewed(lead="i-1", at=MONDAY - DAY)]

        assert self.states(lead, history)["reminder"] == ("planned",)

    def test_a_late_answer_moves_the_step_behind_it(self):
        lead = saying("click", at=MONDAY + 5 * DAY)
        touch = self.CADENCE.plan(lead, enrolled=MONDAY)[1]

        assert touch.at == datetime(2026, 3, 7, 10, tzinfo=UTC)
        assert touch.why == "moved from 2026-03-05: waited for click"

    def test_conditions_are_asked_as_of_the_touch(self):
        recent = Event("click", within="5 days") >= 1
        cadence = a_cadence(a_step("b", 3, only_if=recent), a_step("c", 9, only_if=recent))
        plan = cadence.plan(saying("click"), enrolled=MONDAY)

        assert [touch.state.value for touch in plan] == ["planned", "held"]

    def test_conditions_are_asked_again_at_the_moment_of_sending(self):
        recent = Event("click", within="5 days") >= 1
        cadence = a_cadence(a_step("a", 3, only_if=recent), a_step("b", 4))
        asked = {"enrolled": MONDAY}
        [soon] = cadence.due(saying("click"), now=MONDAY + 4 * DAY, **asked)
        [late] = cadence.due(saying("click"), now=MONDAY + 6 * DAY, **asked)

        assert (soon.send, late.send) == ("a", "b")

    def test_a_step_that_was_passed_over_does_not_come_late(self):
        first = self.CADENCE.plan(a_lead(), enrolled=MONDAY)
        sent = [touch.sent(at=touch.at) for touch in first.planned]
        plan = self.CADENCE.plan(saying("click", at=MONDAY + 9 * DAY), enrolled=MONDAY, sent=sent)

        assert [touch.state.value for touch in plan] == ["sent", "cancelled", "sent"]
        assert plan[1].reasons == (TouchReason.PASSED_OVER,)

    @pytest.mark.parametrize("given", [1, [1], [int], [HOUR]])
    def test_refuse_what_is_no_happening(self, given):
        with pytest.raises(InvalidValue) as caught:
            a_step(unless=given)

        assert caught.value.where == "$.unless"

    def test_refuse_rules_that_contradict_each_other(self):
        with pytest.raises(InvalidValue, match="other happenings") as caught:
            a_step(only_after=["click", "reply"], unless="reply")

        assert caught.value.where == "$.unless"


class TestTracks:
    @pytest.mark.rule("004-35", part="the low-frequency programme")
    def test_go_on_for_ever_and_are_taken_one_by_one(self):
        news = a_step("news", 0, every=relativedelta(months=3))
        cadence = a_cadence(news, calendar=OFFICE)
        touches = cadence.touches(a_lead(), enrolled=MONDAY)
        days = [next(touches).at.date().isoformat() for _ in range(5)]

        assert days == ["2026-03-02", "2026-06-02", "2026-09-02", "2026-12-02", "2027-03-02"]
        assert cadence.is_endless
        with pytest.raises(InvalidValue) as caught:
            cadence.plan(a_lead(), enrolled=MONDAY)
        assert caught.value.where == "until"

    def test_by_a_rule_fall_on_its_days(self):
        news = a_step("news", every=rrule(MONTHLY, byweekday=TU(1)))
        plan = a_cadence(news).plan(a_lead(), enrolled=MONDAY, until=MONDAY + 100 * DAY)

        assert [f"{t.at:%a %d %b}" for t in plan] == [
            "Tue 03 Mar",
            "Tue 07 Apr",
            "Tue 05 May",
            "Tue 02 Jun",
        ]

    def test_end_after_so_many_times(self):
        news = a_step("news", every=relativedelta(days=7), times=3)
        counted = a_step("count", every=rrule(WEEKLY, count=2))
        plan = a_cadence(news, counted).plan(a_lead(), enrolled=MONDAY)

        assert [touch.send for touch in plan] == ["news", "count", "news", "count", "news"]
        assert len({touch.id for touch in plan}) == 5

    def test_end_where_their_rule_ends(self):
        end = datetime(2026, 3, 16)  # a local day, whatever the hour
        news = a_step("news", every=rrule(WEEKLY, dtstart=datetime(2020, 1, 1), until=end))
        plan = a_cadence(news).plan(a_lead(), enrolled=MONDAY)

        assert [touch.at.day for touch in plan] == [2, 9, 16]

    def test_go_among_the_single_steps(self):
        plan = a_cadence(
            a_step("a", 0), a_step("b", 10), a_step("n", 4, every=relativedelta(days=4), times=2)
        )

        assert [t.send for t in plan.plan(a_lead(), enrolled=MONDAY)] == ["a", "n", "n", "b"]

    def test_of_what_was_missed_only_the_latest_is_due(self):
        cadence = a_cadence(a_step("news", every=relativedelta(days=7)))
        now = MONDAY + 22 * DAY
        [touch] = cadence.due(a_lead(), enrolled=MONDAY, now=now)
        sent = [touch.sent(at=now)]

        assert touch.why == "moved from 2026-03-23: not sent in time"
        assert cadence.due(a_lead(), enrolled=MONDAY, now=now, sent=sent) == ()
        plan = cadence.plan(a_lead(), enrolled=MONDAY, sent=sent, until=now + 14 * DAY)
        states = [touch.state.value for touch in plan]
        assert states == ["cancelled"] * 3 + ["sent"] + ["planned"] * 2

    def test_what_falls_into_the_hands_of_sales_is_left_out(self):
        cadence = a_cadence(a_step("news", every=relativedelta(days=7)))
        history = [
            a_hand_off(MONDAY + 3 * DAY),
            HandedBack(lead="i-1", at=MONDAY + 17 * DAY, reason="timing"),
        ]
        plan = cadence.plan(a_lead(), enrolled=MONDAY, history=history, until=MONDAY + 30 * DAY)

        states = [touch.state.value for touch in plan]
        assert states == ["planned", "cancelled", "cancelled", "planned", "planned"]

    @pytest.mark.parametrize(
        "every",
        [
            relativedelta(days=0),
            relativedelta(days=-1),
            relativedelta(hours=5),
            relativedelta(years=11),
            rrule(HOURLY, count=3),
            rrule(DAILY, byhour=3),
            rrule(YEARLY, byeaster=0),
            rrule(MONTHLY, bymonth=2, bymonthday=30),
            rrule(DAILY, bymonth=2, bymonthday=30),
            timedelta(days=7),
            "FREQ=DAILY",
        ],
    )
    def test_refuse_what_is_no_rhythm(self, every):
        with pytest.raises(InvalidValue) as caught:
            a_step(every=every)

        assert caught.value.where == "$.every"

    @pytest.mark.parametrize("times", [0, -1, True, 1.5, "3"])
    def test_refuse_what_is_no_number_of_times(self, times):
        with pytest.raises(InvalidValue) as caught:
            a_step(every=relativedelta(days=7), times=times)

        assert caught.value.where == "$.times"

    def test_times_need_a_rhythm(self):
        with pytest.raises(InvalidValue, match="together with every"):
            a_step(times=3)

    def test_a_plan_is_bounded(self):
        cadence = a_cadence(*(a_step(f"{n}", every=relativedelta(days=1)) for n in range(20)))
        with pytest.raises(LimitExceeded):
            cadence.plan(a_lead(), enrolled=MONDAY, until=MONDAY + 40_000 * DAY)


class TestHandOver:
    CADENCE = a_cadence(*(a_step(f"m{n}", 7 * n) for n in range(5)), calendar=OFFICE)

    @pytest.mark.rule("law-7", part="back to the nurture")
    def test_a_lead_that_comes_back_goes_on_where_it_stood_and_sees_nothing_twice(self):
        first = self.CADENCE.plan(a_lead(), enrolled=MONDAY)
        sent = [touch.sent(at=touch.at) for touch in first[:2]]
        history = [
            a_hand_off(MONDAY + 8 * DAY),
            HandedBack(lead="i-1", at=MONDAY + 36 * DAY, reason="timing"),
        ]
        plan = self.CADENCE.plan(a_lead(), enrolled=MONDAY, history=history, sent=sent)

        assert [touch.state.value for touch in plan] == ["sent"] * 2 + ["planned"] * 3
        days = [[touch.at.astimezone(BERLIN).date() for touch in p[2:]] for p in (plan, first)]
        assert [(now - then).days for now, then in zip(*days, strict=True)] == [28, 28, 28]
        assert plan[2].why == (
            "moved from 2026-03-16: sales had the lead (HandedOff on 2026-03-10)"
        )

    def test_a_hand_back_that_is_only_deferred_resumes_too(self):
        history = [a_hand_off(MONDAY + DAY), Deferred(lead="i-1", at=MONDAY + 3 * DAY)]

        assert len(self.CADENCE.plan(a_lead(), enrolled=MONDAY, history=history).planned) == 5

    @pytest.mark.rule("004-36", part="they say when")
    def test_who_asks_to_hear_later_hears_later(self):
        later = datetime(2026, 3, 30, 9, tzinfo=UTC)
        history = [Deferred(lead="i-1", at=MONDAY + DAY, not_before=later)]
        plan = self.CADENCE.plan(a_lead(), enrolled=MONDAY, history=history)

        assert [touch.at.astimezone(BERLIN).date().isoformat() for touch in plan] == [
            "2026-03-02",
            "2026-04-06",  # 27 days after the 9th is a Sunday
            "2026-04-13",
            "2026-04-20",
            "2026-04-27",
        ]
        assert plan[1].why.endswith("asked to hear later (not before 2026-03-30)")
        sent = [plan[0].sent(at=plan[0].at)]
        asked = {"enrolled": MONDAY, "history": history, "sent": sent}
        assert self.CADENCE.due(a_lead(), now=later - HOUR, **asked) == ()

    def test_what_was_late_before_they_asked_waits_for_the_day_too(self):
        """Wanted on Monday, not sent; on Tuesday they ask for Friday: then it goes out, once."""
        news = a_cadence(a_step("news", every=relativedelta(days=30)))
        friday = MONDAY + 4 * DAY
        asked = {
            "enrolled": MONDAY,
            "history": [Deferred(lead="i-1", at=MONDAY + DAY, not_before=friday)],
        }
        plan = news.plan(a_lead(), now=MONDAY + DAY, until=MONDAY + 20 * DAY, **asked)

        assert [(touch.state.value, touch.at) for touch in plan] == [("planned", friday)]
        assert news.due(a_lead(), now=friday - HOUR, **asked) == ()
        [touch] = news.due(a_lead(), now=friday, **asked)
        assert (touch.id, touch.at) == (plan[0].id, friday)

    def test_what_they_asked_for_last_counts(self):
        later, sooner = MONDAY + 90 * DAY, MONDAY + 10 * DAY
        history = [
            Parked(lead="i-1", at=MONDAY, reason="next year", not_before=later),
            Deferred(lead="i-1", at=MONDAY + 8 * DAY, not_before=sooner),
        ]
        news = a_cadence(a_step("news", every=relativedelta(days=5)))
        plan = news.plan(a_lead(), enrolled=MONDAY, history=history, until=MONDAY + 16 * DAY)

        states = [(touch.state.value, touch.at.day) for touch in plan]
        assert states == [("cancelled", 2), ("cancelled", 7), ("planned", 12), ("planned", 17)]
        assert plan[0].reasons == (TouchReason.WISH,)

    def test_nothing_is_due_while_sales_has_the_lead_not_even_what_is_late(self):
        history = [a_hand_off(MONDAY + 8 * DAY)]
        asked = {"enrolled": MONDAY, "now": MONDAY + 9 * DAY, "history": history}

        assert self.CADENCE.due(a_lead(), **asked) == ()

    def test_an_opt_out_of_one_channel_leaves_the_others_alone(self):
        cadence = a_cadence(a_step("a", 0), a_step("b", 1, channel="post"), a_step("c", 2))
        out = OptedOut(lead="i-1", at=MONDAY, channel="mail")
        plan = cadence.plan(a_lead(), enrolled=MONDAY, history=[out])

        assert [touch.state.value for touch in plan] == ["cancelled", "planned", "cancelled"]
        [due] = cadence.due(a_lead(), enrolled=MONDAY, now=MONDAY + 5 * DAY, history=[out])
        assert due.send == "b"

    def test_an_opt_out_does_not_wear_off(self):
        out = OptedOut(lead="i-1", at=MONDAY - 900 * DAY)

        assert self.CADENCE.plan(a_lead(), enrolled=MONDAY, history=[out]).planned == ()

    def test_no_cadence_may_ignore_an_opt_out_or_an_erasure(self):
        deaf = a_cadence(a_step(), ends_on=(), pauses_on=(), resumes_on=())
        for event in (OptedOut(lead="i-1", at=MONDAY), Erased(lead="i-1", at=MONDAY)):
            assert deaf.plan(a_lead(), enrolled=MONDAY, history=[event]).planned == ()

    def test_a_service_message_outlives_an_opt_out_of_marketing_and_no_erasure(self):
        cadence = a_cadence(a_step("receipt", purpose="service"))
        out, gone = OptedOut(lead="i-1", at=MONDAY), Erased(lead="i-1", at=MONDAY)

        assert len(cadence.plan(a_lead(), enrolled=MONDAY, history=[out]).planned) == 1
        assert cadence.plan(a_lead(), enrolled=MONDAY, history=[out, gone]).planned == ()

    def test_a_service_message_goes_out_while_sales_has_the_lead(self):
        cadence = a_cadence(a_step("receipt", purpose="service"), a_step("news", 0))
        given = {"enrolled": MONDAY, "history": [a_hand_off(MONDAY)]}
        [receipt] = cadence.due(a_lead(), now=MONDAY + 2 * HOUR, **given)

        assert receipt.send == "receipt"
        assert cadence.due(a_lead(), now=MONDAY + 2 * HOUR, sent=[receipt.id], **given) == ()

    def test_the_goal_ends_it(self):
        cadence = a_cadence(a_step("a", 0), a_step("b", 5), goal=Reviewed)
        plan = cadence.plan(
            a_lead(), enrolled=MONDAY, history=[Reviewed(lead="i-1", at=MONDAY + DAY)]
        )

        assert (plan[1].state, plan[1].reasons) == (TouchState.CANCELLED, (TouchReason.GOAL,))


class TestCallbacks:
    FRIDAY = datetime(2026, 3, 6, 10, tzinfo=BERLIN)

    def promise(self, **more):
        asked = {"asked": self.FRIDAY, "after": relativedelta(months=3), "calendar": OFFICE}
        return schedule_callback("i-1", **asked | more)

    @pytest.mark.rule("004-37")
    def test_roll_forward_to_the_next_open_day(self):
        """In three months: Saturday 6 June, hence Monday 8 June."""
        call = self.promise()

        assert call.wanted == date(2026, 6, 6)
        assert call.at == datetime(2026, 6, 8, 10, tzinfo=BERLIN)
        assert (call.touch.at, call.touch.owner) == (call.at, "sales")
        assert call.touch.why == "moved from 2026-06-06: closed"
        assert call.event() == CallbackScheduled(lead="i-1", at=self.FRIDAY, due=call.due)

    @pytest.mark.rule("004-38")
    def test_are_missed_after_the_grace(self):
        """Two working days: no call by the end of Wednesday 10 June."""
        call = self.promise(owner="marketing")
        end = datetime(2026, 6, 10, 17, tzinfo=BERLIN)

        assert call.owner is Team.MARKETING
        assert (call.is_late(end), call.is_missed(end)) == (True, False)
        assert call.is_missed(end + timedelta(seconds=1))
        assert not call.is_late(datetime(2026, 6, 8, 17, tzinfo=BERLIN))

    def test_agree_with_the_clock_of_the_lifecycle(self):
        [deadline] = [d for d in STANDARD.deadlines if d.stage.name == "callback"]

        assert OFFICE.after(self.promise().due, deadline.within) == self.promise().latest

    def test_on_an_open_day_are_not_moved(self):
        call = self.promise(after=relativedelta(days=3))

        assert (call.touch.why, call.touch.is_moved) == ("", False)

    def test_are_of_the_day_of_the_office_whatever_day_it_is_elsewhere(self):
        """From six to eight in Auckland it is the day before in UTC."""
        early = WorkCalendar(
            zone=ZoneInfo("Pacific/Auckland"), hours={day: [(time(6), time(8))] for day in range(5)}
        )
        call = self.promise(after=relativedelta(days=3), calendar=early, at=time(7))

        assert call.at.date() != call.wanted
        assert not call.is_moved

    @pytest.mark.parametrize(
        ("changed", "where"),
        [
            ({"after": relativedelta()}, "after"),
            ({"after": relativedelta(days=-2)}, "after"),
            ({"after": relativedelta(hours=3)}, "after"),
            ({"after": 3}, "after"),
            ({"grace": hours(4)}, "grace"),
            ({"grace": 2}, "grace"),
            ({"owner": "nobody"}, "owner"),
            ({"calendar": None}, "calendar"),
            ({"asked": datetime(2026, 3, 6)}, "asked"),
            ({"at": 10}, "at"),
            ({"at": time(10, tzinfo=UTC)}, "at"),
        ],
    )
    def test_refuse_what_is_no_promise(self, changed, where):
        with pytest.raises((InvalidValue, UnknownName)) as caught:
            self.promise(**changed)

        assert caught.value.where == where


class TestAtOnce:
    """What somebody waits for goes when it may, not at the hour of the cadence."""

    OFFICE = ContactPolicy(hours={day: [(time(9), time(18))] for day in range(5)})

    def test_a_confirmation_goes_when_the_form_comes_in(self):
        confirm = a_step("confirm", purpose="confirmation", at_once=True)
        cadence = a_cadence(confirm, a_step("news"))
        friday = datetime(2026, 3, 6, 11, 17, tzinfo=BERLIN)
        asked = {"enrolled": friday, "zone": BERLIN, "policy": self.OFFICE}
        now, news = cadence.plan(a_lead(), **asked)

        assert (now.at, now.reasons) == (friday, ())
        assert local_time(news) == "Mon 9 Mar 09:00"  # Saturday's, when the hours begin
        [due] = cadence.due(a_lead(), now=friday, **asked)
        assert due.id == now.id

    def test_but_in_the_hours_of_the_policy(self):
        cadence = a_cadence(a_step("confirm", purpose="confirmation", at_once=True))
        night = datetime(2026, 3, 6, 22, tzinfo=BERLIN)
        [touch] = cadence.plan(a_lead(), enrolled=night, zone=BERLIN, policy=self.OFFICE)

        assert local_time(touch) == "Mon 9 Mar 09:00"
        assert touch.reasons == (TouchReason.QUIET,)

    def test_what_waits_for_a_happening_goes_right_after_it(self):
        cadence = a_cadence(a_step("answer", purpose="requested", only_after="reply", at_once=True))
        lead = saying("reply", at=MONDAY + 30 * HOUR)
        [touch] = cadence.plan(lead, enrolled=MONDAY, zone=UTC)

        assert (touch.at, touch.state) == (MONDAY + 30 * HOUR, TouchState.PLANNED)

    @pytest.mark.parametrize(
        "more", [{"after": relativedelta(days=1)}, {"every": relativedelta(days=1)}]
    )
    def test_refuses_a_delay_or_a_rhythm(self, more):
        with pytest.raises(InvalidValue) as caught:
            Step(**{"send": "a", "after": relativedelta(), "at_once": True} | more)

        assert caught.value.where == "$.at_once"

    def test_a_dry_run_knows_it(self):
        cadence = a_cadence(a_step("hello", at_once=True), a_step("news", 1))
        one = Enrolment(lead=a_lead(), cadence=cadence, at=MONDAY, zone=UTC)

        assert [*dry_run([one]).plan("i-1")] == [*cadence.plan(a_lead(), enrolled=MONDAY, zone=UTC)]
        assert dry_run([one]).instants == [
            tuple((t.at - EPOCH) // MICRO for t in cadence.plan(a_lead(), enrolled=MONDAY))
        ]


def local_time(touch):
    return f"{touch.at.astimezone(BERLIN):%a %-d %b %H:%M}"


EPOCH, MICRO = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class TestEnrol:
    WELCOME = a_cadence(a_step("a", 0), a_step("b", 30), name="welcome")

    def test_an_enrolment_is_true_and_a_refusal_is_not(self):
        made = enrol(a_lead(), self.WELCOME, at=MONDAY)

        assert made
        assert not enrol(a_lead(), self.WELCOME, at=MONDAY + DAY, enrolments=[made])

    @pytest.mark.rule("000-22")
    def test_one_programme_a_theme_and_person(self):
        first = enrol(a_lead(), self.WELCOME, at=MONDAY)
        before = first.cadence.plan(first.lead, enrolled=first.at)
        second = enrol(a_lead(), self.WELCOME, at=MONDAY + 5 * DAY, enrolments=[first])

        assert second.reason is NotEnrolledReason.ALREADY_ENROLLED
        assert second.why == "a cadence of this theme is running since 2026-03-02"
        assert first.cadence.plan(first.lead, enrolled=first.at) == before

    @pytest.mark.rule("000-22", part="by theme")
    def test_another_cadence_of_the_theme_waits_and_one_of_another_theme_does_not(self):
        first = enrol(a_lead(), self.WELCOME, at=MONDAY)
        same = attrs.evolve(self.WELCOME, name="hello")
        other = attrs.evolve(self.WELCOME, name="hello", theme="trial")
        asked = {"at": MONDAY + DAY, "enrolments": [first]}

        assert enrol(a_lead(), same, **asked).reason is NotEnrolledReason.ALREADY_ENROLLED
        assert isinstance(enrol(a_lead(), other, **asked), Enrolment)

    @pytest.mark.rule("000-22", part="as long as caps make it last")
    def test_what_a_cap_moved_is_still_to_come(self):
        """Two steps of one day, of which one a week goes out: on day 3 the second is to come."""
        twice = a_cadence(a_step("a", 0), a_step("b", 0), name="welcome")
        weekly = ContactPolicy(caps=[Cap(1, relativedelta(days=7))])
        first = enrol(a_lead(), twice, at=MONDAY)
        other = attrs.evolve(twice, name="hello")
        asked = {"at": MONDAY + 3 * DAY, "enrolments": [first]}

        assert isinstance(enrol(a_lead(), other, **asked), Enrolment)
        capped = enrol(a_lead(), other, policy=weekly, **asked)
        assert capped.reason is NotEnrolledReason.ALREADY_ENROLLED

    def test_what_has_ended_makes_room_for_another_of_the_theme(self):
        first = enrol(a_lead(), self.WELCOME, at=MONDAY)
        same = attrs.evolve(self.WELCOME, name="hello")
        won = [Won(lead="i-1", at=MONDAY + 2 * DAY)]

        assert isinstance(
            enrol(a_lead(), same, at=MONDAY + 31 * DAY, enrolments=[first]), Enrolment
        )
        assert isinstance(
            enrol(a_lead(), same, at=MONDAY + 3 * DAY, enrolments=[first], history=won), Enrolment
        )

    def test_again_only_if_the_cadence_says_when(self):
        first = enrol(a_lead(), self.WELCOME, at=MONDAY)
        yearly = attrs.evolve(self.WELCOME, again=relativedelta(years=1))
        asked = {"at": MONDAY + 60 * DAY, "enrolments": [first]}

        assert enrol(a_lead(), self.WELCOME, **asked).reason is NotEnrolledReason.SEEN_BEFORE
        early = enrol(a_lead(), yearly, **asked)
        assert early.reason is NotEnrolledReason.TOO_SOON
        assert early.until == datetime(2027, 3, 2, 9, tzinfo=UTC)
        assert isinstance(enrol(a_lead(), yearly, at=early.until, enrolments=[first]), Enrolment)

    def test_only_who_is_known_to_fulfil_the_entry(self):
        picky = attrs.evolve(self.WELCOME, entry=NEED.equals("churn"))
        made = {need: enrol(a_lead(need=need), picky, at=MONDAY) for need in ("churn", "x", None)}

        assert isinstance(made["churn"], Enrolment)
        assert made["x"].reason is made[None].reason is NotEnrolledReason.NOT_LET_IN

    @pytest.mark.parametrize("event", [OptedOut, Erased])
    def test_nobody_who_opted_out_or_was_erased(self, event):
        gone = [event(lead="i-1", at=MONDAY - DAY)]

        assert (
            enrol(a_lead(), self.WELCOME, at=MONDAY, history=gone).reason is NotEnrolledReason.ENDED
        )

    def test_endless_tracks_run_until_they_are_ended(self):
        track = a_cadence(a_step(every=relativedelta(days=30)))
        made = enrol(a_lead(), track, at=MONDAY)

        assert made.is_running(MONDAY + 3_000 * DAY)
        assert not made.is_running(MONDAY - DAY)
        assert not made.is_running(MONDAY + DAY, history=[OptedOut(lead="i-1", at=MONDAY)])

    def test_shows_no_person(self):
        assert repr(enrol(a_lead(), self.WELCOME, at=MONDAY)) == (
            "<Enrolment of i-1 in 'welcome', 2026-03-02>"
        )


class TestTogether:
    def made(self, **priorities):
        return [
            Enrolment(
                lead=a_lead(),
                at=MONDAY,
                zone=UTC,
                cadence=a_cadence(
                    a_step(f"{name} 0", 0), a_step(f"{name} 2", 2), name=name, priority=rank
                ),
            )
            for name, rank in priorities.items()
        ]

    def test_the_loser_is_reported(self):
        plan = plan_together(self.made(news=0, trial=5), policy=ONE_A_DAY)

        assert [(touch.send, touch.at.day) for touch in plan] == [
            ("trial 0", 2),
            ("news 0", 3),
            ("trial 2", 4),
            ("news 2", 5),
        ]
        assert [touch.reasons for touch in plan] == [
            (),
            (TouchReason.PRIORITY,),
            (),
            (TouchReason.PRIORITY,),
        ]
        assert "another cadence goes first: at most 1 contact in 1 day" in plan[1].why

    def test_no_touch_is_put_where_a_later_one_would_be_one_too_many(self):
        """Two in three days: with trial on the 2nd and the 4th there is no room in between."""
        policy = ContactPolicy(caps=[Cap(2, relativedelta(days=3))])
        plan = plan_together(self.made(news=0, trial=5), policy=policy)

        assert [(touch.send, touch.at.day) for touch in plan] == [
            ("trial 0", 2),
            ("trial 2", 4),
            ("news 0", 5),
            ("news 2", 7),
        ]

    def test_planning_again_from_the_middle_gives_the_same(self):
        made = self.made(news=0, trial=5, tips=3)
        plan = plan_together(made, policy=ONE_A_DAY)
        for middle in range(len(plan)):
            sent = [touch.sent(at=touch.at) for touch in plan[:middle]]
            again = plan_together(made, policy=ONE_A_DAY, sent=sent)

            assert [(t.id, t.at) for t in again] == [(t.id, t.at) for t in plan]

    def test_due_gives_one_within_the_cap_the_highest_first(self):
        made = self.made(news=0, trial=5)
        now = MONDAY + 2 * HOUR
        [touch] = due_together(made, now=now, policy=ONE_A_DAY)

        assert touch.send == "trial 0"
        assert [t.send for t in due_together(made, now=now)] == ["trial 0", "news 0"]

    def test_what_went_out_takes_its_room_whether_its_instant_is_known_or_not(self):
        made = self.made(news=0, trial=5)
        first = plan_together(made, policy=ONE_A_DAY)[0]
        by_id = plan_together(made, policy=ONE_A_DAY, sent=[first.id])
        by_record = plan_together(made, policy=ONE_A_DAY, sent=[first.sent(at=first.at)])

        assert [touch.at for touch in by_id] == [touch.at for touch in by_record]
        assert [touch.at.day for touch in by_id] == [2, 3, 4, 5]

    def test_of_several_leads_is_refused(self):
        other = Enrolment(
            lead=Lead(id="x", inquiries=[an_inquiry()]), cadence=a_cadence(), at=MONDAY
        )
        with pytest.raises(InvalidValue, match="of one lead"):
            plan_together([*self.made(a=1), other])
        assert plan_together([]) == Plan(touches=[])
        for wrong in ([3], 3):
            with pytest.raises(InvalidValue) as caught:
                plan_together(wrong)
            assert caught.value.where == "enrolments"


class TestPlan:
    PLAN = a_cadence(a_step("a", 0), a_step("b", 5), a_step("c", 90, channel="post")).plan(
        a_lead(), enrolled=MONDAY
    )

    @pytest.mark.rule("000-21")
    def test_says_how_regular_it_is(self):
        weekly = a_cadence(*(a_step(f"{n}", 7 * n) for n in range(4)))
        plan = weekly.plan(a_lead(), enrolled=MONDAY)

        assert [gap.days for gap in plan.gaps] == [7, 7, 7]
        assert plan.irregularity == 0
        assert self.PLAN.irregularity == pytest.approx(40 / 45)  # gaps of 5 and 85 days
        assert Plan(touches=self.PLAN[:2]).irregularity is None

    @pytest.mark.rule("003-36")
    def test_finds_the_silence_of_a_series_of_campaigns(self):
        """Touches on day 0, 5 and 90, with a limit of 60 days: a gap of 85."""
        assert [gap.days for gap in self.PLAN.silences(timedelta(days=60))] == [85]
        assert self.PLAN.silences(timedelta(days=85)) == ()
        last = self.PLAN[-1].at
        assert len(self.PLAN.silences(timedelta(days=60), until=last + 61 * DAY)) == 2
        with pytest.raises(InvalidValue):
            self.PLAN.silences(timedelta(0))

    @pytest.mark.rule("003-36", part="of each lead by itself")
    def test_of_several_leads_has_the_silences_of_each(self):
        """What one lead hears is no talk to another."""
        other = [
            attrs.evolve(touch, id=f"x{n}", lead="i-2", at=touch.at + 40 * DAY)
            for n, touch in enumerate(self.PLAN)
        ]
        both = Plan(touches=[*self.PLAN, *other])
        last = self.PLAN[-1].at

        assert [gap.days for gap in both.silences(timedelta(days=60))] == [85, 85]
        silences = both.silences(timedelta(days=60), until=last + 61 * DAY)
        assert [gap.days for gap in silences] == [85, 85, 61]

    def test_differs_from_another_touch_by_touch(self):
        cadence = a_cadence(a_step("a", 0), a_step("b", 5), a_step("c", 9))
        longer = a_cadence(a_step("a", 0), a_step("b", 6), a_step("d", 20))
        out = OptedOut(lead="i-1", at=MONDAY + 8 * DAY)
        before = cadence.plan(a_lead(), enrolled=MONDAY)
        after = longer.plan(a_lead(), enrolled=MONDAY, history=[out])
        changes = before.changes_to(after)

        assert [change.kind for change in changes] == [
            ChangeKind.MOVED,
            ChangeKind.DROPPED,
            ChangeKind.ADDED,
        ]
        assert [str(change) for change in changes] == [
            "'b' of i-1: planned 2026-03-07 10:00 UTC -> planned 2026-03-08 10:00 UTC",
            "'c' of i-1: planned 2026-03-11 10:00 UTC -> nothing",
            "'d' of i-1: nothing -> cancelled 2026-03-22 10:00 UTC (OptedOut on 2026-03-10)",
        ]
        [change] = before.changes_to(cadence.plan(a_lead(), enrolled=MONDAY, history=[out]))
        assert change.kind is ChangeKind.CHANGED
        assert before.changes_to(before) == ()

    def test_what_is_held_is_no_other_because_a_day_has_passed(self):
        """Tomorrow it would go out tomorrow; but it is news that it waits no more, or otherwise."""
        cadence = a_cadence(a_step("a", only_after="click"))
        today, tomorrow = (
            cadence.plan(a_lead(), enrolled=MONDAY, now=MONDAY + n * DAY) for n in (1, 2)
        )
        away = cadence.plan(
            saying("click"), enrolled=MONDAY, now=MONDAY + DAY, history=[a_hand_off(MONDAY)]
        )

        assert today.changes_to(tomorrow) == ()
        [change] = today.changes_to(away)
        assert change.kind is ChangeKind.CHANGED

    def test_what_is_late_goes_out_from_now_on(self):
        cadence = a_cadence(a_step("a", 0), a_step("b", 5))
        plan = cadence.plan(a_lead(), enrolled=MONDAY, now=MONDAY + 3 * DAY)

        assert [touch.at.day for touch in plan] == [5, 7]
        assert plan[0].why == "moved from 2026-03-02: not sent in time"

    def test_counts_pauses_at_the_same_time_once(self):
        """Twenty days were planned; they asked for thirty, and sales had the lead within them."""
        wish = Deferred(lead="i-1", at=MONDAY + DAY, not_before=MONDAY + 31 * DAY)
        given = HandedOff(
            lead="i-1",
            at=MONDAY + 5 * DAY,
            certificate=a_certificate("i-1", at=MONDAY + 5 * DAY),
            to="sam",
            brief="b",
        )
        back = HandedBack(lead="i-1", at=MONDAY + 15 * DAY, reason=ReturnReason.TIMING)
        cadence = a_cadence(a_step("a", 20))
        plans = [
            cadence.plan(a_lead(), enrolled=MONDAY, history=history)
            for history in ([wish], [wish, given, back])
        ]

        assert plans[0][0].at == plans[1][0].at

    @pytest.mark.parametrize("days", [61, 62, 63])
    def test_of_a_segment_ends_with_its_table_of_days(self, days):
        cadence = a_cadence(a_step("a", 0), a_step("b", 1), a_step("c", 2))
        policy = ContactPolicy(caps=[Cap(1, relativedelta(days=days))])
        enrolment = Enrolment(lead=a_lead(), cadence=cadence, at=MONDAY, zone="UTC")
        plan = cadence.plan(a_lead(), enrolled=MONDAY, zone="UTC", policy=policy)

        assert sum(dry_run([enrolment], policy=policy).per_day.values()) == len(plan)

    def test_of_what_is_late_one_a_day_goes_out(self):
        cadence = a_cadence(a_step("a", 0), a_step("b", 1), a_step("c", 1), a_step("d", 30))
        now, sent, days = MONDAY + 10 * DAY, [], []
        for hour in range(4 * 24):
            at = now + hour * HOUR
            for touch in cadence.due(a_lead(), enrolled=MONDAY, now=at, sent=sent):
                sent.append(touch.sent(at=at))
                days.append(at.day)
        plan = cadence.plan(a_lead(), enrolled=MONDAY, now=now)

        assert days == [12, 13, 14]
        assert [touch.at.day for touch in plan] == [12, 13, 14, 1]

    def test_what_went_out_at_an_instant_that_nobody_knows_went_out_as_planned(self):
        """Its bare id holds nothing up: the second, which is late, goes out now."""
        cadence = a_cadence(a_step("a", 0), a_step("b", 1), a_step("c", 2))
        now = MONDAY + 10 * DAY
        first, *_ = cadence.plan(a_lead(), enrolled=MONDAY)
        asked = {"enrolled": MONDAY, "now": now, "sent": [first.id]}
        plan = cadence.plan(a_lead(), **asked)

        assert [touch.at for touch in plan[:2]] == [first.at, now]
        assert plan[2].at.date() == (now + DAY).date()
        assert cadence.due(a_lead(), **asked) == (plan[1],)

    def test_of_what_comes_again_only_the_latest_is_still_planned(self):
        cadence = a_cadence(a_step("news", every=relativedelta(days=7)), a_step("a", 10))
        now = MONDAY + 16 * DAY
        plan = cadence.plan(a_lead(), enrolled=MONDAY, now=now, until=now + 7 * DAY)

        states = [(touch.send, touch.state.value, touch.at.day) for touch in plan]
        assert states == [
            ("news", "cancelled", 2),
            ("news", "cancelled", 9),
            ("a", "planned", 18),
            ("news", "planned", 19),
            ("news", "planned", 23),
        ]

    def test_of_what_is_late_none_is_moved_by_a_pause_more_than_once(self):
        """Sales had it for 28 days; on 22 April the third, of 13 April, is late."""
        cadence = TestHandOver.CADENCE
        sent = [touch.sent(at=touch.at) for touch in cadence.plan(a_lead(), enrolled=MONDAY)[:2]]
        history = [
            a_hand_off(MONDAY + 8 * DAY),
            HandedBack(lead="i-1", at=MONDAY + 36 * DAY, reason="timing"),
        ]
        now = datetime(2026, 4, 22, 9, tzinfo=UTC)
        plan = cadence.plan(a_lead(), enrolled=MONDAY, history=history, sent=sent, now=now)

        assert [f"{touch.at:%d %b}" for touch in plan.planned] == ["22 Apr", "23 Apr", "27 Apr"]

    def test_of_what_comes_every_day_and_has_no_room_the_latest_goes_out(self):
        """One in seven days: the news of each Monday, not those of last week."""
        cadence = a_cadence(a_step("news", every=relativedelta(days=1)))
        policy = ContactPolicy(caps=[Cap(1, relativedelta(days=7))])
        plan = cadence.plan(
            a_lead(), enrolled=MONDAY, zone=UTC, policy=policy, until=MONDAY + 28 * DAY
        )

        assert [f"{touch.at:%a %d}" for touch in plan.planned] == [
            "Mon 02",
            "Mon 09",
            "Mon 16",
            "Mon 23",
        ]

    def test_is_a_table(self):
        assert str(Plan(touches=self.PLAN[:1], zone=BERLIN)) == (
            "when (Europe/Berlin)  what  by    state    why\n"
            "────────────────────  ────  ────  ───────  ───\n"
            "Mon 2026-03-02 11:00  a     mail  planned"
        )

    def test_is_a_picture_that_is_small_and_holds_its_text(self):
        evil = a_cadence(a_step("<script>&", 0), a_step("b", 3, channel="<b>"))
        picture = evil.plan(a_lead(), enrolled=MONDAY).picture()

        assert picture.startswith("<svg")
        assert "<script>" not in picture
        assert "<b>" not in picture
        assert len(self.PLAN._repr_html_()) < 3_000
        assert Plan(touches=[]).picture().startswith("<svg")
        many = a_cadence(*(a_step(f"{n}", n) for n in range(250)))
        assert "and 50 more" in many.plan(a_lead(), enrolled=MONDAY).picture()

    def test_of_several_leads_names_them(self):
        other = attrs.evolve(self.PLAN[0], id="x", lead="i-2")
        both = Plan(touches=[self.PLAN[0], other])

        assert str(both).splitlines()[3].startswith("i-2   Mon 2026-03-02 10:00")
        assert "i-2 mail" in both.picture()
        assert str(both.mix) == "mail 100 %"

    def test_is_plain_data(self):
        [first, *_] = self.PLAN.to_dict()["touches"]

        assert first["at"] == "2026-03-02T10:00:00+00:00"
        assert (first["state"], first["reasons"], first["owner"]) == ("planned", [], None)


class TestDesign:
    SOUND = a_cadence(
        a_step("a"),
        a_step("b", 1, channel="phone"),
        goal=Qualified,
        entry=NEED.equals("churn"),
        owner="ana",
    )

    def test_of_a_sound_cadence_has_no_flaws(self):
        assert self.SOUND.flaws(ContactPolicy()) == ()

    @pytest.mark.rule("000-23")
    @pytest.mark.parametrize(
        ("changed", "kind", "is_error"),
        [
            ({"ends_on": (), "goal": ()}, FlawKind.NO_EXIT, True),
            ({"pauses_on": ()}, FlawKind.NO_PAUSE, True),
            ({"resumes_on": ()}, FlawKind.NO_RETURN, True),
            ({"entry": None}, FlawKind.NO_ENTRY, False),
            ({"goal": ()}, FlawKind.NO_GOAL, False),
            ({"owner": None}, FlawKind.NO_OWNER, False),
        ],
    )
    def test_a_programme_has_entry_exit_goal_and_owner(self, changed, kind, is_error):
        flaws = {flaw.kind: flaw for flaw in attrs.evolve(self.SOUND, **changed).flaws()}

        assert flaws[kind].is_error is is_error
        assert str(flaws[kind]) == f"{'error' if is_error else 'warning'}: c: {kind}"

    @pytest.mark.rule("000-19")
    def test_a_single_channel_is_a_warning(self):
        mail = attrs.evolve(self.SOUND, steps=[a_step("a"), a_step("b", 1)])
        channels = ["mail", "mail", "phone", "post", "invitation"]
        steps = [a_step(f"{n}", n, channel=c) for n, c in enumerate(channels)]

        assert [flaw.kind for flaw in mail.flaws()] == [FlawKind.SINGLE_CHANNEL]
        assert attrs.evolve(self.SOUND, steps=steps).flaws() == ()
        assert channel_mix(steps).shares == {
            "mail": 0.4,
            "phone": 0.2,
            "post": 0.2,
            "invitation": 0.2,
        }

    def test_an_hour_that_is_never_allowed_is_a_warning(self):
        policy = ContactPolicy(hours={day: [(time(12), time(18))] for day in range(5)})
        flaws = self.SOUND.flaws(policy)

        assert [(flaw.kind, flaw.step) for flaw in flaws] == [
            (FlawKind.SHUT_HOUR, "a"),
            (FlawKind.SHUT_HOUR, "b"),
        ]
        assert str(flaws[0]) == "warning: c: its hour of sending is never allowed (a)"

    @pytest.mark.rule("003-38")
    @pytest.mark.parametrize(
        ("counts", "concentration", "is_single"),
        [
            ({"mail": 7}, 1.0, True),
            ({"mail": 60, "phone": 25, "post": 15}, 0.445, False),
            ({"mail": 2, "phone": 2, "post": 2, "fair": 2}, 0.25, False),
            ({}, None, False),
        ],
    )
    def test_concentration_of_channels(self, counts, concentration, is_single):
        sent = [
            SentTouch(id=f"{c}{n}", lead="L", cadence="c", send="s", channel=c, at=MONDAY)
            for c, count in counts.items()
            for n in range(count)
        ]
        mix = channel_mix(sent)

        assert sum(activities(sent).values()) == sum(counts.values())
        assert mix.concentration == (concentration and pytest.approx(concentration))
        assert mix.is_single is is_single
        assert mix.to_dict()["counts"] == counts


class TestActivities:
    @pytest.mark.rule("003-35")
    def test_carry_their_programme(self):
        counts = {"welcome": 120, "trial": 80, "news": 50}
        sent = [
            SentTouch(id=f"{c}{n}", lead="L", cadence=c, send="s", channel="mail", at=MONDAY)
            for c, count in counts.items()
            for n in range(count)
        ]

        assert activities(sent) == counts
        assert sum(activities(sent).values()) == 250


class TestContent:
    """Process is science, tactics are art (seed 004): leadlib never looks at what is written."""

    PLAIN = {"offer": "Our case study.", "thanks": "Thank you.", "reminder": "Have you seen it?"}
    BOLD = {
        "offer": "{interest|BEER} NOW!!!",
        "thanks": "<b>click</b> unsubscribe",
        "reminder": "Won? OptedOut! {name|you}",
    }

    def life(self, texts):
        """Nurture four leads for three weeks, of whom two click; give all that came of it."""
        cadence, events, sent, said = TestBranches.CADENCE, [], [], []
        leads = {f"L{n}": Lead(id=f"L{n}", inquiries=[an_inquiry(id=f"L{n}")]) for n in range(4)}
        events += [Inquired(lead=lead, at=MONDAY, inquiry=lead) for lead in leads]
        for day in range(21):
            now = MONDAY + day * DAY + 3 * HOUR
            for name, lead in leads.items():
                for touch in cadence.due(lead, enrolled=MONDAY, now=now, sent=sent, history=events):
                    said.append(Template(texts[touch.send]).fill({}).text)
                    sent.append(touch.sent(at=now))
                    if name in {"L0", "L2"} and touch.send == "offer":
                        click = an_inquiry(id=f"r-{name}", at=now, kind="click")
                        leads[name] = Lead(id=name, inquiries=[*lead.inquiries, click])
                        events.append(Triaged(lead=name, at=now + HOUR))
        log = StageLog.from_events(events, lifecycle=STANDARD)
        counted = funnel(log, stages=WATERFALL, as_of=MONDAY + 21 * DAY)
        standings = [
            STANDARD.replay(event for event in events if event.lead == lead) for lead in leads
        ]
        states = [(standing.stage, standing.owner) for standing in standings]
        plans = [
            cadence.plan(lead, enrolled=MONDAY, sent=sent, history=events)
            for lead in leads.values()
        ]
        return said, (sent, plans, states, counted.to_dict(), channel_mix(sent), activities(sent))

    @pytest.mark.rule("004-42")
    def test_changes_no_state_no_date_and_no_metric(self):
        plain, same = self.life(self.PLAIN)
        bold, also = self.life(self.BOLD)

        assert len(plain) == len(bold) == 8
        assert {*plain}.isdisjoint(bold)
        assert same == also


class TestHostileInput:
    """Whatever is given, the answer is an error of leadlib's own that names the place."""

    ONE = Enrolment(lead=a_lead(), cadence=a_cadence(a_step("a"), a_step("b", 30)), at=MONDAY)
    PLACES = ("history", "sent", "consents", "policy", "enrolments", "lead", "cadence")

    def calls(self, place, bad):
        """Every public function that takes what has this name, with one bad argument."""
        cadence, bads = self.ONE.cadence, {place: bad}
        plan = {"lead": a_lead(), "enrolled": MONDAY}
        yield lambda: cadence.plan(**plan | bads)
        yield lambda: cadence.due(**plan | {"now": MONDAY} | bads)
        yield lambda: [*cadence.touches(**plan | bads)]
        yield lambda: enrol(**{"lead": a_lead(), "cadence": cadence, "at": MONDAY} | bads)
        yield lambda: self.ONE.is_running(MONDAY, **bads)
        yield lambda: plan_together(**{"enrolments": [self.ONE]} | bads)
        yield lambda: due_together(**{"enrolments": [self.ONE], "now": MONDAY} | bads)
        yield lambda: dry_run(**{"enrolments": [self.ONE]} | bads)
        yield lambda: cadence.flaws(**bads)

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize(
        "bad", [3, "x", [3], b"x", [None], object()], ids=lambda bad: type(bad).__name__
    )
    def test_is_refused_by_name(self, place, bad):
        refused = 0
        for call in self.calls(place, bad):
            try:
                call()
            except TypeError as fault:  # it takes nothing of this name
                assert "unexpected keyword" in str(fault)
            except InvalidValue as fault:
                refused += 1
                assert fault.where in {place, f"$.{place}"}
            else:
                pytest.fail(f"{place} was taken")

        assert refused

    @pytest.mark.parametrize(
        "bad", [3, "x", [3], [None], object()], ids=lambda bad: type(bad).__name__
    )
    def test_is_no_plan_and_no_contacts(self, bad):
        for call in (channel_mix, activities, lambda given: Plan(touches=given)):
            with pytest.raises(InvalidValue):
                call(bad)
        for zone in (bad, None):
            with pytest.raises((InvalidValue, UnknownName)):
                Plan(touches=[], zone=zone)

    def test_of_somebody_without_records_is_no_permission(self):
        assert dry_run([self.ONE], consents={"i-1": []}).planned == 0
        assert dry_run([self.ONE], consents={}).planned == 0
        with pytest.raises(InvalidValue):
            dry_run([self.ONE], consents={"i-1": None})


class TestWithoutEnd:
    def test_more_working_days_than_there_are_is_said(self):
        shut = WorkCalendar(holidays=[date(2026, 3, 3) + n * DAY for n in range(4_000)])
        steps = [a_step("now"), Step(send="later", after=working_days(2))]
        plan = Cadence("c", steps=steps, calendar=shut).plan(a_lead(), enrolled=MONDAY)

        assert [touch.state.value for touch in plan] == ["planned", "held"]
        assert plan[1].why == "no 2 working days within ten years of the enrolment"

    def test_of_a_track_that_counts_working_days_there_is_nothing(self):
        shut = WorkCalendar(holidays=[date(2026, 3, 3) + n * DAY for n in range(4_000)])
        step = Step(send="news", after=working_days(2), every=relativedelta(days=7))
        cadence = Cadence("c", steps=[step], calendar=shut)

        assert [*cadence.touches(a_lead(), enrolled=MONDAY)] == []

    def test_a_track_ends_with_the_years(self):
        step = a_step("news", every=relativedelta(years=10))
        last = [*a_cadence(step).touches(a_lead(), enrolled=MONDAY)][-1]

        assert last.at.year == 2196

    def test_a_track_of_working_days_goes_on_from_its_first_day(self):
        step = Step(send="news", after=working_days(3), every=relativedelta(months=1), times=3)
        plan = Cadence("c", steps=[step], calendar=OFFICE).plan(a_lead(), enrolled=MONDAY)

        assert [f"{touch.at:%d %b}" for touch in plan] == ["05 Mar", "06 Apr", "05 May"]


class TestDryRun:
    ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "America/Sao_Paulo", None)

    def enrolments(self, count=60):
        steps = [
            a_step("a", 0),
            Step(send="b", after=working_days(2)),
            a_step("c", 5, channel="phone"),
            Step(send="d", after=relativedelta(months=1)),
            Step(send="e", after=working_days(40)),
        ]
        cadence = Cadence("c", steps=steps, calendar=OFFICE)
        return [
            Enrolment(
                lead=Lead(id=f"L{n}", inquiries=[an_inquiry(at=MONDAY)]),
                cadence=cadence,
                at=MONDAY + n * timedelta(hours=31),
                zone=self.ZONES[n % len(self.ZONES)],
            )
            for n in range(count)
        ]

    @pytest.mark.parametrize(
        "policy",
        [
            None,
            ONE_A_DAY,
            ContactPolicy(
                hours={day: [(time(11), time(18))] for day in range(4)},
                caps=[Cap(2, relativedelta(days=7)), Cap(1, timedelta(hours=30), "phone")],
                zones=["Europe/Berlin", "Europe/London"],
            ),
            ContactPolicy(hours={day: [(time(11), time(18))] for day in range(4)}),
        ],
    )
    def test_of_many_gives_the_instants_of_each(self, policy):
        enrolments = self.enrolments()
        run = dry_run(enrolments, policy=policy)
        plain = [
            e.cadence.plan(e.lead, enrolled=e.at, zone=e.zone, policy=policy) for e in enrolments
        ]

        assert [[*own] for own in run.instants] == [
            [
                (t.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
                for t in p.planned
            ]
            for p in plain
        ]
        assert [plan.touches for plan in run.plans()] == [plan.touches for plan in plain]
        assert run.planned == sum(len(plan.planned) for plan in plain)
        assert sum(run.per_day.values()) == run.planned
        assert run.leads == len(enrolments)

    def test_says_what_is_stopped_and_who_is_known(self):
        enrolments = self.enrolments(4)
        out = [OptedOut(lead="L1", at=MONDAY)]
        run = dry_run(enrolments, history=out)

        assert run.stopped == {TouchReason.OPT_OUT: 5}
        assert run.to_dict()["stopped"] == {"opt_out": 5}
        assert str(run).endswith("4 leads, 15 touches\nopted out: 5")
        assert run.plan("L1").planned == ()
        with pytest.raises(UnknownName):
            run.plan("nobody")

    def test_sees_the_answers_that_are_inquiries(self):
        one = Enrolment(lead=saying("click"), cadence=TestBranches.CADENCE, at=MONDAY, zone=UTC)
        reminder = attrs.evolve(
            one, cadence=a_cadence(a_step("offer"), a_step("reminder", 3, unless="click"))
        )

        assert dry_run([one]).planned == 2
        assert dry_run([reminder]).stopped == {TouchReason.ANSWERED: 1}

    def test_of_two_cadences_in_turn_gives_each_its_own(self):
        daily, weekly = a_cadence(a_step("a"), a_step("b", 1)), a_cadence(a_step("c", 7))
        leads = [Lead(id=f"L{n}", inquiries=[an_inquiry()]) for n in range(4)]
        made = [
            Enrolment(lead=lead, cadence=(daily, weekly)[n % 2], at=MONDAY, zone=UTC)
            for n, lead in enumerate(leads)
        ]

        assert [len(own) for own in dry_run(made).instants] == [2, 1, 2, 1]

    def test_beyond_the_years_falls_back_on_the_plain_plan(self):
        far = a_cadence(a_step("a"), Step(send="b", after=relativedelta(years=10)))
        late = datetime(2195, 1, 1, 9, tzinfo=UTC)
        one = Enrolment(lead=a_lead(), cadence=far, at=late, zone=UTC)
        run = dry_run([one])

        assert run.planned == len(run.plan("i-1").planned) == 1
        assert run.stopped == {TouchReason.NO_DAY: 1}

    def test_counts_days_in_the_zone_of_the_reader(self):
        night = a_cadence(a_step(), at=time(23, 30), calendar=EVERY_DAY)
        one = Enrolment(lead=a_lead(), cadence=night, at=MONDAY, zone=UTC)

        assert dry_run([one]).busiest == date(2026, 3, 2)
        assert [*dry_run([one], zone="Europe/Berlin").per_day] == [date(2026, 3, 3)]
        assert dry_run([]).busiest is None

    def test_is_a_picture_that_is_small(self):
        picture = dry_run(self.enrolments())._repr_html_()

        assert "300 touches, at most " in picture
        assert len(picture) < 20_000
        assert "0 touches, at most 0 on a day" in dry_run([]).picture()

    def test_of_several_cadences_of_a_lead_plans_them_together(self):
        made = TestTogether().made(news=0, trial=5)
        run = dry_run(made, policy=ONE_A_DAY)

        assert run.leads == 1
        assert run.plan("i-1") == plan_together(made, policy=ONE_A_DAY)
        assert [*run.per_day.values()] == [1, 1, 1, 1]

    def test_from_now_on_what_was_not_sent_is_late(self):
        made = TestTogether().made(news=0, trial=5)
        later = MONDAY + 10 * DAY
        run = dry_run(made, policy=ONE_A_DAY, now=later)

        assert run.plan("i-1") == plan_together(made, policy=ONE_A_DAY, now=later)
        assert min(run.per_day) == later.date()

    def test_of_tracks_needs_an_end(self):
        track = a_cadence(a_step(every=relativedelta(days=7)))
        one = Enrolment(lead=a_lead(), cadence=track, at=MONDAY, zone=UTC)

        assert dry_run([one], until=MONDAY + 30 * DAY).planned == 5
        with pytest.raises(InvalidValue):
            dry_run([one])
