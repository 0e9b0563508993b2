"""Serving latency: quantiles and their order-statistic bounds."""

from __future__ import annotations

import math

import numpy as np

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Array, Codes, Evidence
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.stats.quantiles import (
    QuantileBounds,
    clustered_quantile_bounds,
    effective_samples,
    samples_needed,
)

_QUANTILES = {
    "latency_p50_ms": 0.50,
    "latency_p95_ms": 0.95,
    "latency_p99_ms": 0.99,
    "latency_p95_ratio_vs_classical": 0.95,
}


def measure(evidence: Evidence, gate: Gate) -> Measurement:
    """Return a latency quantile of the candidate, or its ratio to the baseline's."""
    try:
        return _measured(evidence, gate)
    except ValueError as error:
        return Measurement(error=str(error), claim="new_requests")


def _measured(evidence: Evidence, gate: Gate) -> Measurement:
    q = _QUANTILES[gate.metric]
    found, baseline = _latencies(evidence, "candidate"), _latencies(evidence, "baseline")
    if found is None:
        raise ValueError("no latency of the candidate was measured")
    ratio = gate.metric.endswith("_vs_classical")
    # Each side of a ratio takes half of the error, so that the quotient of bounds holds.
    confidence = (1 + gate.confidence) / 2 if ratio else gate.confidence
    value, bounds, worth = _quantile(found[0], found[1], q, confidence)
    baseline_value = _quantile(*baseline[:2], q, confidence)[0] if baseline else None
    if ratio:
        if baseline is None or baseline_value is None:
            raise ValueError("no latency of the baseline was measured")
        if found[2] != baseline[2]:
            raise ValueError("one arm was recorded elsewhere: no ratio between two machines")
        base = _quantile(*baseline[:2], q, confidence)[1]
        bounds = QuantileBounds(
            None if bounds.low is None or base.high is None else bounds.low / base.high,
            None if bounds.high is None or base.low is None else bounds.high / base.low,
        )
        value, baseline_value = value / baseline_value, None
    n = len(found[0])
    where = "measured here (simulated device)" if _simulated(evidence) else "measured here"
    method = (
        f"order statistics, test inversion over consecutive sessions, {n} requests worth "
        f"{worth:.0f} independent ones, "
        f"{where if found[2] else 'recorded elsewhere'}"
    )
    return Measurement(
        value, bounds.low, bounds.high, True, baseline_value, Counts(items=n), method,
        "new_requests" if found[2] else "new_recordings",
        tuple(_notes(bounds, q, confidence, n, worth)),
    )  # fmt: skip


def _latencies(evidence: Evidence, role: str) -> tuple[Array, Codes, bool] | None:
    """Return an arm's latencies; none at all counts as not measured."""
    found = evidence.latencies(role)
    if found is None or not found[0].size:
        return None
    if not np.all(np.isfinite(found[0])):
        raise ValueError(f"the {role} has latencies that are not finite")
    return found


def forecast(plan: Plan, gate: Gate, lock: Lock | None) -> Forecast:
    """Return whether there are requests enough for an upper bound."""
    del lock
    q = _QUANTILES[gate.metric]
    ratio = gate.metric.endswith("_vs_classical")
    needed = samples_needed(q, confidence=(1 + gate.confidence) / 2 if ratio else gate.confidence)
    if ratio and gate.threshold.high is not None and gate.threshold.high < 1:
        return Forecast(False, 0.0, "equal arms have a ratio of 1", "allow at least 1")
    if plan.charter.candidate.kind == "recorded":
        return Forecast(True, None, f"needs {needed} recorded requests")
    requests = plan.charter.latency.requests
    note = f"{requests} requests, at least {needed} needed for an upper bound"
    return Forecast(requests >= needed, None, note, f"set latency.requests to {needed} or more")


def _quantile(
    milliseconds: Array, sessions: Codes, q: float, confidence: float
) -> tuple[float, QuantileBounds, float]:
    """Return the sample quantile, its bounds, and how many independent requests these are worth."""
    value = float(np.quantile(milliseconds, q, method="inverted_cdf"))
    # As the bounds do: dependence in the tail is at least that about the median.
    median = float(np.median(milliseconds))
    worth = min(effective_samples(milliseconds > v, sessions) for v in (value, median))
    bounds = clustered_quantile_bounds(milliseconds, sessions, q, confidence=confidence)
    return value, bounds, worth


def _notes(bounds: QuantileBounds, q: float, confidence: float, n: int, worth: float) -> list[str]:
    if bounds.high is not None:
        return []  # whether more requests are wanted is for the verdict to say
    needed = samples_needed(q, confidence=confidence)
    wanted = max(needed, math.ceil(needed * n / max(worth, 1.0)))
    have = f"{needed} independent ones are needed, these {n} are worth {worth:.0f}"
    remedy = f"Set latency.requests to at least {wanted:,}."
    return [f"Too few requests for an upper bound of p{100 * q:.0f}: {have}. {remedy}"]


def _simulated(evidence: Evidence) -> bool:
    return evidence.charter.candidate.kind == "quantum_kernel"
