"""Paired proportions: tests and intervals for their difference.

The table of n pairs: `a` both succeed, `b` only the first, `c` only the second, `d` neither. The
difference is (b - c)/n.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, ndtri

Array = npt.NDArray[np.float64]
Numbers = TypeVar("Numbers", float, Array)

_BISECTIONS = 80


class McNemar(NamedTuple):
    """Two-sided p-values of H0: both arms succeed equally often. A large one is not parity."""

    exact_p: float
    mid_p: float


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
    z = _critical(b, c, n, confidence)
    estimate = (b - c) / n
    low = _root(lambda d: _score(b, c, n, d) - z, -1.0, estimate)
    high = _root(lambda d: _score(b, c, n, d) + z, estimate, 1.0)
    return low, high


def tango_score(
    b: npt.ArrayLike, c: npt.ArrayLike, n: npt.ArrayLike, margin: npt.ArrayLike
) -> Array:
    """Return the score statistic z of H0: the difference is `margin`; it falls as `margin` rises.

    The one-sided p against a difference that is not above `margin` is 1 - Phi(z).

    Args:
        b: Counts of pairs in which only the first is a success.
        c: Counts of pairs in which only the second is.
        n: Counts of pairs, n > 0, b + c <= n.
        margin: Signed, in [-1, 1]: -0.1 asks whether the first is worse by less than 0.1.

    Returns:
        The shape to which the arguments broadcast; infinite where H0 allows no other table.

    Raises:
        ValueError: On numbers outside these ranges, NaN among them.

    Source: Tango (1998), Statistics in Medicine 17:891-908, equations 15 to 17.

    """
    table = [np.asarray(count, dtype=np.float64) for count in (b, c, n)]
    first, second, pairs, d = np.broadcast_arrays(*table, np.asarray(margin, dtype=np.float64))
    possible = (pairs > 0) & (pairs < np.inf) & (first >= 0) & (second >= 0)
    if not np.all(possible & (first + second <= pairs * (1 + 1e-12))):
        raise ValueError("no paired table has these b, c and n")
    if not np.all(np.abs(d) <= 1):
        raise ValueError("a margin must lie between -1 and 1")
    numerator, variance = _moments(first, second, pairs, d, lambda x: np.sqrt(np.maximum(x, 0.0)))
    z = np.where(numerator == 0, 0.0, np.copysign(np.inf, numerator))
    sd = np.sqrt(np.maximum(variance, 0.0))
    return np.asarray(np.divide(numerator, sd, out=z, where=variance > 0))


def newcombe_interval(
    a: float, b: float, c: float, d: float, *, confidence: float
) -> tuple[float, float]:
    """Return the two-sided square-and-add interval of (b - c)/n.

    Args:
        a: Count of pairs in which both are a success.
        b: Count of pairs in which only the first is.
        c: Count of pairs in which only the second is.
        d: Count of pairs in which neither is; a + b + c + d > 0.
        confidence: Two-sided, in [0, 1).

    Raises:
        ValueError: On numbers outside these ranges, NaN among them.

    Source: Newcombe (1998), Statistics in Medicine 17:2635-2650, method 10; the margins' intervals
    are those of Wilson (1927), Journal of the American Statistical Association 22:209-212.

    """
    n = a + b + c + d
    if not min(a, d) >= 0:
        raise ValueError(f"no paired table has a = {a}, b = {b}, c = {c}, d = {d}")
    z = _critical(b, c, n, confidence)
    below, above = _wilson_reach(a + b, n, z)
    other_below, other_above = _wilson_reach(a + c, n, z)
    phi = _corrected_phi(a, b, c, d)
    estimate = (b - c) / n
    return (
        max(estimate - _third_side(below, other_above, phi), -1.0),
        min(estimate + _third_side(above, other_below, phi), 1.0),
    )


def bonett_price_interval(
    b: float, c: float, n: float, *, confidence: float
) -> tuple[float, float]:
    """Return the two-sided Laplace-adjusted Wald interval of (b - c)/n, within [-1, 1].

    Args:
        b: Count of pairs in which only the first is a success.
        c: Count of pairs in which only the second is.
        n: Count of pairs, n > 0, b + c <= n.
        confidence: Two-sided, in [0, 1).

    Raises:
        ValueError: On numbers outside these ranges, NaN among them.

    Source: Bonett and Price (2012), Journal of Educational and Behavioral Statistics 37:479-488.

    """
    z = _critical(b, c, n, confidence)
    centre, discordance = (b - c) / (n + 2), (b + c + 2) / (n + 2)
    half = z * math.sqrt((discordance - centre * centre) / (n + 2))
    return max(centre - half, -1.0), min(centre + half, 1.0)


def mcnemar(b: int, c: int) -> McNemar:
    """Return the exact conditional and the mid-p test of equal success; 1 without discordance.

    Args:
        b: Count of pairs in which only the first is a success.
        c: Count of pairs in which only the second is.

    Raises:
        ValueError: On counts that are negative or not whole.

    Source: McNemar (1947), Psychometrika 12:153-157; mid-p: Fagerland, Lydersen and Laake (2013),
    BMC Medical Research Methodology 13:91.

    """
    if not all(0 <= count < math.inf and count == int(count) for count in (b, c)):
        raise ValueError(f"discordant pairs are counted, not b = {b}, c = {c}")
    n, fewer = int(b + c), int(min(b, c))
    at_most = float(bdtr(fewer, n, 0.5))
    fewer_still = float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0
    mid = at_most + fewer_still
    if b == c and n > 0:  # both tails meet in the one table, which counts half
        mid = 1 - (at_most - fewer_still) / 2
    return McNemar(min(1.0, 2 * at_most), min(1.0, mid))


def _critical(b: float, c: float, n: float, confidence: float) -> float:
    """Return the two-sided normal quantile, once the table and the confidence make sense."""
    if not (0 < n < math.inf and b >= 0 and c >= 0 and b + c <= n * (1 + 1e-12)):
        raise ValueError(f"no paired table has b = {b}, c = {c}, n = {n}")
    if not 0 <= confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    return float(ndtri((1 + confidence) / 2))


def _score(b: float, c: float, n: float, d: float) -> float:
    """Return `tango_score` of plain numbers, many times faster: an interval takes over 100."""
    numerator, variance = _moments(b, c, n, d, lambda x: math.sqrt(max(x, 0.0)))
    if variance <= 0:
        return math.copysign(math.inf, numerator) if numerator else 0.0
    return numerator / math.sqrt(variance)


def _moments(
    b: Numbers, c: Numbers, n: Numbers, d: Numbers, root: Callable[[Numbers], Numbers]
) -> tuple[Numbers, Numbers]:
    """Return b - c less its mean were the difference d, and its variance then."""
    linear = -b - c + (2 * n - b + c) * d
    constant = -c * d * (1 - d)
    q = (root(linear * linear - 8 * n * constant) - linear) / (4 * n)
    return b - c - n * d, n * (2 * q + d * (1 - d))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _wilson_reach(successes: float, n: float, z: float) -> tuple[float, float]:
    """Return how far Wilson's interval of successes/n reaches below and above the share."""
    share = successes / n
    centre = (successes + z * z / 2) / (n + z * z)
    half = z * math.sqrt(n * share * max(1 - share, 0.0) + z * z / 4) / (n + z * z)
    return max(share - centre + half, 0.0), max(centre + half - share, 0.0)


def _corrected_phi(a: float, b: float, c: float, d: float) -> float:
    """Return the correlation of the two successes, brought towards 0 where it is positive."""
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins <= 0:
        return 0.0
    product = a * d - b * c
    if product > 0:
        product = max(product - (a + b + c + d) / 2, 0.0)
    return product / math.sqrt(margins)


def _third_side(first: float, second: float, cosine: float) -> float:
    """Return the length of first - second where `cosine` is their correlation."""
    return math.sqrt(max(first * first - 2 * cosine * first * second + second * second, 0.0))
