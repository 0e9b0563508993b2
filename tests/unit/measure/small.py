"""Evidence and plans small enough to compute by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qgate.charter.build import build_charter
from qgate.charter.charter import Gate, Shots, Threshold
from qgate.evidence.evidence import Evidence
from qgate.lock.lock import Lock
from qgate.plan.plan import Plan, TrialSpec

Trial = dict[str, Any]
TRUTH = (0, 1, 0, 1, 1, 0, 1, 0, 1, 1)
INPUTS: dict[str, Any] = {
    "charter": "c" * 64,
    "data bytes": {"data.csv": "a" * 64},
    "data content": "d" * 64,
    "dependency lock": "e" * 64,
    "packages": {"numpy": "2.0.0", "scipy": "1.14.0"},
    "replicates": 2,
    "rows and columns": [20, 5],
    "seeds": [1, 2],
    "shots": [1024],
    "split": {"digest": "f" * 64, "train": 10, "validation": 10},
}
PRICES = {"source": "made up", "date": "2026-01-01", "per_shot": 0.001, "per_task": 0.25}


def document(
    seeds: Sequence[int] = (1, 2), shots: Sequence[int | str] = (1024,), **change: Any
) -> dict[str, Any]:
    """Return a charter's document; `change` replaces whole sections."""
    base: dict[str, Any] = {
        "version": 1,
        "pilot": {"owner": "a@example.com"},
        "data": {"path": "data.csv", "target": "y", "validation": {"fraction": 0.5}},
        "baseline": {"id": "classical_v3", "estimator": "sklearn.svm.SVC"},
        "candidate": {
            "id": "q",
            "quantum_kernel": {"layers": [{"name": "encode", "kind": "angle", "gate": "ry"}]},
        },
        "schedule": {"seeds": list(seeds), "shots": list(shots), "replicates": 2},
    }
    return base | change


def trial(
    arm: str,
    seed: int,
    predictions: Sequence[int] | None,
    *,
    shots: Shots = None,
    replicate: int = 0,
    scores: Sequence[float] | None = None,
    serving: int = 0,
    fit: int = 0,
) -> Trial:
    """Return one trial's entry; without predictions it failed."""
    return {
        "arm": arm,
        "seed": seed,
        "shots": shots,
        "replicate": replicate,
        "digest": f"{arm}/{seed}/{shots}/{replicate}",
        "predictions": predictions,
        "scores": scores,
        "fit_circuits": fit,
        "serving_circuits": serving,
        "failure": None if predictions is not None else "singular",
    }


def wrong_on(*items: int, truth: Sequence[int] = TRUTH) -> list[int]:
    """Return binary predictions that are right but for some items."""
    return [1 - label if i in items else label for i, label in enumerate(truth)]


def evidence(
    trials: Sequence[Trial],
    *,
    truth: Sequence[int] = TRUTH,
    classes: Sequence[int | str] = (0, 1),
    charter: Mapping[str, Any] | None = None,
    lock: Mapping[str, Any] | None = None,
    inputs: Mapping[str, Any] = INPUTS,
    replays: Sequence[Mapping[str, Any]] = (),
    latency: Mapping[str, Any] | None = None,
    **observed: Any,
) -> Evidence:
    """Return evidence of these trials."""
    record = {
        "charter": charter or document(),
        "lock": lock,
        "inputs": inputs,
        "classes": classes,
        "truth": truth,
        "trials": trials,
        "replays": replays,
    }
    observations = {
        "charter_path": "pilot.yaml",
        "attempt": 1,
        "locked_evidence": None,
        "latency": latency or {},
        "seconds": {},
        "failures": {},
        **observed,
    }
    return Evidence(record, observations, "somewhere")


def both(
    candidate: Mapping[int, Sequence[int]], baseline: Sequence[int], shots: Shots = 1024
) -> list[Trial]:
    """Return trials of a candidate by seed, one replicate each, and of a baseline without seeds."""
    found = [trial("candidate", seed, row, shots=shots) for seed, row in candidate.items()]
    return found + [trial("baseline", seed, baseline) for seed in candidate]


def gate(
    metric: str, *, high: float | None = None, low: float | None = None, **change: Any
) -> Gate:
    """Return a gate."""
    return Gate(metric, metric, Threshold(low, high), "a@example.com", (), **change)


def times(values: Sequence[float], sessions: Sequence[int] | None = None) -> dict[str, Any]:
    """Return one arm's latencies, by default each request a session of its own."""
    return {
        "milliseconds": list(values),
        "sessions": list(range(len(values)) if sessions is None else sessions),
        "measured": True,
    }


def plan(
    items: int, *, charter: Mapping[str, Any] | None = None, train: int = 20, replicates: int = 2
) -> Plan:
    """Return a plan of the charter's seeds and shots with so many validation items."""
    terms = build_charter(charter or document(), "pilot.yaml")
    trials = [
        TrialSpec("candidate", seed, shots, replicate, f"{seed}/{shots}/{replicate}")
        for shots in terms.schedule.shots
        for seed in terms.schedule.seeds
        for replicate in range(1 if shots is None else replicates)
    ]
    trials += [TrialSpec("baseline", seed, None, 0, f"b{seed}") for seed in terms.schedule.seeds]
    return Plan(terms, train, items, tuple(trials))


def lock(score: float = 0.9, predictions: str = "p" * 64) -> Lock:
    """Return a lock whose baseline has one score for every label metric."""
    scores = dict.fromkeys(("accuracy", "balanced_accuracy", "f1"), score)
    baseline = {"id": "classical_v3", "predictions": predictions, "score": scores}
    return Lock({"version": 1, "inputs": INPUTS, "baseline": baseline, "changes": []})
