"""Distribution-free bounds on a quantile."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, betainc, ndtri, stdtrit

Array = npt.NDArray[np.float64]

_FEWEST_TO_BATCH = 16
# The largest of design effects is sought up to _REACH times a share, and _FEWEST_DEEP samples
# deeper; only _DEEPER times as many samples as lie beyond the quantile are sorted at first.
_REACH, _FEWEST_DEEP, _DEEPER = 4, 10, 16
_TINY = 1e-300
"""Keeps the incomplete beta function defined where a count is 0."""
_MARGIN = 2
"""How many times the samples that are just enough are advised: their worth varies by as much."""
_DIGITS = 2
"""Significant digits of an advised number."""


class QuantileBounds(NamedTuple):
    """One-sided bounds, in the samples' unit; None where there are too few samples for one."""

    low: float | None
    high: float | None


class ClusteredBounds(NamedTuple):
    """One-sided bounds, and how many independent samples the upper one rests on."""

    low: float | None
    high: float | None
    worth: float
    """At the share above the upper bound, 0 without one: less than `samples_needed` where there is
    no bound, and to the next whole number no less where there is one."""


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
) -> ClusteredBounds:
    """Return bounds of a quantile of samples that are alike within their sessions.

    An ordered sample is an upper bound when the share of samples above it is shown to be at most
    1 - q by the exact binomial test at the number of independent samples that these are worth for
    that very share (and likewise below): a test inversion. With independent samples the ranks are
    those of `quantile_bounds`, or next to them.

    The worth is n over the design effect: the variance of the share between sessions over the
    binomial one (Woodruff 1952; Kish 1965, 8.2). In the tail it rests on few samples, so the
    largest effect of the shares up to four times as large is taken; and it is enlarged by (t/z)^2
    for the number of sessions. A single session is divided into about sqrt(n)
    batches of consecutive samples, which stand in for sessions and so adjust for
    autocorrelation (batch means; Law and Kelton 2000, 9.5.3); as batches are not independent, the
    effect is then at least that about the median, where a drift shows most.

    Args:
        samples: Shape (n,), finite, in the order in which they were taken.
        sessions: Shape (n,): the session of each sample, the independent unit.
        q: Which quantile, in (0, 1).
        confidence: One-sided, in (0, 1).

    Raises:
        ValueError: On values that are not finite, unequal shapes, or q or confidence outside
            (0, 1).

    Source: Korn and Graubard (1998), Survey Methodology 24:193-201, for the test; Francisco and
    Fuller (1991), Annals of Statistics 19:454-469, for its inversion.

    """
    values = _finite(samples)
    n = values.size
    quantile_ranks(n, q, confidence=confidence)  # refuses q and confidence that make no sense
    if np.shape(sessions) != (n,):
        raise ValueError(f"{n} samples have sessions of shape {np.shape(sessions)}")
    member = _clusters(sessions, n)
    if member is None:
        return ClusteredBounds(None, None, 1.0)
    if int(member.max()) + 1 == n:  # every sample is a session of its own
        return ClusteredBounds(*quantile_bounds(values, q, confidence=confidence), float(n))
    several = len(np.unique(sessions)) > 1
    least = 1.0 if several else _median_effect(values, member)
    depth = _DEEPER * (math.ceil(n * (1 - q)) + _FEWEST_DEEP)
    while True:
        depth = min(depth, n)
        found = _tail_bounds(values, member, depth, q, confidence, least)
        if found is not None:
            return found
        depth *= 2


def _tail_bounds(
    values: Array,
    member: npt.NDArray[np.int64],
    depth: int,
    q: float,
    confidence: float,
    least: float = 1.0,
) -> ClusteredBounds | None:
    """Return the bounds as the largest `depth` samples show them, None where deeper ones count.

    `least` is the smallest design effect that is believed.
    """
    n = values.size
    top = np.argpartition(-values, depth - 1)[:depth] if depth < n else np.arange(n)
    order = top[np.argsort(-values[top], kind="stable")]
    descending = values[order]
    effects = _design_effects(member[order], np.bincount(member).astype(np.float64))
    scale = _scale(int(member.max()) + 1, confidence)
    usable = len(effects) - 1 if depth == n else depth // _REACH - _FEWEST_DEEP
    worth = n / (scale * np.maximum(_cautious(effects, n, usable), least))
    share = np.arange(usable + 1) / n
    at_most = betainc(worth * (1 - share) + _TINY, worth * share + 1, q)
    at_least = betainc(worth * share + _TINY, worth * (1 - share) + 1, 1 - q)
    # Descending value k has k samples above it, and k + 1 that are at least as large.
    unshown_above = np.flatnonzero(at_most[:usable] > 1 - confidence)
    unshown_below = np.flatnonzero(at_least[1:] > 1 - confidence)
    if depth < n and (not unshown_above.size or unshown_below[-1:].tolist() == [usable - 1]):
        return None
    last_above = int(unshown_above[0]) - 1 if unshown_above.size else n - 1
    first_below = int(unshown_below[-1]) + 1 if unshown_below.size else 0
    return ClusteredBounds(
        float(descending[first_below]) if first_below < n else None,
        float(descending[last_above]) if last_above >= 0 else None,
        float(worth[max(last_above, 0)]),
    )


