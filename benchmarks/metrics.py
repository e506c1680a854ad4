"""A funnel of a long log, and the log made from rows, against passes written by hand."""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

import attrs

from benchmarks.harness import Row, race, ratio, speed
from leadlib import StageLog, funnel

try:
    import polars as pl
except ImportError:
    pl = None

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = 1_704_067_200_000_000  # 2024-01-01 in microseconds since 1970
MICROSECOND = timedelta(microseconds=1)
HOUR = 3_600_000_000
DAY = 24 * HOUR

# From each stage: where to, how probable, after how many hours in the median.  Whoever goes
# nowhere stays there for good; sales hands back to "assigned", and lost leads may come again.
FLOW = {
    "new": (0.2, {"assigned": 0.97}),
    "assigned": (1, {"contacted": 0.82, "new": 0.06, "disqualified": 0.05}),
    "contacted": (20, {"engaged": 0.42, "assigned": 0.12, "disqualified": 0.16, "recycled": 0.12}),
    "engaged": (48, {"qualified": 0.5, "contacted": 0.1, "recycled": 0.15, "disqualified": 0.08}),
    "qualified": (72, {"meeting": 0.5, "assigned": 0.08, "recycled": 0.1, "quoted": 0.12}),
    "meeting": (96, {"quoted": 0.6, "qualified": 0.1, "recycled": 0.08, "lost": 0.08}),
    "quoted": (120, {"negotiation": 0.45, "meeting": 0.08, "won": 0.15, "lost": 0.17}),
    "negotiation": (150, {"won": 0.45, "quoted": 0.2, "lost": 0.2}),
    "won": (1, {}),
    "lost": (1080, {"recycled": 0.15}),
    "recycled": (720, {"assigned": 0.55, "contacted": 0.15}),
    "disqualified": (1440, {"recycled": 0.03}),
}
WATERFALL = (
    "new",
    "assigned",
    "contacted",
    "engaged",
    "qualified",
    "meeting",
    "quoted",
    "negotiation",
    "won",
)
CLOSED = ("lost", "disqualified")

EventRow = tuple[str, str, datetime, int]
Entry = tuple[str, str, int]


