"""What a plan promises of gates over items and seeds."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from qgate.charter.charter import Gate, Shots
from qgate.evidence.evidence import Evidence
from qgate.lock.lock import Lock
from qgate.measure.cells import metric_name
from qgate.measure.level import look_levels, share_of_error
from qgate.measure.measurement import FAIR_CHANCE, GOOD_CHANCE, Forecast
from qgate.measure.registry import METRICS
from qgate.measure.spreads import default_spread, spread_of
from qgate.measure.units import in_words
from qgate.plan.plan import Plan
from qgate.stats.design import Design
from qgate.stats.exact_power import share_power
from qgate.stats.needs import Needs, needs, smallest_margin
from qgate.stats.power import Question, Spread, chance_to_pass, resampled_power, smallest_tolerance
from qgate.stats.two_way import Components

_GAP = "_gap_vs_classical"
_DOUBLINGS = 10


@dataclass(frozen=True)
class _Case:
    """A gate with all that its chance depends on but the design."""

    chance_of: Callable[[Design, float, float, float], float]
    """Of a design, a tolerance, a true gap and a one-sided confidence."""
    tolerance: float
    design: Design
    level: float
    widest: float
    note: str
    least: float = 0.0
    """Without a single disagreement the bound is still this."""

    def chance(self, design: Design, margin: float | None = None, gap: float = 0.0) -> float:
        """Return the chance of a pass by the end, by default at the gate's own tolerance."""
        return self.chance_of(design, self.tolerance if margin is None else margin, gap, self.level)


def forecast(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None = None) -> Forecast:
    """Return the chance of a pass were the candidate truly equal, and what would raise it."""
    lacking = [name for name in gate.slices or () if not plan.slices.get(name)]
    if lacking:
        note = f"no validation item is in slice {', '.join(lacking)}"
        return Forecast(False, 0.0, note, "name slices that the validation rows have")
    case = _case(plan, gate, lock, past)
    if isinstance(case, str):
        return Forecast(True, None, case)
    chance = case.chance(case.design)
    at_tolerance = case.chance(case.design, gap=case.tolerance)
    smallest = smallest_margin(
        lambda margin: case.chance(case.design, margin), case.widest, goal=GOOD_CHANCE
    )
    found = _available(needs(case.chance, case.design, goal=GOOD_CHANCE), plan, gate)
    shots = plan.charter.shots_of(gate)
    return Forecast(
        chance >= FAIR_CHANCE,
        chance,
        case.note + _least_note(gate, case) + _looks_note(plan, gate, case),
        "" if chance >= GOOD_CHANCE else _remedy(case, found, shots),
        at_tolerance,
        _smallest(gate, lock, smallest, case.widest),
        needs_words(found, shots),
    )


def _case(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None) -> _Case | str:
    """Return a gate's case, or why there is none."""
    if gate.metric.endswith(_GAP):
        return _gap_case(plan, gate, past)
    return _value_case(plan, gate, lock, past)


def _gap_case(plan: Plan, gate: Gate, past: Evidence | None) -> _Case | str:
    tolerance = gate.threshold.high
    default = default_spread(gate, plan.charter.shots_of(gate))
    spread, source = spread_of(plan, gate, past, default)
    if spread is None or tolerance is None:
        return source
    level, design = _last_level(plan, gate), _design(plan)
    two_sided = gate.threshold.low is not None
    sizes = _slice_sizes(plan, gate)

    def chance(design: Design, margin: float, gap: float, level: float) -> float:
        asked = Question(margin, gate.claim, level, two_sided, gap)
        if plan.charter.data.validation.resample:
            return resampled_power(asked, spread.at(design.shots), design, plan.train)
        each = [
            chance_to_pass(asked, spread, replace(design, items=max(1, round(items))))
            for items in (design.items * size / plan.items for size in sizes)
        ]
        # Equal slices must all pass, as if independent; at the tolerance one slice is enough.
        return max(each) if gap else math.prod(each)

    least = 0.0
    if gate.claim != "this_dataset":
        least = spread.reach * smallest_tolerance(min(sizes), confidence=level)
    return _Case(chance, tolerance, design, level, spread.reach, _note(plan, source, sizes), least)


