"""Where the search for a quantum solver's angles starts, and in which units it goes."""

from __future__ import annotations

import numpy as np

from qgate.charter.arm_spec import QuantumSolver
from qgate.data.problem import Array, Problem
from qgate.quantum.angle_search import Landscape, Scales, by_gradient
from qgate.quantum.qaoa import interpolated, ramp, unit_of
from qgate.quantum.weights import Weights


def qaoa_starts(
    problem: Problem, landscape: Landscape, spec: QuantumSolver, rng: np.random.Generator
) -> tuple[Scales, list[Array], int]:
    """Return the search's units, its starts, each of shape (2 p,), and evaluations they took.

    The first is a linear annealing schedule. With exact gradients the second, at p > 1, is the
    optimum at p - 1 stretched by a layer, and so on from p = 1. The rest are drawn evenly: gammas
    over a turn of pi in units of the problem, betas over their period, pi / 2.
    """
    depth, count = spec.reps, spec.search.starts
    scales = _scales(problem, depth)
    starts, evaluations = [ramp(problem, depth)], 0
    if depth > 1 and count > 1 and spec.search.method == "bfgs":
        angles = ramp(problem, 1)
        for layers in range(1, depth):
            units = _scales(problem, layers)
            found = by_gradient(landscape, [angles], units, spec.search.steps)
            angles, evaluations = interpolated(found.angles), evaluations + found.evaluations
        starts.append(angles)
    reach = np.concatenate([np.full(depth, np.pi / 2), np.full(depth, np.pi / 4)])
    while len(starts) < count:
        starts.append(rng.uniform(-reach, reach) * scales.angles)
    return scales, starts, evaluations


def trained_starts(
    problem: Problem, weights: Weights, count: int, rng: np.random.Generator
) -> tuple[Scales, list[Array], int]:
    """Return the same for trained weights: drawn evenly from -pi to pi where none is stated."""
    scales = Scales(np.ones(weights.count), _spread(problem))
    return scales, [weights.start((-np.pi, np.pi), rng, all_=False) for _ in range(count)], 0


def _scales(problem: Problem, depth: int) -> Scales:
    units = np.concatenate([np.full(depth, 1 / unit_of(problem)), np.ones(depth)])
    return Scales(units, _spread(problem))


def _spread(problem: Problem) -> float:
    """Return the standard deviation of an even draw's value, negative where it is maximised."""
    return float(problem.sign * unit_of(problem) * np.sqrt(problem.n))
