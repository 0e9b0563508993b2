"""Layers under test, by what they are held against; together they are all that there are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from qiskit import QuantumCircuit
from qiskit.circuit import library
from qiskit.quantum_info import Statevector

from qgate.charter.arm_spec import Layer
from qgate.quantum.feature_map import FeatureMap

Array = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]

H = Layer("h", "hadamard")
RX = Layer("x", "angle", "rx", scale=0.9)
RY = Layer("y", "angle", "ry", scale=-1.3)
RZ = Layer("z", "angle", "rz", scale=0.4)
ZZ = {p: Layer("zz", "zz", pairs=p, scale=0.8) for p in ("linear", "ring", "full")}
FIXED = {
    (g, p): Layer("e", "entangle", g, pairs=p) for g in ("cx", "cz") for p in ("linear", "ring")
}
AMPLITUDE = Layer("a", "amplitude")
FILE = Layer("file", "circuit", path="map.qpy")

# Against the plain matrices of reference.py: layers, and how often they are repeated.
PLAIN: dict[str, tuple[tuple[Layer, ...], int]] = {
    "rx": ((RX,), 1),
    "ry": ((RY,), 1),
    "rz after h": ((H, RZ), 1),
    "two bases": ((RX, RZ, RY), 1),
    **{f"zz {p}": ((H, RZ, layer, RX), 1) for p, layer in ZZ.items()},
    **{f"{g} {p}": ((RY, layer, RX), 1) for (g, p), layer in FIXED.items()},
    "cx full": ((RY, Layer("e", "entangle", "cx", pairs="full"), RX), 1),
    "repeated": ((H, RZ, ZZ["full"]), 2),
    "repeated with all": ((H, RZ, ZZ["ring"], RY, FIXED["cx", "ring"]), 2),
}

WEIGHTS = tuple(np.random.default_rng(3).uniform(-4, 4, size=64).round(3).tolist())

# Against plain matrices of their own in test_encodings.py.
MATRICES: dict[str, Layer] = {
    **{gate: Layer("r", "rotation", gate, angle=-0.7) for gate in ("rx", "ry", "rz")},
    "iqp": Layer("i", "iqp"),
    "iqp ring": Layer("i", "iqp", pairs="ring", reps=2, scale=0.6, pair_scale=-0.4),
    "reupload": Layer("u", "reupload", reps=1),
    "reupload cz": Layer("u", "reupload", gate="cz", pairs="linear", scale=1.4),
    "reupload cx": Layer("u", "reupload", gate="cx", pairs="ring", reps=3, angles=WEIGHTS[:27]),
    "rot": Layer("r", "rot", reps=2, angles=WEIGHTS[:18]),
    "hardware": Layer("w", "hardware_efficient", reps=1, pairs="linear", angles=WEIGHTS[:12]),
    "hardware ring": Layer("w", "hardware_efficient", reps=2, pairs="ring", angles=WEIGHTS[:18]),
}


QISKIT_PAIRS = {"linear": "linear", "ring": "circular", "full": "full"}


def _ansatz(kind: str, qubits: int, reps: int, pairs: str | None) -> tuple[Layer, QuantumCircuit]:
    entanglement = QISKIT_PAIRS[pairs] if pairs else "reverse_linear"
    circuit = getattr(library, kind)(qubits, reps=reps, entanglement=entanglement)
    angles = WEIGHTS[: circuit.num_parameters]
    layer = Layer("w", kind, reps=reps, pairs=pairs, angles=angles)
    return layer, circuit.assign_parameters(angles)


# Against Qiskit's own circuit of that name; its open parameters are the features.
LIBRARY: dict[str, tuple[Layer, QuantumCircuit]] = {
    "z": (Layer("m", "z_feature_map"), library.z_feature_map(3)),
    "z, alpha": (
        Layer("m", "z_feature_map", reps=1, alpha=0.7),
        library.z_feature_map(3, reps=1, alpha=0.7),
    ),
    "zz": (Layer("m", "zz_feature_map"), library.zz_feature_map(3)),
    **{
        f"zz {ours}": (
            Layer("m", "zz_feature_map", pairs=ours, reps=1, alpha=1.3),
            library.zz_feature_map(4, reps=1, entanglement=theirs, alpha=1.3),
        )
        for ours, theirs in QISKIT_PAIRS.items()
    },
    "pauli": (Layer("m", "pauli_feature_map"), library.pauli_feature_map(3)),
    **{
        f"pauli {' '.join(paulis)} {ours}": (
            Layer("m", "pauli_feature_map", pairs=ours, reps=2, paulis=paulis, alpha=0.6),
            library.pauli_feature_map(
                4, reps=2, entanglement=theirs, alpha=0.6, paulis=list(paulis)
            ),
        )
        for paulis in (("Y", "X", "ZZ"), ("XY",), ("Z", "YZX"), ("XYZY", "ZX"))
        for ours, theirs in QISKIT_PAIRS.items()
    },
    **{
        f"{kind} {qubits} {reps} {pairs}": _ansatz(kind, qubits, reps, pairs)
        for kind in ("real_amplitudes", "efficient_su2")
        for qubits, reps in ((2, 1), (3, 2), (4, 1))
        for pairs in (None, *QISKIT_PAIRS)
    },
}


def data(rows: int = 6, columns: int = 3) -> Array:
    """Return features of both signs."""
    return np.random.default_rng(5).uniform(-2.5, 2.5, size=(rows, columns))


def bound(feature_map: FeatureMap, X: Array) -> list[QuantumCircuit]:
    """Return the circuit of each row."""
    return [
        feature_map.circuit.assign_parameters(dict(zip(feature_map.parameters, row, strict=True)))
        for row in feature_map.angles(X).tolist()
    ]


def states(feature_map: FeatureMap, X: Array) -> Complex:
    """Return the state of each row by Qiskit, shape (rows, 2^qubits)."""
    return np.array([Statevector(circuit).data for circuit in bound(feature_map, X)])


def kernel(layers: tuple[Layer, ...], repeat: int, X: Array) -> Array:
    """Return |<x|y>|^2 of all pairs of rows."""
    found = states(FeatureMap(layers, repeat, X.shape[1]), X)
    return np.asarray(np.abs(found.conj() @ found.T) ** 2)
