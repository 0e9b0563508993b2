"""The noise that a device's snapshot implies: Aer's device model, as channels and for Aer itself.

After each gate comes thermal relaxation of its qubits for the gate's duration, at temperature zero,
and a depolarising channel as strong as makes the average infidelity of both the reported error.
Where relaxation alone exceeds that error, relaxation stands alone. Only a gate's own qubits are
touched: crosstalk and idle qubits are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from qiskit.quantum_info import SuperOp
from qiskit_aer.noise import NoiseModel, QuantumError, ReadoutError
from qiskit_aer.noise.device import basic_device_gate_errors

from qgate.quantum.device import Device, to_target
from qgate.quantum.engine import Array

Channels = dict[tuple[str, tuple[int, ...]], npt.NDArray[np.complex128]]


def gate_noise(device: Device) -> Channels:
    """Return the channel that follows each gate, by its name and qubits; perfect gates are absent.

    A channel is a superoperator on column-stacked density matrices, shape (4^k, 4^k), whose first
    qubit is the key's first, as Qiskit's SuperOp has it. Its average gate fidelity is 1 - error
    (Horodecki et al. 1999; Nielsen 2002). Time grows with the gates: restrict the device first.
    """
    return {
        (name, qubits): np.asarray(SuperOp(error).data, dtype=np.complex128)
        for name, qubits, error in _errors(device)
    }


def readout(device: Device) -> Array:
    """Return the chance of each reading, shape (qubits, 2, 2): [qubit, prepared, read].

    A qubit whose readout error is not known is read without error.
    """
    wrong = [(qubit.p1_given_0 or 0.0, qubit.p0_given_1 or 0.0) for qubit in device.qubits]
    return np.array([[[1 - up, up], [down, 1 - down]] for up, down in wrong])


def noise_model(device: Device) -> NoiseModel:
    """Return the same channels and readout errors as a noise model for Aer."""
    model = NoiseModel()
    for name, qubits, error in _errors(device):
        model.add_quantum_error(error, name, qubits)
    for qubit, chances in enumerate(readout(device)):
        if not np.array_equal(chances, np.eye(2)):
            model.add_readout_error(ReadoutError(chances), [qubit])
    return model


def _errors(device: Device) -> Iterator[tuple[str, tuple[int, ...], QuantumError]]:
    for name, qubits, error in basic_device_gate_errors(target=to_target(device)):
        if not error.ideal():
            yield name, tuple(qubits), error
