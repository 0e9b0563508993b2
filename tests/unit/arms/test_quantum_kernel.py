"""The quantum kernel arm: its preprocessing, its limits, its counts, its serving path."""

from __future__ import annotations

import dataclasses
import gc
import json
import tracemalloc
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC

from qgate.arms import quantum_kernel
from qgate.arms.arm import TrialError, build_arm, generator
from qgate.charter.arm_spec import ArmSpec, DeviceSpec, Layer, Mitigation, Step, ZeroNoise
from qgate.data.dataset import Array
from qgate.data.split import SplitData
from qgate.errors import TermError, UsageError
from qgate.quantum.estimate import measured, measured_gram
from tests.unit.arms import small

CLASSES = "tests.unit.arms.plugin_classes"
DEVICES = Path(__file__).parents[3] / "fixtures" / "devices"
LAGOS = DeviceSpec("lagos_2021-07-26.json")
LINEAR = ZeroNoise((1, 3), "linear")


def _build(spec: ArmSpec, split: SplitData | None = None) -> quantum_kernel.QuantumKernelArm:
    arm = build_arm(spec, small.workshop(split or small.small_split()))
    assert isinstance(arm, quantum_kernel.QuantumKernelArm)
    return arm


def test_sparse_preprocessing_is_made_dense() -> None:
    split = small.small_split()
    whole = small.with_dataset(split, features=np.round(split.dataset.features).clip(-1, 1))
    params = {"handle_unknown": "ignore", "max_categories": 2}
    sparse = Step("sklearn.preprocessing.OneHotEncoder", params)
    dense = Step("sklearn.preprocessing.OneHotEncoder", {**params, "sparse_output": False})
    outcomes = [
        _build(small.kernel(small.ANGLE, preprocess=(step,)), whole).run(1, None, 0)
        for step in (sparse, dense)
    ]
    assert outcomes[0] == outcomes[1]


def test_a_transformer_without_fit_transform_is_enough() -> None:
    plain = _build(small.kernel(small.ANGLE)).run(1, None, 0)
    shifted = _build(small.kernel(small.ANGLE, preprocess=(Step(f"{CLASSES}.Shifts", {}),)))
    assert shifted.run(1, None, 0).predictions == plain.predictions  # RY's kernel is stationary


@pytest.mark.parametrize(
    ("params", "kind"), [({"missing": True}, "not_finite"), ({"broken": True}, "SystemExit")]
)
def test_failing_preprocessing_is_a_trial_error(params: dict[str, bool], kind: str) -> None:
    with pytest.raises(TrialError) as caught:
        _build(small.kernel(preprocess=(Step(f"{CLASSES}.Shifts", params),)))
    assert caught.value.kind == kind


def test_missing_values_in_the_data_are_a_trial_error() -> None:
    split = small.small_split()
    features = split.dataset.features.copy()
    features[3, 1] = np.nan
    with pytest.raises(TrialError, match="finite") as caught:
        _build(small.kernel(), small.with_dataset(split, features=features))
    assert caught.value.kind == "not_finite"


def test_too_many_qubits_are_refused_before_they_are_simulated() -> None:
    with pytest.raises(TrialError, match="34 states of 40 qubits") as caught:
        _build(small.kernel(small.ANGLE), small.small_split(columns=40))
    assert caught.value.kind == "too_large"


def test_too_many_rows_are_refused_for_their_pairs() -> None:
    """20,000 states of 2 qubits are nothing; their kernel is not."""
    features = np.zeros((20_000, 2))
    split = small.make_split(features, np.arange(20_000) % 2, 15_000)
    with pytest.raises(
        TrialError, match="20000 states of 2 qubits and the fidelities of their pairs"
    ):
        _build(small.kernel(small.ANGLE), split)


@pytest.mark.parametrize(
    "layer",
    [Layer("e", "zz", pairs="ring"), Layer("e", "entangle", "cx")],
    ids=["zz", "entangle"],
)
def test_a_layer_of_pairs_needs_two_features(layer: Layer) -> None:
    with pytest.raises(UsageError, match="at least 2 features"):
        _build(small.kernel(small.ANGLE, layer), small.small_split(columns=1))


@pytest.mark.parametrize(
    ("estimator", "params"),
    [
        ("sklearn.svm.SVC", {"kernel": "rbf"}),
        ("sklearn.svm.LinearSVC", {}),
    ],
)
def test_the_kernel_is_ours_to_give(estimator: str, params: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="kernel must be left to the quantum_kernel"):
        _build(small.kernel(estimator=estimator, params=params))


def test_iterations_are_bounded_unless_the_charter_says_otherwise() -> None:
    arm = _build(small.kernel())
    assert arm._estimator(0).max_iter > 0
    assert _build(small.kernel(params={"max_iter": 77}))._estimator(0).max_iter == 77


