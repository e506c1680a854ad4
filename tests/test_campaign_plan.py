"""The plan of a campaign says what it lacks and when it runs."""

from datetime import UTC, datetime

import pytest

from leadlib.errors import InvalidValue
from leadlib.model import Campaign, active_campaigns

JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PLAN = {
    "name": "C1",
    "audience": "plant managers",
    "offer": "line audit",
    "definition": "sales-ready v3",
    "target": 100,
    "guidance": "ask for the bottleneck",
    "starts": JANUARY,
    "ends": FEBRUARY,
}


class TestCampaign:
    @pytest.mark.rule("001-06")
    def test_names_what_its_plan_lacks(self):
        assert Campaign(**PLAN).missing == ()
        assert Campaign(**PLAN | {"guidance": None}).missing == ("guidance",)

    def test_with_a_name_alone_lacks_all_else(self):
        assert Campaign(name="C1").missing == tuple(part for part in PLAN if part != "name")

    def test_runs_from_its_start_and_is_open_where_nothing_is_said(self):
        before = datetime(2025, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)

        assert [Campaign(**PLAN).is_active(at) for at in (before, JANUARY)] == [False, True]
        assert Campaign(name="C3").is_active(before)
        assert Campaign(name="C4", ends=JANUARY).is_active(before)
        assert not Campaign(name="C4", ends=JANUARY).is_active(JANUARY)
        with pytest.raises(InvalidValue, match="at"):
            Campaign(**PLAN).is_active(datetime(2026, 1, 1))

    @pytest.mark.parametrize(
        "wrong",
        [
            {"name": ""},
            {"target": 0},
            {"target": True},
            {"target": 1.5},
            {"starts": datetime(2026, 1, 1)},
            {"ends": JANUARY},
            {"guidance": 5},
        ],
    )
    def test_refuses_what_cannot_be_meant(self, wrong):
        with pytest.raises(InvalidValue, match=rf"\$\.{next(iter(wrong))}"):
            Campaign(**PLAN | wrong)


class TestActiveCampaigns:
    @pytest.mark.rule("001-14")
    def test_are_those_that_run_and_one_that_ends_is_over(self):
        """C1 runs in January, C2 from the 20th on."""
        plans = [Campaign(name="C2", starts=datetime(2026, 1, 20, tzinfo=UTC)), Campaign(**PLAN)]
        running = [
            [plan.name for plan in active_campaigns(plans, at)]
            for at in (datetime(2026, 1, 25, tzinfo=UTC), FEBRUARY)
        ]

        assert running == [["C1", "C2"], ["C2"]]

    def test_come_by_start_then_by_name(self):
        plans = [Campaign(name=name, starts=JANUARY) for name in "ba"] + [Campaign(name="z")]

        assert [plan.name for plan in active_campaigns(plans, JANUARY)] == ["z", "a", "b"]

    def test_are_campaigns_at_an_aware_instant(self):
        with pytest.raises(InvalidValue, match="campaigns"):
            active_campaigns(["C1"], JANUARY)
        with pytest.raises(InvalidValue, match="at"):
            active_campaigns([], datetime(2026, 1, 1))
