"""How much shot noise alone moves the metric."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.level import confidence_of, share_of_error
from qgate.measure.measurement import FAIR_CHANCE, Counts, CurvePoint, Forecast, Measurement
from qgate.plan.plan import Plan
from qgate.stats.convergence import Spread, decay, needed, needed_between
from qgate.stats.spread import SpreadInterval, chance_of_spread, pooled_sd

_POWERS = (0.25, 0.5)
"""Labels flip only near the boundary, whose items fall with the root of the shots: the deviation
falls with their fourth root. Where most items are near it, with their root."""


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
    curve = tuple(_curve(evidence, level))
    notes = (*_other_levels(curve, shots), *_needed(evidence, gate, curve, spread))
    return Measurement(
        spread.sd, spread.low, spread.high, True, None,
        Counts(evidence.items, len(values), shots, values.shape[1]),
        f"pooled within seeds, chi-square bounds with {spread.df} degrees of freedom",
        "new_replicates", notes, confidence=level, curve=curve,
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


def _curve(evidence: Evidence, confidence: float) -> Iterator[CurvePoint]:
    """Yield the spread and the mean of accuracy at every shot count that has them."""
    for shots in sorted(evidence.charter.schedule.shots, key=lambda s: s or math.inf):
        try:
            values = _accuracies(evidence, shots)
            if shots is None:
                yield CurvePoint(None, 0.0, 0.0, 0.0, float(values.mean()))
                continue
            spread = _spread(evidence, values, confidence)
        except (MissingTrialError, ValueError):
            continue
        yield CurvePoint(shots, spread.sd, spread.low, spread.high, float(values.mean()))


def _other_levels(curve: Sequence[CurvePoint], shots: Shots) -> Iterator[str]:
    for point in curve:
        mean = f"accuracy {100 * point.mean:.1f}%"
        if point.shots is None:
            yield f"With exact probabilities: {mean}."
        elif point.shots != shots:
            yield (
                f"At {point.shots:,} shots: {100 * point.sd:.2g} pt, bounds "
                f"{100 * point.low:.2g} to {100 * point.high:.2g}, {mean}."
            )


def _needed(
    evidence: Evidence, gate: Gate, curve: Sequence[CurvePoint], spread: SpreadInterval
) -> Iterator[str]:
    """Yield how many shots would show the threshold with as many replicates."""
    if gate.threshold.high is None or spread.sd <= 0:
        return
    shots = evidence.charter.shots_of(gate)
    target = gate.threshold.high * spread.sd / spread.high
    seen = [Spread(p.shots, p.sd, spread.df) for p in curve if p.shots is not None]
    fitted = decay(seen)
    if fitted is not None:
        found, how = needed(fitted, target), f"falling as shots^-{fitted.power:.2g} as seen here"
    else:
        found = needed_between(Spread(shots or 1, spread.sd, spread.df), target, _POWERS)
        how = "if it falls with the fourth root to the root of the shots; more counts would tell"
    limit = f"{100 * gate.threshold.high:.2g} pt"
    if found is None:
        yield f"The noise does not fall with the shots seen here: none are known to show {limit}."
        return
    end = "no end" if found.high is None else f"{found.high:,.0f}"
    yield f"About {found.shots:,.0f} shots would show {limit} ({found.low:,.0f} to {end}, {how})."
