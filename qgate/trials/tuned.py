"""A study whose arms are tuned, each once; what was chosen is kept and not searched for again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qgate.arms.arm import Workshop
from qgate.arms.tuning import as_tuned, tune
from qgate.charter.arm_spec import ArmSpec
from qgate.charter.derived import derived_arms, draws_of
from qgate.digest import digest
from qgate.errors import TermError
from qgate.plan.study import Study
from qgate.trials.entry import read_entry, write_entry

WorkshopOf = Callable[[ArmSpec], Workshop]


def tuned(study: Study, workshop: WorkshopOf) -> Study:
    """Return a study with every arm's best configuration in place of its search.

    Ablations are searched by themselves; a drifted or permuted candidate is the tuned candidate.
    """
    charter = study.charter
    searched = [spec for spec in charter.trial_arms if spec.tuning or spec.strongest]
    if not searched:
        return study
    study.settings.progress.stage("tune " + " and ".join(s.role for s in searched), len(searched))
    found: dict[str, ArmSpec] = {}
    records: dict[str, Any] = {}
    seconds: dict[str, float] = {}
    for spec in searched:
        found[spec.role], records[spec.role], seconds[spec.role] = _one(study, spec, workshop)
        study.settings.progress.advance()
    candidate = found.get("candidate", charter.candidate)
    again = derived_arms(candidate, (gate.metric for gate in charter.gates), draws_of(charter))
    known = replace(
        charter,
        baseline=found.get("baseline", charter.baseline),
        candidate=candidate,
        derived=tuple(found.get(spec.role, spec) for spec in again),
    )
    plan = replace(study.plan, charter=known)
    return replace(study, charter=known, plan=plan, tuning=records, tuning_seconds=seconds)


def _one(
    study: Study, spec: ArmSpec, workshop: WorkshopOf
) -> tuple[ArmSpec, dict[str, Any], float]:
    """Return an arm as tuned, what was tried, and the seconds that it took when it was."""
    key = digest({"tuning of": study.plan.of(spec.role)[0].digest})
    path = study.settings.state / "tuning" / f"{key}.json"
    classes = bool(study.split.dataset.classes)
    warn = study.settings.progress.warn
    kept = read_entry(path, warn)
    if kept is not None:
        return as_tuned(spec, kept["record"], classes=classes), kept["record"], kept["seconds"]
    started = time.perf_counter()
    try:
        found = tune(spec, workshop(spec))
    except TermError as error:
        own = "tuning" in study.charter.section(spec.role)
        raise TermError(error.path if own else error.path[1:], str(error)) from None
    record, seconds = dict(found.record), round(time.perf_counter() - started, 3)
    write_entry(path, {"record": record, "seconds": seconds}, warn)
    return found.spec, record, seconds
