"""Time to event: published tables, worked examples, and the laws of what is still open."""

import json
import pickle
import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product
from math import inf, nan, prod
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import example, given
from hypothesis import strategies as st

from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.lifecycle import MERGED, STANDARD, Disqualified, Erased, Inquired, Triaged
from leadlib.metrics import (
    Durations,
    Per,
    StageLog,
    cumulative_incidence,
    kaplan_meier,
    log_rank,
    stay_durations,
    time_to_stage,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)

# Published: Freireich et al., Blood 21 (1963) 699; weeks of remission, + is censored.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
PLACEBO = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def table(words, unit=DAY, cause="event"):
    """``6 7+ 9R``: an event at 6, one censored at 7, the cause R at 9."""
    rows = re.findall(r"([\d.]+)(\+|\w*)", words)
    return Durations.from_rows(
        (float(time) * unit, None if mark == "+" else mark or cause) for time, mark in rows
    )


def log_of(lives):
    """``{"L": "offered 0, accepted 3"}``: stages with the days on which they were entered."""
    return StageLog.from_rows(
        (lead, stage, MONDAY + float(day) * DAY, number)
        for lead, life in lives.items()
        for number, (stage, day) in enumerate(entry.split() for entry in life.split(", "))
    )


@st.composite
def observations(draw, least=0, late=True):
    """Rows of (time, cause, entry) in days, with many ties."""
    rows = []
    for _ in range(draw(st.integers(least, 25))):
        time = draw(st.integers(0, 12))
        entry = draw(st.integers(0, max(time - 1, 0))) if late and draw(st.booleans()) else 0
        rows.append((time, draw(st.sampled_from(["A", "B", None])), entry))
    return rows


def durations_of(rows):
    return Durations.from_rows((time * DAY, cause, entry * DAY) for time, cause, entry in rows)


