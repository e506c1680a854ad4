"""How many leads come per period, how evenly, of which kinds, and what a target still asks."""

import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from statistics import mean, stdev
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from builders import DAY, MONDAY
from leadlib.errors import DefinitionMismatch, InvalidValue, LimitExceeded, UnknownName
from leadlib.metrics import (
    CampaignResult,
    Divergence,
    Mix,
    Pace,
    Rate,
    Scorecard,
    StageLog,
    Throughput,
    ThroughputPlan,
    in_process,
    scorecard,
    throughput,
)

WEEKS = (20, 22, 18, 0, 40, 20)
WEEK = timedelta(days=7)


def day(number):
    return MONDAY + number * DAY


class TestThroughput:
    @pytest.mark.rule("M-37", "004-15")
    def test_has_a_mean_and_a_variation(self):
        """Deviations 0, 2, 2, 20, 20, 0: 808 / 5 = 161.6, and its root is 12.7122."""
        found = Throughput(counts=WEEKS)

        assert found.mean == 20
        assert found.cv == pytest.approx(0.6356, abs=5e-5)
        assert found.pace() is Pace.INCONSISTENT
        assert found.pace(0.64) is Pace.CONSISTENT
        assert str(found) == "6 periods, mean 20.0, CV 0.636: inconsistent"

    @pytest.mark.rule("004-15")
    def test_has_a_plan_for_the_rest(self):
        """260 in 13 weeks are 20 a week; after 120 in 6 weeks, 140 are left for 7."""
        plan = Throughput(counts=WEEKS).against(260, periods=13)

        assert (plan.planned, plan.done, plan.left, plan.per_period) == (120, 120, 140, 20)
        assert str(plan) == (
            "120 of 260 in 6 of 13 periods, planned 120.0; 140 left, 20.0 a period"
        )
        assert plan.to_dict()["per_period"] == 20
        assert isinstance(plan, ThroughputPlan)

    def test_a_plan_whose_time_is_over_asks_nothing_of_nobody(self):
        over = Throughput(counts=[5, 6]).against(10, periods=2)
        behind = Throughput(counts=[5, 6, 7]).against(30, periods=2)

        assert (over.left, over.per_period, over.planned) == (0, None, 10)
        assert (behind.left, behind.per_period, behind.planned) == (12, None, 30)
        assert str(behind).endswith("12 left, - a period")

    @pytest.mark.parametrize(
        ("counts", "expected"),
        [((), (None, None, None)), ((4,), (4, None, 0.5)), ((0, 0), (0, None, None))],
    )
    def test_of_too_little_has_no_variation(self, counts, expected):
        found = Throughput(counts=counts)

        assert (found.mean, found.cv, found.cv_by_chance) == expected
        assert found.pace() is Pace.NOT_KNOWN
        assert found.to_dict()["pace"] == "not known"

    def test_few_leads_never_come_evenly(self):
        """Of a Poisson count with mean 4 the standard deviation is 2."""
        assert Throughput(counts=[3, 5]).cv_by_chance == 0.5

    @pytest.mark.parametrize("counts", [[-1], [1.5], "20", 20, None, [True]])
    def test_is_of_whole_numbers(self, counts):
        with pytest.raises(InvalidValue):
            Throughput(counts=counts)

    @pytest.mark.parametrize("plan", [(-1, 2), (10, 0), (1.5, 2), (10, 1.5)])
    def test_is_set_against_a_plan_of_whole_numbers(self, plan):
        target, periods = plan
        with pytest.raises(InvalidValue):
            Throughput(counts=WEEKS).against(target, periods=periods)

    @pytest.mark.parametrize("most", [-0.1, "0.5", None, float("nan"), True])
    def test_needs_a_threshold(self, most):
        with pytest.raises(InvalidValue):
            Throughput(counts=WEEKS).pace(most)

    def test_has_as_many_starts_as_counts(self):
        with pytest.raises(InvalidValue):
            Throughput(counts=WEEKS, starts=[MONDAY])

    def test_is_a_value(self):
        found = Throughput(counts=[1, 2], starts=[MONDAY, MONDAY + WEEK])

        assert pickle.loads(pickle.dumps(found)) == found
        assert str(found).splitlines()[1:] == [
            "from        leads",
            "──────────  ─────",
            "2026-03-02      1",
            "2026-03-09      2",
        ]

    @given(st.lists(st.integers(0, 10**9), min_size=2, max_size=20))
    def test_has_the_figures_of_the_standard_library(self, counts):
        assume(sum(counts))
        found = Throughput(counts=counts)

        assert found.mean == pytest.approx(mean(counts))
        assert found.cv == pytest.approx(stdev(counts) / mean(counts), rel=1e-9, abs=1e-12)

    @given(st.lists(st.integers(0, 99), max_size=9), st.integers(0, 999), st.integers(1, 20))
    def test_what_is_done_and_what_is_left_make_the_target(self, counts, target, periods):
        plan = Throughput(counts=counts).against(target, periods=periods)

        assert plan.done + plan.left >= target
        assert plan.done >= target or plan.done + plan.left == target
        if plan.per_period is not None:
            assert plan.per_period * (periods - len(counts)) == pytest.approx(plan.left)


