"""Steepest descent on binary quadratic problems, from many starts at once."""

from __future__ import annotations

import numpy as np

from qgate.data.problem import Bits, Problem

_ROUNDING = 1e-12
"""Relative: less is not taken for a gain, since rounding could then go round in circles."""


def descend(problem: Problem, starts: Bits) -> Bits:
    """Return the local optima that steepest descent reaches: shape (k, n), a row for each start.

    Each step flips the bit that improves most, the first of equals, until none improves.

    Args:
        problem: What is to be optimised, in its own sense.
        starts: 0 or 1, shape (k, n).

    """
    both = ((problem.upper + problem.upper.T) * problem.sign).tocsr()
    linear = problem.sign * problem.linear
    largest = np.abs(linear).max(initial=0.0) + np.abs(problem.couplings).max(initial=0.0)
    bits = starts.copy()
    signed = 1.0 - 2.0 * bits
    """1 where the bit is 0: what a flip adds to it."""
    slopes = linear + bits.astype(np.float64) @ both
    active = np.arange(len(bits))
    while active.size:
        gains = signed[active] * slopes[active]
        chosen = gains.argmin(axis=1)
        moves = gains[np.arange(len(active)), chosen] < -_ROUNDING * largest
        active, chosen = active[moves], chosen[moves]
        change = signed[active, chosen]
        slopes[active] += change[:, None] * both[chosen].toarray()
        bits[active, chosen] ^= 1
        signed[active, chosen] = -change
    return bits
