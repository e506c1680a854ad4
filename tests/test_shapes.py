"""The shapes of tables: whatever holds the table, one log, or one error with its place."""

import csv
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib.errors import InvalidValue, LeadlibError, RefusedFile, UnknownName
from leadlib.io import read_log
from leadlib.metrics import (
    LongTable,
    OpportunityTable,
    Rate,
    StageLog,
    TableShape,
    WideTable,
    funnel,
    log_from_table,
)

BERLIN = ZoneInfo("Europe/Berlin")
DEALS = OpportunityTable(
    lead="id",
    at={"opened": "opened"},
    status="status",
    closed="closed",
    ended=["won", "lost"],
    open=["talks"],
)
WIDE = WideTable(lead="id", at={"asked": "asked", "bought": "bought"})
HISTORY = LongTable(lead="id", stage="value", only={"property": "stage"})


def day(number, hour=0):
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def deal(id="a", opened="2026-03-02", status="won", closed="2026-03-09"):
    return {"id": id, "opened": opened, "status": status, "closed": closed}


def entries(log):
    """List what a log holds, with names and instants."""
    return sorted(
        (log.leads[lead], log.stages[stage], datetime.fromtimestamp(at / 1e6, tz=UTC))
        for lead, stage, at, _ in log.events()
    )


def log_of(*rows, shape=DEALS, zone=UTC, **more):
    return log_from_table(rows, shape=shape, zone=zone, **more)


def fault_of(*rows, shape=DEALS, zone=UTC):
    with pytest.raises(LeadlibError) as caught:
        log_of(*rows, shape=shape, zone=zone)
    return caught.value


class TestOpportunities:
    def test_enter_what_they_were_opened_in_and_how_they_ended(self):
        log = log_of(deal("a"), deal("b", status="lost", closed="2026-03-04"))

        assert entries(log) == [
            ("a", "opened", day(2)),
            ("a", "won", day(9)),
            ("b", "lost", day(4)),
            ("b", "opened", day(2)),
        ]

    def test_without_a_date_of_the_end_are_open_and_not_lost(self):
        log = log_of(deal("a"), deal("b", status="lost"), deal("c", status="talks", closed=None))
        [opened, won] = funnel(log, stages=["opened", "won"]).steps

        assert (opened.reached, opened.advanced, opened.left, opened.open) == (3, 1, 1, 1)
        assert opened.rate_of_closed == Rate(1, 2)
        assert won.reached == 1

    def test_say_which_stages_end_a_story_even_if_nobody_is_there(self):
        log = log_of(deal("a", status="talks", closed=None))
        counted = funnel(log, stages=["opened", "won"])

        assert log.closed == {"won", "lost"}
        assert (counted["opened"].open, counted["won"].reached) == (1, 0)
        assert log_of(deal(), closed=["lost"]).closed == {"lost"}

    def test_that_ended_on_the_day_of_their_opening_have_ended(self):
        """A date without a time begins with its day, before an opening that has a time."""
        rows = [deal("a", opened=day(2, 14), status="lost", closed="2026-03-02")]
        counted = funnel(log_of(*rows), stages=["opened", "won"])

        assert (counted["opened"].left, counted["opened"].open) == (1, 0)
        assert counted.reversed_times == 0

    @pytest.mark.parametrize(
        ("opened", "closed"),
        [
            ("2026-03-09", "2026-03-02"),
            ("2026-03-02 14:00", "2026-03-02 09:00"),
            ("2026-03-02T14:00Z", "2026-03-02T00:00:01Z"),
        ],
    )
    def test_that_ended_before_their_opening_are_refused(self, opened, closed):
        """A lost one would otherwise be counted as opened again."""
        fault = fault_of(deal(opened=opened, status="lost", closed=closed))

        assert fault.where == "row 1, column closed"
        assert (fault.expected, fault.got) == ("a date from the opening on", "an earlier one")

    def test_of_one_day_are_looked_at_where_they_were_noted(self):
        """Berlin, 2 March 00:00 is 1 March 23:00 UTC: the same day there, and another in UTC."""
        row = deal(opened="2026-03-02T08:00+01:00", status="lost", closed="2026-03-02")

        assert len(log_of(row, zone=BERLIN)) == 2
        late = deal(opened="2026-03-02T08:00Z", status="lost", closed="2026-03-01T23:00Z")
        assert fault_of(late, zone=None).expected == "a date from the opening on"

    @pytest.mark.parametrize(
        ("row", "column", "expected"),
        [
            (deal(status="wonn"), "status", "one of talks, won, lost"),
            (deal(status=None), "status", "text"),
            (deal(status="talks"), "status", "one of won, lost, because there is a date"),
            (deal(closed=None), "closed", "a date, because the opportunity has ended"),
            (deal(opened=None, status="talks", closed=""), "opened", "at least one date"),
            (deal(opened="soon"), "opened", "an ISO 8601 date or date-time"),
            (deal(id=None), "id", "text"),
            (deal(closed=20260309), "closed", "an ISO 8601 date or date-time"),
        ],
    )
    def test_that_contradict_themselves_are_refused_with_their_place(self, row, column, expected):
        fault = fault_of(deal("x"), row)

        assert isinstance(fault, InvalidValue)
        assert fault.where == f"row 2, column {column}"
        assert fault.expected.startswith(expected)

    def test_of_other_statuses_are_open_unless_those_are_named(self):
        shape = OpportunityTable(
            lead="id", at={"opened": "opened"}, status="status", closed="closed", ended=["won"]
        )

        assert len(log_of(deal(status="brooding", closed=None), shape=shape)) == 1
        fault = fault_of(deal(status="brooding"), shape=shape)
        assert fault.expected == "one of won, because there is a date of the end"

    def test_that_ended_before_anybody_wrote_the_opening_keep_their_end(self):
        assert entries(log_of(deal(opened=None))) == [("a", "won", day(9))]

    @pytest.mark.parametrize(
        ("change", "where"),
        [
            ({"ended": []}, "$.ended"),
            ({"ended": "won"}, "statuses"),
            ({"ended": ["talks"]}, "$.ended"),
            ({"ended": ["opened"]}, "$.ended"),
            ({"at": {}}, "$.at"),
            ({"at": "opened"}, "$.at"),
            ({"status": None}, "$.status"),
        ],
    )
    def test_are_described_whole_or_refused(self, change, where):
        whole = {"at": {"opened": "opened"}, "status": "status", "closed": "closed"}
        whole |= {"ended": ["won"], "open": ["talks"]}

        with pytest.raises(InvalidValue) as caught:
            OpportunityTable(**whole | change)
        assert caught.value.where == where


