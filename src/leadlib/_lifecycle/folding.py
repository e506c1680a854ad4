"""
The fold of events over a table, and the reading of whole logs.

The fold is written twice: a short one for events that are in order and legal, as nearly all are,
and a careful one, in :mod:`table`, that says what is wrong.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import attrs

from leadlib import _fields, _instants
from leadlib._lifecycle.events import LeadEvent
from leadlib._lifecycle.standing import Stage, Standing
from leadlib.errors import ConflictError, IllegalTransition, InvalidValue, LeadlibError

if TYPE_CHECKING:
    from leadlib._lifecycle.table import Lifecycle

__all__ = ["LogReading", "Steps", "by_lead", "folded", "in_order", "order", "read_log"]

Steps = dict[type[LeadEvent], tuple[Stage, Any]]  # to which stage, and the steps from there
order = attrgetter("at", "seq")
_MOST_SKEW = timedelta(days=1)


def folded(events: Sequence[LeadEvent], start: Stage, steps: Steps) -> tuple[Stage, ...] | None:
    """The stages of a history that is in order and legal; None if it needs a closer look."""
    remaining = iter(events)
    first = next(remaining)
    lead, at, stage, row, last = first.lead, first.at, start, steps, first
    stages = [stage]
    try:
        for event in remaining:
            stage, row = row[type(event)]
            now = event.at
            if event.lead != lead or (now <= at and (now < at or event.seq <= last.seq)):
                return None
            at, last = now, event
            stages.append(stage)
    except KeyError:
        return None
    return tuple(stages)


@attrs.frozen(kw_only=True)
class LogReading:
    """
    What a log of many leads gave, whole: nothing is dropped without being named.

    Args:
        standings: Where each lead stands, by its id.
        refused: By lead, why its events are no life of this lifecycle.
        stuck: Where the refused leads stood before the event that was refused, if they had begun;
            they are not among the *standings*.
        duplicates: How many events came more than once; each counts once.
        ahead: The events later than *now*; they are not looked at yet.
    """

    standings: Mapping[str, Standing] = attrs.field(repr=lambda found: f"{len(found)} leads")
    refused: Mapping[str, LeadlibError] = attrs.field(repr=lambda found: f"{len(found)} leads")
    stuck: Mapping[str, Standing] = attrs.field(repr=lambda found: f"{len(found)} leads")
    duplicates: int
    ahead: tuple[LeadEvent, ...] = attrs.field(repr=lambda events: str(len(events)))


def _limit(now: datetime, skew: timedelta) -> datetime:
    """Until when events are looked at."""
    _fields.check_type(skew, timedelta, "skew")
    if not timedelta(0) <= skew <= _MOST_SKEW:
        raise InvalidValue(expected="a skew from nothing to a day", got="another", where="skew")
    return now + skew


def read_log(
    lifecycle: "Lifecycle", events: Iterable[LeadEvent], *, now: datetime | None, skew: timedelta
) -> LogReading:
    """See :meth:`Lifecycle.read`."""
    taken = [*events]
    for event in taken:
        _fields.check_type(event, LeadEvent, "events")
    limit = None if now is None else _limit(_instants.aware(now, where="now"), skew)
    ahead = tuple(event for event in taken if limit is not None and event.at > limit)
    seen = taken if limit is None else [event for event in taken if event.at <= limit]
    standings: dict[str, Standing] = {}
    refused: dict[str, LeadlibError] = {}
    stuck: dict[str, Standing] = {}
    for lead, own in sorted(by_lead(seen).items()):
        try:
            standings[lead] = lifecycle.replay(own)
        except (IllegalTransition, ConflictError) as fault:
            refused[lead] = fault
            last_good = _last_good(lifecycle, own)
            stuck |= {lead: last_good} if last_good is not None else {}
    return LogReading(
        standings=_fields.FrozenDict(standings),
        refused=_fields.FrozenDict(refused),
        stuck=_fields.FrozenDict(stuck),
        duplicates=len(seen) - len(set(seen)),
        ahead=ahead,
    )


def _last_good(lifecycle: "Lifecycle", events: Iterable[LeadEvent]) -> Standing | None:
    """The standing before the first event that cannot be."""
    standing = None
    for event in sorted(events, key=order):
        if standing is not None and event == standing.events[-1]:
            continue
        try:
            standing = lifecycle.move(standing, event)
        except IllegalTransition:
            break
    return standing


def by_lead(events: Iterable[LeadEvent]) -> dict[str, list[LeadEvent]]:
    """The events of each lead, as they come."""
    found: dict[str, list[LeadEvent]] = defaultdict(list)
    for event in events:
        _fields.check_type(event, LeadEvent, "events")
        found[event.lead].append(event)
    return found


def in_order(taken: Sequence[LeadEvent]) -> list[LeadEvent]:
    """By (at, seq), equal events once; what has no order is refused, not guessed."""
    for event in taken:
        _fields.check_type(event, LeadEvent, "events")
        if event.lead != taken[0].lead:
            got = f"one of lead {event.lead!r}"
            raise InvalidValue(expected=f"events of lead {taken[0].lead!r}", got=got)
    ordered: list[LeadEvent] = []
    for event in sorted(taken, key=order):
        if ordered and order(event) == order(ordered[-1]):
            if event == ordered[-1]:
                continue
            raise ConflictError(
                expected="a seq of its own for each event of one instant",
                got=f"two different events at {event.at.isoformat()}, seq {event.seq}",
                where=f"lead {event.lead!r}",
            )
        ordered.append(event)
    return ordered
