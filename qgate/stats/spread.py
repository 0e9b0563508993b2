"""Standard deviations and their bounds."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri


class SpreadInterval(NamedTuple):
    """A pooled standard deviation and its one-sided bounds, in the values' unit."""

    sd: float
    low: float
    high: float
    df: int


def pooled_sd(values: npt.ArrayLike, *, confidence: float) -> SpreadInterval:
    """Return the standard deviation within rows, pooled, with chi-square bounds.

    Args:
        values: Shape (groups, replicates), at least two replicates; groups may differ in mean.
        confidence: One-sided: each bound holds alone.

    Raises:
        ValueError: With fewer than two replicates.

    Source: Hald (1952), Statistical Theory, 11.4; exact for normal values.

    """
    matrix = np.asarray(values, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[1] < 2:
        raise ValueError("a spread needs at least 2 replicates")
    df = matrix.shape[0] * (matrix.shape[1] - 1)
    squares = float(((matrix - matrix.mean(axis=1, keepdims=True)) ** 2).sum())
    return SpreadInterval(
        math.sqrt(squares / df),
        math.sqrt(squares / float(chdtri(df, 1 - confidence))),
        math.sqrt(squares / float(chdtri(df, confidence))),
        df,
    )
