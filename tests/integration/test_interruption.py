"""A run that is stopped at any moment loses nothing that was finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from qgate.errors import ExitCode
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project, new_project

SEEDS = tuple(range(1, 25))
TRIALS = len(SEEDS) * (2 * 2 + 1)
"""Two shot counts, two replicates; and the baseline's. They take seconds after the first twenty."""


def _many_trials(document: dict[str, Any]) -> None:
    document["schedule"] = {"seeds": list(SEEDS), "shots": [64, 512], "replicates": 2}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the evidence digest of the same charter, run in peace."""
    project = new_project(tmp_path_factory.mktemp("peace"))
    project.write(_many_trials)
    project.qgate("lock", "pilot.yaml")
    done = project.qgate("run", "pilot.yaml", "--format", "json")
    digest: str = done.report["evidence"]["digest"]
    return digest


@pytest.mark.parametrize(
    ("stop", "workers"), [(signal.SIGINT, "2"), (signal.SIGTERM, "1"), (signal.SIGKILL, "2")]
)
def test_an_interrupted_run_goes_on_and_ends_in_the_same_evidence(
    project: Project, undisturbed: str, stop: signal.Signals, workers: str
) -> None:
    project.write(_many_trials)
    project.qgate("lock", "pilot.yaml")
    arguments = ["run", "pilot.yaml", "--format", "json", "--workers", workers]
    trials = project.folder / ".qgate" / "trials"
    before = len(list(trials.rglob("*.json")))
    with subprocess.Popen(
        [sys.executable, "-m", "qgate", *arguments],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        while len(list(trials.rglob("*.json"))) < before + 20:
            assert process.poll() is None, "it ended before it could be interrupted"
            time.sleep(0.01)
        if stop is signal.SIGINT:
            os.killpg(process.pid, stop)  # as a terminal does: the whole group
        else:
            process.send_signal(stop)
        _, err = process.communicate(timeout=60)
    if stop is signal.SIGKILL:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == ExitCode.INTERRUPTED
        assert "goes on from there" in err
    assert "Traceback" not in err
    assert not list(project.folder.rglob(".building-*")) or stop is signal.SIGKILL
    kept = {path: path.read_bytes() for path in trials.rglob("*.json")}
    assert len(kept) < TRIALS, "it was not interrupted among its trials"
    for data in kept.values():
        json.loads(data)
    resumed = project.qgate(*arguments)
    assert "damaged" not in resumed.err
    assert len(list(trials.rglob("*.json"))) == TRIALS
    assert {path: path.read_bytes() for path in kept} == kept  # what was finished was not run again
    assert resumed.report["evidence"]["digest"] == undisturbed
    log = AuditLog(project.folder / ".qgate" / "log.jsonl").entries()
    assert [entry.action for entry in log] == ["lock", "start", "start", "run"]
    assert (log[-1].facts["start"], log[-1].facts["attempt"]) == (3, 1)
    assert project.qgate("log", "--format", "json").report["open_starts"] == [2]
    assert project.qgate("log").out.count("killed, interrupted or still going on") == 1
