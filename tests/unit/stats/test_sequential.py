"""Alpha spending over planned looks."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qgate.stats.sequential import boundaries, nominal_levels, spent
from tests.unit.stats.settings import FIXED

ALPHA = st.floats(0.001, 0.3)


def _even(looks: int) -> list[float]:
    return [(look + 1) / looks for look in range(looks)]


@FIXED
@given(ALPHA, st.floats(0.01, 0.98))
def test_spending_rises_from_nothing_to_alpha(alpha: float, fraction: float) -> None:
    assert spent(alpha, 0.0) == 0
    assert spent(alpha, 1.0) == pytest.approx(alpha, rel=1e-12)
    assert spent(alpha, fraction) < spent(alpha, fraction + 0.01) < alpha
    z = stats.norm.isf(alpha / 2) / math.sqrt(fraction)
    assert spent(alpha, fraction) == pytest.approx(2 * float(stats.norm.sf(z)), rel=1e-9)


@FIXED
@given(ALPHA)
def test_one_look_is_the_plain_test(alpha: float) -> None:
    assert boundaries([1.0], alpha=alpha) == pytest.approx([float(stats.norm.isf(alpha))])
    assert nominal_levels([1.0], alpha=alpha) == pytest.approx([alpha])


@pytest.mark.parametrize("fractions", [_even(5), [0.3, 0.35, 0.9, 1.0], [0.5, 0.999, 1.0]])
def test_simulated_paths_cross_as_often_as_is_spent(fractions: list[float]) -> None:
    alpha, paths = 0.1, 200_000
    steps = np.sqrt(np.diff(fractions, prepend=0.0))
    rng = np.random.default_rng(11)
    z = np.cumsum(rng.normal(size=(paths, steps.size)) * steps, axis=1) / np.sqrt(fractions)
    crossed = np.maximum.accumulate(z >= boundaries(fractions, alpha=alpha), axis=1).mean(axis=0)
    wanted = [spent(alpha, fraction) for fraction in fractions]
    assert crossed == pytest.approx(wanted, abs=4 * math.sqrt(alpha * (1 - alpha) / paths))
    plain = np.any(z >= stats.norm.isf(alpha), axis=1).mean()
    assert plain > 1.2 * alpha  # what the spending prevents


@FIXED
@given(st.floats(0.05, 0.95), ALPHA)
def test_two_looks_are_the_bivariate_normal(first: float, alpha: float) -> None:
    rho = math.sqrt(first)
    stays = stats.multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf(
        boundaries([first, 1.0], alpha=alpha)
    )
    assert 1 - float(stays) == pytest.approx(alpha, abs=1e-7)


@pytest.mark.parametrize("times", [(0.2, 0.5, 1.0), (0.6, 0.65, 1.0), (0.1, 0.9, 0.95, 1.0)])
def test_more_looks_are_the_multivariate_normal(times: tuple[float, ...]) -> None:
    covariance = [[math.sqrt(min(s, t) / max(s, t)) for s in times] for t in times]
    stays = stats.multivariate_normal(cov=covariance).cdf(
        boundaries(times, alpha=0.05), rng=np.random.default_rng(3)
    )
    assert 1 - float(stays) == pytest.approx(0.05, abs=3e-5)


def test_levels_rise_over_even_looks_and_stay_below_alpha() -> None:
    for looks in (2, 5, 10, 20):
        levels = nominal_levels(_even(looks), alpha=0.05)
        assert len(levels) == looks
        assert all(a < b for a, b in pairwise(levels))
        assert levels[0] < 0.006
        assert 0.03 < levels[-1] < 0.05
        assert sum(levels) > 0.05  # looks that overlap cost less than separate tests


@FIXED
@given(st.lists(st.integers(1, 999), min_size=1, max_size=8, unique=True), ALPHA)
def test_looks_at_any_time_leave_a_last_test_that_is_at_most_alpha(
    thousandths: list[int], alpha: float
) -> None:
    fractions = [*(t / 1000 for t in sorted(thousandths)), 1.0]
    z = boundaries(fractions, alpha=alpha)
    assert z[-1] >= float(stats.norm.isf(alpha)) - 1e-9
    for fraction, boundary in zip(fractions, z, strict=True):
        assert boundary >= float(stats.norm.isf(spent(alpha, fraction))) - 1e-9


def test_a_look_with_nothing_to_spend_never_stops() -> None:
    z = boundaries([0.001, 0.5, 1.0], alpha=0.05)
    assert z[0] == math.inf
    assert z[1:] == pytest.approx(boundaries([0.5, 1.0], alpha=0.05), abs=1e-9)
    assert nominal_levels([0.001, 0.5, 1.0], alpha=0.05)[0] == 0


@pytest.mark.parametrize(
    "fractions",
    [
        [],
        [0.5],
        [0.5, 0.9],
        [0.5, 0.4, 1.0],
        [0.5, 0.5, 1.0],
        [0.0, 1.0],
        [-0.5, 1.0],
        [0.5, 1.0, 1.2],
        [0.5, 1.2, 1.0],
        [math.nan, 1.0],
        [0.5, math.nan],
        [0.5, 0.5005, 1.0],
    ],
)
def test_it_refuses_looks_that_are_no_plan(fractions: list[float]) -> None:
    with pytest.raises(ValueError, match="information fractions must"):
        boundaries(fractions, alpha=0.05)


@pytest.mark.parametrize("alpha", [0.0, -0.1, 0.6, math.nan])
def test_it_refuses_an_alpha_that_is_no_error_rate(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        boundaries([0.5, 1.0], alpha=alpha)
    with pytest.raises(ValueError, match="alpha"):
        spent(alpha, 0.5)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, math.nan])
def test_it_refuses_to_spend_outside_the_plan(fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        spent(0.05, fraction)
