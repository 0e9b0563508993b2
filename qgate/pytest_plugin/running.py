"""`qgate run` in a process of its own, once a charter and session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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
    folder = _folder(config)
    charter = os.path.relpath(path, folder)
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [
            *("run", "--format", "json", "--output", str(report), "--quiet"),
            *(*config.getini("qgate_run_args"), "--", charter),
        ]
        code, said = _carry_out(command, folder, Path(scratch) / "said.txt")
        if code == ExitCode.INTERRUPTED:
            raise KeyboardInterrupt
        refused = CouldNotRunError(f"qgate run {typed(charter)}: exit code {code}\n{said}")
        if not report.exists():
            raise refused
        bundle = json.loads(report.read_bytes())["evidence"]["path"]
    try:
        with _standing_in(folder):
            decision = _judged(bundle)
    except QgateError as error:
        raise CouldNotRunError(str(error)) from None
    if code not in (decision.exit_code, ExitCode.PASS):  # 0 of what is open: --fail-on fail
        raise refused
    return decision


def _folder(config: pytest.Config) -> Path:
    """Return where the state is: beside pytest's own settings, if it is started below them."""
    root, started = config.rootpath, config.invocation_params.dir
    return root if config.inipath and root in started.parents else started


def _carry_out(arguments: list[str], folder: Path, said: Path) -> tuple[int, str]:
    """Return the exit code, and what was said on stderr; the run ends with this process."""
    # As the command `qgate`, it imports nothing from the folder by accident (-P).
    command = [sys.executable, "-P", "-m", "qgate.pytest_plugin.tied", *arguments]
    with (
        said.open("wb") as errors,
        subprocess.Popen(  # noqa: S603  # ourselves
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        ) as process,
    ):
        code = process.wait()
    return code, said.read_text(encoding="utf-8", errors="replace").strip()


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    try:
        before = Path.cwd()
    except OSError:  # a test has deleted it: there is no way back
        before = folder
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _judged(reference: str) -> Decision:
    from qgate.cli.output import with_overrides
    from qgate.evidence.store import evidence_of, open_bundle
    from qgate.gates.decision import judge

    bundle = open_bundle(reference)
    return with_overrides(judge(evidence_of(bundle)), bundle)
