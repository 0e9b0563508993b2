"""Evidence of a run that is locked, replayed and, but for what a test changes, passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qgate.evidence.evidence import Evidence
from tests.unit.measure.small import INPUTS, document, evidence, times, trial

ITEMS = 200
TRUTH = tuple(item % 2 for item in range(ITEMS))
GAP = "val_accuracy_gap_vs_classical"
Wrong = Sequence[int]


def stated(metric: str = GAP, **change: Any) -> dict[str, Any]:
    """Return a gate as a charter states it; a change to None leaves a term out."""
    base = {
        "name": "parity",
        "metric": metric,
        "max": 0.1,
        "owner": "a@example.com",
        "remediation": [{"rerun": "parity"}],
    }
    return {key: value for key, value in {**base, **change}.items() if value is not None}


def predicted(wrong: Wrong) -> list[int]:
    """Return predictions that are right but for some items."""
    missed = set(wrong)
    return [1 - label if i in missed else label for i, label in enumerate(TRUTH)]


def bundle(
    candidate: Wrong | Mapping[int, Wrong] = (),
    baseline: Wrong = (),
    *,
    seeds: Sequence[int] = (1, 2, 3),
    gates: Sequence[Mapping[str, Any]] = (),
    inputs: Mapping[str, Any] | None = None,
    milliseconds: Mapping[str, Sequence[float]] | None = None,
    made: str = "",
    shots: int = 1024,
    locked_baseline: Wrong | None = None,
    observed: Mapping[str, Any] | None = None,
    candidate_section: Mapping[str, Any] | None = None,
    **sections: Any,
) -> Evidence:
    """Return evidence of a candidate, wrong on some items (by seed), and of a baseline.

    Args:
        candidate: Items that it is wrong on, with every seed or by seed.
        baseline: Items that the baseline is wrong on.
        seeds: Of the schedule.
        gates: As a charter states them; by default one on parity.
        inputs: What differs from the usual inputs.
        milliseconds: Latencies by role.
        made: Another candidate's id: its layer, and the digests of its trials, are others.
        shots: Of the schedule.
        locked_baseline: What the lock's baseline is wrong on; by default the baseline's own.
        observed: What differs in the observations.
        candidate_section: Of the charter, in place of the usual one.
        sections: Whole sections of the charter.

    """
    by_seed = candidate if isinstance(candidate, Mapping) else dict.fromkeys(seeds, candidate)
    trials = [trial("candidate", s, predicted(by_seed[s]), shots=shots) for s in seeds]
    trials = [{**found, "digest": made + found["digest"]} for found in trials]
    trials += [trial("baseline", s, predicted(baseline)) for s in seeds]
    if candidate_section is not None:
        sections["candidate"] = candidate_section
    elif made:
        layer = {"name": "encode", "kind": "angle", "gate": "ry", "scale": 2.0}
        sections.setdefault("candidate", {"id": made, "quantum_kernel": {"layers": [layer]}})
    charter = document(
        seeds=seeds, shots=[shots], **{"gates": list(gates or [stated()]), **sections}
    )
    now = {**INPUTS, "seeds": list(seeds), "shots": [shots], **(inputs or {})}
    found = evidence(
        trials,
        truth=TRUTH,
        charter=charter,
        inputs=now,
        replays=[{"trial": "t", "seed": seeds[0], "first": "5" * 64, "again": "5" * 64}],
        latency={role: times(list(values)) for role, values in (milliseconds or {}).items()},
        **(observed or {}),
    )
    was = found
    if locked_baseline is not None:
        others = [t for t in trials if t["arm"] != "baseline"]
        others += [trial("baseline", s, predicted(locked_baseline)) for s in seeds]
        was = replace(found, record={**found.record, "trials": others})
    lock = {
        "inputs": now,
        "baseline": {
            "id": "classical_v3",
            "predictions": was.predictions_digest("baseline"),
            "score": {"accuracy": 1.0, "balanced_accuracy": 1.0, "f1": 1.0},
        },
    }
    return replace(found, record={**found.record, "lock": lock})
