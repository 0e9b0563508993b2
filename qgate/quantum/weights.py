"""Trained weights of a circuit: its angles as functions of them, and gradients pulled back to them.

A parameter's value is (a trained factor or 1) * the data's part + (a trained weight or 0) + (a
fixed addend or 0), so that each weight stands in one parameter, and each parameter in one gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Parameters that were opened together."""

    count: int
    data: bool = True
    """Whether their values depend on the data."""
    scale: float | None = None
    """Where the trained factor of each starts; None where there is none."""
    offset: Array | None = None
    """A fixed addend of each."""
    trained: bool = False
    """Whether a trained weight is added to each."""


@dataclass(frozen=True)
class Weights:
    """Which parameters have a trained factor or addend; weights stand in the order of the gates."""

    data: npt.NDArray[np.bool_]
    """Of each parameter, whether its value depends on the data."""
    fixed: Array
    """What is added to each parameter, shape (parameters,)."""
    scaled: Places
    """Parameters with a trained factor."""
    shifted: Places
    """Parameters with a trained addend."""
    scales: Places
    """The weights that are factors, in the order of `scaled`."""
    offsets: Places
    """The weights that are addends, in the order of `shifted`."""
    stated: Array
    """Where each weight starts, NaN for one that is drawn; shape (weights,)."""

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Weights:
        """Return the weights of parameters that were opened in these groups."""
        data: npt.NDArray[np.bool_] = np.empty(0, dtype=bool)
        fixed: Array = np.empty(0)
        stated: Array = np.empty(0)
        none: Places = np.empty(0, dtype=np.int64)
        scaled = shifted = scales = offsets = none
        for group in groups:
            places: Places = np.arange(len(fixed), len(fixed) + group.count)
            data = np.append(data, np.full(group.count, group.data))
            added = np.zeros(group.count) if group.offset is None else group.offset
            fixed = np.append(fixed, added)
            new: Places = np.arange(len(stated), len(stated) + group.count)
            if group.scale is not None:
                scaled, scales = np.append(scaled, places), np.append(scales, new)
                stated = np.append(stated, np.full(group.count, group.scale))
                new = new + group.count
            if group.trained:
                shifted, offsets = np.append(shifted, places), np.append(offsets, new)
                stated = np.append(stated, np.full(group.count, np.nan))
        return cls(data, fixed, scaled, shifted, scales, offsets, stated)

    @property
    def count(self) -> int:
        """Return the number of weights."""
        return len(self.stated)

    @property
    def turned(self) -> Places:
        """Return the parameters that any weight stands in."""
        return np.union1d(self.scaled, self.shifted)

    def values(self, data: Array, weights: Array) -> Array:
        """Return the parameters' values, radians, shape (rows, parameters).

        Args:
            data: The data's part, shape (rows, parameters).
            weights: Shape (weights,).

        """
        if not self.count:
            return data
        factors, addends = np.ones(len(self.fixed)), self.fixed.copy()
        factors[self.scaled] = weights[self.scales]
        addends[self.shifted] += weights[self.offsets]
        return np.asarray(data * factors + addends)

    def pull(self, data: Array, gradient: Array) -> Array:
        """Return a gradient by weights, shape (weights,), of one by parameters.

        Args:
            data: The data's part, shape (rows, parameters).
            gradient: Shape (rows, parameters); of parameters without data only the sum counts.

        """
        found = np.empty(self.count)
        found[self.offsets] = gradient[:, self.shifted].sum(axis=0)
        found[self.scales] = np.sum(gradient[:, self.scaled] * data[:, self.scaled], axis=0)
        return found

    def start(self, between: tuple[float, float], rng: np.random.Generator, *, all_: bool) -> Array:
        """Return weights to start from, shape (weights,).

        Args:
            between: Where angles start, evenly drawn.
            rng: What they are drawn from.
            all_: Whether factors of the data start there too, not at the values that they state.

        """
        drawn = rng.uniform(*between, size=self.count)
        return drawn if all_ else np.where(np.isnan(self.stated), drawn, self.stated)
