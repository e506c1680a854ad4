"""Files of strangers: taken whole or refused with the place; rows accepted, rejected or doubled."""

import csv
import gzip
import io
import json
import pickle
import random
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leadlib import _instants, limits
from leadlib._io.rows import Problem
from leadlib.errors import DefinitionError, InvalidValue, LeadlibError, MissingExtra, RefusedFile
from leadlib.io import (
    RowCounts,
    definition_from_json,
    definition_from_toml,
    load_definition,
    read_inquiries,
    read_log,
)
from leadlib.metrics import funnel
from leadlib.qualification import Field, LeadDefinition

MONDAY = "2026-03-02T09:00:00Z"
TUESDAY = "2026-03-03T09:00:00Z"
HEAD = "lead,stage,at\n"
ADA = f"ada,inquiry,{MONDAY}\n"
BOB = f"bob,inquiry,{MONDAY}\n"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def file(tmp_path):
    """Give a function that writes a file and returns its path."""

    def write(content, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def log_of(file):
    """Give a function that reads a log from the text of a file."""

    def read(content, name="log.csv", **options):
        return read_log(file(content, name), **options)

    return read


@pytest.fixture
def refusal_of(log_of):
    """Give a function that returns the error with which a file is refused."""

    def read(content, name="log.csv", **options):
        with pytest.raises(RefusedFile) as caught:
            log_of(content, name, **options)
        return caught.value

    return read


def places(read):
    """List where rows were rejected."""
    return [(problem.line, problem.column) for problem in read.problems]


def counts(read):
    rows = read.rows
    assert rows.accepted + rows.rejected + rows.duplicates == rows.read
    return rows.read, rows.accepted, rows.rejected, rows.duplicates


def entries(read):
    """List the events of a log with their names."""
    log = read.log
    return sorted((log.leads[i], log.stages[s], at, seq) for i, s, at, seq in log.events())


def day(text):
    return _instants.micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


class TestCsv:
    def test_a_clean_file_is_taken_whole(self, log_of):
        read = log_of(HEAD + ADA + BOB)

        assert counts(read) == (2, 2, 0, 0)
        assert read.problems == ()
        assert read.log.leads == ("ada", "bob")

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
    def test_line_ends_of_all_systems_are_equal(self, log_of, end):
        text = (HEAD + ADA + BOB).replace("\n", end)

        assert counts(log_of(text)) == (2, 2, 0, 0)

    @pytest.mark.parametrize("mark", [";", "\t", "|"], ids=["semicolon", "tab", "bar"])
    def test_the_header_tells_what_separates_cells(self, log_of, mark):
        assert counts(log_of((HEAD + ADA).replace(",", mark))) == (1, 1, 0, 0)

    def test_a_comma_within_a_quoted_column_name_separates_nothing(self, log_of):
        text = f'"name, first, last";lead;stage;at\nAda;ada;inquiry;{MONDAY}\n'

        assert counts(log_of(text)) == (1, 1, 0, 0)

    def test_a_byte_order_mark_hides_no_column(self, log_of):
        assert counts(log_of(b"\xef\xbb\xbf" + (HEAD + ADA).encode())) == (1, 1, 0, 0)

    def test_spaces_after_commas_belong_to_nobody(self, log_of):
        read = log_of(f'lead, stage, at\nada, "inquiry", {MONDAY}\n')

        assert entries(read) == [("ada", "inquiry", day("2026-03-02T09:00"), 0)]

    def test_a_missing_end_of_the_last_line_loses_no_row(self, log_of):
        assert counts(log_of((HEAD + ADA + BOB).rstrip("\n"))) == (2, 2, 0, 0)

    def test_a_line_break_within_quotes_is_part_of_the_cell_and_lines_are_counted_on(self, log_of):
        text = f'lead,stage,at,note\nada,inquiry,{MONDAY},"a\nb"\nbob,inquiry,never,x\n'
        read = log_of(text)

        assert counts(read) == (2, 1, 1, 0)
        assert places(read) == [(4, "at")]

    def test_a_ragged_row_is_rejected_with_its_line(self, log_of):
        read = log_of(HEAD + "ada,inquiry\n" + BOB + f"eve,inquiry,{MONDAY},more\n")

        assert counts(read) == (3, 1, 2, 0)
        assert places(read) == [(2, "at"), (4, "4")]
        assert read.problems[0].expected == "3 cells"

    def test_blank_lines_are_no_rows(self, log_of):
        read = log_of(f"{HEAD}\n{ADA}\n   \n{BOB}\n")

        assert counts(read) == (2, 2, 0, 0)

    def test_a_row_of_commas_is_nobody_and_is_rejected(self, log_of):
        read = log_of(HEAD + ADA + ",,\n , ,\n")

        assert counts(read) == (3, 1, 2, 0)
        assert places(read) == [(3, "lead"), (4, "lead")]

    def test_an_empty_cell_never_takes_the_value_of_the_row_before(self, log_of):
        read = log_of(f"{HEAD}{ADA},inquiry,{MONDAY}\n")

        assert places(read) == [(3, "lead")]
        assert read.log.leads == ("ada",)

    @pytest.mark.parametrize("mark", [",", ";", "|", "\t"])
    def test_a_stray_quote_is_placed_whatever_splits_the_cells(self, log_of, mark):
        rows = [["lead", "stage", "at"], ["a", "x", MONDAY], ["b", '"x"y', MONDAY]]
        read = log_of("\n".join(mark.join(row) for row in rows))

        assert [(problem.line, problem.column) for problem in read.problems] == [(3, "stage")]

    def test_a_stray_quote_costs_its_row_and_names_its_column(self, log_of):
        read = log_of(f'{HEAD}{ADA}bob,"inqu"iry,{MONDAY}\n{BOB}')

        assert counts(read) == (3, 2, 1, 0)
        assert places(read) == [(3, "stage")]

    def test_a_quote_inside_a_bare_cell_is_a_letter(self, log_of):
        assert counts(log_of(f'{HEAD}5" pipe,inquiry,{MONDAY}\n')) == (1, 1, 0, 0)

    def test_an_open_quote_refuses_the_file_and_names_its_opening_line(self, refusal_of):
        fault = refusal_of(HEAD + ADA + '"bob,inquiry,x\n' + BOB * 1_000)

        assert (fault.line, fault.expected) == (3, "a closing quote")

    def test_an_open_quote_costs_no_memory(self, refusal_of):
        assert refusal_of(HEAD + '"' + "x,y,z\n" * 400_000).line == 2

    def test_an_open_quote_is_bounded_whatever_the_process_allows(self, refusal_of):
        before = csv.field_size_limit(2**31)
        try:
            assert refusal_of(HEAD + '"' + "x,y,z\n" * 400_000).line == 2
        finally:
            csv.field_size_limit(before)

    def test_quotes_out_of_step_refuse_the_file_because_rows_are_lost(self, refusal_of):
        """The quote of line 2 swallows the rows up to the stray quote of line 4."""
        fault = refusal_of(f'{HEAD}"ada,inquiry,{MONDAY}\n{BOB}eve,"inquiry",{MONDAY}\n')

        assert fault.line == 2

    def test_the_settings_of_the_process_are_left_alone(self, log_of):
        before = csv.field_size_limit()
        log_of(HEAD + ADA)

        assert csv.field_size_limit() == before

    def test_a_cell_of_200_thousand_letters_costs_its_row_only(self, log_of):
        read = log_of(f"{HEAD}{ADA}{'x' * 200_000},inquiry,{MONDAY}\n{BOB}")

        assert counts(read) == (3, 2, 1, 0)
        assert read.problems[0].line == 3

    @pytest.mark.parametrize("size", [limits.LINE_CHARACTERS, 5 * limits.LINE_CHARACTERS])
    def test_a_giant_line_refuses_the_file(self, refusal_of, size):
        fault = refusal_of(HEAD + ADA + "x" * size + f",inquiry,{MONDAY}\n")

        assert fault.line == 3
        assert "1,000,000 characters" in fault.expected

    def test_a_file_that_is_one_giant_line_is_refused(self, refusal_of):
        assert refusal_of("x" * 3_000_000).line == 1

    @pytest.mark.parametrize("cell", ["a\0da", "\0"])
    def test_a_nul_rejects_the_row(self, log_of, cell):
        read = log_of(f"{HEAD}{cell},inquiry,{MONDAY}\n{BOB}")

        assert places(read) == [(2, "lead")]

    def test_utf_16_is_refused_by_name(self, refusal_of):
        fault = refusal_of((HEAD + ADA).encode("utf-16"))

        assert (fault.expected, fault.got, fault.line) == ("UTF-8 text", "UTF-16 text", 1)

    def test_utf_16_without_its_mark_is_refused_for_its_nuls(self, refusal_of):
        fault = refusal_of((HEAD + ADA).encode("utf-16-le"))

        assert (fault.expected, fault.line) == ("UTF-8 text", 1)

    def test_latin_1_is_refused_with_line_and_column(self, refusal_of):
        text = f"lead,name,stage,at\na,Ada,inquiry,{MONDAY}\nb,J\xfcrgen,inquiry,{MONDAY}\n"
        fault = refusal_of(text.encode("latin-1"))

        assert (fault.line, fault.column) == (3, "name")
        assert fault.expected == "UTF-8 text"

    def test_latin_1_far_down_is_refused_although_rows_before_were_fine(self, refusal_of):
        text = HEAD + "".join(f"lead {i},inquiry,{MONDAY}\n" for i in range(20_000)) + "\xfc,x,y\n"

        assert refusal_of(text.encode("latin-1")).line == 20_002

    def test_latin_1_in_the_header_names_the_number_of_the_column(self, refusal_of):
        fault = refusal_of("lead,stage,at,Gr\xf6\xdfe\n".encode("latin-1"))

        assert (fault.line, fault.column) == (1, "4")

    def test_a_text_cut_within_a_letter_is_refused(self, refusal_of):
        assert refusal_of((HEAD + "ü").encode()[:-1]).line == 2

    def test_a_column_named_twice_is_refused(self, refusal_of):
        fault = refusal_of("lead,stage,at,stage\n")

        assert (fault.expected, fault.column) == ("each column once", "stage")

    def test_more_columns_than_the_limit_are_refused(self, refusal_of):
        names = ",".join(f"c{i}" for i in range(limits.COLUMNS + 1))

        assert "at most 1000 columns" in str(refusal_of(names + "\n"))

    def test_a_missing_column_is_refused_with_the_nearest_name(self, refusal_of):
        fault = refusal_of("lead,stages,at\n")

        assert (fault.line, fault.column) == (1, "stage")
        assert str(fault).endswith("did you mean 'stages'?")

    def test_a_file_without_a_header_shows_nobody(self, refusal_of):
        fault = refusal_of("ada@example.com,Ada Lovelace,2026-03-02\n")

        assert "header" in fault.expected
        assert "ada" not in str(fault).lower()

    def test_a_file_without_a_header_shows_nobody_whom_it_names_twice(self, refusal_of):
        assert "ada" not in str(refusal_of("ada@example.com,ada@example.com\n"))

    @pytest.mark.parametrize("content", ["", "\n", "  \n\n", "\ufeff"])
    def test_an_empty_file_is_refused(self, refusal_of, content):
        assert (refusal_of(content).expected, refusal_of(content).line) == ("a header line", 1)

    def test_a_header_alone_is_a_log_of_no_rows(self, log_of):
        assert counts(log_of(HEAD)) == (0, 0, 0, 0)

    def test_a_stray_quote_in_the_header_refuses_the_file(self, refusal_of):
        fault = refusal_of('lead,"st"age,at\n')

        assert (fault.line, fault.column) == (1, "2")

    def test_unnamed_columns_are_nobodys(self, log_of):
        assert counts(log_of(f"lead,stage,at,,\nada,inquiry,{MONDAY},x,y\n")) == (1, 1, 0, 0)


class TestFiles:
    def test_a_missing_file_is_refused_and_named(self, tmp_path):
        with pytest.raises(RefusedFile) as caught:
            read_log(tmp_path / "nowhere.csv")

        assert str(caught.value) == "expected a readable file, got none"
        assert caught.value.__notes__ == ["nowhere.csv"]

    def test_a_directory_is_refused(self, tmp_path):
        with pytest.raises(RefusedFile, match="one that cannot be read"):
            read_log(tmp_path)

    @pytest.mark.parametrize("name", ["a\0b.csv", "a\0b.parquet", "x" * 5_000])
    def test_a_name_that_no_file_can_have_is_refused(self, name):
        for read in (read_log, read_inquiries):
            with pytest.raises(RefusedFile):
                read(name)
        with pytest.raises(DefinitionError):
            load_definition(name)

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="no such file here")
    def test_a_file_that_fails_while_it_is_read_is_refused(self):
        with pytest.raises(RefusedFile, match="one that cannot be read"):
            read_log("/proc/self/mem")

    def test_more_rows_than_the_limit_are_refused(self, file, monkeypatch):
        monkeypatch.setattr(limits, "ROWS", 1)
        for read in (read_log, read_inquiries):
            path = file("lead,stage,at,mail\n" + f"a,b,{MONDAY},a@b.c\n" * 2)
            with pytest.raises(RefusedFile, match="at most 1 rows"):
                read(path)

    def test_more_characters_than_the_limit_are_refused(self, refusal_of, monkeypatch):
        monkeypatch.setattr(limits, "FILE_BYTES", 300_000)

        assert "at most 300,000 characters" in str(refusal_of(HEAD + ADA * 20_000))

    @pytest.mark.parametrize(
        ("read", "part"),
        [
            (read_log, "leadlib.metrics.LogBuilder.add"),
            (read_inquiries, "leadlib.model.Inquiry.parse"),
        ],
    )
    def test_what_does_not_fit_into_the_memory_is_refused(self, file, monkeypatch, read, part):
        def greedy(*_, **__):
            raise MemoryError

        monkeypatch.setattr(part, greedy)
        with pytest.raises(RefusedFile, match="memory"):
            read(file(f"lead,stage,at,mail\na,b,{MONDAY},a@b.c\n"))

    @pytest.mark.parametrize("at", [{}, ""])
    def test_no_column_of_instants_is_refused(self, file, at):
        with pytest.raises(InvalidValue, match="a column of instants"):
            read_log(file(HEAD + ADA), at=at)

    def test_no_file_at_all_is_refused(self):
        with pytest.raises(InvalidValue, match="at least one file"):
            read_log()

    def test_errors_survive_the_way_between_processes(self, refusal_of):
        fault = refusal_of("lead,stages,at\n")
        again = pickle.loads(pickle.dumps(fault))

        assert (str(again), again.line, again.column) == (str(fault), 1, "stage")

    def test_several_files_are_one_log(self, file):
        read = read_log(file(HEAD + ADA, "a.csv"), file(HEAD + ADA + BOB, "b.csv"))

        assert counts(read) == (3, 2, 0, 1)

    def test_problems_of_several_files_name_theirs(self, file):
        one, two = file(HEAD + ADA, "a.csv"), file(HEAD + "bob,inquiry\n", "b.csv")
        [problem] = read_log(one, two).problems

        assert problem.to_dict() == {
            "line": 2,
            "column": "at",
            "expected": "3 cells",
            "file": "b.csv",
        }

    def test_one_refused_file_refuses_all_and_is_named(self, file):
        with pytest.raises(RefusedFile) as caught:
            read_log(file(HEAD + ADA, "a.csv"), file("", "b.csv"))

        assert caught.value.__notes__ == ["b.csv"]

    def test_forms_may_be_mixed(self, file):
        row = json.dumps({"lead": "eve", "stage": "inquiry", "at": MONDAY})
        read = read_log(file(HEAD + ADA, "a.csv"), file(row, "b.jsonl"))

        assert read.log.leads == ("ada", "eve")

    def test_a_group_column_need_not_be_in_every_file(self, file):
        one = file(f"lead,stage,at,origin\nada,inquiry,{MONDAY},web\n", "a.csv")
        read = read_log(one, file(HEAD + BOB, "b.csv"), by=["origin"])

        assert funnel(read.log, stages=["inquiry"], by="origin").groups.keys() == {"web", ""}

    def test_a_group_column_that_no_file_has_is_refused(self, file):
        with pytest.raises(RefusedFile, match="'orign'"):
            read_log(file(HEAD + ADA, "a.csv"), file(HEAD + BOB, "b.csv"), by=["orign"])

    def test_progress_adds_up_to_the_size_of_the_file(self, file):
        rows = (f"lead {i},inquiry,{MONDAY}\n" for i in range(10_000))
        path, told = file(HEAD + "".join(rows)), []
        read_log(path, progress=told.append)

        assert sum(told) == path.stat().st_size
        assert len(told) > 1

    @pytest.mark.rule("002-12")
    def test_a_table_imported_twice_is_new_once(self, file):
        path = file(HEAD + "".join(f"lead {i},inquiry,{MONDAY}\n" for i in range(120)))

        assert counts(read_log(path)) == (120, 120, 0, 0)
        assert counts(read_log(path, path)) == (240, 120, 0, 120)
        assert read_log(path, path).log.fingerprint() == read_log(path).log.fingerprint()


