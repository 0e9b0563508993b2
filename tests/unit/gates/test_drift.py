"""A drift opens what was decided under the locked snapshot, and says whether it matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgate.charter.derived import DRIFTED
from qgate.errors import ExitCode
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import Action, Decision, judge
from qgate.gates.drift import compares
from qgate.gates.looks import look_at, settled
from qgate.gates.verdict import Outcome, Verdict, judge_gate
from qgate.measure.measurement import Measurement
from qgate.rollout.rollback import rollback_after
from tests.unit.measure.drifts import calibration, with_calibration
from tests.unit.measure.small import TRUTH, both, document, evidence, gate, trial, wrong_on

P, F, I, E = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR  # noqa: E741
TRUTHS = TRUTH * 12
SEEDS = (1, 2, 3)
SAME, MOVED = calibration(), calibration(factors={"p1_given_0": 12.0})
GOOD: tuple[int, ...] = (1,)
POOR = tuple(range(60))
MIDDLING = tuple(range(10))


def _clause(name: str, metric: str, **terms: Any) -> dict[str, Any]:
    remedy = [{"rerun": "parity"}]
    return {"name": name, "metric": metric, "owner": "a@b.example", "remediation": remedy, **terms}


def _terms(**drift: Any) -> dict[str, Any]:
    kernel = document()["candidate"]["quantum_kernel"]
    device = {"path": "old.json", "current": "new.json"}
    return document(
        seeds=SEEDS,
        candidate={"id": "q", "quantum_kernel": {**kernel, "device": device}},
        gates=[
            _clause("parity", "val_accuracy_gap_vs_classical", max=0.1),
            _clause("floor", "val_accuracy", min=0.8),
            _clause("noise", "shot_noise_sd", max=0.5),
            _clause("drift", "calibration_drift", max=1.5, **drift),
        ],
    )


def _run(
    found: dict[str, Any] | None,
    locked: tuple[int, ...] = GOOD,
    current: tuple[int, ...] | None = None,
    **drift: Any,
) -> Evidence:
    trials = both({s: wrong_on(*locked, truth=TRUTHS) for s in SEEDS}, TRUTHS)
    if current is not None:
        row = wrong_on(*current, truth=TRUTHS)
        trials += [trial(DRIFTED, seed, row, shots=1024) for seed in SEEDS]
    run = evidence(trials, truth=TRUTHS, charter=_terms(**drift))
    return run if found is None else with_calibration(run, candidate=found)


def _of(decision: Decision, name: str) -> Verdict:
    return next(verdict for verdict in decision.verdicts if verdict.gate.name == name)


def _outcomes(run: Evidence) -> list[Outcome]:
    return [_of(judge(run), name).outcome for name in ("parity", "floor", "drift")]


def test_without_a_drift_everything_stays() -> None:
    assert _outcomes(_run(SAME)) == [P, P, P]
    assert _outcomes(_run(SAME, POOR)) == [F, F, P]


@pytest.mark.parametrize("locked", [GOOD, POOR])
def test_a_drift_opens_passes_and_failures_alike(locked: tuple[int, ...]) -> None:
    run = _run(MOVED, locked)
    decision = judge(run)
    assert _outcomes(run) == [I, I, I]
    assert decision.action is Action.HOLD
    assert not rollback_after(decision).required
    assert _of(decision, "noise").outcome is _of(judge(_run(SAME, locked)), "noise").outcome
    before = _of(judge(_run(SAME, locked)), "parity")
    assert _of(decision, "parity").measurement == before.measurement


@pytest.mark.parametrize(
    ("metric", "opens"),
    [
        ("optimum_reached", True),
        ("quantum_contribution", True),
        ("val_rmse", True),
        ("shot_noise_sd", False),
        ("latency_p95_ms", False),
    ],
)
def test_what_rests_on_the_snapshot_is_opened(metric: str, opens: bool) -> None:
    assert compares(gate(metric, high=0.1)) is opens


def test_what_is_not_shown_to_be_as_it_was_opens_too() -> None:
    broken = calibration(planted={("two_qubit_error", 2): 1.0})
    decision = judge(_run(broken))
    assert _of(decision, "parity").outcome is I
    assert "is not shown to be as it was: see drift." in _of(decision, "parity").reason
    unmeasured = judge(_run(None))
    assert [_of(unmeasured, name).outcome for name in ("parity", "drift")] == [I, E]
    assert "could not be held against a later one" in _of(unmeasured, "parity").reason
    assert unmeasured.exit_code is ExitCode.COULD_NOT_RUN


TOUCHES = [
    (GOOD, GOOD, "The drift does not touch the verdict: PASS under both snapshots."),
    (POOR, POOR, "The drift does not touch the verdict: FAIL under both snapshots."),
    (GOOD, POOR, "touches the verdict: PASS under the locked, FAIL under the current snapshot."),
    (POOR, GOOD, "touches the verdict: FAIL under the locked, PASS under the current snapshot."),
    (GOOD, MIDDLING, "PASS under the locked, INCONCLUSIVE under the current snapshot."),
]


@pytest.mark.parametrize(("locked", "current", "words"), TOUCHES)
def test_the_effect_is_told(locked: tuple[int, ...], current: tuple[int, ...], words: str) -> None:
    verdict = _of(judge(_run(MOVED, locked, current)), "parity")
    assert verdict.outcome is I
    assert words in verdict.reason
    value = 100 * len(current) / len(TRUTHS)
    shown = f"{value:.2f}" if value < 10 else f"{value:.1f}"
    assert (
        f"{shown} pt ("
        in verdict.reason.partition("Under the current snapshot, on the same qubits: ")[2]
    )


def test_the_reason_says_what_drifted_when_and_what_to_type() -> None:
    reason = _of(judge(_run(MOVED, GOOD, POOR)), "parity").reason
    assert reason.startswith(
        "The calibration (toy, 2026-01-05 to 2026-01-19) is shown to have drifted: see drift. "
        "Under the locked snapshot: PASS, 0.83 pt ("
    )
    assert reason.endswith(
        "Set candidate.quantum_kernel.device.path to new.json, "
        "then qgate lock pilot.yaml --reason 'recalibrated'"
    )


def test_without_trials_under_the_current_snapshot_the_effect_is_not_known() -> None:
    reason = _of(judge(_run(MOVED)), "parity").reason
    assert "Whether the drift touches the verdict is not known: the candidate was not run" in reason


def test_a_drift_gate_never_fails_and_says_why() -> None:
    asked = gate("calibration_drift", high=1.5)
    shown = Measurement(9.0, 4.0, 20.0, confidence=0.95)
    verdict = judge_gate(asked, shown)
    assert verdict.outcome is I
    assert "lower bound 4.00 x is above 1.50 x" in verdict.reason
    assert "no candidate bad" in verdict.reason
    assert judge_gate(asked, shown, capped=False).outcome is F
    open_ = judge_gate(asked, Measurement(1.4, 1.0, 2.0, confidence=0.95))
    assert "no candidate bad" not in open_.reason
    assert "would narrow" not in open_.reason  # no more trials would


def test_a_gate_in_shadow_opens_nothing() -> None:
    assert _outcomes(_run(MOVED, mode="shadow")) == [P, P, I]
    assert judge(_run(SAME)).of(F) == judge(_run(MOVED, mode="shadow")).of(F)


def test_gates_on_the_drift_itself_and_open_questions_stay() -> None:
    run = _run(MOVED, MIDDLING, GOOD)
    plain = _run(SAME, MIDDLING, GOOD)
    assert _of(judge(plain), "parity").outcome is I
    assert _of(judge(run), "parity") == _of(judge(plain), "parity")


def test_a_look_sees_the_same_and_does_not_stop_the_run() -> None:
    terms = _terms()
    terms["schedule"] |= {"seeds": [1, 2, 3, 4, 5, 6], "looks": {"after_seeds": [3]}}
    gates = [g for g in terms["gates"] if g["name"] != "noise"]
    levels = {"parity": [0.01, 0.04], "floor": [0.01, 0.04]}
    looks = {"by": "seeds", "ends": [3, 6], "levels": levels, "taken": 1, "seeds": 3}
    for found, outcome in ((SAME, P), (MOVED, I)):
        run = _run(found)
        record = {**run.record, "charter": {**terms, "gates": gates}, "looks": looks}
        run = replace(run, record=record)
        look = look_at(run, run.charter)
        assert [verdict.outcome for verdict in look.verdicts] == [outcome, outcome]
        assert settled(look) == (outcome is P)
