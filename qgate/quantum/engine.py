"""One small engine: a stack of tensors, an operator, the axes that it acts on.

A tensor has one axis a qubit. Axes of 2 hold amplitudes of a state vector; axes of 4 hold the real
coefficients of a density matrix, or of an effect, in the Pauli basis (I, X, Y, Z over sqrt 2 on
each qubit), where a channel is a real matrix and its adjoint the transpose (Nielsen and Chuang
2010, 8.4.2; Greenbaum 2015). Qubit 0 is the fastest axis, as Qiskit orders them. The rows of the
stack, one a data point, come last in memory, so that every operator works on long contiguous runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]
"""Complex for state vectors, real for Pauli coefficients."""

_BLOCK_BYTES = 2 * 1024**2
"""A block of rows is about as large as the cache of a core: measured, 1 to 4 MiB are fastest."""


@dataclass(frozen=True)
class Fixed:
    """The same operator for every row; the first axis is the fastest of its index."""

    axes: tuple[int, ...]
    matrix: Numbers


@dataclass(frozen=True)
class Turn:
    """An operator that turns with a row's angle: `still + cos(f a) cosine + sin(f a) sine`."""

    axes: tuple[int, ...]
    column: int
    """Which of the row's angles it turns with."""
    frequency: float
    still: Numbers
    cosine: Numbers
    sine: Numbers


@dataclass(frozen=True)
class Phases:
    """Commuting rotations about Z strings, on amplitudes: exp(-i/2 sum of sign * angle)."""

    axes: tuple[int, ...]
    """Sorted; the first is the fastest of the signs' rows."""
    columns: tuple[int, ...]
    signs: Array
    """Shape (2^axes, columns), of 1 and -1."""


Step = Fixed | Turn | Phases


class OnAxes(Protocol):
    """What acts on some axes."""

    @property
    def axes(self) -> tuple[int, ...]:
        """Return on which."""
        ...


Stands = TypeVar("Stands", bound=OnAxes)


@dataclass(frozen=True)
class Program:
    """Steps on a tensor of so many qubits with axes of `levels` 2 or 4."""

    qubits: int
    levels: int
    steps: tuple[Step, ...]

    @property
    def adjoint(self) -> Program:
        """Return the program that takes effects backward, for Pauli coefficients only."""
        return replace(self, steps=tuple(_transposed(step) for step in reversed(self.steps)))


