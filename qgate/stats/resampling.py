"""Differences over resampled train/test splits, which share most of their items."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit


class ResampledInterval(NamedTuple):
    """Two-sided interval of a mean difference over splits; `estimate / se` is the t statistic."""

    estimate: float
    low: float
    high: float
    se: float
    df: float


def corrected_resampled_t(
    differences: npt.ArrayLike, *, train: float, test: float, confidence: float
) -> ResampledInterval:
    """Return the interval of the mean difference, wider for the overlap between splits.

    The variance of the mean is (1/splits + test/train) times that of the differences. It is 0
    where all differences agree, which few splits do not prove.

    Args:
        differences: Shape (splits,), at least 2: first arm minus second on each test part.
        train: Count of items that each split trains on, above 0.
        test: Count of items that each split tests on, above 0.
        confidence: Two-sided, in (0, 1).

    Raises:
        ValueError: On numbers outside these ranges, or differences that are not finite.

    Source: Nadeau and Bengio (2003), Machine Learning 52:239-281.

    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1 or values.size < 2:
        raise ValueError(f"differences must be of at least 2 splits, not of shape {values.shape}")
    if not np.all(np.isfinite(values)):
        raise ValueError("differences must be finite")
    if not (0 < train < math.inf and 0 < test < math.inf):
        raise ValueError(f"no split trains on {train} items and tests on {test}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    estimate, df = float(values.mean()), float(values.size - 1)
    se = float(values.std(ddof=1)) * math.sqrt(1 / values.size + test / train)
    half = float(stdtrit(df, (1 + confidence) / 2)) * se
    return ResampledInterval(estimate, estimate - half, estimate + half, se, df)
