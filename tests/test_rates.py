"""What one rate says of a usual range, and what two rates say of each other."""

import copy
import pickle
from fractions import Fraction
from math import comb, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.metrics import Benchmark, Comparison, Rate, compare


@st.composite
def rates(draw, most=10**9, least=1):
    n = draw(st.integers(least, most))
    return Rate(draw(st.integers(0, n)), n)


class TestCounts:
    @pytest.mark.parametrize("count", ["3", 1.5, nan, True, None, [], 10**18])
    def test_are_whole_numbers(self, count):
        with pytest.raises(InvalidValue):
            Rate(count, 10)
        with pytest.raises(InvalidValue):
            Rate(0, count)

    def test_may_be_those_of_another_library(self):
        class Whole:
            def __index__(self):
                return 3

        assert Rate(Whole(), 4) == Rate(3, 4)
        assert type(Rate(Whole(), 4).k) is int


class TestBenchmark:
    @pytest.mark.rule("003-19")
    @pytest.mark.parametrize(
        ("k", "n", "low", "high", "expected"),
        [
            (30, 300, 0.071, 0.139, Benchmark.WITHIN),
            (60, 300, 0.159, 0.249, Benchmark.ABOVE),
            (12, 300, 0.023, 0.069, Benchmark.INCONCLUSIVE),
            (10, 200, 0.027, 0.090, Benchmark.INCONCLUSIVE),  # scenario 6.2, step B2
            (0, 200, 0, 0.019, Benchmark.BELOW),  # z² / (200 + z²)
        ],
    )
    def test_is_decided_by_the_whole_interval(self, k, n, low, high, expected):
        assert Rate(k, n).interval == pytest.approx((low, high), abs=5e-4)
        assert Rate(k, n).against(0.05, 0.15) is expected

    def test_an_interval_wider_than_the_range_says_nothing(self):
        """Its point is in the middle of the range, but one lead of ten shows little."""
        assert Rate(1, 10).against(0.05, 0.15) is Benchmark.INCONCLUSIVE

    def test_nothing_says_nothing(self):
        assert Rate(0, 0).against(0, 1) is Benchmark.INCONCLUSIVE

    def test_both_ends_belong_to_the_range(self):
        low, high = Rate(30, 300).interval

        assert Rate(30, 300).against(low, high) is Benchmark.WITHIN
        assert Rate(30, 300).against(0, low) is Benchmark.INCONCLUSIVE
        assert Rate(30, 300).against(high, 1) is Benchmark.INCONCLUSIVE

    @pytest.mark.parametrize(
        ("low", "high"),
        [(5, 15), (0.15, 0.05), (-0.1, 0.5), (nan, 0.5), (0, nan), ("0", 1), (0, None), (0, True)],
    )
    def test_a_range_is_two_shares_in_order(self, low, high):
        with pytest.raises(InvalidValue):
            Rate(1, 10).against(low, high)

    @given(rates(), st.floats(0, 1), st.floats(0, 1))
    def test_never_contradicts_the_point(self, rate, one, other):
        low, high = sorted((one, other))
        expected = {
            Benchmark.WITHIN: low <= rate.value <= high,
            Benchmark.ABOVE: rate.value > high,
            Benchmark.BELOW: rate.value < low,
            Benchmark.INCONCLUSIVE: True,
        }

        assert expected[rate.against(low, high)]


