"""Figures of a circuit, and the limits that a charter sets them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from qiskit import QuantumCircuit

from qgate.charter.arm_spec import Limits


@dataclass(frozen=True)
class CircuitFigures:
    """Counts of a circuit; barriers are not counted."""

    qubits: int
    depth: int
    gates: int
    two_qubit_gates: int
    parameters: int


def figures_of(circuit: QuantumCircuit) -> CircuitFigures:
    """Return the figures of a circuit without measurements."""
    return CircuitFigures(
        circuit.num_qubits,
        circuit.depth(),
        circuit.size(),
        circuit.num_nonlocal_gates(),
        circuit.num_parameters,
    )


def beyond(figures: CircuitFigures, limits: Limits) -> tuple[str, str] | None:
    """Return the first limit that a circuit does not keep and what is wrong, None if it keeps all.

    Args:
        figures: Of the circuit that would run: U(x), then the adjoint of U(y), on its device.
        limits: The charter's.

    """
    for key, limit in asdict(limits).items():
        found = getattr(figures, key)
        if limit is not None and found > limit:
            return key, f"the circuit has {key.replace('_', ' ')} {found}, the limit is {limit}"
    return None
