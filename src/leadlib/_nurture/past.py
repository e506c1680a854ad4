"""The past: which times of which steps have been, whatever id they went out under."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

import attrs

from leadlib import _instants
from leadlib._nurture.steps import Step, is_marketing
from leadlib._nurture.touches import SentTouch

__all__ = ["Past", "Sent", "Time", "past_of"]

Sent = Mapping[str, SentTouch | None]


@attrs.frozen
class Time:
    """
    One time of one step.

    Args:
        step, day, id: The step, the day that it is wanted on, and the id of its touch.
        is_known: Not if there are not so many working days.
        following: When the same step is wanted again.
    """

    step: Step
    day: int
    id: str
    is_known: bool = True
    following: int | None = None


@attrs.frozen
class Past:
    """
    What has been, by the places of the times.

    Args:
        sent: The times that went out, with their records; of a bare id there is none.
        last: The last of them, of marketing and of what was asked for.
    """

    sent: Mapping[int, SentTouch | None] = attrs.field(factory=dict)
    last: Mapping[bool, int] = attrs.field(factory=lambda: {True: -1, False: -1})


def past_of(
    times: Sequence[Time],
    sent: Sent,
    wanted: Callable[[Time], int],
    is_own: Callable[[SentTouch], bool],
) -> Past:
    """
    Find what went out among the times, by id; then what other ids say of the same steps.

    A lead that was merged had other ids, and so has an enrolment whose instant was rounded.  Such a
    record stands for the time of its step that it is nearest to: nobody gets a thing twice.
    """
    found = {place: sent[time.id] for place, time in enumerate(times) if time.id in sent}
    known = {times[place].id for place in found}
    others = [r for id_, r in sent.items() if r is not None and id_ not in known and is_own(r)]
    if others:
        found |= _nearest(times, found, others, wanted)
    last = {kind: max(_of_kind(times, found, kind), default=-1) for kind in (True, False)}
    return Past(found, last)


def _of_kind(times: Sequence[Time], places: Mapping[int, object], kind: bool) -> list[int]:  # noqa: FBT001
    return [place for place in places if is_marketing(times[place].step) is kind]


def _nearest(
    times: Sequence[Time],
    found: Mapping[int, object],
    others: Sequence[SentTouch],
    wanted: Callable[[Time], int],
) -> dict[int, SentTouch]:
    free: dict[str, list[tuple[int, int]]] = {}
    for place, time in enumerate(times):
        if place not in found:
            free.setdefault(time.step.send, []).append((wanted(time), place))
    taken: dict[int, SentTouch] = {}
    for record in sorted(others, key=lambda each: each.at):
        own = free.get(record.send)
        if own:
            taken[_pop_nearest(own, _instants.micros(record.at))] = record
    return taken


def _pop_nearest(times: list[tuple[int, int]], at: int) -> int:
    """The place of the time that is nearest to an instant, which is free no longer."""
    later = bisect_left(times, (at, 0))
    near = range(max(later - 1, 0), min(later + 1, len(times)))
    return times.pop(min(near, key=lambda each: abs(times[each][0] - at)))[1]
