"""A circuit under construction: gates, and what its open angles are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

Array = npt.NDArray[np.float64]
Angles = Callable[[Array], Array]
"""Rows of shape (rows, features) to radians of shape (rows, parameters)."""


class Draft:
    """What layers append their gates to."""

    def __init__(self, qubits: int, features: int) -> None:
        """Start with an empty circuit."""
        self.circuit = QuantumCircuit(qubits)
        self.qubits, self.features = qubits, features
        self.parameters: list[Parameter] = []
        self._angles: list[Angles] = []

    def open(self, count: int, angles: Angles) -> list[Parameter]:
        """Return so many fresh parameters, whose values a function of the data gives."""
        first = len(self.parameters)
        found = [Parameter(f"a{first + place}") for place in range(count)]
        self.parameters += found
        self._angles.append(angles)
        return found

    def angles(self, X: Array) -> Array:
        """Return the values of all parameters, shape (rows, parameters), radians."""
        return np.hstack([np.empty((len(X), 0)), *(angles(X) for angles in self._angles)])
