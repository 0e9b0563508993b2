"""Estimators on given kernels, against scikit-learn's own on the same kernel."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics.pairwise import rbf_kernel

from qgate.arms.arm import build_arm
from qgate.arms.kernel_estimator import SignedClasses, kernel_estimator, support
from qgate.arms.precomputed import Precomputed
from qgate.charter.arm_spec import ArmSpec, Step
from qgate.data.dataset import Array
from qgate.errors import UsageError
from tests.unit.arms import small

GP = "sklearn.gaussian_process.GaussianProcess"
LENGTH = 1.3


def _estimator(path: str, classes: int = 2, **params: Any) -> Any:
    step = Step(path, params)
    return kernel_estimator(step, 0, small.ALLOWED, section="quantum_kernel", classes=classes)


def _entries(columns: int = 3) -> tuple[Array, Array, Array, Array]:
    """Return training points, new points, and an RBF kernel of the former and across."""
    split = small.small_split(columns=columns)
    X, new = split.fit_on[0], split.validate_on[0]
    gamma = 0.5 / LENGTH**2
    return X, new, rbf_kernel(X, gamma=gamma), rbf_kernel(new, X, gamma=gamma)


def test_a_gaussian_process_regressor_is_kernel_ridge_with_its_alpha() -> None:
    _, _, gram, cross = _entries()
    y = np.random.default_rng(1).normal(size=24)
    process = _estimator(f"{GP}Regressor", 0, alpha=0.3).fit(gram, y)
    ridge = _estimator("sklearn.kernel_ridge.KernelRidge", 0, alpha=0.3).fit(gram, y)
    assert isinstance(process, GaussianProcessRegressor)
    np.testing.assert_allclose(process.predict(cross), ridge.predict(cross), rtol=0, atol=1e-9)
    np.testing.assert_allclose(process.predict(gram), ridge.predict(gram), rtol=0, atol=1e-9)
    mean, sd = process.predict(cross, return_std=True)
    variance = 1 - np.einsum("ij,ji->i", cross, np.linalg.solve(gram + 0.3 * np.eye(24), cross.T))
    np.testing.assert_allclose(sd**2, variance, rtol=0, atol=1e-9)
    assert mean.shape == (10,)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_gaussian_process_classifier_is_scikit_learns_on_the_same_kernel(classes: int) -> None:
    X, new, gram, cross = _entries()
    y = np.arange(24) % classes
    ours = _estimator(f"{GP}Classifier").fit(gram, y)
    kernel = RBF(LENGTH, length_scale_bounds="fixed")
    theirs = GaussianProcessClassifier(kernel, random_state=0).fit(X, y)
    np.testing.assert_allclose(
        ours.predict_proba(cross), theirs.predict_proba(new), rtol=0, atol=1e-9
    )
    assert ours.predict(cross).tolist() == theirs.predict(new).tolist()
    travelled = pickle.loads(pickle.dumps(ours))  # noqa: S301  # written a moment ago
    assert np.array_equal(travelled.predict_proba(cross), ours.predict_proba(cross))


def test_as_many_new_rows_as_training_rows_are_not_mistaken_for_them() -> None:
    X, _, gram, _ = _entries()
    other = rbf_kernel(X[::-1] + 0.4, X, gamma=0.3)
    kernel = Precomputed()
    kernel(gram)
    assert np.array_equal(kernel(other, gram), other)
    assert np.array_equal(kernel(gram, other), other.T)
    assert np.array_equal(kernel(gram, gram), gram)
    noisy = gram * 0.6
    kernel(noisy)
    assert kernel.diag(other).tolist() == pytest.approx([0.6] * 24)
    assert kernel.diag(noisy).tolist() == pytest.approx([0.6] * 24)


def test_entries_that_nobody_measured_are_refused() -> None:
    _, _, gram, cross = _entries()
    kernel = Precomputed()
    with pytest.raises(ValueError, match="no training matrix"):
        kernel.diag(cross)
    kernel(gram)
    with pytest.raises(ValueError, match="among new items are not measured"):
        kernel(cross)
    with pytest.raises(ValueError, match="neither side"):
        kernel(cross, cross)
    assert kernel.n_dims == 0
    assert not kernel.is_stationary()
    assert kernel(gram, eval_gradient=True)[1].shape == (24, 24, 0)


def test_pairs_of_classes_cannot_be_cut_out_of_a_matrix() -> None:
    with pytest.raises(UsageError, match="use multi_class: one_vs_rest"):
        _estimator(f"{GP}Classifier", multi_class="one_vs_one")


@pytest.mark.parametrize("classes", [2, 3])
def test_kernel_ridge_on_classes_codes_them_as_ridge_classifier_does(classes: int) -> None:
    """On a linear kernel and without an intercept both are the same regression."""
    split = small.small_split(("a", "b", "c")[:classes])
    (X, y), new = split.fit_on, split.validate_on[0]
    ours = _estimator("sklearn.kernel_ridge.KernelRidge", classes, alpha=0.7).fit(X @ X.T, y)
    theirs = RidgeClassifier(alpha=0.7, fit_intercept=False).fit(X, y)
    assert isinstance(ours, SignedClasses)
    np.testing.assert_allclose(
        ours.decision_function(new @ X.T), theirs.decision_function(new), rtol=0, atol=1e-9
    )
    assert ours.predict(new @ X.T).tolist() == theirs.predict(new).tolist()


def test_kernel_ridge_on_numbers_stays_a_regressor() -> None:
    assert isinstance(_estimator("sklearn.kernel_ridge.KernelRidge", 0), KernelRidge)
    with pytest.raises(ValueError, match="one class"):
        _estimator("sklearn.kernel_ridge.KernelRidge").fit(np.eye(3), np.zeros(3, dtype=int))


def test_only_estimators_with_a_kernel_of_their_own_are_taken() -> None:
    with pytest.raises(UsageError, match="kernel must be left to the quantum_kernel"):
        _estimator(f"{GP}Classifier", kernel="rbf")
    assert _estimator("sklearn.svm.SVC").max_iter == 10_000_000
    fitted = _estimator("sklearn.svm.SVC").fit(np.eye(4), np.array([0, 1, 0, 1]))
    assert support(fitted, 4).tolist() == sorted(fitted.support_)
    assert support(object(), 3).tolist() == [0, 1, 2]


ESTIMATORS = [f"{GP}Classifier", "sklearn.kernel_ridge.KernelRidge"]


@pytest.mark.parametrize("path", ESTIMATORS)
@pytest.mark.parametrize("shots", [None, 4096])
def test_a_fidelity_kernel_teaches_them_classes(path: str, shots: int | None) -> None:
    split = small.small_split()
    spec: ArmSpec = small.kernel(small.ANGLE, estimator=path)
    outcome = build_arm(spec, small.workshop(split, cells=((1, shots, 0),))).run(1, shots, 0)
    right = np.mean(np.asarray(outcome.predictions) == split.validate_on[1])
    assert right >= 0.7
    assert outcome.scores is not None
    ones = [s for s, code in zip(outcome.scores, outcome.predictions, strict=True) if code]
    rest = [s for s, code in zip(outcome.scores, outcome.predictions, strict=True) if not code]
    assert min(ones) >= max(rest)
    assert outcome.serving_circuits == 10 * 24  # without support vectors all rows are needed
