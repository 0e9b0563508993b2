"""Classification metrics over items and seeds: of the candidate, and of the gap to the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Codes, Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.measurement import CLAIM_WORDS, GOOD_CHANCE, Counts, Forecast, Measurement
from qgate.measure.units import in_words
from qgate.plan.plan import Plan
from qgate.stats.influence import LABEL_METRICS, roc_auc
from qgate.stats.parity import Components, ParityInterval, crossed_interval
from qgate.stats.power import chance_to_pass, items_needed, planned_se, smallest_tolerance

_GAP = "_gap_vs_classical"

# Taken for granted before any evidence: on 8 % of the items the arms disagree, three fifths of
# that the same with every seed; the mean gap wanders by half a point from seed to seed.
_DISCORDANCE = 0.08
_ITEM_SHARE = 0.6
_SEED_SD = 0.005
_FAIR_CHANCE = 0.5


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
        interval = _interval(difference, gate, name, gap, gate.claim)
    except ValueError as error:
        return Measurement(
            float(difference.mean()), baseline_value=baseline_value, counts=counts,
            method="no interval", claim=gate.claim, notes=(str(error),),
        )  # fmt: skip
    notes = [*_seed_notes(difference), *_pricing(interval, gate, counts)]
    if gap:
        notes += _elsewhere(difference, gate, name)
    return Measurement(
        interval.estimate, interval.low, interval.high, True, baseline_value, counts,
        interval.method, _effective_claim(gate.claim, len(difference)), tuple(notes),
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
    note = f"{design}, assuming {100 * spread:.3g} % {what}"
    if chance >= GOOD_CHANCE:
        return Forecast(True, chance, note)
    if claim == "this_dataset" and seeds < 2:
        return Forecast(False, chance, note, "schedule at least 2 seeds")
    needed = items_needed(
        tolerance, components=components, seeds=seeds, claim=claim, confidence=gate.confidence,
        chance=GOOD_CHANCE,
    ) if claim != "this_dataset" else None  # fmt: skip
    least = smallest_tolerance(plan.items, confidence=gate.confidence)
    if needed is None:
        remedy = f"more than {seeds} seeds would do; items alone will not"
    else:
        remedy = f"about {needed:,} validation items with {seeds} seeds give {GOOD_CHANCE:.0%}"
    if claim != "this_dataset" and tolerance < least:
        bound = in_words(least, "proportion", difference=True)
        note = f"{design}: without a single disagreement the bound is still {bound}"
    return Forecast(chance >= _FAIR_CHANCE, chance, note, remedy)


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
    if name == "roc_auc":
        if trial["scores"] is None:
            raise ValueError(
                f"{trial['arm']} gives no scores of a binary target: roc_auc needs them"
            )
        return roc_auc(truth, np.asarray(trial["scores"], dtype=np.float64))
    return LABEL_METRICS[name](truth, np.asarray(trial["predictions"], dtype=np.int64), classes)


def _interval(difference: Array, gate: Gate, name: str, gap: bool, claim: str) -> ParityInterval:
    return crossed_interval(
        difference,
        estimate=float(difference.mean()),
        claim=claim,
        confidence=2 * gate.confidence - 1,
        proportions=gap and name == "accuracy",
    )


def _effective_claim(claim: str, seeds: int) -> str:
    """Return the claim that can be made: a single seed speaks only for its own artefact."""
    return "this_artifact" if seeds == 1 and claim == "new_items_and_seeds" else claim


def _seed_notes(difference: Array) -> list[str]:
    if len(difference) > 1 and bool(np.all(difference == difference[0])):
        return [f"Deterministic in the seed: {len(difference)} seeds count as one."]
    return []


def _pricing(interval: ParityInterval, gate: Gate, counts: Counts) -> list[str]:
    """Return what is uncertain and what would decide; empty when the bounds have decided."""
    bound = gate.threshold.high
    if bound is None or interval.high <= bound or interval.low > bound or interval.se == 0:
        return []
    parts = interval.components
    items, seeds = counts.items, max(counts.seeds, 1)
    shares = {
        "items": 0.0 if gate.claim == "this_dataset" else parts.item / items,
        "seeds": 0.0 if gate.claim == "this_artifact" else parts.seed / seeds,
        "seed x item and shots": parts.residual / (items * seeds),
    }
    total = sum(shares.values())
    if total == 0:
        return []
    largest = in_words(interval.high, "proportion", difference=True)
    notes = [
        f"Not evidence of failure: {CLAIM_WORDS[gate.claim]} the gap may be as large as {largest}.",
        "Uncertainty: " + ", ".join(f"{k} {v / total:.0%}" for k, v in shares.items()) + ".",
    ]
    if bound <= 0 or gate.claim == "this_dataset":
        return notes
    needed = items_needed(
        bound, components=parts, seeds=seeds, claim=gate.claim, confidence=gate.confidence,
        chance=GOOD_CHANCE,
    )  # fmt: skip
    if needed is not None and needed <= items:
        notes.append(
            f"These {items} items would give an 80 % chance if the arms were truly equal: the "
            "gap itself stands in the way."
        )
        return notes
    alone = math.sqrt(parts.item / items)
    helps = planned_se(parts, seeds=10 * seeds, items=items, claim=gate.claim) < 0.8 * interval.se
    if needed is None:
        notes.append("No number of items alone will decide: the seeds differ too much.")
    else:
        tail = "" if helps or alone == 0 else "; more seeds or shots alone will not decide"
        notes.append(
            f"With {seeds} seed{'s' if seeds > 1 else ''}, about {needed:,} items (have {items}) "
            f"give an 80 % chance to pass if truly equal{tail}."
        )
    return notes


def _elsewhere(difference: Array, gate: Gate, name: str) -> list[str]:
    """Return the verdict of the literal reading, where that differs in kind."""
    bound = gate.threshold.high
    if bound is None or gate.claim == "this_dataset" or len(difference) < 2:
        return []
    literal = _interval(difference, gate, name, True, "this_dataset")
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
