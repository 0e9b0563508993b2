from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from qgate.data.problem import (
    Problem,
    bit_string,
    bits_of,
    make_problem,
    of_cut,
    of_spins,
)
from qgate.errors import UsageError
from tests.unit.data.problems import drawn_pairs, every_assignment, graph, quadratic


def _by_definition(problem: Problem) -> list[float]:
    values = []
    for x in every_assignment(problem.n):
        value = problem.offset + sum(problem.linear[i] * x[i] for i in range(problem.n))
        for (i, j), coupling in zip(problem.pairs, problem.couplings, strict=True):
            value += coupling * x[i] * x[j]
        values.append(value)
    return values


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_values_and_energies_are_those_of_the_definition(n: int) -> None:
    problem = quadratic(n, seed=n)
    expected = _by_definition(problem)
    assert problem.value(every_assignment(n)) == pytest.approx(expected, abs=1e-12)
    assert problem.energies() == pytest.approx(expected, abs=1e-12)


def test_whole_numbers_give_whole_values() -> None:
    problem = quadratic(9, seed=2, whole=True)
    assert problem.energies().tolist() == _by_definition(problem)


@pytest.mark.parametrize("sense", ["min", "max"])
@pytest.mark.parametrize("n", [3, 12, 20])
def test_the_optimum_is_the_best_of_all_values(n: int, sense: str) -> None:
    problem = quadratic(n, seed=n, sense=sense)
    values = problem.energies()
    best = values.min() if sense == "min" else values.max()
    value, bits = problem.optimum()
    assert value == pytest.approx(best, abs=1e-12)
    assert problem.value(bits)[0] == value


def test_of_equal_assignments_the_optimum_is_the_first() -> None:
    problem = quadratic(20, seed=1, whole=True)
    values = problem.energies()
    assert problem.optimum()[1].tolist() == bits_of(np.array([values.argmin()]), 20)[0].tolist()


def test_a_cut_counts_the_edges_between_the_two_sides() -> None:
    problem, weights = graph(8, seed=3, weighted=True)
    for x in every_assignment(8):
        cut = sum(weights[i, j] for i in range(8) for j in range(i) if x[i] != x[j])
        assert problem.value(x)[0] == pytest.approx(cut, abs=1e-12)
    assert problem.sense == "max"


def test_spins_are_plus_one_where_bits_are_one() -> None:
    rng = np.random.default_rng(5)
    pairs = drawn_pairs(6, rng)
    fields, weights = rng.normal(size=6), rng.normal(size=len(pairs))
    problem = of_spins("spins", 0.5, fields, pairs, weights)
    for x in every_assignment(6):
        s = 2 * x - 1
        energy = (
            0.5
            + fields @ s
            + sum(w * s[i] * s[j] for (i, j), w in zip(pairs, weights, strict=True))
        )
        assert problem.value(x)[0] == pytest.approx(energy, abs=1e-12)


def test_values_agree_with_dimod() -> None:
    dimod = pytest.importorskip("dimod")
    problem = quadratic(7, seed=11)
    terms = {
        (int(i), int(j)): c for (i, j), c in zip(problem.pairs, problem.couplings, strict=True)
    }
    model = dimod.BinaryQuadraticModel(
        dict(enumerate(problem.linear)), terms, problem.offset, "BINARY"
    )
    rows = every_assignment(7)
    assert problem.value(rows) == pytest.approx(model.energies((rows, range(7))), abs=1e-12)


def test_the_canonical_form_does_not_depend_on_the_order_of_terms() -> None:
    pairs, weights = np.array([(2, 0), (1, 2), (0, 1)]), np.array([1.0, 2.0, 0.0])
    first = make_problem("a", "min", 0.0, np.zeros(3), pairs, weights)
    second = make_problem("b", "min", 0.0, np.zeros(3), pairs[::-1], weights[::-1])
    assert first.pairs.tolist() == [[0, 2], [1, 2]]
    assert first.digest == second.digest
    assert first.digest != dataclasses.replace(first, sense="max").digest
    assert first.digest != dataclasses.replace(first, offset=1.0).digest


def test_a_problem_travels_between_processes() -> None:
    problem = quadratic(6, seed=1)
    problem.energies()
    again: Problem = pickle.loads(pickle.dumps(problem))  # noqa: S301  # our own bytes
    assert again.digest == problem.digest
    assert again.energies().tolist() == problem.energies().tolist()


def test_the_best_of_several_assignments_is_the_first_of_equals() -> None:
    problem = of_cut("edge", 2, np.array([(0, 1)]), np.ones(1))
    value, bits = problem.best(np.array([[0, 0], [1, 0], [0, 1]], dtype=np.uint8))
    assert (value, bit_string(bits)) == (1.0, "10")


@pytest.mark.parametrize("bits", [[[0, 1]], [[0, 1, 2]], [[0.5, 0, 1]]])
def test_what_is_no_assignment_has_no_value(bits: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"bits|0 and 1"):
        quadratic(3, seed=0).value(bits)


def test_too_many_variables_are_not_enumerated() -> None:
    problem = make_problem("wide", "min", 0.0, np.ones(27), np.empty((0, 2)), np.empty(0))
    for work in (problem.energies, problem.optimum):
        with pytest.raises(UsageError, match=r"wide: 27 variables .* 26 are the most"):
            work()
