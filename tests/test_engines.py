"""One definition, the same verdicts in Python, in data frames and in databases."""

# ruff: noqa: SIM300  # what is compared with a field is a criterion, not a truth

import math
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import narwhals.stable.v2 as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leadlib.errors import (
    ConflictError,
    InvalidValue,
    LimitExceeded,
    MissingExtra,
    UnknownName,
)
from leadlib.qualification import (
    AllOf,
    AnyOf,
    AtLeast,
    Dialect,
    Event,
    Field,
    LeadDefinition,
    Operator,
    Outcome,
    Points,
    ScoreCard,
)

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)  # the day Berlin loses an hour
BERLIN = ZoneInfo("Europe/Berlin")
STAFF, BUDGET = Field("staff", int), Field("budget", Decimal)
NEED, TITLE = Field("need", str), Field("title", str)
ASKED, BORN, SEEN = Field("asked", bool), Field("born", date), Field("seen", datetime)
DRAWN = settings(
    max_examples=max(20, settings().max_examples // 4),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# -- random values, and random definitions about them --

NUMBERS = [0, 1, -1, 49, 50, 51, 127, -128, 255, 1000, 2**31, 2**53, -(2**53)]
FLOATS = [0.1, 0.3, 0.1 + 0.2, -0.0, 49.999999999999993, 1e18, 1e-18, 9e-19, 1e300, 5e-324, 2.5]
DECIMALS = [Decimal(text) for text in ("0.3", "0.1", "2.5", "49.999", "50.001", "-1.001")]
FINE = [Decimal("0.30000000000000001"), Decimal("49.99999999999999999"), Decimal("1e-17")]
TEXTS = [
    "churn", "Churn", "CHURN rate", "vp", "VP sales", "mvp", "vp\n", "\nvp", "vp\u2028",
    "x\u0085", "İstanbul", "i̇stanbul", "istanbul", "ß", "SS", "\u017fs", "\u212a", "k", "K",
    "é", "É", "\U0001d4b3 vp", "\U0001d4b3", "c++", "C++ and c", "a-b", "[vp]", "^vp$", "a\\b",
    "\\", "%", "_", "it's", '"', "`", ";--", "?", "*", "vp\r\n", "vp\u3000x", "", " ", "]",
    "{0}", "%s", "E'", "vp vp", "vp-vp", "x" * 300,
]  # fmt: skip
DAYS = [
    date(2026, 3, 28),
    date(2026, 3, 29),
    date(2026, 2, 27),
    date(1969, 12, 31),
    date(2024, 2, 29),
]
INSTANTS = [
    NOW,
    NOW - timedelta(days=30),
    NOW + timedelta(days=30),
    NOW - timedelta(days=30, microseconds=1),
    datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
]


def near(pool, others):
    return st.one_of(st.sampled_from(pool), st.sampled_from(pool), others)


def some_text():
    letters = st.sampled_from("vpVPkK s-ßİıé\u017f\U0001d4b3\u212a\n'\\[]")
    return near(TEXTS, st.text(letters, max_size=6))


def as_operand(text):
    return unicodedata.normalize("NFC", text)[:255].strip()  # as long as one to look for may be


WORDS = some_text().map(as_operand).filter(bool)
WHOLE = near(NUMBERS, st.integers(-(10**17), 10**17))
POINTS = st.one_of(st.integers(-3, 5), st.sampled_from([Decimal("0.5"), Decimal("-0.25")]))
SPANS = st.sampled_from(["30 days", "1 day", "1 month", "1 year"])
EXACT = st.one_of(WHOLE, st.sampled_from([*DECIMALS, *FINE]), st.sampled_from(FLOATS[:5]))
OPERANDS = {
    int: WHOLE,
    Decimal: EXACT,
    date: near(DAYS, st.dates(date(1900, 1, 1), date(2200, 1, 1))),
    datetime: near(
        INSTANTS,
        st.datetimes(datetime(1980, 1, 1), datetime(2190, 1, 1), timezones=st.just(BERLIN)),
    ),
    str: WORDS,
    bool: st.booleans(),
}
ORDERED = [Operator.AT_LEAST, Operator.AT_MOST, Operator.MORE_THAN, Operator.LESS_THAN]


@st.composite
def a_condition(draw):
    field = draw(st.sampled_from([STAFF, BUDGET, NEED, TITLE, ASKED, BORN, SEEN]))
    operands = OPERANDS[field.kind]
    many = draw(st.lists(operands, min_size=1, max_size=3))
    if field.kind is bool:
        return field.is_one_of(*many)
    if field.kind is str:
        asked = [field.is_one_of, field.contains_any, field.starts_with_any, field.has_word]
        return draw(st.sampled_from(asked))(*many, case=draw(st.sampled_from(["exact", "ignored"])))
    if field.kind in {date, datetime} and draw(st.booleans()):
        asked = [field.within_last, field.within_next, field.older_than]
        return draw(st.sampled_from(asked))(draw(SPANS))
    asked = draw(st.sampled_from([*ORDERED, Operator.BETWEEN, Operator.IS_ONE_OF]))
    if asked is Operator.IS_ONE_OF:
        return field.is_one_of(*many)
    if asked is Operator.BETWEEN:
        return field.between(min(many), max(many))
    signs = ["__ge__", "__le__", "__gt__", "__lt__"]
    return getattr(field, signs[ORDERED.index(asked)])(many[0])


@st.composite
def counted(draw, inner):
    parts = draw(st.lists(inner, min_size=1, max_size=4))
    return AtLeast(count=draw(st.integers(1, len(parts))), parts=parts)


def grown(inner):
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        several.map(lambda parts: AllOf(parts=parts)),
        several.map(lambda parts: AnyOf(parts=parts)),
        inner.map(lambda part: ~part),
        inner.map(lambda part: part.named("named")),
        counted(inner),
    )


CRITERIA = st.recursive(a_condition(), grown, max_leaves=6)


@st.composite
def a_card(draw):
    groups = st.sampled_from([None, "a", "b"])
    rules = [
        Points(draw(POINTS), part, group=draw(groups))
        for part in draw(st.lists(a_condition(), min_size=1, max_size=4))
    ]
    named = sorted({rule.group for rule in rules if rule.group})
    caps = {group: abs(draw(POINTS)) for group in named if draw(st.booleans())}
    least, most = sorted([draw(POINTS), draw(POINTS)])
    ends = draw(st.sampled_from([{}, {"most": most}, {"least": least, "most": most}]))
    return ScoreCard(rules, caps=caps, at_least=draw(POINTS), **ends)


@st.composite
def definitions(draw):
    veto = draw(st.none() | CRITERIA)
    card = draw(st.none() | a_card())
    try:
        definition = LeadDefinition("d", draw(CRITERIA), disqualify=veto, fit=card)
    except ConflictError:  # one name for two criteria
        definition = LeadDefinition("d", draw(a_condition()), fit=card)
    return definition


NUMBER_TYPES = {
    "int64": (pa.int64(), near(NUMBERS, st.integers(-(2**53), 2**53))),
    "int8": (pa.int8(), near([0, 1, 49, 50, 51, 127, -128], st.integers(-128, 127))),
    "uint64": (pa.uint64(), near([0, 1, 49, 50, 51, 2**53], st.integers(0, 2**53))),
    "float64": (
        pa.float64(),
        near([*FLOATS, math.nan, math.inf, -math.inf, 50.0, 1.0], st.floats()),
    ),
    "float32": (pa.float32(), near([0.5, 50.0, math.nan], st.floats(width=32))),
    "decimal": (
        pa.decimal128(15, 3),
        near([*DECIMALS, Decimal(50)], st.decimals(-1000, 1000, places=3)),
    ),
}


PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def counted_in(unit, at, more=0):
    """An instant as a whole count of a unit since 1970, or one next to it."""
    micros = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return micros * PER_SECOND[unit] // 10**6 + more


@st.composite
def tables(draw, units=("us",)):
    """A table of PyArrow, which tells all the types apart."""
    size = draw(st.integers(0, 5))
    unit = draw(st.sampled_from(units))
    more = st.sampled_from([0, 0, 1, -1, 500])
    counts = st.builds(counted_in, st.just(unit), OPERANDS[datetime], more)

    def column(kind, values):
        drawn = st.lists(st.none() | values, min_size=size, max_size=size)
        return pa.array(draw(drawn), kind)

    zone = draw(st.sampled_from(["UTC", "Europe/Berlin"]))
    numbers = st.sampled_from(sorted(NUMBER_TYPES))
    return pa.table(
        {
            "staff": column(*NUMBER_TYPES[draw(numbers)]),
            "budget": column(*NUMBER_TYPES[draw(numbers)]),
            "need": column(pa.string(), some_text()),
            "title": column(pa.string(), some_text()),
            "asked": column(pa.bool_(), st.booleans()),
            "born": column(pa.date32(), OPERANDS[date]),
            "seen": column(pa.timestamp(unit, zone), counts),
        }
    )


def rows_of(table):
    """What a person would hand to the interpreter; instants in UTC, as leads keep them."""
    rows = table.to_pylist()
    for row in rows:
        row["seen"] = row["seen"] and row["seen"].astimezone(UTC)
    return rows


def expected_of(definition, rows):
    conditions = definition._at(NOW)
    given = [tuple(c.answer(row[c.field.key]) for c in conditions) for row in rows]
    return [definition.assessment(answers) for answers in given]


# -- engines --

ANY_UNIT = tables(units=("s", "ms", "us", "ns"))


def in_micros(table):
    """DuckDB has nanoseconds with a time zone, and narwhals no name for them."""
    place = table.column_names.index("seen")
    kind = pa.timestamp("us", table["seen"].type.tz)
    return table.set_column(place, "seen", table["seen"].cast(kind, safe=False))


def as_category(table):
    places = {"need", "title"}
    columns = {
        name: table[name].dictionary_encode() if name in places else table[name]
        for name in table.column_names
    }
    return pa.table(columns)


def as_objects(table):
    frame = table.to_pandas()
    for name in frame:
        frame[name] = pd.Series(table[name].to_pylist(), dtype=object)
    return frame


NULLABLE = {
    pa.int64(): pd.Int64Dtype(),
    pa.int8(): pd.Int8Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.float32(): pd.Float32Dtype(),
    pa.string(): pd.StringDtype("python"),
}


def as_enum(table):
    frame = pl.from_arrow(table)
    names = [pl.col(n).cast(pl.Enum(frame[n].drop_nulls().unique())) for n in ("need", "title")]
    return frame.with_columns(names)


FRAMES = {
    "pyarrow": lambda table: table,
    "pyarrow dictionary": as_category,
    "polars": pl.from_arrow,
    "polars lazy": lambda table: pl.from_arrow(table).lazy(),
    "polars categorical": lambda table: pl.from_arrow(as_category(table)),
    "polars enum": as_enum,
    "pandas": lambda table: table.to_pandas(),
    "pandas nullable": lambda table: table.to_pandas(types_mapper=NULLABLE.get),
    "pandas arrow": lambda table: table.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas category": lambda table: as_category(table).to_pandas(),
    "pandas objects": as_objects,
    "duckdb": duckdb.from_arrow,
}


def collected(frame):
    """The two new columns as lists, from any engine."""
    table = nw.from_native(frame)
    table = table.collect() if hasattr(table, "collect") else table
    return table["outcome"].to_list(), table["code"].to_list()


@pytest.mark.parametrize("engine", FRAMES)
class TestFrames:
    @DRAWN
    @given(definition=definitions(), table=ANY_UNIT)
    def test_give_the_verdicts_of_the_interpreter(self, engine, definition, table):
        table = in_micros(table) if engine == "duckdb" else table
        expected = expected_of(definition, rows_of(table))
        frame = FRAMES[engine](table)

        judged = definition.judge_frame(frame, now=NOW, answers="code")

        assert type(judged) is type(frame)
        outcomes, codes = collected(judged)
        assert outcomes == [assessment.outcome for assessment in expected]
        assert codes == [assessment.code for assessment in expected]

    @DRAWN
    @given(definition=definitions(), table=ANY_UNIT)
    def test_give_the_same_outcomes_without_the_answers(self, engine, definition, table):
        table = in_micros(table) if engine == "duckdb" else table
        frame = FRAMES[engine](table)

        judged = nw.from_native(definition.judge_frame(frame, now=NOW))

        judged = judged.collect() if hasattr(judged, "collect") else judged
        expected = expected_of(definition, rows_of(table))
        assert judged["outcome"].to_list() == [assessment.outcome for assessment in expected]
        assert judged.columns == [*table.column_names, "outcome"]


def in_sqlite(value):
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def by_sqlite(definition, table):
    rows = table.to_pylist()
    with sqlite3.connect(":memory:") as base:
        columns = ", ".join(f'"{name}"' for name in table.column_names)
        base.execute(f"CREATE TABLE leads ({columns})")
        marks = ", ".join("?" * table.num_columns)
        plain = [[in_sqlite(value) for value in row.values()] for row in rows]
        base.executemany(f"INSERT INTO leads VALUES ({marks})", plain)
        made = definition.to_sql(Dialect.SQLITE, now=NOW)
        found = base.execute(f"SELECT {made} FROM leads ORDER BY rowid").fetchall()
    base.close()
    return [outcome for (outcome,) in found]


def by_duckdb(definition, table):
    made = definition.to_sql(Dialect.DUCKDB, now=NOW)
    with duckdb.connect() as base:
        base.register("leads", table)
        found = base.execute(f"SELECT {made} FROM leads").fetchall()
    return [outcome for (outcome,) in found]


@pytest.mark.parametrize("judge", [by_sqlite, by_duckdb], ids=["sqlite", "duckdb"])
class TestSql:
    @DRAWN
    @given(definition=definitions(), table=tables())
    def test_gives_the_verdicts_of_the_interpreter(self, judge, definition, table):
        outcomes = judge(definition, table)

        expected = expected_of(definition, rows_of(table))
        assert outcomes == [assessment.outcome for assessment in expected]


def a_frame(**columns):
    return pl.DataFrame(columns, strict=False)


def outcomes_of(definition, frame, **options):
    return nw.from_native(definition.judge_frame(frame, **options))["outcome"].to_list()


QUALIFIED, NOT_QUALIFIED, UNDECIDED = Outcome.QUALIFIED, Outcome.NOT_QUALIFIED, Outcome.UNDECIDED


TEXT_TESTS = [
    NEED.equals("churn"),
    NEED.is_one_of("churn", "y"),
    NEED.equals("churn", case="ignored"),
    NEED.contains_any("churn"),
    NEED.contains_any("churn", "y"),
    NEED.starts_with_any("chu"),
    NEED.has_word("churn"),
]
INSTANT_ENGINES = [
    "pyarrow",
    "polars",
    "polars lazy",
    "pandas",
    "pandas arrow",
    "pandas objects",
    "duckdb",
]


class TestJudgeFrame:
    def test_keeps_the_columns_and_the_index(self):
        frame = pd.DataFrame({"staff": [60, 40], "other": ["a", "b"]}, index=[7, 7])

        judged = LeadDefinition("d", STAFF >= 50).judge_frame(frame)

        assert judged.drop(columns="outcome").equals(frame)
        assert judged["outcome"].to_list() == [QUALIFIED, NOT_QUALIFIED]
        assert "outcome" not in frame

    def test_leaves_a_lazy_frame_lazy(self):
        """A frame that fails when it is computed does not fail when it is judged."""
        frame = a_frame(staff=["x"]).lazy().with_columns(pl.col("staff").str.to_integer())

        assert isinstance(LeadDefinition("d", STAFF >= 50).judge_frame(frame), pl.LazyFrame)

    def test_names_the_new_columns_as_asked(self):
        definition = LeadDefinition("d", STAFF >= 50)

        judged = definition.judge_frame(a_frame(staff=[60]), outcome="verdict", answers="why")

        assert judged.columns == ["staff", "verdict", "why"]
        assert judged["why"].to_list() == [definition.assess({"staff": 60}).code]

    @pytest.mark.parametrize(
        "names", [{"outcome": "staff"}, {"answers": "staff"}, {"answers": "outcome"}]
    )
    def test_overwrites_no_column(self, names):
        with pytest.raises(ConflictError, match="expected a new column"):
            LeadDefinition("d", STAFF >= 50).judge_frame(a_frame(staff=[60]), **names)

    def test_takes_no_name_of_the_frame_for_its_own_work(self):
        frame = a_frame(staff=[60], **{"leadlib 0": ["a"], "leadlib 1": ["b"]})

        judged = LeadDefinition("d", AtLeast(count=1, parts=[STAFF >= 50])).judge_frame(frame)

        assert judged.drop("outcome").equals(frame)

    def test_codes_at_most_31_conditions(self):
        frame = a_frame(staff=[0])
        most = LeadDefinition("d", AnyOf(parts=[STAFF.equals(n) for n in range(31)]))
        more = LeadDefinition("d", AnyOf(parts=[STAFF.equals(n) for n in range(32)]))

        assert most.judge_frame(frame, answers="code")["code"].to_list() == [2]
        with pytest.raises(LimitExceeded, match=r"at most 31 conditions .* got 32"):
            more.judge_frame(frame, answers="code")
        assert outcomes_of(more, frame) == [QUALIFIED]

    def test_finds_columns_by_other_names(self):
        definition = LeadDefinition("d", (STAFF >= 50) & (Event("demo", within="30 days") >= 1))
        frame = a_frame(people=[60], demos=[1])

        columns = {"staff": "people", "demo within 30 days": "demos"}

        assert outcomes_of(definition, frame, columns=columns) == [QUALIFIED]

    def test_says_which_column_is_not_there(self):
        definition = LeadDefinition("d", STAFF >= 50)

        with pytest.raises(UnknownName, match="got 'staff'; did you mean 'staf'"):
            definition.judge_frame(a_frame(staf=[60]))
        with pytest.raises(UnknownName, match="a subject of the definition, got 'stuff'"):
            definition.judge_frame(a_frame(staff=[60]), columns={"stuff": "staff"})
        with pytest.raises(InvalidValue, match="type str"):
            definition.judge_frame(a_frame(staff=[60]), columns={"staff": 3})

    def test_names_all_columns_that_are_not_there(self):
        definition = LeadDefinition("d", (STAFF >= 50) & ASKED.is_true() & NEED.equals("churn"))

        with pytest.raises(UnknownName, match="columns=") as caught:
            definition.judge_frame(a_frame(asked=[True], people=[60]))

        assert caught.value.got == "'staff' and 'need'"
        assert caught.value.legal == ("asked", "people")

    def test_names_what_a_renamed_column_is_not(self):
        definition = LeadDefinition("d", (STAFF >= 50) & NEED.equals("churn"))

        with pytest.raises(UnknownName, match="'people' and 'why'"):
            definition.judge_frame(a_frame(staff=[1]), columns={"staff": "people", "need": "why"})

    @pytest.mark.parametrize("name", ["outcome", "answers", "columns"])
    def test_says_which_argument_is_of_another_type(self, name):
        with pytest.raises(InvalidValue) as caught:
            LeadDefinition("d", STAFF >= 50).judge_frame(a_frame(staff=[60]), **{name: 5})

        assert caught.value.where == name

    @pytest.mark.parametrize("test", [*TEXT_TESTS])
    def test_takes_the_views_of_pyarrow_for_text(self, test):
        texts = ["churn", "x churn", "CHURN", None]
        table = pa.table({"need": pa.array(texts, pa.string_view())})
        inside = pa.table({"a": pa.StructArray.from_arrays([table["need"].chunk(0)], ["need"])})
        definition = LeadDefinition("d", test)
        expected = [definition.assess({"need": text}).outcome for text in texts]

        assert outcomes_of(definition, table) == expected
        assert outcomes_of(definition, inside, columns={"need": "a.need"}) == expected
        with pytest.raises(InvalidValue, match="@ column 'need'"):  # pandas has no tests of them
            definition.judge_frame(table.to_pandas(types_mapper=pd.ArrowDtype))

    @pytest.mark.parametrize("engine", ["pyarrow", "pandas arrow"])
    def test_names_the_column_whose_type_has_no_name(self, engine):
        thousands = pa.array([Decimal("6E3")], pa.decimal128(5, -2))
        table = pa.table({"staff": [60], "budget": thousands})

        with pytest.raises(InvalidValue, match="@ column 'budget'"):
            LeadDefinition("d", BUDGET >= 50).judge_frame(FRAMES[engine](table))

    @pytest.mark.parametrize("engine", [*FRAMES])
    def test_looks_into_structures(self, engine):
        definition = LeadDefinition("d", Field("company.size", int) >= 50)
        table = pa.table({"company": [{"size": 60}, {"size": None}, None, {"size": 4}]})
        make = pl.from_arrow if engine == "polars enum" else FRAMES[engine]
        if "dictionary" in engine or "categor" in engine:
            make = FRAMES[engine.split()[0]]

        judged = nw.from_native(definition.judge_frame(make(table)))

        judged = judged.collect() if hasattr(judged, "collect") else judged
        expected = [QUALIFIED, UNDECIDED, UNDECIDED, NOT_QUALIFIED]
        assert judged["outcome"].to_list() == expected

    def test_prefers_a_column_of_the_dotted_name(self):
        definition = LeadDefinition("d", Field("company.size", int) >= 50)
        frame = a_frame(**{"company.size": [60], "company": [{"size": 4}]})

        assert outcomes_of(definition, frame) == [QUALIFIED]

    @pytest.mark.parametrize(
        ("field", "column"),
        [
            (STAFF, pa.array(["60"])),
            (STAFF, pa.array([True])),
            (STAFF, pa.array([DAYS[0]])),
            (NEED, pa.array([1])),
            (ASKED, pa.array([1])),
            (ASKED, pa.array(["yes"])),
            (BORN, pa.array(["2026-01-01"])),
            (BORN, pa.array([NOW], pa.timestamp("us", "UTC"))),
            (SEEN, pa.array([NOW.replace(tzinfo=None)], pa.timestamp("us"))),
            (SEEN, pa.array([DAYS[0]])),
            (NEED, pa.array([["churn"]])),
        ],
    )
    @pytest.mark.parametrize("engine", ["pyarrow", "polars lazy", "pandas arrow", "duckdb"])
    def test_refuses_a_column_of_another_type(self, engine, field, column):
        definition = LeadDefinition("d", next(iter(a_criterion_on(field))))
        frame = FRAMES[engine](pa.table({field.name: column}))

        with pytest.raises(InvalidValue) as caught:
            definition.judge_frame(frame)

        assert caught.value.where == f"column {field.name!r}"
        assert "one of type" in caught.value.got

    @pytest.mark.parametrize("engine", [*FRAMES])
    def test_takes_a_column_without_values(self, engine):
        table = pa.table({"staff": pa.nulls(2), "need": pa.nulls(2)})
        make = pl.from_arrow if engine == "polars enum" else FRAMES[engine]
        if "dictionary" in engine or "categor" in engine:
            make = FRAMES[engine.split()[0]]
        definition = LeadDefinition("d", (STAFF >= 50) | NEED.contains_any("churn"))

        judged = nw.from_native(definition.judge_frame(make(table)))

        judged = judged.collect() if hasattr(judged, "collect") else judged
        assert judged["outcome"].to_list() == [UNDECIDED, UNDECIDED]

    def test_takes_midnights_for_dates(self):
        """The own types of pandas have no dates; a time of day makes an instant without a zone."""
        days = [datetime(2026, 3, 28), datetime(2026, 3, 29), datetime(2026, 3, 29, 1), None]
        definition = LeadDefinition("d", BORN >= date(2026, 3, 29))
        expected = [NOT_QUALIFIED, QUALIFIED, UNDECIDED, UNDECIDED]

        for unit in ("s", "ms", "us", "ns"):
            table = pa.table({"born": pa.array(days, pa.timestamp(unit))})
            assert outcomes_of(definition, table) == expected
            assert outcomes_of(definition, table.to_pandas()) == expected
            assert outcomes_of(definition, pl.from_arrow(table)) == expected

    def test_compares_with_days_that_nanoseconds_do_not_reach(self):
        table = pa.table({"born": pa.array([datetime(2026, 1, 1)], pa.timestamp("ns"))})
        far = BORN.between(date(1, 1, 1), date(9999, 12, 31)) & ~BORN.equals(date(9999, 12, 31))

        for engine in ("pyarrow", "polars", "pandas", "pandas arrow", "duckdb"):
            assert collected(
                LeadDefinition("d", far & (BORN < date(9000, 1, 1))).judge_frame(
                    FRAMES[engine](table), answers="code"
                )
            )[0] == [QUALIFIED]

    @pytest.mark.parametrize("engine", INSTANT_ENGINES)
    @pytest.mark.parametrize("unit", ["ms", "us"])
    def test_counts_days_to_the_microsecond_whatever_the_unit(self, engine, unit):
        """The row is 30 days and 999 microseconds old."""
        now = datetime(2026, 3, 31, 12, 0, 0, 123_999, tzinfo=UTC)
        at = now - timedelta(days=30, microseconds=999)
        table = pa.table({"seen": pa.array([at], pa.timestamp(unit, "UTC"))})
        definition = LeadDefinition("d", SEEN.within_last("30 days"))

        judged = definition.judge_frame(FRAMES[engine](table), now=now, answers="code")

        assert collected(judged)[0] == [NOT_QUALIFIED]
        assert definition.at(now)({"seen": at}).outcome is NOT_QUALIFIED

    @pytest.mark.parametrize("engine", INSTANT_ENGINES)
    @pytest.mark.parametrize(
        ("unit", "more", "passed"),
        [
            ("ms", -1, {"<=", "<"}),
            ("ms", 0, {"<=", "<"}),  # a millisecond ends 1 microsecond before the operand
            ("ms", 1, {">=", ">"}),
            ("us", -1, {"<=", "<"}),
            ("us", 0, {">=", "<=", "is", "between"}),
            ("us", 1, {">=", ">"}),
            ("ns", -1, {"<=", "<"}),
            ("ns", 0, {">=", "<=", "is", "between"}),
            ("ns", 500, {">=", ">"}),
        ],
    )
    def test_compares_instants_exactly_whatever_the_unit(self, engine, unit, more, passed):
        at = datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC)
        count = counted_in(unit, at, more)
        table = pa.table({"seen": pa.array([count, None], pa.timestamp(unit, "Europe/Berlin"))})
        asked = {">=": SEEN >= at, "<=": SEEN <= at, ">": SEEN > at, "<": SEEN < at}
        asked |= {"is": SEEN.is_one_of(at, NOW), "between": SEEN.between(at, at)}
        if engine == "duckdb" and unit == "ns":
            pytest.skip("narwhals has no name for its nanoseconds with a time zone")

        for name, criterion in asked.items():
            definition = LeadDefinition("d", criterion)
            judged = definition.judge_frame(FRAMES[engine](table), answers="code")
            expected = QUALIFIED if name in passed else NOT_QUALIFIED
            assert collected(judged)[0] == [expected, UNDECIDED]
            assert definition.assess({"seen": table["seen"][0].as_py()}).outcome is expected

    def test_refuses_nanoseconds_with_a_zone_in_duckdb(self):
        table = pa.table({"seen": pa.array([0], pa.timestamp("ns", "UTC"))})

        with pytest.raises(InvalidValue, match="@ column 'seen'"):
            LeadDefinition("d", SEEN <= NOW).judge_frame(duckdb.from_arrow(table))

    def test_judges_mixed_values_one_by_one(self):
        values = [60, "60", True, 50.0, math.nan, None, Decimal("49.9"), pd.NaT, [1], 10**30]
        values += [Decimal("sNaN"), Decimal("NaN"), Decimal("Infinity")]
        frame = pd.DataFrame({"staff": pd.Series(values, dtype=object)})
        definition = LeadDefinition("d", STAFF >= 50)

        one_by_one = [definition.assess({"staff": value}).outcome for value in values]

        assert outcomes_of(definition, frame) == one_by_one
        assert one_by_one[:6] == [QUALIFIED, UNDECIDED, UNDECIDED, QUALIFIED, UNDECIDED, UNDECIDED]

    def test_counts_with_points_beyond_32_bits(self):
        rules = [Points(1_000_000, STAFF >= 0) for _ in range(400)]
        rules += [Points(Decimal("0.001"), STAFF >= 0)]
        card = ScoreCard(rules, most=Decimal("999999.999"), at_least=Decimal("999999.999"))
        definition = LeadDefinition("d", STAFF >= 0, fit=card)
        table = pa.table({"staff": [1, None]})

        for engine in ("pyarrow", "polars", "pandas", "duckdb"):
            judged = definition.judge_frame(FRAMES[engine](table), answers="code")
            assert collected(judged)[0] == [QUALIFIED, UNDECIDED]
        for judge in (by_sqlite, by_duckdb):
            assert judge(definition, table) == [QUALIFIED, UNDECIDED]

    def test_refuses_points_that_no_engine_counts_exactly(self):
        card = ScoreCard(
            [Points(Decimal("1e-18"), STAFF >= 0), Points(100, STAFF >= 1)], at_least=1
        )
        definition = LeadDefinition("d", STAFF >= 0, fit=card)

        with pytest.raises(LimitExceeded, match="exact in 62 bits"):
            definition.judge_frame(a_frame(staff=[1]))
        with pytest.raises(LimitExceeded, match="exact in 62 bits"):
            definition.to_sql("sqlite")

    def test_takes_wide_and_deep_definitions(self):
        wide = AllOf(parts=[STAFF >= n for n in range(500)])
        deep = STAFF >= 0
        for _ in range(20):
            deep = (
                AtLeast(count=1, parts=[deep, ~deep]) if deep.size < 100 else ~~AllOf(parts=[deep])
            )
        definition = LeadDefinition("d", wide & deep)

        for engine in ("pyarrow", "polars lazy", "pandas", "duckdb"):
            judged = nw.from_native(
                definition.judge_frame(FRAMES[engine](pa.table({"staff": [5_000]})))
            )
            judged = judged.collect() if hasattr(judged, "collect") else judged
            assert judged["outcome"].to_list() == [QUALIFIED]

    def test_needs_now_for_what_depends_on_it(self):
        with pytest.raises(InvalidValue, match="@ now"):
            LeadDefinition("d", SEEN.within_last("1 day")).judge_frame(a_frame(seen=[NOW]))

    @pytest.mark.parametrize("frame", [None, [{"staff": 1}], {"staff": [1]}, "x"])
    def test_refuses_what_is_no_frame(self, frame):
        with pytest.raises(InvalidValue, match="expected a data frame"):
            LeadDefinition("d", STAFF >= 50).judge_frame(frame)

    def test_refuses_two_columns_of_one_name(self):
        frame = pd.DataFrame([[1, 2]], columns=["staff", "staff"])

        with pytest.raises(InvalidValue, match="distinct names"):
            LeadDefinition("d", STAFF >= 50).judge_frame(frame)

    def test_says_which_extra_it_needs(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "narwhals.stable.v2", None)

        with pytest.raises(MissingExtra, match=r"leadlib\[frames\]"):
            LeadDefinition("d", STAFF >= 50).judge_frame(a_frame(staff=[1]))


