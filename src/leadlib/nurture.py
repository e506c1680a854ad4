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
    due_together,
    enrol,
    plan_together,
)
from leadlib._nurture.flaws import Flaw, FlawKind
from leadlib._nurture.mix import ChannelMix, channel_mix
from leadlib._nurture.plan import ChangeKind, Plan, PlanChange
from leadlib._nurture.policy import ContactPolicy, QuietHours
from leadlib._nurture.steps import Step
from leadlib._nurture.touches import SentTouch, Touch, TouchReason, TouchState

__all__ = [
    "Cadence",
    "Callback",
    "Cap",
    "ChangeKind",
    "ChannelMix",
    "ContactPolicy",
    "DryRun",
    "Enrolment",
    "Flaw",
    "FlawKind",
    "NotEnrolled",
    "NotEnrolledReason",
    "Plan",
    "PlanChange",
    "QuietHours",
    "SentTouch",
    "Step",
    "Touch",
    "TouchReason",
    "TouchState",
    "channel_mix",
    "dry_run",
    "due_together",
    "enrol",
    "plan_together",
    "schedule_callback",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
