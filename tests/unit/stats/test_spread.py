"""The pooled standard deviation and its chi-square bounds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats.spread import pooled_sd
from tests.unit.stats.settings import FIXED


@FIXED
@given(st.integers(1, 12), st.integers(2, 6), st.integers(0, 2**32 - 1), st.floats(0.6, 0.99))
def test_it_is_the_pooled_variance_with_chi_square_bounds(
    groups: int, replicates: int, seed: int, confidence: float
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(size=(groups, 1)), 0.1, size=(groups, replicates))
    found = pooled_sd(values, confidence=confidence)
    variance = float(values.var(axis=1, ddof=1).mean())
    df = groups * (replicates - 1)
    chi2 = stats.chi2(df)
    assert found.df == df
    assert found.sd == pytest.approx(math.sqrt(variance), rel=1e-9)
    assert found.low == pytest.approx(math.sqrt(df * variance / chi2.ppf(confidence)), rel=1e-9)
    assert found.high == pytest.approx(
        math.sqrt(df * variance / chi2.ppf(1 - confidence)), rel=1e-9
    )
    shifted = pooled_sd(values + np.arange(groups)[:, np.newaxis], confidence=confidence)
    assert shifted.sd == pytest.approx(found.sd, rel=1e-9)


def test_replicates_that_all_agree_are_bounded_by_one_step() -> None:
    step = 1 / 285
    equal = pooled_sd(np.full((10, 2), 0.9), confidence=0.95, resolution=step)
    assert (equal.sd, equal.low) == (0, 0)
    one_off = np.full((10, 2), 0.9)
    one_off[3, 1] += step
    assert equal.high >= pooled_sd(one_off, confidence=0.95).high * (1 - 1e-12)
    assert pooled_sd(np.full((1, 2), 0.9), confidence=0.95, resolution=step).high > 10 * step


def test_few_replicates_that_differ_are_bounded_by_their_share() -> None:
    """Chi-square alone would cover 58% here: each pair differs by one step with chance 0.1."""
    step, covered, rng = 1 / 285, 0, np.random.default_rng(5)
    truth = math.sqrt(0.1 / 2) * step
    for _ in range(600):
        values = np.zeros((20, 2))
        values[:, 1] = step * rng.choice([-1, 0, 1], size=20, p=[0.05, 0.9, 0.05])
        covered += pooled_sd(values, confidence=0.95, resolution=step).high >= truth
    assert covered / 600 >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / 600)


def test_the_step_does_not_touch_a_spread_that_was_seen() -> None:
    values = np.random.default_rng(3).normal(size=(5, 2))
    assert pooled_sd(values, confidence=0.95, resolution=1e-3) == pooled_sd(values, confidence=0.95)


@pytest.mark.parametrize(
    "values",
    [[[0.1], [0.2]], [0.1, 0.2], np.ones((0, 2)), [[math.nan, 1.0]], [[math.inf, 1.0]]],
)
def test_nonsense_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match=r"replicates|finite"):
        pooled_sd(values, confidence=0.95)


def test_a_confidence_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="confidence"):
        pooled_sd([[1.0, 2.0]], confidence=1.0)
