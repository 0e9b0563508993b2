"""What the tests of a charter answer: for its decision, and for each gate."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qgate.pytest_plugin.running import CouldNotRunError

if TYPE_CHECKING:
    from qgate.gates.decision import Decision

PREFIX = "qgate."
VERDICT, MODE = f"{PREFIX}verdict", f"{PREFIX}mode"
"""Properties of a test's report: `pass`, `fail`, `inconclusive` or `error`; `enforce`, `shadow`."""
_OF_CODE = {0: "pass", 10: "fail", 20: "inconclusive", 30: "error"}


@dataclass(frozen=True)
class Answer:
    """Whether a test passes, in words, and with properties for reports of tests."""

    blocks: bool
    text: str
    properties: tuple[tuple[str, object], ...]


def of_decision(decision: Decision) -> Answer:
    """Return whether a pilot may be promoted, what stands in the way, and the way back."""
    from qgate.gates.decision import Action
    from qgate.gates.reason_code import code_of_decision
    from qgate.report.columns import hung
    from qgate.report.wording import (
        headline,
        judge_command,
        override_sentences,
        stop_sentence,
        traffic_words,
    )
    from qgate.rollout.rollback import rollback_after

    rollback = rollback_after(decision)
    code, charter = code_of_decision(decision), decision.charter
    arms = f"{charter.candidate.id} against {charter.baseline.id}"
    missed = [v for v in decision.deciding if v.outcome != "pass"]
    steps = [(f"  {number}. ", step) for number, step in enumerate(rollback.steps, 1)]
    back = [*steps, ("  back   ", rollback.command)]
    told = (
        ("", f"{headline(decision)}: {arms}, attempt {decision.attempt}"),
        *(("! ", sentence) for sentence in override_sentences(decision)),
        ("! ", stop_sentence(decision)),
        *((f"  {v.outcome.upper()} ", v.gate.name) for v in missed),
        *(back if rollback.required else [("  ", traffic_words(decision, rollback))]),
        ("  again  ", judge_command(decision)),
        ("  code   ", f"qgate explain {code}"),
    )
    return Answer(
        decision.action is not Action.PROMOTE,
        "\n".join(line for first, words in told if words for line in hung(first, words, _width())),
        (
            (VERDICT, _OF_CODE[decision.exit_code]),
            ("qgate.decision", str(decision.action)),
            ("qgate.code", code),
            ("qgate.evidence", decision.evidence_digest),
        ),
    )


def of_gate(decision: Decision, name: str) -> Answer:
    """Return a gate's verdict; one in shadow blocks nothing.

    Raises:
        CouldNotRunError: When the charter that ran has no such gate.

    """
    from qgate.gates.reason_code import code_of
    from qgate.report.terminal_gate import render_gate
    from qgate.rollout.rollback import rollback_after

    verdict = next((v for v in decision.verdicts if v.gate.name == name), None)
    if verdict is None:
        raise CouldNotRunError(f"the charter has changed since pytest collected it: no gate {name}")
    measurement = verdict.measurement
    return Answer(
        verdict.decides and verdict.outcome != "pass",
        render_gate(decision, verdict, rollback_after(decision), _width()).plain.strip(),
        (
            (VERDICT, str(verdict.outcome)),
            (MODE, verdict.gate.mode),
            ("qgate.code", code_of(decision, verdict)),
            ("qgate.metric", verdict.gate.metric),
            ("qgate.value", measurement.value),
            ("qgate.low", measurement.low),
            ("qgate.high", measurement.high),
            ("qgate.owner", verdict.gate.owner),
        ),
    )


def _width() -> int:
    from qgate.cli.console import width_of

    return width_of(sys.__stdout__ or sys.stdout)
