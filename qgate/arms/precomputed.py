"""Kernel entries as a scikit-learn kernel, for Gaussian processes, which take no matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.gaussian_process.kernels import Kernel

from qgate.data.dataset import Array


class Precomputed(Kernel):  # type: ignore[misc]  # scikit-learn has no types
    """A kernel whose "points" are rows of its own entries against the training rows.

    `fit` is given the training matrix, shape (rows, rows), and `predict` the entries of new items
    against the training rows, shape (items, rows). There is nothing to optimise: it has no
    parameters. A scale of the kernel, or white noise, is not part of it: a regressor's `alpha` is
    the noise.
    """

    requires_vector_input = True

    def __init__(self) -> None:
        """Start without a training matrix; that is the one whose entries are asked for first."""
        self._train: Array | None = None

    def __call__(self, X: Array, Y: Array | None = None, eval_gradient: bool = False) -> Any:
        """Return the entries of X against Y, one of which is the training matrix.

        Args:
            X: The training matrix, or entries of new items, shape (items, rows).
            Y: The same; None for the matrix of X with itself, which only training rows have.
            eval_gradient: Whether the gradient by the parameters, of which there are none, is
                returned too.

        Raises:
            ValueError: When entries are asked for that nobody has measured.

        """
        if Y is None:
            if X.shape[0] != X.shape[1]:
                raise ValueError("entries among new items are not measured: no covariance of them")
            self._train = X
            entries = np.array(X)
            return (entries, np.empty((*X.shape, 0))) if eval_gradient else entries
        if self._is_train(Y):
            return np.array(X)
        if self._is_train(X):
            return np.array(Y.T)
        raise ValueError("neither side is the training matrix")

    def diag(self, X: Array) -> Array:
        """Return each row's entry with itself, shape (rows,).

        That of a new item is not measured: the mean of the training rows' stands for it, which is
        1 for a kernel without noise.
        """
        if self._train is None:
            raise ValueError("the kernel has seen no training matrix")
        own = np.array(np.diag(self._train))
        return own if self._is_train(X) else np.full(len(X), own.mean())

    def is_stationary(self) -> bool:
        """Return that it need not be a function of a difference."""
        return False

    def _is_train(self, values: Array) -> bool:
        return values is self._train or (
            self._train is not None and np.array_equal(values, self._train)
        )
