"""Which campaigns to continue, and why the one with the most leads is not the best."""

import decimal
from decimal import Decimal
from math import nan

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import STAFF, a_lead
from leadlib.errors import (
    CountRanking,
    DefinitionMismatch,
    InvalidValue,
    LeadlibError,
    LeadlibWarning,
    UnknownName,
)
from leadlib.metrics import (
    CampaignResult,
    Decision,
    Rate,
    compare,
    decide,
    rank,
    rates_by,
)
from leadlib.qualification import LeadDefinition, Outcome


def a_result(name="fair", inquiries=500, accepted=40, **more):
    return CampaignResult(name=name, inquiries=inquiries, accepted=accepted, **more)


def names_of(results):
    return [result.name for result in results]


class TestResult:
    @pytest.mark.parametrize(
        ("spend", "inquiries", "accepted", "per_inquiry", "per_accepted"),
        [(10_000, 500, 40, "20", "250"), (8_000, 100, 30, "80", "266.67")],
    )
    def test_has_a_cost_for_each(self, spend, inquiries, accepted, per_inquiry, per_accepted):
        result = a_result("A", inquiries, accepted, spend=spend, currency="EUR")

        assert result.cost_per_inquiry == Decimal(per_inquiry)
        assert round(result.cost_per_accepted, 2) == Decimal(per_accepted)

    def test_without_an_accepted_lead_has_no_cost_for_one(self):
        result = a_result("A", 100, 0, spend=8_000, currency="EUR")

        assert result.cost_per_accepted is None
        assert result.cost_per_inquiry == 80
        assert result.wasted_budget == 8_000

    @pytest.mark.rule("003-28")
    def test_knows_the_budget_that_went_to_the_rest(self):
        result = a_result("A", 500, 40, spend=10_000, currency="EUR")

        assert result.wasted_budget == 9_200

    @given(st.decimals(0, 10**9, places=2), st.integers(1, 10**9), st.data())
    def test_splits_its_whole_budget(self, spend, inquiries, data):
        accepted = data.draw(st.integers(0, inquiries))
        good = a_result("A", inquiries, accepted, spend=spend, currency="EUR")
        rest = a_result("A", inquiries, inquiries - accepted, spend=spend, currency="EUR")

        assert abs(good.wasted_budget + rest.wasted_budget - spend) < Decimal("1e-15")

    def test_counts_in_its_own_precision(self):
        result = a_result("A", 3, 2, spend=Decimal("123456.78"), currency="EUR")

        with decimal.localcontext(prec=2):
            assert result.cost_per_inquiry == Decimal("41152.26")
            assert result.wasted_budget == Decimal("41152.26")

    def test_takes_a_float_as_what_it_prints(self):
        assert a_result(spend=0.3, currency="EUR").spend == Decimal("0.3")

    @pytest.mark.rule("law-6")
    def test_of_nothing_has_no_figures(self):
        result = a_result("A", 0, 0, wins=0, spend=5, value=0, currency="EUR")
        figures = ("cost_per_inquiry", "cost_per_accepted", "value_per_inquiry", "wasted_budget")

        assert {getattr(result, name) for name in figures} == {None}
        assert (str(result.acceptance), str(result.conversion)) == ("-", "-")

    def test_does_not_take_unknown_for_zero(self):
        result = a_result()

        assert (result.conversion, result.cost_per_inquiry, result.wasted_budget) == (None,) * 3
        assert a_result(wins=4).conversion == Rate(4, 500)

    @pytest.mark.parametrize(
        ("faulty", "place"),
        [
            ({"accepted": 501}, "accepted"),
            ({"accepted": -1}, "accepted"),
            ({"wins": 501}, "wins"),
            ({"quoted": 501}, "quoted"),
            ({"inquiries": -1}, "inquiries"),
            ({"inquiries": "500"}, "inquiries"),
            ({"accepted": 4.5}, "accepted"),
            ({"accepted": True}, "accepted"),
            ({"wins": nan}, "wins"),
            ({"spend": -1, "currency": "EUR"}, "spend"),
            ({"spend": nan, "currency": "EUR"}, "spend"),
            ({"spend": "100", "currency": "EUR"}, "spend"),
            ({"spend": True, "currency": "EUR"}, "spend"),
            ({"value": Decimal("1e1000000"), "currency": "EUR"}, "value"),
            ({"spend": 100}, "currency"),
            ({"value": 100}, "currency"),
            ({"spend": 100, "currency": "euro"}, "currency"),
            ({"spend": 100, "currency": 978}, "currency"),
            ({"name": ""}, "name"),
            ({"definition": ""}, "definition"),
        ],
    )
    def test_is_refused_with_its_place(self, faulty, place):
        with pytest.raises(InvalidValue, match=rf"@ \$\.{place}"):
            a_result(**faulty)


