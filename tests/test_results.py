"""Every result prints, gives plain data, rows and frames, and a page that is safe and small."""

import functools
import inspect
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

import attrs
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from builders import DAY, MONDAY, STAFF, a_certificate, an_inquiry, leads
from leadlib import metrics
from leadlib.errors import DefinitionMismatch, InvalidValue, MissingExtra, UnknownName
from leadlib.lifecycle import (
    HANDED_OFF,
    STANDARD,
    Accepted,
    Attempted,
    Deferred,
    Disqualified,
    HandedBack,
    HandedOff,
    Inquired,
    OpportunityOpened,
    Qualified,
    SalesQualified,
    Triaged,
    Won,
)
from leadlib.metrics import (
    CampaignResult,
    Durations,
    FrameLog,
    Mix,
    Override,
    Rate,
    Result,
    StageLog,
    Supply,
)
from leadlib.model import Lead
from leadlib.qualification import LeadDefinition
from leadlib.worktime import WorkCalendar

NOW = MONDAY + 60 * DAY
OFFICE = WorkCalendar(zone=UTC)
STAGES = ["inquiry", "qualified", "won"]
EVIL = '</td><script>alert(1)</script>"&'


def day(number):
    return datetime(2026, 1, 5, tzinfo=UTC) + number * DAY


def a_log(name="won"):
    """Forty leads of three months, of which some advance, are won and are lost."""
    rows = [(f"L{n:02}", "inquiry", day(2 * n), 0, "fair" if n % 2 else "web") for n in range(40)]
    rows += [(f"L{n:02}", "qualified", day(2 * n + 3), 0, None) for n in range(0, 40, 2)]
    rows += [(f"L{n:02}", name, day(2 * n + 9), 0, None) for n in range(0, 40, 4)]
    rows += [(f"L{n:02}", "lost", day(2 * n + 5), 0, None) for n in range(1, 40, 8)]
    return StageLog.from_rows(rows, by=["origin"])


def a_customer(lead="C"):
    first, second = (a_certificate(lead, at=MONDAY + n * DAY) for n in (5, 48))
    steps = [
        (0, Inquired, {}),
        (4, Triaged, {}),
        (5, Qualified, {"certificate": first}),
        (6, HandedOff, {"certificate": first, "to": "sam", "brief": "b-1"}),
        (7, Accepted, {}),
        (8, Attempted, {"reached": True}),
        (17, HandedBack, {"reason": "timing"}),
        (18, Deferred, {}),
        (47, Triaged, {}),
        (48, Qualified, {"certificate": second}),
        (49, HandedOff, {"certificate": second, "to": "sam", "brief": "b-2"}),
        (50, Accepted, {}),
        (51, Attempted, {}),
        (53, SalesQualified, {}),
        (54, OpportunityOpened, {"amount": Decimal(40_000), "currency": "EUR"}),
        (55, Won, {}),
    ]
    return STANDARD.replay(kind(lead=lead, at=MONDAY + n * DAY, **more) for n, kind, more in steps)


@functools.cache
def standings():
    others = leads(
        (3, (Accepted, 1), (Attempted, 2)),
        (2, (HandedBack, 2, {"reason": "timing"})),
        (2,),
        (1, (Accepted, 1), (HandedBack, 3, {"reason": "no budget"})),
    )
    ruled_out = STANDARD.replay(
        [
            Inquired(lead="R", at=MONDAY),
            Disqualified(lead="R", at=MONDAY + DAY, reason="competitor"),
        ]
    )
    return [a_customer(), ruled_out, *others]


def verdicts():
    definition = LeadDefinition("sales-ready", STAFF >= 50)
    for number, staff in enumerate([60, 10]):
        name = f"i-{number}"
        yield definition.judge(
            Lead(id=name, inquiries=[an_inquiry(id=name, facts={"staff": staff})])
        )


def durations(*days):
    return Durations.from_rows((timedelta(days=n), "won" if n % 3 else None) for n in days)


def campaign(name, wins):
    return CampaignResult(
        name=name,
        inquiries=400,
        accepted=30,
        wins=wins,
        spend=Decimal(8_000),
        value=Decimal(90_000),
        currency="EUR",
    )


