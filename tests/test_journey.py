"""The journey of one lead, and how long leads take to be sales-ready."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_certificate, leads
from leadlib import StageLog
from leadlib.errors import ConflictError, InvalidValue
from leadlib.lifecycle import (
    STANDARD,
    Accepted,
    Attempted,
    Churned,
    Deferred,
    Disqualified,
    HandedBack,
    HandedOff,
    Inquired,
    Merged,
    OpportunityOpened,
    Qualified,
    SalesQualified,
    Triaged,
    Won,
)
from leadlib.metrics import dwell_times, journey, time_to_sales_ready, time_to_stage
from leadlib.model import Team
from strategies import all_standings


def day(number):
    return MONDAY + number * DAY


def a_customer(lead="L"):
    """The worked example M-15: recycled once, qualified twice, and won on day 55."""
    first, second = (a_certificate(lead, at=day(number)) for number in (5, 48))
    return [
        Inquired(lead=lead, at=day(0)),
        Triaged(lead=lead, at=day(4)),
        Qualified(lead=lead, at=day(5), certificate=first),
        HandedOff(lead=lead, at=day(6), certificate=first, to="sam", brief="b-1"),
        Accepted(lead=lead, at=day(7)),
        Attempted(lead=lead, at=day(8)),
        HandedBack(lead=lead, at=day(17), reason="timing"),
        Deferred(lead=lead, at=day(18)),
        Triaged(lead=lead, at=day(47)),
        Qualified(lead=lead, at=day(48), certificate=second),
        HandedOff(lead=lead, at=day(49), certificate=second, to="sam", brief="b-2"),
        Accepted(lead=lead, at=day(50)),
        Attempted(lead=lead, at=day(51)),
        SalesQualified(lead=lead, at=day(53)),
        OpportunityOpened(lead=lead, at=day(54), amount=Decimal(40_000), currency="EUR"),
        Won(lead=lead, at=day(55)),
    ]


def a_duplicate(into="L"):
    return [Inquired(lead="old", at=day(-3)), Merged(lead="old", at=day(9), into=into)]


def standings(*events):
    return STANDARD.replay_all(events).values()


class TestJourney:
    @pytest.mark.rule("001-24")
    def test_goes_through_both_funnels_and_the_life_of_a_customer(self):
        told = journey("L", standings(*a_customer()), now=day(155))

        assert told.owners == {
            Team.MARKETING: 38 * DAY,
            Team.SALES: 15 * DAY,
            Team.BOTH: 2 * DAY,
        }
        assert (told.in_funnel, told.customer, told.closed) == (55 * DAY, 100 * DAY, 0 * DAY)

    @pytest.mark.rule("001-24", part="a customer until the customer ended it")
    def test_ends_as_a_customer_when_the_customer_ends_it(self):
        gone = [*a_customer(), Churned(lead="L", at=day(95))]
        told = journey("L", standings(*gone), now=day(155))

        assert (told.in_funnel, told.customer, told.closed) == (55 * DAY, 40 * DAY, 60 * DAY)

    def test_goes_on_after_the_customer_came_back(self):
        again = [Churned(lead="L", at=day(95)), Triaged(lead="L", at=day(100))]
        told = journey("L", standings(*a_customer(), *again), now=day(110))

        assert (told.in_funnel, told.customer, told.closed) == (65 * DAY, 40 * DAY, 5 * DAY)

    @pytest.mark.rule("001-24", part="one identity")
    @pytest.mark.parametrize("lead", ["L", "old", "older"])
    def test_of_a_merged_lead_is_that_of_the_one_that_goes_on(self, lead):
        older = [Inquired(lead="older", at=day(-5)), Merged(lead="older", at=day(1), into="old")]
        told = journey(lead, standings(*a_customer(), *a_duplicate(), *older), now=day(155))

        assert (told.lead, told.merged) == ("L", ("old", "older"))
        assert (told.first, told.since) == (day(-5), day(0))
        assert told.in_funnel == 55 * DAY

    def test_does_not_know_a_merge_before_it_happened(self):
        told = journey("old", standings(*a_customer(), *a_duplicate()), now=day(8))

        assert (told.lead, told.merged, told.in_funnel) == ("old", (), 11 * DAY)

    def test_has_no_customer_who_was_never_won(self):
        assert journey("L", standings(*a_customer()), now=day(54)).customer is None

    @pytest.mark.parametrize(("lead", "now"), [("M", 155), ("L", -1), ("", 155), (None, 155)])
    def test_is_of_a_lead_that_is_there(self, lead, now):
        with pytest.raises(InvalidValue):
            journey(lead, standings(*a_customer()), now=day(now))

    def test_needs_the_lead_that_goes_on(self):
        with pytest.raises(InvalidValue):
            journey("old", standings(*a_duplicate(into="away")), now=day(20))

    def test_refuses_merges_in_a_circle(self):
        circle = [*a_duplicate(into="L"), Inquired(lead="L", at=day(0))]
        circle.append(Merged(lead="L", at=day(9), into="old"))

        with pytest.raises(ConflictError):
            journey("L", standings(*circle), now=day(20))

    @given(all_standings(most=1), st.integers(0, 60))
    def test_sums_to_the_whole_life(self, found, number):
        now = day(number)
        for standing in found:
            if standing.as_of(now) is not None and standing.last(Merged) is None:
                told = journey(standing.lead, found, now=now)
                [time] = dwell_times(found, now=now).leads
                whole = told.in_funnel + (told.customer or 0 * DAY) + told.closed

                assert whole == now - told.since == sum(time.owners.values(), timedelta(0))

    def test_prints_its_parts(self):
        gone = [*a_customer(), Churned(lead="L", at=day(95))]

        assert str(journey("L", standings(*gone), now=day(155))).splitlines() == [
            "lead L          days",
            "──────────────  ────",
            "with marketing  38.0",
            "with sales      15.0",
            "with both        2.0",
            "in the funnel   55.0",
            "as a customer   40.0",
            "closed          60.0",
        ]

    def test_is_plain_data(self):
        plain = json.loads(
            json.dumps(journey("L", standings(*a_customer()), now=day(60)).to_dict())
        )

        assert plain["owner_days"] == {"marketing": 38, "sales": 15, "both": 2}
        assert (plain["customer_days"], plain["closed_days"]) == (5, 0)


def certified(lead, after, start=MONDAY):
    """Give a lead that was certified so many days after its first contact."""
    at = start + after * DAY
    proof = a_certificate(lead, at=at)
    return [
        Inquired(lead=lead, at=start),
        Triaged(lead=lead, at=start + timedelta(hours=1)),
        Qualified(lead=lead, at=at, certificate=proof),
    ]


class TestTimeToSalesReady:
    @pytest.mark.rule("003-03")
    def test_goes_from_the_first_contact_to_the_certificate(self):
        """First contact on 2 March, certified on 4 March."""
        second, fourth = (datetime(2026, 3, number, 9, tzinfo=UTC) for number in (2, 4))
        found = time_to_sales_ready(standings(*certified("L", 2, start=second)), now=day(30))

        assert second + found.leads["L"] == fourth
        assert found.leads == {"L": timedelta(days=2)}

    @pytest.mark.rule("003-03", part="open leads are censored, other ends compete")
    def test_keeps_open_leads_at_risk(self):
        """By hand: of five, 2 d, 4 d, 6 d; one is ruled out after 1 d, and one waits."""
        out = [Inquired(lead="D", at=day(0)), Disqualified(lead="D", at=day(1), reason="spam")]
        waits = [Inquired(lead="E", at=day(0))]
        ready = [
            event for lead, n in [("A", 2), ("B", 4), ("C", 6)] for event in certified(lead, n)
        ]
        events = [*ready, *out, *waits]
        found = time_to_sales_ready(standings(*events), now=day(10))
        log = StageLog.from_events(events, lifecycle=STANDARD)
        by_log = time_to_stage(log, "qualified", as_of=day(10))

        assert found.median == by_log.median == 6 * DAY
        assert found.durations.censored == by_log.durations.censored
        assert len(found.durations) == 5

    def test_has_no_median_before_half_are_ready(self):
        events = [*certified("A", 2), Inquired(lead="B", at=day(0)), Inquired(lead="C", at=day(0))]

        assert time_to_sales_ready(standings(*events), now=day(10)).median is None
        assert time_to_sales_ready([], now=day(10)).median is None

    def test_counts_a_merged_lead_once_from_its_earliest_contact(self):
        found = time_to_sales_ready(standings(*certified("L", 2), *a_duplicate()), now=day(30))

        assert (found.leads, len(found.durations)) == ({"L": 5 * DAY}, 1)

    def test_takes_the_first_certificate(self):
        assert time_to_sales_ready(standings(*a_customer()), now=day(60)).leads == {"L": 5 * DAY}

    def test_prints_and_is_plain_data(self):
        found = time_to_sales_ready(leads((2,)), now=day(30))

        assert str(found) == "2 of 2 leads sales-ready, half of all after 0.1 days"
        assert json.loads(json.dumps(found.to_dict()))["days"]["L000"] == pytest.approx(2 / 24)
        assert "L000" not in repr(found)
