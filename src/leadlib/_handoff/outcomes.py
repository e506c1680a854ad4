"""What follows from a verdict if nobody decides otherwise: no lead is left without a next stage."""

from datetime import datetime

from leadlib import _fields
from leadlib.errors import InvalidValue, NotCertifiable
from leadlib.lifecycle import Deferred, Disqualified, DisqualifyReason, Qualified
from leadlib.model import Certificate
from leadlib.qualification import Outcome, Verdict

__all__ = ["event_after"]


def event_after(
    verdict: Verdict,
    *,
    at: datetime,
    certificate: Certificate | None = None,
    reason: DisqualifyReason | str | None = None,
    seq: int = 0,
    by: str | None = None,
) -> Qualified | Disqualified | Deferred:
    """
    Give the event that follows from a verdict: on to sales, out, or into nurture.

    The rest goes into nurture (003-34): who does not fulfil the definition yet, and who has not
    been asked enough, for a lead that nobody answers for is a lead lost.

    Args:
        verdict: What the definition says.
        at, seq, by: When, in which order, by whom.
        certificate: The proof that a qualified lead needs: see ``Verdict.certify``.
        reason: Why a disqualified lead is ruled out; which veto means what is yours to say.

    Raises:
        NotCertifiable: A qualified lead without a certificate, or with one of another lead.
        InvalidValue: A disqualified lead without a reason.

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import Field, Inquiry, Lead, LeadDefinition
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> form = Inquiry(id="i-1", at=monday, source="web", mail="ada@example.com")
        >>> verdict = LeadDefinition("d", Field("staff", int) >= 50).judge(
        ...     Lead(id="i-1", inquiries=[form]))
        >>> print(verdict.outcome, "->", type(event_after(verdict, at=monday)).__name__)
        undecided -> Deferred
    """
    _fields.check_type(verdict, Verdict, "verdict")
    lead, where = verdict.lead.id, f"lead {verdict.lead.id!r}"
    if verdict.outcome is Outcome.QUALIFIED:
        if certificate is None:
            expected = "the certificate of a qualified lead"
            raise NotCertifiable(expected=expected, got="none", where=where)
        return Qualified(lead=lead, at=at, seq=seq, by=by, certificate=certificate)
    if verdict.outcome is Outcome.DISQUALIFIED:
        return Disqualified(lead=lead, at=at, seq=seq, by=by, reason=_given(reason, where))
    return Deferred(lead=lead, at=at, seq=seq, by=by)


def _given(reason: DisqualifyReason | str | None, where: str) -> DisqualifyReason:
    legal = [known.value for known in DisqualifyReason]
    if reason not in legal:
        got = "none" if reason is None else "another"
        expected = "the reason of a disqualified lead"
        raise InvalidValue(expected=expected, got=got, where=where, legal=legal)
    return DisqualifyReason(reason)
