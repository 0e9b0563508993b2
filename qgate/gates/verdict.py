"""One gate's verdict: a pure function of the gate and its measurement."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from qgate.charter.charter import Gate
from qgate.display import Displayed
from qgate.evidence.evidence import Evidence
from qgate.files import printable
from qgate.measure.measurement import Measurement
from qgate.measure.registry import METRICS, family
from qgate.measure.units import in_words

_NO_FAILURE = {
    "calibration_drift": "A drift makes comparisons invalid, no candidate bad: nothing is rolled "
    "back for it."
}
"""Metrics that no candidate fails, and why."""
_FIXED = frozenset({"calibration_drift"})
"""Metrics whose bounds no more trials would narrow."""


class Outcome(StrEnum):
    """The four verdicts; anything that is not shown is not a pass."""

    PASS = "pass"  # noqa: S105  # no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True)
class Verdict(Displayed):
    """A gate, what was measured, and what follows."""

    gate: Gate
    measurement: Measurement
    outcome: Outcome
    reason: str

    def __repr__(self) -> str:
        """Return its outcome and its value; its reason would flood a list of verdicts."""
        value = in_words(self.measurement.value, self.unit, difference=self.in_points)
        return printable(f"<Verdict {self.gate.name}: {self.outcome.upper()}, {value}>")

    @property
    def decides(self) -> bool:
        """Return whether the gate is enforced, not in shadow."""
        return self.gate.mode == "enforce"

    @property
    def in_points(self) -> bool:
        """Return whether the value is a difference of proportions."""
        return METRICS[self.gate.metric].in_points

    @property
    def unit(self) -> str:
        """Return the unit of value, bounds and threshold."""
        return METRICS[self.gate.metric].unit


def judge_on(evidence: Evidence, gate: Gate) -> Verdict:
    """Return a gate's verdict on evidence."""
    return judge_gate(gate, family(gate.metric).measure(evidence, gate))


def judge_gate(gate: Gate, measurement: Measurement, *, capped: bool = True) -> Verdict:
    """Return the verdict: PASS only when a bound, or an exact value, lies within the threshold.

    A finding that speaks for or against no candidate is INCONCLUSIVE at worst; not `capped`, it is
    what its numbers alone say.
    """
    outcome = _outcome(gate, measurement)
    reason = _reason(gate, measurement, outcome)
    if capped and outcome is Outcome.FAIL and gate.metric in _NO_FAILURE:
        outcome, reason = Outcome.INCONCLUSIVE, f"{reason} {_NO_FAILURE[gate.metric]}"
    return Verdict(gate, measurement, outcome, reason)


def _outcome(gate: Gate, measurement: Measurement) -> Outcome:
    if measurement.error is not None or measurement.value is None:
        return Outcome.ERROR
    value, threshold, relative = measurement.value, gate.threshold, measurement.relative
    low, high = (measurement.low, measurement.high) if measurement.bounded else (value, value)
    multiple: tuple[float | None, float | None, float | None] = (None, None, None)
    if threshold.vs_baseline is not None:
        if relative is None:
            return Outcome.ERROR
        multiple = (relative.value, relative.low, relative.high)
    numbers = (value, measurement.low, measurement.high, *multiple)
    if any(number is not None and not math.isfinite(number) for number in numbers):
        return Outcome.ERROR
    # Each limit with the bound that must lie within it and the one that shows it exceeded; signs
    # are turned so that within always means at most.
    limits = [
        (threshold.high, high, low),
        (_minus(threshold.low), _minus(low), _minus(high)),
        (threshold.vs_baseline, multiple[2], multiple[1]),
    ]
    held = [limit for limit in limits if limit[0] is not None]
    if not held:
        return Outcome.ERROR
    if any(far is not None and far > limit for limit, _, far in held if limit is not None):
        return Outcome.FAIL
    within = (near is not None and near <= limit for limit, near, _ in held if limit is not None)
    return Outcome.PASS if all(within) else Outcome.INCONCLUSIVE


def _minus(value: float | None) -> float | None:
    return None if value is None else -value


