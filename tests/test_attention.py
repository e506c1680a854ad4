"""Are those who are not ready nurtured, are leads on hand worked, and does an idea resonate?"""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MONDAY
from leadlib.errors import InvalidValue, LeadlibError, UnknownName
from leadlib.metrics import (
    BacklogState,
    CoverageState,
    Panel,
    Rate,
    Resonance,
    Throughput,
    backlog,
    nurture_coverage,
    proposition,
)

counts = st.lists(st.integers(0, 500), min_size=1, max_size=6)


def weeks(*counted, starts=()):
    return Throughput(counts=counted, starts=starts)


class TestCoverage:
    @pytest.mark.rule("003-07")
    def test_is_the_share_that_is_enrolled(self):
        found = nurture_coverage([f"L{n}" for n in range(300)], [f"L{n}" for n in range(30, 300)])

        assert found.rate == Rate(270, 300)
        assert found.rate.value == pytest.approx(0.9)
        assert found.state is CoverageState.PARTIAL
        assert found.left_out == tuple(f"L{n}" for n in range(30))

    @pytest.mark.rule("003-07")
    @pytest.mark.rule("003-40")
    def test_of_nobody_is_no_nurture(self):
        assert nurture_coverage(["a", "b"], []).state is CoverageState.NO_NURTURE
        assert nurture_coverage(["a", "b"], ["x"]).state is CoverageState.NO_NURTURE

    def test_of_everybody_is_full_and_of_nothing_is_no_fault(self):
        assert nurture_coverage(["a", "a"], ["a", "x"]).state is CoverageState.FULL
        assert nurture_coverage([], ["a"]).state is CoverageState.NOTHING_TO_NURTURE

    @given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdefxy")))
    def test_parts_sum(self, waiting, enrolled):
        found = nurture_coverage(waiting, enrolled)

        assert found.rate.k + len(found.left_out) == found.rate.n == len(waiting)
        assert set(found.left_out) == waiting - enrolled

    def test_is_plain_data(self):
        data = json.loads(json.dumps(nurture_coverage(["a", "b"], ["a"]).to_dict()))

        assert (data["state"], data["left_out"], data["rate"]["k"]) == ("partial", ["b"], 1)

    @pytest.mark.parametrize("ids", ["ab", None, [7], 3])
    def test_takes_lists_of_ids(self, ids):
        with pytest.raises(InvalidValue):
            nurture_coverage(ids, [])
        with pytest.raises(InvalidValue):
            nurture_coverage([], ids)


class TestBacklog:
    @pytest.mark.rule("003-37")
    def test_grows_if_more_come_than_are_worked(self):
        found = backlog(weeks(200), weeks(100))

        assert found.growth == 100
        assert found.state is BacklogState.GROWING

    @pytest.mark.parametrize(
        ("new", "worked", "growth", "state"),
        [
            ((200, 0), (100, 100), 0, BacklogState.NOT_DISTINGUISHABLE),
            ((100,), (200,), -100, BacklogState.SHRINKING),
            ((3,), (2,), 1, BacklogState.NOT_DISTINGUISHABLE),  # 3 of 5: [23.1, 88.2]
            ((0,), (0,), 0, BacklogState.NOT_DISTINGUISHABLE),
            ((60, 60), (40, 40), 20, BacklogState.GROWING),  # 120 of 200: [53.1, 66.5]
        ],
    )
    def test_is_told_only_if_chance_does_not_explain_it(self, new, worked, growth, state):
        found = backlog(weeks(*new), weeks(*worked))

        assert (found.growth, found.state) == (growth, state)

    @given(counts, st.data())
    def test_mirrors_itself(self, new, data):
        worked = data.draw(st.lists(st.integers(0, 500), min_size=len(new), max_size=len(new)))
        there, back = backlog(weeks(*new), weeks(*worked)), backlog(weeks(*worked), weeks(*new))

        assert there.growth == -back.growth
        assert (there.state is BacklogState.GROWING) == (back.state is BacklogState.SHRINKING)

    def test_is_plain_data(self):
        data = json.loads(json.dumps(backlog(weeks(200), weeks(100)).to_dict()))

        assert data == {"new": [200], "worked": [100], "growth": 100.0, "state": "growing"}

    def test_is_of_the_same_periods(self):
        later = [MONDAY + timedelta(days=7)]
        for new, worked in (
            (weeks(1, 2), weeks(1)),
            (weeks(), weeks()),
            (weeks(1, starts=[MONDAY]), weeks(1, starts=later)),
            (weeks(1), [1]),
        ):
            with pytest.raises(InvalidValue):
                backlog(new, worked)


class TestProposition:
    @pytest.mark.rule("004-12")
    def test_resonates_if_more_respond_than_by_chance(self):
        found = proposition(Rate(27, 260), Rate(12, 240))

        assert found.resonance is Resonance.RESONATES
        assert found.comparison.difference == pytest.approx(0.0538, abs=5e-5)
        assert found.comparison.interval == pytest.approx((0.0066, 0.102), abs=5e-4)
        assert found.comparison.z == pytest.approx(2.243, abs=5e-4)
        assert found.comparison.p == pytest.approx(0.0249, abs=5e-5)

    @pytest.mark.parametrize(
        ("tried", "control", "resonance"),
        [
            (Rate(12, 240), Rate(27, 260), Resonance.FALLS_FLAT),
            (Rate(13, 260), Rate(12, 240), Resonance.NOT_DISTINGUISHABLE),
            (Rate(0, 0), Rate(12, 240), Resonance.NOT_DISTINGUISHABLE),
            (Rate(3, 4), Rate(1, 4), Resonance.NOT_DISTINGUISHABLE),
        ],
    )
    def test_may_fall_flat_or_not_be_told(self, tried, control, resonance):
        assert proposition(tried, control).resonance is resonance

    @pytest.mark.rule("004-17")
    def test_names_the_panels_that_were_not_asked(self):
        found = proposition(Rate(1, 2), Rate(1, 2), panels=["sales", "channel", "customers"])

        assert found.missing == (Panel.NON_CUSTOMERS,)
        assert proposition(Rate(1, 2), Rate(1, 2)).missing == tuple(Panel)
        assert proposition(Rate(1, 2), Rate(1, 2), panels=Panel).missing == ()
        assert "not asked: non-customers" in str(found)

    def test_is_plain_data(self):
        data = json.loads(json.dumps(proposition(Rate(27, 260), Rate(12, 240)).to_dict()))

        assert data["resonance"] == "resonates"
        assert data["missing"] == ["channel", "customers", "sales", "non-customers"]

    def test_refuses_what_is_none(self):
        with pytest.raises(UnknownName):
            proposition(Rate(1, 2), Rate(1, 2), panels=["friends"])
        for tried, control, panels in (
            (0.5, Rate(1, 2), []),
            (Rate(1, 2), None, []),
            (Rate(1, 2), Rate(1, 2), "sales"),
            (Rate(1, 2), Rate(1, 2), None),
        ):
            with pytest.raises(LeadlibError):
                proposition(tried, control, panels=panels)
