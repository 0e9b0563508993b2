"""Gradient variances against closed forms, and how they scale with the qubits."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.charter.arm_spec import Layer
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.plateau import Cost, Plateau

STARTS = 20_000


def _variance(layers: tuple[Layer, ...], qubits: int, cost: Cost, starts: int = STARTS) -> float:
    feature_map = FeatureMap(layers, 1, qubits, trained=True)
    plateau = Plateau(feature_map, (0,))
    rng = np.random.default_rng(qubits)
    return float(plateau.variances(np.zeros((1, qubits)), rng, cost=cost, starts=starts)[0])


@pytest.mark.parametrize("qubits", [1, 2, 4, 6])
@pytest.mark.parametrize("cost", ["global", "local", "read"])
def test_the_variance_of_a_product_of_rotations_is_its_closed_form(cost: Cost, qubits: int) -> None:
    """C = 1 - prod of cos^2(t/2); C = 1 - mean of cos^2(t/2); C = cos t, t even on a circle.

    So the derivatives have the variances (1/8)(3/8)^(n-1), 1/(8 n^2) and 1/2.
    """
    found = _variance((Layer("r", "rotation", "ry", trained=("angle",)),), qubits, cost)
    closed = {
        "global": 1 / 8 * (3 / 8) ** (qubits - 1),
        "local": 1 / (8 * qubits**2),
        "read": 1 / 2,
    }
    assert found == pytest.approx(closed[cost], rel=0.08)


def test_a_global_cost_is_barren_and_a_local_one_on_a_shallow_circuit_is_not() -> None:
    layers = (Layer("h", "hardware_efficient", reps=2, pairs="linear"),)
    sizes = (2, 4, 6, 8)
    whole = [_variance(layers, size, "global", 2000) for size in sizes]
    alone = [_variance(layers, size, "read", 2000) for size in sizes]
    assert np.polyfit(sizes, np.log2(whole), 1)[0] < -1.0
    assert np.polyfit(sizes[1:], np.log2(alone[1:]), 1)[0] > -0.3


def test_a_deep_circuit_comes_to_the_plateau_of_random_states() -> None:
    """On a 2-design Var is of the order of 2^-n even of a local cost (McClean et al. 2018)."""
    layers = (Layer("h", "hardware_efficient", reps=24, pairs="ring"),)
    sizes = (2, 4, 6)
    found = [_variance(layers, size, "read", 600) for size in sizes]
    assert np.polyfit(sizes, np.log2(found), 1)[0] < -0.6


def test_a_trained_scale_has_the_gradient_of_its_angle_times_its_feature() -> None:
    """<Z> = cos(s x): its derivative by s at s = 1 is -x sin x."""
    scale = Layer("a", "angle", "ry", trained=("scale",))
    X = np.array([[0.7]])
    plateau = Plateau(FeatureMap((scale,), 1, 1, trained=True), (0,))
    rng = np.random.default_rng(0)
    found = plateau.gradients(X, rng, "read", 3, (-1.0, 1.0))
    np.testing.assert_allclose(found, np.full((3, 1), -0.7 * np.sin(0.7)), rtol=0, atol=1e-12)


def test_a_weight_that_nothing_depends_on_has_no_gradient_and_hides_no_other() -> None:
    """RZ on a qubit in 0 is such a weight; RY after it, before another RZ, has variance 1/2."""
    plateau = Plateau(FeatureMap((Layer("r", "rot"),), 1, 1, trained=True), (0,))
    found = plateau.variances(np.zeros((1, 1)), np.random.default_rng(2), starts=STARTS)
    np.testing.assert_allclose(found, [0.0, 0.5, 0.0], rtol=0, atol=0.02)
