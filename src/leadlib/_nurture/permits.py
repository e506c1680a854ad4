"""Permits: may this person be contacted by this step, at this instant, and if not, why?"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import attrs

from leadlib._nurture.given import as_records
from leadlib._nurture.grounds import Readings, by_all
from leadlib._nurture.laws import Subscriber, as_subscriber
from leadlib._nurture.responses import opt_outs
from leadlib._nurture.steps import Step
from leadlib._nurture.strictest import Laws, bounded, readings_of
from leadlib._nurture.touches import TouchReason, TouchState, is_marketing
from leadlib.lifecycle import LeadEvent
from leadlib.model import (
    ConsentRecord,
    OptOut,
    Permission,
    PermissionReason,
    permission,
)

__all__ = ["Permit", "Refusal", "permit_of"]

_LISTED = "suppression list"


@attrs.frozen
class Refusal:
    """
    Why somebody may not be contacted.

    Args:
        state: Held while a ground is missing; cancelled by a no.
        reason, why: As of a touch.
    """

    state: TouchState
    reason: TouchReason
    why: str


Permit = Callable[[Step, datetime], Refusal | None]


def permit_of(
    laws: Laws | None,
    consents: Iterable[ConsentRecord] | None,
    events: Iterable[LeadEvent],
    subscriber: Subscriber | str,
) -> Permit | None:
    """
    What to ask at each touch; None where neither laws nor records are given.

    Opt-outs of the log are records like others: the person's own later opt-in clears them.
    """
    if laws is None and consents is None:
        return None
    who = as_subscriber(subscriber)
    records = bounded((*(as_records(consents) or ()), *opt_outs(events)))
    known: dict[str, Readings] = {}  # a thousand records are read once, not for each touch

    def permit(step: Step, at: datetime) -> Refusal | None:
        channel, purpose, topic = step.channel, step.purpose, step.topic
        if laws is None or not is_marketing(step):
            found = permission(records, channel=channel, at=at, purpose=purpose, topic=topic)
        else:
            if channel not in known:
                known[channel] = readings_of(laws, records, channel, who)
            found = by_all(known[channel], channel=channel, at=at, topic=topic)
        return _refusal(found, records)

    return permit


def _refusal(found: Permission, records: Sequence[ConsentRecord]) -> Refusal | None:
    if found.is_allowed:
        return None
    if found.why is not PermissionReason.OPTED_OUT:
        return Refusal(TouchState.HELD, TouchReason.CONSENT, str(found))
    is_listed = any(
        isinstance(record, OptOut) and record.how == _LISTED and record.at == found.since
        for record in records
    )
    reason = TouchReason.SUPPRESSED if is_listed else TouchReason.OPT_OUT
    return Refusal(TouchState.CANCELLED, reason, str(found))
