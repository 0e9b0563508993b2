"""A design of items, seeds and shots, and the standard error that variances promise for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qgate.stats.two_way import Components


@dataclass(frozen=True)
class Design:
    """How many seeds and items, and by which factor shots are raised over those assumed."""

    seeds: int
    items: int
    shots: float = 1.0


def planned_se(parts: Components, design: Design, claim: str) -> float:
    """Return the standard error that variance components promise for a design."""
    return math.sqrt(sum(variance_parts(parts, design, claim)))


def variance_parts(
    parts: Components, design: Design, claim: str
) -> tuple[float, float, float, float]:
    """Return what items, seeds, seed x item and shots add to the squared standard error."""
    # A single seed speaks only for its own artefact: its interval has no part for other seeds.
    seeds, items = design.seeds, design.items
    own = claim == "this_artifact" or (claim != "this_dataset" and seeds == 1)
    return (
        0.0 if claim == "this_dataset" else parts.item / items,
        0.0 if own else parts.seed / seeds,
        (parts.residual - parts.shots) / (items * seeds),
        parts.shots / (items * seeds),
    )


def planned_df(parts: Components, design: Design, claim: str) -> float:
    """Return the Satterthwaite degrees of freedom at the expected mean squares of a design."""
    seeds, items = design.seeds, design.items
    if claim == "this_dataset":
        return float(seeds - 1)
    if claim == "this_artifact" or seeds == 1:
        return float(items - 1)
    residual = parts.residual
    item, seed = seeds * parts.item + residual, items * parts.seed + residual
    total = item + seed - residual
    spread = (
        item**2 / (items - 1) + seed**2 / (seeds - 1) + residual**2 / ((items - 1) * (seeds - 1))
    )
    return total * total / spread if spread > 0 else float((items - 1) * (seeds - 1))
