"""Purity and entanglement against closed forms and against Qiskit."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, entropy, partial_trace, random_statevector

from qgate.quantum.engine import Array, Numbers
from qgate.quantum.health import half_cut_entropy, meyer_wallach, purity

ZERO, ONE = np.array([1, 0], dtype=complex), np.array([0, 1], dtype=complex)


def _product(*factors: Numbers) -> Numbers:
    found: Numbers = np.ones(1, dtype=complex)
    for factor in factors:
        found = np.kron(found, factor)
    return found[None]


def _ghz(qubits: int) -> Numbers:
    return np.asarray((_product(*[ZERO] * qubits) + _product(*[ONE] * qubits)) / np.sqrt(2))


@pytest.mark.parametrize("qubits", [2, 3, 5])
def test_ghz_states_are_fully_entangled_and_hold_one_bit(qubits: int) -> None:
    assert meyer_wallach(_ghz(qubits)) == pytest.approx(1.0)
    assert half_cut_entropy(_ghz(qubits)) == pytest.approx(1.0)


def test_w_states_have_the_published_q() -> None:
    """Q = 4 (n - 1) / n^2 (Meyer and Wallach 2002)."""
    for n in (3, 4):
        state = np.zeros((1, 2**n), dtype=complex)
        state[0, [2**k for k in range(n)]] = n**-0.5
        assert meyer_wallach(state) == pytest.approx(4 * (n - 1) / n**2)


def test_products_are_not_entangled_and_rows_are_independent() -> None:
    tilted = np.array([0.6, 0.8j])
    rows = np.vstack([_product(tilted, ZERO, tilted), _ghz(3)])
    np.testing.assert_allclose(meyer_wallach(rows), [0.0, 1.0], rtol=0, atol=1e-14)
    np.testing.assert_allclose(half_cut_entropy(rows), [0.0, 1.0], rtol=0, atol=1e-12)


def test_bell_pairs_across_the_cut_add_up() -> None:
    pairs = _product(ZERO, ZERO, ZERO, ZERO) * 0
    for i in range(2):
        for j in range(2):
            basis = [(ZERO, ONE)[i], (ZERO, ONE)[j], (ZERO, ONE)[i], (ZERO, ONE)[j]]
            pairs = pairs + _product(*basis) / 2
    assert half_cut_entropy(pairs) == pytest.approx(2.0)


@pytest.mark.parametrize("qubits", [2, 3, 4])
def test_random_states_agree_with_qiskit(qubits: int) -> None:
    states = [random_statevector(2**qubits, seed=seed) for seed in range(3)]
    rows = np.array([state.data for state in states])
    for state, q, bits in zip(states, meyer_wallach(rows), half_cut_entropy(rows), strict=True):
        others = [[k for k in range(qubits) if k != qubit] for qubit in range(qubits)]
        left = [partial_trace(state, rest).purity().real for rest in others]
        assert q == pytest.approx(2 * (1 - np.mean(left)), abs=1e-12)
        half = partial_trace(state, list(range(qubits // 2)))
        assert bits == pytest.approx(entropy(half, base=2), abs=1e-10)


def _paulis(matrix: DensityMatrix) -> Array:
    from qiskit.quantum_info import pauli_basis

    found = [matrix.expectation_value(pauli).real for pauli in pauli_basis(matrix.num_qubits)]
    return np.asarray(np.array(found)[None] / np.sqrt(2**matrix.num_qubits))


def test_purity_is_that_of_the_density_matrix() -> None:
    pure = DensityMatrix(random_statevector(4, seed=1))
    mixed = DensityMatrix(0.7 * pure.data + 0.3 * np.eye(4) / 4)
    assert purity(_paulis(pure)) == pytest.approx(1.0)
    assert purity(_paulis(mixed)) == pytest.approx(mixed.purity().real)
    assert purity(_paulis(DensityMatrix(np.eye(4) / 4))) == pytest.approx(0.25)
