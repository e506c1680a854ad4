"""What campaigns cost and bring, where revenue came from, and what moving budget would do."""

import decimal
import json
from decimal import Decimal
from fractions import Fraction
from math import nan

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, leads
from leadlib.errors import ConflictError, DefinitionMismatch, InvalidValue
from leadlib.lifecycle import (
    SIMPLE,
    STANDARD,
    Accepted,
    Attempted,
    Churned,
    Erased,
    Lost,
    Merged,
    OpportunityOpened,
    Quoted,
    Reassigned,
    SalesQualified,
    Standing,
    Triaged,
    Won,
    forgotten,
)
from leadlib.metrics import CampaignResult, Rate, move_budget, rank, revenue_by
from strategies import all_standings

NOW = MONDAY + 60 * DAY


def a_result(name="A", inquiries=500, accepted=40, **more):
    return CampaignResult(name=name, inquiries=inquiries, accepted=accepted, **more)


def textbook():
    """A brings five times the leads, B customers that are worth more: the example of M-22."""
    a = a_result("A", 500, 40, wins=4, spend=10_000, value=4 * 9_000, currency="EUR")
    b = a_result("B", 100, 30, wins=6, spend=8_000, value=6 * 12_000, currency="EUR")
    return a, b


def names_of(results):
    return [result.name for result in results]


class TestCosts:
    @pytest.mark.rule("M-22")
    @pytest.mark.parametrize(
        ("place", "costs", "returned", "ratio"),
        [(0, (20, 250, 2_500), "2.6", "3.6"), (1, (80, "266.67", "1333.33"), "8.0", "9.0")],
    )
    def test_are_those_of_the_textbook(self, place, costs, returned, ratio):
        result = textbook()[place]
        found = (result.cost_per_inquiry, result.cost_per_accepted, result.cost_per_win)

        assert [round(cost, 2) for cost in found] == [Decimal(cost) for cost in costs]
        assert result.return_on_spend == Decimal(returned)
        assert result.value_to_cost == Decimal(ratio)

    @pytest.mark.rule("M-22")
    def test_of_a_quote(self):
        assert a_result(quoted=25, spend=10_000, currency="EUR").cost_per_quoted == 400

    @pytest.mark.rule("M-22")
    def test_without_an_outcome_are_none(self):
        """No lead was had for nothing, and no customer either."""
        result = a_result("A", 9, 0, quoted=0, wins=0, spend=90, value=0, currency="EUR")
        figures = (
            "cost_per_accepted",
            "cost_per_quoted",
            "cost_per_win",
            "value_per_win",
            "value_to_cost",
        )

        assert {getattr(result, name) for name in figures} == {None}

    def test_without_an_outcome_are_all_lost(self):
        assert a_result(wins=0, spend=90, value=0, currency="EUR").return_on_spend == -1

    @pytest.mark.rule("M-22")
    @pytest.mark.parametrize(
        "known", [{}, {"spend": 5}, {"value": 5}, {"spend": 0, "value": 5, "wins": 1}]
    )
    def test_that_nobody_knows_are_none(self, known):
        result = a_result(**known, currency="EUR")

        assert (result.return_on_spend, result.value_to_cost, result.cost_per_quoted) == (None,) * 3

    def test_are_counted_in_their_own_precision(self):
        result = a_result(wins=3, spend=Decimal("123456.78"), value=Decimal(370370), currency="EUR")

        with decimal.localcontext(prec=2):
            assert result.cost_per_win == Decimal("41152.26")
            assert str(result.return_on_spend).startswith("1.9999972")


class TestRanking:
    @pytest.mark.rule("000-16")
    def test_by_what_a_customer_costs_is_not_that_by_what_a_lead_costs(self):
        a, b = textbook()

        assert (a.cost_per_inquiry, b.cost_per_inquiry) == (20, 80)
        assert (a.cost_per_win, round(b.cost_per_win, 2)) == (2_500, Decimal("1333.33"))
        assert names_of(rank([a, b], by="cost_per_win")) == ["B", "A"]
        assert names_of(rank([a, b], by="value")) == ["B", "A"]
        assert names_of(rank([b, a], by="cost_per_accepted")) == ["A", "B"]

    def test_puts_a_spend_for_nothing_after_every_cost(self):
        """The cost of none is not zero; and who has no inquiry at all comes after that."""
        dear = a_result("dear", wins=1, spend=10**6, currency="EUR")
        void = a_result("void", wins=0, spend=1, currency="EUR")
        none = a_result("none", 0, 0, wins=0, spend=0, currency="EUR")
        free = a_result("free", wins=1, spend=0, currency="EUR")

        ranked = rank([none, void, dear, free], by="cost_per_win")

        assert names_of(ranked) == ["free", "dear", "void", "none"]

    def test_does_not_take_an_unknown_cost_for_the_worst(self):
        known = a_result("A", wins=1, spend=1, currency="EUR")

        for unknown in ({"spend": 1, "currency": "EUR"}, {"wins": 1, "currency": "EUR"}):
            with pytest.raises(InvalidValue, match=r"a figure for 'cost_per_win'.*campaign 'B'"):
                rank([known, a_result("B", **unknown)], by="cost_per_win")

    def test_does_not_mix_money(self):
        euro, dollar = (a_result(code, wins=1, spend=1, currency=code) for code in ("EUR", "USD"))

        for by in ("cost_per_win", "cost_per_accepted"):
            with pytest.raises(InvalidValue, match="EUR and USD"):
                rank([euro, dollar], by=by)


