"""What plans are made of, checked before anything is asked of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from leadlib import _fields
from leadlib._nurture.policy import ContactPolicy
from leadlib._nurture.strictest import Laws
from leadlib._nurture.touches import SentTouch
from leadlib.lifecycle import LeadEvent
from leadlib.model import ConsentRecord

__all__ = [
    "as_events",
    "as_records",
    "as_sent",
    "by_id",
    "events_until",
    "given_records",
    "laws_of",
    "own_events",
]


def as_events(history: Iterable[LeadEvent]) -> tuple[LeadEvent, ...]:
    """What has happened, to whichever leads."""
    return _fields.all_of(LeadEvent, history, "events", "history")


def events_until(history: Iterable[LeadEvent], at: datetime) -> tuple[LeadEvent, ...]:
    """What has happened by an instant: what is later is not known."""
    return tuple(event for event in as_events(history) if event.at <= at)


def own_events(history: Iterable[LeadEvent], lead: str) -> tuple[LeadEvent, ...]:
    """The events of one lead, in order."""
    own = (event for event in as_events(history) if event.lead == lead)
    return tuple(sorted(own, key=lambda event: (event.at, event.seq)))


def as_sent(sent: Iterable[SentTouch | str]) -> tuple[SentTouch | str, ...]:
    """What went out, with its instant or as the bare id."""
    return _fields.all_of(SentTouch | str, sent, "sent touches or their ids", "sent")


def by_id(sent: Iterable[SentTouch | str], lead: str) -> Mapping[str, SentTouch | None]:
    """What one lead got, by id; of a bare id it is not known when, but that it went out."""
    touches = as_sent(sent)
    bare: dict[str, SentTouch | None] = {id_: None for id_ in touches if isinstance(id_, str)}
    known = {each.id: each for each in touches if isinstance(each, SentTouch) and each.lead == lead}
    return bare | known


def as_records(
    consents: Iterable[ConsentRecord] | None,
) -> tuple[ConsentRecord, ...] | None:
    """What a person allowed and refused; None if nobody asks for it."""
    return None if consents is None else given_records(consents)


def given_records(consents: Iterable[ConsentRecord]) -> tuple[ConsentRecord, ...]:
    """What a person allowed and refused; nothing on record is an empty list."""
    return _fields.all_of(ConsentRecord, consents, "records of consent and opt-outs", "consents")


def laws_of(policy: ContactPolicy | None) -> Laws | None:
    """The laws that a policy has, if there is one."""
    if policy is None:
        return None
    _fields.check_type(policy, ContactPolicy, "policy")
    return policy.laws
