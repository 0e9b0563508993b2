"""By how much one gate's measurement moved from one bundle to another, with an interval.

Where both bundles predict the very same items the two are paired: the cells of the newer minus
those of the older go through the analysis that the gate itself is judged by. Elsewhere the
interval is recovered from the two intervals (Zou and Donner 2008). What is not random has an exact
difference; what no procedure here bounds has none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qgate.charter.charter import Gate, Threshold
from qgate.evidence.evidence import Array, Evidence, MissingTrialError
from qgate.measure.cell_difference import MOVER, cell_difference
from qgate.measure.measurement import Measurement
from qgate.measure.registry import METRICS, family
from qgate.stats.difference import Bounded, mover
from qgate.stats.pivots import TPivot

_TINY = 1e-9
"""A share of the larger value below which a difference is rounding."""
_AS_IF = ", as if independent: too wide on the same items"
_TWO_RUNS = "; what the machine did from one run to the other is not in it"
_EXACT = "exact: nothing is random"


@dataclass(frozen=True)
class Side:
    """One bundle's part in a difference."""

    evidence: Evidence
    gate: Gate
    measurement: Measurement

    @property
    def timed(self) -> bool:
        """Return whether the value hangs on measured times, which never come out the same."""
        needs, prices = METRICS[self.gate.metric].needs, self.evidence.charter.budget.prices
        return "latency" in needs or (
            "prices" in needs and prices is not None and prices.per_second > 0
        )


@dataclass(frozen=True)
class Difference:
    """The newer value minus the older, in the metric's unit; each bound holds one-sided."""

    value: float | None
    low: float | None = None
    high: float | None = None
    bounded: bool = True
    """False where nothing is random: the value itself is the difference."""
    interval: bool = True
    """False where no interval is honest; the method says why."""
    confidence: float | None = None
    method: str = ""
    shares: tuple[tuple[str, Bounded], ...] = ()
    """Of a gap's move, what is the baseline's and what is the candidate's; they add up to it."""
    control: Difference | None = None
    """Of a time of the candidate, the difference of the baseline's in the same two runs."""

    @property
    def sign(self) -> int:
        """Return 1 or -1 where the move is shown, or exact, upward or downward; 0 where not."""
        if self.value is None or not self.interval:
            return 0
        if not self.bounded:
            return (self.value > 0) - (self.value < 0)
        if self.low is not None and self.low > 0:
            return 1
        return -1 if self.high is not None and self.high < 0 else 0


def same_items(older: Evidence, newer: Evidence) -> bool:
    """Return whether both bundles predicted the same items in the same order."""
    one, other = (evidence.record["inputs"] for evidence in (older, newer))
    return bool(
        one["data content"] == other["data content"]
        and one["split"] == other["split"]
        and older.record["classes"] == newer.record["classes"]
        and older.record.get("items") == newer.record.get("items")
        and older.items == newer.items
        and np.array_equal(np.asarray(older.truths[0]), np.asarray(newer.truths[0]))
        and (not older.resampled or older.seeds == newer.seeds)
    )


def difference(older: Side, newer: Side) -> Difference:
    """Return by how much a gate's measurement moved, with the interval that is honest for it.

    The confidence is the larger one that the two gates state, whatever looks or attempts took of
    it: a comparison is one question, not one of several chances to pass.

    Args:
        older: The reference.
        newer: What is held against it; its gate is of the same metric.

    """
    before, after = older.measurement.value, newer.measurement.value
    for name, found in (("A", before), ("B", after)):
        if found is None or not math.isfinite(found):
            return _without(None, f"not measured in {name}")
    assert before is not None and after is not None  # noqa: S101, PT018  # seen above
    value = 0.0 if math.isclose(before, after, rel_tol=_TINY, abs_tol=_TINY**2) else after - before
    level = max(older.gate.confidence, newer.gate.confidence)
    if _identical(older, newer):
        return Difference(0.0, 0.0, 0.0, False, method="exact: the very same outcomes")
    if older.timed and older.gate.metric.startswith("cost"):
        return _without(value, "measured seconds have a price, and no interval")
    if not older.measurement.bounded and not newer.measurement.bounded:
        return Difference(value, value, value, False, method=_EXACT)
    if why := _unlike(older, newer):
        return _without(value, why)
    try:
        moved = _bounded(older, newer, level)
    except (MissingTrialError, ValueError) as error:
        return _without(value, str(error))
    return moved if value else replace(moved, value=0.0)  # what is left is rounding


def _without(value: float | None, why: str) -> Difference:
    return Difference(value, interval=False, method=f"no interval: {why}")


def _unlike(older: Side, newer: Side) -> str:
    """Return why two measurements are not of one quantity, empty where they are."""
    if older.gate.claim != newer.gate.claim:
        return f"A claims {older.gate.claim}, B {newer.gate.claim}"
    if older.gate.slices != newer.gate.slices:
        return "not the same slices are judged"
    if older.measurement.bounded != newer.measurement.bounded:
        return "one of the two is exact, the other sampled"
    times = {older.measurement.claim, newer.measurement.claim}
    if times == {"new_requests", "new_recordings"}:
        return "one was measured here, the other recorded elsewhere"
    return ""


