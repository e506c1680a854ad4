"""
Nurture: a drip is a plan, and a plan is data.

A :class:`Cadence` says what follows when; :meth:`Cadence.plan` turns it into touches for one lead,
with stable ids and real instants, within the hours and the number of contacts that a
:class:`ContactPolicy` allows; :meth:`Cadence.due` asks again at the moment of sending.  Sending,
and the content, is the application's::

    plan = welcome.plan(lead, enrolled=at, zone="Europe/Berlin", policy=policy)
    for touch in welcome.due(lead, enrolled=at, policy=policy, now=now, sent=sent):
        ...  # send it, then remember touch.sent(at=now)
"""

from leadlib._nurture.cadence import Cadence
from leadlib._nurture.callbacks import Callback, schedule_callback
from leadlib._nurture.caps import Cap
from leadlib._nurture.dryrun import DryRun, dry_run
from leadlib._nurture.enrolment import (
    Enrolment,
    NotEnrolled,
    NotEnrolledReason,
    enrol,
)
from leadlib._nurture.experiments import HOLDOUT, Experiment
from leadlib._nurture.flaws import Flaw, FlawKind
from leadlib._nurture.icals import to_ical
from leadlib._nurture.laws import (
    CallHours,
    ConsentRule,
    Law,
    LegalCap,
    MessagePart,
    Subscriber,
)
from leadlib._nurture.mix import ChannelMix, activities, channel_mix
from leadlib._nurture.packs import (
    ANYWHERE,
    BULK_SENDERS,
    CAN_SPAM,
    CASL,
    CCPA,
    CNIL,
    EPRIVACY,
    FLORIDA,
    GDPR,
    LAWS,
    OKLAHOMA,
    PECR,
    SPAM_ACT,
    TCPA,
    TCPA_REVOCATION,
    TSR,
    UK_GDPR,
    UWG,
    WASHINGTON,
    laws_for,
)
from leadlib._nurture.plan import ChangeKind, Plan, PlanChange
from leadlib._nurture.policy import ContactPolicy, QuietHours
from leadlib._nurture.responses import Response, ResponseKind, opt_outs, with_responses
from leadlib._nurture.steps import Step
from leadlib._nurture.strictest import Laws, strictest
from leadlib._nurture.suppression import SuppressionList
from leadlib._nurture.templates import Filled, MessageForm, Template, merge_values
from leadlib._nurture.together import due_together, plan_together
from leadlib._nurture.touches import SentTouch, Touch, TouchReason, TouchState

__all__ = [
    "ANYWHERE",
    "BULK_SENDERS",
    "CAN_SPAM",
    "CASL",
    "CCPA",
    "CNIL",
    "Cadence",
    "CallHours",
    "Callback",
    "Cap",
    "ChangeKind",
    "ChannelMix",
    "ConsentRule",
    "ContactPolicy",
    "DryRun",
    "EPRIVACY",
    "Enrolment",
    "Experiment",
    "FLORIDA",
    "Filled",
    "Flaw",
    "FlawKind",
    "GDPR",
    "HOLDOUT",
    "LAWS",
    "Law",
    "Laws",
    "LegalCap",
    "MessageForm",
    "MessagePart",
    "NotEnrolled",
    "NotEnrolledReason",
    "OKLAHOMA",
    "PECR",
    "Plan",
    "PlanChange",
    "QuietHours",
    "Response",
    "ResponseKind",
    "SPAM_ACT",
    "SentTouch",
    "Step",
    "Subscriber",
    "SuppressionList",
    "TCPA",
    "TCPA_REVOCATION",
    "TSR",
    "Template",
    "Touch",
    "TouchReason",
    "TouchState",
    "UK_GDPR",
    "UWG",
    "WASHINGTON",
    "activities",
    "channel_mix",
    "dry_run",
    "due_together",
    "enrol",
    "laws_for",
    "merge_values",
    "opt_outs",
    "plan_together",
    "schedule_callback",
    "strictest",
    "to_ical",
    "with_responses",
]

for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face
del _name
