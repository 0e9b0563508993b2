"""Error mitigation of a device's kernel, by mitiq: readout, and zero-noise extrapolation."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from qgate.charter.arm_spec import Mitigation, ZeroNoise
from qgate.errors import TermError, UsageError
from qgate.quantum.device import Device, on_qubits
from qgate.quantum.device_kernel import DeviceKernel
from qgate.quantum.engine import Array
from qgate.quantum.estimate import DIGITS, Combined, Estimate, Frequency, WeightedOutcomes, rounded
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import Kernel
from qgate.quantum.noise import readout
from qgate.quantum.template import Template, folded

_FACTORIES = {"linear": "LinearFactory", "richardson": "RichardsonFactory"}
_BLIND = 1e-6
"""Difference of the chances to read 0 of a 0 and of a 1, below which nothing is read."""


def mitigated(
    spec: Mitigation,
    feature_map: FeatureMap,
    device: Device,
    template: Template,
    *,
    sampled: bool,
) -> Kernel:
    """Return a device's kernel behind the mitigation that a charter asks for.

    Raises:
        UsageError: Where mitiq is not installed.
        TermError: Where a qubit's reading says nothing that could be mitigated.

    """
    scales = spec.zero_noise.scales if spec.zero_noise else (1,)
    kernels: list[Kernel] = []
    for scale in scales:
        plain = DeviceKernel(feature_map, device, folded(template, scale))
        kernels.append(_ReadoutMitigated(plain, device, sampled=sampled) if spec.readout else plain)
    if spec.zero_noise is None:
        return kernels[0]
    return _Extrapolated(tuple(kernels), zero_noise_weights(spec.zero_noise))


def zero_noise_weights(spec: ZeroNoise) -> tuple[float, ...]:
    """Return what each scale's estimate weighs in the extrapolation to no noise.

    Both fits are linear in the estimates, so mitiq's answer to each unit vector is a weight (Temme
    et al. 2017; Giurgica-Tiron et al. 2020). They are rounded, since mitiq's are of a numerical
    fit.
    """
    extrapolate = getattr(_mitiq("mitiq.zne.inference"), _FACTORIES[spec.fit]).extrapolate
    units = np.eye(len(spec.scales)).tolist()
    scales = list(map(float, spec.scales))
    return tuple(round(float(extrapolate(scales, unit)), DIGITS) for unit in units)


def readout_weights(device: Device) -> Array:
    """Return what each outcome weighs in the mitigated chance of all zeros, shape (2^qubits,).

    The first row of the inverse of the tensored confusion matrix (Bravyi et al. 2021), which mitiq
    inverts qubit by qubit; a confusion matrix has the prepared bit as its column.

    Raises:
        UsageError: Where mitiq is not installed.
        TermError: Where a qubit reads 0 and 1 alike, whatever was prepared.

    """
    inverse = _mitiq("mitiq.rem.inverse_confusion_matrix").generate_inverse_confusion_matrix
    confusion = readout(device)
    if blind := [q for q, chances in enumerate(confusion) if np.ptp(chances[:, 0]) < _BLIND]:
        message = f"{device.name}: the reading of {on_qubits(blind)} of those used says nothing"
        raise TermError(("mitigation", "readout"), f"{message}: name other qubits")
    rows = [
        np.asarray(inverse(1, p0=float(chances[0, 1]), p1=float(chances[1, 0])))[0]
        for chances in confusion
    ]
    return np.asarray(reduce(np.kron, reversed(rows)), dtype=np.float64)


class _ReadoutMitigated:
    """Every outcome weighted by the inverse confusion; perfect readout where nothing is drawn."""

    unit_diagonal = False

    def __init__(self, kernel: DeviceKernel, device: Device, *, sampled: bool) -> None:
        self._kernel, self._weights, self._sampled = kernel, readout_weights(device), sampled

    @property
    def row_bytes(self) -> int:
        return self._kernel.row_bytes * (len(self._weights) if self._sampled else 1)

    @property
    def pair_bytes(self) -> int:
        return self._kernel.pair_bytes + (24 * len(self._weights) if self._sampled else 0)

    def first(self, X: Array) -> Array:
        return self._kernel.first(X)

    def second(self, X: Array) -> Array:
        """Return effects of shape (outcomes, rows, 4^qubits), or of perfect readout."""
        if not self._sampled:
            return self._kernel.perfect(X)
        return np.stack([self._kernel.second(X, s) for s in range(len(self._weights))])

    def estimate(self, first: Array, second: Array) -> Estimate:
        if not self._sampled:
            perfect = 0.5 ** round(np.log2(len(self._weights)))
            return Frequency(np.round(first @ second.T, DIGITS), mixed=perfect)
        outcomes = np.stack([first @ effects.T for effects in second], axis=-1)
        return WeightedOutcomes(rounded(outcomes), self._weights, self._kernel.mixed)


class _Extrapolated:
    """The same kernel at several strengths of noise, extrapolated to none."""

    unit_diagonal = False

    def __init__(self, kernels: Sequence[Kernel], weights: Sequence[float]) -> None:
        self._kernels, self._weights = tuple(kernels), tuple(weights)

    @property
    def row_bytes(self) -> int:
        return sum(kernel.row_bytes for kernel in self._kernels)

    @property
    def pair_bytes(self) -> int:
        return sum(kernel.pair_bytes for kernel in self._kernels)

    def first(self, X: Array) -> list[Any]:
        return [kernel.first(X) for kernel in self._kernels]

    def second(self, X: Array) -> list[Any]:
        return [kernel.second(X) for kernel in self._kernels]

    def estimate(self, first: Sequence[Any], second: Sequence[Any]) -> Combined:
        pairs = zip(self._kernels, first, second, strict=True)
        return Combined(tuple(k.estimate(one, other) for k, one, other in pairs), self._weights)


def _mitiq(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise UsageError(
            "error mitigation needs the package mitiq: pip install 'qgate[mitigation]'"
        ) from None
