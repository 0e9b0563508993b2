from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from qgate.data.problem import Array, Problem, make_problem, of_cut
from qgate.quantum.qaoa import Qaoa, interpolated, ising, ramp, unit_of
from tests.unit.data.problems import every_assignment, graph, quadratic, ring


def _expected_edge(weights: Array, u: int, v: int, gamma: float, beta: float) -> float:
    """Return how often QAOA with p = 1 cuts an edge of a weighted graph.

    Wang, Hadfield, Jiang and Rieffel 2018, theorem 1, whose powers of cosines are products where
    edges have weights (Ozaeta, van Dam and McMahon 2022).
    """
    rest = [k for k in range(len(weights)) if k not in (u, v)]
    first = np.prod(np.cos(gamma * weights[u, rest]))
    second = np.prod(np.cos(gamma * weights[v, rest]))
    same = np.prod(np.cos(gamma * (weights[u, rest] + weights[v, rest])))
    other = np.prod(np.cos(gamma * (weights[u, rest] - weights[v, rest])))
    edge = np.sin(4 * beta) * np.sin(gamma * weights[u, v]) * (first + second) / 4
    return float(0.5 + edge - np.sin(2 * beta) ** 2 * (other - same) / 4)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_one_layer_on_any_graph_is_the_closed_form(seed: int, weighted: bool) -> None:
    problem, weights = graph(9, seed, weighted=weighted)
    gamma, beta = np.random.default_rng(seed).uniform(-1.5, 1.5, size=2)
    expected = sum(
        weights[u, v] * _expected_edge(weights, u, v, gamma, beta)
        for u in range(9)
        for v in range(u)
        if weights[u, v]
    )
    assert Qaoa(problem).expectation(np.array([gamma, beta])) == pytest.approx(expected, abs=1e-10)


def test_powers_of_the_published_formula_agree_with_its_products() -> None:
    """So that the formula above is held against the one of the paper."""
    _, weights = graph(9, 1, weighted=False)
    gamma, beta = 0.7, 0.3
    for u, v in np.argwhere(np.triu(weights)):
        d, e = weights[u].sum() - 1, weights[v].sum() - 1
        f = float(weights[u] @ weights[v])
        cos = np.cos(gamma)
        published = 0.5 + np.sin(4 * beta) * np.sin(gamma) * (cos**d + cos**e) / 4
        published -= (
            np.sin(2 * beta) ** 2 * cos ** (d + e - 2 * f) * (1 - np.cos(2 * gamma) ** f) / 4
        )
        assert _expected_edge(weights, u, v, gamma, beta) == pytest.approx(published, abs=1e-12)


def test_a_cubic_graph_without_triangles_at_its_best_angles() -> None:
    edges = np.array([(u, 3 + v) for u in range(3) for v in range(3)])
    problem = of_cut("K33", 6, edges, np.ones(9))
    angles = np.array([np.arctan(1 / np.sqrt(2)), np.pi / 8])
    found = Qaoa(problem).expectation(angles) / 9
    assert found == pytest.approx(0.5 + 1 / (3 * np.sqrt(3)), abs=1e-12)
    assert round(found, 6) == 0.69245


def _best(problem: Problem, depth: int) -> float:
    qaoa = Qaoa(problem)

    def scaled(angles: Array) -> tuple[float, Array]:
        value, slope = qaoa.gradient(angles)
        return problem.sign * value, problem.sign * slope

    end = minimize(
        scaled, ramp(problem, depth), jac=True, method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-10},
    )  # fmt: skip
    return float(problem.sign * end.fun)


@pytest.mark.parametrize(("depth", "share"), [(1, 3 / 4), (2, 5 / 6), (3, 7 / 8)])
def test_rings_reach_the_known_share_of_their_edges(depth: int, share: float) -> None:
    """Farhi, Goldstone and Gutmann 2014: (2 p + 1) / (2 p + 2) on rings of over 2 p vertices."""
    assert _best(ring(8), depth) / 8 == pytest.approx(share, abs=1e-7)


