"""The kernel behind a device's noise, against Aer pair by pair and against closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import SuperOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise.device import basic_device_gate_errors

from qgate.charter.arm_spec import DeviceSpec, Layer, QuantumKernel, Step
from qgate.quantum.build import Built, build_kernel
from qgate.quantum.device import Device, from_document, to_target
from qgate.quantum.device_kernel import DeviceKernel
from qgate.quantum.engine import Array
from qgate.quantum.estimate import measured_gram
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.kernel import StateKernel
from qgate.quantum.noise import noise_model
from qgate.quantum.template import Template, folded, make_template

FIXTURES = Path(__file__).parents[3] / "fixtures" / "devices"
ZZ = Layer("zz", "zz_feature_map", pairs="full", reps=2)
RY = Layer("y", "angle", "ry")
CX = ("sx", "x", "rz", "cx")


def device(
    qubits: int,
    names: Sequence[str] = CX,
    *,
    one: float = 0.0,
    two: float = 0.0,
    readout: Sequence[tuple[float, float]] = (),
    **times: float,
) -> Device:
    """Return a device with all pairs coupled; `readout` is each qubit's P(1|0) and P(0|1)."""
    wrong = readout or [(0.0, 0.0)] * qubits
    single, pairs = names[:-1] if qubits > 1 else names, names[-1:] if qubits > 1 else ()
    rotates = {"rz", "p"}
    gates: list[dict[str, Any]] = [
        {"gate": name, "qubits": [q], "error": 0.0 if name in rotates else one, "duration_ns": 35}
        for name in single
        for q in range(qubits)
    ]
    gates += [
        {"gate": name, "qubits": [a, b], "error": two, "duration_ns": 300}
        for name in pairs
        for a in range(qubits)
        for b in range(qubits)
        if a != b
    ]
    return from_document(
        {
            "version": 1,
            "device": "toy",
            "time": "2026-01-01T00:00:00Z",
            "source": "made by a test",
            "qubits": [{"readout": {"p1_given_0": u, "p0_given_1": d}, **times} for u, d in wrong],
            "gates": gates,
        }
    )


def behind(
    layers: Sequence[Layer], features: int, on: Device
) -> tuple[FeatureMap, Template, DeviceKernel]:
    feature_map = FeatureMap(layers, 1, features)
    template = make_template(feature_map, on)
    return feature_map, template, DeviceKernel(feature_map, on, template)


def exact(kernel: Any, X: Array) -> Array:
    """Return all ordered pairs."""
    return np.asarray(kernel.estimate(kernel.first(X), kernel.second(X)).exact)


def rows(count: int, features: int, seed: int = 4) -> Array:
    return np.random.default_rng(seed).uniform(-1.5, 1.5, size=(count, features))


def _placed(name: str, qubits: tuple[int, ...], features: int) -> Built:
    spec = QuantumKernel((ZZ,), 1, Step("sklearn.svm.SVC", {}), DeviceSpec(name, qubits))
    return build_kernel(spec, features, FIXTURES, sampled=False)


DEVICES = [
    pytest.param("lagos_2021-07-26.json", (), 4, id="lagos"),
    pytest.param("lagos_2024-05-27.json", (4, 3, 5, 6), 4, id="lagos, qubits named out of order"),
    pytest.param("hanoi_2025-02-26.json", (), 5, id="hanoi"),
    pytest.param("hanoi_2025-02-26.json", (8, 5, 3, 2), 4, id="hanoi, across a broken direction"),
]


@pytest.mark.parametrize(("name", "qubits", "features"), DEVICES)
def test_every_pair_is_what_aer_makes_of_the_same_circuit(
    name: str, qubits: tuple[int, ...], features: int
) -> None:
    built, X = _placed(name, qubits, features), rows(3, features)
    assert built.placed is not None
    found, template, on = exact(built.kernel, X), built.placed.template, built.placed.device
    inserted = _aer(_with_channels(template.circuit, on), template, built.feature_map, X, on)
    np.testing.assert_allclose(found, inserted, rtol=0, atol=1e-10)
    # Of a noise model Aer leaves out the terms whose chance is below 1e-10, again at each gate.
    modelled = _aer(template.circuit, template, built.feature_map, X, on, modelled=True)
    np.testing.assert_allclose(found, modelled, rtol=0, atol=1e-7)
    assert np.diag(found).max() < 0.95, "there is noise to speak of"


