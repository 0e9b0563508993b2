"""A Qiskit circuit, with or without a device's noise, to a program of the engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Instruction, Parameter, ParameterExpression
from qiskit.quantum_info import PTM, Operator, SuperOp

from qgate.errors import InternalError
from qgate.quantum.engine import Array, Fixed, Numbers, Phases, Program, Step, Turn, fused

Noise = Mapping[tuple[str, tuple[int, ...]], npt.NDArray[np.complex128]]
"""The channel that follows a gate on its qubits, as a superoperator (columns stacked)."""

_WIDEST = {2: 5, 4: 2}
"""Axes of a fused operator, by levels: where the product of matrices is fastest."""
_FREQUENCIES = {
    **dict.fromkeys(("rx", "ry", "rz", "rxx", "ryy", "rzz", "rzx", "crx", "cry", "crz"), 0.5),
    **dict.fromkeys(("p", "cp", "u1", "cu1"), 1.0),
}
"""With which multiple of its angle a gate's matrix turns."""
_Z_STRINGS = frozenset({"rz", "rzz", "p", "u1"})
_CHANNEL_TURNS = frozenset({"rx", "ry", "rz", "p", "u1", "rxx", "ryy", "rzz", "rzx"})
"""Gates whose channel has the single frequency 1."""
_FIXED_BASIS = ("id", "x", "y", "z", "h", "s", "sdg", "t", "tdg", "sx", "sxdg", "cx", "cz",
                "swap")  # fmt: skip


@dataclass(frozen=True)
class Compiled:
    """A program and the affine map from a circuit's parameters to its angles."""

    program: Program
    offset: Array
    """Radians, shape (columns,)."""
    weights: Array
    """Shape (parameters, columns)."""

    def angles(self, values: Array) -> Array:
        """Return the program's angles of shape (rows, columns) for (rows, parameters)."""
        return np.asarray(self.offset + values @ self.weights)

    def by_parameter(self, gradient: Array) -> Array:
        """Return a gradient by parameters, (rows, parameters), of one by angles."""
        return np.asarray(gradient @ self.weights.T)

    def settled(self, values: Array, free: npt.NDArray[np.bool_]) -> Compiled:
        """Return the same with the angles that no free parameter turns as they are now, fused.

        Args:
            values: Of all parameters, shape (parameters,); those of the free ones do not matter.
            free: Which parameters stay open, shape (parameters,).

        """
        kept = np.flatnonzero(np.any(self.weights[free] != 0, axis=0))
        now = self.angles(np.where(free, 0.0, values)[None])[0]
        renamed = {int(column): place for place, column in enumerate(kept)}
        steps = tuple(_settled(step, now, renamed) for step in self.program.steps)
        program = replace(self.program, steps=steps)
        return Compiled(_fused(program), self.offset[kept], self.weights[:, kept])

    @property
    def adjoint(self) -> Compiled:
        """Return the same with its program taken backward, for effects."""
        return replace(self, program=self.program.adjoint)


def compile_states(
    circuit: QuantumCircuit, parameters: Sequence[Parameter], *, fuse: bool = True
) -> Compiled:
    """Return a circuit as a program on amplitudes, right up to a global phase.

    Args:
        circuit: Gates only; every angle is affine in its parameters.
        parameters: In the order of the values that it will be given.
        fuse: Whether steps are made one where that changes nothing.

    """
    plain = circuit
    if any(_open(op) and op.name not in _FREQUENCIES for op in _operations(circuit)):
        basis = [*_FIXED_BASIS, *_FREQUENCIES]
        plain = transpile(circuit, basis_gates=basis, optimization_level=0)
    return _compiled(plain, parameters, 2, {}, fuse=fuse)


def compile_channels(
    circuit: QuantumCircuit, parameters: Sequence[Parameter], noise: Noise, *, fuse: bool = True
) -> Compiled:
    """Return a circuit with the noise of each gate as a program on Pauli coefficients.

    Args:
        circuit: Of a device's own gates, each parametrised one a rotation.
        parameters: In the order of the values that it will be given.
        noise: The channel after each gate; a gate that is not there is perfect.
        fuse: Whether steps are made one where that changes nothing.

    """
    return _compiled(circuit, parameters, 4, noise, fuse=fuse)