def test_circuits_are_those_of_pairs_and_support_vectors() -> None:
    arm = _build(small.kernel(params={"C": 100.0}))
    outcome = arm.run(1, 64, 0)
    assert outcome.fit_circuits == 24 * 23 // 2
    support = len(arm._fit(1, 64, 0).support(24))
    assert 0 < support < 24
    assert outcome.serving_circuits == 10 * support


def test_shots_seeds_and_replicates_change_the_draws_and_nothing_else_does() -> None:
    arm = _build(small.kernel())
    cells = [(1, 64, 0), (1, 64, 1), (2, 64, 0), (1, 65, 0)]
    scores = [arm.run(*cell).scores for cell in cells]
    assert len(set(scores)) == len(cells)
    assert arm.run(1, None, 0) == arm.run(2, None, 5)


def test_many_shots_come_to_the_exact_scores() -> None:
    arm = _build(small.kernel())
    exact, few, many = (arm.run(1, shots, 0).scores for shots in (None, 50, 5_000_000))
    assert exact is not None
    assert few is not None
    assert many is not None
    far, near = (np.abs(np.subtract(scores, exact)).max() for scores in (few, many))
    assert near < 0.01 < far


def test_a_served_request_draws_anew_and_in_a_fixed_order() -> None:
    split = small.small_split()
    arm = _build(small.kernel(), split)
    requests = np.repeat(split.validate_on[0], 30, axis=0)
    first, second = arm.serve(1, 8), arm.serve(1, 8)
    codes = first(requests)
    assert codes.tolist() == second(requests).tolist()
    assert codes.tolist() != first(requests).tolist()


def test_several_classes_by_name() -> None:
    split = small.small_split(("x", "y", "z"))
    outcome = _build(small.kernel(), split).run(1, None, 0)
    assert outcome.scores is None
    assert len(set(outcome.predictions)) == 3


@pytest.mark.parametrize("estimator", ["sklearn.svm.SVR", "sklearn.kernel_ridge.KernelRidge"])
def test_regressors_on_a_fidelity_kernel_learn(estimator: str) -> None:
    split = small.small_split(())
    outcome = _build(small.kernel(small.ANGLE, estimator=estimator), split).run(1, None, 0)
    truth = split.validate_on[1]
    errors = np.subtract(outcome.predictions, truth)
    assert np.mean(errors**2) < 0.7 * np.var(truth)
    assert outcome.scores is None
    if "Ridge" in estimator:
        assert outcome.serving_circuits == 10 * 24  # without support vectors all rows are needed


def test_blocks_are_drawn_apart_on_one_training_draw() -> None:
    split = small.small_split()
    same = small.with_dataset(split, features=np.tile(split.dataset.features[0], (34, 1)))
    same.dataset.features[: len(split.train)] = split.fit_on[0]
    arm = _build(small.kernel(), same)
    blocks = [(0, 5), (5, 10), (0, 10)]
    first, second, both = (arm.run(1, 256, 0, block) for block in blocks)
    whole = arm.run(1, 256, 0)
    assert first.scores is not None
    assert both.scores is not None
    assert whole.scores is not None
    assert first.scores != second.scores
    assert first.scores != whole.scores[:5]
    assert both.scores != whole.scores
    support = {each.serving_circuits / len(each.predictions) for each in (first, second, whole)}
    assert len(support) == 1


def test_only_one_split_is_in_memory() -> None:
    arm = _build(small.kernel(), small.resampled(small.small_split(), (1, 2, 3)))
    for seed in (1, 2, 3, 1):
        arm.run(seed, 64, 0)
        gc.collect()
        assert sum(isinstance(each, quantum_kernel._Exact) for each in gc.get_objects()) == 1


def test_a_drifted_device_moves_every_pair_towards_the_mixed_state() -> None:
    """Strength 1 leaves nothing of the data: every pair is alike, and each request too."""
    arm = _build(small.kernel(small.ANGLE))
    lost = arm.depolarised(1.0)
    assert len(set(lost.run(1, None, 0).scores or ())) == 1
    assert arm.depolarised(0.0).run(1, 64, 0) == arm.run(1, 64, 0)
    slight = arm.depolarised(0.3)
    assert slight.run(1, 64, 0) == slight.run(1, 64, 0) != arm.run(1, 64, 0)
    features, _ = small.small_split().validate_on
    drawn = slight.depolarised(0.3).serve(1, None)(features)
    assert drawn.tolist() == list(slight.run(1, None, 0).predictions)


