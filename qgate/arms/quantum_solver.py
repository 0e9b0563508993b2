"""QAOA, or a circuit with trained weights, whose samples solve binary quadratic problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from qgate.arms.arm import Items, Outcome, Server, TrialError, Workshop, generator, located
from qgate.arms.kept_arrays import KeptArrays
from qgate.arms.target import significant
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Shots
from qgate.charter.derived import DRIFTED
from qgate.data.dataset import Array, Labels
from qgate.data.problem import MOST_ENUMERATED, Problem, bit_string, bits_of
from qgate.data.problem_set import no_ratio
from qgate.digest import sha256

if TYPE_CHECKING:
    from qgate.quantum.angle_search import Found, Landscape, Scales
    from qgate.quantum.solver_circuit import Bench, BuiltSolver, Drawn, OnDevice

Cell = tuple[int, Shots, int]

_FEWEST_DRAWS = 64
"""Of rarer outcomes so few could agree by chance."""
_STATES = 8
"""Arrays of a state's size beside those that a gradient keeps of each layer."""


@dataclass(frozen=True)
class _Ready:
    """A problem's circuit, ready to be evaluated."""

    problem: Problem
    drawn: Drawn | None
    """None for QAOA without a device, whose gates are not needed."""
    landscape: Landscape
    placed: OnDevice | None

    def probabilities(self, angles: Array) -> Array:
        """Return the chance of reading each assignment, behind the noise where there is any."""
        where = self.placed or self.landscape
        return where.probabilities(angles)


@dataclass(frozen=True)
class _Answer:
    """What a circuit says of a problem."""

    value: float
    solution: str
    """Bits; empty where the value is an expectation."""
    expectation: float
    drawn: tuple[bytes, int]
    """Which outcomes came how often, and how many of them tell draws apart."""


