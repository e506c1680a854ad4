"""Was what had been promised done in time, by both teams, and if not, what is the cause?"""

import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, an_offer, an_override, leads
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import (
    HANDED_OFF,
    INQUIRY,
    STANDARD,
    WORKING,
    Accepted,
    Attempted,
    HandedBack,
    Inquired,
    Merged,
    Reassigned,
    Triaged,
)
from leadlib.metrics import (
    Cause,
    Rate,
    ServiceState,
    Supply,
    diagnose,
    service_level,
    two_sides,
)
from leadlib.model import Team
from leadlib.worktime import WorkCalendar, hours, working_hours
from strategies import LIFECYCLE, all_standings

NEW_YORK = ZoneInfo("America/New_York")
OFFICE = WorkCalendar(zone=NEW_YORK)
FIRST_ATTEMPT = STANDARD.deadline(HANDED_OFF, "first attempt")
TO_SEGMENT = attrs.evolve(STANDARD.deadline(INQUIRY, "triage"), within=hours(1))
NOW = MONDAY + 10 * DAY
TIMING = {"reason": "timing"}
MERGED = {"into": "another"}


def counts(level):
    return {state.value: level.count(state) for state in ServiceState if level.count(state)}


def level_of(*standings, clock=FIRST_ATTEMPT, now=NOW, **more):
    return service_level(standings, clock, now=now, calendar=OFFICE, **more)


class TestServiceLevel:
    @pytest.mark.rule("M-16")
    def test_is_met_by_those_due_and_what_is_pending_is_left_out(self):
        """Counting the touched alone gives 6/7, counting all gives 6/10; both are wrong."""
        old = leads((6, (Attempted, 0.5)), (1, (Attempted, 2)), (2,))
        young = leads((1,), at=NOW - HOUR, prefix="young")
        level = level_of(*old, *young)

        assert counts(level) == {"met": 6, "late": 1, "overdue": 2, "pending": 1}
        assert str(level.rate) == "66.7 % [35.4, 87.9]"
        assert level.rate == Rate(6, 9)

    @pytest.mark.rule("001-09")
    def test_may_be_kept_under_one_policy_and_not_under_another(self):
        """Friday 15:00 to Monday 10:00 is 67 hours, of which 3 are working hours."""
        friday = datetime(2026, 2, 6, 15, tzinfo=NEW_YORK)
        monday = datetime(2026, 2, 9, 10, tzinfo=NEW_YORK)
        called = [*an_offer(at=friday), Attempted(lead="L", at=monday)]
        standing = STANDARD.replay(called)
        by_work = attrs.evolve(FIRST_ATTEMPT, within=working_hours(8))

        assert monday - friday == timedelta(hours=67)
        assert FIRST_ATTEMPT.within == hours(24)
        assert counts(level_of(standing, now=monday)) == {"late": 1}
        assert counts(level_of(standing, now=monday, clock=by_work)) == {"met": 1}

    @pytest.mark.rule("001-09")
    def test_is_met_exactly_at_the_limit(self):
        one = timedelta(microseconds=1)
        at_limit = [*an_offer("A"), Attempted(lead="A", at=MONDAY + DAY)]
        after = [*an_offer("B"), Attempted(lead="B", at=MONDAY + DAY + one)]
        level = level_of(STANDARD.replay(at_limit), STANDARD.replay(after))

        assert counts(level) == {"met": 1, "late": 1}
        assert counts(level_of(*leads((1,)), now=MONDAY + DAY)) == {"pending": 1}
        assert counts(level_of(*leads((1,)), now=MONDAY + DAY + one)) == {"overdue": 1}

    @pytest.mark.rule("001-07")
    def test_of_marketing_is_the_time_to_segment(self):
        """From 09:00 to 09:40 with a limit of an hour is met; nothing by 11:00 is a breach."""
        quick = [Inquired(lead="A", at=MONDAY), Triaged(lead="A", at=MONDAY + 2 / 3 * HOUR)]
        slow = [Inquired(lead="B", at=MONDAY)]
        standings = STANDARD.replay_all(quick + slow).values()
        level = level_of(*standings, clock=TO_SEGMENT, now=MONDAY + 2 * HOUR)

        assert counts(level) == {"met": 1, "overdue": 1}
        assert [run.lead for run in level.breaches] == ["B"]
        assert level.clock.owner is Team.MARKETING

    def test_does_not_count_what_went_away_before_it_was_due(self):
        left = leads((1, (HandedBack, 0.5, TIMING)), (1, (Merged, 0.5, MERGED)))

        assert counts(level_of(*left)) == {"withdrawn": 2}
        assert level_of(*left).rate == Rate(0, 0)

    def test_of_what_went_away_undone_after_its_time_is_overdue_for_good(self):
        assert counts(level_of(*leads((1, (HandedBack, 2, TIMING))))) == {"overdue": 1}

    def test_counts_every_stretch_of_a_clock_that_starts_anew(self):
        clock = STANDARD.deadline(WORKING, "next attempt or hand back")
        tried = [(Attempted, day) for day in (1, 3, 18)]
        level = level_of(*leads((1, *tried)), clock=clock, now=MONDAY + 20 * DAY)

        assert counts(level) == {"met": 1, "late": 1, "pending": 1}

    def test_may_begin_with_an_agreement(self):
        standings = leads((1,)) + leads((1,), at=MONDAY + 5 * DAY, prefix="M")
        level = level_of(*standings, since=MONDAY + 5 * DAY)

        assert [run.lead for run, _ in level.runs] == ["M000"]

    def test_prints_in_one_line(self):
        assert str(level_of(*leads((1, (Attempted, 0.5)), (1,)))) == (
            "first attempt within 24 hours (sales): 50.0 % [9.5, 90.5]; "
            "1 met, 0 late, 1 overdue, 0 pending, 0 withdrawn"
        )

    def test_is_plain_data(self):
        plain = level_of(*leads((1, (Attempted, 0.5)), (1, (Attempted, 2)), (1,))).to_dict()

        assert json.loads(json.dumps(plain)) == plain
        assert (plain["owner"], plain["met"]["n"]) == ("sales", 3)
        assert [run["done"] for run in plain["breaches"]] == ["2026-03-04T09:00:00+00:00", None]

    def test_takes_a_clock(self):
        for clock in (None, "first attempt", hours(24)):
            with pytest.raises(InvalidValue, match="clock"):
                level_of(clock=clock)


