"""Which of the leads offered to sales nobody tried to reach, and what became of the rest."""

import json
from datetime import datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, a_history, an_offer, an_override, leads
from leadlib.errors import ConflictError, InvalidValue
from leadlib.lifecycle import (
    STANDARD,
    Accepted,
    Attempted,
    CallbackScheduled,
    Deferred,
    Disqualified,
    Erased,
    HandedBack,
    Inquired,
    Lost,
    Merged,
    OpportunityOpened,
    Quoted,
    Reassigned,
    Rejected,
    SalesQualified,
    Triaged,
    Won,
)
from leadlib.metrics import FollowUpState, Rate, follow_up, untouched
from strategies import all_standings

NOW = MONDAY + 20 * DAY
TIMING = {"reason": "timing"}
NO_NEED = {"reason": "no need"}
DEAL = {"amount": Decimal(40_000), "currency": "EUR"}
TRIED = (Attempted, 1)
TO_DEAL = (TRIED, (SalesQualified, 2), (OpportunityOpened, 3, DEAL))
TO_QUOTE = (*TO_DEAL, (Quoted, 4, {"quote": "q-1"}))


class TestUntouched:
    @pytest.mark.rule("M-18", "002-04")
    def test_are_those_without_an_attempt(self):
        found = untouched(leads((102,), (28, TRIED)), now=NOW)

        assert found.rate == Rate(102, 130)
        assert found.rate.value == pytest.approx(0.784615, abs=5e-7)
        assert found.rate.interval == pytest.approx((0.706324, 0.846569), abs=5e-7)
        assert len(found.waiting) == 102

    @pytest.mark.rule("M-18", part="accepting, reassigning and asking again are no attempts")
    @pytest.mark.parametrize("kind", [Accepted, Inquired, (Reassigned, {"to": "kim"})])
    def test_are_not_touched_by_what_is_no_attempt(self, kind):
        kind, more = kind if isinstance(kind, tuple) else (kind, {})

        assert untouched(leads((1, (kind, 1, more))), now=NOW).rate == Rate(1, 1)

    @pytest.mark.rule("002-05")
    def test_raise_an_alert_in_plain_numbers(self):
        assert untouched(leads((102,)), now=NOW).exceeds(100)
        assert not untouched(leads((100,)), now=NOW).exceeds(100)

    @pytest.mark.parametrize("limit", [-1, 0.5, None, True])
    def test_alert_above_a_number_of_leads(self, limit):
        with pytest.raises(InvalidValue):
            untouched([], now=NOW).exceeds(limit)

    @pytest.mark.rule("001-10")
    def test_cost_what_good_leads_cost(self):
        found = untouched(leads((102,), (28, TRIED)), now=NOW)

        assert found.cost(200) == 20_400
        assert found.cost(Decimal("199.50")) == Decimal("20349.00")

    @pytest.mark.rule("001-10", part="only what is known to have gone cold, if that is asked")
    def test_cost_only_what_went_cold_if_that_is_known(self):
        found = untouched(leads((3,), (1, TRIED)), now=NOW)

        assert found.cost(200, cold={"L000", "L002", "L003"}) == 400
        assert [lead.lead for lead in found.wasted(cold=["L002"])] == ["L002"]

    def test_are_good_leads_only_with_a_certificate(self):
        """An override is untouched, too, but nobody had shown that it was a good lead."""
        found = untouched(leads((2,), offer=an_override), now=NOW)

        assert (found.rate, found.wasted(), found.cost(200)) == (Rate(2, 2), (), 0)

    def test_cost_the_same_in_any_decimal_context(self):
        with localcontext(prec=2):
            assert untouched(leads((102,)), now=NOW).cost(201) == 20_502

    @pytest.mark.parametrize("each", [-1, 0.5, True, None, Decimal("NaN")])
    def test_cost_an_amount_of_money(self, each):
        with pytest.raises(InvalidValue):
            untouched([], now=NOW).cost(each)

    def test_take_ids_as_cold(self):
        with pytest.raises(InvalidValue):
            untouched([], now=NOW).wasted(cold="L001")

    @pytest.mark.rule("002-06", part="no activity is told as none, and listed")
    def test_have_no_last_activity_and_are_listed(self):
        [standing] = leads((1, (Accepted, 1)))
        [lead] = untouched([standing], now=NOW).leads

        assert standing.last_activity is None
        assert (lead.lead, lead.rep, lead.stage.name) == ("L000", "sam", "accepted")
        assert (lead.since, lead.age, lead.is_waiting) == (MONDAY, 20 * DAY, True)

    def test_begin_anew_with_each_offer(self):
        """What sales did at the first offer, and marketing between, is no attempt at the second."""
        second = MONDAY + 10 * DAY
        events = [
            *an_offer(),
            Attempted(lead="L", at=MONDAY + DAY),
            HandedBack(lead="L", at=MONDAY + 2 * DAY, reason="timing"),
            Triaged(lead="L", at=MONDAY + 3 * DAY),
            Attempted(lead="L", at=MONDAY + 4 * DAY),
            *an_offer(at=second)[2:],
        ]
        standing = STANDARD.replay(events)

        assert untouched([standing], now=MONDAY + 9 * DAY).rate == Rate(0, 1)
        [lead] = untouched([standing], now=NOW).leads
        assert lead.since == second

    def test_of_the_last_offer_are_not_touched_by_marketing_after_a_hand_back(self):
        events = [
            *an_offer(),
            HandedBack(lead="L", at=MONDAY + 2 * DAY, reason="timing"),
            Triaged(lead="L", at=MONDAY + 3 * DAY),
            Attempted(lead="L", at=MONDAY + 4 * DAY),
        ]
        [lead] = untouched([STANDARD.replay(events)], now=NOW).leads

        assert (lead.age, lead.is_waiting) == (2 * DAY, False)

    def test_were_untouched_although_they_left_the_hands_of_sales(self):
        left = [
            (1, (HandedBack, 3, TIMING)),
            (1, (Rejected, 3, TIMING)),
            (1, (Disqualified, 3, NO_NEED), (Inquired, 5)),
            (1, (Erased, 3)),
        ]
        found = untouched(leads(*left, (1,)), now=NOW)

        assert found.rate == Rate(5, 5)
        assert [lead.age for lead in found.leads] == [3 * DAY] * 4 + [20 * DAY]
        assert [lead.lead for lead in found.waiting] == ["L004"]

    @pytest.mark.parametrize(
        "steps",
        [
            [(Accepted, 1), (CallbackScheduled, 2, {"due": MONDAY + 30 * DAY})],
            [TRIED, (SalesQualified, 2)],
        ],
    )
    def test_are_not_those_who_were_spoken_to(self, steps):
        assert untouched(leads((1, *steps)), now=NOW).rate == Rate(0, 1)

    def test_of_a_merged_lead_are_counted_with_the_one_that_goes_on(self):
        found = untouched(leads((1,), (1, (Merged, 1, {"into": "L000"}))), now=NOW)

        assert (found.rate, found.merged) == (Rate(1, 1), 1)

    def test_are_in_buckets_of_age_and_an_edge_belongs_to_the_younger(self):
        ages = [0 * DAY, 1 * DAY, 1 * DAY + HOUR, 7 * DAY, 14 * DAY, 15 * DAY]
        made = [STANDARD.replay(an_offer(f"L{n}", NOW - age)) for n, age in enumerate(ages)]
        found = untouched(made, now=NOW)

        assert [str(bucket) for bucket in found.ages] == [
            "up to 1 day: 2",
            "up to 3 days: 1",
            "up to 7 days: 1",
            "up to 14 days: 1",
            "over 14 days: 1",
        ]
        assert [b.leads for b in untouched(made, now=NOW, edges=[7 * DAY]).ages] == [4, 2]
        assert [b.name for b in untouched(made, now=NOW, edges=[]).ages] == ["any age"]

    @pytest.mark.parametrize("edges", [[2 * DAY, DAY], [DAY, DAY], [1], None])
    def test_have_edges_that_ascend(self, edges):
        with pytest.raises(InvalidValue):
            untouched([], now=NOW, edges=edges)

    def test_print_what_a_manager_asks(self):
        found = untouched(leads((1,), (1, (HandedBack, 1, TIMING)), (2, TRIED)), now=NOW)

        assert str(found).splitlines() == [
            "untouched of 4 leads offered to sales: 50.0 % [15.0, 85.0]",
            "1 still with sales",
            "  over 14 days: 1",
            "L000: handed_off, for 20 days",
        ]
        assert str(untouched(leads((23,)), now=NOW)).splitlines()[-1] == "and 3 more"

    def test_are_plain_data(self):
        plain = untouched(leads((1,), (1, TRIED)), now=NOW).to_dict()

        assert json.loads(json.dumps(plain)) == plain
        assert plain["untouched"]["k"] == 1
        assert plain["leads"][0]["age_days"] == 20

    @pytest.mark.rule("law-9")
    def test_tell_no_name(self):
        found = untouched([STANDARD.replay(an_offer(to="canary"))], now=NOW)

        assert found.leads[0].rep == "canary"
        assert "canary" not in repr(found) + repr(found.leads) + str(found) + str(found.to_dict())

    @pytest.mark.rule("law-6")
    def test_of_nothing_are_nothing(self):
        found = untouched([STANDARD.replay(a_history()[:3])], now=NOW)

        assert (found.offered, str(found.rate), found.cost(200)) == (0, "-", 0)


