"""Amplitude encoding: one circuit of RY and CX whose angles are functions of the row.

The amplitudes are real, so each qubit is turned by RY, uniformly controlled by those before it, and
such a rotation is a sequence of RY and CX in the order of a Gray code (Moettonen et al. 2005).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from qgate.charter.arm_spec import Layer
from qgate.errors import ExecutionError
from qgate.quantum.draft import Array, Draft


def amplitude(draft: Draft, layer: Layer) -> None:
    """Append what takes all zeros to the normalised row, signs and all, filled up with zeros."""
    qubits = draft.qubits
    for level in range(qubits):
        opened = draft.open(2**level, partial(_angles, layer.name, qubits, level))
        target = qubits - 1 - level
        for step, parameter in enumerate(opened):
            draft.circuit.ry(parameter, target)
            if level:
                draft.circuit.cx(target + 1 + _flipped(step, level), target)


def _angles(name: str, qubits: int, level: int, X: Array) -> Array:
    """Return the angles of one uniformly controlled rotation, shape (rows, 2^level).

    Raises:
        ExecutionError: When a row is all zeros.

    """
    largest = np.abs(X).max(axis=1, keepdims=True)
    if empty := int(np.count_nonzero(largest == 0)):
        raise ExecutionError(
            f"layer {name!r}: {empty} of {len(X)} rows are all zeros after preprocessing, which no "
            "amplitudes can stand for: drop such rows, or add a constant feature"
        )
    states = np.zeros((len(X), 2**qubits))
    states[:, : X.shape[1]] = X / largest
    halves = states.reshape(len(X), 2**level, 2, -1)
    last = halves.shape[-1] == 1  # the last qubit's angles carry the signs
    sides = halves[..., 0] if last else np.linalg.norm(halves, axis=-1)
    wanted = 2 * np.arctan2(sides[..., 1], sides[..., 0])
    return np.asarray(wanted @ _transform(level))


def _transform(level: int) -> Array:
    """Return the matrix from the angle for each state of the controls to those of the sequence."""
    states = np.arange(2**level)
    gray = states ^ (states >> 1)
    parity = np.bitwise_count(states[:, None] & gray[None, :]) % 2
    return np.asarray((1.0 - 2.0 * parity) / 2**level)


def _flipped(step: int, level: int) -> int:
    """Return which bit the Gray code flips after a step, the highest after the last."""
    after = step + 1
    return min((after & -after).bit_length() - 1, level - 1)
