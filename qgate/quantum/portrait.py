"""What is to be told of a circuit: layers, counts on each device, and the states that it gives."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.exceptions import QiskitError
from threadpoolctl import threadpool_limits

from qgate.charter.arm_spec import Layer, ProjectedKernel, QuantumKernel, QuantumSolver, Variational
from qgate.errors import TermError, UsageError
from qgate.quantum.build import Built, place
from qgate.quantum.device import Device, to_target
from qgate.quantum.device_hygiene import hygiene
from qgate.quantum.engine import Array, evolve, product
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.figures import figures_of
from qgate.quantum.health import half_cut_entropy, meyer_wallach, purity
from qgate.quantum.kernel import StateKernel
from qgate.quantum.layers import LAYERS
from qgate.quantum.layout import Seated, lay_out, turn
from qgate.quantum.noise import gate_noise
from qgate.quantum.program import compile_channels
from qgate.quantum.projected_build import BuiltRows
from qgate.quantum.seat import Seat
from qgate.quantum.solver_circuit import BuiltSolver, OnDevice
from qgate.quantum.template import make_template, pair_circuit
from qgate.quantum.variational import BuiltVariational

_ROWS = 64
"""Rows whose states are looked at, evenly spread over the training rows."""
_QAOA = [
    {"name": "cost", "kind": "rzz, rz", "does": "turns each pair and variable by gamma, weighted"},
    {"name": "mix", "kind": "rx", "does": "turns every variable by 2 beta"},
]
_MOST_QUBITS = {"ideal": 12, "noisy": 8}


@dataclass(frozen=True)
class Run:
    """A circuit as it runs on a device."""

    what: str
    circuit: QuantumCircuit
    device: Device
    """With exactly the circuit's qubits."""
    whole: Device
    qubits: tuple[int, ...]
    """Those of the circuit, on the whole device."""
    order: tuple[int, ...]
    """The whole device's qubit that each of the circuit's own qubits starts on."""
    prepares: QuantumCircuit
    """U(x), as far as it prepares a row's state."""
    parameters: tuple[Parameter, ...]


Outlined = Built | BuiltRows | BuiltVariational | BuiltSolver
"""A circuit of rows or of a problem, with its device, ready to simulate."""


def solver_portrait(spec: QuantumSolver, built: BuiltSolver) -> dict[str, Any]:
    """Return what is to be told of the circuit for a solver's largest problem."""
    name, placed, runs = PurePath(built.problem.name).name, built.placed, []
    what = f"{'layers' if spec.layers else 'QAOA'} on {name}"
    if placed is not None:
        runs = [_run_alone(placed, what, placed.laid)]
    return {
        "layers": _named_layers(spec.layers) if spec.layers else _QAOA,
        "repeat": spec.reps,
        "circuits": [
            {"what": what, **asdict(figures_of(built.drawn.circuit))},
            *(_on_device(run) for run in runs),
        ],
    }


def trained_portrait(spec: Variational, built: BuiltVariational) -> dict[str, Any]:
    """Return what is to be told of a circuit with trained weights: nothing of its states."""
    seat, runs = built.placed, []
    if seat is not None:
        runs = [_run_alone(seat, "U(x, weights)", seat.laid.circuit)]
    return {
        "layers": _named_layers((*spec.layers, *spec.closing)),
        "repeat": spec.repeat,
        "circuits": [
            {"what": "U(x, weights)", **asdict(figures_of(built.feature_map.circuit))},
            *(_on_device(run) for run in runs),
        ],
    }


def _run_alone(seat: Seated | OnDevice, what: str, circuit: QuantumCircuit) -> Run:
    """Return a circuit whose states are not looked at."""
    what = f"{what} on {seat.device.name}"
    return Run(what, circuit, seat.device, seat.whole, seat.qubits, seat.order, circuit, ())


def _named_layers(layers: Sequence[Layer]) -> list[dict[str, str]]:
    return [
        {"name": layer.name, "kind": layer.kind, "does": LAYERS[layer.kind].definition}
        for layer in layers
    ]