def a_criterion_on(field):
    """A criterion on a field of any type."""
    values = {str: "churn", bool: True, int: 1, Decimal: 1, date: DAYS[0], datetime: NOW}
    yield field.equals(values[field.kind])


HOSTILE = [
    "it's",
    'a"b',
    "a`b",
    "x' OR 1=1 --",
    "\\",
    "\\'",
    "a;b",
    "%s",
    "$1",
    "{0}",
    "*",
    "a\nb",
    "/*",
]


class TestToSql:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_takes_any_name_and_any_text_as_what_it_is(self, text):
        name = text.replace("\n", " ")
        tests = [NEED.equals, NEED.contains_any, NEED.starts_with_any, NEED.has_word]
        for case in ("exact", "ignored"):
            definition = LeadDefinition("d", AllOf(parts=[test(text, case=case) for test in tests]))

            with sqlite3.connect(":memory:") as base, duckdb.connect() as other:
                sqlite, duck = (
                    definition.to_sql(d, columns={"need": name}) for d in ("sqlite", "duckdb")
                )
                quoted = name.replace('"', '""')
                for connection, made in ((base, sqlite), (other, duck)):
                    connection.execute(f'CREATE TABLE leads ("{quoted}" TEXT)')
                    connection.executemany("INSERT INTO leads VALUES (?)", [(text,), (f"x{text}",)])
                    found = connection.execute(f"SELECT {made} FROM leads").fetchall()
                    assert found == [("qualified",), ("not qualified",)]
            base.close()

    def test_writes_backslashes_for_any_setting_of_postgresql(self):
        made = LeadDefinition("d", NEED.equals("\\'; --")).to_sql("postgresql")

        assert "IN (E'\\\\''; --')" in made

    @pytest.mark.parametrize("name", ["", "a\0b", "\ud800"])
    def test_refuses_a_name_that_sql_cannot_hold(self, name):
        for dialect in Dialect:
            with pytest.raises(InvalidValue):
                LeadDefinition("d", STAFF >= 50).to_sql(dialect, columns={"staff": name})

    def test_does_not_take_a_missing_column_for_a_text(self):
        """SQLite would, if the name stood in double quotes."""
        made = LeadDefinition("d", NEED.equals("need")).to_sql("sqlite")

        with sqlite3.connect(":memory:") as base:
            base.execute("CREATE TABLE leads (other)")
            with pytest.raises(sqlite3.OperationalError, match="no such column"):
                base.execute(f"SELECT {made} FROM leads")
        base.close()

    def test_compares_letter_by_letter_whatever_the_collation(self):
        made = LeadDefinition("d", NEED.equals("churn") & NEED.starts_with_any("ch"))

        with sqlite3.connect(":memory:") as base, duckdb.connect() as other:
            for connection, dialect in ((base, "sqlite"), (other, "duckdb")):
                connection.execute("CREATE TABLE leads (need TEXT COLLATE NOCASE)")
                connection.executemany("INSERT INTO leads VALUES (?)", [("churn",), ("CHURN",)])
                found = connection.execute(f"SELECT {made.to_sql(dialect)} FROM leads").fetchall()
                assert found == [("qualified",), ("not qualified",)]
        base.close()

    @pytest.mark.parametrize(
        ("criterion", "values"),
        [
            (STAFF >= 50, ["60", b"60", "", None]),
            (NEED.has_word("vp"), [60, b"vp", None, 6.5, "a\0 vp"]),
            (ASKED.is_true(), [2, "1", 1.0, None]),
            (BORN >= date(2026, 1, 1), ["2026-02-30", "2026-3-01", "2026-03-01 ", 20260301, None]),
            (
                SEEN >= datetime(2026, 1, 1, tzinfo=UTC),
                [
                    "2026-03-01T00:00:00",
                    "2026-02-30T00:00:00Z",
                    "2026-03-01T25:00:00Z",
                    "2026-03-01T24:00:00Z",
                    "2026-03-01T00:00:00.5Z",
                    "2026-03-01T00:00:00Z ",
                    "2026-03-01",
                    1772323200,
                ],
            ),
        ],
    )
    def test_asks_sqlite_for_the_type_of_each_value(self, criterion, values):
        made = LeadDefinition("d", criterion).to_sql("sqlite")
        names = "staff, need, asked, born, seen"

        with sqlite3.connect(":memory:") as base:
            base.execute(f"CREATE TABLE leads ({names})")
            base.executemany("INSERT INTO leads VALUES (?, ?, ?, ?, ?)", [(v,) * 5 for v in values])
            found = {outcome for (outcome,) in base.execute(f"SELECT {made} FROM leads")}
        base.close()

        assert found == {"undecided"}

    def test_reads_instants_of_sqlite_in_every_form_of_isoformat(self):
        at = datetime(2026, 3, 29, 1, 30, 0, 5, tzinfo=UTC)
        forms = [
            at.isoformat(),
            at.isoformat(" "),
            at.astimezone(BERLIN).isoformat(),
            at.isoformat().replace("+00:00", "Z"),
        ]
        table = [(form,) for form in forms]

        with sqlite3.connect(":memory:") as base:
            base.execute("CREATE TABLE leads (seen)")
            base.executemany("INSERT INTO leads VALUES (?)", table)
            for criterion, expected in ((SEEN.equals(at), QUALIFIED), (SEEN < at, NOT_QUALIFIED)):
                made = LeadDefinition("d", criterion).to_sql("sqlite")
                found = base.execute(f"SELECT {made} FROM leads").fetchall()
                assert found == [(expected,)] * len(forms)
        base.close()

    def test_says_what_it_cannot_write(self):
        definition = LeadDefinition("d", STAFF >= 50)

        with pytest.raises(UnknownName, match="did you mean 'sqlite'"):
            definition.to_sql("sqlit")
        with pytest.raises(UnknownName, match="a subject of the definition"):
            definition.to_sql("sqlite", columns={"stuff": "x"})
        with pytest.raises(InvalidValue, match="@ columns"):
            definition.to_sql("sqlite", columns=5)
        with pytest.raises(InvalidValue, match="at most 38 digits"):
            LeadDefinition("d", BUDGET >= Decimal(f"1{'0' * 9}.{'0' * 29}1")).to_sql("duckdb")
        with pytest.raises(InvalidValue, match="@ now"):
            LeadDefinition("d", SEEN.within_last("1 day")).to_sql("sqlite")

    def test_has_a_bound(self):
        """Each answer that is counted stands twice in the text, and twice in that."""
        deep = STAFF >= 0
        for _ in range(25):
            deep = AtLeast(count=1, parts=[deep])

        with pytest.raises(LimitExceeded, match="at most 900,000 bytes"):
            LeadDefinition("d", deep).to_sql("sqlite")

    def test_is_not_nested_as_deep_as_it_is_long(self):
        definition = LeadDefinition("d", AllOf(parts=[STAFF >= n for n in range(1_100)]))

        assert by_sqlite(definition, pa.table({"staff": [5_000]})) == [QUALIFIED]
        assert by_duckdb(definition, pa.table({"staff": [5_000]})) == [QUALIFIED]


