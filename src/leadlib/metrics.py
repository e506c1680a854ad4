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
from leadlib._metrics.accountability import (
    Alignment,
    Breach,
    Breaches,
    RuledOutBy,
    alignment,
    breaches,
    ruled_out_by,
)
from leadlib._metrics.attention import (
    Backlog,
    BacklogState,
    CoverageState,
    NurtureCoverage,
    backlog,
    nurture_coverage,
)
from leadlib._metrics.audit import BelowDefinition, HandOffAudit, Override, audit_handoffs
from leadlib._metrics.budget import BudgetMove, MovedBudget, move_budget
from leadlib._metrics.campaigns import (
    CampaignDecision,
    CampaignResult,
    Decision,
    decide,
    rank,
    rates_by,
)
from leadlib._metrics.causes import LeakCause, LeakCauses, leak_causes
from leadlib._metrics.cohorts import Cohort, Cohorts, cohorts
from leadlib._metrics.comparisons import (
    Adjustment,
    ComparedPair,
    Comparisons,
    Drift,
    DriftState,
    compare_all,
    drift,
    sample_size,
)
from leadlib._metrics.complaints import Complaints, ComplaintState, complaints
from leadlib._metrics.conformance import (
    Conformance,
    HandBacks,
    Move,
    Stall,
    Variant,
    conformance,
)
from leadlib._metrics.conversion import Conversion, what_if
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
from leadlib._metrics.flows import Flows, flows
from leadlib._metrics.followup import (
    AgeBucket,
    FollowUp,
    FollowUpState,
    Untouched,
    UntouchedLead,
    follow_up,
    untouched,
)
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.funnel import Funnel, FunnelDefinition, FunnelStep, Stop, funnel
from leadlib._metrics.incidence import (
    CumulativeIncidence,
    IncidenceStep,
    cumulative_incidence,
)
from leadlib._metrics.journey import (
    Journey,
    SalesReady,
    journey,
    time_to_sales_ready,
)
from leadlib._metrics.leakage import Leakage, leakage
from leadlib._metrics.log import LogBuilder, StageLog
from leadlib._metrics.mainpath import main_path
from leadlib._metrics.mix import Mix
from leadlib._metrics.origin import Measured, Origin
from leadlib._metrics.passages import (
    PassageDefinition,
    Per,
    TimeToStage,
    stay_durations,
    time_to_stage,
)
from leadlib._metrics.passes import Passes, passes
from leadlib._metrics.propositions import Panel, Proposition, Resonance, proposition
from leadlib._metrics.response import (
    ContactRates,
    ResponseBucket,
    contact_rates,
)
from leadlib._metrics.revenue import Revenue, RevenueGroup, revenue_by
from leadlib._metrics.scorecard import Divergence, Scorecard, scorecard
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
from leadlib._metrics.shapes import (
    LongTable,
    OpportunityTable,
    TableShape,
    WideTable,
    log_from_table,
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
from leadlib._metrics.throughput import Pace, Throughput, ThroughputPlan, in_process, throughput
from leadlib._metrics.uplift import Uplift, UpliftVerdict, uplift
from leadlib._metrics.windows import (
    PeriodRatio,
    PeriodRatios,
    WindowedCohort,
    WindowedConversion,
    converted_within,
    period_ratios,
)
from leadlib._rates import Benchmark, Comparison, Rate, compare, wilson_interval
from leadlib._results import Result

__all__ = [
    "Acceptance",
    "AcceptanceTrend",
    "Adjustment",
    "AgeBucket",
    "Alignment",
    "Backlog",
    "BacklogState",
    "BelowDefinition",
    "Benchmark",
    "Breach",
    "Breaches",
    "BudgetMove",
    "CampaignDecision",
    "CampaignResult",
    "Cause",
    "Census",
    "Cohort",
    "Cohorts",
    "ComparedPair",
    "Comparison",
    "Comparisons",
    "ComplaintState",
    "Complaints",
    "Conformance",
    "ContactRates",
    "Conversion",
    "Counting",
    "CoverageState",
    "CumulativeIncidence",
    "Decision",
    "Diagnosis",
    "Divergence",
    "Drift",
    "DriftState",
    "Durations",
    "DwellTimes",
    "Ending",
    "Flows",
    "FollowUp",
    "FollowUpState",
    "FrameLog",
    "Funnel",
    "FunnelDefinition",
    "FunnelStep",
    "HandBacks",
    "HandOffAudit",
    "IncidenceStep",
    "Journey",
    "LeadTime",
    "LeakCause",
    "LeakCauses",
    "Leakage",
    "LogBuilder",
    "LogRank",
    "LongTable",
    "Measured",
    "Mix",
    "Move",
    "MoveKind",
    "MovedBudget",
    "NurtureCoverage",
    "Offer",
    "OfferState",
    "OpportunityTable",
    "Origin",
    "Override",
    "OwnedRate",
    "Pace",
    "Panel",
    "PassageDefinition",
    "Passes",
    "Per",
    "PeriodRatio",
    "PeriodRatios",
    "Persistence",
    "Proposition",
    "Rate",
    "RecycleYield",
    "Resonance",
    "ResponseBucket",
    "Result",
    "Revenue",
    "RevenueGroup",
    "RuledOutBy",
    "SalesReady",
    "Scorecard",
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
    "TableShape",
    "Throughput",
    "ThroughputPlan",
    "TimeToStage",
    "TwoSides",
    "Untouched",
    "UntouchedLead",
    "Uplift",
    "UpliftVerdict",
    "Variant",
    "WideTable",
    "WindowedCohort",
    "WindowedConversion",
    "acceptance",
    "acceptance_trend",
    "alignment",
    "audit_handoffs",
    "backlog",
    "breaches",
    "census",
    "cohorts",
    "compare",
    "compare_all",
    "complaints",
    "conformance",
    "contact_rates",
    "converted_within",
    "cumulative_incidence",
    "decide",
    "diagnose",
    "drift",
    "dwell_times",
    "flows",
    "follow_up",
    "funnel",
    "in_process",
    "journey",
    "kaplan_meier",
    "leak_causes",
    "leakage",
    "log_from_table",
    "log_rank",
    "main_path",
    "move_budget",
    "nurture_coverage",
    "passes",
    "period_ratios",
    "persistence",
    "proposition",
    "rank",
    "rates_by",
    "recycle_yield",
    "revenue_by",
    "ruled_out_by",
    "sample_size",
    "scorecard",
    "selling_time",
    "service_level",
    "stay_durations",
    "throughput",
    "time_to_sales_ready",
    "time_to_stage",
    "two_sides",
    "untouched",
    "uplift",
    "what_if",
    "wilson_interval",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
