"""Several rates at once, a rate against its own past, and how many leads a test needs."""

import pickle
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from math import exp, inf, lgamma, log, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadlib import limits
from leadlib._metrics.comparisons import _size
from leadlib._tails import chi_square_tail
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.metrics import (
    Adjustment,
    ComparedPair,
    Comparisons,
    Drift,
    DriftState,
    Rate,
    StageLog,
    compare,
    compare_all,
    drift,
    funnel,
    sample_size,
)

CAMPAIGNS = {"A": Rate(30, 400), "B": Rate(18, 420), "C": Rate(45, 400)}


@st.composite
def rates(draw, most=10_000, least=0):
    n = draw(st.integers(least, most))
    return Rate(draw(st.integers(0, n)), n)


def many(least=2):
    return st.dictionaries(st.sampled_from("ABCDEFG"), rates(), min_size=least)


class TestChiSquare:
    @pytest.mark.parametrize(
        ("chi2", "df", "expected"),
        [
            (3.841458820694124, 1, 0.05),
            (14.12389, 2, 0.00085710939391842233),
            (7.5, 3, 0.05755845197263640697),
            (0.001, 4, 0.99999987504165885521),
            (5e-9, 3, 0.99999999999990596840),
            (40.4, 5, 1.2401550451631652721e-7),
            (20.5, 7, 0.004585143096104978870),
            (300, 12, 4.6959578959561352794e-57),
            (124.3, 100, 0.05026639830015837825),
            (999, 1_000, 0.50297570616807088850),
            (1_000, 1_001, 0.50297421726812953204),
        ],
    )
    def test_has_the_tail_of_40_digits_of_arithmetic(self, chi2, df, expected):
        """The regularised incomplete gamma function, worked out with mpmath."""
        assert chi_square_tail(chi2, df) == pytest.approx(expected, rel=1e-11)

    @given(st.floats(1e-6, 200), st.integers(1, 60))
    def test_and_the_series_of_the_other_side_make_one(self, chi2, df):
        """The lower function by its power series, which shares no term with ours."""
        a, h = df / 2, chi2 / 2
        lower = sum(exp((a + n) * log(h) - h - lgamma(a + n + 1)) for n in range(1_000))

        assert chi_square_tail(chi2, df) + lower == pytest.approx(1, abs=1e-10)

    @given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 50))
    def test_falls_from_one(self, one, other, df):
        low, high = sorted((one, other))

        assert chi_square_tail(0, df) == 1
        assert 0 <= chi_square_tail(high, df) <= chi_square_tail(low, df) * (1 + 1e-11) <= 1 + 1e-11
        assert chi_square_tail(1e300, df) == 0

    @pytest.mark.slow
    @given(st.floats(0, 2_000), st.integers(1, 1_000))
    def test_is_that_of_scipy(self, chi2, df):
        stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")

        assert chi_square_tail(chi2, df) == pytest.approx(stats.chi2.sf(chi2, df), abs=1e-10)


