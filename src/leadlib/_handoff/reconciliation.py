"""Reconciliation: what goes in must come out, at every hand-over from system to system."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._markup import on_one_line
from leadlib._rates import Rate
from leadlib.errors import ConflictError, InvalidValue

__all__ = ["HandOver", "Reconciliation", "reconcile"]


@attrs.frozen(kw_only=True, repr=False)
class HandOver:
    """
    What became of the ids from one step to the next; made by :func:`reconcile`.

    Args:
        before: The name of the step that handed over.
        after: The name of the step that took.
        sent: How many different ids the first one has.
        missing: The ids that did not arrive, in order.
        extra: The ids that came from nowhere, in order.
        twice: The ids that arrived more than once, in order.
    """

    before: str
    after: str
    sent: int
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()

    @property
    def arrived(self) -> Rate:
        """Those that arrived, of all that were sent."""
        return Rate(self.sent - len(self.missing), self.sent)

    @property
    def is_clean(self) -> bool:
        """Whether each id arrived, once, and no other did."""
        return not (self.missing or self.extra or self.twice)

    def __repr__(self) -> str:
        counts = f"{len(self.missing):,} missing, {len(self.extra):,} extra"
        return f"<HandOver from {self.before} to {self.after}: {counts}, {len(self.twice):,} twice>"

    def __str__(self) -> str:
        head = f"{self.before} -> {self.after}: {self.arrived.k:,} of {self.sent:,} arrived"
        found = {"missing": self.missing, "from nowhere": self.extra, "twice": self.twice}
        lines = [f"  {_listed(name, ids)}" for name, ids in found.items() if ids]
        return "\n".join([on_one_line(head), *lines])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with all ids."""
        return {
            "before": self.before,
            "after": self.after,
            "sent": self.sent,
            "arrived": self.arrived.k,
            "missing": list(self.missing),
            "extra": list(self.extra),
            "twice": list(self.twice),
        }


_SHOWN = 20  # a page stays readable; all of them are in the value


def _listed(name: str, ids: Sequence[str]) -> str:
    more = len(ids) - _SHOWN
    rest = f" and {more:,} more" if more > 0 else ""
    return on_one_line(f"{len(ids):,} {name}: {', '.join(ids[:_SHOWN])}{rest}")


@attrs.frozen(kw_only=True, repr=False)
class Reconciliation:
    """
    All hand-overs along a way, in order; made by :func:`reconcile`.

    Args:
        counts: Each step with the number of its different ids.
        hand_overs: From each step to the next.
        twice: The ids that the first step itself holds more than once.
    """

    counts: Mapping[str, int] = attrs.field(hash=False)
    hand_overs: tuple[HandOver, ...]
    twice: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many ids went missing, all hand-overs together."""
        return sum(len(each.missing) for each in self.hand_overs)

    @property
    def is_clean(self) -> bool:
        """Whether nothing went missing, came from nowhere or came twice."""
        return not self.twice and all(each.is_clean for each in self.hand_overs)

    def __repr__(self) -> str:
        steps = _text.plural(len(self.counts), "step")
        return f"<Reconciliation of {steps}: {self.missing:,} missing>"

    def __str__(self) -> str:
        first = [_listed(f"twice in {next(iter(self.counts))}", self.twice)] if self.twice else []
        return "\n".join([*first, *map(str, self.hand_overs)])

    def to_dict(self) -> dict[str, Any]:
        """Plain data, with all ids."""
        return {
            "counts": dict(self.counts),
            "hand_overs": [each.to_dict() for each in self.hand_overs],
            "twice": list(self.twice),
        }


def reconcile(steps: Mapping[str, Iterable[str]]) -> Reconciliation:
    """
    Compare the ids that each system along the way holds: weak spots are at the hand-overs.

    Args:
        steps: Step by step in the order of the way, the name and its ids in any order.

    Returns:
        For each hand-over the ids that are missing, that came from nowhere, and that came twice.
        An id that one step lacks and a later one has is missing there and extra here: somebody
        went around.

    Raises:
        InvalidValue: Fewer than two steps, or ids that are none; the error names the place.

    Source:
        Seed 004: leads get lost where they pass through automation and hand-overs.

    Example:
        >>> form = [f"i-{n:03}" for n in range(500)]
        >>> print(reconcile({"form": form, "captured": form[3:], "CRM": form[3:498]}))
        form -> captured: 497 of 500 arrived
          3 missing: i-000, i-001, i-002
        captured -> CRM: 495 of 497 arrived
          2 missing: i-498, i-499
    """
    if not isinstance(steps, Mapping):
        raise InvalidValue(expected="steps with ids", got=_text.kind_of(steps), where="steps")
    held = {_step(name): _counted(ids, name) for name, ids in steps.items()}
    if len(held) < len(steps):
        got = "one in two spellings"
        raise ConflictError(expected="steps of different names", got=got, where="steps")
    if len(held) < _FEWEST:
        got = _text.plural(len(held), "step")
        raise InvalidValue(expected="at least two steps", got=got, where="steps")
    first = next(iter(held.values()))
    return Reconciliation(
        counts=_fields.FrozenDict({name: len(ids) for name, ids in held.items()}),
        hand_overs=tuple(_handed_over(*pair) for pair in pairwise(held.items())),
        twice=_more_than_once(first),
    )


_FEWEST = 2


def _step(name: object) -> str:
    try:
        return _fields.identifier(name)
    except InvalidValue as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where="steps") from None


def _counted(ids: Any, step: str) -> Counter[str]:
    """How often each id is there; one text would fall into its letters."""
    where = f"steps.{step}"
    if isinstance(ids, str | bytes | Mapping) or not isinstance(ids, Iterable):
        raise InvalidValue(expected="a list of ids", got=_text.kind_of(ids), where=where)
    counted: Counter[str] = Counter()
    for number, id_ in enumerate(ids):
        try:
            counted[_fields.identifier(id_)] += 1
        except InvalidValue as fault:
            place = f"{where}[{number}]"
            raise InvalidValue(expected=fault.expected, got=fault.got, where=place) from None
    return counted


def _handed_over(before: tuple[str, Counter[str]], after: tuple[str, Counter[str]]) -> HandOver:
    (before_name, sent), (after_name, taken) = before, after
    return HandOver(
        before=before_name,
        after=after_name,
        sent=len(sent),
        missing=tuple(sorted(sent.keys() - taken.keys())),
        extra=tuple(sorted(taken.keys() - sent.keys())),
        twice=_more_than_once(taken),
    )


def _more_than_once(counted: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(id_ for id_, count in counted.items() if count > 1))
