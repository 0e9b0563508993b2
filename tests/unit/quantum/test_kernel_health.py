"""Concentration, geometric difference and alignment against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import inv, norm, sqrtm
from sklearn.metrics.pairwise import rbf_kernel

from qgate.charter.arm_spec import Layer
from qgate.quantum.engine import Array
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import StateKernel, fidelities
from qgate.quantum.kernel_health import alignment, concentration, geometric_difference, rbf


def _positive(rows: int, seed: int) -> Array:
    factors = np.random.default_rng(seed).normal(size=(rows, 2 * rows))
    return np.asarray(factors @ factors.T)


@pytest.mark.parametrize("gate", ["rx", "ry"])
@pytest.mark.parametrize("qubits", [1, 2, 3, 4, 6])
def test_rotations_of_even_angles_concentrate_as_known(gate: str, qubits: int) -> None:
    """k is a product of cos^2 of half a difference: mean 2^-n, second moment (3/8)^n."""
    X = np.random.default_rng(qubits).uniform(-np.pi, np.pi, size=(1500, qubits))
    kernel = StateKernel(FeatureMap([Layer("e", "angle", gate)], 1, qubits))
    gram = kernel.estimate(kernel.first(X), kernel.first(X)).exact
    found = concentration(gram)
    assert found.mean == pytest.approx(0.5**qubits, rel=0.03)
    assert found.variance == pytest.approx(0.375**qubits - 0.25**qubits, rel=0.06)


@pytest.mark.parametrize("qubits", [2, 4, 6, 8])
def test_random_states_concentrate_as_a_two_design(qubits: int) -> None:
    """Mean 1/d, second moment 2 / (d (d + 1)), d = 2^n."""
    rng, size = np.random.default_rng(qubits), 2**qubits
    states = rng.normal(size=(1000, size)) + 1j * rng.normal(size=(1000, size))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    found = concentration(fidelities(states, states))
    assert found.mean == pytest.approx(1 / size, rel=0.01)
    assert found.variance == pytest.approx((size - 1) / (size**2 * (size + 1)), rel=0.04)


def test_only_different_rows_count() -> None:
    found = concentration(np.array([[9.0, 1.0, 2.0], [0.0, 9.0, 6.0], [0.0, 0.0, 9.0]]))
    assert found.mean == 3.0
    assert found.variance == pytest.approx(14 / 3)


def test_the_geometric_difference_is_the_formula() -> None:
    """By matrix roots, inverse and spectral norm, as the paper writes it."""
    classical, quantum, n = _positive(12, 1), _positive(12, 2), 12
    first, second = (gram * n / np.trace(gram) for gram in (classical, quantum))
    for ridge in (0.0, 0.3):
        root = sqrtm(second)
        inner = root @ inv(first + ridge * np.eye(n)) @ root
        expected = np.sqrt(norm(inner, 2))
        found = geometric_difference(classical, quantum, ridge=ridge)
        assert found == pytest.approx(expected, rel=1e-9)
    assert geometric_difference(7 * classical, quantum, ridge=0.3) == pytest.approx(found)


@pytest.mark.parametrize("ridge", [1e-3, 0.01, 0.5])
def test_it_lies_between_the_authors_regularised_form_and_the_plain_one(ridge: float) -> None:
    for seed in range(5):
        classical, quantum, n = _positive(12, seed), _positive(12, seed + 10), 12
        first, second = (gram * n / np.trace(gram) for gram in (classical, quantum))
        roots, inverse = (sqrtm(first), sqrtm(second)), inv(first + ridge * np.eye(n))
        inner = roots[1] @ roots[0] @ inverse @ inverse @ roots[0] @ roots[1]
        found = geometric_difference(classical, quantum, ridge=ridge)
        assert np.sqrt(norm(inner, 2)) <= found * (1 + 1e-9)
        assert found <= geometric_difference(classical, quantum, ridge=0.0) * (1 + 1e-9)


def test_known_geometric_differences() -> None:
    """1 of a kernel and itself; root n of I against the all-ones kernel, 1/root(1 + r) less."""
    gram = _positive(10, 3)
    assert geometric_difference(gram, gram, ridge=0.0) == pytest.approx(1.0)
    one = np.ones((10, 10))
    assert geometric_difference(np.eye(10), one, ridge=0.0) == pytest.approx(np.sqrt(10))
    assert geometric_difference(np.eye(10), one, ridge=0.5) == pytest.approx(np.sqrt(10 / 1.5))
    with pytest.raises(ValueError, match="positive trace"):
        geometric_difference(np.zeros((3, 3)), np.eye(3))


def test_a_ridge_never_makes_it_larger() -> None:
    classical, quantum = _positive(10, 4), _positive(10, 5)
    found = [geometric_difference(classical, quantum, ridge=r) for r in (0, 1e-3, 1e-2, 0.1, 1)]
    assert found == sorted(found, reverse=True)


def test_alignment_is_the_cosine_of_centred_kernels() -> None:
    """Against explicit centring; a constant or a factor changes nothing (Cortes et al. 2012)."""
    first, second, n = _positive(9, 6), _positive(9, 7), 9
    centre = np.eye(n) - 1 / n
    one, other = (centre @ gram @ centre for gram in (first, second))
    expected = np.trace(one @ other) / np.sqrt(np.trace(one @ one) * np.trace(other @ other))
    assert alignment(first, second) == pytest.approx(expected, rel=1e-12)
    assert alignment(3 * first + 5, second) == pytest.approx(expected, rel=1e-9)
    assert alignment(first, first + 2) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="no alignment"):
        alignment(first, np.ones((n, n)))


def test_the_classical_kernel_is_scikit_learns_with_gamma_scale() -> None:
    X = np.random.default_rng(8).normal(size=(20, 3)) * 2.5
    expected = rbf_kernel(X, gamma=1 / (3 * X.var()))
    np.testing.assert_allclose(rbf(X), expected, rtol=0, atol=1e-12)
    assert np.all(rbf(np.ones((4, 2))) == 1.0)
