"""Example charters, run as a user runs them, and what holds for every one of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from tests.integration.commands import Done, qgate, qgate_alone, qgate_together
from tests.integration.conftest import ROOT

EXPECTED = {
    "breast_cancer": ("promote", 0),
    "hold": ("hold", 20),
    "rollback": ("rollback", 10),
    "recorded": ("promote", 0),
    "digits": ("rollback", 10),
    "early_stop": ("promote", 0),
    "device_noise": ("promote", 0),
    "drift_harmless": ("hold", 20),
    "drift_touches": ("hold", 20),
    "variational": ("hold", 20),
    "qaoa": ("rollback", 10),
    "pennylane": ("promote", 0),
    "braket": ("promote", 0),
    "qiskit_machine_learning": ("promote", 0),
}
ALONE = ("breast_cancer", "hold", "rollback")
"""Run in processes of their own: one of each exit code."""
ON_DEVICES = ("device_noise", "drift_harmless", "drift_touches", "variational", "qaoa")
OF_OTHER_SDKS = ("pennylane", "braket", "qiskit_machine_learning")
SIMPLE = tuple(name for name in EXPECTED if name not in (*ON_DEVICES, *OF_OTHER_SDKS))

Runs = Mapping[str, "Example"]


@dataclass(frozen=True)
class Example:
    """An example's folder, its run with a JSON report, and its evidence judged elsewhere."""

    folder: Path
    done: Done
    judged: Done
    reported: Done

    @property
    def path(self) -> str:
        """Return its evidence's path in the folder."""
        path: str = self.done.report["evidence"]["path"]
        return path


def run_examples(names: Iterable[str], tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Return examples, run one by one, then judged and reported in a process that ran none."""
    ran: dict[str, tuple[Path, Done]] = {}
    for name in names:
        folder = tmp_path_factory.mktemp(name)
        command = qgate_alone if name in ALONE else qgate
        charter = str(ROOT / "charters" / f"{name}.yaml")
        ran[name] = folder, command("run", charter, "--format", "json", cwd=folder)
    again = qgate_together(
        [
            (folder, (verb, done.report["evidence"]["path"], "--format", "json"))
            for folder, done in ran.values()
            for verb in ("judge", "report")
        ]
    )
    return {
        name: Example(folder, done, judged, reported)
        for (name, (folder, done)), judged, reported in zip(
            ran.items(), again[::2], again[1::2], strict=True
        )
    }


def gate_of(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the gate of this name."""
    gate: dict[str, Any] = next(gate for gate in report["gates"] if gate["name"] == name)
    return gate


class Checks:
    """What holds for every example; a module's `runs` and `name` say for which."""

    def test_decision_and_exit_code(self, name: str, runs: Runs) -> None:
        decision, code = EXPECTED[name]
        done = runs[name].done
        assert (done.report["decision"], done.code) == (decision, code), done.err
        assert done.report["exit_code"] == code

    def test_report_satisfies_its_schema(self, name: str, runs: Runs) -> None:
        schema = json.loads((ROOT / "schemas/report.v1.json").read_text(encoding="utf-8"))
        assert list(Draft7Validator(schema).iter_errors(runs[name].done.report)) == []

    def test_evidence_comes_out_as_locked(self, name: str, runs: Runs) -> None:
        lock = json.loads((ROOT / "charters" / f"{name}.lock.json").read_text(encoding="utf-8"))
        report = runs[name].done.report
        assert report["evidence"]["digest"] == lock["evidence"]
        assert gate_of(report, "reproducibility")["verdict"] == "pass"

    def test_judge_gives_the_same_bytes_offline(self, name: str, runs: Runs) -> None:
        example = runs[name]
        assert example.judged.out == example.done.out
        assert example.judged.code == example.done.code
        assert example.reported.out == example.done.out

    def test_every_gate_states_all_its_clauses(self, name: str, runs: Runs) -> None:
        for gate in runs[name].done.report["gates"]:
            assert gate["owner"]
            assert gate["remediation"]
            assert gate["reason"]
            assert gate["method"]