def rows(*, quick: bool) -> list[Row]:
    from benchmarks import engines  # whose libraries the peers do not have

    events = make_rows(50_000 if quick else 1_000_000)
    some = events[: len(events) // 5]
    log = StageLog.from_rows(events, closed=CLOSED)
    rounds = 5 if quick else 7
    one = engines.made_of(events, copies=1)
    found = [
        *_funnel_rows(log, rounds),
        *_log_rows(some, rounds),
        *engines.small_rows(one),
        *engines.rows(one, rounds=rounds),
    ]
    del log, some, one
    return found if quick else [*found, *engines.rows(engines.made_of(events, 10), rounds=3)]


def make_rows(count: int) -> list[EventRow]:
    """Seeded; in order of time, with about 19 leads to 100 events."""
    chance = random.Random(20240501)
    entries: list[Entry] = []
    for number in range(count // 5):
        entries += _story(chance, f"L{number:06}")
    entries.sort(key=lambda entry: entry[2])  # keeps the order of a lead's entries at one instant
    assert len(entries) >= count
    return [
        (lead, stage, EPOCH + timedelta(microseconds=at), seq)
        for seq, (lead, stage, at) in enumerate(entries[:count])
    ]


def _story(chance: random.Random, lead: str) -> list[Entry]:
    """One walk through the flow; two moves in a hundred share their instant with the one before."""
    stage, at = "new", START + int(730 * math.sqrt(chance.random()) * DAY)
    story = [(lead, stage, at)]
    while (to := _onward(chance, FLOW[stage][1])) is not None:
        if chance.random() >= 0.02:
            at += int(FLOW[stage][0] * HOUR * chance.lognormvariate(0, 1.1))
        stage = to
        story.append((lead, stage, at))
    return story


def _onward(chance: random.Random, moves: Mapping[str, float]) -> str | None:
    left = chance.random()
    for to, share in moves.items():
        left -= share
        if left < 0:
            return to
    return None


def _funnel_rows(log: StageLog, rounds: int) -> list[Row]:
    ours = funnel(log, stages=WATERFALL)
    counted = [
        Counts(step.reached, step.advanced, step.left, step.open, step.median_days)
        for step in ours.steps
    ]
    assert counted == funnel_by_hand(log, any_order)
    assert counted == funnel_by_hand(log, in_order)
    candidates: dict[str, Callable[[], object]] = {
        # A copy has not kept what the last round worked out.
        "ours": lambda: funnel(attrs.evolve(log), stages=WATERFALL),
        "a pass by hand over the same columns, rows in any order": (
            lambda: funnel_by_hand(log, any_order)
        ),
        "a pass by hand that trusts the rows to be in order": (
            lambda: funnel_by_hand(log, in_order)
        ),
    }
    if pl is not None:
        frame = pl.DataFrame({"lead": list(log.lead), "stage": list(log.stage)})
        reached = [counts.reached for counts in counted]
        assert reached_by_polars(frame, log.stages) == reached
        label = "a Polars query for the reached counts only, CPU of all its threads"
        candidates[label] = lambda: reached_by_polars(frame, log.stages)
    times = race(candidates, rounds=rounds)
    return [
        Row(
            part="metrics",
            work=f"funnel of {len(log):,} events, {len(log.leads):,} leads",
            against=name,
            ratio=ratio(times, "ours", name),
            speed=speed(times, "ours", len(log), "events"),
        )
        for name in candidates
        if name != "ours"
    ]


@attrs.frozen
class Counts:
    """One step of a funnel, as counted by hand."""

    reached: int
    advanced: int
    left: int
    open: int
    median_days: float | None


@attrs.frozen
class Walked:
    """What one pass knows: the furthest place and the latest stage of each lead, first entries."""

    furthest: list[int]
    latest: list[int]
    first: dict[int, int]


def in_order(log: StageLog, place: Sequence[int]) -> Walked:
    """The first entry is the first that comes along, the latest stage the last."""
    size = len(WATERFALL)
    furthest, latest = [-1] * len(log.leads), [-1] * len(log.leads)
    first: dict[int, int] = {}
    for lead, stage, at in zip(log.lead, log.stage, log.at, strict=True):
        latest[lead] = stage
        here = place[stage]
        if here >= 0:
            first.setdefault(lead * size + here, at)
            if here > furthest[lead]:  # noqa: PLR1730  # max() would cost a call
                furthest[lead] = here
    return Walked(furthest, latest, first)


def any_order(log: StageLog, place: Sequence[int]) -> Walked:
    """The same by comparing instants, and seq within one instant."""
    size, never = len(WATERFALL), 2**62
    furthest, latest = [-1] * len(log.leads), [-1] * len(log.leads)
    last_at, last_seq = [-1] * len(log.leads), [-1] * len(log.leads)
    first: dict[int, int] = {}
    for lead, stage, at, seq in zip(log.lead, log.stage, log.at, log.seq, strict=True):
        if at > last_at[lead] or (at == last_at[lead] and seq > last_seq[lead]):
            last_at[lead], last_seq[lead], latest[lead] = at, seq, stage
        here = place[stage]
        if here >= 0:
            key = lead * size + here
            if at < first.get(key, never):
                first[key] = at
            if here > furthest[lead]:  # noqa: PLR1730  # max() would cost a call
                furthest[lead] = here
    return Walked(furthest, latest, first)


def funnel_by_hand(
    log: StageLog, walk: Callable[[StageLog, Sequence[int]], Walked]
) -> list[Counts]:
    place = [WATERFALL.index(name) if name in WATERFALL else -1 for name in log.stages]
    walked = walk(log, place)
    size = len(WATERFALL)
    ended = [name in CLOSED for name in log.stages]
    stopped, left = [0] * size, [0] * size
    for here, stage in zip(walked.furthest, walked.latest, strict=True):
        if here >= 0:
            stopped[here] += 1
            left[here] += ended[stage]
    days = _median_days(walked, size)
    counts, beyond = [], 0
    for i in reversed(range(size)):
        counts.append(Counts(beyond + stopped[i], beyond, left[i], stopped[i] - left[i], days[i]))
        beyond += stopped[i]
    return counts[::-1]


def _median_days(walked: Walked, size: int) -> list[float | None]:
    """From each first entry to the first of the later ones, over those who made both."""
    times: list[list[int]] = [[] for _ in range(size)]
    for lead, furthest in enumerate(walked.furthest):
        if furthest < 0:
            continue
        later = walked.first[lead * size + furthest]
        for i in range(furthest - 1, -1, -1):
            at = walked.first.get(lead * size + i)
            if at is not None:
                times[i].append(max(later - at, 0))
                later = min(later, at)
    return [median(own) / DAY if own else None for own in times]


def reached_by_polars(frame: "pl.DataFrame", stages: Sequence[str]) -> list[int]:
    """How many leads got at least so far: one maximum for each lead, then counts."""
    place = {code: WATERFALL.index(name) for code, name in enumerate(stages) if name in WATERFALL}
    furthest = pl.col("stage").replace_strict(place, default=None, return_dtype=pl.Int8).max()
    far = frame.lazy().group_by("lead").agg(furthest)
    found = dict(far.group_by("stage").len().collect().iter_rows())
    size = len(WATERFALL)
    return [sum(found.get(j, 0) for j in range(i, size)) for i in range(size)]


def _log_rows(events: Sequence[EventRow], rounds: int) -> list[Row]:
    log, columns = StageLog.from_rows(events), columns_by_hand(events)
    assert len(log) == len(columns.at)
    assert len(log.leads) == len(columns.leads)
    assert sorted(log.stages) == sorted(columns.stages)
    assert list(log.at) == columns.at
    times = race(
        {
            "ours": lambda: StageLog.from_rows(events),
            "hand": lambda: columns_by_hand(events),
        },
        rounds=rounds,
    )
    row = Row(
        part="metrics",
        work=f"StageLog from {len(events):,} rows, checked, duplicates found",
        against="bare lists of integers by hand from the same rows, unchecked",
        ratio=ratio(times, "ours", "hand"),
        speed=speed(times, "ours", len(events), "rows"),
    )
    return [row]


@attrs.frozen
class Columns:
    """The same integers as a stage log holds, in lists."""

    leads: dict[str, int]
    stages: dict[str, int]
    lead: list[int]
    stage: list[int]
    at: list[int]
    seq: list[int]


def columns_by_hand(events: Iterable[EventRow]) -> Columns:
    made = Columns({}, {}, [], [], [], [])
    leads, stages = made.leads, made.stages
    for lead, stage, at, seq in events:
        made.lead.append(leads.setdefault(lead, len(leads)))
        made.stage.append(stages.setdefault(stage, len(stages)))
        made.at.append((at - EPOCH) // MICROSECOND)
        made.seq.append(seq)
    return made
