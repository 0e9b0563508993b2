"""Planned looks: when a run may stop, and what each look found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from qgate.charter.charter import Charter
from qgate.errors import UsageError
from qgate.evidence.evidence import Evidence
from qgate.gates.drift import verdicts_on
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.level import look_levels
from qgate.measure.registry import METRICS
from qgate.plan.plan import Plan

_DECIDED = (Outcome.PASS, Outcome.FAIL)


@dataclass(frozen=True)
class Look:
    """What one look found: after how many seeds or items, and each gate that was looked at."""

    by: str
    after: int
    verdicts: tuple[Verdict, ...]


def looks_record(plan: Plan, taken: int) -> dict[str, Any] | None:
    """Return what evidence keeps of planned looks: their schedule, its levels, and how many ran.

    Seeds are those that ran by then; the levels were fixed by the charter alone.
    """
    looks, ends = plan.charter.schedule.looks, plan.ends
    if looks is None:
        return None
    seeds = ends[taken - 1] if looks.by == "seeds" else len(plan.charter.schedule.seeds)
    return {
        "by": looks.by,
        "ends": list(ends),
        "levels": look_levels(plan.charter, ends),
        "taken": taken,
        "seeds": seeds,
    }


def look_at(evidence: Evidence, charter: Charter) -> Look:
    """Return the look that evidence holds: the gates whose bounds narrow as trials come in."""
    looks = evidence.record["looks"]
    gates = [gate for gate in charter.gates if METRICS[gate.metric].interim]
    verdicts = verdicts_on(evidence, charter, gates)
    return Look(looks["by"], looks["ends"][looks["taken"] - 1], verdicts)


def settled(look: Look) -> bool:
    """Return whether a run may stop: a gate failed, or every gate that is looked at is decided."""
    outcomes = [verdict.outcome for verdict in look.verdicts if verdict.decides]
    failed = Outcome.FAIL in outcomes
    return failed or (bool(outcomes) and all(outcome in _DECIDED for outcome in outcomes))


def looks_of(evidence: Evidence, charter: Charter) -> tuple[Look, ...]:
    """Return every look that was taken, judged again; none where none was planned."""
    looks = evidence.record.get("looks")
    if looks is None:
        return ()
    fixed = look_levels(evidence.charter, tuple(looks["ends"]))
    if looks["levels"].keys() != fixed.keys() or not all(
        len(levels) == len(fixed[name]) and all(map(_same_level, levels, fixed[name]))
        for name, levels in looks["levels"].items()
    ):
        raise UsageError("record.looks.levels: not those that the charter fixes")
    if len(evidence.seeds) < looks["seeds"]:
        return ()  # stopped before the first one
    return tuple(
        look_at(_until(evidence, taken), charter) for taken in range(1, looks["taken"] + 1)
    )


def _same_level(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6)


def _until(evidence: Evidence, taken: int) -> Evidence:
    """Return the evidence as it was at an earlier look."""
    looks = evidence.record["looks"]
    if taken == looks["taken"]:
        return evidence
    end = looks["ends"][taken - 1]
    earlier = {**looks, "taken": taken}
    trials: Sequence[object] = evidence.record["trials"]
    if looks["by"] == "seeds":
        earlier["seeds"] = end
    else:
        trials = [trial for trial in evidence.record["trials"] if trial["items"][1] <= end]
    record = {**evidence.record, "looks": earlier, "trials": trials}
    return replace(evidence, record=record)
