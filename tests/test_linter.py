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
        ours = attrs.evolve(SOUND, deadlines=[*without_clock(WARM), asleep])

        assert [str(leak) for leak in ours.leaks()] == ["warm: open, but no clock runs"]