class TestKaplanMeier:
    @pytest.mark.rule("M-12")
    @pytest.mark.published("Freireich et al., Blood 21 (1963) 699")
    def test_gives_the_published_survival(self):
        curve = kaplan_meier(table(TREATED, WEEK))
        expected = {
            6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482,
        }  # fmt: skip

        assert {step.time / WEEK: step.survival for step in curve.steps if step.events} == {
            week: pytest.approx(survival, abs=5e-5) for week, survival in expected.items()
        }
        assert curve.median == 23 * WEEK
        assert (curve.leads, curve.events, curve.censored) == (21, 9, 12)

    @pytest.mark.rule("M-12")
    @pytest.mark.published("Freireich et al., Blood 21 (1963) 699")
    def test_gives_the_published_errors_and_interval(self):
        first, second = kaplan_meier(table(TREATED, WEEK)).steps[:2]

        assert (first.at_risk, first.events, first.censored) == (21, 3, 1)
        assert first.error == pytest.approx(0.07636, abs=5e-6)
        assert second.error == pytest.approx(0.08694, abs=5e-6)
        assert first.interval == pytest.approx((0.6197, 0.9516), abs=5e-5)

    @pytest.mark.rule("M-12")
    def test_the_censored_of_a_time_are_at_risk_at_it(self):
        """Had the lead that was censored in week 6 left before, S(6) would be 17/20."""
        assert kaplan_meier(table(TREATED, WEEK)).at(6 * WEEK) == pytest.approx(18 / 21)

    @pytest.mark.rule("M-12")
    def test_the_median_is_none_if_half_are_never_reached(self):
        curve = kaplan_meier(table("1 2 3+ 4+ 5+"))

        assert curve.median is None
        assert curve.quantile(0.4) == 2 * DAY

    @pytest.mark.rule("M-12b")
    def test_open_leads_count_as_untouched_so_far(self):
        curve = kaplan_meier(table(".5 1 1 2 4 6+ 8 20 24+ 24+", HOUR))
        times = (0.5, 1, 2, 4, 8, 20)

        assert [curve.at(time * HOUR) for time in times] == pytest.approx(
            [0.9, 0.7, 0.6, 0.5, 0.375, 0.25]
        )
        assert 1 - curve.at(24 * HOUR) == pytest.approx(0.75)
        assert curve.median == 4 * HOUR

    def test_the_median_has_the_interval_of_brookmeyer_and_crowley(self):
        """By hand: the lower bounds of weeks 10 and 13 are .503 and .432; no upper one is .5."""
        assert kaplan_meier(table(TREATED, WEEK)).median_interval == (13 * WEEK, None)
        assert kaplan_meier(table("1 2 3 4")).median_interval == (1 * DAY, 4 * DAY)

    def test_the_restricted_mean_is_the_area_below_the_curve(self):
        """1 until day 1, 2/3 until day 2, 1/3 until day 4."""
        curve = kaplan_meier(table("1 2 4+"))

        assert curve.restricted_mean(4 * DAY) / DAY == pytest.approx(1 + 2 / 3 + 2 / 3)
        assert curve.restricted_mean(1.5 * DAY) / DAY == pytest.approx(1 + 1 / 3)
        assert curve.restricted_mean(timedelta(0)) == timedelta(0)
        assert curve.restricted_mean(5 * DAY) is None

    def test_says_nothing_beyond_the_last_observation(self):
        open_end, closed_end = kaplan_meier(table("1 2 4+")), kaplan_meier(table("1 2"))

        assert open_end.at(5 * DAY) is None
        assert closed_end.at(5 * DAY) == 0
        assert open_end.at(0.5 * DAY) == 1

    def test_of_nobody_is_unknown(self):
        curve = kaplan_meier(Durations())

        assert (curve.at(DAY), curve.at(0 * DAY), curve.median) == (None, None, None)
        assert curve.median_interval == (None, None)
        assert str(curve).count("\n") == 1

    def test_there_is_no_error_where_nobody_is_left(self):
        last = kaplan_meier(table("1 2")).steps[-1]

        assert (last.survival, last.error, last.interval) == (0, None, None)

    def test_who_enters_late_is_at_risk_only_from_then(self):
        """Imported on day 5: nobody could have seen it lost on day 2."""
        rows = [
            (2 * DAY, "event"),
            (5 * DAY, "event"),
            (9 * DAY, None),
            (7 * DAY, "event", 5 * DAY),
        ]
        curve = kaplan_meier(Durations.from_rows(rows))

        assert [step.at_risk for step in curve.steps] == [3, 2, 2, 1]
        assert curve.at(7 * DAY) == pytest.approx(2 / 3 / 2 / 2)
        assert curve.late == 1

    @pytest.mark.parametrize("share", [0, -0.1, 1.1, nan, inf, "1", None, True])
    def test_a_quantile_is_of_a_share(self, share):
        with pytest.raises(InvalidValue):
            kaplan_meier(table("1 2")).quantile(share)

    @pytest.mark.parametrize("time", [1, 1.5, None, "1 day", -DAY])
    def test_a_time_is_a_timedelta(self, time):
        curve = kaplan_meier(table("1 2"))

        for ask in (curve.at, curve.restricted_mean):
            with pytest.raises(InvalidValue):
                ask(time)

    @given(observations(late=False), st.floats(0.001, 1))
    def test_a_quantile_is_the_first_time_with_so_few_left(self, rows, share):
        curve = kaplan_meier(durations_of(rows))
        low = [step.time for step in curve.steps if step.survival <= 1 - share + 1e-12]

        assert curve.quantile(share) == (low[0] if low else None)

    @given(observations())
    def test_never_rises_and_stays_within_0_and_1(self, rows):
        survival = [step.survival for step in kaplan_meier(durations_of(rows)).steps]

        assert survival == sorted(survival, reverse=True)
        assert all(0 <= share <= 1 for share in survival)

    @given(observations())
    def test_is_the_product_limit(self, rows):
        """Against the definition, lead by lead, in exact fractions."""
        for step in kaplan_meier(durations_of(rows)).steps:
            time = step.time // DAY
            assert step.survival == pytest.approx(float(product_limit(rows, time)), abs=1e-12)

    @given(observations())
    def test_the_interval_holds_the_point(self, rows):
        for step in kaplan_meier(durations_of(rows)).steps:
            if step.interval:
                low, high = step.interval
                assert 0 <= low <= step.survival <= high <= 1

    @given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(1, 9))
    def test_without_open_leads_it_is_the_plain_share(self, days, day):
        """And Greenwood's error is the binomial one."""
        curve = kaplan_meier(Durations.from_rows((day * DAY, "event") for day in days))
        n, late = len(days), sum(own > day for own in days)
        step = next((step for step in curve.steps if step.time == day * DAY), None)

        assert curve.at(day * DAY) == pytest.approx(late / n)
        if step and late:
            assert step.error == pytest.approx((late * (n - late) / n**3) ** 0.5)


def at_risk(rows, time):
    return sum((entry < time or entry == 0) and time <= end for end, _, entry in rows)


def product_limit(rows, time):
    days = sorted({end for end, cause, _ in rows if cause and end <= time})
    died = {day: sum(end == day and cause is not None for end, cause, _ in rows) for day in days}
    return prod((1 - Fraction(died[day], at_risk(rows, day)) for day in days), start=Fraction(1))


def aalen_johansen(rows, cause, time):
    days = sorted({end for end, own, _ in rows if own == cause and end <= time})
    own = {day: sum(end == day and each == cause for end, each, _ in rows) for day in days}
    return sum(
        product_limit(rows, day - 1) * Fraction(own[day], at_risk(rows, day)) for day in days
    )