class TestCompareAll:
    @pytest.mark.rule("M-10")
    def test_has_the_worked_numbers(self):
        found = compare_all(CAMPAIGNS, adjust="holm")

        assert found.chi2 == pytest.approx(14.12389, abs=5e-6)
        assert (found.df, found.is_significant, found.is_small) == (2, True, False)
        assert found.p == pytest.approx(0.000857, abs=5e-7)
        assert [(pair.a, pair.b) for pair in found.pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
        plain = [pair.comparison.p_value for pair in found.pairs]
        assert plain == pytest.approx([0.050017, 0.068845, 0.000182], abs=5e-7)
        adjusted = [pair.p for pair in found.pairs]
        assert adjusted == pytest.approx([0.100033, 0.100033, 0.000546], abs=6e-7)
        assert [pair.is_significant for pair in found.pairs] == [False, False, True]

    @pytest.mark.rule("M-10")
    def test_adjusts_by_benjamini_and_hochberg(self):
        """By hand: 3 × .050017 / 2 = .075025 is above the last p, .068845, and gives way to it."""
        found = compare_all(CAMPAIGNS, adjust=Adjustment.BH)

        adjusted = [pair.p for pair in found.pairs]
        assert adjusted == pytest.approx([0.068845, 0.068845, 0.000546], abs=6e-7)

    def test_is_of_one_degree_for_two_rates_and_the_same_as_compare(self):
        found, two = compare_all({"a": Rate(30, 400), "b": Rate(18, 420)}), compare(*PAIR)

        assert found.df == 1
        assert (found.chi2, found.p) == pytest.approx((two.chi2, two.p))
        assert found.pairs == (ComparedPair(a="a", b="b", comparison=two, p=two.p_value),)

    def test_leaves_out_a_rate_of_nothing(self):
        without, with_it = compare_all(CAMPAIGNS), compare_all({**CAMPAIGNS, "new": Rate(0, 0)})

        assert (with_it.chi2, with_it.df, with_it.p) == (without.chi2, 2, without.p)
        assert [pair for pair in with_it.pairs if pair.b != "new"] == [*without.pairs]
        assert {pair.p for pair in with_it.pairs if pair.b == "new"} == {None}
        assert str(with_it).count("new  ") == 3

    @pytest.mark.parametrize(
        ("a", "b"), [((0, 10), (0, 20)), ((10, 10), (20, 20)), ((0, 0), (1, 2)), ((0, 0), (0, 0))]
    )
    def test_finds_nothing_where_all_did_or_nobody(self, a, b):
        found = compare_all({"a": Rate(*a), "b": Rate(*b)})

        assert (found.chi2, found.p, found.is_significant) == (None, None, False)
        assert not any(pair.is_significant for pair in found.pairs)
        assert "nothing to compare" in str(found)

    def test_says_when_cells_are_too_small_for_it(self):
        found = compare_all({"a": Rate(3, 4), "b": Rate(1, 4), "c": Rate(2, 4)})

        assert found.is_small
        assert "some cells expect fewer than 5" in str(found)
        assert found.pairs[0].comparison.test == "Fisher's exact test"

    def test_prints_as_a_table(self):
        assert str(compare_all(CAMPAIGNS)).splitlines() == [
            "3 rates: not all the same, χ² 14.12, df 2, p 0.0009",
            "",
            "a  b  points    95 % interval       p  adjusted     differ",
            "─  ─  ──────  ───────────────  ──────  ────────  ─────────",
            "A  B   +3.21   [-0.03, +6.60]  0.0500    0.1000  not shown",
            "A  C   -3.75   [-7.86, +0.31]  0.0688    0.1000  not shown",
            "B  C   -6.96  [-10.77, -3.33]  0.0002    0.0005        yes",
        ]

    def test_is_plain_data(self):
        plain = compare_all(CAMPAIGNS).to_dict()

        assert plain["rates"]["A"]["k"] == 30
        assert (plain["df"], plain["adjust"], plain["small"]) == (2, "holm", False)
        assert plain["pairs"][2]["significant"] is True
        assert compare_all({"a": Rate(0, 0), "b": Rate(1, 2)}).to_dict()["pairs"][0] == {
            **dict.fromkeys(("difference", "interval", "test", "p", "p_adjusted")),
            "a": "a",
            "b": "b",
            "significant": False,
        }

    def test_is_a_value(self):
        found = compare_all(CAMPAIGNS)

        assert isinstance(found, Comparisons)
        assert pickle.loads(pickle.dumps(found)) == found == compare_all(dict(CAMPAIGNS))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"a": Rate(1, 2), "a ": Rate(1, 3)},
            {},
            {"a": Rate(1, 2)},
            {"a": 0.5, "b": 0.5},
            [Rate(1, 2), Rate(1, 3)],
            "ab",
            None,
        ],
    )
    def test_takes_two_rates_with_names(self, wrong):
        with pytest.raises(InvalidValue):
            compare_all(wrong)

    def test_knows_two_ways_to_adjust(self):
        with pytest.raises(UnknownName, match="did you mean 'holm'"):
            compare_all(CAMPAIGNS, adjust="hollm")

    def test_ends_where_pairs_would_be_too_many(self):
        named = {f"c{number}": Rate(0, 0) for number in range(limits.RATES + 1)}

        with pytest.raises(LimitExceeded):
            compare_all(named)
        named.popitem()
        assert len(compare_all(named).pairs) == 4_950

    @given(many(), st.sampled_from(Adjustment), st.randoms(use_true_random=False))
    def test_is_blind_to_the_order_of_rates(self, named, way, chance):
        names = list(named)
        chance.shuffle(names)
        one = compare_all(named, adjust=way)
        other = compare_all({name: named[name] for name in names}, adjust=way)

        assert (one.chi2, one.df, one.p) == (other.chi2, other.df, other.p)
        there, back = ({frozenset((p.a, p.b)): p.p for p in c.pairs} for c in (one, other))
        assert there.keys() == back.keys()
        assert all(there[pair] == pytest.approx(back[pair]) for pair in there)

    @given(many())
    def test_adjusting_never_helps_and_holm_is_the_stricter(self, named):
        holm, bh = (compare_all(named, adjust=way) for way in ("holm", "bh"))

        for strict, loose in zip(holm.pairs, bh.pairs, strict=True):
            if strict.p is not None:
                assert strict.comparison.p_value <= loose.p
                assert loose.p <= strict.p * (1 + 1e-12) <= 1 + 1e-12
        known = sorted((p.comparison.p_value, p.p) for p in holm.pairs if p.p is not None)
        assert all(one <= other * (1 + 1e-12) for (_, one), (_, other) in pairwise(known))

    @given(many())
    def test_has_the_statistic_of_the_expected_counts(self, named):
        """Σ (seen - expected)² / expected over both columns, in fractions."""
        known = [rate for rate in named.values() if rate.n]
        did, total = sum(r.k for r in known), sum(r.n for r in known)
        assume(len(known) > 1 and 0 < did < total)
        parts = []
        for rate in known:
            for seen, all_such in ((rate.k, did), (rate.n - rate.k, total - did)):
                expected = Fraction(rate.n * all_such, total)
                parts.append((seen - expected) ** 2 / expected)

        assert compare_all(named).chi2 == pytest.approx(float(sum(parts)))

    @pytest.mark.slow
    @given(many(least=3))
    def test_is_that_of_scipy(self, named):
        stats = pytest.importorskip("scipy.stats", reason="scipy is not installed")
        found = compare_all(named)
        assume(found.chi2 is not None)
        table = [[rate.k, rate.n - rate.k] for rate in named.values() if rate.n]
        expected = stats.chi2_contingency(table, correction=False)

        assert (found.chi2, found.df) == pytest.approx((expected.statistic, expected.dof))
        assert found.p == pytest.approx(expected.pvalue, abs=1e-10)


