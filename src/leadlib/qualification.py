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
"""

from leadlib._qualification.criteria import (
    AllOf,
    Answer,
    AnyOf,
    Condition,
    Criterion,
    Field,
    Not,
    Operator,
)
from leadlib._qualification.data import value_from_text
from leadlib._qualification.definition import LeadDefinition, Outcome, Signature, Verdict

__all__ = [
    "AllOf",
    "Answer",
    "AnyOf",
    "Condition",
    "Criterion",
    "Field",
    "LeadDefinition",
    "Not",
    "Operator",
    "Outcome",
    "Signature",
    "Verdict",
    "value_from_text",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
