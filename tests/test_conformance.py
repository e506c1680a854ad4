"""What leads really did, against the lifecycle that was declared."""

import csv
import gzip
import json
import pickle
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import DAY, MONDAY, a_history
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import (
    STANDARD,
    WORKING,
    Accepted,
    Attempted,
    Deferred,
    Disqualified,
    HandedBack,
    Inquired,
    LeakKind,
    Lifecycle,
    Stage,
    Triaged,
)
from leadlib.metrics import (
    Conformance,
    HandBacks,
    Move,
    MoveKind,
    Rate,
    StageLog,
    Stall,
    Variant,
    conformance,
)
from leadlib.model import Team

EVENTS = (Triaged, Accepted, Attempted, HandedBack, Deferred, Disqualified)  # which, is all one


def a_lifecycle(moves, *, start=None, sales=(), both=(), closed=()):
    """Declare a lifecycle by the names of its stages: from each, where leads may go."""
    owners = dict.fromkeys(sales, Team.SALES) | dict.fromkeys(both, Team.BOTH)
    stages = {
        name: Stage(name, owners.get(name, Team.MARKETING), closed=name in closed) for name in moves
    }
    table = {
        stages[name]: dict(zip(EVENTS, map(stages.get, targets), strict=False))
        for name, targets in moves.items()
    }
    return Lifecycle(
        "ours", start=stages[start or next(iter(moves))], opening=Inquired, table=table
    )


OURS = a_lifecycle(
    {
        "new": ["checked"],
        "checked": ["offered"],
        "offered": ["won", "lost", "returned"],
        "returned": ["checked"],
        "won": [],
        "lost": ["returned"],
    },
    sales=["offered", "lost"],
    both=["won"],
    closed=["won", "lost"],
)


def day(number):
    return MONDAY + number * DAY


def a_log(**paths):
    """Log the stages of each lead, one a day."""
    return StageLog.from_rows(
        (lead, stage, day(number))
        for lead, path in paths.items()
        for number, stage in enumerate(path.split())
    )


def compared(*paths, lifecycle=OURS, **options):
    log = a_log(**{f"lead{number}": path for number, path in enumerate(paths)})
    return conformance(log, lifecycle, **options)


def only_move(source, target, lifecycle=OURS):
    (move,) = compared(f"{source} {target}", lifecycle=lifecycle).moves
    return move


