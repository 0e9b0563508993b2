"""`qgate run --rehearse`: the remedied candidate through the same gates, told beside each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.errors import ExitCode
from tests.integration.conftest import Done, Project, new_project

HARMFUL = {"name": "tangle", "kind": "zz", "pairs": "full", "scale": 3.0}


def _harmed(document: dict[str, Any]) -> None:
    """Give the candidate a layer that ruins it, and gates with each kind of remediation."""
    clause = {"owner": "qml@example.com", "max": 0.2}
    gap = clause | {"metric": "val_accuracy_gap_vs_classical"}
    document["candidate"]["quantum_kernel"]["layers"].append(HARMFUL)
    document["gates"] = [
        gap | {"name": "parity", "remediation": [{"disable": "tangle"}, {"rerun": "parity"}]},
        gap | {"name": "more shots", "max": 0.15, "remediation": [{"set_shots": 1024}]},
        gap | {"name": "told", "max": 0.1, "remediation": [{"notify": "qml@example.com"}]},
        clause
        | {"name": "noise", "metric": "shot_noise_sd", "max": 1e-9}
        | {"remediation": [{"restore": "classical_v1"}]},
    ]
    prices = {"source": "a made-up list", "date": "2026-01-01", "per_shot": 0.0001}
    document["budget"] = {"prices": prices}


def _run(project: Project, *more: str) -> Done:
    return project.qgate("run", "pilot.yaml", "--even-if-underpowered", "--format", "json", *more)


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Done, Done]:
    """Return a project whose candidate fails, run without a rehearsal and with one."""
    project = new_project(tmp_path_factory.mktemp("harmed"))
    project.write(_harmed)
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    return project, _run(project), _run(project, "--rehearse")


def test_each_remediation_is_tried_and_told(harmed: tuple[Project, Done, Done]) -> None:
    done = harmed[2]
    assert not findings_against("report.v1.json", Source("", done.report, {}))
    found = {rehearsal["gate"]: rehearsal for rehearsal in done.report["rehearsals"]}
    assert list(found) == ["parity", "more shots", "told", "noise"]
    without, more = found["parity"], found["more shots"]
    assert "parity" not in without["open"]
    assert without["values"]["parity"] < 0.1
    assert more["open"]["more shots"] == "fail"
    assert (without["shots"], more["shots"]) == (512 * without["circuits"], 1024 * more["circuits"])
    assert more["usd"] == pytest.approx(more["shots"] * 0.0001)
    assert (found["noise"]["outcome"], found["noise"]["dropped"]) == ("promote", ["noise"])
    assert found["told"]["outcome"] == "not_rehearsed"
    assert "changes nothing that a run could try" in found["told"]["reason"]
    assert "rehearse the remediation of parity\n" in done.err


def test_a_rehearsal_changes_neither_evidence_nor_verdict(
    harmed: tuple[Project, Done, Done],
) -> None:
    _, plain, done = harmed
    assert plain.report["rehearsals"] == []
    assert (plain.code, done.code) == (ExitCode.GATE_FAILED, ExitCode.GATE_FAILED)
    assert done.report["evidence"]["digest"] == plain.report["evidence"]["digest"]
    assert [gate["verdict"] for gate in done.report["gates"]] == [
        gate["verdict"] for gate in plain.report["gates"]
    ]


def test_rehearsals_stay_with_the_evidence_in_every_report(
    harmed: tuple[Project, Done, Done],
) -> None:
    project, _, done = harmed
    path = done.report["evidence"]["path"]
    for name in ("terminal", "markdown", "junit"):
        flat = " ".join(project.qgate("report", path, "--format", name).out.split())
        assert "rehearsed: passes at " in flat, name
        assert "rehearsed: fails too at " in flat, name
        assert "USD (modelled)" in flat, name
        assert "rehearsed: is not asked any more" in flat, name
        assert "3 more looks, which no count of attempts tells" in flat, name
        assert "up to 18.5% of the time" in flat, name  # 1 - .95^4
    assert project.qgate("judge", path, "--format", "json").report == done.report


def test_a_rehearsal_is_no_attempt(harmed: tuple[Project, Done, Done]) -> None:
    log = (harmed[0].folder / ".qgate/log.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["action"] for line in log.splitlines()].count("run") == 2


def test_what_was_passed_is_not_rehearsed(project: Project) -> None:
    assert project.qgate("lock", "pilot.yaml").code == ExitCode.PASS
    done = _run(project, "--rehearse")
    assert (done.code, done.report["rehearsals"]) == (ExitCode.PASS, [])