def _compiled(
    circuit: QuantumCircuit,
    parameters: Sequence[Parameter],
    levels: int,
    noise: Noise,
    *,
    fuse: bool,
) -> Compiled:
    places = {parameter: place for place, parameter in enumerate(parameters)}
    offsets: list[float] = []
    weights: list[dict[int, float]] = []
    steps: list[Step] = []
    for item in circuit.data:
        if item.operation.name == "barrier":
            continue
        axes = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
        channel = noise.get((item.operation.name, axes))
        if not _open(item.operation):
            steps.append(Fixed(axes, _fixed(item.operation, levels, channel)))
            continue
        offset, slopes = _affine(item.operation.params[0], places)
        steps.append(_turn(item.operation, axes, len(offsets), levels, channel))
        offsets.append(offset)
        weights.append(slopes)
    table = np.zeros((len(parameters), len(offsets)))
    for column, slopes in enumerate(weights):
        for place, slope in slopes.items():
            table[place, column] = slope
    program = Program(circuit.num_qubits, levels, tuple(steps))
    return Compiled(_fused(program) if fuse else program, np.array(offsets), table)


def _fused(program: Program) -> Program:
    return fused(program, _WIDEST[program.levels], apart=program.levels == 2)


def _settled(step: Step, angles: Array, kept: Mapping[int, int]) -> Step:
    """Return a step of a program that is not fused; `kept` renames the columns that stay."""
    if isinstance(step, Fixed):
        return step
    if isinstance(step, Phases):
        (column,) = step.columns
        if column in kept:
            return replace(step, columns=(kept[column],))
        return Fixed(step.axes, np.diag(np.exp(-0.5j * step.signs[:, 0] * angles[column])))
    if step.column in kept:
        return replace(step, column=kept[step.column])
    turn = step.frequency * angles[step.column]
    return Fixed(step.axes, step.still + np.cos(turn) * step.cosine + np.sin(turn) * step.sine)


def _operations(circuit: QuantumCircuit) -> Iterator[Instruction]:
    return (item.operation for item in circuit.data)


def _open(operation: Instruction) -> bool:
    """Return whether an operation has a parameter without a value."""
    return any(isinstance(p, ParameterExpression) and p.parameters for p in operation.params)


def _affine(
    expression: ParameterExpression, places: Mapping[Parameter, int]
) -> tuple[float, dict[int, float]]:
    """Return an expression's constant, and its slope by each parameter's place."""
    free = sorted(expression.parameters, key=lambda parameter: places[parameter])
    slopes: dict[int, float] = {}
    for parameter in free:
        slope = expression.gradient(parameter)
        if isinstance(slope, ParameterExpression):
            if slope.parameters:
                raise InternalError(f"the angle {expression} is not affine in {parameter.name}")
            slope = slope.numeric()
        slopes[places[parameter]] = float(np.real(slope))
    return float(expression.bind(dict.fromkeys(free, 0.0)).numeric()), slopes


def _fixed(operation: Instruction, levels: int, channel: Numbers | None) -> Numbers:
    if levels == 2:
        return np.asarray(Operator(operation).data)
    return _followed(_pauli(SuperOp(Operator(operation))), channel)


def _pauli(channel: SuperOp) -> Array:
    """Return a channel's matrix in the normalised Pauli basis, which is real."""
    return np.ascontiguousarray(PTM(channel).data.real)


def _followed(matrix: Array, channel: Numbers | None) -> Array:
    return matrix if channel is None else _pauli(SuperOp(channel)) @ matrix


def _turn(
    operation: Instruction, axes: tuple[int, ...], column: int, levels: int, channel: Numbers | None
) -> Turn | Phases:
    """Return a gate's step, from its matrices at three angles."""
    name = operation.name
    if levels == 2 and name in _Z_STRINGS:
        count = len(axes)
        parity = np.array([bin(index).count("1") % 2 for index in range(2**count)])
        places = sorted(axes)
        return Phases(tuple(places), (column,), (1.0 - 2.0 * parity)[:, None])
    frequency = _FREQUENCIES[name] if levels == 2 else 1.0
    if levels == 4 and name not in _CHANNEL_TURNS:
        raise InternalError(f"a device's gate {name} takes an angle that is not understood")
    zero, quarter, half = (
        _fixed(type(operation)(fraction * np.pi / frequency), levels, channel)
        for fraction in (0.0, 0.5, 1.0)
    )
    still = (zero + half) / 2
    parts = (_rounded(part) for part in (still, zero - still, quarter - still))
    return Turn(axes, column, frequency, *parts)


def _rounded(matrix: Numbers) -> Numbers:
    """Return a matrix without the crumbs of cancelled sums, so that its zeros are seen."""
    return np.where(np.abs(matrix) < 1e-15, 0.0, matrix)
