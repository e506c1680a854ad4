"""Histories of ten events replayed and moved, against look-ups in a bare dict."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from benchmarks.harness import Row, exhaust, race, ratio, speed
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
    stage.name: {kind: to.name for kind, to in row.items()} for stage, row in STANDARD.table.items()
}

Maker = Callable[..., LeadEvent]


def rows(*, quick: bool) -> list[Row]:
    histories = make_histories(600 if quick else 6_000)
    steps = [step for history in histories for step in _steps(history)]
    bare = [(standing.stage.name, type(event)) for standing, event in steps]
    _check(histories, steps, bare)
    times = race(
        {
            "replay": lambda: exhaust(map(STANDARD.replay, histories)),
            "fold": lambda: exhaust(map(folded_by_hand, histories)),
            "move": lambda: exhaust(STANDARD.move(standing, event) for standing, event in steps),
            "look-up": lambda: exhaust(MOVES[stage][kind] for stage, kind in bare),
        },
        rounds=7 if quick else 15,
    )
    return [
        Row(
            part="lifecycle",
            work=f"replay {LENGTH} events, every move checked",
            against="a fold over a dict by hand, unchecked",
            ratio=ratio(times, "replay", "fold"),
            speed=speed(times, "replay", LENGTH * len(histories), "events"),
        ),
        Row(
            part="lifecycle",
            work="move, which keeps the history",
            against="one look-up in a dict of dicts",
            ratio=ratio(times, "move", "look-up"),
            speed=speed(times, "move", len(steps), "moves"),
        ),
    ]


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
