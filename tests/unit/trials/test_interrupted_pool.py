"""An interrupt at the worst moment, while worker processes start, leaves none of them behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from pathlib import Path

import pebble
import pytest

from qgate.trials.workers import _pool

ROOT = Path(__file__).parents[3]
_STARTS_AND_IS_STOPPED = """
import os, signal, pebble
from qgate.trials.workers import _pool
schedule = pebble.ProcessPool.schedule
def interrupted(self, *given, **more):
    schedule(self, *given, **more)
    os.kill(os.getpid(), signal.SIGINT)
pebble.ProcessPool.schedule = interrupted
if __name__ == "__main__":
    try:
        with _pool(2, print, ()):
            print("never")
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_a_pool_that_is_interrupted_while_it_starts_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule = pebble.ProcessPool.schedule

    def interrupted(self: pebble.ProcessPool, *given: object, **more: object) -> None:
        schedule(self, *given, **more)  # type: ignore[arg-type]
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(pebble.ProcessPool, "schedule", interrupted)
    before = set(multiprocessing.active_children())
    with pytest.raises(KeyboardInterrupt), _pool(1, print, ()):
        pytest.fail("it was interrupted before")
    assert set(multiprocessing.active_children()) == before
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_and_says_nothing_of_its_own(tmp_path: Path) -> None:
    """A process that nobody stopped would look for semaphores that are gone, with a traceback."""
    script = tmp_path / "stopped.py"
    script.write_text(_STARTS_AND_IS_STOPPED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n", "")
