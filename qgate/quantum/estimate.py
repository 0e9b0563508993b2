"""What a device would estimate of every pair of rows: expectations, and the shots behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from qgate.charter.charter import Shots

Array = npt.NDArray[np.float64]
Key = Any
"""What numpy takes as an index of rows, or of rows and columns."""

DIGITS = 12
"""Probabilities are rounded to this many digits before anything is drawn from or fitted to them,
so that the last bit of a matrix library changes no draw."""


class Estimate(Protocol):
    """An estimate of each of (rows, columns) fidelities from independent circuits."""

    @property
    def exact(self) -> Array:
        """Return what infinitely many shots give."""
        ...

    @property
    def circuits(self) -> int:
        """Return how many circuits a pair takes."""
        ...

    def draw(self, shots: int, rng: np.random.Generator) -> Array:
        """Return what so many shots of each circuit give; pairs are independent."""
        ...

    def part(self, key: Key) -> Estimate:
        """Return the estimate of some of the pairs."""
        ...

    def depolarised(self, strength: float) -> Estimate:
        """Return the same behind a global depolarising channel before the readout.

        Each probability p becomes (1 - strength) p + strength m, m being what is read of the fully
        mixed state: 2^-qubits where readout is perfect (Nielsen and Chuang 2010, 8.3.4).
        """
        ...


@dataclass(frozen=True)
class Frequency:
    """The frequency of all zeros, whose chance is `exact`: binomial, as each shot is one trial."""

    exact: Array
    mixed: float = math.nan
    """The chance of all zeros of the fully mixed state."""
    circuits: int = 1

    def draw(self, shots: int, rng: np.random.Generator) -> Array:
        """Return binomial counts over shots."""
        return np.asarray(rng.binomial(shots, self.exact) / shots, dtype=np.float64)

    def part(self, key: Key) -> Frequency:
        """Return some of the pairs."""
        return replace(self, exact=self.exact[key])

    def depolarised(self, strength: float) -> Frequency:
        """Return it behind a global depolarising channel."""
        return replace(self, exact=rounded((1 - strength) * self.exact + strength * self.mixed))


@dataclass(frozen=True)
class WeightedOutcomes:
    """The mean of a weight of each shot's outcome: multinomial."""

    outcomes: Array
    """Chance of each outcome, shape (rows, columns, outcomes)."""
    weights: Array
    """Shape (outcomes,)."""
    mixed: Array
    """Chance of each outcome of the fully mixed state, shape (outcomes,)."""
    circuits: int = 1

    @property
    def exact(self) -> Array:
        """Return the expected weight."""
        return np.asarray(np.round(self.outcomes @ self.weights, DIGITS))

    def draw(self, shots: int, rng: np.random.Generator) -> Array:
        """Return the mean weight of multinomial counts."""
        chances = self.outcomes / self.outcomes.sum(axis=-1, keepdims=True)
        return np.asarray(rng.multinomial(shots, chances) @ self.weights / shots)

    def part(self, key: Key) -> WeightedOutcomes:
        """Return some of the pairs."""
        return replace(self, outcomes=self.outcomes[key])

    def depolarised(self, strength: float) -> WeightedOutcomes:
        """Return it behind a global depolarising channel."""
        outcomes = (1 - strength) * self.outcomes + strength * self.mixed
        return replace(self, outcomes=rounded(outcomes))


@dataclass(frozen=True)
class Combined:
    """A weighted sum of independent estimates, each with shots of its own."""

    parts: tuple[Estimate, ...]
    weights: tuple[float, ...]

    @property
    def exact(self) -> Array:
        """Return the weighted sum of expectations."""
        return _weighted([part.exact for part in self.parts], self.weights)

    @property
    def circuits(self) -> int:
        """Return the circuits of all parts."""
        return sum(part.circuits for part in self.parts)

    def draw(self, shots: int, rng: np.random.Generator) -> Array:
        """Return the weighted sum of draws."""
        return _weighted([part.draw(shots, rng) for part in self.parts], self.weights)

    def part(self, key: Key) -> Combined:
        """Return some of the pairs."""
        return replace(self, parts=tuple(part.part(key) for part in self.parts))

    def depolarised(self, strength: float) -> Combined:
        """Return it behind a global depolarising channel."""
        return replace(self, parts=tuple(part.depolarised(strength) for part in self.parts))


def measured(estimate: Estimate, shots: Shots, rng: np.random.Generator) -> Array:
    """Return what so many shots give, shape (rows, columns); the expectation where exact."""
    return estimate.exact if shots is None else estimate.draw(shots, rng)


def measured_gram(
    estimate: Estimate, shots: Shots, rng: np.random.Generator, *, unit_diagonal: bool
) -> Array:
    """Return a symmetric matrix of training rows, each pair of which is measured once.

    Args:
        estimate: Of all pairs of training rows, shape (rows, rows); the upper triangle is read.
        shots: Of each circuit.
        rng: Where the draws come from, row by row.
        unit_diagonal: Whether a row's fidelity with itself is 1 without a measurement, as it is
            where there is no noise.

    """
    if shots is None:
        upper = np.triu(estimate.exact, k=1)
        gram = upper + upper.T
        np.fill_diagonal(gram, 1.0 if unit_diagonal else np.diag(estimate.exact))
        return gram
    rows = len(estimate.part(np.s_[:, 0]).exact)
    gram = np.eye(rows)
    for row in range(rows):  # one triangle, without index arrays as large as the matrix
        first = row + 1 if unit_diagonal else row
        if first < rows:
            drawn = estimate.part(np.s_[row, first:]).draw(shots, rng)
            gram[row, first:] = gram[first:, row] = drawn
    return gram


def rounded(probabilities: Array) -> Array:
    """Return probabilities to 12 digits, within 0 and 1."""
    return np.clip(np.round(probabilities, DIGITS), 0.0, 1.0)


def _weighted(values: Sequence[Array], weights: Sequence[float]) -> Array:
    total = sum(weight * value for weight, value in zip(weights, values, strict=True))
    return np.round(cast("Array", total), DIGITS)
