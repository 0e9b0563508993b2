"""The decision for a terminal: what stands in the way first and whole, what is fine folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.text import Text

from qgate.gates.decision import Action, Decision
from qgate.gates.reason_code import code_of_decision
from qgate.gates.verdict import Outcome, Verdict
from qgate.report.columns import append_headline, append_hung, fitted
from qgate.report.terminal_gate import INDENT, append_gate, columns_of
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
    stop_sentence,
    traffic_words,
    tuning_sentences,
)
from qgate.rollout.rollback import RollbackPlan

PLAIN_WIDTH = 100
_BANNERS = {
    Action.PROMOTE: "bold white on green",
    Action.HOLD: "bold black on yellow",
    Action.ROLLBACK: "bold white on red",
}
_FIRST = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)
_LABEL = 10
_MOST_METHODS = 3
"""Of passing gates; of each the other formats tell it."""


def render_plain(decision: Decision, rollback: RollbackPlan) -> str:
    """Return the report without colour, for files and pipes."""
    return render_terminal(decision, rollback, PLAIN_WIDTH).plain


def render_terminal(decision: Decision, rollback: RollbackPlan, width: int) -> Text:
    """Return the report with styles, for a terminal of the given width."""
    width = fitted(width)
    return Text("\n").join(_parts(decision, rollback, width))


def _parts(decision: Decision, rollback: RollbackPlan, width: int) -> Iterator[Text]:
    """Yield what stands apart: the decision, each gate in its way, those that passed, the rest."""
    columns = columns_of(decision.verdicts, width)

    def gates(verdicts: Sequence[Verdict]) -> Text:
        text = Text()
        for verdict in verdicts:
            append_gate(text, decision, verdict, rollback, columns, width)
        return text

    yield _headline(decision, width)
    for warning in filter(None, (*override_sentences(decision), stop_sentence(decision))):
        yield _hung(" ! ", [warning], width, "bold yellow")
    for outcome in _FIRST:
        yield from (gates([verdict]) for verdict in decision.of(outcome))
    if passed := decision.of(Outcome.PASS):
        yield gates(passed)
    if decision.shadowed:
        heading = Text(" In shadow: judged and shown, deciding nothing\n", "bold")
        yield heading.append_text(gates(decision.shadowed))
    yield _next(decision, rollback, width)
    yield _evidence(decision, width)


def _hung(first: str, sentences: Iterable[str], width: int, style: str = "") -> Text:
    text = Text()
    for sentence in sentences:
        append_hung(text, first, sentence, width, style)
    return text


def _next(decision: Decision, rollback: RollbackPlan, width: int) -> Text:
    """Return what the verdicts are worth, and what follows for traffic."""
    told = (attempt_sentence(decision), rehearsal_sentence(decision), *look_sentences(decision))
    text = _hung(" ", filter(None, told), width)
    if not rollback.required:
        return text.append_text(_hung(" ", [traffic_words(decision, rollback)], width))
    text.append(" To roll back\n", "bold")
    for number, step in enumerate(rollback.steps, 1):
        append_hung(text, f"  {number}. ", step, width)
    append_hung(text, INDENT, f"on demand: {rollback.command}", width)
    return text


def _headline(decision: Decision, width: int) -> Text:
    banner = (headline(decision), _BANNERS[decision.action])
    text = Text()
    append_headline(text, banner, decision.charter, f"attempt {decision.attempt}", width)
    return text


def _evidence(decision: Decision, width: int) -> Text:
    """Return what the decision rests on, and the commands that tell more of it."""
    parts = (
        ("basis", [claims_sentence(decision), *_methods(decision)]),
        ("circuit", circuit_sentences(decision)),
        ("tuning", tuning_sentences(decision)),
        ("compared", comparison_sentences(decision)),
        ("evidence", [decision.evidence_path]),
        ("again", [judge_command(decision)]),
        ("code", [f"qgate explain {code_of_decision(decision)}"]),
    )
    text = Text()
    for label, sentences in parts:
        for place, sentence in enumerate(sentences):
            first = f" {'' if place else label:<{_LABEL}}"
            append_hung(text, first, sentence, width, "dim")
    return text


def _methods(decision: Decision) -> Iterator[str]:
    """Yield how passing gates were measured; of so many that it would be long, of none."""
    found = [v for v in decision.of(Outcome.PASS) if v.measurement.bounded]
    if len(found) <= _MOST_METHODS:
        yield from (f"{v.gate.name}: {v.measurement.method}." for v in found)
    else:
        yield f"How each of {len(found)} passing gates was measured: --format html or json."