class TestMoves:
    @pytest.mark.parametrize(
        ("source", "target", "kind", "skipped"),
        [
            ("new", "checked", MoveKind.DECLARED, ()),
            ("new", "offered", MoveKind.SKIP, ("checked",)),
            ("new", "won", MoveKind.SKIP, ("checked", "offered")),
            ("new", "returned", MoveKind.SKIP, ("checked", "offered")),
            ("offered", "checked", MoveKind.BACK, ()),
            ("returned", "offered", MoveKind.BACK, ()),
            ("won", "new", MoveKind.BACK, ()),
            ("lost", "offered", MoveKind.BACK, ()),
            ("won", "lost", MoveKind.ASIDE, ()),
            ("returned", "won", MoveKind.ASIDE, ()),
            ("new", "vip", MoveKind.FOREIGN, ()),
            ("vip", "new", MoveKind.FOREIGN, ()),
            ("vip", "vop", MoveKind.FOREIGN, ()),
        ],
    )
    def test_are_of_one_kind(self, source, target, kind, skipped):
        move = only_move(source, target)

        assert (move.kind, move.skipped) == (kind, skipped)
        assert (move.count, move.leads) == (1, 1)

    @pytest.mark.parametrize(
        ("source", "target", "kind", "skipped"),
        [
            ("nurture", "qualified", MoveKind.SKIP, ("qualifying",)),
            ("qualified", "working", MoveKind.SKIP, ("handed_off",)),
            ("working", "nurture", MoveKind.SKIP, ("handed_back",)),
            ("inquiry", "handed_off", MoveKind.SKIP, ("watch",)),
            ("working", "accepted", MoveKind.BACK, ()),
            ("quoted", "qualified", MoveKind.SKIP, ("handed_back", "qualifying")),
            ("customer", "quoted", MoveKind.BACK, ()),
            ("customer", "lost", MoveKind.ASIDE, ()),
        ],
    )
    def test_go_ahead_or_back_although_the_standard_runs_in_circles(
        self, source, target, kind, skipped
    ):
        """Whoever was quoted and is qualified again was handed back, and nobody wrote it down."""
        move = only_move(source, target, STANDARD)

        assert (move.kind, move.skipped) == (kind, skipped)

    def test_from_where_no_declared_move_leads_go_by_the_moves_alone(self):
        island = a_lifecycle({"new": ["won"], "won": [], "found": ["kept"], "kept": ["won"]})

        assert only_move("found", "won", island).skipped == ("kept",)
        assert only_move("kept", "found", island).kind is MoveKind.BACK

    def test_are_declared_by_whichever_event(self):
        """Two events from the hand-off lead to the same stage: one move."""
        result = compared("inquiry", lifecycle=STANDARD)

        assert only_move("handed_off", "handed_back", STANDARD).kind is MoveKind.DECLARED
        assert result.unused.count(("handed_off", "handed_back")) == 1
        assert ("inquiry", "inquiry") not in result.unused

    def test_count_each_time_and_each_lead(self):
        result = compared("new checked new checked", "new checked")

        assert result.moves == (
            Move(source="new", target="checked", kind=MoveKind.DECLARED, count=3, leads=2),
            Move(source="checked", target="new", kind=MoveKind.BACK, count=1, leads=1),
        )
        assert result.departures == result.moves[1:]
        assert result.kinds == dict.fromkeys(MoveKind, 0) | {"declared": 3, "back": 1}

    def test_are_not_made_by_staying(self):
        result = compared("inquiry inquiry inquiry qualifying qualifying", lifecycle=STANDARD)

        assert (result.events, result.leads, result.repeats) == (5, 1, 3)
        assert [(move.source, move.target) for move in result.moves] == [("inquiry", "qualifying")]
        assert result.variants[0].path == ("inquiry", "qualifying")

    def test_of_one_instant_go_by_seq(self):
        rows = [("a", "checked", MONDAY, 1), ("a", "new", MONDAY, 2)]

        assert conformance(StageLog.from_rows(rows), OURS).variants[0].path == ("checked", "new")

    def test_of_one_instant_and_seq_go_by_the_lifecycle_with_strangers_last(self):
        rows = [("a", stage, MONDAY) for stage in ("a-z", "checked", "new")]

        path = conformance(StageLog.from_rows(rows), OURS).variants[0].path

        assert path == ("new", "checked", "a-z")

    def test_that_nobody_made_are_named_in_the_order_of_the_table(self):
        assert compared("new checked offered won").unused == (
            ("offered", "lost"),
            ("offered", "returned"),
            ("returned", "checked"),
            ("lost", "returned"),
        )

    def test_after_the_end_are_named_declared_or_not(self):
        result = compared("new checked offered lost returned", "new won new", "new won won")

        assert [(m.source, m.target, m.kind) for m in result.after_end] == [
            ("won", "new", MoveKind.BACK),
            ("lost", "returned", MoveKind.DECLARED),
        ]


