"""Which pairs a layer of pairs has."""

from __future__ import annotations

import pytest

from qgate.quantum.layers import pairs_of


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
