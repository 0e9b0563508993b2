"""Item values: their mean is the metric, as scikit-learn has it."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from qgate.stats.influence import (
    REGRESSION_METRICS,
    accuracy,
    balanced_accuracy,
    f1,
    mae,
    placements,
    reach,
    rmse,
    roc_auc,
)
from tests.unit.stats.settings import FIXED

Codes = npt.NDArray[np.int64]
Array = npt.NDArray[np.float64]
SEED = st.integers(0, 2**32 - 1)


def _labels(seed: int, n: int, classes: int) -> tuple[Codes, Codes]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    truth[: 2 * classes] = np.tile(np.arange(classes), 2)[: len(truth)]
    predicted = np.where(rng.random(n) < 0.7, truth, rng.integers(0, classes, n))
    return truth, predicted


@FIXED
@given(SEED, st.integers(6, 80), st.integers(2, 5))
def test_label_metrics_are_those_of_scikit_learn(seed: int, n: int, classes: int) -> None:
    truth, predicted = _labels(seed, n, classes)
    average = "binary" if classes == 2 else "macro"
    expected = {
        accuracy: metrics.accuracy_score(truth, predicted),
        balanced_accuracy: metrics.balanced_accuracy_score(truth, predicted),
        f1: metrics.f1_score(truth, predicted, average=average, zero_division=0.0),
    }
    for metric, value in expected.items():
        found = metric(truth, predicted, classes)
        assert found.shape == truth.shape
        assert float(found.mean()) == pytest.approx(value, abs=1e-12)


def test_a_class_that_is_nowhere_does_not_count_in_f1() -> None:
    truth, predicted = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    expected = metrics.f1_score(truth, predicted, average="macro")
    assert float(f1(truth, predicted, 3).mean()) == pytest.approx(expected, abs=1e-12)


@FIXED
@given(SEED, st.integers(6, 80), st.integers(2, 30))
def test_the_area_under_the_curve_is_that_of_scikit_learn(seed: int, n: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    truth[:4] = [0, 0, 1, 1]
    score = rng.integers(0, levels, n) / levels  # few levels: many ties
    found = float(roc_auc(truth, score).mean())
    assert found == pytest.approx(metrics.roc_auc_score(truth, score), abs=1e-12)


@pytest.mark.parametrize("truth", [[0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]])
def test_an_area_needs_both_classes(truth: list[int]) -> None:
    with pytest.raises(ValueError, match="at least 2 items of each class"):
        roc_auc(np.array(truth), np.arange(4, dtype=np.float64))


def test_an_area_needs_finite_scores() -> None:
    with pytest.raises(ValueError, match="finite"):
        roc_auc(np.array([0, 0, 1, 1]), np.array([0.0, np.nan, 1.0, 2.0]))


def test_placements_are_shares_of_the_other_class() -> None:
    found = placements(np.array([0, 0, 1, 1]), np.array([0.1, 0.5, 0.5, 0.9]))
    assert found.tolist() == [1.0, 0.75, 0.75, 1.0]


@pytest.mark.parametrize("metric", [balanced_accuracy, f1])
@pytest.mark.parametrize("classes", [2, 3])
def test_influence_gives_the_spread_of_the_bootstrap(metric: object, classes: int) -> None:
    assert callable(metric)
    truth, predicted = _labels(4, 400, classes)
    values = metric(truth, predicted, classes)
    rng = np.random.default_rng(1)
    draws = rng.integers(0, truth.size, (400, truth.size))
    means = [float(metric(truth[i], predicted[i], classes).mean()) for i in draws]
    se = float(values.std(ddof=1)) / np.sqrt(truth.size)
    assert float(np.std(means)) == pytest.approx(se, rel=0.15)


@pytest.mark.parametrize(
    ("name", "metric"),
    [("accuracy", accuracy), ("balanced_accuracy", balanced_accuracy), ("f1", f1)],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_no_single_item_moves_a_metric_by_more_than_its_reach(
    name: str, metric: object, classes: int
) -> None:
    assert callable(metric)
    truth = np.array([0] * 60 + [1] * 20 + ([2] * 10 if classes == 3 else []))
    whole = float(metric(truth, truth, classes).mean())
    limit = reach(truth, name, classes) / truth.size
    moves = []
    for i in range(truth.size):
        predicted = truth.copy()
        predicted[i] = (truth[i] + 1) % classes
        moves.append(whole - float(metric(truth, predicted, classes).mean()))
    assert 0.4 * limit < max(moves) <= limit * 1.001


def _targets(seed: int, n: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(3.0, 2.0, n)
    return truth, truth + rng.gamma(2.0, 0.5, n) - 0.7  # skewed and biased errors


@FIXED
@given(SEED, st.integers(1, 80))
def test_regression_metrics_are_those_of_scikit_learn(seed: int, n: int) -> None:
    truth, predicted = _targets(seed, n)
    expected = {
        "rmse": metrics.root_mean_squared_error(truth, predicted),
        "mae": metrics.mean_absolute_error(truth, predicted),
    }
    assert REGRESSION_METRICS.keys() == expected.keys()
    for name, metric in REGRESSION_METRICS.items():
        found = metric(truth, predicted)
        assert found.shape == truth.shape
        assert float(found.mean()) == pytest.approx(expected[name], abs=1e-12)


@pytest.mark.parametrize("metric", REGRESSION_METRICS.values())
def test_regression_without_an_error_is_zero(metric: Callable[[Array, Array], Array]) -> None:
    truth = np.arange(5, dtype=np.float64)
    assert metric(truth, truth).tolist() == [0.0] * 5


@pytest.mark.parametrize("metric", REGRESSION_METRICS.values())
@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        ([], [], "shape"),
        ([1.0, 2.0], [1.0], "shape"),
        ([[1.0]], [[1.0]], "shape"),
        ([1.0, 2.0], [1.0, math.nan], "finite"),
        ([1.0, math.inf], [1.0, 2.0], "finite"),
    ],
)
def test_regression_refuses_what_has_no_error(
    metric: Callable[[Array, Array], Array], truth: object, predicted: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metric(np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64))


def _jackknife_values(metric: Callable[[Codes], Array], n: int) -> Array:
    """Return the pseudo-values of leaving out one of n items, given a metric of chosen items."""
    everyone = np.arange(n)
    whole = float(metric(everyone).mean())
    without = np.array([float(metric(np.delete(everyone, i)).mean()) for i in everyone])
    return n * whole - (n - 1) * without


@pytest.mark.parametrize("name", ["f1", "f1_macro", "balanced_accuracy", "rmse", "mae"])
def test_influence_agrees_with_leaving_one_item_out(name: str) -> None:
    n = 300
    truth, predicted = _labels(7, n, 3 if name == "f1_macro" else 2)
    target, estimate = _targets(7, n)
    metric: Callable[[Codes], Array] = {
        "f1": lambda kept: f1(truth[kept], predicted[kept], 2),
        "f1_macro": lambda kept: f1(truth[kept], predicted[kept], 3),
        "balanced_accuracy": lambda kept: balanced_accuracy(truth[kept], predicted[kept], 2),
        "rmse": lambda kept: rmse(target[kept], estimate[kept]),
        "mae": lambda kept: mae(target[kept], estimate[kept]),
    }[name]
    values, jackknife = metric(np.arange(n)), _jackknife_values(metric, n)
    assert float(jackknife.std()) == pytest.approx(float(values.std()), rel=0.02)
    assert float(np.corrcoef(values, jackknife)[0, 1]) > 0.999


def test_a_class_that_is_not_there_is_no_perfect_score() -> None:
    truth, wild = np.zeros(50, dtype=np.int64), np.ones(50, dtype=np.int64)
    with pytest.raises(ValueError, match="positive class"):
        f1(truth, wild, 2)
    with pytest.raises(ValueError, match="at least 2 classes"):
        f1(truth, wild, 3)
    with pytest.raises(ValueError, match="at least 2 classes"):
        balanced_accuracy(truth, wild, 2)