class TestGzip:
    def test_is_read_as_what_it_holds(self, log_of):
        assert counts(log_of(gzip.compress((HEAD + ADA).encode()), "log.csv.gz")) == (1, 1, 0, 0)

    def test_holds_json_lines_too(self, log_of):
        row = json.dumps({"lead": "ada", "stage": "inquiry", "at": MONDAY}).encode()

        assert counts(log_of(gzip.compress(row), "log.jsonl.gz")) == (1, 1, 0, 0)

    @pytest.mark.parametrize("cut", [1, 5, 9, 12, 100, -1, -5, -9])
    def test_cut_off_anywhere_is_refused(self, refusal_of, cut):
        rows = HEAD + "".join(f"{random.Random(i).random()},inquiry,{MONDAY}\n" for i in range(99))
        packed = gzip.compress(rows.encode())

        assert refusal_of(packed[:cut], "log.csv.gz").expected == "a gzip file"

    def test_damaged_anywhere_is_refused_or_read_but_raises_nothing_else(self, log_of):
        rows = HEAD + "".join(f"{random.Random(i).random()},inquiry,{MONDAY}\n" for i in range(50))
        packed = gzip.compress(rows.encode())
        for place in range(0, len(packed), 3):
            damaged = packed[:place] + bytes([packed[place] ^ 0xFF]) + packed[place + 1 :]
            assert_own(lambda content=damaged: log_of(content, "log.csv.gz"))

    def test_of_another_encoding_and_cut_off_is_refused(self, refusal_of):
        """The second look, which finds the place, meets the damage that the first did not see."""
        noise = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz", k=60_000))
        packed = gzip.compress((HEAD + "\xfc" + noise).encode("latin-1"))

        assert refusal_of(packed[:-2_000], "log.csv.gz").expected in {"UTF-8 text", "a gzip file"}

    def test_text_under_its_name_is_refused(self, refusal_of):
        assert refusal_of(HEAD + ADA, "log.csv.gz").expected == "a gzip file"

    @pytest.mark.parametrize("content", [b"\n", b" ", HEAD.encode() + ADA.encode()])
    def test_a_bomb_is_bounded(self, refusal_of, monkeypatch, content):
        monkeypatch.setattr("leadlib._io.texts._UNPACKED_AT_ONCE", 2**20)
        packed = io.BytesIO()
        with gzip.open(packed, "wb", compresslevel=9) as out:
            out.write(HEAD.encode())
            for _ in range(8):
                out.write(content * (2**20 // len(content)))

        assert "at most" in refusal_of(packed.getvalue(), "log.csv.gz").expected


class TestJsonLines:
    def test_rows_are_objects(self, log_of):
        read = log_of(jsonl(row(), row(lead="bob", more=[1, {"x": 2}])), "log.jsonl")

        assert counts(read) == (2, 2, 0, 0)

    @pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson", "log.json", "LOG.JSONL"])
    def test_are_known_by_their_names(self, log_of, name):
        assert counts(log_of(jsonl(row()), name)) == (1, 1, 0, 0)

    @pytest.mark.parametrize(
        ("line", "got"),
        [
            ('{"lead": "ada", "lead": "bob"}', "one with a key twice"),
            ('{"lead": NaN}', "one with NaN or Infinity, which are no JSON"),
            ('{"lead": -Infinity}', "one with NaN or Infinity, which are no JSON"),
            ("[" * 100_000 + "]" * 100_000, "one that is nested too deep"),
            ('{"a":' * 50_000, "one that is nested too deep"),
            ('{"seq": ' + "9" * 100_000 + "}", "one with a number of too many digits"),
            ('["ada", "inquiry"]', "a list"),
            ('"ada"', "a str"),
            ("null", "nothing"),
            ("{", "text that is no JSON"),
            ("]" * 99 + "[" * 99, "one that is nested too deep"),
            ("]" * 99, "text that is no JSON"),
            ("lead,stage,at", "text that is no JSON"),
        ],
        ids=lambda value: str(value)[:24],
    )
    def test_other_lines_are_rejected_and_described(self, log_of, line, got):
        read = log_of(jsonl(row()) + line + "\n" + jsonl(row(lead="bob")), "log.jsonl")

        assert counts(read) == (3, 2, 1, 0)
        assert (read.problems[0].line, read.problems[0].got) == (2, got)

    def test_brackets_in_text_are_not_nesting(self, log_of):
        assert counts(log_of(jsonl(row(note="[" * 500 + '"\\')), "log.jsonl")) == (1, 1, 0, 0)

    @pytest.mark.parametrize("column", ["lead", "stage", "at", "origin"])
    def test_half_a_surrogate_pair_rejects_the_row(self, log_of, column):
        bad = jsonl(row(lead="eve") | {column: "\ud800"})
        read = log_of(jsonl(row(origin="web")) + bad, "log.jsonl", by=["origin"])

        assert places(read) == [(2, column)]

    @pytest.mark.parametrize(
        "asked",
        [
            {"lead": "\udcff"},
            {"stage": "\udcff"},
            {"at": "\udcff"},
            {"at": {"won": "\udcff"}},
            {"seq": "\udcff"},
            {"by": ["\udcff"]},
        ],
        ids=["lead", "stage", "at", "wide", "seq", "by"],
    )
    def test_half_a_surrogate_pair_is_no_column(self, log_of, asked):
        keys = {"lead": "a", "stage": "x", "at": MONDAY, "\udcff": MONDAY}
        with pytest.raises(InvalidValue, match="half a surrogate pair"):
            log_of(json.dumps(keys), "log.jsonl", **asked)

    def test_numbers_with_a_point_are_groups_as_ever(self, log_of):
        log = log_of(jsonl(row(lead="a", share=1e2)), "log.jsonl", by=["share"]).log

        assert log.labels["share"].names == ("100.0",)

    def test_a_missing_key_rejects_the_row(self, log_of):
        read = log_of(jsonl(row(), {"lead": "bob", "stage": "inquiry"}), "log.jsonl")

        assert places(read) == [(2, "at")]

    def test_a_column_that_no_row_has_is_refused_with_the_nearest_name(self, refusal_of):
        fault = refusal_of(jsonl(row(campain="web")), "log.jsonl", by=["campaign"])

        assert fault.column == "campaign"
        assert str(fault).endswith("did you mean 'campain'?")

    def test_a_column_may_come_in_a_later_row(self, log_of):
        rows = [row(), row(lead="bob", origin=None)]
        for ordered in (rows, rows[::-1]):
            read = log_of(jsonl(*ordered), "log.jsonl", by=["origin"])
            assert funnel(read.log, stages=["inquiry"], by="origin").groups.keys() == {""}

    @pytest.mark.parametrize("value", [1e400, 1.5, True, [], {}, 10**30])
    def test_other_values_than_names_are_rejected(self, log_of, value):
        line = json.dumps(row(lead=value)).replace("Infinity", "1e999")
        read = log_of(jsonl(row()) + line, "log.jsonl")

        assert places(read) == [(2, "lead")]

    def test_an_infinite_number_is_no_group(self, log_of):
        line = json.dumps(row(origin=0)).replace("0}", "1e999}")
        read = log_of(jsonl(row(lead="bob", origin="web")) + line, "log.jsonl", by=["origin"])

        assert places(read) == [(2, "origin")]

    def test_an_array_over_many_lines_is_refused(self, refusal_of):
        fault = refusal_of(json.dumps([row(), row()], indent=2), "log.json")

        assert fault.expected == "one JSON object on each line"

    @pytest.mark.parametrize("content", ["", "\n\n"])
    def test_an_empty_file_is_refused(self, refusal_of, content):
        assert refusal_of(content, "log.jsonl").expected == "at least one JSON object"

    def test_blank_lines_are_no_rows(self, log_of):
        assert counts(log_of("\n" + jsonl(row()) + "\n \n", "log.jsonl")) == (1, 1, 0, 0)


def row(**more):
    return {"lead": "ada", "stage": "inquiry", "at": MONDAY} | more


def jsonl(*rows):
    return "".join(f"{json.dumps(one)}\n" for one in rows)


class TestParquet:
    pa = pytest.importorskip("pyarrow")

    @pytest.fixture
    def parquet(self, file):
        """Give a function that reads a log from columns."""
        from pyarrow import parquet

        def read(name="log.parquet", *, options=None, **columns):
            sink = io.BytesIO()
            parquet.write_table(self.pa.table(columns), sink, **(options or {}))
            reader = columns.keys() - {"lead", "stage", "at", "seq"}
            seq = {"seq": "seq"} if "seq" in columns else {}
            return read_log(file(sink.getvalue(), name), by=sorted(reader), **seq, **self.asked)

        return read

    asked = {}  # a default that single tests replace

    def at(self, unit, zone, *values):
        return self.pa.array(values, self.pa.int64()).cast(self.pa.timestamp(unit, zone))

    def test_strings_and_instants_are_read(self, parquet):
        read = parquet(lead=["ada"], stage=["inquiry"], at=[datetime(2026, 3, 2, tzinfo=UTC)])

        assert entries(read) == [("ada", "inquiry", day("2026-03-02"), 0)]

    @pytest.mark.parametrize(
        ("unit", "many"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
    )
    def test_every_unit_is_the_same_instant(self, parquet, unit, many):
        read = parquet(lead=["ada"], stage=["inquiry"], at=self.at(unit, "UTC", 10**9 * many))

        assert entries(read) == [("ada", "inquiry", 10**15, 0)]

    def test_nanoseconds_are_cut_to_microseconds(self, parquet):
        read = parquet(lead=["ada"], stage=["inquiry"], at=self.at("ns", "UTC", 1_999))

        assert entries(read) == [("ada", "inquiry", 1, 0)]

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "+02:00", "Mars/Phobos"])
    def test_the_zone_of_a_column_changes_no_instant(self, parquet, zone):
        read = parquet(lead=["ada"], stage=["inquiry"], at=self.at("us", zone, 10**15))

        assert entries(read) == [("ada", "inquiry", 10**15, 0)]

    @pytest.mark.parametrize("unit", ["ms", "us"])
    @pytest.mark.parametrize("value", [2**62, -(2**62), -1])
    def test_years_beyond_the_calendar_reject_the_row(self, parquet, unit, value):
        at = self.at(unit, "UTC", value, 10**12)
        read = parquet(lead=["ada", "bob"], stage=["inquiry"] * 2, at=at)

        assert places(read) == [(1, "at")]

    def test_local_times_need_a_zone(self, parquet):
        with pytest.raises(RefusedFile, match="a time without offset"):
            parquet(lead=["ada"], stage=["inquiry"], at=[datetime(2026, 3, 2, 9)])

    def test_local_times_are_placed_in_their_zone(self, parquet, monkeypatch):
        monkeypatch.setattr(TestParquet, "asked", {"zone": BERLIN})
        read = parquet(lead=["ada"], stage=["inquiry"], at=[datetime(2026, 3, 2, 9)])

        assert entries(read) == [("ada", "inquiry", day("2026-03-02T08:00"), 0)]

    def test_far_local_times_are_rejected(self, parquet, monkeypatch):
        monkeypatch.setattr(TestParquet, "asked", {"zone": ZoneInfo("Asia/Tokyo")})
        at = [datetime(1, 1, 1), datetime(9999, 12, 31, 23), datetime(2026, 3, 2)]
        read = parquet(lead=["a", "b", "c"], stage=["inquiry"] * 3, at=at)

        assert places(read) == [(1, "at"), (2, "at")]

    @pytest.mark.parametrize("kind", ["date32", "date64"])
    def test_dates_need_a_zone_and_begin_with_their_day(self, parquet, monkeypatch, kind):
        at = self.pa.array([date(2026, 3, 2)], getattr(self.pa, kind)())
        with pytest.raises(RefusedFile, match="a date without time and offset"):
            parquet(lead=["ada"], stage=["inquiry"], at=at)
        monkeypatch.setattr(TestParquet, "asked", {"zone": BERLIN})
        read = parquet(lead=["ada"], stage=["inquiry"], at=at)

        assert entries(read) == [("ada", "inquiry", day("2026-03-01T23:00"), 0)]

    def test_dates_of_other_worlds_are_rejected(self, parquet, monkeypatch):
        monkeypatch.setattr(TestParquet, "asked", {"zone": UTC})
        at = self.pa.array([2**31 - 1, -(2**31), 20_000], self.pa.int32()).cast(self.pa.date32())
        read = parquet(lead=["a", "b", "c"], stage=["inquiry"] * 3, at=at)

        assert places(read) == [(1, "at"), (2, "at")]

    def test_text_of_iso_form_is_an_instant_too(self, parquet):
        assert counts(parquet(lead=["ada"], stage=["inquiry"], at=[MONDAY])) == (1, 1, 0, 0)

    def test_epoch_numbers_are_refused(self, parquet):
        with pytest.raises(RefusedFile, match="got a number"):
            parquet(lead=["ada"], stage=["inquiry"], at=[1_772_442_000])

    def test_dictionaries_are_text(self, parquet):
        stage = self.pa.array(["inquiry", None, "inquiry"]).dictionary_encode()
        at = self.at("us", "UTC", *[10**15] * 3)
        read = parquet(lead=["ada", "bob", "eve"], stage=stage, at=at)

        assert counts(read) == (3, 2, 1, 0)
        assert places(read) == [(2, "stage")]

    def test_nulls_are_nothing(self, parquet):
        at = self.at("us", "UTC", 10**15, 10**15, None, 10**15)
        read = parquet(
            lead=["ada", None, "eve", "zoe"],
            stage=["inquiry"] * 4,
            at=at,
            origin=["web", "web", "web", None],
        )

        assert places(read) == [(2, "lead"), (3, "at")]
        assert funnel(read.log, stages=["inquiry"], by="origin").groups.keys() == {"web", ""}

    @pytest.mark.parametrize(
        ("values", "names"),
        [
            ([1, 2], {"1", "2"}),
            ([1.5, float("nan")], {"1.5", ""}),
            ([True, False], {"True", "False"}),
            ([Decimal("1.50"), None], {"1.50", ""}),
            ([date(2026, 3, 2), None], {"2026-03-02", ""}),
        ],
        ids=["integers", "floats", "yes/no", "decimals", "dates"],
    )
    def test_numbers_and_dates_are_groups(self, parquet, values, names):
        at = self.at("us", "UTC", 10**15, 10**15)
        read = parquet(lead=["ada", "bob"], stage=["inquiry"] * 2, at=at, origin=values)

        assert funnel(read.log, stages=["inquiry"], by="origin").groups.keys() == names

    def test_whole_floats_are_sequences_because_pandas_makes_them(self, parquet):
        at = self.at("us", "UTC", *[10**15] * 4)
        read = parquet(
            lead=["a", "b", "c", "d"], stage=["inquiry"] * 4, at=at, seq=[1.0, 1.5, None, 1e300]
        )

        assert places(read) == [(2, "seq"), (3, "seq"), (4, "seq")]
        assert entries(read) == [("a", "inquiry", 10**15, 1)]

    def test_dots_in_column_names_are_letters(self, file):
        from pyarrow import parquet

        sink = io.BytesIO()
        at = [datetime(2026, 3, 2, tzinfo=UTC)]
        parquet.write_table(self.pa.table({"a.lead": ["ada"], "b.x": ["inquiry"], "at": at}), sink)
        read = read_log(file(sink.getvalue(), "log.parquet"), lead="a.lead", stage="b.x")

        assert read.log.leads == ("ada",)

    def test_other_types_are_rejected(self, parquet):
        at = self.at("us", "UTC", 10**15, 10**15)
        with pytest.raises(RefusedFile, match="all 2 rows were rejected"):
            parquet(lead=[["ada"], [{"x": "y"}["x"]]], stage=["inquiry"] * 2, at=at)

    def test_a_huge_text_repeated_often_is_kept_once(self, parquet):
        """A file of 1 MB may say 10 MB of text a hundred thousand times."""
        many = 100_000
        at = self.at("us", "UTC", *[10**15] * many)
        lead = self.pa.DictionaryArray.from_arrays(
            self.pa.array([0] * many, self.pa.int32()), self.pa.array(["x" * 10_000_000])
        )
        with pytest.raises(RefusedFile, match="at most 255 characters"):
            parquet(lead=lead, stage=["inquiry"] * many, at=at)

    def test_more_rows_than_the_limit_are_refused_before_one_is_read(self, parquet, monkeypatch):
        monkeypatch.setattr(limits, "ROWS", 1)
        with pytest.raises(RefusedFile, match="at most 1 rows, got 2"):
            parquet(lead=["ada", "bob"], stage=["inquiry"] * 2, at=[MONDAY] * 2)

    def test_too_little_memory_is_told_as_such(self, parquet, monkeypatch):
        def greedy(_):
            raise MemoryError

        monkeypatch.setattr("leadlib._io.tables._values", greedy)
        with pytest.raises(RefusedFile, match="memory"):
            parquet(lead=["ada"], stage=["inquiry"], at=[MONDAY])

    def test_progress_is_told_in_bytes(self, parquet, monkeypatch):
        told = []
        monkeypatch.setattr(TestParquet, "asked", {"progress": told.append})
        parquet(lead=["ada"], stage=["inquiry"], at=[MONDAY])

        assert sum(told) > 300

    def test_needs_its_extra(self, refusal_of, file, monkeypatch):
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        with pytest.raises(MissingExtra, match=r"leadlib\[parquet\]"):
            read_log(file(b"PAR1", "log.parquet"))

    def test_a_part_that_unpacks_beyond_the_limit_is_refused(self, parquet, monkeypatch):
        monkeypatch.setattr("leadlib._io.tables._PART_BYTES", 1_000)
        with pytest.raises(RefusedFile, match="at most 1,000 bytes"):
            parquet(lead=["x" * 5_000], stage=["inquiry"], at=[MONDAY])

    def test_large_strings_are_text(self, parquet):
        lead = self.pa.array(["ada", "bob", "ada"], self.pa.large_string())
        read = parquet(lead=lead, stage=["inquiry"] * 3, at=[MONDAY] * 3)

        assert counts(read) == (3, 2, 0, 1)

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9, b"lead,stage,at\n", b"\0" * 99])
    def test_other_bytes_are_refused(self, refusal_of, content):
        assert refusal_of(content, "log.parquet").expected == "a Parquet file"

    def test_damage_is_refused_or_read_but_raises_nothing_else(self, file):
        from pyarrow import parquet

        sink, at = io.BytesIO(), [datetime(2026, 3, 2, tzinfo=UTC)] * 300
        lead = [f"lead {i}" for i in range(300)]
        table = self.pa.table({"lead": lead, "stage": ["inquiry"] * 300, "at": at})
        parquet.write_table(table, sink, row_group_size=100)
        content, chance = sink.getvalue(), random.Random(3)
        for _ in range(150):
            damaged = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            path = file(bytes(damaged), "log.parquet")
            assert_own(lambda path=path: read_log(path))

    def test_a_missing_column_is_refused_with_the_nearest_name(self, parquet):
        with pytest.raises(RefusedFile, match="did you mean 'stages'"):
            parquet(lead=["ada"], stages=["inquiry"], at=[MONDAY])


