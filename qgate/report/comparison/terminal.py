"""The comparison of two bundles for a terminal: the answer, what moved, what to type."""

from __future__ import annotations

import textwrap

from rich.text import Text

from qgate.comparison.answers import Answer
from qgate.comparison.comparison import Comparison, GateMove
from qgate.files import printable
from qgate.gates.verdict import Verdict
from qgate.report.columns import fitted
from qgate.report.comparison.answer import answer_sentence, answer_word
from qgate.report.comparison.wording import (
    baseline_sentences,
    basis_sentence,
    cause_words,
    change_words,
    control_words,
    decision_words,
    method_words,
    move_words,
    only_words,
    share_words,
    steps,
    values_words,
    verdict_words,
)
from qgate.report.wording import override_sentences

PLAIN_WIDTH = 100
_LONGEST_NAME = 28
_LABEL = 15
_INDENT = "     "
_STYLES = {
    Answer.SAME: "bold white on green",
    Answer.NO_WORSE: "bold white on green",
    Answer.WORSE: "bold white on red",
    Answer.EVIDENCE_DRIFT: "bold black on yellow",
    Answer.INPUTS_DRIFTED: "bold black on yellow",
    Answer.CANNOT_SAY: "bold black on yellow",
}
_MARKS = {"worse": ("▼", "bold red"), "better": ("▲", "green"), "": ("·", "dim")}


def render_plain(comparison: Comparison) -> str:
    """Return the report without colour, for files and pipes."""
    return render_terminal(comparison, PLAIN_WIDTH).plain


def render_terminal(comparison: Comparison, width: int) -> Text:
    """Return the report with styles, for a terminal of the given width."""
    width = fitted(width)
    text = Text()
    _answer(text, comparison, width)
    _inputs(text, comparison, width)
    _measurements(text, comparison, width)
    _verdicts(text, comparison, width)
    _steps(text, comparison, width)
    text.append("\n")
    _paragraph(text, " basis ", basis_sentence(comparison), width, "dim")
    return text


def _answer(text: Text, comparison: Comparison, width: int) -> None:
    word = answer_word(comparison)
    lines = _wrapped(f"{word}: {answer_sentence(comparison)}", width - 1)
    text.append(f"{word}:", _STYLES[comparison.answer])
    text.append(f"{lines[0][len(word) + 1 :]}\n", "bold")
    for line in lines[1:]:
        text.append(f" {line}\n", "bold")
    for sentence in override_sentences(comparison.after):
        text.append("\n")
        _paragraph(text, " ! ", sentence, width, "bold yellow")


def _inputs(text: Text, comparison: Comparison, width: int) -> None:
    text.append("\n Inputs, A -> B\n", "bold")
    clauses: dict[str, list[str]] = {"data": [], "baseline": []}
    for change in comparison.changes:
        clauses.setdefault(change.clause, []).append(change_words(change))
    clauses["baseline"] += baseline_sentences(comparison.baseline)
    for clause, lines in clauses.items():
        for i, line in enumerate(lines):
            label = f"   {clause if i == 0 else '':<{_LABEL}}"
            style = "bold yellow" if clause == "baseline" and comparison.baseline.moved else ""
            _paragraph(text, label, line, width, style)
    if not comparison.changes:
        text.append("   Nothing else changed.\n", "dim")


def _measurements(text: Text, comparison: Comparison, width: int) -> None:
    text.append("\n Measurements, A -> B\n", "bold")
    name = _name_width(comparison)
    values = max((len(values_words(move)) for move in comparison.gates), default=0)
    for move in comparison.gates:
        _measurement(text, move, (name, values), width)
    for words in only_words(comparison):
        _paragraph(text, "   · ", words, width)


def _measurement(text: Text, move: GateMove, columns: tuple[int, int], width: int) -> None:
    mark, style = _MARKS[move.shown]
    name, values = columns
    text.append(f"   {mark} ", style)
    head = f"{_cut(move.name, name):<{name}}  {values_words(move):<{values}}  "
    moved = move_words(move) + (f", {move.shown}" if move.shown else "")
    shadow = "" if move.decides else " (shadow)"
    if len(head) + len(moved) + len(shadow) + _LABEL // 3 <= width:
        text.append(head)
        text.append(f"{moved}{shadow}\n", style if move.shown else "")
    else:
        text.append(f"{head.rstrip()}\n")
        _paragraph(text, _INDENT + "  ", f"{moved}{shadow}", width, style if move.shown else "")
    for words in filter(None, (share_words(move), control_words(move))):
        _paragraph(text, _INDENT + "  ", words, width)
    if cause := cause_words(move):
        _paragraph(text, _INDENT + "  ", cause, width, "yellow")
    _paragraph(text, _INDENT + "  ", method_words(move), width, "dim")


def _verdicts(text: Text, comparison: Comparison, width: int) -> None:
    text.append("\n Verdicts, A -> B\n", "bold")
    name = max(_name_width(comparison), len("decision"))
    rows: list[tuple[str, Verdict | None, Verdict | None]] = [
        (move.name, move.before, move.after) for move in comparison.gates
    ]
    rows += [(verdict.gate.name, verdict, None) for verdict in comparison.only_before]
    rows += [(verdict.gate.name, None, verdict) for verdict in comparison.only_after]
    for gate, before, after in rows:
        words = verdict_words(before, after)
        changed = before is None or after is None or before.outcome is not after.outcome
        _paragraph(
            text, f"     {_cut(gate, name):<{name}}  ", words, width, "bold" if changed else ""
        )
    _paragraph(text, f"     {'decision':<{name}}  ", decision_words(comparison), width, "bold")


def _steps(text: Text, comparison: Comparison, width: int) -> None:
    text.append("\n To type\n", "bold")
    for why, command in steps(comparison):
        _paragraph(text, "   ", f"{why}:" if command else why, width)
        if command:
            text.append(f"       {printable(command)}\n", "bold")


def _name_width(comparison: Comparison) -> int:
    names = [move.name for move in comparison.gates]
    names += [v.gate.name for v in (*comparison.only_before, *comparison.only_after)]
    return min(max((len(printable(name)) for name in names), default=0), _LONGEST_NAME)


def _cut(name: str, room: int) -> str:
    shown = printable(name)
    return shown if len(shown) <= room else f"{shown[: room - 3]}..."


def _wrapped(content: str, width: int) -> list[str]:
    return textwrap.wrap(printable(content), width, break_on_hyphens=False) or [""]


def _paragraph(text: Text, first: str, content: str, width: int, style: str = "") -> None:
    """Append wrapped lines that hang under the first one's content."""
    for i, line in enumerate(_wrapped(content, width - len(first))):
        text.append((first if i == 0 else " " * len(first)) + line + "\n", style)
