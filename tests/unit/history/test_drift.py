"""Which runs are charted together, what counts, and what is called decay."""

from __future__ import annotations

from typing import Any

import pytest

from qgate.history.drift import Series, series_of
from qgate.history.run import Run
from qgate.stats.cusum import REFERENCE
from tests.unit.history.histories import run

DECAYING = [0.0] * REFERENCE + [0.25 * i for i in range(1, 11)]


def series(runs: list[Run]) -> Series:
    (found,) = series_of(runs)
    return found


def runs_of(values: list[float], error: float | None = 1.0, **change: Any) -> list[Run]:
    return [run(i, value, error, **change) for i, value in enumerate(values)]


def test_a_slow_decay_is_named_with_its_begin_and_size() -> None:
    runs = runs_of(DECAYING)
    found = series(runs)
    assert found.decays
    (shift,) = found.drift.shifts
    assert shift.worse
    assert shift.lasting
    assert runs.index(shift.since) == REFERENCE + 2  # the first deviation above k
    assert shift.size == pytest.approx(sum(DECAYING[12:]) / 8)


@pytest.mark.parametrize(
    ("metric", "sign", "state"),
    [
        ("val_accuracy_gap_vs_classical", 1, "decay"),
        ("val_accuracy_gap_vs_classical", -1, "improvement"),
        ("val_accuracy", 1, "improvement"),
        ("val_accuracy", -1, "decay"),
    ],
)
def test_only_the_worse_direction_is_decay(metric: str, sign: int, state: str) -> None:
    found = series(runs_of([sign * v for v in DECAYING], metric=metric))
    assert found.drift.state == state
    assert found.decays is (state == "decay")
    rising, falling = (found.drift.worse, found.drift.better)[:: 1 if state == "decay" else -1]
    assert rising[-1] > 5 > falling[-1]


def test_a_gate_in_shadow_or_no_longer_asked_fails_nothing() -> None:
    assert not series(runs_of(DECAYING, mode="shadow")).decays
    runs = [*runs_of(DECAYING), run(99, 0.0, name="another")]
    another, former = series_of(runs)
    assert (another.name, another.asked) == ("another", True)
    assert former.drift.state == "decay"
    assert not former.asked
    assert not former.decays


def test_too_few_runs_say_how_many_more() -> None:
    for count in (1, REFERENCE):
        drift = series(runs_of([0.0] * count)).drift
        assert (drift.state, drift.lacking) == ("too few runs", REFERENCE + 1 - count)
    assert series(runs_of([0.0] * (REFERENCE + 1))).drift.lacking == 0


@pytest.mark.parametrize("change", [{"process": "f" * 64}, {"terms": "others"}])
def test_another_process_is_never_mixed_in(change: dict[str, Any]) -> None:
    before = runs_of(DECAYING)
    after = [run(100 + i, 9.0, **change) for i in range(3)]
    found = series([*before, *after])
    assert [point.process for point in found.points] == [1] * 20 + [2] * 3
    assert (found.drift.runs, found.drift.lacking) == (3, REFERENCE + 1 - 3)
    assert not found.decays
    # Back to the first contract: its runs are one process, whatever came between.
    again = series([*before, *after, run(200, 2.5)])
    assert again.drift.runs == len(before) + 1
    assert again.decays


def test_unchanged_evidence_counts_once() -> None:
    runs = [run(i, 0.0) for i in range(5)]
    runs += [run(10 + i, 5.0, evidence="a" * 64) for i in range(30)]
    found = series(runs)
    assert found.drift.runs == 6
    assert [point.counted for point in found.points] == [True] * 6 + [False] * 29


def test_times_of_unchanged_evidence_are_measured_anew() -> None:
    runs = [run(i, 10.0, metric="latency_p95_ms", evidence="a" * 64) for i in range(12)]
    assert series(runs).drift.runs == 12
    assert series([*runs, runs[-1]]).drift.runs == 12  # the very same observations


def test_runs_without_a_value_or_an_interval_are_passed_over() -> None:
    runs = runs_of(DECAYING)
    holes = [run(100, None), run(101, 3.0, None, exact=0), run(102, float("inf"))]
    assert series([*holes, *runs]).drift.runs == len(runs)
    assert series([*holes, *runs]).decays


def test_what_is_exact_needs_no_chart() -> None:
    cost = "cost_per_1k_usd"
    assert series(runs_of([2.0], None, metric=cost)).drift.lacking == 1
    assert series(runs_of([2.0, 2.0, 2.0 + 1e-12], None, metric=cost)).drift.state == "steady"
    runs = runs_of([2.0, 3.0, 2.0, 2.5, 2.6], None, metric=cost)
    found = series(runs)
    (shift,) = found.drift.shifts
    assert found.decays
    assert (shift.since, shift.deviations) == (runs[3], None)
    assert shift.size == pytest.approx(0.6)
    assert series(runs_of([2.0, 1.0], None, metric=cost)).drift.state == "improvement"


def test_a_decay_that_is_over_is_told_and_fails_nothing() -> None:
    runs = runs_of([0.0] * REFERENCE + [8.0] + [0.0] * 20)
    found = series(runs)
    (shift,) = found.drift.shifts
    assert shift.worse
    assert not shift.lasting
    assert found.drift.state == "steady"
    assert not found.decays


def test_a_metric_that_this_version_does_not_know_is_passed_over() -> None:
    assert series_of([run(1, 0.0, metric="of_tomorrow")]) == ()
