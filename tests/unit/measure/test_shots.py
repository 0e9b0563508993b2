"""Shot noise: the deviation within seeds, and how little equal replicates show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import shots
from tests.unit.measure.small import document, evidence, gate, plan, trial, wrong_on

GATE = gate("shot_noise_sd", high=0.5)
ROWS = {(1, 0): (0,), (1, 1): (0, 1, 2), (2, 0): (4,), (2, 1): (5, 6)}


def test_it_is_the_pooled_deviation_of_accuracy() -> None:
    trials = [
        trial("candidate", seed, wrong_on(*items), shots=1024, replicate=replicate)
        for (seed, replicate), items in ROWS.items()
    ]
    found = shots.measure(evidence(trials), GATE)
    accuracies = np.array([[0.9, 0.7], [0.9, 0.8]])
    variance = accuracies.var(axis=1, ddof=1).mean()
    assert found.value == pytest.approx(np.sqrt(variance))
    assert found.low == pytest.approx(np.sqrt(2 * variance / stats.chi2(2).ppf(0.95)))
    assert found.high == pytest.approx(np.sqrt(2 * variance / stats.chi2(2).ppf(0.05)))
    assert (found.counts.seeds, found.counts.replicates) == (2, 2)
    assert "2 degrees of freedom" in found.method


def test_equal_replicates_of_few_items_do_not_pass() -> None:
    trials = [
        trial("candidate", seed, wrong_on(0), shots=1024, replicate=r)
        for seed in (1, 2)
        for r in (0, 1)
    ]
    asked = gate("shot_noise_sd", high=0.02)
    found = shots.measure(evidence(trials), asked)
    assert (found.value, found.low) == (0, 0)
    assert judge_gate(asked, found).outcome is Outcome.INCONCLUSIVE


def test_other_shot_counts_are_told() -> None:
    trials = [
        trial("candidate", seed, wrong_on(*items), shots=level, replicate=replicate)
        for (seed, replicate), items in ROWS.items()
        for level in (256, 1024)
    ]
    found = shots.measure(evidence(trials, charter=document(shots=(256, 1024))), GATE)
    assert found.counts.shots == 1024
    assert found.notes[0].startswith("At 256 shots: ")
    assert [(point.shots, point.sd) for point in found.curve] == [
        (256, found.value), (1024, found.value),
    ]  # fmt: skip


def test_without_replicates_or_with_a_failure_it_is_an_error() -> None:
    single = [trial("candidate", seed, wrong_on(0), shots=1024) for seed in (1, 2)]
    assert shots.measure(evidence(single), GATE).error == "a spread needs at least 2 replicates"
    failed = [*single, trial("candidate", 2, None, shots=1024, replicate=1)]
    error = shots.measure(evidence(failed), GATE).error
    assert error is not None
    assert "candidate failed on seed 2" in error


def test_a_forecast_counts_the_replicates_that_are_planned() -> None:
    found = shots.forecast(plan(10), GATE, None)
    assert found.decidable
    assert found.note == "2 degrees of freedom"
    assert not shots.forecast(plan(10, replicates=1), GATE, None).decidable


def test_exact_probabilities_have_no_shot_noise() -> None:
    found = shots.forecast(plan(10, charter=document(shots=("exact",))), GATE, None)
    assert not found.decidable
    assert "name a shot count" in found.remedy
