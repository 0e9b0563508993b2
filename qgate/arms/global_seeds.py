"""Packages that draw from a generator of the whole process, and how it is seeded."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import numpy as np


@contextmanager
def seeded(packages: Collection[str], rng: np.random.Generator) -> Iterator[None]:
    """Seed the process-wide generators of some packages, and put back what was there after.

    Such a generator is no argument of any class, so that without this a trial would depend on what
    ran before it. Nothing is drawn, and nothing imported, for packages that have none.
    """
    with ExitStack() as stack:
        for package in sorted(_SEEDED.keys() & set(packages)):
            stack.enter_context(_SEEDED[package](int(rng.integers(2**32))))
        yield


@contextmanager
def _qiskit_machine_learning(seed: int) -> Iterator[None]:
    """Of initial weights, SPSA's perturbations and a state-vector kernel's shots."""
    algorithm_globals = importlib.import_module(
        "qiskit_machine_learning.utils.algorithm_globals"
    ).algorithm_globals
    before = algorithm_globals.random_seed
    algorithm_globals.random_seed = seed
    try:
        yield
    finally:
        algorithm_globals.random_seed = before


_SEEDED: dict[str, Callable[[int], AbstractContextManager[None]]] = {
    "qiskit_machine_learning": _qiskit_machine_learning
}
