"""The command ``leadlib``: what it prints, what it refuses, and what it never shows."""

import errno
import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlib import cli, limits
from leadlib._instants import EXPECTED
from leadlib.cli import main
from leadlib.lifecycle import HANDED_OFF, SIMPLE, STANDARD, WATERFALL, WORKING, HandedBack
from leadlib.metrics import wilson_interval

HEAD = "lead,stage,at,campaign\n"
ROWS = (
    "ada,inquiry,2026-03-02T09:00:00Z,web\n"
    "ada,qualified,2026-03-04T09:00:00Z,web\n"
    "bob,inquiry,2026-03-02T10:00:00Z,fair\n"
    "bob,disqualified,2026-03-03T10:00:00Z,fair\n"
    "eve,inquiry,2026-03-05T10:00:00Z,\n"
)
STAGES = ["--stages", "inquiry,qualified"]
_LEAKS = "Biggest leaks: where leads stopped, and where they are now"


@pytest.fixture
def file(tmp_path):
    """Give a function that writes a file and returns its path as an argument."""

    def write(content, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def run(capsys):
    """Give a function that runs the command: exit status, standard output, standard error."""

    def call(*arguments):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def report(run):
    """Give a function that returns the report as data, with the exit status under ``status``."""

    def call(*arguments):
        status, out, _ = run("report", *arguments, "--json")
        return strict_json(out) | {"status": status}

    return call


def strict_json(text):
    """Read JSON as strict readers do: no NaN, each key once."""

    def refuse(name):
        raise AssertionError(name)

    def unique(pairs):
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=unique)


class TestReport:
    def test_as_json_has_one_entry_for_each_stage(self, file, report):
        found = report(file(HEAD + ROWS), *STAGES)

        assert found["status"] == 0
        assert found["funnel"][0] == {
            "stage": "inquiry",
            "reached": 3,
            "advanced": 1,
            "left": 1,
            "open": 1,
            "rate": 1 / 3,
            "interval": list(wilson_interval(1, 3)),
            "median_days": 2.0,
        }
        assert [step["stage"] for step in found["funnel"]] == ["inquiry", "qualified"]
        assert found["rows"] == {"read": 5, "accepted": 5, "rejected": 0, "duplicates": 0}
        assert found["problems"] == []

    def test_as_json_has_one_funnel_for_each_group(self, file, report):
        groups = report(file(HEAD + ROWS), *STAGES, "--by", "campaign")["by"]

        assert {name: steps[0]["reached"] for name, steps in groups.items()} == {
            "web": 1,
            "fair": 1,
            "": 1,
        }

    def test_as_text_shows_counts_rates_open_leads_and_leaks(self, file, run):
        status, out, err = run("report", file(HEAD + ROWS), *STAGES, "--by", "campaign")

        assert (status, err) == (0, "")
        for words in (
            "5 rows read: 5 accepted, 0 rejected, 0 duplicates.",
            "3 leads as of 2026-03-05 10:00 UTC.",
            "A story ends in: disqualified (by the standard lifecycle).",
            "Biggest leaks",
            "campaign: (missing)",
        ):
            assert words in out
        assert re.search(r"inquiry +3 +1 +1 +1 +33\.3 % +\[6\.1, 79\.2\] +50\.0 % +2\.0\n", out)

    def test_compares_groups_side_by_side(self, file, run):
        _, out, _ = run("report", file(HEAD + ROWS), *STAGES, "--by", "campaign")
        [table] = re.findall(r"By campaign, to qualified\n\n(.*?)\n\n", out, re.DOTALL)

        assert [line.split()[:5] for line in table.splitlines()[2:]] == [
            ["fair", "1", "0", "1", "0"],
            ["web", "1", "1", "0", "0"],
            ["(missing)", "1", "0", "0", "1"],
        ]

    def test_lines_of_a_table_are_aligned(self, file, run):
        text = HEAD + ROWS.replace("qualified,", "訪問済み,") + "x,é,2026-03-05T10:00:00Z,ü\n"
        _, out, _ = run("report", file(text), "--stages", "inquiry,訪問済み,é")
        rates = [line for line in out.splitlines() if "%" in line and "[" in line]

        assert len(rates) == 2
        assert len({width(line[: line.index("[")]) - line.index("[") for line in rates}) <= 2
        assert len({width(line[: line.index("]")]) for line in rates}) == 1

    def test_without_stages_takes_the_waterfall_for_our_own_words(self, file, report):
        found = report(file(HEAD + ROWS))

        assert [step["stage"] for step in found["funnel"]] == [s.name for s in WATERFALL]
        assert found["definition"]["closed_by"] == "lifecycle"

    def test_without_stages_takes_the_main_path_for_other_words(self, file, report):
        found = report(file(HEAD + ROWS.replace("inquiry", "new")))

        assert [step["stage"] for step in found["funnel"]] == ["new", "disqualified"]

    def test_says_that_the_stages_may_be_the_wrong_way_round(self, file, run, report, tmp_path):
        log, page = file(HEAD + ROWS), tmp_path / "page.html"
        options = ["--stages", "qualified,inquiry"]
        _, out, _ = run("report", log, *options, "--html", page)
        [note] = report(log, *options)["notes"]

        assert note.startswith("Note: 1 lead went against this order of stages")
        assert out.count(note) == 1
        assert note in page.read_text(encoding="utf-8")

    def test_says_that_the_stages_were_guessed(self, file, run, report, tmp_path):
        log, page = file(HEAD + ROWS.replace("inquiry", "new")), tmp_path / "page.html"
        note = (
            "Note: the stages are a guess from the moves that most leads make: new, disqualified. "
            "--stages names them, of: disqualified, new, qualified."
        )
        _, out, _ = run("report", log, "--html", page)

        assert note in out.splitlines()
        assert note in page.read_text(encoding="utf-8")
        assert report(log)["notes"] == [note]

    @pytest.mark.parametrize("options", [STAGES, []])
    def test_stages_that_were_named_or_are_ours_are_no_guess(self, file, report, options):
        assert report(file(HEAD + ROWS), *options)["notes"] == []

    def test_a_guess_among_many_stages_names_the_first(self, file, report):
        rows = "".join(f"l{n},s{n:02},2026-03-02T09:00Z,\n" for n in range(30))
        [note, _] = report(file(HEAD + rows))["notes"]

        assert note.endswith("s18, s19 and 10 more.")

    def test_dated_columns_without_a_date_are_stages_that_nobody_entered(self, file, report):
        path = file("lead,a,b\nx,2026-03-02,\ny,2026-03-03,\n")
        found = report(path, "--zone", "UTC", "--at", "new=a", "--at", "won=b")

        assert found["status"] == 0
        assert [step["reached"] for step in found["funnel"]] == [2, 0]

    def test_says_how_many_leaks_are_not_shown(self, file, run, report):
        rows = "".join(
            f"{name},new,2026-03-02T09:00:00Z\n{name},s{name},2026-03-03T09:00:00Z\n"
            for name in range(13)
        )
        path = file(f"lead,stage,at\n{rows}")
        arguments = [path, "--stages", "new,s0"]
        lines = run("report", *arguments)[1].splitlines()
        shown = lines[lines.index(_LEAKS) + 4 :]

        assert len(report(*arguments)["leaks"]) == 12
        assert [line.split()[0] for line in shown[:10]] == ["new"] * 10
        assert shown[10] == "and 2 more (see --json)"

    def test_ten_leaks_are_all(self, file, run):
        rows = "".join(
            f"{name},new,2026-03-02T09:00:00Z\n{name},s{name},2026-03-03T09:00:00Z\n"
            for name in range(11)
        )
        _, out, _ = run("report", file(f"lead,stage,at\n{rows}"), "--stages", "new,s0")

        assert _LEAKS in out
        assert "more (see --json)" not in out

    def test_closed_names_the_ends(self, file, report):
        path = file(HEAD + ROWS.replace("inquiry", "new") + "bob,new,2026-03-06T09:00:00Z,\n")
        arguments = [path, "--stages", "new,qualified"]

        assert report(*arguments)["funnel"][0]["left"] == 0
        found = report(*arguments, "--closed", "disqualified", "--as-of", "2026-03-05T00:00:00Z")
        assert found["funnel"][0]["left"] == 1
        assert found["definition"]["closed_by"] == "given"

    def test_own_column_names(self, file, report):
        path = file(
            "who;what;when;no\nada;new;2026-03-02T09:00:00Z;2\nada;won;2026-03-02T09:00:00Z;1\n"
        )
        names = ["--lead", "who", "--stage", "what", "--at", "when", "--seq", "no"]

        assert report(path, *names, "--stages", "new,won")["funnel"][0]["advanced"] == 1

    def test_says_so_if_nothing_counts_as_an_end(self, file, run):
        text = "lead,stage,at\nada,new,2026-03-02T09:00:00Z\nada,won,2026-03-03T09:00:00Z\n"
        _, out, _ = run("report", file(text))

        assert "No stage counts as an end, so nobody has left (--closed names the ends)." in out

    def test_names_are_found_however_the_terminal_writes_accents(self, file, report):
        path = file("lead,stage,at\na,caf\u00e9,2026-03-02T09:00:00Z\na,won,2026-03-03T09:00:00Z\n")

        assert report(path, "--stages", "cafe\u0301,won")["funnel"][0]["advanced"] == 1
        assert report(path, "--stages", "won", "--closed", "cafe\u0301")["status"] == 0

    def test_says_who_is_outside_and_whose_times_run_backwards(self, file, run):
        text = (
            "lead,stage,at\na,new,2026-03-05T09:00:00Z\na,won,2026-03-03T09:00:00Z\n"
            "b,lost,2026-03-03T09:00:00Z\n"
        )
        _, out, _ = run("report", file(text), "--stages", "new,won")

        assert "1 lead entered none of these stages." in out
        assert "1 lead entered a later stage before an earlier one: counted as 0 days." in out

    def test_hides_early_months_of_a_long_log_and_says_so(self, file, run):
        rows = "".join(
            f"lead {i},new,{2000 + i // 12}-{i % 12 + 1:02}-02T09:00:00Z\n"
            f"lead {i},won,{2000 + i // 12}-{i % 12 + 1:02}-05T09:00:00Z\n"
            for i in range(30)
        )
        _, out, _ = run("report", file("lead,stage,at\n" + rows))

        assert "(6 earlier months: see --json)" in out

    def test_html_is_written_beside_the_text(self, file, run, tmp_path):
        page = tmp_path / "report.html"
        status, out, _ = run("report", file(HEAD + ROWS), "--html", page)

        assert (status, "reached" in out) == (0, True)
        assert page.read_text(encoding="utf-8").startswith("<!doctype html>")

    def test_html_that_cannot_be_written_is_refused(self, file, run, tmp_path):
        status, out, err = run("report", file(HEAD + ROWS), "--html", tmp_path)

        assert (status, out) == (2, "")
        assert "--html" in err


