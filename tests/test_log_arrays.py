"""Logs that are counted in arrays of numpy: what these hold, and that nothing else changes."""

import pickle
import random
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from unittest import mock

import attrs
import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadlib._instants import micros
from leadlib._metrics import arrays, frames, reading
from leadlib._metrics.arrayways import ArraySpread
from leadlib._metrics.tables import Question
from leadlib.errors import ConflictError, InvalidValue
from leadlib.metrics import (
    Counting,
    FrameLog,
    StageLog,
    cohorts,
    converted_within,
    flows,
    funnel,
    leakage,
    main_path,
    period_ratios,
    stay_durations,
)
from test_frame_logs import (
    DAY,
    ENGINES,
    HELD,
    MONDAY,
    MONTHS,
    STAGES,
    WAY,
    batch,
    both,
    instants,
    plain,
    rows,
    same,
)
from test_splits import QUESTIONS

NAMES = {"lead": "lead", "stage": "stage", "at": "at"}
IDS = {
    "text": (pl.String, "lead {}".format),
    "categories": (pl.Categorical, "lead {}".format),
    "whole numbers": (pl.Int64, lambda n: n),
    "small ones": (pl.Int16, lambda n: n - 40),
    "with gaps": (pl.Int64, lambda n: 5 * n - 7),
    "alike in 32 bits": (pl.Int64, lambda n: n * 2**32),
    "far apart": (pl.Int64, lambda n: (n - 40) * 2**55),
    "beyond 53 bits": (pl.Int64, lambda n: n + 2**60),
    "without a sign": (pl.UInt64, lambda n: n + 2**63),
}


def logs_of(frame, **more):
    """The same rows counted by their engine, and in arrays."""
    log = FrameLog.from_frame(frame, **NAMES, known=STAGES, **more)
    return [attrs.evolve(log, few=0, held=held) for held in HELD]


class TestIds:
    @pytest.mark.parametrize("engine", ["polars", "pandas", "pyarrow", "duckdb"])
    @pytest.mark.parametrize("ids", IDS)
    def test_may_be_of_any_kind(self, engine, ids):
        kind, name = IDS[ids]
        chance = random.Random(3)
        rows = [
            (name(chance.randrange(80)), chance.choice(STAGES), MONDAY + n % 50 * DAY)
            for n in range(400)
        ]
        columns = {"lead": pl.Int64 if kind == pl.Int16 else kind, "stage": pl.String}
        schema = {**columns, "at": pl.Datetime("us", "UTC")}
        frame = pl.DataFrame(rows, schema=schema, orient="row").with_columns(
            pl.col("lead").cast(kind)
        )
        by_engine, in_arrays = logs_of(ENGINES[engine](frame))

        assert (in_arrays.arrays is None) == (ids == "without a sign")
        assert funnel(in_arrays, stages=WAY).leads == funnel(by_engine, stages=WAY).leads > 70
        assert plain(funnel(in_arrays, stages=WAY)) == plain(funnel(by_engine, stages=WAY))
        assert stay_durations(in_arrays) == stay_durations(by_engine)
        for as_of in (None, MONDAY + 20 * DAY, MONDAY - DAY):
            assert in_arrays.fingerprint(as_of) == by_engine.fingerprint(as_of)

    def test_may_be_in_dictionaries_that_differ_or_hold_a_text_twice(self):
        """By hand: lead a is new and then won."""
        twice = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", "a"]))
        chunks = [pa.array(own).dictionary_encode() for own in (["new"], ["won"])]
        at = pa.array([MONDAY, MONDAY + DAY], pa.timestamp("us", "UTC"))
        table = pa.table({"lead": twice, "stage": pa.chunked_array(chunks), "at": at})
        for log in logs_of(table):
            assert [step.reached for step in funnel(log, stages=["new", "won"]).steps] == [1, 1]
            assert flows(log).moves == {("new", "won"): 1}
            assert main_path(log) == ("new", "won")

    def test_of_other_logs_are_not_kept_in_memory(self):
        """Polars keeps the texts of categories that all share as long as anybody has one."""
        mine = pl.Series(["a category of mine"], dtype=pl.Categorical)
        frame = pl.DataFrame({"lead": ["b", "a"], "stage": ["new"] * 2, "at": [MONDAY] * 2})
        _, log = logs_of(frame)
        before = pl.Series(["c"], dtype=pl.Categorical).to_physical().item()
        assert log.arrays.leads == 2
        after = pl.Series(["d"], dtype=pl.Categorical).to_physical().item()

        assert len(mine) == 1
        assert after - before <= 1

    @pytest.mark.parametrize("ordered", [True, False])
    def test_may_be_more_than_16_bits_tell_apart(self, ordered):
        chance = random.Random(4)
        rows = [
            (chance.randrange(70_000), chance.choice(STAGES), MONDAY + chance.randrange(900) * DAY)
            for _ in range(210_000)
        ]
        rows = sorted(rows, key=lambda row: row[2]) if ordered else rows
        frame = pl.DataFrame(rows, schema=[*NAMES], orient="row")
        by_engine, in_arrays = logs_of(frame, closed=["lost"])

        assert in_arrays.arrays.leads > 2**16
        for as_of in (None, MONDAY + 400 * DAY):
            asked = {"stages": WAY, "as_of": as_of}
            assert plain(funnel(in_arrays, **asked)) == plain(funnel(by_engine, **asked))
            assert cohorts(in_arrays, **asked) == cohorts(by_engine, **asked)
            hours = {"as_of": as_of, "grain": "1 hour"}
            assert stay_durations(in_arrays, **hours) == stay_durations(by_engine, **hours)
            assert flows(in_arrays, as_of=as_of) == flows(by_engine, as_of=as_of)


