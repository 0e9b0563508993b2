"""What is to be told of a circuit: layers, counts on each device, and the states that it gives."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from qiskit.exceptions import QiskitError
from threadpoolctl import threadpool_limits

from qgate.charter.arm_spec import QuantumKernel
from qgate.errors import TermError, UsageError
from qgate.quantum.build import Built, Placed, place
from qgate.quantum.device import Device, to_target
from qgate.quantum.device_hygiene import hygiene
from qgate.quantum.device_kernel import DeviceKernel
from qgate.quantum.engine import Array
from qgate.quantum.figures import figures_of
from qgate.quantum.health import half_cut_entropy, meyer_wallach, purity
from qgate.quantum.kernel import StateKernel
from qgate.quantum.layers import LAYERS
from qgate.quantum.template import pair_circuit

_ROWS = 64
"""Rows whose states are looked at, evenly spread over the training rows."""
_MOST_QUBITS = {"ideal": 12, "noisy": 8}


def portrait(
    spec: QuantumKernel, built: Built, features: Array, devices: Sequence[Device]
) -> dict[str, Any]:
    """Return what is to be told of a kernel's circuit, as plain values.

    Args:
        spec: The charter's section.
        built: The kernel.
        features: Of the training rows, shape (rows, columns).
        devices: Further devices that the circuit is laid out on.

    Raises:
        UsageError: When a device cannot run the circuit.

    """
    placed = [*([built.placed] if built.placed else []), *(_on(built, one) for one in devices)]
    layers = [
        {"name": layer.name, "kind": layer.kind, "does": LAYERS[layer.kind].definition}
        for layer in spec.layers
    ]
    feature_map = built.feature_map
    return {
        "layers": layers,
        "repeat": spec.repeat,
        "circuits": [
            {"what": "U(x)", **asdict(figures_of(feature_map.circuit))},
            {"what": "U(x), U(y)^-1", **asdict(figures_of(pair_circuit(feature_map)[0]))},
            *(_on_device(one) for one in placed),
        ],
        "states": _states(built, features, placed),
    }


def _on(built: Built, device: Device) -> Placed:
    try:
        return place(built.feature_map, device, ())
    except TermError as error:
        raise UsageError(str(error)) from None


def _on_device(placed: Placed) -> dict[str, Any]:
    circuit = placed.template.circuit
    today = datetime.datetime.now(datetime.UTC).date()
    return {
        "what": f"U(x), U(y)^-1 on {placed.device.name}",
        **asdict(figures_of(circuit)),
        "device": placed.device.name,
        "calibrated": placed.device.time,
        "snapshot": placed.device.digest,
        "physical_qubits": list(placed.order),
        "gates_by_name": {
            name: count for name, count in circuit.count_ops().items() if name != "barrier"
        },
        "modelled_duration_us": _duration(placed),
        "warnings": hygiene(placed.whole, placed.qubits, today),
    }


def _duration(placed: Placed) -> float | None:
    """Return the modelled microseconds of the circuit without readout, None where unknown."""
    try:
        found = placed.template.circuit.estimate_duration(to_target(placed.device), unit="s")
    except QiskitError:
        return None
    return round(1e6 * float(found), 3)


def _states(built: Built, features: Array, placed: Sequence[Placed]) -> dict[str, Any]:
    """Return purity and entanglement of a sample of the training rows' states."""
    qubits = built.feature_map.qubits
    chosen = np.unique(np.linspace(0, len(features) - 1, _ROWS).round().astype(int))
    found: dict[str, Any] = {"rows": len(chosen), "of": len(features)}
    with threadpool_limits(limits=1):
        if qubits <= _MOST_QUBITS["ideal"]:
            states = StateKernel(built.feature_map).first(features[chosen])
            found["meyer_wallach"] = _spread(meyer_wallach(states))
            if qubits > 1:
                found["half_cut_entropy_bits"] = _spread(half_cut_entropy(states))
        for one in placed if qubits <= _MOST_QUBITS["noisy"] else ():
            kernel = DeviceKernel(built.feature_map, one.device, one.template)
            noisy = purity(kernel.first(features[chosen]))
            found.setdefault("modelled_purity", {})[one.device.name] = _spread(noisy)
    return found


def _spread(values: Array) -> dict[str, float]:
    return {
        "mean": round(float(values.mean()), 6),
        "min": round(float(values.min()), 6),
        "max": round(float(values.max()), 6),
    }