class TestDifference:
    @pytest.mark.rule("M-08")
    @pytest.mark.published("Newcombe, Statist. Med. 17 (1998) 873, method 10")
    @pytest.mark.parametrize(
        ("a", "b", "low", "high"),
        [
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
            ((0, 10), (0, 20), -0.1611, 0.2775),
            ((10, 10), (0, 10), 0.6075, 1),
        ],
    )
    def test_has_the_published_intervals(self, a, b, low, high):
        compared = compare(Rate(*a), Rate(*b))

        assert compared.interval == pytest.approx((low, high), abs=5e-5)
        assert compared.difference == pytest.approx(a[0] / a[1] - b[0] / b[1])

    @pytest.mark.parametrize(
        ("a", "b", "low", "high", "z", "p"),
        [
            pytest.param(
                *((40, 500), (30, 100), -0.318, -0.135, -6.256, 0.0),
                marks=pytest.mark.rule("004-28"),
            ),
            pytest.param(
                *((63, 90), (45, 90), 0.057, 0.332, 2.739, 0.0062),
                marks=pytest.mark.rule("003-10"),
            ),
            pytest.param(
                *((27, 260), (12, 240), 0.0065, 0.102, 2.243, 0.0249),
                marks=pytest.mark.rule("004-12", part="the figures"),
            ),
            ((60, 1000), (20, 500), -0.00473, 0.04159, 1.625, 0.1041),  # the counts of M-38
        ],
    )
    def test_is_a_minus_b(self, a, b, low, high, z, p):
        compared = compare(Rate(*a), Rate(*b))

        assert compared.interval == pytest.approx((low, high), abs=5.1e-4)
        assert compared.z == pytest.approx(z, abs=5e-4)
        assert compared.p == pytest.approx(p, abs=5e-5)
        assert compared.is_significant is (p < 0.05)

    def test_of_a_proposition_is_exact_to_the_last_digit(self):
        """The counts of 004-12, by 40 digits of arithmetic."""
        interval = compare(Rate(27, 260), Rate(12, 240)).interval

        assert interval == pytest.approx((0.0065050276, 0.1017988693), abs=1e-10)

    @given(rates(), rates())
    def test_lies_in_its_interval(self, a, b):
        compared = compare(a, b)
        low, high = compared.interval

        assert -1 <= low <= compared.difference <= high <= 1

    @given(rates(), rates())
    def test_turns_around_with_the_rates(self, a, b):
        there, back = compare(a, b), compare(b, a)

        assert there.difference == -back.difference
        assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
        assert (there.chi2, there.p, there.p_yates, there.test) == (
            *(back.chi2, back.p, back.p_yates),
            back.test,
        )


class TestTests:
    @pytest.mark.rule("M-09")
    def test_have_the_worked_numbers(self):
        compared = compare(Rate(30, 400), Rate(18, 420))

        assert compared.z == pytest.approx(1.959823, abs=5e-7)
        assert compared.p == pytest.approx(0.050017, abs=5e-7)
        assert compared.chi2 == pytest.approx(3.840905, abs=5e-7)
        assert compared.p_yates == pytest.approx(0.070138, abs=5e-7)
        assert compared.p_fisher == pytest.approx(0.053901, abs=5e-7)
        assert compared.interval == pytest.approx((-0.000290, 0.065989), abs=5e-7)
        assert compared.risk_ratio == 1.75
        assert compared.risk_ratio_interval == pytest.approx((0.9916, 3.0885), abs=5e-5)
        assert (compared.test, compared.p_value) == ("z test", compared.p)
        assert not compared.is_significant

    @pytest.mark.rule("M-09")
    def test_have_the_published_number_of_the_tea(self):
        """Published: Fisher's lady tasting tea, two-sided."""
        compared = compare(Rate(3, 4), Rate(1, 4))

        assert compared.p_fisher == pytest.approx(34 / 70)
        assert (compared.test, compared.p_value) == ("Fisher's exact test", compared.p_fisher)

    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            ((6, 10), (4, 10), "z test"),  # 10 of 20: every cell expects 5
            ((5, 10), (4, 10), "Fisher's exact test"),  # 9 of 20: 4.5
            ((5, 10), (6, 10), "Fisher's exact test"),  # 9 of 20 did not
            ((5, 9), (995, 1991), "Fisher's exact test"),  # 9 of 2,000, half of which did
        ],
    )
    def test_are_chosen_by_the_smallest_expected_cell(self, a, b, expected):
        assert compare(Rate(*a), Rate(*b)).test == expected

    def test_of_a_small_table_may_be_significant(self):
        """All 8 against none of 8: 2 of the C(16, 8) = 12,870 tables are as extreme."""
        compared = compare(Rate(8, 8), Rate(0, 8))

        assert compared.p_value == pytest.approx(2 / 12_870)
        assert compared.is_significant

    @given(rates(most=40), rates(most=40))
    def test_of_fisher_are_exact(self, a, b):
        assert compare(a, b).p_fisher == pytest.approx(float(fisher_exact(a, b)))

    @given(rates(most=10**6), rates(most=10**6))
    def test_of_fisher_do_not_depend_on_what_is_counted(self, a, b):
        """Who did or who did not, this way round or that: it is one table."""
        counter = compare(Rate(b.n - b.k, b.n), Rate(a.n - a.k, a.n))
        p = compare(a, b).p_fisher

        assert 0 <= p <= 1
        assert p == pytest.approx(counter.p_fisher, rel=1e-6, abs=1e-290)

    def test_of_fisher_take_a_million_leads(self):
        """With so many leads the corrected z says nearly the same."""
        compared = compare(Rate(500_000, 10**6), Rate(499_000, 10**6))

        assert compared.p_fisher == pytest.approx(compared.p_yates, rel=1e-4)

    def test_of_fisher_take_what_is_beyond_all_doubt(self):
        assert compare(Rate(10**6, 10**6), Rate(0, 10**6)).p_fisher == 0

    def test_of_fisher_end_where_they_would_take_minutes(self):
        half = Rate(10**12, 2 * 10**12)

        with pytest.raises(LimitExceeded):
            _ = compare(half, half).p_fisher
        assert compare(half, half).p_value == 1

    def test_of_a_rare_event_stay_quick_among_many(self):
        """Two tables have these margins; this one has nearly all the probability."""
        assert compare(Rate(1, 10**17), Rate(0, 2)).p_value == pytest.approx(1)

    @pytest.mark.parametrize(("a", "b"), [((0, 10), (0, 20)), ((10, 10), (20, 20))])
    def test_find_nothing_where_all_did_or_nobody(self, a, b):
        compared = compare(Rate(*a), Rate(*b))

        assert (compared.chi2, compared.z, compared.p, compared.p_yates) == (None,) * 4
        assert (compared.p_fisher, compared.is_significant) == (1, False)


