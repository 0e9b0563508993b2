"""Whether the baseline is the locked one: told by every prediction, shown by a score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qgate.evidence.evidence import Evidence
from qgate.measure import baseline_drift
from tests.unit.measure import small

GATE = small.gate("baseline_drift", high=0)
NUMBERS = (0.5, 2.0, -1.5, 4.0)
PREDICTED = (0.5, 1.0, -1.5, 7.0)


def _labels(*wrong: int, **change: Any) -> Evidence:
    baseline = small.wrong_on(*wrong)
    return small.evidence(small.both({1: small.TRUTH, 2: small.TRUTH}, baseline), **change)


def _numbers(predicted: tuple[float, ...] = PREDICTED, **change: Any) -> Evidence:
    document = small.document()
    document["data"] |= {"task": "regression"}
    trials = [small.trial("baseline", seed, predicted) for seed in (1, 2)]  # type: ignore[arg-type]
    return small.evidence(trials, truth=NUMBERS, classes=(), charter=document, **change)  # type: ignore[arg-type]


def _locked(evidence: Evidence) -> dict[str, Any]:
    return {"inputs": small.INPUTS, "baseline": baseline_drift.fingerprint(evidence)}


def test_a_classifier_is_known_by_its_label_metrics() -> None:
    found = baseline_drift.fingerprint(_labels(0, 1))
    assert found["id"] == "classical_v3"
    assert set(found["score"]) == {"accuracy", "balanced_accuracy", "f1"}
    assert found["score"]["accuracy"] == 0.8


def test_a_regressor_is_known_by_its_errors() -> None:
    score = baseline_drift.fingerprint(_numbers())["score"]
    errors = np.subtract(PREDICTED, NUMBERS)
    assert score == pytest.approx({"rmse": np.sqrt(np.mean(errors**2)), "mae": 1.0})


def test_an_unchanged_baseline_is_as_locked() -> None:
    same = baseline_drift.measure(_labels(0, lock=_locked(_labels(0))), GATE)
    assert (same.value, same.baseline_value) == (0.0, 0.9)
    assert same.notes == ("baseline as locked, accuracy 0.9000",)
    number = baseline_drift.measure(_numbers(lock=_locked(_numbers())), GATE)
    assert number.value == 0.0
    assert number.baseline_value == pytest.approx(np.sqrt(10 / 4))
    assert number.notes == ("baseline as locked, rmse 1.581",)


def test_one_changed_prediction_is_a_drift() -> None:
    drifted = baseline_drift.measure(_labels(1, lock=_locked(_labels(0))), GATE)
    assert drifted.value == 1.0  # although the accuracy is the same
    (note,) = drifted.notes
    assert note == "baseline predictions changed: locked accuracy 0.9000, now accuracy 0.9000"
    number = _numbers((0.5, 1.0, -1.5, 7.00000001), lock=_locked(_numbers()))
    found = baseline_drift.measure(number, GATE)
    assert found.value == 1.0
    assert found.notes == ("baseline predictions changed: locked rmse 1.581, now rmse 1.581",)


def test_a_lock_of_the_other_task_is_a_drift() -> None:
    found = baseline_drift.measure(_numbers(lock=_locked(_labels(0))), GATE)
    assert found.value == 1.0
    assert found.notes == ("baseline predictions changed: locked rmse nan, now rmse 1.581",)


def test_a_run_that_a_look_ended_holds_the_whole_baseline_against_the_lock() -> None:
    whole = _labels(0)
    trials = [
        {**trial, "items": [0, 2], "predictions": trial["predictions"][:2]}
        if trial["arm"] == "candidate"
        else trial
        for trial in whole.record["trials"]
    ]
    ended = small.evidence(trials, lock=_locked(whole))
    record = {**ended.record, "looks": {"seeds": 1}}
    found = baseline_drift.measure(Evidence(record, ended.observations, ""), GATE)
    assert (found.value, found.baseline_value) == (0.0, 0.9)
    assert (found.counts.items, found.counts.seeds) == (10, 2)


def test_without_a_lock_or_with_a_failed_trial_nothing_is_measured() -> None:
    assert "qgate lock pilot.yaml" in str(baseline_drift.measure(_labels(0), GATE).error)
    failed = small.evidence([small.trial("baseline", 1, None)], lock=_locked(_labels(0)))
    assert "baseline failed on seed 1" in str(baseline_drift.measure(failed, GATE).error)
