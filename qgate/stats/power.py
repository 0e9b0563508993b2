"""Chance that an interval will lie within a tolerance, before anything is measured."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import nctdtr, ndtr, stdtrit

from qgate.stats.paired import tango_interval
from qgate.stats.parity import Components

_MOST_ITEMS = 10_000_000
_MOST_SEEDS = 10_000

# Above _MANY degrees of freedom the normal approximation of Johnson and Welch (1940) is right to
# 1e-4; beyond _FAR standard errors the noncentral t underflows, and is 0 or 1 anyway.
_MANY = 30
_FAR = 37.0


def planned_se(components: Components, *, seeds: int, items: int, claim: str) -> float:
    """Return the standard error that variance components promise for a design."""
    return math.sqrt(sum(_parts(components, seeds, items, claim)))


def chance_to_pass(
    tolerance: float,
    *,
    components: Components,
    seeds: int,
    items: int,
    claim: str,
    confidence: float,
    gap: float = 0.0,
    reach: float = 1.0,
) -> float:
    """Return the chance that the one-sided upper bound of a gap lies within the tolerance.

    Noncentral t with the degrees of freedom that the components promise; see the calibration
    tests for its agreement with simulation.

    Args:
        tolerance: Largest gap allowed, in metric units.
        components: Variance components assumed for one cell.
        seeds: Number of seeds.
        items: Number of items.
        claim: See `parity_interval`.
        confidence: One-sided.
        gap: The true gap assumed.
        reach: How far one item can move one cell.

    """
    if items < 2 or (claim == "this_dataset" and seeds < 2):
        return 0.0
    if claim != "this_dataset" and tolerance < reach * smallest_tolerance(
        items, confidence=confidence
    ):
        return 0.0
    se = planned_se(components, seeds=seeds, items=items, claim=claim)
    if se == 0:
        return 1.0 if gap <= tolerance else 0.0
    df = planned_df(components, seeds=seeds, items=items, claim=claim)
    critical, shift = float(stdtrit(df, confidence)), (tolerance - gap) / se
    if df > _MANY:
        scale = math.sqrt(1 + critical * critical / (2 * df))
        return float(ndtr((shift - critical * (1 - 1 / (4 * df))) / scale))
    return float(1 - nctdtr(df, max(min(shift, _FAR), -_FAR), critical))


def planned_df(components: Components, *, seeds: int, items: int, claim: str) -> float:
    """Return the Satterthwaite degrees of freedom at the expected mean squares of a design."""
    if claim == "this_dataset":
        return float(seeds - 1)
    if claim == "this_artifact" or seeds == 1:
        return float(items - 1)
    residual = components.residual
    item, seed = seeds * components.item + residual, items * components.seed + residual
    total = item + seed - residual
    spread = (
        item**2 / (items - 1) + seed**2 / (seeds - 1) + residual**2 / ((items - 1) * (seeds - 1))
    )
    return total * total / spread if spread > 0 else float((items - 1) * (seeds - 1))


def smallest_tolerance(items: int, *, confidence: float) -> float:
    """Return the score bound with no discordant item at all: nothing smaller can ever pass."""
    return tango_interval(0.0, 0.0, items, confidence=2 * confidence - 1)[1]


def items_needed(
    tolerance: float,
    *,
    components: Components,
    seeds: int,
    claim: str,
    confidence: float,
    chance: float,
    reach: float = 1.0,
) -> int | None:
    """Return the fewest items with the chance to pass at a gap of 0, None if no number has."""

    def reached(items: int) -> bool:
        found = chance_to_pass(
            tolerance, components=components, seeds=seeds, items=items, claim=claim,
            confidence=confidence, reach=reach,
        )  # fmt: skip
        return found >= chance

    return _fewest(reached, _MOST_ITEMS)


def seeds_needed(
    tolerance: float,
    *,
    components: Components,
    items: int,
    claim: str,
    confidence: float,
    chance: float,
    reach: float = 1.0,
) -> int | None:
    """Return the fewest seeds with the chance to pass at a gap of 0, None if no number has."""

    def reached(seeds: int) -> bool:
        found = chance_to_pass(
            tolerance, components=components, seeds=seeds, items=items, claim=claim,
            confidence=confidence, reach=reach,
        )  # fmt: skip
        return found >= chance

    return _fewest(reached, _MOST_SEEDS)


def _fewest(reached: Callable[[int], bool], most: int) -> int | None:
    """Return the smallest number of at least 2 for which something holds, None beyond `most`."""
    if not reached(most):
        return None
    below, enough = 1, most
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if reached(middle) else (middle, enough)
    return enough


def _parts(
    components: Components, seeds: int, items: int, claim: str
) -> tuple[float, float, float]:
    """Return what items, seeds and the rest add to the squared standard error."""
    # A single seed speaks only for its own artefact: its interval has no part for other seeds.
    own = claim == "this_artifact" or (claim != "this_dataset" and seeds == 1)
    return (
        0.0 if claim == "this_dataset" else components.item / items,
        0.0 if own else components.seed / seeds,
        components.residual / (items * seeds),
    )
