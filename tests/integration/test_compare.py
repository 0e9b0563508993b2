"""Comparing real bundles by the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qgate.charter.schema import findings_against
from qgate.charter.yaml_reader import Source
from qgate.errors import ExitCode
from tests.integration.conftest import Project, new_project
from tests.test_layers import QUANTUM, heavy_modules


def _baseline(document: dict[str, Any]) -> None:
    document["baseline"]["params"] = {"C": 0.001}


def _candidate(document: dict[str, Any]) -> None:
    document["candidate"]["quantum_kernel"]["layers"][0]["scale"] = 4.0


def _task(document: dict[str, Any]) -> None:
    document["gates"][0].update(metric="val_f1_gap_vs_classical")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, str]]:
    """Return a project, and the bundles of one locked run and of three that changed one thing."""
    project = new_project(tmp_path_factory.mktemp("compared"))
    project.write(lambda document: document["schedule"].update(seeds=[1, 2], replicates=1))
    paths = {}
    for name, change in (
        ("first", None),
        ("baseline", _baseline),
        ("candidate", _candidate),
        ("question", _task),
    ):

        def write(document: dict[str, Any], change: Any = change) -> None:
            document["schedule"].update(seeds=[1, 2], replicates=1)
            if change is not None:
                change(document)

        project.write(write)
        if name in ("first", "baseline"):
            reason = ("--reason", "the baseline is another") if name == "baseline" else ()
            assert project.qgate("lock", "pilot.yaml", *reason).code == ExitCode.PASS
        done = project.qgate("run", "pilot.yaml", "--format", "json", "--even-if-underpowered")
        paths[name] = done.report["evidence"]["path"]
    return project, paths


def test_a_bundle_against_itself(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    done = project.qgate("compare", paths["first"], Path(paths["first"]).name[:8])
    assert done.code == ExitCode.PASS, done.err
    assert done.out.startswith("THE SAME EVIDENCE")


def test_a_baseline_that_moved_and_was_locked_anew(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    done = project.qgate("compare", paths["first"], paths["baseline"], COLUMNS="80")
    assert done.code == ExitCode.INCONCLUSIVE, done.out + done.err
    assert done.out.startswith("EVIDENCE DRIFT: the baseline moved (its spec in the charter")
    assert "baseline.params.C: 10 -> 0.001" in done.out
    report = project.qgate("compare", paths["first"], paths["baseline"], "--format", "json").report
    assert findings_against("comparison.v1.json", Source("", report, {})) == []
    parity = next(found for found in report["measurements"] if found["gate"] == "parity")
    assert parity["shares"]["candidate"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert parity["shares"]["baseline"]["value"] == parity["difference"]["value"]


def test_a_candidate_that_got_worse(runs: tuple[Project, dict[str, str]], tmp_path: Path) -> None:
    project, paths = runs
    written = tmp_path / "found.md"
    done = project.qgate("compare", paths["first"], paths["candidate"], "--output", str(written))
    assert (done.code, done.out) == (ExitCode.GATE_FAILED, "")
    assert written.read_text(encoding="utf-8").startswith("## ")
    other = tmp_path / "found"
    done = project.qgate(
        "compare", paths["first"], paths["candidate"], "--output", str(other), "--format", "json"
    )
    assert json.loads(other.read_text(encoding="utf-8"))["exit_code"] == done.code


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("first", "question"), "no gate in common: parity (val_accuracy_gap_vs_classical) in A"),
        (("first", "nowhere"), "no evidence 'nowhere'"),
        (("first", "first", "--format", "xml"), "--format xml"),
        (("first", "first", "--output", "a.pdf"), "name its --format"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    runs: tuple[Project, dict[str, str]], arguments: tuple[str, ...], words: str
) -> None:
    project, paths = runs
    done = project.qgate("compare", *(paths.get(word, word) for word in arguments))
    assert done.code == ExitCode.USAGE
    assert words in done.err


def test_comparing_imports_no_quantum_sdk(runs: tuple[Project, dict[str, str]]) -> None:
    project, paths = runs
    folders = [str(project.folder / paths[name]) for name in ("first", "baseline")]
    assert heavy_modules(["compare", *folders], (*QUANTUM, "sklearn", "pandas")) == []
