"""One proportion: the exact interval."""

from __future__ import annotations

from scipy.special import betaincinv


def clopper_pearson(successes: float, n: float, *, confidence: float) -> tuple[float, float]:
    """Return the two-sided exact interval of successes/n.

    Args:
        successes: In [0, n]; may be fractional, as at an effective number of items.
        n: Count of items, n > 0.
        confidence: Two-sided, in (0, 1).

    Raises:
        ValueError: On numbers outside these ranges.

    Source: Clopper and Pearson (1934), Biometrika 26:404-413; fractional counts: Korn and Graubard
    (1998), Survey Methodology 24:193-201.

    """
    if not (n > 0 and 0 <= successes <= n and 0 < confidence < 1):
        raise ValueError(f"no proportion has {successes} of {n} at confidence {confidence}")
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return low, high
