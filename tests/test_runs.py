"""Every run of a clock in the life of a lead, and the lead as it stood before."""

from datetime import datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate, a_history
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import (
    CALLBACK,
    HANDED_OFF,
    INQUIRY,
    KEEP_INFORMED,
    NURTURE,
    STANDARD,
    WORKING,
    Accepted,
    Attempted,
    CallbackScheduled,
    Deferred,
    HandedBack,
    HandedOff,
    Inquired,
    Merged,
    Parked,
    Qualified,
    Reassigned,
    Rejected,
    Reviewed,
    Run,
    Triaged,
)
from leadlib.worktime import WorkCalendar
from strategies import histories

ALWAYS = WorkCalendar()
HOUR = timedelta(hours=1)
FIRST_ATTEMPT = STANDARD.deadline(HANDED_OFF, "first attempt")
NEXT_ATTEMPT = STANDARD.deadline(WORKING, "next attempt or hand back")


def handed_off(*more):
    """Give a lead that was handed off on Thursday, with what came after."""
    return STANDARD.replay([*a_history()[:4], *more])


def at(hours):
    """So many hours after the hand-off."""
    return MONDAY + 3 * DAY + hours * HOUR


class TestDeadline:
    def test_is_found_by_stage_and_action(self):
        assert (
            str(STANDARD.deadline(HANDED_OFF, "first attempt")) == "first attempt within 24 hours"
        )
        with pytest.raises(UnknownName, match="legal: accept or reject, first attempt"):
            STANDARD.deadline(HANDED_OFF, "triage")


class TestAsOf:
    def test_shows_nothing_after_that_instant(self):
        standing = STANDARD.replay(a_history())

        assert standing.as_of(MONDAY + 5 * DAY).stage is WORKING
        assert standing.as_of(MONDAY + 5 * DAY) == STANDARD.replay(a_history()[:6])
        assert standing.as_of(MONDAY - HOUR) is None
        assert standing.as_of(MONDAY + 99 * DAY) == standing

    def test_takes_an_instant_with_a_zone(self):
        with pytest.raises(InvalidValue, match="now"):
            STANDARD.replay(a_history()).as_of(datetime(2026, 3, 2))

    @given(histories(), st.integers(-1, 40))
    def test_is_the_replay_of_what_had_happened(self, events, day):
        now = MONDAY + day * DAY
        known = [event for event in events if event.at <= now]
        expected = STANDARD.replay(known) if known else None

        assert STANDARD.replay(events).as_of(now) == expected


class TestRunsUntilAnEvent:
    """The clock of the first attempt: it runs on through the stages of sales."""

    def runs(self, *more):
        return FIRST_ATTEMPT.runs(handed_off(*more), calendar=ALWAYS)

    def test_run_while_nothing_happened(self):
        assert self.runs() == (Run(lead="L", since=at(0), at=at(24), ended=None, is_done=False),)

    def test_end_with_the_event(self):
        [run] = self.runs(Attempted(lead="L", at=at(5)))

        assert (run.ended, run.is_done) == (at(5), True)

    def test_end_undone_when_the_lead_leaves_the_hands_of_sales(self):
        [run] = self.runs(Rejected(lead="L", at=at(5), reason="timing"))

        assert (run.ended, run.is_done) == (at(5), False)

    @pytest.mark.rule("001-09", part="the clock of the first touch never starts anew")
    @given(st.lists(st.sampled_from(["accept", "reassign", "inquire"]), unique=True))
    def test_never_start_anew_on_accept_or_reassign(self, what):
        made = {
            "accept": lambda at: Accepted(lead="L", at=at),
            "reassign": lambda at: Reassigned(lead="L", at=at, to="kim"),
            "inquire": lambda at: Inquired(lead="L", at=at),
        }
        events = [made[name](at(n + 1)) for n, name in enumerate(what)]
        [run] = self.runs(*events)

        assert run == Run(lead="L", since=at(0), at=at(24), ended=None, is_done=False)

    def test_are_as_many_as_offers(self):
        proof = a_certificate(at=at(0))
        again = [
            HandedBack(lead="L", at=at(1), reason="timing"),
            Triaged(lead="L", at=at(2)),
            Qualified(lead="L", at=at(3), certificate=attrs.evolve(proof, at=at(3))),
            HandedOff(lead="L", at=at(4), certificate=proof, to="sam", brief="b"),
            Attempted(lead="L", at=at(40)),
        ]

        assert [(run.since, run.ended, run.is_done) for run in self.runs(*again)] == [
            (at(0), at(1), False),
            (at(4), at(40), True),
        ]

    def test_do_not_start_where_sales_has_nothing_in_hand(self):
        clock = attrs.evolve(FIRST_ATTEMPT, stage=INQUIRY)

        assert clock.runs(handed_off(), calendar=ALWAYS) == ()


