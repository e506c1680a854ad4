"""
The paths of all leads of a log that stays in its frame: one row for each lead, in the engine.

One pass gives, for each lead, its first entry into each stage, its last event and its groups; that
table answers every question about the same way, so it is kept.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
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
    quotient,
    ranked,
    smallest,
    table_of,
    tally,
)
from leadlib._metrics.frames import KEPT, FrameLog
from leadlib._metrics.tables import HOUR, MISSING, Fate, Journeys, PathTable, Question, Window
from leadlib.errors import InvalidValue, LimitExceeded

__all__ = ["FramePaths"]

_MOST = 100  # stages, each with a column of its own


@attrs.frozen(kw_only=True)
class LeadTable:
    """
    One row for each lead, kept by the engine: what one pass over the rows has found.

    Args:
        question: What it was made for.
        frame: The first entry into each stage of the way, the last event, and the groups.
        closed: The stages in which a story has ended.
    """

    question: Question
    frame: Any
    closed: frozenset[str]

    def serves(self, question: Question, *, now: bool, ended: bool) -> bool:
        """
        Whether it answers another question, too: of a part of the way.

        Args:
            question: The other one.
            now: Whether it has to be known in which stage a lead is: ties go by the whole way.
            ended: Whether it has to be known only if its story has ended.
        """
        own = self.question
        same_way, same_end = own.waterfall == question.waterfall, own.closed == question.closed
        if own.cut != question.cut or not {*own.waterfall} >= {*question.waterfall}:
            return False
        if now:
            return same_way and same_end
        # Closed stages come last of an instant, whatever the way, unless they lie on it.
        apart = own.closed is not None and not own.closed & {*own.waterfall}
        return not ended or (same_end and (same_way or apart))


@attrs.define(kw_only=True, slots=False)
class FramePaths:
    """
    The leads of a frame on one way.

    Args:
        log: Where the rows are.
        question: What is asked.
    """

    log: FrameLog
    question: Question

    @classmethod
    def read(cls, log: FrameLog, question: Question) -> "FramePaths":
        if question.counting not in (Counting.AT_LEAST, Counting.ANY_ORDER):
            expected = "a log in Python for this way of counting: log.collect()"
            raise InvalidValue(expected=expected, got="a frame", where="counting")
        if len({*question.waterfall, *question.places}) > _MOST:
            expected = f"at most {_MOST} stages of a frame: log.collect() takes more"
            raise LimitExceeded(expected=expected, got="more", where="stages")
        return cls(log=log, question=question)

    @cached_property
    def closed(self) -> frozenset[str]:
        if self.question.closed is not None:  # declared: no row need be read
            return frozenset(_outside(self.log, self.question) & self.question.closed)
        return self._table(now=True).closed

    @property
    def closed_by(self) -> str:
        return "nobody came back" if self.question.closed is None else self.question.closed_by

    def _table(self, *, now: bool = False, ended: bool = False) -> LeadTable:
        """A table that was kept, if there is one that serves; or else one more pass."""
        tables: list[LeadTable] = self.log.kept
        for table in tables:
            if table.serves(self.question, now=now, ended=ended):
                return table
        table = _Pass(log=self.log, question=self.question).read()
        self.log.kept[:] = [*self.log.kept, table][-KEPT:]
        return table

    def _leads(self, table: LeadTable) -> Any:
        """Its leads with the columns of this way: the first entries in the order of its stages."""
        nw, way = narwhals(), table.question.waterfall
        columns = [nw.col(_first(way.index(stage))) for stage in self.question.waterfall]
        if self.question.counting is Counting.ANY_ORDER:
            columns = [largest(*columns[: i + 1]) for i in range(len(columns))]
        firsts = [column.alias(_first(i)) for i, column in enumerate(columns)]
        return table.frame.select("lead", "now", "at", *self.log.columns.values(), *firsts)

    def tables(
        self, by: str | None, *, times: bool = True
    ) -> tuple[PathTable, Mapping[str, PathTable]]:
        keys = () if by is None else (self.log.column(by),)
        leads = self._leads(self._table(now=True))
        sizes = () if by is None else (len(self.log.labels[by]) + 1,)
        made = _Tables(question=self.question, leads=leads, keys=keys, sizes=sizes, times=times)
        tables = made.tables()
        whole = tables.pop(None)
        names = () if by is None else self.log.labels[by]
        return whole, {
            names[code] if code >= 0 else MISSING: table
            for code, table in tables.items()
            if code is not None
        }

    def span(self) -> tuple[int, int] | None:
        nw, goal = narwhals(), _col(self.question.goal)
        last = nw.when(goal < FAR).then(goal).otherwise(-1)
        lead = self._entered(self._table()).select(
            smallest(nw.col("entry"), goal).alias("from"),
            largest(nw.col("entry"), last).alias("to"),
        )
        [(first, latest)] = table_of(lead.select(nw.col("from").min(), nw.col("to").max()))
        return None if _text.is_missing(first) else (int(first), int(latest))

    def journeys(self, edges: Sequence[int]) -> Journeys:
        nw, goal, entry = narwhals(), _col(self.question.goal), narwhals().col("entry")
        table = self._table(ended=True)
        closed = [place for place, name in enumerate(table.question.places) if name in table.closed]
        end = nw.when(goal < FAR).then(goal).otherwise(self.question.cut)
        leads = kept(
            self._entered(table).select(
                period_of(entry, edges).alias("period"),
                (goal < FAR).cast(nw.Int64).alias("arrived"),
                nw.col("now").is_in(closed).cast(nw.Int64).alias("ended"),
                entry,
                largest(end - entry, nw.lit(0)).alias("took"),
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
        arrived = self._entered(self._table()).filter(goal < FAR)
        counts = tally(arrived.select(period_of(goal, edges).alias("period")), "period")
        return {period: count for (period,), count in counts.items()}

    def in_time(self, edges: Sequence[int], window: Window) -> Mapping[Fate, int]:
        nw, entry = narwhals(), narwhals().col("entry")
        leads = self._entered(self._table()).select(
            period_of(entry, edges).alias("period"), entry, _col(self.question.goal).alias("goal")
        )
        end = _end(window)
        leads = leads.with_columns(
            (end <= self.question.cut).cast(nw.Int64).alias("watched"),
            (nw.col("goal") <= end).cast(nw.Int64).alias("arrived"),
        )
        counts = tally(leads, "period", "watched", "arrived")
        return {(place, bool(w), bool(a)): count for (place, w, a), count in counts.items()}

    def _entered(self, table: LeadTable) -> Any:
        """The leads on the way, and when each entered its first stage that it has a date for."""
        nw, entry = narwhals(), _col(self.question.goal)
        for i in reversed(range(self.question.goal)):
            entry = nw.when(_col(i) < FAR).then(_col(i)).otherwise(entry)
        leads = self._leads(table).with_columns(entry.alias("entry"))
        return leads.filter(nw.col("entry") < FAR)


@attrs.frozen(kw_only=True)
class _Tables:
    """The table of all leads, and of each group, from the same few questions to the engine."""

    question: Question
    leads: Any
    keys: tuple[str, ...]
    sizes: tuple[int, ...]  # of keys
    times: bool

    def tables(self) -> dict[int | None, PathTable]:
        """By the code of the group; None is the whole."""
        waited, gaps = (self._waited(), self._gaps()) if self.times else ({}, {})
        return {group: own.table(waited, gaps, group) for group, own in self._counted().items()}

    @property
    def _indices(self) -> range:
        return range(len(self.question.waterfall))

    @property
    def _reach(self) -> Any:
        """The furthest index that a lead entered, -1 for none."""
        nw = narwhals()
        steps = (nw.when(_col(i) < FAR).then(i).otherwise(-1) for i in self._indices)
        return largest(*(step.cast(nw.Int64) for step in steps))

    def _later(self, i: int) -> Any:
        """The first entry into any later stage."""
        return smallest(*(_col(j) for j in self._indices if j > i))

    def _groups(self, row: Sequence[int]) -> tuple[int | None, ...]:
        """The groups that a row counts for: its own, and the whole."""
        return (*row[: len(self.keys)], None)

    def _counted(self) -> dict[int | None, "_Counts"]:
        nw = narwhals()
        flags = [(_col(i) < FAR).cast(nw.Int64).alias(f"was {i}") for i in self._indices]
        sums = [nw.col(f"was {i}").sum() for i in self._indices]
        counted = (
            self.leads.select(
                *self.keys,
                self._reach.alias("reach"),
                "now",
                self._backwards().alias("back"),
                *flags,
            )
            .group_by(*self.keys, "reach", "now")
            .agg(nw.len().alias("n"), nw.col("back").sum(), *sums)
        )
        found: dict[int | None, _Counts] = {None: _Counts(len(sums))}
        for row in table_of(counted):
            numbers = [*map(int, row)]
            for group in self._groups(numbers):
                counts = found.setdefault(group, _Counts(len(sums)))
                counts.add(self.question.places, *numbers[len(self.keys) :])
        return {group: own for group, own in found.items() if group is None or own.stopped}

    def _backwards(self) -> Any:
        """1 if a lead entered a later stage before an earlier one."""
        nw = narwhals()
        flags = [
            ((_col(i) < FAR) & (self._later(i) < _col(i))).cast(nw.Int64)
            for i in self._indices[:-1]
        ]
        return largest(*flags) if flags else nw.lit(0).cast(nw.Int64)

    def _waited(self) -> Mapping[tuple[int | None, ...], float]:
        """By group, reach and stage the median time since the last event."""
        nw = narwhals()
        leads = self.leads.select(
            *self.keys,
            self._reach.alias("reach"),
            "now",
            (self.question.cut - nw.col("at")).alias("t"),
        )
        sizes = len(self.question.waterfall), len(self.question.places)
        return self._medians(leads.filter(nw.col("reach") >= 0), ("reach", "now"), sizes)

    def _gaps(self) -> Mapping[tuple[int | None, ...], float]:
        """By group and stage the median time to the first later one."""
        nw = narwhals()
        gaps: dict[tuple[int | None, ...], float] = {}
        for i in self._indices[:-1]:
            later = self._later(i)
            both = self.leads.filter((_col(i) < FAR) & (later < FAR))
            found = self._medians(
                both.select(*self.keys, largest(later - _col(i), nw.lit(0)).alias("t"))
            )
            gaps |= {(*group, i): gap for group, gap in found.items()}
        return gaps

    def _medians(
        self, frame: Any, more: tuple[str, ...] = (), sizes: tuple[int, ...] = ()
    ) -> Mapping[tuple[int | None, ...], float]:
        keys = (*self.keys, *more)
        found = ranked(
            frame,
            "t",
            keys,
            lambda n: [(n - 1) // 2, n // 2],
            groups=lambda row: [(group, *row[len(self.keys) :]) for group in self._groups(row)],
            sizes=(*self.sizes, *sizes),
        )
        return {
            group: low if low == high else (low + high) / 2 for group, (low, high) in found.items()
        }


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
        waited: Mapping[tuple[int | None, ...], float],
        gaps: Mapping[tuple[int | None, ...], float],
        group: int | None,
    ) -> PathTable:
        return PathTable(
            stopped=self.stopped,
            waited={key: waited[group, *code] for key, code in self.codes.items() if waited},
            entered=self.entered,
            gaps=[gaps.get((group, i)) for i in range(self.size)],
            backwards=self.backwards,
            outside=self.outside,
        )


def _col(i: int) -> Any:
    """The first entry into a stage of the way; FAR if there is none."""
    return narwhals().col(_first(i))


def _first(i: int) -> str:
    return f"first {i}"


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

    def read(self) -> LeadTable:
        rows = self._rows()
        leads = kept(rows.select(*self._columns()).group_by("lead").agg(*self._ends()))
        leads = kept(self._settled(leads, rows))
        closed = self._closed(leads, rows)
        firsts = [_first(i) for i in range(len(self.question.waterfall))]
        columns = ["lead", "now", "at", *self.log.columns.values(), *firsts]
        return LeadTable(question=self.question, frame=leads.select(*columns), closed=closed)

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
        rows = log.before(self.question.cut)
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
        outside = _outside(self.log, self.question)
        if self.question.closed is not None:
            return frozenset(outside & self.question.closed)
        returned = {self.question.places[out] for out in self._returned(leads, rows)}
        return frozenset(outside - returned)

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


def _outside(log: FrameLog, question: Question) -> set[str]:
    """The stages off the way that somebody has entered."""
    entered = {name for name, (_, first, _) in log.seen.items() if first <= question.cut}
    return entered - question.index.keys()


def _any(flags: Any, places: Sequence[int]) -> set[int]:
    """The places whose flag is up in some row."""
    nw = narwhals()
    whole = flags.with_columns(nw.col(f"{place}").cast(nw.Int64) for place in places)
    [row] = table_of(whole.select(*(nw.col(f"{place}").max() for place in places)))
    known = zip(places, row, strict=True)  # of no rows at all the largest flag is missing
    return {place for place, flag in known if not _text.is_missing(flag) and flag == 1}


def column_count(frame: Any) -> int:
    """How many rows a frame has."""
    return int(table_of(frame.select(narwhals().len().alias("n")))[0][0])


@attrs.frozen(kw_only=True)
class _Pick:
    """
    The code of the first or the last event of each lead that has one.

    An instant and a code go into one number, so that an aggregation finds both.  With *seq* two
    such numbers are made, one with the codes in reverse: where they disagree, several events of one
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
        since = quotient(first, size)
        code = nw.when(is_known).then(first - since * size).otherwise(-1)
        at = nw.when(is_known).then(since + base).otherwise(-1)
        columns = [code.cast(nw.Int64).alias(self.name), at.cast(nw.Int64).alias(self._at)]
        if both:
            second = nw.when(is_known).then(nw.col(self._packed(1))).otherwise(0)
            other = size - 1 - (second - quotient(second, size) * size)
            is_tied = is_known & (other != first - since * size)
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
        picked = nw.col("packed") - quotient(nw.col("packed"), size) * size
        best = kept(best.select("lead", picked.cast(nw.Int64).alias("picked")))
        joined = leads.join(best, on="lead", how="left")
        own = (
            nw.when(nw.col("picked").is_null()).then(nw.col(self.name)).otherwise(nw.col("picked"))
        )
        return joined.with_columns(own.cast(nw.Int64).alias(self.name)).drop("picked")