class TestLogRank:
    @pytest.mark.rule("M-12")
    @pytest.mark.published("Freireich et al., Blood 21 (1963) 699")
    def test_has_the_published_statistic(self):
        found = log_rank(table(TREATED, WEEK), table(PLACEBO, WEEK))

        assert found.chi2 == pytest.approx(16.793, abs=5e-4)
        assert found.observed == (9, 21)
        assert found.expected == pytest.approx((19.25, 10.75), abs=5e-3)
        assert found.p == pytest.approx(4.17e-5, abs=5e-8)

    def test_prints_what_it_compared(self):
        assert str(log_rank(table(TREATED, WEEK), table(PLACEBO, WEEK))) == (
            "9 events (19.3 expected) against 21 events (10.7 expected): chi-square 16.793, "
            "p < 0.0001"
        )

    def test_nothing_says_nothing(self):
        for pair in product((Durations(), table("1+ 2+")), repeat=2):
            found = log_rank(*pair)
            assert (found.chi2, found.p, str(found)) == (None, None, "-")

    @given(observations(), observations())
    def test_does_not_care_which_group_comes_first(self, a, b):
        there, back = (log_rank(durations_of(x), durations_of(y)) for x, y in ((a, b), (b, a)))

        assert there.observed == back.observed[::-1]
        assert there.variance == pytest.approx(back.variance)
        assert there.chi2 == (None if back.chi2 is None else pytest.approx(back.chi2, abs=1e-9))

    @given(observations(least=1, late=False))
    def test_equal_groups_do_not_differ(self, rows):
        assert log_rank(durations_of(rows), durations_of(rows)).chi2 in (
            None,
            pytest.approx(0, abs=1e-9),
        )


class TestCumulativeIncidence:
    @pytest.mark.rule("M-13")
    def test_of_the_worked_example(self):
        durations = table("1A 2A 2R 3+ 4A 5R 6A 7+ 9R 10+")
        incidence = cumulative_incidence(durations)

        assert incidence.share("A", 10 * DAY) == pytest.approx(13 / 30, abs=1e-15)
        assert incidence.share("R") == pytest.approx(47 / 120, abs=1e-15)
        assert incidence.open() == pytest.approx(7 / 40, abs=1e-15)

    @pytest.mark.rule("M-13")
    def test_one_minus_survival_of_one_cause_overstates(self):
        alone = kaplan_meier(table("1A 2A 2R 3+ 4A 5R 6A 7+ 9R 10+").only("A"))

        assert 1 - alone.at(10 * DAY) == pytest.approx(0.5)

    @pytest.mark.rule("M-13")
    @pytest.mark.published("Satagopan et al., Br. J. Cancer 91 (2004) 1229, table 2, n = 305")
    def test_has_the_published_table(self):
        """The table prints .3, .6, .9, 1.2 %: it sums rounded terms."""
        incidence = cumulative_incidence(table("1+ 2A 3+ 4A 5B 6A 7+ 8B 9A" + " 10+" * 296))
        deaths = [step for step in incidence.steps if step.events.get("A")]

        assert [step.at_risk for step in deaths] == [304, 302, 300, 297]
        assert [step.at_risk for step in incidence.steps if step.events.get("B")] == [301, 298]
        assert [100 * step.shares["A"] for step in deaths] == pytest.approx(
            [0.329, 0.659, 0.989, 1.320], abs=5e-4
        )

    @pytest.mark.rule("M-13")
    @given(observations())
    @example([(1, "A", 0), (1, "B", 0), (1, "B", 0)])
    def test_all_shares_and_the_open_sum_to_one_exactly(self, rows):
        for step in cumulative_incidence(durations_of(rows)).steps:
            assert sum(step.shares.values()) + step.open == 1
            assert step.open + sum(reversed(step.shares.values())) == 1
            assert min(step.open, *step.shares.values(), 1) >= 0

    @given(observations())
    def test_is_the_sum_of_aalen_and_johansen(self, rows):
        """Against the definition, lead by lead, in exact fractions."""
        incidence = cumulative_incidence(durations_of(rows), causes=["A", "B"])
        for step, cause in product(incidence.steps, "AB"):
            expected = float(aalen_johansen(rows, cause, step.time // DAY))
            assert step.shares[cause] == pytest.approx(expected, abs=1e-12)

    @given(observations())
    def test_the_open_are_the_survivors(self, rows):
        durations = durations_of(rows)
        pairs = zip(
            kaplan_meier(durations).steps, cumulative_incidence(durations).steps, strict=True
        )

        assert all(one.survival == other.open for one, other in pairs)

    @given(observations())
    def test_shares_never_fall(self, rows):
        incidence = cumulative_incidence(durations_of(rows))
        for cause in incidence.causes:
            shares = [step.shares[cause] for step in incidence.steps]
            assert shares == sorted(shares)

    @given(observations())
    def test_a_single_cause_mirrors_kaplan_meier(self, rows):
        """The share, its error and its interval."""
        rows = [(time, cause and "A", entry) for time, cause, entry in rows]
        durations = durations_of(rows)
        incidence = cumulative_incidence(durations, causes=["A"])
        for one, other in zip(kaplan_meier(durations).steps, incidence.steps, strict=True):
            assert 1 - other.shares["A"] == pytest.approx(one.survival, abs=1e-12)
            assert other.errors["A"] == pytest.approx(one.error or 0, abs=1e-7)
            if one.interval and one.error > 1e-6:
                mirrored = [1 - bound for bound in reversed(other.interval("A"))]
                assert mirrored == pytest.approx(one.interval, abs=1e-5)

    @given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("AB")), min_size=1, max_size=30))
    def test_without_open_leads_it_is_the_plain_share(self, rows):
        """And its error is the binomial one."""
        incidence = cumulative_incidence(durations_of([(*row, 0) for row in rows]), causes="AB")
        n = len(rows)
        for step, cause in product(incidence.steps, "AB"):
            k = sum(time * DAY <= step.time and own == cause for time, own in rows)
            assert step.shares[cause] == pytest.approx(k / n)
            assert step.errors[cause] == pytest.approx((k * (n - k) / n**3) ** 0.5, abs=1e-7)

    def test_a_quantile_is_of_all_not_of_those_who_got_there(self):
        incidence = cumulative_incidence(table("1A 2A 3B 4B"))

        assert incidence.quantile("A", 0.5) == 2 * DAY
        assert incidence.quantile("A", 0.6) is None

    def test_says_nothing_beyond_the_last_observation(self):
        incidence = cumulative_incidence(table("1A 2B 4+"))

        assert incidence.share("A", 5 * DAY) is None
        assert incidence.open(5 * DAY) is None
        assert incidence.share("A", 0 * DAY) == 0
        assert incidence.open(0 * DAY) == 1
        assert cumulative_incidence(table("1A 2B")).share("A", 5 * DAY) == 0.5

    def test_the_interval_of_a_share_is_that_of_its_time(self):
        """Of 20 leads 5 by then: the log-log interval of 15/20, turned over."""
        incidence = cumulative_incidence(table("1A " * 5 + "2B " * 5 + "4+ " * 10))
        alone = kaplan_meier(table("1A " * 5 + "4+ " * 15)).steps[0].interval

        assert incidence.interval("A", 1.5 * DAY) == pytest.approx((1 - alone[1], 1 - alone[0]))
        assert incidence.interval("A") == incidence.interval("A", DAY)
        assert incidence.interval("B", DAY) is None
        assert incidence.interval("A", 0 * DAY) is None
        assert incidence.interval("A", 5 * DAY) is None

    def test_of_nobody_is_unknown(self):
        incidence = cumulative_incidence(Durations(), causes=["A"])

        assert (incidence.share("A"), incidence.open(), incidence.open(DAY)) == (None, None, None)

    def test_a_cause_that_is_not_there_is_named(self):
        incidence = cumulative_incidence(table("1won 2lost"))

        for ask in (incidence.share, incidence.interval, incidence.steps[0].interval):
            with pytest.raises(UnknownName, match="won"):
                ask("wonn")
        with pytest.raises(UnknownName):
            table("1won 2lost").only("wonn")

    def test_there_are_not_more_causes_than_anybody_reads(self):
        with pytest.raises(LimitExceeded):
            cumulative_incidence(Durations(events={(1, f"{n}"): 1 for n in range(1_001)}))