# -- engines that are heavy --


SPARK_TYPES = {
    "int64": "bigint",
    "int8": "tinyint",
    "uint64": "decimal(20,0)",
    "double": "double",
    "float": "float",
    "decimal128(15, 3)": "decimal(15,3)",
    "string": "string",
    "bool": "boolean",
    "date32[day]": "date",
}


def in_spark(session, table):
    kinds = [SPARK_TYPES.get(str(field.type), "timestamp") for field in table.schema]
    schema = ", ".join(
        f"{name} {kind}" for name, kind in zip(table.column_names, kinds, strict=True)
    )
    rows = [tuple(map(spark_value, row.values(), kinds)) for row in table.to_pylist()]
    return session.createDataFrame(rows, schema)


def spark_value(value, kind):
    return Decimal(value) if kind == "decimal(20,0)" and value is not None else value


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark's own
class TestSpark:
    @settings(max_examples=40, suppress_health_check=[*HealthCheck])
    @given(definition=definitions(), table=tables())
    def test_gives_the_verdicts_of_the_interpreter(self, spark, definition, table):
        frame = in_spark(spark, table)

        judged = definition.judge_frame(frame, now=NOW, answers="code")

        assert type(judged) is type(frame)
        expected = expected_of(definition, rows_of(table))
        found = [(row["outcome"], row["code"]) for row in judged.collect()]
        assert found == [(assessment.outcome, assessment.code) for assessment in expected]