def width(text):
    import unicodedata

    return len(text) + sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)


class TestExitStatus:
    def test_is_0_when_all_rows_were_taken(self, file, run):
        assert run("report", file(HEAD + ROWS + ROWS))[0] == 0

    def test_is_1_when_some_were_rejected_and_the_report_still_comes(self, file, run):
        status, out, err = run("report", file(HEAD + ROWS + "zoe,inquiry,never,\n,,,\n"))

        assert status == 1
        assert "7 rows read: 5 accepted, 2 rejected, 0 duplicates." in out
        assert err.splitlines() == [
            "leadlib: 2 of 7 rows rejected",
            f"  line 7, column at: expected {EXPECTED}, got text of 5 characters in another form",
            "  line 8, column lead: expected text, got nothing",
        ]

    def test_is_1_with_the_problems_in_the_json(self, file, report):
        found = report(file(HEAD + ROWS + "zoe,inquiry,never,\n"))

        assert found["status"] == 1
        assert found["rows"] == {"read": 6, "accepted": 5, "rejected": 1, "duplicates": 0}
        [problem] = found["problems"]
        assert problem.keys() == {"line", "column", "expected"}
        assert (problem["line"], problem["column"]) == (7, "at")

    def test_problems_are_capped_but_counted(self, file, run, report):
        many = limits.PROBLEMS + 7
        path = file(HEAD + ROWS + "x\n" * many)
        found = report(path)

        assert len(found["problems"]) == limits.PROBLEMS
        assert found["rows"]["rejected"] == many
        assert run("report", path)[2].splitlines()[-1] == f"  and {many - 20:,} more"

    @pytest.mark.parametrize(
        ("content", "arguments", "words"),
        [
            (HEAD, [], "a log without rows"),
            (HEAD, STAGES, "'inquiry'"),
            (HEAD + "a,b,never,\n" * 3, [], "all 3 rows were rejected"),
            (HEAD + ROWS, ["--stages", "inquiry,qualifed"], "did you mean 'qualified'?"),
            (HEAD + ROWS, ["--stages", "inquiry,inquiry"], "one of them twice"),
            (HEAD + ROWS, ["--stages", ","], "names separated by commas"),
            (HEAD + ROWS, ["--stages", "\ud800"], "surrogate"),
            (HEAD + ROWS, ["--closed", "disqualifid"], "did you mean 'disqualified'?"),
            (HEAD + ROWS, ["--by", "campain"], "did you mean 'campaign'?"),
            (HEAD + ROWS, ["--by", ""], "a column that the file has"),
            (HEAD + ROWS, ["--lead", "leads"], "did you mean 'lead'?"),
            (HEAD + ROWS, ["--stage", "stages"], "did you mean 'stage'?"),
            (HEAD + ROWS, ["--at", "when"], "legal: lead, stage, at, campaign"),
            (HEAD + ROWS, ["--seq", "seq"], "legal: lead, stage, at, campaign"),
            (HEAD + ROWS, ["--seq", ""], "a column that the file has"),
            (HEAD + ROWS, ["--at", "a=at", "--at", "b"], "STAGE=COLUMN repeated"),
            (HEAD + ROWS, ["--at", "a=at", "--at", "a=at"], "each stage once"),
            (HEAD + ROWS, ["--at", "=at"], "STAGE=COLUMN repeated"),
            (HEAD + ROWS, ["--at", "won=wonn"], "column wonn"),
            (HEAD + ROWS, ["--as-of", "yesterday"], "--as-of"),
            (HEAD + ROWS, ["--as-of", "2026-03-02"], "--zone"),
            (HEAD + ROWS, ["--as-of", "0001-01-01", "--zone", "Asia/Tokyo"], "--as-of"),
            (HEAD + ROWS, ["--as-of", "9999-12-31", "--zone", "America/Lima"], "--as-of"),
            (HEAD + ROWS, ["--zone", "Mars/Phobos"], "IANA"),
            (HEAD + ROWS, ["--zone", "../../etc/passwd"], "IANA"),
            (HEAD + ROWS.replace("Z,", ","), [], "--zone says where"),
            (b"\xff\xfe\0", [], "UTF-8"),
            ("", [], "a header line"),
        ],
    )
    def test_is_2_when_nothing_was_taken_and_one_line_says_why(
        self, file, run, content, arguments, words
    ):
        status, out, err = run("report", file(content), *arguments)

        assert (status, out) == (2, "")
        assert words in err
        assert "Traceback" not in err
        assert err.startswith(("leadlib: ", "usage: "))

    def test_is_2_for_a_missing_file_which_is_named(self, run, tmp_path):
        status, _, err = run("report", tmp_path / "nowhere.csv")

        assert (status, err) == (
            2,
            "leadlib: nowhere.csv: expected a readable file, got none\n",
        )

    @pytest.mark.parametrize("arguments", [["report"], ["judge", "d.toml"]])
    def test_a_name_too_long_for_a_file_is_the_fault_of_that_file(
        self, file, run, tmp_path, monkeypatch, arguments
    ):
        file(TOML, "d.toml")
        monkeypatch.chdir(tmp_path)
        status, _, err = run(*arguments, "a" * 5_000 + ".csv")

        assert status == 2
        assert err.endswith("aaa.csv: expected a readable file, got one that cannot be read\n")
        assert len(err) < 400

    @pytest.mark.parametrize("more", [[], ["--json"], ["--html", "page.html"]])
    def test_a_column_that_is_no_text_is_refused(self, file, run, tmp_path, monkeypatch, more):
        monkeypatch.chdir(tmp_path)
        rows = [
            {"lead": "a", "stage": stage, "at": "2026-03-02T09:00:00Z", "\udcff": "g"}
            for stage in ("x", "y")
        ]
        path = file("\n".join(map(json.dumps, rows)), "log.jsonl")
        status, out, err = run("report", path, "--by", "\udcff", *more)

        assert (status, out) == (2, "")
        assert "half a surrogate pair" in err

    def test_refusals_name_file_line_and_column(self, file, run):
        _, _, err = run("report", file(HEAD + ROWS, "a.csv"), file("lead;stag;at\n", "b.csv"))

        assert err.startswith("leadlib: b.csv: expected a column that the file has, got 'stage'")
        assert "line 1, column stage; did you mean 'stag'?" in err

    def test_is_2_when_the_output_cannot_be_written(self, file, run, monkeypatch):
        def full(_text):
            raise OSError(errno.ENOSPC, "no space")

        monkeypatch.setattr(sys.stdout, "write", full)
        status, _, err = run("report", file(HEAD + ROWS))

        assert status == 2
        assert "an output that can be written" in err

    def test_is_0_when_the_reader_of_the_output_has_seen_enough(self, file, run, monkeypatch):
        def closed(_text):
            raise BrokenPipeError

        monkeypatch.setattr(sys.stdout, "write", closed)

        assert run("report", file(HEAD + ROWS))[::2] == (0, "")

    def test_is_2_when_the_memory_is_too_small(self, file, run, monkeypatch):
        def greedy(*_, **__):
            raise MemoryError

        monkeypatch.setattr(cli, "funnel", greedy)

        assert run("report", file(HEAD + ROWS))[0] == 2

    def test_is_2_when_the_log_does_not_fit_into_the_memory(self, file, run, monkeypatch):
        def greedy(*_, **__):
            raise MemoryError

        monkeypatch.setattr("leadlib.metrics.LogBuilder.add", greedy)
        status, _, err = run("report", file(HEAD + ROWS))

        assert (status, "memory" in err) == (2, True)

    def test_is_130_when_somebody_stops_it(self, file, run, monkeypatch):
        def stopped(*_, **__):
            raise KeyboardInterrupt

        monkeypatch.setattr(cli, "read_log", stopped)

        assert run("report", file(HEAD + ROWS))[::2] == (130, "leadlib: stopped\n")


