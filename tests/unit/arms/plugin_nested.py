"""Classes and functions as a charter's params may call them, and models that take shots."""

from __future__ import annotations

from os import system  # noqa: F401  # what a module imports is not the module's
from typing import Any

import numpy as np

from tests.unit.arms.plugin_classes import Majority


def doubled(value: int) -> int:
    return 2 * value


def nothing() -> None:
    return None


def fails() -> None:
    raise RuntimeError("no luck")


class Holder(Majority):
    def __init__(self, part: Any = None, random_state: int = 0) -> None:
        super().__init__(random_state)
        self.part = part


class Sampler:
    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed


class MovingSampler:
    def __init__(self, seed: np.random.Generator | int | None = None) -> None:
        self.seed = seed


class HandsOn(Sampler):
    def __init__(self, shots: int | None = None, **others: Any) -> None:
        super().__init__(**others)
        self.shots, self.others = shots, {k: v for k, v in others.items() if k != "seed"}


class Measures(Majority):
    """Predicts by a draw; where it takes no seed of its own for that, by its random state's."""

    def __init__(self, shots: int | None = None, random_state: int = 0) -> None:
        super().__init__(random_state)
        self.shots = shots

    def predict(self, X: Any) -> Any:
        if self.shots is None:
            return super().predict(X)
        return np.random.default_rng(self.random_state).integers(0, 2, len(X))


class MeasuresApart(Majority):
    """Counts its circuits; scores tell the seeds that it was given."""

    def __init__(
        self, shots: int | None = None, shot_seed: int | None = None, random_state: int = 0
    ) -> None:
        super().__init__(random_state)
        self.shots, self.shot_seed = shots, shot_seed

    def fit(self, X: Any, y: Any) -> MeasuresApart:
        super().fit(X, y)
        self.fit_circuits_, self.circuits_per_item_ = 100, 3
        return self

    def decision_function(self, X: Any) -> Any:
        drawn = 0 if self.shots is None else (self.shot_seed or 0) % 1000
        return np.full(len(X), 1000.0 * self.random_state + drawn)


class Plain:
    """Derives from nothing, and drops the axis of a single item."""

    def fit(self, X: Any, y: Any) -> Plain:
        del y
        self.middle = np.median(X[:, 0])
        return self

    def predict(self, X: Any) -> Any:
        return (X[:, 0] > self.middle).astype(np.int64).squeeze()

    def decision_function(self, X: Any) -> Any:
        return (X[:, 0] > self.middle).astype(np.float64)