def _with(
    *layers: Layer,
    split: SplitData | None = None,
    folder: Path = DEVICES,
    preprocess: tuple[Step, ...] = (),
    params: dict[str, Any] | None = None,
    estimator: str = "sklearn.svm.SVC",
    **terms: Any,
) -> quantum_kernel.QuantumKernelArm:
    """Return an arm whose kernel has more terms than its layers."""
    plain = small.kernel(*layers, preprocess=preprocess, params=params, estimator=estimator)
    assert plain.quantum_kernel is not None
    kernel = dataclasses.replace(plain.quantum_kernel, **terms)
    spec = dataclasses.replace(plain, quantum_kernel=kernel)
    arm = build_arm(spec, small.workshop(split or small.small_split(), folder))
    assert isinstance(arm, quantum_kernel.QuantumKernelArm)
    return arm


def _scores(arm: quantum_kernel.QuantumKernelArm) -> Array:
    """Return the scores of exact probabilities."""
    scores = arm.run(1, None, 0).scores
    assert scores is not None
    return np.asarray(scores)


def _uniform(folder: Path, name: str, readout_error: float, two: float = 0.01) -> DeviceSpec:
    """Write a device of three qubits that are all alike, and return its spec."""
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    gates = [
        {"gate": gate, "qubits": [q], "error": 0.001 if gate == "sx" else 0.0}
        for gate in ("sx", "rz")
        for q in range(3)
    ]
    gates += [{"gate": "cz", "qubits": list(pair), "error": two} for pair in pairs]
    head = {"version": 1, "device": "toy", "time": "2026-01-01T00:00:00Z", "source": "made"}
    qubits = [{"readout_error": readout_error}] * 3
    (folder / name).write_text(json.dumps({**head, "qubits": qubits, "gates": gates}))
    return DeviceSpec(name)


@pytest.mark.parametrize("terms", [{}, {"device": LAGOS}], ids=["ideal", "device"])
def test_draws_are_recorded_and_no_two_cells_share_one(terms: dict[str, Any]) -> None:
    arm = _with(**terms)
    cells = [(1, 64, 0), (1, 64, 1), (2, 64, 0), (1, 65, 0)]
    draws = [arm.run(*cell).draws for cell in cells]
    assert all(set(each) == {"training", "validation"} for each in draws)
    assert len({drawn for each in draws for drawn in each.values()}) == 2 * len(cells)
    assert arm.run(1, 64, 0).draws == draws[0]
    assert arm.run(1, None, 0).draws == {}


