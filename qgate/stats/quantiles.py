"""Distribution-free bounds on a quantile."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr

Array = npt.NDArray[np.float64]


class QuantileBounds(NamedTuple):
    """One-sided bounds, in the samples' unit; None where there are too few samples for one."""

    low: float | None
    high: float | None


def quantile_bounds(
    samples: npt.ArrayLike, q: float, *, confidence: float, effective: float | None = None
) -> QuantileBounds:
    """Return the lower and the upper bound of a quantile, each holding with `confidence` alone.

    The bounds are order statistics whose ranks come from the binomial distribution, exact for
    independent samples of any distribution.

    Args:
        samples: Shape (n,), finite.
        q: Which quantile, in (0, 1).
        confidence: One-sided, in (0, 1).
        effective: How many independent samples these are worth, at most n (for autocorrelated
            samples); the ranks are found at this count and carried over in proportion, rounded
            outwards.

    Raises:
        ValueError: On values that are not finite, a negative `effective`, or q or confidence
            outside (0, 1).

    Source: Conover (1999), Practical Nonparametric Statistics, 3.2; Hahn and Meeker (1991), 5.2.

    """
    values = np.asarray(samples, dtype=np.float64).ravel()
    if not np.all(np.isfinite(values)):
        raise ValueError("samples must be finite")
    if effective is not None and not effective >= 0:
        raise ValueError(f"effective must be at least 0, not {effective}")
    n = values.size if effective is None else math.floor(min(values.size, effective))
    low, high = quantile_ranks(n, q, confidence=confidence)
    low_rank = None if low is None else max(1, math.floor(low * values.size / n))
    high_rank = None if high is None else min(values.size, math.ceil(high * values.size / n))
    wanted = sorted({rank - 1 for rank in (low_rank, high_rank) if rank is not None})
    if wanted:
        values = np.partition(values, wanted)
    return QuantileBounds(
        None if low_rank is None else float(values[low_rank - 1]),
        None if high_rank is None else float(values[high_rank - 1]),
    )


def quantile_ranks(n: int, q: float, *, confidence: float) -> tuple[int | None, int | None]:
    """Return the 1-based ranks, among n ordered samples, of the lower and the upper bound."""
    if not 0 < q < 1 or not 0 < confidence < 1:
        raise ValueError(f"q = {q} and confidence = {confidence} must lie between 0 and 1")
    if n < 1:
        return None, None
    low = _binomial_quantile(n, q, 1 - confidence)
    high = _binomial_quantile(n, q, confidence) + 1
    return (low if low >= 1 else None), (high if high <= n else None)


def samples_needed(q: float, *, confidence: float) -> int:
    """Return the smallest n whose largest sample is an upper bound of the quantile (Wilks 1941)."""
    n = max(1, math.ceil(math.log(1 - confidence) / math.log(q)))
    while quantile_ranks(n, q, confidence=confidence)[1] is None:
        n += 1
    return n


def effective_samples(exceeds: npt.ArrayLike, sessions: npt.ArrayLike) -> float:
    """Return how many independent samples a clustered indicator is worth, at most n.

    Args:
        exceeds: Shape (n,), 0 or 1: whether a sample lies above the quantile.
        sessions: Shape (n,): the session of each sample, the independent unit.

    The design effect is the variance of the mean between sessions over the binomial one
    (Woodruff 1952; Kish 1965, section 8.2); below 1 it is taken as 1. A single session shows
    nothing of how sessions differ: it is worth one sample.

    Raises:
        ValueError: On no samples, unequal shapes, or an indicator that is neither 0 nor 1.

    """
    indicator = np.asarray(exceeds, dtype=np.float64)
    labels = np.asarray(sessions)
    if indicator.ndim != 1 or indicator.size == 0 or indicator.shape != labels.shape:
        raise ValueError(f"exceeds has shape {indicator.shape}, sessions {labels.shape}")
    if not np.all((indicator == 0) | (indicator == 1)):
        raise ValueError("exceeds must be 0 or 1")
    _, member = np.unique(labels, return_inverse=True)
    sizes = np.bincount(member).astype(np.float64)
    n, clusters, p = indicator.size, sizes.size, float(indicator.mean())
    if clusters < 2:
        return 1.0
    if p in (0.0, 1.0):
        return float(n)
    residual = np.bincount(member, weights=indicator) - p * sizes
    between = clusters / (clusters - 1) * float(residual @ residual) / n**2
    return n / max(1.0, between / (p * (1 - p) / (n - 1)))


def _binomial_quantile(n: int, q: float, level: float) -> int:
    """Return the smallest k with P(Binomial(n, q) <= k) >= level."""
    below, k = -1, n
    while k - below > 1:
        middle = (below + k) // 2
        if float(bdtr(middle, n, q)) >= level:
            k = middle
        else:
            below = middle
    return k
