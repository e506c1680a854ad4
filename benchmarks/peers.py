"""
What analysts use otherwise, on a million events: `python -m benchmarks.peers`.

Measured is whichever of pm4py, retentioneering and lifelines is installed.  They hold each other's
and our dependencies back, so each wants an environment of its own, with attrs, python-dateutil and
this folder on the path; nothing of it is part of `make bench`.
"""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import attrs
import pandas as pd

from benchmarks.harness import race, ratio
from benchmarks.metrics import CLOSED, WATERFALL, make_rows
from leadlib.metrics import StageLog, flows, funnel, kaplan_meier, stay_durations

Sides = tuple[str, Callable[[], object], Callable[[], object]]
HOUR = timedelta(hours=1)


def main() -> None:
    """Print one line for each peer that is there; both sides give the same numbers."""
    os.environ["RETENTIONEERING_NO_TRACK"] = "1"
    rows = make_rows(1_000_000)
    log = StageLog.from_rows(rows, closed=CLOSED)
    frame = pd.DataFrame(rows, columns=["lead", "stage", "at", "seq"])
    del rows
    peers = {"pm4py": graph, "retentioneering": funnel_in_order, "lifelines": survival}
    for name, sides in peers.items():
        if find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        for label, ours, theirs in sides(log, frame):
            times = race({"ours": ours, "theirs": theirs}, rounds=5)
            print(f"{label} against {name}: {ratio(times, 'ours', 'theirs'):.3f}")


def graph(log: StageLog, frame: pd.DataFrame) -> Iterator[Sides]:
    """Which stage follows which: the directly-follows graph."""
    import pm4py  # whichever is installed

    named = {"case_id": "lead", "activity_key": "stage", "timestamp_key": "at"}
    formatted = pm4py.format_dataframe(frame.drop(columns="seq"), **named)
    moves, _, _ = pm4py.discover_dfg(formatted)
    assert sum(moves.values()) == sum(flows(log).moves.values())
    fresh = attrs.evolve  # a copy has not kept what it counted
    yield "moves", lambda: flows(fresh(log)), lambda: pm4py.discover_dfg(formatted)


def funnel_in_order(log: StageLog, frame: pd.DataFrame) -> Iterator[Sides]:
    """A funnel of nine stages one after the other; theirs are the counts alone."""
    from retentioneering.eventstream.eventstream import Eventstream
    from retentioneering.tools.funnel import Funnel

    events = frame.rename(columns={"lead": "user_id", "stage": "event", "at": "timestamp"})
    events["timestamp"] = events["timestamp"].dt.tz_localize(None)
    stream = Eventstream(events.drop(columns="seq"))

    def ours() -> Any:
        log.kept.clear()
        return funnel(log, stages=WATERFALL, counting="in order")

    def theirs() -> list[int]:
        return [step["unique_paths"] for step in Funnel(stream).fit([*WATERFALL])["steps"]]

    assert [step.reached for step in ours().steps] == theirs()
    yield "a funnel in order, with its medians", ours, theirs


def survival(log: StageLog, frame: pd.DataFrame) -> Iterator[Sides]:  # noqa: ARG001
    """Kaplan-Meier for the stays in each stage, once their lengths are known."""
    from lifelines import KaplanMeierFitter

    stays = stay_durations(log, grain=HOUR)
    lengths = {name: _lengths(own) for name, own in stays.items()}

    def theirs() -> dict[str, float]:
        fitted = {name: KaplanMeierFitter().fit(*own) for name, own in lengths.items()}
        return {name: own.median_survival_time_ for name, own in fitted.items()}

    def ours() -> dict[str, timedelta | None]:
        return {name: kaplan_meier(own).median for name, own in stays.items()}

    medians = {name: float("inf") if m is None else m / HOUR for name, m in ours().items()}
    assert medians == theirs()
    yield f"{len(stays)} survival curves", ours, theirs


def _lengths(stays: Any) -> tuple[list[int], list[bool]]:
    """Hours, and whether the stay is over, one by one."""
    hour = HOUR // timedelta(microseconds=1)
    ended = [(t // hour, True) for (t, _), n in stays.events.items() for _ in range(n)]
    going_on = [(t // hour, False) for t, n in stays.censored.items() for _ in range(n)]
    pairs = [*ended, *going_on]
    return [hours for hours, _ in pairs], [is_over for _, is_over in pairs]


if __name__ == "__main__":
    main()