class TestCountedThroughput:
    def test_counts_weeks_with_zeros_and_leaves_out_what_is_not_over(self):
        rows = [
            (f"{week}-{number}", "ready", MONDAY + week * WEEK)
            for week, count in enumerate(WEEKS)
            for number in range(count)
        ]
        log = StageLog.from_rows([*rows, ("late", "ready", MONDAY + 6 * WEEK)])
        found = throughput(log, "ready", since=MONDAY, every="1 week")

        assert found.counts == WEEKS
        assert found.starts == tuple(MONDAY + n * WEEK for n in range(6))

    def test_counts_a_lead_once_and_only_since_then(self):
        rows = [("a", "ready", day(-1)), ("a", "ready", day(1)), ("b", "ready", day(1))]
        rows += [("b", "ready", day(8)), ("c", "other", day(1))]
        log = StageLog.from_rows(rows)
        found = throughput(log, "ready", since=MONDAY, every="7 days", as_of=day(14))

        assert found.counts == (1, 0)

    def test_a_period_is_over_once_its_last_instant_is_visible(self):
        log = StageLog.from_rows([("a", "ready", MONDAY)])
        tick = timedelta(microseconds=1)
        for as_of, counts in ((day(7), (1,)), (day(7) - tick, (1,)), (day(7) - 2 * tick, ())):
            found = throughput(log, "ready", since=MONDAY, every="1 week", as_of=as_of)
            assert found.counts == counts

    def test_periods_begin_at_the_same_time_of_day_when_the_clocks_change(self):
        """Berlin, 29 March 2026: the second week begins at 22:00 UTC, the first at 23:00."""
        zone = ZoneInfo("Europe/Berlin")
        since = datetime(2026, 3, 23, tzinfo=zone)
        at = datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
        log = StageLog.from_rows([("a", "ready", at)])
        found = throughput(log, "ready", since=since, every="1 week", as_of=since + 3 * WEEK)

        assert found.counts == (0, 1, 0)
        assert [start.astimezone(UTC).hour for start in found.starts] == [23, 22, 22]

    def test_periods_are_named_by_the_days_of_their_own_zone(self):
        since = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
        log = StageLog.from_rows([("a", "ready", datetime(2026, 2, 10, tzinfo=UTC))])
        found = throughput(log, "ready", since=since, every="1 month", as_of=since + 80 * DAY)

        assert [f"{start:%m-%d %H}" for start in found.starts] == ["01-01 00", "02-01 00"]
        assert "2026-02-01" in str(found)
        assert [row["start"] for row in found.to_records()] == [
            "2026-01-01T00:00:00+01:00",
            "2026-02-01T00:00:00+01:00",
        ]
        other = throughput(
            log, "ready", since=since.astimezone(UTC), every="1 month", as_of=since + 80 * DAY
        )
        assert other.origin.definition["since"] == found.origin.definition["since"]

    def test_months_end_where_the_month_ends(self):
        since = datetime(2026, 1, 31, tzinfo=UTC)
        log = StageLog.from_rows([("a", "ready", datetime(2026, 3, 30, tzinfo=UTC))])
        found = throughput(log, "ready", since=since, every="1 month", as_of=since + 90 * DAY)

        assert [f"{start:%m-%d}" for start in found.starts] == ["01-31", "02-28", "03-31"]
        assert found.counts == (0, 1, 0)

    def test_needs_a_stage_a_start_and_days(self):
        log = StageLog.from_rows([("a", "ready", MONDAY)])

        with pytest.raises(UnknownName, match="did you mean 'ready'"):
            throughput(log, "redy", since=MONDAY, every="1 week")
        for wrong in ({"since": MONDAY.replace(tzinfo=None)}, {"every": "2 hours"}, {"every": 7}):
            with pytest.raises(InvalidValue):
                throughput(log, "ready", **{"since": MONDAY, "every": "1 week"} | wrong)
        with pytest.raises(LimitExceeded):
            throughput(log, "ready", since=datetime(1970, 1, 1, tzinfo=UTC), every="1 day")

    @given(
        st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 60).map(day)), min_size=1),
        st.integers(0, 60).map(day),
        st.integers(1, 20),
        st.randoms(use_true_random=False),
    )
    def test_counts_every_lead_once_whatever_the_order(self, rows, as_of, length, chance):
        rows = [(lead, "ready", at) for lead, at in rows]
        options = {"since": MONDAY, "every": f"{length} days", "as_of": as_of}
        found = throughput(StageLog.from_rows(rows), "ready", **options)
        first = {lead: min(at for who, _, at in rows if who == lead) for lead, _, _ in rows}
        end = MONDAY + len(found.counts) * length * DAY
        past = [row for row in rows if row[2] <= as_of]
        chance.shuffle(rows)

        assert end <= as_of + timedelta(microseconds=1) < end + length * DAY
        assert sum(found.counts) == sum(at < end for at in first.values())
        assert throughput(StageLog.from_rows(rows + rows[::2]), "ready", **options) == found
        known = StageLog.from_rows(past, known=["ready"])
        assert throughput(known, "ready", **options) == found