@pytest.fixture(scope="module")
def postgresql():
    """A server of its own, as a user that is not root; yields what runs SQL in it."""
    found = shutil.which("initdb") or next(
        iter(sorted(map(str, POSTGRESQL.glob("*/bin/initdb")))), None
    )
    if found is None or shutil.which("psql") is None:
        pytest.skip("PostgreSQL is not installed")
    home = Path(tempfile.mkdtemp())  # not below the folder of pytest, which is for its user alone
    user = {}
    if os.getuid() == 0:
        shutil.chown(home, "nobody")
        user = {"user": "nobody"}
    run = {"stdout": subprocess.DEVNULL, "cwd": home, **user}
    control = found.replace("initdb", "pg_ctl")
    made = [found, "-D", home / "data", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*made, "-A", "trust"], check=True, **run)
    options = f"-k {home} -c listen_addresses='' -c fsync=off"
    start = [control, "-D", home / "data", "-w", "-o", options, "-l", home / "log", "start"]
    subprocess.run(start, check=True, **run)

    def execute(sql):
        psql = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", home, "-U", "postgres", "postgres"]
        done = subprocess.run(psql, input=sql, capture_output=True, check=False, encoding="utf-8")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    yield execute
    subprocess.run([control, "-D", home / "data", "-m", "immediate", "stop"], check=True, **run)
    shutil.rmtree(home)


