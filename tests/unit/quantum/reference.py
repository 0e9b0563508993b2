"""The circuits again, from plain matrices: no SDK, no shared code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qgate.charter.arm_spec import Layer

Complex = npt.NDArray[np.complex128]
Array = npt.NDArray[np.float64]

X = np.array([[0, 1], [1, 0]], dtype=np.complex128)
Y = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
Z = np.array([[1, 0], [0, -1]], dtype=np.complex128)
H = (X + Z) / np.sqrt(2)
PAULI = {"rx": X, "ry": Y, "rz": Z}
PAIRS = {
    (3, "linear"): [(0, 1), (1, 2)],
    (3, "ring"): [(0, 1), (1, 2), (2, 0)],
    (3, "full"): [(0, 1), (0, 2), (1, 2)],
    (2, "ring"): [(0, 1)],
}


def on(qubit: int, gate: Complex, qubits: int) -> Complex:
    """Return the gate on one qubit; qubit 0 is the left factor, against Qiskit's habit."""
    whole: Complex = np.eye(1, dtype=np.complex128)
    for q in range(qubits):
        factor = gate if q == qubit else np.eye(2)
        whole = np.asarray(np.kron(whole, factor), dtype=np.complex128)
    return whole


def rotation(generator: Complex, angle: float) -> Complex:
    """Return exp(-i angle generator / 2) of a matrix that squares to one."""
    identity = np.eye(len(generator))
    return np.asarray(np.cos(angle / 2) * identity - 1j * np.sin(angle / 2) * generator)


def layer_unitary(layer: Layer, x: Array) -> Complex:
    n = len(x)
    unitary = np.eye(2**n, dtype=np.complex128)
    if layer.kind == "hadamard":
        for q in range(n):
            unitary = on(q, H, n) @ unitary
    elif layer.kind == "angle":
        for q in range(n):
            unitary = rotation(on(q, PAULI[str(layer.gate)], n), layer.scale * x[q]) @ unitary
    else:
        for i, j in PAIRS[n, layer.pairs or "linear"]:
            unitary = _pair(layer, i, j, x) @ unitary
    return unitary


def _pair(layer: Layer, i: int, j: int, x: Array) -> Complex:
    n = len(x)
    if layer.kind == "zz":
        return rotation(on(i, Z, n) @ on(j, Z, n), layer.scale * x[i] * x[j])
    flip = X if layer.gate == "cx" else Z
    zero, one = np.diag([1.0 + 0j, 0]), np.diag([0j, 1.0])
    return on(i, zero, n) + on(i, one, n) @ on(j, flip, n)


def states(layers: Sequence[Layer], repeat: int, data: Array) -> Complex:
    """Return the state of each row, shape (rows, 2^qubits)."""
    found = []
    for x in data:
        state = np.zeros(2 ** len(x), dtype=np.complex128)
        state[0] = 1
        for layer in [*layers] * repeat:
            state = layer_unitary(layer, x) @ state
        found.append(state)
    return np.asarray(found)


def kernel(layers: Sequence[Layer], repeat: int, data: Array) -> Array:
    """Return |<x|y>|^2 of all pairs of rows."""
    found = states(layers, repeat, data)
    return np.asarray(np.abs(found.conj() @ found.T) ** 2)