def opened(amount, day=4, currency="EUR"):
    """Steps to an opportunity of that amount."""
    deal = {"amount": Decimal(amount), "currency": currency}
    return [
        (Accepted, 1),
        (Attempted, 2),
        (SalesQualified, 3),
        (OpportunityOpened, day, deal),
    ]


def won(amount, day=10, **more):
    return [*opened(amount, **more), (Won, day)]


EUROS = {"currency": "EUR"}


def went_on(standing, *steps):
    """Add events to a life, in a lifecycle that knows every way; its stage does not matter here."""
    more = [
        kind(lead=standing.lead, at=MONDAY + day * DAY, **dict(*of)) for kind, day, *of in steps
    ]
    stages = (*standing.stages, *(standing.stage for _ in steps))
    return Standing((*standing.events, *more), stages)


def by_rep(standing):
    return standing.rep


class TestRevenue:
    @pytest.mark.rule("000-02")
    @pytest.mark.parametrize(
        "labels", [("fair", "web"), ("web form", "phone"), ("ann", "bob"), (2025, 2026)]
    )
    def test_of_two_wins_sums_by_whatever_they_are_grouped(self, labels):
        """Campaign, source, rep or year: 40,000 and 25,000 are 65,000."""
        standings = leads((1, *won(40_000)), (1, *won(25_000)))
        found = revenue_by(standings, dict(zip(("L000", "L001"), labels, strict=True)), now=NOW)

        assert found.amounts == dict(zip(labels, (40_000, 25_000), strict=True))
        assert (found.total, found.currency, found.wins) == (65_000, "EUR", 2)

    @pytest.mark.rule("000-02")
    def test_is_that_of_the_rep_who_won_it(self):
        """Who looks after the customer later on did not win it."""
        moved = (Reassigned, 20, {"to": "zoe"})
        standings = leads((1, *won(40_000), moved), (1, *won(25_000)), (1, (Accepted, 1)))

        assert revenue_by(standings, by_rep, now=NOW).amounts == {"sam": 65_000}

    def test_of_who_won_nothing_is_shown(self):
        moved = (Reassigned, 2, {"to": "zoe"})
        standings = leads((1, *won(40_000)), (1, (Accepted, 1), moved))

        assert revenue_by(standings, by_rep, now=NOW).amounts == {"sam": 40_000, "zoe": 0}

    @pytest.mark.rule("000-02")
    def test_is_no_open_and_no_lost_opportunity(self):
        lost = (Lost, 9, {"reason": "price"})
        standings = leads(
            (1, *opened(7_000)),
            (1, *opened(8_000), (Quoted, 5, {"quote": "q-1"})),
            (1, *opened(9_000), lost),
        )
        found = revenue_by(standings, {}, now=NOW)

        assert (found.total, found.wins, found.currency) == (0, 0, None)
        assert found.amounts == {None: 0}

    @pytest.mark.rule("000-02")
    def test_does_not_see_what_comes_after(self):
        standings = leads((1, *won(40_000, day=10)))
        before, then = (MONDAY + day * DAY for day in (9, 10))

        assert revenue_by(standings, {}, now=before).total == 0
        assert revenue_by(standings, {}, now=then).total == 40_000
        assert revenue_by(standings, {}, now=MONDAY - DAY).groups == ()

    @pytest.mark.rule("000-02")
    def test_of_no_label_is_a_group_of_its_own(self):
        standings = leads((3, *won(100)))
        found = revenue_by(standings, {"L000": "fair", "L001": nan}, now=NOW)

        assert found.amounts == {None: 200, "fair": 100}
        assert "\nnot known     2" in str(found)

    @pytest.mark.rule("000-02")
    def test_does_not_mix_currencies(self):
        standings = leads((2, *won(100)), (1, *won(70, currency="USD")))

        with pytest.raises(InvalidValue, match=r"one currency, got deals in 2.*EUR, USD"):
            revenue_by(standings, by_rep, now=NOW)
        for code, total, count, rest in (("EUR", 200, 2, 1), ("USD", 70, 1, 2), ("CHF", 0, 0, 3)):
            found = revenue_by(standings, by_rep, now=NOW, currency=code)
            assert (found.total, found.wins, found.elsewhere) == (total, count, rest)

    def test_of_a_customer_won_again_is_that_of_both_deals(self):
        """What was won stays when the customer leaves; one opportunity is not won twice."""
        [churned] = leads((1, *won(40_000), (Churned, 20)))
        again = went_on(churned, (OpportunityOpened, 30, EUROS | {"amount": Decimal(5_000)}))
        twice = went_on(again, (Won, 31))
        thrice = revenue_by([went_on(twice, (Won, 32))], {}, now=NOW)

        totals = [revenue_by([one], {}, now=NOW).total for one in (churned, again, twice)]
        assert totals == [40_000, 40_000, 45_000]
        assert (thrice.total, thrice.wins, thrice.unpriced) == (45_000, 2, 1)

    def test_is_worth_what_was_opened_last(self):
        """Lost, opened anew and won for less."""
        [lost] = leads((1, *opened(9_000), (Lost, 5, {"reason": "price"})))
        anew = (OpportunityOpened, 6, EUROS | {"amount": Decimal(4_000)})

        assert revenue_by([went_on(lost, anew, (Won, 7))], {}, now=NOW).total == 4_000

    def test_of_a_win_without_an_opportunity_is_not_taken_for_zero(self):
        """The simple lifecycle knows no amounts; and one opportunity is not won twice."""
        [offered] = leads((1,), at=MONDAY)
        events = [event for event in offered.events if not isinstance(event, Triaged)]
        tries = [kind(lead="L000", at=MONDAY + DAY) for kind in (Attempted, Won)]
        standing = SIMPLE.replay([*events, tries[0], attrs.evolve(tries[1], at=MONDAY + 2 * DAY)])
        found = revenue_by([standing], by_rep, now=NOW)

        assert (found.total, found.wins, found.unpriced, found.currency) == (0, 0, 1, None)
        assert str(found).endswith(
            "total 0.00 of 0 wins; 1 without an amount, 0 in other currencies"
        )

    def test_stays_after_a_merge_and_an_erasure(self):
        merged, customer = leads((1, *won(1), (Merged, 20, {"into": "X"})), (1, *won(2)))
        erased = STANDARD.replay(forgotten(customer.events, at=NOW))

        assert isinstance(erased.events[-1], Erased)
        assert revenue_by([merged, erased], {}, now=NOW).total == 3

    @pytest.mark.rule("000-02")
    @given(
        st.lists(st.decimals("0.01", 10**15, places=2), max_size=8),
        st.lists(st.sampled_from(["a", "b", 3, None]), min_size=8, max_size=8),
        st.randoms(use_true_random=False),
    )
    def test_of_the_parts_sums_to_the_total_in_any_order(self, amounts, labels, lots):
        standings = leads(*((1, *won(amount)) for amount in amounts))
        by = dict(zip((standing.lead for standing in standings), labels, strict=False))
        with decimal.localcontext(prec=2):
            found = revenue_by(standings, by, now=NOW)
            parts = [Fraction(amount) for amount in found.amounts.values()]
            assert sum(parts) == Fraction(found.total) == sum(map(Fraction, amounts))
        lots.shuffle(standings)

        assert revenue_by(standings, by, now=NOW) == found
        assert sum(group.wins for group in found.groups) == found.wins == len(amounts)

    @given(all_standings())
    def test_loses_no_win_of_any_life(self, standings):
        wins = [event for s in standings for event in s.events if isinstance(event, Won)]
        late = max((s.events[-1].at for s in standings), default=NOW)
        found = revenue_by(standings, by_rep, now=late, currency="EUR")

        assert found.wins + found.unpriced + found.elsewhere == len(wins)

    def test_prints_and_is_plain_data(self):
        standings = leads((1, *won(40_000)), (1, *won(25_000)))
        found = revenue_by(standings, {"L000": "fair", "L001": "web"}, now=NOW)

        assert str(found).splitlines()[2] == "fair      1  40,000.00  61.5 %          0"
        assert json.loads(json.dumps(found.to_dict()))["groups"][1] == {
            "label": "web",
            "wins": 1,
            "amount": "25000",
            "unpriced": 0,
            "elsewhere": 0,
            "share": pytest.approx(25 / 65),
        }

    def test_of_nothing_has_no_shares(self):
        assert revenue_by([], {}, now=NOW).to_dict()["groups"] == []
        assert "  -  " in str(revenue_by(leads((1,)), {}, now=NOW))

    def test_is_refused_with_its_place(self):
        standings = leads((1, *won(1)))
        other = leads((1, *won(2)))

        for by in (None, "rep", lambda _: 1.5, {"L000": ["fair"]}):
            with pytest.raises(InvalidValue):
                revenue_by(standings, by, now=NOW)
        with pytest.raises(InvalidValue, match="@ currency"):
            revenue_by(standings, {}, now=NOW, currency="")
        with pytest.raises(InvalidValue, match="@ now"):
            revenue_by(standings, {}, now=NOW.replace(tzinfo=None))
        with pytest.raises(ConflictError):
            revenue_by([*standings, *other], {}, now=NOW)


