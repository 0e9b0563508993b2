"""Difference of two arms over crossed items and seeds: one engine for every metric.

Let D[s, i] be baseline minus candidate on seed s and item i. Items and seeds are both samples,
crossed, as readers and cases are in radiology. Sources: Obuchowski and Rockette (1995),
Communications in Statistics 24:285-308; Hillis (2007), Statistics in Medicine 26:596-619;
Satterthwaite (1946) for the degrees of freedom; Tango (1998) for a single seed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from qgate.stats.paired import tango_interval
from qgate.stats.proportion import clopper_pearson

Array = npt.NDArray[np.float64]

Cells = Literal["paired", "successes", "influence"]

CLAIMS = ("new_items_and_seeds", "this_dataset", "this_artifact")

# Where D is almost all zeros it is skewed, and the t interval promises too much: a candidate at the
# tolerance would be promoted up to 11% of the time (tests/calibration). The wider of the t and the
# score interval is then given: below this share of discordant items the score interval at the
# number of pairs that has the same standard error (as Korn and Graubard 1998 do for one
# proportion); below this count also that at the number of items, since a standard error that
# rests on so few items is itself not to be trusted.
_SPARSE = 0.25
_FEW_DISCORDANT_ITEMS = 5
_ROUNDING = 1e-9


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
    least, most = min(first.min(), second.min()), max(first.max(), second.max())
    return crossed_interval(
        difference,
        claim=claim,
        confidence=confidence,
        cells="paired" if least >= 0 and most <= 1 else "influence",
        discordant=int(np.count_nonzero(np.any(difference != difference[0, 0], axis=0))),
        reach=float(most - least) if np.all(difference == difference[0, 0]) else 0.0,
    )


def crossed_interval(
    difference: Array,
    *,
    claim: str,
    confidence: float,
    cells: Cells,
    discordant: int = 0,
    reach: float = 1.0,
) -> ParityInterval:
    """Return the interval of the mean over cells.

    Args:
        difference: Shape (seeds, items): baseline minus candidate, or the difference of their
            influence values for a metric that is not a mean over items, or one arm's own values.
        claim: See `parity_interval`.
        confidence: Two-sided.
        cells: What a cell is: `paired` differences of successes, one arm's `successes`, or
            `influence` values.
        discordant: For influence values, the number of items that move the estimate at all.
        reach: For influence values, how far one item can move one cell.

    Raises:
        ValueError: See `parity_interval`.

    """
    _check_design(difference.shape, claim, confidence)
    rows = difference
    if claim != "this_dataset" and bool(np.all(difference == difference[0])):
        rows = difference[:1]
    components, means = _analyse(rows)
    se, df, method = _standard_error(means, rows.shape, claim)
    half = float(stdtrit(df, (1 + confidence) / 2)) * se
    estimate = float(difference.mean())
    plain = ParityInterval(estimate, estimate - half, estimate + half, se, df, method, components)
    if claim == "this_dataset":
        return plain
    if cells == "paired":
        return _paired(rows, plain, confidence)
    if cells == "successes":
        return _successes(rows, plain, confidence)
    if discordant >= _FEW_DISCORDANT_ITEMS:
        return plain
    least = reach * tango_interval(0.0, 0.0, rows.shape[1], confidence=confidence)[1]
    return _widened(plain, [(estimate - least, estimate + least)], "zero-discordance", discordant)


def _check_design(shape: tuple[int, ...], claim: str, confidence: float) -> None:
    if claim not in CLAIMS:
        raise ValueError(f"unknown claim {claim!r}: expected one of {', '.join(CLAIMS)}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    seeds, items = shape
    if items < 2:
        raise ValueError("one item shows no variation: at least 2 are needed")
    if claim == "this_dataset" and seeds < 2:
        raise ValueError("one seed shows no variation between seeds: at least 2 are needed")


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
        # Seeds whose cells differ but whose means tie by luck are no proof that no seed differs.
        tied = ms_seed <= _ROUNDING * ms_residual
        between = ms_residual if tied else ms_seed
        return math.sqrt(between / (seeds * items)), seeds - 1, "t over seeds, items fixed"
    if claim == "this_artifact" or seeds == 1:
        return math.sqrt(ms_item / (seeds * items)), items - 1, "paired t over items, seeds fixed"
    # A tie, as with a single discordant cell, is a component of 0, which is not clipped.
    least = ms_residual * (1 - _ROUNDING)
    item_counts, seed_counts = ms_item >= least, ms_seed >= least
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


def _paired(rows: Array, plain: ParityInterval, confidence: float) -> ParityInterval:
    """Return the score interval of a single seed; for more, the t interval, widened if sparse."""
    items = rows.shape[1]
    if len(rows) == 1:
        low, high = _score(rows, items, confidence)
        method = "Tango score interval, one seed"
        return replace(plain, low=low, high=high, df=math.inf, method=method)
    discordant = int(np.count_nonzero(np.any(rows != 0, axis=0)))
    ends = []
    if discordant < _FEW_DISCORDANT_ITEMS:
        ends.append(_score(rows, items, confidence))
    if discordant < _SPARSE * items and plain.se > 0:
        spread = float(np.abs(rows).mean()) - plain.estimate**2
        ends.append(_score(rows, min(spread / plain.se**2, rows.size), confidence))
    return _widened(plain, ends, "Tango score", discordant)


def _score(rows: Array, n: float, confidence: float) -> tuple[float, float]:
    """Return the score interval of the mean over all cells, taken for that of n pairs."""
    worse = float(np.clip(rows, 0, None).mean())
    better = float(np.clip(-rows, 0, None).mean())
    return tango_interval(worse * n, better * n, n, confidence=confidence)


def _successes(rows: Array, plain: ParityInterval, confidence: float) -> ParityInterval:
    """Return the exact interval of a proportion, at the effective number of items.

    Near 1 the t interval is too short, and of zero width for an arm without an error.
    """
    seeds, items = rows.shape
    n, share, method = float(items), plain.estimate, "Clopper-Pearson"
    if seeds > 1 and plain.se > 0:
        level = (1 + confidence) / 2
        n = share * (1 - share) / plain.se**2 * float(ndtri(level) / stdtrit(plain.df, level)) ** 2
        n = min(n, rows.size)
        method = f"Clopper-Pearson at the worth of {n:.0f} items (Korn and Graubard 1998)"
    low, high = clopper_pearson(share * n, n, confidence=confidence)
    return replace(plain, low=min(low, share), high=max(high, share), method=method)


def _widened(
    plain: ParityInterval, ends: list[tuple[float, float]], to: str, discordant: int
) -> ParityInterval:
    low = min([plain.low, *(end[0] for end in ends)])
    high = max([plain.high, *(end[1] for end in ends)])
    if (low, high) == (plain.low, plain.high):
        return plain
    method = f"{plain.method}, widened to the {to} interval ({discordant} discordant items)"
    return replace(plain, low=low, high=high, method=method)
