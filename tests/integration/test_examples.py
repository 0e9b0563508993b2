"""The example charters, run as a user runs them: decisions, reports, evidence, replay."""

from __future__ import annotations

import json
import re

import junitparser
import pytest

from tests.integration.commands import qgate
from tests.integration.conftest import ROOT
from tests.integration.documents import blocks
from tests.integration.examples import (
    EXPECTED,
    OF_OTHER_SDKS,
    ON_DEVICES,
    SIMPLE,
    Checks,
    Runs,
    gate_of,
    run_examples,
)
from tests.test_layers import NUMERIC, QUANTUM, heavy_modules


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return run_examples(SIMPLE, tmp_path_factory)


@pytest.mark.parametrize("name", SIMPLE)
class TestExamples(Checks):
    """Each check, for each of them."""


def test_every_example_is_in_one_of_the_modules() -> None:
    assert sorted((*SIMPLE, *ON_DEVICES, *OF_OTHER_SDKS)) == sorted(EXPECTED)
    assert set(EXPECTED) == {path.stem for path in (ROOT / "charters").glob("*.yaml")}


def test_judging_imports_neither_quantum_sdk_nor_candidate(
    runs: Runs,
) -> None:
    example = runs["breast_cancer"]
    path = str(example.folder / example.path)
    heavy = ("sklearn", *QUANTUM)
    assert heavy_modules(["judge", path], heavy) == []
    assert heavy_modules(["report", path, "--format", "markdown"], heavy) == []
    assert "numpy" in NUMERIC  # numbers are needed to judge; the SDKs are not


def test_hold_names_and_prices_what_is_open(runs: Runs) -> None:
    parity = gate_of(runs["hold"].done.report, "parity")
    assert parity["verdict"] == "inconclusive"
    assert "Not evidence of failure" in parity["reason"]
    assert re.search(r"about [\d,]+ items \(have 285\)", parity["reason"])
    interval, limit = parity["interval"], parity["threshold"]["max"]
    assert interval["low"] <= limit < interval["high"]


def test_rollback_says_what_to_type(runs: Runs) -> None:
    rollback = runs["rollback"].done.report["rollback"]
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


def test_another_charters_thresholds_can_be_tried(runs: Runs) -> None:
    example = runs["rollback"]
    text = (ROOT / "charters/rollback.yaml").read_text(encoding="utf-8")
    other = example.folder / "other.yaml"
    other.write_text(text.replace("max: 0.03", "max: 0.30"), encoding="utf-8")
    judged = qgate(
        "judge", example.path, "--charter", "other.yaml", "--format", "json",
        cwd=example.folder,
    )  # fmt: skip
    assert gate_of(judged.report, "parity")["verdict"] == "pass"
    assert gate_of(judged.report, "parity")["threshold"] == {"max": 0.3}


def test_formats_go_where_they_are_told(runs: Runs) -> None:
    example = runs["hold"]
    shown = qgate(
        "report", example.path, "--format", "junit", "--output", "out/junit.xml",
        "--format", "markdown", "--output", "out/report.md", "--output", "out/report.json",
        cwd=example.folder,
    )  # fmt: skip
    assert shown.code == 0
    assert shown.out.startswith(" HOLD ")
    suite = next(iter(junitparser.JUnitXml.fromfile(str(example.folder / "out/junit.xml"))))
    verdicts = [gate["verdict"] for gate in example.done.report["gates"]]
    assert suite.tests == len(verdicts) == 4
    assert suite.errors == verdicts.count("inconclusive") + verdicts.count("error")
    assert suite.failures == verdicts.count("fail")
    open_case = next(case for case in suite if case.name == "parity")
    assert open_case.result[0].type == "inconclusive"
    markdown = (example.folder / "out/report.md").read_text(encoding="utf-8")
    assert markdown.startswith("## HOLD: few-shots")
    assert (
        json.loads((example.folder / "out/report.json").read_text(encoding="utf-8"))
        == example.done.report
    )


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["hold", "rollback"])
def test_terminal_report_fits_and_reads_in_order(name: str, width: int, runs: Runs) -> None:
    example = runs[name]
    path = example.path
    shown = qgate("judge", path, cwd=example.folder, COLUMNS=str(width)).out
    lines = shown.splitlines()
    assert lines[0].startswith((" HOLD ", " ROLL BACK "))
    assert max(map(len, lines)) <= width or _only_long_words(lines, width)
    assert shown.index("parity") < shown.index("latency_p95_ms")  # what stands in the way is first
    assert "\x1b" not in shown


def test_colour_follows_the_environment(runs: Runs) -> None:
    example = runs["hold"]
    path = example.path
    assert "\x1b[" in qgate("judge", path, cwd=example.folder, FORCE_COLOR="1").out
    assert "\x1b" not in qgate("judge", path, cwd=example.folder, FORCE_COLOR="1", NO_COLOR="1").out


def test_fail_on_changes_the_code_not_the_verdict(runs: Runs) -> None:
    example = runs["hold"]
    path = example.path
    judged = qgate("judge", path, "--fail-on", "fail", "--format", "json", cwd=example.folder)
    assert judged.code == 0
    assert judged.report["decision"] == "hold"


def test_readme_shows_a_real_report(runs: Runs) -> None:
    (block,) = (block for block in blocks() if block.mark == "report: charters/hold.yaml")
    example = runs["hold"]
    shown = qgate("judge", example.path, cwd=example.folder, COLUMNS="100").out
    shown = shown.replace(str(ROOT) + "/", "")
    quoted = [line for line in block.text.splitlines() if line.strip() not in ("", "...")]
    assert len(quoted) > 8
    flat = re.sub(r"\s+", " ", shown)
    missing = [line for line in quoted if re.sub(r"\s+", " ", line).strip() not in flat]
    assert missing == []


def _only_long_words(lines: list[str], width: int) -> bool:
    """A path that is longer than the line cannot be broken."""
    return all(len(line) <= width or max(map(len, line.split())) > width - 20 for line in lines)
