"""Which trials a charter asks for, each with the digest of all that determines it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from qgate.charter.arm_spec import ArmSpec
from qgate.charter.charter import Charter, Shots
from qgate.charter.derived import DRIFTED, PERMUTED, SURROGATE
from qgate.digest import canonical, sha256

COMPUTATION = 2
"""Raised whenever qgate itself computes a trial's outcome in another way."""
_DESCRIPTIVE = frozenset({"path", "classification", "source", "license", "region"})
"""Keys of the data that change no outcome; the order of confidential items is in the split."""


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
    slices: Mapping[str, int] = field(default_factory=dict)
    """Number of validation items of each value of the slice column."""

    @property
    def ends(self) -> tuple[int, ...]:
        """Return the seeds or items at each planned look, the last of all; empty without looks."""
        looks = self.charter.schedule.looks
        if looks is None:
            return ()
        return looks.ends(self.items if looks.by == "items" else len(self.charter.schedule.seeds))

    def stage(self, look: int) -> tuple[TrialSpec, ...]:
        """Return the trials that a look, from 0, adds.

        The baseline runs whole at the first one, since its drift is told from all of its trials.
        """
        return tuple(trial for trial in self.trials if self._first_look(trial) == look)

    def _first_look(self, trial: TrialSpec) -> int:
        looks, ends = self.charter.schedule.looks, self.ends
        if looks is None or trial.arm == "baseline":
            return 0
        if looks.by == "items":
            assert trial.items is not None  # noqa: S101  # looks at items divide every trial
            return ends.index(trial.items[1])
        position = self.charter.schedule.seeds.index(trial.seed)
        return next(look for look, end in enumerate(ends) if position < end)

    def of(self, role: str) -> tuple[TrialSpec, ...]:
        """Return one arm's trials."""
        return tuple(trial for trial in self.trials if trial.arm == role)

    def replayed(self) -> tuple[TrialSpec, ...]:
        """Return the candidate's trials that run again: a fixed sample, spread by digest.

        With planned looks it is taken of the first, which always runs.
        """
        first = [trial for trial in self.stage(0) if trial.arm == "candidate"]
        ordered = sorted(first, key=lambda trial: trial.digest)
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
    divided = blocks(charter, items)
    for arm in charter.trial_arms:
        base = {
            "computation": COMPUTATION,
            "arm": arm.role,
            "spec": {
                k: v for k, v in charter.section(arm.role).items() if k not in ("id", "region")
            },
            "data": inputs["data content"],
            "split": inputs["split"]["digest"],
            "roles": {k: v for k, v in charter.document["data"].items() if k not in _DESCRIPTIVE},
            "packages": inputs["packages"],
            "recorded": recorded.get(arm.role),
            "circuit files": _own_circuits(arm, inputs),
            "calibration": inputs.get("calibration", {}).get(arm.role),
            **({"tuning": charter.document.get("tuning")} if _is_tuned(charter, arm) else {}),
            **({"draws": arm.solver.params} if arm.role == SURROGATE and arm.solver else {}),
        }
        shared = _canonical_values(base)
        for seed, shots, replicate in cells(charter, arm, recorded):
            cell = {"seed": seed, "shots": shots, "replicate": replicate}
            for block in divided:
                named = cell if block is None else {**cell, "items": block}
                found = _digest({**shared, **_canonical_values(named)})
                trials.append(TrialSpec(arm.role, seed, shots, replicate, found, block))
    return Plan(charter, train, items, tuple(trials))


def _canonical_values(values: Mapping[str, Any]) -> dict[str, bytes]:
    return {key: canonical(value) for key, value in values.items()}


def _digest(parts: Mapping[str, bytes]) -> str:
    """Return the digest of an object of canonical values, whose keys are plain words.

    What all trials of an arm share is brought into that form once, not 100,000 times.
    """
    inside = b",".join(b'"%b":%b' % (key.encode(), parts[key]) for key in sorted(parts))
    return sha256(b"{%b}" % inside)


def _is_tuned(charter: Charter, arm: ArmSpec) -> bool:
    """Return whether a search decides what an arm is: its own, or the copied candidate's."""
    copied = arm.role in (DRIFTED, PERMUTED)
    return (charter.candidate if copied else arm).tuning is not None


def _own_circuits(arm: ArmSpec, inputs: Mapping[str, Any]) -> dict[str, str]:
    files = arm.layered.circuit_files if arm.layered else ()
    return {path: inputs["circuit files"][path] for path in files}


def blocks(charter: Charter, items: int) -> list[tuple[int, int] | None]:
    """Return the blocks of items that looks divide every trial into, or one of all."""
    looks = charter.schedule.looks
    if looks is None or looks.by != "items":
        return [None]
    return list(pairwise((0, *looks.ends(items))))


def cells(
    charter: Charter, arm: ArmSpec, recorded: Mapping[str, Mapping[str, Any]]
) -> list[tuple[int, Shots, int]]:
    """Return (seed, shots, replicate) of each trial; exact trials are not replicated."""
    schedule = charter.schedule
    levels = schedule.shots if arm.role == "candidate" else charter.gated_shots
    if arm.circuit is None and arm.role != "candidate":
        levels = (None,)
    elif arm.role == "baseline":
        levels = schedule.shots
    replicates = schedule.replicates
    if arm.kind == "recorded" and not recorded[arm.role]["replicates"]:
        replicates = 1
    return [
        (seed, shots, replicate)
        for shots in levels
        for seed in schedule.seeds
        for replicate in range(1 if shots is None else replicates)
    ]
