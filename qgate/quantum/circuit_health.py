"""What a device's figures say of a circuit, before it is simulated: estimates, all modelled."""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit

from qgate.quantum.device import Device
from qgate.quantum.engine import Array


def decoherence(circuit: QuantumCircuit, device: Device) -> Array:
    """Return how much of each qubit is lost while its own gates last: shape (qubits,), 0 to 1.

    1 - exp(-t / min(T1, T2)), t being the time that the qubit's gates take: the larger one of what
    relaxation takes from an excited qubit and dephasing from a superposition (Nielsen and Chuang
    2010, 8.3.5). It is free of idling, as the noise model is: waiting is not counted, nor is
    readout. The worst qubit is the largest.

    Args:
        circuit: Laid out on the device's qubits, with the device's gates.
        device: With exactly the circuit's qubits.

    Raises:
        ValueError: When a time that is needed is not known.

    """
    times = {(gate.name, gate.qubits): gate.duration_s for gate in device.gates}
    spent = np.zeros(circuit.num_qubits)
    for name, qubits in _gates(circuit):
        duration = times.get((name, qubits))
        if duration is None:
            raise ValueError(f"{device.name}: how long {name} takes is not known")
        spent[list(qubits)] += duration
    found = np.zeros(circuit.num_qubits)
    for place in np.flatnonzero(spent):
        qubit = device.qubits[place]
        if qubit.t1_s is None or qubit.t2_s is None:
            raise ValueError(f"{device.name}: T1 or T2 of a used qubit is not known")
        found[place] = -np.expm1(-spent[place] / min(qubit.t1_s, qubit.t2_s))
    return found


def success_probability(circuit: QuantumCircuit, device: Device) -> float:
    """Return the chance that no gate and no readout errs, were errors independent.

    The product of 1 - error over all gates and of 1 - readout error over all qubits (the estimated
    success probability of Nishio et al. 2020). A one-qubit gate without an error is perfect, as in
    the noise model.

    Args:
        circuit: Laid out on the device's qubits, all of which are read.
        device: With exactly the circuit's qubits.

    Raises:
        ValueError: When a readout error is not known.

    """
    errors = {(gate.name, gate.qubits): gate.error or 0.0 for gate in device.gates}
    found = 1.0
    for name, qubits in _gates(circuit):
        found *= 1 - errors.get((name, qubits), 0.0)
    for qubit in device.qubits:
        if qubit.readout_error is None:
            raise ValueError(f"{device.name}: the readout error of a used qubit is not known")
        found *= 1 - qubit.readout_error
    return found


def _gates(circuit: QuantumCircuit) -> list[tuple[str, tuple[int, ...]]]:
    """Return name and qubits of each gate; barriers are none."""
    return [
        (item.operation.name, tuple(circuit.find_bit(qubit).index for qubit in item.qubits))
        for item in circuit.data
        if item.operation.name != "barrier"
    ]
