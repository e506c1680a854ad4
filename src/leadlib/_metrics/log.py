"""
The stage log: which lead entered which stage when, in columns of integers.

The order of rows and repeated rows change nothing: an event is (lead, stage, at, seq), and what
has no order of its own is ordered by the stages, never by luck.
"""

import hashlib
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, compress, count, groupby, islice, pairwise, starmap
from numbers import Integral
from operator import eq, lt, ne
from typing import Any, Self

import attrs

from leadlib import _instants, _text, limits
from leadlib._frames import columns_of
from leadlib.errors import InvalidValue, LimitExceeded, UnknownName
from leadlib.lifecycle import LeadEvent, Lifecycle, Stage

__all__ = [
    "AnyStage",
    "Log",
    "LogBuilder",
    "PRINTS",
    "SEQ",
    "StageLog",
    "check_log",
    "group_name",
    "log_columns",
    "name_bytes",
    "one_or_several",
    "print_of",
    "stage_name",
    "stage_names",
]

PRINTS = 2**128
AnyStage = str | int | Stage  # itself or its name
SEQ = 2**53  # a number beyond this would not survive JSON
_NEVER = 2**62
_KEPT = 8  # prints and the like


@attrs.frozen(kw_only=True)
class Labels:
    """
    One column of group labels: the code of each lead's label, and the event that named it first.

    Args:
        names: Of the groups, by code.
        codes: For each lead; -1 is missing.
        since, order: The instant of that event, and its *seq*.
    """

    names: tuple[str, ...]
    codes: "array[int]"
    since: "array[int]"
    order: "array[int]"

    def at(self, cut: int) -> list[int]:
        """The label code of every lead as known at *cut*; -1 is missing."""
        return [
            code if since <= cut else -1 for code, since in zip(self.codes, self.since, strict=True)
        ]

    def earliest(self) -> Iterator[tuple[int, tuple[int, int, str]]]:
        """Each lead that has a label, with instant and seq of the event that named it."""
        columns = zip(self.codes, self.since, self.order, strict=True)
        for lead, (code, since, order) in enumerate(columns):
            if code >= 0:
                yield lead, (since, order, self.names[code])


class Log:
    """The names that a log knows, and its last instant: what a question is checked against."""

    __slots__ = ()

    stages: tuple[str, ...]
    labels: Mapping[str, Any]
    closed: frozenset[str] | None
    closed_by: str
    known: frozenset[str]

    @property
    def latest(self) -> int:
        """The last event, in microseconds."""
        raise NotImplementedError

    def fingerprint(self, as_of: datetime | None = None, *, by: str | None = None) -> str:
        """A hash of the visible events, and labels, that no order and no duplication changes."""
        raise NotImplementedError

    def stages_until(self, cut: int) -> set[str]:
        """The stages entered until then: a result must not change with what comes after it."""
        raise NotImplementedError

    def has_histories(self, cut: int) -> bool:
        """Whether any lead has entered two stages until then."""
        raise NotImplementedError

    def first_entries(self, cut: int) -> Iterable[Mapping[int, tuple[int, int]]]:
        """Of each lead the place of every stage it entered until then, with at and seq."""
        raise NotImplementedError

    def cut(self, as_of: datetime | None) -> int:
        """The last visible microsecond: *as_of*, or the last event."""
        if as_of is None:
            return self.latest
        return _instants.micros(_instants.aware(as_of, where="as_of"))

    def named(self, stages: Iterable[AnyStage]) -> tuple[str, ...]:
        """
        The names of stages, each one that the log has or knows.

        Raises:
            UnknownName: The log has no such stage; the message names the nearest.
        """
        have = {*self.stages, *self.known}
        for name in (names := stage_names(stages, "stages")):
            if name not in have and not have:
                got = "a log without rows"
                raise UnknownName(expected=f"the stage {name!r}", got=got, where="stages")
            if name not in have:
                got, legal = repr(name), sorted(have)
                raise UnknownName(expected="a stage of the log", got=got, legal=legal)
        return names


def check_log(value: object) -> None:
    """Refuse what is no log with an error of ours."""
    if not isinstance(value, Log):
        expected = "a stage log, as StageLog.from_rows, from_frame or from_events makes it"
        raise InvalidValue(expected=expected, got=_text.kind_of(value), where="log")


