"""Item values: their mean is the metric, as scikit-learn has it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from qgate.stats.influence import accuracy, balanced_accuracy, f1, placements, reach, roc_auc
from tests.unit.stats.settings import FIXED

Codes = npt.NDArray[np.int64]
SEED = st.integers(0, 2**32 - 1)


def _labels(seed: int, n: int, classes: int) -> tuple[Codes, Codes]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, n)
    truth[:classes] = np.arange(classes)
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


def test_f1_without_a_positive_anywhere_is_zero() -> None:
    nothing = np.zeros(5, dtype=np.int64)
    assert float(f1(nothing, nothing, 2).mean()) == 0


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
        roc_auc(np.array(truth), np.arange(4.0))


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
