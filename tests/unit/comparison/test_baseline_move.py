"""Whether the baseline moved, and what is said to have moved it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from qgate.comparison.baseline_move import BaselineMove, baseline_move
from qgate.comparison.changes import changes
from qgate.evidence.evidence import Evidence
from tests.unit.comparison.bundles import bundle


def moved(older: Evidence, newer: Evidence) -> BaselineMove:
    return baseline_move(older, newer, changes(older, newer))


def with_baseline(evidence: Evidence, **change: Any) -> Evidence:
    trials = [
        {**trial, **change} if trial["arm"] == "baseline" else trial
        for trial in evidence.record["trials"]
    ]
    return dataclasses.replace(evidence, record={**evidence.record, "trials": trials})


def test_the_same_answers_are_no_drift_whatever_else_changed() -> None:
    found = moved(bundle(), bundle(made="new", inputs={"packages": {"numpy": "3"}}))
    assert (found.moved, found.known, found.cause) == (False, True, "")
    assert "all 3 trials" in found.words


def test_one_prediction_is_enough() -> None:
    found = moved(bundle(), bundle((), [7]))
    assert found.moved
    assert "predictions differ in 3 of 3" in found.words
    assert found.cause == "silently: its data, its spec and its packages are the same"
    assert found.predictions[0] != found.predictions[1]
    assert found.scores[0]["accuracy"] == 1.0
    assert found.scores[1]["accuracy"] == pytest.approx(199 / 200)


def test_scores_count_too_since_the_area_under_the_curve_hangs_on_them() -> None:
    older, newer = (with_baseline(bundle(), scores=[s] * 200) for s in (0.1, 0.2))
    found = moved(older, newer)
    assert found.moved
    assert "scores (not its predicted classes)" in found.words


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (
            {"baseline": None},
            "its spec in the charter changed",
        ),
        ({"inputs": {"packages": {"numpy": "3"}}}, "the packages changed"),
        ({"inputs": {"dependency lock": "7" * 64}}, "the packages changed"),
        ({"inputs": {"calibration": {"baseline": "x"}}}, "its device's calibration changed"),
        ({"tuning": {"budget": 3}}, "the charter's tuning or plugins changed"),
        ({"environment": {"lockfile": "a.lock"}}, "silently"),
    ],
)
def test_the_cause_is_what_the_inputs_tell(change: dict[str, Any], cause: str) -> None:
    if "baseline" in change:
        newer = bundle((), [7])
        spec = {"id": "classical_v3", "estimator": "sklearn.svm.NuSVC"}
        charter = {**newer.record["charter"], "baseline": spec}
        newer = dataclasses.replace(newer, record={**newer.record, "charter": charter})
    else:
        newer = bundle((), [7], **change)
    assert moved(bundle(), newer).cause.startswith(cause)


def test_on_other_items_nothing_can_be_said() -> None:
    found = moved(bundle(), bundle((), [7], inputs={"data content": "9" * 64}))
    assert (found.moved, found.known) == (False, False)
    assert "other items" in found.words


def test_with_other_seeds_a_baseline_that_no_seed_changes_is_still_compared() -> None:
    assert moved(bundle(), bundle((), [7], seeds=(8, 9))).moved
    same = moved(bundle(), bundle(seeds=(8, 9)))
    assert (same.moved, same.known) == (False, True)


def test_with_other_seeds_a_baseline_that_differs_by_seed_tells_nothing() -> None:
    newer = bundle(seeds=(8, 9))
    trials = [
        {**trial, "predictions": [trial["seed"] % 2] * 200} if trial["arm"] == "baseline" else trial
        for trial in newer.record["trials"]
    ]
    newer = dataclasses.replace(newer, record={**newer.record, "trials": trials})
    found = moved(bundle(), newer)
    assert (found.moved, found.known) == (False, False)
    assert "no trial" in found.words


def test_a_baseline_that_failed_moved_and_has_no_score() -> None:
    newer = with_baseline(bundle(), predictions=None, failure="singular")
    found = moved(bundle(), newer)
    assert found.moved
    assert found.scores[1] == {}
