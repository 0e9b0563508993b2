from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from qgate.arms.arm import TrialError, build_arm
from qgate.arms.kept_arrays import KeptArrays
from qgate.arms.quantum_solver import QuantumSolverArm
from qgate.charter.arm_spec import DeviceSpec, Limits, QuantumSolver
from qgate.data.problem import bits_of, make_problem
from qgate.errors import TermError
from qgate.quantum.qaoa import Qaoa
from tests.unit.arms.solving import LAGOS, problem_split, problem_workshop, qaoa, quantum
from tests.unit.data.problems import quadratic, ring


def _arm(spec: object, *problems: object, **change: object) -> QuantumSolverArm:
    split = problem_split(problems or (ring(6), quadratic(5, seed=1)))  # type: ignore[arg-type]
    workshop = dataclasses.replace(problem_workshop(split), **change)  # type: ignore[arg-type]
    arm = build_arm(spec, workshop)  # type: ignore[arg-type]
    assert isinstance(arm, QuantumSolverArm)
    return arm


@pytest.mark.parametrize(("reps", "share"), [(1, 3 / 4), (2, 5 / 6), (3, 7 / 8)])
def test_exact_values_of_a_ring_are_its_known_shares(reps: int, share: float) -> None:
    outcome = _arm(qaoa(reps, steps=200), ring(8)).run(1, None, 0)
    assert outcome.predictions[0] / 8 == pytest.approx(share, abs=1e-6)
    assert outcome.figures["expectation_ratio"] == pytest.approx(share, abs=1e-6)
    assert outcome.solutions == ()


def test_the_mean_of_shots_comes_near_the_exact_value() -> None:
    arm = _arm(qaoa(1, answer="mean"), ring(6))
    exact = arm.run(1, None, 0).predictions[0]
    drawn = [arm.run(1, 4096, replicate).predictions[0] for replicate in range(20)]
    chances = Qaoa(ring(6)).probabilities(arm.angles(0, 1).angles)
    cost = ring(6).energies()
    sd = np.sqrt(chances @ cost**2 - (chances @ cost) ** 2) / np.sqrt(4096)
    assert np.mean(drawn) == pytest.approx(exact, abs=4 * sd / np.sqrt(20))
    assert 0.5 < np.std(drawn) / sd < 1.6
    assert len(set(drawn)) > 15


def test_the_best_of_shots_is_the_best_outcome_drawn() -> None:
    arm = _arm(qaoa(1), quadratic(9, seed=3))
    few, many = (arm.run(1, shots, 0).predictions[0] for shots in (2, 5000))
    assert many == pytest.approx(quadratic(9, seed=3).optimum()[0], rel=1e-8)
    assert few >= many


def test_shots_and_replicates_share_angles_that_gradients_found() -> None:
    arm = _arm(qaoa(2))
    assert arm.angles(0, 1, 64, 0) is arm.angles(0, 1, None, 0) is arm.angles(0, 1, 64, 1)
    own = _arm(qaoa(1, "spsa", steps=5))
    first, second = own.angles(0, 1, 64, 0), own.angles(0, 1, 64, 1)
    assert first.angles.tolist() != second.angles.tolist()


def test_angles_stand_in_the_figures_of_the_largest_problem() -> None:
    arm = _arm(qaoa(2), quadratic(4, seed=1), ring(8))
    figures = arm.run(1, None, 0).figures
    expected = arm.angles(1, 1).angles
    names = ("gamma_1", "gamma_2", "beta_1", "beta_2")
    assert [figures[name] for name in names] == pytest.approx(expected.tolist(), rel=1e-8)
    assert arm.figures["qubits"] == 8
    assert arm.figures["two_qubit_gates"] == 16


def test_a_problem_without_a_ratio_has_none_in_the_figures() -> None:
    above = make_problem("above", "min", 5.0, np.ones(2), np.array([(0, 1)]), np.ones(1))
    figures = _arm(qaoa(1), above, ring(5)).run(1, None, 0).figures
    assert "expectation_ratio" not in figures
    assert "evaluations" in figures


