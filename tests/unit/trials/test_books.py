"""What a run paid is counted once, and what a kill left over by the next run that takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from qgate.plan.plan import TrialSpec
from qgate.trials.books import Books
from qgate.trials.cache import TrialCache
from qgate.trials.engine import run_trials
from qgate.trials.result import TrialResult
from tests.unit.trials import specs

SPECS = [specs.trial(seed, 64) for seed in (1, 2, 3)]


class Killed(BaseException):
    """Nothing catches it, as nothing does a SIGKILL."""


def _warn(message: str) -> None:
    raise AssertionError(message)


def _run(
    state: Path, *, trials: Sequence[TrialSpec] = SPECS, workers: int = 1
) -> tuple[Books, list[TrialResult]]:
    """Run as the engine and a stage of it do; it is not logged."""
    books = Books(state / "owed", _warn)
    cache = TrialCache(state / "trials", _warn, books)
    found = list(run_trials({"candidate": specs.StubArm()}, trials, cache, workers))
    for result in found:
        books.count(result.marks)
    return books, found


def _uncounted(found: list[TrialResult]) -> list[int]:
    return [result.uncounted for result in found]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_logged_run_is_not_paid_again(tmp_path: Path, workers: int) -> None:
    books, found = _run(tmp_path, workers=workers)
    assert _uncounted(found) == [1, 1, 1]
    books.settle()
    assert list((tmp_path / "owed").iterdir()) == []
    again = _run(tmp_path, workers=workers)[1]
    assert _uncounted(again) == [0, 0, 0]


@pytest.mark.parametrize("workers", [1, 2])
def test_what_a_killed_run_left_is_paid_by_the_next_one_once(tmp_path: Path, workers: int) -> None:
    _run(tmp_path, trials=SPECS[:2])  # nothing is settled: it was killed
    books, found = _run(tmp_path, workers=workers)
    assert [result.fresh for result in found] == [False, False, True]
    assert _uncounted(found) == [1, 1, 1]
    books.settle()
    assert _uncounted(_run(tmp_path)[1]) == [0, 0, 0]


def test_a_kill_before_the_trial_is_kept_counts_both_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("qgate.trials.cache.write_entry", kill)
        with pytest.raises(Killed):
            _run(tmp_path)
    books, found = _run(tmp_path)
    assert _uncounted(found) == [2, 1, 1]  # the first one ran twice
    books.settle()
    assert list((tmp_path / "owed").iterdir()) == []


def test_what_a_run_did_not_take_stays_for_the_next(tmp_path: Path) -> None:
    _run(tmp_path)
    books, found = _run(tmp_path, trials=SPECS[:1])
    assert _uncounted(found) == [1]
    books.settle()
    assert _uncounted(_run(tmp_path)[1]) == [0, 1, 1]


def test_a_run_settles_nothing_of_another_that_it_did_not_see(tmp_path: Path) -> None:
    mine = Books(tmp_path / "owed", _warn)
    cache = TrialCache(tmp_path / "trials", _warn, mine)
    running = run_trials({"candidate": specs.StubArm()}, SPECS[:1], cache, 1)
    _run(tmp_path)  # the same trials at the same time, then killed
    for result in running:  # both ran the first, and one after another it came from the cache
        mine.count(result.marks)
    mine.settle()
    assert _uncounted(_run(tmp_path)[1]) == [1, 1, 1]


def test_entries_of_before_books_were_kept_are_paid(tmp_path: Path) -> None:
    cache = TrialCache(tmp_path / "trials", _warn)
    for spec in SPECS:
        cache.put(specs.result(spec))
    assert _uncounted(_run(tmp_path)[1]) == [0, 0, 0]


def test_books_that_cannot_be_written_are_reported_and_lose_no_count(tmp_path: Path) -> None:
    (tmp_path / "owed").write_text("a file where the folder ought to be", encoding="utf-8")
    said: list[str] = []
    books = Books(tmp_path / "owed", said.append)
    cache = TrialCache(tmp_path / "trials", _warn, books)
    found = list(run_trials({"candidate": specs.StubArm()}, SPECS, cache, 1))
    assert _uncounted(found) == [1, 1, 1]
    assert any("could not be kept" in message for message in said)
