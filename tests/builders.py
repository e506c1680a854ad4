"""Small values for tests, so that a test shows only what matters."""

from datetime import UTC, datetime, timedelta

from leadlib.lifecycle import (
    Accepted,
    Attempted,
    Deferred,
    HandedBack,
    HandedOff,
    Inquired,
    Overridden,
    Qualified,
    ReturnReason,
    Triaged,
    with_override,
)
from leadlib.model import Certificate, Inquiry, Lead, Team
from leadlib.qualification import Field, LeadDefinition

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

NEED = Field("need", str)
STAFF = Field("staff", int, unit="people")
BUDGET = Field("budget", int, unit="EUR")
COMPETITOR = Field("competitor", bool)


def an_inquiry(id="i-1", at=MONDAY, **said):
    return Inquiry(**{"id": id, "at": at, "source": "web form", "mail": "ada@example.com"} | said)


def a_lead(**facts):
    return Lead(id="i-1", inquiries=[an_inquiry(facts=facts)])


def a_definition(**changes):
    qualify = NEED.is_one_of("churn", "growth") & ((BUDGET >= 10_000) | (STAFF >= 50))
    parts = {"qualify": qualify, "disqualify": COMPETITOR.is_true()} | changes
    return LeadDefinition("sales-ready", **parts)


def signed(definition):
    both = definition.sign(team=Team.MARKETING, by="ana", at=MONDAY)
    return both.sign(team=Team.SALES, by="sam", at=MONDAY)


def a_certificate(lead="L", at=MONDAY, days=30):
    return Certificate(
        lead=lead,
        definition="sales-ready v1",
        content_hash="0" * 64,
        by="ana",
        at=at,
        expires=at + days * DAY,
    )


def a_history(lead="L", start=MONDAY):
    """A lead that was handed off, worked, handed back and nurtured: one event a day."""
    proof = a_certificate(lead, at=start)
    made = [
        lambda at: Inquired(lead=lead, at=at),
        lambda at: Triaged(lead=lead, at=at),
        lambda at: Qualified(lead=lead, at=at, certificate=proof),
        lambda at: HandedOff(lead=lead, at=at, certificate=proof, to="sam", brief="b-1"),
        lambda at: Accepted(lead=lead, at=at, by="sam"),
        lambda at: Attempted(lead=lead, at=at),
        lambda at: HandedBack(lead=lead, at=at, reason=ReturnReason.TIMING),
        lambda at: Deferred(lead=lead, at=at),
    ]
    return [make(start + number * DAY) for number, make in enumerate(made)]


def an_offer(lead="L", at=MONDAY, to="sam"):
    """A lead that was inquired, triaged, qualified and, at that instant, handed off."""
    proof = a_certificate(lead, at=at - HOUR)
    return [
        Inquired(lead=lead, at=at - 3 * HOUR),
        Triaged(lead=lead, at=at - 2 * HOUR),
        Qualified(lead=lead, at=at - HOUR, certificate=proof),
        HandedOff(lead=lead, at=at, certificate=proof, to=to, brief="b-1"),
    ]


def an_override(lead="L", at=MONDAY):
    """A mere inquiry that was handed off all the same."""
    return [
        Inquired(lead=lead, at=at - HOUR),
        Overridden(lead=lead, at=at, reason="met", approver="ana", to="sam", brief="b-1"),
    ]


def leads(*groups, offer=an_offer, at=MONDAY, prefix="L"):
    """
    Give standings: so many leads that were offered, with what came after, group after group.

    A group is a number and the steps that followed: the kind of event, its day after the offer, and
    its other parts.
    """
    steps = [happened for count, *happened in groups for _ in range(count)]
    return [
        OVERRIDDEN.replay([*offer(f"{prefix}{n:03}", at), *_after(f"{prefix}{n:03}", at, happened)])
        for n, happened in enumerate(steps)
    ]


def _after(lead, at, happened):
    for kind, day, *more in happened:
        yield kind(lead=lead, at=at + day * DAY, **dict(*more))


OVERRIDDEN = with_override()
