"""Pruning takes what was not used for the longest time, and nothing but what saves time."""

from __future__ import annotations

import os
import time
from pathlib import Path

from qgate.trials.cache import TrialCache
from qgate.trials.pruning import Pruned, kept, prune
from qgate.trials.result import TrialResult
from tests.unit.trials import specs


def _state(folder: Path) -> Path:
    now = time.time()
    for age, name in enumerate(("a", "b", "c", "d"), 1):
        path = folder / "trials" / name / f"{name}.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * 100)
        os.utime(path, (now - age, now - age))
    for name in ("evidence/bundle/evidence.json", "log.jsonl"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1000)
        os.utime(path, (0, 0))
    return folder


def _names(folder: Path) -> list[str]:
    return [entry.path.name for entry in kept(folder)]


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    state = _state(tmp_path)
    assert _names(state) == ["d.json", "c.json", "b.json", "a.json"]
    assert prune(state, 400) == Pruned(0, 0)
    assert prune(state, 250) == Pruned(2, 200)
    assert _names(state) == ["b.json", "a.json"]
    assert prune(state, 0) == Pruned(2, 200)
    assert (state / "evidence/bundle/evidence.json").exists()
    assert (state / "log.jsonl").exists()


def test_what_an_interrupted_write_left_goes_once_nobody_can_be_writing_it(tmp_path: Path) -> None:
    state = _state(tmp_path)
    old, new = (state / "trials" / "a" / name for name in (".old.x", ".new.x"))
    for path in (old, new):
        path.write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    assert prune(state, 10_000) == Pruned(1, 1)
    assert prune(state, 0) == Pruned(4, 400)
    assert new.exists()
    assert not old.exists()


def test_a_trial_that_is_read_counts_as_used(tmp_path: Path) -> None:
    cache = TrialCache(tmp_path / "trials", print)
    first, second = specs.trial(1, 64, 0), specs.trial(2, 64, 0)
    for age, spec in ((1, first), (2, second)):
        cache.put(TrialResult(spec, specs.outcome(1), 0.5))
        path = next((tmp_path / "trials").rglob(f"{spec.digest}.json"))
        os.utime(path, (time.time() - 100 * age,) * 2)
    assert cache.get(second) is not None
    assert [entry.path.stem for entry in kept(tmp_path)] == [first.digest, second.digest]
    prune(tmp_path, kept(tmp_path)[1].size)
    assert cache.get(first) is None
    assert cache.get(second) is not None


def test_which_run_ended_in_which_bundle_is_not_forgotten(tmp_path: Path) -> None:
    """Without it, a run that changes nothing would count as another attempt."""
    state = _state(tmp_path)
    run = state / "runs" / "r.json"
    run.parent.mkdir()
    run.write_bytes(b"x" * 100)
    os.utime(run, (0, 0))
    assert _names(state)[0] == "r.json"
    assert prune(state, 300) == Pruned(1, 100)  # runs are not counted either
    assert prune(state, 0) == Pruned(3, 300)
    assert _names(state) == ["r.json"]


def test_nothing_kept_is_nothing_pruned(tmp_path: Path) -> None:
    assert kept(tmp_path / "none") == []
    assert prune(tmp_path / "none", 0) == Pruned(0, 0)
