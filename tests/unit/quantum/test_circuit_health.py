"""Decoherence and success of a circuit by hand and against the noise model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qgate.quantum.build import place
from qgate.quantum.circuit_health import decoherence, success_probability
from qgate.quantum.device import read_device
from qgate.quantum.engine import Array, evolve, product
from qgate.quantum.feature_map import FeatureMap
from qgate.quantum.layout import lay_out
from qgate.quantum.noise import gate_noise
from qgate.quantum.program import compile_channels
from tests.unit.quantum.test_device_kernel import FIXTURES, ZZ, device


def _small() -> QuantumCircuit:
    circuit = QuantumCircuit(2)
    circuit.sx(0)
    circuit.rz(0.3, 0)
    circuit.cx(0, 1)
    circuit.barrier()
    circuit.cx(0, 1)
    return circuit


def test_decoherence_counts_each_qubits_own_gates() -> None:
    """One-qubit gates of this device take 35 ns and CX 300 ns."""
    on = device(2, t1_us=50.0, t2_us=20.0)
    found = decoherence(_small(), on)
    np.testing.assert_allclose(found, 1 - np.exp([-0.670 / 20, -0.600 / 20]), rtol=1e-12)
    slow = dataclasses.replace(on.qubits[1], t1_s=5e-6)  # then relaxation is the larger one
    changed = dataclasses.replace(on, qubits=(on.qubits[0], slow))
    assert decoherence(_small(), changed)[1] == pytest.approx(1 - np.exp(-0.6 / 5))


def test_a_bare_superposition_loses_so_much_coherence() -> None:
    """An idle-free qubit behind pure relaxation: |rho_01| falls by exp(-t / T2)."""
    on = device(1, ("sx", "x", "rz"), one=1e-9, t1_us=9.0, t2_us=4.0)
    circuit = QuantumCircuit(1)
    for _ in range(9):
        circuit.x(0)
    start = np.array([1.0, 1.0, 0.0, 0.0]) / np.sqrt(2)  # |+>
    compiled = compile_channels(circuit, (), gate_noise(on))
    end: Array = evolve(compiled.program, compiled.angles(np.empty((1, 0))), start)[0]
    assert 1 - end[1] / start[1] == pytest.approx(decoherence(circuit, on)[0], rel=1e-9)


def test_success_is_the_product_over_gates_and_readouts() -> None:
    on = device(2, one=0.01, two=0.05, readout=[(0.02, 0.04), (0.0, 0.1)])
    expected = 0.99 * 0.95**2 * (1 - 0.03) * (1 - 0.05)  # rz is perfect here
    assert success_probability(_small(), on) == pytest.approx(expected, rel=1e-12)
    assert success_probability(_small(), device(2)) == 1.0


def test_what_is_not_known_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="T1 or T2 of a used qubit is not known"):
        decoherence(_small(), device(2))
    on = device(2, t1_us=50.0, t2_us=20.0)
    timeless = tuple(dataclasses.replace(gate, duration_s=None) for gate in on.gates)
    with pytest.raises(ValueError, match="how long sx takes is not known"):
        decoherence(_small(), dataclasses.replace(on, gates=timeless))
    blind = tuple(dataclasses.replace(qubit, p1_given_0=None) for qubit in on.qubits)
    with pytest.raises(ValueError, match="readout error of a used qubit is not known"):
        success_probability(_small(), dataclasses.replace(on, qubits=blind))


def test_on_a_real_device_success_is_near_the_chance_that_nothing_went_wrong() -> None:
    """The fidelity of Pauli noise is at least the chance of no error: a loose, outside check."""
    feature_map = FeatureMap([ZZ], 1, 3)
    on = place(feature_map, read_device(FIXTURES / "lagos_2021-07-26.json", "lagos"), ()).device
    circuit = lay_out(feature_map, on).whole("y")
    chance = success_probability(circuit, on)
    perfect = dataclasses.replace(
        on, qubits=tuple(dataclasses.replace(q, p1_given_0=0.0, p0_given_1=0.0) for q in on.qubits)
    )
    compiled = [
        compile_channels(circuit.assign_parameters([0.4] * circuit.num_parameters), (), noise)
        for noise in (gate_noise(on), {})
    ]
    start = product([np.array([1.0, 0.0, 0.0, 1.0]) / np.sqrt(2)] * 3)
    noisy, ideal = (evolve(c.program, c.angles(np.empty((1, 0))), start)[0] for c in compiled)
    fidelity = float(noisy @ ideal)
    assert success_probability(circuit, perfect) == pytest.approx(fidelity, abs=0.03)
    assert 0.5 < chance < success_probability(circuit, perfect) < 1
    assert np.all((decoherence(circuit, on) > 0) & (decoherence(circuit, on) < 0.2))
