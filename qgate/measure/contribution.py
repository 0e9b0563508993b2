"""Whether the quantum part does anything: the candidate against itself with that part taken out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qgate.charter.charter import Gate, Threshold
from qgate.charter.derived import ABLATIONS, PERMUTED
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.lock.lock import Lock
from qgate.measure.cells import Cells, cells_of
from qgate.measure.level import confidence_of
from qgate.measure.measurement import Forecast, Measurement, Part
from qgate.measure.parity import measure as measure_parity
from qgate.plan.plan import Plan
from qgate.stats.multiplicity import holm
from qgate.stats.parity import ParityInterval

_WORDS = {
    "without_entanglement": "without entanglement",
    "classical_surrogate": "classical surrogate",
}
_GAPS = {
    "classification": "val_accuracy_gap_vs_classical",
    "optimization": "val_approximation_ratio_gap_vs_classical",
}


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return by how much the candidate beats its strongest ablation, or what permuted labels tell.

    The contribution is shown only if the candidate beats each ablation, which needs no correction
    (intersection-union, Berger 1982); that it beats one of them by less than the threshold is shown
    by Holm's (1979) first step.
    """
    try:
        if gate.metric == "label_leak":
            return _leak(evidence, gate, advise)
        if evidence.task not in _GAPS:
            raise ValueError("quantum_contribution is for classes and for problems to solve")
        return _contribution(evidence, gate)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), claim=gate.claim)


def _contribution(evidence: Evidence, gate: Gate) -> Measurement:
    level, bound = confidence_of(gate, evidence), gate.threshold.low
    if bound is None:
        raise ValueError("it needs a threshold: add `min`")
    pairs = {_WORDS[role]: cells for role, cells in _pairs(evidence, gate)}
    found = {name: cells.analysis(gate.claim) for name, cells in pairs.items()}
    if not found:
        raise ValueError("the candidate has no part that could be taken out")
    first = 1 - (1 - level) / len(found)  # Holm's first step: what shows any of them below
    adjusted = holm([analysis.p_at_least(bound) for analysis in found.values()])
    parts = tuple(
        _part(name, analysis.interval(2 * level - 1), float(p), evidence.items, level)
        for (name, analysis), p in zip(found.items(), adjusted, strict=True)
    )
    worst = min(parts, key=lambda part: part.value)
    analysis = found[worst.name]
    high = min(a.interval(2 * first - 1).high for a in found.values())
    better = ", which does better" if worst.high < 0 else ""
    notes = [f"Against its strongest ablation, {worst.name}{better}."]
    return Measurement(
        worst.value, min(part.low for part in parts), high, True, None, pairs[worst.name].counts,
        analysis.interval(2 * level - 1).method, gate.claim, tuple(notes), confidence=level,
        far_confidence=first if len(found) > 1 else None, parts=parts,
    )  # fmt: skip


def _pairs(evidence: Evidence, gate: Gate) -> Iterator[tuple[str, Cells]]:
    """Yield each ablation's role and the cells of the candidate's gain over it."""
    ran = {trial["arm"] for trial in evidence.record["trials"]}
    as_gap = replace(gate, metric=_GAPS[evidence.task])
    for role in ABLATIONS[gate.metric]:
        if role in ran:
            # The gap is the first minus the second, or for an error the other way round.
            pair = {"candidate": "baseline", role: "candidate"}
            yield role, cells_of(evidence.as_if(pair), as_gap)


def _part(name: str, interval: ParityInterval, p: float, items: int, level: float) -> Part:
    beyond = p <= 1 - level
    return Part(name, interval.estimate, interval.low, interval.high, p, items, beyond)


def _leak(evidence: Evidence, gate: Gate, advise: bool) -> Measurement:
    """Return by how much a candidate trained on permuted labels beats chance.

    Predictions that know nothing of the labels have a balanced accuracy of 1 over the number of
    classes, however rare some of these are and however often each is predicted. Their accuracy has
    no such level: where nine of ten items are of one class, a candidate that knows every second
    answer is still no better than always naming that class.
    """
    if evidence.task != "classification":
        raise ValueError("permuted labels are told from chance for classes only")
    chance = 1 / min(np.unique(truth).size for truth in evidence.truths)
    limit = gate.threshold.high
    shifted = Threshold(high=None if limit is None else limit + chance)
    own = replace(gate, metric="val_balanced_accuracy", threshold=shifted)
    found = measure_parity(evidence.as_if({PERMUTED: "candidate"}), own, advise=advise)
    if found.value is None:
        return found
    low, high = (None if end is None else end - chance for end in (found.low, found.high))
    note = f"Permuted labels: balanced accuracy {found.value:.1%}; by chance: {chance:.1%}."
    return replace(
        found, value=found.value - chance, low=low, high=high, notes=(note,), baseline_value=None
    )


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return which ablations will be run."""
    del lock, past
    roles = {arm.role for arm in plan.charter.derived} & set(ABLATIONS[gate.metric])
    if plan.charter.data.task == "regression":
        return Forecast(False, None, f"{gate.metric} is not for numbers", "remove the gate")
    if not roles:
        return Forecast(False, None, "the candidate has no part to take out", "remove the gate")
    return Forecast(True, None, f"against {' and '.join(sorted(roles)).replace('_', ' ')}")
