"""Whether the quantum part does anything, and what permuted labels tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from qgate.evidence.evidence import Evidence
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import contribution
from qgate.measure.parity import measure as measure_parity
from tests.unit.measure.small import document, evidence, gate, plan, trial

ITEMS = 200
TRUTH = [i % 2 for i in range(ITEMS)]
SEEDS = (1, 2, 3)


def _right(share: float, seed: int) -> list[int]:
    wrong = np.random.default_rng([seed, int(1000 * share)]).random(ITEMS) > share
    return [1 - t if w else t for t, w in zip(TRUTH, wrong, strict=True)]


def _evidence(shares: Mapping[str, float], shots: Sequence[int | str] = (1024,)) -> Evidence:
    trials = [
        trial(role, seed, _right(share, seed), shots=None if role == "baseline" else 1024)
        for role, share in shares.items()
        for seed in SEEDS
    ]
    return evidence(trials, truth=TRUTH, charter=document(seeds=SEEDS, shots=shots))


ARMS = {"baseline": 0.9, "candidate": 0.95, "without_entanglement": 0.7, "classical_surrogate": 0.6}


def test_it_is_the_gain_over_the_strongest_ablation() -> None:
    found = contribution.measure(_evidence(ARMS), gate("quantum_contribution", low=0.05))
    assert found.value is not None
    assert {part.name for part in found.parts} == {"without entanglement", "classical surrogate"}
    assert found.value == min(part.value for part in found.parts)
    assert found.low == min(part.low for part in found.parts)
    assert 0.2 < found.value < 0.32
    assert judge_gate(gate("quantum_contribution", low=0.05), found).outcome is Outcome.PASS
    assert judge_gate(gate("quantum_contribution", low=0.5), found).outcome is Outcome.FAIL


def test_it_is_the_same_engine_as_parity() -> None:
    pair = {role: ARMS[role] for role in ("candidate", "without_entanglement")}
    found = contribution.measure(_evidence(pair), gate("quantum_contribution", low=0.0))
    swapped = _evidence(pair).as_if({"candidate": "baseline", "without_entanglement": "candidate"})
    parity = measure_parity(swapped, gate("val_accuracy_gap_vs_classical", high=0.5))
    assert (found.value, found.low, found.high) == (parity.value, parity.low, parity.high)
    assert found.value is not None
    assert found.value > 0


def test_an_ablation_that_does_as_well_leaves_it_open_and_one_that_does_better_is_told() -> None:
    same = contribution.measure(
        _evidence(ARMS | {"classical_surrogate": 0.951}), gate("quantum_contribution", low=0.0)
    )
    assert judge_gate(gate("quantum_contribution", low=0.0), same).outcome is Outcome.INCONCLUSIVE
    better = contribution.measure(
        _evidence(ARMS | {"candidate": 0.6, "without_entanglement": 0.9}),
        gate("quantum_contribution", low=0.0),
    )
    (note,) = better.notes
    assert note == "Against its strongest ablation, without entanglement, which does better."
    assert judge_gate(gate("quantum_contribution", low=0.0), better).outcome is Outcome.FAIL


def test_without_ablations_it_cannot_be_measured() -> None:
    few = {role: ARMS[role] for role in ("baseline", "candidate")}
    found = contribution.measure(_evidence(few), gate("quantum_contribution", low=0.0))
    assert found.error == "the candidate has no part that could be taken out"


@pytest.mark.parametrize(("share", "outcome"), [(0.5, Outcome.PASS), (0.9, Outcome.FAIL)])
def test_a_candidate_that_learns_from_permuted_labels_leaks(share: float, outcome: Outcome) -> None:
    found = _evidence(ARMS | {"permuted_labels": share})
    terms = gate("label_leak", high=0.15)
    measured = contribution.measure(found, terms)
    whole = measure_parity(
        found.as_if({"permuted_labels": "candidate"}), gate("val_accuracy", low=0.1)
    )
    assert measured.value is not None
    assert whole.value is not None
    assert measured.value == pytest.approx(whole.value - 0.5)
    assert judge_gate(terms, measured).outcome is outcome


@pytest.mark.parametrize(("knows", "outcome"), [(0.0, Outcome.PASS), (0.5, Outcome.FAIL)])
def test_a_leak_is_seen_however_rare_a_class_is(knows: float, outcome: Outcome) -> None:
    """Nine of ten items of one class: knowing half of the answers is right on 91 %, no more."""
    truth = [int(i % 10 > 0) for i in range(400)]
    rng = np.random.default_rng(5)
    trials = [
        trial("permuted_labels", seed, np.where(rng.random(400) < knows, truth, guess).tolist())
        for seed in SEEDS
        for guess in [(rng.random(400) < 0.9).astype(int)]
    ]
    found = evidence(trials, truth=truth, charter=document(seeds=SEEDS))
    measured = contribution.measure(found, gate("label_leak", high=0.1))
    assert measured.value == pytest.approx(knows / 2, abs=0.05)
    assert judge_gate(gate("label_leak", high=0.1), measured).outcome is outcome


def test_the_forecast_says_which_ablations_run() -> None:
    asked = document(
        gates=[
            {
                "name": "q",
                "metric": "quantum_contribution",
                "min": 0,
                "owner": "a",
                "remediation": [],
            }
        ]
    )
    found = contribution.forecast(
        plan(50, charter=asked), gate("quantum_contribution", low=0.0), None
    )
    assert found.decidable
    assert "classical surrogate and without entanglement" in found.note
    assert not contribution.forecast(plan(50), gate("quantum_contribution", low=0), None).decidable