def _reason(gate: Gate, measurement: Measurement, outcome: Outcome) -> str:
    unit = METRICS[gate.metric].unit
    if outcome is Outcome.ERROR:
        return f"Could not be measured: {measurement.error or 'no finite value'}."
    if unit == "mismatches":
        return "; ".join(measurement.notes)  # which name each of them
    sentences = _absolute(gate, measurement) + _relative(gate, measurement)
    return " ".join([*sentences, *measurement.notes])


def _absolute(gate: Gate, measurement: Measurement) -> list[str]:
    """Return a sentence for the threshold in the metric's unit, none where there is none."""
    terms, threshold = METRICS[gate.metric], gate.threshold
    both = threshold.low is not None and threshold.high is not None
    limit = threshold.low if threshold.high is None else threshold.high
    if limit is None:
        return []
    limit_words = in_words(limit, terms.unit, difference=terms.in_points)

    def say(value: float | None) -> str:
        words = in_words(value, terms.unit, difference=terms.in_points)
        return f"{words} ({value:.6g})" if words == limit_words and value != limit else words

    if both:
        return [_between(gate, measurement, say, f"±{limit_words}")]
    if not measurement.bounded:
        beyond = "below" if threshold.high is None else "above"
        outcome = _outcome(gate, measurement)
        where = "within" if outcome is Outcome.PASS else beyond
        return [f"{say(measurement.value)} is {where} {limit_words}."]
    level = measurement.confidence or gate.confidence
    span = Span(measurement.low, measurement.high, level, measurement.far_confidence or level)
    low = threshold.high is None
    # Gaps' notes have a price.
    priced = terms.gap or gate.metric in _FIXED
    more = "" if priced else f"; more {terms.more} would narrow them"
    return [_bounded(span, limit, limit_words, say, lower=low, more=more)]


def _relative(gate: Gate, measurement: Measurement) -> list[str]:
    """Return a sentence for the multiple of the baseline's value, none where there is none."""
    limit, found = gate.threshold.vs_baseline, measurement.relative
    if limit is None or found is None:
        return []
    level = measurement.confidence or gate.confidence
    span = Span(found.low, found.high, level, level)
    words = f"{limit:g} times the baseline's"
    more = f"; more {METRICS[gate.metric].more} would narrow them"
    sentence = _bounded(span, limit, words, lambda v: f"{v:.3g} times", lower=False, more=more)
    return [f"Against the baseline: {sentence[0].lower()}{sentence[1:]}"]


@dataclass(frozen=True)
class Span:
    """Two one-sided bounds, and the confidence of the one to be kept and of the one to fail by."""

    low: float | None
    high: float | None
    confidence: float
    far_confidence: float


def _between(
    gate: Gate, measurement: Measurement, say: Callable[[float | None], str], limit: str
) -> str:
    level = f"{measurement.confidence or gate.confidence:.4g}"
    ends = f"{say(measurement.low)} and {say(measurement.high)}"
    outcome = _outcome(gate, measurement)
    if outcome is Outcome.PASS:
        return f"The bounds {ends}, each with confidence {level}, are both within {limit}."
    if outcome is Outcome.FAIL:
        return f"The bounds {ends}, each with confidence {level}, are both outside {limit}."
    return f"The bounds {ends} do not both lie within {limit}."


def _bounded(
    span: Span, limit: float, words: str, say: Callable[[float | None], str],
    *, lower: bool, more: str,
) -> str:  # fmt: skip
    near, far = (span.low, span.high) if lower else (span.high, span.low)
    side, other, beyond = ("lower", "upper", "below") if lower else ("upper", "lower", "above")
    sign = -1 if lower else 1
    level, far_level = (f"{100 * c:.4g}%" for c in (span.confidence, span.far_confidence))
    if near is not None and sign * near <= sign * limit:
        return f"The {level} {side} bound {say(near)} is within {words}."
    if far is not None and sign * far > sign * limit:
        return f"Even the {far_level} {other} bound {say(far)} is {beyond} {words}."
    if near is None:
        return f"There is no {side} bound to hold against {words}."
    if far is None:
        return f"The {side} bound {say(near)} is {beyond} {words}, and there is no {other} bound."
    return f"The bounds {say(span.low)} and {say(span.high)} lie on both sides of {words}{more}."
