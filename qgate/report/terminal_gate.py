"""One gate for a terminal: its line, and what a gate that was not passed says below it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from qgate.files import printable, typed
from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.units import bare
from qgate.report.columns import append_hung, fitted, padded
from qgate.report.measured import baseline_words, counted_words
from qgate.report.wording import (
    comparison_words,
    rehearsal_words,
    slice_words,
    threshold_words,
    value_words,
)
from qgate.rollout.rollback import RollbackPlan, remedy_words

STYLES = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "bold red"),
    Outcome.INCONCLUSIVE: ("?", "bold yellow"),
    Outcome.ERROR: ("!", "bold magenta"),
}
INDENT = "     "
_LABEL = 7
_MARK, _VERDICT = 5, 12
"""Columns of a gate's line: the mark with the gaps about the name, and the verdict."""
_BAR, _SHORTEST_BAR, _LONGEST_BAR = 28, 12, 60
_GAP = 2
_OPEN = 0.2
"""Of a drawing's span: how far a line runs on where there is no bound."""
_LONGEST_NAME = 30
_MOST_SLICES = 5
_MULTIPLE = "times the baseline"


class Columns(NamedTuple):
    """Widths that depend on the gates."""

    name: int
    value: int
    bounds: int
    threshold: int


class Drawing(NamedTuple):
    """An interval with what it is held against."""

    low: float | None
    value: float
    high: float | None
    limits: tuple[float, ...]
    unit: str


def columns_of(verdicts: Sequence[Verdict], width: int) -> Columns:
    """Return the columns in which these verdicts' lines stand below each other."""
    value = max(11, *(len(value_words(verdict)) for verdict in verdicts)) + 1
    threshold = max(12, *(len(threshold_words(verdict)) for verdict in verdicts)) + 2
    bounds = max(len(_bounds(_drawing(verdict))) for verdict in verdicts) + _GAP
    longest = max(cell_len(printable(verdict.gate.name)) for verdict in verdicts)
    room = width - _MARK - _VERDICT - value - threshold
    return Columns(max(8, min(longest, _LONGEST_NAME, room)), value, bounds, threshold)


def render_gate(decision: Decision, verdict: Verdict, rollback: RollbackPlan, width: int) -> Text:
    """Return one gate alone, with styles: its line and, where it was not passed, its details.

    Args:
        decision: That the verdict is one of.
        verdict: Of a gate that decides, or of one in shadow.
        rollback: The way back that the decision calls for.
        width: Of the terminal, in columns.

    """
    width, text = fitted(width), Text()
    append_gate(text, decision, verdict, rollback, columns_of([verdict], width), width)
    return text


def append_gate(
    text: Text,
    decision: Decision,
    verdict: Verdict,
    rollback: RollbackPlan,
    columns: Columns,
    width: int,
) -> None:
    """Append a gate's line; below it what was found and what to do, where it was not passed."""
    below = _line(text, verdict, columns, width)
    if verdict.outcome is Outcome.PASS:
        return
    if below:
        text.append(f"{INDENT}{below}\n", "cyan")
    append_hung(text, INDENT, verdict.reason, width)
    name = printable(verdict.gate.name)
    code = f"qgate explain {code_of(decision, verdict)}"
    rows = [
        *([("gate", name, "")] if cell_len(name) > columns.name else []),
        *(_to_do(decision, verdict, rollback) if verdict.decides else []),
        ("code", code, "dim" if verdict.decides else ""),
        *(_how(verdict) if verdict.decides else []),
    ]
    for label, content, style in rows:
        append_hung(text, f"{INDENT}{label:<{_LABEL}}", content, width, style)


def _line(text: Text, verdict: Verdict, columns: Columns, width: int) -> str:
    """Append a gate's line, and return the drawing that there was no room for."""
    mark, style = STYLES[verdict.outcome]
    passed = verdict.outcome is Outcome.PASS
    text.append(f" {mark} ", style)
    text.append(f"{padded(printable(verdict.gate.name), columns.name)}  ", "" if passed else "bold")
    room = width - columns.name - _MARK - _VERDICT
    below = ""
    if passed and verdict.unit == "mismatches":
        # The count and its bound of 0 say less than what was compared.
        text.append(f"{_first_words(verdict.reason, room - 2):<{room}}")
    else:
        middle = max(0, room - columns.value - columns.threshold)
        beside, below = _shown(_drawing(verdict), columns, middle, width)
        text.append(f"{value_words(verdict):<{columns.value}}")
        text.append(f"{beside:<{middle}}", "cyan")
        text.append(f"{threshold_words(verdict):>{columns.threshold - 2}}  ")
    text.append(f"{verdict.outcome.upper()}\n", style)
    return below


