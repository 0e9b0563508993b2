"""Stacks of runs, and of blocks of runs, of one form: all their matrices at once.

A gradient flows from a block's matrix to its angles on that small matrix alone: what all rows share
is worked out once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qgate.quantum.blocks import Cluster
from qgate.quantum.engine import Array, Fixed, Numbers, Phases, Step, Turn, widened

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Turned:
    """A turn on all of a run's axes, and its parts as rows of a matrix for inner products."""

    still: Numbers
    cosine: Numbers
    sine: Numbers
    frequency: float
    parts: Numbers
    """Cosine and sine, shape (2, width^2)."""

    @property
    def pattern(self) -> npt.NDArray[np.bool_]:
        """Return which entries may differ from zero, shape (width, width)."""
        return np.asarray(abs(self.still) + abs(self.cosine) + abs(self.sine) > 0)

    def matrix(self, cos: Array, sin: Array) -> Numbers:
        """Return its matrices, shape (members, width, width, rows), for (members, rows)."""
        turned = self.cosine[:, :, None] * cos[:, None, None]
        turned = turned + self.sine[:, :, None] * sin[:, None, None]
        return turned + self.still[:, :, None] if self.still.any() else turned

    def slope(self, cos: Array, sin: Array, gradient: Numbers) -> Array:
        """Return the gradient by angle, (members, rows), of one by matrix."""
        flat = gradient.reshape(len(gradient), -1, gradient.shape[-1])
        by_cos, by_sin = np.matmul(self.parts, flat).real.swapaxes(0, 1)
        return np.asarray(self.frequency * (cos * by_sin - sin * by_cos))


class RunStack:
    """Runs of one form: the matrices of all of them, and their gradients by angle, at once.

    A last axis holds the rows, or 1 where all rows share the angles.
    """

    def __init__(self, members: Sequence[Cluster], levels: int) -> None:
        """Take clusters of the same axes' number, kinds of steps and operators."""
        first = members[0]
        self.width = levels ** len(first.axes)
        self.rows = first.kind == "rows"
        self.pieces: list[Numbers | Turned] = []
        columns: list[list[int]] = []
        for place, step in enumerate(first.steps):
            if isinstance(step, Fixed):
                self._add_fixed(widened(step, first.axes, levels))
                continue
            self.pieces.append(_turned(step, first.axes, levels))
            columns.append([_column(member.steps[place]) for member in members])
        self.columns = np.array(columns, dtype=np.int64).reshape(-1, len(members))
        """Shape (turns, members)."""
        pattern = self._pattern()
        self.by_row = tuple(tuple(np.flatnonzero(row).tolist()) for row in pattern)
        """Of each row of the matrices the columns that may differ from zero."""
        self.by_column = tuple(tuple(np.flatnonzero(row).tolist()) for row in pattern.T)

    def _add_fixed(self, matrix: Numbers) -> None:
        if self.pieces and not isinstance(self.pieces[-1], Turned):
            self.pieces[-1] = matrix @ self.pieces[-1]
        else:
            self.pieces.append(matrix)

    def _pattern(self) -> npt.NDArray[np.bool_]:
        found = np.eye(self.width, dtype=bool)
        for piece in self.pieces:
            found = (piece.pattern if isinstance(piece, Turned) else np.abs(piece) > 0) @ found
        return found

    def build(self, angles: Array) -> BuiltRuns:
        """Return the runs' matrices.

        Args:
            angles: Radians, shape (columns, rows), or (columns, 1) where all rows share them.

        """
        return BuiltRuns(self.pieces, self.columns, angles[self.columns])


class BuiltRuns:
    """Runs of one form whose angles are known."""

    def __init__(self, pieces: Sequence[Numbers | Turned], columns: Places, angles: Array) -> None:
        """Multiply the pieces; angles of shape (turns, members, rows)."""
        self._pieces, self.columns = pieces, columns
        self._own: list[Numbers] = []
        self._products: list[Numbers] = []
        self._waves: list[tuple[Array, Array]] = []
        for piece in pieces:
            if isinstance(piece, Turned):
                turn = piece.frequency * angles[len(self._waves)]
                self._waves.append((np.cos(turn), np.sin(turn)))
                own = piece.matrix(*self._waves[-1])
            else:
                own = np.broadcast_to(piece[:, :, None], (*angles.shape[1:2], *piece.shape, 1))
            before = self._products[-1] if self._products else None
            self._own.append(own)
            self._products.append(own if before is None else _times(own, before))

    @property
    def matrices(self) -> Numbers:
        """Return shape (members, width, width, rows)."""
        return self._products[-1]

    def pull(self, gradient: Numbers) -> Array:
        """Return the gradient by angle, shape (turns, members, rows), of one by matrix.

        Args:
            gradient: Shape (members, width, width, rows): dL = Re sum of gradient * dM.

        """
        found = np.empty((len(self._waves), len(gradient), gradient.shape[-1]))
        turn = len(self._waves)
        for place in reversed(range(len(self._pieces))):
            piece = self._pieces[place]
            if isinstance(piece, Turned):
                turn -= 1
                inner = gradient
                if place:
                    inner = _times(gradient, self._products[place - 1].swapaxes(1, 2))
                found[turn] = piece.slope(*self._waves[turn], inner)
            if place:
                gradient = _times(self._own[place].swapaxes(1, 2), gradient)
        return found


