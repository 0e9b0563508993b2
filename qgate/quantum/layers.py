"""The kinds of layer that a feature map is built from, as a table; imports nothing heavy."""

from __future__ import annotations

from qgate.charter.vocabulary import LayerTerms

LAYERS: dict[str, LayerTerms] = {
    terms.kind: terms
    for terms in (
        LayerTerms("hadamard", "H on every qubit", frozenset()),
        LayerTerms(
            "angle",
            "a rotation of qubit i by scale * x_i",
            frozenset({"gate", "scale"}),
            gates=("rx", "ry", "rz"),
        ),
        LayerTerms(
            "zz",
            "exp(-i scale x_i x_j Z_i Z_j / 2) on each pair",
            frozenset({"pairs", "scale"}),
        ),
        LayerTerms(
            "entangle",
            "a fixed two-qubit gate on each pair, in order",
            frozenset({"gate", "pairs"}),
            gates=("cx", "cz"),
        ),
    )
}


def pairs_of(pairs: str, qubits: int) -> list[tuple[int, int]]:
    """Return the qubit pairs of `linear`, `ring` or `full`, in the order they are applied."""
    if pairs == "full":
        return [(i, j) for i in range(qubits) for j in range(i + 1, qubits)]
    chain = [(i, i + 1) for i in range(qubits - 1)]
    return [*chain, (qubits - 1, 0)] if pairs == "ring" and qubits > 2 else chain