def test_noise_lowers_what_a_circuit_expects() -> None:
    ideal, noisy = (
        _arm(qaoa(2, device=device), ring(5)).run(1, None, 0).predictions[0]
        for device in (None, LAGOS)
    )
    assert 2.5 < noisy < ideal - 0.05  # an even draw cuts 2.5 of 5


def test_a_drifted_device_has_the_candidates_own_qubits_and_angles() -> None:
    """Five starts, of which three are drawn: the calibration is all that may differ."""
    path = LAGOS.path.replace("2021-07-26", "2024-05-27")
    later = dataclasses.replace(LAGOS, path=path, placed_by=LAGOS.path)
    specs = [qaoa(2, starts=5, device=device) for device in (LAGOS, later)]
    one = _arm(specs[0], quadratic(4, seed=3))
    other = _arm(dataclasses.replace(specs[1], role="drifted"), quadratic(4, seed=3))
    assert one.figures["physical_qubits"] == other.figures["physical_qubits"]
    assert one.figures["snapshot"] != other.figures["snapshot"]
    np.testing.assert_array_equal(one.angles(0, 1).angles, other.angles(0, 1).angles)
    assert one.run(1, None, 0).predictions != other.run(1, None, 0).predictions


def test_draws_are_told_apart_only_where_they_are_many() -> None:
    arm = _arm(qaoa(1), quadratic(9, seed=1), quadratic(9, seed=2))
    found = [arm.run(1, 256, replicate).draws["measurement"] for replicate in range(4)]
    assert len(set(found)) == 4
    assert arm.run(1, 256, 0).draws == {"measurement": found[0]}
    assert arm.run(1, 8, 0).draws == {}
    assert arm.run(1, None, 0).draws == {}
    assert [*arm.run(1, 256, 0, (1, 2)).draws] == ["measurement 1 to 2"]


def test_limits_and_device_are_refused_where_they_stand() -> None:
    cases = {
        QuantumSolver(1, limits=Limits(qubits=5)): ("limits", "qubits"),
        QuantumSolver(1, device=LAGOS): ("device",),
    }
    for spec, path in cases.items():
        with pytest.raises(TermError) as caught:
            _arm(quantum(spec), ring(8))
        assert caught.value.path == ("candidate", "quantum_solver", *path)


def test_what_would_not_fit_is_refused_before_it_is_allocated() -> None:
    wide = make_problem("wide.mc", "min", 0.0, -np.ones(24), np.empty((0, 2)), np.empty(0))
    with pytest.raises(
        TrialError, match=r"wide\.mc has 24 variables, and its state takes 2\.42 GB"
    ) as e:
        _arm(qaoa(1), wide, max_memory=10**9)
    assert e.value.kind == "too_large"


def test_arrays_are_kept_up_to_a_limit_and_the_oldest_goes() -> None:
    kept = KeptArrays()
    made: list[int] = []

    def get(key: int) -> None:
        def make() -> object:
            made.append(key)
            return np.zeros(25 * 1024**2)  # 200 MiB

        kept.get(key, make)

    for key in (0, 1, 0, 2, 0, 1):
        get(key)
    assert made == [0, 1, 2, 1]


def test_bits_are_read_with_the_first_variable_first() -> None:
    assert bits_of(np.array([1, 4]), 3).tolist() == [[1, 0, 0], [0, 0, 1]]


def test_figures_name_every_qubit_that_a_problem_of_any_size_stands_on() -> None:
    hanoi = DeviceSpec(LAGOS.path.replace("lagos_2021-07-26", "hanoi_2025-02-26"))
    arms = {n: _arm(qaoa(device=hanoi), ring(n)) for n in (3, 6)}
    both = _arm(qaoa(device=hanoi), ring(3), ring(6)).figures
    own = {n: set(arm.figures["physical_qubits"]) for n, arm in arms.items()}
    assert not own[3] <= own[6]  # else nothing is shown
    assert set(both["used_qubits"]) == own[3] | own[6]
    assert set(both["physical_qubits"]) == own[6]
