"""The command line as a user calls it: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from qgate.cli import main

ROOT = Path(__file__).parents[2]
_IGNORED = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
"""What Python itself ignores."""


@dataclass(frozen=True)
class Done:
    """What a finished command left."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """Return stdout as JSON; it must be JSON alone."""
        document: dict[str, Any] = json.loads(self.out)
        return document


def qgate(*arguments: str, cwd: Path, **environment: str) -> Done:
    """Run the command line as `python -m qgate` does, but for the seconds that a start takes.

    Folder, environment, the three standard streams (also of processes that it starts) and what
    becomes of warnings are those of a new process. Modules are shared with earlier calls: what
    has to be shown of two processes takes `qgate_alone`.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with (
            mock.patch.dict(os.environ, _as_asked(environment), clear=True),
            chdir(cwd),
            _standard_streams(out.fileno(), err.fileno()),
            _warnings_as_in_a_new_process(),
        ):
            code = main(arguments)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(_encoding(environment)))
    return _done(code, *texts)


def qgate_alone(*arguments: str, cwd: Path, **environment: str) -> Done:
    """Run the command line as a user does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "qgate", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=_as_asked(environment),
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return _done(done.returncode, done.stdout, done.stderr)


def qgate_together(commands: Sequence[tuple[Path, Sequence[str]]]) -> list[Done]:
    """Run command lines in their folders, one by one, in one new process that runs only them."""
    asked = json.dumps([(str(folder), list(arguments)) for folder, arguments in commands])
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=asked, capture_output=True, text=True, cwd=ROOT, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [Done(*left) for left in json.loads(done.stdout)]


def _as_asked(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ours with what is asked for, without the size that GNU readline sets on its import."""
    ours = {name: value for name, value in os.environ.items() if name not in ("LINES", "COLUMNS")}
    return {**ours, **environment}


def _done(code: int, out: str, err: str) -> Done:
    assert "Traceback" not in err + out, err
    return Done(code, out, err)


def _encoding(environment: Mapping[str, str]) -> str:
    return environment.get("PYTHONIOENCODING", "utf-8")


@contextmanager
def _standard_streams(out: int, err: int) -> Iterator[None]:
    """Point this process's own descriptors elsewhere, and Python's streams at them."""
    sys.stdout.flush()
    sys.stderr.flush()
    with ExitStack() as stack:
        nothing = os.open(os.devnull, os.O_RDONLY)
        stack.callback(os.close, nothing)
        for number, name, target, mode, errors in (
            (0, "stdin", nothing, "r", "strict"),
            (1, "stdout", out, "w", "strict"),
            (2, "stderr", err, "w", "backslashreplace"),
        ):
            before = os.dup(number)
            stack.callback(os.close, before)
            stack.callback(os.dup2, before, number)
            os.dup2(target, number)
            stream = stack.enter_context(
                open(number, mode, encoding=_encoding(os.environ), errors=errors, closefd=False)
            )
            stack.enter_context(mock.patch.object(sys, name, stream))
        yield


@contextmanager
def _warnings_as_in_a_new_process() -> Iterator[None]:
    """Show or ignore warnings as Python does; pytest would make errors of them."""
    with warnings.catch_warnings(record=True) as found:
        warnings.resetwarnings()
        for category in _IGNORED:
            warnings.simplefilter("ignore", category)
        try:
            yield
        finally:
            for each in found:
                sys.stderr.write(
                    warnings.formatwarning(each.message, each.category, each.filename, each.lineno)
                )


if __name__ == "__main__":
    found = [qgate(*arguments, cwd=Path(folder)) for folder, arguments in json.load(sys.stdin)]
    json.dump([(done.code, done.out, done.err) for done in found], sys.stdout)
