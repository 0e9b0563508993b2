"""The decision as Markdown, for pull requests and step summaries."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from qgate.files import printable, typed
from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of, code_of_decision
from qgate.gates.verdict import Outcome, Verdict
from qgate.report.measured import bounds_words
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
from qgate.rollout.rollback import RollbackPlan, remedy_words

_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.INCONCLUSIVE: "❔", Outcome.ERROR: "⚠️"}
MOST_BYTES = 1_000_000
"""GitHub drops a step summary of more than 1 MiB whole; the rest is room for what others add."""
_NOTE_BYTES = 300


def render_markdown(decision: Decision, rollback: RollbackPlan) -> str:
    """Return the decision first, then every gate, what stands in the way, and what to do.

    At most `MOST_BYTES`: beyond that whole sections are left out, and it is said where they are.
    """
    missed = decision.of(Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)
    again = code(judge_command(decision))
    sections = [
        Section(0, _opening(decision, rollback)),
        *(Section(1, [_row(decision, verdict)]) for verdict in decision.verdicts),
        Section(0, [""]),
        Section(4, _attempts(decision)),
        *(Section(3, _of_gate(decision, verdict)) for verdict in missed),
        *_way_back(rollback),
        Section(5, _basis(decision)),
        Section(0, [_foot(decision, again), ""]),
    ]
    return "\n".join(line for section in _fitted(sections, again) for line in section.lines)


@dataclass(frozen=True)
class Section:
    """Lines that stand or are left out together; those of rank 0 stand always, 5 goes first."""

    rank: int
    lines: Sequence[str]

    @property
    def size(self) -> int:
        """Return its size in bytes."""
        return sum(len(line.encode()) + 1 for line in self.lines)


def _fitted(sections: Sequence[Section], again: str) -> list[Section]:
    """Return the sections that there is room for, and before the last one how many are not."""
    if sum(section.size for section in sections) <= MOST_BYTES:
        return list(sections)
    left = MOST_BYTES - _NOTE_BYTES - len(again.encode())
    standing: set[int] = set()
    full = False
    for place in sorted(range(len(sections)), key=lambda place: sections[place].rank):
        section = sections[place]
        full = full or section.size > left  # what follows in a list would follow a gap
        if section.rank == 0 or not full:
            standing.add(place)
            left -= section.size
    missing = len(sections) - len(standing)
    note = (
        f"**Cut for size: {missing} parts of this report are left out.** All of it is in the "
        f"evidence: `{again} --format json`, or with `--format terminal`."
    )
    kept = [section for place, section in enumerate(sections) if place in standing]
    return [*kept[:-1], Section(0, ["", note, ""]), kept[-1]]


def _foot(decision: Decision, again: str) -> str:
    evidence = f"Evidence `{decision.evidence_digest[:12]}`: `{again}`"
    return f"{evidence} · what this decision means: {_explained(code_of_decision(decision))}"


def _explained(found: str) -> str:
    return f"`qgate explain {found}`"


def _opening(decision: Decision, rollback: RollbackPlan) -> list[str]:
    charter = decision.charter
    arms = f"`{code(charter.candidate.id)}` against `{code(charter.baseline.id)}`"
    return [
        f"## {headline(decision)}: {safe(charter.pilot.name)}",
        "",
        f"{arms}, attempt {decision.attempt}. {safe(traffic_words(decision, rollback))}",
        "",
        *(f"> {safe(sentence)}\n" for sentence in override_sentences(decision)),
        *(f"{safe(words)}\n" for words in (stop_sentence(decision),) if words),
        "| | gate | value | bounds | threshold | verdict | owner |",
        "|---|---|---|---|---|---|---|",
    ]


def _attempts(decision: Decision) -> list[str]:
    return [
        *(
            f"{safe(sentence)}\n"
            for sentence in (attempt_sentence(decision), rehearsal_sentence(decision))
            if sentence
        ),
        *(f"- {safe(sentence)}" for sentence in look_sentences(decision)),
        *([""] if decision.looks else []),
    ]


def _of_gate(decision: Decision, verdict: Verdict) -> list[str]:
    return [
        f"### {_MARKS[verdict.outcome]} {safe(verdict.gate.name)}: {verdict.outcome.upper()}",
        "",
        safe(verdict.reason),
        "",
        *(f"- slice {safe(line)}" for line in slice_words(verdict)),
        f"- method: {safe(verdict.measurement.method)}",
        f"- owner: {safe(verdict.gate.owner)}",
        *_what_to_do(decision, verdict),
        f"- code: {_explained(code_of(decision, verdict))}",
        "",
    ]


def _way_back(rollback: RollbackPlan) -> list[Section]:
    if not rollback.required:
        return []
    steps = [f"{i}. {safe(step)}" for i, step in enumerate(rollback.steps, 1)]
    return [
        Section(0, ["### Rollback", ""]),
        *(Section(2, [step]) for step in steps),
        Section(0, ["", f"On demand: `{code(rollback.command)}`", ""]),
    ]


def _basis(decision: Decision) -> list[str]:
    return [
        safe(claims_sentence(decision)),
        "",
        *(f"Circuit of {safe(sentence)}\n" for sentence in circuit_sentences(decision)),
        *(f"Tuning of the {safe(sentence)}\n" for sentence in tuning_sentences(decision)),
        *(f"- {safe(sentence)}" for sentence in comparison_sentences(decision)),
        *([""] if decision.comparison else []),
    ]


def _what_to_do(decision: Decision, verdict: Verdict) -> list[str]:
    """Return a gate's remediation; none where the run was stopped, which is mended as a whole."""
    if decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE:
        return []
    return [
        f"- do: {safe(remedy_words(verdict))}",
        *(f"- {safe(words)}" for words in (rehearsal_words(decision, verdict),) if words),
        f"- again: `qgate run {code(typed(decision.charter.path))}`",
    ]


def _row(decision: Decision, verdict: Verdict) -> str:
    open_ = verdict.outcome is not Outcome.PASS
    cells = (
        _MARKS[verdict.outcome],
        safe(verdict.gate.name) + ("" if verdict.decides else " (shadow)"),
        value_words(verdict),
        bounds_words(verdict),
        threshold_words(verdict),
        verdict.outcome.upper() + (f" {code_of(decision, verdict)}" if open_ else ""),
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
