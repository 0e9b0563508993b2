"""The example charters, run as a user runs them: decisions, reports, evidence, replay."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import junitparser
import pytest
from jsonschema import Draft7Validator

from tests.integration.conftest import ROOT, Done, qgate
from tests.test_layers import NUMERIC, QUANTUM, heavy_modules

EXPECTED = {
    "breast_cancer": ("promote", 0),
    "hold": ("hold", 20),
    "rollback": ("rollback", 10),
    "recorded": ("promote", 0),
    "digits": ("rollback", 10),
    "early_stop": ("promote", 0),
    "device_noise": ("promote", 0),
    "drift_harmless": ("hold", 20),
    "drift_touches": ("hold", 20),
    "variational": ("hold", 20),
    "qaoa": ("rollback", 10),
    "pennylane": ("promote", 0),
    "braket": ("promote", 0),
    "qiskit_machine_learning": ("promote", 0),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Done]]:
    """Return each example's folder and its run with a JSON report on stdout."""
    found: dict[str, tuple[Path, Done]] = {}
    for name in EXPECTED:
        folder = tmp_path_factory.mktemp(name)
        charter = str(ROOT / "charters" / f"{name}.yaml")
        found[name] = (folder, qgate("run", charter, "--format", "json", cwd=folder))
    return found


@pytest.fixture(params=EXPECTED)
def example(request: pytest.FixtureRequest, runs: dict[str, tuple[Path, Done]]) -> str:
    """Return the name of each example in turn."""
    name: str = request.param
    assert name in runs
    return name


def test_decision_and_exit_code(example: str, runs: dict[str, tuple[Path, Done]]) -> None:
    decision, code = EXPECTED[example]
    done = runs[example][1]
    assert (done.report["decision"], done.code) == (decision, code), done.err
    assert done.report["exit_code"] == code


def test_report_satisfies_its_schema(example: str, runs: dict[str, tuple[Path, Done]]) -> None:
    schema = json.loads((ROOT / "schemas/report.v1.json").read_text(encoding="utf-8"))
    assert list(Draft7Validator(schema).iter_errors(runs[example][1].report)) == []


def test_evidence_comes_out_as_locked(example: str, runs: dict[str, tuple[Path, Done]]) -> None:
    lock = json.loads((ROOT / "charters" / f"{example}.lock.json").read_text(encoding="utf-8"))
    report = runs[example][1].report
    assert report["evidence"]["digest"] == lock["evidence"]
    assert _gate(report, "reproducibility")["verdict"] == "pass"


def test_judge_gives_the_same_bytes_offline(
    example: str, runs: dict[str, tuple[Path, Done]]
) -> None:
    folder, done = runs[example]
    path = done.report["evidence"]["path"]
    judged = qgate("judge", path, "--format", "json", cwd=folder)
    assert judged.out == done.out
    assert judged.code == done.code
    assert qgate("report", path, "--format", "json", cwd=folder).out == done.out


def test_judging_imports_neither_quantum_sdk_nor_candidate(
    runs: dict[str, tuple[Path, Done]],
) -> None:
    folder, done = runs["breast_cancer"]
    path = str(folder / done.report["evidence"]["path"])
    heavy = ("sklearn", *QUANTUM)
    assert heavy_modules(["judge", path], heavy) == []
    assert heavy_modules(["report", path, "--format", "markdown"], heavy) == []
    assert "numpy" in NUMERIC  # numbers are needed to judge; the SDKs are not


def test_every_gate_states_all_its_clauses(
    example: str, runs: dict[str, tuple[Path, Done]]
) -> None:
    for gate in runs[example][1].report["gates"]:
        assert gate["owner"]
        assert gate["remediation"]
        assert gate["reason"]
        assert gate["method"]


def test_hold_names_and_prices_what_is_open(runs: dict[str, tuple[Path, Done]]) -> None:
    parity = _gate(runs["hold"][1].report, "parity")
    assert parity["verdict"] == "inconclusive"
    assert "Not evidence of failure" in parity["reason"]
    assert re.search(r"about [\d,]+ items \(have 285\)", parity["reason"])
    interval, limit = parity["interval"], parity["threshold"]["max"]
    assert interval["low"] <= limit < interval["high"]


def test_rollback_says_what_to_type(runs: dict[str, tuple[Path, Done]]) -> None:
    rollback = runs["rollback"][1].report["rollback"]
    assert rollback["required"]
    assert (rollback["strategy"], rollback["to"]) == ("blue_green", "classical_v3")
    steps = " ".join(rollback["steps"])
    for part in (
        "sre@example.com",
        "100%",
        "curl --fail",
        "disable layer `entangle`",
        "qgate run",
    ):
        assert part in steps


