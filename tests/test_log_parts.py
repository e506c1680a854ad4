"""Logs in parts count what the whole does, and new events are counted without the old ones."""

import random
from datetime import timedelta
from unittest import mock

import attrs
import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from leadlib._metrics import unions
from leadlib.errors import InvalidValue
from leadlib.metrics import (
    FrameLog,
    cohorts,
    converted_within,
    flows,
    funnel,
    main_path,
    stay_durations,
    throughput,
)
from test_frame_logs import (
    BERLIN,
    DAY,
    ENGINES,
    HELD,
    MONDAY,
    MONTHS,
    WAY,
    add_spark,
    batch,
    both,
    instants,
    plain,
    rows,
    same,
)

DRAWN = settings(
    max_examples=max(2, settings().max_examples // 50),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.generate],  # to shrink takes minutes, and these are small
)
SEVERAL = {"polars, lazy", "pandas", "pyarrow", "duckdb"}  # the others are forms of these
EACH = [pytest.param(name, marks=[] if name in SEVERAL else pytest.mark.slow) for name in ENGINES]
CLOSED = st.sampled_from([None, (), ("lost",), ("lost", "paused")])


ASKED = {
    "rows": rows,
    "seq": st.booleans(),
    "closed": CLOSED,
    "as_of": st.one_of(st.none(), instants),
}


def alike(own, log, *, as_of):
    """One question for each count that adds up; all of them are asked of the slow ones."""
    asked = {"stages": WAY, "as_of": as_of}
    for more in ({"by": "source"}, {"counting": "any order"}):
        assert plain(funnel(log, **asked, **more)) == plain(funnel(own, **asked, **more))
    assert cohorts(log, **asked, zone=BERLIN) == cohorts(own, **asked, zone=BERLIN)
    assert flows(log, as_of=as_of) == flows(own, as_of=as_of)
    assert main_path(log, as_of=as_of) == main_path(own, as_of=as_of)
    weeks = {"since": MONTHS[0], "every": "1 week", "as_of": as_of}
    assert throughput(log, "won", **weeks) == throughput(own, "won", **weeks)
    hours = {"as_of": as_of, "grain": "1 hour"}
    assert stay_durations(log, **hours) == stay_durations(own, **hours)
    window = {**asked, "within": "2 days"}
    assert converted_within(log, **window) == converted_within(own, **window)


def same_prints(whole, log, as_of):
    """Both are logs of a frame: one in one piece, one in parts."""
    assert len(log) == len(whole)
    assert log.duplicates == whole.duplicates
    for exact in (False, True):
        first, other = (attrs.evolve(own, exact=exact) for own in (whole, log))
        for by in (None, "source"):
            assert other.fingerprint(as_of, by=by) == first.fingerprint(as_of, by=by)
    cut = whole.cut(as_of)
    assert log.cut(as_of) == cut
    assert log.has_histories(cut) == whole.has_histories(cut)
    assert log.stages_until(cut) == whole.stages_until(cut)


@pytest.mark.parametrize("engine", EACH)
class TestParts:
    @DRAWN
    @given(**ASKED, count=st.integers(1, 5))
    @example(rows=[], seq=False, closed=None, as_of=None, count=2)
    def test_count_the_same(self, engine, rows, seq, closed, as_of, count):
        own, whole = both(rows, engine, seq=seq, closed=closed)
        log = whole.in_parts(count)
        alike(own, log, as_of=as_of)
        same_prints(whole, log, as_of)

    def test_of_many_logs_count_the_same(self, engine):
        own, whole = both([*batch(random.Random(5), 100)], engine, seq=True, closed=None)
        same(own, whole.in_parts(4), as_of=MONTHS[7])

    def test_have_every_lead_once(self, engine):
        moments = [(f"lead {n % 97}", "new", MONDAY + n * DAY, 0, None) for n in range(400)]
        _, whole = both(moments, engine, seq=True, closed=None)
        leads = [
            {*part.rows.lazy().collect()["lead"].to_list()} for _, part in whole.in_parts(7).parts
        ]
        assert sum(map(len, leads)) == len(set().union(*leads)) == 97
        assert sum(map(bool, leads)) > 1


class TestPartsOfALog:
    @pytest.mark.parametrize("count", [0, -1, 1_001, 1.5, "2", True])
    def test_are_a_number_from_1_to_1000(self, count):
        _, log = both([("a", "new", MONDAY, 0, None)], "polars", seq=True, closed=None)
        with pytest.raises(InvalidValue):
            log.in_parts(count)

    def test_keep_what_was_asked(self):
        _, whole = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=["lost"])
        log = whole.in_parts(3)
        funnel(log, stages=WAY)
        stay_durations(log, grain=timedelta(hours=1))
        first = [part.kept[0].frame for _, part in log.parts]

        assert plain(funnel(log, stages=WAY)) == plain(funnel(whole, stages=WAY))
        assert flows(log) == flows(whole)
        assert [part.kept[0].frame for _, part in log.parts] == first

    def test_of_few_rows_are_asked_in_python(self):
        own, whole = both([*batch(random.Random(5), 20)], "polars", seq=True, closed=["lost"])
        log = attrs.evolve(whole.in_parts(3), few=20_000)
        same(own, log, as_of=None)
        assert not any(part.kept for _, part in log.parts)


