"""The decision for a terminal: what stands in the way first and whole, what is fine folded."""

from __future__ import annotations

import textwrap
from typing import NamedTuple

from rich.text import Text

from qgate.files import printable, typed
from qgate.gates.decision import Action, Decision
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.units import bare, in_words
from qgate.report.columns import fitted
from qgate.report.wording import (
    attempt_sentence,
    circuit_sentences,
    claims_sentence,
    comparison_sentences,
    comparison_words,
    headline,
    judge_command,
    look_sentences,
    override_sentences,
    rehearsal_sentence,
    rehearsal_words,
    slice_words,
    stop_sentence,
    threshold_words,
    traffic_words,
    tuning_sentences,
    value_words,
)
from qgate.rollout.rollback import RollbackPlan, remediation_words

PLAIN_WIDTH = 100
_BAR = 28
_MOST_SLICES = 5
_STYLES = {
    Outcome.PASS: ("✓", "green"),
    Outcome.FAIL: ("✗", "bold red"),
    Outcome.INCONCLUSIVE: ("?", "bold yellow"),
    Outcome.ERROR: ("!", "bold magenta"),
}
_BANNERS = {
    Action.PROMOTE: "bold white on green",
    Action.HOLD: "bold black on yellow",
    Action.ROLLBACK: "bold white on red",
}
_INDENT = "     "
# Columns of a gate's line: mark with the gaps about the name, verdict.
_MARK, _VERDICT = 5, 12


class _Columns(NamedTuple):
    """Widths that depend on the gates."""

    name: int
    value: int
    threshold: int


def render_plain(decision: Decision, rollback: RollbackPlan) -> str:
    """Return the report without colour, for files and pipes."""
    return render_terminal(decision, rollback, PLAIN_WIDTH).plain


def render_terminal(decision: Decision, rollback: RollbackPlan, width: int) -> Text:
    """Return the report with styles, for a terminal of the given width."""
    width = fitted(width)
    text = Text()
    _headline(text, decision, width)
    for sentence in override_sentences(decision):
        _paragraph(text, " ! ", sentence, width, "bold yellow")
        text.append("\n")
    if stopped := stop_sentence(decision):
        _paragraph(text, " ! ", stopped, width, "bold yellow")
        text.append("\n")
    columns = _Columns(
        min(max(len(verdict.gate.name) for verdict in decision.verdicts), 30),
        max(11, *(len(value_words(verdict)) for verdict in decision.verdicts)) + 1,
        max(12, *(len(threshold_words(verdict)) for verdict in decision.verdicts)) + 2,
    )
    for outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE):
        for verdict in decision.of(outcome):
            _line(text, verdict, columns, width)
            _details(text, verdict, decision, width)
    for verdict in decision.of(Outcome.PASS):
        _line(text, verdict, columns, width)
    _shadowed(text, decision, columns, width)
    text.append("\n")
    told = (attempt_sentence(decision), rehearsal_sentence(decision), *look_sentences(decision))
    for sentence in filter(None, told):
        _paragraph(text, " ", sentence, width)
    if rollback.required:
        text.append(" To roll back\n", "bold")
        for number, step in enumerate(rollback.steps, 1):
            _paragraph(text, f"  {number}. ", step, width)
        _paragraph(text, _INDENT, f"on demand: {rollback.command}", width)
    else:
        _paragraph(text, " ", traffic_words(decision, rollback), width)
    _evidence(text, decision, width)
    return text


def _shadowed(text: Text, decision: Decision, columns: _Columns, width: int) -> None:
    if decision.shadowed:
        text.append("\n In shadow: judged and shown, deciding nothing\n", "bold")
    for verdict in decision.shadowed:
        _line(text, verdict, columns, width)
        if verdict.outcome is not Outcome.PASS:
            _paragraph(text, _INDENT, verdict.reason, width)


def _headline(text: Text, decision: Decision, width: int) -> None:
    charter = decision.charter
    banner = f" {headline(decision)} "
    attempt = f"attempt {decision.attempt}"
    title = f"{printable(charter.pilot.name)}: {charter.candidate.id} against {charter.baseline.id}"
    room = width - len(banner) - len(attempt) - 4
    title = title if len(title) <= room else f"{title[: room - 3]}..."
    text.append(banner, _BANNERS[decision.action])
    text.append(f"  {title:<{room}}  ", "bold")
    text.append(f"{attempt}\n\n", "dim")


def _line(text: Text, verdict: Verdict, columns: _Columns, width: int) -> None:
    mark, style = _STYLES[verdict.outcome]
    text.append(f" {mark} ", style)
    name_style = "" if verdict.outcome is Outcome.PASS else "bold"
    text.append(f"{verdict.gate.name[: columns.name]:<{columns.name}}  ", name_style)
    room = width - columns.name - _MARK - _VERDICT
    if verdict.unit == "mismatches":
        # The count and its bound of 0 say less than what was compared.
        text.append(f"{_cut(verdict.reason, room - 2):<{room}}")
    else:
        text.append(f"{value_words(verdict):<{columns.value}}")
        middle = max(0, room - columns.value - columns.threshold)
        text.append(f"{_interval(verdict, middle):<{middle}}", "cyan")
        text.append(f"{threshold_words(verdict):>{columns.threshold - 2}}  ")
    text.append(f"{verdict.outcome.upper()}\n", style)


