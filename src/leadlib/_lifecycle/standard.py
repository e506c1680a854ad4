"""
The standard lifecycle, from inquiry to customer, with a way back from every stage of sales, and a
simple one.

Stages, owners and clocks after the waterfall of the seeds; numbers that no seed gives are defaults
of ours and only that (docs/reference/standard-lifecycle.md is made from this table).
"""

import attrs

from leadlib._lifecycle.deadlines import Deadline
from leadlib._lifecycle.events import (
    Accepted,
    Attempted,
    Banded,
    CallbackScheduled,
    Churned,
    Deferred,
    Disqualified,
    Erased,
    Escalated,
    Expired,
    HandedBack,
    HandedOff,
    Inquired,
    LeadEvent,
    Lost,
    Merged,
    OpportunityOpened,
    OptedOut,
    Overridden,
    Parked,
    PassedOn,
    Qualified,
    Quoted,
    Reassigned,
    Rejected,
    Reopened,
    Reviewed,
    SalesQualified,
    Triaged,
    Won,
)
from leadlib._lifecycle.reasons import ReturnReason
from leadlib._lifecycle.standing import Stage
from leadlib._lifecycle.table import Lifecycle
from leadlib.model import Team
from leadlib.worktime import days, hours, working_days, working_hours

__all__ = [
    "ACCEPTED",
    "CALLBACK",
    "CHURNED",
    "CUSTOMER",
    "DISQUALIFIED",
    "ERASED",
    "HANDED_BACK",
    "HANDED_OFF",
    "INQUIRY",
    "KEEP_INFORMED",
    "LOST",
    "MERGED",
    "NURTURE",
    "OPPORTUNITY",
    "QUALIFIED",
    "QUALIFYING",
    "QUOTED",
    "SALES_QUALIFIED",
    "SIMPLE",
    "STANDARD",
    "WATCH",
    "WATERFALL",
    "WORKING",
    "with_override",
]

MARKETING, SALES, BOTH = Team.MARKETING, Team.SALES, Team.BOTH

INQUIRY = Stage("inquiry", MARKETING, "a captured response, not a lead")
QUALIFYING = Stage("qualifying", MARKETING, "being asked what the definition asks")
QUALIFIED = Stage("qualified", MARKETING, "certified sales-ready")
WATCH = Stage("watch", MARKETING, "in the band next to the best, not fully baked")
NURTURE = Stage("nurture", MARKETING, "not ready yet, in a drip", nurture=True)
KEEP_INFORMED = Stage("keep_informed", MARKETING, "not ready for long, told seldom", nurture=True)
HANDED_OFF = Stage("handed_off", BOTH, "offered to sales with a brief")
ACCEPTED = Stage("accepted", SALES, "a rep took it")
WORKING = Stage("working", SALES, "at least one attempt was made")
CALLBACK = Stage("callback", SALES, "the prospect asked to be called at a date")
SALES_QUALIFIED = Stage("sales_qualified", SALES, "confirmed in a conversation")
OPPORTUNITY = Stage("opportunity", SALES, "a deal with an amount")
QUOTED = Stage("quoted", SALES, "a priced offer is out")
CUSTOMER = Stage("customer", BOTH, "won", closed=True)
LOST = Stage("lost", SALES, "the deal was lost, with a reason", closed=True)
HANDED_BACK = Stage("handed_back", MARKETING, "returned by sales with a reason")
DISQUALIFIED = Stage("disqualified", BOTH, "ruled out with a reason", closed=True)
CHURNED = Stage("churned", BOTH, "the customer ended it", closed=True)
MERGED = Stage("merged", None, "found to be another lead, which goes on", closed=True)
ERASED = Stage("erased", None, "forgotten on request; only what counts stays", closed=True)

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

_Row = dict[type[LeadEvent], Stage]
_OUT: _Row = {Disqualified: DISQUALIFIED}
_LATER: _Row = {Deferred: NURTURE, Parked: KEEP_INFORMED, **_OUT}
_BACK: _Row = {HandedBack: HANDED_BACK, **_OUT}
_NOTES = (Inquired, Reassigned, Escalated, OptedOut, Reviewed)