POSTGRESQL = Path("/usr/lib/postgresql")
POSTGRESQL_TYPES = {
    "int64": "bigint",
    "int8": "smallint",
    "uint64": "numeric",
    "double": "double precision",
    "float": "real",
    "decimal128(15, 3)": "numeric(15,3)",
    "string": "text",
    "bool": "boolean",
    "date32[day]": "date",
}


def in_postgresql(value):
    if value is None:
        return "NULL"
    text = str(value).replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"E'{text}'".replace("\r", "\\r")


@pytest.mark.slow
class TestPostgreSql:
    @settings(max_examples=400, suppress_health_check=[*HealthCheck])
    @given(definition=definitions(), table=tables())
    @example(
        definition=LeadDefinition("d", NEED.has_word("\\", "a-b") & NEED.contains_any("\\")),
        table=pa.table({"need": ["\\", "a-b \\", "xa-b\\"]}),
    )
    def test_gives_the_verdicts_of_the_interpreter(self, postgresql, definition, table):
        names = table.column_names
        kinds = [POSTGRESQL_TYPES.get(str(field.type), "timestamptz") for field in table.schema]
        columns = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
        rows = [f"({', '.join(map(in_postgresql, row.values()))})" for row in table.to_pylist()]
        lines = [f"CREATE TEMPORARY TABLE leads (id serial, {columns});"]
        if rows:
            lines.append(f"INSERT INTO leads ({', '.join(names)}) VALUES {', '.join(rows)};")
        made = definition.to_sql(Dialect.POSTGRESQL, now=NOW)
        lines.append(f"SELECT {made} FROM leads ORDER BY id;")

        outcomes = postgresql("\n".join(lines))

        rows = [{"seen": None, **row} for row in table.to_pylist()]
        expected = expected_of(definition, [utc(row) for row in rows])
        assert outcomes == [assessment.outcome for assessment in expected]


def utc(row):
    return row | {"seen": row["seen"] and row["seen"].astimezone(UTC)}
