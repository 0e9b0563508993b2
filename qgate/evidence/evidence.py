"""Evidence: what came out of a run, digested in two parts, and how measurements read it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate.charter.build import build_charter
from qgate.charter.charter import Charter, Shots
from qgate.data.split import validation_order
from qgate.digest import canonical, digest, sha256
from qgate.files import printable

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]
Labels = Codes | Array


class MissingTrialError(Exception):
    """A trial that a measurement needs has no outcome."""


@dataclass(frozen=True)
class Evidence:
    """The record (what must come out the same again) and the observations (what need not).

    `path` says where the bundle was written; it is in neither digest.
    """

    record: Mapping[str, Any]
    observations: Mapping[str, Any]
    path: str

    def __repr__(self) -> str:
        """Return its digest and its path; its outcomes would flood a terminal."""
        trials = f"{len(self.record['trials'])} trials"
        return printable(f"<Evidence {self.digest[:12]}: {trials}, {self.path or 'not written'}>")

    @functools.cached_property
    def digest(self) -> str:
        """Return the digest of inputs and outcomes."""
        return sha256(canonical(self.record))

    @functools.cached_property
    def observations_digest(self) -> str:
        """Return the digest of times and circumstances."""
        return sha256(canonical(self.observations))

    @functools.cached_property
    def charter(self) -> Charter:
        """Return the charter under which the run took place."""
        return build_charter(self.record["charter"], self.observations["charter_path"])

    @property
    def task(self) -> str:
        """Return `optimization`, `classification`, or `regression` where there are no classes."""
        if self.charter.data.task == "optimization":
            return "optimization"
        return "classification" if self.record["classes"] else "regression"

    @property
    def resampled(self) -> bool:
        """Return whether each seed has a training and a validation set of its own."""
        return isinstance(self.record["truth"][0], list | tuple)

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the schedule's seeds, or as many of the first ones as the last look took.

        Of a run that was stopped, those of them whose trials are all there.
        """
        seeds = self.charter.schedule.seeds
        looked = (self.record.get("looks") or {}).get("seeds", len(seeds))
        whole = looked if self.stopped is None else self.stopped.get("seeds", 0)
        return seeds[: min(looked, whole)]

    @property
    def stopped(self) -> Mapping[str, Any] | None:
        """Return why the run was stopped before its end, and at what; None where it was not."""
        found: Mapping[str, Any] | None = self.record.get("stopped")
        return found

    @property
    def train(self) -> int:
        """Return the number of training rows (of each seed)."""
        return int(self.record["inputs"]["split"]["train"])

    @functools.cached_property
    def items(self) -> int:
        """Return the number of validation items (of each seed) that every arm predicted."""
        truth, seeds = self.record["truth"], frozenset(self.seeds)
        ends: dict[tuple[Any, ...], int] = {}
        for trial in self.record["trials"]:
            if "items" in trial and trial["seed"] in seeds:
                cell = (trial["arm"], trial["seed"], trial["shots"], trial["replicate"])
                ends[cell] = max(ends.get(cell, 0), trial["items"][1])
        return min(ends.values(), default=len(truth[0] if self.resampled else truth))

    @property
    def truth(self) -> Labels:
        """Return the class code, or the number, of each item that every arm predicted.

        Raises:
            ValueError: When each seed has a validation set of its own: see `truths`.

        """
        if self.resampled:
            raise ValueError("each seed has a validation set of its own")
        return self._labels(self.record["truth"][: self.items])

    @property
    def truths(self) -> Labels:
        """Return what `truth` does for each seed's validation set: shape (seeds, items)."""
        if self.resampled:
            rows = self.record["truth"][: len(self.seeds)]
            return self._labels([row[: self.items] for row in rows])
        shape = (len(self.seeds), self.items)
        return self._labels(np.broadcast_to(self.truth, shape))

    def _labels(self, values: npt.ArrayLike) -> Labels:
        if self.record["classes"]:
            return np.asarray(values, dtype=np.int64)
        return np.asarray(values, dtype=np.float64)

    @property
    def classes(self) -> Sequence[str | int]:
        """Return the class labels, in the order of their codes."""
        classes: Sequence[str | int] = self.record["classes"]
        return classes

    @functools.cached_property
    def problems(self) -> tuple[str, ...]:
        """Return the file of each item's problem, in the order of the items.

        Of confidential problems it is the item's opaque id, with the file's suffix.
        """
        if "formats" in self.record:
            named = zip(self.record["items"], self.record["formats"], strict=True)
            return tuple(f"problem-{item[:12]}{suffix}" for item, suffix in named)
        specs = self.charter.data.problems
        looks = self.charter.schedule.looks
        order = validation_order(len(specs), shuffled=looks is not None and looks.by == "items")
        return tuple(specs[place].path for place in order.tolist())

    def trials(self, role: str, shots: Shots) -> list[list[Mapping[str, Any]]]:
        """Return one arm's outcomes as [seed][replicate], seeds in the charter's order.

        An arm that ran without shots (a classical one) answers for every shot count. Blocks of
        items are merged, and what goes beyond `items` is cut off.

        Raises:
            MissingTrialError: When a trial failed or is absent.

        """
        entries = [trial for trial in self.record["trials"] if trial["arm"] == role]
        seeds = dict.fromkeys(self.seeds)
        if all(trial["shots"] is None for trial in entries):
            shots = None
        by_seed: dict[int, dict[int, list[Mapping[str, Any]]]] = {}
        for trial in entries:
            if trial["shots"] == shots and trial["seed"] in seeds:
                if trial["failure"] is not None:
                    raise MissingTrialError(
                        f"{role} failed on seed {trial['seed']}: {trial['failure']}"
                        + self._message(trial["digest"])
                    )
                replicates = by_seed.setdefault(trial["seed"], {})
                replicates.setdefault(trial["replicate"], []).append(trial)
        lacking = [seed for seed in seeds if seed not in by_seed]
        if lacking:
            level = "exact" if shots is None else shots
            raise MissingTrialError(f"{role} has no outcome at {level} for seeds {lacking}")
        if len({len(replicates) for replicates in by_seed.values()}) > 1:
            raise MissingTrialError(f"{role} has not the same replicates for every seed")
        return [
            [_merged(blocks, self.items) for _, blocks in sorted(by_seed[seed].items())]
            for seed in seeds
        ]

    def as_if(self, roles: Mapping[str, str]) -> Evidence:
        """Return evidence in which arms stand in for others, by role; what is not named is gone."""
        trials = [
            {**trial, "arm": roles[trial["arm"]]}
            for trial in self.record["trials"]
            if trial["arm"] in roles
        ]
        return replace(self, record={**self.record, "trials": trials})

    def predictions_digest(self, role: str) -> str:
        """Return the digest of all of one arm's predictions, in plan order."""
        return predictions_digest(
            [trial["predictions"] for trial in self.record["trials"] if trial["arm"] == role]
        )

    def latencies(self, role: str) -> tuple[Array, Codes, bool] | None:
        """Return milliseconds, sessions and whether they were measured here; None without any."""
        found = self.observations["latency"].get(role)
        if found is None:
            return None
        return (
            np.asarray(found["milliseconds"], dtype=np.float64),
            np.asarray(found["sessions"], dtype=np.int64),
            bool(found["measured"]),
        )

    def _message(self, trial: str) -> str:
        message = self.observations["failures"].get(trial)
        return f" ({message})" if message else ""