class TestArrays:
    def test_hold_every_event_once_in_order(self):
        """By hand: at, then seq, then lead, then the name of the stage."""
        rows = [
            ("b", "won", MONDAY, 2, None),
            ("a", "won", MONDAY, 1, None),
            ("a", "met", MONDAY, 1, "web"),
            ("a", "won", MONDAY, 1, "fair"),
            ("b", "new", MONDAY - DAY, 5, None),
        ]
        log = both(rows, "polars", seq=True, closed=None, held=HELD[1])[1]
        held = log.arrays

        assert [log.stages[code] for code in held.stage] == ["new", "met", "won", "won"]
        assert held.lead[0] == held.lead[3] != held.lead[1] == held.lead[2]
        assert held.ties.tolist() == [1, 2]
        assert held.runs.tolist() == [1, 1]
        assert log.duplicates == 1
        [(codes, _)] = held.labels.values()
        assert [log.labels["source"][codes[held.lead[1]]], codes[held.lead[0]]] == ["fair", -1]

    @pytest.mark.rule("002-11")
    @pytest.mark.parametrize("held", HELD)
    def test_of_a_stage_in_two_spellings_have_the_print_of_one(self, held):
        rows = [("a", "won", MONDAY, 1, "web"), ("a", " won ", MONDAY, 1, " web")]
        _, both_ways = both(rows, "polars", seq=True, closed=None, held=held)
        _, once = both(rows[:1], "polars", seq=True, closed=None, held=held)

        assert both_ways.duplicates == 1
        for by in (None, "source"):
            assert both_ways.fingerprint(by=by) == once.fingerprint(by=by)

    def test_of_a_story_that_ends_where_it_comes_back_from_at_once(self):
        """By rule: whoever is off the way and on it at one moment has not come back."""
        rows = [("a", "new", MONDAY, 0, None), ("a", "lost", MONDAY + DAY, 1, None)]
        rows += [("b", "lost", MONDAY, 0, None), ("b", "met", MONDAY, 0, None)]
        for held in HELD:
            own, log = both(rows, "polars", seq=True, closed=None, held=held)
            found = funnel(log, stages=WAY)
            assert found.definition.closed == funnel(own, stages=WAY).definition.closed == ("lost",)

    def test_know_the_group_of_a_lead_since_its_first_label_only(self):
        rows = [("a", "new", MONDAY, 0, None), ("a", "met", MONDAY + 2 * DAY, 1, "web")]
        for held in HELD:
            _, log = both(rows, "polars", seq=True, closed=None, held=held)
            asked = {"stages": WAY, "by": "source"}
            assert [*cohorts(log, **asked, as_of=MONDAY + DAY).groups] == [""]
            assert [*cohorts(log, **asked).groups] == ["web"]

    def test_may_arrive_before_they_enter_and_long_after(self):
        """By hand: months from the first of entry and arrival to the last of both."""
        rows = [("a", "won", MONDAY - 60 * DAY, 0, None), ("a", "new", MONDAY, 1, None)]
        rows += [("b", "new", MONDAY, 0, None), ("b", "won", MONDAY + 60 * DAY, 1, None)]
        for held in HELD:
            _, log = both(rows, "polars", seq=True, closed=None, held=held)
            months = period_ratios(log, stages=WAY).months
            assert [(f"{own.month:%m}", own.entered, own.arrived) for own in months] == [
                ("01", 0, 1),
                ("03", 2, 0),
                ("05", 0, 1),
            ]

    def test_are_sorted_by_numbers_of_more_than_16_bits(self):
        np = pytest.importorskip("numpy")
        numbers = np.random.default_rng(5).integers(0, 2**20, 5_000)
        found = arrays.sorted_by(numbers, 2**20)
        assert found.tolist() == np.argsort(numbers, kind="stable").tolist()

    def test_have_no_values_of_a_group_that_is_not_there(self):
        np = pytest.importorskip("numpy")
        spread = ArraySpread(
            value=np.array([5, 7]), keys=[np.array([0, -1])], names={"source": ["web", ""]}
        )
        [place] = {place for _, place in spread.bins()}
        cells = [("web", place), ("fair", place)]
        assert spread.values(cells) == {("web", place, 5): 1}

    def test_go_on_when_python_starts_no_more_threads(self):
        done = []
        with mock.patch.object(
            arrays.ThreadPoolExecutor, "submit", side_effect=RuntimeError("no new futures")
        ):
            arrays.side_by_side(done.append, [(1,), (2,)])
        assert done == [1, 2]

    def test_are_left_out_of_a_copy(self):
        own, log = both([*batch(random.Random(5), 5)], "polars", seq=True, closed=None)
        log = attrs.evolve(log, held=HELD[1])
        assert log.arrays is not None
        copy = pickle.loads(pickle.dumps(attrs.evolve(log, rows=log.rows.collect())))
        assert "arrays" not in copy.__dict__
        assert plain(funnel(copy, stages=WAY)) == plain(funnel(own, stages=WAY))

    def test_count_many_groups(self):
        rows = [*batch(random.Random(5), 60)]
        own, log = both(rows, "polars", seq=True, closed=None, held=HELD[1])
        split = {"stages": WAY, "by": "source", "as_of": MONDAY + 2 * DAY}
        found = cohorts(log, **split)

        assert len(found.groups) > 40
        assert found == cohorts(own, **split)
        assert leakage(log, **split) == leakage(own, **split)

    def test_are_kept_for_few_instants(self):
        _, log = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=None)
        log = attrs.evolve(log, held=HELD[1])
        for day in range(9):
            funnel(log, stages=WAY, as_of=MONDAY + day * DAY)

        assert len(log.arrays.kept) == 2

    def test_are_not_made_of_more_rows_than_they_may_hold(self):
        _, log = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=None)
        assert attrs.evolve(log, held=len(log)).arrays is not None
        assert attrs.evolve(log, held=len(log) - 1).arrays is None
        [(_, part)] = attrs.evolve(log, held=HELD[1]).in_parts(1).parts
        assert part.arrays is None

    def test_are_not_made_without_numpy(self):
        own, log = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=None)
        log = attrs.evolve(log, held=HELD[1])
        with mock.patch.object(frames, "has_numpy", return_value=False):
            assert log.arrays is None
            same(own, log, as_of=None)

    def test_of_a_table_that_has_got_other_stages_are_refused(self):
        connection = duckdb.connect()
        given = pl.DataFrame({"lead": ["a"], "stage": ["new"], "at": [MONDAY]})
        connection.register("given", given.to_arrow())
        connection.execute("CREATE TABLE events AS SELECT * FROM given")
        _, log = logs_of(connection.table("events"))
        connection.execute("UPDATE events SET stage = 'won'")
        with pytest.raises(ConflictError, match="the rows have changed"):
            funnel(log, stages=["new"])

    def test_answer_for_windows_of_a_fixed_end_only(self):
        _, log = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=None)
        log = attrs.evolve(log, held=HELD[1])
        with pytest.raises(InvalidValue, match=r"log.collect\(\)"):
            converted_within(log, stages=WAY, within="1 month")

    def test_of_work_that_fails_say_so(self):
        def fail(number):
            raise ZeroDivisionError

        for parts in ([(1,)], [(1,), (2,)]):
            with pytest.raises(ZeroDivisionError):
                arrays.side_by_side(fail, parts)

    def test_count_values_that_no_number_of_64_bits_tells_apart(self):
        np = pytest.importorskip("numpy")
        columns = [np.array([-(2**62), 2**62, 2**62]), np.array([1, 2**40, 2**40])]
        assert arrays.tallied(*columns) == {(-(2**62), 1): 1, (2**62, 2**40): 2}


