"""Histories of ten events replayed and moved, against look-ups in a bare dict."""

import gc
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import attrs

from benchmarks import lifecycle_peers
from benchmarks.harness import Row, cpu_seconds, exhaust, race, ratio, speed
from leadlib import STANDARD, Certificate, Standing
from leadlib.lifecycle import (
    Accepted,
    Attempted,
    Deferred,
    Disqualified,
    HandedBack,
    HandedOff,
    Inquired,
    LeadEvent,
    OpportunityOpened,
    Qualified,
    Quoted,
    SalesQualified,
    Triaged,
    Won,
)

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
LENGTH = 10
MOVES = {
    stage.name: {kind: STANDARD.next(stage, kind).name for kind in STANDARD.legal(stage)}
    for stage in STANDARD.stages
}

Maker = Callable[..., LeadEvent]


def rows(*, quick: bool) -> list[Row]:
    histories = make_histories(600 if quick else 6_000)
    steps = [step for history in histories for step in _steps(history)]
    bare = [(standing.stage.name, type(event)) for standing, event in steps]
    _check(histories, steps, bare)
    makings = [(standing, *_parts(event)) for standing, event in steps]
    times = race(
        {
            "replay": lambda: exhaust(map(STANDARD.replay, histories)),
            "fold": lambda: exhaust(map(folded_by_hand, histories)),
            "move": lambda: exhaust(STANDARD.move(standing, event) for standing, event in steps),
            "make": lambda: exhaust(
                STANDARD.move(standing, kind(**parts)) for standing, kind, parts in makings
            ),
            "look-up": lambda: exhaust(MOVES[stage][kind] for stage, kind in bare),
        },
        rounds=7 if quick else 15,
    )
    look_up = "one look-up in a dict of dicts"
    compared = [
        ("replay", "fold", f"replay {LENGTH} events, every move checked", _BY_HAND, 2.5),
        ("move", "look-up", "move, which keeps the history", look_up, 20.0),
        ("make", "look-up", "make the event, checked, and move", look_up, None),
    ]
    counts = {"replay": LENGTH * len(histories), "move": len(steps), "make": len(steps)}
    return [
        *(
            Row(
                part="lifecycle",
                work=work,
                against=against,
                ratio=ratio(times, ours, theirs),
                goal=goal,
                speed=speed(times, ours, counts[ours], "a second"),
            )
            for ours, theirs, work, against, goal in compared
        ),
        *_peers(quick=quick),
        *_memory(1_000),
    ]


_BY_HAND = "a fold over a dict by hand, unchecked"


def _parts(event: LeadEvent) -> tuple[type[LeadEvent], dict[str, Any]]:
    return type(event), attrs.asdict(event, recurse=False)


def _peers(*, quick: bool) -> list[Row]:
    """
    The same path of nine moves, the machines made before the clock starts.

    Ours makes its events, checks them and keeps them all; the peers keep the present stage.
    """
    count = 50 if quick else 300
    path = _history("lead-1", 0)
    makers = {name: make(path) for name, make in lifecycle_peers.installed().items()}
    for name, make in makers.items():
        lead = make()
        lead.run()
        assert lead.stage() == "customer", name
    begin = STANDARD.move(None, path[0])
    makings = [_parts(event) for event in path[1:]]

    def ours() -> Standing:
        standing = begin
        for kind, parts in makings:
            standing = STANDARD.move(standing, kind(**parts))
        return standing

    def moved() -> Standing:
        standing = begin
        for event in path[1:]:
            standing = STANDARD.move(standing, event)
        return standing

    assert ours() == moved()
    assert ours().stage.name == "customer"
    candidates = {"make": lambda: [ours] * count, "move": lambda: [moved] * count}
    candidates |= {
        name: (lambda make=make: [make().run for _ in range(count)])
        for name, make in makers.items()
    }
    times = race(candidates, rounds=3 if quick else 9, measure=_runs_alone)
    works = {"make": "make the event, checked, and move", "move": "move, which keeps the history"}
    return [
        Row(
            part="lifecycle",
            work=work,
            against=f"{name}, which keeps no history",
            ratio=ratio(times, mine, name),
            goal=1 / lifecycle_peers.PEERS[name][1] if mine == "make" else None,
        )
        for name in makers
        for mine, work in works.items()
    ]


