"""The engine yields every trial exactly once, and keeps it before it does."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest

from qgate.arms.arm import Outcome, TrialError
from qgate.errors import UsageError
from qgate.plan.plan import TrialSpec
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from qgate.trials.result import Failure, run_trial
from tests.unit.trials import specs

SPECS = [specs.trial(seed, shots) for seed in (1, 2, 3) for shots in (None, 64)]


@pytest.fixture
def cache(tmp_path: Path) -> TrialCache:
    def warn(message: str) -> None:
        raise AssertionError(message)

    return TrialCache(tmp_path, warn)


def test_every_trial_comes_once_from_the_cache_or_fresh(cache: TrialCache) -> None:
    for spec in SPECS[::2]:
        cache.put(specs.result(spec))
    arm = specs.StubArm()
    found = list(run_trials({"candidate": arm}, SPECS, cache, workers=1))
    assert sorted(r.spec.digest for r in found) == sorted(spec.digest for spec in SPECS)
    assert all(r.outcome == specs.outcome(r.spec.seed) for r in found)
    assert arm.seeds == [spec.seed for spec in SPECS[1::2]]


def test_a_second_run_runs_nothing(cache: TrialCache) -> None:
    first = list(run_trials({"candidate": specs.StubArm()}, SPECS, cache, workers=1))
    arm = specs.StubArm()
    second = list(run_trials({"candidate": arm}, SPECS, cache, workers=2))
    assert arm.seeds == []
    assert second == first


def test_a_trial_is_kept_before_it_is_yielded(cache: TrialCache) -> None:
    """So an interrupt between two trials loses nothing."""
    running = run_trials({"candidate": specs.StubArm()}, SPECS, cache, workers=1)
    finished = next(running)
    running.close()  # type: ignore[attr-defined]
    assert cache.get(finished.spec) == finished
    assert cache.get(SPECS[1]) is None


def test_failures_are_tried_again(cache: TrialCache) -> None:
    def fail() -> Outcome:
        raise TrialError("too_large", "no room")

    arm = specs.StubArm({1: fail})
    for _ in range(2):
        found = {r.spec: r.outcome for r in run_trials({"candidate": arm}, SPECS, cache, workers=1)}
        assert found[SPECS[0]] == Failure("too_large", "no room")
    assert arm.seeds == [1, 1, 2, 2, 3, 3, 1, 1]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TrialError("bad_scores", "why"), "bad_scores"),
        (ArithmeticError("why"), "ArithmeticError"),
        (MemoryError("why"), "MemoryError"),
        (RecursionError("why"), "RecursionError"),
    ],
)
def test_an_arms_error_is_a_typed_failure(error: Exception, kind: str) -> None:
    def fail() -> Outcome:
        raise error

    found = run_trial(specs.StubArm({1: fail}), SPECS[0])
    assert found.outcome == Failure(kind, "why")
    assert found.seconds >= 0


def test_an_arm_that_exits_does_not_end_the_program_with_a_pass() -> None:
    found = run_trial(specs.StubArm({1: lambda: sys.exit(0)}), SPECS[0])
    assert found.outcome == Failure("SystemExit", "0")


@pytest.mark.parametrize("error", [UsageError("mend the charter"), KeyboardInterrupt()])
def test_what_is_no_failure_of_the_trial_is_raised(error: BaseException) -> None:
    def fail() -> Outcome:
        raise error

    with pytest.raises(type(error)):
        run_trial(specs.StubArm({1: fail}), SPECS[0])


def test_a_trial_runs_its_block_of_items(cache: TrialCache) -> None:
    arm = specs.StubArm()
    blocks = [None, (0, 2), (2, 3)]
    trials = [
        dataclasses.replace(specs.trial(seed), items=block) for seed, block in enumerate(blocks)
    ]
    results = list(run_trials({"candidate": arm}, trials, cache, workers=1))
    assert arm.blocks == blocks
    assert [result.spec.items for result in results] == blocks


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_begins_after_a_no(cache: TrialCache, workers: int) -> None:
    for spec in SPECS[:2]:
        cache.put(specs.result(spec))
    asked: list[str] = []

    def admits(spec: TrialSpec, uncounted: int) -> bool:
        assert uncounted == (spec not in SPECS[:2])
        asked.append(spec.digest)
        return len(asked) < 4

    arm = specs.StubArm()
    found = list(run_trials({"candidate": arm}, SPECS, cache, workers, admits))
    assert len(found) == 3
    assert [result.fresh for result in found] == [False, False, True]
    assert all(cache.get(result.spec) == result for result in found)


def test_in_one_process_trials_come_in_order_whether_kept_or_not(cache: TrialCache) -> None:
    for spec in SPECS[::2]:
        cache.put(specs.result(spec))
    found = list(run_trials({"candidate": specs.StubArm()}, SPECS, cache, workers=1))
    assert [result.spec for result in found] == SPECS
    assert [result.fresh for result in found] == [False, True] * 3
