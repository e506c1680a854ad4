"""
Qualification: is it a lead?

One definition, agreed and signed by both teams, judges every lead in three values (seed 003).  A
definition is data built by operators on typed :class:`Field` objects::

    industry, staff = Field("industry", str), Field("staff", int, unit="people")
    sales_ready = LeadDefinition(
        "sales-ready",
        industry.is_one_of("beverages", "dairy") & (staff >= 50),
        disqualify=Field("competitor", bool).is_true(),
    )

What nobody has said yet is unknown, not no; the verdict says which question to ask next.

Rooms that not every application enters (bands, named accounts, back-tests, learning) are loaded
when one of their names is first used.
"""

from importlib import import_module

from leadlib._qualification.answers import Answer
from leadlib._qualification.criteria import (
    AllOf,
    AnyOf,
    AtLeast,
    Condition,
    Criterion,
    Named,
    Not,
    Subject,
    Voice,
)
from leadlib._qualification.definition import LeadDefinition, Signature
from leadlib._qualification.fields import Event, Evidence, Field
from leadlib._qualification.grades import Cuts, Grade, Temperature, grade, temperature
from leadlib._qualification.operators import Case, Operator
from leadlib._qualification.questions import Question
from leadlib._qualification.scoring import Points, Score, ScoreCard, Scores
from leadlib._qualification.texts import value_from_text
from leadlib._qualification.verdict import Assessment, Outcome, Verdict

TYPE_CHECKING = False  # as type checkers read it
if TYPE_CHECKING:
    from leadlib._qualification import presets
    from leadlib._qualification.accounts import Account, NamedAccounts
    from leadlib._qualification.agreement import (
        Disagreements,
        DisputedLead,
        RepAgreement,
        cohen_kappa,
        disagreements,
        fleiss_kappa,
    )
    from leadlib._qualification.backtest import BackTest, Workload, back_test
    from leadlib._qualification.bands import (
        Band,
        Bands,
        Passed,
        Scored,
        Ties,
        overdue_reviews,
        pass_on,
        split_bands,
    )
    from leadlib._qualification.changes import Change, Changes
    from leadlib._qualification.dialects import Dialect
    from leadlib._qualification.flips import Flip, Flips, compare_definitions
    from leadlib._qualification.groups import information_gain, lift
    from leadlib._qualification.inventory import Inventory, TrackedField, inventory
    from leadlib._qualification.learning import Learnt, LearntCriterion, PointTable, learn
    from leadlib._qualification.past import Ends, JudgedLead, PastLead
    from leadlib._qualification.refinement import Refinement, propose_refinement
    from leadlib._qualification.schema import definition_schema
    from leadlib._qualification.segmentation import Nest, NestedSegmentation, Segment, Stopped
    from leadlib._qualification.validation import Reliability, Validation, auc

__all__ = [
    "Account",
    "AllOf",
    "Answer",
    "AnyOf",
    "Assessment",
    "AtLeast",
    "BackTest",
    "Band",
    "Bands",
    "Case",
    "Change",
    "Changes",
    "Condition",
    "Criterion",
    "Cuts",
    "Dialect",
    "Disagreements",
    "DisputedLead",
    "Ends",
    "Event",
    "Evidence",
    "Field",
    "Flip",
    "Flips",
    "Grade",
    "Inventory",
    "JudgedLead",
    "LeadDefinition",
    "Learnt",
    "LearntCriterion",
    "Named",
    "NamedAccounts",
    "Nest",
    "NestedSegmentation",
    "Not",
    "Operator",
    "Outcome",
    "Passed",
    "PastLead",
    "PointTable",
    "Points",
    "Question",
    "Refinement",
    "Reliability",
    "RepAgreement",
    "Score",
    "ScoreCard",
    "Scored",
    "Scores",
    "Segment",
    "Signature",
    "Stopped",
    "Subject",
    "Temperature",
    "Ties",
    "TrackedField",
    "Validation",
    "Verdict",
    "Voice",
    "Workload",
    "auc",
    "back_test",
    "cohen_kappa",
    "compare_definitions",
    "definition_schema",
    "disagreements",
    "fleiss_kappa",
    "grade",
    "information_gain",
    "inventory",
    "learn",
    "lift",
    "overdue_reviews",
    "pass_on",
    "presets",
    "propose_refinement",
    "split_bands",
    "temperature",
    "value_from_text",
]

_LATER: dict[str, tuple[str, ...]] = {
    "accounts": ("Account", "NamedAccounts"),
    "agreement": (
        "DisputedLead",
        "Disagreements",
        "RepAgreement",
        "cohen_kappa",
        "disagreements",
        "fleiss_kappa",
    ),
    "backtest": ("BackTest", "Workload", "back_test"),
    "bands": (
        "Band",
        "Bands",
        "Passed",
        "Scored",
        "Ties",
        "overdue_reviews",
        "pass_on",
        "split_bands",
    ),
    "changes": ("Change", "Changes"),
    "dialects": ("Dialect",),
    "flips": ("Flip", "Flips", "compare_definitions"),
    "groups": ("information_gain", "lift"),
    "inventory": ("Inventory", "TrackedField", "inventory"),
    "learning": ("Learnt", "LearntCriterion", "PointTable", "learn"),
    "past": ("Ends", "JudgedLead", "PastLead"),
    "presets": ("presets",),
    "refinement": ("Refinement", "propose_refinement"),
    "schema": ("definition_schema",),
    "segmentation": ("Nest", "NestedSegmentation", "Segment", "Stopped"),
    "validation": ("Reliability", "Validation", "auc"),
}
_ROOM_OF = {name: room for room, names in _LATER.items() for name in names}

for _name in __all__:
    if _name not in _ROOM_OF:
        globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, no room
del _name


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    room = import_module(f"leadlib._qualification.{_ROOM_OF[name]}")
    value: object = room if name == "presets" else getattr(room, name)
    if hasattr(value, "__module__"):
        value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