def _times(one: Numbers, other: Numbers) -> Numbers:
    """Return the products of two stacks of matrices, shape (members, width, width, rows)."""
    if one.shape[-1] == other.shape[-1] == 1:
        return np.asarray(np.matmul(one[..., 0], other[..., 0])[..., None])
    found: Numbers = one[:, :, 0, None] * other[:, None, 0]
    for inner in range(1, one.shape[2]):
        found += one[:, :, inner, None] * other[:, None, inner]
    return found


def _column(step: Step) -> int:
    if isinstance(step, Turn):
        return step.column
    assert isinstance(step, Phases)  # noqa: S101  # fixed steps have none
    return step.columns[0]


def _turned(step: Turn | Phases, axes: tuple[int, ...], levels: int) -> Turned:
    """Return a turn, or phases of one angle, on more axes."""
    if isinstance(step, Phases):
        signs = step.signs[:, 0]
        step = Turn(
            step.axes, step.columns[0], 0.5, np.zeros((len(signs),) * 2), np.eye(len(signs)),
            np.diag(-1j * signs),
        )  # fmt: skip
    still, cosine, sine = (
        widened(Fixed(step.axes, part), axes, levels)
        for part in (step.still, step.cosine, step.sine)
    )
    parts = np.stack([cosine.reshape(-1), sine.reshape(-1)])
    return Turned(still, cosine, sine, step.frequency, parts)


@dataclass(frozen=True)
class Part:
    """A part of a block that all rows share: a fixed matrix, or a run of a stack on one axis."""

    matrix: Numbers | None
    """On all of the block's axes."""
    stack: int = 0
    axis: int = 0
    """Of the block, 0 the fastest."""

    @property
    def form(self) -> object:
        """Return what parts of blocks of one form have in common."""
        return (self.stack, self.axis) if self.matrix is None else self.matrix.tobytes()


class BlockStack:
    """Blocks of one form that all rows share, as products of fixed matrices and of runs."""

    def __init__(self, parts: Sequence[Part], members: Places, axes: int, levels: int) -> None:
        """Take the form, and of each block and run its place in the run's stack.

        Args:
            parts: In order.
            members: Shape (runs, blocks).
            axes: Of a block.
            levels: Of an axis.

        """
        self.width, self.levels = levels**axes, levels
        self.parts: list[Part] = []
        for part in parts:
            last = self.parts[-1].matrix if self.parts else None
            if part.matrix is not None and last is not None:
                self.parts[-1] = Part(part.matrix @ last)
            else:
                self.parts.append(part)
        self.members = members

    @property
    def fixed(self) -> bool:
        """Return whether nothing in it depends on an angle."""
        return not len(self.members)

    def build(self, found: Sequence[BuiltRuns]) -> BuiltBlocks:
        """Return the blocks' matrices from those of all stacks of runs."""
        own = iter(
            found[part.stack].matrices[members, :, :, 0]
            for part, members in zip(
                (part for part in self.parts if part.matrix is None), self.members, strict=True
            )
        )
        factors = [part.matrix if part.matrix is not None else next(own) for part in self.parts]
        return BuiltBlocks(self, factors)


class BuiltBlocks:
    """Blocks of one form whose runs are known."""

    def __init__(self, stack: BlockStack, factors: Sequence[Numbers]) -> None:
        """Multiply the parts: factors (width, width) where fixed, else (blocks, levels, levels)."""
        self._stack, self._factors = stack, factors
        self._products: list[Numbers] = []
        for part, factor in zip(stack.parts, factors, strict=True):
            before = self._products[-1] if self._products else np.eye(stack.width)[None]
            fixed = part.matrix is not None
            self._products.append(
                factor @ before if fixed else self._applied(factor, before, part.axis)
            )

    @property
    def matrices(self) -> Numbers:
        """Return shape (blocks, width, width), or (1, width, width) where they are all fixed."""
        return self._products[-1]

    def pull(self, gradient: Numbers) -> Iterator[tuple[int, Places, Numbers]]:
        """Yield of each run its stack, its places there and the gradient by its matrices.

        Args:
            gradient: By the blocks' matrices, shape (blocks, width, width).

        """
        run = len(self._stack.members)
        for place in reversed(range(len(self._factors))):
            part, factor = self._stack.parts[place], self._factors[place]
            if part.matrix is not None:
                gradient = factor.T @ gradient
                continue
            run -= 1
            inner = gradient
            if place:
                inner = np.matmul(gradient, self._products[place - 1].swapaxes(1, 2))
            yield part.stack, self._stack.members[run], self._traced(inner, part.axis)
            if run:
                gradient = self._applied(factor.swapaxes(1, 2), gradient, part.axis)

    def _applied(self, own: Numbers, whole: Numbers, axis: int) -> Numbers:
        """Return matrices on one axis times matrices on all."""
        levels, width = own.shape[-1], self._stack.width
        view = whole.reshape(len(whole), -1, levels, levels**axis * width)
        return np.asarray(np.matmul(own[:, None], view).reshape(-1, width, width))

    def _traced(self, whole: Numbers, axis: int) -> Numbers:
        """Return what is left on one axis where matrices are traced over all others."""
        levels, width = self._stack.levels, self._stack.width
        fast = levels**axis
        slow = width // (fast * levels)
        tensor = whole.reshape(len(whole), slow, levels, fast, slow, levels, fast)
        return np.asarray(np.einsum("bsifsjf->bij", tensor))
