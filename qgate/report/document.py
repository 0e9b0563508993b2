"""The decision as the JSON document of schemas/report.v1.json."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

from qgate.gates.decision import Decision
from qgate.gates.looks import Look
from qgate.gates.reason_code import code_of, code_of_decision
from qgate.gates.verdict import Verdict
from qgate.measure.measurement import CLAIM_WORDS
from qgate.rollout.rollback import RollbackPlan


def render_json(decision: Decision, rollback: RollbackPlan) -> str:
    """Return the document as text, keys in the schema's order."""
    text = json.dumps(report_document(decision, rollback), indent=2, ensure_ascii=False)
    return f"{text}\n"


def report_document(decision: Decision, rollback: RollbackPlan) -> dict[str, Any]:
    """Return the decision as plain values."""
    charter = decision.charter
    return {
        "version": 1,
        "decision": str(decision.action),
        "code": code_of_decision(decision),
        "exit_code": int(decision.exit_code),
        "hypothetical": decision.hypothetical,
        "charter": {
            "path": charter.path,
            "name": charter.pilot.name,
            "digest": charter.digest,
            "baseline": charter.baseline.id,
            "candidate": charter.candidate.id,
        },
        "gates": [_gate(decision, verdict) for verdict in decision.verdicts],
        "rollback": {**dataclasses.asdict(rollback), "steps": list(rollback.steps)},
        "evidence": {
            "path": decision.evidence_path,
            "digest": decision.evidence_digest,
            "observations_digest": decision.observations_digest,
        },
        "attempt": decision.attempt,
        "other_terms": dict(decision.other_terms),
        "attempts": {
            "max": charter.attempts.most,
            "spend": charter.attempts.spend,
            "error_each": decision.error_each,
            "error_so_far": decision.error_after_attempts,
        },
        "looks": [_look(look) for look in decision.looks],
        "circuits": {role: dict(figures) for role, figures in decision.circuits.items()},
        "comparison": [dataclasses.asdict(rule) for rule in decision.comparison],
        "tuning": {role: dict(tried) for role, tried in decision.tuning.items()},
        "overrides": [dict(found) for found in decision.overrides],
        "overrides_unknown": decision.overrides_unknown or None,
        "rehearsals": [dict(found) for found in decision.rehearsals],
        "stopped": None if decision.stopped is None else dict(decision.stopped),
    }


def _gate(decision: Decision, verdict: Verdict) -> dict[str, Any]:
    gate, measurement = verdict.gate, verdict.measurement
    interval = None
    if measurement.bounded and measurement.value is not None:
        interval = {
            "low": _finite(measurement.low),
            "high": _finite(measurement.high),
            "confidence": measurement.confidence or gate.confidence,
            "sides": 1,
        }
    threshold = gate.threshold
    bounds = {"min": threshold.low, "max": threshold.high, "max_vs_baseline": threshold.vs_baseline}
    return {
        "name": gate.name,
        "metric": gate.metric,
        "mode": gate.mode,
        "verdict": str(verdict.outcome),
        "value": _finite(measurement.value),
        "unit": verdict.unit,
        "interval": interval,
        "threshold": {key: value for key, value in bounds.items() if value is not None},
        "relative": dataclasses.asdict(measurement.relative) if measurement.relative else None,
        "baseline_value": _finite(measurement.baseline_value),
        "n": dataclasses.asdict(measurement.counts),
        "method": measurement.method,
        "claim": f"The verdict holds {CLAIM_WORDS[measurement.claim]}.",
        "components": dataclasses.asdict(measurement.components)
        if measurement.components
        else None,
        "curve": [dataclasses.asdict(point) for point in measurement.curve],
        "slices": [dataclasses.asdict(part) for part in measurement.parts],
        "comparisons": {name: list(values) for name, values in measurement.also},
        "owner": gate.owner,
        "remediation": [{action.verb: action.object} for action in gate.remediation],
        "reason": verdict.reason,
        "code": code_of(decision, verdict),
    }


def _look(look: Look) -> dict[str, Any]:
    return {
        "by": look.by,
        "after": look.after,
        "gates": [
            {
                "name": verdict.gate.name,
                "verdict": str(verdict.outcome),
                "value": _finite(verdict.measurement.value),
                "low": _finite(verdict.measurement.low),
                "high": _finite(verdict.measurement.high),
                "confidence": verdict.measurement.confidence,
            }
            for verdict in look.verdicts
        ],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
