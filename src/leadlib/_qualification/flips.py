"""
Two definitions on one history: who flips, and which of them hands off better.

Both judge the same past leads anew, so their figures may be set side by side (003-30).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, tzinfo
from functools import cached_property
from html import escape
from itertools import product
from math import exp, lgamma, log
from typing import Any

import attrs

from leadlib import _text
from leadlib._qualification.backtest import BackTest, back_test, rate_to_dict
from leadlib._qualification.definition import LeadDefinition
from leadlib._qualification.past import Ends, JudgedLead, PastLead
from leadlib._qualification.verdict import Outcome
from leadlib._rates import Comparison, compare
from leadlib.errors import DefinitionMismatch

__all__ = ["Flip", "Flips", "compare_definitions", "exact_mcnemar"]


@attrs.frozen(kw_only=True)
class Flip:
    """
    The past leads that go from one verdict to another, and how they ended.

    Args:
        before: What the old definition says.
        after: What the new one says.
        leads: Their ids.
        ends: How they ended.
    """

    before: Outcome
    after: Outcome
    leads: tuple[str, ...]
    ends: Ends


@attrs.frozen(kw_only=True, repr=False, slots=False)
class Flips:
    """
    Two definitions on one history: who flips, and which hands off better.

    Both judged the same leads, so their precisions rest on leads in common and are no independent
    samples.  What can be compared are leads that only one of them hands off.

    Args:
        old: The back-test of the old definition.
        new: The back-test of the new one, on the same history.

    Raises:
        DefinitionMismatch: The two back-tests are of different histories.
    """

    old: BackTest
    new: BackTest

    def __attrs_post_init__(self) -> None:
        if self.old.fingerprint != self.new.fingerprint:
            expected = "two definitions on one history"
            got = f"{self.old.definition.title} on one and {self.new.definition.title} on another"
            raise DefinitionMismatch(expected=expected, got=got, where="fingerprint")

    @cached_property
    def flips(self) -> tuple[Flip, ...]:
        """Who flips, from which verdict to which, in the order of the verdicts."""
        return tuple(self._flips())

    def _flips(self) -> Iterator[Flip]:
        groups: dict[tuple[Outcome, Outcome], list[JudgedLead]] = {}
        for old, new in self._pairs:
            groups.setdefault((old.outcome, new.outcome), []).append(new)
        for before, after in product(Outcome, Outcome):
            leads = groups.get((before, after), [])
            if leads and before is not after:
                ids = tuple(lead.id for lead in leads)
                yield Flip(before=before, after=after, leads=ids, ends=Ends.of(leads))

    @property
    def _pairs(self) -> Iterator[tuple[JudgedLead, JudgedLead]]:
        return zip(self.old.judged, self.new.judged, strict=True)

    def __len__(self) -> int:
        return sum(len(flip.leads) for flip in self.flips)

    # -- what it does to the hand-offs --

    @cached_property
    def kept(self) -> Ends:
        """Those that both hand off."""
        return self._handed_off(by_old=True, by_new=True)

    @cached_property
    def added(self) -> Ends:
        """Those that only the new one hands off."""
        return self._handed_off(by_old=False, by_new=True)

    @cached_property
    def dropped(self) -> Ends:
        """Those that only the old one hands off."""
        return self._handed_off(by_old=True, by_new=False)

    def _handed_off(self, *, by_old: bool, by_new: bool) -> Ends:
        return Ends.of(
            after
            for before, after in self._pairs
            if (before.outcome is Outcome.QUALIFIED) is by_old
            and (after.outcome is Outcome.QUALIFIED) is by_new
        )

    @property
    def dropped_against_kept(self) -> Comparison:
        """Whether what the new one drops was won less often than what both hand off."""
        return compare(self.dropped.rate, self.kept.rate)

    @property
    def added_against_kept(self) -> Comparison:
        """Whether what the new one adds was won less often than what both hand off."""
        return compare(self.added.rate, self.kept.rate)

    @property
    def p_recall(self) -> float | None:
        """
        The two-sided p that the recalls differ by chance only; None if no won lead flips.

        Source:
            McNemar's exact test on the won leads, which both definitions judged: a won lead that
            flips would go either way with even odds.
        """
        return exact_mcnemar(self.added.won, self.dropped.won)

    # -- how it prints --

    def __repr__(self) -> str:
        old, new = self.old.definition.title, self.new.definition.title
        flip = "flips" if len(self) == 1 else "flip"
        count = _text.plural(len(self.old.judged), "past lead")
        return f"<Flips from {old} to {new}: {len(self):,} of {count} {flip}>"

    def __str__(self) -> str:
        lines = [repr(self)[1:-1], "", *self._table(), *self._figures()]
        return "\n".join(lines)

    def _table(self) -> Iterator[str]:
        if self.flips:
            rows = [
                (f.before, f.after, *(f"{n:,}" for n in (len(f.leads), *attrs.astuple(f.ends))))
                for f in self.flips
            ]
            yield _text.text_table(_HEAD, rows, left=2)
            yield ""

    def _figures(self) -> Iterator[str]:
        old, new = self.old, self.new
        yield f"precision: {old.precision} before, {new.precision} after"
        yield f"recall: {old.recall} before, {new.recall} after{self._chance()}"
        for name, comparison in self._compared():
            yield f"{name} against kept: {comparison}"

    def _chance(self) -> str:
        if self.p_recall is None:
            return ""
        p = f"p {self.p_recall:.4f}" if self.p_recall >= _SHOWN else f"p < {_SHOWN}"
        return f", {p} (McNemar's exact test)"

    def _compared(self) -> Iterator[tuple[str, Comparison]]:
        if self.added.closed:
            yield "added", self.added_against_kept
        if self.dropped.closed:
            yield "dropped", self.dropped_against_kept

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def to_dict(self) -> dict[str, Any]:
        """Who flips and what it changes, as plain data; ids, and no facts."""
        tests = {"old": self.old, "new": self.new}
        return {
            "fingerprint": self.old.fingerprint,
            **{name: _figures_of(test) for name, test in tests.items()},
            "flips": [attrs.asdict(flip) | _verdicts(flip) for flip in self.flips],
            "kept": attrs.asdict(self.kept),
            "added": attrs.asdict(self.added),
            "dropped": attrs.asdict(self.dropped),
            "p_recall": self.p_recall,
        }


_SHOWN = 0.0001
_HEAD = ("before", "after", "leads", "won", "lost", "open")


def _figures_of(test: BackTest) -> dict[str, Any]:
    return {
        "definition": test.definition.title,
        "content_hash": test.definition.content_hash,
        "precision": rate_to_dict(test.precision),
        "recall": rate_to_dict(test.recall),
    }


def _verdicts(flip: Flip) -> dict[str, Any]:
    return {"before": flip.before.value, "after": flip.after.value, "leads": list(flip.leads)}


def exact_mcnemar(one: int, other: int) -> float | None:
    """
    The two-sided p of so many pairs that differ one way and so many the other way.

    Source:
        McNemar (1947); the exact form is the sign test, a binomial with even odds.
    """
    low, both = min(one, other), one + other
    if not both:
        return None
    likelihood = lgamma(both + 1) - lgamma(low + 1) - lgamma(both - low + 1) - both * log(2)
    total = weight = 1.0
    for count in range(low, 0, -1):  # the tail below, each term as a share of the one above it
        weight *= count / (both - count + 1)
        total += weight
        if weight < _NOTHING:
            break
    return min(2 * exp(likelihood) * total, 1.0)


_NOTHING = 1e-17


def compare_definitions(
    old: LeadDefinition,
    new: LeadDefinition,
    past: Iterable[PastLead],
    *,
    capacity: int | None = None,
    zone: tzinfo = UTC,
) -> Flips:
    """
    Judge one history by two definitions, and say who flips.

    Args:
        old: The one in force, or any other.
        new: The one to try.
        past: See :func:`back_test`.
        capacity: Leads that sales can touch in a week.
        zone: Whose weeks are counted.

    Example:
        >>> from leadlib import Field
        >>> staff = Field("staff", int)
        >>> history = [
        ...     PastLead(id="a", values={"staff": 60}, won=False),
        ...     PastLead(id="b", values={"staff": 90}, won=True),
        ... ]
        >>> old = LeadDefinition("d", staff >= 50)
        >>> flips = compare_definitions(old, old.revised(qualify=staff >= 80), history)
        >>> flips
        <Flips from d v1 to d v2: 1 of 2 past leads flips>
        >>> print(flips.dropped)
        0 won, 1 lost, 0 open
    """
    leads = tuple(past)
    return Flips(
        old=back_test(old, leads, capacity=capacity, zone=zone),
        new=back_test(new, leads, capacity=capacity, zone=zone),
    )
