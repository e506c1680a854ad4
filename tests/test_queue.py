"""What has to happen next, in which order, and what follows if it does not."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate, a_history
from leadlib.errors import IllegalTransition, InvalidValue, UnknownName
from leadlib.lifecycle import (
    CALLBACK,
    HANDED_BACK,
    INQUIRY,
    KEEP_INFORMED,
    NURTURE,
    QUALIFYING,
    SIMPLE,
    STANDARD,
    WORKING,
    Accepted,
    Attempted,
    CallbackScheduled,
    Deadline,
    Deferred,
    Disqualified,
    DueState,
    Escalated,
    Expired,
    HandedBack,
    HandedOff,
    Inquired,
    Lost,
    OpportunityOpened,
    Parked,
    Qualified,
    Quoted,
    Reassigned,
    ReturnReason,
    Reviewed,
    SalesQualified,
    Stage,
    Triaged,
    Won,
)
from leadlib.model import Team
from leadlib.worktime import WorkCalendar, days, hours, working_days, working_hours

OFFICE = WorkCalendar()  # UTC, Monday to Friday, nine to five
HOUR = timedelta(hours=1)


def at(day, hour=9, minute=0, month=3):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


WEDNESDAY = at(4, 11)


def offered(lead="L", when=WEDNESDAY):
    """An inquiry of Monday, certified on Tuesday, offered to sales on Wednesday."""
    proof = a_certificate(lead, at=at(3))
    return [
        Inquired(lead=lead, at=at(2)),
        Triaged(lead=lead, at=at(2, 10)),
        Qualified(lead=lead, at=at(3), certificate=proof),
        HandedOff(lead=lead, at=when, certificate=proof, to="sam", brief="b"),
    ]


def queue(*histories, now, **more):
    standings = [STANDARD.replay(history) for history in histories]
    return STANDARD.due(standings, now=now, calendar=OFFICE, **more)


def first_attempts(*histories, **more):
    return [due for due in queue(*histories, **more) if due.action == "first attempt"]


class TestOrder:
    @pytest.mark.rule("001-11")
    def test_is_overdue_then_hottest_then_earliest(self):
        """(hot, 3 h), (warm, 1 h), (hot, overdue) → overdue hot, hot 3 h, warm 1 h."""
        now = at(5, 12)
        late, hot, warm = (
            offered(lead, now - DAY + timedelta(hours=left))
            for lead, left in (("late", -2), ("hot", 3), ("warm", 1))
        )
        rank = {"late": 2, "hot": 2, "warm": 1}
        order = first_attempts(hot, warm, late, now=now, rank=rank)

        assert [due.lead for due in order] == ["late", "hot", "warm"]
        assert [due.state for due in order] == [
            DueState.OVERDUE,
            DueState.AT_RISK,
            DueState.AT_RISK,
        ]

    @pytest.mark.rule("003-15")
    def test_may_go_by_expected_value(self):
        """.30 x 20,000 = 6,000 comes before .05 x 100,000 = 5,000, although that is due first."""
        rank = {"small": 0.30 * 20_000, "large": 0.05 * 100_000}
        order = first_attempts(
            offered("large", at(4, 10)), offered("small", at(4, 11)), now=at(4, 12), rank=rank
        )

        assert [due.lead for due in order] == ["small", "large"]

    def test_puts_a_lead_without_rank_last_among_equals(self):
        order = first_attempts(
            offered("a", at(4, 10)), offered("b", at(4, 11)), now=at(4, 12), rank={"b": 0}
        )

        assert [due.lead for due in order] == ["b", "a"]

    @pytest.mark.parametrize(
        "value", [float("nan"), Decimal("NaN"), Decimal("sNaN"), True, "hot", None]
    )
    def test_goes_by_numbers_alone(self, value):
        with pytest.raises(InvalidValue, match=r"expected a number, got .* @ rank\['a'\]"):
            queue(offered("a"), now=at(5), rank={"a": value})

    def test_takes_numbers_of_any_size_and_library(self):
        import numpy as np

        histories = [offered("a"), offered("b")]
        for low, high in (
            (np.uint8(0), np.uint8(5)),
            (np.int8(-128), np.int8(100)),
            (0, Decimal("1e2000000")),
        ):
            order = first_attempts(*histories, now=at(4, 12), rank={"a": low, "b": high})
            assert [due.lead for due in order] == ["b", "a"]

    def test_refuses_leads_of_an_older_process(self):
        older = Stage("inquiry", Team.MARKETING, "another meaning")
        old = STANDARD.replay(offered()[:1])
        changed = attrs.evolve(old, stages=(older,))
        with pytest.raises(UnknownName, match=r"as it is now, got another 'inquiry'$"):
            STANDARD.due([changed], now=at(3), calendar=OFFICE)

    def test_is_by_due_date_without_ranks(self):
        order = first_attempts(offered("b", at(4, 10)), offered("a", at(4, 11)), now=at(4, 12))

        assert [due.lead for due in order] == ["b", "a"]

    @given(st.permutations(["a", "b", "c", "d"]))
    def test_does_not_depend_on_the_order_of_the_leads(self, leads):
        histories = [offered(lead) for lead in leads]

        assert queue(*histories, now=at(4, 12)) == queue(*histories[::-1], now=at(4, 12))


class TestState:
    def test_is_at_risk_within_the_time_that_you_call_soon(self):
        [due] = first_attempts(offered(), now=at(5, 7))
        [early] = first_attempts(offered(), now=at(5, 7), soon=3 * HOUR)

        assert (due.state, early.state) == (DueState.AT_RISK, DueState.OPEN)
        assert str(due) == "L: first attempt (sales), at risk, due 2026-03-05 11:00 UTC"

    def test_is_not_overdue_at_the_very_limit(self):
        [at_limit] = first_attempts(offered(), now=at(5, 11))
        [after] = first_attempts(offered(), now=at(5, 11) + timedelta(microseconds=1))

        assert (at_limit.overdue, after.overdue) == (False, True)

    def test_says_who_since_when_and_in_which_stage(self):
        [due] = first_attempts(offered(), now=at(5))

        assert (due.owner, due.rep, due.since) == (Team.SALES, "sam", at(4, 11))
        assert "sam" not in repr(due)


class TestActivities:
    @pytest.mark.rule("002-06")
    def test_say_who_tried_when_by_what_with_which_outcome_and_what_is_next(self):
        called = Attempted(lead="L", at=at(5), by="sam", channel="phone", reached=False)
        wrote = Attempted(lead="L", at=at(6), by="sam", channel="mail", reached=True, minutes=5)
        standing = STANDARD.replay([*offered(), called, wrote])
        [due] = STANDARD.due([standing], now=at(6), calendar=OFFICE)

        assert standing.activities == (called, wrote)
        assert standing.last_activity is wrote
        assert due.action == "next attempt or hand back"

    def test_begin_anew_with_each_offer(self):
        tried = [
            Inquired(lead="L", at=at(1)),
            Triaged(lead="L", at=at(1, 10)),
            Attempted(lead="L", at=at(1, 11)),
        ]
        qualifying = STANDARD.replay(tried)
        proof = a_certificate(at=at(2))
        certified = [
            Qualified(lead="L", at=at(2), certificate=proof),
            HandedOff(lead="L", at=at(3), certificate=proof, to="sam", brief="b"),
        ]

        assert len(qualifying.activities) == 1
        assert STANDARD.replay([*tried, *certified]).last_activity is None


class TestThen:
    def test_a_missed_first_attempt_escalates(self):
        [due] = first_attempts(offered(), now=at(6))
        event = due.event(at=at(6), by="clock")

        assert event == Escalated(
            lead="L", at=at(6), by="clock", reason="first attempt: overdue", action="first attempt"
        )
        assert STANDARD.move(STANDARD.replay(offered()), event).stage.name == "handed_off"

    @pytest.mark.parametrize("more", [[], [Accepted(lead="L", at=at(4, 12))]])
    def test_fourteen_days_of_silence_hand_the_lead_back(self, more):
        standing = STANDARD.replay([*offered(), *more])
        silent = [
            due
            for due in STANDARD.due([standing], now=at(18, 12), calendar=OFFICE)
            if due.then is HandedBack
        ]

        assert [(due.at, due.overdue) for due in silent] == [(at(18, 11), True)]
        back = silent[0].event(at=at(18, 12))
        assert back.reason is ReturnReason.NO_FOLLOW_UP
        assert STANDARD.move(standing, back).stage is HANDED_BACK

    def test_an_attempt_in_time_ends_the_silence(self):
        worked = [*offered(), Attempted(lead="L", at=at(5))]

        assert [due.then for due in queue(worked, now=at(30))] == [Escalated]

    def test_an_expired_certificate_ends_the_offer(self):
        certified = offered()[:3]
        [expiry] = [due for due in queue(certified, now=at(4)) if due.then is Expired]
        standing = STANDARD.replay(certified)

        assert expiry.at == a_certificate(at=at(3)).expires
        assert STANDARD.move(standing, expiry.event(at=at(3, month=4))).stage is NURTURE

    def test_six_attempts_without_an_answer_end_the_qualifying(self):
        tried = [Attempted(lead="L", at=at(3, 9 + n)) for n in range(6)]
        history = [Inquired(lead="L", at=at(2)), Triaged(lead="L", at=at(2, 10)), *tried]
        [five] = queue(history[:-1], now=at(4))
        [six] = queue(history, now=at(4))

        assert (five.overdue, five.at) == (False, at(16, 10))
        assert (six.overdue, six.at, six.then) == (True, at(3, 14), Deferred)

    def test_attempts_that_come_after_the_end_put_it_off_no_more(self):
        tried = [Attempted(lead="L", at=at(10 + 2 * n)) for n in range(6)]
        history = [Inquired(lead="L", at=at(2)), Triaged(lead="L", at=at(2, 10)), *tried]
        [due] = queue(history, now=at(21))

        assert (due.at, due.overdue) == (at(16, 10), True)

    def test_a_clock_of_both_teams_runs_in_the_hours_of_sales(self):
        evening = WorkCalendar(hours={day: [(time(18), time(22))] for day in range(7)})
        clock = Deadline(stage=INQUIRY, within=working_hours(1), owner="both", action="talk")
        [due] = attrs.evolve(STANDARD, deadlines=[clock]).due(
            [STANDARD.replay(offered()[:1])],
            now=at(2),
            calendar={Team.MARKETING: OFFICE, Team.SALES: evening},
        )

        assert due.at == at(2, 19)

    def test_reassigning_and_accepting_reset_no_clock(self):
        history = [
            *offered(),
            Accepted(lead="L", at=at(4, 12)),
            Reassigned(lead="L", at=at(5), to="kim"),
            Escalated(lead="L", at=at(5, 10), reason="slow"),
        ]
        [due] = first_attempts(history, now=at(5, 10))

        assert (due.at, due.rep) == (at(5, 11), "kim")

    def test_an_event_of_your_own_may_follow(self):
        clock = Deadline(
            stage=INQUIRY,
            within=hours(1),
            owner="marketing",
            action="triage",
            otherwise=Parked,
            reason="nobody looked",
        )
        [due] = attrs.evolve(STANDARD, deadlines=[clock]).due(
            [STANDARD.replay(offered()[:1])], now=at(3), calendar=OFFICE
        )

        assert due.event(at=at(3)) == Parked(lead="L", at=at(3), reason="nobody looked")


class TestConsequences:
    """What a worker appends, each night or each hour."""

    def night(self, standings, now):
        events = STANDARD.consequences(standings, now=now, calendar=OFFICE, by="night run")
        moved = {standing.lead: standing for standing in standings}
        for event in events:
            moved[event.lead] = STANDARD.move(moved[event.lead], event)
        return [*moved.values()], events

    def test_of_a_breach_are_told_once(self):
        standings = [STANDARD.replay(offered())]
        told = []
        for day in range(5, 16):
            standings, events = self.night(standings, at(day, 23))
            told += [(event.action, event.at.day) for event in events]

        assert told == [("accept or reject", 5), ("first attempt", 5)]
        [due] = first_attempts(standings[0].events, now=at(16))
        assert due.escalated == at(5, 23)

    @pytest.mark.rule("001-02")
    def test_hand_back_what_nobody_follows_up(self):
        """The hand-back comes alone, on the first night after fourteen days of silence."""
        standings = [STANDARD.replay(offered("a")), STANDARD.replay(offered("b", at(5, 11)))]
        told = {}
        for day in range(5, 22):
            standings, events = self.night(standings, at(day, 23))
            told |= {e.lead: e.at.day for e in events if isinstance(e, HandedBack)}

        assert told == {"a": 18, "b": 19}
        assert {standing.stage for standing in standings} == {HANDED_BACK}
        assert {s.last(HandedBack).reason for s in standings} == {ReturnReason.NO_FOLLOW_UP}

    def test_of_a_clock_that_started_anew_are_told_again(self):
        tried = [Attempted(lead="L", at=at(5)), Attempted(lead="L", at=at(25))]
        standings = [STANDARD.replay([*offered(), tried[0]])]
        standings, [first] = self.night(standings, at(20))
        standings, none = self.night(standings, at(21))
        standings = [STANDARD.move(standings[0], tried[1])]
        _, [second] = self.night(standings, at(20, month=4))

        assert (first.action, none, second.action) == (
            "next attempt or hand back",
            (),
            "next attempt or hand back",
        )

    def test_come_after_the_last_event_even_at_its_instant(self):
        now = at(6)
        history = [*offered(), Inquired(lead="L", at=now, seq=7)]
        events = STANDARD.consequences([STANDARD.replay(history)], now=now, calendar=OFFICE)

        assert [event.seq for event in events] == [8, 9]
        assert len(STANDARD.replay([*history, *events]).events) == 7

    def test_that_the_table_does_not_know_are_left_out(self):
        quiet = attrs.evolve(STANDARD, anywhere={})
        standing = quiet.replay(offered())

        assert quiet.consequences([standing], now=at(6), calendar=OFFICE) == ()

    def test_take_what_replay_all_gives(self):
        standings = STANDARD.replay_all(offered("a") + offered("b"))

        assert len(STANDARD.consequences(standings, now=at(6), calendar=OFFICE)) == 4
        assert STANDARD.due(standings, now=at(6), calendar=OFFICE) == STANDARD.due(
            standings.values(), now=at(6), calendar=OFFICE
        )
        assert STANDARD.orphans(standings, calendar=OFFICE) == ()
        with pytest.raises(InvalidValue, match="standings"):
            STANDARD.due(["L"], now=at(6), calendar=OFFICE)


class TestClosed:
    @pytest.mark.parametrize(
        ("ending", "owner"), [("disqualified", Team.MARKETING), ("customer", Team.SALES)]
    )
    def test_leads_that_ask_again_are_somebodys_job(self, ending, owner):
        sale = [
            *offered(),
            Attempted(lead="L", at=at(5)),
            SalesQualified(lead="L", at=at(6)),
            OpportunityOpened(lead="L", at=at(7), amount=Decimal(1), currency="EUR"),
            Won(lead="L", at=at(9)),
        ]
        out = [*offered(), Disqualified(lead="L", at=at(9), reason="student or job seeker")]
        history = sale if ending == "customer" else out
        again = Inquired(lead="L", at=at(9, month=4))
        [due] = queue([*history, again], now=again.at)
        looked = Reviewed(lead="L", at=at(10, month=4))

        assert queue(history, now=at(10)) == ()
        assert (due.stage.name, due.owner, due.at) == (ending, owner, at(10, month=4))
        assert queue([*history, again, looked], now=at(11, month=4)) == ()


class TestCallback:
    DUE = datetime(2026, 6, 8, 17, tzinfo=UTC)

    def asked(self, *more):
        return [
            *offered(),
            Attempted(lead="L", at=at(6, 10), reached=True),
            CallbackScheduled(lead="L", at=at(6, 10, 5), due=self.DUE),
            *more,
        ]

    @pytest.mark.rule("004-37")
    def test_waits_for_the_date_that_was_asked_for(self):
        standing = STANDARD.replay(self.asked())

        assert (standing.stage, standing.callback) == (CALLBACK, self.DUE)
        with pytest.raises(InvalidValue, match="an instant after the event"):
            CallbackScheduled(lead="L", at=at(6), due=at(5))

    @pytest.mark.rule("004-38")
    def test_is_handed_back_if_nobody_called_in_time(self):
        """Due Monday 8 June, grace of two working days: no call by the end of Wednesday."""
        [grace] = queue(self.asked(), now=datetime(2026, 6, 10, 17, tzinfo=UTC))
        [late] = queue(self.asked(), now=datetime(2026, 6, 10, 17, 0, 1, tzinfo=UTC))
        back = late.event(at=datetime(2026, 6, 10, 18, tzinfo=UTC))

        assert (grace.overdue, late.overdue) == (False, True)
        assert late.at == datetime(2026, 6, 10, 17, tzinfo=UTC)
        assert (late.owner, back.reason) == (Team.SALES, ReturnReason.CALLBACK_MISSED)
        assert STANDARD.move(STANDARD.replay(self.asked()), back).stage is HANDED_BACK

    @pytest.mark.rule("004-37", "004-38")
    @pytest.mark.parametrize("day", [6, 7, 8])
    @pytest.mark.parametrize("hour", [9, 10, 17])
    def test_of_a_day_may_be_made_until_the_end_of_its_grace(self, day, hour):
        """Saturday, Sunday or Monday, at whatever hour: the end of Wednesday is the end."""
        due = datetime(2026, 6, day, hour, tzinfo=UTC)
        asked = CallbackScheduled(lead="L", at=at(6, 10, 5), due=due)
        [entry] = queue([*offered(), Attempted(lead="L", at=at(6, 10)), asked], now=due)

        assert entry.at == datetime(2026, 6, 10, 17, tzinfo=UTC)

    def test_stops_the_clocks_of_the_first_attempt(self):
        """Who asks to be called in June is not handed back in March because nobody tried."""
        asked = CallbackScheduled(lead="L", at=at(6), due=self.DUE)
        history = [*offered(), Accepted(lead="L", at=at(5)), asked]

        assert [due.action for due in queue(history, now=at(25))] == ["call back"]

    def test_that_was_made_goes_on_with_sales_or_with_marketing(self):
        standing = STANDARD.replay(self.asked())
        called = Attempted(lead="L", at=self.DUE)

        assert STANDARD.move(standing, called).stage is WORKING
        assert STANDARD.move(standing, Triaged(lead="L", at=self.DUE)).stage is QUALIFYING
        assert STANDARD.move(standing, called).callback is None

    def test_may_be_put_off(self):
        later = self.DUE + 30 * DAY
        again = CallbackScheduled(lead="L", at=self.DUE, due=later)
        standing = STANDARD.replay(self.asked(again))
        [due] = STANDARD.due([standing], now=self.DUE, calendar=OFFICE)

        assert standing.callback == later
        assert due.since == later


class TestWaiting:
    @pytest.mark.rule("004-35")
    def test_in_the_keep_informed_pool_is_no_business_of_sales(self):
        """Who says "maybe next year" is in that pool, in no queue of sales, and still counted."""
        history = [Inquired(lead="L", at=at(2)), Parked(lead="L", at=at(3), reason="next year")]
        [due] = queue(history, now=at(4))

        assert STANDARD.replay(history).stage is KEEP_INFORMED
        assert (due.owner, due.action, due.at) == (Team.MARKETING, "review", at(3) + 365 * DAY)

    @pytest.mark.rule("004-36")
    @pytest.mark.parametrize("away", [Deferred, Parked])
    def test_ends_when_they_ask_again(self, away):
        """A visit of the pricing page is triaged within a working day, as if it were new."""
        more = {"reason": "next year"} if away is Parked else {}
        history = [
            Inquired(lead="L", at=at(2)),
            away(lead="L", at=at(3), **more),
            Inquired(lead="L", at=at(20, 15)),  # a Friday
        ]
        triage, review = queue(history, now=at(20, 16))

        assert (triage.action, triage.at) == ("triage the new inquiry", at(23, 15))
        assert review.action == "review"
        assert STANDARD.next(STANDARD.replay(history).stage, Triaged) is QUALIFYING

    def test_is_not_put_off_by_asking_again_and_again(self):
        asked = [Inquired(lead="L", at=at(day, 9)) for day in range(4, 28)]
        history = [Inquired(lead="L", at=at(2)), Deferred(lead="L", at=at(3)), *asked]
        triage, _ = queue(history, now=at(27, 10))

        assert (triage.since, triage.at, triage.overdue) == (at(4), at(5), True)

    def test_is_no_reason_to_acknowledge_later(self):
        spring = datetime(2027, 3, 1, tzinfo=UTC)
        back = HandedBack(lead="L", at=at(5), reason="timing", not_before=spring)
        [due] = queue([*offered(), back], now=at(6))

        assert (due.action, due.at) == ("acknowledge", at(9))

    def test_for_a_date_does_not_put_off_the_triage_of_a_new_inquiry(self):
        spring = datetime(2027, 3, 1, tzinfo=UTC)
        back = HandedBack(lead="L", at=at(5), reason="timing", not_before=spring)
        asked = Inquired(lead="L", at=at(12))
        triage, review = queue([*offered(), back, Deferred(lead="L", at=at(6)), asked], now=at(12))

        assert (triage.at, review.at) == (at(13), spring)

    def test_goes_on_once_somebody_looked(self):
        looked = Reviewed(lead="L", at=at(20, 16))
        history = [
            Inquired(lead="L", at=at(2)),
            Deferred(lead="L", at=at(3)),
            Inquired(lead="L", at=at(20, 15)),
            looked,
        ]
        [review] = queue(history, now=at(21))

        assert (review.action, review.since) == ("review", looked.at)

    def test_lasts_at_least_until_sales_wants_the_lead_again(self):
        autumn = datetime(2026, 10, 1, tzinfo=UTC)
        back = HandedBack(lead="L", at=at(5), reason="timing", note="in autumn", not_before=autumn)
        nurtured = [*offered(), back, Deferred(lead="L", at=at(6))]
        [review] = queue(nurtured, now=at(7))

        assert STANDARD.replay(nurtured).not_before == autumn
        assert review.at == autumn
        with pytest.raises(InvalidValue, match=r"\$\.not_before"):
            HandedBack(lead="L", at=at(5), reason="timing", not_before=at(4))

    @pytest.mark.parametrize(("weeks", "day"), [(3, 27), (30, 2)])
    def test_lasts_until_the_date_that_they_named(self, weeks, day):
        """Who says "call me in three weeks" is called then, not at the usual review."""
        wanted = at(6) + timedelta(weeks=weeks)
        later = Deferred(lead="L", at=at(6), not_before=wanted)
        [review] = queue([Inquired(lead="L", at=at(2)), later], now=at(7))

        assert (review.at, review.at.day) == (wanted, day)
        again = [Inquired(lead="L", at=at(2)), later, Triaged(lead="L", at=at(20))]
        assert STANDARD.replay(again).not_before is None


class TestRecycling:
    def passes(self, count):
        """Offered and handed back so many times, a week each."""
        events = [Inquired(lead="L", at=MONDAY)]
        for number in range(count):
            day = MONDAY + (1 + 7 * number) * DAY
            proof = a_certificate(at=day + DAY)
            events += [
                Triaged(lead="L", at=day),
                Qualified(lead="L", at=day + DAY, certificate=proof),
                HandedOff(lead="L", at=day + 2 * DAY, certificate=proof, to="sam", brief="b"),
                HandedBack(lead="L", at=day + 3 * DAY, reason="timing"),
            ]
        return events

    def test_ends_after_five_passes(self):
        now = MONDAY + 60 * DAY
        [fourth] = queue(self.passes(4), now=now)
        [fifth] = queue(self.passes(5), now=now)

        assert (fourth.action, fourth.then) == ("acknowledge", Escalated)
        assert fifth.action == "park or rule out, offered to sales 5 times"
        parked = fifth.event(at=now)
        assert STANDARD.move(STANDARD.replay(self.passes(5)), parked).stage is KEEP_INFORMED

    def test_leaves_a_nurture_in_peace(self):
        """Parked or nurtured, a lead that came back often is reviewed like all others."""
        away = Deferred(lead="L", at=MONDAY + 40 * DAY)
        [review] = queue([*self.passes(5), away], now=MONDAY + 41 * DAY)

        assert (review.action, review.then) == ("review", Escalated)

    def test_is_ended_by_the_next_best_event_where_nobody_can_be_parked(self):
        simple = SIMPLE.with_move(HANDED_BACK, Triaged, HANDED_BACK)
        events = [event for event in self.passes(5) if not isinstance(event, Triaged)]
        [due] = SIMPLE.due([SIMPLE.replay(events)], now=MONDAY + 60 * DAY, calendar=OFFICE)

        assert due.action == "park or rule out, offered to sales 5 times"
        assert due.then is Escalated
        assert simple.leaks() == ()

    def test_counts_passes_and_keeps_the_rep(self):
        standing = STANDARD.replay(self.passes(2))

        assert (standing.pass_no, standing.offers, standing.rep) == (2, 2, "sam")
        queued = [*offered(), Accepted(lead="L", at=at(4, 12), by="eva")]
        assert STANDARD.replay(queued).rep == "eva"
        by_nobody = [*offered(), Accepted(lead="L", at=at(4, 12))]
        assert STANDARD.replay(by_nobody).rep == "sam"
        assert [event.reason for event in standing.returned] == [ReturnReason.TIMING] * 2


class TestOrphans:
    @pytest.mark.rule("002-24")
    def test_are_the_open_leads_that_nobody_would_miss(self):
        """500 open, 3 of them in a stage without a clock."""
        limbo = Stage("limbo", Team.SALES)
        leaky = STANDARD.with_move(WORKING, Won, limbo)
        lost = {"L-7", "L-120", "L-499"}
        standings = []
        for number in range(500):
            lead = f"L-{number}"
            history = [*offered(lead), Attempted(lead=lead, at=at(5))]
            more = [Won(lead=lead, at=at(6))] if lead in lost else []
            standings.append(leaky.replay([*history, *more]))
        orphans = leaky.orphans(standings, calendar=OFFICE)

        assert {orphan.lead for orphan in orphans} == lost
        assert str(orphans[0]) == "L-7 in limbo: no next action"
        assert STANDARD.orphans(standings[:7], calendar=OFFICE) == ()

    def test_have_no_owner_or_no_clock(self):
        limbo = Stage("limbo", None)
        leaky = STANDARD.without_move(INQUIRY, Triaged).with_move(INQUIRY, Triaged, limbo)
        [orphan] = leaky.orphans([leaky.replay(a_history()[:2])], calendar=OFFICE)

        assert orphan.lacks == ("owner", "next action")


class TestDeadline:
    @pytest.mark.parametrize(
        ("more", "place"),
        [
            ({"otherwise": HandedBack}, "otherwise"),
            ({"otherwise": Quoted}, "otherwise"),
            ({"otherwise": HandedBack, "reason": "mood"}, "reason"),
            ({"otherwise": "Escalated"}, "otherwise"),
            ({"within": timedelta(days=7)}, "within"),
            ({"stage": "inquiry"}, "stage"),
            ({"first": ["Attempted"]}, "first"),
        ],
    )
    def test_is_refused_if_it_could_not_do_its_work(self, more, place):
        parts = {"stage": INQUIRY, "within": days(1), "owner": "sales", "action": "act"}
        with pytest.raises(InvalidValue, match=rf"\$\.{place}"):
            Deadline(**parts | more)

    def test_of_the_same_stage_and_action_is_replaced(self):
        hour = Deadline(stage=INQUIRY, within=hours(1), owner="marketing", action="triage")
        ours = STANDARD.with_deadline(hour)

        assert ours.deadline(INQUIRY, "triage") == hour
        assert len(ours.deadlines) == len(STANDARD.deadlines)
        less = ours.without_deadline("inquiry", "triage")
        assert [str(leak) for leak in less.leaks()] == ["inquiry: open, but no clock runs"]
        with pytest.raises(UnknownName):
            less.without_deadline(INQUIRY, "triage")

    def test_needs_a_span_or_a_date(self):
        with pytest.raises(InvalidValue, match="a span or a date"):
            Deadline(stage=INQUIRY, owner="sales", action="act")

    @pytest.mark.parametrize("attempts", [0, -1, 1.5, True, "six"])
    def test_counts_attempts_from_one_on(self, attempts):
        with pytest.raises(InvalidValue, match="a number of attempts from 1 on"):
            Deadline(stage=INQUIRY, within=days(1), owner="sales", action="act", attempts=attempts)

    def test_is_of_a_team(self):
        with pytest.raises(UnknownName, match=r"a team.*legal: marketing, sales, both"):
            Deadline(stage=INQUIRY, within=days(1), owner="finance", action="act")

    def test_reads_aloud(self):
        clocks = {str(clock) for clock in STANDARD.deadlines}

        assert "qualify or nurture within 10 working days or 6 attempts" in clocks
        assert "call back within 2 working days of due" in clocks
        assert "hand off under this certificate until expires" in clocks

    def test_does_not_run_where_the_event_carries_no_date(self):
        clock = Deadline(
            stage=INQUIRY, within=working_days(1), since="due", owner="marketing", action="act"
        )
        ours = attrs.evolve(STANDARD, deadlines=[clock])
        standing = ours.replay(a_history()[:1])

        assert ours.due([standing], now=MONDAY, calendar=OFFICE) == ()
        assert clock.runs(standing, calendar=OFFICE) == ()
        assert [str(orphan) for orphan in ours.orphans([standing], calendar=OFFICE)] == [
            "L in inquiry: no next action"
        ]

    def test_a_lost_deal_asks_whether_to_recycle_it(self):
        won = [
            *offered(),
            Attempted(lead="L", at=at(5)),
            SalesQualified(lead="L", at=at(6)),
            OpportunityOpened(lead="L", at=at(7), amount=Decimal(1), currency="EUR"),
            Lost(lead="L", at=at(9), reason="price"),
        ]
        [due] = queue(won, now=at(10))

        assert due.action == "decide whether to recycle"
        with pytest.raises(IllegalTransition):
            STANDARD.replay([*won, Won(lead="L", at=at(11))])
