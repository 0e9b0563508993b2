"""A charter's kernel and the number of its features, to the kernel that is simulated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgate.charter.arm_spec import Mitigation, QuantumKernel
from qgate.errors import TermError
from qgate.quantum.device import Device, restricted
from qgate.quantum.device_kernel import DeviceKernel
from qgate.quantum.feature_map import FeatureMap, circuit_paths
from qgate.quantum.figures import CircuitFigures, beyond, figures_of, plain_figures
from qgate.quantum.kernel import Kernel, StateKernel
from qgate.quantum.mitigation import mitigated
from qgate.quantum.product_kernel import ProductKernel
from qgate.quantum.seat import Seat, chosen_qubits, seat
from qgate.quantum.template import Template, folded, make_template, pair_circuit


@dataclass(frozen=True)
class Placed(Seat):
    """The circuit of a pair on the qubits of a device."""

    template: Template

    @property
    def order(self) -> tuple[int, ...]:
        """Return the device's qubit that each of the circuit's own qubits stands on at first."""
        return tuple(self.qubits[place] for place in self.template.layout)


@dataclass(frozen=True)
class Built:
    """A kernel ready to simulate, and what stands behind it."""

    kernel: Kernel
    feature_map: FeatureMap
    placed: Placed | None
    mitigation: Mitigation | None

    @property
    def figures(self) -> dict[str, Any]:
        """Return the figures of the circuit that runs, as plain values."""
        found = plain_figures(self.circuit_figures, self.placed)
        if self.mitigation is not None:
            found["mitigation"] = self.mitigation.words
        if isinstance(self.kernel, ProductKernel):
            found |= {"max_bond": self.kernel.max_bond, "bond": self.kernel.bond}
        return found

    @property
    def circuit_figures(self) -> CircuitFigures:
        """Return the figures of U(x) and the adjoint of U(y), on the device where there is one."""
        return _figures(self.feature_map, self.placed, self.mitigation)


def build_kernel(spec: QuantumKernel, features: int, folder: Path, *, sampled: bool) -> Built:
    """Return a charter's kernel for rows of so many features.

    Args:
        spec: The charter's section.
        features: Columns after preprocessing.
        folder: What the charter's paths are relative to.
        sampled: Whether shots will be drawn, for which mitigated readout needs every outcome.

    Raises:
        TermError: When the layers do not fit the features, or the circuit is beyond the charter's
            limits or its device; the path is that within the kernel's section.

    """
    files = circuit_paths(spec.layers, folder)
    feature_map = FeatureMap(spec.layers, spec.repeat, features, files)
    placed = None
    if spec.device is not None:
        found = seat(spec.device, folder, feature_map.qubits)
        template = make_template(feature_map, found.laid_by)
        placed = Placed(**vars(found), template=template)
    if excess := beyond(_figures(feature_map, placed, spec.mitigation), spec.limits):
        raise TermError(("limits", excess[0]), excess[1])
    kernel = _kernel(spec, feature_map, placed, sampled=sampled)
    return Built(kernel, feature_map, placed, spec.mitigation)


def _figures(
    feature_map: FeatureMap, placed: Placed | None, mitigation: Mitigation | None
) -> CircuitFigures:
    """Return the figures of the deepest circuit of a pair: the one that is folded most."""
    if placed is None:
        return figures_of(pair_circuit(feature_map)[0])
    zero_noise = mitigation.zero_noise if mitigation else None
    scale = max(zero_noise.scales) if zero_noise else 1
    return figures_of(folded(placed.template, scale).circuit)


def _kernel(
    spec: QuantumKernel, feature_map: FeatureMap, placed: Placed | None, *, sampled: bool
) -> Kernel:
    if placed is not None and spec.mitigation is not None:
        return mitigated(
            spec.mitigation, feature_map, placed.device, placed.template, sampled=sampled
        )
    if placed is not None:
        return DeviceKernel(feature_map, placed.device, placed.template)
    if spec.max_bond is not None:
        return ProductKernel(feature_map, spec.max_bond)
    return StateKernel(feature_map)


def place(feature_map: FeatureMap, whole: Device, qubits: Sequence[int]) -> Placed:
    """Return a circuit on a device's qubits, on the best ones where none are named.

    Raises:
        TermError: When it does not fit; the path is that within the kernel's section.

    """
    used = chosen_qubits(feature_map.qubits, whole, qubits)
    device = restricted(whole, used)
    return Placed(whole, device, device, used, make_template(feature_map, device))
