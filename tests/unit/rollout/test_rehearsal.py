"""Remediations as changes of a charter; that they are run is tested in integration."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from qgate.charter.build import build_charter
from qgate.charter.charter import Charter
from qgate.errors import ExecutionError, Finding, InterruptedRunError
from qgate.evidence.evidence import Evidence
from qgate.gates.decision import Decision, judge
from qgate.gates.verdict import Outcome
from qgate.plan.study import Study
from qgate.rollout import rehearsal
from qgate.rollout.rehearsal import Gathered, NothingToRehearseError, rehearse, remedied
from tests.unit.measure.small import TRUTH, both, document, evidence

LAYERS = [{"name": "encode", "kind": "angle", "gate": "ry"}, {"name": "zz", "kind": "zz"}]
KERNEL: dict[str, Any] = {
    "layers": LAYERS,
    "device": {"path": "locked.json", "current": "now.json"},
    "mitigation": {"readout": True, "zero_noise": {"scales": [1, 3]}},
}


def _charter(*actions: dict[str, Any], **change: Any) -> Charter:
    clause = {"name": "g", "metric": "val_accuracy_gap_vs_classical", "max": 0.1, "owner": "a"}
    gates = [
        clause | {"at": {"shots": 1024}, "remediation": list(actions)},
        clause | {"name": "noise", "metric": "shot_noise_sd", "remediation": [{"rerun": "g"}]},
        clause | {"name": "drift", "metric": "calibration_drift", "remediation": [{"rerun": "g"}]},
        clause
        | {"name": "part", "metric": "quantum_contribution", "remediation": [{"rerun": "g"}]},
    ]
    base = {"candidate": {"id": "q", "quantum_kernel": KERNEL}, "gates": gates}
    return build_charter(document(**(base | change)), "pilot.yaml")


def _remedied(*actions: dict[str, Any], **change: Any) -> dict[str, Any]:
    charter = _charter(*actions, **change)
    before = dict(charter.document)
    found = remedied(charter, charter.gates[0])
    assert charter.document == before  # what ran stays as it was
    return found


def test_a_disabled_layer_is_gone() -> None:
    found = _remedied({"disable": "zz"}, {"rerun": "g"})
    assert found["candidate"]["quantum_kernel"]["layers"] == LAYERS[:1]


def test_disabled_mitigation_is_gone_and_an_empty_section_with_it() -> None:
    found = _remedied({"disable": "readout_mitigation"})["candidate"]["quantum_kernel"]
    assert found["mitigation"] == {"zero_noise": {"scales": [1, 3]}}
    both = _remedied({"disable": "readout_mitigation"}, {"disable": "zero_noise"})
    assert "mitigation" not in both["candidate"]["quantum_kernel"]


def test_every_gate_is_read_at_the_new_shots() -> None:
    found = _remedied({"set_shots": 4096})
    assert found["schedule"]["shots"] == [4096]
    assert found["gates"][0]["at"] == {"shots": 4096}
    assert build_charter(found, "p.yaml").serving_shots == 4096


def test_what_is_read_at_exact_probabilities_stays_so() -> None:
    exact = {"name": "e", "metric": "val_accuracy", "min": 0.1, "owner": "a"}
    clause = {"name": "g", "metric": "val_accuracy", "min": 0.1, "owner": "a"}
    gates = [
        clause | {"remediation": [{"set_shots": 64}]},
        exact | {"at": {"shots": "exact"}, "remediation": [{"rerun": "e"}]},
    ]
    charter = build_charter(document(shots=("exact", 16), gates=gates), "pilot.yaml")
    found = remedied(charter, charter.gates[0])
    assert found["schedule"]["shots"] == ["exact", 64]
    assert found["gates"][1]["at"] == {"shots": "exact"}


def test_a_restored_service_stands_in_the_candidates_place() -> None:
    found = _remedied({"restore": "classical_v3"})
    assert found["candidate"]["estimator"] == "sklearn.svm.SVC"
    assert found["schedule"]["shots"] == ["exact"]
    left = {gate["metric"] for gate in found["gates"]}
    assert not left & {"shot_noise_sd", "quantum_contribution"}
    assert not any("at" in gate for gate in found["gates"])


def test_a_recalibrated_device_is_its_current_snapshot() -> None:
    found = _remedied({"recalibrate": "lagos"})
    assert found["candidate"]["quantum_kernel"]["device"] == {"path": "now.json"}
    assert [gate["name"] for gate in found["gates"]] == ["g", "noise", "part"]


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ({"notify": "a@example.com"}, "notify changes nothing"),
        ({"rerun": "g"}, "rerun changes nothing"),
        ({"restore": "somebody_else"}, "somebody_else is not in the charter"),
    ],
)
def test_what_cannot_be_tried_is_said(action: dict[str, Any], why: str) -> None:
    with pytest.raises(NothingToRehearseError, match=why):
        _remedied(action)


def test_without_a_current_snapshot_nothing_can_be_recalibrated() -> None:
    kernel = {"layers": LAYERS, "device": {"path": "locked.json"}}
    with pytest.raises(NothingToRehearseError, match="no current snapshot"):
        _remedied({"recalibrate": "lagos"}, candidate={"id": "q", "quantum_kernel": kernel})


def _rehearsed(monkeypatch: pytest.MonkeyPatch, gather: Any, refused: Any = ()) -> Any:
    """Rehearse more shots for a gate that failed, with what a run would do left to `gather`."""
    clause = {"name": "g", "metric": "val_accuracy", "min": 0.9, "owner": "a"}
    terms = document(gates=[clause | {"remediation": [{"set_shots": 4096}]}])
    found: Evidence = evidence(both({1: TRUTH[::-1], 2: TRUTH[::-1]}, TRUTH), charter=terms)
    decision: Decision = judge(found)
    assert decision.of(Outcome.FAIL)
    progress = SimpleNamespace(stage=lambda *_: None, advance=lambda: None)
    study: Any = SimpleNamespace(charter=found.charter, settings=SimpleNamespace(progress=progress))
    monkeypatch.setattr(rehearsal, "_restudied", lambda *_: study)
    monkeypatch.setattr(rehearsal, "refusals", lambda *_: list(refused))
    return list(rehearse(study, decision, gather))


def test_what_a_run_would_refuse_is_not_rehearsed(monkeypatch: pytest.MonkeyPatch) -> None:
    def gather(study: Study) -> Gathered:
        raise AssertionError(study)

    over = Finding("pilot.yaml", 1, 1, "the plan takes up to 9 shots, the budget allows 3")
    found = _rehearsed(monkeypatch, gather, [over])
    assert [one["outcome"] for one in found if one["gate"] == "g"] == ["not_rehearsed"]
    assert found[0]["reason"] == f"`qgate run` would refuse it: {over.message}"


def test_a_rehearsal_that_fails_is_told_and_one_that_is_interrupted_ends_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(_: Study) -> Gathered:
        raise ExecutionError("singular")

    assert _rehearsed(monkeypatch, fails)[0]["reason"] == "singular"

    def interrupted(_: Study) -> Gathered:
        raise InterruptedRunError("stopped")

    with pytest.raises(InterruptedRunError):
        _rehearsed(monkeypatch, interrupted)
