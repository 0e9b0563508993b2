"""SARIF: valid, blocking what blocks, stable over runs, and text that stays text."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from qgate.gates.verdict import Outcome
from qgate.measure.registry import METRICS
from qgate.report.account import Account
from qgate.report.sarif import render_sarif, uri
from tests.unit.report.accounts import HOSTILE, account, each_outcome, verdict

SCHEMA = Path(__file__).parents[3] / "fixtures/schemas/sarif-2.1.0-rtm.5.json"
VALIDATOR = Draft4Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
OVERRIDE = {"until": "2026-01-02", "by": "a@example.com", "reason": HOSTILE, "evidence": "1" * 64}


def _run(of: Account) -> dict[str, Any]:
    document = json.loads(render_sarif(of))
    assert list(VALIDATOR.iter_errors(document)) == []
    run: dict[str, Any] = document["runs"][0]
    return run


def _by_gate(run: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {result["properties"]["gate"]: result for result in run["results"]}


def test_the_schema_rejects_what_is_no_log() -> None:
    assert list(VALIDATOR.iter_errors({"version": "2.1.0"}))


def test_what_blocks_is_an_error_and_what_is_not_shown_has_a_rule_of_its_own(
    tmp_path: Path,
) -> None:
    run = _run(account(tmp_path, each_outcome()))
    assert {
        name: (result["ruleId"], result["level"], result["kind"])
        for name, result in _by_gate(run).items()
    } == {
        "enforce-fail": ("latency_p95_ms", "error", "fail"),
        "enforce-error": ("latency_p95_ms/error", "error", "fail"),
        "enforce-inconclusive": ("latency_p95_ms/inconclusive", "error", "fail"),
        "shadow-fail": ("latency_p95_ms", "warning", "fail"),
        "shadow-error": ("latency_p95_ms/error", "note", "fail"),
        "shadow-inconclusive": ("latency_p95_ms/inconclusive", "note", "fail"),
    }
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert METRICS["latency_p95_ms"].definition in rule["help"]["text"]
        assert METRICS["latency_p95_ms"].source in rule["help"]["markdown"]
    assert run["invocations"][0]["exitCode"] == 10
    assert run["invocations"][0]["executionSuccessful"] is False  # a gate could not be measured


def test_the_message_says_what_was_found_and_what_to_do(tmp_path: Path) -> None:
    result = _by_gate(_run(account(tmp_path, each_outcome())))["enforce-inconclusive"]
    text = result["message"]["text"]
    for words in (
        "enforce-inconclusive: INCONCLUSIVE (blocks: not shown to hold)",
        "Because of enforce-inconclusive.",
        "value 130 ms, bounds 125 to 135, threshold max 120, baseline 80.0 ms, ",
        ", baseline 80.0 ms, n 5 requests x 2 seeds, 4,096 shots",
        "owner: owner@example.com",
        "remediation: if it fails: restore old",
        "rollback: qgate rollback charters/small.yaml --dry-run",
        "again: qgate run charters/small.yaml",
        "qgate judge ",
    ):
        assert words in text


def test_a_stopped_run_is_not_mended_gate_by_gate(tmp_path: Path) -> None:
    stopped = {"words": "The budget's cap was reached."}
    run = _run(account(tmp_path, each_outcome(), stopped=stopped))
    found = _by_gate(run)
    assert "remediation: " not in found["enforce-inconclusive"]["message"]["text"]
    assert "remediation: " in found["enforce-fail"]["message"]["text"]
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert [note["message"]["text"] for note in told] == ["The budget's cap was reached."]


def test_nothing_is_reported_where_every_gate_passed(tmp_path: Path) -> None:
    run = _run(account(tmp_path, [verdict("fast", Outcome.PASS)]))
    assert run["results"] == run["tool"]["driver"]["rules"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_gate_keeps_its_fingerprint_over_runs_and_outcomes(tmp_path: Path) -> None:
    def prints(outcome: Outcome, folder: str, pilot: str = "p") -> list[dict[str, str]]:
        made = account(tmp_path / folder, [verdict(name, outcome, reason=folder) for name in "ab"])
        charter = made.decision.charter
        named = replace(charter, pilot=replace(charter.pilot, name=pilot))
        of = replace(made, decision=replace(made.decision, charter=named))
        return [result["partialFingerprints"] for result in _run(of)["results"]]

    first = prints(Outcome.FAIL, "one")
    assert first == prints(Outcome.INCONCLUSIVE, "two")
    assert first[0]["primaryLocationLineHash"] != first[1]["primaryLocationLineHash"]
    assert first != prints(Outcome.FAIL, "three", pilot="q")


def test_a_result_stands_at_its_gate(tmp_path: Path) -> None:
    of = account(tmp_path, [verdict("fast", Outcome.FAIL)])
    of.__dict__["places"] = {"fast": (7, 5)}
    place = _run(of)["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "charters/small.yaml"
    assert place["region"] == {"startLine": 7, "startColumn": 5}
    other = replace(of, decision=replace(of.decision, hypothetical=True))
    other.__dict__["places"] = {"fast": (7, 5)}  # of the charter that ran, not of this one
    place = _run(other)["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 1, "startColumn": 1}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("charters/a b.yaml", "charters/a%20b.yaml"),
        ("a:b#c?.yaml", "a%3Ab%23c%3F.yaml"),
        ("/srv/pilot.yaml", "file:///srv/pilot.yaml"),
    ],
)
def test_a_path_is_a_uri(path: str, expected: str) -> None:
    assert uri(path) == expected


def test_hostile_text_is_no_link_no_placeholder_and_no_control(tmp_path: Path) -> None:
    verdicts = [verdict(HOSTILE, Outcome.FAIL, reason=HOSTILE, owner=HOSTILE, note=HOSTILE)]
    run = _run(account(tmp_path, verdicts, overrides=(OVERRIDE,)))
    told = run["invocations"][0]["toolExecutionNotifications"]
    texts = [run["results"][0]["message"]["text"], told[0]["message"]["text"]]
    for text in texts:
        assert "\\[here\\](" in text
        assert "[here]" not in text
        assert "{{0}}" in text
        assert "\x1b" not in text
        assert "\r" not in text
    assert texts[0].count("\n") == 7  # its own lines alone
