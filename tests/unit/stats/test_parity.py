"""Properties of the interval over crossed items and seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats import CLAIMS, parity_interval
from qgate.stats.paired import tango_interval
from qgate.stats.parity import CellKind, ParityInterval, crossed
from tests.unit.stats.settings import FIXED

Array = npt.NDArray[np.float64]


def _interval(
    rows: Array, cells: CellKind, *, claim: str = "new_items_and_seeds", **change: float
) -> ParityInterval:
    return crossed(rows, claim=claim, cells=cells, **change).interval(0.9)  # type: ignore[arg-type]


@st.composite
def arms(draw: st.DrawFn, most_seeds: int = 6) -> tuple[Array, Array]:
    """Correctness of two arms that mostly agree, shape (seeds, items)."""
    seeds, items = draw(st.integers(2, most_seeds)), draw(st.integers(4, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    discordance = draw(st.sampled_from([0.02, 0.1, 0.4]))
    baseline = (rng.random(items) < 0.8).astype(float) * np.ones((seeds, 1))
    flips = rng.random((seeds, items)) < discordance
    return np.where(flips, 1 - baseline, baseline), baseline


CLAIM = st.sampled_from(CLAIMS)


@FIXED
@given(arms(), CLAIM)
def test_swapping_the_arms_mirrors_the_interval(pair: tuple[Array, Array], claim: str) -> None:
    there = parity_interval(*pair, claim=claim, confidence=0.9)
    back = parity_interval(*pair[::-1], claim=claim, confidence=0.9)
    assert (there.estimate, there.low, there.high) == pytest.approx(
        (-back.estimate, -back.high, -back.low), abs=1e-12
    )
    assert there.se == pytest.approx(back.se, abs=1e-12)


@FIXED
@given(arms(), CLAIM, st.randoms(use_true_random=False))
def test_the_order_of_items_and_seeds_does_not_matter(
    pair: tuple[Array, Array], claim: str, random: Any
) -> None:
    seeds, items = pair[0].shape
    rows, columns = random.sample(range(seeds), seeds), random.sample(range(items), items)
    mixed = [arm[rows][:, columns] for arm in pair]
    first = parity_interval(*pair, claim=claim, confidence=0.9)
    second = parity_interval(*mixed, claim=claim, confidence=0.9)
    assert (first.low, first.high, first.df) == pytest.approx(
        (second.low, second.high, second.df), rel=1e-9, abs=1e-12
    )


@pytest.mark.parametrize("cell", [(0, 0), (1, 3), (2, 1)])
def test_a_single_discordant_cell_does_not_hang_on_rounding(cell: tuple[int, int]) -> None:
    candidate, baseline = np.ones((3, 4)), np.ones((3, 4))
    candidate[cell] = 0  # all three mean squares are equal
    found = parity_interval(candidate, baseline, claim="new_items_and_seeds", confidence=0.9)
    assert found.df == pytest.approx(1 / (1 / 3 + 1 / 2 + 1 / 6))


@FIXED
@given(arms(), CLAIM)
def test_it_contains_the_estimate_and_widens_with_confidence(
    pair: tuple[Array, Array], claim: str
) -> None:
    narrow, wide = (parity_interval(*pair, claim=claim, confidence=c) for c in (0.8, 0.95))
    assert narrow.low <= narrow.estimate <= narrow.high
    assert wide.low <= narrow.low
    assert wide.high >= narrow.high
    assert narrow.estimate == pytest.approx(float(pair[1].mean() - pair[0].mean()), abs=1e-12)
    if narrow.se > 0:
        assert wide.high - wide.low > narrow.high - narrow.low


@FIXED
@given(arms())
def test_both_random_is_never_surer_than_one_fixed(pair: tuple[Array, Array]) -> None:
    se = {claim: parity_interval(*pair, claim=claim, confidence=0.9).se for claim in CLAIMS}
    assert se["this_artifact"] <= se["new_items_and_seeds"] + 1e-12
    assert se["this_dataset"] <= se["new_items_and_seeds"] + 1e-12


@FIXED
@given(arms())
def test_the_fixed_claims_are_paired_t_tests(pair: tuple[Array, Array]) -> None:
    difference = pair[1] - pair[0]
    for claim, axis in (("this_dataset", 1), ("this_artifact", 0)):
        means = difference.mean(axis=axis)
        if np.ptp(means) == 0 or np.all(difference == difference[0]):
            continue
        found = parity_interval(*pair, claim=claim, confidence=0.9)
        assert found.se == pytest.approx(float(stats.sem(means)), rel=1e-9)
        assert found.df == means.size - 1
        expected = stats.t.interval(0.9, means.size - 1, means.mean(), stats.sem(means))
        assert found.low <= expected[0] + 1e-9  # widened where few items are discordant
        assert found.high >= expected[1] - 1e-9
        if "widened" not in found.method:
            assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


@FIXED
@given(st.integers(1, 5), st.integers(2, 200), st.sampled_from(["new_items_and_seeds", CLAIMS[2]]))
def test_no_discordance_is_no_certainty(seeds: int, items: int, claim: str) -> None:
    same = np.ones((seeds, items))
    found = parity_interval(same, same, claim=claim, confidence=0.9)
    z2 = stats.norm.ppf(0.95) ** 2
    assert found.estimate == 0
    assert found.high == pytest.approx(z2 / (items + z2), abs=1e-12)
    assert found.low == pytest.approx(-found.high, abs=1e-12)


@pytest.mark.parametrize("claim", ["new_items_and_seeds", "this_artifact"])
def test_values_that_are_no_proportions_are_not_certain_either(claim: str) -> None:
    same = np.linspace(3.0, 9.0, 20)[np.newaxis] * np.ones((3, 1))
    found = parity_interval(same, same, claim=claim, confidence=0.9)
    assert found.low < 0 < found.high


@FIXED
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 300), st.floats(0.05, 0.999))
def test_tango_is_the_inversion_of_its_test(b: int, c: int, rest: int, confidence: float) -> None:
    n = b + c + rest
    low, high = tango_interval(b, c, n, confidence=confidence)
    assert -1 <= low <= (b - c) / n <= high <= 1
    z = float(stats.norm.ppf((1 + confidence) / 2))
    for limit, wanted in ((low, z), (high, -z)):
        assert _tango_statistic(b, c, n, limit) == pytest.approx(wanted, abs=1e-6)


def _tango_statistic(b: int, c: int, n: int, d: float) -> float:
    """Tango's statistic with the constrained probability by brute maximum likelihood."""
    # With difference d and discordance p: cells (p + d)/2, (p - d)/2 and 1 - p.
    low, high = abs(d), 1.0
    for _ in range(52):
        p = (low + high) / 2
        gain = b / (p + d) if b else 0.0  # the likelihood's slope in p
        gain += c / (p - d) if c else 0.0
        low, high = (p, high) if gain > (n - b - c) / (1 - p) else (low, p)
    return (b - c - n * d) / math.sqrt(n * (high - d * d) + 1e-300)


