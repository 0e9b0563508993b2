"""A charter's circuit with trained weights and the number of its features, to what is simulated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qgate.charter.arm_spec import Variational
from qgate.charter.charter import Shots
from qgate.errors import TermError
from qgate.quantum.engine import Array, evolve
from qgate.quantum.feature_map import FeatureMap, circuit_paths
from qgate.quantum.figures import CircuitFigures, beyond, figures_of, plain_figures
from qgate.quantum.gradient import Differentiable
from qgate.quantum.layout import Seated, seated
from qgate.quantum.noise import gate_noise
from qgate.quantum.noise import readout as readout_errors
from qgate.quantum.program import Compiled, compile_channels, compile_states
from qgate.quantum.readout import Readout
from qgate.quantum.trained_circuit import ExactCircuit, MeasuredCircuit

_BLOCK_BYTES = 64 * 1024**2
"""Of the states that outcomes are read of at a time."""


@dataclass(frozen=True)
class BuiltVariational:
    """A circuit with trained weights, ready to simulate, and what stands behind it."""

    feature_map: FeatureMap
    read: tuple[int, ...]
    """The circuit's qubits that are read."""
    placed: Seated | None
    depolarised: float = 0.0
    """Strength of a global depolarising channel before the readout (modelled drift)."""

    @property
    def circuit(self) -> QuantumCircuit:
        """Return the circuit that runs, on the device where there is one."""
        return self.placed.laid.circuit if self.placed else self.feature_map.circuit

    @property
    def circuit_figures(self) -> CircuitFigures:
        """Return the figures of that circuit."""
        return figures_of(self.circuit)

    @property
    def figures(self) -> dict[str, Any]:
        """Return the same, and the device, as plain values."""
        return plain_figures(self.circuit_figures, self.placed)

    @property
    def row_bytes(self) -> int:
        """Return what the chances of a row's joint outcomes take in memory, bytes."""
        return int(8 * 2 ** len(self.read))

    @property
    def state_bytes(self) -> int:
        """Return what a row's state takes in memory, bytes."""
        return int(16 * 2**self.feature_map.qubits if self.placed is None
                   else 8 * 4**self.feature_map.qubits)  # fmt: skip

    @functools.cached_property
    def readout(self) -> Readout:
        """Return how the circuit's end is read, with the device's errors where there is one."""
        if self.placed is None:
            return Readout(self.feature_map.qubits, self.read, depolarised=self.depolarised)
        ends = tuple(self.placed.laid.ends[qubit] for qubit in self.read)
        errors = readout_errors(self.placed.device)
        return Readout(self.feature_map.qubits, ends, 4, errors, self.depolarised)

    @functools.cached_property
    def _compiled(self) -> Compiled:
        """Return the circuit that runs as a program, not fused."""
        if self.placed is None:
            return compile_states(self.feature_map.circuit, self.feature_map.parameters, fuse=False)
        laid, noise = self.placed.laid, gate_noise(self.placed.device)
        return compile_channels(laid.circuit, laid.parameters, noise, fuse=False)

    @functools.cached_property
    def _exact(self) -> Differentiable:
        fmap = self.feature_map
        compiled = compile_states(fmap.circuit, fmap.parameters, fuse=False)
        return _program(compiled, fmap, Readout(fmap.qubits, self.read))

    @functools.cached_property
    def _noisy(self) -> Differentiable:
        return _program(self._compiled, self.feature_map, self.readout)

    def exact(self, X: Array) -> ExactCircuit:
        """Return the circuit on training rows without noise or shots."""
        return ExactCircuit(self._exact, self.feature_map.weights, self.feature_map.data(X))

    def noisy(self, X: Array) -> ExactCircuit:
        """Return the same behind the device's noise, where there is one, and without shots."""
        return ExactCircuit(self._noisy, self.feature_map.weights, self.feature_map.data(X))

    def measured(self, X: Array, shots: Shots, rng: np.random.Generator) -> MeasuredCircuit:
        """Return the circuit on training rows as a trial has it."""
        fmap = self.feature_map
        return MeasuredCircuit(self._noisy, self.readout, fmap.weights, fmap.data(X), shots, rng)

    def reader(self, weights: Array) -> Callable[[Array], Array]:
        """Return what gives the chance of each joint outcome of rows, (rows, 2^read).

        Args:
            weights: Trained, shape (weights,).

        """
        fmap, readout = self.feature_map, self.readout
        values = fmap.weights.values(np.zeros((1, len(fmap.parameters))), weights)[0]
        compiled = self._compiled.settled(values, fmap.weights.data)
        block = max(1, _BLOCK_BYTES // self.state_bytes)

        def read(X: Array) -> Array:
            angles = compiled.angles(fmap.angles(X, weights))
            found = np.empty((len(X), 2 ** len(self.read)))
            for first in range(0, len(X), block):
                part = slice(first, first + block)
                found[part] = readout.outcomes(
                    evolve(compiled.program, angles[part], readout.start)
                )
            return found

        return read


def _program(compiled: Compiled, feature_map: FeatureMap, readout: Readout) -> Differentiable:
    data = feature_map.weights.data
    return Differentiable(compiled, data, readout.start, readout.observables)


def build_variational(
    spec: Variational, features: int, classes: int, folder: Path
) -> BuiltVariational:
    """Return a charter's circuit for rows of so many features.

    Args:
        spec: The charter's section.
        features: Columns after preprocessing.
        classes: Of the target, 0 where it is a number.
        folder: What the charter's paths are relative to.

    Raises:
        TermError: When the layers do not fit the features, the circuit has no weights, is beyond
            the charter's limits or its device, or the qubits to read are not there; the path is
            that within the section.

    """
    files = circuit_paths((*spec.layers, *spec.closing), folder)
    feature_map = FeatureMap(
        spec.layers, spec.repeat, features, files, closing=spec.closing, trained=True
    )
    if not feature_map.weights.count:
        raise TermError(("layers",), "no layer has a weight that is trained")
    read = _read(spec.readout, feature_map.qubits, classes)
    placed = seated(spec.device, folder, feature_map) if spec.device else None
    built = BuiltVariational(feature_map, read, placed)
    if found := beyond(built.circuit_figures, spec.limits):
        raise TermError(("limits", found[0]), found[1])
    return built


def _read(wanted: tuple[int, ...], qubits: int, classes: int) -> tuple[int, ...]:
    """Return the qubits that are read: those named, else all, or one for each of several classes.

    Raises:
        TermError: When they are not there, or not as many as several classes need.

    """
    several = classes > 2
    if several and (len(wanted) if wanted else qubits) < classes:
        has = f"{len(wanted)} are read" if wanted else f"the circuit has {qubits}"
        message = f"{classes} classes need {classes} qubits to read, {has}"
        raise TermError(("readout",) if wanted else ("layers",), message)
    if several and len(wanted) > classes:
        message = f"{classes} classes are read from {classes} qubits, not {len(wanted)}"
        raise TermError(("readout",), message)
    if wanted and max(wanted) >= qubits:
        message = f"the circuit has qubits 0 to {qubits - 1}, not {max(wanted)}"
        raise TermError(("readout",), message)
    return wanted or tuple(range(classes if several else qubits))
