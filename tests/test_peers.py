"""
Against other implementations, on random data: scipy and statsmodels beside us, lifelines apart.

lifelines holds pandas below 3, so it has an environment of its own, in which `make test-slow` runs
this file once more.
"""

from datetime import timedelta
from itertools import pairwise
from math import ceil, isnan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadlib._metrics.comparisons import _adjusted, _size
from leadlib.metrics import (
    Adjustment,
    Rate,
    compare,
    cumulative_incidence,
    kaplan_meier,
    log_rank,
    sample_size,
    wilson_interval,
)
from leadlib.qualification import cohen_kappa, fleiss_kappa
from test_survival import durations_of, observations

# What others deprecate is theirs to mend.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

DAY = timedelta(days=1)


@st.composite
def rates(draw, least=1):
    """Draw k of n."""
    n = draw(st.integers(least, 5_000))
    return draw(st.integers(0, n)), n


def peer(name):
    return pytest.importorskip(name, reason=f"{name} is not installed: group slow, or peers")


class TestRates:
    @pytest.mark.rule("M-07")
    @given(rates())
    def test_wilson_is_that_of_statsmodels_and_of_scipy(self, rate):
        proportion = peer("statsmodels.stats.proportion")
        stats = peer("scipy.stats")
        theirs = stats.binomtest(*rate).proportion_ci(method="wilson")

        assert wilson_interval(*rate) == pytest.approx(
            proportion.proportion_confint(*rate, method="wilson"), abs=1e-12
        )
        assert wilson_interval(*rate) == pytest.approx((theirs.low, theirs.high), abs=1e-12)

    @pytest.mark.rule("M-08")
    @given(rates(), rates())
    def test_the_interval_of_the_difference_is_that_of_statsmodels(self, a, b):
        proportion = peer("statsmodels.stats.proportion")
        theirs = proportion.confint_proportions_2indep(*a, *b, method="newcomb", compare="diff")

        assert compare(Rate(*a), Rate(*b)).interval == pytest.approx(theirs, abs=1e-12)

    @pytest.mark.rule("M-09")
    @given(rates(), rates())
    def test_the_pooled_z_test_is_that_of_statsmodels(self, a, b):
        proportion = peer("statsmodels.stats.proportion")
        assume(0 < a[0] + b[0] < a[1] + b[1])
        ours = compare(Rate(*a), Rate(*b))
        z, p = proportion.proportions_ztest([a[0], b[0]], [a[1], b[1]])

        assert ours.z == pytest.approx(z, abs=1e-9)
        assert ours.p == pytest.approx(p, abs=1e-9)

    @pytest.mark.rule("M-09")
    @given(*[st.integers(0, 60) for _ in range(4)])
    def test_the_exact_test_and_the_correction_are_those_of_scipy(self, a, b, c, d):
        stats = peer("scipy.stats")
        assume(a + b and c + d and a + c and b + d)
        ours = compare(Rate(a, a + b), Rate(c, c + d))
        table = [[a, b], [c, d]]

        assert ours.p_fisher == pytest.approx(stats.fisher_exact(table).pvalue, abs=1e-6)
        assert ours.p_yates == pytest.approx(stats.chi2_contingency(table).pvalue, abs=1e-9)

    @pytest.mark.rule("M-10")
    @given(
        st.lists(st.floats(0, 1), min_size=1, max_size=30),
        st.sampled_from([("holm", "holm"), ("bh", "fdr_bh")]),
    )
    def test_adjusted_chances_are_those_of_statsmodels(self, ps, ways):
        multitest = peer("statsmodels.stats.multitest")
        ours, theirs = ways

        assert _adjusted(ps, Adjustment(ours)) == pytest.approx(
            multitest.multipletests(ps, method=theirs)[1].tolist(), abs=1e-12
        )

    @pytest.mark.rule("M-11")
    @given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.55, 0.99))
    def test_the_sample_size_is_that_of_statsmodels(self, before, after, power):
        """Like ours it leaves out the chance of a difference in the other direction."""
        proportion = peer("statsmodels.stats.proportion")
        assume(abs(before - after) > 0.01)
        theirs = proportion.samplesize_proportions_2indep_onetail(
            abs(after - before), min(before, after), power, alpha=0.05, alternative="two-sided"
        )

        assert _size(before, after, 0.05, power) == pytest.approx(theirs, rel=1e-9)
        assert sample_size(before, after, power=power) in {ceil(theirs), ceil(theirs - 1e-6)}


