"""What a kernel matrix can tell apart, and how far it is from a classical one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgate.quantum.engine import Array

RIDGE = 0.01
"""Of the geometric difference, where a matrix's mean eigenvalue is 1."""


@dataclass(frozen=True)
class Concentration:
    """Mean and variance of the entries of all pairs of different rows."""

    mean: float
    variance: float


def concentration(gram: Array) -> Concentration:
    """Return how the entries above the diagonal lie.

    A kernel whose variance falls exponentially in the number of qubits tells no rows apart with
    any affordable number of shots (Thanasilp, Wang, Cerezo, Holmes 2024). The variance divides by
    the number of pairs.

    Args:
        gram: Shape (rows, rows), at least 2 rows.

    """
    entries = gram[np.triu_indices(len(gram), k=1)]
    return Concentration(float(entries.mean()), float(entries.var()))


def geometric_difference(classical: Array, quantum: Array, *, ridge: float = RIDGE) -> float:
    """Return g(K_C || K_Q), the root of the largest eigenvalue of sqrt(K_Q) K_C^-1 sqrt(K_Q).

    Both are scaled to a trace of the number of rows, and `ridge` is added to K_C's diagonal, which
    makes g smaller, never larger. Near 1 or below the classical kernel learns whatever the quantum
    one does about as well, from as many rows; near the root of the rows an advantage is neither
    ruled out nor shown (Huang et al. 2021, where it has no ridge; that of their code, with
    sqrt(K_C) (K_C + ridge)^-2 sqrt(K_C) in the inverse's place, gives no more than this one).

    Args:
        classical: Shape (rows, rows).
        quantum: The same of the same rows.
        ridge: In units of the mean eigenvalue.

    Raises:
        ValueError: When a trace is not positive.

    """
    from scipy.linalg import eigh

    first, second = _scaled(classical), _scaled(quantum)
    regular = first + ridge * np.eye(len(first))
    last = len(first) - 1
    # The same eigenvalues but for zeros: of K_Q v = w (K_C + ridge) v.
    largest = eigh(second, regular, eigvals_only=True, subset_by_index=(last, last))[0]
    return float(np.sqrt(max(float(largest), 0.0)))


def alignment(first: Array, second: Array) -> float:
    """Return the centred alignment of two kernels, from -1 to 1, 1 where they are the same.

    <H K H, H L H> over the product of their norms, H = I - 1/rows (Cortes, Mohri, Rostamizadeh
    2012): a constant added to all entries changes nothing.

    Args:
        first: Symmetric, shape (rows, rows).
        second: The same of the same rows.

    Raises:
        ValueError: When a kernel is the same for all pairs.

    """
    one, other = _centred(first), _centred(second)
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    if norms < 1e-12 * len(first):
        raise ValueError("a kernel that is the same for all pairs has no alignment")
    return float(np.clip(np.sum(one * other) / norms, -1.0, 1.0))


def rbf(features: Array) -> Array:
    """Return the Gaussian kernel with gamma = 1 / (columns * variance of all values).

    What scikit-learn's SVC calls `scale`; 1 for all pairs where all values are the same.

    Args:
        features: Shape (rows, columns).

    """
    from scipy.spatial.distance import cdist

    variance = float(features.var())
    gamma = 1 / (features.shape[1] * variance) if variance > 0 else 1.0
    return np.asarray(np.exp(-gamma * cdist(features, features, "sqeuclidean")))


def _scaled(gram: Array) -> Array:
    """Return a symmetric matrix with a trace of its rows."""
    trace = float(np.trace(gram))
    if trace <= 0:
        raise ValueError("a kernel needs a positive trace")
    return np.asarray((gram + gram.T) * (0.5 * len(gram) / trace))


def _centred(gram: Array) -> Array:
    return np.asarray(gram - gram.mean(axis=0) - gram.mean(axis=1)[:, None] + gram.mean())
