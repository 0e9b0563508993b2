"""Chance that an interval will lie within a tolerance, before anything is measured."""

from __future__ import annotations

import math

from scipy.special import ndtr, stdtr, stdtrit

from qgate.stats.paired import tango_interval
from qgate.stats.parity import Components

_MOST_ITEMS = 10_000_000


def planned_se(components: Components, *, seeds: int, items: int, claim: str) -> float:
    """Return the standard error that variance components promise for a design."""
    item = 0.0 if claim == "this_dataset" else components.item / items
    seed = 0.0 if claim == "this_artifact" else components.seed / seeds
    return math.sqrt(item + seed + components.residual / (items * seeds))


def chance_to_pass(
    tolerance: float,
    *,
    components: Components,
    seeds: int,
    items: int,
    claim: str,
    confidence: float,
    gap: float = 0.0,
) -> float:
    """Return the chance that the one-sided upper bound of a gap lies within the tolerance.

    Normal approximation to the noncentral t; see the calibration tests for its agreement with
    simulation.

    Args:
        tolerance: Largest gap allowed, in metric units.
        components: Variance components assumed for one cell.
        seeds: Number of seeds.
        items: Number of items.
        claim: See `parity_interval`.
        confidence: One-sided.
        gap: The true gap assumed.

    """
    if claim == "this_dataset" and seeds < 2:
        return 0.0
    random_items = claim != "this_dataset"
    if random_items and tolerance < smallest_tolerance(items, confidence=confidence):
        return 0.0
    se = planned_se(components, seeds=seeds, items=items, claim=claim)
    df = float(items - 1 if random_items else seeds - 1)
    if se == 0:
        return 1.0 if gap <= tolerance else 0.0
    critical = float(stdtrit(df, confidence))
    centre = (tolerance - gap) / se - critical
    return float(ndtr(centre) if df > 30 else stdtr(df, centre))


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
) -> int | None:
    """Return the fewest items with the chance to pass at a gap of 0, None if no number has."""

    def reached(items: int) -> bool:
        return (
            chance_to_pass(
                tolerance,
                components=components,
                seeds=seeds,
                items=items,
                claim=claim,
                confidence=confidence,
            )
            >= chance
        )

    if not reached(_MOST_ITEMS):
        return None
    low, high = 1, _MOST_ITEMS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high
