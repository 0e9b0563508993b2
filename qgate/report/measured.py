"""What was measured of one gate, in the words that every report uses."""

from __future__ import annotations

from qgate.gates.verdict import Verdict
from qgate.measure.registry import METRICS
from qgate.measure.units import bare, in_words
from qgate.report.wording import threshold_words, value_words


def bounds_words(verdict: Verdict) -> str:
    """Return both bounds, as `1.94 to 2.05`; empty where there is no value or nothing is random."""
    measurement, unit = verdict.measurement, verdict.unit
    if not measurement.bounded or measurement.value is None:
        return ""
    return f"{bare(measurement.low, unit)} to {bare(measurement.high, unit)}"


def counted_words(verdict: Verdict) -> str:
    """Return what was measured on, as `285 items x 10 seeds, 1,024 shots`; empty where not known.

    A count of mismatches says in its reason what was compared.
    """
    counts, words = verdict.measurement.counts, []
    if verdict.unit == "mismatches":
        return ""
    if counts.items:
        timed = "latency" in METRICS[verdict.gate.metric].needs
        words.append(_several(counts.items, "request" if timed else "item"))
    words += [_several(counts.seeds, "seed")] if counts.seeds else []
    words += [_several(counts.replicates, "replicate")] if counts.replicates > 1 else []
    text = " x ".join(words)
    return f"{text}, {counts.shots:,} shots" if text and counts.shots else text


def _several(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def baseline_words(verdict: Verdict) -> str:
    """Return the baseline's own value with its unit; empty where there is none."""
    value = verdict.measurement.baseline_value
    if value is None or verdict.unit == "mismatches":
        return ""
    return in_words(value, verdict.unit)


def measured_words(verdict: Verdict) -> str:
    """Return value, bounds, threshold, the baseline's value and n, as far as there are any."""
    value = "" if verdict.measurement.value is None else value_words(verdict)
    said = (
        ("value", value),
        ("bounds", bounds_words(verdict)),
        ("threshold", threshold_words(verdict)),
        ("baseline", baseline_words(verdict)),
        ("n", counted_words(verdict)),
    )
    return f"measured: {', '.join(f'{name} {words}' for name, words in said if words)}"
