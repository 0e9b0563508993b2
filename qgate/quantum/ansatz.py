"""Ansaetze: layers of rotations by fixed weights, and entanglers between them."""

from __future__ import annotations

import numpy as np
from qiskit.circuit import Parameter

from qgate.charter.arm_spec import Layer
from qgate.errors import UsageError
from qgate.quantum.draft import Array, Draft
from qgate.quantum.layers import LAYERS, layer_blocks, reps_of


def fixed_weights(layer: Layer, qubits: int) -> Array:
    """Return a layer's weights, radians: those that it states, else drawn evenly from [0, 2 pi).

    Raises:
        UsageError: When it states another number of them than the qubits need.

    """
    terms = LAYERS[layer.kind]
    if miscount := terms.miscount(layer, qubits):
        raise UsageError(miscount)
    if layer.angles is not None:
        return np.array(layer.angles, dtype=np.float64)
    bits = np.random.PCG64(np.random.SeedSequence(layer.seed))
    drawn = np.random.Generator(bits).uniform(0.0, 2 * np.pi, terms.weights(qubits, layer.reps))
    return np.asarray(drawn, dtype=np.float64)


def layer_weights(draft: Draft, layer: Layer) -> list[float] | list[Parameter]:
    """Return a layer's weights: those that it states or draws, else parameters that are trained.

    Raises:
        UsageError: When it states another number of them than the qubits need.

    """
    if draft.trained and layer.angles is None and layer.seed is None:
        return draft.train(LAYERS[layer.kind].weights(draft.qubits, layer.reps))
    stated: list[float] = fixed_weights(layer, draft.qubits).tolist()
    return stated


def real_amplitudes(draft: Draft, layer: Layer) -> None:
    """Append Qiskit's real_amplitudes."""
    _ansatz(draft, layer, ("ry",), "cx")


def efficient_su2(draft: Draft, layer: Layer) -> None:
    """Append Qiskit's efficient_su2."""
    _ansatz(draft, layer, ("ry", "rz"), "cx")


def hardware_efficient(draft: Draft, layer: Layer) -> None:
    """Append rotations about two axes, and CZ between them (after Kandala et al. 2017)."""
    _ansatz(draft, layer, ("ry", "rz"), "cz")


def _ansatz(draft: Draft, layer: Layer, rotations: tuple[str, ...], entangler: str) -> None:
    reps, weights = reps_of(layer), iter(layer_weights(draft, layer))
    for own in range(reps + 1):
        if own:
            for i, j in _entangled(draft, layer, entangler, draft.round * reps + own - 1):
                getattr(draft.circuit, entangler)(i, j)
        for rotation in rotations:
            for qubit in range(draft.qubits):
                getattr(draft.circuit, rotation)(next(weights), qubit)


def _entangled(
    draft: Draft, layer: Layer, entangler: str, round_: int
) -> list[tuple[int, ...]] | list[tuple[int, int]]:
    if entangler == "cx" and (layer.pairs or LAYERS[layer.kind].pairs) == "full":
        # All pairs are the same unitary as the reversed chain, which is what Qiskit appends.
        return [(i, i + 1) for i in reversed(range(draft.qubits - 1))]
    return layer_blocks(layer, draft.qubits, 2, round_)


def rot(draft: Draft, layer: Layer) -> None:
    """Append RZ, RY, RZ on every qubit, as PennyLane's Rot has them."""
    weights = iter(layer_weights(draft, layer))
    for _ in range(reps_of(layer)):
        for qubit in range(draft.qubits):
            for gate in ("rz", "ry", "rz"):
                getattr(draft.circuit, gate)(next(weights), qubit)
