"""Purity and entanglement of the states that a circuit gives."""

from __future__ import annotations

import numpy as np

from qgate.quantum.engine import Array, Numbers


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
