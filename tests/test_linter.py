"""Each defect of a process has its finding, and a small process that has just that defect."""

import attrs
import pytest

from leadlib.lifecycle import (
    SIMPLE,
    STANDARD,
    Accepted,
    Deadline,
    Deferred,
    HandedBack,
    Inquired,
    LeakKind,
    Lifecycle,
    Stage,
    Triaged,
    Won,
    with_override,
)
from leadlib.model import Team
from leadlib.worktime import days

NEW = Stage("new", Team.MARKETING)
WARM = Stage("warm", Team.MARKETING, nurture=True)
CALLING = Stage("calling", Team.SALES)
SOLD = Stage("sold", Team.BOTH, closed=True)


def clock(stage, owner=None):
    return Deadline(stage=stage, within=days(7), owner=owner or stage.owner, action="act")


SOUND = Lifecycle(
    "sound",
    start=NEW,
    opening=Inquired,
    table={
        NEW: {Accepted: CALLING, Deferred: WARM},
        WARM: {Accepted: CALLING},
        CALLING: {Won: SOLD, HandedBack: WARM},
        SOLD: {},
    },
    passes=3,
    deadlines=[clock(NEW), clock(WARM), clock(CALLING)],
)


def with_row(stage, row, **changes):
    return attrs.evolve(SOUND, table={**SOUND.table, stage: row}, **changes)


def without_clock(stage):
    return tuple(d for d in SOUND.deadlines if d.stage != stage)


COLD = Stage("warm", Team.MARKETING)
NOBODYS = Stage("nobody's", None)
DEFECTS = {
    LeakKind.UNREACHABLE: with_row(Stage("attic", Team.BOTH, closed=True), {}),
    LeakKind.DEAD_END: with_row(WARM, {}),
    LeakKind.NO_END: attrs.evolve(
        SOUND,
        table={NEW: {Accepted: CALLING}, WARM: {Accepted: CALLING}, CALLING: {HandedBack: WARM}},
    ),
    LeakKind.NO_OWNER: attrs.evolve(
        SOUND.with_move(NEW, Triaged, NOBODYS).with_move(NOBODYS, Accepted, CALLING),
        deadlines=[*SOUND.deadlines, clock(NOBODYS, Team.MARKETING)],
    ),
    LeakKind.NO_DEADLINE: attrs.evolve(SOUND, deadlines=without_clock(WARM)),
    LeakKind.NO_WAY_BACK: with_row(CALLING, {Won: SOLD}),
    LeakKind.NO_ACCEPTANCE: attrs.evolve(
        SOUND, deadlines=[*without_clock(CALLING), clock(CALLING, Team.MARKETING)]
    ),
    LeakKind.NO_NURTURE: attrs.evolve(
        SOUND,
        table={
            NEW: {Accepted: CALLING, Deferred: COLD},
            COLD: {Accepted: CALLING},
            CALLING: {Won: SOLD, HandedBack: COLD},
            SOLD: {},
        },
        deadlines=[clock(NEW), clock(COLD), clock(CALLING)],
    ),
    LeakKind.ENDLESS: attrs.evolve(SOUND, passes=None),
    LeakKind.NOBODY_MAY: SOUND.with_actors(Won),
    LeakKind.NO_CONSEQUENCE: SOUND.with_deadline(
        Deadline(stage=WARM, within=days(7), owner="marketing", action="act", otherwise=Won)
    ),
    LeakKind.DEAF_CLOCK: SOUND.with_deadline(
        Deadline(stage=WARM, within=days(7), owner="marketing", action="act", again=[Triaged])
    ),
}


