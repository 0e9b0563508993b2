"""Power of exact procedures, by enumeration of what could be seen."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, gammaln, ndtr, ndtri, stdtrit, xlogy

from qgate.stats.design import Design, planned_df, planned_se
from qgate.stats.paired import tango_interval, tango_score
from qgate.stats.two_way import Components

Array = npt.NDArray[np.float64]

_MOST_TABLES = 4_000_000
"""Tables of a single seed that are enumerated; with more the normal approximation is as good."""
_FAR_TABLES = 6.5
"""Standard deviations of counts beyond which tables have no weight."""


def score_power(
    n: int,
    worse: float,
    better: float,
    *,
    tolerance: float,
    confidence: float,
    two_sided: bool = False,
) -> float:
    """Return the exact chance that Tango's upper bound of worse - better lies within a tolerance.

    Args:
        n: Count of pairs.
        worse: Probability that only the baseline is right.
        better: Probability that only the candidate is.
        tolerance: In (0, 1).
        confidence: One-sided.
        two_sided: Whether the lower bound must lie within too.

    Every table (b, c) of the trinomial that has weight is enumerated; where these are too many,
    the normal approximation with the planning variance is given (Liu et al. 2002, Statistics in
    Medicine 21:231-245).

    """
    discordance, z = worse + better, float(ndtri(confidence))
    if discordance <= 0:
        return (
            1.0 if tango_interval(0, 0, n, confidence=2 * confidence - 1)[1] <= tolerance else 0.0
        )
    b, c = (_counts(n, p) for p in (worse, better))
    if b.size * c.size > _MOST_TABLES:
        gap = worse - better
        se = math.sqrt((discordance - gap**2) / n)
        below = ndtr((-tolerance - gap) / se + z) if two_sided else 0.0
        return max(0.0, float(ndtr((tolerance - gap) / se - z) - below))
    table_b, table_c = np.meshgrid(b, c, indexing="ij")
    neither = n - table_b - table_c
    possible = neither >= 0
    table_b, table_c, neither = table_b[possible], table_c[possible], neither[possible]
    weight = np.exp(
        gammaln(n + 1) - gammaln(table_b + 1) - gammaln(table_c + 1) - gammaln(neither + 1)
        + xlogy(table_b, worse) + xlogy(table_c, better) + xlogy(neither, 1 - discordance)
    )  # fmt: skip
    passed = tango_score(table_b, table_c, n, tolerance) <= -z
    if two_sided:
        passed &= tango_score(table_b, table_c, n, -tolerance) >= z
    return float(weight[passed].sum())


def _counts(n: int, p: float) -> Array:
    """Return the counts of a binomial that have weight."""
    reach = _FAR_TABLES * math.sqrt(n * p * (1 - p)) + _FAR_TABLES
    first, last = max(0, math.floor(n * p - reach)), min(n, math.ceil(n * p + reach))
    return np.arange(first, last + 1, dtype=np.float64)


def share_power(
    share: float, bound: float, parts: Components, design: Design, claim: str, confidence: float
) -> float:
    """Return the chance that a success rate's exact lower bound is at least `bound`.

    Args:
        share: The true rate.
        bound: The smallest rate that may pass.
        parts: Variance components of one arm's successes.
        design: Seeds and items.
        claim: See `parity_interval`.
        confidence: One-sided.

    """
    n = float(design.items)
    if design.seeds > 1:
        se, df = planned_se(parts, design, claim), planned_df(parts, design, claim)
        if se == 0:
            return 1.0 if share >= bound else 0.0
        n = min(share * (1 - share) / se**2, float(design.items * design.seeds))
        n *= float(ndtri(confidence) / stdtrit(df, confidence)) ** 2
    size = max(1, math.floor(n))
    successes = np.arange(size + 1)
    # The lower bound is at least `bound` where so many successes are unlikely at it.
    shown = 1 - bdtr(successes - 1.0, size, bound) <= 1 - confidence
    shown[0] = False
    fewest = int(np.argmax(shown)) if shown.any() else size + 1
    return float(1 - bdtr(fewest - 1.0, size, share)) if fewest <= size else 0.0
