"""The protocol of a fidelity kernel, and the one without noise."""

from __future__ import annotations

import functools
from typing import Any, Protocol

import numpy as np

from qgate.quantum.engine import Array, Numbers, evolve, zero_state
from qgate.quantum.estimate import Estimate, Frequency, rounded
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.program import Compiled, compile_states

_AMPLITUDE = 16
"""Bytes."""
PAIR = 48
"""Bytes of a fidelity at the peak: the product, its rounding, the result, a trial's copies."""
_BLOCK = 256
"""Rows of a matrix product, so that its complex overlaps stay small."""


class Kernel(Protocol):
    """The chance of all zeros after U(x) and the adjoint of U(y), for all pairs of rows.

    Each row is prepared once, as the first of a pair and as the second; pairs are one product.
    """

    @property
    def unit_diagonal(self) -> bool:
        """Return whether a row's fidelity with itself is 1 and need not be measured."""
        ...

    @property
    def row_bytes(self) -> int:
        """Return what a prepared row takes in memory at the peak, bytes."""
        ...

    @property
    def pair_bytes(self) -> int:
        """Return what a pair takes in memory at the peak, bytes."""
        ...

    def first(self, X: Array) -> Any:
        """Return what U(x) prepares of each row; X of shape (rows, features)."""
        ...

    def second(self, X: Array) -> Any:
        """Return what the adjoint of U(y) and the readout make of each row."""
        ...

    def estimate(self, first: Any, second: Any) -> Estimate:
        """Return the estimates of all pairs, shape (first, second)."""
        ...


class StateKernel:
    """State vectors: |<y|x>|^2, on a device without noise (Havlicek et al. 2019)."""

    unit_diagonal = True
    pair_bytes = PAIR

    def __init__(self, feature_map: FeatureMap) -> None:
        """Take the feature map; its circuit is compiled once, when the first row is prepared."""
        self._map = feature_map

    @functools.cached_property
    def _compiled(self) -> Compiled:
        return compile_states(self._map.circuit, self._map.parameters)

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a state and of its conjugate."""
        return int(2 * _AMPLITUDE * 2**self._map.qubits)

    def first(self, X: Array) -> Numbers:
        """Return the state U(x)|0> of each row up to a phase: shape (rows, 2^qubits)."""
        angles = self._compiled.angles(self._map.angles(X))
        return evolve(self._compiled.program, angles, zero_state(self._map.qubits))

    def second(self, X: Array) -> Numbers:
        """Return the same states."""
        return self.first(X)

    def estimate(self, first: Numbers, second: Numbers) -> Frequency:
        """Return fidelities of all pairs, block by block."""
        return Frequency(rounded(fidelities(first, second)), mixed=0.5**self._map.qubits)


def fidelities(first: Numbers, second: Numbers) -> Array:
    """Return |<x|y>|^2 of every pair of states, shape (first, second)."""
    found = np.empty((len(first), len(second)))
    for row in range(0, len(first), _BLOCK):
        overlaps = first[row : row + _BLOCK].conj() @ second.T
        found[row : row + _BLOCK] = overlaps.real**2 + overlaps.imag**2
    return found
