"""The decision as Markdown, for pull requests and step summaries."""

from __future__ import annotations

import html

from qgate.files import printable, typed
from qgate.gates.decision import Decision
from qgate.gates.verdict import Outcome, Verdict
from qgate.measure.units import bare
from qgate.report.wording import (
    attempt_sentence,
    circuit_sentences,
    claims_sentence,
    comparison_sentences,
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

_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.INCONCLUSIVE: "❔", Outcome.ERROR: "⚠️"}


def render_markdown(decision: Decision, rollback: RollbackPlan) -> str:
    """Return the decision first, then every gate, what stands in the way, and what to do."""
    charter = decision.charter
    arms = f"`{code(charter.candidate.id)}` against `{code(charter.baseline.id)}`"
    again = code(judge_command(decision))
    lines = [
        f"## {headline(decision)}: {safe(charter.pilot.name)}",
        "",
        f"{arms}, attempt {decision.attempt}. {safe(traffic_words(decision, rollback))}",
        "",
        *(f"> {safe(sentence)}\n" for sentence in override_sentences(decision)),
        *(f"{safe(words)}\n" for words in (stop_sentence(decision),) if words),
        "| | gate | value | bounds | threshold | verdict | owner |",
        "|---|---|---|---|---|---|---|",
        *(_row(verdict) for verdict in decision.verdicts),
        "",
        *(
            f"{safe(sentence)}\n"
            for sentence in (attempt_sentence(decision), rehearsal_sentence(decision))
            if sentence
        ),
        *(f"- {safe(sentence)}" for sentence in look_sentences(decision)),
        *([""] if decision.looks else []),
    ]
    for verdict in decision.of(Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE):
        lines += [
            f"### {_MARKS[verdict.outcome]} {safe(verdict.gate.name)}: {verdict.outcome.upper()}",
            "",
            safe(verdict.reason),
            "",
            *(f"- slice {safe(line)}" for line in slice_words(verdict)),
            f"- method: {safe(verdict.measurement.method)}",
            f"- owner: {safe(verdict.gate.owner)}",
            *_what_to_do(decision, verdict),
            "",
        ]
    if rollback.required:
        lines += ["### Rollback", ""]
        lines += [f"{i}. {safe(step)}" for i, step in enumerate(rollback.steps, 1)]
        lines += ["", f"On demand: `{code(rollback.command)}`", ""]
    lines += [
        safe(claims_sentence(decision)),
        "",
        *(f"Circuit of {safe(sentence)}\n" for sentence in circuit_sentences(decision)),
        *(f"Tuning of the {safe(sentence)}\n" for sentence in tuning_sentences(decision)),
        *(f"- {safe(sentence)}" for sentence in comparison_sentences(decision)),
        *([""] if decision.comparison else []),
        f"Evidence `{decision.evidence_digest[:12]}`: `{again}`",
        "",
    ]
    return "\n".join(lines)


def _what_to_do(decision: Decision, verdict: Verdict) -> list[str]:
    """Return a gate's remediation; none where the run was stopped, which is mended as a whole."""
    if decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE:
        return []
    return [
        f"- do: {safe(remediation_words(verdict.gate))}",
        *(f"- {safe(words)}" for words in (rehearsal_words(decision, verdict),) if words),
        f"- again: `qgate run {code(typed(decision.charter.path))}`",
    ]


def _row(verdict: Verdict) -> str:
    measurement, unit = verdict.measurement, verdict.unit
    bounds = ""
    if measurement.bounded and measurement.value is not None:
        bounds = f"{bare(measurement.low, unit)} to {bare(measurement.high, unit)}"
    cells = (
        _MARKS[verdict.outcome],
        safe(verdict.gate.name) + ("" if verdict.decides else " (shadow)"),
        value_words(verdict),
        bounds,
        threshold_words(verdict),
        verdict.outcome.upper(),
        safe(verdict.gate.owner),
    )
    return "| " + " | ".join(cells) + " |"


def safe(text: str) -> str:
    """Return text that stays text: no HTML, no table cell, no link of a charter's making."""
    text = html.escape(printable(" ".join(text.split())), quote=False)
    for sign in "\\|[]*_":
        text = text.replace(sign, f"\\{sign}")
    return text


def code(text: str) -> str:
    """Return text for a code span."""
    return printable(" ".join(text.split())).replace("`", "'")
