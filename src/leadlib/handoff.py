"""
Hand-off: what sales gets with a lead, before the follow-up call (seed 000).

A :class:`Brief` gathers the interests, what the definition knows and does not know, and the
guidance of the campaign; it names what is missing, and a lead cannot be handed off with an
incomplete one.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib.errors import BriefIncomplete, ConflictError
from leadlib.lifecycle import HandedOff
from leadlib.model import Certificate, Lead
from leadlib.qualification import Answer, Verdict

__all__ = ["Brief"]


def _as_counts(interests: Mapping[str, int]) -> Mapping[str, int]:
    return _fields.FrozenDict(interests)


@attrs.frozen(kw_only=True, repr=False)
class Brief:
    """
    One page for the rep: why this lead, what it cares about, what to ask first.

    Args:
        lead: The id of the lead.
        interests: Topics with their count, most asked first.
        held: What the definition asks and the lead fulfils, with who said it.
        unknown: What nobody has asked yet; shown, not hidden.
        guidance: How marketing suggests to follow up.
        earlier_passes: How often the lead was handed over before.

    Example:
        >>> Brief(lead="i-1", interests={"CIP": 1}, held=(), unknown=(), guidance="").missing
        ('guidance',)
    """

    lead: str
    interests: Mapping[str, int] = attrs.field(converter=_as_counts, hash=False)
    held: tuple[str, ...]
    unknown: tuple[str, ...]
    guidance: str
    earlier_passes: int = 0

    @classmethod
    def of(
        cls, lead: Lead, verdict: Verdict, *, guidance: str = "", earlier_passes: int = 0
    ) -> "Brief":
        """
        Write the brief of a judged lead.

        Raises:
            ConflictError: The verdict is of another lead.
        """
        if verdict.lead.id != lead.id:
            got = f"one of lead {verdict.lead.id!r}"
            raise ConflictError(expected=f"a verdict of lead {lead.id!r}", got=got)
        topics = Counter(topic for inquiry in lead.inquiries for topic in inquiry.interests)
        facts = verdict.facts
        held = tuple(
            f"{condition} ({facts[condition.field.key]})"
            if condition.field.key in facts
            else str(condition)
            for condition, given in verdict.answers.items()
            if given is Answer.YES
        )
        return cls(
            lead=lead.id,
            interests=dict(sorted(topics.items(), key=lambda topic: (-topic[1], topic[0]))),
            held=held,
            unknown=verdict.unknown,
            guidance=guidance,
            earlier_passes=earlier_passes,
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """The parts a rep cannot do without and does not have."""
        parts = {"interests": self.interests, "guidance": self.guidance.strip()}
        return tuple(name for name, part in parts.items() if not part)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the content, so that the log says which brief went out."""
        text = json.dumps(attrs.asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def hand_off(
        self,
        *,
        certificate: Certificate,
        to: str,
        at: datetime,
        seq: int = 0,
        by: str | None = None,
    ) -> HandedOff:
        """
        Give the event that offers the lead to sales.

        Args:
            certificate: The proof that the lead passed; it must hold at that instant.
            to: The rep or queue.
            at, seq, by: When, in which order, by whom.

        Raises:
            BriefIncomplete: A part is missing; the error names it.
            NotCertifiable: The certificate is of another lead or has expired.
        """
        if self.missing:
            raise BriefIncomplete(self.missing, lead=self.lead)
        return HandedOff(
            lead=self.lead,
            at=at,
            seq=seq,
            by=by,
            to=to,
            certificate=certificate,
            brief=self.fingerprint,
        )

    def __repr__(self) -> str:
        lacks = f", lacks {' and '.join(self.missing)}" if self.missing else ""
        return (
            f"<Brief of lead {self.lead}: {_text.plural(len(self.interests), 'interest')}{lacks}>"
        )

    def __str__(self) -> str:
        return "\n".join(f"{head}: {text or '-'}" for head, text in self.to_dict().items())

    def to_dict(self) -> dict[str, Any]:
        """The page as headings and text."""
        return {
            "lead": self.lead,
            "interests": ", ".join(f"{topic} ×{count}" for topic, count in self.interests.items()),
            "fulfils": "; ".join(self.held),
            "ask first": ", ".join(self.unknown),
            "guidance": self.guidance,
            "earlier passes": str(self.earlier_passes),
        }