class TestInProcess:
    @pytest.mark.rule("M-37")
    def test_is_the_rate_times_the_time(self):
        assert in_process(12, 15) == 180
        assert in_process(Decimal("0.1"), 0.3) == 0.03

    @pytest.mark.parametrize("wrong", [-1, "12", None, float("inf"), float("nan"), True])
    def test_needs_two_amounts(self, wrong):
        with pytest.raises(InvalidValue):
            in_process(wrong, 15)
        with pytest.raises(InvalidValue):
            in_process(12, wrong)


class TestMix:
    @pytest.mark.rule("M-39")
    def test_has_shares_and_a_concentration(self):
        """.6² + .25² + .15² = .445, and four equal parts are .25."""
        assert Mix(counts={"web": 60, "fair": 25, "mail": 15}).concentration == 0.445
        assert Mix(counts=dict.fromkeys("abcd", 7)).concentration == 0.25
        sourced = Mix(counts={"marketing": 57, "sales": 43}).shares["marketing"]
        assert sourced.interval == pytest.approx((0.4722, 0.6627), abs=5e-5)

    @pytest.mark.rule("002-23")
    def test_of_sources_may_be_half_and_half(self):
        found = Mix(counts={"marketing": 57, "sales": 38, "partner": 5})
        low, high = found.shares["marketing"].interval

        assert found.shares["marketing"].value == 0.57
        assert (low, high) == pytest.approx((0.472, 0.663), abs=5e-4)
        assert low <= 0.5 <= high

    @pytest.mark.rule("003-05")
    def test_of_activities_shows_where_the_attention_goes(self):
        found = Mix(counts={"generation": 800, "qualification": 120, "nurturing": 80})

        assert [rate.value for rate in found.shares.values()] == [0.8, 0.12, 0.08]
        assert list(found.shares) == ["generation", "qualification", "nurturing"]

    def test_prints_as_a_table(self):
        assert str(Mix(counts={"web": 60, "fair": 25, "mail": 15})).splitlines() == [
            "part  count   share  95 % interval",
            "────  ─────  ──────  ─────────────",
            "web      60  60.0 %   [50.2, 69.1]",
            "fair     25  25.0 %   [17.5, 34.3]",
            "mail     15  15.0 %    [9.3, 23.3]",
            "concentration 0.445",
        ]

    def test_of_nothing_is_nothing(self):
        found = Mix(counts={"web": 0})

        assert (found.concentration, found.shares) == (None, {"web": Rate(0, 0)})
        assert str(found).splitlines()[-1] == "concentration -"
        assert Mix(counts={}).to_dict() == {"shares": {}, "concentration": None}

    @pytest.mark.parametrize(
        "counts", [{"web": -1}, {"web": 1.5}, {"": 1}, {"web": 1, " web": 2}, [1, 2], None, "web"]
    )
    def test_is_of_named_counts(self, counts):
        with pytest.raises(InvalidValue):
            Mix(counts=counts)

    @given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**6), min_size=1))
    def test_shares_sum_to_the_whole(self, counts):
        found = Mix(counts=counts)

        assert sum(rate.k for rate in found.shares.values()) == found.total
        if found.total:
            shares = [rate.value for rate in found.shares.values()]
            assert sum(shares) == pytest.approx(1)
            assert 1 / len(counts) * (1 - 1e-12) <= found.concentration <= 1
            assert found.concentration == pytest.approx(sum(share**2 for share in shares))
        assert found == Mix(counts=dict(reversed(counts.items())))


