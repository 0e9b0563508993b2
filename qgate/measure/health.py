"""Health of the candidate's circuit: its states, its device and its kernel, as gates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Gate
from qgate.evidence.evidence import Array, Evidence
from qgate.lock.lock import Lock
from qgate.measure.level import confidence_of
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.measure.registry import METRICS
from qgate.plan.plan import Plan
from qgate.stats.pivots import TPivot

_CLAIM = "this_artifact"
_KERNELS = ("quantum_kernel", "projected_kernel")


@dataclass(frozen=True)
class _Source:
    """Which arms give a figure."""

    kinds: tuple[str, ...] = _KERNELS
    device: bool = False
    """Whether only a circuit on a device has it."""
    pairs: bool = False
    """Whether it is of pairs of qubits."""

    def lacks(self, arm: ArmSpec) -> str | None:
        """Return why an arm cannot give it, None where it may."""
        if arm.kind not in self.kinds:
            return f"the {arm.role} is of kind {arm.kind}"
        if self.device and arm.device is None:
            return f"the {arm.role} has no device"
        return None

    @property
    def words(self) -> str:
        """Return which arms give it, and when."""
        found = f"an arm of kind {' or '.join(self.kinds)}"
        if self.device:
            return f"{found} with a `device`, whose times and errors are known"
        return f"{found}, of {'2' if self.pairs else '1'} to 16 qubits, to 10 behind noise"


_ON_DEVICE = _Source(device=True)
_OF_PAIRS = _Source(pairs=True)
_SOURCES = {
    "concurrence": _OF_PAIRS,
    "negativity": _OF_PAIRS,
    "decoherence": _ON_DEVICE,
    "success_probability": _ON_DEVICE,
    "gradient_variance": _Source(("variational",)),
}
_OF_KERNEL = frozenset({"kernel_variance", "geometric_difference", "kernel_alignment"})


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the mean over rows with bounds by Student's t, or the one number that there is."""
    del advise
    found = _figure(evidence, "candidate", gate.metric)
    if found is None:
        return Measurement(error=_missing(evidence.charter.candidate, gate.metric))
    try:
        rows = _rows(found)
    except ValueError as error:
        return Measurement(error=f"{gate.metric}: {error}")
    baseline = _baseline_value(evidence, gate.metric)
    if rows.count is None:
        method = "modelled from the device's snapshot"
        if gate.metric not in _SOURCES:
            method = "of the exact kernel of training rows"
        if gate.metric == "gradient_variance":
            method = "of exact gradients"
        return Measurement(
            rows.mean, bounded=False, baseline_value=baseline, method=method, claim="this_run"
        )
    return _mean(rows, rows.count, gate, confidence_of(gate, evidence), baseline)


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return whether the candidate gives the figure; it then decides, whatever the rows are."""
    del lock, past
    source = _SOURCES.get(gate.metric, _Source())
    if lacks := source.lacks(plan.charter.candidate):
        return Forecast(False, None, lacks, f"{gate.metric} is given by {_words(gate.metric)}")
    return Forecast(True, None, "of exact states, computed before the trials")


def _mean(
    rows: _Rows, count: int, gate: Gate, confidence: float, baseline: float | None
) -> Measurement:
    if count < 2:
        return Measurement(error=f"{gate.metric}: bounds of a mean need at least 2 rows")
    terms = METRICS[gate.metric]
    pivot = TPivot(rows.mean, rows.deviation / math.sqrt(count), count - 1)
    low, high = pivot.ends(2 * confidence - 1)
    notes = (f"Row by row {rows.least:.4g} to {rows.most:.4g}.",)
    if rows.deviation == 0:
        notes = ("The same for every row: the bounds have no width.",)
    return Measurement(
        rows.mean, max(low, terms.low), min(high, terms.high), True, baseline,
        Counts(items=count), f"mean over {count} training rows, Student's t", _CLAIM, notes,
        confidence=confidence,
    )  # fmt: skip


@dataclass(frozen=True)
class _Rows:
    """A figure's rows, as far as the bounds of their mean rest on them; `count` None for one."""

    count: int | None
    mean: float
    deviation: float = 0.0
    least: float = 0.0
    most: float = 0.0


def _rows(found: object) -> _Rows:
    """Return a figure's rows: of their numbers, or of what confidential evidence has in place.

    Raises:
        ValueError: When they are no finite numbers.

    """
    if isinstance(found, Mapping):
        summary = [found.get(key) for key in ("rows", "mean", "sd", "least", "most")]
        values = _numbers(summary)
        if not values[0] == int(values[0]) >= 1 or values[2] < 0:
            raise ValueError("the evidence holds no summary of rows")
        return _Rows(int(values[0]), *(float(value) for value in values[1:]))
    values = _numbers(found)
    if values.ndim == 0:
        return _Rows(None, float(values))
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return _Rows(
        len(values), float(values.mean()), deviation, float(values.min()), float(values.max())
    )


def _figure(evidence: Evidence, role: str, metric: str) -> object:
    figures = evidence.record.get("figures") or {}
    return (figures.get(role, {}).get("health") or {}).get(metric)


def _numbers(found: object) -> Array:
    """Return a finite number, or a list of them, as an array of 0 or 1 axes."""
    try:
        values = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError("the evidence holds no numbers") from None
    if values.ndim > 1 or not values.size or not np.all(np.isfinite(values)):
        raise ValueError("the evidence holds no finite numbers")
    return values


def _baseline_value(evidence: Evidence, metric: str) -> float | None:
    found = _figure(evidence, "baseline", metric)
    try:
        return None if found is None else _rows(found).mean
    except ValueError:
        return None


def _missing(arm: ArmSpec, metric: str) -> str:
    lacks = _SOURCES.get(metric, _Source()).lacks(arm) or "this run did not figure it"
    return f"{lacks}: {metric} is given by {_words(metric)}"


def _words(metric: str) -> str:
    source = _SOURCES.get(metric, _Source())
    if metric in _OF_KERNEL or metric == "gradient_variance":
        return f"an arm of kind {' or '.join(source.kinds)}"
    return source.words
