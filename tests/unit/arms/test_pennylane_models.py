"""PennyLane's models: against closed forms, its other simulator, and what they promise of seeds."""

from __future__ import annotations

import pickle
import sys
from typing import Any

import numpy as np
import pytest

from qgate.arms.pennylane_models import (
    KernelClassifier,
    VariationalClassifier,
    VariationalRegressor,
)
from qgate.errors import UsageError

RNG = np.random.default_rng(3)
X = RNG.uniform(-1.5, 1.5, size=(40, 2))
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


def _product(x: Any, weights: Any) -> None:
    import pennylane as qml

    for qubit in range(2):
        qml.RY(x[:, qubit], wires=qubit)
        qml.RY(weights[qubit], wires=qubit)


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pennylane", None)
    with pytest.raises(UsageError, match=r"pip install 'qgate\[pennylane\]'"):
        VariationalClassifier().fit(X, Y)


def test_both_simulators_train_the_same_weights() -> None:
    """Backprop through a state vector, and lightning's adjoint method, are different code."""
    pytest.importorskip("pennylane")
    some: dict[str, Any] = {"steps": 2, "batch": 3, "layers": 1, "random_state": 1}
    ours = VariationalClassifier(**some).fit(X, Y)
    other = VariationalClassifier(**some, device="lightning.qubit").fit(X, Y)
    shifted = VariationalClassifier(**some, diff_method="parameter-shift").fit(X, Y)
    for model in (other, shifted):
        np.testing.assert_allclose(model.weights_, ours.weights_, atol=1e-7)
        np.testing.assert_allclose(model.decision_function(X), ours.decision_function(X), atol=1e-6)


def test_a_product_circuit_scores_by_its_closed_form() -> None:
    """<Z> behind RY(a) RY(b) is cos(a + b)."""
    pytest.importorskip("pennylane")
    model = VariationalClassifier(circuit=_product, weights_shape=[2], steps=2, batch=8).fit(X, Y)
    expected = model.factor_[0] * np.cos(X[:, 0] + model.weights_[0]) + model.offset_[0]
    np.testing.assert_allclose(model.decision_function(X), expected, atol=1e-9)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301  # written a moment ago
    assert again.predict_proba(X).tolist() == model.predict_proba(X).tolist()


def test_training_learns_what_a_line_cannot_tell() -> None:
    pytest.importorskip("pennylane")
    model = VariationalClassifier(steps=60, layers=3, reupload=True, random_state=2).fit(X, Y)
    assert np.mean(model.predict(X) == Y) > 0.9
    assert model.fit_circuits_ == 60 * 32 * (1 + 2 * model.weights_.size)


def test_a_regressor_finds_the_amplitude_and_the_phase_of_a_wave() -> None:
    pytest.importorskip("pennylane")
    y = 7.0 + 3.0 * np.cos(X[:, 0] + 0.8)
    model = VariationalRegressor(
        circuit=_product, weights_shape=[2], steps=250, batch=None, random_state=1
    ).fit(X, y)
    np.testing.assert_allclose(model.predict(X), y, atol=0.05)


def test_shots_spread_as_binomial_and_each_call_draws_anew() -> None:
    pytest.importorskip("pennylane")
    some: dict[str, Any] = {
        "circuit": _product,
        "weights_shape": [2],
        "steps": 1,
        "random_state": 1,
    }
    exact = VariationalClassifier(**some).fit(X, Y)
    sampled = VariationalClassifier(**some, shots=100, shot_seed=8).fit(X, Y)
    assert sampled.weights_.tolist() == exact.weights_.tolist()
    calls = np.array([sampled.decision_function(X) for _ in range(200)])
    assert len({tuple(call) for call in calls.tolist()}) == 200
    z = np.cos(X[:, 0] + exact.weights_[0])
    expected = exact.factor_[0] ** 2 * (1 - z**2) / 100
    assert np.mean(calls.var(axis=0) / expected) == pytest.approx(1.0, abs=0.08)
    same = VariationalClassifier(**some, shots=100, shot_seed=8).fit(X, Y)
    assert same.decision_function(X).tolist() == calls[0].tolist()
    other = VariationalClassifier(**some, shots=100, shot_seed=9).fit(X, Y)
    assert other.decision_function(X).tolist() != calls[0].tolist()


def test_parameter_shift_trains_with_the_shots() -> None:
    pytest.importorskip("pennylane")
    some: dict[str, Any] = {"steps": 2, "batch": 4, "shots": 50, "random_state": 1}
    first, same, other = (
        VariationalClassifier(**some, diff_method="parameter-shift", shot_seed=seed)
        .fit(X, Y)
        .weights_.tolist()
        for seed in (1, 1, 2)
    )
    assert first == same != other


def test_a_kernel_of_rotations_has_its_closed_form() -> None:
    """|<x|y>|^2 of RY rotations is the product of cos^2((x_i - y_i) / 2)."""
    pytest.importorskip("pennylane")
    model = KernelClassifier(embedding="AngleEmbedding").fit(X, Y)
    states = model.states_
    expected = np.prod(np.cos((X[:, None] - X[None]) / 2) ** 2, axis=2)
    np.testing.assert_allclose(np.abs(states.conj() @ states.T) ** 2, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"embedding": "Angle"}, "embedding: 'Angle' is none of AngleEmbedding"),
        ({"device": "default.mixed"}, "device: 'default.mixed' is none of"),
        ({"qubits": 1}, "qubits: 1 are too few: 2 are needed"),
        ({"steps": 0}, "steps: 0 is no whole number of at least 1"),
        ({"layers": "2"}, "layers: '2' is no whole number of at least 1"),
        ({"circuit": _product}, "needs `weights_shape`"),
    ],
)
def test_what_is_unknown_is_refused(changes: dict[str, Any], message: str) -> None:
    pytest.importorskip("pennylane")
    with pytest.raises(UsageError, match=message):
        VariationalClassifier(**changes).fit(X, Y)
