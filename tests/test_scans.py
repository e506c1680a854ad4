"""What an engine reads of a large file is what the reader of rows reads, to the last byte."""

import csv
import gzip
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from conftest import ROOT, real_rows
from leadlib import _instants
from leadlib._io import engines
from leadlib._io.clocks import read_instants
from leadlib._io.engines import engine_named
from leadlib._io.regular import RegularFile
from leadlib.cli import main
from leadlib.errors import InvalidValue, MissingExtra, UnknownName
from leadlib.io import ENGINES, LARGE, read_log, scan_log
from leadlib.metrics import LongTable, OpportunityTable, WideTable, funnel

FAST = ["polars", "duckdb"]
SAMPLE = ROOT / "examples" / "sample_log.csv"
HEAD = "lead,stage,at,seq,campaign\n"
ROW = "ada,inquiry,2026-03-02T09:00:00Z,1,web\n"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def file(tmp_path):
    """Give a function that writes a file."""

    def write(content, name="log.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def printed(capsys):
    """Give a function that runs the report: exit status, standard output, standard error."""

    def call(*arguments):
        status = main(["report", *map(str, arguments)])
        return status, *capsys.readouterr()

    return call


@pytest.mark.parametrize("engine", FAST)
class TestReports:
    @pytest.mark.parametrize(
        "more",
        [
            [],
            ["--json"],
            ["--json", "--by", "campaign", "--seq", "seq"],
            ["--by", "stage"],
            ["--by", "campaign", "--as-of", "2026-03-31"],
            ["--json", "--by", "campaign", "--as-of", "2026-03-31T12:00:00+02:00"],
            ["--stages", "inquiry,customer", "--closed", "lost", "--zone", "America/New_York"],
            ["--stages", "inquiry,nowhere"],
            ["--stages", "inquiry,handed_off", "--closed", "handed_off"],
            ["--stages", "customer", "--as-of", "2026-01-01T00:00:00Z"],
            ["--by", "nothing"],
            ["--stage", "campaign"],
            ["--stage", "campaign", "--as-of", "2026-03-31", "--seq", "seq"],
            ["--stage", "campaign", "--stages", "webinar"],
        ],
        ids=" ".join,
    )
    def test_are_the_same(self, engine, more, printed):
        more = [*more, "--zone", "UTC"] if "2026-03-31" in more else more
        own = printed(SAMPLE, *more, "--engine", "python")
        assert printed(SAMPLE, *more, "--engine", engine) == own

    def test_are_the_same_as_a_page(self, engine, printed, tmp_path):
        pages = []
        for name in ("python", engine):
            printed(SAMPLE, "--by", "campaign", "--html", tmp_path / name, "--engine", name)
            pages.append((tmp_path / name).read_text(encoding="utf-8"))
        assert pages[0] == pages[1]

    @pytest.mark.parametrize("seed", range(12))
    def test_are_the_same_of_untidy_files(self, engine, seed, file, printed):
        chance = random.Random(seed)
        path = file(untidy(chance))
        zone = chance.choice([[], ["--zone", "UTC"], ["--zone", "Europe/Berlin"]])
        seq = chance.choice([[], ["--seq", "seq"]])
        asked = ["--stages", "inquiry,qualified", "--by", "campaign", *zone, *seq]
        for more in ([], ["--json"]):
            own = printed(path, *asked, *more, "--engine", "python")
            assert printed(path, *asked, *more, "--engine", engine) == own

    def test_are_the_same_of_a_large_file(self, engine, file, printed, monkeypatch):
        """Large is what is asked for with `auto`; nothing is read by rows then."""
        path = file("".join([HEAD, *(row for _ in range(40) for row in tidy(random.Random(3)))]))
        own = printed(path, "--engine", "python")
        monkeypatch.setattr("leadlib._io.scans.LARGE", 1)
        monkeypatch.setattr("leadlib.cli.read_log", None)
        monkeypatch.setattr(engines, "_MAKERS", {engine: engines._MAKERS[engine]})
        assert printed(path) == own


DAYS = ["2026-01-31", "2026-03-28", "2026-03-29", "2026-03-30", "2026-10-25", "2025-12-31"]
CLOCKS = ["T00:00:00", " 01:59:59", "T02:00:00", "T02:30", " 23:59:59", "T03:00:00.25", "T02:30:00"]
OFFSETS = ["Z", "+01:00", "-0330", "+14", "+00:00"]


def tidy(chance, *, local=0.0):
    """Rows that are taken whole, in any form that is allowed."""
    for _ in range(chance.randrange(60)):
        lead = chance.choice(["ada", "bob", " eve", "Zoë", "007", '"dan, jr."', '"x ""y"""'])
        stage = chance.choice(["inquiry", "qualified", "lost ", '"inquiry"', "disqualified"])
        offset = "" if chance.random() < local else chance.choice(OFFSETS)
        at = chance.choice(DAYS) + chance.choice(CLOCKS) + offset
        if chance.random() < local / 3:
            at = chance.choice(DAYS)
        campaign = chance.choice(["web", "", "fair", " ", "Straße", '"web"'])
        yield f"{lead},{stage},{at},{chance.randrange(-3, 9)},{campaign}\n"


DIRT = [
    "\n",
    "  \n",
    "ada,inquiry\n",
    "ada,inquiry,2026-03-02T09:00:00Z,1,web,more\n",
    ",inquiry,2026-03-02T09:00:00Z,1,web\n",
    "ada,,2026-03-02T09:00:00Z,1,web\n",
    "ada,inquiry,2026-02-30T09:00:00Z,1,web\n",
    "ada,inquiry,2026-03-02T24:00:00Z,1,web\n",
    "ada,inquiry,2026-03-02T09:00:60Z,1,web\n",
    "ada,inquiry,2026-03-02T09:00:00.1234567890Z,1,web\n",
    "ada,inquiry,2026-03-02T09:00+01.5,1,web\n",
    "ada,inquiry,2026-03-02T09:00:00+25:00,1,web\n",
    "ada,inquiry,2026-W10-1,1,web\n",
    "ada,inquiry,02.03.2026,1,web\n",
    "ada,inquiry,1969-12-31T23:59:59Z,1,web\n",
    "ada,inquiry,1970-01-01T00:30:00+01:00,1,web\n",
    "ada,inquiry,2200-01-01T00:30:00+01:00,1,web\n",
    "ada,inquiry,,1,web\n",
    "ada,inquiry,2026-03-02T09:00:00Z,1.0,web\n",
    "ada,inquiry,2026-03-02T09:00:00Z,+1,web\n",
    "ada,inquiry,2026-03-02T09:00:00Z,one,web\n",
    "ada,inquiry,2026-03-02T09:00:00Z,,web\n",
    "ada,inquiry,2026-03-02T09:00:00Z,9999999999999999,web\n",
    'ada,"inquiry,2026-03-02T09:00:00Z,1,web\n',
    'ada,in"quiry",2026-03-02T09:00:00Z,1,web\n',
    'ada,"in\nquiry",2026-03-02T09:00:00Z,1,web\n',
    'ada, "inquiry",2026-03-02T09:00:00Z,1,web\n',
    'ada,"inquiry" ,2026-03-02T09:00:00Z,1,web\n',
    "ada\0,inquiry,2026-03-02T09:00:00Z,1,web\n",
    "ada\x1c,inquiry,2026-03-02T09:00:00Z,1,web\n",
    "ada\u00a0,inquiry,2026-03-02T09:00:00Z,1,web\n",
    "Zoe\u0308,inquiry,2026-03-02T09:00:00Z,1,web\n",
    "ada,caf\u00e9,2026-03-02T09:00:00Z,1,web\nada,cafe\u0301,2026-03-02T09:00:00Z,1,web\n",
    "ada,inquiry,2026-03-02T09:00:00Z,1,web\rbob,inquiry,2026-03-02T09:00:00Z,1,web\n",
    f"{'a' * 300},inquiry,2026-03-02T09:00:00Z,1,web\n",
    f"ada,inquiry,2026-03-02T09:00:00Z,1,{'w' * 300}\n",
    f"ada,inquiry,2026-03-02T09:00:00Z,1,{'w' * 140_000}\n",
    "ada,inquiry,2026-03-02T09:00:00\u0660Z,1,web\n",
    "#ada,inquiry,2026-03-02T09:00:00Z,1,web\n",
    "NULL,inquiry,2026-03-02T09:00:00Z,1,NULL\n",
    "ada,inquiry,2026-03-02T09:00:00Z,1,NaN\n",
    "ada,inquiry,2026-03-02T09:00:00Z,1,web\\\n",
]


def untidy(chance):
    """A file with one line of dirt in two cases of three, and any ends of lines."""
    rows = [*tidy(chance, local=chance.choice([0, 0, 0.5, 1]))]
    if chance.random() < 2 / 3:
        rows.insert(chance.randrange(len(rows) + 1), chance.choice(DIRT))
    text = HEAD + "".join(rows)
    if chance.random() < 0.2:
        text = text.replace("\n", "\r\n")
    if chance.random() < 0.2:
        text = text.rstrip("\r\n")
    if chance.random() < 0.1:
        text = text.replace(HEAD, '"lead", "stage",at,"seq",campaign\n')
    mark = "\ufeff" if chance.random() < 0.2 else ""
    end = b"\xff\n" if chance.random() < 0.05 else b""
    return (mark + text).encode() + end


@pytest.mark.parametrize("engine", FAST)
class TestDirt:
    @pytest.mark.parametrize("dirt", DIRT, ids=range(len(DIRT)))
    def test_is_told_as_the_reader_of_rows_tells_it(self, engine, dirt, file, printed):
        path = file(HEAD + ROW + dirt + ROW.replace("ada", "bob"))
        for more in (["--seq", "seq"], ["--by", "campaign"]):
            asked = [path, "--stages", "inquiry", *more]
            assert printed(*asked, "--engine", engine) == printed(*asked, "--engine", "python")

    @pytest.mark.parametrize("seed", range(10))
    def test_apart_an_engine_reads_all_that_rows_may_hold(self, engine, seed, file):
        chance = random.Random(seed)
        path = file("".join([HEAD, ROW, *tidy(chance, local=0.4)]))
        shape = LongTable(seq="seq", by=["campaign"])
        for zone in ("UTC", "Europe/Berlin", "America/Sao_Paulo"):
            scan = scan_log(path, shape=shape, zone=zone, engine=engine)
            read = read_log(path, shape=shape, zone=zone)
            assert scan.rows == read.rows
            assert scan.problems == read.problems == ()
            assert sorted(rows_of(scan.log.collect())) == sorted(rows_of(read.log))
            assert scan.log.fingerprint(by="campaign") == read.log.fingerprint(by="campaign")


def rows_of(log):
    for lead, stage, at, seq in log.events():
        yield log.leads[lead], log.stages[stage], at, seq


def utc(day, clock="09:00"):
    return datetime.fromisoformat(f"2026-03-{day:02}T{clock}").replace(tzinfo=UTC)


PLAIN = {
    "lead": ["ada", "bob", "ada", "ada", " eve "],
    "stage": ["inquiry", "inquiry", "qualified", "qualified", "lost"],
    "at": [utc(2), utc(3), utc(4), utc(4), utc(5, "09:00:00.123456")],
    "seq": [1, 1, 2, 2, -3],
    "campaign": ["web", "", "fair", None, "web "],
}
CLEAN = {
    "plain": {},
    "numbers": {"lead": [7, 8, 7, 7, -(2**60)], "campaign": [1, 2, None, 2**60, 1]},
    "stages by number": {"stage": [1, 1, 2, 2, 3]},
    "categories": {
        "lead": pa.array(PLAIN["lead"]).dictionary_encode(),
        "stage": pa.array(PLAIN["stage"]).dictionary_encode(),
        "campaign": pa.array(PLAIN["campaign"]).dictionary_encode(),
    },
    "long text": {"lead": pa.array(PLAIN["lead"], pa.large_string())},
    "milliseconds": {
        "at": pa.array([at.replace(microsecond=0) for at in PLAIN["at"]], pa.timestamp("ms", "UTC"))
    },
    "a zone": {"at": pa.array(PLAIN["at"], pa.timestamp("us", "Europe/Berlin"))},
    "texts": {"at": [at.isoformat() for at in PLAIN["at"]]},
    "local texts": {"at": [f"{at:%Y-%m-%d %H:%M}" for at in PLAIN["at"]]},
    "small numbers": {"seq": pa.array(PLAIN["seq"], pa.int8())},
    "numbers as text": {"seq": [f" {seq}" for seq in PLAIN["seq"]]},
    "beyond ASCII": {"lead": ["Zoë", "bob", "Zoë", "Zoë", "李"]},
    "umlauts in two forms": {"campaign": ["Köln", "Ko\u0308ln", None, "", "a\nb"]},
}
UNCLEAN = {
    "no lead": {"lead": [None, "bob", "ada", "ada", "eve"]},
    "a blank lead": {"lead": [" ", "bob", "ada", "ada", "eve"]},
    "a NUL": {"lead": ["a\0", "bob", "ada", "ada", "eve"]},
    "another blank": {"lead": ["a\u00a0", "bob", "ada", "ada", "a"]},
    "a line end": {"lead": ["a\n", "bob", "ada", "ada", "a"]},
    "another form": {"lead": ["Zoe\u0308", "bob", "ada", "ada", "Zoë"]},
    "a long lead": {"lead": ["a" * 300, "bob", "ada", "ada", "eve"]},
    "no stage": {"stage": [None, "inquiry", "inquiry", "inquiry", "qualified"]},
    "no instant": {"at": [None, *PLAIN["at"][1:]]},
    "local times": {"at": [at.replace(tzinfo=None) for at in PLAIN["at"]]},
    "dates": {"at": [at.date() for at in PLAIN["at"]]},
    "beyond the calendar": {"at": [utc(2).replace(year=2300), *PLAIN["at"][1:]]},
    "epochs": {"at": [1_772_442_000] * 5},
    "no seq": {"seq": [1, None, 2, 2, 3]},
    "a large seq": {"seq": [1, 2**49, 2, 2, 3]},
    "fractions": {"seq": [1.0, 1.0, 2.0, 2.0, -3.0]},
    "decimals": {"lead": [Decimal(1)] * 5},
    "floats": {"campaign": [1.5, 2.0, None, float("inf"), float("nan")]},
    "yes and no": {"campaign": [True, False, None, True, True]},
    "large numbers": {"lead": pa.array([2**63 + 1] * 5, pa.uint64())},
    "two of one name": {"LEAD": ["x"] * 5},
}


@pytest.mark.parametrize("engine", FAST)
class TestParquet:
    @pytest.fixture
    def packed(self, tmp_path):
        """Give a function that writes the plain table with some columns as others."""

        def write(columns):
            path = tmp_path / "log.parquet"
            parquet.write_table(pa.table(PLAIN | columns), path)
            return path

        return write

    def same(self, path, engine, printed):
        more = ["--json", "--seq", "seq", "--by", "campaign"]
        for zone in ([], ["--zone", "Europe/Berlin"]):
            asked = [path, "--stages", "inquiry,qualified", *zone, *more]
            assert printed(*asked, "--engine", engine) == printed(*asked, "--engine", "python")

    @pytest.mark.parametrize("name", CLEAN)
    def test_is_read_in_every_form_that_is_clean(self, name, engine, packed, printed):
        path = packed(CLEAN[name])
        self.same(path, engine, printed)
        shape = LongTable(seq="seq", by=["campaign"])
        scan = scan_log(path, shape=shape, zone="Europe/Berlin", engine=engine)
        read = read_log(path, shape=shape, zone="Europe/Berlin")
        assert scan.rows == read.rows
        assert scan.log.fingerprint(by="campaign") == read.log.fingerprint(by="campaign")

    @pytest.mark.parametrize("name", UNCLEAN)
    def test_is_told_as_the_reader_of_rows_tells_it(self, name, engine, packed, printed):
        path = packed(UNCLEAN[name])
        self.same(path, engine, printed)
        shape = LongTable(seq="seq", by=["campaign"])
        assert scan_log(path, shape=shape, engine=engine) is None

    def test_of_nanoseconds_is_cut_to_microseconds(self, engine, packed, printed):
        nanos = [1_772_442_000_000_001_999 + 10**12 * n for n in range(5)]
        self.same(packed({"at": pa.array(nanos, pa.timestamp("ns", "UTC"))}), engine, printed)

    def test_that_is_damaged_is_refused_alike(self, engine, packed, printed):
        path = packed({})
        whole = path.read_bytes()
        for content in (whole[: len(whole) // 2], whole[:100] + b"\xff" * 99 + whole[199:], b""):
            path.write_bytes(content)
            self.same(path, engine, printed)


WIDE = "id;contact;offer;order;region\n"


def wide_rows(chance):
    for lead in range(chance.randrange(1, 40)):
        dates = [chance.choice(["", " ", *DAYS]) for _ in range(3)]
        times = [chance.choice(CLOCKS) + chance.choice(["", "Z"]) for _ in range(3)]
        cells = [day and day.strip() and day + time for day, time in zip(dates, times, strict=True)]
        cells = cells if any(cells) else ["2026-01-31", "", ""]
        yield f"{lead};{';'.join(cells)};{chance.choice(['north', '', 'süd'])}\n"


@pytest.mark.parametrize("engine", FAST)
class TestWideTables:
    asked = ["--lead", "id", "--by", "region", "--zone", "Europe/Berlin", "--json"]
    dates = ["--at", "contact=contact", "--at", "offer=offer", "--at", "order=order"]

    @pytest.mark.parametrize("seed", range(6))
    def test_give_the_same_report(self, engine, seed, file, printed):
        path = file("".join([WIDE, *wide_rows(random.Random(seed))]))
        own = printed(path, *self.asked, *self.dates, "--engine", "python")
        assert printed(path, *self.asked, *self.dates, "--engine", engine) == own
        at = {name: name for name in ("contact", "offer", "order")}
        shape = WideTable(lead="id", at=at, by=["region"])
        scan = scan_log(path, shape=shape, zone=BERLIN, engine=engine)
        assert scan.rows == read_log(path, shape=shape, zone=BERLIN).rows

    @pytest.mark.parametrize(
        "dirt",
        [
            "1;2026-01-02;;;\n",
            "7;;;;north\n",
            "7; ; ;\u00a0;north\n",
            "7;2026-01-02;x;;north\n",
            "7;2026-01-02;;\n",
            ";2026-01-02;;;north\n",
        ],
    )
    def test_are_told_as_the_reader_of_rows_tells_them(self, engine, dirt, file, printed):
        path = file(WIDE + "1;2026-01-02;;2026-01-03 09:00;\n" + dirt)
        own = printed(path, *self.asked, *self.dates, "--engine", "python")
        assert printed(path, *self.asked, *self.dates, "--engine", engine) == own
        shape = WideTable(lead="id", at={"contact": "contact", "order": "order"})
        assert scan_log(path, shape=shape, zone=BERLIN, engine=engine) is None or "x" in dirt


class TestClocks:
    """A column of times is read as each of them would be."""

    texts = st.builds(
        "{}{}{}".format,
        st.dates(datetime(1971, 1, 1).date(), datetime(2100, 1, 1).date()),
        st.one_of(
            st.sampled_from(CLOCKS),
            st.times().map(lambda at: f"T{at.isoformat()}"),
            st.times().map(lambda at: f" {at:%H:%M}"),
        ),
        st.sampled_from(["", *OFFSETS]),
    )

    @pytest.mark.parametrize("engine", FAST)
    @settings(max_examples=max(5, settings().max_examples // 5))
    @given(
        texts=st.lists(texts, min_size=1, max_size=30),
        zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca"]),
    )
    def test_are_read_as_single_cells_are(self, engine, texts, zone):
        own = _instants.zone_named(zone)
        made = engine_named(engine)
        rows = made.table({"at": texts, "n": range(len(texts))})
        found = read_instants(rows, made, own).select("n", "at").collect("polars")
        expected = {
            n: _instants.micros(_instants.instant(t, zone=own)) for n, t in enumerate(texts)
        }
        assert dict(found.iter_rows()) == expected

    @pytest.mark.parametrize("engine", FAST)
    def test_on_days_when_clocks_change(self, engine):
        """2026-03-29 has no 02:30 in Berlin, 2026-10-25 has it twice: the first one counts."""
        made = engine_named(engine)
        texts = ["2026-03-29 02:30", "2026-03-29 03:30:00.5", "2026-10-25 02:30", "2026-10-25"]
        rows = read_instants(made.table({"at": texts}), made, BERLIN)
        zero = datetime(1970, 1, 1, tzinfo=UTC)
        found = {zero + timedelta(microseconds=at) for at in made.values(rows, "at")}
        assert found == {
            datetime(2026, 3, 29, 1, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, 0, 500_000, tzinfo=UTC),
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 24, 22, tzinfo=UTC),
        }

    @pytest.mark.parametrize("engine", FAST)
    @pytest.mark.parametrize("text", ["2026-03-02T09:00", "2026-03-02", "2026-03-02 09:00:00.5"])
    def test_without_an_offset_need_a_zone(self, engine, text):
        made = engine_named(engine)
        with pytest.raises(InvalidValue, match="offset"):
            read_instants(made.table({"at": ["2026-03-02T09:00Z", text]}), made, None)


class TestRegularFiles:
    @pytest.mark.parametrize(
        "text",
        [
            HEAD + ROW,
            HEAD + ROW.rstrip(),
            (HEAD + ROW).replace("\n", "\r\n"),
            (HEAD + ROW).replace(",", ";"),
            (HEAD + ROW).replace(",", "\t"),
            "\ufeff" + HEAD + ROW,
            '"lead","stage","at"\n"a, b","say ""hi""",""\n',
            HEAD,
            "lead,stage,at\nZoë,Straße,x\n",
        ],
    )
    def test_are_those_that_all_readers_take_alike(self, file, text):
        found = RegularFile.of(file(text))
        assert found is not None
        assert found.columns[:3] == ("lead", "stage", "at")

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\n",
            b"lead\na\n",
            (HEAD + "\n" + ROW).encode(),
            (HEAD + ROW + "\n").encode(),
            (HEAD + ROW + "a,b\n").encode(),
            (HEAD + ROW + "a,b,c,d,e,f\n").encode(),
            (HEAD + 'a,"b\nc",d,e,f\n').encode(),
            (HEAD + 'a,b"c,d,e,f\n').encode(),
            (HEAD + 'a, "b",d,e,f\n').encode(),
            (HEAD + 'a,"b,c,d,e,f\n').encode(),
            (HEAD + "a\rb,b,c,d,e\n").encode(),
            (HEAD + "a\0,b,c,d,e\n").encode(),
            HEAD.encode() + b"\xff,b,c,d,e\n",
            (HEAD + ROW).encode("utf-16"),
            HEAD.replace("seq", "at").encode(),
            (HEAD + ROW * 3000 + f"a,b,c,d,{'e' * 140_000}\n" + ROW).encode(),
            (HEAD + f"a,b,c,d,{'e' * 1_500_000}\n" + ROW).encode(),
            gzip.compress((HEAD + ROW).encode()),
        ],
        ids=range(19),
    )
    def test_have_no_peculiarity(self, file, content):
        assert RegularFile.of(file(content)) is None

    def test_are_looked_through_to_the_end(self, file):
        text = HEAD + ROW * 300_000  # more than two pieces
        assert RegularFile.of(file(text)) is not None
        assert RegularFile.of(file(text + "a,b\n")) is None

    def test_have_a_name_that_is_no_pattern(self, file, tmp_path):
        file(HEAD + ROW, "log1.csv")
        assert RegularFile.of(file(HEAD + ROW, "log[1].csv")) is None
        assert RegularFile.of(file(HEAD + ROW, "log.jsonl")) is None
        assert RegularFile.of(tmp_path / "none.csv") is None
        assert RegularFile.of(tmp_path) is None


class TestScans:
    def test_are_for_large_files(self, file):
        assert scan_log(SAMPLE, shape=LongTable()) is None
        large = file(HEAD + ROW * (LARGE // len(ROW) + 1))
        scan = scan_log(large, shape=LongTable())
        assert scan.rows.accepted == 1
        assert scan.rows.duplicates == scan.rows.read - 1
        assert funnel(scan.log, stages=["inquiry"]).leads == 1
        assert scan_log(large, shape=LongTable(), engine="python") is None
        packed = large.with_suffix(".parquet")
        for rows, is_large in ((99_999, False), (100_000, True)):
            table = pa.table({"lead": ["a"] * rows, "stage": ["b"] * rows, "at": [utc(2)] * rows})
            parquet.write_table(table, packed)
            assert (scan_log(packed, shape=LongTable()) is not None) is is_large

    @pytest.mark.parametrize(
        "shape",
        [
            WideTable(at={"new": "at"}),  # several rows of one lead
            WideTable(at={"new": "at", "won": "won"}),
            OpportunityTable(at={"new": "at"}, status="stage", closed="at", ended=["won"]),
            LongTable(only={"campaign": "web"}),
            LongTable(stage="status"),
            LongTable(by=["region"]),
        ],
        ids=["wide", "no date", "opportunity", "only", "no column", "no group"],
    )
    def test_are_for_one_row_for_each_event(self, shape):
        assert scan_log(SAMPLE, shape=shape, engine="polars") is None

    @pytest.mark.parametrize("engine", FAST)
    @pytest.mark.parametrize("more", [[], ["--stages", "inquiry"]])
    def test_of_no_rows_are_the_same(self, engine, more, file, printed):
        own = printed(file(HEAD), *more, "--engine", "python")
        assert printed(file(HEAD), *more, "--engine", engine) == own

    def test_know_their_engines(self):
        with pytest.raises(UnknownName, match="polars"):
            scan_log(SAMPLE, shape=LongTable(), engine="polar")
        assert ENGINES == ("auto", "python", "polars", "duckdb")

    @pytest.mark.parametrize("engine", FAST)
    def test_need_their_engine(self, engine, monkeypatch):
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
        with pytest.raises(MissingExtra, match=engine):
            scan_log(SAMPLE, shape=LongTable(), engine=engine)
        assert scan_log(SAMPLE, shape=LongTable()) is None

    def test_take_what_is_installed(self, monkeypatch):
        assert isinstance(engine_named("auto"), engines._Polars)
        found = engines.find_spec
        monkeypatch.setattr(engines, "find_spec", lambda name: name != "polars" and found(name))
        assert isinstance(engine_named("auto"), engines._DuckDB)

    @pytest.mark.parametrize("engine", FAST)
    def test_leave_a_fault_of_an_engine_to_the_reader_of_rows(self, engine, monkeypatch):
        made = engine_named(engine)

        def fail(*_):
            raise made.errors[0]("no")

        monkeypatch.setattr(type(made), "read", fail)
        assert scan_log(SAMPLE, shape=LongTable(), engine=engine) is None


@pytest.mark.parametrize("engine", FAST)
class TestRealData:
    @pytest.mark.parametrize("name", ["olist", "maven", "helpdesk"])
    def test_give_the_same_report(self, engine, name, real_logs, tmp_path, printed):
        log, stages = real_logs[name]
        path = tmp_path / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            written = csv.writer(out)
            written.writerow(["lead", "stage", "at", "seq", "group"])
            written.writerows((*row[:2], row[2].isoformat(), *row[3:]) for row in real_rows(log))
        asked = [path, "--stages", ",".join(stages), "--seq", "seq", "--by", "group"]
        for more in ([], ["--json"]):
            own = printed(*asked, *more, "--engine", "python")
            assert printed(*asked, *more, "--engine", engine) == own
        shape = LongTable(seq="seq", by=["group"])
        assert scan_log(path, shape=shape, engine=engine).rows.accepted == len(log)

    def test_is_read_as_it_is_found(self, engine, shared_data, file):
        packed = shared_data / "helpdesk_log" / "events.csv.gz"
        path = file(gzip.decompress(packed.read_bytes()))
        shape = LongTable(
            lead="case_id", stage="activity", at="timestamp", seq="seq", by=["seriousness"]
        )
        scan, read = scan_log(path, shape=shape, engine=engine), read_log(packed, shape=shape)
        assert scan.rows == read.rows
        assert scan.log.fingerprint(by="seriousness") == read.log.fingerprint(by="seriousness")
