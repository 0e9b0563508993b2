"""What is read of some qubits: the chances of joint outcomes, expectations of Z, and draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgate.quantum.engine import Array, Numbers, product
from qgate.quantum.estimate import DIGITS, rounded

_ZERO = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
"""Pauli coefficients of |0><0|."""


@dataclass(frozen=True)
class Readout:
    """Some of a circuit's qubits, read in the basis of 0 and 1."""

    qubits: int
    """Of the circuit."""
    read: tuple[int, ...]
    """Which are read; an outcome's lowest bit is of the first."""
    levels: int = 2
    """2 where states are amplitudes, 4 where they are Pauli coefficients."""
    errors: Array | None = None
    """Chance of each reading: (qubits, 2, 2), [qubit, prepared, read]; None for no error."""
    depolarised: float = 0.0
    """Strength of a global depolarising channel before the readout (modelled drift)."""

    @property
    def start(self) -> Numbers:
        """Return the state of all zeros, shape (levels^qubits,)."""
        if self.levels == 4:
            return product([_ZERO] * self.qubits)
        state = np.zeros(2**self.qubits, dtype=np.complex128)
        state[0] = 1.0
        return state

    @property
    def observables(self) -> Array:
        """Return what is expected of each qubit that is read, the chance of 0 less that of 1.

        Of each basis state's chance, or of each Pauli coefficient: (read, levels^qubits).
        """
        one = np.array([1.0, -1.0])
        found = np.array([self._tensor({qubit: one}) for qubit in self.read])
        mixed = np.outer(found @ self.mixed, self._tensor({}))
        return np.asarray((1 - self.depolarised) * found + self.depolarised * mixed)

    @property
    def mixed(self) -> Array:
        """Return the fully mixed state: its chances, or its Pauli coefficients."""
        if self.levels == 2:
            return np.full(2**self.qubits, 0.5**self.qubits)
        found = np.zeros(4**self.qubits)
        found[0] = np.sqrt(0.5) ** self.qubits
        return found

    def _tensor(self, wanted: dict[int, Array]) -> Array:
        """Return the tensor that takes a state to the sum of wanted values times their chances."""
        factors = [
            self._seen(qubit) @ wanted.get(qubit, np.ones(2)) for qubit in range(self.qubits)
        ]
        return product(factors)

    def _seen(self, qubit: int) -> Array:
        """Return the chance of each reading by what the qubit holds, shape (levels, 2)."""
        chances: Array = np.eye(2) if self.errors is None else self.errors[qubit]
        if self.levels == 2:
            return chances
        none = np.zeros(2)
        found = np.array([chances[0] + chances[1], none, none, chances[0] - chances[1]])
        return np.asarray(found / np.sqrt(2))

    def outcomes(self, states: Numbers) -> Array:
        """Return the chance of each joint outcome, to 12 digits: shape (rows, 2^read).

        Args:
            states: Amplitudes or Pauli coefficients, shape (rows, levels^qubits).

        """
        chances = self._chances(states.real**2 + states.imag**2 if self.levels == 2 else states)
        if self.depolarised:
            mixed = self._chances(self.mixed[None])
            chances = (1 - self.depolarised) * chances + self.depolarised * mixed
        return rounded(chances)

    def _chances(self, left: Array) -> Array:
        rows = len(left)
        for qubit in range(self.qubits):  # the fastest axis is read, and becomes the slowest
            seen = self._seen(qubit)
            if qubit not in self.read:
                seen = seen.sum(axis=1, keepdims=True)
            left = np.moveaxis(left.reshape(rows, -1, self.levels) @ seen, -1, 1)
            left = left.reshape(rows, -1)
        ordered = sorted(self.read)
        tensor = left.reshape(rows, *(2,) * len(ordered))
        places = [1 + len(ordered) - 1 - ordered.index(qubit) for qubit in reversed(self.read)]
        return np.asarray(tensor.transpose(0, *places).reshape(rows, -1))


def signs(read: int) -> Array:
    """Return 1 where an outcome's bit is 0, else -1: shape (2^read, read)."""
    bits = (np.arange(2**read)[:, None] >> np.arange(read)) & 1
    return np.asarray(1.0 - 2.0 * bits)


def expectations(outcomes: Array) -> Array:
    """Return the chance of 0 less that of 1 of each qubit read, to 12 digits: (rows, read)."""
    read = outcomes.shape[1].bit_length() - 1
    return np.round(outcomes @ signs(read), DIGITS)


def drawn(outcomes: Array, shots: int, rng: np.random.Generator) -> Array:
    """Return what so many shots of each row give for the same, shape (rows, read).

    All qubits are read in each shot, so their errors are as correlated as the state has them.
    """
    chances = outcomes / outcomes.sum(axis=1, keepdims=True)
    read = outcomes.shape[1].bit_length() - 1
    return np.asarray(rng.multinomial(shots, chances) @ signs(read) / shots)
