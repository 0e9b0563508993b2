"""The noise of a snapshot, against closed forms and against Aer's own simulation of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Choi, SuperOp
from qiskit_aer import AerSimulator

from qgate.quantum.device import Device, from_document, read_device, restricted
from qgate.quantum.noise import gate_noise, noise_model, readout

Complex = npt.NDArray[np.complex128]

FIXTURES = Path(__file__).parents[3] / "fixtures/devices"
SNAPSHOTS = sorted(FIXTURES.glob("*.json"))


def two(error: float | None, duration_ns: float | None, **changed: Any) -> Device:
    """Return two qubits with different times and one `cx` from the second to the first."""
    first = {"t1_us": 100.0, "t2_us": 80.0, "readout": {"p1_given_0": 0.01, "p0_given_1": 0.07}}
    gate = {"gate": "cx", "qubits": [1, 0], "error": error, "duration_ns": duration_ns}
    document = {
        "version": 1,
        "device": "toy",
        "time": "2021-07-26T10:41:12Z",
        "source": "hand-written",
        "qubits": [first | changed, {"t1_us": 40.0, "t2_us": 60.0}],
        "gates": [gate],
    }
    return from_document(document)


def channel(device: Device) -> Complex:
    """Return the only channel of a device."""
    ((key, found),) = gate_noise(device).items()
    assert key == ("cx", (1, 0))
    return found


def relaxed(decay: float, coherence: float) -> Complex:
    """Return relaxation to |0> on column-stacked matrices (Nielsen and Chuang 2010, 8.3.5)."""
    return np.array(
        [
            [1, 0, 0, 1 - decay],
            [0, coherence, 0, 0],
            [0, 0, coherence, 0],
            [0, 0, 0, decay],
        ],
        dtype=np.complex128,
    )


def infidelity(superoperator: Complex) -> float:
    """Return one minus the average fidelity with the identity (Horodecki et al. 1999)."""
    dimension = round(np.sqrt(len(superoperator)))
    process = np.trace(superoperator).real / dimension**2
    return float(1 - (dimension * process + 1) / (dimension + 1))


def relaxation(device: Device, qubits: tuple[int, ...], seconds: float | None) -> Complex:
    """Return the relaxation of a gate's qubits, the first the fastest, from closed forms."""
    found = SuperOp(np.eye(1))
    for q in qubits:
        t1, t2 = device.qubits[q].t1_s, device.qubits[q].t2_s
        assert t1 is not None
        assert t2 is not None
        time = seconds or 0.0
        one = relaxed(np.exp(-time / t1), np.exp(-time / min(t2, 2 * t1)))
        found = SuperOp(one).tensor(found)
    return np.asarray(found.data)


@pytest.mark.parametrize("path", SNAPSHOTS, ids=lambda path: path.stem)
def test_each_channel_of_a_real_device_is_one_and_as_strong_as_reported(path: Path) -> None:
    device = read_device(path, path.name)
    noise = gate_noise(device)
    figures = {(gate.name, gate.qubits): gate for gate in device.gates}
    assert {name for name, _ in noise} == {"id", "sx", "x", "cx"}
    alone = 0
    for key, found in noise.items():
        gate = figures[key]
        assert gate.error is not None
        eigenvalues = np.linalg.eigvalsh(Choi(SuperOp(found)).data)
        assert eigenvalues.min() >= -1e-12
        dimension = round(np.sqrt(len(found)))
        trace = np.eye(dimension).ravel()
        np.testing.assert_allclose(trace @ found, trace, atol=1e-12)
        least = relaxation(device, key[1], gate.duration_s)
        if gate.error > infidelity(least):
            assert infidelity(found) == pytest.approx(gate.error, abs=1e-12)
        else:
            alone += 1
            np.testing.assert_allclose(found, least, atol=1e-12)
    broken = [gate for gate in device.gates if gate.error == 1]
    perfect = [gate for gate in device.gates if gate.name == "rz"]
    assert len(noise) == len(device.gates) - len(broken) - len(perfect)
    assert alone < len(noise) / 3


def test_without_times_the_error_is_depolarising_alone() -> None:
    found = channel(two(0.03, None))
    p = 4 * 0.03 / 3
    mixed = np.outer(np.eye(4).ravel(), np.eye(4).ravel()) / 4
    np.testing.assert_allclose(found, (1 - p) * np.eye(16) + p * mixed, atol=1e-14)


