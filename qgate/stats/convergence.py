"""How a spread falls with the number of shots, and how many would bring it to a target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_MOST = 1e15
"""Beyond so many shots a number says no more than that they are too many."""


@dataclass(frozen=True)
class Spread:
    """A standard deviation at a number of shots."""

    shots: int
    sd: float
    df: int


@dataclass(frozen=True)
class Decay:
    """sd = exp(level) * shots^-power, by weighted least squares of log sd on log shots."""

    level: float
    power: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    """Of level and power."""

    def at(self, shots: float) -> float:
        """Return the standard deviation at a number of shots."""
        return math.exp(self.level - self.power * math.log(shots))


@dataclass(frozen=True)
class Needed:
    """Shots that bring a spread to a target, with a range; None where it has no end."""

    shots: float
    low: float
    high: float | None


def decay(spreads: Sequence[Spread]) -> Decay | None:
    """Return how spreads fall with shots; None with fewer than two levels, or where one is 0.

    The log of a sample deviation with `df` degrees of freedom has a variance of about 1 / (2 df)
    (Bartlett and Kendall 1946), whatever the deviation is. Where the levels lie farther from one
    power of the shots than that explains, the covariance grows by as much (Birge 1932).
    """
    if len({spread.shots for spread in spreads}) < 2 or any(s.sd <= 0 for s in spreads):
        return None
    x = np.column_stack([np.ones(len(spreads)), [-math.log(s.shots) for s in spreads]])
    weights = np.array([2.0 * spread.df for spread in spreads])
    covariance = np.linalg.inv((x.T * weights) @ x)
    logs = np.log([s.sd for s in spreads])
    found = covariance @ ((x.T * weights) @ logs)
    misfit = float(weights @ (logs - x @ found) ** 2) / max(len(spreads) - 2, 1)
    level, power = found.tolist()
    (a, b), (c, d) = (covariance * max(misfit, 1.0)).tolist()
    return Decay(level, power, ((a, b), (c, d)))


def needed(found: Decay, target: float, z: float = 1.645) -> Needed | None:
    """Return the shots at which a fitted spread comes down to a target.

    The range holds the numbers of shots whose fitted log deviation is within z standard errors of
    the log of the target (inverse prediction, Fieller 1954). None where nothing falls.
    """
    if found.power <= 0 or target <= 0:
        return None
    best = (found.level - math.log(target)) / found.power
    (a, b), (_, d) = found.covariance
    # (level - power x - t)^2 = z^2 (a - 2 b x + d x^2), a quadratic in x = log shots.
    gap = found.level - math.log(target)
    square = found.power**2 - z**2 * d
    middle = found.power * gap - z**2 * b
    root = middle**2 - square * (gap**2 - z**2 * a)
    if square <= 0 or root < 0:
        return Needed(_shots(best), 1.0, None)  # the fall itself is not shown
    low, high = ((middle + sign * math.sqrt(root)) / square for sign in (-1, 1))
    return Needed(_shots(best), _shots(low), _shots(high))


def needed_between(spread: Spread, target: float, powers: tuple[float, float]) -> Needed | None:
    """Return the shots for a target from one level alone, by two powers that bound the fall."""
    if spread.sd <= 0 or target <= 0:
        return None
    ends = sorted(math.log(spread.shots) + math.log(spread.sd / target) / power for power in powers)
    return Needed(_shots(sum(ends) / 2), _shots(ends[0]), _shots(ends[1]))


def _shots(log: float) -> float:
    return min(max(math.exp(min(log, math.log(_MOST))), 1.0), _MOST)