@attrs.frozen(kw_only=True, repr=False)
class StageLog(Log):
    """
    Stage entries of many leads; every metric reads it.

    Make one with :meth:`from_rows`, :meth:`from_events` or :meth:`from_frame`.

    Args:
        leads, stages: Names by code.
        lead, stage, at, seq: One entry each, in the order of at, seq, lead and stage; *at* in
            microseconds since 1970.
        ties: From where to where rows share lead, at and seq: only their stages can order them.
        labels: Group columns by name.
        closed: The stages in which a story ends, if somebody declared them.
        closed_by: Who did: ``given``, or ``lifecycle``.
        known: Stage names that may be asked for although nobody has entered them yet.
        until: The last event that was seen, if it was no entry; in microseconds, too.
        duplicates: Rows that were delivered again and counted once.
        kept: What was worked out last, for the next question.
    """

    leads: tuple[str, ...]
    stages: tuple[str, ...]
    lead: "array[int]"
    stage: "array[int]"
    at: "array[int]"
    seq: "array[int]"
    ties: tuple[tuple[int, int], ...] = ()
    labels: Mapping[str, Labels] = attrs.field(factory=dict)
    closed: frozenset[str] | None = None
    closed_by: str = "given"
    known: frozenset[str] = frozenset()
    until: int = 0
    duplicates: int = attrs.field(default=0, eq=False)
    kept: list[Any] = attrs.field(factory=list, init=False, eq=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """The log without what was kept, which a copy works out by itself."""
        given = {own.name: getattr(self, own.name) for own in attrs.fields(type(self)) if own.init}
        return partial(type(self), **given), ()

    def __repr__(self) -> str:
        return (
            f"<StageLog: {_text.plural(len(self.at), 'event')} of "
            f"{_text.plural(len(self.leads), 'lead')} in {_text.plural(len(self.stages), 'stage')}>"
        )

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[Sequence[Any]],
        *,
        by: Sequence[str] = (),
        closed: Iterable[AnyStage] | None = None,
        known: Iterable[AnyStage] = (),
    ) -> Self:
        """
        Take rows of (lead, stage, at), or (lead, stage, at, seq), or with one label per *by*
        behind.

        Args:
            rows: In any order; *at* is an aware datetime, labels are text or None.
            by: The names of the label columns; rows then carry seq, too.
            closed: The stages in which a story ends.
            known: Stages that may be asked for although nobody has entered them yet.

        Raises:
            InvalidValue: A row has the wrong form; its number is named.

        Example:
            >>> from datetime import UTC, datetime
            >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
            >>> StageLog.from_rows([("a", "inquiry", monday), ("a", "inquiry", monday)])
            <StageLog: 1 event of 1 lead in 1 stage>
        """
        builder = LogBuilder(by=by)
        number = 0
        try:
            for number, row in enumerate(rows, start=1):  # noqa: B007  # named in the error
                builder.add_row(row)
        except InvalidValue as fault:
            where = f"row {number}, {fault.where}"
            raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None
        log = cls(**builder.columns(), known=frozenset(stage_names(known, "known")))
        return log if closed is None else attrs.evolve(log, closed=frozenset(log.named(closed)))

    @classmethod
    def from_events(cls, events: Iterable[LeadEvent], *, lifecycle: Lifecycle) -> Self:
        """
        Replay events and log every entry into a stage; loops within a stage are no new entry.

        Raises:
            IllegalTransition: An event has no place in the lifecycle.
        """
        builder, until = LogBuilder(), 0
        for lead, standing in lifecycle.replay_all(events).items():
            until = max(until, _instants.micros(standing.events[-1].at))
            for event, stage in standing.visits():
                builder.add(lead, stage.name, _instants.micros(event.at), event.seq)
        closed = frozenset(stage.name for stage in lifecycle.stages if stage.closed)
        known = frozenset(stage.name for stage in lifecycle.stages)
        columns = builder.columns() | {"closed": closed, "closed_by": "lifecycle"}
        return cls(**columns, known=known, until=until)

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
    ) -> Self:
        """
        Take the rows of a data frame: pandas, Polars or PyArrow; needs ``leadlib[frames]``.

        Args:
            frame: Any eager frame that narwhals knows.
            lead, stage, at, seq: The names of its columns; *at* must have a time zone.
            by: Columns to group by.
            closed: The stages in which a story ends.
            known: Stages that may be asked for although nobody has entered them yet.

        Raises:
            UnknownName: A column is not there; the message names the nearest.
            InvalidValue: A row has the wrong form; its number is named.
        """
        if isinstance(by, str):
            raise InvalidValue(expected="several columns", got="one text", where="by")
        columns = [lead, stage, at, *([seq] if seq else []), *by]
        read = columns_of(frame, columns)
        if seq is None:
            read.insert(3, [0] * len(read[0]))
        try:
            return cls.from_rows(zip(*read, strict=True), by=by, closed=closed, known=known)
        except InvalidValue as fault:
            if fault.got != "a str" or not str(fault.where).endswith(", at"):
                raise
            got = "text (in pandas: pandas.to_datetime(..., utc=True) makes instants of it)"
            raise InvalidValue(expected=fault.expected, got=got, where=fault.where) from None

    @classmethod
    def merged(cls, logs: Iterable["StageLog"]) -> Self:
        """
        Take the events of several logs as one: parts of a history, or new events to those at hand.

        Args:
            logs: One at least, with the same label columns and the same closed stages.

        Returns:
            The log that all their rows together would have made: an event that several of them hold
            counts once, and a group is that which the earliest event of all names.

        Raises:
            InvalidValue: No logs, or other columns or closed stages in one of them.

        Example:
            >>> from datetime import UTC, datetime
            >>> old = StageLog.from_rows([("a", "new", datetime(2026, 3, 2, tzinfo=UTC))])
            >>> more = StageLog.from_rows([("a", "won", datetime(2026, 3, 5, tzinfo=UTC))])
            >>> StageLog.merged([old, more])
            <StageLog: 2 events of 1 lead in 2 stages>
        """
        parts = [*logs]
        _check_parts(parts)
        leads = sorted({name for log in parts for name in log.leads})
        stages = sorted({name for log in parts for name in log.stages})
        lead_code = {name: code for code, name in enumerate(leads)}
        stage_code = {name: code for code, name in enumerate(stages)}
        at, seq, lead, stage = (array("q") for _ in range(4))
        for log in parts:
            at.extend(log.at)
            seq.extend(log.seq)
            lead.extend(map([lead_code[name] for name in log.leads].__getitem__, log.lead))
            stage.extend(map([stage_code[name] for name in log.stages].__getitem__, log.stage))
        columns = _ordered(at, seq, lead, stage)
        return cls(
            leads=tuple(leads),
            stages=tuple(stages),
            **columns,
            labels={name: _joined(name, parts, lead_code) for name in parts[0].labels},
            closed=parts[0].closed,
            closed_by=parts[0].closed_by,
            known=frozenset().union(*(log.known for log in parts)),
            until=max(log.until for log in parts),
            duplicates=len(at) - len(columns["at"]) + sum(log.duplicates for log in parts),
        )

    @property
    def latest(self) -> int:
        """The last event, in microseconds."""
        return max(self.until, self.at[-1] if self.at else 0)

    def visible(self, cut: int) -> int:
        """How many events are visible: these are the first ones."""
        return bisect_right(self.at, cut)

    def events(self, cut: int = _NEVER) -> Iterator[tuple[int, int, int, int]]:
        """Yield (lead, stage, at, seq) of every visible event, as integers."""
        rows = zip(self.lead, self.stage, self.at, self.seq, strict=True)
        return islice(rows, self.visible(cut))

    def places(self, cut: int, place: Sequence[int]) -> list[int]:
        """
        The place of the stage of each visible event.

        Args:
            cut: The last visible microsecond.
            place: One for each stage; events that share lead, at and seq come in their order.
        """
        end = self.visible(cut)
        found = [*map(place.__getitem__, islice(self.stage, end))]
        for start, stop in self.ties:
            if start < end:  # they are of one instant: all of them are visible, or none
                found[start:stop] = sorted(found[start:stop])
        return found

    def stories(self, cut: int, place: Sequence[int]) -> list[list[tuple[int, int]]]:
        """The visible events of each lead in order, as (at, place); see :meth:`places`."""
        stories: list[list[tuple[int, int]]] = [[] for _ in self.leads]
        moments = zip(self.at, self.places(cut, place), strict=False)  # the visible ones
        for lead, moment in zip(self.lead, moments, strict=False):
            stories[lead].append(moment)
        return stories

    def stages_until(self, cut: int) -> set[str]:
        """The stages entered until then."""
        return {self.stages[code] for code in {stage for _, stage, _, _ in self.events(cut)}}

    def has_histories(self, cut: int) -> bool:
        """Whether any lead has entered two stages until then."""
        entries = {(lead, stage) for lead, stage, _, _ in self.events(cut)}
        return len(entries) > len({lead for lead, _ in entries})

    def first_entries(self, cut: int) -> Iterable[Mapping[int, tuple[int, int]]]:
        """Of each lead the place of every stage it entered until then, with at and seq."""
        first: dict[int, dict[int, tuple[int, int]]] = defaultdict(dict)
        for lead, stage, at, seq in self.events(cut):
            own = first[lead]
            if stage not in own or (at, seq) < own[stage]:
                own[stage] = (at, seq)
        return first.values()

    def fingerprint(self, as_of: datetime | None = None, *, by: str | None = None) -> str:
        """
        A hash of the visible events, and labels, that no order and no duplication changes.

        The sum of one hash per event: equal logs have equal sums, and sums of parts add up.
        """
        key = ("print", self.cut(as_of), by)
        found = next((own for kind, own in [*self.kept] if kind == key), None)
        if found is None:
            found = self._printed(as_of, by)
            self.kept[:] = [*self.kept, (key, found)][-_KEPT:]
        return found

    def _printed(self, as_of: datetime | None, by: str | None) -> str:
        leads, stages = [*map(name_bytes, self.leads)], [*map(name_bytes, self.stages)]
        cut = self.cut(as_of)
        parts = (
            b"%b%b%d,%d" % (leads[lead], stages[stage], at, seq)
            for lead, stage, at, seq in self.events(cut)
        )
        groups: Iterable[bytes] = ()
        if by is not None:
            names = [f"={name}".encode() for name in self.labels[by].names]
            codes = self.labels[by].at(cut)
            groups = (leads[lead] + names[code] for lead, code in enumerate(codes) if code >= 0)
        return f"{print_of(chain(parts, groups)):032x}"


