"""What is read of qubits, against Qiskit's own probabilities and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, Pauli, random_density_matrix, random_statevector

from qgate.quantum.engine import Array
from qgate.quantum.readout import Readout, drawn, expectations, signs

READ = [(0,), (2,), (0, 1, 2), (2, 0), (1, 2, 0)]
ERRORS = np.array(
    [[[0.98, 0.02], [0.07, 0.93]], [[1.0, 0.0], [0.1, 0.9]], [[0.9, 0.1], [0.2, 0.8]]]
)


def _coefficients(state: DensityMatrix) -> Array:
    return np.array(
        [
            state.expectation_value(Pauli(f"{a}{b}{c}")).real / np.sqrt(8)
            for a in "IXYZ" for b in "IXYZ" for c in "IXYZ"
        ]
    )  # fmt: skip


@pytest.mark.parametrize("read", READ)
def test_chances_of_joint_outcomes_are_qiskits(read: tuple[int, ...]) -> None:
    states = [random_statevector(8, seed=seed) for seed in (1, 2)]
    found = Readout(3, read).outcomes(np.array([state.data for state in states]))
    expected = [state.probabilities(list(read)) for state in states]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    mixed = [random_density_matrix(8, seed=seed) for seed in (1, 2)]
    found = Readout(3, read, 4).outcomes(np.array([_coefficients(state) for state in mixed]))
    expected = [state.probabilities(list(read)) for state in mixed]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("read", READ)
def test_readout_errors_confuse_each_qubit_by_itself(read: tuple[int, ...]) -> None:
    state = random_density_matrix(8, seed=3)
    whole = np.kron(ERRORS[2], np.kron(ERRORS[1], ERRORS[0]))
    chances = (state.probabilities() @ whole).reshape(2, 2, 2)  # slowest is qubit 2
    kept = "".join("abc"[qubit] for qubit in reversed(read))
    expected = np.einsum(f"cba->{kept}", chances)
    found = Readout(3, read, 4, ERRORS).outcomes(_coefficients(state)[None])
    np.testing.assert_allclose(found[0], expected.reshape(-1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("levels", [2, 4])
@pytest.mark.parametrize("strength", [0.0, 0.3])
def test_observables_expect_what_the_outcomes_do(levels: int, strength: float) -> None:
    vector = random_statevector(8, seed=4)
    state = vector.data if levels == 2 else _coefficients(DensityMatrix(vector))
    readout = Readout(3, (2, 0), levels, ERRORS if levels == 4 else None, strength)
    chances = np.abs(state) ** 2 if levels == 2 else state
    found = expectations(readout.outcomes(state[None]))[0]
    np.testing.assert_allclose(found, readout.observables @ chances, rtol=0, atol=1e-11)
    plain = Readout(3, (2, 0), levels, ERRORS if levels == 4 else None)
    mixed = plain.observables @ plain.mixed
    # Mixed, a qubit is read as 0 less often than as 1 by half of what its errors differ in.
    np.testing.assert_allclose(mixed, [0.1, 0.05] if levels == 4 else [0.0, 0.0], atol=1e-12)
    expected = (1 - strength) * (plain.observables @ chances) + strength * mixed
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_the_start_is_all_zeros() -> None:
    for levels in (2, 4):
        readout = Readout(2, (0, 1), levels)
        np.testing.assert_allclose(readout.outcomes(readout.start[None]), [[1, 0, 0, 0]], atol=0)


def test_an_outcomes_lowest_bit_is_of_the_first_qubit_read() -> None:
    np.testing.assert_array_equal(signs(2), [[1, 1], [-1, 1], [1, -1], [-1, -1]])


def test_draws_keep_the_correlations_of_the_state() -> None:
    """Of a Bell pair both qubits are always read alike, and each is a fair coin."""
    bell = np.array([[1, 0, 0, 1]]) / np.sqrt(2)
    outcomes = np.repeat(Readout(2, (0, 1)).outcomes(bell.astype(complex)), 4000, axis=0)
    found = drawn(outcomes, 16, np.random.default_rng(1))
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert found.mean() == pytest.approx(0.0, abs=4 / np.sqrt(16 * 4000))
    assert found[:, 0].var() == pytest.approx(1 / 16, rel=0.1)


def test_rows_are_drawn_apart() -> None:
    outcomes = np.full((300, 4), 0.25)
    found = drawn(outcomes, 32, np.random.default_rng(2))
    assert len(np.unique(found, axis=0)) > 50
    again = drawn(outcomes, 32, np.random.default_rng(2))
    np.testing.assert_array_equal(found, again)
