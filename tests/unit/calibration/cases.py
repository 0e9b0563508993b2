"""Evidence with enough items for rates to mean something, and rates known by construction."""

from __future__ import annotations

from typing import Any

import numpy as np

from qgate.evidence.evidence import Evidence
from tests.unit.measure import small

SEEDS = (1, 2, 3, 4)


def labels(items: int) -> list[int]:
    """Return balanced binary labels."""
    return [i % 2 for i in range(items)]


def two_arms(
    items: int = 400, *, classes: int = 2, scores: bool = False, **change: Any
) -> Evidence:
    """Return arms that err on 10 % and 12 % of the items, mostly others, with some shot noise."""
    rng = np.random.default_rng(5)
    truth = np.arange(items) % classes
    hard = {"baseline": rng.random(items) < 0.10, "candidate": rng.random(items) < 0.12}
    trials = []
    for arm, replicates in (("candidate", 2), ("baseline", 1)):
        for seed in SEEDS:
            for replicate in range(replicates):
                lost = hard[arm] ^ (rng.random(items) < 0.01 * (arm == "candidate"))
                predicted = np.where(lost, (truth + 1) % classes, truth)
                score = (predicted + rng.normal(0, 0.4, items)).tolist() if scores else None
                trials.append(
                    small.trial(
                        arm, seed, predicted.tolist(), replicate=replicate, scores=score,
                        shots=1024 if arm == "candidate" else None,
                    )
                )  # fmt: skip
    return small.evidence(
        trials,
        truth=truth.tolist(),
        classes=list(range(classes)),
        charter=small.document(seeds=SEEDS),
        **change,
    )


def numbers(items: int = 300) -> Evidence:
    """Return two regressors whose errors are alike in size."""
    rng = np.random.default_rng(6)
    truth = rng.normal(0, 5, items)
    trials = [
        small.trial(
            arm, seed, (truth + rng.normal(0, 1, items)).tolist(),
            shots=1024 if arm == "candidate" else None,
        )
        for arm in ("candidate", "baseline")
        for seed in SEEDS
    ]  # fmt: skip
    document = small.document(seeds=SEEDS)
    document["data"] = {**document["data"], "task": "regression"}
    return small.evidence(trials, truth=truth.tolist(), classes=[], charter=document)
