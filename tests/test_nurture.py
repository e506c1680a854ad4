"""A plan is data: print it, diff it, test it."""

import hashlib
import pickle
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import MO, relativedelta
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, NEED, a_certificate, a_lead
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import Disqualified, HandedBack, HandedOff, Triaged
from leadlib.nurture import (
    Cadence,
    Cap,
    ContactPolicy,
    Step,
    Touch,
    TouchReason,
    TouchState,
)
from leadlib.worktime import WorkCalendar, days, hours, working_days

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = WorkCalendar(zone=BERLIN)


def steps(*delays):
    return [Step(send=f"touch {n}", after=relativedelta(days=d)) for n, d in enumerate(delays)]


def a_hand_off(at):
    proof = a_certificate("i-1", at=at)
    return HandedOff(lead="i-1", at=at, certificate=proof, to="sam", brief="b")


class TestPlan:
    @pytest.mark.rule("000-21")
    def test_is_regular(self):
        cadence = Cadence("welcome", steps=steps(0, 7, 14, 21))
        touches = cadence.plan(a_lead(), enrolled=MONDAY)
        gaps = {b.at - a.at for a, b in pairwise(touches)}

        assert gaps == {timedelta(days=7)}

    def test_keeps_the_worked_example(self):
        """Section 4: offsets anchored on the enrolment, 10:00 in Berlin, weekdays, roll forward."""
        cadence = Cadence("welcome", steps=steps(0, 3, 7, 14, 30, 60, 90), calendar=OFFICE)
        enrolled = datetime(2026, 1, 22, 16, 30, tzinfo=BERLIN)
        touches = cadence.plan(a_lead(), enrolled=enrolled)

        assert [touch.at.astimezone(BERLIN).date() for touch in touches] == [
            date(2026, 1, 23),
            date(2026, 1, 26),
            date(2026, 1, 29),
            date(2026, 2, 5),
            date(2026, 2, 23),
            date(2026, 3, 23),
            date(2026, 4, 22),
        ]
        assert [touch.at.hour for touch in touches] == [9, 9, 9, 9, 9, 9, 8]
        assert touches[0].why == "moved from 2026-01-22: hour had passed"
        assert touches[1].why == "moved from 2026-01-25: closed"

    def test_months_are_anchored_and_do_not_drift(self):
        months = [Step(send=f"m{n}", after=relativedelta(months=n)) for n in range(1, 6)]
        daily = WorkCalendar(hours={day: [(time(9), time(17))] for day in range(7)})
        cadence = Cadence("track", steps=months, calendar=daily)
        enrolled = datetime(2026, 1, 31, 8, tzinfo=UTC)

        assert [t.at.date() for t in cadence.plan(a_lead(), enrolled=enrolled)] == [
            date(2026, 2, 28),
            date(2026, 3, 31),
            date(2026, 4, 30),
            date(2026, 5, 31),
            date(2026, 6, 30),
        ]

    def test_no_step_comes_before_the_one_before_it(self):
        """A month after 2 February is shorter than 30 days."""
        delays = {"thirty days": relativedelta(days=30), "a month": relativedelta(months=1)}
        given = [Step(send=name, after=delay) for name, delay in delays.items()]
        cadence = Cadence("c", steps=given, calendar=OFFICE)
        first, second = cadence.plan(a_lead(), enrolled=datetime(2026, 2, 2, 9, tzinfo=BERLIN))

        assert (first.at.date(), second.at.date()) == (date(2026, 3, 4), date(2026, 3, 5))
        assert second.why == "moved from 2026-03-02: not before the step before it"

    def test_several_steps_may_land_on_one_open_day(self):
        touches = Cadence("c", steps=steps(5, 6, 7)).plan(a_lead(), enrolled=MONDAY)

        assert {touch.at.date() for touch in touches} == {date(2026, 3, 9)}

    def test_ids_are_stable_and_differ_by_what_they_mean(self):
        cadence = Cadence("welcome", steps=steps(0, 3))
        ids = [touch.id for touch in cadence.plan(a_lead(), enrolled=MONDAY)]

        assert ids == [touch.id for touch in cadence.plan(a_lead(), enrolled=MONDAY)]
        assert len({*ids, *(t.id for t in cadence.plan(a_lead(), enrolled=MONDAY + DAY))}) == 4

    def test_ids_are_the_hash_of_what_they_mean_for_ever(self):
        """Touches that went out under an earlier version are known under a later one."""
        meant = "i-1\0welcome\0touch 0\0" + "2026-03-02T09:00:00+00:00"
        [touch] = Cadence("welcome", steps=steps(0)).plan(a_lead(), enrolled=MONDAY)

        assert touch.id == hashlib.sha256(meant.encode()).hexdigest()[:24]
        assert touch.id == "f6018941feb8b385e48492f9"

    def test_of_another_enrolment_zone_is_the_same_instant_and_the_same_id(self):
        cadence = Cadence("welcome", steps=steps(0))
        [here] = cadence.plan(a_lead(), enrolled=MONDAY)
        [there] = cadence.plan(a_lead(), enrolled=MONDAY.astimezone(BERLIN))

        assert here == there

    def test_holds_a_step_whose_condition_is_not_known_to_hold(self):
        step = Step(send="case", after=relativedelta(), only_if=NEED.equals("churn"))
        cadence = Cadence("welcome", steps=[step])
        states = {
            need: cadence.plan(a_lead(need=need), enrolled=MONDAY)[0].state
            for need in ("churn", "growth", None)
        }

        assert states == {
            "churn": TouchState.PLANNED,
            "growth": TouchState.HELD,
            None: TouchState.HELD,
        }

    @pytest.mark.rule("law-7")
    def test_is_held_while_sales_has_the_lead(self):
        cadence = Cadence("welcome", steps=steps(0, 1, 2))
        touches = cadence.plan(a_lead(), enrolled=MONDAY, history=[a_hand_off(MONDAY + DAY)])

        assert [touch.state.value for touch in touches] == ["planned", "held", "held"]
        assert touches[1].why == "HandedOff on 2026-03-03"

    def test_other_leads_and_earlier_ends_do_not_matter(self):
        cadence = Cadence("welcome", steps=steps(0))
        history = [
            Disqualified(lead="other", at=MONDAY + DAY, reason="spam"),
            a_hand_off(MONDAY - 2 * DAY),
            HandedBack(lead="i-1", at=MONDAY - DAY, reason="timing"),
            Triaged(lead="i-1", at=MONDAY),
        ]

        assert cadence.plan(a_lead(), enrolled=MONDAY, history=history)[0].state == "planned"

    @pytest.mark.parametrize(
        "enrolled", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2199, 12, 31, 23, tzinfo=UTC)]
    )
    @pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Kiritimati", "UTC"])
    def test_at_the_ends_of_time_is_a_plan_all_the_same(self, enrolled, zone):
        cadence = Cadence("c", steps=[*steps(0, 1), Step(send="x", after=relativedelta(years=10))])
        plan = cadence.plan(a_lead(), enrolled=enrolled, zone=zone)

        assert [touch.send for touch in plan] == ["touch 0", "touch 1", "x"]
        assert all(touch.at >= enrolled for touch in plan.planned)

    def test_survives_being_copied_and_sent_to_another_process(self):
        cadence = Cadence("c", steps=steps(0, 1), calendar=OFFICE)
        policy = ContactPolicy(caps=[Cap(1, relativedelta(days=1))])
        plan = cadence.plan(a_lead(), enrolled=MONDAY, zone=BERLIN, policy=policy)
        again, rules = pickle.loads(pickle.dumps((cadence, policy)))

        assert (again, rules) == (cadence, policy)
        assert again.plan(a_lead(), enrolled=MONDAY, zone=BERLIN, policy=rules) == plan


