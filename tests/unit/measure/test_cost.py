"""Modelled cost, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.charter.build import build_charter
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import cost
from tests.unit.measure.small import PRICES, document, evidence, gate, plan, times, trial, wrong_on

PER_1K = gate("cost_per_1k_usd", high=10.0)
TOTAL = gate("cost_total_usd", high=10.0)


def _terms(**change: Any) -> dict[str, Any]:
    return document(budget={"prices": {**PRICES, **change}})


def _trials() -> list[dict[str, Any]]:
    return [
        trial("candidate", seed, wrong_on(), shots=1024, serving=30, fit=45) for seed in (1, 2)
    ] + [trial("baseline", seed, wrong_on()) for seed in (1, 2)]


def test_a_thousand_predictions() -> None:
    found = cost.measure(evidence(_trials(), charter=_terms()), PER_1K)
    # 30 circuits for 10 items: 3 a prediction, each 0.25 + 1024 x 0.001
    assert found.value == pytest.approx(1000 * 3 * (0.25 + 1.024))
    assert found.notes == ("3.0 circuits of 1,024 shots a prediction.",)
    assert found.method == "modelled: made up, 2026-01-01"
    verdict = judge_gate(PER_1K, found)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.reason.startswith("3,822 USD is above 10.0")


def test_serving_time_is_priced_by_the_item() -> None:
    charter = _terms(per_second=2.0) | {"latency": {"batch": 5}}
    found = cost.measure(
        evidence(_trials(), charter=charter, latency={"candidate": times([100.0, 300.0])}), PER_1K
    )
    # 0.2 s a request of 5 items: 0.04 s at 2 dollars
    assert found.value == pytest.approx(1000 * (3 * 1.274 + 0.04 * 2))


def test_the_whole_run() -> None:
    seconds = {"a": 1.5, "b": 0.5}
    found = cost.measure(
        evidence(_trials(), charter=_terms(per_second=2.0), seconds=seconds), TOTAL
    )
    circuits = 2 * (30 + 45)
    assert found.value == pytest.approx(circuits * (0.25 + 1.024) + 2 * 2.0)
    assert found.notes == (
        "150 circuits and 153,600 shots, had this run used a device, and 2.0 s of computing.",
    )


def test_a_classical_candidate_costs_no_circuits() -> None:
    terms = _terms() | {"candidate": {"id": "c2", "estimator": "sklearn.svm.SVC"}}
    trials = [trial("candidate", seed, wrong_on()) for seed in (1, 2)]
    found = cost.measure(evidence(trials, charter=terms), PER_1K)
    assert found.value == 0
    assert judge_gate(PER_1K, found).outcome is Outcome.PASS


RECORDED = {"id": "device", "recorded": {"path": "p.csv"}}


@pytest.mark.parametrize("asked", [PER_1K, TOTAL], ids=["per 1k", "total"])
def test_what_was_recorded_elsewhere_is_not_free(asked: Any) -> None:
    terms = _terms() | {"candidate": RECORDED}
    trials = [trial("candidate", seed, wrong_on(), shots=1024) for seed in (1, 2)]
    found = cost.measure(evidence(trials, charter=terms), asked)
    assert found.error == "the candidate was recorded: its circuits are not counted"


def test_serving_time_with_a_price_must_be_measured() -> None:
    found = cost.measure(evidence(_trials(), charter=_terms(per_second=2.0)), PER_1K)
    assert found.error is not None
    assert "no latency of the candidate was measured" in found.error


def test_failed_trials_make_a_total_unknown() -> None:
    trials = [*_trials(), trial("candidate", 2, None, shots=1024, replicate=1)]
    found = cost.measure(evidence(trials, charter=_terms()), TOTAL)
    assert found.error == "1 trials failed: what they took is not counted"
    assert cost.measure(evidence(trials, charter=_terms()), PER_1K).error is not None


def test_no_prices_and_no_shots_are_errors() -> None:
    assert cost.measure(evidence(_trials()), PER_1K).error is not None
    exact = [trial("candidate", seed, wrong_on(), serving=30) for seed in (1, 2)]
    terms = _terms() | {"schedule": {"seeds": [1, 2], "shots": ["exact"]}}
    error = cost.measure(evidence(exact, charter=terms), PER_1K).error
    assert error == "exact probabilities have no price: name a shot count with `at`"


def test_behind_noise_a_plan_is_priced_at_diagonal_and_scales_too() -> None:
    terms = document()
    kernel = terms["candidate"]["quantum_kernel"]
    kernel["device"] = {"path": "lagos.json"}
    noisy = cost.planned_use(plan(10, train=20, charter=terms))
    assert noisy.circuits == 2 * 2 * (20 * 19 // 2 + 20 + 20 * 10)
    kernel["mitigation"] = {"zero_noise": {"scales": [1, 3, 5]}}
    assert cost.planned_use(plan(10, train=20, charter=terms)).circuits == 3 * noisy.circuits


def test_a_plan_is_priced_at_its_most() -> None:
    found = cost.planned_use(plan(10, train=20))
    circuits = 2 * 2 * (20 * 19 // 2 + 20 * 10)  # 2 seeds, 2 replicates
    assert (found.circuits, found.shots) == (circuits, circuits * 1024)
    prices = build_charter(_terms(), "pilot.yaml").budget.prices
    assert prices is not None
    assert cost.price(found, prices) == pytest.approx(circuits * (0.25 + 1.024))
    assert cost.forecast(plan(10), PER_1K, None).decidable