class TestLeads:
    def test_conform_as_far_as_they_have_come(self):
        result = compared("new", "new checked", "new offered", "checked offered", "new vip")

        assert result.conforming == Rate(2, 5)
        assert str(result.conforming) == "40.0 % [11.8, 76.9]"

    def test_are_counted_by_path_the_most_frequent_first(self):
        """Ties go by the order of stages in the lifecycle."""
        result = compared("checked", "new vip", "new checked", "new checked", "new")

        assert result.variants == (
            Variant(path=("new", "checked"), leads=2, of=5, conforms=True),
            Variant(path=("new",), leads=1, of=5, conforms=True),
            Variant(path=("new", "vip"), leads=1, of=5, conforms=False),
            Variant(path=("checked",), leads=1, of=5, conforms=False),
        )
        assert result.variants[0].share == Rate(2, 5)

    def test_that_began_elsewhere_are_named(self):
        result = compared("vip new", "offered won", "offered", "new checked")

        assert result.wrong_starts == {"offered": 2, "vip": 1}

    def test_in_a_stage_that_nobody_declared_are_neither_open_nor_ended(self):
        result = compared("new vip new vip", "vip new", "new won", "offered lost", "new")

        assert result.foreign == {"vip": 2}
        assert (result.open, result.ended, result.elsewhere) == (2, 2, 1)

    def test_may_be_none(self):
        result = compared(stall=DAY)

        assert (result.leads, result.events, result.repeats) == (0, 0, 0)
        assert (result.conforming, result.stalled) == (Rate(0, 0), Rate(0, 0))
        assert len(result.unused) == 7
        assert "0 leads and 0 moves" in str(result)

    def test_of_a_replayed_history_conform(self):
        log = StageLog.from_events(a_history(), lifecycle=STANDARD)
        result = conformance(log, STANDARD)

        assert result.conforming == Rate(1, 1)
        assert result.hand_backs.leads == 1


class TestStalls:
    def test_begin_after_the_limit_not_at_it(self):
        log = a_log(a="new", b="new checked")  # checked a day later
        at_limit, past = day(3), day(3) + timedelta(microseconds=1)

        assert conformance(log, OURS, as_of=at_limit, stall=3 * DAY).stalls == ()
        assert conformance(log, OURS, as_of=past, stall=3 * DAY).stalls == (
            Stall(
                stage="new",
                owner=Team.MARKETING,
                leads=1,
                open=1,
                limit=3 * DAY,
                median_days=3 + 1 / 86_400_000_000,
            ),
        )

    def test_count_by_stage_with_the_median_of_those_that_stall(self):
        """Entered on days 0, 0, 1 and 2, as of day 10: 10, 10, 9 and 8 days."""
        log = a_log(a="offered", b="offered", c="new offered", d="new checked offered", e="new")
        result = conformance(log, OURS, as_of=day(10), stall=8 * DAY)

        assert [(s.stage, s.leads, s.open, s.median_days) for s in result.stalls] == [
            ("new", 1, 1, 10.0),
            ("offered", 3, 4, 10.0),
        ]
        assert result.stalls[1].share == Rate(3, 4)
        assert result.stalled == Rate(4, 5)

    def test_may_have_a_limit_for_each_stage(self):
        log = a_log(a="new", b="checked", c="offered")
        limits = {OURS.stage("checked"): DAY, "offered": 20 * DAY}
        result = conformance(log, OURS, as_of=day(10), stall=limits)

        assert [stall.stage for stall in result.stalls] == ["checked"]
        assert result.limits == {"checked": DAY, "offered": 20 * DAY}

    def test_run_from_the_last_arrival_and_a_repeat_does_not_start_them_anew(self):
        log = a_log(back="new checked new", again="checked checked checked")
        result = conformance(log, OURS, as_of=day(2) + DAY, stall=timedelta(0))

        assert [(s.stage, s.median_days) for s in result.stalls] == [("new", 1.0), ("checked", 3.0)]

    def test_are_of_open_stages_only(self):
        result = compared("won", "lost", "vip", as_of=day(99), stall=DAY)

        assert (result.stalls, result.stalled) == ((), Rate(0, 0))
        assert result.limits.keys() == {"new", "checked", "offered", "returned"}

    def test_are_not_reported_without_a_limit(self):
        result = compared("new", as_of=day(99))

        assert (result.stalls, result.stalled, result.limits) == ((), None, {})

    @pytest.mark.parametrize(
        ("stall", "error"),
        [
            ({"ofered": DAY}, UnknownName),
            (-DAY, InvalidValue),
            (3, InvalidValue),
            ("3 days", InvalidValue),
            ({"new": 3}, InvalidValue),
            ({3: DAY}, UnknownName),
            ({3.5: DAY}, InvalidValue),
            ({"new": DAY, OURS.start: 2 * DAY}, InvalidValue),
        ],
    )
    def test_refuse_what_is_no_limit(self, stall, error):
        with pytest.raises(error, match="expected"):
            compared("new", stall=stall)


