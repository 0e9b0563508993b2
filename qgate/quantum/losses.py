"""Losses of expectations of Z, with gradients, and what a trained one predicts.

Each has a few parameters of its own, its head, which are trained with the circuit's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Cost(NamedTuple):
    """Of rows: each one's loss, and its gradients."""

    values: Array
    """Shape (rows,)."""
    by_z: Array
    """By the expectations, shape (rows, read)."""
    by_head: Array
    """By the head, shape (rows, head)."""


class Loss(Protocol):
    """A loss of each row, and the head that it is seen through."""

    @property
    def start(self) -> Array:
        """Return the head that training starts from."""
        ...

    def cost(self, z: Array, y: Array, head: Array) -> Cost:
        """Return losses and gradients for expectations (rows, read) and targets (rows,)."""
        ...

    def output(self, z: Array, head: Array) -> Array:
        """Return what is predicted from: a number a row, or one a class: (rows,) or (rows, k)."""
        ...


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """Of the logit a * (mean of Z) + b; targets are 0 and 1."""

    start = np.array([1.0, 0.0])

    def cost(self, z: Array, y: Array, head: Array) -> Cost:
        """Return log(1 + exp(logit)) - y * logit of each row, and its gradients."""
        logit = self.output(z, head)
        values = np.logaddexp(0.0, logit) - y * logit
        return _of_mean(z, head, values, 0.5 * (1.0 + np.tanh(0.5 * logit)) - y)

    def output(self, z: Array, head: Array) -> Array:
        """Return the logit of the class coded 1."""
        return np.asarray(head[0] * z.mean(axis=1) + head[1])


@dataclass(frozen=True)
class Squared:
    """(a * (mean of Z) + b - target)^2; targets are numbers, or -1 and 1."""

    start = np.array([1.0, 0.0])

    def cost(self, z: Array, y: Array, head: Array) -> Cost:
        """Return squared errors and their gradients."""
        error = self.output(z, head) - y
        return _of_mean(z, head, error**2, 2.0 * error)

    def output(self, z: Array, head: Array) -> Array:
        """Return the predicted number."""
        return np.asarray(head[0] * z.mean(axis=1) + head[1])


def _of_mean(z: Array, head: Array, values: Array, slope: Array) -> Cost:
    """Return a cost whose slope by a * (mean of Z) + b is known."""
    by_z = np.repeat((slope * head[0] / z.shape[1])[:, None], z.shape[1], axis=1)
    return Cost(values, by_z, np.column_stack([slope * z.mean(axis=1), slope]))


@dataclass(frozen=True)
class CrossEntropy:
    """Of the softmax of a_k Z_k + b_k, one qubit a class; targets are class codes."""

    classes: int

    @property
    def start(self) -> Array:
        """Return a_k = 1 and b_k = 0."""
        return np.concatenate([np.ones(self.classes), np.zeros(self.classes)])

    def cost(self, z: Array, y: Array, head: Array) -> Cost:
        """Return -log of the chance of the row's class, and its gradients."""
        logits = self.output(z, head)
        rows, codes = np.arange(len(y)), y.astype(np.int64)
        logits = logits - logits.max(axis=1, keepdims=True)
        total = np.exp(logits).sum(axis=1)
        slope = np.exp(logits) / total[:, None]
        slope[rows, codes] -= 1.0
        values = np.log(total) - logits[rows, codes]
        return Cost(values, slope * head[: self.classes], np.hstack([slope * z, slope]))

    def output(self, z: Array, head: Array) -> Array:
        """Return the logit of each class, shape (rows, classes)."""
        return np.asarray(z * head[: self.classes] + head[self.classes :])


@dataclass(frozen=True)
class WeightedFidelity:
    """Weighted distances of the fidelities with 0 and with 1 of each qubit from the row's class.

    1/2 sum over qubits j of (alpha0_j F0_j - (1 - y))^2 + (alpha1_j F1_j - y)^2, where
    F1 = (1 + <Z>)/2, F0 = (1 - <Z>)/2 and y is 0 or 1 (Perez-Salinas et al. 2020, eqn 23).
    """

    read: int

    @property
    def start(self) -> Array:
        """Return weights alpha of 1: alpha0 of each qubit, then alpha1."""
        return np.ones(2 * self.read)

    def cost(self, z: Array, y: Array, head: Array) -> Cost:
        """Return weighted distances and their gradients."""
        zero, one = (1.0 - z) / 2, (1.0 + z) / 2
        off = head[: self.read] * zero - (1.0 - y)[:, None]
        on = head[self.read :] * one - y[:, None]
        by_z = 0.5 * (on * head[self.read :] - off * head[: self.read])
        return Cost(0.5 * np.sum(off**2 + on**2, axis=1), by_z, np.hstack([off * zero, on * one]))

    def output(self, z: Array, head: Array) -> Array:
        """Return the mean of Z, which is above 0 where F1 is on average the larger one."""
        del head
        return np.asarray(z.mean(axis=1))
