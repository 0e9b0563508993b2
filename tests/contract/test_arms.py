"""What every kind of arm promises, by one suite."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from qgate.arms.arm import Arm, Outcome, build_arm
from qgate.charter.arm_spec import ARM_KINDS, ArmSpec, ProjectedKernel, RandomFeatures, Step
from qgate.data.split import SplitData
from qgate.errors import UsageError
from tests.contract import sdk_specs, test_solvers
from tests.unit.arms import small

SCALED = (Step("sklearn.preprocessing.StandardScaler", {}),)


def _classical(folder: Path, split: SplitData) -> ArmSpec:
    del folder
    kind = "Classifier" if split.dataset.classes else "Regressor"
    return small.classical(f"sklearn.tree.DecisionTree{kind}", {"max_features": 1}, role="baseline")


def _quantum_kernel(folder: Path, split: SplitData) -> ArmSpec:
    del folder
    estimator = "sklearn.svm.SVC" if split.dataset.classes else "sklearn.svm.SVR"
    return small.kernel(preprocess=SCALED, estimator=estimator)


def _projected_kernel(folder: Path, split: SplitData) -> ArmSpec:
    del folder
    kind = "SVC" if split.dataset.classes else "SVR"
    estimator = Step(f"sklearn.svm.{kind}", {"C": 10.0})
    circuit = ProjectedKernel((small.ANGLE, small.ZZ, small.ANGLE), 1, estimator)
    return ArmSpec("candidate", "arm", SCALED, projected_kernel=circuit)


def _variational(folder: Path, split: SplitData) -> ArmSpec:
    del folder, split
    return small.variational(preprocess=SCALED, steps=40)


def _measured_variational(folder: Path, split: SplitData) -> ArmSpec:
    del folder, split
    return small.variational(preprocess=SCALED, gradient="spsa", steps=40, learning_rate=0.2)


def _random_features(folder: Path, split: SplitData) -> ArmSpec:
    del folder
    kind = "SVC" if split.dataset.classes else "SVR"
    section = RandomFeatures((small.ANGLE,), 1, (), Step(f"sklearn.svm.{kind}", {}), 16)
    return ArmSpec("candidate", "arm", SCALED, random_features=section)


def _linear_random_features(folder: Path, split: SplitData) -> ArmSpec:
    del folder, split
    section = RandomFeatures((small.ANGLE,), 1, (), None, 16)
    return ArmSpec("candidate", "arm", SCALED, random_features=section)


def _recorded(folder: Path, split: SplitData) -> ArmSpec:
    small.write_rows(folder / "recorded.csv", small.recorded_rows(split))
    return small.recorded()


KINDS: dict[str, Callable[[Path, SplitData], ArmSpec]] = {
    "estimator": _classical,
    "quantum_kernel": _quantum_kernel,
    "projected_kernel": _projected_kernel,
    "variational": _variational,
    "variational/spsa": _measured_variational,
    "random_features": _random_features,
    "random_features/linear": _linear_random_features,
    "recorded": _recorded,
    **sdk_specs.KINDS,
}
LABELS: tuple[tuple[str | int, ...], ...] = ((0, 1), ("benign", "malignant"), ("a", "b", "c"), ())
"""Classes of the data; none for regression."""
BLOCKS = ((0, 3), (3, 4), (4, 10))


@dataclass(frozen=True)
class Subject:
    """An arm's spec, its data, and how to build it."""

    spec: ArmSpec
    split: SplitData
    folder: Path
    arm: Arm
    """What gave the first outcomes; one test alone runs it again."""
    first: tuple[Outcome, ...]
    """Of the small cells in their order, from an arm that had done nothing before."""

    def build(self, split: SplitData | None = None) -> Arm:
        return build_arm(self.spec, small.workshop(split or self.split, self.folder))

    def of(self, seed: int) -> Outcome:
        """Return the first exact outcome with a seed."""
        return self.first[small.CELLS.index((seed, None, 0))]

    @property
    def items(self) -> int:
        return len(self.split.validation)

    @property
    def classes(self) -> int:
        return len(self.split.dataset.classes)

    def mislabelled(self, rows: npt.NDArray[np.int64]) -> SplitData:
        """Return the split with other labels on some rows."""
        labels = self.split.dataset.labels.copy()
        labels[rows] = (labels[rows] + 1) % self.classes if self.classes else -3 * labels[rows]
        return small.with_dataset(self.split, labels=labels)


