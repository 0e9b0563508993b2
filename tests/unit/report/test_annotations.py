"""Workflow commands, read as GitHub's runner reads them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from qgate.gates.verdict import Outcome
from qgate.report.account import Account
from qgate.report.annotations import render_annotations
from tests.unit.report.accounts import HOSTILE, account, each_outcome, verdict

_COMMAND = re.compile(r"::(?P<name>[a-z-]+)(?: (?P<properties>[^\r\n]*?))?::(?P<data>[^\r\n]*)")
_PROPERTY_CODES = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_DATA_CODES = (("%0D", "\r"), ("%0A", "\n"), ("%25", "%"))


def _decoded(text: str, codes: tuple[tuple[str, str], ...]) -> str:
    for code, sign in codes:
        text = text.replace(code, sign)
    return text


def _read(of: Account) -> list[tuple[str, dict[str, str], str]]:
    """Return each command's name, properties and message; there is nothing but commands."""
    text = render_annotations(of)
    assert not text or text.endswith("\n")
    found = []
    for line in text.splitlines():  # which also ends a line where the runner does not
        match = _COMMAND.fullmatch(line)
        assert match, line
        pairs = [pair.split("=", 1) for pair in match["properties"].split(",")]
        properties = {key: _decoded(value, _PROPERTY_CODES) for key, value in pairs}
        assert list(properties) == ["file", "line", "col", "title"]
        found.append((match["name"], properties, _decoded(match["data"], _DATA_CODES)))
    return found


def test_each_gate_that_was_not_passed_is_annotated_at_its_place(tmp_path: Path) -> None:
    of = account(tmp_path, each_outcome())
    of.__dict__["places"] = {"enforce-fail": (7, 5)}
    found = _read(of)
    assert [name for name, _, _ in found] == ["error"] * 3 + ["warning"] + ["notice"] * 2
    _, properties, message = found[0]
    assert properties == {
        "file": "charters/small.yaml",
        "line": "7",
        "col": "5",
        "title": "qgate: enforce-fail: FAIL",
    }
    assert message.splitlines()[0] == "Because of enforce-fail."
    assert "remediation: restore old" in message
    assert "blocks: not shown to hold" in found[1][1]["title"]
    assert "shadow: decides nothing" in found[3][1]["title"]


def test_nothing_is_written_where_every_gate_passed(tmp_path: Path) -> None:
    assert render_annotations(account(tmp_path, [verdict("fast", Outcome.PASS)])) == ""


def test_hostile_text_neither_ends_a_property_nor_begins_a_command(tmp_path: Path) -> None:
    verdicts = [
        verdict(HOSTILE, Outcome.FAIL, reason=HOSTILE, owner=HOSTILE, note=HOSTILE),
        verdict("::add-mask::a", Outcome.FAIL, reason="::stop-commands::x"),
    ]
    override = {"until": "now", "by": HOSTILE, "reason": HOSTILE, "evidence": "1" * 64}
    found = _read(account(tmp_path, verdicts, overrides=(override,)))
    assert [name for name, _, _ in found] == ["error", "error", "warning"]
    assert {properties["file"] for _, properties, _ in found} == {"charters/small.yaml"}
    assert "100%" in found[0][2]
    assert "%0A::warning::d" in found[0][2]  # as it was written: no line end
    assert found[1][1]["title"] == "qgate: ::add-mask::a: FAIL"


def test_the_tenth_of_a_type_tells_how_many_more_there_are(tmp_path: Path) -> None:
    verdicts = [
        verdict(f"{mode}-{number}", Outcome.FAIL, mode=mode)
        for mode, many in (("enforce", 10), ("shadow", 25))
        for number in range(many)
    ]
    found = _read(account(tmp_path, verdicts))
    assert Counter(name for name, _, _ in found) == {"error": 10, "warning": 10}
    assert found[9][1]["title"] == "qgate: enforce-9: FAIL"
    assert found[18][1]["title"].startswith("qgate: shadow-8: FAIL")
    _, properties, message = found[19]
    assert properties["title"] == "qgate: 16 more"
    assert "from shadow-9" in message
    assert "qgate judge " in message


def test_a_message_keeps_what_to_do_within_what_the_runner_keeps(tmp_path: Path) -> None:
    ((_, _, message),) = _read(
        account(tmp_path, [verdict("fast", Outcome.FAIL, reason="why " * 5000)])
    )
    assert len(message) <= 4096
    assert "remediation: restore old" in message
