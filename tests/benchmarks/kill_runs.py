"""Kills runs at random moments and runs them again: `python -m tests.benchmarks.kill_runs`.

Each time a run of a small pilot is killed by SIGKILL, with all its processes, at a moment drawn
from the length of an undisturbed run; then the same command runs to its end. It must come to the
same evidence digest, run no trial again that was finished, meet no damaged file, and leave a whole
audit log and a bundle that verifies. Three runs at once on one cache, started together, must do the
same: two of one charter, of which the second waits and has nothing left to do, and one of another
charter with the same trials. Exits with 1 on the first that does not. 200 take about a quarter of
an hour on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qgate.cli import main as qgate
from qgate.evidence.audit_log import AuditLog
from tests.integration.conftest import Project, new_project

RUN = ("run", "pilot.yaml", "--format", "json", "--output", "report.json", "-q")


def write(project: Project, name: str) -> None:
    """Write a pilot with some hundred short trials, which its name does not change."""

    def change(document: dict[str, Any]) -> None:
        document["pilot"]["name"] = name
        document["schedule"] = {"seeds": list(range(1, 31)), "shots": [64, 512], "replicates": 2}

    project.write(change)


def start(folder: Path, *arguments: str) -> int:
    """Start the command line in a session of its own, with all that it imports at hand."""
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        os.setsid()
        os.chdir(folder)
        handle = os.open("stderr.txt", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        code = qgate(arguments)
    finally:
        os._exit(code)


def end(process: int) -> int:
    """Wait for a process and return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def trials(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """Return each finished trial with its inode, which a second write would change."""
    found = (folder / ".qgate" / "trials").rglob("[!.]*.json")
    return {path: (path.stat().st_ino, path.read_bytes()) for path in found}


@dataclass(frozen=True)
class Peace:
    """What an undisturbed run came to, and how many seconds it took."""

    code: int
    digest: str
    seconds: float


def digest(folder: Path) -> str:
    """Return the evidence digest of the last report."""
    found: str = json.loads((folder / "report.json").read_bytes())["evidence"]["digest"]
    return found


def check(folder: Path, peace: Peace, before: dict[Path, tuple[int, bytes]]) -> str:
    """Run to the end after a disturbance; return what is wrong, empty when nothing is."""
    code = end(start(folder, *RUN))
    said = (folder / "stderr.txt").read_text("utf-8")
    log = AuditLog(folder / ".qgate" / "log.jsonl").entries()
    bundles = [p for p in (folder / ".qgate" / "evidence").iterdir() if p.name[0] != "."]
    verified = [end(start(folder, "verify", str(bundle))) for bundle in bundles]
    after = trials(folder)
    for wrong, what in (
        (code != peace.code, f"exit {code}, not {peace.code}: {said}"),
        ("damaged" in said or "Traceback" in said, said),
        (digest(folder) != peace.digest, "another evidence digest"),
        ({path: after.get(path) for path in before} != before, "a finished trial ran again"),
        (any(verified), "a bundle does not verify"),
        (not 1 <= len([e for e in log if e.action == "run"]) <= 2, "the log lost a run"),
        (len([e for e in log if e.action == "start"]) > 2, "the log has a run too many"),
    ):
        if wrong:
            return what
    return ""


def killed(number: int, folder: Path, peace: Peace) -> tuple[str, str]:
    """Kill a run at its own random moment; return in which state, and what is wrong."""
    moment = random.Random(number).uniform(0.0, 1.1 * peace.seconds)  # noqa: S311  # no secret
    shutil.rmtree(folder / ".qgate", ignore_errors=True)
    process = start(folder, *RUN)
    time.sleep(moment)
    try:
        os.killpg(process, signal.SIGKILL)
    except ProcessLookupError:  # before it has a session of its own
        os.kill(process, signal.SIGKILL)
    finished = end(process) != -signal.SIGKILL
    before = trials(folder)
    state = "after its end" if finished else f"{'some' if before else 'no'} trials finished"
    if before and not finished and len(before) == 150:
        state = "all trials finished"
    return state, check(folder, peace, before)


def together(folder: Path, peace: Peace) -> str:
    """Start three runs at once on an empty cache; return what is wrong."""
    shutil.rmtree(folder / ".qgate", ignore_errors=True)
    other = ("run", "other.yaml", *RUN[2:5], "other.json", "-q")
    codes = [end(process) for process in [start(folder, *each) for each in (RUN, RUN, other)]]
    if codes != [peace.code] * 3:
        return f"exits {codes}: {(folder / 'stderr.txt').read_text('utf-8')}"
    runs = [e for e in AuditLog(folder / ".qgate" / "log.jsonl").entries() if e.action == "run"]
    if sorted(entry.pilot for entry in runs) != ["other", "small"]:
        return f"three runs of two contracts are not two entries: {runs}"
    shared = json.loads((folder / "report.json").read_bytes())["gates"][0]["value"]
    if shared != json.loads((folder / "other.json").read_bytes())["gates"][0]["value"]:
        return "two charters with the same trials measure otherwise"
    shutil.rmtree(folder / ".qgate" / "evidence")  # the other's bundle is no matter of what follows
    (folder / ".qgate" / "log.jsonl").unlink()
    (folder / ".qgate" / "log.head.json").unlink()
    return check(folder, peace, trials(folder))


def main() -> int:
    """Run as many as the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--count", type=int, default=200, help="kills; every tenth has three at once"
    )
    parser.add_argument("--first", type=int, default=0, help="number of the first one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = new_project(Path(name))
        write(project, "other")
        project.charter.rename(project.folder / "other.yaml")
        write(project, "small")
        for charter in ("other.yaml", "pilot.yaml"):
            end(start(project.folder, "lock", charter))
        end(start(project.folder, *RUN))
        shutil.rmtree(project.folder / ".qgate")
        started = time.perf_counter()
        code = end(start(project.folder, *RUN))
        peace = Peace(code, digest(project.folder), time.perf_counter() - started)
        states: Counter[str] = Counter()
        for number in range(arguments.first, arguments.first + arguments.count):
            state, wrong = killed(number, project.folder, peace)
            states[state] += 1
            if not wrong and number % 10 == 0:
                wrong = together(project.folder, peace)
                states["three at once"] += 1
            if number % 20 == 19:
                sys.stderr.write(f"{number + 1} killed, nothing wrong so far\n")
            if wrong:
                print(f"number {number}, killed with {state}: {wrong}")
                return 1
    print(
        f"{arguments.count} kills over {peace.seconds:.1f} s, each run again to {peace.digest[:12]}"
    )
    for state, count in sorted(states.items()):
        print(f"  {count:4d} {state}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
