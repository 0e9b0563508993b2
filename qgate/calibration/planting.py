"""How a regression is planted, and how much of it makes a given multiple of a gate's tolerance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from qgate.calibration.case import (
    ArmCells,
    CannotPlantError,
    Case,
    Values,
    is_gap,
    is_shot_noise,
    quality,
    seeds_vary,
)
from qgate.charter.charter import Gate
from qgate.measure.items import item_values
from qgate.measure.measurement import Measurement
from qgate.measure.registry import METRICS, family
from qgate.measure.units import in_words

Rng = np.random.Generator
Draw = Callable[[Rng], Case]

_DRAWS, _SEED = 8, 1
"""How many draws, always the same ones, the share of flipped predictions is fitted on."""
_STEPS = 14
"""Halvings: the share is right to less than one in ten thousand."""


@dataclass(frozen=True)
class Tolerance:
    """The value of a candidate that lost nothing, and the worst one that the gate allows."""

    equal: float
    limit: float

    def at(self, dose: float) -> float:
        """Return the value at a multiple of the tolerance."""
        return self.equal + dose * (self.limit - self.equal)

    def loss(self, dose: float) -> float:
        """Return how far from equality that is."""
        return abs(self.at(dose) - self.equal)


def measured(case: Case) -> Measurement:
    """Return the gate's measurement of the case.

    Raises:
        CannotPlantError: When there is none.

    """
    found = family(case.gate.metric).measure(case.as_evidence(), case.gate, advise=False)
    if found.error is not None or found.value is None:
        raise CannotPlantError(found.error or "it has no value")
    return found


def tolerance_of(case: Case) -> Tolerance:
    """Return a gate's tolerance in its metric's unit.

    A gap's and a spread's is its `max`, from 0. A quality has none stated: it is what the
    candidate as it ran has in hand before its limit.

    Raises:
        CannotPlantError: When the gate tolerates nothing.

    """
    gate = case.gate
    high, low = gate.threshold.high, gate.threshold.low
    if is_gap(gate) or is_shot_noise(gate):
        if high is None or high <= 0:
            raise CannotPlantError("it has no tolerance: its max is not above 0")
        return Tolerance(0.0, high)
    value = measured(case).value
    limit = high if METRICS[gate.metric].better == "lower" else low
    if limit is None or value is None:
        raise CannotPlantError("it has no limit on the side of a loss")
    if not within(gate, value):
        raise CannotPlantError(f"what ran, {_words(gate, value)}, is beyond its limit already")
    if value == limit:
        raise CannotPlantError("what ran has nothing in hand before its limit")
    return Tolerance(value, limit)


def within(gate: Gate, value: float, multiple: float | None = None) -> bool:
    """Return whether a value, and its multiple of the baseline's, are within, taken as exact."""
    low, high, most = gate.threshold.low, gate.threshold.high, gate.threshold.vs_baseline
    inside = (high is None or value <= high) and (low is None or value >= low)
    return inside and (most is None or multiple is None or multiple <= most)


def swapped(case: Case, rng: Rng) -> Case:
    """Return the case with the arms exchanged on a random half: equal arms, truly.

    Items are exchanged alike for all seeds; one by one within each seed where items are fixed.
    The baseline takes whole rows of one replicate, drawn anew, so that neither arm is favoured.
    """
    seeds, items = case.truth.shape
    coin = rng.random((seeds, items) if seeds_vary(case.gate) else (1, items)) < 0.5
    coin = np.broadcast_to(coin, (seeds, items))[:, None, :]
    first, second = case.candidate, case.arms["baseline"]
    shift = np.asarray(rng.integers(first.predictions.shape[1], size=seeds))
    arms = {
        "candidate": _mixed(first, second, coin, np.zeros(seeds, dtype=np.int64)),
        "baseline": _mixed(second, first, coin, shift),
    }
    return replace(case, arms=arms)


