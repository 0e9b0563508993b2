"""The difference of two estimates, and rows that carry it where two samples are of unequal size."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Bounded(NamedTuple):
    """An estimate with two one-sided bounds; None where there is no bound."""

    value: float
    low: float | None
    high: float | None


def mover(first: Bounded, second: Bounded) -> Bounded:
    """Return second minus first, from the bounds of each (method of variance estimates recovery).

    Each end holds with the confidence that the bounds have, which must be one and the same. The
    two are taken as independent: where they go up and down together, the interval is too wide.

    Raises:
        ValueError: On a number that is not finite, or bounds that do not hold their value.

    Source: Zou and Donner (2008), Statistics in Medicine 27:1693-1702.

    """
    for value, low, high in (first, second):
        known = [end for end in (low, value, high) if end is not None]
        if not all(map(math.isfinite, known)) or known != sorted(known):
            raise ValueError(f"bounds {low} and {high} do not hold {value}")
    value = second.value - first.value
    below = _reach(first.value, first.high, second.value, second.low)
    above = _reach(first.value, first.low, second.value, second.high)
    return Bounded(
        value,
        None if below is None else value - below,
        None if above is None else value + above,
    )


def _reach(one: float, end: float | None, other: float, other_end: float | None) -> float | None:
    if end is None or other_end is None:
        return None
    return math.hypot(end - one, other - other_end)


def independent_rows(first: Array, second: Array) -> Array:
    """Return rows whose mean is that of the second's rows minus that of the first's.

    Rows of one sample are exchangeable draws, such as seeds; the two samples are of other draws.
    As many rows as the smaller sample has come out, uncorrelated and alike in variance, so that
    what is computed of one sample's rows holds of them. All rows of the larger one count in the
    mean. With as many rows in both they are paired in order.

    Args:
        first: Shape (m, items).
        second: Shape (n, items).

    Raises:
        ValueError: On unequal numbers of items, or without rows.

    Source: Scheffe (1943), Annals of Mathematical Statistics 14:35-44.

    """
    if first.ndim != 2 or second.ndim != 2 or first.shape[1] != second.shape[1]:
        raise ValueError(f"rows of shapes {first.shape} and {second.shape} cannot be paired")
    if not len(first) or not len(second):
        raise ValueError("a sample without rows has no mean")
    if len(first) > len(second):
        return -independent_rows(second, first)
    m, n = len(first), len(second)
    share = math.sqrt(m / n)
    part = second[:m]
    rows: Array = share * (part - part.mean(axis=0)) + second.mean(axis=0) - first
    return rows