def assert_own(call):
    """Assert success or leadlib's own error, and nothing lost."""
    try:
        read = call()
    except LeadlibError as fault:
        str(fault), repr(fault)
        return None
    counts(read)
    return read


class TestTimes:
    @pytest.mark.parametrize(
        "text",
        [
            "2026-03-02 09:00",
            "2026-03-02T09:00:00",
            "2026-03-02",
            "2026-02-30T09:00:00Z",
            "2026-13-01T09:00:00Z",
            "2026-03-02T24:00:00Z",
            "2026-03-02T23:59:60Z",
            "2026-03-02T09:00:00+99:99",
            "1772442000",
            "1772442000.5",
            "2026-W10-1",
            "2026-W10-1T09:00:00Z",
            "2026-061T09:00:00Z",
            "20260302T090000Z",
            "02.03.2026 09:00",
            "3/2/2026",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "1969-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "\u0662026-03-02T09:00:00Z",
            "",
            "never",
            "2026-03-02T09:00:00Z" + " " * 50 + "x",
        ],
    )
    def test_what_is_no_instant_rejects_the_row(self, log_of, text):
        read = log_of(f'{HEAD}{BOB}ada,inquiry,"{text}"\n')

        assert places(read) == [(3, "at")]

    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00"),
            ("2026-03-02 09:00:00+00:00", "2026-03-02T09:00"),
            ("2026-03-02T09:00+01:00", "2026-03-02T08:00"),
            ("2026-03-02T09:00:00.25-0500", "2026-03-02T14:00:00.25"),
            ("1970-01-01T00:00:00Z", "1970-01-01"),
            ("2199-12-31T23:59:59Z", "2199-12-31T23:59:59"),
        ],
    )
    def test_offsets_are_read(self, log_of, text, utc):
        assert entries(log_of(f"{HEAD}ada,inquiry,{text}\n"))[0][2] == day(utc)

    @pytest.mark.parametrize(
        ("text", "utc"),
        [
            ("2026-03-02 09:00", "2026-03-02T08:00"),
            ("2026-03-02", "2026-03-01T23:00"),
            ("2026-03-29 02:30", "2026-03-29T01:00"),
            ("2026-10-25 02:30", "2026-10-25T00:30"),
            ("2026-03-02T09:00:00Z", "2026-03-02T09:00"),
        ],
        ids=["winter", "day", "gap: its end", "twice: the first", "an offset counts"],
    )
    def test_a_zone_places_local_times(self, log_of, text, utc):
        assert entries(log_of(f"{HEAD}ada,inquiry,{text}\n", zone=BERLIN))[0][2] == day(utc)

    @pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"])
    @pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31 23:59:59", "0001-01-01T00:00"])
    def test_far_local_times_are_rejected_in_every_zone(self, log_of, zone, text):
        read = log_of(f"{HEAD}{BOB}ada,inquiry,{text}\n", zone=ZoneInfo(zone))

        assert places(read) == [(3, "at")]


