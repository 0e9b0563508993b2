"""One gate's share of evidence as arrays, drawn again: what it would have seen on another day."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Array, Evidence, MissingTrialError
from qgate.measure.registry import METRICS
from qgate.stats.influence import REGRESSION_METRICS

Values = npt.NDArray[Any]
"""Class codes or numbers."""
Rows = npt.NDArray[np.int64]

_GAP = "_gap_vs_classical"


class CannotPlantError(Exception):
    """A world that cannot be made of this case; the message says why."""


@dataclass(frozen=True)
class ArmCells:
    """One arm's outcomes, shape (seeds, replicates, items)."""

    predictions: Values
    scores: Array | None
    """As ranks in (0, 1], which leave the area under the curve as it is and which the scales of
    two arms have in common."""
    shots: Shots

    def at(self, seeds: Rows, items: Rows) -> ArmCells:
        """Return these seeds, and of each seed these items: shapes (n,) and (n, m)."""

        def chosen(values: Values) -> Values:
            return np.take_along_axis(values[seeds], items[:, None, :], axis=2)

        scores = None if self.scores is None else chosen(self.scores)
        return replace(self, predictions=chosen(self.predictions), scores=scores)


@dataclass(frozen=True)
class Requests:
    """One arm's latencies, and where each session's requests stand."""

    milliseconds: Array
    sessions: Rows
    measured: bool

    def of(self, blocks: Rows) -> Requests:
        """Return these sessions one after another, each under a number of its own."""
        member = self._blocks()
        where = [np.flatnonzero(member == block) for block in blocks]
        numbers = np.repeat(np.arange(len(where)), [len(rows) for rows in where])
        single = bool(np.all(self.sessions == self.sessions[0]))
        times = self.milliseconds[np.concatenate(where)]
        return replace(self, milliseconds=times, sessions=numbers * (not single))

    def drawn(self, rng: np.random.Generator) -> Requests:
        """Return as many sessions, drawn with replacement."""
        return self.of(_draw(rng, self.count))

    @property
    def count(self) -> int:
        """Return the number of sessions; of a single one, that of its batches."""
        return int(self._blocks().max()) + 1

    def _blocks(self) -> Rows:
        """Return each request's session, 0 upwards; a single one falls into sqrt(n) batches."""
        found = np.unique(self.sessions, return_inverse=True)[1]
        if found.max() > 0:
            return np.asarray(found, dtype=np.int64)
        n = len(found)
        return np.arange(n) * math.isqrt(n) // n