class TestStates:
    @pytest.mark.parametrize("state", ["metz", None, 3])
    def test_are_named_if_they_are_not_known(self, state):
        with pytest.raises(
            UnknownName, match=r"did you mean .met.|legal: met, late, overdue, pending, withdrawn"
        ):
            level_of().count(state)


class TestLaws:
    @given(all_standings(), st.integers(0, 40))
    def test_every_start_has_one_state(self, standings, half_days):
        now = MONDAY + half_days * DAY / 2
        for clock in LIFECYCLE.deadlines:
            level = level_of(*standings, clock=clock, now=now)
            seen = [s for s in (standing.as_of(now) for standing in standings) if s]
            starts = [run for s in seen for run in clock.runs(s, calendar=OFFICE)]

            assert sum(map(level.count, ServiceState)) == len(starts)
            assert level.rate.n + level.count("pending") + level.count("withdrawn") == len(starts)

    @given(all_standings(), st.integers(0, 40))
    def test_nothing_after_now_is_visible(self, standings, half_days):
        now = MONDAY + half_days * DAY / 2
        then = [standing.as_of(now) for standing in standings]
        for clock in (FIRST_ATTEMPT, STANDARD.deadline(WORKING, "next attempt or hand back")):
            assert level_of(*standings, clock=clock, now=now) == level_of(
                *then, clock=clock, now=now
            )

    @given(all_standings(), st.randoms(use_true_random=False))
    def test_order_and_duplicates_change_nothing(self, standings, chance):
        delivered = standings + standings[::2]
        chance.shuffle(delivered)

        assert level_of(*delivered) == level_of(*standings)

    @given(st.lists(st.sampled_from(["accept", "reassign"]), unique=True), st.integers(1, 40))
    def test_accepting_or_reassigning_changes_no_level(self, what, tried):
        made = {
            "accept": lambda at: Accepted(lead="L", at=at),
            "reassign": lambda at: Reassigned(lead="L", at=at, to="kim"),
        }
        between = [made[name](MONDAY + n * HOUR / 4) for n, name in enumerate(what, start=1)]
        tried = Attempted(lead="L", at=MONDAY + tried * HOUR)

        with_, without = (
            level_of(STANDARD.replay([*an_offer(), *more, tried])) for more in (between, [])
        )
        assert with_ == without

    @given(all_standings())
    def test_what_is_met_or_missed_stays_so(self, standings):
        """Later events never turn a breach into a success, nor the other way round."""
        done = {ServiceState.MET, ServiceState.LATE, ServiceState.WITHDRAWN}
        early = level_of(*standings, now=MONDAY + 10 * DAY)
        late = dict(level_of(*standings, now=MONDAY + 25 * DAY).runs)

        for run, state in early.runs:
            assert late[run] is state if state in done else True


