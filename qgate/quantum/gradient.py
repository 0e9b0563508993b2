"""Exact expectations of a program and their gradients, by one sweep forward and one backward.

The backward sweep is the adjoint method (Jones and Gacon 2020) for a vector-Jacobian product: one
sweep whatever the number of expectations. With mu, where dL = Re sum of mu * d(state), each block M
takes mu to M^T mu and leaves its own gradient, mu after it times the state before it. States are
kept, not undone: large blocks make them few, and a channel cannot be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from qgate.quantum.blocks import Block, Cluster, fixed_matrix, form_of, runs, wide
from qgate.quantum.engine import Array, Numbers, Phases
from qgate.quantum.program import Compiled
from qgate.quantum.stacks import BlockStack, Part, RunStack
from qgate.quantum.sweep import Angles, Stop

Slopes = Callable[[Array, slice], Array]
"""Expectations of shape (rows, outputs), and which rows they are, to dL/d(expectation)."""

_SWEEP_BYTES = 4 * 1024**2
"""Of the states that a sweep keeps: measured, 4 MiB are fastest."""
_FEW_ROWS = 16
"""With fewer rows at a time the shortest loops of numpy are too short."""
_MOST_BYTES = 256 * 1024**2
"""Of the states that a sweep keeps so that its rows are not too few."""
_QUARTER = np.pi / 2


class Differentiable:
    """Expectations as functions of a circuit's parameters, with gradients."""

    def __init__(
        self,
        compiled: Compiled,
        data: npt.NDArray[np.bool_],
        start: Numbers,
        observables: Array,
    ) -> None:
        """Plan both sweeps.

        Args:
            compiled: Not fused.
            data: Of each parameter, whether each row has a value of its own.
            start: The tensor that every row starts from, shape (levels^qubits,).
            observables: What is expected: of each basis state's chance where the program is on
                amplitudes, of each Pauli coefficient else; shape (outputs, levels^qubits).

        """
        self._compiled, self._start = compiled, start
        program = compiled.program
        self._levels, self._qubits = program.levels, program.qubits
        self._own = np.any(compiled.weights[data] != 0, axis=0)
        found = runs(program, self._own)
        self._plan(wide(found, self._qubits, self._levels), found)
        places = np.arange(start.size).reshape((self._levels,) * self._qubits)
        last = [self._qubits - 1 - axis for axis in self._order]
        self._places = places.transpose(last).reshape(-1)
        self.observables = observables
        self._ordered = np.ascontiguousarray(observables[:, self._places])

    def _plan(self, blocks: Sequence[Block], found: Sequence[Cluster]) -> None:
        """Group runs and blocks of one form into stacks, and say where each block is applied."""
        self._runs, where = _run_stacks(found, self._levels)
        self._blocks, homes = _block_stacks(blocks, where, self._levels)
        self._order = list(reversed(range(self._qubits)))
        self._stops: list[Stop] = []
        for block in blocks:
            if block.kind == "phases":
                self._stops.append(self._shift(block))
            else:
                home = homes[id(block)] if block.kind == "plain" else where[id(block.runs[0])]
                self._stops.append(self._stop(block.kind, *home, block.axes))

    def _stop(self, kind: str, stack: int, member: int, axes: tuple[int, ...]) -> Stop:
        """Return where a block is applied, on axes side by side, the slowest first."""
        wanted = list(reversed(axes))
        first = self._order.index(wanted[0])
        turned = back = None
        if self._order[first : first + len(axes)] != wanted:
            order = [*wanted, *(axis for axis in self._order if axis not in axes)]
            turned = tuple(self._order.index(axis) for axis in order)
            back = tuple(int(place) for place in np.argsort(turned))
            self._order, first = order, 0
        slower = self._levels**first
        width = self._levels ** len(axes)
        faster = self._levels**self._qubits // (slower * width)
        return Stop(kind, stack, member, turned, back, (slower, width, faster))

    def _shift(self, block: Block) -> Stop:
        signs: list[Array] = []
        columns: list[int] = []
        for step in (step for run in block.runs for step in run.steps):
            assert isinstance(step, Phases)  # noqa: S101  # a block of phases
            index = np.arange(2 ** len(block.axes))
            own = np.zeros_like(index)
            for place, axis in enumerate(step.axes):
                own |= ((index >> block.axes.index(axis)) & 1) << place
            signs.append(step.signs[own])
            columns += step.columns
        mine = [axis for axis in self._order if axis in block.axes]
        slow = np.arange(2 ** len(mine)).reshape((2,) * len(mine))
        turned = [len(mine) - 1 - block.axes.index(axis) for axis in mine]
        ordered = np.hstack(signs)[slow.transpose(turned).reshape(-1)]
        shape = tuple(2 if axis in block.axes else 1 for axis in self._order)
        phases = Phases(block.axes, tuple(columns), ordered)
        return Stop("phases", 0, 0, None, None, shape, phases)

    @property
    def row_bytes(self) -> int:
        """Return what the sweeps keep of a row, bytes."""
        return int((len(self._stops) + 4) * self._start.size * self._start.itemsize)

    def _slices(self, rows: int) -> list[slice]:
        few = min(_FEW_ROWS, _MOST_BYTES // self.row_bytes)
        block = max(1, few, _SWEEP_BYTES // self.row_bytes)
        return [slice(first, min(first + block, rows)) for first in range(0, rows, block)]

    def values(self, parameters: Array) -> Array:
        """Return expectations of shape (rows, outputs) for parameters (rows, parameters)."""
        found = [
            self._expected(self._forward(self._at(parameters[part]))[-1])
            for part in self._slices(len(parameters))
        ]
        return np.concatenate([np.empty((0, len(self.observables))), *found])

    def states(self, parameters: Array) -> Numbers:
        """Return the tensors that the program ends in, shape (rows, levels^qubits)."""
        found = np.empty((len(parameters), self._start.size), dtype=self._start.dtype)
        for part in self._slices(len(parameters)):
            last = self._forward(self._at(parameters[part]))[-1]
            found[part, self._places] = last.T
        return found

    def gradient(self, parameters: Array, slopes: Slopes) -> tuple[Array, Array]:
        """Return expectations, and the gradient of a sum over rows by their parameters.

        Args:
            parameters: Radians, shape (rows, parameters).
            slopes: Of the summand of each row by its expectations; called once a block of rows.

        Returns:
            Shapes (rows, outputs) and (rows, parameters). Of parameters without data the sum over
            a block of rows stands in its first row, as only their sum over all has a meaning.

        """
        rows = len(parameters)
        values = np.empty((rows, len(self.observables)))
        by_angle = np.zeros((rows, len(self._own)))
        for part in self._slices(rows):
            angles = self._at(parameters[part])
            kept = self._forward(angles)
            values[part] = self._expected(kept[-1])
            weights = self._ordered.T @ np.asarray(slopes(values[part], part)).T
            mu = 2.0 * weights * kept[-1].conj() if self._levels == 2 else weights
            by_angle[part] = self._backward(angles, kept, mu)
        return values, self._compiled.by_parameter(by_angle)

    def _at(self, parameters: Array) -> Angles:
        return Angles(self._runs, self._blocks, self._compiled.angles(parameters))

    def _expected(self, states: Numbers) -> Array:
        chances = states.real**2 + states.imag**2 if self._levels == 2 else states
        return np.asarray((self._ordered @ chances).T)

    def _forward(self, angles: Angles) -> list[Numbers]:
        """Return the states before each block, moved as it needs them, and after the last."""
        rows = angles.rows
        state = np.repeat(self._start[:, None], rows, axis=1)
        kept: list[Numbers] = []
        for stop in self._stops:
            if stop.turned is not None:
                state = self._moved(state, stop.turned)
            kept.append(state)
            state = angles.apply(stop, state)
        kept.append(state)
        return kept

    def _moved(self, state: Numbers, turned: tuple[int, ...]) -> Numbers:
        tensor = state.reshape((self._levels,) * self._qubits + (state.shape[-1],))
        return np.ascontiguousarray(tensor.transpose(*turned, self._qubits)).reshape(state.shape)

    def _backward(self, angles: Angles, kept: Sequence[Numbers], mu: Numbers) -> Array:
        """Return the gradient by angle, shape (rows, columns)."""
        for place in reversed(range(len(self._stops))):
            stop = self._stops[place]
            mu = angles.pull(stop, kept[place], kept[place + 1], mu, last=place == 0)
            if stop.back is not None and place:
                mu = self._moved(mu, stop.back)
        return angles.gradient()


def shifted(
    evaluate: Callable[[Array], Array], parameters: Array, places: Iterable[int]
) -> Iterator[tuple[int, Array]]:
    """Yield each parameter's place and the slope of each expectation by it, (rows, outputs).

    Half the difference of the values a quarter turn ahead and behind, which is exact where the
    parameter is the angle of one rotation, whose expectations have a single frequency (Mitarai et
    al. 2018; Schuld et al. 2019). All rows are evaluated at once.

    Args:
        evaluate: Parameters of shape (rows, parameters) to expectations; it may draw them.
        parameters: Where the slopes are wanted.
        places: Of which parameters.

    """
    for place in places:
        ends = []
        for side in (1, -1):
            moved = parameters.copy()
            moved[:, place] += side * _QUARTER
            ends.append(evaluate(moved))
        yield int(place), (ends[0] - ends[1]) / 2


def _run_stacks(
    found: Sequence[Cluster], levels: int
) -> tuple[list[RunStack], dict[int, tuple[int, int]]]:
    """Return stacks of runs of one form, and by a run's identity its stack and its place there.

    Runs without angles are in no stack.
    """
    forms: dict[object, list[Cluster]] = {}
    for run in found:
        if run.kind != "phases" and not run.fixed:
            forms.setdefault(form_of(run), []).append(run)
    return [RunStack(same, levels) for same in forms.values()], _homes(forms)


def _block_stacks(
    blocks: Sequence[Block], where: Mapping[int, tuple[int, int]], levels: int
) -> tuple[list[BlockStack], dict[int, tuple[int, int]]]:
    """Return stacks of blocks of one form that all rows share, and where each block is."""
    forms: dict[object, list[Block]] = {}
    parts: dict[object, list[Part]] = {}
    for block in blocks:
        if block.kind != "plain":
            continue
        own = [
            Part(None, where[id(run)][0], block.axes.index(run.axes[0]))
            if id(run) in where
            else Part(fixed_matrix(run, block.axes, levels))
            for run in block.runs
        ]
        form: object = (len(block.axes), *(part.form for part in own))
        parts[form] = own
        forms.setdefault(form, []).append(block)
    stacks = []
    for form, same in forms.items():
        members = [[where[id(run)][1] for run in b.runs if id(run) in where] for b in same]
        places = np.array(members, dtype=np.int64).reshape(len(same), -1).T
        stacks.append(BlockStack(parts[form], places, len(same[0].axes), levels))
    return stacks, _homes(forms)


def _homes(forms: Mapping[object, Sequence[object]]) -> dict[int, tuple[int, int]]:
    """Return by identity which form something has, and which one it is of its kind."""
    return {
        id(one): (stack, member)
        for stack, same in enumerate(forms.values())
        for member, one in enumerate(same)
    }
