"""The decision as SARIF 2.1.0, for code scanning: one result for each gate that was not passed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from qgate.files import printable
from qgate.gates.reason_code import code_of_decision
from qgate.gates.verdict import Outcome
from qgate.measure.registry import METRICS
from qgate.report.account import Account
from qgate.report.notice import Notice, Weight, notices, remarks

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Weight.BLOCKS: "error", Weight.WARNS: "warning", Weight.NOTES: "note"}
_NOT_SHOWN = {
    "inconclusive": "The evidence cannot decide it. A gate passes only when it is shown to hold, "
    "so this blocks as a failure does.",
    "error": "It could not be measured, so nothing is shown; this blocks as a failure does.",
}
_ESCAPES = str.maketrans({"{": "{{", "}": "}}", "[": "\\[", "]": "\\]"})


def render_sarif(account: Account) -> str:
    """Return the log as text.

    A charter has a few hundred gates at most: readers' limits (GitHub keeps 5,000 results) are
    far. What is inconclusive has the kind `fail` too: SARIF gives no other kind a level, and
    readers would show it as harmless. Its rule tells it apart.
    """
    decision, found = account.decision, notices(account)
    checks = sorted({notice.check for notice in found})
    run = {
        "tool": {
            "driver": {
                "name": "qgate",
                "version": version("qgate"),
                "rules": [_rule(check) for check in checks],
            }
        },
        "automationDetails": {"id": f"qgate/{printable(decision.charter.pilot.name)}/"},
        "invocations": [
            {
                "executionSuccessful": not decision.of(Outcome.ERROR),
                "exitCode": int(decision.exit_code),
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": _text([remark.reason])}}
                    for remark in remarks(account)
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(notice, checks.index(notice.check)) for notice in found],
        "properties": {
            "decision": str(decision.action),
            "code": code_of_decision(decision),
            "hypothetical": decision.hypothetical,
            "evidence": decision.evidence_digest,
            "attempt": decision.attempt,
        },
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n"


def _rule(check: str) -> dict[str, Any]:
    """Return a metric's rule, or that of the metric when it was not shown."""
    metric, _, outcome = check.partition("/")
    terms = METRICS[metric]
    what = f"{metric}: {terms.definition}."
    more = _NOT_SHOWN.get(outcome, "It was shown not to hold.")
    source = f"Unit: {terms.unit}. Source: {terms.source}."
    return {
        "id": check,
        "shortDescription": {"text": _text([f"{metric} {outcome or 'fail'}"])},
        "fullDescription": {"text": _text([what])},
        "help": {
            "text": _text([what, source, more]),
            "markdown": f"**{metric}**: {terms.definition}.\n\n{source}\n\n{more}",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["qgate", outcome or "fail"]},
    }


def _result(notice: Notice, rule: int) -> dict[str, Any]:
    return {
        "ruleId": notice.check,
        "ruleIndex": rule,
        "kind": "fail",
        "level": _LEVELS[notice.weight],
        "message": {"text": _text([f"{notice.title}. {notice.reason}", *notice.facts])},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri(notice.path)},
                    "region": {"startLine": notice.line, "startColumn": notice.column},
                }
            }
        ],
        "partialFingerprints": {
            "qgateGate/v1": notice.fingerprint,
            # GitHub matches alerts by this one alone, and else makes it of the line's text, which
            # changes with each threshold.
            "primaryLocationLineHash": f"{notice.fingerprint[:16]}:1",
        },
        "properties": _numbers(notice),
    }


def _numbers(notice: Notice) -> dict[str, Any]:
    verdict = notice.verdict
    if verdict is None:
        return {}
    gate = verdict.gate
    return {
        "gate": gate.name,
        "verdict": str(verdict.outcome),
        "mode": gate.mode,
        "owner": gate.owner,
        "code": notice.code,
    }


def uri(path: str) -> str:
    """Return a path as a URI, relative where the path is."""
    return f"file://{quote(path)}" if path.startswith("/") else quote(path)


def _text(lines: Iterable[str]) -> str:
    """Return lines of a message in which nothing is a placeholder or a link (SARIF 3.11)."""
    return "\n".join(printable(line) for line in lines).translate(_ESCAPES)