class TestTimes:
    @pytest.mark.rule("M-12")
    @given(observations(least=2))
    def test_survival_and_its_error_are_those_of_statsmodels(self, rows):
        survfunc = peer("statsmodels.duration.survfunc")
        rows = [(time + 1, cause, entry and entry + 1) for time, cause, entry in rows]
        rows.append((99, "A", 0))  # somebody at risk at every time, and an event
        times, causes, entries = zip(*rows, strict=True)
        fitted = survfunc.SurvfuncRight(
            times, [cause is not None for cause in causes], entry=entries
        )
        curve = {step.time // DAY: step for step in kaplan_meier(durations_of(rows)).steps}
        theirs = zip(fitted.surv_times, fitted.surv_prob, fitted.surv_prob_se, strict=True)
        for time, survival, error in theirs:
            assert curve[int(time)].survival == pytest.approx(survival, abs=1e-9)
            if survival > 0:
                assert curve[int(time)].error == pytest.approx(error, abs=1e-9)

    @pytest.mark.rule("M-12")
    @given(observations(least=1, late=False), observations(least=1, late=False))
    def test_the_log_rank_test_is_that_of_statsmodels_and_of_scipy(self, a, b):
        survfunc, stats = peer("statsmodels.duration.survfunc"), peer("scipy.stats")
        ours = log_rank(durations_of(a), durations_of(b))
        assume(ours.chi2 is not None)
        rows = [(*row, name) for name, group in (("a", a), ("b", b)) for row in group]
        times, causes, _, names = zip(*rows, strict=True)
        chi2, p = survfunc.survdiff(times, [cause is not None for cause in causes], names)
        theirs = stats.logrank(*(_censored(stats, group) for group in (a, b)))

        assert (ours.chi2, ours.p) == pytest.approx((chi2, p), abs=1e-9)
        assert (ours.chi2, ours.p) == pytest.approx((theirs.statistic**2, theirs.pvalue), abs=1e-9)

    @pytest.mark.rule("M-13")
    @given(observations(least=2, late=False))
    def test_incidences_are_those_of_statsmodels(self, rows):
        survfunc = peer("statsmodels.duration.survfunc")
        rows = [(time + 1, cause, 0) for time, cause, _ in rows]
        rows += [(98, "A", 0), (99, "B", 0)]  # both causes, and an event at the last time
        codes = {None: 0, "A": 1, "B": 2}
        fitted = survfunc.CumIncidenceRight(
            [time for time, _, _ in rows], [codes[cause] for _, cause, _ in rows]
        )
        steps = {step.time // DAY: step for step in cumulative_incidence(durations_of(rows)).steps}
        for place, time in enumerate(fitted.times):
            for cause, shares in zip("AB", fitted.cinc, strict=True):
                assert steps[int(time)].shares[cause] == pytest.approx(shares[place], abs=1e-9)


def _censored(stats, rows):
    ended = [time for time, cause, _ in rows if cause is not None]
    seen = [time for time, cause, _ in rows if cause is None]
    return stats.CensoredData(uncensored=ended, right=seen)


class TestAgreement:
    @pytest.mark.rule("M-35")
    @given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2))
    def test_kappa_of_two_is_that_of_statsmodels(self, pairs):
        inter_rater = peer("statsmodels.stats.inter_rater")
        ours = cohen_kappa(pairs)
        assume(ours is not None)
        table = [[sum(pair == (x, y) for pair in pairs) for y in "abc"] for x in "abc"]

        assert ours == pytest.approx(inter_rater.cohens_kappa(table).kappa, abs=1e-12)

    @pytest.mark.rule("M-35")
    @given(st.lists(st.lists(st.integers(0, 6), min_size=2, max_size=2), min_size=2, max_size=30))
    def test_kappa_of_many_is_that_of_statsmodels(self, cuts):
        """Seven raters in three categories: two cuts of seven."""
        inter_rater = peer("statsmodels.stats.inter_rater")
        table = [[b - a for a, b in pairwise([0, *sorted(cut), 7])] for cut in cuts]
        ours = fleiss_kappa(table)
        assume(ours is not None)

        assert ours == pytest.approx(inter_rater.fleiss_kappa(table), abs=1e-9)


class TestLifelines:
    """In an environment of its own."""

    @given(observations(least=2))
    def test_survival_agrees(self, rows):
        fitter = peer("lifelines").KaplanMeierFitter

        rows = [(time + 1, cause, entry and entry + 1) for time, cause, entry in rows]
        rows.append((99, None, 0))  # theirs refuses times at which nobody is at risk
        fitted = fitter().fit(
            [time for time, _, _ in rows],
            [cause is not None for _, cause, _ in rows],
            entry=[entry for _, _, entry in rows],
        )
        for step in kaplan_meier(durations_of(rows)).steps:
            theirs = float(fitted.predict(step.time // DAY))
            assert isnan(theirs) or step.survival == pytest.approx(theirs, abs=1e-9)

    @given(observations(late=False), observations(late=False))
    def test_the_log_rank_test_agrees(self, a, b):
        logrank_test = peer("lifelines.statistics").logrank_test

        ours = log_rank(durations_of(a), durations_of(b))
        if ours.chi2 is not None:
            columns = [[row[0] for row in rows] for rows in (a, b)]
            events = [[row[1] is not None for row in rows] for rows in (a, b)]
            theirs = logrank_test(*columns, *events)
            assert ours.chi2 == pytest.approx(theirs.test_statistic, abs=1e-9)

    @given(st.lists(st.sampled_from([0, 0, 1, 2]), min_size=2, max_size=40))
    def test_incidences_and_their_errors_agree(self, ends):
        """One lead a day, since theirs moves ties apart by lots."""
        fitter = peer("lifelines").AalenJohansenFitter

        ends[0] = 1
        fitted = fitter(seed=1).fit(
            [float(day) for day in range(1, len(ends) + 1)], ends, event_of_interest=1
        )
        rows = [(day, (None, "A", "B")[end], 0) for day, end in enumerate(ends, start=1)]
        for step in cumulative_incidence(durations_of(rows)).steps:
            day = step.time / DAY
            variance = fitted.variance_.loc[day].item()
            assert step.shares["A"] == pytest.approx(float(fitted.predict(day)), abs=1e-9)
            assert isnan(variance) or step.errors["A"] ** 2 == pytest.approx(variance, abs=1e-9)
