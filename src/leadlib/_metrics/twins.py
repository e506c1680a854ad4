"""A log in Python as one in arrays: its columns are numbers already."""

from collections.abc import Iterator
from typing import Any

from leadlib._frames import numpy
from leadlib._metrics.arrays import Array, Arrays, last_rows
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.log import StageLog

__all__ = ["twin_of"]


def twin_of(log: StageLog) -> FrameLog:
    """The same events in arrays; kept by the log for the next question."""
    found = next((own for kind, own in [*log.kept] if kind == "twin"), None)
    if found is None:
        found = _made_of(log)
        log.kept.append(("twin", found))
    return found


def _made_of(log: StageLog) -> FrameLog:
    arrays = _arrays_of(log)
    twin = FrameLog(
        stages=log.stages,
        labels={name: labels.names for name, labels in log.labels.items()},
        closed=log.closed,
        closed_by=log.closed_by,
        known=log.known,
        seen=dict(_seen(log, arrays)),
        rows=None,
        codes={},
        seqs=None,
        few=0,
    )
    twin.__dict__["arrays"] = arrays  # it has no rows to make them of
    return twin


def _arrays_of(log: StageLog) -> Arrays:
    np, lead = numpy(), _column(log.lead).astype(numpy().int32)
    ties = [np.arange(start, stop) for start, stop in log.ties]
    runs = [np.full(stop - start, start) for start, stop in log.ties]
    labels = enumerate(log.labels.values())
    return Arrays(
        last=last_rows(lead, len(log.leads)),
        lead=lead,
        stage=_column(log.stage).astype(np.int16),
        at=_column(log.at),
        ties=np.concatenate([np.zeros(0, np.int64), *ties]),
        runs=np.concatenate([np.zeros(0, np.int64), *runs]),
        labels={
            f"by {place}": (_column(own.codes).astype(np.int16), _column(own.since))
            for place, own in labels
        },
    )


def _column(numbers: Any) -> Array:
    """The same memory, seen by numpy."""
    return numpy().frombuffer(numbers, numpy().int64)


def _seen(log: StageLog, arrays: Arrays) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Of each stage the number of its events, and the first and the last instant."""
    for code, name in enumerate(log.stages):
        rows = numpy().flatnonzero(arrays.stage == code)
        if len(rows):
            yield name, (len(rows), int(arrays.at[rows[0]]), int(arrays.at[rows[-1]]))
