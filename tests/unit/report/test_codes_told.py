"""Every format says the code of what was not passed; where it is explained, and of the decision."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from qgate.codes import CODES
from qgate.gates.decision import judge
from qgate.gates.reason_code import code_of, code_of_decision, reason_code
from qgate.gates.verdict import Outcome
from qgate.report.account import Account
from qgate.report.formats import FORMATS
from qgate.report.pull_request import Gated, Origin, body
from tests.unit.report.accounts import account, each_outcome
from tests.unit.report.html import pages

_OF_GATES_ALONE = frozenset({"code-quality", "annotations"})
"""Lists of findings, in which nothing is said of the whole."""


def _flat(of: Account, form: str) -> str:
    """Return a report without the tags and signs that part the words of a command."""
    text = FORMATS[form](of)
    for sign in ("<span>", "</span>", "`"):
        text = text.replace(sign, "")
    return text


@pytest.mark.parametrize("form", FORMATS)
def test_what_was_not_passed_has_its_code(tmp_path: Path, form: str) -> None:
    of = account(tmp_path, each_outcome())
    text = _flat(of, form)
    missed = [v for v in of.decision.verdicts if v.outcome is not Outcome.PASS]
    codes = {code_of(of.decision, verdict) for verdict in missed}
    assert codes == {"QG-V20", "QG-V32", "QG-V40"}
    for code in codes:
        told = f'"code": "{code}"' if form == "json" else f"qgate explain {code}"
        count = sum(code_of(of.decision, verdict) == code for verdict in missed)
        if form == "markdown":  # whose table tells each; gates in shadow have no more than a row
            assert text.count(f" {code} |") == count
            count -= 1
        assert text.count(told) >= count, code


@pytest.mark.parametrize("form", [form for form in FORMATS if form not in _OF_GATES_ALONE])
def test_the_decision_has_its_code(tmp_path: Path, form: str) -> None:
    of = account(tmp_path, each_outcome())
    assert code_of_decision(of.decision) == "QG-D10"
    assert "QG-D10" in _flat(of, form)


def test_sarif_has_the_codes_as_properties(tmp_path: Path) -> None:
    (run,) = json.loads(FORMATS["sarif"](account(tmp_path, each_outcome())))["runs"]
    assert run["properties"]["code"] == "QG-D10"
    told = {r["properties"]["gate"]: r["properties"]["code"] for r in run["results"]}
    assert told["enforce-fail"] == "QG-V20"
    assert told["shadow-error"] == "QG-V40"


@pytest.mark.parametrize("form", FORMATS)
def test_what_a_stop_holds_open_is_not_told_as_undecided(form: str) -> None:
    run = pages.measured(range(10), budget={"shots": 5000})
    of = pages.account(replace(run, record={**run.record, "stopped": pages.STOP}))
    opened = of.decision.of(Outcome.INCONCLUSIVE)
    by_their_numbers = {reason_code(verdict) for verdict in opened}
    assert by_their_numbers - {"QG-V32"}, "else nothing is tested here"
    assert {code_of(of.decision, verdict) for verdict in opened} == {"QG-V32"}
    text = _flat(of, form)
    assert "QG-V32" in text
    assert not {"QG-V30", "QG-V31"} & {code for code in CODES if code in text}


def test_a_run_that_came_to_its_end_keeps_the_code_of_its_numbers() -> None:
    decision = judge(pages.measured())
    for verdict in decision.verdicts:
        assert code_of(decision, verdict) == reason_code(verdict)


@pytest.mark.parametrize(("code", "told"), [(30, "qgate explain QG-X30"), (99, "with 99, which")])
def test_a_comment_explains_the_exit_of_what_could_not_be_run(code: int, told: str) -> None:
    text = body([Gated("pilot.yaml", "error", code, said="no memory")], Origin(), 10_000)
    assert told in text
