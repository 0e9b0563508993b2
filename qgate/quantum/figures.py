"""Figures of a circuit, and the limits that a charter sets them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from qiskit import QuantumCircuit

from qgate.charter.arm_spec import Limits
from qgate.quantum.device import Device


@dataclass(frozen=True)
class CircuitFigures:
    """Counts of a circuit; barriers are not counted."""

    qubits: int
    depth: int
    gates: int
    two_qubit_gates: int
    parameters: int


class OnQubits(Protocol):
    """A circuit as it stands on a device."""

    @property
    def device(self) -> Device:
        """Return whose noise it has."""
        ...

    @property
    def order(self) -> tuple[int, ...]:
        """Return the whole device's qubit on which each of the circuit's own starts."""
        ...


def plain_figures(circuit: CircuitFigures, placed: OnQubits | None) -> dict[str, Any]:
    """Return the figures of what runs, and the device where there is one, as plain values."""
    found: dict[str, Any] = vars(circuit).copy()
    if placed is not None:
        found |= {
            "device": placed.device.name,
            "calibrated": placed.device.time,
            "snapshot": placed.device.digest,
            "physical_qubits": list(placed.order),
        }
    return found


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
