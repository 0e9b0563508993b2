"""Evidence: what came out of a run, digested in two parts, and how measurements read it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qgate.charter.build import build_charter
from qgate.charter.charter import Charter, Shots
from qgate.digest import canonical, digest, sha256

Array = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


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
    def truth(self) -> Codes:
        """Return the class code of each validation item."""
        return np.asarray(self.record["truth"], dtype=np.int64)

    @property
    def classes(self) -> Sequence[str | int]:
        """Return the class labels, in the order of their codes."""
        classes: Sequence[str | int] = self.record["classes"]
        return classes

    def trials(self, role: str, shots: Shots) -> list[list[Mapping[str, Any]]]:
        """Return one arm's outcomes as [seed][replicate], seeds in the charter's order.

        An arm that ran without shots (a classical one) answers for every shot count.

        Raises:
            MissingTrialError: When a trial failed or is absent.

        """
        entries = [trial for trial in self.record["trials"] if trial["arm"] == role]
        if all(trial["shots"] is None for trial in entries):
            shots = None
        by_seed: dict[int, list[Mapping[str, Any]]] = {}
        for trial in entries:
            if trial["shots"] == shots:
                if trial["failure"] is not None:
                    raise MissingTrialError(
                        f"{role} failed on seed {trial['seed']}: {trial['failure']}"
                        + self._message(trial["digest"])
                    )
                by_seed.setdefault(trial["seed"], []).append(trial)
        lacking = [seed for seed in self.charter.schedule.seeds if seed not in by_seed]
        if lacking or not by_seed:
            level = "exact" if shots is None else shots
            raise MissingTrialError(f"{role} has no outcome at {level} for seeds {lacking}")
        if len({len(replicates) for replicates in by_seed.values()}) > 1:
            raise MissingTrialError(f"{role} has not the same replicates for every seed")
        return [by_seed[seed] for seed in self.charter.schedule.seeds]

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


def predictions_digest(predictions: Sequence[Sequence[int] | None]) -> str:
    """Return the digest of several trials' predictions, in order."""
    return digest(predictions)
