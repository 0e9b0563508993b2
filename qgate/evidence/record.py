"""What a run leaves behind, as plain values: the record and the observations."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from qgate.arms.arm import Outcome
from qgate.plan.study import Study
from qgate.trials.result import Failure, TrialResult
from qgate.trials.serving import Latencies


def make_record(
    study: Study, results: Mapping[str, TrialResult], replays: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what must come out the same again: inputs and outcomes; no time, no path."""
    return {
        "charter": study.charter.document,
        "lock": study.lock.basis if study.lock else None,
        "inputs": study.inputs,
        "classes": list(study.split.dataset.classes),
        "truth": study.split.validate_on[1].tolist(),
        "trials": [_entry(results[t.digest]) for t in study.plan.trials if t.digest in results],
        "replays": list(replays),
    }


def make_observations(
    study: Study,
    results: Mapping[str, TrialResult],
    latencies: Mapping[str, Latencies],
    attempt: int,
) -> dict[str, Any]:
    """Return what need not come out the same again: times, circumstances, messages."""
    return {
        "charter_path": study.charter.path,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": {"python": platform.python_version(), "platform": platform.platform()},
        "attempt": attempt,
        "locked_evidence": study.lock.document.get("evidence") if study.lock else None,
        "latency": {role: vars(times) for role, times in latencies.items()},
        "seconds": {key: round(result.seconds, 6) for key, result in sorted(results.items())},
        "failures": {
            key: result.outcome.message
            for key, result in sorted(results.items())
            if isinstance(result.outcome, Failure)
        },
    }


def _entry(result: TrialResult) -> dict[str, Any]:
    spec, outcome = result.spec, result.outcome
    done = outcome if isinstance(outcome, Outcome) else None
    return {
        "arm": spec.arm,
        "seed": spec.seed,
        "shots": spec.shots,
        "replicate": spec.replicate,
        "digest": spec.digest,
        "predictions": done.predictions if done else None,
        "scores": done.scores if done else None,
        "fit_circuits": done.fit_circuits if done else 0,
        "serving_circuits": done.serving_circuits if done else 0,
        "failure": None if isinstance(outcome, Outcome) else outcome.kind,
    }