class TestAsOf:
    LATER = (
        "ada,lost,2026-04-02T09:00:00Z,web\n"
        "zoe,aaa,2026-04-02T09:00:00Z,fair\n"
        "eve,qualified,2026-04-03T09:00:00Z,mail\n"
        "yan,inquiry,2026-04-03T09:00:00Z,<new>\n"
    )

    def visible(self, report, *arguments):
        found = report(*arguments)
        return {key: part for key, part in found.items() if key not in {"rows", "problems"}}

    @pytest.mark.parametrize("more", [[], STAGES, ["--by", "campaign"]])
    @pytest.mark.parametrize("cut", ["2026-03-02T09:30:00Z", "2026-03-10T00:00:00Z"])
    def test_nothing_later_is_visible(self, file, report, more, cut):
        now = self.visible(report, file(HEAD + ROWS, "now.csv"), *more, "--as-of", cut)
        later = self.visible(report, file(HEAD + ROWS + self.LATER), *more, "--as-of", cut)

        assert later == now

    def test_before_the_first_event_is_refused(self, file, run):
        status, _, err = run("report", file(HEAD + ROWS), "--as-of", "2026-03-01T00:00:00Z")

        assert (status, "a log that begins later" in err) == (2, True)

    @pytest.mark.parametrize(
        ("instant", "zone"), [("2026-03-03", "UTC"), ("2026-03-03 01:00", "Europe/Berlin")]
    )
    def test_may_be_local(self, file, report, instant, zone):
        found = report(file(HEAD + ROWS), "--as-of", instant, "--zone", zone)

        assert found["as_of"] == "2026-03-03T00:00:00+00:00"
        assert found["leads"] == 2

    def test_is_the_last_event_unless_given(self, file, report):
        assert report(file(HEAD + ROWS))["as_of"] == "2026-03-05T10:00:00+00:00"


