"""Serving latency: quantiles and their order-statistic bounds."""

from __future__ import annotations

import math

import numpy as np

from qgate.charter.charter import Gate, LatencySpec
from qgate.evidence.evidence import Array, Codes, Evidence
from qgate.lock.lock import Lock
from qgate.measure.level import confidence_of, share_of_error
from qgate.measure.measurement import FAIR_CHANCE, Counts, Forecast, Measurement, Relative
from qgate.plan.plan import Plan
from qgate.stats.quantiles import (
    ClusteredBounds,
    clustered_quantile_bounds,
    fewest_samples,
    samples_advised,
    samples_needed,
)

Requests = tuple[Array, Codes, bool]
"""Milliseconds, sessions, and whether they were measured here."""

_ROUNDING = 1e-6
_RESAMPLES, _RESAMPLING_SEED = 200, 1
_QUANTILES = {
    "latency_p50_ms": 0.50,
    "latency_p95_ms": 0.95,
    "latency_p99_ms": 0.99,
    "latency_p95_ratio_vs_classical": 0.95,
}


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return a latency quantile of the candidate, or its ratio to the baseline's."""
    del advise
    try:
        return _measured(evidence, gate)
    except ValueError as error:
        return Measurement(error=str(error), claim="new_requests")


def _measured(evidence: Evidence, gate: Gate) -> Measurement:
    q = _QUANTILES[gate.metric]
    found, baseline = _latencies(evidence, "candidate"), _latencies(evidence, "baseline")
    if found is None:
        raise ValueError("no latency of the candidate was measured")
    confidence = confidence_of(gate, evidence)
    value, bounds = _quantile(found, q, confidence)
    claim = "new_requests" if found[2] else "new_recordings"
    decides = _level(gate, confidence)
    deciding = _quantile(found, q, decides)[1]
    method, notes = _method(evidence, found, deciding), _notes(found, deciding, q, decides)
    as_ratio = gate.metric.endswith("_vs_classical")
    relative = None
    if as_ratio or gate.threshold.vs_baseline is not None:
        if baseline is None:
            raise ValueError("no latency of the baseline was measured")
        relative = _ratio(found, baseline, q, confidence)
    if as_ratio and relative is not None:
        return Measurement(
            relative.value, relative.low, relative.high, True, None, Counts(items=len(found[0])),
            method, claim, notes, confidence=confidence,
        )  # fmt: skip
    return Measurement(
        value, bounds.low, bounds.high, True, _quantile(baseline, q, confidence)[0]
        if baseline else None, Counts(items=len(found[0])), method, claim,
        notes, confidence=confidence, relative=relative,
    )  # fmt: skip


def _ratio(found: Requests, baseline: Requests, q: float, confidence: float) -> Relative:
    """Return the quotient; each side takes half of the error, so that its bounds hold."""
    if found[2] != baseline[2]:
        raise ValueError("one arm was recorded elsewhere: no ratio between two machines")
    half = _half(confidence)
    (value, own), (base, other) = (_quantile(arm, q, half) for arm in (found, baseline))
    return Relative(
        value / base,
        None if own.low is None or other.high is None else own.low / other.high,
        None if own.high is None or other.low is None else own.high / other.low,
    )


def _method(evidence: Evidence, found: Requests, bounds: ClusteredBounds) -> str:
    """Return in words how dependence between requests was allowed for."""
    n, several = len(found[0]), len(np.unique(found[1])) > 1
    unit = "sessions" if several else "batches of one session (autocorrelation)"
    where = "measured here" if found[2] else "recorded elsewhere"
    if found[2] and evidence.charter.candidate.circuit is not None:
        where += " (simulated device)"
    return (
        f"order statistics, test inversion over consecutive {unit}, {n} requests worth "
        f"{_worth(bounds)} independent ones, {where}"
    )


