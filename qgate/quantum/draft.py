"""A circuit under construction: gates, and what its open angles are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qgate.quantum.weights import Group, Weights

Array = npt.NDArray[np.float64]
Angles = Callable[[Array], Array]
"""Rows of shape (rows, features) to radians of shape (rows, parameters)."""


class Draft:
    """What layers append their gates to."""

    def __init__(self, qubits: int, features: int, *, trained: bool = False) -> None:
        """Start with an empty circuit.

        Args:
            qubits: Of the circuit.
            features: Columns of the data.
            trained: Whether weights that a layer does not state are trained.

        """
        self.circuit = QuantumCircuit(qubits)
        self.qubits, self.features, self.trained = qubits, features, trained
        self.round = 0
        """The repetition of the layers that is under construction."""
        self.parameters: list[Parameter] = []
        self._angles: list[Angles] = []
        self._groups: list[Group] = []

    def open(
        self,
        count: int,
        angles: Angles,
        *,
        scale: float | None = None,
        offset: Array | None = None,
        trained: bool = False,
    ) -> list[Parameter]:
        """Return so many fresh parameters, whose values a function of the data gives.

        Args:
            count: How many.
            angles: The data's part of their values.
            scale: Where a trained factor of each starts that the data's part is multiplied by;
                None for none.
            offset: What is added to each, fixed; shape (count,).
            trained: Whether a trained weight of its own is added to each.

        """
        return self._opened(angles, Group(count, True, scale, offset, trained))

    def train(self, count: int) -> list[Parameter]:
        """Return so many fresh parameters, each a trained weight."""
        none = Group(count, data=False, trained=True)
        return self._opened(lambda X: np.zeros((len(X), count)), none)

    def _opened(self, angles: Angles, group: Group) -> list[Parameter]:
        first = len(self.parameters)
        found = [Parameter(f"a{first + place}") for place in range(group.count)]
        self.parameters += found
        self._angles.append(angles)
        self._groups.append(group)
        return found

    @property
    def weights(self) -> Weights:
        """Return how trained weights enter the values of the parameters."""
        return Weights.of(self._groups)

    def angles(self, X: Array) -> Array:
        """Return the data's part of all parameters, shape (rows, parameters), radians."""
        return np.hstack([np.empty((len(X), 0)), *(angles(X) for angles in self._angles)])
