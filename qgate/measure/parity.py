"""Metrics over items and seeds: of the candidate, and of the gap to the baseline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence, MissingTrialError
from qgate.measure.advice import advice
from qgate.measure.cells import Cells, cells_of, deterministic
from qgate.measure.level import confidence_of
from qgate.measure.measurement import Measurement, Part
from qgate.measure.parity_forecast import forecast
from qgate.measure.registry import METRICS
from qgate.stats.multiplicity import holm
from qgate.stats.paired import bonett_price_interval, mcnemar, newcombe_interval
from qgate.stats.parity import Crossed, ParityInterval

__all__ = ["forecast", "measure"]

_FEWEST_OF_SLICE = 2


def measure(evidence: Evidence, gate: Gate, *, advise: bool = True) -> Measurement:
    """Return the metric with its bounds under the gate's claim, of the worst slice if sliced."""
    try:
        if gate.slices is not None:
            return _sliced(evidence, gate, advise)
        return _whole(evidence, gate, advise)
    except (MissingTrialError, ValueError) as error:
        return Measurement(error=str(error), claim=gate.claim)


def _whole(evidence: Evidence, gate: Gate, advise: bool) -> Measurement:
    cells = cells_of(evidence, gate)
    counts, claim = cells.counts, _effective_claim(gate.claim, len(cells.difference))
    try:
        found = cells.analysis(gate.claim)
    except ValueError as error:
        return Measurement(
            float(cells.difference.mean()), baseline_value=cells.baseline_value, counts=counts,
            method="no interval", claim=gate.claim, notes=(str(error),),
        )  # fmt: skip
    level = confidence_of(gate, evidence)
    interval = _possible(found.interval(2 * level - 1), gate)
    notes = [*_seed_notes(cells)]
    if cells.gap and advise and not evidence.resampled:
        open_ = advice(evidence, gate, cells, found, interval, claim=claim, level=level)
        notes += [*open_, *_elsewhere(cells, gate, level)] if open_ else []
    return Measurement(
        interval.estimate, interval.low, interval.high, True, cells.baseline_value, counts,
        interval.method, claim, tuple(notes), confidence=level, components=found.components,
        also=_comparisons(cells, gate, found, level) if advise else (),
    )  # fmt: skip


def _sliced(evidence: Evidence, gate: Gate, advise: bool) -> Measurement:
    """Return the gap of the worst slice: shown within only if each slice is.

    Each slice's own bound must hold for a pass, which needs no correction (intersection-union,
    Berger 1982). A failure may come from any of them, so their p values are Holm's (1979).
    """
    slices = evidence.record.get("slices")
    if slices is None:
        raise ValueError("the evidence holds no slices")
    level = confidence_of(gate, evidence)
    labels = np.asarray(slices["values"])[: evidence.items]
    expected = gate.slices or tuple(slices["known"])
    analyses: dict[str, tuple[Cells, Crossed]] = {}
    lacking: dict[str, str] = {}
    for name in expected:
        chosen = labels == name
        try:
            if int(chosen.sum()) < _FEWEST_OF_SLICE:
                raise ValueError(f"{int(chosen.sum())} validation items")
            cells = cells_of(evidence, gate, chosen)
            analyses[name] = cells, cells.analysis(gate.claim)
        except ValueError as error:
            lacking[name] = str(error)
    if not analyses:
        raise ValueError(f"no slice of {slices['column']} can be measured")
    parts = _parts(gate, analyses, level)
    found = _worst(gate, parts, analyses, lacking, level, str(slices["column"]))
    worst = next(part.name for part in parts if part.value == found.value)
    cells, analysis = analyses[worst]
    if cells.gap and advise:
        interval = _possible(analysis.interval(2 * level - 1), gate)
        more = advice(evidence, gate, cells, analysis, interval, claim=found.claim, level=level)
        found = replace(found, notes=(*found.notes, *more))
    return found


def _parts(
    gate: Gate, analyses: dict[str, tuple[Cells, Crossed]], level: float
) -> tuple[Part, ...]:
    above = gate.threshold.high is not None
    bound = gate.threshold.high if above else gate.threshold.low
    assert bound is not None  # noqa: S101  # the charter refuses a gate without
    found = [analysis for _, analysis in analyses.values()]
    beyond = [a.p_at_most(bound) if above else a.p_at_least(bound) for a in found]
    adjusted = holm(beyond)
    return tuple(
        Part(
            name, interval.estimate, interval.low, interval.high, float(p), cells.counts.items,
            bool(p <= 1 - level),
        )
        for (name, (cells, analysis)), p in zip(analyses.items(), adjusted, strict=True)
        for interval in [_possible(analysis.interval(2 * level - 1), gate)]
    )  # fmt: skip