class TestNames:
    def test_are_trimmed_and_put_into_one_form(self, log_of):
        read = log_of(f"{HEAD} José ,inquiry,{MONDAY}\nJose\u0301,inquiry,{MONDAY}\n")

        assert read.log.leads == ("José",)
        assert counts(read) == (2, 1, 0, 1)

    def test_may_be_numbers_in_typed_files(self, log_of):
        lines = jsonl(row(lead=7), row(lead="7"), row(lead=-3), row(lead=0))

        assert log_of(lines, "log.jsonl").log.leads == ("-3", "0", "7")

    def test_keep_their_case_and_their_zeros(self, log_of):
        read = log_of(
            f"{HEAD}007,inquiry,{MONDAY}\n7,inquiry,{MONDAY}\nA,x,{MONDAY}\na,x,{MONDAY}\n"
        )

        assert read.log.leads == ("007", "7", "A", "a")

    def test_longer_than_the_limit_are_rejected_before_they_are_looked_at(self, log_of):
        marks = "e" + "\u0301\u0323" * 60_000
        read = log_of(f"{HEAD}{BOB}{marks},inquiry,{MONDAY}\n{'x' * 256},inquiry,{MONDAY}\n")

        assert places(read) == [(3, "lead"), (4, "lead")]

    def test_stages_beyond_the_limit_refuse_the_file(self, refusal_of):
        rows = "".join(f"ada,stage {i},{MONDAY}\n" for i in range(limits.STAGES + 1))
        fault = refusal_of(HEAD + rows)

        assert (fault.line, fault.column) == (limits.STAGES + 2, "stage")


