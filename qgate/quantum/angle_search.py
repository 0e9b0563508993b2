"""How the angles of a quantum solver are found: from several starts, by gradients or by values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from qgate.data.problem import Array, Indices

Estimate = Callable[[Array], float]
"""Angles to the mean value of a measured assignment, as exact or as noisy as it is known."""

_DECIMALS = 9
"""Angles are kept to so many, so that the last bits of a library do not change what they give."""
_TOLERANCE = 1e-12
_FIRST_STEP = 0.4
"""Of COBYLA, radians: about half way between the ends of an annealing schedule."""
# Of SPSA (Spall 1998, Johns Hopkins APL Technical Digest 19:482): the standard exponents, a
# stability of a tenth of the steps, and a first move of so many radians.
_GAIN, _WIDTH_GAIN, _STABILITY = 0.602, 0.101, 0.1
_WIDTH, _FIRST_MOVE, _PROBES = 0.15, 0.15, 5


class Landscape(Protocol):
    """A circuit on a problem: what its angles give."""

    @property
    def cost(self) -> Array:
        """Return the value of every assignment, shape (2^n,)."""
        ...

    def probabilities(self, angles: Array) -> Array:
        """Return the chance of each assignment, shape (2^n,)."""
        ...

    def gradient(self, angles: Array) -> tuple[float, Array]:
        """Return the mean value and its derivatives by every angle."""
        ...


@dataclass(frozen=True)
class Found:
    """Angles, the mean value there as the search knows it, and evaluations that it took."""

    angles: Array
    value: float
    evaluations: int


@dataclass(frozen=True)
class Scales:
    """In which units a search sees angles and values, so that its steps suit any problem."""

    angles: Array
    """What each of the search's numbers is multiplied by, shape (angles,)."""
    value: float
    """By how much an even draw's value spreads; its sign makes the search one for the least."""


def by_gradient(landscape: Landscape, starts: Sequence[Array], scales: Scales, steps: int) -> Found:
    """Return the best end of L-BFGS from each start, by exact gradients.

    Args:
        landscape: Without noise or shots.
        starts: Angles, each of shape (angles,).
        scales: Units.
        steps: The most of each start.

    """
    from scipy.optimize import minimize

    evaluations = 0

    def scaled(x: Array) -> tuple[float, Array]:
        nonlocal evaluations
        evaluations += 1
        value, slope = landscape.gradient(x * scales.angles)
        return value / scales.value, slope * scales.angles / scales.value

    options = {"maxiter": steps, "ftol": _TOLERANCE, "gtol": 1e-8}
    ends = [
        minimize(scaled, start / scales.angles, jac=True, method="L-BFGS-B", options=options)
        for start in starts
    ]
    best = min(ends, key=lambda end: float(end.fun))
    return Found(_kept(best.x) * scales.angles, float(best.fun) * scales.value, evaluations)


def by_values(
    estimate: Estimate,
    starts: Sequence[Array],
    scales: Scales,
    steps: int,
    method: str,
    rng: np.random.Generator,
) -> Found:
    """Return the best end of COBYLA or SPSA from each start, by estimated values alone.

    Args:
        estimate: As the trial has it: with its shots and noise, each time drawn anew.
        starts: Angles, each of shape (angles,).
        scales: Units.
        steps: The most of each start; one takes an evaluation of COBYLA, two of SPSA.
        method: `cobyla` or `spsa`.
        rng: What SPSA's directions are drawn from.

    """
    evaluations = 0

    def scaled(x: Array) -> float:
        nonlocal evaluations
        evaluations += 1
        return estimate(x * scales.angles) / scales.value

    ends: list[tuple[float, Array]] = []
    for start in starts:
        x = start / scales.angles
        end = _cobyla(scaled, x, steps) if method == "cobyla" else _spsa(scaled, x, steps, rng)
        end = _kept(end)
        ends.append((scaled(end), end))
    value, best = min(ends, key=lambda pair: pair[0])
    return Found(best * scales.angles, value * scales.value, evaluations)


def _kept(x: Array) -> Array:
    return np.asarray(np.round(x, _DECIMALS) + 0.0)


def _cobyla(scaled: Callable[[Array], float], x: Array, steps: int) -> Array:
    from scipy.optimize import minimize

    # Its model takes an evaluation more than there are angles before it makes a step.
    options = {"maxiter": max(steps, len(x) + 2), "rhobeg": _FIRST_STEP}
    return np.asarray(minimize(scaled, x, method="COBYLA", tol=1e-6, options=options).x)


def _spsa(
    scaled: Callable[[Array], float], x: Array, steps: int, rng: np.random.Generator
) -> Array:
    """Return where simultaneous perturbation ends: the mean of its last tenth of steps."""

    def slope(width: float) -> tuple[float, Array]:
        direction = rng.choice([-1.0, 1.0], size=len(x))
        rise = scaled(x + width * direction) - scaled(x - width * direction)
        return rise / (2 * width), direction

    typical = float(np.mean([abs(slope(_WIDTH)[0]) for _ in range(_PROBES)]))
    stability = _STABILITY * steps
    gain = _FIRST_MOVE * (1 + stability) ** _GAIN / typical if typical > 0 else 0.0
    last = max(1, steps // 10)
    total = np.zeros_like(x)
    for step in range(1, steps + 1):
        rise, direction = slope(_WIDTH / step**_WIDTH_GAIN)
        x = x - gain / (step + stability) ** _GAIN * rise * direction
        if step > steps - last:
            total += x
    return total / last


def sampled(probabilities: Array, shots: int, rng: np.random.Generator) -> Indices:
    """Return the numbers of so many measured assignments, shape (shots,)."""
    chances = np.cumsum(probabilities)
    found = np.searchsorted(chances, rng.random(shots) * chances[-1], side="right")
    return np.asarray(np.minimum(found, len(chances) - 1), dtype=np.int64)
