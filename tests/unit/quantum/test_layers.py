"""Which pairs and blocks a layer has, and that the table is whole."""

from __future__ import annotations

import pytest

from qgate.charter.arm_spec import Layer
from qgate.charter.vocabulary import QUBITS
from qgate.quantum.layers import LAYERS, layer_blocks, layer_pairs, pairs_of, reps_of


@pytest.mark.parametrize(
    ("pairs", "qubits", "expected"),
    [
        ("linear", 4, [(0, 1), (1, 2), (2, 3)]),
        ("ring", 4, [(0, 1), (1, 2), (2, 3), (3, 0)]),
        ("ring", 2, [(0, 1)]),
        ("full", 4, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]),
        ("full", 1, []),
        ("linear", 1, []),
    ],
)
def test_pairs(pairs: str, qubits: int, expected: list[tuple[int, int]]) -> None:
    assert pairs_of(pairs, qubits) == expected


@pytest.mark.parametrize(
    ("pairs", "qubits", "size", "expected"),
    [
        ("linear", 4, 3, [(0, 1, 2), (1, 2, 3)]),
        ("ring", 4, 2, [(3, 0), (0, 1), (1, 2), (2, 3)]),
        ("ring", 4, 3, [(2, 3, 0), (3, 0, 1), (0, 1, 2), (1, 2, 3)]),
        ("ring", 2, 2, [(0, 1)]),
        ("ring", 3, 1, [(0,), (1,), (2,)]),
        ("full", 4, 3, [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]),
    ],
)
def test_blocks(pairs: str, qubits: int, size: int, expected: list[tuple[int, ...]]) -> None:
    layer = Layer("m", "pauli_feature_map", pairs=pairs)
    assert layer_blocks(layer, qubits, size) == expected


def test_what_a_layer_does_not_say_is_its_kinds_default() -> None:
    assert layer_pairs(Layer("e", "entangle", "cx"), 3) == [(0, 1), (1, 2)]
    assert layer_pairs(Layer("i", "iqp"), 3) == [(0, 1), (0, 2), (1, 2)]
    assert layer_pairs(Layer("i", "iqp", pairs="linear"), 3) == [(0, 1), (1, 2)]
    assert [reps_of(Layer("m", kind)) for kind in ("iqp", "reupload", "efficient_su2")] == [1, 2, 3]
    assert reps_of(Layer("m", "iqp", reps=5)) == 5


def test_the_table_refers_only_to_what_there_is() -> None:
    for kind, terms in LAYERS.items():
        assert terms.kind == kind
        assert terms.required <= terms.keys
        assert ("gate" in terms.keys) == bool(terms.gates)
        assert ({"angles", "seed"} <= terms.keys) == (terms.turns > 0)
        assert terms.width in {*QUBITS, "file", "any"}
