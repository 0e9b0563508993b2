"""What arms share: codes, scores, errors that travel."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from qgate.arms.arm import Outcome, TrialError, class_codes, item_scores
from qgate.errors import ExitCode


@pytest.mark.parametrize("values", [[0, 2, 1], [0.0, 2.0, 1.0], np.array([0, 2, 1], dtype=np.int8)])
def test_class_codes_of_any_number_type(values: object) -> None:
    codes = class_codes(values, 3, 3)  # type: ignore[arg-type]
    assert codes.dtype == np.int64
    assert codes.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    "values",
    [[0.5, 1.0], [float("nan"), 1.0], [float("inf"), 0.0], ["0", "1"], [-1, 1], [0, 3]],
    ids=str,
)
def test_what_is_no_class_of_the_data_is_refused(values: list[object]) -> None:
    with pytest.raises(TrialError) as caught:
        class_codes(values, 2, 3)  # type: ignore[arg-type]
    assert caught.value.kind == "not_class_labels"


@pytest.mark.parametrize("values", [[0], [0, 1, 1], [[0], [1]], 1], ids=str)
def test_predictions_are_one_an_item(values: object) -> None:
    with pytest.raises(TrialError) as caught:
        class_codes(values, 2, 2)  # type: ignore[arg-type]
    assert caught.value.kind == "wrong_length"


class _Scorer:
    def __init__(self, values: object) -> None:
        self.values = values

    def decision_function(self, features: object) -> object:
        del features
        return self.values


class _Unsure:
    def predict_proba(self, features: object) -> object:
        del features
        return [[0.25, 0.75], [0.9, 0.1]]


def test_scores_are_for_the_class_coded_one() -> None:
    assert item_scores(_Unsure(), np.zeros((2, 1)), 2) == (0.75, 0.1)


def test_scores_are_rounded_and_have_no_negative_zero() -> None:
    found = item_scores(_Scorer([0.12345649, -1e-9]), np.zeros((2, 1)), 2)
    assert found == (0.123456, 0.0)
    assert str(found[1]) == "0.0"


def test_several_classes_and_hard_classifiers_have_no_scores() -> None:
    assert item_scores(_Unsure(), np.zeros((2, 1)), 3) is None
    assert item_scores(object(), np.zeros((2, 1)), 2) is None


@pytest.mark.parametrize("values", [[0.1], [0.1, float("nan")], [[0.1], [0.2]]], ids=str)
def test_bad_scores_are_refused(values: object) -> None:
    with pytest.raises(TrialError) as caught:
        item_scores(_Scorer(values), np.zeros((2, 1)), 2)
    assert caught.value.kind == "bad_scores"


def test_a_trial_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(TrialError("kind", "what happened")))  # noqa: S301  # ours
    assert isinstance(error, TrialError)
    assert (error.kind, str(error)) == ("kind", "what happened")


def test_a_trial_error_is_no_bug_of_ours() -> None:
    assert TrialError("kind", "message").exit_code == ExitCode.COULD_NOT_RUN


def test_an_outcomes_digest_is_of_predictions_and_scores_only() -> None:
    outcome = Outcome((0, 1), (0.5, 1.0))
    assert outcome.digest == Outcome((0, 1), (0.5, 1.0), 7, 8).digest
    assert outcome.digest != Outcome((0, 0), (0.5, 1.0)).digest
    assert outcome.digest != Outcome((0, 1), (0.5, 1.1)).digest
    assert outcome.digest != Outcome((0, 1), None).digest
