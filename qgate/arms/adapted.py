"""Estimators that look like scikit-learn's and do not derive from its base class."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

_HANDED_ON = ("decision_function", "predict_proba", "fit_circuits_", "circuits_per_item_")


class Adapted(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A model with fit and predict, as a pipeline takes it.

    A pipeline asks its last step for tags that only the base class has, so that it refuses, for
    one, qiskit-machine-learning's trained circuits.
    """

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Any, y: Any) -> Adapted:
        """Fit the model."""
        self.model.fit(X, y)
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        """Return what the model predicts."""
        return self.model.predict(X)

    def __getattr__(self, name: str) -> Any:
        """Return what else the model may have."""
        if name in _HANDED_ON and "model" in self.__dict__:
            return getattr(self.model, name)
        raise AttributeError(name)


def adapted(model: Any) -> Any:
    """Return an estimator as a pipeline takes its last step: the model itself, if it can be one."""
    return model if isinstance(model, BaseEstimator) else Adapted(model)
