"""The classical surrogate: its features against the closed form of their kernel."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.arms.arm import generator
from qgate.arms.random_features import RandomFeaturesArm, _waves
from qgate.charter.arm_spec import ArmSpec, Layer, RandomFeatures, Step
from qgate.quantum.feature_map import FeatureMap
from tests.unit.arms import small

RZ = Layer("turn", "angle", "rz", scale=0.4)


def _spec(*layers: Layer, count: int = 4000, kernel: bool = True) -> ArmSpec:
    step = Step("sklearn.svm.SVC", {}) if kernel else None
    section = RandomFeatures(layers or (small.ANGLE,), 1, (), step, count)
    return ArmSpec("classical_surrogate", "surrogate", random_features=section)


def test_the_mean_kernel_is_that_of_a_gate_on_a_qubit_each() -> None:
    """E cos(s (a - b)) over s in -1, 0, 1 with chances 1/4, 1/2, 1/4 is cos^2((a - b) / 2)."""
    X = np.random.default_rng(1).normal(size=(6, 3))
    circuit = FeatureMap((small.ANGLE, RZ), 1, 3)
    angles = circuit.angles(X)
    signs = np.random.default_rng(2).choice([-1.0, 0.0, 0.0, 1.0], (angles.shape[1], 200_000))
    waves = _waves(angles, signs)
    apart = angles[:, None, :] - angles[None, :, :]
    expected = np.prod(np.cos(apart / 2) ** 2, axis=2)
    assert np.abs(waves @ waves.T - expected).max() < 5 / np.sqrt(200_000)


def test_a_product_encodings_fidelity_kernel_is_what_it_tends_to() -> None:
    """Without entanglers the surrogate is the quantum kernel itself, which simulation confirms."""
    from qgate.quantum.kernel import StateKernel

    X = np.random.default_rng(4).normal(size=(5, 3))
    circuit = FeatureMap((small.ANGLE,), 1, 3)
    states = StateKernel(circuit)
    exact = states.estimate(states.first(X), states.first(X)).exact
    angles = circuit.angles(X)
    assert np.allclose(
        exact, np.prod(np.cos((angles[:, None] - angles[None]) / 2) ** 2, axis=2), atol=1e-12
    )


@pytest.mark.parametrize("kernel", [True, False])
@pytest.mark.parametrize("classes", [(0, 1), ("a", "b", "c"), ()])
def test_it_learns_and_draws_anew_for_each_seed(
    kernel: bool, classes: tuple[str | int, ...]
) -> None:
    split = small.small_split(classes)
    spec = _spec(count=3, kernel=kernel)
    if not classes and kernel:
        section = RandomFeatures((small.ANGLE,), 1, (), Step("sklearn.svm.SVR", {}), 3)
        spec = ArmSpec("classical_surrogate", "surrogate", random_features=section)
    arm = RandomFeaturesArm(spec, small.workshop(split))
    first = arm.run(1, None, 0)
    assert first == arm.run(1, 64, 1)  # shots and replicates do not apply
    assert len({arm.run(seed, None, 0).predictions for seed in range(1, 9)}) > 1
    blind = small.with_dataset(split, labels=split.dataset.labels[::-1].copy())
    assert RandomFeaturesArm(spec, small.workshop(blind)).run(1, None, 0) != first


def test_the_frequencies_are_the_roles_own() -> None:
    one = generator("classical_surrogate", 1, None, 0, "frequencies").random(4)
    other = generator("candidate", 1, None, 0, "frequencies").random(4)
    assert not np.array_equal(one, other)
