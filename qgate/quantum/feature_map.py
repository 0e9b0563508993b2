"""Feature maps: layers to one parametrised circuit, and data to its angles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qgate.charter.arm_spec import Layer
from qgate.charter.vocabulary import QUBITS
from qgate.errors import ExecutionError, TermError, UsageError
from qgate.quantum.amplitude import amplitude
from qgate.quantum.ansatz import efficient_su2, hardware_efficient, real_amplitudes, rot
from qgate.quantum.circuit_file import append_circuit, read_circuit
from qgate.quantum.draft import Array, Draft
from qgate.quantum.encodings import (
    angle,
    entangle,
    hadamard,
    iqp,
    pauli_feature_map,
    reupload,
    rotation,
    z_feature_map,
    zz,
    zz_feature_map,
)
from qgate.quantum.layers import LAYERS, largest_block
from qgate.quantum.weights import Weights

_NO_FILES: Mapping[str, Path] = MappingProxyType({})

_BUILDERS: dict[str, Callable[[Draft, Layer], None]] = {
    builder.__name__: builder
    for builder in (
        hadamard,
        angle,
        zz,
        entangle,
        rotation,
        iqp,
        z_feature_map,
        zz_feature_map,
        pauli_feature_map,
        reupload,
        amplitude,
        real_amplitudes,
        efficient_su2,
        hardware_efficient,
        rot,
    )
}


class FeatureMap:
    """A circuit U(x), and the angle of each of its parameters as a function of the data."""

    def __init__(
        self,
        layers: Sequence[Layer],
        repeat: int,
        features: int,
        files: Mapping[str, Path] = _NO_FILES,
        *,
        closing: Sequence[Layer] = (),
        trained: bool = False,
    ) -> None:
        """Build the circuit once; data and trained weights only bind its parameters.

        Args:
            layers: In the order in which they are applied.
            repeat: How often they are applied.
            features: Columns of the data after preprocessing.
            files: Where the paths that layers name lead.
            closing: Layers after the last repetition.
            trained: Whether weights that a layer does not state are trained.

        Raises:
            TermError: When a layer does not fit the features or the other layers, or a circuit
                file cannot be used.

        """
        try:
            draft = _drafted(layers, repeat, closing, features, files, trained=trained)
        except UsageError as error:
            raise TermError(("layers",), str(error)) from None
        self._draft = draft
        self.weights: Weights = draft.weights
        self.circuit: QuantumCircuit = draft.circuit
        self.parameters: tuple[Parameter, ...] = tuple(draft.parameters)

    @property
    def qubits(self) -> int:
        """Return the number of qubits."""
        return self._draft.qubits

    def angles(self, X: Array, weights: Array | None = None) -> Array:
        """Return radians in the order of `parameters`, shape (rows, parameters).

        Args:
            X: Finite numbers of shape (rows, features).
            weights: Of shape (weights,), where any are trained.

        Raises:
            ExecutionError: When a row has no finite angles.

        """
        data = self.data(X)
        return data if weights is None else self.weights.values(data, weights)

    def data(self, X: Array) -> Array:
        """Return the data's part of the angles, which are all where no weight is trained.

        Raises:
            ExecutionError: When a row has none that are finite.

        """
        found = self._draft.angles(X)
        if wrong := int(np.count_nonzero(~np.isfinite(found).all(axis=1))):
            raise ExecutionError(
                f"{wrong} of {len(X)} rows give an angle that is no finite number: scale the "
                "features in the arm's preprocess, or mend the expressions in the circuit file"
            )
        return found

    def bindings(self, X: Array) -> dict[Parameter, list[float]]:
        """Return each parameter's values, one for each row of X, as Aer takes them."""
        return dict(zip(self.parameters, self.angles(X).T.tolist(), strict=True))


def circuit_paths(layers: Sequence[Layer], folder: Path) -> dict[str, Path]:
    """Return where the paths that layers name lead, relative to a folder."""
    return {layer.path: folder / layer.path for layer in layers if layer.path}


def _drafted(
    layers: Sequence[Layer],
    repeat: int,
    closing: Sequence[Layer],
    features: int,
    files: Mapping[str, Path],
    *,
    trained: bool,
) -> Draft:
    """Return what the layers append to an empty circuit, repetition by repetition."""
    every = (*layers, *closing)
    circuits = {
        layer.path: read_circuit(layer.path, files[layer.path]) for layer in every if layer.path
    }
    qubits = _common_qubits(every, features, circuits)
    _refuse_misplaced(every, repeat)
    _refuse_small(every, qubits, features)
    draft = Draft(qubits, features, trained=trained)
    for round_, part in enumerate([*[layers] * repeat, closing]):
        draft.round = round_
        for layer in part:
            if layer.path:
                append_circuit(draft, layer, circuits[layer.path])
            else:
                _BUILDERS[layer.kind](draft, layer)
    return draft


def _common_qubits(
    layers: Sequence[Layer], features: int, circuits: Mapping[str, QuantumCircuit]
) -> int:
    """Return on how many qubits all layers stand."""
    taken: tuple[Layer, int] | None = None
    for layer in layers:
        width = LAYERS[layer.kind].width
        if width == "any":
            continue
        qubits = circuits[layer.path].num_qubits if layer.path else QUBITS[width](features)
        if taken is not None and qubits != taken[1]:
            raise UsageError(
                f"layer {layer.name!r} ({layer.kind}) takes {_counted(qubits, 'qubit')} of "
                f"{_counted(features, 'feature')}, layer {taken[0].name!r} ({taken[0].kind}) takes "
                f"{taken[1]}: they cannot stand in one circuit"
            )
        taken = taken or (layer, qubits)
    return taken[1] if taken else features


def _refuse_misplaced(layers: Sequence[Layer], repeat: int) -> None:
    """Refuse to prepare amplitudes from anything but the state of all zeros."""
    for place, layer in enumerate(layers):
        if LAYERS[layer.kind].width == "amplitudes" and (place > 0 or repeat > 1):
            raise UsageError(
                f"layer {layer.name!r} ({layer.kind}) prepares a state: it must stand first, and "
                "the layers must not be repeated"
            )


def _refuse_small(layers: Sequence[Layer], qubits: int, features: int) -> None:
    """Refuse a layer of pairs, or of larger blocks, on fewer qubits."""
    widths = {LAYERS[layer.kind].width for layer in layers}
    for layer in layers:
        size = largest_block(layer)
        if size <= qubits:
            continue
        what = "a layer of pairs" if size == 2 else f"a Pauli string of {size} letters"
        if widths <= {"any", "features"}:
            raise UsageError(f"layer {layer.name!r}: {what} needs at least {size} features")
        raise UsageError(
            f"layer {layer.name!r}: {what} needs at least {size} qubits, and this circuit has "
            f"{qubits} for {_counted(features, 'feature')}"
        )


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
