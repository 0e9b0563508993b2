"""`qgate explain`: what every name that a person meets means, and what to type."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.codes import CODES, NAMED
from qgate.errors import ExitCode
from qgate.measure.registry import METRICS
from tests.integration.commands import ROOT, qgate
from tests.integration.conftest import Project


def _explain(*arguments: str) -> str:
    done = qgate("explain", *arguments, cwd=ROOT, COLUMNS="80")
    assert (done.code, done.err) == (ExitCode.PASS, "")
    assert all(len(line) <= 80 for line in done.out.splitlines())
    return done.out


@pytest.mark.parametrize("name", [*METRICS, *CODES, *NAMED])
def test_every_name_is_explained_with_what_to_do(name: str) -> None:
    told = _explain(name)
    assert "\n    to do       " in told
    assert name in told.partition("\n")[0]


def test_without_a_name_everything_that_can_be_explained_is_listed() -> None:
    listed = _explain()
    assert all(name in listed for name in [*METRICS, *CODES, *NAMED])
    assert listed.endswith("qgate explain NAME, or qgate explain GATE --charter FILE\n")


def test_a_metric_is_told_in_the_words_of_the_list_of_metrics() -> None:
    listed = qgate("metrics", cwd=ROOT, COLUMNS="80").out
    for name in ("val_f1", "latency_p95_ms", "cost_per_1k_usd", "residency"):
        told = _explain(name)
        shared = told[: told.index("    narrows")].replace(
            "    of          tasks of classification only\n", ""
        )
        assert shared in listed


def test_a_gate_is_told_with_its_threshold_owner_remediation_and_its_own_commands() -> None:
    told = _explain("parity", "--charter", "charters/breast_cancer.yaml")
    assert told.startswith("parity  (gate of breast-cancer-triage, charters/breast_cancer.yaml)\n")
    words = " ".join(told.split())
    assert "val_accuracy_gap_vs_classical is at most 3.00 pt, with 95% confidence" in words
    assert "owner qml@example.com" in words
    assert "disable layer `entangle`, then re-run parity" in words
    assert "qgate run charters/breast_cancer.yaml --rehearse" in words
    implied = _explain("reproducibility", "--charter", "charters/breast_cancer.yaml")
    assert "when there is no mismatch" in implied


def test_a_gates_name_comes_before_a_verdicts_and_shadow_is_told(project: Project) -> None:
    def named_as_a_verdict(document: dict[str, Any]) -> None:
        shadowed = {**document["gates"][0], "name": "fail", "mode": "shadow"}
        document["gates"].append(shadowed)

    project.write(named_as_a_verdict)
    done = project.qgate("explain", "fail", "--charter", "pilot.yaml")
    assert (done.code, done.err) == (ExitCode.PASS, "")
    told = done.out
    assert told.startswith("fail  (gate of small, pilot.yaml)")
    assert "in shadow" in told
    assert project.qgate("explain", "fail").out.startswith("fail  (verdict, QG-V20)")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("latency_p95", "latency_p95_ms"),
        ("Inconclusiv", "inconclusive"),
        ("QG-E3", "QG-E30"),
        ("prity", "parity"),
    ],
)
def test_a_near_miss_is_answered_by_what_was_meant(typed: str, meant: str) -> None:
    done = qgate("explain", typed, "--charter", "charters/breast_cancer.yaml", cwd=ROOT)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    first = done.err.partition("\n")[0]
    assert "did you mean" in first
    assert meant in first


def test_a_name_of_nothing_is_refused_in_words() -> None:
    done = qgate("explain", "\x1b[31mxyzzyqwerty", cwd=ROOT)
    assert done.code == ExitCode.USAGE
    assert "is not known; qgate explain lists what is" in done.err
    assert "\x1b" not in done.err
    absent = qgate("explain", "parity", "--charter", "absent.yaml", cwd=ROOT)
    assert absent.code == ExitCode.USAGE
    assert absent.err.startswith("absent.yaml:1:1: cannot read")
