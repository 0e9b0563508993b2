"""Whether a plan can decide its charter's gates, and keeps its budget."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qgate.charter.charter import Charter, Gate
from qgate.charter.clauses import gate_paths
from qgate.errors import Finding, UsageError
from qgate.evidence.evidence import Evidence
from qgate.files import typed
from qgate.lock.inputs import differences
from qgate.measure.cost import planned_use, price
from qgate.measure.measurement import Forecast
from qgate.measure.registry import family
from qgate.plan.estimate import estimated_seconds
from qgate.plan.study import Study


def forecast(study: Study, past: Evidence | None = None) -> list[tuple[Gate, Forecast]]:
    """Return for each gate whether the plan's trials can decide it.

    Args:
        study: What is planned.
        past: Evidence whose variance is taken in place of the documented defaults.

    """
    stale = differences(study.lock.inputs, study.inputs) if study.lock else []
    return [
        (gate, _stale(study, stale))
        if stale and gate.metric == "reproducibility"
        else (gate, family(gate.metric).forecast(study.plan, gate, study.lock, past))
        for gate in study.charter.gates
    ]


def _stale(study: Study, found: list[str]) -> Forecast:
    note = f"this is not what was locked, so the gate will fail: {'; '.join(found)}"
    relock = f'qgate lock {typed(study.charter.path)} --reason "why it changed"'
    return Forecast(True, 0.0, note, relock)


def refuse_other_question(charter: Charter, past: Evidence) -> None:
    """Refuse past evidence whose variances are of something else.

    Raises:
        UsageError: When its task or its target is another.

    """
    before, now = past.charter.data, charter.data
    if (before.task, before.target) != (now.task, now.target):
        raise UsageError(
            f"that evidence is of {before.task} of {before.target!r}; the charter is of {now.task} "
            f"of {now.target!r}: its variances say nothing here"
        )


def joint_chance(outlooks: Sequence[tuple[Gate, Forecast]]) -> tuple[float, float] | None:
    """Return the chance that all forecast gates that decide pass: if independent, and if as one.

    Gates on the same items and seeds rise and fall together, so the truth lies between the product
    of their chances and the smallest of them. None where no gate has a forecast.
    """
    chances = [
        outlook.chance
        for gate, outlook in outlooks
        if outlook.chance is not None and gate.mode == "enforce"
    ]
    return (math.prod(chances), min(chances)) if chances else None


def refusals(study: Study, past: Evidence | None = None, *, attempt: int = 1) -> list[Finding]:
    """Return why the plan should not run: gates not decidable, a budget or attempts exceeded.

    A gate in shadow decides nothing, so it is never a reason; nor is power where the settings
    say to run regardless.
    """
    return [*_undecidable(study, past), *_over_budget(study), *_over_attempts(study, attempt)]


def _undecidable(study: Study, past: Evidence | None) -> list[Finding]:
    if study.settings.even_if_underpowered:
        return []
    paths = dict(gate_paths(study.charter))
    found: list[Finding] = []
    for index, (gate, outlook) in enumerate(forecast(study, past)):
        if not outlook.decidable and gate.mode == "enforce":
            chance = (
                f"has a chance of only {outlook.chance:.0%} to pass"
                if outlook.chance
                else "cannot pass"
            )
            message = (
                f"gate {gate.name!r} {chance} even if the arms are truly equal, so it cannot be "
                f"decided: {outlook.note}; {outlook.remedy} (or pass --even-if-underpowered)"
            )
            found.append(study.source.finding(paths.get(index, ("pilot",)), message))
    return found


def _over_attempts(study: Study, attempt: int) -> list[Finding]:
    most = study.charter.attempts.most
    if most is None or attempt <= most:
        return []
    message = (
        f"this would be attempt {attempt} on this lock, and the charter allows {most}: a contract "
        'that has changed is locked anew with `qgate lock CHARTER --reason "why"`'
    )
    return [study.source.finding(("attempts", "max"), message)]


def _over_budget(study: Study) -> list[Finding]:
    if study.settings.even_if_underpowered:
        return []
    budget, use = study.charter.budget, planned_use(study.plan)
    planned = {
        "shots": use.shots,
        "usd": price(use, budget.prices) if budget.prices else 0.0,
        "minutes": estimated_seconds(study.plan) / 60,
    }
    limits = {key: getattr(budget, key) for key in planned}
    return [
        study.source.finding(
            ("budget", key),
            f"the plan takes up to {amount:,.6g} {key} (modelled), the budget allows "
            f"{limits[key]:,.6g}",
        )
        for key, amount in planned.items()
        if limits[key] is not None and amount > limits[key]
    ]
