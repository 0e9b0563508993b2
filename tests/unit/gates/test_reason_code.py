"""The code of a reason: it follows the numbers, and tells where they alone do not decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qgate.charter.charter import Threshold
from qgate.codes import CODES
from qgate.gates.decision import judge
from qgate.gates.reason_code import reason_code
from qgate.gates.verdict import Outcome, Verdict, judge_gate
from qgate.measure.measurement import Measurement, Relative
from qgate.report.document import report_document
from qgate.rollout.rollback import rollback_after
from tests.unit.measure.small import both, evidence, gate, wrong_on

GAP = "val_accuracy_gap_vs_classical"


@pytest.mark.parametrize(
    ("measured", "code"),
    [
        (Measurement(0.3, 0.2, 0.4), "QG-V10"),
        (Measurement(0.3, bounded=False), "QG-V11"),
        (Measurement(0.7, 0.6, 0.8), "QG-V20"),
        (Measurement(0.7, bounded=False), "QG-V21"),
        (Measurement(0.5, 0.2, 0.8), "QG-V30"),
        (Measurement(0.3, 0.2, None), "QG-V31"),
        (Measurement(0.3, None, None), "QG-V31"),
        (Measurement(0.3, None, 0.8), "QG-V30"),  # the bound that decides is there
        (Measurement(error="singular"), "QG-V40"),
        (Measurement(float("nan"), 0.1, 0.2), "QG-V40"),
    ],
)
def test_the_code_follows_the_numbers(measured: Measurement, code: str) -> None:
    assert reason_code(judge_gate(gate(GAP, high=0.5), measured)) == code


def test_a_lower_limit_and_a_multiple_of_the_baseline_need_their_own_bounds() -> None:
    floor = gate("val_accuracy", low=0.5)
    assert reason_code(judge_gate(floor, Measurement(0.6, None, 0.8))) == "QG-V31"
    assert reason_code(judge_gate(floor, Measurement(0.6, 0.4, None))) == "QG-V30"
    relative = replace(gate("latency_p95_ms"), threshold=Threshold(vs_baseline=2.0))
    open_ended = Measurement(9.0, 8.0, 10.0, relative=Relative(1.5, 1.0, None))
    assert reason_code(judge_gate(relative, open_ended)) == "QG-V31"


def test_what_the_numbers_would_decide_but_may_not_is_held_open() -> None:
    drifted = judge_gate(gate("calibration_drift", high=2.0), Measurement(9.0, 8.0, 10.0))
    assert (drifted.outcome, reason_code(drifted)) == (Outcome.INCONCLUSIVE, "QG-V32")
    for measured in (Measurement(0.3, 0.2, 0.4), Measurement(method="not measured")):
        stopped = Verdict(gate(GAP, high=0.5), measured, Outcome.INCONCLUSIVE, "stopped")
        assert reason_code(stopped) == "QG-V32"


def test_each_gate_of_a_report_has_the_code_of_its_reason() -> None:
    decision = judge(evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on())))
    gates = report_document(decision, rollback_after(decision))["gates"]
    assert len(gates) == len(decision.verdicts)
    for told, verdict in zip(gates, decision.verdicts, strict=True):
        assert told["code"] == reason_code(verdict)
        family = {"pass": "QG-V1", "fail": "QG-V2", "inconclusive": "QG-V3", "error": "QG-V4"}
        assert told["code"].startswith(family[told["verdict"]])
        assert told["code"] in CODES
