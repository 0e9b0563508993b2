"""What reports tell to type once every gate has passed, and what waits for a failure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qgate.gates.verdict import Outcome
from qgate.report.account import Account
from qgate.report.html.page import render_html
from qgate.report.terminal import render_terminal
from tests.unit.report.accounts import account, verdict


def _promoted(folder: Path, approvals: int) -> Account:
    of = account(folder, [verdict("g", Outcome.PASS)])
    charter = of.decision.charter
    asked = replace(charter, approvals=replace(charter.approvals, required=approvals))
    return replace(of, decision=replace(of.decision, charter=asked))


def _terminal(of: Account) -> str:
    """Return the report of a terminal as one line."""
    return " ".join(render_terminal(of.decision, of.rollback, 100).plain.split())


def test_a_promotion_that_wants_approvals_says_how_they_are_given(tmp_path: Path) -> None:
    of = _promoted(tmp_path, 2)
    approve = f"qgate approve {of.decision.evidence_path} --key KEY"
    promote = f"qgate promote --check {of.decision.evidence_path}"
    said = f"once it has 2 approvals: {approve}, then {promote}; the way back"
    assert said in _terminal(of)
    page = render_html(of)
    assert said in page
    assert "<dt>Approve</dt>" in page


def test_a_promotion_without_approvals_names_none(tmp_path: Path) -> None:
    of = _promoted(tmp_path, 0)
    assert "qgate approve" not in _terminal(of)
    assert "qgate approve" not in render_html(of)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome.FAIL, "do restore old"),
        (Outcome.INCONCLUSIVE, "do if it fails: restore old"),
        (Outcome.ERROR, "do if it fails: restore old"),
    ],
)
def test_nothing_is_restored_before_a_gate_failed(
    tmp_path: Path, outcome: Outcome, said: str
) -> None:
    of = account(tmp_path, [verdict("g", outcome)])
    assert said in _terminal(of)
    assert said.removeprefix("do ") in render_html(of)