PAIR = (Rate(30, 400), Rate(18, 420))


class TestGroupsWithoutALabel:
    def groups(self):
        day = datetime(2026, 3, 2, tzinfo=UTC)
        leads = (("a", "web"), ("b", None), ("c", "web"), ("d", None))
        rows = [(lead, "new", day, 0, label) for lead, label in leads]
        log = StageLog.from_rows([*rows, ("a", "won", day, 0, "web")], by=["origin"])
        found = funnel(log, stages=["new", "won"], by="origin").groups
        return {name: group.conversion("new", "won") for name, group in found.items()}

    def test_are_compared_and_print_as_missing(self):
        compared = compare_all(self.groups())

        assert compared.rates[""] == Rate(0, 2)
        assert "(missing)" in str(compared)
        assert compared.pairs[0].to_dict()["b"] is None

    @pytest.mark.parametrize("missing", [None, nan])
    def test_may_be_named_as_frames_name_them(self, missing):
        assert compare_all({"web": Rate(1, 2), missing: Rate(0, 2)}).pairs[0].b == ""

    def test_are_one_group(self):
        with pytest.raises(InvalidValue, match="names that differ, got one of them twice @ rates"):
            compare_all({"": Rate(1, 2), None: Rate(0, 2)})

    def test_a_name_that_is_none_is_refused_with_its_place(self):
        with pytest.raises(InvalidValue, match="expected text, got an int @ rates"):
            compare_all({"web": Rate(1, 2), 7: Rate(0, 2)})


class TestSampleSize:
    @pytest.mark.rule("M-11")
    @pytest.mark.parametrize(
        ("before", "after", "unrounded", "expected"),
        [(0.05, 0.07, 2212.20, 2213), (0.05, 0.06, 8157.73, 8158), (0.10, 0.15, 685.60, 686)],
    )
    def test_has_the_worked_numbers(self, before, after, unrounded, expected):
        assert _size(before, after, 0.05, 0.8) == pytest.approx(unrounded, abs=5e-3)
        assert sample_size(before, after) == expected

    def test_of_none_against_all_is_that_of_the_quantile(self):
        """Nothing varies in either, so z² / 2 = 1.959963984540054² / 2 = 1.92 is left."""
        assert _size(0, 1, 0.05, 0.8) == pytest.approx(1.959963984540054**2 / 2, rel=1e-12)
        assert sample_size(0, 1) == 2

    @given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.8, 0.9]))
    def test_is_the_same_for_both_directions_and_for_the_rest(self, before, after, power):
        assume(abs(before - after) > 1e-3)
        size = _size(before, after, 0.05, power)

        assert size == _size(after, before, 0.05, power)
        assert size == pytest.approx(_size(1 - before, 1 - after, 0.05, power), rel=1e-6)
        assert sample_size(before, after, power=power) >= 1

    @given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
    def test_grows_with_what_is_asked(self, before, after):
        assume(abs(before - after) > 1e-3)

        assert sample_size(before, after, power=0.9) >= sample_size(before, after)
        assert sample_size(before, after, alpha=0.01) >= sample_size(before, after)

    @pytest.mark.parametrize("shares", [(0.1, 0.1), (5, 7), (-0.1, 0.2), ("0.1", 0.2), (0.1, nan)])
    def test_needs_two_shares_that_differ(self, shares):
        with pytest.raises(InvalidValue):
            sample_size(*shares)

    @pytest.mark.parametrize("odds", [(0, 0.8), (0.05, 1), (0.8, 0.05), (0.5, 0.5), (nan, 0.8)])
    def test_needs_chances_in_order(self, odds):
        alpha, power = odds
        with pytest.raises(InvalidValue):
            sample_size(0.05, 0.07, alpha=alpha, power=power)

    @pytest.mark.parametrize("after", [0.5 + 1e-12, 0.5 - 1e-15])
    def test_of_nearly_the_same_shares_is_none_that_anybody_has(self, after):
        with pytest.raises(LimitExceeded):
            sample_size(0.5, after)
        with pytest.raises(LimitExceeded):
            sample_size(0, 5e-324)


