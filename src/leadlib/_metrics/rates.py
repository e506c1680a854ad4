"""Rates that never travel without their count, base and interval."""

from math import sqrt

import attrs

from leadlib.errors import InvalidValue

__all__ = ["Rate", "wilson_interval"]

_Z = 1.959963984540054  # two-sided 95 %
_MANY = 1_000


def wilson_interval(k: int, n: int) -> tuple[float, float]:
    """
    The 95 % score interval of *k* among *n*.

    Args:
        k: Successes, from 0 to n.
        n: Trials, at least 1.

    Returns:
        Lower and upper bound in [0, 1].

    Source:
        Wilson's interval without continuity correction; Newcombe, Statist. Med. 17 (1998) 857,
        method 3.

    Example:
        >>> low, high = wilson_interval(60, 400)
        >>> print(f"{low:.6f} {high:.6f}")
        0.118345 0.188314
    """
    if not 0 <= k <= n or n == 0:
        raise InvalidValue(expected="0 <= k <= n and n > 0", got=f"k = {k}, n = {n}")
    p, z2 = k / n, _Z * _Z
    middle = p + z2 / (2 * n)
    half = _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return 0.0 if k == 0 else max(low, 0.0), 1.0 if k == n else min(high, 1.0)


@attrs.frozen(order=False)
class Rate:
    """
    A share with what it is a share of.

    Args:
        k: How many.
        n: Of how many.

    Raises:
        InvalidValue: More than all, or fewer than none.

    Example:
        >>> print(Rate(842, 8000))
        10.525 % [9.871, 11.217]
        >>> print(Rate(0, 0))
        -
    """

    k: int
    n: int

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.k <= self.n:
            raise InvalidValue(expected="0 <= k <= n", got=f"k = {self.k}, n = {self.n}")

    @property
    def value(self) -> float | None:
        """The share from 0 to 1; None of nothing."""
        return self.k / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % Wilson interval; None of nothing."""
        return wilson_interval(self.k, self.n) if self.n else None

    @property
    def percent(self) -> str:
        """
        The share for people: one digit after the point, three once a thousand stand behind it.
        """
        return "-" if self.value is None else f"{self._shown(self.value)} %"

    @property
    def bounds(self) -> str:
        """The interval for people, in percent."""
        if self.interval is None:
            return "-"
        low, high = self.interval
        return f"[{self._shown(low)}, {self._shown(high)}]"

    def _shown(self, share: float) -> str:
        return f"{100 * share:.{3 if self.n >= _MANY else 1}f}"

    def __str__(self) -> str:
        return f"{self.percent} {self.bounds}" if self.n else "-"
