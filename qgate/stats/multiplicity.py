"""Several tests at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def holm(p: npt.ArrayLike) -> Array:
    """Return adjusted p-values, in the given order: those <= alpha are shown with error <= alpha.

    Args:
        p: Shape (tests,), at least one, each in [0, 1]; they may depend on one another.

    Raises:
        ValueError: On no tests, or a p-value outside [0, 1], NaN among them.

    Source: Holm (1979), Scandinavian Journal of Statistics 6:65-70.

    """
    raw = np.asarray(p, dtype=np.float64)
    if raw.ndim != 1 or raw.size == 0:
        raise ValueError(f"p-values must have shape (tests,), not {raw.shape}")
    if not np.all((raw >= 0) & (raw <= 1)):
        raise ValueError("p-values must lie between 0 and 1")
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * np.arange(raw.size, 0, -1))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
