"""The projected kernel arm: its kernel, its counts, its draws, its limits."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

from qgate.arms.arm import TrialError, build_arm
from qgate.arms.projected_kernel import ProjectedKernelArm, outline
from qgate.charter.arm_spec import ArmSpec, DeviceSpec, Layer, Limits, ProjectedKernel, Step
from qgate.data.split import SplitData
from qgate.errors import TermError, UsageError
from tests.unit.arms import small

DEVICES = Path(__file__).parents[3] / "fixtures" / "devices"
LAGOS = DeviceSpec("lagos_2021-07-26.json")
RY = Layer("encode", "angle", "ry")


def _spec(*layers: Layer, estimator: str = "sklearn.svm.SVC", **change: Any) -> ArmSpec:
    params = change.pop("params", {})
    circuit = ProjectedKernel(
        layers or (small.ANGLE, small.ZZ, small.ANGLE), 1, Step(estimator, params), **change
    )
    return ArmSpec("candidate", "arm", projected_kernel=circuit)


def _build(spec: ArmSpec, split: SplitData | None = None, **change: Any) -> ProjectedKernelArm:
    workshop = small.workshop(split or small.small_split(), DEVICES)
    arm = build_arm(spec, dataclasses.replace(workshop, **change))
    assert isinstance(arm, ProjectedKernelArm)
    return arm


def test_of_product_rotations_it_is_a_support_vector_machine_on_the_closed_form() -> None:
    split = small.small_split()
    (X, y), new = split.fit_on, split.validate_on[0]

    def kernel(a: Any, b: Any) -> Any:
        return np.exp(-0.6 * np.sum(1 - np.cos(a[:, None] - b[None]), axis=2))

    outcome = _build(_spec(RY, gamma=0.6), split).run(1, None, 0)
    fitted = SVC(kernel="precomputed").fit(kernel(X, X), y)
    assert list(outcome.predictions) == fitted.predict(kernel(new, X)).tolist()
    np.testing.assert_allclose(
        outcome.scores or (), fitted.decision_function(kernel(new, X)), rtol=0, atol=2e-6
    )


def test_circuits_are_three_a_row_whatever_the_support_vectors_are() -> None:
    arm = _build(_spec())
    outcome = arm.run(1, 64, 0)
    assert (outcome.fit_circuits, outcome.serving_circuits) == (3 * 24, 3 * 10)
    block = arm.run(1, 64, 0, (4, 10))
    assert (block.fit_circuits, block.serving_circuits) == (0, 3 * 6)


def test_the_matrix_of_a_draw_is_positive_with_ones_on_its_diagonal() -> None:
    """Unlike drawn fidelities: a row is measured once, so the entries are of points."""
    arm = _build(_spec())
    trained = arm._fit(1, 16, 0)
    gram = trained.entries(trained.bloch)
    assert np.all(np.diag(gram) == 1)
    assert np.linalg.eigvalsh(gram).min() > -1e-9


def test_shots_seeds_and_replicates_change_the_draws_and_nothing_else_does() -> None:
    arm = _build(_spec())
    cells = [(1, 64, 0), (1, 64, 1), (2, 64, 0), (1, 65, 0)]
    assert len({arm.run(*cell).scores for cell in cells}) == len(cells)
    drawn = [digest for cell in cells for digest in arm.run(*cell).draws.values()]
    assert len(set(drawn)) == len(drawn) == 2 * len(cells)
    assert arm.run(1, None, 0) == arm.run(2, None, 5)
    assert not arm.run(1, None, 0).draws


def test_many_shots_come_to_the_exact_scores() -> None:
    arm = _build(_spec())
    exact, few, many = (arm.run(1, shots, 0).scores or () for shots in (None, 50, 5_000_000))
    far, near = (np.abs(np.subtract(scores, exact)).max() for scores in (few, many))
    assert near < 0.01 < far


def test_gamma_is_the_charters_or_of_the_training_rows_as_measured() -> None:
    assert _build(_spec(gamma=0.25))._fit(1, 64, 0).gamma == 0.25
    arm = _build(_spec())
    trained = arm._fit(1, 64, 0)
    variance = 0.5 * np.var(trained.bloch, axis=0).sum(axis=1).mean()  # of a qubit, in the mean
    assert trained.gamma == pytest.approx(1 / (3 * variance))
    assert trained.gamma < arm._fit(1, None, 0).gamma  # shot noise adds to the variance


def test_rows_that_are_all_alike_need_a_gamma() -> None:
    split = small.make_split(np.ones((8, 2)), [0, 1] * 4, 4)
    with pytest.raises(TrialError, match="set `gamma`") as caught:
        _build(_spec(RY), split).run(1, None, 0)
    assert caught.value.kind == "no_scale"
    _build(_spec(RY, gamma=1.0), split).run(1, None, 0)


@pytest.mark.parametrize("path", ["Classifier", "Regressor"])
def test_gaussian_processes_learn_from_shots(path: str) -> None:
    classes = (0, 1) if path == "Classifier" else ()
    split = small.small_split(classes)
    params = {} if classes else {"alpha": 0.3, "normalize_y": True}
    estimator = f"sklearn.gaussian_process.GaussianProcess{path}"
    outcome = _build(_spec(RY, estimator=estimator, params=params), split).run(1, 256, 0)
    truth = split.validate_on[1]
    if classes:
        assert np.mean(np.asarray(outcome.predictions) == truth) >= 0.7
        assert outcome.scores is not None
        assert all(0 < score < 1 for score in outcome.scores)
    else:
        assert np.mean(np.subtract(outcome.predictions, truth) ** 2) < 0.7 * np.var(truth)


def test_behind_a_devices_noise_it_says_what_it_ran_on() -> None:
    arm, ideal = _build(_spec(device=LAGOS)), _build(_spec())
    figures = arm.figures
    assert figures["calibrated"].startswith("2021-07-26")
    assert len(figures["physical_qubits"]) == figures["qubits"] == 3
    assert "health" not in figures
    noisy, exact = (each._ready[1].training.bloch for each in (arm, ideal) if each._ready)
    assert 0.8 < np.linalg.norm(noisy) / np.linalg.norm(exact) < 0.99
    assert arm.run(1, 64, 0) == _build(_spec(device=LAGOS)).run(1, 64, 0)


def test_drift_pulls_all_rows_together() -> None:
    arm = _build(_spec(gamma=0.5))
    drifted = arm.depolarised(0.5)
    assert arm._ready is not None
    assert drifted._ready is not None
    before, after = arm._ready[1].training.bloch, drifted._ready[1].training.bloch
    np.testing.assert_allclose(after, before / 2, rtol=0, atol=1e-12)
    assert drifted.run(1, 64, 0) != arm.run(1, 64, 0)
    features = small.small_split().validate_on[0]
    server = drifted.serve(1, None)
    assert tuple(server(features).tolist()) == drifted.run(1, None, 0).predictions


def test_limits_are_those_of_the_longest_of_a_rows_circuits(tmp_path: Path) -> None:
    shutil.copy(DEVICES / LAGOS.path, tmp_path)
    depth = _build(_spec()).figures["depth"]
    _build(_spec(limits=Limits(depth=depth)))
    with pytest.raises(TermError, match=f"has depth {depth}, the limit is {depth - 1}") as caught:
        _build(_spec(limits=Limits(depth=depth - 1)))
    assert caught.value.path == ("candidate", "projected_kernel", "limits", "depth")


def test_what_would_not_fit_is_refused_before_it_is_simulated() -> None:
    with pytest.raises(TrialError, match="34 states of 40 qubits") as caught:
        _build(_spec(RY), small.small_split(columns=40))
    assert caught.value.kind == "too_large"
    workshop = small.workshop(small.small_split())
    built, features = outline(_spec(), workshop)
    assert features.shape == (24, 3)
    assert built.circuit_figures.qubits == 3


def test_the_kernel_is_ours_to_give() -> None:
    with pytest.raises(UsageError, match="kernel must be left to the projected_kernel"):
        _build(_spec(params={"kernel": "rbf"}))


def test_many_qubits_are_exact_without_outcomes() -> None:
    """Of exact trials only Bloch vectors are kept, not 2^14 outcomes in three bases."""
    arm = _build(_spec(RY), small.small_split(columns=14), cells=((1, None, 0),))
    assert arm._ready is not None
    assert arm._ready[1].training.outcomes is None
    assert arm.run(1, None, 0).serving_circuits == 30
