"""The boundary at its edges: interrupts before and among imports, and what a terminal is sent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qgate.cli import main
from qgate.errors import ExitCode
from tests.integration.commands import ROOT, qgate

_IMPORTS_STOPPED = """
import os, signal, sys

class Stops:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[1]:
            sys.meta_path.remove(self)
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                if sys.argv[2] == "as it is":
                    raise
                raise ImportError("initialization failed") from None

sys.meta_path.insert(0, Stops())
from qgate.cli import main
sys.exit(main(["check", "nowhere.yaml"]))
"""


@pytest.mark.parametrize(
    ("module", "how"),
    [
        ("qgate.cli.boundary", "as it is"),
        ("typer", "as it is"),
        ("qgate.cli.app", "as it is"),
        ("qgate.pipeline", "as it is"),
        ("qgate.pipeline", "as another error"),
        ("typer", "as another error"),
    ],
)
def test_an_interrupt_among_imports_is_an_interrupt(tmp_path: Path, module: str, how: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS_STOPPED, module, how],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == ExitCode.INTERRUPTED
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("delay", [0.03, 0.06, 0.1, 0.2, 0.4, 0.8])
def test_an_interrupt_while_it_starts_leaves_no_traceback_of_ours(
    tmp_path: Path, delay: float
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "qgate", "metrics"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    # Python's own start and end are not ours: it dies of the signal before our first line.
    assert process.returncode in (ExitCode.INTERRUPTED, ExitCode.PASS, -signal.SIGINT, 1)
    assert "qgate/cli" not in err
    assert "bug" not in err
    assert list(tmp_path.iterdir()) == []


def test_no_message_commands_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report", "no\x1b]0;owned\x07\nwhere"]) == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "\\x1b]0;owned\\x07" in err
    assert "\x1b" not in err
    assert "\x07" not in err


def test_what_is_kept_between_runs_is_told_to_people_and_to_programs(tmp_path: Path) -> None:
    for name, size in (("trials/a/a.json", 100), ("trials/b/b.json", 50), ("runs/r.json", 7)):
        path = tmp_path / ".qgate" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
        os.utime(path, (1_000_000_000 + size,) * 2)
    done = qgate("cache", "info", "--format", "json", cwd=tmp_path)
    assert json.loads(done.out) == {
        "version": 1,
        "trials": {"files": 2, "bytes": 150},
        "tuning": {"files": 0, "bytes": 0},
        "runs": {"files": 1, "bytes": 7},
        "all": {"files": 3, "bytes": 157},
        "oldest_use": "2001-09-09T01:46:47+00:00",
        "unfinished": 0,
    }
    assert "157 B" in qgate("cache", "info", cwd=tmp_path).out
    assert qgate("cache", "info", "--format", "xml", cwd=tmp_path).code == ExitCode.USAGE
    refused = qgate("cache", "prune", "--max-size", "banana", cwd=tmp_path)
    assert refused.code == ExitCode.USAGE
    assert "'banana' is no amount of disk space" in refused.err
    pruned = qgate("cache", "prune", "--max-size", "0", cwd=tmp_path)
    assert pruned.out == "removed 2 files, 150 B\n"
    assert (tmp_path / ".qgate/runs/r.json").exists()


def test_nothing_kept_is_told_to_programs_too(tmp_path: Path) -> None:
    found = qgate("cache", "info", "--format", "json", cwd=tmp_path).report
    assert (found["all"], found["oldest_use"]) == ({"files": 0, "bytes": 0}, None)