def _worst(
    gate: Gate,
    parts: tuple[Part, ...],
    analyses: dict[str, tuple[Cells, Crossed]],
    lacking: dict[str, str],
    level: float,
    column: str,
) -> Measurement:
    """Return the worst slice's value: each bound is the worst of all slices' bounds."""
    above = gate.threshold.high is not None
    worst = max if above else min
    first = 1 - (1 - level) / len(parts)  # Holm's first step: what shows any slice beyond
    shown = [_possible(analysis.interval(2 * first - 1), gate) for _, analysis in analyses.values()]
    near = worst(part.high if above else part.low for part in parts)
    far = worst(interval.low if above else interval.high for interval in shown)
    value = worst(part.value for part in parts)
    named = next(part.name for part in parts if part.value == value)
    cells, _ = analyses[named]
    notes = []
    if failing := [part.name for part in parts if part.beyond]:
        notes.append(f"Shown beyond it, after Holm: {', '.join(failing)}.")
    reasons: dict[str, list[str]] = {}
    for name, why in lacking.items():
        reasons.setdefault(why, []).append(name or "(empty)")
    notes += [f"Missing: {column} = {', '.join(names)}: {why}." for why, names in reasons.items()]
    notes.append(f"Worst slice: {column} = {named} ({cells.counts.items} items).")
    bounds = [None if lacking else near, far]
    low, high = (bounds[1], bounds[0]) if above else (bounds[0], bounds[1])
    each = (analysis.interval(2 * level - 1).method for _, analysis in analyses.values())
    named_methods = " or ".join(dict.fromkeys(each))
    method = f"each of {len(parts)} slices by {named_methods}; Holm for a failure"
    return Measurement(
        value, low, high, True, cells.baseline_value, cells.counts, method,
        _effective_claim(gate.claim, len(cells.difference)), tuple(notes),
        confidence=level, far_confidence=first, parts=parts,
    )  # fmt: skip


def _possible(interval: ParityInterval, gate: Gate) -> ParityInterval:
    """Return an interval cut to the values that the metric can have."""
    terms = METRICS[gate.metric]
    return replace(interval, low=max(interval.low, terms.low), high=min(interval.high, terms.high))


def _comparisons(
    cells: Cells, gate: Gate, found: Crossed, level: float
) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """Return p values of the decision, and what other procedures would say; they decide nothing."""
    high, low = gate.threshold.high, gate.threshold.low
    rows: list[tuple[str, tuple[float, ...]]] = []
    if high is not None and low is not None:
        p = max(found.p_at_least(high), found.p_at_most(low))
        rows.append(("equivalence p (TOST)", (p,)))
    elif high is not None:
        rows.append(("non-inferiority p", (found.p_at_least(high),)))
    single = cells.difference[0]
    counts = cells.gap and cells.name == "accuracy" and cells.counts.seeds == 1
    if not counts or not np.all(np.isin(single, (-1, 0, 1))) or cells.baseline is None:
        return tuple(rows)
    b, c = int((single == 1).sum()), int((single == -1).sum())
    both = int(((cells.baseline[0] == 1) & (single == 0)).sum())
    neither = single.size - b - c - both
    confidence = 2 * level - 1
    exact = mcnemar(b, c)
    return (
        *rows,
        ("Newcombe method 10", newcombe_interval(both, b, c, neither, confidence=confidence)),
        ("Bonett-Price", bonett_price_interval(b, c, single.size, confidence=confidence)),
        ("McNemar exact p", (exact.exact_p,)),
        ("McNemar mid-p", (exact.mid_p,)),
    )


def _effective_claim(claim: str, seeds: int) -> str:
    """Return the claim that can be made: a single seed speaks only for its own artefact."""
    return "this_artifact" if seeds == 1 and claim == "new_items_and_seeds" else claim


def _seed_notes(cells: Cells) -> list[str]:
    seeds = len(cells.difference)
    if seeds == 1 or cells.train or not deterministic(cells.difference):
        return []
    if cells.drawn:
        rare = 1 - 0.05 ** (1 / seeds)
        said = f"an outcome that comes up to {rare:.0%} of the time need not have shown (95%)"
        return [f"All {seeds} seeds agree, which draws may do by luck: {said}."]
    return [f"Deterministic in the seed: {seeds} seeds gave identical cells and count as one."]


def _elsewhere(cells: Cells, gate: Gate, level: float) -> list[str]:
    """Return the verdict of the literal reading of an open gate, where that decides."""
    bound, low = gate.threshold.high, gate.threshold.low
    if bound is None or low is not None or gate.claim == "this_dataset":
        return []
    if len(cells.difference) < 2:
        return []
    literal = cells.analysis("this_dataset").interval(2 * level - 1)
    if literal.high <= bound:
        return ["On this very data set, over new seeds: PASS."]
    return ["On this very data set, over new seeds: FAIL."] if literal.low > bound else []