class TestLinter:
    @pytest.mark.parametrize("sound", [STANDARD, SIMPLE, with_override(), SOUND], ids=repr)
    def test_finds_nothing_in_a_sound_process(self, sound):
        assert sound.leaks() == ()

    @pytest.mark.parametrize("kind", LeakKind, ids=lambda kind: kind.name)
    def test_finds_each_defect_alone(self, kind):
        assert {leak.kind for leak in DEFECTS[kind].leaks()} == {kind}

    def test_says_where_and_what(self):
        [leak] = DEFECTS[LeakKind.NOBODY_MAY].leaks()

        assert str(leak) == "calling: a move that no team may make (Won)"
        assert (leak.stage, leak.event) == (CALLING, Won)

    def test_does_not_take_ruling_out_for_a_way_back(self):
        from leadlib.lifecycle import DISQUALIFIED, WORKING, Disqualified

        found = STANDARD.without_move(WORKING, HandedBack).leaks()

        assert STANDARD.next(WORKING, Disqualified) is DISQUALIFIED
        assert [str(leak) for leak in found] == ["working: sales cannot hand the lead back"]

    def test_does_not_take_a_clock_that_an_event_must_start_for_one_that_runs(self):
        asleep = Deadline(
            stage=WARM, within=days(1), owner=Team.MARKETING, action="triage", starts=[Inquired]
        )
        heard = attrs.evolve(SOUND, anywhere={Inquired: None})
        ours = attrs.evolve(heard, deadlines=[*without_clock(WARM), asleep])

        assert [str(leak) for leak in ours.leaks()] == ["warm: open, but no clock runs"]

    def test_takes_a_clock_that_only_the_next_move_stops_for_one_that_runs(self):
        """The first attempt is due from the offer on, and with it the lead goes on."""
        first = Deadline(stage=CALLING, within=days(1), owner=Team.SALES, action="try", first=[Won])

        assert attrs.evolve(SOUND, deadlines=[*without_clock(CALLING), first]).leaks() == ()

    def test_does_not_take_a_way_back_that_sales_may_not_go_for_one(self):
        ours = SOUND.with_actors(HandedBack, Team.MARKETING)

        assert [str(leak) for leak in ours.leaks()] == ["calling: sales cannot hand the lead back"]

    def test_does_not_take_an_end_of_marketing_for_a_way_back(self):
        over = Stage("over", Team.MARKETING, closed=True)
        table = {**SOUND.table, CALLING: {Won: SOLD, HandedBack: over}, over: {}}
        whole = attrs.evolve(SOUND, table=table)

        assert [str(leak) for leak in whole.leaks()] == ["calling: sales cannot hand the lead back"]

    def test_finds_a_clock_that_starts_at_a_date_that_no_event_carries(self):
        ours = SOUND.with_deadline(
            Deadline(stage=WARM, within=days(7), owner="marketing", action="act", since="due")
        )

        assert {leak.kind for leak in ours.leaks()} == {LeakKind.DEAF_CLOCK}

    def test_finds_what_may_happen_anywhere_and_nobody_may_do(self):
        ours = attrs.evolve(SOUND, anywhere={Inquired: None}, actors={Inquired: []})

        assert [str(leak) for leak in ours.leaks()] == [
            "new: a move that no team may make (Inquired)"
        ]

    def test_asks_for_a_clock_of_sales_beside_those_of_marketing(self):
        """One of each is enough; a nurture that lies behind sales is none."""
        both = attrs.evolve(
            SOUND,
            deadlines=[*SOUND.deadlines, attrs.evolve(clock(CALLING, Team.MARKETING), action="x")],
        )
        cold = Stage("cold", Team.MARKETING)
        behind = attrs.evolve(
            SOUND,
            table={
                NEW: {Accepted: CALLING, Deferred: WARM},
                WARM: {Accepted: CALLING},
                CALLING: {Won: SOLD, HandedBack: cold, Deferred: WARM},
                cold: {Accepted: CALLING},
                SOLD: {},
            },
            deadlines=[*SOUND.deadlines, clock(cold)],
        )

        assert both.leaks() == ()
        assert [str(leak) for leak in behind.leaks()] == [
            "cold: handed back, but no way leads to a nurture"
        ]
