"""What a run leaves behind, as plain values: the record and the observations."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from qgate.arms.arm import Outcome
from qgate.evidence.veil import veiled_message, veiled_record
from qgate.plan.study import Study
from qgate.trials.result import Failure, TrialResult
from qgate.trials.serving import Latencies


def make_record(
    study: Study,
    results: Mapping[str, TrialResult],
    replays: Sequence[Mapping[str, Any]],
    *,
    figures: Mapping[str, Any] | None = None,
    looks: Mapping[str, Any] | None = None,
    slices: Mapping[str, Any] | None = None,
    calibration: Mapping[str, Any] | None = None,
    shot_seconds: Mapping[str, float] | None = None,
    stopped: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what must come out the same again: inputs and outcomes; no time, no path.

    Figures, looks, slices, a drift's calibrations and seconds a shot have a key only where an arm
    or a charter has them, and why a run stopped only where it did. Of confidential data nothing is
    in it that tells of a row.
    """
    asked = {
        "figures": figures or None,
        "looks": looks,
        "slices": slices,
        "tuning": dict(study.tuning) or None,
        "calibration": calibration or None,
        "shot_seconds": shot_seconds or None,
        "stopped": stopped,
    }
    record = {
        "charter": study.charter.document,
        "lock": study.lock.basis if study.lock else None,
        "inputs": study.inputs,
        "classes": list(study.split.dataset.classes),
        "truth": _truth(study),
        "trials": [_entry(results[t.digest]) for t in study.plan.trials if t.digest in results],
        "replays": list(replays),
        **{key: value for key, value in asked.items() if value is not None},
    }
    return veiled_record(record, study)


def make_observations(
    study: Study,
    results: Mapping[str, TrialResult],
    latencies: Mapping[str, Latencies],
    attempt: int,
    spending: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return what need not come out the same again: times, circumstances, messages."""
    return {
        "charter_path": study.charter.path,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": {"python": platform.python_version(), "platform": platform.platform()},
        "attempt": attempt,
        **({"tuning_seconds": dict(study.tuning_seconds)} if study.tuning_seconds else {}),
        **({} if spending is None else {"spending": dict(spending)}),
        "locked_evidence": study.lock.document.get("evidence") if study.lock else None,
        "latency": {role: vars(times) for role, times in latencies.items()},
        "seconds": {key: round(result.seconds, 6) for key, result in sorted(results.items())},
        "failures": {
            key: veiled_message(result.outcome.message, study)
            for key, result in sorted(results.items())
            if isinstance(result.outcome, Failure)
        },
    }


def _truth(study: Study) -> Any:
    """Return the label of each validation item, or a list of them for each seed."""
    split = study.split
    if not split.resampled:
        return split.validate_on[1].tolist()
    return [split.of_seed(s).validate_on[1].tolist() for s in study.charter.schedule.seeds]


def _entry(result: TrialResult) -> dict[str, Any]:
    spec, outcome = result.spec, result.outcome
    done = outcome if isinstance(outcome, Outcome) else None
    return {
        "arm": spec.arm,
        "seed": spec.seed,
        "shots": spec.shots,
        "replicate": spec.replicate,
        "digest": spec.digest,
        **({"items": list(spec.items)} if spec.items else {}),
        "predictions": done.predictions if done else None,
        "scores": done.scores if done else None,
        "fit_circuits": done.fit_circuits if done else 0,
        "serving_circuits": done.serving_circuits if done else 0,
        **({"draws": dict(done.draws)} if done and done.draws else {}),
        **({"figures": dict(done.figures)} if done and done.figures else {}),
        **({"solutions": list(done.solutions)} if done and done.solutions else {}),
        "failure": None if isinstance(outcome, Outcome) else outcome.kind,
    }
