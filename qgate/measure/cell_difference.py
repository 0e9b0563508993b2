"""The difference of a gate's cells between two bundles: paired where the items are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence
from qgate.measure.cells import cells_of
from qgate.measure.paired_cells import PairedCells, paired_cells
from qgate.measure.registry import METRICS
from qgate.stats.difference import Bounded, mover
from qgate.stats.influence import REGRESSION_METRICS

MOVER = "MOVER of the two intervals (Zou and Donner 2008)"


@dataclass(frozen=True)
class CellDifference:
    """A difference with its bounds, and what of a gap's is each arm's."""

    bounds: Bounded
    method: str
    shares: tuple[tuple[str, Bounded], ...] = ()


def cell_difference(
    older: Evidence, before: Gate, newer: Evidence, after: Gate, *, level: float, paired: bool
) -> CellDifference | None:
    """Return the newer's metric minus the older's; None where slices are not the same items.

    Args:
        older: The reference.
        before: Its gate.
        newer: What is held against it.
        after: Its gate, of the same metric, claim and slices.
        level: One-sided confidence of each bound.
        paired: Whether both are of the same items.

    Raises:
        MissingTrialError: When a trial failed.
        ValueError: When there are too few items or seeds for the claim.

    """
    if after.slices is not None:
        same = older.record.get("slices") == newer.record.get("slices")
        return _of_slices(older, before, newer, after, level) if paired and same else None
    if not paired:
        return _of_two(older, before, newer, after, level)
    cells = paired_cells(older, newer, before, after)
    interval = cells.interval(cells.whole, after.claim, level)
    bounds = _possible(Bounded(interval.estimate, interval.low, interval.high), after)
    method = f"paired by item, {cells.pairing}: {interval.method}"
    return CellDifference(bounds, method, tuple(_shares(cells, after.claim, level)))


def _shares(cells: PairedCells, claim: str, level: float) -> list[tuple[str, Bounded]]:
    found: list[tuple[str, Bounded]] = []
    if cells.baseline is None:
        return found
    for role, part in (("baseline", cells.baseline), ("candidate", cells.candidate)):
        if part.nothing:
            found.append((role, Bounded(0.0, 0.0, 0.0)))
            continue
        interval = cells.interval(part, claim, level)
        found.append((role, Bounded(interval.estimate, interval.low, interval.high)))
    return found


def _possible(found: Bounded, gate: Gate) -> Bounded:
    """Return bounds cut to the differences that the metric can have."""
    terms = METRICS[gate.metric]
    most = terms.high - terms.low
    low, high = found.low, found.high
    return Bounded(
        found.value,
        None if low is None else max(low, -most),
        None if high is None else min(high, most),
    )


def _of_slices(
    older: Evidence, before: Gate, newer: Evidence, after: Gate, level: float
) -> CellDifference:
    """Return the difference of the worst slices' values, which need not be of one slice.

    It lies between the least and the largest difference of any slice, as that of two maxima does;
    each slice's bounds hold with its part of the error (Bonferroni), and so theirs for all.
    """
    slices = newer.record["slices"]
    labels = np.asarray(slices["values"])[: newer.items]
    names = after.slices or tuple(slices["known"])
    each = 1 - (1 - level) / len(names)
    worst = max if after.threshold.high is not None else min
    values: tuple[list[float], list[float]] = ([], [])
    lows, highs = [], []
    for name in names:
        chosen = labels == name
        cells = paired_cells(older, newer, before, after, chosen)
        interval = cells.interval(cells.whole, after.claim, each)
        lows.append(interval.low)
        highs.append(interval.high)
        for found, (evidence, gate) in zip(values, ((older, before), (newer, after)), strict=True):
            found.append(float(cells_of(evidence, gate, chosen).difference.mean()))
    value = worst(values[1]) - worst(values[0])
    bounds = _possible(Bounded(value, min(lows), max(highs)), after)
    method = f"worst slice: between the paired differences of {len(names)} slices, Bonferroni"
    return CellDifference(bounds, method)


def _of_two(
    older: Evidence, before: Gate, newer: Evidence, after: Gate, level: float
) -> CellDifference:
    """Return the difference on other items: from the interval of each."""
    cells = [cells_of(older, before), cells_of(newer, after)]
    both = []
    for found in cells:
        interval = found.analysis(after.claim).interval(2 * level - 1)
        both.append(Bounded(interval.estimate, interval.low, interval.high))
    moved = mover(*both)
    was, now = (found.baseline_value for found in cells)
    shares: tuple[tuple[str, Bounded], ...] = ()
    if was is not None and now is not None:
        own = (was - now) if cells[0].name in REGRESSION_METRICS else (now - was)
        shares = (
            ("baseline", Bounded(own, None, None)),
            ("candidate", Bounded(moved.value - own, None, None)),
        )
    return CellDifference(moved, f"{MOVER}; other items, as if independent", shares)