class TestTwoSides:
    @pytest.mark.rule("001-01")
    def test_are_supply_and_follow_up(self):
        standings = leads((60, (Attempted, 0.5)), (32,))
        sides = two_sides(standings, FIRST_ATTEMPT, promised=100, now=NOW, calendar=OFFICE)

        assert str(sides.supply) == "92 of 100 promised (92.0 %)"
        assert sides.follow_up.rate == Rate(60, 92)
        assert str(sides.follow_up.rate) == "65.2 % [55.1, 74.2]"
        assert sides.certified == Rate(92, 92)
        assert str(sides).splitlines() == [
            "marketing: 92 of 100 promised (92.0 %); certified 100.0 % [96.0, 100.0]",
            "sales: first attempt in time 65.2 % [55.1, 74.2]",
        ]
        assert json.loads(json.dumps(sides.to_dict())) == sides.to_dict()

    def test_supply_is_of_certified_leads_within_the_agreement(self):
        standings = [
            *leads((1,), at=MONDAY, prefix="before"),
            *leads((2,), at=MONDAY + 2 * DAY),
            *leads((1,), at=MONDAY + 2 * DAY, offer=an_override, prefix="raw"),
        ]
        sides = two_sides(
            standings,
            FIRST_ATTEMPT,
            promised=4,
            now=NOW,
            calendar=OFFICE,
            since=MONDAY + DAY,
        )

        assert (sides.supply.delivered, sides.certified) == (2, Rate(2, 3))
        assert sides.follow_up.rate == Rate(0, 3)


class TestSupply:
    @pytest.mark.rule("002-03")
    def test_may_exceed_what_was_promised(self):
        assert Supply(delivered=130, promised=100).value == 1.3

    @pytest.mark.parametrize("parts", [(-1, 100), (1, 0), (0.5, 100), (1, None), (True, 2)])
    def test_is_two_counts(self, parts):
        delivered, promised = parts
        with pytest.raises(InvalidValue):
            Supply(delivered=delivered, promised=promised)


class TestDiagnosis:
    QUALITY = Rate(130, 130)
    QUANTITY = Supply(delivered=130, promised=100)
    TOUCHED = Rate(28, 130)  # 21.5 %

    def test_of_thresholds_and_figures(self):
        good = Rate(95, 100)
        found = diagnose(quality=good, quantity=Supply(delivered=99, promised=100), follow_up=good)

        assert (found.causes, found.unclear) == ((Cause.QUANTITY,), (Cause.QUALITY,))
        assert str(found) == "at risk by quantity; unclear: quality"

    @pytest.mark.rule("001-02")
    @pytest.mark.rule("002-01", part="the cause; outcome data are not looked at")
    def test_finds_that_nobody_followed_up(self):
        found = diagnose(quality=self.QUALITY, quantity=self.QUANTITY, follow_up=self.TOUCHED)

        assert self.TOUCHED.percent == "21.5 %"
        assert found.causes == (Cause.FOLLOW_UP,)
        assert (found.unclear, found.is_at_risk) == ((), True)

    def test_finds_nothing_where_nothing_is_wrong(self):
        good = Rate(1000, 1000)
        found = diagnose(quality=good, quantity=self.QUANTITY, follow_up=good)

        assert (found.causes, found.unclear, found.is_at_risk) == ((), (), False)
        assert str(found) == "nothing wrong was found"

    @pytest.mark.rule("law-6")
    def test_does_not_take_the_unknown_as_bad(self):
        nothing = Rate(0, 0)
        found = diagnose(quality=nothing, quantity=None, follow_up=nothing)

        assert (found.causes, found.unclear) == ((), tuple(Cause))

    def test_leaves_open_what_a_few_leads_cannot_show(self):
        """Two of three were followed up: the interval reaches from 21 to 94 %."""
        found = diagnose(quality=self.QUALITY, quantity=self.QUANTITY, follow_up=Rate(2, 3))

        assert (found.causes, found.unclear) == ((), (Cause.FOLLOW_UP,))

    def test_takes_other_thresholds(self):
        found = diagnose(
            quality=self.QUALITY,
            quantity=self.QUANTITY,
            follow_up=self.TOUCHED,
            least_quality=0.9,
            least_quantity=1.5,
            least_follow_up=0.1,
        )

        assert found.causes == (Cause.QUANTITY,)

    @pytest.mark.parametrize(
        "change",
        [
            {"least_quality": 2},
            {"least_follow_up": -0.1},
            {"least_quantity": -1},
            {"least_quantity": float("nan")},
            {"least_quantity": True},
            {"quality": 0.9},
            {"quantity": 1.3},
            {"follow_up": None},
        ],
    )
    def test_refuses_what_is_no_figure(self, change):
        parts = {"quality": self.QUALITY, "quantity": self.QUANTITY, "follow_up": self.TOUCHED}
        with pytest.raises(InvalidValue):
            diagnose(**parts | change)
