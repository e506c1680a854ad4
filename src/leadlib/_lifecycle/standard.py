"""
The standard lifecycle: from inquiry to customer, with a way back from every stage of sales.

Stages, owners and clocks after the waterfall of the seeds; numbers that no seed gives are defaults
of ours and only that (docs/reference/standard-lifecycle.md is made from this table).
"""

from leadlib._lifecycle.events import (
    Accepted,
    Attempted,
    Deferred,
    Disqualified,
    HandedBack,
    HandedOff,
    Inquired,
    Lost,
    OpportunityOpened,
    Qualified,
    Quoted,
    Rejected,
    Reopened,
    SalesQualified,
    Triaged,
    Won,
)
from leadlib._lifecycle.table import Deadline, Lifecycle, Stage
from leadlib.model import Team
from leadlib.worktime import days, hours, working_days, working_hours

__all__ = [
    "ACCEPTED",
    "CUSTOMER",
    "DISQUALIFIED",
    "HANDED_BACK",
    "HANDED_OFF",
    "INQUIRY",
    "LOST",
    "NURTURE",
    "OPPORTUNITY",
    "QUALIFIED",
    "QUALIFYING",
    "QUOTED",
    "SALES_QUALIFIED",
    "STANDARD",
    "WATERFALL",
    "WORKING",
]

MARKETING, SALES, BOTH = Team.MARKETING, Team.SALES, Team.BOTH

INQUIRY = Stage("inquiry", MARKETING, "a captured response, not a lead")
QUALIFYING = Stage("qualifying", MARKETING, "being asked what the definition asks")
QUALIFIED = Stage("qualified", MARKETING, "certified sales-ready")
NURTURE = Stage("nurture", MARKETING, "not ready yet, in a drip")
HANDED_OFF = Stage("handed_off", BOTH, "offered to sales with a brief")
ACCEPTED = Stage("accepted", SALES, "a rep took it")
WORKING = Stage("working", SALES, "at least one attempt was made")
SALES_QUALIFIED = Stage("sales_qualified", SALES, "confirmed in a conversation")
OPPORTUNITY = Stage("opportunity", SALES, "a deal with an amount")
QUOTED = Stage("quoted", SALES, "a priced offer is out")
CUSTOMER = Stage("customer", BOTH, "won", closed=True)
LOST = Stage("lost", SALES, "the deal was lost, with a reason", closed=True)
HANDED_BACK = Stage("handed_back", MARKETING, "returned by sales with a reason")
DISQUALIFIED = Stage("disqualified", BOTH, "ruled out with a reason", closed=True)

WATERFALL = (
    INQUIRY,
    QUALIFIED,
    HANDED_OFF,
    ACCEPTED,
    WORKING,  # an attempt implies acceptance: who works a lead has taken it
    SALES_QUALIFIED,
    OPPORTUNITY,
    QUOTED,
    CUSTOMER,
)

STANDARD = Lifecycle(
    "standard",
    start=INQUIRY,
    opening=Inquired,
    table={
        INQUIRY: {
            Inquired: INQUIRY,
            Triaged: QUALIFYING,
            Deferred: NURTURE,
            Disqualified: DISQUALIFIED,
        },
        QUALIFYING: {
            Inquired: QUALIFYING,
            Qualified: QUALIFIED,
            Deferred: NURTURE,
            Disqualified: DISQUALIFIED,
        },
        QUALIFIED: {
            Inquired: QUALIFIED,
            HandedOff: HANDED_OFF,
            Deferred: NURTURE,
            Disqualified: DISQUALIFIED,
        },
        NURTURE: {Inquired: NURTURE, Triaged: QUALIFYING, Disqualified: DISQUALIFIED},
        HANDED_OFF: {
            Inquired: HANDED_OFF,
            Accepted: ACCEPTED,
            Attempted: WORKING,
            Rejected: HANDED_BACK,
            HandedBack: HANDED_BACK,
            Disqualified: DISQUALIFIED,
        },
        ACCEPTED: {
            Inquired: ACCEPTED,
            Attempted: WORKING,
            HandedBack: HANDED_BACK,
            Disqualified: DISQUALIFIED,
        },
        WORKING: {
            Inquired: WORKING,
            Attempted: WORKING,
            SalesQualified: SALES_QUALIFIED,
            HandedBack: HANDED_BACK,
            Disqualified: DISQUALIFIED,
        },
        SALES_QUALIFIED: {
            Inquired: SALES_QUALIFIED,
            Attempted: SALES_QUALIFIED,
            OpportunityOpened: OPPORTUNITY,
            HandedBack: HANDED_BACK,
            Disqualified: DISQUALIFIED,
        },
        OPPORTUNITY: {
            Inquired: OPPORTUNITY,
            Attempted: OPPORTUNITY,
            Quoted: QUOTED,
            Won: CUSTOMER,
            Lost: LOST,
            HandedBack: HANDED_BACK,
            Disqualified: DISQUALIFIED,
        },
        QUOTED: {
            Inquired: QUOTED,
            Attempted: QUOTED,
            Quoted: QUOTED,
            Won: CUSTOMER,
            Lost: LOST,
            HandedBack: HANDED_BACK,
            Disqualified: DISQUALIFIED,
        },
        CUSTOMER: {Inquired: CUSTOMER},
        LOST: {Inquired: LOST, Deferred: NURTURE, HandedBack: HANDED_BACK},
        HANDED_BACK: {
            Inquired: HANDED_BACK,
            Triaged: QUALIFYING,
            Deferred: NURTURE,
            Disqualified: DISQUALIFIED,
        },
        DISQUALIFIED: {Inquired: DISQUALIFIED, Reopened: QUALIFYING},
    },
    deadlines=(
        Deadline(stage=INQUIRY, within=working_days(1), owner=MARKETING, action="triage"),
        Deadline(
            stage=QUALIFYING, within=working_days(10), owner=MARKETING, action="qualify or nurture"
        ),
        Deadline(stage=QUALIFIED, within=working_hours(4), owner=MARKETING, action="hand off"),
        Deadline(stage=NURTURE, within=days(90), owner=MARKETING, action="review"),
        Deadline(stage=HANDED_OFF, within=working_hours(8), owner=SALES, action="accept or reject"),
        # Seed 001: followed up within 24 hours of the hand-off; accepting does not stop this clock.
        Deadline(
            stage=HANDED_OFF,
            within=hours(24),
            owner=SALES,
            action="first attempt",
            first=(Attempted,),
        ),
        Deadline(
            stage=ACCEPTED, within=working_days(2), owner=SALES, action="first attempt or hand back"
        ),
        Deadline(
            stage=WORKING,
            within=days(14),
            owner=SALES,
            action="next attempt or hand back",
            again=(Attempted,),
        ),
        Deadline(
            stage=SALES_QUALIFIED, within=working_days(5), owner=SALES, action="open an opportunity"
        ),
        Deadline(
            stage=OPPORTUNITY,
            within=days(30),
            owner=SALES,
            action="quote, win, lose or hand back",
            again=(Attempted,),
        ),
        Deadline(
            stage=QUOTED,
            within=working_days(5),
            owner=SALES,
            action="follow up the quote",
            again=(Attempted, Quoted),
        ),
        Deadline(stage=HANDED_BACK, within=working_days(2), owner=MARKETING, action="acknowledge"),
    ),
)
