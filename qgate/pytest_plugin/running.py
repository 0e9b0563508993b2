"""`qgate run` in a process of its own, once a charter and session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qgate.errors import ExitCode, QgateError
from qgate.files import typed

if TYPE_CHECKING:
    from qgate.gates.decision import Decision


class CouldNotRunError(Exception):
    """A run that came to no decision; the message is what it said."""


_RUNS = pytest.StashKey[dict[Path, "Decision | CouldNotRunError"]]()


def run_once(config: pytest.Config, path: Path) -> Decision:
    """Return a charter's decision; every item of it, and every rerun of one, gets the same.

    Raises:
        CouldNotRunError: With the command and its own words.
        KeyboardInterrupt: When the run was interrupted.

    """
    runs = config.stash.setdefault(_RUNS, {})
    if path not in runs:
        try:
            runs[path] = _run(config, path)
        except CouldNotRunError as error:
            runs[path] = error
    found = runs[path]
    if isinstance(found, CouldNotRunError):
        raise found
    return found


def _run(config: pytest.Config, path: Path) -> Decision:
    """Run as the command line does: pytest's warnings, paths and patches change no verdict."""
    folder = config.invocation_params.dir
    charter = os.path.relpath(path, folder)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [
            *("run", *config.getini("qgate_run_args")),
            *("--format", "json", "--output", str(report), "--quiet", "--", charter),
        ]
        code, said = _carry_out([sys.executable, "-m", "qgate", *command], folder)
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        if not report.exists():
            raise CouldNotRunError(f"qgate run {typed(charter)}: exit code {code}\n{said}")
        bundle = json.loads(report.read_bytes())["evidence"]["path"]
    try:
        with chdir(folder):
            return _judged(bundle)
    except QgateError as error:
        raise CouldNotRunError(str(error)) from None


def _carry_out(command: list[str], folder: Path) -> tuple[int, str]:
    """Return the exit code, and what was said on stderr; a stopped session stops the run."""
    with subprocess.Popen(  # noqa: S603  # ourselves
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
    ) as process:  # fmt: skip
        try:
            said = process.communicate()[1]
        except BaseException:
            process.terminate()  # what is finished is kept
            raise
    return process.returncode, said.strip()


def _judged(reference: str) -> Decision:
    from qgate.cli.output import with_overrides
    from qgate.evidence.store import evidence_of, open_bundle
    from qgate.gates.decision import judge

    bundle = open_bundle(reference)
    return with_overrides(judge(evidence_of(bundle)), bundle)