def _value_case(plan: Plan, gate: Gate, lock: Lock | None, past: Evidence | None) -> _Case | str:
    """Return the case of a candidate's own value, equal to the baseline's locked one."""
    name, high = metric_name(gate), gate.threshold.high
    bound = gate.threshold.low if high is None else high
    score = lock.document["baseline"]["score"].get(name) if lock else None
    if bound is None or gate.slices is not None or plan.charter.data.validation.resample:
        return "no forecast of the candidate's own value under such terms"
    if score is None:
        return "the baseline's value is not locked: no forecast"
    of_rate = Spread(Components(score * (1 - score), 0.0, 0.0))  # every seed wrong on the same
    default = of_rate if name == "accuracy" else None
    spread, source = spread_of(plan, gate, past, default)
    if spread is None:
        return source

    def chance(design: Design, margin: float, gap: float, level: float) -> float:
        if name == "accuracy":
            parts = spread.components
            return share_power(score - gap, score - margin, parts, design, gate.claim, level)
        return chance_to_pass(Question(margin, gate.claim, level, gap=gap), spread, design)

    note = _note(plan, f"the baseline's locked {score:.4g} for the candidate, {source}", ())
    margin = score - bound if high is None else bound - score
    return _Case(chance, margin, _design(plan), _last_level(plan, gate), abs(score), note)


def _design(plan: Plan) -> Design:
    return Design(len(plan.charter.schedule.seeds), plan.items)


def _slice_sizes(plan: Plan, gate: Gate) -> tuple[int, ...]:
    if gate.slices is None:
        return (plan.items,)
    names = gate.slices or tuple(plan.slices)
    return tuple(max(1, plan.slices.get(name, 0)) for name in names) or (plan.items,)


def _last_level(plan: Plan, gate: Gate) -> float:
    """Return the confidence at the last look; the earlier ones only add to the chance."""
    if len(plan.ends) > 1:
        return 1 - look_levels(plan.charter, plan.ends)[gate.name][-1]
    return 1 - share_of_error(gate, plan.charter.attempts)


def _note(plan: Plan, source: str, sizes: tuple[int, ...]) -> str:
    items = f"{plan.items} items"
    if len(sizes) > 1:
        items += f" in {len(sizes)} slices of {min(sizes)} or more"
    return f"{items} x {len(plan.charter.schedule.seeds)} seeds, {source}"


def _least_note(gate: Gate, case: _Case) -> str:
    if not 0 < case.tolerance < case.least:
        return ""
    bound = in_words(case.least, METRICS[gate.metric].unit, difference=True)
    return f"; without a single disagreement the bound is still {bound}"


def _looks_note(plan: Plan, gate: Gate, case: _Case) -> str:
    """Return the chance of a pass at each look before the last."""
    looks = plan.charter.schedule.looks
    if looks is None or not gate.metric.endswith(_GAP):
        return ""
    levels = look_levels(plan.charter, plan.ends)[gate.name]
    chances = []
    for end, level in zip(looks.after, levels, strict=False):
        design = (
            replace(case.design, seeds=end)
            if looks.by == "seeds"
            else replace(case.design, items=end)
        )
        passed = case.chance_of(design, case.tolerance, 0.0, 1 - level)
        chances.append(f"{passed:.0%} after {end}")
    return f"; looks at {looks.by}: {', '.join(chances)}"


def _remedy(case: _Case, found: Needs, shots: Shots) -> str:
    """Return a design with a good chance: more items, else seeds, else shots."""
    if case.tolerance <= 0:
        return "no design shows an equal candidate to be better: loosen the threshold"
    if found.items is not None:
        return f"about {found.items:,} validation items with {case.design.seeds} seeds give 80%"
    if found.seeds is not None:
        return f"about {found.seeds:,} seeds with {case.design.items} items give 80%"
    if found.shots is not None and shots is not None:
        return f"about {round(found.shots * shots):,} shots give 80%"
    for seeds in (case.design.seeds * 2**power for power in range(1, _DOUBLINGS)):
        both = needs(case.chance, replace(case.design, seeds=seeds), goal=GOOD_CHANCE)
        if both.items is not None:
            return f"about {both.items:,} validation items with {seeds:,} seeds give 80%"
    return "no design that could be run will do: loosen the threshold"


def _available(found: Needs, plan: Plan, gate: Gate) -> Needs:
    """Return needs without what there is no more of: what a claim, or the data's size, fixes."""
    if gate.claim == "this_dataset" or plan.charter.data.validation.resample:
        return replace(found, items=None)
    return replace(found, seeds=None) if gate.claim == "this_artifact" else found


def needs_words(found: Needs, shots: Shots) -> tuple[str, str, str]:
    """Return items, seeds and shots that alone would do, a dash where none would."""
    return (
        "-" if found.items is None else f"{found.items:,}",
        "-" if found.seeds is None else f"{found.seeds:,}",
        "-" if found.shots is None or shots is None else f"{round(found.shots * shots):,}",
    )


def _smallest(gate: Gate, lock: Lock | None, margin: float, widest: float) -> str:
    if margin >= widest * (1 - 1e-6):
        return "none"
    unit = METRICS[gate.metric].unit
    if gate.metric.endswith(_GAP):
        return in_words(margin, unit, difference=True)
    score = lock.document["baseline"]["score"][metric_name(gate)] if lock else 0.0
    return in_words(score - margin if gate.threshold.high is None else score + margin, unit)
