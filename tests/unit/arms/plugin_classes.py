"""Classes as a user's plugin might have them, good and bad."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Majority(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """Predicts the most frequent class; notes the process of each fit."""

    def __init__(self, random_state: int = 0, notes: str = "") -> None:
        self.random_state, self.notes = random_state, notes

    def fit(self, X: Any, y: Any) -> Majority:
        del X
        self.classes_ = np.unique(y)
        self.code_ = int(np.bincount(y).argmax())
        if self.notes:
            with Path(self.notes).open("a", encoding="utf-8") as stream:
                stream.write(f"{os.getpid()} {self.random_state}\n")
        return self

    def predict(self, X: Any) -> Any:
        return np.full(len(X), self.code_)


class Unseeded(Majority):
    def __init__(self) -> None:
        super().__init__()


class OpenEnded(Majority):
    def __init__(self, random_state: int = 0, **others: object) -> None:
        super().__init__(random_state)
        self.others = others


class Unbuildable(Majority):
    def __init__(self, random_state: int = 0) -> None:
        raise RuntimeError(f"no licence for {random_state}")


class Dies(Majority):
    """Ends its process without a word for one seed."""

    def __init__(self, random_state: int = 0, deadly: int = 0, how: str = "exit") -> None:
        super().__init__(random_state)
        self.deadly, self.how = deadly, how

    def fit(self, X: Any, y: Any) -> Majority:
        if self.random_state == self.deadly and self.how == "exit":
            os._exit(1)
        if self.random_state == self.deadly and self.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.random_state == self.deadly and self.how == "sys.exit":
            sys.exit(0)
        if self.random_state == self.deadly and self.how == "raise":
            raise ArithmeticError("did not converge")
        return super().fit(X, y)


class Sleeps(Majority):
    def fit(self, X: Any, y: Any) -> Majority:
        super().fit(X, y)
        time.sleep(60)
        return self


class TooShort(Majority):
    def predict(self, X: Any) -> Any:
        return super().predict(X)[1:]


class NoEstimator:
    """Has no fit."""


class Shifts(BaseEstimator):  # type: ignore[misc]  # sklearn is untyped
    """A transformer without fit_transform that leaves missing values where `missing` is set."""

    def __init__(self, missing: bool = False, broken: bool = False) -> None:
        self.missing, self.broken = missing, broken

    def fit(self, X: Any, y: Any = None) -> Shifts:
        del y
        if self.broken:
            sys.exit(0)
        self.first_ = X[0]
        return self

    def transform(self, X: Any) -> Any:
        shifted = X - self.first_
        if self.missing:
            shifted[0, 0] = np.nan
        return shifted