def _shown(found: Drawing | None, columns: Columns, middle: int, width: int) -> tuple[str, str]:
    """Return the bounds with their drawing, split into what stands in the line and below it."""
    if found is None:
        return "", ""
    words = f"{_bounds(found):<{columns.bounds}}"
    if (cells := min(_BAR, middle - columns.bounds - _GAP)) >= _SHORTEST_BAR:
        return words + draw_interval(found, cells), ""
    if len(words.rstrip()) <= middle:
        return words.rstrip(), draw_interval(found, min(_LONGEST_BAR, width - len(INDENT)))
    cells = min(_LONGEST_BAR, width - len(INDENT) - len(words))
    return "", words + draw_interval(found, cells)


def _bounds(found: Drawing | None) -> str:
    if found is None:
        return ""
    times = "x" if found.unit == _MULTIPLE else ""
    low, high = (
        f"{bare(end, found.unit)}{times if end is not None else ''}"
        for end in (found.low, found.high)
    )
    return f"{low} to {high}"


def _drawing(verdict: Verdict) -> Drawing | None:
    """Return what is drawn of a gate: its value, or its multiple of the baseline's."""
    measurement, threshold, relative = verdict.measurement, verdict.gate.threshold, None
    if threshold.low is None and threshold.high is None:
        relative = measurement.relative
    if measurement.value is None or not measurement.bounded:
        return None
    if relative is not None and threshold.vs_baseline is not None:
        ends = (relative.low, relative.value, relative.high)
        found = Drawing(*ends, (threshold.vs_baseline,), _MULTIPLE)
    else:
        limits = tuple(end for end in (threshold.low, threshold.high) if end is not None)
        ends = (measurement.low, measurement.value, measurement.high)
        found = Drawing(*ends, limits, verdict.unit)
    numbers = (found.low, found.value, found.high, *found.limits)
    known = [number for number in numbers if number is not None]
    span = 2 * (max(known) - min(known))
    return found if all(map(math.isfinite, (*known, span))) else None


def draw_interval(found: Drawing, cells: int) -> str:
    """Return a drawing: ├ and ┤ the bounds, ● the value, ┃ each limit of the threshold."""
    low, value, high, limits, _ = found
    marks = [mark for mark in (low, value, high, *limits) if mark is not None]
    first, last = min(marks), max(marks)
    margin = _OPEN * ((last - first) or 1.0)  # a line without a cap runs to the edge
    first -= margin if low is None else 0
    last += margin if high is None else 0
    span = (last - first) or 1.0

    def cell(position: float) -> int:
        return round((position - first) / span * (cells - 1))

    start = cell(low) if low is not None else 0
    end = cell(high) if high is not None else cells - 1
    drawing = [" "] * cells
    for i in range(start, end + 1):
        drawing[i] = "─"
    if low is not None:
        drawing[start] = "├"
    if high is not None:
        drawing[end] = "┤"
    for limit in limits:
        drawing[cell(limit)] = "┃"
    drawing[cell(value)] = "●"
    return "".join(drawing)


def _first_words(text: str, room: int) -> str:
    """Return a text, shortened at a sentence or a word where it does not fit."""
    first = printable(text).split(". ")[0].rstrip(".")
    return textwrap.shorten(first, room, placeholder="...")


def _to_do(
    decision: Decision, verdict: Verdict, rollback: RollbackPlan
) -> Iterable[tuple[str, str, str]]:
    """Yield label, words and style of who acts and how."""
    yield "owner", verdict.gate.owner, ""
    if decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE:
        return  # what to do is that of the whole run, said once above
    yield "do", remedy_words(verdict), ""
    if rehearsed := rehearsal_words(decision, verdict):
        yield "", rehearsed, ""
    if verdict.outcome is Outcome.FAIL:
        yield "back", rollback.command, ""
    yield "again", f"qgate run {typed(decision.charter.path)}", ""


def _how(verdict: Verdict) -> Iterable[tuple[str, str, str]]:
    """Yield label, words and style of what a verdict rests on."""
    slices = slice_words(verdict)
    for line in slices[:_MOST_SLICES]:
        yield "slice", line, ""
    if len(slices) > _MOST_SLICES:
        yield "slice", f"{len(slices) - _MOST_SLICES} more: --format json", "dim"
    baseline = baseline_words(verdict)
    facts = (
        counted_words(verdict),
        f"baseline {baseline}" if baseline else "",
        verdict.measurement.method,
    )
    told = "; ".join(filter(None, facts))
    if told and verdict.measurement.value is not None:
        yield "how", f"{told}.", "dim"
    if verdict.measurement.also:
        yield "also", f"{comparison_words(verdict)}: deciding nothing.", "dim"