class TestDurations:
    @given(observations(), observations())
    def test_of_parts_add_up_to_those_of_the_whole(self, a, b):
        assert durations_of(a) + durations_of(b) == durations_of(a + b)

    @given(observations(), st.randoms())
    def test_do_not_care_about_the_order_of_rows(self, rows, chance):
        shuffled = list(rows)
        chance.shuffle(shuffled)

        assert durations_of(shuffled) == durations_of(rows)
        assert kaplan_meier(durations_of(shuffled)) == kaplan_meier(durations_of(rows))

    def test_may_be_counted_by_pairs_with_names(self):
        class Outcome(NamedTuple):
            time: int
            cause: str

        assert len(Durations(events={Outcome(1, "A"): 2})) == 2

    def test_are_added_to_others_only(self):
        with pytest.raises(TypeError):
            table("1 2") + 1

    def test_count_by_outcome(self):
        durations = table("1A 2A 2R 3+ 10+")

        assert len(durations) == 5
        assert durations.causes == ("A", "R")
        assert [durations.count(cause) for cause in ("A", "R", None)] == [2, 1, 2]
        assert repr(durations) == "<Durations of 5: 2 A, 1 R, 2 censored>"
        assert pickle.loads(pickle.dumps(durations)) == durations

    @pytest.mark.parametrize(
        "row",
        [
            (1, "A"),
            (-DAY, "A"),
            (DAY,),
            (DAY, "A", DAY),
            (DAY, "A", 2 * DAY),
            (DAY, "A", None),
            (DAY, ""),
            (DAY, 7),
            (DAY, "A", 0 * DAY, 0),
            "ab",
            None,
        ],
    )
    def test_take_rows_of_one_form_and_name_the_bad_one(self, row):
        with pytest.raises(InvalidValue, match="row 2"):
            Durations.from_rows([(DAY, "A"), row])

    @pytest.mark.parametrize("count", [-1, 1.5, True, "1", None])
    def test_are_counts(self, count):
        for field in ("events", "censored", "entries"):
            with pytest.raises(InvalidValue, match=field):
                Durations(**{field: {(1, "A") if field == "events" else 1: count}})

    @pytest.mark.parametrize(
        "broken",
        [
            {"events": {("A", 1): 1}},
            {"events": {1: 1}},
            {"events": {(-1, "A"): 1}},
            {"censored": {-1: 1}},
            {"censored": {1.5: 1}},
            {"entries": {0: 1}},
            {"entries": None},
            {"censored": [1, 2]},
        ],
    )
    def test_are_by_whole_times(self, broken):
        with pytest.raises(InvalidValue, match=next(iter(broken))):
            Durations(**broken)

    @pytest.mark.parametrize("other", [None, 3, {}])
    def test_are_what_the_formulas_read(self, other):
        for formula in (kaplan_meier, cumulative_incidence, lambda a: log_rank(a, Durations())):
            with pytest.raises(InvalidValue):
                formula(other)

    def test_more_ends_than_entries_are_refused(self):
        broken = Durations(events={(3, "A"): 1, (9, "A"): 1}, entries={5: 2})

        with pytest.raises(InvalidValue, match="entries"):
            kaplan_meier(broken)


