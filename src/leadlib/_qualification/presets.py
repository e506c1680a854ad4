"""
Known checklists as ordinary definitions: a first draft for the talk of both teams, not its end.

Each element is a question with yes or no for an answer, and a named criterion with its reason.
How many must be yes is the one argument: all unless given.  Revise them, sign them, replace them.
"""

from leadlib._qualification.criteria import AtLeast, Criterion
from leadlib._qualification.definition import LeadDefinition
from leadlib._qualification.fields import Field

__all__ = ["bant", "champ", "gpct", "meddic"]


def bant(min_yes: int = 4, *, version: int = 1) -> LeadDefinition:
    """
    Budget, authority, need and timeline.

    Args:
        min_yes: How many of the four must be yes; 3 is the rule of IBM, which coined it.
        version: Of the definition; 1 unless yours replaces another.

    Raises:
        InvalidValue: *min_yes* is not from 1 to 4.

    Example:
        >>> three = {"has a budget": True, "may decide": True, "has a need": True}
        >>> bant().assess(three).outcome, bant().assess(three).completeness
        (<Outcome.UNDECIDED: 'undecided'>, 0.75)
        >>> bant(min_yes=3).assess(three).outcome
        <Outcome.QUALIFIED: 'qualified'>
    """
    return _checklist(
        "bant",
        min_yes,
        version,
        _element("budget", "has a budget", "without money there is no purchase"),
        _element("authority", "may decide", "who cannot decide can only recommend"),
        _element("need", "has a need", "nobody buys what solves no problem of theirs"),
        _element("timeline", "has a date to buy", "without a date other work comes first"),
    )


def champ(min_yes: int = 4, *, version: int = 1) -> LeadDefinition:
    """
    Challenges, authority, money and prioritization: the problem is asked for before the money.

    Args:
        min_yes: How many of the four must be yes.
        version: Of the definition; 1 unless yours replaces another.

    Raises:
        InvalidValue: *min_yes* is not from 1 to 4.

    Example:
        >>> print(*champ().named, sep=", ")
        challenges, authority, money, prioritization
    """
    return _checklist(
        "champ",
        min_yes,
        version,
        _element("challenges", "has a challenge we solve", "the problem opens the talk"),
        _element("authority", "may decide", "who cannot decide can lead us to those who can"),
        _element("money", "can pay for it", "a solution nobody can pay for is no solution"),
        _element("prioritization", "is a priority now", "what can wait is bought by nobody"),
    )


def meddic(min_yes: int = 6, *, version: int = 1) -> LeadDefinition:
    """
    Metrics, economic buyer, decision criteria, decision process, identified pain and champion.

    Args:
        min_yes: How many of the six must be yes.
        version: Of the definition; 1 unless yours replaces another.

    Raises:
        InvalidValue: *min_yes* is not from 1 to 6.

    Example:
        >>> meddic(min_yes=5).assess({"has a champion": False}).next_step
        'metrics'
    """
    return _checklist(
        "meddic",
        min_yes,
        version,
        _element("metrics", "gain is put in numbers", "a gain in numbers defends the price"),
        _element("economic buyer", "buyer is known", "one person releases the money"),
        _element("decision criteria", "criteria are known", "we are measured by their list"),
        _element("decision process", "process is known", "unknown steps cost weeks at the end"),
        _element("identified pain", "pain is known", "who feels no pain changes nothing"),
        _element("champion", "has a champion", "somebody inside must want it when we are away"),
    )


def gpct(min_yes: int = 4, *, version: int = 1) -> LeadDefinition:
    """
    Goals, plans, challenges and timeline: what they want before what we sell.

    Args:
        min_yes: How many of the four must be yes.
        version: Of the definition; 1 unless yours replaces another.

    Raises:
        InvalidValue: *min_yes* is not from 1 to 4.

    Example:
        >>> print(gpct(min_yes=2).title)
        gpct v1
    """
    return _checklist(
        "gpct",
        min_yes,
        version,
        _element("goals", "has a goal we serve", "help is measured by what they want to reach"),
        _element("plans", "has a plan", "a plan shows where we would fit in"),
        _element("challenges", "plan has a gap", "who gets there alone does not need us"),
        _element("timeline", "has a date to reach it", "without a date other work comes first"),
    )


def _element(name: str, question: str, why: str) -> Criterion:
    return Field(question, bool).is_true().named(name, why=why)


def _checklist(name: str, min_yes: int, version: int, *elements: Criterion) -> LeadDefinition:
    return LeadDefinition(name, AtLeast(count=min_yes, parts=elements), version=version)
