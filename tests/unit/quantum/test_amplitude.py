"""Amplitude encoding: the state is the row, whatever its signs and zeros."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.errors import ExecutionError
from qgate.quantum.feature_map import FeatureMap
from tests.unit.quantum.cases import AMPLITUDE, Array, states


def _expected(X: Array, qubits: int) -> Array:
    padded = np.zeros((len(X), 2**qubits))
    padded[:, : X.shape[1]] = X
    return np.asarray(padded / np.linalg.norm(padded, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("features", "qubits"),
    [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 3), (8, 3), (9, 4)],
)
def test_the_state_is_the_normalised_row(features: int, qubits: int) -> None:
    rng = np.random.default_rng(features)
    X = rng.normal(size=(8, features))
    X[2:5] *= rng.random((3, features)) < 0.5  # zeros, whole branches of them among wide rows
    X[5] = -np.abs(X[5])
    X[6] = 0.0
    X[7, :-1] = 0.0
    X[~X.any(axis=1), 0] = -2.0
    feature_map = FeatureMap((AMPLITUDE,), 1, features)
    assert feature_map.qubits == qubits
    assert len(feature_map.parameters) == 2**qubits - 1
    assert set(feature_map.circuit.count_ops()) <= {"ry", "cx"}
    found = states(feature_map, X)
    np.testing.assert_allclose(found, _expected(X, qubits), rtol=0, atol=1e-12)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_the_size_of_a_row_does_not_matter(size: float) -> None:
    X = np.array([[1.0, -2.0, 2.0]])
    feature_map = FeatureMap((AMPLITUDE,), 1, 3)
    found = states(feature_map, size * X)
    np.testing.assert_allclose(found, [[1 / 3, -2 / 3, 2 / 3, 0]], rtol=0, atol=1e-12)


def test_a_row_of_zeros_is_an_error_that_says_what_to_do() -> None:
    X = np.array([[1.0, 2.0], [0.0, 0.0], [0.0, -0.0]])
    with pytest.raises(ExecutionError) as caught:
        FeatureMap((AMPLITUDE,), 1, 2).angles(X)
    assert str(caught.value) == (
        "layer 'a': 2 of 3 rows are all zeros after preprocessing, which no amplitudes can stand "
        "for: drop such rows, or add a constant feature"
    )
