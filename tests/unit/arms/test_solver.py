from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from qgate.arms.arm import TrialError, build_arm
from qgate.arms.descent import descend
from qgate.arms.solver import METHODS
from qgate.data.problem import bits_of, make_problem
from qgate.data.problem_files import read_problem
from qgate.errors import TermError, UsageError
from tests.unit.arms.solving import BIQMAC, problem_split, problem_workshop, solver
from tests.unit.data.problems import quadratic

OPTIMA = {"gka1b": -133, "gka2b": -121, "bqp50-1": -2098}
needs_samplers = pytest.mark.skipif(
    importlib.util.find_spec("dwave") is None, reason="needs qgate[optimization]"
)


@needs_samplers
@pytest.mark.parametrize("method", ["simulated_annealing", "tabu"])
def test_published_optima_are_reached(method: str) -> None:
    problems = [read_problem(BIQMAC / f"{name}.sparse", name + ".sparse") for name in OPTIMA]
    split = problem_split(problems, [*OPTIMA.values()])
    arm = build_arm(solver(method), problem_workshop(split))
    for seed in (1, 2):
        assert arm.run(seed, None, 0).predictions == tuple(OPTIMA.values())


@needs_samplers
def test_tabu_search_ends_by_count_and_so_the_same_way_each_time() -> None:
    """By dwave-samplers' default it would end after 20 ms."""
    problem = read_problem(BIQMAC / "gka2b.sparse", "gka2b.sparse")
    few = {"num_restarts": 0, "lower_bound_z": 1000, "coefficient_z_first": 100}
    arm = build_arm(solver("tabu", **few), problem_workshop(problem_split([problem], [-121])))
    found = [arm.run(seed, None, 0) for seed in range(8)]
    assert [arm.run(seed, None, 0) for seed in range(8)] == found
    assert len({outcome.solutions for outcome in found}) > 1  # too short a search to agree


@needs_samplers
def test_a_sampler_s_refusal_is_a_failure_of_the_trial() -> None:
    arm = build_arm(solver("tabu", tenure=500), problem_workshop(problem_split()))
    with pytest.raises(TrialError, match="TabuSampler: 'tenure'") as caught:
        arm.run(1, None, 0)
    assert caught.value.kind == "bad_parameters"


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"needs `pip install 'qgate\[optimization\]'`"):
        build_arm(solver("tabu"), problem_workshop(problem_split()))


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("random", {"reads": 3}, "random takes num_reads"),
        ("exact", {"num_reads": 3}, "exact takes none"),
        ("greedy", {"num_reads": 0}, "num_reads: expected a whole number"),
        ("greedy", {"num_reads": True}, "num_reads: expected a whole number"),
        ("tabu", {"timeout": 20}, "differs from run to run: set num_restarts"),
        ("simulated_annealing", {"seed": 1}, "the schedule's seeds are taken"),
        ("tabu", {"energy_threshold": -3}, "must not be told the optimum"),
    ],
)
def test_a_parameter_that_cannot_be_taken_is_refused(
    method: str, params: dict[str, object], said: str
) -> None:
    with pytest.raises(TermError, match=said) as caught:
        build_arm(solver(method, **params), problem_workshop(problem_split()))
    assert caught.value.path == ("candidate", "solver", "params", next(iter(params)))


def test_exact_refuses_what_it_cannot_enumerate() -> None:
    large = make_problem("large.mc", "min", 0.0, -np.ones(27), np.empty((0, 2)), np.empty(0))
    split = problem_split([large], [-27.0])
    with pytest.raises(TermError, match=r"large\.mc has 27 variables") as caught:
        build_arm(solver("exact"), problem_workshop(split))
    assert caught.value.path == ("candidate", "solver", "method")


def test_more_draws_and_more_descents_come_nearer() -> None:
    problems = [quadratic(18, seed=seed) for seed in range(6)]
    split = problem_split(problems)
    ratios = {
        reads: float(
            np.mean(
                build_arm(solver("random", num_reads=reads), problem_workshop(split))
                .run(1, None, 0)
                .predictions
                / split.dataset.labels
            )
        )
        for reads in (1, 100, 10_000)
    }
    assert ratios[1] < ratios[100] < ratios[10_000] < 1
    greedy = build_arm(solver("greedy"), problem_workshop(split)).run(1, None, 0)
    assert greedy.predictions == pytest.approx(split.dataset.labels.tolist(), rel=1e-8)


def _check_neighbours(n: int, sense: str) -> None:
    problem = quadratic(n, seed=n, sense=sense)
    starts = np.random.default_rng(n).integers(0, 2, size=(20, n), dtype=np.uint8)
    before = starts.copy()
    ends = descend(problem, starts)
    assert np.array_equal(starts, before)
    reached = problem.sign * problem.value(ends)
    assert np.all(reached <= problem.sign * problem.value(starts))
    for bit in range(n):
        flipped = ends.copy()
        flipped[:, bit] ^= 1
        assert np.all(problem.sign * problem.value(flipped) >= reached - 1e-9)


@pytest.mark.parametrize("sense", ["min", "max"])
@pytest.mark.parametrize("n", [1, 2, 12])
def test_no_neighbour_of_a_descent_s_end_is_better(n: int, sense: str) -> None:
    _check_neighbours(n, sense)


@needs_samplers
def test_a_descent_ends_where_that_of_dwave_samplers_does() -> None:
    dimod: Any = importlib.import_module("dimod")
    samplers: Any = importlib.import_module("dwave.samplers")
    problem = quadratic(14, seed=8)
    starts = bits_of(np.random.default_rng(2).integers(0, 2**14, size=30), 14)
    model = dimod.BinaryQuadraticModel.from_numpy_vectors(
        problem.linear, (*problem.pairs.T, problem.couplings), problem.offset, "BINARY"
    )
    peer = samplers.SteepestDescentSampler().sample(model, initial_states=(starts, range(14)))
    order = np.argsort(peer.variables)
    assert descend(problem, starts).tolist() == peer.record.sample[:, order].tolist()


def test_every_method_has_defaults_of_its_own_parameters() -> None:
    for terms in METHODS.values():
        assert not set(terms.defaults) & terms.optional
