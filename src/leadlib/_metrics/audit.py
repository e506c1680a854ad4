"""
The audit of hand-offs: how many met the definition, which did not, and who answers for those.

It works on history as well as on a new month: judge the leads that were handed off, and give their
verdicts.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._rates import Rate
from leadlib._results import Result
from leadlib.errors import DefinitionMismatch, InvalidValue, LimitExceeded
from leadlib.qualification import LeadDefinition, Outcome, Verdict

__all__ = ["BelowDefinition", "HandOffAudit", "Override", "audit_handoffs"]


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Override:
    """
    The decision to hand a lead off although the definition did not qualify it.

    Args:
        lead: The id of the lead.
        reason: Why; never empty.
        approver: Who answers for it; never empty.

    Example:
        >>> Override(lead="i-7", reason="met the owner at the fair", approver="sam")
        Override(lead='i-7')
    """

    lead: str = attrs.field(converter=_fields.identifier)
    reason: str = attrs.field(converter=_text.clean, repr=False)
    approver: str = attrs.field(converter=_fields.identifier, repr=False)


@attrs.frozen(kw_only=True)
class BelowDefinition:
    """
    A lead that was handed off without having met the definition.

    Args:
        lead: Its id.
        outcome: What the definition says of it; undecided means that nobody had asked enough.
        override: Who let it pass, and why; None if nobody answers for it.
    """

    lead: str
    outcome: Outcome
    override: Override | None = None


@attrs.frozen(kw_only=True)
class HandOffAudit(Result):
    """
    What was handed to sales, measured by one definition; made by :func:`audit_handoffs`.

    Args:
        definition: The title of the definition; None if nothing was handed off.
        handed_off: How many leads were.
        below: Those that did not meet the definition, by id.
        overrides: All overrides, by id of their lead; one of a lead that met the definition after
            all counts, too.
    """

    definition: str | None
    handed_off: int
    below: tuple[BelowDefinition, ...]
    overrides: tuple[Override, ...]

    @property
    def conforming(self) -> Rate:
        """Those that met the definition, of all handed off."""
        return Rate(self.handed_off - len(self.below), self.handed_off)

    @property
    def unqualified(self) -> Rate:
        """Those that did not, of all handed off; overridden or not, undecided or ruled out."""
        return Rate(len(self.below), self.handed_off)

    @property
    def overridden(self) -> Rate:
        """Those with an override, of all handed off."""
        return Rate(len(self.overrides), self.handed_off)

    def time_wasted(self, each: timedelta) -> timedelta:
        """
        The time that sales spent on leads below the definition.

        Args:
            each: What one of them takes, such as ``timedelta(minutes=30)``.

        Raises:
            InvalidValue: No length of time, or one below zero.
            LimitExceeded: More than a timedelta can hold.
        """
        _fields.check_type(each, timedelta, "each")
        if each < timedelta(0):
            raise InvalidValue(expected="a time from 0 on", got="one below", where="each")
        try:
            return len(self.below) * each
        except OverflowError:
            expected = f"at most {timedelta.max.days:,} days together"
            raise LimitExceeded(expected=expected, got="more", where="each") from None

    def to_dict(self) -> dict[str, Any]:
        """The rates, and the leads below the definition, as plain data."""
        return {
            "definition": self.definition,
            "handed_off": self.handed_off,
            "conforming": self.conforming.to_dict(),
            "unqualified": self.unqualified.to_dict(),
            "overridden": self.overridden.to_dict(),
            "below": [
                {
                    "lead": lead.lead,
                    "outcome": lead.outcome.value,
                    "overridden": lead.override is not None,
                }
                for lead in self.below
            ],
        }

    def __str__(self) -> str:
        if self.definition is None:
            return "no hand-offs"
        lines = [
            f"{_text.plural(self.handed_off, 'hand-off')} under {self.definition}",
            f"  met it      {self.conforming}",
            f"  did not     {self.unqualified}",
            f"  overridden  {self.overridden}",
            *(f"    {_described(lead)}" for lead in self.below[:_SHOWN]),
        ]
        more = len(self.below) - _SHOWN
        return "\n".join(lines + [f"    and {more:,} more"] * (more > 0))


_SHOWN = 20  # a page stays readable; all of them are in the audit


def _described(lead: BelowDefinition) -> str:
    return f"{lead.lead}: {lead.outcome}, {'override' if lead.override else 'no override'}"


def audit_handoffs(verdicts: Iterable[Verdict], overrides: Iterable[Override] = ()) -> HandOffAudit:
    """
    Audit the leads that were handed to sales.

    Args:
        verdicts: What one definition says of each lead that was handed off, once for each lead.
            Whatever is not qualified is below the definition: undecided leads, too, for nobody has
            shown that they are leads (seed 003).
        overrides: The decisions to hand a lead off all the same, at most one for each lead.

    Returns:
        The audit; the order of *verdicts* and *overrides* does not matter.

    Raises:
        DefinitionMismatch: Verdicts of two definitions; judge all leads by one.
        InvalidValue: A lead twice, or an override of a lead that was not handed off.

    Source:
        Seeds 001 (weak leads sent under pressure), 002 (leads that met what sales had asked for)
        and 003 (inquiries handed off without qualification).

    Example:
        >>> from datetime import UTC, datetime
        >>> from leadlib import Field, Inquiry, LeadDefinition, consolidate
        >>> monday = datetime(2026, 3, 2, tzinfo=UTC)
        >>> leads = consolidate(
        ...     Inquiry(id=f"i-{staff}", at=monday, source="web", mail=f"{staff}@example.com",
        ...             facts={"staff": staff}) for staff in (10, 60, 70, 80))
        >>> definition = LeadDefinition("sales-ready", Field("staff", int) >= 50)
        >>> print(audit_handoffs(definition.judge(lead) for lead in leads))
        4 hand-offs under sales-ready v1
          met it      75.0 % [30.1, 95.4]
          did not     25.0 % [4.6, 69.9]
          overridden  0.0 % [0.0, 49.0]
            i-10: not qualified, no override
    """
    definition, outcomes = _judged(verdicts)
    given = _given(overrides, outcomes)
    below = [
        BelowDefinition(lead=lead, outcome=outcome, override=given.get(lead))
        for lead, outcome in sorted(outcomes.items())
        if outcome is not Outcome.QUALIFIED
    ]
    return HandOffAudit(
        definition=None if definition is None else definition.title,
        handed_off=len(outcomes),
        below=tuple(below),
        overrides=tuple(override for _, override in sorted(given.items())),
    )


def _judged(verdicts: Iterable[Verdict]) -> tuple[LeadDefinition | None, dict[str, Outcome]]:
    outcomes: dict[str, Outcome] = {}
    definition: LeadDefinition | None = None
    _fields.check_several(verdicts, "verdicts, as definition.judge gives them", "verdicts")
    for verdict in verdicts:
        _fields.check_type(verdict, Verdict, "verdicts")
        if definition is None:
            definition = verdict.definition
        lead, where = verdict.lead.id, f"lead {verdict.lead.id!r}"
        _check_same(verdict.definition, definition, where)
        if lead in outcomes:
            raise InvalidValue(expected="each lead once", got="a second verdict", where=where)
        outcomes[lead] = verdict.outcome
    return definition, outcomes


def _check_same(definition: LeadDefinition, first: LeadDefinition, where: str) -> None:
    if definition.content_hash != first.content_hash:
        same_title = definition.title == first.title
        got = f"another content of {first.title}" if same_title else definition.title
        expected = f"a verdict under {first.title}, as for the first lead"
        raise DefinitionMismatch(expected=expected, got=got, where=where)


def _given(overrides: Iterable[Override], outcomes: Mapping[str, Outcome]) -> dict[str, Override]:
    given: dict[str, Override] = {}
    for override in overrides:
        _fields.check_type(override, Override, "overrides")
        where = f"lead {override.lead!r}"
        if override.lead not in outcomes:
            raise InvalidValue(expected="a lead that was handed off", got="another", where=where)
        if override.lead in given:
            raise InvalidValue(expected="each lead once", got="a second override", where=where)
        given[override.lead] = override
    return given
