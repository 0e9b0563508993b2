"""How much shot noise alone moves the metric."""

from __future__ import annotations

import numpy as np

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.measurement import Counts, Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.stats.spread import SpreadInterval, pooled_sd


def measure(evidence: Evidence, gate: Gate) -> Measurement:
    """Return the standard deviation of accuracy over replicates, pooled over seeds."""
    shots = evidence.charter.shots_of(gate)
    try:
        values = _accuracies(evidence, shots)
        spread = _spread(evidence, values, gate.confidence)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), claim="new_replicates")
    return Measurement(
        spread.sd, spread.low, spread.high, True, None,
        Counts(len(evidence.truth), len(values), shots, values.shape[1]),
        f"pooled within seeds, chi-square bounds with {spread.df} degrees of freedom",
        "new_replicates", tuple(_other_levels(evidence, shots, gate.confidence)),
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None) -> Forecast:
    """Return whether there are replicates to take a deviation of."""
    del lock
    shots = plan.charter.shots_of(gate)
    seeds = [trial.seed for trial in plan.of("candidate") if trial.shots == shots]
    df = len(seeds) - len(set(seeds))
    remedy = "set schedule.replicates to 2 or more"
    if shots is None:
        remedy = "exact probabilities have no shot noise: name a shot count with `at`"
    return Forecast(df > 0, None, f"{df} degrees of freedom", remedy)


def _spread(evidence: Evidence, values: Array, confidence: float) -> SpreadInterval:
    """Return the pooled deviation of accuracies, which lie on a lattice of one item's step."""
    return pooled_sd(values, confidence=confidence, resolution=1 / len(evidence.truth))


def _accuracies(evidence: Evidence, shots: Shots) -> Array:
    """Return accuracies of shape (seeds, replicates)."""
    truth = evidence.truth
    return np.asarray(
        [
            [float(np.mean(np.asarray(trial["predictions"]) == truth)) for trial in replicates]
            for replicates in evidence.trials("candidate", shots)
        ]
    )


def _other_levels(evidence: Evidence, shots: Shots, confidence: float) -> list[str]:
    notes: list[str] = []
    for level in evidence.charter.schedule.shots:
        if level is not None and level != shots:
            try:
                other = _spread(evidence, _accuracies(evidence, level), confidence)
            except (MissingTrialError, ValueError):
                continue
            notes.append(
                f"At {level:,} shots: {100 * other.sd:.2g} pt, bounds {100 * other.low:.2g} to "
                f"{100 * other.high:.2g}."
            )
    return notes
