"""
What no plan may ever do, against a check that knows nothing of tables: in every zone, around every
change of the clocks, with random calendars, caps and histories.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import attrs
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, a_certificate, an_inquiry
from leadlib.lifecycle import Attempted, Deferred, Erased, HandedBack, HandedOff, OptedOut
from leadlib.model import Consent, Lead, Purpose
from leadlib.nurture import (
    Cadence,
    Cap,
    ContactPolicy,
    Enrolment,
    QuietHours,
    Step,
    TouchState,
    dry_run,
)
from leadlib.worktime import WorkCalendar, working_days
from test_worktime_zones import behaviour, changes_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAD = Lead(id="i-1", inquiries=[an_inquiry(at=datetime(1999, 1, 1, tzinfo=UTC))])
WINDOWS = [  # (hours, quiet): of the day, of the night, around the change of the clocks
    ({day: [(time(9), time(18))] for day in range(5)}, []),
    ({day: [(time(0), time(0))] for day in range(7)}, [(time(21), time(8))]),
    ({day: [(time(1, 30), time(2, 30)), (time(22), time(0, 15))] for day in range(7)}, []),
    ({day: [(time(20), time(4))] for day in range(6)}, [(time(0), time(1))]),
]
HOURS = (time(0, 30), time(2, 15), time(10), time(23, 45))


class TestEveryZone:
    @pytest.mark.rule("000-24", part="a sample of zones")
    @pytest.mark.parametrize(
        "name",
        [
            "Africa/Cairo",
            "America/New_York",
            "America/St_Johns",
            "Antarctica/Troll",
            "Asia/Gaza",
            "Australia/Lord_Howe",
            "Europe/Berlin",
            "Pacific/Apia",
        ],
    )
    def test_no_touch_is_outside_its_window(self, name):
        changes = changes_of(name)
        sample = [change for change in changes if change.year in {2010, 2011}] or changes[:2]

        assert sample
        assert [fault for change in sample for fault in faults(name, change)] == []

    @pytest.mark.slow
    @pytest.mark.rule("000-24")
    def test_no_touch_is_outside_its_window_in_all_zones_from_2000_to_2037(self):
        zones = {}
        for name in sorted(available_timezones()):
            zones.setdefault(behaviour(name), name)

        names = [name for name in zones.values() if changes_of(name)]

        assert len(names) > 100
        assert [
            fault
            for n, name in enumerate(names)
            for change in changes_of(name)
            for fault in faults(name, change, sending=[HOURS[n % 4]])
        ] == []


def faults(name, change, sending=HOURS):
    """Describe what is wrong with plans that run over a change of the clocks."""
    zone = ZoneInfo(name)
    enrolled = change - 50 * HOUR
    for number, (hours, quiet) in enumerate(WINDOWS):
        for hour in sending:
            cadence, policy = made(number, hour)
            plan = cadence.plan(LEAD, enrolled=enrolled, zone=zone, policy=policy)
            for touch in plan:
                if not is_allowed(touch.at.astimezone(zone), hours, quiet):
                    yield name, change, number, hour, "outside", touch
            if len({touch.id for touch in plan}) != len(plan):
                yield name, change, number, hour, "twice"
            yield from wrong_caps(plan, policy, zone)
            kind = KINDS[(number + hour.hour) % len(KINDS)]
            asked = {"enrolled": enrolled, "zone": zone, "policy": policy}
            rest = cadence.plan(LEAD, **asked, **ending(change, kind)).planned
            if rest != tuple(touch for touch in plan if touch.at < change):
                yield name, change, number, hour, "not just what is before the end", kind
            first = enrolled.astimezone(zone).date()
            for step, touch in zip(cadence.steps, plan, strict=True):
                local = touch.at.astimezone(zone)
                if touch.at < enrolled or local.date() < first + step.after:
                    yield name, change, number, hour, "early", touch


KINDS = ("opt-out", "erasure", "hand-off", "expiry")


def ending(end, kind):
    """What a plan is given so that nothing may go out from an instant on."""
    if kind == "expiry":
        long_ago = datetime(1999, 1, 1, tzinfo=UTC)
        yes = Consent(at=long_ago, basis="express", channel="mail", by_person=True, expires=end)
        return {"consents": [yes]}
    return {"history": [an_end(kind, end)]}


def an_end(kind, end):
    if kind == "hand-off":
        proof = a_certificate("i-1", at=end)
        return HandedOff(lead="i-1", at=end, certificate=proof, to="sam", brief="b")
    if kind == "erasure":
        return Erased(lead="i-1", at=end)
    return OptedOut(lead="i-1", at=end, channel="mail" if kind == "opt-out of mail" else None)


@cache
def made(number, hour):
    hours, quiet = WINDOWS[number]
    policy = ContactPolicy(
        hours=hours,
        quiet=[QuietHours(*each) for each in quiet],
        caps=[Cap(1, relativedelta(days=1)), Cap(3, timedelta(hours=72), "mail")],
    )
    steps = [Step(send=f"{n}", after=relativedelta(days=n)) for n in range(6)]
    return Cadence("c", steps=steps, calendar=ALWAYS, at=hour), policy


ALWAYS = WorkCalendar(hours={day: [(time(9), time(17))] for day in range(7)})


def is_allowed(local, hours, quiet):
    """Ask the clock on the wall, with today's windows and yesterday's that pass midnight."""
    now = local.time()
    today = any(within(now, *window, yesterday=False) for window in hours.get(local.weekday(), ()))
    last = hours.get((local.weekday() - 1) % 7, ())
    night = any(within(now, *window, yesterday=True) for window in last)
    hushed = any(within(now, *window, yesterday=y) for window in quiet for y in (False, True))
    return (today or night) and not hushed


def within(now, begin, end, *, yesterday):
    if begin < end:
        return not yesterday and begin <= now < end
    return now < end if yesterday else now >= begin


def wrong_caps(plan, policy, zone):
    """Describe where marketing is too much: what was asked for may come on top of it."""
    live = [t for t in plan if t.state in {TouchState.PLANNED, TouchState.SENT}]
    for cap in policy.caps:
        counted = [t for t in live if cap.channel in {None, t.channel}]
        own = [t.at for t in counted if t.purpose is Purpose.MARKETING]
        if isinstance(cap.per, relativedelta):
            own = [at.astimezone(zone).replace(tzinfo=None) for at in own]
        for at in own:
            if sum(at - cap.per < other <= at for other in own) > cap.most:
                yield "above the cap", cap, at


def early(cadence, plan, enrolled, zone):
    """Count the days between the enrolment and each touch, open ones where the step says so."""
    first = enrolled.astimezone(zone).date()
    for step, touch in zip(cadence.steps, plan, strict=True):
        day = touch.at.astimezone(zone).date()
        if isinstance(step.after, relativedelta):
            passed, wanted = (day - first).days, step.after.days
        else:
            since = [first + n * DAY for n in range((day - first).days + 1)]
            passed = sum(map(cadence.calendar.is_open, since)) - 1
            wanted = step.after.length.days
        if touch.at < enrolled or passed < wanted:
            yield step.send, touch.at


class TestRandomCalendars:
    days = st.integers(0, 40)
    delays = st.lists(days, min_size=1, max_size=7).map(sorted)
    windows = st.sampled_from(WINDOWS)
    hours = st.sampled_from(HOURS)
    zones = st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Africa/Cairo", "Pacific/Apia"])
    holidays = st.sets(days.map(lambda n: date(2011, 3, 20) + n * DAY), max_size=12)
    caps = st.lists(
        st.builds(
            Cap,
            st.integers(1, 3),
            st.sampled_from([relativedelta(days=1), relativedelta(days=7), timedelta(hours=30)]),
            st.sampled_from([None, "mail", "phone"]),
        ),
        max_size=3,
    )

    def cadence(self, delays, holidays, hour, kinds):
        channels = ["mail", "phone", "post"]
        steps = [
            Step(
                send=f"{n}",
                after=working_days(delay + 1) if kinds == "working" else relativedelta(days=delay),
                channel=channels[n % len(channels)],
            )
            for n, delay in enumerate(delays)
        ]
        calendar = WorkCalendar(
            hours={day: [(time(9), time(17))] for day in range(6)}, holidays=holidays
        )
        return Cadence("c", steps=steps, calendar=calendar, at=hour)

    @pytest.mark.rule("000-24", part="random calendars")
    @given(delays, holidays, hours, windows, caps, zones, st.integers(0, 60 * 24), st.data())
    def test_planning_again_from_the_middle_gives_the_same(
        self, delays, holidays, hour, window, caps, zone, hours_later, data
    ):
        kinds = data.draw(st.sampled_from(["calendar", "working"]))
        cadence = self.cadence(delays, holidays, hour, kinds)
        policy = ContactPolicy(
            hours=window[0], quiet=[QuietHours(*each) for each in window[1]], caps=caps
        )
        enrolled = datetime(2011, 3, 20, tzinfo=UTC) + hours_later * HOUR
        asked = {"enrolled": enrolled, "zone": zone, "policy": policy}
        plan = cadence.plan(LEAD, **asked)
        middle = data.draw(st.integers(0, len(plan)))
        sent = [touch.sent(at=touch.at) for touch in plan[:middle]]
        again = cadence.plan(LEAD, sent=sent, **asked)

        assert again[middle:] == plan[middle:]
        assert [t.state.value for t in again[:middle]] == ["sent"] * middle
        assert cadence.plan(LEAD, sent=[t.id for t in sent], **asked)[middle:] == plan[middle:]
        assert [*wrong_caps(plan, policy, ZoneInfo(zone))] == []
        assert [*early(cadence, plan, enrolled, ZoneInfo(zone))] == []
        assert all(a.at <= b.at for a, b in pairwise(plan))

    @given(delays, st.integers(1, 40), hours, caps, st.data())
    def test_planning_a_track_again_gives_the_same(self, delays, days, hour, caps, data):
        single = self.cadence(delays, set(), hour, "calendar")
        news = Step(send="news", after=relativedelta(), every=relativedelta(days=days))
        cadence = attrs.evolve(single, steps=[*single.steps, news])
        policy = ContactPolicy(caps=caps)
        asked = {"enrolled": MONDAY, "zone": UTC, "policy": policy, "until": MONDAY + 90 * DAY}
        plan = cadence.plan(LEAD, **asked)
        middle = data.draw(st.integers(0, len(plan)))
        gone = [touch for touch in plan[:middle] if touch.state is TouchState.PLANNED]
        sent = [touch.sent(at=touch.at) for touch in gone]
        again = cadence.plan(LEAD, sent=sent, **asked)

        assert again[middle:] == plan[middle:]
        assert len({touch.id for touch in plan}) == len(plan)

    @pytest.mark.rule("000-24", "law-7", part="random ends")
    @given(
        delays,
        st.integers(0, 50 * 24),
        st.sampled_from(["opt-out", "opt-out of mail", "erasure", "hand-off"]),
        hours,
    )
    def test_nothing_goes_out_after_an_end(self, delays, hours_later, kind, hour):
        cadence = self.cadence(delays, set(), hour, "calendar")
        end = MONDAY + hours_later * HOUR
        event = an_end(kind, end)
        plan = cadence.plan(LEAD, enrolled=MONDAY, history=[event])
        touched = {"mail"} if kind == "opt-out of mail" else {"mail", "phone", "post"}

        assert all(t.at < end for t in plan.planned if t.channel in touched)
        now = end + 3 * DAY
        due = cadence.due(LEAD, enrolled=MONDAY, now=now, history=[event])
        assert [touch for touch in due if touch.channel in touched] == []

    @given(delays, st.integers(1, 40 * 24), st.integers(1, 400 * 24), hours, st.data())
    @pytest.mark.rule("000-24", part="hand-back")
    def test_a_lead_that_comes_back_goes_on_where_it_stood(self, delays, begin, length, hour, data):
        cadence = self.cadence(delays, set(), hour, "calendar")
        away = MONDAY + begin * HOUR
        back = away + length * HOUR
        history = [
            HandedOff(
                lead="i-1", at=away, certificate=a_certificate("i-1", at=away), to="sam", brief="b"
            ),
            HandedBack(lead="i-1", at=back, reason="timing"),
        ]
        before = cadence.plan(LEAD, enrolled=MONDAY)
        sent = [touch.sent(at=touch.at) for touch in before if touch.at < away]
        after = cadence.plan(LEAD, enrolled=MONDAY, history=history, sent=sent)
        left = [touch for touch in after if touch.state is TouchState.PLANNED]

        assert [t.id for t in after] == [t.id for t in before]
        assert len(left) == len(before) - len(sent)
        assert all(touch.at >= back for touch in left)
        assume(left)
        again = cadence.plan(
            LEAD,
            enrolled=MONDAY,
            history=history,
            sent=[*sent, left[0].sent(at=left[0].at)],
        )
        assert [t for t in again if t.state is TouchState.PLANNED] == left[1:]

    @given(delays, st.lists(st.integers(1, 400), min_size=1, max_size=40), caps, hours)
    def test_a_worker_that_calls_at_any_time_sends_each_touch_once_and_in_order(
        self, delays, waits, caps, hour
    ):
        cadence = self.cadence(delays, set(), hour, "calendar")
        policy = ContactPolicy(hours={day: [(time(8), time(20))] for day in range(5)}, caps=caps)
        berlin, now, sent = ZoneInfo("Europe/Berlin"), MONDAY, []
        asked = {"enrolled": MONDAY, "zone": berlin, "policy": policy}
        for hours in waits:
            now += hours * HOUR
            for touch in cadence.due(LEAD, now=now, sent=sent, **asked):
                assert is_allowed(now.astimezone(berlin), policy.hours, [])
                assert touch.at <= now
                sent.append(touch.sent(at=now))
        order = [touch.id for touch in cadence.plan(LEAD, **asked)]

        assert [each.id for each in sent] == order[: len(sent)]
        plan = cadence.plan(LEAD, sent=sent, **asked)
        assert [*wrong_caps(plan, policy, berlin)] == []

    histories = st.lists(
        st.tuples(
            st.sampled_from(["sales", "later", "tried"]), st.integers(1, 300), st.integers(1, 300)
        ),
        max_size=3,
    )

    @settings(deadline=None)
    @given(
        delays, holidays, hours, windows, caps, zones, st.integers(0, 50 * 24), histories, st.data()
    )
    def test_what_is_planned_now_is_what_a_punctual_worker_sends(
        self, delays, holidays, hour, window, caps, zone, hours_later, told, data
    ):
        """Whatever was late when it began: each touch at its instant, and none before."""
        single = self.cadence(
            delays, holidays, hour, data.draw(st.sampled_from(["calendar", "working"]))
        )
        cadence = attrs.evolve(single, steps=[*single.steps, *data.draw(self.more)])
        policy = ContactPolicy(
            hours=window[0], quiet=[QuietHours(*each) for each in window[1]], caps=caps
        )
        enrolled = datetime(2011, data.draw(st.sampled_from([3, 10])), 20, 3, tzinfo=UTC)
        now = enrolled + hours_later * HOUR
        history = [event for event in events(told, enrolled) if event.at <= now]
        asked = {"enrolled": enrolled, "zone": zone, "policy": policy, "history": history}
        before = cadence.plan(LEAD, until=now, **asked).planned
        some = data.draw(st.integers(0, len(before)))
        sent = [touch.sent(at=touch.at) for touch in before[:some]]
        plan = cadence.plan(LEAD, now=now, sent=sent, until=now + 60 * DAY, **asked)

        assert all(touch.at >= now for touch in plan.planned)
        assert [*wrong_caps(plan, policy, ZoneInfo(zone))] == []
        last = now
        for touch in sorted(plan.planned, key=lambda touch: touch.at):
            if touch.at > last:
                early = touch.at - timedelta(microseconds=1)
                assert cadence.due(LEAD, now=early, sent=sent, **asked) == ()
            [due] = cadence.due(LEAD, now=touch.at, sent=sent, **asked)
            assert (due.id, due.at) == (touch.id, touch.at)
            sent.append(touch.sent(at=touch.at))
            last = touch.at

    more = st.lists(
        st.sampled_from(
            [
                Step(send="news", after=relativedelta(days=3), every=relativedelta(days=9)),
                Step(send="receipt", after=relativedelta(days=40), purpose="service"),
            ]
        ),
        unique=True,
    )

    @settings(deadline=None)
    @given(
        st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=7),
        holidays,
        hours,
        windows,
        caps,
        st.lists(st.tuples(zones, st.integers(0, 90 * 24)), min_size=1, max_size=6),
    )
    def test_a_dry_run_gives_the_instants_of_the_plans(
        self, drawn, holidays, hour, window, caps, people
    ):
        """Days of the calendar and working days in any mixture, so that steps queue up."""
        single = self.cadence(sorted(days for days, _ in drawn), holidays, hour, "calendar")
        steps = [
            attrs.evolve(step, after=working_days(step.after.days + 1)) if working else step
            for step, (_, working) in zip(single.steps, drawn, strict=True)
        ]
        cadence = attrs.evolve(single, steps=steps)
        policy = ContactPolicy(
            hours=window[0], quiet=[QuietHours(*each) for each in window[1]], caps=caps
        )
        enrolments = [
            Enrolment(
                lead=attrs.evolve(LEAD, id=f"L{n}"),
                cadence=cadence,
                at=datetime(2011, 3, 1, tzinfo=UTC) + later * HOUR,
                zone=zone,
            )
            for n, (zone, later) in enumerate(people)
        ]
        run = dry_run(enrolments, policy=policy)
        plans = [
            cadence.plan(each.lead, enrolled=each.at, zone=each.zone, policy=policy)
            for each in enrolments
        ]

        assert [*run.instants] == [
            tuple((t.at - EPOCH) // timedelta(microseconds=1) for t in plan.planned)
            for plan in plans
        ]

    @given(delays, st.integers(0, 60 * 24), st.data())
    def test_of_what_is_late_no_two_go_out_on_one_day(self, delays, hours_later, data):
        cadence = self.cadence(delays, set(), data.draw(self.hours), "calendar")
        now = MONDAY + hours_later * HOUR
        plan = cadence.plan(LEAD, enrolled=MONDAY, now=now)
        late = [
            touch.at.date()
            for touch, first in zip(plan, cadence.plan(LEAD, enrolled=MONDAY), strict=True)
            if first.at.date() < now.date()
        ]

        assert len({*late}) == len(late)


def events(told, enrolled):
    """Sales takes the lead and gives it back, tries to reach it, or it asks to hear later."""
    at = enrolled
    for kind, begin, length in told:
        at += begin * HOUR
        end = at + length * HOUR
        if kind == "later":
            yield Deferred(lead="i-1", at=at, not_before=end)
        elif kind == "tried":
            yield Attempted(lead="i-1", at=at)
        else:
            proof = a_certificate("i-1", at=at)
            yield HandedOff(lead="i-1", at=at, certificate=proof, to="sam", brief="b")
            at = end
            yield HandedBack(lead="i-1", at=at, reason="timing")
