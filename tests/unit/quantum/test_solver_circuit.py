from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from qgate.charter.arm_spec import DeviceSpec, Layer, Limits, QuantumSolver
from qgate.data.problem import Array
from qgate.errors import TermError
from qgate.quantum.noise import noise_model, readout
from qgate.quantum.portrait import solver_portrait
from qgate.quantum.qaoa import Qaoa
from qgate.quantum.solver_circuit import Bench, Drawn, OnDevice, Trained, build_solver, draw, place
from tests.unit.data.problems import quadratic, ring

HERE = Path()
DEVICES = Path(__file__).parents[3] / "fixtures" / "devices"
LAGOS = DeviceSpec(str(DEVICES / "lagos_2021-07-26.json"))
ANSATZ = (Layer("turn", "real_amplitudes", reps=1),)


def _state(drawn: Drawn, angles: Array) -> Array:
    values = dict(zip(drawn.parameters, drawn.values(angles)[0].tolist(), strict=True))
    return np.asarray(Statevector(drawn.circuit.assign_parameters(values)).probabilities())


def test_qiskit_gives_the_circuit_of_qaoa_the_same_chances() -> None:
    problem, angles = quadratic(5, seed=1), np.array([0.4, 0.9, -0.3, -0.7])
    drawn = draw(QuantumSolver(2), problem, HERE)
    assert _state(drawn, angles) == pytest.approx(Qaoa(problem).probabilities(angles), abs=1e-12)


def test_trained_weights_give_the_chances_and_slopes_of_their_circuit() -> None:
    problem = quadratic(4, seed=2)
    drawn = draw(QuantumSolver(2, ANSATZ), problem, HERE)
    assert drawn.weights is not None
    assert drawn.weights.count == 2 * 2 * 4
    angles = np.random.default_rng(3).normal(size=drawn.weights.count)
    trained, expected = Trained(problem, drawn), _state(drawn, angles)
    assert trained.probabilities(angles) == pytest.approx(expected, abs=1e-12)
    value, gradient = trained.gradient(angles)
    assert value == pytest.approx(expected @ problem.energies(), abs=1e-12)
    for place_, move in enumerate(1e-5 * np.eye(len(angles))):
        rise = (_state(drawn, angles + move) - _state(drawn, angles - move)) @ problem.energies()
        assert gradient[place_] == pytest.approx(rise / 2e-5, abs=1e-7)


def _aer(placed: OnDevice, drawn: Drawn, angles: Array) -> Array:
    """Return the chances of a noisy circuit from Aer's density matrix, readout errors by hand."""
    values = dict(zip(drawn.parameters, drawn.values(angles)[0].tolist(), strict=True))
    circuit = placed.laid.assign_parameters(values)
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=noise_model(placed.device))
    rho = np.asarray(simulator.run(circuit).result().data()["density_matrix"])
    n = circuit.num_qubits
    left = np.real(np.diag(rho)).reshape((2,) * n)
    for qubit, chances in enumerate(readout(placed.device)):
        left = np.moveaxis(np.tensordot(left, chances, (n - 1 - qubit, 0)), -1, n - 1 - qubit)
    ends = placed.laid.layout.final_index_layout()
    return left.transpose([n - 1 - ends[v] for v in reversed(range(n))]).ravel()


@pytest.mark.parametrize(
    "spec", [QuantumSolver(1, device=LAGOS), QuantumSolver(1, ANSATZ, device=LAGOS)]
)
def test_noisy_chances_are_those_of_aer_s_density_matrix(spec: QuantumSolver) -> None:
    problem = quadratic(4, seed=4)
    drawn = draw(spec, problem, HERE)
    placed = place(drawn, Bench(LAGOS, HERE))
    count = 2 if drawn.weights is None else drawn.weights.count
    angles = np.random.default_rng(5).normal(size=count)
    found = placed.probabilities(angles)
    assert found == pytest.approx(_aer(placed, drawn, angles), abs=1e-9)
    assert np.abs(found - _state(drawn, angles)).max() > 1e-3  # the noise is felt


def test_a_later_snapshot_may_stand_where_an_earlier_one_put_the_circuit() -> None:
    drawn, angles = draw(QuantumSolver(1), ring(5), HERE), np.array([0.6, 0.3])
    later = replace(LAGOS, path=str(DEVICES / "lagos_2024-05-27.json"), placed_by=LAGOS.path)
    locked, current = (place(drawn, Bench(spec, HERE)) for spec in (LAGOS, later))
    assert current.qubits == locked.qubits
    assert current.order == locked.order
    assert current.laid == locked.laid
    assert current.device.digest != locked.device.digest
    assert current.probabilities(angles) == pytest.approx(_aer(current, drawn, angles), abs=1e-9)
    assert np.abs(current.probabilities(angles) - locked.probabilities(angles)).max() > 0.01


def test_figures_are_of_the_circuit_that_runs() -> None:
    spec, noisy = QuantumSolver(2), QuantumSolver(2, device=LAGOS)
    ideal = build_solver(spec, ring(5), None, HERE).figures
    assert (ideal["qubits"], ideal["two_qubit_gates"], ideal["parameters"]) == (5, 10, 4)
    built = build_solver(noisy, ring(5), Bench(LAGOS, HERE), HERE)
    found, placed = built.figures, built.placed
    assert placed is not None
    assert found["two_qubit_gates"] >= 2 * 10
    assert found["device"] == "ibm_lagos"
    assert sorted(found["physical_qubits"]) == sorted(placed.qubits)
    plain, laid = solver_portrait(noisy, built)["circuits"]
    assert plain == {"what": "QAOA on ring5", **ideal}
    assert laid["two_qubit_gates"] == found["two_qubit_gates"]
    assert laid["modelled_duration_us"] > 0


def test_a_circuit_beyond_its_limits_is_refused() -> None:
    spec = QuantumSolver(1, limits=Limits(two_qubit_gates=4))
    with pytest.raises(TermError, match="two qubit gates 5, the limit is 4") as caught:
        build_solver(spec, ring(5), None, HERE)
    assert caught.value.path == ("limits", "two_qubit_gates")


def test_a_problem_beyond_its_device_is_refused() -> None:
    spec = QuantumSolver(1, device=LAGOS)
    with pytest.raises(TermError, match="the circuit needs 8 qubits, ibm_lagos has 7"):
        place(draw(spec, ring(8), HERE), Bench(LAGOS, HERE))


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (Layer("data", "angle", "ry"), "only fixed gates and trained weights"),
        (Layer("fixed", "hadamard"), "no layer has a weight that is trained"),
    ],
)
def test_layers_must_be_trained_and_take_no_data(layer: Layer, said: str) -> None:
    with pytest.raises(TermError, match=said):
        draw(QuantumSolver(1, (layer,)), ring(4), HERE)
