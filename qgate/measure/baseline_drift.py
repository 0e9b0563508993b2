"""Whether the classical baseline is still the one that was locked."""

from __future__ import annotations

from typing import Any

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.files import typed
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.measure.parity import item_values
from qgate.plan.plan import Plan
from qgate.stats.influence import LABEL_METRICS

_METHOD = "exact comparison of all predictions with the locked digest"


def measure(evidence: Evidence, gate: Gate) -> Measurement:
    """Return 1 when any prediction of the baseline changed, else 0; scores before and after."""
    del gate
    lock = evidence.record["lock"]
    if lock is None:
        path = typed(evidence.observations["charter_path"])
        return Measurement(error=f"there is no lock: qgate lock {path}", method=_METHOD)
    try:
        now = fingerprint(evidence)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), method=_METHOD)
    locked = lock["baseline"]
    changed = now["predictions"] != locked["predictions"]
    accuracy = now["score"]["accuracy"]
    score = f"accuracy {accuracy:.4f}"
    if changed:
        note = f"baseline predictions changed: locked accuracy {locked['score']['accuracy']:.4f}, "
        notes = (f"{note}now {score}",)
    else:
        notes = (f"baseline as locked, {score}",)
    counts = Counts(items=len(evidence.truth), seeds=len(evidence.charter.schedule.seeds))
    return Measurement(
        float(changed), bounded=False, baseline_value=accuracy, counts=counts,
        method=_METHOD, notes=notes,
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None) -> Forecast:
    """Return that it can be decided; without a lock the verdict will be an error."""
    del gate
    if lock is None:
        return Forecast(True, 0.0, "there is no lock", f"qgate lock {typed(plan.charter.path)}")
    return Forecast(True, None, "the baseline is scored again")


def fingerprint(evidence: Evidence) -> dict[str, Any]:
    """Return the baseline's id, the digest of its predictions and its mean label metrics.

    Raises:
        MissingTrialError: When one of its trials failed.

    """
    shots = evidence.charter.serving_shots  # a classical baseline answers for every shot count
    score = {
        name: round(float(item_values(evidence, "baseline", shots, name)[0].mean()), 12)
        for name in LABEL_METRICS
    }
    return {
        "id": evidence.charter.baseline.id,
        "predictions": evidence.predictions_digest("baseline"),
        "score": score,
    }