MANY = small.make_split(np.zeros((20_000, 3)), np.arange(20_000) % 2, 15_000)
WIDE = small.small_split(columns=30)
ALL_PAIRS = Layer("map", "zz_feature_map", pairs="full")
REFUSED: dict[str, tuple[SplitData, dict[str, Any], str, str]] = {
    "state vectors": (WIDE, {}, "34 states of 30 qubits", "or matrix-product states"),
    "matrix products": (WIDE, {"max_bond": 4096}, "34 states of 30 qubits", "max_bond below 4096"),
    "a device": (
        MANY,
        {"device": LAGOS},
        "20000 noisy states and effects of 3 qubits and the fidelities of their pairs take 14.4 GB",
        "noise has no cheaper exact form",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_before_it_is_allocated(name: str) -> None:
    split, terms, what, instead = REFUSED[name]
    tracemalloc.start()
    with pytest.raises(TrialError, match=r"GB, and --max-memory allows 4 GB: use fewer") as caught:
        _with(small.ANGLE, ALL_PAIRS, split=split, **terms)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.kind == "too_large"
    assert what in str(caught.value)
    assert instead in str(caught.value)
    assert peak < 50e6


def test_figures_say_what_runs_and_how_noisy_it_is() -> None:
    assert set(_with().figures) == {"qubits", "depth", "gates", "two_qubit_gates", "parameters"}
    found = _with(device=LAGOS).figures
    assert found["device"] == "ibm_lagos"
    assert len(found["physical_qubits"]) == found["qubits"] == 3
    low, mean = found["diagonal_min"], found["diagonal_mean"]
    assert 0.3 < low < mean < found["diagonal_max"] < 1
    assert 0 < found["asymmetry"] < 0.1
    clean = _with(device=LAGOS, mitigation=Mitigation(readout=True)).figures
    assert clean["diagonal_mean"] > mean


def test_an_ideal_device_is_no_device(tmp_path: Path) -> None:
    ideal = _scores(_with())
    spec = _uniform(tmp_path, "clean.json", 0.0, two=0.0)
    text = (tmp_path / "clean.json").read_text().replace("0.001", "0.0")
    (tmp_path / "clean.json").write_text(text)
    arm = _with(device=spec, folder=tmp_path)
    np.testing.assert_allclose(_scores(arm), ideal, atol=1e-6)
    assert arm.figures["diagonal_min"] == 1
    assert arm.figures["asymmetry"] == 0


def test_a_device_measures_the_diagonal_too() -> None:
    ideal, noisy = _with().run(1, 64, 0), _with(device=LAGOS).run(1, 64, 0)
    assert ideal.fit_circuits == 24 * 23 // 2
    assert noisy.fit_circuits == 24 * 25 // 2
    extrapolated = _with(device=LAGOS, mitigation=Mitigation(False, LINEAR)).run(1, 64, 0)
    assert extrapolated.fit_circuits == 2 * noisy.fit_circuits
    assert extrapolated.serving_circuits % (2 * 10) == 0


def test_mitigated_readout_scores_as_perfect_readout_does(tmp_path: Path) -> None:
    wrong = _uniform(tmp_path, "wrong.json", 0.08)
    right = _uniform(tmp_path, "right.json", 0.0)
    plain, perfect, mended = (
        _scores(_with(device=device, folder=tmp_path, mitigation=mitigation))
        for device, mitigation in [(wrong, None), (right, None), (wrong, Mitigation(readout=True))]
    )
    np.testing.assert_allclose(mended, perfect, atol=1e-6)
    assert np.abs(plain - perfect).max() > 0.01


def test_the_spectrum_is_clipped_for_training_and_for_new_items() -> None:
    arms = {name: _with(spectrum=name) for name in ("as_measured", "clip")}
    few, exact = ({n: a.run(1, shots, 0) for n, a in arms.items()} for shots in (16, None))
    assert few["as_measured"].figures == {}
    assert few["clip"].figures["negative_spectrum"] > 0.02
    assert few["clip"].scores != few["as_measured"].scores
    assert few["clip"].draws == few["as_measured"].draws
    assert exact["clip"].figures == {"negative_spectrum": 0}
    plain, clipped = (_scores(arm) for arm in arms.values())
    np.testing.assert_allclose(clipped, plain, rtol=0, atol=1e-4)
    assert few["clip"].serving_circuits == 10 * 24, "projecting needs every training row"


def test_clipped_scores_are_those_of_projected_entries_by_hand() -> None:
    """The draws again by their names; eigenvectors and the estimator from here."""
    arm, cell, split = _with(spectrum="clip"), (1, 16, 0), small.small_split()
    exact, draw = arm._exact(1), partial(generator, "candidate", *cell)
    gram = measured_gram(exact.gram, 16, draw("training"), unit_diagonal=True)
    values, vectors = np.linalg.eigh(gram)
    assert values.min() < -0.05
    kept = vectors[:, values > 0]
    fitted = SVC(kernel="precomputed").fit(kept @ kept.T @ gram, split.fit_on[1])
    entries = measured(exact.cross, 16, draw("validation"))
    expected = fitted.decision_function(entries @ kept @ kept.T)
    np.testing.assert_allclose(arm.run(*cell).scores or (), expected, rtol=0, atol=1e-4)
    unprojected = fitted.decision_function(entries)
    assert np.abs(unprojected - expected).max() > 0.01


SERVED: dict[str, dict[str, Any]] = {
    "ideal": {},
    "device": {"device": LAGOS},
    "device, clipped": {"device": LAGOS, "spectrum": "clip"},
    "readout": {"device": LAGOS, "mitigation": Mitigation(readout=True)},
    "zero noise": {"device": LAGOS, "mitigation": Mitigation(True, LINEAR)},
    "matrix products": {"max_bond": 4},
}


@pytest.mark.parametrize("name", SERVED)
def test_what_is_served_is_what_was_measured(name: str) -> None:
    """A number is predicted, so that the kernel's entries can be seen through the estimator."""
    split = small.small_split(())
    arm = _with(split=split, estimator="sklearn.svm.SVR", **SERVED[name])
    served = arm.serve(1, None)
    features, _ = split.validate_on
    whole = np.asarray(arm.run(1, None, 0).predictions)
    np.testing.assert_allclose(served(features), whole, rtol=0, atol=1e-6)
    one_by_one = np.concatenate([served(features[[row]]) for row in range(3)])
    np.testing.assert_allclose(one_by_one, whole[:3], rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["ideal", "device, clipped", "readout", "matrix products"])
def test_an_estimator_without_support_vectors_is_served_without_circuits(name: str) -> None:
    split = small.small_split(())
    params = {"epsilon": 1000.0}
    arm = _with(split=split, estimator="sklearn.svm.SVR", params=params, **SERVED[name])
    features, _ = split.validate_on
    outcome = arm.run(1, 64, 0)
    np.testing.assert_allclose(arm.serve(1, 64)(features), outcome.predictions, atol=1e-9)
    assert outcome.serving_circuits == (240 if "clipped" in name else 0)


def test_a_term_that_does_not_fit_has_its_path_in_the_charter() -> None:
    with pytest.raises(TermError, match="needs 8 qubits, ibm_lagos has 7") as caught:
        _with(split=small.small_split(columns=8), device=LAGOS)
    assert caught.value.path == ("candidate", "quantum_kernel", "device")
