"""Numbers that end the argument."""

import copy
import pickle
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_history
from leadlib._metrics.cohorts import _none_arrived
from leadlib._metrics.tables import PathTable
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.lifecycle import INQUIRY, STANDARD, WATERFALL, Attempted, Stage
from leadlib.metrics import (
    Cohort,
    Cohorts,
    Funnel,
    FunnelDefinition,
    FunnelStep,
    LogBuilder,
    Rate,
    StageLog,
    Stop,
    cohorts,
    funnel,
    main_path,
    time_to_stage,
    wilson_interval,
)

STAGES = ("inquiry", "qualified", "won")
MANY = ("inquiry", "qualified", "demo", "offer", "won")


def day(number):
    return MONDAY + number * DAY


def logs(min_size=0, stages=STAGES):
    """Random logs with ties, loops, skipped stages and stages outside the funnel."""
    row = st.tuples(
        st.sampled_from("abcdef"),
        st.sampled_from([*stages, "nurture", "lost"]),
        st.integers(0, 6).map(day),
        st.integers(0, 2),
        st.sampled_from([None, "web", "fair"]),
    )
    return st.lists(row, min_size=min_size, max_size=30)


def a_log(rows, **options):
    return StageLog.from_rows(rows, by=["source"], known=STAGES, **options)


def counted(rows, **options):
    return funnel(a_log(rows), stages=STAGES, **options)


