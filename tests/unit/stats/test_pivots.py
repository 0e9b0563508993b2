"""Pivots: what they say at their limits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import t

from qgate.stats.parity import Array, crossed
from qgate.stats.pivots import ExactPivot, SkewPivot, TPivot


def test_at_the_estimate_an_exact_p_value_is_a_half_or_more_and_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pivot = ExactPivot(0.4, 60.0, 7.0)
        assert pivot.above(0.4) >= 0.5 - 1e-6
        assert pivot.below(0.4) >= 0.5 - 1e-6
        assert pivot.above(0.2) == pytest.approx(0.0, abs=0.01)


def _hall_by_hand(values: Array, corrected: float) -> float:
    """Return the t statistic whose corrected value is given, by Hall's (1992) cubic."""
    n = len(values)
    skew = float(np.mean((values - values.mean()) ** 3) / values.std() ** 3)

    def cubic(t: float) -> float:
        square, cube = skew * t**2 / (3 * n**0.5), skew**2 * t**3 / (27 * n)
        return float(t + square + cube + skew / (6 * n**0.5)) - corrected

    found: float = brentq(cubic, -1e3, 1e3)
    return found


def test_the_skew_is_taken_out_as_the_published_cubic_does() -> None:
    values = np.random.default_rng(3).exponential(size=30)
    se = float(values.std(ddof=1)) / 30**0.5
    skew = float(np.mean((values - values.mean()) ** 3) / values.std() ** 3) / 30**0.5
    pivot = SkewPivot(float(values.mean()), se, 29, skew)
    low, high = pivot.ends(0.9)
    quantile = float(t.ppf(0.95, 29))
    assert low == pytest.approx(values.mean() - se * _hall_by_hand(values, quantile), abs=1e-10)
    assert high == pytest.approx(values.mean() - se * _hall_by_hand(values, -quantile), abs=1e-10)
    plain = TPivot(float(values.mean()), se, 29).ends(0.9)
    assert high > plain[1]  # losses of which a sample may have too few
    assert low > plain[0]


def test_ends_and_p_values_of_a_skewed_mean_agree() -> None:
    pivot = SkewPivot(0.3, 0.1, 9, -0.4)
    low, high = pivot.ends(0.9)
    assert pivot.below(high) == pytest.approx(0.05)
    assert pivot.above(low) == pytest.approx(0.05)


def test_a_skewed_gap_at_the_tolerance_is_promoted_less_often() -> None:
    """Twenty problems, gaps exponential about the tolerance: 11.8% by t, 8% corrected."""
    rng, repeats, promoted = np.random.default_rng(7), 1000, {"influence": 0, "ratios": 0}
    for _ in range(repeats):
        gaps = rng.exponential(0.02, 20) + rng.exponential(0.006, (5, 20)) - 0.006
        for kind in promoted:
            found = crossed(gaps, claim="new_items_and_seeds", cells=kind)  # type: ignore[arg-type]
            promoted[kind] += found.interval(0.9).high <= 0.02
    assert promoted["ratios"] < 0.8 * promoted["influence"]
    assert promoted["ratios"] < 0.1 * repeats
