"""Bloch vectors and the projected kernel against closed forms, Qiskit and Aer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, Pauli, Statevector, partial_trace, random_statevector
from qiskit_aer import AerSimulator

from qgate.charter.arm_spec import DeviceSpec, Layer
from qgate.errors import TermError
from qgate.quantum.build import place
from qgate.quantum.device import Device, read_device
from qgate.quantum.engine import Array
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.layout import LaidOut, lay_out, turn
from qgate.quantum.noise import noise_model, readout
from qgate.quantum.projected import (
    BASES,
    Readings,
    StateRows,
    bloch_vectors,
    default_gamma,
    projected_kernel,
    signs,
)
from qgate.quantum.projected_device import DeviceRows
from tests.unit.quantum.cases import RY, bound, states
from tests.unit.quantum.test_device_kernel import FIXTURES, ZZ, device, rows

GHZ = (Layer("h", "rotation", "ry", angle=np.pi / 2), Layer("e", "entangle", "cx", pairs="linear"))


def _expectations(state: Statevector | DensityMatrix) -> Array:
    """Return X, Y, Z of each qubit by Qiskit, shape (qubits, 3)."""
    qubits = state.num_qubits
    return np.array(
        [[state.expectation_value(Pauli(p), [q]).real for p in "XYZ"] for q in range(qubits)]
    )


def _reduced(state: Statevector) -> Array:
    """Return the reduced density matrix of each qubit by Qiskit, shape (qubits, 2, 2)."""
    others = [[k for k in range(state.num_qubits) if k != q] for q in range(state.num_qubits)]
    return np.array([partial_trace(state, rest).data for rest in others])


@pytest.mark.parametrize("qubits", [1, 2, 4])
def test_bloch_vectors_are_qiskits_expectations(qubits: int) -> None:
    found = [random_statevector(2**qubits, seed=seed) for seed in range(4)]
    bloch = bloch_vectors(np.array([state.data for state in found]))
    np.testing.assert_allclose(bloch, [_expectations(s) for s in found], rtol=0, atol=1e-12)


def test_outcomes_are_those_of_qiskit_in_each_basis_and_agree_with_the_bloch_vectors() -> None:
    feature_map, X = FeatureMap([ZZ], 1, 3), rows(4, 3)
    readings = StateRows(feature_map, sampled=True).read(X)
    assert readings.outcomes is not None
    for row, circuit in enumerate(bound(feature_map, X)):
        for place_, basis in enumerate(BASES):
            chances = Statevector(circuit.compose(turn(3, basis))).probabilities()
            np.testing.assert_allclose(readings.outcomes[row, place_], chances, atol=1e-11)
    means = np.swapaxes(readings.outcomes @ readings.signs, 1, 2)
    np.testing.assert_allclose(means, readings.bloch, rtol=0, atol=1e-11)


def test_the_kernel_is_that_of_frobenius_distances() -> None:
    feature_map, X = FeatureMap([ZZ], 1, 3), rows(5, 3)
    matrices = np.array([_reduced(Statevector(state)) for state in states(feature_map, X)])
    apart = matrices[:, None] - matrices[None]
    squared = np.sum(np.abs(apart) ** 2, axis=(2, 3, 4))
    bloch = StateRows(feature_map, sampled=False).read(X).bloch
    found = projected_kernel(bloch, bloch, 0.7)
    np.testing.assert_allclose(found, np.exp(-0.7 * squared), rtol=0, atol=1e-11)
    spread = np.abs(matrices - matrices.mean(axis=0)) ** 2
    variance = spread.sum(axis=(2, 3)).mean(axis=0)  # of each qubit
    assert default_gamma(bloch) == pytest.approx(1 / (3 * variance.mean()), rel=1e-10)


def test_of_a_product_of_rotations_it_is_a_closed_form() -> None:
    """RY turns r in a plane: the squared distance of two matrices is 1 - cos of the difference."""
    X = rows(6, 4)
    bloch = StateRows(FeatureMap([Layer("y", "angle", "ry")], 1, 4), sampled=False).read(X).bloch
    expected = np.exp(-0.4 * np.sum(1 - np.cos(X[:, None] - X[None]), axis=2))
    np.testing.assert_allclose(projected_kernel(bloch, bloch, 0.4), expected, rtol=0, atol=1e-11)
    assert np.all(np.diag(projected_kernel(bloch, bloch, 0.4)) == 1.0)


def test_two_random_training_rows_are_at_a_mean_exponent_of_minus_two() -> None:
    bloch = StateRows(FeatureMap([ZZ], 1, 3), sampled=False).read(rows(200, 3)).bloch
    logs = np.log(projected_kernel(bloch, bloch, default_gamma(bloch)))
    assert logs.mean() == pytest.approx(-2.0, rel=1e-6)


def test_rows_that_are_all_alike_have_no_scale() -> None:
    bloch = StateRows(FeatureMap([ZZ], 1, 3), sampled=False).read(np.ones((4, 3))).bloch
    with pytest.raises(ValueError, match="no qubit differs"):
        default_gamma(bloch)


def test_draws_keep_the_correlations_of_a_shot() -> None:
    """Of (|000> + |111>) / sqrt 2 all qubits read the same in the Z basis, in each shot."""
    chances = np.zeros((50, 3, 8))
    chances[:, :, [0, 7]] = 0.5
    ghz = Readings(np.zeros((50, 3, 3)), np.zeros((3, 3)), chances, chances[0], signs(3))
    drawn = ghz.measured(101, np.random.default_rng(1))
    assert np.all(drawn == drawn[:, :1])
    assert len(np.unique(drawn[:, 0, 2])) > 5


def test_draws_have_the_mean_and_the_variance_of_shots() -> None:
    feature_map, X, shots = FeatureMap([ZZ], 1, 3), np.repeat(rows(1, 3), 4000, axis=0), 50
    readings = StateRows(feature_map, sampled=True).read(X)
    drawn, exact = readings.measured(shots, np.random.default_rng(2)), readings.bloch[0]
    variance = (1 - exact**2) / shots
    assert np.all(np.abs(drawn.mean(axis=0) - exact) < 5 * np.sqrt(variance / 4000) + 1e-12)
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.15)


def test_how_many_rows_are_drawn_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = StateRows(FeatureMap([ZZ], 1, 3), sampled=True).read(rows(30, 3))
    whole = readings.measured(64, np.random.default_rng(3))
    monkeypatch.setattr("qgate.quantum.projected._BLOCK_BYTES", 7 * 16 * 24)
    assert np.array_equal(readings.measured(64, np.random.default_rng(3)), whole)
    again = StateRows(FeatureMap([ZZ], 1, 3), sampled=True).read(rows(30, 3))
    np.testing.assert_array_equal(again.bloch, readings.bloch)


def test_without_outcomes_nothing_can_be_drawn() -> None:
    readings = StateRows(FeatureMap([RY], 1, 2), sampled=False).read(rows(3, 2))
    assert readings.measured(None, np.random.default_rng(0)) is readings.bloch
    with pytest.raises(ValueError, match="no outcomes"):
        readings.measured(10, np.random.default_rng(0))


def test_full_depolarising_leaves_what_is_read_of_the_mixed_state() -> None:
    wrong = [(0.02, 0.06), (0.0, 0.1)]
    on = device(2, one=0.01, two=0.02, readout=wrong)
    feature_map = FeatureMap([ZZ], 1, 2)
    readings = DeviceRows(feature_map, on, lay_out(feature_map, on), sampled=True).read(rows(3, 2))
    gone = readings.depolarised(1.0)
    ends = lay_out(feature_map, on).ends
    bias = np.array([down - up for up, down in wrong])[list(ends)]  # of a half read as 1 or 0
    np.testing.assert_allclose(gone.bloch, np.tile(bias[:, None], (3, 1, 3)), atol=1e-11)
    assert gone.outcomes is not None
    np.testing.assert_allclose(
        np.swapaxes(gone.outcomes @ gone.signs, 1, 2), gone.bloch, atol=1e-11
    )
    assert np.array_equal(readings.depolarised(0.0).bloch, readings.bloch)


DEVICES = [
    pytest.param("lagos_2021-07-26.json", (), 3, id="lagos"),
    pytest.param("lagos_2024-05-27.json", (4, 3, 5, 6), 4, id="lagos, qubits named out of order"),
    pytest.param("hanoi_2025-02-26.json", (), 4, id="hanoi"),
]


@pytest.mark.parametrize(("name", "qubits", "features"), DEVICES)
def test_behind_noise_it_is_what_aer_makes_of_the_same_circuits(
    name: str, qubits: tuple[int, ...], features: int
) -> None:
    feature_map, X = FeatureMap([ZZ], 1, features), rows(2, features)
    spec = DeviceSpec(name, qubits)
    on = place(feature_map, read_device(FIXTURES / spec.path, spec.path), spec.qubits).device
    laid = lay_out(feature_map, on)
    readings = DeviceRows(feature_map, on, laid, sampled=True).read(X)
    assert readings.outcomes is not None
    for row in range(len(X)):
        for number, basis in enumerate(BASES):
            chances = _aer(laid.whole(basis), laid, feature_map.angles(X)[row], on)
            np.testing.assert_allclose(readings.outcomes[row, number], chances, rtol=0, atol=1e-7)
    means = np.swapaxes(readings.outcomes @ readings.signs, 1, 2)
    np.testing.assert_allclose(means, readings.bloch, rtol=0, atol=1e-10)
    ideal = StateRows(feature_map, sampled=False).read(X).bloch
    lost = np.linalg.norm(readings.bloch, axis=2) / np.linalg.norm(ideal, axis=2)
    assert np.median(lost) < 0.99, "there is noise to speak of"


def _aer(circuit: QuantumCircuit, laid: LaidOut, angles: Array, on: Device) -> Array:
    """Return the chance of each reading by Aer's density matrix and a device's readout errors."""
    run = circuit.assign_parameters(dict(zip(laid.parameters, angles.tolist(), strict=True)))
    run.save_probabilities()
    simulator = AerSimulator(
        method="density_matrix", noise_model=noise_model(on), max_parallel_threads=1
    )
    found = np.asarray(simulator.run(run).result().data(0)["probabilities"])
    confusion = np.ones((1, 1))
    for chances in readout(on):
        confusion = np.kron(chances.T, confusion)
    return np.asarray(confusion @ found)


@pytest.mark.parametrize("names", [("sx", "x", "rz", "cx"), ("h", "rx", "p", "cz"),
                                   ("sx", "rz", "iswap")])  # fmt: skip
def test_a_device_without_errors_reads_the_circuits_own_qubits_in_order(
    names: tuple[str, ...],
) -> None:
    """On a line of four qubits a full map is routed, and its qubits end elsewhere."""
    on, X = device(4, names), rows(4, 4)
    line = [gate for gate in on.gates if len(gate.qubits) == 1 or abs(np.diff(gate.qubits)) == 1]
    on = dataclasses.replace(on, gates=tuple(line))
    feature_map = FeatureMap([ZZ, RY], 1, 4)
    laid = lay_out(feature_map, on)
    found = DeviceRows(feature_map, on, laid, sampled=False).read(X).bloch
    ideal = StateRows(feature_map, sampled=False).read(X).bloch
    np.testing.assert_allclose(found, ideal, rtol=0, atol=1e-10)
    assert sorted(laid.ends) == [0, 1, 2, 3]


def test_depolarising_alone_shrinks_the_vectors() -> None:
    """One RY, and H or (S inverse, H) to turn, each followed by rho to (1 - p) rho + p I / 2."""
    on = device(1, ("ry", "h", "sdg"), one=0.03)
    feature_map, X = FeatureMap([Layer("y", "angle", "ry")], 1, 1), rows(5, 1)
    laid = lay_out(feature_map, on)
    found = DeviceRows(feature_map, on, laid, sampled=False).read(X).bloch[:, 0]
    turns = [one.count_ops() for one in laid.turns]
    kept = [0.94 ** (1 + sum(count.values())) for count in turns]  # p = 2 error
    np.testing.assert_allclose(found[:, 0], kept[0] * np.sin(X[:, 0]), rtol=0, atol=1e-11)
    np.testing.assert_allclose(found[:, 2], kept[2] * np.cos(X[:, 0]), rtol=0, atol=1e-11)
    assert kept[0] < kept[2]


def test_a_device_without_the_gates_is_refused() -> None:
    feature_map = FeatureMap([Layer("x", "angle", "rx")], 1, 1)
    with pytest.raises(TermError, match="cannot run the circuit with the gates of its snapshot"):
        lay_out(feature_map, device(1, ("ry",)))
