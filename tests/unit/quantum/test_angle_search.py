from __future__ import annotations

import numpy as np
import pytest

from qgate.charter.arm_spec import QuantumSolver, Search
from qgate.data.problem import Array, make_problem
from qgate.quantum.angle_search import Scales, by_gradient, by_values, sampled
from qgate.quantum.qaoa import Qaoa, ramp
from qgate.quantum.solver_starts import qaoa_starts
from tests.unit.data.problems import quadratic, ring


def _rng() -> np.random.Generator:
    return np.random.default_rng(1)


def _spec(reps: int, method: str = "bfgs", starts: int = 5) -> QuantumSolver:
    return QuantumSolver(reps, search=Search(method, 200, starts))


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_starts_are_so_many_and_the_first_is_an_annealing_schedule(depth: int) -> None:
    problem = quadratic(5, seed=1)
    for method in ("bfgs", "cobyla"):
        for count in (1, 2, 5):
            _, starts, evaluations = qaoa_starts(
                problem, Qaoa(problem), _spec(depth, method, count), _rng()
            )
            assert len(starts) == count
            assert starts[0].tolist() == ramp(problem, depth).tolist()
            assert all(start.shape == (2 * depth,) for start in starts)
            assert (evaluations > 0) == (method == "bfgs" and depth > 1 and count > 1)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("sense", ["min", "max"])
def test_gradients_find_the_same_share_whatever_the_units(scale: float, sense: str) -> None:
    drawn = quadratic(6, seed=3, sense=sense)
    problem = make_problem(
        "scaled", sense, 0.0, scale * drawn.linear, drawn.pairs, scale * drawn.couplings
    )
    qaoa = Qaoa(problem)
    scales, starts, _ = qaoa_starts(problem, qaoa, _spec(2), _rng())
    found = by_gradient(qaoa, starts, scales, 200)
    assert found.value == pytest.approx(qaoa.expectation(found.angles), rel=1e-8)
    share = (qaoa.cost.mean() - found.value) / qaoa.cost.std()
    plain = make_problem("plain", sense, 0.0, drawn.linear, drawn.pairs, drawn.couplings)
    scales, starts, _ = qaoa_starts(plain, Qaoa(plain), _spec(2), _rng())
    expected = by_gradient(Qaoa(plain), starts, scales, 200).value
    cost = Qaoa(plain).cost
    assert share == pytest.approx((cost.mean() - expected) / cost.std(), abs=1e-5)


@pytest.mark.parametrize(("depth", "share"), [(1, 3 / 4), (2, 5 / 6), (3, 7 / 8)])
def test_the_search_finds_the_known_optimum_of_a_ring(depth: int, share: float) -> None:
    problem = ring(8)
    qaoa = Qaoa(problem)
    scales, starts, _ = qaoa_starts(problem, qaoa, _spec(depth, starts=2), _rng())
    found = by_gradient(qaoa, starts, scales, 200)
    assert found.value / 8 == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(("method", "per_step"), [("cobyla", 1), ("spsa", 2)])
def test_values_alone_find_a_ring_s_angles(method: str, per_step: int) -> None:
    problem = ring(6)
    qaoa = Qaoa(problem)
    scales, starts, _ = qaoa_starts(problem, qaoa, _spec(1, method, 2), _rng())
    starts[0] = np.array([0.3, 0.1])
    rng, seen = _rng(), []

    def estimate(angles: Array) -> float:
        seen.append(angles)
        return float(qaoa.cost[sampled(qaoa.probabilities(angles), 2000, rng)].mean())

    found = by_values(estimate, starts, scales, 60, method, rng)
    assert qaoa.expectation(found.angles) / 6 > 0.72
    assert found.evaluations == len(seen) <= 2 * (per_step * 60 + 11)


def test_a_flat_landscape_ends_where_it_starts() -> None:
    units = Scales(np.ones(2), 1.0)
    start = np.array([0.5, 0.25])
    for method in ("cobyla", "spsa"):
        found = by_values(lambda _: 1.0, [start], units, 20, method, _rng())
        assert found.value == 1.0
        if method == "spsa":
            assert found.angles.tolist() == start.tolist()


def test_samples_follow_the_chances() -> None:
    chances = np.array([0.5, 0.0, 0.3, 0.2])
    counts = np.bincount(sampled(chances, 100_000, _rng()), minlength=4) / 100_000
    assert counts[1] == 0
    assert counts == pytest.approx(chances, abs=4 * np.sqrt(0.25 / 100_000))


def test_samples_of_rounded_chances_stay_within_the_assignments() -> None:
    chances = np.array([1.0, 0.0]) * (1 - 1e-12)
    assert set(sampled(chances, 1000, _rng()).tolist()) == {0}
