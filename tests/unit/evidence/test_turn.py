"""One run of a pilot at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qgate.errors import ExecutionError
from qgate.evidence.turn import turn

HOLD = """
import os, sys, time
from pathlib import Path
from qgate.evidence.turn import turn
with turn(Path(sys.argv[1]), "pilot", print):
    if sys.argv[2] == "fork" and os.fork() == 0:
        time.sleep(60)
    print("held", flush=True)
    time.sleep(float(sys.argv[3]))
"""


def _holder(folder: Path, how: str, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), how, str(seconds)],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_waits_and_is_told_for_whom(tmp_path: Path) -> None:
    told: list[str] = []
    with _holder(tmp_path, "alone", 1.0) as process, turn(tmp_path, "pilot", told.append) as waited:
        assert waited
        assert process.wait(10) == 0
    assert told == [
        f"another qgate run of this pilot, process {process.pid}, goes on: waiting for its end"
    ]
    assert list(tmp_path.iterdir()) == []


def test_other_pilots_wait_for_nobody(tmp_path: Path) -> None:
    told: list[str] = []
    with turn(tmp_path, "one", told.append) as first, turn(tmp_path, "two", told.append) as second:
        assert (first, second, told) == (False, False, [])


def test_a_killed_run_leaves_its_turn_even_if_a_child_lives_on(tmp_path: Path) -> None:
    with _holder(tmp_path, "fork", 60) as process:
        try:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            began = time.monotonic()
            with turn(tmp_path, "pilot", print) as waited:
                assert not waited
            assert time.monotonic() - began < 10
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def _take(folder: Path, turns: int) -> None:
    for _ in range(turns):
        with turn(folder, "pilot", lambda _: None):
            inside = folder.parent / "inside"
            inside.mkdir()  # fails where another process is in its turn
            inside.rmdir()


def test_turns_are_never_held_by_two_however_they_come_and_go(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=_take, args=(tmp_path / "turns", 300)) for _ in range(3)]
    for process in both:
        process.start()
    for process in both:
        process.join(60)
    assert [process.exitcode for process in both] == [0, 0, 0]


@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_of_a_turn_is_refused(tmp_path: Path, kind: str) -> None:
    turns, outside = tmp_path / "turns", tmp_path / "outside"
    with turn(turns, "pilot", print):
        (path,) = turns.iterdir()
    if kind == "link":
        path.symlink_to(outside)
    else:
        path.mkdir()
    with pytest.raises(ExecutionError, match="lock: "), turn(turns, "pilot", print):
        pass
    assert not outside.exists()
