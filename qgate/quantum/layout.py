"""A circuit of rows on the qubits of a device, and what follows it before they are read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.transpiler import TranspilerError

from qgate.charter.arm_spec import DeviceSpec
from qgate.errors import TermError
from qgate.quantum.device import Device, to_target
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.projected import BASES
from qgate.quantum.seat import Seat, seat

_TRANSPILER_SEED = 20260101
_LEVEL = 3
_TURNS: dict[str, tuple[str, ...]] = {"x": ("h",), "y": ("sdg", "h"), "z": ()}
"""The gates that take a basis to that of 0 and 1, in order."""


@dataclass(frozen=True)
class LaidOut:
    """U(x) on a device, and what follows it before the qubits are read in each basis."""

    circuit: QuantumCircuit
    turns: tuple[QuantumCircuit, ...]
    """One of each of BASES, of one-qubit gates only."""
    parameters: tuple[Parameter, ...]
    starts: tuple[int, ...]
    """The device's qubit on which each qubit of U(x) starts."""
    ends: tuple[int, ...]
    """The device's qubit on which each qubit of U(x) is read."""

    def whole(self, basis: str) -> QuantumCircuit:
        """Return the circuit that runs: U(x), a barrier and the turn to a basis."""
        found = self.circuit.copy()
        found.barrier()
        return found.compose(self.turns[BASES.index(basis)])


@dataclass(frozen=True)
class Seated(Seat):
    """A circuit of rows on the qubits of a device."""

    laid: LaidOut

    @property
    def order(self) -> tuple[int, ...]:
        """Return the device's qubit on which each of the circuit's own qubits starts."""
        return tuple(self.qubits[place] for place in self.laid.starts)


def seated(spec: DeviceSpec, folder: Path, feature_map: FeatureMap) -> Seated:
    """Return a circuit on a device, laid out by the snapshot that decides it.

    Raises:
        TermError: When it does not fit; the path is that within the circuit's section.

    """
    found = seat(spec, folder, feature_map.qubits)
    return Seated(**vars(found), laid=lay_out(feature_map, found.laid_by))


def lay_out(feature_map: FeatureMap, device: Device) -> LaidOut:
    """Return U(x) on a device with as many qubits; its angles stay open.

    Nothing is optimised across the barrier before the turns, so that U(x) is one for all bases.

    Raises:
        TermError: When the device's gates cannot express it.

    """
    qubits = feature_map.qubits
    try:
        found = _transpiled(feature_map.circuit, device)
        turns = tuple(_transpiled(turn(qubits, basis), device, fixed=True) for basis in BASES)
    except TranspilerError as error:
        said = str(error.message).partition("\n")[0]
        message = f"{device.name} cannot run the circuit with the gates of its snapshot: {said}"
        raise TermError(("device",), message) from None
    starts = found.layout.initial_index_layout() if found.layout else range(qubits)
    ends = found.layout.final_index_layout() if found.layout else range(qubits)
    return LaidOut(found, turns, feature_map.parameters, tuple(starts), tuple(ends))


def turn(qubits: int, basis: str) -> QuantumCircuit:
    """Return the gates that take a basis to that of 0 and 1, on every qubit."""
    found = QuantumCircuit(qubits)
    for name in _TURNS[basis]:
        getattr(found, name)(range(qubits))
    return found


def _transpiled(circuit: QuantumCircuit, device: Device, *, fixed: bool = False) -> QuantumCircuit:
    return transpile(
        circuit,
        target=to_target(device),
        optimization_level=_LEVEL,
        seed_transpiler=_TRANSPILER_SEED,
        initial_layout=list(range(circuit.num_qubits)) if fixed else None,
    )