LOGS = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(["new", "ready", "won", "lost"]),
        st.integers(0, 90 * 24),
        st.sampled_from(["web", "fair", ""]),
    ),
    min_size=1,
    max_size=25,
)


class TestSameInputSameOutput:
    """The JSON of a report depends on the set of events alone."""

    def text(self, events):
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        return HEAD + "".join(
            f"{lead},{stage},{(begin + timedelta(hours=hours)).isoformat()},{group}\n"
            for lead, stage, hours, group in events
        )

    def json(self, path, capsys):
        assert main(["report", str(path), "--by", "campaign", "--json"]) == 0
        found = strict_json(capsys.readouterr().out)
        assert sum(found["rows"].values()) == 2 * found["rows"]["read"]
        return {key: part for key, part in found.items() if key != "rows"}

    def test_in_any_order_and_delivered_twice(self, tmp_path, capsys):
        @given(LOGS, st.randoms())
        def check(events, chance):
            path = tmp_path / "log.csv"
            path.write_text(self.text(events))
            once = self.json(path, capsys)
            again = events + events[:7]
            chance.shuffle(again)
            path.write_text(self.text(again))
            assert self.json(path, capsys) == once
            assert all(
                step["reached"] == step["advanced"] + step["left"] + step["open"]
                for step in once["funnel"]
            )

        check()


CANARIES = {
    "mail": "ada.lovelace@canary.example",
    "phone": "+49 30 7421 555",
    "name": "Ada Canary Lovelace",
    "message": "please call my canary",
}
TOML = """
name = "sales-ready"
qualify = { all = [
    { field = "staff", at_least = 50 },
    { field = "need", is_one_of = ["churn"] },
] }
fields.staff = { type = "integer" }
fields.need = { type = "text" }
"""


class TestPersonalData:
    def shows(self, text):
        return [word for word in CANARIES.values() if word in text or word[:12] in text]

    def test_of_a_log_is_never_shown(self, file, run, tmp_path):
        values = ",".join(CANARIES.values())
        head = "lead,stage,at,campaign," + ",".join(CANARIES)
        bad = [
            f"zoe,inquiry,{CANARIES['mail']},web,{values}",
            f"zoe,inquiry,2026-03-02,{CANARIES['phone']},{values}",
            f",inquiry,2026-03-02T09:00:00Z,web,{values}",
            f'zoe,"{CANARIES["name"]}"x,2026-03-02T09:00:00Z,web,{values}',
            f"{values},{values}",
            values,
            f"{CANARIES['name'] * 20},inquiry,2026-03-02T09:00:00Z,web,{values}",
        ]
        good = [f"{line},{values}" for line in ROWS.splitlines()]
        path = file("\n".join([head, *good, *bad]))
        for form in ([], ["--json"], ["--by", "campaign"], ["--html", tmp_path / "x.html"]):
            status, out, err = run("report", path, *form)
            assert status == 1
            assert self.shows(out + err) == []
        assert self.shows((tmp_path / "x.html").read_text()) == []

    @pytest.mark.parametrize(
        "arguments",
        [[], ["--by", "x"], ["--lead", "mail"], ["--as-of", "2026-03-02"], ["--seq", "at"]],
    )
    def test_of_a_file_without_a_header_is_not_in_the_refusal(self, file, run, arguments):
        line = ",".join([*CANARIES.values(), "inquiry", "2026-03-02T09:00:00Z"])
        status, out, err = run("report", file(f"{line}\n{line}\n"), *arguments)

        assert status == 2
        assert self.shows(out + err) == []

    @pytest.mark.parametrize("form", [[], ["--json"], ["--region", "DE"]])
    def test_of_inquiries_is_never_shown(self, file, run, form):
        head = "id,at,mail,phone,name,need,staff,message,interests,source,campaign"
        mail, phone, name, message = CANARIES.values()
        good = f"i-1,2026-03-02T09:00:00Z,{mail},{phone},{name},{message},60,{message},{message},,"
        bad = [
            f"i-2,2026-03-02T09:00:00Z,{name},{phone},{name},{message},60,,,,",
            f"i-3,{mail},{mail},{phone},{name},{message},60,,,,",
            f"i-4,2026-03-02T09:00:00Z,{mail},{phone},{name},{message},{name},,,,",
            f"i-1,2026-03-02T09:00:00Z,{mail},{phone},{name},,60,,,,",
            f"{name * 20},2026-03-02T09:00:00Z,{mail},{phone},{name},,60,,,,",
            f"i-5,2026-03-02T09:00:00Z,,,{name},,60,,,,",
        ]
        table = file("\n".join([head, good, *bad]), "in.csv")
        status, out, err = run("judge", file(TOML, "d.toml"), table, *form)

        assert status == 1
        assert self.shows(out + err) == []

    def test_of_inquiries_that_are_all_refused_is_not_in_the_refusal(self, file, run):
        mail, _, name, _ = CANARIES.values()
        table = file(f"at,mail,name\n{mail},{mail},{name}\n", "in.csv")
        status, out, err = run("judge", file(TOML, "d.toml"), table)

        assert status == 2
        assert self.shows(out + err) == []


