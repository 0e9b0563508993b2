"""GitLab's code quality report: its shape, unique fingerprints, and severities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

from qgate.gates.verdict import Outcome
from qgate.report.account import Account
from qgate.report.code_quality import render_code_quality
from tests.unit.report.accounts import HOSTILE, account, each_outcome, verdict

STRING = {"type": "string", "minLength": 1}
SHAPE = {
    # What GitLab's documentation asks of a finding; its own parser asks for less.
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": STRING,
            "check_name": STRING,
            "fingerprint": STRING,
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?![.]/).+$"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def _found(of: Account) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = json.loads(render_code_quality(of))
    assert list(Draft7Validator(SHAPE).iter_errors(document)) == []
    prints = [finding["fingerprint"] for finding in document]
    assert len(set(prints)) == len(prints)
    return document


def test_each_gate_that_was_not_passed_is_a_finding_failures_first(tmp_path: Path) -> None:
    found = _found(account(tmp_path, each_outcome()))
    assert [
        (finding["description"].split(":")[0], finding["severity"]) for finding in found
    ] == [
        ("enforce-fail", "blocker"),
        ("enforce-error", "critical"),
        ("enforce-inconclusive", "critical"),
        ("shadow-fail", "minor"),
        ("shadow-error", "info"),
        ("shadow-inconclusive", "info"),
    ]  # fmt: skip
    assert found[0]["check_name"] == "qgate/latency_p95_ms"
    assert found[0]["location"] == {"path": "charters/small.yaml", "lines": {"begin": 1}}
    assert "| owner: owner@example.com | remediation: restore old |" in found[0]["description"]


def test_where_every_gate_passed_there_is_an_empty_list(tmp_path: Path) -> None:
    assert _found(account(tmp_path, [verdict("fast", Outcome.PASS)])) == []


def test_an_override_is_told_even_where_every_gate_passed(tmp_path: Path) -> None:
    override = {"until": "2026-01-02", "by": "a@example.com", "reason": "x", "evidence": "1" * 64}
    passed = account(tmp_path, [verdict("fast", Outcome.PASS)], overrides=(override,))
    (finding,) = _found(passed)
    assert "BREAK-GLASS until 2026-01-02, by a@example.com: x" in finding["description"]
    assert finding["severity"] == "minor"


def test_hostile_text_stays_on_one_line(tmp_path: Path) -> None:
    (finding,) = _found(account(tmp_path, [verdict(HOSTILE, Outcome.FAIL, reason=HOSTILE)]))
    assert finding["description"].isprintable()
