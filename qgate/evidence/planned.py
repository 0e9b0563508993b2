"""Which trials a record ought to have, and how many of its seeds are whole."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from qgate.charter.charter import Charter, Shots
from qgate.plan.plan import Plan, blocks, cells

Cell = tuple[str, int, Shots, int, tuple[int, int] | None]
"""Arm, seed, shots, replicate and block of items of a trial."""


def whole_seeds(plan: Plan, finished: Collection[str], look: int = 0) -> int:
    """Return how many of the schedule's first seeds have all their trials, up to a look.

    Args:
        plan: What was to run.
        finished: Digests of the trials that did.
        look: Number, from 0, of the planned look that the run was on its way to.

    """
    due = [spec for stage in range(look + 1) for spec in plan.stage(stage)]
    lacking = {spec.seed for spec in due if spec.digest not in finished}
    ran = {spec.seed for spec in due if spec.arm == "candidate"}
    seeds = plan.charter.schedule.seeds
    broken = (i for i, seed in enumerate(seeds) if seed in lacking or seed not in ran)
    return next(broken, len(seeds))


def lacking_cells(record: Mapping[str, Any], charter: Charter) -> set[Cell]:
    """Return the trials that the charter asks for up to the look that was taken, and are not there.

    Whether a recorded arm has replicates is told from those of its trials that are there.
    """
    return _due(record, charter) - {_cell(trial) for trial in record["trials"]}


def whole_seeds_of(record: Mapping[str, Any], charter: Charter) -> int:
    """Return what `whole_seeds` does, of a record."""
    due = _due(record, charter)
    there = {_cell(trial) for trial in record["trials"]}
    lacking = {cell[1] for cell in due - there}
    ran = {cell[1] for cell in due if cell[0] == "candidate"}
    seeds = charter.schedule.seeds
    broken = (i for i, seed in enumerate(seeds) if seed in lacking or seed not in ran)
    return next(broken, len(seeds))


def _due(record: Mapping[str, Any], charter: Charter) -> set[Cell]:
    seeds = charter.schedule.seeds
    truth = record["truth"]
    items = len(truth[0] if isinstance(truth[0], list | tuple) else truth)
    repeated = {trial["arm"] for trial in record["trials"] if trial["replicate"]}
    recorded = {arm.role: {"replicates": arm.role in repeated} for arm in charter.trial_arms}
    looks = record.get("looks")
    end = looks["ends"][looks["taken"] - 1] if looks else None
    taken = frozenset(seeds[:end] if looks and looks["by"] == "seeds" else seeds)
    last = end if looks and looks["by"] == "items" else None
    return {
        (arm.role, seed, shots, replicate, block)
        for arm in charter.trial_arms
        for seed, shots, replicate in cells(charter, arm, recorded)
        for block in blocks(charter, items)
        if arm.role == "baseline"
        or (seed in taken and (last is None or (block is not None and block[1] <= last)))
    }


def _cell(trial: Mapping[str, Any]) -> Cell:
    block = trial.get("items")
    place = None if block is None else (block[0], block[1])
    return trial["arm"], trial["seed"], trial["shots"], trial["replicate"], place
