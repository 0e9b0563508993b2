"""Tests and intervals of paired proportions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats.paired import (
    bonett_price_interval,
    mcnemar,
    newcombe_interval,
    tango_interval,
    tango_score,
)
from tests.unit.stats.settings import FIXED

COUNT = st.integers(0, 60)
TABLE = st.tuples(COUNT, COUNT, COUNT, COUNT).filter(any)
CONFIDENCE = st.floats(0.5, 0.999)
Table = tuple[int, int, int, int]
Interval = Callable[[Table, float], tuple[float, float]]

INTERVALS: dict[str, Interval] = {
    "tango": lambda t, level: tango_interval(t[1], t[2], sum(t), confidence=level),
    "newcombe": lambda t, level: newcombe_interval(*t, confidence=level),
    "bonett_price": lambda t, level: bonett_price_interval(t[1], t[2], sum(t), confidence=level),
}


@pytest.mark.parametrize("name", INTERVALS)
@FIXED
@given(table=TABLE, level=CONFIDENCE)
def test_swapping_the_arms_mirrors_the_interval(name: str, table: Table, level: float) -> None:
    a, b, c, d = table
    low, high = INTERVALS[name](table, level)
    assert INTERVALS[name]((a, c, b, d), level) == pytest.approx((-high, -low), abs=1e-12)


@pytest.mark.parametrize("name", INTERVALS)
@FIXED
@given(table=TABLE, level=CONFIDENCE)
def test_an_interval_stays_in_range_and_widens_with_confidence(
    name: str, table: Table, level: float
) -> None:
    low, high = INTERVALS[name](table, level)
    wide_low, wide_high = INTERVALS[name](table, (1 + level) / 2)
    assert -1 <= wide_low <= low + 1e-12
    assert low < high
    assert high - 1e-12 <= wide_high <= 1
    if name != "bonett_price":  # which is drawn towards 0, and may leave the estimate out
        assert low - 1e-12 <= (table[1] - table[2]) / sum(table) <= high + 1e-12


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize("n", [1, 3, 7, 49])
def test_an_interval_of_an_extreme_table_ends_at_the_extreme(name: str, n: int) -> None:
    low, high = INTERVALS[name]((0, 0, n, 0), 0.9999)
    assert low == -1
    assert -1 < high <= 1


@pytest.mark.parametrize("name", INTERVALS)
def test_no_method_is_far_from_the_others_with_many_pairs(name: str) -> None:
    table = (30000, 5000, 4000, 1000)
    share = np.array([0.125, 0.1])
    half = 1.96 * math.sqrt((share.sum() - 0.025**2) / 40000)
    assert INTERVALS[name](table, 0.95) == pytest.approx((0.025 - half, 0.025 + half), abs=1e-5)


@pytest.mark.parametrize("name", INTERVALS)
@pytest.mark.parametrize(
    ("table", "level"),
    [
        ((0, 0, 0, 0), 0.9),
        ((5, -1, 2, 3), 0.9),
        ((5, 2, -1, 3), 0.9),
        ((5, 2, 1, 3), 1.0),
        ((5, 2, 1, 3), -0.1),
        ((5, 2, 1, 3), math.nan),
        ((5, math.nan, 1, 3), 0.9),
        ((5, 2, 1, math.inf), 0.9),
    ],
)
def test_an_interval_refuses_what_is_no_table(name: str, table: Table, level: float) -> None:
    with pytest.raises(ValueError, match=r"no paired table|confidence"):
        INTERVALS[name](table, level)


@pytest.mark.parametrize("table", [(-1, 2, 1, 30), (30, 2, 1, -1), (math.nan, 2, 1, 3)])
def test_newcombe_refuses_negative_concordance(table: Table) -> None:
    with pytest.raises(ValueError, match="no paired table"):
        newcombe_interval(*table, confidence=0.9)


def test_newcombe_without_correlation_is_the_interval_of_two_samples() -> None:
    # Newcombe (1998), Statistics in Medicine 17:873-890, method 10, is for samples without pairs.
    low, high = newcombe_interval(24, 24, 16, 16, confidence=0.95)
    first, second = (stats.binomtest(x, 80).proportion_ci(0.95, "wilson") for x in (48, 40))
    below = math.hypot(0.6 - first.low, second.high - 0.5)
    above = math.hypot(first.high - 0.6, 0.5 - second.low)
    assert (low, high) == pytest.approx((0.1 - below, 0.1 + above), abs=1e-12)


@FIXED
@given(TABLE, CONFIDENCE)
def test_the_score_at_the_ends_of_its_interval_is_the_normal_quantile(
    table: Table, level: float
) -> None:
    _, b, c, _ = table
    ends = np.array(tango_interval(b, c, sum(table), confidence=level))
    z = float(stats.norm.ppf((1 + level) / 2))
    inside = np.abs(ends) < 1 - 1e-9
    found = tango_score(b, c, sum(table), ends)
    assert found[inside] == pytest.approx(np.array([z, -z])[inside], abs=1e-6)


@FIXED
@given(TABLE, st.floats(-1, 1))
def test_the_score_turns_about_when_the_arms_are_swapped(table: Table, margin: float) -> None:
    _, b, c, _ = table
    there, back = (
        tango_score(*pair, sum(table), d) for pair, d in (((b, c), margin), ((c, b), -margin))
    )
    assert float(there) == pytest.approx(-float(back), rel=1e-6, abs=1e-6)


def test_the_score_of_no_difference_is_that_of_mcnemar() -> None:
    b, c = np.array([6, 9, 1]), np.array([16, 3, 7])
    assert tango_score(b, c, 200, 0.0) == pytest.approx((b - c) / np.sqrt(b + c))


def test_the_score_takes_each_table_on_its_own() -> None:
    b, c, margins = np.array([[3.0], [14.0], [0.0]]), np.array([[5.0], [2.5], [0.0]]), [-0.1, 0.02]
    found = tango_score(b, c, 120, margins)
    assert found.shape == (3, 2)
    for row in range(3):
        for column, margin in enumerate(margins):
            alone = float(tango_score(b[row, 0], c[row, 0], 120, margin))
            assert float(found[row, column]) == alone
    assert np.all(found[:, 0] > found[:, 1])


def test_the_score_is_infinite_where_the_null_hypothesis_allows_no_other_table() -> None:
    assert tango_score([5, 3, 0], [0, 0, 0], 5, 1.0).tolist() == [0.0, -math.inf, -math.inf]
    assert tango_score(0, 0, 5, [0.0, -1.0]).tolist() == [0.0, math.inf]


@pytest.mark.parametrize(
    "given_", [(1, 2, 0, 0), (-1, 2, 5, 0), (3, 3, 5, 0), (1, math.nan, 5, 0), (1, 2, math.inf, 0)]
)
def test_the_score_refuses_what_is_no_table(given_: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="no paired table"):
        tango_score(*given_)


@pytest.mark.parametrize("margin", [1.1, -1.1, math.nan, [0.0, 2.0]])
def test_the_score_refuses_a_margin_that_no_difference_reaches(margin: float) -> None:
    with pytest.raises(ValueError, match="margin"):
        tango_score(1, 2, 5, margin)


@FIXED
@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs(b: int, c: int) -> None:
    found = mcnemar(b, c)
    exact = stats.binomtest(b, b + c).pvalue if b + c else 1.0
    assert found.exact_p == pytest.approx(exact, rel=1e-9)
    own = float(stats.binom.pmf(b, b + c, 0.5)) if b + c else 0.0
    mid = exact - own if b != c else 1 - own / 2  # the one table in both tails counts half
    assert found.mid_p == pytest.approx(mid, rel=1e-9)
    assert found == mcnemar(c, b)


@pytest.mark.parametrize(("count", "mid_p"), [(0, 1.0), (1, 0.75), (4, 0.86328125)])
def test_mcnemar_sees_nothing_in_equal_counts(count: int, mid_p: float) -> None:
    assert mcnemar(count, count) == pytest.approx((1.0, mid_p), abs=1e-12)


@pytest.mark.parametrize("counts", [(-1, 3), (3, -1), (1.5, 2), (math.nan, 2), (math.inf, 2)])
def test_mcnemar_refuses_what_is_no_count(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="counted"):
        mcnemar(*counts)
