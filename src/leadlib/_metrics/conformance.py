"""
Conformance: the paths that leads really take, against the lifecycle that was declared.

A process on paper and a process in a log are two things (seed 002 asks for the written one).  Here
the log is read as it is, legal or not, and every move is named by what the lifecycle says of it.
All counts but the stays are sums over the distinct paths.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any

import attrs

from leadlib import _fields, _instants, _text
from leadlib._metrics.declared import Declared, MoveKind
from leadlib._metrics.log import AnyStage, StageLog, stage_names
from leadlib._metrics.origin import Measured, Origin, origin_of
from leadlib._metrics.reading import check_in_python
from leadlib._metrics.tables import DAY
from leadlib._rates import Rate
from leadlib.errors import InvalidValue, UnknownName
from leadlib.lifecycle import Lifecycle
from leadlib.model import Team

__all__ = ["Conformance", "HandBacks", "Move", "Stall", "Variant", "conformance"]


@attrs.frozen(kw_only=True)
class Move:
    """
    One way that leads went from stage to stage.

    Args:
        source, target: The names of the stages.
        kind: What the lifecycle says of it.
        count: How often it was made.
        leads: By how many leads.
        skipped: Of a skip: the stages between, along the shortest declared way ahead; of equal ones
            that which the table of the lifecycle names first.
        is_hand_back: Whether it went from the hands of sales to an open stage of marketing.
        leaves_end: Whether it left a closed stage.
    """

    source: str
    target: str
    kind: MoveKind
    count: int
    leads: int
    skipped: tuple[str, ...] = ()
    is_hand_back: bool = False
    leaves_end: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The move as plain data."""
        return attrs.asdict(self) | {"kind": self.kind.value, "skipped": [*self.skipped]}


@attrs.frozen(kw_only=True)
class Variant:
    """
    A distinct path, and the leads that took exactly it.

    Args:
        path: The names of its stages in order; staying in a stage is not told.
        leads: How many took it, as far as they have come.
        of: Of how many in the log.
        conforms: Whether it begins where lives begin, and every move of it is declared.
    """

    path: tuple[str, ...]
    leads: int
    of: int
    conforms: bool

    @property
    def share(self) -> Rate:
        """Of all leads."""
        return Rate(self.leads, self.of)

    def to_dict(self) -> dict[str, Any]:
        """The variant as plain data."""
        return {"path": [*self.path], "conforms": self.conforms} | _plain(self.share)


@attrs.frozen(kw_only=True)
class Stall:
    """
    The leads that have stayed in an open stage for too long.

    Args:
        stage: Its name.
        owner: Who answers for it.
        leads: How many have been there longer than the limit; exactly at the limit is not longer.
        open: Of how many that are in it.
        limit: How long a stay may last.
        median_days: Days of 24 h that they have been there, in the median.
    """

    stage: str
    owner: Team | None
    leads: int
    open: int
    limit: timedelta
    median_days: float

    @property
    def share(self) -> Rate:
        """Of the leads that are in the stage."""
        return Rate(self.leads, self.open)

    def to_dict(self) -> dict[str, Any]:
        """The stall as plain data; the limit in days."""
        place = {"stage": self.stage, "owner": self.owner.value if self.owner else None}
        days = {"limit_days": _days(self.limit), "median_days": self.median_days}
        return place | _plain(self.share) | days


