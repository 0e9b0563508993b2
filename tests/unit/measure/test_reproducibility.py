"""Every locked input that differs is named; replays are compared; drift names both scores."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.evidence.evidence import Evidence
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import baseline_drift, reproducibility
from tests.unit.measure.small import (
    INPUTS,
    both,
    document,
    evidence,
    gate,
    lock,
    plan,
    trial,
    wrong_on,
)

GATE = gate("reproducibility", high=0.0)
DRIFT = gate("baseline_drift", high=0.0)
SAME = [{"trial": "t", "seed": s, "first": "1" * 64, "again": "1" * 64} for s in (1, 2)]
CHANGES: dict[str, tuple[Any, str]] = {
    "charter": ("x" * 64, "charter: locked cccccccccccc, now xxxxxxxxxxxx"),
    "data bytes": ({"data.csv": "x" * 64}, "data bytes: data.csv locked aaaaaaaaaaaa"),
    "data content": ("x" * 64, "data content: locked dddddddddddd, now xxxxxxxxxxxx"),
    "dependency lock": (None, "dependency lock: locked eeeeeeeeeeee, now "),
    "packages": (
        {"numpy": "2.1.0", "scipy": "1.14.0"},
        "packages: numpy locked 2.0.0, now 2.1.0",
    ),
    "replicates": (3, "replicates: locked 2, now 3"),
    "rows and columns": ([21, 5], "rows and columns: locked [20, 5], now [21, 5]"),
    "seeds": ([1, 3], "seeds: locked [1, 2], now [1, 3]"),
    "shots": ([2048], "shots: locked [1024], now [2048]"),
    "split": (
        {"digest": "f" * 64, "train": 11, "validation": 9},
        "split: train locked 10, now 11",
    ),
}


def test_everything_as_locked_is_a_pass() -> None:
    found = reproducibility.measure(evidence([], lock=lock().basis, replays=SAME), GATE)
    assert found.value == 0
    assert not found.bounded
    verdict = judge_gate(GATE, found)
    assert verdict.outcome is Outcome.PASS
    assert "2 of 2 replays equal, " in verdict.reason
    assert "2 clean ones bound the rate of mismatches by 78%" in verdict.measurement.method
    assert "10 of 10 inputs as locked" in verdict.reason


def test_no_input_is_left_untested() -> None:
    assert set(CHANGES) == set(INPUTS)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_an_input_that_differs_is_named_with_both_values(name: str) -> None:
    value, text = CHANGES[name]
    found = reproducibility.measure(
        evidence([], lock=lock().basis, inputs={**INPUTS, name: value}, replays=SAME), GATE
    )
    verdict = judge_gate(GATE, found)
    assert verdict.outcome is Outcome.FAIL
    assert text in verdict.reason
    assert "9 of 10 inputs as locked" in verdict.reason


def test_an_input_that_is_missing_or_new_is_a_mismatch() -> None:
    fewer = {key: value for key, value in INPUTS.items() if key != "seeds"}
    for inputs in (fewer, {**INPUTS, "device": "x"}):
        found = reproducibility.measure(
            evidence([], lock=lock().basis, inputs=inputs, replays=SAME), GATE
        )
        assert judge_gate(GATE, found).outcome is Outcome.FAIL


@pytest.mark.parametrize("measure", [reproducibility.measure, baseline_drift.measure])
def test_without_a_lock_nothing_can_be_said(measure: Any) -> None:
    found = measure(evidence(both({1: wrong_on(), 2: wrong_on()}, wrong_on()), replays=SAME), GATE)
    assert found.error == "there is no lock: qgate lock pilot.yaml"
    assert judge_gate(GATE, found).outcome is Outcome.ERROR


def test_no_replay_is_an_error() -> None:
    found = reproducibility.measure(evidence([], lock=lock().basis), GATE)
    assert judge_gate(GATE, found).outcome is Outcome.ERROR


def test_a_replay_that_differs_is_a_mismatch() -> None:
    first, again = "1" * 64, "2" * 64
    replays: list[Any] = [SAME[0], {"trial": "t", "seed": 2, "first": first, "again": again}]
    found = reproducibility.measure(evidence([], lock=lock().basis, replays=replays), GATE)
    verdict = judge_gate(GATE, found)
    assert verdict.outcome is Outcome.FAIL
    assert f"replay of seed 2: predictions {str(first)[:12]}, then {str(again)[:12]}" in (
        verdict.reason
    )
    assert "1 of 2 replays equal," in verdict.reason  # and no bound on the rate of mismatches
    assert "mismatch rate" not in verdict.reason


@pytest.mark.parametrize(
    ("first", "again", "said"),
    [
        (None, None, "the replayed trials failed, both times"),
        ("1" * 64, None, "the replay of seed 2 failed, the trial did not: run again"),
        (None, "2" * 64, "the trial of seed 2 failed, its replay did not: run again"),
    ],
)
def test_trials_that_fail_show_nothing(first: Any, again: Any, said: str) -> None:
    replays: list[Any] = [SAME[0], {"trial": "t", "seed": 2, "first": first, "again": again}]
    found = reproducibility.measure(evidence([], lock=lock().basis, replays=replays), GATE)
    verdict = judge_gate(GATE, found)
    assert verdict.outcome is Outcome.ERROR  # a worker that died speaks against no candidate
    assert said in verdict.reason


def test_the_locked_evidence_digest_is_compared() -> None:
    plain = evidence([], lock=lock().basis, replays=SAME)
    same = evidence([], lock=lock().basis, replays=SAME, locked_evidence=plain.digest)
    other = evidence([], lock=lock().basis, replays=SAME, locked_evidence="9" * 64)
    assert (
        "evidence digest as locked" in judge_gate(GATE, reproducibility.measure(same, GATE)).reason
    )
    verdict = judge_gate(GATE, reproducibility.measure(other, GATE))
    assert verdict.outcome is Outcome.FAIL
    assert "evidence digest: locked 999999999999" in verdict.reason


def _with_baseline(before: list[int], now: list[int]) -> Evidence:
    old = evidence(both({1: wrong_on(), 2: wrong_on()}, before))
    basis = {"inputs": INPUTS, "baseline": baseline_drift.fingerprint(old)}
    return evidence(both({1: wrong_on(), 2: wrong_on()}, now), lock=basis)


def test_a_baseline_as_locked_passes() -> None:
    found = baseline_drift.measure(_with_baseline(wrong_on(1), wrong_on(1)), DRIFT)
    assert judge_gate(DRIFT, found).outcome is Outcome.PASS
    assert found.baseline_value == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (wrong_on(1, 2, 3), "locked accuracy 0.9000, now accuracy 0.7000"),
        (wrong_on(2), "locked accuracy 0.9000, now accuracy 0.9000"),  # other items, same score
    ],
)
def test_a_changed_baseline_fails_with_both_scores(now: list[int], text: str) -> None:
    verdict = judge_gate(DRIFT, baseline_drift.measure(_with_baseline(wrong_on(1), now), DRIFT))
    assert verdict.outcome is Outcome.FAIL
    assert text in verdict.reason


def test_a_failed_baseline_is_an_error() -> None:
    trials = [*both({1: wrong_on()}, wrong_on()), trial("baseline", 2, None)]
    found = baseline_drift.measure(evidence(trials, lock=lock().basis), DRIFT)
    assert found.error is not None
    assert "baseline failed on seed 2" in found.error


def test_a_baseline_with_shots_has_a_fingerprint_too() -> None:
    terms = document(baseline=document()["candidate"])
    trials = [trial("baseline", seed, wrong_on(seed), shots=1024) for seed in (1, 2)]
    found = baseline_drift.fingerprint(evidence(trials, charter=terms))
    assert found["score"]["accuracy"] == pytest.approx(0.9)


@pytest.mark.parametrize("family", [reproducibility, baseline_drift])
def test_forecasts_ask_for_a_lock(family: Any) -> None:
    without = family.forecast(plan(10), GATE, None)
    assert without.chance is None
    assert without.note == "there is no lock yet: qgate lock pilot.yaml"
    assert family.forecast(plan(10), GATE, lock()).chance is None


def test_another_calibration_or_circuit_file_than_locked_is_named() -> None:
    before = {"calibration": {"candidate": f"lagos 2021-07-26T10:41:01-04:00 {'a' * 64}"}}
    after = {"calibration": {"candidate": f"lagos 2024-05-27T15:51:15-03:00 {'b' * 64}"}}
    circuits = {"circuit files": {"map.qasm": "c" * 64}}
    locked = {"inputs": {**INPUTS, **before}, "baseline": lock().basis["baseline"]}
    now = evidence([], lock=locked, replays=SAME, inputs={**INPUTS, **after, **circuits})
    found = reproducibility.measure(now, GATE)
    assert found.value == 2
    told = " ".join(found.notes)
    assert "calibration: candidate locked lagos 2021-07-26" in told
    assert "now lagos 2024-05-27" in told
    assert "circuit files: locked nothing, now " in told


def _drew(seed: int, replicate: int = 0, **draws: str) -> dict[str, Any]:
    return trial("candidate", seed, [0], shots=64, replicate=replicate) | {"draws": draws}


def test_draws_that_ought_to_be_independent_and_are_equal_fail() -> None:
    """As a sampler does that takes one integer seed anew for each call."""
    trials = [
        _drew(1, training="a" * 16, validation="b" * 16),
        _drew(1, 1, training="c" * 16, validation="b" * 16),
        _drew(2, training="a" * 16, validation="d" * 16),
    ]
    found = reproducibility.measure(evidence(trials, lock=lock().basis, replays=SAME), GATE)
    assert found.value == 2
    assert judge_gate(GATE, found).outcome is Outcome.FAIL
    assert found.notes[0] == (
        "validation of candidate seed 1, 64 shots, replicate 1: the draws are those of candidate "
        "seed 1, 64 shots, replicate 0, though each trial ought to draw its own"
    )
    assert found.notes[1].startswith("training of candidate seed 2, 64 shots, replicate 0: ")


def test_draws_that_differ_pass() -> None:
    trials = [_drew(1, training="a" * 16, validation="b" * 16), _drew(2, training="c" * 16)]
    found = reproducibility.measure(evidence(trials, lock=lock().basis, replays=SAME), GATE)
    assert found.value == 0
