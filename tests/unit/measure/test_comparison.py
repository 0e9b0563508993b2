"""The rules of an honest comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgate.evidence.evidence import Evidence
from qgate.measure.comparison import measure, rules
from tests.unit.measure.small import TRUTH, Trial, both, document, evidence, gate, trial

TRIED = {"configurations": 8, "folds": 5, "failed": 0, "score": 0.9, "chosen": {"C": 1.0}}


def _evidence(*, tuning: dict[str, Any] | None = None, seeds: int = 3, **change: Any) -> Evidence:
    numbers = tuple(range(1, seeds + 1))
    trials = both(dict.fromkeys(numbers, TRUTH), TRUTH)
    terms = document(seeds=numbers, **change)
    found = evidence([*trials, *change.pop("more", ())], charter=terms)
    return replace(found, record={**found.record, **({"tuning": tuning} if tuning else {})})


def _kept(found: Evidence) -> dict[str, bool]:
    return {rule.name: rule.kept for rule in rules(found)}


@pytest.mark.parametrize(
    ("tuning", "kept"),
    [
        (None, None),  # what was tried before this run is not known
        ({"baseline": TRIED, "candidate": TRIED}, True),
        ({"candidate": TRIED}, False),
        ({"baseline": TRIED}, False),
        ({"baseline": TRIED, "candidate": TRIED | {"folds": 3}}, False),
        ({"baseline": TRIED | {"failed": 7}, "candidate": TRIED}, False),
        ({"baseline": TRIED, "candidate": TRIED | {"failed": 7}}, True),
    ],
)
def test_both_arms_are_tuned_alike(tuning: dict[str, Any] | None, kept: bool | None) -> None:
    assert _kept(_evidence(tuning=tuning)).get("equal tuning") is kept


SVC = {"id": "b", "estimator": "sklearn.svm.SVC"}
CIRCUIT = {"id": "b", "quantum_kernel": {"layers": [{"name": "a", "kind": "zz_feature_map"}]}}


@pytest.mark.parametrize(
    ("baseline", "tried", "kept"),
    [
        (SVC, None, False),
        (SVC | {"tuning": {"budget": 8}}, TRIED, True),
        (SVC | {"tuning": {"budget": 1}}, TRIED | {"configurations": 1}, False),
        (SVC | {"tuning": {"budget": 8}}, TRIED | {"failed": 7}, False),
        (CIRCUIT | {"tuning": {"budget": 8}}, TRIED, False),
        ("strongest", TRIED | {"chosen": {"family": "mlp"}}, True),
    ],
)
def test_a_strong_baseline_is_classical_and_tuned(baseline: Any, tried: Any, kept: bool) -> None:
    tuning = {"baseline": tried} if tried else None
    assert _kept(_evidence(baseline=baseline, tuning=tuning))["strong baseline"] is kept


@pytest.mark.parametrize(("seeds", "kept"), [(1, False), (2, False), (3, True)])
def test_several_seeds_are_three(seeds: int, kept: bool) -> None:
    assert _kept(_evidence(seeds=seeds))["several seeds"] is kept


def test_allowed_duplicates_are_told() -> None:
    data = {"path": "d.csv", "target": "y", "validation": {"fraction": 0.5}}
    assert _kept(_evidence(data=data))["no leakage"]
    assert not _kept(_evidence(data={**data, "duplicates": "allow"}))["no leakage"]


def test_what_recorded_predictions_were_trained_on_is_not_known() -> None:
    elsewhere = {"id": "c", "recorded": {"path": "predictions.csv"}}
    assert not _kept(_evidence(candidate=elsewhere))["no leakage"]


def test_ablations_and_shots_are_asked_of_quantum_candidates_only() -> None:
    found = _evidence()
    assert (_kept(found)["ablations"], _kept(found)["finite shots"]) == (False, True)
    assert _kept(_with(found, trial("classical_surrogate", 1, TRUTH)))["ablations"]
    assert not _kept(_with(found, trial("classical_surrogate", 1, None)))["ablations"]  # it failed
    assert not _kept(_with(found, trial("permuted_labels", 1, TRUTH)))["ablations"]
    plain = {"id": "c", "estimator": "sklearn.svm.SVC"}
    classical = _evidence(candidate=plain, shots=("exact",))
    assert not {"ablations", "finite shots"} & _kept(classical).keys()
    sampled = _kept(_evidence(candidate=plain | {"estimator": "braket_kernel"}))
    assert (sampled["ablations"], sampled["finite shots"]) == (False, True)
    assert not _kept(_evidence(shots=("exact",)))["finite shots"]


def _with(found: Evidence, *more: Trial) -> Evidence:
    return replace(found, record={**found.record, "trials": [*found.record["trials"], *more]})


@pytest.mark.parametrize(("at", "kept"), [({"shots": "exact"}, False), ({"shots": 1024}, True)])
def test_finite_shots_are_those_that_the_deciding_gates_are_read_at(
    at: dict[str, Any], kept: bool
) -> None:
    parity = {
        "name": "parity", "metric": "val_accuracy_gap_vs_classical", "max": 0.1, "owner": "a",
        "at": at, "remediation": [{"rerun": "parity"}],
    }  # fmt: skip
    found = _evidence(shots=("exact", 1024), gates=[parity])
    assert _kept(found)["finite shots"] is kept


def test_as_a_gate_it_counts_and_names_what_was_not_kept() -> None:
    found = measure(_evidence(seeds=2), gate("comparison", high=0))
    assert found.value == 3
    assert [note.partition(":")[0] for note in found.notes[:3]] == [
        "strong baseline", "several seeds", "ablations",
    ]  # fmt: skip
    assert found.notes[-1] == "2 of 5 rules kept."
