"""What the metrics want: a log, or standings; the other is refused by name, with what to do."""

import inspect
from datetime import UTC, datetime

import pytest

from leadlib import STANDARD, metrics
from leadlib.errors import InvalidValue
from leadlib.lifecycle import Inquired
from leadlib.metrics import FrameLog, StageLog

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


def test_who_wants_verdicts_or_campaigns_says_so():
    with pytest.raises(InvalidValue, match=r"expected verdicts, .* got a StageLog @ verdicts"):
        metrics.audit_handoffs(LOG)
    with pytest.raises(InvalidValue, match="expected results of campaigns, got a StageLog"):
        metrics.rank(LOG)