class TestDue:
    def test_gives_what_has_come_and_never_passes_what_is_not_confirmed(self):
        cadence = Cadence("welcome", steps=steps(0, 1, 7))
        first, second, _ = cadence.plan(a_lead(), enrolled=MONDAY)
        asked = {"enrolled": MONDAY, "now": second.at}
        [late] = cadence.due(a_lead(), **asked)

        assert (late.id, late.at) == (first.id, second.at)
        assert late.why == "moved from 2026-03-02: not sent in time"
        assert cadence.due(a_lead(), **asked, sent=[first.id]) == (second,)
        assert cadence.due(a_lead(), **asked, sent=[first.id, second.id]) == ()

    def test_of_one_day_gives_one_after_the_other_though_they_are_late_by_minutes(self):
        cadence = Cadence("welcome", steps=steps(0, 0, 0))
        now, sent = MONDAY + timedelta(hours=1, minutes=5), []
        for _ in range(3):
            [touch] = cadence.due(a_lead(), enrolled=MONDAY, now=now, sent=sent)
            sent.append(touch.sent(at=now))
            now += timedelta(minutes=1)

        assert [touch.send for touch in sent] == ["touch 0", "touch 1", "touch 2"]

    def test_asks_again_at_the_moment_of_sending(self):
        cadence = Cadence("welcome", steps=steps(0))
        history = [a_hand_off(MONDAY)]

        assert cadence.due(a_lead(), enrolled=MONDAY, now=MONDAY + DAY, history=history) == ()

    def test_the_future_is_not_known(self):
        cadence = Cadence("welcome", steps=steps(0))
        history = [a_hand_off(MONDAY + 5 * DAY)]

        assert len(cadence.due(a_lead(), enrolled=MONDAY, now=MONDAY + DAY, history=history)) == 1


