"""Adam against scikit-learn's, SPSA on a bowl, batches and the rule for stopping."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

from qgate.charter.arm_spec import Training
from qgate.quantum.losses import Array, Squared
from qgate.quantum.training import TRIED, Adam, Rows, Slopes, settled, train

WEIGHTS = np.array([0.4, -0.2, 0.1])


class Bowl:
    """Expectations that are the weights themselves, the same for each row."""

    def __init__(self) -> None:
        self.batches: list[Rows] = []
        self.points: list[Array] = []

    def expectations(self, rows: Rows, weights: Array) -> Array:
        self.batches.append(rows)
        self.points.append(weights)
        return np.repeat(weights[None], len(rows), axis=0)

    def gradient(self, rows: Rows, weights: Array, slopes: Slopes) -> tuple[Array, Array]:
        z = self.expectations(rows, weights)
        return z, slopes(z, slice(0, len(rows))).sum(axis=0)


def _trained(bowl: Bowl, **terms: object) -> tuple[Array, Array, int, int]:
    training = Training(**terms)  # type: ignore[arg-type]
    targets = np.full(8, 0.7)
    found = train(bowl, Squared(), targets, training, WEIGHTS, np.random.default_rng(4))
    return found.weights, found.losses, found.rows, found.steps


def test_adam_steps_as_scikit_learns_does() -> None:
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=4), rng.normal(size=(30, 4))
    theirs = [start.copy()]
    optimiser = AdamOptimizer(theirs, learning_rate_init=0.03, epsilon=1e-15)
    ours, point = Adam(0.03), start.copy()
    for gradient in gradients:
        optimiser.update_params(theirs, [gradient])
        point = point + ours.step(gradient)
        np.testing.assert_allclose(point, theirs[0], rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("gradient", "steps"), [("adjoint", 400), ("parameter_shift", 400), ("spsa", 600)]
)
def test_training_comes_down_to_the_bottom(gradient: str, steps: int) -> None:
    _, losses, rows, taken = _trained(Bowl(), gradient=gradient, steps=steps, learning_rate=0.05)
    assert losses[0] > 0.2
    assert losses[-1] < 1e-3
    assert taken == steps == len(losses)
    assert rows == (8 * steps if gradient != "spsa" else 2 * 8 * (steps + TRIED))


def test_spsas_first_step_is_about_the_learning_rate() -> None:
    bowl = Bowl()
    _trained(bowl, gradient="spsa", steps=40, learning_rate=0.02)
    middles = [(bowl.points[i] + bowl.points[i + 1]) / 2 for i in range(2 * TRIED, 30, 2)]
    moved = np.abs(np.diff(middles, axis=0)).mean()
    assert 0.005 < moved < 0.05
    ends = bowl.points[2 * TRIED] - bowl.points[2 * TRIED + 1]
    np.testing.assert_allclose(np.abs(ends), 0.2, rtol=1e-12)


def test_batches_are_drawn_with_replacement_and_whole_data_are_in_order() -> None:
    bowl = Bowl()
    _trained(bowl, steps=50, batch=8)
    assert any(len(set(rows.tolist())) < 8 for rows in bowl.batches)
    assert set(np.concatenate(bowl.batches).tolist()) == set(range(8))
    whole = Bowl()
    _trained(whole, steps=2)
    assert [rows.tolist() for rows in whole.batches] == [list(range(8))] * 2


def test_both_values_of_a_direction_are_of_the_same_rows() -> None:
    bowl = Bowl()
    _trained(bowl, gradient="spsa", steps=5, batch=3)
    for first, second in zip(bowl.batches[::2], bowl.batches[1::2], strict=True):
        np.testing.assert_array_equal(first, second)


def test_training_is_at_rest_where_two_windows_have_one_mean() -> None:
    flat = np.tile([1.0, 2.0], 10)
    assert not settled(flat, None)
    assert not settled(flat[:8], 4)
    assert settled(flat[:9], 4)
    # Means 4.5 and 8.5 of windows whose deviation is sqrt(1.25): a difference of 4 is no rest.
    assert not settled(np.array([0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 4)
    # The bound itself: std 1, window 4, so means may differ by 1/4.
    last = np.array([1.0, -1.0, 1.0, -1.0])
    for shift, rests in ((0.2499, True), (0.2501, False)):
        assert settled(np.concatenate([[0.0], last + shift, last]), 4) == rests


def test_patience_ends_training() -> None:
    _, losses, _, steps = _trained(Bowl(), steps=5000, learning_rate=0.05, patience=20)
    assert 40 < steps < 5000
    assert losses[-1] < 0.01
