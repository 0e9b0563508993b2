"""Worker processes: equal outcomes, deaths survived, interrupts answered by the parent alone."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from qgate.arms.arm import Arm, build_arm
from qgate.charter.arm_spec import ArmSpec, Step
from qgate.errors import ExecutionError, UsageError
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from qgate.trials.result import Failure, TrialResult, run_trial
from qgate.trials.workers import replay_trials, run_in_workers
from tests.unit.arms import small
from tests.unit.trials import specs

ROOT = Path(__file__).parents[3]
CLASSES = "tests.unit.arms.plugin_classes"


def _outcomes(results: list[TrialResult]) -> dict[object, object]:
    return {result.spec: result.outcome for result in results}


def test_two_workers_give_the_outcomes_of_none(tmp_path: Path) -> None:
    work = small.workshop(small.small_split(), cells=small.EXACT)
    tree = small.classical("sklearn.tree.ExtraTreeClassifier", role="baseline")
    arms: dict[str, Arm] = {
        "baseline": build_arm(tree, work),
        "candidate": build_arm(small.kernel(), work),
    }
    trials = [specs.trial(*cell, arm=role) for role in arms for cell in small.CELLS]
    here = list(run_trials(arms, trials, TrialCache(tmp_path / "a", print), workers=1))
    cache = TrialCache(tmp_path / "b", print)
    there = list(run_trials(arms, trials, cache, workers=2))
    assert len(there) == len(trials)
    assert _outcomes(there) == _outcomes(here)
    assert all(cache.get(trial) is not None for trial in trials)


def test_a_killed_worker_fails_its_trial_and_no_other() -> None:
    spec = small.classical(f"{CLASSES}.Dies", {"deadly": 3, "how": "kill"})
    work = small.workshop(small.small_split(), cells=small.EXACT)
    arm = build_arm(spec, work)
    trials = [specs.trial(seed) for seed in range(1, 7)]
    found = _outcomes(list(run_in_workers({"candidate": arm}, trials, workers=2)))
    assert set(found) == set(trials)
    died = found.pop(trials[2])
    assert isinstance(died, Failure)
    assert died.kind == "worker_died"
    assert found == {t: run_trial(arm, t).outcome for t in trials if t.seed != 3}


def test_arms_that_cannot_reach_the_workers_fail_their_trials() -> None:
    trials = [specs.trial(seed) for seed in (1, 2)]
    arms = {"candidate": specs.CannotArrive()}
    found = list(run_in_workers(arms, trials, workers=1))
    assert [r.outcome.kind for r in found if isinstance(r.outcome, Failure)] == ["worker_died"] * 2


def test_an_arm_that_cannot_leave_this_process_is_said_before_any_starts() -> None:
    stays = specs.StubArm({1: lambda: specs.outcome(1)})
    with pytest.raises(ExecutionError, match=r"cannot be sent .*lambda.* by --workers 1"):
        list(run_in_workers({"candidate": stays}, [specs.trial(1), specs.trial(2)], workers=2))


def test_what_the_workers_read_is_gone_after_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    trials = [specs.trial(seed) for seed in (1, 2, 3)]
    running = run_in_workers({"candidate": specs.StubArm()}, trials, workers=1)
    next(running)
    (folder,) = tmp_path.glob("qgate-*")
    assert folder.stat().st_mode & 0o077 == 0  # rows of data: for the user's own eyes
    running.close()
    assert not folder.exists()


_AS_A_WORKER = """
import pickle, sys
import qgate.trials.workers
arm = pickle.load(sys.stdin.buffer)
arm.run(1, 64, 0)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"qiskit", "qiskit_aer"}))
"""


def test_a_worker_runs_a_quantum_kernels_trials_without_the_sdk() -> None:
    """Importing it would cost each worker seconds."""
    arm = build_arm(small.kernel(), small.workshop(small.small_split()))
    command = [sys.executable, "-c", _AS_A_WORKER]
    found = subprocess.run(command, input=pickle.dumps(arm), stdout=subprocess.PIPE, check=True)
    assert found.stdout.decode().strip() == "[]"


def test_a_replay_builds_the_arm_anew_in_another_process(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    spec = small.classical(f"{CLASSES}.Majority", {"notes": str(notes)})
    work = small.workshop(small.small_split(), cells=small.EXACT)
    trials = [specs.trial(1), specs.trial(2)]
    here = [run_trial(build_arm(spec, work), trial) for trial in trials]
    own = notes.read_text(encoding="utf-8").split("\n")
    assert own[:2] == [f"{os.getpid()} 1", f"{os.getpid()} 2"]
    notes.unlink()
    again = replay_trials(spec, work, trials)
    assert [r.outcome for r in again] == [r.outcome for r in here]
    lines = [line.split() for line in notes.read_text(encoding="utf-8").splitlines()]
    assert [seed for _, seed in lines] == ["1", "2"]
    assert {int(pid) for pid, _ in lines} & {os.getpid()} == set()


def test_a_replay_goes_on_in_a_new_process_after_a_death() -> None:
    spec = small.classical(f"{CLASSES}.Dies", {"deadly": 1, "how": "exit"})
    work = small.workshop(small.small_split(), cells=small.EXACT)
    first, second = replay_trials(spec, work, [specs.trial(1), specs.trial(2)])
    assert isinstance(first.outcome, Failure)
    assert first.outcome.kind == "worker_died"
    assert second.outcome == run_trial(build_arm(spec, work), specs.trial(2)).outcome


def test_a_replays_terms_that_cannot_be_used_are_said() -> None:
    work = small.workshop(small.small_split(), cells=small.EXACT)
    with pytest.raises(UsageError, match="did you mean 'SVC'"):
        replay_trials(small.classical("sklearn.svm.SVCC"), work, [specs.trial(1)])


def test_a_replays_preparation_that_fails_is_a_failure() -> None:
    step = Step(f"{CLASSES}.Shifts", {"missing": True})
    spec: ArmSpec = small.kernel(preprocess=(step,))
    (found,) = replay_trials(
        spec, small.workshop(small.small_split(), cells=small.EXACT), [specs.trial(1)]
    )
    assert isinstance(found.outcome, Failure)
    assert found.outcome.kind == "not_finite"


_MASKED = """
import sys
from pathlib import Path
from qgate.trials.workers import _pool