class TestHandBacks:
    def test_go_from_the_hands_of_sales_to_an_open_stage_of_marketing(self):
        result = compared("offered returned checked offered checked", "lost new", "offered")

        assert [(m.source, m.target) for m in result.moves if m.is_hand_back] == [
            ("offered", "checked"),
            ("offered", "returned"),
            ("lost", "new"),
        ]
        assert (result.hand_backs.moves, result.hand_backs.leads) == (3, 2)
        assert result.hand_backs.share == Rate(2, 3)

    def test_are_not_made_by_reopening_what_both_have_closed(self):
        result = compared("won new", "checked new", "offered vip new")

        assert (result.hand_backs.moves, result.hand_backs.had) == (0, 1)

    def test_are_not_made_by_ruling_out(self):
        ruled_out = a_lifecycle(
            {"new": ["sold"], "sold": ["out"], "out": []}, sales=["sold"], closed=["out"]
        )
        result = compared("new sold out", lifecycle=ruled_out)

        assert result.hand_backs.moves == 0
        assert result.hand_backs.missing == ("sold",)

    def test_of_what_both_own_count(self):
        assert only_move("handed_off", "handed_back", STANDARD).is_hand_back
        assert not only_move("disqualified", "qualifying", STANDARD).is_hand_back

    @pytest.mark.rule("003-41", part="none used while leads stall")
    def test_are_blocked_if_forty_leads_stall_and_none_came_back(self):
        path = "inquiry qualifying qualified handed_off working"
        stuck = compared(*[path] * 40, lifecycle=STANDARD, as_of=day(90), stall=14 * DAY)
        paths = [*[path] * 40, f"{path} handed_back"]
        used = compared(*paths, lifecycle=STANDARD, as_of=day(90), stall=14 * DAY)

        assert (stuck.hand_backs.stalled, stuck.hand_backs.moves) == (40, 0)
        assert stuck.hand_backs.is_blocked is True
        assert (used.hand_backs.stalled, used.hand_backs.is_blocked) == (40, False)

    @pytest.mark.rule("003-41", part="the missing way back is seen beside the log")
    def test_are_blocked_if_no_way_is_declared(self):
        shut = STANDARD.without_move(WORKING, HandedBack)
        result = compared("working handed_back", lifecycle=shut)
        leaks = [str(leak.stage) for leak in shut.leaks() if leak.kind is LeakKind.NO_WAY_BACK]

        assert result.hand_backs.missing == ("working",) == tuple(leaks)
        assert result.hand_backs.is_blocked is True
        assert compared("working", lifecycle=STANDARD).hand_backs.missing == ()

    @pytest.mark.parametrize(
        ("path", "stall", "stalled", "is_blocked"),
        [
            ("offered", None, None, None),  # unknown is not no
            ("offered", {"new": DAY}, None, None),
            ("offered", {"offered": DAY}, 1, True),
            ("offered", 99 * DAY, 0, False),
            ("offered returned", None, None, False),
            ("new", DAY, 0, None),  # sales had nothing that it could have handed back
        ],
    )
    def test_say_what_is_not_known(self, path, stall, stalled, is_blocked):
        backs = compared(path, as_of=day(9), stall=stall).hand_backs

        assert (backs.stalled, backs.is_blocked) == (stalled, is_blocked)

    def test_need_a_limit_for_every_stage_of_sales_before_none_stalls(self):
        """One that stalls is known to stall, though other stages were not looked at."""
        limits = {WORKING: DAY}

        none = compared("handed_off", lifecycle=STANDARD, as_of=day(9), stall=limits).hand_backs
        one = compared("working", lifecycle=STANDARD, as_of=day(9), stall=limits).hand_backs

        assert (none.stalled, one.stalled) == (None, 1)

    def test_of_marketing_alone_need_no_sales(self):
        alone = a_lifecycle({"new": ["done"], "done": []})

        assert compared("new", lifecycle=alone).hand_backs.missing == ()


