"""The estimators that learn from a kernel matrix that is computed elsewhere.

Support vector machines and kernel ridge regression take `kernel="precomputed"`. Gaussian processes
take a kernel object, which hands the entries through (see `precomputed`). Kernel ridge regression
has no classifier of its own, so classes are coded for it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate import plugins
from qgate.charter.arm_spec import Step
from qgate.data.dataset import Array, Codes
from qgate.errors import UsageError

_MOST_ITERATIONS = 10_000_000
"""libsvm need not end on a kernel that shot noise has made indefinite."""
_RIDGE = "sklearn.kernel_ridge"
_GAUSSIAN_PROCESS = "sklearn.gaussian_process"


class SignedClasses:
    """Kernel ridge regression on classes coded 1 and -1, as RidgeClassifier codes them.

    Two classes: one regression, the class coded 1 where it is positive. Several: one regression of
    each class against the rest, and the class with the largest. Unlike RidgeClassifier there is no
    intercept, since kernel ridge regression has none.
    """

    def __init__(self, regressor: Any) -> None:
        """Take the regressor, which must take several targets at once."""
        self.regressor = regressor

    def fit(self, entries: Array, labels: npt.NDArray[Any]) -> SignedClasses:
        """Fit on entries of shape (rows, rows) and class codes of shape (rows,)."""
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError("the training rows are all of one class")
        ones = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        coded = np.where(labels[:, None] == ones, 1.0, -1.0)
        self.regressor.fit(entries, coded)
        return self

    def decision_function(self, entries: Array) -> Array:
        """Return the regressed codes: shape (items,) of two classes, else (items, classes)."""
        found = np.asarray(self.regressor.predict(entries), dtype=np.float64)
        return found[:, 0] if len(self.classes_) == 2 else found

    def predict(self, entries: Array) -> npt.NDArray[Any]:
        """Return a class code for each item, shape (items,)."""
        decided = self.decision_function(entries)
        places = (decided > 0).astype(int) if decided.ndim == 1 else decided.argmax(axis=1)
        return np.asarray(self.classes_[places])


def kernel_estimator(
    step: Step, seed: int, allowed: Collection[str], *, section: str, classes: int
) -> Any:
    """Return an estimator that is fitted on a matrix of kernel entries.

    Args:
        step: Its class and parameters.
        seed: For its `random_state`.
        allowed: Packages that may be imported.
        section: The charter's section that the kernel belongs to, for messages.
        classes: Of the labels; 0 for numbers.

    Raises:
        UsageError: When it takes no kernel, or the charter gives it one.

    """
    params = dict(step.params)
    if "kernel" in params or not plugins.takes(step.path, "kernel", allowed):
        raise UsageError(f"{step.path}: the kernel must be left to the {section}")
    params["kernel"] = "precomputed"
    if plugins.takes(step.path, "max_iter", allowed):
        params.setdefault("max_iter", _MOST_ITERATIONS)
    estimator = plugins.build(step.path, params, seed, allowed)
    homes = [base.__module__ for base in type(estimator).__mro__]
    if any(home.startswith(_GAUSSIAN_PROCESS) for home in homes):
        return _gaussian_process(estimator)
    if classes and any(home.startswith(_RIDGE) for home in homes):
        return SignedClasses(estimator)
    return estimator


def support(estimator: Any, rows: int) -> Codes:
    """Return the training rows that a prediction needs: support vectors, else all of `rows`."""
    every = np.arange(rows, dtype=np.int64)
    return np.sort(np.asarray(getattr(estimator, "support_", every), dtype=np.int64))


def _gaussian_process(estimator: Any) -> Any:
    from qgate.arms.precomputed import Precomputed

    if getattr(estimator, "multi_class", "") == "one_vs_one":
        raise UsageError(
            f"{type(estimator).__name__}: pairs of classes take parts of the kernel matrix, which "
            "it does not cut out: use multi_class: one_vs_rest"
        )
    return estimator.set_params(kernel=Precomputed())