def _check_parts(parts: Sequence[object]) -> None:
    """Refuse logs that do not belong together."""
    if not parts:
        raise InvalidValue(expected="stage logs", got="none", where="logs")
    for log in parts:
        if not isinstance(log, StageLog):
            raise InvalidValue(expected="a stage log", got=_text.kind_of(log), where="logs")
        first = parts[0]
        if isinstance(first, StageLog) and (
            {*log.labels} != {*first.labels} or log.closed != first.closed
        ):
            expected = "logs with the same columns of groups and the same closed stages"
            raise InvalidValue(expected=expected, got="others", where="logs")


def _joined(column: str, parts: Iterable[StageLog], lead_code: Mapping[str, int]) -> Labels:
    known: dict[int, tuple[int, int, str]] = {}
    for log in parts:
        for own, named in log.labels[column].earliest():
            lead = lead_code[log.leads[own]]
            known[lead] = min(named, known.get(lead, named))
    return _coded(column, known, range(len(lead_code)))


def print_of(parts: Iterable[bytes]) -> int:
    """A hash of what stands in no order: a sum, so that the hashes of parts add up to it."""
    digests = (hashlib.blake2b(part, digest_size=16).digest() for part in parts)
    return sum(int.from_bytes(own, "big") for own in digests) % PRINTS