def made():
    """Give one small instance of every result."""
    log = a_log()
    counted = metrics.funnel(log, stages=STAGES, by="origin")
    yield counted
    yield counted.conversion("inquiry", "won")
    yield metrics.cohorts(log, stages=STAGES)
    yield metrics.converted_within(log, stages=STAGES, within="30 days")
    yield metrics.period_ratios(log, stages=STAGES)
    yield metrics.leakage(log, stages=STAGES, causes={"L01": "went cold"})
    yield metrics.passes(log, start="inquiry", goal="won")
    yield metrics.time_to_stage(log, "won", by="origin")
    yield metrics.conformance(log, STANDARD, stall=timedelta(days=3))
    yield metrics.throughput(log, "inquiry", since=day(0), every="1 week")
    yield metrics.flows(log)
    yield metrics.Throughput(counts=[20, 22]).against(260, periods=13)
    yield metrics.kaplan_meier(durations(1, 2, 3, 4, 9))
    yield metrics.cumulative_incidence(durations(1, 2, 3, 4, 9))
    yield metrics.log_rank(durations(1, 2, 3, 4), durations(5, 7, 8, 9))
    yield durations(1, 2, 3)
    yield Rate(60, 400)
    yield metrics.compare(Rate(30, 400), Rate(18, 420))
    yield metrics.compare_all({"a": Rate(30, 400), "b": Rate(18, 420), "c": Rate(0, 0)})
    yield metrics.drift(Rate(9, 1_000), 0.015)
    yield Mix(counts={"marketing": 57, "sales": 43})
    yield metrics.alignment(Rate(9, 10), Rate(7, 10))
    yield metrics.diagnose(
        quality=Rate(130, 130),
        quantity=Supply(delivered=130, promised=100),
        follow_up=Rate(28, 130),
    )
    yield metrics.audit_handoffs(verdicts(), [Override(lead="i-1", reason="met", approver="sam")])
    yield metrics.decide(campaign("new", 9), campaign("old", 4))
    yield metrics.scorecard(campaign("new", 9), campaign("new", 4))
    yield metrics.move_budget(2_000, giver=campaign("new", 9), taker=campaign("old", 4))
    yield metrics.uplift(log, assigned=lots(log), goal="won")
    yield metrics.complaints(Rate(24, 10_000))
    yield metrics.proposition(Rate(27, 260), Rate(12, 240), panels=["sales"])
    yield metrics.nurture_coverage(["a", "b", "c"], ["a"])
    yield metrics.backlog(metrics.Throughput(counts=[20, 22]), metrics.Throughput(counts=[9, 4]))
    yield from of_standings(standings())


def lots(log):
    """Every fourth lead is left alone."""
    return {lead: "nurtured" if n % 4 else "hold-out" for n, lead in enumerate(log.leads)}


def of_standings(given):
    """Give the results that are read from standings, which may be an iterator."""
    told, now = [*given], {"now": NOW}
    clock = STANDARD.deadline(HANDED_OFF, "first attempt")
    served = {"now": NOW, "calendar": OFFICE}
    by_name = dict.fromkeys(["C", "R", *(f"L00{n}" for n in range(8))], "fair")
    yield metrics.acceptance(iter(told), **now)
    yield metrics.acceptance_trend(told, **now)
    yield metrics.recycle_yield(told, **now, mature=timedelta(days=10))
    yield metrics.breaches(told, STANDARD, **served)
    yield metrics.ruled_out_by(told, by_name, above=0.1, **now)
    yield metrics.leak_causes(told, **now)
    yield metrics.persistence(told, **now)
    yield metrics.selling_time(told, **now)
    yield metrics.follow_up(told, **now)
    yield metrics.untouched(told, **now)
    yield metrics.journey("C", told, **now)
    yield metrics.time_to_sales_ready(told, **now)
    yield metrics.contact_rates(told, **now)
    yield metrics.revenue_by(told, by_name, **now)
    yield metrics.service_level(told, clock, **served)
    yield metrics.two_sides(told, clock, promised=10, **served)
    yield metrics.census(told, **now)
    yield metrics.dwell_times(told, **now)


@functools.cache
def results():
    return {type(result).__name__: result for result in made()}