def _mixed(own: ArmCells, other: ArmCells, coin: Values, shift: Values) -> ArmCells:
    """Return one arm with the other's cells where the coin says so."""
    replicates, others = own.predictions.shape[1], other.predictions.shape[1]
    taken = (shift[:, None] + np.arange(replicates)) % others

    def mix(mine: Values, theirs: Values) -> Values:
        return np.where(coin, np.take_along_axis(theirs, taken[:, :, None], axis=1), mine)

    scores = None
    if own.scores is not None and other.scores is not None:
        scores = mix(own.scores, other.scores)
    return replace(own, predictions=mix(own.predictions, other.predictions), scores=scores)


def flipped(case: Case, share: float, rng: Rng) -> Case:
    """Return the case with a share of the items lost: where the candidate is right, it is wrong.

    Items are lost alike for all seeds and replicates; one by one within each seed where items are
    fixed. A score is mirrored.
    """
    seeds, items = case.truth.shape
    rows = seeds if seeds_vary(case.gate) else 1
    lost = np.broadcast_to(rng.random((rows, items)) < share, (seeds, items))
    return _wrong(case, lost[:, None, :] & case.right(), rng)


def noisy(case: Case, width: float, rng: Rng) -> Case:
    """Return the case with each replicate losing a share of its own, uniform from 0 to width."""
    shape = case.candidate.predictions.shape
    share = rng.uniform(0.0, width, size=(*shape[:2], 1))
    return _wrong(case, (rng.random(shape) < share) & case.right(), rng)


def _wrong(case: Case, where: Values, rng: Rng) -> Case:
    """Return the case with the candidate's predictions made wrong there."""
    cells, classes = case.candidate, len(case.evidence.classes)
    items = case.truth.shape[1]
    other = (case.truth + rng.integers(1, max(classes, 2), size=(1, items))) % classes
    scores = cells.scores
    if scores is not None:
        ends = scores.min(axis=2, keepdims=True) + scores.max(axis=2, keepdims=True)
        scores = np.where(where, ends - scores, scores)
    predictions = np.where(where, other[:, None, :], cells.predictions)
    changed = replace(cells, predictions=predictions, scores=scores)
    return replace(case, arms={**case.arms, "candidate": changed})


def inflated(case: Case, factor: float) -> Case:
    """Return the case with the candidate's errors of numbers multiplied."""
    cells, truth = case.candidate, case.truth[:, None, :]
    changed = replace(cells, predictions=truth + factor * (cells.predictions - truth))
    return replace(case, arms={**case.arms, "candidate": changed})


def share_to_flip(case: Case, loss: float, equal: Callable[[Case, Rng], Case]) -> float:
    """Return which share of the items to flip for an expected loss of the gate's quality.

    Args:
        case: As it ran.
        loss: Above 0, in the metric's unit.
        equal: Makes the world without a regression that the loss is planted in.

    Raises:
        CannotPlantError: When there is not so much to lose.

    """
    roles = list(case.arms) if is_gap(case.gate) else ["candidate"]
    if quality(case.gate) == "accuracy":
        share = loss / float(np.mean([case.right(role).mean() for role in roles]))
    else:
        share = _bisected(case, loss, equal)
    if share > 1:
        raise CannotPlantError(f"a loss of {_words(case.gate, loss)} is more than there is to lose")
    return share


def _bisected(case: Case, loss: float, equal: Callable[[Case, Rng], Case]) -> float:
    bases = [equal(case, np.random.default_rng([_SEED, i])) for i in range(_DRAWS)]
    before = [_quality_of(base) for base in bases]

    def lost(share: float) -> float:
        after = [
            _quality_of(flipped(base, share, np.random.default_rng([_SEED, i, 1])))
            for i, base in enumerate(bases)
        ]
        return float(np.mean(before) - np.mean(after))

    if lost(1.0) < loss:
        return math.inf
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if lost(middle) < loss else (low, middle)
    return high


