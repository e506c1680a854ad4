"""One log, the same whole numbers wherever it is: in Python, in a frame, in a database."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import attrs
import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


@pytest.mark.parametrize("engine", ENGINES)
class TestEngines:
    @settings(
        max_examples=max(8, settings().max_examples // 10),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(
        rows=rows,
        seq=st.booleans(),
        closed=st.sampled_from([None, (), ("lost",), ("lost", "paused")]),
        as_of=st.one_of(st.none(), instants),
    )
    def test_count_the_same(self, engine, rows, seq, closed, as_of):
        own, log = both(rows, engine, seq=seq, closed=closed)
        same(own, log, as_of=as_of)
