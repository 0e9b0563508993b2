"""The circuit of a pair, U(x) then the adjoint of U(y), laid out once for a device."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import CircuitInstruction, Parameter
from qiskit.transpiler import TranspilerError

from qgate.errors import TermError
from qgate.quantum.device import Device, to_target
from qgate.quantum.feature_map import FeatureMap

_TRANSPILER_SEED = 20260101
_LEVEL = 3
"""How hard Qiskit's transpiler tries; it is asked once, for the template of all pairs."""


@dataclass(frozen=True)
class Template:
    """U(x), a barrier and the adjoint of U(y), transpiled once for a device."""

    circuit: QuantumCircuit
    first: QuantumCircuit
    second: QuantumCircuit
    x: tuple[Parameter, ...]
    y: tuple[Parameter, ...]
    layout: tuple[int, ...]
    """The device's qubit on which each qubit of U(x) starts."""


def pair_circuit(feature_map: FeatureMap) -> tuple[QuantumCircuit, tuple[Parameter, ...]]:
    """Return U(x), a barrier and the adjoint of U(y), and the parameters of y."""
    y = tuple(Parameter(f"y{place}") for place in range(len(feature_map.parameters)))
    pair = feature_map.circuit.copy()
    pair.barrier()
    renamed = dict(zip(feature_map.parameters, y, strict=True))
    pair.compose(feature_map.circuit.inverse().assign_parameters(renamed), inplace=True)
    return pair, y


def make_template(feature_map: FeatureMap, device: Device) -> Template:
    """Return the pair circuit on a device with as many qubits; its angles stay open.

    Nothing is optimised across the barrier and the layout is one, so each half is the same for
    every pair that it is part of.

    Raises:
        TermError: When the device's gates cannot express the circuit.

    """
    pair, y = pair_circuit(feature_map)
    try:
        found = transpile(
            pair,
            target=to_target(device),
            optimization_level=_LEVEL,
            seed_transpiler=_TRANSPILER_SEED,
        )
    except TranspilerError as error:
        said = str(error.message).partition("\n")[0]
        message = f"{device.name} cannot run the circuit with the gates of its snapshot: {said}"
        raise TermError(("device",), message) from None
    layout = found.layout.initial_index_layout() if found.layout else range(found.num_qubits)
    return Template(found, *_halves(found), feature_map.parameters, y, tuple(layout))


def folded(template: Template, times: int) -> Template:
    """Return the template with each two-qubit gate G as G (G^-1 G)^k, 2 k + 1 = `times`.

    Ideal, it does the same; noisy, its two-qubit noise is that many times as strong, exactly where
    noise and gate commute, as depolarising does, else to first order (Giurgica-Tiron et al. 2020,
    gate folding). Noise of single qubits and of readout stays as it is.
    """
    first, second = (_folded(half, times) for half in (template.first, template.second))
    circuit = first.copy()
    circuit.barrier()
    return replace(template, circuit=circuit.compose(second), first=first, second=second)


def _halves(circuit: QuantumCircuit) -> tuple[QuantumCircuit, QuantumCircuit]:
    names = [item.operation.name for item in circuit.data]
    middle = names.index("barrier")
    halves = circuit.copy_empty_like(), circuit.copy_empty_like()
    for place, item in enumerate(circuit.data):
        if place != middle:
            halves[place > middle].append(item)
    return halves


def _folded(circuit: QuantumCircuit, times: int) -> QuantumCircuit:
    found = circuit.copy_empty_like()
    for item in circuit.data:
        found.append(item)
        if len(item.qubits) == 2:
            for _ in range(times // 2):
                _undo(found, item)
                found.append(item)
    return found


def _undo(circuit: QuantumCircuit, item: CircuitInstruction) -> None:
    """Append the inverse of a two-qubit gate by the gate itself, so that it has its noise."""
    if item.operation.name == "iswap":  # its inverse is no gate of a device: iSWAP squared is ZZ
        circuit.z(item.qubits)
        circuit.append(item)
        return
    circuit.append(item.operation.inverse(), item.qubits)
