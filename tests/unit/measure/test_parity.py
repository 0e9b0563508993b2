"""Parity measured on evidence small enough to compute by hand, and its forecasts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from qgate.gates.verdict import Outcome, judge_gate
from qgate.measure import parity
from qgate.measure.items import item_values
from qgate.stats.paired import tango_interval
from tests.unit.measure.small import (
    TRUTH,
    both,
    document,
    evidence,
    gate,
    lock,
    plan,
    trial,
    wrong_on,
)

GAP = "val_accuracy_gap_vs_classical"


def test_a_crossed_gap_by_hand() -> None:
    # baseline wrong on item 0; candidate wrong on 1, 2 (seed 1) and on 1 (seed 2)
    found = parity.measure(
        evidence(both({1: wrong_on(1, 2), 2: wrong_on(1)}, wrong_on(0))), gate(GAP, high=0.5)
    )
    d = np.array([[-1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [-1, 1, 0, 0, 0, 0, 0, 0, 0, 0]], float)
    ms_item = 2 * d.mean(0).var(ddof=1)
    ms_seed = 10 * d.mean(1).var(ddof=1)
    rest = d - d.mean(0) - d.mean(1, keepdims=True) + d.mean()
    ms_rest = float((rest**2).sum()) / 9
    assert ms_seed == pytest.approx(ms_rest)  # the seed's component is 0, not clipped
    se = np.sqrt(ms_item / 20)
    df = ms_item**2 / (ms_item**2 / 9 + ms_seed**2 / 1 + ms_rest**2 / 9)
    half = float(stats.t.ppf(0.95, df)) * se
    assert found.value == pytest.approx(0.05)
    low, high = tango_interval(1.5, 1, 10, confidence=0.9)
    assert found.high == pytest.approx(max(0.05 + half, high))
    assert found.low == pytest.approx(min(0.05 - half, low))
    assert found.baseline_value == pytest.approx(0.9)
    assert (found.counts.items, found.counts.seeds, found.counts.shots) == (10, 2, 1024)
    assert found.claim == "new_items_and_seeds"


def test_replicates_are_averaged_within_their_seed() -> None:
    trials = [
        trial("candidate", seed, wrong_on(*items), shots=1024, replicate=r)
        for seed, r, items in ((1, 0, (0, 1)), (1, 1, (0,)), (2, 0, (0,)), (2, 1, ()))
    ]
    trials += [trial("baseline", seed, wrong_on()) for seed in (1, 2)]
    found = item_values(evidence(trials), "candidate", 1024, "accuracy")
    assert found.replicates == 2
    assert found.values[:, :3].tolist() == [[0, 0.5, 1], [0.5, 1, 1]]
    assert found.shot_variance == pytest.approx(0.5 / 2 / 10)  # one cell of ten differs, each seed


def test_seeds_that_agree_exactly_count_as_one_and_say_so() -> None:
    found = parity.measure(
        evidence(both({1: wrong_on(3), 2: wrong_on(3)}, wrong_on())), gate(GAP, high=0.9)
    )
    assert found.counts.seeds == 1
    assert (
        "Deterministic in the seed: 2 seeds gave identical cells and count as one." in found.notes
    )
    assert (found.low, found.high) == tango_interval(1, 0, 10, confidence=0.9)


def test_one_seed_speaks_only_for_its_artefact() -> None:
    terms = document(seeds=(1,))
    found = parity.measure(
        evidence(both({1: wrong_on(3)}, wrong_on()), charter=terms), gate(GAP, high=0.9)
    )
    assert found.claim == "this_artifact"


def test_one_seed_cannot_decide_for_new_seeds_on_this_data_set() -> None:
    terms = document(seeds=(1,))
    asked = gate(GAP, high=0.9, claim="this_dataset")
    found = parity.measure(evidence(both({1: wrong_on(3)}, wrong_on()), charter=terms), asked)
    assert found.high is None
    assert judge_gate(asked, found).outcome is Outcome.INCONCLUSIVE
    assert "at least 2 are needed" in judge_gate(asked, found).reason


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1"])
def test_equal_arms_on_few_items_are_no_certainty(metric: str) -> None:
    name = f"val_{metric}_gap_vs_classical"
    found = parity.measure(
        evidence(both({1: wrong_on(3), 2: wrong_on(3)}, wrong_on(3))), gate(name, high=0.01)
    )
    assert found.value == pytest.approx(0)
    assert found.high is not None
    assert found.high >= 0.2
    assert judge_gate(gate(name, high=0.01), found).outcome is Outcome.INCONCLUSIVE
    assert any("items (have 10) give an 80% chance" in note for note in found.notes)


def test_an_area_of_few_items_of_a_class_has_no_interval() -> None:
    scores = [float(label) for label in TRUTH]
    trials = [trial("candidate", seed, wrong_on(), shots=1024, scores=scores) for seed in (1, 2)]
    asked = gate("val_roc_auc", low=0.5)
    verdict = judge_gate(asked, parity.measure(evidence(trials), asked))
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "4 items of a class are too few for an interval" in verdict.reason


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "f1"])
def test_a_faultless_candidate_on_few_items_is_no_certainty(metric: str) -> None:
    scores = [float(label) for label in TRUTH]
    trials = [trial("candidate", seed, wrong_on(), shots=1024, scores=scores) for seed in (1, 2)]
    asked = gate(f"val_{metric}", low=0.99)
    found = parity.measure(evidence(trials), asked)
    assert found.value == 1
    assert found.low is not None
    assert found.low < 0.85
    assert judge_gate(asked, found).outcome is Outcome.INCONCLUSIVE


def test_one_arms_accuracy_has_the_exact_bounds_of_a_proportion() -> None:
    terms = document(seeds=(1,))
    found = parity.measure(
        evidence([trial("candidate", 1, wrong_on(0, 1), shots=1024)], charter=terms),
        gate("val_accuracy", low=0.5),
    )
    exact = stats.binomtest(8, 10).proportion_ci(0.9, method="exact")
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-9)


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1", "roc_auc"])
def test_other_metrics_have_the_value_of_scikit_learn(metric: str) -> None:
    rng = np.random.default_rng(2)
    truth = [0, 1] * 30
    scores = (np.array(truth) + rng.normal(0, 0.7, 60)).tolist()
    predicted = [int(score > 0.5) for score in scores]
    base = [int(score > 0.8) for score in scores]
    charter = document(seeds=(1,))
    trials = [
        trial("candidate", 1, predicted, shots=1024, scores=scores),
        trial("baseline", 1, base, scores=(np.array(scores) ** 2).tolist()),
    ]
    found = parity.measure(
        evidence(trials, truth=truth, charter=charter),
        gate(f"val_{metric}_gap_vs_classical", high=0.5),
    )
    of = {
        "balanced_accuracy": (metrics.balanced_accuracy_score, base, predicted),
        "f1": (metrics.f1_score, base, predicted),
        "roc_auc": (metrics.roc_auc_score, np.array(scores) ** 2, scores),
    }[metric]
    expected = of[0](truth, of[1]) - of[0](truth, of[2])
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < expected < found.high


def test_an_area_without_scores_is_an_error() -> None:
    asked = gate("val_roc_auc_gap_vs_classical", high=0.5)
    found = parity.measure(evidence(both({1: wrong_on(), 2: wrong_on()}, wrong_on())), asked)
    assert found.error == "candidate gives no scores of a binary target: roc_auc needs them"
    assert judge_gate(asked, found).outcome is Outcome.ERROR


def test_a_failed_trial_is_an_error_that_names_it() -> None:
    trials = [*both({1: wrong_on()}, wrong_on()), trial("candidate", 2, None, shots=1024)]
    messages = {"candidate/2/1024/0": "kernel is not positive"}
    found = parity.measure(evidence(trials, failures=messages), gate(GAP, high=0.5))
    assert found.error == "candidate failed on seed 2: singular (kernel is not positive)"


def test_a_missing_seed_is_an_error() -> None:
    found = parity.measure(evidence(both({1: wrong_on()}, wrong_on())), gate(GAP, high=0.5))
    assert found.error == "candidate has no outcome at 1024 for seeds [2]"


def test_the_literal_reading_is_told_where_it_differs() -> None:
    found = parity.measure(
        evidence(both({1: wrong_on(1), 2: wrong_on(1)}, wrong_on())), gate(GAP, high=0.15)
    )
    assert found.high is not None
    assert found.high > 0.15
    assert "On this very data set, over new seeds: PASS." in found.notes


def test_what_is_uncertain_adds_up_and_names_a_design() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 200).tolist()

    def noisy() -> list[int]:
        return [1 - y if u < 0.1 else y for y, u in zip(truth, rng.random(200), strict=True)]

    trials = both({1: noisy(), 2: noisy()}, noisy())
    seen = parity.measure(evidence(trials, truth=truth), gate(GAP, high=0.9))
    assert seen.high is not None
    asked = gate(GAP, high=seen.high - 0.001)  # just not shown
    found = parity.measure(evidence(trials, truth=truth), asked)
    text = " ".join(found.notes)
    assert "Not evidence of failure: on new items and with new training seeds" in text
    shares = next(n for n in found.notes if n.startswith("Uncertainty: items "))
    assert sum(int(w.rstrip("%.,")) for w in shares.split() if "%" in w) in (99, 100, 101)
    assert "(have 200) give an 80% chance to pass if truly equal" in text


def test_a_single_seed_does_not_claim_to_know_its_shares() -> None:
    terms = document(seeds=(1,))
    found = parity.measure(
        evidence(both({1: wrong_on(3)}, wrong_on(2)), charter=terms), gate(GAP, high=0.1)
    )
    assert "one seed cannot tell them apart" in " ".join(found.notes)
    assert "items 100%" not in " ".join(found.notes)


def test_no_advice_once_the_bounds_have_decided() -> None:
    trials = both({1: wrong_on(1, 2, 3, 4, 5, 6, 7), 2: wrong_on(1, 2, 3, 4, 5, 6)}, wrong_on())
    for high in (0.01, 0.99):
        found = parity.measure(evidence(trials), gate(GAP, high=high))
        assert not any("Not evidence" in note for note in found.notes)


@pytest.mark.parametrize("claim", ["new_items_and_seeds", "this_artifact", "this_dataset"])
def test_a_hopeless_plan_is_undecidable_and_names_a_design_that_is_not(claim: str) -> None:
    asked = gate(GAP, high=0.001, claim=claim)
    found = parity.forecast(plan(20), asked, None)
    assert not found.decidable
    assert found.chance is not None
    assert found.chance < 0.2
    if claim != "this_dataset":
        assert "without a single disagreement the bound is still 1" in found.note
    numbers = [int(word) for word in found.remedy.replace(",", "").split() if word.isdecimal()]
    items, seeds = numbers if "validation items" in found.remedy else reversed(numbers)
    assert items > 1000 or claim == "this_dataset"
    enough = plan(items, charter=document(seeds=range(seeds)))
    assert parity.forecast(enough, asked, None).chance == pytest.approx(0.8, abs=0.01)


def test_the_items_that_a_forecast_names_are_enough() -> None:
    asked = gate(GAP, high=0.02)
    terms = document(seeds=range(1, 11))
    first = parity.forecast(plan(100, charter=terms), asked, None)
    assert not first.decidable
    needed = int(first.remedy.split()[1].replace(",", ""))
    second = parity.forecast(plan(needed, charter=terms), asked, None)
    assert second.decidable
    assert second.chance == pytest.approx(0.8, abs=0.01)
    assert parity.forecast(plan(needed - 1, charter=terms), asked, None).chance < 0.8  # type: ignore[operator]


def test_a_forecast_on_this_data_set_names_seeds() -> None:
    asked = gate(GAP, high=0.003, claim="this_dataset")
    found = parity.forecast(plan(400), asked, None)
    seeds = int(found.remedy.split()[1].replace(",", ""))
    assert found.remedy.endswith("seeds with 400 items give 80%")
    terms = document(seeds=range(seeds))
    assert parity.forecast(plan(400, charter=terms), asked, None).decidable
    one = parity.forecast(plan(400, charter=document(seeds=(1,))), asked, None)
    assert not one.decidable
    assert f"about {seeds} seeds" in one.remedy


@pytest.mark.parametrize("tolerance", [0.0, -0.01])
def test_no_design_shows_an_equal_candidate_to_be_better(tolerance: float) -> None:
    found = parity.forecast(plan(1000), gate(GAP, high=tolerance), None)
    assert not found.decidable
    assert found.remedy == "no design shows an equal candidate to be better: loosen the threshold"


def test_an_assumed_discordance_moves_the_forecast() -> None:
    usual = parity.forecast(plan(400), gate(GAP, high=0.03), None).chance
    rare = parity.forecast(plan(400), gate(GAP, high=0.03, discordance=0.02), None).chance
    assert usual is not None
    assert rare is not None
    assert rare > usual + 0.05


def test_a_floor_is_forecast_from_the_locked_baseline() -> None:
    asked = gate("val_accuracy", low=0.88)
    assert parity.forecast(plan(400), asked, None).chance is None
    near, far = (parity.forecast(plan(400), asked, lock(score)).chance for score in (0.9, 0.97))
    assert near is not None
    assert far is not None
    assert near < 0.5 < 0.95 < far
