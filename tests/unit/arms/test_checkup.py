"""The figures of health that arms give: only what is asked, and right."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, Statevector, concurrence, partial_trace
from qiskit_aer import AerSimulator

from qgate.arms import checkup
from qgate.arms.arm import Arm, build_arm
from qgate.arms.checkup import FIGURES, chosen_rows
from qgate.arms.quantum_kernel import QuantumKernelArm
from qgate.charter.arm_spec import ArmSpec, DeviceSpec, Layer, ProjectedKernel, Step
from qgate.quantum.kernel_health import alignment, geometric_difference, rbf
from qgate.quantum.noise import noise_model
from tests.unit.arms import small
from tests.unit.quantum.cases import states

DEVICES = Path(__file__).parents[3] / "fixtures" / "devices"
LAGOS = DeviceSpec("lagos_2021-07-26.json")
LAYERS = (small.ANGLE, small.ZZ, Layer("turn", "angle", "rx", scale=0.5))
DEVICE_ONLY = {"decoherence", "success_probability"}
OF_ROWS = {"state_fidelity", "purity", "l1_coherence", "meyer_wallach", "concurrence", "negativity"}


def _spec(kind: str, device: DeviceSpec | None = None, *layers: Layer) -> ArmSpec:
    made = layers or LAYERS
    if kind == "quantum_kernel":
        spec = small.kernel(*made)
        assert spec.quantum_kernel is not None
        circuit = dataclasses.replace(spec.quantum_kernel, device=device)
        return dataclasses.replace(spec, quantum_kernel=circuit)
    projected = ProjectedKernel(made, 1, Step("sklearn.svm.SVC", {}), device=device)
    return ArmSpec("candidate", "arm", projected_kernel=projected)


def _arm(spec: ArmSpec, *asked: str, columns: int = 3) -> Arm:
    workshop = small.workshop(small.small_split(columns=columns), DEVICES)
    return build_arm(spec, dataclasses.replace(workshop, health=frozenset(asked)))


def _health(spec: ArmSpec, *asked: str, columns: int = 3) -> dict[str, Any]:
    found: dict[str, Any] = _arm(spec, *asked, columns=columns).figures.get("health", {})
    return found


KINDS = ["quantum_kernel", "projected_kernel"]


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_is_asked_the_figures_stay_as_they_are(kind: str) -> None:
    plain = _arm(_spec(kind)).figures
    assert "health" not in plain
    assert _arm(_spec(kind), "val_accuracy", "latency_p95_ms").figures == plain
    asked = _arm(_spec(kind), "purity").figures
    assert {key: value for key, value in asked.items() if key != "health"} == plain
    assert list(asked["health"]) == ["purity"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_device_all_but_its_own_figures_are_given(kind: str) -> None:
    found = _health(_spec(kind), *FIGURES, "val_accuracy")
    assert set(found) == FIGURES - DEVICE_ONLY
    assert found["state_fidelity"] == found["purity"] == [1.0] * 24
    assert all(len(found[name]) == 24 for name in OF_ROWS)
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("kind", KINDS)
def test_ideal_figures_are_those_of_qiskits_states(kind: str) -> None:
    arm = _arm(_spec(kind), "concurrence", "l1_coherence")
    found = arm.figures["health"]
    feature_map = arm._build(3).feature_map  # type: ignore[attr-defined]
    rows = [Statevector(row) for row in states(feature_map, small.small_split().fit_on[0])]
    expected = [max(concurrence(partial_trace(row, [k])) for k in range(3)) for row in rows]
    np.testing.assert_allclose(found["concurrence"], expected, rtol=0, atol=1e-7)
    sizes = np.abs([row.data for row in rows])
    np.testing.assert_allclose(found["l1_coherence"], sizes.sum(axis=1) ** 2 - 1, atol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_noisy_figures_are_those_of_aers_density_matrices(kind: str) -> None:
    arm = _arm(_spec(kind, LAGOS), *FIGURES)
    found = arm.figures["health"]
    assert set(found) == FIGURES
    built = arm._build(3)  # type: ignore[attr-defined]
    if kind == "quantum_kernel":
        circuit, parameters = built.placed.template.first, built.placed.template.x
    else:
        circuit, parameters = built.placed.laid.circuit, built.placed.laid.parameters
    simulator = AerSimulator(
        method="density_matrix", noise_model=noise_model(built.placed.device),
        max_parallel_threads=1,
    )  # fmt: skip
    angles = built.feature_map.angles(small.small_split().fit_on[0])
    for row in (0, 7, 23):
        run = circuit.assign_parameters(dict(zip(parameters, angles[row].tolist(), strict=True)))
        ideal = DensityMatrix(Statevector(run)).data
        run.save_density_matrix()
        rho = np.asarray(simulator.run(run).result().data(0)["density_matrix"])
        assert found["purity"][row] == pytest.approx(np.trace(rho @ rho).real, abs=1e-6)
        assert found["state_fidelity"][row] == pytest.approx(np.trace(rho @ ideal).real, abs=1e-6)
        l1 = np.abs(rho).sum() - np.trace(rho).real
        assert found["l1_coherence"][row] == pytest.approx(l1, abs=1e-5)
        pairs = [partial_trace(DensityMatrix(rho), [k]) for k in range(3)]
        assert found["concurrence"][row] == pytest.approx(max(map(concurrence, pairs)), abs=1e-5)
    assert 0 < found["decoherence"] < 0.3
    assert 0.5 < found["success_probability"] < 1


def test_kernel_figures_are_of_the_exact_kernel() -> None:
    arm = _arm(_spec("quantum_kernel"), *FIGURES)
    assert isinstance(arm, QuantumKernelArm)
    assert arm._ready is not None
    gram, X = arm._ready[1].gram.exact, arm._ready[1].features
    found = arm.figures["health"]
    upper = gram[np.triu_indices(24, 1)]
    assert found["kernel_variance"] == pytest.approx(upper.var(), rel=1e-8)
    assert found["kernel_alignment"] == pytest.approx(alignment(gram, rbf(X)), rel=1e-8)
    expected = geometric_difference(rbf(X), gram)
    assert found["geometric_difference"] == pytest.approx(expected, rel=1e-6)


def test_one_qubit_has_no_pairs_and_products_no_entanglement() -> None:
    one = _health(_spec("quantum_kernel", None, small.ANGLE), *FIGURES, columns=1)
    assert {"concurrence", "negativity"}.isdisjoint(one)
    flat = _health(_spec("quantum_kernel", None, small.ANGLE), *FIGURES)
    assert max(*flat["concurrence"], *flat["negativity"], *flat["meyer_wallach"]) < 1e-9


def test_beyond_what_states_can_be_figured_for_they_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkup, "_MOST_QUBITS", {"ideal": 2, "noisy": 2})
    found = _health(_spec("quantum_kernel"), *FIGURES)
    assert set(found) == {"kernel_variance", "geometric_difference", "kernel_alignment"}


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _health(_spec("projected_kernel", LAGOS), *FIGURES)
    monkeypatch.setattr(checkup, "_BLOCK_BYTES", 5 * 8 * 64)
    assert _health(_spec("projected_kernel", LAGOS), *FIGURES) == whole


def test_at_most_200_rows_are_looked_at_evenly() -> None:
    assert chosen_rows(3).tolist() == [0, 1, 2]
    assert chosen_rows(200).tolist() == list(range(200))
    many = chosen_rows(1001)
    assert (many[0], many[-1], len(set(many.tolist()))) == (0, 1000, 200)
    assert set(np.diff(many)) <= {5, 6}


def test_health_is_of_the_first_seeds_rows_whatever_ran_before() -> None:
    split = small.resampled(small.small_split())
    for kind in KINDS:
        workshop = small.workshop(split, DEVICES)
        asked = dataclasses.replace(workshop, health=frozenset({"kernel_variance", "l1_coherence"}))
        fresh, used = build_arm(_spec(kind), asked), build_arm(_spec(kind), asked)
        used.run(2, 64, 0)
        assert used.figures["health"] == fresh.figures["health"]


def test_a_drifted_arm_claims_no_health_of_the_device_before() -> None:
    arm = _arm(_spec("quantum_kernel"), "purity")
    assert isinstance(arm, QuantumKernelArm)
    assert "health" in arm.figures
    assert "health" not in arm.depolarised(0.2).figures
