"""The figures of health that gates ask of an arm with a circuit, all of exact states.

At most 200 training rows are looked at, evenly spread over their order. With a device, states are
those behind its noise, else pure ones; the Meyer-Wallach measure, which is of pure states only, is
always of the ideal ones. Of concurrence and negativity a row's figure is that of its strongest
pair of qubits. What cannot be figured is left out, so that a gate on it is not passed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from qgate.arms.target import significant
from qgate.data.dataset import Array, Codes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    from qgate.quantum.device import Device
    from qgate.quantum.engine import Numbers
    from qgate.quantum.feature_map import FeatureMap

ROWS = 200
"""The most rows whose states are looked at."""
_MOST_QUBITS = {"ideal": 16, "noisy": 10}
_BLOCK_BYTES = 32 * 1024**2


@dataclass(frozen=True)
class OnDevice:
    """An arm's circuit on its device."""

    device: Device
    """With exactly the circuit's qubits."""
    prepares: QuantumCircuit
    """U(x) alone."""
    parameters: tuple[Parameter, ...]
    """Of U(x), in the feature map's order."""
    runs: QuantumCircuit
    """The circuit that is read: U(x) and what follows it."""


@dataclass(frozen=True)
class Subject:
    """What is looked at."""

    feature_map: FeatureMap
    features: Array
    """Of the chosen training rows, shape (rows, columns)."""
    gram: Array
    """The exact kernel of these rows."""
    placed: OnDevice | None

    @functools.cached_property
    def ideal(self) -> Numbers:
        """Return amplitudes without noise, shape (rows, 2^qubits)."""
        from qgate.quantum.kernel import StateKernel

        return StateKernel(self.feature_map).first(self.features)

    @functools.cached_property
    def noisy(self) -> Array:
        """Return Pauli coefficients behind the device's noise, shape (rows, 4^qubits)."""
        from qgate.quantum.noise import gate_noise

        return self._coefficients(gate_noise(_known(self.placed).device))

    @functools.cached_property
    def perfect(self) -> Array:
        """Return the same were the device without errors."""
        return self._coefficients({})

    def _coefficients(self, noise: Any) -> Array:
        from qgate.quantum.engine import evolve, product
        from qgate.quantum.program import compile_channels

        placed = _known(self.placed)
        compiled = compile_channels(placed.prepares, placed.parameters, noise)
        zero = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
        start = product([zero] * self.feature_map.qubits)
        angles = compiled.angles(self.feature_map.angles(self.features))
        return evolve(compiled.program, angles, start)


def chosen_rows(rows: int) -> Codes:
    """Return which of so many rows are looked at: all, or 200 evenly spread over them."""
    if rows <= ROWS:
        return np.arange(rows, dtype=np.int64)
    return np.linspace(0, rows - 1, ROWS).round().astype(np.int64)


def check_up(asked: Collection[str], subject: Subject) -> dict[str, Any]:
    """Return the figures that are asked for and can be given, by name.

    Args:
        asked: Names of figures; those of other kinds of measurement are passed over.
        subject: The arm's circuit, rows and kernel.

    Returns:
        A list with a number for each row, or one number: to 9 significant digits.

    """
    with threadpool_limits(limits=1):
        found: dict[str, Any] = dict(_of_rows([n for n in asked if n in _OF_ROWS], subject))
        for name in sorted(set(asked) & _OF_ALL.keys()):
            try:
                found[name] = significant(_OF_ALL[name](subject))
            except ValueError:
                continue
    return dict(sorted(found.items()))


def _of_rows(names: Collection[str], subject: Subject) -> Iterator[tuple[str, list[float]]]:
    """Yield figures that each row has, computed block by block."""
    qubits, noisy = subject.feature_map.qubits, subject.placed is not None
    if not names or qubits > _MOST_QUBITS["noisy" if noisy else "ideal"]:
        return
    size = max(1, _BLOCK_BYTES // (8 * 4**qubits if noisy else 16 * 2**qubits))
    rows = len(subject.features)
    found: dict[str, list[Array]] = {name: [] for name in names}
    for first in range(0, rows, size):
        part = replace(subject, features=subject.features[first : first + size])
        for name in names:
            values = _OF_ROWS[name](part)
            if values is not None:
                found[name].append(values)
    for name, parts in found.items():
        if parts:
            yield name, [significant(value) for value in np.concatenate(parts).tolist()]


def _state_fidelity(subject: Subject) -> Array:
    from qgate.quantum.health import state_fidelity

    if subject.placed is None:
        return np.ones(len(subject.features))
    return state_fidelity(subject.noisy, subject.perfect)


def _purity(subject: Subject) -> Array:
    from qgate.quantum.health import purity

    return np.ones(len(subject.features)) if subject.placed is None else purity(subject.noisy)


def _l1_coherence(subject: Subject) -> Array:
    from qgate.quantum.health import density_matrices, l1_coherence

    if subject.placed is None:
        return l1_coherence(subject.ideal)
    rows = (subject.noisy[row : row + 1] for row in range(len(subject.features)))
    return np.concatenate([l1_coherence(density_matrices(row)) for row in rows])


def _meyer_wallach(subject: Subject) -> Array:
    from qgate.quantum.health import meyer_wallach

    return meyer_wallach(subject.ideal)


def _strongest(name: str) -> Callable[[Subject], Array | None]:
    def figure(subject: Subject) -> Array | None:
        from qgate.quantum import health

        if subject.feature_map.qubits == 1:
            return None
        pairs = (
            health.pair_matrices(subject.ideal)
            if subject.placed is None
            else health.noisy_pair_matrices(subject.noisy)
        )
        return np.asarray(getattr(health, name)(pairs).max(axis=1))

    return figure


def _decoherence(subject: Subject) -> float:
    from qgate.quantum.circuit_health import decoherence

    placed = _known(subject.placed)
    return float(decoherence(placed.runs, placed.device).max())


def _success(subject: Subject) -> float:
    from qgate.quantum.circuit_health import success_probability

    placed = _known(subject.placed)
    return success_probability(placed.runs, placed.device)


def _variance(subject: Subject) -> float:
    from qgate.quantum.kernel_health import concentration

    if len(subject.gram) < 2:
        raise ValueError("one row has no pairs")
    return concentration(subject.gram).variance


def _difference(subject: Subject) -> float:
    from qgate.quantum.kernel_health import geometric_difference, rbf

    return geometric_difference(rbf(subject.features), subject.gram)


def _alignment(subject: Subject) -> float:
    from qgate.quantum.kernel_health import alignment, rbf

    return alignment(subject.gram, rbf(subject.features))


def _known(placed: OnDevice | None) -> OnDevice:
    if placed is None:
        raise ValueError("there is no device")
    return placed


_OF_ROWS: dict[str, Callable[[Subject], Array | None]] = {
    "state_fidelity": _state_fidelity,
    "purity": _purity,
    "l1_coherence": _l1_coherence,
    "meyer_wallach": _meyer_wallach,
    "concurrence": _strongest("concurrence"),
    "negativity": _strongest("negativity"),
}
_OF_ALL: dict[str, Callable[[Subject], float]] = {
    "decoherence": _decoherence,
    "success_probability": _success,
    "kernel_variance": _variance,
    "geometric_difference": _difference,
    "kernel_alignment": _alignment,
}
FIGURES = frozenset(_OF_ROWS) | frozenset(_OF_ALL)
"""What can be asked of an arm with a kernel's circuit."""
