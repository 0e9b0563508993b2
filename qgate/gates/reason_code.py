"""The code of a verdict's reason: finer than the verdict, derived from its own numbers."""

from __future__ import annotations

from qgate.codes import NAMED
from qgate.gates.decision import Decision
from qgate.gates.verdict import Outcome, Verdict, judge_gate

_BOUNDED = {Outcome.PASS: "QG-V10", Outcome.FAIL: "QG-V20"}
_EXACT = {Outcome.PASS: "QG-V11", Outcome.FAIL: "QG-V21"}
_HELD = "QG-V32"


def code_of_decision(decision: Decision) -> str:
    """Return the code, of the table in qgate.codes, of what follows for traffic."""
    return NAMED[str(decision.action)].code


def code_of(decision: Decision, verdict: Verdict) -> str:
    """Return the code of a verdict's reason within its decision.

    What is open where the run was stopped is held open, whatever the part that ran says.
    """
    if decision.stopped and verdict.outcome is Outcome.INCONCLUSIVE:
        return _HELD
    return reason_code(verdict)


def reason_code(verdict: Verdict) -> str:
    """Return the code that a verdict's reason has by its own numbers."""
    if verdict.outcome is Outcome.ERROR:
        return "QG-V40"
    if verdict.outcome is Outcome.INCONCLUSIVE:
        return _open(verdict)
    return (_BOUNDED if verdict.measurement.bounded else _EXACT)[verdict.outcome]


def _open(verdict: Verdict) -> str:
    """Return why a gate is open: by its numbers, or although these would decide."""
    gate, measurement = verdict.gate, verdict.measurement
    if judge_gate(gate, measurement, capped=False).outcome is not Outcome.INCONCLUSIVE:
        return _HELD
    threshold, relative = gate.threshold, measurement.relative
    deciding = (
        (threshold.high, measurement.high),
        (threshold.low, measurement.low),
        (threshold.vs_baseline, relative.high if relative else None),
    )
    lacking = any(limit is not None and bound is None for limit, bound in deciding)
    return "QG-V31" if lacking else "QG-V30"