def name_bytes(name: str) -> bytes:
    """A name before others, so that no two rows of names read alike."""
    return f"{len(name)}:{name}".encode()


def one_or_several(stages: AnyStage | Iterable[AnyStage]) -> Iterable[AnyStage]:
    """A single stage as one of several."""
    return [stages] if isinstance(stages, str) or not isinstance(stages, Iterable) else stages


def stage_names(stages: Iterable[AnyStage], where: str) -> tuple[str, ...]:
    """Stages or their names, in the form that logs keep; one text is not many names."""
    if isinstance(stages, str) or not isinstance(stages, Iterable):
        raise InvalidValue(expected="several stages", got=_text.kind_of(stages), where=where)
    return tuple(_stage_name(stage, where) for stage in stages)


def _stage_name(stage: Any, where: str) -> str:
    if not isinstance(stage, bool) and isinstance(stage, Integral):  # those of NumPy, too
        return _name(int(stage), where)
    return _name(stage.name if isinstance(stage, Stage) else stage, where)


@attrs.define
class LogBuilder:
    """
    Collects rows for a log; readers feed it one row at a time and learn whether it was new.

    Args:
        by: The names of the label columns.

    Example:
        >>> builder = LogBuilder()
        >>> builder.add("a", "inquiry", 0, 0), builder.add("a", "inquiry", 0, 0)
        (True, False)
    """

    by: Sequence[str] = ()
    duplicates: int = 0
    _lead_codes: dict[str, int] = attrs.field(factory=dict, init=False)
    _stage_codes: dict[str, int] = attrs.field(factory=dict, init=False)
    _columns: tuple["array[int]", ...] = attrs.field(
        factory=lambda: tuple(array("q") for _ in range(4)), init=False
    )
    _seen: set[int] = attrs.field(factory=set, init=False)
    _labels: dict[str, dict[int, tuple[int, int, str]]] = attrs.field(factory=dict, init=False)

    def add(
        self, lead: str, stage: str, at: int, seq: int, labels: Sequence[str | None] = ()
    ) -> bool:
        """
        Take one event; say whether it was new.

        Args:
            lead, stage: Names, already clean.
            at: Microseconds since 1970.
            seq: The order within one instant.
            labels: One for each column of *by*; None is missing.

        Raises:
            LimitExceeded: Too many stages for a funnel: this is another column.
        """
        lead_code = self._lead_codes.setdefault(lead, len(self._lead_codes))
        stage_code = self._stage_codes.setdefault(stage, len(self._stage_codes))
        if stage_code >= limits.STAGES:
            expected = f"at most {limits.STAGES} different stages"
            raise LimitExceeded(expected=expected, got="more: is this the stage column?")
        for name, label in zip(self.by, labels, strict=False):
            if label is not None:
                self._label(name, lead_code, (at, seq, label))
        # One integer instead of a tuple: a third of the memory for the same answer.
        key = ((lead_code * limits.STAGES + stage_code << 64 | at) << 64) + seq
        if key in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(key)
        leads, stages, ats, seqs = self._columns
        leads.append(lead_code)
        stages.append(stage_code)
        ats.append(at)
        seqs.append(seq)
        return True

    def _label(self, name: str, lead: int, known: tuple[int, int, str]) -> None:
        """A lead belongs to the group that its earliest event names; ties go by the label."""
        own = self._labels.setdefault(name, {})
        if lead not in own or known < own[lead]:
            own[lead] = known

    def add_row(self, row: Sequence[Any]) -> bool:
        """Take one row of values as :meth:`StageLog.from_rows` describes it."""
        if not isinstance(row, Sequence):
            raise InvalidValue(expected="a row", got=_text.kind_of(row), where="row")
        least = 4 + len(self.by) if self.by else 3
        if not least <= len(row) <= 4 + len(self.by):
            raise InvalidValue(expected=f"{least} values", got=f"{len(row)}", where="row")
        lead, stage, at, seq = row[:4] if len(row) > least or self.by else (*row[:3], 0)
        return self.add(
            lead if type(lead) is str and lead in self._lead_codes else _name(lead, "lead"),
            stage if type(stage) is str and stage in self._stage_codes else _name(stage, "stage"),
            _instants.micros(_instants.aware(at, where="at")),
            seq if type(seq) is int and -SEQ <= seq <= SEQ else _sequence(seq),
            [group_name(label) for label in row[4:]],
        )

    def columns(self) -> dict[str, Any]:
        """The arguments of a :class:`StageLog`; names sorted, so that codes carry no history."""
        leads = sorted(self._lead_codes)
        stages = sorted(self._stage_codes)
        new_lead = _renumbered(self._lead_codes, leads)
        new_stage = _renumbered(self._stage_codes, stages)
        lead, stage, at, seq = self._columns
        return {
            "leads": tuple(leads),
            "stages": tuple(stages),
            **_ordered(
                at,
                seq,
                array("q", map(new_lead.__getitem__, lead)),
                array("q", map(new_stage.__getitem__, stage)),
            ),
            "labels": {
                name: _coded(name, self._labels.get(name, {}), new_lead) for name in self.by
            },
            "duplicates": self.duplicates,
        }


