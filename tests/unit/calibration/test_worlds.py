from __future__ import annotations

import numpy as np
import pytest

from qgate.calibration.case import CannotPlantError, Case
from qgate.calibration.planting import swapped, width_of_noise
from qgate.calibration.reruns import Reruns
from qgate.calibration.worlds import WORLDS, Kind, Prepared
from qgate.charter.charter import Gate, Threshold
from qgate.evidence.evidence import Array, Evidence
from qgate.measure.registry import family
from tests.unit.calibration.cases import numbers, two_arms
from tests.unit.measure.small import evidence, gate, times

GAP = "val_accuracy_gap_vs_classical"


def prepared(
    found: Evidence, terms: Gate, name: str, dose: float, reruns: Reruns | None = None
) -> Prepared:
    world = next(world for world in WORLDS if world.name == name)
    assert world.concerns(terms)
    return world.at(Case.of(found, terms), reruns or Reruns(), dose)


def values(terms: Gate, world: Prepared, draws: int = 200) -> Array:
    rng = np.random.default_rng(1)
    measure = family(terms.metric).measure
    found = [measure(world.draw(rng), terms, advise=False).value for _ in range(draws)]
    assert None not in found
    return np.asarray(found, dtype=float)


def near(found: Array, expected: float) -> bool:
    """Return whether a mean over draws is the expected one, within 4 standard errors."""
    return bool(abs(found.mean() - expected) <= 4 * found.std(ddof=1) / np.sqrt(len(found)))


def test_swapped_arms_have_no_gap_though_the_arms_that_ran_have() -> None:
    found, terms = two_arms(), gate(GAP, high=0.03)
    assert abs(family(GAP).measure(found, terms).value or 0) > 0.01
    gaps = values(terms, prepared(found, terms, "A/A: arms swapped", 0.0))
    assert near(gaps, 0.0)
    assert gaps.std() > 0.005  # they do disagree


@pytest.mark.parametrize("dose", [1.0, 2.0])
@pytest.mark.parametrize("claim", ["new_items_and_seeds", "this_dataset", "this_artifact"])
def test_flipped_predictions_make_the_dose(dose: float, claim: str) -> None:
    terms = gate(GAP, high=0.03, claim=claim)
    world = prepared(two_arms(), terms, "flipped predictions", dose)
    assert world.target == pytest.approx(0.03 * dose)
    assert near(values(terms, world), 0.03 * dose)


@pytest.mark.parametrize(
    ("metric", "classes"),
    [
        ("val_balanced_accuracy_gap_vs_classical", 3),
        ("val_f1_gap_vs_classical", 2),
        ("val_roc_auc_gap_vs_classical", 2),
    ],
)
def test_the_dose_is_fitted_where_no_formula_gives_it(metric: str, classes: int) -> None:
    terms = gate(metric, high=0.04)
    found = two_arms(classes=classes, scores="auc" in metric)
    gaps = values(terms, prepared(found, terms, "flipped predictions", 2.0), 150)
    assert gaps.mean() == pytest.approx(0.08, abs=0.012)


def test_a_quality_is_brought_to_its_limit_and_as_far_beyond() -> None:
    found, terms = two_arms(), gate("val_accuracy", low=0.80)
    now = family("val_accuracy").measure(found, terms).value
    assert now is not None
    once = prepared(found, terms, "flipped predictions", 1.0)
    twice = prepared(found, terms, "flipped predictions", 2.0)
    assert once.target == pytest.approx(0.80)
    assert twice.target == pytest.approx(0.80 - (now - 0.80))
    assert near(values(terms, twice), 0.80 - (now - 0.80))


def test_a_quality_below_its_limit_cannot_be_planted() -> None:
    with pytest.raises(CannotPlantError, match="beyond its limit already"):
        prepared(two_arms(), gate("val_accuracy", low=0.99), "flipped predictions", 1.0)


def test_errors_of_numbers_are_inflated_by_the_dose() -> None:
    terms = gate("val_mae_gap_vs_classical", high=0.1)
    found = values(terms, prepared(numbers(), terms, "inflated errors", 2.0))
    assert near(found, 0.2)


def test_more_than_there_is_to_lose_cannot_be_planted() -> None:
    with pytest.raises(CannotPlantError, match="more than there is to lose"):
        prepared(two_arms(), gate(GAP, high=0.6), "flipped predictions", 2.0)


@pytest.mark.parametrize("dose", [1.0, 2.0])
def test_slowed_latencies_have_the_quantile_of_the_dose(dose: float) -> None:
    rng = np.random.default_rng(2)
    both = {role: times(rng.gamma(9, 2, 600).tolist()) for role in ("candidate", "baseline")}
    found = evidence([], latency=both)
    terms = gate("latency_p95_ms", high=100.0)
    world = prepared(found, terms, "slowed latencies", dose)
    assert world.target == pytest.approx(100 * dose)
    assert values(terms, world).mean() == pytest.approx(100 * dose, rel=0.02)
    ratio = gate("latency_p95_ratio_vs_classical", high=1.2)
    planted = prepared(found, ratio, "slowed latencies", dose)
    assert planted.target == pytest.approx(1 + dose * 0.2)


def test_the_tighter_of_two_latency_limits_is_planted() -> None:
    rng = np.random.default_rng(2)
    both = {role: times(rng.gamma(9, 2, 600).tolist()) for role in ("candidate", "baseline")}
    terms = gate("latency_p95_ms", high=1e6)
    terms = Gate(terms.name, terms.metric, Threshold(None, 1e6, vs_baseline=1.5), terms.owner, ())
    found = evidence([], latency=both)
    world = prepared(found, terms, "slowed latencies", 2.0)
    slow = family(terms.metric).measure(world.draw(np.random.default_rng(1)), terms)
    assert slow.relative is not None
    assert slow.relative.value == pytest.approx(2.0, rel=0.15)


