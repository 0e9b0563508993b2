"""The rows of a projected kernel behind a device's noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qiskit import QuantumCircuit

from qgate.quantum.device import Device
from qgate.quantum.engine import Array, evolve, product
from qgate.quantum.estimate import DIGITS, rounded
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.layout import LaidOut
from qgate.quantum.noise import Channels, gate_noise, readout
from qgate.quantum.program import compile_channels
from qgate.quantum.projected import Readings, kept_bytes, signs

_ZERO = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
"""Pauli coefficients of |0><0|."""
_BLOCK_BYTES = 64 * 1024**2


class DeviceRows:
    """Density matrices through U(x) behind the noise of each gate, then noisy turns and readout.

    Exact for noise that acts on a gate's own qubits and has no memory, as in DeviceKernel. Turns
    are of one-qubit gates, so each is folded into how its own qubit is read.
    """

    def __init__(
        self, feature_map: FeatureMap, device: Device, laid: LaidOut, *, sampled: bool
    ) -> None:
        """Compile the circuit with its noise.

        Args:
            feature_map: What turns rows into angles.
            device: With exactly the circuit's qubits.
            laid: The circuit on them.
            sampled: Whether shots will be drawn.

        """
        noise = gate_noise(device)
        self._map, self._sampled, self._ends = feature_map, sampled, list(laid.ends)
        self._compiled = compile_channels(laid.circuit, laid.parameters, noise)
        self._effects = np.array([_effects(turn, noise, readout(device)) for turn in laid.turns])

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a row's Bloch vectors, and of its outcomes."""
        return kept_bytes(self._map.qubits, sampled=self._sampled)

    @property
    def block_bytes(self) -> int:
        """Return the bytes of a block's Pauli coefficients, two copies at the peak."""
        return 2 * max(_BLOCK_BYTES, int(8 * 4**self._map.qubits))

    def states(self, X: Array) -> Array:
        """Return each row's state before the turns: Pauli coefficients (rows, 4^qubits)."""
        start = product([_ZERO] * self._map.qubits)
        return evolve(self._compiled.program, self._compiled.angles(self._map.angles(X)), start)

    def read(self, X: Array) -> Readings:
        """Return what would be read, of the circuit's own qubits in their order."""
        qubits = self._map.qubits
        bloch = np.empty((len(X), qubits, 3))
        outcomes = np.empty((len(X), 3, 2**qubits)) if self._sampled else None
        size = max(1, _BLOCK_BYTES // (8 * 4**qubits))
        for first in range(0, len(X), size):
            rows = slice(first, first + size)
            states = self.states(X[rows])
            bloch[rows] = np.round(self._bloch(states), DIGITS)
            if outcomes is not None:
                for place, effects in enumerate(self._effects):
                    outcomes[rows, place] = rounded(_chances(states, effects))
        mixed = np.zeros((1, 4**qubits))
        mixed[0, 0] = np.sqrt(0.5) ** qubits
        flat = np.vstack([_chances(mixed, effects) for effects in self._effects])
        own = signs(qubits)[:, self._ends]
        return Readings(bloch, self._bloch(mixed)[0], outcomes, flat, own)

    def _bloch(self, states: Array) -> Array:
        """Return chances to read 0 less those to read 1, shape (rows, qubits, 3)."""
        qubits = self._map.qubits
        left = np.stack([states[:, [a * 4**q for a in range(4)]] for q in range(qubits)], axis=1)
        weights = self._effects[:, :, 0] - self._effects[:, :, 1]  # (bases, qubits, 4)
        found = np.einsum("rqa,bqa->rqb", left * np.sqrt(2.0) ** (qubits - 1), weights)
        return np.asarray(found[:, self._ends])


def _effects(turned: QuantumCircuit, noise: Channels, read: Array) -> Array:
    """Return the effect of reading each bit of each qubit behind its turn: (qubits, 2, 4)."""
    return np.array(
        [[_effect(turned, qubit, noise, read[qubit][:, bit]) for bit in (0, 1)]
         for qubit in range(turned.num_qubits)]
    )  # fmt: skip


def _effect(turned: QuantumCircuit, qubit: int, noise: Channels, chances: Sequence[float]) -> Array:
    """Return a bit's effect in the Pauli basis, from its chances if 0 and if 1 is prepared."""
    alone, own = QuantumCircuit(1), Channels()
    for item in turned.data:
        if turned.find_bit(item.qubits[0]).index == qubit:
            alone.append(item.operation, (0,))
            name = item.operation.name
            if (name, (qubit,)) in noise:
                own[name, (0,)] = noise[name, (qubit,)]
    zero, one = chances
    start = np.array([zero + one, 0.0, 0.0, zero - one]) / np.sqrt(2)
    backward = compile_channels(alone, (), own).adjoint
    return np.asarray(evolve(backward.program, backward.angles(np.empty((1, 0))), start)[0])


def _chances(states: Array, effects: Array) -> Array:
    """Return the chance of each joint outcome of product effects, shape (rows, 2^qubits)."""
    rows, found = len(states), states
    for qubit, effect in enumerate(effects):
        found = np.matmul(effect, found.reshape(rows, -1, 4, 2**qubit)).reshape(rows, -1)
    return found
