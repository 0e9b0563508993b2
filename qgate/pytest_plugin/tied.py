"""`qgate` that is stopped when the process that started it ends, however that one ends."""

from __future__ import annotations

import os
import runpy
import signal
import threading


def main() -> None:
    """Be `python -m qgate`; stdin is a pipe to which nothing is written while the starter lives."""
    held = os.dup(0)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  # what an arm reads ends at once
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_watch, args=(held,), daemon=True).start()
    runpy.run_module("qgate", run_name="__main__", alter_sys=True)


def _watch(held: int) -> None:
    os.read(held, 1)
    os.kill(os.getpid(), signal.SIGTERM)  # what is finished is kept


if __name__ == "__main__":
    main()