def _aer(
    circuit: QuantumCircuit,
    template: Template,
    feature_map: FeatureMap,
    X: Array,
    on: Device,
    *,
    modelled: bool = False,
) -> Array:
    """Return the chance to read all zeros of each ordered pair, one circuit each."""
    run = circuit.copy()
    run.save_probabilities()
    simulator = AerSimulator(
        method="density_matrix",
        max_parallel_threads=1,
        **({"noise_model": noise_model(on)} if modelled else {}),
    )
    angles, count = feature_map.angles(X), len(X)
    first, second = np.repeat(angles, count, axis=0), np.tile(angles, (count, 1))
    values = np.hstack([first, second]).T.tolist()
    binds = dict(zip((*template.x, *template.y), values, strict=True))
    result = simulator.run([run], parameter_binds=[binds]).result()
    effect: Array = np.ones(1)
    for qubit in on.qubits:
        assert qubit.p1_given_0 is not None
        effect = np.asarray(np.kron([1 - qubit.p1_given_0, qubit.p0_given_1 or 0.0], effect))
    chances = [effect @ result.data(pair)["probabilities"] for pair in range(count**2)]
    return np.reshape(chances, (count, count))


def _with_channels(circuit: QuantumCircuit, on: Device) -> QuantumCircuit:
    """Return a circuit with Aer's own channel after each gate, as an instruction, uncut."""
    channels = {
        (name, tuple(qubits)): SuperOp(error).to_instruction()
        for name, qubits, error in basic_device_gate_errors(target=to_target(on))
        if not error.ideal()
    }
    noisy = circuit.copy_empty_like()
    for item in circuit.data:
        noisy.append(item)
        qubits = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
        if channel := channels.get((item.operation.name, qubits)):
            noisy.append(channel, item.qubits)
    return noisy


@pytest.mark.parametrize("names", [CX, ("sx", "x", "rz", "ecr"), ("h", "rx", "p", "cz"),
                                   ("sx", "rz", "rzz"), ("sx", "rz", "iswap")])  # fmt: skip
def test_a_device_without_errors_gives_the_ideal_kernel(names: tuple[str, ...]) -> None:
    on, X = device(4, names), rows(5, 4)
    feature_map, _, kernel = behind([ZZ, RY], 4, on)
    ideal = StateKernel(feature_map)
    np.testing.assert_allclose(exact(kernel, X), exact(ideal, X), rtol=0, atol=1e-12)
    assert not kernel.unit_diagonal


def test_depolarising_alone_shrinks_the_fidelity_towards_a_half() -> None:
    """RY and its inverse, each followed by rho to (1 - p) rho + p I / 2 with p = 2 error."""
    error = 0.04
    _, _, kernel = behind([RY], 1, device(1, ("ry",), one=error))
    X = rows(6, 1)
    expected = 0.5 + 0.5 * (1 - 2 * error) ** 2 * np.cos(X - X.T)
    np.testing.assert_allclose(exact(kernel, X), expected, rtol=0, atol=1e-12)


def test_relaxation_alone_makes_the_kernel_asymmetric() -> None:
    """RY on one qubit, decay a and coherence b after each gate: z of the end in closed form."""
    on = device(1, ("ry",), one=1e-12, t1_us=0.5, t2_us=0.4)
    decay, across = np.exp(-0.035 / 0.5), np.exp(-0.035 / 0.4)
    _, _, kernel = behind([RY], 1, on)
    X, found = rows(6, 1), exact(kernel, rows(6, 1))
    z = 1 - decay * (1 - np.cos(X))
    z = 1 - decay * (1 - z * np.cos(X.T) - across * np.sin(X) * np.sin(X.T))
    np.testing.assert_allclose(found, (1 + z) / 2, rtol=0, atol=1e-12)
    assert np.abs(found - found.T).max() > 1e-3