STAGES = ("new", "checked", "offered", "returned", "won", "lost", "vip", "vop")
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(STAGES),
        st.integers(0, 6).map(day),
        st.integers(0, 2),
    ),
    max_size=30,
)
LIMITS = st.none() | st.integers(0, 4).map(lambda days: days * DAY)


class TestLaws:
    @given(ROWS, LIMITS)
    def test_everything_adds_up(self, rows, stall):
        result = conformance(StageLog.from_rows(rows), OURS, stall=stall)
        moves = sum(result.kinds.values())

        assert result.leads == len({row[0] for row in rows})
        assert result.events == len({*rows}) == result.leads + moves + result.repeats
        assert result.repeats >= 0
        assert moves == sum(move.count for move in result.moves)
        assert moves == sum(v.leads * (len(v.path) - 1) for v in result.variants)
        assert result.leads == sum(v.leads for v in result.variants)
        assert result.leads == result.open + result.ended + result.elsewhere
        assert result.hand_backs.moves == sum(m.count for m in result.moves if m.is_hand_back)
        assert result.hand_backs.leads <= result.hand_backs.had <= result.leads
        assert all(1 <= move.leads <= move.count for move in result.moves)
        assert all(1 <= stall.leads <= stall.open for stall in result.stalls)

    @given(ROWS, LIMITS, st.randoms(use_true_random=False))
    def test_order_and_duplicates_change_nothing(self, rows, stall, rng):
        shuffled = rng.sample(rows * 2, k=len(rows) * 2)

        result = conformance(StageLog.from_rows(shuffled), OURS, stall=stall)

        assert result == conformance(StageLog.from_rows(rows), OURS, stall=stall)
        assert str(result) == str(conformance(StageLog.from_rows(rows), OURS, stall=stall))

    @given(ROWS, LIMITS, st.integers(-1, 7).map(day))
    def test_nothing_after_as_of_is_visible(self, rows, stall, as_of):
        seen = [row for row in rows if row[2] <= as_of]

        result = conformance(StageLog.from_rows(rows), OURS, as_of=as_of, stall=stall)

        assert result == conformance(StageLog.from_rows(seen), OURS, as_of=as_of, stall=stall)

    @given(st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=5, max_size=5))
    def test_ahead_is_what_its_definition_says(self, targets):
        """By all ways written out, in all small lifecycles."""
        names = "pqrst"
        moves = {names[i]: [names[to] for to in row] for i, row in enumerate(targets)}
        lifecycle = a_lifecycle(moves)
        for source in names:
            for target in set(names) - {source}:
                move = only_move(source, target, lifecycle)

                assert move.kind is kind_by_hand(moves, source, target)
                if move.kind is MoveKind.SKIP:
                    taken = (source, *move.skipped, target)
                    shortest = min(map(len, ways_ahead(moves, source, target)))
                    assert taken in ways_ahead(moves, source, target)
                    assert len(taken) == shortest


def ways(moves, source, target, before=()):
    """Yield every declared way without a circle."""
    if source == target:
        yield (*before, target)
    elif source not in before:
        for following in moves[source]:
            yield from ways(moves, following, target, (*before, source))


def ways_ahead(moves, source, target):
    to_source = [set(way) for way in ways(moves, "p", source)]
    passed = set.intersection(*to_source) - {source} if to_source else set()
    return [way for way in ways(moves, source, target) if passed.isdisjoint(way)]


def kind_by_hand(moves, source, target):
    if target in moves[source]:
        return MoveKind.DECLARED
    if ways_ahead(moves, source, target):
        return MoveKind.SKIP
    return MoveKind.BACK if ways_ahead(moves, target, source) else MoveKind.ASIDE


