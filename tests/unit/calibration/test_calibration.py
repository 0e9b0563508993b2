from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from qgate.calibration import calibration
from qgate.calibration.calibration import Calibration, Row, calibrate
from qgate.calibration.reruns import Reruns
from qgate.calibration.worlds import Kind
from qgate.charter.charter import Charter, Gate
from qgate.errors import ExitCode
from qgate.evidence.evidence import Evidence
from qgate.measure.baseline_drift import fingerprint
from tests.unit.calibration.cases import two_arms
from tests.unit.measure.small import INPUTS, document, evidence, gate, times

GAP = "val_accuracy_gap_vs_classical"


def terms(found: Evidence, *gates: Gate) -> Charter:
    return dataclasses.replace(found.charter, gates=gates)


def calibrated(found: Evidence, *gates: Gate, replicates: int = 60, **more: Any) -> Calibration:
    return calibrate(found, terms(found, *gates), replicates=replicates, **more)


def row(found: Calibration, world: str, dose: float = 0.0) -> Row:
    return next(row for row in found.rows if (row.world, row.dose) == (world, dose))


def locked(found: Evidence) -> Evidence:
    """Return evidence whose lock is of its own baseline, with two clean replays."""
    lock = {"inputs": INPUTS, "baseline": fingerprint(found)}
    replays = [{"trial": "t", "seed": s, "first": "a" * 64, "again": "a" * 64} for s in (1, 2)]
    return Evidence({**found.record, "lock": lock, "replays": replays}, found.observations, "")


def test_a_gate_with_items_enough_is_calibrated() -> None:
    found = calibrated(two_arms(3000), gate(GAP, high=0.05))
    assert found.blind == ()
    assert found.tried == found.told == (GAP,)
    assert found.exit_code is ExitCode.PASS
    equal, twice = row(found, "A/A: arms swapped"), row(found, "flipped predictions", 2.0)
    assert equal.failed == 0
    assert equal.passed > 55
    assert twice.failed > 50
    assert twice.detection.share == 1.0
    assert twice.detection.low == pytest.approx(0.025 ** (1 / 60))
    assert equal.false_alarm == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / 60)))


def test_a_tiny_design_is_blind_though_it_lets_nothing_through() -> None:
    found = calibrated(two_arms(60), gate(GAP, high=0.02))
    assert row(found, "flipped predictions", 2.0).detection.low > calibration.DETECTED
    (blind,) = found.blind
    assert "from an equal candidate too seldom" in blind.reason
    assert "qgate plan pilot.yaml" in blind.remedy
    assert found.told == ()
    assert found.exit_code is ExitCode.INCONCLUSIVE


def test_a_gate_that_lets_the_regression_through_is_blind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The naive gate, which holds the mean against the tolerance, were it ours."""
    from qgate.measure import parity

    measure = parity.measure

    def naive(found: Evidence, of: Gate, **more: bool) -> Any:
        done = measure(found, of, **more)
        value = (done.value or 0.0) - 0.02
        return dataclasses.replace(done, value=value, low=value, high=value)

    monkeypatch.setattr(parity, "measure", naive)
    found = calibrated(two_arms(400), gate(GAP, high=0.02))
    assert "it stops" in found.blind[0].reason
    assert row(found, "flipped predictions", 2.0).detection.low < calibration.DETECTED


def test_a_changed_baseline_and_a_changed_replay_are_always_found() -> None:
    found = calibrated(
        locked(two_arms(100)), gate("baseline_drift", high=0.0), gate("reproducibility", high=0.0),
        replicates=25,
    )  # fmt: skip
    for world in ("silently updated baseline", "replays that differ"):
        for dose in (1.0, 2.0):
            assert row(found, world, dose).failed == 25
    exact = [row for row in found.rows if row.world == "as it ran"]
    assert [(row.passed, row.replicates, row.exact) for row in exact] == [(1, 1, True)] * 2
    assert found.blind == ()


def test_a_gate_that_cannot_be_measured_is_blind() -> None:
    found = calibrated(two_arms(100), gate("baseline_drift", high=0.0), replicates=10)
    assert row(found, "silently updated baseline", 2.0).errors == 10
    assert "could not be measured" in found.blind[0].reason


def test_figures_depend_on_the_evidence_alone() -> None:
    gates = (gate(GAP, high=0.05), gate("shot_noise_sd", high=0.03))
    first, again = (calibrated(two_arms(200), *gates, replicates=20) for _ in range(2))
    assert first == again
    alone = calibrated(two_arms(200), gates[1], replicates=20)
    assert alone.rows == tuple(row for row in first.rows if row.gate == "shot_noise_sd")


def test_what_is_not_tried_says_why() -> None:
    found = calibrated(
        two_arms(50), gate("cost_total_usd", high=1.0), gate("val_accuracy", low=0.99),
        gate("latency_p95_ms", high=5.0), replicates=10,
    )  # fmt: skip
    reasons = {(s.gate, s.world): s.reason for s in found.skipped}
    assert "counted, not sampled" in reasons["cost_total_usd", ""]
    assert "beyond its limit already" in reasons["val_accuracy", "flipped predictions at 1, 2"]
    assert reasons["", "inflated errors"] == "concerns no gate of this charter"
    assert any(gate == "latency_p95_ms" for gate, _ in reasons)
    assert found.tried == ()
    assert found.exit_code is ExitCode.INCONCLUSIVE


def test_drift_is_shown_by_strength_and_blinds_no_gate() -> None:
    found = two_arms(200)
    worse = [
        {**trial, "predictions": [1 - p for p in trial["predictions"]]}
        if trial["arm"] == "candidate"
        else trial
        for trial in found.record["trials"]
    ]
    drifted = {
        0.1: found,
        0.4: Evidence({**found.record, "trials": worse}, found.observations, ""),
    }
    done = calibrated(found, gate(GAP, high=0.1), reruns=Reruns(drifted=drifted), replicates=20)
    strong, weak = (row(done, "drifted calibration", dose) for dose in (0.4, 0.1))
    assert strong.kind is Kind.DRIFT
    assert strong.failed == 20
    assert strong.target is not None
    assert strong.target > 0.6
    assert weak.passed > strong.passed
    assert all(blind.world != "drifted calibration" for blind in done.blind)


def test_latency_gates_are_calibrated_without_any_trial() -> None:
    both = {
        role: times([5.0 + (i * 7 % 100) / 50 for i in range(600)])
        for role in ("candidate", "baseline")
    }
    found = calibrated(
        evidence([], latency=both, charter=document()), gate("latency_p95_ms", high=20.0),
        gate("latency_p95_ratio_vs_classical", high=1.5), replicates=20,
    )  # fmt: skip
    assert found.blind == ()
    assert len(found.told) == 2
    assert all(row.failed == 0 for row in found.rows if row.kind is Kind.EQUAL)
