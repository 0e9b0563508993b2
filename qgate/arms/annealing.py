"""Solvers of dwave-samplers: they are asked for assignments only, never for values."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from qgate.arms.arm import TrialError
from qgate.data.problem import Bits, Problem


def simulated_annealing(
    problem: Problem, rng: np.random.Generator, params: Mapping[str, Any]
) -> Bits:
    """Return what annealing found, one assignment a read: shape (num_reads, n).

    Raises:
        TrialError: When the sampler refuses its parameters.

    """
    return _sampled("SimulatedAnnealingSampler", problem, rng, params)


def tabu(problem: Problem, rng: np.random.Generator, params: Mapping[str, Any]) -> Bits:
    """Return what multistart tabu search found, one assignment a read: shape (num_reads, n).

    It ends by its count of restarts; without a time limit the same seed gives the same search.

    Raises:
        TrialError: When the sampler refuses its parameters.

    """
    return _sampled("TabuSampler", problem, rng, {**params, "timeout": None})


def _sampled(
    name: str, problem: Problem, rng: np.random.Generator, params: Mapping[str, Any]
) -> Bits:
    dimod: Any = importlib.import_module("dimod")  # Any: its types ask for what it does not need
    sampler = getattr(importlib.import_module("dwave.samplers"), name)()
    heads, tails = problem.pairs.T
    model = dimod.BinaryQuadraticModel.from_numpy_vectors(
        problem.sign * problem.linear,
        (heads, tails, problem.sign * problem.couplings),
        0.0,
        "BINARY",
        variable_order=range(problem.n),
    )
    try:
        found = sampler.sample(model, seed=int(rng.integers(2**31)), **params)
    except (TypeError, ValueError) as error:
        raise TrialError("bad_parameters", f"{name}: {error}") from None
    bits = np.empty(found.record.sample.shape, dtype=np.uint8)
    bits[:, np.asarray(found.variables, dtype=np.int64)] = found.record.sample
    return bits