def split(rows, engine, *, chance, **how):
    """The log of all rows in one piece, and the logs of some of them, one for each."""
    given = [row if how["seq"] else (*row[:3], 0, row[4]) for row in rows]
    pieces = [[], [], []]
    for row in given:
        chance.choice(pieces).append(row)
        if chance.random() < 0.2:  # delivered again
            chance.choice(pieces).append(row)
    own, whole = both([row for piece in pieces for row in piece], engine, **how)
    return own, whole, [both(piece, engine, **how)[1] for piece in pieces]


@pytest.mark.parametrize("held", [*HELD, 300], ids=["engine", "arrays", "few in arrays"])
@pytest.mark.parametrize("engine", EACH)
class TestMergedLogs:
    @pytest.mark.rule("002-11")
    @DRAWN
    @given(**ASKED, chance=st.randoms(use_true_random=False))
    def test_count_as_if_made_of_all_rows(self, engine, held, rows, as_of, chance, **how):
        own, whole, pieces = split(rows, engine, chance=chance, held=held, **how)
        for share in (0, 4):  # 0: leads with new events are always counted anew, and no others
            with mock.patch.object(unions, "_SHARE", share):
                log = FrameLog.merged(pieces)
                assert share or held or not pieces[1] or log.parts
                alike(own, log, as_of=as_of)
                same_prints(whole, log, as_of)

    def test_of_other_leads_and_other_stages_follow_the_main_path(self, engine, held):
        way = [("new", "won")] * 3, [("invited", "met")] * 2
        pieces = [
            [
                (f"{lead} of {stages[0]}", stage, MONDAY + day * DAY, 0, None)
                for lead, stages in enumerate(ways)
                for day, stage in enumerate(stages)
            ]
            for ways in way
        ]
        how = {"seq": True, "closed": None, "held": held}
        own, _ = both([*pieces[0], *pieces[1]], engine, **how)
        log = FrameLog.merged(both(piece, engine, **how)[1] for piece in pieces)

        assert [sign for sign, _ in log.parts] == ([] if held else [1, 1])
        assert main_path(log) == main_path(own) == ("new", "won")

    @pytest.mark.parametrize(
        ("seq", "closed", "later"), [(True, None, False), (False, ["lost"], True)]
    )
    def test_that_were_asked_before_count_on(self, engine, held, seq, closed, later):
        chance = random.Random(7)
        pieces = parted([*batch(chance, 50)], chance, later=later)
        count_on(pieces, engine, seq=seq, closed=closed, held=held, same=alike)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("held", "seed"), [(0, 0), (0, 1), (0, 2), (0, 3), (HELD[1], 4), (300, 5), (300, 6)]
)
@pytest.mark.parametrize("seq", [True, False])
@pytest.mark.parametrize("closed", [["lost"], None])
@pytest.mark.parametrize("later", [True, False], ids=["later", "any time"])
@pytest.mark.parametrize("engine", EACH)
def test_many_logs_count_on(engine, held, seed, seq, closed, later):
    chance = random.Random(seed)
    pieces = parted([*batch(chance, 300 if held != 300 else 50)], chance, later=later)
    count_on(pieces, engine, seq=seq, closed=closed, held=held, same=same)