class TestRunsOfAStage:
    def test_end_when_it_is_left(self):
        triage = STANDARD.deadline(INQUIRY, "triage")
        [run] = triage.runs(handed_off(), calendar=ALWAYS)

        assert (run.since, run.ended, run.is_done) == (MONDAY, MONDAY + DAY, True)

    def test_end_undone_when_the_lead_is_merged(self):
        triage = STANDARD.deadline(INQUIRY, "triage")
        merged = [Inquired(lead="L", at=MONDAY), Merged(lead="L", at=MONDAY + HOUR, into="K")]
        [run] = triage.runs(STANDARD.replay(merged), calendar=ALWAYS)

        assert (run.ended, run.is_done) == (MONDAY + HOUR, False)

    def test_begin_again_with_each_event_that_was_due(self):
        attempts = [Attempted(lead="L", at=at(hours)) for hours in (1, 30, 400)]
        runs = NEXT_ATTEMPT.runs(handed_off(*attempts), calendar=ALWAYS)

        assert [(run.since, run.ended, run.is_done) for run in runs] == [
            (at(1), at(30), True),
            (at(30), at(400), True),
            (at(400), None, False),
        ]

    def test_a_new_date_leaves_the_old_one_undone(self):
        call_back = STANDARD.deadline(CALLBACK, "call back")
        events = [
            Accepted(lead="L", at=at(1)),
            CallbackScheduled(lead="L", at=at(2), due=at(50)),
            CallbackScheduled(lead="L", at=at(40), due=at(90)),
            Attempted(lead="L", at=at(91)),
        ]
        runs = call_back.runs(handed_off(*events), calendar=ALWAYS)

        assert [(run.since, run.ended, run.is_done) for run in runs] == [
            (at(50), at(40), False),
            (at(90), at(91), True),
        ]

    def test_wait_until_sales_wants_the_lead_again(self):
        """What sales says later does not move a limit that was passed before."""
        review = STANDARD.deadline(NURTURE, "review")
        later = at(24 * 200)
        events = [
            HandedBack(lead="L", at=at(1), reason="timing", not_before=later),
            Deferred(lead="L", at=at(2)),
        ]
        [run] = review.runs(handed_off(*events), calendar=ALWAYS)

        assert run.at == later

    def test_end_with_the_last_attempt_allowed(self):
        clock = STANDARD.deadline(STANDARD.stage("qualifying"), "qualify or nurture")
        tried = [Attempted(lead="L", at=MONDAY + n * HOUR) for n in range(2, 8)]
        events = [Inquired(lead="L", at=MONDAY), Triaged(lead="L", at=MONDAY + HOUR), *tried]
        [run] = clock.runs(STANDARD.replay(events), calendar=ALWAYS)

        assert run.at == MONDAY + 7 * HOUR

    def test_a_review_is_what_was_due(self):
        review = STANDARD.deadline(KEEP_INFORMED, "review")
        events = [
            Inquired(lead="L", at=MONDAY),
            Parked(lead="L", at=MONDAY + HOUR, reason="far away"),
            Reviewed(lead="L", at=MONDAY + 300 * DAY),
        ]
        first, second = review.runs(STANDARD.replay(events), calendar=ALWAYS)

        assert (first.ended, first.is_done) == (MONDAY + 300 * DAY, True)
        assert (second.since, second.ended) == (MONDAY + 300 * DAY, None)

    def test_may_start_with_an_event_and_stop_with_another(self):
        """Who waits and asks again is looked at; asking twice does not put it off."""
        triage = STANDARD.deadline(NURTURE, "triage the new inquiry")
        events = [
            Inquired(lead="L", at=MONDAY),
            Deferred(lead="L", at=MONDAY + HOUR),
            Inquired(lead="L", at=MONDAY + 2 * HOUR),
            Inquired(lead="L", at=MONDAY + 3 * HOUR),
            Reviewed(lead="L", at=MONDAY + 4 * HOUR),
            Inquired(lead="L", at=MONDAY + 5 * HOUR),
            Triaged(lead="L", at=MONDAY + 6 * HOUR),
        ]
        runs = triage.runs(STANDARD.replay(events), calendar=ALWAYS)

        assert [(run.since, run.ended, run.is_done) for run in runs] == [
            (MONDAY + 2 * HOUR, MONDAY + 4 * HOUR, True),
            (MONDAY + 5 * HOUR, MONDAY + 6 * HOUR, True),
        ]


class TestLaws:
    @given(histories())
    def test_the_queue_holds_exactly_what_runs(self, events):
        standing = STANDARD.replay(events)
        now = events[-1].at
        queue = STANDARD.due([standing], now=now, calendar=ALWAYS)
        running = [
            (run.since, run.at)
            for deadline in STANDARD.deadlines
            for run in deadline.runs(standing, calendar=ALWAYS)
            if run.ended is None
        ]

        assert sorted((due.since, due.at) for due in queue) == sorted(running)

    @given(histories())
    def test_only_the_last_run_of_a_clock_may_still_run(self, events):
        standing = STANDARD.replay(events)
        for deadline in STANDARD.deadlines:
            runs = deadline.runs(standing, calendar=ALWAYS)
            assert all(run.ended is not None for run in runs[:-1])
            assert not any(run.is_done for run in runs if run.ended is None)
