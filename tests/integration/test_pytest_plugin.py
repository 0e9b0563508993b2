"""Charters as tests: what `pytest --qgate` collects, reports, and makes of what is open."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from qgate.pytest_plugin import running
from tests.integration.conftest import Project, new_project

_GATE = {"owner": "qml@example.com", "remediation": [{"notify": "qml@example.com"}]}
_GAP = "val_accuracy_gap_vs_classical"
_HABITS = """
import os, tempfile, pytest
from _pytest.runner import runtestprotocol

def pytest_collection_modifyitems(items):
    items.reverse()
    for item in items:
        if item.name == "broken":
            item.add_marker(pytest.mark.xfail)
        if item.name == "open":
            item.add_marker(pytest.mark.skip)

class Rerun:
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item, nextitem):
        runtestprotocol(item, nextitem=item, log=False)

def pytest_configure(config):
    config.pluginmanager.register(Rerun())

def pytest_runtestloop(session):
    with tempfile.TemporaryDirectory() as deleted:
        os.chdir(deleted)
"""
"""Another order, marks, reruns, and a current folder that is gone."""
_WIDE, _OPEN, _BROKEN = (
    {"name": "wide", "metric": _GAP, "max": 0.2, **_GATE},
    {"name": "open", "metric": _GAP, "max": 0.01, **_GATE},
    {"name": "broken", "metric": "kernel_variance", "min": 0.9, **_GATE},
)


@dataclass(frozen=True)
class Session:
    """What a finished pytest left."""

    code: int
    out: str
    junit: Path

    def cases(self) -> dict[str, ElementTree.Element]:
        """Return the test cases of the JUnit file by name."""
        found = ElementTree.parse(self.junit).iter("testcase")  # noqa: S314  # our own file
        return {case.attrib["name"]: case for case in found}


def _pytest(folder: Path, *arguments: str, **environment: str) -> Session:
    """Run pytest as a user does, none of our own suite's settings about it."""
    known = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COLUMNS"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--junitxml", "junit.xml", *arguments],
        cwd=folder, env={**known, "COLUMNS": "120", **environment}, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stdout, done.stdout
    return Session(done.returncode, done.stdout, folder / "junit.xml")


def _starts(project: Project) -> int:
    """Return how often a run of the project was begun."""
    lines = (project.folder / ".qgate/log.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(json.loads(line)["action"] == "start" for line in lines)


def _locked(project: Project, *gates: dict[str, Any]) -> None:
    project.write(lambda document: document.update(gates=list(gates)))
    assert project.qgate("lock", "pilot.yaml").code == 0
    settings = "[pytest]\nqgate_run_args = --even-if-underpowered\n"
    (project.folder / "pytest.ini").write_text(settings, encoding="utf-8")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Session]:
    """Return a charter of every outcome, run by two workers beside a test in Python."""
    project = new_project(tmp_path_factory.mktemp("gated"))
    tried, promote = {**_BROKEN, "name": "tried", "mode": "shadow"}, {**_WIDE, "name": "promote"}
    _locked(project, _WIDE, _OPEN, _BROKEN, tried, promote)
    (project.folder / "test_model.py").write_text("def test_model(): pass\n", encoding="utf-8")
    arguments = ("--qgate", "-v", "-n", "2", "-W", "error", "pilot.yaml", "test_model.py")
    return project, _pytest(project.folder, *arguments)


def test_each_gate_is_a_test_with_the_outcome_of_its_verdict(ran: tuple[Project, Session]) -> None:
    tested = ran[1]
    for name, word in (
        ("promote", "FAILED"),
        ("promote (gate)", "PASSED"),
        ("wide", "PASSED"),
        ("open", "INCONCLUSIVE"),
        ("broken", "FAILED"),
        ("tried", "SHADOW (fail)"),
        ("reproducibility", "PASSED"),
        ("baseline_drift", "PASSED"),
    ):
        lines = [line for line in tested.out.splitlines() if f"pilot.yaml::{name} " in line + " "]
        assert any(word in line for line in lines), (name, lines)
    assert "2 failed, 5 passed, 1 inconclusive, 1 in shadow" in tested.out.splitlines()[-1]
    assert tested.code == pytest.ExitCode.TESTS_FAILED


