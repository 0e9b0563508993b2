"""Paired proportions: the score interval for their difference."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import ndtri

_BISECTIONS = 80


def tango_interval(b: float, c: float, n: float, *, confidence: float) -> tuple[float, float]:
    """Return the two-sided score interval of (b - c)/n.

    Args:
        b: Count of pairs in which only the first is a success; may be fractional (means of counts).
        c: Count of pairs in which only the second is.
        n: Count of pairs, n > 0, b + c <= n.
        confidence: Two-sided, in [0, 1).

    Raises:
        ValueError: On numbers outside these ranges, NaN among them.

    Source: Tango (1998), Statistics in Medicine 17:891-908, equations 15 to 17.

    """
    if not (0 < n < math.inf and b >= 0 and c >= 0 and b + c <= n * (1 + 1e-12)):
        raise ValueError(f"no paired table has b = {b}, c = {c}, n = {n}")
    if not 0 <= confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    z = float(ndtri((1 + confidence) / 2))
    estimate = (b - c) / n
    low = _root(lambda d: _score(b, c, n, d) - z, -1.0, estimate)
    high = _root(lambda d: _score(b, c, n, d) + z, estimate, 1.0)
    return low, high


def _score(b: float, c: float, n: float, d: float) -> float:
    """Return Tango's statistic for H0: difference = d; it falls as d rises."""
    linear = -b - c + (2 * n - b + c) * d
    constant = -c * d * (1 - d)
    q = (math.sqrt(max(linear * linear - 8 * n * constant, 0.0)) - linear) / (4 * n)
    variance = n * (2 * q + d * (1 - d))
    numerator = b - c - n * d
    if variance <= 0:
        return math.copysign(math.inf, numerator) if numerator else 0.0
    return numerator / math.sqrt(variance)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2
