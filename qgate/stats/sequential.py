"""Planned looks: alpha spending, so that looking several times does not raise the error.

Sources: Lan and DeMets (1983), Biometrika 70:659-663, for spending; Armitage, McPherson and Rowe
(1969), Journal of the Royal Statistical Society A 132:235-244, for the recursive integration;
Jennison and Turnbull (2000), Group Sequential Methods, chapters 7 and 19.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

Array = npt.NDArray[np.float64]

_CLOSEST = 1e-3
"""The least information between two looks: the mesh of the integration is as fine as that asks."""
_NOTHING = 1e-50
"""A look that may spend less than this cannot stop: its boundary is infinite."""
_FAR_BELOW, _FAR_ABOVE = -9.0, 16.0
"""The integration's range where no boundary ends it, in standard deviations."""
_PANEL = 2.0
"""Width of a panel of 8 Gauss-Legendre nodes, in standard deviations of the finest increment."""
_NEWTON_STEPS = 50


def spent(alpha: float, fraction: float) -> float:
    """Return how much of alpha the looks up to an information fraction may spend.

    The O'Brien-Fleming-type function 2 (1 - Phi(z_{1 - alpha/2} / sqrt(fraction))): next to
    nothing at the first looks, alpha at the last.

    Args:
        alpha: One-sided, in (0, 0.5].
        fraction: Information so far over the planned information, in [0, 1].

    Raises:
        ValueError: On numbers outside these ranges, NaN among them.

    Source: Lan and DeMets (1983), Biometrika 70:659-663.

    """
    if not 0 < alpha <= 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, not {alpha}")
    if not 0 <= fraction <= 1:
        raise ValueError(f"an information fraction must lie between 0 and 1, not {fraction}")
    return 2 * float(ndtr(ndtri(alpha / 2) / math.sqrt(fraction))) if fraction > 0 else 0.0


def boundaries(fractions: Sequence[float], *, alpha: float) -> tuple[float, ...]:
    """Return for each look the z at or above which it stops; over all looks the error is alpha.

    Args:
        fractions: Information at each look over that at the last: increasing, in (0, 1], the last
            of them 1, at least 0.001 apart.
        alpha: One-sided, in (0, 0.5].

    Returns:
        Accurate to 1e-6; infinite for a look so early that it has nothing to spend.

    Raises:
        ValueError: On other fractions, or alpha outside its range.

    """
    steps = np.sqrt(_increments(fractions))
    nodes: Array = np.zeros(1)
    mass: Array = np.ones(1)
    total = 0.0
    found = []
    for look, (fraction, step) in enumerate(zip(fractions, steps, strict=True)):
        allowed = spent(alpha, fraction)
        z = _boundary(nodes, mass, fraction, float(step), allowed - total)
        found.append(z)
        if look + 1 < len(steps):
            total = allowed if z < math.inf else total
            sd, finer = math.sqrt(fraction), float(min(step, steps[look + 1]))
            mesh, weights = _mesh(_FAR_BELOW * sd, min(z, _FAR_ABOVE) * sd, _PANEL * finer)
            reached = _density((mesh[:, np.newaxis] - nodes) / step) @ mass
            mass = np.asarray(weights * reached / step)
            nodes = mesh
    return tuple(found)


def nominal_levels(fractions: Sequence[float], *, alpha: float) -> tuple[float, ...]:
    """Return for each look the one-sided level at which it is to be tested: 1 - Phi(boundary).

    Args:
        fractions: See `boundaries`.
        alpha: One-sided, in (0, 0.5].

    Raises:
        ValueError: See `boundaries`.

    """
    return tuple(float(ndtr(-z)) for z in boundaries(fractions, alpha=alpha))


def _increments(fractions: Sequence[float]) -> Array:
    times = np.asarray(fractions, dtype=np.float64)
    if times.ndim != 1 or times.size == 0 or times[-1] != 1:
        raise ValueError("information fractions must end at 1")
    increments = np.diff(times, prepend=0.0)
    if not (times[0] > 0 and np.all(increments > _CLOSEST * (1 - 1e-9))):
        raise ValueError(f"information fractions must increase by at least {_CLOSEST}")
    return np.asarray(increments, dtype=np.float64)


def _boundary(nodes: Array, mass: Array, fraction: float, step: float, allowed: float) -> float:
    """Return the z that a path which has not stopped crosses at this look with chance `allowed`.

    Args:
        nodes: Shape (nodes,): where the paths may have been at the look before.
        mass: Shape (nodes,): with which chance they were there.
        fraction: Variance of the path at this look.
        step: Standard deviation of its increment since the look before.
        allowed: Error that this look may spend.

    """
    if allowed < _NOTHING:
        return math.inf
    # The logarithm of the chance is concave, so Newton's method comes down to the root without
    # passing it, from where the chance is too small: were no path gone, or all at the last node.
    sd = math.sqrt(fraction)
    alone = -float(ndtri(allowed))
    z = min(alone, (float(nodes[-1]) + step * alone) / sd)
    for _ in range(_NEWTON_STEPS):
        ahead = (z * sd - nodes) / step
        chance = float(mass @ ndtr(-ahead))
        slope = float(mass @ _density(ahead)) * sd / step
        change = chance / slope * math.log(chance / allowed)
        z += change
        if abs(change) < 1e-12:
            break
    return z


def _mesh(low: float, high: float, width: float) -> tuple[Array, Array]:
    """Return nodes and weights of Gauss-Legendre panels of at most `width`."""
    inner, weights = np.polynomial.legendre.leggauss(8)
    edges = np.linspace(low, high, math.ceil((high - low) / width) + 1)
    half = (edges[1] - edges[0]) / 2
    nodes = (edges[:-1, np.newaxis] + half * (1 + inner)).ravel()
    return nodes, np.tile(half * weights, edges.size - 1)


def _density(z: Array) -> Array:
    return np.asarray(np.exp(-z * z / 2) / math.sqrt(2 * math.pi), dtype=np.float64)
