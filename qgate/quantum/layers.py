"""The kinds of layer that a feature map is built from, as a table; imports nothing heavy."""

from __future__ import annotations

from itertools import combinations

from qgate.charter.arm_spec import Layer
from qgate.charter.vocabulary import LayerTerms

_ROTATIONS = ("rx", "ry", "rz")
_ENTANGLERS = ("cx", "cz")
_ANSATZ_KEYS = frozenset({"reps", "pairs", "angles", "seed"})

LAYERS: dict[str, LayerTerms] = {
    terms.kind: terms
    for terms in (
        LayerTerms("hadamard", "H on every qubit"),
        LayerTerms(
            "angle",
            "a rotation of qubit i by scale * x_i",
            frozenset({"gate", "scale"}),
            frozenset({"gate"}),
            gates=_ROTATIONS,
            width="features",
            trainable=frozenset({"scale"}),
        ),
        LayerTerms(
            "zz",
            "exp(-i scale x_i x_j Z_i Z_j / 2) on each pair",
            frozenset({"pairs", "scale"}),
            width="features",
        ),
        LayerTerms(
            "entangle",
            "a fixed two-qubit gate on each pair, in order; a ring ends with the closing pair",
            frozenset({"gate", "pairs"}),
            frozenset({"gate"}),
            gates=_ENTANGLERS,
        ),
        LayerTerms(
            "rotation",
            "a rotation of every qubit by the fixed angle",
            frozenset({"gate", "angle"}),
            frozenset({"gate", "angle"}),
            gates=_ROTATIONS,
            trainable=frozenset({"angle"}),
        ),
        LayerTerms(
            "iqp",
            "H on every qubit, RZ(scale x_i), exp(-i pair_scale x_i x_j Z_i Z_j / 2) on each pair, "
            "reps times (Havlicek et al. 2019)",
            frozenset({"reps", "pairs", "scale", "pair_scale"}),
            width="features",
            pairs="full",
        ),
        LayerTerms(
            "z_feature_map",
            "H on every qubit, exp(-i alpha x_i Z_i / 2), reps times, as Qiskit's of that name",
            frozenset({"reps", "alpha"}),
            width="features",
            reps=2,
        ),
        LayerTerms(
            "zz_feature_map",
            "a z_feature_map with exp(-i alpha (pi - x_i)(pi - x_j) Z_i Z_j / 2) on each pair in "
            "each repetition, as Qiskit's of that name (Havlicek et al. 2019)",
            frozenset({"reps", "pairs", "alpha"}),
            width="features",
            pairs="full",
            reps=2,
        ),
        LayerTerms(
            "pauli_feature_map",
            "H on every qubit, exp(-i alpha phi(x) P / 2) for each Pauli string P on each block of "
            "as many qubits, reps times, as Qiskit's of that name: phi is x_i on one qubit, the "
            "product of the block's (pi - x_i) on more; a string's last letter is of the block's "
            "first qubit, and a ring starts with the closing blocks",
            frozenset({"reps", "pairs", "paulis", "alpha"}),
            width="features",
            pairs="full",
            reps=2,
        ),
        LayerTerms(
            "reupload",
            "RZ, RY, RZ of qubit i by its weights plus scale times features 3i, 3i + 1, 3i + 2, "
            "reps times, with the gate, if one is named, on each pair between repetitions; on "
            "qubits in state 0 the first RZ does nothing (Perez-Salinas et al. 2020)",
            frozenset({"reps", "scale", "gate", "pairs", "angles", "seed"}),
            gates=_ENTANGLERS,
            width="triples",
            reps=2,
            turns=3,
            trainable=frozenset({"scale"}),
        ),
        LayerTerms(
            "rot",
            "RZ, RY, RZ of every qubit by its weights, reps times",
            frozenset({"reps", "angles", "seed"}),
            turns=3,
        ),
        LayerTerms(
            "amplitude",
            "the row, normalised and filled up with zeros, as the amplitudes of a state "
            "(circuit: Moettonen et al. 2005)",
            width="amplitudes",
        ),
        LayerTerms(
            "real_amplitudes",
            "RY on every qubit, then CX on each pair and RY on every qubit, reps times, as "
            "Qiskit's of that name; a ring starts with the closing pair",
            _ANSATZ_KEYS,
            pairs="full",
            reps=3,
            turns=1,
            closes=True,
        ),
        LayerTerms(
            "efficient_su2",
            "RY and RZ on every qubit, then CX on each pair, RY and RZ on every qubit, reps times, "
            "as Qiskit's of that name; a ring starts with the closing pair",
            _ANSATZ_KEYS,
            pairs="full",
            reps=3,
            turns=2,
            closes=True,
        ),
        LayerTerms(
            "hardware_efficient",
            "RY and RZ on every qubit, then CZ on each pair, RY and RZ on every qubit, reps times "
            "(after Kandala et al. 2017)",
            _ANSATZ_KEYS,
            reps=3,
            turns=2,
            closes=True,
        ),
        LayerTerms(
            "circuit",
            "the gates of an OpenQASM 3 or QPY file, whose parameters x0, x1, ... are the features",
            frozenset({"path", "bind"}),
            frozenset({"path"}),
            width="file",
        ),
    )
}


def reps_of(layer: Layer) -> int:
    """Return how often a layer repeats its own gates."""
    return layer.reps or LAYERS[layer.kind].reps


def largest_block(layer: Layer) -> int:
    """Return on how many qubits a layer acts at once."""
    if layer.kind == "pauli_feature_map":
        return max(map(len, layer.paulis))
    if layer.kind == "reupload" and layer.gate is None:
        return 1
    return 2 if "pairs" in LAYERS[layer.kind].keys and layer.pairs != "none" else 1


def layer_pairs(layer: Layer, qubits: int, round_: int = 0) -> list[tuple[int, int]]:
    """Return the pairs of a layer in a round of the circuit, a ring's closing pair last."""
    return pairs_of(layer.pairs or LAYERS[layer.kind].pairs, qubits, round_)


def pairs_of(pairs: str, qubits: int, round_: int = 0) -> list[tuple[int, int]]:
    """Return the qubit pairs of a layout, in the order they are applied.

    Args:
        pairs: `linear`, `ring`, `full`, `none`, or `brick`: every second pair of neighbours, from
            the first one in even rounds, from the second one in odd rounds.
        qubits: Of the circuit.
        round_: Counts from 0.

    """
    if pairs == "none":
        return []
    if pairs == "full":
        return [(i, j) for i in range(qubits) for j in range(i + 1, qubits)]
    chain = [(i, i + 1) for i in range(qubits - 1)]
    if pairs == "brick":
        return chain[round_ % 2 :: 2]
    return [*chain, (qubits - 1, 0)] if pairs == "ring" and qubits > 2 else chain


def layer_blocks(layer: Layer, qubits: int, size: int, round_: int = 0) -> list[tuple[int, ...]]:
    """Return blocks of qubits in the order of Qiskit's library, a ring's closing blocks first.

    Of a `brick`, blocks that share no qubit, from the next qubit on in each round.
    """
    pairs = layer.pairs or LAYERS[layer.kind].pairs
    if pairs == "none" and size > 1:
        return []
    if pairs == "full":
        return list(combinations(range(qubits), size))
    chain = [tuple(range(i, i + size)) for i in range(qubits - size + 1)]
    if pairs == "brick":
        return chain[round_ % size :: size]
    closing = range(qubits - size + 1, qubits if pairs == "ring" and size < qubits else 0)
    return [*(tuple((i + k) % qubits for k in range(size)) for i in closing), *chain]