def test_readout_error_alone() -> None:
    """All zeros are read of all zeros; of another state also what is misread as zeros."""
    readout = [(0.02, 0.07), (0.11, 0.03), (0.05, 0.05)]
    feature_map, template, kernel = behind([RY], 3, device(3, readout=readout))
    X, found = rows(5, 3), exact(kernel, rows(5, 3))
    np.testing.assert_allclose(np.diag(found), 0.98 * 0.89 * 0.95, rtol=0, atol=1e-12)
    zero = (1 + np.cos(X[:, None] - X[None])) / 2
    up, down = np.array(readout)[template.circuit.layout.initial_index_layout()].T
    expected = np.prod((1 - up) * zero + down * (1 - zero), axis=2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    perfect = kernel.first(X) @ kernel.perfect(X).T
    ideal = exact(StateKernel(feature_map), X)
    np.testing.assert_allclose(perfect, ideal, rtol=0, atol=1e-12)


def test_the_outcomes_of_a_pair_sum_to_one() -> None:
    built, X = _placed("lagos_2021-07-26.json", (), 4), rows(3, 4)
    kernel = built.kernel
    assert isinstance(kernel, DeviceKernel)
    chances = np.array([kernel.first(X) @ kernel.second(X, each).T for each in range(16)])
    assert chances.min() > -1e-12
    np.testing.assert_allclose(chances.sum(axis=0), 1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(chances[0], exact(kernel, X), rtol=0, atol=1e-12)


FOLDED = [CX, ("sx", "x", "rz", "ecr"), ("sx", "rz", "rzz"), ("sx", "rz", "iswap")]


@pytest.mark.parametrize("names", FOLDED, ids=lambda names: names[-1])
def test_folded_gates_do_the_same_and_bring_as_much_noise_as_many_gates(
    names: tuple[str, ...],
) -> None:
    X = rows(4, 3)
    perfect = device(3, names)
    feature_map, template, plain = behind([ZZ], 3, perfect)
    kernel = DeviceKernel(feature_map, perfect, folded(template, 3))
    np.testing.assert_allclose(exact(kernel, X), exact(plain, X), rtol=0, atol=1e-12)
    noisy = device(3, names, two=0.01)
    distances = [
        -np.log((np.diag(exact(DeviceKernel(feature_map, noisy, each), X)).mean() - 1 / 8) * 8 / 7)
        for each in (template, folded(template, 3), folded(template, 5))
    ]
    # How far a row's own fidelity falls towards the mixed state's 1/8, as a logarithm.
    assert distances[0] > 0.1
    assert distances[1] / distances[0] == pytest.approx(3, rel=0.05)
    assert distances[2] / distances[0] == pytest.approx(5, rel=0.05)
    gates = [folded(template, times).circuit.num_nonlocal_gates() for times in (1, 3, 5)]
    assert gates == [gates[0], 3 * gates[0], 5 * gates[0]]


def test_draws_scatter_about_the_chances_as_binomial_frequencies_do() -> None:
    shots, X = 400, rows(60, 3)
    _, _, kernel = behind([ZZ], 3, device(3, one=0.002, two=0.02, readout=[(0.02, 0.05)] * 3))
    estimate = kernel.estimate(kernel.first(X), kernel.second(X))
    drawn = measured_gram(estimate, shots, np.random.default_rng(8), unit_diagonal=False)
    assert (drawn == drawn.T).all()
    upper = np.triu_indices(60)
    chances = estimate.exact[upper]
    z = (drawn[upper] - chances) / np.sqrt(chances * (1 - chances) / shots)
    assert z.mean() == pytest.approx(0, abs=4 / np.sqrt(len(z)))
    assert z.std() == pytest.approx(1, abs=4 / np.sqrt(2 * len(z)))
    assert np.diag(drawn).max() < 1


def test_a_pair_in_a_device_s_circuit_has_one_layout_and_a_barrier_between_its_halves() -> None:
    template = _placed("hanoi_2025-02-26.json", (), 5).placed
    assert template is not None
    first, second = template.template.first, template.template.second
    assert set(first.parameters) == set(template.template.x)
    assert set(second.parameters) == set(template.template.y)
    size = first.size() + second.size()
    assert template.template.circuit.size() == size
