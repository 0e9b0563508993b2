"""A meter stops a run before a cap, or after the one trial that nobody could foretell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qgate.arms.arm import Outcome
from qgate.measure.meter import Meter, stop_record
from qgate.measure.spending import Spending
from qgate.plan.plan import Plan, TrialSpec
from qgate.trials.result import Failure, TrialResult
from tests.unit.measure.small import PRICES, document, plan

CLASS = {"id": "c", "estimator": "counted.Model"}
"""A candidate whose circuits no plan can count."""


class Clock:
    """Goes when it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _plan(budget: dict[str, Any], **change: Any) -> Plan:
    terms = document(seeds=(1, 2, 3), candidate=CLASS, budget=budget, **change)
    made = plan(10, charter=terms)
    return Plan(made.charter, made.train, made.items, tuple(sorted(made.trials, key=_seed)))


def _seed(spec: TrialSpec) -> int:
    return spec.seed


def _done(spec: TrialSpec, circuits: int, *, seconds: float = 1.0, fresh: bool = True) -> Any:
    taken = circuits if spec.shots else 0
    return TrialResult(spec, Outcome((0,), None, taken, 0), seconds, fresh)


def _through(meter: Meter, made: Plan, circuits: int = 10, **how: Any) -> set[str]:
    """Run as the engine does; return what ran."""
    ran: set[str] = set()
    for spec in made.trials:
        if not meter.admits(spec):
            break
        meter.count(_done(spec, circuits, **how))
        ran.add(spec.digest)
    return ran


EACH = 10 * 1024


def test_a_trial_that_would_go_beyond_the_cap_is_not_begun() -> None:
    made = _plan({"shots": 3 * EACH + 1})
    meter = Meter(made, {}, 0.0)
    ran = _through(meter, made)
    assert meter.stopped is not None
    assert meter.stopped["spent"] == 3 * EACH
    assert meter.stopped["needs"] == pytest.approx(6 * EACH, rel=0.01)
    assert meter.stopped["needs"] >= 6 * EACH
    record, look = stop_record(meter, ran, 1)
    assert (record["seeds"], look) == (1, 1)  # both arms and replicates of seed 1, half of seed 2


def test_a_cap_that_is_just_met_is_kept() -> None:
    made = _plan({"shots": 6 * EACH})
    meter = Meter(made, {}, 0.0)
    assert len(_through(meter, made)) == len(made.trials)
    assert meter.closes()
    assert meter.stopped is None


def test_the_first_of_its_kind_may_go_beyond_and_is_the_last() -> None:
    made = _plan({"shots": EACH - 1})
    meter = Meter(made, {}, 0.0)
    ran = _through(meter, made)
    assert meter.stopped is not None
    assert meter.stopped["spent"] == EACH
    assert sum(not digest.startswith("b") for digest in ran) == 1


@pytest.mark.parametrize(
    ("cap", "each"),
    [("qpu_seconds", EACH * 0.002), ("usd", 10 * 0.25 + EACH * 0.001 + 2.0 * 1.0)],
)
def test_modelled_caps_stop_too(cap: str, each: float) -> None:
    prices = {**PRICES, "per_second": 2.0}
    spare = {"qpu_seconds": 0.0, "usd": 3 * 2.0}[cap]  # the baselines' seconds have a price
    made = _plan({cap: 3 * each + spare, "seconds_per_shot": 0.002, "prices": prices})
    meter = Meter(made, {"candidate": 0.002}, 0.0)
    ran = _through(meter, made)
    assert meter.stopped is not None
    assert meter.stopped["cap"] == cap
    assert len([digest for digest in ran if not digest.startswith("b")]) == 3


def test_what_comes_from_the_cache_counts_in_the_evidence_but_not_as_spent_now() -> None:
    made = _plan({"shots": 3 * EACH})
    meter = Meter(made, {}, 0.0)
    _through(meter, made, fresh=False)
    assert meter.stopped is not None
    assert meter.stopped["spent"] == 3 * EACH
    spent = meter.spending()
    assert (spent.circuits, spent.shots) == (0, 0)


BEFORE = Spending(50, 2 * EACH, 1.0, 0.5, 60.0)


