"""What is not positive about a measured kernel matrix, and how it is taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgate.quantum.estimate import DIGITS, Array


@dataclass(frozen=True)
class Clipped:
    """A training matrix with its negative eigenvalues set to 0."""

    gram: Array
    projector: Array
    """Shape (rows, rows): takes what a new item has measured to the same feature space."""
    share: float
    """Negative eigenvalues' part of the sum of all magnitudes: 0 for a matrix that is a kernel."""


def clip(gram: Array) -> Clipped:
    """Return the nearest positive matrix and the projector onto its eigenvectors.

    New items must be projected too, or they are compared in another space than the training rows
    (Chen, Garcia, Gupta, Rahimi, Cazzanti 2009, spectrum clip). Directions whose eigenvalue is only
    what rounding the entries leaves belong to neither.

    Args:
        gram: Symmetric, shape (rows, rows).

    """
    values, vectors = np.linalg.eigh(gram)
    real = values > len(gram) * 10.0**-DIGITS
    kept = vectors[:, real]
    positive = (kept * values[real]) @ kept.T
    total = np.abs(values).sum()
    share = float(-values[values < 0].sum() / total) if total > 0 else 0.0
    return Clipped(np.round(positive, DIGITS), np.round(kept @ kept.T, DIGITS), round(share, 9))
