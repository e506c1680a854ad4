"""
Lifecycle: where is the lead now, who answers for it, and what has to happen next?

A lifecycle is a table that is read aloud, drawn, linted and replayed; :data:`STANDARD` goes from
inquiry to customer and lets sales hand every lead back to marketing with a reason (seed 003), and
:data:`SIMPLE` does so in eight stages.  An illegal move names what was legal and changes nothing.
"""

from leadlib._lifecycle.acknowledgements import (
    Acknowledgement,
    ProcessCoverage,
)
from leadlib._lifecycle.appending import check_appended
from leadlib._lifecycle.clocks import Due, DueState, Orphan
from leadlib._lifecycle.data import (
    event_from_dict,
    event_to_dict,
)
from leadlib._lifecycle.deadlines import Deadline, Run
from leadlib._lifecycle.erasure import forgotten
from leadlib._lifecycle.events import (
    HAND_OFFS,
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
from leadlib._lifecycle.folding import LogReading
from leadlib._lifecycle.linter import (
    Leak,
    LeakKind,
)
from leadlib._lifecycle.reasons import (
    DisqualifyReason,
    ReturnReason,
)
from leadlib._lifecycle.roles import (
    Responsibility,
)
from leadlib._lifecycle.standard import (
    ACCEPTED,
    CALLBACK,
    CHURNED,
    CUSTOMER,
    DISQUALIFIED,
    ERASED,
    HANDED_BACK,
    HANDED_OFF,
    INQUIRY,
    KEEP_INFORMED,
    LOST,
    MERGED,
    NURTURE,
    OPPORTUNITY,
    QUALIFIED,
    QUALIFYING,
    QUOTED,
    SALES_QUALIFIED,
    SIMPLE,
    STANDARD,
    WATCH,
    WATERFALL,
    WORKING,
    with_override,
)
from leadlib._lifecycle.standing import (
    Stage,
    Standing,
    Stay,
    survivor_of,
)
from leadlib._lifecycle.table import Lifecycle

__all__ = [
    "ACCEPTED",
    "Accepted",
    "Acknowledgement",
    "Attempted",
    "Banded",
    "CALLBACK",
    "CHURNED",
    "CUSTOMER",
    "CallbackScheduled",
    "Churned",
    "DISQUALIFIED",
    "Deadline",
    "Deferred",
    "Disqualified",
    "DisqualifyReason",
    "Due",
    "DueState",
    "ERASED",
    "Erased",
    "Escalated",
    "Expired",
    "HANDED_BACK",
    "HANDED_OFF",
    "HAND_OFFS",
    "HandedBack",
    "HandedOff",
    "INQUIRY",
    "Inquired",
    "KEEP_INFORMED",
    "LOST",
    "LeadEvent",
    "Leak",
    "LeakKind",
    "Lifecycle",
    "LogReading",
    "Lost",
    "MERGED",
    "Merged",
    "NURTURE",
    "OPPORTUNITY",
    "OpportunityOpened",
    "OptedOut",
    "Orphan",
    "Overridden",
    "Parked",
    "PassedOn",
    "ProcessCoverage",
    "QUALIFIED",
    "QUALIFYING",
    "QUOTED",
    "Qualified",
    "Quoted",
    "Reassigned",
    "Rejected",
    "Reopened",
    "Responsibility",
    "ReturnReason",
    "Reviewed",
    "Run",
    "SALES_QUALIFIED",
    "SIMPLE",
    "STANDARD",
    "SalesQualified",
    "Stage",
    "Standing",
    "Stay",
    "Triaged",
    "WATCH",
    "WATERFALL",
    "WORKING",
    "Won",
    "check_appended",
    "event_from_dict",
    "event_to_dict",
    "forgotten",
    "survivor_of",
    "with_override",
]

for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face
del _name