def test_one_seed_is_the_score_interval_of_its_counts() -> None:
    candidate, baseline = [[1, 1, 0, 0, 0, 1, 1, 1, 1, 0]], [[1, 1, 1, 1, 0, 0, 1, 1, 1, 0]]
    found = parity_interval(candidate, baseline, claim="this_artifact", confidence=0.9)
    assert (found.low, found.high) == tango_interval(2, 1, 10, confidence=0.9)
    assert found.estimate == pytest.approx(0.1)


def test_identical_seeds_count_as_one() -> None:
    rng = np.random.default_rng(1)
    row = (rng.random((1, 80)) < 0.8).astype(float)
    baseline = np.ones((1, 80))
    one = parity_interval(row, baseline, claim="new_items_and_seeds", confidence=0.9)
    ten = parity_interval(
        np.repeat(row, 10, axis=0), baseline, claim="new_items_and_seeds", confidence=0.9
    )
    assert (ten.low, ten.high) == (one.low, one.high)


def test_seeds_whose_means_tie_by_luck_are_not_certain() -> None:
    candidate, baseline = np.ones((2, 50)), np.ones((1, 50))
    candidate[0, 0] = candidate[1, 1] = 0  # the same gap on different items
    found = parity_interval(candidate, baseline, claim="this_dataset", confidence=0.9)
    assert found.high > found.estimate + 0.02
    assert found.low < found.estimate - 0.02
    exact = parity_interval(
        np.repeat(candidate[:1], 2, axis=0), baseline, claim="this_dataset", confidence=0.9
    )
    assert (exact.low, exact.high) == pytest.approx((0.02, 0.02), abs=1e-12)


def test_sparse_lopsided_differences_widen_the_t_interval() -> None:
    candidate, baseline = np.ones((5, 200)), np.ones((1, 200))
    candidate[:, :7] = 0
    candidate[0, 7] = 0
    found = parity_interval(candidate, baseline, claim="new_items_and_seeds", confidence=0.9)
    plain = found.estimate + float(stats.t.ppf(0.95, found.df)) * found.se
    assert "widened to the Tango score interval (8 discordant items)" in found.method
    assert found.high > plain + 0.002
    assert found.low == pytest.approx(2 * found.estimate - plain)


@pytest.mark.parametrize("seeds", [1, 4])
def test_a_faultless_arm_has_the_exact_bound_of_a_proportion(seeds: int) -> None:
    found = _interval(np.ones((seeds, 59)), "successes")
    assert found.high == 1
    assert found.low == pytest.approx(0.05 ** (1 / 59), abs=1e-12)


