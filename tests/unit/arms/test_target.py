"""What predictions and scores must be, for classes and for numbers."""

from __future__ import annotations

import numpy as np
import pytest

from qgate.arms.arm import TrialError
from qgate.arms.target import Target


@pytest.mark.parametrize("values", [[0, 2, 1], [0.0, 2.0, 1.0], np.array([0, 2, 1], dtype=np.int8)])
def test_class_codes_of_any_number_type(values: object) -> None:
    codes = Target(3).predictions(values, 3)  # type: ignore[arg-type]
    assert codes.dtype == np.int64
    assert codes.tolist() == [0, 2, 1]


@pytest.mark.parametrize(
    "values",
    [[0.5, 1.0], [float("nan"), 1.0], [float("inf"), 0.0], ["0", "1"], [-1, 1], [0, 3]],
    ids=str,
)
def test_what_is_no_class_of_the_data_is_refused(values: list[object]) -> None:
    with pytest.raises(TrialError) as caught:
        Target(3).predictions(values, 2)  # type: ignore[arg-type]
    assert caught.value.kind == "not_class_labels"


@pytest.mark.parametrize("values", [[0], [0, 1, 1], [[0], [1]], 1], ids=str)
@pytest.mark.parametrize("classes", [2, 0])
def test_predictions_are_one_an_item(values: object, classes: int) -> None:
    with pytest.raises(TrialError) as caught:
        Target(classes).predictions(values, 2)  # type: ignore[arg-type]
    assert caught.value.kind == "wrong_length"


def test_numbers_are_kept_to_nine_digits_without_a_negative_zero() -> None:
    third = Target(0).predictions([1 / 3, np.nextafter(1 / 3, 1), -0.0, 12345678912.0], 4)
    assert third.dtype == np.float64
    assert third.tolist() == [0.333333333, 0.333333333, 0.0, 12345678900.0]
    assert str(third[2]) == "0.0"
    assert Target(0).predictions(np.array([2, 3]), 2).tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    "values",
    [
        [0.5, float("nan")],
        [float("inf"), 0.0],
        ["0", "1"],
        [None, 1.0],
        [True, False],
        [2.0**53, 0],
    ],
    ids=str,
)
def test_what_is_no_number_is_refused(values: list[object]) -> None:
    with pytest.raises(TrialError) as caught:
        Target(0).predictions(values, 2)  # type: ignore[arg-type]
    assert caught.value.kind == "not_numbers"


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
    assert Target(2).scores(_Unsure(), np.zeros((2, 1))) == (0.75, 0.1)


def test_scores_are_rounded_and_have_no_negative_zero() -> None:
    found = Target(2).scores(_Scorer([0.12345649, -1e-9]), np.zeros((2, 1)))
    assert found == (0.123456, 0.0)
    assert str(found[1]) == "0.0"


def test_several_classes_and_hard_classifiers_have_no_scores() -> None:
    assert Target(3).scores(_Unsure(), np.zeros((2, 1))) is None
    assert Target(0).scores(_Unsure(), np.zeros((2, 1))) is None
    assert Target(2).scores(object(), np.zeros((2, 1))) is None


@pytest.mark.parametrize("values", [[0.1], [0.1, float("nan")], [[0.1], [0.2]]], ids=str)
def test_bad_scores_are_refused(values: object) -> None:
    with pytest.raises(TrialError) as caught:
        Target(2).scores(_Scorer(values), np.zeros((2, 1)))
    assert caught.value.kind == "bad_scores"
