"""Logs in parts count what the whole does, and new events are counted without the old ones."""

import random
from datetime import timedelta
from unittest import mock

import attrs
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from leadlib._metrics import unions
from leadlib.errors import InvalidValue
from leadlib.metrics import FrameLog, flows, funnel, stay_durations
from test_frame_logs import (
    DAY,
    ENGINES,
    MONDAY,
    MONTHS,
    WAY,
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
    @given(
        rows=rows,
        seq=st.booleans(),
        closed=CLOSED,
        as_of=st.one_of(st.none(), instants),
        count=st.integers(1, 5),
    )
    @example(rows=[], seq=False, closed=None, as_of=None, count=2)
    def test_count_the_same(self, engine, rows, seq, closed, as_of, count):
        own, whole = both(rows, engine, seq=seq, closed=closed)
        log = whole.in_parts(count)
        same(own, log, as_of=as_of)
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


def split(rows, engine, *, seq, closed, chance):
    """The log of all rows in one piece, and the logs of some of them, one for each."""
    given = [row if seq else (*row[:3], 0, row[4]) for row in rows]
    pieces = [[], [], []]
    for row in given:
        chance.choice(pieces).append(row)
        if chance.random() < 0.2:  # delivered again
            chance.choice(pieces).append(row)
    own, whole = both([row for piece in pieces for row in piece], engine, seq=seq, closed=closed)
    return own, whole, [both(piece, engine, seq=seq, closed=closed)[1] for piece in pieces]


@pytest.mark.parametrize("engine", EACH)
class TestMergedLogs:
    @DRAWN
    @given(
        rows=rows,
        seq=st.booleans(),
        closed=CLOSED,
        as_of=st.one_of(st.none(), instants),
        chance=st.randoms(use_true_random=False),
    )
    def test_count_as_if_made_of_all_rows(self, engine, rows, seq, closed, as_of, chance):
        own, whole, pieces = split(rows, engine, seq=seq, closed=closed, chance=chance)
        for share in (0, 4):  # 0: leads with new events are always counted anew, and no others
            with mock.patch.object(unions, "_SHARE", share):
                log = FrameLog.merged(pieces)
                assert share or not pieces[1] or log.parts
                same(own, log, as_of=as_of)
                same_prints(whole, log, as_of)

    @pytest.mark.parametrize(
        ("seq", "closed", "later"), [(True, None, False), (False, ["lost"], True)]
    )
    def test_that_were_asked_before_count_on(self, engine, seq, closed, later):
        count_on(engine, seq=seq, closed=closed, later=later, chance=random.Random(7), logs=50)

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(4))
    @pytest.mark.parametrize("seq", [True, False])
    @pytest.mark.parametrize("closed", [["lost"], None])
    @pytest.mark.parametrize("later", [True, False], ids=["later", "any time"])
    def test_of_many_logs_count_on(self, engine, seq, closed, later, seed):
        chance = random.Random(seed)
        count_on(engine, seq=seq, closed=closed, later=later, chance=chance, logs=300)


def count_on(engine, *, seq, closed, later, chance, logs):
    """Many logs at once, which get events twice after they were asked."""
    pieces = parted([*batch(chance, logs)], chance, later=later)
    asked = both(pieces[0], engine, seq=seq, closed=closed)[1]
    given = pieces[0]
    with mock.patch.object(unions, "_SHARE", 0):
        for piece in pieces[1:]:
            own = both(given, engine, seq=seq, closed=closed)[0]
            same(own, asked, as_of=None)
            given = [*given, *piece]
            new = both(piece, engine, seq=seq, closed=closed)[1]
            asked = FrameLog.merged([new, asked])
            assert [sign for sign, _ in asked.parts] == [1, -1, 1]
    own, whole = both(given, engine, seq=seq, closed=closed)
    same(own, asked, as_of=None)
    same(own, asked, as_of=MONTHS[7])
    same_prints(whole, asked, None)


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
