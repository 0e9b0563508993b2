"""The quantum kernel arm: its preprocessing, its limits, its counts, its serving path."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from qgate.arms import quantum_kernel
from qgate.arms.arm import TrialError, build_arm
from qgate.charter.charter import ArmSpec, Layer, Step
from qgate.data.split import SplitData
from qgate.errors import UsageError
from tests.unit.arms import small

CLASSES = "tests.unit.arms.plugin_classes"


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