def _interval(verdict: Verdict, room: int) -> str:
    """Return the bounds, drawn against the threshold where there is room for a bar."""
    measurement, unit = verdict.measurement, verdict.unit
    if not measurement.bounded or measurement.value is None:
        return ""
    low, high = bare(measurement.low, unit), bare(measurement.high, unit)
    short = f"{low} to {high}"
    cells = min(_BAR, room - 18)
    if cells < 12:
        return short if len(short) <= room else ""
    limits = (verdict.gate.threshold.low, verdict.gate.threshold.high)
    bar = draw_interval(measurement.low, measurement.value, measurement.high, limits, cells)
    return f"{low:>7} {bar} {high}"


def draw_interval(
    low: float | None,
    value: float,
    high: float | None,
    limits: tuple[float | None, ...],
    cells: int,
) -> str:
    """Return a drawing: ├ and ┤ the bounds, ● the value, ┃ each limit of the threshold."""
    marks = [mark for mark in (low, value, high, *limits) if mark is not None]
    first, last = min(marks), max(marks)
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
        if limit is not None:
            drawing[cell(limit)] = "┃"
    drawing[cell(value)] = "●"
    return "".join(drawing)


def _cut(text: str, room: int) -> str:
    """Return a text, shortened at a sentence or a word where it does not fit."""
    first = printable(text).split(". ")[0].rstrip(".")
    return textwrap.shorten(first, room, placeholder="...")


def _details(text: Text, verdict: Verdict, decision: Decision, width: int) -> None:
    measurement = verdict.measurement
    _paragraph(text, _INDENT, verdict.reason, width)
    counts = measurement.counts
    facts: list[str] = []
    if counts.seeds:
        shots = f", {counts.shots:,} shots" if counts.shots else ""
        facts.append(f"{counts.items} items x {counts.seeds} seeds{shots}")
    if measurement.baseline_value is not None:
        baseline = in_words(measurement.baseline_value, verdict.unit)
        facts.append(f"baseline {baseline}")
    if measurement.method:
        facts.append(measurement.method)
    if facts:
        _paragraph(text, _INDENT, "; ".join(facts) + ".", width, "dim")
    slices = slice_words(verdict)
    for line in slices[:_MOST_SLICES]:
        _paragraph(text, f"{_INDENT}slice  ", line, width)
    if len(slices) > _MOST_SLICES:
        rest = f"{len(slices) - _MOST_SLICES} more: --format json"
        _paragraph(text, f"{_INDENT}slice  ", rest, width, "dim")
    if measurement.also:
        others = f"Deciding nothing: {comparison_words(verdict)}."
        _paragraph(text, _INDENT, others, width, "dim")
    _paragraph(text, f"{_INDENT}owner  ", verdict.gate.owner, width)
    if decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE:
        return  # what to do is that of the whole run, said once above
    _paragraph(text, f"{_INDENT}do     ", remediation_words(verdict.gate), width)
    if rehearsed := rehearsal_words(decision, verdict):
        _paragraph(text, _INDENT + " " * 7, rehearsed, width)
    _paragraph(text, f"{_INDENT}again  ", f"qgate run {typed(decision.charter.path)}", width)


def _evidence(text: Text, decision: Decision, width: int) -> None:
    text.append("\n")
    _paragraph(text, " basis     ", claims_sentence(decision), width, "dim")
    for verdict in decision.of(Outcome.PASS):
        if verdict.measurement.bounded:
            how = f"{verdict.gate.name}: {verdict.measurement.method}."
            _paragraph(text, " " * 11, how, width, "dim")
    for i, sentence in enumerate(circuit_sentences(decision)):
        _paragraph(text, " circuit   " if i == 0 else " " * 11, sentence, width, "dim")
    for label, sentences in (
        ("tuning", tuning_sentences(decision)),
        ("compared", comparison_sentences(decision)),
    ):
        for i, sentence in enumerate(sentences):
            _paragraph(text, f" {label if i == 0 else '':<10}", sentence, width, "dim")
    text.append(f" evidence  {printable(decision.evidence_path)}\n", "dim")
    _paragraph(text, " again     ", judge_command(decision), width, "dim")


def _paragraph(text: Text, first: str, content: str, width: int, style: str = "") -> None:
    """Append wrapped lines that hang under the first one's content."""
    lines = textwrap.wrap(
        printable(content),
        width - len(first),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [""]
    for i, line in enumerate(lines):
        text.append((first if i == 0 else " " * len(first)) + line + "\n", style)
