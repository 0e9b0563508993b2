"""Every layer against plain matrices and formulae, and what a feature map says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import Operator

from qgate.charter.arm_spec import Layer
from qgate.errors import ExecutionError, UsageError
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.layers import LAYERS
from qgate.quantum.template import pair_circuit
from tests.unit.quantum import cases, reference
from tests.unit.quantum.cases import FIXED, LIBRARY, MATRICES, PLAIN, RX, RY, RZ, H, kernel


def test_every_kind_of_layer_and_gate_is_under_test() -> None:
    layers = [
        *(layer for layers, _ in PLAIN.values() for layer in layers),
        *(layer for layer, _ in LIBRARY.values()),
        *MATRICES.values(),
        cases.AMPLITUDE,
        cases.FILE,
    ]
    used = {(layer.kind, layer.gate) for layer in layers}
    shipped = {(kind, gate) for kind, terms in LAYERS.items() for gate in terms.gates or (None,)}
    optional = {
        (kind, None) for kind, terms in LAYERS.items() if "gate" in terms.keys - terms.required
    }
    assert used == shipped | optional
    assert optional == {("reupload", None)}


@pytest.mark.parametrize("name", PLAIN)
def test_the_kernel_is_that_of_plain_matrices(name: str) -> None:
    layers, repeat = PLAIN[name]
    expected = reference.kernel(layers, repeat, cases.data())
    found = kernel(layers, repeat, cases.data())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert np.ptp(expected) > 0.1


def test_qiskits_bit_order_is_the_references_reversed() -> None:
    """Amplitudes differ by the order of qubits, so equal kernels are no accident of one order."""
    layers, repeat = PLAIN["repeated with all"]
    ours = cases.states(FeatureMap(layers, repeat, 3), cases.data())
    theirs = reference.states(layers, repeat, cases.data())
    flipped = theirs.reshape(-1, 2, 2, 2).transpose(0, 3, 2, 1).reshape(-1, 8)
    assert np.abs(ours - theirs).max() > 0.1
    phases = np.sum(flipped.conj() * ours, axis=1)
    np.testing.assert_allclose(np.abs(phases), 1.0, rtol=0, atol=1e-12)


def test_two_qubits_make_a_ring_of_one_pair() -> None:
    layers = (RY, Layer("e", "entangle", "cx", pairs="ring"), RX)
    data = cases.data(columns=2)
    expected = reference.kernel(layers, 1, data)
    np.testing.assert_allclose(kernel(layers, 1, data), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("gate", ["rx", "ry"])
@pytest.mark.parametrize("scale", [0.3, -2.0])
def test_a_rotations_kernel_is_a_product_of_squared_cosines(gate: str, scale: float) -> None:
    data = cases.data(columns=4)
    found = kernel((Layer("a", "angle", gate, scale=scale),), 1, data)
    difference = data[:, None, :] - data[None, :, :]
    expected = np.prod(np.cos(scale * difference / 2) ** 2, axis=2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_a_circuit_without_data_has_no_angles() -> None:
    feature_map = FeatureMap((H,), 1, 3)
    assert feature_map.angles(cases.data()).shape == (6, 0)
    assert feature_map.bindings(cases.data()) == {}
    found = cases.states(feature_map, cases.data())
    np.testing.assert_allclose(found, np.full((6, 8), 8**-0.5), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", [*PLAIN, *LIBRARY, *MATRICES, "amplitude"])
def test_angles_of_all_rows_are_those_row_by_row_and_one_for_each_fresh_parameter(
    name: str,
) -> None:
    layers, repeat = PLAIN.get(name, ((), 1))
    features = 3
    if name in LIBRARY:
        layers, features = (LIBRARY[name][0],), LIBRARY[name][1].num_qubits
    elif not layers:
        layers = (MATRICES.get(name, cases.AMPLITUDE),)
        features = {"reupload cz": 5, "reupload cx": 9}.get(name, 3)
    feature_map, data = FeatureMap(layers, repeat, features), cases.data(4, features)
    if name.startswith("hardware"):
        feature_map = FeatureMap((*layers, RZ), repeat, features)
    angles = feature_map.angles(data)
    assert angles.shape == (4, len(feature_map.parameters))
    assert set(feature_map.parameters) == set(feature_map.circuit.parameters)
    opened = [
        param
        for item in feature_map.circuit.data
        for param in item.operation.params
        if not isinstance(param, float | int)
    ]
    assert opened == list(feature_map.parameters), "each stands alone in one gate, in their order"
    for row, expected in zip(data, angles, strict=True):
        np.testing.assert_allclose(feature_map.angles(row[None])[0], expected, rtol=0, atol=1e-14)
    bindings = feature_map.bindings(data)
    assert [bindings[p] for p in feature_map.parameters] == angles.T.tolist()


def test_the_pair_circuit_is_the_map_of_one_row_and_the_adjoint_of_anothers() -> None:
    feature_map = FeatureMap((H, RZ, FIXED["cx", "ring"]), 2, 3)
    x, y = feature_map.angles(cases.data(2))
    pair, _ = pair_circuit(feature_map)
    assert pair.num_parameters == 2 * len(feature_map.parameters) == 12
    values = {p.name: value for p, value in zip(feature_map.parameters, x, strict=True)}
    values |= {f"y{place}": value for place, value in enumerate(y)}
    one, other = map(Operator, cases.bound(feature_map, cases.data(2)))
    assert Operator(pair.assign_parameters(values)).equiv(other.adjoint() @ one)


@pytest.mark.parametrize(
    "layer",
    [
        Layer("e", "zz", pairs="ring"),
        Layer("e", "entangle", "cx"),
        Layer("e", "iqp"),
        Layer("e", "zz_feature_map"),
        Layer("e", "pauli_feature_map"),
        Layer("e", "real_amplitudes", seed=1),
    ],
    ids=lambda layer: layer.kind,
)
def test_a_layer_of_pairs_needs_two_features(layer: Layer) -> None:
    with pytest.raises(UsageError) as caught:
        FeatureMap((layer,), 1, 1)
    assert str(caught.value) == "layer 'e': a layer of pairs needs at least 2 features"
    assert FeatureMap((layer,), 1, 2).qubits == 2


def test_what_is_too_large_for_the_qubits_is_said_in_their_numbers() -> None:
    with pytest.raises(UsageError) as caught:
        FeatureMap((cases.AMPLITUDE, Layer("e", "entangle", "cx")), 1, 2)
    assert str(caught.value) == (
        "layer 'e': a layer of pairs needs at least 2 qubits, and this circuit has 1 for 2 features"
    )
    with pytest.raises(UsageError, match=r"has 1 for 1 feature$"):
        FeatureMap((MATRICES["reupload cz"],), 1, 1)
    assert FeatureMap((MATRICES["reupload"],), 1, 1).qubits == 1
    with pytest.raises(UsageError, match="'p': a Pauli string of 3 letters needs at least 3 feat"):
        FeatureMap((Layer("p", "pauli_feature_map", paulis=("Z", "ZZZ")),), 1, 2)


def test_layers_for_other_numbers_of_qubits_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        FeatureMap((cases.AMPLITUDE, RY), 1, 4)
    assert str(caught.value) == (
        "layer 'y' (angle) takes 4 qubits of 4 features, layer 'a' (amplitude) takes 2: they "
        "cannot stand in one circuit"
    )
    fits_any = (H, *(MATRICES[name] for name in ("rx", "ry")), Layer("e", "entangle", "cz"))
    assert FeatureMap((cases.AMPLITUDE, *fits_any), 1, 8).qubits == 3
    assert FeatureMap((cases.AMPLITUDE, RY), 1, 1).qubits == 1


@pytest.mark.parametrize(
    ("layers", "repeat"), [((H, cases.AMPLITUDE), 1), ((cases.AMPLITUDE, H), 2)]
)
def test_amplitudes_are_prepared_first_and_once(layers: tuple[Layer, ...], repeat: int) -> None:
    with pytest.raises(UsageError, match=r"'a' \(amplitude\) prepares a state: it must stand"):
        FeatureMap(layers, repeat, 4)


def test_an_angle_that_is_no_finite_number_is_an_error() -> None:
    data = np.array([[1e308], [0.5], [-1e308]])
    feature_map = FeatureMap((Layer("a", "angle", "rx", scale=100.0),), 1, 1)
    with (
        np.errstate(over="ignore"),
        pytest.raises(ExecutionError, match="2 of 3 rows give an angle that is no finite number"),
    ):
        feature_map.angles(data)
