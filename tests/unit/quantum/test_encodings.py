"""Encodings and ansaetze against Qiskit's library, plain matrices and published kernels."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator

from qgate.charter.arm_spec import Layer
from qgate.quantum.feature_map import FeatureMap
from tests.unit.quantum import cases, reference
from tests.unit.quantum.cases import LIBRARY, MATRICES, WEIGHTS, Array, Complex, H, kernel

# qiskit-machine-learning 0.9.1 publishes the first rows of its kernels for these points.
POINTS = np.array(
    [[3.0787608, 1.75929189], [6.03185789, 5.27787566], [6.22035345, 2.70176968],
     [0.18849556, 2.82743339]]
)  # fmt: skip
CHAIN, RING, FULL = [(0, 1), (1, 2)], [(0, 1), (1, 2), (2, 0)], [(0, 1), (0, 2), (1, 2)]


@pytest.mark.parametrize("name", LIBRARY)
def test_the_unitary_is_that_of_qiskits_circuit_of_the_same_name(name: str) -> None:
    layer, circuit = LIBRARY[name]
    qubits = circuit.num_qubits
    feature_map, data = FeatureMap((layer,), 1, qubits), cases.data(2, qubits)
    for row, ours in zip(data, cases.bound(feature_map, data), strict=True):
        theirs: QuantumCircuit = circuit.assign_parameters(row[: circuit.num_parameters])
        assert Operator(ours).equiv(Operator(theirs), atol=1e-10)


def test_the_published_z_feature_map_kernel() -> None:
    expected = [1, 0.78883982, 0.15984355, 0.06203766]
    for layers in (
        (Layer("m", "z_feature_map"),),
        # P(t) is RZ(t) up to a phase.
        (H, Layer("z", "angle", "rz", scale=2.0)) * 2,
    ):
        np.testing.assert_allclose(kernel(layers, 1, POINTS)[0], expected, rtol=0, atol=5e-9)


def test_the_published_zz_feature_map_kernel() -> None:
    expected = [1, 0.81376617, 0.05102078, 0.06033439]
    found = kernel((Layer("m", "zz_feature_map"),), 1, POINTS)
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=5e-9)
    # CX P(2 (pi - x)(pi - y)) CX is a ZZ rotation of pi - x and pi - y.
    layers = (
        H,
        Layer("z", "angle", "rz", scale=-2.0),
        Layer("zz", "zz", pairs="full", scale=2.0),
    )
    found = kernel(layers, 2, np.pi - POINTS)
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=5e-9)


def _all(gate: Complex, qubits: int) -> Complex:
    found = np.eye(2**qubits, dtype=np.complex128)
    for qubit in range(qubits):
        found = reference.on(qubit, gate, qubits) @ found
    return found


def _turn(letters: str, where: tuple[int, ...], angle: float, qubits: int) -> Complex:
    generator = np.eye(2**qubits, dtype=np.complex128)
    for letter, qubit in zip(letters, where, strict=True):
        generator = generator @ reference.on(qubit, getattr(reference, letter), qubits)
    return reference.rotation(generator, angle)


def _flip(letter: str, i: int, j: int, qubits: int) -> Complex:
    gate = getattr(reference, letter)
    zero, one = np.diag([1.0 + 0j, 0]), np.diag([0j, 1.0])
    flipped = reference.on(i, one, qubits) @ reference.on(j, gate, qubits)
    return np.asarray(reference.on(i, zero, qubits) + flipped)


def _rotation(letter: str, angle: float) -> Complex:
    return _all(reference.rotation(getattr(reference, letter), angle), 3)


def _iqp(x: Array, pairs: list[tuple[int, int]], reps: int, one: float, two: float) -> Complex:
    found = np.eye(8, dtype=np.complex128)
    for _ in range(reps):
        found = _all(reference.H, 3) @ found
        for i in range(3):
            found = _turn("Z", (i,), one * x[i], 3) @ found
        for i, j in pairs:
            found = _turn("ZZ", (i, j), two * x[i] * x[j], 3) @ found
    return found


def _reupload(
    x: Array, reps: int, scale: float, gate: str, pairs: list[tuple[int, int]], weights: Array
) -> Complex:
    qubits = -(-len(x) // 3)
    padded = np.concatenate([x, np.zeros(3 * qubits - len(x))])
    found = np.eye(2**qubits, dtype=np.complex128)
    for round_ in range(reps):
        if round_:
            for i, j in pairs:
                found = _flip(gate, i, j, qubits) @ found
        for place, value in enumerate(padded):
            angle = weights[round_ * 3 * qubits + place] + scale * value
            found = _turn("ZYZ"[place % 3], (place // 3,), angle, qubits) @ found
    return found


def _hardware(pairs: list[tuple[int, int]], reps: int, weights: Array) -> Complex:
    found = np.eye(2**3, dtype=np.complex128)
    left = list(weights)
    for round_ in range(reps + 1):
        for i, j in pairs if round_ else ():
            found = _flip("Z", i, j, 3) @ found
        for letter in "YZ":
            for qubit in range(3):
                found = _turn(letter, (qubit,), left.pop(0), 3) @ found
    assert not left
    return found


def _rot(weights: Array) -> Complex:
    found = np.eye(8, dtype=np.complex128)
    for place, angle in enumerate(weights):
        found = _turn("ZYZ"[place % 3], (place // 3 % 3,), angle, 3) @ found
    return found


def _expected(name: str, x: Array) -> Complex:
    none, weights = np.zeros(64), np.array(WEIGHTS)
    return {
        "rx": lambda: _rotation("X", -0.7),
        "ry": lambda: _rotation("Y", -0.7),
        "rz": lambda: _rotation("Z", -0.7),
        "iqp": lambda: _iqp(x, FULL, 1, 1.0, 1.0),
        "iqp ring": lambda: _iqp(x, RING, 2, 0.6, -0.4),
        "reupload": lambda: _reupload(x, 1, 1.0, "Z", [], none),
        "reupload cz": lambda: _reupload(x, 2, 1.4, "Z", [(0, 1)], none),
        "reupload cx": lambda: _reupload(x, 3, 1.0, "X", RING, weights),
        "rot": lambda: _rot(weights[:18]),
        "hardware": lambda: _hardware(CHAIN, 1, weights[:12]),
        "hardware ring": lambda: _hardware(RING, 2, weights[:18]),
    }[name]()


@pytest.mark.parametrize("name", MATRICES)
def test_the_unitary_is_that_of_plain_matrices(name: str) -> None:
    features = {"reupload": 2, "reupload cz": 5, "reupload cx": 8}.get(name, 3)
    feature_map, data = FeatureMap((MATRICES[name],), 1, features), cases.data(2, features)
    for x, circuit in zip(data, cases.bound(feature_map, data), strict=True):
        ours = Operator(circuit.reverse_bits())  # the reference has qubit 0 on the left
        assert ours.equiv(Operator(_expected(name, x)), atol=1e-10)


@pytest.mark.parametrize(("features", "qubits"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_reuploading_takes_three_features_a_qubit(features: int, qubits: int) -> None:
    feature_map = FeatureMap((Layer("u", "reupload", reps=4),), 1, features)
    assert feature_map.qubits == qubits
    assert len(feature_map.parameters) == 4 * features


def test_the_published_iqp_kernel_is_that_of_its_parts_and_the_default() -> None:
    data = cases.data(5, 4)
    parts = (H, Layer("z", "angle", "rz"), Layer("zz", "zz", pairs="full"))
    found = kernel((Layer("i", "iqp"),), 2, data)
    np.testing.assert_allclose(found, kernel(parts, 2, data), rtol=0, atol=1e-12)
    assert np.ptp(found) > 0.1


def test_the_published_separable_kernel_is_a_product_over_features() -> None:
    """RX(-pi/4) then RY(-x_i), twice: each qubit's fidelity from 2 by 2 matrices."""
    layers = (
        Layer("tilt", "rotation", "rx", angle=-np.pi / 4),
        Layer("encode", "angle", "ry", scale=-1.0),
    )
    data = cases.data(5, 3)
    expected = np.ones((5, 5))
    for column in data.T:
        states = []
        for x in column:
            once = reference.rotation(reference.Y, -x) @ reference.rotation(reference.X, -np.pi / 4)
            states.append((once @ once)[:, 0])
        overlaps = np.array(states).conj() @ np.array(states).T
        expected *= np.abs(overlaps) ** 2
    np.testing.assert_allclose(kernel(layers, 2, data), expected, rtol=0, atol=1e-12)


def test_blocks_of_the_library_maps_are_all_used() -> None:
    """A map whose paulis are all of one letter has no pairs to differ in."""
    data = cases.data(4, 4)
    separable = Layer("m", "pauli_feature_map", paulis=("X", "Y"))
    one = kernel((separable,), 1, data)
    for pairs, other in combinations(("linear", "ring", "full"), 2):
        zz = [kernel((Layer("m", "zz_feature_map", pairs=p),), 1, data) for p in (pairs, other)]
        assert np.abs(zz[0] - zz[1]).max() > 0.01
        assert np.abs(zz[0] - one).max() > 0.01
