"""Commands on what is hostile: what they say and leave must be a decision or a clear refusal."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tests.integration.commands import Done, qgate

SECONDS = 10
"""Of computing: what takes longer is a fault, whatever comes of it."""
_PATIENCE = 4
"""How many times as long by the clock: other work may run beside it, but nothing may hang."""
CODES = (0, 2, 10, 20, 30)
REFUSALS = (2, 30)
_LONGEST, _MOST_LINES = 20_000, 120
"""Characters of one line, and lines of a refusal: a hundred findings."""
_UNCLEAR = ("could not run: ", "this is a bug in qgate", "Warning: ", "Traceback", "Exception ")
_LINES = ("\n", "\t")


@dataclass(frozen=True)
class Result:
    """What one mutant came to; `fault` is empty where all is as it should be."""

    kind: str
    outcome: str
    seconds: float
    fault: str = ""


class TooLateError(BaseException):
    """Past its time: no `except Exception` and no `except OSError` takes it for its own."""


@contextlib.contextmanager
def in_time(seconds: int) -> Iterator[None]:
    """Raise `TooLateError` within what computes or waits for too long."""

    def late(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TooLateError(f"more than {seconds} s")

    handler = signal.signal(signal.SIGALRM, late)
    start = time.process_time()
    signal.alarm(_PATIENCE * seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, handler)
    if time.process_time() - start > seconds:
        late(0, None)


def tried(arguments: Sequence[str], cwd: Path) -> tuple[str, str]:
    """Run a command; return what came of it, in a word, and its fault, empty where it has none."""
    start = time.perf_counter()
    try:
        with in_time(SECONDS):
            done = qgate(*arguments, cwd=cwd, QGATE_ACTOR="dev@example.com", COLUMNS="100")
    except TooLateError as error:
        return "late", f"{' '.join(arguments)}: {error}"
    except AssertionError as error:  # a traceback on stderr
        return "raised", f"{' '.join(arguments)}: {error}"
    if fault := fault_of(done, arguments, cwd):
        took = time.perf_counter() - start
        return f"exit {done.code}", f"{' '.join(arguments)}: {fault} ({took:.1f} s)"
    return f"exit {done.code}", ""


def fault_of(done: Done, arguments: Sequence[str], cwd: Path) -> str:
    """Return what is wrong with the end of a command, empty where nothing is."""
    said = done.out + done.err
    if done.code not in CODES or any(word in done.err for word in _UNCLEAR):
        return f"exit code {done.code}: {done.err[:500]}\n{_crashes(cwd)}"
    if done.code in REFUSALS and not said.strip():
        return f"exit code {done.code} without a word"
    lines = said.split("\n")
    if done.err.count("\n") > _MOST_LINES or any(len(line) > _LONGEST for line in lines):
        return f"{len(done.err)} characters on stderr, {len(done.out)} on stdout"
    odd = next((c for c in said if not (c.isprintable() or c in _LINES)), "")
    if odd and ("json" not in arguments or odd < " "):
        at = said.index(odd)
        return f"U+{ord(odd):04X} reaches the terminal: {said[max(0, at - 80) : at + 20]!r}"
    if "json" in arguments and done.out:
        try:
            json.loads(done.out, parse_constant=_no_constant)
        except ValueError as error:
            return f"stdout is no JSON: {error}: {done.out[:200]}"
    return ""


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Return size and kind of all below a folder."""
    found = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            state = os.lstat(Path(root) / name)
            path = os.path.relpath(Path(root) / name, folder)
            found[path] = (0 if name in folders else state.st_size, state.st_mode)
    return found


def _crashes(cwd: Path) -> str:
    found = sorted((cwd / ".qgate").glob("crash-*.txt")) if (cwd / ".qgate").is_dir() else []
    texts = [path.read_text("utf-8") for path in found]
    for path in found:
        path.unlink()
    return "\n".join(texts)


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} in the JSON")


def summary(results: Sequence[Result]) -> str:
    """Return a line for each kind and outcome, with counts and the longest time in seconds."""
    groups: dict[tuple[str, str], list[float]] = {}
    for result in results:
        groups.setdefault((result.kind, result.outcome), []).append(result.seconds)
    lines = [
        f"{kind:34} {outcome:22} {len(times):7,} {max(times):7.2f} s at most"
        for (kind, outcome), times in sorted(groups.items())
    ]
    return "\n".join(lines)
