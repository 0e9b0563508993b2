"""Losses against scikit-learn's and plain formulae, their gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss

from qgate.quantum.losses import (
    Array,
    BinaryCrossEntropy,
    CrossEntropy,
    Loss,
    Squared,
    WeightedFidelity,
)

RNG = np.random.default_rng(1)
Z = RNG.uniform(-1, 1, size=(6, 3))
BITS, CODES, NUMBERS = (np.array(y, float) for y in ([0, 1] * 3, [0, 1, 2] * 2, RNG.normal(size=6)))
CASES: dict[str, tuple[Loss, Array, Array]] = {
    "binary": (BinaryCrossEntropy(), BITS, np.array([1.7, -0.4])),
    "several": (CrossEntropy(3), CODES, RNG.normal(size=6)),
    "numbers": (Squared(), NUMBERS, np.array([0.6, 0.3])),
    "signs": (Squared(), 2 * BITS - 1, np.array([-1.2, 0.1])),
    "fidelity": (WeightedFidelity(3), BITS, RNG.normal(size=6)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_finite_differences(name: str) -> None:
    loss, y, head = CASES[name]
    cost, step = loss.cost(Z, y, head), 1e-6
    for column in range(Z.shape[1]):
        moved = step * np.eye(3)[column]
        ends = [loss.cost(Z + side * moved, y, head).values for side in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(cost.by_z[:, column], expected, rtol=0, atol=1e-8)
    assert cost.by_head.shape == (6, len(head)) == (6, len(loss.start))
    for place in range(len(head)):
        moved = step * np.eye(len(head))[place]
        ends = [loss.cost(Z, y, head + side * moved).values for side in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(cost.by_head[:, place], expected, rtol=0, atol=1e-8)


def test_cross_entropies_are_scikit_learns() -> None:
    loss, y, head = CASES["binary"]
    chance = 1 / (1 + np.exp(-loss.output(Z, head)))
    assert loss.cost(Z, y, head).values.mean() == pytest.approx(log_loss(y, chance), abs=1e-12)
    np.testing.assert_allclose(loss.output(Z, head), 1.7 * Z.mean(axis=1) - 0.4, atol=1e-15)
    loss, y, head = CASES["several"]
    chances = np.exp(loss.output(Z, head))
    chances /= chances.sum(axis=1, keepdims=True)
    assert loss.cost(Z, y, head).values.mean() == pytest.approx(log_loss(y, chances), abs=1e-12)


def test_a_logit_far_out_is_no_overflow() -> None:
    loss = BinaryCrossEntropy()
    cost = loss.cost(np.ones((2, 1)), np.array([0.0, 1.0]), np.array([2000.0, 0.0]))
    np.testing.assert_array_equal(cost.values, [2000.0, 0.0])
    several = CrossEntropy(2).cost(np.ones((1, 2)), np.array([1.0]), np.array([2000.0, 0, 0, 0]))
    np.testing.assert_array_equal(several.values, [2000.0])


def test_the_weighted_fidelity_is_that_of_the_paper() -> None:
    """Perez-Salinas et al. 2020, eqn 23, qubit by qubit and class by class."""
    loss, y, head = CASES["fidelity"]
    found = loss.cost(Z, y, head).values
    for row, target in enumerate(y):
        expected = 0.0
        for qubit in range(3):
            fidelities = (1 - Z[row, qubit]) / 2, (1 + Z[row, qubit]) / 2
            for code, fidelity in enumerate(fidelities):
                wanted = float(code == target)
                expected += 0.5 * (head[3 * code + qubit] * fidelity - wanted) ** 2
        assert found[row] == pytest.approx(expected, abs=1e-14)
    np.testing.assert_allclose(loss.output(Z, head), Z.mean(axis=1), atol=1e-15)
