"""The classical arm."""

from __future__ import annotations

import pytest

from qgate.arms.arm import TrialError, build_arm
from qgate.errors import TermError, UsageError
from tests.unit.arms import small

CLASSES = "tests.unit.arms.plugin_classes"
NESTED = "tests.unit.arms.plugin_nested"


def test_the_seed_trains_and_shots_and_replicates_do_not() -> None:
    spec = small.classical("sklearn.tree.ExtraTreeClassifier")
    arm = build_arm(spec, small.workshop(small.small_split(columns=6), cells=small.EXACT))
    outcomes = [arm.run(seed, None, 0) for seed in range(12)]
    assert len({outcome.digest for outcome in outcomes}) > 1
    assert arm.run(3, None, 0) == arm.run(3, 64, 5)
    assert outcomes[0].fit_circuits == outcomes[0].serving_circuits == 0


def test_what_cannot_be_built_is_refused_before_any_trial() -> None:
    with pytest.raises(UsageError, match="did you mean 'SVC'"):
        build_arm(
            small.classical("sklearn.svm.SVCC"),
            small.workshop(small.small_split(), cells=small.EXACT),
        )


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("sklearn.linear_model.LinearRegression", "not_class_labels"),
        ("sklearn.ensemble.IsolationForest", "not_class_labels"),
        (f"{CLASSES}.TooShort", "wrong_length"),
    ],
)
def test_what_is_no_classifier_fails_its_trial(path: str, kind: str) -> None:
    arm = build_arm(small.classical(path), small.workshop(small.small_split(), cells=small.EXACT))
    with pytest.raises(TrialError) as caught:
        arm.run(1, None, 0)
    assert caught.value.kind == kind


def test_a_candidate_that_takes_no_shots_is_refused_finite_ones() -> None:
    work = small.workshop(small.small_split())
    with pytest.raises(TermError, match="takes no shots: remove this") as caught:
        build_arm(small.classical(), work)
    assert caught.value.path == ("schedule", "shots")
    build_arm(small.classical(role="baseline"), work)


def test_shots_and_replicates_reach_what_takes_them_and_the_training_seed_stays() -> None:
    spec = small.classical(f"{NESTED}.MeasuresApart")
    arm = build_arm(spec, small.workshop(small.small_split()))
    scores = {cell: (arm.run(*cell).scores or ())[0] for cell in small.CELLS}
    assert [score // 1000 for score in scores.values()] == [1, 2, 1, 1, 2]
    assert scores[1, None, 0] == 1000
    assert len(set(scores.values())) == len(small.CELLS)


def test_without_a_shot_seed_replicates_have_random_states_of_their_own() -> None:
    arm = build_arm(small.classical(f"{NESTED}.Measures"), small.workshop(small.small_split()))
    first, second = (arm.run(1, 64, replicate).predictions for replicate in (0, 1))
    assert first != second
    assert arm.run(1, 64, 0, (4, 10)).predictions == first[4:]


def test_circuits_are_counted_where_a_model_counts_them() -> None:
    arm = build_arm(small.classical(f"{NESTED}.MeasuresApart"), small.workshop(small.small_split()))
    whole, part = arm.run(1, 64, 0), arm.run(1, 64, 0, (4, 8))
    assert (whole.fit_circuits, whole.serving_circuits) == (100, 30)
    assert (part.fit_circuits, part.serving_circuits) == (0, 12)


def test_a_wrong_call_is_found_at_its_place_in_the_charter() -> None:
    params = {"part": [{"call": f"{NESTED}.doubled", "with": {"valve": 1}}]}
    with pytest.raises(TermError, match="did you mean 'value'") as caught:
        build_arm(
            small.classical(f"{NESTED}.Holder", params),
            small.workshop(small.small_split(), cells=small.EXACT),
        )
    assert caught.value.path == ("candidate", "params", "part", 0, "with", "valve")


def test_an_estimator_without_the_base_class_is_adapted() -> None:
    """A pipeline of scikit-learn refuses it otherwise; its scores are still found."""
    arm = build_arm(
        small.classical(f"{NESTED}.Plain"), small.workshop(small.small_split(), cells=small.EXACT)
    )
    outcome = arm.run(1, None, 0)
    assert outcome.scores == tuple(float(code) for code in outcome.predictions)
    server = arm.serve(1, None)
    assert server is not None
    assert server(small.small_split().validate_on[0][:1]).shape == (1,)
