"""The data of each chart, from a decision and its evidence; nothing here knows how it is drawn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qgate.charter.charter import Shots
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.gates.decision import Decision
from qgate.gates.verdict import Verdict
from qgate.measure.cells import metric_name
from qgate.measure.drift import PROPERTY_WORDS, drift_of
from qgate.measure.items import item_values
from qgate.report.html.svg import share_at, thinned
from qgate.stats.design import Design, variance_parts
from qgate.stats.influence import LABEL_METRICS, SOLUTION_METRICS
from qgate.stats.quantiles import clustered_quantile_bounds

QUANTILES = (0.95, 0.99)
MOST_STEPS = 160
"""Of a distribution as it is drawn; its table holds the quantiles."""
MOST_SEEDS = 60
_BY_TASK = {
    "classification": "accuracy",
    "regression": "rmse",
    "optimization": "optimum_reached",
}
_IN_PERCENT = frozenset({*LABEL_METRICS, *SOLUTION_METRICS, "roc_auc"})


@dataclass(frozen=True)
class Interval:
    """A value and its bounds; a bound is None where there is none."""

    name: str
    value: float
    low: float | None
    high: float | None
    words: str = ""


@dataclass(frozen=True)
class Quality:
    """A metric of both arms, in percent where it is a share."""

    metric: str
    in_percent: bool
    shots: Shots
    seeds: tuple[tuple[int, float, float], ...]
    """Seed, baseline, candidate; the candidate at `shots`, a mean over its replicates."""
    curve: tuple[tuple[Shots, float, float, float], ...]
    """Shots, mean over seeds, lowest and highest seed; exact probabilities last."""
    baseline: float


@dataclass(frozen=True)
class Served:
    """One arm's latencies in milliseconds."""

    role: str
    requests: int
    measured: bool
    steps: tuple[tuple[float, float], ...]
    """Milliseconds, and the share of requests that took no longer."""
    quantiles: tuple[Interval, ...]
    longest: float
    median: float


def quality(decision: Decision, evidence: Evidence) -> Quality | None:
    """Return the metric that the first gate on outcomes asks for, or its task's own.

    None where an arm has not every outcome.
    """
    gate = next((v.gate for v in decision.verdicts if v.gate.metric.startswith("val_")), None)
    name = _BY_TASK[evidence.task] if gate is None else metric_name(gate)
    shots = evidence.charter.serving_shots if gate is None else evidence.charter.shots_of(gate)
    try:
        before = _by_seed(evidence, "baseline", shots, name)
        after = _by_seed(evidence, "candidate", shots, name)
    except (MissingTrialError, ValueError):
        return None
    if not evidence.seeds:
        return None
    pairs = zip(evidence.seeds, before.tolist(), after.tolist(), strict=True)
    curve = tuple(_curve(evidence, name))
    return Quality(name, name in _IN_PERCENT, shots, tuple(pairs), curve, float(before.mean()))


def _by_seed(evidence: Evidence, role: str, shots: Shots, name: str) -> Any:
    factor = 100.0 if name in _IN_PERCENT else 1.0
    values = item_values(evidence, role, shots, name).values
    return factor * values.mean(axis=1)


def _curve(evidence: Evidence, name: str) -> Iterator[tuple[Shots, float, float, float]]:
    """Yield the candidate's metric at each shot count that it has outcomes at."""
    ran = {t["shots"] for t in evidence.record["trials"] if t["arm"] == "candidate"}
    scheduled = dict.fromkeys(evidence.charter.schedule.shots)
    for shots in sorted(scheduled, key=lambda count: count or math.inf):
        if shots not in ran:
            continue
        try:
            values = _by_seed(evidence, "candidate", shots, name)
        except (MissingTrialError, ValueError):
            continue
        yield shots, float(values.mean()), float(values.min()), float(values.max())


def served(evidence: Evidence, confidence: float = 0.95) -> tuple[Served, ...]:
    """Return the latencies of each arm that has them, the candidate first."""
    found = (_served(evidence, role, confidence) for role in ("candidate", "baseline"))
    return tuple(arm for arm in found if arm is not None)


def _served(evidence: Evidence, role: str, confidence: float) -> Served | None:
    latencies = evidence.latencies(role)
    if latencies is None or not latencies[0].size or not np.all(np.isfinite(latencies[0])):
        return None
    milliseconds, sessions, measured = latencies
    rising = np.sort(milliseconds)
    n = len(rising)
    quantiles = []
    for q in QUANTILES:
        value = float(rising[max(math.ceil(q * n - 1e-9), 1) - 1])
        bounds = clustered_quantile_bounds(milliseconds, sessions, q, confidence=confidence)
        quantiles.append(Interval(f"p{100 * q:.0f}", value, bounds.low, bounds.high))
    kept = [0, n - 1]
    for found in quantiles:
        ends = [end for end in (found.value, found.low, found.high) if end is not None]
        kept += [round(share_at(rising.tolist(), end) * n) for end in ends]
    places = thinned(n, kept, MOST_STEPS)
    steps = tuple((float(rising[place]), (place + 1) / n) for place in places)
    middle = float(np.median(rising))
    return Served(role, n, measured, steps, tuple(quantiles), float(rising[-1]), middle)


