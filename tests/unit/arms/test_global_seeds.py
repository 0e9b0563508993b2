"""Generators of the whole process: seeded for a trial, and left as they were."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from qgate.arms.arm import build_arm
from qgate.arms.global_seeds import seeded
from tests.unit.arms import small

LIBRARY = "qiskit_machine_learning"
FEATURE_MAP = {"call": "qiskit.circuit.library.z_feature_map", "with": {"feature_dimension": 3}}
KERNEL = {
    "call": f"{LIBRARY}.kernels.FidelityStatevectorKernel",
    "with": {"feature_map": FEATURE_MAP},
}
CIRCUIT = {
    "feature_map": {**FEATURE_MAP, "with": {"feature_dimension": 3, "reps": 1}},
    "ansatz": {
        "call": "qiskit.circuit.library.real_amplitudes",
        "with": {"num_qubits": 3, "reps": 0},
    },
    "optimizer": {
        "call": f"{LIBRARY}.optimizers.SPSA",
        "with": {"maxiter": 1, "learning_rate": 0.1, "perturbation": 0.1},
    },
    "sampler": {"call": f"{LIBRARY}.primitives.QMLSampler"},
}


def _globals() -> Any:
    pytest.importorskip(LIBRARY)
    return importlib.import_module(f"{LIBRARY}.utils.algorithm_globals").algorithm_globals


def test_other_packages_draw_nothing() -> None:
    rng = np.random.default_rng(1)
    with seeded({"sklearn", "numpy"}, rng):
        pass
    assert rng.random() == np.random.default_rng(1).random()


def test_the_seed_that_was_there_is_put_back() -> None:
    found = _globals()
    found.random_seed = 99
    with seeded({LIBRARY}, np.random.default_rng(1)):
        assert found.random_seed != 99
    assert found.random_seed == 99


@pytest.mark.parametrize(
    ("name", "params"), [("QSVC", {"quantum_kernel": KERNEL}), ("VQC", CIRCUIT)]
)
def test_trials_do_not_depend_on_what_the_process_drew_before(
    name: str, params: dict[str, Any]
) -> None:
    found = _globals()
    spec = small.classical(f"{LIBRARY}.algorithms.{name}", params)
    arm = build_arm(spec, small.workshop(small.small_split()))
    cells = (1, 64, 0), (1, 64, 1), (1, None, 0)
    before = [arm.run(*cell) for cell in cells]
    found.random_seed = 12345
    found.random.random(7)
    assert [arm.run(*cell) for cell in cells] == before
    assert len({outcome.digest for outcome in before}) == len(cells)