def test_workers_share_one_run(ran: tuple[Project, Session]) -> None:
    project, tested = ran
    assert _starts(project) == 1
    workers = {line.split()[0] for line in tested.out.splitlines() if "pilot.yaml::" in line
               and line.startswith("[gw")}  # fmt: skip
    assert len(workers) == 1
    assert "test_model.py::test_model" in tested.out


def test_what_blocks_says_what_to_do(ran: tuple[Project, Session]) -> None:
    out = ran[1].out
    assert "= INCONCLUSIVE =" in out
    assert "INCONCLUSIVE pilot.yaml::open: not shown, so it blocks" in out
    for text in (
        "qgate rollback pilot.yaml --dry-run",
        "qgate run pilot.yaml",
        "qml@example.com",
        "qgate explain QG-D10",
        "qgate explain QG-V30",
    ):
        assert text in out


def test_junit_tells_the_verdicts(ran: tuple[Project, Session]) -> None:
    cases = ran[1].cases()

    def said(name: str) -> dict[str, str]:
        return {p.attrib["name"]: p.attrib["value"] for p in cases[name].iter("property")}

    assert said("open")["qgate.verdict"] == "inconclusive"
    assert said("open")["qgate.code"] == "QG-V30"
    assert cases["open"].find("failure") is not None
    assert said("broken")["qgate.verdict"] == "fail"
    assert said("tried")["qgate.mode"] == "shadow"
    assert cases["tried"].find("failure") is None
    assert float(said("wide")["qgate.low"]) <= float(said("wide")["qgate.value"])
    assert said("promote")["qgate.decision"] == "rollback"
    assert len(said("promote")["qgate.evidence"]) == 64


def test_inconclusive_alone_blocks_and_is_no_failure(project: Project) -> None:
    _locked(project, _OPEN)
    tested = _pytest(project.folder, "--qgate", "pilot.yaml")
    assert tested.code == pytest.ExitCode.TESTS_FAILED
    assert "2 passed, 2 inconclusive" in tested.out.splitlines()[-1]
    assert "FAILED" not in tested.out

    again = _pytest(project.folder, "--qgate", "--lf", "pilot.yaml", "--tb=no")
    assert "2 inconclusive" in again.out.splitlines()[-1]
    assert "owner" not in again.out
    assert _starts(project) == 1  # nothing has changed: the evidence was judged again


def test_a_passed_charter_passes(project: Project) -> None:
    _locked(project, _WIDE)
    tested = _pytest(project.folder, "--qgate", "-k", "promote or wide")
    assert tested.code == pytest.ExitCode.OK, tested.out
    assert "2 passed, 2 deselected" in tested.out.splitlines()[-1]


def test_an_invalid_charter_is_an_error_of_collection_with_its_place(project: Project) -> None:
    project.write(lambda document: document["candidate"].update(quantum_kernle={}))
    tested = _pytest(project.folder, "--qgate")
    assert tested.code == pytest.ExitCode.INTERRUPTED
    assert "ERROR collecting pilot.yaml" in tested.out
    assert "pilot.yaml:" in tested.out
    assert "quantum_kernle" in tested.out
    assert not (project.folder / ".qgate").exists()


def test_a_run_that_is_refused_is_an_error_in_its_own_words(project: Project) -> None:
    tested = _pytest(project.folder, "--qgate", "pilot.yaml")  # no lock
    assert tested.code == pytest.ExitCode.TESTS_FAILED
    assert "4 errors" in tested.out.splitlines()[-1]
    assert "qgate run pilot.yaml: exit code 2" in tested.out
    assert "qgate lock pilot.yaml" in tested.out


def test_charters_are_left_alone_unless_asked_for(project: Project) -> None:
    assert _pytest(project.folder, "pilot.yaml").code == pytest.ExitCode.USAGE_ERROR
    assert _pytest(project.folder).code == pytest.ExitCode.NO_TESTS_COLLECTED


