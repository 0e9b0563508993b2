"""A program as runs of one qubit and few large blocks of them, for sweeps and gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt

from qgate.quantum.engine import Fixed, Numbers, Phases, Program, Step, merged, widened

Kind = Literal["plain", "rows", "phases"]
Joined = TypeVar("Joined", "Cluster", "Block")

_WIDEST = {2: 4, 4: 2}
"""Axes of a block that all rows share, by levels: where sweeps are fastest, measured."""


@dataclass(frozen=True)
class Cluster:
    """Steps that act as one: the same for all rows, with angles of each row, or phases of each."""

    axes: tuple[int, ...]
    """Sorted."""
    steps: tuple[Step, ...]
    kind: Kind

    @property
    def fixed(self) -> bool:
        """Return whether it has no angles."""
        return all(isinstance(step, Fixed) for step in self.steps)


@dataclass(frozen=True)
class Block:
    """Runs that are applied at once."""

    axes: tuple[int, ...]
    """Sorted."""
    runs: tuple[Cluster, ...]
    kind: Kind


def runs(program: Program, own: npt.NDArray[np.bool_]) -> list[Cluster]:
    """Return a program's steps with those of one qubit in a row made one.

    Args:
        program: Not fused.
        own: Of each column, whether each row has an angle of its own.

    """
    found = [Cluster(tuple(sorted(step.axes)), (step,), _kind(step, own)) for step in program.steps]
    return _both_ways(found, _as_run, _phases, apart=False)


def _kind(step: Step, own: npt.NDArray[np.bool_]) -> Kind:
    if isinstance(step, Fixed):
        return "plain"
    if isinstance(step, Phases):
        if own[list(step.columns)].any():
            return "phases"
        return "plain" if len(step.axes) == 1 else "rows"
    return "plain" if len(step.axes) == 1 and not own[step.column] else "rows"


def wide(found: Sequence[Cluster], qubits: int, levels: int) -> list[Block]:
    """Return blocks of runs: those that all rows share, and phases, are made one where they may.

    Args:
        found: Runs, in order.
        qubits: Of the program.
        levels: Of its axes.

    """
    most = {"plain": _WIDEST[levels], "phases": max(6, 2 * qubits // 3), "rows": 0}

    def join(before: Block, after: Block) -> Block | None:
        axes = tuple(sorted({*before.axes, *after.axes}))
        if before.kind != after.kind or len(axes) > most[before.kind]:
            return None
        return Block(axes, (*before.runs, *after.runs), before.kind)

    blocks = [Block(run.axes, (run,), run.kind) for run in found]
    return _both_ways(blocks, join, _phases, apart=levels == 2)


def _as_run(before: Cluster, after: Cluster) -> Cluster | None:
    axes = tuple(sorted({*before.axes, *after.axes}))
    kinds = {before.kind, after.kind}
    if kinds == {"plain", "phases"} or (kinds == {"plain"} and len(axes) > 1):
        return None
    if kinds == {"plain", "rows"} and not (before.fixed or after.fixed):
        return None  # what all rows share is cheaper where it is not each row's
    if len(axes) > 1 and ("rows" not in kinds or _rows_of(before, after).axes != axes):
        return None
    kind = before.kind if len(kinds) == 1 else "rows"
    return Cluster(axes, (*before.steps, *after.steps), kind)


def _rows_of(before: Cluster, after: Cluster) -> Cluster:
    return max((one for one in (before, after) if one.kind == "rows"), key=lambda c: len(c.axes))


def _both_ways(
    found: Sequence[Joined],
    join: Callable[[Joined, Joined], Joined | None],
    commute: Callable[[Joined, Joined], bool],
    *,
    apart: bool,
) -> list[Joined]:
    """Return steps of which later ones have joined earlier ones, and then earlier ones later."""
    later = merged(found, join, commute, apart=apart)
    later.reverse()
    earlier = merged(later, lambda after, before: join(before, after), commute, apart=apart)
    earlier.reverse()
    return earlier


def _phases(one: Cluster | Block, other: Cluster | Block) -> bool:
    return one.kind == other.kind == "phases"


def fixed_matrix(run: Cluster, axes: tuple[int, ...], levels: int) -> Numbers:
    """Return the product of a run's fixed steps on more axes."""
    found: Numbers = np.eye(levels ** len(axes))
    for step in run.steps:
        assert isinstance(step, Fixed)  # noqa: S101  # what has no angle
        found = widened(step, axes, levels) @ found
    return found


def form_of(cluster: Cluster) -> tuple[object, ...]:
    """Return what two runs have in common that can stand in one stack."""
    found: list[object] = [cluster.kind, len(cluster.axes)]
    for step in cluster.steps:
        on = tuple(cluster.axes.index(axis) for axis in step.axes)
        if isinstance(step, Fixed):
            found.append((on, step.matrix.tobytes()))
        elif isinstance(step, Phases):
            found.append((on, step.signs.tobytes()))
        else:
            own = (step.still, step.cosine, step.sine)
            found.append((on, step.frequency, *(part.tobytes() for part in own)))
    return tuple(found)