class TestCadence:
    @pytest.mark.parametrize(
        "given",
        [
            [],
            steps(3, 0),
            steps(-1),
            [1],
            [None],
            [Step(send="a", after=relativedelta()), Step(send="a", after=relativedelta(days=1))],
            [Step(send="a", after=working_days(3)), Step(send="b", after=working_days(1))],
            3,
        ],
    )
    def test_refuses_steps_that_contradict_each_other(self, given):
        with pytest.raises(InvalidValue) as caught:
            Cadence("welcome", steps=given)

        assert caught.value.where.startswith("$.steps")

    @pytest.mark.parametrize(
        ("changed", "where"),
        [
            ({"at": 10}, "$.at"),
            ({"at": time(10, tzinfo=UTC)}, "$.at"),
            ({"calendar": "Berlin"}, "$.calendar"),
            ({"ends_on": ["Won"]}, "$.ends_on"),
            ({"goal": int}, "$.goal"),
            ({"entry": True}, "$.entry"),
            ({"again": 3}, "$.again"),
            ({"again": relativedelta(hours=3)}, "$.again"),
            ({"priority": 1.5}, "$.priority"),
            ({"theme": ""}, "$.theme"),
            ({"resumes_on": HandedOff}, "$.resumes_on"),
            ({"owner": 3}, "$.owner"),
        ],
    )
    def test_refuses_what_is_no_part_of_it(self, changed, where):
        with pytest.raises(InvalidValue) as caught:
            Cadence("welcome", steps=steps(0), **changed)

        assert caught.value.where == where

    @pytest.mark.parametrize(
        ("changed", "where"),
        [
            ({"send": ""}, "$.send"),
            ({"channel": 3}, "$.channel"),
            ({"purpose": "fun"}, "$.purpose"),
            ({"only_if": True}, "$.only_if"),
            ({"after": days(3)}, "$.after"),
            ({"after": hours(3)}, "$.after"),
        ],
    )
    def test_refuses_what_is_no_part_of_a_step(self, changed, where):
        with pytest.raises((InvalidValue, UnknownName)) as caught:
            Step(**{"send": "a", "after": relativedelta()} | changed)

        assert caught.value.where == where

    @pytest.mark.parametrize(
        ("changed", "where"),
        [
            ({"enrolled": datetime(2026, 3, 2)}, "enrolled"),
            ({"now": datetime(2026, 3, 2)}, "now"),
            ({"until": datetime(2026, 3, 2)}, "until"),
            ({"lead": "i-1"}, "lead"),
            ({"history": ["won"]}, "history"),
            ({"history": 3}, "history"),
            ({"sent": "abc"}, "sent"),
            ({"sent": [3]}, "sent"),
            ({"sent": 3}, "sent"),
            ({"zone": 3}, None),
        ],
    )
    def test_refuses_what_is_no_plan(self, changed, where):
        given = {"lead": a_lead(), "enrolled": MONDAY} | changed
        with pytest.raises(InvalidValue) as caught:
            Cadence("welcome", steps=steps(0)).plan(**given)

        assert caught.value.where == where

    @pytest.mark.parametrize(
        "delay",
        [
            relativedelta(hours=2),
            relativedelta(days=1, minutes=-5),
            relativedelta(microseconds=1),
            relativedelta(hour=9),
            relativedelta(day=1),
            relativedelta(weekday=MO),
            relativedelta(leapdays=1),
            relativedelta(days=0.5),
            relativedelta(days=float("nan")),
            timedelta(days=1),
            1,
            None,
        ],
    )
    def test_a_delay_has_whole_days_and_nothing_absolute(self, delay):
        with pytest.raises(InvalidValue, match="a relativedelta of whole days") as caught:
            Step(send="a", after=delay)

        assert caught.value.where == "$.after"

    @pytest.mark.parametrize(
        "delay",
        [
            relativedelta(years=9_000),
            relativedelta(years=-9_000),
            relativedelta(years=-11),
            relativedelta(months=10**30),
            relativedelta(days=10**30),
            relativedelta(years=10, days=1),
        ],
    )
    def test_a_delay_is_at_most_ten_years(self, delay):
        with pytest.raises(InvalidValue, match="at most ten years"):
            Step(send="a", after=delay)

    def test_whole_days_in_other_words_are_delays(self):
        delays = [relativedelta(hours=48), relativedelta(weeks=1), relativedelta(years=10)]
        given = [Step(send=f"{n}", after=delay) for n, delay in enumerate(delays)]
        touches = Cadence("c", steps=given).plan(a_lead(), enrolled=MONDAY)

        assert [touch.at.date() for touch in touches] == [
            date(2026, 3, 4),
            date(2026, 3, 9),
            date(2036, 3, 3),
        ]

    def test_never_searches_for_ever_and_says_that_it_ran_out_of_days(self):
        shut = WorkCalendar(holidays=frozenset(date(2026, 1, 1) + n * DAY for n in range(4_000)))
        cadence = Cadence("welcome", steps=steps(0), calendar=shut)
        [touch] = cadence.plan(a_lead(), enrolled=MONDAY)

        assert (touch.state, touch.reasons) == (TouchState.HELD, (TouchReason.NO_DAY,))
        assert touch.why == "no allowed day within ten years of 2026-03-02"
        assert cadence.due(a_lead(), enrolled=MONDAY, now=MONDAY + DAY) == ()