def test_of_files_that_are_not_named_those_that_look_like_charters_count(project: Project) -> None:
    (project.folder / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    (project.folder / "bundle").mkdir()
    shutil.copy(project.charter, project.folder / "bundle/charter.yaml")
    (project.folder / "bundle/observations.json").write_text("{}", encoding="utf-8")
    collected = _pytest(project.folder, "--qgate", "--collect-only", "-q").out
    assert "pilot.yaml::promote" in collected
    assert "compose.yaml" not in collected
    assert "bundle" not in collected
    named = _pytest(project.folder, "--qgate", "--collect-only", "-q", "compose.yaml")
    assert "compose.yaml:1:1" in named.out


@pytest.mark.parametrize("way", ["worksteal", "loadgroup", "loadscope", "loadfile"])
def test_no_way_to_distribute_runs_a_charter_twice(ran: tuple[Project, Session], way: str) -> None:
    tested = _pytest(ran[0].folder, "--qgate", "-v", "-n", "2", "--dist", way, "pilot.yaml")
    assert len({line.split()[0] for line in tested.out.splitlines() if "%]" in line}) == 1
    assert "2 failed, 4 passed, 1 inconclusive, 1 in shadow" in tested.out.splitlines()[-1]


def test_a_run_a_worker_is_refused(ran: tuple[Project, Session]) -> None:
    tested = _pytest(ran[0].folder, "--qgate", "--dist", "each", "--tx", "2*popen", "pilot.yaml")
    assert tested.code != pytest.ExitCode.OK
    assert "leave out --dist each" in tested.out


def test_habits_of_a_team_change_no_verdict(ran: tuple[Project, Session]) -> None:
    folder = ran[0].folder
    (folder / "sub").mkdir()
    (folder / "conftest.py").write_text(_HABITS, encoding="utf-8")
    tested = _pytest(folder / "sub", "--qgate", "-v", "../pilot.yaml", "../test_model.py")
    (folder / "conftest.py").unlink()
    assert _starts(ran[0]) == 1
    assert "1 failed, 5 passed, 1 skipped, 1 xfailed, 1 in shadow" in tested.out.splitlines()[-1]
    assert "FAILED ../pilot.yaml::promote" in tested.out
    names = [each.attrib["name"] for each in tested.cases()["promote"].iter("property")]
    assert sorted(set(names)) == sorted(names)


def test_a_run_ends_with_the_session_that_started_it(project: Project) -> None:
    many = {"seeds": list(range(1, 61)), "shots": [64, 512], "replicates": 2}
    project.write(lambda document: document.update(gates=[_WIDE], schedule=many))
    assert project.qgate("lock", "pilot.yaml").code == 0
    state = project.folder / ".qgate"
    before = len(list(state.rglob("trials/**/*.json")))
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", "--qgate", "-q", "pilot.yaml"], cwd=project.folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as session:  # fmt: skip
        while len(list(state.rglob("trials/**/*.json"))) < before + 5:
            assert session.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        assert list(state.glob("turns/*.lock"))
        session.kill()
    ends = time.monotonic() + 30
    while list(state.glob("turns/*.lock")):  # the run has one as long as it goes on
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert len(list(state.rglob("trials/**/*.json"))) < 300


@pytest.mark.parametrize("code", [30, 70, -9, 10])
def test_a_run_that_ended_otherwise_than_its_evidence_is_no_pass(
    project: Project, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config, code: int
) -> None:
    def ended(arguments: list[str], *_: Path) -> tuple[int, str]:
        Path(arguments[4]).write_text('{"evidence": {"path": "kept"}}', encoding="utf-8")
        return code, "out of memory"

    passed = SimpleNamespace(exit_code=0)
    monkeypatch.setattr(running, "_carry_out", ended)
    monkeypatch.setattr(running, "_judged", lambda _: passed)
    for _ in range(2):
        with pytest.raises(running.CouldNotRunError, match=f"exit code {code}\nout of memory"):
            running.run_once(pytestconfig, project.charter)


def test_a_session_without_charters_says_so(project: Project) -> None:
    (project.folder / "test_model.py").write_text("def test_model(): pass\n", encoding="utf-8")
    tested = _pytest(project.folder, "--qgate", "test_model.py")
    assert "--qgate: no charter was tested" in tested.out
    assert "no charter" not in _pytest(project.folder, "test_model.py").out


def test_pytest_without_charters_loads_next_to_nothing() -> None:
    heavy = "{'typer', 'rich', 'numpy', 'scipy', 'qiskit', 'yaml', 'jsonschema'}"
    script = f"import sys, qgate.pytest_plugin; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
