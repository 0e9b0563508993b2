"""How flat a circuit's cost is where training starts: the variance of a gradient (McClean 2018)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from qgate.quantum.engine import Array
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.gradient import Differentiable
from qgate.quantum.losses import Loss
from qgate.quantum.program import compile_states
from qgate.quantum.readout import Readout
from qgate.quantum.training import Circuit

Cost = Literal["global", "local", "read"]


def loss_variances(circuit: Circuit, loss: Loss, targets: Array, starts: Array) -> Array:
    """Return the variance of dL/dw over starts, of each weight w: shape (weights,).

    Args:
        circuit: With training rows.
        loss: L is its mean over these rows, with the head that training starts from.
        targets: Of the rows, as the loss takes them, shape (rows,).
        starts: At least 2, shape (starts, weights).

    """
    rows, head = np.arange(len(targets)), loss.start

    def slopes(z: Array, part: slice) -> Array:
        return loss.cost(z, targets[part], head).by_z / len(rows)

    found = [circuit.gradient(rows, weights, slopes)[1] for weights in starts]
    return np.asarray(np.var(found, axis=0, ddof=1))


class Plateau:
    """The gradients of a circuit with trained weights, without noise, at random starts.

    On a barren plateau their variance falls exponentially with the qubits: of a global cost on
    circuits of any depth, of a local one on deep circuits only (McClean et al. 2018; Cerezo et al.
    2021).
    """

    def __init__(self, feature_map: FeatureMap, read: tuple[int, ...]) -> None:
        """Compile the circuit once.

        Args:
            feature_map: With trained weights.
            read: The qubits whose Z the model is read from.

        """
        self._map, self._read = feature_map, read
        self._compiled = compile_states(feature_map.circuit, feature_map.parameters, fuse=False)

    def variances(
        self,
        X: Array,
        rng: np.random.Generator,
        *,
        cost: Cost = "read",
        starts: int = 1000,
        between: tuple[float, float] = (-np.pi, np.pi),
    ) -> Array:
        """Return the variance of dC/dw over random starts, of each weight w: shape (weights,).

        A weight that no cost depends on, as of RZ on a qubit in 0, has 0: a plateau is where the
        largest is small.

        Args:
            X: Rows of features, of which each start takes one, drawn evenly; (rows, features).
            rng: What starts and rows are drawn from.
            cost: `global`: 1 - |<0...0|psi>|^2. `local`: 1 less the mean chance of 0 of all qubits
                (both Cerezo et al. 2021). `read`: the mean of Z of the qubits that are read.
            starts: How many, at least 2.
            between: Where angles start.

        """
        return np.asarray(np.var(self.gradients(X, rng, cost, starts, between), axis=0, ddof=1))

    def gradients(
        self,
        X: Array,
        rng: np.random.Generator,
        cost: Cost,
        starts: int,
        between: tuple[float, float],
    ) -> Array:
        """Return dC/dw at each start, shape (starts, weights); arguments as of `variances`."""
        weights = self._map.weights
        data = self._map.data(X)[rng.integers(len(X), size=starts)]
        drawn = [weights.start(between, rng, all_=False) for _ in range(starts)]
        angles = np.vstack(
            [weights.values(row[None], own) for row, own in zip(data, drawn, strict=True)]
        )
        every = np.ones(len(self._map.parameters), dtype=bool)  # each start is a row of its own
        start = Readout(self._map.qubits, ()).start
        program = Differentiable(self._compiled, every, start, self._observable(cost))
        _, by_parameter = program.gradient(angles, lambda z, _: np.ones_like(z))
        found = np.empty((starts, weights.count))
        found[:, weights.offsets] = by_parameter[:, weights.shifted]
        found[:, weights.scales] = by_parameter[:, weights.scaled] * data[:, weights.scaled]
        return found

    def _observable(self, cost: Cost) -> Array:
        """Return the cost of each basis state, up to a constant, shape (1, 2^qubits)."""
        if cost == "global":
            zeros = np.zeros((1, 2**self._map.qubits))
            zeros[0, 0] = -1.0
            return zeros
        read = self._read if cost == "read" else tuple(range(self._map.qubits))
        mean = Readout(self._map.qubits, read).observables.mean(axis=0, keepdims=True)
        return np.asarray(mean if cost == "read" else -mean / 2)
