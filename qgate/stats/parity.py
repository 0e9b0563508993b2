"""Difference of two arms over crossed items and seeds: one engine for every metric.

Let D[s, i] be baseline minus candidate on seed s and item i. Items and seeds are both samples,
crossed, as readers and cases are in radiology. Sources: Obuchowski and Rockette (1995),
Communications in Statistics 24:285-308; Hillis (2007), Statistics in Medicine 26:596-619;
Satterthwaite (1946) for the degrees of freedom; Tango (1998) for a single seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from qgate.stats.pivots import ExactPivot, Pivot, ScorePivot, SkewPivot, TPivot
from qgate.stats.two_way import Components, analyse, standard_error

Array = npt.NDArray[np.float64]

CellKind = Literal["paired", "successes", "influence", "ratios"]

CLAIMS = ("new_items_and_seeds", "this_dataset", "this_artifact")

# Where D is almost all zeros it is skewed, and the t interval promises too much: a candidate at the
# tolerance would be promoted up to 27% of the time (tests/calibration). The wider of the t and the
# score interval is then given: below a share of discordant items, larger where most of them are
# losses, the score interval at the number of pairs that has the same standard error (as Korn and
# Graubard 1998 do for one proportion), but at so many pairs an item at most, since seeds tell
# nothing of the items that happen not to be here. Below FEW_DISCORDANT also that at the
# number of items, since a standard error that rests on so few is itself not to be trusted.
_SPARSE, _WORTH = 0.25, 3.0
_SPARSE_IF_LOPSIDED, _WORTH_IF_LOPSIDED = 0.5, 2.0
FEW_DISCORDANT = 5
_NO_SKEW = 1e-6
"""Below, the correction is that of rounding."""


@dataclass(frozen=True)
class Labels:
    """What lies beneath a metric on predicted classes."""

    paired: Array
    """Shape (seeds, items): the differences of correctness."""
    classes: tuple[tuple[int, int], ...]
    """Of each class its members, and those on which the arms differ with any seed."""


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


@dataclass(frozen=True)
class Crossed:
    """An analysis of crossed items and seeds: intervals and tests at any level."""

    estimate: float
    se: float
    df: float
    method: str
    components: Components
    discordant: int
    """Items on which the arms differ with any seed."""
    pivots: tuple[Pivot, ...]
    """The first is the design's own; where cells are sparse others widen it."""
    widening: str = ""
    """What the others are, in words."""

    def interval(self, confidence: float) -> ParityInterval:
        """Return the two-sided interval: the widest ends of all pivots.

        Raises:
            ValueError: When confidence does not lie between 0 and 1.

        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
        ends = [pivot.ends(confidence) for pivot in self.pivots]
        low, high = min(end[0] for end in ends), max(end[1] for end in ends)
        method = self.method
        if (low, high) != ends[0]:
            method += f", widened to the {self.widening}"
        return ParityInterval(self.estimate, low, high, self.se, self.df, method, self.components)

    def p_at_least(self, value: float) -> float:
        """Return the one-sided p value of the hypothesis that the truth is `value` or more."""
        return max(pivot.below(value) for pivot in self.pivots)

    def p_at_most(self, value: float) -> float:
        """Return the one-sided p value of the hypothesis that the truth is `value` or less."""
        return max(pivot.above(value) for pivot in self.pivots)


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
        ValueError: On unequal shapes, values that are missing or not finite, an unknown claim, or
            too few items or seeds for the claim.

    """
    first, second = _matrix(candidate, "candidate"), _matrix(baseline, "baseline")
    if first.shape[1] != second.shape[1] or second.shape[0] not in (1, first.shape[0]):
        raise ValueError(f"candidate has shape {first.shape}, baseline {second.shape}")
    difference = second - first
    least, most = min(first.min(), second.min()), max(first.max(), second.max())
    analysis = crossed(
        difference,
        claim=claim,
        cells="paired" if least >= 0 and most <= 1 else "influence",
        reach=float(most - least),
    )
    return analysis.interval(confidence)


