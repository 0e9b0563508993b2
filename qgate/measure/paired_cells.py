"""The cells of two bundles on the same items, the newer minus the older, seeds paired."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qgate.charter.charter import Gate
from qgate.evidence.evidence import Array, Evidence
from qgate.measure.cells import Cells, cells_of, deterministic
from qgate.measure.items import Mask, item_values
from qgate.stats.difference import independent_rows
from qgate.stats.influence import LABEL_METRICS, REGRESSION_METRICS
from qgate.stats.parity import Labels, ParityInterval

_COUNTED = ("accuracy", "optimum_reached")
"""Metrics whose cells are differences of successes, at most 1 each way in a gap."""
_PARTS = {"roc_auc": "placements", "rmse": "mae"}
"""What tells whether an item was answered otherwise, where the metric's own value does not."""


@dataclass(frozen=True)
class Rows:
    """How the seeds of two bundles are brought to one set of rows."""

    older: tuple[int, ...]
    newer: tuple[int, ...]
    """Positions of the seeds, those in common first."""
    pairing: str
    """In words."""
    fixed: str = ""
    """`older` or `newer` where its seeds all gave the same, so that one row stands for any."""

    def minus(self, older: Array, newer: Array) -> Array:
        """Return the newer's rows minus the older's: shape (rows, items)."""
        if self.fixed == "older":
            return newer - _one_row(older)
        if self.fixed == "newer":
            return _one_row(newer) - older
        return independent_rows(older[list(self.older)], newer[list(self.newer)])


def _one_row(rows: Array) -> Array:
    """Return the row that all are alike, to the last bit, or their mean: shape (1, items)."""
    return rows[:1] if deterministic(rows) else rows.mean(axis=0, keepdims=True)


@dataclass(frozen=True)
class Moved:
    """By how much cells rose from the older bundle to the newer: shape (seeds, items)."""

    cells: Array
    """In the metric's unit and sense."""
    answers: Array
    """The same of each item's answers, by which sparse cells are told."""

    def __sub__(self, other: Moved) -> Moved:
        """Return what is left of a move when a part is taken away."""
        return Moved(self.cells - other.cells, self.answers - other.answers)

    @property
    def nothing(self) -> bool:
        """Return whether no cell moved and no item was answered otherwise."""
        return not self.cells.any() and not self.answers.any()


@dataclass(frozen=True)
class PairedCells:
    """The move of a gate's cells, what of it is each arm's, and how it is analysed."""

    whole: Moved
    baseline: Moved | None
    """What of it is the baseline's, where the metric is a gap."""
    pairing: str
    template: Cells
    """What the analysis needs to know of the metric; its own cells are not used."""
    truth: Array

    @property
    def candidate(self) -> Moved:
        """Return what of the move is the candidate's."""
        return self.whole if self.baseline is None else self.whole - self.baseline

    def interval(self, part: Moved, claim: str, level: float) -> ParityInterval:
        """Return the interval of the mean of a part of the move, each end at a level.

        A cell to which both arms add may be 2 where that of a gap is 1: it is analysed in halves,
        which the score intervals of sparse cells need.

        Raises:
            ValueError: When there are too few items or seeds for the claim.

        """
        of_both = part is self.whole and self.baseline is not None
        scale = 1.0
        if of_both and self.baseline is not None:
            scale = 1.0 if self.baseline.nothing or self.candidate.nothing else 2.0
        answers = part.answers
        if self.template.name in _COUNTED or self.template.labels:
            scale = max(scale, float(np.abs(answers).max()))
        labels = None
        if self.template.labels and self.template.name != "accuracy":
            labels = _labels(self.truth, answers / scale)
        cells = replace(
            self.template,
            difference=part.cells / scale,
            discordant=int(np.count_nonzero(np.any(answers != 0, axis=0))),
            of_labels=labels,
        )
        found = cells.analysis(claim).interval(2 * level - 1)
        return replace(
            found,
            estimate=scale * found.estimate,
            low=scale * found.low,
            high=scale * found.high,
        )


def paired_cells(
    older: Evidence, newer: Evidence, before: Gate, after: Gate, chosen: Mask | None = None
) -> PairedCells:
    """Return the move of a gate's cells between two bundles on the same items, or chosen ones.

    Raises:
        MissingTrialError: When a trial failed.
        ValueError: When the metric cannot be computed of what was recorded.

    """
    first, second = cells_of(older, before, chosen), cells_of(newer, after, chosen)
    rows = _rows(older, newer, first, second)
    cells = rows.minus(first.difference, second.difference)
    both = (older, before), (newer, after)
    part = _PARTS.get(first.name, "accuracy" if first.name in LABEL_METRICS else first.name)
    own = rows.minus(*(_answers(*side, "candidate", part, chosen) for side in both))
    baseline, answers = None, own
    if first.baseline is not None and second.baseline is not None:
        sign = -1.0 if first.name in REGRESSION_METRICS else 1.0
        other = rows.minus(*(_answers(*side, "baseline", part, chosen) for side in both))
        baseline = Moved(sign * rows.minus(first.baseline, second.baseline), sign * other)
        answers = sign * (other - own)
    template = replace(
        second,
        baseline=first.difference,  # the older stands where a gate has its baseline
        shot_variance=first.shot_variance + second.shot_variance,
        reach=max(first.reach, second.reach),
        rarest=min(first.rarest, second.rarest),
        drawn=first.drawn or second.drawn,
    )
    truth = np.asarray(older.truths[0])[slice(None) if chosen is None else chosen]
    return PairedCells(Moved(cells, answers), baseline, rows.pairing, template, truth)


def _answers(evidence: Evidence, gate: Gate, role: str, part: str, chosen: Mask | None) -> Array:
    """Return what tells how an arm answered each item: shape (seeds, items)."""
    return item_values(evidence, role, evidence.charter.shots_of(gate), part, chosen).values


def _labels(truth: Array, answers: Array) -> Labels:
    differs = np.any(answers != 0, axis=0)
    classes = tuple(
        (int((truth == label).sum()), int(differs[truth == label].sum()))
        for label in np.unique(truth)
    )
    return Labels(answers, classes)


def _rows(older: Evidence, newer: Evidence, first: Cells, second: Cells) -> Rows:
    """Return how seeds are paired: each with itself; where one side has none, with all of it."""
    one, other = older.seeds, newer.seeds
    if one == other:
        everyone = tuple(range(len(one)))
        return Rows(everyone, everyone, f"{len(one)} seed{'s' if len(one) > 1 else ''} paired")
    for side, cells in (("older", first), ("newer", second)):
        if len(cells.difference) > 1 and deterministic(cells.difference) and not cells.drawn:
            name = "A" if side == "older" else "B"
            return Rows((), (), f"other seeds, which change nothing in {name}", side)
    both = [seed for seed in one if seed in set(other)]
    found = tuple(
        tuple(seeds.index(seed) for seed in (*both, *(s for s in seeds if s not in set(both))))
        for seeds in (one, other)
    )
    words = f"{len(both)} of {len(one)} and {len(other)} seeds in common" if both else "other seeds"
    return Rows(found[0], found[1], f"{words} (Scheffe 1943)")