class TestHostileNames:
    @pytest.mark.parametrize("mark", ["\x1b[2J", "\x9b31m", "\r", "\b", "\u202e", "\u2028", "\x7f"])
    def test_cannot_move_the_cursor(self, file, run, mark):
        text = HEAD + ROWS.replace("web", f'"we{mark}b"').replace("inquiry", f'"in{mark}q"')
        for arguments in ([], ["--by", "campaign"], ["--json"], ["--stages", "x"], ["--by", mark]):
            _, out, err = run("report", file(text), *arguments)
            assert mark not in out + err

    def test_are_strict_json_nevertheless(self, file, report):
        text = HEAD + ROWS.replace("web", '"w\x9b\u202e\x7fb"')

        assert "w\x9b\u202e\x7fb" in report(file(text), "--by", "campaign")["by"]

    def test_file_names_are_told_harmlessly(self, run, tmp_path):
        _, _, err = run("report", tmp_path / "a\x1b[31mb\nc.csv")

        assert "\x1b" not in err

    @pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
    def test_fit_every_terminal(self, file, monkeypatch, encoding):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        path = file(HEAD + ROWS.replace("web", "訪問 ü"))

        assert main(["report", path, "--by", "campaign"]) == 0
        assert main(["flow"]) == 0

    @pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
    def test_are_json_on_every_terminal(self, file, monkeypatch, encoding):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        monkeypatch.setattr(sys, "stdout", out)
        path = file(HEAD + ROWS.replace("web", "訪問 ü"))

        assert main(["report", path, "--by", "campaign", "--json"]) == 0
        assert "訪問 ü" in strict_json(out.buffer.getvalue().decode(encoding))["by"]


class TestHelp:
    def test_of_the_report_shows_calls_and_explains_the_columns(self, run):
        status, out, _ = run("report", "--help")

        assert status == 0
        assert out.count("\n  leadlib report ") == 4
        for word in ("reached", "advanced", "left", "open", "of closed", "exit status"):
            assert word in out

    def test_of_judge_warns_of_what_explain_shows(self, run):
        _, out, _ = run("judge", "--help")

        assert "shows what people said about themselves" in out

    def test_names_the_three_commands(self, run):
        _, out, _ = run("--help")

        assert all(f"    {name} " in out for name in ("report", "judge", "flow", "lint"))

    def test_no_command_is_a_wrong_call(self, run):
        assert run()[0] == 2

    def test_the_examples_of_the_help_run(self, file, run, tmp_path, monkeypatch):
        file(
            "lead,stage,at,campaign\n"
            "a,inquiry,2026-03-02T09:00:00Z,x\na,qualified,2026-03-03T09:00:00Z,x\n"
            "a,customer,2026-03-04T09:00:00Z,x\n",
            "events.csv",
        )
        file("id,contact\na,2026-03-02\n", "leads.csv")
        file("id,won_on\na,2026-03-05\n", "deals.csv")
        file("id,opened,is,closed\na,2026-03-02,Won,2026-03-05\n", "pipe.csv")
        file(
            "contact,property,value,at\na,lifecyclestage,lead,2026-03-02T09:00:00Z\n"
            "a,owner,ana,2026-03-02T09:00:00Z\n",
            "history.csv",
        )
        monkeypatch.chdir(tmp_path)
        calls = re.findall(r"\n  leadlib (report .*)", run("report", "--help")[1])

        assert [run(*call.split())[0] for call in calls] == [0, 0, 0, 0]

    def test_the_version_is_told(self, run):
        assert re.fullmatch(r"leadlib \d+\.\d+\.\d+\n", run("--version")[1])


class TestFlow:
    def test_is_the_chart_of_the_standard_lifecycle(self, run):
        assert run("flow") == (0, f"{STANDARD:mermaid}\n", "")

    def test_may_be_a_table(self, run):
        assert run("flow", "--md") == (0, f"{STANDARD:md}\n", "")

    @pytest.mark.parametrize("form", ["dot", "raci"])
    def test_may_be_for_graphviz_or_say_who_answers(self, run, form):
        assert run("flow", f"--{form}") == (0, f"{format(STANDARD, form)}\n", "")

    @pytest.mark.parametrize("form", ["mermaid", "md", "dot", "raci"])
    def test_may_be_of_a_file(self, run, file, form):
        path = file(json.dumps(SIMPLE.to_dict()), "l.json")
        options = [] if form == "mermaid" else [f"--{form}"]

        assert run("flow", path, *options) == (0, f"{format(SIMPLE, form)}\n", "")

    def test_has_one_form_at_a_time(self, run):
        status, out, err = run("flow", "--md", "--dot")

        assert (status, out) == (2, "")
        assert "not allowed with" in err

    def test_is_of_no_file_that_is_refused(self, run, file):
        path = file(json.dumps(SIMPLE.to_dict() | {"start": "enquiry", "passes": 0}), "l.json")
        status, out, err = run("flow", path)

        assert (status, out) == (2, "")
        assert "did you mean 'inquiry'?" in err
        assert "$.passes" in err


class TestLint:
    def test_of_a_sound_lifecycle_finds_nothing(self, run, file):
        path = file(json.dumps(STANDARD.to_dict()), "l.json")

        assert run("lint", path) == (0, "no leak in standard, 20 stages\n", "")

    def test_names_each_stage_where_leads_could_vanish(self, run, file):
        leaky = SIMPLE.without_move(WORKING, HandedBack).without_move(HANDED_OFF, HandedBack)
        status, out, err = run("lint", file(json.dumps(leaky.to_dict()), "l.json"))

        assert (status, err) == (1, "")
        assert out.splitlines() == [
            "handed_off: sales cannot hand the lead back",
            "handed_off: what follows a breach is no move from here (HandedBack)",
            "working: sales cannot hand the lead back",
            "handed_back: no move leads here",
            "4 leaks in simple, 8 stages",
        ]

    @pytest.mark.parametrize("content", ["", "[", "name = 7", "\0", "x = " + "[" * 999])
    def test_refuses_what_is_no_lifecycle(self, run, file, content):
        status, out, err = run("lint", file(content, "l.toml"))

        assert (status, out) == (2, "")
        assert err.startswith("leadlib: ")

    def test_refuses_a_file_that_is_not_there(self, run):
        assert run("lint", "nowhere.toml")[0] == 2

    def test_shows_code_like_text_as_text(self, run, file):
        stages = {"\u202ex": {"owner": "sales"}, "a": {"owner": "sales", "meaning": "\x1b[2J"}}
        plain = {"name": "x", "start": "a", "opening": "Inquired", "stages": stages}
        status, out, err = run("lint", file(json.dumps(plain), "l.json"))

        assert (status, out) == (2, "")
        assert "\u202e" not in err
        del stages["\u202ex"]
        status, out, _ = run("flow", "--md", file(json.dumps(plain), "l.json"))
        assert (status, "\x1b" in out, "\\u001b" in out) == (0, False, True)


