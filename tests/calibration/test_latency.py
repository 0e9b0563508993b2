"""Coverage of the bounds on a latency quantile, for independent and for clustered requests."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtri

from qgate.stats.quantiles import clustered_quantile_bounds, quantile_bounds

Q, LEVEL = 0.95, 0.95
Z95 = 1.6448536269514722


@pytest.mark.parametrize("n", [59, 200, 1000])
def test_independent_requests_are_covered(n: int) -> None:
    rng = np.random.default_rng(11)
    truth, reps = math.exp(0.5 * Z95), 3000
    below = above = 0
    for samples in rng.lognormal(0, 0.5, (reps, n)):
        low, high = quantile_bounds(samples, Q, confidence=LEVEL)
        above += high is not None and high >= truth
        below += low is not None and low <= truth
    slack = 4 * math.sqrt(0.05 * 0.95 / reps)
    assert above / reps >= LEVEL - slack
    assert below / reps >= LEVEL - slack
    assert above / reps < 1


def _sessions(rng: np.random.Generator, sessions: int, size: int) -> npt.NDArray[np.float64]:
    """Log latencies, AR(1) .8 within a session, standard normal at each moment."""
    values = np.empty((sessions, size))
    values[:, 0] = rng.normal(size=sessions)
    for i in range(1, size):
        values[:, i] = 0.8 * values[:, i - 1] + 0.6 * rng.normal(size=sessions)
    return values.ravel()


def test_sessions_repair_what_autocorrelation_breaks() -> None:
    rng, reps, sessions, size = np.random.default_rng(5), 600, 60, 20
    label = np.repeat(np.arange(sessions), size)
    naive = clustered = 0
    for _ in range(reps):
        values = _sessions(rng, sessions, size)
        high = quantile_bounds(values, Q, confidence=LEVEL).high
        wide = clustered_quantile_bounds(values, label, Q, confidence=LEVEL).high
        naive += high is not None and high >= Z95
        clustered += wide is None or wide >= Z95
    assert naive / reps < 0.90
    assert clustered / reps > naive / reps + 0.03
    assert clustered / reps >= 0.95 - 4 * math.sqrt(0.05 * 0.95 / reps)


@pytest.mark.parametrize("q", [0.95, 0.99])
@pytest.mark.parametrize("share", [0.2, 0.5])
def test_sessions_of_different_speed_are_covered(q: float, share: float) -> None:
    """A share of the variance lies between sessions, as on a machine whose speed drifts."""
    rng, reps, sessions, size = np.random.default_rng(6), 400, 60, 33
    label, truth = np.repeat(np.arange(sessions), size), float(ndtri(q))
    above = bounded = 0
    for _ in range(reps):
        between = math.sqrt(share) * rng.normal(size=(sessions, 1))
        values = between + math.sqrt(1 - share) * rng.normal(size=(sessions, size))
        high = clustered_quantile_bounds(values.ravel(), label, q, confidence=LEVEL).high
        above += high is None or high >= truth
        bounded += high is not None
    assert above / reps >= LEVEL - 4 * math.sqrt(0.05 * 0.95 / reps)
    assert bounded / reps > 0.9
