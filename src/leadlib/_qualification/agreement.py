"""
Agreement: do three salespeople give three answers to the question what a lead is (seed 003)?

Kappa is agreement beyond chance: 1 is complete, 0 is what chance alone would give.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from html import escape
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._rates import Rate, whole_number
from leadlib.errors import InvalidValue

__all__ = [
    "Disagreements",
    "DisputedLead",
    "RepAgreement",
    "cohen_kappa",
    "disagreements",
    "fleiss_kappa",
]

Answers = Mapping[str, bool | None]
_PAIR = 2


def cohen_kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float | None:
    """
    Cohen's kappa: how far two raters agree beyond chance.

    Args:
        pairs: What the one and the other say of each subject, in labels of any kind.

    Returns:
        From -1 to 1; None if chance alone would make them agree: no pair, or one label for all.

    Raises:
        InvalidValue: Something is no pair of labels; who says nothing of a subject gives no pair.

    Source:
        Cohen, Educ. Psychol. Meas. 20 (1960) 37; requirement M-35.

    Example:
        >>> both = [("yes", "yes")] * 40 + [("yes", "no")] * 20
        >>> print(f"{cohen_kappa(both + [('no', 'yes')] * 10 + [('no', 'no')] * 30):.2f}")
        0.40
    """
    taken = [_as_pair(pair) for pair in pairs]
    n = len(taken)
    ones, others = Counter(one for one, _ in taken), Counter(other for _, other in taken)
    by_chance = sum(count * others[label] for label, count in ones.items())
    agreed = sum(one == other for one, other in taken)
    return _beyond(n * agreed, by_chance, of=n * n)


def _as_pair(pair: Any) -> tuple[Hashable, Hashable]:
    """Two labels, each of its type: yes is not the number 1, although Python says so."""
    if not isinstance(pair, tuple | list) or len(pair) != _PAIR:
        raise InvalidValue(expected="pairs of labels", got="something else", where="pairs")
    return _as_label(pair[0]), _as_label(pair[1])


def _as_label(label: Any) -> Hashable:
    try:
        hash(label)
        missing = _text.is_missing(label)
    except (TypeError, ArithmeticError):  # a list, or a decimal that compares with nothing
        missing = True
    if missing:
        raise InvalidValue(expected="a label", got=_text.kind_of(label), where="pairs")
    return isinstance(label, bool), label


def _beyond(agreed: int | Fraction, by_chance: int | Fraction, *, of: int) -> float | None:
    return None if by_chance == of else float(Fraction(agreed - by_chance) / (of - by_chance))


def fleiss_kappa(counts: Iterable[Iterable[int]]) -> float | None:
    """
    Fleiss' kappa: how far several raters agree beyond chance.

    Args:
        counts: For each subject how many raters chose each category; equally many raters for each
            subject, at least two, though not the same persons.

    Returns:
        At most 1; None if chance alone would make them agree: no subject, or one category for all.

    Raises:
        InvalidValue: No counts, no equal number of categories or raters, or fewer than two raters.

    Source:
        Fleiss, Psychol. Bull. 76 (1971) 378; requirements M-35 and 003-26.

    Example:
        >>> print(f"{fleiss_kappa([[3, 0], [2, 1], [1, 2], [0, 3], [2, 1]]):.4f}")
        0.1964
    """
    rows = [_as_counts(row, i) for i, row in enumerate(counts)]
    if not rows:
        return None
    raters, subjects = sum(rows[0]), len(rows)
    _check_even(rows, raters)
    agreed = sum(count * (count - 1) for row in rows for count in row)
    by_chance = sum(sum(column) ** 2 for column in zip(*rows, strict=True))
    # Both in units of chance's denominator, (subjects * raters)^2: no rounding before the end.
    scaled = Fraction(agreed * subjects * raters, raters - 1)
    return _beyond(scaled, by_chance, of=(subjects * raters) ** 2)


def _as_counts(row: Any, place: int) -> list[int]:
    where = f"counts[{place}]"
    if isinstance(row, str | bytes | Mapping) or not isinstance(row, Iterable):
        raise InvalidValue(expected="counts by category", got=_text.kind_of(row), where=where)
    try:
        taken = [whole_number(count) for count in row]
    except InvalidValue as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where=where) from None
    if any(count < 0 for count in taken):
        raise InvalidValue(expected="counts from 0 on", got="a negative one", where=where)
    return taken


def _check_even(rows: list[list[int]], raters: int) -> None:
    if raters < _PAIR:
        raise InvalidValue(expected="two raters or more", got=f"{raters}", where="counts[0]")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]) or sum(row) != raters:
            expected = f"{len(rows[0])} categories and {raters} raters, as in counts[0]"
            got = f"{len(row)} and {sum(row)}"
            raise InvalidValue(expected=expected, got=got, where=f"counts[{i}]")


@attrs.frozen(kw_only=True)
class RepAgreement:
    """
    How far one rep agrees with the definition.

    Args:
        rep: Who.
        agreement: The same answer, of all leads that both have decided.
        too_easy: Leads the rep takes although the definition says no.
        too_strict: Leads the rep turns down although the definition says yes.
        undecided: Leads the rep has answered and the definition has not.
    """

    rep: str
    agreement: Rate
    too_easy: int
    too_strict: int
    undecided: int


@attrs.frozen(kw_only=True)
class DisputedLead:
    """
    A lead of which somebody says yes and somebody says no.

    Args:
        lead: Its id.
        yes: Reps who say yes.
        no: Reps who say no.
        definition: What the definition says; None while it is undecided.
    """

    lead: str
    yes: int
    no: int
    definition: bool | None

    @property
    def minority(self) -> Rate:
        """The reps on the smaller side, of all who answered: at most one half."""
        return Rate(min(self.yes, self.no), self.yes + self.no)

    @property
    def against(self) -> int:
        """Reps who contradict the definition."""
        return {True: self.no, False: self.yes, None: 0}[self.definition]


@attrs.frozen(kw_only=True, repr=False)
class Disagreements:
    """
    Where reps differ from each other and from the definition; made by :func:`disagreements`.

    Args:
        kappa: Among the reps, over the leads that all of them answered: Cohen's for two reps,
            Fleiss' for more; None where it says nothing.
        compared: The leads that *kappa* rests on; the others lack an answer.
        leads: All leads that anybody answered, or the definition decided.
        reps: Each rep against the definition, by name.
        disputed: The most disputed leads first: an even split of the reps, then the most against
            the definition, then by id.  Leads without any dispute are left out.
    """

    kappa: float | None
    compared: int
    leads: int
    reps: tuple[RepAgreement, ...]
    disputed: tuple[DisputedLead, ...]

    def __repr__(self) -> str:
        return f"<Disagreements of {_text.plural(len(self.reps), 'rep')} on {self._leads}>"

    @property
    def _leads(self) -> str:
        return _text.plural(self.leads, "lead")

    def __str__(self) -> str:
        kappa = "-" if self.kappa is None else f"{self.kappa:.3f}"
        known = f"kappa among reps: {kappa}, on {self.compared:,} of {self._leads}"
        parts = [known, _text.text_table(_REPS, [_rep_row(rep) for rep in self.reps])]
        if self.disputed:
            parts.append(_text.text_table(_LEADS, [_lead_row(lead) for lead in self.disputed]))
        return "\n\n".join(parts)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """The figures as plain data."""
        return attrs.asdict(self)


_REPS = ("rep", "agrees with the definition", "of", "too easy", "too strict", "undecided")
_LEADS = ("lead", "yes", "no", "definition")
_SHOWN = {True: "yes", False: "no", None: "?"}


def _rep_row(rep: RepAgreement) -> tuple[str, ...]:
    counts = (rep.agreement.n, rep.too_easy, rep.too_strict, rep.undecided)
    return (rep.rep, str(rep.agreement), *(f"{count:,}" for count in counts))


def _lead_row(lead: DisputedLead) -> tuple[str, ...]:
    return lead.lead, f"{lead.yes:,}", f"{lead.no:,}", _SHOWN[lead.definition]


def disagreements(answers: Mapping[str, Answers], definition: Answers) -> Disagreements:
    """
    Set the answers of reps against each other and against the definition (003-26).

    Args:
        answers: Rep to lead to True for a lead, False for none; None, or no entry, if the rep has
            not answered.
        definition: Lead to what the definition says; None, or no entry, while it is undecided.

    Returns:
        Kappa, the agreement of each rep, and the leads to talk about, which print as tables.

    Raises:
        InvalidValue: An answer is neither yes nor no nor open.

    Example:
        >>> said = {"ana": {"L1": True, "L2": True}, "ben": {"L1": False, "L2": True}}
        >>> found = disagreements(said, {"L1": False, "L2": True})
        >>> [(rep.rep, rep.agreement.percent, rep.too_easy) for rep in found.reps]
        [('ana', '50.0 %', 1), ('ben', '100.0 %', 0)]
        >>> [lead.lead for lead in found.disputed]
        ['L1']
    """
    said = {name: _as_answers(given, f"answers[{name!r}]") for name, given in _reps(answers)}
    truth = _as_answers(definition, "definition")
    leads = sorted({*truth, *(lead for given in said.values() for lead in given)})
    votes = {lead: [given[lead] for given in said.values() if lead in given] for lead in leads}
    full = [vote for vote in votes.values() if len(vote) == len(said) >= _PAIR]
    disputed = [_lead(lead, vote, definition=truth.get(lead)) for lead, vote in votes.items()]
    return Disagreements(
        kappa=_kappa(full),
        compared=len(full),
        leads=len(leads),
        reps=tuple(_rep(name, given, truth) for name, given in said.items()),
        disputed=tuple(sorted(filter(_is_disputed, disputed), key=_most_disputed)),
    )


def _reps(answers: Any) -> list[tuple[str, Any]]:
    _fields.check_type(answers, Mapping, "answers")
    for name in answers:
        _fields.check_type(name, str, "answers")
    return sorted(answers.items())


def _as_answers(given: Any, where: str) -> dict[str, bool]:
    """The answers that were given; no answer is none."""
    _fields.check_type(given, Mapping, where)
    for lead, answer in given.items():
        _fields.check_type(lead, str, where)
        if answer is not None and not isinstance(answer, bool):
            expected = "True for a lead, False for none, None for no answer"
            raise InvalidValue(expected=expected, got=_text.kind_of(answer), where=where)
    return {lead: answer for lead, answer in given.items() if answer is not None}


def _kappa(votes: list[list[bool]]) -> float | None:
    if votes and len(votes[0]) == _PAIR:
        return cohen_kappa((one, other) for one, other in votes)
    return fleiss_kappa([sum(vote), len(vote) - sum(vote)] for vote in votes)


def _rep(name: str, given: dict[str, bool], truth: dict[str, bool]) -> RepAgreement:
    pairs = Counter((answer, truth[lead]) for lead, answer in given.items() if lead in truth)
    agreed = pairs[True, True] + pairs[False, False]
    return RepAgreement(
        rep=name,
        agreement=Rate(agreed, pairs.total()),
        too_easy=pairs[True, False],
        too_strict=pairs[False, True],
        undecided=len(given) - pairs.total(),
    )


def _lead(lead: str, vote: list[bool], *, definition: bool | None) -> DisputedLead:
    yes = sum(vote)
    return DisputedLead(lead=lead, yes=yes, no=len(vote) - yes, definition=definition)


def _is_disputed(lead: DisputedLead) -> bool:
    return bool(lead.minority.k or lead.against)


def _most_disputed(lead: DisputedLead) -> tuple[Fraction, int, str]:
    return -Fraction(lead.minority.k, lead.minority.n), -lead.against, lead.lead