class TestWide:
    def test_has_a_column_of_dates_for_each_stage(self):
        rows = [
            {"id": 1, "asked": "2026-03-02", "bought": "2026-03-09 17:00"},
            {"id": 2, "asked": date(2026, 3, 3), "bought": " "},
        ]

        assert entries(log_of(*rows, shape=WIDE)) == [
            ("1", "asked", day(2)),
            ("1", "bought", day(9, 17)),
            ("2", "asked", day(3)),
        ]

    def test_knows_stages_that_nobody_entered(self):
        log = log_of({"id": 1, "asked": "2026-03-02", "bought": None}, shape=WIDE)

        assert [step.reached for step in funnel(log, stages=["asked", "bought"]).steps] == [1, 0]

    def test_row_without_any_date_is_refused(self):
        fault = fault_of({"id": 1, "asked": None, "bought": float("nan")}, shape=WIDE)

        assert fault.where == "row 1, column asked"

    def test_of_no_rows_is_an_empty_log(self):
        empty = pl.DataFrame(schema=["id", "asked", "bought"])

        assert len(log_of(shape=WIDE)) == len(log_from_table(empty, shape=WIDE)) == 0

    def test_names_that_become_one_are_refused(self):
        with pytest.raises(InvalidValue):
            WideTable(at={"café": "a", "cafe\u0301": "b"})


class TestHistory:
    ROWS = (
        {"id": 7, "property": "stage", "value": "lead", "at": "2026-03-02"},
        {"id": 7, "property": "owner", "value": "ana", "at": "not of the log, so not read"},
        {"id": 7, "property": "stage", "value": "won", "at": "2026-03-09"},
    )

    def test_of_other_properties_is_none_of_the_log(self):
        assert entries(log_of(*self.ROWS, shape=HISTORY)) == [
            ("7", "lead", day(2)),
            ("7", "won", day(9)),
        ]

    def test_of_a_property_that_nobody_has_is_refused(self):
        shape = LongTable(lead="id", stage="value", only={"property": "lifecyclestage"})
        fault = fault_of(*self.ROWS, shape=shape)

        assert isinstance(fault, UnknownName)
        assert (fault.got, fault.where) == ("'lifecyclestage'", "column property")

    def test_reads_a_file_and_counts_the_rows_of_the_log(self, tmp_path):
        path = tmp_path / "history.csv"
        write(path, self.ROWS)
        read = read_log(path, shape=HISTORY, zone=UTC)

        assert (read.rows.read, read.rows.accepted) == (2, 2)
        assert read.log.fingerprint() == log_of(*self.ROWS, shape=HISTORY).fingerprint()

    def test_of_a_property_that_no_file_has_is_refused(self, tmp_path):
        path = tmp_path / "history.csv"
        write(path, self.ROWS)
        shape = LongTable(lead="id", stage="value", only={"property": "phase"})

        with pytest.raises(RefusedFile) as caught:
            read_log(path, shape=shape, zone=UTC)
        assert (caught.value.got, caught.value.column) == ("'phase'", "property")