class TestFollowUp:
    GROUPS = (
        (12, (Accepted, 1)),
        (18, TRIED),
        (6, *TO_QUOTE),
        (4, *TO_QUOTE, (Won, 5)),
        (5, *TO_QUOTE, (Lost, 5, {"reason": "price"})),
        (5, TRIED, (HandedBack, 2, TIMING)),
    )

    @pytest.mark.rule("004-33", "001-23")
    def test_shows_marketing_everything_that_it_handed_off(self):
        found = follow_up(leads(*self.GROUPS), now=NOW)
        counts = {state: count for state, count in found.counts.items() if count}

        assert counts == {
            FollowUpState.UNTOUCHED: 12,
            FollowUpState.WORKING: 18,
            FollowUpState.QUOTED: 6,
            FollowUpState.WON: 4,
            FollowUpState.LOST: 5,
            FollowUpState.HANDED_BACK: 5,
        }
        assert len(found.states) == sum(found.counts.values()) == 50
        assert found.share(FollowUpState.UNTOUCHED) == Rate(12, 50)
        assert found.states["L000"] is FollowUpState.UNTOUCHED

    @pytest.mark.parametrize(
        ("steps", "state"),
        [
            ([], "untouched"),
            ([(Accepted, 1)], "untouched"),
            ([TRIED, (SalesQualified, 2)], "working"),
            ([(Accepted, 1), (CallbackScheduled, 2, {"due": NOW})], "callback"),
            ([(Accepted, 1), (CallbackScheduled, 2, {"due": NOW}), (Attempted, 3)], "working"),
            (TO_DEAL, "opportunity"),
            ([*TO_DEAL, (Attempted, 4)], "opportunity"),
            ([*TO_QUOTE, (Attempted, 5)], "quoted"),
            ([*TO_QUOTE, (Won, 5), (Inquired, 6)], "won"),
            ([*TO_DEAL, (Lost, 4, {"reason": "price"}), (Deferred, 5)], "lost"),
            ([*TO_DEAL, (Lost, 4, {"reason": "price"}), (HandedBack, 5, TIMING)], "handed back"),
            ([(Rejected, 1, TIMING), (Deferred, 2)], "handed back"),
            ([TRIED, (Disqualified, 2, NO_NEED)], "disqualified"),
            ([TRIED, (Merged, 2, {"into": "M"})], "merged"),
            ([TRIED, (Merged, 2, {"into": "M"}), (Erased, 3)], "merged"),
            ([(HandedBack, 1, TIMING), (Erased, 2)], "erased"),
            ([TRIED, (CallbackScheduled, 2, {"due": NOW}), (Triaged, 3)], "other"),
        ],
    )
    def test_gives_each_lead_one_state(self, steps, state):
        assert follow_up(leads((1, *steps)), now=NOW).states == {"L000": state}

    def test_leaves_out_what_was_never_handed_off(self):
        assert follow_up([STANDARD.replay(a_history()[:3])], now=NOW).states == {}

    def test_prints_as_a_table(self):
        assert str(follow_up(leads((1,), (1, TRIED)), now=NOW)).splitlines() == [
            "handed to sales  leads   share  95 % interval",
            "───────────────  ─────  ──────  ─────────────",
            "untouched            1  50.0 %    [9.5, 90.5]",
            "working              1  50.0 %    [9.5, 90.5]",
            "all                  2",
        ]

    def test_is_plain_data(self):
        plain = follow_up(leads(*self.GROUPS), now=NOW).to_dict()

        assert json.loads(json.dumps(plain)) == plain
        assert sum(plain["states"].values()) == plain["leads"] == 50


