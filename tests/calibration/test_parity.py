"""How often the interval over items and seeds errs, and what a forecast promises, by simulation.

Bounds are the design targets plus about four Monte Carlo standard errors; the seeds are fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest

from qgate.stats import parity_interval
from qgate.stats.design import Design
from qgate.stats.influence import balanced_accuracy, f1
from qgate.stats.multiplicity import holm
from qgate.stats.paired import tango_interval
from qgate.stats.parity import Labels, crossed
from qgate.stats.power import Question, Spread, chance_to_pass, resampled_power
from qgate.stats.resampling import corrected_resampled_t
from qgate.stats.sequential import nominal_levels
from qgate.stats.two_way import Components

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
NEW = "new_items_and_seeds"
ITEMS, SEEDS, TOLERANCE = 400, 10, 0.02
REPLICATES = 2000


def _error(rate: float, replicates: int = REPLICATES) -> float:
    return 4 * math.sqrt(rate * (1 - rate) / replicates)


def _pairs(
    gap: float,
    *,
    discordance: float = 0.075,
    seeds: int = SEEDS,
    items: int = ITEMS,
    seed_sd: float = 0.005,
    share: float = 0.6,
    replicates: int = REPLICATES,
) -> Iterator[tuple[Array, Array]]:
    """Yield correctness of both arms: accuracy .85, item and seed effects, a known mean gap.

    A share of the discordance is the same with every seed; the mean gap wanders with the seed.
    """
    rng = np.random.default_rng(20260101)
    worse, better = (discordance + gap) / 2, (discordance - gap) / 2
    for _ in range(replicates):
        u, wander = rng.random(items), rng.normal(0, seed_sd, (seeds, 1))
        fixed = np.where(u < share * worse, 1, np.where(u < share * (worse + better), -1, 0))
        v = rng.random((seeds, items))
        up = (1 - share) * worse + wander / 2
        down = (1 - share) * better - wander / 2
        loose = np.where(v < up, 1, np.where(v < up + down, -1, 0))
        difference = np.where(fixed != 0, fixed, loose)  # baseline minus candidate
        both = (rng.random((1, items)) < 0.85) * np.ones((seeds, 1))
        baseline = np.where(difference == 0, both, difference == 1)
        yield baseline - difference, baseline


def _rates(pairs: Iterator[tuple[Array, Array]], tolerance: float) -> tuple[float, float]:
    """Return how often a candidate is passed, and how often failed."""
    found = [parity_interval(*pair, claim=NEW, confidence=0.9) for pair in pairs]
    passed = [interval.high <= tolerance for interval in found]
    failed = [interval.low > tolerance for interval in found]
    return float(np.mean(passed)), float(np.mean(failed))


def test_a_candidate_at_the_tolerance_is_rarely_promoted() -> None:
    passed, failed = _rates(_pairs(TOLERANCE), TOLERANCE)
    assert 0.01 < passed <= 0.065 + _error(0.065)
    assert failed <= 0.065 + _error(0.065)


def test_a_candidate_at_twice_the_tolerance_hardly_ever_is() -> None:
    passed, failed = _rates(_pairs(2 * TOLERANCE), TOLERANCE)
    assert passed <= 0.02 + _error(0.02)
    assert failed > 0.3


def test_an_equal_candidate_is_hardly_ever_failed_and_often_passed() -> None:
    passed, failed = _rates(_pairs(0.0), TOLERANCE)
    assert failed <= 0.02 + _error(0.02)
    assert passed > 0.4


def test_naive_gates_would_promote_it_many_times_as_often() -> None:
    """The simulation can tell: rows pooled over seeds, as if they were independent."""
    passed = []
    for candidate, baseline in _pairs(TOLERANCE, replicates=400):
        pooled = (baseline - candidate).ravel()
        bound = pooled.mean() + 1.645 * pooled.std(ddof=1) / math.sqrt(pooled.size)
        passed.append(bound <= TOLERANCE)
    assert float(np.mean(passed)) > 0.15


@pytest.mark.parametrize(("items", "tolerance"), [(400, 0.03), (200, 0.05), (400, 0.05)])
def test_sparse_differences_that_are_all_losses_do_not_slip_through(
    items: int, tolerance: float
) -> None:
    """Hard for a t interval, which promotes 7 to 10% of these."""
    pairs = _pairs(tolerance, discordance=tolerance, items=items, seed_sd=0, share=0.9)
    assert _rates(pairs, tolerance)[0] <= 0.065 + _error(0.065)


@pytest.mark.parametrize("seeds", [2, 3])
def test_few_seeds_that_differ_much_do_not_slip_through(seeds: int) -> None:
    passed, _ = _rates(_pairs(TOLERANCE, seeds=seeds, seed_sd=0.012), TOLERANCE)
    assert passed <= 0.08 + _error(0.08)


@pytest.mark.parametrize(("worse", "better"), [(0.05, 0.03), (0.03, 0.01), (0.02, 0.0)])
def test_the_score_interval_of_one_seed(worse: float, better: float) -> None:
    rng = np.random.default_rng(7)
    counts = rng.multinomial(ITEMS, [worse, better, 1 - worse - better], 3000)
    highs = {
        (int(b), int(c)): tango_interval(b, c, ITEMS, confidence=0.9)[1]
        for b, c in {(b, c) for b, c, _ in counts.tolist()}
    }
    passed = np.mean([highs[b, c] <= TOLERANCE for b, c, _ in counts.tolist()])
    assert 0.01 < passed <= 0.065 + _error(0.065, 3000)


def _promised(
    tolerance: float, spread: Spread, seeds: int, items: int, claim: str = NEW, gap: float = 0.0
) -> float:
    return chance_to_pass(Question(tolerance, claim, 0.95, gap=gap), spread, Design(seeds, items))


@pytest.mark.parametrize(
    ("seeds", "items", "claim", "tolerance"),
    [
        (10, 400, NEW, 0.02),
        (10, 1200, NEW, 0.02),
        (3, 400, NEW, 0.03),
        (5, 300, "this_artifact", 0.02),
        (4, 300, "this_dataset", 0.01),
    ],
)
def test_the_forecast_is_what_happens(seeds: int, items: int, claim: str, tolerance: float) -> None:
    """Normal cells, as those of scores are."""
    parts = Components(0.6 * 0.08, 0.005**2, 0.4 * 0.08)
    rng, passed = np.random.default_rng(3), []
    for _ in range(REPLICATES):
        item = rng.normal(0, parts.item**0.5, (1, items))
        seed = rng.normal(0, parts.seed**0.5, (seeds, 1))
        if claim == "this_dataset":
            item -= item.mean()  # these items: truly equal on them
        if claim == "this_artifact":
            seed -= seed.mean()
        cells = item + seed + rng.normal(0, parts.residual**0.5, (seeds, items))
        found = crossed(-cells, claim=claim, cells="influence").interval(0.9)
        passed.append(found.high <= tolerance)
    promised = _promised(tolerance, Spread(parts), seeds, items, claim)
    assert 0.1 < promised < 0.99
    assert float(np.mean(passed)) == pytest.approx(promised, abs=0.03)


@pytest.mark.parametrize(("seeds", "items"), [(1, 400), (3, 400), (5, 200), (10, 400), (20, 600)])
@pytest.mark.parametrize("discordance", [0.04, 0.08])
@pytest.mark.parametrize("gap", [0.0, TOLERANCE])
def test_the_forecast_holds_for_successes(
    seeds: int, items: int, discordance: float, gap: float
) -> None:
    """Cells of -1, 0 and 1, sparse and widened or not, at no gap and at the tolerance."""
    sd = 0.005 if seeds > 1 else 0.0
    parts = Components(0.6 * discordance, sd**2, 0.4 * discordance)
    pairs = _pairs(gap, discordance=discordance, seeds=seeds, items=items, seed_sd=sd)
    promised = _promised(TOLERANCE, Spread(parts, discordance), seeds, items, gap=gap)
    assert _rates(pairs, TOLERANCE)[0] == pytest.approx(promised, abs=0.03)


@pytest.mark.parametrize("by", ["seeds", "items"])
def test_planned_looks_keep_the_error_of_one(by: str) -> None:
    """A candidate at the tolerance is looked at three times, and promoted no more often."""
    ends = (4, 7, 10) if by == "seeds" else (150, 300, 400)
    levels = nominal_levels([end / ends[-1] for end in ends], alpha=0.05)
    promoted = last = 0
    for candidate, baseline in _pairs(TOLERANCE):
        passed = []
        for end, level in zip(ends, levels, strict=True):
            rows, columns = (end, ITEMS) if by == "seeds" else (SEEDS, end)
            part = (baseline - candidate)[:rows, :columns]
            high = crossed(part, claim=NEW, cells="paired").interval(1 - 2 * level).high
            passed.append(high <= TOLERANCE)
        promoted += any(passed)
        last += passed[-1]
    assert promoted / REPLICATES <= 0.065 + _error(0.065)
    assert last / REPLICATES > 0.01


def test_slices_fail_an_equal_candidate_no_more_often_than_one_gate() -> None:
    """Holm: four equal slices, of which any shown beyond fails the gate."""
    tolerance, failed, naive = 0.0, 0, 0
    for candidate, baseline in _pairs(0.0, discordance=0.15):
        parts = np.split(baseline - candidate, 4, axis=1)
        p = [crossed(part, claim=NEW, cells="paired").p_at_most(tolerance) for part in parts]
        failed += bool(np.any(holm(p) <= 0.05))
        naive += min(p) <= 0.05
    assert failed / REPLICATES <= 0.05 + _error(0.05)
    assert naive / REPLICATES > 0.1


def test_the_chance_of_two_gates_lies_between_apart_and_as_one() -> None:
    """Gates on the same items at two noise levels: neither independent nor the same."""
    discordance, tolerance = 0.08, 0.025
    pairs = _pairs(0.0, discordance=discordance)
    rng, passed = np.random.default_rng(9), []
    for candidate, baseline in pairs:
        noisy = np.where(rng.random(candidate.shape) < 0.02, baseline, candidate)
        gaps = [crossed(baseline - arm, claim=NEW, cells="paired") for arm in (candidate, noisy)]
        passed.append([gap.interval(0.9).high <= tolerance for gap in gaps])
    each, both = np.mean(passed, axis=0), np.mean(np.all(passed, axis=1))
    parts = Components(0.6 * discordance, 0.005**2, 0.4 * discordance)
    promised = _promised(tolerance, Spread(parts, discordance), SEEDS, ITEMS)
    assert each == pytest.approx([promised, promised], abs=0.04)
    assert promised**2 - 0.03 <= both <= promised + 0.03


@pytest.mark.parametrize("metric", [balanced_accuracy, f1])
@pytest.mark.parametrize("rare", [5, 20, 40, 200])
def test_rare_classes_and_sparse_losses_do_not_slip_through(
    metric: Callable[[Codes, Codes, int], Array], rare: int
) -> None:
    """One seed, losses alone: without accuracy's score beneath it, up to 30% would be promoted."""
    rng, reps = np.random.default_rng(12), 1000
    truth = np.repeat([1, 0], [rare, ITEMS - rare])
    loss = 0.04
    everyone = np.tile(truth, 400)
    lost = np.where(np.random.default_rng(1).random(everyone.size) < loss, 1 - everyone, everyone)
    tolerance = 1 - float(metric(everyone, lost, 2).mean())
    perfect, promoted = metric(truth, truth, 2), 0
    for _ in range(reps):
        wrong = rng.random(ITEMS) < loss
        predicted = np.where(wrong, 1 - truth, truth)
        classes = tuple((int((truth == k).sum()), int(wrong[truth == k].sum())) for k in (0, 1))
        found = crossed(
            (perfect - metric(truth, predicted, 2))[np.newaxis],
            claim=NEW,
            cells="influence",
            discordant=int(wrong.sum()),
            labels=Labels(wrong.astype(float)[np.newaxis], classes),
        )
        promoted += found.interval(0.9).high <= tolerance
    assert promoted / reps <= 0.065 + _error(0.065, reps)


