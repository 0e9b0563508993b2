"""Chance that an interval will lie within a tolerance, before anything is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv, ndtr, ndtri, stdtrit

from qgate.stats.design import Design, planned_df, planned_se
from qgate.stats.exact_power import score_power
from qgate.stats.paired import tango_interval, tango_score
from qgate.stats.parity import FEW_DISCORDANT, sparseness
from qgate.stats.two_way import Components

Array = npt.NDArray[np.float64]

_ITEM_NODES, _SEED_NODES, _NODES = 24, 24, 2000
_HALVINGS = 30
_TINY = 1e-300


@dataclass(frozen=True)
class Spread:
    """What is assumed of one cell D[s, i]."""

    components: Components
    discordance: float | None = None
    """Mean of |D| for differences of successes; None for other cells, taken as normal."""
    differing: float = 1.0
    """For other cells, the share of items on which the arms differ with some seed."""
    reach: float = 1.0
    """How far one item can move one cell."""
    shot_power: float = 0.5
    """Shot variance falls as 1/shots to this power: 1 for scores, 1/2 for labels, which flip only
    where an item lies within the noise of the boundary, and of such items there are fewer as the
    noise falls."""

    def at(self, shots: float) -> Components:
        """Return the components with so many times the shots."""
        parts = self.components
        saved = parts.shots * (1 - shots**-self.shot_power)
        return replace(parts, residual=parts.residual - saved, shots=parts.shots - saved)


@dataclass(frozen=True)
class Question:
    """What is asked of a design: whether a gap lies within a tolerance, shown at a level.

    `confidence` is one-sided; `two_sided` asks for both ends within (equivalence); `gap` is the
    true gap.
    """

    tolerance: float
    claim: str
    confidence: float
    two_sided: bool = False
    gap: float = 0.0


def chance_to_pass(question: Question, spread: Spread, design: Design) -> float:
    """Return the chance that the gap is shown to lie within the tolerance.

    For a single seed of paired successes the exact power of Tango's score test, by enumeration of
    all tables. Otherwise that of the t interval, averaged over the standard error that will be
    estimated, and, where cells are sparse, of its widening to the score interval. The calibration
    tests hold it to simulation.
    """
    claim, tolerance, level = question.claim, question.tolerance, question.confidence
    if design.items < 2 or (claim == "this_dataset" and design.seeds < 2):
        return 0.0
    parts = spread.at(design.shots)
    se = planned_se(parts, design, claim)
    if claim != "this_dataset" and _nothing_differs(spread, design, se):
        least = spread.reach * smallest_tolerance(design.items, confidence=level)
        return 1.0 if max(least, abs(question.gap)) <= tolerance else 0.0
    if se == 0:
        return 1.0 if abs(question.gap) <= tolerance else 0.0
    if spread.discordance is not None and claim != "this_dataset" and design.seeds == 1:
        wide = max(spread.discordance, abs(question.gap))
        return score_power(
            design.items, (wide + question.gap) / 2, (wide - question.gap) / 2,
            tolerance=tolerance, confidence=level, two_sided=question.two_sided,
        )  # fmt: skip
    most, width = _largest_estimates(question, spread, parts, design)
    mirrored = most
    if question.two_sided and question.gap:
        turned = replace(question, gap=-question.gap)
        mirrored, _ = _largest_estimates(turned, spread, parts, design)
    return _average(question, most, mirrored, width)


def resampled_power(question: Question, parts: Components, design: Design, train: int) -> float:
    """Return the chance for the corrected resampled t over as many splits as the design has seeds.

    What the splits share shows neither in their spread nor goes away with their number: items vary
    within a split as a sample of all, and over all splits as that whole sample (finite population).
    Where only the spread between splits is known, the mean varies as the procedure itself assumes.
    """
    splits, test = design.seeds, design.items
    if splits < 2:
        return 0.0
    own, inflation = parts.seed + parts.residual / test, 1 / splits + test / train
    everything = train + test
    seen = own + parts.item / test * (1 - test / everything)
    true = own / splits + parts.item / everything if parts.item else own * inflation
    df = splits - 1.0
    spreads = np.sqrt(seen * inflation * _chi_square(df, _NODES))
    most = question.tolerance - float(stdtrit(df, question.confidence)) * spreads
    return _average(question, most, most, np.asarray(math.sqrt(true)))


def _average(question: Question, most: Array, mirrored: Array, width: Array) -> float:
    """Return the mean chance of an estimate below `most`; two-sided, above -`mirrored` too."""
    inside = ndtr((most - question.gap) / width)
    if question.two_sided:
        inside = np.maximum(inside - ndtr((-mirrored - question.gap) / width), 0.0)
    return float(np.mean(inside))


def _nothing_differs(spread: Spread, design: Design, se: float) -> bool:
    """Return whether so few items will differ that the bound is that of no difference at all."""
    if spread.discordance is not None:
        return se == 0
    return se == 0 or design.items * spread.differing < FEW_DISCORDANT


def _largest_estimates(
    question: Question, spread: Spread, parts: Components, design: Design
) -> tuple[Array, Array]:
    """Return the largest estimates that pass, for equally likely standard errors; and their width.

    The largest estimate that still passes follows from the t bound at the degrees of freedom that
    the estimated mean squares give, and from the score bound where cells are sparse.
    """
    se = planned_se(parts, design, question.claim)
    if question.claim != "new_items_and_seeds" or design.seeds == 1:
        df = planned_df(parts, design, question.claim)
        spreads = se * np.sqrt(_chi_square(df, _NODES))
        critical = float(stdtrit(df, question.confidence))
        return question.tolerance - critical * spreads, np.asarray(se)
    if spread.discordance is None:
        spreads, free, _ = _standard_errors(parts, design, design.items - 1.0)
        return question.tolerance - stdtrit(free, question.confidence) * spreads, np.asarray(se)
    magnitude = max(spread.discordance, abs(question.gap))
    lasting = _lasting(parts, magnitude)
    # How many items differ for good is a count, which varies as chi-square with so many degrees.
    freedom = min(design.items - 1.0, max(2 * design.items * lasting, 1.0))
    spreads, free, factor = _standard_errors(parts, design, freedom)
    share = _discordant_items(parts, magnitude, design.seeds)
    sparse, worth = sparseness(question.gap, magnitude)
    pairs = worth * design.items if share < sparse else None
    seen = np.clip(magnitude + lasting * (factor - 1), abs(question.gap), 1.0)
    critical_each = stdtrit(free, question.confidence)
    most = _largest_passing(question, seen, spreads, critical_each, pairs)
    # Given that count, the estimate varies as so many items make it.
    variance = se**2 + parts.item * (factor - 1) / design.items
    return most, np.sqrt(np.maximum(variance, _TINY))


def _lasting(parts: Components, discordance: float) -> float:
    """Return the share of items on which the arms differ with every seed."""
    total = parts.item + parts.residual
    return discordance * (parts.item / total if total > 0 else 1.0)


def _discordant_items(parts: Components, discordance: float, seeds: int) -> float:
    """Return the share of items on which the arms differ with some seed."""
    lasting = _lasting(parts, discordance)
    return float(lasting + (1 - lasting) * (1 - (1 - (discordance - lasting)) ** seeds))


def _largest_passing(
    question: Question, magnitude: Array, spreads: Array, critical: Array, pairs: float | None
) -> Array:
    """Return the largest estimates that still pass, by bisection; sparse cells are of some pairs.

    The fewer losses are seen, the smaller both the estimate and its standard error: the magnitude
    follows the estimate by its regression on it, gap/magnitude.
    """
    z, tolerance, gap = float(ndtri(question.confidence)), question.tolerance, question.gap
    low, high = -magnitude, np.minimum(tolerance, magnitude)
    variance = np.maximum(magnitude - gap**2, _TINY)
    worth = np.minimum(variance / spreads**2, pairs or 0.0)
    for _ in range(_HALVINGS):
        estimate = (low + high) / 2
        seen = np.maximum(magnitude + gap / magnitude * (estimate - gap), np.abs(estimate))
        se = spreads * np.sqrt((seen - estimate**2) / variance)
        passes = estimate + critical * se <= tolerance
        if pairs is not None:
            worse, better = (seen + estimate) / 2, (seen - estimate) / 2
            passes &= tango_score(worse * worth, better * worth, worth, tolerance) <= -z
        low, high = np.where(passes, estimate, low), np.where(passes, high, estimate)
    return low


def _standard_errors(
    parts: Components, design: Design, freedom: float
) -> tuple[Array, Array, Array]:
    """Return equally likely standard errors and degrees of freedom, as the interval has them.

    The third array is by which factor the items' mean square is off, whose own degrees of freedom
    are `freedom`.
    """
    seeds, items = design.seeds, design.items
    ms_seed = (items * parts.seed + parts.residual) * _chi_square(seeds - 1, _SEED_NODES)
    grids = np.meshgrid(_chi_square(freedom, _ITEM_NODES), ms_seed)
    factor, seed = (grid.ravel() for grid in grids)
    item = seeds * parts.item * factor + parts.residual
    residual = parts.residual
    counts_item, counts_seed = item >= residual, seed >= residual
    both, neither = counts_item & counts_seed, ~counts_item & ~counts_seed
    total = np.where(counts_item, item, 0.0) + np.where(counts_seed, seed, 0.0)
    total += np.where(neither, residual, 0.0) - np.where(both, residual, 0.0)
    squares = np.where(counts_item, item**2 / (items - 1), 0.0)
    squares += np.where(counts_seed, seed**2 / (seeds - 1), 0.0)
    squares += np.where(both | neither, residual**2 / ((items - 1) * (seeds - 1)), 0.0)
    return np.sqrt(total / (seeds * items)), total**2 / squares, factor


def _chi_square(df: float, nodes: int) -> Array:
    """Return equally likely values of chi-square over its degrees of freedom."""
    middle = (np.arange(nodes) + 0.5) / nodes
    return np.asarray(2 * gammaincinv(df / 2, middle) / df, dtype=np.float64)


def smallest_tolerance(items: int, *, confidence: float) -> float:
    """Return the score bound with no discordant item at all."""
    return tango_interval(0.0, 0.0, items, confidence=2 * confidence - 1)[1]
