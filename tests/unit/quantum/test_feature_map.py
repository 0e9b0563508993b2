"""Every layer against plain matrices, against Qiskit's own simulation, and against formulae."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from qgate.charter.charter import Layer
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.fidelity import Array, fidelities, simulate_states
from qgate.quantum.layers import LAYERS
from tests.unit.quantum import reference

H = Layer("h", "hadamard")
RX = Layer("x", "angle", "rx", scale=0.9)
RY = Layer("y", "angle", "ry", scale=-1.3)
RZ = Layer("z", "angle", "rz", scale=0.4)
ZZ = {p: Layer("zz", "zz", pairs=p, scale=0.8) for p in ("linear", "ring", "full")}
FIXED = {
    (g, p): Layer("e", "entangle", g, pairs=p) for g in ("cx", "cz") for p in ("linear", "ring")
}
CIRCUITS: dict[str, tuple[tuple[Layer, ...], int]] = {
    "rx": ((RX,), 1),
    "ry": ((RY,), 1),
    "rz after h": ((H, RZ), 1),
    "two bases": ((RX, RZ, RY), 1),
    **{f"zz {p}": ((H, RZ, layer, RX), 1) for p, layer in ZZ.items()},
    **{f"{g} {p}": ((RY, layer, RX), 1) for (g, p), layer in FIXED.items()},
    "cx full": ((RY, Layer("e", "entangle", "cx", pairs="full"), RX), 1),
    "repeated": ((H, RZ, ZZ["full"]), 2),
    "repeated with all": ((H, RZ, ZZ["ring"], RY, FIXED["cx", "ring"]), 2),
}


def _data(rows: int = 6, columns: int = 3) -> Array:
    return np.random.default_rng(5).uniform(-2.5, 2.5, size=(rows, columns))


def _kernel(layers: tuple[Layer, ...], repeat: int, data: Array) -> Array:
    states = simulate_states(FeatureMap(layers, repeat, data.shape[1]), data)
    return fidelities(states, states)


def test_every_kind_of_layer_and_gate_is_under_test() -> None:
    used = {(layer.kind, layer.gate) for layers, _ in CIRCUITS.values() for layer in layers}
    shipped = {(kind, gate) for kind, terms in LAYERS.items() for gate in terms.gates or (None,)}
    assert used == shipped


@pytest.mark.parametrize("name", CIRCUITS)
def test_the_kernel_is_that_of_plain_matrices(name: str) -> None:
    layers, repeat = CIRCUITS[name]
    data = _data()
    expected = reference.kernel(layers, repeat, data)
    np.testing.assert_allclose(_kernel(layers, repeat, data), expected, rtol=0, atol=1e-10)
    assert np.ptp(expected) > 0.1


@pytest.mark.parametrize("name", CIRCUITS)
def test_states_are_those_of_qiskit(name: str) -> None:
    layers, repeat = CIRCUITS[name]
    data = _data()
    feature_map = FeatureMap(layers, repeat, 3)
    found = simulate_states(feature_map, data)
    bindings = feature_map.bindings(data)
    for row, state in enumerate(found):
        values = {parameter: angles[row] for parameter, angles in bindings.items()}
        expected = Statevector(feature_map.circuit.assign_parameters(values))
        np.testing.assert_allclose(state, expected.data, rtol=0, atol=1e-12)


def test_qiskits_bit_order_is_the_references_reversed() -> None:
    """Amplitudes differ by the order of qubits, so equal kernels are no accident of one order."""
    layers, repeat = CIRCUITS["repeated with all"]
    data = _data()
    ours = simulate_states(FeatureMap(layers, repeat, 3), data)
    theirs = reference.states(layers, repeat, data)
    flipped = theirs.reshape(-1, 2, 2, 2).transpose(0, 3, 2, 1).reshape(-1, 8)
    assert np.abs(ours - theirs).max() > 0.1
    phases = np.sum(flipped.conj() * ours, axis=1)
    np.testing.assert_allclose(np.abs(phases), 1.0, rtol=0, atol=1e-12)


def test_two_qubits_make_a_ring_of_one_pair() -> None:
    layers = (RY, Layer("e", "entangle", "cx", pairs="ring"), RX)
    data = _data(columns=2)
    expected = reference.kernel(layers, 1, data)
    np.testing.assert_allclose(_kernel(layers, 1, data), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("gate", ["rx", "ry"])
@pytest.mark.parametrize("scale", [0.3, -2.0])
def test_a_rotations_kernel_is_a_product_of_squared_cosines(gate: str, scale: float) -> None:
    data = _data(columns=4)
    found = _kernel((Layer("a", "angle", gate, scale=scale),), 1, data)
    difference = data[:, None, :] - data[None, :, :]
    expected = np.prod(np.cos(scale * difference / 2) ** 2, axis=2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_rz_alone_leaves_the_zero_state_alone() -> None:
    np.testing.assert_array_equal(_kernel((RZ,), 1, _data()), np.ones((6, 6)))


def test_a_circuit_without_data_is_one_state_for_all_rows() -> None:
    found = simulate_states(FeatureMap((H,), 1, 3), _data())
    np.testing.assert_allclose(found, np.full((6, 8), 8**-0.5), rtol=0, atol=1e-15)


# qiskit-machine-learning 0.9.1 publishes the first rows of its kernels for these points. Its P(t)
# is RZ(t) up to a phase, and CX P(2 (pi - x)(pi - y)) CX is a ZZ rotation of pi - x and pi - y.
POINTS = np.array(
    [[3.0787608, 1.75929189], [6.03185789, 5.27787566], [6.22035345, 2.70176968],
     [0.18849556, 2.82743339]]
)  # fmt: skip


def test_the_published_z_feature_map_kernel() -> None:
    found = _kernel((H, Layer("z", "angle", "rz", scale=2.0)), 2, POINTS)
    expected = [1, 0.78883982, 0.15984355, 0.06203766]
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=5e-9)


def test_the_published_zz_feature_map_kernel() -> None:
    layers = (
        H,
        Layer("z", "angle", "rz", scale=-2.0),
        Layer("zz", "zz", pairs="full", scale=2.0),
    )
    found = _kernel(layers, 2, np.pi - POINTS)
    expected = [1, 0.81376617, 0.05102078, 0.06033439]
    np.testing.assert_allclose(found[0], expected, rtol=0, atol=5e-9)
