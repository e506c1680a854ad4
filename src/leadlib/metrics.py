"""
Metrics: numbers that both teams accept, from one log.

Every rate carries its count, base and interval; open leads are kept apart, not counted as failures;
every result says what it means and takes ``as_of``::

    log = StageLog.from_rows(rows)
    print(funnel(log, stages=["inquiry", "qualified", "customer"]))
"""

from leadlib._metrics.acceptance import (
    Acceptance,
    AcceptanceTrend,
    Offer,
    OfferState,
    OwnedRate,
    RecycleYield,
    acceptance,
    acceptance_trend,
    recycle_yield,
)
from leadlib._metrics.audit import BelowDefinition, HandOffAudit, Override, audit_handoffs
from leadlib._metrics.campaigns import (
    CampaignDecision,
    CampaignResult,
    Decision,
    decide,
    rank,
    rates_by,
)
from leadlib._metrics.cohorts import Cohort, Cohorts, cohorts
from leadlib._metrics.conformance import (
    Conformance,
    HandBacks,
    Move,
    Stall,
    Variant,
    conformance,
)
from leadlib._metrics.counting import Counting
from leadlib._metrics.declared import MoveKind
from leadlib._metrics.durations import Durations
from leadlib._metrics.effort import (
    Ending,
    Persistence,
    SellingTime,
    persistence,
    selling_time,
)
from leadlib._metrics.followup import (
    AgeBucket,
    FollowUp,
    FollowUpState,
    Untouched,
    UntouchedLead,
    follow_up,
    untouched,
)
from leadlib._metrics.funnel import Funnel, FunnelDefinition, FunnelStep, Stop, funnel, main_path
from leadlib._metrics.incidence import (
    CumulativeIncidence,
    IncidenceStep,
    cumulative_incidence,
)
from leadlib._metrics.log import LogBuilder, StageLog
from leadlib._metrics.passages import (
    PassageDefinition,
    Per,
    TimeToStage,
    stay_durations,
    time_to_stage,
)
from leadlib._metrics.service import (
    Cause,
    Diagnosis,
    ServiceLevel,
    ServiceState,
    Supply,
    TwoSides,
    diagnose,
    service_level,
    two_sides,
)
from leadlib._metrics.stays import (
    Census,
    DwellTimes,
    LeadTime,
    StageTime,
    census,
    dwell_times,
)
from leadlib._metrics.survival import (
    LogRank,
    SurvivalCurve,
    SurvivalStep,
    kaplan_meier,
    log_rank,
)
from leadlib._rates import Benchmark, Comparison, Rate, compare, wilson_interval

__all__ = [
    "Acceptance",
    "AcceptanceTrend",
    "AgeBucket",
    "BelowDefinition",
    "Benchmark",
    "CampaignDecision",
    "CampaignResult",
    "Cause",
    "Census",
    "Cohort",
    "Cohorts",
    "Comparison",
    "Conformance",
    "Counting",
    "CumulativeIncidence",
    "Decision",
    "Diagnosis",
    "Durations",
    "DwellTimes",
    "Ending",
    "FollowUp",
    "FollowUpState",
    "Funnel",
    "FunnelDefinition",
    "FunnelStep",
    "HandBacks",
    "HandOffAudit",
    "IncidenceStep",
    "LeadTime",
    "LogBuilder",
    "LogRank",
    "Move",
    "MoveKind",
    "Offer",
    "OfferState",
    "Override",
    "OwnedRate",
    "PassageDefinition",
    "Per",
    "Persistence",
    "Rate",
    "RecycleYield",
    "SellingTime",
    "ServiceLevel",
    "ServiceState",
    "StageLog",
    "StageTime",
    "Stall",
    "Stop",
    "Supply",
    "SurvivalCurve",
    "SurvivalStep",
    "TimeToStage",
    "TwoSides",
    "Untouched",
    "UntouchedLead",
    "Variant",
    "acceptance",
    "acceptance_trend",
    "audit_handoffs",
    "census",
    "cohorts",
    "compare",
    "conformance",
    "cumulative_incidence",
    "decide",
    "diagnose",
    "dwell_times",
    "follow_up",
    "funnel",
    "kaplan_meier",
    "log_rank",
    "main_path",
    "persistence",
    "rank",
    "rates_by",
    "recycle_yield",
    "selling_time",
    "service_level",
    "stay_durations",
    "time_to_stage",
    "two_sides",
    "untouched",
    "wilson_interval",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
