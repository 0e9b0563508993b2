"""State vectors by Aer, fidelities by one matrix product, counts by binomial draws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qiskit_aer import AerSimulator

from qgate.charter.charter import Shots
from qgate.quantum.feature_map import FeatureMap

Array = npt.NDArray[np.float64]
States = npt.NDArray[np.complex128]

_DIGITS = 12
"""Probabilities are rounded to this many digits before anything is drawn from or fitted to them,
so that the last bit of a matrix library changes no draw."""


def simulate_states(feature_map: FeatureMap, X: Array) -> States:
    """Return the state U(x)|0> of each row: shape (rows, 2^qubits); one Aer call binds them all."""
    circuit = feature_map.circuit.copy()
    circuit.save_statevector()
    bindings = feature_map.bindings(X)
    simulator = AerSimulator(method="statevector")
    if not bindings:
        state = np.asarray(simulator.run(circuit).result().get_statevector())
        return np.tile(state, (len(X), 1))
    result = simulator.run([circuit], parameter_binds=[bindings]).result()
    return np.stack([np.asarray(result.data(row)["statevector"]) for row in range(len(X))])


def fidelities(left: States, right: States) -> Array:
    """Return |<l|r>|^2 of every pair, shape (left, right), rounded to 12 digits within [0, 1]."""
    overlaps = left.conj() @ right.T
    exact = overlaps.real**2 + overlaps.imag**2
    return np.clip(np.round(exact, _DIGITS), 0.0, 1.0)


def depolarised(exact: Array, strength: float, qubits: int) -> Array:
    """Return the chance of all zeros behind a global depolarising channel after the circuit.

    Each fidelity F becomes (1 - strength) F + strength / 2^qubits (Nielsen and Chuang 2010, 8.3.4).
    """
    mixed = (1 - strength) * exact + strength / 2**qubits
    return np.asarray(np.round(mixed, _DIGITS), dtype=np.float64)


def sampled(probabilities: Array, shots: Shots, rng: np.random.Generator) -> Array:
    """Return the observed frequencies of independent pairs; the probabilities when exact.

    The all-zeros count of the compute-uncompute circuit of a pair is Binomial(shots, fidelity)
    on a noise-free device (Havlicek et al. 2019), so nothing else need be simulated.
    """
    if shots is None:
        return probabilities
    return np.asarray(rng.binomial(shots, probabilities) / shots, dtype=np.float64)


def sampled_gram(probabilities: Array, shots: Shots, rng: np.random.Generator) -> Array:
    """Return a symmetric matrix in which each pair of training rows is measured once."""
    if shots is None:
        return probabilities
    gram = np.eye(len(probabilities))
    for row in range(len(gram) - 1):  # one triangle, without index arrays as large as the matrix
        drawn = rng.binomial(shots, probabilities[row, row + 1 :]) / shots
        gram[row, row + 1 :] = gram[row + 1 :, row] = drawn
    return gram
