"""What plans are made of, checked before anything is asked of it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import attrs

from leadlib import _fields
from leadlib._nurture.laws import Subscriber
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.strictest import Laws
from leadlib._nurture.touches import SentTouch
from leadlib.lifecycle import (
    Attempted,
    Deferred,
    Erased,
    LeadEvent,
    Merged,
    OptedOut,
    Parked,
)
from leadlib.model import ConsentRecord

__all__ = [
    "Given",
    "as_events",
    "as_records",
    "as_sent",
    "by_id",
    "events_until",
    "given_records",
    "ids_of",
    "laws_of",
    "own_events",
    "survivors_of",
]


def as_events(history: Iterable[LeadEvent]) -> tuple[LeadEvent, ...]:
    """What has happened, to whichever leads."""
    return _fields.all_of(LeadEvent, history, "events", "history")


def events_until(history: Iterable[LeadEvent], at: datetime) -> tuple[LeadEvent, ...]:
    """What has happened by an instant: what is later is not known."""
    return tuple(event for event in as_events(history) if event.at <= at)


# Not of the process that its lead went through.
_OF_THE_PERSON = (Attempted, Deferred, Parked, OptedOut, Erased)


def own_events(
    events: Iterable[LeadEvent], lead: str, ids: Collection[str]
) -> tuple[LeadEvent, ...]:
    """
    The events of one lead in order, with what the person said and got under other *ids*.
    """
    own = (
        event
        for event in events
        if event.lead == lead or (event.lead in ids and isinstance(event, _OF_THE_PERSON))
    )
    return tuple(sorted(own, key=lambda event: (event.at, event.seq)))


def ids_of(events: Iterable[LeadEvent], lead: str) -> frozenset[str]:
    """The lead, and those that were merged into it, through any number of merges."""
    merges: dict[str, list[str]] = {}
    for event in events:
        if isinstance(event, Merged):
            merges.setdefault(event.into, []).append(event.lead)
    found, left = {lead}, [lead]
    while left:
        more = set(merges.get(left.pop(), ())) - found
        found |= more
        left += more
    return frozenset(found)


def survivors_of(events: Iterable[LeadEvent]) -> Mapping[str, str]:
    """For each lead that was merged the one that goes on, through any number of merges."""
    into = {event.lead: event.into for event in events if isinstance(event, Merged)}
    found: dict[str, str] = {}
    for lead in into:
        way: dict[str, None] = {}  # in a circle, which is no merge, the last one goes on
        last = lead
        while last in into and last not in way and last not in found:
            way[last] = None
            last = into[last]
        end = found.get(last, last)
        found |= dict.fromkeys(way, end)
    return found


def as_sent(sent: Iterable[SentTouch | str]) -> tuple[SentTouch | str, ...]:
    """What went out, with its instant or as the bare id."""
    return _fields.all_of(SentTouch | str, sent, "sent touches or their ids", "sent")


def by_id(
    touches: Iterable[SentTouch | str], leads: Collection[str]
) -> Mapping[str, SentTouch | None]:
    """
    What one person got, by id and under any of its leads; of a bare id it is not known when, but
    that it went out.
    """
    bare: dict[str, SentTouch | None] = {}
    known: dict[str, SentTouch | None] = {}
    for each in touches:
        if isinstance(each, str):
            bare[each] = None
        elif each.lead in leads:
            known[each.id] = each
    return bare | known


def as_records(
    consents: Iterable[ConsentRecord] | None,
) -> tuple[ConsentRecord, ...] | None:
    """What a person allowed and refused; None if nobody asks for it."""
    return None if consents is None else given_records(consents)


def given_records(consents: Iterable[ConsentRecord]) -> tuple[ConsentRecord, ...]:
    """What a person allowed and refused; nothing on record is an empty list."""
    return _fields.all_of(ConsentRecord, consents, "records of consent and opt-outs", "consents")


@attrs.frozen
class Given:
    """What is known of people, checked."""

    history: tuple[LeadEvent, ...]
    sent: tuple[SentTouch | str, ...]
    consents: tuple[ConsentRecord, ...] | None
    subscriber: Subscriber | str

    @classmethod
    def of(
        cls,
        history: Iterable[LeadEvent],
        sent: Iterable[SentTouch | str],
        consents: Iterable[ConsentRecord] | None,
        subscriber: Subscriber | str,
    ) -> "Given":
        return cls(as_events(history), as_sent(sent), as_records(consents), subscriber)


def laws_of(policy: ContactPolicy | None) -> Laws | None:
    """The laws that a policy has, if there is one."""
    if policy is None:
        return None
    _fields.check_type(policy, ContactPolicy, "policy")
    return policy.laws