LOOPS = {
    "1": "offered 0, accepted 3",
    "2": "offered 0, recycled 2, offered 5, accepted 7",
    "3": "offered 0, accepted 5",
    "4": "offered 0, disqualified 10",
    "5": "offered 0",
}
UNTIL = MONDAY + 12 * DAY


class TestTimeToStage:
    @pytest.mark.rule("M-14")
    def test_recycling_keeps_a_lead_on_its_way(self):
        found = time_to_stage(
            log_of(LOOPS), "accepted", start="offered", competing=["disqualified"], as_of=UNTIL
        )

        assert found.share() == pytest.approx(0.6)
        assert found.incidence.share("disqualified") == pytest.approx(0.2)
        assert found.incidence.open() == pytest.approx(0.2)
        assert found.median == 5 * DAY + 2 * DAY

    @pytest.mark.rule("M-14")
    def test_per_pass_the_clock_is_reset_and_recycling_competes(self):
        found = time_to_stage(
            log_of(LOOPS),
            "accepted",
            start="offered",
            competing=["disqualified", "recycled"],
            per="pass",
            as_of=UNTIL,
        )
        shares = {cause: found.incidence.share(cause) for cause in found.incidence.causes}

        assert shares == {
            "accepted": pytest.approx(1 / 2),
            "disqualified": pytest.approx(1 / 6),
            "recycled": pytest.approx(1 / 6),
        }
        assert found.incidence.open() == pytest.approx(1 / 6)
        assert (found.leads, len(found.durations)) == (5, 6)
        assert found.notes[0].startswith("6 passes of 5 leads")

    @pytest.mark.rule("M-14")
    def test_recycled_taken_as_lost_is_another_number(self):
        """The wrong estimate of the worked example: .4."""
        ends = ["disqualified", "recycled"]
        found = time_to_stage(
            log_of(LOOPS), "accepted", start="offered", competing=ends, as_of=UNTIL
        )

        assert found.share() == pytest.approx(0.4)

    @pytest.mark.rule("M-14")
    def test_a_merged_lead_counts_as_the_one_that_goes_on(self):
        lives = LOOPS | {"6": "offered 0, merged 1", "7": "new 0, merged 4"}
        found = time_to_stage(
            log_of(lives),
            "accepted",
            start="offered",
            competing=["disqualified"],
            merged=["merged"],
            as_of=UNTIL,
        )

        assert found.share() == pytest.approx(0.6)
        assert (found.leads, found.outside, found.merged) == (5, 0, 2)
        assert found.notes == ("2 leads found to be another: counted as that one only.",)

    @pytest.mark.rule("M-14")
    def test_a_lead_that_was_imported_later_is_at_risk_only_from_then(self):
        log = log_of({"a": "new 0, won 2", "b": "new 0, won 8", "c": "new 0, won 3", "d": "new 0"})
        since = {"b": MONDAY + 5 * DAY, "c": MONDAY + 3 * DAY}
        found = time_to_stage(log, "won", recorded_since=since, as_of=UNTIL)

        assert found.durations.entries == {5 * DAY // timedelta(microseconds=1): 1}
        assert [step.at_risk for step in found.incidence.steps] == [2, 2, 1]
        assert found.unobserved == 1
        assert found.notes == ("1 passage ended before the record began: not counted.",)

    def test_one_instant_may_hold_for_all_leads(self):
        log = log_of({"a": "new 0, won 2", "b": "new 4, won 8"})
        found = time_to_stage(log, "won", recorded_since=MONDAY + 3 * DAY)

        assert (found.unobserved, len(found.durations), found.durations.entries) == (1, 1, {})

    def test_passes_end_when_the_next_one_starts(self):
        log = log_of({"a": "new 0, new 4, won 6"})
        found = time_to_stage(log, "won", start="new", per=Per.PASS)

        assert dict(found.durations.events) == {
            (4 * 86_400_000_000, "new again"): 1,
            (2 * 86_400_000_000, "won"): 1,
        }

    def test_the_clock_starts_with_the_first_event_unless_said(self):
        log = log_of({"a": "new 0, open 1, won 4", "b": "won 3"})
        found = time_to_stage(log, "won")

        assert sorted(time for time, _ in found.durations.events) == [0, 4 * 86_400_000_000]
        assert found.definition.start is None

    def test_who_was_there_before_is_counted_apart(self):
        log = log_of({"a": "won 0, new 1, won 4", "b": "new 0, won 3", "c": "won 5"})
        found = time_to_stage(log, "won", start="new")

        assert (found.leads, found.before, found.outside, len(found.durations)) == (2, 1, 1, 1)
        assert found.notes == ("1 lead had been there before: not counted.",)

    def test_several_stages_may_be_the_goal(self):
        log = log_of({"a": "new 0, won 3", "b": "new 0, customer 4"})
        found = time_to_stage(log, ["won", "customer"])

        assert found.durations.count("won") == 2

    def test_at_one_instant_the_sequence_decides_then_the_goal_comes_first(self):
        at = MONDAY + DAY
        rows = [
            ("a", "new", MONDAY, 0), ("a", "lost", at, 1), ("a", "won", at, 2),
            ("b", "new", MONDAY, 0), ("b", "lost", at, 1), ("b", "won", at, 1),
            ("c", "won", at, 0), ("c", "new", at, 0),
        ]  # fmt: skip
        found = time_to_stage(StageLog.from_rows(rows), "won", start="new", competing=["lost"])

        assert (found.durations.count("won"), found.durations.count("lost")) == (2, 1)
        assert (0, "won") in found.durations.events

    def test_closed_stages_compete_unless_others_are_given(self):
        lives = {"a": "new 0, won 3", "b": "new 0, lost 2"}
        rows = [
            (lead, *entry.split()) for lead, life in lives.items() for entry in life.split(", ")
        ]
        rows = [(lead, stage, MONDAY + int(day) * DAY) for lead, stage, day in rows]
        log = StageLog.from_rows(rows, closed=["won", "lost"])

        assert time_to_stage(log, "won").durations.count("lost") == 1
        assert time_to_stage(log, "won").definition.competing_by == "given"
        assert time_to_stage(log, "won", competing=[]).durations.count(None) == 1
        nobody = time_to_stage(log_of(lives), "won")
        assert (nobody.definition.competing, nobody.definition.competing_by) == ((), "nobody")

    def test_a_given_stage_is_an_outcome_even_if_nothing_ended_there(self):
        log = StageLog.from_rows([("a", "new", MONDAY)], known=["won", "lost"])

        assert time_to_stage(log, "won", competing=["lost"]).incidence.share("lost") == 0

    def test_a_log_of_a_lifecycle_knows_its_ends(self):
        events = [
            *(Inquired(lead=lead, at=MONDAY) for lead in "abc"),
            *(Triaged(lead=lead, at=MONDAY + 2 * DAY) for lead in "ab"),
            Disqualified(lead="b", at=MONDAY + 3 * DAY, reason="no need"),
            Erased(lead="c", at=MONDAY + DAY),
        ]
        log = StageLog.from_events(events, lifecycle=STANDARD)
        found = time_to_stage(log, "qualifying", as_of=UNTIL)

        assert found.incidence.causes == ("qualifying", "erased")
        assert "merged" in found.definition.competing
        apart = time_to_stage(log, "qualifying", merged=[MERGED])
        assert "merged" not in apart.definition.competing
        assert found.share() == pytest.approx(2 / 3)
        assert found.definition.competing_by == "lifecycle"
        assert {"erased", "disqualified"} <= set(found.definition.competing)

    def test_groups_add_up_and_the_unlabelled_come_last(self):
        rows = [
            ("a", "new", MONDAY, 0, "web"),
            ("a", "won", MONDAY + DAY, 0, "web"),
            ("b", "new", MONDAY, 0, "fair"),
            ("c", "new", MONDAY, 0, None),
        ]
        found = time_to_stage(StageLog.from_rows(rows, by=["source"]), "won", by="source")

        assert list(found.groups) == ["fair", "web", ""]
        assert sum((group.durations for group in found.groups.values()), Durations()) == (
            found.durations
        )
        assert found.groups["fair"].share() == 0
        assert {record["group"] for record in found.to_records()} == {"fair", "web", ""}

    @pytest.mark.parametrize(
        ("arguments", "fault"),
        [
            ({"goal": "wonn"}, UnknownName),
            ({"goal": "won", "start": "neww"}, UnknownName),
            ({"goal": "won", "competing": ["lst"]}, UnknownName),
            ({"goal": "won", "competing": "lost"}, InvalidValue),
            ({"goal": "won", "start": "won"}, InvalidValue),
            ({"goal": "won", "competing": ["won"]}, InvalidValue),
            ({"goal": "won", "competing": ["lost"], "merged": ["lost"]}, InvalidValue),
            ({"goal": []}, InvalidValue),
            ({"goal": None}, InvalidValue),
            ({"goal": "won", "per": "account"}, UnknownName),
            ({"goal": "won", "per": "pass"}, InvalidValue),
            ({"goal": "won", "by": "source"}, UnknownName),
            ({"goal": "won", "as_of": datetime(2026, 3, 9)}, InvalidValue),
            ({"goal": "won", "recorded_since": datetime(2026, 3, 9)}, InvalidValue),
            ({"goal": "won", "recorded_since": {"nobody": MONDAY}}, InvalidValue),
            ({"goal": "won", "recorded_since": {"a": "2026"}}, InvalidValue),
        ],
    )
    def test_refuses_what_it_does_not_know(self, arguments, fault):
        log = log_of({"a": "new 0, won 3", "b": "new 0, lost 2"})

        with pytest.raises(fault):
            time_to_stage(log, **arguments)

    def test_of_an_empty_log_is_unknown(self):
        log = StageLog.from_rows([], known=["new", "won"])
        found = time_to_stage(log, "won", start="new")

        assert (found.share(), found.median, found.leads) == (None, None, 0)

    def test_is_plain_data(self):
        found = time_to_stage(log_of(LOOPS), "accepted", start="offered", as_of=UNTIL)
        plain = json.loads(json.dumps(found.to_dict()))

        assert plain["definition"]["goal"] == ["accepted"]
        assert plain["as_of"] == UNTIL.isoformat()
        assert plain["incidence"]["shares"] == {"accepted": pytest.approx(0.6)}
        assert plain["incidence"]["steps"] == found.to_records()


STAGES = ("new", "open", "back", "won", "lost")


@st.composite
def logs(draw):
    """Rows of few leads, stages and days, with ties."""
    entry = st.tuples(
        st.sampled_from("abcde"), st.sampled_from(STAGES), st.integers(0, 9), st.integers(0, 1)
    )
    rows = draw(st.lists(entry, max_size=25))
    return [(lead, stage, MONDAY + day * DAY, seq) for lead, stage, day, seq in rows]


def read(rows, **arguments):
    log = StageLog.from_rows(rows, known=STAGES)
    return time_to_stage(log, "won", start="new", competing=["lost"], **arguments)


class TestLawsOfTheLog:
    @given(logs(), st.randoms(), st.sampled_from(Per))
    def test_order_and_repetition_of_rows_change_nothing(self, rows, chance, per):
        again = [*rows, *rows]
        chance.shuffle(again)

        assert read(again, per=per, as_of=UNTIL) == read(rows, per=per, as_of=UNTIL)

    @given(logs(), st.integers(0, 9), st.sampled_from(Per))
    def test_nothing_after_as_of_is_visible(self, rows, day, per):
        cut = MONDAY + day * DAY
        seen = [row for row in rows if row[2] <= cut]

        assert read(rows, per=per, as_of=cut) == read(seen, per=per, as_of=cut)

    @given(logs(), st.sampled_from("abcde"), st.sampled_from(Per))
    def test_halves_add_up_to_the_whole(self, rows, border, per):
        halves = [
            [row for row in rows if row[0] <= border],
            [row for row in rows if row[0] > border],
        ]
        parts = [read(half, per=per, as_of=UNTIL).durations for half in halves]

        assert parts[0] + parts[1] == read(rows, per=per, as_of=UNTIL).durations

    def test_times_are_cut_down_to_a_grain(self):
        log = log_of({"a": "new 0, won 3", "b": "new 0, won 5"})
        by_words = stay_durations(log, grain="2 days")

        assert by_words == stay_durations(log, grain=2 * DAY)
        assert by_words == stay_durations(log, grain=relativedelta(days=2))
        assert by_words["new"] == Durations.from_rows([(2 * DAY, "won"), (4 * DAY, "won")])

    @pytest.mark.parametrize("grain", ["1 month", "2 hours 3", timedelta(0), -DAY, 3600, None])
    def test_a_grain_is_a_length(self, grain):
        with pytest.raises(InvalidValue):
            stay_durations(log_of({"a": "new 0"}), grain=grain)

    @given(logs(), st.integers(0, 9))
    def test_every_visible_lead_is_counted_once(self, rows, day):
        cut = MONDAY + day * DAY
        found = read(rows, as_of=cut, recorded_since=MONDAY + 2 * DAY)
        visible = {lead for lead, _, at, _ in rows if at <= cut}

        assert found.leads + found.outside == len(visible)
        assert len(found.durations) + found.before + found.unobserved == found.leads

    @given(logs())
    def test_every_entry_into_the_start_is_a_pass(self, rows):
        """Or the same pass, if it comes again while the lead is not yet back."""
        found = read(rows, per="pass", as_of=UNTIL)
        entries = {row for row in rows if row[1] == "new"}

        assert len(found.durations) == len(entries)

    @given(logs())
    def test_the_first_passage_is_that_of_a_lead_by_lead_reading(self, rows):
        assert read(rows, as_of=UNTIL).durations == by_hand(rows)


def by_hand(rows):
    """First passages, read from one sorted list of each lead's entries."""
    found = []
    for lead in {row[0] for row in rows}:
        own = sorted(
            (at, seq, ("new", "won", "open", "back", "lost").index(stage), stage)
            for name, stage, at, seq in rows
            if name == lead
        )
        stages = [stage for *_, stage in own]
        if "new" not in stages or "won" in stages[: stages.index("new")]:
            continue
        rest = own[stages.index("new") :]
        ends = [(at, stage) for at, _, _, stage in rest if stage in ("won", "lost")]
        at, stage = ends[0] if ends else (UNTIL, None)
        found.append((at - rest[0][0], stage))
    return Durations.from_rows(found)


class TestStays:
    def test_visits_that_last_are_censored(self):
        log = log_of({"a": "new 0, open 3, new 5", "b": "new 1, won 9"})
        stays = stay_durations(log, as_of=MONDAY + 10 * DAY)

        assert list(stays) == ["new", "open", "won"]
        assert stays["new"] == Durations.from_rows(
            [(3 * DAY, "open"), (5 * DAY, None), (8 * DAY, "won")]
        )
        assert kaplan_meier(stays["new"]).median == 8 * DAY

    @given(logs(), st.integers(0, 9))
    def test_every_visible_entry_is_one_visit(self, rows, day):
        cut = MONDAY + day * DAY
        stays = stay_durations(StageLog.from_rows(rows), as_of=cut)
        visible = {row for row in rows if row[2] <= cut}

        assert sum(map(len, stays.values())) == len(visible)
        assert sum(table.count(None) for table in stays.values()) == len(
            {row[0] for row in visible}
        )


class TestPaper:
    def test_times_are_in_the_unit_that_fits(self):
        words = [
            str(kaplan_meier(table("1 2", unit))).split()[0]
            for unit in (WEEK, HOUR, timedelta(minutes=1))
        ]

        assert words == ["days", "minutes", "minutes"]
        assert str(kaplan_meier(table("1 20", HOUR))).startswith("hours")

    def test_a_long_table_shows_some_steps_and_says_so(self):
        long = Durations.from_rows((day * DAY, "event") for day in range(1, 1_001))
        lines = str(kaplan_meier(long)).splitlines()

        assert len(lines) == 2 + 24 + 1
        assert lines[2].split()[:2] == ["1", "1,000"]
        assert lines[-2].split()[:2] == ["1,000", "1"]
        assert lines[-1] == "24 of 1,000 steps"

    def test_a_result_is_named_in_one_line(self):
        durations = table("1won 2lost 3+")
        took = time_to_stage(log_of(LOOPS), "accepted", as_of=UNTIL)

        assert repr(kaplan_meier(durations)) == "<SurvivalCurve of 3: 2 events>"
        assert repr(cumulative_incidence(durations)) == "<CumulativeIncidence of 3: lost, won>"
        assert repr(took) == "<TimeToStage 'accepted': <Durations of 5: 3 accepted, 2 censored>>"

    def test_a_result_prints_as_its_incidence_with_the_notes(self):
        took = time_to_stage(log_of({"a": "won 0, new 1", "b": "new 0, won 3"}), "won", start="new")

        assert str(took) == f"{took.incidence}\n1 lead had been there before: not counted."
        note = "<p>1 lead had been there before: not counted.</p>"
        page = took.incidence._repr_html_()
        assert took._repr_html_() == page.replace("</table>", f"</table>{note}")

    def test_records_and_dicts_know_all_steps(self):
        curve = kaplan_meier(table(TREATED, WEEK))

        assert len(curve.to_records()) == len(curve.steps) == 16
        assert curve.to_dict()["median_days"] == 161
        assert json.loads(json.dumps(curve.to_dict()))["steps"] == curve.to_records()
        assert json.dumps(log_rank(table("1 2"), table("3 4")).to_dict())
        assert json.dumps(table("1 2+").to_dict())
        assert json.loads(json.dumps(cumulative_incidence(table("1A 2+")).to_dict()))["open"] == 0.5

    def test_a_picture_is_small_whole_and_still(self):
        long = Durations.from_rows((n * HOUR, "AB"[n % 2]) for n in range(20_000))
        for shown in (kaplan_meier(long), cumulative_incidence(long)):
            picture = shown._repr_html_()
            assert len(picture) < 10_000
            assert ET.fromstring(picture)[0].tag.endswith("svg")
            assert re.findall(r"<script|href|url\(|on\w+=|style", picture) == []

    def test_a_picture_says_in_words_what_it_shows(self):
        picture = kaplan_meier(table(TREATED, WEEK))._repr_html_()

        assert "<title>Without the event, of 21: half of them by 161.0 days</title>" in picture

    def test_a_picture_escapes_every_name(self):
        hostile = '</text><script>alert("1")</script>'
        durations = Durations.from_rows([(DAY, hostile), (2 * DAY, None)])
        picture = cumulative_incidence(durations)._repr_html_()

        assert "<script" not in picture
        assert ET.fromstring(picture) is not None

    def test_a_picture_of_many_causes_says_how_many_it_does_not_show(self):
        many = Durations(events={(n + 1, f"{n}"): 1 for n in range(11)})

        assert "and 3 more" in cumulative_incidence(many)._repr_html_()

    def test_nothing_makes_a_picture_too(self):
        for shown in (kaplan_meier(Durations()), cumulative_incidence(Durations())):
            assert ET.fromstring(shown._repr_html_()) is not None
