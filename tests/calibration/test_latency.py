"""Coverage of the bounds on a latency quantile, for independent and for clustered requests."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.special import ndtri

from qgate.stats.quantiles import (
    clustered_quantile_bounds,
    quantile_bounds,
    samples_advised,
    samples_needed,
)

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


def _spread(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    return rng.normal(size=n)


def _sluggish(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    return _sessions(rng, 1, n)


def _bursts(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    """Return requests of which 2% are slow, four in a row."""
    slow = np.convolve(rng.random(n) < 0.005, np.ones(4))[:n] > 0
    return np.asarray(rng.normal(size=n) + 6 * slow)


def _uneven(rng: np.random.Generator, n: int) -> npt.NDArray[np.float64]:
    """Return requests with half of the variance between tens of them."""
    level = rng.normal(size=n // 10 + 1)[np.arange(n) // 10]
    return np.asarray(math.sqrt(0.5) * (level + rng.normal(size=n)))


@pytest.mark.parametrize("world", [_spread, _sluggish, _bursts, _uneven])
@pytest.mark.parametrize(("n", "sessions", "q"), [(300, 60, 0.99), (600, 60, 0.99), (60, 20, 0.95)])
def test_who_follows_the_advice_has_a_bound(
    world: Callable[[np.random.Generator, int], npt.NDArray[np.float64]],
    n: int,
    sessions: int,
    q: float,
) -> None:
    rng, wanted = np.random.default_rng(8), 60
    needed, held, bounded = samples_needed(q, confidence=LEVEL), 0, 0
    for _ in range(40 * wanted):
        found = clustered_quantile_bounds(
            world(rng, n), np.arange(n) * sessions // n, q, confidence=LEVEL
        )
        assert (found.high is not None) is (math.ceil(found.worth - 1e-6) >= needed)
        if found.high is None:
            held += 1
            more, parts = samples_advised(n, sessions, q, confidence=LEVEL, worth=found.worth)
            again = world(rng, more), np.arange(more) * parts // more
            bounded += clustered_quantile_bounds(*again, q, confidence=LEVEL).high is not None
        if held == wanted:
            break
    assert held >= wanted / 2
    # Of 300 requests one in five shows no burst at all: no advice knows of those.
    assert bounded / held > (0.8 if world is _bursts else 0.9)
