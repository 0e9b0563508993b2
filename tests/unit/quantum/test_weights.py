"""Trained weights in a circuit: which there are, what angles they give, and gradients by them."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit.quantum_info import Operator

from qgate.charter.arm_spec import Layer
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.layers import LAYERS, layer_blocks, pairs_of
from tests.unit.quantum import cases

SCALED = Layer("a", "angle", "rx", trained=("scale",))
ROTATION = Layer("r", "rotation", "ry", trained=("angle",))
UPLOADED = Layer("u", "reupload", reps=1, angles=tuple(np.arange(6) / 10), trained=("scale",))
CLOSING = Layer("c", "reupload", reps=1, trained=("scale",))
ANSATZ = Layer("w", "real_amplitudes", reps=1)


@pytest.mark.parametrize(
    ("layer", "features", "weights"),
    [
        (SCALED, 3, 3),
        (ROTATION, 3, 3),
        (Layer("r", "rot"), 3, 9),
        (Layer("r", "rot", reps=2), 3, 18),
        (ANSATZ, 3, 6),
        (Layer("w", "efficient_su2", reps=2), 3, 18),
        (Layer("w", "hardware_efficient", reps=1), 2, 8),
        (Layer("u", "reupload"), 4, 12),
        (UPLOADED, 4, 4),
        (CLOSING, 4, 10),
    ],
)
def test_weights_that_a_layer_does_not_state_are_trained(
    layer: Layer, features: int, weights: int
) -> None:
    feature_map = FeatureMap((layer,), 1, features, trained=True)
    assert feature_map.weights.count == weights
    assert FeatureMap((layer,), 3, features, trained=True).weights.count == 3 * weights
    assert len(feature_map.parameters) == len(feature_map.weights.data)


@pytest.mark.parametrize("layer", [Layer("w", "rot", seed=4), Layer("w", "reupload", seed=4)])
def test_weights_that_are_stated_are_not_trained(layer: Layer) -> None:
    trained, fixed = (FeatureMap((layer,), 2, 3, trained=trained) for trained in (True, False))
    assert trained.weights.count == 0
    assert trained.circuit.count_ops() == fixed.circuit.count_ops()
    data = cases.data(3)
    np.testing.assert_array_equal(trained.angles(data), fixed.angles(data))


@pytest.mark.parametrize("kind", ["real_amplitudes", "efficient_su2", "hardware_efficient", "rot"])
def test_trained_weights_are_the_stated_ones_of_the_same_values(kind: str) -> None:
    count = LAYERS[kind].weights(3, 2)
    angles = tuple(np.random.default_rng(1).uniform(-3, 3, size=count).tolist())
    stated = FeatureMap((Layer("w", kind, reps=2, angles=angles),), 1, 3)
    trained = FeatureMap((Layer("w", kind, reps=2),), 1, 3, trained=True)
    values = trained.angles(np.zeros((1, 3)), np.array(angles))[0]
    bound = trained.circuit.assign_parameters(dict(zip(trained.parameters, values, strict=True)))
    assert Operator(bound) == Operator(stated.circuit)


def test_an_angle_is_a_factor_times_the_data_plus_a_weight_plus_what_is_fixed() -> None:
    layers, data = (SCALED, ROTATION), cases.data(4, 3)
    found = FeatureMap(layers, 1, 3, trained=True).angles(data, np.array([1.0, 2, 3, 4, 5, 6]))
    np.testing.assert_allclose(found[:, :3], data * [1, 2, 3], rtol=0, atol=1e-15)
    np.testing.assert_allclose(found[:, 3:], [[4, 5, 6]] * 4, rtol=0, atol=0)
    data = cases.data(4, 4)
    found = FeatureMap((UPLOADED,), 1, 4, trained=True).angles(data, np.array([1.0, 2, 3, 4]))
    expected = data * [1, 2, 3, 4] + [0, 0.1, 0.2, 0.3]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)
    weights = np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    found = FeatureMap((CLOSING,), 1, 4, trained=True).angles(data, weights)
    np.testing.assert_allclose(found[:, :4], data * weights[:4] + weights[4:8], rtol=0, atol=1e-15)
    np.testing.assert_allclose(found[:, 4:], [[9, 10]] * 4, rtol=0, atol=0)


def test_a_gradient_by_angles_is_pulled_back_to_one_by_weights() -> None:
    """Of f = sum of c sin(angle), against finite differences."""
    feature_map = FeatureMap((SCALED, ANSATZ), 2, 3, closing=(ROTATION,), trained=True)
    rng = np.random.default_rng(3)
    data, weights = feature_map.data(cases.data(5, 3)), rng.normal(size=feature_map.weights.count)
    factors = rng.normal(size=data.shape)

    def value(weights: cases.Array) -> float:
        return float(np.sum(factors * np.sin(feature_map.weights.values(data, weights))))

    slopes = factors * np.cos(feature_map.weights.values(data, weights))
    found = feature_map.weights.pull(data, slopes)
    steps = 1e-6 * np.eye(len(weights))
    expected = [(value(weights + step) - value(weights - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_weights_start_where_they_are_drawn_and_factors_where_they_are_stated() -> None:
    layer = Layer("a", "angle", "rx", scale=0.4, trained=("scale",))
    weights = FeatureMap((layer, ROTATION), 1, 3, trained=True).weights
    found = weights.start((-0.1, 0.1), np.random.default_rng(1), all_=False)
    np.testing.assert_array_equal(found[:3], [0.4] * 3)
    assert np.all(np.abs(found[3:]) < 0.1)
    assert len(set(found[3:])) == 3
    every = weights.start((2.0, 3.0), np.random.default_rng(1), all_=True)
    assert np.all((every > 2) & (every < 3))


def test_bricks_are_laid_in_turn() -> None:
    assert pairs_of("brick", 5, 0) == [(0, 1), (2, 3)]
    assert pairs_of("brick", 5, 1) == [(1, 2), (3, 4)]
    assert pairs_of("brick", 5, 2) == pairs_of("brick", 5, 0)
    assert pairs_of("brick", 2, 1) == []
    assert pairs_of("none", 4) == []
    triples = Layer("m", "pauli_feature_map", pairs="brick")
    assert [layer_blocks(triples, 5, 3, round_) for round_ in range(3)] == [
        [(0, 1, 2)], [(1, 2, 3)], [(2, 3, 4)]
    ]  # fmt: skip


def _gates(feature_map: FeatureMap, name: str) -> list[tuple[int, ...]]:
    circuit = feature_map.circuit
    return [
        tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
        for item in circuit.data
        if item.operation.name == name
    ]


def test_the_round_of_a_brick_is_the_repetition_of_the_circuit() -> None:
    brick = Layer("b", "entangle", "cz", pairs="brick")
    even, odd = [(0, 1), (2, 3)], [(1, 2)]
    found = FeatureMap((brick,), 3, 4, closing=(brick,), trained=True)
    assert _gates(found, "cz") == [*even, *odd, *even, *odd]
    own = Layer("w", "hardware_efficient", reps=3, pairs="brick")
    assert _gates(FeatureMap((own,), 1, 4, trained=True), "cz") == [*even, *odd, *even]
    none = Layer("w", "real_amplitudes", reps=3, pairs="none")
    assert _gates(FeatureMap((none,), 1, 4, trained=True), "cx") == []


@pytest.mark.parametrize(
    ("layer", "stated", "trained", "keys"),
    [
        (Layer("w", "rot"), (), False, ["angles"]),
        (Layer("w", "rot"), (), True, []),
        (Layer("w", "real_amplitudes"), (), False, ["angles"]),
        (Layer("w", "real_amplitudes"), (), True, []),
        (Layer("w", "reupload"), (), False, []),
        (SCALED, ("gate", "scale"), True, []),
        (SCALED, ("gate", "scale"), False, ["scale"]),
        (ROTATION, ("gate", "angle"), True, []),
        (Layer("i", "iqp", trained=("scale",)), ("scale",), True, ["scale"]),
    ],
)
def test_what_may_be_left_to_training(
    layer: Layer, stated: tuple[str, ...], trained: bool, keys: list[str]
) -> None:
    found = LAYERS[layer.kind].complaints(layer, stated, trains=trained)
    assert [key for key, _ in found] == keys
