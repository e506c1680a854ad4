"""
Lifecycle: where is the lead now, who answers for it, and what has to happen next?

A lifecycle is a table that is read aloud, drawn, linted and replayed; :data:`STANDARD` goes from
inquiry to customer and lets sales hand every lead back to marketing with a reason (seed 003).  An
illegal move names what was legal and changes nothing.
"""

from leadlib._lifecycle.data import event_from_dict, event_to_dict
from leadlib._lifecycle.events import (
    Accepted,
    Attempted,
    Deferred,
    Disqualified,
    DisqualifyReason,
    HandedBack,
    HandedOff,
    Inquired,
    LeadEvent,
    Lost,
    OpportunityOpened,
    Qualified,
    Quoted,
    Rejected,
    Reopened,
    ReturnReason,
    SalesQualified,
    Triaged,
    Won,
)
from leadlib._lifecycle.standard import (
    ACCEPTED,
    CUSTOMER,
    DISQUALIFIED,
    HANDED_BACK,
    HANDED_OFF,
    INQUIRY,
    LOST,
    NURTURE,
    OPPORTUNITY,
    QUALIFIED,
    QUALIFYING,
    QUOTED,
    SALES_QUALIFIED,
    STANDARD,
    WATERFALL,
    WORKING,
)
from leadlib._lifecycle.table import Deadline, Due, Leak, LeakKind, Lifecycle, Stage, Standing

__all__ = [
    "ACCEPTED",
    "Accepted",
    "Attempted",
    "CUSTOMER",
    "DISQUALIFIED",
    "Deadline",
    "Deferred",
    "Disqualified",
    "DisqualifyReason",
    "Due",
    "HANDED_BACK",
    "HANDED_OFF",
    "HandedBack",
    "HandedOff",
    "INQUIRY",
    "Inquired",
    "LOST",
    "LeadEvent",
    "Leak",
    "LeakKind",
    "Lifecycle",
    "Lost",
    "NURTURE",
    "OPPORTUNITY",
    "OpportunityOpened",
    "QUALIFIED",
    "QUALIFYING",
    "QUOTED",
    "Qualified",
    "Quoted",
    "Rejected",
    "Reopened",
    "ReturnReason",
    "SALES_QUALIFIED",
    "STANDARD",
    "SalesQualified",
    "Stage",
    "Standing",
    "Triaged",
    "WATERFALL",
    "WORKING",
    "Won",
    "event_from_dict",
    "event_to_dict",
]

for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face
del _name