def test_sessions_stay_whole_and_together_in_both_arms() -> None:
    sessions = [i // 10 for i in range(100)]
    both = {
        "candidate": times([float(s) for s in sessions], sessions),
        "baseline": times([100.0 + s for s in sessions], sessions),
    }
    case = Case.of(evidence([], latency=both), gate("latency_p95_ms", high=1.0))
    drawn = case.drawn(np.random.default_rng(3)).requests
    first, second = drawn["candidate"], drawn["baseline"]
    assert np.array_equal(first.milliseconds + 100, second.milliseconds)
    assert first.sessions.tolist() == sessions
    assert all(len(set(first.milliseconds[i : i + 10])) == 1 for i in range(0, 100, 10))
    assert len(set(first.milliseconds)) < 10  # drawn with replacement


def test_added_shot_noise_has_the_spread_of_the_dose() -> None:
    terms = gate("shot_noise_sd", high=0.03)
    for dose in (1.0, 2.0):
        found = values(terms, prepared(two_arms(), terms, "added shot noise", dose), 400)
        assert np.sqrt(np.mean(found**2)) == pytest.approx(0.03 * dose, rel=0.08)


def test_noise_that_is_there_already_cannot_be_planted() -> None:
    case = Case.of(two_arms(), gate("shot_noise_sd", high=0.03))
    with pytest.raises(CannotPlantError, match="more noise than"):
        width_of_noise(case, 1e-6)
    with pytest.raises(CannotPlantError, match="no such noise"):
        width_of_noise(case, 0.9)


def test_fresh_seeds_are_dealt_to_both_sides() -> None:
    found, terms = two_arms(), gate(GAP, high=0.03)
    rng = np.random.default_rng(8)
    entries = []
    for trial in found.record["trials"]:
        if trial["arm"] == "candidate":
            continue
        lost = (np.asarray(trial["predictions"]) + (rng.random(400) < 0.05)) % 2
        entries.append({**trial, "arm": "candidate", "predictions": lost.tolist()})
    baseline = [trial for trial in found.record["trials"] if trial["arm"] == "baseline"]
    fresh = Evidence({**found.record, "trials": [*baseline, *entries]}, found.observations, "")
    world = prepared(found, terms, "A/A: against itself", 0.0, Reruns(fresh=fresh))
    assert not world.exact
    # The fresh seeds are worse by construction: dealt to one side only, the gap would not be 0.
    assert near(values(terms, world, 400), 0.0)
    same = [{**trial, "arm": "candidate"} for trial in baseline]
    equal = Evidence({**found.record, "trials": [*baseline, *same]}, found.observations, "")
    exact = prepared(found, terms, "A/A: against itself", 0.0, Reruns(fresh=equal))
    assert exact.exact
    assert "does not depend on its seed" in exact.note


def test_without_runs_there_is_no_fresh_baseline_and_no_drift() -> None:
    for name in ("A/A: against itself", "drifted calibration"):
        with pytest.raises(CannotPlantError, match="no arm was run"):
            prepared(two_arms(), gate(GAP, high=0.03), name, 0.1)


def test_swapping_exchanges_and_loses_nothing() -> None:
    case = Case.of(two_arms(), gate(GAP, high=0.03))
    after = swapped(case, np.random.default_rng(4))
    before = case.right("candidate")[:, 0].sum() + case.right("baseline")[:, 0].sum()
    total = after.right("candidate")[:, 0].sum() + after.right("baseline")[:, 0].sum()
    assert abs(int(before) - int(total)) <= 0.02 * case.truth.size  # but for shot noise
    changed = np.any(after.candidate.predictions != case.candidate.predictions, axis=(0, 1))
    assert 0 < changed.sum() < case.truth.shape[1]


def test_every_gate_that_is_not_a_cost_has_a_world_of_each_kind() -> None:
    for metric in (
        GAP, "val_accuracy", "val_rmse", "val_mae_gap_vs_classical", "latency_p99_ms",
        "latency_p95_ratio_vs_classical", "shot_noise_sd", "reproducibility", "baseline_drift",
    ):  # fmt: skip
        kinds = {world.kind for world in WORLDS if world.concerns(gate(metric, high=0.1))}
        assert {Kind.EQUAL, Kind.PLANTED} <= kinds, metric
    assert not [world for world in WORLDS if world.concerns(gate("cost_total_usd", high=1.0))]


def test_each_seed_may_have_items_of_its_own() -> None:
    found, terms = two_arms(), gate(GAP, high=0.03)
    truth = [found.record["truth"]] * 4
    own = Evidence({**found.record, "truth": truth}, found.observations, "")
    assert own.resampled
    world = prepared(own, terms, "flipped predictions", 2.0)
    assert near(values(terms, world), 0.06)
    assert "resampled" in (family(GAP).measure(world.draw(np.random.default_rng(1)), terms).method)


def test_slices_are_drawn_with_their_items() -> None:
    found = two_arms()
    names = ["a" if i < 100 else "b" for i in range(400)]
    slices = {"column": "site", "values": names, "known": ["a", "b"]}
    sliced = Evidence({**found.record, "slices": slices}, found.observations, "")
    terms = gate(GAP, high=0.03, slices=())
    drawn = Case.of(sliced, terms).drawn(np.random.default_rng(2))
    assert drawn.slices is not None
    measured = family(GAP).measure(drawn.as_evidence(), terms)
    assert {part.name for part in measured.parts} == {"a", "b"}
    assert sum(part.items for part in measured.parts) == 400
    worst = values(terms, prepared(sliced, terms, "flipped predictions", 2.0), 60)
    assert worst.mean() > 0.06  # of the worse slice