def log_columns(
    leads: Sequence[str],
    stages: Sequence[str],
    ats: Sequence[int],
    seqs: Sequence[int],
    labels: Mapping[str, Sequence[str | None]],
) -> dict[str, Any]:
    """The arguments of a :class:`StageLog` from whole columns of clean values."""
    lead_names, names = sorted({*leads}), sorted({*stages})
    lead_code = {name: code for code, name in enumerate(lead_names)}
    stage_code = {name: code for code, name in enumerate(names)}
    lead = array("q", map(lead_code.__getitem__, leads))
    stage = array("q", map(stage_code.__getitem__, stages))
    at, seq = array("q", ats), array("q", seqs)
    same = range(len(lead_names))
    groups = {
        name: _coded(name, _earliest(zip(lead, zip(at, seq, own, strict=True), strict=True)), same)
        for name, own in labels.items()
    }
    columns = _ordered(at, seq, lead, stage)
    duplicates = len(at) - len(columns["at"])
    return {
        "leads": tuple(lead_names),
        "stages": tuple(names),
        **columns,
        "labels": groups,
        "duplicates": duplicates,
    }


def _earliest(
    rows: Iterable[tuple[int, tuple[int, int, str | None]]],
) -> dict[int, tuple[int, int, str]]:
    """For each lead the label that its earliest event names; ties go by the label."""
    known: dict[int, tuple[int, int, str]] = {}
    for lead, (at, seq, label) in rows:
        if label is not None and (lead not in known or (at, seq, label) < known[lead]):
            known[lead] = (at, seq, label)
    return known


