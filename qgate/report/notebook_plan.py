"""What a notebook is told before a run: of a charter, of one of its gates, of a plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qgate.charter.charter import Charter, Gate, Schedule
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.measurement import CLAIM_WORDS, GOOD_CHANCE, Forecast, Measurement
from qgate.measure.outlook import (
    forecast,
    joint_sentence,
    lock_refusals,
    planned_spending,
    refusals,
)
from qgate.measure.registry import METRICS
from qgate.measure.spending import amount
from qgate.plan.estimate import estimated_seconds
from qgate.plan.study import Study
from qgate.report.html.gate_plot import with_unit
from qgate.rollout.rollback import remediation_words

_DESIGNS = ("items", "seeds", "shots")
Tile = tuple[str, str]
"""A number and what it counts."""


@dataclass(frozen=True)
class Outlook:
    """What a plan says of one gate; shares are percent, None where no model gives one."""

    name: str
    mode: str
    metric: str
    threshold: str
    decidable: bool
    equal: int | None
    tolerance: int | None
    smallest: str
    enough: tuple[str, ...]
    note: str


def charter_view(charter: Charter) -> Mapping[str, Any]:
    """Return what is shown of a charter."""
    data, back = charter.data, charter.rollback
    what = f"{data.path}, {data.target}"
    if data.problems:
        what = " ".join(_counted(len(data.problems), "problem"))
    return {
        "charter": charter,
        "facts": [
            ("Data", what),
            ("Schedule", ", ".join(f"{n} {words}" for n, words in _schedule_tiles(charter))),
            ("Rollback", f"{back.strategy.replace('_', '-')} to {back.to}, by {back.approver}"),
            ("Owner", charter.pilot.owner),
            ("File", charter.path),
        ],
        "gates": [(gate, _threshold(gate), remediation_words(gate)) for gate in charter.gates],
    }


def gate_view(gate: Gate) -> Mapping[str, Any]:
    """Return what is shown of one clause of a contract."""
    terms = METRICS[gate.metric]
    shots = gate.shots
    at = "the largest of the schedule" if isinstance(shots, str) else f"{shots:,}" if shots else ""
    exact = terms.unit == "mismatches"
    return {
        "gate": gate,
        "threshold": _threshold(gate),
        "facts": [
            (name, words)
            for name, words in (
                ("Metric", f"{gate.metric}: {terms.definition}"),
                ("Holds", "" if exact else _claim(gate)),
                ("Confidence", "" if exact else f"{100 * gate.confidence:.4g}% of each bound"),
                ("Shots", at if terms.task else ""),
                ("Slices", _slices(gate)),
                ("Owner", gate.owner),
                ("Remediation", remediation_words(gate)),
            )
            if words
        ],
    }


def plan_view(study: Study) -> Mapping[str, Any]:
    """Return what is shown of a plan; the forecasts are made anew, nothing runs."""
    seen = forecast(study)
    refused = [*lock_refusals(study), *refusals(study)]
    return {
        "charter": study.charter,
        "locked": study.lock is not None,
        "tiles": _tiles(study),
        "arms_of": [
            (arm.role.replace("_", " "), arm.id, arm.kind, len(study.plan.of(arm.role)))
            for arm in study.charter.trial_arms
        ],
        "outlooks": [_outlook(gate, found) for gate, found in seen],
        "joint": joint_sentence(seen),
        "looks": _look_words(study),
        "refused": [str(finding) for finding in refused],
    }


def _tiles(study: Study) -> list[Tile]:
    plan, charter = study.plan, study.charter
    spent = planned_spending(study)
    items = "problem" if charter.data.problems else "validation item"
    tiles = [_counted(len(plan.trials), "trial"), _counted(plan.items, items)]
    tiles += [] if charter.data.problems else [_counted(plan.train, "training row")]
    tiles += _schedule_tiles(charter)
    tiles.append((f"{math.ceil(estimated_seconds(plan)):,} s", "on one core, modelled"))
    if spent.shots:
        tiles.append((_short(spent.shots), "shots in all, modelled"))
    if spent.usd is not None:
        tiles.append((f"{amount(spent.usd)} USD", "modelled"))
    return tiles


def _short(count: int) -> str:
    """Return a count, from a million on to three digits: 41,720,000 is 41.7 million."""
    for size, unit in ((1e9, "billion"), (1e6, "million")):
        if count >= size:
            return f"{count / size:,.3g} {unit}"
    return f"{count:,}"


def _schedule_tiles(charter: Charter) -> list[Tile]:
    schedule: Schedule = charter.schedule
    levels = ["exact" if shots is None else f"{shots:,}" for shots in schedule.shots]
    some = levels if len(levels) < 4 else [levels[0], "...", levels[-1]]
    return [
        _counted(len(schedule.seeds), "seed"),
        (" / ".join(some), "shots" if schedule.shots != (None,) else "probabilities"),
        _counted(schedule.replicates, "replicate"),
    ]


def _counted(count: int, noun: str) -> Tile:
    return f"{count:,}", noun if count == 1 else f"{noun}s"


def _outlook(gate: Gate, found: Forecast) -> Outlook:
    note = f"{found.note[:1].upper()}{found.note[1:]}"
    wanted = not found.decidable or (found.chance is not None and found.chance < GOOD_CHANCE)
    return Outlook(
        name=gate.name,
        mode=gate.mode,
        metric=gate.metric,
        threshold=_threshold(gate),
        decidable=found.decidable,
        equal=_percent(found.chance),
        tolerance=_percent(found.at_tolerance),
        smallest=found.smallest,
        enough=tuple(
            f"{number} {what}"
            for number, what in zip(found.designs, _DESIGNS, strict=False)
            if number != "-"
        ),
        note=f"{note}; {found.remedy}." if wanted and found.remedy else f"{note}.",
    )


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _look_words(study: Study) -> str:
    looks = study.charter.schedule.looks
    if looks is None:
        return ""
    ends = ", ".join(str(end) for end in study.plan.ends)
    return f"Looks after {ends} {looks.by}, each at a level of its own."


def _threshold(gate: Gate) -> str:
    """Return a gate's threshold in words, which are those of a verdict on it."""
    return with_unit(Verdict(gate, Measurement(), Outcome.ERROR, ""))


def _claim(gate: Gate) -> str:
    return CLAIM_WORDS[gate.claim] if METRICS[gate.metric].task else ""


def _slices(gate: Gate) -> str:
    if gate.slices is None:
        return ""
    return ", ".join(gate.slices) or "every value of the slice column, one by one"