class TestGrowingTables:
    @pytest.mark.parametrize("held", HELD)
    def test_stay_as_they_were_until_the_last_instant(self, held):
        rows = [("a", "new", MONDAY), ("a", "won", MONDAY + 2 * DAY), ("b", "new", MONDAY + DAY)]
        connection = duckdb.connect()
        given = pl.DataFrame(rows, schema=[*NAMES], orient="row")
        connection.register("given", given.to_arrow())
        connection.execute("CREATE TABLE events AS SELECT * FROM given")
        log = FrameLog.from_frame(connection.table("events"), **NAMES)
        log = attrs.evolve(log, few=0, held=held)
        connection.execute(
            'INSERT INTO events SELECT lead, stage, "at" + INTERVAL 9 DAY FROM given'
        )

        assert [step.reached for step in funnel(log, stages=["new", "won"]).steps] == [2, 1]
        assert flows(log).moves == {("new", "won"): 1}
        assert log.latest == log.cut(MONDAY + timedelta(days=2))


@contextmanager
def in_arrays():
    """Logs in Python are counted as long ones are."""
    with mock.patch.object(reading, "_MANY", 0):
        yield


class TestLongLogsInPython:
    @given(
        rows=rows,
        closed=st.sampled_from([None, (), ("lost",), ("lost", "won")]),
        as_of=st.one_of(st.none(), instants),
    )
    @example(rows=[], closed=None, as_of=None)
    @example(rows=[("a", "new", MONDAY, 0, None)], closed=None, as_of=MONDAY - DAY)
    def test_count_the_same_in_every_way(self, rows, closed, as_of):
        own = StageLog.from_rows(rows, by=["source"], closed=closed, known=STAGES)
        other = StageLog.from_rows(rows, by=["source"], closed=closed, known=STAGES)
        for counting in Counting:
            for stages in (WAY, WAY[:2], (*WAY[::-1], "paused"), ("never", *WAY)):
                log = attrs.evolve(own, known=frozenset([*STAGES, "never"]))
                asked = {"stages": stages, "counting": counting, "as_of": as_of, "by": "source"}
                expected = funnel(log, **asked)
                with in_arrays():
                    assert funnel(log, **asked) == expected
        split = {"by": "source", "as_of": as_of or MONTHS[-1]}
        asked = [partial(ask, **split) for ask in QUESTIONS.values()]
        for ask in (*asked, partial(flows, as_of=as_of), partial(stay_durations, as_of=as_of)):
            with in_arrays():
                found = ask(other)
            assert found == ask(own)
        question = Question.of(own, WAY, as_of=as_of)
        edges = [*map(micros, MONTHS[::3])]
        with in_arrays():
            found = reading.read_paths(other, question).journeys(edges)
        expected = reading.read_paths(own, question).journeys(edges)
        if expected.since is None:  # nobody has arrived: nobody asks how long others took
            expected = attrs.evolve(expected, early={}, late={})
        assert found == expected

    @pytest.mark.parametrize("counting", Counting)
    def test_of_many_leads_count_the_same(self, counting):
        own, _ = both([*batch(random.Random(8), 100)], "polars", seq=True, closed=None)
        asked = {"stages": WAY, "counting": counting, "by": "source", "as_of": MONDAY + 9 * DAY}
        expected = funnel(own, **asked)
        with in_arrays():
            assert funnel(own, **asked) == expected
            assert reading.asked_best(own).arrays is reading.asked_best(own).arrays

    @pytest.mark.parametrize("counting", ["in order", "strict"])
    def test_in_a_frame_may_count_what_no_engine_does(self, counting):
        rows = [*batch(random.Random(8), 20)]
        own, log = both(rows, "polars", seq=True, closed=None, held=HELD[1])
        expected = funnel(own, stages=WAY, counting=counting)
        assert plain(funnel(log, stages=WAY, counting=counting)) == plain(expected)
        for other in (attrs.evolve(log, held=0), log.in_parts(2)):
            with pytest.raises(InvalidValue, match=r"log.collect\(\)"):
                funnel(other, stages=WAY, counting=counting)

    def test_know_causes_by_the_name_of_a_lead(self):
        own = StageLog.from_rows(
            [("a", "new", MONDAY), ("a", "lost", MONDAY + DAY)], closed=["lost"]
        )
        with in_arrays():
            assert leakage(own, stages=["new"], causes={"a": "cold"}).causes == {}
            own = attrs.evolve(own, known=frozenset(WAY))
            found = leakage(own, stages=["new", "won"], causes={"a": "cold"})
        assert found.causes == {"cold": 1}

    def test_are_copied_without_their_arrays(self):
        own, _ = both([*batch(random.Random(8), 20)], "polars", seq=True, closed=None)
        with in_arrays():
            funnel(own, stages=WAY)
        copy = pickle.loads(pickle.dumps(own))
        assert (copy, copy.kept) == (own, [])

    def test_without_numpy_are_counted_in_python(self):
        own, _ = both([*batch(random.Random(8), 20)], "polars", seq=True, closed=None)
        with in_arrays(), mock.patch.object(reading, "has_numpy", return_value=False):
            assert reading.asked_best(own) is own