class TestDecision:
    @pytest.mark.rule("000-15")
    def test_waits_for_a_significant_difference(self):
        made = decide(a_result("webinar", 400, 30), a_result("fair", 420, 18))

        assert made.decision is Decision.KEEP_TESTING
        assert made.evidence == compare(Rate(30, 400), Rate(18, 420))
        assert made.evidence.z == pytest.approx(1.959823, abs=5e-7)
        assert made.evidence.p_value == pytest.approx(0.050017, abs=5e-7)

    @pytest.mark.rule("000-15")
    def test_continues_with_what_is_better_and_changes_what_is_worse(self):
        good, bad = a_result("good", 100, 30), a_result("bad", 500, 40)

        assert decide(good, bad).decision is Decision.CONTINUE
        assert decide(bad, good).decision is Decision.CHANGE

    def test_of_nothing_keeps_testing(self):
        assert decide(a_result("new", 0, 0), a_result()).decision is Decision.KEEP_TESTING

    def test_prints_its_evidence(self):
        assert str(decide(a_result("web", 4, 3), a_result("fair", 4, 1))) == (
            "web: keep testing; against fair: 3 of 4 (75.0 %) against 1 of 4 (25.0 %): "
            "+50.00 points [-13.55, +78.91], p 0.4857 (Fisher's exact test), not significant"
        )

    @pytest.mark.parametrize("other", [None, Rate(1, 2), "fair"])
    def test_is_on_two_results(self, other):
        for pair in ([a_result(), other], [other, a_result()]):
            with pytest.raises(InvalidValue):
                decide(*pair)


def a_campaign(name, definition, staff):
    """Give the result of a campaign whose leads *definition* has judged."""
    outcomes = [definition.judge(a_lead(staff=number)).outcome for number in staff]
    accepted = outcomes.count(Outcome.QUALIFIED)
    return a_result(name, len(outcomes), accepted, definition=definition.title)


class TestDefinition:
    FIRST = LeadDefinition("sales-ready", STAFF >= 50)
    SECOND = LeadDefinition("sales-ready", STAFF >= 10, version=2)

    @pytest.mark.rule("003-30")
    def test_is_the_standard_of_measurement(self):
        """Apples and pears are refused; judged again under one definition they compare."""
        leads = {"C1": (60, 20, 5), "C2": (15, 12, 5)}
        mixed = [a_campaign("C1", self.FIRST, leads["C1"])]
        mixed.append(a_campaign("C2", self.SECOND, leads["C2"]))
        again = [a_campaign(name, self.SECOND, staff) for name, staff in leads.items()]

        with pytest.raises(DefinitionMismatch, match=r"sales-ready v1.*sales-ready v2.*'C2'"):
            decide(*mixed)
        for by in ("value", "wins", "acceptance", "count"):
            with pytest.raises(DefinitionMismatch):
                rank(mixed, by=by)
        assert decide(*again).evidence == compare(Rate(2, 3), Rate(2, 3))
        assert names_of(rank(again, by="acceptance")) == ["C1", "C2"]

    def test_that_one_side_does_not_name_is_another_one(self):
        with pytest.raises(DefinitionMismatch, match="no definition"):
            decide(a_result(definition="sales-ready v1"), a_result("web"))

    def test_mismatch_is_an_error_of_ours_and_a_value_error(self):
        assert issubclass(DefinitionMismatch, LeadlibError)
        assert issubclass(DefinitionMismatch, ValueError)


