"""Arms that follow from the candidate."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.charter.arm_spec import (
    ArmSpec,
    DeviceSpec,
    Layer,
    QuantumKernel,
    QuantumSolver,
    Solver,
    Step,
    Tuning,
    Variational,
)
from qgate.charter.derived import (
    DRIFTED,
    PERMUTED,
    SURROGATE,
    WITHOUT_ENTANGLEMENT,
    derived_arms,
    separable,
)
from qgate.quantum.feature_map import FeatureMap

SVC = Step("sklearn.svm.SVC", {"C": 3.0})
ANGLE, ZZ = Layer("encode", "angle", "ry"), Layer("entangle", "zz", pairs="ring")
ALL = ("quantum_contribution", "label_leak")


def _kernel(*layers: Layer, device: DeviceSpec | None = None) -> ArmSpec:
    section = QuantumKernel(layers or (ANGLE, ZZ), 2, SVC, device)
    return ArmSpec("candidate", "q", quantum_kernel=section, tuning=Tuning(4))


def test_only_what_a_gate_asks_for_follows() -> None:
    assert derived_arms(_kernel(), ("val_accuracy",)) == ()
    roles = [spec.role for spec in derived_arms(_kernel(), ALL)]
    assert roles == [WITHOUT_ENTANGLEMENT, SURROGATE, PERMUTED]


def test_each_is_the_candidate_but_for_one_thing() -> None:
    alone, surrogate, permuted = derived_arms(_kernel(), ALL)
    assert alone.quantum_kernel == QuantumKernel((ANGLE,), 2, SVC)
    assert surrogate.random_features is not None
    assert surrogate.kind == "random_features"
    assert surrogate.random_features.estimator == SVC
    assert surrogate.random_features.layers == (ANGLE, ZZ)
    assert permuted.permuted
    assert permuted.quantum_kernel == _kernel().quantum_kernel
    assert [spec.tuning for spec in (alone, surrogate, permuted)] == [Tuning(4), Tuning(4), None]


def test_a_current_snapshot_brings_the_drifted_candidate_on_the_locked_placement() -> None:
    device = DeviceSpec("locked.json", (2, 1), "now.json")
    (drifted,) = derived_arms(_kernel(device=device), ())
    assert drifted.role == DRIFTED
    assert drifted.device == DeviceSpec("now.json", (2, 1), None, "locked.json")
    assert derived_arms(_kernel(device=DeviceSpec("locked.json")), ()) == ()


LAYERS = [
    Layer("l", "iqp", reps=2, pairs="full"),
    Layer("l", "zz_feature_map", reps=2),
    Layer("l", "pauli_feature_map", paulis=("Z", "ZX", "Y")),
    Layer("l", "reupload", gate="cz", seed=4),
    Layer("l", "real_amplitudes", seed=4),
    Layer("l", "efficient_su2", seed=4, pairs="ring"),
    Layer("l", "hardware_efficient", seed=4, pairs="full"),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.kind)
def test_what_is_left_acts_on_one_qubit_at_a_time_and_as_often(layer: Layer) -> None:
    features = 3 if layer.kind != "reupload" else 6
    whole = FeatureMap((layer,), 1, features)
    alone = FeatureMap(separable((layer,)), 1, features)
    assert max(len(item.qubits) for item in whole.circuit.data) == 2
    assert max(len(item.qubits) for item in alone.circuit.data) == 1
    single = [item for item in whole.circuit.data if len(item.qubits) == 1]
    assert len(alone.circuit.data) >= len([i for i in single if i.operation.name in ("ry", "rz")])


def test_the_separable_iqp_is_hadamards_and_turns() -> None:
    (angles,) = (FeatureMap(separable((LAYERS[0],)), 1, 3).angles(np.ones((1, 3))),)
    assert angles.shape == (1, 6)


def test_entanglers_in_a_file_cannot_be_removed_and_solvers_have_other_ablations() -> None:
    sealed = _kernel(Layer("own", "circuit", path="a.qasm"))
    assert [s.role for s in derived_arms(sealed, ALL)] == [SURROGATE, PERMUTED]
    solver = ArmSpec("candidate", "s", quantum_solver=QuantumSolver(2))
    (surrogate,) = derived_arms(solver, ALL, 512)
    assert (surrogate.role, surrogate.kind) == (SURROGATE, "solver")
    assert surrogate.solver is not None
    assert surrogate.solver == Solver("random", {"num_reads": 512})


def test_a_variational_circuits_closing_layers_are_made_separable_too() -> None:
    section = Variational((ANGLE, ZZ), 2, (Layer("last", "entangle", "cz"), ANGLE))
    alone, surrogate = derived_arms(
        ArmSpec("candidate", "v", variational=section), ("quantum_contribution",)
    )
    assert alone.variational == Variational((ANGLE,), 2, (ANGLE,))
    assert surrogate.random_features is not None
    assert surrogate.random_features.estimator is None