class TestMovedBudget:
    @pytest.mark.rule("004-18")
    def test_costs_wins_here_and_brings_wins_there(self):
        a, b = textbook()
        move = move_budget(2_000, giver=a, taker=b)

        assert (a.cost_per_win, round(b.cost_per_win, 2)) == (2_500, Decimal("1333.33"))
        assert (move.giver.wins, move.taker.wins, move.wins) == (-0.8, 1.5, 0.7)
        assert (move.giver.inquiries, move.taker.inquiries) == (-100, 25)

    @pytest.mark.rule("004-18")
    def test_shows_its_intervals_and_what_it_takes_for_granted(self):
        """
        Wilson's bounds of 4 / 500 and 6 / 100 by 100 and 25 inquiries: whether it gains is not
        shown.
        """
        a, b = textbook()
        move = move_budget(2_000, giver=a, taker=b)
        low, high = Rate(4, 500).interval

        assert (move.giver.rate, move.taker.rate) == (Rate(4, 500), Rate(6, 100))
        assert move.giver.interval == pytest.approx((-100 * high, -100 * low))
        assert move.taker.interval == pytest.approx((0.694653, 3.119204), abs=1e-6)
        assert move.interval == pytest.approx((-0.777488, 2.391278), abs=1e-6)
        assert str(move).splitlines()[-3:] == [
            "B         +2,000.00 EUR      1,333.33  6.0 %  [2.8, 12.5]  +1.50  [+0.69, +3.12]",
            "together                                                   +0.70  [-0.78, +2.39]",
            move.caveat,
        ]
        assert "constant returns" in move.caveat

    def test_is_plain_data(self):
        a, b = textbook()
        plain = json.loads(json.dumps(move_budget(2_000, giver=a, taker=b).to_dict()))

        assert (plain["wins"], plain["currency"]) == (0.7, "EUR")
        assert (plain["giver"]["amount"], plain["giver"]["cost_per_win"]) == ("-2000", "2500")
        assert "constant returns" in plain["caveat"]

    @given(st.integers(1, 100), st.integers(0, 50), st.integers(0, 50))
    def test_back_and_forth_changes_nothing(self, amount, wins, others):
        a = a_result("A", 50, 0, wins=wins, spend=100, currency="EUR")
        b = a_result("B", 50, 0, wins=others, spend=300, currency="EUR")
        there, back = move_budget(amount, giver=a, taker=b), move_budget(amount, giver=b, taker=a)
        low, high = there.interval

        assert there.wins == -back.wins
        assert low <= there.wins <= high
        assert (low, high) == pytest.approx((-back.interval[1], -back.interval[0]))

    def test_without_a_win_has_no_cost_but_an_interval(self):
        a, b = textbook()
        move = move_budget(100, giver=attrs.evolve(a, wins=0), taker=b)

        assert move.giver.wins == 0
        assert move.giver.interval[0] < 0
        assert " -  0.0 %" in str(move)

    @pytest.mark.parametrize("amount", [0, -1, 10_001, nan, None, "2000", True])
    def test_is_a_part_of_what_was_spent(self, amount):
        a, b = textbook()

        with pytest.raises(InvalidValue, match="@ amount"):
            move_budget(amount, giver=a, taker=b)

    @pytest.mark.parametrize(
        ("change", "place"),
        [
            ({"wins": None}, "campaign 'B'"),
            ({"spend": None}, "campaign 'B'"),
            ({"spend": 0}, "campaign 'B'"),
            ({"inquiries": 0, "accepted": 0, "wins": 0}, "campaign 'B'"),
            ({"currency": "USD"}, "EUR and USD"),
            ({"name": "A"}, "taker"),
        ],
    )
    def test_is_between_two_campaigns_that_are_known(self, change, place):
        a, b = textbook()

        with pytest.raises(InvalidValue, match=place):
            move_budget(1, giver=a, taker=attrs.evolve(b, **change))

    def test_is_under_one_definition(self):
        a, b = textbook()

        with pytest.raises(DefinitionMismatch):
            move_budget(1, giver=a, taker=attrs.evolve(b, definition="sales-ready v1"))
