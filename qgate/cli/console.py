"""The terminal: width, colour and progress, decided here and nowhere else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

_PLAIN_WIDTH = 100


def console(stream: IO[str]) -> Console:
    """Return a console for a stream; NO_COLOR outweighs FORCE_COLOR, which outweighs the stream."""
    terminal = stream.isatty()
    colour = terminal or bool(os.environ.get("FORCE_COLOR"))
    if os.environ.get("NO_COLOR"):
        colour = False
    return Console(
        file=stream,
        width=width_of(stream),
        force_terminal=terminal or colour,
        no_color=not colour,
        color_system="auto" if terminal and colour else ("standard" if colour else None),
        highlight=False,
        markup=False,
        emoji=False,
    )


def width_of(stream: IO[str]) -> int:
    """Return the columns to write for: the terminal's, or COLUMNS, or 100 in a file."""
    if stream.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size((_PLAIN_WIDTH, 24)).columns
    return _PLAIN_WIDTH


class PlainProgress:
    """A line a stage on stderr, for logs."""

    def __init__(self, stream: IO[str]) -> None:
        """Write to a stream."""
        self._stream = stream

    def stage(self, name: str, total: int) -> None:
        """Say that a stage begins."""
        count = f" ({total})" if total > 1 else ""
        self._stream.write(f"qgate: {name}{count}\n")
        self._stream.flush()

    def advance(self) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say it."""
        self._stream.write(f"qgate: {message}\n")

    def warn(self, message: str) -> None:
        """Say it."""
        self._stream.write(f"qgate: warning: {message}\n")


class QuietProgress(PlainProgress):
    """Only warnings."""

    def stage(self, name: str, total: int) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""


class BarProgress:
    """A bar a stage, with counts and the time left."""

    def __init__(self, progress: Progress) -> None:
        """Use a live rich progress."""
        self._progress = progress
        self._task: TaskID | None = None

    def stage(self, name: str, total: int) -> None:
        """Finish the bar of the stage before and begin the next."""
        self._finish()
        self._task = self._progress.add_task(name, total=total)

    def advance(self) -> None:
        """Move the bar."""
        if self._task is not None:
            self._progress.advance(self._task)

    def note(self, message: str) -> None:
        """Say it above the bars."""
        self._progress.console.print(message)

    def warn(self, message: str) -> None:
        """Say it above the bars."""
        self._progress.console.print(f"warning: {message}", style="yellow")

    def _finish(self) -> None:
        if self._task is not None:
            total = self._progress.tasks[-1].total
            self._progress.update(self._task, completed=total)


@contextmanager
def progress_on_stderr(*, quiet: bool) -> Iterator[PlainProgress | BarProgress]:
    """Yield the progress display that suits stderr."""
    if quiet:
        yield QuietProgress(sys.stderr)
    elif not sys.stderr.isatty():
        yield PlainProgress(sys.stderr)
    else:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=console(sys.stderr), transient=True) as progress:
            yield BarProgress(progress)
