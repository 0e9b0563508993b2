"""Purity, fidelity, coherence and entanglement of the states that a circuit gives."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from qgate.quantum.engine import Array, Numbers

_MATRICES = np.array(
    [[1, 0, 0, 1], [0, 1, -1j, 0], [0, 1, 1j, 0], [1, 0, 0, -1]], dtype=np.complex128
) / np.sqrt(2)
"""Columns: I, X, Y, Z over sqrt 2, entries in the order 00, 01, 10, 11."""
_FLIP = np.array([[0, 0, 0, -1], [0, 0, 1, 0], [0, 1, 0, 0], [-1, 0, 0, 0]], dtype=np.complex128)
"""Y x Y."""


def purity(coefficients: Array) -> Array:
    """Return Tr rho^2 of each row, 1 for a pure state and 2^-qubits for the fully mixed one.

    Args:
        coefficients: In the normalised Pauli basis, shape (rows, 4^qubits): their squares add up.

    """
    return np.asarray(np.sum(coefficients**2, axis=1))


def meyer_wallach(states: Numbers) -> Array:
    """Return the global entanglement Q of each row: 0 for products, 1 where each qubit is mixed.

    Q = 2 (1 - the mean over qubits of Tr rho_k^2), rho_k being what is left of qubit k (Meyer and
    Wallach 2002, in the form of Brennen 2003). It is a measure of pure states only.

    Args:
        states: Amplitudes, shape (rows, 2^qubits), qubit 0 the fastest.

    """
    rows, qubits = len(states), states.shape[1].bit_length() - 1
    left = np.zeros(rows)
    for qubit in range(qubits):
        halves = states.reshape(rows, -1, 2, 2**qubit)
        zero, one = halves[:, :, 0].reshape(rows, -1), halves[:, :, 1].reshape(rows, -1)
        weights = [np.sum(np.abs(part) ** 2, axis=1) for part in (zero, one)]
        coherence = np.abs(np.sum(zero.conj() * one, axis=1)) ** 2
        left += weights[0] ** 2 + weights[1] ** 2 + 2 * coherence
    return np.asarray(2 * (1 - left / qubits))


def half_cut_entropy(states: Numbers) -> Array:
    """Return the von Neumann entropy between the two halves of the qubits of each row, in bits.

    0 for product states, at most half the number of qubits. With an odd number the slower half,
    of the later qubits, is the larger one.

    Args:
        states: Amplitudes, shape (rows, 2^qubits), qubit 0 the fastest; at least 2 qubits.

    """
    rows, qubits = len(states), states.shape[1].bit_length() - 1
    singular = np.linalg.svd(states.reshape(rows, -1, 2 ** (qubits // 2)), compute_uv=False)
    weights = singular**2
    logs = np.log2(weights, out=np.zeros_like(weights), where=weights > 0)
    return np.asarray(np.abs(np.sum(weights * logs, axis=1)))


def state_fidelity(coefficients: Array, ideal: Array) -> Array:
    """Return the fidelity of each row's state with a pure one, Tr(rho |psi><psi|), from 0 to 1.

    It is <psi|rho|psi>, without a square root (Jozsa 1994; Nielsen and Chuang 2010, 9.2.2 give the
    root of it).

    Args:
        coefficients: In the normalised Pauli basis, shape (rows, 4^qubits).
        ideal: The same of the pure states.

    """
    return np.asarray(np.clip(np.einsum("rp,rp->r", coefficients, ideal), 0.0, 1.0))


def l1_coherence(matrices: Numbers) -> Array:
    """Return the l1 norm of coherence of each row, the sum of |rho_ij| over i != j.

    0 for states without superposition of the computational basis, at most 2^qubits - 1, where all
    outcomes are equally likely amplitudes (Baumgratz, Cramer, Plenio 2014).

    Args:
        matrices: Density matrices, shape (rows, 2^qubits, 2^qubits); or amplitudes of pure states,
            shape (rows, 2^qubits).

    """
    sizes = np.abs(matrices)
    if matrices.ndim == 2:
        return np.asarray(sizes.sum(axis=1) ** 2 - np.sum(sizes**2, axis=1))
    return np.asarray(sizes.sum(axis=(1, 2)) - np.trace(sizes, axis1=1, axis2=2))


def density_matrices(coefficients: Array) -> Numbers:
    """Return density matrices of shape (rows, 2^qubits, 2^qubits), qubit 0 the fastest.

    Args:
        coefficients: In the normalised Pauli basis, shape (rows, 4^qubits).

    """
    rows, qubits = len(coefficients), (coefficients.shape[1].bit_length() - 1) // 2
    found = coefficients.astype(np.complex128)
    for qubit in range(qubits):  # each axis of 4 to one of 4: twice the row's bit plus the column's
        found = np.matmul(_MATRICES, found.reshape(rows, -1, 4, 4**qubit)).reshape(rows, -1)
    tensor = found.reshape((rows,) + (2, 2) * qubits)  # slowest first: row bit, column bit
    axes = [0, *range(1, 2 * qubits, 2), *range(2, 2 * qubits + 1, 2)]
    return np.ascontiguousarray(tensor.transpose(axes)).reshape(rows, 2**qubits, 2**qubits)


def pair_matrices(states: Numbers) -> Numbers:
    """Return what is left of each pair of qubits, shape (rows, pairs, 4, 4).

    Args:
        states: Amplitudes, shape (rows, 2^qubits); pairs are in the order of `combinations`.

    """
    rows, qubits = len(states), states.shape[1].bit_length() - 1
    tensor = states.reshape((rows,) + (2,) * qubits)
    found = []
    for low, high in combinations(range(qubits), 2):
        axes = (qubits - high, qubits - low)  # the last axis is qubit 0
        rest = [axis for axis in range(1, qubits + 1) if axis not in axes]
        parts = tensor.transpose(0, *axes, *rest).reshape(rows, 4, -1)
        found.append(parts @ parts.conj().transpose(0, 2, 1))
    return np.stack(found, axis=1)


def noisy_pair_matrices(coefficients: Array) -> Numbers:
    """Return what `pair_matrices` does, of mixed states.

    Args:
        coefficients: In the normalised Pauli basis, shape (rows, 4^qubits).

    """
    rows, qubits = len(coefficients), (coefficients.shape[1].bit_length() - 1) // 2
    own = np.arange(4)
    found = []
    for low, high in combinations(range(qubits), 2):
        index = (own[:, None] * 4**high + own * 4**low).ravel()
        found.append(coefficients[:, index] * 2.0 ** ((qubits - 2) / 2))
    return density_matrices(np.concatenate(found)).reshape(-1, rows, 4, 4).swapaxes(0, 1)


def concurrence(pairs: Numbers) -> Array:
    """Return the concurrence of two qubits, 0 where they are separable, 1 of a Bell pair.

    max(0, l1 - l2 - l3 - l4), l being the falling roots of the eigenvalues of rho (Y x Y) rho* (Y x
    Y) (Wootters 1998): with rho = R R^+, the singular values of R^T (Y x Y) R.

    Args:
        pairs: Density matrices, shape (..., 4, 4).

    Returns:
        Shape (...).

    """
    values, vectors = np.linalg.eigh(pairs)
    roots = vectors * np.sqrt(np.clip(values, 0, None))[..., None, :]
    flipped = np.swapaxes(roots, -1, -2) @ _FLIP @ roots
    singular = np.linalg.svd(flipped, compute_uv=False)
    return np.asarray(np.clip(2 * singular[..., 0] - singular.sum(axis=-1), 0.0, 1.0))


def negativity(pairs: Numbers) -> Array:
    """Return the negativity of two qubits, 0 where they are separable, 1/2 of a Bell pair.

    What the negative eigenvalues of the partial transpose add up to (Vidal and Werner 2002).

    Args:
        pairs: Density matrices, shape (..., 4, 4).

    Returns:
        Shape (...).

    """
    tensor = pairs.reshape(*pairs.shape[:-2], 2, 2, 2, 2)
    turned = np.swapaxes(tensor, -1, -3).reshape(pairs.shape)
    values = np.linalg.eigvalsh(turned)
    return np.asarray(-np.clip(values, None, 0).sum(axis=-1))
