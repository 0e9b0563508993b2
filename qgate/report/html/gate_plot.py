"""An interval drawn against its threshold: the region that passes, the value, both bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qgate.gates.verdict import Verdict
from qgate.measure.units import bare, in_words
from qgate.report.html.figures import Interval
from qgate.report.html.svg import (
    Mark,
    Plot,
    Scale,
    dot,
    label,
    line,
    rect,
)
from qgate.report.wording import threshold_words

# Pixels from the top: the thresholds' labels, the field, the interval in it, the bounds' labels.
_LABELS, _TOP, _MIDDLE, _BOTTOM, _ENDS = 11, 18, 32, 46, 60
_HEIGHT = 64
_ROW = 46
_EDGES = (15.0, 85.0)
"""Percent of the width that marks stand within, so that labels beside them have room."""
_NAME = 30
"""Characters of a row's name that have room on a phone."""
_ROOM = 34.0
"""Percent that a threshold's label may take beside its line."""
_ZERO_BASED = frozenset({"ms", "USD", "ratio", "target units"})


@dataclass(frozen=True)
class Against:
    """What an interval is held against, and how its numbers are written."""

    low: float | None
    high: float | None
    words: Callable[[float | None], str]
    """A number without its unit."""
    told: str
    """The threshold in words, with its unit."""
    zero: bool
    """Whether 0 belongs on the axis, as no gap or no time."""
    logarithmic: bool = False


def against_of(verdict: Verdict) -> Against:
    """Return what a gate's value is held against."""
    threshold, unit = verdict.gate.threshold, verdict.unit
    zero = verdict.in_points or unit in _ZERO_BASED
    limits = (threshold.low, threshold.high)
    return Against(*limits, lambda number: bare(number, unit), with_unit(verdict), zero)


def with_unit(verdict: Verdict) -> str:
    """Return a threshold as `max 3.00 pt`, in the unit of the value."""
    words = threshold_words(verdict)
    if verdict.unit == "mismatches":
        return words
    if words.endswith(("base", "baseline")):
        return words
    sample = in_words(1.0, verdict.unit, difference=verdict.in_points)
    unit = sample.removeprefix(bare(1.0, verdict.unit))
    return f"{words}{unit}"


def intervals_of(verdict: Verdict) -> list[tuple[Interval, Against]]:
    """Return what a gate is judged by: its value, its multiple of the baseline's, or both."""
    measured, threshold = verdict.measurement, verdict.gate.threshold
    if measured.value is None or verdict.unit == "mismatches":
        return []
    found = []
    if threshold.low is not None or threshold.high is not None:
        ends = (measured.low, measured.high)
        if not measured.bounded:
            ends = (measured.value, measured.value)
        found.append((Interval("", measured.value, *ends), against_of(verdict)))
    if threshold.vs_baseline is not None and measured.relative is not None:
        multiple = measured.relative
        told = f"max {threshold.vs_baseline:g}x baseline"
        limit = Against(None, threshold.vs_baseline, _bare_number, told, zero=True)
        found.append((Interval("", multiple.value, multiple.low, multiple.high), limit))
    return found


def _bare_number(value: float | None) -> str:
    return bare(value, "ratio")


def gate_plot(verdict: Verdict, interval: Interval, against: Against) -> Plot:
    """Return one gate's drawing."""
    scale = scale_of([interval], against)
    marks = [
        *_field(scale, against, _TOP, _BOTTOM, over=4),
        *_limit_labels(scale, against),
        *_zero_label(scale, against),
        *drawn(scale, interval, against, _MIDDLE),
        *_end_labels(scale, interval, against, _ENDS),
    ]
    title = f"{verdict.gate.name}: {verdict.outcome}"
    return Plot(title, described(interval, against), _HEIGHT, tuple(marks))


def rows_plot(title: str, rows: Sequence[Interval], against: Against, *, unit: str = "") -> Plot:
    """Return intervals one below the other on one scale, each under its own name."""
    scale = scale_of(rows, against)
    marks = _limit_labels(scale, against)
    for place, row in enumerate(rows):
        top = _TOP + _ROW * place + 2
        marks.append(label((0, top + 12), _cut(row.name), "n"))
        marks.append(label((100, top + 12), f"{against.words(row.value)}{unit}", "n e"))
        marks += _field(scale, against, top + 18, top + 38)
        marks += drawn(scale, row, against, top + 28)
    told = "; ".join(f"{row.name}: {described(row, against)}" for row in rows[:12])
    return Plot(title, told, _TOP + _ROW * len(rows) + 2, tuple(marks))


