"""One gate's verdict: a pure function of the gate and its measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from qgate.charter.charter import Gate
from qgate.measure.measurement import Measurement
from qgate.measure.registry import METRICS
from qgate.measure.units import in_words


class Outcome(StrEnum):
    """The four verdicts; anything that is not shown is not a pass."""

    PASS = "pass"  # noqa: S105  # no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True)
class Verdict:
    """A gate, what was measured, and what follows."""

    gate: Gate
    measurement: Measurement
    outcome: Outcome
    reason: str

    @property
    def unit(self) -> str:
        """Return the unit of value, bounds and threshold."""
        return METRICS[self.gate.metric].unit


def judge_gate(gate: Gate, measurement: Measurement) -> Verdict:
    """Return the verdict: PASS only when a bound, or an exact value, lies within the threshold."""
    outcome = _outcome(gate, measurement)
    return Verdict(gate, measurement, outcome, _reason(gate, measurement, outcome))


def _outcome(gate: Gate, measurement: Measurement) -> Outcome:
    numbers = (measurement.value, measurement.low, measurement.high)
    if measurement.error is not None or measurement.value is None:
        return Outcome.ERROR
    if any(number is not None and not math.isfinite(number) for number in numbers):
        return Outcome.ERROR
    low, high = (
        (measurement.low, measurement.high)
        if measurement.bounded
        else (measurement.value, measurement.value)
    )
    smallest, largest = gate.threshold.low, gate.threshold.high
    if smallest is None and largest is None:
        return Outcome.ERROR
    beyond_high = largest is not None and low is not None and low > largest
    beyond_low = smallest is not None and high is not None and high < smallest
    if beyond_high or beyond_low:
        return Outcome.FAIL
    within_high = largest is None or (high is not None and high <= largest)
    within_low = smallest is None or (low is not None and low >= smallest)
    return Outcome.PASS if within_high and within_low else Outcome.INCONCLUSIVE


def _reason(gate: Gate, measurement: Measurement, outcome: Outcome) -> str:
    terms = METRICS[gate.metric]
    gap = gate.metric.endswith("_gap_vs_classical")
    if outcome is Outcome.ERROR:
        return f"Could not be measured: {measurement.error or 'no finite value'}."

    def say(value: float | None) -> str:
        return in_words(value, terms.unit, difference=gap or gate.metric == "shot_noise_sd")

    if not measurement.bounded:
        return " ".join(measurement.notes)
    upper = gate.threshold.high is not None
    limit = gate.threshold.high if upper else gate.threshold.low
    near, far = measurement.high, measurement.low
    if not upper:
        near, far = far, near
    side, other, word = ("upper", "lower", "above") if upper else ("lower", "upper", "below")
    sentence = {
        Outcome.PASS: f"The {gate.confidence:.0%} {side} bound {say(near)} is within {say(limit)}.",
        Outcome.FAIL: f"Even the {gate.confidence:.0%} {other} bound {say(far)} is {word} "
        f"{say(limit)}.",
        Outcome.INCONCLUSIVE: f"The bounds {say(measurement.low)} and {say(measurement.high)} lie "
        f"on both sides of {say(limit)}."
        if near is not None
        else f"There is no {side} bound to hold against {say(limit)}.",
    }[outcome]
    return " ".join([sentence, *measurement.notes])
