"""Finding the weights of a circuit: Adam on gradients, or SPSA on values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from qgate.charter.arm_spec import Training
from qgate.quantum.losses import Array, Loss

Rows = npt.NDArray[np.int64]
Slopes = Callable[[Array, slice], Array]

_MEANS, _SQUARES, _TINY = 0.9, 0.999, 1e-8
"""Of Adam: decay of both averages, and what keeps a quotient finite (Kingma and Ba 2015)."""
_STEP_DECAY, _WIDTH_DECAY = 0.602, 0.101
"""Exponents of SPSA's gains (Spall 1998)."""
_WIDTH = 0.1
"""Radians that SPSA first turns every weight by, to either side."""
_STABILITY = 0.1
"""SPSA's A, as a share of all steps (Spall 1998)."""
TRIED = 10
"""Pairs of values from which SPSA's first step is scaled."""


class Circuit(Protocol):
    """A circuit whose expectations depend on training rows and on weights."""

    def expectations(self, rows: Rows, weights: Array) -> Array:
        """Return what is read of some training rows, shape (rows, read)."""
        ...

    def gradient(self, rows: Rows, weights: Array, slopes: Slopes) -> tuple[Array, Array]:
        """Return the same, and the gradient by weights of a sum over rows.

        Args:
            rows: Training rows; one may stand there several times.
            weights: Shape (weights,).
            slopes: Expectations (some rows, read), and which of the rows they are, to the gradient
                of each row's summand by them.

        """
        ...


@dataclass(frozen=True)
class Trained:
    """What training found."""

    weights: Array
    head: Array
    losses: Array
    """Of each step's rows, before the step."""
    rows: int
    """Rows of all steps."""

    @property
    def steps(self) -> int:
        """Return how many steps were taken."""
        return len(self.losses)


@dataclass
class Adam:
    """Steps along decaying averages of the gradient, each scaled by its size so far.

    Kingma and Ba (2015), algorithm 1.
    """

    rate: float
    mean: Array | float = 0.0
    square: Array | float = 0.0
    steps: int = 0

    def step(self, gradient: Array) -> Array:
        """Return what to add to the parameters."""
        self.steps += 1
        self.mean = _MEANS * self.mean + (1 - _MEANS) * gradient
        self.square = _SQUARES * self.square + (1 - _SQUARES) * gradient**2
        mean = self.mean / (1 - _MEANS**self.steps)
        square = self.square / (1 - _SQUARES**self.steps)
        return np.asarray(-self.rate * mean / (np.sqrt(square) + _TINY))


def settled(losses: Array, window: int | None) -> bool:
    """Return whether training is at rest: the last two windows of losses have one mean.

    |difference of means| <= (standard deviation of the last window) / (2 sqrt(window)), looked at
    after more than two windows (Bowles, Ahmed, Schuld 2024).
    """
    if window is None or len(losses) <= 2 * window:
        return False
    last, before = losses[-window:], losses[-2 * window : -window]
    return bool(abs(last.mean() - before.mean()) <= last.std() / np.sqrt(window) / 2)


def train(
    circuit: Circuit,
    loss: Loss,
    targets: Array,
    training: Training,
    start: Array,
    rng: np.random.Generator,
) -> Trained:
    """Return trained weights.

    Args:
        circuit: With its training rows.
        loss: Of a row.
        targets: Of the training rows, as the loss takes them, shape (rows,).
        training: How.
        start: Weights to start from.
        rng: What batches, and SPSA's directions, are drawn from.

    """
    task = _Task(circuit, loss, targets, training, rng)
    find = _by_spsa if training.gradient == "spsa" else _by_adam
    return find(task, np.concatenate([start, loss.start]), len(start))


@dataclass(frozen=True)
class _Task:
    circuit: Circuit
    loss: Loss
    targets: Array
    training: Training
    rng: np.random.Generator

    def batch(self) -> Rows:
        """Return the rows of a step: all, or some drawn with replacement."""
        if self.training.batch is None:
            return np.arange(len(self.targets))
        return self.rng.integers(len(self.targets), size=self.training.batch)


def _by_adam(task: _Task, point: Array, weights: int) -> Trained:
    adam, rows_run = Adam(task.training.learning_rate), 0
    losses: Array = np.empty(task.training.steps)
    for step in range(task.training.steps):
        rows = task.batch()
        rows_run += len(rows)
        losses[step], gradient = _slope(task, rows, point[:weights], point[weights:])
        point = point + adam.step(gradient)
        if settled(losses[: step + 1], task.training.patience):
            losses = losses[: step + 1]
            break
    return Trained(point[:weights], point[weights:], losses, rows_run)


def _slope(task: _Task, rows: Rows, weights: Array, head: Array) -> tuple[float, Array]:
    """Return the mean loss of some rows, and its gradient by weights and head."""
    targets = task.targets[rows]

    def slopes(z: Array, part: slice) -> Array:
        return task.loss.cost(z, targets[part], head).by_z / len(rows)

    z, by_weights = task.circuit.gradient(rows, weights, slopes)
    cost = task.loss.cost(z, targets, head)
    return float(cost.values.mean()), np.concatenate([by_weights, cost.by_head.mean(axis=0)])


def _by_spsa(task: _Task, point: Array, weights: int) -> Trained:
    """Step along random directions by the difference of two values (Spall 1998).

    Gains a / (k + 1 + A)^.602 and c / (k + 1)^.101; `a` makes the first steps of each parameter as
    long as the learning rate, by the mean of a few differences at the start.
    """
    rows_run = 0

    def pair(width: float) -> tuple[float, Array, float]:
        """Return a mean loss, a direction and the slope along it."""
        nonlocal rows_run
        rows = task.batch()
        rows_run += 2 * len(rows)
        direction = np.asarray(2.0 * task.rng.integers(2, size=len(point)) - 1.0, dtype=np.float64)
        ends = [
            _value(task, rows, point + side * width * direction, weights) for side in (1.0, -1.0)
        ]
        return sum(ends) / 2, direction, (ends[0] - ends[1]) / (2 * width)

    steps = task.training.steps
    late = _STABILITY * steps
    typical = float(np.mean([abs(pair(_WIDTH)[2]) for _ in range(TRIED)])) or 1.0
    first = task.training.learning_rate * (late + 1) ** _STEP_DECAY / typical
    losses: Array = np.empty(steps)
    for step in range(steps):
        losses[step], direction, slope = pair(float(_WIDTH / (step + 1) ** _WIDTH_DECAY))
        length = float(first / (step + 1 + late) ** _STEP_DECAY * slope)
        point = point - length * direction
        if settled(losses[: step + 1], task.training.patience):
            losses = losses[: step + 1]
            break
    return Trained(point[:weights], point[weights:], losses, rows_run)


def _value(task: _Task, rows: Rows, point: Array, weights: int) -> float:
    z = task.circuit.expectations(rows, point[:weights])
    return float(task.loss.cost(z, task.targets[rows], point[weights:]).values.mean())
