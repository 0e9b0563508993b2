"""The classical arm."""

from __future__ import annotations

import pytest

from qgate.arms.arm import TrialError, build_arm
from qgate.errors import UsageError
from tests.unit.arms import small

CLASSES = "tests.unit.arms.plugin_classes"


def test_the_seed_trains_and_shots_and_replicates_do_not() -> None:
    spec = small.classical("sklearn.tree.ExtraTreeClassifier")
    arm = build_arm(spec, small.workshop(small.small_split(columns=6)))
    outcomes = [arm.run(seed, None, 0) for seed in range(12)]
    assert len({outcome.digest for outcome in outcomes}) > 1
    assert arm.run(3, None, 0) == arm.run(3, 64, 5)
    assert outcomes[0].fit_circuits == outcomes[0].serving_circuits == 0


def test_what_cannot_be_built_is_refused_before_any_trial() -> None:
    with pytest.raises(UsageError, match="did you mean 'SVC'"):
        build_arm(small.classical("sklearn.svm.SVCC"), small.workshop(small.small_split()))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("sklearn.linear_model.LinearRegression", "not_class_labels"),
        ("sklearn.ensemble.IsolationForest", "not_class_labels"),
        (f"{CLASSES}.TooShort", "wrong_length"),
    ],
)
def test_what_is_no_classifier_fails_its_trial(path: str, kind: str) -> None:
    arm = build_arm(small.classical(path), small.workshop(small.small_split()))
    with pytest.raises(TrialError) as caught:
        arm.run(1, None, 0)
    assert caught.value.kind == kind
