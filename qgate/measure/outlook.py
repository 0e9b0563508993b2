"""Whether a plan can decide its charter's gates, and keeps its budget."""

from __future__ import annotations

from qgate.charter.charter import Gate
from qgate.charter.meaning import gate_paths
from qgate.errors import Finding
from qgate.measure.cost import planned_use, price
from qgate.measure.measurement import Forecast
from qgate.measure.registry import family
from qgate.plan.estimate import estimated_seconds
from qgate.plan.study import Study


def forecast(study: Study) -> list[tuple[Gate, Forecast]]:
    """Return for each gate whether the plan's trials can decide it."""
    return [
        (gate, family(gate.metric).forecast(study.plan, gate, study.lock))
        for gate in study.charter.gates
    ]


def refusals(study: Study) -> list[Finding]:
    """Return why the plan should not run: gates that cannot be decided, a budget exceeded."""
    paths = dict(gate_paths(study.charter))
    found: list[Finding] = []
    for index, (gate, outlook) in enumerate(forecast(study)):
        if not outlook.decidable:
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
    return [*found, *_over_budget(study)]


def _over_budget(study: Study) -> list[Finding]:
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