def _coded(
    column: str, known: Mapping[int, tuple[int, int, str]], new_lead: Sequence[int]
) -> Labels:
    names = sorted({label for _, _, label in known.values()})
    if len(names) > limits.GROUPS:
        expected = f"at most {limits.GROUPS} different groups in column {column!r}"
        raise LimitExceeded(expected=expected, got=f"{len(names)}")
    code_of = {name: code for code, name in enumerate(names)}
    codes = array("q", [-1]) * len(new_lead)
    since = array("q", [_NEVER]) * len(new_lead)
    order = array("q", [0]) * len(new_lead)
    for lead, (at, seq, label) in known.items():
        place = new_lead[lead]
        codes[place], since[place], order[place] = code_of[label], at, seq
    return Labels(names=tuple(names), codes=codes, since=since, order=order)


def _ordered(*columns: "array[int]") -> dict[str, Any]:
    """
    The columns at, seq, lead and stage in this order, each row once; most logs stand in it already.
    """
    if not all(starmap(lt, pairwise(zip(*columns, strict=True)))):
        order = array("q", _order(*columns))
        columns = tuple(array("q", map(own.__getitem__, order)) for own in columns)
        is_new = [True, *starmap(ne, pairwise(zip(*columns, strict=True)))]
        columns = tuple(array("q", compress(own, is_new)) for own in columns)
    at, seq, lead, stage = columns
    moments = zip(at, seq, lead, strict=True)
    again = compress(count(), starmap(eq, pairwise(moments)))
    return {"at": at, "seq": seq, "lead": lead, "stage": stage, "ties": tuple(_runs(again))}


def _order(
    at: "array[int]", seq: "array[int]", lead: "array[int]", stage: "array[int]"
) -> Iterator[int]:
    """The rows in order; without a tuple for each, which would take most of the memory."""
    rows = sorted(range(len(at)), key=at.__getitem__)
    for _, own in groupby(rows, key=at.__getitem__):
        same = [*own]
        if len(same) > 1:
            same.sort(key=lambda row: (seq[row], lead[row], stage[row]))
        yield from same


def _runs(again: Iterable[int]) -> Iterator[tuple[int, int]]:
    """From where to where rows are alike, of those that the next one is like."""
    start = stop = -1
    for row in again:
        if row >= stop:
            if stop >= 0:
                yield start, stop
            start = row
        stop = row + 2
    if stop >= 0:
        yield start, stop


def _renumbered(old: Mapping[str, int], names: Collection[str]) -> list[int]:
    new = [0] * len(names)
    for code, name in enumerate(names):
        new[old[name]] = code
    return new


def group_name(value: Any) -> str | None:
    """The name of a group; blank is missing, and numbers and yes/no are names, too."""
    if _text.is_missing(value) or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, float):
        return repr(float(value))
    return repr(value) if isinstance(value, bool) else _name(value, "label")


def stage_name(value: Any) -> str:
    """The name of a stage as logs keep it."""
    return _name(value, "stage")


def _name(value: Any, where: str) -> str:
    """Lead and stage names: text, or a number from a system that counts its leads."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= SEQ:
        return str(value)
    return _text.clean(value, where=where, limit=limits.ID_CHARACTERS)


def _sequence(value: Any) -> int:
    whole = isinstance(value, float) and value.is_integer()  # pandas makes 1.0 of 1 beside a gap
    if isinstance(value, bool) or not (isinstance(value, int) or whole) or abs(value) > SEQ:
        raise InvalidValue(expected="a whole number", got=_text.kind_of(value), where="seq")
    return int(value)
