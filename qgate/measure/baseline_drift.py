"""Whether the classical baseline is still the one that was locked."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qgate.charter.charter import Gate
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.files import typed
from qgate.lock.lock import Lock
from qgate.measure.items import item_values
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.stats.influence import LABEL_METRICS, REGRESSION_METRICS, SOLUTION_METRICS

_SHOWN = {
    "classification": ("accuracy", ".4f"),
    "regression": ("rmse", ".4g"),
    "optimization": ("optimum_reached", ".4f"),
}
"""The metric that notes name, and its digits: an error's are in the target's unit."""
_METRICS: dict[str, Iterable[str]] = {
    "classification": LABEL_METRICS,
    "regression": REGRESSION_METRICS,
    "optimization": SOLUTION_METRICS,
}
_METHOD = "exact comparison of all predictions with the locked digest"


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return 1 when any prediction of the baseline changed, else 0; scores before and after."""
    del gate, advise
    lock = evidence.record["lock"]
    if lock is None:
        path = typed(evidence.observations["charter_path"])
        return Measurement(error=f"there is no lock: qgate lock {path}", method=_METHOD)
    whole = _of_baseline(evidence)
    try:
        now = fingerprint(evidence)
    except (MissingTrialError, UsageError, ValueError) as error:
        return Measurement(error=str(error), method=_METHOD)
    locked = lock["baseline"]
    changed = now["predictions"] != locked["predictions"]
    name, digits = _SHOWN[evidence.task]
    value = now["score"][name]
    score = f"{name} {value:{digits}}"
    if changed:
        before = locked["score"].get(name, math.nan)  # NaN where the lock is of another task
        note = f"baseline predictions changed: locked {name} {before:{digits}}"
        notes = (f"{note}, now {score}",)
    else:
        notes = (f"baseline as locked, {score}",)
    return Measurement(
        float(changed), bounded=False, baseline_value=value,
        counts=Counts(items=whole.items, seeds=len(whole.seeds)),
        method=_METHOD, notes=notes,
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return that it can be decided; without a lock the verdict will be an error."""
    del gate, past
    if lock is None:
        return Forecast(True, None, f"there is no lock yet: qgate lock {typed(plan.charter.path)}")
    return Forecast(True, None, "the baseline is scored again")


def fingerprint(evidence: Evidence) -> dict[str, Any]:
    """Return the baseline's id, the digest of its predictions and its mean metrics.

    Raises:
        MissingTrialError: When one of its trials failed.
        UsageError: When none of the metrics can be computed of its values.

    """
    evidence = _of_baseline(evidence)
    shots = evidence.charter.serving_shots  # a classical baseline answers for every shot count
    score, why = {}, ""
    for name in _METRICS[evidence.task]:
        try:
            values = item_values(evidence, "baseline", shots, name).values
        except ValueError as error:
            why = str(error)
            continue  # a class is too rare for it, or a problem has no ratio
        score[name] = round(float(values.mean()), 12)
    if not score:
        raise UsageError(why)
    return {
        "id": evidence.charter.baseline.id,
        "predictions": evidence.predictions_digest("baseline"),
        "score": score,
    }


def _of_baseline(evidence: Evidence) -> Evidence:
    """Return the baseline's evidence alone: it runs whole even where a look ends the candidate."""
    record = {key: value for key, value in evidence.record.items() if key != "looks"}
    trials = [trial for trial in evidence.record["trials"] if trial["arm"] == "baseline"]
    return replace(evidence, record={**record, "trials": trials})