def shares(decision: Decision, evidence: Evidence) -> dict[str, tuple[tuple[str, float], ...]]:
    """Return for each gate what adds how much to the squared standard error, as shares of 1."""
    found = {}
    for verdict in decision.verdicts:
        measured = verdict.measurement
        counts, parts = measured.counts, measured.components
        if parts is None or counts.seeds < 2 or evidence.resampled or counts.items < 2:
            continue
        sizes: tuple[float, ...] = variance_parts(
            parts, Design(counts.seeds, counts.items), measured.claim
        )
        total = sum(sizes)
        if not total > 0:
            continue
        names = ["items", "seeds", "seed x item", "shots"]
        if parts.shots == 0:  # without replicates they cannot be told apart
            last = "seed x item" if counts.shots is None else "seed x item and shots"
            names, sizes = [*names[:2], last], (*sizes[:2], sizes[2])
        shown = zip(names, (size / total for size in sizes), strict=False)
        found[verdict.gate.name] = tuple(shown)
    return found


def slices(verdict: Verdict) -> tuple[Interval, ...]:
    """Return a gate's slices, the worst first."""
    ordered = sorted(verdict.measurement.parts, key=lambda part: part.p)
    return tuple(
        Interval(part.name, part.value, part.low, part.high, f"{part.items} items")
        for part in ordered
    )


def looked(decision: Decision) -> dict[str, tuple[Interval, ...]]:
    """Return for each gate that was looked at more than once what each look found."""
    found: dict[str, list[Interval]] = {}
    for number, look in enumerate(decision.looks, 1):
        for verdict in look.verdicts:
            measured = verdict.measurement
            if measured.value is None or not measured.bounded:
                continue
            name = f"Look {number} after {look.after} {look.by}"
            row = Interval(name, measured.value, measured.low, measured.high, verdict.outcome)
            found.setdefault(verdict.gate.name, []).append(row)
    return {gate: tuple(rows) for gate, rows in found.items() if len(rows) > 1}


@dataclass(frozen=True)
class Drifted:
    """By which factor each property of one arm's qubits changed from one snapshot to another."""

    role: str
    device: str
    before: str
    after: str
    rows: tuple[Interval, ...]


def drifted(evidence: Evidence, confidence: float = 0.95) -> tuple[Drifted, ...]:
    """Return the drift of each arm's calibration, none where there is but one snapshot."""
    found = []
    for role, calibration in sorted((evidence.record.get("calibration") or {}).items()):
        try:
            drift = drift_of(role, calibration)
        except ValueError:
            continue
        rows = []
        for one in drift.properties:
            low, high = one.mean.factors(2 * confidence - 1) if one.bounded else (None, None)
            factor = math.exp(one.mean.log)
            words = f"{len(one.parts)} part{'' if len(one.parts) == 1 else 's'}"
            rows.append(Interval(PROPERTY_WORDS.get(one.name, one.name), factor, low, high, words))
        locked, current = calibration["locked"], calibration["current"]
        place = (str(locked["device"]), str(locked["time"])[:10], str(current["time"])[:10])
        found.append(Drifted(role, *place, tuple(rows)))
    return tuple(found)


@dataclass(frozen=True)
class Spent:
    """What a run took of one thing, and the cap on it."""

    name: str
    used: float | None
    cap: float | None
    modelled: bool


def spent(decision: Decision, evidence: Evidence) -> tuple[Spent, ...]:
    """Return what the run took; None is not known, which is not nothing."""
    taken: Mapping[str, Any] = evidence.observations.get("spending") or {}
    caps = decision.charter.budget.stated
    if not taken or not (taken.get("circuits") or caps):
        return ()
    minutes = taken["seconds"] / 60
    rows: Sequence[tuple[str, str, float | None, bool]] = (
        ("circuits", "circuits", taken["circuits"], False),
        ("shots", "shots", taken["shots"], False),
        ("seconds of a quantum processor", "qpu_seconds", taken["qpu_seconds"], True),
        ("US dollars", "usd", taken["usd"], True),
        ("minutes of wall clock", "minutes", minutes, False),
    )
    return tuple(Spent(name, used, caps.get(key), modelled) for name, key, used, modelled in rows)
