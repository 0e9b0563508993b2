"""JUnit XML as Jenkins' xUnit plugin and GitLab take it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from qgate.gates.verdict import Outcome
from qgate.report.junit import render_junit
from tests.unit.report.accounts import HOSTILE, account, each_outcome, verdict

SCHEMA = Path(__file__).parents[3] / "fixtures/schemas/junit-10.xsd"


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def test_the_schema_rejects_what_the_plugin_does(schema: xmlschema.XMLSchema) -> None:
    assert not schema.is_valid('<testsuites><testsuite name="a"/></testsuites>')


@pytest.mark.parametrize("name", ["parity", HOSTILE], ids=["plain", "hostile"])
def test_a_report_of_every_outcome_is_valid(
    tmp_path: Path, schema: xmlschema.XMLSchema, name: str
) -> None:
    verdicts = [*each_outcome(), verdict(name, Outcome.FAIL, reason=name, owner=name)]
    of = account(tmp_path, verdicts)
    text = render_junit(of.decision, of.rollback)
    schema.validate(text)
    suite = ET.fromstring(text)[0]  # noqa: S314  # our own text
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("9", "2", "2")


def test_a_failure_says_what_was_found_and_what_to_do(tmp_path: Path) -> None:
    of = account(tmp_path, each_outcome())
    suite = ET.fromstring(render_junit(of.decision, of.rollback))[0]  # noqa: S314  # our own text
    told = {case.get("name"): case for case in suite.iter("testcase")}
    error = told["enforce-inconclusive"].find("error")
    assert error is not None
    assert error.get("type") == "inconclusive"
    lines = (error.text or "").splitlines()
    assert lines[0] == "Because of enforce-inconclusive."
    assert lines[1].startswith("measured: value 130 ms, bounds 125 to 135, threshold max 120")
    assert "rollback: qgate rollback charters/small.yaml --dry-run" in lines
    assert told["shadow-fail"].find("failure") is None