def _median_effect(values: Array, member: npt.NDArray[np.int64]) -> float:
    """Return the design effect of the indicator of lying above the median."""
    above = values > np.median(values)
    first = np.argsort(~above, kind="stable")
    sizes = np.bincount(member).astype(np.float64)
    return float(_design_effects(member[first], sizes)[int(above.sum())])


def _cautious(effects: Array, n: int, usable: int) -> Array:
    """Return for k = 0 to `usable` the largest effect from k to 4 k + 10, below the median."""
    k = np.arange(usable + 1)
    last = np.minimum(np.minimum(_REACH * k + _FEWEST_DEEP, n // 2), len(effects) - 1)
    length = np.maximum(last - k + 1, 1)
    power = np.frexp(length)[1] - 1  # the largest power of two that fits
    found = np.ones(usable + 1)
    block = effects  # the largest of 2**level effects from each place on
    for level in range(int(power.max()) + 1):
        here = np.flatnonzero(power == level)
        found[here] = np.maximum(block[here], block[here + length[here] - 2**level])
        block = np.maximum(block[: -(2**level)], block[2**level :])
    return found


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


def fewest_samples(n: int, sessions: int, q: float, *, confidence: float) -> int:
    """Return how many samples an upper bound takes in so many sessions that do not differ at all.

    Fewer never have one. Arguments as of `samples_advised`.
    """
    if sessions == n:
        return samples_needed(q, confidence=confidence)
    scale = _scale(_clusters_of(n, sessions), confidence)
    return math.ceil(scale * math.log(1 - confidence) / math.log(q))


def samples_advised(
    n: int, sessions: int, q: float, *, confidence: float, worth: float | None = None
) -> tuple[int, int]:
    """Return how many samples to take, in how many sessions, for an upper bound next time.

    In simulation 8 to 10 of 10 data sets of that size have one: the fewest with rare bursts, of
    which the first samples showed none.

    Args:
        n: Samples that were taken, or shall be.
        sessions: Theirs; their length is kept. 1 for a single session.
        q: Which quantile, in (0, 1).
        confidence: One-sided, in (0, 1).
        worth: Of `clustered_quantile_bounds`; without one, as if sessions did not differ.

    """
    needed = samples_needed(q, confidence=confidence)
    if sessions == n:  # independent: what is needed is always enough
        return needed, needed
    clusters = _clusters_of(n, sessions)
    wanted = math.ceil(_MARGIN * needed * (n / worth if worth else _scale(clusters, confidence)))
    unit = 10 ** max(0, len(str(wanted)) - _DIGITS)
    wanted = math.ceil(wanted / unit) * unit
    return wanted, math.ceil(clusters * wanted / n)


def _clusters_of(n: int, sessions: int) -> int:
    """Return the number of sessions, or of the batches that stand in for a single one."""
    return sessions if sessions > 1 else math.isqrt(n)


def _scale(clusters: int, confidence: float) -> float:
    """Return how much a worth is lowered for the number of clusters that show it."""
    if confidence <= 0.5:
        return 1.0
    return float(stdtrit(max(clusters - 1, 1), confidence) / ndtri(confidence)) ** 2


def _finite(samples: npt.ArrayLike) -> Array:
    values = np.asarray(samples, dtype=np.float64).ravel()
    if not np.all(np.isfinite(values)):
        raise ValueError("samples must be finite")
    return values


def _clusters(sessions: npt.ArrayLike, n: int) -> npt.NDArray[np.int64] | None:
    """Return each sample's cluster, 0 upwards; None where nothing shows how clusters differ."""
    _, member = np.unique(np.asarray(sessions), return_inverse=True)
    if n > 0 and member.max() > 0:
        return np.asarray(member, dtype=np.int64)
    if n < _FEWEST_TO_BATCH:
        return None
    return np.asarray(np.arange(n) * _clusters_of(n, 1) // n, dtype=np.int64)


def _design_effects(member: npt.NDArray[np.int64], sizes: Array) -> Array:
    """Return, for k = 0 to m, the design effect of the indicator of being among the first k.

    Args:
        member: Shape (m,): the cluster of each of the first m samples, in the order in which they
            are counted.
        sizes: Shape (clusters,): how many samples each cluster has in all.

    """
    m, n, clusters = member.size, float(sizes.sum()), sizes.size
    grouped = np.argsort(member, kind="stable")
    counts = np.bincount(member, minlength=clusters)
    before = np.empty(m)
    before[grouped] = np.arange(m) - np.repeat(np.cumsum(counts) - counts, counts)
    squares = np.concatenate([[0.0], np.cumsum(2 * before + 1)])
    cross = np.concatenate([[0.0], np.cumsum(sizes[member])])
    share = np.arange(m + 1) / n
    residual = squares - 2 * share * cross + share**2 * float(sizes @ sizes)
    between = clusters / (clusters - 1) * residual / n**2
    binomial = share * (1 - share) / (n - 1)
    ratio = np.divide(between, binomial, out=np.ones(m + 1), where=binomial > 0)
    return np.asarray(np.maximum(1.0, ratio), dtype=np.float64)


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
