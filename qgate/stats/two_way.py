"""The two-way layout of seeds and items: mean squares, variance components, standard errors.

Sources: Obuchowski and Rockette (1995), Communications in Statistics 24:285-308; Hillis (2007),
Statistics in Medicine 26:596-619; Satterthwaite (1946) for the degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Components:
    """Variance components of one cell D[s, i]; each is at least 0, in squared metric units."""

    item: float
    seed: float
    residual: float
    """Seed x item, and shots where there are any."""
    shots: float = 0.0
    """What of the residual is shot noise, as differences between replicates show; 0 if unknown."""


def analyse(rows: Array) -> tuple[Components, tuple[float, float, float]]:
    """Return variance components and mean squares (item, seed, residual) of a two-way layout.

    A single item shows no variance of items, and what is its own cannot be told from the seeds'.
    """
    seeds, items = rows.shape
    if items == 1:
        variance = float(rows.var(ddof=1)) if seeds > 1 else 0.0
        return Components(0.0, variance, 0.0), (0.0, variance, 0.0)
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


def standard_error(
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