class TestRanking:
    @pytest.mark.rule("004-31")
    @pytest.mark.rule("003-16")
    def test_puts_five_that_close_before_a_hundred_that_do_not(self):
        x = a_result("X", 5, 5, wins=5, value=5_000, currency="EUR")
        y = a_result("Y", 100, 0, wins=0, value=0, currency="EUR")

        assert names_of(rank([y, x])) == ["X", "Y"]
        assert names_of(rank([y, x], by="wins")) == ["X", "Y"]
        assert names_of(rank([y, x], by="acceptance")) == ["X", "Y"]

    @pytest.mark.rule("001-25")
    def test_goes_by_the_value_of_an_inquiry(self):
        """Four customers of 9,000 from 500 leads against six of 12,000 from 100."""
        a = a_result("A", 500, 40, wins=4, value=4 * 9_000, currency="EUR")
        b = a_result("B", 100, 30, wins=6, value=6 * 12_000, currency="EUR")

        assert (a.value_per_win, b.value_per_win) == (9_000, 12_000)
        assert (a.value_per_inquiry, b.value_per_inquiry) == (72, 720)
        assert names_of(rank([a, b])) == ["B", "A"]

    def test_is_not_misled_by_a_larger_total(self):
        small = a_result("small", 1, 1, value=1_000, currency="EUR")
        large = a_result("large", 100, 0, value=50_000, currency="EUR")

        assert names_of(rank([large, small])) == ["small", "large"]

    @pytest.mark.rule("004-30")
    def test_by_count_warns(self):
        few, many = a_result("few", 5, 5), a_result("many", 100, 0)

        with pytest.warns(CountRanking, match="nothing of their quality"):
            ranked = rank([few, many], by="count")

        assert names_of(ranked) == ["many", "few"]
        assert issubclass(CountRanking, LeadlibWarning)
        assert issubclass(LeadlibWarning, UserWarning)

    @given(st.permutations(range(8)))
    def test_does_not_depend_on_the_order_given(self, order):
        """Equal shares are ties, which go by name; whoever has no inquiry at all comes last."""
        shares = [(3, 3), (1, 3), (2, 6), (10**17, 3 * 10**17), (0, 5), (0, 9), (0, 0), (1, 2)]
        results = [a_result(f"c{i}", n, k) for i, (k, n) in enumerate(shares)]
        ranked = rank([results[i] for i in order], by="acceptance")

        assert names_of(ranked) == ["c0", "c7", "c1", "c2", "c3", "c4", "c5", "c6"]

    def test_of_nothing_is_empty(self):
        assert rank([]) == ()

    def test_does_not_take_an_unknown_figure_for_the_worst(self):
        known = a_result("A", value=1, wins=1, currency="EUR")

        for by in ("value", "wins"):
            with pytest.raises(InvalidValue, match=f"a figure for '{by}'.*campaign 'B'"):
                rank([known, a_result("B")], by=by)

    def test_does_not_mix_money(self):
        euro = a_result("A", value=1, wins=1, currency="EUR")
        dollar = a_result("B", value=1, wins=2, currency="USD")

        with pytest.raises(InvalidValue, match="EUR and USD"):
            rank([euro, dollar])
        assert names_of(rank([euro, dollar], by="wins")) == ["B", "A"]

    def test_has_each_campaign_once(self):
        with pytest.raises(InvalidValue, match="campaign 'fair'"):
            rank([a_result(), a_result(accepted=1)], by="acceptance")

    def test_by_something_else_says_what_there_is(self):
        with pytest.raises(UnknownName, match="did you mean 'count'"):
            rank([a_result()], by="counts")
        with pytest.raises(InvalidValue):
            rank([a_result()], by=["value"])

    def test_is_of_results(self):
        with pytest.raises(InvalidValue):
            rank([Rate(1, 2)], by="wins")


class TestRatesBy:
    @pytest.mark.rule("001-05")
    def test_show_that_sales_follows_up_on_good_leads(self):
        grades = {f"a{i}": "A" for i in range(20)} | {f"d{i}": "D" for i in range(30)}
        followed_up = [f"a{i}" for i in range(18)] + [f"d{i}" for i in range(6)]
        rates = rates_by(grades, followed_up)

        assert rates == {"A": Rate(18, 20), "D": Rate(6, 30)}
        assert [rate.percent for rate in rates.values()] == ["90.0 %", "20.0 %"]

    def test_have_a_group_for_leads_without_one(self):
        rates = rates_by({"a": None, "b": nan, "c": "web", "d": 2, "e": 10}, ["b", "c"])

        assert list(rates.items()) == [
            (2, Rate(0, 1)),
            (10, Rate(0, 1)),
            ("web", Rate(1, 1)),
            (None, Rate(1, 2)),
        ]

    def test_count_a_lead_once(self):
        assert rates_by({"a": "A"}, ["a", "a", "a"]) == {"A": Rate(1, 1)}

    def test_of_nothing_are_none(self):
        assert rates_by({}, []) == {}

    @given(st.dictionaries(st.integers(), st.sampled_from([None, 1, 2, "A", "B"])), st.data())
    def test_add_up_to_all_leads_in_any_order(self, groups, data):
        named = data.draw(st.permutations(list(groups)))
        did = named[: len(named) // 2]
        rates = rates_by({lead: groups[lead] for lead in named}, did)

        assert sum(rate.n for rate in rates.values()) == len(groups)
        assert sum(rate.k for rate in rates.values()) == len(did)
        assert list(rates.items()) == list(rates_by(groups, set(did)).items())

    @pytest.mark.parametrize(
        ("groups", "leads"),
        [
            ({"a": "A"}, ["b"]),
            ({"a": "A"}, "a"),
            ({"a": "A"}, None),
            ([("a", "A")], ["a"]),
            ({"a": ["A"]}, ["a"]),
            ({"a": 1.5}, ["a"]),
        ],
    )
    def test_drop_nothing_in_silence(self, groups, leads):
        with pytest.raises(InvalidValue):
            rates_by(groups, leads)


def test_a_result_judged_again_is_a_new_result():
    """Results are frozen values: what was reported stays as it was."""
    result = a_result(definition="sales-ready v1")

    assert attrs.evolve(result, definition="sales-ready v2") != result
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        result.definition = "sales-ready v2"