def test_another_charters_thresholds_can_be_tried(runs: dict[str, tuple[Path, Done]]) -> None:
    folder, done = runs["rollback"]
    text = (ROOT / "charters/rollback.yaml").read_text(encoding="utf-8")
    other = folder / "other.yaml"
    other.write_text(text.replace("max: 0.03", "max: 0.30"), encoding="utf-8")
    judged = qgate(
        "judge", done.report["evidence"]["path"], "--charter", "other.yaml", "--format", "json",
        cwd=folder,
    )  # fmt: skip
    assert _gate(judged.report, "parity")["verdict"] == "pass"
    assert _gate(judged.report, "parity")["threshold"] == {"max": 0.3}


def test_formats_go_where_they_are_told(runs: dict[str, tuple[Path, Done]]) -> None:
    folder, done = runs["hold"]
    shown = qgate(
        "report", done.report["evidence"]["path"], "--format", "junit", "--output", "out/junit.xml",
        "--format", "markdown", "--output", "out/report.md", "--output", "out/report.json",
        cwd=folder,
    )  # fmt: skip
    assert shown.code == 0
    assert shown.out.startswith(" HOLD ")
    suite = next(iter(junitparser.JUnitXml.fromfile(str(folder / "out/junit.xml"))))
    verdicts = [gate["verdict"] for gate in done.report["gates"]]
    assert suite.tests == len(verdicts) == 4
    assert suite.errors == verdicts.count("inconclusive") + verdicts.count("error")
    assert suite.failures == verdicts.count("fail")
    open_case = next(case for case in suite if case.name == "parity")
    assert open_case.result[0].type == "inconclusive"
    markdown = (folder / "out/report.md").read_text(encoding="utf-8")
    assert markdown.startswith("## HOLD: few-shots")
    assert json.loads((folder / "out/report.json").read_text(encoding="utf-8")) == done.report


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["hold", "rollback"])
def test_terminal_report_fits_and_reads_in_order(
    name: str, width: int, runs: dict[str, tuple[Path, Done]]
) -> None:
    folder, done = runs[name]
    path = done.report["evidence"]["path"]
    shown = qgate("judge", path, cwd=folder, COLUMNS=str(width)).out
    lines = shown.splitlines()
    assert lines[0].startswith((" HOLD ", " ROLL BACK "))
    assert max(map(len, lines)) <= width or _only_long_words(lines, width)
    assert shown.index("parity") < shown.index("latency_p95_ms")  # what stands in the way is first
    assert "\x1b" not in shown


def test_colour_follows_the_environment(runs: dict[str, tuple[Path, Done]]) -> None:
    folder, done = runs["hold"]
    path = done.report["evidence"]["path"]
    assert "\x1b[" in qgate("judge", path, cwd=folder, FORCE_COLOR="1").out
    assert "\x1b" not in qgate("judge", path, cwd=folder, FORCE_COLOR="1", NO_COLOR="1").out


def test_fail_on_changes_the_code_not_the_verdict(runs: dict[str, tuple[Path, Done]]) -> None:
    folder, done = runs["hold"]
    path = done.report["evidence"]["path"]
    judged = qgate("judge", path, "--fail-on", "fail", "--format", "json", cwd=folder)
    assert judged.code == 0
    assert judged.report["decision"] == "hold"


def test_readme_shows_a_real_report(runs: dict[str, tuple[Path, Done]]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    match = re.search(r"<!-- report: charters/hold.yaml -->\n```text\n(.*?)```", text, re.DOTALL)
    assert match
    folder, done = runs["hold"]
    shown = qgate("judge", done.report["evidence"]["path"], cwd=folder, COLUMNS="100").out
    shown = shown.replace(str(ROOT) + "/", "")
    quoted = [line for line in match[1].splitlines() if line.strip() not in ("", "...")]
    assert len(quoted) > 8
    flat = re.sub(r"\s+", " ", shown)
    missing = [line for line in quoted if re.sub(r"\s+", " ", line).strip() not in flat]
    assert missing == []


def _gate(report: dict[str, Any], name: str) -> dict[str, Any]:
    gate: dict[str, Any] = next(gate for gate in report["gates"] if gate["name"] == name)
    return gate


def _only_long_words(lines: list[str], width: int) -> bool:
    """A path that is longer than the line cannot be broken."""
    return all(len(line) <= width or max(map(len, line.split())) > width - 20 for line in lines)
