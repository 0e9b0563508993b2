"""Whether a plan can decide its charter's gates, and keeps its budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from qgate.charter.charter import Charter, Gate
from qgate.charter.clauses import gate_paths
from qgate.charter.residency import residency_reason
from qgate.errors import Finding, UsageError, coded
from qgate.evidence.evidence import Evidence
from qgate.files import typed
from qgate.lock.inputs import differences
from qgate.measure.cost import planned_use
from qgate.measure.measurement import Forecast
from qgate.measure.registry import METRICS, family
from qgate.measure.spending import UNITS, Spending, amount, enough, nothing, plus, spent_on
from qgate.plan.estimate import estimated_seconds
from qgate.plan.study import Study
from qgate.trials.stages import shot_seconds

_NOTHING = Spending()
_UNLOCKED, _UNDECIDABLE, _BEYOND = "QG-F10", "QG-F11", "QG-F12"
Outlooks = Sequence[tuple[Gate, Forecast]]
"""Each gate with its forecast, in the charter's order."""


def forecast(study: Study, past: Evidence | None = None) -> list[tuple[Gate, Forecast]]:
    """Return for each gate whether the plan's trials can decide it.

    Args:
        study: What is planned.
        past: Evidence whose variance is taken in place of the documented defaults.

    """
    stale = differences(study.lock.inputs, study.inputs) if study.lock else []
    known: dict[Gate, Forecast] = {}
    found: list[tuple[Gate, Forecast]] = []
    for gate in study.charter.gates:
        if stale and gate.metric == "reproducibility":
            found.append((gate, _stale(study, stale)))
            continue
        asked = _asked(gate)
        if asked not in known:
            known[asked] = family(gate.metric).forecast(study.plan, gate, study.lock, past)
        found.append((gate, known[asked]))
    return found


def _asked(gate: Gate) -> Gate:
    """Return a gate with what its forecast depends on alone: nobody's name is part of the odds."""
    return replace(gate, name="", owner="", remediation=(), note="", mode="enforce")


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


def joint_chance(outlooks: Outlooks) -> tuple[float, float] | None:
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


def joint_sentence(outlooks: Outlooks) -> str:
    """Return the joint chance in words."""
    joint = joint_chance(outlooks)
    if joint is None:
        return "No gate that decides has a forecast."
    apart, as_one = (f"{chance:.0%}" for chance in joint)
    several = f" if independent, {as_one} if they rise and fall as one" if apart != as_one else ""
    return f"All forecast gates together, if truly equal: {apart}{several}."


def refusals(
    study: Study,
    past: Evidence | None = None,
    *,
    attempt: int = 1,
    spent: Spending = _NOTHING,
    month: str = "this month",
    seen: Outlooks | None = None,
) -> list[Finding]:
    """Return why the plan should not run: gates not decidable, a budget or attempts exceeded.

    A gate in shadow decides nothing, so it is never a reason; nor is power where the settings
    say to run regardless. A budget binds either way.

    Args:
        study: What is planned.
        past: Evidence whose variance is taken in place of the documented defaults.
        attempt: Which one on the same lock this would be.
        spent: What the pilot's runs have spent in this month so far.
        month: YYYY-MM.
        seen: What `forecast` says of them, where it is known already.

    """
    return [
        *coded(_UNDECIDABLE, _undecidable(study, past, seen)),
        *over_budget(study, spent, month),
        *coded(_BEYOND, _over_attempts(study, attempt)),
    ]


def lock_refusals(study: Study) -> list[Finding]:
    """Return why a run without a lock would end undecided, unless it is to run regardless."""
    charter = study.charter
    if study.lock or study.settings.even_if_underpowered or residency_reason(charter):
        return []  # what may be sent nowhere cannot be locked either: the run will say so
    need = [gate for gate in charter.gates if "lock" in METRICS[gate.metric].needs]
    named = " and ".join(gate.name for gate in need if gate.mode == "enforce")
    command = f"qgate lock {typed(charter.path)}"
    message = (
        f"there is no lock yet, so {named} cannot be decided: {command} (or pass "
        "--even-if-underpowered)"
    )
    return [study.source.finding(("pilot",), message, code=_UNLOCKED)] if named else []


def _undecidable(study: Study, past: Evidence | None, seen: Outlooks | None) -> list[Finding]:
    if study.settings.even_if_underpowered:
        return []
    paths = dict(gate_paths(study.charter))
    found: list[Finding] = []
    for index, (gate, outlook) in enumerate(forecast(study, past) if seen is None else seen):
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


def over_budget(study: Study, spent: Spending, month: str) -> list[Finding]:
    """Return each cap, of the run and of its month, that the plan would go beyond."""
    budget = study.charter.budget
    if not (budget.stated or budget.per_month.stated):
        return []
    planned, name = planned_spending(study), study.charter.pilot.name
    found: list[Finding] = []
    for cap, limit in budget.stated.items():
        if planned.of(cap) > limit:
            message = (
                f"the plan takes up to {amount(planned.of(cap))} {UNITS[cap]} (modelled), the "
                f"budget allows {amount(limit)}: {_more(cap, planned.of(cap))}, or schedule fewer "
                "seeds"
            )
            found.append(study.source.finding(("budget", cap), message))
    for cap, limit in budget.per_month.stated.items():
        total = spent.of(cap) + planned.of(cap)
        if total > limit:
            message = (
                f"{name} spent {amount(spent.of(cap))} {UNITS[cap]} in {month}, and the plan takes "
                f"up to {amount(planned.of(cap))} more (modelled): the budget allows "
                f"{amount(limit)} a month: {_more(f'per_month.{cap}', total)}, schedule fewer "
                "seeds, or run it next month; `qgate spending` lists what was spent"
            )
            found.append(study.source.finding(("budget", "per_month", cap), message))
    return coded(_BEYOND, found)


def _more(cap: str, needed: float) -> str:
    """Return what to type; of shots, which are counted, no more than is needed."""
    least = needed if cap.endswith("shots") else enough(needed)
    return f"set budget.{cap} to at least {amount(least)}"


def planned_spending(study: Study) -> Spending:
    """Return the most that a plan can come to, as far as it can be told: all of it modelled.

    What is in the cache counts too. Circuits that only a run can count, as those of parameter
    shifts or of another package's arm, do not: caps hold them during the run.
    """
    plan, prices = study.plan, study.charter.budget.prices
    seconds = estimated_seconds(plan)
    per_shot = shot_seconds(study) if study.charter.budget.seconds_per_shot else {}
    total = replace(nothing(per_shot, prices), seconds=seconds)
    for arm in plan.charter.trial_arms:
        use = planned_use(plan, (arm,))
        total = plus(total, spent_on(use, 0.0, per_shot.get(arm.role), prices))
    if total.usd is not None and prices is not None:
        total = replace(total, usd=total.usd + seconds * prices.per_second)
    return total
