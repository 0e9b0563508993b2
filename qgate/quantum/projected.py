"""What each qubit alone tells of a row, and a Gaussian kernel of it (Huang et al. 2021).

The state of qubit k of row x, with every other qubit ignored, is a density matrix rho_k(x), which
is a point r_k(x) in the Bloch ball: rho = (1 + r . sigma) / 2. The projected kernel is

    k(x, y) = exp(-gamma sum_k |rho_k(x) - rho_k(y)|_F^2),

where |.|_F^2 of a difference of two such matrices is half the squared distance of the points. By
default gamma = 1 / (qubits * V), V being the mean over qubits of the variance of rho_k over the
training rows: the mean of |rho_k(x) - mean rho_k|_F^2, divided by the rows. Two training rows drawn
at random are then on average at an exponent of -2.

On a device a row takes three circuits, in which all qubits are read in the X, in the Y and in the Z
basis. Qubits of one shot are correlated, so joint outcomes are drawn, not each qubit for itself.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from qgate.charter.charter import Shots
from qgate.quantum.engine import Array, Numbers, evolve, zero_state
from qgate.quantum.estimate import DIGITS, rounded
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.program import Compiled, compile_states

BASES = ("x", "y", "z")
"""In which all qubits are read, one circuit each; also the coordinates of a Bloch vector."""
_BLOCK_BYTES = 32 * 1024**2
"""Of what is made of some rows at a time and not kept."""
_ROOT = np.sqrt(0.5)
_TURNS = {
    "x": np.array([[_ROOT, _ROOT], [_ROOT, -_ROOT]]),
    "y": np.array([[_ROOT, -1j * _ROOT], [_ROOT, 1j * _ROOT]]),
}
"""What takes a basis to that of 0 and 1: H, and H after the inverse of S."""


@dataclass(frozen=True)
class Readings:
    """What would be read of some rows, in all three bases."""

    bloch: Array
    """What infinitely many shots give: shape (rows, qubits, 3), each from -1 to 1."""
    mixed: Array
    """The same of the fully mixed state, shape (qubits, 3): 0 where readout is unbiased."""
    outcomes: Array | None
    """Chance of each joint outcome, shape (rows, 3, 2^qubits); None where no shots are drawn."""
    mixed_outcomes: Array
    """The same of the fully mixed state, shape (3, 2^qubits)."""
    signs: Array
    """1 where a qubit reads 0 in an outcome, else -1: shape (2^qubits, qubits)."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.bloch)

    def measured(self, shots: Shots, rng: np.random.Generator) -> Array:
        """Return Bloch vectors from so many shots of each circuit, shape (rows, qubits, 3).

        Multinomial over the joint outcomes of each row and basis, row by row, so that how many
        rows are drawn at a time changes nothing.
        """
        if shots is None:
            return self.bloch
        if self.outcomes is None:
            raise ValueError("prepared for exact probabilities: there are no outcomes to draw")
        found = np.empty(self.bloch.shape)
        for rows in _blocks(len(self), 16 * self.outcomes[:1].size):
            chances = self.outcomes[rows]
            chances = chances / chances.sum(axis=-1, keepdims=True)
            counts = rng.multinomial(shots, chances)
            found[rows] = np.swapaxes(counts @ self.signs, 1, 2) / shots
        return found

    def part(self, rows: slice) -> Readings:
        """Return those of some of the rows."""
        outcomes = None if self.outcomes is None else self.outcomes[rows]
        return replace(self, bloch=self.bloch[rows], outcomes=outcomes)

    def depolarised(self, strength: float) -> Readings:
        """Return the same behind a global depolarising channel before the readout."""
        bloch = np.round((1 - strength) * self.bloch + strength * self.mixed, DIGITS)
        if self.outcomes is None:
            return replace(self, bloch=bloch)
        outcomes = (1 - strength) * self.outcomes + strength * self.mixed_outcomes
        return replace(self, bloch=bloch, outcomes=rounded(outcomes))


class Rows(Protocol):
    """What prepares rows, each once."""

    @property
    def row_bytes(self) -> int:
        """Return what a prepared row takes in memory, bytes."""
        ...

    @property
    def block_bytes(self) -> int:
        """Return what is in memory besides while rows are prepared, bytes."""
        ...

    def read(self, X: Array) -> Readings:
        """Return what would be read of rows, X of shape (rows, features)."""
        ...


