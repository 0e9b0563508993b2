"""Feature maps: layers to one parametrised circuit, and data to its bindings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qgate.charter.charter import Layer
from qgate.quantum.layers import pairs_of

Array = npt.NDArray[np.float64]
Angle = Callable[[Array], Array]


class FeatureMap:
    """A circuit U(x) with one qubit a feature, and the angle of each of its parameters."""

    def __init__(self, layers: Sequence[Layer], repeat: int, qubits: int) -> None:
        """Build the circuit once; data only bind its parameters."""
        self.circuit = QuantumCircuit(qubits)
        self._angles: dict[Parameter, Angle] = {}
        for _ in range(repeat):
            for layer in layers:
                _BUILDERS[layer.kind](self, layer)

    def bindings(self, X: Array) -> dict[Parameter, list[float]]:
        """Return each parameter's values, one for each row of X of shape (rows, qubits)."""
        return {parameter: angle(X).tolist() for parameter, angle in self._angles.items()}

    def hadamard(self, layer: Layer) -> None:
        """Append H to every qubit."""
        del layer
        self.circuit.h(range(self.circuit.num_qubits))

    def angle(self, layer: Layer) -> None:
        """Append a rotation of each qubit by its feature."""
        rotate = getattr(self.circuit, str(layer.gate))
        for qubit in range(self.circuit.num_qubits):
            rotate(self._parameter(_scaled(layer.scale, qubit)), qubit)

    def zz(self, layer: Layer) -> None:
        """Append a ZZ rotation of each pair by the product of its features."""
        for i, j in pairs_of(layer.pairs, self.circuit.num_qubits):
            self.circuit.rzz(self._parameter(_scaled(layer.scale, i, j)), i, j)

    def entangle(self, layer: Layer) -> None:
        """Append the layer's fixed two-qubit gate to each pair."""
        gate = getattr(self.circuit, str(layer.gate))
        for i, j in pairs_of(layer.pairs, self.circuit.num_qubits):
            gate(i, j)

    def _parameter(self, angle: Angle) -> Parameter:
        parameter = Parameter(f"a{len(self._angles)}")
        self._angles[parameter] = angle
        return parameter


_BUILDERS: dict[str, Callable[[FeatureMap, Layer], None]] = {
    "hadamard": FeatureMap.hadamard,
    "angle": FeatureMap.angle,
    "zz": FeatureMap.zz,
    "entangle": FeatureMap.entangle,
}


def _scaled(scale: float, *columns: int) -> Angle:
    return lambda X: np.asarray(scale * np.prod(X[:, list(columns)], axis=1))