class QuantumSolverArm:
    """Angles are found for each problem and seed; a trial draws shots from the exact chances.

    L-BFGS takes exact gradients, as on a simulator without noise, so it takes no circuit of a
    device, and shots and replicates share its angles. COBYLA and SPSA estimate values as the trial
    has them, with its shots and noise: each evaluation is a circuit of a device.
    """

    def __init__(self, spec: ArmSpec, workshop: Workshop) -> None:
        """Refuse what is beyond the charter's limits, its device, or the memory.

        Raises:
            TermError: When the largest problem's circuit is beyond limits or device.
            TrialError: When a simulation would take too much memory.

        """
        assert spec.quantum_solver is not None  # noqa: S101  # the kind of this arm
        self._role, self._spec, self._workshop = spec.role, spec.quantum_solver, workshop
        self._split = workshop.split
        self._kept = KeptArrays()
        self._angles: dict[tuple[int, Any], Found] = {}
        self._bench: Bench | None = None
        self._largest = _largest(self._split.dataset.problems)
        self._refuse_large(spec.id)
        self._built: BuiltSolver = self._built_largest()

    @property
    def figures(self) -> dict[str, Any]:
        """Return the figures of the largest problem's circuit, and the qubits of all circuits."""
        if self._bench is None:
            return self._built.figures
        sizes = {problem.n for problem in self._split.dataset.problems}
        used = {qubit for size in sizes for qubit in self._bench.part(size).seat.qubits}
        return {**self._built.figures, "used_qubits": sorted(used)}

    def run(self, seed: int, shots: Shots, replicate: int, items: Items = None) -> Outcome:
        """Find the angles of each problem, or of a block of them, and draw its solution."""
        cell = (seed, shots, replicate)
        rows = self._split.of_seed(seed).validation[slice(*(items or (None,)))].tolist()
        with threadpool_limits(limits=1):  # products are small: threads would wait for each other
            found = [self._solved(row, cell) for row in rows]
        answers = [answer for answer, _ in found]
        searched = sum(angles.evaluations for _, angles in found)
        call = "measurement" if items is None else f"measurement {items[0]} to {items[1]}"
        drawn = None if shots is None else _fingerprint(answers)
        solutions = tuple(answer.solution for answer in answers)
        return Outcome(
            tuple(significant(answer.value) for answer in answers),
            None,
            fit_circuits=0 if self._spec.search.method == "bfgs" else searched,
            serving_circuits=len(rows),
            draws={call: drawn} if drawn else {},
            figures=self._figures(rows, found),
            solutions=solutions if all(solutions) else (),
        )

    def serve(self, seed: int, shots: Shots) -> Server:
        """Return what solves the problems whose indices are asked: the search and then one circuit.

        Nothing is kept from trials or between requests, as a new problem has angles of its own.
        """
        rng = generator(self._role, seed, shots, 0, "serving")

        def serve(features: Array) -> Labels:
            values = []
            with threadpool_limits(limits=1):
                for row in features[:, 0].astype(np.int64).tolist():
                    ready = self._prepared(row)
                    angles = self._search(ready, (seed, shots, 0)).angles
                    answer = self._answer(ready, ready.probabilities(angles), shots, rng)
                    values.append(significant(answer.value))
            return np.array(values)

        return serve

    def __getstate__(self) -> dict[str, Any]:
        """Leave states behind when an arm goes to another process."""
        return {**self.__dict__, "_kept": KeptArrays()}

    def angles(self, row: int, seed: int, shots: Shots = None, replicate: int = 0) -> Found:
        """Return the angles of a problem, found once for all that shares them."""
        search = self._spec.search
        key: Any = (seed, shots, replicate)
        if search.method == "bfgs":
            # QAOA's first two starts are not drawn: no seed changes what they lead to.
            key = None if search.starts <= 2 and not self._spec.layers else seed
        if (row, key) not in self._angles:
            self._angles[row, key] = self._search(self._ready(row), (seed, shots, replicate))
        return self._angles[row, key]

    def _solved(self, row: int, cell: Cell) -> tuple[_Answer, Found]:
        found = self.angles(row, *cell)
        key = (row, found.angles.tobytes())
        chances = self._kept.get(key, lambda: self._ready(row).probabilities(found.angles))
        rng = generator(self._role, *cell, f"problem {self._problem(row).digest}")
        return self._answer(self._ready(row), chances, cell[1], rng), found

    def _answer(
        self, ready: _Ready, chances: Array, shots: Shots, rng: np.random.Generator
    ) -> _Answer:
        from qgate.quantum.angle_search import sampled

        cost, problem = ready.landscape.cost, ready.problem
        mean = float(chances @ cost)
        if shots is None:
            return _Answer(mean, "", mean, (b"", 0))
        outcomes, counts = np.unique(sampled(chances, shots, rng), return_counts=True)
        value, bits = problem.best(bits_of(outcomes, problem.n))
        if self._spec.answer == "mean":
            value = float(cost[outcomes] @ counts) / shots
        seen = outcomes.astype("<i8").tobytes() + counts.astype("<i8").tobytes()
        rare = int(np.count_nonzero(counts < shots))
        return _Answer(value, bit_string(bits), mean, (seen, rare))

    def _search(self, ready: _Ready, cell: Cell) -> Found:
        """Return the best angles of all starts; the starts are drawn of seed and problem."""
        from qgate.quantum.angle_search import by_gradient, by_values, sampled

        search, (seed, shots, _), name = self._spec.search, cell, ready.problem.digest
        role = "candidate" if self._role == DRIFTED else self._role  # which starts where it did
        drawn = generator(role, seed, None, 0, f"starts {name}")
        scales, starts, before = self._starts(ready, drawn)
        if search.method == "bfgs":
            found = by_gradient(ready.landscape, starts, scales, search.steps)
            return replace(found, evaluations=before + found.evaluations)
        rng = generator(self._role, *cell, f"search {name}")
        cost = ready.landscape.cost

        def estimate(angles: Array) -> float:
            chances = ready.probabilities(angles)
            if shots is None:
                return float(chances @ cost)
            return float(cost[sampled(chances, shots, rng)].mean())

        return by_values(estimate, starts, scales, search.steps, search.method, rng)

    def _starts(self, ready: _Ready, rng: np.random.Generator) -> tuple[Scales, list[Array], int]:
        from qgate.quantum.solver_starts import qaoa_starts, trained_starts

        if ready.drawn is not None and ready.drawn.weights is not None:
            return trained_starts(ready.problem, ready.drawn.weights, self._spec.search.starts, rng)
        return qaoa_starts(ready.problem, ready.landscape, self._spec, rng)

    def _ready(self, row: int) -> _Ready:
        ready: _Ready = self._kept.get(row, lambda: self._prepared(row))
        return ready

    def _prepared(self, row: int) -> _Ready:
        problem = self._problem(row)
        with located(self._role, "quantum_solver"):
            return self._made_ready(problem)

    def _made_ready(self, problem: Problem) -> _Ready:
        from qgate.quantum.qaoa import Qaoa
        from qgate.quantum.solver_circuit import Trained, draw, place

        needed = bool(self._spec.layers) or self._bench is not None
        drawn = draw(self._spec, problem, self._workshop.folder) if needed else None
        placed = place(drawn, self._bench) if drawn and self._bench else None
        landscape: Landscape = Trained(problem, drawn) if drawn and drawn.weights else Qaoa(problem)
        return _Ready(problem, drawn, landscape, placed)

    def _problem(self, row: int) -> Problem:
        return self._split.dataset.problems[row]

    def _figures(self, rows: list[int], found: list[tuple[_Answer, Found]]) -> dict[str, float]:
        """Return evaluations, the ratio expected, and QAOA's angles for the largest problem."""
        evaluations = sum(angles.evaluations for _, angles in found)
        largest = [a.angles for r, (_, a) in zip(rows, found, strict=True) if self._is_largest(r)]
        parts = [] if self._spec.layers or not largest else np.split(largest[0], 2)
        return {
            "evaluations": float(evaluations),
            **self._ratio(rows, [answer for answer, _ in found]),
            **{
                f"{name}_{layer + 1}": significant(float(angle))
                for name, part in zip(("gamma", "beta"), parts, strict=False)
                for layer, angle in enumerate(part)
            },
        }

    def _is_largest(self, row: int) -> bool:
        return self._problem(row) is self._largest

    def _ratio(self, rows: list[int], answers: list[_Answer]) -> dict[str, float]:
        """Return the mean share of its own optimum that a problem's circuit expects."""
        ratios = []
        for row, answer in zip(rows, answers, strict=True):
            problem, cost = self._problem(row), self._ready(row).landscape.cost
            best = float(cost.min() if problem.sense == "min" else cost.max())
            if no_ratio(problem.sense, best):
                return {}
            ratios.append(answer.expectation / best)
        return {"expectation_ratio": significant(float(np.mean(ratios)))}

    def _built_largest(self) -> BuiltSolver:
        from qgate.quantum.solver_circuit import Bench, build_solver

        if self._spec.device is not None:
            self._bench = Bench(self._spec.device, self._workshop.folder)
        with located(self._role, "quantum_solver"):
            return build_solver(self._spec, self._largest, self._bench, self._workshop.folder)

    def _refuse_large(self, name: str) -> None:
        n, limit = self._largest.n, self._workshop.max_memory
        noisy = self._spec.device is not None
        states = (self._spec.reps + _STATES) * 16 * 2**n
        needed = (states + (3 * 8 * 4**n if noisy else 0)) * self._workshop.copies
        if n <= MOST_ENUMERATED and needed <= limit:
            return
        what = "its noisy state" if noisy else "its state"
        raise TrialError(
            "too_large",
            f"{name}: {self._largest.name} has {n} variables, and {what} takes {needed / 1e9:.3g} "
            f"GB; --max-memory allows {limit / 1e9:.3g} GB, and {MOST_ENUMERATED} variables are "
            "the most: solve smaller problems",
        )


def outline(spec: ArmSpec, workshop: Workshop) -> tuple[BuiltSolver, Array]:
    """Return an arm's circuit for its largest problem, and no features; nothing is searched.

    Raises:
        TermError: When the circuit is beyond the charter's limits or its device.
        TrialError: When a simulation would take too much memory.

    """
    return QuantumSolverArm(spec, workshop)._built, np.empty((0, 0))


def _largest(problems: tuple[Problem, ...]) -> Problem:
    return max(problems, key=lambda problem: (problem.n, len(problem.couplings)))


def _fingerprint(answers: list[_Answer]) -> str | None:
    """Return a digest of all that was drawn, None where so little could agree by chance."""
    if sum(answer.drawn[1] for answer in answers) < _FEWEST_DRAWS:
        return None
    return sha256(b"".join(_parts(answers)))[:16]


def _parts(answers: list[_Answer]) -> Iterator[bytes]:
    return (answer.drawn[0] for answer in answers)