class TestDrift:
    @pytest.mark.rule("004-14")
    def test_of_a_campaign_like_all_before_cannot_be_told(self):
        found = drift(Rate(9, 1_000), 0.015)

        assert found.now.value == 0.009
        assert found.now.interval == pytest.approx((0.0047, 0.0170), abs=5e-5)
        assert found.state is DriftState.NOT_DISTINGUISHABLE
        assert (found.is_drift, found.comparison) == (False, None)
        assert found.difference == pytest.approx(-0.006)

    @pytest.mark.rule("004-16")
    def test_is_shown_where_chance_does_not_explain_it(self):
        found = drift(Rate(15, 300), Rate(30, 300))

        assert found.difference == pytest.approx(-0.05)
        assert found.comparison.p == pytest.approx(0.0201, abs=5e-5)
        assert (found.state, found.is_drift) == (DriftState.DOWN, True)

    @pytest.mark.parametrize(
        ("now", "before", "expected"),
        [
            (Rate(30, 300), Rate(15, 300), DriftState.UP),
            (Rate(30, 300), 0.05, DriftState.UP),
            (Rate(15, 300), 0.1, DriftState.DOWN),
            (Rate(30, 300), 0.1, DriftState.NOT_DISTINGUISHABLE),
            (Rate(0, 0), 0.1, DriftState.NOT_DISTINGUISHABLE),
            (Rate(0, 0), Rate(1, 10), DriftState.NOT_DISTINGUISHABLE),
            (Rate(1, 10), Rate(0, 0), DriftState.NOT_DISTINGUISHABLE),
        ],
    )
    def test_has_a_direction_or_none(self, now, before, expected):
        assert drift(now, before).state is expected

    def test_of_nothing_has_no_difference(self):
        assert drift(Rate(0, 0), 0.1).difference is None
        assert drift(Rate(0, 0), Rate(1, 2)).difference is None

    def test_prints_with_what_stands_behind_it(self):
        assert str(drift(Rate(15, 300), Rate(30, 300))) == (
            "drift down: 15 of 300 (5.0 %) against 30 of 300 (10.0 %): "
            "-5.00 points [-9.37, -0.76], p 0.0201 (z test), significant"
        )
        assert str(drift(Rate(0, 0), 0.015)) == "not distinguishable: - against 1.5 %"

    def test_is_plain_data(self):
        assert drift(Rate(0, 0), 0.5).to_dict() == {
            "now": {"k": 0, "n": 0, "rate": None, "interval": None},
            "before": 0.5,
            "difference": None,
            "state": "not distinguishable",
        }
        assert drift(Rate(1, 2), Rate(1, 2)).to_dict()["before"]["n"] == 2

    @pytest.mark.parametrize("before", [1.5, -0.1, "0.5", None, nan, inf, True])
    def test_needs_a_rate_and_a_baseline(self, before):
        with pytest.raises(InvalidValue):
            drift(Rate(1, 2), before)
        with pytest.raises(InvalidValue):
            Drift(now=0.5, before=0.5)

    @given(rates(), rates())
    def test_turns_around_with_the_rates(self, now, before):
        opposite = {DriftState.UP: DriftState.DOWN, DriftState.DOWN: DriftState.UP}
        there, back = drift(now, before).state, drift(before, now).state

        assert back is opposite.get(there, there)