@pytest.mark.parametrize("measure", [untouched, follow_up])
class TestInput:
    def test_is_standings_at_an_instant_with_a_zone(self, measure):
        with pytest.raises(InvalidValue):
            measure(STANDARD.replay_all(an_offer()), now=NOW)  # their ids
        with pytest.raises(InvalidValue, match="now"):
            measure([], now=datetime(2026, 3, 2))

    def test_is_each_lead_once(self, measure):
        early, late = STANDARD.replay(an_offer()[:3]), STANDARD.replay(an_offer())

        assert measure([late, late], now=NOW) == measure([late], now=NOW)
        with pytest.raises(ConflictError, match="lead 'L'"):
            measure([early, late], now=NOW)


class TestLaws:
    @given(all_standings())
    def test_states_are_exclusive_and_sum_to_the_offered(self, standings):
        found = follow_up(standings, now=NOW)
        offered = [s for s in standings if s.offers and s.as_of(NOW).offers]

        assert sum(found.counts.values()) == len(found.states) == len(offered)

    @given(all_standings(), st.integers(0, 40))
    def test_those_that_wait_are_those_in_the_state_untouched(self, standings, half_days):
        now = MONDAY + half_days * DAY / 2
        states = follow_up(standings, now=now).states
        waiting = {lead.lead for lead in untouched(standings, now=now).waiting}

        assert waiting == {lead for lead, state in states.items() if state == "untouched"}

    @pytest.mark.parametrize("measure", [untouched, follow_up])
    @given(all_standings(), st.randoms(use_true_random=False))
    def test_order_and_duplicates_change_nothing(self, measure, standings, chance):
        delivered = standings + standings[::2]
        chance.shuffle(delivered)

        assert measure(delivered, now=NOW) == measure(standings, now=NOW)

    @pytest.mark.parametrize("measure", [untouched, follow_up])
    @given(all_standings(), st.integers(0, 40))
    def test_nothing_after_now_is_visible(self, measure, standings, half_days):
        now = MONDAY + half_days * DAY / 2
        then = [standing.as_of(now) for standing in standings]

        assert measure(standings, now=now) == measure(then, now=now)

    @given(all_standings())
    def test_the_buckets_hold_all_that_wait(self, standings):
        found = untouched(standings, now=NOW)

        assert sum(bucket.leads for bucket in found.ages) == len(found.waiting)
        assert all(lead.age >= timedelta(0) for lead in found.leads)
        assert len(found.waiting) <= found.rate.k <= found.rate.n
