"""
Visits: how long each stay in a stage lasted and which stage followed, wherever the log is.

A log in Python is sorted; a frame is sorted or windowed by its engine, and only counts come back.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from leadlib import _text
from leadlib._metrics.arrays import Arrays, tallied
from leadlib._metrics.counting import Counting
from leadlib._metrics.engines import coded, following, summed, tally
from leadlib._metrics.frames import KEPT, FrameLog
from leadlib._metrics.leadtables import lead_table
from leadlib._metrics.log import Log, StageLog
from leadlib._metrics.reading import asked_best
from leadlib._metrics.tables import Question
from leadlib.errors import ConflictError, InvalidValue

__all__ = ["ANY", "Visits", "counted_visits"]

ANY = 2**62  # a length that no visit has: one bin for all

Visits = Mapping[tuple[str, str | None, int], int]  # stage, the next one, microseconds -> visits


def counted_visits(log: Log, cut: int, grain: int = 1) -> Visits:
    """
    Count the visits by stage, following stage and length; those that last have no following one.

    Args:
        log: Where the rows are.
        cut: The last visible microsecond, until which visits last.
        grain: Lengths are cut down to multiples of it, in microseconds.
    """
    here = asked_best(log)
    if isinstance(here, FrameLog):
        return _in_frame(here, cut, grain)
    if isinstance(here, StageLog):
        return _in_python(here, cut, grain)
    raise InvalidValue(expected="a stage log", got=_text.kind_of(log), where="log")


def _in_python(log: StageLog, cut: int, grain: int) -> Visits:
    """Backwards, so that what follows is known."""
    end, last = log.visible(cut), len(log.stages)
    leads, stages, ats = (reversed(own[:end]) for own in (log.lead, log.stage, log.at))
    size = last + 1
    to, until = [last] * len(log.leads), [cut] * len(log.leads)
    keys = []  # one number instead of three: the hot loops of all moves, and of all stays
    if grain >= ANY:
        for lead, stage in zip(leads, stages, strict=True):
            keys.append(to[lead] * size + stage)
            to[lead] = stage
    else:
        for lead, stage, at in zip(leads, stages, ats, strict=True):
            keys.append(((until[lead] - at) // grain * size + to[lead]) * size + stage)
            to[lead], until[lead] = stage, at
    counts = {
        (key % size, key // size % size, key // size // size * grain): visits
        for key, visits in Counter(keys).items()
    }
    return _named(log, counts)


def _in_frame(log: FrameLog, cut: int, grain: int, *, keep: bool = True) -> Visits:
    """What was counted once is kept; and if lengths do not matter, any count will do."""
    visible = min(cut, log.latest)
    same = [own for own in [*log.visits] if min(own[0], log.latest) == visible]
    for at, width, visits in same:
        if grain == ANY or (at == cut and grain == width):
            return visits  # type: ignore[no-any-return]  # what was put there
    before = next((visits for _, width, visits in same if width == grain), None)
    if log.parts:
        counted = _added(log, cut, grain)
    elif before is not None and log.arrays is None:
        counted = _longer(log, before, cut, grain)
    else:
        counted = _asked(log, cut, grain)
    if keep:
        log.visits[:] = [*log.visits, (cut, grain, counted)][-KEPT:]
    return counted


def _added(log: FrameLog, cut: int, grain: int) -> Visits:
    """The visits of all parts, those of replaced ones taken off."""
    return summed((sign, _in_frame(part, cut, grain, keep=False)) for sign, part in log.parts)


def _longer(log: FrameLog, before: Visits, cut: int, grain: int) -> Visits:
    """The same visits until a later instant, before which nothing came: only those that last."""
    nw = log.engine
    last = _lasting(log, cut).select(
        "now", ((cut - nw.col("at")) // grain * grain).cast(nw.Int64).alias("t")
    )
    lasting = {
        (log.stages[stage], None, time): n for (stage, time), n in tally(last, "now", "t").items()
    }
    return {visit: n for visit, n in before.items() if visit[1] is not None} | lasting


def _lasting(log: FrameLog, cut: int) -> Any:
    """The stage of each lead, and since when."""
    visible = min(cut, log.latest)
    for upto, frame in [*log.lasting]:
        if upto == visible:
            return frame
    return lead_table(log, _nowhere(log, cut), now=True).frame


def _nowhere(log: FrameLog, cut: int) -> Question:
    """Where leads are, when stages follow the order of their names, as they do for visits."""
    return Question(
        waterfall=(),
        cut=cut,
        closed=frozenset(),
        closed_by="given",
        counting=Counting.AT_LEAST,
        index={},
        places=log.stages,
    )


def _in_arrays(log: FrameLog, arrays: Arrays, cut: int, grain: int) -> Visits:
    stage, to, time = arrays.stays(cut)
    time //= grain
    return _named(log, tallied(stage, to, time), grain)


def _asked(log: FrameLog, cut: int, grain: int) -> Visits:
    if log.arrays is not None:
        return _in_arrays(log, log.arrays, cut, grain)
    nw = log.engine
    codes = {value: log.stages.index(name) for value, name in log.codes["stage"].items()}
    rows = log.before(cut).with_columns(coded("stage", codes).alias("code"))
    columns = ["lead", "at", *(["seq"] if log.seqs else []), "code"]
    visits = following(rows.select(*columns), has_seq=log.seqs is not None)
    if not isinstance(visits, nw.LazyFrame):  # it is at hand for later instants
        lasting = visits.filter(nw.col("next") < 0).select(nw.col("code").alias("now"), "at")
        log.lasting[:] = [(min(cut, log.latest), lasting)]
    end = nw.when(nw.col("next") >= 0).then(nw.col("until")).otherwise(cut)
    time = ((end - nw.col("at")) // grain * grain).cast(nw.Int64)
    counts = tally(visits.select("code", "next", time.alias("t")), "code", "next", "t")
    if any(code < 0 for code, *_ in counts):
        expected, got = "the stages that the log was made of", "another: the rows have changed"
        raise ConflictError(expected=expected, got=got, where="log")
    return _named(log, counts)


def _named(log: Log, counts: Mapping[Any, int], grain: int = 1) -> Visits:
    stages, names = log.stages, [*log.stages, None]  # none follows: the last code, or -1
    return {(stages[own], names[to], time * grain): n for (own, to, time), n in counts.items()}
