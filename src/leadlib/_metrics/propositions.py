"""Propositions: does an idea resonate with those it is meant for, and who has not been asked?"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import attrs

from leadlib import _fields, _text
from leadlib._metrics.offers import plain
from leadlib._rates import Comparison, Rate, compare
from leadlib._results import Result
from leadlib.errors import InvalidValue

__all__ = ["Panel", "Proposition", "Resonance", "proposition"]


class Panel(StrEnum):
    """
    Whom a fresh idea is tried on.

    Source:
        Seed 004: the channel, customers, the sales team, and those who are no customers.

    Example:
        >>> print(Panel.NON_CUSTOMERS)
        non-customers
    """

    CHANNEL = "channel"
    CUSTOMERS = "customers"
    SALES = "sales"
    NON_CUSTOMERS = "non-customers"


class Resonance(StrEnum):
    """
    What a test shows.

    Example:
        >>> print(Resonance.RESONATES)
        resonates
    """

    RESONATES = "resonates"
    FALLS_FLAT = "falls flat"
    NOT_DISTINGUISHABLE = "not distinguishable"


def _as_panels(panels: Iterable[Panel]) -> frozenset[Panel]:
    if isinstance(panels, str) or not isinstance(panels, Iterable):
        raise InvalidValue(expected="panels", got=_text.kind_of(panels))
    return frozenset(
        _fields.member(Panel, panel, expected="a panel", where="$.panels") for panel in panels
    )


@attrs.frozen(kw_only=True, field_transformer=_fields.placed)
class Proposition(Result):
    """
    A proposition that was tried on its audience; made by :func:`proposition`.

    Args:
        tried: Who responded of those who saw it.
        control: Who responded of those who saw what there was before.
        panels: Whom the idea was tried on before.
    """

    tried: Rate = attrs.field(validator=_fields.is_a(Rate))
    control: Rate = attrs.field(validator=_fields.is_a(Rate))
    panels: frozenset[Panel] = attrs.field(default=frozenset(), converter=_as_panels)

    @property
    def comparison(self) -> Comparison:
        """The new against the old, with interval and test."""
        return compare(self.tried, self.control)

    @property
    def resonance(self) -> Resonance:
        """Whether more respond than to the old, fewer, or whether chance alone explains it."""
        if not self.comparison.is_significant:
            return Resonance.NOT_DISTINGUISHABLE
        better = (self.comparison.difference or 0) > 0
        return Resonance.RESONATES if better else Resonance.FALLS_FLAT

    @property
    def missing(self) -> tuple[Panel, ...]:
        """The panels that nobody has asked, in the order of :class:`Panel`."""
        return tuple(panel for panel in Panel if panel not in self.panels)

    def __str__(self) -> str:
        gaps = f"; not asked: {', '.join(self.missing)}" if self.missing else ""
        return f"{self.resonance}: {self.comparison}{gaps}"

    def to_dict(self) -> dict[str, Any]:
        """The test as plain data."""
        found = self.comparison
        return {
            "tried": plain(self.tried),
            "control": plain(self.control),
            "difference": found.difference,
            "interval": list(found.interval) if found.interval else None,
            "test": found.test,
            "p": found.p_value,
            "resonance": self.resonance.value,
            "missing": [panel.value for panel in self.missing],
        }


def proposition(tried: Rate, control: Rate, *, panels: Iterable[Panel | str] = ()) -> Proposition:
    """
    Say whether a proposition resonates with its audience, and on whom it has not been tried.

    Args:
        tried: Who responded of those who saw it.
        control: Who responded of those who saw what there was before; drawn by lot, as
            ``leadlib.nurture.Experiment`` does.
        panels: Whom the idea was tried on: channel, customers, sales, non-customers.

    Raises:
        InvalidValue: No rates, or no panels.
        UnknownName: No such panel.

    Source:
        Seed 004: have you tested that it resonates with the intended audience?

    Example:
        >>> asked = ["channel", "customers", "sales"]
        >>> print(proposition(Rate(27, 260), Rate(12, 240), panels=asked))
        resonates: 27 of 260 (10.4 %) against 12 of 240 (5.0 %): +5.38 points [+0.65, +10.18], \
p 0.0249 (z test), significant; not asked: non-customers
    """
    named = _as_panels(panels)  # type: ignore[arg-type]  # by their words, too
    return Proposition(tried=tried, control=control, panels=named)
