"""The comparison of two bundles as the JSON document of schemas/comparison.v1.json."""

from __future__ import annotations

import json
import math
from typing import Any

from qgate.comparison.comparison import Comparison, GateMove
from qgate.gates.decision import Decision
from qgate.gates.verdict import Verdict
from qgate.measure.difference import Difference
from qgate.report.comparison.answer import answer_sentence
from qgate.report.comparison.wording import steps


def render_json(comparison: Comparison) -> str:
    """Return the document as text, keys in the schema's order."""
    text = json.dumps(comparison_document(comparison), indent=2, ensure_ascii=False)
    return f"{text}\n"


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain values."""
    baseline = comparison.baseline
    return {
        "version": 1,
        "answer": str(comparison.answer),
        "exit_code": int(comparison.exit_code),
        "reason": answer_sentence(comparison),
        "facts": sorted(fact.name.lower() for fact in comparison.facts),
        "overrides": [dict(found) for found in comparison.after.overrides],
        "a": _bundle(comparison.before),
        "b": _bundle(comparison.after),
        "inputs": [
            {
                "clause": change.clause,
                "what": change.what,
                "a": change.before,
                "b": change.after,
                "touches": change.touches.name.lower(),
                "gate": change.gate or None,
                "note": change.note,
            }
            for change in comparison.changes
        ],
        "baseline": {
            "moved": baseline.moved if baseline.known else None,
            "words": baseline.words,
            "cause": baseline.cause or None,
            "predictions": list(baseline.predictions),
            "scores": [dict(score) for score in baseline.scores],
        },
        "measurements": [_measurement(move) for move in comparison.gates],
        "verdicts": _verdicts(comparison),
        "to_do": [{"why": why, "command": command or None} for why, command in steps(comparison)],
    }


def _bundle(decision: Decision) -> dict[str, Any]:
    return {
        "path": decision.evidence_path,
        "digest": decision.evidence_digest,
        "observations_digest": decision.observations_digest,
        "charter": decision.charter.path,
        "charter_digest": decision.charter.digest,
        "decision": str(decision.action),
    }


def _measurement(move: GateMove) -> dict[str, Any]:
    return {
        "gate": move.name,
        "metric": move.after.gate.metric,
        "mode": move.after.gate.mode,
        "unit": move.after.unit,
        "a": _finite(move.before.measurement.value),
        "b": _finite(move.after.measurement.value),
        "difference": _difference(move.difference),
        "shown": move.shown or None,
        "moved": move.moved,
        "touched_by": list(dict.fromkeys((*move.touched, *move.redrawn))),
        "shares": {
            role: {"value": share.value, "low": share.low, "high": share.high}
            for role, share in move.difference.shares
        },
        "baseline_times": _difference(move.difference.control) if move.difference.control else None,
    }


def _difference(found: Difference) -> dict[str, Any]:
    kind = "none" if not found.interval else "interval" if found.bounded else "exact"
    return {
        "value": _finite(found.value),
        "kind": kind,
        "low": _finite(found.low) if kind != "none" else None,
        "high": _finite(found.high) if kind != "none" else None,
        "confidence": found.confidence,
        "method": found.method,
    }


def _verdicts(comparison: Comparison) -> list[dict[str, Any]]:
    found = [_verdict(move.after, move.before, move.after) for move in comparison.gates]
    found += [_verdict(verdict, verdict, None) for verdict in comparison.only_before]
    return found + [_verdict(verdict, None, verdict) for verdict in comparison.only_after]


def _verdict(known: Verdict, before: Verdict | None, after: Verdict | None) -> dict[str, Any]:
    return {
        "gate": known.gate.name,
        "metric": known.gate.metric,
        "unit": known.unit,
        "a": str(before.outcome) if before else None,
        "b": str(after.outcome) if after else None,
        "a_value": _finite(before.measurement.value) if before else None,
        "b_value": _finite(after.measurement.value) if after else None,
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
