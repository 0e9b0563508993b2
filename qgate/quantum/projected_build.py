"""A charter's projected kernel and the number of its features, to what is simulated of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit

from qgate.charter.arm_spec import ProjectedKernel
from qgate.errors import TermError
from qgate.quantum.feature_map import FeatureMap, circuit_paths
from qgate.quantum.figures import CircuitFigures, beyond, figures_of, plain_figures
from qgate.quantum.layout import Seated, seated, turn
from qgate.quantum.projected import Rows, StateRows
from qgate.quantum.projected_device import DeviceRows

_DEEPEST = "y"
"""The basis with the most gates before its readout."""
_PAIR = 32
"""Bytes of a kernel entry at the peak: distances, the exponential, its rounding, the result."""


@dataclass(frozen=True)
class BuiltRows:
    """What prepares the rows of a projected kernel, and what stands behind it."""

    rows: Rows
    feature_map: FeatureMap
    placed: Seated | None

    @property
    def circuit(self) -> QuantumCircuit:
        """Return the longest of a row's three circuits, on the device where there is one."""
        return _longest(self.feature_map, self.placed)

    @property
    def circuit_figures(self) -> CircuitFigures:
        """Return the figures of that circuit."""
        return figures_of(self.circuit)

    @property
    def figures(self) -> dict[str, Any]:
        """Return the figures of the circuit that runs, as plain values."""
        return plain_figures(self.circuit_figures, self.placed)

    def refusal(self, train: int, validation: int, *, limit: int, copies: int) -> str | None:
        """Return why the rows should not be prepared, and what would fit; None where they may.

        Args:
            train: Training rows.
            validation: Validation rows.
            limit: Bytes allowed.
            copies: In how many processes the readings are held.

        """
        rows = train + validation
        each = rows * self.rows.row_bytes + train * rows * _PAIR
        needed = self.rows.block_bytes + each * copies
        if needed <= limit:
            return None
        what = "noisy states" if self.placed else "states"
        return (
            f"{rows} {what} of {self.feature_map.qubits} qubits, their outcomes in three bases and "
            f"the kernel take {needed / 1e9:.3g} GB, and --max-memory allows {limit / 1e9:.3g} GB: "
            "use fewer qubits (PCA in the arm's preprocess) or fewer rows"
        )


def build_projected(
    spec: ProjectedKernel, features: int, folder: Path, *, sampled: bool
) -> BuiltRows:
    """Return what prepares a projected kernel's rows of so many features.

    Args:
        spec: The charter's section.
        features: Columns after preprocessing.
        folder: What the charter's paths are relative to.
        sampled: Whether shots will be drawn, for which every joint outcome is needed.

    Raises:
        TermError: When the layers do not fit the features, or the circuit is beyond the charter's
            limits or its device; the path is that within the kernel's section.

    """
    files = circuit_paths(spec.layers, folder)
    feature_map = FeatureMap(spec.layers, spec.repeat, features, files)
    placed = None
    if spec.device is not None:
        placed = seated(spec.device, folder, feature_map)
    if found := beyond(figures_of(_longest(feature_map, placed)), spec.limits):
        raise TermError(("limits", found[0]), found[1])
    rows: Rows = StateRows(feature_map, sampled=sampled)
    if placed is not None:
        rows = DeviceRows(feature_map, placed.device, placed.laid, sampled=sampled)
    return BuiltRows(rows, feature_map, placed)


def _longest(feature_map: FeatureMap, placed: Seated | None) -> QuantumCircuit:
    if placed is not None:
        return placed.laid.whole(_DEEPEST)
    return feature_map.circuit.compose(turn(feature_map.qubits, _DEEPEST))
