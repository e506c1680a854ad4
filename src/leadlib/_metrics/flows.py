"""
Flows: which stage follows which, counted over all visits.

Every visit that is over ended in one move, so what came into a stage is what went out and what is
still there: nothing appears, and nothing vanishes.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.log import Log, check_log
from leadlib._metrics.offers import plain
from leadlib._metrics.origin import Measured, Origin, origin_of
from leadlib._metrics.visits import ANY, counted_visits
from leadlib._rates import Rate

__all__ = ["Flows", "flows"]


def _as_counts(counts: Mapping[Any, int]) -> Mapping[Any, int]:
    return _fields.FrozenDict(counts)


@attrs.frozen(kw_only=True)
class Flows(Measured):
    """
    The moves between stages; made by :func:`flows`.

    Args:
        as_of: The last visible instant.
        moves: How often a lead went from a stage to another: (from, to).
        waiting: How many leads are in each stage now.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "moves"

    as_of: datetime
    moves: Mapping[tuple[str, str], int] = attrs.field(converter=_as_counts)
    waiting: Mapping[str, int] = attrs.field(converter=_as_counts)
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def visits(self) -> Mapping[str, int]:
        """How often each stage was visited: the moves out of it, and who is there."""
        visits = Counter(self.waiting)
        for (start, _), count in self.moves.items():
            visits[start] += count
        return _fields.FrozenDict(visits)

    @property
    def begun(self) -> Mapping[str, int]:
        """How many leads began in each stage: its visits that no move led to."""
        begun = Counter(self.visits)
        for (_, to), count in self.moves.items():
            begun[to] -= count
        return _fields.FrozenDict({stage: count for stage, count in begun.items() if count})

    @property
    def leads(self) -> int:
        """All leads: each of them is in one stage."""
        return sum(self.waiting.values())

    def share(self, start: str, to: str) -> Rate:
        """Of all visits to *start*, those that last included, how many led to *to*."""
        return Rate(self.moves.get((start, to), 0), self.visits.get(start, 0))

    def _ordered(self) -> list[tuple[str, str, int]]:
        ordered = sorted(self.moves.items(), key=lambda move: (-move[1], move[0]))
        return [(start, to, count) for (start, to), count in ordered]

    def __str__(self) -> str:
        head = ("from", "to", "moves", "of visits", "95 % interval")
        rows = []
        for start, to, count in self._ordered():
            share = self.share(start, to)
            rows.append((start, to, f"{count:,}", share.percent, share.bounds))
        return _text.text_table(head, rows, left=2)

    def to_dict(self) -> dict[str, Any]:
        """The moves as plain data, the most frequent first."""
        moves = [
            {"from": start, "to": to, "moves": count, "share": plain(self.share(start, to))}
            for start, to, count in self._ordered()
        ]
        return {
            "as_of": self.as_of.isoformat(),
            "leads": self.leads,
            "moves": moves,
            "waiting": dict(sorted(self.waiting.items())),
            "begun": dict(sorted(self.begun.items())),
            **self._said(),
        }


def flows(log: Log, *, as_of: datetime | None = None) -> Flows:
    """
    Count from which stage to which leads went, and where they are now.

    Args:
        log: Rows in any order; ties of one instant are broken by *seq*, then by the stage's name.
        as_of: The last visible instant; the last event unless given.

    Returns:
        The moves.  To enter a stage again at another instant is a move, too, from it to itself.

    Source:
        The directly-follows graph of process mining: van der Aalst, Process Mining (2016).

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib.metrics import StageLog
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "new", day(1)), ("a", "met", day(4)), ("a", "new", day(5)),
        ...     ("b", "new", day(2)), ("b", "met", day(9))])
        >>> print(flows(log))
        from  to   moves  of visits  95 % interval
        ────  ───  ─────  ─────────  ─────────────
        new   met      2     66.7 %   [20.8, 93.9]
        met   new      1     50.0 %    [9.5, 90.5]
    """
    check_log(log)
    cut = log.cut(as_of)
    moves, waiting = Counter[tuple[str, str]](), Counter[str]()
    for (stage, to, _), visits in counted_visits(log, cut, ANY).items():
        if to is None:
            waiting[stage] += visits
        else:
            moves[stage, to] += visits
    origin = origin_of(log, cut, metric="flows")
    return Flows(as_of=_instants.from_micros(cut), moves=moves, waiting=waiting, origin=origin)
