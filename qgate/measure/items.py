"""What each validation item contributes to a metric, read from evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate.charter.charter import Shots
from qgate.evidence.evidence import Array, Evidence
from qgate.measure.solutions import check_solutions
from qgate.stats.influence import (
    LABEL_METRICS,
    REGRESSION_METRICS,
    SOLUTION_METRICS,
    placements,
    roc_auc,
)

Mask = npt.NDArray[np.bool_]

_SCORED = {"roc_auc": roc_auc, "placements": placements}


@dataclass(frozen=True)
class ItemValues:
    """Item values of one arm, shape (seeds, items), means over `replicates`."""

    values: Array
    replicates: int
    shot_variance: float
    """Variance of a cell's mean over its replicates; 0 with a single one, which shows none."""


def item_values(
    evidence: Evidence, role: str, shots: Shots, name: str, chosen: Mask | None = None
) -> ItemValues:
    """Return item values of a metric over all items, or the chosen ones alone.

    Raises:
        MissingTrialError: When a trial failed.
        ValueError: When the metric cannot be computed of what was recorded.

    """
    trials = evidence.trials(role, shots)
    truths, classes = evidence.truths, len(evidence.classes)
    where: Any = slice(None) if chosen is None else chosen
    rows, variances = [], []
    for truth, replicates in zip(truths, trials, strict=True):
        if name in SOLUTION_METRICS:
            check_solutions(evidence, truth, replicates, name)
        cells = [_values(truth[where], trial, name, classes, where) for trial in replicates]
        rows.append(cells[0] if len(cells) == 1 else np.mean(cells, axis=0))
        if len(cells) > 1:
            variances.append(float(np.var(cells, axis=0, ddof=1).mean()) / len(cells))
    return ItemValues(
        np.asarray(rows, dtype=np.float64),
        len(trials[0]),
        float(np.mean(variances)) if variances else 0.0,
    )


def _values(truth: Any, trial: Mapping[str, Any], name: str, classes: int, where: Any) -> Array:
    if name in _SCORED:
        if trial["scores"] is None:
            raise ValueError(
                f"{trial['arm']} gives no scores of a binary target: roc_auc needs them"
            )
        return _SCORED[name](truth, np.asarray(trial["scores"], dtype=np.float64)[where])
    if numeric := {**REGRESSION_METRICS, **SOLUTION_METRICS}.get(name):
        return numeric(truth, np.asarray(trial["predictions"], dtype=np.float64)[where])
    predicted = np.asarray(trial["predictions"], dtype=np.int64)[where]
    return LABEL_METRICS[name](truth, predicted, classes)


def discordant_items(
    evidence: Evidence, shots: Shots, name: str, gap: bool, chosen: Mask | None = None
) -> int:
    """Return on how many items the arms differ with any seed, or one arm is not faultless."""
    part = {"roc_auc": "placements", "rmse": "mae"}.get(name, name)
    part = part if part in ("placements", "mae", *SOLUTION_METRICS) else "accuracy"
    candidate = item_values(evidence, "candidate", shots, part, chosen).values
    best = np.zeros_like(candidate) if part == "mae" else np.ones_like(candidate)
    other = item_values(evidence, "baseline", shots, part, chosen).values if gap else best
    return int(np.count_nonzero(np.any(candidate != other, axis=0)))
