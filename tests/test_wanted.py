"""What the metrics want: a log, or standings; the other is refused by name, with what to do."""

import inspect
from datetime import UTC, datetime, timedelta

import pytest

from leadlib import STANDARD, metrics
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Inquired
from leadlib.metrics import FrameLog, StageLog

np = pytest.importorskip("numpy")
pl = pytest.importorskip("polars")

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
ROWS = [("a", "new", MONDAY), ("a", "won", MONDAY)]
LOG = StageLog.from_rows(ROWS)
FRAME = FrameLog.from_frame(
    pl.DataFrame(ROWS, schema=["lead", "stage", "at"], orient="row"),
    lead="lead",
    stage="stage",
    at="at",
)
GIVEN = {
    "stages": ["new", "won"],
    "start": "new",
    "goal": "won",
    "stage": "won",
    "within": "30 days",
    "assigned": {"a": "nurtured"},
    "lifecycle": STANDARD,
}


def asking(parameter):
    """The functions with this parameter, each with the others that it needs."""
    for name in metrics.__all__:
        count = getattr(metrics, name)
        if inspect.isfunction(count):
            needed = {
                own.name: GIVEN.get(own.name, MONDAY)
                for own in inspect.signature(count).parameters.values()
                if own.default is own.empty and own.name != parameter
            }
            if parameter in inspect.signature(count).parameters:
                yield pytest.param(count, needed, id=name)


@pytest.mark.parametrize(("count", "needed"), [*asking("standings")])
@pytest.mark.parametrize("given", [LOG, FRAME, {}, "standings", 7])
def test_who_wants_standings_says_so(count, needed, given):
    with pytest.raises(InvalidValue, match=r"expected standings of leads, as lifecycle.replay_all"):
        count(standings=given, **needed)


@pytest.mark.parametrize(("count", "needed"), [*asking("log")])
@pytest.mark.parametrize("given", [None, 7, [STANDARD.replay([Inquired(lead="a", at=MONDAY)])]])
def test_who_wants_a_log_says_so(count, needed, given):
    with pytest.raises(InvalidValue, match=r"expected a stage log, as StageLog.from_rows"):
        count(log=given, **needed)


@pytest.mark.parametrize("name", ["conformance", "passes", "time_to_stage", "uplift"])
def test_who_goes_through_leads_says_how_to_copy_a_frame(name):
    [(count, needed)] = [own.values for own in asking("log") if own.id == name]

    with pytest.raises(InvalidValue, match=r"a log in Python for this question: log\.collect\(\)"):
        count(log=FRAME, **needed)


@pytest.mark.parametrize("number", [int, np.int64])
def test_stages_that_are_whole_numbers_are_named_by_them(number):
    new, won, lost = map(number, range(3))
    day = timedelta(days=1)
    rows = [("a", 0, MONDAY), ("b", 0, MONDAY), ("a", 1, MONDAY + day), ("b", 2, MONDAY + day)]
    log = StageLog.from_rows(rows, closed=[lost])
    counted = metrics.funnel(log, stages=[new, won], closed=[lost])

    assert counted[new].left == 1
    assert counted.conversion(new, won).rate == metrics.Rate(1, 2)
    assert metrics.cohorts(log, stages=[new, won]).goal == "1"
    assert metrics.time_to_stage(log, won, start=new, competing=[lost]).leads == 2
    assert metrics.passes(log, start=new, goal=won).arrived == 1
    week = {"since": MONDAY, "every": "1 week", "as_of": MONDAY + 7 * day}
    assert metrics.throughput(log, won, **week).counts == (1,)
    assert metrics.leakage(log, stages=[new, won], closed=[lost]).lost == 1


@pytest.mark.parametrize("stage", [True, 1.0, None, 2**60])
def test_what_is_no_name_of_a_stage_is_refused_with_its_place(stage):
    with pytest.raises(InvalidValue, match=r"expected text, got .* @ stages"):
        metrics.funnel(LOG, stages=["new", stage])


def test_who_wants_verdicts_or_campaigns_says_so():
    with pytest.raises(InvalidValue, match=r"expected verdicts, .* got a StageLog @ verdicts"):
        metrics.audit_handoffs(LOG)
    with pytest.raises(InvalidValue, match="expected results of campaigns, got a StageLog"):
        metrics.rank(LOG)
