"""Distribution-free bounds on a quantile."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, betainc

Array = npt.NDArray[np.float64]

_FEWEST_TO_BATCH = 16
_TINY = 1e-300
"""Keeps the incomplete beta function defined where a count is 0."""


class QuantileBounds(NamedTuple):
    """One-sided bounds, in the samples' unit; None where there are too few samples for one."""

    low: float | None
    high: float | None


def quantile_bounds(samples: npt.ArrayLike, q: float, *, confidence: float) -> QuantileBounds:
    """Return the lower and the upper bound of a quantile, each holding with `confidence` alone.

    The bounds are order statistics whose ranks come from the binomial distribution, exact for
    independent samples of any distribution.

    Args:
        samples: Shape (n,), finite.
        q: Which quantile, in (0, 1).
        confidence: One-sided, in (0, 1).

    Raises:
        ValueError: On values that are not finite, or q or confidence outside (0, 1).

    Source: Conover (1999), Practical Nonparametric Statistics, 3.2; Hahn and Meeker (1991), 5.2.

    """
    values = _finite(samples)
    ranks = quantile_ranks(values.size, q, confidence=confidence)
    wanted = sorted({rank - 1 for rank in ranks if rank is not None})
    if wanted:
        values = np.partition(values, wanted)
    low, high = (None if rank is None else float(values[rank - 1]) for rank in ranks)
    return QuantileBounds(low, high)


def clustered_quantile_bounds(
    samples: npt.ArrayLike, sessions: npt.ArrayLike, q: float, *, confidence: float
) -> QuantileBounds:
    """Return bounds of a quantile of samples that are alike within their sessions.

    An ordered sample is an upper bound when the share of samples above it is shown to be at most
    1 - q by the exact binomial test at the number of independent samples that these are worth for
    that very share (and likewise below): a test inversion. Where few or none lie above, their
    dependence cannot be seen, so it is taken to be at least that about the median. With
    independent samples the ranks are those of `quantile_bounds`.

    Args:
        samples: Shape (n,), finite, in the order in which they were taken.
        sessions: Shape (n,): the session of each sample; see `effective_samples`.
        q: Which quantile, in (0, 1).
        confidence: One-sided, in (0, 1).

    Raises:
        ValueError: On values that are not finite, or q or confidence outside (0, 1).

    Source: Korn and Graubard (1998), Survey Methodology 24:193-201, for the test; Francisco and
    Fuller (1991), Annals of Statistics 19:454-469, for its inversion.

    """
    values = _finite(samples)
    n = values.size
    quantile_ranks(n, q, confidence=confidence)  # refuses q and confidence that make no sense
    member = _clusters(sessions, n)
    if member is None:
        return QuantileBounds(None, None)
    order = np.argsort(-values, kind="stable")
    descending = values[order]
    share = np.arange(n + 1) / n
    effects = _design_effects(member[order])
    worth = n / np.maximum(effects, effects[n // 2])
    at_most = betainc(worth * (1 - share) + _TINY, worth * share + 1, q)
    at_least = betainc(worth * share + _TINY, worth * (1 - share) + 1, 1 - q)
    # Descending value k has k samples above it, and k + 1 that are at least as large.
    unshown_above = np.flatnonzero(at_most[:n] > 1 - confidence)
    unshown_below = np.flatnonzero(at_least[1:] > 1 - confidence)
    last_above = int(unshown_above[0]) - 1 if unshown_above.size else n - 1
    first_below = int(unshown_below[-1]) + 1 if unshown_below.size else 0
    return QuantileBounds(
        float(descending[first_below]) if first_below < n else None,
        float(descending[last_above]) if last_above >= 0 else None,
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
    (Woodruff 1952; Kish 1965, section 8.2); below 1 it is taken as 1. A single session is divided
    into about sqrt(n) batches of consecutive samples, which stand in for sessions (batch means;
    Law and Kelton 2000, section 9.5.3).

    Raises:
        ValueError: On no samples, unequal shapes, or an indicator that is neither 0 nor 1.

    """
    indicator = np.asarray(exceeds, dtype=np.float64)
    shape = np.asarray(sessions).shape
    if indicator.ndim != 1 or indicator.size == 0 or indicator.shape != shape:
        raise ValueError(f"exceeds has shape {indicator.shape}, sessions {shape}")
    if not np.all((indicator == 0) | (indicator == 1)):
        raise ValueError("exceeds must be 0 or 1")
    member = _clusters(sessions, indicator.size)
    if member is None:
        return 1.0
    ordered = member[np.argsort(-indicator, kind="stable")]
    return indicator.size / float(_design_effects(ordered)[int(indicator.sum())])


def _finite(samples: npt.ArrayLike) -> Array:
    values = np.asarray(samples, dtype=np.float64).ravel()
    if not np.all(np.isfinite(values)):
        raise ValueError("samples must be finite")
    return values


def _clusters(sessions: npt.ArrayLike, n: int) -> npt.NDArray[np.int64] | None:
    """Return each sample's cluster, 0 upwards; None where nothing shows how clusters differ."""
    _, member = np.unique(np.asarray(sessions), return_inverse=True)
    if n > 0 and member.max() > 0:
        return member.astype(np.int64)
    return np.arange(n) * math.isqrt(n) // n if n >= _FEWEST_TO_BATCH else None


def _design_effects(member: npt.NDArray[np.int64]) -> Array:
    """Return, for k = 0 to n, the design effect of the indicator of being among the first k.

    Args:
        member: Shape (n,): the cluster of each sample, in the order in which they are counted.

    """
    n, sizes = member.size, np.bincount(member).astype(np.float64)
    clusters = sizes.size
    grouped = np.argsort(member, kind="stable")
    before = np.empty(n)
    before[grouped] = np.arange(n) - np.repeat(np.cumsum(sizes) - sizes, sizes.astype(np.int64))
    squares = np.concatenate([[0.0], np.cumsum(2 * before + 1)])
    cross = np.concatenate([[0.0], np.cumsum(sizes[member])])
    share = np.arange(n + 1) / n
    residual = squares - 2 * share * cross + share**2 * float(sizes @ sizes)
    between = clusters / (clusters - 1) * residual / n**2
    effects = np.ones(n + 1)
    inside = slice(1, n)
    binomial = share[inside] * (1 - share[inside]) / (n - 1)
    effects[inside] = np.maximum(1.0, between[inside] / binomial)
    return effects


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
