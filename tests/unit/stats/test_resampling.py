"""The corrected resampled t interval."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats.resampling import corrected_resampled_t
from tests.unit.stats.settings import FIXED

DIFFERENCES = st.lists(st.floats(-1, 1), min_size=2, max_size=20).filter(lambda x: np.ptp(x) > 1e-6)


@FIXED
@given(DIFFERENCES, st.integers(1, 500), st.integers(1, 500), st.floats(0.5, 0.99))
def test_it_is_wider_than_the_uncorrected_interval(
    differences: list[float], train: int, test: int, confidence: float
) -> None:
    found = corrected_resampled_t(differences, train=train, test=test, confidence=confidence)
    plain = stats.ttest_1samp(differences, 0.0).confidence_interval(confidence)
    assert found.low < plain.low
    assert found.high > plain.high
    splits = len(differences)
    wider = math.sqrt((1 / splits + test / train) * splits)
    assert found.high - found.low == pytest.approx((plain.high - plain.low) * wider, rel=1e-9)
    assert found.df == splits - 1


@FIXED
@given(DIFFERENCES)
def test_swapping_the_arms_mirrors_the_interval(differences: list[float]) -> None:
    there = corrected_resampled_t(differences, train=90, test=10, confidence=0.9)
    back = corrected_resampled_t(np.negative(differences), train=90, test=10, confidence=0.9)
    assert (there.estimate, there.low, there.high, there.se) == pytest.approx(
        (-back.estimate, -back.high, -back.low, back.se), abs=1e-12
    )


def test_more_splits_of_the_same_items_do_not_end_the_uncertainty() -> None:
    few, many = (
        corrected_resampled_t([0.1, -0.1] * n, train=90, test=10, confidence=0.9)
        for n in (10, 1000)
    )
    assert many.se > 0.8 * few.se


def test_splits_that_agree_have_no_width() -> None:
    found = corrected_resampled_t([0.5, 0.5, 0.5], train=90, test=10, confidence=0.9)
    assert found == (0.5, 0.5, 0.5, 0.0, 2.0)


def test_it_holds_its_confidence_over_cross_validation_of_a_mean() -> None:
    # Two arms whose items differ by chance alone, compared on 10 folds of one data set: the folds
    # are independent here, so that the correction errs on the wide side.
    rng = np.random.default_rng(5)
    missed = 0
    for _ in range(400):
        folds: npt.NDArray[np.float64] = rng.normal(size=(10, 10)).mean(axis=1)
        found = corrected_resampled_t(folds, train=90, test=10, confidence=0.9)
        missed += not found.low <= 0 <= found.high
    assert missed / 400 < 0.05


@pytest.mark.parametrize("differences", [[], [0.1], [[0.1, 0.2]], 0.1])
def test_it_needs_two_splits(differences: object) -> None:
    with pytest.raises(ValueError, match="at least 2 splits"):
        corrected_resampled_t(
            np.asarray(differences, dtype=np.float64), train=9, test=1, confidence=0.9
        )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_it_needs_finite_differences(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        corrected_resampled_t([0.1, value], train=9, test=1, confidence=0.9)


@pytest.mark.parametrize(
    ("train", "test"), [(0, 1), (9, 0), (-9, 1), (math.nan, 1), (9, math.nan), (9, math.inf)]
)
def test_it_needs_items_on_both_sides(train: float, test: float) -> None:
    with pytest.raises(ValueError, match="no split"):
        corrected_resampled_t([0.1, 0.2], train=train, test=test, confidence=0.9)


@pytest.mark.parametrize("confidence", [0.0, 1.0, math.nan])
def test_it_needs_a_confidence(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence"):
        corrected_resampled_t([0.1, 0.2], train=9, test=1, confidence=confidence)
