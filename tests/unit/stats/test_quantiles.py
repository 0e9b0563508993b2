"""Properties of quantile bounds and of the effective number of samples."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats import quantile_bounds
from qgate.stats.quantiles import (
    _tail_bounds,
    clustered_quantile_bounds,
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
    assert clustered[:2] == quantile_bounds(samples, q, confidence=0.95)
    assert clustered.worth == pytest.approx(n, rel=1e-9)


@FIXED
@given(st.integers(0, 2**32 - 1), Q)
def test_sessions_that_move_as_one_give_the_bounds_of_as_many_samples(seed: int, q: float) -> None:
    values = np.random.default_rng(seed).lognormal(size=300)
    few = quantile_bounds(values, q, confidence=0.95)
    many = clustered_quantile_bounds(
        np.repeat(values, 5), np.repeat(np.arange(300), 5), q, confidence=0.95
    )
    ordered = np.sort(values)
    for a, b in zip(few, many[:2], strict=True):
        if a is not None and b is not None:  # an order statistic or so apart
            assert abs(int(np.searchsorted(ordered, a)) - int(np.searchsorted(ordered, b))) <= 2


def test_one_burst_widens_the_bounds_as_far_as_the_burst() -> None:
    samples = np.linspace(1.0, 2.0, 1000)
    samples = samples[np.random.default_rng(1).permutation(1000)]
    samples[500:510] = np.linspace(50.0, 60.0, 10)
    sessions = np.repeat(np.arange(100), 10)
    independent = quantile_bounds(samples, 0.95, confidence=0.95)
    clustered = clustered_quantile_bounds(samples, sessions, 0.95, confidence=0.95)
    assert independent.high is not None
    assert clustered.high is not None
    assert clustered.high > independent.high
    assert clustered.high <= samples.max()
    # At p99 the burst is the whole tail, and a hundred sessions are too few to bound it.
    assert clustered_quantile_bounds(samples, sessions, 0.99, confidence=0.95).high is None


@pytest.mark.parametrize(("q", "n"), [(0.5, 5), (0.9, 29), (0.95, 59), (0.99, 299)])
def test_the_fewest_samples_with_an_upper_bound(q: float, n: int) -> None:
    assert samples_needed(q, confidence=0.95) == n
    assert quantile_bounds(np.arange(n - 1), q, confidence=0.95).high is None
    assert quantile_bounds(np.arange(n), q, confidence=0.95).high == n - 1


def test_no_samples_have_no_bounds() -> None:
    assert quantile_bounds([], 0.5, confidence=0.95) == (None, None)
    assert clustered_quantile_bounds([], [], 0.5, confidence=0.95)[:2] == (None, None)
    found = clustered_quantile_bounds([1.0, 2.0], [1, 1], 0.5, confidence=0.95)
    assert found == (None, None, 1.0)


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


def _worth(values: npt.ArrayLike, sessions: npt.ArrayLike, q: float) -> float:
    return clustered_quantile_bounds(values, sessions, q, confidence=0.95).worth


@FIXED
@given(SAMPLES, st.integers(1, 9), Q)
def test_samples_are_worth_something_and_at_most_their_number(
    samples: list[float], sessions: int, q: float
) -> None:
    assert 0 < _worth(samples, np.arange(len(samples)) % sessions, q) <= len(samples)


@pytest.mark.parametrize("size", [2, 10, 25])
def test_sessions_that_move_as_one_are_worth_one_sample_each(size: int) -> None:
    sessions = np.repeat(np.arange(200), size)
    values = np.repeat(np.random.default_rng(2).random(200), size)
    assert 180 < _worth(values, sessions, 0.9) <= 200


def test_a_short_single_session_is_worth_a_single_sample() -> None:
    assert _worth([0, 1, 0, 0], [7, 7, 7, 7], 0.5) == 1


def test_a_single_session_is_judged_by_its_batches() -> None:
    rng = np.random.default_rng(3)
    assert _worth(rng.random(2500), np.zeros(2500), 0.95) > 1200
    bursts = np.repeat(rng.random(50), 50)
    assert _worth(bursts, np.zeros(2500), 0.95) < 60


def test_the_tail_alone_is_enough_to_find_the_bounds() -> None:
    """A million samples are not sorted: bounds and worth are those of sorting them all."""
    rng = np.random.default_rng(4)
    level = np.repeat(1 + 0.5 * rng.random(40), 500)
    values, sessions = rng.lognormal(size=20_000) * level, np.repeat(np.arange(40), 500)
    for q in (0.5, 0.95, 0.99, 0.999):
        found = clustered_quantile_bounds(values, sessions, q, confidence=0.95)
        member = np.unique(sessions, return_inverse=True)[1]
        assert found == _tail_bounds(values, member, values.size, q, 0.95)


def test_sessions_of_another_number_are_refused() -> None:
    with pytest.raises(ValueError, match="sessions"):
        clustered_quantile_bounds([1.0, 2.0], [1], 0.5, confidence=0.95)
