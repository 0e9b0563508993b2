"""Standard deviations and their bounds."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtr, chdtri

from qgate.stats.proportion import clopper_pearson


class SpreadInterval(NamedTuple):
    """A pooled standard deviation and its one-sided bounds, in the values' unit."""

    sd: float
    low: float
    high: float
    df: int


def pooled_sd(
    values: npt.ArrayLike, *, confidence: float, resolution: float = 0.0
) -> SpreadInterval:
    """Return the standard deviation within rows, pooled, with chi-square bounds.

    Args:
        values: Shape (groups, replicates), at least two replicates; groups may differ in mean.
        confidence: One-sided, in (0, 1): each bound holds alone.
        resolution: The smallest step between two values, 0 for continuous ones. Values on a
            lattice can all agree by luck, and chi-square then bounds too little: below one step the
            upper bound is at least that of a single replicate being one step off, and that of the
            share of neighbouring replicates that differ, times what those that do differ by.

    Raises:
        ValueError: With fewer than two replicates, or on values that are not finite.

    Source: Hald (1952), Statistical Theory, 11.4, exact for normal values; Clopper and Pearson
    (1934), Biometrika 26:404-413, for the share.

    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] < 1 or matrix.shape[1] < 2:
        raise ValueError("a spread needs at least 2 replicates")
    if not np.all(np.isfinite(matrix)):
        raise ValueError("values must be finite")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    df = matrix.shape[0] * (matrix.shape[1] - 1)
    squares = float(((matrix - matrix.mean(axis=1, keepdims=True)) ** 2).sum())
    sd, fewest = math.sqrt(squares / df), resolution**2 * (1 - 1 / matrix.shape[1])
    high = math.sqrt(max(squares, fewest) / float(chdtri(df, confidence)))
    if sd < resolution:
        high = max(high, _lattice_bound(matrix, resolution, confidence))
    return SpreadInterval(sd, math.sqrt(squares / float(chdtri(df, 1 - confidence))), high, df)


def _lattice_bound(matrix: npt.NDArray[np.float64], resolution: float, confidence: float) -> float:
    """Return the deviation at which so few neighbouring replicates would hardly differ."""
    steps = np.diff(matrix, axis=1).ravel()
    differ = np.abs(steps) > resolution / 2
    share = clopper_pearson(int(differ.sum()), steps.size, confidence=2 * confidence - 1)[1]
    square = float(np.mean(steps[differ] ** 2)) if differ.any() else resolution**2
    return math.sqrt(share * square / 2)


def chance_of_spread(limit: float, sd: float, *, df: int, confidence: float) -> float:
    """Return the chance that a standard deviation's upper bound lies within a limit.

    Args:
        limit: The largest deviation that may pass.
        sd: The true one.
        df: Degrees of freedom of its estimate.
        confidence: One-sided.

    """
    if sd == 0:
        return 1.0
    return float(chdtr(df, (limit / sd) ** 2 * float(chdtri(df, confidence))))
