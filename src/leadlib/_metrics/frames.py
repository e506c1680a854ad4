"""
A stage log that stays where it is: in a data frame, a database or a cluster.

The rows are checked by one question to their engine.  Millions of them are then counted as numbers
in arrays, if numpy is there; more of them by their engine, and never do they become objects of
Python.  Inside, a row is whole numbers and names; nothing is ever null, since engines disagree
about what is.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial, reduce
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NoReturn

import attrs

from leadlib import _text
from leadlib._frames import eager, has_numpy, narwhals, share_of
from leadlib._metrics.arrayrows import arrays_of
from leadlib._metrics.arrays import Arrays
from leadlib._metrics.engines import (
    Counts,
    CountsKept,
    coded,
    column_lists,
    length_of,
    streamed,
    summed,
    table_of,
)
from leadlib._metrics.framerows import Found, check_blank, labels_of, rows_of
from leadlib._metrics.log import (
    PRINTS,
    AnyStage,
    Log,
    StageLog,
    log_columns,
    name_bytes,
    print_of,
    stage_names,
)
from leadlib._metrics.unions import check_alike, united
from leadlib._rates import whole_number
from leadlib.errors import InvalidValue

__all__ = ["KEPT", "FrameLog"]

_SECOND = 1_000_000
KEPT = 4  # tables, and counts of visits: a loop over as_of must not fill the memory
_HELD = 2**24  # so many rows are held in arrays, 20 bytes each, if numpy is there
_FEW = 50_000  # so many rows cost less in Python than the calls to any engine
_SLICE = 65_536
_PARTS = 1_000


@attrs.frozen(kw_only=True, repr=False, slots=False, eq=False)
class FrameLog(Log):
    """
    The stage entries of a data frame that is too large to copy; made by :meth:`from_frame`.

    :func:`funnel`, :func:`cohorts`, :func:`converted_within`, :func:`period_ratios`,
    :func:`leakage`, :func:`throughput`, :func:`flows`, :func:`main_path` and
    :func:`stay_durations` take it in place of a :class:`StageLog` and give the same numbers.
    Millions of rows are counted in arrays of numpy, if it is there; more of them by their engine.
    What was worked out for one of them is kept for the others.

    Args:
        stages: The names of the stages.
        labels: The names of the groups in each column that one may group by.
        closed: The stages in which a story ends, if somebody declared them.
        closed_by: Who did.
        known: Stage names that may be asked for although nobody has entered them yet.
        seen: Of each stage the number of its rows, the first and the last instant.
        rows: As narwhals sees them: lead, stage, at, seq, and one column for each of *labels*; or a
            function that gives them.
        codes: The names that the values of stage, and of each of *labels*, stand for.
        seqs: The least and the largest seq; None without.
        parts: Logs whose counts add up to those of this one, or are taken off it.
        kept, counts, windows, visits, lasting: What was worked out so far, for other questions.
        few: Up to so many rows are copied after all, because that is faster; 0 is never.
        held: Up to so many rows are copied into arrays of numbers, if numpy is there, because that
            is faster than any engine; 0 is never.
        exact: Whether the fingerprint is that of the same rows in a :class:`StageLog`; every row
            then goes through Python for it.
    """

    stages: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    closed: frozenset[str] | None
    closed_by: str = "given"
    known: frozenset[str]
    seen: Mapping[str, tuple[int, int, int]]
    _rows: Any
    codes: Mapping[str, Mapping[Any, str]]
    seqs: tuple[int, int] | None
    few: int = _FEW
    held: int = _HELD
    exact: bool = False
    parts: tuple[tuple[int, "FrameLog"], ...] = ()
    kept: list[Any] = attrs.field(factory=list, init=False)
    counts: CountsKept = attrs.field(factory=CountsKept, init=False)
    windows: dict[Any, Any] = attrs.field(factory=dict, init=False)
    visits: list[Any] = attrs.field(factory=list, init=False)
    lasting: list[Any] = attrs.field(factory=list, init=False)

    def __repr__(self) -> str:
        return (
            f"<FrameLog: {_text.plural(len(self), 'row')} in "
            f"{_text.plural(len(self.stages), 'stage')}>"
        )

    def __getstate__(self) -> dict[str, Any]:
        """The log without its arrays, which a copy makes of its rows."""
        made = {"arrays", "here"}
        return {name: own for name, own in self.__dict__.items() if name not in made}

    def __len__(self) -> int:
        return sum(rows for rows, _, _ in self.seen.values())

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        lead: str,
        stage: str,
        at: str,
        seq: str | None = None,
        by: Sequence[str] = (),
        closed: Iterable[AnyStage] | None = None,
        known: Iterable[AnyStage] = (),
    ) -> "FrameLog":
        """
        Take the rows of a frame of pandas, Polars, PyArrow, DuckDB or PySpark where they are.

        Args:
            frame: Any frame that narwhals knows, eager or lazy; needs ``leadlib[frames]``.
            lead, stage, at, seq: The names of its columns.  *lead* and *stage* hold text or whole
                numbers, *at* instants with a time zone, *seq* whole numbers.
            by: Columns to group by.
            closed: The stages in which a story ends.
            known: Stages that may be asked for although nobody has entered them yet.

        Raises:
            UnknownName: A column is not there; the message names the nearest.
            InvalidValue: A column has another type, or rows without a value.
            LimitExceeded: Too many stages or groups: this is another column.

        Note:
            Ids of leads are taken as they are: who has blanks around them is another lead.

        Example:
            >>> import polars as pl
            >>> from datetime import UTC, datetime
            >>> frame = pl.DataFrame({
            ...     "lead": ["a", "a"], "stage": ["new", "won"],
            ...     "at": [datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)]})
            >>> FrameLog.from_frame(frame, lead="lead", stage="stage", at="at")
            <FrameLog: 2 rows in 2 stages>
        """
        columns = {"lead": lead, "stage": stage, "at": at}
        if seq is not None:
            columns["seq"] = seq
        if isinstance(by, str):
            raise InvalidValue(expected="several columns", got="one text", where="by")
        groups = {f"by {place}": name for place, name in enumerate(by)}
        rows = rows_of(frame, columns | groups)
        found = Found.of(rows, columns)
        if found.low:
            check_blank(rows, lead)
        labels = {key: labels_of(rows, key, name) for key, name in groups.items()}
        log = cls(
            stages=tuple(sorted({*found.names.values()})),
            labels={name: tuple(sorted({*labels[key].values()})) for key, name in groups.items()},
            closed=None,
            known=frozenset(stage_names(known, "known")),
            seen=found.seen,
            rows=rows,
            codes={"stage": found.names, **labels},
            seqs=found.seqs if seq is not None else None,
        )
        return log if closed is None else attrs.evolve(log, closed=frozenset(log.named(closed)))

    @property
    def latest(self) -> int:
        """The last event, in microseconds."""
        return max((last for _, _, last in self.seen.values()), default=0)

    @property
    def earliest(self) -> int:
        """The first event, in microseconds."""
        return min((first for _, first, _ in self.seen.values()), default=0)

    @property
    def rows(self) -> Any:
        """All of them, as narwhals sees them."""
        return self._rows() if callable(self._rows) else self._rows

    @property
    def source(self) -> Any:
        """The rows, or what gives them."""
        return self._rows

    @property
    def backend_is_sql(self) -> bool:
        """Whether its engine plans a query before it begins."""
        if callable(self._rows) and self.parts:
            return self.parts[0][1].backend_is_sql
        engine = self.rows.implementation
        return bool(engine.is_duckdb() or engine.is_spark_like())

    @classmethod
    def merged(cls, logs: Iterable["FrameLog"]) -> "FrameLog":
        """
        Take the events of several logs as one: new events to those at hand, or files of one engine.

        Args:
            logs: One at least, of frames of one engine, with the same label columns and the same
                closed stages.

        Returns:
            The log that all their rows together would have made, as :meth:`StageLog.merged` takes
            them.  What fits into arrays is counted anew.  Of more rows, what the largest log has
            counted serves on: only leads that have events in others, too, are counted again, if
            they are few.

        Raises:
            InvalidValue: No logs, or other columns or closed stages or another engine in one of
                them.

        Example:
            >>> import polars as pl
            >>> from datetime import UTC, datetime
            >>> def log_of(stage, day):
            ...     at = datetime(2026, 3, day, tzinfo=UTC)
            ...     frame = pl.DataFrame({"lead": ["a"], "stage": [stage], "at": [at]})
            ...     return FrameLog.from_frame(frame, lead="lead", stage="stage", at="at")
            >>> FrameLog.merged([log_of("new", 2), log_of("won", 5)])
            <FrameLog: 2 rows in 2 stages>
        """
        parts: list[Any] = [*logs]
        for log in parts:
            if not isinstance(log, FrameLog):
                expected = "logs of frames"
                raise InvalidValue(expected=expected, got=_text.kind_of(log), where="logs")
        check_alike(parts)
        whole: FrameLog = reduce(united, sorted(parts, key=len, reverse=True))  # the largest first
        return whole

    def in_parts(self, count: int) -> "FrameLog":
        """
        Let questions be put to so many parts of the leads, one part after the other.

        The answers are the same.  The engine needs memory for one part at a time, and more time: it
        goes through the rows once for each.

        Args:
            count: How many, up to 1,000.

        Example:
            >>> import polars as pl
            >>> from datetime import UTC, datetime
            >>> frame = pl.DataFrame({
            ...     "lead": ["a", "b"], "stage": ["new", "new"],
            ...     "at": [datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)]})
            >>> log = FrameLog.from_frame(frame, lead="lead", stage="stage", at="at")
            >>> log.in_parts(16)
            <FrameLog: 2 rows in 1 stage>
        """
        if not 0 < whole_number(count) <= _PARTS:
            expected = f"a number of parts from 1 to {_PARTS:,}"
            raise InvalidValue(expected=expected, got=f"{count:,}", where="count")

        def part(number: int) -> Any:
            rows = share_of(self.rows, "lead", count, number)
            return rows if rows.implementation.is_spark_like() else streamed(rows)

        parts = [
            (1, attrs.evolve(self, rows=partial(part, i), parts=(), held=0)) for i in range(count)
        ]
        return attrs.evolve(self, parts=tuple(parts))

    def added(self, what: str, cut: int, count: Callable[["FrameLog"], int]) -> int:
        """What is counted of all parts; of a log that has none it is kept."""
        if self.parts:
            return sum(sign * part.added(what, cut, count) for sign, part in self.parts)
        key = (what, min(cut, self.latest))
        if key not in self.counts:
            self.counts.put(key, {(): count(self)})
        return self.counts[key][()]

    @cached_property
    def duplicates(self) -> int:
        """How many rows repeat another one; they count once."""
        return len(self) - self.added("events", self.latest, FrameLog._count_events)

    def _count_events(self) -> int:
        if self.arrays is not None:
            return len(self.arrays)
        return length_of(self._events(self.latest))

    @property
    def _event(self) -> list[str]:
        return ["lead", "stage", "at", *(["seq"] if self.seqs else [])]

    def events(self, cut: int = 0) -> NoReturn:  # noqa: ARG002  # as a StageLog is asked
        """Refuse to go through the rows one by one: that is for a :class:`StageLog`."""
        expected = "a log in Python for this question: log.collect()"
        raise InvalidValue(expected=expected, got="a frame", where="log")

    def stories(self, cut: int, place: Sequence[int]) -> NoReturn:  # noqa: ARG002  # as there
        """Refuse to go through the leads one by one, likewise."""
        self.events(cut)

    def collect(self) -> StageLog:
        """Copy the rows into Python, for the questions that only a :class:`StageLog` answers."""
        keys = [*self.columns.values()]
        leads, stages, ats, *rest = column_lists(self.rows, [*self._event, *keys])
        seqs = rest.pop(0) if self.seqs else [0] * len(leads)
        labels = {
            name: [self.codes[key].get(value) for value in values]
            for (name, key), values in zip(self.columns.items(), rest, strict=True)
        }
        names = self.codes["stage"]
        columns = log_columns(
            [*map(str, leads)], [names[stage] for stage in stages], ats, seqs, labels
        )
        return StageLog(**columns, known=self.known, closed=self.closed, closed_by=self.closed_by)

    @cached_property
    def here(self) -> "StageLog | FrameLog":
        """The log where it is asked best: a few rows in Python, without the calls to an engine."""
        return self.collect() if len(self) <= self.few else self

    @cached_property
    def arrays(self) -> Arrays | None:
        """The events as arrays of numbers; None if they are too many, or numpy is not there."""
        return arrays_of(self) if len(self) <= self.held and has_numpy() else None

    def before(self, cut: int) -> Any:
        """The rows up to *cut*, in microseconds: those of a table that grows stay the same."""
        return self.rows.filter(narwhals().col("at") <= min(cut, self.latest))

    @property
    def origin(self) -> int:
        """The last event of the log that others were added to."""
        return self.parts[0][1].origin if self.parts else self.latest

    @property
    def has_replaced(self) -> bool:
        """Whether some part of it stands for another, and is taken off what that one counts."""
        return any(sign < 0 or part.has_replaced for sign, part in self.parts)

    @property
    def columns(self) -> dict[str, str]:
        """The column of each label column among *rows*."""
        return {name: f"by {place}" for place, name in enumerate(self.labels)}

    @property
    def engine(self) -> Any:
        """The words in which its engine is asked."""
        return narwhals()

    def column(self, by: str) -> str:
        """The column of one of them."""
        return self.columns[by]

    def code(self, by: str, label: str) -> int:
        """The place of a group in its column: -1 is missing, -2 one that this log has not."""
        names = self.labels[by]
        return names.index(label) if label in names else -2 if label else -1

    def fingerprint(self, as_of: datetime | None = None, *, by: str | None = None) -> str:
        """
        A hash of the events that there are in each stage, and group: of their number and the sum of
        their instants.

        Equal rows have equal prints on any engine; that of the same rows in a :class:`StageLog` is
        another, unless the log is *exact*.
        """
        cut = self.cut(as_of)
        if self.exact:
            total = self.added(f"print by {by}", cut, lambda log: print_of(log.printed(cut, by)))
            return f"{total % PRINTS:032x}"
        found = self.sums(cut, by)
        text = json.dumps(sorted(found.items()), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def sums(self, cut: int, by: str | None) -> Counts:
        """By stage, and group, the number of events and the sums of their instants."""
        key = ("print", min(cut, self.latest), by)
        if key not in self.counts:
            self.counts.put(key, self._summed(cut, by))
        return self.counts[key]

    def _summed(self, cut: int, by: str | None) -> Counts:
        if self.parts:
            return summed((sign, part.sums(cut, by)) for sign, part in self.parts)
        if by is None and self.arrays is not None:
            sums = self.arrays.sums(cut)
            return {(self.stages[code], kind): n for (code, kind), n in sums.items()}
        nw, group = narwhals(), [] if by is None else [self._group_codes(by)]
        events = self._events(cut, *group)
        seconds, at = nw.col("at") // _SECOND, nw.col("at")
        keys = ["code", *(["group"] if group else [])]
        rows = events.select(*keys, seconds.alias("s"), (at - seconds * _SECOND).alias("us"))
        sums = rows.group_by(*keys).agg(
            nw.len().alias("n"), nw.col("s").sum().alias("t"), nw.col("us").sum().alias("f")
        )
        names = {"code": [*self.stages, ""], "group": [*(self.labels[by] if by else ()), ""]}
        return {
            (*(names[key][int(code)] for key, code in zip(keys, row, strict=False)), kind): int(n)
            for row in table_of(sums)
            for kind, n in enumerate(row[len(keys) :])
            if n
        }

    def stages_until(self, cut: int) -> set[str]:
        """The stages entered until then."""
        return {name for name, (_, first, _) in self.seen.items() if first <= cut}

    def has_histories(self, cut: int) -> bool:
        """Whether any lead has entered two stages until then."""
        return bool(self.added("histories", cut, lambda log: log.histories(cut)))

    def histories(self, cut: int) -> int:
        """How many leads have entered two stages until then."""
        if self.arrays is not None:
            return self.arrays.histories(cut)
        nw, code = narwhals(), narwhals().col("code")
        rows = self.before(cut).select("lead", self._codes_of("stage", self.stages))
        ends = rows.group_by("lead").agg(code.min().alias("low"), code.max().alias("high"))
        return length_of(ends.filter(nw.col("low") < nw.col("high")))

    def first_entries(self, cut: int) -> Iterator[Mapping[int, tuple[int, int]]]:
        """Of each lead the place of every stage it entered until then, with at and seq."""
        if self.parts and not self.has_replaced:
            for _, part in self.parts:
                places = [*map(self.stages.index, part.stages)]
                for entries in part.first_entries(cut):
                    yield {places[code]: moment for code, moment in entries.items()}
            return
        rows = _one_by_one(self._events(cut).sort("lead"))
        for _, events in groupby(rows, key=itemgetter(0)):
            own: dict[int, tuple[int, int]] = {}
            for _, code, at, *seq in events:
                moment = (at, seq[0] if seq else 0)
                own[code] = min(own.get(code, moment), moment)
            yield own

    def _events(self, cut: int, *more: Any) -> Any:
        """The visible events, each once: lead, the place of the stage, at, and seq if any."""
        code = self._codes_of("stage", self.stages)
        return self.before(cut).select("lead", code, *self._event[2:], *more).unique()

    def _codes_of(self, key: str, names: Sequence[str]) -> Any:
        """A column of the places of names, whatever their spelling; -1 is missing."""
        places = {name: place for place, name in enumerate(names)}
        return coded(key, {value: places[name] for value, name in self.codes[key].items()}).alias(
            "code"
        )

    def _group_codes(self, by: str) -> Any:
        return self._codes_of(self.columns[by], self.labels[by]).alias("group")

    def printed(self, cut: int, by: str | None) -> Iterator[bytes]:
        """The events, and groups, of which an exact fingerprint is made."""
        return chain(self._event_bytes(cut), self._group_bytes(cut, by))

    def _event_bytes(self, cut: int) -> Iterator[bytes]:
        stages = [*map(name_bytes, self.stages)]
        for lead, code, at, *seq in _one_by_one(self._events(cut)):
            yield b"%b%b%d,%d" % (name_bytes(str(lead)), stages[code], at, *(seq or [0]))

    def _group_bytes(self, cut: int, by: str | None) -> Iterator[bytes]:
        """Each lead with the group that its earliest event names; ties go by the label."""
        if by is None:
            return
        nw, names = narwhals(), self.labels[by]
        own: dict[Any, list[int]] = {}
        moment = self._event[2:]
        rows = self.before(cut).select("lead", *moment, self._codes_of(self.columns[by], names))
        for lead, *known in _one_by_one(rows.filter(nw.col("code") >= 0)):
            own[lead] = min(own.get(lead, known), known)
        for lead, (*_, code) in own.items():
            yield name_bytes(str(lead)) + f"={names[code]}".encode()


def _one_by_one(rows: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a frame, few of them in Python at a time."""
    rows = eager(rows)
    for start in range(0, len(rows), _SLICE):
        part = rows[start : start + _SLICE]
        yield from zip(*(part[name].to_list() for name in part.columns), strict=True)
