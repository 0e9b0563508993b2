"""The rules of an honest comparison."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgate.evidence.evidence import Evidence
from qgate.measure.comparison import measure, rules
from tests.unit.measure.small import TRUTH, both, document, evidence, gate, trial

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
        (None, True),
        ({"baseline": TRIED, "candidate": TRIED}, True),
        ({"candidate": TRIED}, False),
        ({"baseline": TRIED}, False),
        ({"baseline": TRIED, "candidate": TRIED | {"folds": 3}}, False),
    ],
)
def test_both_arms_are_tuned_alike(tuning: dict[str, Any] | None, kept: bool) -> None:
    assert _kept(_evidence(tuning=tuning))["equal tuning"] is kept


@pytest.mark.parametrize(
    ("baseline", "kept"),
    [
        ({"id": "b", "estimator": "sklearn.svm.SVC"}, False),
        ({"id": "b", "estimator": "sklearn.svm.SVC", "tuning": {"budget": 8}}, True),
        ("strongest", True),
    ],
)
def test_a_strong_baseline_is_tuned(baseline: Any, kept: bool) -> None:
    tuning = {"baseline": TRIED | {"chosen": {"family": "mlp"}}}
    assert _kept(_evidence(baseline=baseline, tuning=tuning))["strong baseline"] is kept


@pytest.mark.parametrize(("seeds", "kept"), [(1, False), (2, False), (3, True)])
def test_several_seeds_are_three(seeds: int, kept: bool) -> None:
    assert _kept(_evidence(seeds=seeds))["several seeds"] is kept


def test_allowed_duplicates_are_told() -> None:
    data = {"path": "d.csv", "target": "y", "validation": {"fraction": 0.5}}
    assert _kept(_evidence(data=data))["no leakage"]
    assert not _kept(_evidence(data={**data, "duplicates": "allow"}))["no leakage"]


def test_ablations_and_shots_are_asked_of_quantum_candidates_only() -> None:
    found = _evidence()
    assert (_kept(found)["ablations"], _kept(found)["finite shots"]) == (False, True)
    ablated = replace(
        found,
        record={
            **found.record,
            "trials": [*found.record["trials"], trial("permuted_labels", 1, TRUTH)],
        },
    )
    assert _kept(ablated)["ablations"]
    classical = _evidence(candidate={"id": "c", "estimator": "sklearn.svm.SVC"})
    assert not {"ablations", "finite shots"} & _kept(classical).keys()
    assert not _kept(_evidence(shots=("exact",)))["finite shots"]


def test_as_a_gate_it_counts_and_names_what_was_not_kept() -> None:
    found = measure(_evidence(seeds=2), gate("comparison", high=0))
    assert found.value == 3
    assert [note.partition(":")[0] for note in found.notes[:3]] == [
        "strong baseline", "several seeds", "ablations",
    ]  # fmt: skip
    assert found.notes[-1] == "3 of 6 rules kept."