def crossed(
    difference: Array,
    *,
    claim: str,
    cells: CellKind,
    discordant: int | None = None,
    reach: float = 1.0,
    shot_variance: float = 0.0,
    labels: Labels | None = None,
) -> Crossed:
    """Return the analysis of the mean over cells.

    Args:
        difference: Shape (seeds, items): baseline minus candidate, or the difference of their
            influence values for a metric that is not a mean over items, or one arm's own values.
        claim: See `parity_interval`.
        cells: What a cell is: `paired` differences of successes, one arm's `successes`,
            `influence` values, or `ratios`, most alike and some far off.
        discordant: For influence values, the number of items on which the arms differ; by default
            those whose cells are not all alike.
        reach: For influence values, how far one item can move one cell.
        shot_variance: Variance of a cell's mean over its replicates, as their spread shows it.
        labels: For influence values of a metric on predicted classes, what its sparse cells need.

    Raises:
        ValueError: See `parity_interval`.

    """
    _check_design(difference.shape, claim)
    rows, same = difference, bool(np.all(difference == difference[0]))
    if same and claim != "this_dataset":
        rows = difference[:1]
    parts, means = analyse(rows)
    if len(rows) == 1:  # what one seed shows of items and of shots is together
        noise = min(shot_variance, parts.item)
        parts = Components(parts.item - noise, 0.0, noise, noise)
    else:
        parts = replace(parts, shots=min(shot_variance, parts.residual))
    se, df, method = standard_error(means, rows.shape, claim)
    if same and claim == "this_dataset":
        se = 0.0  # to the last bit
    if discordant is None:
        discordant = int(np.count_nonzero(np.any(rows != _commonest(rows, cells), axis=0)))
    plain = TPivot(float(difference[0].mean() if same else difference.mean()), se, df)
    found = Crossed(plain.estimate, se, df, method, parts, discordant, (plain,))
    if cells == "ratios":
        found = _skewed(rows.mean(axis=1 if claim == "this_dataset" else 0), found)
    if claim == "this_dataset":
        return found
    if cells in _OF_SUCCESSES:
        return _OF_SUCCESSES[cells](rows, found)
    if labels is not None:
        found = _of_classes(found, labels, claim)
    if discordant >= FEW_DISCORDANT or reach == 0:
        return found
    least = ScorePivot(0.0, 0.0, rows.shape[1], centre=plain.estimate, scale=reach)
    return replace(
        found,
        pivots=(*found.pivots, least),
        widening=sparse_words("zero-discordance", found.discordant),
    )


def sparse_words(interval: str, discordant: int) -> str:
    """Return what an interval is widened to, and on how few items the arms differ."""
    return f"{interval} interval ({discordant} discordant items)"


def _skewed(values: Array, found: Crossed) -> Crossed:
    """Widen the interval for the skewness of the values that were sampled, of items or seeds."""
    centred = values - values.mean()
    spread = float(np.mean(centred**2))
    if found.se == 0 or spread == 0:
        return found
    skew = float(np.mean(centred**3)) / spread**1.5 / math.sqrt(len(values))
    if abs(skew) < _NO_SKEW:
        return found
    corrected = SkewPivot(found.estimate, found.se, found.df, skew)
    return replace(found, pivots=(*found.pivots, corrected), widening="skewness-corrected interval")


def _of_classes(found: Crossed, labels: Labels, claim: str) -> Crossed:
    """Widen the interval of a metric on classes as that of accuracy is, and for rare classes.

    The metric's own standard error over that of accuracy stretches accuracy's score interval. A
    class on whose few items the arms hardly differ has a rate that nothing bounds but their
    number: its zero-discordance interval counts with the class's share of the metric.
    """
    alike = crossed(labels.paired, claim=claim, cells="paired")
    pivots = list(found.pivots)
    if alike.se > 0 and found.se > 0:
        stretch = found.se / alike.se
        pivots += [
            replace(pivot, centre=found.estimate - stretch * alike.estimate, scale=stretch)
            for pivot in alike.pivots
            if isinstance(pivot, ScorePivot)
        ]
    pivots += [
        ScorePivot(0.0, 0.0, members, centre=found.estimate, scale=1 / len(labels.classes))
        for members, discordant in labels.classes
        if discordant < FEW_DISCORDANT
    ]
    return replace(found, pivots=tuple(pivots), widening=sparse_words("score", found.discordant))


