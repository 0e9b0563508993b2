"""The comparison of two bundles as Markdown, for pull requests and step summaries."""

from __future__ import annotations

from qgate.comparison.comparison import Comparison, GateMove
from qgate.files import printable
from qgate.gates.verdict import Verdict
from qgate.report.comparison.answer import answer_sentence, answer_word
from qgate.report.comparison.wording import (
    baseline_sentences,
    basis_sentence,
    cause_words,
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
from qgate.report.markdown import code, safe
from qgate.report.wording import override_sentences

_MOST_CHANGES = 100


def render_markdown(comparison: Comparison) -> str:
    """Return the answer first, then inputs, measurements, verdicts, and what to type."""
    lines = [
        f"## {answer_word(comparison)}: {safe(comparison.after.charter.pilot.name)}",
        "",
        safe(answer_sentence(comparison)),
        "",
        *(f"> {safe(sentence)}\n" for sentence in override_sentences(comparison.after)),
        *_inputs(comparison),
        "### Measurements",
        "",
        "| gate | A -> B | B - A | shown | method |",
        "|---|---|---|---|---|",
        *(_measurement(move) for move in comparison.gates),
        "",
        *(f"- {safe(words)}" for words in only_words(comparison)),
        "",
        *_verdicts(comparison),
        "### To type",
        "",
        *(_step(why, command) for why, command in steps(comparison)),
        "",
        safe(basis_sentence(comparison)),
        "",
    ]
    return "\n".join(lines)


def _inputs(comparison: Comparison) -> list[str]:
    rows = [
        f"| {change.clause} | {safe(change.what)} | {safe(change.before)} | "
        f"{safe(change.after)} | {safe(change.note)} |"
        for change in comparison.changes[:_MOST_CHANGES]
    ]
    left = len(comparison.changes) - len(rows)
    more = [f"| | {left} more: `--format json` | | | |"] if left else []
    header = ["| clause | input | A | B | |", "|---|---|---|---|---|"]
    return [
        "### Inputs",
        "",
        *([*header, *rows, *more] if rows else ["Nothing changed in the inputs."]),
        "",
        *(f"- baseline: {safe(words)}" for words in baseline_sentences(comparison.baseline)),
        "",
    ]


def _measurement(move: GateMove) -> str:
    shown = "; ".join(filter(None, (move.shown, cause_words(move))))
    method = "; ".join(filter(None, (share_words(move), control_words(move), method_words(move))))
    name = move.name if move.decides else f"{move.name} (shadow)"
    cells = (name, values_words(move), move_words(move), shown, method)
    return f"| {' | '.join(safe(cell) for cell in cells)} |"


def _verdicts(comparison: Comparison) -> list[str]:
    rows: list[tuple[str, Verdict | None, Verdict | None]] = [
        (move.name, move.before, move.after) for move in comparison.gates
    ]
    rows += [(verdict.gate.name, verdict, None) for verdict in comparison.only_before]
    rows += [(verdict.gate.name, None, verdict) for verdict in comparison.only_after]
    return [
        "### Verdicts",
        "",
        "| gate | A -> B |",
        "|---|---|",
        *(f"| {safe(name)} | {safe(verdict_words(*both))} |" for name, *both in rows),
        f"| **decision** | **{decision_words(comparison)}** |",
        "",
    ]


def _step(why: str, command: str) -> str:
    return f"- {safe(why)}: `{code(printable(command))}`" if command else f"- {safe(why)}"
