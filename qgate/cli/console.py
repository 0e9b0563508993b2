"""The terminal: width, colour and progress, decided here and nowhere else."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import time
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

from qgate.cli.folding import folded

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


def _circumstances() -> Iterator[str]:
    """Yield what a command rests on that its own line does not tell."""
    from importlib.metadata import version

    from qgate.cli.configuration import sources

    yield f"qgate {version('qgate')}, Python {platform.python_version()} on {platform.platform()}"
    yield from sources()


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
        self._say(message)

    def warn(self, message: str) -> None:
        """Say it."""
        self._say(f"warning: {message}")

    def detail(self, message: str) -> None:
        """Say nothing."""

    def _say(self, message: str) -> None:
        self._stream.write(f"{folded(f'qgate: {message}', self._stream, hang=2)}\n")
        self._stream.flush()


class QuietProgress(PlainProgress):
    """Only warnings."""

    def stage(self, name: str, total: int) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""


class VerboseProgress(PlainProgress):
    """What a log holds, each trial as it ends, and how long each stage took."""

    def __init__(self, stream: IO[str]) -> None:
        """Write to a stream."""
        super().__init__(stream)
        self._begun = time.perf_counter()
        self._stage: tuple[str, float] | None = None

    def stage(self, name: str, total: int) -> None:
        """Say how long the stage before took, and that one begins."""
        self._ended()
        super().stage(name, total)
        self._stage = name, time.perf_counter()

    def detail(self, message: str) -> None:
        """Say it."""
        self._say(f"  {message}")

    def finish(self) -> None:
        """Say how long the last stage took, and all of it."""
        self._ended()
        self.detail(f"all of it: {time.perf_counter() - self._begun:.3g} s")

    def _ended(self) -> None:
        if self._stage is not None:
            name, begun = self._stage
            self.detail(f"{name}: {time.perf_counter() - begun:.3g} s")
        self._stage = None


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
        self._progress.console.print(folded(message, sys.stderr, hang=2), soft_wrap=True)

    def warn(self, message: str) -> None:
        """Say it above the bars."""
        said = folded(f"warning: {message}", sys.stderr, hang=2)
        self._progress.console.print(said, style="yellow", soft_wrap=True)

    def detail(self, message: str) -> None:
        """Say nothing."""

    def _finish(self) -> None:
        if self._task is not None:
            total = self._progress.tasks[-1].total
            self._progress.update(self._task, completed=total)


@contextmanager
def progress_on_stderr(
    *, quiet: bool, verbose: bool = False
) -> Iterator[PlainProgress | BarProgress]:
    """Yield the progress display that suits stderr; one that tells all of it has no bars."""
    if quiet:
        yield QuietProgress(sys.stderr)
    elif verbose:
        told = VerboseProgress(sys.stderr)
        for line in _circumstances():
            told.detail(line)
        try:
            yield told
        finally:
            told.finish()
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
