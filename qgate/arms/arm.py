"""The protocol of an arm, and the table of its kinds."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qgate import plugins
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Labels
from qgate.data.split import SplitData
from qgate.digest import digest, sha256
from qgate.errors import ExecutionError, TermError
from qgate.plan.settings import DEFAULT_MEMORY

Items = tuple[int, int] | None
"""A block of the validation items: the first one and the one past the last; None for all."""

_FEWEST_DRAWS = 64

Server = Callable[[Array], Labels]
"""Serves one request: features of shape (batch, columns) to class codes or numbers."""


class TrialError(ExecutionError):
    """A trial could not be carried out; `kind` is a stable name for the evidence."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep the stable kind apart from the message, which may differ between machines."""
        self.kind, self._message = kind, message
        super().__init__(kind, message)  # both, so that it can travel between processes

    def __str__(self) -> str:
        """Return the message for people."""
        return self._message


@dataclass(frozen=True)
class Outcome:
    """What a trial produced, raw; no metric is computed here."""

    predictions: tuple[float, ...]
    """Class code or number of each validation item that was asked for."""
    scores: tuple[float, ...] | None
    """Score for the class coded 1, binary targets only."""
    fit_circuits: int = 0
    """Circuits that training takes on a device."""
    serving_circuits: int = 0
    """Circuits that predicting these items takes on a device."""
    draws: Mapping[str, str] = field(default_factory=dict)
    """Fingerprint of what was drawn in each call, where it is long enough to be its own."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """What else is known of the trial, by name."""
    solutions: tuple[str, ...] = ()
    """Of an optimization, the bits found for each problem; () where values are expectations."""

    @property
    def digest(self) -> str:
        """Return the digest of predictions and scores, and of solutions where there are any."""
        found = {"predictions": self.predictions, "scores": self.scores}
        return digest(found | ({"solutions": self.solutions} if self.solutions else {}))


class Arm(Protocol):
    """An arm, prepared: everything deterministic is computed once and shared by all trials."""

    @property
    def figures(self) -> Mapping[str, Any]:
        """Return what is known of the arm itself, as plain values; empty where nothing is."""
        ...

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Train and predict the validation items, or a block of them.

        The same arguments give the same outcome. Every block rests on the same training, whose
        circuits the first one carries; the draws of different blocks are independent.
        """
        ...

    def serve(self, seed: int, shots: Shots) -> Server | None:
        """Return the trained serving path, None if there is none; it precomputes no request."""
        ...


@dataclass(frozen=True)
class Workshop:
    """What building an arm takes."""

    split: SplitData
    folder: Path
    allowed_imports: Collection[str]
    cells: tuple[tuple[int, Shots, int], ...]
    """Seed, shots and replicate of each trial to come."""
    max_memory: int = DEFAULT_MEMORY
    """Bytes that an arm's own arrays may take, over all processes."""
    copies: int = 1
    """In how many processes the prepared arm is held."""
    health: frozenset[str] = frozenset()
    """Metrics that the charter's gates ask for, of which a circuit's arm figures its own."""


_KINDS = {
    "estimator": ("qgate.arms.classical", "ClassicalArm"),
    "quantum_kernel": ("qgate.arms.quantum_kernel", "QuantumKernelArm"),
    "projected_kernel": ("qgate.arms.projected_kernel", "ProjectedKernelArm"),
    "random_features": ("qgate.arms.random_features", "RandomFeaturesArm"),
    "variational": ("qgate.arms.variational", "VariationalArm"),
    "recorded": ("qgate.arms.recorded", "RecordedArm"),
    "solver": ("qgate.arms.solver", "SolverArm"),
    "quantum_solver": ("qgate.arms.quantum_solver", "QuantumSolverArm"),
}


def build_arm(spec: ArmSpec, workshop: Workshop) -> Arm:
    """Return a prepared arm.

    Raises:
        UsageError, InvalidFileError: When its classes, parameters or files are not usable.
        TrialError: When its preparation fails on these data.

    """
    if spec.permuted:
        seeds = sorted({seed for seed, _, _ in workshop.cells})
        workshop = replace(workshop, split=workshop.split.permuted(seeds))
    module, name = _KINDS[spec.kind]
    arm: Arm = getattr(importlib.import_module(module), name)(spec, workshop)
    return arm


@contextmanager
def located(*place: str | int) -> Iterator[None]:
    """Put a section's place in the charter before the path of a term that is wrong within it."""
    try:
        yield
    except (TermError, plugins.ParamError) as error:
        raise TermError((*place, *error.path), str(error)) from None


def fingerprint(drawn: Array) -> str | None:
    """Return a digest of drawn frequencies, by which two draws that are the same are known.

    None where fewer than 64 of them lie strictly between 0 and 1: so few could agree by chance.
    """
    inner = np.count_nonzero((drawn != 0) & (drawn != 1))
    return sha256(np.ascontiguousarray(drawn).tobytes())[:16] if inner >= _FEWEST_DRAWS else None


def generator(role: str, seed: int, shots: Shots, replicate: int, call: str) -> np.random.Generator:
    """Return the stream of one draw: a SeedSequence of its own for each arm, seed, level, call.

    The entropy is a digest of the draw's name, since neighbouring integer seeds may correlate, and
    a seed that a sampler takes anew in each call gives each call the same draws.
    """
    name = f"{role}/{seed}/{shots}/{replicate}/{call}"
    entropy = int.from_bytes(bytes.fromhex(sha256(name.encode())))
    return np.random.default_rng(np.random.SeedSequence(entropy))