def count_on(pieces, engine, *, same, **how):
    """Many logs at once, which get events twice after they were asked."""
    asked = both(pieces[0], engine, **how)[1]
    given = pieces[0]
    with mock.patch.object(unions, "_SHARE", 0):
        for piece in pieces[1:]:
            own = both(given, engine, **how)[0]
            same(own, asked, as_of=None)
            given = [*given, *piece]
            new = both(piece, engine, **how)[1]
            asked = FrameLog.merged([new, asked])
            signs = [] if len(asked) <= how["held"] else [1, -1, 1]
            assert [sign for sign, _ in asked.parts] == signs
    own, whole = both(given, engine, **how)
    same(own, asked, as_of=None)
    same(own, asked, as_of=MONTHS[7])
    same_prints(whole, asked, None)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # pyspark's own
class TestSpark:
    @pytest.fixture(autouse=True)
    def _engine(self, spark, monkeypatch):
        add_spark(spark, monkeypatch)

    def test_counts_parts_the_same(self):
        rows = [*batch(random.Random(11), 300)]
        own, log = both(rows, "spark", seq=True, closed=["lost"])
        parts = log.in_parts(3)
        assert plain(funnel(parts, stages=WAY, by="source")) == plain(
            funnel(own, stages=WAY, by="source")
        )
        assert flows(parts) == flows(own)

    def test_counts_on(self):
        chance = random.Random(12)
        old, new, _ = parted([*batch(chance, 300)], chance, later=False)
        base = both(old, "spark", seq=True, closed=None)[1]
        asked = {"stages": WAY, "by": "source"}
        funnel(base, **asked)
        with mock.patch.object(unions, "_SHARE", 0):
            log = FrameLog.merged([base, both(new, "spark", seq=True, closed=None)[1]])
        assert [sign for sign, _ in log.parts] == [1, -1, 1]
        own, _ = both([*old, *new], "polars", seq=True, closed=None)
        assert plain(funnel(log, **asked)) == plain(funnel(own, **asked))
        assert cohorts(log, stages=WAY) == cohorts(own, stages=WAY)
        assert stay_durations(log) == stay_durations(own)