class TestGuards:
    LOG = (
        "lead,stage,at\na,Won,2026-01-02T00:00Z\n"
        "b,Lost,2026-01-03T00:00Z\nc,Open,2026-02-04T00:00Z\n"
    )

    def test_a_page_never_replaces_a_log_or_another_file(self, tmp_path, capsys):
        log, other = tmp_path / "log.csv", tmp_path / "other.csv"
        for path in (log, other):
            path.write_text(self.LOG)
        for target in (log, other):
            assert main(["report", str(log), "--html", str(target)]) == 2
            assert target.read_text() == self.LOG
            assert "a new file, or a page" in capsys.readouterr().err

    def test_a_page_may_replace_a_page(self, tmp_path, capsys):
        log, page = tmp_path / "log.csv", tmp_path / "page.html"
        log.write_text(self.LOG)

        assert [main(["report", str(log), "--html", str(page)]) for _ in range(2)] == [0, 0]

    def test_a_page_may_go_into_a_pipe(self, tmp_path):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG)
        command = [sys.executable, "-m", "leadlib", "report", str(log), "--html", "/dev/stdout"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)

        assert done.returncode == 0
        assert b"<!doctype html>" in done.stdout

    @pytest.mark.parametrize("closed", [">&-", "2>&-"])
    def test_a_closed_stream_is_no_crash(self, tmp_path, closed):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG + "d,Won,soon\n")
        command = f'"{sys.executable}" -m leadlib report "{log}" --json {closed}'
        done = subprocess.run(
            command, shell=True, capture_output=True, check=False, text=True, timeout=60
        )

        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        if done.stdout:
            assert json.loads(done.stdout)["rows"]["rejected"] == 1

    def test_rejected_rows_count_although_nobody_reads_the_report(self, tmp_path):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG + "d,Won,soon\n")
        command = f'"{sys.executable}" -m leadlib report "{log}" | true; echo "${{PIPESTATUS[0]}}"'
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, check=False, text=True, timeout=60
        )

        assert done.stdout.strip() == "1"
        assert "1 of 4 rows rejected" in done.stderr

    def test_a_log_without_history_is_doubted(self, tmp_path, capsys):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG)
        assert main(["report", str(log), "--stages", "Open,Won"]) == 0
        assert "Note: no lead entered two stages." in capsys.readouterr().out

        log.write_text(self.LOG + "c,Won,2026-02-05T00:00Z\n")
        main(["report", str(log), "--stages", "Open,Won", "--json"])
        assert json.loads(capsys.readouterr().out)["notes"] == []

    def test_an_end_inside_the_funnel_is_no_leaving_as_in_python(self, tmp_path, capsys):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG + "b,Open,2026-01-01T00:00Z\n")
        reports = []
        for closed in ("Won,Lost", "Lost"):
            main(["report", str(log), "--stages", "Open,Won", "--closed", closed, "--json"])
            reports.append(json.loads(capsys.readouterr().out))

        assert reports[0] == reports[1]
        assert reports[0]["definition"]["closed"] == ["Lost"]
        assert [step["left"] for step in reports[0]["funnel"]] == [1, 0]

    def test_ends_that_are_all_inside_the_funnel_let_nobody_leave(self, tmp_path, capsys):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG)
        main(["report", str(log), "--stages", "Open,Won", "--closed", "Won"])

        assert (
            "No stage outside the funnel was named as an end, so nobody has left."
            in capsys.readouterr().out
        )

    def test_a_workbook_is_named_as_one(self, tmp_path, capsys):
        log = tmp_path / "log.xlsx"
        log.write_bytes(b"PK\x03\x04 and so on")

        assert main(["report", str(log)]) == 2
        assert "save a workbook as CSV first" in capsys.readouterr().err

    def test_many_groups_are_compared_and_not_printed_one_by_one(self, tmp_path, capsys):
        log = tmp_path / "log.csv"
        rows = [f"l{n},inquiry,2026-01-02T00:00Z,g{n}" for n in range(21)]
        log.write_text("\n".join(["lead,stage,at,group", *rows]))
        main(["report", str(log), "--by", "group"])
        printed = capsys.readouterr().out

        assert "(21 funnels one by one: see --json)" in printed
        assert "group: g1" not in printed

    def test_as_of_is_told_in_the_zone_that_was_given(self, tmp_path, capsys):
        log = tmp_path / "log.csv"
        log.write_text(self.LOG)
        main(["report", str(log), "--zone", "Europe/Berlin", "--as-of", "2026-04-01"])

        assert "as of 2026-04-01 00:00 Europe/Berlin." in capsys.readouterr().out