def _by_qubits(problem: Problem, angles: Array) -> Array:
    """Return the chances of QAOA, gate by gate."""
    depth = len(angles) // 2
    cost = problem.value(every_assignment(problem.n))
    state = np.full(len(cost), len(cost) ** -0.5, dtype=np.complex128)
    for gamma, beta in zip(angles[:depth], angles[depth:], strict=True):
        state *= np.exp(-1j * gamma * cost)
        cos, sin = np.cos(beta), -1j * np.sin(beta)
        for qubit in range(problem.n):
            halves = state.reshape(-1, 2, 2**qubit)
            zero, one = halves[:, 0], halves[:, 1]
            state = np.stack([cos * zero + sin * one, sin * zero + cos * one], axis=1).ravel()
    return np.asarray(np.abs(state) ** 2)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("n", [1, 2, 4, 5, 9, 13, 14])  # of 13 and more, phases are doubled
def test_chances_are_those_of_the_gates(n: int, whole: bool) -> None:
    problem = quadratic(n, seed=n, whole=whole)
    angles = np.random.default_rng(n).normal(size=6)
    qaoa = Qaoa(problem)
    chances = qaoa.probabilities(angles)
    assert chances == pytest.approx(_by_qubits(problem, angles), abs=1e-14)
    assert qaoa.expectation(angles) == pytest.approx(chances @ qaoa.cost, abs=1e-13)


def test_large_states_are_mixed_in_blocks_as_small_ones_are() -> None:
    """Two problems side by side are a product: their chances multiply, beyond a block's size."""
    left, right = quadratic(9, seed=1), quadratic(9, seed=2)
    both = make_problem(
        "both", "min", 0.0, np.concatenate([left.linear, right.linear]),
        np.concatenate([left.pairs, right.pairs + 9]),
        np.concatenate([left.couplings, right.couplings]),
    )  # fmt: skip
    angles = np.array([0.4, 0.7, -0.5, -0.2])
    expected = np.kron(Qaoa(right).probabilities(angles), Qaoa(left).probabilities(angles))
    assert np.abs(Qaoa(both).probabilities(angles) - expected).max() < 1e-15


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("n", [1, 3, 6, 10])
def test_the_gradient_is_the_slope_of_the_expectation(n: int, whole: bool) -> None:
    qaoa = Qaoa(quadratic(n, seed=n, whole=whole))
    angles, step = np.random.default_rng(n).normal(size=6), 1e-5
    value, gradient = qaoa.gradient(angles)
    assert value == pytest.approx(qaoa.expectation(angles), abs=1e-12)
    for place, move in enumerate(step * np.eye(6)):
        rise = qaoa.expectation(angles + move) - qaoa.expectation(angles - move)
        assert gradient[place] == pytest.approx(rise / (2 * step), abs=1e-7)


def test_the_ising_form_has_the_same_values() -> None:
    problem = quadratic(6, seed=4)
    fields, constant, couplings = ising(problem)
    z = 1 - 2 * every_assignment(6)
    pairs = z[:, problem.pairs[:, 0]] * z[:, problem.pairs[:, 1]]
    assert constant + z @ fields + pairs @ couplings == pytest.approx(problem.energies(), abs=1e-12)


def test_the_unit_is_the_spread_of_an_even_draw() -> None:
    problem = quadratic(8, seed=5)
    spread = np.std(problem.energies()) / np.sqrt(8)
    assert unit_of(problem) == pytest.approx(spread, rel=1e-12)
    assert (
        unit_of(make_problem("flat", "min", 2.0, np.zeros(2), np.empty((0, 2)), np.empty(0))) == 1
    )


@pytest.mark.parametrize("sense", ["min", "max"])
def test_an_annealing_schedule_beats_an_even_draw_at_any_scale(sense: str) -> None:
    for scale in (1e-3, 1.0, 1e4):
        drawn = quadratic(8, seed=6, sense=sense)
        problem = make_problem(
            "scaled", sense, 0.0, scale * drawn.linear, drawn.pairs, scale * drawn.couplings
        )
        qaoa = Qaoa(problem)
        mean, spread = qaoa.cost.mean(), qaoa.cost.std()
        gain = problem.sign * (mean - qaoa.expectation(ramp(problem, 3))) / spread
        assert gain > 1


def test_interpolation_keeps_a_linear_schedule_and_adds_a_layer() -> None:
    """Zhou et al. 2020: from (g1, g2) to (g1, (g1 + g2) / 2, g2)."""
    found = interpolated(np.array([1.0, 3.0, 5.0, 4.0]))
    assert found.tolist() == pytest.approx([1.0, 2.0, 3.0, 5.0, 4.5, 4.0])