def _commonest(rows: Array, cells: CellKind) -> float:
    """Return the value of a cell that tells nothing: 0 where arms are paired, else the first."""
    return 0.0 if cells == "paired" else float(rows[0, 0])


def _check_design(shape: tuple[int, ...], claim: str) -> None:
    if claim not in CLAIMS:
        raise ValueError(f"unknown claim {claim!r}: expected one of {', '.join(CLAIMS)}")
    seeds, items = shape
    if items < 2 and claim != "this_dataset":
        raise ValueError("one item shows no variation: at least 2 are needed")
    if claim == "this_dataset" and seeds < 2:
        raise ValueError("one seed shows no variation between seeds: at least 2 are needed")


def _matrix(values: npt.ArrayLike, name: str) -> Array:
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} must have shape (seeds, items), not {matrix.shape}")
    missing = np.argwhere(~np.isfinite(matrix))
    if len(missing):
        seed, item = missing[0]
        raise ValueError(
            f"{name} has {len(missing)} missing cells, the first at seed {seed}, item {item} "
            "(both from 0): the design must be whole"
        )
    return matrix


def _paired(rows: Array, found: Crossed) -> Crossed:
    """Return the score interval of a single seed; for more, the t interval, widened if sparse."""
    items = rows.shape[1]
    if len(rows) == 1:
        method = "Tango score interval, one seed"
        return replace(found, pivots=(_score(rows, items),), df=math.inf, method=method)
    pivots = list(found.pivots)
    if found.discordant < FEW_DISCORDANT:
        pivots.append(_score(rows, items))
    magnitude = float(np.abs(rows).mean())
    sparse, most = sparseness(found.estimate, magnitude)
    if found.discordant < sparse * items and found.se > 0:
        worth = (magnitude - found.estimate**2) / found.se**2
        pivots.append(_score(rows, min(worth, most * items)))
    return replace(
        found, pivots=tuple(pivots), widening=sparse_words("Tango score", found.discordant)
    )


def sparseness(gap: float, magnitude: float) -> tuple[float, float]:
    """Return the share of discordant items below which cells are sparse, and most pairs an item.

    Args:
        gap: Mean of D.
        magnitude: Mean of |D|.

    """
    if abs(gap) > magnitude / 2:
        return _SPARSE_IF_LOPSIDED, _WORTH_IF_LOPSIDED
    return _SPARSE, _WORTH


def _score(rows: Array, n: float) -> ScorePivot:
    """Return the score pivot of the mean over all cells, taken for that of n pairs."""
    worse = float(np.clip(rows, 0, None).mean())
    better = float(np.clip(-rows, 0, None).mean())
    return ScorePivot(worse * n, better * n, n)


def _successes(rows: Array, found: Crossed) -> Crossed:
    """Return the exact interval of a proportion, at the effective number of items.

    Near 1 the t interval is too short, and of zero width for an arm without an error.
    """
    seeds, items = rows.shape
    if seeds == 1 or found.se == 0:
        pivot = ExactPivot(found.estimate, float(items))
        return replace(found, pivots=(pivot,), method="Clopper-Pearson")
    n = min(found.estimate * (1 - found.estimate) / found.se**2, rows.size)
    pivot = ExactPivot(found.estimate, n, found.df)
    method = f"Clopper-Pearson at the worth of {n:.0f} items (Korn and Graubard 1998)"
    return replace(found, pivots=(pivot,), method=method)


_OF_SUCCESSES: dict[CellKind, Callable[[Array, Crossed], Crossed]] = {
    "paired": _paired,
    "successes": _successes,
}
