"""
The paths of all leads of a log that stays in its frame: one row for each lead, in the engine.

One pass gives, for each lead, its first entry into each stage, its last event and its groups; that
table answers every question about the same way, so it is kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from leadlib import _text
from leadlib._frames import narwhals
from leadlib._metrics.counting import Counting
from leadlib._metrics.engines import (
    FAR,
    coded,
    kept,
    largest,
    period_of,
    ranked,
    smallest,
    table_of,
    tally,
)
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.tables import HOUR, MISSING, Fate, Journeys, PathTable, Question, Window
from leadlib.errors import InvalidValue

__all__ = ["FramePaths"]


@attrs.define(kw_only=True, slots=False)
class FramePaths:
    """
    The leads of a frame on one way.

    Args:
        log: Where the rows are.
        question: What is asked.
        leads: One row for each lead: its first entries, what it entered last, and its groups.
        closed, closed_by: The stages in which a story has ended, and who says so.
    """

    log: FrameLog
    question: Question
    leads: Any
    closed: frozenset[str]
    closed_by: str

    @classmethod
    def read(cls, log: FrameLog, question: Question) -> "FramePaths":
        if question.counting not in (Counting.AT_LEAST, Counting.ANY_ORDER):
            expected = "a log in Python for this way of counting: log.collect()"
            raise InvalidValue(expected=expected, got="a frame", where="counting")
        leads, closed = log.kept(
            (question.waterfall, question.cut, question.closed),
            lambda: _Pass(log=log, question=question).read(),
        )
        if question.counting is Counting.ANY_ORDER:
            firsts = [_first(i) for i in range(len(question.waterfall))]
            upto = [largest(*map(narwhals().col, firsts[: i + 1])) for i in range(len(firsts))]
            leads = leads.with_columns(
                *(own.alias(name) for own, name in zip(upto, firsts, strict=True))
            )
        by = question.closed_by if question.closed is not None else "nobody came back"
        return cls(log=log, question=question, leads=leads, closed=closed, closed_by=by)

    def whole(self) -> PathTable:
        return self._tables(())[()]

    def groups(self, by: str) -> dict[str, PathTable]:
        key, names = self.log.column(by), self.log.labels[by]
        tables = self._tables((key,), inside=True)
        return {names[code] if code >= 0 else MISSING: table for (code,), table in tables.items()}

    def span(self) -> tuple[int, int] | None:
        nw, size = narwhals(), len(self.question.waterfall)
        lead = self._entered.select(
            smallest(self._entry, _col(size - 1)).alias("from"),
            largest(self._entry, nw.when(self._arrived).then(_col(size - 1)).otherwise(-1)).alias(
                "to"
            ),
        )
        [(first, last)] = table_of(lead.select(nw.col("from").min(), nw.col("to").max()))
        return None if _text.is_missing(first) else (int(first), int(last))

    def journeys(self, edges: Sequence[int]) -> Journeys:
        nw, goal = narwhals(), _col(self.question.goal)
        ended = nw.col("now").is_in([*self._places(self.closed)]).cast(nw.Int64)
        end = nw.when(self._arrived).then(goal).otherwise(self.question.cut)
        leads = kept(
            self._entered.select(
                period_of(self._entry, edges).alias("period"),
                self._arrived.cast(nw.Int64).alias("arrived"),
                ended.alias("ended"),
                self._entry.alias("entry"),
                largest(end - self._entry, nw.lit(0)).alias("took"),
                goal.alias("goal"),
            )
        )
        fates = tally(leads, "period", "arrived", "ended")
        arrived = leads.filter(nw.col("arrived") == 1)
        ripe = ranked(arrived, "took", (), lambda n: [-(-9 * n // 10) - 1])
        since = _minimum(arrived, "goal")
        return Journeys(
            fates={(place, bool(a), bool(e)): count for (place, a, e), count in fates.items()},
            ripe=ripe[()][0] if ripe else None,
            since=since,
            early=_early(leads, since),
            late=_late(leads, since),
        )

    def arrivals(self, edges: Sequence[int]) -> Mapping[int, int]:
        goal = _col(self.question.goal)
        arrived = self._entered.filter(self._arrived).select(period_of(goal, edges).alias("period"))
        return {period: count for (period,), count in tally(arrived, "period").items()}

    def in_time(self, edges: Sequence[int], window: Window) -> Mapping[Fate, int]:
        nw, goal = narwhals(), _col(self.question.goal)
        leads = self._entered.select(
            period_of(self._entry, edges).alias("period"),
            self._entry.alias("entry"),
            goal.alias("goal"),
        )
        end = _end(window)
        leads = leads.with_columns(
            (end <= self.question.cut).cast(nw.Int64).alias("watched"),
            (nw.col("goal") <= end).cast(nw.Int64).alias("arrived"),
        )
        counts = tally(leads, "period", "watched", "arrived")
        return {(place, bool(w), bool(a)): count for (place, w, a), count in counts.items()}

    # -- what a lead is, in columns --

    @property
    def _entered(self) -> Any:
        """The leads that are on the way at all."""
        return self.leads.filter(self._entry < FAR)

    @cached_property
    def _entry(self) -> Any:
        """When a lead entered the first stage of the way that it has a date for."""
        nw, entry = narwhals(), _col(self.question.goal)
        for i in reversed(range(self.question.goal)):
            entry = nw.when(_col(i) < FAR).then(_col(i)).otherwise(entry)
        return entry

    @property
    def _arrived(self) -> Any:
        return _col(self.question.goal) < FAR

    @property
    def _reach(self) -> Any:
        """The furthest index that a lead entered, -1 for none."""
        nw = narwhals()
        steps = (nw.when(_col(i) < FAR).then(i).otherwise(-1) for i in self._indices)
        return largest(*(step.cast(nw.Int64) for step in steps))

    @property
    def _indices(self) -> range:
        return range(len(self.question.waterfall))

    def _later(self, i: int) -> Any:
        """The first entry into any later stage."""
        return smallest(*(_col(j) for j in self._indices if j > i))

    def _places(self, names: Iterable[str]) -> list[int]:
        return [place for place, name in enumerate(self.question.places) if name in names]

    # -- the table of each group --

    def _tables(
        self, keys: tuple[str, ...], *, inside: bool = False
    ) -> dict[tuple[int, ...], PathTable]:
        counted = self._counted(keys, inside=inside)
        waited, gaps = self._waited(keys), self._gaps(keys)
        return {group: own.table(waited, gaps, group) for group, own in counted.items()}

    def _counted(self, keys: tuple[str, ...], *, inside: bool) -> dict[tuple[int, ...], "_Counts"]:
        nw = narwhals()
        flags = [(_col(i) < FAR).cast(nw.Int64).alias(f"was {i}") for i in self._indices]
        sums = [f"was {i}" for i in self._indices]
        leads = self.leads.with_columns(self._reach.alias("reach"))
        leads = leads.filter(nw.col("reach") >= 0) if inside else leads
        counted = (
            leads.select(*keys, "reach", "now", self._backwards().alias("back"), *flags)
            .group_by(*keys, "reach", "now")
            .agg(nw.len().alias("n"), nw.col("back").sum(), *(nw.col(name).sum() for name in sums))
        )
        found: dict[tuple[int, ...], _Counts] = defaultdict(lambda: _Counts(len(sums)))
        if not keys:
            found[()] = _Counts(len(sums))
        for row in table_of(counted):
            numbers = [*map(int, row)]
            group = (*numbers[: len(keys)],)
            found[group].add(self.question.places, *numbers[len(keys) :])
        return dict(found)

    def _backwards(self) -> Any:
        """1 if a lead entered a later stage before an earlier one."""
        nw = narwhals()
        flags = [
            ((_col(i) < FAR) & (self._later(i) < _col(i))).cast(nw.Int64)
            for i in self._indices[:-1]
        ]
        return largest(*flags) if flags else nw.lit(0).cast(nw.Int64)

    def _waited(self, keys: tuple[str, ...]) -> Mapping[tuple[int, ...], float]:
        """By group, reach and stage the median time since the last event."""
        nw = narwhals()
        leads = self.leads.select(
            *keys, self._reach.alias("reach"), "now", (self.question.cut - nw.col("at")).alias("t")
        )
        return _medians(leads.filter(nw.col("reach") >= 0), (*keys, "reach", "now"))

    def _gaps(self, keys: tuple[str, ...]) -> list[Mapping[tuple[int, ...], float]]:
        """For each stage by group the median time to the first later one."""
        nw = narwhals()
        gaps = []
        for i in self._indices[:-1]:
            later = self._later(i)
            both = self.leads.filter((_col(i) < FAR) & (later < FAR))
            gap = largest(later - _col(i), nw.lit(0)).alias("t")
            gaps.append(_medians(both.select(*keys, gap), keys))
        return [*gaps, {}]


@attrs.define
class _Counts:
    """The counts of one group, as they come in."""

    size: int
    stopped: Counter[tuple[int, str]] = attrs.field(factory=Counter, init=False)
    codes: dict[tuple[int, str], tuple[int, int]] = attrs.field(factory=dict, init=False)
    entered: list[int] = attrs.field(init=False)
    backwards: int = attrs.field(default=0, init=False)
    outside: int = attrs.field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self.entered = [0] * self.size

    def add(
        self, places: Sequence[str], reach: int, now: int, leads: int, back: int, *was: int
    ) -> None:
        if reach < 0:
            self.outside += leads
            return
        self.stopped[reach, places[now]] += leads
        self.codes[reach, places[now]] = (reach, now)
        self.backwards += back
        self.entered = [a + b for a, b in zip(self.entered, was, strict=True)]

    def table(
        self,
        waited: Mapping[tuple[int, ...], float],
        gaps: Sequence[Mapping[tuple[int, ...], float]],
        group: tuple[int, ...],
    ) -> PathTable:
        return PathTable(
            stopped=self.stopped,
            waited={key: waited[group + code] for key, code in self.codes.items()},
            entered=self.entered,
            gaps=[own.get(group) for own in gaps],
            backwards=self.backwards,
            outside=self.outside,
        )


def _col(i: int) -> Any:
    """The first entry into a stage of the way; FAR if there is none."""
    return narwhals().col(_first(i))


def _first(i: int) -> str:
    return f"first {i}"


def _medians(frame: Any, keys: tuple[str, ...]) -> dict[tuple[int, ...], float]:
    found = ranked(frame, "t", keys, lambda n: [(n - 1) // 2, n // 2])
    return {group: low if low == high else (low + high) / 2 for group, (low, high) in found.items()}


def _minimum(frame: Any, column: str) -> int | None:
    [(low,)] = table_of(frame.select(narwhals().col(column).min()))
    return None if _text.is_missing(low) else int(low)


def _early(leads: Any, since: int | None) -> Mapping[int, int]:
    if since is None:
        return {}
    nw = narwhals()
    early = leads.filter(nw.col("entry") < since)
    ages = early.select(((since - nw.col("entry")) // HOUR).alias("hours"))
    return {hours: count for (hours,), count in tally(ages, "hours").items()}


def _late(leads: Any, since: int | None) -> Mapping[tuple[int, bool], int]:
    if since is None:
        return {}
    nw = narwhals()
    late = leads.filter(nw.col("entry") >= since)
    times = late.select((nw.col("took") // HOUR).alias("hours"), "arrived")
    return {
        (hours, bool(arrived)): count
        for (hours, arrived), count in tally(times, "hours", "arrived").items()
    }


def _end(window: Window) -> Any:
    nw = narwhals()
    if window.length is not None:
        return nw.col("entry") + window.length
    if window.ends is not None:
        return coded("period", dict(enumerate(window.ends)))
    expected = "a window of days, or of whole months after that of entry, or log.collect()"
    raise InvalidValue(expected=expected, got="another, of a frame", where="within")


@attrs.frozen(kw_only=True)
class _Pass:
    """The one pass over all visible rows."""

    log: FrameLog
    question: Question

    def read(self) -> tuple[Any, frozenset[str]]:
        """One row for each lead, kept by the engine; and the stages in which a story has ended."""
        rows = self._rows()
        leads = kept(rows.select(*self._columns()).group_by("lead").agg(*self._ends()))
        leads = kept(self._settled(leads, rows))
        closed = self._closed(leads, rows)
        firsts = [_first(i) for i in range(len(self.question.waterfall))]
        columns = ["lead", "now", "at", *self.log.columns.values(), *firsts]
        return leads.select(*columns), closed

    def _rows(self) -> Any:
        nw = narwhals()
        places = {name: place for place, name in enumerate(self.question.places)}
        log = self.log
        codes = {value: places[name] for value, name in log.codes["stage"].items()}
        labels = [
            coded(
                key,
                {value: log.labels[name].index(label) for value, label in log.codes[key].items()},
            ).alias(key)
            for name, key in log.columns.items()
        ]
        rows = log.rows.filter(nw.col("at") <= self.question.cut)
        order = nw.col("seq") - log.seqs[0] if log.seqs else nw.lit(0)
        return rows.with_columns(
            coded("stage", codes).alias("place"), order.cast(nw.Int64).alias("order"), *labels
        )

    @property
    def _of_place(self) -> dict[int, int]:
        """The index in the waterfall of each place."""
        places = {name: place for place, name in enumerate(self.question.places)}
        return {i: places[name] for name, i in self.question.index.items()}

    @property
    def _outside(self) -> list[int]:
        """The places outside, if it has to be found out from which of them somebody came back."""
        if self.question.closed is not None:
            return []
        return [*range(len(self._of_place), len(self.question.places))]

    def _columns(self) -> list[Any]:
        nw, at = narwhals(), narwhals().col("at")
        place, columns = nw.col("place"), [nw.col("lead")]
        for i in range(len(self.question.waterfall)):
            is_there = place == self._of_place.get(i, -1)  # nobody is at -1
            columns += [nw.when(is_there).then(at).otherwise(FAR).alias(_first(i))]
        for out in self._outside:
            columns += [nw.when(place == out).then(at).otherwise(FAR).alias(f"out {out}")]
        if self._outside:
            is_inside = place < len(self._of_place)
            columns.append(nw.when(is_inside).then(at).otherwise(-1).alias("inside"))
        for pick in self._picks():
            columns += pick.columns(self.log.earliest, both=bool(self.log.seqs))
        return columns

    def _ends(self) -> list[Any]:
        nw = narwhals()
        firsts = [_first(i) for i in range(len(self.question.waterfall))]
        least = [*firsts, *(f"out {out}" for out in self._outside)]
        ends = [nw.col(name).min() for name in least]
        if self._outside:
            ends.append(nw.col("inside").max())
        for pick in self._picks():
            ends += pick.ends(both=bool(self.log.seqs))
        return ends

    def _picks(self) -> list["_Pick"]:
        """What is asked of one event of a lead: the stage of the last, the groups of the first."""
        log = self.log
        now = _Pick(name="now", code="place", size=len(self.question.places), last=True)
        groups = [
            _Pick(name=key, code=key, size=len(log.labels[name]), last=False)
            for name, key in log.columns.items()
        ]
        return [now, *groups]

    def _settled(self, leads: Any, rows: Any) -> Any:
        for pick in self._picks():
            leads = pick.read(leads, self.log.earliest, both=bool(self.log.seqs))
            if self.log.seqs:
                leads = pick.settled(leads, rows)
        return leads

    def _closed(self, leads: Any, rows: Any) -> frozenset[str]:
        cut, places = self.question.cut, self.question.places
        entered = [name for name in places if self.log.seen[name][1] <= cut]
        outside = {name for name in entered if name not in self.question.index}
        if self.question.closed is not None:
            return frozenset(outside & self.question.closed)
        return frozenset(outside - {places[out] for out in self._returned(leads, rows)})

    def _returned(self, leads: Any, rows: Any) -> set[int]:
        """The places outside from which some lead came back."""
        nw, outside = narwhals(), self._outside
        if not outside:
            return set()
        flags = [(nw.col(f"out {out}") < nw.col("inside")).alias(f"{out}") for out in outside]
        back = _any(leads.select(*flags), outside)
        return back | self._returned_at_once(leads, rows) if self.log.seqs else back

    def _returned_at_once(self, leads: Any, rows: Any) -> set[int]:
        """The same where only seq tells what came first."""
        nw, order, outside = narwhals(), narwhals().col("order"), self._outside
        same = [(nw.col(f"out {out}") == nw.col("inside")).cast(nw.Int64) for out in outside]
        ties = kept(leads.filter(largest(*same) == 1).select("lead", nw.col("inside").alias("at")))
        if not column_count(ties):
            return set()
        here = rows.join(ties, on=["lead", "at"], how="inner")
        is_inside = nw.col("place") < len(self._of_place)
        columns = [nw.when(is_inside).then(order).otherwise(-1).alias("inside")]
        for out in outside:
            is_there = nw.col("place") == out
            columns.append(nw.when(is_there).then(order).otherwise(FAR).alias(f"out {out}"))
        ends = [nw.col("inside").max(), *(nw.col(f"out {out}").min() for out in outside)]
        found = here.select("lead", *columns).group_by("lead").agg(*ends)
        flags = [(nw.col(f"out {out}") < nw.col("inside")).alias(f"{out}") for out in outside]
        return _any(found.select(*flags), outside)


def _any(flags: Any, places: Sequence[int]) -> set[int]:
    """The places whose flag is up in some row."""
    nw = narwhals()
    whole = flags.with_columns(nw.col(f"{place}").cast(nw.Int64) for place in places)
    [row] = table_of(whole.select(*(nw.col(f"{place}").max() for place in places)))
    return {place for place, flag in zip(places, row, strict=True) if flag == 1}


def column_count(frame: Any) -> int:
    """How many rows a frame has."""
    return int(table_of(frame.select(narwhals().len().alias("n")))[0][0])


@attrs.frozen(kw_only=True)
class _Pick:
    """
    The code of the first or the last event of each lead that has one.

    An instant and a code go into one number, so that an aggregation finds both.  With *seq* two
    such numbers are made, one with the codes in reverse: where they disagree several events of the same
    instant compete, and only those leads are looked up again.
    """

    name: str
    code: str
    size: int
    last: bool

    def columns(self, base: int, *, both: bool) -> list[Any]:
        nw, code = narwhals(), narwhals().col(self.code)
        at, none = (nw.col("at") - base) * max(self.size, 1), -1 if self.last else FAR
        packed = [at + code, at + (max(self.size, 1) - 1 - code)][: 2 if both else 1]
        return [
            nw.when(code >= 0).then(own).otherwise(none).alias(self._packed(turn))
            for turn, own in enumerate(packed)
        ]

    def ends(self, *, both: bool) -> list[Any]:
        columns = [narwhals().col(self._packed(turn)) for turn in range(2 if both else 1)]
        return [column.max() if self.last else column.min() for column in columns]

    def _packed(self, turn: int) -> str:
        return f"{self.name} packed {turn}"

    def read(self, leads: Any, base: int, *, both: bool) -> Any:
        """Unpack: the code, its instant, and whether the reverse says the same."""
        nw, size = narwhals(), max(self.size, 1)
        is_known = (nw.col(self._packed(0)) >= 0) & (nw.col(self._packed(0)) < FAR)
        # What is not known is 0 before anybody adds to it: some engines refuse an overflow.
        first = nw.when(is_known).then(nw.col(self._packed(0))).otherwise(0)
        code = nw.when(is_known).then(first - first // size * size).otherwise(-1)
        at = nw.when(is_known).then(first // size + base).otherwise(-1)
        columns = [code.cast(nw.Int64).alias(self.name), at.cast(nw.Int64).alias(self._at)]
        if both:
            second = nw.when(is_known).then(nw.col(self._packed(1))).otherwise(0)
            other = size - 1 - (second - second // size * size)
            is_tied = is_known & (other != first - first // size * size)
            columns.append(is_tied.cast(nw.Int64).alias(f"{self.name} tied"))
        return leads.with_columns(*columns)

    @property
    def _at(self) -> str:
        return "at" if self.last else f"{self.name} at"

    def settled(self, leads: Any, rows: Any) -> Any:
        """Let seq decide where several events of one instant compete."""
        nw, size = narwhals(), max(self.size, 1)
        tied = leads.filter(nw.col(f"{self.name} tied") == 1)
        tied = kept(tied.select("lead", nw.col(self._at).alias("at")))
        if not column_count(tied):
            return leads
        code = nw.col(self.code)
        here = rows.filter(code >= 0).join(tied, on=["lead", "at"], how="inner")
        packed = here.select("lead", (nw.col("order") * size + code).alias("packed"))
        end = nw.col("packed").max() if self.last else nw.col("packed").min()
        best = packed.group_by("lead").agg(end)
        picked = nw.col("packed") - nw.col("packed") // size * size
        best = kept(best.select("lead", picked.cast(nw.Int64).alias("picked")))
        joined = leads.join(best, on="lead", how="left")
        own = (
            nw.when(nw.col("picked").is_null()).then(nw.col(self.name)).otherwise(nw.col("picked"))
        )
        return joined.with_columns(own.cast(nw.Int64).alias(self.name)).drop("picked")