class TestLaws:
    zones = st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia"])

    @given(
        st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
        st.lists(st.integers(0, 400), min_size=1, max_size=6, unique=True).map(sorted),
        zones,
        st.times(),
    )
    def test_no_touch_is_early_or_on_a_closed_day(self, enrolled, delays, zone, at):
        calendar = WorkCalendar(zone=ZoneInfo(zone))
        cadence = Cadence("c", steps=steps(*delays), calendar=calendar, at=at)
        touches = cadence.plan(a_lead(), enrolled=enrolled)

        assert all(isinstance(touch, Touch) and touch.at >= enrolled for touch in touches)
        assert all(calendar.is_open(t.at.astimezone(ZoneInfo(zone)).date()) for t in touches)
        assert [t.at for t in touches] == sorted(t.at for t in touches)

    @given(
        st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
        st.lists(st.tuples(st.integers(0, 14), st.integers(0, 31)), min_size=2, max_size=6),
    )
    def test_no_touch_comes_before_the_one_before_it(self, enrolled, drawn):
        delays = sorted(
            (relativedelta(months=months, days=days) for months, days in drawn),
            key=lambda delay: date(2026, 1, 1) + delay,
        )
        given = [Step(send=f"{n}", after=delay) for n, delay in enumerate(delays)]
        touches = Cadence("c", steps=given).plan(a_lead(), enrolled=enrolled)

        assert all(before.at <= after.at for before, after in pairwise(touches))