def blocked():
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("SigBlk:")[1].split()[0], 16)

if __name__ == "__main__":
    with _pool(1, print, ()) as pool:
        print(pool.schedule(blocked).result())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_is_deaf_to_the_interrupt_before_it_reads_anything(tmp_path: Path) -> None:
    """Of a process's first pool: what multiprocessing starts with it lets signals through."""
    script = tmp_path / "masked.py"
    script.write_text(_MASKED, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(
        [sys.executable, str(script)], env=environment, stdout=subprocess.PIPE, check=True
    )
    assert int(found.stdout) & (1 << (signal.SIGINT - 1))


_SLEEPY = f"""
import sys
from pathlib import Path
from qgate.trials.workers import replay_trials
from tests.unit.arms import small
from tests.unit.trials import specs

if __name__ == "__main__":
    spec = small.classical("{CLASSES}.Sleeps", {{"notes": sys.argv[1]}})
    try:
        work = small.workshop(small.small_split(), cells=small.EXACT)
        replay_trials(spec, work, [specs.trial(1)])
    except KeyboardInterrupt:
        sys.exit(42)
"""


def test_an_interrupt_ends_a_replay_and_its_worker(tmp_path: Path) -> None:
    """As in a terminal, the interrupt goes to the whole process group."""
    script, notes = tmp_path / "sleepy.py", tmp_path / "notes"
    script.write_text(_SLEEPY, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), str(notes)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    for _ in range(600):
        if notes.exists() and notes.read_text(encoding="utf-8").endswith("\n"):
            break
        time.sleep(0.1)
    worker = int(notes.read_text(encoding="utf-8").split()[0])
    assert worker != process.pid
    os.killpg(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=50)
    assert process.returncode == 42
    assert complaints == b""
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
