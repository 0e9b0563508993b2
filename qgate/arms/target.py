"""What arms predict, and what their predictions and scores must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from qgate.arms.arm import TrialError
from qgate.data.dataset import Array, Codes, Dataset, Labels

SIGNIFICANT_DIGITS = 9
"""Predicted numbers are kept to so many, so that the last bits of a library do not change them."""
_SCORE_DIGITS = 6
"""Scores are kept to this many decimals, for the same reason."""
LARGEST = 2.0**53
"""Beyond it a whole number does not survive JSON."""


@dataclass(frozen=True)
class Target:
    """One of so many classes, or a number where `classes` is 0."""

    classes: int

    @classmethod
    def of(cls, dataset: Dataset) -> Target:
        """Return what a data set's labels are."""
        return cls(len(dataset.classes))

    def predictions(self, predicted: npt.ArrayLike, items: int) -> Labels:
        """Return class codes from 0 to classes - 1, or finite numbers: shape (items,).

        Raises:
            TrialError: When they are not one such value for each item.

        """
        values = np.asarray(predicted)
        if values.shape != (items,):
            raise TrialError(
                "wrong_length",
                f"{items} items were given, predictions of shape {values.shape} came",
            )
        return self._codes(values) if self.classes else _numbers(values)

    def _codes(self, values: npt.NDArray[np.generic]) -> Codes:
        """Refuse what is no class of the data, as a regressor's or an outlier detector's is not."""
        known = np.arange(self.classes)
        if values.dtype.kind not in "biuf" or not np.all(np.isin(values, known)):
            raise TrialError(
                "not_class_labels", "predictions are not class labels: use a classifier"
            )
        return values.astype(np.int64)

    def scores(self, estimator: object, features: Array) -> tuple[float, ...] | None:
        """Return a binary classifier's scores of the class coded 1, None where it gives none.

        Raises:
            TrialError: When they are not one finite number for each item.

        """
        if self.classes != 2:
            return None
        for name, column in (("decision_function", None), ("predict_proba", 1)):
            method = getattr(estimator, name, None)
            if method is not None:
                values = np.asarray(method(features), dtype=np.float64)
                values = values if column is None else values[:, column]
                if values.shape != (len(features),) or not np.all(np.isfinite(values)):
                    raise TrialError("bad_scores", f"{name} does not give one number for each item")
                return tuple((np.round(values, _SCORE_DIGITS) + 0.0).tolist())
        return None


def significant(value: float) -> float:
    """Return a number to 9 significant digits, without a negative zero."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") + 0.0


def _numbers(values: npt.NDArray[np.generic]) -> Array:
    if values.dtype.kind not in "iuf":
        raise TrialError("not_numbers", "predictions are not numbers: use a regressor")
    numbers = values.astype(np.float64)
    if not np.all(np.abs(numbers) < LARGEST):  # nor is NaN below it
        raise TrialError("not_numbers", "predictions are not finite numbers within 2^53")
    return np.array([significant(value) for value in numbers.tolist()], dtype=np.float64)
