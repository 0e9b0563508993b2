"""Layers of one qubit a feature or three features a qubit, and those without data or weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qgate.charter.arm_spec import Layer
from qgate.quantum.ansatz import fixed_weights
from qgate.quantum.draft import Array, Draft
from qgate.quantum.layers import layer_blocks, layer_pairs, reps_of


def hadamard(draft: Draft, layer: Layer) -> None:
    """Append H to every qubit."""
    del layer
    draft.circuit.h(range(draft.qubits))


def rotation(draft: Draft, layer: Layer) -> None:
    """Append a rotation of every qubit by the layer's angle, or by a trained one of its own."""
    gate = getattr(draft.circuit, str(layer.gate))
    if "angle" not in layer.trained:
        gate(layer.angle, range(draft.qubits))
        return
    for qubit, parameter in enumerate(draft.train(draft.qubits)):
        gate(parameter, qubit)


def angle(draft: Draft, layer: Layer) -> None:
    """Append a rotation of each qubit by its feature."""
    if "scale" not in layer.trained:
        _turn(draft, str(layer.gate), layer.scale)
        return
    opened = draft.open(draft.features, lambda X: X, scale=layer.scale)
    for qubit, parameter in enumerate(opened):
        getattr(draft.circuit, str(layer.gate))(parameter, qubit)


def zz(draft: Draft, layer: Layer) -> None:
    """Append a ZZ rotation of each pair by the product of its features."""
    _turn_pairs(draft, layer, layer.scale, draft.round)


def entangle(draft: Draft, layer: Layer, round_: int | None = None) -> None:
    """Append the layer's fixed two-qubit gate to each pair of a round, by default the circuit's."""
    gate = getattr(draft.circuit, str(layer.gate))
    for i, j in layer_pairs(layer, draft.qubits, draft.round if round_ is None else round_):
        gate(i, j)


def iqp(draft: Draft, layer: Layer) -> None:
    """Append an instantaneous quantum polynomial circuit, as PennyLane's IQPEmbedding has it."""
    reps = reps_of(layer)
    for own in range(reps):
        hadamard(draft, layer)
        _turn(draft, "rz", layer.scale)
        _turn_pairs(draft, layer, layer.pair_scale, draft.round * reps + own)


def _turn(draft: Draft, gate: str, scale: float) -> None:
    opened = draft.open(draft.features, lambda X: scale * X)
    for qubit, parameter in enumerate(opened):
        getattr(draft.circuit, gate)(parameter, qubit)


def _turn_pairs(draft: Draft, layer: Layer, scale: float, round_: int) -> None:
    pairs = layer_pairs(layer, draft.qubits, round_)
    if not pairs:
        return
    one, other = (list(side) for side in zip(*pairs, strict=True))
    opened = draft.open(len(pairs), lambda X: scale * (X[:, one] * X[:, other]))
    for (i, j), parameter in zip(pairs, opened, strict=True):
        draft.circuit.rzz(parameter, i, j)


def z_feature_map(draft: Draft, layer: Layer) -> None:
    """Append Qiskit's z_feature_map, up to a global phase."""
    _pauli_map(draft, layer, ("Z",))


def zz_feature_map(draft: Draft, layer: Layer) -> None:
    """Append Qiskit's zz_feature_map, up to a global phase."""
    _pauli_map(draft, layer, ("Z", "ZZ"))


def pauli_feature_map(draft: Draft, layer: Layer) -> None:
    """Append Qiskit's pauli_feature_map, up to a global phase."""
    _pauli_map(draft, layer, layer.paulis)


def _pauli_map(draft: Draft, layer: Layer, paulis: tuple[str, ...]) -> None:
    reps = reps_of(layer)
    for own in range(reps):
        hadamard(draft, layer)
        for pauli in paulis:
            blocks = layer_blocks(layer, draft.qubits, len(pauli), draft.round * reps + own)
            if not blocks:
                continue
            opened = draft.open(len(blocks), partial(_products, blocks, layer.alpha))
            for block, parameter in zip(blocks, opened, strict=True):
                _evolve(draft.circuit, pauli[::-1], parameter, block)


def _evolve(circuit: QuantumCircuit, letters: str, angle: Parameter, block: Sequence[int]) -> None:
    """Append exp(-i angle P / 2), where the letters of P are those of the block's qubits."""
    if len(block) == 1:
        getattr(circuit, f"r{letters.lower()}")(angle, block[0])
        return
    chain = list(pairwise(block[:-1]))
    for letter, qubit in zip(letters, block, strict=True):
        _to_z(circuit, letter, qubit, 1)
    for control, target in chain:
        circuit.cx(control, target)
    circuit.rzz(angle, block[-2], block[-1])
    for control, target in reversed(chain):
        circuit.cx(control, target)
    for letter, qubit in zip(letters, block, strict=True):
        _to_z(circuit, letter, qubit, -1)


def _to_z(circuit: QuantumCircuit, letter: str, qubit: int, sign: int) -> None:
    """Append what turns a Pauli matrix into Z, or with sign -1 back."""
    if letter == "X":
        circuit.h(qubit)
    elif letter == "Y":
        circuit.rx(sign * np.pi / 2, qubit)


def _products(blocks: list[tuple[int, ...]], alpha: float, X: Array) -> Array:
    """Return alpha times Qiskit's data map: x_i, or the product of pi - x_i of a larger block."""
    columns = np.array(blocks)
    if columns.shape[1] == 1:
        return alpha * X[:, columns[:, 0]]
    return np.asarray(alpha * np.prod(np.pi - X[:, columns], axis=2))


def reupload(draft: Draft, layer: Layer) -> None:
    """Append general rotations of each qubit by three features at a time, again and again."""
    reps, qubits, features = reps_of(layer), draft.qubits, draft.features
    stated = layer.angles is not None or layer.seed is not None
    weights = np.zeros((reps, qubits * 3))
    if stated:
        weights = fixed_weights(layer, qubits).reshape(weights.shape)
    for own in range(reps):
        trained = draft.trained and not stated
        opened = _uploaded(draft, layer, weights[own, :features], trained=trained)
        rest = weights[own, features:].tolist()
        if trained:
            rest = draft.train(len(rest))
        turns = [*opened, *rest]
        for place, turn in enumerate(turns):
            getattr(draft.circuit, "rz" if place % 3 != 1 else "ry")(turn, place // 3)
        if layer.gate is not None and own < reps - 1:
            entangle(draft, layer, draft.round * reps + own)


def _uploaded(draft: Draft, layer: Layer, offsets: Array, *, trained: bool) -> list[Parameter]:
    """Return a parameter for each feature, by its weight plus scale times the feature."""
    if "scale" in layer.trained:
        return draft.open(
            draft.features, lambda X: X, scale=layer.scale, offset=offsets, trained=trained
        )
    return draft.open(draft.features, partial(_shifted, offsets, layer.scale), trained=trained)


def _shifted(offsets: Array, scale: float, X: Array) -> Array:
    return np.asarray(offsets + scale * X)