class TestSequences:
    @pytest.mark.parametrize(("text", "seq"), [("7", 7), (" -7 ", -7), ("+7", 7), ("7.0", 7)])
    def test_are_whole_numbers(self, log_of, text, seq):
        read = log_of(f"lead,stage,at,seq\nada,inquiry,{MONDAY},{text}\n", seq="seq")

        assert entries(read)[0][3] == seq

    @pytest.mark.parametrize(
        "text", ["", "x", "1.5", "1e3", "0x7", "1_000", "\u0667", "9" * 16, "nan"]
    )
    def test_of_another_form_reject_the_row(self, log_of, text):
        rows = f"bob,inquiry,{MONDAY},1\nada,inquiry,{MONDAY},{text}\n"
        read = log_of("lead,stage,at,seq\n" + rows, seq="seq")

        assert places(read) == [(3, "seq")]

    @pytest.mark.parametrize("value", [2**60, 1.5, 1e300, True, None, "1" * 5_000, [1]])
    def test_of_another_type_reject_the_row(self, log_of, value):
        lines = jsonl(row(lead="bob", seq=-1), row(seq=value))

        assert places(log_of(lines, "log.jsonl", seq="seq")) == [(2, "seq")]

    def test_order_events_of_one_instant(self, log_of):
        text = f"lead,stage,at,seq\nada,b,{MONDAY},1\nada,a,{MONDAY},2\nbob,a,{TUESDAY},1\n"
        read = log_of(text, seq="seq")

        assert funnel(read.log, stages=["b"])["b"].reached == 1
        assert funnel(read.log, stages=["b"]).stops[0].now == "a"


class TestGroups:
    def test_nothing_is_a_group_of_its_own(self, log_of):
        rows = f"ada,inquiry,{MONDAY},\nbob,inquiry,{MONDAY},unknown\neve,inquiry,{MONDAY}, \n"
        read = log_of("lead,stage,at,origin\n" + rows, by=["origin"])
        groups = funnel(read.log, stages=["inquiry"], by="origin").groups

        assert {name: group.leads for name, group in groups.items()} == {"unknown": 1, "": 2}

    def test_of_one_lead_is_the_earliest_named(self, log_of):
        rows = f"ada,inquiry,{TUESDAY},fair\nada,inquiry,{MONDAY},web\n"
        for text in (rows, "".join(reversed(rows.splitlines(keepends=True)))):
            read = log_of("lead,stage,at,origin\n" + text, by=["origin"])
            assert list(funnel(read.log, stages=["inquiry"], by="origin").groups) == ["web"]

    def test_beyond_the_limit_are_refused(self, file):
        rows = "".join(f"{i},inquiry,{MONDAY},g{i}\n" for i in range(limits.GROUPS + 1))
        path = file("lead,stage,at,origin\n" + rows)
        with pytest.raises(LeadlibError, match="at most 1000 different groups in column 'origin'"):
            read_log(path, by=["origin"])

    def test_up_to_the_limit_are_taken(self, log_of):
        rows = "".join(f"{i},inquiry,{MONDAY},g{i}\n" for i in range(limits.GROUPS))
        read = log_of("lead,stage,at,origin\n" + rows, by=["origin"])

        assert len(funnel(read.log, stages=["inquiry"], by="origin").groups) == limits.GROUPS


