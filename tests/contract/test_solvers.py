"""What every solver of problems promises, by one suite."""

from __future__ import annotations

import dataclasses
import importlib.util
import pickle
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from qgate.arms.arm import Arm, build_arm
from qgate.charter.arm_spec import ArmSpec, Layer, QuantumSolver, Search
from qgate.data.problem import Problem
from qgate.data.split import SplitData
from tests.unit.arms import small
from tests.unit.arms.solving import (
    LAGOS,
    PROBLEMS,
    problem_split,
    problem_workshop,
    qaoa,
    quantum,
    solver,
)
from tests.unit.data.problems import quadratic

WEIGHTS = (Layer("turn", "real_amplitudes", reps=1),)
KINDS: dict[str, ArmSpec] = {
    "solver/exact": solver("exact"),
    "solver/random": solver("random", num_reads=3),
    "solver/greedy": solver("greedy", num_reads=1),
    "solver/simulated_annealing": solver("simulated_annealing", num_reads=2, num_sweeps=10),
    "solver/tabu": solver("tabu", num_restarts=1, lower_bound_z=100, coefficient_z_first=10),
    "quantum_solver/qaoa": qaoa(2, steps=15),
    "quantum_solver/mean": qaoa(answer="mean", starts=1),
    "quantum_solver/cobyla": qaoa(method="cobyla", steps=8, starts=1),
    "quantum_solver/spsa": qaoa(method="spsa", steps=8, starts=1),
    "quantum_solver/device": qaoa(device=LAGOS, starts=1),
    "quantum_solver/trained": quantum(QuantumSolver(1, WEIGHTS, Search("bfgs", 15, 1))),
}
EXTRA = frozenset({"solver/simulated_annealing", "solver/tabu"})
"""Kinds that need dwave-samplers."""
ALIKE = tuple(quadratic(3, seed=seed) for seed in range(6))
"""Problems of one size, for which a device's noise is computed once."""
BLOCKS = ((0, 2), (2, 3), (3, 6))


@dataclass(frozen=True)
class Subject:
    """A solver's spec and its problems."""

    spec: ArmSpec
    split: SplitData

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.split.dataset.problems

    def build(self, split: SplitData | None = None) -> Arm:
        return build_arm(self.spec, problem_workshop(split or self.split))


@pytest.fixture(params=KINDS)
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param in EXTRA and importlib.util.find_spec("dwave") is None:
        pytest.skip("needs qgate[optimization]")
    problems = ALIKE if request.param == "quantum_solver/device" else PROBLEMS
    return Subject(KINDS[request.param], problem_split(problems))


def _digests(arm: Arm) -> list[str]:
    return [arm.run(*cell).digest for cell in small.CELLS]


def test_the_same_arguments_give_the_same_outcome_in_any_order(subject: Subject) -> None:
    arm = subject.build()
    forward = [arm.run(*cell) for cell in small.CELLS]
    assert [arm.run(*cell) for cell in reversed(small.CELLS)] == forward[::-1]
    assert [subject.build().run(*cell) for cell in small.CELLS[2:3]] == forward[2:3]


def test_an_arm_that_travelled_to_another_process_gives_the_same_outcomes(
    subject: Subject,
) -> None:
    arm = subject.build()
    fresh: Arm = pickle.loads(pickle.dumps(arm))  # noqa: S301  # written a moment ago
    expected = _digests(arm)
    used: Arm = pickle.loads(pickle.dumps(arm))  # noqa: S301  # written a moment ago
    assert _digests(fresh) == _digests(used) == expected


def _bits(solutions: Sequence[str]) -> list[list[int]]:
    return [[int(bit) for bit in solution] for solution in solutions]


def test_outcomes_are_values_of_all_problems_to_nine_digits(subject: Subject) -> None:
    arm, optima = subject.build(), subject.split.dataset.labels
    for cell in small.CELLS:
        outcome = arm.run(*cell)
        assert pickle.loads(pickle.dumps(outcome)) == outcome  # noqa: S301  # our own bytes
        assert outcome.scores is None
        assert len(outcome.predictions) == len(subject.problems)
        for value, best, problem in zip(outcome.predictions, optima, subject.problems, strict=True):
            assert type(value) is float
            assert value == float(f"{value:.9g}")
            assert problem.sign * (value - best) >= -1e-8


def test_a_value_is_that_of_the_solution(subject: Subject) -> None:
    arm = subject.build()
    mean = subject.spec.quantum_solver is not None and subject.spec.quantum_solver.answer == "mean"
    for cell in small.CELLS:
        outcome = arm.run(*cell)
        expectation = subject.spec.quantum_solver is not None and cell[1] is None
        assert len(outcome.solutions) == (0 if expectation else len(subject.problems))
        for place, bits in enumerate(_bits(outcome.solutions)):
            value = float(subject.problems[place].value(bits)[0])
            if not mean:
                assert outcome.predictions[place] == float(f"{value:.9g}")


def test_serving_finds_what_a_trial_finds(subject: Subject) -> None:
    arm = subject.build()
    server = arm.serve(2, None)
    assert server is not None
    rows = subject.split.dataset.features
    expected = arm.run(2, None, 0).predictions
    assert tuple(server(rows).tolist()) == expected
    assert [server(row[None])[0].item() for row in rows] == list(expected)
    assert server(rows).dtype == np.float64


def test_reference_optima_are_never_seen(subject: Subject) -> None:
    unknown = [float(place) for place in range(len(subject.problems))]
    arm, blind = subject.build(), subject.build(problem_split(subject.problems, unknown))
    assert [blind.run(*cell) for cell in small.CELLS] == [arm.run(*cell) for cell in small.CELLS]


def test_a_problem_s_outcome_does_not_depend_on_the_others(subject: Subject) -> None:
    whole = subject.build()
    other = subject.build(problem_split(subject.problems[::-1]))
    for cell in small.CELLS:
        assert other.run(*cell).predictions == whole.run(*cell).predictions[::-1]


def test_an_id_is_a_name_only(subject: Subject) -> None:
    renamed = Subject(dataclasses.replace(subject.spec, id="other"), subject.split)
    assert _digests(renamed.build()) == _digests(subject.build())


def test_blocks_of_items_put_together_are_the_whole(subject: Subject) -> None:
    arm = subject.build()
    for cell in small.CELLS:
        whole = arm.run(*cell)
        parts = [arm.run(*cell, block) for block in BLOCKS]
        assert sum((part.predictions for part in parts), ()) == whole.predictions
        assert sum((part.solutions for part in parts), ()) == whole.solutions
        assert sum(part.fit_circuits for part in parts) == whole.fit_circuits
        assert sum(part.serving_circuits for part in parts) == whole.serving_circuits


def test_circuits_are_counted_where_a_device_would_run_them(subject: Subject) -> None:
    outcome, spec = subject.build().run(1, 64, 0), subject.spec.quantum_solver
    if spec is None:
        assert (outcome.fit_circuits, outcome.serving_circuits) == (0, 0)
        return
    assert outcome.serving_circuits == len(subject.problems)
    assert (outcome.fit_circuits > 0) == (spec.search.method != "bfgs")
    assert outcome.figures["evaluations"] >= outcome.fit_circuits


def test_every_kind_of_solver_is_here() -> None:
    assert {name.partition("/")[0] for name in KINDS} == {"solver", "quantum_solver"}