def _runs_alone(prepare: Callable[[], list[Callable[[], object]]]) -> float:
    runs = prepare()
    return cpu_seconds(lambda: [run() for run in runs])


def _memory(count: int) -> list[Row]:
    """
    What a standing holds on to: what leadlib makes of it, and that with all that it was given.

    Ids, instants, proofs and amounts are the application's; each lead has its own.
    """
    given = [[_parts(event) for event in _history(f"lead-{n}", 0)] for n in range(count)]
    histories = partial(map, partial(_history, kind=0), (f"lead-{n}" for n in range(count)))
    measured = {
        "events, stages and the standing": lambda: [_replayed(parts) for parts in given],
        "the same, with ids, instants, proofs": lambda: [*map(STANDARD.replay, histories())],
    }
    rows = []
    for what, make in measured.items():
        size = _bytes(make) / count
        goal = None if rows else 1.0
        rows.append(
            Row(
                part="lifecycle",
                work=f"memory of a standing with {LENGTH} events: {what}",
                against="1.2 kB",
                ratio=size / 1_200,
                goal=goal,
                speed=f"{size:,.0f} bytes",
            )
        )
    return rows


def _replayed(parts: Sequence[tuple[type[LeadEvent], dict[str, Any]]]) -> Standing:
    return STANDARD.replay(tuple(kind(**said) for kind, said in parts))


def _bytes(make: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    kept = make()
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept
    return size


def make_histories(count: int) -> list[tuple[LeadEvent, ...]]:
    """A third is won at once, a third is handed back by sales, a third is ruled out."""
    return [_history(f"lead-{number}", number % 3) for number in range(count)]


def _history(lead: str, kind: int) -> tuple[LeadEvent, ...]:
    proof = Certificate(
        lead=lead,
        definition="sales-ready v1",
        content_hash="5d41402abc4b2a76",
        by="ana",
        at=MONDAY,
        expires=MONDAY + timedelta(days=90),
    )
    certified = partial(Qualified, certificate=proof)
    offered = partial(HandedOff, certificate=proof, to="ben", brief="b-1")
    opened = partial(OpportunityOpened, amount=Decimal(9000), currency="EUR")
    quoted = partial(Quoted, quote="q-1")
    returned = partial(HandedBack, reason="timing")
    barred = partial(Disqualified, reason="competitor")
    start: list[Maker] = [Inquired, Triaged, certified, offered, Accepted, Attempted]
    rest: tuple[list[Maker], ...] = (
        [SalesQualified, opened, quoted, Won],
        [returned, Deferred, Inquired, Triaged],
        [Attempted, SalesQualified, Attempted, barred],
    )
    return tuple(
        make(lead=lead, at=MONDAY + timedelta(days=day))
        for day, make in enumerate([*start, *rest[kind]])
    )


def _steps(history: Sequence[LeadEvent]) -> list[tuple[Standing, LeadEvent]]:
    """Each move of a history: the standing before it, and the event."""
    standing = STANDARD.move(None, history[0])
    steps = []
    for event in history[1:]:
        steps.append((standing, event))
        standing = STANDARD.move(standing, event)
    return steps


def folded_by_hand(history: Sequence[LeadEvent]) -> str:
    stage = "inquiry"
    for event in history[1:]:
        stage = MOVES[stage][type(event)]
    return stage


def _check(
    histories: Sequence[Sequence[LeadEvent]],
    steps: Sequence[tuple[Standing, LeadEvent]],
    bare: Sequence[tuple[str, type[LeadEvent]]],
) -> None:
    assert all(len(history) == LENGTH for history in histories)
    ours = [STANDARD.replay(history).stage.name for history in histories]
    assert ours == [folded_by_hand(history) for history in histories]
    assert set(ours) == {"customer", "qualifying", "disqualified"}
    moved = [STANDARD.move(standing, event).stage.name for standing, event in steps]
    assert moved == [MOVES[stage][kind] for stage, kind in bare]