def test_one_arms_share_is_worth_fewer_items_where_seeds_differ() -> None:
    rng = np.random.default_rng(5)
    share = np.array([0.7, 0.8, 0.9, 0.95])[:, np.newaxis]
    rows = (rng.random((4, 300)) < share).astype(float)
    random = _interval(rows, "successes")
    fixed = _interval(rows, "successes", claim="this_artifact")
    assert 0 < random.low < fixed.low < rows.mean() < fixed.high < random.high < 1


def test_few_discordant_items_widen_an_influence_interval_by_their_reach() -> None:
    values = np.full((2, 40), 0.3)
    found = [_interval(values, "influence", discordant=n, reach=2.5) for n in (4, 5)]
    least = 2.5 * tango_interval(0, 0, 40, confidence=0.9)[1]
    assert found[0].high == pytest.approx(0.3 + least)
    assert found[0].low == pytest.approx(0.3 - least)
    assert found[1].high == pytest.approx(0.3)


GOOD = np.ones((2, 5))


@pytest.mark.parametrize(
    ("candidate", "baseline", "change"),
    [
        (np.full((2, 5), math.nan), GOOD, {}),
        (GOOD, np.full((2, 5), math.inf), {}),
        (np.ones(5), np.ones(5), {}),
        (np.ones((2, 0)), np.ones((2, 0)), {}),
        (GOOD, np.ones((2, 6)), {}),
        (GOOD, np.ones((3, 5)), {}),
        (np.ones((1, 5)), np.ones((2, 5)), {}),
        (np.ones((2, 1)), np.ones((2, 1)), {}),
        (np.ones((1, 5)), np.ones((1, 5)), {"claim": "this_dataset"}),
        (GOOD, GOOD, {"claim": "everything"}),
        (GOOD, GOOD, {"confidence": 1.0}),
        (GOOD, GOOD, {"confidence": math.nan}),
    ],
)
def test_nonsense_is_refused(candidate: Any, baseline: Any, change: dict[str, Any]) -> None:
    terms = {"claim": "new_items_and_seeds", "confidence": 0.9, **change}
    with pytest.raises(ValueError, match=r"."):
        parity_interval(candidate, baseline, **terms)


@pytest.mark.parametrize(
    "table", [(-1, 0, 5), (0, 0, 0), (3, 3, 5), (math.nan, 0, 5), (0, 0, math.nan)]
)
def test_tango_refuses_tables_that_cannot_be(table: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="no paired table"):
        tango_interval(*table, confidence=0.9)


@FIXED
@given(arms(), st.sampled_from(CLAIMS), st.floats(0.55, 0.99))
def test_p_values_agree_with_the_bounds(
    pair: tuple[Array, Array], claim: str, level: float
) -> None:
    """A bound at a level is where its p value is one minus the level."""
    candidate, baseline = pair
    found = crossed(baseline - candidate, claim=claim, cells="paired")
    interval = found.interval(2 * level - 1)
    if interval.high - interval.low < 1e-9 or interval.high >= 1 or interval.low <= -1:
        return
    step = 1e-6 * (interval.high - interval.low)
    assert found.p_at_least(interval.high + step) <= 1 - level + 1e-6
    assert found.p_at_least(interval.high - step) >= 1 - level - 1e-4
    assert found.p_at_most(interval.low - step) <= 1 - level + 1e-6
    assert found.p_at_most(interval.low + step) >= 1 - level - 1e-4


def test_a_missing_cell_is_named() -> None:
    cells = np.ones((3, 5))
    cells[1, 4] = np.nan
    with pytest.raises(ValueError, match=r"candidate has 1 missing cells.*seed 1, item 4"):
        parity_interval(cells, np.ones((1, 5)), claim="this_artifact", confidence=0.9)


def test_shot_noise_is_a_part_of_the_residual() -> None:
    rows = np.random.default_rng(1).integers(-1, 2, (4, 50)).astype(float)
    found = crossed(rows, claim="new_items_and_seeds", cells="paired", shot_variance=0.01)
    assert found.components.shots == pytest.approx(0.01)
    most = crossed(rows, claim="new_items_and_seeds", cells="paired", shot_variance=9.0)
    assert most.components.shots == most.components.residual


def test_losses_that_stand_alone_widen_the_interval() -> None:
    """All discordance is loss: few of the items that would lose are here, whatever the seeds."""
    rng = np.random.default_rng(2)
    rows = (rng.random((20, 200)) < 0.02).astype(float)
    found = crossed(rows, claim="new_items_and_seeds", cells="paired").interval(0.9)
    assert "widened to the Tango score interval" in found.method
    assert found.high > rows.mean() + 0.012
