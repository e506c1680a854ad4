"""One log, the same whole numbers wherever it is: in Python, in a frame, in a database."""

import json
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from conftest import ROOT, real_rows
from leadlib._metrics.engines import quotient
from leadlib.cli import main
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.metrics import (
    FrameLog,
    StageLog,
    cohorts,
    converted_within,
    flows,
    funnel,
    leakage,
    main_path,
    passes,
    period_ratios,
    stay_durations,
    throughput,
    time_to_stage,
)

BERLIN = ZoneInfo("Europe/Berlin")
WAY = ("new", "met", "won")
STAGES = (*WAY, "lost", "paused")
MONDAY = datetime(2026, 3, 27, 8, tzinfo=UTC)  # two days before Berlin loses an hour
DAY = timedelta(days=1)
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


CONNECTION = duckdb.connect()
CONNECTION.execute("set timezone = 'America/New_York'")


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
    "duckdb": lambda frame: CONNECTION.from_arrow(frame.to_arrow()),
}


MANY = 10  # groups
HELD = [0, 2**24]  # counted by the engine, or in arrays of numpy


def both(rows, engine, *, seq, closed, held=0):
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
    return own, attrs.evolve(log, few=0, held=held)


def plain(result):
    return {key: value for key, value in result.to_dict().items() if key != "fingerprint"}


def same(own, log, **more):
    asked = {"stages": WAY, **more}
    for counting in ("at least", "any order"):
        for by in (None, "source"):
            found = funnel(log, **asked, by=by, counting=counting)
            other = funnel(own, **asked, by=by, counting=counting)
            assert plain(found) == plain(other)
            groups = {name: plain(group) for name, group in found.groups.items()}
            assert groups == {name: plain(group) for name, group in other.groups.items()}
    few = len(own.labels["source"].names) < MANY  # an engine is asked group by group
    split = {**asked, "by": "source"} if few else asked
    assert leakage(log, **split, causes="source") == leakage(own, **split, causes="source")
    assert cohorts(log, **split, zone=BERLIN) == cohorts(own, **split, zone=BERLIN)
    assert period_ratios(log, **split, zone=BERLIN) == period_ratios(own, **split, zone=BERLIN)
    weeks = {"since": MONTHS[0], "every": "1 week", "as_of": more["as_of"]}
    for stage in WAY:
        asked_of = {**weeks, "by": split.get("by")}
        assert throughput(log, stage, **asked_of) == throughput(own, stage, **asked_of)
    assert flows(log, as_of=more["as_of"]) == flows(own, as_of=more["as_of"])
    assert main_path(log, as_of=more["as_of"]) == main_path(own, as_of=more["as_of"])
    for grain in (timedelta(microseconds=1), timedelta(hours=1)):
        asked_of = {"as_of": more["as_of"], "grain": grain}
        assert stay_durations(log, **asked_of) == stay_durations(own, **asked_of)
    for within in ("2 days", "the month of entry", "1 month after that of entry"):
        ends = {**split, "within": within, "zone": BERLIN}
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


@pytest.mark.parametrize("held", HELD, ids=["engine", "arrays"])
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
    def test_count_the_same(self, engine, held, rows, seq, closed, as_of):
        own, log = both(rows, engine, seq=seq, closed=closed, held=held)
        same(own, log, as_of=as_of)

    @pytest.mark.parametrize("seq", [True, False])
    def test_count_many_logs_the_same(self, engine, held, seq):
        rows = [*batch(random.Random(5), 200)]
        own, log = both(rows, engine, seq=seq, closed=["lost"], held=held)
        same(own, log, as_of=MONTHS[7])

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(10))
    def test_count_ten_thousand_logs_the_same(self, engine, held, seed):
        """A thousand for each seed: groups of one log share nothing but the columns."""
        rows = [*batch(random.Random(seed), 1_000)]
        for closed in (["lost"], None):
            own, log = both(rows, engine, seq=seed % 2 == 0, closed=closed, held=held)
            same(own, log, as_of=MONTHS[seed % len(MONTHS)])