PRINTED = """\
4 leads and 6 moves as of 2026-03-11 09:00 UTC, against the lifecycle 'ours'.
Only what is declared: 25.0 % [4.6, 69.9] of the leads.
Moves: declared 4, skip 1, back 0, aside 0, foreign 1.
Hand-backs: sales handed back 1 of 3 leads (33.3 % [6.1, 79.2]); 1 stalled with sales.

path                           leads   share  declared
─────────────────────────────  ─────  ──────  ────────
new > checked > offered > won      1  25.0 %       yes
new > offered > returned           1  25.0 %        no
new > vip                          1  25.0 %        no
offered                            1  25.0 %        no

not declared  to       kind     skipped  moves  leads
────────────  ───────  ───────  ───────  ─────  ─────
new           offered  skip     checked      1      1
new           vip      foreign  -            1      1

also found     where               leads
─────────────  ──────────────────  ─────
wrong start    offered                 1
foreign stage  vip                     1
unused         offered > lost          0
unused         returned > checked      0
unused         lost > returned         0

stalled in  owner      leads  of  limit in days  median days
──────────  ─────────  ─────  ──  ─────────────  ───────────
offered     sales          1   1            1.0          9.0
returned    marketing      1   1            1.0          7.0"""


class TestResult:
    RESULT = compared(
        "new checked offered won",
        "new offered returned",
        "new vip",
        "offered",
        as_of=day(9),
        stall=DAY,
    )

    def test_prints_as_tables(self):
        """Counted by hand from the four paths above."""
        assert str(self.RESULT) == PRINTED
        assert repr(self.RESULT) == "<Conformance of 4 leads to 'ours': 25.0 % [4.6, 69.9]>"

    def test_prints_no_more_than_a_page_holds_and_says_so(self):
        stages = [f"s{number:02}" for number in range(30)]
        printed = str(compared(" ".join(stages), *stages))

        assert "s00 > s01 > s02 > s03 > (22 more) > s26 > s27 > s28 > s29" in printed
        assert printed.count("\nand 21 more") == 1  # 31 paths
        assert printed.count("\nand 19 more") == 1  # 29 moves that nobody declared
        assert "watch, handed_off, working and 2 more" in str(
            compared("inquiry customer", lifecycle=STANDARD)
        )

    def test_prints_the_way_that_is_shut(self):
        shut = STANDARD.without_move(WORKING, HandedBack)

        assert str(compared("working", lifecycle=shut).hand_backs) == (
            "no way back is declared from working; sales handed back 0 of 1 lead "
            "(0.0 % [0.0, 79.3]); nobody knows how many stall"
        )

    def test_lets_no_stage_fake_a_line(self):
        log = StageLog.from_rows([("a", "new\nwon  9,999", MONDAY), ("a", "won", day(1))])

        assert "\nwon  9,999" not in str(conformance(log, OURS))

    def test_is_plain_data_on_demand(self):
        plain = self.RESULT.to_dict()

        assert json.loads(json.dumps(plain)) == plain
        assert plain["conforming"]["leads"] == 1
        assert plain["conforming"]["of"] == 4
        assert plain["kinds"] == {"declared": 4, "skip": 1, "back": 0, "aside": 0, "foreign": 1}
        assert plain["variants"][1]["path"] == ["new", "offered", "returned"]
        (back,) = (move for move in plain["moves"] if move["is_hand_back"])
        assert back == {
            "source": "offered",
            "target": "returned",
            "kind": "declared",
            "count": 1,
            "leads": 1,
            "skipped": [],
            "is_hand_back": True,
            "leaves_end": False,
        }
        assert plain["limit_days"]["offered"] == 1.0
        assert plain["hand_backs"]["is_blocked"] is False

    def test_is_a_frozen_value(self):
        result = self.RESULT

        assert isinstance(result, Conformance)
        assert isinstance(result.hand_backs, HandBacks)
        assert pickle.loads(pickle.dumps(result)) == result
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            result.leads = 5
        with pytest.raises(TypeError):
            result.foreign["vip"] = 0

    def test_names_no_lead(self):
        log = StageLog.from_rows([("ada@example.com", "new", MONDAY)])
        result = conformance(log, OURS, as_of=day(9), stall=DAY)

        assert "ada" not in f"{result} {result!r} {result.to_dict()} {result.variants!r}"

    @pytest.mark.parametrize(("log", "lifecycle"), [([], OURS), (a_log(a="new"), "standard")])
    def test_refuses_what_is_no_log_or_no_lifecycle(self, log, lifecycle):
        with pytest.raises(InvalidValue):
            conformance(log, lifecycle)