class TestWideTables:
    WIDE = "id,contact,won\n"

    def test_have_a_column_for_each_stage(self, log_of):
        read = log_of(
            f"{self.WIDE}ada,{MONDAY},{TUESDAY}\nbob,{MONDAY},\n",
            lead="id",
            at={"contacted": "contact", "won": "won"},
        )

        assert counts(read) == (2, 2, 0, 0)
        assert [entry[:2] for entry in entries(read)] == [
            ("ada", "contacted"),
            ("ada", "won"),
            ("bob", "contacted"),
        ]

    def test_a_row_is_taken_whole_or_not_at_all(self, log_of):
        read = log_of(
            f"{self.WIDE}ada,{MONDAY},never\nbob,{MONDAY},\n",
            lead="id",
            at={"contacted": "contact", "won": "won"},
        )

        assert places(read) == [(2, "won")]
        assert read.log.leads == ("bob",)

    def test_a_row_without_any_date_is_rejected(self, log_of):
        read = log_of(
            f"{self.WIDE}ada,,\nbob,{MONDAY},\n",
            lead="id",
            at={"contacted": "contact", "won": "won"},
        )

        assert places(read) == [(2, "contact")]

    def test_dates_may_be_spread_over_files(self, file):
        one = file(f"id,contact\nada,{MONDAY}\nbob,{MONDAY}\n", "a.csv")
        two = file(f"id,won\nada,{TUESDAY}\n", "b.csv")
        read = read_log(one, two, lead="id", at={"contacted": "contact", "won": "won"})

        assert funnel(read.log, stages=["contacted", "won"])["contacted"].advanced == 1

    def test_a_stage_without_any_date_is_known_nevertheless(self, log_of):
        text = "lead,a,b\nx,2026-03-02,\ny,2026-03-03,\n"
        log = log_of(text, at={"new": "a", "won": "b"}, zone=UTC).log
        counted = funnel(log, stages=["new", "won"])

        assert [step.reached for step in counted.steps] == [2, 0]

    def test_our_own_words_and_others_without_a_date_are_known(self, log_of):
        text = "lead,a,b\nx,2026-03-02,\n"
        log = log_of(text, at={"inquiry": "a", "signed": "b"}, zone=UTC).log

        assert log.known > {"signed", "qualified"}

    def test_a_date_column_that_no_file_has_is_refused(self, refusal_of):
        at = {"contacted": "contact", "won": "win"}
        fault = refusal_of(f"{self.WIDE}ada,{MONDAY},\n", lead="id", at=at)

        assert str(fault).endswith("did you mean 'won'?")

    def test_a_file_without_any_of_the_dates_is_refused_with_the_nearest_name(self, refusal_of):
        fault = refusal_of(f"{self.WIDE}ada,{MONDAY},\n", lead="id", at={"contacted": "contacts"})

        assert str(fault).endswith("did you mean 'contact'?")

    def test_stages_are_named_in_the_form_of_the_log(self, log_of):
        text = f"{self.WIDE}ada,{MONDAY},\n"

        assert log_of(text, lead="id", at={" cafe\u0301 ": "contact"}).log.stages == ("café",)
        with pytest.raises(InvalidValue):
            log_of(text, lead="id", at={"x" * 256: "contact"})

    def test_the_same_date_delivered_again_is_a_duplicate(self, log_of):
        read = log_of(
            f"{self.WIDE}ada,{MONDAY},\nada,{MONDAY},\nada,{MONDAY},{TUESDAY}\n",
            lead="id",
            at={"contacted": "contact", "won": "won"},
        )

        assert counts(read) == (3, 2, 0, 1)


class TestProblems:
    def test_are_listed_up_to_the_limit_and_counted_beyond(self, log_of):
        many = limits.PROBLEMS + 500
        read = log_of(HEAD + ADA + "x,y\n" * many)

        assert counts(read) == (many + 1, 1, many, 0)
        assert len(read.problems) == limits.PROBLEMS

    def test_a_file_whose_rows_are_all_wrong_is_refused_with_the_first(self, refusal_of):
        fault = refusal_of(HEAD + "ada,inquiry,yesterday\n" * 3)

        assert (fault.line, fault.column) == (2, "at")
        assert fault.got.endswith("all 3 rows were rejected")

    def test_never_show_a_value(self, log_of):
        secret = "SECRET-7421"
        lines = [
            f"{secret * 30},inquiry,{MONDAY}",
            f"ada,{secret * 30},{MONDAY}",
            f"ada,inquiry,{secret}",
            f"{secret}",
            f'a"{secret}"b,"{secret}"x,{secret}',
            f"{secret},{secret},{secret},{secret}",
            f"a\0{secret},inquiry,{MONDAY}",
        ]
        read = log_of(HEAD + ADA + "\n".join(lines))

        assert counts(read)[2] == len(lines)
        assert secret not in repr(read.problems) + "".join(map(str, read.problems))

    def test_print_their_place(self):
        problem = Problem(line=3, column="at", expected="an instant", got="nothing", file="a.csv")

        assert str(problem) == "a.csv, line 3, column at: expected an instant, got nothing"

    def test_of_the_whole_row_name_no_column(self):
        problem = Problem(line=3, column="-", expected="a JSON object", got="a list")

        assert str(problem) == "line 3: expected a JSON object, got a list"
        assert problem.refusal().column is None

    def test_counts_read_as_a_sentence(self):
        rows = RowCounts(read=4, accepted=1, rejected=2, duplicates=1)

        assert str(rows) == "4 rows read: 1 accepted, 2 rejected, 1 duplicate"


class TestClosedStages:
    def test_our_own_words_bring_the_ends_of_the_lifecycle(self, log_of):
        read = log_of(HEAD + ADA + f"bob,lost,{MONDAY}\n")

        assert (read.log.closed_by, "lost" in read.log.closed) == ("lifecycle", True)

    def test_other_words_bring_none(self, log_of):
        assert log_of(HEAD + ADA + f"bob,gone,{MONDAY}\n").log.closed is None

    def test_given_ends_count(self, log_of):
        read = log_of(HEAD + ADA + f"bob,lost,{MONDAY}\n", closed=["lost"])

        assert (read.log.closed_by, read.log.closed) == ("given", frozenset({"lost"}))

    def test_words_that_come_later_do_not_change_what_was_spoken_before(self, log_of):
        later = f"bob,gone,{TUESDAY}\n"
        as_of = datetime(2026, 3, 2, 12, tzinfo=UTC)

        assert log_of(HEAD + ADA + later, as_of=as_of).log.closed_by == "lifecycle"
        assert log_of(HEAD + ADA + later).log.closed is None


STAFF, START = Field("staff", int), Field("start", date)
CALL, BUDGET = Field("call", datetime), Field("budget", Decimal)


