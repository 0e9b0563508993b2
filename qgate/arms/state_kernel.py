"""Estimators on a fidelity kernel of state vectors, from whichever SDK prepares them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.svm import SVC, SVR

Floats = npt.NDArray[np.float64]
States = npt.NDArray[np.complex128]

_DIGITS = 10
"""Fidelities are kept to so many decimals: the last bits differ between machines."""
_MOST_ITERATIONS = 10_000_000
"""libsvm need not end on a kernel that shot noise has made indefinite."""


class StateKernel(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A support vector machine on |<x|y>|^2; `_states` gives the state vector of each row.

    Exact fidelities are computed from state vectors. With shots, each pair's is drawn from
    Binomial(shots, fidelity)/shots, which is what measuring the circuit U(x) U(y)^dagger on a
    device without noise gives; a pair is measured once, and a row's fidelity with itself is 1.
    """

    _machine: type

    def fit(self, X: Any, y: Any) -> StateKernel:
        """Prepare the training rows' states, draw their kernel and train on it."""
        rows = np.asarray(X, dtype=np.float64)
        self.states_ = self._training_states(rows)
        exact = _fidelities(self.states_, self.states_)
        gram = self._symmetric(exact, np.random.default_rng([self.shot_seed or 0, 0]))
        self.machine_ = self._machine(
            kernel="precomputed", C=self.C, max_iter=_MOST_ITERATIONS
        ).fit(gram, y)
        if hasattr(self.machine_, "classes_"):
            self.classes_ = self.machine_.classes_
        self.fit_circuits_ = len(rows) * (len(rows) - 1) // 2
        self.circuits_per_item_ = len(self.machine_.support_)
        self._rng = np.random.default_rng([self.shot_seed or 0, 1])
        return self

    def predict(self, X: Any) -> Any:
        """Return the class code, or the number, of each row: shape (rows,)."""
        rows = np.asarray(X, dtype=np.float64)
        exact = self._exact(rows)
        self._latest = rows, exact
        return self.machine_.predict(self._cross(exact))

    def __getstate__(self) -> dict[str, Any]:
        """Leave the latest request behind."""
        state = dict(super().__getstate__())
        state.pop("_latest", None)
        return state

    def _exact(self, rows: Floats) -> Floats:
        """Return each row's fidelity with every support vector, prepared now."""
        return _fidelities(self._states(rows), self.states_[self.machine_.support_])

    def _scored(self, X: Any) -> Floats:
        """Return `_cross` of rows that, if they were predicted just now, are not prepared again."""
        rows = np.asarray(X, dtype=np.float64)
        latest = getattr(self, "_latest", None)
        known = latest is not None and np.array_equal(latest[0], rows)
        return self._cross(latest[1] if known and latest else self._exact(rows))

    def _cross(self, exact: Floats) -> Floats:
        """Return measured fidelities, those with other training rows 0: (rows, training rows)."""
        cross = np.zeros((len(exact), len(self.states_)))
        cross[:, self.machine_.support_] = self._measured(exact, self._rng)
        return cross

    def _symmetric(self, exact: Floats, rng: np.random.Generator) -> Floats:
        upper = np.triu_indices(len(exact), 1)
        gram = np.eye(len(exact))
        gram[upper] = self._measured(exact[upper], rng)
        return gram + np.triu(gram, 1).T

    def _measured(self, exact: Floats, rng: np.random.Generator) -> Floats:
        if self.shots is None:
            return exact
        drawn: Floats = rng.binomial(self.shots, exact) / self.shots
        return drawn

    def _training_states(self, rows: Floats) -> States:
        """Return what `_states` does; other trials may have prepared the same rows before."""
        return self._states(rows)

    @abstractmethod
    def _states(self, rows: Floats) -> States:
        """Return the state vector of each row, prepared now: shape (rows, 2^qubits)."""


class StateKernelClassifier(ClassifierMixin, StateKernel):  # type: ignore[misc]  # sklearn is untyped
    """A support vector classifier on a fidelity kernel."""

    _machine = SVC

    def decision_function(self, X: Any) -> Any:
        """Return the machine's score of each row."""
        return self.machine_.decision_function(self._scored(X))


class StateKernelRegressor(RegressorMixin, StateKernel):  # type: ignore[misc]  # sklearn is untyped
    """A support vector regressor on a fidelity kernel."""

    _machine = SVR


def _fidelities(some: States, others: States) -> Floats:
    """Return |<x|y>|^2 of all pairs, within 0 and 1: shape (some, others)."""
    found = np.clip(np.abs(some.conj() @ others.T) ** 2, 0.0, 1.0)
    return np.round(found, _DIGITS)
