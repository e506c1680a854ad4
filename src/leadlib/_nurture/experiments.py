"""
Experiments: who is nurtured how, and who is not at all, by lots that anybody can draw again.

The lot of a lead is a hash of the experiment and its id, so that every process, machine and version
draws the same one, in any order, and nothing has to be stored.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from itertools import accumulate
from typing import Any

import attrs

from leadlib import _fields, _text, limits
from leadlib.errors import InvalidValue, LimitExceeded
from leadlib.model import Lead

__all__ = ["HOLDOUT", "Experiment"]

HOLDOUT = "hold-out"
"""The arm of those who are left alone."""

_ALL = 2**256
_MOST = 1_000_000
_NOBODY = Fraction(0)
_ONE_ARM: Mapping[str, int] = {"nurtured": 1}


def _as_weight(value: object) -> int:
    if isinstance(value, int) and _fields.is_whole(value) and 0 < value <= _MOST:
        return value
    expected = f"a whole number from 1 to {_MOST:,}"
    raise InvalidValue(expected=expected, got=_text.kind_of(value))


def _as_arms(arms: Mapping[str, int]) -> Mapping[str, int]:
    """By name: an order that nobody sees decides nothing."""
    named = _fields.by_name(arms, _as_weight)
    if not named or HOLDOUT in named:
        raise InvalidValue(expected=f"arms other than {HOLDOUT!r}", got="none, or that one")
    if len(named) > limits.RATES:
        raise LimitExceeded(expected=f"at most {limits.RATES} arms", got=str(len(named)))
    return _fields.FrozenDict(sorted(named.items()))


def _as_share(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | Fraction):
        raise InvalidValue(expected=_SHARE, got=_text.kind_of(value))
    share = value if isinstance(value, Fraction) else Fraction(_fields.finite(value))
    if not 0 <= share < 1:
        raise InvalidValue(expected=_SHARE, got="another number")
    return share


_SHARE = "a share from 0 to below 1"


@attrs.frozen(field_transformer=_fields.placed)
class Experiment:
    """
    A test of cadences or contents, with a hold-out that gets nothing.

    A lead keeps its arm for as long as the experiment keeps its name and its arms.  A larger
    hold-out takes in more leads and lets none go, and no lead changes between the other arms.

    Args:
        name: Such as ``welcome 2026``; another name draws anew.
        arms: Name to weight: whole numbers, such as ``{"short": 1, "long": 2}``.
        holdout: The share that is left alone, exact: ``0.1``, ``Fraction(1, 3)``.

    Raises:
        InvalidValue: No arms, or weights or a share that are none.
        LimitExceeded: More than 100 arms.

    Source:
        Issue 6: uplift is measured against a randomised hold-out.

    Example:
        >>> test = Experiment("welcome 2026", arms={"short": 1, "long": 1}, holdout=0.1)
        >>> test.arm("i-1"), test.arm("i-2")
        ('hold-out', 'long')
        >>> {name: str(share) for name, share in test.shares.items()}
        {'hold-out': '1/10', 'long': '9/20', 'short': '9/20'}
    """

    name: str = attrs.field(converter=_fields.identifier)
    arms: Mapping[str, int] = attrs.field(
        default=_ONE_ARM, converter=_as_arms, kw_only=True, hash=False
    )
    holdout: Fraction = attrs.field(default=_NOBODY, converter=_as_share, kw_only=True)

    @property
    def shares(self) -> Mapping[str, Fraction]:
        """What share of all leads each arm is expected to get; exactly one together."""
        total = sum(self.arms.values())
        shares = {name: (1 - self.holdout) * Fraction(n, total) for name, n in self.arms.items()}
        return _fields.FrozenDict({HOLDOUT: self.holdout} | shares if self.holdout else shares)

    def arm(self, lead: Lead | str) -> str:
        """
        Give the arm of a lead.

        Args:
            lead: The lead or its id; the lead that goes on, if several were merged.
        """
        key = lead.id if isinstance(lead, Lead) else _fields.identifier(lead)
        if self._lot("holdout", key) * self.holdout.denominator < self.holdout.numerator * _ALL:
            return HOLDOUT
        place = self._lot("arm", key) * sum(self.arms.values()) // _ALL
        return [*self.arms][bisect_right([*accumulate(self.arms.values())], place)]

    def assign(self, leads: Iterable[Lead | str]) -> Mapping[str, str]:
        """Give the arm of each lead by its id, in their order, for `leadlib.metrics.uplift`."""
        given: Any = leads
        if isinstance(given, str | Lead) or not isinstance(given, Iterable):
            raise InvalidValue(expected="leads", got=_text.kind_of(leads), where="leads")
        keys = (lead.id if isinstance(lead, Lead) else _fields.identifier(lead) for lead in leads)
        return {key: self.arm(key) for key in keys}

    def _lot(self, what: str, key: str) -> int:
        """From 0 to 2**256, exclusive.  No name can hold a NUL, so that no two texts are one."""
        text = f"leadlib experiment\0{what}\0{self.name}\0{key}"
        return int.from_bytes(sha256(text.encode()).digest(), "big")