class TestInquiries:
    HEAD = "id,at,mail,staff\n"

    def test_columns_the_definition_asks_for_are_facts(self, file):
        path = file(f"{self.HEAD}i-1,{MONDAY},ada@example.com,40\n")
        [inquiry] = read_inquiries(path, fields=[STAFF]).inquiries

        assert (inquiry.id, dict(inquiry.facts)) == ("i-1", {"staff": 40})

    def test_columns_nobody_asked_for_are_named_and_fields_without_column_too(self, file):
        path = file(f"at,mail,shoe\n{MONDAY},ada@example.com,44\n")
        read = read_inquiries(path, fields=[STAFF])

        assert (read.unused, read.missing) == (("shoe",), ("staff",))
        assert read.inquiries[0].source == "log.csv"
        assert read.inquiries[0].id == "line-2"

    @pytest.mark.parametrize(
        ("line", "place"),
        [
            (f"i-2,{MONDAY},ada,40", (3, "mail")),
            (f"i-2,{MONDAY},,40", (3, "mail")),
            (f"i-2,{MONDAY},eve@example.com,many", (3, "staff")),
            (f"i-2,{MONDAY},eve@example.com,1e400000", (3, "staff")),
            ("i-2,2026-03-02,eve@example.com,40", (3, "at")),
            (",,,", (3, "at")),
            (f"i-1,{MONDAY},eve@example.com,40", (3, "id")),
            (f"i-2,{MONDAY},eve@example.com", (3, "staff")),
            (f"{'x' * 300},{MONDAY},eve@example.com,40", (3, "id")),
        ],
    )
    def test_a_wrong_row_is_rejected_with_its_place(self, file, line, place):
        read = read_inquiries(
            file(f"{self.HEAD}i-1,{MONDAY},ada@example.com,40\n{line}\n"), fields=[STAFF]
        )

        assert counts(read) == (2, 1, 1, 0)
        assert places(read) == [place]

    def test_the_same_inquiry_again_is_a_duplicate(self, file):
        line = f"i-1,{MONDAY},ada@example.com,40\n"

        assert counts(read_inquiries(file(self.HEAD + line * 3), fields=[STAFF])) == (3, 1, 0, 2)

    def test_all_rows_wrong_refuses_the_file(self, file):
        with pytest.raises(RefusedFile, match="all 2 rows were rejected") as caught:
            read_inquiries(file(f"{self.HEAD}i-1,never,a@b.c,1\ni-2,never,a@b.c,1\n"))

        assert caught.value.__notes__ == ["log.csv"]

    def test_known_columns_may_have_other_names(self, file):
        path = file(f"When,E-Mail\n{MONDAY},ada@example.com\n")
        read = read_inquiries(path, columns={"at": "When", "mail": "E-Mail"})

        assert read.inquiries[0].mail == "ada@example.com"

    def test_a_renamed_column_that_is_not_there_is_refused(self, file):
        path = file(f"at,E-Mail\n{MONDAY},ada@example.com\n")
        with pytest.raises(RefusedFile, match="did you mean 'E-Mail'"):
            read_inquiries(path, columns={"mail": "EMail"})

    @pytest.mark.parametrize("at", ["0001-01-01", "9999-12-31 23:00"])
    def test_far_local_times_are_rejected(self, file, at):
        good = "2026-03-02 09:00,ada@example.com"
        read = read_inquiries(file(f"at,mail\n{good}\n{at},a@b.c\n"), zone=ZoneInfo("Asia/Tokyo"))

        assert places(read) == [(3, "at")]

    def test_a_zone_places_instants_among_the_facts_too(self, file):
        path = file("at,mail,call\n2026-03-02 09:00,ada@example.com,2026-03-02 10:00\n")
        [inquiry] = read_inquiries(path, fields=[CALL], zone=BERLIN).inquiries

        assert inquiry.at == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert inquiry.facts["call"] == datetime(2026, 3, 2, 9, tzinfo=UTC)

    @pytest.mark.parametrize("kind", [float, Decimal])
    @pytest.mark.parametrize("number", ["0.3", "0.30", "1e2", "-0.1", "1.10", "0.1000000000000001"])
    def test_numbers_are_the_same_in_every_form(self, file, kind, number):
        share = Field("share", kind)
        csv_text = f"id,at,mail,share\ni-1,{MONDAY},ada@example.com,{number}\n"
        row = f'{{"id":"i-1","at":"{MONDAY}","mail":"ada@example.com","share":{number}}}\n'
        files = [file(csv_text, "in.csv"), file(row, "in.jsonl")]
        found = [read_inquiries(path, fields=[share]).inquiries[0] for path in files]
        values = [inquiry.facts["share"] for inquiry in found]

        assert values[0] == values[1] == Decimal(number)
        assert type(values[0]) is type(values[1]) is Decimal

    @pytest.mark.parametrize(
        "number", ["1e99999999999999999999", "1e400", "0." + "3" * 100_000, "1e-400"]
    )
    def test_numbers_that_nobody_counts_with_reject_the_row(self, file, number):
        good = row(id="i-1", at=MONDAY, mail="a@example.com")
        bad = f'{{"id":"i-2","at":"{MONDAY}","mail":"b@example.com","share":{number}}}'
        path = file(f"{jsonl(good)}{bad}\n", "in.jsonl")
        read = read_inquiries(path, fields=[Field("share", Decimal)])

        assert counts(read) == (2, 1, 1, 0)

    def test_a_decimal_is_no_instant(self, file):
        good = row(id="i-1", at=MONDAY, mail="a@example.com")
        bad = row(id="i-2", at=1.5, mail="b@example.com")
        [problem] = read_inquiries(file(jsonl(good, bad), "in.jsonl")).problems

        assert problem.got == "a number"

    def test_typed_files_bring_typed_facts(self, file):
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        sink = io.BytesIO()
        columns = {
            "id": [7],
            "at": [datetime(2026, 3, 2, 9)],
            "mail": ["ada@example.com"],
            "staff": [40],
            "start": [date(2026, 4, 1)],
            "budget": [Decimal("10.50")],
        }
        parquet.write_table(pa.table(columns), sink)
        path = file(sink.getvalue(), "in.parquet")
        [inquiry] = read_inquiries(path, fields=[STAFF, START, BUDGET], zone=BERLIN).inquiries

        assert inquiry.id == "7"
        assert inquiry.at == datetime(2026, 3, 2, 8, tzinfo=UTC)
        assert dict(inquiry.facts) == {
            "staff": 40,
            "start": date(2026, 4, 1),
            "budget": Decimal("10.50"),
        }

    def test_json_brings_lists_and_numbers(self, file):
        lines = jsonl(
            {"at": MONDAY, "mail": "a@b.c", "interests": ["CIP"], "staff": 40},
            {"at": MONDAY, "mail": "a@b.c", "interests": "CIP; UHT;", "staff": {"x": 1}},
            {"at": MONDAY, "mail": "\udc80@b.c"},
            {"at": 7, "mail": "a@b.c"},
            {"at": MONDAY, "mail": ["a@b.c"]},
            {"at": MONDAY, "mail": "a@b.c", "interests": 7},
            {"at": MONDAY, "mail": "a@b.c", "id": 10**40},
        )
        read = read_inquiries(file(lines, "in.jsonl"), fields=[STAFF])

        assert counts(read) == (7, 1, 6, 0)
        assert [column for _, column in places(read)] == [
            "staff",
            "mail",
            "at",
            "mail",
            "interests",
            "id",
        ]

    def test_problems_show_nobody(self, file):
        rows = (
            f"i-1,{MONDAY},ada@example.com,40\n"
            f"i-2,{MONDAY},eve example com,40\n"
            f"i-3,{MONDAY},eve@example.com,eve\n"
            "i-4,eve,eve@example.com,40\n"
            f"i-1,{MONDAY},eve@example.com,40\n"
        )
        read = read_inquiries(file(self.HEAD + rows), fields=[STAFF])

        assert counts(read)[2] == 4
        assert "eve" not in repr(read) + "".join(map(str, read.problems))
        assert "ada@" not in repr(read)


TOML = """
name = "sales-ready"
version = 2
qualify = { all = [{ field = "staff", at_least = 50 }, { field = "need", is_one_of = ["churn"] }] }

[fields]
staff = { type = "integer", unit = "people" }
need = { type = "text" }
"""


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda part: (
        st.lists(part, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "type", "all", "not", "field", "at_least", "x"]), part
        )
    ),
    max_leaves=20,
)


class TestDefinitions:
    def test_toml_and_json_say_the_same(self):
        definition = definition_from_toml(TOML)
        again = definition_from_json(json.dumps(definition.to_dict()))

        assert again.content_hash == definition.content_hash
        assert isinstance(again, LeadDefinition)

    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
    def test_are_read_from_files(self, file, mark, end):
        toml = file(mark + TOML.replace("\n", end), "d.toml")
        plain = json.dumps(definition_from_toml(TOML).to_dict())

        assert load_definition(toml) == load_definition(file(mark + plain, "d.JSON"))

    @pytest.mark.parametrize(
        "content",
        [b"\xff\xfe", TOML.encode("utf-16"), b"name = '\xfc'", b"\0", b"x" * 3_000_000, b""],
        ids=["bytes", "UTF-16", "Latin-1", "NUL", "3 MB", "empty"],
    )
    @pytest.mark.parametrize("name", ["d.toml", "d.json", "d"])
    def test_other_files_are_refused(self, file, content, name):
        with pytest.raises(DefinitionError):
            load_definition(file(content, name))

    def test_missing_files_and_folders_are_refused(self, tmp_path):
        for path in (tmp_path, tmp_path / "nowhere.toml"):
            with pytest.raises(DefinitionError, match="a readable file"):
                load_definition(path)

    def test_another_encoding_is_named_with_its_line(self, file):
        with pytest.raises(DefinitionError, match="line 2"):
            load_definition(file(b"# ok\nname = '\xfc'\n", "d.toml"))

    @pytest.mark.parametrize(
        ("old", "new", "where"),
        [
            ("version = 2", "version = true", "$.version"),
            ("version = 2", "version = 2.0", "$.version"),
            ("version = 2", "version = 0", "$.version"),
            ("version = 2", "version = 0x" + "f" * 60, "$.version"),
            ("version = 2", "verson = 2", "$"),
            ("at_least = 50", "at_least = true", "$.qualify.all[0].at_least"),
            ("at_least = 50", "at_least = nan", "$.qualify.all[0].at_least"),
            ("at_least = 50", "at_least = inf", "$.qualify.all[0].at_least"),
            ("at_least = 50", "at_least = '50'", "$.qualify.all[0].at_least"),
            ("at_least = 50", "at_least = 50.5", "$.qualify.all[0].at_least"),
            ("at_least = 50", "at_least = " + "9" * 60, "$.qualify.all[0].at_least"),
            ("at_least = 50", "at_leest = 50", "$.qualify.all[0]"),
            ("at_least = 50", "at_least = 07:00:00", "$.qualify.all[0].at_least"),
            ('field = "staff"', 'field = "stuff"', "$.qualify.all[0].field"),
            ('field = "staff"', 'field = "__class__"', "$.qualify.all[0].field"),
            ('["churn"]', "[]", "$.qualify.all[1].is_one_of"),
            ('["churn"]', "[1]", "$.qualify.all[1].is_one_of[0]"),
            ('"integer"', '"intger"', "$.fields.staff.type"),
            ('"integer"', "7", "$.fields.staff.type"),
            ('name = "sales-ready"', "name = 7", "$.name"),
            ('name = "sales-ready"', "", "$.name"),
        ],
    )
    def test_every_fault_names_its_path(self, old, new, where):
        with pytest.raises(DefinitionError) as caught:
            definition_from_toml(TOML.replace(old, new))

        assert where in {fault.where for fault in caught.value.faults}

    @pytest.mark.parametrize(
        "text",
        [
            "name = 'a'\nname = 'b'",
            "fields.a = 1\nfields.a.b = 2",
            "[a]\n[a]",
            "x = 1e99999999999999999999",
            "x = -1e-99999999999999999999",
            "x = 2026-02-30",
            "x = {",
            "x = '''",
        ],
    )
    def test_what_is_no_toml_is_refused(self, text):
        with pytest.raises(DefinitionError):
            definition_from_toml(text)

    @pytest.mark.parametrize(
        "text",
        [
            '{"name": "a", "name": "b"}',
            '{"fields": {"a": {}, "a": {}}}',
            '{"version": NaN}',
            '{"version": -Infinity}',
            '{"version": 1e999}',
            '{"version": 1e99999999999999999999}',
            '{"name": "\\ud800"}',
            "[]",
            "7",
            "null",
            "",
            "{'name': 1}",
        ],
    )
    def test_what_is_no_definition_in_json_is_refused(self, text):
        with pytest.raises(DefinitionError):
            definition_from_json(text)

    def test_no_json_is_told_with_line_and_column(self):
        with pytest.raises(DefinitionError, match="line 2, column 2"):
            definition_from_json('{"name": "a",\n x}')

    BOMBS = {
        "dotted key": "a" + ".a" * 20_000 + " = 1",
        "dotted key with spaces": "a" + " . a" * 20_000 + " = 1",
        "dotted key of quoted parts": "'a'" + ".'a'" * 20_000 + " = 1",
        "dotted key of empty parts": '""' + '.""' * 20_000 + " = 1",
        "dotted key in a header": "[a" + ".a" * 20_000 + "]",
        "dotted key between strings that end in a quote": (
            'x = """\\""" """\na' + ".a" * 60_000 + ' = 1\ny = """z"""'
        ),
        "dotted key after four quotes": 'x = """"a""""\na' + ".a" * 60_000 + " = 1",
        "dotted key after a comment": "# it's \"\na" + ".a" * 60_000 + " = 1",
        "many deep headers": "".join(f"[a{i}{'.a' * 60}]\n" for i in range(1_900)),
        "deep arrays": "x = " + "[" * 10_000 + "]" * 10_000,
        "deep inline tables": "x = " + "{a = " * 10_000 + "1" + "}" * 10_000,
        "deep objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
        "deep after negative depth": "x = 1" + "]" * 10_000 + "[" * 10_000,
        "too long": "#" * 256_001,
        "hex digits": "x = 0x" + "f" * 20_000,
        "octal digits": "x = 0o" + "7" * 20_000,
        "binary digits": "x = 0b" + "1" * 20_000,
        "digits": "x = " + "9" * 20_000,
        "digits apart": "x = 9" + "_9" * 20_000,
        "long decimals": "x = " + "1" * 60 + "." + "1" * 60,
        "decimals": "x = 1." + "1" * 20_000,
        "digits in JSON": '{"version": ' + "9" * 20_000 + "}",
        "half a string": 'x = "' + '\\"' * 127_000,
        "half a literal": "x = " + "'" * 255_000,
        "many quotes": "x = " + '"' * 255_000,
        "backslashes": 'x = """' + "\\" * 255_000,
        "many tables": "[[a]]\n" * 40_000,
        "wide array": "x = [" + "1," * 120_000 + "]",
        "newlines": "\n" * 255_000,
        "spaces": "x" + " " * 255_000,
    }

    @pytest.mark.parametrize("read", [definition_from_toml, definition_from_json])
    @pytest.mark.parametrize("name", BOMBS)
    def test_bombs_are_refused_at_once(self, read, name):
        begun = time.monotonic()
        with pytest.raises(DefinitionError):
            read(self.BOMBS[name])

        assert time.monotonic() - begun < 5  # a hang guard: each takes milliseconds

    @given(st.text(max_size=300))
    @example('name = """\\"')
    @example("x.y = 1\nx = 2")
    def test_any_text_is_a_definition_or_refused(self, text):
        for read in (definition_from_toml, definition_from_json):
            try:
                read(text)
            except DefinitionError as fault:
                assert fault.faults

    @given(st.data())
    def test_any_edit_of_a_definition_is_a_definition_or_refused(self, data):
        place = data.draw(st.integers(0, len(TOML)))
        end = data.draw(st.integers(place, len(TOML)))
        bits = [*"[]{}\"'=.,#\n0", "nan", "1e99", "true", '"""', "2026-01-01", "a.b", "\\", "\0"]
        new = "".join(data.draw(st.lists(st.sampled_from(bits), max_size=6)))
        try:
            definition_from_toml(TOML[:place] + new + TOML[end:])
        except DefinitionError as fault:
            assert fault.faults

    @given(PLAIN)
    def test_any_json_is_a_definition_or_refused(self, plain):
        try:
            definition_from_json(json.dumps({"name": "x", "fields": plain, "qualify": plain}))
        except DefinitionError as fault:
            assert fault.faults


