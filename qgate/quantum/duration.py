"""How long the gates of an arm's circuit take on its device; always modelled."""

from __future__ import annotations

from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError

from qgate.quantum.build import Built
from qgate.quantum.device import Device, to_target
from qgate.quantum.portrait import Outlined
from qgate.quantum.projected_build import BuiltRows
from qgate.quantum.template import folded

_DIGITS = 12
"""Of seconds: a picosecond is less than any gate's duration is known to."""


def gate_seconds(built: Outlined) -> float | None:
    """Return the modelled seconds of the gates of an arm's longest circuit, without readout.

    Gates start as soon as their qubits are free, so that it is the circuit's critical path. None
    where there is no device, or where its snapshot does not know a gate's duration.
    """
    found = _on_device(built)
    if found is None:
        return None
    circuit, device = found
    try:
        return round(float(circuit.estimate_duration(to_target(device), unit="s")), _DIGITS)
    except QiskitError:
        return None


def _on_device(built: Outlined) -> tuple[QuantumCircuit, Device] | None:
    """Return the longest circuit that an arm runs, with the device's gates, and the device."""
    if built.placed is None:
        return None
    device = built.placed.device
    if isinstance(built, Built):
        zero_noise = built.mitigation.zero_noise if built.mitigation else None
        scale = max(zero_noise.scales) if zero_noise else 1
        return folded(built.placed.template, scale).circuit, device
    laid = built.placed.laid
    if isinstance(built, BuiltRows):
        return laid.whole("y"), device
    return (laid if isinstance(laid, QuantumCircuit) else laid.circuit), device