def fisher_exact(a, b):
    """Add up the two-sided p in fractions, from binomial coefficients."""
    did = a.k + b.k
    counts = range(max(0, did - b.n), min(a.n, did) + 1)
    ways = {k: comb(a.n, k) * comb(b.n, did - k) for k in counts}
    return Fraction(sum(w for w in ways.values() if w <= ways[a.k]), sum(ways.values()))


class TestRiskRatio:
    def test_is_none_against_nobody(self):
        compared = compare(Rate(5, 56), Rate(0, 29))

        assert (compared.risk_ratio, compared.risk_ratio_interval) == (None, None)

    def test_of_nobody_is_zero_without_an_interval(self):
        compared = compare(Rate(0, 29), Rate(5, 56))

        assert (compared.risk_ratio, compared.risk_ratio_interval) == (0, None)

    def test_of_all_against_all_has_no_interval(self):
        """The method would claim to know it without any doubt."""
        compared = compare(Rate(3, 3), Rate(4, 4))

        assert (compared.risk_ratio, compared.risk_ratio_interval) == (1, None)

    @given(rates(), rates())
    def test_lies_in_its_interval(self, a, b):
        compared = compare(a, b)

        if compared.risk_ratio_interval:
            low, high = compared.risk_ratio_interval
            assert 0 < low <= compared.risk_ratio <= high


class TestComparison:
    @pytest.mark.rule("law-6")
    @pytest.mark.parametrize(("a", "b"), [((0, 0), (1, 2)), ((1, 2), (0, 0)), ((0, 0), (0, 0))])
    def test_of_nothing_says_nothing(self, a, b):
        compared = compare(Rate(*a), Rate(*b))
        numbers = ("difference", "interval", "z", "p", "chi2", "p_yates", "p_fisher")
        choice = ("risk_ratio", "risk_ratio_interval", "test", "p_value")

        assert {getattr(compared, name) for name in numbers + choice} == {None}
        assert (str(compared), compared.is_significant) == ("-", False)

    def test_prints_on_one_line_with_what_stands_behind_it(self):
        assert str(compare(Rate(40, 500), Rate(30, 100))) == (
            "40 of 500 (8.0 %) against 30 of 100 (30.0 %): -22.00 points [-31.81, -13.45], "
            "p < 0.0001 (z test), significant"
        )
        assert str(compare(Rate(3, 4), Rate(1, 4))) == (
            "3 of 4 (75.0 %) against 1 of 4 (25.0 %): +50.00 points [-13.55, +78.91], "
            "p 0.4857 (Fisher's exact test), not significant"
        )

    def test_prints_no_minus_before_zero(self):
        assert ": +0.00 points [" in str(compare(Rate(1, 10**6), Rate(2, 10**6)))

    @pytest.mark.parametrize("rate", [0.5, (1, 2), None, "1/2"])
    def test_is_made_of_two_rates(self, rate):
        with pytest.raises(InvalidValue, match="expected a Rate"):
            compare(rate, Rate(1, 2))
        with pytest.raises(InvalidValue, match="expected a Rate"):
            Comparison(Rate(1, 2), rate)

    def test_is_a_value(self):
        compared = compare(Rate(1, 2), Rate(2, 3))

        assert compared == Comparison(Rate(1, 2), Rate(2, 3))
        assert copy.deepcopy(compared) == compared
        assert pickle.loads(pickle.dumps(compared)) == compared
        assert len({compared, compare(Rate(1, 2), Rate(2, 3))}) == 1
