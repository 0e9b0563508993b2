"""Fidelity, coherence, concurrence, negativity against closed forms and against Qiskit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from qiskit.quantum_info import (
    DensityMatrix,
    Statevector,
    partial_trace,
    pauli_basis,
    random_density_matrix,
    random_statevector,
)
from qiskit.quantum_info import concurrence as qiskit_concurrence
from qiskit.quantum_info import negativity as qiskit_negativity
from qiskit.quantum_info import state_fidelity as qiskit_fidelity

from qgate.quantum.engine import Array, Numbers
from qgate.quantum.health import (
    concurrence,
    density_matrices,
    l1_coherence,
    negativity,
    noisy_pair_matrices,
    pair_matrices,
    state_fidelity,
)

BELL = np.array([1, 0, 0, 1]) / np.sqrt(2)


def _paulis(matrices: list[DensityMatrix]) -> Array:
    """Return normalised Pauli coefficients, qubit 0 the fastest, shape (rows, 4^qubits)."""
    qubits = matrices[0].num_qubits
    basis = pauli_basis(qubits)  # in the order of I, X, Y, Z, the last qubit the slowest
    found = [[m.expectation_value(pauli).real for pauli in basis] for m in matrices]
    return np.asarray(np.array(found) / np.sqrt(2**qubits))


def _random(qubits: int, count: int = 4) -> list[DensityMatrix]:
    return [random_density_matrix(2**qubits, rank=2, seed=seed) for seed in range(count)]


@pytest.mark.parametrize("qubits", [1, 2, 3])
def test_density_matrices_are_those_of_their_coefficients(qubits: int) -> None:
    found = _random(qubits)
    expected = np.array([matrix.data for matrix in found])
    np.testing.assert_allclose(density_matrices(_paulis(found)), expected, rtol=0, atol=1e-12)


def test_fidelity_is_qiskits() -> None:
    noisy, pure = _random(3), [random_statevector(8, seed=10 + seed) for seed in range(4)]
    found = state_fidelity(_paulis(noisy), _paulis([DensityMatrix(state) for state in pure]))
    expected = [qiskit_fidelity(a, b) for a, b in zip(noisy, pure, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_l1_coherence_of_known_states() -> None:
    """2^n - 1 of even superpositions, 1 of (|000> + |111>) / sqrt 2, 0 of basis states."""
    even, ghz, basis = np.full(8, 8**-0.5), np.zeros(8), np.eye(8)[5]
    ghz[[0, 7]] = np.sqrt(0.5)
    rows = np.array([even, ghz, basis])
    np.testing.assert_allclose(l1_coherence(rows), [7, 1, 0], rtol=0, atol=1e-12)
    matrices = np.einsum("ri,rj->rij", rows, rows)
    np.testing.assert_allclose(l1_coherence(matrices), [7, 1, 0], rtol=0, atol=1e-12)
    half = 0.4 * matrices + 0.6 * np.eye(8) / 8
    np.testing.assert_allclose(l1_coherence(half), [2.8, 0.4, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("p", [0.0, 0.2, 1 / 3, 0.5, 1.0])
def test_werner_states_have_closed_forms(p: float) -> None:
    """p |Bell><Bell| + (1 - p) I / 4: concurrence (3 p - 1) / 2, negativity half of it."""
    werner = (p * np.outer(BELL, BELL) + (1 - p) * np.eye(4) / 4)[None].astype(complex)
    expected = max(0.0, (3 * p - 1) / 2)
    assert concurrence(werner)[0] == pytest.approx(expected, abs=1e-12)
    assert negativity(werner)[0] == pytest.approx(expected / 2, abs=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_each_pair_of_a_w_state_has_concurrence_two_over_n(n: int) -> None:
    """Coffman, Kundu, Wootters 2000."""
    state = np.zeros((1, 2**n), dtype=complex)
    state[0, [2**k for k in range(n)]] = n**-0.5
    found = concurrence(pair_matrices(state))
    assert found.shape == (1, n * (n - 1) // 2)
    np.testing.assert_allclose(found, 2 / n, rtol=0, atol=1e-12)


def test_pairs_of_random_states_agree_with_qiskit() -> None:
    states = [random_statevector(16, seed=seed) for seed in range(3)]
    rows = np.array([state.data for state in states])
    _check_agreement(pair_matrices(rows), [DensityMatrix(state) for state in states])


def test_pairs_of_random_mixed_states_agree_with_qiskit() -> None:
    matrices = _random(3)
    _check_agreement(noisy_pair_matrices(_paulis(matrices)), matrices)


def _check_agreement(pairs: Numbers, states: list[DensityMatrix]) -> None:
    qubits = states[0].num_qubits
    for place, (low, high) in enumerate(itertools.combinations(range(qubits), 2)):
        rest = [qubit for qubit in range(qubits) if qubit not in (low, high)]
        left = [partial_trace(state, rest) for state in states]
        expected = np.array([matrix.data for matrix in left])
        np.testing.assert_allclose(pairs[:, place], expected, rtol=0, atol=1e-12)
        found = concurrence(pairs)[:, place]
        np.testing.assert_allclose(found, [qiskit_concurrence(m) for m in left], atol=1e-7)
        found = negativity(pairs)[:, place]
        np.testing.assert_allclose(found, [qiskit_negativity(m, [0]) for m in left], atol=1e-10)


def test_products_are_separable_to_the_last_digit() -> None:
    state = Statevector.from_label("+r0").data[None]
    assert np.all(concurrence(pair_matrices(state)) < 1e-12)
    assert np.all(negativity(pair_matrices(state)) < 1e-12)