class TestAnyBytes:
    """Any bytes are read or refused with leadlib's own error, and no row is lost."""

    BITS = st.sampled_from(
        [
            b"lead,stage,at\n",
            b"ada,inquiry,2026-03-02T09:00:00Z\n",
            b'{"lead": "a", "stage": "b", "at": "2026-03-02T09:00:00Z"}\n',
            b"\xef\xbb\xbf",
            b"\xff",
            b"\0",
            b'"',
            b"'",
            b",",
            b";",
            b"\r",
            b"\n",
            b"[",
            b"{",
            b'":',
            b"1e999",
            b"\\ud800",
            "ü\u0301".encode(),
        ]
    )
    CONTENT = st.one_of(
        st.binary(max_size=200), st.lists(BITS | st.binary(max_size=4)).map(b"".join)
    )

    @pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.csv.gz", "x.parquet"])
    def test_of_a_log(self, tmp_path_factory, name):
        path = tmp_path_factory.mktemp("any") / name

        @given(self.CONTENT, st.booleans())
        def check(content, with_header):
            head = {"x.csv": HEAD, "x.jsonl": jsonl(row())}.get(name, "")
            path.write_bytes(head.encode() * with_header + content)
            assert_own(lambda: read_log(path, seq=None, by=["stage"]))

        check()

    @pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
    def test_of_inquiries(self, tmp_path_factory, name):
        path = tmp_path_factory.mktemp("any") / name

        @given(self.CONTENT)
        def check(content):
            head = b"at,mail,staff,start,budget,call\n" if name == "x.csv" else b""
            path.write_bytes(head + content)
            assert_own(lambda: read_inquiries(path, fields=[STAFF, START, BUDGET, CALL]))

        check()

    CELLS = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=12),
        st.sampled_from([MONDAY, TUESDAY, "ada", "inquiry", "2026-03-02", "1e5", "yes", "x@y.z"]),
        st.lists(st.integers(), max_size=2),
    )

    @given(st.lists(st.dictionaries(st.sampled_from(["lead", "stage", "at", "seq", "g"]), CELLS)))
    def test_of_json_cells_in_a_log(self, tmp_path_factory, rows):
        path = tmp_path_factory.getbasetemp() / "cells.jsonl"
        path.write_text(jsonl(*rows))
        for zone in (None, BERLIN):
            assert_own(lambda zone=zone: read_log(path, seq="seq", by=["g"], zone=zone))

    INQUIRY_KEYS = st.sampled_from(
        ["id", "at", "mail", "phone", "name", "interests", "staff", "start", "budget", "call"]
    )

    @given(st.lists(st.dictionaries(INQUIRY_KEYS, CELLS)))
    def test_of_json_cells_in_inquiries(self, tmp_path_factory, rows):
        path = tmp_path_factory.getbasetemp() / "inquiries.jsonl"
        path.write_text(jsonl(*rows))
        fields = [STAFF, START, BUDGET, CALL]
        for zone in (None, BERLIN):
            assert_own(lambda zone=zone: read_inquiries(path, fields=fields, zone=zone))


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "José", "7", 'x"y', "a,b"]),
        st.sampled_from(["new", "ready", "won", "lost"]),
        st.integers(0, 400).map(
            lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        ),
        st.integers(-3, 3),
        st.sampled_from(["web", "fair", None]),
    ),
    min_size=1,
    max_size=30,
)


class TestForms:
    @given(EVENTS)
    def test_csv_json_lines_and_parquet_give_one_funnel(self, tmp_path_factory, events):
        pytest.importorskip("pyarrow")
        folder = tmp_path_factory.getbasetemp()
        paths = [write_csv, write_jsonl, write_parquet]
        found = [shown(read_log(write(folder, events), seq="seq", by=["g"])) for write in paths]

        assert found[0] == found[1] == found[2]

    @given(EVENTS, st.randoms())
    def test_order_and_repetition_change_nothing(self, tmp_path_factory, events, chance):
        folder = tmp_path_factory.getbasetemp()
        once = shown(read_log(write_csv(folder, events), seq="seq", by=["g"]))
        shuffled = events + events[:5]
        chance.shuffle(shuffled)
        again = read_log(write_csv(folder, shuffled), seq="seq", by=["g"])

        assert shown(again) == once
        counts(again)


def shown(read):
    """Give the funnel of a log as JSON."""
    stages = [name for name in ("new", "ready", "won") if name in read.log.stages] or ["lost"]
    return json.dumps(funnel(read.log, stages=stages, by="g").to_dict(), allow_nan=False)


COLUMNS = ("lead", "stage", "at", "seq", "g")


def write_csv(folder, events):
    path = folder / "events.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows((a, b, at.isoformat(), seq, g or "") for a, b, at, seq, g in events)
    return path


def write_jsonl(folder, events):
    path = folder / "events.jsonl"
    rows = [(a, b, at.isoformat(), seq, g) for a, b, at, seq, g in events]
    path.write_text(jsonl(*[dict(zip(COLUMNS, one, strict=True)) for one in rows]))
    return path


def write_parquet(folder, events):
    import pyarrow as pa
    from pyarrow import parquet

    path = folder / "events.parquet"
    columns = dict(zip(COLUMNS, map(list, zip(*events, strict=True)), strict=True))
    columns["g"] = pa.array(columns["g"], pa.string())
    parquet.write_table(pa.table(columns), path)
    return path
