"""
Visits: how long each stay in a stage lasted and which stage followed, wherever the log is.

A log in Python is sorted; a frame is sorted or windowed by its engine, and only counts come back.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from leadlib import _text
from leadlib._metrics.engines import coded, following, tally
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.log import Log, StageLog
from leadlib.errors import InvalidValue

__all__ = ["Visits", "counted_visits"]

Visits = Mapping[tuple[str, str | None, int], int]  # stage, the next one, microseconds -> visits


def counted_visits(log: Log, cut: int, grain: int = 1) -> Visits:
    """
    Count the visits by stage, following stage and length; those that last have no following one.

    Args:
        log: Where the rows are.
        cut: The last visible microsecond, until which visits last.
        grain: Lengths are cut down to multiples of it, in microseconds.
    """
    if isinstance(log, FrameLog):
        log = log.here
    if isinstance(log, StageLog):
        return _in_python(log, cut, grain)
    if isinstance(log, FrameLog):
        return _in_frame(log, cut, grain)
    raise InvalidValue(expected="a stage log", got=_text.kind_of(log), where="log")


def _in_python(log: StageLog, cut: int, grain: int) -> Visits:
    moments: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for lead, stage, at, seq in log.events(cut):
        moments[lead].append((at, seq, stage))
    counts = Counter[tuple[int, int, int]]()
    for own in moments.values():
        own.sort()
        for (at, _, stage), (until, _, following_stage) in pairwise(own):
            counts[stage, following_stage, (until - at) // grain * grain] += 1
        at, _, stage = own[-1]
        counts[stage, -1, (cut - at) // grain * grain] += 1
    return _named(log, counts)


def _in_frame(log: FrameLog, cut: int, grain: int) -> Visits:
    nw = log.engine
    codes = {value: log.stages.index(name) for value, name in log.codes["stage"].items()}
    rows = log.rows.filter(nw.col("at") <= cut).with_columns(coded("stage", codes).alias("code"))
    columns = ["lead", "at", *(["seq"] if log.seqs else []), "code"]
    visits = following(rows.select(*columns), has_seq=log.seqs is not None)
    end = nw.when(nw.col("next") >= 0).then(nw.col("until")).otherwise(cut)
    time = ((end - nw.col("at")) // grain * grain).cast(nw.Int64)
    return _named(log, tally(visits.select("code", "next", time.alias("t")), "code", "next", "t"))


def _named(log: Log, counts: Mapping[Any, int]) -> Visits:
    names = [*log.stages, None]  # the last one is also at -1
    return {(log.stages[stage], names[to], time): n for (stage, to, time), n in counts.items()}
