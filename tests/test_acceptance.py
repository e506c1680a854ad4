"""What sales took of what it was offered, why the rest came back, and what became of that."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, HOUR, MONDAY, OVERRIDDEN, an_offer, an_override, leads
from leadlib.errors import InvalidValue
from leadlib.lifecycle import (
    Accepted,
    Attempted,
    Disqualified,
    Erased,
    HandedBack,
    HandedOff,
    Inquired,
    LeadEvent,
    Merged,
    OpportunityOpened,
    Overridden,
    PassedOn,
    Rejected,
    ReturnReason,
    SalesQualified,
    Stage,
    Triaged,
    Won,
)
from leadlib.metrics import OfferState, Rate, acceptance, acceptance_trend, compare, recycle_yield
from leadlib.model import Team
from strategies import all_standings

NOW = MONDAY + 200 * DAY
TIMING = {"reason": "timing"}
UNFIT = {"reason": "not qualified"}
TAKEN = (Accepted, 1)
REFUSED = (Rejected, 1, TIMING)
WON = (
    TAKEN,
    (Attempted, 2),
    (SalesQualified, 3),
    (OpportunityOpened, 4, {"amount": Decimal(40_000), "currency": "EUR"}),
    (Won, 5),
)


def recycled(lead, *, accepted, at=MONDAY):
    """A lead that was refused, certified again and offered again a month later."""
    events = [
        *an_offer(lead, at),
        Rejected(lead=lead, at=at + DAY, reason="timing"),
        Triaged(lead=lead, at=at + 2 * DAY),
        *an_offer(lead, at + 30 * DAY)[2:],
    ]
    if accepted:
        events.append(Accepted(lead=lead, at=at + 31 * DAY))
    return OVERRIDDEN.replay(events)


class TestAcceptance:
    @pytest.mark.rule("000-04")
    def test_is_a_share_and_a_refusal_has_its_reason(self):
        groups = [(45, TAKEN), (9, (Rejected, 1, UNFIT)), (6, REFUSED)]
        found = acceptance(leads(*groups), now=NOW)

        assert found.rate == Rate(45, 60)
        assert found.rate.percent == "75.0 %"
        assert found.refused == Rate(15, 60)
        assert found.reasons == {
            ReturnReason.NOT_QUALIFIED: Rate(9, 60),
            ReturnReason.TIMING: Rate(6, 60),
        }
        assert found.reasons[ReturnReason.NOT_QUALIFIED].percent == "15.0 %"

    @pytest.mark.rule("000-13")
    def test_looks_both_ways_and_says_who_can_change_it(self):
        groups = [(8, *WON), (32, TAKEN), (10, REFUSED)]
        ours, theirs = acceptance(leads(*groups), now=NOW).two_way

        assert (ours.rate, ours.owner) == (Rate(40, 50), Team.MARKETING)
        assert (theirs.rate, theirs.owner) == (Rate(8, 40), Team.SALES)
        assert (ours.rate.percent, theirs.rate.percent) == ("80.0 %", "20.0 %")
        assert str(ours) == "acceptance (marketing): 80.0 % [67.0, 88.8]"
        assert acceptance(leads(*groups), now=NOW).open == 32

    @pytest.mark.rule("000-27")
    def test_of_two_kinds_of_offers_is_compared_not_pooled(self):
        standings = [
            *leads((45, TAKEN), (15, REFUSED)),
            *leads((5, TAKEN), (35, REFUSED), offer=an_override, prefix="raw"),
        ]
        good = acceptance(standings, now=NOW)
        raw = acceptance(standings, now=NOW, kinds=[Overridden])

        assert (good.rate, raw.rate) == (Rate(45, 60), Rate(5, 40))
        assert (good.rate.percent, raw.rate.percent) == ("75.0 %", "12.5 %")
        assert compare(good.rate, raw.rate).z == pytest.approx(6.124, abs=5e-4)
        assert (good.left_out, raw.left_out) == (40, 60)
        assert (good.kinds, raw.kinds) == (("HandedOff",), ("Overridden",))

    @pytest.mark.parametrize(
        ("steps", "state"),
        [
            ([], OfferState.PENDING),
            ([(Inquired, 1)], OfferState.PENDING),
            ([TAKEN], OfferState.ACCEPTED),
            ([(Attempted, 1)], OfferState.ACCEPTED),
            ([TAKEN, (HandedBack, 2, TIMING)], OfferState.ACCEPTED),
            ([REFUSED], OfferState.REFUSED),
            ([(HandedBack, 1, TIMING)], OfferState.REFUSED),
            ([(Disqualified, 1, {"reason": "no need"})], OfferState.RULED_OUT),
            ([(Merged, 1, {"into": "another"})], OfferState.WITHDRAWN),
            ([(Erased, 1)], OfferState.WITHDRAWN),
        ],
    )
    def test_gives_each_offer_one_answer(self, steps, state):
        [offer] = acceptance(leads((1, *steps)), now=NOW).offers

        assert offer.state is state

    def test_is_implied_by_a_move_to_a_stage_of_sales(self):
        class Demonstrated(LeadEvent):
            """The product was shown."""

        demo = Stage("demo", Team.SALES)
        ours = OVERRIDDEN.with_move(OVERRIDDEN.stage("handed_off"), Demonstrated, demo)
        standing = ours.replay([*an_offer(), Demonstrated(lead="L", at=MONDAY + DAY)])

        assert acceptance([standing], now=NOW).rate == Rate(1, 1)

    def test_counts_an_offer_that_came_back_after_it_was_accepted(self):
        found = acceptance(leads((1, TAKEN, (HandedBack, 2, TIMING)), (1, REFUSED)), now=NOW)

        assert (found.rate, found.refused, found.handed_back) == (
            Rate(1, 2),
            Rate(1, 2),
            Rate(2, 2),
        )

    def test_does_not_take_the_pending_as_refused(self):
        found = acceptance(leads((1, TAKEN), (3,)), now=NOW)

        assert (found.rate, found.count("pending")) == (Rate(1, 1), 3)

    def test_counts_every_offer_of_a_lead(self):
        found = acceptance([recycled("L", accepted=True)], now=NOW)

        assert [offer.state.value for offer in found.offers] == ["refused", "accepted"]

    def test_may_be_of_a_period_half_open(self):
        standings = [*leads((1, TAKEN)), *leads((1, TAKEN), at=MONDAY + DAY, prefix="M")]
        found = acceptance(standings, now=NOW, since=MONDAY, until=MONDAY + DAY)

        assert [offer.lead for offer in found.offers] == ["L000"]

    @pytest.mark.parametrize("kinds", [[], [Accepted], "HandedOff", None, ["HandedOff"], HandedOff])
    def test_is_of_kinds_of_offers(self, kinds):
        with pytest.raises(InvalidValue, match="legal: HandedOff, PassedOn, Overridden"):
            acceptance([], now=NOW, kinds=kinds)

    def test_prints_what_both_teams_ask(self):
        found = acceptance(leads((3, TAKEN), (1, REFUSED), (1,)), now=NOW)

        assert str(found).splitlines() == [
            "5 offers by HandedOff",
            "  accepted     75.0 % [30.1, 95.4]",
            "  refused      25.0 % [4.6, 69.9]",
            "  handed back  25.0 % [4.6, 69.9]",
            "    timing: 25.0 % [4.6, 69.9]",
            "  pending 1, withdrawn 0, of other kinds 0",
        ]

    def test_is_plain_data(self):
        plain = acceptance(leads((3, TAKEN), (1, REFUSED), (1,)), now=NOW).to_dict()

        assert json.loads(json.dumps(plain)) == plain
        assert (plain["accepted"]["k"], plain["reasons"]) == (3, {"timing": 1})


class TestRecycleYield:
    @pytest.mark.rule("M-20")
    def test_is_what_sales_accepted_after_all(self):
        """60 leads offered: 45 accepted at once, 15 came back, 6 of these accepted later."""
        first = leads((45, TAKEN))
        again = [recycled(f"R{n:02}", accepted=n < 6) for n in range(15)]
        before = acceptance([*first, *again], now=NOW, until=MONDAY + DAY)
        found = recycle_yield([*first, *again], now=NOW)

        assert (before.rate, before.handed_back) == (Rate(45, 60), Rate(15, 60))
        assert (before.rate.percent, before.handed_back.percent) == ("75.0 %", "25.0 %")
        assert (found.rate, found.rate.percent) == (Rate(6, 15), "40.0 %")

    def test_counts_only_those_that_had_their_chance(self):
        """Quick ones among the young would flatter the figure, so all the young wait."""
        standings = [recycled("L", accepted=True), recycled("M", accepted=False)]
        came_back = MONDAY + DAY
        mature = 60 * DAY

        early = recycle_yield(standings, now=came_back + mature - HOUR, mature=mature)
        ripe = recycle_yield(standings, now=came_back + mature, mature=mature)
        assert (early.rate, early.young) == (Rate(0, 0), 2)
        assert (ripe.rate, ripe.young) == (Rate(1, 2), 0)

    def test_leaves_out_who_was_merged_and_says_so(self):
        standings = leads((1, REFUSED, (Merged, 2, {"into": "another"})), (1, REFUSED), (1, TAKEN))
        found = recycle_yield(standings, now=NOW)

        assert (found.rate, found.merged) == (Rate(0, 1), 1)
        assert (
            str(found) == "recycled and accepted later: 0.0 % [0.0, 79.3]; 0 came back too recently"
        )
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()

    def test_is_of_the_kinds_that_came_back(self):
        raw = leads((1, REFUSED), offer=an_override)

        assert recycle_yield(raw, now=NOW).rate == Rate(0, 0)
        assert recycle_yield(raw, now=NOW, kinds=[Overridden]).rate == Rate(0, 1)

    @pytest.mark.parametrize("mature", [-DAY, 90, None])
    def test_takes_a_time_from_0_on(self, mature):
        with pytest.raises(InvalidValue):
            recycle_yield([], now=NOW, mature=mature)


class TestTrend:
    def months(self, *accepted, of=50):
        return [
            standing
            for number, count in enumerate(accepted, start=1)
            for standing in leads(
                (count, TAKEN),
                (of - count, REFUSED),
                at=datetime(2026, number, 10, tzinfo=UTC),
                prefix=f"{number}-",
            )
        ]

    @pytest.mark.rule("001-12")
    def test_is_a_line_through_the_months(self):
        found = acceptance_trend(self.months(25, 30, 36), now=NOW)

        assert [of.rate.percent for of in found.months.values()] == ["50.0 %", "60.0 %", "72.0 %"]
        assert found.slope == 0.11
        assert str(found).splitlines() == [
            "2026-01  50.0 % [36.6, 63.4]",
            "2026-02  60.0 % [46.2, 72.4]",
            "2026-03  72.0 % [58.3, 82.5]",
            "+11.0 points a month",
        ]

    def test_keeps_the_distance_of_a_month_without_offers(self):
        """20 points in two months."""
        standings = [s for s in self.months(25, 0, 35) if not s.lead.startswith("2-")]

        assert acceptance_trend(standings, now=NOW).slope == 0.1

    def test_needs_two_months(self):
        found = acceptance_trend(self.months(25), now=NOW)

        assert (found.slope, str(found).splitlines()[-1]) == (None, "-")
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()

    def test_goes_by_the_months_of_a_zone(self):
        """31 January 23:30 in New York is February in UTC."""
        late = datetime(2026, 2, 1, 4, 30, tzinfo=UTC)
        standings = leads((1, TAKEN), at=late)

        assert [*acceptance_trend(standings, now=NOW).months] == [date(2026, 2, 1)]
        ours = acceptance_trend(standings, now=NOW, zone=ZoneInfo("America/New_York"))
        assert [*ours.months] == [date(2026, 1, 1)]

    def test_is_of_the_kinds_that_were_asked_for(self):
        raw = leads((1, TAKEN), offer=an_override)
        [month] = acceptance_trend([*raw, *self.months(25)], now=NOW, kinds=[Overridden]).months

        assert month == date(2026, 3, 1)


class TestLaws:
    @given(all_standings(), st.sampled_from([HandedOff, PassedOn, Overridden]))
    def test_every_offer_has_one_answer_and_one_kind(self, standings, kind):
        found = acceptance(standings, now=NOW, kinds=[kind])

        assert sum(map(found.count, OfferState)) == len(found.offers)
        assert len(found.offers) + found.left_out == sum(s.offers for s in standings)
        assert found.handed_back.k <= found.answered

    @given(all_standings(), st.integers(0, 40))
    def test_nothing_after_now_is_visible(self, standings, half_days):
        now = MONDAY + half_days * DAY / 2
        then = [standing.as_of(now) for standing in standings]

        for measure in (acceptance, recycle_yield, acceptance_trend):
            assert measure(standings, now=now) == measure(then, now=now)

    @given(all_standings(), st.randoms(use_true_random=False))
    def test_order_and_duplicates_change_nothing(self, standings, chance):
        delivered = standings + standings[::2]
        chance.shuffle(delivered)

        for measure in (acceptance, recycle_yield, acceptance_trend):
            assert measure(delivered, now=NOW) == measure(standings, now=NOW)

    @given(all_standings())
    def test_recycled_leads_are_mature_young_or_merged(self, standings):
        found = recycle_yield(standings, now=MONDAY + 10 * DAY, mature=5 * DAY)
        offers = acceptance(standings, now=MONDAY + 10 * DAY).offers
        back = {offer.lead for offer in offers if offer.came_back}

        assert found.rate.n + found.young + found.merged == len(back)
