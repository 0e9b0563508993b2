"""How long gates take, by hand and on real snapshots."""

from __future__ import annotations

import dataclasses

import pytest
from qiskit import QuantumCircuit

from qgate.charter.arm_spec import DeviceSpec, Layer, Mitigation, QuantumKernel, Step, ZeroNoise
from qgate.quantum.build import Built, build_kernel
from qgate.quantum.duration import gate_seconds
from tests.unit.quantum.test_device_kernel import FIXTURES

ENCODE = Layer("encode", "angle", gate="ry")
SVC = Step("sklearn.svm.SVC", {})
ENTANGLE = Layer("entangle", "zz", pairs="ring")


def _built(mitigation: Mitigation | None = None) -> Built:
    device = DeviceSpec("lagos_2024-05-27.json")
    spec = QuantumKernel((ENCODE, ENTANGLE), 1, SVC, device, mitigation)
    return build_kernel(spec, 2, FIXTURES, sampled=True)


def _critical_path(built: Built, circuit: QuantumCircuit) -> float:
    """Return the longest chain of gates, each qubit in its own order."""
    assert built.placed is not None
    known = {(gate.name, gate.qubits): gate.duration_s for gate in built.placed.device.gates}
    free = [0.0] * circuit.num_qubits
    for item in circuit.data:
        qubits = tuple(circuit.find_bit(qubit).index for qubit in item.qubits)
        start = max(free[q] for q in qubits)
        if item.operation.name == "barrier":
            taken: float | None = 0.0
        else:
            taken = known[item.operation.name, qubits]
        assert taken is not None
        for q in qubits:
            free[q] = start + taken
    return max(free)


def test_it_is_the_critical_path_of_the_pairs_circuit() -> None:
    built = _built()
    assert built.placed is not None
    expected = _critical_path(built, built.placed.template.circuit)
    assert 1e-7 < expected < 1e-4
    assert gate_seconds(built) == pytest.approx(expected, rel=1e-6)


def test_folding_takes_the_longest_circuit() -> None:
    plain = gate_seconds(_built())
    folded = gate_seconds(_built(Mitigation(zero_noise=ZeroNoise((1, 3), "linear"))))
    assert plain is not None
    assert folded is not None
    assert folded > 1.5 * plain


def test_without_a_device_or_a_duration_nothing_is_known() -> None:
    spec = QuantumKernel((ENCODE,), 1, SVC)
    assert gate_seconds(build_kernel(spec, 2, FIXTURES, sampled=True)) is None
    built = _built()
    assert built.placed is not None
    gates = tuple(dataclasses.replace(g, duration_s=None) for g in built.placed.device.gates)
    device = dataclasses.replace(built.placed.device, gates=gates)
    placed = dataclasses.replace(built.placed, device=device)
    assert gate_seconds(dataclasses.replace(built, placed=placed)) is None
