"""What a calibration runs: the charter's own trials, its baseline with fresh seeds, a drifted arm.

Nothing here is an attempt at promotion: no bundle is written, and no attempt is counted. What it
spends is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from qgate.arms.arm import Arm
from qgate.digest import canonical, digest
from qgate.errors import ExecutionError
from qgate.evidence.evidence import Evidence
from qgate.evidence.record import make_record
from qgate.measure.meter import Meter
from qgate.plan.plan import TrialSpec
from qgate.plan.study import Study
from qgate.trials import stages
from qgate.trials.books import Books
from qgate.trials.result import TrialResult

STRENGTHS = (0.05, 0.1, 0.2, 0.4)
"""Of a depolarising channel: from a good device on a bad day to one that is hardly of use."""


@runtime_checkable
class Depolarisable(Protocol):
    """An arm that can be taken to a device whose calibration has drifted."""

    def depolarised(self, strength: float) -> Arm:
        """Return the arm behind a global depolarising channel.

        Each fidelity F becomes (1 - strength) F + strength / 2^qubits (Nielsen and Chuang 2010,
        8.3.4), in training and in prediction alike.
        """
        ...


@dataclass(frozen=True)
class Reruns:
    """Evidence with the candidate's outcomes replaced by those of other runs."""

    fresh: Evidence | None = None
    """The baseline with as many seeds as the schedule has, none of them scheduled."""
    drifted: Mapping[float, Evidence] = field(default_factory=dict)
    """The candidate on a drifted device, by strength."""
    lacking: Mapping[str, str] = field(default_factory=dict)
    """Why there is no `fresh` or no `drifted`."""


def rerun(
    study: Study, arms: Mapping[str, Arm], evidence: Evidence, books: Books, meter: Meter
) -> Reruns:
    """Return the baseline run with fresh seeds and the candidate run on drifted devices.

    Args:
        study: The charter with its plan.
        arms: Both arms, prepared.
        evidence: What the plan's own trials came out with.
        books: Of what no logged run has counted.
        meter: What counts all that is run here.

    Raises:
        InterruptedRunError: When a person stops it; what was finished is in the cache.

    """
    lacking: dict[str, str] = {}
    fresh, drifted = None, {}
    if study.charter.baseline.kind == "recorded":
        lacking["fresh"] = "the baseline is recorded: it cannot be run with fresh seeds"
    elif study.split.resampled:
        lacking["fresh"] = "each seed has a split of its own: a fresh one has none"
    else:
        try:
            fresh = _fresh(study, arms["baseline"], evidence, books, meter)
        except ExecutionError as error:
            lacking["fresh"] = str(error)
    candidate = arms["candidate"]
    if isinstance(candidate, Depolarisable):
        try:
            drifted = {s: _drifted(study, candidate, evidence, s, books, meter) for s in STRENGTHS}
        except ExecutionError as error:
            lacking["drifted"] = str(error)
    else:
        kind = study.charter.candidate.kind
        lacking["drifted"] = f"the candidate ({kind}) cannot be taken to a drifted device"
    return Reruns(fresh, drifted, lacking)


def fresh_seeds(seeds: Sequence[int]) -> dict[int, int]:
    """Return for each scheduled seed one that is not scheduled: 32 bits of a digest."""
    taken = set(seeds)
    found: dict[int, int] = {}
    for seed in seeds:
        attempt = 0
        while True:
            name = {"fresh seed in place of": seed, "attempt": attempt}
            fresh = int(digest(name)[:8], 16)
            if fresh not in taken:
                break
            attempt += 1
        taken.add(fresh)
        found[seed] = fresh
    return found


def _fresh(study: Study, arm: Arm, evidence: Evidence, books: Books, meter: Meter) -> Evidence:
    instead = fresh_seeds(study.charter.schedule.seeds)
    specs = [
        replace(
            spec,
            seed=instead[spec.seed],
            digest=digest({"trial": spec.digest, "fresh seed": instead[spec.seed]}),
        )
        for spec in study.plan.of("baseline")
    ]
    entries = _entries(study, {"baseline": arm}, specs, books, meter)
    scheduled = {fresh: seed for seed, fresh in instead.items()}
    return _as_candidate(
        evidence, [{**e, "arm": "candidate", "seed": scheduled[e["seed"]]} for e in entries]
    )


def _drifted(
    study: Study,
    arm: Depolarisable,
    evidence: Evidence,
    strength: float,
    books: Books,
    meter: Meter,
) -> Evidence:
    wanted = {study.charter.shots_of(gate) for gate in study.charter.gates}
    specs = [
        replace(spec, digest=digest({"trial": spec.digest, "depolarised": strength}))
        for spec in study.plan.of("candidate")
        if spec.shots in wanted
    ]
    entries = _entries(study, {"candidate": arm.depolarised(strength)}, specs, books, meter)
    return _as_candidate(evidence, entries)


def _entries(
    study: Study, arms: Mapping[str, Arm], specs: Sequence[TrialSpec], books: Books, meter: Meter
) -> list[dict[str, Any]]:
    """Return the record's entries of trials, run or from the cache."""
    results: Mapping[str, TrialResult] = stages.run(study, arms, specs, books=books)
    for result in results.values():
        meter.count(result)
    stages.refuse_failures(results)
    plan = replace(study.plan, trials=tuple(specs))
    entries: list[dict[str, Any]] = make_record(replace(study, plan=plan), results, [])["trials"]
    return entries


def _as_candidate(evidence: Evidence, entries: Sequence[Mapping[str, Any]]) -> Evidence:
    kept = [trial for trial in evidence.record["trials"] if trial["arm"] != "candidate"]
    record = {**evidence.record, "trials": [*kept, *entries]}
    return Evidence(_plain(record), evidence.observations, "")


def as_read(evidence: Evidence) -> Evidence:
    """Return evidence as a reader of its bundle would have it, to the type of each number."""
    return Evidence(_plain(evidence.record), _plain(evidence.observations), evidence.path)


def _plain(value: Any) -> Any:
    return json.loads(canonical(value))
