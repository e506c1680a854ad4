"""Twelve metrics of a log in its frame, against four queries by hand in the same engine."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import duckdb
import pandas as pd
import polars as pl

from benchmarks.harness import Row, milliseconds, race, ratio, speed
from leadlib.metrics import (
    FrameLog,
    cohorts,
    converted_within,
    flows,
    funnel,
    kaplan_meier,
    leakage,
    period_ratios,
    stay_durations,
    throughput,
)

HOUR = 3_600_000_000
WAY = (
    "new",
    "assigned",
    "contacted",
    "engaged",
    "qualified",
    "meeting",
    "quoted",
    "negotiation",
    "won",
)
CLOSED = ("lost", "disqualified")
CHANNELS = ("search", "social", "mail", "event", "partner", "referral", "phone", "direct")
START = datetime(2024, 1, 1, tzinfo=UTC)
COLUMNS = {"lead": "lead", "stage": "stage", "at": "at", "seq": "seq"}

Histogram = Mapping[tuple[str, bool, int], int]  # stage, still there, hours -> visits


class Hand(Protocol):
    """The four queries, as one would write them for this one purpose."""

    def funnel(self) -> list[int]:
        """How many leads entered each stage of the way, or a later one."""

    def stays(self) -> Histogram:
        """How long each visit lasted, in hours."""

    def cohorts(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        """By year and month of the first stage: how many came in, how many were qualified."""

    def response(self) -> Mapping[str, tuple[int, int]]:
        """By channel: how many came in, how many were contacted within an hour."""


def rows(events: pl.DataFrame, *, rounds: int) -> list[Row]:
    """
    One line for all metrics and two for parts of them, in each engine.

    Args:
        events: lead, stage, at, seq and channel.
        rounds: How often each side runs.
    """
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("given", events.to_arrow())
    connection.execute("CREATE TABLE events AS SELECT * FROM given")
    connection.unregister("given")
    frame = events.to_pandas()
    engines: dict[str, tuple[Any, Hand, float]] = {
        "Polars": (events.lazy(), OfPolars(events.lazy()), 0.8),
        "DuckDB": (connection.table("events"), OfDuckDB(connection), 0.6),
        "pandas": (frame, OfPandas(frame), 0.8),
    }
    return [
        row
        for name, (own, hand, goal) in engines.items()
        for row in raced(name, own, hand, goal, len(events), rounds)
    ]


def raced(name: str, frame: Any, hand: Hand, goal: float, size: int, rounds: int) -> list[Row]:
    """One engine: what it is asked for by leadlib and by hand, once the answers are equal."""
    _check(frame, hand)
    candidates: dict[str, Callable[[], object]] = {
        "twelve": lambda: twelve(frame),
        "four": lambda: (hand.funnel(), hand.stays(), hand.cohorts(), hand.response()),
        "funnel": lambda: funnel(_log(frame), stages=WAY),
        "first entries": hand.funnel,
        "stays": lambda: stay_durations(_log(frame), grain=timedelta(hours=1)),
        "lengths": hand.stays,
    }
    times = race(candidates, rounds=rounds, measure=wall_seconds)
    lines = (
        ("12 metrics", "twelve", "four queries by hand, which check nothing", "four", goal),
        ("a funnel with its medians", "funnel", "a query for its counts", "first entries", 1.2),
        ("stays, with what followed", "stays", "a query for their lengths", "lengths", 0.4),
    )
    return [
        Row(
            part="metrics",
            work=f"{work} of {size:,} events, {name}",
            against=f"{against}, wall clock",
            ratio=ratio(times, ours, theirs),
            goal=goal,
            speed=speed(times, ours, size, "events"),
        )
        for work, ours, against, theirs, goal in lines
    ]


def small_rows(events: pl.DataFrame) -> list[Row]:
    """What a frame of a thousand rows costs, whose goal is five milliseconds."""
    few = events.head(1_000)
    own = _log(few).collect()
    candidates = {
        "frame": lambda: funnel(_log(few), stages=WAY),
        "log": lambda: funnel(own, stages=WAY),
    }
    times = race(candidates, rounds=15, measure=wall_seconds)
    return [
        Row(
            part="metrics",
            work="a funnel of 1,000 rows in a Polars frame, which are copied",
            against="of the same rows in a stage log, wall clock",
            ratio=ratio(times, "frame", "log"),
            speed=milliseconds(times, "frame"),
        )
    ]


def wall_seconds(run: Callable[[], object]) -> float:
    """An engine has threads of its own, and some have a process of their own."""
    begin = time.perf_counter()
    made = run()
    seconds = time.perf_counter() - begin
    del made
    return seconds


def made_of(entries: list[tuple[str, str, datetime, int]], copies: int) -> pl.DataFrame:
    """A frame of the entries, several times over with other leads and other instants."""
    leads = {lead: code for code, lead in enumerate({lead: 0 for lead, *_ in entries})}
    one = pl.DataFrame(
        {
            "lead": [leads[lead] for lead, *_ in entries],
            "stage": [stage for _, stage, *_ in entries],
            "at": [at for *_, at, _ in entries],
        }
    )
    many = pl.concat(
        one.with_columns(
            pl.col("lead") + copy * len(leads), pl.col("at") + timedelta(minutes=7 * copy)
        )
        for copy in range(copies)
    )
    channel = (pl.col("lead") * 2_654_435_761 // 65_536 % len(CHANNELS)).replace_strict(
        dict(enumerate(CHANNELS)), return_dtype=pl.String
    )
    ordered = many.sort("at", maintain_order=True)  # keeps the entries of one instant in order
    return (
        ordered.with_columns(channel.alias("channel"))
        .with_row_index("seq")
        .with_columns(pl.col("seq").cast(pl.Int64))
    )


def _log(frame: Any) -> FrameLog:
    return FrameLog.from_frame(frame, **COLUMNS, by=["channel"], closed=CLOSED, known=WAY)


def twelve(frame: Any) -> list[object]:
    """Twelve metrics of one log, asked one after the other, from the frame on."""
    log = _log(frame)
    stays = stay_durations(log, grain=timedelta(hours=1))
    return [
        funnel(log, stages=WAY),
        funnel(log, stages=WAY, by="channel"),
        leakage(log, stages=WAY),
        cohorts(log, stages=WAY),
        cohorts(log, stages=("new", "qualified")),
        converted_within(log, stages=WAY, within="30 days"),
        converted_within(log, stages=("new", "quoted"), within="90 days"),
        converted_within(log, stages=("new", "contacted"), within="1 day"),
        period_ratios(log, stages=WAY),
        throughput(log, "won", since=START, every="1 week"),
        flows(log),
        [kaplan_meier(own).median for own in stays.values()],
    ]


def _check(frame: Any, hand: Hand) -> None:
    log = _log(frame)
    assert [step.reached for step in funnel(log, stages=WAY).steps] == hand.funnel()
    found = Counter[tuple[str, bool, int]]()
    for stage, stays in stay_durations(log, grain=timedelta(hours=1)).items():
        for (length, _), visits in stays.events.items():
            found[stage, False, length // HOUR] += visits
        for length, visits in stays.censored.items():
            found[stage, True, length // HOUR] += visits
    assert found == hand.stays()
    months = {
        (own.month.year, own.month.month): (own.entered, own.reached)
        for own in cohorts(log, stages=("new", "qualified")).months
    }
    # A lead that skipped its first stage is in the cohort of its second one.
    assert months.keys() == hand.cohorts().keys()
    assert sum(n for n, _ in hand.response().values()) <= len(log)


class OfPolars:
    """By hand in Polars."""

    def __init__(self, events: pl.LazyFrame) -> None:
        self.events = events

    def funnel(self) -> list[int]:
        c = pl.col
        entries = [pl.when(c("stage") == name).then(c("at")).alias(name) for name in WAY]
        first = self.events.select("lead", *entries).group_by("lead").agg(pl.all().min())
        later = [pl.any_horizontal(c(*WAY[i:]).is_not_null()) for i in range(len(WAY))]
        counts = [own.sum().alias(name) for own, name in zip(later, WAY, strict=True)]
        return [*first.select(*counts).collect().row(0)]

    def stays(self) -> Histogram:
        c = pl.col
        end = self.events.select(c("at").cast(pl.Int64).max()).collect().item()
        visits = self.events.select("lead", "stage", at=c("at").cast(pl.Int64)).with_columns(
            until=c("at").shift(-1).over("lead")
        )
        lengths = visits.select(
            "stage", open=c("until").is_null(), hours=(c("until").fill_null(end) - c("at")) // HOUR
        )
        counted = lengths.group_by("stage", "open", "hours").len().collect()
        return {(stage, is_open, hours): n for stage, is_open, hours, n in counted.iter_rows()}

    def cohorts(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        c = pl.col
        both = self.events.filter(c("stage").is_in(["new", "qualified"]))
        first = (
            both.select(
                "lead",
                new=pl.when(c("stage") == "new").then(c("at")),
                got=pl.when(c("stage") == "qualified").then(c("at")),
            )
            .group_by("lead")
            .agg(pl.all().min())
        )
        entry = c("new").fill_null(c("got"))
        months = first.group_by(year=entry.dt.year(), month=entry.dt.month())
        counted = months.agg(pl.len(), c("got").count()).collect()
        return {(year, month): (n, got) for year, month, n, got in counted.iter_rows()}

    def response(self) -> Mapping[str, tuple[int, int]]:
        c = pl.col
        both = self.events.filter(c("stage").is_in(["new", "contacted"]))
        first = (
            both.select(
                "lead",
                "channel",
                new=pl.when(c("stage") == "new").then(c("at")),
                got=pl.when(c("stage") == "contacted").then(c("at")),
            )
            .group_by("lead")
            .agg(c("channel").first(), c("new", "got").min())
        )
        quick = (c("got") - c("new")) <= timedelta(hours=1)
        counted = first.group_by("channel").agg(pl.len(), quick.sum()).collect()
        return {channel: (n, fast) for channel, n, fast in counted.iter_rows()}


class OfDuckDB:
    """By hand in DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def funnel(self) -> list[int]:
        entries = ", ".join(
            f"""min("at") FILTER (stage = '{name}') AS {_quoted(name)}""" for name in WAY
        )
        counts = ", ".join(
            f"count(coalesce({', '.join(map(_quoted, WAY[i:]))}))" for i in range(len(WAY))
        )
        query = f"SELECT {counts} FROM (SELECT {entries} FROM events GROUP BY lead)"
        return [*self._rows(query)[0]]

    def stays(self) -> Histogram:
        found = self._rows(f"""
            WITH visits AS (
                SELECT stage, epoch_us("at") AS since,
                    lead(epoch_us("at")) OVER (PARTITION BY "lead" ORDER BY "at", seq) AS until
                FROM events)
            SELECT stage, until IS NULL,
                (coalesce(until, (SELECT epoch_us(max("at")) FROM events)) - since) // {HOUR},
                count(*)
            FROM visits GROUP BY ALL""")
        return {(stage, is_open, hours): n for stage, is_open, hours, n in found}

    def cohorts(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        found = self._rows("""
            WITH leads AS (
                SELECT min("at") FILTER (stage = 'new') AS came,
                    min("at") FILTER (stage = 'qualified') AS got
                FROM events WHERE stage IN ('new', 'qualified') GROUP BY "lead")
            SELECT year(coalesce(came, got)), month(coalesce(came, got)), count(*), count(got)
            FROM leads GROUP BY ALL""")
        return {(year, month): (n, got) for year, month, n, got in found}

    def response(self) -> Mapping[str, tuple[int, int]]:
        found = self._rows("""
            WITH leads AS (
                SELECT any_value(channel) AS channel, min("at") FILTER (stage = 'new') AS came,
                    min("at") FILTER (stage = 'contacted') AS got
                FROM events WHERE stage IN ('new', 'contacted') GROUP BY "lead")
            SELECT channel, count(*), count(*) FILTER (got - came <= INTERVAL 1 HOUR)
            FROM leads GROUP BY channel""")
        return {channel: (n, fast) for channel, n, fast in found}


class OfPandas:
    """By hand in pandas, which may trust the rows to be in order of time."""

    def __init__(self, events: pd.DataFrame) -> None:
        self.events = events

    def _first(self, stage: str) -> pd.Series:
        entries = self.events[self.events["stage"] == stage]
        return entries.drop_duplicates("lead").set_index("lead")["at"]

    def funnel(self) -> list[int]:
        first = self.events[["lead", "stage", "at"]].drop_duplicates(["lead", "stage"])
        wide = first.set_index(["lead", "stage"])["at"].unstack("stage")  # noqa: PD010  # faster
        return [int(wide[[*WAY[i:]]].notna().any(axis=1).sum()) for i in range(len(WAY))]

    def stays(self) -> Histogram:
        events = self.events
        since = events["at"].astype("int64") // _units(events["at"])
        until = since.groupby(events["lead"].to_numpy(), sort=False).shift(-1)
        hours = (until.fillna(since.max()).astype("int64") - since) // HOUR
        table = pd.DataFrame({"stage": events["stage"], "open": until.isna(), "hours": hours})
        counted = table.groupby(["stage", "open", "hours"], observed=True).size()
        return {(stage, bool(o), int(h)): int(n) for (stage, o, h), n in counted.items()}

    def cohorts(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        both = pd.concat([self._first("new"), self._first("qualified")], axis=1, keys=["a", "b"])
        came = both["a"].fillna(both["b"])
        table = pd.DataFrame({"year": came.dt.year, "month": came.dt.month, "got": both["b"]})
        counted = table.groupby(["year", "month"])["got"].agg(["size", "count"])
        return {key: (int(n), int(got)) for key, n, got in counted.itertuples()}

    def response(self) -> Mapping[str, tuple[int, int]]:
        came = self._first("new")
        quick = (self._first("contacted").reindex(came.index) - came) <= pd.Timedelta(hours=1)
        new = self.events[self.events["stage"] == "new"].drop_duplicates("lead")
        table = pd.DataFrame({"channel": new["channel"].to_numpy(), "quick": quick.to_numpy()})
        counted = table.groupby("channel")["quick"].agg(["size", "sum"])
        return {channel: (int(n), int(fast)) for channel, n, fast in counted.itertuples()}


def _quoted(name: str) -> str:
    return f'"{name}"'


def _units(column: pd.Series) -> int:
    """How many of its integers make a microsecond."""
    return {"ns": 1_000, "us": 1}[column.dt.unit]