class TestScorecard:
    JANUARY = CampaignResult(name="2026-01", inquiries=100, accepted=20)
    FEBRUARY = CampaignResult(name="2026-02", inquiries=200, accepted=20)

    @pytest.mark.rule("000-03")
    def test_flags_more_leads_of_less_quality(self):
        found = scorecard(self.FEBRUARY, self.JANUARY)

        assert found.volume == 1
        assert (found.now.acceptance.value, found.before.acceptance.value) == (0.1, 0.2)
        assert found.divergence is Divergence.VOLUME_UP_QUALITY_DOWN
        assert found.divergence.name == "VOLUME_UP_QUALITY_DOWN"

    @pytest.mark.rule("000-03")
    def test_shows_no_count_without_quality_and_value(self):
        money = {"value": 5_000, "currency": "EUR"}
        january = CampaignResult(name="2026-01", inquiries=100, accepted=20, **money)
        february = CampaignResult(name="2026-02", inquiries=200, accepted=20, **money)
        found = scorecard(february, january)

        assert found.value == -0.5
        assert str(found).splitlines() == [
            "period   inquiries  accepted  acceptance  95 % interval  value each",
            "───────  ─────────  ────────  ──────────  ─────────────  ──────────",
            "2026-01        100        20      20.0 %   [13.3, 28.9]   50.00 EUR",
            "2026-02        200        20      10.0 %    [6.6, 14.9]   25.00 EUR",
            "volume +100.0 %, value -50.0 %: volume up, quality down",
            f"quality: {found.quality}",
        ]
        assert found.to_dict()["periods"][1]["value_per_inquiry"] == "25"

    def test_does_not_hide_that_the_value_is_not_known(self):
        found = scorecard(self.FEBRUARY, self.JANUARY)

        assert found.value is None
        assert "volume +100.0 %, value -" in str(found)
        assert found.to_dict()["periods"][0]["value_per_inquiry"] is None

    @pytest.mark.parametrize(
        ("now", "before", "expected"),
        [
            ((100, 20), (200, 20), Divergence.VOLUME_DOWN_QUALITY_UP),
            ((200, 40), (100, 20), None),
            ((200, 20), (200, 40), None),  # worse, but no more
            ((20, 3), (10, 2), None),  # too few to tell
            ((200, 80), (100, 20), None),  # more and better
            ((10, 2), (0, 0), None),
            ((0, 0), (10, 2), None),
        ],
    )
    def test_says_when_volume_and_quality_go_apart(self, now, before, expected):
        now, before = (
            CampaignResult(name="x", inquiries=inquiries, accepted=accepted)
            for inquiries, accepted in (now, before)
        )

        assert scorecard(now, before).divergence is expected

    def test_of_a_first_period_has_no_change(self):
        nothing = CampaignResult(name="2025-12", inquiries=0, accepted=0)
        found = scorecard(self.JANUARY, nothing)

        assert (found.volume, found.quality.difference) == (None, None)
        assert found.to_dict()["divergence"] is None

    def test_compares_what_can_be_compared(self):
        euros = CampaignResult(name="a", inquiries=1, accepted=1, value=1, currency="EUR")
        dollars = CampaignResult(name="b", inquiries=1, accepted=1, value=1, currency="USD")
        agreed = CampaignResult(name="c", inquiries=1, accepted=1, definition="v1")

        with pytest.raises(InvalidValue, match="one currency"):
            scorecard(euros, dollars)
        with pytest.raises(DefinitionMismatch):
            scorecard(agreed, self.JANUARY)
        with pytest.raises(InvalidValue):
            Scorecard(now=self.JANUARY, before=Rate(1, 2))