def add_spark(spark, monkeypatch):
    """One more engine, with an empty memory."""
    spark.catalog.clearCache()
    kinds = "lead string, stage string, at timestamp, seq bigint, source string"

    def in_spark(frame):
        columns = frame if "seq" in frame.columns else frame.with_columns(seq=0)
        rows = columns.select("lead", "stage", "at", "seq", "source").rows()
        return spark.createDataFrame(rows, kinds)

    monkeypatch.setitem(ENGINES, "spark", in_spark)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark's own
class TestSpark:
    @pytest.fixture(autouse=True)
    def _engine(self, spark, monkeypatch):
        add_spark(spark, monkeypatch)

    @pytest.mark.parametrize("seed", range(10))
    def test_counts_ten_thousand_logs_the_same(self, seed):
        rows = [*batch(random.Random(seed), 1_000)]
        own, log = both(rows, "spark", seq=seed % 2 == 0, closed=[None, ["lost"]][seed % 3 % 2])
        asked = {"stages": WAY, "by": "source", "as_of": MONTHS[seed % len(MONTHS)]}
        assert plain(funnel(log, **asked)) == plain(funnel(own, **asked))
        assert flows(log) == flows(own)

    @pytest.mark.parametrize("held", HELD, ids=["engine", "arrays"])
    def test_counts_everything_the_same(self, held):
        rows = [*batch(random.Random(11), 300)]
        own, log = both(rows, "spark", seq=True, closed=["lost"], held=held)
        same(own, log, as_of=MONTHS[7])


