"""
Twelve metrics of a million events in Spark, against four queries by hand: `python -m
benchmarks.spark`.

Spark runs here in one process with two cores, so the figure is one of its planner and its shuffles
as much as of a cluster; it takes minutes and is no part of `make bench`.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.engines import HOUR, WAY, Histogram, made_of, raced
from benchmarks.metrics import make_rows

_CONFIG = {
    "spark.ui.enabled": "false",
    "spark.driver.memory": "3g",
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}


def main() -> None:
    """Print one line for all metrics and two for parts of them."""
    from pyspark.sql import SparkSession  # of the group slow

    builder = SparkSession.builder.master("local[2]")
    for key, value in _CONFIG.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    events = made_of(make_rows(1_000_000), copies=1)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "events.parquet"
        events.write_parquet(copy)
        frame = session.read.parquet(str(copy)).cache()
        frame.createOrReplaceTempView("events")
        size = frame.count()
        for row in raced("Spark", frame, OfSpark(session), 0.6, size, rounds=2):
            print(f"{row.work}, against {row.against}: {row.ratio:.2f} (goal {row.goal})")
    session.stop()


class OfSpark:
    """By hand in the SQL of Spark."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.sql(query).collect()]

    def funnel(self) -> list[int]:
        entries = ", ".join(f"min(at) FILTER (WHERE stage = '{name}') AS {name}" for name in WAY)
        counts = ", ".join(f"count(coalesce({', '.join(WAY[i:])}))" for i in range(len(WAY)))
        query = f"SELECT {counts} FROM (SELECT {entries} FROM events GROUP BY lead)"
        return [*self._rows(query)[0]]

    def stays(self) -> Histogram:
        found = self._rows(f"""
            WITH visits AS (
                SELECT stage, unix_micros(at) AS since,
                    lead(unix_micros(at)) OVER (PARTITION BY lead ORDER BY at, seq) AS until
                FROM events)
            SELECT stage, until IS NULL,
                (coalesce(until, (SELECT unix_micros(max(at)) FROM events)) - since) DIV {HOUR},
                count(*)
            FROM visits GROUP BY 1, 2, 3""")
        return {(stage, is_open, hours): n for stage, is_open, hours, n in found}

    def cohorts(self) -> Mapping[tuple[int, int], tuple[int, int]]:
        found = self._rows("""
            WITH leads AS (
                SELECT min(at) FILTER (WHERE stage = 'new') AS came,
                    min(at) FILTER (WHERE stage = 'qualified') AS got
                FROM events WHERE stage IN ('new', 'qualified') GROUP BY lead)
            SELECT year(coalesce(came, got)), month(coalesce(came, got)), count(*), count(got)
            FROM leads GROUP BY 1, 2""")
        return {(year, month): (n, got) for year, month, n, got in found}

    def response(self) -> Mapping[str, tuple[int, int]]:
        found = self._rows("""
            WITH leads AS (
                SELECT any_value(channel) AS channel, min(at) FILTER (WHERE stage = 'new') AS came,
                    min(at) FILTER (WHERE stage = 'contacted') AS got
                FROM events WHERE stage IN ('new', 'contacted') GROUP BY lead)
            SELECT channel, count(*), count(*) FILTER (WHERE got - came <= INTERVAL 1 HOUR)
            FROM leads GROUP BY channel""")
        return {channel: (n, fast) for channel, n, fast in found}


if __name__ == "__main__":
    main()
