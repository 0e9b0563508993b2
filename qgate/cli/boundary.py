"""Tells expected ends, interrupts and bugs apart; the only place where an error becomes a code."""

from __future__ import annotations

import datetime
import os
import platform
import signal
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from qgate.cli.folding import folded
from qgate.cli.streams import tolerant_streams
from qgate.codes import pointer
from qgate.errors import ExitCode, QgateError
from qgate.files import printable, state_folder

if TYPE_CHECKING:
    import typer

_INTERRUPTED = "interrupted: what was finished is kept; the same command goes on from there"
_COMMAND_LINE, _MACHINE, _BUG = "QG-E01", "QG-E31", "QG-E70"
"""Codes of ends that no error class of ours stands for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; it is never 1."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        del frame
        stopped.append(number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with tolerant_streams(), _folder_kept():
            code = _exit_code(arguments, stopped)
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    # What goes wrong while a stopped run ends is part of the stop.
    return int(ExitCode.INTERRUPTED if stopped else code)


@contextmanager
def _folder_kept() -> Iterator[None]:
    """Go back to the current folder in the end: -C leaves it, and a caller may live on."""
    try:
        handle = os.open(".", os.O_RDONLY)
    except OSError:  # it was deleted, or may not be read: nothing to go back to
        yield
        return
    try:
        yield
    finally:
        os.fchdir(handle)
        os.close(handle)


def _exit_code(arguments: Sequence[str] | None, stopped: Sequence[int]) -> int:
    """Run and return the exit code; `stopped` holds the signals that came meanwhile."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        _say(_INTERRUPTED)
        return int(ExitCode.INTERRUPTED)
    except QgateError as error:
        _say(f"{error}\n{pointer(error.code)}")
        return int(error.exit_code)
    except (BrokenPipeError, SystemExit) as error:
        if isinstance(error, SystemExit) and not error.code:
            return int(ExitCode.PASS)  # typer's completion, which ends the process by itself
        # The reader of our output went away (typer turns that into an exit with 1).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(ExitCode.COULD_NOT_RUN)
    except (OSError, MemoryError) as error:
        _say(f"could not run: {type(error).__name__}: {error}\n{pointer(_MACHINE)}")
        return int(ExitCode.COULD_NOT_RUN)
    except Exception as error:  # noqa: BLE001  # whatever is left is our own bug
        if stopped:  # in the middle of an import it comes out as any error
            _say(_INTERRUPTED)
            return int(ExitCode.INTERRUPTED)
        _say(
            f"this is a bug in qgate: {type(error).__name__}: {error}\n"
            f"A report for its authors is in {_report(error)}\n{pointer(_BUG)}"
        )
        return int(ExitCode.BUG)


def _run(arguments: Sequence[str] | None) -> int:
    import typer  # after the signals are caught: an import takes long enough to be interrupted

    from qgate.cli.app import app

    try:
        code = app(args=arguments, prog_name="qgate", standalone_mode=False)
    except typer.TyperException as error:
        _say(f"{error.format_message()}\nTry: {_help_command(error)}\n{pointer(_COMMAND_LINE)}")
        return int(ExitCode.USAGE)
    except typer.Abort:
        raise KeyboardInterrupt from None
    if code == ExitCode.INTERRUPTED:
        _say(_INTERRUPTED)
    sys.stdout.flush()
    return int(code or 0)


def _help_command(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else 'qgate'} --help"


def _say(message: str) -> None:
    """Write lines to stderr; what they hold of files and names commands no terminal."""
    for line in message.split("\n"):
        sys.stderr.write(f"{folded(printable(line), sys.stderr)}\n")


def _report(error: Exception) -> Path:
    """Write what a bug's finder needs and return where."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%S")
    text = "\n".join(
        [
            f"qgate bug report, {stamp}",
            f"command: {sys.argv[1:]}",
            f"python {platform.python_version()} on {platform.platform()}",
            "".join(traceback.format_exception(error)),
        ]
    )
    name = f"crash-{stamp}-{os.getpid()}.txt"
    for folder in (state_folder(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        except OSError:
            continue
        return folder / name
    return Path(os.devnull)
