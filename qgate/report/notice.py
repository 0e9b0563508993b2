"""What is told of one gate that was not passed, for the formats of other people's tools."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from qgate.digest import digest
from qgate.files import typed
from qgate.gates.decision import Decision
from qgate.gates.reason_code import code_of
from qgate.gates.verdict import Outcome, Verdict
from qgate.report.account import Account
from qgate.report.measured import measured_words
from qgate.report.wording import (
    judge_command,
    override_sentences,
    rehearsal_words,
    stop_sentence,
)
from qgate.rollout.rollback import RollbackPlan, remedy_words


class Weight(StrEnum):
    """What a notice means for the pilot."""

    BLOCKS = "blocks"
    WARNS = "warns"
    NOTES = "notes"


@dataclass(frozen=True)
class Notice:
    """A gate that was not passed, or a remark on the whole run, at its place in the charter."""

    check: str
    """The metric; of what was not shown, `metric/inconclusive` or `metric/error`."""
    weight: Weight
    title: str
    reason: str
    facts: tuple[str, ...]
    path: str
    line: int
    column: int
    fingerprint: str
    """The same in each run of the pilot: a digest of the pilot's name and the gate's."""
    verdict: Verdict | None = None
    """None of a remark."""
    code: str = ""
    """Of the verdict's reason, as `qgate explain` takes it; empty of a remark."""


_RANKS = (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE)


def notices(account: Account) -> list[Notice]:
    """Return a notice of each gate that was not passed, what blocks first, failures before all."""
    missed = [v for v in account.decision.verdicts if v.outcome is not Outcome.PASS]
    missed.sort(key=lambda v: (not v.decides, _RANKS.index(v.outcome)))
    return [_of_gate(account, verdict) for verdict in missed]


def remarks(account: Account) -> list[Notice]:
    """Return what is told of the whole run: overrides in force, and why it was stopped."""
    decision = account.decision
    told = [*override_sentences(decision), stop_sentence(decision)]
    return [
        Notice(
            check="run", weight=Weight.WARNS, title=_clip(decision.charter.pilot.name),
            reason=sentence, facts=(), path=decision.charter.path, line=1, column=1,
            fingerprint=digest([decision.charter.pilot.name, "remark", sentence]),
        )
        for sentence in told if sentence
    ]  # fmt: skip


def _of_gate(account: Account, verdict: Verdict) -> Notice:
    decision, gate = account.decision, verdict.gate
    # Under other terms than the run's, the file whose lines are known is not the one that judged.
    line, column = (1, 1) if decision.hypothetical else account.places.get(gate.name, (1, 1))
    shown = verdict.outcome is Outcome.FAIL
    said = verdict.outcome.upper()
    if not verdict.decides:
        said += " (shadow: decides nothing)"
    elif not shown:
        said += " (blocks: not shown to hold)"
    return Notice(
        check=gate.metric if shown else f"{gate.metric}/{verdict.outcome}",
        weight=_weight(verdict),
        title=f"{_clip(gate.name)}: {said}",
        reason=verdict.reason,
        facts=tuple(facts(decision, verdict, account.rollback)),
        path=decision.charter.path,
        line=line,
        column=column,
        fingerprint=digest([decision.charter.pilot.name, gate.name]),
        verdict=verdict,
        code=code_of(decision, verdict),
    )


def _weight(verdict: Verdict) -> Weight:
    if verdict.decides:
        return Weight.BLOCKS
    return Weight.WARNS if verdict.outcome is Outcome.FAIL else Weight.NOTES


def facts(decision: Decision, verdict: Verdict, rollback: RollbackPlan) -> list[str]:
    """Return what was measured and what to do, a line each.

    Where the run was stopped, no gate's own remedy mends it: what to do is in the reason.
    """
    remedies = (
        f"remediation: {remedy_words(verdict)}",
        rehearsal_words(decision, verdict),
        f"rollback: {rollback.command}",
    )
    lines = (
        measured_words(verdict),
        f"owner: {verdict.gate.owner}",
        *(() if decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE else remedies),
        f"again: qgate run {typed(decision.charter.path)}",
        f"evidence: {decision.evidence_digest[:12]}, {judge_command(decision)}",
        f"code: qgate explain {code_of(decision, verdict)}",
    )
    return [line for line in lines if line]


def _clip(name: str) -> str:
    """Return a name as far as a title has room for it."""
    return name if len(name) <= 100 else f"{name[:97]}..."
