"""Matrix-product states: the kernel of state vectors where no bond is cut."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from qgate.charter.arm_spec import Layer, QuantumKernel, Step
from qgate.quantum.build import build_kernel
from qgate.quantum.engine import Array
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import Kernel, StateKernel
from qgate.quantum.product_kernel import ProductKernel

RY = Layer("y", "angle", "ry")
RX = Layer("x", "angle", "rx")
FULL = Layer("zz", "zz_feature_map", pairs="full", reps=2)
MAPS = {
    "linear": ((Layer("zz", "zz_feature_map", pairs="linear", reps=2),), 6),
    "full": ((FULL,), 5),
    "ring": ((RY, Layer("e", "entangle", "cx", pairs="ring"), RX), 6),
    "amplitude": ((Layer("a", "amplitude"),), 20),
    "reupload": ((Layer("u", "reupload", gate="cz", pairs="ring", seed=3, reps=3),), 14),
    "one qubit": ((RY,), 1),
    "without data": ((Layer("h", "hadamard"),), 3),
}


def _exact(kernel: Kernel, X: Array, Y: Array) -> Array:
    return np.asarray(kernel.estimate(kernel.first(X), kernel.second(Y)).exact)


def _rows(count: int, features: int, seed: int = 6) -> Array:
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, features))


@pytest.mark.parametrize("name", MAPS)
def test_it_is_the_kernel_of_state_vectors(name: str) -> None:
    layers, features = MAPS[name]
    feature_map = FeatureMap(layers, 1, features)
    X, Y = _rows(5, features), _rows(3, features, 7)
    found = _exact(ProductKernel(feature_map, 64), X, Y)
    expected = _exact(StateKernel(feature_map), X, Y)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert found.shape == (5, 3)


@pytest.mark.parametrize("count", [0, 1])
def test_no_row_and_one_row(count: int) -> None:
    """An estimator without support vectors asks for no row at all."""
    feature_map = FeatureMap((FULL,), 1, 3)
    kernel = ProductKernel(feature_map, 8)
    none, some = kernel.first(_rows(count, 3)), kernel.second(_rows(4, 3))
    assert kernel.estimate(none, some).exact.shape == (count, 4)
    assert kernel.estimate(some, none).exact.shape == (4, count)


def test_twenty_qubits_of_low_entanglement() -> None:
    layers = (RY, Layer("e", "entangle", "cz", pairs="linear"), RX)
    spec = QuantumKernel(layers, 1, Step("sklearn.svm.SVC", {}), max_bond=8)
    kernel = build_kernel(spec, 20, Path(), sampled=False).kernel
    X = _rows(12, 20)
    found = kernel.estimate(kernel.first(X), kernel.second(X)).exact
    np.testing.assert_allclose(np.diag(found), 1, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found, found.T, rtol=0, atol=1e-12)
    small = FeatureMap((RY,), 1, 20)  # closed form: a product of one-qubit fidelities
    alone = _exact(ProductKernel(small, 1), X, X)
    expected = np.prod((1 + np.cos(X[:, None] - X[None])) / 2, axis=2)
    np.testing.assert_allclose(alone, expected, rtol=0, atol=1e-10)
    assert np.abs(found - alone).max() > 0.001


def test_a_bond_that_is_cut_is_an_approximation_with_a_diagonal_of_1_still() -> None:
    feature_map, X = FeatureMap((FULL,), 1, 6), _rows(5, 6)
    expected = _exact(StateKernel(feature_map), X, X)
    apart = [np.abs(_exact(ProductKernel(feature_map, b), X, X) - expected).max() for b in (1, 8)]
    assert apart[0] > 0.01
    assert apart[1] < 1e-10
    for bond in (1, 3):
        found = _exact(ProductKernel(feature_map, bond), X, X)
        np.testing.assert_allclose(np.diag(found), 1, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("features", "bond", "rows"), [(10, 32, 30), (14, 8, 20), (2, 4, 200)])
def test_the_arrays_take_no_more_memory_than_is_stated(features: int, bond: int, rows: int) -> None:
    kernel = ProductKernel(FeatureMap((FULL,), 1, features), bond)
    X = _rows(rows, features)
    kernel.first(X[:2])
    tracemalloc.start()
    states = kernel.first(X)
    kernel.estimate(states, states)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    aer = sum(tensor.nbytes for tensor in states.tensors)  # its own copy is not traced
    stated = rows * kernel.row_bytes + rows**2 * kernel.pair_bytes
    assert peak + aer <= stated < 8 * (peak + aer)


def test_the_widest_bond_so_far_is_known() -> None:
    kernel = ProductKernel(FeatureMap((FULL,), 1, 6), 64)
    kernel.first(_rows(2, 6))
    assert kernel.bond == 8
    cut = ProductKernel(FeatureMap((FULL,), 1, 6), 3)
    cut.first(_rows(2, 6))
    assert cut.bond == cut.max_bond == 3