def _latencies(evidence: Evidence, role: str) -> Requests | None:
    """Return an arm's latencies; none at all counts as not measured."""
    found = evidence.latencies(role)
    if found is None or not found[0].size:
        return None
    if not np.all(np.isfinite(found[0])):
        raise ValueError(f"the {role} has latencies that are not finite")
    return found


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return whether there are requests enough for a bound, and the chance as in the past."""
    del lock
    q, threshold, spec = _QUANTILES[gate.metric], gate.threshold, plan.charter.latency
    confidence = 1 - share_of_error(gate, plan.charter.attempts)
    level = _level(gate, confidence)
    ratio = gate.metric.endswith("_vs_classical")
    if ratio and threshold.high is not None and threshold.high < 1:
        return Forecast(False, 0.0, "equal arms have a ratio of 1", "allow at least 1")
    chance, source = _chance_as_before(spec, gate, confidence, past)
    if plan.charter.candidate.kind == "recorded":
        needed = samples_needed(q, confidence=level)
        return Forecast(True, chance, f"needs at least {needed} recorded requests{source}")
    n, sessions = spec.requests, spec.sessions
    least = fewest_samples(n, sessions, q, confidence=level)
    note = f"{n} requests, at least {least} needed for an upper bound{source}"
    decidable = n >= least and (chance is None or chance >= FAIR_CHANCE)
    remedy = "set more latency.requests and as many more sessions, or a wider limit"
    if n < least:
        advised = samples_advised(n, sessions, q, confidence=level)
        remedy = f"set {_enough(*advised)}"
    return Forecast(decidable, chance, note, remedy)


def _chance_as_before(
    spec: LatencySpec, gate: Gate, confidence: float, past: Evidence | None
) -> tuple[float | None, str]:
    """Return how often a gate would pass on the planned requests, drawn of past sessions."""
    found = None if past is None else _latencies(past, "candidate")
    if past is None or found is None or gate.threshold.high is None or _is_ratio(gate):
        return None, ""
    members = [found[0][found[1] == session] for session in np.unique(found[1])]
    if len(members) < 2:
        return None, ""
    rng, q = np.random.default_rng(_RESAMPLING_SEED), _QUANTILES[gate.metric]
    label = np.arange(spec.requests) * spec.sessions // spec.requests
    sizes = np.bincount(label)
    passed = 0
    for _ in range(_RESAMPLES):
        drawn = [
            rng.choice(members[session], size)
            for session, size in zip(
                rng.integers(0, len(members), spec.sessions), sizes, strict=True
            )
        ]
        again = np.concatenate(drawn), label.astype(np.int64), found[2]
        high = _quantile(again, q, confidence)[1].high
        passed += high is not None and high <= gate.threshold.high
    return passed / _RESAMPLES, f", latency as in {past.digest[:12]}"


def _is_ratio(gate: Gate) -> bool:
    return gate.metric.endswith("_vs_classical") or gate.threshold.vs_baseline is not None


def _quantile(requests: Requests, q: float, confidence: float) -> tuple[float, ClusteredBounds]:
    """Return the sample quantile and its bounds."""
    milliseconds, sessions, _ = requests
    value = float(np.quantile(milliseconds, q, method="inverted_cdf"))
    return value, clustered_quantile_bounds(milliseconds, sessions, q, confidence=confidence)


def _notes(
    found: Requests, bounds: ClusteredBounds, q: float, confidence: float
) -> tuple[str, ...]:
    """Return, where there is no upper bound, what it needs and how many requests would do."""
    if bounds.high is not None:
        return ()
    n, sessions = len(found[0]), len(np.unique(found[1]))
    needed = samples_needed(q, confidence=confidence)
    advised = samples_advised(n, sessions, q, confidence=confidence, worth=bounds.worth)
    remedy = f"Set {_enough(*advised)}."
    if not found[2]:
        remedy = f"Record at least {advised[0]:,} requests in {advised[1]:,} sessions."
    told = (
        f"Too few requests for an upper bound of p{100 * q:.0f}: {needed} independent ones are "
        f"needed, these {n} are worth {_worth(bounds)}. {remedy}"
    )
    return (told,)


def _enough(requests: int, sessions: int) -> str:
    return f"latency.requests to at least {requests:,} and latency.sessions to {sessions:,}"


def _worth(bounds: ClusteredBounds) -> int:
    """Return a worth in whole requests, rounded to the side on which it decided."""
    whole = math.floor if bounds.high is None else math.ceil
    return whole(bounds.worth + (_ROUNDING if bounds.high is None else -_ROUNDING))


def _level(gate: Gate, confidence: float) -> float:
    """Return the confidence of the bound of the candidate that a gate needs."""
    return _half(confidence) if _is_ratio(gate) else confidence


def _half(confidence: float) -> float:
    """Return the confidence of each of two bounds that share the error."""
    return (1 + confidence) / 2
