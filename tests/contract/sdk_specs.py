"""Arms of other SDKs' models for the contract's suite, skipped where an SDK is not installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qgate.charter.arm_spec import ArmSpec, Step
from qgate.data.split import SplitData
from tests.unit.arms import small

SCALED = (Step("sklearn.preprocessing.StandardScaler", {}),)
TWO_QUBITS = (*SCALED, Step("sklearn.decomposition.PCA", {"n_components": 2}))


def _pennylane(folder: Path, split: SplitData) -> ArmSpec:
    del folder
    pytest.importorskip("pennylane")
    kind = "Classifier" if split.dataset.classes else "Regressor"
    path = f"qgate.arms.pennylane_models.Variational{kind}"
    return small.classical(path, {"steps": 4, "batch": 8, "layers": 1}, SCALED)


def _braket(folder: Path, split: SplitData) -> ArmSpec:
    del folder
    pytest.importorskip("braket.devices")
    kind = "Classifier" if split.dataset.classes else "Regressor"
    return small.classical(f"qgate.arms.braket_models.Kernel{kind}", {"layers": 1}, TWO_QUBITS)


def _qiskit_machine_learning(folder: Path, split: SplitData) -> ArmSpec:
    """Return a state-vector kernel for numbers, a trained circuit for classes."""
    del folder
    pytest.importorskip("qiskit_machine_learning")
    library = "qiskit.circuit.library"
    feature_map = {
        "call": f"{library}.z_feature_map",
        "with": {"feature_dimension": 2, "reps": 1},
    }
    if not split.dataset.classes:
        kernel = "qiskit_machine_learning.kernels.FidelityStatevectorKernel"
        params: dict[str, Any] = {
            "quantum_kernel": {"call": kernel, "with": {"feature_map": feature_map}}
        }
        return small.classical("qiskit_machine_learning.algorithms.QSVR", params, TWO_QUBITS)
    params = {
        "feature_map": feature_map,
        "ansatz": {
            "call": f"{library}.real_amplitudes",
            "with": {"num_qubits": 2, "reps": 1},
        },
        "optimizer": {"call": "qiskit_machine_learning.optimizers.COBYLA", "with": {"maxiter": 8}},
        "sampler": {"call": "qiskit_machine_learning.primitives.QMLSampler"},
        "output_shape": len(split.dataset.classes),
    }
    return small.classical("qiskit_machine_learning.algorithms.VQC", params, TWO_QUBITS)


KINDS: dict[str, Callable[[Path, SplitData], ArmSpec]] = {
    "estimator/pennylane": _pennylane,
    "estimator/braket": _braket,
    "estimator/qiskit_machine_learning": _qiskit_machine_learning,
}
"""A kind of arm before the slash, whose models it is after it."""