def _cut(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def scale_of(rows: Sequence[Interval], against: Against) -> Scale:
    """Return a scale on which every value, bound and limit has room, and zero where it belongs."""
    numbers = [n for row in rows for n in (row.low, row.value, row.high) if n is not None]
    numbers += [n for n in (against.low, against.high) if n is not None]
    if against.zero and not against.logarithmic:
        numbers.append(0.0)
    return Scale(min(numbers), max(numbers), *_EDGES, logarithmic=against.logarithmic)


def drawn(scale: Scale, row: Interval, against: Against, y: float) -> list[Mark]:
    """Return an interval: a line from bound to bound, caps at them, a disc at the value.

    The bound that decides has the stronger cap: that which must lie within the threshold, or where
    all lies beyond it, the one that shows so. Without a bound the line runs to the edge, to an
    arrow.
    """
    above = against.high is not None and row.low is not None and row.low > against.high
    below = against.low is not None and row.high is not None and row.high < against.low
    start = 0.0 if row.low is None else scale.at(row.low)
    end = 100.0 if row.high is None else scale.at(row.high)
    marks = [line((start, y), (end, y), "iv")]
    for bound, place, decides, sign in (
        (row.low, start, above or (against.low is not None and not below), "◂"),
        (row.high, end, below or (against.high is not None and not above), "▸"),
    ):
        if bound is None:
            marks.append(label((place, y + 4), sign, "open m"))
        elif row.low != row.high:
            reach = 9 if decides else 5
            kind = "cap near" if decides else "cap"
            marks.append(line((place, y - reach), (place, y + reach), kind))
    marks.append(dot((scale.at(row.value), y), 4.5, "val"))
    return marks


def described(row: Interval, against: Against) -> str:
    """Return an interval in words."""
    if row.low == row.high == row.value:
        bounds = "exact"
    else:
        low = "none" if row.low is None else against.words(row.low)
        high = "none" if row.high is None else against.words(row.high)
        bounds = f"lower bound {low}, upper bound {high}"
    return f"value {against.words(row.value)}, {bounds}; threshold {against.told}"


def _field(
    scale: Scale, against: Against, top: float, bottom: float, over: float = 0
) -> list[Mark]:
    """Return the ground: what passes, where nothing differs, and the limits."""
    start = 0.0 if against.low is None else scale.at(against.low)
    end = 100.0 if against.high is None else scale.at(against.high)
    marks = [rect((0, top), 100, bottom - top, "field")]
    if against.low is not None or against.high is not None:
        marks.append(rect((start, top), max(end - start, 0), bottom - top, "region"))
    if against.zero or against.logarithmic:
        same = scale.at(1.0 if against.logarithmic else 0.0)
        marks.append(line((same, top), (same, bottom), "zero"))
    limits = [scale.at(limit) for limit in (against.low, against.high) if limit is not None]
    return [*marks, *(line((x, top - over), (x, bottom), "limit") for x in limits)]


def _zero_label(scale: Scale, against: Against) -> list[Mark]:
    """Return 0 above its line, where no threshold's label stands."""
    limits = [scale.at(limit) for limit in (against.low, against.high) if limit is not None]
    zero = scale.at(0.0)
    if not against.zero or any(_beside(zero, limit) for limit in limits):
        return []
    return [label((zero, _LABELS), "0", "m")]


def _beside(one: float, other: float) -> bool:
    """Return whether a label at one place would stand in that of a limit at another."""
    return other - _ROOM < one < other + _ROOM


def _limit_labels(scale: Scale, against: Against) -> list[Mark]:
    """Return the threshold in words, on the side of its line that has room."""
    if against.low is not None and against.high is not None:
        low, high = scale.at(against.low), scale.at(against.high)
        sides = ("lim", "lim e") if high - low > 2 * _ROOM else ("lim e", "lim")
        ends = ((low, "min", against.low), (high, "max", against.high))
        return [
            label((place, _LABELS), f"{word} {against.words(limit)}", side)
            for (place, word, limit), side in zip(ends, sides, strict=True)
        ]
    limit = against.high if against.low is None else against.low
    if limit is None:
        return []
    place = scale.at(limit)
    return [label((place, _LABELS), against.told, "lim e" if place > 50 else "lim")]


def _end_labels(scale: Scale, row: Interval, against: Against, y: float) -> list[Mark]:
    if row.low == row.high:
        return [label((scale.at(row.value), y), against.words(row.value), "m")]
    marks = []
    if row.low is not None:
        marks.append(label((scale.at(row.low), y), against.words(row.low), "e", dx=-3))
    if row.high is not None:
        marks.append(label((scale.at(row.high), y), against.words(row.high), dx=3))
    return marks
