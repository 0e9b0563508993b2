"""What each item contributes to a metric: linearised item values.

For every metric the mean of the returned values over items is the metric itself, and their spread
gives its sampling variance. They are infinitesimal jackknife values, the metric plus its derivative
in an item's weight (Jaeckel 1972; Efron 1982, The Jackknife, chapter 6), which agree to first order
with the pseudo-values of leaving one item out; for metrics that are means over items (accuracy,
MAE) the two are the same. For the area under the curve they are scaled to DeLong et al. (1988).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def accuracy(truth: Codes, predicted: Codes, classes: int) -> Array:
    """Return correctness: shape (items,), 1.0 where the prediction is right."""
    del classes
    return np.asarray(truth == predicted, dtype=np.float64)


def balanced_accuracy(truth: Codes, predicted: Codes, classes: int) -> Array:
    """Return item values of the mean of per-class recalls (Brodersen et al. 2010).

    Raises:
        ValueError: When there are items of one class alone.

    """
    right = accuracy(truth, predicted, classes)
    present = np.unique(truth)
    if present.size < 2:
        raise ValueError("balanced accuracy needs items of at least 2 classes")
    values = np.zeros(truth.size)
    total = 0.0
    for label in present:
        members = truth == label
        recall = right[members].mean()
        total += recall / present.size
        values[members] = (right[members] - recall) * truth.size / (members.sum() * present.size)
    return values + total


def f1(truth: Codes, predicted: Codes, classes: int) -> Array:
    """Return item values of F1: of the class coded 1 when binary, else the mean over classes.

    Classes that neither the truth nor the predictions hold are left out of the mean.

    Raises:
        ValueError: When the positive class, or all but one of several, has too few items.

    """
    if classes == 2 and int((truth == 1).sum()) < 2:
        raise ValueError("F1 needs at least 2 items of the positive class")
    if classes > 2 and np.unique(truth).size < 2:
        raise ValueError("the mean F1 needs items of at least 2 classes")
    labels = [1] if classes == 2 else np.union1d(truth, predicted).tolist()
    parts = [_f1_of(truth == label, predicted == label) for label in labels]
    return np.asarray(np.mean(parts, axis=0), dtype=np.float64)


def _f1_of(truth: npt.NDArray[np.bool_], predicted: npt.NDArray[np.bool_]) -> Array:
    hits = 2.0 * (truth & predicted)
    weight = truth.astype(np.float64) + predicted.astype(np.float64)
    if not weight.any():
        return np.zeros(truth.size)
    value = hits.sum() / weight.sum()
    return np.asarray(value + (hits - value * weight) / weight.mean(), dtype=np.float64)


def roc_auc(truth: Codes, score: Array) -> Array:
    """Return item values of the area under the ROC curve of the class coded 1; ties count half.

    The values are scaled so that the variance of their mean is DeLong's.

    Raises:
        ValueError: When a class has fewer than 2 items, or a score is not finite.

    """
    share, positive = placements(truth, score), truth == 1
    members, others = int(positive.sum()), int((~positive).sum())
    area = float(share[positive].mean())
    weight = np.where(
        positive, _delong_weight(truth.size, members), _delong_weight(truth.size, others)
    )
    return np.asarray((share - area) * weight + area)


def placements(truth: Codes, score: Array) -> Array:
    """Return for each item the share of the other class that its score is on the right side of.

    Raises:
        ValueError: When a class has fewer than 2 items, or a score is not finite.

    """
    positive, negative = score[truth == 1], score[truth != 1]
    if positive.size < 2 or negative.size < 2:
        raise ValueError("the area under the curve needs at least 2 items of each class")
    if not np.all(np.isfinite(score)):
        raise ValueError("scores must be finite")
    share = np.empty(truth.size)
    share[truth == 1] = _share_below(positive, negative)
    share[truth != 1] = 1.0 - _share_below(negative, positive)
    return share


def _share_below(values: Array, others: Array) -> Array:
    ordered = np.sort(others)
    left = np.searchsorted(ordered, values, side="left")
    right = np.searchsorted(ordered, values, side="right")
    return np.asarray((left + right) / (2.0 * others.size), dtype=np.float64)


def _delong_weight(n: int, members: int) -> float:
    """Turn the spread about the mean over n items into DeLong's sum over one class."""
    return n / members * float(np.sqrt((n - 1) / n * members / (members - 1)))


def rmse(truth: Array, predicted: Array) -> Array:
    """Return item values of the root mean squared error, in the target's unit; 0 without error.

    Raises:
        ValueError: On no items, unequal shapes, or values that are not finite.

    """
    squares = _errors(truth, predicted) ** 2
    value = float(np.sqrt(squares.mean()))
    if value == 0:
        return np.zeros(squares.size)
    return np.asarray(value + (squares - squares.mean()) / (2 * value), dtype=np.float64)


def mae(truth: Array, predicted: Array) -> Array:
    """Return absolute errors: shape (items,), in the target's unit.

    Raises:
        ValueError: On no items, unequal shapes, or values that are not finite.

    """
    return np.abs(_errors(truth, predicted))


def _errors(truth: Array, predicted: Array) -> Array:
    if truth.ndim != 1 or truth.size == 0 or truth.shape != predicted.shape:
        raise ValueError(f"truth has shape {truth.shape}, predictions {predicted.shape}")
    errors = np.asarray(predicted - truth, dtype=np.float64)
    if not np.all(np.isfinite(errors)):
        raise ValueError("targets and predictions must be finite")
    return errors


def reach(truth: Codes, name: str, classes: int) -> float:
    """Return how far one item can move a metric on classes, in units of 1/n for n items.

    1 for accuracy; more where a small class carries a large weight (first order).
    """
    _, members = np.unique(truth, return_counts=True)
    weight = truth.size / float(members.min())
    if name == "accuracy":
        return 1.0
    if name == "roc_auc":
        return weight
    if name == "f1" and classes == 2:
        return truth.size / max(float((truth == 1).sum()), 1.0)
    return weight / members.size


def approximation_ratio(truth: Array, predicted: Array) -> Array:
    """Return each value's share of its problem's best one: shape (items,), at most 1.

    Raises:
        ValueError: On no items, unequal shapes, a best value of 0, or values that are not finite.

    """
    _errors(truth, predicted)
    if not np.all(truth):
        raise ValueError("a value has no ratio to a best value of 0")
    return np.asarray(predicted / truth, dtype=np.float64)


def optimum_reached(truth: Array, predicted: Array) -> Array:
    """Return 1.0 where a value is its problem's best one, to 8 significant digits, else 0.0.

    Raises:
        ValueError: On no items, unequal shapes, or values that are not finite.

    """
    errors = np.abs(_errors(truth, predicted))
    return np.asarray(errors <= 1e-8 * np.maximum(1.0, np.abs(truth)), dtype=np.float64)


LABEL_METRICS: dict[str, Callable[[Codes, Codes, int], Array]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": f1,
}

REGRESSION_METRICS: dict[str, Callable[[Array, Array], Array]] = {"rmse": rmse, "mae": mae}

SOLUTION_METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "approximation_ratio": approximation_ratio,
    "optimum_reached": optimum_reached,
}
