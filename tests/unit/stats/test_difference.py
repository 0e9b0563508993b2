"""Differences of two estimates: against published intervals, and by what rows must have."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats.difference import Bounded, independent_rows, mover
from tests.unit.stats.settings import FIXED

NUMBERS = st.floats(-100, 100)
WIDTHS = st.floats(0, 50)


def wilson(successes: int, n: int) -> Bounded:
    found = stats.binomtest(successes, n).proportion_ci(0.95, method="wilson")
    return Bounded(successes / n, float(found.low), float(found.high))


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17:873-890, table II, method 10.
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_of_wilson_intervals_it_is_newcombes_hybrid_score_interval(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = mover(wilson(*first), wilson(*second))
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_of_normal_intervals_it_is_the_normal_one() -> None:
    z, one, other = 1.6448536269514722, 0.3, 0.4
    found = mover(
        Bounded(2.0, 2.0 - z * one, 2.0 + z * one), Bounded(5.0, 5.0 - z * other, 5.0 + z * other)
    )
    assert found == pytest.approx((3.0, 3.0 - z * 0.5, 3.0 + z * 0.5))


def test_a_bound_that_is_missing_leaves_the_ends_that_rest_on_it_open() -> None:
    whole, above = Bounded(1.0, 0.5, 2.0), Bounded(3.0, 2.5, None)
    there, back = mover(whole, above), mover(above, whole)
    assert there.low == pytest.approx(2.0 - math.hypot(1.0, 0.5))
    assert back.high == pytest.approx(-2.0 + math.hypot(0.5, 1.0))
    assert (there.high, back.low) == (None, None)


@FIXED
@given(NUMBERS, WIDTHS, WIDTHS, NUMBERS, WIDTHS, WIDTHS)
def test_swapping_the_two_mirrors_it_and_each_alone_is_narrower(
    one: float, below: float, above: float, other: float, under: float, over: float
) -> None:
    first = Bounded(one, one - below, one + above)
    second = Bounded(other, other - under, other + over)
    there, back = mover(first, second), mover(second, first)
    assert there.low is not None
    assert there.high is not None
    assert there == pytest.approx((-back.value, -(back.high or 0.0), -(back.low or 0.0)))
    assert there.value - there.low >= max(above, under) - 1e-9
    assert there.high - there.value >= max(below, over) - 1e-9
    exact = mover(first, Bounded(other, other, other))
    assert exact == pytest.approx((other - one, other - one - above, other - one + below))


@pytest.mark.parametrize(
    "wrong", [(1.0, 2.0, 3.0), (1.0, 0.0, 0.5), (math.nan, 0.0, 1.0), (1.0, -math.inf, 2.0)]
)
def test_bounds_that_do_not_hold_their_value_are_refused(wrong: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="do not hold"):
        mover(Bounded(0.0, 0.0, 0.0), Bounded(*wrong))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 5), (3, 3), (3, 7), (7, 3), (10, 4)])
def test_rows_are_uncorrelated_and_alike_in_variance(m: int, n: int) -> None:
    """Exactly, by the weights that each draw has in each row; identities read them off."""
    draws = np.eye(m + n)
    rows = independent_rows(draws[:m], draws[m:])
    assert rows.mean(axis=0) == pytest.approx([-1 / m] * m + [1 / n] * n)
    for part, size in ((rows[:, :m], m), (rows[:, m:], n)):
        covariance = part @ part.T  # of draws of unit variance
        expected = min(m, n) / size
        assert covariance == pytest.approx(expected * np.eye(min(m, n)), abs=1e-12)


def test_equal_samples_are_paired_in_order() -> None:
    rng = np.random.default_rng(5)
    first, second = rng.normal(size=(2, 4, 6))
    assert independent_rows(first, second) == pytest.approx(second - first)


def test_rows_that_fit_no_items_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        independent_rows(np.zeros((2, 3)), np.zeros((2, 4)))
    with pytest.raises(ValueError, match="no mean"):
        independent_rows(np.zeros((0, 3)), np.zeros((2, 3)))
