"""A fidelity kernel behind a device's noise, from n states and n effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qgate.quantum.device import Device
from qgate.quantum.engine import Array, evolve, product
from qgate.quantum.estimate import Frequency, rounded
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import PAIR
from qgate.quantum.noise import gate_noise, readout
from qgate.quantum.program import compile_channels
from qgate.quantum.template import Template

_ZERO = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
"""Pauli coefficients of |0><0|."""


class DeviceKernel:
    """Density matrices forward through U(x), effects backward through the adjoint of U(y).

    The chance of all zeros is Tr[E_y rho_x], one product for all pairs, exact for noise that acts
    on a gate's own qubits and has no memory. K(x, y) and K(y, x) differ: of two
    training rows the earlier one is prepared first, of a new row and a training row the new one.
    """

    unit_diagonal = False
    pair_bytes = PAIR

    def __init__(self, feature_map: FeatureMap, device: Device, template: Template) -> None:
        """Compile both halves with the noise of each gate.

        Args:
            feature_map: What turns rows into angles.
            device: With exactly the template's qubits.
            template: The pair circuit on them.

        """
        noise = gate_noise(device)
        self._map = feature_map
        self._first = compile_channels(template.first, template.x, noise)
        self._second = compile_channels(template.second, template.y, noise).adjoint
        self._readout = readout(device)

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a row's Pauli coefficients, and of a copy."""
        return int(2 * 8 * 4**self._map.qubits)

    @property
    def mixed(self) -> Array:
        """Return the chance of reading each outcome of the fully mixed state."""
        return product(list(self._readout.mean(axis=1)))

    def first(self, X: Array) -> Array:
        """Return each row's state before the barrier: Pauli coefficients (rows, 4^qubits)."""
        start = product([_ZERO] * self._map.qubits)
        return evolve(self._first.program, self._first.angles(self._map.angles(X)), start)

    def second(self, X: Array, outcome: int = 0) -> Array:
        """Return the effect at the barrier of reading an outcome: shape (rows, 4^qubits)."""
        bits = [(outcome >> qubit) & 1 for qubit in range(self._map.qubits)]
        return self._effects(
            X, [chances[:, bit] for chances, bit in zip(self._readout, bits, strict=True)]
        )

    def perfect(self, X: Array) -> Array:
        """Return the effect of all zeros with perfect readout."""
        return self._effects(X, [np.array([1.0, 0.0])] * self._map.qubits)

    def _effects(self, X: Array, read: Sequence[Array]) -> Array:
        """Return effects that start from the chances to read so, prepared 0 or 1, of each qubit."""
        start = product([np.array([c[0] + c[1], 0.0, 0.0, c[0] - c[1]]) / np.sqrt(2) for c in read])
        return evolve(self._second.program, self._second.angles(self._map.angles(X)), start)

    def estimate(self, first: Array, second: Array) -> Frequency:
        """Return the chance of all zeros of every pair."""
        return Frequency(rounded(first @ second.T), mixed=float(self.mixed[0]))
