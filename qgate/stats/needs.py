"""How much more of what a design needs for a good chance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from qgate.stats.design import Design

_MOST_ITEMS = 10_000_000
_MOST_SEEDS = 10_000
_MOST_SHOTS = 4096.0
"""Largest factor by which shots are thought to be raised."""
_HALVINGS = 30
_SHOTS_STEP = 0.01


@dataclass(frozen=True)
class Needs:
    """What of each alone gives a good chance; None where no number does."""

    items: int | None
    seeds: int | None
    shots: float | None
    """A factor on the shots."""


def needs(chance_of: Callable[[Design], float], design: Design, *, goal: float) -> Needs:
    """Return the fewest items, seeds and shots, each changed alone, at which a chance is reached.

    Args:
        chance_of: The chance of a design, rising with each of its counts.
        design: The design as it stands.
        goal: The chance wanted.

    """
    return Needs(
        _fewest(lambda items: chance_of(replace(design, items=items)) >= goal, _MOST_ITEMS),
        _fewest(lambda seeds: chance_of(replace(design, seeds=seeds)) >= goal, _MOST_SEEDS),
        _fewest_shots(lambda shots: chance_of(replace(design, shots=shots)) >= goal, design),
    )


def smallest_margin(chance_at: Callable[[float], float], most: float, *, goal: float) -> float:
    """Return the smallest margin in (0, most] at which a chance that rises with it is reached."""
    low, high = 0.0, most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if chance_at(middle) >= goal else (middle, high)
    return high


def _fewest_shots(reached: Callable[[float], bool], design: Design) -> float | None:
    if not reached(_MOST_SHOTS) or reached(design.shots * (1 - _SHOTS_STEP)):
        return None  # none will do, or shots make no difference
    low, high = design.shots, _MOST_SHOTS
    while high / low > 1 + _SHOTS_STEP:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _fewest(reached: Callable[[int], bool], most: int) -> int | None:
    """Return the smallest number of at least 2 for which something holds, None beyond `most`."""
    if not reached(most):
        return None
    below, enough = 1, most
    while enough - below > 1:
        middle = (below + enough) // 2
        below, enough = (below, middle) if reached(middle) else (middle, enough)
    return enough