class TestTimes:
    def test_without_offset_are_refused_unless_somebody_names_the_zone(self):
        fault = fault_of(deal(), zone=None)

        assert fault.got == "a date without time and offset"
        assert fault.where == "row 1, column opened"

    def test_are_placed_in_the_zone_that_is_named(self):
        [opened, _] = entries(log_of(deal(opened="2026-03-02"), zone="Europe/Berlin"))

        assert opened[2] == datetime(2026, 3, 1, 23, tzinfo=UTC)

    def test_of_mixed_zones_are_each_their_own_instant(self):
        row = deal(opened=datetime(2026, 3, 2, 1, tzinfo=BERLIN), closed="2026-03-09T00:00-05:00")

        assert [at for *_, at in entries(log_of(row))] == [day(2), day(9, 5)]

    def test_of_pandas_that_spring_skips_are_the_end_of_the_gap(self):
        frame = pd.DataFrame([deal(closed=None, status="talks")])
        frame["opened"] = pd.to_datetime(["2026-03-29 02:30:00"])
        log = log_from_table(frame, shape=DEALS, zone=BERLIN)

        assert entries(log) == [("a", "opened", datetime(2026, 3, 29, 1, tzinfo=UTC))]


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]])
        writer.writeheader()
        writer.writerows(rows)


def in_duckdb(rows):
    return duckdb.from_arrow(pa.Table.from_pylist(rows))


class TestEveryTable:
    ROWS = (
        deal("a"),
        deal("b", status="lost", closed="2026-03-04"),
        deal("c", status="talks", closed=None),
        deal("a"),
    )

    @pytest.mark.parametrize(
        "kind",
        [
            pd.DataFrame,
            lambda rows: pd.DataFrame(rows, dtype="string[pyarrow]"),
            pl.DataFrame,
            pl.LazyFrame,
            pa.Table.from_pylist,
            in_duckdb,
            iter,
        ],
        ids=["pandas", "pandas on Arrow", "polars", "lazy", "pyarrow", "duckdb", "iterator"],
    )
    def test_gives_the_same_log(self, kind):
        log = log_from_table(kind(list(self.ROWS)), shape=DEALS, zone=UTC)

        assert log.fingerprint() == log_of(*self.ROWS).fingerprint()
        assert (len(log), log.duplicates) == (5, 2)

    def test_of_typed_dates_gives_the_same_log(self):
        frame = pd.DataFrame(list(self.ROWS))
        for name in ("opened", "closed"):
            frame[name] = pd.to_datetime(frame[name])
        for table in (frame, pl.from_pandas(frame), pa.Table.from_pandas(frame)):
            log = log_from_table(table, shape=DEALS, zone=UTC)

            assert log.fingerprint() == log_of(*self.ROWS).fingerprint()

    def test_in_a_file_gives_the_same_log(self, tmp_path):
        write(tmp_path / "deals.csv", self.ROWS)
        read = read_log(tmp_path / "deals.csv", shape=DEALS, zone=UTC)

        assert read.log.fingerprint() == log_of(*self.ROWS).fingerprint()
        assert (read.log.closed, read.log.known) == (log_of().closed, log_of().known)
        assert (read.rows.read, read.rows.duplicates) == (4, 1)

    def test_in_a_file_is_read_row_by_row_and_what_is_wrong_is_told(self, tmp_path):
        write(tmp_path / "deals.csv", [*self.ROWS, deal(closed=None), deal(status="?")])
        [first, second] = read_log(tmp_path / "deals.csv", shape=DEALS, zone=UTC).problems

        assert (first.line, first.column) == (6, "closed")
        assert (second.line, second.column) == (7, "status")

    def test_may_have_groups_and_an_order(self):
        rows = [deal("a") | {"rep": "ana", "n": 2}, deal("b") | {"rep": "", "n": 1}]
        shape = OpportunityTable(
            lead="id",
            at={"opened": "opened"},
            status="status",
            closed="closed",
            ended=["won"],
            seq="n",
            by=["rep"],
        )
        counted = funnel(log_of(*rows, shape=shape), stages=["opened", "won"], by="rep")

        assert {name: group.leads for name, group in counted.groups.items()} == {"ana": 1, "": 1}
        assert sorted(log_of(*rows, shape=shape).seq) == [1, 1, 2, 2]

    def test_without_a_column_is_refused_with_the_nearest_name(self):
        row = deal()
        row["close"] = row.pop("closed")

        for table in ([row], pd.DataFrame([row]), pl.LazyFrame([row])):
            with pytest.raises(UnknownName, match="did you mean 'close'"):
                log_from_table(table, shape=DEALS, zone=UTC)

    @pytest.mark.parametrize(
        "table",
        [None, 3, "rows", {"id": 1}, [("a", "won")], pd.DataFrame([[1, 2]], columns=["id", "id"])],
    )
    def test_is_rows_by_column_name_or_a_frame(self, table):
        with pytest.raises(InvalidValue):
            log_from_table(table, shape=DEALS)

    def test_has_a_shape(self):
        with pytest.raises(InvalidValue) as caught:
            log_from_table([deal()], shape={"lead": "id"})
        assert caught.value.where == "shape"

    def test_is_described_by_a_shape_or_by_columns_but_not_by_both(self, tmp_path):
        write(tmp_path / "deals.csv", self.ROWS)

        with pytest.raises(InvalidValue) as caught:
            read_log(tmp_path / "deals.csv", shape=DEALS, lead="id")
        assert caught.value.where == "shape"

    def test_never_shows_a_value(self):
        secret = "ada@drinks.example"
        for change in ({"id": [secret]}, {"opened": secret}, {"status": secret}):
            assert secret not in str(fault_of(deal() | change))

    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from(["id", "asked", "bought"]),
                st.from_type(type(None) | str | int | float | bool | datetime | date),
            ),
            max_size=4,
        )
    )
    def test_of_anything_is_taken_or_refused_by_an_error_of_ours(self, rows):
        try:
            log = log_of(*rows, shape=WIDE)
        except LeadlibError:
            return
        assert isinstance(log, StageLog)


