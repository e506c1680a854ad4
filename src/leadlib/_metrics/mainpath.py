"""The waterfall when nobody named one: a guess from the moves that most leads make."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from leadlib._metrics.log import Log, check_log

__all__ = ["main_path"]

_FEW_SAW = 10  # of those who got further, fewer than one in so many saw a dead end
_RARE = 50  # a move that fewer than one in so many make is no step
_BEFORE = -1  # where every lead is before it enters any stage

_Journey = tuple[tuple[int, int], ...]
_Way = tuple[int, ...]


def main_path(log: Log, *, as_of: datetime | None = None) -> tuple[str, ...]:
    """
    Guess the waterfall when nobody named one: from stage to stage the move that most leads make.

    Moves are those between first entries.  A stage in which most stories end and that few of those
    who got further ever saw is a dead end, and no step of the way.  Entries of one instant are put
    in the order that the stages have in most other leads.  Lost after the last step looks like won:
    who knows the stages names them.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import StageLog
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> main_path(StageLog.from_rows([
        ...     ("a", "new", day(2)), ("b", "new", day(2)), ("c", "new", day(2)),
        ...     ("a", "won", day(4)), ("b", "won", day(9)), ("c", "lost", day(5))]))
        ('new', 'won')
    """
    check_log(log)
    ways = _ways(log, log.cut(as_of))
    dead = _dead_ends(ways)
    alive: Counter[_Way] = Counter()
    for way, leads in ways.items():
        alive[tuple(stage for stage in way if stage not in dead)] += leads
    return tuple(log.stages[stage] for stage in _followed(alive))


def _followed(ways: Mapping[_Way, int]) -> list[int]:
    """From where most begin, the move that most make next, until hardly anybody makes one."""
    moves: Counter[tuple[int, int]] = Counter()
    there: Counter[int] = Counter()
    for way, leads in ways.items():
        for here, after in pairwise((_BEFORE, *way)):
            moves[here, after] += leads
            there[after] += leads
    path: list[int] = []
    while True:
        here = path[-1] if path else _BEFORE
        steps = [
            (leads, -after)
            for (start, after), leads in moves.items()
            if start == here and after not in path and leads * _RARE >= there[here]
        ]
        if not steps:
            return path
        path.append(-max(steps)[1])


def _dead_ends(ways: Mapping[_Way, int]) -> set[int]:
    """Where most stories end, although others got further, and hardly ever through there."""
    place = _mean_places(ways)
    entered, ended, seen = Counter[int](), Counter[int](), Counter[int]()
    furthest: Counter[Fraction] = Counter()
    for way, leads in ways.items():
        most = max((place[stage] for stage in way), default=Fraction(0))
        furthest[most] += leads
        for stage in way:
            entered[stage] += leads
            ended[stage] += leads if stage == way[-1] else 0
            seen[stage] += leads if place[stage] < most else 0
    further = {
        stage: sum(leads for most, leads in furthest.items() if most > place[stage])
        for stage in entered
    }
    return {
        stage
        for stage in entered
        if 2 * ended[stage] > entered[stage] and seen[stage] * _FEW_SAW < further[stage]
    }


def _mean_places(ways: Mapping[_Way, int]) -> dict[int, Fraction]:
    """Which step a stage is on average, from 0 on."""
    sums, count = Counter[int](), Counter[int]()
    for way, leads in ways.items():
        for place, stage in enumerate(way):
            sums[stage] += place * leads
            count[stage] += leads
    return {stage: Fraction(sums[stage], count[stage]) for stage in count}


def _ways(log: Log, cut: int) -> Counter[_Way]:
    """The stages that leads entered, in order, and how many leads went that way."""
    journeys = Counter(map(_journey, log.first_entries(cut)))
    usual = _usual_places(journeys)
    ways: Counter[_Way] = Counter()
    for own, leads in journeys.items():
        way = sorted(own, key=lambda entry: (entry[1], usual[entry[0]], entry[0]))
        ways[tuple(stage for stage, _ in way)] += leads
    return ways


def _journey(own: Mapping[int, tuple[int, int]]) -> _Journey:
    """The stages that a lead entered, each with its place on the way; one instant is one place."""
    places = {moment: place for place, moment in enumerate(sorted({*own.values()}))}
    return tuple(sorted((stage, places[moment]) for stage, moment in own.items()))


def _usual_places(journeys: Mapping[_Journey, int]) -> dict[int, Fraction]:
    """Where a stage comes on the average journey, from 0 to 1."""
    sums: Counter[tuple[int, int]] = Counter()  # stage and last place -> places, added up
    count: Counter[int] = Counter()
    for own, leads in journeys.items():
        last = max(place for _, place in own)
        for stage, place in own:
            sums[stage, max(last, 1)] += place * leads
            count[stage] += leads
    # Exact, and only here: sums of floats would go by the order of rows.
    usual = dict.fromkeys(count, Fraction(0))
    for (stage, last), total in sums.items():
        usual[stage] += Fraction(total, last * count[stage])
    return usual