def portrait(
    spec: QuantumKernel | ProjectedKernel,
    built: Built | BuiltRows,
    features: Array,
    devices: Sequence[Device],
) -> dict[str, Any]:
    """Return what is to be told of a kernel's circuit, as plain values.

    Args:
        spec: The charter's section.
        built: The kernel, or what prepares its rows.
        features: Of the training rows, shape (rows, columns).
        devices: Further devices that the circuit is laid out on.

    Raises:
        UsageError: When a device cannot run the circuit.

    """
    feature_map, rows = built.feature_map, isinstance(built, BuiltRows)
    runs = [run_on(built.feature_map, built.placed, rows=rows)] if built.placed else []
    for device in devices:
        try:
            runs.append(run_on(feature_map, place(feature_map, device, ()), rows=rows))
        except TermError as error:
            raise UsageError(str(error)) from None
    layers = _named_layers(spec.layers)
    what, whole = read_circuit(feature_map, rows=rows)
    return {
        "layers": layers,
        "repeat": spec.repeat,
        "circuits": [
            {"what": "U(x)", **asdict(figures_of(feature_map.circuit))},
            {"what": what, **asdict(figures_of(whole))},
            *(_on_device(run) for run in runs),
        ],
        "states": _states(feature_map, features, runs),
    }


def read_circuit(feature_map: FeatureMap, *, rows: bool) -> tuple[str, QuantumCircuit]:
    """Return what is read without a device, and what to call it.

    Args:
        feature_map: U(x).
        rows: Whether rows are read, in three bases, of which the longest is returned; else pairs.

    """
    if rows:
        return "U(x), Y basis", feature_map.circuit.compose(turn(feature_map.qubits, "y"))
    return "U(x), U(y)^-1", pair_circuit(feature_map)[0]


def run_on(feature_map: FeatureMap, placed: Seat, *, rows: bool) -> Run:
    """Return what is read on a device, see `read_circuit`.

    Raises:
        TermError: When the device's gates cannot express it.

    """
    whole, device, qubits = placed.whole, placed.device, placed.qubits
    if rows:
        laid = lay_out(feature_map, placed.laid_by)
        order = tuple(qubits[start] for start in laid.starts)
        what, circuit = f"U(x), Y basis on {device.name}", laid.whole("y")
        return Run(what, circuit, device, whole, qubits, order, laid.circuit, laid.parameters)
    template = make_template(feature_map, placed.laid_by)
    order = tuple(qubits[start] for start in template.layout)
    what, circuit = f"U(x), U(y)^-1 on {device.name}", template.circuit
    return Run(what, circuit, device, whole, qubits, order, template.first, template.x)


def _on_device(run: Run) -> dict[str, Any]:
    today = datetime.datetime.now(datetime.UTC).date()
    return {
        "what": run.what,
        **asdict(figures_of(run.circuit)),
        "device": run.device.name,
        "calibrated": run.device.time,
        "snapshot": run.device.digest,
        "physical_qubits": list(run.order),
        "gates_by_name": {
            name: count for name, count in run.circuit.count_ops().items() if name != "barrier"
        },
        "modelled_duration_us": _duration(run),
        "warnings": hygiene(run.whole, run.qubits, today),
    }


def _duration(run: Run) -> float | None:
    """Return the modelled microseconds of the circuit without readout, None where unknown."""
    try:
        found = run.circuit.estimate_duration(to_target(run.device), unit="s")
    except QiskitError:
        return None
    return round(1e6 * float(found), 3)


def _states(feature_map: FeatureMap, features: Array, runs: Sequence[Run]) -> dict[str, Any]:
    """Return purity and entanglement of a sample of the training rows' states."""
    qubits = feature_map.qubits
    chosen = np.unique(np.linspace(0, len(features) - 1, _ROWS).round().astype(int))
    found: dict[str, Any] = {"rows": len(chosen), "of": len(features)}
    with threadpool_limits(limits=1):
        if qubits <= _MOST_QUBITS["ideal"]:
            states = StateKernel(feature_map).first(features[chosen])
            found["meyer_wallach"] = _spread(meyer_wallach(states))
            if qubits > 1:
                found["half_cut_entropy_bits"] = _spread(half_cut_entropy(states))
        for run in runs if qubits <= _MOST_QUBITS["noisy"] else ():
            noisy = purity(_noisy(run, feature_map.angles(features[chosen])))
            found.setdefault("modelled_purity", {})[run.device.name] = _spread(noisy)
    return found


def _noisy(run: Run, angles: Array) -> Array:
    """Return the states behind a device's noise: Pauli coefficients (rows, 4^qubits)."""
    compiled = compile_channels(run.prepares, run.parameters, gate_noise(run.device))
    zero = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
    start = product([zero] * run.prepares.num_qubits)
    return evolve(compiled.program, compiled.angles(angles), start)


def _spread(values: Array) -> dict[str, float]:
    return {
        "mean": round(float(values.mean()), 6),
        "min": round(float(values.min()), 6),
        "max": round(float(values.max()), 6),
    }
