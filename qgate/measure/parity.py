"""Classification metrics over items and seeds: of the candidate, and of the gap to the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Codes, Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.advice import advice
from qgate.measure.measurement import GOOD_CHANCE, Counts, Forecast, Measurement
from qgate.measure.units import in_words
from qgate.plan.plan import Plan
from qgate.stats.influence import LABEL_METRICS, placements, reach, roc_auc
from qgate.stats.parity import Cells, Components, ParityInterval, crossed_interval
from qgate.stats.power import chance_to_pass, items_needed, seeds_needed, smallest_tolerance

_GAP = "_gap_vs_classical"
_PLACEMENTS = "placements"

# Taken for granted before any evidence: on 8% of the items the arms disagree, three fifths of
# that the same with every seed; the mean gap wanders by half a point from seed to seed.
_DISCORDANCE = 0.08
_ITEM_SHARE = 0.6
_SEED_SD = 0.005
_FAIR_CHANCE = 0.5
_DOUBLINGS = 10


def measure(evidence: Evidence, gate: Gate) -> Measurement:
    """Return the metric with its interval under the gate's claim."""
    name = gate.metric.removeprefix("val_").removesuffix(_GAP)
    shots = evidence.charter.shots_of(gate)
    try:
        candidate, replicates = item_values(evidence, "candidate", shots, name)
        if gate.metric.endswith(_GAP):
            baseline, _ = item_values(evidence, "baseline", shots, name)
        else:
            baseline = np.zeros_like(candidate)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), claim=gate.claim)
    gap = gate.metric.endswith(_GAP)
    difference = baseline - candidate if gap else candidate
    deterministic = bool(np.all(difference == difference[0]))
    counts = Counts(difference.shape[1], 1 if deterministic else len(difference), shots, replicates)
    baseline_value = float(baseline.mean()) if gap else None
    try:
        discordant = _discordant(evidence, shots, name, gap)
        reached = reach(evidence.truth, name, len(evidence.classes))
        interval = _interval(difference, gate, name, gate.claim, discordant, reached)
    except ValueError as error:
        return Measurement(
            float(difference.mean()), baseline_value=baseline_value, counts=counts,
            method="no interval", claim=gate.claim, notes=(str(error),),
        )  # fmt: skip
    claim = _effective_claim(gate.claim, len(difference))
    notes = [*_seed_notes(difference), *advice(interval, gate, counts, claim, reached)]
    if gap:
        notes += _elsewhere(difference, gate, name)
    return Measurement(
        interval.estimate, interval.low, interval.high, True, baseline_value, counts,
        interval.method, claim, tuple(notes),
    )  # fmt: skip


def forecast(plan: Plan, gate: Gate, lock: Lock | None) -> Forecast:
    """Return the chance of a pass were the candidate truly equal, and what would raise it."""
    tolerance, components = _margin(gate, lock)
    if tolerance is None:
        return Forecast(True, None, "the baseline's value is not locked: no forecast")
    seeds, claim = len(plan.charter.schedule.seeds), gate.claim
    chance = chance_to_pass(
        tolerance, components=components, seeds=seeds, items=plan.items, claim=claim,
        confidence=gate.confidence,
    )  # fmt: skip
    design = f"{plan.items} items x {seeds} seeds"
    spread = components.item + components.residual
    what = "discordance" if gate.metric.endswith(_GAP) else "variance of an item"
    note = f"{design}, assuming {100 * spread:.3g}% {what}"
    if chance >= GOOD_CHANCE:
        return Forecast(True, chance, note)
    least = smallest_tolerance(plan.items, confidence=gate.confidence)
    if claim != "this_dataset" and tolerance < least:
        bound = in_words(least, "proportion", difference=True)
        note = f"{design}: without a single disagreement the bound is still {bound}"
    remedy = _remedy(tolerance, components, gate, seeds, plan.items)
    return Forecast(chance >= _FAIR_CHANCE, chance, note, remedy)


