"""The engine and the compiler against Qiskit's own simulation."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import DensityMatrix, Kraus, Pauli, Statevector, SuperOp

from qgate.errors import InternalError
from qgate.quantum import engine
from qgate.quantum.engine import Array, Fixed, Phases, Turn, evolve, fused, product, zero_state
from qgate.quantum.program import Noise, compile_channels, compile_states

FIXED = {"h": 1, "sx": 1, "cx": 2, "cz": 2, "swap": 2, "ccx": 3}
TURNED = {
    **dict.fromkeys(("rx", "ry", "rz", "p"), 1),
    **dict.fromkeys(("rxx", "ryy", "rzz", "rzx", "cp", "crx", "cry", "crz"), 2),
}
DEVICE = {"sx": 1, "x": 1, "cx": 2, "ecr": 2, "rz": 1, "rx": 1, "rzz": 2}
X = ParameterVector("x", 6)
ANGLES = (X[0], 2 * X[1] + 1, X[2] - X[3], X[4], 0.3 - 1.5 * X[5])


def _circuit(rng: np.random.Generator, gates: dict[str, int], qubits: int) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    names = sorted(gates)
    for _ in range(30):
        name = names[rng.integers(len(names))]
        on = rng.permutation(qubits)[: gates[name]].tolist()
        turned = name in TURNED
        angle = [ANGLES[rng.integers(len(ANGLES))]] if turned else []
        getattr(circuit, name)(*angle, *on)
    return circuit


def _bound(circuit: QuantumCircuit, row: Array) -> QuantumCircuit:
    values = {p: v for p, v in zip(X, row, strict=True) if p in circuit.parameters}
    return circuit.assign_parameters(values)


@pytest.mark.parametrize("seed", range(12))
def test_states_are_qiskits_up_to_a_phase(seed: int) -> None:
    rng = np.random.default_rng(seed)
    circuit, data = _circuit(rng, FIXED | TURNED, 5), rng.normal(size=(4, 6))
    compiled = compile_states(circuit, list(X))
    states = evolve(compiled.program, compiled.angles(data), zero_state(5))
    for row, state in zip(data, states, strict=True):
        expected = Statevector(_bound(circuit, row)).data
        assert abs(abs(np.vdot(expected, state)) - 1) < 1e-12


def test_gates_that_the_engine_does_not_know_are_taken_apart() -> None:
    circuit = QuantumCircuit(2)
    circuit.u(X[0], 0.3, 0.4, 0)
    circuit.cu(X[1], 0.2, X[2], 0.1, 0, 1)
    row = np.array([0.3, -1.2, 0.8, 0.0, 0.0, 0.0])
    compiled = compile_states(circuit, list(X))
    state = evolve(compiled.program, compiled.angles(row[None]), zero_state(2))[0]
    assert abs(abs(np.vdot(Statevector(_bound(circuit, row)).data, state)) - 1) < 1e-12


def test_an_angle_that_is_not_affine_is_a_bug_of_the_caller() -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(X[0] * X[1], 0)
    with pytest.raises(InternalError, match="not affine"):
        compile_states(circuit, list(X))


def _noise(rng: np.random.Generator, qubits: int) -> Noise:
    """Return a random channel after each gate of a device, on each of its places."""
    found = {}
    for name, count in DEVICE.items():
        for on in np.ndindex(*(qubits,) * count):
            if len(set(on)) == count:
                ways = rng.normal(size=(2, 2**count, 2**count, 2)) @ [1, 1j]
                ways = np.concatenate([np.sqrt(20) * np.eye(2**count)[None], ways])
                whole = sum(way.conj().T @ way for way in ways)
                root = np.linalg.inv(np.linalg.cholesky(whole).conj().T)
                found[name, on] = SuperOp(Kraus([way @ root for way in ways])).data
    return found


def _behind_noise(circuit: QuantumCircuit, noise: Noise) -> DensityMatrix:
    state = DensityMatrix.from_int(0, 2**circuit.num_qubits)
    for item in circuit.data:
        on = [circuit.find_bit(qubit).index for qubit in item.qubits]
        state = state.evolve(item.operation, on)
        state = state.evolve(SuperOp(noise[item.operation.name, tuple(on)]), on)
    return state


@pytest.mark.parametrize("seed", range(6))
def test_density_matrices_behind_noise_are_qiskits_and_effects_are_their_adjoint(seed: int) -> None:
    rng = np.random.default_rng(seed)
    circuit, data = _circuit(rng, DEVICE, 3), rng.normal(size=(3, 6))
    noise = _noise(rng, 3)
    compiled = compile_channels(circuit, list(X), noise)
    zero = np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)
    states = evolve(compiled.program, compiled.angles(data), product([zero] * 3))
    read = [np.array([1.0 - 0.1 * q, 0.02, 0.01, 0.8]) / np.sqrt(2) for q in range(3)]
    backward = compiled.adjoint
    effects = evolve(backward.program, backward.angles(data), product(read))
    for row, state, effect in zip(data, states, effects, strict=True):
        expected = _behind_noise(_bound(circuit, row), noise)
        coefficients = [
            expected.expectation_value(Pauli(f"{a}{b}{c}")).real / np.sqrt(8)
            for a in "IXYZ" for b in "IXYZ" for c in "IXYZ"
        ]  # fmt: skip
        np.testing.assert_allclose(state, coefficients, rtol=0, atol=1e-13)
        assert product(read) @ state == pytest.approx(effect @ product([zero] * 3), abs=1e-13)


def test_a_gate_without_noise_is_perfect() -> None:
    circuit = QuantumCircuit(1)
    circuit.x(0)
    compiled = compile_channels(circuit, [], {})
    one = evolve(compiled.program, np.zeros((2, 0)), np.array([1.0, 0.0, 0.0, 1.0]))
    np.testing.assert_allclose(one, [[1, 0, 0, -1]] * 2, rtol=0, atol=1e-15)


def test_rows_in_blocks_are_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    compiled = compile_states(_circuit(rng, FIXED | TURNED, 4), list(X))
    angles = compiled.angles(rng.normal(size=(7, 6)))
    whole = evolve(compiled.program, angles, zero_state(4))
    monkeypatch.setattr(engine, "_BLOCK_BYTES", 3 * 16 * 2**4)
    blocks = evolve(compiled.program, angles, zero_state(4))
    np.testing.assert_allclose(blocks, whole, rtol=0, atol=1e-15)
    assert evolve(compiled.program, angles[:0], zero_state(4)).shape == (0, 16)


def test_a_zz_feature_map_is_two_products_and_one_phase_a_repetition() -> None:
    circuit = QuantumCircuit(6)
    for _ in range(2):
        circuit.h(range(6))
        for i in range(6):
            circuit.rz(X[i], i)
        for i in range(6):
            for j in range(i):
                circuit.rzz(Parameter(f"{i}/{j}/{circuit.size()}"), i, j)
    found = compile_states(circuit, list(circuit.parameters)).program.steps
    kinds = [(type(step), len(step.axes)) for step in found]
    assert kinds == [(Fixed, 5), (Fixed, 1), (Phases, 6)] * 2


def test_fusing_keeps_the_order_of_what_does_not_commute() -> None:
    x, z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
    turn = Turn((0,), 0, 0.5, np.zeros((2, 2)), np.eye(2), -1j * x)
    steps = (Fixed((0,), z), turn, Fixed((0,), x), Fixed((1,), z), Fixed((1,), x))
    program = engine.Program(2, 2, steps)
    angles, start = np.array([[0.3], [1.1]]), np.array([0.5, 0.5j, -0.5, 0.5])
    expected = evolve(program, angles, start)
    found = fused(program, 2, apart=True)
    assert len(found.steps) == 3
    np.testing.assert_allclose(evolve(found, angles, start), expected, rtol=0, atol=1e-15)