class TestJudge:
    HEAD = "id,at,mail,staff,need\n"
    ADA = "i-1,2026-03-02T09:00:00Z,ada@example.com,60,churn\n"

    def test_prints_verdicts_and_what_to_ask_next(self, file, run):
        rows = self.ADA + (
            "i-2,2026-03-02T10:00:00Z,bob@example.com,60,\n"
            "i-3,2026-03-02T11:00:00Z,eve@example.com,10,churn\n"
        )
        status, out, err = run("judge", file(TOML, "d.toml"), file(self.HEAD + rows))

        assert (status, err) == (0, "")
        assert [line.split() for line in out.splitlines()[2:5]] == [
            ["i-1", "qualified", "-"],
            ["i-2", "undecided", "need"],
            ["i-3", "not", "qualified", "-"],
        ]
        assert "3 inquiries of 3 people by sales-ready v1" in out

    def test_gathers_the_inquiries_of_one_person(self, file, run):
        later = "i-2,2026-03-03T09:00:00Z, ADA@example.com,,\n"
        _, out, _ = run("judge", file(TOML, "d.toml"), file(self.HEAD + self.ADA + later))

        assert "2 inquiries of 1 person by sales-ready v1: 1 qualified" in out

    def test_says_which_questions_the_file_does_not_answer(self, file, run):
        table = file("id,at,mail,Staff\ni-1,2026-03-02T09:00:00Z,ada@example.com,60\n")
        _, out, _ = run("judge", file(TOML, "d.toml"), table)

        assert out.splitlines()[-1] == "The file has no column for: staff, need."

    def test_explains_on_request(self, file, run):
        _, out, _ = run("judge", file(TOML, "d.toml"), file(self.HEAD + self.ADA), "--explain")

        assert "yes staff >= 50  -- 60, said in i-1 on 2026-03-02" in out

    def test_gives_json(self, file, run):
        bad = "i-2,2026-03-02T09:00:00Z,nobody,60,churn\n"
        arguments = [file(TOML, "d.toml"), file(self.HEAD + self.ADA + bad), "--json"]
        status, out, _ = run("judge", *arguments)
        found = strict_json(out)

        assert status == 1
        assert [(v["lead"], v["outcome"]) for v in found["verdicts"]] == [("i-1", "qualified")]
        assert found["rows"] == {"read": 2, "accepted": 1, "rejected": 1, "duplicates": 0}
        assert found["problems"] == [{"line": 3, "column": "mail", "expected": "a mail address"}]

    def test_reads_local_times_with_their_zone(self, file, run):
        table = file(self.HEAD + self.ADA.replace("T09:00:00Z", " 09:00"))
        definition = file(TOML, "d.toml")

        assert run("judge", definition, table)[0] == 2
        assert run("judge", definition, table, "--zone", "Europe/Berlin")[0] == 0

    @pytest.mark.parametrize(
        ("toml", "table", "arguments", "words"),
        [
            (TOML.replace("at_least", "at_leest"), "", [], "did you mean 'at_least'?"),
            (TOML.replace("[", "[["), "", [], "expected TOML"),
            (TOML, "id,mail\n", [], "'at'"),
            (TOML, "at,mail\nnever,never\n", [], "the only row was rejected"),
            (
                TOML,
                "at,phone\n2026-03-02T09:00:00Z,030 123456\n",
                ["--region", "XX"],
                "a region such as DE",
            ),
        ],
    )
    def test_refuses_with_one_message(self, file, run, toml, table, arguments, words):
        status, out, err = run("judge", file(toml, "d.toml"), file(table), *arguments)

        assert (status, out) == (2, "")
        assert words in err

    def test_a_header_alone_is_nobody(self, file, run):
        status, out, _ = run("judge", file(TOML, "d.toml"), file(self.HEAD))

        assert status == 0
        assert "0 inquiries of 0 people by sales-ready v1: nobody" in out


def leadlib(*arguments, **options):
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "leadlib", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
        **options,
    )


