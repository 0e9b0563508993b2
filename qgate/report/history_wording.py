"""What a history says in words: drift, since when and how much, and what a chart can see."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from qgate.files import printable
from qgate.history.drift import Point, Series, Shift
from qgate.history.run import Reading, Run
from qgate.history.view import PilotHistory
from qgate.measure.registry import METRICS
from qgate.measure.units import bare, in_words
from qgate.report.columns import cut
from qgate.stats.cusum import ALLOWANCE, DECISION, REFERENCE

_WORST = ("fail", "error", "inconclusive")
_LONGEST = 30
"""Of a pilot's or a gate's name in a sentence."""
_MOST_LIMITS = 4
"""Thresholds of a gate that are told, the newest."""
_MINUTE = len("2026-01-01 00:00")
_METHOD = (
    f"CUSUM (Page 1954), k {ALLOWANCE:g} and h {DECISION:g} in standard deviations, two-sided: a "
    "shift of one is seen in about 10 runs, and of unchanged independent runs against a known mean "
    f"one in 465 is a false alarm; the mean is estimated from the first {REFERENCE} runs, so "
    "of such charts 12% raise one in the next 20 runs. A run's standard deviation is its own "
    "standard error, what the first runs differ by beyond theirs, and the mean's."
)
_REACH = (
    "On the same locked data with the same seeds the luck of items and seeds is the same in every "
    "run: it raises no alarm, and only shots and latencies are drawn anew. Such a chart sees a "
    "change of code, packages, device or machine, and is slower than its figures to raise either "
    "alarm. It cannot see what all runs share, nor that production's data are others by now."
)
BASIS = (_METHOD, _REACH)
"""How charts are made, and what they can and cannot see."""


def drift_sentences(found: Sequence[PilotHistory]) -> list[str]:
    """Return a sentence for each enforced gate that decays: which, since when, how much."""
    return [
        f"{name_words(pilot.pilot)}: {name_words(one.name)} decays: {shift_words(one, shift)}"
        for pilot in found
        for one in pilot.series
        if one.decays
        for shift in one.drift.shifts
        if shift.worse and shift.lasting
    ]


def lacking_words(found: Sequence[PilotHistory]) -> str:
    """Return how many of the gates that are told have too few runs; empty if none, or all."""
    asked = _told(found)
    lacking = sum(one.drift.lacking > 0 for one in asked)
    if lacking in (0, len(asked)):
        return ""
    return f"{lacking} of {len(asked)} gates {'has' if lacking == 1 else 'have'} too few runs."


def shows_no_decay(found: Sequence[PilotHistory]) -> bool:
    """Return whether enough is known to say so: of a gate that is measured with an error, if any.

    What is exact is known to be unchanged from the second run on, which says nothing of the rest.
    """
    asked = _told(found)
    charted = [one for one in asked if not one.drift.exact]
    return any(not one.drift.lacking for one in charted or asked)


def _told(found: Sequence[PilotHistory]) -> list[Series]:
    """Return what a headline is about: gates enforced, asked still, and no counts of errors."""
    return [
        one
        for pilot in found
        for one in pilot.series
        if one.asked and one.last.mode == "enforce" and one.last.unit != "mismatches"
    ]


def shift_words(series: Series, shift: Shift) -> str:
    """Return how large a shift is, since when, and against what."""
    drift = series.drift
    way = "worse" if shift.worse else "better"
    size, reference = _words(abs(shift.size), series.metric), drift.reference or 0.0
    if shift.deviations is None:
        was = value_words(reference, series.metric)
        return f"{size} {way} than {was} at first, since {minute_words(shift.since)}."
    return (
        f"{size} ({abs(shift.deviations):.1f} standard deviations) {way} than the mean of the "
        f"first {REFERENCE} runs, {value_words(reference, series.metric)}, since "
        f"{minute_words(shift.since)}; seen at {minute_words(shift.alarm)}."
    )


def drift_words(series: Series) -> str:
    """Return what may be said of a gate's drift, and on how many runs."""
    drift = series.drift
    chart = "Exact" if drift.exact else "CUSUM"
    runs = f"{drift.runs} run{'' if drift.runs == 1 else 's'}"
    if drift.lacking:
        counted = f"{runs} {'counts' if drift.runs == 1 else 'count'}"
        own = "" if drift.exact else ", each with an interval and evidence of its own"
        return (
            f"{chart}: {counted} so far, of this contract and baseline{own}; {drift.lacking} "
            "more would tell."
        )
    lasting = [shift for shift in drift.shifts if shift.lasting]
    past = [shift for shift in drift.shifts if not shift.lasting]
    ended = "".join(
        f" Over by now: {'decay' if one.worse else 'improvement'}, {shift_words(series, one)}"
        for one in past
    )
    if lasting:
        told = " ".join(
            f"{'DECAY' if one.worse else 'improvement'}: {shift_words(series, one)}"
            for one in lasting
        )
        return f"{chart}: {told}{ended}"
    if drift.exact:
        return f"Exact: unchanged in {runs}."
    sums = f"sums {drift.worse[-1]:.1f} worse, {drift.better[-1]:.1f} better"
    return f"CUSUM: no shift in {runs} ({sums}; alarm above {DECISION:g}).{ended}"


def gate_words(series: Series) -> str:
    """Return what a gate measures, and whether it decides and is asked."""
    better = METRICS[series.metric].better
    shadow = " (shadow)" if series.last.mode != "enforce" else ""
    asked = "" if series.asked else " (not asked any more)"
    metric = f"{better} is better" if better in ("lower", "higher") else "exact"
    if series.metric != series.name:
        metric = f"{series.metric}, {metric}"
    return f"{metric}{shadow}{asked}"


def limits_words(points: Sequence[Point]) -> str:
    """Return what a gate was held against in each run in turn, told anew where it changed."""
    words = [words for words, _ in groupby(limit_words(point.reading) for point in points)]
    first = ["...", *words[-_MOST_LIMITS:]] if len(words) > _MOST_LIMITS else words
    return ", then ".join(first)


def limit_words(reading: Reading) -> str:
    """Return what a reading was held against."""
    low, high = reading.threshold_min, reading.threshold_max
    words = [f"min {bare(low, reading.unit)}"] if low is not None else []
    words += [f"max {bare(high, reading.unit)}"] if high is not None else []
    if reading.threshold_vs_baseline is not None:
        words.append(f"max {reading.threshold_vs_baseline:g}x baseline")
    return ", ".join(words) or "no threshold"


def not_passed_words(run: Run) -> str:
    """Return which enforced gates were not passed, the worst verdict first."""
    return ", ".join(
        f"{name_words(reading.name)} {verdict.upper()}"
        for verdict in _WORST
        for reading in run.readings
        if reading.mode == "enforce" and reading.verdict == verdict
    )


def _words(value: float, metric: str) -> str:
    """Return a difference of two values in words."""
    return in_words(value, METRICS[metric].unit, difference=True)


def value_words(value: float, metric: str) -> str:
    """Return a value with its unit."""
    terms = METRICS[metric]
    return in_words(value, terms.unit, difference=terms.in_points)


def minute_words(run: Run) -> str:
    """Return when a run was made, to the minute, in UTC."""
    return printable(run.time[:_MINUTE].replace("T", " "))


def name_words(text: str) -> str:
    """Return a name as a sentence has room for it."""
    return cut(printable(text), _LONGEST)
