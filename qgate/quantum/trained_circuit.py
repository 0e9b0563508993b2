"""A circuit with weights on the training rows: its expectations, and gradients by the weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from qgate.charter.charter import Shots
from qgate.quantum.engine import Array
from qgate.quantum.gradient import Differentiable, shifted
from qgate.quantum.readout import Readout, drawn
from qgate.quantum.training import Rows, Slopes
from qgate.quantum.weights import Weights

_KEPT = 256
"""Expectations that are kept of what was drawn first."""


@dataclass(frozen=True)
class ExactCircuit:
    """Without shots: gradients by the adjoint method."""

    program: Differentiable
    weights: Weights
    data: Array
    """The data's part of each training row's angles, shape (rows, parameters)."""

    def expectations(self, rows: Rows, weights: Array) -> Array:
        """Return what is expected of some training rows, shape (rows, read)."""
        return self.program.values(self.weights.values(self.data[rows], weights))

    def gradient(self, rows: Rows, weights: Array, slopes: Slopes) -> tuple[Array, Array]:
        """Return the same, and the gradient by weights."""
        data = self.data[rows]
        z, gradient = self.program.gradient(self.weights.values(data, weights), slopes)
        return z, self.weights.pull(data, gradient)


@dataclass
class MeasuredCircuit:
    """As a trial has it, with its noise and shots: gradients by parameter shifts.

    Each evaluation draws anew. A row takes one circuit for its expectations, and two more for each
    parameter that a weight stands in.
    """

    program: Differentiable
    readout: Readout
    weights: Weights
    data: Array
    shots: Shots
    rng: np.random.Generator
    circuits: int = 0
    """That were run so far."""
    first: list[Array] = field(default_factory=list)
    """What was drawn first."""

    def expectations(self, rows: Rows, weights: Array) -> Array:
        """Return what is read of some training rows, shape (rows, read)."""
        return self._read(self.weights.values(self.data[rows], weights))

    def _read(self, parameters: Array) -> Array:
        self.circuits += len(parameters)
        if self.shots is None:
            return self.program.values(parameters)
        found = drawn(self.readout.outcomes(self.program.states(parameters)), self.shots, self.rng)
        if sum(part.size for part in self.first) < _KEPT:
            self.first.append(found)
        return found

    def gradient(self, rows: Rows, weights: Array, slopes: Slopes) -> tuple[Array, Array]:
        """Return the same, and the gradient by weights."""
        data = self.data[rows]
        parameters = self.weights.values(data, weights)
        z = self._read(parameters)
        turned = self.weights.turned
        by_z = slopes(z, slice(0, len(rows)))
        gradient = np.zeros_like(parameters)
        for place, jacobian in shifted(self._read, parameters, turned):
            gradient[:, place] = np.sum(jacobian * by_z, axis=1)
        return z, self.weights.pull(data, gradient)