@pytest.mark.parametrize(
    ("seeds", "claim", "tolerance"),
    [(2, "this_dataset", 0.04), (3, "this_dataset", 0.02), (3, NEW, 0.05), (5, NEW, 0.03)],
)
def test_the_forecast_of_equivalence_is_what_happens(
    seeds: int, claim: str, tolerance: float
) -> None:
    """Both ends within, with few seeds, whose standard error wanders."""
    parts, items = Components(0.048, 0.01**2, 0.032), 300
    rng, passed = np.random.default_rng(13), []
    for _ in range(REPLICATES):
        item = rng.normal(0, parts.item**0.5, (1, items))
        if claim == "this_dataset":
            item -= item.mean()
        cells = item + rng.normal(0, parts.seed**0.5, (seeds, 1))
        cells = cells + rng.normal(0, parts.residual**0.5, (seeds, items))
        found = crossed(cells, claim=claim, cells="influence").interval(0.9)
        passed.append(-tolerance <= found.low and found.high <= tolerance)
    asked = Question(tolerance, claim, 0.95, two_sided=True)
    promised = chance_to_pass(asked, Spread(parts), Design(seeds, items))
    assert float(np.mean(passed)) == pytest.approx(promised, abs=0.03)


@pytest.mark.parametrize("splits", [5, 20])
def test_the_forecast_of_resampled_splits_is_what_happens(splits: int) -> None:
    """Each split tests a third of the same 300 items, which are themselves a sample."""
    train, test, tolerance = 200, 100, 0.03
    parts = Components(0.048, 0.005**2, 0.032)
    rng, passed = np.random.default_rng(14), []
    for _ in range(REPLICATES):
        everything = rng.normal(0, parts.item**0.5, train + test)
        gaps = [
            rng.choice(everything, test, replace=False).mean()
            + rng.normal(0, parts.seed**0.5)
            + rng.normal(0, (parts.residual / test) ** 0.5)
            for _ in range(splits)
        ]
        found = corrected_resampled_t(gaps, train=train, test=test, confidence=0.9)
        passed.append(found.high <= tolerance)
    asked = Question(tolerance, NEW, 0.95)
    promised = resampled_power(asked, parts, Design(splits, test), train)
    assert float(np.mean(passed)) == pytest.approx(promised, abs=0.03)