NO_RESULTS = {
    # what goes in
    "CampaignResult", "FrameLog", "LogBuilder", "LongTable", "OpportunityTable", "Override",
    "StageLog", "Supply", "TableShape", "WideTable",
    # what the numbers mean, and where they come from
    "FunnelDefinition", "Origin", "PassageDefinition",
    # one row, or one part, of a result
    "AgeBucket", "BelowDefinition", "Breach", "Cohort", "ComparedPair", "FunnelStep", "HandBacks",
    "IncidenceStep", "LeadTime", "Move", "MovedBudget", "Offer", "OwnedRate", "PeriodRatio",
    "ResponseBucket", "RevenueGroup", "StageTime", "Stall", "Stop", "SurvivalStep",
    "UntouchedLead", "Variant", "WindowedCohort",
}  # fmt: skip
READ_FROM_A_LOG = {
    "Cohorts", "Conformance", "Conversion", "Flows", "Funnel", "Leakage", "Passes", "PeriodRatios",
    "Throughput", "TimeToStage", "Uplift", "WindowedConversion",
}  # fmt: skip
READ_FROM_STANDINGS = {
    "Acceptance", "AcceptanceTrend", "Breaches", "Census", "ContactRates", "DwellTimes",
    "FollowUp", "Journey", "LeakCauses", "Persistence", "RecycleYield", "Revenue", "RuledOutBy",
    "SalesReady", "SellingTime", "ServiceLevel", "TwoSides", "Untouched",
}  # fmt: skip


def values():
    """Name the public classes of values: no enumerations and no protocols."""
    names = {name: getattr(metrics, name) for name in metrics.__all__}
    return {name: kind for name, kind in names.items() if inspect.isclass(kind) and attrs.has(kind)}


@pytest.fixture(params=sorted(results()))
def result(request):
    return results()[request.param]


def test_every_value_is_a_result_or_named_as_something_else():
    assert set(values()) == set(results()) | NO_RESULTS
    assert set(results()).isdisjoint(NO_RESULTS)
    assert all(issubclass(values()[name], Result) for name in results())


class TestEveryResult:
    def test_prints_itself(self, result):
        shown = str(result)

        assert shown.strip()
        assert "None" not in shown
        assert "nan" not in shown.lower()

    def test_is_plain_data(self, result):
        plain = result.to_dict()

        assert json.loads(json.dumps(plain, allow_nan=False)) == plain

    def test_has_records_of_plain_values_under_one_head(self, result):
        records = result.to_records()

        assert records
        assert len({tuple(record) for record in records}) == 1
        kinds = {type(value) for record in records for value in record.values()}
        assert kinds <= {str, int, float, bool, type(None)}

    @pytest.mark.parametrize(
        ("backend", "kind"),
        [("pandas", pd.DataFrame), ("polars", pl.DataFrame), ("pyarrow", pa.Table)],
    )
    def test_is_a_frame_of_any_library(self, result, backend, kind):
        frame = result.to_frame(backend)
        records = result.to_records()

        assert isinstance(frame, kind)
        assert [*(frame.column_names if kind is pa.Table else frame.columns)] == [*records[0]]
        assert len(frame) == len(records)

    def test_is_a_page_that_is_whole_small_and_loads_nothing(self, result):
        page = result._repr_html_()

        assert ET.fromstring(page).find(".//table") is not None
        assert len(page) < 12_000
        for mark in ("<script", "href", "src=", "url(", "@import"):
            assert mark not in page

    def test_is_frozen(self, result):
        field = attrs.fields(type(result))[0].name

        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(result, field, None)