@attrs.frozen(kw_only=True)
class HandBacks:
    """
    Whether sales can hand leads back, and does.

    A lead is with sales in a stage that sales owns, or that both own and that is still open.  It is
    handed back by a move from there to an open stage of marketing, declared or not.

    Args:
        moves: How many such moves.
        leads: How many leads were handed back.
        had: Of how many that sales ever had.
        missing: The open stages of sales from which the lifecycle declares no such move.
        stalled: How many leads stall with sales; None if none were found, but not every stage of
            sales had a limit.
    """

    moves: int
    leads: int
    had: int
    missing: tuple[str, ...]
    stalled: int | None

    @property
    def share(self) -> Rate:
        """Leads handed back, of those that sales ever had."""
        return Rate(self.leads, self.had)

    @property
    def is_blocked(self) -> bool | None:
        """
        Whether sales cannot hand back (seed 003): no way is declared, or none is used though leads
        stall.

        None if nobody handed back, and sales had no leads or it is not known whether they stall.
        """
        if self.missing:
            return True
        if self.moves:
            return False
        return self.stalled > 0 if self.had and self.stalled is not None else None

    def __str__(self) -> str:
        return "; ".join(self._said())

    def _said(self) -> Iterator[str]:
        if self.missing:
            yield f"no way back is declared from {_listed(self.missing)}"
        yield f"sales handed back {self.leads:,} of {_text.plural(self.had, 'lead')} ({self.share})"
        known = self.stalled is not None
        yield f"{self.stalled:,} stalled with sales" if known else "nobody knows how many stall"

    def to_dict(self) -> dict[str, Any]:
        """The hand-backs as plain data."""
        counts = {"moves": self.moves, "missing": [*self.missing], "stalled": self.stalled}
        return counts | {"is_blocked": self.is_blocked} | _plain(self.share)


def _listed(stages: Sequence[str]) -> str:
    more = len(stages) - _NAMED
    listed = ", ".join(stages[:_NAMED])
    return f"{listed} and {more:,} more" if more > 0 else listed


_NAMED = 3  # in one cell or sentence


def _plain(rate: Rate) -> dict[str, Any]:
    interval = list(rate.interval) if rate.interval else None
    return {"leads": rate.k, "of": rate.n, "rate": rate.value, "interval": interval}


def _days(time: timedelta) -> float:
    return time / timedelta(days=1)


_Counts = Mapping[str, int]


def _as_counts(counts: _Counts) -> _Counts:
    return _fields.FrozenDict(counts)


def _as_limits(limits: Mapping[str, timedelta]) -> Mapping[str, timedelta]:
    return _fields.FrozenDict(limits)


