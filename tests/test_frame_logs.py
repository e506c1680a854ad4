"""One log, the same whole numbers wherever it is: in Python, in a frame, in a database."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.metrics import (
    FrameLog,
    StageLog,
    cohorts,
    converted_within,
    flows,
    funnel,
    leakage,
    period_ratios,
    stay_durations,
    throughput,
)

BERLIN = ZoneInfo("Europe/Berlin")
WAY = ("new", "met", "won")
STAGES = (*WAY, "lost", "paused")
MONDAY = datetime(2026, 3, 27, 8, tzinfo=UTC)  # two days before Berlin loses an hour
MONTHS = [MONDAY + timedelta(days=d) for d in (-60, -30, -1, 0, 1, 2, 3, 30, 90)]

instants = st.one_of(
    st.sampled_from(MONTHS),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 1)).map(lambda at: at.replace(tzinfo=UTC)),
)
rows = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.sampled_from(STAGES),
        instants,
        st.integers(-2, 3),
        st.sampled_from([None, "web", "fair", " web ", ""]),
    ),
    max_size=25,
)


def a_polars(rows, *, seq):
    kinds = {
        "lead": pl.String,
        "stage": pl.String,
        "at": pl.Datetime("us", "UTC"),
        "seq": pl.Int64,
        "source": pl.String,
    }
    frame = pl.DataFrame(rows, schema=kinds, orient="row")
    return frame if seq else frame.drop("seq")


def _in_duckdb(frame):
    connection = duckdb.connect()
    connection.execute("set timezone = 'America/New_York'")
    return connection.from_arrow(frame.to_arrow())


ENGINES = {
    "polars": lambda frame: frame,
    "polars, lazy": lambda frame: frame.lazy(),
    "polars, categories": lambda frame: frame.with_columns(
        pl.col("stage", "source").cast(pl.Categorical)
    ),
    "polars, ns": lambda frame: frame.with_columns(
        pl.col("at").cast(pl.Datetime("ns", "Europe/Berlin"))
    ),
    "pyarrow": lambda frame: frame.to_arrow(),
    "pandas": lambda frame: frame.to_pandas(),
    "pandas, objects": lambda frame: frame.to_pandas().astype(
        {"lead": object, "stage": object, "source": object}
    ),
    "pandas, categories": lambda frame: frame.to_pandas().astype(
        {"stage": "category", "source": "category"}
    ),
    "pandas, arrow": lambda frame: frame.to_pandas(use_pyarrow_extension_array=True),
    "duckdb": _in_duckdb,
}


def both(rows, engine, *, seq, closed, shuffle=None):
    given = [row if seq else (*row[:3], 0, row[4]) for row in rows]
    known = STAGES
    own = StageLog.from_rows(given, by=["source"], closed=closed, known=known)
    frame = ENGINES[engine](a_polars(rows, seq=seq))
    log = FrameLog.from_frame(
        frame,
        lead="lead",
        stage="stage",
        at="at",
        seq="seq" if seq else None,
        by=["source"],
        closed=closed,
        known=known,
    )
    return own, attrs.evolve(log, few=0)


def plain(result):
    return {key: value for key, value in result.to_dict().items() if key != "fingerprint"}


def same(own, log, **more):
    asked = {"stages": WAY, **more}
    for counting in ("at least", "any order"):
        for by in (None, "source"):
            found = funnel(log, **asked, by=by, counting=counting)
            assert plain(found) == plain(funnel(own, **asked, by=by, counting=counting))
    assert leakage(log, **asked, causes="source") == leakage(own, **asked, causes="source")
    assert cohorts(log, **asked, zone=BERLIN) == cohorts(own, **asked, zone=BERLIN)
    assert period_ratios(log, **asked, zone=BERLIN) == period_ratios(own, **asked, zone=BERLIN)
    weeks = {"since": MONTHS[0], "every": "1 week", "as_of": more["as_of"]}
    for stage in WAY:
        assert throughput(log, stage, **weeks) == throughput(own, stage, **weeks)
    assert flows(log, as_of=more["as_of"]) == flows(own, as_of=more["as_of"])
    for grain in (timedelta(microseconds=1), timedelta(hours=1)):
        asked_of = {"as_of": more["as_of"], "grain": grain}
        assert stay_durations(log, **asked_of) == stay_durations(own, **asked_of)
    for within in ("2 days", 0, 1):
        ends = {**asked, "within": within, "zone": BERLIN}
        assert converted_within(log, **ends) == converted_within(own, **ends)


def batch(chance, logs):
    """Many small logs in one: each is a group of its own, and shares no lead with the others."""
    for number in range(logs):
        for _ in range(chance.randrange(25)):
            moment = chance.choice(MONTHS)
            if chance.random() < 0.4:
                moment += timedelta(microseconds=chance.randrange(-(10**13), 10**13))
            lead = f"{chance.choice('abcdefgh')} of {number}"
            yield lead, chance.choice(STAGES), moment, chance.randrange(-2, 4), f"log {number}"


@pytest.mark.parametrize("engine", ENGINES)
class TestEngines:
    @settings(
        max_examples=max(2, settings().max_examples // 50),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes, and these are small
    )
    @given(
        rows=rows,
        seq=st.booleans(),
        closed=st.sampled_from([None, (), ("lost",), ("lost", "paused")]),
        as_of=st.one_of(st.none(), instants),
    )
    @example(rows=[], seq=False, closed=None, as_of=None)
    def test_count_the_same(self, engine, rows, seq, closed, as_of):
        own, log = both(rows, engine, seq=seq, closed=closed)
        same(own, log, as_of=as_of)

    @pytest.mark.parametrize("seq", [True, False])
    def test_count_many_logs_the_same(self, engine, seq):
        own, log = both([*batch(random.Random(5), 200)], engine, seq=seq, closed=["lost"])
        same(own, log, as_of=MONTHS[7])

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(10))
    def test_count_ten_thousand_logs_the_same(self, engine, seed):
        """A thousand for each seed: groups of one log share nothing but the columns."""
        rows = [*batch(random.Random(seed), 1_000)]
        for closed in (["lost"], None):
            own, log = both(rows, engine, seq=seed % 2 == 0, closed=closed)
            same(own, log, as_of=MONTHS[seed % len(MONTHS)])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark's own
class TestSpark:
    @pytest.fixture(autouse=True)
    def _engine(self, spark, monkeypatch):
        kinds = "lead string, stage string, at timestamp, seq bigint, source string"

        def in_spark(frame):
            columns = frame if "seq" in frame.columns else frame.with_columns(seq=0)
            rows = columns.select("lead", "stage", "at", "seq", "source").rows()
            return spark.createDataFrame(rows, kinds)

        monkeypatch.setitem(ENGINES, "spark", in_spark)

    @pytest.mark.parametrize("seed", range(10))
    def test_counts_ten_thousand_logs_the_same(self, seed):
        rows = [*batch(random.Random(seed), 1_000)]
        own, log = both(rows, "spark", seq=seed % 2 == 0, closed=[None, ["lost"]][seed % 3 % 2])
        asked = {"stages": WAY, "by": "source", "as_of": MONTHS[seed % len(MONTHS)]}
        assert plain(funnel(log, **asked)) == plain(funnel(own, **asked))
        assert flows(log) == flows(own)

    def test_counts_everything_the_same(self):
        rows = [*batch(random.Random(11), 300)]
        own, log = both(rows, "spark", seq=True, closed=["lost"])
        same(own, log, as_of=MONTHS[7])


class TestSmallLogs:
    def test_are_asked_in_python(self):
        _, log = both([("a", "new", MONDAY, 0, None)], "polars", seq=True, closed=None)
        assert isinstance(log.here, FrameLog)
        assert isinstance(attrs.evolve(log, few=1).here, StageLog)

    def test_give_the_same(self):
        own, log = both([*batch(random.Random(5), 50)], "duckdb", seq=True, closed=["lost"])
        same(own, attrs.evolve(log, few=20_000), as_of=None)


class TestTables:
    """What was worked out for one question is kept for the next."""

    def test_are_made_once_for_parts_of_the_way(self):
        _, log = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=["lost"])
        funnel(log, stages=WAY)
        funnel(log, stages=WAY, by="source")
        cohorts(log, stages=WAY[:2])
        converted_within(log, stages=WAY[1:], within="1 day")
        throughput(log, "met", since=MONTHS[0], every="1 week")

        assert len(log.kept) == 1

    @pytest.mark.parametrize("closed", [("lost",), ("lost", "won"), None, ()])
    def test_of_the_whole_way_answer_for_its_parts_only_what_they_know(self, closed):
        rows = [*batch(random.Random(6), 200)]
        own, log = both(rows, "polars", seq=True, closed=closed)
        funnel(log, stages=WAY)
        for stages in (WAY[:2], WAY[1:], WAY[::2], WAY[:1], WAY[::-1]):
            assert plain(funnel(log, stages=stages)) == plain(funnel(own, stages=stages))
            assert cohorts(log, stages=stages) == cohorts(own, stages=stages)

    def test_of_another_instant_are_others(self):
        own, log = both([*batch(random.Random(6), 50)], "polars", seq=True, closed=["lost"])
        for as_of in MONTHS:
            found = funnel(log, stages=WAY, as_of=as_of)
            assert plain(found) == plain(funnel(own, stages=WAY, as_of=as_of))


class TestFrameLogs:
    def test_show_their_size_and_no_lead(self):
        _, log = both([("anna@example.org", "new", MONDAY, 0, None)], "polars", seq=True, closed=())
        assert repr(log) == "<FrameLog: 1 row in 1 stage>"

    def test_count_what_comes_again(self):
        rows = [("a", "new", MONDAY, 0, None)] * 3 + [("a", "new", MONDAY, 1, None)]
        own, log = both(rows, "polars", seq=True, closed=None)
        assert log.duplicates == own.duplicates == 2

    @pytest.mark.parametrize("engine", ENGINES)
    def test_have_one_fingerprint_on_every_engine(self, engine):
        rows = [*batch(random.Random(7), 20)]
        _, first = both(rows, "polars", seq=True, closed=None)
        _, other = both(rows[::-1], engine, seq=True, closed=None)
        assert first.fingerprint() == other.fingerprint()
        assert first.fingerprint(by="source") == other.fingerprint(by="source")
        assert first.fingerprint() != first.fingerprint(MONDAY)

    def test_take_whole_numbers_for_leads_and_stages(self):
        frame = pl.DataFrame({"lead": [7, 7, 8], "stage": [1, 2, 1], "at": [MONDAY] * 3})
        log = FrameLog.from_frame(frame, lead="lead", stage="stage", at="at")
        counted = funnel(attrs.evolve(log, few=0), stages=["1", "2"])
        assert [step.reached for step in counted.steps] == [2, 1]
        assert plain(counted) == plain(funnel(log.collect(), stages=["1", "2"]))

    def test_read_stages_in_either_spelling(self):
        rows = [("a", "caf\u00e9", MONDAY, 0, None), ("b", "cafe\u0301 ", MONDAY, 0, None)]
        log = FrameLog.from_frame(a_polars(rows, seq=True), lead="lead", stage="stage", at="at")
        assert log.stages == ("caf\u00e9",)
        assert funnel(attrs.evolve(log, few=0), stages=["caf\u00e9"]).leads == 2

    @pytest.mark.parametrize("counting", ["in order", "strict"])
    def test_say_where_another_way_of_counting_is_to_be_had(self, counting):
        own, log = both([*batch(random.Random(5), 5)], "polars", seq=True, closed=None)
        with pytest.raises(InvalidValue, match=r"log.collect\(\)"):
            funnel(log, stages=WAY, counting=counting)
        found = funnel(log.collect(), stages=WAY, counting=counting)
        assert plain(found) == plain(funnel(own, stages=WAY, counting=counting))


class TestBadFrames:
    """One error that names the column and what was expected of it; never a silent wrong number."""

    def refused(self, frame, error=InvalidValue, **columns):
        with pytest.raises(error) as caught:
            FrameLog.from_frame(frame, **{"lead": "lead", "stage": "stage", "at": "at"} | columns)
        return str(caught.value)

    def a_frame(self, **columns):
        usual = {"lead": ["a", "b"], "stage": ["new", "won"], "at": [MONDAY, MONDAY]}
        return pl.DataFrame(usual | columns, strict=False)

    def test_a_column_that_is_not_there_is_named_with_the_nearest(self):
        message = self.refused(self.a_frame(), UnknownName, stage="stagge")
        assert "'stagge'" in message
        assert "stage" in message

    def test_one_column_cannot_be_two(self):
        assert "columns" in self.refused(self.a_frame(), stage="lead")

    def test_instants_need_a_zone(self):
        frame = self.a_frame().with_columns(pl.col("at").dt.replace_time_zone(None))
        message = self.refused(frame)
        assert "column 'at'" in message
        assert "time zone" in message

    def test_text_is_no_instant(self):
        assert "column 'at'" in self.refused(self.a_frame(at=["2026-03-02", "2026-03-03"]))

    @pytest.mark.parametrize("name", ["lead", "stage", "at"])
    def test_rows_without_a_value_are_counted(self, name):
        frame = self.a_frame(**{name: [None, self.a_frame()[name][1]]})
        message = self.refused(frame)
        assert f"column '{name}'" in message
        assert "1 row without" in message

    def test_a_seq_is_a_whole_number(self):
        assert "column 'seq'" in self.refused(self.a_frame(seq=[1.5, 2.0]), seq="seq")
        assert "column 'seq'" in self.refused(self.a_frame(seq=[1, None]), seq="seq")

    def test_an_instant_lies_in_the_calendar(self):
        frame = self.a_frame(at=[MONDAY, datetime(1969, 12, 31, tzinfo=UTC)])
        assert "column 'at'" in self.refused(frame)

    def test_objects_of_mixed_types_are_refused(self):
        frame = pd.DataFrame({"lead": ["a", 7], "stage": ["new", "won"], "at": [MONDAY, MONDAY]})
        assert "column 'lead'" in self.refused(frame)

    def test_mixed_zones_are_no_column_of_instants(self):
        ats = [MONDAY, MONDAY.astimezone(BERLIN)]
        frame = pd.DataFrame({"lead": ["a", "b"], "stage": ["new", "won"], "at": ats}, dtype=object)
        assert "column 'at'" in self.refused(frame)

    def test_a_column_of_ids_is_no_stage_column(self):
        frame = pl.DataFrame({"lead": ["a"] * 1_001, "stage": range(1_001), "at": [MONDAY] * 1_001})
        self.refused(frame, LimitExceeded)

    def test_a_column_of_ids_is_no_group(self):
        many = [f"{number}" for number in range(5_000)]
        frame = pl.DataFrame({"lead": many, "stage": ["new"] * 5_000, "at": [MONDAY] * 5_000})
        frame = frame.with_columns(source=pl.col("lead"))
        self.refused(frame, LimitExceeded, by=["source"])

    def test_a_list_is_no_frame(self):
        self.refused([("a", "new", MONDAY)])

    def test_a_stage_that_never_occurs_is_an_error_unless_it_is_known(self):
        log = FrameLog.from_frame(self.a_frame(), lead="lead", stage="stage", at="at")
        with pytest.raises(UnknownName, match="met"):
            funnel(log, stages=["new", "met"])
        known = FrameLog.from_frame(
            self.a_frame(), lead="lead", stage="stage", at="at", known=["met"]
        )
        assert [step.reached for step in funnel(known, stages=["new", "met"]).steps] == [1, 0]

    def test_a_dictionary_is_no_log(self):
        with pytest.raises(InvalidValue, match="a stage log"):
            flows({})