DESK = a_lifecycle(
    {
        "Insert ticket": ["Assign seriousness"],
        "Assign seriousness": ["Take in charge ticket"],
        "Take in charge ticket": [
            "Wait",
            "Require upgrade",
            "Create SW anomaly",
            "Schedule intervention",
            "Resolve ticket",
        ],
        "Wait": ["Take in charge ticket", "Resolve ticket"],
        "Require upgrade": ["Resolve ticket"],
        "Create SW anomaly": ["Resolve SW anomaly"],
        "Resolve SW anomaly": ["Resolve ticket"],
        "Schedule intervention": ["Resolve ticket"],
        "Resolve ticket": ["Closed", "Take in charge ticket"],
        "Closed": [],
    },
    start="Assign seriousness",
    sales=["Resolve ticket"],
    both=["Closed"],
    closed=["Closed"],
)
STRANGE = {"VERIFIED", "RESOLVED", "INVALID", "DUPLICATE"}


@pytest.fixture(scope="module")
def tickets(shared_data):
    """Give the raw rows of each ticket in order: (activity, when)."""
    rows = defaultdict(list)
    path = shared_data / "helpdesk_log" / "events.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["timestamp"])
            rows[row["case_id"]].append((at, int(row["seq"]), row["activity"]))
    return {case: [(what, at) for at, _, what in sorted(own)] for case, own in rows.items()}


