"""Sentences that several reports share."""

from __future__ import annotations

from qgate.gates.decision import Action, Decision
from qgate.gates.verdict import Verdict
from qgate.measure.units import bare
from qgate.rollout.rollback import RollbackPlan

HEADLINES = {Action.PROMOTE: "PROMOTE", Action.HOLD: "HOLD", Action.ROLLBACK: "ROLL BACK"}


def traffic_words(decision: Decision, rollback: RollbackPlan) -> str:
    """Return where traffic belongs after this decision."""
    candidate = decision.charter.candidate.id
    if decision.action is Action.PROMOTE:
        return f"{candidate} may take production traffic; the way back is {rollback.command}."
    if decision.action is Action.HOLD:
        return f"Traffic stays on {rollback.to}; nothing to roll back."
    return f"All traffic belongs on {rollback.to}; approval by {rollback.approver}."


def threshold_words(verdict: Verdict) -> str:
    """Return a gate's threshold as `max 2.0` or `min 90.0`, in the unit shown for its value."""
    threshold = verdict.gate.threshold
    if threshold.high is not None:
        return f"max {bare(threshold.high, verdict.unit)}"
    return f"min {bare(threshold.low, verdict.unit)}"