STANDARD = Lifecycle(
    "standard",
    start=INQUIRY,
    opening=Inquired,
    table={
        INQUIRY: {Triaged: QUALIFYING, Banded: WATCH, **_LATER},
        QUALIFYING: {Qualified: QUALIFIED, Attempted: QUALIFYING, Banded: WATCH, **_LATER},
        QUALIFIED: {HandedOff: HANDED_OFF, Expired: NURTURE, **_LATER},
        WATCH: {Triaged: QUALIFYING, PassedOn: HANDED_OFF, **_LATER},
        NURTURE: {Triaged: QUALIFYING, Parked: KEEP_INFORMED, **_OUT},
        KEEP_INFORMED: {Triaged: QUALIFYING, Deferred: NURTURE, **_OUT},
        HANDED_OFF: {
            Accepted: ACCEPTED,
            Attempted: WORKING,
            Rejected: HANDED_BACK,
            **_BACK,
        },
        ACCEPTED: {Attempted: WORKING, CallbackScheduled: CALLBACK, **_BACK},
        WORKING: {
            Attempted: WORKING,
            CallbackScheduled: CALLBACK,
            SalesQualified: SALES_QUALIFIED,
            **_BACK,
        },
        CALLBACK: {
            Attempted: WORKING,
            CallbackScheduled: CALLBACK,
            Triaged: QUALIFYING,  # where marketing makes the call
            **_BACK,
        },
        SALES_QUALIFIED: {
            Attempted: SALES_QUALIFIED,
            CallbackScheduled: CALLBACK,
            OpportunityOpened: OPPORTUNITY,
            **_BACK,
        },
        OPPORTUNITY: {
            Attempted: OPPORTUNITY,
            CallbackScheduled: CALLBACK,
            Quoted: QUOTED,
            Won: CUSTOMER,
            Lost: LOST,
            **_BACK,
        },
        QUOTED: {Attempted: QUOTED, Quoted: QUOTED, Won: CUSTOMER, Lost: LOST, **_BACK},
        CUSTOMER: {Churned: CHURNED},
        LOST: {
            Deferred: NURTURE,
            Parked: KEEP_INFORMED,
            CallbackScheduled: CALLBACK,
            HandedBack: HANDED_BACK,
        },
        HANDED_BACK: {Triaged: QUALIFYING, **_LATER},
        DISQUALIFIED: {Reopened: QUALIFYING},
        CHURNED: {Triaged: QUALIFYING},
        MERGED: {Erased: ERASED},
        ERASED: {},
    },
    anywhere={**dict.fromkeys(_NOTES), Merged: MERGED, Erased: ERASED},
    actors={
        Triaged: [MARKETING],
        Qualified: [MARKETING],
        HandedOff: [MARKETING],
        PassedOn: [MARKETING],
        Accepted: [SALES],
        Rejected: [SALES],
        HandedBack: [SALES],
        Reopened: [MARKETING],
        **dict.fromkeys((Banded, Deferred, Expired, Parked), (MARKETING,)),
        Churned: [MARKETING, SALES],
        Merged: [MARKETING],
        Erased: [MARKETING],
        **dict.fromkeys((Inquired, Reassigned, Escalated, OptedOut), (MARKETING, SALES)),
    },
    passes=5,
    deadlines=(
        Deadline(stage=INQUIRY, within=working_days(1), owner=MARKETING, action="triage"),
        Deadline(
            stage=QUALIFYING,
            within=working_days(10),
            attempts=6,
            owner=MARKETING,
            action="qualify or nurture",
            otherwise=Deferred,
        ),
        Deadline(stage=QUALIFIED, within=working_hours(4), owner=MARKETING, action="hand off"),
        Deadline(
            stage=QUALIFIED,
            since="expires",
            owner=MARKETING,
            action="hand off under this certificate",
            otherwise=Expired,
        ),
        Deadline(stage=WATCH, within=days(7), owner=MARKETING, action="review", again=(Reviewed,)),
        Deadline(
            stage=NURTURE, within=days(90), owner=MARKETING, action="review", again=(Reviewed,)
        ),
        Deadline(
            stage=KEEP_INFORMED,
            within=days(365),
            owner=MARKETING,
            action="review",
            again=(Reviewed,),
        ),
        *(
            Deadline(  # who waits and asks again is triaged as if new (004-36)
                stage=stage,
                within=working_days(1),
                owner=MARKETING,
                action="triage the new inquiry",
                starts=(Inquired,),
                first=(Reviewed,),
            )
            for stage in (WATCH, NURTURE, KEEP_INFORMED, DISQUALIFIED, CHURNED)
        ),
        *(
            Deadline(
                stage=stage,
                within=working_days(1),
                owner=SALES,
                action="answer the new inquiry",
                starts=(Inquired,),
                first=(Reviewed,),
            )
            for stage in (CUSTOMER, LOST)
        ),
        Deadline(stage=HANDED_OFF, within=working_hours(8), owner=SALES, action="accept or reject"),
        # Seed 001: followed up within 24 hours of the hand-off; accepting does not stop this clock.
        Deadline(
            stage=HANDED_OFF,
            within=hours(24),
            owner=SALES,
            action="first attempt",
            first=(Attempted, CallbackScheduled),  # who asks for a call has been spoken to
        ),
        Deadline(
            stage=HANDED_OFF,
            within=days(14),
            owner=SALES,
            action="any attempt at all",
            first=(Attempted, CallbackScheduled),
            otherwise=HandedBack,
            reason=ReturnReason.NO_FOLLOW_UP,
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
            stage=CALLBACK,
            within=working_days(2),
            to_closing=True,  # "no call by the end of the day"
            since="due",
            owner=SALES,
            action="call back",
            again=(CallbackScheduled,),
            otherwise=HandedBack,
            reason=ReturnReason.CALLBACK_MISSED,
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
        Deadline(stage=LOST, within=days(30), owner=SALES, action="decide whether to recycle"),
        Deadline(stage=HANDED_BACK, within=working_days(2), owner=MARKETING, action="acknowledge"),
    ),
)

SIMPLE = Lifecycle(
    "simple",
    start=INQUIRY,
    opening=Inquired,
    table={
        INQUIRY: {Qualified: QUALIFIED, Deferred: NURTURE, **_OUT},
        NURTURE: {Qualified: QUALIFIED, **_OUT},
        QUALIFIED: {HandedOff: HANDED_OFF, Deferred: NURTURE, **_OUT},
        HANDED_OFF: {Attempted: WORKING, HandedBack: HANDED_BACK, **_OUT},
        WORKING: {Attempted: WORKING, Won: CUSTOMER, HandedBack: HANDED_BACK, **_OUT},
        CUSTOMER: {},
        HANDED_BACK: {Qualified: QUALIFIED, Deferred: NURTURE, **_OUT},
        DISQUALIFIED: {},
    },
    # Whoever was merged or erased has left, too: eight stages are enough to begin with.
    anywhere={**dict.fromkeys(_NOTES), Merged: DISQUALIFIED, Erased: DISQUALIFIED},
    actors={**STANDARD.actors},
    passes=STANDARD.passes,
    deadlines=(
        *(d for d in STANDARD.deadlines if d.stage in {NURTURE, HANDED_BACK, WORKING}),
        *(d for d in STANDARD.deadlines if d.starts and d.stage in {CUSTOMER, DISQUALIFIED}),
        *(d for d in STANDARD.deadlines if d.otherwise is HandedBack and d.stage == HANDED_OFF),
        Deadline(
            stage=INQUIRY, within=working_days(10), owner=MARKETING, action="qualify or nurture"
        ),
        Deadline(stage=QUALIFIED, within=working_hours(4), owner=MARKETING, action="hand off"),
        Deadline(
            stage=HANDED_OFF, within=hours(24), owner=SALES, action="first attempt or hand back"
        ),
    ),
)


def with_override(lifecycle: Lifecycle = STANDARD) -> Lifecycle:
    """
    Give a lifecycle that lets marketing hand off what is not certified, with a reason and a name.

    Off in the standard one: mere inquiries handed over breed skepticism (seed 003).  Each use is an
    :class:`Overridden` in the log, and counted apart.  The moves go from those of the stages
    *inquiry*, *qualifying* and *nurture* that the lifecycle has to its *handed_off*.

    Raises:
        UnknownName: The lifecycle has no stage *handed_off*.

    Example:
        >>> with_override().next(INQUIRY, Overridden)
        <Stage handed_off>
    """
    to = lifecycle.stage(HANDED_OFF.name)
    names = {stage.name for stage in (INQUIRY, QUALIFYING, NURTURE)}
    for stage in lifecycle.stages:
        if stage.name in names:
            lifecycle = lifecycle.with_move(stage, Overridden, to)
    return attrs.evolve(lifecycle, actors={**lifecycle.actors, Overridden: [MARKETING]})
