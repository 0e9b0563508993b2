"""Figures of circuits, counted by hand."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qgate.charter.arm_spec import Limits
from qgate.quantum.figures import CircuitFigures, beyond, figures_of

FIGURES = CircuitFigures(4, 20, 50, 9, 6)


def test_figures_by_hand_without_barriers() -> None:
    circuit, angle = QuantumCircuit(3), Parameter("a")
    circuit.h(0)
    circuit.barrier()
    circuit.cx(0, 1)
    circuit.rzz(angle, 1, 2)
    circuit.ccx(0, 1, 2)
    circuit.rx(angle, 0)
    assert figures_of(circuit) == CircuitFigures(3, 5, 5, 3, 1)


def test_a_barrier_is_no_gate_and_keeps_what_follows_behind_it() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.barrier()
    circuit.h(1)
    assert figures_of(circuit) == CircuitFigures(2, 2, 2, 0, 0)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (Limits(), None),
        (Limits(4, 20, 9), None),
        (Limits(qubits=3), ("qubits", "the circuit has qubits 4, the limit is 3")),
        (Limits(depth=19), ("depth", "the circuit has depth 20, the limit is 19")),
        (
            Limits(two_qubit_gates=0),
            ("two_qubit_gates", "the circuit has two qubit gates 9, the limit is 0"),
        ),
        (Limits(depth=1, two_qubit_gates=1), ("depth", "the circuit has depth 20, the limit is 1")),
    ],
    ids=str,
)
def test_the_first_limit_that_is_not_kept(limits: Limits, expected: tuple[str, str] | None) -> None:
    assert beyond(FIGURES, limits) == expected
