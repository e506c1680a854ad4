"""The tails of distributions: how probable it is that chance alone goes at least as far."""

from math import erfc, exp, fsum, lgamma, log, sqrt

__all__ = ["chi_square_tail"]


def chi_square_tail(chi2: float, df: int) -> float:
    """
    The chance of a larger χ² than *chi2*, from 0 on, with *df* degrees of freedom, from 1 on.

    The regularised upper incomplete gamma function of df / 2, which for whole degrees of freedom is
    a finite sum of positive terms: nothing cancels.  Linear in *df*.

    Source:
        Abramowitz, Stegun (1964), 26.4.4 and 26.4.5.
    """
    half = chi2 / 2
    if half == 0:
        return 1.0
    odd = df % 2
    powers = (odd / 2 + i for i in range(df // 2))
    terms = (exp(power * log(half) - half - lgamma(power + 1)) for power in powers)
    return min(fsum([erfc(sqrt(half)) if odd else 0.0, *terms]), 1.0)