@st.composite
def deals(draw):
    """Draw rows that contradict nothing: ended with a date, or open without one."""
    rows = []
    for number in range(draw(st.integers(0, 8))):
        status = draw(st.sampled_from(["won", "lost", "talks"]))
        ended = draw(st.integers(1, 28)) if status != "talks" else None
        opened = draw(st.integers(1, ended or 28)) if ended is None or draw(st.booleans()) else None
        dates = [None if at is None else f"2026-03-{at:02}" for at in (opened, ended)]
        rows.append(deal(f"d{number}", dates[0], status, dates[1]))
    return rows


class TestLaws:
    @given(deals(), st.randoms())
    def test_order_and_repetition_change_nothing(self, rows, chance):
        again = [*rows, *rows[:3]]
        chance.shuffle(again)

        assert log_of(*again).fingerprint() == log_of(*rows).fingerprint()

    @given(deals())
    def test_an_opportunity_is_its_dates_and_nothing_else(self, rows):
        """Against the long form of the same table."""
        long = [{"lead": row["id"], "stage": "opened", "at": row["opened"]} for row in rows]
        long += [{"lead": row["id"], "stage": row["status"], "at": row["closed"]} for row in rows]
        dated = [row for row in long if row["at"] is not None]

        assert log_of(*rows).fingerprint() == log_of(*dated, shape=LongTable()).fingerprint()

    @given(deals())
    def test_every_opportunity_advanced_left_or_is_open(self, rows):
        [opened, _] = funnel(log_of(*rows), stages=["opened", "won"]).steps
        ends = [row["status"] for row in rows]

        assert opened.advanced == ends.count("won")
        assert opened.open == ends.count("talks")
        # Who was lost without an opening entered no stage of the way.
        assert opened.left == sum(
            row["status"] == "lost" and row["opened"] is not None for row in rows
        )


def test_all_shapes_are_of_one_kind():
    assert all(isinstance(shape, TableShape) for shape in (DEALS, WIDE, HISTORY))


class TestMaven:
    """8,800 opportunities of a fictitious company, of which 500 have no date at all."""

    SHAPE = OpportunityTable(
        lead="opportunity_id",
        at={"Engaging": "engage_date"},
        status="deal_stage",
        closed="close_date",
        ended=["Won", "Lost"],
        open=["Prospecting", "Engaging"],
    )

    def test_wins_63_15_percent_of_those_that_ended_whatever_reads_it(self, shared_data):
        path = shared_data / "maven_crm" / "sales_pipeline.csv"
        read = read_log(path, shape=self.SHAPE, zone=UTC)
        dated = pl.read_csv(path).filter(pl.col("engage_date").is_not_null())
        engaging = funnel(read.log, stages=["Engaging", "Won"])["Engaging"]

        assert (read.rows.accepted, read.rows.rejected) == (8_300, 500)
        assert engaging.rate_of_closed == Rate(4_238, 6_711)
        for table in (dated, dated.to_pandas(), dated.to_arrow(), dated.iter_rows(named=True)):
            log = log_from_table(table, shape=self.SHAPE, zone=UTC)
            assert log.fingerprint() == read.log.fingerprint()