def evolve(program: Program, angles: Array, start: Numbers) -> Numbers:
    """Return what a program makes of one start for every row.

    Args:
        program: What to do.
        angles: Radians, shape (rows, columns).
        start: The tensor that every row starts from, shape (levels^qubits,).

    Returns:
        Shape (rows, levels^qubits), of the kind of `start`.

    """
    size, rows = start.size, len(angles)
    found = np.empty((rows, size), dtype=start.dtype)
    block = max(1, _BLOCK_BYTES // (size * start.itemsize))
    for first in range(0, rows, block):
        part = angles[first : first + block].T
        stack = _Stack(program, np.repeat(start[:, None], part.shape[1], axis=1))
        for step in program.steps:
            stack.take(step, part)
        found[first : first + block] = stack.ordered().T
    return found


class _Stack:
    """Tensors under way: `order` says which qubit each axis is, the slowest first."""

    def __init__(self, program: Program, values: Numbers) -> None:
        self._levels, self._rows = program.levels, values.shape[-1]
        self._values, self._order = values, list(reversed(range(program.qubits)))

    def take(self, step: Step, angles: Array) -> None:
        if isinstance(step, Phases):
            self._shift(step, angles)
            return
        lowest, axes = self._gather(step.axes)
        width = self._levels ** len(axes)
        view = self._values.reshape(-1, width, self._levels**lowest * self._rows)
        if isinstance(step, Fixed):
            self._values = np.matmul(arranged(step.matrix, step.axes, axes, self._levels), view)
            return
        self._values = _turned(step, axes, self._levels, view, self._rows, angles[step.column])

    def _gather(self, axes: Sequence[int]) -> tuple[int, tuple[int, ...]]:
        """Bring axes side by side; return how many are faster, and their order, fastest first."""
        places = sorted(self._order.index(axis) for axis in axes)
        if places[-1] - places[0] != len(places) - 1:
            rest = [place for place in range(len(self._order)) if place not in places]
            turned = [*rest, *places]
            tensor = self._values.reshape((self._levels,) * len(turned) + (self._rows,))
            self._values = np.ascontiguousarray(tensor.transpose(*turned, len(turned)))
            self._order = [self._order[place] for place in turned]
            places = list(range(len(rest), len(turned)))
        faster = len(self._order) - 1 - places[-1]
        return faster, tuple(self._order[place] for place in reversed(places))

    def _shift(self, step: Phases, angles: Array) -> None:
        """Multiply by phases, which are computed on the step's own axes only."""
        half = step.signs @ (-0.5 * angles[list(step.columns)])
        factors = np.empty(half.shape, dtype=np.complex128)
        np.cos(half, out=factors.real)
        np.sin(half, out=factors.imag)
        own = [axis for axis in self._order if axis in step.axes]
        slow = factors.reshape((2,) * len(own) + (self._rows,))  # slowest first: sorted axes
        turned = [len(own) - 1 - step.axes.index(axis) for axis in own]
        shape = [2 if axis in step.axes else 1 for axis in self._order]
        spread = slow.transpose(*turned, len(own)).reshape(*shape, self._rows)
        tensor = self._values.reshape((2,) * len(self._order) + (self._rows,))
        self._values = tensor * spread

    def ordered(self) -> Numbers:
        """Return the tensors with qubit 0 as the fastest axis, shape (levels^qubits, rows)."""
        count = len(self._order)
        tensor = self._values.reshape((self._levels,) * count + (self._rows,))
        places = [self._order.index(axis) for axis in reversed(range(count))]
        return tensor.transpose(*places, count).reshape(-1, self._rows)


def _turned(
    step: Turn, axes: Sequence[int], levels: int, view: Numbers, rows: int, angles: Array
) -> Numbers:
    """Return a turn's product with a view of shape (slower, width, faster * rows).

    Most entries of such an operator are zero or the same for all rows, so it is taken by entries.
    """
    still, cosine, sine = (
        arranged(part, step.axes, axes, levels) for part in (step.still, step.cosine, step.sine)
    )
    turn = step.frequency * angles
    cos, sin = np.cos(turn), np.sin(turn)
    tensor = view.reshape(*view.shape[:2], -1, rows)
    found = np.zeros_like(tensor)
    for i, j in np.argwhere((still != 0) | (cosine != 0) | (sine != 0)).tolist():
        entry = still[i, j]
        if cosine[i, j] != 0 or sine[i, j] != 0:
            entry = entry + cosine[i, j] * cos + sine[i, j] * sin
        found[:, i] += entry * tensor[:, j]
    return found


def fused(program: Program, widest: int, *, apart: bool) -> Program:
    """Return the program with fixed steps, and phases, made one where that changes nothing.

    Args:
        program: What to do.
        widest: The most axes of a fused operator.
        apart: Whether fixed steps that share no axis are made one too.

    """
    # Sines of some axes are cheaper than of all, if that does not take many products: measured.
    phases = max(6, 2 * program.qubits // 3)

    def forward(before: Step, after: Step) -> Step | None:
        return _joined(before, after, widest, phases, program.levels)

    def backward(after: Step, before: Step) -> Step | None:
        return _joined(before, after, widest, phases, program.levels)

    later_into_earlier = merged(program.steps, forward, _commute, apart=apart)
    earlier_into_later = merged(list(reversed(later_into_earlier)), backward, _commute, apart=apart)
    return replace(program, steps=tuple(reversed(earlier_into_later)))


def _commute(one: Step, other: Step) -> bool:
    return isinstance(one, Phases) and isinstance(other, Phases)


def merged(
    steps: Sequence[Stands],
    join: Callable[[Stands, Stands], Stands | None],
    commute: Callable[[Stands, Stands], bool],
    *,
    apart: bool,
) -> list[Stands]:
    """Return steps of which each has joined the nearest one that it can reach.

    A step passes those that share no axis with it, and those that commute with it: the order does
    not matter there.

    Args:
        steps: In order.
        join: Makes one of two, None where they do not join.
        commute: Whether two that share axes may change places.
        apart: Whether steps that share no axis are joined too.

    """
    found: list[Stands] = []
    for step in steps:
        for place in reversed(range(len(found))):
            other = found[place]
            meets = not set(step.axes).isdisjoint(other.axes)
            joined = join(other, step) if meets or apart else None
            if joined is not None:
                found[place] = joined
                break
            if meets and not commute(step, other):
                found.append(step)
                break
        else:
            found.append(step)
    return found


def _joined(before: Step, after: Step, widest: int, phases: int, levels: int) -> Step | None:
    """Return both as one step of at most `widest` or `phases` axes, None where they do not join."""
    if isinstance(before, Phases) and isinstance(after, Phases):
        axes = tuple(sorted({*before.axes, *after.axes}))
        if len(axes) > phases:
            return None
        signs = [_spread(step, axes) for step in (before, after)]
        return Phases(axes, (*before.columns, *after.columns), np.hstack(signs))
    if isinstance(before, Fixed) and isinstance(after, Fixed):
        axes = tuple(sorted({*before.axes, *after.axes}))
        if len(axes) <= widest:
            matrix = widened(after, axes, levels) @ widened(before, axes, levels)
            return Fixed(axes, matrix)
    return None


def _spread(step: Phases, axes: tuple[int, ...]) -> Array:
    """Return a step's signs on more axes."""
    index = np.arange(2 ** len(axes))
    own = np.zeros_like(index)
    for place, axis in enumerate(step.axes):
        own |= ((index >> axes.index(axis)) & 1) << place
    return np.asarray(step.signs[own])


def widened(step: Fixed, axes: tuple[int, ...], levels: int) -> Numbers:
    """Return a step's operator on more axes, which it leaves alone."""
    others = tuple(axis for axis in axes if axis not in step.axes)
    identity = np.eye(levels ** len(others))
    return arranged(np.kron(identity, step.matrix), (*step.axes, *others), axes, levels)


def arranged(matrix: Numbers, axes: Sequence[int], wanted: Sequence[int], levels: int) -> Numbers:
    """Return an operator whose index has its axes in another order, fastest first."""
    if tuple(axes) == tuple(wanted):
        return matrix
    count = len(wanted)
    places = [count - 1 - axes.index(axis) for axis in reversed(wanted)]
    tensor = matrix.reshape((levels,) * (2 * count))
    turned = tensor.transpose(*places, *(count + place for place in places))
    return np.ascontiguousarray(turned.reshape(matrix.shape))


def _transposed(step: Step) -> Step:
    if isinstance(step, Phases):
        raise TypeError("phases act on amplitudes, which have no effects")
    if isinstance(step, Fixed):
        return replace(step, matrix=step.matrix.T)
    return replace(step, still=step.still.T, cosine=step.cosine.T, sine=step.sine.T)


def zero_state(qubits: int) -> Numbers:
    """Return the amplitudes of all qubits in 0, shape (2^qubits,)."""
    state = np.zeros(2**qubits, dtype=np.complex128)
    state[0] = 1.0
    return state


def product(factors: Sequence[Array]) -> Array:
    """Return the tensor product of one vector a qubit, qubit 0 the fastest."""
    return reduce(lambda slow, fast: np.asarray(np.kron(slow, fast)), reversed(factors))
