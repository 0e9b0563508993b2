"""Which trials a charter asks for, each with the digest of all that determines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgate.charter.charter import ArmSpec, Charter, Shots
from qgate.digest import digest

_COMPUTATION = 1
"""Raised whenever qgate itself computes a trial's outcome in another way."""


@dataclass(frozen=True)
class TrialSpec:
    """One arm, one seed, one shot count, one replicate; perhaps only some of the items."""

    arm: str
    seed: int
    shots: Shots
    replicate: int
    digest: str
    items: tuple[int, int] | None = None
    """First validation item and the one past the last, None for all."""


@dataclass(frozen=True)
class Plan:
    """What will run: `train` and `items` are counts of rows."""

    charter: Charter
    train: int
    items: int
    trials: tuple[TrialSpec, ...]

    def of(self, role: str) -> tuple[TrialSpec, ...]:
        """Return one arm's trials."""
        return tuple(trial for trial in self.trials if trial.arm == role)

    def replayed(self) -> tuple[TrialSpec, ...]:
        """Return the candidate's trials that run again: a fixed sample, spread by digest."""
        ordered = sorted(self.of("candidate"), key=lambda trial: trial.digest)
        return tuple(ordered[: self.charter.schedule.replays])


def make_plan(
    charter: Charter,
    inputs: Mapping[str, Any],
    *,
    train: int,
    items: int,
    recorded: Mapping[str, Mapping[str, Any]],
) -> Plan:
    """Return the plan of a charter.

    Args:
        charter: The terms.
        inputs: What `lock.inputs.observe` found: data, split, environment.
        train: Number of training rows.
        items: Number of validation rows.
        recorded: For each recorded arm its file's `sha256` and whether it has `replicates`.

    """
    trials: list[TrialSpec] = []
    for arm in charter.arms:
        base = {
            "computation": _COMPUTATION,
            "arm": arm.role,
            "spec": {k: v for k, v in charter.document[arm.role].items() if k != "id"},
            "data": inputs["data content"],
            "split": inputs["split"]["digest"],
            "roles": {k: v for k, v in charter.document["data"].items() if k != "path"},
            "packages": inputs["packages"],
            "recorded": recorded.get(arm.role),
        }
        for seed, shots, replicate in _cells(charter, arm, recorded):
            cell = {"seed": seed, "shots": shots, "replicate": replicate}
            trials.append(TrialSpec(arm.role, seed, shots, replicate, digest({**base, **cell})))
    return Plan(charter, train, items, tuple(trials))


def _cells(
    charter: Charter, arm: ArmSpec, recorded: Mapping[str, Mapping[str, Any]]
) -> list[tuple[int, Shots, int]]:
    """Return (seed, shots, replicate) of each trial; exact trials are not replicated."""
    schedule = charter.schedule
    classical = arm.role == "baseline" and arm.kind != "quantum_kernel"
    levels: tuple[Shots, ...] = (None,) if classical else schedule.shots
    replicates = schedule.replicates
    if arm.kind == "recorded" and not recorded[arm.role]["replicates"]:
        replicates = 1
    return [
        (seed, shots, replicate)
        for shots in levels
        for seed in schedule.seeds
        for replicate in range(1 if shots is None else replicates)
    ]
