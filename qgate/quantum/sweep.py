"""One step of a sweep forward or backward, for one block of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qgate.quantum.engine import Array, Numbers, Phases
from qgate.quantum.stacks import BlockStack, RunStack

_AT_ONCE = 4
"""The widest matrix whose entries are summed in one product, which takes its width in copies."""


@dataclass(frozen=True)
class Stop:
    """A block on its way: where it is applied, and which matrix it is."""

    kind: str
    """A block's."""
    stack: int
    member: int
    turned: tuple[int, ...] | None
    """Axes in their new order, where they must be moved first; the rows stay last."""
    back: tuple[int, ...] | None
    shape: tuple[int, ...]
    """(slower, width, faster), or of phases 2 where an axis is its own and 1 elsewhere."""
    phases: Phases | None = None


class Angles:
    """The matrices of one block of rows, and what is known of their gradients."""

    def __init__(
        self, runs_: Sequence[RunStack], blocks: Sequence[BlockStack], angles: Array
    ) -> None:
        """Build them all; angles of shape (rows, columns)."""
        self.rows = len(angles)
        own = np.ascontiguousarray(angles.T)
        self._angles = own
        self._run_stacks, self._block_stacks = runs_, blocks
        self._runs = [stack.build(own if stack.rows else own[:, :1]) for stack in runs_]
        self._blocks = [stack.build(self._runs) for stack in blocks]
        self._by_run = [np.zeros_like(built.matrices) for built in self._runs]
        self._by_block = [np.zeros_like(built.matrices) for built in self._blocks]
        self._by_angle = np.zeros_like(own)

    def apply(self, stop: Stop, state: Numbers) -> Numbers:
        """Return a block's product with a state, shape (levels^qubits, rows)."""
        if stop.phases is not None:
            tensor = state.reshape(*(2,) * len(stop.shape), self.rows)
            return np.asarray((tensor * self._factors(stop)).reshape(state.shape))
        if stop.kind == "plain":
            slower, width, faster = stop.shape
            view = state.reshape(slower, width, faster * self.rows)
            return np.asarray(np.matmul(self._matrix(stop), view).reshape(state.shape))
        matrix = self._runs[stop.stack].matrices[stop.member]
        entries = self._run_stacks[stop.stack].by_row
        found = _by_entries(matrix, entries, state.reshape(*stop.shape, -1))
        return np.asarray(found.reshape(state.shape))

    def _matrix(self, stop: Stop) -> Numbers:
        stack = self._block_stacks[stop.stack]
        return np.asarray(self._blocks[stop.stack].matrices[0 if stack.fixed else stop.member])

    def _factors(self, stop: Stop) -> Numbers:
        assert stop.phases is not None  # noqa: S101
        half = stop.phases.signs @ (-0.5 * self._angles[list(stop.phases.columns)])
        factors = np.empty(half.shape, dtype=np.complex128)
        np.cos(half, out=factors.real)
        np.sin(half, out=factors.imag)
        return np.asarray(factors.reshape(*stop.shape, self.rows))

    def pull(
        self, stop: Stop, before: Numbers, after: Numbers, mu: Numbers, *, last: bool
    ) -> Numbers:
        """Keep a block's gradient and return mu before it; `last` where nobody needs that."""
        if stop.phases is not None:
            return self._pull_phases(stop, after, mu)
        if stop.kind == "plain":
            slower, width, faster = stop.shape
            shape = (slower, width, faster * self.rows)
            view = mu.reshape(shape)
            if not self._block_stacks[stop.stack].fixed:
                inner = np.matmul(view, before.reshape(shape).swapaxes(1, 2)).sum(axis=0)
                self._by_block[stop.stack][stop.member] = inner
            if last:
                return mu
            return np.asarray(np.matmul(self._matrix(stop).T, view).reshape(mu.shape))
        matrix = self._runs[stop.stack].matrices[stop.member]
        entries = self._run_stacks[stop.stack].by_column
        own = mu.reshape(*stop.shape, self.rows)
        outer = _outer(own, before.reshape(*stop.shape, self.rows))
        self._by_run[stop.stack][stop.member] = outer
        if last:
            return mu
        found = _by_entries(matrix.swapaxes(0, 1), entries, own)
        return np.asarray(found.reshape(mu.shape))

    def _pull_phases(self, stop: Stop, after: Numbers, mu: Numbers) -> Numbers:
        """Keep the gradients of all phases: Im(mu psi), reduced on their axes, times the signs."""
        assert stop.phases is not None  # noqa: S101
        turned = (mu * after).imag.reshape(*(2,) * len(stop.shape), self.rows)
        others = tuple(place for place, size in enumerate(stop.shape) if size == 1)
        reduced = turned.sum(axis=others).reshape(-1, self.rows)
        self._by_angle[list(stop.phases.columns)] += 0.5 * (stop.phases.signs.T @ reduced)
        tensor = mu.reshape(*(2,) * len(stop.shape), self.rows)
        return np.asarray((tensor * self._factors(stop)).reshape(mu.shape))

    def gradient(self) -> Array:
        """Return the gradient by angle, shape (rows, columns)."""
        for built, by_block in zip(self._blocks, self._by_block, strict=True):
            for stack, members, inner in built.pull(by_block):
                self._by_run[stack][members, :, :, 0] += inner
        for run, by_run in zip(self._runs, self._by_run, strict=True):
            slopes = run.pull(by_run)
            for columns, slope in zip(run.columns, slopes, strict=True):
                self._by_angle[columns, : slope.shape[-1]] += slope
        return self._by_angle.T


def _by_entries(matrix: Numbers, entries: Sequence[Sequence[int]], view: Numbers) -> Numbers:
    """Return a matrix of each row, (width, width, rows), times (slower, width, faster, rows)."""
    found = np.empty(view.shape, dtype=view.dtype)
    for i, (first, *more) in enumerate(entries):
        np.multiply(matrix[i, first], view[:, first], out=found[:, i])
        for j in more:
            found[:, i] += matrix[i, j] * view[:, j]
    return found


def _outer(mu: Numbers, state: Numbers) -> Numbers:
    """Return the sum of mu_i state_j of each row, (width, width, rows)."""
    width = mu.shape[1]
    if width <= _AT_ONCE:
        return np.asarray(np.add.reduce(mu[:, :, None] * state[:, None], axis=(0, 3)))
    found = np.empty((width, width, mu.shape[-1]), dtype=mu.dtype)
    for i in range(width):
        for j in range(width):
            found[i, j] = np.sum(mu[:, i] * state[:, j], axis=(0, 1))
    return found