class TestProcess:
    def test_prints_no_progress_when_piped(self, file):
        rows = "".join(f"lead {i},inquiry,2026-03-02T09:00:00Z,web\n" for i in range(140_000))
        done = leadlib("report", file(HEAD + ROWS + rows), *STAGES, "--json")

        assert (done.returncode, done.stderr) == (0, "")
        assert strict_json(done.stdout)["rows"]["read"] == 140_005

    @pytest.mark.parametrize(
        ("more", "status"), [("", 0), ("zoe,inquiry\n", 1)], ids=["all taken", "some rejected"]
    )
    def test_gives_its_exit_status(self, file, more, status):
        done = leadlib("report", file(HEAD + ROWS + more))

        assert done.returncode == status
        assert "reached" in done.stdout

    def test_refuses_without_a_traceback(self, file):
        done = leadlib("report", file(b"\xff\xfe"))

        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("leadlib: log.csv: expected UTF-8 text")

    def test_reads_what_another_program_writes(self):
        with subprocess.Popen(
            [sys.executable, "-m", "leadlib", "report", "/dev/stdin", *STAGES],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            out, _ = process.communicate((HEAD + ROWS).encode(), timeout=60)

        assert process.returncode == 0
        assert b"5 rows read" in out

    def test_ends_quietly_when_its_reader_has_seen_enough(self, file):
        many = "".join(f"lead {i},inquiry,2026-03-02T09:00:00Z,g{i % 999}\n" for i in range(5_000))
        command = [sys.executable, "-m", "leadlib", "report", file(HEAD + many), "--by", "campaign"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.readline()
            process.stdout.close()
            err = process.stderr.read()
            process.wait(timeout=60)

        assert (process.returncode, err) == (0, b"")

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")  # noqa: PTH110
    def test_says_so_when_its_output_is_full(self, file):
        with open("/dev/full", "w") as full:  # noqa: PTH123
            done = subprocess.run(
                [sys.executable, "-m", "leadlib", "report", file(HEAD + ROWS)],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
                timeout=60,
            )

        assert done.returncode == 2
        assert done.stderr.startswith(b"leadlib: expected an output that can be written")

    def test_shows_progress_to_a_person(self, file, monkeypatch, run):
        pytest.importorskip("tqdm")
        monkeypatch.setattr(cli, "_BAR_FROM", 100)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        status, out, err = run("report", file(HEAD + ROWS))

        assert (status, "reading" in err, "reading" in out) == (0, True, False)

    def test_shows_none_without_its_extra(self, file, monkeypatch, run):
        monkeypatch.setattr(cli, "_BAR_FROM", 100)
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setitem(sys.modules, "tqdm", None)

        assert run("report", file(HEAD + ROWS))[::2] == (0, "")


class TestBenchmarks:
    @pytest.fixture
    def bench(self, monkeypatch, tmp_path):
        """Give a function that runs a benchmark which measures nothing: the results, if any."""
        monkeypatch.syspath_prepend(Path(__file__).parents[1])
        from benchmarks import __main__ as command
        from benchmarks.harness import Row

        results = tmp_path / "results.json"
        row = Row(part="lifecycle", work="w", against="a", ratio=1.0, speed="1/s")
        monkeypatch.setattr(command, "RESULTS", results)
        monkeypatch.setattr(command, "PARTS", {"lifecycle": lambda quick: [row]})

        def call(*arguments):
            monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
            command.main()
            return json.loads(results.read_text()) if results.exists() else None

        return call

    @pytest.mark.parametrize("arguments", [["--quick"], ["--quick", "--only", "lifecycle"]])
    def test_a_quick_run_leaves_the_results_alone(self, bench, arguments):
        assert bench(*arguments) is None

    @pytest.mark.parametrize("arguments", [[], ["--only", "lifecycle"]])
    def test_a_whole_run_writes_them(self, bench, arguments):
        [row] = bench(*arguments)

        assert row["part"] == "lifecycle"


class TestOlist:
    """8,000 real leads of a marketplace: `data/README.md` has the figures, counted elsewhere."""

    LEADS = {  # the figures of the publisher
        "organic_search": (2296, 271),
        "paid_search": (1586, 195),
        "social": (1350, 75),
        "unknown": (1099, 179),
        "direct_traffic": (499, 56),
        "email": (493, 15),
        "referral": (284, 24),
        "other": (150, 4),
        "display": (118, 6),
        "other_publicities": (65, 3),
        "": (60, 14),
    }

    @pytest.fixture
    def found(self, shared_data, report):
        folder = shared_data / "olist_funnel"
        return report(
            folder / "olist_marketing_qualified_leads_dataset.csv",
            folder / "olist_closed_deals_dataset.csv",
            *("--lead", "mql_id", "--zone", "UTC", "--by", "origin"),
            *("--at", "contacted=first_contact_date", "--at", "won=won_date"),
        )

    def test_one_in_ten_is_won_and_the_others_are_open(self, found):
        contacted, won = found["funnel"]

        assert found["rows"] == {"read": 8842, "accepted": 8842, "rejected": 0, "duplicates": 0}
        assert (contacted["reached"], contacted["advanced"]) == (8000, 842)
        assert (contacted["left"], contacted["open"]) == (0, 7158)
        assert contacted["rate"] == 0.10525
        assert contacted["interval"] == pytest.approx([0.0987138, 0.1121651], abs=1e-7)
        assert contacted["median_days"] == pytest.approx(14.65, abs=0.01)
        assert (won["reached"], won["rate"], won["interval"]) == (842, None, None)

    def test_every_origin_is_a_group_and_so_is_none(self, found):
        groups = {
            name: (steps[0]["reached"], steps[0]["advanced"]) for name, steps in found["by"].items()
        }

        assert groups == self.LEADS

    def test_months_before_the_record_began_have_no_rate(self, found):
        months = {month["month"]: month for month in found["cohorts"]["months"]}
        early = [f"2017-{month:02}" for month in range(6, 12)]

        assert found["cohorts"]["recorded_since"].startswith("2017-12-05")
        assert [months[name]["left_truncated"] for name in early] == [True] * 6
        assert [months[name]["rate"] for name in early] == [None] * 6
        assert not months["2018-01"]["left_truncated"]
        assert months["2018-01"]["rate"] == pytest.approx(152 / 1141)


class TestShapes:
    """Tables with one row per opportunity, and histories of many properties."""

    DEALS = "id,opened,status,closed\n1,2026-01-12,Won,2026-02-20\n2,2026-01-13,Lost,2026-01-30\n"
    OPTIONS = ("--lead", "id", "--at", "opened=opened", "--zone", "UTC")
    ENDED = ("--status", "status=closed", "--ended", "Won,Lost")

    def test_the_goal_is_the_first_of_the_ends(self, file, report):
        found = report(file(self.DEALS), *self.OPTIONS, *self.ENDED)

        assert [step["stage"] for step in found["funnel"]] == ["opened", "Won"]
        assert [step["reached"] for step in found["funnel"]] == [2, 1]
        assert found["definition"]["closed"] == ["Lost"]

    def test_only_the_rows_of_one_property_count(self, file, report):
        text = "lead,what,stage,at\na,phase,new,2026-01-12\na,mail,x,never\n"
        found = report(file(text), "--only", "what=phase", "--zone", "UTC")

        assert found["rows"]["read"] == found["rows"]["accepted"] == 1

    @pytest.mark.parametrize(
        "options",
        [
            (*OPTIONS, "--status", "status=closed"),
            (*OPTIONS, "--ended", "Won"),
            (*OPTIONS, "--status", "status", "--ended", "Won"),
            (*OPTIONS, *ENDED, "--only", "status=Won"),
            (*OPTIONS, "--only", "status=Won"),
            ("--only", "status"),
            ("--at", "opened", *ENDED),
        ],
    )
    def test_options_that_do_not_fit_together_are_refused(self, file, run, options):
        status, out, told = run("report", file(self.DEALS), *options)

        assert (status, out) == (2, "")
        assert told.startswith("leadlib: expected ")

    @pytest.mark.rule("M-21", part="won of closed")
    def test_maven_wins_63_15_percent_of_closed_deals(self, shared_data, report):
        path = shared_data / "maven_crm" / "sales_pipeline.csv"
        lead = ("--lead", "opportunity_id", "--at", "Engaging=engage_date", "--zone", "UTC")
        found = report(path, *lead, "--status", "deal_stage=close_date", "--ended", "Won,Lost")
        engaging, won = found["funnel"]

        assert found["rows"] == {"read": 8800, "accepted": 8300, "rejected": 500, "duplicates": 0}
        assert (engaging["reached"], engaging["left"], engaging["open"]) == (8300, 2473, 1589)
        assert won["reached"] == 4238
        assert found["closed"][0]["rate"] == pytest.approx(4238 / 6711)


class TestHelpdesk:
    """21,348 real events with waits, returns and re-opens."""

    COLUMNS = ("--lead", "case_id", "--stage", "activity", "--at", "timestamp", "--seq", "seq")

    @pytest.mark.parametrize(
        "cut", [None, "2012-01-01T00:00:00Z", "2012-07-01T00:00:00Z", "2013-12-01T12:00:00Z"]
    )
    def test_reached_is_advanced_and_left_and_open(self, shared_data, report, cut):
        path = shared_data / "helpdesk_log" / "events.csv.gz"
        found = report(path, *self.COLUMNS, *(["--as-of", cut] if cut else []))

        assert found["rows"] == {"read": 21348, "accepted": 21348, "rejected": 0, "duplicates": 0}
        for step in found["funnel"]:
            assert step["reached"] == step["advanced"] + step["left"] + step["open"]
        if cut is None:
            assert found["leads"] + found["outside"] == 4580