class TestRecords:
    """Rows worked out by hand: one for each line of the table that is printed."""

    def test_of_leakage_are_three_rates_and_the_causes(self):
        """40 leads: 10 arrived, 25 open, 5 lost, of which one has a cause."""
        rows = results()["Leakage"].to_records()

        assert [(row["leakage"], row["k"], row["n"]) for row in rows] == [
            ("of resolved", 5, 15),
            ("open as lost", 30, 40),
            ("open as kept", 5, 40),
            ("went cold", 1, 5),
            (None, 4, 5),
        ]

    def test_of_passes_are_three_rates(self):
        rows = results()["Passes"].to_records()

        assert [(row["rate of"], row["k"], row["n"]) for row in rows] == [
            ("first pass", 10, 40),
            ("eventual", 10, 40),
            ("per pass", 10, 40),
        ]

    def test_of_throughput_are_periods_whether_or_not_their_start_is_known(self):
        """A lead every second day: four in the first week, three in the second."""
        known = results()["Throughput"].to_records()
        given = metrics.Throughput(counts=[20, 22]).to_records()

        assert known[:2] == [
            {"start": day(0).isoformat(), "leads": 4},
            {"start": day(7).isoformat(), "leads": 3},
        ]
        assert given == [{"start": None, "leads": 20}, {"start": None, "leads": 22}]

    def test_of_a_log_rank_test_are_two_groups_with_one_test(self):
        a, b = results()["LogRank"].to_records()

        assert (a["group"], a["observed"], b["group"], b["observed"]) == ("a", 3, "b", 3)
        assert a["expected"] + b["expected"] == pytest.approx(6)
        assert (a["chi2"], a["p"]) == (b["chi2"], b["p"])

    def test_of_durations_are_times_and_outcomes(self):
        assert durations(1, 1, 2, 3).to_records() == [
            {"days": 1.0, "cause": "won", "leads": 2},
            {"days": 2.0, "cause": "won", "leads": 1},
            {"days": 3.0, "cause": None, "leads": 1},
        ]

    def test_of_two_campaigns_or_two_periods_are_two_rows(self):
        assert [row["name"] for row in results()["BudgetMove"].to_records()] == ["new", "old"]
        before, now = results()["Scorecard"].to_records()

        assert before["acceptance_k"] == now["acceptance_k"] == 30
        assert before["currency"] == "EUR"

    def test_of_what_goes_by_name_have_the_name_in_a_column_of_its_own(self):
        assert results()["Mix"].to_records()[0]["part"] == "marketing"
        assert results()["Census"].to_records()[0] == {"stage": "customer", "leads": 1}
        assert {row["bucket"] for row in results()["ContactRates"].to_records()} == {
            "up to 1 h", "up to 24 h", "over 24 h", "untouched",
        }  # fmt: skip
        assert {row["lead"] for row in results()["SalesReady"].to_records()} >= {"C", "L000"}

    def test_of_leak_causes_are_those_of_its_leakage(self):
        causes = results()["LeakCauses"]

        assert causes.to_records() == causes.leakage.to_records()

    def test_of_uplift_are_arms_of_which_one_is_held_out(self):
        """Leads 0, 4, 8, ... are held out, and just those are won: 10 of 10, and 0 of 30."""
        held, nurtured = results()["Uplift"].to_records()

        assert (held["arm"], held["k"], held["n"], held["uplift"]) == ("hold-out", 10, 10, None)
        assert (nurtured["k"], nurtured["n"], nurtured["uplift"]) == (0, 30, -1)
        assert nurtured["uplift_low"] < -0.5 > nurtured["uplift_high"]

    def test_of_a_backlog_are_periods_with_what_came_and_what_was_worked(self):
        assert results()["Backlog"].to_records() == [
            {"start": None, "new": 20, "worked": 9},
            {"start": None, "new": 22, "worked": 4},
        ]

    def test_of_coverage_count_those_left_out(self):
        [row] = results()["NurtureCoverage"].to_records()

        assert (row["rate_k"], row["rate_n"], row["left_out"]) == (1, 3, 2)

    def test_of_one_row_have_parts_side_by_side_and_both_ends_of_an_interval(self):
        [row] = results()["Conversion"].to_records()

        assert (row["conversion_k"], row["conversion_n"], row["of_closed_n"]) == (10, 40, 15)
        assert row["conversion_low"] < row["conversion_rate"] < row["conversion_high"]
        assert not [name for name in row if name.startswith(("definition", "fingerprint"))]


