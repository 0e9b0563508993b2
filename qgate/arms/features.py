"""Preprocessing, fitted on training rows once, and the finite features that it gives a circuit."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from qgate import plugins
from qgate.arms.arm import TrialError, Workshop
from qgate.charter.arm_spec import ArmSpec
from qgate.data.dataset import Array, Labels
from qgate.data.split import SplitData
from qgate.errors import QgateError

_PREPROCESSING_SEED = 0
"""Preprocessing is fitted once, so that its states serve all training seeds."""


def first_seed(workshop: Workshop) -> int:
    """Return the seed whose split is prepared first."""
    return next(iter(workshop.split.by_seed), 0)


def fitted_features(
    spec: ArmSpec, workshop: Workshop, split: SplitData
) -> tuple[Any, Array, Array]:
    """Return the fitted preprocessing, and what it makes of training and validation rows.

    Returns:
        A scikit-learn pipeline, then features of shape (rows, columns) of either part.

    Raises:
        UsageError: When a step cannot be built.
        TrialError: When a step fails on these data, or leaves what is no finite number.

    """
    pipeline = importlib.import_module("sklearn.pipeline")
    steps = [
        plugins.build(step.path, step.params, _PREPROCESSING_SEED, workshop.allowed_imports)
        for step in spec.preprocess
    ]
    preprocess = pipeline.make_pipeline(*steps, "passthrough")
    rows, labels = split.fit_on
    with threadpool_limits(limits=1):
        return preprocess, *_transformed(preprocess, rows, labels, split.validate_on[0])


def dense(features: Any) -> Array:
    """Return what preprocessing gave, sparse or not, as finite numbers (rows, columns).

    Raises:
        TrialError: When it is no table of finite numbers.

    """
    values = features.toarray() if hasattr(features, "toarray") else features
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or not np.all(np.isfinite(array)):
        raise TrialError(
            "not_finite",
            "an angle needs a finite number: impute missing values in the arm's preprocess",
        )
    return array


def _transformed(
    preprocess: Any, rows: Array, labels: Labels, validation: Array
) -> tuple[Array, Array]:
    """Return both parts' features, shape (rows, features), fitted on the training rows only."""
    try:
        fitted = dense(preprocess.fit_transform(rows, labels))
        return fitted, dense(preprocess.transform(validation))
    except QgateError:
        raise
    except (Exception, SystemExit) as error:
        raise TrialError(type(error).__name__, f"preprocessing failed: {error}") from error
