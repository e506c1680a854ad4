"""
A stage log that stays where it is: in a data frame, a database or a cluster.

The rows are checked by one question to their engine and never copied into Python.  Inside, a row is
five whole numbers and names; nothing is ever null, since engines disagree about what is.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, NoReturn, TypeVar

import attrs

from leadlib import _instants, _text, limits
from leadlib._frames import MICROS, micros_of, narwhals, opened
from leadlib._metrics.engines import coded, column_lists, table_of
from leadlib._metrics.log import (
    SEQ,
    Log,
    StageLog,
    group_name,
    log_columns,
    name_bytes,
    print_of,
    stage_name,
    stage_names,
)
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.lifecycle import Stage

__all__ = ["KEPT", "FrameLog"]

T = TypeVar("T")

_SECOND = 1_000_000
KEPT = 4  # tables, and counts of visits: a loop over as_of must not fill the memory
_FEW = 50_000  # so many rows cost less in Python than the calls to any engine
_SLICE = 65_536
_MOST = 4 * limits.GROUPS  # several spellings may be one name


@attrs.frozen(kw_only=True, repr=False, slots=False, eq=False)
class FrameLog(Log):
    """
    The stage entries of a data frame that is too large to copy; made by :meth:`from_frame`.

    :func:`funnel`, :func:`cohorts`, :func:`converted_within`, :func:`period_ratios`,
    :func:`leakage`, :func:`throughput`, :func:`flows`, :func:`main_path` and
    :func:`stay_durations` take it in place of a :class:`StageLog`, give the same numbers, and let
    the engine of the frame do the work.
    What was worked out for one of them is kept for the others.

    Args:
        stages: The names of the stages.
        labels: The names of the groups in each column that one may group by.
        closed: The stages in which a story ends, if somebody declared them.
        closed_by: Who did.
        known: Stage names that may be asked for although nobody has entered them yet.
        seen: Of each stage the number of its rows, the first and the last instant.
        rows: As narwhals sees them: lead, stage, at, seq, and one column for each of *labels*.
        codes: The names that the values of stage, and of each of *labels*, stand for.
        seqs: The least and the largest seq; None without.
        kept, visits: What was worked out so far, for the questions to come.
        few: Up to so many rows are copied after all, because that is faster; 0 is never.
        exact: Whether the fingerprint is that of the same rows in a :class:`StageLog`; every row
            then goes through Python for it.
    """

    stages: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    closed: frozenset[str] | None
    closed_by: str = "given"
    known: frozenset[str]
    seen: Mapping[str, tuple[int, int, int]]
    rows: Any
    codes: Mapping[str, Mapping[Any, str]]
    seqs: tuple[int, int] | None
    few: int = _FEW
    exact: bool = False
    kept: list[Any] = attrs.field(factory=list, init=False)
    visits: list[Any] = attrs.field(factory=list, init=False)

    def __repr__(self) -> str:
        return (
            f"<FrameLog: {_text.plural(len(self), 'row')} in "
            f"{_text.plural(len(self.stages), 'stage')}>"
        )

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
        closed: Iterable[str | Stage] | None = None,
        known: Iterable[str | Stage] = (),
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
        rows = _rows(frame, columns | groups)
        found = _Found.of(rows, columns)
        if found.low:
            _check_blank(rows, lead)
        labels = {key: _labels(rows, key, name) for key, name in groups.items()}
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

    @cached_property
    def duplicates(self) -> int:
        """How many rows repeat another one; they count once."""
        return len(self) - int(table_of(self._events(self.latest).select(narwhals().len()))[0][0])

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

    def before(self, cut: int) -> Any:
        """The rows up to *cut*, in microseconds: those of a table that grows stay the same."""
        return self.rows.filter(narwhals().col("at") <= cut)

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

    def fingerprint(self, as_of: datetime | None = None, *, by: str | None = None) -> str:
        """
        A hash of the events that there are in each stage, and group: of their number and the sum of
        their instants.

        Equal rows have equal prints on any engine; that of the same rows in a :class:`StageLog` is
        another, unless the log is *exact*.
        """
        if self.exact:
            cut = self.cut(as_of)
            return print_of(chain(self._event_bytes(cut), self._group_bytes(cut, by)))
        nw = narwhals()
        keys = {"stage": "stage"} if by is None else {"stage": "stage", by: self.columns[by]}
        seconds, at = nw.col("at") // _SECOND, nw.col("at")
        columns = dict.fromkeys([*self._event, *keys.values()])
        events = self.before(self.cut(as_of)).select(*columns).unique()
        rows = events.select(
            *keys.values(), seconds.alias("s"), (at - seconds * _SECOND).alias("us")
        )
        sums = rows.group_by(*keys.values()).agg(
            nw.len().alias("n"), nw.col("s").sum().alias("t"), nw.col("us").sum().alias("f")
        )
        found = Counter[tuple[Any, ...]]()
        for row in table_of(sums):
            names = [
                self.codes[key].get(value, "")
                for key, value in zip(keys.values(), row, strict=False)
            ]
            for kind, number in enumerate(row[len(keys) :]):
                found[(*names, kind)] += int(number)
        text = json.dumps(sorted(found.items()), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def stages_until(self, cut: int) -> set[str]:
        """The stages entered until then."""
        return {name for name, (_, first, _) in self.seen.items() if first <= cut}

    def has_histories(self, cut: int) -> bool:
        """Whether any lead has entered two stages until then."""
        nw, code = narwhals(), narwhals().col("code")
        rows = self.before(cut).select("lead", self._codes_of("stage", self.stages))
        ends = rows.group_by("lead").agg(code.min().alias("low"), code.max().alias("high"))
        several = ends.filter(nw.col("low") < nw.col("high")).select(nw.len().alias("n"))
        return bool(table_of(several)[0][0])

    def first_entries(self, cut: int) -> Iterator[Mapping[int, tuple[int, int]]]:
        """Of each lead the place of every stage it entered until then, with at and seq."""
        rows = _one_by_one(self._events(cut).sort("lead"))
        for _, events in groupby(rows, key=itemgetter(0)):
            own: dict[int, tuple[int, int]] = {}
            for _, code, at, *seq in events:
                moment = (at, seq[0] if seq else 0)
                own[code] = min(own.get(code, moment), moment)
            yield own

    def _events(self, cut: int) -> Any:
        """The visible events, each once: lead, the place of the stage, at, and seq if any."""
        code = self._codes_of("stage", self.stages)
        return self.before(cut).select("lead", code, *self._event[2:]).unique()

    def _codes_of(self, key: str, names: Sequence[str]) -> Any:
        """A column of the places of names, whatever their spelling; -1 is missing."""
        places = {name: place for place, name in enumerate(names)}
        return coded(key, {value: places[name] for value, name in self.codes[key].items()}).alias(
            "code"
        )

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
    nw = narwhals()
    if isinstance(rows, nw.LazyFrame):
        rows = rows.collect() if rows.implementation.is_polars() else rows.collect("pyarrow")
    for start in range(0, len(rows), _SLICE):
        part = rows[start : start + _SLICE]
        yield from zip(*(part[name].to_list() for name in part.columns), strict=True)


def _rows(frame: Any, columns: Mapping[str, str]) -> Any:
    """The columns under names of ours, instants as microseconds since 1970."""
    nw, table = narwhals(), opened(frame)
    schema = table.collect_schema()
    for name in columns.values():
        if name not in schema:
            raise UnknownName(
                expected="a column of the frame", got=repr(name), legal=[*schema.names()]
            )
    if len({*columns.values()}) < len(columns):
        raise InvalidValue(expected="columns that differ", got="one of them twice", where="columns")
    _check_types(schema, columns)
    _check_instants_are_there(table, columns["at"])
    rows = micros_of(table, columns["at"]).select(
        *(nw.col(MICROS if key == "at" else name).alias(key) for key, name in columns.items())
    )
    rows = rows.lazy() if rows.implementation.is_polars() else rows
    if "seq" in columns:
        return rows.with_columns(nw.col("seq").cast(nw.Int64))
    return rows


def _check_types(schema: Any, columns: Mapping[str, str]) -> None:
    nw = narwhals()
    named = (nw.String, nw.Categorical, nw.Enum)
    wide = (nw.UInt64, nw.Int128, nw.UInt128)  # pandas would wrap them round without a word
    legal: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "lead": ("text or whole numbers", lambda kind: kind.is_integer() or kind in named),
        "stage": ("text or whole numbers", lambda kind: kind.is_integer() or kind in named),
        "seq": (
            "whole numbers of 64 bits with a sign",
            lambda kind: kind.is_integer() and kind not in wide,
        ),
        "at": (
            "instants with a time zone",
            lambda kind: isinstance(kind, nw.Datetime) and kind.time_zone is not None,
        ),
    }
    by = ("text, numbers or yes/no", lambda kind: not _is_no_group(kind))
    for key, name in columns.items():
        expected, is_legal = legal.get(key, by)
        if not is_legal(schema[name]):
            where, got = f"column {name!r}", str(schema[name])
            if key == "at" and schema[name] == nw.Object:  # only pandas has it
                got = (
                    "values of several kinds (pandas.to_datetime(..., utc=True) makes one of them)"
                )
            raise InvalidValue(expected=expected, got=got, where=where)


def _is_no_group(kind: Any) -> bool:
    return bool(
        kind.is_temporal() or kind.is_nested() or kind.is_decimal() or kind == narwhals().Binary
    )


def _check_instants_are_there(table: Any, name: str) -> None:
    """The whole numbers of pandas cannot miss a value, so theirs are looked for first."""
    if table.implementation.is_pandas_like():
        _check_missing([table[name].is_null().sum()], [name])


@attrs.frozen(kw_only=True)
class _Found:
    """
    What one question to the engine says of all rows.

    Args:
        low: How many leads may be blank: blanks are sorted before all that can be seen.
    """

    names: Mapping[Any, str]
    seen: Mapping[str, tuple[int, int, int]]
    seqs: tuple[int, int]
    low: int

    @classmethod
    def of(cls, rows: Any, columns: Mapping[str, str]) -> "_Found":
        nw = narwhals()
        given = [key for key in columns if key != "stage"]
        is_text = rows.collect_schema()["lead"] == nw.String
        low = nw.col("lead") < "!" if is_text else nw.col("lead").is_null()
        flags = [nw.col(key).is_null().cast(nw.Int64).alias(f"no {key}") for key in given]
        flags.append(low.cast(nw.Int64).fill_null(0).alias("low"))
        numbers = [key for key in ("at", "seq") if key in columns]
        ends = [
            end
            for key in numbers
            for end in (nw.col(key).min().alias(f"{key} 0"), nw.col(key).max().alias(f"{key} 1"))
        ]
        sums = [nw.col(f"no {key}").sum() for key in given]
        found = (
            rows.with_columns(*flags)
            .group_by("stage")
            .agg(nw.len().alias("rows"), *ends, *sums, nw.col("low").sum())
            .select("stage", "rows", "low", *(f"no {key}" for key in given), *_pairs(numbers))
        )
        names: dict[Any, str] = {}
        seen: dict[str, tuple[int, int, int]] = {}
        seqs = []
        counted = table_of(found)
        without = [count for stage, count, *_ in counted if _text.is_missing(stage)]
        missing = [sum(row[3 + place] for row in counted) for place in range(len(given))]
        _check_missing(
            [*missing, sum(without)], [*(columns[key] for key in given), columns["stage"]]
        )
        for stage, count, _, *rest in counted:
            first, last, *own = map(int, rest[len(given) :])
            _check_instants((first, last), columns["at"])
            name = names[stage] = _name_in(columns["stage"], stage_name, stage)
            before = seen.get(name, (0, first, last))
            seen[name] = (before[0] + int(count), min(before[1], first), max(before[2], last))
            seqs += own
        if len(names) > limits.STAGES:
            expected = f"at most {limits.STAGES} different stages"
            raise LimitExceeded(expected=expected, got="more: is this the stage column?")
        span = (min(seqs, default=0), max(seqs, default=0))
        if max(map(abs, span)) > SEQ or span[1] - span[0] > SEQ:
            where = f"column {columns['seq']!r}"
            raise LimitExceeded(
                expected=f"numbers within {SEQ:,} of 0 and of each other", got="others", where=where
            )
        return cls(names=names, seen=seen, seqs=span, low=sum(row[2] for row in counted))


def _name_in(column: str, name: Callable[[Any], T], value: Any) -> T:
    """The name of a value; what is wrong with it is said of its column."""
    try:
        return name(value)
    except InvalidValue as fault:
        where = f"column {column!r}"
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None


def _check_blank(rows: Any, name: str) -> None:
    """Who has no id is not one lead with all others who have none."""
    nw, own = narwhals(), narwhals().col("lead")
    first = rows.filter(own < "!").select("lead")
    blank = first.filter(own.str.strip_chars() == "").select(nw.len().alias("n"))
    _check_missing(table_of(blank)[0], [name])


def _pairs(numbers: Iterable[str]) -> Iterator[str]:
    for key in numbers:
        yield f"{key} 0"
        yield f"{key} 1"


def _check_missing(missing: Sequence[int], names: Sequence[str]) -> None:
    for count, name in zip(missing, names, strict=True):
        if count:
            got = f"{_text.plural(int(count), 'row')} without"
            raise InvalidValue(expected="a value in every row", got=got, where=f"column {name!r}")


def _check_instants(ends: Iterable[int], name: str) -> None:
    bounds = _instants.micros(_instants.EARLIEST), _instants.micros(_instants.LATEST)
    if not all(bounds[0] <= at < bounds[1] for at in ends):
        expected = "a year from 1970 to 2199"
        raise InvalidValue(expected=expected, got="another", where=f"column {name!r}")


def _labels(rows: Any, key: str, name: str) -> dict[Any, str]:
    """The name of each value of a column that is grouped by; what is missing has none."""
    values = column_lists(rows.select(key).unique().head(_MOST))[0]
    known = [value for value in values if not _text.is_missing(value)]
    names = {value: _name_in(name, group_name, value) for value in known}
    labels = {value: label for value, label in names.items() if label is not None}
    if len({*labels.values()}) > limits.GROUPS or len(values) == _MOST:
        expected = f"at most {limits.GROUPS} different groups in column {name!r}"
        raise LimitExceeded(expected=expected, got="more")
    return labels