@attrs.frozen(kw_only=True, repr=False)
class Conformance(Measured):
    """
    What the leads of a log did, against a lifecycle; prints as tables, made by :func:`conformance`.

    Printed tables are cut to what a page holds and say so; the values are whole.

    Args:
        lifecycle: Its name.
        as_of: The last visible instant.
        leads: How many leads.
        events: How many entries; leads + moves + repeats.
        variants: The distinct paths, the most frequent first, then in the order of the stages.
        moves: The distinct moves, the most frequent first, then in the order of the stages.
        unused: The declared moves that nobody made, as (source, target), in the order of the table.
        wrong_starts: How many leads began in a stage that is not the start, by stage.
        foreign: How many leads were in a stage that the lifecycle does not know, by stage.
        open: How many leads are in an open stage now.
        ended: How many are in a closed one.
        elsewhere: How many are in a foreign one: nobody said whether their story has ended.
        limits: How long a stay may last, by open stage; empty if nobody said.
        stalls: The open stages in which leads have stayed longer, in the order of the table.
        hand_backs: Whether sales can hand leads back, and does.
        origin: What the numbers mean, and what they were read from; None if they were given.
    """

    _table = "moves"

    lifecycle: str
    as_of: datetime
    leads: int
    events: int
    variants: tuple[Variant, ...]
    moves: tuple[Move, ...]
    unused: tuple[tuple[str, str], ...]
    wrong_starts: _Counts = attrs.field(converter=_as_counts)
    foreign: _Counts = attrs.field(converter=_as_counts)
    open: int
    ended: int
    elsewhere: int
    limits: Mapping[str, timedelta] = attrs.field(converter=_as_limits)
    stalls: tuple[Stall, ...]
    hand_backs: HandBacks
    origin: Origin | None = attrs.field(default=None, eq=False, repr=False)

    @property
    def conforming(self) -> Rate:
        """The leads that did, as far as they have come, only what is declared."""
        return Rate(sum(variant.leads for variant in self.variants if variant.conforms), self.leads)

    @property
    def kinds(self) -> Mapping[MoveKind, int]:
        """How many moves of each kind; together all of them."""
        counts = dict.fromkeys(MoveKind, 0)
        for move in self.moves:
            counts[move.kind] += move.count
        return counts

    @property
    def repeats(self) -> int:
        """How many entries into the stage that the lead was in already: no moves."""
        return self.events - self.leads - sum(self.kinds.values())

    @property
    def departures(self) -> tuple[Move, ...]:
        """The moves that are not declared."""
        return tuple(move for move in self.moves if move.kind is not MoveKind.DECLARED)

    @property
    def after_end(self) -> tuple[Move, ...]:
        """The moves that left a closed stage, declared or not."""
        return tuple(move for move in self.moves if move.leaves_end)

    @property
    def stalled(self) -> Rate | None:
        """The leads that stall, of all open ones; None if there was no limit."""
        return Rate(sum(stall.leads for stall in self.stalls), self.open) if self.limits else None

    def __repr__(self) -> str:
        return (
            f"<Conformance of {_text.plural(self.leads, 'lead')} to {self.lifecycle!r}: "
            f"{self.conforming}>"
        )

    def __str__(self) -> str:
        return "\n\n".join(["\n".join(_heading(self)), *_tables(self)])

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data: JSON knows it."""
        return {
            "lifecycle": self.lifecycle,
            "as_of": self.as_of.isoformat(),
            "events": self.events,
            "repeats": self.repeats,
            "conforming": _plain(self.conforming),
            "kinds": {kind.value: count for kind, count in self.kinds.items()},
            "variants": [variant.to_dict() for variant in self.variants],
            "moves": [move.to_dict() for move in self.moves],
            "unused": [[*move] for move in self.unused],
            "wrong_starts": dict(self.wrong_starts),
            "foreign": dict(self.foreign),
            "open": self.open,
            "ended": self.ended,
            "elsewhere": self.elsewhere,
            "limit_days": {stage: _days(limit) for stage, limit in self.limits.items()},
            "stalls": [stall.to_dict() for stall in self.stalls],
            "hand_backs": self.hand_backs.to_dict(),
            **self._said(),
        }


_SHOWN = 10  # lines of a table
_LONGEST = 8  # stages of a path


def _heading(result: Conformance) -> Iterator[str]:
    moves = sum(result.kinds.values())
    yield (
        f"{_text.plural(result.leads, 'lead')} and {_text.plural(moves, 'move')} as of "
        f"{result.as_of:%Y-%m-%d %H:%M} UTC, against the lifecycle {result.lifecycle!r}."
    )
    yield f"Only what is declared: {result.conforming} of the leads."
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in result.kinds.items())
    yield f"Moves: {kinds}."
    yield f"Hand-backs: {result.hand_backs}."


def _tables(result: Conformance) -> Iterator[str]:
    """The tables that have something to show."""
    for head, left, rows in (
        (_PATHS, 1, [*map(_path_cells, result.variants)]),
        (_DEPARTURES, 4, [*map(_move_cells, result.departures)]),
        (_FINDINGS, 2, [*_findings(result)]),
        (_STALLS, 2, [*map(_stall_cells, result.stalls)]),
    ):
        more = len(rows) - _SHOWN
        if rows:
            table = _text.text_table(head, rows[:_SHOWN], left=left)
            yield f"{table}\nand {more:,} more" if more > 0 else table


_PATHS = ("path", "leads", "share", "declared")
_DEPARTURES = ("not declared", "to", "kind", "skipped", "moves", "leads")
_FINDINGS = ("also found", "where", "leads")
_STALLS = ("stalled in", "owner", "leads", "of", "limit in days", "median days")


def _path_cells(variant: Variant) -> tuple[str, ...]:
    shown = variant.path
    if len(shown) > _LONGEST:
        half = _LONGEST // 2
        shown = (*shown[:half], f"({len(shown) - 2 * half:,} more)", *shown[-half:])
    word = "yes" if variant.conforms else "no"
    return (" > ".join(shown), f"{variant.leads:,}", variant.share.percent, word)


def _move_cells(move: Move) -> tuple[str, ...]:
    skipped = _listed(move.skipped) or "-"
    counts = (f"{move.count:,}", f"{move.leads:,}")
    return (move.source, move.target, move.kind.value, skipped, *counts)


def _findings(result: Conformance) -> Iterator[tuple[str, ...]]:
    for stage, leads in result.wrong_starts.items():
        yield "wrong start", stage, f"{leads:,}"
    for stage, leads in result.foreign.items():
        yield "foreign stage", stage, f"{leads:,}"
    for move in result.after_end:
        yield "after the end", f"{move.source} > {move.target}", f"{move.leads:,}"
    for source, target in result.unused:
        yield "unused", f"{source} > {target}", "0"


def _stall_cells(stall: Stall) -> tuple[str, ...]:
    counts = (f"{stall.leads:,}", f"{stall.open:,}")
    days = (f"{_days(stall.limit):,.1f}", f"{stall.median_days:,.1f}")
    return (stall.stage, stall.owner.value if stall.owner else "-", *counts, *days)


Limit = timedelta | Mapping[AnyStage, timedelta] | None


def conformance(
    log: StageLog,
    lifecycle: Lifecycle,
    *,
    as_of: datetime | None = None,
    stall: Limit = None,
) -> Conformance:
    """
    Compare the paths that occur in a log with the moves that a lifecycle declares.

    Args:
        log: Of any system: its moves need not be legal, its stages need not be known.  The events
            of a lead are ordered by *at*, then *seq*, then by the order of stages in the lifecycle.
        lifecycle: Its table counts, by the names of stages: whichever event leads from one to
            another.  Staying in a stage is no move, declared as a loop or not.
        as_of: The last visible instant; the last event unless given.
        stall: How long a lead may stay in an open stage, since it last came there: one time for all
            stages, or one for each of those named.  Without it nothing is reported as stalled; no
            default would be right for a nurture stage and a fresh inquiry.

    Returns:
        Paths, moves by :class:`MoveKind`, declared moves that nobody made, leads that began
        elsewhere or went on after the end, hand-backs, and stalls.

    Raises:
        UnknownName: *stall* names a stage that the lifecycle does not have.
        InvalidValue: A limit is no length of time, or below zero.

    Note:
        Open leads conform as far as they have come.  Linear in events, but for sorting them.

    Source:
        Seed 002 (written processes) and 003 (leads that sales cannot hand back).

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import STANDARD
        >>> day = lambda n: datetime(2026, 3, n, tzinfo=UTC)
        >>> log = StageLog.from_rows([
        ...     ("a", "inquiry", day(2)), ("a", "qualifying", day(3)), ("a", "qualified", day(4)),
        ...     ("b", "inquiry", day(2)), ("b", "handed_off", day(3))])
        >>> result = conformance(log, STANDARD)
        >>> print(result.conforming)
        50.0 % [9.5, 90.5]
        >>> result.departures[0].kind, result.departures[0].skipped
        (<MoveKind.SKIP: 'skip'>, ('watch',))
    """
    check_in_python(log)
    _fields.check_type(lifecycle, Lifecycle, "lifecycle")
    declared, cut = Declared.of(lifecycle), log.cut(as_of)
    limits = _limits(stall, declared, lifecycle.name)
    walks = _Walks.read(log, cut, declared)
    moves = tuple(walks.moves(declared))
    stalls = tuple(_stalls(walks, declared, limits, cut))
    now = _by_state(walks, declared)
    days = {stage: limit / timedelta(days=1) for stage, limit in limits.items()}
    asked = {"metric": "conformance", "lifecycle": lifecycle.name, "limit_days": days}
    return Conformance(
        origin=origin_of(log, cut, **asked),
        lifecycle=lifecycle.name,
        as_of=_instants.from_micros(cut),
        leads=sum(walks.paths.values()),
        events=walks.events,
        variants=tuple(walks.variants(declared)),
        moves=moves,
        unused=tuple(_unused(declared, moves)),
        wrong_starts=walks.wrong_starts(declared),
        foreign=walks.foreign(declared),
        open=now["open"],
        ended=now["ended"],
        elsewhere=now["elsewhere"],
        limits=limits,
        stalls=stalls,
        hand_backs=_hand_backs(walks, declared, limits, stalls),
    )


def _limits(stall: Limit, declared: Declared, lifecycle: str) -> dict[str, timedelta]:
    """The limit of each open stage that has one; a closed stage never stalls."""
    if stall is None:
        return {}
    if not isinstance(stall, Mapping):
        stall = dict.fromkeys(declared.stages, stall)
    limits = dict(zip(stage_names(stall, "stall"), stall.values(), strict=True))
    if len(limits) < len(stall):
        raise InvalidValue(expected="each stage once", got="one of them twice", where="stall")
    for name, limit in limits.items():
        if name not in declared.stages:
            expected, legal = f"a stage of {lifecycle!r}", declared.stages
            raise UnknownName(expected=expected, got=repr(name), where="stall", legal=legal)
        _fields.check_type(limit, timedelta, "stall")
        if limit < timedelta(0):
            raise InvalidValue(expected="a time from 0 on", got="one below", where="stall")
    return {
        name: limits[name]
        for name, stage in declared.stages.items()
        if name in limits and not stage.closed
    }


_Path = tuple[int, ...]


@attrs.frozen(kw_only=True)
class _Walks:
    """What one pass over the log knows; stages are numbered by their place."""

    names: tuple[str, ...]  # by place: along the lifecycle, then those it does not know
    events: int
    paths: Mapping[_Path, int]  # the most frequent first
    stays: Mapping[str, Sequence[int]]  # the stage that leads are in now -> when they came there

    @classmethod
    def read(cls, log: StageLog, cut: int, declared: Declared) -> "_Walks":
        names = (*declared.stages, *sorted({*log.stages} - declared.stages.keys()))
        paths, stays, events = Counter[_Path](), defaultdict[str, list[int]](list), 0
        for moments in _moments(log, cut, names):
            path, since = _walked(moments)
            paths[path] += 1
            stays[names[path[-1]]].append(since)
            events += len(moments)
        ranked = sorted(paths, key=lambda path: (-paths[path], path))
        return cls(
            names=names, events=events, paths={path: paths[path] for path in ranked}, stays=stays
        )

    def named(self, path: _Path) -> tuple[str, ...]:
        return tuple(map(self.names.__getitem__, path))

    def variants(self, declared: Declared) -> Iterator[Variant]:
        of, start = sum(self.paths.values()), declared.start
        legal = {(a, b) for a, targets in declared.moves.items() for b in targets}
        for path, leads in self.paths.items():
            names = self.named(path)
            conforms = names[0] == start and legal.issuperset(pairwise(names))
            yield Variant(path=names, leads=leads, of=of, conforms=conforms)

    def moves(self, declared: Declared) -> Iterator[Move]:
        count, leads = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
        for path, times in self.paths.items():
            for pair in pairwise(path):
                count[pair] += times
            for pair in {*pairwise(path)}:
                leads[pair] += times
        for pair in sorted(count, key=lambda pair: (-count[pair], pair)):
            source, target = self.named(pair)
            yield _move(declared, source, target, count=count[pair], leads=leads[pair])

    def wrong_starts(self, declared: Declared) -> dict[str, int]:
        starts = Counter[int]()
        for path, leads in self.paths.items():
            starts[path[0]] += leads
        return {
            self.names[place]: starts[place]
            for place in sorted(starts)
            if self.names[place] != declared.start
        }

    def foreign(self, declared: Declared) -> dict[str, int]:
        strange = self.names[len(declared.stages) :]
        first = len(declared.stages)
        been = Counter[int]()
        for path, leads in self.paths.items():
            for place in {*path}:
                been[place] += leads
        return {name: been[i] for i, name in enumerate(strange, start=first) if been[i]}


def _moments(log: StageLog, cut: int, names: Sequence[str]) -> Iterator[list[tuple[int, int, int]]]:
    """The visible events of each lead in order: (at, seq, place of the stage)."""
    places = {name: place for place, name in enumerate(names)}
    place = [places[name] for name in log.stages]
    own: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for lead, stage, at, seq in log.events(cut):
        own[lead].append((at, seq, place[stage]))
    for moments in own.values():
        moments.sort()
        yield moments


def _walked(moments: Iterable[tuple[int, int, int]]) -> tuple[_Path, int]:
    """The stages in order without repeats, and when the last of them was entered."""
    path: list[int] = []
    since, last = 0, -1
    for at, _, place in moments:
        if place != last:
            path.append(place)
            since, last = at, place
    return tuple(path), since


def _move(declared: Declared, source: str, target: str, *, count: int, leads: int) -> Move:
    kind = declared.kind(source, target)
    return Move(
        source=source,
        target=target,
        kind=kind,
        count=count,
        leads=leads,
        skipped=declared.ahead(source)[target] if kind is MoveKind.SKIP else (),
        is_hand_back=declared.is_hand_back(source, target),
        leaves_end=declared.is_closed(source),
    )


def _unused(declared: Declared, moves: Iterable[Move]) -> Iterator[tuple[str, str]]:
    made = {(move.source, move.target) for move in moves}
    for source, targets in declared.moves.items():
        yield from ((source, target) for target in targets if (source, target) not in made)


def _by_state(walks: _Walks, declared: Declared) -> Mapping[str, int]:
    now = Counter[str]()
    for name, stays in walks.stays.items():
        if name not in declared.stages:
            now["elsewhere"] += len(stays)
        else:
            now["ended" if declared.is_closed(name) else "open"] += len(stays)
    return now


def _stalls(
    walks: _Walks, declared: Declared, limits: Mapping[str, timedelta], cut: int
) -> Iterator[Stall]:
    for name, limit in limits.items():
        stays = walks.stays.get(name, ())
        most = limit // _instants.MICROSECOND
        long = [cut - since for since in stays if cut - since > most]
        if long:
            yield Stall(
                stage=name,
                owner=declared.stages[name].owner,
                leads=len(long),
                open=len(stays),
                limit=limit,
                median_days=median(long) / DAY,
            )


def _hand_backs(
    walks: _Walks,
    declared: Declared,
    limits: Mapping[str, timedelta],
    stalls: Iterable[Stall],
) -> HandBacks:
    moves = leads = had = 0
    sales = {i for i, name in enumerate(walks.names) if declared.is_with_sales(name)}
    for path, times in walks.paths.items():
        backs = sum(declared.is_hand_back(*walks.named(pair)) for pair in pairwise(path))
        moves += backs * times
        leads += bool(backs) * times
        had += times * (not sales.isdisjoint(path))
    stalled = sum(stall.leads for stall in stalls if declared.is_with_sales(stall.stage))
    unknown = not stalled and not limits.keys() >= {*declared.of_sales}
    return HandBacks(
        moves=moves,
        leads=leads,
        had=had,
        missing=declared.without_way_back,
        stalled=None if unknown else stalled,
    )
