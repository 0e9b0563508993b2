"""How a spread falls with shots: fits against planted powers, ranges against simulation."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.stats.convergence import Spread, decay, needed, needed_between

SHOTS = (64, 256, 1024, 4096)


@pytest.mark.parametrize("power", [0.25, 0.5])
def test_a_planted_power_is_found_exactly(power: float) -> None:
    found = decay([Spread(shots, 3.0 * shots**-power, 20) for shots in SHOTS])
    assert found is not None
    assert found.power == pytest.approx(power)
    assert found.at(100) == pytest.approx(3.0 * 100**-power)
    wanted = needed(found, 0.1)
    assert wanted is not None
    assert wanted.shots == pytest.approx(30 ** (1 / power))
    assert wanted.low < wanted.shots
    assert wanted.high is None or wanted.high > wanted.shots


def test_a_fall_that_is_no_one_power_has_a_wider_range() -> None:
    kinked = [Spread(s, 0.1 * max(s, 1024) ** -0.5, 40) for s in (*SHOTS, 16384)]
    found = decay(kinked)
    assert found is not None
    even = decay([Spread(s.shots, found.at(s.shots), s.df) for s in kinked])
    assert even is not None
    assert even.power == pytest.approx(found.power)
    assert found.covariance[1][1] > 5 * even.covariance[1][1]


def test_the_range_holds_the_truth_as_often_as_it_says() -> None:
    """90 % two-sided: of 2,000 experiments 90 % within four standard errors of a share."""
    rng = np.random.default_rng(3)
    df, target, held = 40, 0.02, 0
    true = (0.5 / target) ** 2
    for _ in range(2000):
        draws = [Spread(s, 0.5 * s**-0.5 * np.sqrt(rng.chisquare(df) / df), df) for s in SHOTS]
        found = decay(draws)
        assert found is not None
        wanted = needed(found, target)
        assert wanted is not None
        held += wanted.low <= true <= (wanted.high or np.inf)
    assert abs(held / 2000 - 0.9) < 4 * np.sqrt(0.09 / 2000) + 0.01  # the log is nearly normal


def test_a_spread_that_does_not_fall_gives_no_number() -> None:
    rising = decay([Spread(64, 0.1, 10), Spread(1024, 0.2, 10)])
    assert rising is not None
    assert needed(rising, 0.05) is None
    assert decay([Spread(64, 0.1, 10)]) is None
    assert decay([Spread(64, 0.1, 10), Spread(1024, 0.0, 10)]) is None


def test_one_level_gives_a_range_by_two_powers() -> None:
    found = needed_between(Spread(1024, 0.02, 10), 0.01, (0.25, 0.5))
    assert found is not None
    assert (found.low, found.high) == pytest.approx((4096, 16384))
    assert needed_between(Spread(1024, 0.0, 10), 0.01, (0.25, 0.5)) is None
