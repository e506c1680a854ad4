"""Eight criteria judged on data frames, against the best plan of each engine by hand."""

import random
from collections.abc import Callable
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks import workload
from benchmarks.harness import Row, Times, race, ratio, speed
from benchmarks.workload import BARRED, DEFINITION, FREE_MAIL, TITLES, WANTED

GOAL = 1.1
FOUND = "|".join(TITLES)
Candidates = dict[str, Callable[[], Any]]


def rows(*, quick: bool) -> list[Row]:
    count = 10_000 if quick else 1_000_000
    table = make_table(count)
    engines = {
        "Polars lazy": (_polars(table), GOAL),
        "DuckDB": (_duckdb(table), GOAL),
        "pandas": (_pandas(table), None),
        "PyArrow": (_pyarrow(table), None),
    }
    for candidates, _ in engines.values():
        _check(candidates)
    return [
        row
        for name, (candidates, goal) in engines.items()
        for row in _raced(name, candidates, goal, count, rounds=5 if quick else 15)
    ]


def _raced(
    name: str, candidates: Candidates, goal: float | None, count: int, *, rounds: int
) -> list[Row]:
    times: Times = race(candidates, rounds=rounds)
    return [
        Row(
            part="frames",
            work=f"judge_frame on {count:,} rows, {name}",
            against="by hand",
            ratio=ratio(times, "ours", "by hand"),
            goal=goal,
            speed=speed(times, "ours", count, "rows"),
        )
    ]


def make_table(count: int) -> pa.Table:
    """The leads of the part `qualification`, as columns; every tenth answer is missing."""
    chance = random.Random(1)
    facts = [workload._facts(chance) for _ in range(count)]  # noqa: SLF001
    return pa.table(
        {
            name: [row[name] if chance.random() >= 0.1 else None for row in facts]
            for name in facts[0]
        }
    )


def _check(candidates: Candidates) -> None:
    ours, hand = (sorted(_texts(run())) for run in candidates.values())
    assert ours == hand
    assert len(set(ours)) == 3


def _texts(made: Any) -> list[str]:
    if hasattr(made, "fetchall"):
        return [text for (text,) in made.fetchall()]
    column = made["outcome"]
    return list(column.to_pylist() if hasattr(column, "to_pylist") else column)


def _polars(table: pa.Table) -> Candidates:
    frame = pl.from_arrow(table).lazy()  # type: ignore[union-attr]
    col = pl.col
    fit = (
        col("industry").is_in(sorted(WANTED))
        & (col("employees") >= 50)
        & (col("budget") >= 10_000)
        & ~col("country").is_in(sorted(BARRED))
        & col("title").str.contains(FOUND)
        & ~col("mail_domain").is_in(sorted(FREE_MAIL))
        & (col("visits") >= 3)
        & (col("asked_for_demo") | col("took_prices"))
    )
    named = (
        pl.when(fit)
        .then(pl.lit("qualified"))
        .when(~fit)
        .then(pl.lit("not qualified"))
        .otherwise(pl.lit("undecided"))
    )
    return {
        "ours": lambda: DEFINITION.judge_frame(frame).collect(),
        "by hand": lambda: frame.with_columns(outcome=named).collect(),
    }


def _duckdb(table: pa.Table) -> Candidates:
    base = duckdb.connect()
    base.register("facts", table)
    base.execute("CREATE TABLE leads AS SELECT * FROM facts")
    titles = " OR ".join(f"contains(title, '{title}')" for title in TITLES)
    fit = f"""industry IN {tuple(sorted(WANTED))} AND employees >= 50 AND budget >= 10000
        AND country NOT IN {tuple(sorted(BARRED))} AND ({titles})
        AND mail_domain NOT IN {tuple(sorted(FREE_MAIL))} AND visits >= 3
        AND (asked_for_demo OR took_prices)"""
    by_hand = f"""SELECT CASE WHEN {fit} THEN 'qualified' WHEN NOT ({fit}) THEN 'not qualified'
        ELSE 'undecided' END AS outcome FROM leads"""
    leads = base.table("leads")

    def stored(relation: Any) -> Any:
        base.execute("DROP TABLE IF EXISTS judged")
        relation.to_table("judged")
        return base.table("judged")

    return {
        "ours": lambda: stored(DEFINITION.judge_frame(leads).select("outcome")),
        "by hand": lambda: stored(base.sql(by_hand)),
    }


def _pandas(table: pa.Table) -> Candidates:
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)

    def by_hand() -> pd.DataFrame:
        fit = (
            frame["industry"].isin(WANTED).where(frame["industry"].notna())
            & (frame["employees"] >= 50)
            & (frame["budget"] >= 10_000)
            & ~frame["country"].isin(BARRED).where(frame["country"].notna()).astype("boolean")
            & frame["title"].str.contains(FOUND)
            & ~frame["mail_domain"]
            .isin(FREE_MAIL)
            .where(frame["mail_domain"].notna())
            .astype("boolean")
            & (frame["visits"] >= 3)
            & (frame["asked_for_demo"] | frame["took_prices"])
        )
        names = {True: "qualified", False: "not qualified"}
        return frame.assign(outcome=fit.map(names).fillna("undecided"))

    return {"ours": lambda: DEFINITION.judge_frame(frame), "by hand": by_hand}


def _pyarrow(table: pa.Table) -> Candidates:
    def one_of(name: str, values: Any) -> Any:
        known = pc.is_in(table[name], pa.array(sorted(values)))
        return pc.if_else(pc.is_valid(table[name]), known, None)

    def by_hand() -> pa.Table:
        fit = one_of("industry", WANTED)
        for test in (
            pc.greater_equal(table["employees"], 50),
            pc.greater_equal(table["budget"], 10_000),
            pc.invert(one_of("country", BARRED)),
            pc.match_substring_regex(table["title"], FOUND),
            pc.invert(one_of("mail_domain", FREE_MAIL)),
            pc.greater_equal(table["visits"], 3),
            pc.or_kleene(table["asked_for_demo"], table["took_prices"]),
        ):
            fit = pc.and_kleene(fit, test)
        named = pc.fill_null(pc.if_else(fit, "qualified", "not qualified"), "undecided")
        return table.append_column("outcome", named)

    return {"ours": lambda: DEFINITION.judge_frame(table), "by hand": by_hand}
