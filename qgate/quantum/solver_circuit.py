"""The circuit of a quantum solver on a problem: its angles, its figures, its noise on a device."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.transpiler import TranspilerError

from qgate.charter.arm_spec import DeviceSpec, QuantumSolver
from qgate.data.problem import Array, Problem
from qgate.errors import TermError
from qgate.quantum.device import Device, to_target
from qgate.quantum.engine import evolve, zero_state
from qgate.quantum.feature_map import FeatureMap, circuit_paths
from qgate.quantum.figures import CircuitFigures, beyond, figures_of, plain_figures
from qgate.quantum.gradient import Differentiable
from qgate.quantum.noise import Channels, gate_noise
from qgate.quantum.noise import readout as readout_errors
from qgate.quantum.program import Compiled, compile_channels, compile_states
from qgate.quantum.qaoa import ising
from qgate.quantum.readout import Readout
from qgate.quantum.seat import Seat, seat
from qgate.quantum.weights import Weights

_TRANSPILER_SEED = 20260101
_LEVEL = 3


@dataclass(frozen=True)
class Drawn:
    """A circuit, its open parameters in order, and how angles give them values."""

    circuit: QuantumCircuit
    parameters: tuple[Parameter, ...]
    weights: Weights | None
    """Of a circuit with trained weights; QAOA's angles are the parameters themselves."""

    def values(self, angles: Array) -> Array:
        """Return the parameters' values, radians, shape (1, parameters)."""
        if self.weights is None:
            return angles[None]
        return self.weights.values(np.zeros((1, len(self.parameters))), angles)


@dataclass(frozen=True)
class Part:
    """Some qubits of a device, with the noise of their gates."""

    seat: Seat

    @property
    def device(self) -> Device:
        """Return whose figures count, restricted to those qubits."""
        return self.seat.device

    @functools.cached_property
    def noise(self) -> Channels:
        """Return the channel after each gate, computed once: it takes most of a request's time."""
        return gate_noise(self.device)


class Bench:
    """A device, and the parts of it that circuits of each size stand on, each read once."""

    def __init__(self, spec: DeviceSpec, folder: Path) -> None:
        """Take the device's section, and what its paths are relative to."""
        self._spec, self._folder, self._parts = spec, folder, dict[int, Part]()

    def part(self, size: int) -> Part:
        """Return the qubits for circuits of so many.

        Raises:
            InvalidFileError: When a snapshot cannot be read.
            TermError: When there are none; the path is that within the solver's section.

        """
        if size not in self._parts:
            self._parts[size] = Part(seat(self._spec, self._folder, size))
        return self._parts[size]


@dataclass(frozen=True)
class OnDevice:
    """A circuit laid out on some qubits of a device."""

    part: Part
    drawn: Drawn
    laid: QuantumCircuit

    @property
    def device(self) -> Device:
        """Return the device, restricted to those qubits."""
        return self.part.device

    @property
    def whole(self) -> Device:
        """Return the device with all of its qubits."""
        return self.part.seat.whole

    @property
    def qubits(self) -> tuple[int, ...]:
        """Return the numbers of those qubits on the whole device."""
        return self.part.seat.qubits

    @functools.cached_property
    def _compiled(self) -> Compiled:
        return compile_channels(self.laid, self.drawn.parameters, self.part.noise)

    @property
    def _ends(self) -> tuple[int, ...]:
        """Return the device's qubit that each variable is read on."""
        layout = self.laid.layout
        return tuple(layout.final_index_layout() if layout else range(self.laid.num_qubits))

    @property
    def order(self) -> tuple[int, ...]:
        """Return the whole device's qubit on which each variable starts."""
        layout = self.laid.layout
        places = layout.initial_index_layout() if layout else range(self.laid.num_qubits)
        return tuple(self.qubits[place] for place in places)

    def probabilities(self, angles: Array) -> Array:
        """Return the chance of reading each assignment, errors of readout included: (2^n,)."""
        errors = readout_errors(self.device)
        readout = Readout(self.laid.num_qubits, self._ends, 4, errors)
        values = self._compiled.angles(self.drawn.values(angles))
        states = evolve(self._compiled.program, values, readout.start)
        chances = np.clip(readout.outcomes(states)[0], 0.0, None)
        return np.asarray(chances / chances.sum())


@dataclass(frozen=True)
class BuiltSolver:
    """The circuit for one problem, within the charter's limits."""

    problem: Problem
    drawn: Drawn
    placed: OnDevice | None
    figures: dict[str, Any]