class StateRows:
    """Rows prepared and read without noise, by state vectors."""

    def __init__(self, feature_map: FeatureMap, *, sampled: bool) -> None:
        """Take the feature map, which is compiled once, and whether shots will be drawn."""
        self._map, self._sampled = feature_map, sampled

    @functools.cached_property
    def _compiled(self) -> Compiled:
        return compile_states(self._map.circuit, self._map.parameters)

    @property
    def row_bytes(self) -> int:
        """Return the bytes of a row's Bloch vectors, and of its outcomes."""
        return kept_bytes(self._map.qubits, sampled=self._sampled)

    @property
    def block_bytes(self) -> int:
        """Return the bytes of a block's states, three copies at the peak."""
        return 3 * max(_BLOCK_BYTES, int(16 * 2**self._map.qubits))

    def read(self, X: Array) -> Readings:
        """Return Bloch vectors of each row, and the chance of each outcome where asked for."""
        qubits = self._map.qubits
        angles, start = self._compiled.angles(self._map.angles(X)), zero_state(qubits)
        bloch = np.empty((len(X), qubits, 3))
        outcomes = np.empty((len(X), 3, 2**qubits)) if self._sampled else None
        for rows in _blocks(len(X), start.nbytes):
            states = evolve(self._compiled.program, angles[rows], start)
            bloch[rows] = np.round(bloch_vectors(states), DIGITS)
            if outcomes is not None:
                for place, basis in enumerate(BASES):
                    outcomes[rows, place] = rounded(np.abs(_turned(states, basis)) ** 2)
        flat = np.full((3, 2**qubits), 0.5**qubits)
        return Readings(bloch, np.zeros((qubits, 3)), outcomes, flat, signs(qubits))


def bloch_vectors(states: Numbers) -> Array:
    """Return the expectations of X, Y and Z of each qubit, shape (rows, qubits, 3).

    Args:
        states: Amplitudes, shape (rows, 2^qubits), qubit 0 the fastest.

    """
    rows, qubits = len(states), states.shape[1].bit_length() - 1
    found = np.empty((rows, qubits, 3))
    for qubit in range(qubits):
        halves = states.reshape(rows, -1, 2, 2**qubit)
        zero, one = halves[:, :, 0].reshape(rows, -1), halves[:, :, 1].reshape(rows, -1)
        coherence = 2 * np.sum(zero.conj() * one, axis=1)
        found[:, qubit, 0], found[:, qubit, 1] = coherence.real, coherence.imag
        weights = [np.sum(np.abs(part) ** 2, axis=1) for part in (zero, one)]
        found[:, qubit, 2] = weights[0] - weights[1]
    return found


def default_gamma(bloch: Array) -> float:
    """Return 1 / (qubits * mean variance of the reduced density matrices), see the module.

    Args:
        bloch: Of the training rows, shape (rows, qubits, 3).

    Raises:
        ValueError: When all rows are alike.

    """
    total = 0.5 * float(np.sum(np.var(bloch, axis=0)))  # over the qubits: qubits * their mean
    if total < 10.0**-DIGITS:
        raise ValueError("no qubit differs from row to row: there is no scale to set gamma by")
    return 1 / total


def projected_kernel(first: Array, second: Array, gamma: float) -> Array:
    """Return the projected kernel of all pairs of rows, shape (first, second), from 0 to 1.

    Args:
        first: Bloch vectors, shape (rows, qubits, 3).
        second: The same of other rows.
        gamma: See the module.

    """
    from scipy.spatial.distance import cdist  # each pair by itself: blocks of rows change no bit

    flat = (part.reshape(len(part), -1) for part in (first, second))
    squared = cdist(*flat, "sqeuclidean")
    return np.asarray(np.round(np.exp(-0.5 * gamma * squared), DIGITS))


def signs(qubits: int) -> Array:
    """Return 1 where a qubit is 0 in an outcome and -1 where it is 1: (2^qubits, qubits)."""
    bits = (np.arange(2**qubits)[:, None] >> np.arange(qubits)) & 1
    return np.asarray(1.0 - 2.0 * bits)


def kept_bytes(qubits: int, *, sampled: bool) -> int:
    """Return what the readings of a row take, bytes."""
    return int(8 * 3 * (qubits + (2**qubits if sampled else 0)))


def _turned(states: Numbers, basis: str) -> Numbers:
    """Return amplitudes after the turn that takes a basis to that of 0 and 1, on every qubit."""
    if basis == "z":
        return states
    turn, rows = _TURNS[basis], len(states)
    for qubit in range(states.shape[1].bit_length() - 1):
        view = states.reshape(rows, -1, 2, 2**qubit)
        states = np.matmul(turn, view).reshape(rows, -1)
    return states


def _blocks(rows: int, row_bytes: int) -> Iterator[slice]:
    size = max(1, _BLOCK_BYTES // row_bytes)
    return (slice(first, first + size) for first in range(0, rows, size))
