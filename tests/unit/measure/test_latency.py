"""Latency bounds, ratios, and what too few requests say."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from qgate.charter.build import build_charter
from qgate.charter.charter import Threshold
from qgate.evidence.evidence import Evidence
from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import latency
from qgate.measure.measurement import Measurement
from qgate.plan.plan import Plan
from qgate.stats.quantiles import quantile_ranks
from tests.unit.measure.small import document, evidence, gate, times

P95 = gate("latency_p95_ms", high=400.0)


def _evidence(candidate: Any = None, baseline: Any = None) -> Evidence:
    arms = {"candidate": candidate, "baseline": baseline}
    return evidence([], latency={role: found for role, found in arms.items() if found})


def test_bounds_are_the_order_statistics() -> None:
    found = latency.measure(_evidence(times(range(1, 201)), times(range(2, 202))), P95)
    low, high = quantile_ranks(200, 0.95, confidence=0.95)
    assert (found.value, found.low, found.high) == (190, low, high)
    assert found.baseline_value == 191
    assert found.counts.items == 200
    assert "200 requests worth 200 independent ones" in found.method


def test_too_few_requests_are_inconclusive_and_say_how_many() -> None:
    found = latency.measure(_evidence(times(range(1, 59))), P95)
    verdict = judge_gate(P95, found)
    assert found.high is None
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "59 independent ones are needed, these 58 are worth 58" in verdict.reason
    assert "Set latency.requests to at least 59 and latency.sessions to 59." in verdict.reason


def test_slow_requests_that_come_together_ask_for_more_than_there_are() -> None:
    values = [500.0 if i < 6 else 25.0 + (7 * i) % 31 for i in range(200)]
    found = latency.measure(_evidence(times(values, [i // 4 for i in range(200)])), P95)
    assert found.high is None
    assert "59 independent ones are needed, these 200 are worth 47." in found.notes[0]
    assert "200 requests worth 47 independent ones" in found.method
    assert "Set latency.requests to at least 500 and latency.sessions to 125." in found.notes[0]


def test_what_was_recorded_is_to_be_recorded_and_not_set() -> None:
    values = {**times(range(1, 41), [i // 2 for i in range(40)]), "measured": False}
    found = latency.measure(_evidence(values), P95)
    assert "Record at least " in found.notes[0]
    assert "latency.requests" not in found.notes[0]


def _worths(found: Measurement) -> list[int]:
    told = " ".join([found.method, *found.notes])
    return [int(worth) for worth in re.findall(r"(?<=worth )\d+", told)]


@pytest.mark.parametrize(
    ("metric", "needed"),
    [("latency_p99_ms", 299), ("latency_p95_ms", 59), ("latency_p95_ratio_vs_classical", 72)],
)
def test_what_requests_are_worth_is_one_number_and_the_one_that_decides(
    metric: str, needed: int
) -> None:
    rng, asked, decided = np.random.default_rng(7), gate(metric, high=1e9), set()
    sizes = {"latency_p99_ms": (60, 10)}.get(metric, (20, 6))
    sessions = np.repeat(np.arange(sizes[0]), sizes[1])
    for _ in range(60):
        level = rng.normal(size=sizes[0])[sessions]
        arms = np.exp(0.4 * (level + rng.normal(size=(2, len(sessions)))))
        candidate, baseline = (times(arm.tolist(), sessions.tolist()) for arm in arms)
        found = latency.measure(_evidence(candidate, baseline), asked)
        worths = _worths(found)
        assert len(set(worths)) == 1
        assert (found.high is not None) is (worths[0] >= needed)
        assert (found.high is None) is bool(found.notes)
        decided.add(found.high is not None)
    assert decided == {True, False}


def test_a_limit_against_the_baseline_tells_of_the_bound_that_it_takes() -> None:
    asked = replace(P95, threshold=Threshold(None, 400.0, 2.0))
    found = latency.measure(_evidence(times(range(1, 66)), times(range(1, 201))), asked)
    assert found.high is not None
    assert found.relative is not None
    assert found.relative.high is None
    assert "72 independent ones are needed, these 65 are worth 65." in found.notes[0]


def test_too_few_can_still_be_too_slow() -> None:
    found = latency.measure(_evidence(times([500.0] * 30 + [600.0] * 10)), P95)
    assert found.high is None
    assert judge_gate(P95, found).outcome is Outcome.FAIL


def test_requests_that_move_as_one_are_worth_their_sessions() -> None:
    values = [float(1 + 10 * (i // 10)) for i in range(400)]
    found = latency.measure(_evidence(times(values, [i // 10 for i in range(400)])), P95)
    assert "400 requests worth 37 independent ones" in found.method
    assert found.high is None
    assert judge_gate(P95, found).outcome is Outcome.INCONCLUSIVE


def test_a_single_session_that_drifts_is_too_little() -> None:
    found = latency.measure(_evidence(times(range(1, 401), [0] * 400)), P95)
    assert found.high is None
    assert "Too few requests for an upper bound of p95" in found.notes[0]


def test_no_ratio_between_two_machines() -> None:
    evidence = _evidence(times(range(1, 401)), {**times(range(1, 401)), "measured": False})
    asked = gate("latency_p95_ratio_vs_classical", high=3.0)
    assert "two machines" in str(latency.measure(evidence, asked).error)


def test_a_ratio_takes_half_of_the_error_on_each_side() -> None:
    asked = gate("latency_p95_ratio_vs_classical", high=3.0)
    found = latency.measure(_evidence(times(range(2, 402, 2)), times(range(1, 201))), asked)
    low, high = quantile_ranks(200, 0.95, confidence=0.975)
    assert low is not None
    assert high is not None
    assert found.value == 2.0
    assert found.high == pytest.approx(2 * high / low)
    assert found.low == pytest.approx(2 * low / high)


def test_a_ratio_whose_baseline_has_too_few_requests_cannot_fail() -> None:
    asked = gate("latency_p95_ratio_vs_classical", high=1.1)
    found = latency.measure(_evidence(times(range(2, 402, 2)), times(range(1, 31))), asked)
    assert found.low is None
    verdict = judge_gate(asked, found)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "there is no lower bound" in verdict.reason


@pytest.mark.parametrize(
    ("metric", "candidate", "baseline", "missing"),
    [
        ("latency_p95_ms", None, times([1.0]), "candidate"),
        ("latency_p95_ms", times([]), None, "candidate"),
        ("latency_p95_ms", times([1.0, math.nan]), None, "not finite"),
        ("latency_p95_ratio_vs_classical", times([1.0]), None, "baseline"),
        ("latency_p95_ratio_vs_classical", times([1.0]), times([]), "baseline"),
    ],
)
def test_what_was_not_measured_is_an_error(
    metric: str, candidate: Any, baseline: Any, missing: str
) -> None:
    asked = gate(metric, high=1e6)
    found = latency.measure(_evidence(candidate, baseline), asked)
    assert found.error is not None
    assert missing in found.error
    assert judge_gate(asked, found).outcome is Outcome.ERROR


def _plan(requests: int, sessions: int) -> Plan:
    terms = document(latency={"requests": requests, "sessions": sessions})
    return Plan(build_charter(terms, "pilot.yaml"), 10, 10, ())


@pytest.mark.parametrize(
    ("metric", "sessions", "fewest", "advised"),
    [
        ("latency_p50_ms", None, 5, (5, 5)),
        ("latency_p95_ms", None, 59, (59, 59)),
        ("latency_p99_ms", None, 299, (299, 299)),
        ("latency_p95_ratio_vs_classical", None, 72, (72, 72)),
        ("latency_p95_ms", 10, 73, (150, 21)),
        ("latency_p99_ms", 60, 308, (620, 122)),
    ],
)
def test_a_forecast_knows_the_fewest_requests(
    metric: str, sessions: int | None, fewest: int, advised: tuple[int, int]
) -> None:
    asked = gate(metric, high=100.0)
    assert latency.forecast(_plan(fewest, sessions or fewest), asked, None).decidable
    found = latency.forecast(_plan(fewest - 1, sessions or fewest - 1), asked, None)
    assert not found.decidable
    assert f"at least {fewest} needed" in found.note
    enough = f"set latency.requests to at least {advised[0]} and latency.sessions to {advised[1]}"
    assert found.remedy == enough


@pytest.mark.parametrize(
    ("metric", "sessions"),
    [
        ("latency_p95_ms", 10),
        ("latency_p95_ms", 20),
        ("latency_p99_ms", 10),
        ("latency_p99_ms", 60),
    ],
)
def test_no_fewer_requests_than_the_forecast_tells_have_a_bound(metric: str, sessions: int) -> None:
    """Even where requests are spread over their sessions as evenly as can be."""
    asked = gate(metric, high=1e9)
    found = latency.forecast(_plan(sessions + 1, sessions), asked, None)
    fewest = int(re.findall(r"at least (\d+)", found.note)[0])
    for n, bounded in ((fewest - 1, False), (fewest, True)):
        label = np.arange(n) * sessions // n
        turn = np.argsort(np.argsort(np.arange(n) - np.searchsorted(label, label), kind="stable"))
        assert (
            latency.measure(_evidence(times(turn.tolist(), label.tolist())), asked).high is not None
        ) is bounded


def test_a_hundred_requests_cannot_bound_p99() -> None:
    found = latency.forecast(_plan(100, 100), gate("latency_p99_ms", high=100.0), None)
    assert not found.decidable
    assert "299" in found.note
