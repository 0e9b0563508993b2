"""The ways that other libraries offer for the matrices of quantum kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit.library import zz_feature_map
from qiskit.quantum_info import SuperOp
from qiskit_aer import AerSimulator

Array = npt.NDArray[np.float64]

REPS = 2
"""Of the ZZ feature map, each row with all pairs of its features entangled."""


def pennylane(X: Array) -> Array:
    """Return fidelities of states that default.qubit makes of all rows in one broadcast."""
    import pennylane as qml

    wires = range(X.shape[1])

    def circuit(X: Array) -> object:
        for _ in range(REPS):
            for i in wires:
                qml.Hadamard(wires=i)
                qml.PhaseShift(2 * X[:, i], wires=i)
            for i in wires:
                for j in wires[i + 1 :]:
                    angle = 2 * (np.pi - X[:, i]) * (np.pi - X[:, j])
                    qml.MultiRZ(angle, wires=[i, j])
        return qml.state()

    states = qml.QNode(circuit, qml.device("default.qubit", wires=len(wires)))
    return _gram(np.asarray(states(X)))


def aer_binds(X: Array) -> Array:
    """Return fidelities of Aer's state vectors, all rows bound in one run."""
    circuit = zz_feature_map(X.shape[1], reps=REPS)
    binds = dict(zip(circuit.parameters, X.T.tolist(), strict=True))
    circuit.save_statevector()
    simulator = AerSimulator(method="statevector")
    result = simulator.run([circuit], parameter_binds=[binds]).result()
    return _gram(np.stack([np.asarray(result.data(i)["statevector"]) for i in range(len(X))]))


def statevector_kernel(X: Array, shots: int | None = None) -> Array:
    """Return qiskit-machine-learning's kernel from state vectors."""
    from qiskit_machine_learning.kernels import FidelityStatevectorKernel

    circuit = zz_feature_map(X.shape[1], reps=REPS)
    kernel = FidelityStatevectorKernel(feature_map=circuit, shots=shots, enforce_psd=False)
    return np.asarray(kernel.evaluate(X))


def quantum_kernel(X: Array, shots: int) -> Array:
    """Return qiskit-machine-learning's kernel from shots of each pair, by Aer's sampler."""
    from qiskit_aer.primitives import SamplerV2
    from qiskit_machine_learning.kernels import FidelityQuantumKernel
    from qiskit_machine_learning.state_fidelities import ComputeUncompute

    circuit = zz_feature_map(X.shape[1], reps=REPS)
    fidelity = ComputeUncompute(sampler=SamplerV2(default_shots=shots, seed=7))
    kernel = FidelityQuantumKernel(feature_map=circuit, fidelity=fidelity, enforce_psd=False)
    return np.asarray(kernel.evaluate(X))


def aer_noisy(noisy: QuantumCircuit, angles: Mapping[Any, Array], effect: Array) -> Array:
    """Return the chance of all zeros of each pair of rows, by Aer's density matrices.

    Args:
        noisy: What `with_noise` returned.
        angles: Values of each parameter, one a pair.
        effect: Chance to read all zeros of each outcome.

    """
    simulator = AerSimulator(
        method="density_matrix",
        max_parallel_experiments=0,  # as many as there are cores
    )
    binds = {parameter: values.tolist() for parameter, values in angles.items()}
    result = simulator.run([noisy], parameter_binds=[binds]).result()
    return np.array([effect @ one.data.probabilities for one in result.results])


def with_noise(circuit: QuantumCircuit, qubits: Sequence[int]) -> QuantumCircuit:
    """Return a circuit with Aer's channel of the device after each gate.

    Faster than a noise model beside it, and exact: as a noise model, Aer leaves out what is less
    likely than 1e-10.

    Args:
        circuit: Of the device's gates.
        qubits: Where its qubits are on the device.

    """
    from qiskit_aer.noise.device import basic_device_gate_errors

    channels = {
        (name, tuple(where)): SuperOp(error).to_instruction()
        for name, where, error in basic_device_gate_errors(target=device().target)
        if set(where) <= set(qubits) and not error.ideal()
    }
    noisy = circuit.copy_empty_like()
    for item in circuit.data:
        noisy.append(item)
        where = tuple(qubits[circuit.find_bit(qubit).index] for qubit in item.qubits)
        if channel := channels.get((item.operation.name, where)):
            noisy.append(channel, item.qubits)
    noisy.save_probabilities()
    return noisy


def reading_zeros(qubits: Sequence[int]) -> Array:
    """Return the chance to read all zeros of each outcome, the first qubit the fastest.

    Aer's own device model has the mean of a qubit's two readout errors instead.
    """
    properties = device().properties()
    effect = np.ones(1)
    for qubit in qubits:
        one_of_zero = properties.qubit_property(qubit, "prob_meas1_prep0")[0]
        zero_of_one = properties.qubit_property(qubit, "prob_meas0_prep1")[0]
        effect = np.kron([1 - one_of_zero, zero_of_one], effect)
    return effect


def device() -> Any:
    """Return the fake device with Hanoi's real calibration, as the peers read it."""
    from qiskit_ibm_runtime.fake_provider import FakeHanoiV2

    return FakeHanoiV2()


def _gram(states: npt.NDArray[np.complex128]) -> Array:
    overlaps = states.conj() @ states.T
    return np.asarray(overlaps.real**2 + overlaps.imag**2)
