"""A run that was stopped passes nothing; what its inputs fail stays failed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgate.errors import ExitCode
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import Action, judge
from qgate.gates.verdict import Outcome
from qgate.report.markdown import render_markdown
from qgate.report.terminal import render_plain
from qgate.rollout.rollback import rollback_after
from tests.unit.measure.small import INPUTS, TRUTH, document, evidence, lock, trial, wrong_on

TRUTHS = TRUTH * 12
SEEDS = (1, 2, 3, 4)
GATES = [
    {
        "name": "parity",
        "metric": "val_accuracy_gap_vs_classical",
        "max": 0.3,
        "owner": "a@example.com",
        "remediation": [{"rerun": "parity"}],
    }
]
STOP = {
    "by": "budget", "cap": "shots", "limit": 5000, "spent": 4096, "needs": 8190, "seeds": 3,
    "reason": "4,096 of 5,000 shots are spent, and the next trial takes about 1,024",
}  # fmt: skip


def _run(stopped: dict[str, Any] | None, wrong: tuple[int, ...] = (), **change: Any) -> Evidence:
    terms = document(seeds=SEEDS, gates=GATES, budget={"shots": 5000})
    row = wrong_on(*wrong, truth=TRUTHS)
    ran = SEEDS if stopped is None else SEEDS[: stopped.get("seeds", 0)]
    trials = [trial("candidate", seed, row, shots=1024) for seed in ran]
    trials += [trial("baseline", seed, TRUTHS) for seed in ran]
    held = {"inputs": INPUTS, "baseline": lock().document["baseline"]}
    run = evidence(trials, truth=TRUTHS, charter=terms, lock=held, **change)
    if stopped is None:
        return run
    return replace(run, record={**run.record, "stopped": stopped})


@pytest.mark.parametrize(
    ("wrong", "word"), [((), "So far PASS"), (tuple(range(90)), "So far FAIL")]
)
def test_every_gate_is_open_with_what_ran_so_far(wrong: tuple[int, ...], word: str) -> None:
    decision = judge(_run(STOP, wrong))
    assert {verdict.outcome for verdict in decision.verdicts} == {Outcome.INCONCLUSIVE}
    assert (decision.action, decision.exit_code) == (Action.HOLD, ExitCode.INCONCLUSIVE)
    parity = decision.verdicts[0]
    assert parity.measurement.value == pytest.approx(len(wrong) / len(TRUTHS))
    assert word in parity.reason
    assert "Stopped at budget.shots with 3 of 4 seeds finished." in parity.reason
    drift = decision.verdicts[2]
    assert drift.measurement.value is None  # a part of the baseline is no drift of it


def test_the_same_measurement_as_of_a_run_of_those_seeds_alone() -> None:
    shorter = _run(None, (1, 2))
    terms = {**document(seeds=SEEDS[:3], gates=GATES, budget={"shots": 5000})}
    trials = [entry for entry in shorter.record["trials"] if entry["seed"] != 4]
    shorter = replace(shorter, record={**shorter.record, "charter": terms, "trials": trials})
    expected, found = judge(shorter).verdicts[0], judge(_run(STOP, (1, 2))).verdicts[0]
    assert expected.outcome is Outcome.PASS
    assert found.measurement == expected.measurement


def test_trials_beyond_the_whole_seeds_are_left_out() -> None:
    run = _run(STOP)
    more = [*run.record["trials"], trial("baseline", 4, wrong_on(*range(100), truth=TRUTHS))]
    beyond = replace(run, record={**run.record, "trials": more})
    assert judge(beyond).verdicts[0].measurement == judge(run).verdicts[0].measurement


def test_a_mismatch_of_inputs_stays_a_failure() -> None:
    decision = judge(_run(STOP, inputs={**INPUTS, "packages": {"numpy": "9"}}))
    outcomes = {verdict.gate.name: verdict.outcome for verdict in decision.verdicts}
    assert outcomes["reproducibility"] is Outcome.FAIL
    assert outcomes["parity"] is Outcome.INCONCLUSIVE
    assert decision.exit_code is ExitCode.GATE_FAILED
    assert "numpy locked" in decision.verdicts[1].reason


def test_no_whole_seed_measures_nothing() -> None:
    decision = judge(_run({**STOP, "seeds": 0}))
    assert all(verdict.measurement.value is None for verdict in decision.verdicts)
    assert "before a seed was finished" in decision.verdicts[0].reason


def test_a_stop_before_anything_ran_says_so() -> None:
    decision = judge(_run({"by": "residency", "reason": "eu is not allowed"}))
    assert {verdict.outcome for verdict in decision.verdicts} == {Outcome.INCONCLUSIVE}
    assert decision.verdicts[0].reason == "Nothing was run: eu is not allowed."
    assert decision.stopped is not None
    assert decision.stopped["words"].startswith("Nothing was run: eu is not allowed. To go on, ")
    assert "state it as its `region` in pilot.yaml" in decision.stopped["words"]


def test_what_to_type_is_said_whole() -> None:
    stopped = judge(_run(STOP)).stopped
    assert stopped is not None
    for words in (
        "set budget.shots to at least 8,190 in pilot.yaml",
        "qgate lock pilot.yaml --reason 'a larger budget'",
        "qgate run pilot.yaml",
    ):
        assert words in stopped["words"]


def test_a_month_that_is_spent_may_be_waited_for() -> None:
    month = {**STOP, "cap": "per_month.minutes", "needs": 0.385}
    stopped = judge(_run(month)).stopped
    assert stopped is not None
    assert "set budget.per_month.minutes to at least 0.385 in pilot.yaml" in stopped["words"]
    assert "or wait for the next month" in stopped["words"]


@pytest.mark.parametrize("form", [render_plain, render_markdown])
def test_what_to_do_is_said_once_and_is_not_a_gates_remediation(form: Any) -> None:
    decision = judge(_run(STOP))
    text = " ".join(form(decision, rollback_after(decision)).split())
    assert text.count("to at least 8,190") == 1
    for words in ("rerun", "again: `qgate run", " do "):
        assert words not in text.partition("To go on")[2].partition("To go on")[0]
    failed = judge(_run(STOP, inputs={**INPUTS, "packages": {"numpy": "9"}}))
    whole = form(failed, rollback_after(failed))
    assert whole.count("qgate run pilot.yaml") >= 2  # a mismatch is mended as ever


def test_a_finished_run_is_judged_as_ever() -> None:
    decision = judge(_run(None))
    assert decision.verdicts[0].outcome is Outcome.PASS
    assert decision.stopped is None
