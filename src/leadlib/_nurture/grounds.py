"""
One law, one answer; several laws, the strictest: each of them needs a ground that is enough for it.

A ground that is enough for all, such as a proven express consent, is enough alone; elsewhere two
records together may do, such as a legitimate interest and a number that is on no register.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs
from dateutil.relativedelta import relativedelta

from leadlib import _instants
from leadlib._nurture.laws import ConsentRule, Law
from leadlib.model import (
    Basis,
    Consent,
    ConsentRecord,
    OptOut,
    Permission,
    PermissionReason,
    permission,
)

__all__ = ["Readings", "by_all", "later", "read_by"]

_WORST_FIRST = (
    PermissionReason.OPTED_OUT,
    PermissionReason.PENDING,
    PermissionReason.NOTHING_KNOWN,
    PermissionReason.NOT_ENOUGH,
    PermissionReason.INCOMPLETE,
    PermissionReason.EXPIRED,
)
Speaking = Sequence[tuple[Law, ConsentRule]]
_Read = Mapping[ConsentRecord, ConsentRecord]


@attrs.frozen
class Readings:
    """
    The records of one person as each law reads them, for any number of contacts by a channel.

    Args:
        speaking: The laws that speak of the channel.
        records: As they are.
        read: For each law the records that count for it, as it reads them, with what they are.
    """

    speaking: Speaking
    records: Sequence[ConsentRecord]
    read: Sequence[_Read]


def read_by(speaking: Speaking, records: Sequence[ConsentRecord]) -> Readings:
    """Read all records by all laws: it does not depend on when the contact is."""
    read = [
        {_read(law, each): each for each in records if _counts(law, rule, each)}
        for law, rule in speaking
    ]
    return Readings(speaking, records, read)


def by_all(readings: Readings, *, channel: str, at: datetime, topic: str | None) -> Permission:
    """The answer of all laws that speak of a contact."""
    speaking, records = readings.speaking, readings.records
    if not speaking:
        return permission(records, channel=channel, at=at, topic=topic)
    answers = [
        _by_one(rule, read, channel, at, topic)
        for (_, rule), read in zip(speaking, readings.read, strict=True)
    ]
    if all(answers):
        return min(answers, key=_end)
    anyhow = permission(records, channel=channel, at=at, topic=topic)
    if anyhow:
        answers = [*map(_short_of, answers)]
    worst = min((found for found in answers if not found), key=_rank)
    if worst.why is not PermissionReason.NOT_ENOUGH:
        return worst
    lacking = [pair for pair, found in zip(speaking, answers, strict=True) if not found]
    return attrs.evolve(worst, since=anyhow.since, detail=_in_words(lacking, anyhow.consent))


def _rank(found: Permission) -> int:
    return _WORST_FIRST.index(found.why)


def _end(found: Permission) -> tuple[datetime, bool]:
    """What ends first; of those that never do, what rests on a record."""
    return found.until or _instants.LATEST, found.consent is None


def _short_of(found: Permission) -> Permission:
    """There is a ground, but not for this law."""
    if found.why is PermissionReason.NOTHING_KNOWN:
        return Permission(why=PermissionReason.NOT_ENOUGH)
    return found


def _by_one(
    rule: ConsentRule, read: _Read, channel: str, at: datetime, topic: str | None
) -> Permission:
    found = permission(
        read, channel=channel, at=at, topic=topic, needs_consent=rule.enough is not None
    )
    original = None if found.consent is None else read[found.consent]
    return attrs.evolve(found, consent=original) if isinstance(original, Consent) else found


def _counts(law: Law, rule: ConsentRule, record: ConsentRecord) -> bool:
    """Whether a law lets a record count; an opt-in that waits permits nothing anyhow."""
    if not isinstance(record, Consent) or record.is_pending or rule.enough is None:
        return True
    return record.basis in rule.enough and not _lacks_proof(law, record)


def _lacks_proof(law: Law, record: Consent) -> bool:
    return law.needs_proof and record.basis is Basis.EXPRESS and not record.is_proven


def _read(law: Law, record: ConsentRecord) -> ConsentRecord:
    """The record as a law reads it: grounds end earlier, opt-outs reach further."""
    if isinstance(record, OptOut):
        every = record.topic is not None and _ends_all(law, record)
        return attrs.evolve(record, topic=None) if every else record
    lasts = law.lasts.get(record.basis)
    if lasts is None:
        return record
    end = later(law, record.at, lasts)
    return attrs.evolve(record, expires=end if record.ends is None else min(end, record.ends))


def _ends_all(law: Law, record: OptOut) -> bool:
    day = law.all_topics_from
    return day is not None and record.at.astimezone(_instants.zone_named(law.zone)).date() >= day


def later(law: Law, at: datetime, delay: relativedelta) -> datetime:
    """So much later by the calendar of the law: its days begin at its own midnight."""
    zone = _instants.zone_named(law.zone)
    return _instants.placed(at.astimezone(zone).replace(tzinfo=None) + delay, zone)


def _in_words(lacking: Speaking, record: Consent | None) -> str:
    """Which laws ask for more, and what would be enough for all of them."""
    unproven = [law.name for law, _ in lacking if record and _lacks_proof(law, record)]
    others = [(law, rule) for law, rule in lacking if law.name not in unproven]
    parts = [f"{', '.join(unproven)}: no proof of the consent"] if unproven else []
    if others:
        enough = frozenset(Basis).intersection(*(rule.enough or () for _, rule in others))
        wanted = ", ".join(basis for basis in Basis if basis in enough) or "one ground for each"
        parts.append(f"{', '.join(law.name for law, _ in others)}: enough is {wanted}")
    return "; ".join(parts)
