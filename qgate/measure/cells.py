"""A gate's cells D[s, i] as evidence has them, and the analysis that metric and claim call for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Codes, Evidence
from qgate.measure.items import Mask, discordant_items, item_values
from qgate.measure.measurement import Counts
from qgate.stats.influence import LABEL_METRICS, REGRESSION_METRICS, SOLUTION_METRICS, reach
from qgate.stats.parity import CellKind, Crossed, Labels, crossed, sparse_words
from qgate.stats.pivots import Pivot, ScorePivot, TPivot
from qgate.stats.power import Spread
from qgate.stats.resampling import corrected_resampled_t
from qgate.stats.two_way import Components

_GAP = "_gap_vs_classical"
_FEWEST_OF_CLASS = 20
"""Below, a gate on the AUC promotes far more at its tolerance than it says (13% with 10)."""


@dataclass(frozen=True)
class Cells:
    """Shape (seeds, items): by how much the candidate is worse, or its own values."""

    name: str
    """The metric that is taken of each arm."""
    difference: Array
    baseline: Array | None
    """The baseline's own values, where the gate is on a gap."""
    counts: Counts
    shot_variance: float
    discordant: int
    reach: float
    """How far one item can move one cell."""
    of_labels: Labels | None
    """For a metric on predicted classes other than accuracy, what its sparse cells need."""
    rarest: int
    """Items of the rarest class; 0 for numbers."""
    train: int
    """Training rows of each split, where every seed has a split of its own; else 0."""
    drawn: bool = False
    """Whether an arm searches at random, so that seeds that agree may do so by luck."""

    @property
    def gap(self) -> bool:
        """Return whether the cells are differences between the arms."""
        return self.baseline is not None

    @property
    def baseline_value(self) -> float | None:
        """Return the baseline's metric."""
        return None if self.baseline is None else float(self.baseline.mean())

    @property
    def labels(self) -> bool:
        """Return whether the metric is of predicted classes, not of scores or numbers."""
        return self.name in LABEL_METRICS

    def spread(self, parts: Components) -> Spread:
        """Return what a projection takes of these cells, with variance components of its own."""
        paired = self.gap and self.name == "accuracy"
        return Spread(
            parts,
            float(np.abs(self.difference).mean()) if paired else None,
            self.discordant / self.counts.items,
            self.reach,
            shot_power=0.5 if self.labels else 1.0,
        )

    def analysis(self, claim: str) -> Crossed:
        """Return the analysis that metric and claim call for.

        Raises:
            ValueError: When there are too few items or seeds for the claim.

        """
        if self.train:
            return _resampled(self)
        if self.name == "roc_auc" and self.rarest < _FEWEST_OF_CLASS:
            raise ValueError(
                f"{self.rarest} items of a class are too few for an interval of the area under "
                f"the curve: {_FEWEST_OF_CLASS} are needed"
            )
        if self.name in SOLUTION_METRICS and self.counts.items == 1 and claim != "this_dataset":
            raise ValueError("one problem tells nothing of new ones: state `claim: this_dataset`")
        kind: CellKind = "paired" if self.gap else "successes"
        if self.name not in ("accuracy", "optimum_reached"):
            kind = "ratios" if self.name in SOLUTION_METRICS else "influence"
        return crossed(
            self.difference,
            claim=claim,
            cells=kind,
            discordant=self.discordant,
            reach=self.reach,
            shot_variance=self.shot_variance,
            labels=self.of_labels,
        )


def cells_of(evidence: Evidence, gate: Gate, chosen: Mask | None = None) -> Cells:
    """Return a gate's cells over all items, or the chosen ones alone.

    Raises:
        MissingTrialError: When a trial failed.
        ValueError: When the metric cannot be computed of what was recorded.

    """
    name, shots = metric_name(gate), evidence.charter.shots_of(gate)
    candidate = item_values(evidence, "candidate", shots, name, chosen)
    difference, baseline = candidate.values, None
    if gate.metric.endswith(_GAP):
        baseline = item_values(evidence, "baseline", shots, name, chosen).values
        difference = baseline - candidate.values
        if name in REGRESSION_METRICS:
            difference = -difference  # an error: the larger one is the worse
    drawn = _drawn(evidence, shots, gap=baseline is not None)
    seeds = 1 if deterministic(difference) and not drawn else len(difference)
    rarest, of_labels = 0, None
    if evidence.task == "classification":
        truths = evidence.truths if chosen is None else evidence.truths[:, chosen]
        rarest = int(np.unique(truths[0], return_counts=True)[1].min())
        if name in LABEL_METRICS and name != "accuracy" and baseline is not None:
            of_labels = _labels(evidence, shots, truths[0], chosen)
    return Cells(
        name,
        difference,
        baseline,
        Counts(difference.shape[1], seeds, shots, candidate.replicates),
        candidate.shot_variance,
        discordant_items(evidence, shots, name, baseline is not None, chosen),
        _reach(evidence, name, candidate.values, chosen),
        of_labels,
        rarest,
        evidence.train if evidence.resampled else 0,
        drawn,
    )


def _drawn(evidence: Evidence, shots: Shots, *, gap: bool) -> bool:
    """Return whether an arm that a gate is on searches for solutions at random."""
    charter = evidence.charter
    arms = (charter.candidate, charter.baseline) if gap else (charter.candidate,)
    return any(
        (arm.solver is not None and arm.solver.method != "exact")
        or (arm.quantum_solver is not None and shots is not None)
        for arm in arms
    )


def _labels(evidence: Evidence, shots: Shots, truth: Codes, chosen: Mask | None) -> Labels:
    right = [
        item_values(evidence, role, shots, "accuracy", chosen).values
        for role in ("baseline", "candidate")
    ]
    paired = right[0] - right[1]
    differs = np.any(paired != 0, axis=0)
    classes = tuple(
        (int((truth == label).sum()), int(differs[truth == label].sum()))
        for label in np.unique(truth)
    )
    return Labels(paired, classes)


def metric_name(gate: Gate) -> str:
    """Return the metric that is taken of each arm: `accuracy` for `val_accuracy_gap_...`."""
    return gate.metric.removeprefix("val_").removesuffix(_GAP)


def deterministic(difference: Array) -> bool:
    """Return whether every seed gave the same cells."""
    return bool(np.all(difference == difference[0]))


def _reach(evidence: Evidence, name: str, values: Array, chosen: Mask | None) -> float:
    """Return how far one item can move one cell; for errors without a limit, as far as was seen."""
    if name in REGRESSION_METRICS:
        return float(np.ptp(values))
    if name in SOLUTION_METRICS:  # a ratio lies between 0 and 1, but for a poor solver's
        return max(1.0, float(np.ptp(values)))
    truth = evidence.truths[0]
    return reach(truth if chosen is None else truth[chosen], name, len(evidence.classes))


def _resampled(cells: Cells) -> Crossed:
    splits, items = cells.difference.shape
    found = corrected_resampled_t(
        cells.difference.mean(axis=1), train=cells.train, test=items, confidence=0.9
    )
    pivots: tuple[Pivot, ...] = (TPivot(found.estimate, found.se, found.df),)
    if found.se == 0:  # splits that all agree prove little
        pivots += (ScorePivot(0.0, 0.0, items, centre=found.estimate, scale=cells.reach or 1.0),)
    return Crossed(
        found.estimate, found.se, found.df,
        f"corrected resampled t over {splits} splits (Nadeau and Bengio 2003)",
        Components(0.0, float(cells.difference.mean(axis=1).var(ddof=1)), 0.0),
        cells.discordant, pivots, sparse_words("zero-discordance", cells.discordant),
    )  # fmt: skip
