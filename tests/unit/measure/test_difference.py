"""By how much a measurement moved: which procedure each family gets, and its numbers."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence
from qgate.measure.difference import Difference, Side, difference, same_items
from qgate.measure.measurement import Measurement
from qgate.measure.registry import family
from qgate.stats.difference import Bounded, mover
from qgate.stats.paired import tango_interval
from qgate.stats.quantiles import quantile_bounds
from qgate.stats.spread import pooled_sd
from tests.unit.measure.small import (
    INPUTS,
    PRICES,
    both,
    document,
    evidence,
    gate,
    times,
    trial,
    wrong_on,
)

GAP = gate("val_accuracy_gap_vs_classical", high=0.1)
OWN = gate("val_accuracy", low=0.1)
RNG = np.random.default_rng(3)


def moved(older: Evidence, newer: Evidence, before: Gate, after: Gate | None = None) -> Difference:
    sides = []
    for found, asked in ((older, before), (newer, after or before)):
        measurement = family(asked.metric).measure(found, asked, advise=False)
        sides.append(Side(found, asked, measurement))
    return difference(*sides)


def elsewhere(found: Evidence) -> Evidence:
    """Return the same evidence as if it were of other data."""
    inputs = {**INPUTS, "data content": "9" * 64}
    return dataclasses.replace(found, record={**found.record, "inputs": inputs})


def test_the_same_items_and_one_seed_are_tangos_interval_of_the_two_candidates() -> None:
    older, newer = (evidence(both({1: wrong_on(*i)}, wrong_on(9)), charter=document(seeds=(1,)))
                    for i in ((1,), (2, 3, 4)))  # fmt: skip
    found = moved(older, newer, GAP)
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx(tango_interval(3, 1, 10, confidence=0.9))
    assert found.method.startswith("paired by item, 1 seed paired: Tango")
    assert dict(found.shares)["baseline"] == (0.0, 0.0, 0.0)
    assert found.low is not None
    assert found.high is not None
    own = moved(older, newer, OWN)
    assert (own.value, own.low, own.high) == pytest.approx((-0.2, -found.high, -found.low))
    assert own.shares == ()


def test_shares_add_up_to_the_move() -> None:
    older = evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on(9)))
    newer = evidence(both({1: wrong_on(3, 4), 2: wrong_on(2)}, wrong_on(5, 6, 7)))
    for metric in ("accuracy", "balanced_accuracy", "f1"):
        found = moved(older, newer, gate(f"val_{metric}_gap_vs_classical", high=0.1))
        shares = dict(found.shares)
        assert shares["baseline"].value + shares["candidate"].value == pytest.approx(found.value)
        assert shares["baseline"].value < 0 < shares["candidate"].value
        assert found.low is not None
        assert found.high is not None
        assert found.low < (found.value or 0.0) < found.high
    apart = moved(older, elsewhere(newer), GAP)
    values = {role: share.value for role, share in apart.shares}
    assert values == pytest.approx({"baseline": -0.2, "candidate": 0.05})
    assert all(share.low is None for _, share in apart.shares)


def numbers(error: float, base: float) -> Evidence:
    truth: Any = [float(i) for i in range(30)]
    noise = np.random.default_rng(1).normal(size=30)
    rows: Any = {1: [t + error + 0.1 * n for t, n in zip(truth, noise, strict=True)]}
    data = {"path": "d", "target": "y", "validation": {"fraction": 0.5}, "task": "regression"}
    return evidence(
        both(rows, [t + base for t in truth], shots=None),
        truth=truth, classes=(), charter=document(seeds=(1,), shots=("exact",), data=data),
    )  # fmt: skip


def test_of_errors_the_larger_one_is_the_worse_and_the_baselines_part_has_its_sign() -> None:
    found = moved(numbers(1.0, 0.5), numbers(3.0, 1.5), gate("val_mae_gap_vs_classical", high=9.0))
    shares = {role: share.value for role, share in found.shares}
    assert found.value == pytest.approx(2.0 - 1.0, abs=0.01)
    assert shares["baseline"] == pytest.approx(-1.0)
    assert shares["candidate"] == pytest.approx(2.0, abs=0.01)


def test_other_items_are_recovered_from_both_intervals_at_one_level() -> None:
    older = evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on(9)))
    newer = elsewhere(evidence(both({1: wrong_on(3, 4), 2: wrong_on(2)}, wrong_on(9))))
    strict = dataclasses.replace(GAP, confidence=0.99)
    found = moved(older, newer, GAP, strict)
    intervals = [
        Bounded(m.value or 0.0, m.low, m.high)
        for m in (family(GAP.metric).measure(e, strict) for e in (older, newer))
    ]
    assert (found.value, found.low, found.high) == pytest.approx(mover(*intervals))
    assert found.confidence == 0.99
    assert "MOVER" in found.method


def test_the_very_same_trials_differ_by_nothing_and_exactly() -> None:
    older, newer = (evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on(9))) for _ in "ab")
    newer = dataclasses.replace(newer, observations={**newer.observations, "attempt": 2})
    assert moved(older, newer, GAP) == Difference(
        0.0, 0.0, 0.0, False, method="exact: the very same outcomes"
    )


def test_other_trials_with_the_same_answers_may_still_differ_on_new_items() -> None:
    trials = both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on(9))
    other = [{**found, "digest": "another"} for found in trials]
    found = moved(evidence(trials), evidence(other), GAP)
    assert found.value == 0.0
    assert found.bounded
    assert found.low is not None
    assert found.high is not None
    assert found.low < -0.1
    assert found.high > 0.1
    assert found.sign == 0


def test_items_are_the_same_only_where_data_split_and_truth_are() -> None:
    one = evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on(9)))
    assert same_items(one, one)
    assert not same_items(one, elsewhere(one))
    turned = {**one.record, "truth": list(one.record["truth"])[::-1]}
    assert not same_items(one, dataclasses.replace(one, record=turned))
    hidden = {**one.record, "items": ["a"] * 10}
    assert not same_items(one, dataclasses.replace(one, record=hidden))


def served(values: Any, machine: str = "") -> Evidence:
    return evidence([], latency={"candidate": times(values)}, machine={"platform": machine})


def test_a_latencys_quantile_is_of_two_independent_runs() -> None:
    first, second = (RNG.lognormal(2, 0.3, 400).tolist() for _ in "ab")
    limit = gate("latency_p50_ms", high=100.0)
    found = moved(served(first), served(second), limit)
    measured = [family("latency_p50_ms").measure(served(v), limit) for v in (first, second)]
    expected = mover(*(Bounded(m.value or 0.0, m.low, m.high) for m in measured))
    assert (found.value, found.low, found.high) == pytest.approx(expected)
    assert found.control is None
    assert "what the machine did" in found.method
    alone = quantile_bounds(np.asarray(second), 0.5, confidence=0.95)
    assert None not in alone


def test_attempts_that_share_an_error_do_not_widen_a_comparison() -> None:
    values = RNG.lognormal(2, 0.3, 400).tolist()
    spend = document(attempts={"max": 5, "spend": True})
    limit = gate("latency_p50_ms", high=100.0)
    older, newer = (
        evidence([], latency={"candidate": times(v)}, charter=spend)
        for v in (values, [2 * value for value in values])
    )
    found = moved(older, newer, limit)
    plain = moved(served(values), served([2 * value for value in values]), limit)
    assert (found.low, found.high, found.confidence) == (plain.low, plain.high, 0.95)


def test_the_baselines_times_are_the_control() -> None:
    both_arms = [
        evidence([], latency={
            "candidate": times((10 * f * RNG.lognormal(0, 0.1, 200)).tolist()),
            "baseline": times((f * RNG.lognormal(0, 0.1, 200)).tolist()),
        })
        for f in (1.0, 2.0)
    ]  # fmt: skip
    found = moved(both_arms[0], both_arms[1], gate("latency_p95_ms", high=1e3))
    assert found.control is not None
    assert found.control.value == pytest.approx((found.value or 0.0) / 10, rel=0.3)
    assert (found.sign, found.control.sign) == (1, 1)


def test_measured_here_and_recorded_elsewhere_have_no_difference() -> None:
    values = RNG.lognormal(2, 0.3, 200).tolist()
    recorded = evidence([], latency={"candidate": {**times(values), "measured": False}})
    found = moved(served(values[::-1]), recorded, gate("latency_p95_ms", high=100.0))
    assert not found.interval
    assert "recorded elsewhere" in found.method


def noisy(spread: int, digest: str) -> Evidence:
    rng = np.random.default_rng(spread)
    trials = [
        trial("candidate", seed, wrong_on(*rng.choice(10, rng.integers(0, spread), False).tolist()),
              shots=1024, replicate=replicate)
        for seed in (1, 2) for replicate in range(6)
    ]  # fmt: skip
    return evidence([{**found, "digest": digest + found["digest"]} for found in trials])


def test_shot_noise_is_a_difference_of_two_deviations() -> None:
    limit = gate("shot_noise_sd", high=0.5)
    older, newer = noisy(3, "a"), noisy(8, "b")
    found = moved(older, newer, limit)
    rows = [
        np.asarray([
            [np.mean(np.asarray(t["predictions"]) == e.truth) for t in seed]
            for seed in e.trials("candidate", 1024)
        ])
        for e in (older, newer)
    ]  # fmt: skip
    expected = mover(*(
        Bounded(s.sd, s.low, s.high)
        for s in (pooled_sd(r, confidence=0.95, resolution=0.1) for r in rows)
    ))  # fmt: skip
    assert (found.value, found.low, found.high) == pytest.approx(expected)
    assert "as if independent" in found.method


def priced(per_task: float, per_second: float = 0.0) -> Evidence:
    prices = {**PRICES, "per_task": per_task, "per_second": per_second}
    trials = [trial("candidate", s, wrong_on(), shots=1024, serving=20) for s in (1, 2)]
    return evidence(
        trials, charter=document(budget={"prices": prices}),
        latency={"candidate": times([1.0, 2.0, 3.0])},
    )  # fmt: skip


def test_modelled_costs_are_exact_unless_seconds_have_a_price() -> None:
    limit = gate("cost_per_1k_usd", high=1e9)
    found = moved(priced(0.25), priced(0.5), limit)
    assert found.value == pytest.approx(1000 * 2 * 0.25)
    assert (found.bounded, found.sign) == (False, 1)
    timed = moved(priced(0.25, 0.1), priced(0.25, 0.2), limit)
    assert (timed.interval, timed.sign) == (False, 0)


def healthy(values: Any) -> Evidence:
    found = evidence([])
    figures = {"candidate": {"health": {"purity": values}}}
    return dataclasses.replace(found, record={**found.record, "figures": figures})


def test_figures_of_the_same_training_rows_are_paired_by_row() -> None:
    first = RNG.uniform(0.5, 0.9, 40)
    second = first - 0.01 + RNG.normal(0, 0.002, 40)
    limit = gate("purity", low=0.1)
    found = moved(healthy(first.tolist()), healthy(second.tolist()), limit)
    expected = stats.ttest_rel(second, first).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.sign == -1
    other = moved(healthy(first.tolist()), elsewhere(healthy(second.tolist())), limit)
    assert "MOVER" in other.method
    assert (other.high or 0.0) - (other.low or 0.0) > 5 * ((found.high or 0) - (found.low or 0))
    counted = moved(healthy(0.5), healthy(0.75), limit)
    assert (counted.value, counted.bounded) == (0.25, False)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (dataclasses.replace(GAP, claim="this_artifact"), "A claims new_items_and_seeds"),
        (dataclasses.replace(GAP, slices=("a",)), "not the same slices"),
    ],
)
def test_another_quantity_has_no_interval(after: Gate, words: str) -> None:
    older, newer = (evidence(both({1: wrong_on(i), 2: wrong_on(2)}, wrong_on(9))) for i in (1, 3))
    sides = [Side(e, g, Measurement(0.1, 0.0, 0.2)) for e, g in ((older, GAP), (newer, after))]
    found = difference(*sides)
    assert not found.interval
    assert words in found.method


def test_what_was_not_measured_has_no_difference() -> None:
    found = evidence(both({1: wrong_on(1), 2: wrong_on(2)}, wrong_on(9)))
    for value in (None, math.nan):
        sides = [Side(found, GAP, Measurement(v)) for v in (0.1, value)]
        assert difference(*sides).value is None
        assert "not measured in B" in difference(*sides).method


def sliced(wrong: int) -> Evidence:
    found = evidence(both({1: wrong_on(wrong), 2: wrong_on(2)}, wrong_on(9)))
    slices = {"column": "c", "values": ["a"] * 5 + ["b"] * 5, "known": ["a", "b"]}
    return dataclasses.replace(found, record={**found.record, "slices": slices})


def part_of(found: Evidence, start: int) -> Evidence:
    """Return the evidence of five of the ten items alone."""
    some = slice(start, start + 5)
    trials = [{**t, "predictions": t["predictions"][some]} for t in found.record["trials"]]
    record = {**found.record, "trials": trials, "truth": found.record["truth"][some]}
    return dataclasses.replace(found, record=record)


def test_the_worst_slices_differ_by_no_more_than_any_slice_does() -> None:
    older, newer = sliced(1), sliced(6)
    found = moved(older, newer, dataclasses.replace(GAP, slices=()))
    strict = dataclasses.replace(GAP, confidence=0.975)  # half of the error each
    each = [moved(part_of(older, i), part_of(newer, i), strict) for i in (0, 5)]
    assert [part.value for part in each] == pytest.approx([-0.1, 0.1])
    assert found.value == pytest.approx(0.1 - 0.2)
    assert found.low == pytest.approx(min(part.low or 0.0 for part in each))
    assert found.high == pytest.approx(max(part.high or 0.0 for part in each))
    assert "Bonferroni" in found.method
    apart = moved(older, elsewhere(newer), dataclasses.replace(GAP, slices=()))
    assert "MOVER" in apart.method
    assert apart.value == pytest.approx(0.1 - 0.2)