def _remedy(tolerance: float, parts: Components, gate: Gate, seeds: int, items: int) -> str:
    """Return a design with a good chance: more items, else more seeds, else more of both."""
    if tolerance <= 0:
        return "no design shows an equal candidate to be better: loosen the threshold"

    def items_with(count: int) -> int | None:
        return items_needed(
            tolerance, components=parts, seeds=count, claim=gate.claim,
            confidence=gate.confidence, chance=GOOD_CHANCE,
        )  # fmt: skip

    needed = None if gate.claim == "this_dataset" else items_with(seeds)
    if needed is not None:
        return f"about {needed:,} validation items with {seeds} seeds give {GOOD_CHANCE:.0%}"
    wanted = seeds_needed(
        tolerance, components=parts, items=items, claim=gate.claim, confidence=gate.confidence,
        chance=GOOD_CHANCE,
    )  # fmt: skip
    if wanted is not None:
        return f"about {wanted:,} seeds with {items} items give {GOOD_CHANCE:.0%}"
    for count in (seeds * 2**power for power in range(1, _DOUBLINGS)):
        needed = items_with(count)
        if needed is not None:
            return f"about {needed:,} validation items with {count:,} seeds give {GOOD_CHANCE:.0%}"
    return "no design that could be run will do: loosen the threshold"


def item_values(evidence: Evidence, role: str, shots: Shots, name: str) -> tuple[Array, int]:
    """Return item values of a metric, shape (seeds, items), means over replicates, and their count.

    Raises:
        MissingTrialError: When a trial failed.
        ValueError: When the metric cannot be computed of what was recorded.

    """
    trials = evidence.trials(role, shots)
    truth, classes = evidence.truth, len(evidence.classes)
    rows = [
        np.mean([_values(truth, trial, name, classes) for trial in replicates], axis=0)
        for replicates in trials
    ]
    return np.asarray(rows, dtype=np.float64), len(trials[0])


def _values(truth: Codes, trial: Mapping[str, Any], name: str, classes: int) -> Array:
    if name in ("roc_auc", _PLACEMENTS):
        if trial["scores"] is None:
            raise ValueError(
                f"{trial['arm']} gives no scores of a binary target: roc_auc needs them"
            )
        score = np.asarray(trial["scores"], dtype=np.float64)
        return roc_auc(truth, score) if name == "roc_auc" else placements(truth, score)
    return LABEL_METRICS[name](truth, np.asarray(trial["predictions"], dtype=np.int64), classes)


def _interval(
    difference: Array, gate: Gate, name: str, claim: str, discordant: int = 0, reached: float = 1.0
) -> ParityInterval:
    alone: Cells = "paired" if gate.metric.endswith(_GAP) else "successes"
    return crossed_interval(
        difference,
        claim=claim,
        confidence=2 * gate.confidence - 1,
        cells=alone if name == "accuracy" else "influence",
        discordant=discordant,
        reach=reached,
    )


def _discordant(evidence: Evidence, shots: Shots, name: str, gap: bool) -> int:
    """Return on how many items the arms differ with any seed, or one arm is not faultless."""
    part = _PLACEMENTS if name == "roc_auc" else "accuracy"
    candidate, _ = item_values(evidence, "candidate", shots, part)
    other = item_values(evidence, "baseline", shots, part)[0] if gap else np.ones_like(candidate)
    return int(np.count_nonzero(np.any(candidate != other, axis=0)))


def _effective_claim(claim: str, seeds: int) -> str:
    """Return the claim that can be made: a single seed speaks only for its own artefact."""
    return "this_artifact" if seeds == 1 and claim == "new_items_and_seeds" else claim


def _seed_notes(difference: Array) -> list[str]:
    if len(difference) > 1 and bool(np.all(difference == difference[0])):
        return [f"Deterministic in the seed: {len(difference)} seeds count as one."]
    return []


def _elsewhere(difference: Array, gate: Gate, name: str) -> list[str]:
    """Return the verdict of the literal reading, where that differs in kind."""
    bound = gate.threshold.high
    if bound is None or gate.claim == "this_dataset" or len(difference) < 2:
        return []
    literal = _interval(difference, gate, name, "this_dataset")
    if literal.high <= bound:
        return ["On this very data set, over new seeds: PASS."]
    return ["On this very data set, over new seeds: FAIL."] if literal.low > bound else []


def _margin(gate: Gate, lock: Lock | None) -> tuple[float | None, Components]:
    """Return the distance from equality to the threshold, and the components of one cell."""
    if gate.metric.endswith(_GAP):
        spread = gate.discordance or _DISCORDANCE
        parts = Components(_ITEM_SHARE * spread, _SEED_SD**2, (1 - _ITEM_SHARE) * spread)
        return gate.threshold.high, parts
    name = gate.metric.removeprefix("val_")
    score = lock.document["baseline"]["score"].get(name) if lock else None
    if gate.threshold.low is None or score is None:
        return None, Components(0.0, 0.0, 0.0)
    return score - gate.threshold.low, Components(score * (1 - score), _SEED_SD**2, 0.0)
