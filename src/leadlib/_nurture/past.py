"""The past: which times of which steps have been, whatever id they went out under."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence

import attrs

from leadlib import _instants
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import SentTouch, is_marketing

__all__ = ["Past", "Sent", "Time", "past_of"]

_NEARLY = 26 * 3_600_000_000  # as far as two zones lie apart
_PART = 8  # of the time between two times of a step: no more than this is taken for a zone

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
    record stands for the last time of its step that was wanted when it went out, since of what is
    late only the latest time goes out.  If that is known to have been, it stands for none.
    """
    found = {place: sent[time.id] for place, time in enumerate(times) if time.id in sent}
    known = {times[place].id for place in found}
    others = [r for id_, r in sent.items() if r is not None and id_ not in known and is_own(r)]
    if others:
        found |= _matched(times, found, others, wanted)
    last = {True: -1, False: -1}
    for place in sorted(found):
        last[is_marketing(times[place].step)] = place
    return Past(found, last)


def _matched(
    times: Sequence[Time],
    found: Mapping[int, object],
    others: Sequence[SentTouch],
    wanted: Callable[[Time], int],
) -> dict[int, SentTouch]:
    """The first record of each time that was not found by its id."""
    own: dict[str, list[tuple[int, int]]] = {}
    for place, time in enumerate(times):
        own.setdefault(time.step.send, []).append((wanted(time), place))
    taken: dict[int, SentTouch] = {}
    for record in sorted(others, key=lambda each: each.at):
        meant = _meant(own.get(record.send, ()), _instants.micros(record.at))
        if meant is not None and meant not in found:
            taken.setdefault(meant, record)
    return taken


def _meant(times: Sequence[tuple[int, int]], at: int) -> int | None:
    """
    The place of the last of some times that was wanted by then, or of the next if that is nearly
    due: in another zone its hour had come.
    """
    if len(times) <= 1:
        return times[0][1] if times else None
    later = min(max(bisect_right(times, (at, len(times))), 1), len(times) - 1)
    (before, earlier), (after, next_one) = times[later - 1], times[later]
    if after - at <= min(_NEARLY, (after - before) // _PART):
        return next_one
    return earlier if before <= at or before - at <= _NEARLY else None