def test_a_month_has_what_earlier_runs_left_of_it() -> None:
    made = _plan({"per_month": {"shots": 5 * EACH + 1}})
    meter = Meter(made, {}, 0.0, spent=BEFORE)
    _through(meter, made)
    assert meter.stopped is not None
    assert meter.stopped["cap"] == "per_month.shots"
    assert (meter.stopped["limit"], meter.stopped["spent"]) == (5 * EACH + 1, 5 * EACH)
    assert meter.stopped["needs"] == pytest.approx(8 * EACH, rel=0.01)
    assert meter.stopped["needs"] >= 8 * EACH
    assert "51,200 of 51,201 shots are spent this month" in meter.stopped["reason"]


def test_the_nearer_of_both_caps_stops() -> None:
    made = _plan({"shots": 2 * EACH, "per_month": {"shots": 9 * EACH}})
    meter = Meter(made, {}, 0.0, spent=BEFORE)
    _through(meter, made)
    assert meter.stopped is not None
    assert meter.stopped["cap"] == "shots"


def test_what_is_kept_and_paid_takes_nothing_of_a_month() -> None:
    made = _plan({"per_month": {"shots": 2 * EACH}})
    meter = Meter(made, {}, 0.0, spent=BEFORE)
    for spec in made.trials:
        assert meter.admits(spec, 0)
        meter.count(_done(spec, 10, fresh=False))
    assert meter.closes()
    paid = Meter(made, {}, 0.0, spent=BEFORE)
    assert len(_through(paid, made)) < len(made.trials)  # the same trials, run now


def test_what_ran_before_and_nobody_counted_is_paid_with_its_seconds() -> None:
    made, clock = _plan({"per_month": {"shots": 4 * EACH}}), Clock()
    meter = Meter(made, {}, 90.0, spent=BEFORE, clock=clock)
    spec = next(spec for spec in made.trials if spec.shots)
    result = _done(spec, 10, seconds=4.0, fresh=False)
    meter.count(replace(result, marks=("a",)))
    assert (meter.spending().shots, meter.spending().seconds) == (EACH, 10.0 + 4.0)
    meter.count(replace(result, fresh=True, marks=("b", "c")))  # ran now, and once unkept
    assert (meter.spending().shots, meter.spending().seconds) == (3 * EACH, 10.0 + 4.0 + 4.0)
    assert meter.stopped is not None
    assert meter.stopped["cap"] == "per_month.shots"


def test_minutes_of_a_month_count_those_of_earlier_runs() -> None:
    made, clock = _plan({"per_month": {"minutes": 2}}), Clock()
    meter = Meter(made, {}, 90.0, spent=BEFORE, clock=clock)
    assert meter.admits(made.trials[0])
    clock.now = 151.0
    assert not meter.admits(made.trials[0])
    assert meter.stopped is not None
    assert meter.stopped["spent"] == pytest.approx(121 / 60)
    assert meter.stopped["needs"] >= 121 / 60


def test_wall_clock_is_looked_at_between_trials_and_before_what_follows_them() -> None:
    made, clock = _plan({"minutes": 1}), Clock()
    meter = Meter(made, {}, 100.0, clock=clock)
    assert meter.admits(made.trials[0])
    clock.now = 161.0
    meter.count(_done(made.trials[0], 10))
    assert meter.stopped is not None
    assert meter.stopped["reason"] == "1.01667 of 1 minutes are spent"
    # 61 s, a second for each of the five trials of the candidate's that are left, two replays
    assert meter.stopped["needs"] == pytest.approx((61 + 5 + 2) / 60, rel=0.01)
    assert not meter.admits(made.trials[1])
    late = Meter(made, {}, 0.0, clock=clock)
    assert not late.admits(made.trials[0])  # preparation alone took the time
    assert stop_record(late, set(), 1)[0]["seeds"] == 0


def test_replays_and_latency_that_would_go_beyond_are_not_begun() -> None:
    made, clock = _plan({"minutes": 1}, latency={"requests": 600, "rate_per_s": 100}), Clock()
    brief = Meter(made, {}, 90.0, clock=clock)
    meter = Meter(made, {}, 90.0, latency=True, clock=clock)
    clock.now = 138.0  # 48 s; two replays of a second, then 2 x 620 requests take 12.4 s
    _through(brief, made)
    _through(meter, made)
    assert brief.closes()
    assert not meter.closes()
    assert meter.stopped is not None
    assert "replays and latency take about 0.24" in meter.stopped["reason"]


def test_failures_take_nothing_that_is_counted() -> None:
    made = _plan({"shots": 0})
    meter = Meter(made, {}, 0.0)
    for spec in made.trials:
        meter.count(TrialResult(spec, Failure("singular", "why"), 1.0))
    assert meter.stopped is None
    assert replace(meter.spending(), seconds=0.0) == Spending()