class TestFromALog:
    def test_are_those_that_say_where_they_come_from(self):
        says = {name for name, result in results().items() if hasattr(result, "fingerprint")}

        assert says == READ_FROM_A_LOG | READ_FROM_STANDINGS

    @pytest.mark.parametrize("name", sorted(READ_FROM_A_LOG))
    @pytest.mark.rule("002-11", part="every result of a log")
    def test_carry_definition_fingerprint_and_as_of(self, name):
        """The same for the same input, and not for another."""
        first = results()[name]
        again, other = (own_results(log)[name] for log in (a_log(), a_log("sold")))

        assert first.definition
        assert first.as_of == day(81)  # the last event: lead 36 is won nine days after day 72
        assert first.fingerprint == again.fingerprint != other.fingerprint
        assert len(first.fingerprint) == 64
        assert first.to_dict()["fingerprint"] == first.fingerprint
        assert first.to_dict()["definition"]
        assert first.to_dict()["as_of"] == first.as_of.isoformat()

    @pytest.mark.parametrize("name", sorted(READ_FROM_STANDINGS))
    @pytest.mark.rule("002-11", part="every result of standings")
    def test_of_standings_carry_them_too(self, name):
        """The same in any order, and not if one lead more is told."""
        first = results()[name]
        again, other = (
            {type(result).__name__: result for result in of_standings(given)}[name]
            for given in (standings()[::-1], [*standings(), a_customer("D")])
        )

        assert first.as_of == NOW
        assert first.definition["metric"]
        assert first.fingerprint == again.fingerprint != other.fingerprint
        plain = first.to_dict()
        assert plain["fingerprint"] == first.fingerprint
        assert plain["definition"] == dict(first.definition)
        assert plain["as_of"] == NOW.isoformat()
        assert first == again

    def test_of_another_question_have_another_fingerprint(self):
        few, many = (metrics.persistence(standings(), now=NOW, least=n) for n in (1, 6))
        monday, tuesday = (
            metrics.breaches(
                standings(),
                STANDARD,
                now=NOW,
                calendar=WorkCalendar(hours={weekday: [(time(9), time(17))]}),
            )
            for weekday in (0, 1)
        )

        assert few.fingerprint != many.fingerprint
        assert (few.definition["least"], many.definition["least"]) == (1, 6)
        assert monday.fingerprint != tuesday.fingerprint

    def test_of_later_events_are_the_same_as_before(self):
        then = MONDAY + 30 * DAY
        until = [standing.as_of(then) for standing in standings()]
        late, early = (metrics.census(given, now=then) for given in (standings(), until))

        assert late.fingerprint == early.fingerprint

    def test_of_the_same_standing_given_twice_count_it_once(self):
        twice, once = (
            metrics.census(given, now=NOW)
            for given in ([*standings(), standings()[0]], standings())
        )

        assert twice.fingerprint == once.fingerprint

    def test_are_the_same_whichever_engine_has_the_log(self):
        """A log that stays in its frame has prints of its own, which are those of any engine."""
        own = a_log()
        frame = pl.DataFrame(
            {
                "lead": [own.leads[lead] for lead in own.lead],
                "stage": [own.stages[stage] for stage in own.stage],
                "at": pl.Series([*own.at], dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
            }
        )
        there, elsewhere = (
            FrameLog.from_frame(table, lead="lead", stage="stage", at="at")
            for table in (frame, frame.to_arrow())
        )
        for measure in (
            lambda log: metrics.cohorts(log, stages=STAGES),
            lambda log: metrics.leakage(log, stages=STAGES),
            lambda log: metrics.period_ratios(log, stages=STAGES),
            lambda log: metrics.converted_within(log, stages=STAGES, within="30 days"),
            lambda log: metrics.funnel(log, stages=STAGES).conversion("inquiry", "won"),
            lambda log: metrics.throughput(log, "inquiry", since=day(0), every="1 week"),
            metrics.flows,
        ):
            found = measure(there)
            assert found == measure(own)
            assert found.definition == measure(own).definition
            assert found.fingerprint == measure(elsewhere).fingerprint
            assert len(found.fingerprint) == 64

    def test_given_by_hand_come_from_nowhere_and_say_so(self):
        for given in (metrics.Leakage(arrived=1, open=0, lost=1), metrics.Throughput(counts=[3])):
            assert (given.definition, given.as_of, given.fingerprint) == (None, None, None)
            assert "fingerprint" not in given.to_dict()

    def test_of_other_lots_have_another_fingerprint(self):
        log = a_log()
        first, other, touched = (
            metrics.uplift(log, assigned=assigned, goal="won", touched=seen)
            for assigned, seen in (
                (lots(log), ()),
                (lots(log) | {"L00": "nurtured"}, ()),
                (lots(log), ["L01"]),
            )
        )

        assert len({first.fingerprint, other.fingerprint, touched.fingerprint}) == 3
        assert "L00" not in str(first.definition)

    def test_are_equal_by_their_numbers(self):
        """A number is the same whether it was counted or given."""
        counted = metrics.leakage(a_log(), stages=STAGES)

        assert counted == metrics.Leakage(arrived=10, open=25, lost=5)


def own_results(log):
    """Give the results that are read from this log."""
    goal = next(name for name in ("won", "sold") if name in log.stages)
    stages = ["inquiry", "qualified", goal]
    counted = metrics.funnel(log, stages=stages, by="origin")
    found = [
        counted,
        counted.conversion("inquiry", goal),
        metrics.cohorts(log, stages=stages),
        metrics.converted_within(log, stages=stages, within="30 days"),
        metrics.period_ratios(log, stages=stages),
        metrics.leakage(log, stages=stages, causes={"L01": "went cold"}),
        metrics.passes(log, start="inquiry", goal=goal),
        metrics.time_to_stage(log, goal, by="origin"),
        metrics.conformance(log, STANDARD, stall=timedelta(days=3)),
        metrics.throughput(log, "inquiry", since=day(0), every="1 week"),
        metrics.flows(log),
        metrics.uplift(log, assigned=lots(log), goal=goal),
    ]
    return {type(result).__name__: result for result in found}


class TestNothing:
    """0/0 is None, and prints as ``-``."""

    @pytest.mark.parametrize(
        "result",
        [
            Rate(0, 0),
            metrics.compare(Rate(0, 0), Rate(0, 0)),
            metrics.log_rank(Durations(), Durations()),
        ],
        ids=lambda result: type(result).__name__,
    )
    def test_prints_as_a_dash(self, result):
        assert str(result) == "-"
        assert "<td>-</td>" in result._repr_html_()

    def test_of_one_group_leaves_the_others_alone(self):
        counted = metrics.funnel(a_log(), stages=STAGES, by="origin")
        nobody = next(
            r for r in counted.to_records() if r["origin"] == "fair" and r["reached"] == 0
        )

        assert (nobody["rate"], nobody["low"], nobody["high"]) == (None, None, None)
        assert counted.to_frame("polars")["rate"].null_count() == 3
        assert counted.to_frame("pandas")["rate"].isna().sum() == 3

    @pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
    def test_makes_a_frame_without_rows(self, backend):
        assert len(metrics.kaplan_meier(Durations()).to_frame(backend)) == 0


class TestFrames:
    def test_of_other_libraries_are_refused_with_their_names(self):
        with pytest.raises(UnknownName, match="did you mean 'polars'"):
            Rate(1, 2).to_frame("polar")
        with pytest.raises(UnknownName):
            Rate(1, 2).to_frame(None)

    def test_of_a_library_that_is_not_there_name_it(self, monkeypatch):
        def absent(*_, **__):
            raise ModuleNotFoundError

        from leadlib._frames import narwhals

        monkeypatch.setattr(narwhals(), "from_dict", absent)
        with pytest.raises(MissingExtra, match="expected polars"):
            Rate(1, 2).to_frame("polars")

    def test_have_numbers_where_the_records_have_them(self):
        frame = metrics.cohorts(a_log(), stages=STAGES).to_frame("polars")

        assert frame["entered"].to_list() == [14, 14, 12]
        assert frame["rate"].to_list() == pytest.approx([4 / 14, 3 / 14, 3 / 12])
        assert frame.schema["entered"] == pl.Int64

    def test_of_texts_and_numbers_in_one_column_are_texts(self):
        ended = metrics.compare_all({"a": Rate(1, 2), "b": Rate(0, 0)}).to_frame("pyarrow")
        labels = metrics.revenue_by(standings(), {"C": 7, "L000": "fair"}, now=NOW)

        assert ended.num_rows == 1
        assert labels.to_frame("polars").height == len(labels.groups)


class TestPages:
    def test_show_a_stage_as_text_whatever_it_is_called(self):
        log = a_log(EVIL)
        for result in (
            metrics.cohorts(log, stages=["inquiry", EVIL]),
            metrics.conformance(log, STANDARD),
            metrics.passes(log, start="inquiry", goal=EVIL),
            metrics.time_to_stage(log, EVIL),
            Mix(counts={EVIL: 1, "b": 2}),
        ):
            page = result._repr_html_()
            assert "<script" not in page
            assert ET.fromstring(page) is not None

    def test_of_cohorts_are_a_heat_map_in_which_more_is_darker(self):
        page = ET.fromstring(metrics.cohorts(a_log(), stages=STAGES)._repr_html_())
        svg = "{http://www.w3.org/2000/svg}"
        ink = [path.get("fill-opacity") for path in page.iter(f"{svg}path")]

        # Of 14: 4 won, 8 open, 2 lost; of 14: 3, 9, 2; of 12: 3, 8, 1.
        assert ink[:3] == ["0.29", "0.57", "0.14"]
        assert ink[3:] == ["0.21", "0.64", "0.14", "0.25", "0.67", "0.08"]
        assert "≥ marks young months" in "".join(page.itertext())

    def test_of_many_rows_are_cut_and_say_so(self):
        page = metrics.kaplan_meier(durations(*range(1, 101)))._repr_html_()

        assert "<p>and 76 more</p>" in page


class TestComparing:
    """Numbers of different definitions are compared only if somebody asks for it."""

    @pytest.fixture
    def rates(self):
        log = a_log()
        return {
            way: metrics.funnel(log, stages=STAGES, counting=way).conversion("inquiry", "won")
            for way in ("at least", "strict")
        }

    @pytest.mark.rule("003-30", part="funnels and cohorts")
    def test_two_ways_of_counting_is_refused(self, rates):
        with pytest.raises(DefinitionMismatch) as caught:
            metrics.compare(rates["at least"], rates["strict"])
        with pytest.raises(DefinitionMismatch):
            metrics.compare_all(rates)

        assert (caught.value.expected, caught.value.got) == ("counting at least", "counting strict")
        assert caught.value.where == "b against a"

    def test_two_ways_of_counting_is_done_if_asked_for(self, rates):
        a, b = rates["at least"], rates["strict"]

        assert metrics.compare(a, b, across=True) == metrics.compare(a.rate, b.rate)
        assert metrics.compare_all(rates, across=True).pairs[0].comparison == metrics.compare(
            a.rate, b.rate
        )

    def test_every_definition_is_read_by_the_names_of_its_parts(self):
        log = a_log()
        counted = metrics.funnel(log, stages=STAGES, closed=["lost"])
        months = metrics.cohorts(log, stages=STAGES, closed=["lost"])
        time = metrics.time_to_stage(log, "won", competing=["lost"])

        assert counted.definition["stages"] == months.definition["stages"] == list(STAGES)
        assert counted.definition["closed"] == months.definition["closed"] == ["lost"]
        assert time.definition["competing"] == ["lost"]
        with pytest.raises(UnknownName, match="did you mean 'closed'"):
            _ = counted.definition["close"]

    @pytest.mark.rule("003-30", part="funnels and cohorts")
    def test_two_instants_is_refused_unless_asked_for(self):
        log = a_log()
        early, late = (
            metrics.funnel(log, stages=STAGES, as_of=day(n), closed=["lost"]).conversion(
                "inquiry", "won"
            )
            for n in (60, 90)
        )

        with pytest.raises(DefinitionMismatch) as caught:
            metrics.compare(late, early)
        assert caught.value.expected.startswith("as of 2026-")
        assert caught.value.expected != caught.value.got
        assert caught.value.where == "b against a"
        assert metrics.compare(late, early, across=True).difference

    def test_two_groups_of_one_column_is_done(self):
        log = a_log()
        counted = metrics.funnel(log, stages=STAGES, by="origin", closed=["lost"])
        groups = {name: own.conversion("inquiry", "won") for name, own in counted.groups.items()}

        assert metrics.compare_all(groups).pairs[0].comparison.a == Rate(0, 20)

    def test_the_whole_with_a_part_of_itself_is_refused_unless_asked_for(self):
        counted = metrics.funnel(a_log(), stages=STAGES, by="origin", closed=["lost"])
        groups = {name: own.conversion("inquiry", "won") for name, own in counted.groups.items()}
        whole = counted.conversion("inquiry", "won")

        with pytest.raises(DefinitionMismatch, match=r"different leads.*in both @ b against a"):
            metrics.compare(groups["web"], whole)
        with pytest.raises(DefinitionMismatch, match="@ all against fair"):
            metrics.compare_all({**groups, "all": whole})
        assert metrics.compare(groups["web"], whole, across=True).b == whole.rate

    def test_groups_of_two_columns_is_refused_and_of_two_logs_is_done(self):
        rows = [("a", "new", day(0), 0, "web", "ana"), ("a", "won", day(1), 0, "web", "ana")]
        logs = [StageLog.from_rows(rows, by=["origin", "rep"]) for _ in range(2)]
        ana, web, other = (
            metrics.funnel(log, stages=["new", "won"], by=by).groups[name].conversion("new", "won")
            for log, by, name in (
                (logs[0], "rep", "ana"),
                (logs[0], "origin", "web"),
                (logs[1], "origin", "web"),
            )
        )

        with pytest.raises(DefinitionMismatch):
            metrics.compare(ana, web)
        assert metrics.compare(ana, other).difference == 0

    def test_other_stages_is_refused(self):
        counted = metrics.funnel(a_log(), stages=STAGES)

        with pytest.raises(DefinitionMismatch) as caught:
            metrics.compare(
                counted.conversion("inquiry", "qualified"), counted.conversion("qualified", "won")
            )
        assert caught.value.expected == "start inquiry, goal qualified"

    def test_what_has_a_definition_with_what_has_none_is_refused(self):
        counted = metrics.funnel(a_log(), stages=STAGES).conversion("inquiry", "won")

        with pytest.raises(DefinitionMismatch) as caught:
            metrics.compare(Rate(1, 3), counted)
        assert (caught.value.expected, caught.value.got) == ("no definition", "a definition")
        assert metrics.compare(Rate(1, 3), counted, across=True).b == counted.rate

    def test_two_months_of_cohorts_is_done_and_of_other_cohorts_is_refused(self):
        log, late = a_log(), day(200)
        months = metrics.cohorts(log, stages=STAGES, as_of=late)
        others = metrics.cohorts(log, stages=["inquiry", "qualified"], as_of=late)
        january, march = (months.conversion(date(2026, n, 15)) for n in (1, 3))

        assert metrics.compare(march, january).a == Rate(3, 12)
        assert january.rate == Rate(4, 14)
        assert (january.left, january.open) == (2, 8)
        with pytest.raises(DefinitionMismatch):
            metrics.compare(january, others.conversion(date(2026, 1, 1)))

    def test_a_month_that_has_not_had_the_time_is_refused_unless_asked_for(self):
        months = metrics.cohorts(a_log(), stages=STAGES)
        assert [month.is_young for month in months.months] == [False, False, True]
        january, february, march = (months.conversion(date(2026, n, 1)) for n in (1, 2, 3))

        assert metrics.compare(february, january).a == february.rate
        for compared in (
            lambda: metrics.compare(march, january),
            lambda: metrics.compare_all({"a": march, "b": january}),
        ):
            with pytest.raises(
                DefinitionMismatch, match=r"the time to arrive, got .* young .* @ a"
            ):
                compared()
        assert metrics.compare(march, january, across=True).a == march.rate

    def test_a_month_without_leads_or_without_a_record_is_refused(self):
        months = metrics.cohorts(a_log(), stages=STAGES)
        hidden = attrs.evolve(months.months[0], is_truncated=True)

        with pytest.raises(UnknownName):
            months.conversion(date(2026, 7, 1))
        with pytest.raises(InvalidValue):
            months.conversion("2026-01")
        with pytest.raises(InvalidValue):
            attrs.evolve(months, months=(hidden,)).conversion(date(2026, 1, 1))

    def test_anything_else_is_no_rate(self):
        for other in (None, 0.5, metrics.passes(a_log(), start="inquiry", goal="won")):
            with pytest.raises((InvalidValue, DefinitionMismatch)):
                metrics.compare(Rate(1, 2), other)