def test_populations_decay_with_t1_and_coherences_with_t2() -> None:
    # An error below what relaxation alone gives adds no depolarising.
    found = channel(two(1e-6, 500.0))
    first = relaxed(np.exp(-0.5 / 40), np.exp(-0.5 / 60))
    second = relaxed(np.exp(-0.5 / 100), np.exp(-0.5 / 80))
    expected = SuperOp(second).tensor(SuperOp(first)).data
    np.testing.assert_allclose(found, expected, atol=1e-14)
    assert infidelity(found) > 0.009


def test_relaxation_comes_with_depolarising_up_to_the_reported_error() -> None:
    found = channel(two(0.05, 500.0))
    assert infidelity(found) == pytest.approx(0.05, abs=1e-14)
    assert infidelity(channel(two(1e-6, 500.0))) < 0.02


@pytest.mark.parametrize(
    ("t1_us", "t2_us", "coherence"),
    [
        (100.0, 900.0, np.exp(-0.5 / 200)),
        (100.0, None, np.exp(-0.5 / 200)),
        (None, 80.0, np.exp(-0.5 / 80)),
        (None, None, 1.0),
    ],
)
def test_a_t2_that_cannot_be_or_is_not_known_is_2_t1(
    t1_us: float | None, t2_us: float | None, coherence: float
) -> None:
    found = channel(two(1e-6, 500.0, t1_us=t1_us, t2_us=t2_us))
    # The second qubit of the key is qubit 0; the first is traced out from |0>.
    second = found.reshape([2] * 8)[:, 0, :, 0, :, 0, :, 0]
    decay = 1.0 if t1_us is None else np.exp(-0.5 / t1_us)
    expected = relaxed(decay, coherence).reshape([2] * 4)
    np.testing.assert_allclose(second, expected, atol=1e-14)


def test_more_error_than_depolarising_has_is_the_most_it_has() -> None:
    assert infidelity(channel(two(0.85, None))) == pytest.approx(0.8, abs=1e-12)


@pytest.mark.parametrize("error", [0.0, 1.0, None])
def test_perfect_and_broken_gates_have_no_channel(error: float | None) -> None:
    assert gate_noise(two(error, None)) == {}


def test_readout_is_by_what_was_prepared() -> None:
    found = readout(two(0.01, None))
    np.testing.assert_array_equal(found[0], [[0.99, 0.01], [0.07, 1 - 0.07]])
    np.testing.assert_array_equal(found[1], np.eye(2))
    lagos = readout(read_device(SNAPSHOTS[-1], ""))
    np.testing.assert_allclose(lagos.sum(axis=2), 1, atol=1e-15)


def test_aer_simulates_the_same_channels() -> None:
    device = restricted(read_device(FIXTURES / "lagos_2021-07-26.json", ""), (3, 1, 5))
    circuit = QuantumCircuit(3)
    circuit.sx(0)
    circuit.rz(0.3, 0)
    circuit.cx(0, 1)
    circuit.x(2)
    circuit.cx(2, 0)
    noise = gate_noise(device)
    state = np.zeros((8, 8), dtype=np.complex128)
    state[0, 0] = 1
    expected = SuperOp(np.eye(64))
    for item in circuit.data:
        qubits = [circuit.find_bit(qubit).index for qubit in item.qubits]
        expected = expected.compose(SuperOp(item.operation), qubits)
        after = noise.get((item.operation.name, tuple(qubits)))
        if after is not None:
            expected = expected.compose(SuperOp(after), qubits)
    circuit.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=noise_model(device))
    found = simulator.run(circuit).result().data()["density_matrix"].data
    final = (np.asarray(expected.data) @ state.ravel(order="F")).reshape(8, 8, order="F")
    # Aer leaves out the terms of an error whose chance is below 1e-10.
    np.testing.assert_allclose(found, final, rtol=0, atol=1e-9)
    assert found[0, 0].real > 5e-4  # zero without noise


def test_aer_reads_with_the_same_errors() -> None:
    device = restricted(read_device(FIXTURES / "lagos_2024-05-27.json", ""), (2, 3))
    circuit = QuantumCircuit(2)
    circuit.measure_all()
    simulator = AerSimulator(noise_model=noise_model(device))
    counts = simulator.run(circuit, shots=20_000, seed_simulator=5).result().get_counts()
    ones = sum(count for bits, count in counts.items() if bits[1] == "1") / 20_000
    chance = readout(device)[0, 0, 1]
    assert chance > 0.6
    assert ones == pytest.approx(chance, abs=4 * np.sqrt(0.25 / 20_000))
