"""How long leads were where, and with whom; and how many are where now."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, a_certificate, a_history, leads
from leadlib.lifecycle import (
    STANDARD,
    Accepted,
    Attempted,
    Deferred,
    Disqualified,
    Erased,
    HandedBack,
    HandedOff,
    Inquired,
    Merged,
    Qualified,
    Reopened,
    SalesQualified,
    Triaged,
)
from leadlib.metrics import census, dwell_times
from leadlib.model import Team
from strategies import all_standings

NO_NEED = {"reason": "no need"}


def day(number):
    return MONDAY + number * DAY


def a_lead_of_55_days():
    """The worked example of the requirement: recycled once, qualified twice."""
    first, second = a_certificate(at=day(5)), a_certificate(at=day(48))
    return STANDARD.replay(
        [
            Inquired(lead="L", at=day(0)),
            Triaged(lead="L", at=day(4)),
            Qualified(lead="L", at=day(5), certificate=first),
            HandedOff(lead="L", at=day(6), certificate=first, to="sam", brief="b-1"),
            Accepted(lead="L", at=day(7)),
            Attempted(lead="L", at=day(8)),
            HandedBack(lead="L", at=day(17), reason="timing"),
            Deferred(lead="L", at=day(18)),
            Triaged(lead="L", at=day(47)),
            Qualified(lead="L", at=day(48), certificate=second),
            HandedOff(lead="L", at=day(49), certificate=second, to="sam", brief="b-2"),
            Accepted(lead="L", at=day(50)),
            Attempted(lead="L", at=day(51)),
            SalesQualified(lead="L", at=day(55)),
        ]
    )


class TestDwellTimes:
    @pytest.mark.rule("M-15")
    def test_sum_over_visits_by_stage_and_owner_on_two_clocks(self):
        [lead] = dwell_times([a_lead_of_55_days()], now=day(55)).leads

        assert (lead.forward, lead.reset) == (55 * DAY, 7 * DAY)
        assert lead.stages["working"] == 13 * DAY
        assert lead.owners == {
            Team.MARKETING: 38 * DAY,
            Team.BOTH: 2 * DAY,
            Team.SALES: 15 * DAY,
        }

    def test_of_a_stage_count_leads_visits_and_those_that_last(self):
        found = dwell_times([a_lead_of_55_days(), *leads((1, (Attempted, 1)))], now=day(51))
        [working] = [time for time in found.stages if time.stage.name == "working"]

        assert (working.leads, working.visits, working.lasting) == (2, 3, 2)
        assert working.total == 9 * DAY + 0 * DAY + 50 * DAY
        assert working.mean == working.total / 2

    def test_never_qualified_have_no_reset_clock(self):
        [lead] = dwell_times([STANDARD.replay(a_history()[:2])], now=day(9)).leads

        assert lead.reset is None

    def test_the_clocks_stop_when_the_story_ends(self):
        """Notes and further closed stages do not run them on; opening it again does."""
        out = (Disqualified, 2, NO_NEED)
        [standing] = leads((1, (Attempted, 1), out, (Erased, 5)))
        [lead] = dwell_times([standing], now=day(30)).leads
        assert (lead.forward, lead.reset) == (2 * DAY + 3 * HOUR, 2 * DAY + HOUR)

        [standing] = leads((1, (Attempted, 1), out, (Reopened, 5, {"evidence": "a budget"})))
        [lead] = dwell_times([standing], now=day(30)).leads
        assert lead.forward == 30 * DAY + 3 * HOUR

    def test_of_nobody_are_told_as_such(self):
        [standing] = leads((1, (Merged, 1, {"into": "another"})))
        found = dwell_times([standing], now=day(3))

        assert found.owners[None] == 2 * DAY
        assert found.to_dict()["owner_days"]["nobody"] == 2
        assert "merged" in str(found)

    def test_print_as_a_table_and_are_plain_data(self):
        found = dwell_times([STANDARD.replay(a_history()[:3])], now=day(9))

        assert str(found).splitlines()[2:] == [
            "qualified   marketing      1       1        1        7.0         7.0",
            "inquiry     marketing      1       1        0        1.0         1.0",
            "qualifying  marketing      1       1        0        1.0         1.0",
        ]
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


class TestCensus:
    @pytest.mark.rule("004-39")
    def test_counts_every_lead_in_one_stage(self):
        standings = leads(
            (2,),
            (1, (Attempted, 1)),
            (1, (Merged, 1, {"into": "another"})),
            (1, (Erased, 1)),
        )
        found = census(standings, now=day(9))

        assert found.counts == {"erased": 1, "handed_off": 2, "merged": 1, "working": 1}
        assert found.leads == len(standings) == 5

    def test_counts_nobody_before_they_came(self):
        assert census(leads((2,)), now=day(-1)).leads == 0

    def test_prints_as_a_table_and_is_plain_data(self):
        found = census(leads((2,)), now=day(9))

        assert str(found).splitlines()[2:] == ["handed_off      2", "all             2"]
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()


class TestLaws:
    @pytest.mark.rule("004-22")
    @given(all_standings(), st.integers(0, 40))
    def test_every_second_of_a_life_has_one_stage_and_one_owner(self, standings, half_days):
        now = MONDAY + half_days * DAY / 2
        found = dwell_times(standings, now=now)

        for standing, lead in zip(standings, found.leads, strict=True):
            life = now - standing.events[0].at
            assert sum(lead.stages.values(), timedelta(0)) == life
            assert sum(lead.owners.values(), timedelta(0)) == life
            assert (lead.reset or timedelta(0)) <= lead.forward <= life
            stays = standing.as_of(now).stays
            assert all(stay.until == following.since for stay, following in pairwise(stays))
            assert [stay.until is None for stay in stays] == [*[False] * (len(stays) - 1), True]

    @given(all_standings())
    def test_stages_and_owners_sum_to_the_same(self, standings):
        found = dwell_times(standings, now=day(30))
        by_stage = sum((time.total for time in found.stages), timedelta(0))

        assert by_stage == sum(found.owners.values(), timedelta(0))

    @pytest.mark.rule("004-39")
    @given(all_standings(), st.integers(0, 40))
    def test_no_lead_is_lost_from_the_census(self, standings, half_days):
        assert census(standings, now=MONDAY + half_days * DAY / 2).leads == len(standings)

    @pytest.mark.parametrize("measure", [dwell_times, census])
    @given(all_standings(), st.integers(0, 40), st.randoms(use_true_random=False))
    def test_later_events_order_and_duplicates_change_nothing(
        self, measure, standings, half_days, chance
    ):
        now = MONDAY + half_days * DAY / 2
        then = [standing.as_of(now) for standing in standings]
        delivered = standings + standings[::2]
        chance.shuffle(delivered)

        assert measure(delivered, now=now) == measure(then, now=now)
