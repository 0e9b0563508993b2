"""Properties of quantile bounds and of the effective number of samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats import quantile_bounds
from qgate.stats.quantiles import (
    clustered_quantile_bounds,
    effective_samples,
    quantile_ranks,
    samples_needed,
)
from tests.unit.stats.settings import FIXED

SAMPLES = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)
Q = st.sampled_from([0.5, 0.9, 0.95, 0.99])


@FIXED
@given(SAMPLES, Q)
def test_bounds_enclose_the_sample_quantile_and_widen(samples: list[float], q: float) -> None:
    value = float(np.quantile(samples, q, method="inverted_cdf"))
    narrow, wide = (quantile_bounds(samples, q, confidence=c) for c in (0.8, 0.99))
    for low, high in (narrow, wide):
        assert low is None or low <= value
        assert high is None or high >= value
    assert wide.low is None or (narrow.low is not None and wide.low <= narrow.low)
    assert wide.high is None or (narrow.high is not None and wide.high >= narrow.high)


@FIXED
@given(st.integers(1, 3000), Q, st.floats(0.6, 0.999))
def test_ranks_are_the_tightest_that_hold(n: int, q: float, confidence: float) -> None:
    low, high = quantile_ranks(n, q, confidence=confidence)
    below = stats.binom(n, q)  # how many samples lie below the quantile
    if high is not None:
        assert below.cdf(high - 1) >= confidence - 1e-9
        assert high == 1 or below.cdf(high - 2) < confidence + 1e-9
    else:
        assert below.cdf(n - 1) < confidence + 1e-9
    if low is not None:
        assert below.sf(low - 1) >= confidence - 1e-9
        assert below.sf(low) < confidence + 1e-9
    else:
        assert below.sf(0) < confidence + 1e-9


@FIXED
@given(st.integers(0, 2**32 - 1), st.integers(16, 400), Q)
def test_sessions_of_one_sample_give_the_exact_bounds(seed: int, n: int, q: float) -> None:
    samples = np.random.default_rng(seed).lognormal(size=n)
    clustered = clustered_quantile_bounds(samples, np.arange(n), q, confidence=0.95)
    assert clustered == quantile_bounds(samples, q, confidence=0.95)


@FIXED
@given(st.integers(0, 2**32 - 1), Q)
def test_sessions_that_move_as_one_give_the_bounds_of_as_many_samples(seed: int, q: float) -> None:
    values = np.random.default_rng(seed).lognormal(size=300)
    few = quantile_bounds(values, q, confidence=0.95)
    many = clustered_quantile_bounds(
        np.repeat(values, 5), np.repeat(np.arange(300), 5), q, confidence=0.95
    )
    ordered = np.sort(values)
    for a, b in zip(few, many, strict=True):
        if a is not None and b is not None:  # an order statistic or so apart
            assert abs(int(np.searchsorted(ordered, a)) - int(np.searchsorted(ordered, b))) <= 2


def test_one_burst_widens_the_bounds_as_far_as_the_burst() -> None:
    samples = np.linspace(1.0, 2.0, 1000)
    samples = samples[np.random.default_rng(1).permutation(1000)]
    samples[500:510] = np.linspace(50.0, 60.0, 10)
    sessions = np.repeat(np.arange(100), 10)
    independent = quantile_bounds(samples, 0.99, confidence=0.95)
    clustered = clustered_quantile_bounds(samples, sessions, 0.99, confidence=0.95)
    assert independent.high is not None
    assert clustered.high is not None
    assert clustered.high > independent.high
    assert clustered.high <= samples.max()


@pytest.mark.parametrize(("q", "n"), [(0.5, 5), (0.9, 29), (0.95, 59), (0.99, 299)])
def test_the_fewest_samples_with_an_upper_bound(q: float, n: int) -> None:
    assert samples_needed(q, confidence=0.95) == n
    assert quantile_bounds(np.arange(n - 1), q, confidence=0.95).high is None
    assert quantile_bounds(np.arange(n), q, confidence=0.95).high == n - 1


def test_no_samples_have_no_bounds() -> None:
    assert quantile_bounds([], 0.5, confidence=0.95) == (None, None)
    assert clustered_quantile_bounds([], [], 0.5, confidence=0.95) == (None, None)
    assert clustered_quantile_bounds([1.0, 2.0], [1, 1], 0.5, confidence=0.95) == (None, None)


@pytest.mark.parametrize(
    ("samples", "q", "confidence"),
    [
        ([1.0, math.nan], 0.5, 0.95),
        ([1.0, math.inf], 0.5, 0.95),
        ([1.0], 0.0, 0.95),
        ([1.0], 1.0, 0.95),
        ([1.0], 0.5, 1.0),
        ([1.0], 0.5, math.nan),
    ],
)
def test_nonsense_is_refused(samples: list[float], q: float, confidence: float) -> None:
    with pytest.raises(ValueError, match=r"."):
        quantile_bounds(samples, q, confidence=confidence)
    with pytest.raises(ValueError, match=r"."):
        clustered_quantile_bounds(samples, range(len(samples)), q, confidence=confidence)


@FIXED
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 9)), min_size=1, max_size=200))
def test_samples_are_worth_something_and_at_most_their_number(
    pairs: list[tuple[bool, int]],
) -> None:
    exceeds, sessions = zip(*pairs, strict=True)
    assert 0 < effective_samples(exceeds, sessions) <= len(pairs)


@FIXED
@given(st.lists(st.booleans(), min_size=2, max_size=200))
def test_sessions_of_one_sample_are_worth_all_of_them(exceeds: list[bool]) -> None:
    found = effective_samples(exceeds, range(len(exceeds)))
    assert found == pytest.approx(len(exceeds), rel=1e-9)
    assert found <= len(exceeds)


@pytest.mark.parametrize("size", [2, 10, 25])
def test_sessions_that_move_as_one_are_worth_one_sample_each(size: int) -> None:
    sessions = np.repeat(np.arange(200), size)
    exceeds = (sessions % 10 == 0).astype(float)
    found = effective_samples(exceeds, sessions)
    assert found == pytest.approx(200, rel=0.01)
    assert found <= 200


def test_a_short_single_session_is_worth_a_single_sample() -> None:
    assert effective_samples([0, 1, 0, 0], [7, 7, 7, 7]) == 1


def test_a_single_session_is_judged_by_its_batches() -> None:
    independent = np.random.default_rng(3).random(2500) < 0.05
    assert effective_samples(independent, np.zeros(2500)) > 1200
    bursts = np.repeat(np.random.default_rng(3).random(50) < 0.05, 50)
    assert effective_samples(bursts, np.zeros(2500)) == pytest.approx(50, rel=0.05)


@pytest.mark.parametrize(
    ("exceeds", "sessions"),
    [([], []), ([0, 1], [1]), ([0.5, 1], [1, 2]), ([math.nan, 1], [1, 2]), ([[0, 1]], [[1, 2]])],
)
def test_indicators_that_are_none_are_refused(exceeds: list[float], sessions: list[int]) -> None:
    with pytest.raises(ValueError, match="exceeds"):
        effective_samples(exceeds, sessions)
