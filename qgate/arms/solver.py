"""Classical solvers of binary quadratic problems; what they find is valued by qgate itself."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from qgate.arms.annealing import simulated_annealing, tabu
from qgate.arms.arm import Items, Outcome, Server, Workshop, generator
from qgate.arms.descent import descend
from qgate.arms.target import significant
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.data.dataset import Array, Labels
from qgate.data.problem import MOST_ENUMERATED, Bits, Problem, bit_string
from qgate.errors import TermError

Method = Callable[[Problem, np.random.Generator, Mapping[str, Any]], Bits]
"""Returns assignments, shape (k, n), of which the best one counts."""

_DRAW_BYTES = 2**26
"""Of a block of random assignments."""


def _exact(problem: Problem, rng: np.random.Generator, params: Mapping[str, Any]) -> Bits:
    """Try every assignment."""
    del rng, params
    return problem.optimum()[1][None]


def _random(problem: Problem, rng: np.random.Generator, params: Mapping[str, Any]) -> Bits:
    """Return the best of so many assignments, each bit of which is drawn evenly."""
    left, block = params["num_reads"], max(1, _DRAW_BYTES // problem.n // 8)
    kept: list[Bits] = []
    while left > 0:
        drawn = rng.integers(0, 2, size=(min(left, block), problem.n), dtype=np.uint8)
        kept.append(problem.best(drawn)[1])
        left -= len(drawn)
    return np.array(kept)


def _greedy(problem: Problem, rng: np.random.Generator, params: Mapping[str, Any]) -> Bits:
    """Descend steepest from starts whose bits are drawn evenly."""
    starts = rng.integers(0, 2, size=(params["num_reads"], problem.n), dtype=np.uint8)
    return descend(problem, starts)


@dataclass(frozen=True)
class _Terms:
    """A method, its parameters with their defaults, and whether it needs the extra."""

    solve: Method
    defaults: Mapping[str, Any] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    """Parameters without a default here: the sampler has its own."""
    extra: bool = False
    random: bool = True


METHODS: Mapping[str, _Terms] = MappingProxyType(
    {
        "exact": _Terms(_exact, random=False),
        "random": _Terms(_random, MappingProxyType({"num_reads": 1000})),
        "greedy": _Terms(_greedy, MappingProxyType({"num_reads": 100})),
        "simulated_annealing": _Terms(
            simulated_annealing,
            MappingProxyType({"num_reads": 10, "num_sweeps": 1000}),
            frozenset(
                {
                    "beta_range",
                    "beta_schedule_type",
                    "num_sweeps_per_beta",
                    "proposal_acceptance_criteria",
                    "randomize_order",
                }
            ),
            extra=True,
        ),
        # By default a search of dwave-samplers ends after 20 ms, and so depends on the machine.
        "tabu": _Terms(
            tabu,
            MappingProxyType({"num_reads": 1, "num_restarts": 10}),
            frozenset({"tenure", "coefficient_z_first", "coefficient_z_restart", "lower_bound_z"}),
            extra=True,
        ),
    }
)
_REFUSED = {
    "timeout": "what is found by a time limit differs from run to run: set num_restarts",
    "seed": "the schedule's seeds are taken",
    "energy_threshold": "a solver must not be told the optimum: set num_restarts",
}


class SolverArm:
    """Solves every problem with each seed; shots and replicates do not apply."""

    figures: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Check the method's parameters against the problems.

        Raises:
            TermError: When a parameter is unknown, or a problem too large for the method.
            UsageError: When the extra that it needs is missing.

        """
        assert spec.solver is not None  # noqa: S101  # the kind of this arm
        self._role, self._split, self._method = spec.role, workshop.split, spec.solver.method
        self._refuse(spec.solver.params)
        self._params = {**self._terms.defaults, **spec.solver.params}
        self._found: dict[int, Bits] = {}

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Solve the problems, or a block of them; what no seed changes is solved once."""
        del shots, replicate
        rows = self._split.of_seed(seed).validation[slice(*(items or (None,)))]
        found = [(self._problem(row), self._solution(row, seed)) for row in rows.tolist()]
        return Outcome(
            tuple(significant(float(problem.value(bits)[0])) for problem, bits in found),
            None,
            solutions=tuple(bit_string(bits) for _, bits in found),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return what solves the problems whose indices are asked, each from the start."""
        del shots

        def serve(features: Array) -> Labels:
            values = []
            for row in features[:, 0].astype(np.int64).tolist():
                problem = self._problem(row)
                value = problem.value(self._solve(problem, seed))[0]
                values.append(significant(float(value)))
            return np.array(values)

        return serve

    @property
    def _terms(self) -> _Terms:
        return METHODS[self._method]

    def _problem(self, row: int) -> Problem:
        return self._split.dataset.problems[row]

    def _solution(self, row: int, seed: int) -> Bits:
        if self._terms.random:
            return self._solve(self._problem(row), seed)
        if row not in self._found:
            self._found[row] = self._solve(self._problem(row), seed)
        return self._found[row]

    def _solve(self, problem: Problem, seed: int) -> Bits:
        """Return the best assignment; each problem has a stream of its own, wherever it stands."""
        rng = generator(self._role, seed, None, 0, f"problem {problem.digest}")
        return problem.best(self._terms.solve(problem, rng, self._params))[1]

    def _refuse(self, params: Mapping[str, Any]) -> None:
        place = (self._role, "solver")
        known = {*self._terms.defaults, *self._terms.optional}
        for name, value in params.items():
            if name not in known:
                why = _REFUSED.get(
                    name, f"{self._method} takes {', '.join(sorted(known)) or 'none'}"
                )
                raise TermError((*place, "params", name), f"no parameter {name!r}: {why}")
            if name.startswith("num_") and not _counts(value, name):
                message = f"{name}: expected a whole number of at least {_least(name)}"
                raise TermError((*place, "params", name), message)
        problems = self._split.dataset.problems
        large = [problem for problem in problems if problem.n > MOST_ENUMERATED]
        if self._method == "exact" and large:
            message = (
                f"{large[0].name} has {large[0].n} variables, and exact tries every assignment of "
                f"at most {MOST_ENUMERATED}"
            )
            raise TermError((*place, "method"), message)
        if self._terms.extra and importlib.util.find_spec("dwave") is None:
            message = f"{self._method} needs `pip install 'qgate[optimization]'`"
            raise TermError((*place, "method"), message)


def _counts(value: object, name: str) -> bool:
    return type(value) is int and _least(name) <= value < 2**31


def _least(name: str) -> int:
    return 0 if name == "num_restarts" else 1