SUBJECTS = [
    (kind, labels)
    for kind in KINDS
    for labels in (LABELS if kind in ARM_KINDS else (LABELS[0], *LABELS[2:]))
]
"""Names of two classes are codes long before an SDK's slow models see them."""


@pytest.fixture(scope="module", params=SUBJECTS, ids=str)
def subject(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    kind, labels = request.param
    folder, split = tmp_path_factory.mktemp("arm"), small.small_split(labels)
    if kind in sdk_specs.KINDS:
        split = _with_fewer_to_train(split)
    spec = KINDS[kind](folder, split)
    arm = build_arm(spec, small.workshop(split, folder))
    return Subject(spec, split, folder, arm, tuple(arm.run(*cell) for cell in small.CELLS))


def _with_fewer_to_train(split: SplitData) -> SplitData:
    """Return the split without ten of its training rows: the SDKs' models are slow."""
    data, train = split.dataset, len(split.train) - 10
    return small.make_split(data.features[10:], data.labels[10:], train, data.classes)


def _digests(outcomes: Iterable[Outcome]) -> list[str]:
    return [outcome.digest for outcome in outcomes]


def _run(arm: Arm) -> list[str]:
    return _digests(arm.run(*cell) for cell in small.CELLS)


def test_every_kind_of_arm_is_under_contract() -> None:
    """The strongest baseline is an estimator by the time that it is built."""
    found = {kind.partition("/")[0] for kind in (*KINDS, *test_solvers.KINDS)}
    assert found == set(ARM_KINDS) - {"strongest"}


def test_the_same_arguments_give_the_same_outcome_in_any_order(subject: Subject) -> None:
    backward = [subject.arm.run(*cell) for cell in reversed(small.CELLS)]
    assert tuple(backward[::-1]) == subject.first


def test_building_twice_gives_the_same_outcomes(subject: Subject) -> None:
    assert _run(subject.build()) == _digests(subject.first)


def test_an_arm_that_travelled_to_another_process_gives_the_same_outcomes(
    subject: Subject,
) -> None:
    arm = subject.build()
    travelled: Arm = pickle.loads(pickle.dumps(arm))  # noqa: S301  # written a moment ago
    assert _run(travelled) == _digests(subject.first)
    server, again = arm.serve(1, 64), travelled.serve(1, 64)
    assert (server is None) == (again is None)
    if server is not None and again is not None:
        features, _ = subject.split.validate_on
        assert server(features).tolist() == again(features).tolist()


def test_outcomes_are_labels_of_all_validation_items(subject: Subject) -> None:
    for outcome in subject.first:
        assert pickle.loads(pickle.dumps(outcome)) == outcome  # noqa: S301  # our own bytes
        assert len(outcome.predictions) == subject.items
        if subject.classes:
            assert set(outcome.predictions) <= set(range(subject.classes))
            assert all(type(code) is int for code in outcome.predictions)
        else:
            assert outcome.scores is None
            assert len(set(outcome.predictions)) > 2
            assert all(type(value) is float for value in outcome.predictions)
            assert all(value == float(f"{value:.9g}") for value in outcome.predictions)
        if outcome.scores is not None:
            assert len(outcome.scores) == subject.items
            assert all(type(score) is float for score in outcome.scores)
        assert outcome.fit_circuits >= 0
        assert outcome.serving_circuits >= 0


def test_a_binary_arm_ranks_as_it_predicts(subject: Subject) -> None:
    if subject.spec.recorded or len(subject.split.dataset.classes) != 2:
        pytest.skip("a recorder's scores are its own; several classes have none")
    outcome = subject.of(1)
    assert outcome.scores is not None
    ones = [s for s, code in zip(outcome.scores, outcome.predictions, strict=True) if code == 1]
    rest = [s for s, code in zip(outcome.scores, outcome.predictions, strict=True) if code == 0]
    assert min(ones) >= max(rest)


@pytest.mark.parametrize("batch", [1, 4])
def test_serving_gives_a_code_for_each_row_of_a_request(subject: Subject, batch: int) -> None:
    server = subject.build().serve(1, None)
    if server is None:
        assert subject.spec.recorded is not None
        return
    features, _ = subject.split.validate_on
    codes = server(features[:batch])
    assert codes.shape == (batch,)
    if subject.classes:
        assert codes.dtype == np.int64
        assert set(codes.tolist()) <= set(range(subject.classes))
    else:
        assert codes.dtype == np.float64
        assert np.all(np.isfinite(codes))


def test_serving_predicts_what_a_trial_predicts(subject: Subject) -> None:
    arm = subject.build()
    server = arm.serve(2, None)
    if server is not None:
        features, _ = subject.split.validate_on
        one_by_one = [server(row[None])[0].item() for row in features]
        expected = subject.of(2)
        assert tuple(one_by_one) == expected.predictions


def test_validation_labels_are_never_seen(subject: Subject) -> None:
    blind = subject.build(subject.mislabelled(subject.split.validation))
    assert _run(blind) == _digests(subject.first)


def test_validation_features_do_not_change_what_is_fitted(subject: Subject) -> None:
    features = subject.split.dataset.features.copy()
    features[subject.split.validation[0]] = 40.0
    changed = subject.build(small.with_dataset(subject.split, features=features))
    before, after = subject.of(1), changed.run(1, None, 0)
    assert after.predictions[1:] == before.predictions[1:]
    if before.scores is not None and after.scores is not None:
        assert after.scores[1:] == before.scores[1:]


def test_training_labels_do_change_what_is_fitted(subject: Subject) -> None:
    """The two tests above would pass for an arm that learns nothing."""
    if subject.spec.recorded:
        return
    relearned = subject.build(subject.mislabelled(subject.split.train))
    expected = subject.of(1)
    assert relearned.run(1, None, 0).predictions != expected.predictions


def test_an_id_is_a_name_only(subject: Subject) -> None:
    renamed = dataclasses.replace(subject, spec=dataclasses.replace(subject.spec, id="other"))
    assert _run(renamed.build()) == _digests(subject.first)


def test_exact_blocks_of_items_put_together_are_the_whole(subject: Subject) -> None:
    arm = subject.build()
    for seed in (1, 2):
        whole = subject.of(seed)
        parts = [arm.run(seed, None, 0, block) for block in BLOCKS]
        assert sum((part.predictions for part in parts), ()) == whole.predictions
        if whole.scores is not None:
            assert sum((part.scores or () for part in parts), ()) == whole.scores
        assert [part.fit_circuits for part in parts] == [whole.fit_circuits, 0, 0]
        assert sum(part.serving_circuits for part in parts) == whole.serving_circuits


def test_a_block_is_the_same_whatever_ran_before_it(subject: Subject) -> None:
    calls = [(*cell, block) for cell in small.CELLS for block in (*BLOCKS, None)]
    arm = subject.build()
    forward = [arm.run(*call) for call in calls]
    assert [arm.run(*call) for call in reversed(calls)] == forward[::-1]
    travelled: Arm = pickle.loads(pickle.dumps(arm))  # noqa: S301  # written a moment ago
    assert [travelled.run(*call) for call in calls] == forward
    assert [subject.build().run(*call) for call in calls[2:4]] == forward[2:4]


def test_each_seed_may_have_a_split_of_its_own(subject: Subject) -> None:
    split = small.resampled(subject.split)
    if subject.spec.recorded:
        with pytest.raises(UsageError, match="recorded predictions need one fixed split"):
            subject.build(split)
        return
    arm = subject.build(split)
    alone = {seed: subject.build(split.of_seed(seed)) for seed in (1, 2)}
    calls = [(*cell, block) for cell in small.CELLS for block in (None, (2, 7))]
    expected = [alone[call[0]].run(*call) for call in calls]
    assert [arm.run(*call) for call in calls] == expected
    assert [arm.run(*call) for call in reversed(calls)] == expected[::-1]
    features = subject.split.dataset.features
    for seed in (2, 1):
        server, other = arm.serve(seed, None), alone[seed].serve(seed, None)
        assert server is not None
        assert other is not None
        assert server(features).tolist() == other(features).tolist()
    assert arm.run(2, None, 0) != subject.of(2)
