"""
Metrics: numbers that both teams accept, from one log.

Every rate carries its count, base and interval; open leads are kept apart, not counted as failures;
every result says what it means and takes ``as_of``::

    log = StageLog.from_rows(rows)
    print(funnel(log, stages=["inquiry", "qualified", "customer"]))
"""

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
from leadlib._metrics.funnel import Funnel, FunnelDefinition, FunnelStep, Stop, funnel, main_path
from leadlib._metrics.log import LogBuilder, StageLog
from leadlib._rates import Benchmark, Comparison, Rate, compare, wilson_interval

__all__ = [
    "BelowDefinition",
    "Benchmark",
    "CampaignDecision",
    "CampaignResult",
    "Cohort",
    "Cohorts",
    "Comparison",
    "Conformance",
    "Counting",
    "Decision",
    "Funnel",
    "FunnelDefinition",
    "FunnelStep",
    "HandBacks",
    "HandOffAudit",
    "LogBuilder",
    "Move",
    "MoveKind",
    "Override",
    "Rate",
    "StageLog",
    "Stall",
    "Stop",
    "Variant",
    "audit_handoffs",
    "cohorts",
    "compare",
    "conformance",
    "decide",
    "funnel",
    "main_path",
    "rank",
    "rates_by",
    "wilson_interval",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