class TestRates:
    @pytest.mark.rule("M-01")
    @pytest.mark.parametrize(
        ("k", "n", "low", "high"),
        [
            (60, 400, 0.118345, 0.188314),
            (6, 400, 0.006892, 0.032335),
            (0, 50, 0, 0.071348),
            (50, 50, 0.928652, 1),
        ],
    )
    def test_have_the_worked_intervals(self, k, n, low, high):
        assert Rate(k, n).interval == pytest.approx((low, high), abs=5e-7)

    @pytest.mark.rule("M-07")
    @pytest.mark.published("Newcombe, Statist. Med. 17 (1998) 857, table I")
    @pytest.mark.parametrize(
        ("k", "n", "low", "high"),
        [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_have_the_published_intervals(self, k, n, low, high):
        assert wilson_interval(k, n) == pytest.approx((low, high), abs=5e-5)

    @pytest.mark.rule("M-01")
    @pytest.mark.parametrize(("k", "n"), [(1, 0), (3, 2), (-1, 2)])
    def test_are_never_more_than_all(self, k, n):
        with pytest.raises(InvalidValue):
            Rate(k, n)

    @pytest.mark.rule("law-6")
    def test_of_nothing_are_none_and_print_as_a_dash(self):
        assert (Rate(0, 0).value, Rate(0, 0).interval, str(Rate(0, 0))) == (None, None, "-")
        with pytest.raises(InvalidValue):
            wilson_interval(0, 0)

    @given(st.integers(0, 10**9), st.integers(1, 10**9))
    def test_lie_in_their_interval(self, k, n):
        k = min(k, n)
        low, high = wilson_interval(k, n)

        assert 0 <= low <= k / n <= high <= 1


class TestFunnel:
    ROWS = (
        ("a", "inquiry", day(0), 0, "web"),
        ("b", "inquiry", day(0), 0, "web"),
        ("c", "inquiry", day(0), 0, None),
        ("d", "inquiry", day(0), 0, "fair"),
        ("a", "qualified", day(2), 0, None),
        ("b", "qualified", day(4), 0, None),
        ("c", "lost", day(1), 0, "late"),
        ("a", "won", day(5), 0, None),
    )

    def test_prints_its_groups_side_by_side(self):
        shown = str(funnel(a_log(self.ROWS), stages=STAGES, by="source"))

        assert shown.split("\n\n")[1].splitlines() == [
            "source  inquiry  won  left  open    rate  95 % interval",
            "──────  ───────  ───  ────  ────  ──────  ─────────────",
            "fair          1    0     0     1   0.0 %    [0.0, 79.3]",
            "late          1    0     1     0   0.0 %    [0.0, 79.3]",
            "web           2    1     0     1  50.0 %    [9.5, 90.5]",
        ]

    def test_counts_reached_advanced_left_and_open(self):
        steps = funnel(a_log(self.ROWS), stages=STAGES).steps

        assert [(s.reached, s.advanced, s.left, s.open) for s in steps] == [
            (4, 2, 1, 1),
            (2, 1, 0, 1),
            (1, 0, 0, 1),
        ]
        assert [s.median_days for s in steps] == [3.0, 3.0, None]

    @pytest.mark.rule("M-05", "001-16")
    def test_loose_counting_imputes_skipped_stages(self):
        """The worked example of M-05, mode loose: 7, 6, 5, 3."""
        paths = {
            "A": "INQ MQL SAL SQL",
            "B": "INQ MQL SQL",
            "C": "INQ SQL",
            "D": "INQ MQL SAL",
            "E": "MQL",
            "F": "INQ",
            "G": "INQ SAL MQL",
        }
        rows = [
            (lead, stage, day(n))
            for lead, path in paths.items()
            for n, stage in enumerate(path.split())
        ]
        result = funnel(StageLog.from_rows(rows), stages=["INQ", "MQL", "SAL", "SQL"])

        assert [step.reached for step in result.steps] == [7, 6, 5, 3]
        assert [step.skipped for step in result.steps] == [1, 1, 2, 0]

    @pytest.mark.rule("law-4")
    def test_open_is_not_lost(self):
        step = funnel(a_log(self.ROWS), stages=STAGES)["inquiry"]

        assert step.rate == Rate(2, 4)
        assert step.rate_of_closed == Rate(2, 3)

    def test_without_known_losses_there_is_no_rate_of_closed(self):
        """Only winners would be known, and 100 % would be a survivors' rate."""
        assert (
            funnel(a_log(self.ROWS[:2] + self.ROWS[4:5]), stages=STAGES[:2]).steps[0].rate_of_closed
            is None
        )

    def test_the_last_stage_has_no_rate(self):
        step = funnel(a_log(self.ROWS), stages=STAGES)[STAGES[-1]]

        assert step.rate is None
        assert step.to_dict()["rate"] is None

    def test_says_what_its_numbers_mean(self):
        definition = funnel(a_log(self.ROWS), stages=STAGES).definition

        assert definition == FunnelDefinition(
            stages=STAGES, closed=("lost",), closed_by="nobody came back"
        )
        assert definition.counting == "at least"

    def test_a_stage_that_leads_come_back_from_is_no_end(self):
        rows = [*self.ROWS, ("d", "lost", day(3), 0, None), ("d", "qualified", day(4), 0, None)]
        result = funnel(a_log(rows), stages=STAGES)

        assert result.definition.closed == ()
        assert result["inquiry"].open == 1

    def test_stages_may_be_named_in_any_spelling_but_must_be_known(self):
        rows = [("a", "x", day(0)), ("a", "perdu\u00e9", day(1))]
        declared = StageLog.from_rows(rows, closed=[Stage("perdue\u0301", "sales")])

        assert funnel(declared, stages=["x"])["x"].left == 1
        assert (
            funnel(StageLog.from_rows(rows), stages=["x"], closed=["perdue\u0301"])["x"].left == 1
        )
        for wrong in (["lots"], "perdu\u00e9", 5):
            with pytest.raises((UnknownName, InvalidValue)):
                StageLog.from_rows(rows, closed=wrong)

    def test_closed_stages_may_be_declared(self):
        rows = [*self.ROWS, ("d", "nurture", day(3), 0, None)]
        result = funnel(a_log(rows), stages=STAGES, closed=["lost"])

        assert (result["inquiry"].left, result["inquiry"].open) == (1, 1)
        assert result.definition.closed_by == "given"

    @pytest.mark.rule("000-05")
    def test_a_thousand_leads_leak_along_the_sides_and_none_is_missing(self):
        rows = []
        for count, path in (
            (400, "inquiry lost"),
            (150, "inquiry qualified lost"),
            (70, "inquiry qualified accepted lost"),
            (150, "inquiry"),
            (230, "inquiry qualified accepted won"),
        ):
            rows += [
                (f"{path}-{n}", stage, day(step))
                for n in range(count)
                for step, stage in enumerate(path.split())
            ]
        result = funnel(
            StageLog.from_rows(rows), stages=["inquiry", "qualified", "accepted", "won"]
        )

        assert [(s.stage, s.leads, s.ended) for s in result.stops] == [
            ("inquiry", 400, True),
            ("inquiry", 150, False),
            ("qualified", 150, True),
            ("accepted", 70, True),
        ]
        assert sum(s.leads for s in result.stops) + result["won"].reached == 1_000

    def test_the_leak_ledger_adds_up(self):
        result = funnel(a_log(self.ROWS), stages=STAGES)

        assert [(s.stage, s.now, s.leads, s.ended) for s in result.stops] == [
            ("inquiry", "inquiry", 1, False),
            ("inquiry", "lost", 1, True),
            ("qualified", "qualified", 1, False),
        ]
        assert result.stops[0].share == Rate(1, 4)
        assert result.stops[0].days_there == 5.0

    @pytest.mark.rule("law-7")
    @given(logs(min_size=1))
    def test_parts_sum_whatever_the_log(self, rows):
        result = counted(rows, by="source")
        for one in (result, *result.groups.values()):
            for step, following in zip(one.steps, [*one.steps[1:], None], strict=True):
                assert step.reached == step.advanced + step.left + step.open
                assert min(step.advanced, step.left, step.open, step.skipped) >= 0
                if following is not None:
                    assert step.advanced == following.reached
                    stops = sum(s.leads for s in one.stops if s.stage == step.stage)
                    assert stops == step.reached - step.advanced
        for number, step in enumerate(result.steps):
            parts = [group.steps[number].reached for group in result.groups.values()]
            assert sum(parts) == step.reached

    @given(logs(min_size=1))
    def test_equals_a_count_by_hand(self, rows):
        """An independent count: for each lead the furthest stage and where it is now."""
        log = a_log(rows)
        reached = Counter()
        for lead in log.leads:
            entered = {row[1] for row in rows if row[0] == lead}
            furthest = max((STAGES.index(s) for s in entered if s in STAGES), default=-1)
            reached.update(STAGES[: furthest + 1])

        assert {s.stage: s.reached for s in funnel(log, stages=STAGES).steps} == {
            stage: reached[stage] for stage in STAGES
        }

    @pytest.mark.rule("002-11", "law-6")
    @given(logs(min_size=1), st.randoms(use_true_random=False))
    def test_is_blind_to_row_order_and_duplicates(self, rows, chance):
        delivered = rows + rows[::3]
        chance.shuffle(delivered)

        assert counted(delivered, by="source") == counted(rows, by="source")
        assert counted(delivered).fingerprint == counted(rows).fingerprint

    @pytest.mark.rule("002-11")
    @given(logs(min_size=1), st.lists(st.integers(0, 2), min_size=30, max_size=30))
    def test_of_merged_parts_is_that_of_the_whole(self, rows, parts):
        """However a history is cut into files, and whatever comes in two of them."""
        first, second = (
            [row for row, own in zip(rows, parts, strict=False) if own != i] for i in (0, 1)
        )
        merged = StageLog.merged([a_log(first), a_log(second)])

        assert merged == a_log([*first, *second])
        assert merged.fingerprint() == a_log(rows).fingerprint()
        assert funnel(merged, stages=STAGES, by="source") == counted(rows, by="source")

    def test_of_a_copy_is_that_of_the_log(self):
        log = a_log([("a", "inquiry", day(0), 0, "web")])
        size = len(pickle.dumps(log))
        funnel(log, stages=["inquiry"])
        assert log.kept
        assert len(pickle.dumps(log)) == size
        for copied in (pickle.loads(pickle.dumps(log)), copy.copy(log), copy.deepcopy(log)):
            assert copied == log
            assert copied.fingerprint() == log.fingerprint()

    def test_of_logs_that_do_not_belong_together_is_refused(self):
        closed, bare = a_log([], closed=["won"]), StageLog.from_rows([])
        for parts in ([], [a_log([]), closed], [a_log([]), bare], [a_log([]), None]):
            with pytest.raises(InvalidValue) as caught:
                StageLog.merged(parts)
            assert caught.value.where == "logs"

    @pytest.mark.rule("law-6")
    @given(logs(min_size=1, stages=MANY), logs(stages=MANY), st.integers(0, 6).map(day))
    def test_nothing_after_as_of_is_visible(self, rows, more, as_of):
        """What is recorded later changes no number, no group and no fingerprint of the past."""
        past = [row for row in rows if row[2] <= as_of]
        later = [row for row in more if row[2] > as_of]
        now, then = (
            funnel(
                StageLog.from_rows(seen, by=["source"], known=MANY),
                stages=MANY,
                by="source",
                as_of=as_of,
            )
            for seen in (past, past + later)
        )

        assert then.to_dict() == now.to_dict()

    def test_ties_go_by_seq_then_by_the_order_of_stages(self):
        tied = [("a", "inquiry", day(0), 0, None), ("a", "lost", day(1), 1, None)]
        back = [*tied, ("a", "inquiry", day(1), 2, None)]
        undated = [("b", "lost", day(0), 0, None), ("b", "inquiry", day(0), 0, None)]

        assert funnel(a_log(tied), stages=["inquiry"]).steps[0].left == 1
        assert funnel(a_log(back), stages=["inquiry"], closed=["lost"]).steps[0].left == 0
        assert funnel(a_log(undated), stages=["inquiry"]).steps[0].left == 1

    def test_a_tie_with_a_stage_outside_ends_outside_whatever_the_log_lacks(self):
        rows = [("a", "qualified", day(0), 0, None), ("a", "lost", day(0), 0, None)]

        assert counted(rows)["qualified"].left == 1
        assert counted([*rows, ("b", "inquiry", day(1), 0, None)])["qualified"].left == 1

    def test_time_that_runs_backwards_counts_as_none_and_is_told(self):
        rows = [("a", "inquiry", day(3)), ("a", "won", day(1))]
        result = funnel(StageLog.from_rows(rows), stages=["inquiry", "won"])

        assert result.steps[0].median_days == 0.0
        assert result.reversed_times == 1

    def test_the_group_is_that_of_the_earliest_event_that_names_one(self):
        groups = funnel(a_log(self.ROWS), stages=STAGES, by="source").groups

        assert {name: group.leads for name, group in groups.items()} == {
            "fair": 1,
            "late": 1,
            "web": 2,
        }

    def test_leads_without_a_group_are_a_group(self):
        rows = [(lead, stage, at, seq, None) for lead, stage, at, seq, _ in self.ROWS]

        assert list(funnel(a_log(rows), stages=STAGES, by="source").groups) == [""]

    def test_leads_outside_are_told(self):
        rows = [*self.ROWS, ("z", "nurture", day(1), 0, None)]
        result = funnel(a_log(rows), stages=STAGES)

        assert (result.leads, result.outside) == (4, 1)

    def test_of_a_log_without_rows_says_that_there_are_none(self):
        with pytest.raises(UnknownName, match="the stage 'new', got a log without rows @ stages"):
            funnel(StageLog.from_rows([]), stages=["new", "won"])

    def test_a_column_that_was_not_taken_says_where_columns_are_taken(self):
        for count in (funnel, time_to_stage):
            more = {"stages": STAGES} if count is funnel else {"goal": "qualified"}
            with pytest.raises(
                UnknownName, match="those named in by= when it is made, got 'sorce'"
            ):
                count(a_log(self.ROWS), by="sorce", **more)
        with pytest.raises(InvalidValue, match="one label column, got a list @ by"):
            funnel(a_log(self.ROWS), stages=STAGES, by=["source"])

    def way(self, against):
        """Forty leads are new and won, and so many of them won before they are new."""
        rows = [(f"l{n}", "new", day(5)) for n in range(40)]
        return rows + [(f"l{n}", "won", day(3 if n < against else 9)) for n in range(40)]

    def test_an_order_that_many_went_against_is_doubted_below_the_table(self):
        doubted = funnel(StageLog.from_rows(self.way(5)), stages=["new", "won"])
        whole = funnel(StageLog.from_rows(self.way(0)), stages=["won", "new"])
        note = (
            "Note: 5 leads went against this order of stages, more than one in 10 that went on: "
            "is it the right way round?"
        )

        assert str(doubted).splitlines()[-1] == note
        assert note in doubted._repr_html_()
        assert doubted.notes == (note,)
        assert whole.notes[0].startswith("Note: 40 leads went against")

    def test_an_order_that_one_in_ten_went_against_is_not(self):
        counted = funnel(StageLog.from_rows(self.way(4)), stages=["new", "won"])

        assert counted.reversed_times == 4
        assert counted.notes == ()
        assert "Note" not in str(counted)

    def test_names_near_misses(self):
        log = a_log(self.ROWS)
        with pytest.raises(UnknownName, match="did you mean 'qualified'"):
            funnel(log, stages=["inquiry", "qualifed"])
        with pytest.raises(UnknownName, match="did you mean 'source'"):
            funnel(log, stages=STAGES, by="sorce")
        with pytest.raises(UnknownName, match="a stage of the log"):
            funnel(log, stages=STAGES, closed=["gone"])
        with pytest.raises(UnknownName, match="a stage of the funnel"):
            _ = funnel(log, stages=STAGES)["gone"]
        with pytest.raises(InvalidValue, match="one of them twice"):
            funnel(log, stages=["inquiry", "inquiry"])
        with pytest.raises(InvalidValue, match="none"):
            funnel(log, stages=[])

    def test_prints_as_a_table_and_as_markdown(self):
        result = funnel(a_log(self.ROWS), stages=STAGES)

        assert str(result).splitlines()[2].split() == (
            ["inquiry", "4", "2", "1", "1", "50.0", "%", "[15.0,", "85.0]", "66.7", "%", "3.0"]
        )
        assert f"{result:md}".splitlines()[0].startswith("| stage | reached |")
        assert repr(result) == "<Funnel of 4 leads, 3 stages>"
        with pytest.raises(InvalidValue):
            f"{result:html}"


class TestStageLog:
    def test_comes_from_events(self):
        log = StageLog.from_events(a_history(), lifecycle=STANDARD)
        result = funnel(log, stages=WATERFALL[:4])

        assert [step.reached for step in result.steps] == [1, 1, 1, 1]
        assert result.steps[-1].open == 1
        assert result.definition.closed_by == "lifecycle"

    def test_a_lifecycle_knows_stages_nobody_has_entered(self):
        log = StageLog.from_events(a_history()[:1], lifecycle=STANDARD)

        assert [step.reached for step in funnel(log, stages=WATERFALL).steps] == [1, *[0] * 8]
        assert funnel(log, stages=WATERFALL)[INQUIRY].open == 1

    def test_loops_within_a_stage_are_no_new_entry(self):
        assert len(StageLog.from_events(a_history()[:1] * 3, lifecycle=STANDARD)) == 1

    def test_counts_duplicates_once_and_tells(self):
        log = StageLog.from_rows([("a", "inquiry", MONDAY)] * 3)

        assert (len(log), log.duplicates) == (1, 2)

    @pytest.mark.parametrize(
        "row",
        [
            ("a", "inquiry"),
            ("a", "", MONDAY),
            (None, "inquiry", MONDAY),
            ("a", "inquiry", datetime(2026, 3, 2)),
            ("a", "inquiry", "2026-03-02"),
            ("a", "inquiry", MONDAY, "first"),
            ("a", "inquiry", MONDAY, float("nan")),
            ("a", "inquiry", MONDAY, 0, "web"),
            ("a\0", "inquiry", MONDAY),
            (10**5_000, "inquiry", MONDAY),
            None,
        ],
    )
    def test_refuses_rows_of_another_form_with_their_number(self, row):
        with pytest.raises(InvalidValue, match="row 2"):
            StageLog.from_rows([("a", "inquiry", MONDAY), row])

    def test_refuses_a_column_that_is_no_stage(self):
        rows = [("a", f"stage {n}", MONDAY) for n in range(1_001)]
        with pytest.raises(LimitExceeded, match="is this the stage column"):
            StageLog.from_rows(rows)

    def test_many_stages_cost_no_more_than_their_rows(self):
        """What stopped where is gone through once for each table, not once for each stage."""

        class Counting(dict):
            seen = 0

            def items(self):
                self.seen += 1
                return super().items()

        stopped = Counting({(n, str(n)): 1 for n in range(300)})
        table = PathTable(
            stopped=stopped, waited={}, entered=[0] * 300, gaps=[None] * 300, backwards=0, outside=0
        )
        table.reached()
        table.left(["7"])

        assert stopped.seen == 2

    def test_refuses_a_column_that_is_no_group(self):
        rows = [(f"l{n}", "inquiry", MONDAY, 0, f"g{n}") for n in range(1_001)]
        with pytest.raises(LimitExceeded, match="different groups in column 'source'"):
            a_log(rows)

    def test_knows_a_stage_in_either_spelling_of_its_accents(self):
        log = StageLog.from_rows([("a", "cafe\u0301", MONDAY)])

        assert funnel(log, stages=["cafe\u0301"]).steps[0].stage == "caf\u00e9"

    def test_takes_numbers_as_ids(self):
        assert StageLog.from_rows([(17, "inquiry", MONDAY)]).leads == ("17",)

    def test_each_group_has_a_fingerprint_of_its_own(self):
        result = counted(TestFunnel.ROWS, by="source")
        prints = {result.fingerprint, *(g.fingerprint for g in result.groups.values())}

        assert len(prints) == 1 + len(result.groups)

    def test_the_fingerprint_knows_the_groups(self):
        rows = [("a", "inquiry", day(0), 0, "p"), ("b", "inquiry", day(0), 0, "q")]
        swapped = [("a", "inquiry", day(0), 0, "q"), ("b", "inquiry", day(0), 0, "p")]
        prints = {counted(r, by="source").fingerprint for r in (rows, swapped)}

        assert len(prints) == 2
        assert counted(rows).fingerprint == counted(swapped).fingerprint

    def test_work_within_a_stage_moves_the_last_event(self):
        events = [*a_history()[:6], Attempted(lead="L", at=MONDAY + 90 * DAY)]
        log = StageLog.from_events(events, lifecycle=STANDARD)

        assert funnel(log, stages=WATERFALL).as_of == MONDAY + 90 * DAY
        assert funnel(log, stages=WATERFALL).stops[0].days_there == 85.0

    def test_equal_content_is_equal(self):
        rows = list(TestFunnel.ROWS)

        assert a_log(rows).fingerprint() == a_log(rows[::-1]).fingerprint()
        assert a_log(rows).fingerprint() != a_log(rows[:-1]).fingerprint()
        assert pickle.loads(pickle.dumps(a_log(rows))) == a_log(rows)

    def test_shows_counts_only(self):
        assert repr(a_log(TestFunnel.ROWS)) == "<StageLog: 8 events of 4 leads in 4 stages>"

    def test_a_builder_says_what_was_new(self):
        builder = LogBuilder()

        assert [builder.add("a", "x", 1, 0) for _ in range(2)] == [True, False]


class TestFrames:
    @pytest.mark.rule("law-5")
    @pytest.mark.parametrize(
        "make",
        [pd.DataFrame, pl.DataFrame, lambda columns: pl.DataFrame(columns).to_arrow()],
        ids=["pandas", "polars", "pyarrow"],
    )
    def test_give_the_same_numbers_as_rows(self, make):
        columns = dict(
            zip(
                ["who", "what", "when", "n", "source"],
                zip(*TestFunnel.ROWS, strict=True),
                strict=True,
            )
        )
        frame = make({name: list(values) for name, values in columns.items()})
        log = StageLog.from_frame(
            frame, lead="who", stage="what", at="when", seq="n", by=["source"]
        )

        assert funnel(log, stages=STAGES, by="source") == funnel(
            a_log(TestFunnel.ROWS), stages=STAGES, by="source"
        )

    def test_take_the_missing_values_of_pandas_as_missing(self):
        frame = pd.DataFrame(
            {"lead": ["a", "b", "c"], "stage": ["x"] * 3, "at": [MONDAY] * 3}
        ).assign(source=pd.array(["p", None, 1.5], dtype=object))
        frame["team"] = pd.array(["p", None, "q"], dtype="string")
        log = StageLog.from_frame(frame, lead="lead", stage="stage", at="at", by=["source", "team"])

        assert list(funnel(log, stages=["x"], by="team").groups) == ["p", "q", ""]
        assert list(funnel(log, stages=["x"], by="source").groups) == ["1.5", "p", ""]

    def test_name_the_column_that_is_missing(self):
        with pytest.raises(UnknownName, match="did you mean 'stage'"):
            StageLog.from_frame(
                pl.DataFrame({"lead": [], "stage": [], "at": []}),
                lead="lead",
                stage="stag",
                at="at",
            )

    def test_refuse_naive_times(self):
        frame = pd.DataFrame({"lead": ["a"], "stage": ["x"], "at": [datetime(2026, 3, 2)]})
        with pytest.raises(InvalidValue, match="row 1, at"):
            StageLog.from_frame(frame, lead="lead", stage="stage", at="at")

    def test_may_be_empty(self):
        frame = pl.DataFrame({"lead": [], "stage": [], "at": []})

        assert len(StageLog.from_frame(frame, lead="lead", stage="stage", at="at")) == 0

    def test_instants_that_are_text_say_how_to_make_them(self):
        frame = pl.DataFrame({"lead": ["a"], "stage": ["new"], "at": ["2026-03-02T09:00Z"]})

        with pytest.raises(InvalidValue, match=r"pandas\.to_datetime\(.* @ row 1, at"):
            StageLog.from_frame(frame, lead="lead", stage="stage", at="at")


class TestMainPath:
    def test_is_the_path_most_moves_lie_on(self):
        rows = [
            ("a", "new", day(0)),
            ("b", "new", day(0)),
            ("c", "new", day(0)),
            ("d", "new", day(0)),
        ]
        rows += [("a", "won", day(1)), ("b", "won", day(2)), ("c", "lost", day(1))]

        assert main_path(StageLog.from_rows(rows)) == ("new", "won")

    def test_a_stage_where_stories_end_before_others_get_further_is_no_step(self):
        """Of 20: 12 are junk at once, 5 stop at mql, 2 at sql, and 1 is won."""
        ways = 12 * [["junk"]] + 5 * [["mql"]] + 2 * [["mql", "sql"]] + [["mql", "sql", "won"]]
        rows = [
            (f"l{number}", stage, day(place))
            for number, way in enumerate(ways)
            for place, stage in enumerate(["new", *way])
        ]

        assert main_path(StageLog.from_rows(rows)) == ("new", "mql", "sql", "won")

    def test_a_move_that_hardly_anybody_makes_is_no_step(self):
        """One of 51 goes on after won, by mistake; one of 50 would be a step."""
        rows = [(f"l{number}", "new", day(0)) for number in range(51)]
        rows += [(f"l{number}", "won", day(1)) for number in range(51)]
        more = [("l0", "mistake", day(2))]

        assert main_path(StageLog.from_rows(rows + more)) == ("new", "won")
        rows = [row for row in rows if row[0] != "l50"]
        assert main_path(StageLog.from_rows(rows + more)) == ("new", "won", "mistake")

    def test_stages_of_one_day_come_in_their_usual_order_whatever_their_names(self):
        for second in ("contacted", "phoned"):
            rows = [(f"t{n}", stage, day(6)) for n in range(60) for stage in ("new", second)]
            rows += [(f"u{n}", "new", day(0)) for n in range(40)]
            rows += [(f"u{n}", second, day(6)) for n in range(40)]

            assert main_path(StageLog.from_rows(rows)) == ("new", second)

    @given(logs(min_size=1, stages="ABCDE"), st.randoms(use_true_random=False))
    def test_is_blind_to_row_order(self, rows, chance):
        shuffled = list(rows)
        chance.shuffle(shuffled)

        assert main_path(a_log(shuffled)) == main_path(a_log(rows))

    def test_of_nothing_is_empty(self):
        assert main_path(StageLog.from_rows([])) == ()


class TestCohorts:
    def rows(self, count, wins, start):
        """*count* leads from *start* on, one a day; *wins* names those that win ten days later."""
        for number in range(count):
            yield (f"{start}-{number}", "lead", day(start + number))
            if number in wins:
                yield (f"{start}-{number}", "won", day(start + number + 10))

    @pytest.mark.rule("M-03", part="cohorts")
    def test_go_by_the_month_of_entry(self):
        """The worked example of M-03: January 100 leads, 40 won in time; February 50, 15 won."""
        rows = []
        for month, entries, wins in ((1, 100, {1: 20, 2: 15, 3: 5}), (2, 50, {2: 5, 3: 10})):
            won = [m for m, count in wins.items() for _ in range(count)]
            for n in range(entries):
                lead = f"{month}-{n}"
                rows.append((lead, "lead", datetime(2026, month, 1, tzinfo=UTC)))
                if n < len(won):
                    rows.append((lead, "won", datetime(2026, won[n], 20, tzinfo=UTC)))
        months = cohorts(StageLog.from_rows(rows), stages=["lead", "won"]).months

        assert [(c.month.month, c.entered, c.reached) for c in months] == [
            (1, 100, 40),
            (2, 50, 15),
        ]
        assert [c.rate.value for c in months] == [0.4, 0.3]

    def test_months_begin_in_their_zone(self):
        """2026-01-31 23:30 in New York is January there and February in UTC."""
        log = StageLog.from_rows([("a", "lead", datetime(2026, 2, 1, 4, 30, tzinfo=UTC))])

        assert cohorts(log, stages=["lead"]).months[0].month.month == 2
        there = cohorts(log, stages=["lead"], zone=ZoneInfo("America/New_York"))
        assert there.months[0].month.month == 1

    def test_a_record_that_begins_late_is_no_drop(self):
        """Wins are on record from day 100 on only; earlier leads won as often, unwritten."""
        every_other = set(range(0, 200, 2))
        rows = [
            row for row in self.rows(200, every_other, 0) if row[1] == "lead" or row[2] >= day(100)
        ]
        found = cohorts(StageLog.from_rows(rows), stages=["lead", "won"])

        assert found.recorded_since == day(100)
        assert found.silence < 1e-6
        assert [c.is_truncated for c in found.months] == [True] * 4 + [False] * 3
        assert found.months[0].rate is None
        assert found.months[0].to_dict()["rate"] is None
        assert "This is where the record starts, not a drop." in str(found)

    def test_who_is_censored_on_the_day_of_an_arrival_was_at_risk(self):
        found = _none_arrived({6: 1}, {(5, False): 1, (5, True): 1})

        assert found == pytest.approx(1 - 1 / 3)

    def test_a_handful_of_leads_says_nothing_about_the_record(self):
        rows = [(lead, "lead", day(0)) for lead in "abc"]
        rows += [("a", "won", day(10)), ("b", "won", day(1)), ("c", "won", day(1))]
        found = cohorts(StageLog.from_rows(rows), stages=["lead", "won"])

        assert found.silence is None
        assert found.months[0].rate == Rate(3, 3)

    def test_few_honest_records_are_doubted(self):
        """Simulated with a fixed seed: 400 logs of 60 leads, of which about 30 % convert."""
        chance = random.Random(7)
        doubted = 0
        for _ in range(400):
            rows = []
            for lead in range(60):
                entered = day(chance.uniform(0, 90))
                rows.append((lead, "lead", entered))
                if chance.random() < 0.3:
                    rows.append((lead, "won", entered + chance.expovariate(1 / 20) * DAY))
            log = StageLog.from_rows(rows, known=["won"])
            doubted += cohorts(log, stages=["lead", "won"]).recorded_since is not None

        assert doubted <= 4  # one in a hundred

    def test_an_honest_record_is_believed(self):
        found = cohorts(
            StageLog.from_rows(self.rows(200, set(range(0, 200, 2)), 0)), stages=["lead", "won"]
        )

        assert found.recorded_since is None
        assert not any(cohort.is_truncated for cohort in found.months)

    @pytest.mark.rule("law-4")
    def test_young_months_are_marked_not_blamed(self):
        log = StageLog.from_rows(self.rows(60, set(range(0, 60, 2)), 0))
        found = cohorts(log, stages=["lead", "won"], as_of=day(62))

        assert [c.is_young for c in found.months] == [False, True]
        assert found.months[1].share.startswith("≥ ")
        assert "They are open, not lost." in found.notes[-1]

    def test_a_goal_nobody_reached_yet_is_no_error(self):
        log = StageLog.from_rows(self.rows(3, {0}, 0))
        found = cohorts(log, stages=["lead", "won"], as_of=day(5))

        assert found.ripe_days is None
        assert "nobody has arrived yet" in found.notes[0]

    @given(logs(min_size=1))
    def test_add_up_to_the_funnel(self, rows):
        log = a_log(rows)
        result, months = funnel(log, stages=STAGES), cohorts(log, stages=STAGES).months

        assert sum(c.entered for c in months) == result["inquiry"].reached
        assert sum(c.reached for c in months) == result["won"].reached
        assert all(c.entered == c.reached + c.left + c.open for c in months)


class TestRealData:
    @pytest.mark.rule("M-21", part="won of closed")
    def test_maven_wins_63_15_percent_of_closed_deals(self, shared_data):
        table = pl.read_csv(shared_data / "maven_crm" / "sales_pipeline.csv")
        rows = []
        for deal in table.iter_rows(named=True):
            lead, outcome = deal["opportunity_id"], deal["deal_stage"]
            opened = deal["engage_date"] or "2016-10-20"  # those still prospecting have no date
            first = "Prospecting" if outcome == "Prospecting" else "Engaging"
            rows.append((lead, first, datetime.fromisoformat(opened).replace(tzinfo=UTC)))
            if deal["close_date"]:
                closed = datetime.fromisoformat(deal["close_date"]).replace(tzinfo=UTC)
                rows.append((lead, outcome, closed))
        result = funnel(StageLog.from_rows(rows), stages=["Prospecting", "Engaging", "Won"])
        engaging = result["Engaging"]

        assert result["Prospecting"].reached == 8_800
        assert (engaging.advanced, engaging.left, engaging.open) == (4_238, 2_473, 1_589)
        assert engaging.rate_of_closed == Rate(4_238, 6_711)
        assert engaging.rate_of_closed.value == pytest.approx(0.6315, abs=5e-5)
        assert result["Prospecting"].open == 500
        assert engaging.median_days == 57.0

    def test_helpdesk_adds_up_at_every_cut(self, shared_data):
        table = pl.read_csv(shared_data / "helpdesk_log" / "events.csv.gz", try_parse_dates=False)
        table = table.with_columns(pl.col("timestamp").str.to_datetime(time_zone="UTC"))
        log = StageLog.from_frame(
            table, lead="case_id", stage="activity", at="timestamp", seq="seq"
        )

        assert (len(log.leads), len(log)) == (4_580, 21_348)
        first = datetime(2010, 1, 13, tzinfo=UTC)
        for cut in [first + n * timedelta(days=97) for n in range(1, 15)]:
            result = funnel(log, stages=main_path(log), as_of=cut)
            visible = table.filter(pl.col("timestamp") <= cut)

            assert result.leads + result.outside == visible["case_id"].n_unique()
            assert all(s.reached == s.advanced + s.left + s.open for s in result.steps)
            assert set(result.definition.closed) <= set(visible["activity"])


def test_results_are_plain_values():
    """What a report needs is public, frozen and compares by content."""
    log = a_log(TestFunnel.ROWS)
    result = funnel(log, stages=STAGES)

    assert isinstance(result, Funnel)
    assert isinstance(result.steps[0], FunnelStep)
    assert isinstance(result.stops[0], Stop)
    assert isinstance(cohorts(log, stages=STAGES), Cohorts)
    assert isinstance(cohorts(log, stages=STAGES).months[0], Cohort)
    assert result == funnel(log, stages=STAGES)
    assert pickle.loads(pickle.dumps(result)) == result
