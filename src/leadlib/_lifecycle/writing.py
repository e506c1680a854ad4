"""A lifecycle as plain data, on the way out: what JSON and TOML can hold, and nothing lost."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from leadlib._lifecycle.deadlines import Deadline
from leadlib._lifecycle.events import Escalated, LeadEvent
from leadlib._lifecycle.standing import Stage
from leadlib.errors import ConflictError

if TYPE_CHECKING:
    from leadlib._lifecycle.table import Lifecycle

__all__ = ["STAYS", "content_hash", "kinds_of", "lifecycle_to_data", "step_to_data"]

STAYS = "stays"


def lifecycle_to_data(lifecycle: "Lifecycle") -> dict[str, Any]:
    """The whole lifecycle; parts that are not there have no key."""
    kinds_of(lifecycle)
    stays = "" if any(stage.name == STAYS for stage in lifecycle.table) else STAYS
    parts: dict[str, Any] = {
        "name": lifecycle.name,
        "start": lifecycle.start.name,
        "opening": lifecycle.opening.__name__,
        "passes": lifecycle.passes,
        "review_by": lifecycle.review_by.isoformat() if lifecycle.review_by else None,
        "stages": {stage.name: _stage(lifecycle, stage) for stage in lifecycle.table},
        "anywhere": _anywhere(lifecycle, stays),
        "actors": {
            event.__name__: [team.value for team in teams]
            for event, teams in lifecycle.actors.items()
        },
        "deadlines": [_deadline(deadline) for deadline in lifecycle.deadlines],
    }
    return {key: part for key, part in parts.items() if part}


def _anywhere(lifecycle: "Lifecycle", stays: str = "") -> dict[str, str]:
    events = lifecycle.anywhere.items()
    return {event.__name__: to.name if to else stays for event, to in events}


def _stage(lifecycle: "Lifecycle", stage: Stage) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "owner": stage.owner.value if stage.owner else None,
        "meaning": stage.meaning,
        "closed": stage.closed,
        "nurture": stage.nurture,
        "moves": {event.__name__: to.name for event, to in lifecycle.table[stage].items()},
    }
    return {key: part for key, part in parts.items() if part}


def _deadline(deadline: Deadline) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "stage": deadline.stage.name,
        "within": str(deadline.within) if deadline.within else None,
        "owner": deadline.owner.value,
        "action": deadline.action,
        "first": _names(deadline.first),
        "again": _names(deadline.again),
        "starts": _names(deadline.starts),
        "since": deadline.since,
        "attempts": deadline.attempts,
        "otherwise": None if deadline.otherwise is Escalated else deadline.otherwise.__name__,
        "reason": deadline.reason,
        "to_closing": deadline.to_closing,
    }
    return {key: part for key, part in parts.items() if part}


def _names(kinds: tuple[type[LeadEvent], ...]) -> list[str]:
    return [kind.__name__ for kind in kinds]


def step_to_data(lifecycle: "Lifecycle", stage: Stage) -> dict[str, Any]:
    """What somebody has to know who works on this stage: itself, its moves, and its clocks."""
    known = lifecycle.legal(stage)
    return {
        "name": stage.name,
        **_stage(lifecycle, stage),
        "anywhere": {} if stage.is_final else _anywhere(lifecycle),
        "actors": {e.__name__: [*lifecycle.actors[e]] for e in known if e in lifecycle.actors},
        "deadlines": [_deadline(d) for d in lifecycle.deadlines if d.stage == stage],
    }


def kinds_of(lifecycle: "Lifecycle") -> dict[str, type[LeadEvent]]:
    """
    The events that a lifecycle knows, by name.

    Raises:
        ConflictError: Two of them share a name, so that a paper could not tell them apart.
    """
    kinds: dict[str, type[LeadEvent]] = {}
    for kind in _kinds(lifecycle):
        if kinds.setdefault(kind.__name__, kind) is not kind:
            expected, got = "one event for each name", f"two of {kind.__name__!r}"
            raise ConflictError(expected=expected, got=got, where=lifecycle.name)
    return kinds


def _kinds(lifecycle: "Lifecycle") -> Iterator[type[LeadEvent]]:
    yield lifecycle.opening
    for row in lifecycle.table.values():
        yield from row
    yield from lifecycle.anywhere
    yield from lifecycle.actors
    for clock in lifecycle.deadlines:
        yield from (*clock.first, *clock.again, *clock.starts, clock.otherwise)


def content_hash(plain: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of plain data."""
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