def predictions_digest(predictions: Sequence[Sequence[float] | None]) -> str:
    """Return the digest of several trials' predictions, in order."""
    return digest(predictions)


def _merged(blocks: Sequence[Mapping[str, Any]], items: int) -> Mapping[str, Any]:
    """Return one cell's entry for its first `items` items, from one whole trial or its blocks.

    Circuits of blocks are summed; the serving circuits of items that are cut off go with them, in
    proportion.

    Raises:
        MissingTrialError: When the blocks do not follow each other from item 0.

    """
    ordered = sorted(blocks, key=_start)
    _refuse_gaps(ordered)
    predictions = [value for block in ordered for value in block["predictions"]]
    if len(ordered) == 1 and len(predictions) <= items:
        return ordered[0]
    scores = None
    if all(block["scores"] is not None for block in ordered):
        scores = [value for block in ordered for value in block["scores"]][:items]
    solutions = [bits for block in ordered for bits in block.get("solutions", ())][:items]
    serving = sum(block["serving_circuits"] for block in ordered)
    entry = {key: value for key, value in ordered[0].items() if key != "items"}
    return entry | {
        "predictions": predictions[:items],
        "scores": scores,
        **({"solutions": solutions} if solutions else {}),
        "fit_circuits": sum(block["fit_circuits"] for block in ordered),
        "serving_circuits": serving * min(items, len(predictions)) // len(predictions),
    }


def _start(block: Mapping[str, Any]) -> int:
    return int(block["items"][0]) if "items" in block else 0


def _refuse_gaps(ordered: Sequence[Mapping[str, Any]]) -> None:
    end = 0
    for block in ordered:
        if _start(block) != end:
            raise MissingTrialError(
                f"{block['arm']} has no outcome of items {end} to {_start(block) - 1} "
                f"on seed {block['seed']}"
            )
        end += len(block["predictions"])
