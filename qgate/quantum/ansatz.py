"""Ansaetze: layers of rotations by fixed weights, and entanglers between them."""

from __future__ import annotations

import numpy as np

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
    shape = (reps_of(layer) + 1, len(rotations), draft.qubits)
    weights = fixed_weights(layer, draft.qubits).reshape(shape)
    pairs = layer_blocks(layer, draft.qubits, 2)
    if entangler == "cx" and (layer.pairs or LAYERS[layer.kind].pairs) == "full":
        # All pairs are the same unitary as the reversed chain, which is what Qiskit appends.
        pairs = [(i, i + 1) for i in reversed(range(draft.qubits - 1))]
    for round_, turns in enumerate(weights):
        for i, j in pairs if round_ else ():
            getattr(draft.circuit, entangler)(i, j)
        for rotation, angles in zip(rotations, turns.tolist(), strict=True):
            for qubit, angle in enumerate(angles):
                getattr(draft.circuit, rotation)(angle, qubit)
