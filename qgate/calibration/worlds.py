"""The worlds that a gate is tried in: some without a regression, some with one planted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from qgate.calibration.case import (
    CannotPlantError,
    Case,
    is_error,
    is_gap,
    is_latency,
    is_shot_noise,
    samples_items,
)
from qgate.calibration.planting import (
    Rng,
    baseline_twice,
    factor_to_inflate,
    factor_to_slow,
    flipped,
    inflated,
    measured,
    noisy,
    share_to_flip,
    slowed,
    swapped,
    tolerance_of,
    width_of_noise,
    within,
)
from qgate.calibration.reruns import STRENGTHS, Reruns
from qgate.charter.charter import Gate
from qgate.evidence.evidence import Evidence

DOSES = (1.0, 2.0)
"""Multiples of the tolerance: where a gate may just not pass, and where it must be told."""


class Kind(StrEnum):
    """What is true in a world."""

    EQUAL = "equal"
    PLANTED = "planted"
    DRIFT = "drift"


@dataclass(frozen=True)
class Prepared:
    """A world made ready for one case and dose."""

    draw: Callable[[Rng], Evidence]
    target: float | None = None
    """What was planted, in the metric's unit."""
    exact: bool = False
    """Whether nothing is random, so that one draw says all."""
    note: str = ""


@dataclass(frozen=True)
class World:
    """A world: what it does to a case, and which gates it concerns."""

    name: str
    kind: Kind
    does: str
    """What is resampled or modelled, for readers."""
    concerns: Callable[[Gate], bool]
    at: Callable[[Case, Reruns, float], Prepared]
    doses: tuple[float, ...] = DOSES


def _as_it_ran(case: Case, reruns: Reruns, dose: float) -> Prepared:
    del reruns, dose
    if is_mismatch(case.gate):
        return Prepared(lambda rng: case.evidence, exact=True)  # noqa: ARG005  # nothing random
    found = measured(case)
    multiple = found.relative.value if found.relative else None
    if found.value is None or not within(case.gate, found.value, multiple):
        raise CannotPlantError("what ran is beyond the limit already: it is no equal candidate")
    return Prepared(lambda rng: case.drawn(rng).as_evidence())


def _fresh(case: Case, reruns: Reruns, dose: float) -> Prepared:
    """Deal the baseline's seeds, scheduled and fresh, anew to both sides."""
    del dose
    if is_latency(case.gate):
        return _same_service(case)
    if reruns.fresh is None:
        raise CannotPlantError(reruns.lacking.get("fresh", "no arm was run: evidence was given"))
    both = Case.of(reruns.fresh, case.gate)
    first, second = both.arms["baseline"], both.arms["candidate"]
    pool = np.concatenate([first.predictions, second.predictions])
    scores = None
    if first.scores is not None and second.scores is not None:
        scores = np.concatenate([first.scores, second.scores])
    same = bool(np.all(pool == pool[0])) and (scores is None or bool(np.all(scores == scores[0])))
    seeds = len(first.predictions)

    def draw(rng: Rng) -> Evidence:
        dealt = rng.permutation(len(pool))
        arms = {
            role: replace(
                first, predictions=pool[rows], scores=None if scores is None else scores[rows]
            )
            for role, rows in (("baseline", dealt[:seeds]), ("candidate", dealt[seeds:]))
        }
        return replace(both, arms=arms).drawn(rng).as_evidence()

    note = "the baseline does not depend on its seed: A/A is exact" if same else ""
    return Prepared(draw, 0.0, same, note)


def _same_service(case: Case) -> Prepared:
    if "baseline" not in case.requests:
        raise CannotPlantError("no latency of the baseline is known")
    twice = replace(case, requests={**case.requests, "candidate": case.requests["baseline"]})
    value = measured(twice).value
    if value is None or not within(case.gate, value):
        raise CannotPlantError("the baseline itself is beyond the limit")
    return Prepared(lambda rng: baseline_twice(case, rng).as_evidence())


def _swapped(case: Case, reruns: Reruns, dose: float) -> Prepared:
    del reruns, dose
    return Prepared(lambda rng: swapped(case.drawn(rng), rng).as_evidence(), 0.0)


def _equal(case: Case, rng: Rng) -> Case:
    """Return the world without a regression that one is planted in."""
    return swapped(case, rng) if is_gap(case.gate) else case


def _flipped(case: Case, reruns: Reruns, dose: float) -> Prepared:
    del reruns
    tolerance = tolerance_of(case)
    share = share_to_flip(case, tolerance.loss(dose), _equal)
    return Prepared(
        lambda rng: flipped(_equal(case.drawn(rng), rng), share, rng).as_evidence(),
        tolerance.at(dose),
    )


def _inflated(case: Case, reruns: Reruns, dose: float) -> Prepared:
    del reruns
    tolerance = tolerance_of(case)
    factor = factor_to_inflate(case, tolerance.loss(dose), _equal)
    return Prepared(
        lambda rng: inflated(_equal(case.drawn(rng), rng), factor).as_evidence(),
        tolerance.at(dose),
    )


def _slowed(case: Case, reruns: Reruns, dose: float) -> Prepared:
    del reruns
    value = measured(case).value
    factor = factor_to_slow(case, dose)
    return Prepared(
        lambda rng: slowed(case.drawn(rng), factor).as_evidence(),
        None if value is None else value * factor,
    )


