"""A run that changes nothing runs nothing, and says so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project


def _bundles(project: Project) -> list[Path]:
    return sorted((project.folder / ".qgate" / "evidence").iterdir())


def _log(project: Project) -> Path:
    return project.folder / ".qgate" / "log.jsonl"


def _trials(project: Project) -> dict[Path, int]:
    return {p: p.stat().st_ino for p in (project.folder / ".qgate" / "trials").rglob("*.json")}


def test_an_unchanged_run_is_the_run_before(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    first = project.qgate("run", "pilot.yaml", "--format", "json")
    kept, trials = _bundles(project), _trials(project)
    again = project.qgate("run", "pilot.yaml", "--format", "json")
    assert again.out == first.out
    assert "nothing has changed since the run of" in again.err
    assert "run trials" not in again.err
    assert (_bundles(project), _trials(project)) == (kept, trials)
    fresh = project.qgate("run", "pilot.yaml", "--fresh", "--format", "json")
    assert fresh.report["attempt"] == 2
    assert fresh.report["evidence"]["digest"] == first.report["evidence"]["digest"]
    assert _trials(project).keys() == trials.keys()
    entries = AuditLog(_log(project)).entries()
    assert [entry.action for entry in entries] == ["lock", "start", "run", "start", "run"]
    runs = [entry for entry in entries if entry.action == "run"]
    assert [run.facts["start"] for run in runs] == [2, 4]
    spent = [run.facts["spending"]["shots"] for run in runs]
    assert spent[0] == spent[1] > 0  # each trial was run again


def test_a_verdict_that_was_told_is_an_attempt_though_its_run_was_killed(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    assert project.qgate("run", "pilot.yaml", "--format", "json").report["attempt"] == 1
    log = AuditLog(_log(project))
    (run,) = (entry for entry in log.entries() if entry.action == "run")
    digests = {name: run.digests[name] for name in ("contract", "charter")}
    facts = {"path": "pilot.yaml", "basis": run.facts["basis"]}
    for told in (False, True):  # as two rehearsals leave it, killed before and after the verdict
        start = log.append("start", pilot="small", digests=digests, facts=facts)
        if told:
            seen = {"start": start.number, "decision": "hold"}
            log.append("judge", pilot="small", digests=digests, facts=seen)
    again = project.qgate("run", "pilot.yaml", "--fresh", "--rehearse", "--format", "json")
    assert again.report["attempt"] == 3
    actions = [entry.action for entry in log.entries()]
    assert actions[-3:] == ["start", "judge", "run"]
    final = project.qgate("run", "pilot.yaml", "--fresh", "--format", "json")
    assert final.report["attempt"] == 4  # the rehearsal's two entries are one attempt


def test_what_a_run_reads_makes_it_run_again(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    first = project.qgate("run", "pilot.yaml", "--format", "json")

    def changed() -> bool:
        done = project.qgate("run", "pilot.yaml", "--format", "json")
        assert done.code != ExitCode.USAGE, done.err
        return "nothing has changed" not in done.err

    assert not changed()
    (project.folder / "requirements.lock").write_text("qiskit==2.0.1\n", encoding="utf-8")
    assert changed()
    assert not changed()
    data = project.folder / "data.csv"
    first_row = data.read_bytes().split(b"\n")[1]
    data.write_bytes(data.read_bytes().replace(first_row, b"1" + first_row, 1))
    assert changed()

    def more(document: dict[str, Any]) -> None:
        document["schedule"]["seeds"] = [1, 2, 3, 4]

    project.write(more)
    assert changed()
    assert project.qgate("lock", "pilot.yaml", "--reason", "new seeds").code == ExitCode.PASS
    assert changed()
    assert not changed()
    assert first.report["attempt"] == 1


def test_evidence_that_was_changed_since_is_not_taken(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    first = project.qgate("run", "pilot.yaml", "--format", "json")
    (bundle,) = _bundles(project)
    (bundle / "observations.json").write_bytes(b"{}")
    again = project.qgate("run", "pilot.yaml", "--format", "json")
    assert "nothing has changed" not in again.err
    assert again.report["evidence"]["digest"] == first.report["evidence"]["digest"]
    assert len(_bundles(project)) == 2
    for entry in (project.folder / ".qgate" / "runs").iterdir():
        entry.write_bytes(entry.read_bytes()[:20])
    assert "nothing has changed" not in project.qgate("run", "pilot.yaml").err


def test_an_unchanged_run_imports_no_more_than_judging(project: Project) -> None:
    """Its time is that of judging: tests/benchmarks/bench_evidence.py measures the ratio."""
    project.qgate("lock", "pilot.yaml")
    project.qgate("run", "pilot.yaml")
    code = (
        "import sys; from qgate.cli import main; main(['run', 'pilot.yaml', '-q']);"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=project.folder, check=True
    )
    heavy = {"sklearn", "qiskit", "qiskit_aer", "cryptography", "pebble"}
    assert not heavy & set(done.stdout.split())


def test_two_runs_at_once_are_one_attempt(project: Project) -> None:
    project.qgate("lock", "pilot.yaml")
    command = [sys.executable, "-m", "qgate", "run", "pilot.yaml", "--format", "json"]
    both = [
        subprocess.Popen(
            command, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    ended = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [ExitCode.PASS] * 2, ended
    assert ended[0][0] == ended[1][0]  # one report, so one attempt, and one bundle
    told = [err for _, err in ended if "nothing has changed since the run of" in err]
    assert len(told) == 1
    actions = [entry.action for entry in AuditLog(_log(project)).entries()]
    assert actions == ["lock", "start", "run"]
    assert not list((project.folder / ".qgate" / "turns").iterdir())
