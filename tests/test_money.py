"""What campaigns cost and bring, where revenue came from, and what moving budget would do."""

import decimal
from decimal import Decimal

import pytest

from leadlib.errors import InvalidValue
from leadlib.metrics import CampaignResult, rank


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
