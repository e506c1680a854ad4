"""Schedules to the minute: the oracles of section 4, windows, quiet hours and caps."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from dateutil.relativedelta import relativedelta

from builders import DAY, HOUR, MONDAY, a_lead, an_inquiry
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import Attempted, OptedOut
from leadlib.model import Lead
from leadlib.nurture import (
    Cadence,
    Cap,
    ContactPolicy,
    QuietHours,
    SentTouch,
    Step,
    TouchReason,
    TouchState,
)
from leadlib.worktime import WorkCalendar, working_days

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HONOLULU = ZoneInfo("Pacific/Honolulu")
WEEK = relativedelta(days=7)
EVERY_DAY = WorkCalendar(hours={day: [(time(9), time(17))] for day in range(7)})
ENROLLED = datetime(2026, 1, 22, 16, 30, tzinfo=BERLIN)
LONG_KNOWN = Lead(id="i-1", inquiries=[an_inquiry(at=datetime(2020, 1, 1, tzinfo=UTC))])


def a_cadence(*delays, channel="mail", **more):
    steps = [
        Step(send=f"touch {n}", after=relativedelta(days=delay), channel=channel)
        for n, delay in enumerate(delays, 1)
    ]
    return Cadence("drip", **{"steps": steps, "calendar": WorkCalendar(zone=BERLIN)} | more)


OFFSETS = a_cadence(0, 3, 7, 14, 30, 60, 90)


def local(touches, zone=BERLIN):
    return [f"{touch.at.astimezone(zone):%a %d %b %H:%M}" for touch in touches]


class TestTheOraclesOfSectionFour:
    @pytest.mark.rule("000-24", part="the schedule")
    def test_offsets_are_anchored_and_roll_forward_to_weekdays(self):
        plan = OFFSETS.plan(a_lead(), enrolled=ENROLLED, zone=BERLIN, policy=ContactPolicy())

        assert local(plan) == [
            "Fri 23 Jan 10:00",
            "Mon 26 Jan 10:00",
            "Thu 29 Jan 10:00",
            "Thu 05 Feb 10:00",
            "Mon 23 Feb 10:00",
            "Mon 23 Mar 10:00",
            "Wed 22 Apr 10:00",
        ]
        assert [touch.at.hour for touch in plan] == [9, 9, 9, 9, 9, 9, 8]  # DST in UTC

    @pytest.mark.rule("L14")
    @pytest.mark.rule("000-24", part="the cap")
    def test_a_cap_of_two_in_seven_days_moves_the_third_only(self):
        policy = ContactPolicy(caps=[Cap(2, per=WEEK)])
        free = OFFSETS.plan(a_lead(), enrolled=ENROLLED, zone=BERLIN)
        plan = OFFSETS.plan(a_lead(), enrolled=ENROLLED, zone=BERLIN, policy=policy)

        assert local(plan)[2] == "Fri 30 Jan 10:00"
        assert plan[2].reasons == (TouchReason.CAP,)
        assert plan[2].why == "moved from 2026-01-29: at most 2 contacts in 7 days"
        others = [0, 1, 3, 4, 5, 6]
        assert [plan[n].at for n in others] == [free[n].at for n in others]

    @pytest.mark.rule("000-24", part="the opt-out")
    def test_an_opt_out_cancels_what_is_left(self):
        first = OFFSETS.plan(a_lead(), enrolled=ENROLLED, zone=BERLIN)
        sent = [touch.sent(at=touch.at) for touch in first[:3]]
        out = OptedOut(lead="i-1", at=datetime(2026, 2, 1, 12, tzinfo=BERLIN))
        plan = OFFSETS.plan(a_lead(), enrolled=ENROLLED, zone=BERLIN, history=[out], sent=sent)

        assert [touch.state.value for touch in plan] == ["sent"] * 3 + ["cancelled"] * 4
        assert {touch.reasons for touch in plan[3:]} == {(TouchReason.OPT_OUT,)}
        assert plan[3].why == "OptedOut on 2026-02-01"

    @pytest.mark.rule("000-24")
    def test_after_step_two_of_six_two_are_sent_and_four_cancelled(self):
        cadence = a_cadence(0, 1, 2, 3, 4, 7)
        sent = [t.sent(at=t.at) for t in cadence.plan(a_lead(), enrolled=MONDAY)[:2]]
        out = OptedOut(lead="i-1", at=sent[-1].at + HOUR)
        plan = cadence.plan(a_lead(), enrolled=MONDAY, history=[out], sent=sent)

        assert plan.by_state[TouchState.SENT] == 2
        assert plan.by_state[TouchState.CANCELLED] == 4

    def test_monthly_from_the_end_of_january_does_not_drift(self):
        track = Step(send="news", after=relativedelta(months=1), every=relativedelta(months=1))
        cadence = Cadence("track", steps=[track], calendar=EVERY_DAY)
        enrolled = datetime(2026, 1, 31, 8, tzinfo=UTC)
        plan = cadence.plan(a_lead(), enrolled=enrolled, until=datetime(2026, 7, 1, tzinfo=UTC))

        assert [f"{t.at:%d %b}" for t in plan] == ["28 Feb", "31 Mar", "30 Apr", "31 May", "30 Jun"]

    def test_half_past_nine_in_the_evening_is_eight_the_next_day(self):
        policy = ContactPolicy(quiet=[QuietHours(time(21), time(8), "phone")])
        cadence = a_cadence(0, channel="phone", at=time(21, 30), calendar=EVERY_DAY)
        enrolled = datetime(2026, 1, 21, 9, tzinfo=NEW_YORK)
        [touch] = cadence.plan(a_lead(), enrolled=enrolled, zone=NEW_YORK, policy=policy)
        [mail] = by("mail", cadence).plan(a_lead(), enrolled=enrolled, zone=NEW_YORK, policy=policy)

        assert local([touch], NEW_YORK) == ["Thu 22 Jan 08:00"]
        assert touch.why == "moved from 2026-01-21: quiet hours"
        assert local([mail], NEW_YORK) == ["Wed 21 Jan 21:30"]

    @pytest.mark.parametrize(
        ("day", "first", "last"),
        [(date(2026, 1, 21), "13:00", "21:00"), (date(2026, 7, 15), "14:00", "21:00")],
    )
    def test_of_an_unknown_zone_the_hours_are_those_of_all(self, day, first, last):
        """By the clock of New York: from eight in Honolulu to nine in New York."""
        hours = {weekday: [(time(8), time(21))] for weekday in range(7)}
        policy = ContactPolicy(hours=hours, zones=[NEW_YORK, HONOLULU])
        cadence = a_cadence(0, calendar=EVERY_DAY)
        midnight = datetime.combine(day, time(), NEW_YORK)
        asked = {"enrolled": midnight - 2 * DAY, "policy": policy}
        sendable = [
            minute
            for minute in range(24 * 60)
            if cadence.due(LONG_KNOWN, now=midnight + timedelta(minutes=minute), **asked)
        ]

        assert at_minute(sendable[0]).isoformat("minutes") == first
        assert at_minute(sendable[-1] + 1).isoformat("minutes") == last
        assert len(sendable) == sendable[-1] + 1 - sendable[0]

    def test_the_fourth_call_in_a_day_waits(self):
        """Of Florida: at most three calls in 24 hours."""
        policy = ContactPolicy(caps=[Cap(3, timedelta(hours=24), "phone")])
        calls = [Attempted(lead="i-1", at=MONDAY + n * HOUR) for n in (0, 1, 2)]
        cadence = a_cadence(0, channel="phone", at=time(15), calendar=EVERY_DAY)
        [touch] = cadence.plan(a_lead(), enrolled=MONDAY, zone=UTC, policy=policy, history=calls)

        assert touch.at == datetime(2026, 3, 3, 15, tzinfo=UTC)
        assert touch.why == "moved from 2026-03-02: at most 3 contacts by phone in 24 hours"


def by(channel, cadence):
    return attrs.evolve(cadence, steps=[attrs.evolve(s, channel=channel) for s in cadence.steps])


def at_minute(minute):
    return time(minute // 60 % 24, minute % 60)


class TestDelays:
    def test_in_working_days_are_open_days(self):
        holiday = WorkCalendar(zone=BERLIN, holidays=[date(2026, 3, 4)])
        steps = [Step(send=f"{n}", after=working_days(n)) for n in (1, 2, 5)]
        cadence = Cadence("c", steps=steps, calendar=holiday)
        plan = cadence.plan(a_lead(), enrolled=datetime(2026, 3, 2, 8, tzinfo=BERLIN))

        assert local(plan) == ["Tue 03 Mar 10:00", "Thu 05 Mar 10:00", "Tue 10 Mar 10:00"]

    def test_in_working_days_begin_when_the_calendar_opens(self):
        steps = [Step(send="a", after=working_days(1))]
        saturday = datetime(2026, 3, 7, 9, tzinfo=BERLIN)
        plan = Cadence("c", steps=steps, calendar=WorkCalendar(zone=BERLIN)).plan(
            a_lead(), enrolled=saturday
        )

        assert local(plan) == ["Tue 10 Mar 10:00"]


class TestWindows:
    def test_are_those_of_the_contact(self):
        hours = {day: [(time(9), time(18))] for day in range(5)}
        policy = ContactPolicy(hours=hours)
        cadence = a_cadence(0, calendar=EVERY_DAY, at=time(7))
        enrolled = datetime(2026, 3, 2, 1, tzinfo=UTC)  # ten in the morning in Tokyo
        zones = ("Asia/Tokyo", "Europe/Berlin", "America/New_York")
        at = {
            zone: cadence.plan(a_lead(), enrolled=enrolled, zone=zone, policy=policy)[0].at
            for zone in zones
        }

        assert at["Asia/Tokyo"] == datetime(2026, 3, 3, tzinfo=UTC)
        assert at["Europe/Berlin"] == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert at["America/New_York"] == datetime(2026, 3, 2, 14, tzinfo=UTC)

    def test_holidays_are_named(self):
        policy = ContactPolicy(holidays=[date(2026, 3, 2)])
        [touch] = a_cadence(0).plan(a_lead(), enrolled=MONDAY, zone=BERLIN, policy=policy)

        assert touch.reasons[0] is TouchReason.HOLIDAY
        assert local([touch]) == ["Tue 03 Mar 10:00"]

    def test_of_the_whole_world_leave_few_hours_or_none(self):
        policy = ContactPolicy(hours={day: [(time(8), time(20))] for day in range(7)})
        [touch] = a_cadence(0).plan(a_lead(), enrolled=MONDAY, policy=policy)

        assert (touch.state, touch.reasons) == (TouchState.HELD, (TouchReason.NO_DAY,))

    def test_a_late_touch_waits_for_the_window(self):
        policy = ContactPolicy(hours={day: [(time(9), time(18))] for day in range(5)})
        cadence = a_cadence(0)
        asked = {"enrolled": MONDAY, "zone": BERLIN, "policy": policy}
        night, morning = (
            datetime(2026, 3, day, hour, tzinfo=BERLIN) for day, hour in [(2, 22), (3, 9)]
        )
        saturday = datetime(2026, 3, 7, 12, tzinfo=BERLIN)

        assert cadence.due(a_lead(), now=night, **asked) == ()
        assert cadence.due(a_lead(), now=saturday, **asked) == ()
        assert len(cadence.due(a_lead(), now=morning, **asked)) == 1


class TestCaps:
    @pytest.mark.rule("L14", part="the most restrictive wins")
    @pytest.mark.parametrize(
        ("caps", "days"),
        [
            ([Cap(2, per=WEEK)], [0, 0, 7, 8]),  # what queues up goes out a day at a time
            ([Cap(2, per=WEEK), Cap(1, relativedelta(days=3))], [0, 3, 7, 10]),
            ([Cap(1, relativedelta(days=3)), Cap(2, per=WEEK)], [0, 3, 7, 10]),
            ([Cap(2, per=WEEK), Cap(1, relativedelta(days=9), "mail")], [0, 9, 18, 27]),
        ],
    )
    def test_of_which_the_most_restrictive_wins(self, caps, days):
        cadence = a_cadence(0, 0, 0, 0, calendar=EVERY_DAY)
        policy = ContactPolicy(caps=caps)
        plan = cadence.plan(a_lead(), enrolled=MONDAY, zone=UTC, policy=policy)

        assert [(touch.at - plan[0].at).days for touch in plan] == days

    @pytest.mark.rule("L14", part="all channels by default")
    def test_count_all_channels_unless_they_name_one(self):
        steps = [
            Step(send=channel, after=relativedelta(), channel=channel)
            for channel in ("mail", "phone", "post")
        ]
        cadence = Cadence("c", steps=steps, calendar=EVERY_DAY)
        policy = ContactPolicy(caps=[Cap(1, relativedelta(days=1))])
        plan = cadence.plan(a_lead(), enrolled=MONDAY, zone=UTC, policy=policy)

        assert [touch.at.day for touch in plan] == [2, 3, 4]

    @pytest.mark.rule("L14", part="a rolling window")
    def test_of_days_are_days_of_the_contact_whatever_the_clocks_do(self):
        """A week with the change of clocks in spring has 167 hours: weekly mail stays weekly."""
        policy = ContactPolicy(caps=[Cap(1, per=WEEK)])
        enrolled = datetime(2026, 3, 23, 8, tzinfo=BERLIN)
        plan = a_cadence(0, 7, 14).plan(a_lead(), enrolled=enrolled, zone=BERLIN, policy=policy)

        assert local(plan) == ["Mon 23 Mar 10:00", "Mon 30 Mar 10:00", "Mon 06 Apr 10:00"]

    def test_of_days_wait_for_the_second_time_when_the_clocks_are_put_back(self):
        """Late at the second half past two: a day after a quarter to three is the second one."""
        lead = Lead(id="i-1", inquiries=[an_inquiry(at=datetime(2020, 1, 1, tzinfo=UTC))])
        other = SentTouch(
            id="x",
            lead="i-1",
            cadence="other",
            send="s",
            channel="mail",
            at=datetime(2026, 10, 24, 2, 45, tzinfo=BERLIN),
        )
        asked = {
            "enrolled": datetime(2026, 10, 20, tzinfo=UTC),
            "zone": BERLIN,
            "policy": ContactPolicy(caps=[Cap(1, per=relativedelta(days=1))]),
            "sent": [other],
        }
        now = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        [touch] = a_cadence(0, calendar=EVERY_DAY).plan(lead, now=now, **asked)

        assert touch.at == datetime(2026, 10, 25, 1, 45, tzinfo=UTC)

    def test_of_hours_are_elapsed_time(self):
        policy = ContactPolicy(caps=[Cap(1, per=timedelta(hours=168))])
        enrolled = datetime(2026, 3, 23, 8, tzinfo=BERLIN)
        plan = a_cadence(0, 7).plan(a_lead(), enrolled=enrolled, zone=BERLIN, policy=policy)

        assert local(plan) == ["Mon 23 Mar 10:00", "Mon 30 Mar 11:00"]

    def test_count_what_other_cadences_sent(self):
        policy = ContactPolicy(caps=[Cap(1, per=relativedelta(days=2))])
        other = SentTouch(id="x", lead="i-1", cadence="other", send="s", channel="post", at=MONDAY)
        foreign = SentTouch(
            id="y", lead="i-2", cadence="other", send="s", channel="post", at=MONDAY + DAY
        )
        cadence = a_cadence(0, calendar=EVERY_DAY)
        plan = cadence.plan(
            a_lead(), enrolled=MONDAY, zone=UTC, policy=policy, sent=[other, foreign]
        )

        assert plan[0].at == datetime(2026, 3, 4, 10, tzinfo=UTC)

    def test_of_a_channel_leave_the_others_alone(self):
        steps = [
            Step(send="a", after=relativedelta(), channel="mail"),
            Step(send="b", after=relativedelta(), channel="phone"),
            Step(send="c", after=relativedelta(), channel="mail"),
        ]
        policy = ContactPolicy(caps=[Cap(1, relativedelta(days=1), "mail")])
        cadence = Cadence("c", steps=steps, calendar=EVERY_DAY)
        plan = cadence.plan(a_lead(), enrolled=MONDAY, zone=UTC, policy=policy)

        assert [touch.at.day for touch in plan] == [2, 2, 3]

    def test_are_asked_again_at_the_moment_of_sending(self):
        policy = ContactPolicy(caps=[Cap(1, per=relativedelta(days=1))])
        cadence = a_cadence(0, 1, calendar=EVERY_DAY)
        asked = {"enrolled": MONDAY, "zone": UTC, "policy": policy}
        first, second = cadence.plan(a_lead(), **asked)
        late = first.sent(at=second.at - HOUR)

        assert cadence.due(a_lead(), now=second.at, sent=[late], **asked) == ()
        [touch] = cadence.due(a_lead(), now=second.at + DAY, sent=[late], **asked)
        assert touch.id == second.id


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "where"),
        [
            ({"hours": {}}, "$.hours"),
            ({"hours": {0: [(time(9), time(9))]}}, "$.hours[0]"),
            ({"hours": {7: [(time(9), time(10))]}}, "$.hours"),
            ({"quiet": [QuietHours(time(0), time(12)), QuietHours(time(12), time(0))]}, "$.quiet"),
            ({"quiet": [1]}, "$.quiet"),
            ({"caps": [2]}, "$.caps"),
            ({"caps": 2}, "$.caps"),
            ({"caps": [Cap(1, WEEK)] * 101}, "$.caps"),
            ({"zones": "Europe/Berlin"}, "$.zones"),
            ({"zones": [3]}, "$.zones"),
            ({"holidays": ["2026-01-01"]}, "holidays"),
        ],
    )
    def test_of_a_policy_name_the_place(self, given, where):
        with pytest.raises(InvalidValue) as caught:
            ContactPolicy(**given)

        assert caught.value.where == where

    def test_of_zones_without_an_hour_in_common(self):
        hours = {day: [(time(9), time(12))] for day in range(7)}
        with pytest.raises(InvalidValue, match="never come in all of them") as caught:
            ContactPolicy(hours=hours, zones=[BERLIN, "Asia/Tokyo"])

        assert caught.value.where == "$.zones"

    def test_of_quiet_hours_that_never_end_for_one_channel(self):
        hours = {day: [(time(9), time(12))] for day in range(7)}
        with pytest.raises(InvalidValue, match="quiet at all hours by phone"):
            ContactPolicy(hours=hours, quiet=[QuietHours(time(8), time(13), "phone")])

    @pytest.mark.parametrize(
        ("most", "per", "where"),
        [
            (0, WEEK, "$.most"),
            (-1, WEEK, "$.most"),
            (True, WEEK, "$.most"),
            (1.5, WEEK, "$.most"),
            (1, relativedelta(months=1), "$.per"),
            (1, relativedelta(days=0), "$.per"),
            (1, relativedelta(days=367), "$.per"),
            (1, timedelta(0), "$.per"),
            (1, timedelta(days=400), "$.per"),
            (1, 7, "$.per"),
        ],
    )
    def test_of_caps(self, most, per, where):
        with pytest.raises(InvalidValue) as caught:
            Cap(most, per)

        assert caught.value.where == where

    @pytest.mark.parametrize("begin", [time(9), time(9, tzinfo=UTC), 9, None])
    def test_of_quiet_hours(self, begin):
        with pytest.raises(InvalidValue, match="local times that differ"):
            QuietHours(begin, time(9))

    def test_of_unknown_zones(self):
        with pytest.raises(UnknownName):
            ContactPolicy(zones=["Europe/Nowhere"])
        with pytest.raises(UnknownName):
            OFFSETS.plan(a_lead(), enrolled=MONDAY, zone="Europe/Nowhere")


class TestText:
    def test_of_a_policy_reads_aloud(self):
        hours = {day: [(time(9), time(12)), (time(13), time(18))] for day in (0, 1, 3, 4)}
        quiet = [QuietHours(time(21), time(8), "phone")]
        policy = ContactPolicy(hours=hours, quiet=quiet, caps=[Cap(1, timedelta(minutes=90))])

        assert str(policy) == (
            "Mon-Tue 09:00-12:00 and 13:00-18:00, Thu-Fri 09:00-12:00 and 13:00-18:00; "
            "quiet from 21:00 to 08:00 by phone; at most 1 contact in 1:30:00"
        )
        assert str(ContactPolicy()) == "Mon-Sun at all hours"