class TestHelpDesk:
    """
    A real log of tickets, against a process declared by hand.

    The desk stands where marketing stands; with "Resolve ticket" the work leaves its hands and
    waits for the customer, who stands where sales stands, until both are done with it.  The work is
    handed back if "Resolve ticket" is directly followed by work of the desk: the data's own notes
    name taking in charge, waiting and assigning, and count 150 tickets.
    """

    def test_150_tickets_were_handed_back(self, tickets):
        desk = {stage.name for stage in DESK.stages} - {"Resolve ticket", "Closed"}
        noted = {"Take in charge ticket", "Wait", "Assign seriousness"}
        moves, back, back_as_noted = 0, set(), set()
        for case, rows in tickets.items():
            for (before, _), (after, _) in pairwise(rows):
                if before == "Resolve ticket" and after in desk:
                    moves += 1
                    back.add(case)
                    if after in noted:
                        back_as_noted.add(case)
        resolved = sum(any(what == "Resolve ticket" for what, _ in own) for own in tickets.values())

        backs = conformance(log_of(tickets), DESK).hand_backs

        assert len(back) == len(back_as_noted) == 150
        assert (backs.leads, backs.moves, backs.had) == (150, moves, resolved)
        assert (moves, resolved) == (159, 4_569)
        assert str(backs.share) == "3.283 % [2.804, 3.840]"

    def test_moves_are_of_the_kinds_that_one_would_give_them(self, tickets):
        """Sorted by hand into kinds; what both lists do not name must be declared or strange."""
        skips = pairs(
            """
            Assign seriousness > Resolve ticket; Assign seriousness > Wait;
            Assign seriousness > Require upgrade; Assign seriousness > Create SW anomaly;
            Insert ticket > Take in charge ticket; Insert ticket > Wait;
            Create SW anomaly > Resolve ticket; Take in charge ticket > Resolve SW anomaly
            """
        )
        backs = pairs(
            """
            Take in charge ticket > Assign seriousness; Wait > Assign seriousness;
            Require upgrade > Take in charge ticket; Create SW anomaly > Take in charge ticket;
            Schedule intervention > Take in charge ticket; Resolve ticket > Wait;
            Resolve ticket > Assign seriousness; Resolve ticket > Require upgrade;
            Closed > Take in charge ticket
            """
        )
        asides = pairs(
            """
            Create SW anomaly > Require upgrade; Require upgrade > Create SW anomaly;
            Require upgrade > Wait; Wait > Require upgrade; Wait > Create SW anomaly;
            Resolve SW anomaly > Require upgrade
            """
        )
        expected = dict.fromkeys(MoveKind, 0)
        for own in tickets.values():
            for pair in pairwise(what for what, _ in own):
                if pair[0] == pair[1]:
                    continue
                for kind, known in (
                    (MoveKind.SKIP, pair in skips),
                    (MoveKind.BACK, pair in backs),
                    (MoveKind.ASIDE, pair in asides),
                    (MoveKind.FOREIGN, bool({*pair} & STRANGE)),
                    (MoveKind.DECLARED, True),
                ):
                    if known:
                        expected[kind] += 1
                        break

        kinds = conformance(log_of(tickets), DESK).kinds

        assert kinds == expected
        assert [*kinds.values()] == [15_369, 389, 20, 35, 11]

    def test_paths_are_those_of_the_rows(self, tickets):
        paths = Counter(without_repeats(own) for own in tickets.values())
        strange = Counter(stage for path in paths for stage in {*path} & STRANGE)
        declared = {(a.name, b.name) for a, row in DESK.table.items() for b in row.values()}
        conforming = sum(
            count
            for path, count in paths.items()
            if path[0] == DESK.start.name and declared.issuperset(pairwise(path))
        )

        result = conformance(log_of(tickets), DESK)

        assert {v.path: v.leads for v in result.variants} == paths
        assert result.variants[0].leads == 2_770
        assert (result.leads, result.events, len(result.variants)) == (4_580, 21_348, 106)
        assert result.conforming == Rate(conforming, 4_580)
        assert result.wrong_starts == {
            "Insert ticket": 118,
            "Take in charge ticket": 74,
            "Wait": 1,
            "Create SW anomaly": 1,
            "Resolve ticket": 2,
        }
        assert result.foreign.keys() == STRANGE == strange.keys()
        assert [(move.target, move.count) for move in result.after_end] == [
            ("Take in charge ticket", 2),
            ("VERIFIED", 1),
        ]
        assert result.unused == ()

    def test_stalls_are_those_of_the_rows(self, tickets):
        """Cut in the middle: by itself the log holds only what was closed."""
        cut, limit = datetime(2012, 1, 1, tzinfo=UTC), timedelta(days=14)
        stalled = Counter()
        for own in tickets.values():
            seen = [(what, at) for what, at in own if at <= cut]
            while len(seen) > 1 and seen[-1][0] == seen[-2][0]:
                seen.pop()
            if seen and seen[-1][0] not in {"Closed", *STRANGE} and cut - seen[-1][1] > limit:
                stalled[seen[-1][0]] += 1

        result = conformance(log_of(tickets), DESK, as_of=cut, stall=limit)

        assert {stall.stage: stall.leads for stall in result.stalls} == stalled
        assert stalled["Wait"] > 0
        assert result.hand_backs.stalled == stalled["Resolve ticket"]


def log_of(tickets):
    rows = [
        (case, what, at, seq) for case, own in tickets.items() for seq, (what, at) in enumerate(own)
    ]
    random.Random(7).shuffle(rows)
    return StageLog.from_rows(rows)


def pairs(text):
    return {tuple(part.strip() for part in pair.split(">")) for pair in text.split(";")}


def without_repeats(rows):
    names = [what for what, _ in rows]
    return tuple(b for a, b in zip([None, *names], names, strict=False) if a != b)
