"""
Two logs of frames as one: what has been counted is counted on, for the leads that have new events.

All that a log counts are sums over leads.  So the sums of two logs that share no lead add up; and
if some leads of one have events in the other, too, their old events are taken off and all of theirs
are added.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import attrs

from leadlib._frames import has_numpy, narwhals
from leadlib._metrics.engines import coded, kept, length_of
from leadlib.errors import InvalidValue

__all__ = ["check_alike", "united"]

_SHARE = 4  # of a quarter of the rows that are counted again on, one may as well count all

FrameLog = Any  # the class is above this room
Frame = Any


def check_alike(logs: Sequence[FrameLog]) -> None:
    """Refuse logs that do not belong together."""
    if not logs:
        raise InvalidValue(expected="logs of frames", got="none", where="logs")
    first = logs[0]
    for log in logs:
        if {*log.labels} != {*first.labels} or log.closed != first.closed:
            expected = "logs with the same columns of groups and the same closed stages"
            raise InvalidValue(expected=expected, got="others", where="logs")
        if _leaf(log).rows.implementation is not _leaf(first).rows.implementation:
            expected = "logs of frames of one engine"
            raise InvalidValue(expected=expected, got="several", where="logs")


def united(old: FrameLog, new: FrameLog) -> FrameLog:
    """The log of all events of two; what *old* has counted serves on if *new* is small."""
    before = old.source if isinstance(old.source, _Union) and old.has_replaced else None
    base, added = (before.base, (*before.added, new)) if before else (old, (new,))
    union = _Union.of(base, added)
    whole = _whole(union, old, new)
    if parts := _parts(union, whole, new):
        return attrs.evolve(whole, parts=parts)
    rows = union()  # those of an eager frame are put together once
    return whole if isinstance(rows, narwhals().LazyFrame) else attrs.evolve(whole, rows=rows)


def _whole(union: "_Union", old: FrameLog, new: FrameLog) -> FrameLog:
    seqs = [log.seqs or (0, 0) for log in (old, new)]
    return attrs.evolve(
        old,
        stages=union.stages,
        labels=union.labels,
        known=old.known | new.known,
        seen=_added_up(old.seen, new.seen),
        rows=union,
        codes=union.codes,
        seqs=(min(seqs)[0], max(high for _, high in seqs)) if union.has_seq else None,
        few=min(old.few, new.few),
        held=min(old.held, new.held),
        exact=old.exact and new.exact,
        parts=(),
    )


def _added_up(*logs: Mapping[str, tuple[int, int, int]]) -> Mapping[str, tuple[int, int, int]]:
    """Of each stage the number of rows, the first and the last instant, over all logs."""
    found: dict[str, tuple[int, int, int]] = {}
    for seen in logs:
        for name, (rows, first, last) in seen.items():
            n, low, high = found.get(name, (0, first, last))
            found[name] = (n + rows, min(low, first), max(high, last))
    return found


def _parts(union: "_Union", whole: FrameLog, new: FrameLog) -> tuple[tuple[int, FrameLog], ...]:
    """The parts whose counts add up to those of the whole; none if it is counted as a whole."""
    if len(whole) <= whole.held and has_numpy():  # in arrays that costs less than to add up parts
        return ()
    base, size = union.base, sum(map(len, union.added))
    again = union.again()
    if size * _SHARE > len(base):  # it may be large: it is looked at before it is held
        return ((1, base), (1, new)) if union.added == (new,) and not length_of(again) else ()
    again = kept(again)
    rows = length_of(again)
    if not rows and union.added == (new,):
        return (1, base), (1, new)
    if rows * _SHARE > len(base):
        return ()
    later = kept(narwhals().concat([again, *map(union.rows, union.added)]))
    held = len(whole) if rows + size <= whole.held else 0  # few enough for arrays, or not
    small = attrs.evolve(whole, held=held)
    gone, come = attrs.evolve(small, rows=again), attrs.evolve(small, rows=later)
    return (1, base), (-1, gone), (1, come)


@attrs.frozen(kw_only=True, slots=False, eq=False)
class _Union:
    """
    The rows of several logs, with stages and groups as numbers, whatever they were before.

    Args:
        base: The log that others were added to.
        added: These.
        stages, labels: The names of all of them.
        kind: The type of the ids of leads, if they need one.
        has_seq: Whether any of them has a seq.
    """

    base: FrameLog
    added: tuple[FrameLog, ...]
    stages: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]]
    kind: Any
    has_seq: bool

    @classmethod
    def of(cls, base: FrameLog, added: tuple[FrameLog, ...]) -> "_Union":
        logs = (base, *added)
        return cls(
            base=base,
            added=added,
            stages=_names(log.stages for log in logs),
            labels={name: _names(log.labels[name] for log in logs) for name in base.labels},
            kind=_common({kind for log in logs for kind in _kinds(log)}, _leaf(base)),
            has_seq=any(log.seqs for log in logs),
        )

    def __call__(self) -> Frame:
        """All rows."""
        return narwhals().concat([self.rows(log) for log in (self.base, *self.added)])

    @property
    def codes(self) -> Mapping[str, Mapping[int, str]]:
        """What the numbers stand for."""
        groups = {f"by {place}": names for place, names in enumerate(self.labels.values())}
        named = {"stage": self.stages, **groups}
        return {key: dict(enumerate(names)) for key, names in named.items()}

    def rows(self, log: FrameLog, leads: Frame | None = None, kind: Any = None) -> Frame:
        """The rows of one of them, or those of some *leads*, whose ids may be of another *kind*."""
        kind, source = kind or self.kind, log.source
        if leads is not None and isinstance(source, _Union):
            parts = [source.rows(own, leads, kind) for own in (source.base, *source.added)]
            return self._coded(log, narwhals().concat(parts))
        rows = log.rows
        if kind is not None:
            rows = rows.with_columns(narwhals().col("lead").cast(kind))
        if leads is not None:
            rows = rows.join(leads, on="lead", how="semi")
        if isinstance(rows, narwhals().LazyFrame):  # a table may have got more in the meantime
            rows = rows.filter(narwhals().col("at") <= log.latest)
        return self._coded(log, rows)

    def again(self) -> Frame:
        """The rows of the base whose leads have events among those that were added."""
        nw = narwhals()
        leads = nw.concat([self.rows(log).select("lead") for log in self.added]).unique()
        return self.rows(self.base, kept(leads))

    def _coded(self, log: FrameLog, rows: Frame) -> Frame:
        nw = narwhals()
        keys = {"stage": ("stage", self.stages)} | {
            f"by {place}": (log.column(name), names)
            for place, (name, names) in enumerate(self.labels.items())
        }
        columns = [
            coded(key, _places(log.codes[key], names)).alias(alias)
            for alias, (key, names) in keys.items()
        ]
        if self.has_seq:
            seq = nw.col("seq") if log.seqs else nw.col("at") * 0
            columns.append(seq.cast(nw.Int64).alias("seq"))
        return rows.select("lead", "at", *columns)


def _places(codes: Mapping[Any, str], names: Sequence[str]) -> Mapping[Any, int]:
    place = {name: i for i, name in enumerate(names)}
    return {value: place[name] for value, name in codes.items()}


def _names(names: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({name for own in names for name in own}))


def _leaf(log: FrameLog) -> FrameLog:
    """A log that is none of several."""
    while isinstance(log.source, _Union):
        log = log.source.base
    return log


def _kinds(log: FrameLog) -> Iterable[Any]:
    """The types that the ids of leads have."""
    if isinstance(log.source, _Union):
        for own in (log.source.base, *log.source.added):
            yield from _kinds(own)
    else:
        yield log.rows.collect_schema()["lead"]


def _common(kinds: Collection[Any], log: FrameLog) -> Any:
    """The type that the ids of all leads get; None if they have one that any engine can join by."""
    nw = narwhals()
    wide = (nw.UInt64, nw.Int128, nw.UInt128)
    [first, *others] = kinds
    if not others and first not in (nw.Categorical, nw.Enum):
        # Two kinds of text of PyArrow look like one.
        return nw.String if first == nw.String and log.rows.implementation.is_pyarrow() else None
    is_whole = all(kind.is_integer() and kind not in wide for kind in kinds)
    return nw.Int64 if is_whole else nw.String