def _bounded(older: Side, newer: Side, level: float) -> Difference:
    gate = older.gate
    paired = same_items(older.evidence, newer.evidence)
    if gate.metric.startswith("val_") or gate.metric == "optimum_reached":
        moved = cell_difference(*_asked(older), *_asked(newer), level=level, paired=paired)
        if moved is not None:
            return Difference(*moved.bounds, True, True, level, moved.method, moved.shares)
    rows = [_figure(side) for side in (older, newer)]
    if paired and rows[0] is not None and rows[1] is not None and rows[0].shape == rows[1].shape:
        return _of_rows(rows[1] - rows[0], level)
    found = _recovered(older, newer, level)
    if "latency" in METRICS[gate.metric].needs:
        control = None
        if not gate.metric.endswith("_vs_classical"):
            control = _control(older, newer, level)
        return replace(found, control=control, method=found.method + _TWO_RUNS)
    return replace(found, method=found.method + (_AS_IF if paired else ""))


def _of_rows(moved: Array, level: float) -> Difference:
    """Return the mean difference over training rows that both bundles figured."""
    if moved.ndim == 0 or len(moved) < 2:
        return Difference(float(moved.mean()), bounded=False, method=_EXACT)
    deviation = float(moved.std(ddof=1))
    pivot = TPivot(float(moved.mean()), deviation / math.sqrt(len(moved)), len(moved) - 1)
    low, high = pivot.ends(2 * level - 1)
    method = f"paired by training row, Student's t over {len(moved)} rows"
    return Difference(pivot.estimate, low, high, True, True, level, method)


def _asked(side: Side) -> tuple[Evidence, Gate]:
    return side.evidence, side.gate


def _figure(side: Side) -> Array | None:
    """Return what a circuit's health figures give of each training row, None where they do not."""
    figures = side.evidence.record.get("figures") or {}
    found = (figures.get("candidate", {}).get("health") or {}).get(side.gate.metric)
    known = found is not None and not isinstance(found, Mapping)  # as confidential evidence has it
    return np.asarray(found, dtype=np.float64) if known else None


def _recovered(older: Side, newer: Side, level: float) -> Difference:
    """Return the difference from two intervals that the gate's own family gives at one level."""
    both = []
    for side in (older, newer):
        found = _measured(side, level)
        if found.value is None or found.error is not None:
            raise ValueError(found.error or "no value")
        if found.confidence is None or not math.isclose(found.confidence, level):
            raise ValueError("its bounds are those of a planned look, at a level of its own")
        both.append(Bounded(found.value, found.low, found.high))
    interval = mover(*both)
    return Difference(interval.value, interval.low, interval.high, True, True, level, MOVER)


def _measured(side: Side, level: float) -> Measurement:
    """Return the gate's measurement at a level that no count of attempts narrows."""
    charter: Mapping[str, Any] = side.evidence.record["charter"]
    document = {name: section for name, section in charter.items() if name != "attempts"}
    evidence = replace(side.evidence, record={**side.evidence.record, "charter": document})
    gate = replace(side.gate, confidence=level)
    return family(gate.metric).measure(evidence, gate, advise=False)


def _control(older: Side, newer: Side, level: float) -> Difference | None:
    """Return the difference of the baseline's times: what the machine alone may have done."""
    sides = []
    for side in (older, newer):
        observed = side.evidence.observations
        if "baseline" not in observed["latency"]:
            return None
        as_candidate = {**observed, "latency": {"candidate": observed["latency"]["baseline"]}}
        gate = replace(side.gate, threshold=Threshold(high=1.0))
        sides.append(Side(replace(side.evidence, observations=as_candidate), gate, Measurement()))
    try:
        return _recovered(sides[0], sides[1], level)
    except ValueError:
        return None


def _identical(older: Side, newer: Side) -> bool:
    """Return whether all that the two measurements derive from is the same."""
    metric = older.gate.metric
    read = [_reading(side) for side in (older, newer)]
    if read[0] != read[1]:
        return False
    if "latency" in METRICS[metric].needs or older.timed:
        times = [side.evidence.observations["latency"] for side in (older, newer)]
        return bool(times[0] == times[1]) and older.evidence.digest == newer.evidence.digest
    if older.evidence.digest == newer.evidence.digest:
        return True
    if "prices" in METRICS[metric].needs:
        return False
    if metric == "calibration_drift":
        snapshots = [side.evidence.record.get("calibration") for side in (older, newer)]
        return snapshots[0] == snapshots[1] is not None
    outcomes = [_outcomes(side) for side in (older, newer)]
    return same_items(older.evidence, newer.evidence) and outcomes[0] == outcomes[1] != []


def _reading(side: Side) -> tuple[object, ...]:
    """Return how a gate reads evidence: all but its threshold and its owner."""
    gate, charter = side.gate, side.evidence.charter
    return gate.metric, charter.shots_of(gate), gate.claim, gate.slices


def _outcomes(side: Side) -> list[Mapping[str, Any]]:
    """Return the trials that a metric of outcomes is taken of; none for what else there is."""
    metric, evidence = side.gate.metric, side.evidence
    trials = evidence.record["trials"]
    if metric.startswith("val_") or metric in ("optimum_reached", "shot_noise_sd"):
        roles = ("candidate", "baseline") if METRICS[metric].gap else ("candidate",)
        return [trial for trial in trials if trial["arm"] in roles]
    if METRICS[metric].difference:
        return [trial for trial in trials if trial["arm"] != "baseline"]
    return []