def _noisy(case: Case, reruns: Reruns, dose: float) -> Prepared:
    del reruns
    sd = tolerance_of(case).at(dose)
    width = width_of_noise(case, sd)
    return Prepared(lambda rng: noisy(case.drawn(rng), width, rng).as_evidence(), sd)


def _updated(case: Case, reruns: Reruns, dose: float) -> Prepared:
    """Change as many of the baseline's predictions as the dose says, after the lock."""
    del reruns
    evidence, changes = case.evidence, round(dose)
    trials = list(evidence.record["trials"])
    places = [
        i for i, trial in enumerate(trials) if trial["arm"] == "baseline" and trial["predictions"]
    ]
    if not places:
        raise CannotPlantError("the baseline has no outcome")

    def draw(rng: Rng) -> Evidence:
        chosen = int(rng.choice(places))
        predictions = list(trials[chosen]["predictions"])
        for item in rng.choice(
            len(predictions), size=min(changes, len(predictions)), replace=False
        ):
            predictions[item] = _another(predictions[item], len(evidence.classes))
        changed = [*trials]
        changed[chosen] = {**trials[chosen], "predictions": predictions}
        return _with(evidence, trials=changed)

    return Prepared(draw, float(changes))


def _another(prediction: Any, classes: int) -> Any:
    return (prediction + 1) % classes if classes else prediction + 1.0


def _replayed(case: Case, reruns: Reruns, dose: float) -> Prepared:
    """Let as many replays come out otherwise as the dose says."""
    del reruns
    evidence, changes = case.evidence, round(dose)
    replays = list(evidence.record["replays"])
    if len(replays) < changes:
        raise CannotPlantError(f"only {len(replays)} trials were replayed: raise schedule.replays")

    def draw(rng: Rng) -> Evidence:
        chosen = set(rng.choice(len(replays), size=changes, replace=False).tolist())
        again = rng.bytes(32).hex()
        return _with(
            evidence,
            replays=[{**r, "again": again} if i in chosen else r for i, r in enumerate(replays)],
        )

    return Prepared(draw, float(changes))


def _with(evidence: Evidence, **changed: Any) -> Evidence:
    found = Evidence({**evidence.record, **changed}, evidence.observations, "")
    vars(found)["charter"] = evidence.charter
    return found


def _drifted(case: Case, reruns: Reruns, dose: float) -> Prepared:
    if dose not in reruns.drifted:
        raise CannotPlantError(reruns.lacking.get("drifted", "no arm was run: evidence was given"))
    there = Case.of(reruns.drifted[dose], case.gate)
    return Prepared(lambda rng: there.drawn(rng).as_evidence(), measured(there).value)


def is_mismatch(gate: Gate) -> bool:
    """Return whether a gate compares exactly and so has nothing to resample."""
    return gate.metric in ("reproducibility", "baseline_drift")


def is_cost(gate: Gate) -> bool:
    """Return whether a gate counts and so has nothing to be wrong about."""
    return gate.metric.startswith("cost_")


def _quality(gate: Gate) -> bool:
    return samples_items(gate) and not is_shot_noise(gate)


WORLDS = (
    World(
        "A/A: against itself", Kind.EQUAL,
        "the seeds of the baseline, and as many fresh ones that were run for it, are dealt anew to "
        "both sides; of latencies, two draws of its own sessions",
        lambda gate: is_gap(gate) or is_latency(gate), _fresh, (0.0,),
    ),
    World(
        "A/A: arms swapped", Kind.EQUAL,
        "an equal candidate that errs elsewhere: on a random half of the items the arms are "
        "exchanged (modelled)",
        is_gap, _swapped, (0.0,),
    ),
    World(
        "as it ran", Kind.EQUAL,
        "the candidate itself where it is within its limit",
        lambda gate: not is_gap(gate) and not is_cost(gate)
        and not gate.metric.endswith("_vs_classical"),
        _as_it_ran, (0.0,),
    ),
    World(
        "flipped predictions", Kind.PLANTED,
        "right predictions made wrong on random items, so many that the loss to be expected is "
        "the dose (modelled)",
        lambda gate: _quality(gate) and not is_error(gate), _flipped,
    ),
    World(
        "inflated errors", Kind.PLANTED,
        "errors of predicted numbers multiplied (modelled)",
        lambda gate: _quality(gate) and is_error(gate), _inflated,
    ),
    World(
        "slowed latencies", Kind.PLANTED,
        "the candidate's times multiplied, until their quantile is the dose times the limit",
        is_latency, _slowed,
    ),
    World(
        "added shot noise", Kind.PLANTED,
        "each replicate loses a share of its own of its right predictions (modelled)",
        is_shot_noise, _noisy,
    ),
    World(
        "silently updated baseline", Kind.PLANTED,
        "one or two of the baseline's predictions changed after the lock",
        lambda gate: gate.metric == "baseline_drift", _updated,
    ),
    World(
        "replays that differ", Kind.PLANTED,
        "one or two replays made to come out otherwise",
        lambda gate: gate.metric == "reproducibility", _replayed,
    ),
    World(
        "drifted calibration", Kind.DRIFT,
        "the candidate trained and run behind a depolarising channel of that strength (simulated)",
        _quality, _drifted, STRENGTHS,
    ),
)  # fmt: skip
