"""Small binary quadratic problems, and what they are by their definition."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from qgate.data.problem import Array, Indices, Problem, make_problem, of_cut


def drawn_pairs(n: int, rng: np.random.Generator, share: float = 0.6) -> Indices:
    """Return so large a share of all pairs of n variables, shape (pairs, 2)."""
    every = np.array([*itertools.combinations(range(n), 2)], dtype=np.int64).reshape(-1, 2)
    return np.asarray(every[rng.random(len(every)) < share])


def quadratic(
    n: int, seed: int, *, sense: str = "min", whole: bool = False, name: str = "drawn"
) -> Problem:
    """Return a problem with drawn terms, whole numbers from -3 to 3 or normal ones."""
    rng = np.random.default_rng(seed)
    pairs = drawn_pairs(n, rng)

    def weights(count: int) -> Array:
        if whole:
            return rng.integers(-3, 4, size=count).astype(np.float64)
        return rng.normal(size=count)

    return make_problem(name, sense, 1.0, weights(n), pairs, weights(len(pairs)))


def ring(n: int) -> Problem:
    """Return MaxCut on a ring."""
    edges = np.array([(i, (i + 1) % n) for i in range(n)])
    return of_cut(f"ring{n}", n, edges, np.ones(n))


def graph(n: int, seed: int, *, weighted: bool) -> tuple[Problem, Array]:
    """Return MaxCut on a drawn graph, and its matrix of weights, shape (n, n)."""
    rng = np.random.default_rng(seed)
    edges = drawn_pairs(n, rng)
    weights = rng.normal(size=len(edges)) if weighted else np.ones(len(edges))
    matrix = np.zeros((n, n))
    matrix[edges[:, 0], edges[:, 1]] = weights
    return of_cut("graph", n, edges, weights), matrix + matrix.T


def every_assignment(n: int) -> npt.NDArray[np.int64]:
    """Return all of {0, 1}^n, variable 0 changing fastest: shape (2^n, n)."""
    return np.array([row[::-1] for row in itertools.product((0, 1), repeat=n)])