@dataclass(frozen=True)
class Case:
    """What one gate reads of a run."""

    evidence: Evidence
    """As it ran."""
    gate: Gate
    truth: Values = field(default_factory=lambda: np.zeros((0, 0)))
    """Shape (seeds, items)."""
    arms: Mapping[str, ArmCells] = field(default_factory=dict)
    slices: npt.NDArray[np.str_] | None = None
    requests: Mapping[str, Requests] = field(default_factory=dict)

    @classmethod
    def of(cls, evidence: Evidence, gate: Gate) -> Case:
        """Return a gate's case: predictions at its shots, or latencies.

        Raises:
            CannotPlantError: When the trials that the gate reads failed or are absent.

        """
        if is_latency(gate):
            return cls(evidence, gate, requests=_requests(evidence))
        if not samples_items(gate):
            return cls(evidence, gate)
        shots = evidence.charter.shots_of(gate)
        roles = ("candidate", "baseline") if is_gap(gate) else ("candidate",)
        try:
            arms = {role: _cells(evidence, role, shots) for role in roles}
            truth = np.asarray(evidence.truths)
        except (MissingTrialError, ValueError) as error:
            raise CannotPlantError(str(error)) from None
        slices = evidence.record.get("slices")
        names = None if slices is None else np.asarray(slices["values"])[: truth.shape[1]]
        return cls(evidence, gate, truth, arms, names)

    @property
    def candidate(self) -> ArmCells:
        """Return the candidate's outcomes."""
        return self.arms["candidate"]

    def right(self, role: str = "candidate") -> npt.NDArray[np.bool_]:
        """Return which predictions are right, shape (seeds, replicates, items)."""
        return np.asarray(self.arms[role].predictions == self.truth[:, None, :])

    def drawn(self, rng: np.random.Generator) -> Case:
        """Return the case on another day: items, seeds or sessions drawn with replacement.

        Items are drawn alike for both arms, and seeds instead where the claim is over them alone.
        """
        if self.requests:
            return self._sessions_drawn(rng)
        seeds, items = self.truth.shape
        chosen: Rows = np.arange(seeds)
        places: Rows = np.broadcast_to(np.arange(items), (seeds, items))
        if seeds_vary(self.gate):
            chosen = _draw(rng, seeds)
        elif self.evidence.resampled:
            places = rng.integers(items, size=(seeds, items))
        else:
            places = np.broadcast_to(_draw(rng, items), (seeds, items))
        return replace(
            self,
            truth=np.take_along_axis(self.truth[chosen], places, axis=1),
            arms={role: cells.at(chosen, places) for role, cells in self.arms.items()},
            slices=None if self.slices is None else self.slices[places[0]],
        )

    def _sessions_drawn(self, rng: np.random.Generator) -> Case:
        counts = {found.count for found in self.requests.values()}
        # Arms that were measured in the same sessions keep them together.
        shared = _draw(rng, min(counts)) if len(counts) == 1 else None
        drawn = {
            role: found.drawn(rng) if shared is None else found.of(shared)
            for role, found in self.requests.items()
        }
        return replace(self, requests=drawn)

    def as_evidence(self) -> Evidence:
        """Return evidence that the gate can be measured on; nothing digests it."""
        latency = {role: vars(found) for role, found in self.requests.items()}
        record = {**self.evidence.record, "trials": self._trials()}
        if self.truth.size:
            rows = self.truth
            each = self.evidence.resampled
            record["truth"] = [row.tolist() for row in rows] if each else rows[0]
        if self.slices is not None:
            record["slices"] = {**self.evidence.record["slices"], "values": self.slices}
        found = Evidence(record, {**self.evidence.observations, "latency": latency}, "")
        # The terms are the run's: building them for each of thousands of draws would take longest.
        vars(found)["charter"] = self.evidence.charter
        return found

    def _trials(self) -> list[dict[str, Any]]:
        return [
            {
                "arm": role,
                "seed": seed,
                "shots": cells.shots,
                "replicate": replicate,
                "digest": "",
                "predictions": predictions,
                "scores": None if cells.scores is None else cells.scores[row, replicate],
                "fit_circuits": 0,
                "serving_circuits": 0,
                "failure": None,
            }
            for role, cells in self.arms.items()
            for row, seed in enumerate(self.evidence.seeds)
            for replicate, predictions in enumerate(cells.predictions[row])
        ]


def _draw(rng: np.random.Generator, n: int) -> Rows:
    """Return n numbers below n, with replacement."""
    return np.asarray(rng.integers(n, size=n), dtype=np.int64)


def is_latency(gate: Gate) -> bool:
    """Return whether a gate reads latencies."""
    return "latency" in METRICS[gate.metric].needs


def is_gap(gate: Gate) -> bool:
    """Return whether a gate is on the candidate's difference from the baseline."""
    return gate.metric.endswith(_GAP)


def is_shot_noise(gate: Gate) -> bool:
    """Return whether a gate is on the spread over replicates."""
    return "replicates" in METRICS[gate.metric].needs


def samples_items(gate: Gate) -> bool:
    """Return whether a gate reads predictions that are samples: a quality, a gap, a spread."""
    return gate.metric.startswith("val_") or is_shot_noise(gate)


def seeds_vary(gate: Gate) -> bool:
    """Return whether the claim is over seeds, on these very items."""
    return gate.claim == "this_dataset" or is_shot_noise(gate)


def quality(gate: Gate) -> str:
    """Return the name of the metric of one arm that a gate is on."""
    return gate.metric.removeprefix("val_").removesuffix(_GAP)


def is_error(gate: Gate) -> bool:
    """Return whether that metric is an error of numbers, not a share of labels."""
    return quality(gate) in REGRESSION_METRICS


def _cells(evidence: Evidence, role: str, shots: Shots) -> ArmCells:
    trials = evidence.trials(role, shots)
    scores = None
    if all(trial["scores"] is not None for seed in trials for trial in seed):
        raw = np.asarray([[trial["scores"] for trial in seed] for seed in trials], dtype=float)
        scores = np.asarray(rankdata(raw, axis=2) / raw.shape[2])
    return ArmCells(
        np.asarray([[trial["predictions"] for trial in seed] for seed in trials]),
        scores,
        trials[0][0]["shots"],
    )


def _requests(evidence: Evidence) -> dict[str, Requests]:
    found = {role: evidence.latencies(role) for role in ("baseline", "candidate")}
    return {
        role: Requests(*times)
        for role, times in found.items()
        if times is not None and times[0].size
    }