@pytest.mark.parametrize("engine", ["polars", "pyarrow", "pandas", "duckdb"])
@pytest.mark.parametrize("name", ["olist", "maven", "helpdesk"])
class TestRealData:
    @pytest.fixture
    def logs(self, name, engine, real_logs):
        """Give the log in Python, the same in the engine, and the stages of its funnel."""
        own, stages = real_logs[name]
        log = FrameLog.from_frame(
            ENGINES[engine](a_polars([*real_rows(own)], seq=True)),
            lead="lead",
            stage="stage",
            at="at",
            seq="seq",
            by=["source"],
            closed=own.closed,
        )
        [labels] = own.labels.values()
        return attrs.evolve(own, labels={"source": labels}), attrs.evolve(log, few=0), stages

    def test_give_the_same_numbers(self, logs):
        own, log, stages = logs
        assert log.duplicates == own.duplicates == 0
        middle = datetime.fromtimestamp((log.earliest + log.latest) // 2_000_000, UTC)
        for as_of in (None, middle):
            asked = {"stages": stages, "as_of": as_of}
            for by in (None, "source"):
                assert plain(funnel(log, **asked, by=by)) == plain(funnel(own, **asked, by=by))
            assert leakage(log, **asked, causes="source") == leakage(own, **asked, causes="source")
            assert cohorts(log, **asked, zone=BERLIN) == cohorts(own, **asked, zone=BERLIN)
            assert period_ratios(log, **asked) == period_ratios(own, **asked)
            month = {**asked, "within": "30 days"}
            assert converted_within(log, **month) == converted_within(own, **month)
            weeks = {"since": middle - timedelta(days=200), "every": "1 week", "as_of": as_of}
            for stage in stages:
                assert throughput(log, stage, **weeks) == throughput(own, stage, **weeks)
            assert flows(log, as_of=as_of) == flows(own, as_of=as_of)
            assert stay_durations(log, as_of=as_of) == stay_durations(own, as_of=as_of)

    def test_give_the_numbers_of_the_report(self, name, logs, findings, capsys, monkeypatch):
        monkeypatch.chdir(ROOT)
        main([*findings.COMMANDS[name], "--json"])
        report = json.loads(capsys.readouterr().out)
        _, log, _ = logs
        stages = report["definition"]["stages"]
        counted = json.loads(json.dumps(funnel(log, stages=stages).to_dict()))
        months = json.loads(json.dumps(cohorts(log, stages=stages).to_dict()))
        for key in ("funnel", "leaks", "closed", "leads", "outside", "reversed_times", "as_of"):
            assert counted[key] == report[key]
        # As counted without leadlib: leads of the log, and of them those that arrived.
        known = {"olist": (8_000, 842), "maven": (8_300, 4_238), "helpdesk": (4_580, 4_559)}
        leads = counted["leads"] + counted["outside"]
        assert (leads, counted["funnel"][-1]["reached"]) == known[name]
        assert months["months"] == report["cohorts"]["months"]


class TestQuotients:
    @pytest.mark.parametrize("size", [1, 6, 959, 964, 1_000])
    def test_of_numbers_beyond_53_bits_are_whole(self, size):
        """An instant and a code in one number: the last code is the one that rounding loses."""
        instants = [0, 1, 2**40 + 1, 2**51 - 1]
        packed = [at * size + code for at in instants for code in {0, size - 1}]
        frame = nw.from_native(pl.DataFrame({"n": packed}))

        found = frame.select(quotient(nw.col("n"), size))["n"].to_list()
        assert found == [n // size for n in packed]


class TestSmallLogs:
    def test_are_asked_in_python(self):
        _, log = both([("a", "new", MONDAY, 0, None)], "polars", seq=True, closed=None)
        assert isinstance(log.here, FrameLog)
        assert isinstance(attrs.evolve(log, few=1).here, StageLog)

    def test_give_the_same(self):
        own, log = both([*batch(random.Random(5), 50)], "duckdb", seq=True, closed=["lost"])
        same(own, attrs.evolve(log, few=20_000), as_of=None)


class TestLongTimes:
    def test_of_many_weeks_are_counted_week_by_week(self):
        own, log = both([*batch(random.Random(5), 5)], "polars", seq=True, closed=None)
        asked = {"since": MONDAY, "every": "1 week", "as_of": datetime(2199, 1, 1, tzinfo=UTC)}
        found = throughput(log, "new", **asked)
        assert len(found.counts) > 9_000
        assert found == throughput(own, "new", **asked)

    def test_of_one_grain_are_all_in_one_bin(self):
        own, log = both([*batch(random.Random(5), 5)], "polars", seq=True, closed=None)
        found = stay_durations(log, grain=timedelta.max)
        assert found == stay_durations(own, grain=timedelta.max)
        assert {time for own in found.values() for time, _ in own.events} == {0}


class TestGrowingTables:
    """A table of a database may get rows while somebody asks."""

    ROWS = (
        ("a", "new", MONDAY, 0, None),
        ("a", "won", MONDAY + 2 * DAY, 0, None),
        ("b", "new", MONDAY + DAY, 0, None),
    )

    def test_stay_as_they_were_until_the_last_instant(self):
        own, _ = both(self.ROWS, "duckdb", seq=True, closed=None)
        connection = duckdb.connect()
        connection.register("given", a_polars(self.ROWS, seq=True).to_arrow())
        connection.execute("CREATE TABLE events AS SELECT * FROM given")
        names = {"lead": "lead", "stage": "stage", "at": "at", "seq": "seq"}
        log = FrameLog.from_frame(connection.table("events"), **names, by=["source"])
        log = attrs.evolve(log, few=0, known=frozenset(STAGES))
        connection.execute(
            'INSERT INTO events SELECT lead, stage, "at" + INTERVAL 9 DAY, seq, source FROM given'
        )

        assert plain(funnel(log, stages=WAY[::2])) == plain(funnel(own, stages=WAY[::2]))
        assert flows(log) == flows(own)


class TestTables:
    """What was worked out for one question is kept for the next."""

    def test_are_few_however_often_somebody_asks(self):
        _, log = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=["lost"])
        for month in MONTHS:
            funnel(log, stages=WAY, as_of=month)
            flows(log, as_of=month)

        assert (len(log.kept), len(log.visits)) == (4, 4)

    def test_have_a_column_for_each_stage_and_so_not_any_number(self):
        known = [f"s{number}" for number in range(101)]
        frame = pl.DataFrame({"lead": ["a"], "stage": ["s0"], "at": [MONDAY]})
        names = {"lead": "lead", "stage": "stage", "at": "at"}
        log = FrameLog.from_frame(frame, **names, known=known)
        big = attrs.evolve(log, few=0)

        assert len(funnel(log, stages=known).steps) == 101
        with pytest.raises(LimitExceeded, match="at most 100 stages of a frame"):
            funnel(big, stages=known)

    @pytest.mark.rule("002-11")
    def test_have_a_print_that_no_duplication_changes(self):
        rows = [("a", "new", MONDAY, 0, None), ("a", "won", MONDAY + DAY, 1, "web")]
        prints = {
            funnel(both(own, "polars", seq=True, closed=None)[1], stages=["new"]).fingerprint
            for own in (rows, rows[::-1], rows * 2)
        }

        assert len(prints) == 1

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

        again = [rows[0], ("a", "cafe\u0301", MONDAY, 0, None)]
        log = FrameLog.from_frame(a_polars(again, seq=True), lead="lead", stage="stage", at="at")
        assert log.duplicates == log.collect().duplicates == 1

    @pytest.mark.parametrize("engine", ENGINES)
    @pytest.mark.parametrize("seq", [True, False])
    def test_have_the_fingerprint_of_their_rows_if_it_is_to_be_exact(self, engine, seq):
        own, log = both([*batch(random.Random(8), 50)], engine, seq=seq, closed=None)
        exact = attrs.evolve(log, exact=True)
        for as_of in (None, MONDAY, MONTHS[0] - timedelta(days=900)):
            assert exact.fingerprint(as_of) == own.fingerprint(as_of)
            assert exact.fingerprint(as_of, by="source") == own.fingerprint(as_of, by="source")
        assert log.fingerprint() != own.fingerprint()

    @pytest.mark.parametrize("engine", ENGINES)
    def test_know_what_was_entered_by_when(self, engine):
        rows = [("a", "new", MONTHS[0], 0, None), ("b", "met", MONTHS[2], 0, None)]
        own, log = both([*rows, ("b", "won", MONTHS[4], 0, None)], engine, seq=True, closed=None)
        for at, stages, several in ((1, {"new"}, False), (3, {"new", "met"}, False)):
            cut = log.cut(MONTHS[at])
            assert log.stages_until(cut) == own.stages_until(cut) == stages
            assert log.has_histories(cut) is own.has_histories(cut) is several
        assert log.has_histories(log.latest) is own.has_histories(own.latest) is True

    @pytest.mark.parametrize("counting", ["in order", "strict"])
    def test_say_where_another_way_of_counting_is_to_be_had(self, counting):
        own, log = both([*batch(random.Random(5), 5)], "polars", seq=True, closed=None)
        with pytest.raises(InvalidValue, match=r"log.collect\(\)"):
            funnel(log, stages=WAY, counting=counting)
        found = funnel(log.collect(), stages=WAY, counting=counting)
        assert plain(found) == plain(funnel(own, stages=WAY, counting=counting))


FORMS = ["polars", "polars, lazy", "pyarrow", "pandas", "pandas, arrow", "duckdb"]


def taken(frame, **columns):
    return FrameLog.from_frame(frame, **{"lead": "lead", "stage": "stage", "at": "at"} | columns)


def refused(frame, error=InvalidValue, **columns):
    with pytest.raises(error) as caught:
        taken(frame, **columns)
    return str(caught.value)


def a_frame(**columns):
    usual = {"lead": ["a", "b"], "stage": ["new", "won"], "at": [MONDAY, MONDAY]}
    return pl.DataFrame(usual | columns, strict=False)


@pytest.mark.parametrize("form", FORMS)
class TestBadFrames:
    """One error that names the column and what was expected of it; never a silent wrong number."""

    @pytest.fixture
    def made(self, form):
        return ENGINES[form]

    def test_a_column_that_is_not_there_is_named_with_the_nearest(self, made):
        message = refused(made(a_frame()), UnknownName, stage="stagge")
        assert "'stagge'" in message
        assert "stage" in message
        assert "'campaign'" in refused(made(a_frame()), UnknownName, by=["campaign"])

    def test_one_column_cannot_be_two(self, made):
        assert "columns" in refused(made(a_frame()), stage="lead")

    def test_one_text_is_not_many_columns(self, made):
        assert "several columns" in refused(made(a_frame()), by="stage")

    @pytest.mark.parametrize(
        "at",
        [
            pl.Series([MONDAY, MONDAY]).dt.replace_time_zone(None),
            pl.Series(["2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z"]),
            pl.Series([MONDAY.date(), MONDAY.date()]),
            pl.Series([1_772_438_400, 1_772_438_401]),
        ],
        ids=["naive", "text", "dates", "numbers"],
    )
    def test_what_is_no_instant_is_refused(self, made, at):
        message = refused(made(a_frame(at=at)))
        assert "expected instants with a time zone" in message
        assert "column 'at'" in message

    @pytest.mark.parametrize("name", ["lead", "stage", "at"])
    @pytest.mark.parametrize("rows", [1, 2])
    def test_rows_without_a_value_are_counted(self, made, name, rows):
        frame = a_frame()
        kept = pl.Series(
            [None, frame[name][1]] if rows == 1 else [None] * 2, dtype=frame[name].dtype
        )
        message = refused(made(frame.with_columns(kept.alias(name))))
        assert f"column '{name}'" in message
        assert f"{rows} row" in message

    @pytest.mark.parametrize("blank", ["", " ", "\t "])
    def test_a_blank_id_is_none(self, made, blank):
        message = refused(made(a_frame(lead=[blank, "b"])))
        assert "1 row without" in message
        assert "column 'lead'" in message

    def test_a_blank_stage_is_none(self, made):
        assert "column 'stage'" in refused(made(a_frame(stage=["new", " "])))

    @pytest.mark.parametrize("name", ["lead", "stage"])
    @pytest.mark.parametrize("values", [[1.0, 2.0], [1.0, float("nan")], [True, False]])
    def test_ids_and_stages_are_text_or_whole_numbers(self, made, name, values):
        message = refused(made(a_frame(**{name: values})))
        assert "expected text or whole numbers" in message
        assert f"column '{name}'" in message

    @pytest.mark.parametrize(
        "seq",
        [
            pl.Series([1.5, 2.0]),
            pl.Series([1.0, 2.0]),
            pl.Series([1, None]),
            pl.Series(["1", "2"]),
            pl.Series([True, False]),
            pl.Series([1, 2**63 + 5], dtype=pl.UInt64),
        ],
        ids=["fractions", "floats", "missing", "text", "yes/no", "beyond 64 bits"],
    )
    def test_a_seq_is_a_whole_number(self, made, seq):
        assert "column 'seq'" in refused(made(a_frame(seq=seq)), seq="seq")

    def test_a_seq_leaves_room_for_the_stages(self, made):
        frame = a_frame(seq=[-(2**62), 2**62])
        assert "column 'seq'" in refused(made(frame), LimitExceeded, seq="seq")

    @pytest.mark.parametrize("year", [1900, 1969, 2200, 2261])
    def test_an_instant_lies_in_the_calendar(self, made, year):
        message = refused(made(a_frame(at=[MONDAY, datetime(year, 12, 31, tzinfo=UTC)])))
        assert "a year from 1970 to 2199" in message
        assert "column 'at'" in message

    @pytest.mark.parametrize(
        "groups", [[MONDAY.date()] * 2, [MONDAY] * 2, [["a"], ["b"]], [b"a", b"b"]]
    )
    def test_groups_have_names(self, made, groups):
        assert "column 'by'" in refused(made(a_frame(by=groups)), by=["by"])

    def test_a_column_of_ids_is_no_stage_column(self, made):
        frame = pl.DataFrame({"lead": ["a"] * 1_001, "stage": range(1_001), "at": [MONDAY] * 1_001})
        refused(made(frame), LimitExceeded)

    def test_a_column_of_ids_is_no_group(self, made):
        many = [f"{number}" for number in range(5_000)]
        frame = pl.DataFrame({"lead": many, "stage": ["new"] * 5_000, "at": [MONDAY] * 5_000})
        message = refused(made(frame.with_columns(source="lead")), LimitExceeded, by=["source"])
        assert "column 'source'" in message

    def test_an_error_shows_no_value(self, made):
        frame = a_frame(lead=["anna@example.org", None], stage=["new", "x" * 300])
        assert "anna" not in refused(made(frame))

    def test_an_empty_frame_is_a_log_without_leads(self, made):
        frame = a_frame(seq=[1, 2], source=["web", None]).clear()
        log = taken(made(frame), seq="seq", by=["source"], known=["new", "won"])
        own = StageLog.from_rows([], by=["source"], known=["new", "won"])
        for few in (0, 20_000):
            asked = attrs.evolve(log, few=few)
            counted = funnel(asked, stages=["new", "won"], by="source")
            assert counted.leads == counted["won"].reached == 0
            assert plain(counted) == plain(funnel(own, stages=["new", "won"], by="source"))
            assert flows(asked) == flows(own)
        with pytest.raises(UnknownName, match="met"):
            funnel(log, stages=["met"])

    def test_a_stage_that_never_occurs_is_an_error_unless_it_is_known(self, made):
        with pytest.raises(UnknownName, match="met"):
            funnel(taken(made(a_frame())), stages=["new", "met"])
        with pytest.raises(UnknownName, match="lots"):
            taken(made(a_frame()), closed=["lots"])
        known = attrs.evolve(taken(made(a_frame()), known=["met"]), few=0)
        assert [step.reached for step in funnel(known, stages=["new", "met"]).steps] == [1, 0]


class TestBadFramesOfPandas:
    """Objects may be of any type, so they are text or they are refused."""

    def a_pandas(self, **columns):
        usual = {"lead": ["a", "b"], "stage": ["new", "won"], "at": [MONDAY, MONDAY]}
        objects = {name: pd.Series(own, dtype=object) for name, own in columns.items()}
        return pd.DataFrame(usual | objects)

    @pytest.mark.parametrize("name", ["lead", "stage", "seq"])
    @pytest.mark.parametrize("values", [["a", 7], [7, 1.5], [b"a", "b"], [["a"], "b"]])
    def test_objects_of_mixed_types_are_refused(self, name, values):
        columns = {"seq": "seq"} if name == "seq" else {}
        assert f"column '{name}'" in refused(self.a_pandas(**{name: values}), **columns)

    @pytest.mark.parametrize("name", ["lead", "stage"])
    @pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
    def test_missing_objects_are_counted(self, name, missing):
        message = refused(self.a_pandas(**{name: ["a", missing]}))
        assert "1 row without" in message
        assert f"column '{name}'" in message

    @pytest.mark.parametrize(
        "ats", [[MONDAY, MONDAY.astimezone(BERLIN)], [MONDAY, None], [MONDAY, "2026-03-02"]]
    )
    def test_mixed_instants_are_no_column_of_instants(self, ats):
        message = refused(self.a_pandas(at=ats))
        assert "expected instants with a time zone" in message
        assert "pandas.to_datetime(..., utc=True)" in message
        assert "column 'at'" in message

    def test_groups_of_mixed_types_are_groups_all_the_same(self):
        log = taken(self.a_pandas(by=["x", 3]), by=["by"])
        own = log.collect()
        found = funnel(attrs.evolve(log, few=0), stages=["new"], by="by")
        assert [*found.groups] == ["x"]
        assert plain(found) == plain(funnel(own, stages=["new"], by="by"))


class TestViewsOfText:
    def test_of_pyarrow_are_text(self):
        rows = [("a", "new", MONDAY, 0, "web"), ("a", "won", MONDAY + DAY, 0, None)]
        table = a_polars(rows, seq=True).to_arrow(compat_level=pl.CompatLevel.newest())
        assert "string_view" in {str(field.type) for field in table.schema}
        log = attrs.evolve(taken(table, seq="seq", by=["source"]), few=0)
        own = log.collect()
        found = funnel(log, stages=["new", "won"], by="source")
        assert plain(found) == plain(funnel(own, stages=["new", "won"], by="source"))
        assert found.groups["web"]["won"].reached == 1


class TestNoFrames:
    def test_a_list_is_no_frame(self):
        refused([("a", "new", MONDAY)])

    def test_a_dictionary_is_no_log(self):
        with pytest.raises(InvalidValue, match="a stage log"):
            flows({})


class TestOtherQuestions:
    """A question that frames do not answer says so, and how to ask it."""

    @pytest.mark.parametrize(
        "question",
        [
            lambda log: passes(log, start="new", goal="won"),
            lambda log: time_to_stage(log, "won", start="new"),
        ],
        ids=["passes", "time_to_stage"],
    )
    def test_say_to_collect(self, question):
        log = taken(a_frame())
        with pytest.raises(InvalidValue, match=r"log.collect\(\)"):
            question(log)
        question(log.collect())
