"""
How every part measures.

The candidates of a race run in rounds, each round in another order.  A ratio is taken within each
round, between neighbours in time, and the median of these ratios is reported: a busy machine slows
both sides of a ratio, so it survives where seconds do not.
"""

import gc
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

Times = dict[str, list[float]]
_SEED = 2026


@attrs.frozen(kw_only=True)
class Row:
    """One line of the table: how long leadlib takes for *work*, *against* taking 1."""

    part: str
    work: str
    against: str
    ratio: float
    goal: float | None = None
    speed: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.ratio <= self.goal

    def to_dict(self) -> dict[str, Any]:
        return {
            "part": self.part,
            "work": self.work,
            "against": self.against,
            "ratio": round(self.ratio, 3),
            "goal": self.goal,
            "met": self.met,
        }


def cpu_seconds(run: Callable[[], object]) -> float:
    """The CPU time of one run; what it made is thrown away after the clock has stopped."""
    begin = time.process_time()
    made = run()
    seconds = time.process_time() - begin
    del made
    return seconds


def race(
    candidates: Mapping[str, Any],
    *,
    rounds: int,
    measure: Callable[[Any], float] = cpu_seconds,
) -> Times:
    """The seconds of each candidate in each round, after one run that nobody times."""
    order = list(candidates)
    shuffle = random.Random(_SEED).shuffle
    times: Times = {name: [] for name in order}
    for name in order:
        measure(candidates[name])
    with _quiet_memory():
        for _ in range(rounds):
            shuffle(order)
            for name in order:
                times[name].append(measure(candidates[name]))
                gc.collect()
    return times


@contextmanager
def _quiet_memory() -> Iterator[None]:
    """No garbage collection while a clock runs, and none of what was there before the race."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def ratio(times: Times, ours: str, theirs: str) -> float:
    """The median of the ratios within each round."""
    return statistics.median(a / b for a, b in zip(times[ours], times[theirs], strict=True))


def speed(times: Times, ours: str, count: int, noun: str) -> str:
    """How many a second, for people only: it depends on the machine."""
    return f"{count / statistics.median(times[ours]):,.0f} {noun}/s"


def milliseconds(times: Times, ours: str) -> str:
    return f"{statistics.median(times[ours]) * 1000:,.1f} ms"


def exhaust(results: Iterable[object]) -> None:
    """Run an iterator to its end at the speed of C and keep nothing."""
    deque(results, maxlen=0)
