"""What every format of problems shares: limits on size, variables that are bits or spins."""

from __future__ import annotations

import math

import numpy as np

from qgate.data.problem import Array, Indices, Problem, make_problem, of_spins
from qgate.errors import UsageError

_MOST_VARIABLES = 20_000
MOST_TERMS = 10_000_000
_BYTES_OF_TERM = 200
"""About what a term takes in memory while its file is read."""


def of_vartype(
    name: str, vartype: str, offset: float, linear: Array, pairs: Indices, weights: Array
) -> Problem:
    """Return the problem of a model of bits (BINARY) or spins (SPIN)."""
    if vartype == "SPIN":
        return finite(of_spins(name, offset, linear, pairs, weights))
    return finite(make_problem(name, "min", offset, linear, pairs, weights))


def finite(problem: Problem) -> Problem:
    """Return a problem whose values can be added up.

    Raises:
        UsageError: When the largest possible value is no finite number.

    """
    with np.errstate(over="ignore"):
        largest = np.abs(problem.linear).sum() + np.abs(problem.couplings).sum()
    if not math.isfinite(largest + abs(problem.offset)):
        raise UsageError(f"{problem.name}: its numbers are not finite, or too large to be added up")
    return problem


def refuse_large(name: str, n: int, terms: int) -> None:
    """Refuse too many variables or terms.

    Raises:
        UsageError: With the count, the memory that it would take, and the limit.

    """
    if n > _MOST_VARIABLES:
        raise UsageError(f"{name}: {n:,} variables; {_MOST_VARIABLES:,} are the most")
    if terms > MOST_TERMS:
        memory = terms * _BYTES_OF_TERM / 1e9
        raise UsageError(
            f"{name}: {terms:,} terms would take about {memory:.1f} GB of memory; "
            f"{MOST_TERMS:,} are the most"
        )
