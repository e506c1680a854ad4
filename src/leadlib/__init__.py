"""
leadlib: the core that lead-management software is built on.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from importlib import import_module

TYPE_CHECKING = False  # as type checkers read it; importing typing would cost more than all of this
if TYPE_CHECKING:
    from leadlib.consolidation import consolidate
    from leadlib.errors import LeadlibError
    from leadlib.handoff import (
        Assignment,
        Brief,
        Rep,
        Routing,
        RoutingRule,
        reconcile,
        route,
    )
    from leadlib.lifecycle import SIMPLE, STANDARD, WATERFALL, Lifecycle, Stage, Standing
    from leadlib.metrics import Rate, StageLog, cohorts, funnel
    from leadlib.model import Certificate, Fact, Inquiry, Lead, Team
    from leadlib.nurture import Cadence, ContactPolicy, Step, Touch
    from leadlib.qualification import (
        Answer,
        Event,
        Field,
        LeadDefinition,
        Outcome,
        Points,
        ScoreCard,
        Verdict,
    )
    from leadlib.worktime import WorkCalendar

_HOMES = {
    "consolidation": ("consolidate",),
    "errors": ("LeadlibError",),
    "handoff": ("Assignment", "Brief", "Rep", "Routing", "RoutingRule", "reconcile", "route"),
    "lifecycle": ("SIMPLE", "STANDARD", "WATERFALL", "Lifecycle", "Stage", "Standing"),
    "metrics": ("Rate", "StageLog", "cohorts", "funnel"),
    "model": ("Certificate", "Fact", "Inquiry", "Lead", "Team"),
    "nurture": ("Cadence", "ContactPolicy", "Step", "Touch"),
    "qualification": (
        "Answer",
        "Event",
        "Field",
        "LeadDefinition",
        "Outcome",
        "Points",
        "ScoreCard",
        "Verdict",
    ),
    "worktime": ("WorkCalendar",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [
    "Answer",
    "Assignment",
    "Brief",
    "Cadence",
    "Certificate",
    "ContactPolicy",
    "Event",
    "Fact",
    "Field",
    "Inquiry",
    "Lead",
    "LeadDefinition",
    "LeadlibError",
    "Lifecycle",
    "Outcome",
    "Points",
    "Rate",
    "Rep",
    "Routing",
    "RoutingRule",
    "SIMPLE",
    "STANDARD",
    "ScoreCard",
    "Stage",
    "StageLog",
    "Standing",
    "Step",
    "Team",
    "Touch",
    "Verdict",
    "WATERFALL",
    "WorkCalendar",
    "cohorts",
    "consolidate",
    "funnel",
    "reconcile",
    "route",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        message = f"module 'leadlib' has no attribute {name!r}"
        raise AttributeError(message)
    value: object = getattr(import_module(f"leadlib.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