def _quality_of(case: Case) -> float:
    shots = case.evidence.charter.shots_of(case.gate)
    try:
        found = item_values(case.as_evidence(), "candidate", shots, quality(case.gate))
    except ValueError as error:
        raise CannotPlantError(str(error)) from None
    return float(found.values.mean())


def factor_to_inflate(case: Case, loss: float, equal: Callable[[Case, Rng], Case]) -> float:
    """Return by what to multiply errors of numbers for an expected loss.

    Raises:
        CannotPlantError: When there is no error to multiply.

    """
    bases = [equal(case, np.random.default_rng([_SEED, i])) for i in range(_DRAWS)]
    value = float(np.mean([_quality_of(base) for base in bases]))
    if value == 0:
        raise CannotPlantError("the candidate makes no error that could grow")
    return 1 + loss / value


def width_of_noise(case: Case, sd: float) -> float:
    """Return the width of `noisy` that brings the spread over replicates to `sd`.

    With P uniform from 0 to w, the accuracy a becomes a (1 - P) and binomial noise: its variance is
    E[a^2] E[(1 - P)^2] - (E[a] E[1 - P])^2 + E[a] E[P (1 - P)] / items.

    Raises:
        CannotPlantError: When there is more noise than that already, or it cannot be reached.

    """
    accuracies = case.right().mean(axis=2)
    items = case.truth.shape[1]
    if accuracies.shape[1] < 2:
        raise CannotPlantError("a spread needs at least 2 replicates")
    variance = float(accuracies.var(axis=1, ddof=1).mean())
    mean = float(accuracies.mean())
    square = float((accuracies.mean(axis=1) ** 2).mean())

    def spread(width: float) -> float:
        kept = 1 - width / 2
        kept_square = 1 - width + width**2 / 3
        binomial = mean * (width / 2 - width**2 / 3) / items
        return float((square + variance) * kept_square - square * kept**2 + binomial)

    words = _words(case.gate, sd)
    if spread(0.0) > sd**2:
        now = _words(case.gate, math.sqrt(spread(0.0)))
        raise CannotPlantError(f"there is more noise than {words} already: {now}")
    if spread(1.0) < sd**2:
        raise CannotPlantError(f"no such noise reaches {words}")
    low, high = 0.0, 1.0
    for _ in range(4 * _STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if spread(middle) < sd**2 else (low, middle)
    return high


def slowed(case: Case, factor: float) -> Case:
    """Return the case with every latency of the candidate multiplied."""
    found = case.requests["candidate"]
    slow = replace(found, milliseconds=found.milliseconds * factor)
    return replace(case, requests={**case.requests, "candidate": slow})


def factor_to_slow(case: Case, dose: float) -> float:
    """Return by what to multiply latencies: to `dose` times the limit, the tighter one of two.

    Of a ratio it is the slowdown beyond equality, where it allows one, that is multiplied.

    Raises:
        CannotPlantError: When no latency of an arm that the gate reads is known.

    """
    found = measured(case)
    limit, relative = case.gate.threshold.high, case.gate.threshold.vs_baseline
    assert found.value is not None  # noqa: S101  # `measured` refuses a measurement without
    factors: list[float] = []
    if case.gate.metric.endswith("_vs_classical"):
        relative, limit, ratio = limit, None, found.value
    else:
        ratio = found.relative.value if found.relative is not None else math.nan
    if limit is not None:
        factors.append(dose * limit / found.value)
    if relative is not None:
        beyond = 1 + dose * (relative - 1) if relative > 1 else dose * relative
        factors.append(beyond / ratio)
    if not factors:
        raise CannotPlantError("it has no limit on the side of a loss")
    return min(factors)


def baseline_twice(case: Case, rng: Rng) -> Case:
    """Return two independent draws of the baseline's sessions, one of them as the candidate's."""
    base = case.requests["baseline"]
    roles = ("baseline", "candidate")
    return replace(case, requests={role: base.drawn(rng) for role in roles})


def _words(gate: Gate, value: float) -> str:
    terms = METRICS[gate.metric]
    return in_words(value, terms.unit, difference=terms.in_points)
