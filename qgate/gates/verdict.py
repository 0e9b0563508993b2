"""One gate's verdict: a pure function of the gate and its measurement."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    def in_points(self) -> bool:
        """Return whether the value is a difference of proportions."""
        return METRICS[self.gate.metric].in_points

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
    unit = METRICS[gate.metric].unit
    if outcome is Outcome.ERROR:
        return f"Could not be measured: {measurement.error or 'no finite value'}."
    if unit == "mismatches":
        return " ".join(measurement.notes)  # which name each of them
    points = METRICS[gate.metric].in_points
    limit = gate.threshold.low if gate.threshold.high is None else gate.threshold.high
    limit_words = in_words(limit, unit, difference=points)

    def say(value: float | None) -> str:
        words = in_words(value, unit, difference=points)
        return f"{words} ({value:.6g})" if words == limit_words and value != limit else words

    sentence = _bounded if measurement.bounded else _exact
    return " ".join([sentence(gate, measurement, outcome, say, limit_words), *measurement.notes])


def _exact(
    gate: Gate, measurement: Measurement, outcome: Outcome, say: Callable[[float | None], str],
    limit: str,
) -> str:  # fmt: skip
    beyond = "below" if gate.threshold.high is None else "above"
    return f"{say(measurement.value)} is {'within' if outcome is Outcome.PASS else beyond} {limit}."


def _bounded(
    gate: Gate, measurement: Measurement, outcome: Outcome, say: Callable[[float | None], str],
    limit: str,
) -> str:  # fmt: skip
    near, far = measurement.high, measurement.low
    side, other, beyond = "upper", "lower", "above"
    if gate.threshold.high is None:
        near, far, side, other, beyond = far, near, "lower", "upper", "below"
    if outcome is Outcome.PASS:
        return f"The {gate.confidence:.0%} {side} bound {say(near)} is within {limit}."
    if outcome is Outcome.FAIL:
        return f"Even the {gate.confidence:.0%} {other} bound {say(far)} is {beyond} {limit}."
    if near is None:
        return f"There is no {side} bound to hold against {limit}."
    if far is None:
        return f"The {side} bound {say(near)} is {beyond} {limit}, and there is no {other} bound."
    sides = f"The bounds {say(measurement.low)} and {say(measurement.high)} lie on both sides of"
    if gate.metric.endswith("_gap_vs_classical"):
        return f"{sides} {limit}."  # the notes say what would decide, with its price
    return f"{sides} {limit}; more {METRICS[gate.metric].more} would narrow them."