class TestLogsThatAreMerged:
    def a_log(self, *rows, engine="polars", **columns):
        frame = pl.DataFrame(rows, schema=["lead", "stage", "at"], orient="row")
        log = FrameLog.from_frame(
            ENGINES[engine](frame), lead="lead", stage="stage", at="at", **columns
        )
        return attrs.evolve(log, few=0, held=0)

    def test_belong_together(self):
        log = self.a_log(("a", "new", MONDAY))
        closed = self.a_log(("a", "new", MONDAY), closed=["new"])
        grouped = self.a_log(("a", "new", MONDAY), by=[])
        grouped = attrs.evolve(grouped, labels={"source": ()})
        other = self.a_log(("a", "new", MONDAY), engine="pyarrow")
        for parts in (
            [],
            [log, closed],
            [log, grouped],
            [log, other],
            [log, None],
            [log.collect()],
        ):
            with pytest.raises(InvalidValue) as caught:
                FrameLog.merged(parts)
            assert caught.value.where == "logs"

    @pytest.mark.parametrize("engine", ["polars", "polars, lazy", "pyarrow", "pandas", "duckdb"])
    def test_may_have_other_types_of_ids_and_other_stages_and_a_seq(self, engine):
        """By hand: lead 7 is new, then met, then won; 8 is new; 9 is met."""
        base = self.a_log(("7", "new", MONDAY), ("8", "new", MONDAY), engine=engine)
        frame = pl.DataFrame(
            {"lead": [7, 9], "stage": ["met", "met"], "at": [MONDAY + DAY] * 2, "seq": [1, 2]}
        )
        more = FrameLog.from_frame(
            ENGINES[engine](frame), lead="lead", stage="stage", at="at", seq="seq"
        )
        more = attrs.evolve(more, held=0)
        last = self.a_log(("7", "won", MONDAY + 2 * DAY), engine=engine)
        for share in (0, 4):
            with mock.patch.object(unions, "_SHARE", share):
                log = FrameLog.merged([base, more, last])
            counted = funnel(log, stages=WAY)
            assert [step.reached for step in counted.steps] == [3, 2, 1]
            assert counted["new"].skipped == 1
            assert counted["new"].median_days == 1.0
            assert flows(log).moves == {("new", "met"): 1, ("met", "won"): 1}
            assert (len(log), log.duplicates) == (5, 0)

    @pytest.mark.parametrize("held", HELD)
    def test_may_be_of_one_table_that_has_grown(self, held):
        names = {"lead": "lead", "stage": "stage", "at": "at"}
        connection = duckdb.connect()
        rows = [("a", "new", MONDAY), ("b", "new", MONDAY), ("a", "won", MONDAY + DAY)]
        frame = pl.DataFrame(rows, schema=[*names], orient="row")
        connection.register("given", frame.to_arrow())
        connection.execute("CREATE TABLE events AS SELECT * FROM given WHERE \"stage\" = 'new'")
        log = FrameLog.from_frame(connection.table("events"), **names)
        old = attrs.evolve(log, few=0, held=held)
        connection.execute("INSERT INTO events SELECT * FROM given WHERE \"stage\" = 'won'")
        later = connection.sql("SELECT * FROM events WHERE \"stage\" = 'won'")
        new = attrs.evolve(FrameLog.from_frame(later, **names), few=0)
        for share in (0, 4):
            with mock.patch.object(unions, "_SHARE", share):
                log = FrameLog.merged([old, new])
            assert (len(log), log.duplicates) == (3, 0)
            assert [step.reached for step in funnel(log, stages=["new", "won"]).steps] == [2, 1]
            assert flows(log).moves == {("new", "won"): 1}
            assert flows(log).waiting == {"new": 1, "won": 1}

    def test_that_share_no_lead_are_parts(self):
        logs = [self.a_log((lead, "new", MONDAY), (lead, "won", MONDAY + DAY)) for lead in "abc"]
        log = FrameLog.merged(logs)
        assert [sign for sign, _ in log.parts] == [1, 1]
        assert not log.has_replaced
        assert funnel(log, stages=["new", "won"])["won"].reached == 3

    def test_are_as_they_were(self):
        base, more = self.a_log(("a", "new", MONDAY)), self.a_log(("a", "won", MONDAY + DAY))
        before = plain(funnel(base, stages=["new"]))
        with mock.patch.object(unions, "_SHARE", 0):
            FrameLog.merged([base, more])
        assert plain(funnel(base, stages=["new"])) == before
        assert FrameLog.merged([base]) is base

    def test_and_have_many_leads_with_new_events_are_counted_as_one(self):
        rows = [(f"{n}", "new", MONDAY) for n in range(100)]
        base = self.a_log(*rows)
        few = self.a_log(*[(f"{n}", "won", MONDAY + DAY) for n in range(10)])
        many = self.a_log(*[(f"{n}", "won", MONDAY + DAY) for n in range(40)])
        assert [sign for sign, _ in FrameLog.merged([base, few]).parts] == [1, -1, 1]
        assert FrameLog.merged([base, many]).parts == ()
        assert funnel(FrameLog.merged([many, base]), stages=["new", "won"])["won"].reached == 40

    def test_are_read_again_for_the_leads_with_new_events_only(self):
        """What the first log has worked out of all its leads is not worked out again."""
        base = self.a_log(*[(f"{n}", "new", MONDAY + n * DAY) for n in range(100)])
        funnel(base, stages=["new"])
        [table] = base.kept
        log = FrameLog.merged([base, self.a_log(("7", "new", MONDAY + 200 * DAY))])
        assert funnel(log, stages=["new"]).leads == 100
        assert base.kept == [table]


def parted(rows, chance, *, later):
    """The old events, and twice new ones."""
    if later:
        rows = sorted(rows, key=lambda row: row[2])
        marks = [len(rows) * 8 // 10, len(rows) * 9 // 10]
        return [rows[: marks[0]], rows[marks[0] : marks[1]], rows[marks[1] :]]
    pieces = [[], [], []]
    for row in rows:
        pieces[chance.choices(range(3), [8, 1, 1])[0]].append(row)
    return [pieces[0], [*pieces[1], *pieces[0][:50]], pieces[2]]
