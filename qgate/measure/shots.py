"""How much shot noise alone moves the metric."""

from __future__ import annotations

import numpy as np

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.level import confidence_of, share_of_error
from qgate.measure.measurement import FAIR_CHANCE, Counts, Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.stats.spread import SpreadInterval, chance_of_spread, pooled_sd


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the standard deviation of accuracy over replicates, pooled over seeds."""
    del advise
    shots = evidence.charter.shots_of(gate)
    try:
        values = _accuracies(evidence, shots)
        level = confidence_of(gate, evidence)
        spread = _spread(evidence, values, level)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), claim="new_replicates")
    return Measurement(
        spread.sd, spread.low, spread.high, True, None,
        Counts(evidence.items, len(values), shots, values.shape[1]),
        f"pooled within seeds, chi-square bounds with {spread.df} degrees of freedom",
        "new_replicates", tuple(_other_levels(evidence, shots, level)), confidence=level,
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return whether there are replicates to take a deviation of, and the chance as in the past."""
    del lock
    shots = plan.charter.shots_of(gate)
    seeds = [trial.seed for trial in plan.of("candidate") if trial.shots == shots]
    df = len(seeds) - len(set(seeds))
    remedy = "set schedule.replicates to 2 or more"
    if shots is None:
        remedy = "exact probabilities have no shot noise: name a shot count with `at`"
    note = f"{df} degrees of freedom"
    if df == 0 or past is None or gate.threshold.high is None:
        return Forecast(df > 0, None, note, remedy)
    try:
        values = _accuracies(past, shots)
        sd = _spread(past, values, gate.confidence).sd
    except (MissingTrialError, ValueError) as error:
        return Forecast(True, None, f"{note}; past evidence says nothing ({error})")
    error_share = share_of_error(gate, plan.charter.attempts)
    chance = chance_of_spread(gate.threshold.high, sd, df=df, confidence=1 - error_share)
    note += f", noise as in {past.digest[:12]}"
    return Forecast(chance >= FAIR_CHANCE, chance, note, "set more shots, or a wider limit")


def _spread(evidence: Evidence, values: Array, confidence: float) -> SpreadInterval:
    """Return the pooled deviation of accuracies, which lie on a lattice of one item's step."""
    return pooled_sd(values, confidence=confidence, resolution=1 / evidence.items)


def _accuracies(evidence: Evidence, shots: Shots) -> Array:
    """Return accuracies of shape (seeds, replicates)."""
    trials = zip(evidence.truths, evidence.trials("candidate", shots), strict=True)
    return np.asarray(
        [
            [float(np.mean(np.asarray(trial["predictions"]) == truth)) for trial in replicates]
            for truth, replicates in trials
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