class Trained:
    """A circuit with trained weights on a problem, without noise: a landscape for the search."""

    def __init__(self, problem: Problem, drawn: Drawn) -> None:
        """Compile it; the weights are its angles."""
        self.cost: Array = problem.energies()
        self._drawn = drawn
        compiled = compile_states(drawn.circuit, drawn.parameters, fuse=False)
        none = np.zeros(len(drawn.parameters), dtype=bool)
        start = zero_state(problem.n)
        self._program = Differentiable(compiled, none, start, self.cost[None])

    def probabilities(self, angles: Array) -> Array:
        """Return the chance of each assignment, shape (2^n,)."""
        state = self._program.states(self._drawn.values(angles))[0]
        return np.asarray(state.real**2 + state.imag**2)

    def gradient(self, angles: Array) -> tuple[float, Array]:
        """Return the mean value and its derivatives by every weight."""
        weights, values = self._drawn.weights, self._drawn.values(angles)
        assert weights is not None  # noqa: S101  # else it is QAOA
        found, slopes = self._program.gradient(values, lambda z, _: np.ones_like(z))
        return float(found[0, 0]), weights.pull(np.zeros_like(values), slopes)


def draw(spec: QuantumSolver, problem: Problem, folder: Path) -> Drawn:
    """Return the circuit of QAOA, or of the layers with their trained weights.

    Raises:
        TermError: When a layer takes data, of which a problem has none, none is trained, or the
            layers do not fit the problem's variables.

    """
    if not spec.layers:
        return _qaoa_circuit(problem, spec.reps)
    files = circuit_paths(spec.layers, folder)
    found = FeatureMap(spec.layers, spec.reps, problem.n, files, trained=True)
    if found.weights.data.any():
        message = "a solver's layers take no data: only fixed gates and trained weights stand here"
        raise TermError(("layers",), message)
    if not found.weights.count:
        raise TermError(("layers",), "no layer has a weight that is trained")
    return Drawn(found.circuit, found.parameters, found.weights)


def place(drawn: Drawn, bench: Bench) -> OnDevice:
    """Return the circuit on a device, laid out by the snapshot that decides it.

    Raises:
        TermError: When it does not fit; the path is that within the solver's section.

    """
    part = bench.part(drawn.circuit.num_qubits)
    device = part.seat.laid_by
    try:
        laid = transpile(
            drawn.circuit,
            target=to_target(device),
            optimization_level=_LEVEL,
            seed_transpiler=_TRANSPILER_SEED,
        )
    except TranspilerError as error:
        said = str(error.message).partition("\n")[0]
        message = f"{device.name} cannot run the circuit with the gates of its snapshot: {said}"
        raise TermError(("device",), message) from None
    return OnDevice(part, drawn, laid)


def build_solver(
    spec: QuantumSolver, problem: Problem, bench: Bench | None, folder: Path
) -> BuiltSolver:
    """Return the circuit for a problem and the figures of what runs, on a device or on none.

    Raises:
        TermError: When it does not fit the device, or is beyond the charter's limits.

    """
    drawn = draw(spec, problem, folder)
    placed = None if bench is None else place(drawn, bench)
    return BuiltSolver(problem, drawn, placed, _figures(spec, drawn, placed))


def _figures(spec: QuantumSolver, drawn: Drawn, placed: OnDevice | None) -> dict[str, Any]:
    of_circuit: CircuitFigures = figures_of(placed.laid if placed else drawn.circuit)
    if found := beyond(of_circuit, spec.limits):
        raise TermError(("limits", found[0]), found[1])
    return plain_figures(of_circuit, placed)


def _qaoa_circuit(problem: Problem, depth: int) -> Drawn:
    """Return QAOA as gates: RZZ and RZ of the Ising form, then RX, as often as it is deep."""
    fields, _, couplings = ising(problem)
    gammas = [Parameter(f"gamma{layer}") for layer in range(depth)]
    betas = [Parameter(f"beta{layer}") for layer in range(depth)]
    circuit = QuantumCircuit(problem.n)
    circuit.h(range(problem.n))
    for gamma, beta in zip(gammas, betas, strict=True):
        for (i, j), coupling in zip(problem.pairs.tolist(), couplings.tolist(), strict=True):
            circuit.rzz(2 * coupling * gamma, i, j)
        for qubit in np.flatnonzero(fields).tolist():
            circuit.rz(2 * float(fields[qubit]) * gamma, qubit)
        circuit.rx(2 * beta, range(problem.n))
    return Drawn(circuit, (*gammas, *betas), None)
