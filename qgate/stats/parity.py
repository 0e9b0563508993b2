"""Difference of two arms over crossed items and seeds: one engine for every metric.

Let D[s, i] be baseline minus candidate on seed s and item i. Items and seeds are both samples,
crossed, as readers and cases are in radiology. Sources: Obuchowski and Rockette (1995),
Communications in Statistics 24:285-308; Hillis (2007), Statistics in Medicine 26:596-619;
Satterthwaite (1946) for the degrees of freedom; Tango (1998) for a single seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from qgate.stats.paired import tango_interval

Array = npt.NDArray[np.float64]

CLAIMS = ("new_items_and_seeds", "this_dataset", "this_artifact")

# Below this many discordant items the t approximation promises too much: D is almost all zeros and
# skewed. The wider of the t and the score interval is then given.
_FEW_DISCORDANT_ITEMS = 5


@dataclass(frozen=True)
class Components:
    """Variance components of one cell D[s, i]; each is at least 0, in squared metric units."""

    item: float
    seed: float
    residual: float


@dataclass(frozen=True)
class ParityInterval:
    """Two-sided interval of baseline minus candidate; positive means the candidate is worse."""

    estimate: float
    low: float
    high: float
    se: float
    df: float
    method: str
    components: Components


def parity_interval(
    candidate: npt.ArrayLike, baseline: npt.ArrayLike, *, claim: str, confidence: float
) -> ParityInterval:
    """Return the interval of the mean of baseline minus candidate.

    Args:
        candidate: Shape (seeds, items): what each item contributes to the metric, for accuracy
            its correctness (0 or 1, or a mean over replicates).
        baseline: The same shape, same items in the same order, or (1, items) where the baseline
            does not depend on the seed.
        claim: Over what it holds: `new_items_and_seeds` (both random), `this_dataset` (items
            fixed, seeds random) or `this_artifact` (seeds fixed, items random).
        confidence: Two-sided, in (0, 1); each end alone holds with (1 + confidence) / 2.

    Raises:
        ValueError: On unequal shapes, values that are not finite, an unknown claim, or too few
            items or seeds for the claim.

    """
    first, second = _matrix(candidate, "candidate"), _matrix(baseline, "baseline")
    if first.shape[1] != second.shape[1] or second.shape[0] not in (1, first.shape[0]):
        raise ValueError(f"candidate has shape {first.shape}, baseline {second.shape}")
    difference = second - first
    return crossed_interval(
        difference,
        estimate=float(difference.mean()),
        claim=claim,
        confidence=confidence,
        proportions=bool(np.all((first >= 0) & (first <= 1) & (second >= 0) & (second <= 1))),
    )


def crossed_interval(
    difference: Array, *, estimate: float, claim: str, confidence: float, proportions: bool
) -> ParityInterval:
    """Return the interval of an estimate whose cell values are given.

    Args:
        difference: Shape (seeds, items): baseline minus candidate, or the difference of their
            influence values for a metric that is not a mean over items.
        estimate: The metric's difference, averaged over seeds.
        claim: See `parity_interval`.
        confidence: Two-sided.
        proportions: Whether the cells are differences of successes, so that a score interval is
            defined.

    Raises:
        ValueError: See `parity_interval`.

    """
    if claim not in CLAIMS:
        raise ValueError(f"unknown claim {claim!r}: expected one of {', '.join(CLAIMS)}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    seeds, items = difference.shape
    if items < 2:
        raise ValueError("one item shows no variation: at least 2 are needed")
    if claim == "this_dataset" and seeds < 2:
        raise ValueError("one seed shows no variation between seeds: at least 2 are needed")
    rows = difference
    if claim != "this_dataset" and bool(np.all(difference == difference[0])):
        rows = difference[:1]
    components, means = _analyse(rows)
    se, df, method = _standard_error(means, rows.shape, claim)
    if len(rows) == 1 and proportions:
        return _score_interval(rows[0], estimate, confidence, se, components)
    half = float(stdtrit(df, (1 + confidence) / 2)) * se
    low, high = estimate - half, estimate + half
    discordant = int(np.count_nonzero(np.any(difference != 0, axis=0)))
    if proportions and claim != "this_dataset" and discordant < _FEW_DISCORDANT_ITEMS:
        score = _score_interval(difference.mean(axis=0), estimate, confidence, se, components)
        low, high = min(low, score.low), max(high, score.high)
        method = f"{method}, widened to the Tango score interval ({discordant} discordant items)"
    return ParityInterval(estimate, low, high, se, df, method, components)


def _matrix(values: npt.ArrayLike, name: str) -> Array:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} must have shape (seeds, items), not {matrix.shape}")
    if not np.all(np.isfinite(matrix)):
        raise ValueError(f"{name} has {np.count_nonzero(~np.isfinite(matrix))} missing cells")
    return matrix


def _analyse(rows: Array) -> tuple[Components, tuple[float, float, float]]:
    """Return variance components and mean squares (item, seed, residual) of a two-way layout."""
    seeds, items = rows.shape
    centred = rows - rows.mean()
    by_item, by_seed = centred.mean(axis=0), centred.mean(axis=1)
    ms_item = seeds * float(by_item @ by_item) / (items - 1)
    if seeds == 1:
        return Components(ms_item, 0.0, 0.0), (ms_item, 0.0, 0.0)
    ms_seed = items * float(by_seed @ by_seed) / (seeds - 1)
    total = float(np.einsum("si,si->", centred, centred))
    explained = ms_item * (items - 1) + ms_seed * (seeds - 1)
    ms_residual = max(total - explained, 0.0) / ((items - 1) * (seeds - 1))
    components = Components(
        max(ms_item - ms_residual, 0.0) / seeds,
        max(ms_seed - ms_residual, 0.0) / items,
        ms_residual,
    )
    return components, (ms_item, ms_seed, ms_residual)


def _standard_error(
    means: tuple[float, float, float], shape: tuple[int, ...], claim: str
) -> tuple[float, float, str]:
    """Return standard error, degrees of freedom and method for the claim."""
    seeds, items = shape
    ms_item, ms_seed, ms_residual = means
    if claim == "this_dataset":
        return math.sqrt(ms_seed / (seeds * items)), seeds - 1, "t over seeds, items fixed"
    if claim == "this_artifact" or seeds == 1:
        return math.sqrt(ms_item / (seeds * items)), items - 1, "paired t over items, seeds fixed"
    item_counts, seed_counts = ms_item > ms_residual, ms_seed > ms_residual
    terms = [
        (ms_item, items - 1) if item_counts else None,
        (ms_seed, seeds - 1) if seed_counts else None,
        # +MS_item, +MS_seed, -MS_residual; a component below 0 is clipped, which drops its
        # mean square together with one residual.
        (ms_residual, (items - 1) * (seeds - 1)) if item_counts == seed_counts else None,
    ]
    kept = [term for term in terms if term is not None]
    sign = -1.0 if item_counts and seed_counts else 1.0
    variance = sum(ms for ms, _ in kept[:-1]) + sign * kept[-1][0] if len(kept) == 3 else kept[0][0]
    spread = sum(ms * ms / df for ms, df in kept)
    df = variance * variance / spread if spread > 0 else float((items - 1) * (seeds - 1))
    return math.sqrt(variance / (seeds * items)), df, "crossed items x seeds, Satterthwaite t"


def _score_interval(
    difference: Array, estimate: float, confidence: float, se: float, components: Components
) -> ParityInterval:
    worse = float(np.clip(difference, 0, None).sum())
    better = float(np.clip(-difference, 0, None).sum())
    low, high = tango_interval(worse, better, difference.size, confidence=confidence)
    return ParityInterval(
        estimate, low, high, se, math.inf, "Tango score interval, one seed", components
    )
